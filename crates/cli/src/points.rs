//! Tables of runs → figures of points: the mean over seeds with its standard error.

use indexmap::IndexMap;
use serde_json::Value;

use crate::figure::room;
use overlaps::compare::statistics::Sample;
use overlaps::experiment::{Experiment, Simulate};
use overlaps::model::Description;
use overlaps::name::symbol_of;
use overlaps::output::{Cell, Table};
use overlaps_figures::PALETTE;
use overlaps_figures::{Figure, Panel, Points};

/// The most series that a panel can hold and a reader tell apart.
const MOST_SERIES: usize = PALETTE.len();

/// The title of such a figure.
pub const TITLE: &str = "Simulated overlaps, mean over data sets";

/// The mean of some values at x and its standard error, which is 0 for a single value; none without values.
pub fn point(x: f64, values: Vec<f64>) -> Option<(f64, f64, f64)> {
    let sample = Sample { d: 1.0, values };
    let alone = || (x, sample.mean(), 0.0);
    let point = sample.estimate().map_or_else(alone, |estimate| (x, estimate.value, estimate.error));
    (!sample.values.is_empty()).then_some(point)
}

/// Columns against t, one series per combination of swept parameters.
///
/// # Errors
/// More series than a panel can hold.
pub fn figure(table: &Table, simulate: &Simulate, columns: &[String]) -> anyhow::Result<Figure> {
    let (plan, description) = (simulate.plan(), simulate.model().description());
    let control = description.control.name;
    let swept: Vec<usize> = plan.swept.iter().map(|s| table.place(&s.name)).collect::<Result<_, _>>()?;
    let t = table.place(control)?;
    let mut keys: Vec<Vec<Cell>> = Vec::new();
    for row in &table.rows {
        let key: Vec<Cell> = swept.iter().map(|c| row[*c].clone()).collect();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    room(keys.len(), MOST_SERIES, "series of points")?;
    let of = |key: &Vec<Cell>, column: usize| -> Vec<(f64, f64, f64)> {
        let rows = table.rows.iter().filter(|row| swept.iter().zip(key).all(|(c, value)| row[*c] == *value));
        let mut times: Vec<(f64, Vec<f64>)> = Vec::new();
        for row in rows {
            let (Some(t), Some(value)) = (row[t].number(), row[column].number().filter(|v| v.is_finite()))
            else {
                continue;
            };
            match times.iter_mut().find(|(known, _)| *known == t) {
                Some((_, values)) => values.push(value),
                None => times.push((t, vec![value])),
            }
        }
        times.into_iter().filter_map(|(t, values)| point(t, values)).collect()
    };
    let label = |key: &Vec<Cell>| -> String {
        let names = plan.swept.iter().zip(key);
        let words: Vec<String> =
            names.map(|(s, v)| format!("{} = {}", symbol_of(&s.name), v.short())).collect();
        if words.is_empty() { "simulation".into() } else { words.join(", ") }
    };
    let mut panels = Vec::new();
    for column in columns {
        let (place, all) = (table.place(column)?, keys.iter().enumerate());
        let points = all.map(|(i, key)| Points::new(label(key), i, of(key, place)));
        let points = points.filter(|points| !points.data.is_empty()).collect();
        panels.push(Panel { points, ..Panel::new(symbol_of(column)) });
    }
    Ok(Figure {
        title: TITLE.into(),
        subtitle: subtitle(&simulate.sets().constants(), description),
        x_label: symbol_of(control),
        panels,
        ..Figure::default()
    })
}

/// Parameters in a line; words only where they are not the default.
pub fn subtitle(parameters: &IndexMap<String, Value>, description: &Description) -> String {
    let usual = |name: &str, value: &str| {
        let own = description.parameters.iter().find(|parameter| parameter.name == name);
        own.is_some_and(|own| !own.words.is_empty() && own.default_text == value)
    };
    let fixed: Vec<String> = parameters
        .iter()
        .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), String::from)))
        .filter(|(name, text)| !usual(name, text))
        .map(|(name, text)| {
            format!("{} = {}", symbol_of(name), if text == "inf" { "∞".into() } else { text })
        })
        .collect();
    fixed.join(", ")
}
