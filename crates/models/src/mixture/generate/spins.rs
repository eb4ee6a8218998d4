//! The flow of the exact denoiser for the spins of a Curie–Weiss magnet, in arrays of d numbers, one sample at a time.
//!
//! Given the state ± the spins are independent with mean ±M = ±tanh(βM). With y_i = τx_i/α² the weights of the states given
//! x are W_± Π_i (1 ± M tanh y_i), and E[σ_i|x] = Σ_± weight_± tanh(±βM + y_i), where by the addition theorem
//! tanh(±βM + y) = (±M + tanh y)/(1 ± M tanh y). (Product of e^{±βMσ + yσ} over spins; the common factors drop out.)
//!
//! With e = e^{−2|y|}, a = (1 + M) + (1 − M)e and b = (1 − M) + (1 + M)e, (1 + M tanh|y|)/(1 − M tanh|y|) = a/b and, with A the
//! difference of the two weights, E[σ|x] = ((1 − M²)(1 − e²) sign y + 4AMe)/(ab): one exponential and one division per spin
//! and step, and no difference of nearly equal numbers, whatever β.

use multiversion::multiversion;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::error::GenerateError;
use super::flow::{Integrator, Step};
use super::law::{Law, mode};
use super::predicted::closed_form::normal_quantile;
use crate::mixture::{Setting, Target};
use crate::{Purpose, stream};
use overlaps::numeric::exp_m1_and_exp;

/// The largest dimension: a sample is two arrays of d numbers.
pub const MOST_SPINS: u64 = 10_000_000;
/// Products of the factors a and b run in so many lanes, side by side.
const LANES: usize = 8;
/// The most factors in a product before a logarithm is taken.
const MOST_FACTORS: usize = 64;

/// What is kept of one sample at one time: Σx_i, Σx_i², Σ|x_i|.
type Sums = [f64; 3];

/// Whether samples of so many spins can be held.
///
/// # Errors
/// Too many of them.
pub fn check(setting: &Setting) -> Result<(), GenerateError> {
    match setting.d > MOST_SPINS {
        true => Err(GenerateError::ManySpins { d: setting.d, most: MOST_SPINS }),
        false => Ok(()),
    }
}

/// Where samples start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Independently.
    Independent,
    /// With Σx₀/√d, which all but decides the state, drawn from one of as many equally probable intervals as there are
    /// samples: the same averages with less noise.
    Stratified,
}

/// Samples to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Key of the random numbers.
    pub seed: u64,
    /// Samples.
    pub count: usize,
    /// Where they start.
    pub start: Start,
}

/// Generates samples and gives their law, with the standard error of the fraction, at the times asked for (places in
/// `times`, rising); none where `stop` said so.
pub fn generate(
    setting: &Setting,
    draw: Draw,
    integrator: Integrator,
    times: &[f64],
    at: &[usize],
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<(Law, f64)>> {
    let path = setting.path();
    // The step of a denoiser without linear part; √d belongs to vectors in a basis.
    let step = |ends: &[f64]| {
        let Step { decay, push } = Step::new(&path, integrator, ends[0], ends[1], 0.0);
        let at = path.at(ends[0]);
        Kick { decay, push: push / path.root_d, field: at.beta / (at.alpha * at.alpha) }
    };
    let kicks: Vec<Kick> = times.windows(2).map(step).collect();
    let flow = Flow { magnet: Magnet::new(setting), kicks, noise: path.noise(), at };
    let one = |sample: usize| (!stop()).then(|| flow.trajectory(setting, draw, sample));
    let all: Option<Vec<Vec<Sums>>> = (0..draw.count).into_par_iter().map(one).collect();
    let all = all?;
    let of = |k: usize| {
        let sums: Vec<Sums> = all.iter().map(|sums| sums[k]).collect();
        let law = law(setting, &sums);
        (law, fraction_error(&sums, draw.start, law.fraction_plus))
    };
    Some((0..at.len()).map(of).collect())
}

/// One step: x becomes decay x + push E[σ|x], with y = field x.
#[derive(Debug, Clone, Copy)]
struct Kick {
    decay: f64,
    push: f64,
    field: f64,
}

/// All steps.
struct Flow<'a> {
    magnet: Magnet,
    kicks: Vec<Kick>,
    noise: f64,
    at: &'a [usize],
}

