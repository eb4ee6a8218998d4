//! From a table to the curves of a figure: one column against another, cut where it must not be
//! joined.

use overlaps::output::{Cell, Table};

/// Column `y` against column `x` in row order, as pieces to be drawn without a join between them.
///
/// A piece ends where one of the columns `breaks` (branch, piece, a swept parameter) changes, and
/// where `x` or `y` is missing or not finite. Names in `breaks` that the table lacks are passed
/// over; if it lacks `x` or `y`, there are no pieces.
pub fn curves_of(table: &Table, x: &str, y: &str, breaks: &[&str]) -> Vec<Vec<(f64, f64)>> {
    let (Some(x), Some(y)) = (table.column(x), table.column(y)) else {
        return Vec::new();
    };
    let breaks: Vec<usize> = breaks.iter().filter_map(|name| table.column(name)).collect();
    let finite = |cell: &Cell| cell.number().filter(|value| value.is_finite());

    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut previous: Option<&Vec<Cell>> = None;
    for row in &table.rows {
        let Some(point) = finite(&row[x]).zip(finite(&row[y])) else {
            previous = None;
            continue;
        };
        let joined = previous.is_some_and(|before| breaks.iter().all(|&i| before[i] == row[i]));
        match pieces.last_mut() {
            Some(piece) if joined => piece.push(point),
            _ => pieces.push(vec![point]),
        }
        previous = Some(row);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use overlaps::output::{Column, Role};

    fn table(rows: &[(f64, &str, Cell)]) -> Table {
        let mut table = Table::new(vec![
            Column::new("t", "", Role::Control),
            Column::new("branch", "", Role::Label),
            Column::new("omega", "", Role::Output),
        ]);
        for (t, branch, omega) in rows {
            let row = vec![(*t).into(), (*branch).into(), omega.clone()];
            table.push(row).unwrap();
        }
        table
    }

    #[test]
    fn a_curve_is_cut_where_the_branch_changes() {
        let table = table(&[
            (0.0, "constant", 0.0.into()),
            (0.1, "constant", 0.0.into()),
            (0.1, "informative", 0.3.into()),
            (0.2, "informative", 0.5.into()),
        ]);
        assert_eq!(
            curves_of(&table, "t", "omega", &["piece", "branch"]),
            [vec![(0.0, 0.0), (0.1, 0.0)], vec![(0.1, 0.3), (0.2, 0.5)]]
        );
        assert_eq!(curves_of(&table, "t", "omega", &[]).len(), 1);
    }

    #[test]
    fn a_curve_is_cut_at_missing_and_infinite_values() {
        let table = table(&[
            (0.0, "a", 1.0.into()),
            (0.1, "a", Cell::Missing),
            (0.2, "a", 2.0.into()),
            (0.3, "a", f64::INFINITY.into()),
            (0.4, "a", f64::NAN.into()),
            (0.5, "a", 3.0.into()),
        ]);
        assert_eq!(
            curves_of(&table, "t", "omega", &["branch"]),
            [vec![(0.0, 1.0)], vec![(0.2, 2.0)], vec![(0.5, 3.0)]]
        );
    }

    #[test]
    fn an_unknown_column_gives_no_curves() {
        assert!(curves_of(&table(&[]), "t", "b", &[]).is_empty());
    }
}
