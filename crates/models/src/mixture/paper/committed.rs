//! The tables of results/ follow from the numbers beside them: statements are decided again from the committed CSV, without
//! simulation.

use std::fs::{self, File};
use std::path::PathBuf;

use super::figure_1::{self, Curves, OfSchedule, Part, Runs};
use super::result_3;
use super::result_3::coupled::Gap;
use super::result_3::kappa::{self, AtKappa};
use super::result_3::rates::{self, Quantity, Rate, Size};
use crate::mixture::Schedule;
use crate::paper::verdicts::{decide, entries, markdown};
use overlaps::output::csv::read_table;
use overlaps::output::{Cell, Table};
use overlaps::paper::{Decided, Paper};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../results").join(name)
}

struct Rows(Table);

impl Rows {
    fn of(name: &str) -> Rows {
        Rows(read_table(File::open(path(name)).unwrap()).unwrap())
    }

    fn number(&self, name: &str, row: usize) -> f64 {
        self.0.rows[row][self.0.column(name).unwrap()].number().unwrap_or(f64::NAN)
    }

    /// The rows in which columns have these words.
    fn with(&self, wanted: &[(&str, &str)]) -> Vec<usize> {
        let is = |row: &usize, (name, word): &(&str, &str)| {
            self.0.rows[*row][self.0.column(name).unwrap()] == Cell::from(*word)
        };
        (0..self.0.rows.len()).filter(|row| wanted.iter().all(|w| is(row, w))).collect()
    }
}

/// The Markdown and the side file say what follows from the numbers.
fn hold(name: &str, decided: &[Decided]) {
    let text = fs::read_to_string(path(&format!("{name}.md"))).unwrap();
    assert!(text.contains(&markdown(decided)), "{name}.md does not have\n{}", markdown(decided));
    let side: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path(&format!("{name}.json"))).unwrap()).unwrap();
    assert_eq!(side["claims"], serde_json::Value::Array(entries(decided)), "{name}.json");
}

#[test]
fn the_verdicts_of_figure_1_follow_from_its_numbers() {
    let rows = Rows::of("figure-1.csv");
    let last = |row: &usize| rows.number("t", *row) == 2.0;
    let mut runs = Vec::new();
    let mut schedules = Vec::new();
    for schedule in Schedule::ALL {
        let name = figure_1::name(schedule);
        for part in ["time", "dimension"] {
            for row in rows.with(&[("part", part), ("schedule", name)]).into_iter().filter(last) {
                let d = rows.number("d", row);
                runs.push(figure_1::Run {
                    part: if part == "time" { Part::Time } else { Part::Dimension(d) },
                    schedule,
                    seed: rows.number("seed", row) as u64,
                    p_bar: rows.number("p_bar", row),
                    fractions: vec![rows.number("fraction_plus", row)],
                });
            }
        }
        let theory: Vec<(f64, f64)> = rows
            .with(&[("part", "theory"), ("schedule", name)])
            .into_iter()
            .filter(last)
            .map(|row| (rows.number("d", row), rows.number("fraction_plus", row)))
            .collect();
        let at = |d: f64| theory.iter().find(|(known, _)| *known == d).unwrap().1;
        schedules.push(OfSchedule {
            at_d: vec![at(5000.0); 101],
            infinite: vec![at(f64::INFINITY); 101],
            along_p: Vec::new(),
            along_d: theory.clone(),
        });
    }
    let n = (runs[0].p_bar * 128.0) as usize;
    let schedules = <[OfSchedule; 2]>::try_from(schedules).map_err(|_| "two schedules").unwrap();
    let curves = Curves { schedules, continuous: f64::NAN, n: [n, 128 - n] };
    let made = figure_1::fractions(&Runs(runs), &curves).unwrap();
    let paper = Paper::load("2412.07972").unwrap();
    hold("figure-1", &decide(&paper, "figure-1", &[("figure-1", &made)]).unwrap());
}

/// What the rows of one n say in a column.
fn gap(rows: &Rows, here: &[usize], column: &str) -> Gap {
    let of = |quantity: Quantity| {
        let name = Cell::from(quantity.name());
        let row = here.iter().find(|row| rows.0.rows[**row][0] == name);
        row.map_or(f64::NAN, |row| rows.number(column, *row))
    };
    let [mu, eta, xi, variance, fraction, split] = Quantity::ALL.map(of);
    Gap { mu, eta, xi, variance, fraction, split }
}

#[test]
fn the_verdicts_of_result_3_follow_from_its_numbers() {
    let rows = Rows::of("result-3.csv");
    let sizes = |n: &[usize], k: f64| -> Vec<Size> {
        let size = |n: &usize| {
            let here: Vec<usize> = (0..rows.0.rows.len())
                .filter(|row| rows.number("n", *row) == *n as f64 && rows.number("k", *row) == k)
                .collect();
            let of_set = |set: usize| -> Vec<usize> {
                here.iter().copied().filter(|row| rows.number("data_set", *row) == set as f64).collect()
            };
            let sets = (0..).map(of_set).take_while(|set| !set.is_empty());
            Size {
                setting: rates::setting(*n, k).unwrap(),
                gaps: sets.map(|set| gap(&rows, &set, "value")).collect(),
                predicted: gap(&rows, &here, "predicted"),
                limit: gap(&rows, &here, "predicted_limit"),
            }
        };
        n.iter().map(size).collect()
    };
    let (fresh, fixed) = (sizes(&result_3::FRESH, f64::INFINITY), sizes(&result_3::FIXED, 1.0));
    let rate = |quantity: Quantity| {
        Rate::new(quantity, if quantity.with_fixed_noise() { &fixed } else { &fresh }).unwrap()
    };
    let count = result_3::SAMPLES_AT_KAPPA as f64;
    let with_error =
        |[value, expected]: [f64; 2]| [value, (expected * (1.0 - expected) / count).sqrt(), expected];
    let at = |kappa: f64| {
        let of = |quantity: &str| {
            let found = rows.with(&[("quantity", quantity)]);
            let row = found.into_iter().find(|row| rows.number("kappa", *row) == kappa).unwrap();
            ["value", "predicted_limit"].map(|column| rows.number(column, row))
        };
        AtKappa {
            kappa,
            fraction: with_error(of("p_kappa")),
            missing: with_error(of("p_minus_p_kappa")),
            distance: [of("ks_distance")[0], of("ks_probability")[0]],
            samples: result_3::SAMPLES_AT_KAPPA,
        }
    };
    let made = [
        ("rates", &rates::table(&Quantity::ALL.map(rate)).unwrap()),
        ("kappa", &kappa::table(&result_3::KAPPAS.map(at)).unwrap()),
    ];
    let paper = Paper::load("2412.07972").unwrap();
    hold("result-3", &decide(&paper, "result-3", &made).unwrap());
}
