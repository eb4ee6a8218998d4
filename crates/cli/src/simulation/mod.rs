//! What `simulate` and `check` share: the options of a simulation (`options`), and how they become runs.

mod options;

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow, bail};
use serde_json::{Value as Json, json};

use super::arguments::Values;
use super::cells::{Cells, for_each_cell, interrupted};
pub use options::{LabelName, SimulationOptions};
use overlaps::model::{Parameter, name_meant};
use overlaps::numeric::grid;
use overlaps::output::json::{number, of_value};
use overlaps::output::{Cell, check_writable};
use overlaps::study::{Assignment, Plan, PlanError};
use overlaps::value::{Value, given};
use overlaps_models::model::{FLOW_PARAMETERS, Interpolant, Noise, PARAMETERS, Setting, parameter, words_of};
use overlaps_models::simulate::{LabelRule, Method, Outcome, Run, SimulationError, rows};

/// The smallest dimension: this, or so many times n³ or κ². Cost does not depend on d, and the larger it is the better the
/// expansion in 1/√d holds. In the second phase it has terms in ln d/d, and holds only from d of order n³ on, where the
/// activations saturate; below, they still follow the scatter of the Gram matrix.
const SMALLEST: (f64, f64, f64) = (131_072.0, 8.0, 64.0);

/// Simulations that were asked for, checked.
pub struct Simulation {
    /// Parameters that are fixed and swept; the control values if given.
    pub plan: Plan,
    /// Whether it has the parameters of a flow.
    flow: bool,
    /// Times.
    pub times: Vec<f64>,
    settings: Vec<Setting>,
    seeds: std::ops::Range<u64>,
    labels: LabelRule,
    method: Method,
    /// Whether the folder of checkpoints is ours to make and remove.
    own_folder: bool,
}

impl SimulationOptions {
    /// Sorts and checks what was asked for; `times` are those if the control is not given, from whether the noise is
    /// fixed.
    ///
    /// # Errors
    /// Unknown names, impossible values, contradictions.
    pub fn simulation(
        &self,
        values: &Values,
        csv: Option<&std::path::Path>,
        times: impl Fn(bool) -> Vec<f64>,
    ) -> anyhow::Result<Simulation> {
        let simulation = self.sorted(values, csv, false, times)?;
        for cell in (0..simulation.cells()).step_by(self.seeds as usize) {
            simulation.run(cell).check(&simulation.times)?;
        }
        Ok(simulation)
    }

    /// The same, with no more checks than the values themselves allow; with `flow` the names of [`FLOW_PARAMETERS`] too.
    ///
    /// # Errors
    /// Unknown names, impossible values, contradictions.
    pub fn sorted(
        &self,
        values: &Values,
        csv: Option<&std::path::Path>,
        flow: bool,
        times: impl Fn(bool) -> Vec<f64>,
    ) -> anyhow::Result<Simulation> {
        let mut values = values.clone();
        if let Some(k) = self.noise_samples {
            if values.gives("k") {
                bail!("--noise-samples {k} and a value for k contradict each other; give one of them");
            }
            values.set.push(Assignment { name: "k".into(), value: Value::Number(f64::from(k)) });
        }
        let plan = plan(&values, flow)?;
        let fixed_noise = given(&plan.fixed, "k").and_then(Value::number).is_some_and(f64::is_finite)
            || plan.swept.iter().any(|s| s.name == "k");
        let times = plan.controls.clone().unwrap_or_else(|| times(fixed_noise));
        let settings: Vec<Setting> = (0..plan.cells())
            .map(|cell| {
                let values = plan.parameters(cell);
                Setting::new(|name| given(&values, name).cloned())
            })
            .collect::<Result<_, _>>()?;
        if !flow && let Some(setting) = settings.iter().find(|s| s.interpolant.is_exploding()) {
            return Err(only_exact_flow(setting.interpolant));
        }
        let last_seed = self.first_seed.checked_add(self.seeds).context("the seeds go beyond 2⁶⁴")?;
        Ok(Simulation {
            plan,
            flow,
            times,
            settings,
            seeds: self.first_seed..last_seed,
            labels: match self.labels {
                LabelName::Fixed => LabelRule::Fixed,
                LabelName::Drawn => LabelRule::Drawn,
            },
            method: self.method(values.tolerance, csv)?,
            own_folder: self.training.checkpoints.is_none(),
        })
    }
}

