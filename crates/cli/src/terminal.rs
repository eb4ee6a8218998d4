//! A table for the eye: a few significant digits, numbers lined up at the decimal point, and no
//! more rows than fit.

use std::collections::BTreeSet;

use comfy_table::{CellAlignment, LineStyle, TableStyle};

use console::Term;
use overlaps::numeric::significant;
use overlaps::output::{Cell, Column, Role, Table};

/// One line under the headings and space between the columns, so that many columns fit.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Blanks between two columns.
const BETWEEN: usize = 3;

/// What of a table is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalOptions {
    /// The columns, in this order; all of them if not given. Names that the table lacks are passed
    /// over.
    pub columns: Option<Vec<String>>,
    /// The greatest number of rows shown, at least the first and the last; 0 for all.
    pub max_rows: usize,
    /// The number of significant digits.
    pub digits: usize,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        TerminalOptions { columns: None, max_rows: 24, digits: 6 }
    }
}

/// The table as text, each line ended by `\n`.
///
/// If there are more rows than are to be shown, they are spread evenly; the first, the last and
/// those at which the branch or the piece changes are among them, and a last line counts them.
/// A terminal that is narrower than the table gets fewer columns, and the names of the others.
pub fn render(table: &Table, options: &TerminalOptions) -> String {
    let terminal = Term::stdout();
    let width = terminal.is_term().then(|| terminal.size_checked()).flatten();
    within(table, options, width.map(|(_, columns)| usize::from(columns)))
}

/// The same in so many characters of a line.
fn within(table: &Table, options: &TerminalOptions, width: Option<usize>) -> String {
    let mut columns: Vec<usize> = match &options.columns {
        Some(names) => names.iter().filter_map(|name| table.column(name)).collect(),
        None => (0..table.columns.len()).collect(),
    };
    let rows = rows_shown(table, options.max_rows);

    let filled = |column: usize| {
        let cells = rows.iter().map(|&row| &table.rows[row][column]);
        line_up(cells.map(|cell| cell_text(cell, options.digits)).collect())
    };
    let mut filled: Vec<Vec<String>> = columns.iter().map(|&column| filled(column)).collect();
    let hidden = width.map_or_else(Vec::new, |width| hide(table, &mut columns, &mut filled, width));

    let mut text = comfy_table::Table::new();
    text.load_style(STYLE);
    text.set_header(columns.iter().map(|&column| &table.columns[column].name));
    for index in 0..rows.len() {
        text.add_row(filled.iter().map(|cells| &cells[index]));
    }
    for (shown, &column) in text.column_iter_mut().zip(&columns) {
        let mut cells = table.rows.iter().map(|row| &row[column]);
        if !cells.any(|cell| matches!(cell, Cell::Text(_))) {
            shown.set_cell_alignment(CellAlignment::Right);
        }
    }

    let mut text = text.trim_fmt();
    text.push('\n');
    if rows.len() < table.rows.len() {
        let all = table.rows.len();
        text.push_str(&format!("{} of {all} rows shown\n", rows.len()));
    }
    if !hidden.is_empty() {
        let names = hidden.join(", ");
        text.push_str(&format!(
            "not shown for want of space: {names} (--format csv and --output have all)\n"
        ));
    }
    text
}

/// Takes columns away, the last first, until the others fit, and gives their names in the order of the table. What says where a row
/// stands, and its status, stays.
fn hide(table: &Table, columns: &mut Vec<usize>, filled: &mut Vec<Vec<String>>, width: usize) -> Vec<String> {
    let wide = |text: &str| text.chars().count();
    let stays = |column: usize| {
        let Column { role, name, .. } = &table.columns[column];
        !matches!(role, Role::Output | Role::Certificate) || name == "status"
    };
    let mut hidden = Vec::new();
    loop {
        let widths = columns.iter().zip(filled.iter()).map(|(&column, cells)| {
            let heading = wide(&table.columns[column].name);
            cells.iter().map(|cell| wide(cell)).fold(heading, usize::max) + BETWEEN
        });
        let place = (0..columns.len()).rev().find(|&place| !stays(columns[place]));
        let Some(place) = place.filter(|_| widths.sum::<usize>() > width + 1) else { break };
        hidden.insert(0, table.columns[columns.remove(place)].name.clone());
        filled.remove(place);
    }
    hidden
}

