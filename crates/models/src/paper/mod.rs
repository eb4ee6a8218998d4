//! Tables about papers: the numbers that decide their statements, which are in `papers/`, made with the models that are simulated.

pub(crate) mod verdicts;

use serde_json::Value as Json;

use overlaps::chart::Figure;
use overlaps::experiment::{Failure, each};
use overlaps::model::Running;
use overlaps::output::Table;
use overlaps::paper::Paper;

use crate::linear_network::paper::linear_networks;
use crate::mixture::paper::{figure_1, printed_formulas, result_3};

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

/// How a table is made.
#[derive(Debug, Clone, Copy)]
pub struct Maker {
    /// The name of the table.
    pub name: &'static str,
    /// The paper that it is about.
    pub paper: &'static str,
    /// Computes it, with so many data sets per combination of parameters.
    pub make: fn(&Paper, u64, Show<'_>) -> Tried<Made>,
    /// Whether it has a figure.
    pub has_figure: bool,
}

/// The tables that are made here, and what they are.
pub const MAKERS: [(Maker, &str); 4] = [
    (
        Maker { name: "printed-formulas", paper: "2412.07972", make: printed_formulas, has_figure: false },
        "Every printed formula of arXiv:2412.07972 against simulation",
    ),
    (
        Maker { name: "figure-1", paper: "2412.07972", make: figure_1, has_figure: true },
        "The fraction of samples in each mode with the dilated and the plain schedule (figure 1 of the paper)",
    ),
    (
        Maker { name: "result-3", paper: "2412.07972", make: result_3, has_figure: true },
        "How learnt samples approach those of the exact flow as n grows (Result 3 and Corollary 5 of the paper)",
    ),
    (
        Maker { name: "linear-networks", paper: "2405.17580", make: linear_networks, has_figure: true },
        "Lazy, mixed and active training of linear networks (arXiv:2405.17580)",
    ),
];

/// How the table of this name is made; none where it is made by a command.
pub fn maker(name: &str) -> Option<Maker> {
    MAKERS.into_iter().map(|(maker, _)| maker).find(|maker| maker.name == name)
}

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
