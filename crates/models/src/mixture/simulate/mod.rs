//! Simulation at finite dimension: the overlaps of denoisers that minimise the loss, or are trained, on given data.
//!
//! `data` draws the samples or their Gram matrix. From there, either `reduced` is the loss as a function of few unknowns,
//! `minimise` its minimum from one start and `search` the global one; or `trained` is the network itself. `measure` turns a
//! denoiser (`learnt`) into overlaps (`measured`), `run` does it for one data set at several times, and `denoiser` makes a
//! model of it that is simulated like any other.

mod activation;
mod data;
mod denoiser;
mod error;
mod learnt;
mod measure;
mod measured;
mod minimise;
mod reduced;
mod run;
mod runs;
mod search;
mod trained;

pub use data::{Gram, LabelRule, Products, Vectors, labels, p_bar};
pub use denoiser::{Denoiser, smallest_dimension};
pub use error::SimulationError;
pub use learnt::{DataSet, Drawn, Learnt, Weights};
pub use measured::{Branch, Measured};
pub use run::{DataRule, Method, Outcome, Run};
pub use runs::Runs;
pub use search::{Search, solve};
pub use trained::{Batch, Decay, Training, train};
