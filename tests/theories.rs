//! Published theories against their published or independently computed values: every row of
//! `tests/theories/reference.csv`, with the equation files beside it, and of `library.csv`, with the built-in ones; and
//! each built-in one along its default grid.
//!
//! `tests/theories/README.md` says where the values come from, and which are held to how many digits.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use overlaps::solve::{Job, PieceCurve, Settings};
use overlaps::system::{BUILT_IN, Theory};
use overlaps::value::Value;
use rayon::prelude::*;
use support::{Row, job, row};

/// Digits that a reference has, where it is not known to 1e-9: the data published with a paper, and roots that are
/// only known to the root of round-off.
const ACCURACY: [(&str, f64); 4] = [
    ("gaussian-mixture-square", 5e-9), // published CSV, Loureiro et al. 2021
    ("gaussian-mixture-lasso", 1e-8),  // published CSV, Loureiro et al. 2021
    ("saad-solla-plateau", 6e-8), // a double root, known to the root of round-off; the table is 2e-8 from 1/√6 and 1/3
    ("compressed-sensing", 2e-8), // at Δ = 1e-11 averages are known to 1e-12, of errors of 5e-11
];
const DIGITS: f64 = 1e-9;

/// The file of a theory beside the table, if it is not built in.
fn file(theory: &str) -> Option<String> {
    let built_in = BUILT_IN.iter().any(|system| system.name == theory);
    (!built_in).then(|| format!("{}/tests/theories/{theory}.toml", env!("CARGO_MANIFEST_DIR")))
}

fn load(theory: &str) -> Theory {
    Theory::load(file(theory).as_deref().unwrap_or(theory)).unwrap_or_else(|e| panic!("{e}"))
}

/// One solution: its quantities.
type Values = Vec<(String, f64)>;

/// A table, by theory and parameters: the solutions that are listed there, mostly one.
fn table(name: &str) -> BTreeMap<(String, String), Vec<Values>> {
    let path = format!("{}/tests/theories/{name}", env!("CARGO_MANIFEST_DIR"));
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
    let Some(path) = file(theory) else { return false };
    let file: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let end = |value: &toml::Value| value.as_float().or_else(|| value.as_integer().map(|i| i as f64));
    solution.iter().any(|(name, value)| {
        let range = file.get("unknowns").and_then(|u| u.get(name)?.get("range")?.as_array());
        let ends = range.and_then(|range| Some((end(&range[0])?, end(&range[1])?)));
        ends.is_some_and(|(from, to)| *value < from || *value > to)
    })
}

/// Values of a list under the names that they have one by one.
fn written_out(name: String, value: Value) -> Vec<(String, Value)> {
    match value {
        Value::List(list) => {
            let entries = list.iter().zip(1..);
            entries.flat_map(|(value, i)| written_out(format!("{name}_{i}"), value.clone())).collect()
        }
        value => vec![(name, value)],
    }
}

/// All solutions at one point, that of the row first.
fn solutions(name: &str, parameters: &str) -> Vec<Row> {
    let given = parameters.split(';').filter_map(|pair| pair.trim().split_once('='));
    let value = |name: &str, text: &str| Value::read(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let given = given.flat_map(|(name, text)| written_out(name.to_string(), value(name, text)));
    let given: Vec<(String, Value)> = given.collect();
    let theory = &load(name).resized(&given).unwrap_or_else(|e| panic!("{e}"));
    let (control, others): (Vec<_>, Vec<_>) = given.into_iter().partition(|(n, _)| *n == theory.control.name);
    let controls = control.iter().filter_map(|(_, value)| value.number()).collect();
    let job = Job { parameters: others, controls: Some(controls) };
    let curves = job.solve(theory, Settings::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let piece = &curves[0];
    let Some((track, first)) = piece.curve.solution(0) else { return Vec::new() };
    let mut rows = vec![row(piece, &track.name, first)];
    let all = piece.curve.solutions(0).into_iter().filter(|(other, _)| other.name != track.name);
    rows.extend(all.map(|(track, solution)| row(piece, &track.name, solution)));
    rows.retain(|row| row.converged);
    rows
}

/// Theories of which a point takes seconds.
const SLOW: [&str; 8] = [
    "correlation",
    "compressed-sensing",
    "phase-retrieval",
    "logistic-separability",
    "amp-hard-threshold",
    "denoiser-units",
    "denoiser-units-finite-d",
    "denoiser-tanh-units",
];

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
    let tables = ["reference.csv", "library.csv"].map(table);
    let points: Vec<_> = tables.into_iter().flatten().filter(|((theory, _), _)| of(theory)).collect();
    let wrong: Vec<String> = points
        .par_iter()
        .flat_map(|((name, parameters), listed)| {
            let digits =
                ACCURACY.iter().find(|(theory, _)| theory == name).map_or(DIGITS, |(_, digits)| *digits);
            let rows = solutions(name, parameters);
            let off = |row: &Row, solution: &Values| {
                let each = solution.iter().map(|(quantity, value)| match row.get(quantity) {
                    found if *value == 0.0 => found.abs(),
                    found => (found / value - 1.0).abs(),
                });
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

#[test]
fn every_equation_file_is_built_in_under_its_subject_and_has_values_to_reach() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut files = Vec::new();
    let mut folders = vec![format!("{root}/equations")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path.display().to_string()),
                false if path.extension().is_some_and(|e| e == "toml") => {
                    files.push(path.strip_prefix(root).unwrap().display().to_string());
                }
                false => {}
            }
        }
    }
    let mut built_in: Vec<String> = BUILT_IN.iter().map(|system| system.path()).collect();
    files.sort();
    built_in.sort();
    assert_eq!(files, built_in);
    let names: BTreeSet<&str> = BUILT_IN.iter().map(|system| system.name).collect();
    assert_eq!(names.len(), BUILT_IN.len(), "names are unique over all folders");
    let checked: BTreeSet<String> = table("library.csv").into_keys().map(|(theory, _)| theory).collect();
    let unchecked: Vec<_> = BUILT_IN
        .iter()
        .filter(|s| !s.subject().is_empty() && !checked.contains(s.name))
        .map(|s| s.name)
        .collect();
    assert!(unchecked.is_empty(), "without a value in tests/theories/library.csv: {unchecked:?}");
}

#[test]
#[ignore = "a few minutes; tests/thorough"]
fn built_in_theories_converge_along_their_default_grids() {
    let wrong: Vec<String> = BUILT_IN
        .par_iter()
        .flat_map(|system| {
            let theory = load(system.name);
            // Rows do not depend on their neighbours.
            let grid = theory.control.grid();
            let mut some: Vec<f64> = grid.iter().copied().step_by(4).chain(grid.last().copied()).collect();
            some.dedup();
            let curves = job(&[], &some).solve(&theory, Settings::default());
            let without = |piece: &PieceCurve| {
                let missing = |i: &usize| piece.curve.solution(*i).is_none();
                (0..piece.curve.controls.len())
                    .filter(missing)
                    .map(|i| piece.curve.controls[i])
                    .collect::<Vec<_>>()
            };
            let missing: Vec<f64> = curves.iter().flat_map(without).collect();
            (!missing.is_empty()).then(|| format!("{}: no solution at {missing:?}", system.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
