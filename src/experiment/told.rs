//! What is said of cells besides their rows.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Verification;

/// How many reasons and lines are kept: nobody reads more.
const KEPT: usize = 1000;

/// What is said of cells besides their rows.
#[derive(Debug, Default)]
pub struct Told {
    /// Changes and ends of branches, and rows that failed, for a side file.
    pub events: Vec<Json>,
    /// The same in words, and what else a reader of the rows should know.
    pub lines: Vec<String>,
    /// Outputs that are not a number somewhere (true), or infinite (false).
    pub undefined: BTreeSet<(String, bool)>,
    /// Why rows did not converge.
    pub reasons: Vec<String>,
    /// What a second look did and found.
    pub verification: Verification,
}

impl Told {
    /// Adds what is said of further cells.
    pub fn add(&mut self, other: Told) {
        self.undefined.extend(other.undefined);
        self.verification.add(other.verification);
        self.events.extend(other.events);
        if self.reasons.len() < KEPT {
            self.reasons.extend(other.reasons);
        }
        if self.lines.len() < KEPT {
            self.lines.extend(other.lines);
        }
    }
}
