//! The global minimum of the loss of one data set at one time: several starts, the constant solution among the
//! candidates.

use nalgebra::DVector;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::data::Gram;
use super::learnt::{Learnt, Weights};
use super::measure::{overlaps, rung_for};
use super::measured::{Branch, Measured};
use super::minimise::{Goal, Minimum, minimise};
use super::reduced::{Evaluation, FixedNoise, Integrated, ReducedLoss, product};
use crate::mixture::{Coefficients, Noise, Setting};
use crate::{Purpose, stream};
use overlaps::average::rungs;

/// What a minimisation aims at; it ends earlier where round-off stops it.
const GOAL: Goal = Goal { gradient: 1e-10, step: 1e-9, iterations: 2000 };
/// The same while starts compete; the best is refined.
const ROUGH: Goal = Goal { gradient: 1e-7, step: 1e-4, iterations: 500 };
/// Gradient norm below which a solution counts as converged.
const CONVERGED: f64 = 1e-8;
/// Activations this near to ±1, all of one sign, are those of the constant solution.
const SATURATED: f64 = 1.0 - 1e-7;

/// How hard the global minimum is searched for, and what is accepted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// Starts beside those from the problem with one coefficient per class; none: more of them for fewer samples, whose
    /// minima are more various and cost less (see [`Search::more_starts`]).
    pub more_starts: Option<usize>,
    /// Absolute tolerance on every Gaussian average.
    pub tolerance: f64,
}

impl Default for Search {
    fn default() -> Self {
        Search { more_starts: None, tolerance: 1e-12 }
    }
}

impl Search {
    /// How many starts there are beside those of the classes for n samples: 160/n, from 2 to 20, unless it is said.
    pub fn more_starts(&self, n: usize) -> usize {
        self.more_starts.unwrap_or((160 / n).clamp(2, 20))
    }
}

/// Finds the global minimum of the loss of a data set at time t and measures it.
pub fn solve(setting: &Setting, gram: &Gram, seed: u64, t: f64, search: Search) -> Learnt {
    let at = setting.path().at(t);
    match setting.noise {
        Noise::Fresh => fresh(setting, gram, seed, t, at, search),
        Noise::Fixed(_) => fixed(setting, gram, seed, t, at, search),
    }
}

fn fresh(setting: &Setting, gram: &Gram, seed: u64, t: f64, at: Coefficients, search: Search) -> Learnt {
    let n = gram.n();
    let (classes, names) = Integrated::of_classes(setting, gram, at, 0);
    let starts = class_starts(gram, at, classes, &names);
    let mut loss = Integrated::new(setting, gram, at, 0);
    let from = |start: &(Vec<f64>, f64)| {
        (DVector::from_iterator(n, gram.labels.iter().map(|s| start.0[place(&names, *s)])), start.1)
    };
    let starts: Vec<(DVector<f64>, f64)> = starts.iter().map(from).collect();
    let starts = with_more(starts, gram, seed, t, at.scale, search.more_starts(n));
    let (best, mut iterations) = lowest(&starts, |a, b| {
        loss.rung = rough_rung_for(loss.width(a.dot(&product(loss.gram(), a)).max(0.0)));
        let found = minimise(&loss, (a, b), ROUGH);
        // w may have grown on the way, and its rule with it.
        let needed = rough_rung_for(loss.width(found.at.r));
        if needed <= loss.rung {
            return found;
        }
        loss.rung = needed;
        let mut again = found.further(&loss, ROUGH);
        again.iterations += found.iterations;
        again
    });
    let constant = loss.constant(1.0);
    let mut informative = best.filter(|found| !is_constant(&found.at, constant.energy));
    let mut error = 0.0;
    if let Some(found) = &mut informative {
        loss.rung = rung_for(loss.width(found.at.r));
        loop {
            *found = found.further(&loss, GOAL);
            iterations += found.iterations;
            error = loss.quadrature_error(&found.a, found.b);
            if error <= search.tolerance || loss.rung + 1 >= rungs() {
                break;
            }
            loss.rung += 1;
        }
    }
    let mut learnt = measure(setting, gram, at, informative, constant, iterations);
    let measured = &mut learnt.measured;
    measured.quadrature_error = Some(if measured.branch == Some(Branch::Informative) { error } else { 0.0 });
    measured.converged &= error <= search.tolerance;
    learnt
}

