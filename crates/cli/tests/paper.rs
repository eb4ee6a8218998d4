//! `overlaps paper` and `overlaps reproduce`: what the committed tables say, which tables are made, and bad input.

use std::path::Path;
use std::process::{Command, Output};

fn overlaps(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_overlaps"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|e| panic!("{e}"))
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path.as_ref()).unwrap_or_else(|e| panic!("{}: {e}", path.as_ref().display()))
}

/// The verdicts in the side file of a committed table, by what the statements say.
fn verdicts(name: &str) -> Vec<(String, String)> {
    let path = format!("{}/../../results/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let side: serde_json::Value = serde_json::from_str(&read(path)).unwrap_or_else(|e| panic!("{e}"));
    let word = |claim: &serde_json::Value, key: &str| claim[key].as_str().unwrap_or_default().to_string();
    let claims = side["claims"].as_array().unwrap_or_else(|| panic!("{name} has no claims"));
    claims.iter().map(|claim| (word(claim, "text"), word(claim, "verdict"))).collect()
}

#[test]
fn the_printed_rate_of_result_3_holds_along_mu_only() {
    let found = verdicts("result-3");
    for (statement, expected) in [
        ("along μ: O(1/n)", "holds"),
        ("along η: O(1/n)", "fails"),
        ("along ξ: O(1/n)", "fails"),
        ("variance → σ²", "holds"),
        ("p̂ → p as n → ∞", "holds"),
        ("ν₁ ~ p N(κ, 1) + (1 − p) N(−κ, 1)", "holds"),
    ] {
        assert!(found.contains(&(statement.into(), expected.into())), "{statement}: {found:?}");
    }
}

#[test]
fn the_committed_figure_1_is_that_of_the_dilated_schedule_alone() {
    let found = verdicts("figure-1");
    for (statement, expected) in [
        ("dilated: p̂ within 0.02 of p̄ at d = 5000", "holds"),
        ("plain: p̂ within 0.02 of p̄ at d = 5000", "fails"),
        ("plain: no sample in mode − at d = 5·10⁹", "holds"),
    ] {
        assert!(found.contains(&(statement.into(), expected.into())), "{statement}: {found:?}");
    }
}

#[test]
fn the_side_file_of_a_table_says_what_the_table_says() {
    for name in ["printed-formulas", "figure-1", "result-3", "linear-networks"] {
        let text = read(format!("{}/../../results/{name}.md", env!("CARGO_MANIFEST_DIR")));
        let rows: Vec<(String, String)> = text
            .lines()
            .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
            .filter(|row| row.len() > 4 && ["holds", "**fails**"].iter().any(|word| row[3].starts_with(word)))
            .map(|row| (row[2].to_string(), row[3].split(' ').next().unwrap_or_default().replace('*', "")))
            .collect();
        assert_eq!(rows, verdicts(name), "{name}");
    }
}

#[test]
fn what_a_paper_states_is_listed() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let listed = |arguments: &[&str]| {
        let output = overlaps(folder.path(), &[&["paper"], arguments, &["--list"]].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap_or_default()
    };
    let all = listed(&["2412.07972"]);
    for part in ["arXiv:2412.07972", "printed-formulas", "  Result 1: q = m² + n q_η²", "figure-1"] {
        assert!(all.contains(part), "{all}");
    }
    let one = listed(&["2412.07972", "--only", "figure-1"]);
    assert!(one.contains("plain: no sample") && !one.contains("Result 1"), "{one}");
    assert!(listed(&["2501.00988"]).contains("steps-vp: "));
}

#[test]
fn an_unknown_paper_or_table_is_named_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    for (arguments, code, part) in [
        (&["paper", "2412.07927"][..], 2, "2412.07972"),
        (&["paper"], 2, "<NAME>"),
        (&["paper", "2412.07972", "--only", "figure1"], 1, "did you mean `figure-1`?"),
        (&["paper", "2412.07972", "--only", "x"], 1, "printed-formulas, figure-1, result-3"),
        (&["paper", "2501.00988", "--seeds", "4"], 1, "leave out --seeds"),
        (&["paper", "2412.07972", "--seeds", "1"], 2, "2..=10000"),
        (&["reproduce", "figure-2"], 2, "figure-1"),
    ] {
        let output = overlaps(folder.path(), arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
    assert_eq!(folder.path().read_dir().map(Iterator::count).unwrap_or(1), 0, "nothing is written");
}

#[test]
fn a_table_that_a_command_makes_is_that_of_the_command() {
    let through = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let output = overlaps(through.path(), &["paper", "2501.00988", "--only", "steps-vp", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    let made = |name: &str| read(through.path().join("results").join(name));
    let committed = |name: &str| read(format!("{}/../../results/{name}", env!("CARGO_MANIFEST_DIR")));
    for name in ["steps-vp.csv", "steps-vp.json", "steps-vp.svg"] {
        assert!(made(name) == committed(name), "{name} differs");
    }
}

#[test]
fn a_result_with_a_figure_needs_a_name_of_its_own_for_the_text() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    for (name, file, part) in [
        ("figure-1", "x.svg", "the SVG beside it"),
        ("result-3", "x.csv", "the CSV beside it"),
        ("result-3", "x.json", "the JSON beside it"),
        ("figure-1", "missing/x.md", "missing"),
    ] {
        let output = overlaps(folder.path(), &["reproduce", name, "--output", file]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(folder.path().read_dir().map(Iterator::count).unwrap_or(1), 0, "nothing is left behind");
}

#[test]
fn one_data_set_has_no_error_and_is_refused() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    for name in ["figure-1", "result-3"] {
        let output = overlaps(folder.path(), &["reproduce", name, "--seeds", "1"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("2..=10000"), "{output:?}");
    }
}
