//! The table: what every command produces, and every output format starts from.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::csv::write_table;
use super::error::OutputError;
use super::files::write_atomically;
use crate::name::{ascii_name, did_you_mean, symbol_of};
use crate::value::Value;

/// What stands in a column of numbers in place of a missing one, beside NaN (R, pandas, spreadsheets, SQL, people).
const NO_VALUE: [&str; 14] =
    ["NA", "N/A", "#N/A", "<NA>", "#VALUE!", "NULL", "None", "missing", "-", "--", "–", "—", ".", "?"];

/// One entry of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// No value: the row did not converge, or the column does not apply to it.
    #[default]
    Missing,
    /// A real number, possibly infinite.
    Number(f64),
    /// A count.
    Integer(u64),
    /// A word: a branch, a piece, a status.
    Text(String),
}

impl Cell {
    /// The value as a real number; nothing for text and for a missing value.
    pub fn number(&self) -> Option<f64> {
        match self {
            Cell::Number(value) => Some(*value),
            // Counts in tables (samples, iterations, dimensions) lie far below 2⁵³.
            Cell::Integer(value) => Some(*value as f64),
            Cell::Missing | Cell::Text(_) => None,
        }
    }

    /// Whether it stands for no value where numbers are expected: empty, NaN, or what programs and people write there.
    pub fn is_missing(&self) -> bool {
        match self {
            Cell::Missing => true,
            Cell::Number(value) => value.is_nan(),
            Cell::Integer(_) => false,
            Cell::Text(text) => NO_VALUE.iter().any(|word| text.eq_ignore_ascii_case(word)),
        }
    }

    /// Whether it is this status.
    pub fn is(&self, status: Status) -> bool {
        matches!(self, Cell::Text(text) if text == status.name())
    }

    /// A value, which may be a count.
    pub fn of(value: &Value, is_count: bool) -> Cell {
        match value.number() {
            Some(number) if is_count && (0.0..=9e15).contains(&number) => Cell::Integer(number as u64),
            _ => Cell::from(value),
        }
    }

    /// What a field of a CSV says: a number if it is one, nothing if it is empty, else a word.
    pub fn read(field: &str) -> Cell {
        match field.parse::<f64>() {
            _ if field.is_empty() => Cell::Missing,
            Ok(number) => Cell::Number(number),
            Err(_) => Cell::Text(field.to_owned()),
        }
    }
}

/// The whole value, as it stands in messages.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Missing => Ok(()),
            Cell::Number(value) => value.fmt(f),
            Cell::Integer(value) => value.fmt(f),
            Cell::Text(text) => text.fmt(f),
        }
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Cell::Number(value)
    }
}

impl From<&Value> for Cell {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => Cell::Number(*number),
            Value::Word(_) | Value::List(_) => Cell::Text(value.to_string()),
        }
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Cell::Integer(value)
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Cell::Integer(value as u64)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Cell::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Cell::Text(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Missing, Into::into)
    }
}

/// Whether a row is what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It meets its certificate.
    Converged,
    /// It does not; its outputs are left empty.
    NotConverged,
    /// A trained network: its epochs are done, and how far it is from a minimum is told by its gradient.
    Trained,
}

impl Status {
    /// What a column of simulations may hold.
    pub const MEANING: &'static str = "converged, not-converged, or trained";

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Status::Converged => "converged",
            Status::NotConverged => "not-converged",
            Status::Trained => "trained",
        }
    }

    /// That of a row which meets its certificate or not.
    pub fn of(converged: bool) -> Status {
        if converged { Status::Converged } else { Status::NotConverged }
    }
}

impl From<Status> for Cell {
    fn from(status: Status) -> Self {
        Cell::Text(status.name().to_owned())
    }
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The control parameter, along which solutions are followed.
    Control,
    /// A parameter that is swept or shown.
    Parameter,
    /// A word that tells rows apart: piece, branch.
    Label,
    /// A computed quantity.
    Output,
    /// Evidence for the row: energy, residual, quadrature error, curvature, status.
    Certificate,
}

/// The heading of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name in files, plain ASCII: `q_eta_plus`.
    pub name: String,
    /// The name in figures: `q_η₊`.
    pub symbol: String,
    /// What the column holds, in words.
    pub meaning: String,
    /// What the column is for.
    pub role: Role,
}

impl Column {
    /// A column whose symbol follows from its name (see [`symbol_of`]).
    pub fn new(name: impl Into<String>, meaning: impl Into<String>, role: Role) -> Self {
        let name = name.into();
        Column { symbol: symbol_of(&name), name, meaning: meaning.into(), role }
    }
}

