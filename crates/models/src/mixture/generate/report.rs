//! How the steps that are counted grow with d: exponents, statements of a paper beside them, words and the figure.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::statements::{Statement, statements, text as statements_text};
use crate::mixture::generate::accuracy::Feature;
use crate::mixture::generate::optimum::Free;
use crate::mixture::generate::steps::{RESOLUTION, Row, Steps, What, columns};
use crate::mixture::{FLOW, Setting, Target};
use overlaps::chart::{ChartError, Curve, Figure, LineStyle, PALETTE, Panel, Points, of_model, room};
use overlaps::compare::ScalingLaw;
use overlaps::experiment::Failure;
use overlaps::name::symbol_of;
use overlaps::numeric::significant;
use overlaps::output::json::number;
use overlaps::output::{Cell, Table};

/// The most combinations in one figure.
const MOST_SERIES: usize = 6;
const FEATURES: [Feature; 3] = [Feature::High, Feature::Low, Feature::Both];

/// How the steps that a feature takes grow with d.
pub struct Exponent {
    label: String,
    /// Which combinations it is fitted to.
    pub cells: Vec<usize>,
    /// The feature.
    pub feature: Feature,
    /// x of N ~ dˣ at all d, next to corrections of order 1/√d and 1/d.
    slope: f64,
    /// Its standard error.
    error: f64,
    /// The slope of ln N from the last d but one to the last, which tends to x whatever the corrections.
    pub last: f64,
    /// Its change from the two before; where that is less, what the resolution of N leaves.
    pub last_error: f64,
    /// The steps at the largest d.
    pub most: usize,
    points: usize,
    /// The largest d at which more steps were needed than tried.
    beyond: Option<u64>,
}

/// The result of a run.
pub struct Report {
    /// All rows.
    pub table: Table,
    rows: Vec<Row>,
    labels: Vec<String>,
    exponents: Vec<Exponent>,
    statements: Vec<Statement>,
    swept: Vec<String>,
}