fn fixed(setting: &Setting, gram: &Gram, seed: u64, t: f64, at: Coefficients, search: Search) -> Learnt {
    let n = gram.n();
    let count = gram.matrix.nrows();
    let loss = FixedNoise::new(setting, gram, at);
    // The noise-integrated problem leads to the data part of w; the fixed noise then moves it.
    let (classes, names) = Integrated::of_classes(setting, gram, at, 0);
    let starts = class_starts(gram, at, classes, &names).into_iter().map(|(class, b)| {
        let a =
            DVector::from_fn(count, |k, _| if k < n { class[place(&names, gram.labels[k])] } else { 0.0 });
        (a, b)
    });
    let starts = with_more(starts.collect(), gram, seed, t, loss.scale(), search.more_starts(n));
    let (best, mut iterations) = lowest(&starts, |a, b| minimise(&loss, (a, b), ROUGH));
    let constant = loss.constant(1.0);
    let mut informative = best.filter(|found| !is_constant(&found.at, constant.energy));
    if let Some(found) = &mut informative {
        *found = found.further(&loss, GOAL);
        iterations += found.iterations;
    }
    measure(setting, gram, at, informative, constant, iterations)
}

/// The rung for averages while starts compete: an error of 1e-8, with half of the nodes.
fn rough_rung_for(rho: f64) -> usize {
    rung_for(0.5 * rho)
}

/// The lowest of the minima that the starts lead to, and the iterations of all.
fn lowest(
    starts: &[(DVector<f64>, f64)],
    mut descend: impl FnMut(&DVector<f64>, f64) -> Minimum,
) -> (Option<Minimum>, u64) {
    let mut best: Option<Minimum> = None;
    let mut iterations = 0;
    for (a, b) in starts {
        let found = descend(a, *b);
        iterations += found.iterations;
        if best.as_ref().is_none_or(|best| found.at.energy < best.at.energy) {
            best = Some(found);
        }
    }
    (best, iterations)
}

/// The row of a class among those that have samples.
fn place(classes: &[f64], class: f64) -> usize {
    classes.iter().position(|c| *c == class).unwrap_or(0)
}

/// Local minima of the problem with one coefficient per class, lowest first: three unknowns, so that many starts cost
/// little.
fn class_starts(
    gram: &Gram,
    at: Coefficients,
    mut loss: Integrated,
    classes: &[f64],
) -> Vec<(Vec<f64>, f64)> {
    let samples = |class: f64| gram.labels.iter().filter(|s| **s == class).count() as f64;
    let p = gram.p_bar().clamp(0.02, 0.98);
    let scale = at.scale.max(1e-6);
    let bias = (2.0 * p - 1.0).atanh();
    let mut found: Vec<Minimum> = Vec::new();
    for (omega, b) in [
        (scale.min(3.0 / scale), bias),
        ((0.5 * scale.min(1.0) + 0.2).min(2.0 / scale), 2.0 * p - 1.0),
        (0.3f64.min(6.0 / scale), 2.0 * bias),
        (1.0 / scale.max(1.0), 0.0),
        (4.0 / scale.max(1.0), 0.5 * bias),
    ] {
        let a =
            DVector::from_iterator(classes.len(), classes.iter().map(|s| s * omega / (2.0 * samples(*s))));
        loss.rung = rung_for(loss.width(a.dot(&product(loss.gram(), &a)).max(0.0)).max(1.0));
        let minimum = minimise(&loss, (&a, b), ROUGH);
        let known = found.iter().any(|f| {
            (f.at.energy - minimum.at.energy).abs() < 1e-6 * minimum.at.energy.abs().max(1e-3)
                && (f.b.abs() - minimum.b.abs()).abs() < 1e-2 * (1.0 + f.b.abs())
        });
        if !known {
            found.push(minimum);
        }
    }
    found.sort_by(|x, y| x.at.energy.total_cmp(&y.at.energy));
    // One that runs off to the constant solution is covered by that.
    let runaway = |f: &Minimum| f.at.phi.iter().all(|p| p.abs() > 0.99 && p * f.at.phi[0] > 0.0);
    let kept: Vec<_> = found.iter().filter(|f| !runaway(f)).take(3).collect();
    kept.into_iter().map(|f| (f.a.iter().copied().collect(), f.b)).collect()
}

