//! `overlaps critical SYSTEM`, and the same in a study, where a cell holds the changes along one curve.

use clap::Args;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::arguments::Values;
use super::cells::with_progress;
use super::destination::{Destination, side};
use super::say::SHOWN;
use super::simulation::stopped;
use super::{FINE, NOT_CONVERGED};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::experiment::{self, Computed, Experiment, Told};
use overlaps::output::json::number;
use overlaps::output::{SideFile, Table};
use overlaps::study::Counts;
use overlaps::system::Theory;

/// Find the control values at which the global branch changes.
///
/// The energies of both branches are followed to their crossing, which is located by Brent's method; both sides'
/// outputs are printed. With --sweep, one pair of rows per change and combination; --plot draws the critical control
/// against the first swept parameter, with one line per value of the second and one panel per value of the others.
///
/// With --zero, the control values at which an output is zero, one row for each (two for a jump through zero), and where the line
/// of them turns back.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps critical first-phase n=8\n  overlaps critical mine.toml --zero stability J=0:2:21 --plot line.svg"
)]
pub struct Critical {
    /// Name of a built-in system, or path of an equation file.
    system: String,
    /// Find where this output or unknown is zero, in place of changes of the global branch.
    #[arg(long, value_name = "NAME")]
    zero: Option<String>,
    /// Its zeros on all branches, not only on the solution that is meant.
    #[arg(long, requires = "zero")]
    branches: bool,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    destination: Destination,
}

impl Critical {
    /// Finds, prints, writes.
    pub fn run(&self) -> anyhow::Result<u8> {
        let critical = self.prepared()?;
        let plan = critical.plan();
        let files = self.destination.files(None)?;
        files.check()?;
        let chart = if files.plot.is_some() { critical.chart()? } else { None };
        let mut table = Table::new(critical.columns().to_vec());
        let (mut lines, mut told, mut counts) = (Vec::new(), Told::default(), Counts::default());
        let take = |computed: Computed| -> anyhow::Result<()> {
            counts += computed.counts;
            table.rows.extend(computed.rows);
            for line in computed.told.lines {
                if (plan.cells() == 1 || self.zero.is_some()) && !lines.contains(&line) {
                    lines.push(line);
                }
            }
            told.reasons.extend(computed.told.reasons);
            Ok(())
        };
        let whole =
            with_progress(plan.cells() as u64, self.values.quiet, |running| critical.stream(running, take));
        if !whole? {
            return Err(stopped(None));
        }
        let failed = counts.not_converged;
        let drawing = chart.map(|chart| chart.figure(&table)).transpose()?;
        let beside = self.side(&critical, &table, failed);
        let written = files.write(&table, &beside, drawing.as_ref())?;
        let max_rows = self.destination.rows_shown();
        let shown = critical.in_words(&table, failed, |table, whole| {
            let (max_rows, digits) = if whole { (0, 12) } else { (max_rows, 9) };
            terminal::render(table, &TerminalOptions { columns: None, max_rows, digits })
        })?;
        self.destination.print(&table, self.values.quiet, || shown)?;
        if !self.values.quiet {
            lines.iter().take(SHOWN).for_each(|line| eprintln!("note: {line}"));
        }
        if !written.is_empty() {
            self.destination.say_written(&written, self.values.quiet);
        }
        for warning in critical.warnings(counts, &told) {
            eprintln!("warning: {warning}");
        }
        Ok(if failed > 0 { NOT_CONVERGED } else { FINE })
    }

    /// The side file: what is needed to make the table again.
    fn side(&self, critical: &experiment::Critical, table: &Table, failed: u64) -> SideFile {
        let theory = critical.theory();
        let (system, constants) = critical.described();
        let mut extra: IndexMap<String, Value> = IndexMap::new();
        extra.insert("tolerance".into(), number(self.values.tolerance));
        extra.insert("rows_not_converged_along_control".into(), json!(failed));
        let mut sources = serde_json::Map::new();
        sources.insert(theory.name().to_string(), json!(theory.description.source));
        extra.insert("sources".into(), Value::Object(sources));
        let sweeps = self.values.sweeps();
        side(&system, constants, sweeps, &table.columns, extra)
    }

    /// What is to be searched.
    fn prepared(&self) -> anyhow::Result<experiment::Critical> {
        let mut theory = Theory::load(&self.system)?;
        let plan = self.values.plan(std::slice::from_mut(&mut theory))?;
        let critical = experiment::Critical::new(theory, plan, self.values.tolerance)?;
        let critical = match &self.zero {
            Some(output) => critical.zero_of(output)?,
            None => critical,
        };
        Ok(critical.with_branches(self.branches)?)
    }
}

impl Critical {
    /// Its cells in a study.
    pub fn work(&self) -> anyhow::Result<Box<dyn Experiment>> {
        Ok(Box::new(self.prepared()?))
    }
}
