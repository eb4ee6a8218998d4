//! From a learnt denoiser to its overlaps.

use super::activation::moments;
use super::data::{Gram, p_bar};
use super::reduced::Evaluation;
use crate::mixture::{Coefficients, Overlaps, Setting};
use overlaps::average::{rule, rungs};

/// What the errors need beside u, w, b and c: scalar products divided by d.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scalars {
    /// μ·w/d.
    pub omega: f64,
    /// μ·u/d.
    pub m: f64,
    /// |u|²/d.
    pub q: f64,
    /// |w|²/d.
    pub r: f64,
    /// u·w/d.
    pub uw: f64,
    /// Bias.
    pub b: f64,
    /// Coefficient of the linear part.
    pub c: f64,
}

/// The lowest rung of the ladder on which averages of tanh(h + ρz) are within round-off: the error of the trapezoid
/// rule of spacing h is exp(−π²/(ρh)), and its interval is 18 wide.
pub fn rung_for(rho: f64) -> usize {
    let nodes = 64.0 * rho;
    let enough = |rung: &usize| match rule(*rung).nodes.len() {
        // Gauss–Hermite converges slowly once the poles come near.
        16 => rho < 0.02,
        32 => rho < 0.1,
        64 => rho < 0.4,
        n if n < 128 => rho < 0.8,
        n => n as f64 >= nodes,
    };
    (1..rungs()).find(enough).unwrap_or(rungs() - 1)
}

/// E|f(x_t) − x₁|²/d on new data and new noise: h = √d β s ω + b + √((α² + β²σ²) r) z, and by Stein's lemma
/// E[φ u·z]/d = σβ/√d (u·w/d) E φ′ and E[φ u·x₀]/d = α/√d (u·w/d) E φ′.
pub fn test_error(setting: &Setting, at: Coefficients, s: &Scalars) -> f64 {
    let Coefficients { alpha, beta, scale } = at;
    let variance = setting.sigma * setting.sigma;
    let rho = ((alpha * alpha + beta * beta * variance) * s.r).sqrt();
    let rung = rung_for(rho);
    let linear = s.c * s.c * (alpha * alpha + beta * beta * (1.0 + variance))
        + (1.0 - 2.0 * s.c * beta) * (1.0 + variance);
    let class = |sign: f64| {
        let m = moments(scale * sign * s.omega + s.b, rho, rung);
        let with_data = s.m * sign * m.phi + variance * beta / setting.root_d() * s.uw * m.slope;
        let with_noise = alpha / setting.root_d() * s.uw * m.slope;
        s.q * m.phi2 + 2.0 * s.c * (alpha * with_noise + beta * with_data) - 2.0 * with_data
    };
    linear + setting.p_test * class(1.0) + (1.0 - setting.p_test) * class(-1.0)
}

/// The mean of a quantity over the samples of each class, + and −; NaN for a class without samples.
pub fn class_means(labels: &[f64], value: impl Fn(usize) -> f64) -> [f64; 2] {
    [1.0, -1.0].map(|class| {
        let members: Vec<usize> = (0..labels.len()).filter(|i| labels[*i] == class).collect();
        members.iter().map(|i| value(*i)).sum::<f64>() / members.len() as f64
    })
}

/// The sign of (u, w, b) that is reported: ω ≥ 0. On the constant solution, whose activations all have the sign given, the
/// larger class has activation +1 as in the equation files, + if they are equal: m ≥ 0 but for scatter.
pub fn gauge(labels: &[f64], omega: f64, constant: Option<f64>) -> f64 {
    let keep = match constant {
        Some(phi) => (phi > 0.0) == (p_bar(labels) >= 0.5),
        None => omega >= 0.0,
    };
    if keep { 1.0 } else { -1.0 }
}

/// A sum of squares without the round-off that makes it negative; NaN stays NaN.
pub fn not_negative(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

/// The overlaps of the denoiser at w = Σ a_k y_k, bias b and the u and c of an evaluation there.
pub fn overlaps(
    setting: &Setting,
    gram: &Gram,
    at: Coefficients,
    a: &[f64],
    b: f64,
    e: &Evaluation,
) -> Overlaps {
    let n = gram.n();
    // A solution of the integrated loss has coefficients of the data only.
    let along =
        |row: usize, x: &[f64]| x.iter().enumerate().map(|(k, x)| gram.along[(row, k)] * x).sum::<f64>();
    let mean = |x: &[f64]| x.iter().enumerate().map(|(k, x)| gram.mean[k] * x).sum::<f64>();
    let u = e.e.as_slice();
    let uw = (0..u.len()).map(|k| u[k] * (0..a.len()).map(|l| gram.matrix[(k, l)] * a[l]).sum::<f64>()).sum();
    let (omega, m) = (mean(a), mean(u));
    let scalars = Scalars { omega, m, q: e.q, r: e.r, uw, b, c: e.c };
    let training = gram.trace() + e.energy - setting.lambda * e.q - setting.ell * e.r;
    let noise_rows = n..gram.matrix.nrows();
    let noise = noise_rows.len();
    let q_xi =
        noise_rows.map(|x| gram.labels[(x - n) / (noise / n)] * along(x, u)).sum::<f64>() / noise as f64;
    let flip = gauge(&gram.labels, omega, e.phi.first().copied().filter(|_| b.is_infinite()));
    let signed = |x: f64| if x == 0.0 { 0.0 } else { flip * x };
    Overlaps {
        omega: signed(omega),
        b: signed(b),
        c: e.c,
        m: signed(m),
        q_eta: class_means(&gram.labels, |i| along(i, u)).map(signed),
        p_eta: class_means(&gram.labels, |i| along(i, a)).map(signed),
        q_xi: signed(q_xi),
        q: e.q,
        r: e.r,
        mse_train: not_negative(training / n as f64),
        mse_test: not_negative(test_error(setting, at, &scalars)),
    }
}
