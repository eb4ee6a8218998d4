//! Bad input: every mistake ends with a message that names the value, the place and what would be accepted, with
//! exit code 1 (2 where the command line itself cannot be read), and leaves all files as they were.

use std::fs;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use proptest::prelude::*;
use tempfile::TempDir;

/// A correct equation file, from which the tests make wrong ones.
const RIGHT: &str = r#"title   = "Mean field"
control = { name = "t", from = 0, to = 1, points = 3 }

[parameters]
a = { default = 2, domain = "0 < a && a < 4", meaning = "gain" }

[variables]
s = { values = [1, -1], weights = [0.5, "0.5"] }
z = "normal"

[definitions]
h = "a*t*x + z/2"

[unknowns]
x = "order parameter"

[energy]
minimise = "x^2/2 - E[z](log_cosh(h))"

[[branch]]
name  = "up"
start = [{ x = 1 }]

[outputs]
y = { value = "E[s](s*x)^2", meaning = "its square" }
"#;

const ENERGY: &str = "[energy]\nminimise = \"x^2/2 - E[z](log_cosh(h))\"";
const VALUE: &str = "E[s](s*x)^2";

fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(RIGHT.to_string(), |text, (from, to)| {
        assert!(text.contains(from), "`{from}` is not in the file");
        text.replacen(from, to, 1)
    })
}

/// Everything in a folder, with its content.
fn contents(folder: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.display().to_string(), fs::read(&path).ok())
        })
        .collect();
    all.sort();
    all
}

/// Runs the command in a folder and checks that it is refused: the exit code, the words of the message, no panic,
/// nothing on standard output, and every file as it was.
fn refused_in(folder: &TempDir, arguments: &[&str], code: i32, words: &[&str]) -> String {
    let before = contents(folder.path());
    let output = Command::new(env!("CARGO_BIN_EXE_overlaps"))
        .args(arguments)
        .current_dir(folder)
        .timeout(Duration::from_secs(60))
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    let start: String = message.chars().take(2000).collect();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {start}");
    assert!(!message.contains("panicked"), "{arguments:?}: {start}");
    assert!(message.len() < 4000, "the message has {} bytes: {start}", message.len());
    for word in words {
        assert!(message.contains(word), "{arguments:?} does not say `{word}`: {start}");
    }
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    assert!(contents(folder.path()) == before, "{arguments:?} changed files");
    message
}

/// A folder with earlier results, which no refused command may touch.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["earlier.csv", "earlier.json", "earlier.svg"] {
        fs::write(folder.path().join(name), "earlier").unwrap();
    }
    folder
}

const TO_FILES: [&str; 4] = ["--output", "earlier.csv", "--plot", "earlier.svg"];

/// `overlaps solve …`, with output to existing files.
fn refused(arguments: &[&str], code: i32, words: &[&str]) {
    refused_in(&folder(), &[&["solve"], arguments, &TO_FILES].concat(), code, words);
}

/// An equation file that is refused at the first place where `at` stands in it.
fn file_refused(text: &str, at: &str, words: &[&str]) {
    file_refused_with(&[], text, at, words);
}

fn file_refused_with(arguments: &[&str], text: &str, at: &str, words: &[&str]) {
    let offset = text.find(at).unwrap_or_else(|| panic!("`{at}` is not in the file"));
    let line = text[..offset].matches('\n').count() + 1;
    let column = text[..offset].rsplit('\n').next().unwrap().chars().count() + 1;
    let place = format!("theory.toml:{line}:{column}\n");
    let folder = folder();
    fs::write(folder.path().join("theory.toml"), text).unwrap();
    let arguments = [&["solve", "theory.toml"], arguments, &TO_FILES].concat();
    refused_in(&folder, &arguments, 1, &[words, &[place.as_str()]].concat());
}

/// Solves an equation file within a time and an address space (in kB); the exit code and the message.
fn limited(text: &str, seconds: u64, kilobytes: u64) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("theory.toml"), text).unwrap();
    let script = format!("ulimit -v {kilobytes}; exec \"$0\" solve theory.toml --set t=0.5 --format csv");
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_overlaps")])
        .current_dir(&folder)
        .timeout(Duration::from_secs(seconds))
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_file_from_which_the_wrong_ones_are_made_is_right() {
    let (code, message) = limited(RIGHT, 60, 8_000_000);
    assert_eq!(code, Some(0), "{message}");
}

// ---- Values ----

#[test]
fn an_unknown_parameter_is_refused_and_the_nearest_named() {
    let words = ["`kapa`", "did you mean `kappa`?", "n, p, sigma, kappa, lambda, ell"];
    refused(&["first-phase", "--set", "kapa=2"], 1, &words);
    refused(&["first-phase", "--sweep", "kapa=2:3:2"], 1, &words);
    refused(&["two-phase", "--set", "foo=2"], 1, &["`foo`", "`two-phase`", "its parameters are"]);
}

#[test]
fn a_value_outside_its_domain_is_refused_with_the_domain() {
    for (value, domain) in [
        ("n=1", "n >= 2"),
        ("p=0", "0 < p && p < 1"),
        ("p=1", "0 < p && p < 1"),
        ("lambda=-0.1", "lambda >= 0"),
        ("ell=0", "ell > 0"),
        ("sigma=-1", "sigma >= 0"),
        ("kappa=-1", "kappa >= 0"),
        ("n=1e999", "n < inf"),
        ("n=-inf", "n >= 2"),
    ] {
        let (name, number) = value.split_once('=').unwrap();
        let said = format!("{name} = {}", number.replace("1e999", "inf"));
        for system in ["first-phase", "two-phase"] {
            refused(&[system, "--set", value], 1, &[&said, domain]);
        }
    }
    refused(&["second-phase", "--set", "k=0.5"], 1, &["k = 0.5", "k >= 1"]);
}

#[test]
fn a_sweep_that_leaves_the_domain_is_refused_before_anything_is_solved() {
    refused(&["first-phase", "--sweep", "p=0.5:1:3"], 1, &["p = 1", "0 < p && p < 1"]);
    refused(&["first-phase", "--sweep", "n=8:1:8", "--sweep", "p=0.5:0.6:2"], 1, &["n = 1", "n >= 2"]);
}

#[test]
fn a_control_value_outside_its_range_is_refused_with_the_range() {
    refused(&["first-phase", "--set", "t=1.5"], 1, &["t = 1.5", "0 ≤ t ≤ 1"]);
    refused(&["first-phase", "--sweep", "t=-1:1:3"], 1, &["t = -1", "0 ≤ t ≤ 1"]);
    refused(&["first-phase", "--set", "t=inf"], 1, &["t = inf", "finite"]);
}

#[test]
fn nan_is_refused() {
    for text in ["p=NaN", "t=nan", "n=-nan"] {
        refused(&["first-phase", "--set", text], 2, &[text, "NaN"]);
    }
    for text in ["p=nan:0.5:3", "p=0.1:NaN:3", "t=log:nan:1:3"] {
        refused(&["first-phase", "--sweep", text], 2, &[text, "NaN"]);
    }
}

#[test]
fn a_value_that_is_not_a_number_is_refused_with_the_form_that_is_read() {
    for (text, word) in [
        ("n", "NAME=VALUE"),
        ("n=", "not a number"),
        ("n=1,5", "not a number"),
        ("n=1/2", "not a number"),
        ("=3", "name"),
    ] {
        refused(&["first-phase", "--set", text], 2, &[text, word]);
    }
}

#[test]
fn a_word_for_a_number_and_a_number_for_a_word_are_refused() {
    refused(&["first-phase", "--set", "n=eight"], 1, &["n = eight", "not a number"]);
    refused(&["first-phase", "--sweep", "n=eight,nine"], 1, &["n = eight", "not a number"]);
    refused(&["first-phase", "--set", "t=half"], 1, &["t = half", "not a number"]);
    refused(&["finite-d", "--set", "interpolant=1"], 1, &["interpolant = 1", "linear, trigonometric"]);
    refused(&["finite-d", "--sweep", "schedule=0:1:2"], 1, &["schedule = 0", "dilated, uniform"]);
    refused(&["finite-d", "--sweep", "schedule=0,1"], 1, &["schedule = 0", "dilated, uniform"]);
    refused(&["finite-d", "--sweep", "schedule=dilated,dilated"], 2, &["`dilated` stands twice"]);
    refused(&["finite-d", "--sweep", "schedule=dilated,1"], 2, &["`dilated` is not a number"]);
    refused(&["finite-d", "--sweep", "schedule=dilated"], 2, &["NAME=START:STOP:COUNT"]);
}

