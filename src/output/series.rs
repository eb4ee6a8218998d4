//! A column of a table as values of one kind: what programs that keep tables by columns take.

use super::table::{Cell, Table};

/// The values of a column, row by row.
#[derive(Debug, Clone, PartialEq)]
pub enum Series {
    /// Real numbers; NaN where there is none.
    Numbers(Vec<f64>),
    /// Counts, one in every row.
    Counts(Vec<u64>),
    /// Words; none where there is none. A number among words is the word that stands in the CSV.
    Words(Vec<Option<String>>),
}

impl Table {
    /// The column at a place.
    ///
    /// ```
    /// use overlaps::output::{Cell, Column, Role, Series, Table};
    ///
    /// let mut table = Table::new(vec![Column::new("m", "", Role::Output), Column::new("nodes", "", Role::Certificate)]);
    /// table.push(vec![Cell::Number(0.5), Cell::Integer(16)])?;
    /// table.push(vec![Cell::Missing, Cell::Integer(32)])?;
    /// assert!(matches!(table.series(0), Series::Numbers(m) if m[0] == 0.5 && m[1].is_nan()));
    /// assert_eq!(table.series(1), Series::Counts(vec![16, 32]));
    /// # Ok::<(), overlaps::output::OutputError>(())
    /// ```
    pub fn series(&self, place: usize) -> Series {
        let cells = || self.rows.iter().map(|row| &row[place]);
        if cells().any(|cell| matches!(cell, Cell::Text(_))) {
            let word = |cell: &Cell| (*cell != Cell::Missing).then(|| cell.to_string());
            return Series::Words(cells().map(word).collect());
        }
        let counts: Option<Vec<u64>> = cells()
            .map(|cell| match cell {
                Cell::Integer(count) => Some(*count),
                _ => None,
            })
            .collect();
        match counts.filter(|counts| !counts.is_empty()) {
            Some(counts) => Series::Counts(counts),
            None => Series::Numbers(cells().map(|cell| cell.number().unwrap_or(f64::NAN)).collect()),
        }
    }
}
