//! Which model is simulated, from the options of a command line, and the data sets of flows.

mod options;

use anyhow::{Context, anyhow};
use serde_json::{Value as Json, json};

use super::arguments::Values;
pub use options::{LabelName, SimulationOptions};
use overlaps::experiment::DataSets;
use overlaps::model::Model;
use overlaps::study::{Plan, Wanted};
use overlaps::value::Value;
use overlaps_models::model::{DENOISER, FLOW, Setting, SettingError};
use overlaps_models::simulate::{Denoiser, Run};

/// Data sets on which denoisers are learnt, or a flow starts, checked.
pub struct Simulation {
    /// Parameters that are fixed and swept.
    pub plan: Plan,
    /// Times.
    pub times: Vec<f64>,
    sets: DataSets,
    settings: Vec<Setting>,
    denoiser: Denoiser,
}

impl SimulationOptions {
    /// What is given on the command line, with --noise-samples.
    ///
    /// # Errors
    /// Two values for k.
    pub fn wanted(&self, values: &Values) -> anyhow::Result<Wanted> {
        let mut wanted = values.wanted();
        if let Some(k) = self.noise_samples {
            if values.gives("k") {
                return Err(anyhow!(
                    "--noise-samples {k} and a value for k contradict each other; give one of them"
                ));
            }
            wanted.set("k", f64::from(k));
        }
        Ok(wanted)
    }

    /// The seeds.
    ///
    /// # Errors
    /// Seeds beyond 2⁶⁴.
    pub fn seeds(&self) -> anyhow::Result<std::ops::Range<u64>> {
        let last = self.first_seed.checked_add(self.seeds).context("the seeds go beyond 2⁶⁴")?;
        Ok(self.first_seed..last)
    }

    /// The data sets of a denoiser, with `flow` also of a flow; `times` are those if the control is not given.
    ///
    /// # Errors
    /// Unknown names, impossible values, contradictions.
    pub fn sorted(
        &self,
        values: &Values,
        csv: Option<&std::path::Path>,
        flow: bool,
        times: &[f64],
    ) -> anyhow::Result<Simulation> {
        let description = if flow { &FLOW } else { &DENOISER };
        let sets = DataSets::new(description, &self.wanted(values)?, self.seeds()?)?;
        let settings: Vec<Setting> =
            sets.points().iter().map(Setting::at).collect::<Result<_, SettingError>>()?;
        if !flow && let Some(setting) = settings.iter().find(|s| s.interpolant.is_exploding()) {
            return Err(SettingError::ExactFlowOnly(setting.interpolant).into());
        }
        let plan = sets.plan.clone();
        let times = plan.controls.clone().unwrap_or_else(|| times.to_vec());
        let denoiser = self.denoiser(values.tolerance, csv)?;
        Ok(Simulation { plan, times, sets, settings, denoiser })
    }
}

impl Simulation {
    /// Combinations of parameters times seeds.
    pub fn cells(&self) -> usize {
        self.sets.cells()
    }

    /// One data set: all seeds of the first combination come first.
    pub fn run(&self, cell: usize) -> Run<'_> {
        self.denoiser.run_of(self.settings[cell / self.sets.seeds()], self.sets.seed(cell))
    }

    /// Makes the folder for checkpoints, where networks are trained.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn prepare(&self) -> anyhow::Result<()> {
        self.denoiser.prepare().map_err(|error| anyhow!(error))
    }

    /// What an interruption leaves.
    pub fn stopped(&self) -> anyhow::Error {
        stopped(self.denoiser.left())
    }

    /// Removes the networks of these data sets, trained at some times.
    pub fn finish_at(&self, times: &[f64]) {
        if self.denoiser.tidy {
            (0..self.cells()).for_each(|cell| self.denoiser.forget_run(&self.run(cell), times));
            self.denoiser.finish();
        }
    }

    /// What the side file says about the simulation.
    pub fn describe(&self) -> Json {
        json!(self.denoiser.describe(self.sets.describe(&self.times)))
    }

    /// The values of the parameters that are not swept.
    pub fn parameters(&self) -> indexmap::IndexMap<String, Json> {
        self.sets.constants()
    }
}

/// What an interruption leaves.
pub fn stopped(left: Option<String>) -> anyhow::Error {
    match left {
        Some(left) => anyhow!("interrupted; no table was written. {left}"),
        None => anyhow!("interrupted; nothing was written"),
    }
}

/// The smallest dimension at which theories of d → ∞ describe denoisers well, for what is given.
///
/// # Errors
/// Unknown names, impossible values.
pub fn smallest_dimension(wanted: &Wanted) -> anyhow::Result<Value> {
    let sets = DataSets::new(&DENOISER, wanted, 0..1)?;
    Ok(Value::Number(overlaps_models::simulate::smallest_dimension(sets.points())))
}
