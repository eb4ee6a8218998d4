//! Small inputs of each kind that used to go wrong, run through the command.
//!
//! `tests/cases/*.toml` holds the cases, one kind a file; `tests/cases/files/` the equation files that are shared.
//! Each case says what is run and what is right: rows (the first column of the table finds them, the others must
//! agree), events of the side file, words of the messages, the exit code; and where its numbers come from. See
//! `tests/cases/README.md`.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use support::run_in;

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    #[serde(rename = "case")]
    cases: Vec<Case>,
}

/// What is run, and what is right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// A file of `tests/cases/files`, or the equations themselves.
    file: Option<String>,
    system: Option<String>,
    /// Each case is run once for every value of `$each` in its text.
    #[serde(default)]
    each: Vec<toml::Value>,
    #[serde(default = "solve")]
    run: String,
    #[serde(default)]
    with: Vec<String>,
    /// Where the numbers come from.
    #[allow(dead_code)]
    from: String,
    /// −1: either 0 or 3, the message counts.
    #[serde(default)]
    exit: i32,
    #[serde(default = "relative")]
    relative: f64,
    #[serde(default = "absolute")]
    absolute: f64,
    /// Rows that must be there, found by the columns `by` (the first of the table if it is not given).
    #[serde(default)]
    rows: Vec<toml::Table>,
    #[serde(default)]
    by: Vec<String>,
    /// Whether the table may have further rows at the same place.
    #[serde(default)]
    others: bool,
    /// Intervals that no number of a column leaves.
    #[serde(default)]
    within: BTreeMap<String, [f64; 2]>,
    /// Events of the side file: their kind, and other keys, numbers to 1e-10.
    #[serde(default)]
    events: Vec<toml::Table>,
    /// Kinds of event that must not be there.
    #[serde(default)]
    no_events: Vec<String>,
    /// What the messages say: alternatives are separated by |.
    #[serde(default)]
    says: Vec<String>,
    /// What they do not say.
    #[serde(default)]
    never_says: Vec<String>,
    /// Every status of the table.
    status: Option<String>,
}

fn solve() -> String {
    "solve".into()
}

fn relative() -> f64 {
    1e-9
}

fn absolute() -> f64 {
    1e-12
}

/// A row as column → text, in the order of the table.
type Row = [(String, String)];
type Rows = Vec<Vec<(String, String)>>;

fn cell<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.iter().find(|(name, _)| name == column).map(|(_, text)| text.as_str())
}

fn number(value: &toml::Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|i| i as f64))
}

impl Case {
    /// Whether a cell holds what is right.
    fn agrees(&self, text: &str, right: &toml::Value) -> bool {
        match (number(right), right.as_str()) {
            (Some(right), _) => text.parse::<f64>().is_ok_and(|found| {
                found == right || (found - right).abs() <= self.relative * right.abs() + self.absolute
            }),
            (None, Some(word)) => word == text,
            _ => false,
        }
    }

    /// Runs the case and returns all that is wrong.
    fn faults(&self) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let files = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/cases/files");
        let system = match (&self.file, &self.system) {
            (Some(file), None) => files.join(file).display().to_string(),
            (None, Some(text)) => {
                std::fs::write(folder.path().join("case.toml"), text).unwrap();
                "case.toml".to_string()
            }
            _ => panic!("{}: either a file or a system", self.name),
        };
        let mut arguments = vec![self.run.as_str(), &system];
        arguments.extend(self.with.iter().map(String::as_str));
        arguments.extend(["--output", "rows.csv"]);
        let output = run_in(folder.path(), &arguments);
        let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
        let mut faults = Vec::new();
        let any = self.exit == -1 && matches!(output.status.code(), Some(0 | 3));
        if !any && output.status.code() != Some(self.exit) {
            faults.push(format!("exit code {:?}, not {}", output.status.code(), self.exit));
        }
        let rows = read(&folder.path().join("rows.csv"));
        self.compare_rows(&rows, &mut faults);
        self.compare_events(&folder.path().join("rows.json"), &mut faults);
        for words in &self.says {
            if !words.split('|').any(|one| said.contains(one)) {
                faults.push(format!("does not say `{words}`"));
            }
        }
        for words in &self.never_says {
            if said.contains(words.as_str()) {
                faults.push(format!("says `{words}`"));
            }
        }
        if !faults.is_empty() {
            faults.push(format!("arguments {arguments:?}\n{}", said.trim_end()));
        }
        faults
    }

    fn compare_rows(&self, rows: &Rows, faults: &mut Vec<String>) {
        let first = rows.first().map(|row| row[0].0.clone()).unwrap_or_default();
        let by = if self.by.is_empty() { vec![first] } else { self.by.clone() };
        let place = |right: &toml::Table| -> Vec<usize> {
            let here = |row: &Vec<(String, String)>| {
                let same = |key: &String| match (cell(row, key), right.get(key)) {
                    (Some(text), Some(value)) => match number(value) {
                        Some(value) => {
                            text.parse::<f64>().is_ok_and(|x| (x - value).abs() <= 1e-12 * value.abs())
                        }
                        None => value.as_str() == Some(text),
                    },
                    _ => false,
                };
                by.iter().all(same)
            };
            (0..rows.len()).filter(|i| here(&rows[*i])).collect()
        };
        for right in &self.rows {
            let there = place(right);
            let matches = |i: &usize| {
                right
                    .iter()
                    .all(|(column, value)| cell(&rows[*i], column).is_some_and(|t| self.agrees(t, value)))
            };
            if !there.iter().any(matches) {
                let found: Vec<String> = there.iter().map(|i| brief(&rows[*i], right)).collect();
                faults.push(format!("no row {right} but {found:?}"));
            }
            let expected = self.rows.iter().filter(|other| place(other) == there).count();
            if !self.others
                && there.len() != expected
                && self.rows.iter().find(|r| place(r) == there) == Some(right)
            {
                let found: Vec<String> = there.iter().map(|i| brief(&rows[*i], right)).collect();
                faults.push(format!("{} rows in place of {expected}: {found:?}", there.len()));
            }
        }
        let mut stray = |what: &str, rows: Vec<String>| {
            if let Some(first) = rows.first() {
                faults.push(format!("{what} in {} rows, first {first}", rows.len()));
            }
        };
        for (column, [from, to]) in &self.within {
            let x = |row: &Row| cell(row, column).and_then(|text| text.parse::<f64>().ok());
            let outside = rows.iter().filter(|row| x(row).is_some_and(|x| !(*from <= x && x <= *to)));
            let outside = outside.map(|row| format!("{:?} at {:?}", x(row), row[0])).collect();
            stray(&format!("{column} outside [{from}, {to}]"), outside);
        }
        if let Some(status) = &self.status {
            let others = rows.iter().filter(|row| cell(row, "status") != Some(status));
            stray(&format!("not {status}"), others.map(|row| format!("{row:?}")).collect());
        }
        if rows.is_empty() && self.status.is_some() {
            faults.push("no rows".into());
        }
    }

    fn compare_events(&self, side: &Path, faults: &mut Vec<String>) {
        let text = std::fs::read_to_string(side).unwrap_or_default();
        let side: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let events: Vec<&serde_json::Value> = side["events"].as_array().into_iter().flatten().collect();
        for right in &self.events {
            let is = |event: &&&serde_json::Value| {
                let error = event["error"].as_f64().unwrap_or(0.0).max(1e-10);
                right.iter().all(|(key, value)| match (number(value), value.as_str()) {
                    (Some(x), _) => {
                        event[key].as_f64().is_some_and(|found| (found - x).abs() <= error * x.abs().max(1.0))
                    }
                    (None, word) => event[key].as_str() == word,
                })
            };
            if !events.iter().any(|event| is(&event)) {
                let all: Vec<String> = events.iter().map(|event| event.to_string()).collect();
                faults.push(format!("no event {right} among {all:?}"));
            }
        }
        for kind in &self.no_events {
            if let Some(event) = events.iter().find(|event| event["event"] == kind.as_str()) {
                faults.push(format!("event {event}"));
            }
        }
    }
}

