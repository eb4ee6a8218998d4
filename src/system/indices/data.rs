//! Columns of CSV files that stand beside an equation file: spectra, tables of parameters.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Source;
use crate::input::{LARGEST_TEXT, text_of_file};
use crate::language::{EquationError, Problem};
use crate::name::did_you_mean;
use crate::system::schema::{At, File, Listed, NumberOrText, Str, Variable};
use crate::value::number;

/// Reads the values and weights of variables that are columns of files. Weights are relative: they are divided by their sum.
///
/// # Errors
/// Files and columns that are not there, cells that are no numbers, negative weights.
pub fn read_variables(
    file: &mut File,
    source: &Arc<Source>,
    folder: Option<&Path>,
    data: &mut Vec<Arc<Source>>,
) -> Result<(), EquationError> {
    for (name, variable) in &mut file.variables {
        let span = variable.span();
        let structure =
            |message: String| EquationError::at(source.place(span.clone()), Problem::Structure(message));
        let Variable::Table(table) = variable.get_mut() else { continue };
        let columns = [("values", &table.values), ("weights", &table.weights)];
        let Some(path) = table.file.take() else {
            if let Some((key, _)) = columns.iter().find(|(_, l)| matches!(l, Some(Listed::Column(_)))) {
                let message = format!(
                    "`{key}` of `{}` is a list, or the name of a column of a file = \"….csv\"",
                    name.get_ref()
                );
                return Err(structure(message));
            }
            continue;
        };
        if let Some((key, _)) = columns.iter().find(|(_, l)| matches!(l, Some(Listed::List(_)))) {
            let message = format!("with a file, `{key}` of `{}` is the name of a column", name.get_ref());
            return Err(structure(message));
        }
        let Some(Listed::Column(values)) = &table.values else {
            let message =
                format!("`{}` needs values = \"…\", the name of a column of its file", name.get_ref());
            return Err(structure(message));
        };
        let table_of_file = Data::read(&path, source, folder, data)?;
        let column = |column: &Str| table_of_file.column(column.get_ref()).map_err(structure);
        let values = column(values)?;
        let weights = match &table.weights {
            Some(Listed::Column(weights)) => column(weights)?,
            _ => vec![1.0; values.len()],
        };
        if let Some(row) = weights.iter().position(|w| !(*w >= 0.0 && w.is_finite())) {
            let message = format!(
                "weight {} of `{}` is {}; a weight is at least 0",
                row + 1,
                name.get_ref(),
                weights[row]
            );
            return Err(structure(message));
        }
        let weights = relative(&weights);
        let numbers = |list: Vec<f64>| {
            let at = |x: f64| At::new(span.clone(), NumberOrText::Number(x));
            Some(Listed::List(list.into_iter().map(at).collect()))
        };
        (table.values, table.weights) = (numbers(values), numbers(weights));
    }
    Ok(())
}

/// Weights that sum to 1, to rounding.
fn relative(weights: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut lost = 0.0;
    for weight in weights {
        let next: f64 = sum + (weight - lost);
        lost = (next - sum) - (weight - lost);
        sum = next;
    }
    weights.iter().map(|weight| weight / sum).collect()
}

/// A CSV file.
pub struct Data {
    path: PathBuf,
    header: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

impl Data {
    /// Reads a file that is named in an equation file, relative to the folder of that.
    ///
    /// # Errors
    /// What cannot be read, or is no table.
    pub fn read(
        path: &Str,
        source: &Arc<Source>,
        folder: Option<&Path>,
        data: &mut Vec<Arc<Source>>,
    ) -> Result<Data, EquationError> {
        let at = |problem| EquationError::at(source.place(path.span()), problem);
        let path = folder.unwrap_or(Path::new("")).join(path.get_ref());
        let unreadable = |reason: String| {
            at(Problem::Unreadable {
                path: path.clone(),
                reason: format!("{reason}; a CSV file with one header line is needed"),
            })
        };
        let text = text_of_file(&path, LARGEST_TEXT).map_err(|error| unreadable(error.to_string()))?;
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| unreadable(error.to_string()))?;
        let header = header.iter().map(str::to_string).collect();
        let rows =
            reader.records().collect::<Result<Vec<_>, _>>().map_err(|error| unreadable(error.to_string()))?;
        if rows.is_empty() {
            return Err(unreadable("it has no rows".into()));
        }
        data.push(Arc::new(Source { name: path.display().to_string(), text }));
        Ok(Data { path, header, rows })
    }

    /// A column of numbers.
    ///
    /// # Errors
    /// A name that it does not have, a cell that is no number, in words.
    pub fn column(&self, name: &str) -> Result<Vec<f64>, String> {
        let Some(place) = self.header.iter().position(|own| own == name) else {
            let own = || self.header.iter().map(String::as_str);
            return Err(format!(
                "{} has no column `{name}`{}; it has {}",
                self.path.display(),
                did_you_mean(name, own()),
                self.header.join(", ")
            ));
        };
        let cell = |row: &csv::StringRecord| {
            let cell = row.get(place).unwrap_or_default();
            let finite = number(cell).ok().filter(|x| x.is_finite());
            finite.ok_or_else(|| {
                let line = row.position().map_or(0, csv::Position::line);
                format!(
                    "{}, line {line}: `{cell}` in the column `{name}` is no finite number",
                    self.path.display()
                )
            })
        };
        self.rows.iter().map(cell).collect()
    }
}
