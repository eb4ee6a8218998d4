//! U-turns beside their prediction: rows for files, and a table with a verdict.

use serde_json::{Value, json};

use super::series::{Series, Window, in_times};
use super::turns::{Expected, Turned, Turns, posterior};
use crate::mixture::generate::predicted::Theories;
use crate::mixture::generate::{Denoisers, GenerateError, Generation, lead};
use crate::mixture::simulate::Runs;
use overlaps::compare::claim::{Beside, Test};
use overlaps::compare::statistics::{Sample, two_sided};
use overlaps::compare::{Claim, Estimate, Verdict};
use overlaps::numeric::significant;
use overlaps::output::json::{number, objects};
use overlaps::output::{Cell, Column, Role, Status, Table};

/// Both directions, and how they are told in tables and figures.
const FROM: [(&str, &str); 2] = [
    ("plus_from_plus", "fraction that ends in mode + of the samples that started there"),
    ("plus_from_minus", "the same of those that started in mode −"),
];

/// How many of the samples come back, beside the prediction, with the verdict.
pub struct Returns {
    /// Rows for files: one per data set and turn, and those of the predictions.
    pub rows: Table,
    /// Means beside predictions.
    pub table: Table,
    /// The windows in which the class is decided.
    pub windows: Vec<Window>,
    /// What came out, combination by combination.
    pub series: Vec<Series>,
    /// That samples and prediction agree, at every place; nothing where it cannot be tested.
    claim: Option<Claim>,
    /// Whether some prediction is missing.
    without: bool,
    /// Whether the prediction is that of many steps.
    of_steps: bool,
}

impl Returns {
    /// Compares; `window` are the levels of memory, `level` the error rate of the verdict.
    ///
    /// # Errors
    /// A theory that does not converge.
    pub(super) fn new(
        runs: &Runs,
        turns: &Turns,
        generations: &[Generation],
        turned: &[Turned],
        window: (f64, f64),
        level: f64,
    ) -> Result<Returns, GenerateError> {
        let mut returns = Returns {
            rows: Table::new(columns()),
            table: Table::new(table_columns(runs)),
            windows: Vec::new(),
            series: Vec::new(),
            claim: None,
            without: false,
            of_steps: generations.iter().all(|g| g.denoisers == Denoisers::Exact),
        };
        let theories = Theories::load()?;
        let seeds = runs.seeds();
        // What was tested, and the rows of the table that have it.
        let mut tests: Vec<(Beside, usize)> = Vec::new();
        for (cell, (generations, turned)) in generations.chunks(seeds).zip(turned.chunks(seeds)).enumerate() {
            for (generation, turned) in generations.iter().zip(turned) {
                for (t, plus) in runs.times.iter().zip(&turned.plus) {
                    returns.rows.rows.push(sample_row(generation, turned, turns, *t, *plus));
                }
            }
            let expected = mean_expected(turns, &theories, generations, turned)?;
            returns.without |= expected.is_none();
            for (t, expected) in runs.times.iter().zip(expected.iter().flatten()) {
                returns.rows.rows.push(theory_row(&generations[0], turned[0].p_bar, *t, expected));
            }
            let series =
                returns.compare(runs, cell, &generations[0], turned, expected.as_deref(), &mut tests);
            returns.windows.push(Window::new(&series, generations[0].setting.p, window));
            returns.series.push(series);
        }
        let places = tests.iter().map(|(place, _)| *place).collect();
        returns.claim = Claim::new("", "", Test::Chance(level), places);
        let status = returns.table.columns.len() - 1;
        for ((_, row), place) in tests.iter().zip(returns.claim.iter().flat_map(|claim| &claim.places)) {
            let rejected = place.corrected < level;
            returns.table.rows[*row][status] = if rejected { "rejected" } else { "consistent" }.into();
        }
        Ok(returns)
    }

