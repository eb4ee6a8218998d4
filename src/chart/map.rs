//! Rows over two numbers → heat maps: one panel per column, and per combination of what else varies.

use std::collections::BTreeMap;

use super::lines::groups;
use super::words::label;
use super::{Axis, Chart, ChartError, Figure, HeatMap, MapCell, Panel};
use crate::name::ascii_name;
use crate::output::{Cell, Role, Table};

/// The most panels that a page can hold.
const MOST_PANELS: usize = 12;
/// The most panels in a row.
const MOST_IN_A_ROW: usize = 4;
/// Columns whose values are repetitions, over which a map is an average.
const REPETITIONS: [&str; 1] = ["seed"];

/// Why it cannot be drawn.
fn refused<T>(why: String) -> Result<T, ChartError> {
    Err(ChartError::Given(why))
}

impl Chart {
    /// The axes of a map over two columns that are named, none where none is: where exactly two numbers vary, these.
    ///
    /// # Errors
    /// Columns along which nothing varies, the same twice, one alone.
    pub fn axes_named(&self, x: Option<&str>, y: Option<&str>) -> Result<Option<[Axis; 2]>, ChartError> {
        let (x, y) = match (x, y) {
            (None, None) => return Ok(self.axes()),
            (Some(x), Some(y)) => (x, y),
            _ => return refused("[figure]: a map has x and y; name both, or none".into()),
        };
        let varying = self.numbers.as_deref().unwrap_or_default();
        let find = |name: &str| {
            let column = ascii_name(name).unwrap_or_else(|| name.to_string());
            varying.iter().find(|axis| axis.column == column).cloned().ok_or_else(|| {
                let known: Vec<&str> = varying.iter().map(|axis| axis.column.as_str()).collect();
                let known = known.join(", ");
                ChartError::Given(format!(
                    "[figure]: `{name}` is no parameter with several values; those are {known}"
                ))
            })
        };
        let axes = [find(x)?, find(y)?];
        match axes[0] == axes[1] {
            true => refused(format!("[figure]: a map has two different axes, not {} twice", axes[0].column)),
            false => Ok(Some(axes)),
        }
    }

