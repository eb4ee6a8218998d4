//! `overlaps uturn`.
//!
//! `turns` runs the U-turns of one data set, `report` sets them beside the prediction; `series` are what is drawn in the
//! `figure`, with the window in which the class is decided.

mod figure;
mod report;
mod series;
mod turns;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::arguments::Values;
use super::cells::{Cells, for_each_cell, interrupted};
use super::destination::{Destination, Files, side};
use super::generate::DenoiserName;
use super::simulation::{SimulationOptions, stopped};
use super::{DISAGREES, FINE, NOT_CONVERGED};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::model::Model;
use overlaps::numeric::grid;
use overlaps::output::SideFile;
use overlaps_models::generate::uturn::Forward;
use overlaps_models::generate::{GenerateError, Generation};
use overlaps_models::simulate::Runs;
use report::Report;
use turns::{Turned, Turns};

/// Noise samples of a known class back to a time t, generate again from there, and count which class comes out.
///
/// Where the class is kept, it has been decided: the window of times in which the memory P(+|+) − P(+|−) rises is where
/// the flow decides the class, at √dτ of order 1. The prediction is the posterior at t (exact denoiser), or the same process
/// with the denoisers of theory (learnt ones). Exit code 4 if they disagree.
#[derive(Debug, Args)]
#[command(
    after_help = "Parameters for --set and --sweep, with their defaults: n = 128 samples, p = 0.8, sigma = 1, kappa = 4, lambda = 0.1, ell = 0.01, k = inf noise samples per datum (in the second phase), interpolant = linear, schedule = dilated; d = 5000 for the exact denoiser and trained networks, else 8n³ or more; and the time t at which to turn, 0 ≤ t ≤ 2 [default: 21 times from 0 to 1]."
)]
pub struct Uturn {
    /// The exact denoiser of the mixture, or learnt ones (see --method).
    #[arg(long, value_enum, default_value_t = DenoiserName::Exact)]
    denoiser: DenoiserName,
    /// How to go on after the turn: the reverse of the noising process, or a draw from the posterior (exact denoiser only).
    #[arg(long, value_enum, default_value_t = ForwardName::Sde)]
    forward: ForwardName,
    /// Steps from t = 0 to 2, of which a sample takes those after its turn.
    #[arg(long, value_name = "COUNT", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Samples of each class per time and data set.
    #[arg(long, value_name = "COUNT", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    samples: u32,
    /// The class is decided between the times at which the memory has risen to these values.
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', num_args = 1, default_values_t = [0.1, 0.9], value_parser = super::check::rate)]
    window: Vec<f64>,
    /// How often a right theory may be rejected.
    #[arg(long, value_name = "RATE", default_value = "0.05", value_parser = super::check::rate)]
    level: f64,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    destination: Destination,
    #[command(flatten)]
    simulation: SimulationOptions,
}

/// `--forward`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ForwardName {
    /// The reverse process.
    Sde,
    /// The posterior.
    Resample,
}