#[test]
fn a_word_that_a_parameter_does_not_have_is_refused_with_those_that_it_has() {
    let words = ["interpolant = trigonometrc", "linear, trigonometric", "did you mean `trigonometric`?"];
    refused(&["finite-d", "--set", "interpolant=trigonometrc"], 1, &words);
    refused(&["finite-d", "--sweep", "interpolant=linear,trigonometrc"], 1, &words);
    refused(&["first-phase", "--set", "schedule=uniform"], 1, &["schedule = uniform", "use one of dilated"]);
    // What one of several systems does not have.
    let compare = ["finite-d", "--compare", "first-phase", "--set", "schedule=uniform"];
    refused(&compare, 1, &["schedule = uniform is not possible in first-phase; use one of dilated"]);
    let files = &TO_FILES[..];
    for (set, words) in [
        ("interpolant=trigonometrc", &words[..]),
        ("schedule=1", &["schedule = 1", "dilated, uniform"]),
        ("n=eight", &["n = eight", "not a number"]),
    ] {
        refused_in(&folder(), &[&["simulate", "--set", set], files].concat(), 1, words);
        refused_in(&folder(), &[&["check", "two-phase", "--set", set], files].concat(), 1, words);
    }
    refused_in(
        &folder(),
        &["limit", "finite-d", "--set", "schedule=uniform"],
        1,
        &["first-phase", "dilated"],
    );
}

#[test]
fn a_sweep_of_0_points_is_refused() {
    refused(&["first-phase", "--sweep", "t=0:1:0"], 2, &["t=0:1:0", "0 points", "1 or more"]);
}

#[test]
fn a_malformed_sweep_is_refused_with_the_form_that_is_read() {
    for (text, word) in [
        ("t", "START:STOP:COUNT"),
        ("t=0:1", "NAME=START:STOP:COUNT"),
        ("t=0:1:2:3", "NAME=START:STOP:COUNT"),
        ("t=lin:0:1:3", "NAME=log:START:STOP:COUNT"),
        ("t=0:1:-3", "1 or more"),
        ("t=0:1:2.5", "1 or more"),
        ("t=0:one:3", "`one`"),
        ("t=0:inf:3", "finite"),
        ("n=log:0:10:3", "positive"),
        ("n=log:-1:10:3", "positive"),
        ("t=0:1:99999999999999999999999", "points"),
        ("t=0:1:99999999999", "at most 10000000"),
        ("t=0.5:0.5:3", "--set"),
    ] {
        refused(&["first-phase", "--sweep", text], 2, &[text, word]);
    }
}

#[test]
fn a_name_given_twice_is_refused() {
    let words = ["`n`", "twice"];
    refused(&["first-phase", "--set", "n=8", "--sweep", "n=8:9:2"], 1, &words);
    refused(&["first-phase", "--set", "n=8", "--set", "n=9"], 1, &words);
    refused(&["first-phase", "--sweep", "n=8:9:2", "--sweep", "n=8:9:2"], 1, &words);
    refused(&["first-phase", "--set", "t=0", "--sweep", "t=0:1:2"], 1, &["`t`", "twice"]);
}

#[test]
fn sweeps_with_more_combinations_than_can_ever_be_solved_are_refused_at_once() {
    let sweeps = ["--sweep", "n=2:1e6:1000000", "--sweep", "p=0.1:0.9:1000000"];
    refused(&[&["first-phase"], &sweeps[..]].concat(), 1, &["too many", "n", "p"]);
}

#[test]
fn options_out_of_range_are_refused_with_the_range() {
    refused(&["first-phase", "--tolerance", "0"], 2, &["1e-14", "1e-2"]);
    refused(&["first-phase", "--tolerance", "nan"], 2, &["1e-14", "1e-2"]);
    refused(&["first-phase", "--threads", "0"], 2, &["--threads", "1"]);
    refused(&["first-phase", "--format", "xml"], 2, &["xml", "table, csv, json"]);
}

// ---- Systems and columns ----

#[test]
fn an_unknown_system_is_refused_and_the_nearest_named() {
    let words = ["`frist-phase`", "did you mean `first-phase`?", "overlaps list"];
    for command in ["solve", "show", "limit", "critical"] {
        refused_in(&folder(), &[command, "frist-phase"], 1, &words);
        refused_in(&folder(), &[command, "no/such.toml"], 1, &["no/such.toml", "No such file"]);
    }
    refused(&["first-phase", "--compare", "frist-phase"], 1, &words);
    refused(&["first-phase", "--compare", "first-phase-limit,frist-phase"], 1, &words);
    refused(&[""], 1, &["no system ``"]);
}

#[test]
fn a_system_that_cannot_share_a_figure_is_refused() {
    refused(
        &["first-phase", "--compare", "curie-weiss"],
        1,
        &["first-phase", "along t", "curie-weiss", "along T"],
    );
    refused(&["first-phase", "--compare", "first-phase"], 1, &["`first-phase`", "itself"]);
}

#[test]
fn an_unknown_column_is_refused_and_the_nearest_named() {
    let words = ["`omgea`", "did you mean `omega`?", "q_eta_plus", "mse_test"];
    refused(&["first-phase", "--columns", "omgea"], 1, &words);
    refused(&["first-phase", "--columns", "m,omgea"], 1, &words);
    refused(&["first-phase", "--columns", "foozle"], 1, &["no column `foozle`; columns are omega, b"]);
    refused(&["first-phase", "--columns", "branch"], 1, &["`branch`", "columns are omega, b"]);
}

#[test]
fn a_command_that_is_refused_makes_no_folder() {
    refused_in(&folder(), &["solve", "first-phase", "--columns", "omgea"], 1, &["`omgea`"]);
}

#[test]
fn critical_refuses_a_fixed_control_along_which_it_is_to_search() {
    refused_in(&folder(), &["critical", "first-phase", "--set", "t=0.5"], 1, &["`t`"]);
}

#[test]
fn critical_refuses_an_output_that_is_not_there() {
    let words = ["`stabilty`", "did you mean `stability`?", "q, free_energy, entropy, stability"];
    let misspelt = ["critical", "sherrington-kirkpatrick", "--zero", "stabilty", "--output", "a.csv"];
    refused_in(&folder(), &misspelt, 1, &words);
    refused_in(&folder(), &["critical", "curie-weiss", "--branches"], 2, &["--zero"]);
    refused_in(&folder(), &["critical", "curie-weiss", "--zero"], 2, &["--zero"]);
    let plot = ["critical", "curie-weiss", "--zero", "m", "--plot", "a.svg"];
    refused_in(&folder(), &plot, 1, &["--plot", "--sweep"]);
}

#[test]
fn a_limit_that_cannot_be_taken_is_refused() {
    refused_in(&folder(), &["limit", "curie-weiss"], 1, &["curie-weiss", "[limit]", "parameter"]);
    refused_in(&folder(), &["limit", "first-phase", "--set", "n=8"], 1, &["`n`", "--sweep n="]);
    refused_in(&folder(), &["limit", "first-phase", "--sweep", "n=8:9:1"], 1, &["n", "at least 2"]);
    refused_in(&folder(), &["limit", "first-phase", "--sweep", "p=0.4:0.5:2"], 1, &["sweeps n alone"]);
}

// ---- Output paths ----

#[test]
fn an_output_in_a_missing_folder_is_refused_and_nothing_is_written() {
    let folder = folder();
    let words = ["'no/such/a.csv'", "'no/such'", "does not exist"];
    for command in ["solve", "critical", "limit"] {
        refused_in(&folder, &[command, "first-phase", "--output", "no/such/a.csv"], 1, &words);
    }
    // The CSV could be written, but is not, because the figure cannot.
    for csv in ["a.csv", "earlier.csv"] {
        let files = ["--output", csv, "--plot", "no/such/a.svg"];
        let words = ["'no/such/a.svg'", "does not exist"];
        refused_in(&folder, &[&["solve", "first-phase"], &files[..]].concat(), 1, &words);
    }
}

#[test]
fn an_output_that_is_a_folder_or_lies_in_a_file_is_refused() {
    let folder = folder();
    fs::create_dir(folder.path().join("there")).unwrap();
    fs::create_dir(folder.path().join("taken.json")).unwrap();
    for (path, word) in [("there", "it is a folder"), ("earlier.csv/a.csv", "is not a folder")] {
        for option in ["--output", "--plot"] {
            refused_in(&folder, &["solve", "first-phase", option, path], 1, &[path, word]);
        }
    }
    // The side file has no place.
    refused_in(
        &folder,
        &["solve", "first-phase", "--output", "taken.csv"],
        1,
        &["taken.json", "it is a folder"],
    );
    refused_in(&folder, &["solve", "first-phase", "--output", ""], 2, &["--output"]);
}