    /// Sets the data sets of one combination beside their prediction.
    fn compare(
        &mut self,
        runs: &Runs,
        cell: usize,
        generation: &Generation,
        turned: &[Turned],
        expected: Option<&[Expected]>,
        tests: &mut Vec<(Beside, usize)>,
    ) -> Series {
        let swept: Vec<Cell> = runs.plan.swept_values(cell).iter().map(Cell::from).collect();
        let label = runs.plan.swept_in_words(cell);
        let label = if label.is_empty() { "samples".into() } else { label };
        let mut series = Series { label, ..Series::default() };
        let setting = &generation.setting;
        for (k, t) in runs.times.iter().enumerate() {
            let exact = posterior(setting, *t);
            for (direction, (name, _)) in FROM.iter().enumerate() {
                let values = turned.iter().filter(|t| t.converged).map(|t| t.plus[k][direction]).collect();
                let sample = Sample { d: 1.0, values };
                let estimate = sample.estimate();
                let expected = expected.map(|e| (e[k].plus[direction], e[k].error[direction]));
                let tested = estimate.zip(expected).map(|(estimate, (expected, error))| {
                    // Where every sample agrees the scatter is 0: at least that of one sample in all.
                    let one = 1.0 / (generation.samples * turned.len()) as f64;
                    let error = (estimate.error.powi(2) + error * error).sqrt().max(one);
                    let z = (estimate.value - expected) / error;
                    let p = two_sided(z, estimate.freedom);
                    Beside::tested(Estimate { error, ..estimate }, expected, z, p)
                });
                tests.extend(tested.map(|place| (place, self.table.rows.len())));
                let mut row = swept.clone();
                row.extend([Cell::Number(*t), Cell::Number(setting.path().scale(*t)), Cell::from(*name)]);
                row.extend([Cell::Number(sample.mean()), estimate.map(|e| e.error).into()]);
                row.push(expected.map(|(x, _)| x).into());
                row.push(expected.map(|(_, error)| error).filter(|error| *error > 0.0).into());
                row.push(tested.map(|place| (place.z * 100.0).round() / 100.0).into());
                row.extend([Cell::Number(exact[direction]), Cell::Missing]);
                self.table.rows.push(row);
                series.measured[direction].push((*t, sample.mean(), estimate.map_or(0.0, |e| e.error)));
                series.exact[direction].push((*t, exact[direction]));
                series.expected[direction].extend(expected.map(|(x, _)| (*t, x)));
            }
        }
        series
    }

    /// Whether samples and prediction agree.
    pub fn verdict(&self) -> Verdict {
        self.claim.as_ref().map_or(Verdict::Undecided, |claim| claim.verdict)
    }

    /// Verdict and windows in words.
    pub fn words(&self) -> String {
        let (rejected, z) = self.claim.as_ref().map_or((0, Vec::new()), |claim| {
            (claim.rejected, claim.places.iter().map(|place| place.z.abs()).collect())
        });
        let mut text = match self.verdict() {
            Verdict::Undecided if self.without => {
                "undecided: there is no theory at finite d here (fixed noise, sigma = 0, one class only, or d above 10¹⁴); the posterior is that of the exact denoiser\n".into()
            }
            Verdict::Undecided => "undecided: one data set has no standard error; use --seeds 2 or more\n".to_string(),
            verdict => format!(
                "prediction and samples {}: {} of {} comparisons rejected, largest |z| {}\n",
                if verdict == Verdict::Agrees { "agree" } else { "disagree" },
                rejected,
                z.len(),
                significant(z.iter().copied().fold(0.0, f64::max), 3)
            ),
        };
        if rejected > 0 && self.of_steps {
            text += "the steps of the reverse process have a bias of their own, which falls as 1/N; use more --steps, or --forward resample\n";
        }
        for window in &self.windows {
            let label =
                if window.label == "samples" { String::new() } else { format!(" ({})", window.label) };
            text += &format!(
                "the class is decided{label} (memory {} to {}): measured {}, predicted {}; exact denoiser, d → ∞: √dτ = {} to {}\n",
                window.levels.0,
                window.levels.1,
                in_times(window.measured),
                in_times(window.predicted),
                significant(window.exact[0], 4),
                significant(window.exact[1], 4)
            );
        }
        text
    }

    /// What the side file says.
    pub fn json(&self) -> Value {
        let times = |values: [Option<f64>; 2]| values.map(|x| x.map_or(Value::Null, number)).to_vec();
        let windows: Vec<Value> = self
            .windows
            .iter()
            .map(|w| {
                json!({
                    "for": w.label,
                    "memory": [w.levels.0, w.levels.1],
                    "measured_t": times(w.measured),
                    "predicted_t": times(w.predicted),
                    "exact_scaled_tau": w.exact.map(number).to_vec(),
                })
            })
            .collect();
        json!({
            "verdict": self.verdict().name(),
            "rows": objects(&self.table).collect::<Vec<_>>(),
            "windows": windows,
        })
    }
}