impl Report {
    /// Lays out the rows and fits exponents.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn new(counted: &Steps, rows: Vec<Row>) -> Result<Report, Failure> {
        let Steps { runs, costs, .. } = counted;
        let plan = &runs.plan;
        let label = |cell: usize, without: &[&str]| {
            let names = plan.sweeps_at(cell).filter(|(s, _)| !without.contains(&s.name.as_str()));
            let words: Vec<String> = names
                .map(|(s, v)| match v.word() {
                    None => format!("{} = {}", symbol_of(&s.name), Cell::from(&v).short()),
                    Some(word) => word.to_string(),
                })
                .collect();
            words.join(", ")
        };
        let mut table = Table::new(columns());
        for row in &rows {
            table.push(row.cells(costs.integrator))?;
        }
        let labels: Vec<String> = (0..runs.cells()).map(|cell| label(cell, &["d"])).collect();
        let groups: Vec<String> = (0..runs.cells()).map(|cell| label(cell, &["d", "schedule"])).collect();
        let mut distinct: Vec<String> = Vec::new();
        labels.iter().for_each(|l| {
            if !distinct.contains(l) {
                distinct.push(l.clone());
            }
        });
        let mut exponents = Vec::new();
        for label in &distinct {
            for feature in FEATURES {
                let here: Vec<&Row> = rows
                    .iter()
                    .filter(|r| labels[r.cell] == *label && r.what == What::Needed(feature))
                    .collect();
                let mut points: Vec<(f64, f64)> =
                    here.iter().filter_map(|r| r.steps.map(|n| (r.setting.d as f64, n as f64))).collect();
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                let beyond = here.iter().filter(|r| r.steps.is_none()).map(|r| r.setting.d).max();
                let (Some(fit), [.., before, a, b]) = (ScalingLaw::fit(&points), points.as_slice()) else {
                    continue;
                };
                let slope = |a: &(f64, f64), b: &(f64, f64)| (b.1 / a.1).ln() / (b.0 / a.0).ln();
                // Spins are counted to 4 %; where N = 1 half a step is as good as none.
                let magnet = here.iter().any(|r| is_magnet(r));
                let resolution = if magnet { RESOLUTION.max(0.5 / b.1) } else { 0.5 / b.1 };
                let last = slope(a, b);
                exponents.push(Exponent {
                    label: label.clone(),
                    cells: here.iter().map(|r| r.cell).collect(),
                    feature,
                    slope: fit.exponent.value,
                    error: fit.exponent.error,
                    last,
                    last_error: (last - slope(before, a)).abs().max(resolution / (b.0 / a.0).ln()),
                    most: b.1 as usize,
                    points: points.len(),
                    beyond,
                });
            }
        }
        let statements = statements(&rows, &groups, &exponents)?;
        let swept = plan.swept.iter().map(|s| s.name.clone()).collect();
        Ok(Report { table, rows, labels, exponents, statements, swept })
    }

    /// The columns for the terminal.
    pub fn shown(&self) -> Vec<String> {
        let magnet = self.rows.iter().any(is_magnet);
        let optimised = self.rows.iter().any(|r| matches!(r.what, What::Optimised(_)));
        let mut names = self.swept.clone();
        names.extend(["what", "steps", "fraction_plus", "inside"].map(String::from));
        if magnet {
            names.push("spin".into());
        }
        names.extend(["high_error", "low_error"].map(String::from));
        if optimised {
            names.extend(["kappa", "bend"].map(String::from));
        }
        names
    }

    /// Exponents, and what the optimised schedules gain, in words.
    pub fn words(&self) -> String {
        let mut text = String::new();
        for e in &self.exponents {
            let beyond = e
                .beyond
                .map_or(String::new(), |d| format!("; at d = {d} more steps are needed than were tried"));
            let label = if e.label.is_empty() { String::new() } else { format!("{}, ", e.label) };
            text += &format!(
                "{label}{}: steps ~ d^({:.4} ± {:.4}) from the last d but one to the last, d^({:.4} ± {:.4}) fitted to {} dimensions{beyond}\n",
                what(e.feature),
                e.last,
                e.last_error,
                e.slope,
                e.error,
                e.points
            );
        }
        text += &statements_text(&self.statements);
        let mut given: Option<(&Row, f64)> = None;
        for row in &self.rows {
            let error = row.accuracy.map_or(f64::NAN, |a| Feature::Both.of(&a));
            match (row.what, given) {
                (What::Given, _) => given = Some((row, error)),
                (What::Optimised(free), Some((given, before))) => {
                    let name = match free {
                        Free::Both => "κ and the bend",
                        Free::Kappa => "κ alone",
                        Free::Bend => "the bend alone",
                    };
                    let setting = &row.setting;
                    text += &format!(
                        "d = {}, {} steps, {name}: error {} → {} with κ = {} and the bend at {}, {} times smaller\n",
                        setting.d,
                        given.steps.unwrap_or(0),
                        significant(before, 3),
                        significant(error, 3),
                        significant(setting.kappa, 4),
                        significant(setting.bend, 4),
                        significant(before / error, 3)
                    );
                }
                _ => {}
            }
        }
        text
    }

    /// The statements for the side file.
    pub fn statements(&self) -> Value {
        Value::Array(self.statements.iter().map(Statement::json).collect())
    }

    /// The exponents for the side file.
    pub fn json(&self) -> Value {
        let one = |e: &Exponent| {
            json!({
                "for": e.label,
                "feature": What::Needed(e.feature).name(),
                "exponent": number(e.last),
                "error": number(e.last_error),
                "fitted": number(e.slope),
                "fitted_error": number(e.error),
                "dimensions": e.points,
            })
        };
        Value::Array(self.exponents.iter().map(one).collect())
    }

    /// Fraction, inside and steps needed against d.
    ///
    /// # Errors
    /// One dimension, more combinations than panels can hold.
    pub fn figure(&self, counted: &Steps) -> Result<Figure, ChartError> {
        let costs = &counted.costs;
        let mut series: IndexMap<&str, Vec<&Row>> = IndexMap::new();
        for row in &self.rows {
            series.entry(self.labels[row.cell].as_str()).or_default().push(row);
        }
        room(series.len(), MOST_SERIES, "combinations of parameters")?;
        let setting = &self.rows[0].setting;
        let magnet = is_magnet(&self.rows[0]);
        let steps = costs.steps[0];
        let inside = if magnet { "|X_i|" } else { "variance/σ²" };
        // Near 1 the variance has its place on a linear axis, down to 0; Euler on a square root that explodes goes far above.
        let far = !magnet
            && self.rows.iter().any(|r| {
                r.what == What::Given
                    && r.accuracy.is_some_and(|a| a.inside > 3.0 * expected_inside(&r.setting))
            });
        let names = [
            format!("{}, {steps} steps", symbol_of("fraction_plus")),
            format!("{inside}, {steps} steps"),
            format!("steps for an error of {}", costs.error),
        ];
        let mut panels: Vec<Panel> = names
            .into_iter()
            .enumerate()
            .map(|(k, name)| Panel { y_log: k == 2 || (k == 1 && far), ..Panel::new(name) })
            .collect();
        for (colour, (label, rows)) in series.iter().enumerate() {
            draw(&mut panels, rows, &Cell::from(*label).short(), colour, steps);
        }
        let range = |rows: &[Row]| {
            let all = rows.iter().map(|r| r.setting.d as f64);
            (all.clone().fold(f64::INFINITY, f64::min), all.fold(0.0, f64::max))
        };
        let (low, high) = range(&self.rows);
        if self.rows.iter().any(|r| is_magnet(r) != magnet) {
            return Err(ChartError::Given(
                "a figure of steps is of one law of the data; set the target, or leave out --plot".into(),
            ));
        }
        if low == high {
            return Err(ChartError::Given(
                "the figure is drawn against d, and there is one d only; sweep d, or leave out --plot".into(),
            ));
        }
        for (panel, value) in [(0, setting.p), (1, 1.0)] {
            panels[panel].curves.push(level("data", LineStyle::Dotted, value, (low, high)));
        }
        // What a flow has that has lost the feature; without it a small error would fill the panel.
        let all_in = if setting.p < 0.5 { 0.0 } else { 1.0 };
        let lost = [(0, all_in), (1, if magnet { setting.target.m() } else { 0.0 })];
        for (panel, value) in lost {
            if !panels[panel].y_log {
                panels[panel].curves.push(level("lost", LineStyle::Dashed, value, (low, high)));
            }
        }
        panels.retain(|p| !p.points.is_empty());
        let mut parameters = counted.parameters();
        let unused: &[&str] = if magnet { &["sigma", "M"] } else { &["beta"] };
        parameters.retain(|name, _| !unused.contains(&name.as_str()));
        Ok(Figure {
            title: "How many steps sampling takes".into(),
            subtitle: of_model(&parameters, &FLOW),
            x_label: "d".into(),
            x_log: true,
            columns: panels.len(),
            panels,
        })
    }
}

