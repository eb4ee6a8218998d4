//! The loss of one data set after everything but (a, b) has been eliminated.
//!
//! w = Σ_k a_k y_k lies in the span of the data (and of the fixed noise): no other direction lowers the loss. For
//! given w and b the loss is a least-squares problem in u and c, so that with v = Σ_i E[φ_i (x₁ⁱ − c x_tⁱ)] =
//! v⁰ + c v¹ (coefficients in the vectors y, Gram matrix G)
//!
//! D = λ + Σ E φ², c = B/A, u = v/D, and loss·2/d = tr G − B²/A − v⁰ᵀGv⁰/D + ℓ r,
//! A = Σ E|x_t|²/d − v¹ᵀGv¹/D, B = Σ E x_t·x₁/d + v⁰ᵀGv¹/D, r = aᵀGa.
//!
//! What φ is differs between noise that is integrated out ([`Integrated`], section 5 of the theory) and noise that is
//! fixed ([`FixedNoise`]); the elimination and its gradient are shared. At the eliminated u and c the loss is
//! stationary in them, so that the gradient needs their values only: with e = v/D and q = eᵀGe,
//! dE = −2 (Ge)·(dv⁰ + c dv¹) + q dD + 2ℓ (Ga)·da.
//!
//! dv and da are met by G only: ∂E/∂a = Gĝ, where ĝ, the gradient in the metric |w|²/d = aᵀGa, is known before G is applied.

use nalgebra::{DMatrix, DVector};

mod fixed_noise;
mod integrated;
mod product;
#[cfg(test)]
mod tests;

pub use fixed_noise::FixedNoise;
pub use integrated::Integrated;
pub use product::product;

/// The eliminated loss at a point.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// loss·2/d − tr G.
    pub energy: f64,
    /// ĝ, the gradient in the metric of the Gram matrix.
    pub natural: DVector<f64>,
    /// Gĝ = ∂E/∂a.
    pub gradient: DVector<f64>,
    /// ∂E/∂b.
    pub gradient_b: f64,
    /// Coefficient of the linear part.
    pub c: f64,
    /// u = Σ e_k y_k.
    pub e: DVector<f64>,
    /// r = |w|²/d.
    pub r: f64,
    /// q = |u|²/d.
    pub q: f64,
    /// Averages of the activations, one per row.
    pub phi: Vec<f64>,
}

/// An eliminated loss.
pub trait ReducedLoss {
    /// The Gram matrix of the vectors y.
    fn gram(&self) -> &DMatrix<f64>;

    /// The scale of the pre-activation, √d β.
    fn scale(&self) -> f64;

    /// The loss and its gradient at w = Σ a_k y_k and bias b; `g` is Ga.
    fn evaluate(&self, a: &DVector<f64>, g: &DVector<f64>, b: f64) -> Evaluation;

    /// The same, where Ga is not known.
    fn at(&self, a: &DVector<f64>, b: f64) -> Evaluation {
        self.evaluate(a, &product(self.gram(), a), b)
    }
}

/// u and c eliminated: what both kinds of noise share.
struct Elimination {
    energy: f64,
    c: f64,
    e: DVector<f64>,
    /// Ge.
    y: DVector<f64>,
    q: f64,
}

/// v⁰ and v¹ each with its product with G; `spread` is Σ E|x_t|²/d, `target` Σ E x_t·x₁/d, `weight` D.
fn eliminate(
    (v0, gv0): (&DVector<f64>, &DVector<f64>),
    (v1, gv1): (&DVector<f64>, &DVector<f64>),
    (spread, target, weight): (f64, f64, f64),
    decay: f64,
) -> Elimination {
    let a = spread - v1.dot(gv1) / weight;
    let b = target + v0.dot(gv1) / weight;
    // A is a sum of squares; where it vanishes (σ = 0 at τ = 1) c is not determined and 0 is as good as any.
    let c = if a > f64::EPSILON * spread { b / a } else { 0.0 };
    let e = (v0 + c * v1) / weight;
    let y = (gv0 + c * gv1) / weight;
    let q = e.dot(&y);
    Elimination { energy: -c * b - v0.dot(gv0) / weight + decay, c, e, y, q }
}