#[test]
fn an_output_that_may_not_be_written_is_refused_and_stays_as_it_was() {
    let folder = folder();
    for name in ["earlier.csv", "earlier.json", "earlier.svg"] {
        let path = folder.path().join(name);
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
    }
    refused_in(
        &folder,
        &["solve", "first-phase", "--output", "earlier.csv"],
        1,
        &["earlier.csv", "read-only"],
    );
    refused_in(&folder, &["solve", "first-phase", "--plot", "earlier.svg"], 1, &["earlier.svg", "read-only"]);
    if cfg!(target_os = "linux") {
        refused_in(
            &folder,
            &["solve", "first-phase", "--output", "/proc/a.csv"],
            1,
            &["/proc/a.csv", "may write"],
        );
    }
}

#[test]
fn two_outputs_with_one_name_are_refused() {
    let folder = folder();
    for (csv, svg) in [("a.csv", "a.csv"), ("a.csv", "a.json"), ("a.csv", "./a.csv")] {
        let files = ["--output", csv, "--plot", svg];
        refused_in(&folder, &[&["solve", "curie-weiss"], &files[..]].concat(), 1, &[svg, "--plot"]);
    }
    refused_in(&folder, &["solve", "curie-weiss", "--output", "a.json"], 1, &["a.json", "side file"]);
}

#[test]
fn a_row_too_many_for_a_figure_is_said_before_the_work() {
    refused(&["curie-weiss", "--sweep", "h=0:1:100000"], 1, &["13100000 rows", "--output"]);
    // Two axes make a map, but not with several branches at one place.
    let sweeps = ["curie-weiss", "--sweep", "h=0:1:20", "--sweep", "T=0.5:1:3", "--branches"];
    refused(&sweeps, 1, &["14 lines"]);
}

// ---- Names and expressions of an equation file ----

#[test]
fn an_unknown_name_is_refused_at_its_place() {
    file_refused(&edited(&[(VALUE, "x^2 + foo")]), "foo", &["unknown name `foo`"]);
    file_refused(
        &edited(&[("gain\"", "gain\" }\nkappa = { default = 1, meaning = \"\""), (VALUE, "x + kapa")]),
        "kapa\"",
        &["did you mean `kappa`?"],
    );
    file_refused(&edited(&[("a*t*x", "a*t*x*foo")]), "foo", &["unknown name `foo`"]);
    file_refused(&edited(&[("x^2/2", "foo^2/2")]), "foo", &["unknown name `foo`"]);
    file_refused(&edited(&[("a < 4", "a < foo")]), "foo", &["unknown name `foo`"]);
    file_refused(&edited(&[("{ x = 1 }", "{ x = \"1 + foo\" }")]), "foo", &["unknown name `foo`"]);
    file_refused(&edited(&[("\"0.5\"", "\"foo\"")]), "foo", &["unknown name `foo`"]);
}

#[test]
fn the_place_counts_characters_in_lines_of_any_text() {
    file_refused(&edited(&[("\"E[s](", "\"1 + \\\"\\\" E[s](")]), "\\\"", &["cannot read the expression"]);
    let text = edited(&[
        ("its square", "σ²"),
        ("value = \"E[s](s*x)^2\", meaning = \"σ²\"", "meaning = \"σ²\", value = \"x^foo\""),
    ]);
    file_refused(&text, "foo", &["unknown name `foo`"]);
    file_refused(&text.replace('\n', "\r\n"), "foo", &["unknown name `foo`"]);
    file_refused(
        &edited(&[("\"E[s](s*x)^2\"", "\"\"\"\n  x^2\n  + foo\"\"\"")]),
        "foo",
        &["unknown name `foo`"],
    );
}

#[test]
fn an_unknown_function_is_refused_and_the_nearest_named() {
    file_refused(
        &edited(&[(VALUE, "tnah(x)")]),
        "tnah",
        &["unknown function `tnah`", "did you mean `tanh`?", "log_cosh"],
    );
    file_refused(&edited(&[(VALUE, "h(x)")]), "h(x)", &["unknown function `h`", "functions are exp"]);
}

#[test]
fn a_wrong_number_of_arguments_is_refused() {
    file_refused(&edited(&[(VALUE, "min(x)")]), "min(", &["`min` takes 2", "not 1"]);
    file_refused(&edited(&[(VALUE, "exp(x, t)")]), "exp(", &["`exp` takes 1", "not 2"]);
    file_refused(&edited(&[(VALUE, "1 + exp()")]), ")\", meaning = \"its", &["found `)`"]);
}

/// The file with a parameter `path` of two words.
fn with_words(values: &str, more: &str, value: &str) -> String {
    let parameter = format!("gain\" }}\npath = {{ values = {values}, {more}, meaning = \"\"");
    edited(&[("gain\"", &parameter), (VALUE, value)])
}

#[test]
fn the_words_of_a_parameter_are_distinct_words_with_a_default_among_them() {
    let right = "[\"one\", \"two\"]";
    let default = "default = \"one\"";
    let (code, message) = limited(&with_words(right, default, "choose(path, x, 2)"), 60, 8_000_000);
    assert_eq!(code, Some(0), "{message}");
    file_refused(&with_words("[]", default, "x"), "[], default", &["`path`", "at least one word"]);
    file_refused(&with_words("[\"one\", \"one\"]", default, "x"), "\"one\"], def", &["`one`", "twice"]);
    for word in ["two words", "", "2nd", "zwölf", "a-b", "inf", "NaN", "infinity"] {
        let values = format!("[\"one\", \"{word}\"]");
        let at = format!("\"{word}\"], default");
        file_refused(&with_words(&values, default, "x"), &at, &[&format!("`{word}`"), "ASCII"]);
    }
    file_refused(&with_words("[1, 2]", default, "x"), "1, 2]", &["string"]);
    let words = ["the default `onee`", "did you mean `one`?", "one, two"];
    file_refused(&with_words(right, "default = \"onee\"", "x"), "\"onee\"", &words);
    file_refused(&with_words(right, "default = 0", "x"), "0, meaning", &["the default `0`", "one, two"]);
    let domain = format!("{default}, domain = \"path > 0\"");
    file_refused(&with_words(right, &domain, "x"), "\"path > 0\"", &["list of words", "leave out `domain`"]);
    let limit = with_words(right, default, "x")
        + "\n[limit]\nparameter = \"path\"\nsystem = \"first-phase\"\norder = 1\n";
    file_refused(&limit, "\"path\"", &["`path`", "no limit"]);
}

#[test]
fn choose_takes_one_alternative_for_each_word() {
    let file = |value: &str| with_words("[\"one\", \"two\"]", "default = \"one\"", value);
    file_refused(&file("choose(path, x)"), "choose", &["`path` has 2", "2 alternative(s), not 1"]);
    file_refused(&file("choose(path, x, 1, 2)"), "choose", &["2 alternative(s), not 3"]);
    file_refused(&file("choose(path)"), "choose", &["2 alternative(s), not 0"]);
    file_refused(&file("choose(a, x, 1)"), "a, x, 1", &["words", "this file has path"]);
    file_refused(&file("choose(x + 7, x, 1)"), "x + 7", &["words", "this file has path"]);
    file_refused(&file("choose(path, x > 0, 1)"), "x > 0", &["expected a number"]);
    file_refused(&file("x + path/3"), "path/3", &["`path` is a word", "choose(path, …)"]);
    file_refused(&file("x + choos(path, 1, 2)"), "choos(", &["did you mean `choose`?"]);
    file_refused(&edited(&[(VALUE, "choose(a, x, 1)")]), "a, x, 1", &["this file has none"]);
    // Averages in what is chosen are checked like all others.
    file_refused(&file("choose(path, x, z^3)"), "z^3", &["`z`", "E[z]"]);
}

#[test]
fn an_expression_that_cannot_be_read_is_refused_at_its_place() {
    file_refused(&edited(&[(VALUE, "x + * 2")]), "* 2", &["expected", "found `*`"]);
    file_refused(&edited(&[(VALUE, "2 x")]), "x\", meaning = \"its", &["expected an operator"]);
    file_refused(&edited(&[(VALUE, "(x + 1")]), "\", meaning = \"its", &["expected", "ends here"]);
    file_refused(&edited(&[(VALUE, "")]), "\", meaning = \"its", &["expected", "ends here"]);
    file_refused(&edited(&[(VALUE, "x + 1e999")]), "1e999", &["`1e999`", "too large"]);
}

