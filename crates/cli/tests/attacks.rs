//! Attacks on the readers: inputs of a size, depth or kind that nobody writes by hand. Each is read, or refused with a
//! message that says where and what would be accepted; none ends in a crash, takes minutes or fills the memory. What
//! fuzzing found stands here too, with the input that found it.

use std::fs;
use std::process::Output;
use std::time::Duration;

use overlaps::compare::{Measurements, Naming};
use overlaps::output::csv::read_table;
use overlaps::system::Theory;
use tempfile::TempDir;

const HEAD: &str = "title = \"x\"\ncontrol = { name = \"t\", from = 0, to = 1, points = 3 }\n";
const NORMAL: &str = "[variables]\nz = \"normal\"\n";

/// The most that any of these may take: kB of address space, and seconds, many times what they take on a machine that
/// does nothing else.
const SECONDS: u64 = 240;
const KILOBYTES: u64 = 1_500_000;

/// A file whose one output is an expression.
fn with_output(before: &str, value: &str) -> String {
    format!("{HEAD}{before}[outputs]\ny = {{ value = \"{value}\", meaning = \"\" }}\n")
}

/// A chain of definitions f0, f1, …, each made of the last.
fn chain(first: &str, count: usize, next: impl Fn(&str) -> String) -> String {
    let mut definitions = format!("[definitions]\nf0 = \"{first}\"\n");
    for i in 1..count {
        definitions += &format!("f{i} = \"{}\"\n", next(&format!("f{}", i - 1)));
    }
    definitions
}

/// A file that minimises an energy over x and y: its gradient and Hessian are built too.
fn with_energy(before: &str, energy: &str) -> String {
    format!("{HEAD}{before}[unknowns]\nx = \"\"\ny = \"\"\n[energy]\nminimise = \"x^2 + y^2 + {energy}\"\n")
}

/// Runs the command in a folder within a time and an address space.
fn run_in(folder: &TempDir, arguments: &[&str]) -> Output {
    let script = format!("ulimit -v {KILOBYTES}; exec \"$0\" \"$@\"");
    assert_cmd::Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_overlaps")])
        .args(arguments)
        .current_dir(folder)
        .timeout(Duration::from_secs(SECONDS))
        .output()
        .unwrap()
}

/// The message of a command that is refused: one that can be read, without a panic.
fn message_of(output: &Output, code: i32) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    let start: String = message.chars().take(1000).collect();
    assert_eq!(output.status.code(), Some(code), "{start}");
    assert!(!message.contains("panicked"), "{start}");
    assert!(message.len() < 4000, "the message has {} bytes: {start}", message.len());
    message
}

fn refused_in(folder: &TempDir, arguments: &[&str], code: i32, words: &[&str]) {
    let message = message_of(&run_in(folder, arguments), code);
    for word in words {
        assert!(message.contains(word), "{arguments:?} does not say `{word}`: {message}");
    }
}

fn shown(text: &[u8]) -> Output {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("theory.toml"), text).unwrap();
    run_in(&folder, &["show", "theory.toml"])
}

#[track_caller]
fn read(text: impl AsRef<[u8]>) {
    message_of(&shown(text.as_ref()), 0);
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, words: &[&str]) {
    let message = message_of(&shown(text.as_ref()), 1);
    for word in words {
        assert!(message.contains(word), "no `{word}`: {message}");
    }
}

// ---- Expressions ----

#[test]
fn nesting_beyond_the_limit_is_refused_at_its_place() {
    let many = |part: &str| part.repeat(100_000);
    for value in [
        format!("{}t{}", many("("), many(")")),
        format!("{}t{}", many("tanh("), many(")")),
        format!("{}t", many("-")),
        format!("t{}", many(" + t")),
        format!("t{}", many("*t")),
        format!("t{}", many("^1e-5")),
        format!("{}t{}", many("-("), many(")")),
    ] {
        refused(with_output("", &value), &["deep", "split it with [definitions]", "theory.toml:4:"]);
    }
    let chained = chain("t", 2000, |last| format!("{}{last}{}", "-(".repeat(49), ")".repeat(49)));
    read(with_output(&chained, "f1999"));
}

#[test]
fn many_powers_side_by_side_are_no_nesting() {
    read(with_output("", &format!("t^2{}", " + t^2".repeat(300))));
}

#[test]
fn ten_thousand_chained_definitions_are_read_with_their_derivatives() {
    read(with_output(&chain("t", 10_000, |last| format!("tanh({last}) + 1")), "f9999"));
    read(with_energy(&chain("x + y", 10_000, |last| format!("tanh({last} + x)")), "f9999"));
    let file = with_energy(
        &format!("{NORMAL}{}", chain("x*z + y", 1_000, |last| format!("tanh({last} + z)"))),
        "E[z](f999)",
    );
    read(&file);
}

