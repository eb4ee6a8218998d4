//! Samples of the exact flow of a mixture of many modes along their way, beside the law of the interpolant: what `overlaps generate --modes` does.
//!
//! Where x = αξ + τx₁ a sample of mode j has the projections y = μ·x/√d ~ N(√d τ G_·j, S G), S = α² + σ²τ², and the flow keeps that law at every time. Euler's
//! steps do not quite, by a part of order 1/N.

use std::path::Path;

use indexmap::IndexMap;
use nalgebra::{DMatrix, DVector};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::along::{Along, interpolant, interpolant_of, reach, sigma};
use super::euler::{Flow, knots, times};
use super::experiment::{Sampled, schedule, schedule_of};
use crate::stream::{Purpose, stream};
use overlaps::chart::{ChartError, Curve, Figure, LineStyle, Panel, Points, in_words, room};
use overlaps::compare::claim::{Beside, Test};
use overlaps::compare::{Claim, Estimate, Verdict};
use overlaps::experiment::{Computed, Experiment, ExperimentError, Failure};
use overlaps::model::{Point, Running};
use overlaps::numeric::significant;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::study::{Plan, Wanted};

/// Draws of each mode from the law of the interpolant.
const DRAWS: u64 = 1 << 17;
/// At most so many points of a mode in a figure; curves have every time.
const MOST_POINTS: usize = 31;
/// Draws of one key.
const CHUNK: u64 = 1024;

/// Samples of a mixture of modes on their way.
pub struct ModeSamples {
    along: Along,
    sampled: Sampled,
    level: f64,
}

/// Whether samples at the ends of the phases are those of the law.
pub struct SamplesJudged {
    claim: Option<Claim>,
}

impl ModeSamples {
    /// Those of a file of modes, with one number of steps.
    ///
    /// # Errors
    /// What is wrong with the file, names and values that are none, windows that overlap, times.
    pub fn new(
        file: &Path,
        wanted: &Wanted,
        sampled: Sampled,
        level: f64,
    ) -> Result<ModeSamples, ExperimentError> {
        use Role::{Certificate, Label, Output};
        let outputs = [
            ("tau", "time of the interpolant", Role::Parameter),
            ("mode", "which mode", Label),
            ("weight", "its weight in the data", Output),
            ("predicted", "fraction nearest to it in the law of the interpolant", Output),
            ("predicted_error", "its standard error", Certificate),
            ("fraction", "fraction of the samples that are nearest to it", Output),
            ("fraction_error", "its standard error", Certificate),
            ("end", "1 at the end of a phase, where the fractions are judged", Certificate),
        ];
        let along = Along::time(file, wanted, vec![sigma(), reach(), interpolant(), schedule()], &outputs)?;
        if along.plan.controls.is_some() {
            return Err(ExperimentError::Given(
                "t runs from 0 to the end in --steps; leave out its values".into(),
            ));
        }
        let samples = ModeSamples { along, sampled, level };
        for cell in 0..samples.cells() {
            samples.taus(&samples.along.point(cell)?).map_err(ExperimentError::Given)?;
        }
        Ok(samples)
    }

    fn steps(&self) -> usize {
        self.sampled.steps.first().copied().unwrap_or(1)
    }

    fn taus(&self, point: &Point) -> Result<Vec<f64>, String> {
        times(&self.along.means, point.number("d"), point.number("reach"), schedule_of(point), self.steps())
    }