#[test]
fn what_other_languages_write_is_explained_at_its_place() {
    let refused = |value: &str, at: &str, words: &[&str]| file_refused(&edited(&[(VALUE, value)]), at, words);
    refused("x**2", "*2\"", &["a power is written with ^"]);
    refused("tanh(2x)", "x)\"", &["a product is written with *: 2*x"]);
    refused("(1 - x)(1 + x)", "(1 + x)", &["a product is written with *: (…)*(…)"]);
    refused("2(1 + x)", "(1 + x)", &["a product is written with *: 2*(…)"]);
    refused("x(1 - x)", "x(1 - x)", &["did you mean `x*(…)`?"]);
    refused("ln(x)", "ln(x)", &["unknown function `ln` (did you mean `log`?)"]);
    refused("sigmoid(x)", "sigmoid", &["did you mean `logistic`?"]);
    let quoted =
        |from: &str, to: &str, at: &str, words: &[&str]| file_refused(&edited(&[(from, to)]), at, words);
    quoted("minimise", "minimize", "minimize", &["unknown field `minimize`", "(did you mean `minimise`?)"]);
    quoted(
        "minimise = \"x^2/2 - E[z](log_cosh(h))\"",
        "minimise = x^2/2",
        "x^2/2",
        &["an expression stands in quotes: minimise = \"x^2/2\""],
    );
    quoted("\"a*t*x + z/2\"", "2*x", "2*x", &["an expression stands in quotes: h = \"2*x\""]);
    quoted("\"E[s](s*x)^2\"", "tanh(x)", "tanh(x)", &["an expression stands in quotes: value = \"tanh(x)\""]);
}

