//! U-turns in a mixture of many modes along the time of the turn, beside their probabilities: what `overlaps uturn --modes` does.

use std::path::Path;

use indexmap::IndexMap;
use nalgebra::DMatrix;
use serde_json::{Value as Json, json};

use super::Window;
use super::along::{Along, interpolant, interpolant_of, reach, sigma};
use super::euler::{Schedule, knots, times};
use super::experiment::parts;
use super::turn::Turns;
use crate::mixture::generate::uturn::{Forward, crossing, in_times};
use overlaps::chart::{ChartError, Curve, Figure, LineStyle, Panel, Points, in_words, room};
use overlaps::compare::claim::{Beside, Test};
use overlaps::compare::statistics::multinomial;
use overlaps::compare::{Claim, Estimate, Verdict};
use overlaps::experiment::{Computed, Experiment, ExperimentError, Failure};
use overlaps::model::{Point, Running};
use overlaps::numeric::{grid, significant};
use overlaps::output::json::number;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::study::{Plan, Wanted};

/// Turns in each phase, unless times are given.
const TURNS: usize = 20;
/// The most modes of a figure, which has a panel for each.
const MOST_PANELS: usize = 8;

/// How samples are turned, and judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Turning {
    /// How a sample goes on from its turn.
    pub forward: Forward,
    /// Steps from τ = 0 to 1, of which a sample takes those after its turn.
    pub steps: usize,
    /// Samples of each mode at each time.
    pub samples: u64,
    /// Key of the random numbers.
    pub seed: u64,
    /// The shares between which what parts in a window is decided.
    pub window: (f64, f64),
    /// How often a right theory may be rejected.
    pub level: f64,
}

impl Turning {
    /// What the rows depend on.
    fn described(&self) -> [(String, Json); 4] {
        let Turning { forward, steps, samples, seed, .. } = self;
        [
            ("forward".into(), json!(forward.name())),
            ("steps".into(), json!(steps)),
            ("samples".into(), json!(samples)),
            ("seed".into(), json!(seed)),
        ]
    }
}

/// U-turns of a mixture of modes.
pub struct ModeTurns {
    along: Along,
    turning: Turning,
}

/// U-turns beside their probabilities.
pub struct Judged {
    /// That samples return as they are predicted to, for every mode at every time.
    pub claim: Option<Claim>,
    /// Of each combination of parameters: its words, and for every window which modes part, and from which time to which.
    pub windows: Vec<(String, String, [Option<f64>; 2])>,
    shares: (f64, f64),
    of_steps: bool,
}

impl ModeTurns {
    /// Those of a file of modes.
    ///
    /// # Errors
    /// What is wrong with the file, names and values that are none, windows that overlap, times that are none.
    pub fn new(file: &Path, wanted: &Wanted, turning: Turning) -> Result<ModeTurns, ExperimentError> {
        use Role::{Certificate, Label, Output};
        let outputs = [
            ("tau", "time of the interpolant, in a phase for each scale", Role::Parameter),
            ("theta", "√d β/√S, on which alone the fractions depend", Role::Parameter),
            ("from", "mode that a sample is of", Label),
            ("to", "mode that it returns to", Label),
            ("predicted", "probability E π_k", Output),
            ("predicted_error", "its standard error", Certificate),
            ("measured", "fraction of the samples", Output),
            ("measured_error", "its standard error", Certificate),
            (
                "chance",
                "probability of fractions further from the predicted ones, of all modes together (χ²)",
                Certificate,
            ),
        ];
        let known = vec![sigma(), reach(), interpolant()];
        let mut along = Along::time(file, wanted, known, &outputs)?;
        // The windows have phases of their own; how many there are does not depend on d.
        let scales = along.means.windows(1e8).len();
        let times = along.plan.controls.get_or_insert_with(|| grid(0.0, scales as f64, TURNS * scales + 1));
        if let Some(t) = times.iter().find(|t| !(0.0..=scales as f64 + 1.0).contains(*t)) {
            return Err(ExperimentError::Given(format!(
                "t = {t} is no time of a turn; it lies from 0 to {}: a phase for each of {scales} scales, and one to the end",
                scales + 1
            )));
        }
        let turns = ModeTurns { along, turning };
        for cell in 0..turns.cells() {
            turns.taus(&turns.along.point(cell)?).map_err(ExperimentError::Given)?;
        }
        Ok(turns)
    }

