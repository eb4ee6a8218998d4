//! Studies: the result is that of the command, however it is cut up, stopped or extended; what is wrong is said.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::run_in;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn read(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Runs the command and makes sure that it ends so.
fn run(folder: &Path, arguments: &[&str], code: i32) -> Output {
    let output = run_in(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr).to_string();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    output
}

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).to_string()
}

/// A study of 24 short curves.
const CURVES: &str = r#"
command = "solve"
system  = "first-phase"

[set]
n = 8
lambda = 0.1

[sweep]
kappa = "log:0.5:4:6"
p     = [0.625, 0.75]
t     = "0:1:5"

[[zip]]
ell   = [0.01, 0.1]
sigma = [1, 0.5]
"#;

/// The same for `solve`, but for what moves together.
const CURVES_OF_SOLVE: [&str; 14] = [
    "solve",
    "first-phase",
    "--set",
    "n=8",
    "--set",
    "lambda=0.1",
    "--sweep",
    "kappa=log:0.5:4:6",
    "--sweep",
    "p=0.625,0.75",
    "--sweep",
    "t=0:1:5",
    "--quiet",
    "--output",
];

fn journals(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "journal")).collect();
    paths.sort();
    paths
}

#[test]
fn a_study_gives_the_bytes_of_the_command() {
    let folder = folder();
    let here = folder.path();
    write(here, "curves.toml", &CURVES.replace("[[zip]]\nell   = [0.01, 0.1]\nsigma = [1, 0.5]\n", ""));
    run(here, &["sweep", "curves.toml", "--quiet"], 0);
    run(here, &[&CURVES_OF_SOLVE[..], &["solve.csv"]].concat(), 0);
    assert_eq!(read(here, "curves.csv"), read(here, "solve.csv"));

    write(
        here,
        "lines.toml",
        "command = 'critical'\nsystem = 'first-phase'\n[set]\nn = 8\np = 0.75\n[sweep]\nlambda = [0.1, 0.2]\n",
    );
    run(here, &["sweep", "lines.toml", "--quiet"], 0);
    let critical =
        ["critical", "first-phase", "--set", "n=8", "--set", "p=0.75", "--sweep", "lambda=0.1,0.2"];
    run(here, &[&critical[..], &["--quiet", "--output", "critical.csv"]].concat(), 0);
    assert_eq!(read(here, "lines.csv"), read(here, "critical.csv"));

    write(
        here,
        "zeros.toml",
        "command = 'critical'\nsystem = 'ising-storage'\n[sweep]\nkappa = [0, 0.5]\n[options]\nzero = 'entropy'\nbranches = true\n",
    );
    // Beyond capacity there are rows with no solution, which both say.
    run(here, &["sweep", "zeros.toml", "--quiet", "--plot", "zeros.svg"], 3);
    let zeros = ["critical", "ising-storage", "--zero", "entropy", "--branches", "--sweep", "kappa=0,0.5"];
    run(here, &[&zeros[..], &["--quiet", "--output", "line.csv", "--plot", "line.svg"]].concat(), 3);
    assert_eq!(read(here, "zeros.csv"), read(here, "line.csv"));
    assert_eq!(read(here, "zeros.svg"), read(here, "line.svg"));

    let study = "command = 'simulate'\nseeds = 3\nfirst_seed = 2\n[set]\np = 0.75\nd = 4000\n[sweep]\nn = [8, 16]\nt = [0.5, 1]\n";
    write(here, "runs.toml", study);
    run(here, &["sweep", "runs.toml", "--quiet"], 0);
    let simulate =
        ["simulate", "--set", "p=0.75", "--set", "d=4000", "--sweep", "n=8,16", "--sweep", "t=0.5,1"];
    let seeds = ["--seeds", "3", "--first-seed", "2", "--quiet", "--output", "simulate.csv"];
    run(here, &[&simulate[..], &seeds].concat(), 0);
    assert_eq!(read(here, "runs.csv"), read(here, "simulate.csv"));

    let study = "command = 'steps'\n[set]\ninterpolant = 'trigonometric'\n[sweep]\nd = [1e4, 1e6]\n[options]\nsteps = [10, 20]\n";
    write(here, "steps.toml", study);
    run(here, &["sweep", "steps.toml", "--quiet"], 0);
    let steps = ["steps", "--set", "interpolant=trigonometric", "--sweep", "d=1e4,1e6", "--steps", "10,20"];
    run(here, &[&steps[..], &["--quiet", "--output", "of-steps.csv"]].concat(), 0);
    assert_eq!(sorted(&read(here, "steps.csv")), sorted(&read(here, "of-steps.csv")));
}

