//! The commands that a study may name.

use serde::Deserialize;

/// The commands whose work falls into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// `overlaps solve`: a cell is a curve.
    Solve,
    /// `overlaps critical`: a cell is a curve, its rows the changes of the global branch.
    Critical,
    /// `overlaps limit`: a cell is a value of the limit parameter.
    Limit,
    /// `overlaps simulate`: a cell is a data set.
    Simulate,
    /// `overlaps check`: a cell is a verdict, with all its dimensions and data sets.
    Check,
    /// `overlaps generate`: a cell is a comparison of samples with theory, with all its data sets.
    Generate,
    /// `overlaps steps`: a cell is a schedule at one dimension.
    Steps,
    /// `overlaps uturn`: a cell is a comparison of U-turns with their prediction, with all its data sets.
    Uturn,
    /// `overlaps schedule`: a cell has the training times of a combination, or the widths of windows along d.
    Schedule,
}

impl Task {
    /// The name of the command.
    pub fn name(self) -> &'static str {
        match self {
            Task::Solve => "solve",
            Task::Critical => "critical",
            Task::Limit => "limit",
            Task::Simulate => "simulate",
            Task::Check => "check",
            Task::Generate => "generate",
            Task::Steps => "steps",
            Task::Uturn => "uturn",
            Task::Schedule => "schedule",
        }
    }
}