/// Named columns and the rows under them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The headings, in order.
    pub columns: Vec<Column>,
    /// The rows, in order; each has one cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// The lines of the file that the rows were read from; empty for a table that was made here.
    lines: Vec<usize>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: Vec<Column>) -> Self {
        Table { columns, rows: Vec::new(), lines: Vec::new() }
    }

    /// The line of a row in the file (blank lines before a row count to it): with the header as line 1, unless the file that was read has other lines between.
    pub fn line(&self, row: usize) -> usize {
        self.lines.get(row).copied().unwrap_or(row + 2)
    }

    /// Adds a row that was read from a line of a file.
    pub fn push_line(&mut self, row: Vec<Cell>, line: usize) -> Result<(), OutputError> {
        self.push(row)?;
        self.lines.push(line);
        Ok(())
    }

    /// Keeps the rows that are wanted.
    pub fn keep_rows(&mut self, wanted: impl Fn(&[Cell]) -> bool) {
        let kept: Vec<bool> = self.rows.iter().map(|row| wanted(row)).collect();
        let (mut of_rows, mut of_lines) = (kept.iter(), kept.iter());
        self.rows.retain(|_| of_rows.next().is_some_and(|keep| *keep));
        self.lines.retain(|_| of_lines.next().is_some_and(|keep| *keep));
    }

    /// Removes a column.
    pub fn remove_column(&mut self, index: usize) {
        self.columns.remove(index);
        self.rows.iter_mut().for_each(|row| drop(row.remove(index)));
    }

    /// The position of the column of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The place of a column, whose name may be spelled (λ, lambda).
    ///
    /// # Errors
    /// A name that no column has; the nearest is suggested.
    pub fn place(&self, name: &str) -> Result<usize, OutputError> {
        let names = || self.columns.iter().map(|column| column.name.as_str());
        let spelled = || self.column(ascii_name(name)?.as_str());
        self.column(name).or_else(spelled).ok_or_else(|| OutputError::NoColumn {
            name: name.to_string(),
            hint: did_you_mean(name, names()),
            columns: names().collect::<Vec<_>>().join(", "),
        })
    }

    /// Adds a row, which must have one cell per column.
    pub fn push(&mut self, row: Vec<Cell>) -> Result<(), OutputError> {
        if row.len() != self.columns.len() {
            return Err(OutputError::RowWidth { expected: self.columns.len(), found: row.len() });
        }
        self.rows.push(row);
        Ok(())
    }

    /// The number in a row of a column.
    ///
    /// # Errors
    /// A column or a row that the table does not have, a cell that holds no number (a row that did not converge has none).
    pub fn number(&self, name: &str, row: usize) -> Result<f64, OutputError> {
        let index = self.place(name)?;
        let cells = self.rows.get(row).ok_or(OutputError::NoRow { row, rows: self.rows.len() })?;
        cells[index].number().ok_or_else(|| OutputError::NoNumber {
            name: name.to_string(),
            row,
            text: cells[index].to_string(),
        })
    }

    /// Whether a row says that it did not converge.
    pub fn failed(&self, row: &[Cell]) -> bool {
        self.column("status").is_some_and(|status| row[status].is(Status::NotConverged))
    }

    /// Writes the table as CSV, whole or not at all.
    ///
    /// # Errors
    /// A path that cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<(), OutputError> {
        write_atomically(path, |sink| write_table(self, sink))
    }

    /// The numbers of a column, row by row; nothing where the cell holds no number.
    pub fn numbers(&self, name: &str) -> Option<Vec<Option<f64>>> {
        let index = self.column(name)?;
        let number = |row: &Vec<Cell>| row.get(index).and_then(Cell::number);
        Some(self.rows.iter().map(number).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_columns() -> Table {
        Table::new(vec![
            Column::new("t", "time", Role::Control),
            Column::new("omega", "weight overlap", Role::Output),
        ])
    }

    #[test]
    fn a_column_is_found_by_its_name_and_carries_its_symbol() {
        let table = two_columns();
        assert_eq!(table.column("omega"), Some(1));
        assert_eq!(table.column("b"), None);
        assert_eq!(table.columns[1].symbol, "ω");
    }

    #[test]
    fn a_row_of_the_wrong_width_is_refused() {
        let mut table = two_columns();
        let error = table.push(vec![Cell::Missing]).unwrap_err();
        assert_eq!(error.to_string(), "a row of 1 cells does not fit a table of 2 columns");
        assert!(table.rows.is_empty());
    }

    #[test]
    fn numbers_reads_counts_and_skips_words_and_gaps() {
        let mut table = two_columns();
        for cell in [3usize.into(), 0.5.into(), "word".into(), Cell::Missing] {
            table.push(vec![0.0.into(), cell]).unwrap();
        }
        assert_eq!(table.numbers("omega"), Some(vec![Some(3.0), Some(0.5), None, None]));
        assert_eq!(table.numbers("b"), None);
    }

    #[test]
    fn what_programs_write_for_a_missing_number_is_missing() {
        for text in ["", "NA", "na", "N/A", "NaN", "nan", "-nan", "NULL", "None", "-", "<NA>", "#N/A", "?"] {
            assert!(Cell::read(text).is_missing(), "{text}");
        }
        for text in ["0", "-1", "inf", "word", "1,5", "n"] {
            assert!(!Cell::read(text).is_missing(), "{text}");
        }
    }

    #[test]
    fn rows_that_are_kept_keep_their_lines() {
        let mut table = two_columns();
        for line in [2, 3, 7, 8] {
            table.push_line(vec![(line as f64).into(), Cell::Missing], line).unwrap();
        }
        table.keep_rows(|row| row[0] != Cell::Number(3.0));
        assert_eq!([0, 1, 2].map(|row| table.line(row)), [2, 7, 8]);
        assert_eq!(two_columns().line(0), 2);
    }

    #[test]
    fn an_absent_value_becomes_a_missing_cell() {
        assert_eq!(Cell::from(None::<f64>), Cell::Missing);
        assert_eq!(Cell::from(Some(2.0)), Cell::Number(2.0));
    }
}
