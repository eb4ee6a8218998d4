//! `overlaps modes FILE.toml`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::FINE;
use super::arguments::Values;
use super::cells::with_progress;
use super::destination::{Destination, Files, side};
use super::simulation::{concluded, stopped};
use crate::terminal;
use crate::terminal::TerminalOptions;
use anyhow::Context;
use overlaps::chart::Figure;
use overlaps::compare::Verdict;
use overlaps::experiment::Experiment;
use overlaps::output::Table;
use overlaps_models::modes::{Fractions, Partitions, Sampled, Scales};
use serde_json::Value as Json;

/// Show at which scales the modes of a mixture part, and when; or sample its exact flow.
///
/// The file says where the modes lie: `weights` with `gram`, the matrix μ_k·μ_l/d, or with `vectors`, the μ_k/√d; or `[split]`, a tree
/// of distances with exponents. Rows are the windows of the flow at each dimension: which modes part, the knot of a schedule with a
/// phase per scale, and by how much the error of the denoiser falls. With --steps, samples take so many Euler steps with the exact
/// denoiser, in law, at any dimension, and rows are the fractions that end at each mode. With --data, a few data of each mode are drawn again and
/// again, and rows are how often no other partition of them has a lower loss, for a denoiser with a saturated unit for each group.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps modes means.toml --steps 50,100 --plot modes.svg\n  overlaps modes means.toml --data 6,6 d=log:1e2:1e8:4\n\nParameters for --set and --sweep, with their defaults: d = log:1e2:1e12:6, sigma = 1, reach = 5; with --steps also schedule = phases (or two_phase, uniform) and interpolant = linear (or trigonometric); with --data lambda = 0.1, and no reach.\n\nTwo pairs of modes, d^0.3 and √d apart:\n\n    [split]\n    exponent = 0.5\n    half_distance = 1\n    modes = [\n      { exponent = 0.3, half_distance = 1.5, modes = [0.5, 0.2] },\n      { exponent = 0.3, half_distance = 1.5, modes = [0.1, 0.2] },\n    ]"
)]
pub struct Modes {
    /// Where the modes lie.
    #[arg(value_name = "FILE.toml", value_hint = ValueHint::FilePath)]
    means: PathBuf,
    /// Sample the flow in these numbers of steps, separated by commas.
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    steps: Vec<u32>,
    /// Draw so many data of each mode, separated by commas: how often is the partition by modes the best of all?
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', conflicts_with = "steps")]
    data: Vec<u32>,
    /// Samples, or data sets.
    #[arg(long, value_name = "COUNT", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(2..=1_000_000_000))]
    samples: u64,
    /// Key of the random numbers.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    destination: Destination,
}

impl Modes {
    /// Computes, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let wanted = self.values.wanted();
        match (self.steps.is_empty(), self.data.is_empty()) {
            (true, true) => self.show(&Scales::new(&self.means, &wanted)?),
            (_, false) => {
                self.show(&Partitions::new(&self.means, &wanted, &self.data, self.samples, self.seed)?)
            }
            (false, true) => {
                let steps = self.steps.iter().map(|n| *n as usize).collect();
                let sampled = Sampled { steps, samples: self.samples, seed: self.seed };
                self.show(&Fractions::new(&self.means, &wanted, sampled)?)
            }
        }
    }

    fn show(&self, experiment: &impl Experiment) -> anyhow::Result<u8> {
        let files = self.destination.files(None)?;
        files.check()?;
        tabulate(experiment, &self.values, &self.destination, &files)
    }
}

/// Computes the table of a mixture of many modes along its dimension, writes, prints.
pub fn tabulate(
    experiment: &impl Experiment,
    values: &Values,
    destination: &Destination,
    files: &Files,
) -> anyhow::Result<u8> {
    let chart = experiment.chart()?.context("there are lines along d")?;
    let cells = experiment.cells() as u64;
    let table = with_progress(cells, values.quiet, |running| experiment.run(running));
    let table = table?.ok_or_else(|| stopped(None))?;
    let figure = files.plot.is_some().then(|| chart.figure(&table)).transpose()?;
    let (system, parameters) = experiment.described();
    let side = side(&system, parameters, values.sweeps(), &table.columns, Default::default());
    let written = files.write(&table, &side, figure.as_ref())?;
    destination.print(&table, values.quiet, || {
        let max_rows = if destination.all_rows { 0 } else { 80 };
        terminal::render(&table, &TerminalOptions { columns: None, max_rows, digits: 5 })
    })?;
    destination.say_written(&written, values.quiet);
    Ok(FINE)
}

/// What became of a table of samples: what is printed of it, and the verdict.
pub struct Judged {
    /// The rows that are printed.
    pub shown: Table,
    /// The verdict in words, and under which name what in the side file.
    pub words: String,
    pub said: (&'static str, Json),
    pub verdict: Verdict,
    /// Of how many flows some denoiser did not converge, of how many.
    pub failed: (usize, usize),
    pub figure: Option<Figure>,
}

/// Computes a table of samples, judges, writes, prints.
pub fn judge(
    experiment: &impl Experiment,
    values: &Values,
    destination: &Destination,
    files: &Files,
    judged: impl FnOnce(&Table) -> anyhow::Result<Judged>,
) -> anyhow::Result<u8> {
    let total = experiment.cells() as u64 * experiment.units();
    let table = with_progress(total, values.quiet, |running| experiment.run(running));
    let table = table?.ok_or_else(|| stopped(None))?;
    let judged = judged(&table)?;
    let (system, parameters) = experiment.described();
    let (name, said) = judged.said;
    let said = [(name.to_string(), said)];
    let side = side(&system, parameters, values.sweeps(), &table.columns, said.into());
    let written = files.write(&table, &side, judged.figure.as_ref())?;
    destination.print(&table, values.quiet, || {
        let max_rows = if destination.all_rows { 0 } else { 42 };
        let options = TerminalOptions { columns: None, max_rows, digits: 5 };
        terminal::render(&judged.shown, &options) + &judged.words
    })?;
    let (failed, all) = judged.failed;
    let code = concluded(judged.verdict, failed, all, "status not-converged, values empty");
    destination.say_written(&written, values.quiet);
    Ok(code)
}
