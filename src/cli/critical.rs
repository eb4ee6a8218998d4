//! `overlaps critical SYSTEM`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::arguments::Values;
use super::cells::{Cells, Progress, for_each_cell};
use super::{FINE, NOT_CONVERGED, notes, print};
use crate::equation::Theory;
use crate::output::{
    Cell, Column, Role, Table, TerminalOptions, check_writable, csv::write_table, terminal, write_atomically,
};
use crate::solve::{Change, Job, Solution};

/// Find the control values at which the global branch changes.
///
/// The energies of both branches are followed to their crossing, which is located by Brent's method; both sides'
/// outputs are printed. With --sweep, one pair of rows per change and combination.
#[derive(Debug, Args)]
pub struct Critical {
    /// Name of a built-in system, or path of an equation file.
    system: String,
    #[command(flatten)]
    values: Values,
    /// Write the table to this CSV file.
    #[arg(long, value_name = "FILE.csv")]
    output: Option<PathBuf>,
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
        let theory = Theory::load(&self.system)?;
        let plan = self.values.plan(std::slice::from_ref(&theory))?;
        if plan.controls.as_ref().is_some_and(|c| c.len() < 2) {
            bail!(
                "`overlaps critical` searches along `{0}`; leave it out, or sweep it over 2 values or more",
                theory.control.name
            );
        }
        if let Some(path) = &self.output {
            check_writable(path)?;
        }
        self.values.start_threads();
        let outputs: Vec<(String, String)> =
            theory.output_columns().iter().map(|(c, _, m)| (c.to_string(), m.to_string())).collect();
        let mut table =
            self.table(&theory, &plan.swept.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), &outputs);
        let mut lines = Vec::new();
        let work = |cell: usize, _: &Progress| {
            let job = Job { parameters: plan.parameters(cell), controls: plan.controls.clone() };
            let curves = job.solve(&theory, notes::settings(self.values.tolerance, false));
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
                        notes: notes::lines(&theory, piece, &[], false),
                    });
                }
            }
            (found, failed)
        };
        let mut failed = 0;
        let cells = Cells { count: plan.cells(), units: 1 };
        for_each_cell(cells, self.values.quiet, work, |cell, (found, failures)| {
            failed += failures;
            let swept: Vec<Cell> = plan.swept_cells(cell).into_iter().map(|(_, value)| value).collect();
            for f in found {
                for (side, branch, solution) in
                    [("before", &f.change.from, &f.change.before), ("after", &f.change.to, &f.change.after)]
                {
                    table.push(row(&f, side, branch, solution.as_ref(), &swept, &outputs))?;
                }
                for line in f.notes {
                    if plan.cells() == 1 && !lines.contains(&line) {
                        lines.push(line);
                    }
                }
            }
            Ok(())
        })?;
        if let Some(path) = &self.output {
            write_atomically(path, |w| write_table(&table, w))?;
        }
        if !self.values.quiet {
            if table.rows.is_empty() && failed > 0 {
                print("no change of the global branch was found\n")?;
            } else if table.rows.is_empty() {
                let c = &theory.control;
                let searched = plan.controls.clone().unwrap_or_else(|| vec![c.from, c.to]);
                let from = searched.iter().copied().fold(f64::INFINITY, f64::min);
                let to = searched.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let range = format!("{from} ≤ {} ≤ {to}", c.name);
                print(&format!("the global branch of {} does not change for {range}\n", theory.name()))?;
            } else if plan.cells() == 1 {
                print(&side_by_side(&table)?)?;
            } else {
                print(&terminal::render(&table, &TerminalOptions { columns: None, max_rows: 0, digits: 9 }))?;
            }
            lines.iter().take(notes::SHOWN).for_each(|line| eprintln!("note: {line}"));
        }
        if failed > 0 {
            eprintln!(
                "warning: {failed} rows along the control did not converge; a change there can be missing"
            );
        }
        Ok(if failed > 0 { NOT_CONVERGED } else { FINE })
    }

    fn table(&self, theory: &Theory, swept: &[&str], outputs: &[(String, String)]) -> Table {
        let mut columns =
            vec![Column::new(theory.control.name.clone(), theory.control.meaning.clone(), Role::Control)];
        columns.extend(swept.iter().map(|s| Column::new(*s, "", Role::Parameter)));
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
