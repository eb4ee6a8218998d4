//! Rows → lines, and measured points with their errors: a panel for every column, a line for all rows that nothing tells apart.

use indexmap::IndexMap;

use super::words::label;
use super::{Chart, ChartError, Curve, Figure, LineStyle, Marks, PALETTE, Panel, Points, STYLES, room};
use crate::compare::statistics::Sample;
use crate::output::{Cell, Table};
use crate::solve::Special;

/// The most lines, and the most series of points, that a panel can hold and a reader tell apart.
pub(super) const MOST_LINES: usize = 14;
const MOST_SERIES: usize = PALETTE.len();

/// Rows that have the same values in some columns, in the order in which they come.
pub(super) fn groups<'t>(
    rows: impl IntoIterator<Item = &'t Vec<Cell>>,
    columns: &[usize],
) -> Vec<Vec<&'t Vec<Cell>>> {
    let mut groups: IndexMap<Vec<String>, Vec<&Vec<Cell>>> = IndexMap::new();
    for row in rows {
        groups.entry(columns.iter().map(|c| row[*c].to_string()).collect()).or_default().push(row);
    }
    groups.into_values().collect()
}

/// The mean of some values at x and its standard error, which is 0 for a single value; none without values.
pub fn mean(x: f64, values: Vec<f64>) -> Option<(f64, f64, f64)> {
    let sample = Sample { d: 1.0, values };
    let alone = || (x, sample.mean(), 0.0);
    let point = sample.estimate().map_or_else(alone, |estimate| (x, estimate.value, estimate.error));
    (!sample.values.is_empty()).then_some(point)
}

impl Chart {
    /// Columns along x. Lines in two numbers that are more than a figure can hold are a map.
    pub(super) fn of_lines(&self, table: &Table, special: &[Special]) -> Result<Figure, ChartError> {
        let place = |name: &String| table.place(name);
        let series: Vec<usize> = self.series.iter().map(place).collect::<Result<_, _>>()?;
        let (x, breaks) = (table.place(&self.x.column)?, ["branch", "piece"].map(|name| table.column(name)));
        let breaks: Vec<usize> = breaks.into_iter().flatten().collect();
        let groups = groups(&table.rows, &series);
        if self.marks == Marks::Means {
            room(groups.len(), MOST_SERIES, "series of points")?;
        } else if groups.len() > MOST_LINES {
            let axes = self.axes().ok_or_else(|| {
                ChartError::Given(format!(
                    "a figure holds at most {MOST_LINES} lines, and this sweep makes more; sweep fewer values, sweep two parameters for a map, or leave out --plot and draw from the CSV"
                ))
            })?;
            return self.map(table, &axes);
        }
        let branches = self.branches(table, special, (x, &series));
        let mut panels = Vec::new();
        for column in &self.y {
            let y = table.place(column)?;
            let mut panel = Panel::new(&table.columns[y].symbol);
            let mut drawn: Vec<(usize, LineStyle)> = Vec::new();
            for (colour, rows) in groups.iter().enumerate() {
                let label = match label(&table.columns, &series, rows[0]) {
                    words if words.is_empty() => self.alone.clone(),
                    words => words,
                };
                if self.marks == Marks::Means {
                    panel.points.push(Points::new(label, colour, means(rows, x, y)));
                    continue;
                }
                let is_first = |cell: &Cell, word: &String| matches!(cell, Cell::Text(text) if text == word);
                let first = series.first().map(|place| &rows[0][*place]);
                let own = self.lines.iter().find(|(word, _)| first.is_some_and(|cell| is_first(cell, word)));
                let line = own.or(self.lines.first()).map(|(_, line)| *line).unwrap_or_default();
                let style = told_apart(&mut drawn, (line, colour % PALETTE.len()));
                match &branches {
                    Some(branches) => panel.curves.extend(branches.curves(rows, y, &label, style)),
                    None => {
                        let segments = pieces(rows, (x, y), &breaks);
                        panel.curves.push(Curve { label, line: style.0, colour: style.1, segments });
                    }
                }
            }
            panel.curves.retain(|curve| !curve.segments.is_empty());
            panel.points.retain(|points| !points.data.is_empty());
            if let Some(branches) = &branches {
                panel.curves.extend(branches.key());
                panel.points.extend(branches.marks(y));
            }
            panels.push(panel);
        }
        Ok(Figure {
            title: self.title.clone(),
            subtitle: self.subtitle.clone(),
            x_label: table.columns[x].symbol.clone(),
            x_log: self.x.log,
            panels,
            ..Figure::default()
        })
    }
}

