//! What can be simulated at finite dimension: denoisers of a two-mode Gaussian mixture, and the samples they generate.
//!
//! - [`model`]: the learning problem at finite dimension d, and what is measured on a learnt denoiser.
//! - [`simulate`]: denoisers that minimise the loss, or are trained, on given data; their overlaps become rows of a table.
//! - [`generate`]: samples from the probability-flow ODE of a denoiser, and what theory predicts of them.
//! - [`schedule`]: when the features of a curve are decided, and a density over training times that dwells there.
//!
//! One data set of 8 samples in 10⁹ dimensions, learnt at two times; its overlaps beside those of theory:
//!
//! ```
//! use overlaps::{output::Table, system::Theory, value::Value};
//! use overlaps_models::model::Setting;
//! use overlaps_models::simulate::{DataRule, LabelRule, Method, Run, Search, columns, rows};
//!
//! let given = [("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("d", 1e9)];
//! let value = |name: &str| given.iter().find(|(n, _)| *n == name).map(|(_, value)| Value::Number(*value));
//! let method = Method::Integrated { data: DataRule::Gram, search: Search::default() };
//! let run = Run { setting: Setting::new(value)?, seed: 1, labels: LabelRule::Fixed, method: &method };
//!
//! let times = [0.5, 1.0];
//! let outcome = run.measure(&times, &|| false, &|| {})?.expect("it was not stopped");
//! let mut simulated = Table::new(columns());
//! for row in rows(&run, &times, &outcome) {
//!     simulated.push(row)?;
//! }
//! let theory = Theory::load("first-phase")?.set("n", 8)?.set("p", 0.75)?.set("kappa", 2)?.along(times)?.solve();
//! for row in 0..2 {
//!     assert!((simulated.number("m", row)? - theory.number("m", row)?).abs() < 1e-3); // of order 1/√d
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

pub mod generate;
pub mod model;
pub mod ridge;
pub mod schedule;
pub mod simulate;

use std::sync::Arc;

use overlaps::model::Model;

/// Everything that can be simulated, at its defaults.
pub fn all() -> Vec<Arc<dyn Model>> {
    vec![Arc::new(simulate::Denoiser::default()), Arc::new(ridge::Ridge)]
}
