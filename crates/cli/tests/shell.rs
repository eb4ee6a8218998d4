//! `overlaps completions` and `overlaps man`: what shells complete, and pages that a manual reader shows.
//!
//! Shells and manual readers that are not installed are passed over.

mod support;

use std::fs;
use std::process::{Command, Output, Stdio};

use support::run_in;
use tempfile::TempDir;

/// Standard output of a command that succeeds.
fn printed(arguments: &[&str]) -> String {
    let output = run_in(TempDir::new().unwrap().path(), arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs another program, if it is there.
fn other(program: &str, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).env("LC_ALL", "C.UTF-8");
    let output = command.output().ok();
    if output.is_none() {
        eprintln!("{program} is not installed; passed over");
    }
    output
}

/// What a program says, all of it.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The script of a shell in a file.
fn script(shell: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("script");
    fs::write(&path, printed(&["completions", shell])).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn bash_completes_commands_flags_values_and_systems() {
    let (_folder, path) = script("bash");
    // The last word is the one that is completed.
    let complete = |words: &str| -> Option<Vec<String>> {
        let program = format!(
            "source {path} && complete -p overlaps >&2 && compopt() {{ :; }}\n\
             COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _overlaps overlaps \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output = other("bash", &["--norc", "-c", &program])?;
        let registered = String::from_utf8_lossy(&output.stderr);
        assert!(registered.contains("-F _overlaps") && registered.contains("-o default"), "{registered}");
        let words = String::from_utf8(output.stdout).unwrap();
        Some(words.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect())
    };
    let cases: [(&str, &[&str]); 7] = [
        ("overlaps so", &["solve"]),
        ("overlaps solve curie", &["curie-weiss"]),
        ("overlaps solve hopfield --form", &["--format"]),
        ("overlaps solve hopfield --format ''", &["table", "csv", "json"]),
        ("overlaps solve two-phase --compare fin", &["finite-d"]),
        ("overlaps reproduce fig", &["figure-1"]),
        // Nothing of its own: bash then offers files.
        ("overlaps solve ./my", &[]),
    ];
    for (words, expected) in cases {
        let Some(found) = complete(words) else { return };
        assert_eq!(found, expected, "{words}");
    }
}

#[test]
fn zsh_and_fish_read_their_scripts() {
    for shell in ["zsh", "fish"] {
        let (_folder, path) = script(shell);
        if let Some(output) = other(shell, &["-n", &path]) {
            assert!(output.status.success() && said(&output).is_empty(), "{shell}: {}", said(&output));
        }
    }
    let (_folder, path) = script("fish");
    if let Some(output) =
        other("fish", &["-c", &format!("source {path}; complete -C 'overlaps solve curie'")])
    {
        assert_eq!(said(&output), "curie-weiss\tbuilt-in system\n");
    }
}

#[test]
fn an_unknown_shell_is_a_usage_error() {
    let output = run_in(TempDir::new().unwrap().path(), &["completions", "csh"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("bash, zsh, fish"), "{}", said(&output));
}

#[test]
fn every_command_has_a_manual_page_that_readers_take_without_a_warning() {
    let folder = TempDir::new().unwrap();
    let output = run_in(folder.path(), &["man", "--output", "share/man1"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let pages = folder.path().join("share/man1");
    let main = fs::read_to_string(pages.join("overlaps.1")).unwrap();
    assert_eq!(main, printed(&["man"]));
    let commands = |help: &str, before: &str| -> Vec<String> {
        let listed =
            help.lines().take_while(|line| *line != "Options:").filter(|line| line.starts_with("  "));
        let names = listed.map(|line| line.split_whitespace().next().unwrap()).filter(|name| *name != "help");
        names.map(|name| format!("{before}-{name}.1")).collect()
    };
    let mut names = commands(&printed(&["--help"]), "overlaps");
    names.extend(commands(&printed(&["images", "--help"]), "overlaps-images"));
    names.push("overlaps.1".to_owned());
    names.sort();
    let mut found: Vec<String> =
        fs::read_dir(&pages).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, names);
    for name in &names {
        let page = pages.join(name);
        let page = page.to_str().unwrap();
        if let Some(output) = other("groff", &["-man", "-Tutf8", "-Kutf8", "-ww", "-z", page]) {
            assert!(output.status.success() && said(&output).is_empty(), "{name}: {}", said(&output));
        }
        if let Some(output) = other("mandoc", &["-T", "lint", "-W", "warning", page]) {
            // A page without a date is meant: the same version gives the same bytes.
            let warnings = said(&output);
            let others: Vec<&str> = warnings.lines().filter(|line| !line.contains("missing date")).collect();
            assert!(others.is_empty(), "{name}: {others:?}");
        }
    }
    let page = pages.join("overlaps-generate.1");
    if let Some(output) = other("mandoc", &["-T", "utf8", page.to_str().unwrap()]) {
        assert!(
            said(&output).contains("the span of x, μ and the data")
                || said(&output).contains("lies in the span")
        );
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let output = run_in(folder.path(), &["man", "--output", "file/man1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("cannot make the folder file/man1"), "{}", said(&output));
}

#[test]
fn help_says_what_a_command_does() {
    assert!(printed(&["check", "--help"]).contains("One verdict per theory"));
    assert!(
        printed(&["check", "-h"]).starts_with("Check a system of equations against simulation at finite d")
    );
    assert!(printed(&["man"]).contains("Find the control values at which the global branch changes"));
}
