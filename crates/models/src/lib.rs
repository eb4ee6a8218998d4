//! What can be simulated at finite dimension: denoisers of a two-mode Gaussian mixture, and the samples they generate.
//!
//! - [`model`]: the learning problem at finite dimension d, and what is measured on a learnt denoiser.
//! - [`simulate`]: denoisers that minimise the loss, or are trained, on given data; their overlaps become rows of a table.
//! - [`generate`]: samples from the probability-flow ODE of a denoiser, and what theory predicts of them.
//! - [`schedule`]: when the features of a curve are decided, and a density over training times that dwells there.
#![deny(missing_docs)]

pub mod generate;
pub mod model;
pub mod schedule;
pub mod simulate;
