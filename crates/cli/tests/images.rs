//! `overlaps images` on drawn digits: the whole way of a practitioner, an interruption, bad input.
#![cfg(feature = "images")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use overlaps::output::Table;
use overlaps::output::csv::read_table;
use overlaps_images::{drawn, write_npy};
use support::run_in;
use tempfile::TempDir;

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A run that ends with this exit code.
fn run(folder: &Path, words: &str, code: i32) -> Output {
    let arguments: Vec<&str> = words.split_whitespace().collect();
    let output = run_in(folder, &arguments);
    assert_eq!(output.status.code(), Some(code), "{words}: {}", message(&output));
    output
}

/// Drawn digits as arrays: `NAME.npy` and `NAME-labels.npy`.
fn digits(folder: &Path, name: &str, zeros: usize, ones: usize, seed: u64) {
    let images = drawn(zeros, ones, 8, seed);
    write_npy(&folder.join(format!("{name}.npy")), &images).unwrap();
    let mut header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({},), }}", images.count());
    header += "\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(images.labels.iter().map(|label| *label as u8));
    fs::write(folder.join(format!("{name}-labels.npy")), bytes).unwrap();
}

fn table(folder: &Path, name: &str) -> Table {
    read_table(fs::File::open(folder.join(name)).unwrap()).unwrap()
}

const DATA: &str = "digits.npy --labels digits-labels.npy";
const SMALL: &str = "--channels 8 --batch 16 --rate 4e-3";

#[test]
fn four_commands_lead_from_images_to_a_schedule_and_back() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    digits(folder, "digits", 160, 40, 0);
    digits(folder, "others", 150, 150, 1);
    run(folder, &format!("images uturn {DATA} --samples 100 --output uturn.csv --plot uturn.svg"), 0);
    let turned = table(folder, "uturn.csv");
    let names: Vec<&str> = turned.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["time", "memory", "memory_error", "kept_0", "kept_1"]);
    assert_eq!((turned.number("memory", 20).unwrap(), turned.rows.len()), (1.0, 21));
    run(folder, "schedule --curve uturn.csv --features memory --output times.csv", 0);

    run(
        folder,
        &format!("images train {DATA} --times times.csv --epochs 60 {SMALL} --output m.unet --quiet"),
        0,
    );
    run(folder, "images generate m.unet --samples 100 --steps 30 --output made.npy --sheet made.png", 0);
    run(folder, "images generate m.unet --samples 100 --steps 30 --output again.npy --threads 1 --quiet", 0);
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    assert_eq!(read("made.npy"), read("again.npy"));
    assert!(read("made.png").starts_with(b"\x89PNG"));

    run(folder, "images classify others.npy --labels others-labels.npy --train c.classifier --epochs 40", 0);
    run(folder, "images classify made.npy --by c.classifier --output counts.csv", 0);
    let counts = table(folder, "counts.csv");
    let zeros = counts.number("fraction", 0).unwrap();
    assert!((zeros - 0.8).abs() < 0.25, "{zeros}");
    assert_eq!(counts.number("count", 0).unwrap() + counts.number("count", 1).unwrap(), 100.0);
    let learnt =
        "--denoiser m.unet --classifier c.classifier --points 3 --samples 24 --steps 30 --output learnt.csv";
    run(folder, &format!("images uturn {DATA} {learnt}"), 0);
    assert_eq!(table(folder, "learnt.csv").number("memory", 2).unwrap(), 1.0);

    let compare = format!(
        "images reproduce {DATA} --classifier c.classifier --models models --window 0.3,0.5 --seeds 2 --epochs 2 {SMALL} \
         --samples 24 --steps 10 --output reproduce.csv --plot reproduce.svg --quiet"
    );
    let code = run_in(folder, &compare.split_whitespace().collect::<Vec<_>>()).status.code();
    assert!(matches!(code, Some(0 | 4)), "{code:?}");
    let compared = table(folder, "reproduce.csv");
    assert_eq!(compared.rows.len(), 4);
    let side: serde_json::Value = serde_json::from_slice(&read("reproduce.json")).unwrap();
    assert_eq!(side["comparison"]["summary"].as_array().unwrap().len(), 6);
    assert_eq!(side["comparison"]["share"], 0.8);
    let statements = side["comparison"]["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 6);
    assert!(statements.iter().all(|stated| stated["source"] == "Section 6.2"), "{statements:?}");
    merged_parts_are_the_whole(folder, &compare, code);
}

