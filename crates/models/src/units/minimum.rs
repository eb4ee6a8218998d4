//! The lowest minimum of the loss: Newton's method with a growing and shrinking shift of the curvature, from several starts, of which some put classes
//! into units, at their mean Gram matrix, and others are random. Units may be out of use, with b_k = −∞: fewer of them are candidates too.

use nalgebra::{DMatrix, DVector};
use rand_distr::{Distribution, StandardNormal};

use super::data::{CLASSES, Classes, Data};
use super::loss::{Evaluation, Loss, Setting};
use crate::{Purpose, stream};
use overlaps::average::LOWEST_RUNG;

/// Converged is a gradient of this part of the smallest curvature: the distance from the minimum.
const CONVERGED: f64 = 1e-8;
/// The error of the averages, as a distance likewise.
const AVERAGED: f64 = 1e-7;
/// Steps at most.
const MOST_STEPS: usize = 200;
/// Where starts compete, a gradient that is small enough.
const ROUGH: f64 = 1e-9;
/// Losses are not told apart to this part, by the rule with which starts compete.
const NEAR: f64 = 1e-6;
/// A unit of which no datum has more than this goes out of use.
const UNUSED: f64 = 1e-4;
/// The step of differences of the gradient.
const DIFFERENCE: f64 = 1e-6;
/// The gradient falls fast if a step leaves less than this of it.
const FAST: f64 = 0.2;
/// Random starts beside those of classes.
const RANDOM: u64 = 1;

type Matrix = DMatrix<f64>;

/// A minimum.
pub(super) struct Minimum {
    pub loss: Loss,
    pub at: Evaluation,
    x: DVector<f64>,
    /// The rule of the averages.
    pub rung: usize,
    /// Its certificate: norm of the gradient, what this changes by with half the nodes, smallest curvature.
    pub gradient_norm: f64,
    pub quadrature_error: f64,
    pub curvature: f64,
    pub steps: usize,
}

impl Minimum {
    /// Whether it is one, to the accuracy of the tables.
    pub fn converged(&self) -> bool {
        self.gradient_norm <= CONVERGED * self.curvature && self.quadrature_error <= AVERAGED * self.curvature
    }
}

/// The curvature at a point, by differences of the gradient.
fn curvature(loss: &Loss, x: &DVector<f64>, gradient: &DVector<f64>, rung: usize) -> Matrix {
    let mut all = Matrix::zeros(x.len(), x.len());
    for (j, mut column) in all.column_iter_mut().enumerate() {
        let mut moved = x.clone();
        moved[j] += DIFFERENCE;
        column.copy_from(&((loss.at(&moved, rung).gradient - gradient) / DIFFERENCE));
    }
    (&all + all.transpose()) * 0.5
}

/// The curvature after a step that changed the gradient (Broyden, Fletcher, Goldfarb, Shanno); none where it would not stay positive.
fn updated(bends: &Matrix, step: &DVector<f64>, change: &DVector<f64>) -> Option<Matrix> {
    let (along, pushed) = (change.dot(step), bends * step);
    let before = pushed.dot(step);
    (along > 0.0 && before > 0.0)
        .then(|| bends + change * change.transpose() / along - &pushed * pushed.transpose() / before)
}

