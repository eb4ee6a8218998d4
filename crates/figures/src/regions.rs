//! The regions of a heat map: the lines between them along the edges of cells, and where the name of each stands.

use std::collections::BTreeMap;

use super::grid::Grid;

/// A corner of cells: the number of the edge along x, and along y.
pub type Corner = (usize, usize);

/// The lines between cells of different regions, joined into paths as long as can be, with corners only where they
/// turn. Cells without a region bound nothing.
pub fn boundaries(grid: &Grid) -> Vec<Vec<Corner>> {
    let differ = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    let mut neighbours: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
    let mut join = |a: Corner, b: Corner| {
        neighbours.entry(a).or_default().push(b);
        neighbours.entry(b).or_default().push(a);
    };
    for row in 0..grid.rows() {
        for column in 0..grid.columns() {
            let here = grid.region(column, row);
            if column > 0 && differ(here, grid.region(column - 1, row)) {
                join((column, row), (column, row + 1));
            }
            if row > 0 && differ(here, grid.region(column, row - 1)) {
                join((column, row), (column + 1, row));
            }
        }
    }
    let mut paths = Vec::new();
    // From the ends and forks first, so that what is left are closed lines.
    let ends = |neighbours: &BTreeMap<Corner, Vec<Corner>>| {
        neighbours.iter().find(|(_, others)| others.len() % 2 == 1).map(|(corner, _)| *corner)
    };
    while let Some(start) = ends(&neighbours).or_else(|| neighbours.keys().next().copied()) {
        let mut path = vec![start];
        let mut here = start;
        while let Some(next) = take_edge(&mut neighbours, here, &path) {
            path.push(next);
            here = next;
        }
        paths.push(without_straight_corners(&path));
    }
    paths
}

/// Takes an edge at a corner, straight on if there is one, and gives its other end.
fn take_edge(
    neighbours: &mut BTreeMap<Corner, Vec<Corner>>,
    here: Corner,
    path: &[Corner],
) -> Option<Corner> {
    let others = neighbours.get(&here)?;
    let straight =
        path.len().checked_sub(2).and_then(|i| others.iter().find(|o| in_line(path[i], here, **o)));
    let next = *straight.or(others.first())?;
    for (from, to) in [(here, next), (next, here)] {
        if let Some(others) = neighbours.get_mut(&from) {
            others.retain(|other| *other != to);
            if others.is_empty() {
                neighbours.remove(&from);
            }
        }
    }
    Some(next)
}

fn in_line(a: Corner, b: Corner, c: Corner) -> bool {
    (a.0 == b.0 && b.0 == c.0) || (a.1 == b.1 && b.1 == c.1)
}

fn without_straight_corners(path: &[Corner]) -> Vec<Corner> {
    let mut kept: Vec<Corner> = Vec::new();
    for corner in path {
        if let [.., a, b] = kept[..]
            && in_line(a, b, *corner)
        {
            kept.pop();
        }
        kept.push(*corner);
    }
    kept
}

