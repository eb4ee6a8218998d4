//! Published theories against their published or independently computed values: every row of
//! `tests/theories/reference.csv`, with the equation files beside it; and each file along its default grid.
//!
//! `tests/theories/README.md` says where the values come from, and which are held to how many digits.

mod support;

use std::collections::BTreeMap;

use overlaps::equation::Theory;
use overlaps::solve::Settings;
use rayon::prelude::*;
use support::{Row, job, row};

/// Digits that a reference has, where it is not known to 1e-9: the data published with a paper, and roots that are
/// only known to the root of round-off.
const ACCURACY: [(&str, f64); 3] = [
    ("gmm-ridge", 5e-9),          // published CSV, Loureiro et al. 2021
    ("gmm-lasso", 1e-8),          // published CSV, Loureiro et al. 2021
    ("saad-solla-plateau", 3e-8), // the table is 2e-8 from the closed forms 1/√6 and 1/3
];
const DIGITS: f64 = 1e-9;

fn load(theory: &str) -> Theory {
    let path = format!("{}/tests/theories/{theory}.toml", env!("CARGO_MANIFEST_DIR"));
    Theory::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

/// The values of one theory at one point.
#[derive(Default)]
struct Point {
    /// Each quantity with its values: two where two solutions are listed.
    quantities: Vec<(String, Vec<f64>)>,
}

/// The table, by theory and parameters.
fn table() -> BTreeMap<(String, String), Point> {
    let path = format!("{}/tests/theories/reference.csv", env!("CARGO_MANIFEST_DIR"));
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut points: BTreeMap<(String, String), Point> = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap_or_else(|e| panic!("{path}: {e}"));
        let point = points.entry((record[0].to_string(), record[1].to_string())).or_default();
        let value = record[3].parse().unwrap_or_else(|e| panic!("{path}: {record:?}: {e}"));
        match point.quantities.iter_mut().find(|(name, _)| *name == record[2]) {
            Some((_, values)) => values.push(value),
            None => point.quantities.push((record[2].to_string(), vec![value])),
        }
    }
    points
}

/// All solutions at one point, that of the row first.
fn solutions(theory: &Theory, parameters: &str) -> Vec<Row> {
    let given = parameters.split(';').filter_map(|pair| pair.trim().split_once('='));
    let given: Vec<(&str, f64)> = given.map(|(name, value)| (name, value.parse().unwrap())).collect();
    let (control, others): (Vec<_>, Vec<_>) = given.into_iter().partition(|(n, _)| *n == theory.control.name);
    let curves = job(&others, &[control[0].1]).solve(theory, Settings::default());
    let piece = &curves[0];
    let certain = |row: &Row| row.quadrature_error <= Settings::default().tolerance;
    let Some((track, first)) = piece.curve.solution(0) else { return Vec::new() };
    let mut rows = vec![row(piece, &track.name, first)];
    let all = piece.curve.solutions(0).into_iter().filter(|(other, _)| other.name != track.name);
    rows.extend(all.map(|(track, solution)| row(piece, &track.name, solution)));
    rows.retain(certain);
    rows
}

#[test]
fn every_reference_value_is_reached() {
    let points: Vec<_> = table().into_iter().collect();
    let wrong: Vec<String> = points
        .par_iter()
        .flat_map(|((name, parameters), point)| {
            let digits =
                ACCURACY.iter().find(|(theory, _)| theory == name).map_or(DIGITS, |(_, digits)| *digits);
            let rows = solutions(&load(name), parameters);
            let off = |row: &Row, quantity: &str, value: f64| (row.get(quantity) / value - 1.0).abs();
            let mut wrong = Vec::new();
            for (quantity, values) in &point.quantities {
                // A single value is that of the row; of several, each is that of one of the solutions.
                let among = if values.len() == 1 { rows.len().min(1) } else { rows.len() };
                for value in values {
                    let nearest =
                        rows[..among].iter().map(|row| off(row, quantity, *value)).fold(f64::NAN, f64::min);
                    if nearest.is_nan() || nearest > digits {
                        let found: Vec<f64> = rows.iter().map(|row| row.get(quantity)).collect();
                        wrong.push(format!(
                            "{name} at {parameters}: {quantity} = {value}, found {found:?} ({nearest:e})"
                        ));
                    }
                }
            }
            wrong
        })
        .collect();
    assert!(wrong.is_empty(), "{} values of {} points:\n{}", wrong.len(), points.len(), wrong.join("\n"));
}
