//! `overlaps solve SYSTEM`, and the same in a study, where a cell is the curve of one combination of parameters.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::arguments::{Values, is_plain};
use super::cells::with_progress;
use super::destination::{Destination, Files, Format, side};
use super::say::SHOWN;
use super::simulation::stopped;
use super::{FINE, NOT_CONVERGED, standard_output};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::experiment::{self, Computed, Experiment, Tally, Told};
use overlaps::output::csv::CsvWriter;
use overlaps::output::json::number;
use overlaps::output::{AtomicFile, Role, SideFile, Table, table_json};
use overlaps::system::Theory;

/// A table with more rows than this is only streamed to the CSV, not kept for the terminal and the figure.
const MOST_ROWS_KEPT: usize = 50_000;

/// Solve a system along its control parameter.
///
/// With nothing but the name of a system the result goes to results/SYSTEM.csv, .json and .svg; otherwise to the
/// files named by --output and --plot.
#[derive(Debug, PartialEq, Args)]
#[command(
    after_help = "Examples:\n  overlaps solve first-phase n=8 kappa=2 t=0.5\n  overlaps solve mine.toml T=0.1:1.5:29 --output mine.csv --plot mine.svg"
)]
pub struct Solve {
    /// Name of a built-in system, or path of an equation file.
    system: String,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    destination: Destination,
    /// Columns of the figure and of the table in the terminal, separated by commas; `all` for every output.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Solve these systems too and draw them in the same figure, separated by commas.
    #[arg(long, value_name = "SYSTEMS", value_delimiter = ',')]
    compare: Vec<String>,
    /// All branches at every control value, lowest energy first, and where they end.
    #[arg(long)]
    branches: bool,
    /// Solve for where nothing moves, along this parameter in place of the time; its values are given by --sweep or --set. For
    /// systems with [flow] or [iterate].
    #[arg(long, value_name = "PARAMETER")]
    stationary: Option<String>,
    /// Compute equations and outputs of every row again by other means, and search for solutions that were missed.
    #[arg(long)]
    verify: bool,
}

