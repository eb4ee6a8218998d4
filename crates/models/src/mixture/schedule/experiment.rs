//! When the features of the exact denoiser are decided, for every combination of parameters, and where training times should lie: what
//! `overlaps schedule` does.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::feature::{Feature, Levels};
use super::mixture::MixtureFeatures;
use super::training::{Spread, TrainingTimes, quantile_columns};
use super::widths::{Widths, width_columns};
use crate::mixture::{ExactDenoiser, Interpolant, SettingError, exact_parameters};
use overlaps::experiment::{Computed, Experiment, ExperimentError, Failure, digest};
use overlaps::model::{ModelError, Point, Running};
use overlaps::name::ascii_name;
use overlaps::output::json::of_value;
use overlaps::output::{Cell, Column, Role};
use overlaps::study::{Plan, PlanError, Wanted};

/// The parameter that cells run along.
const DIMENSION: &str = "d";

/// How windows and training times are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct How {
    /// From which share of its change to which a feature is being decided.
    pub levels: Levels,
    /// How training times are spread.
    pub spread: Spread,
    /// Quantiles of a combination.
    pub points: usize,
    /// Tolerance on averages.
    pub tolerance: f64,
}

/// The features of the exact denoiser. A cell is a combination of parameters beside d: its rows are quantiles of training times, or
/// where d is swept the windows of the mode along it. Features that are given are one cell.
#[derive(Debug, Clone)]
pub struct Schedules {
    pub(super) how: How,
    plan: Plan,
    along_d: bool,
    given: Vec<Feature>,
    columns: Vec<Column>,
}

/// The features at one combination of parameters.
#[derive(Debug, Clone)]
pub struct OfTheory {
    /// The mode and, where there is one, the variance, against τ.
    pub features: Vec<Feature>,
    /// √d and κ.
    pub scale: (f64, f64),
    /// The largest error of any average.
    pub quadrature_error: f64,
    /// What else there is to say.
    pub notes: Vec<String>,
}

impl Schedules {
    /// Those of everything that is fixed and swept.
    ///
    /// # Errors
    /// Unknown names, impossible values, contradictions.
    pub fn new(how: How, wanted: &Wanted) -> Result<Schedules, ExperimentError> {
        let plan = Plan::sort(wanted, DIMENSION, &[exact_parameters()])?;
        let is_d = |name: &str| name == DIMENSION || ascii_name(name).is_some_and(|name| name == DIMENSION);
        let along_d = wanted.sweep.iter().any(|sweep| is_d(&sweep.name));
        let swept = plan.swept.iter().map(|sweep| {
            let known = exact_parameters().all.iter().find(|parameter| parameter.name == sweep.name);
            Column::new(&sweep.name, known.map_or("", |p| &p.meaning), Role::Parameter)
        });
        let own = if along_d { width_columns() } else { quantile_columns(true) };
        let columns = swept.chain(own).collect();
        let schedules = Schedules { how, plan, along_d, given: Vec::new(), columns };
        for cell in 0..schedules.plan.cells() {
            let asked = schedules.asked(cell)?;
            match along_d {
                true => asked.along(&schedules.dimensions()).map(drop)?,
                false => asked.scale().map(drop)?,
            }
        }
        Ok(schedules)
    }

    /// Those of features that are given, at least one.
    pub fn of(how: How, given: Vec<Feature>) -> Schedules {
        let plan = Plan { fixed: Vec::new(), swept: Vec::new(), controls: None, controls_logarithmic: false };
        Schedules { how, plan, along_d: false, given, columns: quantile_columns(false) }
    }

    /// Whether there are the windows of the mode along d.
    pub fn is_along_d(&self) -> bool {
        self.along_d
    }

    /// The values of d that are given.
    fn dimensions(&self) -> Vec<f64> {
        self.plan.controls.clone().unwrap_or_default()
    }

    /// What is asked of a combination.
    fn asked(&self, cell: usize) -> Result<Asked, ExperimentError> {
        let d = self.dimensions().first().copied().filter(|_| !self.along_d);
        let mut given = self.plan.parameters(cell);
        given.extend(d.map(|d| (DIMENSION.to_string(), d.into())));
        let at = exact_parameters().at(given.iter().map(|(name, value)| (name.as_str(), value.clone())));
        Asked::new(at.map_err(PlanError::from)?, self.how.tolerance)
    }

    /// The features of a combination.
    ///
    /// # Errors
    /// Impossible values, which [`Schedules::new`] has refused.
    pub fn theory(&self, cell: usize) -> Result<OfTheory, ExperimentError> {
        self.asked(cell)?.features(self.how.levels)
    }

    /// The windows of the mode of a combination along d.
    ///
    /// # Errors
    /// Impossible values, which [`Schedules::new`] has refused.
    pub fn widths(&self, cell: usize) -> Result<Widths, ExperimentError> {
        Ok(Widths::new(&self.asked(cell)?.along(&self.dimensions())?, self.how.levels))
    }

