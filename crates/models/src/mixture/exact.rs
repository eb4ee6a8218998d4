//! The exact denoiser E[x₁|x_τ] of the mixture (eq. 9 of arXiv:2412.07972), which a network learns from n → ∞ samples:
//! its mean squared error per dimension, at any dimension d and for any interpolant.
//!
//! Given the mode s, x = x_τ is N(sβμ, V I) with V = α² + σ²β², and x₁ has the mean (βσ²/V) x + (α²/V) sμ and the
//! variance σ²α²/V per dimension. What is left uncertain is s; with |μ|² = d the error per dimension is therefore
//!
//! ```text
//! mse = σ² α²/V + (α²/V)² E[1 − tanh²(β μ·x/V + h)],   e^{2h} = p/(1 − p):
//! ```
//!
//! the first part is the variance within a mode, which is learnt slowly; the second part is the mode, which is learnt as
//! soon as √dβ is of order one.
//!
//! With γ = √dβ/√V the argument of tanh is γ(sγ + z) + h, z ~ N(0, 1). Under the law of the mixture the average over both
//! modes can be written as one over a single mode (multiply out the densities), for p ≤ ½, or with p and 1 − p exchanged,
//!
//! ```text
//! E[1 − tanh²] = 4p S(γ),   S(γ) = E 1/(1 + exp(2(γ² + γz + h))),
//! ```
//!
//! a bounded integrand, which keeps its digits where p is tiny. S is also the probability that a U-turn from the smaller
//! mode at time τ ends in the other one: the error and the U-turn see the same window.

use super::interpolant::Interpolant;
use super::parameter::exact_parameters;
use ::overlaps::average::{LOWEST_RUNG, rule, rungs};
use ::overlaps::model::ParameterError;

/// The denoiser E[x₁|x_τ] of p N(μ, σ² I) + (1 − p) N(−μ, σ² I), |μ|² = d.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExactDenoiser {
    p: f64,
    sigma: f64,
    root_d: f64,
    interpolant: Interpolant,
}

/// The mean squared error per dimension, in its two parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mse {
    /// What the variance within a mode leaves uncertain: σ²α²/V.
    pub variance: f64,
    /// What the mode leaves uncertain: (α²/V)² E[1 − tanh²].
    pub mode: f64,
    /// Measured error of the average in `mode`.
    pub quadrature_error: f64,
}

impl Mse {
    /// Both parts.
    pub fn total(&self) -> f64 {
        self.variance + self.mode
    }
}

impl ExactDenoiser {
    /// The denoiser of a mixture.
    ///
    /// # Errors
    /// The first value that is not possible, with what would be.
    pub fn new(p: f64, sigma: f64, d: f64, interpolant: Interpolant) -> Result<Self, ParameterError> {
        exact_parameters().at([("p", p), ("sigma", sigma), ("d", d)].map(|(name, x)| (name, x.into())))?;
        Ok(ExactDenoiser { p, sigma, root_d: d.sqrt(), interpolant })
    }

    /// Standard deviation within a mode.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// √d.
    pub fn root_d(&self) -> f64 {
        self.root_d
    }

    /// The mode part of the error at τ = 0, where nothing is known: 4p(1 − p).
    pub fn jump(&self) -> f64 {
        4.0 * self.p * (1.0 - self.p)
    }

    /// The error at time τ in [0, 1], its average to an absolute tolerance if the quadrature can reach it.
    pub fn mse(&self, tau: f64, tolerance: f64) -> Mse {
        let (variance, mode, error) = self.left(tau, tolerance);
        Mse {
            variance: self.sigma * self.sigma * variance,
            mode: self.jump() * mode,
            quadrature_error: self.jump() * error,
        }
    }

