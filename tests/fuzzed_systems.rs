//! Random systems of up to four unknowns whose solutions are known, because they were built backwards from them: no row
//! that says `converged` is anything else.
//!
//! `tests/support/backwards.rs` builds them. Ordinary runs take 40, `tests/thorough` 300, all 200 000 by
//! `OVERLAPS_FUZZED=200000 cargo test --release --test fuzzed_systems -- --ignored --nocapture`; one of them, with its
//! text, by `OVERLAPS_FUZZED_ONE=number`.

#[path = "support/backwards.rs"]
mod backwards;
mod support;

use backwards::{Known, System};
use overlaps::solve::Settings;
use overlaps::system::Theory;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use support::job;

/// Systems of an ordinary run, and of a thorough one.
const SHARE: u64 = 40;
const THOROUGH: u64 = 300;
/// Closer than this to the end of a range, round-off decides whether a solution is inside.
const EDGE: f64 = 1e-7;

/// What came of one system.
#[derive(Debug, Default, Clone)]
struct Outcome {
    unknowns: usize,
    /// Whether every unknown has a range.
    ranges: bool,
    rows: usize,
    /// Rows, or solutions of rows, that are no solutions.
    wrong: Vec<String>,
    /// Rows that have a solution in the range and say that they have none.
    lost_rows: usize,
    /// Solutions in the range, certain ones, and how many of them were found.
    known: usize,
    found: usize,
    /// Rows whose solution is not the selected one of those that are known.
    not_selected: usize,
    selected: usize,
}

fn check(seed: u64) -> Outcome {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let n = [1, 1, 2, 2, 3, 4][rng.random_range(0..6)];
    let system = System::random(&mut rng, n);
    let controls = [[-1.0, 0.0, 1.0], [-0.75, 0.125, 0.5], [0.0, 0.25, 0.5]][rng.random_range(0..3)];
    let theory =
        Theory::parse("backwards", &system.text).unwrap_or_else(|e| panic!("{seed}: {e}\n{}", system.text));
    let curves = job(&[], &controls).solve(&theory, Settings::default());
    let curve = &curves[0].curve;
    let mut outcome = Outcome {
        unknowns: n,
        ranges: system.ranges.iter().all(Option::is_some),
        rows: controls.len(),
        ..Outcome::default()
    };
    for (row, t) in controls.iter().enumerate() {
        let known: Vec<Known> = system.all(*t).into_iter().filter(|k| system.inside(&k.x) > -EDGE).collect();
        let certain: Vec<&Known> = known.iter().filter(|k| k.certain && system.inside(&k.x) > EDGE).collect();
        let reported = curve.solution(row).map(|(_, s)| s.x.as_slice().to_vec());
        // With what each says of its own accuracy: round-off moves roots at which the equations are nearly flat.
        let found: Vec<(Vec<f64>, f64)> = match &reported {
            // Far out equations can be flat below the accuracy of their terms: what is named one of a family claims no more.
            Some(_) => (curve.solutions(row).iter())
                .filter(|(_, s)| !s.is_one_of_a_family())
                .map(|(_, s)| (s.x.as_slice().to_vec(), 4.0 * s.uncertainty.min(1e-3)))
                .collect(),
            None => Vec::new(),
        };
        for (x, own) in &found {
            let is = |k: &&Known| system.distance(&k.x, x) <= k.tolerance.max(*own);
            if !known.iter().any(|k| is(&k)) {
                let nearest = known.iter().map(|k| system.distance(&k.x, x)).fold(f64::INFINITY, f64::min);
                let all = system.all(*t).iter().any(|k| is(&k));
                let what = if all { "outside the range" } else { "no solution" };
                let first = if Some(x) == reported.as_ref() { "the row" } else { "a branch" };
                outcome
                    .wrong
                    .push(format!("{seed}: t = {t}: {first} {x:?} is {what}, {nearest:e} from the nearest"));
            }
        }
        let near = |k: &Known| found.iter().any(|(x, own)| system.distance(&k.x, x) <= k.tolerance.max(*own));
        outcome.known += certain.len();
        outcome.found += certain.iter().filter(|k| near(k)).count();
        let lost = reported.is_none() && !certain.is_empty();
        outcome.lost_rows += usize::from(lost);
        if certain.len() > certain.iter().filter(|k| near(k)).count()
            && std::env::var("OVERLAPS_FUZZED_LOST").is_ok()
        {
            println!(
                "lost {seed}: t = {t}: {n} unknowns, whole row: {lost}, found {found:?}, of {:?}",
                certain.iter().map(|k| &k.x).collect::<Vec<_>>()
            );
        }
        if let (Some(x), true) = (&reported, system.selected) {
            let lowest = certain.iter().map(|k| system.selection(&k.x)).fold(f64::INFINITY, f64::min);
            let among = found.iter().map(|(x, _)| system.selection(x)).fold(f64::INFINITY, f64::min);
            let value = system.selection(x);
            if value > among + 1e-9 {
                outcome
                    .wrong
                    .push(format!("{seed}: t = {t}: the row {value} is not the lowest found, {among}"));
            }
            outcome.selected += 1;
            outcome.not_selected += usize::from(value > lowest + 1e-6);
        }
    }
    outcome
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|n| n.parse().ok())
}

#[test]
fn systems_built_from_their_roots_have_no_wrong_row() {
    no_wrong_row(SHARE);
}

#[test]
#[ignore = "a minute; tests/thorough"]
fn systems_in_large_numbers_have_no_wrong_row() {
    if let Some(seed) = number("OVERLAPS_FUZZED_ONE") {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let n = [1, 1, 2, 2, 3, 4][rng.random_range(0..6)];
        let outcome = check(seed);
        println!("{}\n{outcome:#?}", System::random(&mut rng, n).text);
        assert!(outcome.wrong.is_empty(), "{:?}", outcome.wrong);
        return;
    }
    no_wrong_row(number("OVERLAPS_FUZZED").unwrap_or(THOROUGH));
}

fn no_wrong_row(all: u64) {
    let outcomes: Vec<Outcome> = (0..all).into_par_iter().map(check).collect();
    for (ranges, n) in
        [(true, 1), (true, 2), (true, 3), (true, 4), (false, 1), (false, 2), (false, 3), (false, 4)]
    {
        let of = || outcomes.iter().filter(|o| o.unknowns == n && o.ranges == ranges);
        let sum = |value: fn(&Outcome) -> usize| of().map(value).sum::<usize>();
        println!(
            "{n} unknowns {} ranges: {} systems, {} rows, {} wrong; of {} solutions {} not found; {} rows lost; of {} rows {} not the selected solution",
            if ranges { "with" } else { "without" },
            of().count(),
            sum(|o| o.rows),
            sum(|o| o.wrong.len()),
            sum(|o| o.known),
            sum(|o| o.known - o.found),
            sum(|o| o.lost_rows),
            sum(|o| o.selected),
            sum(|o| o.not_selected)
        );
    }
    let wrong: Vec<&String> = outcomes.iter().flat_map(|o| &o.wrong).collect();
    for one in wrong.iter().take(number("OVERLAPS_FUZZED_SHOWN").unwrap_or(40) as usize) {
        println!("{one}");
    }
    let rows: usize = outcomes.iter().map(|o| o.rows).sum();
    let lost: usize = outcomes.iter().map(|o| o.lost_rows).sum();
    assert!(wrong.is_empty(), "{} wrong of {rows} rows", wrong.len());
    assert!(lost * 50 < rows, "{lost} of {rows} rows lost");
}
