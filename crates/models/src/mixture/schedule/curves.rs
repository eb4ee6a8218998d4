//! The features of your own CSV.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::feature::{Feature, FeatureError};
use super::source::Source;
use overlaps::experiment::Failure;
use overlaps::input::{TextLines, lines_in_words};
use overlaps::numeric::significant;
use overlaps::output::{Cell, Column, Table, csv::read_table};

/// A monotone curve that is further from the data than this share of its change says little about them.
const FAR: f64 = 0.25;

/// A curve before it is fitted.
struct Curve {
    file: usize,
    column: String,
    data: Vec<(f64, f64)>,
}

/// Which curves.
struct Files<'f> {
    curve: &'f [PathBuf],
    time: Option<&'f str>,
    features: &'f [String],
}

impl Source {
    /// The features of CSV files: their columns of numbers that change, or those of these names, against the first column or that of
    /// the time.
    ///
    /// # Errors
    /// Files that cannot be read, columns that are not there, curves without a window.
    pub fn of_files(curve: &[PathBuf], time: Option<&str>, features: &[String]) -> Result<Source, Failure> {
        Files { curve, time, features }.curves()
    }
}

impl Files<'_> {
    fn curves(&self) -> Result<Source, Failure> {
        let mut notes = Vec::new();
        let mut curves: Vec<Curve> = Vec::new();
        let mut found: Vec<&String> = Vec::new();
        let mut time = String::new();
        let mut columns: Vec<Column> = Vec::new();
        for (file, path) in self.curve.iter().enumerate() {
            let table = read(path)?;
            let time_column = self.time_column(&table, path)?;
            time = if file == 0 || time == table.columns[time_column].name {
                table.columns[time_column].name.clone()
            } else {
                "time".into()
            };
            let asked = !self.features.is_empty();
            for (index, column) in table.columns.iter().enumerate() {
                columns.push(column.clone());
                let wanted = match self.features.iter().find(|name| **name == column.name) {
                    Some(name) => {
                        found.push(name);
                        true
                    }
                    None => !asked && index != time_column,
                };
                if !wanted {
                    continue;
                }
                if let Some(row) = table.rows.iter().position(|row| is_word(&row[index])) {
                    // A column of words names things; a word among numbers is a mistake.
                    let numbers = table.rows.iter().any(|row| row[index].number().is_some());
                    if asked || numbers {
                        return Err(format!(
                            "{}: `{}` in line {} of column `{}` is not a number{}",
                            path.display(),
                            table.rows[row][index],
                            table.line(row),
                            column.name,
                            if asked { "" } else { "; choose other columns with --features" }
                        )
                        .into());
                    }
                    notes.push(format!("column `{}` has text and is no feature", column.name));
                    continue;
                }
                let (data, missing) = data(&table, time_column, index, path)?;
                if !missing.is_empty() && !data.is_empty() {
                    notes.push(format!(
                        "{} of {} rows have no time or no value of `{}` and are left out for it: {}",
                        missing.len(),
                        table.rows.len(),
                        column.name,
                        lines_in_words(&missing)
                    ));
                }
                curves.push(Curve { file, column: column.name.clone(), data });
            }
        }
        if let Some(missing) = self.features.iter().find(|name| !found.contains(name)) {
            Table::new(columns).place(missing)?;
        }
        self.fitted(curves, time, notes)
    }

    fn fitted(&self, curves: Vec<Curve>, time: String, mut notes: Vec<String>) -> Result<Source, Failure> {
        let (mut features, mut data, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        let twice = |column: &str| curves.iter().filter(|c| c.column == column).count() > 1;
        let names: Vec<String> = curves
            .iter()
            .map(|curve| match self.curve[curve.file].file_stem() {
                Some(stem) if twice(&curve.column) => format!("{}: {}", stem.to_string_lossy(), curve.column),
                _ => curve.column.clone(),
            })
            .collect();
        for (curve, name) in curves.iter().zip(names) {
            let feature = match Feature::fitted(&name, curve.data.clone()) {
                Ok(feature) => feature,
                // Nothing that was asked for.
                Err(FeatureError::Constant { .. } | FeatureError::TooFew { found: 0 })
                    if self.features.is_empty() && curves.len() > 1 =>
                {
                    notes.push(format!("column `{name}` does not change and is no feature"));
                    continue;
                }
                Err(reason) => {
                    let hint = if curves.len() > 1 { "; choose others with --features" } else { "" };
                    return Err(
                        format!("{}: `{name}` {reason}{hint}", self.curve[curve.file].display()).into()
                    );
                }
            };
            let change = feature.change().abs();
            let verb = if feature.change() > 0.0 { "rises" } else { "falls" };
            let distance = format!(
                "the nearest curve that {verb} throughout is up to {} from the data, {} % of its change",
                significant(feature.deviation, 3),
                significant(100.0 * feature.deviation / change, 2)
            );
            if feature.deviation > FAR * change {
                warnings.push(format!("{name} is far from monotone: {distance}; its window says little"));
            } else if feature.deviation > 0.0 {
                notes.push(format!("{name} {verb}; {distance}"));
            }
            features.push(feature);
            data.push(curve.data.clone());
        }
        if features.is_empty() {
            return Err("there is no feature: no column beside the time has numbers that change".into());
        }
        let files: Vec<String> = self.curve.iter().map(|path| path.display().to_string()).collect();
        Ok(Source {
            features,
            data,
            time: time.clone(),
            system: "curves",
            scale: None,
            parameters: Default::default(),
            extra: [("curves".to_string(), json!(files)), ("time".to_string(), json!(time))].into(),
            notes,
            warnings,
        })
    }

    fn time_column(&self, table: &Table, path: &Path) -> Result<usize, Failure> {
        let Some(name) = &self.time else { return Ok(0) };
        Ok(table.place(name).map_err(|reason| format!("{}: {reason}", path.display()))?)
    }
}