impl Flow<'_> {
    fn trajectory(&self, setting: &Setting, draw: Draw, sample: usize) -> Vec<Sums> {
        let mut rng = stream(draw.seed, setting.d, Purpose::Generate, sample as u64);
        let mut x: Vec<f64> = (0..setting.d).map(|_| StandardNormal.sample(&mut rng)).collect();
        if draw.start == Start::Stratified {
            let d = setting.d as f64;
            let share = (sample as f64 + rng.random::<f64>()) / draw.count as f64;
            let wanted = normal_quantile(share.clamp(1e-12, 1.0 - 1e-12)) / d.sqrt();
            let shift = wanted - x.iter().sum::<f64>() / d;
            x.iter_mut().for_each(|x| *x += shift);
        }
        x.iter_mut().for_each(|x| *x *= self.noise);
        let mut e = vec![0.0; x.len()];
        let mut kept = Vec::with_capacity(self.at.len());
        let sums = |x: &[f64]| x.iter().fold([0.0; 3], |[a, b, c], x| [a + x, b + x * x, c + x.abs()]);
        for place in 0..=self.kicks.len() {
            if self.at.contains(&place) {
                kept.push(sums(&x));
            }
            let Some(kick) = self.kicks.get(place) else { break };
            let asymmetry = self.magnet.asymmetry(kick.field, &x, &mut e);
            move_spins(&self.magnet, *kick, asymmetry, &e, &mut x);
        }
        kept
    }
}

/// What the denoiser knows of the data.
#[derive(Debug, Clone, Copy)]
struct Magnet {
    m: f64,
    /// 1 − M, with all its digits.
    rest: f64,
    /// Half the log-odds of the states.
    odds: f64,
    /// Factors in a product: the smallest is 1 − M.
    factors: usize,
}

impl Magnet {
    fn new(setting: &Setting) -> Magnet {
        let m = setting.target.m();
        let rest = match setting.target {
            // 1 − tanh(βM).
            Target::CurieWeiss { beta, .. } => 2.0 / ((2.0 * beta * m).exp() + 1.0),
            Target::Mixture { .. } => 1.0 - m,
        };
        let odds = super::half_log_odds(setting.p);
        // Not below 10⁻²⁵⁰.
        let factors = ((-250.0 / rest.log10()) as usize).clamp(1, MOST_FACTORS);
        Magnet { m, rest, odds, factors }
    }

    /// The difference of the weights of the states given x, tanh of half their log-odds; leaves e^{−2|y|} behind.
    fn asymmetry(&self, field: f64, x: &[f64], e: &mut [f64]) -> f64 {
        let block = LANES * self.factors;
        let parts = x.chunks(block).zip(e.chunks_mut(block));
        let sum: f64 = parts
            .map(|(x, e)| {
                let (plus, minus) = products(self, field, x, e);
                plus.iter().zip(minus).map(|(plus, minus)| (plus / minus).ln()).sum::<f64>()
            })
            .sum();
        (self.odds + 0.5 * sum).tanh()
    }
}

