//! The contract of the command line: what is printed, what is written, in which columns, and with which exit code.

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use overlaps_figures::Format;
use serde_json::Value;
use support::run_in;
use tempfile::TempDir;

const CERTIFICATE: &str = "energy,residual,quadrature_error,curvature,rule,nodes,iterations,status";
const FIRST_PHASE: &str =
    "omega,b,c,m,q_eta_plus,q_eta_minus,p_eta_plus,p_eta_minus,q_xi,q,r,mse_train,mse_test";

/// Standard output of a command that ends with this exit code.
fn printed(arguments: &[&str], code: i32) -> String {
    let output = run_in(TempDir::new().unwrap().path(), arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    String::from_utf8(output.stdout).unwrap()
}

/// An equation file solved in a folder of its own.
fn solved_file(name: &str, text: &str, arguments: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    run_in(folder.path(), &[&["solve", name], arguments].concat())
}

/// A table read from CSV.
struct Rows {
    header: String,
    rows: Vec<HashMap<String, String>>,
}

impl Rows {
    fn read(text: &str) -> Rows {
        let header = text.lines().next().unwrap().to_string();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<_> = reader.deserialize().map(|row| row.unwrap()).collect();
        assert_eq!(rows.len() + 1, text.lines().count(), "one line for the header and one for each row");
        Rows { header, rows }
    }

    /// The CSV that `solve` prints.
    fn solved(arguments: &[&str]) -> Rows {
        Rows::read(&printed(&[&["solve"], arguments, &["--format", "csv"]].concat(), 0))
    }

    fn words(&self, column: &str) -> Vec<&str> {
        self.rows.iter().map(|row| row[column].as_str()).collect()
    }

    fn numbers(&self, column: &str) -> Vec<f64> {
        self.words(column).iter().map(|word| word.parse().unwrap()).collect()
    }
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| a == b || (a - b).abs() <= tolerance * b.abs().max(1.0))
}

// ---- list and show ----

#[test]
fn list_is_searched_by_words_that_must_all_match() {
    let about = |words: &[&str]| printed(&[&["list", "--about"], words].concat(), 0);
    let perceptrons = about(&["perceptron"]);
    assert!(perceptrons.contains(" gardner ") && perceptrons.contains(" support-vector-machine "));
    assert!(!perceptrons.contains("two-phase") && !perceptrons.contains("models, which"));
    let krauth = about(&["KRAUTH", "capacity"]);
    assert!(krauth.contains(" ising-capacity ") && !krauth.contains(" ising-storage "), "{krauth}");
    assert_eq!(krauth, about(&["krauth capacity"]));
    let nothing = run_in(TempDir::new().unwrap().path(), &["list", "--about", "phlogiston"]);
    assert_eq!(nothing.status.code(), Some(1));
    let message = String::from_utf8_lossy(&nothing.stderr);
    assert!(message.contains("phlogiston") && message.contains("spin-glasses, magnets"), "{message}");
}

#[test]
fn list_shows_the_models_with_their_systems() {
    let (list, models) = (printed(&["list"], 0), printed(&["list", "--models"], 0));
    let all = overlaps_models::all();
    assert!(all.len() >= 25);
    for model in &all {
        let d = model.description();
        assert!(
            list.lines().any(|line| line.trim_start().starts_with(&format!("{} ", d.name))),
            "{}",
            d.name
        );
        let of_model = models
            .split(&format!("{}: {}\n", d.name, d.title))
            .nth(1)
            .unwrap_or_else(|| panic!("{}", d.name));
        let own: Vec<&str> = of_model.lines().take(4).collect();
        assert!(own[0].starts_with("  systems: ") && own[0].len() > 12, "{} has no system: {own:?}", d.name);
        assert!(d.quantities.iter().all(|q| own[2].contains(q.name)), "{own:?}");
        assert!(d.parameters.iter().all(|p| own[3].contains(&p.name)), "{own:?}");
    }
    // No word belongs to two models: a system has one.
    let mut words: Vec<&str> = all.iter().flat_map(|model| model.description().describes).copied().collect();
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count);
    assert!(list.contains("`overlaps list --models`"));
}

#[test]
fn list_names_every_equation_file_and_show_prints_it() {
    let list = printed(&["list"], 0);
    for system in overlaps::system::BUILT_IN {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(system.path());
        let name = system.name;
        assert!(
            list.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))),
            "{name} is not listed"
        );
        let file: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let shown = printed(&["show", name], 0);
        let words = |value: &toml::Value| -> Vec<String> {
            let all = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            all.iter().map(|word| word.as_str().unwrap().to_string()).collect()
        };
        for key in ["title", "describes", "source"] {
            for word in words(&file[key]) {
                assert!(shown.contains(&word), "show {name} lacks its {key}");
            }
        }
        let differs = file.get("differs").and_then(toml::Value::as_str).unwrap_or_default();
        for line in differs.trim().lines() {
            assert!(shown.contains(line), "show {name} lacks `{line}`");
        }
        for (section, keys) in [
            ("parameters", &["domain", "meaning"][..]),
            ("outputs", &["meaning"]),
            ("unknowns", &["meaning"]),
        ] {
            let entries = file.get(section).and_then(toml::Value::as_table);
            for (entry, value) in entries.into_iter().flatten() {
                assert!(shown.contains(&format!("\n  {entry} ")), "show {name} lacks `{entry}`");
                for text in keys.iter().filter_map(|key| value.get(key)) {
                    assert!(shown.contains(text.as_str().unwrap()), "show {name} lacks {text}");
                }
            }
        }
        for (entry, value) in file.get("definitions").and_then(toml::Value::as_table).into_iter().flatten() {
            assert!(shown.contains(&format!("\n  {entry} ")), "show {name} lacks `{entry}`");
            assert!(shown.contains(value.as_str().unwrap()), "show {name} lacks {value}");
        }
    }
}

#[test]
fn show_names_defaults_domains_and_the_limit() {
    let shown = printed(&["show", "second-phase"], 0);
    for words in [
        "k           = inf   [k >= 1]",
        "n           = 128   [n >= 2 && n < inf]   training samples",
        "schedule    = dilated   [dilated]",
    ] {
        assert!(shown.contains(words), "{shown}");
    }
    assert!(shown.contains("n → ∞: second-phase-limit"), "{shown}");
    let shown = printed(&["show", "two-phase"], 0);
    assert!(
        shown.contains("first-phase for 0 ≤ t ≤ 1") && shown.contains("second-phase for 1 ≤ t ≤ 2"),
        "{shown}"
    );
}

#[test]
fn help_and_version_go_to_standard_output() {
    assert_eq!(printed(&["--version"], 0), concat!("overlaps ", env!("CARGO_PKG_VERSION"), "\n"));
    for command in ["list", "show", "solve", "limit", "critical"] {
        assert!(printed(&["--help"], 0).contains(command));
        assert!(printed(&[command, "--help"], 0).contains("Usage: overlaps"));
    }
    assert!(printed(&["--help"], 0).contains("Exit codes: 0 fine"));
    assert_eq!(run_in(Path::new("."), &["no-such-command"]).status.code(), Some(2));
}

// ---- The table of solve ----

