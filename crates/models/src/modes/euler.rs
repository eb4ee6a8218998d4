//! The flow of the exact denoiser by Euler's method, for the projections of samples on the modes alone: what is orthogonal to all modes does not
//! matter to them, so that the dimension is only a number.

use nalgebra::{DMatrix, DVector};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::means::Means;
use crate::mixture::Interpolant;
use crate::stream::{Purpose, stream};
use overlaps::numeric::shortest;

/// How the times of the steps are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// A phase for each scale, and one to the end (eq. 11 of arXiv:2412.07972 with a phase per scale).
    Phases,
    /// Two phases, of which the first ends at the largest scale: eq. 11.
    TwoPhase,
    /// Steps of equal length.
    Uniform,
}

impl Schedule {
    /// All of them, in the order of [`Schedule::NAMES`].
    pub const ALL: [Schedule; 3] = [Schedule::Phases, Schedule::TwoPhase, Schedule::Uniform];
    /// Their names.
    pub const NAMES: [&str; 3] = ["phases", "two_phase", "uniform"];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// A flow that is to be sampled.
#[derive(Debug, Clone)]
pub struct Flow<'m> {
    /// The modes.
    pub means: &'m Means,
    /// Dimension.
    pub d: f64,
    /// Width of a mode.
    pub sigma: f64,
    /// Interpolant between noise and data.
    pub interpolant: Interpolant,
    /// The times of the steps, from 0 to 1.
    pub times: Vec<f64>,
}

/// The ends τ_j = κ_j d^(−a_j) of the windows, with κ_j = reach/δ_j: a sample that lies between two modes of the window is undecided there
/// with a probability of about Φ(−reach).
pub fn knots(means: &Means, d: f64, reach: f64) -> Vec<f64> {
    means.windows(d).iter().map(|w| reach / w.half_distance * d.powf(-w.exponent)).collect()
}

/// The times of some steps. Phases share them equally; the first ones have one more where that does not come out even.
///
/// # Errors
/// Knots that do not follow each other at this dimension, fewer steps than phases, in words.
pub fn times(
    means: &Means,
    d: f64,
    reach: f64,
    schedule: Schedule,
    steps: usize,
) -> Result<Vec<f64>, String> {
    let mut ends = match schedule {
        Schedule::Phases => knots(means, d, reach),
        Schedule::TwoPhase => knots(means, d, reach)[..1].to_vec(),
        Schedule::Uniform => Vec::new(),
    };
    ends.push(1.0);
    if let Some(pair) = ends.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(format!(
            "at d = {d} the window that ends at τ = {:.3} is not over before the next, at {:.3}; use a larger d, or a smaller reach",
            pair[0], pair[1]
        ));
    }
    if steps < ends.len() {
        return Err(format!("{steps} steps are fewer than the {} phases of the schedule", ends.len()));
    }
    let mut times = vec![0.0];
    let mut from = 0.0;
    for (i, end) in ends.iter().enumerate() {
        let own = steps / ends.len() + usize::from(i < steps % ends.len());
        times.extend((1..=own).map(|s| from + (end - from) * (s as f64 / own as f64)));
        from = *end;
    }
    Ok(times)
}

/// Samples of one key.
const CHUNK: u64 = 1024;

