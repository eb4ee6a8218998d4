//! Generation: samples from the probability-flow ODE of a denoiser, and what theory says of them.
//!
//! The velocity lies in the span of x and of vectors that are known, so that a sample in any dimension d is a few
//! coordinates in an orthonormal [`basis`] and one scale for everything orthogonal to it. `denoiser` places denoisers in the
//! basis, `flow` integrates, `explicit` does the same with arrays of d numbers, [`spins`] for the exact denoiser of a magnet,
//! `law` is what is measured on the samples at one time, `run` does it for one data set and `rows` is its table; `predictions` are
//! what theory says of every setting, `comparison` sets them beside the samples, `experiment` does all of that for many, `figure` draws it, `combinations` for every combination of parameters,
//! `whose` flow it is being the exact denoiser's or a learnt one's.
//! [`predicted`] averages the same flow over its start by quadrature, at finite d and for d → ∞; [`accuracy`] is what a
//! number of steps costs in accuracy, [`optimum`] the schedule that makes it least, [`steps`] counts them, `report` fits how they grow with `statements` of a paper beside; `saved` is a file of denoisers, `kept` whether it is there already; [`uturn`] noises a sample of a known class and
//! generates from there.

pub mod accuracy;
pub mod basis;
mod combinations;
mod comparison;
mod denoiser;
mod error;
mod experiment;
mod explicit;
mod figure;
mod flow;
mod kept;
mod law;
pub mod optimum;
pub mod predicted;
mod predictions;
mod report;
mod rows;
mod run;
mod saved;
pub mod spins;
mod statements;
pub mod steps;
#[cfg(test)]
mod tests;
pub mod uturn;
mod whole_law;
mod whose;

pub use basis::Basis;
pub use combinations::{Combinations, Outcome, Sampling};
pub use comparison::Comparison;
pub use denoiser::{Projected, exact, half_log_odds};
pub use error::GenerateError;
pub use experiment::{Compared, Flow, Samplings};
pub use flow::{Integrator, Samples, times};
pub use kept::Kept;
pub use law::{Directions, LAW, Law};
pub use predictions::{MOST_DIMENSIONS, Predicted, Predictions};
pub use report::Report;
pub use rows::{columns, lead, rows, theory_row};
pub use run::{Denoisers, Generated, Generation, Networks};
pub use saved::Saved;
pub use whose::{Flows, Whose, without_data};