#[test]
fn what_a_name_means_may_be_left_out() {
    let folder = TempDir::new().unwrap();
    let text = edited(&[
        (", meaning = \"gain\"", ""),
        (", meaning = \"its square\"", ""),
        ("\"order parameter\"", "{ range = [0, 2] }"),
    ]);
    fs::write(folder.path().join("file.toml"), text).unwrap();
    for arguments in [&["solve", "file.toml"][..], &["show", "file.toml"]] {
        let output =
            Command::cargo_bin("overlaps").unwrap().current_dir(&folder).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn truth_values_and_numbers_are_not_mixed() {
    file_refused(&edited(&[("0 < a && a < 4", "0 < a < 4")]), "0 < a", &["a < b && b < c"]);
    file_refused(&edited(&[("0 < a && a < 4", "a")]), "a\", meaning = \"gain", &["condition", "x >= 0"]);
    file_refused(&edited(&[(VALUE, "x > 0")]), "x > 0", &["expected a number", "truth value"]);
    file_refused(&edited(&[("a*t*x", "(a > t)*x")]), "a > t", &["expected a number", "truth value"]);
}

#[test]
fn a_variable_left_un_averaged_is_refused_and_named() {
    let residual = |e: &str| edited(&[(ENERGY, &format!("[residual]\nzero = \"{e}\""))]);
    let fixed_point = |e: &str| edited(&[(ENERGY, &format!("[fixed_point]\nx = \"{e}\""))]);
    file_refused(&edited(&[("x^2/2", "s^3*x^2")]), "s^3", &["the energy", "`s`", "E[s]"]);
    file_refused(&edited(&[(VALUE, "x + s^3")]), "s^3", &["the output `y`", "`s`", "E[s]"]);
    file_refused(&residual("x - z^3"), "z^3", &["zero", "`z`", "E[z]"]);
    file_refused(&fixed_point("tanh(z^3)"), "z^3", &["`z`", "E[z]"]);
    file_refused(&edited(&[(VALUE, "E[z](s^3*z)")]), "s^3", &["`s`", "E[s]"]);
    // Through a definition.
    file_refused(&edited(&[(VALUE, "h^3")]), "h^3", &["the output `y`", "`z`", "E[z]"]);
    file_refused(&edited(&[("0 < a && a < 4", "z < a")]), "z < a", &["a domain", "`z`"]);
    file_refused(&edited(&[("{ x = 1 }", "{ x = \"z^3\" }")]), "z^3", &["a start", "`z`"]);
}

#[test]
fn an_average_over_something_that_is_not_a_variable_is_refused() {
    for name in ["x", "a", "t", "h", "w"] {
        let value = format!("0 + E[{name}](x)");
        let said = format!("`{name}` is not a variable");
        file_refused(
            &edited(&[(VALUE, &value)]),
            &format!("{name}](x)\", meaning"),
            &[&said, "variables are s, z"],
        );
    }
    file_refused(&edited(&[(VALUE, "E[z, z](x)")]), "z](x)", &["`z`", "twice"]);
    file_refused(&edited(&[(VALUE, "E[](x)")]), "](x)", &["found `]`"]);
}

#[test]
fn an_expression_may_only_depend_on_what_is_known_there() {
    file_refused(&edited(&[("0 < a && a < 4", "t < a")]), "t < a", &["a domain", "control parameter `t`"]);
    file_refused(&edited(&[("{ x = 1 }", "{ x = \"x/2\" }")]), "x/2\"", &["a start", "unknown `x`"]);
    file_refused(&edited(&[("\"0.5\"", "\"0.5*z\"")]), "z\"] }", &["a weight", "variable `z`"]);
    file_refused(&edited(&[("\"0.5\"", "\"0.5*h\"")]), "0.5*h\"] }", &["a weight", "definition `h`"]);
    file_refused(
        &edited(&[("default = 2", "default = \"1 + x\"")]),
        "x\", domain",
        &["default", "unknown `x`"],
    );
}

#[test]
fn a_default_that_needs_itself_or_a_later_parameter_is_refused_as_such() {
    file_refused(&edited(&[("default = 2", "default = \"a\"")]), "a\", domain", &["`a`", "above"]);
    let later = "b = { default = \"c\", meaning = \"\" }\nc = { default = 1, meaning = \"\" }\n\n[variables]";
    file_refused(&edited(&[("[variables]", later)]), "c\", meaning", &["`c`", "above"]);
}

// ---- Variables ----

#[test]
fn weights_that_do_not_sum_to_1_are_refused_with_their_sum() {
    file_refused(&edited(&[("\"0.5\"", "0.6")]), "{ values", &["`s`", "1.1", "not to 1"]);
    file_refused(&edited(&[("\"0.5\"", "0.5000001")]), "{ values", &["`s`", "not to 1"]);
    let text = edited(&[("\"0.5\"", "\"a/4\"")]);
    let folder = folder();
    fs::write(folder.path().join("theory.toml"), text).unwrap();
    let arguments = [&["solve", "theory.toml", "--set", "a=3"], &TO_FILES[..]].concat();
    refused_in(&folder, &arguments, 1, &["`s`", "1.25", "not to 1"]);
}

#[test]
fn a_weight_that_is_not_a_probability_is_refused_with_its_value() {
    file_refused(&edited(&[("[0.5, \"0.5\"]", "[1.5, -0.5]")]), "{ values", &["`s`", "-0.5", "[0, 1]"]);
    file_refused(
        &edited(&[("[0.5, \"0.5\"]", "[\"0/0\", 1]")]),
        "{ values",
        &["weight 1 of `s`", "NaN", "[0, 1]"],
    );
}

#[test]
fn values_and_weights_of_different_length_are_refused() {
    file_refused(&edited(&[("[0.5, \"0.5\"]", "[1]")]), "{ values", &["`s`", "2 values", "1 weight"]);
    file_refused(&edited(&[("[1, -1]", "[]"), ("[0.5, \"0.5\"]", "[]")]), "{ values", &["`s`", "0 values"]);
    file_refused(&edited(&[(", weights = [0.5, \"0.5\"]", "")]), "{ values", &["weights"]);
}

#[test]
fn a_variable_is_of_one_kind_with_what_belongs_to_it() {
    for (table, words) in [
        ("{ weights = [1] }", &["`z` needs one of", "uniform"][..]),
        ("{ uniform = [0, 1], exponential = 1 }", &["`z` needs one of"]),
        ("{ uniform = [0] }", &["a pair"]),
        ("{ uniform = [0, 1], weights = [1] }", &["`weights` goes with `values`", "`uniform`"]),
        ("{ density = \"z\" }", &["needs a support"]),
        ("{ exponential = 1, support = [0, 1] }", &["`support` goes with `density`"]),
        ("{ poisson = 1, largest = 0.5 }", &["largest", "whole number"]),
        ("{ binomial = [\"a\", 0.5] }", &["whole number"]),
    ] {
        file_refused(&edited(&[("\"normal\"", table)]), table, words);
    }
    for (table, at, words) in [
        ("{ uniform = [0, \"h\"] }", "h\"] }", "definition `h`"),
        ("{ exponential = \"s\" }", "s\" }", "variable `s`"),
        ("{ density = \"s*z\", support = [0, 1] }", "s*z", "depends on `s`"),
        ("{ density = \"1\", support = [0, 1] }", "1\", supp", "uniform"),
        ("{ density = \"h*z\", support = [0, 1] }", "h*z", "definition `h`"),
        ("{ gamma = 1 }", "gamma", "unknown field `gamma`"),
    ] {
        file_refused(&edited(&[("\"normal\"", table)]), at, &[words]);
    }
}

#[test]
fn a_variable_of_an_unknown_kind_is_refused() {
    file_refused(
        &edited(&[("\"normal\"", "\"gaussian\"")]),
        "\"gaussian\"",
        &["\"normal\"", "values", "weights"],
    );
    file_refused(&edited(&[("\"normal\"", "3")]), "3\n\n[def", &["\"normal\"", "values", "weights"]);
}

/// A file with an average over this many normal variables at once.
fn average_over_normals(count: usize) -> String {
    let names: Vec<String> = (0..count).map(|i| format!("z{i}")).collect();
    let variables: String = names.iter().map(|n| format!("{n} = \"normal\"\n")).collect();
    let value = format!("E[{}](tanh({}))", names.join(","), names.join("+"));
    edited(&[("\n[definitions]", &format!("{variables}\n[definitions]")), (VALUE, &value)])
}

#[test]
fn an_average_over_ten_normal_variables_at_once_is_refused() {
    file_refused(
        &average_over_normals(10),
        "E[z0",
        &["10 continuous variables", "at most 6", "Average over fewer"],
    );
}

#[test]
fn an_average_over_several_normal_variables_ends_in_time_and_memory() {
    for count in [4, 5, 6, 7] {
        let (code, message) = limited(&average_over_normals(count), 60, 4_000_000);
        assert!(matches!(code, Some(0 | 1 | 3)), "{count} normal variables: {code:?} {message}");
    }
}

fn too_many_values(text: &str) {
    let (code, message) = limited(text, 30, 4_000_000);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("fewer values"), "{message}");
}

#[test]
fn a_sum_over_thirty_discrete_variables_at_once_is_refused() {
    let names: Vec<String> = (0..30).map(|i| format!("s{i}")).collect();
    let variables: String =
        names.iter().map(|n| format!("{n} = {{ values = [1, -1], weights = [0.5, 0.5] }}\n")).collect();
    let value = format!("E[{}](tanh({}))", names.join(","), names.join("+"));
    too_many_values(&edited(&[("\n[definitions]", &format!("{variables}\n[definitions]")), (VALUE, &value)]));
}

#[test]
fn a_sum_over_a_hundred_thousand_values_is_refused() {
    let values: Vec<String> = (0..100_000).map(|i| i.to_string()).collect();
    too_many_values(&edited(&[
        ("[1, -1]", &format!("[{}]", values.join(","))),
        ("[0.5, \"0.5\"]", &format!("[{}]", vec!["1e-5"; 100_000].join(","))),
        ("log_cosh(h))", "log_cosh(h)) + E[s,z](tanh(s + h))"),
    ]));
}

// ---- Definitions and sections ----

#[test]
fn a_cyclic_definition_is_refused_and_the_cycle_named() {
    file_refused(&edited(&[("a*t*x + z/2", "h + 7")]), "h + 7", &["cyclic", "h → h"]);
    let cycle = "f = \"g + 5\"\ng = \"h + 6\"\nh = \"f + 7\"";
    file_refused(&edited(&[("h = \"a*t*x + z/2\"", cycle)]), "f + 7", &["cyclic", "f → g → h → f"]);
}

#[test]
fn a_long_cycle_is_named_in_a_message_that_can_be_read() {
    let cycle: String = (0..10_000).map(|i| format!("g{i} = \"g{}\"\n", (i + 1) % 10_000)).collect();
    file_refused(&edited(&[("h = ", &format!("{cycle}h = "))]), "g0\"", &["cyclic", "g0 → g1"]);
}

#[test]
fn a_definition_used_before_it_stands_is_refused_with_its_line() {
    file_refused(&edited(&[("h = ", "early = \"h + 7\"\nh = ")]), "h + 7", &["`h`", "line 13", "move it up"]);
}

#[test]
fn what_a_free_energy_is_extremal_in_are_unknowns() {
    let energy = |text: &str| edited(&[(ENERGY, &format!("[energy]\n{text}"))]);
    let stationary = "extremise = \"x^2 - E[z](h^2)\"\n";
    file_refused(&energy("maximise = [\"x\"]"), "[\"x\"]", &["`maximise` goes with `extremise"]);
    file_refused(&energy("minimise = [\"x\"]"), "[energy]", &["minimise = \"…\"", "extremise = \"…\""]);
    file_refused(&energy(""), "[energy]", &["minimise = \"…\"", "extremise = \"…\""]);
    file_refused(&energy(&format!("{stationary}minimise = \"x\"")), "\"x\"", &["minimise = [\"x\"]"]);
    file_refused(&energy(&format!("{stationary}minimise = [\"z\"]")), "\"z\"]", &["unknown name `z`"]);
    file_refused(
        &energy(&format!("{stationary}minimise = [\"x\"]\nmaximise = [\"x\"]")),
        "\"x\"]\n\n",
        &["twice"],
    );
    file_refused(
        &energy(&format!("{stationary}minimize = [\"x\"]")),
        "minimize",
        &["unknown field", "minimise"],
    );
    file_refused(
        &energy("extremise = \"x^2 + z\""),
        "z\"\n\n",
        &["the free energy still depends on the variable `z`"],
    );
    let selected = format!("{stationary}minimise = [\"x\"]\n[selection]\nminimise = \"x\"");
    file_refused(&energy(&selected), "[selection]", &["its own selection"]);
}

#[test]
fn an_implicit_definition_says_what_determines_it() {
    let with = |implicit: &str| edited(&[("[unknowns]", &format!("[implicit]\n{implicit}\n[unknowns]"))]);
    file_refused(&with("p = { range = [0, 1] }"), "{ range", &["`p` needs either `equation", "`minimise"]);
    file_refused(
        &with("p = { equation = \"p - h\", minimise = \"p^2\" }"),
        "{ equation",
        &["either `equation"],
    );
    file_refused(
        &with("p = { equation = \"h - 1\" }"),
        "h - 1\"",
        &["`p` does not stand in what is to determine it"],
    );
    file_refused(&with("p = { equation = \"p - h\", range = [0] }"), "{ equation", &["a pair [from, to]"]);
    file_refused(
        &with("p = { equation = \"p - h\", range = [0, \"p + 1\"] }"),
        "p + 1\"",
        &["stands in its own range"],
    );
    file_refused(&with("p = { equation = \"p - E[z](tanh(p + h))\" }"), "p - E[z]", &["averages over `p`"]);
    file_refused(&with("p = { equation = \"p > h\" }"), "p > h", &["a truth value"]);
    file_refused(&with("p = { root = \"p - h\" }"), "root", &["unknown field `root`", "equation"]);
    file_refused(&with("p = \"p - h\""), "\"p - h\"", &["equation = "]);
    file_refused(&with("x = { equation = \"x - h\" }"), "x = { equation", &["x"]);
    file_refused(
        &with("p = { equation = \"p - u\" }\nu = { equation = \"u - p\" }"),
        "u - p",
        &["`u` cannot be solved for here"],
    );
    let cycle = edited(&[
        ("h = \"a*t*x + z/2\"", "h = \"a*t*x + z/2 + p\""),
        ("[unknowns]", "[implicit]\np = { equation = \"p - h\" }\n[unknowns]"),
    ]);
    file_refused(&cycle, "p - h", &["cyclic definitions", "p", "h"]);
}

#[test]
fn a_derivative_by_what_cannot_be_moved_is_refused() {
    for (value, at, words) in [
        ("D[s](x)", "s](x)", "`s` takes separate values"),
        ("D[h](x)", "h](x)", "`h` is a definition"),
        ("D[z](E[z](h))", "z](E", "averaged over there"),
        ("D[nu](x)", "nu](x)", "no name of this file"),
        ("D[x](x > 1)", "x > 1", "a truth value"),
        ("E[z](log(D[z](step(h))))", "E[z](log(D", "a factor inside an average"),
    ] {
        file_refused(&edited(&[(VALUE, value)]), at, &[words]);
    }
}

/// The file with a flow in place of its energy.
fn flow(more: &str) -> String {
    let section = format!("[flow]\nx = \"-x + E[z](tanh(h))\"\nstart = {{ x = 0.5 }}{more}");
    let branch = "[[branch]]\nname  = \"up\"\nstart = [{ x = 1 }]\n";
    edited(&[(ENERGY, &section), (branch, "")])
}

#[test]
fn what_moves_says_where_it_starts_and_has_one_way() {
    let file = flow("");
    for (from, to, at, words) in [
        ("start = { x = 0.5 }", "", "[flow]", &["does not say where the unknowns start"][..]),
        ("start = { x = 0.5 }", "start = { y = 0.5 }", "y = 0.5", &["`y`"]),
        ("start = { x = 0.5 }", "start = { x = \"t\" }", "t\" }", &["control parameter", "a start"]),
        ("start = { x = 0.5 }", "start = 0.5", "0.5\n", &["map"]),
        ("x = \"-x + E[z](tanh(h))\"", "", "[flow]", &["does not say what `x` is"]),
        ("x = \"-x + E[z](tanh(h))\"", "x = \"tanh(h)\"", "h)\"", &["variable `z`"]),
        ("x = \"-x + E[z](tanh(h))\"", "x = \"1\"\ny = \"1\"", "y = \"1\"", &["`y`"]),
        ("[flow]", "[selection]\nminimise = \"x\"\n[flow]", "[selection]", &["[flow] has one"]),
        ("[flow]", "[gauge]\nkeep = \"x > 0\"\nflip = [\"x\"]\n[flow]", "[gauge]", &["[flow] has one"]),
        (
            "[flow]",
            "[fixed_point]\nx = \"x\"\n[flow]",
            "[flow]",
            &["both [fixed_point] and [flow]", "exactly one"],
        ),
        (
            "x = \"order parameter\"",
            "x = \"x\"\nstop = \"y\"",
            "stop = \"y\"",
            &["`stop` is a word of [flow]"],
        ),
    ] {
        let text = file.replacen(from, to, 1);
        assert!(text != file, "{from}");
        file_refused(&text, at, words);
    }
    let both = file.replace("points = 3", "points = 2").replace("[flow]", "[iterate]\nx = \"x\"\n[flow]");
    file_refused(&both, "[iterate]", &["both [flow] and [iterate]", "exactly one"]);
    let branch = "[[branch]]\nname = \"up\"\nstart = [{ x = 1 }]\n[outputs]";
    file_refused(&file.replace("[outputs]", branch), "[[branch]]", &["[flow] has one", "start = { … }"]);
}

#[test]
fn what_moves_stops_at_a_condition_or_at_rest() {
    file_refused(&flow("\nstop = \"x\""), "x\"\n\n", &["a condition", "x >= 0"]);
    file_refused(&flow("\nstop = \"xx > 1\""), "xx", &["`xx`"]);
    file_refused(&flow("\nstop = 1"), "1\n\n", &["string"]);
    file_refused(
        &flow("\nstop = \"stationary\""),
        "\"stationary\"",
        &["contains the control `t`", "condition"],
    );
}

#[test]
fn the_control_of_an_iteration_counts_steps() {
    let steps = |control: &str| {
        let control = format!("control = {{ name = \"t\", {control} }}");
        flow("")
            .replace("[flow]", "[iterate]")
            .replace("control = { name = \"t\", from = 0, to = 1, points = 3 }", &control)
    };
    file_refused(&steps("from = 0, to = 1, points = 3"), "3 }", &["3 points from 0 to 1", "0.5", "2 points"]);
    file_refused(&steps("from = 0.5, to = 2.5, points = 3"), "0.5", &["cannot be 0.5", "whole numbers"]);
    file_refused(&steps("from = 0, to = 1e9, points = 2"), "1e9", &["too many", "10000000"]);
    let words = ["t = 1.5", "counts the steps", "whole numbers from 0 to 4"];
    let file = steps("from = 0, to = 4, points = 5").replace("a*t*x", "a*x");
    let folder = folder();
    fs::write(folder.path().join("steps.toml"), file).unwrap();
    refused_in(&folder, &["solve", "steps.toml", "--set", "t=1.5"], 1, &words);
    refused_in(&folder, &["solve", "steps.toml", "--sweep", "t=0:3:3"], 1, &words);
}

#[test]
fn points_at_rest_are_those_of_what_moves_along_a_parameter() {
    let rest = |system: &str, along: &str, words: &[&str]| {
        refused(&[system, "--stationary", along, "--sweep", "eta=0.1:1:3"], 1, words);
    };
    rest("online-regression", "alpha", &["`alpha` is the time", "parameter"]);
    rest("online-regression", "eta_", &["`eta_`", "did you mean `eta`?"]);
    rest("online-regression", "sigma", &["along `sigma`", "--sweep sigma=start:stop:count"]);
    let words = ["nothing moves in curie-weiss", "[flow]"];
    refused(&["curie-weiss", "--stationary", "h", "--set", "h=0.1"], 1, &words);
    let domain = ["eta = -1", "eta > 0"];
    refused(&["online-regression", "--stationary", "eta", "--set", "eta=-1"], 1, &domain);
    refused(&["online-regression", "--set", "alpha=21"], 1, &["alpha = 21", "0 ≤ alpha ≤ 20"]);
}

#[test]
fn energy_and_residual_together_are_refused() {
    let residual = "\n[residual]\nzero = \"x\"\n\n[[branch]]";
    file_refused(
        &edited(&[("\n[[branch]]", residual)]),
        "[residual]",
        &["[energy]", "[residual]", "exactly one"],
    );
    let fixed_point = "\n[fixed_point]\nx = \"x\"\n\n[[branch]]";
    file_refused(
        &edited(&[("\n[[branch]]", fixed_point)]),
        "[fixed_point]",
        &["[energy]", "[fixed_point]", "exactly one"],
    );
}

#[test]
fn unknowns_without_equations_are_refused() {
    file_refused(&edited(&[(ENERGY, "")]), "x = \"order", &["[energy]", "[fixed_point]", "[residual]"]);
}

#[test]
fn equations_without_unknowns_are_refused() {
    let edits =
        [("[unknowns]\nx = \"order parameter\"\n", ""), ("a*t*x", "a*t"), ("x^2/2", "t^2/2"), (VALUE, "t")];
    file_refused(&edited(&edits), "[energy]", &["[energy]", "no [unknowns]"]);
}

#[test]
fn a_wrong_number_of_residuals_is_refused() {
    let text = edited(&[(ENERGY, "[residual]\nfirst = \"x\"\nsecond = \"x - 1\"")]);
    file_refused(&text, "[residual]", &["2 equations", "1 unknown"]);
}

#[test]
fn a_fixed_point_that_misses_an_unknown_is_refused() {
    let two = ("x = \"order parameter\"", "x = \"order parameter\"\nw = \"weight\"");
    file_refused(
        &edited(&[two, (ENERGY, "[fixed_point]\nx = \"w/2\"")]),
        "[fixed_point]",
        &["[fixed_point]", "`w`"],
    );
    let text = edited(&[(ENERGY, "[fixed_point]\nx = \"x/2\"\nv = \"x\"")]);
    file_refused(&text, "v = ", &["`v`"]);
}

#[test]
fn a_branch_says_how_it_starts_in_every_unknown() {
    let start = "start = [{ x = 1 }]";
    file_refused(&edited(&[(start, "")]), "[[branch]]", &["`up`", "start = [", "at = {"]);
    file_refused(&edited(&[(start, "start = []")]), "[[branch]]", &["`up`", "start = ["]);
    file_refused(
        &edited(&[(start, "start = [{ x = 1 }]\nat = { x = 2 }")]),
        "[[branch]]",
        &["`up`", "either"],
    );
    file_refused(&edited(&[(start, "start = [{ }]")]), "{ }", &["a start", "`x`"]);
    file_refused(&edited(&[(start, "start = [{ x = 1, w = 2 }]")]), "w = 2", &["`w`"]);
    file_refused(
        &edited(&[("[outputs]", "[[branch]]\nname = 'up'\nstart = [{ x = 2 }]\n[outputs]")]),
        "'up'",
        &["two branches `up`"],
    );
}

#[test]
fn a_range_that_holds_nothing_is_refused() {
    for range in ["[1, -1]", "[1, 1]", "[1]", "[\"0/0\", 1]"] {
        let unknown = format!("{{ meaning = \"\", range = {range} }}");
        let text = edited(&[("\"order parameter\"", &unknown)]);
        let folder = folder();
        fs::write(folder.path().join("theory.toml"), text).unwrap();
        refused_in(
            &folder,
            &["solve", "theory.toml", "--format", "csv"],
            1,
            &["range of `x`", "theory.toml:15:"],
        );
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_known_ones() {
    file_refused(
        &edited(&[("meaning = \"gain\"", "meening = \"gain\"")]),
        "meening",
        &["`meening`", "`meaning`", "`domain`"],
    );
    file_refused(&edited(&[("title ", "titel ")]), "titel", &["`titel`", "`title`"]);
    file_refused(&edited(&[("points", "count")]), "count", &["`count`", "`points`"]);
    file_refused(
        &edited(&[("[definitions]", "[definition]")]),
        "definition]",
        &["`definition`", "`definitions`"],
    );
    file_refused(&edited(&[("minimise", "minimize")]), "minimize", &["`minimize`", "`minimise`"]);
}

#[test]
fn a_missing_section_or_key_is_named() {
    file_refused(&edited(&[("title   = \"Mean field\"\n", "")]), "control", &["`title`"]);
    file_refused(&edited(&[("default = 2, ", "")]), "{ domain", &["`default`"]);
    let edits = [("name = \"t\", ", "")];
    file_refused(&edited(&edits), "{ from", &["`name`"]);
}

#[test]
fn a_name_with_two_meanings_is_refused() {
    file_refused(&edited(&[("h = ", "a = ")]), "a = \"a*t", &["`a`", "parameter", "definition"]);
    file_refused(&edited(&[("x = \"order", "z = \"order")]), "z = \"order", &["`z`", "variable", "unknown"]);
    file_refused(&edited(&[("\"t\"", "\"x\"")]), "x = \"order", &["`x`", "control parameter", "unknown"]);
    file_refused(&edited(&[("y = {", "x = {")]), "x = { value", &["`x`", "unknown", "output"]);
    file_refused(&edited(&[("y = {", "a = {")]), "a = { value", &["`a`", "parameter", "output"]);
    file_refused(&edited(&[("h = ", "h = \"1\"\nh = ")]), "h = \"a*t", &["duplicate key"]);
    // Two spellings of one column.
    let both = "\"ω\" = { value = 1, meaning = \"\" }\nomega = { value = 2, meaning = \"\" }\ny = {";
    file_refused(&edited(&[("y = {", both)]), "omega = ", &["`omega`", "output"]);
}

#[test]
fn a_name_that_belongs_to_the_program_is_refused() {
    for name in ["tanh", "E", "inf", "pi", "max", "choose"] {
        let said = format!("`{name}`");
        file_refused(
            &edited(&[("a = {", &format!("{name} = {{"))]),
            &format!("{name} = {{"),
            &[&said, "another name"],
        );
        file_refused(
            &edited(&[("h = ", &format!("{name} = "))]),
            &format!("{name} = "),
            &[&said, "another name"],
        );
        file_refused(
            &edited(&[("y = {", &format!("{name} = {{"))]),
            &format!("{name} = {{"),
            &[&said, "another name"],
        );
    }
}

#[test]
fn an_output_cannot_take_the_name_of_a_column_of_every_table() {
    for column in ["piece", "branch", "system", "energy", "residual", "rule", "nodes", "status"] {
        let said = format!("`{column}`");
        let text = edited(&[("y = {", &format!("{column} = {{"))]);
        file_refused(&text, &format!("{column} = {{"), &[&said, "column of every table"]);
    }
}

#[test]
fn an_output_cannot_take_the_name_of_the_column_of_verify() {
    let text = edited(&[("y = {", "verify_difference = {")]);
    file_refused_with(&["--verify"], &text, "verify_difference", &["`verify_difference`"]);
}

#[test]
fn a_name_without_an_ascii_spelling_is_refused() {
    for name in ["中", "y y", "1y", "y-y", "", "y.y"] {
        let key = format!("\"{name}\" = {{");
        let said = format!("`{name}` is not a name");
        file_refused(&edited(&[("y = {", &key)]), &key, &[&said, "letters, digits and _"]);
    }
}

#[test]
fn a_greek_key_without_quotes_is_refused_with_the_advice_to_quote_it() {
    file_refused(&edited(&[("y = {", "ω = {")]), "ω", &["quote", "\"ω\""]);
}

#[test]
fn toml_that_cannot_be_read_is_refused_at_its_place() {
    file_refused(&edited(&[("title   =", "title   ")]), "\"Mean", &["expected `=`"]);
    file_refused(&edited(&[("\"Mean field\"", "\"Mean field")]), "\ncontrol", &["string"]);
    file_refused(&edited(&[("[unknowns]", "[unknowns")]), "\nx = \"order", &["]"]);
    let folder = folder();
    fs::write(folder.path().join("theory.toml"), format!("{RIGHT}q = {}", "[".repeat(100_000))).unwrap();
    refused_in(&folder, &["solve", "theory.toml"], 1, &["theory.toml:26:", "recurs"]);
}

#[test]
fn numbers_that_do_not_fit_are_refused_in_words_that_a_user_knows() {
    let folder = folder();
    for (from, to) in [("points = 3", "points = 99999999999999999999"), ("points = 3", "points = 2.5")] {
        fs::write(folder.path().join("theory.toml"), edited(&[(from, to)])).unwrap();
        let message = refused_in(&folder, &["solve", "theory.toml"], 1, &[&to[9..], "theory.toml:2:52"]);
        assert!(!message.contains("i64") && !message.contains("i128"), "{message}");
    }
    file_refused(&edited(&[("default = 2", "default = 1e999")]), "1e999", &["1e999", "overflow"]);
    file_refused(&edited(&[("default = 2", "default = -2")]), "-2", &["a = -2", "0 < a && a < 4", "gain"]);
}

#[test]
fn a_whole_number_is_a_number_however_many_digits_it_has() {
    let edits = [("default = 2", "default = 99999999999999999999"), (" && a < 4", "")];
    let (code, message) = limited(&edited(&edits), 60, 8_000_000);
    assert_eq!(code, Some(0), "{message}");
}

#[test]
fn a_default_that_is_nan_is_refused_as_such_and_not_as_an_unknown_name() {
    let folder = folder();
    fs::write(folder.path().join("theory.toml"), edited(&[("default = 2", "default = nan")])).unwrap();
    let message = refused_in(&folder, &["solve", "theory.toml"], 1, &["NaN", "theory.toml:5:17"]);
    assert!(!message.contains("unknown name"), "{message}");
}

#[test]
fn a_control_that_makes_no_grid_is_refused() {
    file_refused(
        &edited(&[("from = 0, to = 1", "from = 1, to = 0")]),
        "0, points",
        &["from 1 to 0", "less than"],
    );
    file_refused(
        &edited(&[("from = 0, to = 1", "from = 1, to = 1")]),
        "1, points",
        &["from 1 to 1", "less than"],
    );
    file_refused(&edited(&[("to = 1", "to = inf")]), "inf, points", &["inf", "finite"]);
    file_refused(&edited(&[("from = 0", "from = nan")]), "1, points", &["NaN", "finite"]);
    file_refused(&edited(&[("points = 3", "points = 0")]), "0 }", &["0 points", "1 to 10000000"]);
    file_refused(&edited(&[("points = 3", "points = -1")]), "-1 }", &["-1 points", "1 to 10000000"]);
}

#[test]
fn a_plot_column_that_does_not_exist_is_refused() {
    let plot = "plot = { columns = [\"x\", \"yy\"] }\n\n[parameters]";
    file_refused(&edited(&[("[parameters]", plot)]), "\"yy\"", &["`yy`", "did you mean `y`?"]);
}

#[test]
fn a_gauge_or_limit_that_names_nothing_is_refused() {
    let gauge = |g: &str| edited(&[("[outputs]", &format!("[gauge]\n{g}\n\n[outputs]"))]);
    file_refused(&gauge("keep = \"x >= 0\"\nflip = [\"xx\"]"), "\"xx\"", &["`xx`", "did you mean `x`?"]);
    file_refused(&gauge("keep = \"x + 7\"\nflip = [\"x\"]"), "x + 7", &["condition", "x >= 0"]);
    let limit = |l: &str| edited(&[("[outputs]", &format!("[limit]\n{l}\n\n[outputs]"))]);
    file_refused(
        &limit("parameter = \"aa\"\nsystem = \"first-phase\"\norder = 1"),
        "\"aa\"",
        &["`aa`", "did you mean `a`?"],
    );
    file_refused(
        &limit("parameter = \"a\"\nsystem = \"first-phase\"\norder = -1"),
        "-1\n",
        &["positive", "-1"],
    );
}

// ---- Files ----

#[test]
fn an_empty_file_is_refused_with_what_it_needs() {
    for text in ["", "\n", "  \n\t\n", "# nothing\n"] {
        let folder = folder();
        fs::write(folder.path().join("theory.toml"), text).unwrap();
        let words = ["theory.toml:1:1", "title"];
        refused_in(&folder, &[&["solve", "theory.toml"], &TO_FILES[..]].concat(), 1, &words);
    }
}

#[test]
fn a_folder_or_a_missing_file_is_refused_as_a_system() {
    let folder = folder();
    fs::create_dir(folder.path().join("there.toml")).unwrap();
    for path in ["there.toml", "./"] {
        refused_in(&folder, &["solve", path, "--output", "earlier.csv"], 1, &[path, "directory"]);
    }
    refused_in(
        &folder,
        &["solve", "missing.toml", "--output", "earlier.csv"],
        1,
        &["missing.toml", "No such file"],
    );
}

/// A fixed sequence of numbers that look random (xorshift).
fn random(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    })
}

#[test]
fn a_file_of_random_bytes_is_refused() {
    let folder = folder();
    for seed in 1..=16 {
        let bytes = random(seed).take(4000);
        // Half of the files are printable text, which gets further.
        let bytes: Vec<u8> =
            bytes.map(|r| if seed % 2 == 0 { r as u8 } else { 32 + (r % 95) as u8 }).collect();
        fs::write(folder.path().join("theory.toml"), bytes).unwrap();
        refused_in(&folder, &[&["solve", "theory.toml"], &TO_FILES[..]].concat(), 1, &["theory.toml"]);
    }
}

#[test]
fn a_file_with_one_wrong_byte_never_makes_the_program_crash() {
    for seed in 1..=60 {
        let numbers: Vec<u64> = random(seed).take(2).collect();
        let mut bytes = RIGHT.as_bytes().to_vec();
        let place = numbers[0] as usize % bytes.len();
        bytes[place] = 32 + (numbers[1] % 95) as u8;
        let text = String::from_utf8(bytes).unwrap();
        let (code, message) = limited(&text, 60, 8_000_000);
        assert!(matches!(code, Some(0 | 1 | 3)), "{code:?} {message}\n{text}");
        assert!(!message.contains("panicked"), "{message}\n{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_place_of_an_expression_is_read_or_refused(
        text in "([-+*/^!<>=&|(), ]|E\\[[sz]\\]|tanh|min|choose|x|a|t|h|z|s|inf|[0-9.e]|ω){0,20}"
    ) {
        let _ = overlaps::system::Theory::parse("theory", &edited(&[(VALUE, &text)]));
    }
}

#[test]
fn expressions_nested_a_hundred_thousand_deep_are_refused() {
    let many = |part: &str| part.repeat(100_000);
    for value in [
        format!("{}x{}", many("("), many(")")),
        format!("{}x{}", many("tanh("), many(")")),
        format!("{}x{}", many("E[z]("), many(")")),
        format!("{}x", many("-")),
        format!("x{}", many("^x")),
        format!("x{}", many(" + x")),
        many("("),
    ] {
        let folder = folder();
        fs::write(folder.path().join("theory.toml"), edited(&[(VALUE, &value)])).unwrap();
        let words = ["deep", "[definitions]", "theory.toml:25:"];
        refused_in(&folder, &[&["solve", "theory.toml"], &TO_FILES[..]].concat(), 1, &words);
    }
}

#[test]
fn two_thousand_chained_definitions_are_solved_or_refused() {
    solve_or_refuse_chained(2000);
}

#[test]
#[ignore = "some seconds; tests/thorough"]
fn ten_thousand_chained_definitions_are_solved_or_refused() {
    solve_or_refuse_chained(10_000);
}

fn solve_or_refuse_chained(count: usize) {
    let chain: String = (1..count).map(|i| format!("g{i} = \"tanh(g{} + z)\"\n", i - 1)).collect();
    let text =
        edited(&[("h = ", &format!("g0 = \"x\"\n{chain}h = ")), ("+ z/2", &format!("+ 0*g{}", count - 1))]);
    let (code, message) = limited(&text, 120, 8_000_000);
    assert!(matches!(code, Some(0 | 1)), "{code:?} {message}");
}

// ---- Composite files ----

/// A composite of pieces (system, from, to) on [0, 2].
fn composite(pieces: &[(&str, &str, &str)]) -> String {
    let head = "title = \"Both\"\ncontrol = { name = \"t\", from = 0, to = 2, points = 3 }\n";
    let piece = |(system, from, to): &(&str, &str, &str)| {
        format!("\n[[piece]]\nsystem = \"{system}\"\nfrom = {from}\nto = {to}\n")
    };
    head.to_string() + &pieces.iter().map(piece).collect::<String>()
}

#[test]
fn pieces_with_gaps_or_overlaps_are_refused() {
    let (first, second) = (("first-phase", "0", "1"), ("second-phase", "1", "2"));
    let late = ("second-phase", "1.25", "2");
    file_refused(
        &composite(&[first, late]),
        "[[piece]]\nsystem = \"second",
        &["1.25", "where the last ended"],
    );
    let early = ("second-phase", "0.75", "2");
    file_refused(
        &composite(&[first, early]),
        "[[piece]]\nsystem = \"second",
        &["0.75", "where the last ended"],
    );
    let back = ("first-phase", "0", "-1");
    file_refused(&composite(&[back, second]), "[[piece]]", &["from 0 to -1"]);
    file_refused(&composite(&[("first-phase", "nan", "1"), second]), "[[piece]]", &["NaN"]);
    file_refused(&composite(&[first]), "2, points", &["end at 1", "control at 2"]);
    file_refused(&composite(&[second]), "[[piece]]", &["from 1 to 2", "from 0 on"]);
}

#[test]
fn a_piece_beyond_the_range_of_its_system_is_refused() {
    let text = composite(&[("first-phase", "0", "2")]);
    file_refused(&text, "[[piece]]", &["first-phase", "0 ≤ t ≤ 1"]);
}

#[test]
fn a_composite_inside_a_composite_is_refused() {
    let text = composite(&[("two-phase", "0", "2")]);
    file_refused(&text, "\"two-phase\"", &["cannot itself be a composite"]);
}

#[test]
fn a_composite_that_lists_itself_is_refused() {
    file_refused(&composite(&[("theory.toml", "0", "2")]), "\"theory.toml\"", &["itself"]);
    file_refused(&composite(&[("./theory.toml", "0", "2")]), "\"./theory.toml\"", &["itself"]);
}

#[test]
fn a_piece_that_does_not_exist_is_refused_where_it_is_named() {
    let second = ("second-phase", "1", "2");
    let text = composite(&[("frist-phase", "0", "1"), second]);
    file_refused(&text, "\"frist-phase\"", &["`frist-phase`", "did you mean `first-phase`?"]);
    let text = composite(&[("missing.toml", "0", "1"), second]);
    file_refused(&text, "\"missing.toml\"", &["missing.toml", "No such file"]);
}

#[test]
fn a_composite_has_nothing_but_pieces() {
    let text = composite(&[("first-phase", "0", "1"), ("second-phase", "1", "2")]);
    let text = format!("{text}\n[outputs]\ny = {{ value = 1, meaning = \"\" }}\n");
    let folder = folder();
    fs::write(folder.path().join("theory.toml"), text).unwrap();
    refused_in(&folder, &["solve", "theory.toml"], 1, &["composite", "[outputs]", "theory.toml:"]);
    file_refused(&composite(&[("curie-weiss", "0", "2")]), "[[piece]]", &["`T`", "`t`", "same name"]);
}

#[test]
fn a_mistake_in_a_piece_is_shown_in_the_file_of_the_piece() {
    let folder = folder();
    fs::write(folder.path().join("part.toml"), edited(&[(VALUE, "foo")])).unwrap();
    fs::write(folder.path().join("theory.toml"), composite(&[("part.toml", "0", "2")])).unwrap();
    refused_in(&folder, &["solve", "theory.toml"], 1, &["unknown name `foo`", "part.toml:25:16"]);
}
