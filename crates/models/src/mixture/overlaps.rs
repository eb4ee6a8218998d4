//! What is measured on a learnt denoiser f(x) = c x + u tanh(w·x/√d + b).

use ::overlaps::model::Quantity;

/// The overlaps, in the order of [`Overlaps::values`].
pub const OVERLAPS: [Quantity; 13] = [
    Quantity { name: "omega", meaning: "weight overlap μ·w/d" },
    Quantity { name: "b", meaning: "bias" },
    Quantity { name: "c", meaning: "coefficient of the linear part" },
    Quantity { name: "m", meaning: "μ·u/d" },
    Quantity { name: "q_eta_plus", meaning: "z·u/d, mean over the training samples of mode +" },
    Quantity { name: "q_eta_minus", meaning: "z·u/d, mean over the training samples of mode −" },
    Quantity { name: "p_eta_plus", meaning: "z·w/d, mean over the training samples of mode +" },
    Quantity { name: "p_eta_minus", meaning: "z·w/d, mean over the training samples of mode −" },
    Quantity { name: "q_xi", meaning: "s x₀·u/d, mean over the fixed noise samples" },
    Quantity { name: "q", meaning: "|u|²/d" },
    Quantity { name: "r", meaning: "|w|²/d" },
    Quantity { name: "mse_train", meaning: "training error per dimension" },
    Quantity { name: "mse_test", meaning: "test error per dimension" },
];

/// What is said of every row.
pub const LABELS: [Quantity; 3] = [
    Quantity { name: "method", meaning: "integrated (the noise), or trained" },
    Quantity { name: "data", meaning: "gram (drawn in law), or explicit" },
    Quantity { name: "branch", meaning: "kind of solution" },
];

/// Evidence for a row.
pub const CERTIFICATES: [Quantity; 5] = [
    Quantity { name: "loss", meaning: "loss per dimension" },
    Quantity { name: "energy", meaning: "2 loss/d − Σ|x₁|²/d, the energy of the equation files" },
    Quantity {
        name: "gradient_norm",
        meaning: "norm of the gradient of 2 loss/d in (s w/√d, b), s the scale of the pre-activation; trained: in u/√d and c too",
    },
    Quantity {
        name: "quadrature_error",
        meaning: "largest difference of any average from the next lower quadrature rule",
    },
    Quantity { name: "iterations", meaning: "iterations, or epochs" },
];

/// The overlaps of one learnt denoiser, with the sign of (u, w, b) that has ω ≥ 0. NaN where a quantity is not
/// defined: the class mean of a class without samples, q_ξ with fresh noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlaps {
    /// μ·w/d.
    pub omega: f64,
    /// Bias; infinite on the constant solution.
    pub b: f64,
    /// Coefficient of the linear part.
    pub c: f64,
    /// μ·u/d.
    pub m: f64,
    /// Class means of zⁱ·u/d, modes + and −.
    pub q_eta: [f64; 2],
    /// Class means of zⁱ·w/d, modes + and −.
    pub p_eta: [f64; 2],
    /// Mean of sⁱ x₀·u/d over the fixed noise samples.
    pub q_xi: f64,
    /// |u|²/d.
    pub q: f64,
    /// |w|²/d.
    pub r: f64,
    /// Error per dimension on the training samples, averaged over the noise they are seen with.
    pub mse_train: f64,
    /// Error per dimension on new samples and new noise.
    pub mse_test: f64,
}

impl Overlaps {
    /// The values in the order of [`OVERLAPS`].
    pub fn values(&self) -> [f64; 13] {
        [
            self.omega,
            self.b,
            self.c,
            self.m,
            self.q_eta[0],
            self.q_eta[1],
            self.p_eta[0],
            self.p_eta[1],
            self.q_xi,
            self.q,
            self.r,
            self.mse_train,
            self.mse_test,
        ]
    }
}
