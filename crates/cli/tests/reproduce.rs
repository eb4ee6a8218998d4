//! `overlaps reproduce`: small variants of the results that are committed, and bad input.

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

/// The verdict on a claim, from its row in a committed table.
fn verdict(text: &str, claim: &str) -> String {
    let row =
        text.lines().find(|line| line.contains(claim)).unwrap_or_else(|| panic!("no {claim} in {text}"));
    row.split('|').nth(3).unwrap_or_default().trim().to_string()
}

#[test]
fn the_printed_rate_of_result_3_holds_along_mu_only() {
    let text = read(concat!(env!("CARGO_MANIFEST_DIR"), "/../..", "/results/result-3.md"));
    for (claim, expected) in [
        ("along μ: O(1/n)", "holds"),
        ("along η: O(1/n)", "**fails**"),
        ("along ξ: O(1/n)", "**fails**"),
        ("variance → σ²", "holds"),
        ("p̂ → p as n → ∞", "holds"),
        ("ν₁ ~ p N(κ, 1) + (1 − p) N(−κ, 1)", "holds"),
    ] {
        assert_eq!(verdict(&text, claim), expected, "{claim}");
    }
}

#[test]
fn the_committed_figure_1_is_that_of_the_dilated_schedule_alone() {
    let text = read(concat!(env!("CARGO_MANIFEST_DIR"), "/../..", "/results/figure-1.md"));
    for (claim, expected) in [
        ("dilated: p̂ within 0.02 of p̄ at d = 5000", "holds"),
        ("plain: p̂ within 0.02 of p̄ at d = 5000", "**fails**"),
        ("plain: no sample in mode − at d = 5·10⁹", "holds"),
    ] {
        assert_eq!(verdict(&text, claim), expected, "{claim}");
    }
}

#[test]
fn a_result_with_a_figure_needs_a_name_of_its_own_for_the_text() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    for (name, file, part) in [
        ("figure-1", "x.svg", "the SVG beside it"),
        ("result-3", "x.csv", "the CSV beside it"),
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