/// The curves of one combination: fraction and inside with so many steps, and the steps needed.
fn draw(panels: &mut [Panel], rows: &[&Row], label: &str, colour: usize, steps: usize) {
    let given = rows
        .iter()
        .filter(|r| r.steps == Some(steps) && matches!(r.what, What::Given | What::Optimised(Free::Both)));
    let d = |r: &Row| r.setting.d as f64;
    let mut draw = |panel: usize, label: String, line: LineStyle, data: Vec<(f64, f64, f64)>| {
        let curve = data.iter().map(|(x, y, _)| (*x, *y)).collect();
        panels[panel].curves.push(Curve::new("", line, colour, curve));
        panels[panel].points.push(Points::new(label, colour, data));
    };
    for what in [What::Given, What::Optimised(Free::Both)] {
        let of = |value: &dyn Fn(&Row) -> Option<(f64, f64)>| -> Vec<(f64, f64, f64)> {
            given
                .clone()
                .filter(|r| r.what == what)
                .filter_map(|r| value(r).map(|(y, error)| (d(r), y, error)))
                .collect()
        };
        let fraction = of(&|r| r.accuracy.map(|a| (a.fraction, a.fraction_error)));
        let inside = of(&|r| {
            let expected = expected_inside(&r.setting);
            r.accuracy.map(|a| (if is_magnet(r) { a.spin } else { a.inside / expected }, 0.0))
        });
        if fraction.is_empty() {
            continue;
        }
        let (line, label) = match what {
            What::Optimised(_) => (LineStyle::Dashed, "optimised".to_string()),
            _ if label.is_empty() => (LineStyle::Solid, "given schedule".to_string()),
            _ => (LineStyle::Solid, label.to_string()),
        };
        draw(0, label.clone(), line, fraction);
        draw(1, label, line, inside);
    }
    let needed: Vec<(f64, f64, f64)> = rows
        .iter()
        .filter(|r| r.what == What::Needed(Feature::Both))
        .filter_map(|r| r.steps.map(|n| (d(r), n as f64, 0.0)))
        .collect();
    if !needed.is_empty() {
        draw(2, label.to_string(), LineStyle::Solid, needed);
    }
}

/// A horizontal line over the range of d.
fn level(label: &str, line: LineStyle, value: f64, (low, high): (f64, f64)) -> Curve {
    Curve::new(label, line, PALETTE.len() - 1, vec![(low, value), (high, value)])
}

fn is_magnet(row: &Row) -> bool {
    matches!(row.setting.target, Target::CurieWeiss { .. })
}

fn what(feature: Feature) -> &'static str {
    match feature {
        Feature::High => "the fraction",
        Feature::Low => "inside",
        Feature::Both => "both",
    }
}

/// What the data have inside a mode or state.
fn expected_inside(setting: &Setting) -> f64 {
    match setting.target {
        Target::Mixture { .. } => setting.sigma * setting.sigma,
        Target::CurieWeiss { m, .. } => m,
    }
}