/// Products of 1 + M tanh y and of 1 − M tanh y, both times (1 + e), in lanes.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn products(magnet: &Magnet, field: f64, x: &[f64], e: &mut [f64]) -> ([f64; LANES], [f64; LANES]) {
    let (rest, more) = (magnet.rest, 1.0 + magnet.m);
    let (mut plus, mut minus) = ([1.0f64; LANES], [1.0f64; LANES]);
    let mut one = |lane: usize, x: f64, e: &mut f64| {
        *e = exp_m1_and_exp(-2.0 * (field * x).abs()).1;
        let (a, b) = (more + rest * *e, rest + more * *e);
        plus[lane] *= if x > 0.0 { a } else { b };
        minus[lane] *= if x > 0.0 { b } else { a };
    };
    let (x_lanes, x_rest) = x.as_chunks::<LANES>();
    let (e_lanes, e_rest) = e.as_chunks_mut::<LANES>();
    for (x, e) in x_lanes.iter().zip(e_lanes) {
        for lane in 0..LANES {
            one(lane, x[lane], &mut e[lane]);
        }
    }
    for (lane, (x, e)) in x_rest.iter().zip(e_rest).enumerate() {
        one(lane, *x, e);
    }
    (plus, minus)
}

/// E[σ|x] from e^{−2|y|} and the sign of y.
#[inline(always)]
fn mean(magnet: &Magnet, asymmetry: f64, x: f64, e: f64) -> f64 {
    let (rest, more) = (magnet.rest, 1.0 + magnet.m);
    let along = (rest * more * (1.0 - e) * (1.0 + e)).copysign(x);
    (along + 4.0 * asymmetry * magnet.m * e) / ((more + rest * e) * (rest + more * e))
}

/// One step of all spins.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn move_spins(magnet: &Magnet, kick: Kick, asymmetry: f64, e: &[f64], x: &mut [f64]) {
    for (x, &e) in x.iter_mut().zip(e) {
        *x = kick.decay * *x + kick.push * mean(magnet, asymmetry, *x, e);
    }
}

/// The law of the samples: M = Σx/d, the variance of the spins of a sample about their mean, and E|x|.
fn law(setting: &Setting, all: &[Sums]) -> Law {
    let (d, root_d) = (setting.d as f64, setting.root_d());
    let nu: Vec<f64> = all.iter().map(|[sum, _, _]| sum / root_d).collect();
    let count = all.len() as f64;
    let plus = nu.iter().filter(|nu| **nu > 0.0).count() as f64;
    let variance =
        all.iter().map(|[sum, square, _]| (square - sum * sum / d) / (d - 1.0)).sum::<f64>() / count;
    let spin = all.iter().map(|[_, _, absolute]| absolute / d).sum::<f64>() / count;
    let law = Law::new(plus / count, [mode(&nu, 1.0), mode(&nu, -1.0)], root_d, variance, [f64::NAN; 4]);
    Law { spin, ..law }
}

