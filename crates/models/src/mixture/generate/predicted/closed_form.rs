//! What is known in closed form of generated samples as d → ∞.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::mixture::generate::law::Law;
use crate::mixture::{Noise, Setting};

/// Φ(x), the distribution function of N(0, 1).
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Its inverse, for probabilities between 0 and 1.
pub fn normal_quantile(share: f64) -> f64 {
    Normal::standard().inverse_cdf(share)
}

/// p^κ = pΦ(κ) + (1 − p)Φ(−κ), the probability of ν > 0 at t = 1 with the exact denoiser (Proposition 1).
pub fn p_kappa(p: f64, kappa: f64) -> f64 {
    p * normal_cdf(kappa) + (1.0 - p) * normal_cdf(-kappa)
}

/// P(κν + h > 0) for the same law of ν: the fraction in mode + that N steps leave as d → ∞. The first step of the second
/// phase is √d long and takes every sample to the side on which the activation at t = 1 is, the side of the mode of
/// larger posterior probability.
pub fn p_first_step(p: f64, kappa: f64) -> f64 {
    let threshold = -crate::mixture::generate::half_log_odds(p) / kappa;
    p * normal_cdf(kappa - threshold) + (1.0 - p) * normal_cdf(-kappa - threshold)
}

/// The distribution function of μ·x_τ/√d for the interpolant itself at a time of the schedule.
pub fn mixture_cdf(setting: &Setting, t: f64, x: f64) -> f64 {
    let at = setting.path().at(t);
    let sd = at.variance(setting.sigma).sqrt();
    let mean = setting.target.m() * at.scale;
    setting.p * normal_cdf((x - mean) / sd) + (1.0 - setting.p) * normal_cdf((x + mean) / sd)
}

/// The law of the interpolant itself at a time of the schedule, which the flow of the exact denoiser reproduces:
/// μ·x_τ/√d ~ p N(√dβ, v) + (1 − p) N(−√dβ, v), and the variance v = α² + σ²β² across.
pub fn mixture_law(setting: &Setting, t: f64) -> Law {
    let at = setting.path().at(t);
    let variance = at.variance(setting.sigma);
    let sd = variance.sqrt();
    let mean = setting.target.m() * at.scale;
    let weights = [(setting.p, mean), (1.0 - setting.p, -mean)];
    let side = |sign: f64| {
        // Of a normal variable cut off at 0, with a = mean/sd towards the side: P = Φ(a), E x = mean P + sd φ(a),
        // E x² = (mean² + v) P + mean sd φ(a).
        let mut sums = [0.0; 3];
        for (weight, mean) in weights {
            let mean = sign * mean;
            let a = mean / sd;
            let density = (-0.5 * a * a).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let (inside, edge) = if sd > 0.0 {
                (normal_cdf(a), sd * density)
            } else {
                (if mean > 0.0 { 1.0 } else { 0.0 }, 0.0)
            };
            sums[0] += weight * inside;
            sums[1] += weight * (mean * inside + edge);
            sums[2] += weight * ((mean * mean + variance) * inside + mean * edge);
        }
        let mean = sums[1] / sums[0];
        (sums[0], [sign * mean, (sums[2] / sums[0] - mean * mean).max(0.0).sqrt()])
    };
    let ((fraction, plus), (_, minus)) = (side(1.0), side(-1.0));
    Law::new(fraction, [plus, minus], setting.root_d(), variance, [f64::NAN; 4])
}

/// What the second phase tends to as the number of steps grows: the same whatever the start, up to the sign S of the mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Final {
    /// S μ·X/d.
    pub m: f64,
    /// S z·X/d for a training sample of mode +; minus that for mode −.
    pub z: f64,
    /// S η·X/√d, η the unit vector along Σ sⁱzⁱ.
    pub eta: f64,
    /// S ξ·X/√d, ξ the unit vector along the fixed noise Σ sⁱx₀ⁱ; 0 with fresh noise.
    pub xi: f64,
    /// |X|²/d orthogonal to all of these, per dimension.
    pub variance: f64,
}

