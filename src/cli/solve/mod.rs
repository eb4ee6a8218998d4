//! `overlaps solve SYSTEM`.

mod verification;
mod work;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::bail;
use clap::Args;
use indexmap::IndexMap;
use serde_json::{Value, json};

use self::verification::Verification;
use super::arguments::Values;
use super::cells::{Cells, for_each_cell};
use super::destination::{Destination, Files, Format, command};
use super::figure::{drawn_columns, figure};
use super::tally::Tally;
use super::{FINE, NOT_CONVERGED, notes, standard_output};
use crate::output::csv::CsvWriter;
use crate::output::json::number;
use crate::output::{AtomicFile, Cell, Column, SideFile, Table, TerminalOptions, table_json, terminal};
use crate::solve::{Job, Layout, PieceCurve, controls_of_rows, enter, reports};
use crate::study::Plan;
use crate::system::Theory;

/// A table with more rows than this is only streamed to the CSV, not kept for the terminal and the figure.
const MOST_ROWS_KEPT: usize = 50_000;

/// Solve a system along its control parameter.
///
/// With nothing but the name of a system the result goes to results/SYSTEM.csv, .json and .svg; otherwise to the
/// files named by --output and --plot.
#[derive(Debug, Args)]
pub struct Solve {
    /// Name of a built-in system, or path of an equation file.
    system: String,
    #[command(flatten)]
    values: Values,
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
    /// Compute equations and outputs of every row again by other means, and search for solutions that were missed.
    #[arg(long)]
    verify: bool,
}

/// What one combination of swept values gives.
struct CellResult {
    rows: Vec<Vec<Cell>>,
    events: Vec<Value>,
    lines: Vec<String>,
    /// Outputs that are not a number somewhere (true), or infinite (false).
    undefined: BTreeSet<(String, bool)>,
    /// Why rows did not converge.
    reasons: Vec<String>,
    verification: Verification,
}

