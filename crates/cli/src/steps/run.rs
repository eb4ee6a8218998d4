//! The rows of `overlaps steps`: errors at given numbers of steps, numbers of steps that errors take, optimised schedules.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{anyhow, bail};

use crate::cells::{Cells, for_each_cell, interrupted};
use overlaps_models::generate::accuracy::{Accuracy, Feature, Sampling, Search, accuracy, steps_needed};
use overlaps_models::generate::optimum::{Free, optimum};
use overlaps_models::generate::{Integrator, spins};
use overlaps_models::model::{Schedule, Setting, Target};
use overlaps_models::simulate::Runs;

/// The relative accuracy to which the steps of spins are counted: what is sampled is not known to a step.
pub const RESOLUTION: f64 = 0.04;

/// What is measured.
pub struct Costs {
    /// Numbers of steps.
    pub steps: Vec<usize>,
    /// The error that is accepted.
    pub error: f64,
    /// The most steps that are tried.
    pub most: usize,
    /// How the flow is integrated.
    pub integrator: Integrator,
    /// Whether schedules are optimised.
    pub optimise: bool,
    /// How spins are sampled.
    pub sampling: Sampling,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A given number of steps.
    Given,
    /// The steps that a feature takes.
    Needed(Feature),
    /// A given number of steps on the schedule that was chosen for it.
    Optimised(Free),
}

impl What {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            What::Given => "given",
            What::Needed(Feature::High) => "needed_high",
            What::Needed(Feature::Low) => "needed_low",
            What::Needed(Feature::Both) => "needed_both",
            What::Optimised(Free::Both) => "optimised",
            What::Optimised(Free::Kappa) => "optimised_kappa",
            What::Optimised(Free::Bend) => "optimised_bend",
        }
    }
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The combination of parameters.
    pub cell: usize,
    /// The setting, with κ and bend as optimised.
    pub setting: Setting,
    /// What it is about.
    pub what: What,
    /// Steps; none where more are needed than were tried.
    pub steps: Option<usize>,
    /// How far they are.
    pub accuracy: Option<Accuracy>,
}

impl Costs {
    /// All rows, in the order of the combinations.
    ///
    /// # Errors
    /// Settings that cannot be optimised, an interruption.
    pub fn rows(&self, runs: &Runs, quiet: bool) -> anyhow::Result<Vec<Row>> {
        let count = runs.cells();
        for cell in 0..count {
            self.check(&runs.run(cell).setting)?;
        }
        let mut rows = Vec::new();
        for_each_cell(
            Cells { count, units: 1 },
            quiet,
            |cell, _| self.of_cell(cell, &runs.run(cell).setting),
            |_, found: Result<Option<Vec<Row>>, String>| {
                let found = found.map_err(not_optimised)?;
                rows.extend(found.ok_or_else(|| anyhow!("interrupted; nothing was written"))?);
                Ok(())
            },
        )?;
        Ok(rows)
    }

    /// Whether steps can be counted for a setting.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn check(&self, setting: &Setting) -> anyhow::Result<()> {
        if setting.schedule == Schedule::Dilated && setting.kappa == 0.0 {
            bail!(
                "kappa = 0 leaves no time for the layer of a dilated schedule; use kappa > 0, or --set schedule=uniform"
            );
        }
        let magnet = matches!(setting.target, Target::CurieWeiss { .. });
        if !magnet && setting.sigma == 0.0 {
            bail!("sigma = 0 leaves no variance inside a mode to compare with; use sigma > 0");
        }
        if magnet {
            spins::check(setting)?;
        }
        if self.optimise && magnet {
            bail!("--optimise needs errors without sampling noise; use target=mixture");
        }
        if self.optimise && setting.schedule == Schedule::Uniform {
            bail!("--optimise chooses κ and the bend of a dilated schedule; leave out schedule=uniform");
        }
        Ok(())
    }

    /// The rows of one combination; none where an interruption was asked for.
    ///
    /// # Errors
    /// A schedule that cannot be optimised.
    pub fn of_cell(&self, cell: usize, setting: &Setting) -> Result<Option<Vec<Row>>, String> {
        // The three features are measured on the same steps.
        let known: RefCell<HashMap<usize, Accuracy>> = RefCell::default();
        let of = |steps: usize| -> Option<Accuracy> {
            if let Some(found) = known.borrow().get(&steps) {
                return Some(*found);
            }
            let found = accuracy(setting, self.integrator, steps, self.sampling, &interrupted)?;
            known.borrow_mut().insert(steps, found);
            Some(found)
        };
        let row = |what: What, steps: Option<usize>, accuracy: Option<Accuracy>| Row {
            cell,
            setting: *setting,
            what,
            steps,
            accuracy,
        };
        let mut rows = Vec::new();
        for steps in &self.steps {
            let Some(found) = of(*steps) else { return Ok(None) };
            rows.push(row(What::Given, Some(*steps), Some(found)));
            if self.optimise {
                for free in [Free::Bend, Free::Kappa, Free::Both] {
                    let best = optimum(setting, self.integrator, *steps, Feature::Both, free)?;
                    if interrupted() {
                        return Ok(None);
                    }
                    let setting = Setting { kappa: best.kappa, bend: best.bend, ..*setting };
                    let accuracy = Some(best.accuracy);
                    rows.push(Row {
                        cell,
                        setting,
                        what: What::Optimised(free),
                        steps: Some(*steps),
                        accuracy,
                    });
                }
            }
        }
        if !self.optimise {
            let (resolution, passes) =
                if matches!(setting.target, Target::CurieWeiss { .. }) { (RESOLUTION, 2) } else { (0.0, 3) };
            let search = Search { most: self.most, resolution, passes };
            for feature in [Feature::High, Feature::Low, Feature::Both] {
                let error = |steps: usize| of(steps).map(|a| feature.of(&a));
                let needed = steps_needed(error, self.error, search);
                if interrupted() {
                    return Ok(None);
                }
                rows.push(row(What::Needed(feature), needed, needed.and_then(of)));
            }
        }
        Ok(Some(rows))
    }
}

/// Why a schedule has no optimum.
pub fn not_optimised(reason: String) -> anyhow::Error {
    anyhow!("the schedule cannot be optimised: {reason}")
}
