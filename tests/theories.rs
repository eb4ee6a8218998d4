//! Published theories against their published or independently computed values: every row of
//! `tests/theories/reference.csv`, with the equation files beside it; and each file along its default grid.
//!
//! `tests/theories/README.md` says where the values come from, and which are held to how many digits.

mod support;

use std::collections::BTreeMap;

use overlaps::solve::Settings;
use overlaps::system::Theory;
use rayon::prelude::*;
use support::{Row, job, row};

/// Digits that a reference has, where it is not known to 1e-9: the data published with a paper, and roots that are
/// only known to the root of round-off.
const ACCURACY: [(&str, f64); 3] = [
    ("gmm-ridge", 5e-9),          // published CSV, Loureiro et al. 2021
    ("gmm-lasso", 1e-8),          // published CSV, Loureiro et al. 2021
    ("saad-solla-plateau", 6e-8), // a double root, known to the root of round-off; the table is 2e-8 from 1/√6 and 1/3
];
const DIGITS: f64 = 1e-9;

fn load(theory: &str) -> Theory {
    let path = format!("{}/tests/theories/{theory}.toml", env!("CARGO_MANIFEST_DIR"));
    Theory::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

/// One solution: its quantities.
type Values = Vec<(String, f64)>;

/// The table, by theory and parameters: the solutions that are listed there, mostly one.
fn table() -> BTreeMap<(String, String), Vec<Values>> {
    let path = format!("{}/tests/theories/reference.csv", env!("CARGO_MANIFEST_DIR"));
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut points: BTreeMap<(String, String), Vec<Values>> = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap_or_else(|e| panic!("{path}: {e}"));
        let solutions = points.entry((record[0].to_string(), record[1].to_string())).or_default();
        let value = record[3].parse().unwrap_or_else(|e| panic!("{path}: {record:?}: {e}"));
        // A quantity that comes again belongs to the next solution.
        match solutions.last_mut().filter(|last| last.iter().all(|(name, _)| *name != record[2])) {
            Some(last) => last.push((record[2].to_string(), value)),
            None => solutions.push(vec![(record[2].to_string(), value)]),
        }
    }
    points
}

/// Whether the ranges of the file, as far as they are numbers, exclude a solution.
fn excluded(theory: &str, solution: &Values) -> bool {
    let path = format!("{}/tests/theories/{theory}.toml", env!("CARGO_MANIFEST_DIR"));
    let file: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let end = |value: &toml::Value| value.as_float().or_else(|| value.as_integer().map(|i| i as f64));
    solution.iter().any(|(name, value)| {
        let range = file.get("unknowns").and_then(|u| u.get(name)?.get("range")?.as_array());
        let ends = range.and_then(|range| Some((end(&range[0])?, end(&range[1])?)));
        ends.is_some_and(|(from, to)| *value < from || *value > to)
    })
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

/// Theories of which a point takes seconds.
const SLOW: [&str; 1] = ["max-submatrix-1rsb"];

#[test]
fn reference_values_are_reached() {
    reached(|theory| !SLOW.contains(&theory));
}

#[test]
#[ignore = "some ten seconds; tests/thorough"]
fn reference_values_of_slow_theories_are_reached() {
    reached(|theory| SLOW.contains(&theory));
}

fn reached(of: impl Fn(&str) -> bool) {
    let points: Vec<_> = table().into_iter().filter(|((theory, _), _)| of(theory)).collect();
    let wrong: Vec<String> = points
        .par_iter()
        .flat_map(|((name, parameters), listed)| {
            let digits =
                ACCURACY.iter().find(|(theory, _)| theory == name).map_or(DIGITS, |(_, digits)| *digits);
            let rows = solutions(&load(name), parameters);
            let off = |row: &Row, solution: &Values| {
                let each = solution.iter().map(|(quantity, value)| (row.get(quantity) / value - 1.0).abs());
                each.fold(0.0, |worst: f64, d| if d.is_nan() { f64::INFINITY } else { worst.max(d) })
            };
            let within: Vec<&Values> = listed.iter().filter(|solution| !excluded(name, solution)).collect();
            let mut wrong = Vec::new();
            for solution in listed {
                // A single solution is that of the row; of several, each is one of those of the branches.
                let among = if within.len() == 1 { rows.len().min(1) } else { rows.len() };
                let nearest =
                    rows[..among].iter().map(|row| off(row, solution)).fold(f64::INFINITY, f64::min);
                if excluded(name, solution) != (nearest > digits) {
                    let found: Vec<Vec<f64>> =
                        rows.iter().map(|row| solution.iter().map(|(q, _)| row.get(q)).collect()).collect();
                    wrong
                        .push(format!("{name} at {parameters}: {solution:?}, found {found:?} ({nearest:e})"));
                }
            }
            wrong
        })
        .collect();
    assert!(wrong.is_empty(), "{} solutions of {} points:\n{}", wrong.len(), points.len(), wrong.join("\n"));
}
