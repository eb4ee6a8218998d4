//! Solutions that a row may have missed: from starts of its own, spread over the ranges of the unknowns or over many scales,
//! by damped Newton steps with averages that are good to 10⁻⁷; what they find is confirmed by the full rule.

use nalgebra::{DMatrix, DVector};

use super::evaluate::Grant;
use super::integrate::Rule;
use super::number::Number;
use super::point::{At, Equations};

/// A solution that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The unknowns.
    pub x: Vec<f64>,
    /// The branches of the file that a start of led to it, with the distance of the nearest start relative to the scale.
    pub from: Vec<(usize, f64)>,
    /// The energy, or what selects.
    pub energy: Option<Number>,
    /// Whether it is an extremum of the kind that the file means.
    pub meant: bool,
}

/// What a search did.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Solutions, each once.
    pub found: Vec<Found>,
    /// Starts that were followed.
    pub starts: usize,
    /// Points of the scan of a single unknown.
    pub scanned: usize,
}

/// The most starts of one row.
const STARTS: usize = 48;
/// The fewest.
const FEWEST: usize = 3;
/// Points of a scan of one unknown.
const SCAN: usize = 400;
/// What one row may cost, in operations at nodes.
const MOST_WORK: f64 = 1.5e8;
/// How well a Hessian from differences is known beside the errors of what is subtracted, relative to its largest entry.
const HESSIAN: f64 = 1e-8;
/// Newton steps of one start.
const STEPS: usize = 40;

/// Searches for all solutions that can be found, near `claimed` and elsewhere.
pub fn search(at: &At, claimed: &[f64]) -> Findings {
    let k = claimed.len();
    let mut findings = Findings::default();
    if k == 0 {
        return findings;
    }
    // What one evaluation costs decides how many there are.
    let cost = at.equations(claimed, Rule::ROUGH, Grant::default(), true).work.max(200) as f64;
    let evaluations = MOST_WORK / cost;
    let mut starts: Vec<(Vec<f64>, Option<usize>)> = Vec::new();
    for branch in 0..at.expressions.system.branches.len() {
        starts.extend(at.expressions.starts(at.control, branch).into_iter().map(|x| (x, Some(branch))));
    }
    if k == 1 {
        let count = (evaluations as usize).clamp(40, SCAN);
        let (points, crossings) = scan(at, claimed[0], count);
        findings.scanned = points;
        starts.extend(crossings.into_iter().map(|x| (vec![x], None)));
    } else {
        let count = ((evaluations / (15.0 * (1 + k) as f64)) as usize).clamp(FEWEST, STARTS);
        starts.extend((0..count).map(|i| (spread(at, claimed, i), None)));
    }
    let before = at.work.get();
    for (start, from) in starts {
        // Starts that lead nowhere can take long.
        if findings.starts >= FEWEST && (at.work.get() - before) as f64 > MOST_WORK {
            break;
        }
        findings.starts += 1;
        let Some(x) = solve(at, &start, Rule::ROUGH, STEPS) else { continue };
        // Most starts lead to what is known already.
        let known = findings.found.iter_mut().find(|f| same(at, &f.x, &x, 1e-4));
        if let Some(known) = known {
            known.from.extend(from.map(|branch| (branch, distance(at, &start, &x))));
            continue;
        }
        if let Some(mut found) = confirmed(at, &x) {
            found.from.extend(from.map(|branch| (branch, distance(at, &start, &found.x))));
            findings.found.push(found);
        }
    }
    findings
}

/// Whether two points are the same solution.
pub fn same(at: &At, a: &[f64], b: &[f64], within: f64) -> bool {
    a.iter()
        .zip(b)
        .zip(&at.scale)
        .all(|((a, b), scale)| a == b || (a - b).abs() <= within * a.abs().max(b.abs()).max(1e-3 * scale))
}

/// The largest difference relative to the scale.
pub fn distance(at: &At, a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).zip(&at.scale).map(|((a, b), s)| (a - b).abs() / s).fold(0.0, f64::max)
}