impl Final {
    /// Of learnt denoisers. With A and B of the second phase the flow orthogonal to the data is multiplied by
    /// s(τ) = √((β²A + α²B)/B), and along the data it is ±β n/(λ + n) and so on; along the fixed noise
    /// √(n/k) (α − s)/(λ + n), because (α − s)′ = (s′/s)(α − s) + s′/s α − α′.
    pub fn learnt(setting: &Setting) -> Final {
        let (n, lambda, data) = (setting.n as f64, setting.lambda, setting.sigma * setting.sigma);
        let ridge = 1.0 / (lambda + n);
        let per_datum = match setting.noise {
            Noise::Fresh => 0.0,
            Noise::Fixed(k) => 1.0 / k as f64,
        };
        let a = (lambda * (1.0 + data) + (n - 1.0) * data) * ridge;
        let b = 1.0 - per_datum * ridge;
        let variance = a / b;
        Final {
            m: n * ridge,
            z: setting.sigma * ridge,
            eta: n.sqrt() * setting.sigma * ridge,
            xi: if per_datum > 0.0 { -(n * per_datum * variance).sqrt() * ridge } else { 0.0 },
            variance,
        }
    }

    /// Of the exact denoiser.
    pub fn exact(setting: &Setting) -> Final {
        Final { m: 1.0, z: 0.0, eta: 0.0, xi: 0.0, variance: setting.sigma * setting.sigma }
    }
}

/// Whether in the second phase the networks take every sample for one of the larger class as d → ∞, so that all end there:
/// at w·x + b of least norm the bias outweighs what a sample of the smaller class has along w. With fixed noise that is so
/// at the start of the phase, whatever the data, unless the classes are equal; with fresh noise where
/// σ²(1/n₋ − 1/n₊) > 4(n + σ²)/(λ + n).
pub fn larger_class_takes_all(setting: &Setting, [plus, minus]: [usize; 2]) -> bool {
    let (plus, minus) = (plus as f64, minus as f64);
    if plus == minus {
        return false;
    }
    let data = setting.sigma * setting.sigma;
    let bias = data * (1.0 / minus - 1.0 / plus).abs();
    setting.noise != Noise::Fresh || bias * (setting.lambda + plus + minus) > 4.0 * (plus + minus + data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_kappa_is_that_of_the_table() {
        // Φ(2) = 0.977249868051821 (tables).
        assert!(
            (p_kappa(0.8, 2.0) - (0.8 * 0.977_249_868_051_821 + 0.2 * 0.022_750_131_948_179)).abs() < 1e-14
        );
        assert_eq!(p_kappa(0.5, 1.0), 0.5);
        // The best classifier is right more often than the sign.
        assert!(p_first_step(0.8, 1.0) > p_kappa(0.8, 1.0));
        assert!((p_first_step(0.8, 12.0) - 0.8).abs() < 1e-15);
    }

    #[test]
    fn learnt_variance_tends_to_sample_variance() {
        let setting = |k: f64| {
            Setting::new(|name| match name {
                "n" => Some(8.0),
                "p" => Some(0.75),
                "lambda" => Some(0.1),
                "k" => Some(k),
                _ => None,
            })
            .unwrap()
        };
        let last = Final::learnt(&setting(f64::INFINITY));
        // theory.md section 6 of the project's notes: 0.98765, 0.88889, 0.349.
        assert!((last.m - 0.987_654_3).abs() < 1e-6 && (last.variance - 0.888_888_9).abs() < 1e-6);
        assert!((last.eta - 0.349).abs() < 5e-4 && last.xi == 0.0);
        // λ = 0: σ²(n − 1)/n.
        let free = Setting { lambda: 0.0, ..setting(f64::INFINITY) };
        assert!((Final::learnt(&free).variance - 7.0 / 8.0).abs() < 1e-15);
        assert!(Final::learnt(&setting(1.0)).xi < -0.3);
    }
}