/// Down from a point until the gradient is small; none where a unit goes out of use. While the gradient falls fast, the curvature follows from how it changed.
pub(super) fn down(loss: &Loss, mut x: DVector<f64>, rung: usize) -> Option<(DVector<f64>, usize)> {
    let mut at = loss.at(&x, rung);
    let (mut shift, mut known) = (1e-3, None);
    for step in 0..MOST_STEPS {
        if at.used[..loss.units].iter().any(|used| *used < UNUSED) || !at.loss.is_finite() {
            return None;
        }
        if at.gradient.norm() <= ROUGH {
            return Some((x, step));
        }
        let bends = known.take().unwrap_or_else(|| curvature(loss, &x, &at.gradient, rung));
        let eigen = bends.clone().symmetric_eigen();
        let along = eigen.eigenvectors.tr_mul(&at.gradient);
        let convex = eigen.eigenvalues.iter().all(|bend| *bend > 0.0);
        loop {
            let scaled = along.zip_map(&eigen.eigenvalues, |g, bend| -g / (bend.abs() + shift));
            let moved = &eigen.eigenvectors * scaled;
            let next = loss.at(&(&x + &moved), rung);
            let lower = next.loss < at.loss;
            // Where the loss no longer resolves the step, the gradient does.
            let level =
                next.loss <= at.loss + 1e-13 * at.loss.abs() && next.gradient.norm() < at.gradient.norm();
            // Nor where few nodes average: the gradient, by integrals in parts, is that of another loss then.
            let nearer = convex
                && next.loss <= at.loss + NEAR * at.loss.abs()
                && next.gradient.norm() < 0.5 * at.gradient.norm();
            if lower || level || nearer {
                shift *= 0.1;
                if next.gradient.norm() < FAST * at.gradient.norm() {
                    known = updated(&bends, &moved, &(&next.gradient - &at.gradient));
                }
                x += moved;
                at = next;
                break;
            }
            shift = 10.0 * shift.max(1e-6);
            if shift > 1e12 {
                // To rounding.
                return Some((x, step));
            }
        }
    }
    Some((x, MOST_STEPS))
}

/// From near a minimum into it, with averages of as many nodes as they need.
fn into(mut loss: Loss, mut x: DVector<f64>, mut steps: usize) -> Minimum {
    if loss.units == 1 {
        // Nothing is free.
        let (at, curvature) = (loss.at(&x, LOWEST_RUNG), f64::INFINITY);
        let rung = LOWEST_RUNG;
        return Minimum { loss, at, x, rung, gradient_norm: 0.0, quadrature_error: 0.0, curvature, steps };
    }
    // Products of rules: beyond this their nodes are too many.
    let most = if loss.units > 2 { LOWEST_RUNG + 5 } else { LOWEST_RUNG + 12 };
    let mut rung = LOWEST_RUNG;
    let bends = curvature(&loss, &x, &loss.at(&x, rung).gradient, rung);
    let smallest = bends.symmetric_eigenvalues().iter().copied().fold(f64::INFINITY, f64::min);
    let factors = bends.lu();
    loop {
        let mut at = loss.at(&x, rung + 1);
        for _ in 0..6 {
            if at.gradient.norm() <= 0.1 * CONVERGED * smallest {
                break;
            }
            let Some(step) = factors.solve(&at.gradient) else { break };
            let (moved, before) = (&x - step, at.gradient.norm());
            let next = loss.at(&moved, rung + 1);
            if next.gradient.norm() >= before || next.gradient.norm().is_nan() {
                break;
            }
            (x, at, steps) = (moved, next, steps + 1);
        }
        let quadrature_error = (&loss.at(&x, rung).gradient - &at.gradient).norm();
        let gradient_norm = at.gradient.norm();
        let found = Minimum {
            loss,
            at,
            x,
            rung: rung + 1,
            gradient_norm,
            quadrature_error,
            curvature: smallest,
            steps,
        };
        if found.converged() || rung + 1 >= most {
            return found;
        }
        (Minimum { loss, x, .. }, rung) = (found, rung + 1);
    }
}

/// Units of classes, each unit of one class at least, but for their order.
fn partitions(units: usize) -> Vec<[usize; CLASSES]> {
    let all = (0..units.pow(CLASSES as u32))
        .map(|code| std::array::from_fn(|c| code / units.pow(c as u32) % units));
    let in_order = |of: &[usize; CLASSES]| {
        (0..CLASSES).all(|c| of[c] <= of[..c].iter().map(|unit| unit + 1).max().unwrap_or(0))
            && (0..units).all(|unit| of.contains(&unit))
    };
    all.filter(in_order).collect()
}

/// The loss where all data of a class are as one, at the mean of their Gram matrix: a vector Σ x/√n for each class.
fn with_classes_as_one(setting: Setting, of: &Classes, units: usize) -> Option<Loss> {
    let Classes { sigma, counts, means } = of;
    let root: Vec<f64> = counts.iter().map(|n| (*n as f64).sqrt()).collect();
    let variance = |c: usize, k: usize| if c == k { sigma * sigma } else { 0.0 };
    let gram = |c: usize, k: usize| root[c] * means[(c, k)] * root[k] + variance(c, k);
    let trace = (0..CLASSES).map(|c| counts[c] as f64 * (means[(c, c)] + sigma * sigma)).sum();
    Loss::new(setting, units, &Matrix::from_fn(CLASSES, CLASSES, gram), root, trace)
}

