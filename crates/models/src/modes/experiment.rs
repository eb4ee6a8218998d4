//! What `overlaps modes` runs: the windows of a mixture, and the fractions of samples that Euler steps lead to its modes.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::along::{Along, interpolant, interpolant_of, reach, sigma};
use super::euler::{Flow, Schedule, knots, times};
use overlaps::chart::{Axis, Chart, ChartError, Marks};
use overlaps::experiment::{Computed, Experiment, ExperimentError, Failure};
use overlaps::model::{Parameter, Point, Running, words};
use overlaps::output::{Cell, Column, Role};
use overlaps::study::{Plan, Wanted};

/// The windows in which the modes of a mixture part, at each dimension.
pub struct Scales(Along);

impl Scales {
    /// Those of a file of modes.
    ///
    /// # Errors
    /// What is wrong with the file, names and values that are none.
    pub fn new(file: &Path, wanted: &Wanted) -> Result<Scales, ExperimentError> {
        use Role::{Certificate, Label, Output};
        let outputs = [
            ("parts", "groups of modes that part in the window", Label),
            ("window", "which window it is, the largest scale first", Certificate),
            ("exponent", "a: groups that part here are of order d^a from each other", Output),
            ("half_distance", "δ, the smallest half-distance of such groups, over d^a", Output),
            ("speciation", "time at which the first group parts, λ_max(B)^(−1/2)/√d", Output),
            ("tau", "knot of the schedule, the end of the window: τ = reach/(δ d^a)", Output),
            ("drop", "by how much the error of the exact denoiser, over d, falls in the window", Output),
            ("coefficient", "the drop over δ² d^(2a − 1)", Output),
            (
                "smooth",
                "by how much it changes over the window where no modes part, σ⁴ d^(−2a): a drop stands out where a > 1/4",
                Output,
            ),
        ];
        Ok(Scales(Along::dimension(file, wanted, vec![sigma(), reach()], &outputs)?))
    }
}

/// `1 2 | 3 4`: groups of modes, counted from 1; `;` stands between those that part from different others.
pub(super) fn parts(before: &[Vec<usize>], after: &[Vec<usize>]) -> String {
    let group = |modes: &Vec<usize>| modes.iter().map(|k| (k + 1).to_string()).collect::<Vec<_>>().join(" ");
    let of = |whole: &Vec<usize>| {
        let own: Vec<String> = after.iter().filter(|part| whole.contains(&part[0])).map(group).collect();
        (own.len() > 1).then(|| own.join(" | "))
    };
    before.iter().filter_map(of).collect::<Vec<_>>().join("; ")
}

impl Experiment for Scales {
    fn columns(&self) -> &[Column] {
        &self.0.columns
    }

    fn plan(&self) -> &Plan {
        &self.0.plan
    }

    fn compute(&self, cell: usize, _: &Running) -> Result<Option<Computed>, Failure> {
        let point = self.0.point(cell)?;
        let mut rows = Vec::new();
        for &d in self.0.controls() {
            let knots = knots(&self.0.means, d, point.number("reach"));
            for ((window, knot), place) in self.0.means.windows(d).iter().zip(knots).zip(1u64..) {
                let mut row = self.0.beginning(d, &point);
                row.push(Cell::from(parts(&window.before, &window.after).as_str()));
                row.push(Cell::Integer(place));
                let scale = window.half_distance.powi(2) * d.powf(2.0 * window.exponent - 1.0);
                let smooth = point.number("sigma").powi(4) * d.powf(-2.0 * window.exponent);
                let numbers = [window.exponent, window.half_distance, window.speciation, knot];
                row.extend(numbers.map(Cell::Number));
                row.extend([window.drop, window.drop / scale, smooth].map(Cell::Number));
                rows.push(row);
            }
        }
        Ok(Some(Computed::new(rows, 0)))
    }

    fn chart(&self) -> Result<Option<Chart>, ChartError> {
        let mut chart = Chart::new("Windows of a mixture", Axis::new("d", true), Marks::Lines);
        (chart.y, chart.series) = (vec!["tau".into(), "drop".into()], vec!["window".into()]);
        chart.series.extend(self.0.plan.swept.iter().map(|swept| swept.name.clone()));
        Ok(Some(chart))
    }

    fn within(&self) -> IndexMap<String, Json> {
        [self.0.identity()].into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        ("modes".into(), self.0.parameters())
    }
}

