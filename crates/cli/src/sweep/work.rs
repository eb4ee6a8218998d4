//! The work of a command, cut into cells that do not depend on each other, with its figures.

use anyhow::bail;

use overlaps::experiment::Experiment;
use overlaps::output::Table;
use overlaps_figures::Figure;

/// What a command computes for a study, and how it draws that.
pub trait Work: Experiment {
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
}
