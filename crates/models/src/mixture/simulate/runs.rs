//! The runs that make up a generation, a U-turn or a count of steps.

use std::ops::Range;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::denoiser::Denoiser;
use super::run::Run;
use crate::mixture::{DENOISER, FLOW, Setting, SettingError};
use overlaps::experiment::{DataSets, ExperimentError};
use overlaps::model::{Model, ModelError};
use overlaps::study::{Plan, Wanted};

/// Data sets on which denoisers are learnt, or a flow starts: combinations of parameters, each with as many seeds.
#[derive(Debug, Clone)]
pub struct Runs {
    /// Parameters that are fixed and swept.
    pub plan: Plan,
    /// Times.
    pub times: Vec<f64>,
    sets: DataSets,
    settings: Vec<Setting>,
    denoiser: Denoiser,
}

impl Runs {
    /// Those of a denoiser, with `flow` also of what only a flow has; `times` are those if the control is not given.
    ///
    /// # Errors
    /// Unknown names, impossible values, contradictions.
    pub fn new(
        denoiser: Denoiser,
        wanted: &Wanted,
        seeds: Range<u64>,
        flow: bool,
        times: &[f64],
    ) -> Result<Runs, ExperimentError> {
        let sets = DataSets::new(if flow { &FLOW } else { &DENOISER }, wanted, seeds)?;
        if !flow {
            sets.check_controls()?;
        }
        let settings: Result<Vec<Setting>, SettingError> = sets.points().iter().map(Setting::at).collect();
        let settings = settings.map_err(ModelError::from)?;
        if !flow && let Some(setting) = settings.iter().find(|s| s.interpolant.is_exploding()) {
            return Err(ModelError::from(SettingError::ExactFlowOnly(setting.interpolant)).into());
        }
        let times = sets.plan.controls.clone().unwrap_or_else(|| times.to_vec());
        Ok(Runs { plan: sets.plan.clone(), times, sets, settings, denoiser })
    }

    /// Combinations of parameters times seeds.
    pub fn cells(&self) -> usize {
        self.sets.cells()
    }

    /// Data sets per combination.
    pub fn seeds(&self) -> usize {
        self.sets.seeds()
    }

    /// How denoisers are learnt.
    pub fn denoiser(&self) -> &Denoiser {
        &self.denoiser
    }

    /// One data set: all seeds of the first combination come first.
    pub fn run(&self, cell: usize) -> Run<'_> {
        self.denoiser.run_of(self.settings[cell / self.sets.seeds()], self.sets.seed(cell))
    }

    /// Removes the networks of these data sets, trained at some times, unless the user named their folder.
    pub fn forget(&self, times: &[f64]) {
        if self.denoiser.tidy {
            (0..self.cells()).for_each(|cell| self.denoiser.forget_run(&self.run(cell), times));
        }
    }

    /// The same, where nothing else is learnt in that folder.
    pub fn finish(&self, times: &[f64]) {
        self.forget(times);
        self.denoiser.finish();
    }

    /// What the side file says of them.
    pub fn describe(&self) -> Json {
        json!(self.denoiser.describe(self.sets.describe(&self.times)))
    }

    /// How denoisers are learnt, whatever the seeds.
    pub fn learning(&self) -> Json {
        json!(self.denoiser.describe(IndexMap::new()))
    }

    /// The values of the parameters that are not swept.
    pub fn parameters(&self) -> IndexMap<String, Json> {
        self.sets.constants()
    }
}
