//! `overlaps uturn`, and the same in a study, where a cell holds the U-turns of one combination of parameters, of all its data
//! sets, with the prediction and the verdict.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueHint};

use super::arguments::{Values, is_plain, named};
use super::cells::with_progress;
use super::destination::{Destination, Files, side};
use super::modes::{Judged, judge};
use super::simulation::{SimulationOptions, concluded, stopped};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::experiment::Experiment;
use overlaps::model::Model;
use overlaps_models::mixture::generate::uturn::{Forward, UTurns};
use overlaps_models::mixture::generate::{Combinations, Sampling, Whose};
use overlaps_models::modes::{ModeTurns, Turning};

/// Noise samples of a known class back to a time t, generate again from there, and count which class comes out.
///
/// Where the class is kept, it has been decided: the window of times in which the memory P(+|+) − P(+|−) rises is where
/// the flow decides the class, at √dτ of order 1. The prediction is the posterior at t (exact denoiser), or the same process
/// with the denoisers of theory (learnt ones). Exit code 4 if they disagree. With --modes of a mixture of more than two modes: which
/// mode samples of each return to.
#[derive(Debug, PartialEq, Args)]
#[command(
    after_help = "Examples:\n  overlaps uturn d=1e6 t=0:1:21\n  overlaps uturn --denoiser learnt n=8 --seeds 4 --output uturn.csv\n\nParameters for --set and --sweep, with their defaults: n = 128 samples, p = 0.8, sigma = 1, kappa = 4, lambda = 0.1, ell = 0.01, k = inf noise samples per datum (in the second phase), interpolant = linear, schedule = dilated; d = 5000 for the exact denoiser and trained networks, else 8n³ or more; and the time t at which to turn, 0 ≤ t ≤ 2 [default: 21 times from 0 to 1]. With --modes: d = 1e8, sigma = 1, reach = 5, interpolant = linear, and t, which has a phase for each scale."
)]
pub struct Uturn {
    /// The modes of a mixture, in a file as `overlaps modes` takes it.
    #[arg(long, value_name = "FILE.toml", value_hint = ValueHint::FilePath)]
    modes: Option<PathBuf>,
    /// The exact denoiser of the mixture, or learnt ones (see --method).
    #[arg(long, default_value = "exact", value_parser = super::generate::whose())]
    denoiser: Whose,
    /// How to go on after the turn: the reverse of the noising process, or a draw from the posterior (exact denoiser only).
    #[arg(long, default_value = "sde", value_parser = named(&[
        (Forward::Sde, "The reverse process"),
        (Forward::Resample, "The posterior"),
    ], Forward::name))]
    forward: Forward,
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
    pub values: Values,
    #[command(flatten)]
    destination: Destination,
    #[command(flatten)]
    simulation: SimulationOptions,
}

impl Uturn {
    /// Turns, compares, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let files = self.files()?;
        files.check()?;
        if let Some(modes) = &self.modes {
            return self.run_modes(&self.mode_turns(modes)?, &files);
        }
        let uturns = self.uturns(files.csv.as_deref())?;
        let runs = uturns.runs(self.simulation.wanted_of(self.denoiser, &self.values)?)?;
        let total = runs.cells() as u64 * uturns.units(&runs);
        let turned = with_progress(total, self.values.quiet, |running| uturns.turned(&runs, running));
        let turned = turned?.ok_or_else(|| stopped(runs.denoiser().left()))?;
        let returns = uturns.returns(&runs, &turned)?;
        let figure = files.plot.is_some().then(|| returns.figure(&runs)).transpose()?;
        let said =
            [("u_turn".to_string(), uturns.describe(&runs)), ("comparison".to_string(), returns.json())];
        let (parameters, columns) = (uturns.flows.parameters(&runs), &returns.rows.columns);
        let side = side("u-turn", parameters, self.values.sweeps(), columns, said.into());
        let written = files.write(&returns.rows, &side, figure.as_ref())?;
        runs.finish(&uturns.times(&runs));
        self.destination.print(&returns.rows, self.values.quiet, || {
            let max_rows = if self.destination.all_rows { 0 } else { 42 };
            let options = TerminalOptions { columns: None, max_rows, digits: 5 };
            terminal::render(&returns.table, &options) + &returns.words()
        })?;
        let failed = turned.iter().filter(|t| !t.converged).count();
        let code = concluded(returns.verdict(), failed, turned.len(), "status not-converged");
        self.destination.say_written(&written, self.values.quiet);
        Ok(code)
    }

    /// Turns samples of a mixture of many modes.
    fn run_modes(&self, turns: &ModeTurns, files: &Files) -> anyhow::Result<u8> {
        judge(turns, &self.values, &self.destination, files, |table| {
            let judged = turns.judged(table)?;
            Ok(Judged {
                shown: table.clone(),
                words: judged.words(),
                said: ("u_turn", judged.json()),
                verdict: judged.verdict(),
                failed: (0, 0),
                figure: files.plot.is_some().then(|| turns.figure(table)).transpose()?,
            })
        })
    }

    /// U-turns of a mixture of many modes, of which alone some of the options are.
    fn mode_turns(&self, modes: &Path) -> anyhow::Result<ModeTurns> {
        if self.denoiser != Whose::Exact {
            bail!("--modes has the exact denoiser only; leave out --denoiser {}", self.denoiser.name());
        }
        if !self.simulation.is_plain() {
            bail!(
                "with --modes there are no data sets; leave out --seeds, --method, --data, --labels and what belongs to training (--first-seed is the key of the random numbers)"
            );
        }
        let turning = Turning {
            forward: self.forward,
            steps: self.steps as usize,
            samples: u64::from(self.samples),
            seed: self.simulation.first_seed,
            window: self.shares()?,
            level: self.level,
        };
        Ok(ModeTurns::new(modes, &self.values.wanted(), turning)?)
    }

    /// The shares between which something is decided.
    fn shares(&self) -> anyhow::Result<(f64, f64)> {
        let &[from, to] = self.window.as_slice() else {
            bail!("--window takes two values, FROM,TO; for example 0.1,0.9");
        };
        if from >= to {
            bail!("--window {from},{to}: the first value is below the second");
        }
        Ok((from, to))
    }

    fn files(&self) -> anyhow::Result<Files> {
        let plain = is_plain(self, None, &self.values, &self.destination);
        self.destination.files(plain.then(|| "uturn".as_ref()))
    }

    /// What is to be turned; networks that are trained are kept beside this CSV.
    fn uturns(&self, csv: Option<&Path>) -> anyhow::Result<UTurns> {
        let window = self.shares()?;
        if self.simulation.explicit_asked() {
            bail!("U-turns are made in reduced coordinates, exact in law; leave out --data explicit");
        }
        Ok(UTurns {
            flows: self.simulation.flows(
                self.denoiser,
                (self.steps, self.samples),
                self.values.tolerance,
                csv,
            )?,
            forward: self.forward,
            window,
            level: self.level,
        })
    }

    /// Its cells in a study; networks that are being trained are kept beside this CSV.
    pub fn work(&self, csv: &Path) -> anyhow::Result<Box<dyn Experiment>> {
        if let Some(modes) = &self.modes {
            return Ok(Box::new(self.mode_turns(modes)?));
        }
        let wanted = self.simulation.wanted_of(self.denoiser, &self.values)?;
        Ok(Box::new(Combinations::new(self.uturns(Some(csv))?, &wanted)?))
    }
}
