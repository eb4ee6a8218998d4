//! Data sets of a model, each measured at several values of the control.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::{Computed, Experiment, ExperimentError, Failure};
use crate::chart::{self, Axis, Chart, ChartError, Marks};
use crate::model::{Description, Model, Point, Running, constants};
use crate::output::json::number;
use crate::output::{Cell, Column, Status, Table};
use crate::study::{Plan, PlanError, Wanted};
use crate::value::Value;

/// Columns of a figure unless others are asked for, where a model has them all; else its first ones.
const SHOWN: [&str; 4] = ["m", "omega", "b", "c"];

/// Which data sets: combinations of parameters, each with as many seeds.
#[derive(Debug, Clone)]
pub struct DataSets {
    /// Parameters that are fixed and swept; the control values if given.
    pub plan: Plan,
    description: &'static Description,
    points: Vec<Point>,
    seeds: Range<u64>,
}

impl DataSets {
    /// Those that are asked for.
    ///
    /// # Errors
    /// Unknown names, words for numbers and numbers for words, values that a parameter cannot take.
    pub fn new(
        description: &'static Description,
        wanted: &Wanted,
        seeds: Range<u64>,
    ) -> Result<DataSets, PlanError> {
        let plan = Plan::sort(wanted, description.control.name, &[description.known()])?;
        let point = |cell: usize| {
            let values = plan.parameters(cell);
            description.known().at(values.iter().map(|(name, value)| (name.as_str(), value.clone())))
        };
        let points = (0..plan.cells()).map(point).collect::<Result<_, _>>()?;
        Ok(DataSets { plan, description, points, seeds })
    }

    /// Whether the control values that are given lie in their range.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check_controls(&self) -> Result<(), PlanError> {
        let control = self.description.control;
        let mut given = self.plan.controls.iter().flatten();
        match given.find(|x| !(control.from..=control.to).contains(*x)) {
            None => Ok(()),
            Some(outside) => Err(PlanError::Given(format!(
                "{0} = {outside} is outside the range of the control ({3}), {1} ≤ {0} ≤ {2}",
                control.name, control.from, control.to, control.meaning
            ))),
        }
    }

    /// Combinations of parameters times seeds.
    pub fn cells(&self) -> usize {
        self.points.len().saturating_mul(self.seeds())
    }

    /// Data sets per combination.
    pub fn seeds(&self) -> usize {
        (self.seeds.end - self.seeds.start) as usize
    }

    /// The parameters of every combination.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The parameters of a data set: all seeds of the first combination come first.
    pub fn point(&self, cell: usize) -> &Point {
        &self.points[cell / self.seeds()]
    }

    /// Its seed.
    pub fn seed(&self, cell: usize) -> u64 {
        self.seeds.start + (cell % self.seeds()) as u64
    }

    /// The values of the parameters that are not swept.
    pub fn constants(&self) -> IndexMap<String, Json> {
        let swept: Vec<&str> = self.plan.swept.iter().map(|sweep| sweep.name.as_str()).collect();
        constants(self.description, &self.plan.fixed, &swept)
    }

    /// What a side file says of seeds and control values.
    pub fn describe(&self, controls: &[f64]) -> IndexMap<String, Json> {
        let along = match self.description.control.name {
            "t" => "times",
            name => name,
        };
        [
            ("first_seed".to_string(), json!(self.seeds.start)),
            ("seeds".to_string(), json!(self.seeds.end - self.seeds.start)),
            (along.to_string(), controls.iter().map(|x| number(*x)).collect()),
        ]
        .into()
    }
}

/// A model that is to be simulated: what `overlaps simulate` does. An example is in [`model`](crate::model).
pub struct Simulate {
    model: Arc<dyn Model>,
    wanted: Wanted,
    sets: DataSets,
    controls: Vec<f64>,
    columns: Vec<Column>,
}

impl fmt::Debug for Simulate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.model.description().name;
        let mut shown = f.debug_struct("Simulate");
        shown.field("model", &model).field("sets", &self.sets).field("controls", &self.controls).finish()
    }
}

/// Data sets of a combination unless it is said.
const SEEDS: Range<u64> = 0..16;

impl Simulate {
    /// A model at its defaults, with 16 data sets.
    ///
    /// # Errors
    /// Defaults that the model refuses.
    pub fn new(model: impl Model + 'static) -> Result<Simulate, PlanError> {
        Simulate::of(Arc::new(model), Wanted::default(), SEEDS)
    }

    /// A model with everything that is fixed and swept; not yet checked by the model: see [`Simulate::check`].
    ///
    /// # Errors
    /// Those of [`Simulate::set`] and [`Simulate::sweep`].
    pub fn of(model: Arc<dyn Model>, wanted: Wanted, seeds: Range<u64>) -> Result<Simulate, PlanError> {
        let description = model.description();
        let sets = DataSets::new(description, &wanted, seeds)?;
        sets.check_controls()?;
        let controls = sets.plan.controls.clone().unwrap_or_else(|| model.controls(sets.points()));
        Ok(Simulate { columns: description.columns(), model, wanted, sets, controls })
    }