/// Newton's method with the full rule, and what makes a point a solution: it is inside, its equations vanish as well as they can be
/// evaluated, they are continuous there, and an energy has a minimum.
fn confirmed(at: &At, x: &[f64]) -> Option<Found> {
    let mut x = solve(at, x, Rule::FULL, 12)?;
    x = at.gauged(x);
    if !inside(at, &x) {
        return None;
    }
    let equations = at.equations(&x, Rule::FULL, Grant::default(), true);
    if equations.unfinished {
        return None;
    }
    let jacobian = equations.jacobian.as_ref()?;
    let shift = newton_step(&equations, jacobian)?;
    let settled =
        shift.iter().zip(&x).zip(&at.scale).all(|((d, x), s)| d.abs() <= 1e-9 * x.abs().max(1e-6 * s));
    // At a pole round-off of the unknown makes the terms uncertain by their own size.
    let evaluable = equations.residual.iter().zip(&equations.sizes).all(|(r, size)| {
        r.is_finite() && r.uncertainty().less(size.times(1e-6)) && r.abs().less(size.times(1e-6))
    });
    if !settled || !evaluable {
        return None;
    }
    let scaled = DMatrix::from_fn(x.len(), x.len(), |i, j| jacobian[(i, j)] * at.scale[j]);
    if at.expressions.minimises() {
        let both = DMatrix::from_fn(x.len(), x.len(), |i, j| scaled[(i, j)] * at.scale[i]);
        let values = both.symmetric_eigenvalues();
        if !(values.min() > 1e-9 * values.amax()) {
            return None;
        }
    } else if !(scaled.clone().singular_values().min() > 1e-9 * scaled.amax()) {
        return None;
    }
    let meant = is_meant(at, &equations);
    let energy = equations.energy.map(|e| e.value);
    if energy.is_some_and(|e| !e.is_finite()) {
        return None;
    }
    Some(Found { x, from: Vec::new(), energy, meant })
}

/// Whether a stationary point is of the kind that the file means, by a Hessian from differences: what its errors leave open is not
/// decided against.
pub fn is_meant(at: &At, equations: &Equations) -> bool {
    let (Some(hessian), Some(errors)) = (&equations.jacobian, &equations.jacobian_errors) else {
        return true;
    };
    if !hessian.iter().chain(errors.iter()).all(|x| x.is_finite()) {
        return true;
    }
    at.expressions.system.extremum.is_met_within(hessian, &at.scale, HESSIAN, errors)
}

/// Whether a point lies in the ranges and meets the condition of the file.
pub fn inside(at: &At, x: &[f64]) -> bool {
    let in_range =
        |(x, range): (&f64, &Option<(f64, f64)>)| range.is_none_or(|(from, to)| from <= *x && *x <= to);
    x.iter().zip(&at.ranges).all(in_range) && at.admissible(x)
}

/// J⁻¹ r with a minus sign.
pub fn newton_step(equations: &Equations, jacobian: &DMatrix<f64>) -> Option<DVector<f64>> {
    let r = DVector::from_iterator(equations.residual.len(), equations.residual.iter().map(|r| -r.value()));
    let step = jacobian.clone().lu().solve(&r)?;
    step.iter().all(|v| v.is_finite()).then_some(step)
}

/// How large a residual is, in units of the terms at the start.
fn merit(equations: &Equations, units: &[f64]) -> f64 {
    let squares = equations.residual.iter().zip(units).map(|(r, unit)| (r.value() / unit).powi(2));
    let sum: f64 = squares.sum();
    if sum.is_nan() { f64::INFINITY } else { sum }
}

