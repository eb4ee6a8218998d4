//! Denoisers of a two-mode Gaussian mixture at finite dimension d, and the flow that they make.
//!
//! - [`setting`]: the mixture, the training set and the weight decays, checked once;
//! - [`mod@parameter`]: what it is set by, each parameter declared once;
//! - [`interpolant`]: x_τ = α x₀ + β x₁, and the schedule from the solver's time to τ;
//! - [`target`]: the law of the data, where it is another than the mixture;
//! - [`exact`]: the denoiser that is learnt from n → ∞ samples, and its error;
//! - [`overlaps`]: what is measured on a learnt denoiser f(x) = c x + u tanh(w·x/√d + b);
//! - [`simulate`]: denoisers that minimise the loss, or are trained, on given data: the model [`simulate::Denoiser`];
//! - [`generate`]: samples from the probability-flow ODE of a denoiser, and what theory predicts of them;
//! - [`paper`]: tables that decide the statements of a paper about all this;
//! - [`schedule`]: when the features of a curve are decided, and a density over training times that dwells there.

pub mod exact;
pub mod generate;
pub mod interpolant;
pub mod overlaps;
pub mod paper;
pub mod parameter;
pub mod schedule;
pub mod setting;
pub mod simulate;
pub mod target;

pub use exact::{ExactDenoiser, Mse, switch_probability};
pub use interpolant::{Coefficients, Interpolant, Path, Schedule};
pub use overlaps::{OVERLAPS, Overlaps};
#[cfg(test)]
pub use parameter::coded;
pub use parameter::{DENOISER, FLOW, FLOW_PARAMETERS, exact_parameters};
pub use setting::{Noise, Setting, SettingError};
pub use target::{Target, magnetisation};
