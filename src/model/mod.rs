//! The objects of the theory of a denoiser trained on a two-mode Gaussian mixture, at finite dimension d.
//!
//! - [`setting`]: the mixture, the training set and the weight decays, checked once;
//! - [`interpolant`]: x_t = α x₀ + β x₁ in dilated time;
//! - [`overlaps`]: what is measured on a learnt denoiser f(x) = c x + u tanh(w·x/√d + b).

pub mod interpolant;
pub mod overlaps;
pub mod setting;

pub use interpolant::{Coefficients, Interpolant};
pub use overlaps::{OVERLAPS, Overlaps};
pub use setting::{Noise, PARAMETERS, Setting, SettingError};
