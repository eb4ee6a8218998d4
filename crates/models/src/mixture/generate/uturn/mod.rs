//! The U-turn: a sample of a known class is noised back to a time t₀ and generated again from there.
//!
//! With the exact denoiser the class that comes out is a draw from the posterior at t₀, whatever is done in between; the
//! reverse of the noising process realises it step by step. The noise of the interpolant is that of a Markov process,
//! x_t = (β_t/β_s) x_s + √v z for t < s with v = α_t² − (β_t/β_s)² α_s²; given x_t and the datum x₁, x_s is Gaussian with mean
//! β_s x₁ + (β_t α_s²/(β_s α_t²)) (x_t − β_t x₁) and variance α_s² v/α_t². A step of the reverse process puts f(x_t) in the place of
//! x₁; its error vanishes with the length of the step.
//!
//! `turns` makes the U-turns of one data set, `returns` sets those of many beside the prediction, with the `series` that are drawn and
//! the window in which the class is decided; `experiment` does all of that for every combination of parameters.

mod experiment;
mod figure;
mod returns;
mod series;
mod turns;

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::denoiser::{LANES, Projected, half_log_odds};
use crate::mixture::{Path, Setting, switch_probability};
use crate::{Purpose, stream};
use overlaps::numeric::tanh_and_sech2;

pub use experiment::UTurns;
pub use returns::Returns;
pub use series::{Series, Window, crossing, in_times};
pub use turns::Turned;

/// Absolute tolerance of the posterior's average.
const TOLERANCE: f64 = 1e-13;

/// How a sample goes on from t₀.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forward {
    /// The reverse of the noising process, in steps.
    Sde,
    /// The class is drawn from the exact posterior at t₀.
    Resample,
}

impl Forward {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Forward::Sde => "sde",
            Forward::Resample => "resample",
        }
    }
}

/// The law of a step from t to s in every direction: x_s = keep x_t + pull √d u T/√d + noise z.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ReverseStep {
    keep: f64,
    pull: f64,
    noise: f64,
}

impl ReverseStep {
    fn new(path: &Path, from: f64, to: f64, c: f64) -> ReverseStep {
        let (t, s) = (path.at(from), path.at(to));
        // β_t/β_s, from the scales so that it is exact in the first phase.
        let ratio = t.scale / s.scale;
        let (square_t, square_s) = (t.alpha * t.alpha, s.alpha * s.alpha);
        let gamma = ratio * square_s / square_t;
        let variance = square_s * (1.0 - ratio * ratio * square_s / square_t);
        ReverseStep {
            keep: gamma + (s.beta - gamma * t.beta) * c,
            pull: s.scale - gamma * t.scale,
            noise: variance.max(0.0).sqrt(),
        }
    }
}

/// One U-turn: where it turns, and with what it goes on.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// The mixture.
    pub setting: &'a Setting,
    /// Key of the random numbers.
    pub seed: u64,
    /// Samples of each class.
    pub samples: usize,
    /// t₀, then the times of the steps up to 2.
    pub times: &'a [f64],
    /// A denoiser at the beginning of every step.
    pub denoisers: &'a [Projected],
    /// Coordinates.
    pub size: usize,
}