/// The rows to show: the first, the last, those at which a label changes, and others spread evenly.
fn rows_shown(table: &Table, max_rows: usize) -> Vec<usize> {
    let count = table.rows.len();
    if max_rows == 0 || count <= max_rows {
        return (0..count).collect();
    }
    let max_rows = max_rows.max(2);
    let labels: Vec<usize> = ["branch", "piece"].iter().filter_map(|name| table.column(name)).collect();
    let changes = |row: &usize| {
        let (before, here) = (&table.rows[row - 1], &table.rows[*row]);
        labels.iter().any(|&label| before[label] != here[label])
    };
    let marked: BTreeSet<usize> = (1..count).filter(changes).collect();
    // As many evenly spread rows as leave room for the marked ones; if there is never room, because
    // the branch changes all the time, only evenly spread ones.
    (2..=max_rows)
        .rev()
        .map(|spread| {
            let mut rows = marked.clone();
            rows.extend(evenly(count, spread));
            rows
        })
        .find(|rows| rows.len() <= max_rows)
        .map_or_else(|| evenly(count, max_rows).collect(), |rows| rows.into_iter().collect())
}

/// `shown` rows out of `count`, from the first to the last, as evenly as whole numbers allow.
fn evenly(count: usize, shown: usize) -> impl Iterator<Item = usize> {
    let (last, steps) = (count - 1, shown - 1);
    (0..shown).map(move |k| (k * last + steps / 2) / steps)
}

