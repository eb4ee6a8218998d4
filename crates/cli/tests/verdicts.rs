//! Results that have been made again say what those of `results` say: the same verdicts in every side file, and the same
//! numbers of steps.
//!
//! `OVERLAPS_RESULTS=FOLDER cargo test --release --test verdicts` compares a folder; its files have the names of those in
//! `results`. Verdicts, not bytes: the last digits of a simulation may depend on the mathematical library of the system, and
//! fewer data sets lead to the same verdicts. How many places of a statement are rejected is left out for the same reason.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

fn results() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results")
}

/// What a side file says of theories and statements: whatever has a verdict, by the words that stand beside it.
fn verdicts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(verdicts).collect(),
        Value::Object(map) => {
            let own = map.contains_key("verdict").then(|| {
                let about = ["theory", "compared", "for", "source", "statement", "text"];
                let said =
                    map.iter().filter(|(key, _)| about.contains(&key.as_str()) || key.ends_with("verdict"));
                said.map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join(", ")
            });
            own.into_iter().chain(map.values().flat_map(verdicts)).collect()
        }
        _ => Vec::new(),
    }
}

/// The first difference between what was and what is said.
fn difference(was: &Value, is: &Value) -> Option<String> {
    let (was, is) = (verdicts(was), verdicts(is));
    let none = String::from("nothing");
    let place = (0..was.len().max(is.len())).find(|place| was.get(*place) != is.get(*place))?;
    let at = |said: &[String]| said.get(place).unwrap_or(&none).clone();
    Some(format!("was {}\nis  {}", at(&was), at(&is)))
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The rows of a table of steps by d, schedule and what was counted: everything after these columns.
fn steps(path: &Path) -> HashMap<String, Vec<String>> {
    let mut table = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let headers = table.headers().unwrap().clone();
    let place = |name: &str| headers.iter().position(|known| known == name).unwrap();
    let [d, schedule, what] = ["d", "schedule", "what"].map(place);
    let rows = table.records().map(|row| {
        let row = row.unwrap();
        let key = format!("d = {}, {}, {}", &row[d], &row[schedule], &row[what]);
        (key, row.iter().skip(what + 1).map(str::to_owned).collect())
    });
    rows.collect()
}

#[test]
fn results_made_again_have_the_verdicts_of_the_committed_ones() {
    // Relative to where the command was given, not to the package.
    let Some(made) = std::env::var_os("OVERLAPS_RESULTS").map(PathBuf::from) else { return };
    assert!(made.is_absolute(), "OVERLAPS_RESULTS={} is not an absolute path", made.display());
    let mut names: Vec<_> = fs::read_dir(&made).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut compared = 0;
    for name in names.iter().filter(|name| Path::new(name).extension().is_some_and(|e| e == "json")) {
        let committed = results().join(name);
        if !committed.exists() || verdicts(&read(&committed)).is_empty() {
            continue;
        }
        let name = name.to_string_lossy();
        if let Some(difference) = difference(&read(&committed), &read(&made.join(&*name))) {
            panic!(
                "{name}: the verdicts differ; if that is meant, make the files again (book/src/findings.md, Results)\n{difference}"
            );
        }
        println!("{name}: the same verdicts");
        compared += 1;
    }
    assert!(compared > 0, "{} has no side file with verdicts", made.display());
}

#[test]
fn steps_counted_again_are_those_of_the_committed_table() {
    let Some(made) = std::env::var_os("OVERLAPS_RESULTS").map(|folder| Path::new(&folder).join("steps.csv"))
    else {
        return;
    };
    if !made.exists() {
        return;
    }
    let (was, is) = (steps(&results().join("steps-vp.csv")), steps(&made));
    assert_eq!(is.len(), 16);
    for (key, numbers) in is {
        let known = was.get(&key).unwrap_or_else(|| panic!("steps-vp.csv has no row for {key}"));
        let close = |(a, b): (&String, &String)| match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => (a - b).abs() <= 1e-6,
            _ => a == b,
        };
        assert!(known.iter().zip(&numbers).all(close), "{key}: was {known:?}, is {numbers:?}");
    }
}

#[test]
fn a_verdict_that_has_changed_is_seen() {
    let side = |verdict: &str, derived: &str| {
        json!({
            "command": ["overlaps"],
            "claims": [
                { "source": "Result 1", "text": "r = ω²", "measured": 0.3, "verdict": "fails", "derived_verdict": derived },
                { "source": "Result 3", "text": "along μ", "measured": -1.01, "verdict": verdict },
            ],
        })
    };
    assert_eq!(difference(&side("holds", "holds"), &side("holds", "holds")), None);
    let changed = difference(&side("holds", "holds"), &side("undecided", "holds")).unwrap();
    assert!(changed.contains("was source: \"Result 3\"") && changed.contains("undecided"), "{changed}");
    assert!(difference(&side("holds", "holds"), &side("holds", "fails")).is_some());
    assert!(difference(&json!({ "verdict": "agrees" }), &json!({})).unwrap().contains("is  nothing"));
}
