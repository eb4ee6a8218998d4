//! A mixture of many modes with parameters that are fixed and swept: what all experiments with it share.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::Means;
use crate::mixture::Interpolant;
use overlaps::experiment::{ExperimentError, digest};
use overlaps::model::{Parameter, Parameters, Point, is_whole, number, words};
use overlaps::output::{Cell, Column, Role, json};
use overlaps::study::{Plan, Wanted};
use overlaps::value::{Value, given};

/// Dimensions unless others are given.
const DIMENSIONS: [f64; 6] = [1e2, 1e4, 1e6, 1e8, 1e10, 1e12];
/// The largest dimension: whole numbers are exact so far.
const LARGEST: f64 = 1e15;

/// A mixture along the dimension or the time, with some parameters.
pub(super) struct Along {
    pub means: Means,
    file: PathBuf,
    known: Vec<Parameter>,
    pub plan: Plan,
    pub columns: Vec<Column>,
}

impl Along {
    /// Along the dimension.
    pub fn dimension(
        file: &Path,
        wanted: &Wanted,
        known: Vec<Parameter>,
        outputs: &[(&str, &str, Role)],
    ) -> Result<Along, ExperimentError> {
        let means = Means::load(file).map_err(|e| ExperimentError::Model(e.into()))?;
        let control = Column::new("d", "dimension", Role::Control);
        let mut along = Along::new(means, file, wanted, known, control, outputs)?;
        let dimensions = along.plan.controls.get_or_insert_with(|| DIMENSIONS.to_vec());
        let least = along.means.count() as f64;
        dimensions.iter().try_for_each(|d| check_dimension(*d, least))?;
        along.plan.controls_logarithmic = true;
        Ok(along)
    }

    /// Along the time of the dilation with a phase per scale, from 0 to the number of phases; d is a parameter.
    pub fn time(
        file: &Path,
        wanted: &Wanted,
        mut known: Vec<Parameter>,
        outputs: &[(&str, &str, Role)],
    ) -> Result<Along, ExperimentError> {
        let means = Means::load(file).map_err(|e| ExperimentError::Model(e.into()))?;
        known.insert(
            0,
            number("d", 1e8, "dimension").whole(1.0, LARGEST, "d is a whole number of dimensions"),
        );
        let control = Column::new("t", "time of the turn, a phase for each scale", Role::Control);
        let along = Along::new(means, file, wanted, known, control, outputs)?;
        let least = along.means.count() as f64;
        let dimensions = (0..along.plan.cells()).map(|cell| Ok(along.point(cell)?.number("d")));
        dimensions
            .collect::<Result<Vec<_>, ExperimentError>>()?
            .into_iter()
            .try_for_each(|d| check_dimension(d, least))?;
        Ok(along)
    }

    fn new(
        means: Means,
        file: &Path,
        wanted: &Wanted,
        known: Vec<Parameter>,
        control: Column,
        outputs: &[(&str, &str, Role)],
    ) -> Result<Along, ExperimentError> {
        let parameters = Parameters { whose: "modes", all: &known };
        let plan = Plan::sort(wanted, &control.name, &[parameters])?;
        let mut columns = vec![control];
        columns.extend(known.iter().map(|p| Column::new(&p.name, &p.meaning, Role::Parameter)));
        columns.extend(outputs.iter().map(|(name, meaning, role)| Column::new(*name, *meaning, *role)));
        let along = Along { means, file: file.to_path_buf(), known, plan, columns };
        (0..along.plan.cells()).try_for_each(|cell| along.point(cell).map(|_| ()))?;
        Ok(along)
    }

    pub fn point(&self, cell: usize) -> Result<Point, ExperimentError> {
        let values = self.plan.parameters(cell);
        let parameters = Parameters { whose: "modes", all: &self.known };
        let point = parameters.at(values.iter().map(|(name, value)| (name.as_str(), value.clone())));
        Ok(point.map_err(overlaps::study::PlanError::from)?)
    }

    pub fn controls(&self) -> &[f64] {
        self.plan.controls.as_deref().unwrap_or(&DIMENSIONS)
    }

    /// The beginning of a row.
    pub fn beginning(&self, control: f64, point: &Point) -> Vec<Cell> {
        let known = Parameters { whose: "modes", all: &self.known };
        let control = Cell::of(&Value::Number(control), self.columns[0].name == "d");
        let values = point.values().map(|(name, value)| Cell::of(value, known.counts(name)));
        [control].into_iter().chain(values).collect()
    }

    /// What tells this from the same experiment with other modes.
    pub fn identity(&self) -> (String, Json) {
        ("modes".to_string(), json!(digest([format!("{:?}", self.means).as_bytes()])))
    }

    /// What side files say of an experiment, with all that its rows depend on.
    pub fn described(&self, within: IndexMap<String, Json>) -> (String, IndexMap<String, Json>) {
        let mut parameters = self.parameters();
        parameters.extend(within.into_iter().filter(|(name, _)| name != "modes"));
        ("modes".into(), parameters)
    }

    pub fn parameters(&self) -> IndexMap<String, Json> {
        let of = |parameter: &Parameter| {
            let value = given(&self.plan.fixed, &parameter.name).cloned().or_else(|| parameter.default());
            let swept = self.plan.swept.iter().any(|swept| swept.name == parameter.name);
            Some((parameter.name.clone(), json::of_value(&value.filter(|_| !swept)?)))
        };
        let file = ("file".to_string(), json!(self.file.display().to_string()));
        [file].into_iter().chain(self.known.iter().filter_map(of)).collect()
    }
}

fn check_dimension(d: f64, least: f64) -> Result<(), ExperimentError> {
    match is_whole(d, least, LARGEST) {
        true => Ok(()),
        false => Err(ExperimentError::Given(format!(
            "d = {d} is no dimension of {least} modes; use a whole number from {least} to {LARGEST:e}"
        ))),
    }
}

/// How far the windows reach.
pub(super) fn reach() -> Parameter {
    number("reach", 5.0, "windows end at τ = reach/(δ d^a)")
        .if_(|x| x > 0.0 && x.is_finite(), "0 < reach < inf")
}

pub(super) fn sigma() -> Parameter {
    number("sigma", 1.0, "width of a mode").if_(|x| x > 0.0 && x.is_finite(), "0 < sigma < inf")
}

pub(super) fn interpolant() -> Parameter {
    words("interpolant", &Interpolant::NAMES[..2], "interpolant between noise and data")
}

/// That of a point.
pub(super) fn interpolant_of(point: &Point) -> Interpolant {
    let named = Interpolant::ALL.into_iter().find(|i| i.name() == point.word("interpolant"));
    named.unwrap_or_default()
}