    /// Fixes a parameter or the control.
    ///
    /// # Errors
    /// A name that the model does not have (the nearest is suggested), a value that it cannot take, a name given twice.
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Result<Simulate, PlanError> {
        self.wanted.set(name, value);
        Simulate::of(self.model, self.wanted, self.sets.seeds)
    }

    /// Sweeps a parameter over some values; sweeps are crossed, and the last runs fastest.
    ///
    /// # Errors
    /// Those of [`Simulate::set`], and values that neither rise nor fall throughout.
    pub fn sweep(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Result<Simulate, PlanError> {
        self.wanted.sweep(name, values)?;
        Simulate::of(self.model, self.wanted, self.sets.seeds)
    }

    /// Measures at these values of the control.
    ///
    /// # Errors
    /// Those of [`Simulate::sweep`].
    pub fn along(self, controls: impl IntoIterator<Item = f64>) -> Result<Simulate, PlanError> {
        let control = self.model.description().control.name;
        self.sweep(control, controls)
    }

    /// Draws these data sets.
    ///
    /// # Errors
    /// No seeds.
    pub fn seeds(mut self, seeds: Range<u64>) -> Result<Simulate, PlanError> {
        if seeds.is_empty() {
            return Err(PlanError::Given("without seeds there is no data set; give one or more".into()));
        }
        self.sets.seeds = seeds;
        Ok(self)
    }

    /// The same at these values of the control where none were given.
    pub fn with_usual_controls(mut self, controls: impl FnOnce(&Simulate) -> Vec<f64>) -> Simulate {
        if self.sets.plan.controls.is_none() {
            self.controls = controls(&self);
        }
        self
    }

    /// Whether the model can be simulated at every combination.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), ExperimentError> {
        let check = |point| self.model.check(point, &self.controls);
        Ok(self.sets.points.iter().try_for_each(check)?)
    }

    /// The model.
    pub fn model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    /// Which data sets.
    pub fn sets(&self) -> &DataSets {
        &self.sets
    }

    /// The values of the control.
    pub fn controls(&self) -> &[f64] {
        &self.controls
    }

    /// What a side file says of it.
    pub fn describe(&self) -> Json {
        json!(self.model.describe(self.sets.describe(&self.controls)))
    }

    /// Simulates everything, on all cores.
    ///
    /// # Errors
    /// What the model refuses.
    pub fn table(&self) -> Result<Table, ExperimentError> {
        self.check()?;
        let table = self.run(&Running::ON)?.unwrap_or_default();
        self.finish();
        Ok(table)
    }
}

impl Experiment for Simulate {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.sets.plan
    }

    fn cells(&self) -> usize {
        self.sets.cells()
    }

    fn parameters(&self, cell: usize) -> Vec<(String, Cell)> {
        let all = self.sets.plan.parameters(cell / self.sets.seeds()).into_iter();
        let all = all.map(|(name, value)| (name, Cell::from(&value)));
        all.chain([("seed".to_string(), Cell::Integer(self.sets.seed(cell)))]).collect()
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let (at, seed) = (self.sets.point(cell), self.sets.seed(cell));
        let Some(measured) = self.model.run(at, seed, &self.controls, running)? else { return Ok(None) };
        let failed = measured.iter().filter(|measured| measured.status == Status::NotConverged).count();
        let measured = self.controls.iter().zip(measured);
        let rows = measured.map(|(control, m)| self.model.description().row(at, seed, *control, m));
        Ok(Some(Computed::new(rows.collect(), failed)))
    }

    fn units(&self) -> u64 {
        self.controls.len() as u64 * self.model.units()
    }

    fn left(&self) -> Option<String> {
        self.model.left()
    }

    fn forget(&self, cell: usize) {
        self.model.forget(self.sets.point(cell), self.sets.seed(cell), &self.controls);
    }

    fn finish(&self) {
        (0..self.cells()).for_each(|cell| self.forget(cell));
        self.model.finish();
    }

    fn chart(&self) -> Result<Option<Chart>, ChartError> {
        let (plan, description) = (self.plan(), self.model.description());
        let control = description.control.name;
        let known = |name: &&str| description.quantities.iter().any(|quantity| quantity.name == *name);
        let y: Vec<&str> = match SHOWN.iter().all(known) {
            true => SHOWN.into(),
            false => description.quantities.iter().map(|quantity| quantity.name).take(SHOWN.len()).collect(),
        };
        Ok(Some(Chart {
            subtitle: chart::of_model(&self.sets.constants(), description),
            y: y.into_iter().map(String::from).collect(),
            series: plan.swept.iter().map(|sweep| sweep.name.clone()).collect(),
            alone: "simulation".into(),
            numbers: Some(Axis::varying(plan, control)),
            ..Chart::new("Simulated overlaps, mean over data sets", Axis::new(control, false), Marks::Means)
        }))
    }

    fn within(&self) -> IndexMap<String, Json> {
        let mut described = self.model.describe(self.sets.describe(&self.controls));
        // Seeds are cells.
        described.retain(|name, _| !name.ends_with("seed") && !name.ends_with("seeds"));
        [("simulation".to_string(), json!(described))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        ("simulation".into(), self.sets.constants())
    }
}
