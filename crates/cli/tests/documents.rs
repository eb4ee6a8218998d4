//! Every console block of the documents is run, and says what the document says that it says.
//!
//! A block is ```` ```console ````; its lines from `$ ` on are a command, which goes on in lines that begin with four spaces
//! after a `\` or a `|`; the others are what it prints, notes and warnings included. A line `…` stands for any number of
//! lines, `…` in a line for any text. The blocks of a document run in one folder, one after the other, in
//! which the files of `results` lie. A toml block that begins with `# NAME.toml` is written to that file, a block `csv NAME.csv`
//! or `latex NAME.tex` to that.
//!
//! A word after `console` leaves a block out of ordinary runs: `slow` (some ten seconds or more; run by `tests/thorough`),
//! `elsewhere` (it needs a cluster, a shell or a program that a test cannot ask for).
//!
//! `OVERLAPS_DOCUMENT=tutorial cargo test --test documents` runs the documents whose path holds a word.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A command of a document, and what it prints there.
#[derive(Debug, Default)]
struct Example {
    line: usize,
    command: String,
    printed: Vec<String>,
}

/// A block of a document that is run, or a file that is written.
enum Block {
    Examples(Vec<Example>),
    File(String, String),
}

fn examples(first: usize, lines: &[&str]) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut goes_on = false;
    for (place, line) in lines.iter().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example { line: first + place, command: command.into(), printed: Vec::new() });
        } else if let Some(last) = examples.last_mut() {
            match goes_on {
                true => last.command += &format!("\n{line}"),
                false => last.printed.push(line.trim_end().to_string()),
            }
        }
        let command = line.starts_with("$ ") || goes_on;
        goes_on = command && line.ends_with(['\\', '|']);
    }
    for example in &mut examples {
        while example.printed.last().is_some_and(String::is_empty) {
            example.printed.pop();
        }
    }
    examples
}

/// The blocks of a document that are run, the slow ones if `all` are asked for.
fn blocks(text: &str, all: bool) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks = Vec::new();
    let mut place = 0;
    while place < lines.len() {
        let Some(kind) = lines[place].strip_prefix("```").filter(|kind| !kind.is_empty()) else {
            place += 1;
            continue;
        };
        let first = place + 1;
        let last = (first..lines.len()).find(|line| lines[*line] == "```").unwrap_or(lines.len());
        let inside = &lines[first..last];
        match kind {
            "console" => blocks.push(Block::Examples(examples(first + 1, inside))),
            "console slow" if all => blocks.push(Block::Examples(examples(first + 1, inside))),
            "toml" => {
                let name = inside.first().and_then(|line| line.strip_prefix("# "));
                if let Some(name) = name.filter(|name| name.ends_with(".toml") && !name.contains(' ')) {
                    blocks.push(Block::File(name.to_string(), inside.join("\n") + "\n"));
                }
            }
            _ => {
                let file = kind.split_once(' ').filter(|(language, _)| ["csv", "latex"].contains(language));
                blocks.extend(file.map(|(_, name)| Block::File(name.to_string(), inside.join("\n") + "\n")));
            }
        }
        place = last + 1;
    }
    blocks
}

/// Whether a line is what a document has, in which `…` stands for any text.
fn is_line(found: &str, expected: &str) -> bool {
    let Some((start, rest)) = expected.split_once('…') else { return found == expected };
    let Some(found) = found.strip_prefix(start) else { return false };
    let places = found.char_indices().map(|(place, _)| place).chain([found.len()]);
    places.into_iter().any(|place| is_line(&found[place..], rest))
}

/// Whether what was printed is what the document says.
fn agrees(printed: &[&str], expected: &[String]) -> bool {
    match (expected.first().map(|line| line.trim()), printed.first()) {
        (None, None) => true,
        (Some("…"), _) => (0..=printed.len()).any(|skipped| agrees(&printed[skipped..], &expected[1..])),
        (Some(_), Some(found)) => is_line(found, &expected[0]) && agrees(&printed[1..], &expected[1..]),
        _ => false,
    }
}

