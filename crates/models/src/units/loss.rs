//! The loss of a denoiser of K softmax units, the linear part and the output weights eliminated: f(x) = c x + Σ_k u_k softmax_k(h),
//! h_k = w_k·x/√d + b_k, on data of which only the Gram matrix G_ij = x_i·x_j/d matters. No direction outside the data lowers it: w_k = Σ_i a_ik x_i.
//!
//! With h of a datum normal, of mean √d β (Ga)_i + b and covariance α² aᵀGa, Φ_i = E φ, Φ2_i = E φφᵀ, J = Σ_i (diag Φ_i − Φ2_i) and D = λ + Σ_i Φ2_i,
//!
//! ```text
//! v⁰ = Φ,  v¹ = −βΦ − (α²/√d) a J,  A = Σ_i (α² + β²G_ii) − tr D⁻¹ v¹ᵀGv¹,  B = β Σ_i G_ii + tr D⁻¹ v⁰ᵀGv¹
//! c = B/A,  u_k = Σ_i e_ik x_i with e = (v⁰ + c v¹) D⁻¹,  loss = −B²/A − tr D⁻¹ v⁰ᵀGv⁰ + ℓ tr aᵀGa
//! ```
//!
//! which is 2/d of the loss without Σ_i G_ii (Stein's lemma: E ξφ_k = α Σ_l w_l/√d E ∂φ_k/∂h_l). Since c and e minimise it, its gradient is that at fixed c and e.

use nalgebra::{DMatrix, DVector};
use overlaps::average::rule;

/// The most units: a product of rules over K − 1 normal numbers.
pub(super) const MOST_UNITS: usize = 3;
/// Nodes of less weight are left out; what is averaged is bounded by numbers of order 1.
const LIGHTEST: f64 = 1e-18;

type Matrix = DMatrix<f64>;
/// A number for each unit.
type PerUnit = [f64; MOST_UNITS];

/// What depends on the time and on parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setting {
    pub d: f64,
    /// x_t = α ξ + β x₁.
    pub alpha: f64,
    pub beta: f64,
    pub lambda: f64,
    pub ell: f64,
}

/// What is minimised, for so many units.
pub(super) struct Loss {
    pub setting: Setting,
    pub units: usize,
    pub gram: Matrix,
    /// G = L Lᵀ.
    lower: Matrix,
    /// Orthonormal columns that sum to 0: a softmax is not changed by what its units share, and the ridge penalty of w wants none.
    basis: Matrix,
    /// √n of the n equal data that a vector x_i = Σ x/√n stands for.
    pub root: Vec<f64>,
    /// Σ_i G_ii of all data.
    trace: f64,
}

/// The loss at a point.
#[derive(Debug, Clone)]
pub(super) struct Evaluation {
    pub loss: f64,
    /// In the coordinates of the point.
    pub gradient: DVector<f64>,
    pub c: f64,
    /// Weights of the data in w and u, n×K.
    pub a: Matrix,
    pub e: Matrix,
    pub b: DVector<f64>,
    /// Largest Φ_ik of each unit.
    pub used: PerUnit,
}

/// Nodes and weights for K − 1 normal numbers.
fn nodes(units: usize, rung: usize) -> Vec<([f64; MOST_UNITS - 1], f64)> {
    let rule = rule(rung);
    let one = || rule.nodes.iter().copied().zip(rule.weights.iter().copied());
    let heavy = |(_, weight): &([f64; MOST_UNITS - 1], f64)| *weight > LIGHTEST;
    match units {
        1 => vec![([0.0; 2], 1.0)],
        2 => one().map(|(x, w)| ([x, 0.0], w)).filter(heavy).collect(),
        _ => one().flat_map(|(x, w)| one().map(move |(y, v)| ([x, y], w * v))).filter(heavy).collect(),
    }
}

/// The softmax of `units` numbers.
pub(super) fn softmax(h: &PerUnit, units: usize) -> PerUnit {
    let largest = h[..units].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut phi = [0.0; MOST_UNITS];
    // exp 0 = 1 needs no exp, which is what takes time.
    (0..units).for_each(|k| phi[k] = if h[k] == largest { 1.0 } else { libm::exp(h[k] - largest) });
    let sum: f64 = phi.iter().sum();
    phi.map(|p| p / sum)
}