/// The columns of a row that matter.
fn brief(row: &Row, right: &toml::Table) -> String {
    let wanted =
        row.iter().filter(|(name, _)| name == "status" || name == "branch" || right.contains_key(name));
    wanted.map(|(name, text)| format!("{name} = {text}")).collect::<Vec<_>>().join(", ")
}

fn read(path: &Path) -> Rows {
    let Ok(mut reader) = csv::Reader::from_path(path) else { return Vec::new() };
    let headers = reader.headers().unwrap().clone();
    let cells = |record: csv::StringRecord| -> Vec<(String, String)> {
        headers.iter().zip(record.iter()).map(|(a, b)| (a.to_string(), b.to_string())).collect()
    };
    reader.records().map(|record| cells(record.unwrap())).collect()
}

/// Runs all cases of a kind; those whose text holds `$each` once for every value of `each`.
fn run(kind: &str) {
    let path = format!("{}/tests/cases/{kind}.toml", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let text = std::fs::read_to_string(&path).unwrap();
    let kind: Kind = toml::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
    let wanted = std::env::var("OVERLAPS_CASE").unwrap_or_default();
    let (mut wrong, mut all) = (Vec::new(), 0);
    for case in kind.cases.iter().filter(|case| case.name.contains(&wanted)) {
        let once = [toml::Value::Integer(0)];
        for value in if case.each.is_empty() { &once } else { case.each.as_slice() } {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
            let put = |text: &String| text.replace("$each", &value);
            let case = Case {
                name: if case.each.is_empty() {
                    case.name.clone()
                } else {
                    format!("{} ({value})", case.name)
                },
                file: case.file.clone(),
                system: case.system.as_ref().map(put),
                each: Vec::new(),
                with: case.with.iter().map(put).collect(),
                run: case.run.clone(),
                from: case.from.clone(),
                rows: case.rows.clone(),
                by: case.by.clone(),
                within: case.within.clone(),
                events: case.events.clone(),
                no_events: case.no_events.clone(),
                says: case.says.clone(),
                never_says: case.never_says.clone(),
                status: case.status.clone(),
                ..*case
            };
            all += 1;
            let faults = case.faults();
            if !faults.is_empty() {
                wrong.push(format!("{}:\n  {}", case.name, faults.join("\n  ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {all} cases:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! kinds {
    ($($name:ident = $file:literal;)*) => { $( #[test] fn $name() { run($file); } )* };
}

kinds! {
    no_branch_is_lost_where_branches_meet = "branches-that-meet";
    range_is_a_constraint = "ranges";
    poles_and_jumps_are_not_roots = "poles-and-jumps";
    averages_are_within_their_error = "averages";
    an_energy_of_zero_is_an_energy = "energies";
    residuals_are_judged_by_their_terms = "scales";
    a_residual_that_nearly_vanishes_is_no_root = "near-roots";
    what_is_not_isolated_or_not_unique_is_said = "non-isolated";
}