/// A style that no line before has: where the colours have gone around, another dash.
fn told_apart(drawn: &mut Vec<(usize, LineStyle)>, (line, colour): (LineStyle, usize)) -> (LineStyle, usize) {
    let own = STYLES.iter().position(|style| *style == line).unwrap_or_default();
    let mut styles = (0..STYLES.len()).map(|turn| STYLES[(own + turn) % STYLES.len()]);
    let style = styles.find(|style| !drawn.contains(&(colour, *style))).unwrap_or(line);
    drawn.push((colour, style));
    (style, colour)
}

/// Whether a line goes on from one row to the next.
pub(super) fn joined(before: &[Cell], row: &[Cell], breaks: &[usize]) -> bool {
    breaks.iter().all(|&i| before[i] == row[i])
}

/// A number that can be drawn.
pub(super) fn finite(cell: &Cell) -> Option<f64> {
    cell.number().filter(|value| value.is_finite())
}

/// The means at every x, in the order in which they come.
fn means(rows: &[&Vec<Cell>], x: usize, y: usize) -> Vec<(f64, f64, f64)> {
    let mut all: Vec<(f64, Vec<f64>)> = Vec::new();
    for (x, y) in rows.iter().filter_map(|row| row[x].number().zip(finite(&row[y]))) {
        match all.iter_mut().find(|(known, _)| *known == x) {
            Some((_, values)) => values.push(y),
            None => all.push((x, vec![y])),
        }
    }
    all.into_iter().filter_map(|(x, values)| mean(x, values)).collect()
}

/// Pieces to be drawn without a join between them: one ends where a column that `breaks` it changes, and where x or y is missing or not finite.
fn pieces(rows: &[&Vec<Cell>], (x, y): (usize, usize), breaks: &[usize]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut previous: Option<&Vec<Cell>> = None;
    for row in rows {
        let Some(point) = finite(&row[x]).zip(finite(&row[y])) else {
            previous = None;
            continue;
        };
        let goes_on = previous.is_some_and(|before| joined(before, row, breaks));
        match pieces.last_mut() {
            Some(piece) if goes_on => piece.push(point),
            _ => pieces.push(vec![point]),
        }
        previous = Some(row);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of rows of t, branch, ω.
    fn drawn(rows: &[(f64, &str, Cell)], breaks: &[usize]) -> Vec<Vec<(f64, f64)>> {
        let rows: Vec<Vec<Cell>> = rows
            .iter()
            .map(|(t, branch, omega)| vec![(*t).into(), (*branch).into(), omega.clone()])
            .collect();
        pieces(&rows.iter().collect::<Vec<_>>(), (0, 2), breaks)
    }

    #[test]
    fn a_curve_is_cut_where_the_branch_changes() {
        let rows = [
            (0.0, "constant", 0.0.into()),
            (0.1, "constant", 0.0.into()),
            (0.1, "informative", 0.3.into()),
            (0.2, "informative", 0.5.into()),
        ];
        assert_eq!(drawn(&rows, &[1]), [vec![(0.0, 0.0), (0.1, 0.0)], vec![(0.1, 0.3), (0.2, 0.5)]]);
        assert_eq!(drawn(&rows, &[]).len(), 1);
    }

    #[test]
    fn lines_are_told_apart_by_dashes_where_colours_have_gone_around() {
        let mut drawn = Vec::new();
        let styles: Vec<_> =
            (0..MOST_LINES).map(|k| told_apart(&mut drawn, (LineStyle::Solid, k % PALETTE.len()))).collect();
        assert_eq!(styles[PALETTE.len() - 1], (LineStyle::Solid, PALETTE.len() - 1));
        assert_eq!(styles[PALETTE.len()], (LineStyle::Dashed, 0));
        assert!((0..styles.len()).all(|k| !styles[..k].contains(&styles[k])));
    }

    #[test]
    fn a_curve_is_cut_at_missing_and_infinite_values() {
        let rows = [
            (0.0, "a", 1.0.into()),
            (0.1, "a", Cell::Missing),
            (0.2, "a", 2.0.into()),
            (0.3, "a", f64::INFINITY.into()),
            (0.4, "a", f64::NAN.into()),
            (0.5, "a", 3.0.into()),
        ];
        assert_eq!(drawn(&rows, &[1]), [vec![(0.0, 1.0)], vec![(0.2, 2.0)], vec![(0.5, 3.0)]]);
    }
}
