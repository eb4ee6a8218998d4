//! `overlaps limit SYSTEM`, and the same in a study, where a cell is a value of the limit parameter.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::arguments::Values;
use super::cells::with_progress;
use super::simulation::stopped;
use super::{FINE, NOT_CONVERGED, print};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::experiment::{self, Experiment};
use overlaps::output::{Cell, check_writable, csv::write_table, write_atomically};
use overlaps::system::Theory;

/// Solve along the limit parameter and compare with the system that describes the limit.
///
/// For every decade the largest deviation of each output over the control values named in the file; then the
/// order fitted to the last decades. --sweep of the limit parameter replaces the decades, --set or --sweep of the
/// control the control values.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps limit first-phase\n  overlaps limit first-phase n=log:8:512:4 --output limit.csv"
)]
pub struct Limit {
    /// Name of a built-in system, or path of an equation file, with a [limit].
    system: String,
    #[command(flatten)]
    pub values: Values,
    /// Write the table to this CSV file.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

impl Limit {
    /// Solves, compares, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let limit = self.prepared()?;
        if let Some(path) = &self.output {
            check_writable(path)?;
        }
        let cells = limit.cells() as u64;
        let table = with_progress(cells, self.values.quiet, |running| limit.run(running));
        let table = table?.ok_or_else(|| stopped(None))?;
        if let Some(path) = &self.output {
            write_atomically(path, |w| write_table(&table, w))?;
        }
        if !self.values.quiet {
            print(&limit.in_words(&table, |table| {
                terminal::render(table, &TerminalOptions { columns: None, max_rows: 0, digits: 4 })
            }))?;
        }
        let failed = table.rows.iter().any(|row| row.contains(&Cell::Missing));
        if failed {
            eprintln!("warning: some rows did not converge; their deviations are empty");
        }
        Ok(if failed { NOT_CONVERGED } else { FINE })
    }

    /// What is to be compared.
    fn prepared(&self) -> anyhow::Result<experiment::Limit> {
        let theory = Theory::load(&self.system)?;
        Ok(experiment::Limit::new(theory, self.values.wanted(), self.values.tolerance)?)
    }

    /// Its cells in a study.
    pub fn work(&self) -> anyhow::Result<Box<dyn Experiment>> {
        Ok(Box::new(self.prepared()?))
    }
}
