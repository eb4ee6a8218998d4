//! A CSV, read row by row: what of it is shown, and what is said of the rest.
//!
//! A page holds the first rows, and of the others those that did not converge or are rejected. Columns that are the same
//! in every row (a parameter that was not swept, a status) are said once instead. Memory does not depend on the number
//! of rows.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use csv::StringRecord;

use super::verdict::Tone;
use overlaps::numeric::significant;
use overlaps::output::csv::read_header;
use overlaps::output::{Column, Role};

/// Rows that are shown from the beginning, and at most so many of the rejected ones after them.
pub const ROWS_SHOWN: usize = 100;
/// The same in a page of so many results that it would become too long.
pub const ROWS_SHOWN_OF_MANY: usize = 10;
/// Characters of a cell that are shown.
const LONGEST: usize = 200;
/// Significant digits of a number that is shown.
const DIGITS: usize = 7;

/// A row that is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its place in the table, from 1.
    pub number: usize,
    /// Its cells, as in the file.
    pub cells: Vec<String>,
    /// Whether it did not converge, or is rejected.
    pub bad: bool,
}

/// What is shown of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// All columns, with what the side file says of them.
    pub columns: Vec<Column>,
    /// The positions of those that are shown.
    pub shown: Vec<usize>,
    /// The positions of those that are the same in every row, and their value.
    pub constant: Vec<(usize, String)>,
    /// The rows that are shown.
    pub rows: Vec<Row>,
    /// How many of them are the first of the table.
    pub first: usize,
    /// How many rows there are.
    pub count: usize,
    /// How often each word stands under `status`.
    pub statuses: Vec<(String, usize)>,
    /// What is wrong with the rows after these.
    pub broken: Option<String>,
}

impl Numbers {
    /// Reads a CSV; `known` are the columns of its side file, and `most` rows are shown from the beginning.
    ///
    /// # Errors
    /// A file that cannot be read, or whose first line names no columns.
    pub fn read(path: &Path, known: &[Column], most: usize) -> Result<Numbers, String> {
        let file = File::open(path).map_err(|e| e.to_string())?;
        Numbers::of(BufReader::new(file), known, most)
    }

    fn of(source: impl Read, known: &[Column], most: usize) -> Result<Numbers, String> {
        let (names, mut reader) = read_header(source)?;
        let column = |name: String| {
            let found = known.iter().find(|column| column.name == name).cloned();
            // Of a column that nobody describes only its name is known: it may be left out where it says nothing.
            found.unwrap_or_else(|| Column::new(name, "", Role::Parameter))
        };
        let columns: Vec<Column> = names.into_iter().map(column).collect();
        let status = columns.iter().position(|column| column.name == "status");
        let mut numbers = Numbers {
            columns,
            shown: Vec::new(),
            constant: Vec::new(),
            rows: Vec::new(),
            first: 0,
            count: 0,
            statuses: Vec::new(),
            broken: None,
        };
        let mut first: Option<StringRecord> = None;
        let mut varies = vec![false; numbers.columns.len()];
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    numbers.broken = Some(error.to_string());
                    break;
                }
            };
            numbers.count += 1;
            let bad = status.and_then(|status| record.get(status)).is_some_and(|word| {
                numbers.count_status(word);
                Tone::of(word) == Some(Tone::Bad)
            });
            let early = numbers.count <= most;
            if early || bad && numbers.rows.len() < 2 * most {
                numbers.first += usize::from(early);
                let cells = record.iter().map(shortened).collect();
                numbers.rows.push(Row { number: numbers.count, cells, bad });
            }
            let reference = first.get_or_insert_with(|| record.clone());
            for (varies, (here, there)) in varies.iter_mut().zip(record.iter().zip(reference.iter())) {
                *varies |= here != there;
            }
        }
        numbers.divide(&varies, &first.unwrap_or_default());
        Ok(numbers)
    }

    fn count_status(&mut self, word: &str) {
        match self.statuses.iter_mut().find(|(known, _)| known == word) {
            Some((_, count)) => *count += 1,
            None => self.statuses.push((word.to_owned(), 1)),
        }
    }

    /// Decides which columns are shown: those that vary, the control, and outputs that have a value.
    fn divide(&mut self, varies: &[bool], first: &StringRecord) {
        for (place, column) in self.columns.iter().enumerate() {
            let value = first.get(place).unwrap_or_default();
            let matters = column.role == Role::Control || column.role == Role::Output && !value.is_empty();
            if varies[place] || matters || self.count < 2 {
                self.shown.push(place);
            } else {
                self.constant.push((place, shortened(value)));
            }
        }
    }

    /// Whether a column has nothing but numbers in the rows that are shown.
    pub fn holds_numbers(&self, place: usize) -> bool {
        let cells = self.rows.iter().filter_map(|row| row.cells.get(place));
        cells.filter(|cell| !cell.is_empty()).all(|cell| cell.parse::<f64>().is_ok())
    }

    /// How many of the rows have a word of this tone under `status`.
    pub fn rows_of(&self, tone: Tone) -> usize {
        self.statuses.iter().filter(|(word, _)| Tone::of(word) == Some(tone)).map(|(_, count)| count).sum()
    }

    /// How many rows did not converge.
    pub fn not_converged(&self) -> usize {
        self.statuses.iter().filter(|(word, _)| word == "not-converged").map(|(_, count)| count).sum()
    }

    /// The table in a few words.
    pub fn summary(&self) -> String {
        let rows = match self.count {
            1 => "1 row".to_owned(),
            count => format!("{count} rows"),
        };
        match self.not_converged() {
            0 if self.statuses.iter().any(|(word, _)| word == "converged") => {
                format!("{rows}, all converged")
            }
            0 => rows,
            failed => format!("{rows}, {failed} not converged"),
        }
    }
}