    /// The times of all steps.
    fn taus(&self, point: &Point) -> Result<Vec<f64>, String> {
        let (d, reach) = (point.number("d"), point.number("reach"));
        times(&self.along.means, d, reach, Schedule::Phases, self.turning.steps)
    }

    /// The modes and the ends of the phases at a point.
    fn turns(&self, point: &Point) -> (Turns<'_>, Vec<f64>) {
        let d = point.number("d");
        let mut ends = vec![0.0];
        ends.extend(knots(&self.along.means, d, point.number("reach")));
        ends.push(1.0);
        (Turns::new(&self.along.means, d, point.number("sigma")), ends)
    }

    /// The rows of a turn; none where an interruption was asked for.
    fn rows(
        &self,
        point: &Point,
        (turns, ends): (&Turns, &[f64]),
        t: f64,
        running: &Running,
    ) -> Result<Option<Vec<Vec<Cell>>>, Failure> {
        let interpolant = interpolant_of(point);
        let square = |tau: f64| turns.square(interpolant.alpha(tau), tau);
        let phase = (t.floor() as usize).min(ends.len() - 2);
        let tau = ends[phase] + (ends[phase + 1] - ends[phase]) * (t - phase as f64);
        let mut squares = vec![square(tau)];
        if self.turning.forward == Forward::Sde {
            squares.extend(self.taus(point)?.into_iter().filter(|later| *later > tau).map(square));
        }
        let matrix = turns.matrix(squares[0]);
        let mut rows = Vec::new();
        for from in 0..self.along.means.count() {
            let Turning { samples, seed, .. } = self.turning;
            let Some(counts) = turns.returns(from, &squares, samples, seed, running.interrupted) else {
                return Ok(None);
            };
            let predicted: Vec<f64> = matrix.values.row(from).iter().copied().collect();
            let chance = multinomial(&counts, &predicted);
            for (to, count) in counts.iter().enumerate() {
                let measured = *count as f64 / samples as f64;
                let error = (measured * (1.0 - measured) / samples as f64).sqrt();
                let mut row = self.along.beginning(t, point);
                row.extend([tau, squares[0].sqrt()].map(Cell::Number));
                row.extend([from, to].map(|mode| Cell::Integer(mode as u64 + 1)));
                let numbers = [predicted[to], matrix.errors[(from, to)], measured, error, chance];
                row.extend(numbers.map(Cell::Number));
                rows.push(row);
            }
        }
        Ok(Some(rows))
    }

    /// Judges what came out.
    ///
    /// # Errors
    /// Rows that are not those of these turns.
    pub fn judged(&self, table: &Table) -> Result<Judged, ExperimentError> {
        let modes = self.along.means.count();
        let column = |name: &str| numbers(table, name).map_err(ExperimentError::Given);
        let (predicted, measured, chance) = (column("predicted")?, column("measured")?, column("chance")?);
        let places = predicted.chunks(modes).zip(measured.chunks(modes)).zip(chance.chunks(modes)).map(
            |((predicted, measured), chance)| {
                let error = |p: f64| (p * (1.0 - p) / self.turning.samples as f64).sqrt().max(1e-9);
                let z = |k: &usize| (measured[*k] - predicted[*k]) / error(predicted[*k]);
                let worst = (0..modes).max_by(|a, b| z(a).abs().total_cmp(&z(b).abs())).unwrap_or(0);
                let error = error(predicted[worst]);
                let measured = Estimate { value: measured[worst], error, freedom: f64::INFINITY };
                Beside::tested(measured, predicted[worst], z(&worst), chance[0])
            },
        );
        let claim = Claim::new("", "", Test::Chance(self.turning.level), places.collect());
        let mut windows = Vec::new();
        let times = self.along.controls();
        for (cell, of_cell) in predicted.chunks(times.len() * modes * modes).enumerate() {
            let d = self.along.point(cell)?.number("d");
            let label = self.along.plan.swept_in_words(cell);
            for window in self.along.means.windows(d) {
                let shares = of_cell.chunks(modes * modes).zip(times);
                let share = |(matrix, t): (&[f64], &f64)| {
                    let matrix = DMatrix::from_row_slice(modes, modes, matrix);
                    (*t, self.along.means.decided(d, &window, &matrix))
                };
                let curve: Vec<(f64, f64)> = shares.map(share).collect();
                let (from, to) = self.turning.window;
                let ends = [from, to].map(|level| crossing(&curve, level));
                windows.push((label.clone(), in_parts(&window), ends));
            }
        }
        let of_steps = self.turning.forward == Forward::Sde;
        Ok(Judged { claim, windows, shares: self.turning.window, of_steps })
    }

