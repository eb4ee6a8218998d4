//! Theory against simulation or measurement: does a system of equations describe what was found at finite dimension d?
//!
//! [`measurements`] are runs by dimension and seed, from a table; [`predictions`] what the theories say of each of them;
//! [`statistics`] differences with their errors, extrapolated to d → ∞ where the theory has no d (with some `corrections`), and [`power_law`] exponents, and [`scaling`] those of what is
//! computed;
//! [`verdict`] one answer per theory from all of them, and [`answer`] those of several, [`report`] as tables and words; [`claim`] one for a single
//! statement.

pub mod answer;
#[cfg(test)]
mod calibration;
pub mod claim;
mod corrections;
pub mod error;
pub mod measurements;
pub mod power_law;
pub mod predictions;
pub mod report;
pub mod scaling;
pub mod statistics;
pub mod verdict;

pub use answer::{Answer, Answers};
pub use claim::Claim;
pub use corrections::Corrections;
pub use error::CompareError;
pub use measurements::{Measurement, Measurements, Naming, known};
pub use power_law::PowerLaw;
pub use predictions::Predictions;
pub use scaling::ScalingLaw;
pub use statistics::Estimate;
pub use verdict::{Comparison, Judged, LeftOut, Place, Rules, Verdict, Why, judge, judge_beside};
