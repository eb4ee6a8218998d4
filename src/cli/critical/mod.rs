//! `overlaps critical SYSTEM`.

mod figure;
mod work;

use anyhow::bail;
use clap::Args;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::arguments::Values;
use super::cells::{Cells, Progress, for_each_cell};
use super::destination::{Destination, side};
use super::{FINE, NOT_CONVERGED, notes};
use crate::output::json::number;
use crate::output::{Cell, Column, Role, SideFile, Table, TerminalOptions, terminal};
use crate::solve::{Change, Job, Solution};
use crate::study::Plan;
use crate::system::Theory;

/// Find the control values at which the global branch changes.
///
/// The energies of both branches are followed to their crossing, which is located by Brent's method; both sides'
/// outputs are printed. With --sweep, one pair of rows per change and combination; --plot draws the critical control
/// against the first swept parameter, with one line per value of the second and one panel per value of the others.
#[derive(Debug, Args)]
pub struct Critical {
    /// Name of a built-in system, or path of an equation file.
    system: String,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    destination: Destination,
}

/// A change, the name of its piece, and the columns of its outputs.
struct Found {
    piece: String,
    columns: Vec<String>,
    change: Change,
    notes: Vec<String>,
}

impl Critical {
    /// Finds, prints, writes.
    pub fn run(&self) -> anyhow::Result<u8> {
        let (theory, plan) = self.prepared()?;
        let files = self.destination.files(None)?;
        files.check()?;
        if files.svg.is_some() {
            figure::x_of(&plan)?;
        }
        self.values.start_threads();
        let outputs = outputs(&theory);
        let mut table = table(&theory, &plan, &outputs);
        let mut lines = Vec::new();
        let work = |cell: usize, _: &Progress| self.changes(&theory, &plan, cell);
        let mut failed = 0;
        let cells = Cells { count: plan.cells(), units: 1 };
        for_each_cell(cells, self.values.quiet, work, |cell, (found, failures)| {
            failed += failures;
            rows(&found, &plan, cell, &outputs).into_iter().try_for_each(|row| table.push(row))?;
            for line in found.into_iter().flat_map(|f| f.notes) {
                if plan.cells() == 1 && !lines.contains(&line) {
                    lines.push(line);
                }
            }
            Ok(())
        })?;
        let drawing = match files.svg {
            Some(_) => Some(figure::figure(&theory, &plan, &table)?),
            None => None,
        };
        let beside = self.side(&theory, &plan, &table, failed);
        let written = files.write(&table, &beside, drawing.as_ref())?;
        let shown = self.shown(&theory, &plan, &table, failed)?;
        self.destination.print(&table, self.values.quiet, || shown)?;
        if !self.values.quiet {
            lines.iter().take(notes::SHOWN).for_each(|line| eprintln!("note: {line}"));
        }
        if !written.is_empty() {
            self.destination.say_written(&written, self.values.quiet);
        }
        if failed > 0 {
            eprintln!(
                "warning: {failed} rows along the control did not converge; a change there can be missing"
            );
        }
        Ok(if failed > 0 { NOT_CONVERGED } else { FINE })
    }

    /// What a reader sees: a single combination side by side, a sweep row by row, or that nothing changes.
    fn shown(&self, theory: &Theory, plan: &Plan, table: &Table, failed: usize) -> anyhow::Result<String> {
        if table.rows.is_empty() && failed > 0 {
            return Ok("no change of the global branch was found\n".into());
        }
        if table.rows.is_empty() {
            let c = &theory.control;
            let searched = plan.controls.clone().unwrap_or_else(|| vec![c.from, c.to]);
            let from = searched.iter().copied().fold(f64::INFINITY, f64::min);
            let to = searched.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let range = format!("{from} ≤ {} ≤ {to}", c.name);
            return Ok(format!("the global branch of {} does not change for {range}\n", theory.name()));
        }
        if plan.cells() == 1 {
            return side_by_side(table);
        }
        let max_rows = self.destination.rows_shown();
        Ok(terminal::render(table, &TerminalOptions { columns: None, max_rows, digits: 9 }))
    }

    /// The side file: what is needed to make the table again.
    fn side(&self, theory: &Theory, plan: &Plan, table: &Table, failed: usize) -> SideFile {
        let mut extra: IndexMap<String, Value> = IndexMap::new();
        extra.insert("tolerance".into(), number(self.values.tolerance));
        extra.insert("rows_not_converged_along_control".into(), json!(failed));
        let mut sources = serde_json::Map::new();
        sources.insert(theory.name().to_string(), json!(theory.description.source));
        extra.insert("sources".into(), Value::Object(sources));
        let sweeps = self.values.sweeps().map(|s| (s.name.clone(), s.text.clone()));
        let constants = plan.constants(std::slice::from_ref(theory));
        side(theory.name(), constants, sweeps, table, extra)
    }