    /// A panel for each mode: where samples of it return to, against the time of the turn.
    ///
    /// # Errors
    /// More modes than panels, more than one combination of parameters.
    pub fn figure(&self, table: &Table) -> Result<Figure, ChartError> {
        let modes = self.along.means.count();
        room(self.cells(), 1, "combinations of parameters")?;
        room(modes, MOST_PANELS, "modes")?;
        let column = |name: &str| numbers(table, name).map_err(ChartError::Given);
        let (t, from, to) = (column("t")?, column("from")?, column("to")?);
        let (predicted, measured) = (column("predicted")?, column("measured")?);
        let error = column("measured_error")?;
        let panel = |j: usize| {
            let mut panel = Panel::new(format!("P(end | started in {j})"));
            for k in 1..=modes {
                let own = || (0..t.len()).filter(|i| from[*i] == j as f64 && to[*i] == k as f64);
                let line = own().map(|i| (t[i], predicted[i])).collect();
                panel.curves.push(Curve::new("prediction", LineStyle::Solid, k - 1, line));
                let points = own().map(|i| (t[i], measured[i], error[i]));
                panel.points.push(Points::new(format!("end in {k}"), k - 1, points));
            }
            panel
        };
        let point = self.along.point(0).map_err(|e| ChartError::Given(e.to_string()))?;
        let values = point.values().map(|(name, value)| (name, Cell::from(value)));
        Ok(Figure {
            title: "U-turns in a mixture of modes".into(),
            subtitle: in_words(values.filter(|(name, _)| *name != "interpolant")),
            x_label: "t".into(),
            panels: (1..=modes).map(panel).collect(),
            ..Figure::default()
        })
    }
}

/// The numbers of a column.
fn numbers(table: &Table, name: &str) -> Result<Vec<f64>, String> {
    let numbers = table.numbers(name).ok_or_else(|| format!("there is no column `{name}`"))?;
    Ok(numbers.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect())
}

/// Which modes part in a window.
fn in_parts(window: &Window) -> String {
    parts(&window.before, &window.after)
}

impl Judged {
    /// Whether samples and probabilities agree.
    pub fn verdict(&self) -> Verdict {
        self.claim.as_ref().map_or(Verdict::Undecided, |claim| claim.verdict)
    }

    /// Verdict and windows in words.
    pub fn words(&self) -> String {
        let mut text = String::new();
        if let Some(claim) = &self.claim {
            let agree = if claim.verdict == Verdict::Agrees { "agree" } else { "disagree" };
            text += &format!(
                "prediction and samples {agree}: {} of {} comparisons rejected, smallest chance {} (χ², with Holm's correction)\n",
                claim.rejected,
                claim.places.len(),
                significant(claim.chance, 2)
            );
            if claim.rejected > 0 && self.of_steps {
                text += "the steps of the reverse process have a bias of their own, which falls as 1/N; use more --steps, or --forward resample\n";
            }
        }
        for (label, parts, ends) in &self.windows {
            let label = if label.is_empty() { String::new() } else { format!(" ({label})") };
            text += &format!(
                "{parts} decided{label} (shares {} to {}): {}\n",
                self.shares.0,
                self.shares.1,
                in_times(*ends)
            );
        }
        text
    }

    /// What the side file says.
    pub fn json(&self) -> Json {
        let windows = self.windows.iter().map(|(label, parts, ends)| {
            let ends = ends.map(|end| end.map_or(Json::Null, number));
            json!({ "for": label, "parts": parts, "from_t": ends[0], "to_t": ends[1] })
        });
        json!({
            "verdict": self.verdict().name(),
            "shares": [number(self.shares.0), number(self.shares.1)],
            "windows": windows.collect::<Vec<_>>(),
        })
    }
}

impl Experiment for ModeTurns {
    fn columns(&self) -> &[Column] {
        &self.along.columns
    }

    fn plan(&self) -> &Plan {
        &self.along.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let point = self.along.point(cell)?;
        let (turns, ends) = self.turns(&point);
        let mut rows = Vec::new();
        for t in self.along.controls() {
            let Some(own) = self.rows(&point, (&turns, &ends), *t, running)? else { return Ok(None) };
            rows.extend(own);
        }
        (running.progress)();
        Ok(Some(Computed::new(rows, 0)))
    }

    fn within(&self) -> IndexMap<String, Json> {
        [self.along.identity()].into_iter().chain(self.turning.described()).collect()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        self.along.described(self.within())
    }
}
