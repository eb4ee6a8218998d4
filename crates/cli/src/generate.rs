//! `overlaps generate`, and the same in a study, where a cell holds the samples of one combination of parameters, of all its data
//! sets, with the theory and the verdict.

use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use clap::builder::TypedValueParser;
use clap::{Args, ValueHint};

use super::arguments::{Values, is_plain, named};
use super::cells::with_progress;
use super::destination::{Destination, Files, side, side_file};
use super::modes::{Judged, judge};
use super::simulation::{SimulationOptions, concluded, stopped};
use crate::terminal;
use overlaps::chart::drawn_columns;
use overlaps::compare::Rules;
use overlaps::experiment::Experiment;
use overlaps::model::Model;
use overlaps::output::{Cell, Table};
use overlaps_models::mixture::generate::{
    Combinations, Compared, Flow, Generation, Integrator, Kept, Sampling, Samplings, Whose, columns,
};
use overlaps_models::mixture::simulate::{DataRule, Runs};
use overlaps_models::modes::{ModeSamples, Sampled};
use overlaps_models::units::{Flowing, UnitsFlow};

/// Generate samples with the probability-flow ODE and compare their law with theory.
///
/// Every seed is a data set of its own: denoisers are learnt on it, one per time step, and samples generated with them
/// (--denoiser exact: with the exact denoiser of the mixture). The velocity lies in the span of x, μ and the data, so that
/// the cost does not depend on d. What is measured on the samples at every time becomes one row of a table; the last
/// table compares it with the theory at this d and for d → ∞. Exit code 4 if they disagree. With --units, the first phase of a denoiser of
/// several units that is learnt on data of three classes: the fractions of samples in each class and at each unit. With --modes, samples of a
/// mixture of more than two modes beside the law of the interpolant.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(
    after_help = "Examples:\n  overlaps generate n=8 p=0.7 --seeds 4\n  overlaps generate --units 3 kappa=4 --steps 16 --seeds 4\n\nParameters for --set and --sweep, with their defaults: n = 128 samples, p = 0.8, sigma = 1, kappa = 4, lambda = 0.1, ell = 0.01, k = inf noise samples per datum (in the second phase), interpolant = linear, schedule = dilated; d = 5000 for explicit data and the exact denoiser, else 8n³ or more, from where on theory holds (the cost does not depend on d). With --denoiser exact also: target = mixture (M = 1) or curie_weiss (beta = 1.5), bend = 1, and the interpolants exploding_linear and exploding_trigonometric. The time t runs from 0 to 2. With --units, the parameters of `denoiser-units` (overlaps list --models), K is the number of units, and t runs from 0 to 1. With --modes: d = 1e8, sigma = 1, reach = 5, interpolant = linear, schedule = phases (or two_phase, uniform); t has a phase for each scale."
)]
pub struct Generate {
    /// The exact denoiser of the mixture, or learnt ones (see --method).
    #[arg(long, default_value = "learnt", value_parser = whose())]
    denoiser: Whose,
    /// The modes of a mixture, in a file as `overlaps modes` takes it; the denoiser is the exact one.
    #[arg(long, value_name = "FILE.toml", value_hint = ValueHint::FilePath, conflicts_with = "units")]
    modes: Option<PathBuf>,
    /// Learn a denoiser of so many softmax units on data of three classes, in place of one of two modes.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(2..=3))]
    units: Option<u8>,
    /// Steps from t = 0 to 2, half of them in each phase; with --units from 0 to 1, with --modes as many in the phase of each scale.
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Samples per data set.
    #[arg(long, value_name = "COUNT", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    samples: u32,
    /// Euler's method, one step per interval as in the paper; ddim, exact where the denoiser's answer stands still; or an
    /// adaptive method of order 8 for the flow itself.
    #[arg(long, default_value = "euler", value_parser = named(&[
        (Integrator::Euler, "Euler's method"),
        (Integrator::Ddim, "One step in which f stands still"),
        (Integrator::Adaptive, "Dormand and Prince, order 8"),
    ], Integrator::name))]
    integrator: Integrator,
    /// Use the denoisers in this file if it exists; otherwise learn them and leave them there.
    #[arg(long, value_name = "FILE.json", value_hint = ValueHint::FilePath)]
    denoisers: Option<PathBuf>,
    /// How often a right theory may be rejected.
    #[arg(long, value_name = "RATE", default_value = "0.05", value_parser = super::check::rate)]
    level: f64,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    destination: Destination,
    /// Columns of the figure, separated by commas; `all` for every one.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    #[command(flatten)]
    simulation: SimulationOptions,
}