/// The standard error of the fraction of samples with Σx > 0. Where they are stratified, neighbours are nearly from the
/// same interval, and their differences measure it.
fn fraction_error(all: &[Sums], start: Start, fraction: f64) -> f64 {
    let count = all.len() as f64;
    match start {
        Start::Independent => (fraction * (1.0 - fraction) / count).sqrt(),
        Start::Stratified => {
            let differ = all.chunks_exact(2).filter(|pair| (pair[0][0] > 0.0) != (pair[1][0] > 0.0)).count();
            // What is finer than one sample is not seen.
            (differ as f64).max(1.0).sqrt() / count
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(changes: &[(&str, f64)]) -> Setting {
        Setting::new(|name| {
            changes.iter().find(|(n, _)| *n == name).map(|(n, v)| crate::mixture::coded(n, *v))
        })
        .unwrap()
    }

    /// E[σ|x] at field 1.
    fn denoised(setting: &Setting, x: &[f64]) -> Vec<f64> {
        let magnet = Magnet::new(setting);
        let mut e = vec![0.0; x.len()];
        let asymmetry = magnet.asymmetry(1.0, x, &mut e);
        x.iter().zip(e).map(|(x, e)| mean(&magnet, asymmetry, *x, e)).collect()
    }

    #[test]
    fn many_spins_are_those_of_the_addition_theorem_at_any_temperature() {
        // The plain formulas, in logarithms: log(1 ± M tanh y) = log cosh(y ± βM) − log cosh y − log cosh βM.
        let log_cosh = |x: f64| x.abs() + (0.5 * (1.0 + (-2.0 * x.abs()).exp())).ln();
        for (beta, spread) in [(1.2, 0.4), (3.0, 20.0), (50.0, 300.0)] {
            let s = setting(&[("target", 1.0), ("beta", beta), ("p", 0.7), ("d", 1000.0)]);
            let x: Vec<f64> = (0..1000).map(|i| spread * f64::sin(f64::from(i) * 1.7 + 0.3)).collect();
            let field = beta * s.target.m();
            let odds: f64 = x.iter().map(|y| log_cosh(y + field) - log_cosh(y - field)).sum();
            let asymmetry = (super::super::half_log_odds(0.7) + 0.5 * odds).tanh();
            for (found, y) in denoised(&s, &x).iter().zip(&x) {
                let expected = 0.5 * (1.0 + asymmetry) * (y + field).tanh()
                    + 0.5 * (1.0 - asymmetry) * (y - field).tanh();
                assert!((found - expected).abs() < 1e-10, "β = {beta}, y = {y}: {found} {expected}");
            }
        }
    }

    #[test]
    fn the_denoiser_is_the_average_over_all_configurations() {
        // Three spins, enumerated: P(σ) = Σ_± W_± Π (1 ± Mσ)/2, likelihood exp(y·σ) up to a constant.
        let s = setting(&[("target", 1.0), ("beta", 1.4), ("p", 0.7), ("d", 3.0), ("schedule", 1.0)]);
        let m = s.target.m();
        let y = [0.3, -1.1, 0.6];
        let (mut total, mut mean) = (0.0, [0.0; 3]);
        for configuration in 0..8 {
            let spins: Vec<f64> =
                (0..3).map(|i| if configuration >> i & 1 == 1 { 1.0 } else { -1.0 }).collect();
            let state = |sign: f64| spins.iter().map(|spin| 0.5 * (1.0 + sign * m * spin)).product::<f64>();
            let prior = 0.7 * state(1.0) + 0.3 * state(-1.0);
            let likelihood = spins.iter().zip(y).map(|(spin, y)| spin * y).sum::<f64>().exp();
            total += prior * likelihood;
            for (mean, spin) in mean.iter_mut().zip(&spins) {
                *mean += prior * likelihood * spin;
            }
        }
        for (found, expected) in denoised(&s, &y).iter().zip(mean) {
            assert!((found - expected / total).abs() < 1e-14, "{found} {}", expected / total);
        }
    }

    #[test]
    fn spins_end_at_plus_or_minus_one_with_their_magnetisation() {
        for interpolant in [0.0, 1.0] {
            let s = setting(&[
                ("target", 1.0),
                ("beta", 1.5),
                ("p", 0.7),
                ("d", 400.0),
                ("interpolant", interpolant),
                ("kappa", 3.0),
            ]);
            let times = crate::mixture::generate::times(400);
            let [independent, stratified] = [Start::Independent, Start::Stratified].map(|start| {
                let draw = Draw { seed: 1, count: 1000, start };
                generate(&s, draw, Integrator::Ddim, &times, &[400], &|| false).unwrap().pop().unwrap()
            });
            let (law, _) = independent;
            assert!((law.spin - 1.0).abs() < 2e-3, "{law:?}");
            for (law, error) in [independent, stratified] {
                assert!((law.fraction_plus - 0.7).abs() < 4.0 * error + 0.002, "{law:?} ± {error}");
            }
            assert!(stratified.1 < 0.3 * independent.1, "{stratified:?} {independent:?}");
            assert!((law.m[0] - s.target.m()).abs() < 0.01, "{law:?} {}", s.target.m());
            assert!((law.m[1] + s.target.m()).abs() < 0.01, "{law:?}");
        }
    }
}
