//! Every number of `tests/reference/linear.csv` and `modes.csv`, from commands, within its error: which command gives which is in
//! `tests/reference/commands.toml`; what takes several is here.

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use nalgebra::{Matrix3, Vector3};
use rayon::prelude::*;
use serde::Deserialize;
use support::run_in;

/// Files of modes that commands name.
const FILES: [(&str, &str); 4] = [
    ("alike.toml", "weights = [0.5, 0.3, 0.2]\ngram = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]"),
    ("uneven.toml", "weights = [0.2, 0.5, 0.3]\ngram = [[1, 0.3, -0.2], [0.3, 0.8, 0.1], [-0.2, 0.1, 1.3]]"),
    (
        "pairs.toml",
        "[split]\nexponent = 0.5\nhalf_distance = 1\nmodes = [\n\
        { exponent = 0.3, half_distance = 1.5, modes = [0.5, 0.2] },\n\
        { exponent = 0.3, half_distance = 1.5, modes = [0.1, 0.2] },\n]",
    ),
    ("sub-modes.toml", "[split]\nexponent = 0.2\nhalf_distance = 1.5\nmodes = [1, 1]"),
];
/// Standard errors that a sampled number may be off, and rounding of one that is not.
const SIGMAS: f64 = 4.0;
const ROUNDING: f64 = 4e-16;
/// Rows of linear.csv in a committed result, and of modes.csv that take several commands. (The last, of three units, takes them a quarter of
/// an hour; a test of the simulated units holds it.)
const LINEAR_BESIDE: [usize; 5] = [27, 28, 29, 30, 31];
const MODES_BESIDE: [usize; 4] = [1, 15, 33, 34];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Commands {
    command: Vec<Line>,
}

/// An entry of `commands.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    run: String,
    #[serde(default)]
    linear: BTreeMap<String, String>,
    #[serde(default)]
    modes: BTreeMap<String, String>,
    #[serde(default, rename = "where")]
    only: BTreeMap<String, String>,
    #[serde(default)]
    take: Take,
    #[serde(default = "one")]
    factor: f64,
    error: Option<String>,
    #[serde(default)]
    slow: bool,
}

fn one() -> f64 {
    1.0
}

/// What is taken of the rows of a table.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Take {
    #[default]
    First,
    Mean,
    Lowest,
    Exponent,
}

type Row = HashMap<String, String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rows(text: &[u8]) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text);
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// The numbers of a file of `tests/reference`: value and error, by row.
fn reference(name: &str) -> Vec<(f64, f64)> {
    let text = fs::read(root().join("tests/reference").join(name)).unwrap();
    rows(&text).iter().map(|row| (number(row, "value"), number(row, "error"))).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    let text = row.get(column).unwrap_or_else(|| panic!("no {column} in {row:?}"));
    text.parse().unwrap_or_else(|_| panic!("{column} = {text:?}"))
}

fn commands() -> Vec<Line> {
    let text = fs::read_to_string(root().join("tests/reference/commands.toml")).unwrap();
    toml::from_str::<Commands>(&text).unwrap().command
}

/// The table that a command makes.
fn table(line: &str) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    FILES.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    let mut arguments: Vec<&str> = line.split(' ').collect();
    if !arguments.contains(&"--output") {
        arguments.extend(["--format", "csv"]);
    }
    let output = run_in(folder.path(), &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {said}");
    rows(&output.stdout)
}

/// A number and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (count * (count - 1.0))).sqrt())
}

impl Line {
    fn found(&self, rows: &[Row], column: &str) -> (f64, f64) {
        let meant = |row: &&Row| self.only.iter().all(|(name, text)| row.get(name) == Some(text));
        let rows: Vec<&Row> = rows.iter().filter(meant).collect();
        assert!(!rows.is_empty(), "{}: no such row", self.run);
        let all = || rows.iter().map(move |row| number(row, column));
        let (value, error) = match self.take {
            Take::First => (number(rows[0], column), self.error.as_ref().map_or(0.0, |e| number(rows[0], e))),
            Take::Mean => mean(&all().collect::<Vec<_>>()),
            Take::Lowest => {
                let mut lowest: BTreeMap<&str, f64> = BTreeMap::new();
                for row in &rows {
                    let own = lowest.entry(&row["seed"]).or_insert(f64::INFINITY);
                    *own = own.min(number(row, column));
                }
                mean(&lowest.into_values().collect::<Vec<_>>())
            }
            Take::Exponent => {
                let [.., a, b] = rows.as_slice() else { panic!("{}: one row", self.run) };
                let ratio = |column: &str| (number(b, column) / number(a, column)).ln();
                (ratio(column) / ratio("d"), 0.0)
            }
        };
        (value * self.factor, error * self.factor)
    }

    /// What is wrong with its numbers.
    fn faults(&self, files: &[(&str, Vec<(f64, f64)>)]) -> Vec<String> {
        let rows = table(&self.run);
        let of = [&self.linear, &self.modes];
        let each =
            files.iter().zip(of).flat_map(|((name, known), of)| of.iter().map(move |x| (name, known, x)));
        let fault = |(name, known, (row, column)): (&&str, &Vec<(f64, f64)>, (&String, &String))| {
            let (value, error) = known[row.parse::<usize>().unwrap() - 1];
            let (found, own) = self.found(&rows, column);
            (!within((found, own), (value, error)))
                .then(|| format!("{name}, row {row}: {found} ± {own}, not {value} ± {error}: {}", self.run))
        };
        each.filter_map(fault).collect()
    }
}