impl Turn<'_> {
    /// The fractions that end with μ·X > 0 of the samples that started in the modes + and −; none where `stop` said so.
    pub fn sde(&self, stop: &(dyn Fn() -> bool + Sync)) -> Option<[f64; 2]> {
        let path = self.setting.path();
        let steps: Vec<ReverseStep> = self
            .times
            .windows(2)
            .zip(self.denoisers)
            .map(|(ends, denoiser)| ReverseStep::new(&path, ends[0], ends[1], denoiser.c))
            .collect();
        let at = path.at(self.times[0]);
        let spread = at.variance(self.setting.sigma).sqrt();
        self.count(stop, |class, rngs| {
            let normal = |rng: &mut ChaCha8Rng| -> f64 { StandardNormal.sample(rng) };
            let mut x = vec![[0.0; LANES]; self.size];
            for (lane, rng) in rngs.iter_mut().enumerate() {
                x.iter_mut().for_each(|x| x[lane] = spread * normal(rng));
                x[0][lane] += at.scale * class;
            }
            for (step, denoiser) in steps.iter().zip(self.denoisers) {
                let activation = denoiser.activations(&x);
                for (lane, rng) in rngs.iter_mut().enumerate() {
                    let kick = step.pull * activation[lane];
                    for (x, u) in x.iter_mut().zip(&denoiser.u) {
                        x[lane] = step.keep * x[lane] + kick * u + step.noise * normal(rng);
                    }
                }
            }
            rngs.iter().zip(x[0]).filter(|(_, x)| *x > 0.0).count()
        })
    }

    /// The same by a draw from the exact posterior at t₀.
    pub fn resample(&self, stop: &(dyn Fn() -> bool + Sync)) -> Option<[f64; 2]> {
        let path = self.setting.path();
        let at = path.at(self.times[0]);
        let variance = at.variance(self.setting.sigma);
        let h = half_log_odds(self.setting.p);
        self.count(stop, |class, rngs| {
            let ends_plus = |rng: &mut ChaCha8Rng| {
                let normal: f64 = StandardNormal.sample(rng);
                let nu = at.scale * class + variance.sqrt() * normal;
                let plus = posterior(at.scale * nu / variance + h);
                rand::RngExt::random::<f64>(rng) < plus
            };
            rngs.iter_mut().map(ends_plus).filter(|plus| *plus).count()
        })
    }

    /// The fraction of samples of each class that end in +; `ends_plus` counts them among those of up to [`LANES`] streams.
    fn count(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        ends_plus: impl Fn(f64, &mut [ChaCha8Rng]) -> usize + Sync,
    ) -> Option<[f64; 2]> {
        let fractions = [1.0, -1.0].map(|class| {
            let of = |chunk: usize| {
                if stop() {
                    return 0;
                }
                // Streams of their own for every class; t₀ tells the key apart.
                let key = self.seed ^ self.times[0].to_bits().rotate_left(17);
                let samples = chunk * LANES..self.samples.min((chunk + 1) * LANES);
                let index = |sample: usize| 2 * sample as u64 + u64::from(class < 0.0);
                let stream = |sample| stream(key, self.setting.d, Purpose::Turn, index(sample));
                ends_plus(class, &mut samples.map(stream).collect::<Vec<_>>())
            };
            let plus: usize = (0..self.samples.div_ceil(LANES)).into_par_iter().map(of).sum();
            plus as f64 / self.samples as f64
        });
        (!stop()).then_some(fractions)
    }
}

/// P(+) from half the log-odds, 1/(1 + e^(−2x)).
fn posterior(x: f64) -> f64 {
    0.5 * (1.0 + tanh_and_sech2(x).0)
}

/// P(end in + | start in +) and P(end in + | start in −) with the exact denoiser and a turn at t₀:
/// E_g 1/(1 + exp(−2(s₀ν/v + h))) with ν = ±s₀ + √v g, s₀ = √dβ and v = α² + σ²β²; as d → ∞ in the first phase s₀ = κt₀,
/// v = 1. And the error of the average, measured on the ladder of rules.
pub fn exact_return(p: f64, scale: f64, variance: f64) -> ([f64; 2], f64) {
    let (switches, error) = switch_probability(p, scale / variance.sqrt(), TOLERANCE);
    // The law of the class does not change, so that as many samples leave the larger mode as the smaller one.
    if p <= 0.5 {
        ([1.0 - switches, switches * p / (1.0 - p)], error)
    } else {
        ([1.0 - switches * (1.0 - p) / p, switches], error)
    }
}

