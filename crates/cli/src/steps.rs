//! `overlaps steps`, and the same in a study, where a cell holds the rows of one schedule at one dimension.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use serde_json::json;

use super::FINE;
use super::arguments::{Values, named};
use super::cells::with_progress;
use super::destination::{Destination, side};
use super::modes::tabulate;
use super::simulation::stopped;
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::experiment::Experiment;
use overlaps::output::SideFile;
use overlaps_models::mixture::generate::Integrator;
use overlaps_models::mixture::generate::Report;
use overlaps_models::mixture::generate::accuracy::Sampling;
use overlaps_models::mixture::generate::steps::{self, Costs};
use overlaps_models::modes::{Asked, Needed};

/// Measure how many steps sampling takes, as the dimension grows, for any schedule.
///
/// Samples are generated with the exact denoiser. Two features are compared with the data: the high-level one, the fraction
/// in mode (or state) +, and the low-level one, the variance inside a mode (mixture) or the magnetisation and |X_i| = 1
/// (Curie–Weiss). For the mixture the steps are an exact recursion without sampling noise. With --optimise the κ and the bend
/// of the schedule are chosen for each number of steps. With --modes of a mixture of more than two modes: the fractions of all of them, from samples.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps steps d=1e2,1e4,1e6\n  overlaps steps target=curie_weiss --samples 1000\n\nParameters for --set and --sweep, with their defaults: p = 0.8, sigma = 1, kappa = 4, interpolant = linear, schedule = dilated, target = mixture (M = 1) or curie_weiss (beta = 1.5), bend = 1; with --modes: d, sigma = 1, reach = 5, interpolant = linear and schedule = phases, two_phase or uniform. Unless they are given, d is swept over log:1e2:1e10:9 (curie_weiss: 1e2,3e2,1e3,3e3,1e4; --modes: 1e2,1e4,…,1e12) and schedule over uniform,dilated (--modes: all three)."
)]
pub struct Steps {
    /// The modes of a mixture, in a file as `overlaps modes` takes it: steps until samples end at each mode as often as it is in the data.
    #[arg(long, value_name = "FILE.toml", value_hint = ValueHint::FilePath, conflicts_with_all = ["integrator", "optimise"])]
    modes: Option<PathBuf>,
    /// Numbers of steps at which the errors are listed, separated by commas.
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_values_t = [100u32], value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    steps: Vec<u32>,
    /// The error that is accepted in each feature: of the fraction, absolute; inside, relative.
    #[arg(long, value_name = "ERROR", default_value = "0.05", value_parser = super::check::rate)]
    error: f64,
    /// The most steps that are tried [default: 1000000; curie_weiss and --modes: 2048].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    most: Option<u32>,
    /// Euler's method, or ddim, in which the denoiser's answer stands still during a step.
    #[arg(long, default_value = "euler", value_parser = named(&[
        (Integrator::Euler, "Euler's method"),
        (Integrator::Ddim, "One step in which f stands still"),
    ], Integrator::name))]
    integrator: Integrator,
    /// Choose κ and the bend of the dilated schedule for the smallest error at each number of steps (mixture).
    #[arg(long)]
    optimise: bool,
    /// curie_weiss: samples, which start stratified: the error of the fraction is several times smaller than that of
    /// independent ones [default: 400]; --modes: independent samples [default: 4000].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    samples: Option<u32>,
    /// curie_weiss and --modes: key of the random numbers.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    destination: Destination,
}

impl Steps {
    /// Measures, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let files = self.destination.files(None)?;
        files.check()?;
        if let Some(modes) = &self.modes {
            return tabulate(&self.needed(modes)?, &self.values, &self.destination, &files);
        }
        let counted = self.counted()?;
        let rows =
            with_progress(counted.runs.cells() as u64, self.values.quiet, |running| counted.rows(running));
        let rows = rows?.ok_or_else(|| stopped(None))?;
        let report = Report::new(&counted, rows).map_err(anyhow::Error::from_boxed)?;
        let figure = files.plot.is_some().then(|| report.figure(&counted)).transpose()?;
        let side = self.side(&counted, &report);
        let written = files.write(&report.table, &side, figure.as_ref())?;
        self.destination.print(&report.table, self.values.quiet, || {
            let max_rows = if self.destination.all_rows { 0 } else { 80 };
            let options = TerminalOptions { columns: Some(report.shown()), max_rows, digits: 5 };
            terminal::render(&report.table, &options) + &report.words()
        })?;
        self.destination.say_written(&written, self.values.quiet);
        Ok(FINE)
    }

    fn needed(&self, modes: &Path) -> anyhow::Result<Needed> {
        let asked = Asked {
            steps: self.steps.iter().map(|n| *n as usize).collect(),
            error: self.error,
            most: self.most.unwrap_or(2048) as usize,
            samples: self.samples.unwrap_or(4000).into(),
            seed: self.seed,
        };
        Ok(Needed::new(modes, &self.values.wanted(), asked)?)
    }

    fn counted(&self) -> anyhow::Result<steps::Steps> {
        let costs = |magnet| Costs {
            steps: self.steps.iter().map(|n| *n as usize).collect(),
            error: self.error,
            most: self.most.unwrap_or(if magnet { 2048 } else { 1_000_000 }) as usize,
            integrator: self.integrator,
            optimise: self.optimise,
            sampling: Sampling { seed: self.seed, samples: self.samples.unwrap_or(400) as usize },
        };
        Ok(steps::Steps::of(self.values.wanted(), self.optimise, costs)?)
    }

    /// Its cells in a study: the rows of one schedule at one dimension.
    pub fn work(&self) -> anyhow::Result<Box<dyn Experiment>> {
        Ok(match &self.modes {
            Some(modes) => Box::new(self.needed(modes)?),
            None => Box::new(self.counted()?),
        })
    }

    fn side(&self, counted: &steps::Steps, report: &Report) -> SideFile {
        let (parameters, costs) = (counted.parameters(), &counted.costs);
        let sweeps = counted.runs.plan.swept.iter().map(|s| (s.name.clone(), s.text.clone()));
        let extra = [
            ("integrator".to_string(), json!(costs.integrator.name())),
            ("error".to_string(), json!(self.error)),
            ("most_steps".to_string(), json!(costs.most)),
            ("samples".to_string(), json!(costs.sampling.samples)),
            ("seed".to_string(), json!(self.seed)),
            ("exponents".to_string(), report.json()),
            ("statements".to_string(), report.statements()),
        ]
        .into();
        side("steps", parameters, sweeps, &report.table.columns, extra)
    }
}