    /// The system, and what is to be searched of it.
    fn prepared(&self) -> anyhow::Result<(Theory, Plan)> {
        let theory = Theory::load(&self.system)?;
        let plan = self.values.plan(std::slice::from_ref(&theory))?;
        if plan.controls.as_ref().is_some_and(|c| c.len() < 2) {
            bail!(
                "`overlaps critical` searches along `{0}`; leave it out, or sweep it over 2 values or more",
                theory.control.name
            );
        }
        Ok((theory, plan))
    }

    /// The changes of one combination of parameters, and how many rows along the control did not converge.
    fn changes(&self, theory: &Theory, plan: &Plan, cell: usize) -> (Vec<Found>, usize) {
        let job = Job { parameters: plan.parameters(cell), controls: plan.controls.clone() };
        let curves = job.curves(theory, notes::settings(self.values.tolerance, false));
        let mut found = Vec::new();
        let mut failed = 0;
        for piece in &curves {
            failed += piece.curve.failed_rows(self.values.tolerance);
            let system = &piece.piece.system;
            let columns: Vec<String> = system.outputs.iter().map(|o| o.column.clone()).collect();
            for change in &piece.curve.changes {
                found.push(Found {
                    piece: system.name().to_string(),
                    columns: columns.clone(),
                    change: change.clone(),
                    notes: notes::lines(theory, piece, &[], false),
                });
            }
        }
        (found, failed)
    }
}

/// The columns of the outputs, and their meanings.
fn outputs(theory: &Theory) -> Vec<(String, String)> {
    theory.output_columns().iter().map(|(c, _, m)| (c.to_string(), m.to_string())).collect()
}

/// The table, without rows.
fn table(theory: &Theory, plan: &Plan, outputs: &[(String, String)]) -> Table {
    let mut columns =
        vec![Column::new(theory.control.name.clone(), theory.control.meaning.clone(), Role::Control)];
    columns.extend(plan.swept.iter().map(|s| Column::new(s.name.as_str(), "", Role::Parameter)));
    for (name, meaning) in [
        ("piece", "system"),
        ("change", "crossing of energies, or end of a branch"),
        ("side", "before or after, along the control"),
        ("branch", "kind of solution"),
    ] {
        columns.push(Column::new(name, meaning, Role::Label));
    }
    columns.extend(outputs.iter().map(|(c, m)| Column::new(c.clone(), m.clone(), Role::Output)));
    columns.push(Column::new("energy", "energy", Role::Certificate));
    Table::new(columns)
}

/// Two rows for every change: before and after.
fn rows(found: &[Found], plan: &Plan, cell: usize, outputs: &[(String, String)]) -> Vec<Vec<Cell>> {
    let swept: Vec<Cell> = plan.swept_values(cell).iter().map(Cell::from).collect();
    let sides = found.iter().flat_map(|f| {
        let change = &f.change;
        [("before", &change.from, &change.before), ("after", &change.to, &change.after)].map(|side| (f, side))
    });
    sides
        .map(|(f, (side, branch, solution))| row(f, side, branch, solution.as_ref(), &swept, outputs))
        .collect()
}

/// Each change as a small table: the quantities down, before and after across.
fn side_by_side(table: &Table) -> anyhow::Result<String> {
    let mut text = String::new();
    let labels = table.columns.iter().position(|c| c.name == "side").unwrap_or_default();
    for pair in table.rows.chunks(2) {
        let [before, after] = pair else { continue };
        let mut columns = vec![Column::new("quantity", "", Role::Label)];
        columns.extend(["before", "after"].map(|side| Column::new(side, "", Role::Output)));
        let mut sides = Table::new(columns);
        for (i, column) in table.columns.iter().enumerate() {
            let absent = before[i] == Cell::Missing && after[i] == Cell::Missing;
            if i != labels && !absent {
                sides.push(vec![Cell::from(column.name.as_str()), before[i].clone(), after[i].clone()])?;
            }
        }
        text += &terminal::render(&sides, &TerminalOptions { columns: None, max_rows: 0, digits: 12 });
        text.push('\n');
    }
    Ok(text)
}

fn row(
    found: &Found,
    side: &str,
    branch: &str,
    solution: Option<&Solution>,
    swept: &[Cell],
    outputs: &[(String, String)],
) -> Vec<Cell> {
    let mut row = vec![Cell::Number(found.change.control)];
    row.extend(swept.iter().cloned());
    row.extend([found.piece.as_str(), found.change.kind.name(), side, branch].map(Cell::from));
    for (column, _) in outputs {
        let value = solution
            .and_then(|s| found.columns.iter().position(|c| c == column).map(|i| s.certified.outputs[i]));
        row.push(value.filter(|v| !v.is_nan()).map_or(Cell::Missing, Cell::Number));
    }
    let energy = solution.map(|s| s.certified.energy).filter(|e| !e.is_nan());
    row.push(energy.map_or(Cell::Missing, Cell::Number));
    row
}
