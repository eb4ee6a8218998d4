//! What can go wrong in a generation.

use std::path::PathBuf;

use thiserror::Error;

use crate::mixture::simulate::SimulationError;
use overlaps::language::EquationError;

/// Why samples cannot be generated.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// As many vectors as dimensions.
    #[error(
        "μ and the {count} Gaussian vectors of the data are not linearly independent; use a dimension d above {}",
        count + 1
    )]
    Dependent {
        /// How many vectors beside μ.
        count: usize,
    },
    /// Trained networks without the data that they were trained on.
    #[error("trained networks are placed among the data themselves, not their scalar products")]
    WithoutData,
    /// No dilation for a schedule that is made of it.
    #[error(
        "kappa = 0 leaves no time for the first phase, in which the mode is decided; use kappa > 0, or --set schedule=uniform"
    )]
    NoDilation,
    /// Spins are arrays of d numbers.
    #[error("d = {d} is too large for spins, which are generated one by one; use d up to {most}")]
    ManySpins {
        /// Dimension.
        d: u64,
        /// Limit.
        most: u64,
    },
    /// An exploding interpolant in uniform time, whose noise falls too late.
    #[error(
        "--integrator adaptive cannot follow this interpolant to its end in uniform time, where noise falls within the rounding of t; use schedule=dilated, or --integrator ddim"
    )]
    NoEnd,
    /// What only the exact denoiser has.
    #[error("{what} is generated with the exact denoiser only; use --denoiser exact")]
    ExactOnly {
        /// What.
        what: &'static str,
    },
    /// A higher-order method with denoisers that exist at the times of the steps only.
    #[error(
        "--integrator adaptive needs the denoiser at every time; {what} exist at the times of the steps only. Use --integrator euler"
    )]
    OnlyAtSteps {
        /// Which denoisers.
        what: &'static str,
    },
    /// A denoiser that was not found.
    #[error("seed {seed}: the denoiser at t = {t} did not converge; {advice}")]
    NotConverged {
        /// Data set.
        seed: u64,
        /// Time.
        t: f64,
        /// What to do.
        advice: &'static str,
    },
    /// Steps that have nothing to be counted by.
    #[error("{0}")]
    NotCounted(&'static str),
    /// A schedule without an optimum.
    #[error("the schedule cannot be optimised: {0}")]
    NotOptimised(String),
    /// The integrator failed.
    #[error("the integration failed at t = {t}: {reason}")]
    Integration {
        /// Time.
        t: f64,
        /// Why.
        reason: String,
    },
    /// A theory that does not converge where a prediction needs it.
    #[error("{theory} did not converge at t = {t}, so that there is no prediction")]
    NoPrediction {
        /// The theory.
        theory: &'static str,
        /// Time.
        t: f64,
    },
    /// A file of denoisers that cannot be read, is damaged, or does not fit.
    #[error("denoisers '{path}': {reason}")]
    Saved {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Samples that do not fit into memory.
    #[error(
        "{samples} samples of {size} numbers each do not fit into memory (at most {most} numbers); use fewer samples, {advice}"
    )]
    TooLarge {
        /// Samples.
        samples: usize,
        /// Numbers per sample.
        size: usize,
        /// Limit.
        most: u64,
        /// What else.
        advice: &'static str,
    },
    /// The data or the denoisers.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The theory of a prediction.
    #[error(transparent)]
    Equation(#[from] EquationError),
}