/// Softmax values of fields of these means, and of deviations that are the same for all, at each node: with its weights.
pub(super) fn at_nodes(
    means: &Matrix,
    covariance: &Matrix,
    basis: &Matrix,
    rung: usize,
) -> Vec<(f64, Vec<PerUnit>)> {
    let units = basis.nrows();
    // A root of the covariance by hand, as it may be singular.
    let entry = |r: usize, s: usize| if r.max(s) + 1 < units { covariance[(r, s)] } else { 0.0 };
    let first = entry(0, 0).max(0.0).sqrt();
    let side = if first > 0.0 { entry(1, 0) / first } else { 0.0 };
    let second = (entry(1, 1) - side * side).max(0.0).sqrt();
    let of_unit = |fields: &[f64]| -> PerUnit {
        let along = |k: usize| (0..units - 1).map(|r| basis[(k, r)] * fields[r]).sum();
        std::array::from_fn(|k| if k < units { along(k) } else { 0.0 })
    };
    let rows: Vec<PerUnit> =
        means.row_iter().map(|row| of_unit(&row.iter().copied().collect::<Vec<_>>())).collect();
    let at = |(z, weight): ([f64; 2], f64)| {
        let noise = of_unit(&[first * z[0], side * z[0] + second * z[1]]);
        let field = |mean: &PerUnit| softmax(&std::array::from_fn(|k| mean[k] + noise[k]), units);
        (weight, rows.iter().map(field).collect())
    };
    nodes(units, rung).into_iter().map(at).collect()
}

/// E φ_k and E φ_kφ_l of every row of means.
pub(super) fn moments(at: &[(f64, Vec<PerUnit>)], units: usize) -> Vec<(DVector<f64>, Matrix)> {
    let rows = at.first().map_or(0, |(_, rows)| rows.len());
    let of_row = |i: usize| {
        let (mut first, mut second) = ([0.0; MOST_UNITS], [[0.0; MOST_UNITS]; MOST_UNITS]);
        for (weight, rows) in at {
            let phi = &rows[i];
            for k in 0..units {
                first[k] += weight * phi[k];
                (0..=k).for_each(|l| second[k][l] += weight * phi[k] * phi[l]);
            }
        }
        let second = Matrix::from_fn(units, units, |k, l| second[k.max(l)][k.min(l)]);
        (DVector::from_fn(units, |k, _| first[k]), second)
    };
    (0..rows).map(of_row).collect()
}

/// Σ_ij x_ik G_ij y_il.
fn product(x: &Matrix, gram: &Matrix, y: &Matrix) -> Matrix {
    x.tr_mul(&(gram * y))
}

impl Loss {
    /// Of data with this Gram matrix; of vectors that stand for n equal data each, given √n and Σ G_ii of all data. None if it is singular.
    pub fn new(setting: Setting, units: usize, gram: &Matrix, root: Vec<f64>, trace: f64) -> Option<Loss> {
        let basis = Matrix::from_fn(units, units - 1, |k, r| {
            let norm = ((r + 1) as f64 * (r + 2) as f64).sqrt();
            match k {
                k if k <= r => 1.0 / norm,
                k if k == r + 1 => -((r + 1) as f64) / norm,
                _ => 0.0,
            }
        });
        let lower = gram.clone().cholesky()?.unpack();
        Some(Loss { setting, units, gram: gram.clone(), lower, basis, root, trace })
    }

    /// How many numbers a point has: Lᵀa without what its units share, row by row, then b.
    pub fn size(&self) -> usize {
        (self.gram.nrows() + 1) * (self.units - 1)
    }

    /// The point of these weights and biases.
    pub fn point(&self, a: &Matrix, b: &DVector<f64>) -> DVector<f64> {
        let weights = self.lower.tr_mul(&(a * &self.basis));
        let biases = self.basis.tr_mul(b);
        DVector::from_iterator(self.size(), weights.transpose().iter().chain(biases.iter()).copied())
    }

    /// The weights without what the units share, and the biases likewise.
    fn parts(&self, x: &DVector<f64>) -> (Matrix, DVector<f64>) {
        let (n, free) = (self.gram.nrows(), self.units - 1);
        let mut y = Matrix::from_row_slice(n, free, &x.as_slice()[..n * free]);
        let solved = self.lower.tr_solve_lower_triangular_mut(&mut y);
        debug_assert!(solved, "the factor of a positive matrix has a positive diagonal");
        (y, x.rows(n * free, free).into_owned())
    }

    /// Fields of test data of these means (over √d β, without the bias) and of this variance of x·v/|v| for a v in the span of the data.
    pub fn fields(
        &self,
        of: &Evaluation,
        means: &Matrix,
        variance: f64,
        rung: usize,
    ) -> Vec<(DVector<f64>, Matrix)> {
        let (y, scale) = (&of.a * &self.basis, self.setting.d.sqrt() * self.setting.beta);
        let biases = self.basis.tr_mul(&of.b);
        let mut fields = means * &self.basis * scale;
        fields.row_iter_mut().for_each(|mut row| row += biases.transpose());
        let covariance = product(&y, &self.gram, &y) * variance;
        moments(&at_nodes(&fields, &covariance, &self.basis, rung), self.units)
    }