impl Solve {
    /// Solves, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let solve = self.prepared()?;
        let files = self.files()?;
        files.check()?;
        self.solve(&solve, &files)
    }

    /// What is to be solved.
    fn prepared(&self) -> anyhow::Result<experiment::Solve> {
        let names = std::iter::once(&self.system).chain(&self.compare);
        let theories: Vec<Theory> = names.map(|name| Theory::load(name)).collect::<Result<_, _>>()?;
        let solve = match &self.stationary {
            Some(along) => experiment::Solve::at_rest(theories, along, self.values.wanted())?,
            None => experiment::Solve::new(theories)?.wanted(self.values.wanted())?,
        };
        let solve = solve.verified(self.verify)?;
        Ok(solve.within(self.values.tolerance)?.with_branches(self.branches))
    }

    /// The files to write: those asked for, or the defaults where a system is solved as it stands.
    fn files(&self) -> anyhow::Result<Files> {
        let plain = is_plain(self, Some(&self.system), &self.values, &self.destination);
        let name = Path::new(&self.system).file_stem().unwrap_or_default();
        self.destination.files(plain.then_some(name))
    }

    fn solve(&self, solve: &experiment::Solve, files: &Files) -> anyhow::Result<u8> {
        let (plan, columns) = (solve.plan(), solve.columns());
        let mut kept = Table::new(columns.to_vec());
        let chart = solve.chart()?.context("a solve has curves")?.showing(&self.columns, columns)?;
        let rows_in_all = plan.cells().saturating_mul(solve.rows_per_cell());
        let keep = rows_in_all <= MOST_ROWS_KEPT;
        if !keep && (files.plot.is_some() || self.destination.format() == Format::Json) {
            bail!(
                "{rows_in_all} rows are too many for a figure or JSON; write them with --output, or sweep fewer values"
            );
        }
        let mut csv = match &files.csv {
            Some(path) => Some(CsvWriter::new(AtomicFile::create(path)?, columns)?),
            None => None,
        };
        let mut printed = match self.destination.format() {
            Format::Csv => Some(CsvWriter::new(standard_output(), columns)?),
            _ => None,
        };
        let mut tally = Tally::default();
        let mut all = Told::default();
        let take = |computed: Computed| -> anyhow::Result<()> {
            let mut rows = Table::new(columns.to_vec());
            rows.rows = computed.rows;
            tally.count(&rows);
            for row in &rows.rows {
                if let Some(csv) = &mut csv {
                    csv.write_row(row)?;
                }
                if let Some(printed) = &mut printed {
                    printed.write_row(row)?;
                }
            }
            if keep {
                kept.rows.extend(rows.rows);
            }
            all.add(computed.told);
            Ok(())
        };
        let whole =
            with_progress(plan.cells() as u64, self.values.quiet, |running| solve.stream(running, take));
        if !whole? {
            return Err(stopped(None));
        }
        if let Some(printed) = printed {
            printed.finish()?.flush()?;
        }
        let drawing = match &files.plot {
            Some(_) => Some(chart.marked(&kept, &all.special)?),
            None => None,
        };
        let csv = match csv {
            Some(csv) => Some(csv.finish()?.complete()?),
            None => None,
        };
        let events = std::mem::take(&mut all.events);
        let side = self.side(solve, events, &tally);
        let written = files.write_beside(csv, &side, drawing.as_ref())?;
        self.print(&kept, &chart.y, keep)?;
        self.print_notes(&all, &tally, &written);
        Ok(if tally.failed > 0 { NOT_CONVERGED } else { FINE })
    }

    /// The side file: what is needed to make the table again.
    fn side(&self, solve: &experiment::Solve, events: Vec<Value>, tally: &Tally) -> SideFile {
        let (system, parameters) = solve.described();
        let mut extra: IndexMap<String, Value> = IndexMap::new();
        extra.insert("tolerance".into(), number(self.values.tolerance));
        extra.insert("rows".into(), json!(tally.rows));
        extra.insert("rows_not_converged".into(), json!(tally.failed));
        if let Some(worst) = tally.verify_difference {
            extra.insert("verify_difference".into(), number(worst));
        }
        let sources =
            solve.theories().iter().map(|t| (t.name().to_string(), json!(t.description.source))).collect();
        extra.insert("sources".into(), Value::Object(sources));
        let sweeps = self.values.sweeps();
        SideFile { events, ..side(&system, parameters, sweeps, solve.columns(), extra) }
    }

    fn print(&self, table: &Table, drawn: &[String], keep: bool) -> anyhow::Result<()> {
        match self.destination.format() {
            Format::Table if !self.values.quiet && keep => {
                let mut columns: Vec<String> = Vec::new();
                for c in &table.columns {
                    let certificate = ["quadrature_error", "nodes", "status", "verify_difference"];
                    let wanted = match c.role {
                        Role::Control | Role::Parameter | Role::Label => true,
                        Role::Output => drawn.contains(&c.name),
                        Role::Certificate => {
                            certificate.contains(&c.name.as_str()) || drawn.contains(&c.name)
                        }
                    };
                    if wanted {
                        columns.push(c.name.clone());
                    }
                }
                let max_rows = self.destination.rows_shown();
                let options = TerminalOptions { columns: Some(columns), max_rows, digits: 7 };
                let mut out = standard_output();
                out.write_all(terminal::render(table, &options).as_bytes())?;
                out.flush()?;
            }
            Format::Json => {
                let mut out = standard_output();
                table_json(table, &mut out)?;
                out.flush()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn print_notes(&self, all: &Told, tally: &Tally, written: &[String]) {
        let Told { lines, verification, .. } = all;
        for line in all.warnings(tally.counts()) {
            eprintln!("warning: {line}");
        }
        if self.values.quiet {
            return;
        }
        for line in lines.iter().take(SHOWN) {
            eprintln!("note: {line}");
        }
        if lines.len() > SHOWN {
            eprintln!(
                "note: {} more changes and ends of branches are in the JSON side file",
                lines.len() - SHOWN
            );
        }
        for line in verification.notes() {
            eprintln!("note: {line}");
        }
        if tally.nodes > 0 {
            eprintln!(
                "note: {} rows; averages within {:.1e} with up to {} nodes",
                tally.rows, tally.worst_quadrature, tally.nodes
            );
        }
        self.destination.say_written(written, false);
    }
}

impl Solve {
    /// Its cells in a study.
    pub fn work(&self) -> anyhow::Result<Box<dyn Experiment>> {
        Ok(Box::new(self.prepared()?))
    }
}