/// The lines of a table; `steps` has the sweep over schedules outermost where it adds it itself.
fn sorted(table: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = table.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn verdicts_of_checks_and_of_generated_samples_stand_in_every_row_of_their_cell() {
    let folder = folder();
    let here = folder.path();
    let study = "command = 'check'\nsystem = 'first-phase-printed'\nseeds = 12\n[set]\np = 0.75\nkappa = 2\nt = 1\n[sweep]\nn = [8, 16]\n";
    write(here, "checks.toml", study);
    run(here, &["sweep", "checks.toml", "--quiet"], 4);
    let table = read(here, "checks.csv");
    let rows: Vec<&str> = table.lines().skip(1).collect();
    let verdict = |n: &str, theory: &str| {
        let of = |row: &&&str| row.starts_with(&format!("1.0,{n}.0,{theory},"));
        let mut verdicts: Vec<&str> =
            rows.iter().filter(of).map(|row| row.rsplit(',').next().unwrap()).collect();
        verdicts.dedup();
        assert_eq!(verdicts.len(), 1, "{n} {theory}: {verdicts:?}");
        verdicts[0]
    };
    assert_eq!(verdict("8", "first-phase-printed"), "disagrees");
    assert_eq!(verdict("16", "first-phase-printed"), "disagrees");
    assert_ne!(verdict("8", "first-phase"), "disagrees");
    // The cell is the check: the same comparisons as on its own.
    let alone = [
        "check",
        "first-phase-printed",
        "--set",
        "p=0.75",
        "--set",
        "kappa=2",
        "--set",
        "t=1",
        "--set",
        "n=16",
    ];
    run(here, &[&alone[..], &["--seeds", "12", "--quiet", "--output", "alone.csv"]].concat(), 4);
    let alone = read(here, "alone.csv");
    let tail = |row: &str| row[row.find(",first-phase").or(row.find(",finite-d")).unwrap()..].to_string();
    let expected: Vec<String> = alone.lines().skip(1).map(tail).collect();
    let found: Vec<String> = rows
        .iter()
        .filter(|row| row.starts_with("1.0,16.0,"))
        .map(|row| tail(&row[..row.rfind(',').unwrap()]))
        .collect();
    assert_eq!(found, expected);

    let study = "command = 'generate'\nseeds = 4\n[sweep]\nkappa = [2, 4]\n[options]\ndenoiser = 'exact'\nsteps = 10\nsamples = 400\n";
    write(here, "samples.toml", study);
    run(here, &["sweep", "samples.toml", "--quiet"], 0);
    let table = read(here, "samples.csv");
    assert!(table.lines().next().unwrap().ends_with(",verdict"));
    let samples =
        ["generate", "--denoiser", "exact", "--sweep", "kappa=2,4", "--steps", "10", "--samples", "400"];
    run(here, &[&samples[..], &["--seeds", "4", "--quiet", "--output", "generate.csv"]].concat(), 0);
    let without_verdict = |row: &str| row[..row.rfind(',').unwrap()].to_string();
    let mut found: Vec<String> = table.lines().map(without_verdict).collect();
    let mut expected: Vec<String> = read(here, "generate.csv").lines().map(String::from).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn the_bytes_do_not_depend_on_threads_parts_or_the_order_of_parts() {
    let folder = folder();
    let here = folder.path();
    write(here, "whole.toml", CURVES);
    run(here, &["sweep", "whole.toml", "--quiet", "--threads", "1"], 0);
    let (table, side) = (read(here, "whole.csv"), read(here, "whole.json"));
    assert_eq!(table.lines().count(), 1 + 24 * 5);
    run(here, &["sweep", "whole.toml", "--quiet", "--threads", "3", "--output", "threads.csv"], 0);
    assert_eq!(read(here, "threads.csv"), table);
    for parts in [2usize, 7] {
        let csv = format!("parts-{parts}.csv");
        for part in (0..parts).rev() {
            run(
                here,
                &["sweep", "whole.toml", "--quiet", "--output", &csv, "--part", &format!("{part}/{parts}")],
                0,
            );
            assert!(!here.join(&csv).exists());
        }
        run(here, &["merge", "whole.toml", "--quiet", "--output", &csv], 0);
        assert_eq!(read(here, &csv), table);
        // The same but for the name of the file.
        let named = format!("\"whole.toml\",\n    \"--output\",\n    \"{csv}\"");
        assert_eq!(read(here, &csv.replace("csv", "json")).replace(&named, "\"whole.toml\""), side);
    }
}

#[test]
fn a_merge_names_what_is_missing_and_how_to_compute_it() {
    let folder = folder();
    let here = folder.path();
    write(here, "curves.toml", CURVES);
    let output = run(here, &["merge", "curves.toml"], 1);
    assert!(message(&output).contains("begin with `overlaps sweep`"), "{}", message(&output));
    run(here, &["sweep", "curves.toml", "--slurm", "--tasks", "7", "--quiet"], 0);
    let script = read(here, "curves.sweep/array.sh");
    assert!(script.contains("#SBATCH --array=0-6\n") && script.contains("/7\""), "{script}");
    for part in [0, 1, 2, 4] {
        run(here, &["sweep", "curves.toml", "--quiet", "--part", &format!("{part}/7")], 0);
    }
    let output = run(here, &["merge", "curves.toml"], 1);
    let said = message(&output);
    assert!(said.contains("9 of 24 cells are missing"), "{said}");
    assert!(said.contains("cell 3: n = 8, lambda = 0.1, kappa = 0.5"), "{said}");
    assert!(said.contains("sbatch --array=3,5-6 curves.sweep/array.sh"), "{said}");
    assert!(!here.join("curves.csv").exists());
    // Without a cluster the rest is computed here.
    run(here, &["sweep", "curves.toml", "--quiet"], 0);
    run(here, &["sweep", "curves.toml", "--quiet", "--output", "again.csv"], 0);
    assert_eq!(read(here, "curves.csv"), read(here, "again.csv"));
}

#[test]
fn a_changed_study_is_refused_and_extended_where_that_is_asked_for() {
    let folder = folder();
    let here = folder.path();
    let curves = CURVES.replace("log:0.5:4:6", "log:0.5:4:4");
    write(here, "curves.toml", &curves);
    run(here, &["sweep", "curves.toml", "--quiet"], 0);
    let journal = fs::read(&journals(&here.join("curves.sweep"))[0]).unwrap();
    let before = read(here, "curves.csv");

    write(here, "curves.toml", &curves.replace("log:0.5:4:4", "log:0.5:16:6"));
    for command in ["sweep", "merge"] {
        let output = run(here, &[command, "curves.toml"], 1);
        let said = message(&output);
        assert!(
            said.contains("kappa was log:0.5:4:4, is log:0.5:16:6") && said.contains("--extend"),
            "{said}"
        );
    }
    assert_eq!(read(here, "curves.csv"), before);
    run(here, &["sweep", "curves.toml", "--quiet", "--extend"], 0);
    run(here, &["sweep", "curves.toml", "--quiet", "--output", "fresh.csv"], 0);
    assert_eq!(read(here, "curves.csv"), read(here, "fresh.csv"));
    // Cells that were there already were not computed again.
    let extended = fs::read(&journals(&here.join("curves.sweep"))[0]).unwrap();
    assert!(extended.starts_with(&journal));
    let cells = String::from_utf8(extended).unwrap().lines().filter(|line| line.starts_with("cell ")).count();
    assert_eq!(cells, 24);

    for (change, part) in [
        (
            CURVES.replace("[sweep]", "[options]\ntolerance = 1e-10\n[sweep]"),
            "tolerance was nothing, is 1e-10",
        ),
        (curves.replace("\"first-phase\"", "\"first-phase-printed\""), "system was first-phase"),
        (curves.replace("0:1:5", "0:1:6"), "control was"),
    ] {
        write(here, "curves.toml", &change);
        for extend in [&[][..], &["--extend"]] {
            let output = run(here, &[&["sweep", "curves.toml"][..], extend].concat(), 1);
            let said = message(&output);
            assert!(said.contains(part) && said.contains("remove the folder"), "{said}");
        }
    }
}

#[test]
fn a_changed_equation_file_is_noticed() {
    let folder = folder();
    let here = folder.path();
    let text = fs::read_to_string(format!(
        "{}/equations/curie-weiss.toml",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
    ))
    .unwrap();
    fs::create_dir(here.join("mine")).unwrap();
    write(here, "mine/magnet.toml", &text);
    // Paths are relative to the study file.
    write(
        here,
        "mine/study.toml",
        "command = 'solve'\nsystem = './magnet.toml'\noutput = 'm.csv'\n[sweep]\nh = [0, 0.1]\n",
    );
    run(here, &["sweep", "mine/study.toml", "--quiet"], 0);
    assert!(here.join("mine/m.csv").exists());
    write(here, "mine/magnet.toml", &(text + "\n# another\n"));
    let output = run(here, &["sweep", "mine/study.toml"], 1);
    assert!(message(&output).contains("magnet was"), "{}", message(&output));
}

#[test]
fn a_torn_or_damaged_record_is_computed_again() {
    let folder = folder();
    let here = folder.path();
    write(here, "curves.toml", CURVES);
    run(here, &["sweep", "curves.toml", "--quiet"], 0);
    let expected = read(here, "curves.csv");
    let journal = journals(&here.join("curves.sweep"))[0].clone();
    let whole = fs::read(&journal).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for round in 0..4 {
        let mut bytes = whole.clone();
        let at = random.random_range(600..bytes.len());
        match round % 2 {
            0 => bytes.truncate(at),
            _ => bytes[at] ^= 1 << random.random_range(0..8),
        }
        fs::write(&journal, &bytes).unwrap();
        fs::remove_file(here.join("curves.csv")).unwrap();
        run(here, &["sweep", "curves.toml", "--quiet"], 0);
        assert_eq!(read(here, "curves.csv"), expected, "round {round}, byte {at}");
    }
}

#[test]
fn two_processes_do_not_compute_the_same_cells() {
    let folder = folder();
    let here = folder.path();
    write(here, "curves.toml", CURVES);
    run(here, &["sweep", "curves.toml", "--quiet", "--part", "0/2"], 0);
    let held = fs::File::open(here.join("curves.sweep/part-0-of-2.journal")).unwrap();
    held.try_lock().unwrap();
    let output = run(here, &["sweep", "curves.toml", "--part", "0/2"], 1);
    assert!(message(&output).contains("another process is computing these cells"), "{}", message(&output));
}

/// Starts the command, and kills it after a random part of what it takes as a whole; whether it had ended before.
///
/// What it takes was measured while other tests ran: where it ends from the start on within the time, it takes no more
/// than that.
fn started_and_killed(
    folder: &Path,
    arguments: &[&str],
    random: &mut ChaCha8Rng,
    from_the_start: bool,
    whole: &mut Duration,
) -> bool {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_overlaps"))
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = start + whole.mul_f64(random.random_range(0.0..0.9));
    let mut ended = None;
    while ended.is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(2));
        ended = child.try_wait().unwrap();
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    if let Some(status) = ended {
        assert!(status.success(), "{}", message(&output));
        if from_the_start {
            *whole = start.elapsed();
        }
    }
    ended.is_some()
}

#[test]
fn whatever_decides_about_the_rows_is_noticed_when_it_changes() {
    let folder = folder();
    let here = folder.path();
    for (study, changes) in [
        (
            "command = 'check'\nsystem = 'second-phase'\nseeds = 2\n[set]\nt = 1.5\nd = 512\n[sweep]\nn = [8, 16]\n",
            &[("t = 1.5", "t = 1.6"), ("d = 512", "d = 1024"), ("seeds = 2", "seeds = 3"), ("t = 1.5\n", "")]
                [..],
        ),
        (
            "command = 'steps'\n[set]\nd = 100\n[options]\nsteps = [10]\nsamples = 10\n[sweep]\ntarget = ['mixture']\n",
            &[("d = 100", "d = 200"), ("[10]", "[20]"), ("['mixture']", "['mixture', 'curie_weiss']")],
        ),
        (
            "command = 'simulate'\nseeds = 1\n[set]\nt = 1\nn = 8\np = 0.75\nd = 1000\n[sweep]\nkappa = [1, 2]\n",
            &[("t = 1\n", "t = 0.5\n"), ("n = 8", "n = 16"), ("t = 1\n", "")],
        ),
    ] {
        write(here, "study.toml", study);
        run(here, &["sweep", "study.toml", "--quiet"], 0);
        for (from, to) in changes {
            write(here, "study.toml", &study.replace(from, to));
            let output = run(here, &["sweep", "study.toml", "--quiet"], 1);
            let said = message(&output);
            assert!(said.contains("was"), "{from} → {to}: {said}");
        }
        fs::remove_dir_all(here.join("study.sweep")).unwrap();
    }
    // Options in another order are the same options, and as many control values as there may be are no hindrance.
    let study = "command = 'solve'\nsystem = 'second-phase'\n[options]\nverify = true\ntolerance = 1e-6\n[sweep]\nn = [8]\nt = '1.1:2:60000'\n";
    write(here, "study.toml", &study.replace("verify = true\n", ""));
    run(here, &["sweep", "study.toml", "--quiet"], 0);
    run(here, &["sweep", "study.toml", "--quiet"], 0);
    let few = study.replace("60000", "3");
    write(here, "few.toml", &few);
    run(here, &["sweep", "few.toml", "--quiet"], 0);
    write(
        here,
        "few.toml",
        &few.replace("verify = true\ntolerance = 1e-6", "tolerance = 1e-6\nverify = true"),
    );
    run(here, &["sweep", "few.toml", "--quiet"], 0);
}

#[test]
fn a_study_does_not_overwrite_what_it_reads() {
    let folder = folder();
    let here = folder.path();
    write(here, "study.toml", "command = 'solve'\nsystem = 'first-phase'\n[set]\nt = 1\n");
    for arguments in [&["--output", "study.toml"][..], &["--plot", "study.toml"]] {
        let output = run(here, &[&["sweep", "study.toml"][..], arguments].concat(), 1);
        assert!(message(&output).contains("would be overwritten"), "{}", message(&output));
    }
    assert!(read(here, "study.toml").starts_with("command"));
}

/// What kills may leave behind: nothing that is not hidden and temporary, or a part of the study.
fn assert_tidy(folder: &Path, allowed: &[&str]) {
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let temporary = name.starts_with(".overlaps-") && name.ends_with(".tmp");
        assert!(temporary || allowed.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn a_sweep_killed_again_and_again_gives_the_same_bytes() {
    kill_a_sweep(5);
}

#[test]
#[ignore = "half a minute; tests/thorough"]
fn a_sweep_killed_a_hundred_times_gives_the_same_bytes() {
    kill_a_sweep(100);
}

fn kill_a_sweep(times: usize) {
    let folder = folder();
    let here = folder.path();
    write(here, "curves.toml", CURVES);
    let start = Instant::now();
    run(here, &["sweep", "curves.toml", "--quiet", "--output", "expected.csv"], 0);
    let mut whole = start.elapsed();
    let expected = read(here, "expected.csv");
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut kills, mut finished) = (0, 0);
    while kills < times || finished == 0 {
        let from_the_start = !here.join("curves.sweep").exists();
        let sweep = ["sweep", "curves.toml", "--quiet"];
        if started_and_killed(here, &sweep, &mut random, from_the_start, &mut whole) {
            assert_eq!(read(here, "curves.csv"), expected, "after {kills} kills");
            // Begin again, until there were enough kills.
            fs::remove_dir_all(here.join("curves.sweep")).unwrap();
            fs::remove_file(here.join("curves.csv")).unwrap();
            finished += 1;
        } else {
            kills += 1;
            if let Ok(table) = fs::read_to_string(here.join("curves.csv")) {
                assert_eq!(table, expected, "after {kills} kills");
            }
        }
    }
    let names = [
        "curves.toml",
        "curves.sweep",
        "curves.csv",
        "curves.json",
        "expected.csv",
        "expected.json",
        "expected.sweep",
    ];
    assert_tidy(here, &names);
    println!("{kills} kills, {finished} finished sweeps");
}

#[test]
fn a_training_run_killed_again_and_again_gives_the_same_bytes() {
    kill_a_training(5);
}

#[test]
#[ignore = "some ten seconds; tests/thorough"]
fn a_training_run_killed_a_hundred_times_gives_the_same_bytes() {
    kill_a_training(100);
}

fn kill_a_training(times: usize) {
    let folder = folder();
    let here = folder.path();
    let study = "command = 'simulate'\nseeds = 2\n[set]\nn = 8\np = 0.75\nd = 600\nkappa = 2\n[sweep]\nt = [0.5, 1]\n[options]\nmethod = 'trained'\nepochs = 2000\n";
    write(here, "networks.toml", study);
    let start = Instant::now();
    run(here, &["sweep", "networks.toml", "--quiet", "--output", "expected.csv"], 0);
    let mut whole = start.elapsed();
    let expected = read(here, "expected.csv");
    assert!(expected.contains("trained"));
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (mut kills, mut finished) = (0, 0);
    while kills < times || finished == 0 {
        let from_the_start = !here.join("networks.sweep").exists();
        let sweep = ["sweep", "networks.toml", "--quiet"];
        if started_and_killed(here, &sweep, &mut random, from_the_start, &mut whole) {
            assert_eq!(read(here, "networks.csv"), expected, "after {kills} kills");
            assert!(!here.join("networks.checkpoints").exists());
            fs::remove_dir_all(here.join("networks.sweep")).unwrap();
            finished += 1;
        } else {
            kills += 1;
        }
    }
    println!("{kills} kills, {finished} finished trainings");
}

/// Killed after a cell is on the disk and before its network is removed, a study leaves a network that no later run trains.
#[test]
fn networks_of_cells_that_an_earlier_run_finished_are_removed() {
    let folder = folder();
    let here = folder.path();
    let study = "command = 'simulate'\n[set]\nn = 8\np = 0.75\nd = 600\nkappa = 2\n[sweep]\nt = [0.5, 1]\n[options]\nmethod = 'trained'\nepochs = 5\n";
    write(here, "networks.toml", study);
    run(here, &["sweep", "networks.toml", "--part", "0/1"], 0);
    let by_hand = "simulate --set n=8 --set p=0.75 --set d=600 --set kappa=2 --sweep t=0.5,1 --method trained --epochs 5 --seeds 1 --output x.csv --checkpoints networks.checkpoints";
    run(here, &by_hand.split(' ').collect::<Vec<_>>(), 0);
    let networks = || fs::read_dir(here.join("networks.checkpoints")).map(Iterator::count).unwrap_or(0);
    assert_eq!(networks(), 2);
    run(here, &["sweep", "networks.toml"], 0);
    assert!(!here.join("networks.checkpoints").exists(), "{} networks stay", networks());
}

#[test]
fn what_is_wrong_with_a_study_is_said_with_its_place() {
    let folder = folder();
    let here = folder.path();
    let good = "command = 'solve'\nsystem = 'first-phase'\n";
    for (text, parts) in [
        ("", &["missing field `command`"][..]),
        ("command = 'solv'\n", &["unknown variant `solv`", "solve", "study.toml:1:11"]),
        ("command = 'solve'\n", &["needs a system"]),
        ("command = 'steps'\nsystem = 'first-phase'\n", &["`steps` has no system", "study.toml:2:10"]),
        ("command = 'solve'\nsystem = 'first-phas'\n", &["did you mean", "first-phase"]),
        (
            "command = 'solve'\nsystem = 'first-phase'\nseeds = 3\n",
            &["`solve` has no seeds", "study.toml:3:9"],
        ),
        ("command = 'simulate'\nseeds = 0\n", &["0 is not in 1..", "study.toml:2:9"]),
        ("command = 'simulate'\nseeds = -1\n", &["study.toml:2:9"]),
        (
            "command = 'solve'\nsystem = 'first-phase'\nplots = 'x.svg'\n",
            &["unknown field `plots`", "study.toml:3:1"],
        ),
        ("command = 'solve'\nsystem = 'first-phase'\noutput = 'x.txt'\n", &["ends in .csv"]),
        (
            "command = 'solve'\nsystem = 'first-phase'\n[sweep]\nkappa = 'log:0:1:3'\n",
            &["positive numbers", "study.toml:4:9"],
        ),
        ("command = 'solve'\nsystem = 'first-phase'\n[sweep]\nkappa = 3\n", &["belongs into [set]"]),
        ("command = 'solve'\nsystem = 'first-phase'\n[sweep]\nkappa = []\n", &["nothing to solve"]),
        ("command = 'solve'\nsystem = 'first-phase'\n[sweep]\nkappa = [1, 2, 2]\n", &["rise or fall"]),
        ("command = 'solve'\nsystem = 'first-phase'\n[sweep]\nkapa = [1, 2]\n", &["did you mean `kappa`"]),
        ("command = 'solve'\nsystem = 'first-phase'\n[set]\nn = 9007199254740993\n", &["more digits"]),
        ("command = 'solve'\nsystem = 'first-phase'\n[set]\nn = nan\n", &["NaN"]),
        ("command = 'solve'\nsystem = 'first-phase'\n[set]\nn = [8]\n", &["n = [8]", "one value", "index"]),
        ("command = 'solve'\nsystem = 'first-phase'\n[set]\nn = 1\n", &["n"]),
        ("command = 'solve'\nsystem = 'first-phase'\n[[zip]]\nn = [8]\n", &["two lists or more"]),
        ("command = 'solve'\nsystem = 'first-phase'\n[[zip]]\nn = [8, 9]\np = [0.5]\n", &["equally many"]),
        (
            "command = 'solve'\nsystem = 'first-phase'\n[[zip]]\nn = [8, 8]\np = [0.5, 0.5]\n",
            &["same as an earlier one"],
        ),
        (
            "command = 'solve'\nsystem = 'first-phase'\n[[zip]]\nn = [8, 9]\nt = [0.5, 1]\n",
            &["sweep it alone"],
        ),
        (
            "command = 'solve'\nsystem = 'first-phase'\n[options]\ntolerence = 1e-10\n",
            &["[options]", "--tolerance", "study.toml:4:1"],
        ),
        (
            "command = 'solve'\nsystem = 'first-phase'\n[options]\nthreads = 2\n",
            &["give it to `overlaps sweep`"],
        ),
        ("command = 'solve'\nsystem = 'first-phase'\n[options]\n'x y' = 2\n", &["is no flag"]),
        (
            "command = 'solve'\nsystem = 'first-phase'\n[slurm]\narray = '0-3'\n",
            &["`array` is written by --slurm itself"],
        ),
        ("command = 'solve'\nsystem = 'first-phase'\n[slurm]\ntime = \"1\\n#SBATCH --x\"\n", &["one word"]),
        (
            "command = 'solve'\nsystem = 'first-phase'\nplot = 'x.svg'\n[figure]\nx = 't'\n",
            &["name both, or none"],
        ),
        (
            "command = 'solve'\nsystem = 'first-phase'\nplot = 'x.svg'\n[figure]\nx = 'q'\ny = 't'\n",
            &["no parameter with several values"],
        ),
        (
            "command = 'solve'\nsystem = 'first-phase'\nplot = 'x.svg'\n[figure]\ncolumns = ['omgea']\n",
            &["did you mean `omega`"],
        ),
        ("command = 'generate'\n[sweep]\nt = [1, 2]\n", &["t cannot be set"]),
        ("command = 'steps'\nplot = 'x.svg'\n", &["not curves or maps"]),
        (
            "command = 'solve'\nsystem = 'first-phase'\n[sweep]\nn = '10:1000:5000'\nkappa = '1:2:5000'\n",
            &["25000000 combinations"],
        ),
        ("\u{0}", &["study.toml"]),
    ] {
        write(here, "study.toml", text);
        let output = run(here, &["sweep", "study.toml"], 1);
        let said = message(&output);
        for part in parts {
            assert!(said.contains(part), "{text}\nlacks `{part}`:\n{said}");
        }
        assert!(!here.join("study.sweep").exists(), "{text}");
    }
    write(here, "study.toml", good);
    for (arguments, code, part) in [
        (&["sweep", "nothing.toml"][..], 1, "nothing.toml"),
        (&["sweep", "."], 1, "cannot read"),
        (&["sweep", "study.toml", "--part", "7/7"], 2, "0/N to N−1/N"),
        (&["sweep", "study.toml", "--submit"], 2, "--slurm"),
        (&["sweep", "study.toml", "--output", "no/x.csv"], 1, "does not exist"),
        (&["sweep", "study.toml", "--output", "study.json"], 1, "side file"),
    ] {
        let output = run(here, arguments, code);
        assert!(message(&output).contains(part), "{arguments:?}: {}", message(&output));
    }
}
