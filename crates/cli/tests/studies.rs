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
fn training_times_and_widths_are_those_of_the_command_for_every_combination() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let options = "[options]\npoints = 5\nwindow = '0.2,0.8'\ndensity = 'rate'\n";
    let table = table_of(here, &format!("command = 'schedule'\n[set]\nd = 1e6\n{options}"));
    run(here, "schedule --set d=1e6 --points 5 --window 0.2,0.8 --density rate --output direct.csv", 0);
    assert_eq!(table, read(here, "direct.csv"));
    for (study, parameters) in [
        ("d = 1e6\n[options]\npoints = 5\n", "--set d=1e6 --points 5"),
        ("sigma = 0.5\n[sweep]\nd = 'log:1e2:1e6:3'\n", "--set sigma=0.5 --sweep d=log:1e2:1e6:3"),
    ] {
        let zip = "[[zip]]\np = [0.6, 0.7]\ninterpolant = ['linear', 'trigonometric']\n";
        let table = table_of(here, &format!("command = 'schedule'\n[set]\n{study}{zip}"));
        for (p, interpolant) in [("0.6", "linear"), ("0.7", "trigonometric")] {
            let own = format!("--set p={p} --set interpolant={interpolant}");
            run(here, &format!("schedule {parameters} {own} --output direct.csv"), 0);
            let cell = format!("{p},{interpolant},");
            let rows: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix(&cell)).collect();
            let direct = read(here, "direct.csv");
            assert_eq!(rows, direct.lines().skip(1).collect::<Vec<_>>());
        }
    }
}

/// Paths in a study are seen from its folder.
#[test]
fn curves_of_files_make_the_training_times_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let curve = |slope: f64| -> String {
        let row = |k: i32| format!("{},{}\n", 0.1 * f64::from(k), (slope * f64::from(k - 5)).tanh());
        (0..=10).map(row).fold("time,learnt\n".into(), |all, row| all + &row)
    };
    fs::create_dir(here.join("own")).unwrap();
    fs::write(here.join("own/a.csv"), curve(0.5)).unwrap();
    fs::write(here.join("own/b.csv"), curve(2.0)).unwrap();
    let study = "command = 'schedule'\n[options]\ncurve = ['a.csv', 'b.csv']\npoints = 5\nmass = 0.75\n";
    fs::write(here.join("own/study.toml"), study).unwrap();
    run(here, "sweep own/study.toml --quiet", 0);
    let curves = "--curve own/a.csv --curve own/b.csv --points 5 --mass 0.75";
    run(here, &format!("schedule {curves} --quiet --output direct.csv"), 0);
    assert_eq!(read(here, "own/study.csv"), read(here, "direct.csv"));
    // What was computed from other curves is not taken for the same.
    fs::write(here.join("own/a.csv"), curve(3.0)).unwrap();
    let again = run(here, "sweep own/study.toml", 1);
    assert!(said(&again).contains("for this one (features was"), "{}", said(&again));
    let over = run(here, "sweep own/study.toml --output own/b.csv", 1);
    assert!(said(&over).contains("would be overwritten"), "{}", said(&over));
}

#[test]
fn modes_of_a_file_return_as_those_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("own")).unwrap();
    fs::write(here.join("own/means.toml"), "weights = [3, 1]\ngram = [[1, -1], [-1, 1]]\n").unwrap();
    let options = "[options]\nmodes = 'means.toml'\nforward = 'resample'\nsamples = 50\n";
    let study = format!("command = 'uturn'\n[set]\nt = 0.5\n[sweep]\nd = [1e4, 1e6]\n{options}");
    fs::write(here.join("own/study.toml"), study).unwrap();
    run(here, "sweep own/study.toml --quiet", 0);
    let line = "uturn --modes own/means.toml --forward resample --samples 50 t=0.5 --sweep d=1e4,1e6";
    run(here, &format!("{line} --quiet --output direct.csv"), 0);
    assert_eq!(read(here, "own/study.csv"), read(here, "direct.csv"));
    // From another folder it is the same study; with other modes it is another.
    run(&here.join("own"), "sweep study.toml --quiet", 0);
    fs::write(here.join("own/means.toml"), "weights = [2, 1]\ngram = [[1, -1], [-1, 1]]\n").unwrap();
    let again = run(here, "sweep own/study.toml", 1);
    assert!(said(&again).contains("for this one (modes was"), "{}", said(&again));
}

#[test]
fn what_is_wrong_with_them_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (study, part) in [
        ("command = 'uturn'\nsystem = 'first-phase'\n", "`uturn` has no system"),
        ("command = 'uturn'\n[set]\nn = 8\n", "--denoiser learnt"),
        ("command = 'uturn'\n[options]\ndenoiser = 'learnt'\nforward = 'resample'\n", "--forward sde only"),
        ("command = 'uturn'\n[options]\nwindow = [0.9, 0.1]\n", "below the second"),
        ("command = 'limit'\n", "needs a system"),
        ("command = 'limit'\nsystem = 'curie-weiss'\n", "has no [limit]"),
        ("command = 'limit'\nsystem = 'second-phase'\nseeds = 2\n", "`limit` has no seeds"),
        ("command = 'limit'\nsystem = 'second-phase'\n[sweep]\nsigma = [1, 2]\n", "sweeps n alone"),
        ("command = 'schedule'\nseeds = 2\n", "`schedule` has no seeds"),
        ("command = 'schedule'\n[set]\nn = 8\n", "n"),
        ("command = 'schedule'\n[sweep]\np = [0.5, 1.5]\n", "1.5"),
        ("command = 'schedule'\n[sweep]\nd = [9, 100]\nkappa = [1, 2]\n", "kappa has no part"),
        ("command = 'schedule'\n[set]\nd = 9\n[sweep]\nkappa = [1, 4]\n", "raise d or lower kappa"),
        ("command = 'schedule'\n[sweep]\nd = [9, 100]\n[options]\nmass = 0.4\n", "there are widths"),
        ("command = 'schedule'\n[options]\ncurve = 'c.csv'\n", "cannot read c.csv"),
        ("command = 'schedule'\n[set]\np = 0.7\n[options]\ncurve = 'c.csv'\n", "leave out p"),
        ("command = 'schedule'\n[options]\ntime = 'a'\n", "--curve"),
        ("command = 'simulate'\n[options]\nmodel = 'ridge'\n", "unexpected argument '--model'"),
        ("command = 'schedule'\n[options]\ndensity = 'rates'\n", "study.toml:3:1"),
        ("command = 'schedule'\n[options]\nmass = 2\n", "from 0 to 1"),
        ("command = 'schedule'\nplot = 'q.svg'\n", "not curves or maps"),
        ("command = 'uturn'\nplot = 'u.svg'\n", "not curves or maps"),
    ] {
        fs::write(here.join("study.toml"), study).unwrap();
        let output = run(here, "sweep study.toml", 1);
        assert!(said(&output).contains(part), "{study}\nlacks `{part}`:\n{}", said(&output));
        assert!(!here.join("study.sweep").exists(), "{study}");
    }
}
