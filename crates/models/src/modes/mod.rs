//! Mixtures of more than two modes: [`Means`], where the modes lie, read from a file; the scales at which they split
//! ([`Means::windows`]), one after the other as the flow goes on; and samples of the flow, by their projections on the modes alone
//! ([`euler::Flow`]), at any dimension. [`Scales`], [`Fractions`] and [`Partitions`] are what `overlaps modes` runs,
//! [`ModeTurns`] what `overlaps uturn --modes` does, [`ModeSamples`] what `overlaps generate --modes` does, [`Needed`] what `overlaps steps --modes` asks.
//!
//! ```
//! use overlaps_models::modes::Means;
//!
//! // Two pairs of modes: the pairs are √d apart, the modes of a pair d^0.3.
//! let pair = |weights: &str| format!("{{ exponent = 0.3, half_distance = 1.5, modes = {weights} }}");
//! let text = format!("[split]\nexponent = 0.5\nhalf_distance = 1\nmodes = [{}, {}]", pair("[0.5, 0.2]"), pair("[0.1, 0.2]"));
//! let means = Means::parse("means.toml", &text)?;
//! let windows = means.windows(1e8);
//! assert_eq!(windows.len(), 2);
//! // In the second window the error falls by Σ_c P_c 4 p(1 − p) δ² d^(2a − 1).
//! let drop = (0.7 * 4.0 * 10.0 / 49.0 + 0.3 * 8.0 / 9.0) * 2.25 * 1e8f64.powf(-0.4);
//! assert!((windows[1].drop / drop - 1.0).abs() < 1e-10);
//! # Ok::<(), overlaps_models::modes::MeansError>(())
//! ```

mod along;
pub mod euler;
mod experiment;
mod features;
mod generated;
mod means;
mod needed;
mod partitions;
#[cfg(test)]
mod tests;
mod turn;
mod turns;
mod windows;

pub use experiment::{Fractions, Sampled, Scales};
pub use generated::{ModeSamples, SamplesJudged};
pub use means::{Means, MeansError};
pub use needed::{Asked, Needed};
pub use partitions::Partitions;
pub use turn::{Matrix, Turns};
pub use turns::{Judged, ModeTurns, Turning};
pub use windows::Window;
