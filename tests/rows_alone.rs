//! A row is a function of its parameters: alone, in a grid, in the reversed grid and in a finer one it has the same bytes.
//!
//! Ordinary runs take 60 rows, `tests/thorough` 1000; 10 000 by
//! `OVERLAPS_ALONE=10000 cargo test --release --test rows_alone -- --ignored --nocapture`, of one theory with
//! `OVERLAPS_THEORY=name`.

#[path = "support/random_rows.rs"]
mod random_rows;
mod support;

use std::collections::BTreeMap;

use overlaps::output::csv::CsvWriter;
use overlaps::solve::{Layout, Settings};
use overlaps::system::Theory;
use overlaps::value::Value;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use random_rows::{Drawn, controls, draw, job_of, parameters, theories};
use rayon::prelude::*;

/// Rows of an ordinary run, and of a thorough one.
const SHARE: usize = 60;
const THOROUGH: usize = 1000;
/// Rows of a grid, and how many of them are solved alone.
const GRID: usize = 5;
const ALONE: usize = 2;

/// The lines of a table by control value: one, or two where pieces meet.
fn lines(theory: &Theory, given: &[(String, Value)], controls: &[f64]) -> BTreeMap<u64, Vec<String>> {
    // Rows of a grid are shared by threads, a row alone has one.
    let settings = Settings::default().on(2);
    let curves = job_of(given, controls).solve(theory, settings).unwrap_or_else(|e| panic!("{e}"));
    let layout = Layout::new(&[theory], &[], false, settings.tolerance);
    let mut lines: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for piece in &curves {
        let rows = layout.rows(theory, std::slice::from_ref(piece), &[], false);
        for (control, row) in piece.curve.controls.iter().zip(rows) {
            let mut writer = CsvWriter::rows(Vec::new());
            writer.write_row(&row).unwrap();
            let line = String::from_utf8(writer.finish().unwrap()).unwrap();
            lines.entry(control.to_bits()).or_default().push(line.trim_end().to_string());
        }
    }
    lines
}

/// What one grid shows: how many rows were compared, and those that differ.
fn check(theories: &[Drawn], seed: u64) -> (String, usize, Vec<String>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let drawn = draw(&mut rng, theories);
    let theory = &drawn.theory;
    let given = parameters(&mut rng, theory, 0.7);
    let grid = controls(&mut rng, theory, GRID);
    let reversed: Vec<f64> = grid.iter().rev().copied().collect();
    let mut finer = [grid.clone(), controls(&mut rng, theory, GRID - 1)].concat();
    finer.sort_by(f64::total_cmp);
    finer.dedup();
    let here = lines(theory, &given, &grid);
    let mut others =
        vec![("reversed", lines(theory, &given, &reversed)), ("finer", lines(theory, &given, &finer))];
    for _ in 0..ALONE {
        let row = grid[rng.random_range(0..grid.len())];
        others.push(("alone", lines(theory, &given, &[row])));
    }
    let mut differences = Vec::new();
    for (how, other) in &others {
        for (control, there) in other.iter().filter(|(control, _)| here.contains_key(control)) {
            if here[control] != *there {
                differences.push(format!(
                    "{seed}: {} at {given:?}, grid {grid:?}: {how}\n    {}\n    {}",
                    drawn.name,
                    here[control].join("\n    "),
                    there.join("\n    ")
                ));
            }
        }
    }
    (drawn.name.clone(), here.len(), differences)
}

#[test]
fn a_row_is_a_function_of_its_parameters() {
    no_difference(SHARE);
}

#[test]
#[ignore = "a minute; tests/thorough"]
fn rows_in_large_numbers_are_functions_of_their_parameters() {
    no_difference(std::env::var("OVERLAPS_ALONE").ok().and_then(|n| n.parse().ok()).unwrap_or(THOROUGH));
}

fn no_difference(rows: usize) {
    let theories = theories();
    let grids = rows.div_ceil(GRID) as u64;
    let outcomes: Vec<_> = (0..grids).into_par_iter().map(|seed| check(&theories, seed)).collect();
    let mut by_theory: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (name, rows, differences) in &outcomes {
        let entry = by_theory.entry(name).or_default();
        entry.0 += rows;
        entry.1 += differences.len();
    }
    for (name, (rows, differences)) in &by_theory {
        println!("{name}: {rows} rows, {differences} differences");
    }
    let compared: usize = by_theory.values().map(|(rows, _)| rows).sum();
    let differences: Vec<&String> = outcomes.iter().flat_map(|(_, _, d)| d).collect();
    for one in differences.iter().take(30) {
        println!("{one}");
    }
    assert!(differences.is_empty(), "{} differences in {compared} rows", differences.len());
}