/// Damped Newton steps that stay in the ranges, from a point to a solution; none where they do not arrive.
fn solve(at: &At, start: &[f64], rule: Rule, steps: usize) -> Option<Vec<f64>> {
    let minimises = at.expressions.minimises();
    let mut x = start.to_vec();
    let mut here = at.equations(&x, rule, Grant::default(), false);
    let units: Vec<f64> = here
        .sizes
        .iter()
        .map(|s| s.value())
        .map(|s| if s > 0.0 && s.is_finite() { s } else { 1.0 })
        .collect();
    let small = if rule == Rule::FULL { 1e-13 } else { 1e-6 };
    for _ in 0..steps {
        if here.residual.iter().any(|r| !r.is_finite()) {
            return None;
        }
        let with_jacobian = at.equations(&x, rule, Grant::default(), true);
        let jacobian = with_jacobian.jacobian.as_ref()?;
        if !jacobian.iter().all(|v| v.is_finite()) {
            return None;
        }
        let full = if minimises { descent(&here, jacobian, &at.scale) } else { newton_step(&here, jacobian) };
        let mut step = match full {
            Some(step) => step,
            None => levenberg(&here, jacobian, &units),
        };
        // No more than a few times the size of the unknowns at once.
        let stretch = (step.iter().zip(&x).zip(&at.scale))
            .map(|((d, x), s)| d.abs() / (2.0 * x.abs().max(0.5 * s)))
            .fold(1.0, f64::max);
        step /= stretch;
        let before = merit(&here, &units);
        let energy = here.energy.as_ref().map(|e| e.value);
        let mut accepted = None;
        let mut fraction = 1.0f64;
        while fraction > 1e-3 {
            let to = stepped(at, &x, &step, fraction);
            let there = at.equations(&to, rule, Grant::default(), false);
            let better = if minimises {
                match (there.energy.as_ref().map(|e| e.value), energy) {
                    (Some(a), Some(b)) => {
                        a.is_finite()
                            && (a.less(b) || (merit(&there, &units) < before && !b.less(a - b.uncertainty())))
                    }
                    _ => false,
                }
            } else {
                merit(&there, &units) < before
            };
            if better {
                accepted = Some((to, there));
                break;
            }
            fraction *= 0.4;
        }
        let settled = |d: &DVector<f64>, x: &[f64]| {
            d.iter().zip(x).zip(&at.scale).all(|((d, x), s)| d.abs() <= small * x.abs().max(1e-6 * s))
        };
        let arrived = settled(&step, &x);
        match accepted {
            Some((to, there)) => (x, here) = (to, there),
            // A residual that no step reduces is round-off, if the step is small.
            None => return (arrived || settled(&(step * 1e-3), &x)).then_some(x),
        }
        if arrived {
            return Some(x);
        }
    }
    None
}

/// A point after a part of a step; half of the way to the end of a range that would be passed.
fn stepped(at: &At, x: &[f64], step: &DVector<f64>, fraction: f64) -> Vec<f64> {
    let coordinates = x.iter().zip(step.iter()).zip(&at.ranges);
    let moved = coordinates.map(|((x, d), range)| {
        let to = x + fraction * d;
        match range {
            Some((from, _)) if to < *from => 0.5 * (x + from),
            Some((_, end)) if to > *end => 0.5 * (x + end),
            _ => to,
        }
    });
    moved.collect()
}

/// Newton's step for a minimum: along each eigenvector of the scaled Hessian downhill, by its curvature whatever the sign.
fn descent(equations: &Equations, hessian: &DMatrix<f64>, scale: &[f64]) -> Option<DVector<f64>> {
    let k = scale.len();
    let scaled = DMatrix::from_fn(k, k, |i, j| hessian[(i, j)] * scale[i] * scale[j]);
    let gradient = DVector::from_fn(k, |i, _| equations.residual[i].value() * scale[i]);
    let eigen = scaled.symmetric_eigen();
    let floor = 1e-9 * eigen.eigenvalues.amax();
    if !(floor > 0.0) {
        return None;
    }
    let mut step = DVector::zeros(k);
    for (value, vector) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
        step -= vector * (vector.dot(&gradient) / value.abs().max(floor));
    }
    Some(DVector::from_fn(k, |i, _| step[i] * scale[i]))
}

/// A step of Levenberg and Marquardt where the Jacobian is singular.
fn levenberg(equations: &Equations, jacobian: &DMatrix<f64>, units: &[f64]) -> DVector<f64> {
    let k = units.len();
    let j = DMatrix::from_fn(k, k, |i, c| jacobian[(i, c)] / units[i]);
    let r = DVector::from_fn(k, |i, _| equations.residual[i].value() / units[i]);
    let normal = j.transpose() * &j;
    let shift = 1e-6 * normal.amax().max(1e-300);
    let right = -(j.transpose() * r);
    (normal + DMatrix::identity(k, k) * shift).lu().solve(&right).unwrap_or_else(|| DVector::zeros(k))
}

