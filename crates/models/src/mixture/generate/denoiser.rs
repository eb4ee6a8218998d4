//! A denoiser f(x) = c x + u tanh(w·x/√d + b) at one time, in an orthonormal basis of a space that holds u and w.

use crate::mixture::{Coefficients, Setting};

/// How many samples take their steps at once: their tanh are computed side by side.
pub const LANES: usize = 8;

/// A denoiser in a basis ê.
#[derive(Debug, Clone, PartialEq)]
pub struct Projected {
    /// Coefficient of the linear part.
    pub c: f64,
    /// u·ê_j/√d.
    pub u: Vec<f64>,
    /// w·ê_j/√d, so that w·x/√d = Σ w_j x_j with x_j = x·ê_j.
    pub w: Vec<f64>,
    /// Bias; may be infinite.
    pub b: f64,
}

impl Projected {
    /// tanh(w·x/√d + b).
    pub fn activation(&self, x: &[f64]) -> f64 {
        let along: f64 = self.w.iter().zip(x).map(|(w, x)| w * x).sum();
        overlaps::numeric::tanh_and_sech2(along + self.b).0
    }

    /// The same for several samples at once, by coordinate.
    pub fn activations(&self, x: &[[f64; LANES]]) -> [f64; LANES] {
        // −0, as sums begin.
        let mut fields = [-0.0; LANES];
        for (w, x) in self.w.iter().zip(x) {
            fields.iter_mut().zip(x).for_each(|(field, x)| *field += w * x);
        }
        fields.iter_mut().for_each(|field| *field += self.b);
        let mut activations = [0.0; LANES];
        overlaps::numeric::tanh_array(&fields, &mut activations);
        activations
    }
}

/// h with e^{2h} = p/(1 − p): half the log-odds of the modes.
pub fn half_log_odds(p: f64) -> f64 {
    0.5 * (p / (1.0 - p)).ln()
}

/// The exact denoiser E[x₁|x] of the mixture (eq. 9 of arXiv:2412.07972), in the basis μ/|μ|:
/// βσ²/(α² + σ²β²) x + α²/(α² + σ²β²) μ tanh(β μ·x/(α² + σ²β²) + h), |μ| = M√d.
pub fn exact(setting: &Setting, at: Coefficients) -> Projected {
    let Coefficients { alpha, beta, scale } = at;
    let data = setting.sigma * setting.sigma;
    // At τ = 1 with σ = 0 the sample is the datum, a mode: the limit.
    let spread = at.variance(setting.sigma).max(f64::MIN_POSITIVE);
    Projected {
        c: beta * data / spread,
        u: vec![setting.target.m() * alpha * alpha / spread],
        w: vec![setting.target.m() * scale / spread],
        b: half_log_odds(setting.p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_side_by_side_are_those_of_one_sample() {
        let denoiser = Projected { c: 0.3, u: vec![0.5, 0.1, 0.0], w: vec![1.3, -0.4, 2.0], b: 0.2 };
        let x: [[f64; LANES]; 3] =
            std::array::from_fn(|j| std::array::from_fn(|i| (1.7 * i as f64 + j as f64).sin()));
        let together = denoiser.activations(&x);
        for (i, together) in together.into_iter().enumerate() {
            assert_eq!(together, denoiser.activation(&x.map(|x| x[i])));
        }
    }
}