/// Sorts values by the names of a simulation; with `flow` those of [`FLOW_PARAMETERS`] too.
///
/// # Errors
/// Unknown names, words for numbers and numbers for words, names given twice.
pub fn plan(values: &Values, flow: bool) -> anyhow::Result<Plan> {
    values.sort("t", |given| {
        let name = parameter_name(given, flow)?;
        let words = words_of(&name).iter().map(|word| word.to_string()).collect();
        Ok((name, words))
    })
}

/// What is said where an exploding interpolant has no place: learnt denoisers, U-turns and training schedules are those of
/// the variance-preserving ones.
pub fn only_exact_flow(interpolant: Interpolant) -> anyhow::Error {
    anyhow!(
        "interpolant = {} is for the flow of the exact denoiser alone (`overlaps generate --denoiser exact`, `overlaps steps`); use linear or trigonometric",
        interpolant.name()
    )
}

/// The parameter that a name means.
fn parameter_name(given: &str, flow: bool) -> Result<String, PlanError> {
    let more: &[_] = if flow { &FLOW_PARAMETERS } else { &[] };
    let names = PARAMETERS.iter().chain(more).map(|p| p.name).chain(["t"]);
    name_meant(given, "a simulation", names).map(String::from).map_err(PlanError::Given)
}

impl Simulation {
    /// Combinations of parameters times seeds.
    pub fn cells(&self) -> usize {
        self.settings.len().saturating_mul(self.seeds())
    }

    /// Data sets per combination.
    pub fn seeds(&self) -> usize {
        (self.seeds.end - self.seeds.start) as usize
    }