#[test]
fn the_columns_are_control_labels_outputs_and_certificate_in_ascii() {
    let header = |arguments: &[&str]| {
        let header = Rows::solved(arguments).header;
        assert!(header.is_ascii(), "{header}");
        header
    };
    let one = ["--set", "t=0.5"];
    assert_eq!(
        header(&[&["first-phase"], &one[..]].concat()),
        format!("t,piece,branch,{FIRST_PHASE},{CERTIFICATE}")
    );
    assert_eq!(
        header(&[&["two-phase"], &one[..]].concat()),
        format!("t,piece,branch,{FIRST_PHASE},{CERTIFICATE}")
    );
    let swept = ["first-phase", "--set", "t=0.5", "--sweep", "p=0.5:0.6:2", "--sweep", "n=8:9:2"];
    assert_eq!(header(&swept), format!("t,p,n,piece,branch,{FIRST_PHASE},{CERTIFICATE}"));
    let swept = ["curie-weiss", "--sweep", "T=0.5:1:2"];
    assert_eq!(header(&swept), format!("T,piece,branch,m,free_energy,susceptibility,{CERTIFICATE}"));
    let verified = ["second-phase", "--set", "t=1.5", "--verify"];
    let outputs = "c,m,q_eta_plus,q_eta_minus,q_xi,q,mse_train,mse_test";
    assert_eq!(header(&verified), format!("t,piece,branch,{outputs},{CERTIFICATE},verify_difference"));
}

#[test]
fn infinities_are_inf_and_what_a_piece_does_not_have_is_empty() {
    let rows = Rows::solved(&["two-phase", "--sweep", "t=0:2:2"]);
    assert_eq!(rows.words("piece"), ["first-phase", "second-phase"]);
    assert_eq!(rows.words("b"), ["inf", ""]);
    assert_eq!(rows.words("omega"), ["0.0", ""]);
    assert_eq!(rows.words("p_eta_plus"), ["0.0", ""]);
    assert_eq!(rows.words("status"), ["converged", "converged"]);
}

#[test]
fn every_number_is_the_shortest_that_reads_back_as_itself() {
    let rows = Rows::solved(&["two-phase"]);
    assert_eq!(rows.rows.len(), 202);
    let digits = |text: &str| {
        let mantissa = text.split('e').next().unwrap();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_string()
    };
    for (column, word) in rows.rows.iter().flatten().filter(|(c, w)| !w.is_empty() && *c != "rule") {
        if ["piece", "branch", "status"].contains(&column.as_str()) || word == "inf" {
            continue;
        }
        let value: f64 = word.parse().unwrap_or_else(|_| panic!("{column}: `{word}` is not a number"));
        assert_eq!(digits(word), digits(&format!("{value:e}")), "{column}: `{word}` for {value:e}");
    }
    // A grid has the numbers that one would write.
    assert_eq!(rows.words("t")[..4], ["0.0", "0.01", "0.02", "0.03"]);
    assert_eq!(rows.words("t")[201], "2.0");
}

#[test]
fn both_pieces_are_given_where_they_meet() {
    let rows = Rows::solved(&["two-phase", "--set", "t=1"]);
    assert_eq!(rows.words("piece"), ["first-phase", "second-phase"]);
    assert_eq!(rows.words("t"), ["1.0", "1.0"]);
    assert_eq!(Rows::solved(&["two-phase", "--set", "t=0.5"]).words("piece"), ["first-phase"]);
    assert_eq!(Rows::solved(&["two-phase", "--set", "t=1.5"]).words("piece"), ["second-phase"]);
}

#[test]
fn sweeps_make_their_cross_product_and_the_last_runs_fastest() {
    let sweeps = ["--sweep", "p=0.5:0.75:2", "--sweep", "n=8:10:3", "--sweep", "t=0.5:1:2"];
    let rows = Rows::solved(&[&["first-phase"], &sweeps[..]].concat());
    let mut expected = Vec::new();
    for p in ["0.5", "0.75"] {
        for n in ["8.0", "9.0", "10.0"] {
            expected.extend(["0.5", "1.0"].map(|t| vec![p, n, t]));
        }
    }
    let columns = ["p", "n", "t"].map(|c| rows.words(c));
    let found: Vec<Vec<&str>> = (0..12).map(|i| columns.iter().map(|c| c[i]).collect()).collect();
    assert_eq!(found, expected);
    // Each row is what the values alone give.
    let alone = Rows::solved(&["first-phase", "--set", "p=0.75", "--set", "n=9", "--set", "t=0.5"]);
    for column in FIRST_PHASE.split(',') {
        assert!(close(&alone.numbers(column), &rows.numbers(column)[8..9], 1e-12), "{column}");
    }
}