    /// Columns as heat maps, with a line where the branch changes.
    ///
    /// Rows of the same place that differ only in their seed are averaged, and have the branch of most of them. What else
    /// varies at a place, a third parameter or the system, tells panels apart. Where two pieces meet, the first counts.
    ///
    /// # Errors
    /// Axes or columns that the table lacks or that hold no numbers, axes along which nothing varies, too many panels.
    pub fn map(&self, table: &Table, axes: &[Axis; 2]) -> Result<Figure, ChartError> {
        let [x, y] = [numbers(table, &axes[0].column)?, numbers(table, &axes[1].column)?];
        if x == y {
            return refused(format!("a map has two different axes, not {} twice", axes[0].column));
        }
        let values: Vec<usize> =
            self.y.iter().map(|column| numbers(table, column)).collect::<Result<_, _>>()?;
        let number = |row: &[Cell], column: usize| row[column].number().filter(|value| value.is_finite());
        let placed = |row: &&Vec<Cell>| number(row, x).is_some() && number(row, y).is_some();
        let rows: Vec<&Vec<Cell>> = table.rows.iter().filter(placed).collect();
        for (axis, column) in axes.iter().zip([x, y]) {
            let first = rows.first().and_then(|row| number(row, column));
            if rows.iter().all(|row| number(row, column) == first) {
                return refused(format!(
                    "{} takes a single value, so that a map has no extent along it; sweep it over two or more",
                    axis.column
                ));
            }
        }
        let key = |row: &Vec<Cell>| [x, y].map(|column| number(row, column).map(ordered));
        let further = further_columns(table, &rows, [x, y], key);
        let combinations = groups(rows.iter().copied(), &further);
        if combinations.len() * values.len() > MOST_PANELS {
            let names: Vec<&str> = further.iter().map(|c| table.columns[*c].name.as_str()).collect();
            return refused(format!(
                "a figure holds at most {MOST_PANELS} maps, and {} columns for every combination of {} make more; sweep fewer values, or draw fewer columns",
                values.len(),
                if names.is_empty() { "nothing".into() } else { names.join(", ") }
            ));
        }
        let symbol = |column: usize| table.columns[column].symbol.clone();
        let regions = Regions::of(table, &rows);
        let boundary = format!("between {}", regions.names(&rows).join(" and "));
        let mut panels = Vec::new();
        for column in values {
            for combination in &combinations {
                let mut places: BTreeMap<_, Vec<&Vec<Cell>>> = BTreeMap::new();
                combination.iter().for_each(|row| places.entry(key(row)).or_default().push(row));
                let cell = |place: &Vec<&Vec<Cell>>| {
                    let rows = regions.of_first_piece(place);
                    let first = rows.first()?;
                    let (x, y) = (number(first, x)?, number(first, y)?);
                    Some(MapCell { x, y, value: mean(&rows, column), region: regions.most_common(&rows) })
                };
                panels.push(Panel {
                    y_label: symbol(y),
                    y_log: axes[1].log,
                    caption: label(&table.columns, &further, combination[0]),
                    map: Some(HeatMap {
                        label: symbol(column),
                        cells: places.values().filter_map(cell).collect(),
                        missing: missing(table, &rows, column).into(),
                        boundary: boundary.clone(),
                    }),
                    ..Panel::default()
                });
            }
        }
        let in_a_row = if (2..=MOST_IN_A_ROW).contains(&combinations.len()) { combinations.len() } else { 0 };
        Ok(Figure {
            title: self.title.clone(),
            subtitle: self.subtitle.clone(),
            x_label: symbol(x),
            x_log: axes[0].log,
            columns: in_a_row,
            panels,
        })
    }
}

/// The place of a column that holds numbers.
fn numbers(table: &Table, name: &str) -> Result<usize, ChartError> {
    let column = table.place(name)?;
    match table.rows.iter().find(|row| matches!(row[column], Cell::Text(_))) {
        Some(row) => refused(format!("`{name}` holds words ({}), which have no place in a map", row[column])),
        None => Ok(column),
    }
}

/// A number as a key: the order of keys is that of numbers.
fn ordered(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Parameters other than the axes, and the system, where they take several values at one place; in a simulation others
/// follow an axis (the weight of the test data, that of the training data).
fn further_columns<K: Ord>(
    table: &Table,
    rows: &[&Vec<Cell>],
    axes: [usize; 2],
    key: impl Fn(&Vec<Cell>) -> K,
) -> Vec<usize> {
    let tells_apart = |column: &usize| {
        let heading = &table.columns[*column];
        let parameter = matches!(heading.role, Role::Control | Role::Parameter) || heading.name == "system";
        if axes.contains(column) || !parameter || REPETITIONS.contains(&heading.name.as_str()) {
            return false;
        }
        let mut seen: BTreeMap<K, &Cell> = BTreeMap::new();
        rows.iter().any(|row| *seen.entry(key(row)).or_insert(&row[*column]) != &row[*column])
    };
    (0..table.columns.len()).filter(tells_apart).collect()
}

/// Why cells have no value: "not converged", where the status says so of all rows without one.
fn missing(table: &Table, rows: &[&Vec<Cell>], column: usize) -> &'static str {
    let failed = |row: &Vec<Cell>| table.failed(row);
    let explained = rows.iter().all(|row| row[column] != Cell::Missing || failed(row));
    if explained { "not converged" } else { "no value" }
}