    /// One data set: all seeds of the first combination come first.
    pub fn run(&self, cell: usize) -> Run<'_> {
        let seeds = self.seeds();
        Run {
            setting: self.settings[cell / seeds],
            seed: self.seeds.start + (cell % seeds) as u64,
            labels: self.labels,
            method: &self.method,
        }
    }

    fn checkpoints(&self) -> Option<&std::path::PathBuf> {
        match &self.method {
            Method::Trained { checkpoints, .. } => checkpoints.as_ref(),
            Method::Integrated { .. } => None,
        }
    }

    /// Makes the folder for checkpoints, where networks are trained.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn prepare(&self) -> anyhow::Result<()> {
        let Some(folder) = self.checkpoints() else { return Ok(()) };
        std::fs::create_dir_all(folder).with_context(|| {
            format!("cannot make the folder {} for checkpoints; use --checkpoints", folder.display())
        })?;
        Ok(check_writable(folder.join("network.checkpoint"))?)
    }

    /// What an interruption leaves.
    pub fn stopped(&self) -> anyhow::Error {
        match self.checkpoints() {
            Some(folder) => anyhow!(
                "interrupted; no table was written. The networks so far are in {}; the same command continues there",
                folder.display()
            ),
            None => anyhow!("interrupted; nothing was written"),
        }
    }

    /// What a failure leaves: of a checkpoint that could not be written, the earlier state.
    fn failed(&self, error: SimulationError) -> anyhow::Error {
        match (&error, self.checkpoints()) {
            (SimulationError::Output(_), Some(folder)) => anyhow!(
                "{error}. No table was written. The networks so far are in {}; the same command continues there",
                folder.display()
            ),
            _ => error.into(),
        }
    }

    /// Runs everything and hands over the rows, in order.
    ///
    /// # Errors
    /// Whatever `take` returns, an interruption, checkpoints.
    pub fn for_each_row(
        &self,
        quiet: bool,
        mut take: impl FnMut(Vec<Cell>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.prepare()?;
        let units = self.times.len() as u64
            * match &self.method {
                Method::Trained { training, .. } => training.epochs,
                Method::Integrated { .. } => 1,
            };
        let cells = Cells { count: self.cells(), units };
        // What ends one data set ends all: the others would run to their end for nothing.
        let failed = AtomicBool::new(false);
        let stop = || interrupted() || failed.load(Ordering::Relaxed);
        for_each_cell(
            cells,
            quiet,
            |cell, progress| {
                let outcome = self.run(cell).measure(&self.times, &stop, &|| progress.tick());
                outcome.inspect_err(|_| failed.store(true, Ordering::Relaxed))
            },
            |cell, outcome: Result<Option<Outcome>, _>| match outcome.map_err(|error| self.failed(error))? {
                Some(outcome) => {
                    rows(&self.run(cell), &self.times, &outcome).into_iter().try_for_each(&mut take)
                }
                None if interrupted() => Err(self.stopped()),
                // The failure stands further back in the same chunk.
                None => Ok(()),
            },
        )
        .map_err(|error| if interrupted() { self.stopped() } else { error })
    }

    /// Removes the networks of this run, and their folder if nothing else is in it, unless the user named the folder.
    pub fn finish(&self) {
        self.finish_at(&self.times);
    }

    /// The same, where networks were trained at other times.
    pub fn finish_at(&self, times: &[f64]) {
        if let Method::Trained { checkpoints: Some(folder), .. } = &self.method
            && self.own_folder
        {
            for cell in 0..self.cells() {
                self.forget(cell, times);
            }
            // What a run that was killed in the middle of writing left behind.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with(".overlaps-") && name.ends_with(".tmp") {
                    let _ = std::fs::remove_file(entry.path());
                }
            }
            let _ = std::fs::remove_dir(folder);
        }
    }

    /// Removes the networks of one data set, if there are any.
    pub fn forget(&self, cell: usize, times: &[f64]) {
        if self.checkpoints().is_none() {
            return;
        }
        let run = self.run(cell);
        // Generation trains the networks of the first phase with fresh noise.
        let fresh = Run { setting: Setting { noise: Noise::Fresh, ..run.setting }, ..run.clone() };
        // The rows are written; a file that cannot be removed is no failure of the run.
        for file in [run, fresh].iter().flat_map(|run| run.checkpoints(times).unwrap_or_default()) {
            let _ = std::fs::remove_file(file);
        }
    }

    /// What the side file says about the simulation.
    pub fn describe(&self) -> Json {
        let mut description = json!({
            "method": self.method.name(),
            "data": self.method.data().name(),
            "labels": if self.labels == LabelRule::Fixed { "fixed" } else { "drawn" },
            "first_seed": self.seeds.start,
            "seeds": self.seeds.end - self.seeds.start,
            "times": self.times.iter().map(|t| number(*t)).collect::<Vec<_>>(),
        });
        match &self.method {
            Method::Integrated { search, .. } => {
                if let Some(starts) = search.more_starts {
                    description["starts"] = json!(starts);
                }
                description["tolerance"] = number(search.tolerance);
            }
            Method::Trained { training, .. } => description["training"] = json!(training),
        }
        description
    }

    /// The values of the parameters that are not swept.
    pub fn parameters(&self) -> indexmap::IndexMap<String, Json> {
        let swept = |name: &str| self.plan.swept.iter().any(|s| s.name == name);
        let of = |parameter: &Parameter| {
            let value = given(&self.plan.fixed, parameter.name).cloned().or_else(|| parameter.default());
            let value = value.filter(|_| !swept(parameter.name))?;
            Some((parameter.name.to_string(), of_value(&value)))
        };
        let more: &[_] = if self.flow { &FLOW_PARAMETERS } else { &[] };
        PARAMETERS.iter().chain(more).filter_map(of).collect()
    }
}

/// The smallest dimension at which the theories of d → ∞ hold well, from n and κ.
pub fn smallest_dimension(values: &Values) -> f64 {
    let largest = |name: &str| {
        let numbers = values.given(name).filter_map(Value::number);
        let default = parameter(name).and_then(Parameter::default).and_then(|value| value.number());
        numbers.reduce(f64::max).or(default).unwrap_or(1.0)
    };
    let (n, kappa) = (largest("n"), largest("kappa"));
    SMALLEST.0.max(SMALLEST.1 * n.powi(3)).max((SMALLEST.2 * kappa * kappa).ceil())
}

/// The default times of a simulation: the whole dilated time, or the second phase where the noise is fixed.
pub fn default_times(fixed_noise: bool) -> Vec<f64> {
    if fixed_noise { grid(1.0, 2.0, 101)[1..].to_vec() } else { grid(0.0, 2.0, 201) }
}