    /// The values of the parameters that are not swept, defaults included.
    pub fn parameters(&self) -> IndexMap<String, Json> {
        let Ok(Asked { at, .. }) = self.asked(0) else { return IndexMap::new() };
        let unused = |name: &str| self.along_d && [DIMENSION, "kappa"].contains(&name);
        let swept = |name: &str| self.plan.swept.iter().any(|sweep| sweep.name == name);
        let constant = at.values().filter(|(name, _)| !unused(name) && !swept(name));
        constant.map(|(name, value)| (name.to_string(), of_value(value))).collect()
    }
}

/// The parameters of one combination.
struct Asked {
    at: Point,
    interpolant: Interpolant,
    tolerance: f64,
}

impl Asked {
    fn new(at: Point, tolerance: f64) -> Result<Asked, ExperimentError> {
        let word = at.word("interpolant");
        let interpolant = Interpolant::ALL.into_iter().find(|i| word == i.name()).unwrap_or_default();
        if interpolant.is_exploding() {
            return Err(ModelError::from(SettingError::ExactFlowOnly(interpolant)).into());
        }
        Ok(Asked { at, interpolant, tolerance })
    }

    fn denoiser(&self, d: f64) -> Result<MixtureFeatures, ExperimentError> {
        let denoiser = ExactDenoiser::new(self.at.number("p"), self.at.number("sigma"), d, self.interpolant);
        Ok(MixtureFeatures { denoiser: denoiser.map_err(ModelError::from)?, tolerance: self.tolerance })
    }

    /// The denoisers at some dimensions.
    fn along(&self, dimensions: &[f64]) -> Result<Vec<(f64, MixtureFeatures)>, ExperimentError> {
        if self.at.is_given("kappa") {
            return Err(ExperimentError::Given(
                "kappa has no part in the width of a window in τ; leave it out".into(),
            ));
        }
        dimensions.iter().map(|d| Ok((*d, self.denoiser(*d)?))).collect()
    }

    /// The denoiser, with √d and κ.
    fn scale(&self) -> Result<(MixtureFeatures, (f64, f64)), ExperimentError> {
        let theory = self.denoiser(self.at.number(DIMENSION))?;
        let (root_d, kappa) = (theory.denoiser.root_d(), self.at.number("kappa"));
        if kappa >= root_d && self.at.is_given("kappa") {
            return Err(ExperimentError::Given(format!(
                "d = {} is not possible with kappa = {kappa}: τ(1) = κ/√d must be below 1; raise d or lower kappa",
                self.at.number(DIMENSION)
            )));
        }
        Ok((theory, (root_d, kappa)))
    }

    fn features(&self, levels: Levels) -> Result<OfTheory, ExperimentError> {
        let (theory, (root_d, kappa)) = self.scale()?;
        let mut notes = Vec::new();
        if kappa >= root_d {
            notes.push(format!("t is empty: the first phase, τ ≤ κ/√d with κ = {kappa}, would be all of it"));
        }
        let features = theory.features(levels);
        let quadrature_error = theory.quadrature_error(&features[0].times);
        if features.len() == 1 {
            notes.push("there is no variance to learn at sigma = 0".into());
        }
        notes.push(format!("{} times; averages within {quadrature_error:.1e}", features[0].times.len()));
        Ok(OfTheory { features, scale: (root_d, kappa), quadrature_error, notes })
    }
}

impl Experiment for Schedules {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, _: &Running) -> Result<Option<Computed>, Failure> {
        let How { levels, spread, points, tolerance } = self.how;
        let (own, error) = match self.along_d {
            _ if !self.given.is_empty() => {
                (TrainingTimes::new(&self.given, levels, spread).quantiles(points, None), 0.0)
            }
            true => {
                let widths = self.widths(cell)?;
                (widths.table(), widths.quadrature_error())
            }
            false => {
                let theory = self.theory(cell)?;
                let times = TrainingTimes::new(&theory.features, levels, spread);
                (times.quantiles(points, Some(theory.scale)), theory.quadrature_error)
            }
        };
        let swept: Vec<Cell> = self.plan.swept_values(cell).iter().map(Cell::from).collect();
        let rows: Vec<Vec<Cell>> =
            own.rows.into_iter().map(|row| swept.iter().cloned().chain(row).collect()).collect();
        let failed = if error > tolerance { rows.len() } else { 0 };
        Ok(Some(Computed::new(rows, failed)))
    }

    fn within(&self) -> IndexMap<String, Json> {
        let given = self.given.iter().map(|feature| digest([format!("{feature:?}").as_bytes()]));
        let given: Vec<Json> = given.map(Json::from).collect();
        if given.is_empty() { IndexMap::new() } else { [("features".to_string(), json!(given))].into() }
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        match self.given.is_empty() {
            true => (exact_parameters().whose.into(), self.parameters()),
            false => ("curves".into(), IndexMap::new()),
        }
    }
}