/// The mean over the rows that have a value; NaN if none has.
fn mean(rows: &[&Vec<Cell>], column: usize) -> f64 {
    let values: Vec<f64> = rows.iter().filter_map(|row| row[column].number()).collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// How rows name the region that they lie in.
struct Regions {
    piece: Option<usize>,
    branch: Option<usize>,
    /// Whether rows of several pieces occur, so that the name of the piece belongs to that of the region.
    several_pieces: bool,
}

impl Regions {
    fn of(table: &Table, rows: &[&Vec<Cell>]) -> Self {
        let (piece, branch) = (table.column("piece"), table.column("branch"));
        let several_pieces = piece.is_some_and(|p| rows.iter().any(|row| row[p] != rows[0][p]));
        Regions { piece, branch, several_pieces }
    }

    /// The rows of the piece that comes first.
    fn of_first_piece<'a>(&self, rows: &[&'a Vec<Cell>]) -> Vec<&'a Vec<Cell>> {
        let same = |row: &&&Vec<Cell>| self.piece.is_none_or(|p| row[p] == rows[0][p]);
        rows.iter().filter(same).copied().collect()
    }

    /// The regions that occur, in the order of the rows.
    fn names(&self, rows: &[&Vec<Cell>]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for row in rows {
            let name = self.most_common(std::slice::from_ref(row));
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The region of most of these rows; of several that are as common, the first. Empty where no row has a branch.
    fn most_common(&self, rows: &[&Vec<Cell>]) -> String {
        let Some(branch) = self.branch else { return String::new() };
        let mut counts: Vec<(&Cell, usize)> = Vec::new();
        for row in rows.iter().filter(|row| row[branch] != Cell::Missing) {
            match counts.iter_mut().find(|(known, _)| **known == row[branch]) {
                Some((_, count)) => *count += 1,
                None => counts.push((&row[branch], 1)),
            }
        }
        let most = counts.iter().map(|(_, count)| *count).max();
        let Some((name, _)) = counts.iter().find(|(_, count)| Some(*count) == most) else {
            return String::new();
        };
        match self.piece.filter(|_| self.several_pieces) {
            Some(piece) => format!("{}: {name}", rows[0][piece]),
            None => name.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Marks;
    use crate::output::Column;

    /// Rows of n, p, seed, branch, m.
    fn table(rows: &[(f64, f64, u64, &str, f64)]) -> Table {
        let mut table = Table::new(vec![
            Column::new("n", "", Role::Parameter),
            Column::new("p", "", Role::Parameter),
            Column::new("p_test", "", Role::Parameter),
            Column::new("seed", "", Role::Parameter),
            Column::new("branch", "", Role::Label),
            Column::new("m", "", Role::Output),
            Column::new("status", "", Role::Certificate),
        ]);
        for (n, p, seed, branch, m) in rows {
            let branch = if branch.is_empty() { Cell::Missing } else { Cell::from(*branch) };
            let m = if m.is_nan() { Cell::Missing } else { Cell::from(*m) };
            let row = vec![(*n).into(), (*p).into(), (*p).into(), (*seed).into(), branch, m, "".into()];
            table.push(row).unwrap();
        }
        table
    }

    fn over(table: &Table, x: &str, y: &str, columns: &[&str]) -> Result<Figure, ChartError> {
        let [x, y] = [Axis::new(x, true), Axis::new(y, false)];
        let chart = Chart {
            y: columns.iter().map(|c| c.to_string()).collect(),
            ..Chart::new("title", x.clone(), Marks::Lines)
        };
        chart.map(table, &[x, y])
    }

    fn drawn(table: &Table, columns: &[&str]) -> Result<Figure, ChartError> {
        over(table, "n", "p", columns)
    }

    fn cells(figure: &Figure, panel: usize) -> Vec<(f64, f64, f64, &str)> {
        let cells = &figure.panels[panel].map.as_ref().unwrap().cells;
        cells.iter().map(|c| (c.x, c.y, c.value, c.region.as_str())).collect()
    }

    #[test]
    fn seeds_are_averaged_and_the_branch_is_that_of_most() {
        let (a, b) = ("constant", "informative");
        let table = table(&[
            (8.0, 0.5, 1, a, 1.0),
            (8.0, 0.5, 2, b, 2.0),
            (8.0, 0.5, 3, b, 6.0),
            (8.0, 0.75, 1, b, 4.0),
            (8.0, 0.75, 2, "", f64::NAN),
            (16.0, 0.5, 1, "", f64::NAN),
        ]);
        let figure = drawn(&table, &["m"]).unwrap();
        assert_eq!(cells(&figure, 0)[..2], [(8.0, 0.5, 3.0, b), (8.0, 0.75, 4.0, b)]);
        assert!(cells(&figure, 0)[2].2.is_nan() && cells(&figure, 0)[2].3.is_empty());
        assert_eq!((figure.panels.len(), figure.x_label.as_str(), figure.x_log), (1, "n", true));
        let map = figure.panels[0].map.as_ref().unwrap();
        assert_eq!(
            (map.boundary.as_str(), map.missing.as_str()),
            ("between constant and informative", "no value")
        );
    }

    #[test]
    fn what_else_varies_at_a_place_makes_panels_and_what_follows_an_axis_does_not() {
        let mut table = table(&[(8.0, 0.5, 1, "", 1.0), (16.0, 0.75, 1, "", 2.0)]);
        table.columns.insert(0, Column::new("lambda", "", Role::Parameter));
        let rows = std::mem::take(&mut table.rows);
        for lambda in [0.1, 1.0] {
            table.rows.extend(rows.iter().map(|row| [&[Cell::from(lambda)], &row[..]].concat()));
        }
        let figure = drawn(&table, &["m"]).unwrap();
        let captions: Vec<&str> = figure.panels.iter().map(|panel| panel.caption.as_str()).collect();
        assert_eq!(captions, ["λ = 0.1", "λ = 1"]);
    }

    #[test]
    fn where_two_pieces_meet_the_first_counts_and_regions_have_its_name() {
        let mut table = table(&[
            (8.0, 0.5, 1, "a", 1.0),
            (8.0, 0.75, 1, "a", 2.0),
            (8.0, 0.75, 1, "b", 4.0),
            (16.0, 0.75, 1, "b", 3.0),
        ]);
        table.columns.push(Column::new("piece", "", Role::Label));
        for (row, piece) in table.rows.iter_mut().zip(["first", "first", "second", "second"]) {
            row.push(piece.into());
        }
        let figure = drawn(&table, &["m"]).unwrap();
        assert_eq!(
            cells(&figure, 0),
            [(8.0, 0.5, 1.0, "first: a"), (8.0, 0.75, 2.0, "first: a"), (16.0, 0.75, 3.0, "second: b")]
        );
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_with_what_to_change() {
        let wide = |count: usize| {
            let mut table = table(&[(8.0, 0.5, 1, "", 1.0), (16.0, 0.75, 1, "", 2.0)]);
            table.columns.push(Column::new("kappa", "", Role::Parameter));
            let rows = std::mem::take(&mut table.rows);
            for kappa in 0..count {
                table.rows.extend(rows.iter().map(|row| [&row[..], &[Cell::from(kappa)]].concat()));
            }
            table
        };
        assert_eq!(drawn(&wide(6), &["m", "p_test"]).unwrap().panels.len(), 12);
        for (result, part) in [
            (drawn(&wide(7), &["m", "p_test"]), "combination of kappa"),
            (drawn(&wide(1), &["mm"]), "did you mean `m`?"),
            (drawn(&wide(1), &["status"]), "words"),
            (
                drawn(&table(&[(8.0, 0.5, 1, "", 1.0), (16.0, 0.5, 1, "", 1.0)]), &["m"]),
                "p takes a single value",
            ),
            (over(&wide(1), "n", "n", &[]), "n twice"),
        ] {
            let message = result.unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