fn read(path: &Path) -> Result<Table, Failure> {
    let unread = |reason: std::io::Error| format!("cannot read {}: {reason}", path.display());
    let file = File::open(path).map_err(unread)?;
    let mut bytes = Vec::new();
    TextLines::new(file).read_to_end(&mut bytes).map_err(unread)?;
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    let is_number = |name: &&str| name.trim().parse::<f64>().is_ok_and(f64::is_finite);
    if let Some(number) = header.split(',').find(is_number) {
        return Err(format!(
            "{}: the first line of a CSV names its columns, and `{}` is a number; add a header",
            path.display(),
            number.trim()
        )
        .into());
    }
    let table =
        read_table(&bytes[..]).map_err(|reason| format!("cannot read {}: {reason}", path.display()))?;
    if table.columns.len() < 2 {
        return Err(format!("{}: a curve needs two columns, a time and a feature", path.display()).into());
    }
    // Tables of samples hold rows of theory too, which are no data.
    let mut table = table;
    if let Some(source) = table.column("source") {
        let samples = Cell::from("samples");
        if table.rows.iter().any(|row| row[source] == samples) {
            table.keep_rows(|row| row[source] == samples);
        }
    }
    if table.rows.is_empty() {
        return Err(format!("{}: there is nothing below its header", path.display()).into());
    }
    Ok(table)
}

/// Times and values.
type Places = Vec<(f64, f64)>;

/// The pairs of time and value where there are both, and the lines that lack one.
fn data(table: &Table, time: usize, value: usize, path: &Path) -> Result<(Places, Vec<usize>), Failure> {
    let (mut data, mut missing) = (Vec::new(), Vec::new());
    for (index, row) in table.rows.iter().enumerate() {
        if is_word(&row[time]) {
            return Err(format!(
                "{}: `{}` in line {} of the time `{}` is not a number; --time names another column",
                path.display(),
                row[time],
                table.line(index),
                table.columns[time].name
            )
            .into());
        }
        match (row[time].number(), row[value].number()) {
            (Some(time), Some(value)) if !time.is_nan() && !value.is_nan() => data.push((time, value)),
            _ => missing.push(table.line(index)),
        }
    }
    Ok((data, missing))
}

/// Whether a cell is neither a number nor a missing one.
fn is_word(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(_)) && !cell.is_missing()
}
