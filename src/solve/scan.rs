//! One unknown: its whole range is looked through, at every scale, for sign changes and for places where the residual
//! touches zero; each sign change is a root, a pole or a jump.

use nalgebra::DVector;

use super::brent::brent;
use super::finder::Finder;
use super::refusal::Refusal;
use crate::system::Kind;

/// Intervals of equal length, and the scales towards each end (or towards zero and infinity, without a range).
const EQUAL: usize = 48;
const DECADES: i32 = 9;
const PER_DECADE: i32 = 2;
/// Towards zero, the magnitudes below those: 10 to minus these.
const TINY: [i32; 10] = [12, 17, 24, 34, 48, 68, 96, 136, 200, 300];
/// An interval is halved where the residual in its middle is not what its ends and slopes foretell, so many times.
const HALVINGS: u32 = 7;
const FORETOLD: f64 = 0.05;
/// Evaluations in all.
const MOST: usize = 600;

/// What a scan finds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Places of roots.
    pub roots: Vec<f64>,
    /// Sign changes that are none.
    pub refusals: Vec<Refusal>,
}

/// The residual and its slope at a place.
#[derive(Debug, Clone, Copy)]
struct Place {
    x: f64,
    f: f64,
    slope: f64,
}

impl Finder<'_> {
    /// All roots of a single unknown in its range, or around zero on all scales where it has none.
    pub(super) fn scan(&mut self, control: f64, rung: usize, marks: &[f64]) -> Scan {
        let system = self.equations.system;
        if system.unknowns.len() != 1 || system.kind == Kind::ClosedForm {
            return Scan::default();
        }
        let (low, high) = self.region(control).ends(0);
        let scale = self.scale[0];
        let mut grid = places(low, high, scale);
        grid.extend(marks.iter().filter(|x| low <= **x && **x <= high));
        grid.sort_by(f64::total_cmp);
        grid.dedup();
        let mut at = |x: f64| {
            let e = self.equations.evaluate(control, &DVector::from_element(1, x), rung);
            Place { x, f: e.residual[0], slope: e.jacobian[(0, 0)] }
        };
        let first: Vec<Place> = grid.into_iter().map(&mut at).collect();
        let mut places: Vec<Place> = Vec::with_capacity(2 * first.len());
        let mut left = MOST.saturating_sub(first.len());
        for pair in first.windows(2) {
            places.push(pair[0]);
            refine(&mut at, pair[0], pair[1], HALVINGS, &mut left, &mut places);
        }
        places.extend(first.last());
        let mut scan = Scan::default();
        scan.roots.extend(places.iter().filter(|p| p.f == 0.0).map(|p| p.x));
        for pair in places.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if a.f * b.f < 0.0
                || (a.f.signum() != b.f.signum() && a.f != 0.0 && b.f != 0.0 && both_numbers(a, b))
            {
                sign_change(&mut at, a, b, &mut scan);
            } else if both_numbers(a, b)
                && a.slope.signum() != b.slope.signum()
                && a.slope * a.f.signum() < 0.0
            {
                // |f| falls into the interval from both sides: two roots if the extremum crosses zero, one if it touches.
                if let Some(extremum) = extremum(&mut at, a, b) {
                    let middle = at(extremum);
                    if middle.f.signum() != a.f.signum() && middle.f != 0.0 {
                        sign_change(&mut at, a, middle, &mut scan);
                        sign_change(&mut at, middle, b, &mut scan);
                    } else if middle.f.abs() < 1e-6 * a.f.abs().min(b.f.abs()) || middle.f == 0.0 {
                        scan.roots.push(extremum);
                    }
                }
            }
        }
        let lowest = places.iter().filter(|p| p.f.is_finite()).min_by(|a, b| a.f.abs().total_cmp(&b.f.abs()));
        if let (true, Some(lowest)) = (scan.roots.is_empty() && scan.refusals.is_empty(), lowest) {
            let x = DVector::from_element(1, lowest.x);
            scan.refusals.push(self.not_zero(control, &x, rung));
        }
        scan
    }
}

fn both_numbers(a: Place, b: Place) -> bool {
    a.f.is_finite() && b.f.is_finite()
}

/// Where the residual is looked at first.
fn places(low: f64, high: f64, scale: f64) -> Vec<f64> {
    let mut grid = Vec::new();
    let steps = DECADES * PER_DECADE;
    let decade = |k: i32| 10f64.powf(-f64::from(k) / f64::from(PER_DECADE));
    let tiny = || TINY.iter().map(|k| 10f64.powi(-k));
    let equal = |grid: &mut Vec<f64>, from: f64, to: f64| {
        grid.extend((0..=EQUAL).map(|i| (from * (EQUAL - i) as f64 + to * i as f64) / EQUAL as f64));
    };
    match (low.is_finite(), high.is_finite()) {
        (true, true) => {
            equal(&mut grid, low, high);
            let width = high - low;
            for k in 4..=steps {
                grid.extend([low + width * decade(k), high - width * decade(k)]);
            }
            // A range over zero, or from a tiny number on, has scales of its own.
            for k in 1..=steps {
                let x = decade(k) * high.abs().max(low.abs());
                grid.extend([x, -x].into_iter().filter(|x| low < *x && *x < high));
            }
            if low <= 0.0 && high >= 0.0 {
                grid.extend(tiny().flat_map(|x| [x, -x]).filter(|x| low < *x && *x < high));
            }
        }
        (true, false) | (false, true) => {
            let (end, side) = if low.is_finite() { (low, 1.0) } else { (high, -1.0) };
            grid.push(end);
            let far = |grid: &mut Vec<f64>, k: i32| grid.push(end + side * scale * decade(k));
            (-steps..=steps).for_each(|k| far(&mut grid, k));
            equal(&mut grid, end, end + side * 8.0 * scale);
            if end == 0.0 {
                grid.extend(tiny().map(|x| side * x * scale.min(1.0)));
            }
        }
        (false, false) => {
            equal(&mut grid, -8.0 * scale, 8.0 * scale);
            grid.push(0.0);
            for k in -steps..=steps {
                grid.extend([scale * decade(k), -scale * decade(k)]);
            }
        }
    }
    grid
}

