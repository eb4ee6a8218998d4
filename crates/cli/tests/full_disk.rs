//! A disk that is full, or becomes full: the message names the file and the reason, and no file is left half-written.
//!
//! A limit on the size of files stands in for the disk; `tests/disk/test` has real ones.
#![cfg(target_os = "linux")]

use std::fs;
use std::time::Duration;

use assert_cmd::Command;
use tempfile::TempDir;

/// Runs the command in a folder where no file may become larger than so many blocks of 512 bytes.
fn with_blocks(folder: &TempDir, blocks: u32, arguments: &[&str]) -> (Option<i32>, String) {
    // Ignored, the signal of a file that is too large leaves an error as that of a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_overlaps")])
        .args(arguments)
        .current_dir(folder)
        .timeout(Duration::from_secs(120))
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn names_in(folder: &TempDir) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

fn names_the_file(message: &str, file: &str) {
    assert!(message.starts_with(&format!("error: writing '{file}' failed (")), "{message}");
    assert!(message.contains("check the free space") && !message.contains(".tmp"), "{message}");
    assert_eq!(message.matches("failed").count(), 1, "{message}");
}

#[test]
fn a_disk_that_fills_up_leaves_nothing_half_written() {
    for (file, arguments) in [
        ("a.csv", &["solve", "first-phase", "--output", "a.csv"][..]),
        ("a.svg", &["solve", "first-phase", "--set", "n=8", "--plot", "a.svg"]),
        ("a.csv", &["simulate", "--set", "n=4", "--seeds", "2", "--output", "a.csv"]),
        ("r.csv", &["check", "two-phase", "--set", "n=4", "--seeds", "2", "--runs", "r.csv"]),
        (
            "d.json",
            &[
                "generate",
                "--set",
                "n=8",
                "--set",
                "schedule=uniform",
                "--seeds",
                "2",
                "--samples",
                "100",
                "--denoisers",
                "d.json",
            ],
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let (code, message) = with_blocks(&folder, 16, &[arguments, &["--quiet"]].concat());
        assert_eq!(code, Some(1), "{arguments:?}: {message}");
        names_the_file(&message, file);
        assert!(names_in(&folder).is_empty(), "{arguments:?}: {:?}", names_in(&folder));
    }
}

#[test]
fn files_that_belong_together_appear_together() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.csv"), "earlier").unwrap();
    // The figure is larger than the table of three rows and its side file.
    let arguments = ["solve", "first-phase", "--sweep", "t=0:1:3", "--output", "a.csv", "--plot", "a.svg"];
    let (code, message) = with_blocks(&folder, 10, &[&arguments[..], &["--quiet"]].concat());
    assert_eq!(code, Some(1), "{message}");
    names_the_file(&message, "a.svg");
    assert_eq!(names_in(&folder), ["a.csv"]);
    assert_eq!(fs::read_to_string(folder.path().join("a.csv")).unwrap(), "earlier");
}

#[test]
fn a_full_disk_is_found_before_anything_is_computed() {
    let hours = ["--sweep", "p=0.51:0.99:100", "--sweep", "kappa=1:2:100"];
    for (file, arguments) in [
        ("a.csv", &["solve", "two-phase", "--output", "a.csv"][..]),
        ("a.csv", &["simulate", "--output", "a.csv"]),
        ("r.csv", &["check", "two-phase", "--runs", "r.csv"]),
    ] {
        let folder = TempDir::new().unwrap();
        let (code, message) = with_blocks(&folder, 0, &[arguments, &hours[..]].concat());
        assert_eq!(code, Some(1), "{arguments:?}: {message}");
        names_the_file(&message, file);
        assert!(names_in(&folder).is_empty());
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_keeps_the_earlier_ones() {
    let folder = TempDir::new().unwrap();
    let arguments = [
        "simulate",
        "--method",
        "trained",
        "--set",
        "n=4",
        "--set",
        "d=400",
        "--sweep",
        "t=0.5,1,1.5",
        "--seeds",
        "2",
        "--epochs",
        "20",
        "--checkpoints",
        "kept",
        "--output",
        "a.csv",
        "--quiet",
    ];
    let (code, message) = with_blocks(&folder, 16, &arguments);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.starts_with("error: writing 'kept/d400-seed"), "{message}");
    assert!(message.contains("in kept; the same command continues there"), "{message}");
    assert_eq!(names_in(&folder), ["kept"]);
    assert_eq!(fs::read_dir(folder.path().join("kept")).unwrap().count(), 0);
    let (code, message) = with_blocks(&folder, 64, &arguments);
    assert_eq!(code, Some(0), "{message}");
    assert_eq!(fs::read_dir(folder.path().join("kept")).unwrap().count(), 6);
}

#[test]
fn a_device_and_standard_output_are_named_too() {
    let folder = TempDir::new().unwrap();
    let (code, message) =
        with_blocks(&folder, 64, &["solve", "first-phase", "--output", "/dev/full", "--quiet"]);
    assert_eq!(code, Some(1), "{message}");
    names_the_file(&message, "/dev/full");
    for format in ["table", "csv", "json"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_overlaps"))
            .args(["solve", "first-phase", "--set", "n=8", "--format", format])
            .current_dir(&folder)
            .stdout(full)
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains("error: writing to standard output failed (No space left"), "{message}");
    }
}
