//! Tables about papers: the numbers that decide their statements, which are in `papers/`, made with the models that are simulated.

pub(crate) mod verdicts;

use serde_json::Value as Json;

use overlaps::chart::Figure;
use overlaps::experiment::{Failure, each};
use overlaps::model::Running;
use overlaps::output::Table;

/// A table about a paper.
pub struct Made {
    /// The text with the verdicts, in Markdown.
    pub text: String,
    /// Every number behind it.
    pub numbers: Table,
    /// The verdicts, for the side file.
    pub claims: Vec<Json>,
    /// The figure, if there is one.
    pub figure: Option<Figure>,
}

/// What comes out, or what keeps it from being computed.
pub type Tried<T> = Result<T, Failure>;

/// Runs what tells so many units of progress, and may be interrupted.
pub type Show<'s> = &'s dyn Fn(u64, &mut dyn FnMut(&Running));

/// Runs it to the end.
#[cfg(test)]
pub(crate) const SILENT: Show = &|_, run| run(&Running::ON);

/// Computes something for each of so many cells, on all cores; a cell tells of so many units of progress.
///
/// # Errors
/// The first failure, or an interruption.
pub(crate) fn all_cells<T: Send, E: Into<Failure> + Send>(
    count: usize,
    units: u64,
    show: Show,
    of: impl Fn(usize, &Running) -> Result<Option<T>, E> + Sync,
) -> Tried<Vec<T>> {
    let mut all = Ok(None);
    show(count as u64 * units, &mut |running| all = each(0..count, running, &of));
    all.map_err(Into::into)?.ok_or_else(|| "interrupted; nothing was written".into())
}
