//! The work of a command, cut into cells that do not depend on each other.

use anyhow::bail;
use indexmap::IndexMap;
use serde_json::Value;

use crate::output::{Cell, Column, Figure, Table};
use crate::study::{Counts, Plan};
use crate::system::Theory;

/// What a command computes for a study.
pub trait Work: Sync {
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

    /// The rows of a cell; none where an interruption was asked for.
    ///
    /// # Errors
    /// What keeps a cell from being computed at all.
    fn compute(&self, cell: usize) -> anyhow::Result<Option<Computed>>;

    /// The columns that the command draws unless others are asked for, empty for all outputs; none if it draws no rows.
    fn drawn(&self) -> Option<Vec<String>> {
        None
    }

    /// The control, which may be an axis of a map; none where rows have no place in one.
    fn mapped(&self) -> Option<&str> {
        None
    }

    /// Whether curves can be drawn.
    ///
    /// # Errors
    /// Why they cannot.
    fn check_curves(&self) -> anyhow::Result<()> {
        Ok(())
    }

    /// The figure that the command draws by itself.
    ///
    /// # Errors
    /// More curves than a figure can hold.
    fn curves(&self, _table: &Table, _columns: &[String]) -> anyhow::Result<Figure> {
        bail!("these rows are not curves")
    }

    /// The title and the subtitle of a figure.
    fn heading(&self) -> (String, String) {
        Default::default()
    }

    /// A cell is on the disk: what was kept to go on with it is no longer needed.
    fn forget(&self, _cell: usize) {}

    /// All cells are on the disk.
    fn finish(&self) {}

    /// What decides about the rows of a cell beside its parameters, the columns, the version and the options.
    fn within(&self) -> IndexMap<String, Value>;

    /// What the side file says: the name of the system, and the parameters that are not swept.
    fn described(&self) -> (String, IndexMap<String, Value>);
}

/// The rows of a cell.
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
pub fn equations(theories: &[Theory]) -> Value {
    use sha2::{Digest, Sha256};
    let digest = |theory: &Theory| -> String {
        let mut hash = Sha256::new();
        theory.texts().for_each(|text| hash.update(text.as_bytes()));
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    };
    theories.iter().map(|theory| (theory.name().to_string(), Value::from(digest(theory)))).collect()
}
