//! What can be wrong with a simulation that was asked for.

use thiserror::Error;

use crate::mixture::SettingError;

/// A simulation that cannot be run as asked.
#[derive(Debug, Error)]
pub enum SimulationError {
    /// A parameter.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Fixed labels that leave a mode empty.
    #[error(
        "round(np) = {} of n = {n} samples at p = {p} leaves one of the modes without a sample; use a larger n, a p \
         nearer to 1/2, or --labels drawn",
        (*.n as f64 * .p).round()
    )]
    OneClass {
        /// Samples.
        n: usize,
        /// Weight of mode +.
        p: f64,
    },
    /// The Gram matrix in law needs fewer vectors than dimensions.
    #[error(
        "{count} Gaussian vectors (samples and fixed noise) in d = {d} dimensions: --data gram needs fewer vectors \
         than dimensions; raise d, lower n, or use --data explicit"
    )]
    TooManyVectors {
        /// Vectors.
        count: usize,
        /// Dimension.
        d: u64,
    },
    /// Explicit data that do not fit.
    #[error(
        "{count} vectors of d = {d} coordinates are more than the {most} numbers that explicit data may have; lower d \
         or n, or use --data gram, whose cost does not depend on d"
    )]
    TooLarge {
        /// Vectors.
        count: usize,
        /// Dimension.
        d: u64,
        /// The limit.
        most: u64,
    },
    /// A Gram matrix that does not fit.
    #[error(
        "{count} Gaussian vectors (n samples, and n·k of fixed noise) are more than the {most} that a Gram matrix may \
         have; lower n or k"
    )]
    GramTooLarge {
        /// Vectors.
        count: usize,
        /// The limit.
        most: usize,
    },
    /// Fixed noise in the first phase.
    #[error(
        "t = {t} with k = {k} fixed noise samples: fixed noise is for the second phase, 1 < t ≤ 2. In the first, w fits \
         every pre-activation through x₀ at a cost that vanishes as d → ∞, and the overlaps have no limit"
    )]
    FixedNoiseInFirstPhase {
        /// Control value.
        t: f64,
        /// Noise samples per datum.
        k: usize,
    },
    /// Networks that are to be trained on scalar products.
    #[error("a network is trained on the data themselves, not on their scalar products; use explicit data")]
    TrainedOnProducts,
    /// A time outside the schedule.
    #[error("t = {0} is outside the time of the schedule, 0 ≤ t ≤ 2")]
    Time(f64),
    /// A checkpoint that cannot be written.
    #[error(transparent)]
    Output(#[from] overlaps::output::OutputError),
    /// A checkpoint that cannot be read, or belongs to another run.
    #[error("checkpoint '{path}': {reason}")]
    Checkpoint {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
}
