//! The tables about arXiv:2412.07972: what is computed to decide its statements, which are in `papers/`.
//!
//! [`printed_formulas`], [`figure_1`] and [`result_3`] compute the numbers of a table each; `verdicts` writes what became of the
//! statements.

#[cfg(test)]
mod committed;
mod figure_1;
mod generated_formulas;
mod printed_formulas;
mod result_3;
mod simulated;
mod verdicts;

use serde_json::Value as Json;

use overlaps::chart::Figure;
use overlaps::experiment::{Failure, each};
use overlaps::model::Running;
use overlaps::output::Table;
use overlaps::paper::Paper;

pub use figure_1::figure_1;
pub use printed_formulas::printed_formulas;
pub use result_3::result_3;

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
    /// Computes it, with so many data sets per combination of parameters.
    pub make: fn(&Paper, u64, Show<'_>) -> Tried<Made>,
    /// Whether it has a figure.
    pub has_figure: bool,
}

/// The tables that are made here, and what they are.
pub const MAKERS: [(Maker, &str); 3] = [
    (
        Maker { name: "printed-formulas", make: printed_formulas, has_figure: false },
        "Every printed formula of arXiv:2412.07972 against simulation",
    ),
    (
        Maker { name: "figure-1", make: figure_1, has_figure: true },
        "The fraction of samples in each mode with the dilated and the plain schedule (figure 1 of the paper)",
    ),
    (
        Maker { name: "result-3", make: result_3, has_figure: true },
        "How learnt samples approach those of the exact flow as n grows (Result 3 and Corollary 5 of the paper)",
    ),
];

/// How the table of this name is made; none where it is made by a command.
pub fn maker(name: &str) -> Option<Maker> {
    MAKERS.into_iter().map(|(maker, _)| maker).find(|maker| maker.name == name)
}

/// Runs it to the end.
#[cfg(test)]
const SILENT: Show = &|_, run| run(&Running::ON);

/// Computes something for each of so many cells, on all cores; a cell tells of so many units of progress.
///
/// # Errors
/// The first failure, or an interruption.
fn all_cells<T: Send, E: Into<Failure> + Send>(
    count: usize,
    units: u64,
    show: Show,
    of: impl Fn(usize, &Running) -> Result<Option<T>, E> + Sync,
) -> Tried<Vec<T>> {
    let mut all = Ok(None);
    show(count as u64 * units, &mut |running| all = each(0..count, running, &of));
    all.map_err(Into::into)?.ok_or_else(|| "interrupted; nothing was written".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_compiles_over_the_numbers_that_are_made_for_it() {
        let paper = Paper::load("2412.07972").unwrap();
        let rates = result_3::rates::table(&[]).unwrap();
        let kappas = result_3::kappa::table(&[]).unwrap();
        let fractions = figure_1::columns();
        let made = [("rates", &rates), ("kappa", &kappas), ("figure-1", &fractions)];
        let simulated = crate::mixture::DENOISER.columns();
        let names: Vec<&str> = simulated.iter().map(|column| column.name.as_str()).collect();
        let mut count = 0;
        for table in &paper.tables {
            for statement in paper.statements(&table.name) {
                if paper.simulation(statement.of()).is_some() {
                    statement.formulas(&names).unwrap_or_else(|e| panic!("{e}"));
                    let known =
                        statement.quantities().iter().all(|quantity| names.contains(&quantity.as_str()));
                    assert!(known, "{}", statement.says());
                } else {
                    let (_, made) = made.iter().find(|(name, _)| *name == statement.of()).unwrap();
                    assert_eq!(statement.decide(made).unwrap_or_else(|e| panic!("{e}")), []);
                }
                count += 1;
            }
        }
        assert_eq!(count, 39);
    }
}