/// The same comparison in two parts, each in a folder of its own, as on machines that share nothing.
fn merged_parts_are_the_whole(folder: &Path, compare: &str, code: Option<i32>) {
    let results = ["reproduce.csv", "reproduce.json", "reproduce.svg"];
    let whole = results.map(|name| fs::read(folder.join(name)).unwrap());
    results.iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
    fs::remove_dir_all(folder.join("models")).unwrap();
    run(folder, &format!("{compare} --part 0/2"), 0);
    assert!(results.iter().all(|name| !folder.join(name).exists()));
    let said = message(&run(folder, &format!("{compare} --merge 2"), 1));
    let expected = "2 of 4 networks are missing in models\n  network 1: times 0.3-0.5, seed 0\n  network 3: \
                    times 0.3-0.5, seed 1\nrun again with: --part 1/2";
    assert!(said.contains(expected), "{said}");
    run(folder, &format!("{} --part 1/2", compare.replace("--models models", "--models others")), 0);
    for file in fs::read_dir(folder.join("others")).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|e| e == "fractions") {
            fs::copy(&file, folder.join("models").join(file.file_name().unwrap())).unwrap();
        }
    }
    let merged = run_in(folder, &format!("{compare} --merge 2").split_whitespace().collect::<Vec<_>>());
    assert_eq!(merged.status.code(), code, "{}", message(&merged));
    assert_eq!(results.map(|name| fs::read(folder.join(name)).unwrap()), whole);
    a_job_array_is_the_whole(folder, compare, (&results, &whole, code));
    // What another training has left is not taken for a part of this.
    let said = message(&run(folder, &format!("{compare} --merge=2 --attention"), 1));
    assert!(said.contains("4 of 4 networks are missing") && said.contains("of another training"), "{said}");
}

/// The same as three tasks of a job array and a job that makes the table, run as Slurm would.
fn a_job_array_is_the_whole(
    folder: &Path,
    compare: &str,
    (results, whole, code): (&[&str; 3], &[Vec<u8>; 3], Option<i32>),
) {
    results.iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
    fs::remove_dir_all(folder.join("models")).unwrap();
    run(folder, &format!("{compare} --slurm --tasks 3 --directive time=00:10:00"), 0);
    let job = |script: &str, task: &str| {
        Command::new("bash")
            .arg(script)
            .env("SLURM_ARRAY_TASK_ID", task)
            .current_dir(folder.join("models"))
            .output()
            .unwrap()
    };
    for (script, lines) in [
        ("array.sh", ["#SBATCH --array=0-2", "#SBATCH --time=00:10:00", "#SBATCH --output=task-%a.log"]),
        (
            "merge.sh",
            ["#SBATCH --output=merge.log", "#SBATCH --time=00:10:00", "#SBATCH --job-name=models-merge"],
        ),
    ] {
        let text = fs::read_to_string(folder.join("models").join(script)).unwrap();
        lines.iter().for_each(|line| assert!(text.lines().any(|own| own == *line), "{line}\n{text}"));
    }
    for task in ["0", "2"] {
        let output = job("array.sh", task);
        assert!(output.status.success() && output.stdout.is_empty(), "{}", message(&output));
    }
    let said = message(&job("merge.sh", ""));
    let expected = "1 of 4 networks are missing in models\n  network 1: times 0.3-0.5, seed 0\nsubmit again: \
                    sbatch --array=1 models/array.sh";
    assert!(said.contains(expected), "{said}");
    assert!(results.iter().all(|name| !folder.join(name).exists()));
    assert!(job("array.sh", "1").status.success());
    assert_eq!(job("merge.sh", "").status.code(), code);
    assert_eq!(results.map(|name| fs::read(folder.join(name)).unwrap()), *whole);
}

