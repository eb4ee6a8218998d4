//! `overlaps simulate`.

mod work;

use clap::Args;
use serde_json::json;

use super::arguments::Values;
use super::destination::{Destination, side};
use super::figure::drawn_columns;
use super::simulation::{Simulation, SimulationOptions, default_times};
use super::{FINE, NOT_CONVERGED, points};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::output::csv::CsvWriter;
use overlaps::output::{AtomicFile, Cell, SideFile, Table};
use overlaps::solve::NOT_CONVERGED as FAILED;
use overlaps_models::simulate::columns;

/// Columns of the terminal beside parameters and labels, unless --columns says.
const SHOWN: [&str; 4] = ["m", "omega", "b", "c"];

/// Learn denoisers at finite dimension d and measure their overlaps.
///
/// Data sets of n samples are drawn for every combination of parameters and every seed, a denoiser is learnt at every
/// time t, and its overlaps become one row of a table with the columns of `solve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Parameters for --set and --sweep, with their defaults: n = 128 samples, p = 0.8, sigma = 1, kappa = 4, lambda = 0.1, ell = 0.01, p_test = p, k = inf noise samples per datum, d = 5000, interpolant = linear (or trigonometric: α = √(1 − τ²)), schedule = dilated (or uniform: τ = t/2); and the time t of the schedule, 0 ≤ t ≤ 2."
)]
pub struct Simulate {
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    destination: Destination,
    /// Columns of the figure and of the table in the terminal, separated by commas; `all` for every overlap.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    #[command(flatten)]
    simulation: SimulationOptions,
}

impl Simulate {
    /// Simulates, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let files = self.destination.files(None)?;
        files.check()?;
        let simulation = self.simulation.simulation(&self.values, files.csv.as_deref(), default_times)?;
        self.values.start_threads();
        let mut table = Table::new(columns());
        let drawn = drawn_columns(&self.columns, &SHOWN.map(String::from), &table)?;
        let mut csv = match &files.csv {
            Some(path) => Some(CsvWriter::new(AtomicFile::create(path)?, &table.columns)?),
            None => None,
        };
        let status = table.column("status").unwrap_or_default();
        let gradient = table.column("gradient_norm").unwrap_or_default();
        let (mut failed, mut worst) = (0, 0.0f64);
        simulation.for_each_row(self.values.quiet, |row| {
            failed += usize::from(row[status] == Cell::from(FAILED));
            worst = worst.max(row[gradient].number().unwrap_or(0.0));
            if let Some(csv) = &mut csv {
                csv.write_row(&row)?;
            }
            Ok(table.push(row)?)
        })?;
        let drawing = match &files.plot {
            Some(_) => Some(points::figure(&table, &simulation, &drawn)?),
            None => None,
        };
        let csv = match csv {
            Some(csv) => Some(csv.finish()?.complete()?),
            None => None,
        };
        let side = self.side(&simulation, &table, failed);
        let written = files.write_beside(csv, &side, drawing.as_ref())?;
        simulation.finish();
        let swept: Vec<String> = simulation.plan.swept.iter().map(|s| s.name.clone()).collect();
        self.print(&table, &swept, &drawn)?;
        if failed > 0 {
            eprintln!(
                "warning: {failed} of {} rows did not converge (status not-converged, outputs empty)",
                table.rows.len()
            );
        }
        if !self.values.quiet {
            eprintln!("note: {} rows; largest gradient norm {worst:.1e}", table.rows.len());
        }
        self.destination.say_written(&written, self.values.quiet);
        Ok(if failed > 0 { NOT_CONVERGED } else { FINE })
    }

    fn side(&self, simulation: &Simulation, table: &Table, failed: usize) -> SideFile {
        let sweeps = self.values.sweeps().map(|s| (s.name.clone(), s.text.clone()));
        let extra = [
            ("simulation".to_string(), simulation.describe()),
            ("rows".to_string(), json!(table.rows.len())),
            ("rows_not_converged".to_string(), json!(failed)),
        ]
        .into();
        side("simulation", simulation.parameters(), sweeps, table, extra)
    }

    fn print(&self, table: &Table, swept: &[String], drawn: &[String]) -> anyhow::Result<()> {
        self.destination.print(table, self.values.quiet, || {
            let lead = ["t", "n"].map(String::from);
            let more = ["d", "seed", "branch"].map(String::from);
            let tail = ["gradient_norm", "status"].map(String::from);
            let swept = swept.iter().filter(|name| !lead.contains(name) && !more.contains(name));
            let swept: Vec<String> = swept.cloned().collect();
            let columns = [&lead[..], &swept, &more[..], drawn, &tail[..]].concat();
            let options = TerminalOptions {
                columns: Some(columns),
                max_rows: self.destination.rows_shown(),
                digits: 6,
            };
            terminal::render(table, &options)
        })
    }
}