    /// The loss with its gradient; averages by the rule of a rung.
    pub fn at(&self, x: &DVector<f64>, rung: usize) -> Evaluation {
        let Setting { d, alpha, beta, lambda, ell } = self.setting;
        let (n, units, (y, b)) = (self.gram.nrows(), self.units, self.parts(x));
        let (noise, scale) = (alpha * alpha / d.sqrt(), d.sqrt() * beta);
        let seen = &self.gram * &y;
        let means = Matrix::from_fn(n, units - 1, |i, r| scale * seen[(i, r)] / self.root[i] + b[r]);
        let at = at_nodes(&means, &(y.tr_mul(&seen) * (alpha * alpha)), &self.basis, rung);
        let averages = moments(&at, units);
        let phi = Matrix::from_fn(n, units, |i, k| self.root[i] * averages[i].0[k]);
        let squares = self.root.iter().map(|root| root * root);
        let (mut second, mut jacobian) = (Matrix::zeros(units, units), Matrix::zeros(units, units));
        for ((first, both), square) in averages.iter().zip(squares.clone()) {
            second += both * square;
            jacobian += Matrix::from_diagonal(first) * square;
        }
        jacobian -= &second;
        let inverse = (second + Matrix::identity(units, units) * lambda).try_inverse();
        // Positive, as λ > 0.
        let inverse = inverse.unwrap_or_else(|| Matrix::from_element(units, units, f64::NAN));
        let a = &y * self.basis.transpose();
        let v1 = &phi * -beta - &a * &jacobian * noise;
        let traced = |x: &Matrix, y: &Matrix| (&inverse * product(x, &self.gram, y)).trace();
        let of_c = alpha * alpha * squares.clone().sum::<f64>() + beta * beta * self.trace - traced(&v1, &v1);
        let drive = beta * self.trace + traced(&phi, &v1);
        let c = drive / of_c;
        let e = (&phi + &v1 * c) * &inverse;
        let loss = -drive * drive / of_c - traced(&phi, &phi) + ell * y.dot(&seen);

        // At fixed c and e: by Φ, by Φ2 and by a itself.
        let (with_e, overlap) = (&self.gram * &e, product(&e, &self.gram, &a));
        let by_second = e.tr_mul(&with_e) - (&overlap + overlap.transpose()) * (c * noise);
        let by_first = |i: usize, k: usize| {
            let root = self.root[i];
            2.0 * root * root * c * noise * overlap[(k, k)] - 2.0 * (1.0 - c * beta) * root * with_e[(i, k)]
        };
        let by_first = Matrix::from_fn(n, units, by_first);
        let squares: Vec<f64> = squares.collect();
        let (slopes, bends) = slopes(&at, &by_first, &by_second, &squares);
        let (slopes, bends) = (slopes * &self.basis, self.basis.tr_mul(&bends) * &self.basis);
        let pulled = Matrix::from_fn(n, units - 1, |i, r| scale * slopes[(i, r)] / self.root[i]);
        let by_a = pulled
            + &y * bends * (alpha * alpha)
            + &e * &jacobian * &self.basis * (2.0 * c * noise)
            + &y * (2.0 * ell);
        let by_x = self.lower.tr_mul(&by_a).transpose();
        let by_b = slopes.row_sum();
        let gradient = DVector::from_iterator(self.size(), by_x.iter().chain(by_b.iter()).copied());
        let used = std::array::from_fn(|k| {
            averages.iter().filter_map(|(first, _)| first.get(k)).copied().fold(0.0, f64::max)
        });
        Evaluation { loss, gradient, c, a, e, b: &self.basis * b, used }
    }
}

/// Of Σ_i E[p_i·φ + n_i φᵀPφ]: the derivative by the mean of every field, and Σ_i E of the second derivatives (Price's theorem).
fn slopes(at: &[(f64, Vec<PerUnit>)], p: &Matrix, matrix: &Matrix, squares: &[f64]) -> (Matrix, Matrix) {
    let (n, units) = p.shape();
    let (mut first, mut second) = (Matrix::zeros(n, units), Matrix::zeros(units, units));
    for (weight, rows) in at {
        for (i, phi) in rows.iter().enumerate() {
            let mut with = [0.0; MOST_UNITS];
            (0..units).for_each(|k| {
                with[k] = squares[i] * (0..units).map(|l| matrix[(k, l)] * phi[l]).sum::<f64>()
            });
            let (mut mean, mut quadratic) = (0.0, 0.0);
            for k in 0..units {
                mean += phi[k] * (p[(i, k)] + 2.0 * with[k]);
                quadratic += phi[k] * with[k];
            }
            let slope: PerUnit = std::array::from_fn(|k| {
                if k < units { phi[k] * (p[(i, k)] + 2.0 * with[k] - mean) } else { 0.0 }
            });
            for k in 0..units {
                first[(i, k)] += weight * slope[k];
                second[(k, k)] += weight * slope[k];
                for l in 0..units {
                    let bend = squares[i] * matrix[(k, l)] - with[k] - with[l] + quadratic;
                    second[(k, l)] +=
                        weight * (2.0 * phi[k] * phi[l] * bend - phi[l] * slope[k] - phi[k] * slope[l]);
                }
            }
        }
    }
    (first, second)
}