impl Uturn {
    /// Turns, compares, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let &[from, to] = self.window.as_slice() else {
            bail!("--window takes two values, FROM,TO; for example 0.1,0.9");
        };
        if from >= to {
            bail!("--window {from},{to}: the first value is below the second");
        }
        let files = self.files()?;
        files.check()?;
        let runs = self.checked_simulation(&files)?;
        let turns = self.turns(&runs)?;
        self.values.start_threads();
        runs.denoiser().prepare().map_err(anyhow::Error::from_boxed)?;
        let count = runs.cells();
        let units = match turns.units(&runs) {
            0 => runs.times.len() as u64,
            units => units,
        };
        let mut turned: Vec<Turned> = Vec::new();
        for_each_cell(
            Cells { count, units },
            self.values.quiet,
            |cell, progress| turns.turn(&self.generation(&runs, cell), &interrupted, &|| progress.tick()),
            |_, outcome: Result<Option<Turned>, GenerateError>| {
                turned.push(outcome?.ok_or_else(|| stopped(runs.denoiser().left()))?);
                Ok(())
            },
        )
        .map_err(|error| if interrupted() { stopped(runs.denoiser().left()) } else { error })?;
        let generations: Vec<Generation> = (0..count).map(|cell| self.generation(&runs, cell)).collect();
        let report = Report::new(&runs, &turns, &generations, &turned, (from, to), self.level)?;
        let figure = files.plot.is_some().then(|| figure::figure(&report, &runs)).transpose()?;
        let written = files.write(&report.rows, &self.side(&runs, &report), figure.as_ref())?;
        runs.finish(turns.needed());
        self.destination.print(&report.rows, self.values.quiet, || {
            let max_rows = if self.destination.all_rows { 0 } else { 42 };
            let options = TerminalOptions { columns: None, max_rows, digits: 5 };
            terminal::render(&report.table, &options) + &report.words()
        })?;
        let failed = turned.iter().filter(|t| !t.converged).count();
        if failed > 0 {
            eprintln!(
                "warning: of {failed} of {count} data sets some denoiser did not converge (status not-converged)"
            );
        }
        self.destination.say_written(&written, self.values.quiet);
        Ok(match report.disagrees() {
            true => DISAGREES,
            false if failed > 0 => NOT_CONVERGED,
            false => FINE,
        })
    }

    fn files(&self) -> anyhow::Result<Files> {
        let nothing_given = self.destination.is_default()
            && self.values.set.is_empty()
            && self.values.sweep.is_empty()
            && (self.denoiser, self.forward) == (DenoiserName::Exact, ForwardName::Sde)
            && self.simulation.is_default()
            && self.window == [0.1, 0.9]
            && (self.steps, self.samples, self.level) == (400, 2000, 0.05);
        self.destination.files(nothing_given.then(|| "uturn".as_ref()))
    }

    fn checked_simulation(&self, files: &Files) -> anyhow::Result<Runs> {
        if self.denoiser == DenoiserName::Learnt && self.forward == ForwardName::Resample {
            bail!(
                "--forward resample draws from the exact posterior; learnt denoisers have --forward sde only"
            );
        }
        if self.simulation.explicit_asked() {
            bail!("U-turns are made in reduced coordinates, exact in law; leave out --data explicit");
        }
        let mut wanted = self.simulation.wanted_of(self.denoiser.whose(), &self.values)?;
        let mut denoiser = self.simulation.denoiser(self.values.tolerance, files.csv.as_deref())?;
        self.denoiser.whose().complete(&mut wanted, &mut denoiser)?;
        Ok(Runs::new(denoiser, &wanted, self.simulation.seeds()?, false, &grid(0.0, 1.0, 21))?)
    }

    fn turns(&self, runs: &Runs) -> anyhow::Result<Turns> {
        let forward = match self.forward {
            ForwardName::Sde => Forward::Sde,
            ForwardName::Resample => Forward::Resample,
        };
        for cell in 0..runs.cells() {
            self.generation(runs, cell).check()?;
        }
        Ok(Turns::new(&runs.times, self.steps as usize, self.samples as usize, forward)?)
    }

    fn generation<'s>(&self, runs: &'s Runs, cell: usize) -> Generation<'s> {
        self.denoiser.whose().generation(&runs.run(cell), self.steps as usize, self.samples as usize)
    }

    fn side(&self, runs: &Runs, report: &Report) -> SideFile {
        let described = runs.describe();
        let mut parameters = runs.parameters();
        parameters.retain(|name, _| !self.denoiser.whose().unused().contains(&name.as_str()));
        let mut turns = json!({
            "denoiser": self.denoiser.whose().name(),
            "forward": if self.forward == ForwardName::Sde { "sde" } else { "resample" },
            "steps": self.steps,
            "samples": self.samples,
            "first_seed": described["first_seed"],
            "seeds": described["seeds"],
        });
        if self.denoiser == DenoiserName::Learnt {
            turns["learning"] = runs.learning();
        }
        let sweeps = self.values.sweep.iter().map(|s| (s.name.clone(), s.text.clone()));
        let extra = [("u_turn".to_string(), turns), ("comparison".to_string(), report.json())].into();
        side("u-turn", parameters, sweeps, &report.rows, extra)
    }
}
