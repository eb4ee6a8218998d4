//! The eliminated loss with the noise integrated out.

use nalgebra::{DMatrix, DVector};

use super::{Evaluation, ReducedLoss, eliminate, product};
use crate::mixture::simulate::activation::{Moments, moments};
use crate::mixture::simulate::data::Gram;
use crate::mixture::{Coefficients, Setting};

/// Rows that stand for several samples each, with the noise integrated out.
#[derive(Debug, Clone)]
pub struct Integrated {
    /// Sums of G over the samples of the rows.
    matrix: DMatrix<f64>,
    /// Samples per row.
    multiplicity: Vec<f64>,
    /// tr G.
    trace: f64,
    at: Coefficients,
    root_d: f64,
    lambda: f64,
    ell: f64,
    /// Rung of the ladder of quadrature rules.
    pub rung: usize,
}

impl Integrated {
    /// One row per sample.
    pub fn new(setting: &Setting, gram: &Gram, at: Coefficients, rung: usize) -> Integrated {
        let n = gram.n();
        Integrated {
            matrix: gram.matrix.view((0, 0), (n, n)).into_owned(),
            multiplicity: vec![1.0; n],
            trace: gram.trace(),
            at,
            root_d: setting.root_d(),
            lambda: setting.lambda,
            ell: setting.ell,
            rung,
        }
    }

    /// One row per class: the Gram matrix is replaced by its mean within the classes, all samples of a class have the
    /// same coefficient. A class without samples has no row.
    pub fn of_classes(
        setting: &Setting,
        gram: &Gram,
        at: Coefficients,
        rung: usize,
    ) -> (Integrated, Vec<f64>) {
        let n = gram.n();
        let classes: Vec<f64> = [1.0, -1.0].into_iter().filter(|s| gram.labels.contains(s)).collect();
        let of = |s: f64| (0..n).filter(move |i| gram.labels[*i] == s);
        let matrix = DMatrix::from_fn(classes.len(), classes.len(), |k, l| {
            of(classes[k]).map(|i| of(classes[l]).map(|j| gram.matrix[(i, j)]).sum::<f64>()).sum()
        });
        let multiplicity = classes.iter().map(|s| of(*s).count() as f64).collect();
        (Integrated { matrix, multiplicity, ..Integrated::new(setting, gram, at, rung) }, classes)
    }

    /// Standard deviation of the pre-activation over the noise, α√r.
    pub fn width(&self, r: f64) -> f64 {
        self.at.alpha * r.sqrt()
    }

    /// The largest difference of any average Φ, Φ2 between the rung in use and the one below.
    pub fn quadrature_error(&self, a: &DVector<f64>, b: f64) -> f64 {
        let g = product(&self.matrix, a);
        let rho = self.width(a.dot(&g).max(0.0));
        let lower = self.rung.saturating_sub(1);
        let rows = g.iter().zip(&self.multiplicity);
        rows.map(|(g, multiplicity)| {
            let h = self.at.scale * g / multiplicity + b;
            let (fine, coarse) = (moments(h, rho, self.rung), moments(h, rho, lower));
            (fine.phi - coarse.phi).abs().max((fine.phi2 - coarse.phi2).abs())
        })
        .fold(0.0, f64::max)
    }

    /// The constant solution tanh b = sign, w = 0.
    pub fn constant(&self, sign: f64) -> Evaluation {
        let rows = self.multiplicity.len();
        let v0 = DVector::from_element(rows, sign);
        let gv0 = product(&self.matrix, &v0);
        let beta = self.at.beta;
        let v1 = (&(-beta * &v0), &(-beta * &gv0));
        let done = eliminate((&v0, &gv0), v1, self.sums(self.samples()), 0.0);
        Evaluation {
            energy: done.energy,
            natural: DVector::zeros(rows),
            gradient: DVector::zeros(rows),
            gradient_b: 0.0,
            c: done.c,
            e: done.e,
            r: 0.0,
            q: done.q,
            phi: v0.iter().copied().collect(),
        }
    }

    fn samples(&self) -> f64 {
        self.multiplicity.iter().sum()
    }

    fn sums(&self, phi2: f64) -> (f64, f64, f64) {
        let Coefficients { alpha, beta, .. } = self.at;
        (self.samples() * alpha * alpha + beta * beta * self.trace, beta * self.trace, self.lambda + phi2)
    }
}

impl ReducedLoss for Integrated {
    fn gram(&self) -> &DMatrix<f64> {
        &self.matrix
    }

    fn scale(&self) -> f64 {
        self.at.scale
    }

    /// v⁰ = Φ, v¹ = −βΦ − γ S a with S = ΣΦ′ and γ = α²/√d, by Stein's lemma E[x₀φ] = α w/√d E φ′.
    fn evaluate(&self, a: &DVector<f64>, g: &DVector<f64>, b: f64) -> Evaluation {
        let Coefficients { alpha, beta, scale } = self.at;
        let gamma = alpha * alpha / self.root_d;
        let r = a.dot(g).max(0.0);
        let rho = self.width(r);
        let rows: Vec<Moments> = (g.iter().zip(&self.multiplicity))
            .map(|(g, multiplicity)| moments(scale * g / multiplicity + b, rho, self.rung))
            .collect();
        let sum = |of: fn(&Moments) -> f64| -> f64 {
            rows.iter().zip(&self.multiplicity).map(|(row, multiplicity)| multiplicity * of(row)).sum()
        };
        let slope = sum(|row| row.slope);
        let v0 = DVector::from_iterator(rows.len(), rows.iter().map(|row| row.phi));
        let gv0 = product(&self.matrix, &v0);
        let (v1, gv1) = (-beta * &v0 - gamma * slope * a, -beta * &gv0 - gamma * slope * g);
        let done = eliminate((&v0, &gv0), (&v1, &gv1), self.sums(sum(|row| row.phi2)), self.ell * r);

        // dE = Σ_i (along_i dΦ_i + ν_i across dΦ2_i) + 2cγS y·da + 2ℓ g·da, since dS = −Σ ν_i dΦ2_i.
        let across = done.q - 2.0 * done.c * gamma * done.y.dot(a);
        let along = (-2.0 * (1.0 - done.c * beta)) * &done.y;
        let mut by_width = 0.0;
        let by_field: Vec<f64> = (rows.iter().zip(&self.multiplicity).enumerate())
            .map(|(i, (row, multiplicity))| {
                let twice = 2.0 * multiplicity * across;
                by_width += along[i] * row.z_slope + twice * row.z_phi_slope;
                along[i] * row.slope + twice * row.phi_slope
            })
            .collect();
        let fields =
            by_field.iter().zip(&self.multiplicity).map(|(f, multiplicity)| scale * f / multiplicity);
        let fields = DVector::from_iterator(rows.len(), fields);
        // ρ = α√r and dr = 2 g·da.
        let width = if r > 0.0 { alpha * by_width / r.sqrt() } else { 0.0 };
        let (by_e, by_a) = (2.0 * done.c * gamma * slope, width + 2.0 * self.ell);
        let gradient = product(&self.matrix, &fields) + by_e * &done.y + by_a * g;
        Evaluation {
            energy: done.energy,
            natural: fields + by_e * &done.e + by_a * a,
            gradient,
            gradient_b: by_field.iter().sum(),
            c: done.c,
            e: done.e,
            r,
            q: done.q,
            phi: v0.iter().copied().collect(),
        }
    }
}
