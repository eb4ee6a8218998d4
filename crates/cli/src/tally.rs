//! Counts over all rows of a table, as they pass by.

use overlaps::output::Table;
use overlaps::study::Counts;

/// Counts over all rows.
#[derive(Default)]
pub struct Tally {
    pub rows: usize,
    pub failed: usize,
    pub worst_quadrature: f64,
    pub nodes: u64,
    pub verify_difference: Option<f64>,
}

impl Tally {
    /// How many rows there are, and how many did not converge.
    pub fn counts(&self) -> Counts {
        Counts { rows: self.rows as u64, not_converged: self.failed as u64, disagreeing: 0 }
    }

    /// Adds some rows.
    pub fn count(&mut self, table: &Table) {
        let numbers = |name: &str| table.numbers(name).into_iter().flatten().flatten();
        self.rows += table.rows.len();
        self.failed += table.rows.iter().filter(|row| table.failed(row)).count();
        self.worst_quadrature = numbers("quadrature_error").fold(self.worst_quadrature, f64::max);
        self.nodes = numbers("nodes").fold(self.nodes, |most, nodes| most.max(nodes as u64));
        for difference in numbers("verify_difference") {
            let worst = self.verify_difference.unwrap_or(0.0);
            // Not a number is worse than any.
            self.verify_difference = Some(if difference <= worst { worst } else { difference });
        }
    }
}