impl Solve {
    /// Solves, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let (theories, plan) = self.prepared()?;
        let files = self.files(&plan)?;
        files.check()?;
        self.values.start_threads();
        self.solve(&theories, &plan, &files)
    }

    /// The systems, and what is to be solved of them.
    fn prepared(&self) -> anyhow::Result<(Vec<Theory>, Plan)> {
        let mut theories = vec![Theory::load(&self.system)?];
        for name in &self.compare {
            theories.push(Theory::load(name)?);
            let [first, .., last] = theories.as_slice() else { continue };
            if last.control.name != first.control.name {
                bail!(
                    "{} runs along {}, {} along {}; they cannot share a figure",
                    first.name(),
                    first.control.name,
                    last.name(),
                    last.control.name
                );
            }
            if theories[..theories.len() - 1].iter().any(|t| t.name() == theories[theories.len() - 1].name())
            {
                bail!("`{name}` is compared with itself");
            }
        }
        let deepest = theories.iter().flat_map(|t| &t.pieces).map(|p| p.system.normals_at_once()).max();
        if self.verify && deepest > Some(2) {
            bail!(
                "--verify integrates one normal variable inside the other; for more than two at once that would take hours"
            );
        }
        Theory::agree_on_words(&theories)?;
        let plan = self.values.plan(&theories)?;
        Ok((theories, plan))
    }

    /// Which columns there are.
    fn layout(&self, theories: &[Theory], plan: &Plan) -> (Layout, Vec<Column>) {
        let references: Vec<&Theory> = theories.iter().collect();
        let swept: Vec<String> = plan.swept.iter().map(|s| s.name.clone()).collect();
        let layout = Layout::new(&references, &swept, self.verify, self.values.tolerance);
        let columns = layout.columns(&references);
        (layout, columns)
    }

    /// The files to write: those asked for, or the defaults where a system is solved as it stands.
    fn files(&self, plan: &Plan) -> anyhow::Result<Files> {
        let plain = self.destination.is_default()
            && plan.fixed.is_empty()
            && plan.swept.is_empty()
            && plan.controls.is_none()
            && self.compare.is_empty()
            && self.columns.is_empty()
            && !self.branches
            && !self.verify;
        let name = Path::new(&self.system).file_stem().unwrap_or_default();
        self.destination.files(plain.then_some(name))
    }

    fn solve(&self, theories: &[Theory], plan: &Plan, files: &Files) -> anyhow::Result<u8> {
        let (layout, columns) = self.layout(theories, plan);
        let mut kept = Table::new(columns.clone());
        let drawn = drawn_columns(&self.columns, &theories[0].description.plot, &kept)?;
        let rows_in_all = plan.cells().saturating_mul(self.rows_per_cell(theories, plan));
        let keep = rows_in_all <= MOST_ROWS_KEPT;
        if !keep && (files.svg.is_some() || self.destination.format == Format::Json) {
            bail!(
                "{rows_in_all} rows are too many for a figure or JSON; write them with --output, or sweep fewer values"
            );
        }
        let mut csv = match &files.csv {
            Some(path) => Some(CsvWriter::new(AtomicFile::create(path)?, &columns)?),
            None => None,
        };
        let mut printed = match self.destination.format {
            Format::Csv => Some(CsvWriter::new(standard_output(), &columns)?),
            _ => None,
        };
        let status = columns.iter().position(|c| c.name == "status").unwrap_or_default();
        let mut tally = Tally::new(&columns);
        let (mut events, mut lines) = (Vec::new(), Vec::new());
        let mut undefined: BTreeSet<(String, bool)> = BTreeSet::new();
        let mut reasons = Vec::new();
        let mut verification = Verification::default();
        for_each_cell(
            Cells { count: plan.cells(), units: 1 },
            self.values.quiet,
            |cell, _| self.solve_cell(theories, plan, &layout, &columns, cell),
            |_, result| {
                for row in &result.rows {
                    tally.count(row, status);
                    if let Some(csv) = &mut csv {
                        csv.write_row(row)?;
                    }
                    if let Some(printed) = &mut printed {
                        printed.write_row(row)?;
                    }
                }
                if keep {
                    for row in result.rows {
                        kept.push(row)?;
                    }
                }
                undefined.extend(result.undefined);
                verification.add(result.verification);
                events.extend(result.events);
                if reasons.len() < 1000 {
                    reasons.extend(result.reasons);
                }
                if lines.len() < 1000 {
                    lines.extend(result.lines);
                }
                Ok(())
            },
        )?;
        if let Some(printed) = printed {
            printed.finish()?.flush()?;
        }
        let drawing = match &files.svg {
            Some(_) => Some(figure(theories, plan, &kept, &drawn, self.branches)?),
            None => None,
        };
        let csv = match csv {
            Some(csv) => Some(csv.finish()?.complete()?),
            None => None,
        };
        let side = self.side(theories, plan, &columns, events, &tally);
        let written = files.write_beside(csv, &side, drawing.as_ref())?;
        for (nan, what) in [
            (true, "is not a number in some rows, which are left empty there"),
            (false, "is infinite in some rows"),
        ] {
            let names: Vec<&str> =
                undefined.iter().filter(|(_, n)| *n == nan).map(|(name, _)| name.as_str()).collect();
            if !names.is_empty() {
                eprintln!("warning: {} {what}", names.join(", "));
            }
        }
        self.print(&kept, &drawn, keep)?;
        self.print_notes((&reasons, &lines), &tally, &verification, &written);
        Ok(if tally.failed > 0 { NOT_CONVERGED } else { FINE })
    }

    fn rows_per_cell(&self, theories: &[Theory], plan: &Plan) -> usize {
        let job = Job { parameters: Vec::new(), controls: plan.controls.clone() };
        theories.iter().flat_map(|t| t.pieces.iter().map(|p| job.controls_of(t, p).len())).sum()
    }

    fn solve_cell(
        &self,
        theories: &[Theory],
        plan: &Plan,
        layout: &Layout,
        columns: &[Column],
        cell: usize,
    ) -> CellResult {
        let swept = plan.swept_values(cell);
        let named = plan.swept_at(cell);
        let job = Job { parameters: plan.parameters(cell), controls: plan.controls.clone() };
        let mut result = CellResult {
            rows: Vec::new(),
            events: Vec::new(),
            lines: Vec::new(),
            undefined: BTreeSet::new(),
            reasons: Vec::new(),
            verification: Verification::default(),
        };
        for theory in theories {
            let curves = job.curves(theory, notes::settings(self.values.tolerance, self.branches));
            let mut rows = layout.rows(theory, &curves, &swept, self.branches);
            if self.verify {
                self.verify_rows(theories, &curves, &named, columns, &mut rows, &mut result.verification);
            }
            result.rows.extend(rows);
            for piece in &curves {
                let solutions = (0..piece.curve.controls.len()).filter_map(|row| piece.curve.solution(row));
                for (_, solution) in solutions {
                    // A point on the boundary is infinite because the file says so.
                    let outputs = piece.piece.system.outputs.iter().zip(&solution.certified.outputs);
                    let bad = outputs.filter(|(_, v)| v.is_nan() || v.is_infinite() && !solution.boundary);
                    result.undefined.extend(bad.map(|(o, v)| (o.column.clone(), v.is_nan())));
                }
                let (reasons, failures) = notes::failures(piece, &named, self.values.tolerance);
                result.reasons.extend(reasons);
                result.events.extend(failures);
                result.events.extend(notes::events(piece, &named));
                let label = if theories.len() > 1 { format!("{}: ", theory.name()) } else { String::new() };
                let lines = notes::lines(theory, piece, &named, self.branches);
                let remarks = notes::remarks(piece);
                result.lines.extend(remarks.into_iter().chain(lines).map(|l| format!("{label}{l}")));
            }
        }
        result
    }

    /// Verifies the rows of the curves of one theory.
    fn verify_rows(
        &self,
        theories: &[Theory],
        curves: &[PieceCurve],
        swept: &[(String, crate::value::Value)],
        columns: &[Column],
        rows: &mut [Vec<Cell>],
        verification: &mut Verification,
    ) {
        let mut rest = rows;
        for piece in curves {
            let mut place: Vec<String> = swept.iter().map(|(n, v)| format!("{n} = {v}")).collect();
            if theories.len() > 1 || curves.len() > 1 {
                place.insert(0, piece.piece.system.name().to_string());
            }
            let mut place = place.join(", ");
            if !place.is_empty() {
                place += ": ";
            }
            let tolerance = self.values.tolerance;
            let controls = controls_of_rows(piece, self.branches);
            let (own, others) = rest.split_at_mut(controls.len());
            rest = others;
            match reports(piece, self.branches, tolerance) {
                Ok(reports) => {
                    enter(&reports, own, columns);
                    let at = controls.into_iter().zip(reports.iter().map(Option::as_ref));
                    verification.count(piece, &place, &at.collect::<Vec<_>>());
                }
                Err(reason) => verification.refused(&place, &reason),
            }
        }
    }

    /// The side file: what is needed to make the table again.
    fn side(
        &self,
        theories: &[Theory],
        plan: &Plan,
        columns: &[Column],
        events: Vec<Value>,
        tally: &Tally,
    ) -> SideFile {
        let mut extra: IndexMap<String, Value> = IndexMap::new();
        extra.insert("tolerance".into(), number(self.values.tolerance));
        extra.insert("rows".into(), json!(tally.rows));
        extra.insert("rows_not_converged".into(), json!(tally.failed));
        if let Some(worst) = tally.verify_difference {
            extra.insert("verify_difference".into(), number(worst));
        }
        let sources = theories.iter().map(|t| (t.name().to_string(), json!(t.description.source))).collect();
        extra.insert("sources".into(), Value::Object(sources));
        SideFile {
            program: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command: command(),
            system: theories[0].name().into(),
            parameters: plan.constants(theories),
            sweeps: self.values.sweeps().map(|s| (s.name.clone(), json!(s.text))).collect(),
            columns: columns.to_vec(),
            events,
            extra,
        }
    }

    fn print(&self, table: &Table, drawn: &[String], keep: bool) -> anyhow::Result<()> {
        match self.destination.format {
            Format::Table if !self.values.quiet && keep => {
                let mut columns: Vec<String> = Vec::new();
                for c in &table.columns {
                    use crate::output::Role;
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

    fn print_notes(
        &self,
        (reasons, lines): (&[String], &[String]),
        tally: &Tally,
        verification: &Verification,
        written: &[String],
    ) {
        let failed = tally.failed - verification.failed;
        if failed > 0 {
            eprintln!(
                "warning: {failed} of {} rows did not converge (status not-converged, outputs empty){}",
                tally.rows,
                if reasons.is_empty() { "" } else { ":" }
            );
            for reason in reasons.iter().take(notes::REASONS) {
                eprintln!("warning: {reason}");
            }
            if reasons.len() > notes::REASONS {
                eprintln!("warning: why the others did not is in the JSON side file");
            }
        }
        for line in verification.warnings() {
            eprintln!("warning: {line}");
        }
        if self.values.quiet {
            return;
        }
        for line in lines.iter().take(notes::SHOWN) {
            eprintln!("note: {line}");
        }
        if lines.len() > notes::SHOWN {
            eprintln!(
                "note: {} more changes and ends of branches are in the JSON side file",
                lines.len() - notes::SHOWN
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
