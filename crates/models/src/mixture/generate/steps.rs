//! How many steps a flow takes, what `overlaps steps` does: errors at given numbers of steps, numbers of steps that errors take, optimised schedules.

use std::cell::RefCell;
use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::accuracy::{Accuracy, Feature, Sampling, Search, accuracy, steps_needed};
use super::error::GenerateError;
use super::flow::Integrator;
use super::optimum::{Free, optimum};
use super::spins;
use super::whose::{Whose, without_data};
use crate::mixture::simulate::{Denoiser, Runs};
use crate::mixture::{Schedule, Setting, Target};
use overlaps::experiment::{Computed, Experiment, ExperimentError, Failure, each};
use overlaps::model::{ModelError, Running};
use overlaps::output::{Cell, Column, Role};
use overlaps::study::{Plan, Sweep, Wanted};
use overlaps::value::Value;

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
    /// Whether steps can be counted for a setting.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn check(&self, setting: &Setting) -> Result<(), GenerateError> {
        if setting.schedule == Schedule::Dilated && setting.kappa == 0.0 {
            return Err(GenerateError::NotCounted(
                "kappa = 0 leaves no time for the layer of a dilated schedule; use kappa > 0, or --set schedule=uniform",
            ));
        }
        let magnet = matches!(setting.target, Target::CurieWeiss { .. });
        if !magnet && setting.sigma == 0.0 {
            return Err(GenerateError::NotCounted(
                "sigma = 0 leaves no variance inside a mode to compare with; use sigma > 0",
            ));
        }
        if magnet {
            spins::check(setting)?;
        }
        if self.optimise && magnet {
            return Err(GenerateError::NotCounted(
                "--optimise needs errors without sampling noise; use target=mixture",
            ));
        }
        if self.optimise && setting.schedule == Schedule::Uniform {
            return Err(GenerateError::NotCounted(
                "--optimise chooses κ and the bend of a dilated schedule; leave out schedule=uniform",
            ));
        }
        Ok(())
    }

    /// The rows of one combination; none where an interruption was asked for.
    ///
    /// # Errors
    /// A schedule that cannot be optimised.
    pub fn of_cell(
        &self,
        cell: usize,
        setting: &Setting,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<Row>>, GenerateError> {
        // The three features are measured on the same steps.
        let known: RefCell<HashMap<usize, Accuracy>> = RefCell::default();
        let of = |steps: usize| -> Option<Accuracy> {
            if let Some(found) = known.borrow().get(&steps) {
                return Some(*found);
            }
            let found = accuracy(setting, self.integrator, steps, self.sampling, interrupted)?;
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
                    let best = optimum(setting, self.integrator, *steps, Feature::Both, free)
                        .map_err(GenerateError::NotOptimised)?;
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

/// The columns of a table of steps along the dimension.
pub fn columns() -> Vec<Column> {
    let mut columns = vec![Column::new("d", "dimension of the data", Role::Control)];
    for (name, meaning) in [
        ("p", "weight of mode or state +"),
        ("sigma", "mixture: standard deviation within a mode"),
        ("M", "mixture: |μ|/√d; Curie–Weiss: magnetisation"),
        ("beta", "Curie–Weiss: inverse temperature"),
        ("kappa", "dilation of the schedule"),
        ("bend", "time at which it bends"),
    ] {
        columns.push(Column::new(name, meaning, Role::Parameter));
    }
    for (name, meaning) in [
        ("target", "law of the data"),
        ("interpolant", "interpolant between noise and data"),
        ("schedule", "schedule of the time"),
        ("integrator", "euler or ddim"),
        (
            "what",
            "given steps, steps needed for a feature (high, low, both), or given steps on a schedule of which κ, the bend or both are optimised",
        ),
    ] {
        columns.push(Column::new(name, meaning, Role::Label));
    }
    for (name, meaning) in [
        ("steps", "steps; empty: more than were tried"),
        ("fraction_plus", "fraction of samples with μ·X > 0"),
        ("fraction_error", "its standard error; 0 for an exact recursion"),
        ("inside", "mixture: variance inside a mode; Curie–Weiss: mean of |M|"),
        ("spin", "Curie–Weiss: mean of |X_i|"),
        ("high_error", "|fraction − p|"),
        ("low_error", "|variance/σ² − 1|; Curie–Weiss: the larger of ||M|/M − 1| and |mean |X_i| − 1|"),
    ] {
        columns.push(Column::new(name, meaning, Role::Output));
    }
    columns
}

impl Row {
    /// A row under these columns.
    pub fn cells(&self, integrator: Integrator) -> Vec<Cell> {
        let s = &self.setting;
        let (sigma, beta) = match s.target {
            Target::Mixture { .. } => (Cell::Number(s.sigma), Cell::Missing),
            Target::CurieWeiss { beta, .. } => (Cell::Missing, Cell::Number(beta)),
        };
        let finite = |x: Option<f64>| x.filter(|x| x.is_finite()).map_or(Cell::Missing, Cell::Number);
        let mut cells = vec![Cell::Integer(s.d), Cell::Number(s.p), sigma, Cell::Number(s.target.m()), beta];
        cells.extend([s.kappa, s.bend].map(Cell::Number));
        cells.extend(
            [s.target.name(), s.interpolant.name(), s.schedule.name(), integrator.name(), self.what.name()]
                .map(Cell::from),
        );
        cells.push(self.steps.map_or(Cell::Missing, Cell::from));
        let a = self.accuracy;
        cells.extend(
            [
                a.map(|a| a.fraction),
                a.map(|a| a.fraction_error),
                a.map(|a| a.inside),
                a.map(|a| a.spin),
                a.map(|a| a.high),
                a.map(|a| a.low),
            ]
            .map(finite),
        );
        cells
    }
}

/// A sweep as it is written.
fn written(text: &str) -> Result<Sweep, ExperimentError> {
    text.parse().map_err(ExperimentError::Given)
}

/// Steps counted for every combination of parameters.
pub struct Steps {
    /// The combinations.
    pub runs: Runs,
    /// What is measured.
    pub costs: Costs,
    columns: Vec<Column>,
}

impl Steps {
    /// Those of everything that is asked for, for whose costs it matters whether any of the data are spins. Unless they are given,
    /// schedules and dimensions are swept.
    ///
    /// # Errors
    /// Parameters of learning, and those of [`Steps::new`].
    pub fn of(
        mut wanted: Wanted,
        optimise: bool,
        costs: impl FnOnce(bool) -> Costs,
    ) -> Result<Steps, ExperimentError> {
        if let Some(name) = Whose::Exact.unused_among(&wanted) {
            return Err(ExperimentError::Given(format!(
                "{name} belongs to learning, and steps are counted with the exact denoiser; leave it out"
            )));
        }
        let magnet = wanted.given("target").any(|value| *value == Value::from("curie_weiss"));
        match (wanted.gives("schedule"), optimise) {
            (true, _) => {}
            (false, true) => wanted.set("schedule", "dilated"),
            (false, false) => wanted.sweep.push(written("schedule=uniform,dilated")?),
        }
        if !wanted.gives("d") {
            wanted.sweep.push(written(if magnet { "d=1e2,3e2,1e3,3e3,1e4" } else { "d=log:1e2:1e10:9" })?);
        }
        without_data(&mut wanted);
        let runs = Runs::new(Denoiser::default(), &wanted, 0..1, true, &[2.0])?;
        Steps::new(runs, costs(magnet))
    }

    /// Those of some settings.
    ///
    /// # Errors
    /// Settings for which steps cannot be counted; a time, which has no place here.
    pub fn new(runs: Runs, costs: Costs) -> Result<Steps, ExperimentError> {
        if runs.plan.controls.is_some() {
            return Err(ExperimentError::Given(
                "samples are generated from t = 0 to t = 2, so that t cannot be set; --steps says in how many steps"
                    .into(),
            ));
        }
        let check = |cell| costs.check(&runs.run(cell).setting);
        (0..runs.cells()).try_for_each(check).map_err(ModelError::from)?;
        Ok(Steps { runs, costs, columns: columns() })
    }

    /// All rows, in the order of the combinations; none where an interruption was asked for.
    ///
    /// # Errors
    /// Settings that cannot be optimised.
    pub fn rows(&self, running: &Running) -> Result<Option<Vec<Row>>, ExperimentError> {
        let all = each(0..self.runs.cells(), running, |cell, running| {
            let found = self.found(cell, running);
            (running.progress)();
            found
        });
        Ok(all.map_err(ModelError::from)?.map(|all| all.concat()))
    }

    fn found(&self, cell: usize, running: &Running) -> Result<Option<Vec<Row>>, GenerateError> {
        self.costs.of_cell(cell, &self.runs.run(cell).setting, running.interrupted)
    }

    /// The parameters that are not swept, without those of learning.
    pub fn parameters(&self) -> IndexMap<String, Json> {
        let mut parameters = self.runs.parameters();
        parameters.retain(|name, _| !Whose::Exact.unused().contains(&name.as_str()));
        parameters
    }
}

impl Experiment for Steps {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.runs.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let Some(found) = self.found(cell, running)? else { return Ok(None) };
        let rows = found.iter().map(|row| row.cells(self.costs.integrator)).collect();
        Ok(Some(Computed::new(rows, 0)))
    }

    fn within(&self) -> IndexMap<String, Json> {
        [("most".to_string(), json!(self.costs.most))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        ("steps".into(), self.parameters())
    }
}
