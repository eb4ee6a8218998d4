//! How many Euler steps it takes until samples end at the modes of a mixture in the proportions of the data, for schedules of steps: what
//! `overlaps steps --modes` asks.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::along::{Along, interpolant, interpolant_of, reach, sigma};
use super::euler::{Flow, Schedule, times};
use super::experiment::{schedule, schedule_of};
use overlaps::chart::{Axis, Chart, ChartError, Marks};
use overlaps::experiment::{Computed, Experiment, ExperimentError, Failure};
use overlaps::model::{Point, Running};
use overlaps::output::{Cell, Column, Role};
use overlaps::study::{Plan, Sweep, Wanted};
use overlaps::value::Value;

/// What is asked, and how the fractions are sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Numbers of steps at which the error is listed.
    pub steps: Vec<usize>,
    /// The error that is accepted in every fraction.
    pub error: f64,
    /// The most steps that are tried.
    pub most: usize,
    /// Samples; the same noise for every number of steps.
    pub samples: u64,
    /// Key of the random numbers.
    pub seed: u64,
}

/// Errors of the fractions after some numbers of steps, and the steps that an error takes, at each dimension.
pub struct Needed {
    along: Along,
    asked: Asked,
}

/// The largest difference of a fraction from its weight, and its standard error.
type Off = (f64, f64);

impl Needed {
    /// For a file of modes; all schedules unless one is given.
    ///
    /// # Errors
    /// What is wrong with the file, names and values that are none, windows that overlap at a dimension.
    pub fn new(file: &Path, wanted: &Wanted, asked: Asked) -> Result<Needed, ExperimentError> {
        use Role::Output;
        let mut wanted = wanted.clone();
        if !wanted.gives("schedule") {
            let values = Schedule::NAMES.map(|name| Value::Word(name.into())).to_vec();
            let text = format!("schedule={}", Schedule::NAMES.join(","));
            wanted.sweep.push(Sweep { name: "schedule".into(), text, values });
        }
        let known = vec![sigma(), reach(), interpolant(), schedule()];
        let outputs = [
            ("steps", "Euler steps", Role::Parameter),
            (
                "high_error",
                "largest difference of a fraction from the weight of its mode after so many",
                Output,
            ),
            ("high_error_error", "its standard error", Output),
            (
                "needed",
                "fewest steps with which every fraction is near enough; empty where they are too many",
                Output,
            ),
            ("needed_error", "the largest difference then", Output),
        ];
        let needed = Needed { along: Along::dimension(file, &wanted, known, &outputs)?, asked };
        for cell in 0..needed.cells() {
            let point = needed.along.point(cell)?;
            for d in needed.along.controls() {
                for steps in needed.asked.steps.iter().chain([&needed.asked.most]) {
                    needed.times(&point, *d, *steps).map_err(ExperimentError::Given)?;
                }
            }
        }
        Ok(needed)
    }

    fn times(&self, point: &Point, d: f64, steps: usize) -> Result<Vec<f64>, String> {
        times(&self.along.means, d, point.number("reach"), schedule_of(point), steps)
    }

    /// How far the fractions are off after some steps; none where an interruption was asked for.
    fn off(&self, point: &Point, d: f64, steps: usize, running: &Running) -> Result<Option<Off>, String> {
        let means = &self.along.means;
        let (sigma, interpolant) = (point.number("sigma"), interpolant_of(point));
        let flow = Flow { means, d, sigma, interpolant, times: self.times(point, d, steps)? };
        let Some(ends) = flow.ends(self.asked.samples, self.asked.seed, running.interrupted)? else {
            return Ok(None);
        };
        let samples = self.asked.samples as f64;
        let of_mode = |(count, weight): (&u64, &f64)| {
            let fraction = *count as f64 / samples;
            ((fraction - weight).abs(), (fraction * (1.0 - fraction) / samples).sqrt())
        };
        Ok(ends.iter().zip(&means.weights).map(of_mode).max_by(|a, b| a.0.total_cmp(&b.0)))
    }

    /// The fewest steps with which every fraction is near enough, by doubling and halving, if it is not more than the most.
    fn fewest(
        &self,
        point: &Point,
        d: f64,
        running: &Running,
    ) -> Result<Option<Option<(usize, Off)>>, String> {
        let least = (1..self.asked.most).find(|steps| self.times(point, d, *steps).is_ok());
        let (mut few, mut steps) = (0, least.unwrap_or(self.asked.most));
        let mut found = loop {
            let Some(off) = self.off(point, d, steps, running)? else { return Ok(None) };
            if off.0 <= self.asked.error {
                break (steps, off);
            }
            if steps == self.asked.most {
                return Ok(Some(None));
            }
            (few, steps) = (steps, (2 * steps).min(self.asked.most));
        };
        while few > 0 && found.0 - few > 1 {
            let middle = few + (found.0 - few) / 2;
            let Some(off) = self.off(point, d, middle, running)? else { return Ok(None) };
            if off.0 <= self.asked.error { found = (middle, off) } else { few = middle }
        }
        Ok(Some(Some(found)))
    }
}

impl Experiment for Needed {
    fn columns(&self) -> &[Column] {
        &self.along.columns
    }

    fn plan(&self) -> &Plan {
        &self.along.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let point = self.along.point(cell)?;
        let mut rows = Vec::new();
        for &d in self.along.controls() {
            let Some(fewest) = self.fewest(&point, d, running)? else { return Ok(None) };
            let needed = match fewest {
                Some((needed, (off, _))) => [Cell::Integer(needed as u64), Cell::Number(off)],
                None => [Cell::Missing, Cell::Missing],
            };
            for steps in &self.asked.steps {
                let Some((off, error)) = self.off(&point, d, *steps, running)? else { return Ok(None) };
                let mut row = self.along.beginning(d, &point);
                row.extend([Cell::Integer(*steps as u64), Cell::Number(off), Cell::Number(error)]);
                row.extend(needed.clone());
                rows.push(row);
            }
        }
        Ok(Some(Computed::new(rows, 0)))
    }

    fn chart(&self) -> Result<Option<Chart>, ChartError> {
        let mut chart =
            Chart::new("Steps for the fractions of the modes", Axis::new("d", true), Marks::Lines);
        (chart.y, chart.series) = (vec!["needed".into(), "high_error".into()], vec!["schedule".into()]);
        let swept = self.along.plan.swept.iter().map(|swept| swept.name.clone());
        chart.facet = swept.filter(|name| name != "schedule").collect();
        if self.asked.steps.len() > 1 {
            chart.facet.push("steps".into());
        }
        Ok(Some(chart))
    }

    fn within(&self) -> IndexMap<String, Json> {
        let Asked { steps, error, most, samples, seed } = &self.asked;
        let own = [
            ("steps", json!(steps)),
            ("error", json!(error)),
            ("most_steps", json!(most)),
            ("samples", json!(samples)),
            ("seed", json!(seed)),
        ];
        let own = own.map(|(name, value)| (name.to_string(), value));
        [self.along.identity()].into_iter().chain(own).collect()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        self.along.described(self.within())
    }
}
