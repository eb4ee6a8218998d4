//! `overlaps simulate`, and the same in a study, where a cell is a data set at all its control values.

use std::path::Path;

use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::json;

use super::arguments::Values;
use super::cells::with_progress;
use super::destination::{Destination, side};
use super::simulation::{SimulationOptions, stopped};
use super::{FINE, NOT_CONVERGED};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::experiment::{self, Experiment};
use overlaps::model::Description;
use overlaps::name::did_you_mean;
use overlaps::output::{SideFile, Table};
use overlaps_models::mixture::DENOISER;

/// Simulate a model at finite dimension d and measure its overlaps.
///
/// Data sets are drawn for every combination of parameters and every seed, what the model learns on each is measured at every
/// value of its control, and becomes one row of a table with the columns of `solve`. `overlaps list` has the models.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps simulate n=8 d=1000 t=0.5,1 --seeds 4\n  overlaps simulate ridge --output runs.csv\n\nParameters of denoisers for --set and --sweep, with their defaults: n = 128 samples, p = 0.8, sigma = 1, kappa = 4, lambda = 0.1, ell = 0.01, p_test = p, k = inf noise samples per datum, d = 5000, interpolant = linear (or trigonometric: α = √(1 − τ²)), schedule = dilated (or uniform: τ = t/2); and the time t of the schedule, 0 ≤ t ≤ 2."
)]
pub struct Simulate {
    /// Which model.
    #[arg(default_value = "denoiser")]
    model: String,
    #[command(flatten)]
    pub values: Values,
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
        let simulate = self.simulate(files.csv.as_deref())?;
        let chart = simulate.chart()?.context("a simulation has points")?;
        let chart = chart.showing(&self.columns, simulate.columns())?;
        let total = simulate.cells() as u64 * simulate.units();
        let table = with_progress(total, self.values.quiet, |running| simulate.run(running));
        let table = table?.ok_or_else(|| stopped(simulate.left()))?;
        let failed = table.rows.iter().filter(|row| table.failed(row)).count();
        let drawing = match &files.plot {
            Some(_) => Some(chart.figure(&table)?),
            None => None,
        };
        let written = files.write(&table, &self.side(&simulate, &table, failed)?, drawing.as_ref())?;
        simulate.finish();
        self.print(&simulate, &table, &chart.y)?;
        if failed > 0 {
            eprintln!(
                "warning: {failed} of {} rows did not converge (status not-converged, outputs empty)",
                table.rows.len()
            );
        }
        if !self.values.quiet {
            let norms = table.numbers("gradient_norm").into_iter().flatten().flatten();
            let worst = norms.reduce(f64::max).map(|worst| format!("; largest gradient norm {worst:.1e}"));
            eprintln!("note: {} rows{}", table.rows.len(), worst.unwrap_or_default());
        }
        self.destination.say_written(&written, self.values.quiet);
        Ok(if failed > 0 { NOT_CONVERGED } else { FINE })
    }

    /// What is simulated; networks that are being trained are kept beside its CSV.
    pub fn simulate(&self, csv: Option<&Path>) -> anyhow::Result<experiment::Simulate> {
        let (model, values) = self.asked()?;
        let model = self.simulation.model(meant(model)?, values.tolerance, csv)?;
        let (wanted, seeds) = (self.simulation.wanted(values.wanted())?, self.simulation.seeds()?);
        let simulate = experiment::Simulate::of(model, wanted, seeds)?;
        simulate.check()?;
        Ok(simulate)
    }

    /// The model, which may be left out in front of values, and the values.
    fn asked(&self) -> anyhow::Result<(&str, Values)> {
        let mut values = self.values.clone();
        match self.model.contains('=') {
            true => values.give(&self.model).map(|()| (DENOISER.name, values)),
            false => Ok((&self.model, values)),
        }
    }

    /// Its cells in a study; networks that are being trained are kept beside this CSV.
    pub fn work(&self, csv: &Path) -> anyhow::Result<Box<dyn Experiment>> {
        Ok(Box::new(self.simulate(Some(csv))?))
    }

    fn side(
        &self,
        simulate: &experiment::Simulate,
        table: &Table,
        failed: usize,
    ) -> anyhow::Result<SideFile> {
        let (_, values) = self.asked()?;
        let extra = [
            ("simulation".to_string(), simulate.describe()),
            ("rows".to_string(), json!(table.rows.len())),
            ("rows_not_converged".to_string(), json!(failed)),
        ]
        .into();
        let (system, parameters) = simulate.described();
        Ok(side(&system, parameters, values.sweeps(), &table.columns, extra))
    }

    fn print(&self, simulate: &experiment::Simulate, table: &Table, drawn: &[String]) -> anyhow::Result<()> {
        self.destination.print(table, self.values.quiet, || {
            let lead: Vec<String> =
                [simulate.model().description().control.name, "n"].map(String::from).into();
            let more = ["d", "seed", "branch"].map(String::from);
            let tail = ["gradient_norm", "status"].map(String::from);
            let swept = simulate.plan().swept.iter().map(|s| s.name.clone());
            let swept: Vec<String> =
                swept.filter(|name| !lead.contains(name) && !more.contains(name)).collect();
            let mut columns = [&lead[..], &swept, &more[..], drawn, &tail[..]].concat();
            columns.retain(|name| table.column(name).is_some());
            let options = TerminalOptions {
                columns: Some(columns),
                max_rows: self.destination.rows_shown(),
                digits: 6,
            };
            terminal::render(table, &options)
        })
    }
}

/// The model of a name.
fn meant(name: &str) -> anyhow::Result<&'static Description> {
    let all: Vec<&Description> = overlaps_models::all().iter().map(|model| model.description()).collect();
    let names = || all.iter().map(|description| description.name);
    all.iter().copied().find(|description| description.name == name).ok_or_else(|| {
        let hint = did_you_mean(name, names());
        anyhow!(
            "there is no model `{name}`{hint}; those that can be simulated are {}",
            names().collect::<Vec<_>>().join(", ")
        )
    })
}