    /// The parts of the error at τ, variance and mode, as fractions of what they are at τ = 0, and the measured error
    /// of the second fraction.
    pub fn left(&self, tau: f64, tolerance: f64) -> (f64, f64, f64) {
        let alpha = self.interpolant.alpha(tau);
        let root_v = libm::hypot(alpha, self.sigma * tau);
        // Without noise and without variance, at τ = 1, x is ±μ; α²/V is 1 up to there.
        let share = if root_v > 0.0 { (alpha / root_v) * (alpha / root_v) } else { 1.0 };
        let signal = if root_v > 0.0 { self.root_d * tau / root_v } else { f64::INFINITY };
        let larger = self.p.max(1.0 - self.p);
        let (switches, error) = switch_probability(self.p, signal, tolerance * larger);
        (share, share * share * switches / larger, share * share * error / larger)
    }
}

/// S(γ), the probability that the posterior takes a sample of the smaller mode for one of the larger, averaged over these
/// samples, and its measured error; γ = √dβ/√V.
pub fn switch_probability(p: f64, signal: f64, tolerance: f64) -> (f64, f64) {
    // |h| < 373 for every p, so that here not a single normal number below 10 standard deviations leads across.
    if signal > 64.0 {
        return (0.0, 0.0);
    }
    let smaller = p.min(1.0 - p);
    let h = 0.5 * libm::log(smaller / (1.0 - smaller));
    let average = |rung: usize| -> f64 {
        let rule = rule(rung);
        let terms = rule.nodes.iter().zip(&rule.weights);
        terms.map(|(z, w)| w / (1.0 + libm::exp(2.0 * (signal * (signal + z) + h)))).sum()
    };
    let mut lower = average(LOWEST_RUNG - 1);
    let mut error = f64::INFINITY;
    for rung in LOWEST_RUNG..rungs() {
        let value = average(rung);
        error = (value - lower).abs();
        lower = value;
        if error <= tolerance {
            break;
        }
    }
    (lower, error)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use ::overlaps::average::normal_average;

    fn denoiser(p: f64, sigma: f64, d: f64) -> ExactDenoiser {
        ExactDenoiser::new(p, sigma, d, Interpolant::Linear).unwrap()
    }

    #[test]
    fn at_time_0_the_error_is_the_variance_of_the_data() {
        for (p, sigma, d) in [(0.8, 1.0, 5e3), (0.5, 0.3, 1.0), (1e-12, 2.0, 1e16), (1.0 - 1e-12, 0.0, 10.0)]
        {
            let mse = denoiser(p, sigma, d).mse(0.0, 1e-12);
            let exact = sigma * sigma + 4.0 * p * (1.0 - p);
            assert!((mse.total() / exact - 1.0).abs() < 1e-12, "{mse:?} {exact}");
            assert_eq!(denoiser(p, sigma, d).mse(1.0, 1e-12).total(), 0.0);
        }
    }

    /// The average over both modes, as it stands in the error, by another quadrature.
    #[test]
    fn the_average_over_both_modes_is_that_over_the_smaller_one() {
        for interpolant in Interpolant::ALL {
            for (p, sigma, d) in [(0.8, 1.0, 100.0), (0.3, 0.5, 1e4), (1e-3, 2.0, 1e6), (0.5, 1.0, 1e12)] {
                let exact = ExactDenoiser::new(p, sigma, d, interpolant).unwrap();
                for scale in [0.1, 0.7, 1.5, 3.0, 6.0] {
                    let (tau, root_d) = (scale / d.sqrt(), d.sqrt());
                    let alpha = interpolant.alpha(tau);
                    let v = alpha * alpha + sigma * sigma * tau * tau;
                    let gamma = root_d * tau / v.sqrt();
                    let h = 0.5 * (p / (1.0 - p)).ln();
                    let of = |s: f64| normal_average(&|z| 1.0 - (gamma * (s * gamma + z) + h).tanh().powi(2));
                    let both = (alpha * alpha / v).powi(2) * (p * of(1.0) + (1.0 - p) * of(-1.0));
                    let mse = exact.mse(tau, 1e-12);
                    assert!((mse.mode - both).abs() < 1e-12, "{p} {scale}: {mse:?} {both}");
                    assert!((mse.variance - sigma * sigma * alpha * alpha / v).abs() < 1e-14);
                    assert!(mse.quadrature_error <= 1e-12);
                }
            }
        }
    }

    /// Vectors in d dimensions, the denoiser as eq. (9) has it, nothing of the decomposition.
    #[test]
    fn an_explicit_simulation_gives_the_error() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let (p, sigma, d, samples) = (0.7, 0.6, 40usize, 8000);
        for interpolant in Interpolant::ALL {
            for tau in [0.0, 0.08, 0.25, 0.6, 0.95] {
                let alpha = interpolant.alpha(tau);
                let v = alpha * alpha + sigma * sigma * tau * tau;
                let h = 0.5 * f64::ln(p / (1.0 - p));
                let (mut sum, mut squares) = (0.0, 0.0);
                for _ in 0..samples {
                    let uniform = rand_distr::Uniform::new(0.0, 1.0).unwrap().sample(&mut random);
                    let s = if uniform < p { 1.0 } else { -1.0 };
                    let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
                    // μ = (1, …, 1).
                    let x1: Vec<f64> = (0..d).map(|_| s + sigma * normal()).collect();
                    let x: Vec<f64> = x1.iter().map(|x1| alpha * normal() + tau * x1).collect();
                    let mode = (tau * x.iter().sum::<f64>() / v + h).tanh();
                    let f = |x: f64| tau * sigma * sigma / v * x + alpha * alpha / v * mode;
                    let error = x.iter().zip(&x1).map(|(x, x1)| (f(*x) - x1).powi(2)).sum::<f64>() / d as f64;
                    sum += error;
                    squares += error * error;
                }
                let mean = sum / samples as f64;
                let deviation = ((squares / samples as f64 - mean * mean) / samples as f64).sqrt();
                let exact = ExactDenoiser::new(p, sigma, d as f64, interpolant).unwrap();
                let expected = exact.mse(tau, 1e-12).total();
                assert!(
                    (mean - expected).abs() < 4.0 * deviation,
                    "τ = {tau}: {mean} ± {deviation}, {expected}"
                );
            }
        }
    }

    #[test]
    fn digits_are_kept_where_a_mode_is_rare_or_d_is_huge() {
        // Nothing has been learnt before γ² reaches |h|, whatever p is.
        let rare = denoiser(1e-300, 1.0, 1e16);
        let (_, left, _) = rare.left(1e-8, 1e-12);
        assert!((left - 1.0).abs() < 1e-12, "{left}");
        let (_, left, error) = rare.left(30e-8, 1e-12);
        assert!(left < 1e-9 && error <= 1e-12, "{left} {error}");
        for tau in [0.0, 1e-9, 1e-8, 1e-7, 1e-3, 0.5, 1.0] {
            let mse = denoiser(0.8, 1.0, 1e16).mse(tau, 1e-12);
            assert!(mse.total().is_finite() && mse.quadrature_error <= 1e-12);
        }
        // The layer is the same in √dτ.
        let layer = |d: f64| denoiser(0.8, 1.0, d).mse(1.0 / d.sqrt(), 1e-12).mode;
        assert!((layer(1e16) - layer(1e12)).abs() < 1e-5, "{} {}", layer(1e16), layer(1e12));
    }

    #[test]
    fn impossible_values_are_named_with_what_is_accepted() {
        for (p, sigma, d, part) in [
            (0.0, 1.0, 10.0, "0 < p < 1"),
            (1.0, 1.0, 10.0, "p = 1"),
            (f64::NAN, 1.0, 10.0, "p = NaN"),
            (0.5, -1.0, 10.0, "sigma = -1"),
            (0.5, f64::INFINITY, 10.0, "0 ≤ σ"),
            (0.5, 1.0, 0.5, "d = 0.5"),
            (0.5, 1.0, f64::INFINITY, "1 ≤ d"),
        ] {
            let error = ExactDenoiser::new(p, sigma, d, Interpolant::Linear).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