#[test]
fn a_training_that_is_killed_goes_on_and_ends_with_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    digits(folder, "digits", 160, 40, 0);
    let train = |name: &str| {
        format!("images train {DATA} --epochs 150 --average 0.99 {SMALL} --output {name} --quiet")
    };
    run(folder, &train("whole.unet"), 0);
    let words = train("parts.unet");
    let mut child = Command::new(env!("CARGO_BIN_EXE_overlaps"))
        .args(words.split_whitespace())
        .current_dir(folder)
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !folder.join("parts.checkpoint").exists() && start.elapsed() < Duration::from_secs(300) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!folder.join("parts.unet").exists(), "it was killed too late");
    run(folder, &words, 0);
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    assert_eq!(read("whole.unet"), read("parts.unet"));
    assert!(!folder.join("parts.checkpoint").exists());
}

#[test]
fn what_is_not_possible_is_said() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    digits(folder, "digits", 20, 10, 0);
    digits(folder, "zeros", 20, 0, 0);
    fs::write(folder.join("times.csv"), "quantile,time\n0,0\n1,2\n").unwrap();
    fs::write(folder.join("cut"), [0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 2, 7]).unwrap();
    run(folder, &format!("images train {DATA} --epochs 1 --channels 8 --output m.unet --quiet"), 0);
    for (words, expected) in [
        ("images uturn none", "cannot read none"),
        ("images uturn digits.npy", "--labels"),
        ("images uturn digits.npy --labels zeros-labels.npy", "20 labels do not match the 30 images"),
        (
            "images uturn zeros.npy --labels zeros-labels.npy",
            "zeros.npy: all images are of the class 0; two classes or more",
        ),
        ("images uturn cut", "truncated"),
        (&format!("images train {DATA} --times times.csv --output x.unet"), "line 3 has the time 2"),
        (&format!("images train {DATA} --channels 12 --output x.unet"), "multiple of 8"),
        (&format!("images train {DATA} --levels 3 --output x.unet"), "use 1 to 2"),
        (&format!("images train {DATA} --rate 7 --output x.unet"), "--rate 7"),
        (&format!("images train {DATA} --average 1 --output x.unet"), "--average 1 is not possible"),
        (&format!("images train {DATA} --average=-0.1 --output x.unet"), "above 0 and below 1"),
        (&format!("images train {DATA} --average nan --output x.unet"), "--average NaN"),
        (&format!("images train {DATA} --size 3 --output x.unet"), "--size 3"),
        (&format!("images train {DATA} --proportion 0=0.5,8=0.5 --output x.unet"), "no class 8"),
        (&format!("images train {DATA} --output no/x.unet"), "does not exist"),
        (&format!("images train {DATA} --output x.checkpoint"), "name another file"),
        (&format!("images uturn {DATA} --denoiser m.unet"), "--classifier"),
        (&format!("images uturn {DATA} --size 4 --denoiser m.unet"), "8×8"),
        (&format!("images uturn {DATA} --denoiser digits.npy"), "no model"),
        ("images generate m.unet", "--output FILE.npy"),
        ("images generate m.unet --output x.csv", "--output x.csv: it is written as .npy"),
        ("images generate m.unet --sheet x.svg", "--sheet x.svg: it is written as .png"),
        ("images generate digits.npy --output x.npy", "no model"),
        ("images classify digits.npy --by m.unet", "classifier"),
    ] {
        let said = message(&run(folder, words, 1));
        assert!(said.contains(expected), "{words}: {said}");
    }
    for words in [
        "images classify digits.npy",
        &format!("images train {DATA}"),
        &format!("images train {DATA} --proportion 0=2,1=1 --output x.unet"),
        &format!("images reproduce {DATA} --classifier c --models m --window 0.5,0.3"),
        &format!("images reproduce {DATA} --classifier c --models m --part 2/2"),
        &format!("images reproduce {DATA} --classifier c --models m --part 0/2 --merge 2"),
        &format!("images reproduce {DATA} --classifier c --models m --part 0/2 --slurm"),
        &format!("images reproduce {DATA} --classifier c --models m --submit"),
        &format!("images reproduce {DATA} --classifier c --models m --slurm --directive array=0-3"),
    ] {
        run(folder, words, 2);
    }
    assert!(!folder.join("x.unet").exists() && !folder.join("x.npy").exists());
}
