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
use overlaps::output::{Cell, Column, Role, SideFile, Table};
use overlaps::solve::Place;
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
        self.values.start_threads();
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
        let shown = self.shown(&critical, &table, failed)?;
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

    /// What a reader sees: a single combination side by side, a sweep row by row, or that nothing changes.
    fn shown(&self, critical: &experiment::Critical, table: &Table, failed: u64) -> anyhow::Result<String> {
        let (theory, plan) = (critical.theory(), critical.plan());
        if table.rows.is_empty() && failed > 0 {
            return Ok("no change of the global branch was found\n".into());
        }
        if table.rows.is_empty() {
            let c = &theory.control;
            let searched = plan.controls.clone().unwrap_or_else(|| vec![c.from, c.to]);
            let from = searched.iter().copied().fold(f64::INFINITY, f64::min);
            let to = searched.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let range = format!("{from} ≤ {} ≤ {to}", c.name);
            if let Some(output) = critical.zero() {
                return Ok(format!("{output} of {} has no zero for {range}\n", theory.name()));
            }
            return Ok(format!("the global branch of {} does not change for {range}\n", theory.name()));
        }
        if plan.cells() == 1 {
            return side_by_side(table);
        }
        let max_rows = self.destination.rows_shown();
        Ok(terminal::render(table, &TerminalOptions { columns: None, max_rows, digits: 9 }))
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

/// Each change, or zero, as a small table: the quantities down, before and after across.
fn side_by_side(table: &Table) -> anyhow::Result<String> {
    let mut text = String::new();
    let labels = table.place("side")?;
    let first = |row: &Vec<Cell>| row[labels] != Place::After.name().into();
    for rows in table.rows.chunk_by(|_, next| !first(next)) {
        let mut columns = vec![Column::new("quantity", "", Role::Label)];
        columns.extend(rows.iter().map(|row| Column::new(row[labels].to_string(), "", Role::Output)));
        let mut sides = Table::new(columns);
        for (i, column) in table.columns.iter().enumerate() {
            let absent = rows.iter().all(|row| row[i] == Cell::Missing);
            if i != labels && !absent {
                let cells = rows.iter().map(|row| row[i].clone());
                sides.push(std::iter::once(Cell::from(column.name.as_str())).chain(cells).collect())?;
            }
        }
        text += &terminal::render(&sides, &TerminalOptions { columns: None, max_rows: 0, digits: 12 });
        text.push('\n');
    }
    Ok(text)
}

impl Critical {
    /// Its cells in a study.
    pub fn work(&self) -> anyhow::Result<Box<dyn Experiment>> {
        Ok(Box::new(self.prepared()?))
    }
}
