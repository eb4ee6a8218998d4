//! Samples that the learnt denoiser of K units leads through the first phase, from noise to t = 1, and where the flow of the mean Gram matrix
//! leads them: what `overlaps generate --units` does. All lies in the span of the data and the class means, so that a sample is n + 3 numbers at any d.

use std::ops::Range;

use indexmap::IndexMap;
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::data::CLASSES;
use super::flow::{Flow, Fractions};
use super::minimum::{Minimum, lowest, lowest_of_classes};
use super::{check_data, classes, drawn, parameters, setting};
use overlaps::chart::{ChartError, Curve, Figure, LineStyle, Panel, Points, in_words, mean, room};
use overlaps::compare::claim::{Beside, Test};
use overlaps::compare::statistics::Sample;
use overlaps::compare::{Claim, Estimate, Verdict};
use overlaps::experiment::{Computed, Experiment, ExperimentError, Failure};
use overlaps::model::{ModelError, Parameter, Parameters, Point, Running};
use overlaps::numeric::significant;
use overlaps::output::{Cell, Column, Role, Status, Table};
use overlaps::study::{Plan, Wanted};

/// Samples of the theory.
const OF_THEORY: u64 = 1 << 18;
/// What samples are counted by.
const NAMES: [&str; 2 * CLASSES] = ["fraction_1", "fraction_2", "fraction_3", "unit_1", "unit_2", "unit_3"];

type Matrix = DMatrix<f64>;

/// How a flow is sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct Flowing {
    /// Steps from t = 0 to 1, each with the denoiser of its middle.
    pub steps: usize,
    /// Samples of every data set.
    pub samples: u64,
    /// Data sets.
    pub seeds: Range<u64>,
    /// How often a right theory may be rejected.
    pub level: f64,
}

/// Samples of the flow of denoisers that are learnt on data sets of three classes, beside the flow of theory.
pub struct UnitsFlow {
    known: Vec<Parameter>,
    plan: Plan,
    columns: Vec<Column>,
    flowing: Flowing,
}

/// What came out at t = 1.
pub struct Compared {
    /// A row for each fraction.
    pub table: Table,
    /// That they are those of the theory.
    pub claim: Option<Claim>,
}

impl UnitsFlow {
    /// Those of parameters of `denoiser-units`.
    ///
    /// # Errors
    /// Names and values that are none.
    pub fn new(wanted: &Wanted, flowing: Flowing) -> Result<UnitsFlow, ExperimentError> {
        let known: Vec<Parameter> =
            parameters().into_iter().filter(|parameter| !parameter.name.starts_with("p_test")).collect();
        let of = Parameters { whose: "generate --units", all: &known };
        let plan = Plan::sort(wanted, "t", &[of])?;
        if plan.controls.is_some() {
            return Err(ExperimentError::Given("t runs from 0 to 1 in --steps; leave out its values".into()));
        }
        let mut columns = vec![Column::new("t", "time, τ = κt/√d", Role::Control)];
        columns.extend(known.iter().map(|p| Column::new(&p.name, &p.meaning, Role::Parameter)));
        columns.push(Column::new(
            "steps",
            "Euler steps, each with the denoiser of its middle",
            Role::Parameter,
        ));
        columns.push(Column::new("seed", "data set; empty for theory", Role::Parameter));
        columns.push(Column::new("source", "samples, or theory", Role::Label));
        let meanings = [
            "fraction of samples that are nearest to the mean of a class",
            "fraction of samples with the largest overlap with w_k of a unit",
        ];
        let meaning = |place: usize| meanings[place / CLASSES];
        columns
            .extend(NAMES.iter().enumerate().map(|(i, name)| Column::new(*name, meaning(i), Role::Output)));
        columns.push(Column::new("fraction_error", "largest standard error of sampling", Role::Certificate));
        columns.push(Column::new("status", Status::MEANING, Role::Certificate));
        let flow = UnitsFlow { known, plan, columns, flowing };
        for cell in 0..flow.cells() {
            // At the end of the phase all units are to be in use.
            check_data(&flow.point(cell)?, &[1.0]).map_err(ExperimentError::Model)?;
        }
        Ok(flow)
    }