    /// The fractions that are nearest to each mode in the law of the interpolant, with their errors.
    fn law(&self, flow: &Flow, tau: f64) -> Vec<(f64, f64)> {
        let (means, d) = (&self.along.means, flow.d);
        let (modes, products) = (means.count(), means.products(d));
        let root = means.root(d);
        let (alpha, scale) = (flow.interpolant.alpha(tau), d.sqrt() * tau);
        let width = (alpha * alpha + (flow.sigma * tau).powi(2)).sqrt();
        // The same noise at all times, so that their fractions make a smooth curve.
        let of_chunk = |chunk: u64| {
            let mut counts = DMatrix::<u64>::zeros(modes, modes);
            let mut random = stream(0, d as u64, Purpose::Turn, chunk);
            for _ in 0..CHUNK {
                let noise = (0..modes).map(|_| StandardNormal.sample(&mut random));
                let noise = &root * DVector::<f64>::from_iterator(modes, noise) * width;
                for j in 0..modes {
                    let near = |k: usize| noise[k] + scale * (products[(k, j)] - 0.5 * products[(k, k)]);
                    let nearest = (0..modes).max_by(|a, b| near(*a).total_cmp(&near(*b))).unwrap_or(j);
                    counts[(j, nearest)] += 1;
                }
            }
            counts
        };
        let counts = (0..DRAWS / CHUNK)
            .into_par_iter()
            .map(of_chunk)
            .reduce(|| DMatrix::zeros(modes, modes), |a, b| a + b);
        let of_mode = |k: usize| {
            let parts =
                means.weights.iter().enumerate().map(|(j, p)| (p, counts[(j, k)] as f64 / DRAWS as f64));
            // The draws of all modes have the same noise; the sum of their errors is never too small.
            let (value, error) = parts.fold((0.0, 0.0), |(value, error), (p, own)| {
                (value + p * own, error + p * (own * (1.0 - own) / DRAWS as f64).sqrt())
            });
            (value, error)
        };
        (0..modes).map(of_mode).collect()
    }

    /// Judges the fractions at the ends of the phases.
    ///
    /// # Errors
    /// Rows that are not those of these samples.
    pub fn judged(&self, table: &Table) -> Result<SamplesJudged, ExperimentError> {
        let column = |name: &str| {
            table.numbers(name).ok_or_else(|| ExperimentError::Given(format!("there is no column `{name}`")))
        };
        let (end, predicted, error) = (column("end")?, column("predicted")?, column("predicted_error")?);
        let fraction = column("fraction")?;
        let place = |i: usize| {
            let (predicted, fraction) = (predicted[i]?, fraction[i]?);
            let own = (predicted * (1.0 - predicted) / self.sampled.samples as f64).sqrt();
            let error = own.hypot(error[i]?).max(1e-12);
            Some(Beside::new(Estimate { value: fraction, error, freedom: f64::INFINITY }, predicted))
        };
        let places = (0..table.rows.len()).filter(|i| end[*i] == Some(1.0)).filter_map(place).collect();
        Ok(SamplesJudged { claim: Claim::new("", "", Test::Chance(self.level), places) })
    }

    /// The fractions of each mode against time: the law as lines, samples as points.
    ///
    /// # Errors
    /// More than one combination of parameters.
    pub fn figure(&self, table: &Table) -> Result<Figure, ChartError> {
        room(self.cells(), 1, "combinations of parameters")?;
        let column = |name: &str| {
            let numbers = table
                .numbers(name)
                .ok_or_else(|| ChartError::Given(format!("there is no column `{name}`")))?;
            Ok::<Vec<f64>, ChartError>(numbers.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect())
        };
        let (t, predicted, fraction) = (column("t")?, column("predicted")?, column("fraction")?);
        let error = column("fraction_error")?;
        let modes = self.along.means.count();
        let every = self.steps().div_ceil(MOST_POINTS);
        let mut panel = Panel::new("fraction nearest to a mode");
        for k in 0..modes {
            let own = || (k..t.len()).step_by(modes);
            panel.curves.push(Curve::new(
                "law of the interpolant",
                LineStyle::Solid,
                k,
                own().map(|i| (t[i], predicted[i])).collect(),
            ));
            let shown = own().skip(every - 1).step_by(every).map(|i| (t[i], fraction[i], error[i]));
            panel.points.push(Points::new(format!("mode {}", k + 1), k, shown));
        }
        let point = self.along.point(0).map_err(|e| ChartError::Given(e.to_string()))?;
        let values = point.values().map(|(name, value)| (name, Cell::from(value)));
        Ok(Figure {
            title: format!("Samples of a mixture of modes, {} steps", self.steps()),
            subtitle: in_words(values.filter(|(name, _)| *name != "interpolant")),
            x_label: "t".into(),
            panels: vec![panel],
            ..Figure::default()
        })
    }
}

