//! Measurements of your own, and parameters that they do not have.

use std::path::Path;

use serde_json::Value as Json;

use super::Check;
use crate::compare::Measurements;
use crate::diagnostic::short;
use crate::experiment::Failure;
use crate::input::{LARGEST_TEXT, lines_in_words, text_of_file};
use crate::model::Description;
use crate::output::csv::read_indexed;
use crate::study::Assignment;
use crate::value::{Given, Value};

/// Measurements of a file.
#[derive(Debug)]
pub struct Read {
    /// What was measured.
    pub measurements: Measurements,
    /// Values for parameters that it does not have.
    pub given: Given,
    /// What is left out, and what is taken by default.
    pub notes: Vec<String>,
}

impl Check {
    /// Reads measurements; `given` is what is known besides, and has to fit them.
    ///
    /// # Errors
    /// A file that is no table of measurements, contradictions, nothing in the range of the theory.
    pub fn read(&self, path: &Path, given: Given, model: &Description) -> Result<Read, Failure> {
        let place = path.display().to_string();
        let unread = |reason: &dyn std::fmt::Display| format!("cannot read '{place}': {reason}");
        let file = std::fs::File::open(path).map_err(|reason| unread(&reason))?;
        let (table, has_index) = read_indexed(file).map_err(|reason| unread(&reason))?;
        let mut measurements = Measurements::from_table(&table, &self.theories, model, &self.naming, &place)?;
        measurements.check_given(&given, &place)?;
        let (theory, control) = (self.theories[0].name(), &self.theories[0].control);
        if let Some((_, t)) = given.iter().find(|(name, _)| *name == control.name) {
            measurements.rows.retain(|row| Value::Number(row.control) == *t);
            if measurements.rows.is_empty() {
                return Err(format!("{place} has no rows at {} = {t}", control.name).into());
            }
        }
        let besides = |name: &String| *name != control.name && !measurements.parameters.contains(name);
        let given: Given = given.into_iter().filter(|(name, _)| besides(name)).collect();
        let mut notes: Vec<String> = self.by_default(&measurements, &given, &place).into_iter().collect();
        if has_index {
            notes.push(format!(
                "the first column of {place} has no name and whole numbers: an index, passed over"
            ));
        }
        if !measurements.ignored.is_empty() {
            let ignored = measurements.ignored.join(", ");
            notes.push(format!(
                "columns of {place} that are no parameters or overlaps are passed over: {}",
                short(&ignored)
            ));
        }
        let within = |t: f64| (control.from..=control.to).contains(&t);
        let outside = measurements.rows.iter().filter(|row| !within(row.control)).count();
        let range = format!("the range of {theory}, {} ≤ {} ≤ {}", control.from, control.name, control.to);
        if outside == measurements.rows.len() {
            return Err(format!("no row of {place} lies in {range}").into());
        }
        if outside > 0 {
            notes.push(format!("{outside} rows of {place} lie outside {range}"));
        }
        if let Some(lines) = missing_lines(&measurements) {
            notes.push(format!("what {place} has no value of is left out there: {lines}"));
        }
        if measurements.left_out > 0 {
            notes.push(format!("{} rows that did not converge are left out", measurements.left_out));
        }
        Ok(Read { measurements, given, notes })
    }

    /// Which parameters of the system stand neither in the file nor among what is given, and take their defaults.
    fn by_default(&self, measurements: &Measurements, given: &Given, place: &str) -> Option<String> {
        let known = |name: &str| {
            name == self.naming.size
                || measurements.parameters.iter().any(|p| p == name)
                || given.iter().any(|(g, _)| g == name)
        };
        let mut words: Vec<String> = Vec::new();
        for system in self.theories[0].pieces.iter().map(|piece| &piece.system) {
            for parameter in system.parameters.iter().filter(|p| !known(&p.name)) {
                let word = format!("{} = {}", parameter.name, parameter.default_text);
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        let words = (!words.is_empty()).then(|| words.join(", "));
        words.map(|words| format!("not in {place}, so by default: {words}; --set NAME=VALUE says otherwise"))
    }

    /// Parameters of a file and those that are set, by the names of the theories.
    ///
    /// # Errors
    /// Unknown names, words for numbers, contradictions.
    pub fn given(
        &self,
        file: Option<&Path>,
        set: &[Assignment],
        model: &Description,
    ) -> Result<Given, Failure> {
        let mut given = match file {
            Some(path) => parameters_of_file(path, self, model)?,
            None => Vec::new(),
        };
        for set in set {
            let (meant, value) = (self.meant(&set.name, model)?, &set.value);
            meant.check(value)?;
            let name = meant.name;
            match given.iter().find(|(known, _)| *known == name) {
                Some((_, other)) if other != value => {
                    return Err(format!(
                        "{name} = {value} was given with --set, but the file of --parameters has {name} = {other}; leave out one of them"
                    )
                    .into());
                }
                Some(_) => {}
                None => given.push((name, value.clone())),
            }
        }
        Ok(given)
    }
}

/// Which overlaps are missing in which lines; nothing of what is missing throughout.
fn missing_lines(measurements: &Measurements) -> Option<String> {
    let columns: Vec<String> = measurements
        .overlaps
        .iter()
        .filter_map(|name| {
            let of_column = measurements.missing.iter().filter(|(_, column)| column == name);
            let lines: Vec<usize> = of_column.map(|(line, _)| *line).collect();
            let some = !lines.is_empty() && lines.len() < measurements.rows.len();
            some.then(|| format!("{name} in {}", lines_in_words(&lines)))
        })
        .collect();
    (!columns.is_empty()).then(|| columns.join("; "))
}

/// The parameters of a side file (its object `parameters`), or of an object of numbers and words.
fn parameters_of_file(path: &Path, check: &Check, model: &Description) -> Result<Given, Failure> {
    let place = path.display();
    let text =
        text_of_file(path, LARGEST_TEXT).map_err(|reason| format!("cannot read '{place}': {reason}"))?;
    let content: Json =
        serde_json::from_str(&text).map_err(|reason| format!("'{place}' is not JSON: {reason}"))?;
    let object = content.get("parameters").unwrap_or(&content).as_object();
    let Some(object) = object else {
        return Err(format!("'{place}' holds no parameters; it is to be a side file, or an object like {{\"n\": 8, \"p\": 0.75}}").into());
    };
    let mut parameters = Vec::new();
    for (name, value) in object {
        let meant = check.meant(name, model)?;
        let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let given = match (number.filter(|x| !x.is_nan()), value.as_str()) {
            (Some(number), _) => Value::Number(number),
            (None, Some(word)) => Value::from(word),
            _ => return Err(format!("'{place}': {name} = {value} is not a number").into()),
        };
        meant.check(&given).map_err(|reason| format!("'{place}': {reason}"))?;
        parameters.push((meant.name, given));
    }
    Ok(parameters)
}