/// The names of the regions, in the order in which they are met from the lowest row.
pub fn names<'a>(grid: &Grid<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for row in 0..grid.rows() {
        for column in 0..grid.columns() {
            let name = grid.region(column, row);
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The middle of a box of this width and height that lies within a region, as far from its boundary as can be; nothing
/// if there is no room. Edges are places on the sheet: x rising, y falling from row to row.
pub fn room_for(
    grid: &Grid,
    region: &str,
    (x_edges, y_edges): (&[f64], &[f64]),
    (width, height): (f64, f64),
) -> Option<(f64, f64)> {
    let (columns, rows) = (grid.columns(), grid.rows());
    // Cells outside the region, summed from the lower left.
    let mut outside = vec![0_u32; (columns + 1) * (rows + 1)];
    let at = |column: usize, row: usize| row * (columns + 1) + column;
    for row in 0..rows {
        for column in 0..columns {
            let one = u32::from(grid.region(column, row) != region);
            outside[at(column + 1, row + 1)] =
                one + outside[at(column, row + 1)] + outside[at(column + 1, row)] - outside[at(column, row)];
        }
    }
    let middle = |edges: &[f64], index: usize| (edges[index] + edges[index + 1]) / 2.0;
    let (left, right, bottom, top) = (x_edges[0], x_edges[columns], y_edges[0], y_edges[rows]);
    let fits = |scale: f64| {
        let (half_width, half_height) = (width * scale / 2.0, height * scale / 2.0);
        let mut centres = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        centres.find_map(|(column, row)| {
            let (x, y) = (middle(x_edges, column), middle(y_edges, row));
            let within = x - half_width >= left
                && x + half_width <= right
                && y + half_height <= bottom
                && y - half_height >= top;
            if !within {
                return None;
            }
            let from = x_edges.partition_point(|edge| *edge <= x - half_width).saturating_sub(1);
            let to = x_edges.partition_point(|edge| *edge < x + half_width).min(columns);
            let low = y_edges.partition_point(|edge| *edge >= y + half_height).saturating_sub(1);
            let high = y_edges.partition_point(|edge| *edge > y - half_height).min(rows);
            let free = outside[at(to, high)] + outside[at(from, low)]
                == outside[at(from, high)] + outside[at(to, low)];
            free.then_some((x, y))
        })
    };
    let mut best = fits(1.0)?;
    let (mut small, mut large) = (1.0, 64.0);
    for _ in 0..12 {
        let scale = f64::sqrt(small * large);
        match fits(scale) {
            Some(place) => (best, small) = (place, scale),
            None => large = scale,
        }
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use super::super::axis::Scale;
    use super::*;
    use overlaps::chart::{HeatMap, MapCell};

    /// A map drawn with letters, the highest row first; a blank is no region.
    fn drawn(rows: &[&str]) -> HeatMap {
        let mut cells = Vec::new();
        for (y, row) in rows.iter().rev().enumerate() {
            for (x, region) in row.chars().enumerate() {
                let region = region.to_string().trim().to_string();
                cells.push(MapCell { x: x as f64, y: y as f64, value: 0.0, region });
            }
        }
        HeatMap { cells, ..HeatMap::default() }
    }

    fn of(rows: &[&str], check: impl Fn(&Grid)) {
        let map = drawn(rows);
        check(&Grid::of(&map, Scale::Linear, Scale::Linear).unwrap());
    }

    #[test]
    fn a_staircase_is_one_line_that_turns_at_corners() {
        of(&["aabb", "aabb", "abbb"], |grid| {
            assert_eq!(boundaries(grid), [[(1, 0), (1, 1), (2, 1), (2, 3)]]);
            assert_eq!(names(grid), ["a", "b"]);
        });
    }

    #[test]
    fn an_island_has_a_closed_line_and_a_gap_bounds_nothing() {
        of(&["aaaa", "abb ", "aaaa"], |grid| {
            let lines = boundaries(grid);
            assert_eq!(lines, [[(3, 1), (1, 1), (1, 2), (3, 2)]]);
        });
        of(&["aaa", "aba", "aaa"], |grid| {
            let lines = boundaries(grid);
            assert_eq!(lines.len(), 1);
            assert_eq!((lines[0].first(), lines[0].len()), (lines[0].last(), 5));
        });
    }

    #[test]
    fn every_edge_between_regions_is_drawn_once() {
        of(&["abab", "baba", "abab"], |grid| {
            let length = |path: &Vec<Corner>| -> usize {
                path.windows(2)
                    .map(|pair| pair[0].0.abs_diff(pair[1].0) + pair[0].1.abs_diff(pair[1].1))
                    .sum()
            };
            assert_eq!(boundaries(grid).iter().map(length).sum::<usize>(), 3 * 3 + 2 * 4);
        });
    }

    #[test]
    fn a_name_stands_where_there_is_most_room() {
        of(&["aaaaab", "aaaaab", "aaaaab", "bbbbbb"], |grid| {
            let x: Vec<f64> = (0..=6).map(|k| 10.0 * f64::from(k)).collect();
            let y: Vec<f64> = (0..=4).map(|k| 40.0 - 10.0 * f64::from(k)).collect();
            assert_eq!(room_for(grid, "a", (&x, &y), (10.0, 6.0)), Some((25.0, 15.0)));
            assert_eq!(room_for(grid, "b", (&x, &y), (30.0, 12.0)), None);
            assert_eq!(room_for(grid, "b", (&x, &y), (30.0, 8.0)).map(|place| place.1), Some(35.0));
        });
    }
}
