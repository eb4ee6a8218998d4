//! What is to be computed: values and sweeps of parameters, and the combinations they make.
//!
//! - [`given`]: values and sweeps as they are written; [`plan`]: the combinations, the cells of a sweep.

pub mod given;
pub mod plan;

pub use given::{Assignment, Given, Sweep};
pub use plan::{Plan, Swept, Wanted};
