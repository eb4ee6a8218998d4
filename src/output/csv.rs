//! Tables as CSV: one header line, plain ASCII columns, every digit.
//!
//! Numbers are the shortest decimal that reads back as the same `f64`, in a form that `float()` of
//! Python, pandas, gnuplot and pgfplots accept: `0.25`, `1e-300`, `inf`, `nan`. A real number that is
//! whole is written `1.0`, a count `1`: what guesses the type of a column from its first rows (polars, Arrow)
//! guesses right. A missing value is an empty field. Fields are quoted as RFC 4180 says; lines end in `\n`.

use std::io::{self, Read, Write};

use csv::{Reader, ReaderBuilder, Terminator, Trim, Writer, WriterBuilder};

use super::table::{Cell, Column, Role, Table};
use crate::input::TextLines;
use crate::numeric::shortest;

/// Writes a table row by row, so that a long run can be read while it goes on.
pub struct CsvWriter<W: Write> {
    writer: Writer<W>,
}

impl<W: Write> CsvWriter<W> {
    /// Starts a file: writes the header line.
    pub fn new(sink: W, columns: &[Column]) -> io::Result<Self> {
        let mut table = CsvWriter::rows(sink);
        table.writer.write_record(columns.iter().map(|column| column.name.as_str())).map_err(of_sink)?;
        Ok(table)
    }

    /// Writes one row; a row whose width is not that of the header is an error.
    pub fn write_row(&mut self, row: &[Cell]) -> io::Result<()> {
        for cell in row {
            self.writer.write_field(cell_text(cell)).map_err(of_sink)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(of_sink)
    }

    /// Goes on with rows alone, without a header line.
    pub fn rows(sink: W) -> Self {
        CsvWriter { writer: WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(sink) }
    }

    /// Passes all rows so far on to the sink.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Ends the file and gives the sink back.
    pub fn finish(self) -> io::Result<W> {
        self.writer.into_inner().map_err(|error| error.into_error())
    }
}

/// The error of the sink itself, which may say which file it is.
fn of_sink(error: csv::Error) -> io::Error {
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(reason) => reason,
        _ => io::Error::other(text),
    }
}

/// Writes a whole table.
pub fn write_table(table: &Table, sink: impl Write) -> io::Result<()> {
    let mut writer = CsvWriter::new(sink, &table.columns)?;
    for row in &table.rows {
        writer.write_row(row)?;
    }
    writer.finish().map(drop)
}

/// The names of the columns, and a reader of the rows under them.
///
/// # Errors
/// What is wrong with the header.
pub fn read_header<R: Read>(source: R) -> Result<(Vec<String>, Reader<TextLines<R>>), String> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(TextLines::new(source));
    let header = reader.headers().map_err(|e| e.to_string())?.clone();
    // Programs put a byte order mark in front of the first name, and two programs put two.
    let header: Vec<&str> =
        header.iter().map(|name| name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')).collect();
    if header.iter().all(|name| name.is_empty()) {
        return Err("it is empty; the first line of a CSV names its columns".to_owned());
    }
    if let (1, Some(separator)) = (
        header.iter().filter(|name| !name.is_empty()).count(),
        header.iter().find_map(|name| name.chars().find(|c| ";\t|".contains(*c))),
    ) {
        return Err(format!(
            "its columns are separated by `{}`; a CSV has commas",
            separator.escape_default()
        ));
    }
    if header.len() > MOST_COLUMNS {
        return Err(format!("it has {} columns; at most {MOST_COLUMNS} are read", header.len()));
    }
    if let Some(long) = header.iter().find(|name| name.len() > LONGEST_NAME) {
        let start: String = long.chars().take(40).collect();
        return Err(format!(
            "the name of its column `{start}…` has {} bytes; at most {LONGEST_NAME} are possible",
            long.len()
        ));
    }
    for (place, name) in header.iter().enumerate() {
        if header[..place].contains(name) && !name.is_empty() {
            return Err(format!("the column `{name}` stands twice in its header"));
        }
    }
    Ok((header.into_iter().map(String::from).collect(), reader))
}