/// The values of `--denoiser`.
pub fn whose() -> impl TypedValueParser<Value = Whose> {
    named(&[(Whose::Exact, "E[x₁|x] of the mixture"), (Whose::Learnt, "Learnt on n samples")], Whose::name)
}

impl Generate {
    /// Generates, compares, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let files = self.files()?;
        files.check()?;
        if let Some(modes) = &self.modes {
            return self.run_modes(&self.mode_samples(modes)?, &files);
        }
        if let Some(units) = self.units {
            return self.run_units(&self.units_flow(units)?, &files);
        }
        let flow = self.flow(files.csv.as_deref())?;
        let runs = flow.runs(self.simulation.wanted_of(self.denoiser, &self.values)?)?;
        let generations = flow.generations(&runs);
        let kept = self.kept(&runs, &generations, &files)?;
        let mut table = Table::new(columns());
        let drawn = drawn_columns(&self.columns, &self.denoiser.drawn(), &table.columns)?;
        let total = generations.len() as u64 * flow.units();
        let generated = with_progress(total, self.values.quiet, |running| {
            flow.generated(&runs, &generations, kept.as_ref(), running)
        });
        let Samplings { outcomes, learnt } = generated?.ok_or_else(|| stopped(runs.denoiser().left()))?;
        let mut written = Vec::new();
        if let (Some(learnt), Some(path)) = (learnt, &self.denoisers) {
            learnt.write(path)?;
            written.push(path.display().to_string());
        }
        let compared = flow.compared(&runs.plan, &generations, &outcomes)?;
        let figure = files.plot.is_some().then(|| compared.figure(&runs, &generations, &outcomes, &drawn));
        let (figure, Compared { rows, comparison, .. }) = (figure.transpose()?, compared);
        rows.into_iter().try_for_each(|row| table.push(row))?;
        let said = [
            ("generation".to_string(), flow.describe(&runs)),
            ("comparison".to_string(), comparison.json(&flow.rules)),
        ];
        let parameters = flow.flows.parameters(&runs);
        let side = side("generation", parameters, self.values.sweeps(), &table.columns, said.into());
        written.extend(files.write(&table, &side, figure.as_ref())?);
        runs.finish(&generations[0].times());
        self.destination.print(&table, self.values.quiet, || {
            let max_rows = self.destination.rows_shown().max(40);
            let options = terminal::TerminalOptions { columns: None, max_rows, digits: 5 };
            terminal::render(&comparison.table, &options) + &comparison.words(&flow.rules)
        })?;
        let failed = outcomes.iter().filter(|o| !o.converged).count();
        let code =
            concluded(comparison.verdict(), failed, outcomes.len(), "status not-converged, values empty");
        self.destination.say_written(&written, self.values.quiet);
        Ok(code)
    }

    /// Generates samples of a mixture of many modes; the ends of phases are printed.
    fn run_modes(&self, samples: &ModeSamples, files: &Files) -> anyhow::Result<u8> {
        judge(samples, &self.values, &self.destination, files, |table| {
            let judged = samples.judged(table)?;
            let mut shown = table.clone();
            shown.keep_rows(|row| row.last() == Some(&Cell::Integer(1)));
            Ok(Judged {
                shown,
                words: judged.words(),
                said: ("comparison", judged.json()),
                verdict: judged.verdict(),
                failed: (0, 0),
                figure: files.plot.is_some().then(|| samples.figure(table)).transpose()?,
            })
        })
    }

    /// Samples of a mixture of many modes, of which alone some of the options are.
    fn mode_samples(&self, modes: &Path) -> anyhow::Result<ModeSamples> {
        if !self.is_plain_euler() || !self.simulation.is_plain() {
            bail!(
                "--modes has samples of the exact denoiser in Euler steps, and no data sets; of the options of `generate` take --steps, --samples, --level, and --first-seed, the key of the random numbers"
            );
        }
        let sampled = Sampled {
            steps: vec![self.steps as usize],
            samples: u64::from(self.samples),
            seed: self.simulation.first_seed,
        };
        Ok(ModeSamples::new(modes, &self.values.wanted(), sampled, self.level)?)
    }

    /// Generates with denoisers of several units.
    fn run_units(&self, flow: &UnitsFlow, files: &Files) -> anyhow::Result<u8> {
        judge(flow, &self.values, &self.destination, files, |table| {
            let compared = flow.compared(table)?;
            Ok(Judged {
                words: compared.words(),
                said: ("comparison", compared.json()),
                verdict: compared.verdict(),
                failed: flow.failed(table),
                figure: files.plot.is_some().then(|| flow.figure(table)).transpose()?,
                shown: compared.table,
            })
        })
    }

    /// The flow of denoisers of several units, of which alone some of the options are.
    fn units_flow(&self, units: u8) -> anyhow::Result<UnitsFlow> {
        let mut wanted = self.values.wanted();
        if wanted.gives("K") {
            bail!("--units {units} and a value for K contradict each other; give one of them");
        }
        wanted.set("K", f64::from(units));
        if self.denoiser != Whose::Learnt {
            bail!("--units learns a denoiser; leave out --denoiser {}", self.denoiser.name());
        }
        if !self.is_plain_euler() || !self.simulation.is_seeds_alone() {
            bail!(
                "--units has samples in Euler steps, of denoisers at the minimum of the loss; of the options of `generate` take --steps, --samples, --seeds, --first-seed and --level (data=explicit is a parameter)"
            );
        }
        let flowing = Flowing {
            steps: self.steps as usize,
            samples: u64::from(self.samples),
            seeds: self.simulation.seeds()?,
            level: self.level,
        };
        Ok(UnitsFlow::new(&wanted, flowing)?)
    }

    /// Whether nothing is said of what a mixture of two modes alone has.
    fn is_plain_euler(&self) -> bool {
        self.integrator == Integrator::Euler && self.denoisers.is_none() && self.columns.is_empty()
    }

    fn files(&self) -> anyhow::Result<Files> {
        let plain = is_plain(self, None, &self.values, &self.destination);
        self.destination.files(plain.then(|| "generate".as_ref()))
    }

    /// What is to be generated; networks that are trained are kept beside this CSV.
    fn flow(&self, csv: Option<&Path>) -> anyhow::Result<Flow> {
        if self.denoiser == Whose::Exact && self.denoisers.is_some() {
            bail!("--denoisers keeps learnt denoisers; the exact one is known at every time");
        }
        Ok(Flow {
            flows: self.simulation.flows(
                self.denoiser,
                (self.steps, self.samples),
                self.values.tolerance,
                csv,
            )?,
            integrator: self.integrator,
            // A network is trained on explicit data, but generates in the basis of these unless it is told otherwise.
            data: match self.simulation.explicit_asked() {
                true => DataRule::Explicit,
                false => DataRule::Gram,
            },
            rules: Rules { level: self.level, ..Rules::default() },
        })
    }

    /// Its cells in a study; networks that are being trained are kept beside this CSV.
    pub fn work(&self, csv: &Path) -> anyhow::Result<Box<dyn Experiment>> {
        if let Some(modes) = &self.modes {
            return Ok(Box::new(self.mode_samples(modes)?));
        }
        if let Some(units) = self.units {
            return Ok(Box::new(self.units_flow(units)?));
        }
        let wanted = self.simulation.wanted_of(self.denoiser, &self.values)?;
        Ok(Box::new(Combinations::new(self.flow(Some(csv))?, &wanted)?))
    }

    /// The file of denoisers that was asked for.
    fn kept(&self, runs: &Runs, generations: &[Generation], files: &Files) -> anyhow::Result<Option<Kept>> {
        let Some(path) = &self.denoisers else { return Ok(None) };
        let place = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let side = files.csv.as_deref().map(side_file).transpose()?;
        if files.csv.iter().chain(&files.plot).chain(&side).any(|other| place(other) == place(path)) {
            bail!(
                "--denoisers {} is also what --output or --plot writes; give it another name",
                path.display()
            );
        }
        Ok(Some(Kept::open(path, runs, generations).map_err(anyhow::Error::from_boxed)?))
    }
}