    fn point(&self, cell: usize) -> Result<Point, ExperimentError> {
        let values = self.plan.parameters(cell);
        let of = Parameters { whose: "generate --units", all: &self.known };
        let point = of.at(values.iter().map(|(name, value)| (name.as_str(), value.clone())));
        Ok(point.map_err(overlaps::study::PlanError::from)?)
    }

    /// The times at the middles of the steps.
    fn middles(&self) -> Vec<f64> {
        (0..self.flowing.steps).map(|i| (i as f64 + 0.5) / self.flowing.steps as f64).collect()
    }

    /// The minima of all steps; none where an interruption was asked for.
    fn minima(
        &self,
        running: &Running,
        of: impl Fn(f64) -> Option<Minimum> + Sync,
    ) -> Result<Option<Vec<Minimum>>, ModelError> {
        let of = |t: f64| -> Option<Result<Minimum, ModelError>> {
            if (running.interrupted)() {
                return None;
            }
            Some(of(t).ok_or_else(|| "the Gram matrix of the data is singular to rounding".into()))
        };
        let all: Option<Vec<_>> = self.middles().into_par_iter().map(of).collect();
        all.map(|all| all.into_iter().collect()).transpose()
    }

    /// The flow of a data set, or without one that of theory.
    fn flow(&self, at: &Point, seed: Option<u64>, running: &Running) -> Result<Option<Flow>, ModelError> {
        let units = at.number("K") as usize;
        let Some(seed) = seed else {
            let of = classes(at);
            let minima = self.minima(running, |t| lowest_of_classes(setting(at, t), &of, units))?;
            let roots = DVector::from_iterator(CLASSES, of.counts.iter().map(|n| (*n as f64).sqrt()));
            let of_means = &of.means * Matrix::from_diagonal(&roots);
            return Ok(minima.map(|minima| Flow::new(at, &of_means, &minima)));
        };
        let data = drawn(at, seed)?;
        let minima = self.minima(running, |t| lowest(setting(at, t), &data, units, seed))?;
        Ok(minima.map(|minima| Flow::new(at, &data.of_means, &minima)))
    }

    /// The rows of a data set, or of theory.
    fn rows(
        &self,
        at: &Point,
        seed: Option<u64>,
        running: &Running,
    ) -> Result<Option<Vec<Vec<Cell>>>, Failure> {
        let samples = seed.map_or(OF_THEORY, |_| self.flowing.samples);
        let Some(flow) = self.flow(at, seed, running)? else { return Ok(None) };
        let key = (seed.unwrap_or(0), at.number("d"));
        let Some(fractions) = flow.fractions(samples, key, running) else { return Ok(None) };
        let status = if flow.converged { Status::Converged } else { Status::NotConverged };
        let known = Parameters { whose: "generate --units", all: &self.known };
        let row = |(i, fractions): (usize, Fractions)| {
            let mut row = vec![Cell::Number((i + 1) as f64 / self.flowing.steps as f64)];
            row.extend(at.values().map(|(name, value)| Cell::of(value, known.counts(name))));
            row.extend([Cell::from(self.flowing.steps), Cell::from(seed)]);
            row.push(if seed.is_some() { "samples" } else { "theory" }.into());
            let used = |place: usize| place < CLASSES + at.number("K") as usize && flow.converged;
            let cell = |(place, x): (usize, f64)| if used(place) { Cell::Number(x) } else { Cell::Missing };
            row.extend(fractions.into_iter().enumerate().map(cell));
            let error = fractions.iter().map(|p| (p * (1.0 - p) / samples as f64).sqrt()).fold(0.0, f64::max);
            row.extend([Cell::Number(error), status.into()]);
            row
        };
        (running.progress)();
        Ok(Some(fractions.into_iter().enumerate().map(row).collect()))
    }

    /// Of how many flows a denoiser did not converge, of how many.
    pub fn failed(&self, table: &Table) -> (usize, usize) {
        let status = table.column("status").unwrap_or_default();
        let of_flow = table.rows.iter().step_by(self.flowing.steps);
        let failed = of_flow.clone().filter(|row| row[status].is(Status::NotConverged)).count();
        (failed, of_flow.count())
    }

