//! Counts over all rows of a table, as they pass by.

use overlaps::output::{Cell, Column, Status};

/// Counts over all rows.
pub struct Tally {
    pub rows: usize,
    pub failed: usize,
    pub worst_quadrature: f64,
    pub nodes: u64,
    pub verify_difference: Option<f64>,
    status_column: Option<usize>,
    quadrature_column: Option<usize>,
    nodes_column: Option<usize>,
    verify_column: Option<usize>,
}

impl Tally {
    pub fn new(columns: &[Column]) -> Self {
        let place = |name: &str| columns.iter().position(|c| c.name == name);
        Tally {
            rows: 0,
            failed: 0,
            worst_quadrature: 0.0,
            nodes: 0,
            verify_difference: None,
            status_column: place("status"),
            quadrature_column: place("quadrature_error"),
            nodes_column: place("nodes"),
            verify_column: place("verify_difference"),
        }
    }

    pub fn count(&mut self, row: &[Cell]) {
        self.rows += 1;
        if self.status_column.is_some_and(|c| row[c].is(Status::NotConverged)) {
            self.failed += 1;
        }
        let value = |column: Option<usize>| column.and_then(|c| row[c].number());
        self.worst_quadrature = self.worst_quadrature.max(value(self.quadrature_column).unwrap_or(0.0));
        if let Some(Cell::Integer(n)) = self.nodes_column.map(|c| &row[c]) {
            self.nodes = self.nodes.max(*n);
        }
        if let Some(d) = value(self.verify_column) {
            let worst = self.verify_difference.unwrap_or(0.0);
            self.verify_difference = Some(if d <= worst { worst } else { d });
        }
    }
}
