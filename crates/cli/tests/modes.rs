//! Mixtures of many modes as commands: two modes are the case that has commands of its own, more are known from quadrature.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use support::run_in;

const TWO: &str = "weights = [0.8, 0.2]\ngram = [[1, -1], [-1, 1]]\n";
const PAIRS: &str = "[split]\nexponent = 0.5\nhalf_distance = 1\nmodes = [\n\
    { exponent = 0.3, half_distance = 1.5, modes = [0.5, 0.2] },\n\
    { exponent = 0.3, half_distance = 1.5, modes = [0.1, 0.2] },\n]\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.toml"), TWO).unwrap();
    fs::write(folder.path().join("pairs.toml"), PAIRS).unwrap();
    folder
}

fn run(folder: &Path, line: &str, code: i32) -> Output {
    let output = run_in(folder, &line.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(code), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Rows of a CSV, as the values of some columns.
fn rows(folder: &Path, file: &str, names: &[&str]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
    let headers = reader.headers().unwrap().clone();
    let places: Vec<usize> = names.iter().map(|n| headers.iter().position(|h| h == *n).unwrap()).collect();
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| places.iter().map(|place| row[*place].to_string()).collect()).collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

#[test]
fn two_modes_return_and_are_decided_as_the_mixture_of_two_is() {
    let folder = folder();
    let folder = folder.path();
    run(folder, "uturn --modes two.toml d=1e6 reach=4 t=0.1,0.3,0.6 --forward resample --output many.csv", 0);
    run(folder, "uturn d=1e6 t=0.1,0.3,0.6 --forward resample --seeds 2 --samples 100 --output two.csv", 0);
    let names = ["t", "from", "to", "predicted", "predicted_error"];
    let many = rows(folder, "many.csv", &names);
    let two = rows(folder, "two.csv", &["source", "t", "plus_from_plus", "plus_from_minus"]);
    let mut compared = 0;
    for theory in two.iter().filter(|row| row[0] == "theory") {
        for (from, exact) in [("1", &theory[2]), ("2", &theory[3])] {
            let own = many.iter().find(|row| row[0] == theory[1] && row[1] == from && row[2] == "1").unwrap();
            let (found, error) = (number(&own[3]), number(&own[4]));
            assert!(error < 2e-4 && (found - number(exact)).abs() < 5.0 * error + 1e-7, "{own:?} {exact}");
            compared += 1;
        }
    }
    assert_eq!(compared, 6);
    let windows = |line: &str| -> Vec<f64> {
        let output = String::from_utf8(run(folder, line, 0).stdout).unwrap();
        let row = output.lines().find(|line| line.contains("mode ") || line.contains("1 | 2")).unwrap();
        let after = row.replace("mode", "").replace("1 | 2", "");
        after.split_whitespace().take(2).map(number).collect()
    };
    let (own, exact) =
        (windows("schedule --modes two.toml d=1e6 --output a.csv"), windows("schedule d=1e6 --output b.csv"));
    for (own, exact) in own.iter().zip(exact) {
        assert!((own / exact - 1.0).abs() < 5e-3, "{own} {exact}");
    }
}

#[test]
fn pairs_return_by_steps_as_predicted_and_few_steps_are_found_out() {
    let folder = folder();
    let folder = folder.path();
    let output = run(
        folder,
        "uturn --modes pairs.toml d=1e8 t=0.2,1.2 --steps 300 --samples 1000 --output a.csv --plot a.svg",
        0,
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("prediction and samples agree: 0 of 8 comparisons rejected"), "{text}");
    assert!(fs::read_to_string(folder.join("a.svg")).unwrap().contains("started in 4"));
    let all = rows(folder, "a.csv", &["t", "from", "to", "predicted"]);
    // In the window of the pairs, what was in one stays there.
    let stay: f64 = all
        .iter()
        .filter(|row| row[0] == "1.2" && row[1] == "1" && ["1", "2"].contains(&row[2].as_str()))
        .map(|row| number(&row[3]))
        .sum();
    assert!((stay - 1.0).abs() < 1e-6, "{stay}");
    let few =
        run(folder, "uturn --modes pairs.toml d=1e8 t=0.2,1.2 --steps 9 --samples 20000 --output b.csv", 4);
    assert!(String::from_utf8_lossy(&few.stdout).contains("bias of their own"));
    run(folder, "schedule --modes pairs.toml d=1e8 --density rate --output times.csv --plot times.svg", 0);
    let times = rows(folder, "times.csv", &["quantile", "time"]);
    // Each of three features has 0.3 of the times; both windows lie below τ = 0.1.
    let below = times.iter().filter(|row| number(&row[1]) < 0.05).count() as f64 / times.len() as f64;
    assert!((0.58..0.72).contains(&below), "{below}");
}

#[test]
fn two_modes_need_the_steps_of_the_mixture_of_two() {
    let folder = folder();
    let folder = folder.path();
    let column = |command: &str, schedule: &str, column: &str| -> Vec<Option<f64>> {
        run(folder, &format!("{command} --output a.csv --plot a.svg --quiet"), 0);
        let rows = rows(folder, "a.csv", &["schedule", column]);
        rows.iter().filter(|row| row[0] == schedule).map(|row| row[1].parse().ok()).collect()
    };
    // Those of the mixture of two are exact, these sampled: an error of 0.05 ± 0.003 is one of some 6 % of the steps.
    run(folder, "steps d=1e3,1e4 schedule=uniform --output exact.csv --quiet", 0);
    let exact = rows(folder, "exact.csv", &["what", "steps"]);
    let exact = exact.iter().filter(|row| row[0] == "needed_high").map(|row| number(&row[1]));
    let two = "steps --modes two.toml d=1e3,1e4 --samples 20000 --steps 50 --most 200";
    for (exact, sampled) in exact.zip(column(two, "uniform", "needed")) {
        let sampled = sampled.unwrap();
        assert!((sampled / exact - 1.0).abs() < 0.12, "{exact} {sampled}");
    }
    // h = √d/N = 2: the fraction of + is 0.9345 (quadrature).
    let off = column(two, "uniform", "high_error")[1].unwrap();
    assert!((off - 0.1345).abs() < 5.0 * 0.0018, "{off}");
    // A phase for each scale takes few steps at any dimension; with two, the modes of a pair never come out.
    let phases = column("steps --modes pairs.toml d=1e6,1e10 --steps 60,90 --most 100", "phases", "needed");
    assert!(
        phases.len() == 4 && phases.iter().all(|steps| steps.is_some_and(|n| (10.0..60.0).contains(&n))),
        "{phases:?}"
    );
    assert_eq!(column("steps --modes pairs.toml d=1e10 --most 100", "two_phase", "needed"), [None]);
}

#[test]
fn what_modes_cannot_do_is_said() {
    let folder = folder();
    let folder = folder.path();
    for (line, part) in [
        ("uturn --modes none.toml", "none.toml"),
        ("uturn --modes pairs.toml --denoiser learnt", "leave out --denoiser learnt"),
        ("uturn --modes pairs.toml --seeds 4", "no data sets"),
        ("uturn --modes pairs.toml t=4", "from 0 to 3"),
        ("uturn --modes pairs.toml d=3", "no dimension of 4 modes"),
        ("uturn --modes pairs.toml d=30", "is not over before the next"),
        ("uturn --modes pairs.toml --steps 2", "fewer than the 3 phases"),
        ("uturn --modes pairs.toml n=8", "`n`"),
        ("steps --modes pairs.toml d=30", "is not over before the next"),
        ("steps --modes pairs.toml --steps 2", "fewer than the 3 phases"),
        ("steps --modes pairs.toml --most 2", "fewer than the 3 phases"),
        ("steps --modes pairs.toml schedule=dilated", "phases, two_phase"),
        ("steps --modes pairs.toml --optimise", "cannot be used with"),
        ("schedule --modes pairs.toml d=1e4,1e6", "sweep nothing"),
        ("schedule --modes pairs.toml --curve a.csv", "cannot be used with"),
    ] {
        let output = run_in(folder, &line.split(' ').collect::<Vec<_>>());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) || output.status.code() == Some(1), "{line}: {message}");
        assert!(message.contains(part), "{line}: {message}");
    }
}
