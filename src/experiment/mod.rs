//! What is computed cell by cell: a command given once and a study of many cells are the same experiment.
//!
//! - [`Solve`]: systems of equations along their control;
//! - [`Critical`]: the control values at which the global branch changes, or at which an output is zero;
//! - [`Limit`]: theories beside the systems that they tend to;
//! - [`Simulate`]: a model at finite dimension, data set by data set;
//! - [`Check`]: theories against what is simulated or measured;
//! - [`each`]: cells computed on all cores; [`Pending`]: those that are not on the disk yet, and how they get there;
//! - [`Told`]: what is said of cells besides their rows; [`Tally`]: counts over the rows of a solve;
//! - [`Verification`]: what a second look at the rows of a solve did and found.

mod check;
mod critical;
mod error;
mod identity;
mod limit;
mod runner;
mod simulate;
mod solve;
mod tally;
mod told;
mod verification;
mod zeros;

use std::error::Error;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::chart::{Chart, ChartError};
use crate::model::Running;
use crate::output::{Cell, Column, Table};
use crate::solve::Special;
use crate::study::{Counts, Key, Plan};
use crate::system::Theory;

pub use check::{Check, Checks, Read};
pub use critical::Critical;
pub use error::{ExperimentError, place_of};
pub use identity::{cells_in_words, common, missing_in_words};
pub use limit::{Limit, Order};
pub use runner::{CellError, Pending, RunError, each};
pub use simulate::{DataSets, Simulate};
pub use solve::{Solve, check_tolerance};
pub use tally::Tally;
pub use told::Told;
pub use verification::Verification;

/// Cells per thread that a stream computes before it hands them over.
const CHUNK: usize = 8;

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
    /// What keeps a cell from being computed, which ends the others too.
    fn run(&self, running: &Running) -> Result<Option<Table>, ExperimentError> {
        let cells = each(0..self.cells(), running, |cell, running| self.compute(cell, running))?;
        let mut table = Table::new(self.columns().to_vec());
        table.rows = cells.iter().flatten().flat_map(|computed| computed.rows.iter().cloned()).collect();
        Ok(cells.map(|_| table))
    }

    /// The same, handed over cell by cell in their order, so that memory does not grow with their number; whether it was all of them.
    ///
    /// # Errors
    /// What keeps a cell from being computed, and what `take` returns.
    fn stream<E: From<ExperimentError>>(
        &self,
        running: &Running,
        mut take: impl FnMut(Computed) -> Result<(), E>,
    ) -> Result<bool, E>
    where
        Self: Sized,
    {
        let chunk = CHUNK * rayon::current_num_threads();
        for first in (0..self.cells()).step_by(chunk) {
            let cells = first..self.cells().min(first + chunk);
            let computed = each(cells, running, |cell, running| self.compute(cell, running));
            let Some(computed) = computed.map_err(ExperimentError::from)? else { return Ok(false) };
            computed.into_iter().try_for_each(&mut take)?;
        }
        Ok(true)
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

    /// What is not as it should be in all rows, in words, from what is said of their cells.
    fn warnings(&self, counts: Counts, told: &Told) -> Vec<String> {
        told.warnings(counts)
    }

    /// What a figure shows of the rows; none where they are neither curves nor maps.
    ///
    /// # Errors
    /// Why there is nothing to draw.
    fn chart(&self) -> Result<Option<Chart>, ChartError> {
        Ok(None)
    }

    /// Where branches fold and cross in a cell, which its rows do not say: computed again, for a figure.
    fn special(&self, _cell: usize) -> Vec<Special> {
        Vec::new()
    }

    /// What decides about the rows of a cell beside its parameters, the columns, the version and the options.
    fn within(&self) -> IndexMap<String, Json>;

    /// What the side file says: the name of the system, and the parameters that are not swept.
    fn described(&self) -> (String, IndexMap<String, Json>);
}

/// The rows of a cell.
#[derive(Debug)]
pub struct Computed {
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// How many of them are in order.
    pub counts: Counts,
    /// What else there is to say of them.
    pub told: Told,
}

impl Computed {
    /// Rows of which so many did not converge.
    pub fn new(rows: Vec<Vec<Cell>>, not_converged: usize) -> Computed {
        let counts = Counts { rows: rows.len() as u64, not_converged: not_converged as u64, disagreeing: 0 };
        Computed { rows, counts, told: Told::default() }
    }
}

/// The files that say what is solved, each by a digest, so that a change of them is noticed.
pub fn equations(theories: &[Theory]) -> Json {
    let digest = |theory: &Theory| Json::from(digest(theory.texts().map(str::as_bytes)));
    theories.iter().map(|theory| (theory.name().to_string(), digest(theory))).collect()
}

/// What tells other texts from these.
pub fn digest<'t>(texts: impl IntoIterator<Item = &'t [u8]>) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    texts.into_iter().for_each(|text| hash.update(text));
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
