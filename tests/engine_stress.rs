//! Random parameters over wide ranges for every built-in system and every theory of `tests/theories`: each row that says
//! `converged` is judged by the independent computation of `overlaps::verify` (its own evaluator, its own quadrature with
//! breakpoints, its own search), and its outputs by the ranges of the file.
//!
//! Ordinary runs take 6, `tests/thorough` 60; `OVERLAPS_STRESS=10000 cargo test --release --test engine_stress -- --ignored
//! --nocapture` takes so many, of one theory with `OVERLAPS_THEORY=name`.

#[path = "support/random_rows.rs"]
mod random_rows;
mod support;

use std::collections::BTreeMap;

use overlaps::solve::{Settings, reports};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use random_rows::{Drawn, controls, draw, job_of, parameters, theories};
use rayon::prelude::*;

/// Rows of an ordinary run, and of a thorough one.
const SHARE: u64 = 6;
const THOROUGH: u64 = 60;
/// Powers of ten by which a parameter leaves its default, up or down.
const DECADES: f64 = 2.0;

/// What came of one row.
enum Outcome {
    NotConverged,
    Unverified,
    Right,
    Wrong(String),
}

fn check(theories: &[Drawn], seed: u64) -> (String, Outcome) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let drawn = draw(&mut rng, theories);
    let given = parameters(&mut rng, &drawn.theory, DECADES);
    let control = controls(&mut rng, &drawn.theory, 1);
    let settings = Settings::default();
    let curves = job_of(&given, &control).solve(&drawn.theory, settings).unwrap_or_else(|e| panic!("{e}"));
    let mut outcome = Outcome::NotConverged;
    for piece in &curves {
        match reports(piece, false, settings) {
            Err(_) => outcome = Outcome::Unverified,
            Ok(reports) => {
                for report in reports.into_iter().flatten() {
                    outcome = match report.disagreements.first() {
                        Some(wrong) => {
                            let x = piece
                                .curve
                                .solution(0)
                                .map(|(track, s)| (track.name.clone(), s.x.as_slice().to_vec()));
                            Outcome::Wrong(format!(
                                "{seed}: {} at {given:?} {control:?} {x:?}: {wrong}",
                                drawn.name
                            ))
                        }
                        None if report.unverified.is_some() => Outcome::Unverified,
                        None => Outcome::Right,
                    };
                }
            }
        }
    }
    (drawn.name.clone(), outcome)
}

#[test]
fn rows_at_random_parameters_stand_up_to_an_independent_computation() {
    none_is_wrong(SHARE);
}

#[test]
#[ignore = "half a minute; tests/thorough"]
fn rows_in_large_numbers_stand_up_to_an_independent_computation() {
    none_is_wrong(std::env::var("OVERLAPS_STRESS").ok().and_then(|n| n.parse().ok()).unwrap_or(THOROUGH));
}

fn none_is_wrong(rows: u64) {
    let theories = theories();
    let outcomes: Vec<_> = (0..rows).into_par_iter().map(|seed| check(&theories, seed)).collect();
    let mut by_theory: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for (name, outcome) in &outcomes {
        let place = match outcome {
            Outcome::Right => 0,
            Outcome::NotConverged => 1,
            Outcome::Unverified => 2,
            Outcome::Wrong(_) => 3,
        };
        by_theory.entry(name).or_default()[place] += 1;
    }
    for (name, [right, failed, unverified, wrong]) in &by_theory {
        println!("{name}: {right} right, {failed} not converged, {unverified} not verified, {wrong} wrong");
    }
    let wrong: Vec<&String> =
        outcomes.iter().filter_map(|(_, o)| if let Outcome::Wrong(w) = o { Some(w) } else { None }).collect();
    for one in wrong.iter().take(40) {
        println!("{one}");
    }
    assert!(wrong.is_empty(), "{} of {rows} rows are wrong", wrong.len());
}