/// The κ′ = √dτ at which the memory P(+|+) − P(+|−) of the exact denoiser reaches a level, for d → ∞: where in the first phase
/// the class is decided. The level is above 0 and below 1.
pub fn decided_at(p: f64, level: f64) -> f64 {
    let memory = |scale: f64| {
        let ([plus, minus], _) = exact_return(p, scale, 1.0);
        plus - minus
    };
    let (mut low, mut high) = (0.0, 1.0);
    while memory(high) < level && high < 1e3 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if memory(middle) < level { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixture::generate::{exact, times};

    fn setting(changes: &[(&str, f64)]) -> Setting {
        Setting::new(|name| {
            changes.iter().find(|(n, _)| *n == name).map(|(n, v)| crate::mixture::coded(n, *v))
        })
        .unwrap()
    }

    #[test]
    fn the_class_is_forgotten_at_0_and_kept_at_infinity() {
        for p in [0.5, 0.8, 0.97] {
            let ([plus, minus], _) = exact_return(p, 0.0, 1.0);
            assert!((plus - p).abs() < 1e-14 && (minus - p).abs() < 1e-14);
            let ([plus, minus], error) = exact_return(p, 8.0, 1.0);
            assert!(plus > 1.0 - 1e-9 && minus < 1e-9 && error < 1e-12);
            // The posterior itself, averaged over each class by another quadrature.
            for (scale, variance) in [(0.3, 1.0), (1.0, 0.7), (2.5, 1.3)] {
                let (found, _) = exact_return(p, scale, variance);
                for (class, found) in [1.0, -1.0].into_iter().zip(found) {
                    let direct = overlaps::average::normal_average(&|g| {
                        let nu = class * scale + variance.sqrt() * g;
                        posterior(scale * nu / variance + half_log_odds(p))
                    });
                    assert!((found - direct).abs() < 1e-12, "{p} {scale} {found} {direct}");
                }
            }
        }
        assert!(decided_at(0.8, 0.1) < decided_at(0.8, 0.9));
        let ([plus, minus], _) = exact_return(0.8, decided_at(0.8, 0.5), 1.0);
        assert!((plus - minus - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_reverse_process_keeps_the_law_of_the_interpolant() {
        // One coordinate of N(0, σ²) data: with the exact linear denoiser c = βσ²/(α² + σ²β²) the variance of x_s from x_t
        // has to be α_s² + σ²β_s² up to the error of the step, which is of second order.
        let s = setting(&[("sigma", 0.7), ("d", 1e4)]);
        let path = s.path();
        let variance = |t: f64| {
            let at = path.at(t);
            at.alpha * at.alpha + 0.49 * at.beta * at.beta
        };
        for h in [0.1, 0.01] {
            for t in [0.2, 0.9, 1.3, 1.8] {
                let c = exact(&s, path.at(t)).c;
                let step = ReverseStep::new(&path, t, t + h, c);
                let next = step.keep * step.keep * variance(t) + step.noise * step.noise;
                assert!((next - variance(t + h)).abs() < 0.5 * h, "{t} {h}: {next} {}", variance(t + h));
                if h < 0.05 {
                    assert!((next - variance(t + h)).abs() < 10.0 * h * h, "{t} {h}: {next}");
                }
            }
        }
    }

    #[test]
    fn both_ways_forward_give_the_posterior() {
        let s = setting(&[("d", 1e6), ("p", 0.7), ("sigma", 0.8)]);
        let path = s.path();
        let samples = 20_000;
        for t in [0.1, 0.3, 0.6] {
            let grid: Vec<f64> =
                std::iter::once(t).chain(times(400).into_iter().filter(|x| *x > t + 1e-9)).collect();
            let denoisers: Vec<Projected> =
                grid[..grid.len() - 1].iter().map(|t| exact(&s, path.at(*t))).collect();
            let turn = Turn { setting: &s, seed: 5, samples, times: &grid, denoisers: &denoisers, size: 1 };
            let at = path.at(t);
            let (expected, _) = exact_return(0.7, at.scale, at.variance(0.8));
            for found in [turn.sde(&|| false), turn.resample(&|| false)] {
                let found = found.unwrap();
                for (found, expected) in found.iter().zip(expected) {
                    // Five standard errors, and the bias of the steps, of order 1/400.
                    let error = (expected * (1.0 - expected) / samples as f64).sqrt();
                    assert!((found - expected).abs() < 5.0 * error + 0.003, "{t}: {found} {expected}");
                }
            }
        }
    }
}