/// Points at which the residual of one unknown changes sign, by regula falsi; and how many points were looked at.
fn scan(at: &At, claimed: f64, count: usize) -> (usize, Vec<f64>) {
    let residual = |x: f64| at.equations(&[x], Rule::ROUGH, Grant::default(), false).residual[0].value();
    let points = scan_points(at, claimed, count);
    let values: Vec<f64> = points.iter().map(|x| residual(*x)).collect();
    let mut roots = Vec::new();
    for i in 1..points.len() {
        let ((mut a, mut fa), (mut b, mut fb)) = ((points[i - 1], values[i - 1]), (points[i], values[i]));
        if fa == 0.0 {
            roots.push(a);
        }
        // From − to + is a minimum of an energy.
        if !(fa * fb < 0.0) || (at.expressions.minimises() && fa > 0.0) {
            continue;
        }
        let largest = fa.abs().max(fb.abs());
        for round in 0..40 {
            let mut x = (a * fb - b * fa) / (fb - fa);
            if round % 2 == 1 || !(a < x && x < b) {
                x = 0.5 * (a + b);
            }
            let f = residual(x);
            if f == 0.0 || f.is_nan() || b - a <= 1e-6 * x.abs() {
                break;
            }
            if (f > 0.0) == (fb > 0.0) { (b, fb) = (x, f) } else { (a, fa) = (x, f) }
        }
        // Towards a pole the residual grows.
        if fa.abs().min(fb.abs()) <= largest {
            roots.push(if fa.abs() < fb.abs() { a } else { b });
        }
    }
    (points.len(), roots)
}

/// Evenly over the range and on a logarithmic scale towards both of its ends; without a range over all scales.
fn scan_points(at: &At, claimed: f64, count: usize) -> Vec<f64> {
    let half = count / 2;
    let mut points: Vec<f64> = match at.ranges[0] {
        Some((from, to)) if from.is_finite() && to.is_finite() => {
            let width = to - from;
            let even = (0..=half).map(|i| from + width * i as f64 / half as f64);
            let near = |i: usize| width * 0.25 * 10f64.powf(-12.0 * i as f64 / (half / 2) as f64);
            let ends = (0..half / 2).flat_map(|i| [from + near(i), to - near(i)]);
            even.chain(ends).collect()
        }
        range => {
            let (from, to) = range.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
            let scale = at.scale[0].max(claimed.abs());
            let even = (0..=half).map(|i| scale * (-4.0 + 8.0 * i as f64 / half as f64));
            let size = |i: usize| at.scale[0] * 10f64.powf(-6.0 + 12.0 * i as f64 / (half / 2) as f64);
            let far = (0..half / 2).flat_map(|i| [size(i), -size(i)]);
            even.chain(far)
                .chain((0..8).flat_map(|i| [from + 10f64.powi(-i), to - 10f64.powi(-i)]))
                .filter(|x| x.is_finite() && from <= *x && *x <= to)
                .collect()
        }
    };
    points.sort_by(f64::total_cmp);
    points.dedup();
    points
}

/// Start `i` for several unknowns: a point of Halton's sequence in the ranges; without a range around 0 at several scales, or around
/// what is claimed.
fn spread(at: &At, claimed: &[f64], i: usize) -> Vec<f64> {
    const PRIMES: [u32; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    let halton = |base: u32| {
        let (mut f, mut n, mut u) = (1.0, i as u32 + 1, 0.0);
        while n > 0 {
            f /= f64::from(base);
            u += f * f64::from(n % base);
            n /= base;
        }
        u
    };
    (0..claimed.len())
        .map(|j| {
            let u = halton(PRIMES[j % PRIMES.len()]);
            match at.ranges[j] {
                // Every third start is close to an end, at a distance of its own scale.
                Some((from, to)) if (to - from).is_finite() => match (i + j) % 6 {
                    2 => from + (to - from) * 10f64.powf(-6.0 * u),
                    5 => to - (to - from) * 10f64.powf(-6.0 * u),
                    _ => from + (to - from) * u,
                },
                _ => {
                    let size = match i % 4 {
                        0 => 3.0 * at.scale[j],
                        1 => 10.0 * at.scale[j],
                        2 => 0.1 * at.scale[j],
                        _ => 3.0 * claimed[j].abs().clamp(0.01 * at.scale[j], 1e6 * at.scale[j]),
                    };
                    size * (2.0 * u - 1.0)
                }
            }
        })
        .collect()
}
