//! What is computed cell by cell: a command given once and a study of many cells are the same experiment.
//!
//! - [`Solve`]: systems of equations along their control;
//! - [`Critical`]: the control values at which the global branch changes;
//! - [`Limit`]: theories beside the systems that they tend to;
//! - [`Simulate`]: a model at finite dimension, data set by data set;
//! - [`Check`]: theories against what is simulated or measured;
//! - [`Pending`]: the cells that are not on the disk yet, and how they get there;
//! - [`Verification`]: what a second look at the rows of a solve did and found.

mod check;
mod critical;
mod error;
mod limit;
mod runner;
mod simulate;
mod solve;
mod verification;

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::Value as Json;

use crate::model::Running;
use crate::output::{Cell, Column, Table};
use crate::study::{Counts, Key, Plan};
use crate::system::Theory;

pub use check::{Check, Checks};
pub use critical::{Critical, Found};
pub use error::ExperimentError;
pub use limit::{Limit, Order};
pub use runner::{CellError, Pending, RunError};
pub use simulate::{DataSets, Simulate};
pub use solve::{Solve, Solved, check_tolerance};
pub use verification::Verification;

/// What keeps a cell from being computed at all.
pub type Failure = Box<dyn Error + Send + Sync>;

/// What is computed, cut into cells that do not depend on each other.
pub trait Experiment: Sync {
    /// The columns of its rows.
    fn columns(&self) -> &[Column];

    /// Fixed and swept parameters.
    fn plan(&self) -> &Plan;

    /// How many cells there are.
    fn cells(&self) -> usize {
        self.plan().cells()
    }

    /// What tells a cell from the others.
    fn parameters(&self, cell: usize) -> Vec<(String, Cell)> {
        let all = self.plan().parameters(cell).into_iter();
        all.map(|(name, value)| (name, Cell::from(&value))).collect()
    }

    /// The same in words.
    fn in_words(&self, cell: usize) -> String {
        let parameters = self.parameters(cell).into_iter();
        parameters.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
    }

    /// The key under which a cell is kept.
    fn key(&self, cell: usize) -> Key {
        Key::of(&self.parameters(cell))
    }

    /// The rows of a cell; none where an interruption was asked for.
    ///
    /// # Errors
    /// What keeps a cell from being computed at all.
    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure>;

    /// The rows of all cells, computed on all cores; none where an interruption was asked for. Nothing is kept to go on with.
    ///
    /// # Errors
    /// What keeps a cell from being computed, which ends the others too: they would run to their end for nothing.
    fn run(&self, running: &Running) -> Result<Option<Table>, ExperimentError> {
        let failed = AtomicBool::new(false);
        let interrupted = || (running.interrupted)() || failed.load(Ordering::Relaxed);
        let running = Running { interrupted: &interrupted, ..*running };
        let compute = |cell| match interrupted() {
            true => Ok(None),
            false => self.compute(cell, &running).inspect_err(|_| failed.store(true, Ordering::Relaxed)),
        };
        let cells: Vec<Result<Option<Computed>, Failure>> =
            (0..self.cells()).into_par_iter().map(compute).collect();
        let mut table = Table::new(self.columns().to_vec());
        let mut complete = true;
        for computed in cells {
            match computed? {
                Some(computed) => table.rows.extend(computed.rows),
                None => complete = false,
            }
        }
        Ok(complete.then_some(table))
    }

    /// Units of progress of a cell, where it tells of them.
    fn units(&self) -> u64 {
        1
    }

    /// What an interruption leaves beside finished cells, in words.
    fn left(&self) -> Option<String> {
        None
    }

    /// A cell is on the disk: what was kept to go on with it is no longer needed.
    fn forget(&self, _cell: usize) {}

    /// All cells are on the disk: what was kept for any of them is no longer needed, that of cells which a run before this one
    /// had finished and not yet forgotten included.
    fn finish(&self) {}

    /// What decides about the rows of a cell beside its parameters, the columns, the version and the options.
    fn within(&self) -> IndexMap<String, Json>;

    /// What the side file says: the name of the system, and the parameters that are not swept.
    fn described(&self) -> (String, IndexMap<String, Json>);
}

/// The rows of a cell.
#[derive(Debug, Clone)]
pub struct Computed {
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// How many of them are in order.
    pub counts: Counts,
}

impl Computed {
    /// Rows of which so many did not converge.
    pub fn new(rows: Vec<Vec<Cell>>, not_converged: usize) -> Computed {
        let counts = Counts { rows: rows.len() as u64, not_converged: not_converged as u64, disagreeing: 0 };
        Computed { rows, counts }
    }
}

/// The files that say what is solved, each by a digest, so that a change of them is noticed.
pub fn equations(theories: &[Theory]) -> Json {
    use sha2::{Digest, Sha256};
    let digest = |theory: &Theory| -> String {
        let mut hash = Sha256::new();
        theory.texts().for_each(|text| hash.update(text.as_bytes()));
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    };
    theories.iter().map(|theory| (theory.name().to_string(), Json::from(digest(theory)))).collect()
}