/// The middle of an interval: of its logarithm, where both ends have one and differ by much.
fn between(a: f64, b: f64) -> f64 {
    let (small, large) = (a.abs().min(b.abs()), a.abs().max(b.abs()));
    if a.signum() == b.signum() && small > 0.0 && large > 16.0 * small {
        (a.abs().sqrt() * b.abs().sqrt()).copysign(a)
    } else {
        0.5 * (a + b)
    }
}

/// Where the slope changes its sign between two places.
fn extremum(at: &mut impl FnMut(f64) -> Place, mut a: Place, mut b: Place) -> Option<f64> {
    // Over many scales first by halves of the logarithm.
    while a.x.abs().max(b.x.abs()) > 16.0 * a.x.abs().min(b.x.abs())
        && a.x.signum() == b.x.signum()
        && a.x * b.x != 0.0
    {
        let middle = at(between(a.x, b.x));
        if middle.slope.is_nan() {
            return None;
        }
        if middle.slope.signum() == a.slope.signum() { a = middle } else { b = middle }
    }
    brent(|x| at(x).slope, a.x, b.x, 1e-15 * a.x.abs().max(b.x.abs()))
}

/// Adds places between two others where the residual is not what its values and slopes there foretell.
fn refine(
    at: &mut impl FnMut(f64) -> Place,
    a: Place,
    b: Place,
    halvings: u32,
    left: &mut usize,
    places: &mut Vec<Place>,
) {
    let width = b.x - a.x;
    if halvings == 0 || *left == 0 || a.f == 0.0 && b.f == 0.0 {
        return;
    }
    let middle = between(a.x, b.x);
    if !(a.x < middle && middle < b.x) {
        return;
    }
    let known = both_numbers(a, b) && a.slope.is_finite() && b.slope.is_finite();
    let size = a.f.abs().max(b.f.abs());
    // What both slopes say of the middle: nearly straight pieces need no look at it.
    let straight = known
        && (width * (a.slope - b.slope)).abs() < 8.0 * FORETOLD * size
        && (b.f - a.f - 0.5 * width * (a.slope + b.slope)).abs() < FORETOLD * size;
    if straight {
        return;
    }
    *left -= 1;
    let m = at(middle);
    // Of the cubic through both ends.
    let part = (middle - a.x) / width;
    let (u, v) = (part, 1.0 - part);
    let foretold = v * v * (1.0 + 2.0 * u) * a.f
        + u * u * (1.0 + 2.0 * v) * b.f
        + u * v * width * (v * a.slope - u * b.slope);
    let surprising = !known || !m.f.is_finite() || (m.f - foretold).abs() > FORETOLD * size;
    // Places that are not numbers at all are not looked into.
    if !a.f.is_finite() && !b.f.is_finite() && !m.f.is_finite() {
        return;
    }
    if surprising {
        refine(at, a, m, halvings - 1, left, places);
    }
    places.push(m);
    if surprising {
        refine(at, m, b, halvings - 1, left, places);
    }
}

/// Closes a sign change and says what it is.
fn sign_change(at: &mut impl FnMut(f64) -> Place, a: Place, b: Place, scan: &mut Scan) {
    let (mut low, mut high) = (a, b);
    // Bisection keeps both sides, which tell a root from a pole and from a jump.
    for _ in 0..200 {
        let middle = between(low.x, high.x);
        if !(low.x < middle && middle < high.x) || high.x - low.x < 1e-9 * low.x.abs().min(high.x.abs()) {
            break;
        }
        let m = at(middle);
        if m.f == 0.0 {
            scan.roots.push(middle);
            return;
        }
        if m.f.is_nan() {
            break;
        }
        if m.f.signum() == low.f.signum() { low = m } else { high = m }
    }
    let (before, after) = (a.f.abs().min(b.f.abs()), low.f.abs().min(high.f.abs()));
    let here = vec![0.5 * (low.x + high.x)];
    let falls = (high.f - low.f).abs();
    let slopes = (low.slope * (high.x - low.x)).abs().max((high.slope * (high.x - low.x)).abs());
    if !low.f.is_finite()
        || !high.f.is_finite()
        || (after > before && low.f.abs().min(high.f.abs()) > 1e3 * before)
    {
        scan.refusals.push(Refusal::Pole { equation: 0, at: here });
    } else if falls > 10.0 * slopes && falls > 1e-6 * a.f.abs().max(b.f.abs()) {
        scan.refusals.push(Refusal::Jump { equation: 0, at: here, sides: [low.f, high.f] });
    } else {
        scan.roots.extend(brent(|x| at(x).f, low.x, high.x, 0.0).or(Some(here[0])));
    }
}
