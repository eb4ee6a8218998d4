//! `overlaps atlas`: theories beside simulations of them, on one page.

mod support;

use std::fs;

use support::run_in;
use tempfile::TempDir;

#[test]
fn a_small_atlas_has_a_page_and_a_table() {
    let folder = TempDir::new().unwrap();
    let output = run_in(
        folder.path(),
        &["atlas", "ridge", "second-phase", "second-phase-printed", "--seeds", "8", "--output", "a.html"],
    );
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{message}");
    assert!(message.contains("wrote a.html, a.csv, a.json"), "{message}");
    let table = fs::read_to_string(folder.path().join("a.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let names = rows.headers().unwrap().clone();
    let place = |name: &str| names.iter().position(|own| own == name).unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let said: Vec<[&str; 3]> =
        rows.iter().map(|row| ["system", "model", "verdict"].map(|name| &row[place(name)])).collect();
    assert_eq!(
        said,
        [
            ["second-phase", "denoiser", "agrees"],
            // Printed with other coefficients than those of the loss.
            ["second-phase-printed", "denoiser", "disagrees"],
            ["ridge", "ridge", "agrees"],
        ]
    );
    // Three of them are judged together.
    for row in &rows {
        let [alone, of_all] = ["p_holm", "p_atlas"].map(|name| row[place(name)].parse::<f64>().unwrap());
        assert!(alone <= of_all && of_all <= (3.0 * alone).min(1.0) * (1.0 + 1e-12), "{row:?}");
    }
    let page = fs::read_to_string(folder.path().join("a.html")).unwrap();
    assert_eq!(page.matches("data:image/svg+xml").count(), 3);
    assert_eq!(page.matches("class=\"result\"").count(), 3);
    assert!(page.contains("overlaps check second-phase-printed"));
    // What it could not show is named only where all are asked for.
    assert!(!page.contains("nothing is simulated yet"));
}

#[test]
fn a_model_stands_for_its_systems_and_what_is_not_simulated_is_refused() {
    let folder = TempDir::new().unwrap();
    let output = run_in(
        folder.path(),
        &["atlas", "denoiser-units", "--seeds", "2", "--output", "units.html", "--quiet"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    let table = fs::read_to_string(folder.path().join("units.csv")).unwrap();
    assert!(
        table.contains("denoiser-units,denoiser-units,") && table.contains("denoiser-units-finite-d,"),
        "{table}"
    );
    for (words, part) in [
        (&["atlas", "rigde"][..], "there is no simulation of `rigde` (did you mean `ridge`?)"),
        (&["atlas", "phase-retrieval"], "there is no simulation of `phase-retrieval`"),
        (&["atlas", "--output", "a.csv"], "--output a.csv names the page; use FILE.html"),
    ] {
        let output = run_in(folder.path(), words);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(part), "{message}");
    }
    assert!(!folder.path().join("results").exists());
}