impl Flow<'_> {
    /// How many of some samples end nearest to each mode; none where an interruption was asked for.
    ///
    /// # Errors
    /// Samples that leave the range of numbers, in words.
    pub fn ends(
        &self,
        samples: u64,
        seed: u64,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<u64>>, String> {
        Ok(self.counts(samples, seed, 1, interrupted)?.map(|mut counts| counts.pop().unwrap_or_default()))
    }

    /// How many of some samples are nearest to each mode after every step; none where an interruption was asked for.
    ///
    /// # Errors
    /// Samples that leave the range of numbers, in words.
    pub fn along(
        &self,
        samples: u64,
        seed: u64,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<Vec<u64>>>, String> {
        self.counts(samples, seed, self.times.len() - 1, interrupted)
    }

    /// The same after each of the last steps.
    fn counts(
        &self,
        samples: u64,
        seed: u64,
        last: usize,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<Vec<u64>>>, String> {
        let products = self.means.products(self.d);
        let from_noise = self.means.root(self.d);
        let nowhere = || {
            let (d, sigma) = (shortest(self.d), shortest(self.sigma));
            format!(
                "at d = {d} and sigma = {sigma} samples leave the range of numbers; use a smaller sigma, or means of another size"
            )
        };
        let (modes, steps) = (self.means.count(), self.times.len() - 1);
        let of_chunk = |chunk: u64| -> Option<Result<Vec<Vec<u64>>, String>> {
            let mut random = stream(seed, self.d as u64, Purpose::Generate, chunk);
            let mut counts = vec![vec![0; modes]; last];
            for _ in chunk * CHUNK..samples.min((chunk + 1) * CHUNK) {
                if interrupted() {
                    return None;
                }
                let noise = (0..modes).map(|_| StandardNormal.sample(&mut random));
                let start = &from_noise * DVector::from_iterator(modes, noise);
                let mut out_of_range = false;
                self.steps(&products, start, |step, projections| {
                    let Some(place) = (step + last).checked_sub(steps) else { return };
                    match self.nearest(&products, projections, self.times[step + 1]) {
                        Some(mode) => counts[place][mode] += 1,
                        None => out_of_range = true,
                    }
                });
                if out_of_range {
                    return Some(Err(nowhere()));
                }
            }
            Some(Ok(counts))
        };
        let chunks: Option<Vec<_>> = (0..samples.div_ceil(CHUNK)).into_par_iter().map(of_chunk).collect();
        let Some(chunks) = chunks else { return Ok(None) };
        let mut sums = vec![vec![0; modes]; last];
        for counts in chunks {
            for (sum, counts) in sums.iter_mut().flatten().zip(counts?.into_iter().flatten()) {
                *sum += counts;
            }
        }
        Ok(Some(sums))
    }

    /// The mode nearest to which a sample ends that starts with these projections μ_k·x/√d; none where it leaves the range of numbers.
    pub fn end(&self, products: &DMatrix<f64>, projections: DVector<f64>) -> Option<usize> {
        let mut end = None;
        let last = self.times.len() - 2;
        self.steps(products, projections, |step, projections| {
            if step == last {
                end = self.nearest(products, projections, self.times[step + 1]);
            }
        });
        end
    }

    /// The mode k to whose τμ_k a sample is nearest; none where it left the range of numbers.
    fn nearest(&self, products: &DMatrix<f64>, projections: &DVector<f64>, tau: f64) -> Option<usize> {
        let near = |k: usize| projections[k] / self.d.sqrt() - 0.5 * tau * products[(k, k)];
        if !(0..projections.len()).all(|k| near(k).is_finite()) {
            return None;
        }
        (0..projections.len()).max_by(|a, b| near(*a).total_cmp(&near(*b)))
    }

    /// Leads a sample that starts with these projections, which are shown after every step.
    fn steps(
        &self,
        products: &DMatrix<f64>,
        mut projections: DVector<f64>,
        mut after: impl FnMut(usize, &DVector<f64>),
    ) {
        let root = self.d.sqrt();
        let mut posterior = DVector::zeros(projections.len());
        for (place, pair) in self.times.windows(2).enumerate() {
            let (tau, step) = (pair[0], pair[1] - pair[0]);
            let (alpha, beta) = (self.interpolant.alpha(tau), tau);
            let s = alpha * alpha + self.sigma * self.sigma * beta * beta;
            self.posterior(products, &projections, [beta * root / s, beta * root], &mut posterior);
            let (own, towards) = self.interpolant.velocity(tau);
            let own = own + towards * beta * self.sigma * self.sigma / s;
            let pull = step * towards * alpha * alpha / s * root;
            projections *= 1.0 + step * own;
            projections.gemv(pull, products, &posterior, 1.0);
            after(place, &projections);
        }
    }

    /// π_k ∝ p_k exp((β√d/S)(y_k − ½ β√d G_kk)), by β√d/S and β√d.
    fn posterior(
        &self,
        products: &DMatrix<f64>,
        projections: &DVector<f64>,
        [factor, shift]: [f64; 2],
        into: &mut DVector<f64>,
    ) {
        for k in 0..projections.len() {
            into[k] =
                libm::log(self.means.weights[k]) + factor * (projections[k] - 0.5 * shift * products[(k, k)]);
        }
        let largest = into.max();
        into.apply(|x| *x = libm::exp(*x - largest));
        let sum = into.sum();
        *into /= sum;
    }
}