/// Whether a number is within its error: the stated one, and where it is sampled some standard errors of both.
fn within((found, own): (f64, f64), (value, error): (f64, f64)) -> bool {
    let most = if own > 0.0 { SIGMAS * own.hypot(error) } else { error.max(ROUNDING * value.abs()) };
    (found - value).abs() <= most
}

fn given(slow: bool) {
    let files = [("linear.csv", reference("linear.csv")), ("modes.csv", reference("modes.csv"))];
    let lines: Vec<Line> = commands().into_iter().filter(|line| line.slow == slow).collect();
    let faults: Vec<String> = lines.par_iter().flat_map(|line| line.faults(&files)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn numbers_are_given_by_commands() {
    given(false);
}

#[test]
#[ignore = "some minutes; tests/thorough"]
fn numbers_that_take_long_are_given_by_commands() {
    given(true);
}

#[test]
fn every_number_has_a_command() {
    let lines = commands();
    let listed = |of: fn(&Line) -> &BTreeMap<String, String>, beside: &[usize]| {
        let rows = lines.iter().flat_map(|line| of(line).keys().map(|row| row.parse().unwrap()));
        let mut rows: Vec<usize> = rows.chain(beside.iter().copied()).collect();
        rows.sort_unstable();
        rows
    };
    let all = |name: &str| (1..=reference(name).len()).collect::<Vec<_>>();
    assert_eq!(listed(|line| &line.linear, &LINEAR_BESIDE), all("linear.csv"));
    assert_eq!(listed(|line| &line.modes, &MODES_BESIDE), all("modes.csv"));
}

#[test]
fn distances_of_networks_from_the_equation_are_in_the_results() {
    let known = reference("linear.csv");
    let results = rows(&fs::read(root().join("results/linear-networks.csv")).unwrap());
    for (row, what, t, w) in [
        (27, "distance", "0.3", "3200.0"),
        (28, "distance", "0.3", "51200.0"),
        (29, "distance of the closed form", "0.3", "3200.0"),
        (30, "distance of the first singular value", "0.3", "51200.0"),
        (31, "distance", "10.0", "200.0"),
    ] {
        let found = results.iter().find(|r| r["what"] == what && r["T"] == t && r["w"] == w);
        let found = found.unwrap_or_else(|| panic!("no row {what}, T = {t}, w = {w}"));
        let found = (number(found, "value"), number(found, "error"));
        assert!(within(found, known[row - 1]), "row {row}: {found:?}, not {:?}", known[row - 1]);
    }
}

/// modes.csv, 1: the posterior at given projections, which the flow has at θ from a start that Newton's method finds.
#[test]
fn the_posterior_is_that_of_the_projections() {
    let (g, p) = ("[[1,0.3,-0.2],[0.3,0.8,0.1],[-0.2,0.1,1.3]]", "[0.2,0.5,0.3]");
    let row = |start: &Vector3<f64>| {
        let start = format!("[{},{},{}]", start[0], start[1], start[2]);
        table(&format!("solve modes-flow G={g} p={p} start={start} theta=1.5")).remove(0)
    };
    let end = |row: &Row| Vector3::from_fn(|k, _| number(row, &format!("v_{}", k + 1)));
    let wanted = Vector3::new(0.4, -0.2, 1.1);
    let (mut start, mut found) = (wanted, row(&wanted));
    for _ in 0..8 {
        let off = wanted - end(&found);
        if off.amax() < 1e-15 {
            break;
        }
        let h = 1e-5;
        let slope = |k: usize| {
            let mut moved = start;
            moved[k] += h;
            (end(&row(&moved)) - end(&found)) / h
        };
        let slopes = Matrix3::from_columns(&[slope(0), slope(1), slope(2)]);
        start += slopes.lu().solve(&off).unwrap();
        found = row(&start);
    }
    assert!(within((number(&found, "pi_1"), 0.0), reference("modes.csv")[0]), "{found:?}");
}

/// modes.csv, 15: steps of length √d/N in the limit d → ∞, by the dimensions that are free of 1/√d, 1/d and d^(−3/2).
#[test]
fn uniform_steps_of_one_length_have_a_limit() {
    let steps = [1e3, 4e3, 2e4, 1e5];
    let fraction = |n: &f64| {
        let rows = table(&format!("steps p=0.8 schedule=uniform d={} --steps {n} --most 1", n * n));
        number(rows.iter().find(|row| row["what"] == "given").unwrap(), "fraction_plus")
    };
    // The polynomial in 1/N through all of them, at 0.
    let weight = |i: usize| -> f64 {
        let others = (0..steps.len()).filter(|j| *j != i);
        others.map(|j| steps[i] / (steps[i] - steps[j])).product()
    };
    let limit: f64 = steps.iter().enumerate().map(|(i, n)| weight(i) * fraction(n)).sum();
    assert!(within((limit, 0.0), reference("modes.csv")[14]), "{limit}");
}

/// Where the losses of two solutions cross, from their difference at a place and its slope.
fn crossing(at: f64, gain: impl Fn(f64) -> f64) -> f64 {
    let (h, here) = (1e-4 * at, gain(at));
    at - here * h / (gain(at + h) - here)
}

/// modes.csv, 33: κt at which two units have the loss of one.
#[test]
fn two_units_come_into_use_where_losses_cross() {
    let gain = |kt: f64| {
        let row = table(&format!("solve denoiser-units K=2 t=0.14 kappa={}", kt / 0.14)).remove(0);
        number(&row, "loss_of_one") - number(&row, "loss")
    };
    let known = reference("modes.csv")[32];
    let found = crossing(known.0, gain);
    assert!(within((found, 0.0), known), "{found}");
}
