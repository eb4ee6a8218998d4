//! `overlaps generate`.
//!
//! `predictions` are what theory says of every setting, `comparison` sets them beside the samples, `figure` draws both.

mod comparison;
mod figure;
mod predictions;
mod work;

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum, ValueHint};
use serde_json::{Value as Json, json};

use super::arguments::Values;
use super::cells::{Cells, for_each_cell, interrupted};
use super::destination::{Destination, Files, side, side_file};
use super::figure::drawn_columns;
use super::simulation::{LabelName, Simulation, SimulationOptions, smallest_dimension};
use super::{DISAGREES, FINE, NOT_CONVERGED};
use crate::terminal;
use comparison::Comparison;
use overlaps::compare::{Rules, Verdict};
use overlaps::name::ascii_name;
use overlaps::output::{SideFile, Table};
use overlaps::study::Assignment;
use overlaps::value::Value;
use overlaps_models::generate::{
    Denoisers, GenerateError, Generated, Generation, Integrator, Networks, Saved, columns, rows,
};
use overlaps_models::simulate::{DataRule, Method, Run};
pub use predictions::MOST_DIMENSIONS;
use predictions::Predictions;

/// Generate samples with the probability-flow ODE and compare their law with theory.
///
/// Every seed is a data set of its own: denoisers are learnt on it, one per time step, and samples generated with them
/// (--denoiser exact: with the exact denoiser of the mixture). The velocity lies in the span of x, μ and the data, so that
/// the cost does not depend on d. What is measured on the samples at every time becomes one row of a table; the last
/// table compares it with the theory at this d and for d → ∞. Exit code 4 if they disagree.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Parameters for --set and --sweep, with their defaults: n = 128 samples, p = 0.8, sigma = 1, kappa = 4, lambda = 0.1, ell = 0.01, k = inf noise samples per datum (in the second phase), interpolant = linear, schedule = dilated; d = 5000 for explicit data and the exact denoiser, else 8n³ or more, from where on theory holds (the cost does not depend on d). With --denoiser exact also: target = mixture (M = 1) or curie_weiss (beta = 1.5), bend = 1, and the interpolants exploding_linear and exploding_trigonometric. The time t runs from 0 to 2."
)]
pub struct Generate {
    /// The exact denoiser of the mixture, or learnt ones (see --method).
    #[arg(long, value_enum, default_value_t = DenoiserName::Learnt)]
    denoiser: DenoiserName,
    /// Steps from t = 0 to 2, half of them in each phase.
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Samples per data set.
    #[arg(long, value_name = "COUNT", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    samples: u32,
    /// Euler's method, one step per interval as in the paper; ddim, exact where the denoiser's answer stands still; or an
    /// adaptive method of order 8 for the flow itself.
    #[arg(long, value_enum, default_value_t = IntegratorName::Euler)]
    integrator: IntegratorName,
    /// Use the denoisers in this file if it exists; otherwise learn them and leave them there.
    #[arg(long, value_name = "FILE.json", value_hint = ValueHint::FilePath)]
    denoisers: Option<PathBuf>,
    /// How often a right theory may be rejected.
    #[arg(long, value_name = "RATE", default_value = "0.05", value_parser = super::check::rate)]
    level: f64,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    destination: Destination,
    /// Columns of the figure, separated by commas; `all` for every one.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    #[command(flatten)]
    simulation: SimulationOptions,
}

/// `--denoiser`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DenoiserName {
    /// E[x₁|x] of the mixture.
    Exact,
    /// Learnt on n samples.
    Learnt,
}