#[test]
fn a_hundred_thousand_definitions_are_read() {
    read(with_output(&chain("t", 100_000, |last| format!("{last} + 1")), "f99999"));
}

#[test]
fn definitions_that_unfold_without_end_inside_an_average_are_read() {
    // Each stands twice or more in the next: 60 of them have 2^60 terms or factors when they are multiplied out.
    let next: [fn(&str) -> String; 6] = [
        |last| format!("{last}*{last}"),
        |last| format!("{last}*(1 + {last})"),
        |last| format!("t*{last} + {last}/(1 + t)"),
        |last| format!("{last}*(1 - tanh({last}))"),
        |last| format!("({last} - t)^16"),
        |last| format!("-{last} - {last}^3"),
    ];
    for next in next {
        for first in ["z", "t*z", "tanh(z + t)"] {
            let before = format!("{NORMAL}{}", chain(first, 60, next));
            read(with_output(&before, "E[z](f59)"));
            read(with_energy(&before, "E[z](x*y*f59^2)"));
        }
    }
}

#[test]
fn the_moments_of_a_short_power_stay_exact() {
    // E z⁸ = 7!! = 105.
    let before = format!("{NORMAL}{}", chain("z", 4, |last| format!("{last}*{last}")));
    let theory = Theory::parse("x", &with_output(&before, "E[z](f3)")).unwrap();
    assert_eq!(theory.pieces[0].system.recompute(&[0.0]), [105.0]);
    assert!(!theory.pieces[0].system.has_averages());
}

#[test]
fn ten_normal_variables_at_once_are_refused_with_how_many_are_possible() {
    let names: Vec<String> = (0..10).map(|i| format!("z{i}")).collect();
    let variables: String = names.iter().map(|n| format!("{n} = \"normal\"\n")).collect();
    let value = format!("E[{}](tanh({}))", names.join(","), names.join("+"));
    refused(
        with_output(&format!("[variables]\n{variables}"), &value),
        &["10 continuous variables", "at most 6", "theory.toml:15:16"],
    );
}

#[test]
fn names_of_a_million_characters_are_refused_in_few_words() {
    let long = "a".repeat(1_000_000);
    let words = ["1000000 bytes", "at most 200", "theory.toml:4:"];
    refused(with_output("", &long), &words);
    refused(with_output("", &format!("{long}(t)")), &words);
    refused(with_output("", &format!("E[{long}](t)")), &words);
    let parameter =
        |name: &str, more: &str| format!("[parameters]\n{name} = {{ default = 1, meaning = \"\"{more} }}\n");
    refused(with_output(&parameter(&long, ""), "t"), &words);
    refused(format!("{HEAD}[outputs]\n{long} = {{ value = 1, meaning = \"\" }}\n"), &words);
    refused(with_output("", &format!("1{}", "0".repeat(1_000_000))), &["too large for a number"]);
    read(with_output("", &format!("0.{}1", "0".repeat(1_000_000))));
    let domain = format!(", domain = \"a < 0{}\"", " + 0".repeat(900));
    refused(with_output(&parameter("a", &domain), "t"), &["a = 1 is outside its domain"]);
    refused(format!("{HEAD}{long} = 1\n"), &["unknown field"]);
    // A name of the longest possible kind and its misspelling.
    let known = format!("b{}", &long[..199]);
    refused(with_output(&parameter(&known, ""), &long[..200]), &["unknown name"]);
}

#[test]
fn lists_of_twenty_thousand_entries_are_read() {
    let entries = |entry: &dyn Fn(usize) -> String| (0..20_000).map(entry).collect::<String>();
    let parameters = entries(&|i| format!("p{i} = {{ default = {i}, meaning = \"\" }}\n"));
    read(with_output(&format!("[parameters]\n{parameters}"), "p19999"));
    let outputs = entries(&|i| format!("y{i} = {{ value = {i}, meaning = \"\" }}\n"));
    read(format!("{HEAD}[outputs]\n{outputs}"));
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("theory.toml"), with_output(&format!("[parameters]\n{parameters}"), "t"))
        .unwrap();
    refused_in(&folder, &["solve", "theory.toml", "--set", "p=1"], 1, &["no parameter `p`", "more"]);
}

// ---- Files ----

#[test]
fn toml_nested_a_hundred_thousand_deep_is_refused_at_its_line() {
    let many = |part: &str| part.repeat(100_000);
    for text in [
        format!("q = {}", many("[")),
        format!("q = {}1{}", many("{a = "), many("}")),
        format!("[{}a]", many("a.")),
        format!("{}a = 1", many("a.")),
    ] {
        let file = with_output("", "t") + &text + "\n";
        refused(file, &["nest too deeply", "theory.toml:5:"]);
    }
}

