//! A side file, read back: the parts that every command writes, and the rest as it is.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::attachment::{LARGEST_TEXT, size};
use super::verdict::Verdicts;
use overlaps::output::Column;

/// What a side file says. A part that is missing is empty; one that is not of its kind stays in `rest`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Side {
    /// The program and its version.
    pub program: String,
    /// The command line, argument by argument.
    pub command: Vec<String>,
    /// The system of equations.
    pub system: String,
    /// Parameters and their values.
    pub parameters: Map<String, Value>,
    /// Swept parameters and what they run over.
    pub sweeps: Map<String, Value>,
    /// The columns of the table.
    pub columns: Vec<Column>,
    /// Changes and ends of branches.
    pub events: Vec<Value>,
    /// Everything else.
    pub rest: Map<String, Value>,
}

/// Whether a file is JSON that a command of this program has left beside a result.
pub fn is_side_file(path: &Path) -> bool {
    matches!(read_json(path), Ok(Value::Object(map)) if map.contains_key("program") && map.contains_key("command"))
}

fn read_json(path: &Path) -> Result<Value, String> {
    let bytes = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if bytes > LARGEST_TEXT {
        return Err(format!("it is too large for a page ({}, at most {})", size(bytes), size(LARGEST_TEXT)));
    }
    let file = File::open(path).map_err(|e| e.to_string())?;
    serde_json::from_reader(BufReader::new(file)).map_err(|e| format!("it is not JSON ({e})"))
}

impl Side {
    /// Reads a side file.
    ///
    /// # Errors
    /// A file that cannot be read, that is not JSON, or no object.
    pub fn read(path: &Path) -> Result<Side, String> {
        match read_json(path)? {
            Value::Object(map) => Ok(Side::of(map)),
            _ => Err(
                "it is JSON, but not a side file, which is an object with the keys command, parameters, …"
                    .into(),
            ),
        }
    }

    fn of(mut rest: Map<String, Value>) -> Side {
        let (program, version): (String, String) = (take(&mut rest, "program"), take(&mut rest, "version"));
        Side {
            program: [program, version].join(" ").trim().to_owned(),
            command: take(&mut rest, "command"),
            system: take(&mut rest, "system"),
            parameters: take(&mut rest, "parameters"),
            sweeps: take(&mut rest, "sweeps"),
            columns: take(&mut rest, "columns"),
            events: take(&mut rest, "events"),
            rest,
        }
    }

    /// The command as it is typed into a shell.
    pub fn command_line(&self) -> Option<String> {
        let words = self.command.iter().map(|word| quoted(word));
        (!self.command.is_empty()).then(|| words.collect::<Vec<_>>().join(" "))
    }

    /// What a parameter is, or runs over.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let value = self.sweeps.get(name).or_else(|| self.parameters.get(name))?;
        Some(match value {
            Value::String(text) => without_name(name, text.clone()),
            other => other.to_string(),
        })
    }

    /// The verdicts in it, wherever they stand.
    pub fn verdicts(&self) -> Verdicts {
        let mut verdicts = Verdicts::default();
        self.rest.values().for_each(|value| collect(value, &mut verdicts));
        verdicts
    }
}

/// A word of a command line as a shell takes it: what needs no quotes has none, so that `n=8` stays readable.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    // Some shells read `=word` as the path of a command.
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) {
        return word.to_owned();
    }
    // No shell takes a zero byte.
    shlex::try_quote(&word.replace('\0', "")).map_or_else(|_| String::new(), |quoted| quoted.into_owned())
}

/// What a parameter runs over, without `name=` in front.
pub fn without_name(name: &str, text: String) -> String {
    match text.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
        Some(range) => range.to_owned(),
        None => text,
    }
}

/// Takes a key out of a map if its value is of the kind that it should be.
fn take<T: DeserializeOwned + Default>(map: &mut Map<String, Value>, key: &str) -> T {
    let value = map.get(key).cloned().unwrap_or_default();
    match serde_json::from_value(value) {
        Ok(value) => {
            map.shift_remove(key);
            value
        }
        Err(_) => T::default(),
    }
}

fn collect(value: &Value, verdicts: &mut Verdicts) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, verdicts)),
        Value::Object(map) => {
            if let Some(Value::String(word)) = map.get("verdict") {
                let subject = ["theory", "statement", "text"].iter().find_map(|key| map.get(*key)?.as_str());
                verdicts.add(word, subject.unwrap_or_default());
            }
            map.values().for_each(|value| collect(value, verdicts));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn side(value: Value) -> Side {
        Side::of(value.as_object().unwrap().clone())
    }

    #[test]
    fn the_command_can_be_pasted_into_a_shell() {
        let arguments = [
            "overlaps",
            "solve",
            "my system.toml",
            "--set",
            "n=8",
            "--sweep",
            "d=log:1e2:1e10:9",
            "it's",
            "",
        ];
        let line = side(json!({ "command": arguments })).command_line().unwrap();
        assert_eq!(shlex::split(&line).unwrap(), arguments);
        assert!(
            line.starts_with("overlaps solve 'my system.toml' --set n=8 --sweep d=log:1e2:1e10:9 "),
            "{line}"
        );
    }

    #[test]
    fn a_part_of_another_kind_is_kept_as_it_is() {
        let side =
            side(json!({ "system": 7, "parameters": { "n": 128 }, "columns": [{ "name": "t" }], "seed": 1 }));
        assert_eq!((side.system.as_str(), side.columns.len()), ("", 0));
        assert_eq!(side.parameters["n"], 128);
        assert_eq!(side.rest.keys().collect::<Vec<_>>(), ["system", "columns", "seed"]);
    }

    #[test]
    fn verdicts_are_found_wherever_they_stand() {
        let side = side(json!({
            "verdicts": [{ "theory": "finite-d", "verdict": "agrees" }, { "theory": "limit", "verdict": "disagrees" }],
            "comparison": { "verdict": "agrees", "rows": [{ "status": "consistent" }] },
        }));
        let said: Vec<(String, usize)> = side.verdicts().0.into_iter().map(|s| (s.word, s.count)).collect();
        assert_eq!(said, [("agrees".into(), 2), ("disagrees".into(), 1)]);
    }
}