impl DenoiserName {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            DenoiserName::Exact => "exact",
            DenoiserName::Learnt => "learnt",
        }
    }

    /// Parameters of a simulation that have no part in a generation.
    pub fn unused(self) -> &'static [&'static str] {
        match self {
            DenoiserName::Exact => &["n", "k", "lambda", "ell", "p_test"],
            DenoiserName::Learnt => &["p_test"],
        }
    }

    /// Fills in what a flow with these denoisers needs beside what is given: no data for the exact one; learnt ones, where no
    /// d is given and the cost does not depend on it, are those of a d at which theory holds.
    ///
    /// # Errors
    /// Values that only a learnt denoiser has.
    pub fn complete(self, values: &mut Values, options: &mut SimulationOptions) -> anyhow::Result<()> {
        if self == DenoiserName::Exact {
            self.refuse_learning(values, options)?;
            values.set.extend(no_data());
            options.labels = LabelName::Drawn;
            return Ok(());
        }
        if !options.explicit() && !values.gives("d") {
            let value = smallest_dimension(&values.wanted())?;
            values.set.push(Assignment { name: "d".into(), value });
        }
        Ok(())
    }

    /// One data set and its flow in reduced coordinates, by Euler's method.
    pub fn generation<'s>(self, run: &Run<'s>, steps: u32, samples: u32) -> Generation<'s> {
        Generation {
            setting: run.setting,
            seed: run.seed,
            labels: run.labels,
            denoisers: match self {
                DenoiserName::Exact => Denoisers::Exact,
                DenoiserName::Learnt => Denoisers::Learnt(run.method),
            },
            steps: steps as usize,
            samples: samples as usize,
            integrator: Integrator::Euler,
            data: DataRule::Gram,
        }
    }

    /// Refuses values that only a learnt denoiser has.
    ///
    /// # Errors
    /// The first such value.
    fn refuse_learning(self, values: &Values, options: &SimulationOptions) -> anyhow::Result<()> {
        for name in values.names() {
            let spelled = ascii_name(name).unwrap_or_else(|| name.to_string());
            if self.unused().contains(&spelled.as_str()) {
                bail!(
                    "the exact denoiser is not learnt, so that {name} has no part in it; use --denoiser learnt"
                );
            }
        }
        if options.noise_samples.is_some() {
            bail!("the exact denoiser is not learnt, so that --noise-samples has no part in it");
        }
        Ok(())
    }
}

/// Values for the parameters of a training set where there is none: as few samples as there can be, so that every dimension is
/// possible.
pub fn no_data() -> [Assignment; 2] {
    [("n", 2.0), ("p_test", 0.5)].map(|(name, x)| Assignment { name: name.into(), value: Value::Number(x) })
}

/// `--integrator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum IntegratorName {
    /// Euler's method.
    Euler,
    /// One step in which f stands still.
    Ddim,
    /// Dormand and Prince, order 8.
    Adaptive,
}

/// One cell's outcome: a data set, with the denoisers if they are to be kept.
struct Outcome {
    generated: Generated,
    networks: Option<Networks>,
}