#[test]
fn marks_line_ends_and_encodings_of_other_systems_are_read_or_refused() {
    let text = with_output("", "t");
    read(format!("\u{feff}{text}"));
    read(text.replace('\n', "\r\n"));
    refused(text.replace("\"x\"", "\"x\0\""), &["theory.toml:1:"]);
    refused([text.as_bytes(), b"# \xe9\n"].concat(), &["UTF-8", "TOML text file"]);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused([&[0xff, 0xfe][..], &utf16].concat(), &["UTF-8 text (byte 0)"]);
    refused(text.clone() + "y = 1\n", &["duplicate key", "theory.toml:5:1"]);
    refused("", &["empty"]);
}

#[test]
fn numbers_at_the_ends_of_their_range_are_read_or_refused() {
    let parameter = |value: &str| {
        with_output(&format!("[parameters]\na = {{ default = {value}, meaning = \"\" }}\n"), "a*t")
    };
    for value in ["4.9e-324", "-0.0", "1.7976931348623157e308", "99999999999999999999", "inf", "\"1e-400\""] {
        read(parameter(value));
    }
    refused(parameter("1e400"), &["theory.toml:4:17"]);
    refused(parameter(&format!("1{}", "0".repeat(400))), &["theory.toml:4:17"]);
    refused(parameter("nan"), &["NaN", "theory.toml:4:17"]);
    let points = |value: &str| with_output("", "t").replace("points = 3", &format!("points = {value}"));
    for value in ["99999999999999999999", "inf", "nan", "1e30", "-1", "0"] {
        refused(points(value), &["points; 1 to 10000000 are possible", "theory.toml:2:"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn files_without_an_end_are_refused() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("theory.toml"), with_output("", "t")).unwrap();
    fs::create_dir(folder.path().join("folder.csv")).unwrap();
    refused_in(&folder, &["show", "/dev/zero"], 1, &["/dev/zero", "more than 16 MB", "equation file"]);
    refused_in(&folder, &["check", "two-phase", "--against", "/dev/zero"], 1, &["/dev/zero", "byte 0"]);
    refused_in(&folder, &["check", "two-phase", "--against", "folder.csv"], 1, &["folder.csv", "directory"]);
    refused_in(&folder, &["check", "two-phase", "--against", "/dev/null"], 1, &["/dev/null", "empty"]);
    refused_in(&folder, &["schedule", "--curve", "/dev/zero"], 1, &["/dev/zero", "byte 0"]);
    refused_in(&folder, &["check", "two-phase", "--parameters", "/dev/zero"], 1, &["/dev/zero", "16 MB"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_to_its_end_and_one_without_end_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("theory.toml"), with_output("", "t")).unwrap();
    let script = |text: &str| {
        std::process::Command::new("sh")
            .args(["-c", &format!("ulimit -v {KILOBYTES}; {text}"), env!("CARGO_BIN_EXE_overlaps")])
            .current_dir(&folder)
            .output()
            .unwrap()
    };
    message_of(&script("mkfifo pipe.toml; cat theory.toml >pipe.toml & exec \"$0\" show ./pipe.toml"), 0);
    let endless = script("yes '# no end' | \"$0\" show /dev/stdin");
    assert!(message_of(&endless, 1).contains("more than 16 MB"));
    let endless = script("yes | tr -d '\\n' | \"$0\" check two-phase --against /dev/stdin");
    assert!(message_of(&endless, 1).contains("line 1 has more than 4 MB"));
    let endless = script("yes 1 | \"$0\" check two-phase --against /dev/stdin");
    assert!(message_of(&endless, 1).contains("more than 500 MB of memory"));
}

// ---- Measurements ----

#[test]
fn a_hundred_thousand_rows_of_measurements_are_read() {
    read_rows(100_000);
}

#[test]
#[ignore = "some ten seconds; tests/thorough"]
fn a_million_rows_of_measurements_are_read() {
    read_rows(1_000_000);
}

fn read_rows(count: u32) {
    let folder = TempDir::new().unwrap();
    let mut text = String::from("t,d,seed,n,m,q\n");
    for i in 0..count {
        let (seed, d, noise) = (i / 4, 1000 << (2 * (i % 4)), f64::from(i * 7919 % 10007) * 1e-6);
        text += &format!("0.5,{d},{seed},128,{},{}\n", 0.9 + noise, 1.1 + noise);
    }
    fs::write(folder.path().join("runs.csv"), &text).unwrap();
    let output = run_in(&folder, &["check", "two-phase", "--against", "runs.csv", "--quiet"]);
    // The numbers are invented, so the theory does not agree.
    message_of(&output, 4);
}

#[test]
fn columns_that_are_no_measurements_are_refused_in_few_words() {
    let theories = [Theory::load("two-phase").unwrap()];
    let message = |text: &[u8]| {
        let read = read_table(text).map_err(|error| format!("any.csv: {error}"));
        let measured = read.and_then(|table| {
            Measurements::from_table(
                &table,
                &theories,
                &overlaps_models::mixture::DENOISER,
                &Naming::default(),
                "any.csv",
            )
            .map_err(|error| error.to_string())
        });
        let message = measured.unwrap_err();
        assert!(message.len() < 2000, "the message has {} bytes", message.len());
        message
    };
    let long = "a".repeat(1_000_000);
    assert!(message(format!("t,d,seed,m,{long}\n").as_bytes()).contains("1000000 bytes"));
    assert!(message(format!("t,d,seed,m\n0.5,{long},1,1\n").as_bytes()).contains("line 2, column d"));
    let wide: Vec<String> = (0..100_000).map(|i| format!("c{i}")).collect();
    assert!(message(wide.join(",").as_bytes()).contains("100000 columns; at most 1000"));
    assert!(message((wide[..900].join(",") + "\n").as_bytes()).contains("has no column `d`"));
    assert!(message(b"t,d,seed,m\n0.5,1000,1,\xff\n").contains("UTF-8"));
    assert!(message(b"t,d,seed,m\n0.5,1000,1,0\0\n").contains("line 2 has a byte 0"));
    for d in ["inf", "nan", "-0", "0.5", "1e400", ""] {
        let text = format!("t,d,seed,m\n0.5,{d},1,1\n");
        assert!(message(text.as_bytes()).contains("a dimension, a number of 1 or more"), "{d}");
    }
    for t in ["inf", "nan", "1e400", "half"] {
        assert!(message(format!("t,d,seed,m\n{t},1e3,1,1\n").as_bytes()).contains("a finite number"), "{t}");
    }
}

#[test]
fn measurements_of_any_program_are_read() {
    let theories = [Theory::load("two-phase").unwrap()];
    for text in [
        &b"\xef\xbb\xbft,d,seed,m\r\n0.5,1e3,1,inf\r\n"[..],
        b"\xef\xbb\xbf\"t\",\"d\",\"seed\",\"m\"\n\"0.5\",1000,\"a, b\",-0\n",
        b" \xef\xbb\xbf t , d , seed , m \n 0.5 , 1000 , 1 , 4.9e-324 \n",
        b"t,d,seed,m\n0.5,99999999999999999999,99999999999999999999,1e-400\n",
    ] {
        let table = read_table(text).unwrap();
        let measurements = Measurements::from_table(
            &table,
            &theories,
            &overlaps_models::mixture::DENOISER,
            &Naming::default(),
            "any.csv",
        )
        .unwrap();
        assert_eq!(measurements.rows.len(), 1);
    }
}

// ---- The command line ----

#[test]
fn numbers_of_the_command_line_are_refused_before_any_work() {
    let folder = TempDir::new().unwrap();
    let huge = format!("1{}", "0".repeat(400));
    let set = |value: &str| format!("n={value}");
    for value in ["1e400", &huge] {
        refused_in(&folder, &["solve", "first-phase", "--set", &set(value)], 1, &["n = inf", "n < inf"]);
    }
    for sweep in ["t=0:1:10000000000", "t=0:1:99999999999999999999", &format!("t=0:1:{huge}")] {
        refused_in(&folder, &["solve", "first-phase", "--sweep", sweep], 2, &["points"]);
    }
    for seeds in ["99999999999999999999", &huge, "-1", "inf"] {
        refused_in(&folder, &["simulate", &format!("--seeds={seeds}")], 2, &["--seeds"]);
    }
    for d in ["1e400", "inf", "-0", "4.9e-324", "nan"] {
        let set = format!("d={d}");
        let code = if d == "nan" { 2 } else { 1 };
        refused_in(&folder, &["simulate", "--set", &set], code, &["d"]);
    }
    let set: Vec<String> = (0..10_000).map(|i| format!("--set=p{i}=1")).collect();
    let mut arguments = vec!["solve", "first-phase"];
    arguments.extend(set.iter().map(String::as_str));
    refused_in(&folder, &arguments, 1, &["no parameter `p0`"]);
    let long = format!("{}=1", "a".repeat(100_000));
    refused_in(&folder, &["solve", "first-phase", "--set", &long], 1, &["no parameter `aaa"]);
    let word = format!("interpolant={}", "a".repeat(100_000));
    let output = run_in(&folder, &["solve", "finite-d", "--set", &word]);
    assert_eq!(output.status.code(), Some(1));
    let list: Vec<String> = (0..20_000).map(|i| i.to_string()).collect();
    let sweep = format!("n={}", list.join(","));
    refused_in(&folder, &["solve", "first-phase", "--sweep", &sweep], 1, &["n = 0", "n >= 2"]);
}