/// A cell without the end that is too long to be shown.
fn shortened(cell: &str) -> String {
    match cell.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell.to_owned(),
    }
}

/// A cell to read: a number with a fraction to seven digits, anything else as it is.
pub fn to_read(cell: &str) -> String {
    match cell.parse::<f64>() {
        Ok(number) if cell.len() > DIGITS && cell.contains(['.', 'e']) => significant(number, DIGITS),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Numbers {
        Numbers::of(text.as_bytes(), &[Column::new("omega", "overlap", Role::Output)], ROWS_SHOWN).unwrap()
    }

    #[test]
    fn rows_that_did_not_converge_are_shown_wherever_they_stand() {
        let mut text = String::from("t,omega,status\n");
        for row in 1..=1000 {
            text += &format!("{row},1,{}\n", if row % 300 == 0 { "not-converged" } else { "converged" });
        }
        let numbers = numbers(&text);
        let later: Vec<usize> = numbers.rows[ROWS_SHOWN..].iter().map(|row| row.number).collect();
        assert_eq!(later, [300, 600, 900]);
        assert!(numbers.rows[ROWS_SHOWN..].iter().all(|row| row.bad));
        assert_eq!(numbers.summary(), "1000 rows, 3 not converged");
    }

    #[test]
    fn a_column_that_is_the_same_everywhere_is_said_once_unless_it_is_an_output() {
        let numbers = numbers("n,t,omega,b\n8,0,1,\n8,1,1,\n");
        let names: Vec<&str> =
            numbers.shown.iter().map(|&place| numbers.columns[place].name.as_str()).collect();
        assert_eq!(names, ["t", "omega"]);
        assert_eq!(numbers.constant, [(0, "8".into()), (3, String::new())]);
        assert_eq!(numbers.columns[2].meaning, "overlap");
    }

    #[test]
    fn rows_before_a_broken_one_are_kept() {
        let numbers = numbers("t,omega\n0,1\n1\n2,3\n");
        assert_eq!(numbers.count, 1);
        assert!(numbers.broken.unwrap().contains("line: 3"));
    }

    #[test]
    fn a_cell_that_is_too_long_is_cut() {
        let numbers = numbers(&format!("t,omega\n{},1\n", "ω".repeat(1000)));
        assert_eq!(numbers.rows[0].cells[0], "ω".repeat(LONGEST) + "…");
    }

    #[test]
    fn numbers_are_shortened_and_words_are_not() {
        let cells = ["0.30000000000000004", "5e-324", "16777216", "not-converged", "", "inf"];
        assert_eq!(cells.map(to_read), ["0.3", "5e-324", "16777216", "not-converged", "", "inf"]);
    }
}