/// Adds starts that are not symmetric between the samples of a class: random directions of w, of three lengths in turn,
/// and one sample against all others.
fn with_more(
    mut starts: Vec<(DVector<f64>, f64)>,
    gram: &Gram,
    seed: u64,
    t: f64,
    scale: f64,
    count: usize,
) -> Vec<(DVector<f64>, f64)> {
    // The stream is told apart by the time, so that every row of a table has its own starts.
    let mut rng = stream(seed, t.to_bits(), Purpose::Start, 0);
    let (size, n) = (gram.matrix.nrows(), gram.n());
    for start in 0..count {
        let alone = (start / 4) % n;
        let direction = DVector::from_fn(size, |k, _| -> f64 {
            let normal: f64 = StandardNormal.sample(&mut rng);
            match start % 4 {
                3 if k == alone => 1.0,
                3 if k < n => -1.0 / n as f64,
                3 => 0.0,
                _ => normal,
            }
        });
        let norm = direction.dot(&product(&gram.matrix, &direction)).max(f64::MIN_POSITIVE).sqrt();
        let length = [3.0, 1.0, 10.0, 3.0][start % 4];
        let b = 4.0 * rng.random::<f64>() - 2.0;
        starts.push((direction * (length / (norm * scale.max(1.0))), b));
    }
    starts
}

/// Whether a point is on its way to the constant solution.
fn is_constant(at: &Evaluation, constant: f64) -> bool {
    let one_sign = at.phi.iter().all(|phi| phi.abs() > SATURATED && phi * at.phi[0] > 0.0);
    one_sign && at.energy >= constant - 1e-6 * constant.abs()
}

fn measure(
    setting: &Setting,
    gram: &Gram,
    at: Coefficients,
    informative: Option<Minimum>,
    constant: Evaluation,
    iterations: u64,
) -> Learnt {
    let trace = gram.trace();
    // At τ = 1 the network has nothing to learn and every (w, b) has the same loss, up to round-off.
    let lower = |found: &Minimum| found.at.energy < constant.energy - 1e-13 * constant.energy.abs();
    let informative = informative.filter(lower);
    let branch = if informative.is_some() { Branch::Informative } else { Branch::Constant };
    let (a, b, evaluation, gradient_norm) = match informative {
        Some(found) => (found.a, found.b, found.at, found.gradient_norm),
        None => (DVector::zeros(constant.e.len()), f64::INFINITY, constant, 0.0),
    };
    let measured = Measured {
        overlaps: overlaps(setting, gram, at, a.as_slice(), b, &evaluation),
        branch: Some(branch),
        loss: 0.5 * (trace + evaluation.energy),
        energy: evaluation.energy,
        gradient_norm,
        quadrature_error: None,
        iterations,
        converged: gradient_norm <= CONVERGED,
    };
    let weights = Weights::Span { u: evaluation.e.as_slice().to_vec(), w: a.as_slice().to_vec() };
    Learnt { measured, b, c: evaluation.c, weights }
}