#[test]
fn values_are_given_with_and_without_flags() {
    let folder = TempDir::new().unwrap();
    let rows = |arguments: &[&str]| -> String {
        let output = run_in(folder.path(), &[arguments, &["--format", "csv"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for (flags, bare) in [
        (
            "solve first-phase --set n=8 --set kappa=2 --sweep p=0.6,0.7 --sweep t=0:1:3",
            "solve first-phase n=8 kappa=2 p=0.6,0.7 t=0:1:3",
        ),
        (
            "solve first-phase --sweep n=log:8:128:3 --set t=0.5",
            "solve --quiet first-phase n=log:8:128:3 --set t=0.5",
        ),
        ("critical first-phase --set n=8", "critical first-phase n=8"),
        ("simulate denoiser --set n=4 --set d=100 --set t=1 --seeds 2", "simulate n=4 d=100 t=1 --seeds 2"),
        ("simulate --set n=4 --set d=100 --set t=1 --seeds 2", "simulate denoiser n=4 d=100 --seeds 2 t=1"),
    ] {
        let words = |line: &'static str| line.split(' ').collect::<Vec<_>>();
        assert_eq!(rows(&words(flags)), rows(&words(bare)), "{bare}");
    }
    // They are no plain solve, whose result would go to results/.
    assert!(!folder.path().join("results").exists());
    for (line, code, part) in [
        ("solve first-phase n=8 n=9", 1, "`n` is given twice"),
        ("solve first-phase lamda=1", 1, "did you mean `lambda`?"),
        ("solve first-phase n", 2, "expected NAME=VALUE"),
        ("solve first-phase --n 8", 2, "a parameter is given as 'n=8'"),
        ("solve --kappa=2 first-phase", 2, "a parameter is given as 'kappa=2'"),
        ("solve first-phase --t 0:1:11", 2, "a parameter is given as 't=0:1:11'"),
        ("check first-phase --d 1000", 2, "a parameter is given as 'd=1000'"),
        ("simulate -n 8", 2, "a parameter is given as 'n=8'"),
        ("solve first-phase --foobar 8", 2, "'NAME=VALUE', 'foobar=8'"),
        ("first-phase", 2, "'overlaps solve first-phase'"),
        ("mine.toml", 2, "'overlaps solve mine.toml'"),
        ("frist-phase", 2, "'overlaps solve first-phase'"),
        ("solve first-phase second-phase", 2, "'--compare second-phase'"),
        ("solve first-phase --branchs", 2, "'--branches'"),
        ("sovle first-phase", 2, "'solve'"),
        ("check first-phase --against none.csv t=0:1:3", 1, "leave out t=0:1:3"),
        ("schedule d=1e3,1e4 --density rate", 1, "widths of windows"),
    ] {
        let output = run_in(folder.path(), &line.split(' ').collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        assert!(said.contains(part), "{line}: {said}");
    }
}

#[test]
fn a_table_fits_the_terminal_and_is_whole_in_a_pipe() {
    let command = |width: u32| {
        let program = env!("CARGO_BIN_EXE_overlaps");
        format!(
            "stty cols {width} rows 40; {program} solve first-phase n=8 t=0.5 --quiet; {program} solve first-phase n=8 t=0.5 --columns all --format table"
        )
    };
    let Ok(output) = std::process::Command::new("script")
        .args(["-q", "-e", "-c", &command(70), "/dev/null"])
        .stdin(std::process::Stdio::null())
        .output()
    else {
        eprintln!("script is not installed; passed over");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if said.contains("stty:") {
        return;
    }
    let heading = said.lines().find(|line| line.contains("branch")).unwrap_or_else(|| panic!("{said}"));
    assert!(heading.trim_end().chars().count() <= 70 && heading.contains("status"), "{said}");
    assert!(said.contains("not shown for want of space: "), "{said}");
    let piped = printed(&["solve", "first-phase", "n=8", "t=0.5", "--columns", "all"], 0);
    assert!(piped.lines().next().unwrap().chars().count() > 100 && !piped.contains("not shown"), "{piped}");
}

#[test]
fn a_logarithmic_sweep_has_equal_ratios_and_exact_ends() {
    let rows = Rows::solved(&["second-phase", "--set", "t=1.5", "--sweep", "n=log:10:1e7:7"]);
    assert_eq!(
        rows.words("n"),
        ["10.0", "100.0", "1000.0", "10000.0", "100000.0", "1000000.0", "10000000.0"]
    );
    let rows = Rows::solved(&["second-phase", "--set", "t=1.5", "--sweep", "n=log:3:48:5"]);
    assert!(close(&rows.numbers("n"), &[3.0, 6.0, 12.0, 24.0, 48.0], 1e-14));
    assert_eq!((rows.words("n")[0], rows.words("n")[4]), ("3.0", "48.0"));
}

#[test]
fn a_descending_sweep_gives_the_same_solutions_in_its_own_order() {
    let up = Rows::solved(&["first-phase", "--sweep", "t=0:1:21"]);
    let down = Rows::solved(&["first-phase", "--sweep", "t=1:0:21"]);
    for column in FIRST_PHASE.split(',').chain(["t", "energy"]) {
        let mut reversed = down.numbers(column);
        reversed.reverse();
        assert!(close(&reversed, &up.numbers(column), 1e-11), "{column}");
    }
    let branches: Vec<&str> = down.words("branch").into_iter().rev().collect();
    assert_eq!(branches, up.words("branch"));
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    for arguments in [
        vec!["two-phase"],
        vec![
            "first-phase",
            "--branches",
            "--sweep",
            "n=8:9:2",
            "--sweep",
            "p=0.5:0.8:3",
            "--sweep",
            "t=0:1:11",
        ],
        vec!["hopfield", "--sweep", "T=0.1:0.5:3", "--sweep", "alpha=0.01:0.15:4"],
        vec!["finite-d", "--set", "t=0.5", "--sweep", "d=100:10000:4"],
        vec!["second-phase", "--sweep", "n=8:9:2", "--sweep", "t=1.2:1.6:3", "--verify"],
    ] {
        let run = |threads: &str| {
            let folder = TempDir::new().unwrap();
            let files = ["--output", "a.csv", "--quiet", "--threads", threads];
            run_in(folder.path(), &[&["solve"], &arguments[..], &files].concat());
            fs::read(folder.path().join("a.csv")).unwrap()
        };
        assert!(run("1") == run("3"), "{arguments:?}");
    }
}

/// The number of threads of a process while it runs, the most that is seen.
#[cfg(target_os = "linux")]
fn most_threads(arguments: &[&str]) -> usize {
    let folder = TempDir::new().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_overlaps"));
    program.args(arguments).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = program.spawn().unwrap();
    let tasks = format!("/proc/{}/task", child.id());
    let mut most = 0;
    loop {
        match child.try_wait().unwrap() {
            None => most = most.max(fs::read_dir(&tasks).map_or(0, |tasks| tasks.count())),
            Some(status) => {
                assert!(status.success(), "{arguments:?}");
                return most;
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn so_many_threads_are_used_as_are_asked_for() {
    for command in [
        "solve first-phase",
        "solve first-phase --sweep n=8,16",
        "solve finite-d t=0.5 d=1e3,1e4",
        "critical curie-weiss",
        "limit second-phase",
        "simulate ridge",
        "simulate denoiser n=8 d=1e3 t=1.2",
        "check ridge --seeds 4",
        "generate n=8 d=1e3 --seeds 1 --samples 10",
        "uturn d=1e4 --samples 100",
        "steps --sweep d=1e3,1e4",
        "schedule",
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--threads", "37", "--quiet"]).collect();
        let most = most_threads(&words);
        // The rows of one curve have threads of their own, while the others rest.
        assert!((37..80).contains(&most), "{command}: {most}");
    }
    // All the time, also for the rows of one curve.
    let one = most_threads(&["solve", "two-phase", "--threads", "1", "--quiet"]);
    assert!(one <= 3, "{one}");
}

// ---- Formats and files ----

/// What stands behind a key in one line of JSON, as it is written.
fn json_word<'a>(line: &'a str, key: &str) -> &'a str {
    let (_, after) =
        line.split_once(&format!("\"{key}\":")).unwrap_or_else(|| panic!("no `{key}` in {line}"));
    after.split([',', '}']).next().unwrap()
}

#[test]
fn the_three_formats_hold_the_same_rows() {
    let csv = Rows::solved(&["two-phase", "--sweep", "t=0:2:5"]);
    let text = printed(&["solve", "two-phase", "--sweep", "t=0:2:5", "--format", "json"], 0);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json.as_array().unwrap().len(), csv.rows.len());
    for ((object, line), row) in json.as_array().unwrap().iter().zip(text.lines().skip(1)).zip(&csv.rows) {
        let keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys.join(","), csv.header);
        for (column, value) in object.as_object().unwrap() {
            let word = &row[column];
            match value {
                Value::Null => assert_eq!(word, ""),
                Value::String(text) => assert_eq!(word, text),
                // serde_json reads a number to within an ulp, so the text is compared.
                _ => assert_eq!(word.parse::<f64>(), json_word(line, column).parse(), "{column}"),
            }
        }
    }
    let table = printed(&["solve", "two-phase", "--sweep", "t=0:2:5"], 0);
    assert_eq!(table.lines().count(), 2 + csv.rows.len(), "{table}");
    assert!(table.lines().next().unwrap().split_whitespace().eq([
        "t",
        "piece",
        "branch",
        "omega",
        "b",
        "c",
        "m",
        "quadrature_error",
        "nodes",
        "status"
    ]));
}

#[test]
fn columns_choose_what_the_table_shows() {
    let heading = |columns: &str| {
        let table = printed(&["solve", "first-phase", "--set", "t=0.5", "--columns", columns], 0);
        table.lines().next().unwrap().to_string()
    };
    assert!(heading("q,mse_test").contains(" q ") && heading("q,mse_test").contains("mse_test"));
    assert!(!heading("q,mse_test").contains("omega"));
    assert!(FIRST_PHASE.split(',').all(|name| heading("all").contains(name)));
}

#[test]
fn a_long_table_is_cut_in_the_terminal_and_whole_on_demand() {
    let lines = |extra: &[&str]| {
        let arguments = ["solve", "curie-weiss", "--sweep", "T=0.5:1.5:101"];
        printed(&[&arguments, extra].concat(), 0).lines().count()
    };
    assert!(lines(&[]) < 40);
    assert_eq!(lines(&["--all-rows"]), 103);
}

#[test]
fn quiet_prints_nothing_and_still_writes() {
    let folder = TempDir::new().unwrap();
    let arguments = ["solve", "first-phase", "--quiet", "--output", "a.csv", "--plot", "a.svg"];
    let output = run_in(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    for name in ["a.csv", "a.json", "a.svg"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    assert_eq!(printed(&["solve", "first-phase", "--quiet", "--set", "t=0.5"], 0), "");
    assert_eq!(printed(&["critical", "first-phase", "--quiet"], 0), "");
    assert_eq!(printed(&["limit", "second-phase", "--quiet"], 0), "");
}

#[test]
fn a_system_solved_as_it_stands_leaves_its_results() {
    let folder = TempDir::new().unwrap();
    assert_eq!(run_in(folder.path(), &["solve", "second-phase"]).status.code(), Some(0));
    for extension in ["csv", "json", "svg"] {
        assert!(folder.path().join("results/second-phase").with_extension(extension).is_file());
    }
    // The CSV that is written is the CSV that is printed.
    let written = fs::read_to_string(folder.path().join("results/second-phase.csv")).unwrap();
    assert_eq!(written, printed(&["solve", "second-phase", "--format", "csv"], 0));
}

#[test]
fn a_result_replaces_the_earlier_one_and_leaves_no_other_file() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.csv"), "earlier").unwrap();
    run_in(folder.path(), &["solve", "second-phase", "--quiet", "--output", "a.csv"]);
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.csv", "a.json"]);
    assert_ne!(fs::read_to_string(folder.path().join("a.csv")).unwrap(), "earlier");
}

#[test]
fn the_side_file_says_how_to_make_the_table_again() {
    let folder = TempDir::new().unwrap();
    let arguments =
        ["solve", "two-phase", "--set", "n=64", "--sweep", "p=0.6:0.7:2", "--output", "a.csv", "--quiet"];
    run_in(folder.path(), &arguments);
    let csv = fs::read_to_string(folder.path().join("a.csv")).unwrap();
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("a.json")).unwrap()).unwrap();
    let command: Vec<&str> =
        side["command"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
    assert_eq!(command, [&["overlaps"], &arguments[..]].concat());
    assert_eq!(side["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(side["system"], "two-phase");
    for (name, value) in [("n", 64.0), ("sigma", 1.0), ("kappa", 4.0), ("lambda", 0.1), ("ell", 0.01)] {
        assert_eq!(side["parameters"][name].as_f64(), Some(value), "{name}");
    }
    assert_eq!(side["parameters"]["k"], "inf");
    assert_eq!(side["sweeps"]["p"], "p=0.6:0.7:2");
    assert!(side["parameters"].get("p").is_none(), "p is swept");
    let columns: Vec<&str> =
        side["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(columns.join(","), csv.lines().next().unwrap());
    assert_eq!(side["rows"], csv.lines().count() - 1);
    // The same command in another folder gives the same bytes.
    let again = TempDir::new().unwrap();
    run_in(again.path(), &command[1..]);
    for name in ["a.csv", "a.json"] {
        assert!(
            fs::read(folder.path().join(name)).unwrap() == fs::read(again.path().join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn a_default_that_follows_a_swept_parameter_is_not_given_as_one_number() {
    let folder = TempDir::new().unwrap();
    let sweep = ["--set", "t=0.5", "--sweep", "p=0.6:0.7:2", "--output", "a.csv", "--quiet"];
    run_in(folder.path(), &[&["solve", "first-phase"], &sweep[..]].concat());
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("a.json")).unwrap()).unwrap();
    // p_test is p unless it is set, so it is 0.6 in one row and 0.7 in the other.
    assert!(!side["parameters"]["p_test"].is_number(), "{}", side["parameters"]);
}

#[test]
fn the_side_file_lists_changes_and_folds() {
    let folder = TempDir::new().unwrap();
    let arguments =
        ["solve", "first-phase", "--set", "n=8", "--set", "p=0.75", "--set", "kappa=2", "--branches"];
    run_in(folder.path(), &[&arguments[..], &["--output", "a.csv", "--quiet"]].concat());
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("a.json")).unwrap()).unwrap();
    let events = side["events"].as_array().unwrap();
    let event =
        |kind: &str| events.iter().find(|e| e["event"] == kind).unwrap_or_else(|| panic!("no {kind}"));
    let crossing = event("crossing");
    assert_eq!((&crossing["from"], &crossing["to"]), (&Value::from("constant"), &Value::from("informative")));
    assert!((crossing["t"].as_f64().unwrap() - 0.018_354_033_664_5).abs() < 5e-10);
    assert_eq!(event("fold")["branch"], "informative");
}

// ---- A user's own file ----

const OWN: &str = r#"title   = "a < b & \"c\" > 'd'"
control = { name = "t", from = 0, to = 1, points = 5, meaning = "<t> & more" }

[parameters]
"λ" = { default = 2, domain = "λ > 0", meaning = "gain" }

[unknowns]
"ω" = "weight"

[energy]
minimise = "(ω - λ*t)^2"

[outputs]
"q_η" = { value = "ω^2", meaning = "its square" }
"#;

#[test]
fn a_flow_that_stops_says_where_and_leaves_later_rows_empty() {
    let folder = TempDir::new().unwrap();
    let text = "title = \"Growth\"\ncontrol = { name = \"t\", from = 0, to = 2, points = 3 }\n[unknowns]\nx = \"size\"\n[flow]\nx = \"x\"\nstart = { x = 1 }\nstop = \"x >= 2\"\n";
    fs::write(folder.path().join("growth.toml"), text).unwrap();
    let output = run_in(folder.path(), &["solve", "growth.toml", "--output", "growth.csv"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("the flow stops at t = 0.69314718055") && said.contains("x = 2.000000000"),
        "{said}"
    );
    let csv = fs::read_to_string(folder.path().join("growth.csv")).unwrap();
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    assert!(rows[0].starts_with("0.0,growth,flow,1.0,") && rows[0].ends_with(",converged"), "{csv}");
    assert!(rows[1].starts_with("1.0,growth,stopped,,") && rows[1].ends_with(",converged"), "{csv}");
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("growth.json")).unwrap()).unwrap();
    let event = &side["events"][0];
    assert_eq!(event["event"], "stops");
    assert!(
        (event["t"].as_f64().unwrap() - 2f64.ln()).abs() < 1e-12
            && (event["x"].as_f64().unwrap() - 2.0).abs() < 1e-12
    );
}

#[test]
fn a_file_of_ones_own_is_solved_by_its_path() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/own.toml"), OWN).unwrap();
    for path in ["mine/own.toml", "./mine/own.toml", folder.path().join("mine/own.toml").to_str().unwrap()] {
        let output = run_in(folder.path(), &["solve", path, "--format", "csv"]);
        assert_eq!(output.status.code(), Some(0));
        let rows = Rows::read(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(rows.words("piece"), ["own"; 5]);
        assert!(close(&rows.numbers("omega"), &[0.0, 0.5, 1.0, 1.5, 2.0], 1e-12));
        assert_eq!(run_in(folder.path(), &["show", path]).status.code(), Some(0));
    }
    // A composite finds its pieces beside it.
    let composite = "title = \"C\"\ncontrol = { name = \"t\", from = 0, to = 1, points = 2 }\n\
                     [[piece]]\nsystem = \"own.toml\"\nfrom = 0\nto = 1\n";
    fs::write(folder.path().join("mine/both.toml"), composite).unwrap();
    assert_eq!(run_in(folder.path(), &["solve", "mine/both.toml", "--quiet"]).status.code(), Some(0));
}

#[test]
fn names_in_unicode_become_columns_in_ascii() {
    let text = OWN.replace("\"t\"", "\"τ\"").replace("λ*t", "λ*τ");
    let output = solved_file("own.toml", &text, &["--format", "csv", "--sweep", "λ=1:2:2"]);
    let rows = Rows::read(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(rows.header, format!("tau,lambda,piece,branch,omega,q_eta,{CERTIFICATE}"));
}

#[test]
fn a_parameter_in_unicode_is_set_by_either_spelling() {
    for name in ["λ", "lambda"] {
        let output =
            solved_file("own.toml", OWN, &["--format", "csv", "--set", &format!("{name}=3"), "--set", "t=1"]);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {message}");
        let rows = Rows::read(&String::from_utf8(output.stdout).unwrap());
        assert!(close(&rows.numbers("omega"), &[3.0], 1e-12), "{name}");
    }
}

// ---- Rows that did not converge ----

/// A file with one unknown x that satisfies these equations.
fn equations(section: &str) -> String {
    format!(
        "title = \"One unknown\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 5 }}\n\n\
         [variables]\nz = \"normal\"\n\n[unknowns]\nx = \"unknown\"\n\n{section}\n\n\
         [[branch]]\nname = \"one\"\nstart = [{{ x = 1 }}]\n\n\
         [outputs]\ny = {{ value = \"x + 1\", meaning = \"shifted\" }}\n"
    )
}

/// The rows of equations of which some have no solution.
fn not_converged(section: &str) -> Rows {
    let output = solved_file("own.toml", &equations(section), &["--format", "csv"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{section}: {message}");
    assert!(message.contains("of 5 rows did not converge"), "{section}: {message}");
    let rows = Rows::read(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(rows.words("t"), ["0.0", "0.25", "0.5", "0.75", "1.0"]);
    for row in rows.rows.iter().filter(|row| row["status"] != "converged") {
        assert_eq!(row["status"], "not-converged");
        assert_eq!((row["x"].as_str(), row["y"].as_str()), ("", ""), "{section}");
    }
    rows
}

#[test]
fn equations_without_a_solution_keep_their_rows_empty_and_end_with_3() {
    for section in [
        "[fixed_point]\nx = \"x + 1\"",
        "[residual]\nzero = \"x^2 + 1\"",
        "[residual]\nzero = \"exp(x)\"",
        "[fixed_point]\nx = \"log(-1 - x^2)\"",
        "[energy]\nminimise = \"x\"",
        "[energy]\nminimise = \"exp(-x)\"",
        "[energy]\nminimise = \"-x^2\"",
        "[energy]\nminimise = \"log(-1 - x^2)\"",
    ] {
        assert_eq!(not_converged(section).words("status"), ["not-converged"; 5], "{section}");
    }
}

#[test]
fn an_inflection_is_not_a_minimum() {
    assert_eq!(not_converged("[energy]\nminimise = \"x^3\"").words("status"), ["not-converged"; 5]);
}

#[test]
fn rows_beyond_the_last_solution_keep_their_place_and_the_others_their_values() {
    let rows = not_converged("[residual]\nzero = \"x^2 + t - 0.4\"");
    let status = ["converged", "converged", "not-converged", "not-converged", "not-converged"];
    assert_eq!(rows.words("status"), status);
    for (t, x) in [(0.0, rows.words("x")[0]), (0.25, rows.words("x")[1])] {
        let x: f64 = x.parse().unwrap();
        assert!((x.abs() - (0.4f64 - t).sqrt()).abs() < 1e-14, "{t} {x}");
    }
}

#[test]
fn an_average_with_a_kink_meets_the_tolerance() {
    let section = "[fixed_point]\nx = \"E[z](abs(z - x)) - 1\"";
    let output = solved_file("own.toml", &equations(section), &["--format", "csv"]);
    assert_eq!(output.status.code(), Some(0));
    let rows = Rows::read(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(rows.words("status"), ["converged"; 5]);
    // E|z − x| = x erf(x/√2) + √(2/π) exp(−x²/2), so x = E|z − x| − 1 at −0.1879….
    let right =
        |x: f64| x * libm::erf(x / 2f64.sqrt()) + (2.0 / std::f64::consts::PI).sqrt() * (-x * x / 2.0).exp();
    for x in rows.numbers("x") {
        assert!((right(x) - 1.0 - x).abs() < 1e-14, "{x}");
    }
}

#[test]
fn what_did_not_converge_is_still_written_and_counted() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("own.toml"), equations("[residual]\nzero = \"x^2 + t - 0.4\"")).unwrap();
    let files = ["--output", "a.csv", "--plot", "a.svg", "--quiet"];
    let output = run_in(folder.path(), &[&["solve", "own.toml"], &files[..]].concat());
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("a.json")).unwrap()).unwrap();
    assert_eq!((&side["rows"], &side["rows_not_converged"]), (&Value::from(5), &Value::from(3)));
    assert!(folder.path().join("a.svg").is_file());
}

#[test]
fn an_output_that_is_not_a_number_is_not_passed_over_in_silence() {
    let text = equations("[energy]\nminimise = \"(x - 1)^2\"").replace("x + 1", "log(-x)");
    let output = solved_file("own.toml", &text, &["--format", "csv"]);
    let message = String::from_utf8_lossy(&output.stderr);
    let said = message.lines().any(|line| line.starts_with("warning") && line.contains('y'));
    assert!(said || output.status.code() == Some(3), "{:?}: {message}", output.status.code());
}

// ---- Figures and comparisons ----

#[test]
fn a_figure_has_the_format_of_its_extension_also_in_a_study() {
    let folder = TempDir::new().unwrap();
    for (extension, format) in Format::ALL {
        let begin: &[u8] = match format {
            Format::Svg => b"<svg",
            Format::Pdf => b"%PDF-1",
            Format::Png => b"\x89PNG\r\n",
            Format::Pgf => b"% Made by overlaps",
        };
        let plot = format!("a.{extension}");
        let output = run_in(folder.path(), &["solve", "curie-weiss", "--quiet", "--plot", &plot]);
        assert!(output.status.success());
        assert!(fs::read(folder.path().join(&plot)).unwrap().starts_with(begin), "{extension}");
        let study = format!(
            "system = \"curie-weiss\"\ncommand = \"solve\"\nplot = \"b.{extension}\"\n[sweep]\nh = [0.0, 0.1]\n"
        );
        fs::write(folder.path().join("study.toml"), study).unwrap();
        let output = run_in(folder.path(), &["sweep", "study.toml", "--quiet"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(
            fs::read(folder.path().join(format!("b.{extension}"))).unwrap().starts_with(begin),
            "{extension}"
        );
    }
    let output = run_in(folder.path(), &["solve", "curie-weiss", "--plot", "a.gif"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(1) && message.contains("SVG, PDF, PNG, PGF; name the file a.svg"),
        "{message}"
    );
}

/// The names and attributes of all elements, after a check that the text is well-formed XML.
fn elements(svg: &str) -> Vec<(String, HashMap<String, String>)> {
    let mut open: Vec<String> = Vec::new();
    let mut all = Vec::new();
    let mut rest = svg.trim();
    let entities_are_whole = |text: &str| {
        text.split('&').skip(1).all(|part| {
            part.split_once(';')
                .is_some_and(|(e, _)| ["amp", "lt", "gt", "quot", "apos"].contains(&e) || e.starts_with('#'))
        })
    };
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        assert!(entities_are_whole(text), "`{text}`");
        let end = tag.find('>').expect("a tag ends");
        let inside = &tag[1..end];
        rest = &tag[end + 1..];
        if inside.starts_with('?') || inside.starts_with('!') {
            continue;
        }
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name.trim()));
            continue;
        }
        let (inside, closed) = inside.strip_suffix('/').map_or((inside, false), |i| (i, true));
        let name = inside.split_whitespace().next().unwrap().to_string();
        let mut attributes = HashMap::new();
        let mut left = inside[name.len()..].trim();
        while !left.is_empty() {
            let (key, value) = left.split_once("=\"").expect("an attribute has a value in quotes");
            let (value, after) = value.split_once('"').expect("the quotes are closed");
            assert!(entities_are_whole(value) && !value.contains('<'), "`{value}`");
            assert!(attributes.insert(key.to_string(), value.to_string()).is_none(), "`{key}` twice");
            left = after.trim_start();
        }
        all.push((name.clone(), attributes));
        if !closed {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} is not closed");
    assert_eq!(all[0].0, "svg");
    all
}

/// The figure of a command.
fn figure(folder: &Path, arguments: &[&str]) -> String {
    let output = run_in(folder, &[&["solve"], arguments, &["--plot", "a.svg", "--quiet"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(folder.join("a.svg")).unwrap()
}

/// The lines of a colour, each as its places.
fn lines_of(svg: &str, colour: &str) -> Vec<Vec<(f64, f64)>> {
    let elements = elements(svg);
    let paths =
        elements.iter().filter(|(name, a)| name == "path" && a.get("stroke").is_some_and(|s| s == colour));
    paths.flat_map(|(_, a)| a["d"].split('M').skip(1).map(places).collect::<Vec<_>>()).collect()
}

/// The places of a line: where it begins, and the steps from there.
fn places(line: &str) -> Vec<(f64, f64)> {
    let steps = line.find(['h', 'v', 'l']).unwrap_or(line.len());
    let (x, y) = line[..steps].split_once(' ').unwrap();
    let mut places = vec![(x.parse::<f64>().unwrap(), y.parse::<f64>().unwrap())];
    let mut rest = &line[steps..];
    while let Some(kind) = rest.chars().next() {
        let end = rest[1..].find(['h', 'v', 'l']).map_or(rest.len(), |end| end + 1);
        let spaced = rest[1..end].replace('-', " -");
        let numbers: Vec<f64> = spaced.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let (x, y) = places[places.len() - 1];
        places.push(match kind {
            'h' => (x + numbers[0], y),
            'v' => (x, y + numbers[0]),
            _ => (x + numbers[0], y + numbers[1]),
        });
        rest = &rest[end..];
    }
    places
}

const BLUE: &str = "#0072B2";

#[test]
fn a_figure_is_well_formed_whatever_the_title() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("own.toml"), OWN).unwrap();
    let svg = figure(folder.path(), &["own.toml"]);
    assert!(elements(&svg).iter().any(|(name, _)| name == "text"));
    assert!(svg.contains("&lt; b &amp;"), "the title is not written as text");
    for system in ["two-phase", "curie-weiss", "hopfield"] {
        let svg = figure(folder.path(), &[system, "--columns", "all"]);
        assert!(elements(&svg).len() > 50);
    }
}

#[test]
fn a_curve_is_not_joined_across_a_change_of_branch() {
    // omega is 0 on the constant branch and at least 0.2 on the informative one.
    let folder = TempDir::new().unwrap();
    let arguments =
        ["first-phase", "--set", "n=8", "--set", "p=0.75", "--set", "kappa=2", "--sweep", "t=0:0.04:41"];
    let svg = figure(folder.path(), &[&arguments[..], &["--columns", "omega"]].concat());
    let lines = lines_of(&svg, BLUE);
    // The sample in the legend, and one line for each branch.
    assert_eq!(lines.len(), 3, "{lines:?}");
    let bottom = lines[1][0].1;
    assert!(lines[1].iter().all(|(_, y)| *y == bottom), "the constant branch is level");
    assert!(lines[2].iter().all(|(_, y)| *y < bottom - 100.0), "the informative branch stays above");
    assert!(lines[1].last().unwrap().0 < lines[2][0].0, "one ends before the other starts");
}

#[test]
fn compare_adds_a_column_and_draws_each_system_in_its_line() {
    let folder = TempDir::new().unwrap();
    let systems = ["first-phase", "--compare", "first-phase-limit,first-phase-printed"];
    let rest = ["--sweep", "t=0.2:1:5", "--columns", "m", "--output", "a.csv"];
    let svg = figure(folder.path(), &[&systems[..], &rest].concat());
    let rows = Rows::read(&fs::read_to_string(folder.path().join("a.csv")).unwrap());
    assert_eq!(rows.header, format!("system,t,piece,branch,{FIRST_PHASE},{CERTIFICATE}"));
    let expected: Vec<&str> =
        ["first-phase", "first-phase-limit", "first-phase-printed"].iter().flat_map(|s| [*s; 5]).collect();
    assert_eq!(rows.words("system"), expected);
    assert_eq!(rows.words("mse_train")[10], "", "the printed equations give no error");
    // The first stroke of each colour is that of the legend: a line, a dash, a dot.
    let strokes = ["#0072B2", "#D55E00", "#009E73"].map(|colour| {
        let line = &lines_of(&svg, colour)[0];
        line.last().unwrap().0 - line[0].0
    });
    assert!(strokes[0] > 2.0 * strokes[1] && strokes[1] > 2.0 * strokes[2], "{strokes:?}");
    for name in ["first-phase\n", "first-phase-limit\n", "first-phase-printed\n"] {
        assert!(svg.contains(name), "{name} is not in the legend");
    }
}

#[test]
fn compare_takes_composites_and_files_and_their_own_parameters() {
    let systems = ["two-phase", "--compare", "two-phase-limit,two-phase-printed,finite-d"];
    let rows = Rows::solved(&[&systems[..], &["--set", "t=0.5", "--set", "d=400"]].concat());
    assert_eq!(rows.words("system"), ["two-phase", "two-phase-limit", "two-phase-printed", "finite-d"]);
    let alone = Rows::solved(&["finite-d", "--set", "t=0.5", "--set", "d=400"]);
    assert_eq!(rows.words("m")[3], alone.words("m")[0]);
}

#[test]
fn a_sweep_of_more_lines_than_a_figure_can_hold_is_drawn_as_a_map() {
    let folder = TempDir::new().unwrap();
    let solve =
        ["solve", "first-phase", "--set", "n=8", "--set", "kappa=0.5", "--quiet", "--columns", "omega"];
    let drawn = |arguments: &[&str]| {
        let output = run_in(folder.path(), &[&solve[..], arguments, &["--plot", "a.svg"]].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let with_control = ["--sweep", "t=log:0.01:1:5", "--sweep", "p=0.5:0.9:15"];
    assert_eq!(drawn(&with_control), (Some(0), String::new()));
    let svg = fs::read_to_string(folder.path().join("a.svg")).unwrap();
    assert!(svg.contains("between constant and informative") && svg.contains("crispEdges"));
    assert!(svg.contains("\n0.01\n"), "the axis of a logarithmic sweep is logarithmic");
    let without_control = ["--set", "t=0.1", "--sweep", "sigma=0.5,1", "--sweep", "p=0.5:0.9:15"];
    assert_eq!(drawn(&without_control), (Some(0), String::new()));
    assert!(fs::read_to_string(folder.path().join("a.svg")).unwrap().contains("crispEdges"));
    let (code, message) = drawn(&[&without_control[2..], &with_control[..2]].concat());
    assert!(code == Some(1) && message.contains("two parameters"), "{message}");
}

// ---- limit, critical, verify ----

#[test]
fn the_limit_of_the_first_phase_is_approached_with_order_1() {
    let text = printed(&["limit", "first-phase", "--sweep", "n=log:1e5:1e8:4"], 0);
    let order = |column: &str| -> f64 {
        let line = text.lines().rev().find(|l| l.split_whitespace().next() == Some(column));
        line.and_then(|l| l.split_whitespace().nth(1)).unwrap().parse().unwrap_or_else(|_| panic!("{text}"))
    };
    for column in ["omega", "b", "m", "q_eta_plus", "p_eta_minus", "q", "r", "mse_train", "mse_test"] {
        assert!((order(column) - 1.0).abs() < 0.02, "{column}: {text}");
    }
    assert!(text.contains("expected 1"), "{text}");
}

#[test]
fn the_deviation_from_the_limit_is_written_in_full() {
    let folder = TempDir::new().unwrap();
    run_in(folder.path(), &["limit", "second-phase", "--output", "a.csv", "--quiet"]);
    let rows = Rows::read(&fs::read_to_string(folder.path().join("a.csv")).unwrap());
    assert_eq!(rows.words("n"), ["1000.0", "10000.0", "100000.0", "1000000.0", "10000000.0"]);
    let deviation = rows.numbers("m");
    assert!(deviation.windows(2).all(|d| (d[0] / d[1] - 10.0).abs() < 0.1), "{deviation:?}");
}

#[test]
fn the_critical_time_of_the_first_phase_is_found() {
    // theory.md, section 2: κt = 0.036708067329 for n = 8, p = 3/4, λ = 0.1, ℓ = 0.01, σ = 1.
    let found = |kappa: &str| {
        let folder = TempDir::new().unwrap();
        let kappa = format!("kappa={kappa}");
        let arguments = ["critical", "first-phase", "--set", "n=8", "--set", "p=0.75", "--set", &kappa];
        let output = run_in(folder.path(), &[&arguments[..], &["--output", "a.csv"]].concat());
        assert_eq!(output.status.code(), Some(0));
        let rows = Rows::read(&fs::read_to_string(folder.path().join("a.csv")).unwrap());
        assert_eq!(rows.words("side"), ["before", "after"]);
        assert_eq!(rows.words("branch"), ["constant", "informative"]);
        assert_eq!(rows.words("change"), ["crossing", "crossing"]);
        assert_eq!(rows.words("b")[0], "inf");
        let energy = rows.numbers("energy");
        assert!((energy[0] - energy[1]).abs() < 1e-12, "the energies are equal where they cross");
        (rows.numbers("t")[0], String::from_utf8(output.stdout).unwrap())
    };
    let (t, table) = found("2");
    assert!((t - 0.018_354_033_664_5).abs() < 1e-9 / 2.0, "{t}");
    assert!(table.contains("0.01835403366"), "{table}");
    let (t, _) = found("4");
    assert!((4.0 * t - 0.036_708_067_329).abs() < 1e-9, "{t}");
}

#[test]
fn critical_says_where_nothing_changes() {
    let text = printed(&["critical", "second-phase"], 0);
    assert!(text.contains("does not change for 1 ≤ t ≤ 2"), "{text}");
    // Only what was searched is spoken of.
    let text = printed(&["critical", "first-phase", "--sweep", "t=0.5:0.9:5"], 0);
    assert!(text.contains("0.5") && !text.contains("0 ≤ t ≤ 1"), "{text}");
}

#[test]
fn critical_follows_a_sweep() {
    let folder = TempDir::new().unwrap();
    let sweep = ["--set", "n=8", "--set", "p=0.75", "--sweep", "kappa=2:4:2", "--output", "a.csv", "--quiet"];
    run_in(folder.path(), &[&["critical", "first-phase"], &sweep[..]].concat());
    let rows = Rows::read(&fs::read_to_string(folder.path().join("a.csv")).unwrap());
    assert_eq!(rows.words("kappa"), ["2.0", "2.0", "4.0", "4.0"]);
    let t = rows.numbers("t");
    assert!((t[0] - 2.0 * t[2]).abs() < 1e-9, "the critical κt does not depend on κ");
}

#[test]
fn critical_draws_the_line_of_critical_points_and_leaves_a_side_file() {
    let folder = TempDir::new().unwrap();
    let sweeps = ["--sweep", "n=log:16:32:2", "--sweep", "lambda=0.1,1", "--sweep", "ell=0.01,0.1"];
    let files = ["--set", "kappa=1", "--output", "a.csv", "--plot", "a.svg", "--quiet"];
    let output = run_in(folder.path(), &[&["critical", "first-phase"], &sweeps[..], &files[..]].concat());
    assert_eq!(output.status.code(), Some(0));
    let svg = fs::read_to_string(folder.path().join("a.svg")).unwrap();
    for part in ["constant → informative", "λ = 0.1", "ℓ = 0.01", "ℓ = 0.1", "κ = 1"] {
        assert!(svg.contains(part), "{part}");
    }
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("a.json")).unwrap()).unwrap();
    assert_eq!(side["command"][1], "critical");
    assert_eq!(side["parameters"]["kappa"], 1.0);
    assert_eq!(side["sweeps"]["ell"], "ell=0.01,0.1");
    // Without a sweep there is no axis to draw along.
    let output = run_in(folder.path(), &["critical", "first-phase", "--plot", "b.svg"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--sweep"));
}

#[test]
fn critical_finds_the_zeros_of_an_output_and_draws_the_line() {
    let folder = TempDir::new().unwrap();
    let arguments = [
        "critical",
        "sherrington-kirkpatrick",
        "--zero",
        "stability",
        "--sweep",
        "H=0.1,0.5",
        "--sweep",
        "T=0.2:1.2:6",
    ];
    let files = ["--output", "a.csv", "--plot", "a.svg"];
    let output = run_in(folder.path(), &[&arguments[..], &files[..]].concat());
    assert_eq!(output.status.code(), Some(0));
    let rows = Rows::read(&fs::read_to_string(folder.path().join("a.csv")).unwrap());
    assert!(rows.header.starts_with("T,H,piece,change,side,branch,q,"), "{}", rows.header);
    assert!(rows.header.ends_with(",energy,control_error"), "{}", rows.header);
    assert_eq!(rows.words("change"), ["rises through zero", "rises through zero"]);
    assert_eq!(rows.words("side"), ["at", "at"]);
    // de Almeida and Thouless, by Newton's method in q and T (tests/lines.rs).
    for (found, known) in
        rows.numbers("T").into_iter().zip([0.818_849_854_110_175_7, 0.535_104_943_115_391_9])
    {
        assert!((found - known).abs() < 1e-12, "{found}");
    }
    let svg = fs::read_to_string(folder.path().join("a.svg")).unwrap();
    assert!(svg.contains("stability = 0"), "the figure says what is zero");
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("a.json")).unwrap()).unwrap();
    assert_eq!(side["command"][3], "--zero");
}

#[test]
fn critical_says_where_an_output_has_no_zero_and_where_it_jumps() {
    let text = printed(&["critical", "second-phase", "--zero", "m", "--sweep", "t=1.2:1.8:7"], 0);
    assert!(text.contains("m of second-phase has no zero for 1.2 ≤ t ≤ 1.8"), "{text}");
    // A magnet in no field: on all branches, the two that are born go to zero where they end.
    let text = printed(&["critical", "curie-weiss", "--zero", "m", "--set", "h=0.1"], 0);
    assert!(text.contains("has no zero"), "{text}");
}

#[test]
fn a_line_of_zeros_that_turns_back_has_its_fold_in_the_table_and_in_a_note() {
    let folder = TempDir::new().unwrap();
    let text = "title = \"fold\"\ncontrol = { name = \"x\", from = -2, to = 2, points = 21 }\n\
                [parameters]\np = { default = 0, meaning = \"p\" }\n[outputs]\nf = { value = \"x^2 - p\", meaning = \"\" }\n";
    fs::write(folder.path().join("fold.toml"), text).unwrap();
    let arguments = ["critical", "fold.toml", "--zero", "f", "--sweep", "p=-0.5:1:4"];
    let output = run_in(folder.path(), &[&arguments[..], &["--output", "a.csv", "--plot", "a.svg"]].concat());
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the line turns back at p = "), "{said}");
    let rows = Rows::read(&fs::read_to_string(folder.path().join("a.csv")).unwrap());
    let fold = rows.words("change").iter().position(|c| *c == "fold of the line").unwrap();
    assert!(rows.numbers("p")[fold].abs() < 1e-12 && rows.numbers("x")[fold].abs() < 1e-9);
}

#[test]
fn verify_agrees_and_adds_its_column() {
    let rows = Rows::solved(&["two-phase", "--sweep", "t=1:2:3", "--verify"]);
    assert!(rows.header.ends_with(",status,verify_difference"));
    assert!(
        rows.numbers("verify_difference").iter().all(|d| *d < 1e-10),
        "{:?}",
        rows.words("verify_difference")
    );
    let folder = TempDir::new().unwrap();
    let output =
        run_in(folder.path(), &["solve", "first-phase", "--set", "kappa=32", "--set", "t=1", "--verify"]);
    assert_eq!(output.status.code(), Some(0));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("verify: 1 rows") && message.contains("nodes"), "{message}");
}

#[test]
fn branches_lists_all_solutions_with_the_lowest_first() {
    let parameters = ["--set", "n=8", "--set", "p=0.75", "--set", "kappa=2", "--branches"];
    for (t, order) in [("t=0.018", ["constant", "informative"]), ("t=0.019", ["informative", "constant"])] {
        let rows = Rows::solved(&[&["first-phase"], &parameters[..], &["--set", t]].concat());
        assert_eq!(rows.words("branch"), order, "{t}");
        let energy = rows.numbers("energy");
        assert!(energy[0] <= energy[1]);
    }
}

// ---- Standard output that goes away ----

#[cfg(unix)]
#[test]
fn a_reader_that_has_left_is_no_error() {
    for arguments in [
        vec!["list"],
        vec!["show", "two-phase"],
        vec!["solve", "first-phase", "--format", "csv"],
        vec!["solve", "first-phase", "--format", "json"],
        vec!["solve", "first-phase", "--set", "t=0.5"],
        vec!["limit", "second-phase"],
        vec!["critical", "first-phase"],
        vec!["critical", "second-phase"],
        vec!["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let folder = TempDir::new().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_overlaps"))
            .args(&arguments)
            .current_dir(&folder)
            .stdout(writer)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!message.contains("panicked") && !message.contains("error"), "{arguments:?}: {message}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {message}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_an_error_and_no_panic() {
    for arguments in [
        vec!["list"],
        vec!["show", "two-phase"],
        vec!["solve", "first-phase", "--format", "csv"],
        vec!["solve", "first-phase", "--set", "t=0.5"],
        vec!["limit", "second-phase"],
        vec!["critical", "first-phase"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output =
            Command::new(env!("CARGO_BIN_EXE_overlaps")).args(&arguments).stdout(full).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!message.contains("panicked"), "{arguments:?}: {message}");
        assert!(message.contains("No space left"), "{arguments:?}: {message}");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn critical_does_not_say_that_nothing_changes_where_rows_failed() {
    let folder = TempDir::new().unwrap();
    let text = "title = \"none\"\ncontrol = { name = \"t\", from = 0, to = 1, points = 5 }\n\
                [unknowns]\nm = \"unknown\"\n[residual]\nf = \"m^2 + 1 + t\"\n";
    fs::write(folder.path().join("none.toml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_overlaps"))
        .args(["critical", "none.toml"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("does not change"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("5 rows"));
    let output = Command::new(env!("CARGO_BIN_EXE_overlaps"))
        .args(["critical", "none.toml", "--zero", "m"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("unknown"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("5 rows") && said.contains("a zero there") && said.contains("does not vanish"),
        "{said}"
    );
}

// ---- Standard output and standard error ----

/// A shell command in a folder, with `overlaps` on its path: what it printed, and its exit code.
#[cfg(unix)]
fn shell(folder: &TempDir, line: &str) -> (String, Option<i32>) {
    let program = Path::new(env!("CARGO_BIN_EXE_overlaps"));
    let line = format!("PATH={}:$PATH; {line}", program.parent().unwrap().display());
    let output = Command::new("bash").args(["-c", &line]).current_dir(folder).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (said, output.status.code())
}

#[cfg(unix)]
#[test]
fn standard_output_is_a_place_for_the_csv_wherever_it_goes() {
    let folder = TempDir::new().unwrap();
    let solve = "overlaps solve curie-weiss --sweep T=0.5,1.5 --quiet";
    let (csv, _) = shell(&folder, &format!("{solve} --format csv"));
    assert!(csv.starts_with("T,piece,branch,"), "{csv}");
    for output in ["-", "/dev/stdout", "/dev/fd/1"] {
        assert_eq!(shell(&folder, &format!("{solve} --output {output}")).0, csv, "{output}");
        // Redirected to a file, which is written to and not replaced.
        let line =
            format!("{{ echo before; {solve} --output {output}; echo after; }} > out.txt; cat out.txt");
        assert_eq!(shell(&folder, &line).0, format!("before\n{csv}after\n"), "{output}");
    }
    let (files, _) = shell(&folder, "ls");
    assert_eq!(files, "out.txt\n");
}

#[cfg(unix)]
#[test]
fn a_closed_standard_output_or_error_is_no_panic() {
    let folder = TempDir::new().unwrap();
    for line in [
        "overlaps critical first-phase --set n=8 2>&1 >/dev/null | true",
        "overlaps solve curie-weiss --quiet 2>/dev/null | head -1",
        "overlaps solve curie-weiss --output - 2>/dev/null | head -1",
        "overlaps solve no-such-system 2>&1 | true",
        "overlaps solve curie-weiss --format csv 2>&- | head -1",
        "overlaps list | true",
    ] {
        // The status of the command itself: 101 is a panic.
        let (said, _) = shell(&folder, &format!("{line}; echo ${{PIPESTATUS[0]}}"));
        assert!(!said.contains("panicked") && !said.contains("101"), "{line}: {said}");
    }
}

#[test]
fn a_figure_of_another_format_is_refused_with_the_format_that_is_drawn() {
    let folder = TempDir::new().unwrap();
    for name in ["x.gif", "x.svg.gz", "x"] {
        let output = run_in(folder.path(), &["solve", "curie-weiss", "--plot", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(name) && said.contains("SVG") && said.contains("x.svg"), "{said}");
    }
    let output = run_in(folder.path(), &["solve", "curie-weiss", "--tolerance", "-1"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a tolerance is positive"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
