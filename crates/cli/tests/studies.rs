//! Studies of what is not a table of curves: the rows of the command, whether the study runs through, goes on where it was stopped, or
//! is put together from parts.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use support::run_in;

/// Runs the command and makes sure that it ends so.
fn run(folder: &Path, line: &str, code: i32) -> Output {
    let output = run_in(folder, &line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(code), "{line}: {}", said(&output));
    output
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).to_string()
}

fn read(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The table of a study, computed at once, and in halves of which a record was torn; it is the same.
fn table_of(folder: &Path, study: &str) -> String {
    fs::write(folder.join("study.toml"), study).unwrap();
    run(folder, "sweep study.toml --quiet --output whole.csv", 0);
    let whole = read(folder, "whole.csv");
    run(folder, "sweep study.toml --quiet --part 0/2", 0);
    let journal = folder.join("study.sweep/part-0-of-2.journal");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 7]).unwrap();
    run(folder, "sweep study.toml --quiet", 0);
    assert_eq!(read(folder, "study.csv"), whole);
    for cells in ["whole.sweep", "study.sweep"] {
        fs::remove_dir_all(folder.join(cells)).unwrap();
    }
    whole
}

fn without_verdict(table: &str) -> String {
    let row = |line: &str| line[..line.rfind(',').unwrap()].to_string() + "\n";
    table.lines().map(row).collect()
}

#[test]
fn u_turns_have_the_rows_of_the_command_and_the_verdict_of_each_combination() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let table = table_of(
        here,
        "command = 'uturn'\nseeds = 3\n[set]\np = 0.7\n[sweep]\nt = '0:1:5'\nkappa = [2, 4]\n[options]\nsamples = 100\nsteps = 20\n",
    );
    let options = "--set p=0.7 --sweep t=0:1:5 --seeds 3 --samples 100 --steps 20 --output direct.csv";
    run(here, &format!("uturn --quiet --sweep kappa=2,4 {options}"), 0);
    assert_eq!(without_verdict(&table), read(here, "direct.csv"));
    assert!(table.lines().skip(1).all(|line| line.ends_with(",agrees")), "{table}");

    let table = table_of(
        here,
        "command = 'uturn'\nseeds = 2\n[set]\nn = 4\np = 0.5\nd = 200\nt = 0.5\n[sweep]\nkappa = [2, 3]\n[options]\ndenoiser = 'learnt'\nmethod = 'trained'\nepochs = 20\nsamples = 50\nsteps = 4\n",
    );
    let options = "--denoiser learnt --method trained --epochs 20 --samples 50 --steps 4 --seeds 2";
    let parameters = "--set n=4 --set p=0.5 --set d=200 --set t=0.5 --sweep kappa=2,3";
    run(here, &format!("uturn --quiet {parameters} {options} --output direct.csv"), 0);
    assert_eq!(without_verdict(&table), read(here, "direct.csv"));
    assert!(!here.join("study.checkpoints").exists() && !here.join("whole.checkpoints").exists());
}

#[test]
fn deviations_from_a_limit_are_those_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let study = "command = 'limit'\nsystem = 'second-phase'\n";
    let table = table_of(here, study);
    run(here, "limit second-phase --quiet --output direct.csv", 0);
    assert_eq!(table, read(here, "direct.csv"));
    let given = "[set]\nsigma = 0.5\n[sweep]\nn = 'log:1e4:1e6:3'\nt = [1.25, 1.5]\n";
    let table = table_of(here, &format!("{study}{given}"));
    let given = "--set sigma=0.5 --sweep n=log:1e4:1e6:3 --sweep t=1.25,1.5";
    run(here, &format!("limit second-phase {given} --quiet --output direct.csv"), 0);
    assert_eq!(table, read(here, "direct.csv"));
}

#[test]
fn what_is_wrong_with_them_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (study, part) in [
        ("command = 'uturn'\nsystem = 'first-phase'\n", "no system of equations"),
        ("command = 'uturn'\n[set]\nn = 8\n", "--denoiser learnt"),
        ("command = 'uturn'\n[options]\ndenoiser = 'learnt'\nforward = 'resample'\n", "--forward sde only"),
        ("command = 'uturn'\n[options]\nwindow = [0.9, 0.1]\n", "below the second"),
        ("command = 'limit'\n", "needs a system"),
        ("command = 'limit'\nsystem = 'curie-weiss'\n", "has no [limit]"),
        ("command = 'limit'\nsystem = 'second-phase'\nseeds = 2\n", "no data sets"),
        ("command = 'limit'\nsystem = 'second-phase'\n[sweep]\nsigma = [1, 2]\n", "sweeps n alone"),
        ("command = 'uturn'\nplot = 'u.svg'\n", "not curves or maps"),
    ] {
        fs::write(here.join("study.toml"), study).unwrap();
        let output = run(here, "sweep study.toml", 1);
        assert!(said(&output).contains(part), "{study}\nlacks `{part}`:\n{}", said(&output));
        assert!(!here.join("study.sweep").exists(), "{study}");
    }
}