    /// Judges what came out at t = 1, for each combination of parameters.
    ///
    /// # Errors
    /// Rows that are not those of this flow.
    pub fn compared(&self, table: &Table) -> Result<Compared, ExperimentError> {
        let swept: Vec<&str> = self.plan.swept.iter().map(|swept| swept.name.as_str()).collect();
        let mut columns: Vec<Column> =
            swept.iter().map(|name| Column::new(*name, "swept parameter", Role::Parameter)).collect();
        let own = [
            ("quantity", "which fraction", Role::Label),
            ("measured", "mean over data sets", Role::Output),
            ("error", "its standard error", Role::Output),
            ("predicted", "that of the theory at this d", Role::Output),
            ("predicted_error", "its standard error", Role::Output),
            ("z", "difference over standard error", Role::Output),
            ("p_holm", "probability, with Holm's correction", Role::Output),
            ("status", "consistent, rejected, or untested", Role::Label),
        ];
        columns.extend(own.map(|(name, meaning, role)| Column::new(name, meaning, role)));
        let (mut places, mut rows) = (Vec::new(), Vec::new());
        let per_cell = self.flowing.steps * (self.flowing.seeds.clone().count() + 1);
        for (cell, of_cell) in table.rows.chunks(per_cell).enumerate() {
            let ends: Vec<&Vec<Cell>> =
                of_cell.iter().skip(self.flowing.steps - 1).step_by(self.flowing.steps).collect();
            let (theory, samples) =
                ends.split_last().ok_or_else(|| ExperimentError::Given("there are no rows".into()))?;
            for name in NAMES {
                let place = table.place(name).map_err(|e| ExperimentError::Given(e.to_string()))?;
                let Some(predicted) = theory[place].number() else { continue };
                let values: Vec<f64> = samples.iter().filter_map(|row| row[place].number()).collect();
                let value = values.iter().sum::<f64>() / values.len() as f64;
                let unknown = Estimate { value, error: f64::INFINITY, freedom: 1.0 };
                let measured = Sample { d: 0.0, values }.estimate().unwrap_or(unknown);
                let own = (predicted * (1.0 - predicted) / OF_THEORY as f64).sqrt();
                let both = Estimate { error: measured.error.hypot(own), ..measured };
                places.push(Beside {
                    measured,
                    decided: measured.error.is_finite(),
                    ..Beside::new(both, predicted)
                });
                let mut row: Vec<Cell> = self
                    .plan
                    .parameters(cell)
                    .into_iter()
                    .filter(|(name, _)| swept.contains(&name.as_str()))
                    .map(|(_, value)| Cell::from(&value))
                    .collect();
                row.push(name.into());
                row.extend([measured.value, measured.error, predicted, own].map(Cell::Number));
                rows.push(row);
            }
        }
        let claim = Claim::new("", "", Test::Chance(self.flowing.level), places);
        let mut compared = Table::new(columns);
        for (mut row, place) in rows.into_iter().zip(claim.iter().flat_map(|claim| &claim.places)) {
            row.extend([place.z, place.corrected].map(Cell::Number));
            row.push(match (place.decided, place.corrected < self.flowing.level) {
                (false, _) => "untested".into(),
                (true, true) => "rejected".into(),
                (true, false) => "consistent".into(),
            });
            compared.push(row).map_err(|e| ExperimentError::Given(e.to_string()))?;
        }
        Ok(Compared { table: compared, claim })
    }