/// Runs a document and gives what differs from it.
fn differences(document: &str, all: bool) -> Vec<String> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let text = fs::read_to_string(root.join(document)).unwrap_or_else(|e| panic!("{document}: {e}"));
    let folder = TempDir::new().unwrap();
    let results = folder.path().join("results");
    fs::create_dir(&results).unwrap();
    for entry in fs::read_dir(root.join("results")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, results.join(path.file_name().unwrap())).unwrap();
        }
    }
    let program = Path::new(env!("CARGO_BIN_EXE_overlaps")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut differences = Vec::new();
    for block in blocks(&text, all) {
        let examples = match block {
            Block::Examples(examples) => examples,
            Block::File(name, content) => {
                fs::write(folder.path().join(name), content).unwrap();
                continue;
            }
        };
        for example in examples {
            let command = format!("{{ {}\n}} 2>&1", example.command);
            let mut shell = Command::new("bash");
            shell.args(["-c", &command]).current_dir(folder.path()).env("PATH", &path);
            let printed = String::from_utf8_lossy(&shell.output().unwrap().stdout).to_string();
            let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
            if !agrees(&printed, &example.printed) {
                differences.push(format!(
                    "{document}:{}: $ {}\n{}",
                    example.line,
                    example.command,
                    printed.join("\n")
                ));
            }
        }
    }
    differences
}

/// The pages of the book, in its order; what it includes stands elsewhere.
fn pages() -> Vec<String> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let summary = fs::read_to_string(root.join("book/src/SUMMARY.md")).unwrap();
    let links =
        summary.lines().filter_map(|line| Some(line.split_once("](")?.1.strip_suffix(')')?.to_string()));
    links.map(|link| format!("book/src/{link}")).collect()
}

fn hold(documents: &[String], all: bool) {
    let wanted = std::env::var("OVERLAPS_DOCUMENT").unwrap_or_default();
    let documents = documents.iter().filter(|document| document.contains(&wanted));
    let differences: Vec<String> = documents.flat_map(|document| differences(document, all)).collect();
    assert!(differences.is_empty(), "the documents say otherwise:\n\n{}", differences.join("\n\n"));
}

#[test]
fn the_readme_and_the_page_on_equation_files_say_what_the_command_says() {
    hold(&["README.md".to_string(), "equations/README.md".to_string()], false);
}

#[test]
fn the_book_says_what_the_command_says() {
    hold(&pages(), false);
}

#[test]
#[ignore = "four minutes; tests/thorough"]
fn the_slow_examples_say_what_the_command_says() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut documents = [vec!["README.md".to_string(), "equations/README.md".to_string()], pages()].concat();
    documents.retain(|document| {
        fs::read_to_string(root.join(document)).is_ok_and(|text| text.contains("```console slow\n"))
    });
    assert!(!documents.is_empty(), "no document has slow examples");
    hold(&documents, true);
}

/// The anchor of a heading, as it is made from its words.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
        .collect::<String>();
    kept.replace(' ', "-")
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut documents = pages();
    documents.extend(
        ["README.md", "equations/README.md", "tests/README.md", "CONTRIBUTING.md", "book/src/SUMMARY.md"]
            .map(String::from),
    );
    let mut broken = Vec::new();
    for document in &documents {
        let text = fs::read_to_string(root.join(document)).unwrap();
        // Averages in code look like links: every second piece between marks of code is code.
        let prose: String = text.split("```").step_by(2).collect();
        let prose: String = prose.split('`').step_by(2).collect();
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.contains("://") {
                continue;
            }
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(document).parent().unwrap();
            let target = match path {
                "" => root.join(document),
                path => root.join(folder).join(path),
            };
            let here = || -> Option<bool> {
                let text = fs::read_to_string(&target).ok()?;
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                Some(
                    place.is_empty()
                        || headings.any(|line| anchor(line.trim_start_matches('#').trim()) == place),
                )
            };
            if !(target.is_dir() || here().unwrap_or(target.exists() && place.is_empty())) {
                broken.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn what_is_left_out_of_an_example_may_be_anything() {
    let expected = |text: &str| text.lines().map(String::from).collect::<Vec<_>>();
    assert!(agrees(&["a", "b", "c"], &expected("a\n…\nc")));
    assert!(agrees(&["a", "c"], &expected("a\n…\nc")));
    assert!(agrees(&["took 3 s", "n = 1000   c = 0"], &expected("took …\nn = 1000 … c = 0")));
    assert!(!agrees(&["a", "b"], &expected("a")));
    assert!(!agrees(&["a"], &expected("b")));
}
