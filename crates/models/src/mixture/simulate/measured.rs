//! What a simulation finds at one time, however the denoiser was learnt.

use crate::mixture::Overlaps;

/// Which kind of solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// The network tells the modes apart.
    Informative,
    /// The network answers a constant, the ridge mean of the data: b = ±∞, w = 0.
    Constant,
}

impl Branch {
    /// Its name in tables, that of the equation files.
    pub fn name(self) -> &'static str {
        match self {
            Branch::Informative => "informative",
            Branch::Constant => "constant",
        }
    }
}

/// A learnt denoiser, measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Its overlaps.
    pub overlaps: Overlaps,
    /// Which kind of solution it is, where that is told.
    pub branch: Option<Branch>,
    /// loss/d.
    pub loss: f64,
    /// loss·2/d up to the constant that the energies of the equation files leave out, Σ|x₁ⁱ|²/d.
    pub energy: f64,
    /// Norm of the gradient of loss·2/d in (s w/√d, b), s the larger of 1 and the scale √d β of the pre-activation (the
    /// largest of 1, √d β and √d α with fixed noise).
    pub gradient_norm: f64,
    /// Largest difference of any Gaussian average from the next lower rule; none without such averages.
    pub quadrature_error: Option<f64>,
    /// Iterations, or epochs.
    pub iterations: u64,
    /// Whether it meets its tolerances.
    pub converged: bool,
}
