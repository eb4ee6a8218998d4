//! Tables as JSON, and the side file that says how a result was made.
//!
//! JSON has no infinities: they are the strings `"inf"` and `"-inf"`, not-a-number is `"nan"`, and a
//! missing value is `null`. Python's `float()` reads the three words.

use std::io::{self, Write};

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use super::table::{Cell, Column, Table};
use crate::numeric::shortest;

/// What stands beside a CSV or a figure: how to make it again, and what its columns mean.
///
/// It holds no time and no machine, so that the same command gives the same bytes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SideFile {
    /// The name of the program.
    pub program: String,
    /// The version of the program.
    pub version: String,
    /// The command line, argument by argument.
    pub command: Vec<String>,
    /// The name of the system of equations.
    pub system: String,
    /// Every parameter and its value, defaults included (see [`number`]).
    pub parameters: IndexMap<String, Value>,
    /// Every swept parameter and what it runs over.
    pub sweeps: IndexMap<String, Value>,
    /// The columns of the table.
    pub columns: Vec<Column>,
    /// What happened on the way: branch changes, folds, rows that did not converge.
    pub events: Vec<Value>,
    /// Anything else, at the top level of the file.
    #[serde(flatten)]
    pub extra: IndexMap<String, Value>,
}

impl SideFile {
    /// Writes the file as indented JSON with a final line end.
    pub fn write(&self, mut sink: impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut sink, self)?;
        sink.write_all(b"\n")
    }
}

/// A number as a JSON value: infinities and not-a-number as words, −0 as 0, whole numbers without a
/// fraction.
pub fn number(value: f64) -> Value {
    // Whole numbers up to 2⁵³ are exact in both forms; `128` reads better than `128.0`.
    if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
        return Value::from(value as i64);
    }
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None => Value::String(shortest(value)),
    }
}

/// The rows of a table as objects, in column order.
pub fn objects(table: &Table) -> impl Iterator<Item = Value> {
    let named = |row| table.columns.iter().map(|column| column.name.as_str()).zip(row);
    let object = move |row| named(row).map(|(name, cell)| (name, cell_value(cell))).collect();
    table.rows.iter().map(object)
}

/// Writes a table as a JSON array with one object per row, each on a line of its own.
pub fn table_json(table: &Table, mut sink: impl Write) -> io::Result<()> {
    sink.write_all(b"[")?;
    for (index, row) in objects(table).enumerate() {
        sink.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut sink, &row)?;
    }
    let end: &[u8] = if table.rows.is_empty() { b"]\n" } else { b"\n]\n" };
    sink.write_all(end)
}

/// A cell as a JSON value.
pub fn cell_value(cell: &Cell) -> Value {
    match cell {
        Cell::Missing => Value::Null,
        Cell::Number(value) => number(*value),
        Cell::Integer(value) => Value::from(*value),
        Cell::Text(text) => Value::String(text.clone()),
    }
}

/// The value of a parameter as a JSON value.
pub fn of_value(value: &crate::value::Value) -> Value {
    cell_value(&Cell::from(value))
}

#[cfg(test)]
mod tests {
    use super::super::table::Role;
    use super::*;

    #[test]
    fn numbers_are_exact_and_infinities_are_words() {
        let forms = [
            (0.1 + 0.2, "0.30000000000000004"),
            (128.0, "128"),
            (-0.0, "0"),
            (1e-300, "1e-300"),
            (f64::INFINITY, "\"inf\""),
            (f64::NEG_INFINITY, "\"-inf\""),
            (f64::NAN, "\"nan\""),
        ];
        for (value, text) in forms {
            assert_eq!(number(value).to_string(), text);
        }
        for value in [1.0 / 3.0, 1e16, f64::MAX, f64::MIN_POSITIVE, -2.5e-7] {
            let text = number(value).to_string();
            assert_eq!(text.parse::<f64>().unwrap(), value, "{text}");
        }
    }

    #[test]
    fn a_table_is_an_array_of_objects_in_column_order() {
        let mut table = Table::new(vec![
            Column::new("t", "time", Role::Control),
            Column::new("branch", "", Role::Label),
            Column::new("b", "bias", Role::Output),
        ]);
        let infinite = f64::INFINITY.into();
        table.push(vec![0.25.into(), "constant".into(), infinite]).unwrap();
        table.push(vec![0.5.into(), "say \"m\"".into(), Cell::Missing]).unwrap();
        let mut bytes = Vec::new();
        table_json(&table, &mut bytes).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "[\n{\"t\":0.25,\"branch\":\"constant\",\"b\":\"inf\"},\n\
             {\"t\":0.5,\"branch\":\"say \\\"m\\\"\",\"b\":null}\n]\n"
        );
    }

    #[test]
    fn a_table_without_rows_is_an_empty_array() {
        let mut bytes = Vec::new();
        table_json(&Table::default(), &mut bytes).unwrap();
        assert_eq!(bytes, b"[]\n");
    }

    #[test]
    fn the_side_file_keeps_its_order_and_adds_the_extra_keys_at_the_end() {
        let side = SideFile {
            program: "overlaps".into(),
            version: "0.1.0".into(),
            command: vec!["overlaps".into(), "solve".into(), "first-phase".into()],
            system: "first-phase".into(),
            parameters: [("n", 128.0), ("b", f64::INFINITY)]
                .map(|(name, value)| (name.to_owned(), number(value)))
                .into(),
            columns: vec![Column::new("omega", "weight overlap", Role::Output)],
            extra: [("seed".to_owned(), Value::from(7))].into(),
            ..SideFile::default()
        };
        let mut bytes = Vec::new();
        side.write(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            r#"{
  "program": "overlaps",
  "version": "0.1.0",
  "command": [
    "overlaps",
    "solve",
    "first-phase"
  ],
  "system": "first-phase",
  "parameters": {
    "n": 128,
    "b": "inf"
  },
  "sweeps": {},
  "columns": [
    {
      "name": "omega",
      "symbol": "ω",
      "meaning": "weight overlap",
      "role": "output"
    }
  ],
  "events": [],
  "seed": 7
}
"#
        );
    }
}
