//! What is to be computed: values and sweeps of parameters, the combinations they make, and studies of many of them
//! that survive being stopped.
//!
//! - [`given`]: values and sweeps as they are written; [`plan`]: the combinations, the cells of a sweep;
//! - [`file`](mod@file): a study file, which names a command and its sweeps;
//! - [`journal`]: finished cells on disk; [`store`]: all journals of a study, and the table they make together;
//! - [`slurm`]: the study as a job array on a cluster.

pub mod file;
pub mod given;
mod indexed;
pub mod journal;
pub mod plan;
mod record;
pub mod slurm;
pub mod store;
mod task;

pub use file::{Key as StudyKey, Study, StudyError};
pub use given::{Assignment, Bare, Sweep};
pub use plan::{Plan, PlanError, Swept, Wanted};
pub use record::{Counts, Key, Record};
pub use store::{Part, Store};
pub use task::Task;