impl Generate {
    /// Generates, compares, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let files = self.files()?;
        files.check()?;
        let simulation = self.checked_simulation(files.csv.as_deref())?;
        let generations = self.generations(&simulation)?;
        let saved = self.saved(&simulation, &generations, &files)?;
        self.values.start_threads();
        let mut table = Table::new(columns());
        let drawn = self.drawn(&table)?;
        let mut kept = match &self.denoisers {
            Some(_) if saved.is_none() => {
                Some(Saved::new(&generations[0].setting, self.steps as usize, learning(&simulation)))
            }
            _ => None,
        };
        let outcomes = self.sampled(&simulation, &generations, saved.as_ref(), kept.as_mut(), &mut table)?;
        let mut written = Vec::new();
        if let (Some(kept), Some(path)) = (&kept, &self.denoisers) {
            kept.write(path)?;
            written.push(path.display().to_string());
        }
        let predictions = Predictions::new(&generations, &outcomes)?;
        predictions.rows(&generations)?.into_iter().try_for_each(|row| table.push(row))?;
        let rules = self.rules();
        let comparison = Comparison::new(&simulation.plan, &generations, &outcomes, &predictions, &rules)?;
        let figure = files
            .plot
            .is_some()
            .then(|| figure::figure(&simulation, &generations, &outcomes, &predictions, &drawn))
            .transpose()?;
        let side = self.side(&simulation, &generations, &table, &comparison);
        written.extend(files.write(&table, &side, figure.as_ref())?);
        simulation.finish_at(&generations[0].times());
        self.destination.print(&table, self.values.quiet, || {
            let max_rows = self.destination.rows_shown().max(40);
            let options = terminal::TerminalOptions { columns: None, max_rows, digits: 5 };
            terminal::render(&comparison.table, &options) + &comparison.words(&rules)
        })?;
        let failed = outcomes.iter().filter(|o| !o.converged).count();
        if failed > 0 {
            eprintln!(
                "warning: of {failed} of {} data sets some denoiser did not converge (status not-converged, values empty)",
                outcomes.len()
            );
        }
        self.destination.say_written(&written, self.values.quiet);
        Ok(match comparison.verdict() {
            Verdict::Disagrees => DISAGREES,
            _ if failed > 0 => NOT_CONVERGED,
            _ => FINE,
        })
    }

    /// Generates the samples of every data set; their rows go into the table, their denoisers into what is kept.
    fn sampled(
        &self,
        simulation: &Simulation,
        generations: &[Generation],
        saved: Option<&Saved>,
        mut kept: Option<&mut Saved>,
        table: &mut Table,
    ) -> anyhow::Result<Vec<Generated>> {
        simulation.prepare()?;
        let mut outcomes: Vec<Generated> = Vec::new();
        let keep = kept.is_some();
        let units = match generations[0].denoisers {
            Denoisers::Learnt(Method::Trained { training, .. }) => training.epochs * u64::from(self.steps),
            Denoisers::Learnt(_) if generations[0].integrator != Integrator::Adaptive => {
                u64::from(self.steps)
            }
            _ => 1,
        };
        for_each_cell(
            Cells { count: generations.len(), units },
            self.values.quiet,
            |cell, progress| self.outcome(&generations[cell], saved, &|| progress.tick(), keep),
            |cell, outcome: Result<Option<Outcome>, GenerateError>| {
                let Some(outcome) = outcome? else { return Err(simulation.stopped()) };
                let generation = &generations[cell];
                if let (Some(kept), Some(networks)) = (&mut kept, &outcome.networks) {
                    kept.add(generation.seed, &generation.times(), networks);
                }
                rows(generation, &outcome.generated).into_iter().try_for_each(|row| table.push(row))?;
                outcomes.push(outcome.generated);
                Ok(())
            },
        )
        .map_err(|error| if interrupted() { simulation.stopped() } else { error })?;
        Ok(outcomes)
    }

    fn files(&self) -> anyhow::Result<Files> {
        let nothing_given = self.destination.is_default()
            && self.values.set.is_empty()
            && self.values.sweep.is_empty()
            && self.columns.is_empty()
            && self.denoisers.is_none()
            && self.denoiser == DenoiserName::Learnt
            && self.simulation.is_default()
            && self.integrator == IntegratorName::Euler
            && (self.steps, self.samples, self.level) == (100, 2000, 0.05);
        self.destination.files(nothing_given.then(|| "generate".as_ref()))
    }

    /// What is to be generated; networks that are trained are kept beside this CSV.
    fn checked_simulation(&self, csv: Option<&Path>) -> anyhow::Result<Simulation> {
        if self.denoiser == DenoiserName::Exact && self.denoisers.is_some() {
            bail!("--denoisers keeps learnt denoisers; the exact one is known at every time");
        }
        let (mut values, mut options) = (self.values.clone(), self.simulation.clone());
        self.denoiser.complete(&mut values, &mut options)?;
        let simulation = options.sorted(&values, csv, true, &[2.0])?;
        if simulation.plan.controls.is_some() {
            return Err(no_control());
        }
        Ok(simulation)
    }

    fn rules(&self) -> Rules {
        Rules { level: self.level, ..Rules::default() }
    }

    fn generations<'s>(&self, simulation: &'s Simulation) -> anyhow::Result<Vec<Generation<'s>>> {
        let generations: Vec<Generation> = (0..simulation.cells())
            .map(|cell| {
                let run = simulation.run(cell);
                Generation {
                    integrator: match self.integrator {
                        IntegratorName::Euler => Integrator::Euler,
                        IntegratorName::Ddim => Integrator::Ddim,
                        IntegratorName::Adaptive => Integrator::Adaptive,
                    },
                    // A network is trained on explicit data, but generates in the basis of these unless it is told otherwise.
                    data: match self.simulation.explicit_asked() {
                        true => DataRule::Explicit,
                        false => DataRule::Gram,
                    },
                    ..self.denoiser.generation(&run, self.steps, self.samples)
                }
            })
            .collect();
        generations.iter().try_for_each(Generation::check)?;
        Ok(generations)
    }

    /// The denoisers in the file, if it exists; all seeds are there.
    fn saved(
        &self,
        simulation: &Simulation,
        generations: &[Generation],
        files: &Files,
    ) -> anyhow::Result<Option<Saved>> {
        let Some(path) = &self.denoisers else { return Ok(None) };
        if !simulation.plan.swept.is_empty() {
            bail!(
                "--denoisers holds one combination of parameters; leave out --sweep, or use a file for each"
            );
        }
        if self.integrator == IntegratorName::Adaptive {
            return Err(GenerateError::OnlyAtSteps { what: "saved denoisers" }.into());
        }
        if self.simulation.explicit_asked() {
            bail!("--denoisers holds coordinates in the span of the data; leave out --data explicit");
        }
        let place = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let side = files.csv.as_deref().map(side_file).transpose()?;
        if files.csv.iter().chain(&files.plot).chain(&side).any(|other| place(other) == place(path)) {
            bail!(
                "--denoisers {} is also what --output or --plot writes; give it another name",
                path.display()
            );
        }
        if !path.exists() {
            overlaps::output::check_writable(path)?;
            return Ok(None);
        }
        let first = &generations[0];
        let saved = Saved::read(path, &first.setting, first.steps, &learning(simulation))?;
        for generation in generations {
            saved.networks(generation.seed, path)?;
        }
        Ok(Some(saved))
    }

    fn outcome(
        &self,
        generation: &Generation,
        saved: Option<&Saved>,
        progress: &(dyn Fn() + Sync),
        keep: bool,
    ) -> Result<Option<Outcome>, GenerateError> {
        if let (Some(saved), Some(path)) = (saved, &self.denoisers) {
            let networks = saved.networks(generation.seed, path)?;
            let generated = generation.from_networks(&networks, &interrupted)?;
            return Ok(generated.map(|generated| Outcome { generated, networks: None }));
        }
        if let (true, Denoisers::Learnt(method)) = (keep, generation.denoisers) {
            let times = &generation.times()[..generation.steps];
            let Some((data, learnt)) = generation.learn(method, times, &interrupted, progress)? else {
                return Ok(None);
            };
            let networks = generation.networks(&data, &learnt)?;
            let generated = generation.from_networks(&networks, &interrupted)?;
            return Ok(generated.map(|generated| Outcome { generated, networks: Some(networks) }));
        }
        let generated = generation.generate(&interrupted, progress)?;
        Ok(generated.map(|generated| Outcome { generated, networks: None }))
    }

    /// The columns of the figure.
    fn drawn(&self, table: &Table) -> anyhow::Result<Vec<String>> {
        let defaults: &[&str] = match self.denoiser {
            DenoiserName::Exact => &["fraction_plus", "nu_plus", "M_plus", "variance"],
            DenoiserName::Learnt => &["fraction_plus", "M_plus", "variance", "eta"],
        };
        let defaults: Vec<String> = defaults.iter().map(|name| name.to_string()).collect();
        drawn_columns(&self.columns, &defaults, table)
    }

    fn side(
        &self,
        simulation: &Simulation,
        generations: &[Generation],
        table: &Table,
        comparison: &Comparison,
    ) -> SideFile {
        let mut generation = json!({
            "denoiser": self.denoiser.name(),
            "integrator": generations[0].integrator.name(),
            "steps": self.steps,
            "samples": self.samples,
        });
        if self.denoiser == DenoiserName::Learnt {
            generation["learning"] = learning(simulation);
        }
        let described = simulation.describe();
        for name in ["first_seed", "seeds"] {
            generation[name] = described[name].clone();
        }
        let mut parameters = simulation.parameters();
        parameters.retain(|name, _| !self.denoiser.unused().contains(&name.as_str()));
        let sweeps = self.values.sweeps().map(|s| (s.name.clone(), s.text.clone()));
        let extra =
            [("generation".to_string(), generation), ("comparison".to_string(), comparison.json())].into();
        side("generation", parameters, sweeps, table, extra)
    }
}

/// How denoisers are learnt, whatever the seeds.
pub fn learning(simulation: &Simulation) -> Json {
    let mut described = simulation.describe();
    if let Some(described) = described.as_object_mut() {
        for name in ["first_seed", "seeds", "times"] {
            described.remove(name);
        }
    }
    described
}

/// What is said where t is given.
fn no_control() -> anyhow::Error {
    anyhow!(
        "samples are generated from t = 0 to t = 2, so that t cannot be set; --steps says how many steps that takes"
    )
}