/// The mean of the predictions over data sets, whose p̄ may differ.
fn mean_expected(
    turns: &Turns,
    theories: &Theories,
    generations: &[Generation],
    turned: &[Turned],
) -> Result<Option<Vec<Expected>>, GenerateError> {
    let mut known: Vec<(f64, Vec<Expected>)> = Vec::new();
    let mut of: Vec<usize> = Vec::new();
    for (generation, turned) in generations.iter().zip(turned) {
        let place = match known.iter().position(|(p, _)| *p == turned.p_bar) {
            Some(place) => place,
            None => {
                let Some(expected) = turns.expected(theories, generation, turned.p_bar)? else {
                    return Ok(None);
                };
                known.push((turned.p_bar, expected));
                known.len() - 1
            }
        };
        of.push(place);
    }
    let count = of.len() as f64;
    let mean = |k: usize| {
        let mut plus = [0.0; 2];
        let mut square = [0.0; 2];
        for (place, (_, expected)) in known.iter().enumerate() {
            let weight = of.iter().filter(|p| **p == place).count() as f64 / count;
            for direction in 0..2 {
                plus[direction] += weight * expected[k].plus[direction];
                square[direction] += (weight * expected[k].error[direction]).powi(2);
            }
        }
        Expected { plus, error: square.map(f64::sqrt) }
    };
    let turns = known.first().map_or(0, |(_, expected)| expected.len());
    Ok(Some((0..turns).map(mean).collect()))
}

pub(super) fn columns() -> Vec<Column> {
    let mut columns = crate::mixture::generate::columns();
    // The columns of generated samples up to the time of the interpolant.
    let end = columns.iter().position(|c| c.name == "tau").map_or(columns.len(), |place| place + 1);
    columns.truncate(end);
    for column in &mut columns {
        match column.name.as_str() {
            "t" => column.meaning = "time of the turn".into(),
            "samples" => column.meaning = "samples of each class".into(),
            "integrator" => {
                column.name = "forward".into();
                column.meaning = "sde (reverse process) or resample (posterior)".into();
            }
            _ => {}
        }
    }
    columns.extend(FROM.iter().map(|(name, meaning)| Column::new(*name, *meaning, Role::Output)));
    columns.push(Column::new("error", "theory: standard error of its process", Role::Certificate));
    columns.push(Column::new("status", "converged: the denoisers of all steps", Role::Certificate));
    columns
}

fn table_columns(runs: &Runs) -> Vec<Column> {
    let mut columns: Vec<Column> =
        runs.plan.swept.iter().map(|s| Column::new(s.name.clone(), "parameter", Role::Parameter)).collect();
    for (name, role) in [
        ("t", Role::Control),
        ("√d τ", Role::Parameter),
        ("fraction", Role::Label),
        ("measured", Role::Output),
        ("error", Role::Output),
        ("predicted", Role::Output),
        ("its error", Role::Output),
        ("z", Role::Certificate),
        ("posterior", Role::Output),
        ("status", Role::Certificate),
    ] {
        columns.push(Column::new(name, "", role));
    }
    columns
}

fn sample_row(generation: &Generation, turned: &Turned, turns: &Turns, t: f64, plus: [f64; 2]) -> Vec<Cell> {
    let mut row = lead(generation, "samples", t, turned.p_bar, Some(generation.seed));
    let forward = row.len() - 2;
    row[forward] = turns.forward.name().into();
    row.extend(plus.map(|x| if turned.converged { Cell::Number(x) } else { Cell::Missing }));
    row.push(Cell::Missing);
    row.push(Status::of(turned.converged).into());
    row
}

fn theory_row(generation: &Generation, p_bar: f64, t: f64, expected: &Expected) -> Vec<Cell> {
    let mut row = lead(generation, "theory", t, p_bar, None);
    let forward = row.len() - 2;
    let exact = generation.denoisers == Denoisers::Exact;
    row[forward] = if exact { "posterior" } else { "sde" }.into();
    row.extend(expected.plus.map(Cell::Number));
    row.push(Cell::Number(expected.error[0].max(expected.error[1])));
    row.push(Status::Converged.into());
    row
}