/// Reads a table back: fields that are numbers become numbers (`inf` and `nan` among them), empty fields are missing,
/// everything else is text. All columns have the role of outputs. A column without a name is passed over where nothing
/// stands in it, and refused elsewhere.
///
/// # Errors
/// What is wrong with the text, with the line: no header, a row of another width, text that is not UTF-8.
pub fn read_table(source: impl Read) -> Result<Table, String> {
    let mut table = read_all(source)?;
    pass_over_nameless(&mut table)?;
    Ok(table)
}

/// The same, and whether its first column was an index as pandas writes it, without a name and of whole numbers, which is passed over.
///
/// # Errors
/// Those of [`read_table`].
pub fn read_indexed(source: impl Read) -> Result<(Table, bool), String> {
    let mut table = read_all(source)?;
    let is_whole = |row: &Vec<Cell>| row[0].number().is_some_and(|x| x.fract() == 0.0);
    let is_index = table.column("") == Some(0) && !table.rows.is_empty() && table.rows.iter().all(is_whole);
    if is_index {
        table.remove_column(0);
    }
    pass_over_nameless(&mut table)?;
    Ok((table, is_index))
}

/// Removes columns without a name; none of them may hold anything.
fn pass_over_nameless(table: &mut Table) -> Result<(), String> {
    while let Some(index) = table.column("") {
        if table.rows.iter().any(|row| row[index] != Cell::Missing) {
            return Err(format!(
                "its column {} has no name; pandas writes its index so: write the file with index=False, or give the column a name",
                index + 1
            ));
        }
        table.remove_column(index);
    }
    Ok(())
}

fn read_all(source: impl Read) -> Result<Table, String> {
    let (names, mut reader) = read_header(source)?;
    let mut table = Table::new(names.into_iter().map(|name| Column::new(name, "", Role::Output)).collect());
    let mut memory = 0;
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        let row: Vec<Cell> = record.iter().map(Cell::read).collect();
        memory += memory_of(&row);
        if memory > LARGEST_TABLE {
            return Err(format!(
                "it takes more than {} MB of memory; leave out rows, or columns that are not needed",
                LARGEST_TABLE >> 20
            ));
        }
        let line = record.position().map_or(table.rows.len() + 2, |place| place.line() as usize);
        table.push_line(row, line).map_err(|e| e.to_string())?;
    }
    Ok(table)
}

/// The most columns of a table that is read.
const MOST_COLUMNS: usize = 1_000;
/// The longest name of a column that is read, in bytes.
const LONGEST_NAME: usize = 200;
/// The most memory of a table that is read, in bytes: a million rows of 20 numbers.
const LARGEST_TABLE: usize = 500 << 20;
/// What the system adds to every piece of memory.
const OVERHEAD: usize = 16;

/// Bytes that a row takes.
fn memory_of(row: &[Cell]) -> usize {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.len() + OVERHEAD,
        _ => 0,
    };
    size_of::<Vec<Cell>>() + OVERHEAD + size_of_val(row) + row.iter().map(text).sum::<usize>()
}

fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Number(value) => real(*value),
        Cell::Integer(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// A real number, which does not look like a count.
fn real(value: f64) -> String {
    let text = shortest(value);
    match text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        true => text + ".0",
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<Column> {
        let column = |name: &&str| Column::new(*name, "", Role::Output);
        names.iter().map(column).collect()
    }

    fn written(names: &[&str], rows: &[Vec<Cell>]) -> String {
        let mut writer = CsvWriter::new(Vec::new(), &columns(names)).unwrap();
        for row in rows {
            writer.write_row(row).unwrap();
        }
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn every_number_reads_back_as_itself() {
        let mut values = vec![
            0.1,
            0.1 + 0.2,
            1.0 / 3.0,
            f64::MIN_POSITIVE,
            f64::from_bits(1),
            f64::MAX,
            f64::EPSILON,
            1e-300,
            1e-5,
            9.999_999_999_999_999e-6,
            1e16,
            9_007_199_254_740_993.0,
            0.036_708_067_329,
            f64::INFINITY,
        ];
        // A walk over bit patterns: every exponent, scattered mantissas.
        for exponent in 0..2047_u64 {
            let mantissa = exponent.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 12;
            values.push(f64::from_bits(exponent << 52 | mantissa));
        }
        for value in values.iter().flat_map(|value| [*value, -value]) {
            let text = shortest(value);
            assert_eq!(text.parse::<f64>().unwrap(), value, "{text}");
            assert!(text.len() <= 24, "{text}");
        }
    }

    #[test]
    fn numbers_have_the_form_that_other_programs_read() {
        let forms = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-0.25, "-0.25"),
            (1e-5, "0.00001"),
            (1e-6, "1e-6"),
            (1e-300, "1e-300"),
            (1.5e16, "1.5e16"),
            (123_456_789.0, "123456789"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (value, text) in forms {
            assert_eq!(shortest(value), text);
        }
    }

    #[test]
    fn real_numbers_do_not_look_like_counts() {
        let row =
            vec![0.0.into(), (-3.0).into(), 1e15.into(), 1e300.into(), f64::NEG_INFINITY.into(), 3u64.into()];
        assert_eq!(
            written(&["a", "b", "c", "d", "e", "f"], &[row]),
            "a,b,c,d,e,f\n0.0,-3.0,1000000000000000.0,1e300,-inf,3\n"
        );
    }

    #[test]
    fn a_file_has_one_header_line_and_a_line_for_each_row() {
        let text = written(
            &["t", "branch", "iterations", "b"],
            &[
                vec![0.5.into(), "constant".into(), 7u64.into(), f64::INFINITY.into()],
                vec![0.6.into(), "informative".into(), 9u64.into(), Cell::Missing],
            ],
        );
        assert_eq!(text, "t,branch,iterations,b\n0.5,constant,7,inf\n0.6,informative,9,\n");
    }

    #[test]
    fn words_with_commas_quotes_and_line_ends_are_quoted() {
        let text = written(&["a", "b"], &[vec!["x, y".into(), "say \"m\"\n".into()]]);
        assert_eq!(text, "a,b\n\"x, y\",\"say \"\"m\"\"\n\"\n");
    }

    #[test]
    fn a_row_of_the_wrong_width_is_an_error() {
        let mut writer = CsvWriter::new(Vec::new(), &columns(&["a", "b"])).unwrap();
        assert!(writer.write_row(&[Cell::Missing]).is_err());
    }

    #[test]
    fn a_table_is_written_whole() {
        let mut table = Table::new(columns(&["t"]));
        table.push(vec![1.0.into()]).unwrap();
        let mut bytes = Vec::new();
        write_table(&table, &mut bytes).unwrap();
        assert_eq!(bytes, b"t\n1.0\n");
    }

    #[test]
    fn a_written_table_is_read_back() {
        let rows = [
            vec![Cell::Number(0.1 + 0.2), Cell::from("a, \"b\""), Cell::Missing],
            vec![Cell::Number(f64::INFINITY), Cell::from("word"), Cell::Number(-1e-300)],
        ];
        let text = written(&["t", "branch", "omega"], &rows);
        let table = read_table(text.as_bytes()).unwrap();
        assert_eq!(table.rows, rows);
        assert_eq!(table.column("omega"), Some(2));
        let table = read_table(&b"t,d,,\n1,2,,\n\"3\n\",4,,\n5,6,,\n"[..]).unwrap();
        assert_eq!((table.columns.len(), [0, 1, 2].map(|row| table.line(row))), (2, [2, 3, 5]));
        for (text, part) in [
            ("", "empty"),
            ("\u{c}\u{feff}\u{c}", "empty"),
            ("t,t\n1,2\n", "twice"),
            ("t,\u{feff} t\n1,2\n", "twice"),
            ("t,d\n1\n", "line: 2"),
            (",t,d\n0,1,2\n", "column 1 has no name"),
            ("t,,d,\n0,,2,7\n", "column 3 has no name"),
            ("t,d\n1,2\n\0,2\n", "line 3"),
            ("t;mse,,\n", "separated by `;`"),
        ] {
            let error = read_table(text.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
