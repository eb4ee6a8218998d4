//! The cells of a heat map laid out as a grid: edges midway between neighbouring values, and what fills each cell.

use super::axis::{Axis, Scale};
use super::{HeatMap, MapCell, colours};

/// Half the width of a lone cell: a fraction of its value on a linear scale, of a decade on a logarithmic one.
const LONE: (f64, f64) = (0.2, 0.5);

/// The cells of a heat map, row by row from the lowest.
#[derive(Debug)]
pub struct Grid<'a> {
    /// The edges of the columns, rising, in the values of x.
    pub x_edges: Vec<f64>,
    /// The edges of the rows.
    pub y_edges: Vec<f64>,
    cells: Vec<Option<&'a MapCell>>,
}

/// What fills a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filling {
    /// A level of the colour map.
    Level(usize),
    /// The value is infinite.
    Infinite,
    /// There is no value.
    Missing,
}

/// Cells with the same filling that touch within a row: columns from..to of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The row, counted from the lowest.
    pub row: usize,
    /// The first column.
    pub from: usize,
    /// The column after the last.
    pub to: usize,
    /// What fills them.
    pub filling: Filling,
}

impl<'a> Grid<'a> {
    /// The grid of the values of x and y that occur and have a place on these scales; where a place occurs twice, the
    /// later cell counts. Nothing if there are none.
    pub fn of(map: &'a HeatMap, x_scale: Scale, y_scale: Scale) -> Option<Self> {
        let shown = || map.cells.iter().filter(|cell| x_scale.shows(cell.x) && y_scale.shows(cell.y));
        let distinct = |of: fn(&MapCell) -> f64| {
            let mut values: Vec<f64> = shown().map(of).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            values
        };
        let (xs, ys) = (distinct(|cell| cell.x), distinct(|cell| cell.y));
        if xs.is_empty() {
            return None;
        }
        let mut cells = vec![None; xs.len() * ys.len()];
        for cell in shown() {
            // Every value is among those that occur.
            let index = |values: &[f64], value: f64| values.partition_point(|known| *known < value);
            cells[index(&ys, cell.y) * xs.len() + index(&xs, cell.x)] = Some(cell);
        }
        Some(Grid { x_edges: edges(&xs, x_scale), y_edges: edges(&ys, y_scale), cells })
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.x_edges.len() - 1
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.y_edges.len() - 1
    }

    /// The region of a cell that has a value; empty for others.
    pub fn region(&self, column: usize, row: usize) -> &'a str {
        let cell = self.cells[row * self.columns() + column].filter(|cell| !cell.value.is_nan());
        cell.map_or("", |cell| &cell.region)
    }

    /// What fills a cell, with the colours laid out along an axis.
    pub fn filling(&self, column: usize, row: usize, colours_along: Option<&Axis>) -> Filling {
        let value = self.cells[row * self.columns() + column].map_or(f64::NAN, |cell| cell.value);
        match colours_along {
            _ if value.is_nan() => Filling::Missing,
            Some(axis) if axis.shows(value) => Filling::Level(colours::level(axis.fraction(value))),
            _ => Filling::Infinite,
        }
    }

    /// Every cell, merged along the rows.
    pub fn runs(&self, colours_along: Option<&Axis>) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for row in 0..self.rows() {
            for column in 0..self.columns() {
                let filling = self.filling(column, row, colours_along);
                match runs.last_mut() {
                    Some(last) if (last.row, last.to, last.filling) == (row, column, filling) => last.to += 1,
                    _ => runs.push(Run { row, from: column, to: column + 1, filling }),
                }
            }
        }
        runs
    }
}

/// The edges of cells around these rising values: midway between neighbours in the measure of the scale, and as far
/// outside the first and the last.
fn edges(values: &[f64], scale: Scale) -> Vec<f64> {
    let measures: Vec<f64> = values.iter().map(|value| scale.measure(*value)).collect();
    let mut middles: Vec<f64> = measures.windows(2).map(|pair| pair[0] + (pair[1] - pair[0]) / 2.0).collect();
    let (first, last) = (measures[0], measures[measures.len() - 1]);
    let lone = match scale {
        Scale::Linear if first == 0.0 => 1.0,
        Scale::Linear => LONE.0 * first.abs(),
        Scale::Logarithmic => LONE.1,
    };
    let before = middles.first().map_or(first - lone, |middle| first - (middle - first));
    let after = middles.last().map_or(last + lone, |middle| last + (last - middle));
    middles.insert(0, before);
    middles.push(after);
    middles.into_iter().map(|measure| scale.value(measure)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(cells: &[(f64, f64, f64)]) -> HeatMap {
        let cell = |&(x, y, value): &(f64, f64, f64)| MapCell { x, y, value, region: "a".into() };
        HeatMap { cells: cells.iter().map(cell).collect(), ..HeatMap::default() }
    }

    #[test]
    fn edges_lie_midway_between_values_that_need_not_be_evenly_spaced() {
        assert_eq!(edges(&[0.0, 1.0, 3.0], Scale::Linear), [-0.5, 0.5, 2.0, 4.0]);
        let of_decades = edges(&[1.0, 100.0, 1000.0], Scale::Logarithmic);
        for (edge, expected) in of_decades.iter().zip([-1.0, 1.0, 2.5, 3.5]) {
            assert!((edge.log10() - expected).abs() < 1e-14, "{edge}");
        }
        assert_eq!(edges(&[5.0], Scale::Linear), [4.0, 6.0]);
    }

    #[test]
    fn cells_may_come_in_any_order_and_leave_gaps() {
        let map = map(&[(2.0, 1.0, 0.3), (1.0, 0.0, 0.1), (2.0, 0.0, f64::INFINITY), (-1.0, 1.0, 7.0)]);
        let grid = Grid::of(&map, Scale::Logarithmic, Scale::Linear).unwrap();
        assert_eq!((grid.columns(), grid.rows()), (2, 2), "a negative x has no place");
        let axis = Axis::around([0.1, 0.3].into_iter(), Scale::Linear, 0.0, 6).unwrap();
        let filling = |column, row| grid.filling(column, row, Some(&axis));
        assert_eq!(filling(0, 0), Filling::Level(0));
        assert_eq!(filling(1, 0), Filling::Infinite);
        assert_eq!(filling(0, 1), Filling::Missing);
        assert_eq!(filling(1, 1), Filling::Level(colours::LEVELS - 1));
        assert_eq!((grid.region(1, 1), grid.region(0, 1)), ("a", ""));
    }

    #[test]
    fn cells_of_one_colour_are_merged_along_their_row() {
        let cells: Vec<_> =
            (0..20).map(|k| (f64::from(k % 10), f64::from(k / 10), f64::from(k % 10 / 5))).collect();
        let map = map(&cells);
        let grid = Grid::of(&map, Scale::Linear, Scale::Linear).unwrap();
        let axis = Axis::around([0.0, 1.0].into_iter(), Scale::Linear, 0.0, 6).unwrap();
        let runs = grid.runs(Some(&axis));
        let ends: Vec<_> = runs.iter().map(|run| (run.row, run.from, run.to)).collect();
        assert_eq!(ends, [(0, 0, 5), (0, 5, 10), (1, 0, 5), (1, 5, 10)]);
    }
}
