//! A table over two parameters → a figure of heat maps: one panel per column, and per combination of what else varies.

use std::collections::BTreeMap;

use anyhow::bail;

use overlaps::name::ascii_name;
use overlaps::output::{Cell, Role, Table};
use overlaps::study::Plan;
use overlaps_figures::{Figure, HeatMap, MapCell, Panel};

/// The most panels that a page can hold.
const MOST_PANELS: usize = 12;
/// The most panels in a row.
const MOST_IN_A_ROW: usize = 4;
/// Columns whose values are repetitions, over which a map is an average.
const REPETITIONS: [&str; 1] = ["seed"];

/// The two parameters that a map is drawn over: columns of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axes {
    /// The column along x.
    pub x: String,
    /// Whether its axis is logarithmic.
    pub x_log: bool,
    /// The column along y.
    pub y: String,
    /// Whether its axis is logarithmic.
    pub y_log: bool,
}

/// The axes of a map where exactly two numbers vary: the control before the swept parameters, or two of these.
pub fn axes_of(plan: &Plan, control: &str) -> Option<Axes> {
    let varies = plan.controls.as_ref().is_none_or(|controls| controls.len() > 1);
    let swept = plan.swept.iter().filter(|sweep| sweep.has_numbers() && sweep.values.len() > 1);
    let named = swept.map(|sweep| (sweep.name.as_str(), sweep.is_logarithmic()));
    let along = varies.then_some((control, plan.controls_logarithmic));
    let all: Vec<(&str, bool)> = along.into_iter().chain(named).collect();
    let [(x, x_log), (y, y_log)] = all[..] else { return None };
    let ascii = |name: &str| ascii_name(name).unwrap_or_else(|| name.to_string());
    Some(Axes { x: ascii(x), x_log, y: ascii(y), y_log })
}

/// The rows of one cell.
#[derive(Default)]
struct Place<'a> {
    rows: Vec<&'a Vec<Cell>>,
}

/// Draws columns as heat maps, with a line where the branch changes.
///
/// Rows of the same place that differ only in their seed are averaged, and have the branch of most of them. What else
/// varies at a place, a third parameter or the system, tells panels apart. Where two pieces meet, the first counts.
///
/// # Errors
/// Axes or columns that the table lacks or that hold no numbers, axes along which nothing varies, too many panels.
pub fn map(
    table: &Table,
    axes: &Axes,
    columns: &[String],
    title: &str,
    subtitle: &str,
) -> anyhow::Result<Figure> {
    let [x, y] = [numbers(table, &axes.x)?, numbers(table, &axes.y)?];
    if x == y {
        bail!("a map has two different axes, not {} twice", axes.x);
    }
    let values: Vec<usize> =
        columns.iter().map(|column| numbers(table, column)).collect::<anyhow::Result<_>>()?;
    let number = |row: &[Cell], column: usize| row[column].number().filter(|value| value.is_finite());
    let placed = |row: &&Vec<Cell>| number(row, x).is_some() && number(row, y).is_some();
    let rows: Vec<&Vec<Cell>> = table.rows.iter().filter(placed).collect();
    let key = |row: &Vec<Cell>| (Ordered(number(row, x)), Ordered(number(row, y)));
    for (name, column) in [(&axes.x, x), (&axes.y, y)] {
        let first = rows.first().and_then(|row| number(row, column));
        if rows.iter().all(|row| number(row, column) == first) {
            bail!(
                "{name} takes a single value, so that a map has no extent along it; sweep it over two or more"
            );
        }
    }

    let further = further_columns(table, &rows, [x, y], key);
    let combination = |row: &Vec<Cell>| -> Vec<Cell> { further.iter().map(|c| row[*c].clone()).collect() };
    let combinations = combinations(table, &rows, &further, columns.len())?;

    let symbol = |column: usize| table.columns[column].symbol.clone();
    let regions = Regions::of(table, &rows);
    let boundary = format!("between {}", regions.names(&rows).join(" and "));
    let mut panels = Vec::new();
    for column in values {
        for one in &combinations {
            let mut places: BTreeMap<_, Place> = BTreeMap::new();
            for row in rows.iter().filter(|row| combination(row) == *one) {
                places.entry(key(row)).or_default().rows.push(row);
            }
            let cell = |place: &Place| {
                let rows = regions.of_first_piece(&place.rows);
                let first = rows.first()?;
                let (x, y) = (number(first, x)?, number(first, y)?);
                Some(MapCell { x, y, value: mean(&rows, column), region: regions.most_common(&rows) })
            };
            panels.push(Panel {
                y_label: symbol(y),
                y_log: axes.y_log,
                caption: caption(table, &further, one),
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
        title: title.into(),
        subtitle: subtitle.into(),
        x_label: symbol(x),
        x_log: axes.x_log,
        columns: in_a_row,
        panels,
    })
}

/// The values of further columns that come together, each a map of its own for every column that is drawn.
fn combinations(
    table: &Table,
    rows: &[&Vec<Cell>],
    further: &[usize],
    columns: usize,
) -> anyhow::Result<Vec<Vec<Cell>>> {
    let mut combinations: Vec<Vec<Cell>> = Vec::new();
    for row in rows {
        let one: Vec<Cell> = further.iter().map(|c| row[*c].clone()).collect();
        if !combinations.contains(&one) {
            combinations.push(one);
        }
        if combinations.len() * columns > MOST_PANELS {
            let names: Vec<&str> = further.iter().map(|c| table.columns[*c].name.as_str()).collect();
            bail!(
                "a figure holds at most {MOST_PANELS} maps, and {} columns for every combination of {} make more; sweep fewer values, or draw fewer columns",
                columns,
                if names.is_empty() { "nothing".into() } else { names.join(", ") }
            );
        }
    }
    Ok(combinations)
}

/// The place of a column that holds numbers.
fn numbers(table: &Table, name: &str) -> anyhow::Result<usize> {
    let column = table.place(name)?;
    match table.rows.iter().find(|row| matches!(row[column], Cell::Text(_))) {
        Some(row) => bail!("`{name}` holds words ({}), which have no place in a map", row[column]),
        None => Ok(column),
    }
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

/// What tells a panel apart: the values of parameters, the name of a system.
fn caption(table: &Table, columns: &[usize], values: &[Cell]) -> String {
    let word = |(column, value): (&usize, &Cell)| match &table.columns[*column] {
        heading if heading.role == Role::Label => value.short(),
        heading => format!("{} = {}", heading.symbol, value.short()),
    };
    columns.iter().zip(values).map(word).collect::<Vec<_>>().join(", ")
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

/// Finite numbers as keys.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ordered(Option<f64>);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let value = |one: &Ordered| one.0.unwrap_or(f64::NEG_INFINITY);
        value(self).total_cmp(&value(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use overlaps::output::Column;

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

    fn over(x: &str, y: &str) -> Axes {
        Axes { x: x.into(), x_log: true, y: y.into(), y_log: false }
    }

    fn drawn(table: &Table, columns: &[&str]) -> anyhow::Result<Figure> {
        let columns: Vec<String> = columns.iter().map(|c| c.to_string()).collect();
        map(table, &over("n", "p"), &columns, "title", "")
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
            (map(&wide(1), &over("n", "n"), &[], "", ""), "n twice"),
        ] {
            let message = result.unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
