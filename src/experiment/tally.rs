//! Counts over all rows of a solve, as they pass by.

use crate::output::Table;
use crate::study::Counts;

/// Counts over all rows of a solve.
#[derive(Debug, Default)]
pub struct Tally {
    /// Rows.
    pub rows: usize,
    /// Those that did not converge.
    pub failed: usize,
    /// The largest error of an average.
    pub worst_quadrature: f64,
    /// The most nodes of an average.
    pub nodes: u64,
    /// The largest difference that a second look found; NaN where it found something else.
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