fn cell_text(cell: &Cell, digits: usize) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Number(value) => significant(*value, digits),
        Cell::Integer(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// Pads numbers on the right so that, set flush right, their decimal points stand in line. Columns
/// that would become much wider (very large beside very small numbers) stay as they are.
fn line_up(mut cells: Vec<String>) -> Vec<String> {
    const WIDER_BY: usize = 3;
    // The length of what stands right of the last whole digit.
    let tail = |cell: &str| cell.len() - cell.find(['.', 'e']).unwrap_or(cell.len());
    if cells.iter().any(|cell| !is_number(cell)) {
        return cells;
    }
    let longest = cells.iter().map(String::len).max().unwrap_or(0);
    let longest_tail = cells.iter().map(|cell| tail(cell)).max().unwrap_or(0);
    let whole = cells.iter().map(|cell| cell.len() - tail(cell)).max();
    if whole.unwrap_or(0) + longest_tail > longest + WIDER_BY {
        return cells;
    }
    for cell in &mut cells {
        let padding = longest_tail - tail(cell);
        cell.push_str(&" ".repeat(padding));
    }
    cells
}

/// Whether a shown cell is a number, or blank, which fits among numbers.
fn is_number(cell: &str) -> bool {
    cell.is_empty() || cell.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solved(rows: usize, change: usize) -> Table {
        let mut table = Table::new(vec![
            Column::new("t", "", Role::Control),
            Column::new("branch", "", Role::Label),
            Column::new("omega", "", Role::Output),
            Column::new("residual", "", Role::Certificate),
        ]);
        for row in 0..rows {
            let branch = if row < change { "constant" } else { "informative" };
            let omega = if row < change { 0.0 } else { (row as f64).sqrt() };
            let residual = 1.25e-16 * (row % 3) as f64;
            let t = row as f64 / 10.0;
            table.push(vec![t.into(), branch.into(), omega.into(), residual.into()]).unwrap();
        }
        table
    }

    #[test]
    fn a_number_is_shown_to_its_significant_digits() {
        let forms = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333"),
            (-2.0 / 3.0, "-0.666667"),
            (123_456.7, "123457"),
            (1_234_567.0, "1.23457e6"),
            (999_999.9, "1e6"),
            (9.999_999_9, "10"),
            (0.000_123_456_7, "0.000123457"),
            (0.000_012_345_67, "1.23457e-5"),
            (1e-300, "1e-300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (value, text) in forms {
            assert_eq!(significant(value, 6), text);
        }
        assert_eq!(significant(0.123_456_789, 3), "0.123");
        assert_eq!(significant(7.6, 0), "8");
    }

    #[test]
    fn numbers_stand_in_line_at_the_decimal_point() {
        let mut table = solved(4, 2);
        table.rows[0][2] = f64::INFINITY.into();
        table.rows[1][2] = Cell::Missing;
        let text = render(&table, &TerminalOptions::default());
        assert_eq!(
            text,
            concat!(
                "   t   branch            omega   residual\n",
                "──────────────────────────────────────────\n",
                " 0     constant      inf         0\n",
                " 0.1   constant                  1.25e-16\n",
                " 0.2   informative     1.41421   2.5e-16\n",
                " 0.3   informative     1.73205   0\n",
            )
        );
    }

    #[test]
    fn rows_are_thinned_evenly_and_counted() {
        let options = TerminalOptions { max_rows: 24, ..TerminalOptions::default() };
        let text = render(&solved(202, 202), &options);
        assert!(text.ends_with("\n24 of 202 rows shown\n"), "{text}");
        assert_eq!(text.lines().count(), 2 + 24 + 1);

        let rows = rows_shown(&solved(202, 202), 24);
        assert_eq!((rows[0], rows[23]), (0, 201));
        assert!(rows.windows(2).all(|pair| (8..=9).contains(&(pair[1] - pair[0]))));
    }

    #[test]
    fn the_row_at_which_the_branch_changes_is_shown() {
        for change in 1..101 {
            let rows = rows_shown(&solved(101, change), 7);
            assert!(rows.contains(&change) && rows.contains(&0) && rows.contains(&100));
            assert!(rows.len() <= 7);
        }
    }

    #[test]
    fn a_branch_that_changes_all_the_time_does_not_break_the_limit() {
        let mut table = solved(100, 0);
        for (index, row) in table.rows.iter_mut().enumerate() {
            row[1] = ["a", "b"][index % 2].into();
        }
        assert_eq!(rows_shown(&table, 10).len(), 10);
        assert_eq!(rows_shown(&table, 1), [0, 99]);
    }

    #[test]
    fn zero_means_all_rows() {
        let options = TerminalOptions { max_rows: 0, ..TerminalOptions::default() };
        let text = render(&solved(202, 50), &options);
        assert_eq!(text.lines().count(), 2 + 202);
    }

    #[test]
    fn columns_are_chosen_and_ordered() {
        let options = TerminalOptions {
            columns: Some(vec!["omega".into(), "absent".into(), "t".into()]),
            ..TerminalOptions::default()
        };
        let text = render(&solved(1, 1), &options);
        assert_eq!(text.lines().next(), Some(" omega   t"));
    }

    #[test]
    fn a_narrow_terminal_gets_fewer_columns_and_the_names_of_the_others() {
        let shown = |width| within(&solved(4, 2), &TerminalOptions::default(), width);
        let whole = shown(None);
        let widest = whole.lines().map(|line| line.chars().count()).max().unwrap();
        assert_eq!(shown(Some(widest)), whole);
        for width in [widest - 1, 30, 5] {
            let text = shown(Some(width));
            let hidden = text.lines().last().unwrap();
            assert!(hidden.starts_with("not shown for want of space: "), "{text}");
            // Where a row stands is never left out.
            let heading = text.lines().next().unwrap();
            assert!(heading.contains("t   branch") && !heading.contains("residual"), "{text}");
            assert_eq!(heading.contains("omega"), !hidden.contains("omega"), "{text}");
            assert!(width < 30 || heading.chars().count() <= width, "{text}");
        }
        let mut table = solved(4, 2);
        table.columns[3].name = "status".into();
        assert!(within(&table, &TerminalOptions::default(), Some(5)).contains("status"));
    }

    #[test]
    fn a_table_without_rows_is_its_headings() {
        let text = render(&solved(0, 0), &TerminalOptions::default());
        assert_eq!(text.lines().count(), 2);
    }
}