/// Its minima: the losses, with weights for a datum of each class and biases.
pub(super) fn of_classes(setting: Setting, of: &Classes, units: usize) -> Vec<(f64, Matrix, DVector<f64>)> {
    let mut found: Vec<(f64, Matrix, DVector<f64>)> = Vec::new();
    let Some(loss) = with_classes_as_one(setting, of, units) else { return found };
    let counts = of.counts.map(|n| n as f64);
    let total: f64 = counts.iter().sum();
    for unit_of in partitions(units) {
        let size = |unit: usize| (0..CLASSES).filter(|c| unit_of[*c] == unit).map(|c| counts[c]).sum::<f64>();
        for (weight, bias) in [(0.15, 0.0), (0.3, 1.0)] {
            let a = Matrix::from_fn(CLASSES, units, |c, k| {
                let own = if unit_of[c] == k { 1.0 } else { 0.0 };
                weight * counts[c].sqrt() * (own - size(k) / total)
            });
            let b = DVector::from_fn(units, |k, _| bias * (size(k) / total).ln());
            let Some((x, _)) = down(&loss, loss.point(&a, &b), LOWEST_RUNG) else { continue };
            let at = loss.at(&x, LOWEST_RUNG);
            if found.iter().all(|(known, ..)| (known - at.loss).abs() > 1e-9 * at.loss.abs()) {
                let a = Matrix::from_fn(CLASSES, units, |c, k| at.a[(c, k)] / counts[c].sqrt());
                found.push((at.loss, a, at.b));
            }
        }
    }
    found
}

/// The lowest minimum where all data of a class are as one, at the mean of their Gram matrix; none if that is singular.
pub(super) fn lowest_of_classes(setting: Setting, of: &Classes, units: usize) -> Option<Minimum> {
    let mut best: Option<Minimum> = None;
    for used in 1..=units {
        let minima = of_classes(setting, of, used);
        let Some((_, a, b)) = minima.into_iter().min_by(|(a, ..), (b, ..)| a.total_cmp(b)) else { continue };
        let loss = with_classes_as_one(setting, of, used)?;
        let a = Matrix::from_fn(CLASSES, used, |c, k| a[(c, k)] * loss.root[c]);
        let start = loss.point(&a, &b);
        let found = into(loss, start, 0);
        if best.as_ref().is_none_or(|best| found.at.loss < best.at.loss) {
            best = Some(found);
        }
    }
    best
}

/// The lowest minimum for these data; none if their Gram matrix is singular.
pub(super) fn lowest(setting: Setting, data: &Data, units: usize, seed: u64) -> Option<Minimum> {
    let n = data.class.len();
    let mut best: Option<Minimum> = None;
    for used in 1..=units {
        let of = || Loss::new(setting, used, &data.gram, vec![1.0; n], data.gram.trace());
        let loss = of()?;
        let starts = of_classes(setting, &data.of, used)
            .into_iter()
            .map(|(_, a, b)| loss.point(&Matrix::from_fn(n, used, |i, k| a[(data.class[i], k)]), &b));
        let random = (0..if used > 1 { RANDOM } else { 0 }).map(|start| {
            let rng = stream(seed, setting.d as u64, Purpose::Start, 10 * used as u64 + start);
            let normals: Vec<f64> =
                Distribution::<f64>::sample_iter(StandardNormal, rng).take(loss.size()).collect();
            DVector::from_vec(normals) * 0.3
        });
        let ends = starts.chain(random).filter_map(|start| down(&loss, start, LOWEST_RUNG));
        let lowest = ends
            .map(|(x, steps)| (loss.at(&x, LOWEST_RUNG).loss, x, steps))
            .min_by(|(a, ..), (b, ..)| a.total_cmp(b));
        let Some((_, x, steps)) = lowest else { continue };
        let found = into(of()?, x, steps);
        if best.as_ref().is_none_or(|best| found.at.loss < best.at.loss) {
            best = Some(found);
        }
    }
    best
}