/// How the times of steps are chosen.
pub(super) fn schedule() -> Parameter {
    let meaning = "a phase for each scale, two phases (eq. 11), or steps of equal length";
    words("schedule", &Schedule::NAMES, meaning)
}

/// That of a point.
pub(super) fn schedule_of(point: &Point) -> Schedule {
    let named = Schedule::ALL.into_iter().find(|schedule| schedule.name() == point.word("schedule"));
    named.unwrap_or(Schedule::Phases)
}

/// How a flow is sampled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    /// Numbers of steps.
    pub steps: Vec<usize>,
    /// Samples.
    pub samples: u64,
    /// Key of the random numbers.
    pub seed: u64,
}

/// The fractions of samples that Euler steps lead to each mode, at each dimension.
pub struct Fractions {
    along: Along,
    sampled: Sampled,
}

impl Fractions {
    /// Those of a file of modes.
    ///
    /// # Errors
    /// What is wrong with the file, names and values that are none, windows that overlap at a dimension.
    pub fn new(file: &Path, wanted: &Wanted, sampled: Sampled) -> Result<Fractions, ExperimentError> {
        use Role::{Label, Output};
        let known = vec![sigma(), reach(), interpolant(), schedule()];
        let outputs = [
            ("steps", "Euler steps", Role::Parameter),
            ("mode", "which mode", Label),
            ("weight", "its weight in the data", Output),
            ("fraction", "fraction of samples that end nearest to it", Output),
            ("fraction_error", "its standard error", Output),
        ];
        let fractions = Fractions { along: Along::dimension(file, wanted, known, &outputs)?, sampled };
        for cell in 0..fractions.cells() {
            let point = fractions.along.point(cell)?;
            for (d, steps) in fractions.flows() {
                fractions.times(&point, d, steps).map_err(ExperimentError::Given)?;
            }
        }
        Ok(fractions)
    }

    fn flows(&self) -> impl Iterator<Item = (f64, usize)> {
        self.along.controls().iter().flat_map(|d| self.sampled.steps.iter().map(move |n| (*d, *n)))
    }

    fn times(&self, point: &Point, d: f64, steps: usize) -> Result<Vec<f64>, String> {
        times(&self.along.means, d, point.number("reach"), schedule_of(point), steps)
    }
}

impl Experiment for Fractions {
    fn columns(&self) -> &[Column] {
        &self.along.columns
    }

    fn plan(&self) -> &Plan {
        &self.along.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let (point, means, samples) = (self.along.point(cell)?, &self.along.means, self.sampled.samples);
        let interpolant = interpolant_of(&point);
        let mut rows = Vec::new();
        for (d, steps) in self.flows() {
            let times = self.times(&point, d, steps)?;
            let flow = Flow { means, d, sigma: point.number("sigma"), interpolant, times };
            let Some(ends) = flow.ends(samples, self.sampled.seed, running.interrupted)? else {
                return Ok(None);
            };
            for (k, count) in ends.iter().enumerate() {
                let fraction = *count as f64 / samples as f64;
                let error = (fraction * (1.0 - fraction) / samples as f64).sqrt();
                let mut row = self.along.beginning(d, &point);
                row.extend([Cell::Integer(steps as u64), Cell::Integer(k as u64 + 1)]);
                row.extend([means.weights[k], fraction, error].map(Cell::Number));
                rows.push(row);
            }
        }
        Ok(Some(Computed::new(rows, 0)))
    }

    fn chart(&self) -> Result<Option<Chart>, ChartError> {
        let title = "Fractions of the modes by Euler steps";
        let mut chart = Chart::new(title, Axis::new("d", true), Marks::Lines);
        (chart.y, chart.series) = (vec!["fraction".into()], vec!["mode".into()]);
        chart.facet = self.along.plan.swept.iter().map(|swept| swept.name.clone()).collect();
        if self.sampled.steps.len() > 1 {
            chart.facet.push("steps".into());
        }
        Ok(Some(chart))
    }

    fn within(&self) -> IndexMap<String, Json> {
        let Sampled { steps, samples, seed } = &self.sampled;
        let of = |name: &str, value: Json| (name.to_string(), value);
        let own = [of("steps", json!(steps)), of("samples", json!(samples)), of("seed", json!(seed))];
        [self.along.identity()].into_iter().chain(own).collect()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        let mut parameters = self.along.parameters();
        parameters.insert("samples".into(), json!(self.sampled.samples));
        parameters.insert("seed".into(), json!(self.sampled.seed));
        ("modes".into(), parameters)
    }
}