impl SamplesJudged {
    /// Whether samples and law agree.
    pub fn verdict(&self) -> Verdict {
        self.claim.as_ref().map_or(Verdict::Undecided, |claim| claim.verdict)
    }

    /// The verdict in words.
    pub fn words(&self) -> String {
        let Some(claim) = &self.claim else { return String::new() };
        let agree = if claim.verdict == Verdict::Agrees { "agree" } else { "disagree" };
        let mut text = format!(
            "the law of the interpolant and the samples {agree} at the ends of the phases: {} of {} comparisons rejected, largest |z| {}\n",
            claim.rejected,
            claim.places.len(),
            significant(claim.at_worst().z.abs(), 3)
        );
        if claim.rejected > 0 {
            text += "Euler's steps have a bias of their own, which falls as 1/N, and two phases or steps of equal length do not resolve every scale; use more --steps, or schedule=phases\n";
        }
        text
    }

    /// What the side file says.
    pub fn json(&self) -> Json {
        json!({ "verdict": self.verdict().name(), "chance": self.claim.as_ref().map(|claim| claim.chance) })
    }
}

impl Experiment for ModeSamples {
    fn columns(&self) -> &[Column] {
        &self.along.columns
    }

    fn plan(&self) -> &Plan {
        &self.along.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let point = self.along.point(cell)?;
        let Sampled { samples, seed, .. } = self.sampled;
        let (d, interpolant) = (point.number("d"), interpolant_of(&point));
        let times = self.taus(&point)?;
        let flow = Flow { means: &self.along.means, d, sigma: point.number("sigma"), interpolant, times };
        let Some(counts) = flow.along(samples, seed, running.interrupted)? else { return Ok(None) };
        // The time of a phase is counted from its beginning, whatever the schedule of the steps.
        let mut ends = vec![0.0];
        ends.extend(knots(flow.means, d, point.number("reach")));
        ends.push(1.0);
        let of_tau = |tau: f64| {
            let phase = ends.windows(2).position(|pair| tau <= pair[1]).unwrap_or(ends.len() - 2);
            phase as f64 + (tau - ends[phase]) / (ends[phase + 1] - ends[phase])
        };
        let mut rows = Vec::new();
        for (tau, counts) in flow.times[1..].iter().zip(counts) {
            if (running.interrupted)() {
                return Ok(None);
            }
            for (k, (count, (predicted, error))) in counts.iter().zip(self.law(&flow, *tau)).enumerate() {
                let fraction = *count as f64 / samples as f64;
                let own = (fraction * (1.0 - fraction) / samples as f64).sqrt();
                let mut row = self.along.beginning(of_tau(*tau), &point);
                row.extend([
                    Cell::Number(*tau),
                    Cell::Integer(k as u64 + 1),
                    Cell::Number(flow.means.weights[k]),
                ]);
                row.extend([predicted, error, fraction, own].map(Cell::Number));
                row.push(Cell::Integer(u64::from(ends.contains(tau))));
                rows.push(row);
            }
        }
        (running.progress)();
        Ok(Some(Computed::new(rows, 0)))
    }

    fn within(&self) -> IndexMap<String, Json> {
        let Sampled { samples, seed, .. } = &self.sampled;
        let of = |name: &str, value: Json| (name.to_string(), value);
        let own = [of("steps", json!(self.steps())), of("samples", json!(samples)), of("seed", json!(seed))];
        [self.along.identity()].into_iter().chain(own).collect()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        self.along.described(self.within())
    }
}
