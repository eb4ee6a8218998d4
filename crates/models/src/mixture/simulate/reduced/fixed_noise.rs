//! The eliminated loss with k fixed noise samples per datum.

use nalgebra::{DMatrix, DVector};

use super::{Evaluation, ReducedLoss, eliminate, product};
use crate::mixture::simulate::data::Gram;
use crate::mixture::{Coefficients, Noise, Setting};
use overlaps::numeric::tanh_and_sech2;

/// k fixed noise samples per datum: the vectors y are the data, then the noise, sample by sample.
#[derive(Debug, Clone)]
pub struct FixedNoise<'g> {
    gram: &'g Gram,
    k: usize,
    at: Coefficients,
    root_d: f64,
    lambda: f64,
    ell: f64,
    /// (1/k) Σ|x_t|²/d and (1/k) Σ x_t·x₁/d.
    spread: f64,
    target: f64,
}

impl<'g> FixedNoise<'g> {
    /// The loss of a data set with its fixed noise.
    pub fn new(setting: &Setting, gram: &'g Gram, at: Coefficients) -> FixedNoise<'g> {
        let (n, g) = (gram.n(), &gram.matrix);
        let k = match gram.noise {
            Noise::Fixed(k) => k,
            Noise::Fresh => 0,
        };
        let Coefficients { alpha, beta, .. } = at;
        let (mut spread, mut target) = (0.0, 0.0);
        for j in 0..n * k {
            let (i, x) = (j / k, n + j);
            spread += alpha * alpha * g[(x, x)] + 2.0 * alpha * beta * g[(i, x)] + beta * beta * g[(i, i)];
            target += alpha * g[(i, x)] + beta * g[(i, i)];
        }
        let (lambda, ell, inverse) = (setting.lambda, setting.ell, 1.0 / k as f64);
        let (spread, target) = (inverse * spread, inverse * target);
        FixedNoise { gram, k, at, root_d: setting.root_d(), lambda, ell, spread, target }
    }

    /// The constant solution tanh b = sign, w = 0.
    pub fn constant(&self, sign: f64) -> Evaluation {
        let count = self.gram.matrix.nrows();
        let zero = DVector::zeros(count);
        self.at_activations(&zero, &zero, &vec![(sign, 0.0); self.gram.n() * self.k])
    }

    /// With the activations φ of all noise samples and their derivatives.
    fn at_activations(&self, a: &DVector<f64>, g: &DVector<f64>, rows: &[(f64, f64)]) -> Evaluation {
        let Coefficients { alpha, beta, .. } = self.at;
        let (n, k, inverse) = (self.gram.n(), self.k, 1.0 / self.k as f64);
        let r = a.dot(g).max(0.0);
        let mut v0 = DVector::zeros(n * (1 + k));
        let mut v1 = DVector::zeros(n * (1 + k));
        let mut phi2 = 0.0;
        for (j, (phi, _)) in rows.iter().enumerate() {
            v0[j / k] += inverse * phi;
            v1[n + j] = -alpha * inverse * phi;
            phi2 += inverse * phi * phi;
        }
        for i in 0..n {
            v1[i] = -beta * v0[i];
        }
        let sums = (self.spread, self.target, self.lambda + phi2);
        let (gv0, gv1) = (product(&self.gram.matrix, &v0), product(&self.gram.matrix, &v1));
        let done = eliminate((&v0, &gv0), (&v1, &gv1), sums, self.ell * r);
        let mut fields = DVector::zeros(n * (1 + k));
        let mut gradient_b = 0.0;
        for (j, (phi, slope)) in rows.iter().enumerate() {
            let (i, x) = (j / k, n + j);
            let by_phi = -2.0 * (1.0 - done.c * beta) * done.y[i]
                + 2.0 * done.c * alpha * done.y[x]
                + 2.0 * done.q * phi;
            let by_field = inverse * by_phi * slope;
            fields[i] += beta * self.root_d * by_field;
            fields[x] = alpha * self.root_d * by_field;
            gradient_b += by_field;
        }
        Evaluation {
            energy: done.energy,
            gradient: product(&self.gram.matrix, &fields) + 2.0 * self.ell * g,
            natural: fields + 2.0 * self.ell * a,
            gradient_b,
            c: done.c,
            e: done.e,
            r,
            q: done.q,
            phi: rows.iter().map(|(phi, _)| *phi).collect(),
        }
    }
}

impl ReducedLoss for FixedNoise<'_> {
    fn gram(&self) -> &DMatrix<f64> {
        &self.gram.matrix
    }

    fn scale(&self) -> f64 {
        self.at.scale.max(self.root_d * self.at.alpha)
    }

    fn evaluate(&self, a: &DVector<f64>, g: &DVector<f64>, b: f64) -> Evaluation {
        let n = self.gram.n();
        let rows: Vec<(f64, f64)> = (0..n * self.k)
            .map(|j| {
                let field = self.at.beta * g[j / self.k] + self.at.alpha * g[n + j];
                tanh_and_sech2(self.root_d * field + b)
            })
            .collect();
        self.at_activations(a, g, &rows)
    }
}