    /// Fractions against time, by class and by unit: theory as lines, means over data sets as points.
    ///
    /// # Errors
    /// More than one combination of parameters.
    pub fn figure(&self, table: &Table) -> Result<Figure, ChartError> {
        room(self.cells(), 1, "combinations of parameters")?;
        let point = self.point(0).map_err(|e| ChartError::Given(e.to_string()))?;
        let column = |name: &str| {
            table.numbers(name).ok_or_else(|| ChartError::Given(format!("there is no column `{name}`")))
        };
        let (t, seed) = (column("t")?, column("seed")?);
        let panel = |(title, names): (&str, &[&str])| -> Result<Panel, ChartError> {
            let mut panel = Panel::new(title);
            for (place, name) in names.iter().enumerate() {
                let values = column(name)?;
                let all = || (0..t.len()).filter_map(|i| Some((t[i]?, values[i]?, seed[i])));
                let theory: Vec<(f64, f64)> =
                    all().filter(|row| row.2.is_none()).map(|row| (row.0, row.1)).collect();
                let of_time = |t: f64| {
                    mean(t, all().filter(|row| row.2.is_some() && row.0 == t).map(|row| row.1).collect())
                };
                let points: Vec<_> = theory.iter().filter_map(|(t, _)| of_time(*t)).collect();
                if !theory.is_empty() {
                    panel.curves.push(Curve::new("theory", LineStyle::Solid, place, theory));
                    panel.points.push(Points::new((place + 1).to_string(), place, points));
                }
            }
            Ok(panel)
        };
        let (by_class, by_unit) = NAMES.split_at(CLASSES);
        let panels = [("nearest to the mean of class", by_class), ("largest overlap with unit", by_unit)];
        let values = point.values().map(|(name, value)| (name, Cell::from(value)));
        let shown = |name: &str| !name.starts_with("G_") && !["C", "data", "interpolant"].contains(&name);
        Ok(Figure {
            title: format!("Samples of a learnt denoiser of {} units", point.number("K")),
            subtitle: in_words(values.filter(|(name, _)| shown(name))),
            x_label: "t".into(),
            panels: panels.into_iter().map(panel).collect::<Result<_, _>>()?,
            ..Figure::default()
        })
    }
}

impl Compared {
    /// Whether samples and theory agree.
    pub fn verdict(&self) -> Verdict {
        self.claim.as_ref().map_or(Verdict::Undecided, |claim| claim.verdict)
    }

    /// The verdict in words.
    pub fn words(&self) -> String {
        let Some(claim) = self.claim.as_ref().filter(|claim| claim.places.iter().all(|place| place.decided))
        else {
            return "undecided: means and their scatter take two data sets or more\n".into();
        };
        let agree = if claim.verdict == Verdict::Agrees { "agree" } else { "disagree" };
        format!(
            "the theory at this d and the samples {agree}: {} of {} comparisons rejected, smallest chance {} (with Holm's correction)\n",
            claim.rejected,
            claim.places.len(),
            significant(claim.chance, 2)
        )
    }

    /// What the side file says.
    pub fn json(&self) -> Json {
        let chance = self.claim.as_ref().map(|claim| claim.chance);
        json!({ "verdict": self.verdict().name(), "chance": chance })
    }
}

impl Experiment for UnitsFlow {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let at = self.point(cell)?;
        let mut rows = Vec::new();
        for seed in self.flowing.seeds.clone().map(Some).chain([None]) {
            let Some(own) = self.rows(&at, seed, running)? else { return Ok(None) };
            rows.extend(own);
        }
        Ok(Some(Computed::new(rows, 0)))
    }

    fn units(&self) -> u64 {
        self.flowing.seeds.clone().count() as u64 + 1
    }

    fn within(&self) -> IndexMap<String, Json> {
        let Flowing { steps, samples, seeds, .. } = &self.flowing;
        let own = [
            ("units", json!(true)),
            ("steps", json!(steps)),
            ("samples", json!(samples)),
            ("first_seed", json!(seeds.start)),
            ("seeds", json!(seeds.clone().count())),
        ];
        own.map(|(name, value)| (name.to_string(), value)).into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        let value = |parameter: &Parameter| {
            let given = overlaps::value::given(&self.plan.fixed, &parameter.name).cloned();
            let swept = self.plan.swept.iter().any(|swept| swept.name == parameter.name);
            let value = given.or_else(|| parameter.default()).filter(|_| !swept)?;
            Some((parameter.name.clone(), overlaps::output::json::of_value(&value)))
        };
        let mut all: IndexMap<String, Json> = self.known.iter().filter_map(value).collect();
        all.extend(self.within());
        ("denoiser-units".into(), all)
    }
}
