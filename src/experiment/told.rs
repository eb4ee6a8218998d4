//! What is said of cells besides their rows.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Verification;
use crate::solve::Special;
use crate::study::Counts;

/// How many rows are told one by one why they did not converge.
pub(super) const REASONS: usize = 6;

/// How many reasons and lines are kept: nobody reads more.
const KEPT: usize = 1000;

/// What is said of cells besides their rows.
#[derive(Debug, Default)]
pub struct Told {
    /// Changes and ends of branches, and rows that failed, for a side file.
    pub events: Vec<Json>,
    /// The same in words, and what else a reader of the rows should know.
    pub lines: Vec<String>,
    /// Where branches fold and cross, if all are asked for.
    pub special: Vec<Special>,
    /// Outputs that are not a number somewhere (true), or infinite (false).
    pub undefined: BTreeSet<(String, bool)>,
    /// Why rows did not converge.
    pub reasons: Vec<String>,
    /// What a second look did and found.
    pub verification: Verification,
}

impl Told {
    /// What is not as it should be among rows of which so many did not converge, in words.
    pub fn warnings(&self, counts: Counts) -> Vec<String> {
        let Told { reasons, verification, undefined, .. } = self;
        let mut lines = Vec::new();
        for (nan, what) in [
            (true, "is not a number in some rows, which are left empty there"),
            (false, "is infinite in some rows"),
        ] {
            let names: Vec<&str> =
                undefined.iter().filter(|(_, n)| *n == nan).map(|(name, _)| name.as_str()).collect();
            if !names.is_empty() {
                lines.push(format!("{} {what}", names.join(", ")));
            }
        }
        let failed = counts.not_converged.saturating_sub(verification.failed as u64);
        if failed > 0 {
            lines.push(format!(
                "{failed} of {} rows did not converge (status not-converged, outputs empty){}",
                counts.rows,
                if reasons.is_empty() { "" } else { ":" }
            ));
            lines.extend(reasons.iter().take(REASONS).cloned());
            if reasons.len() > REASONS {
                lines.push("why the others did not is in the JSON side file".into());
            }
        }
        lines.extend(verification.warnings());
        lines
    }

    /// Adds what is said of further cells.
    pub fn add(&mut self, other: Told) {
        self.undefined.extend(other.undefined);
        self.verification.add(other.verification);
        self.events.extend(other.events);
        self.special.extend(other.special);
        if self.reasons.len() < KEPT {
            self.reasons.extend(other.reasons);
        }
        if self.lines.len() < KEPT {
            self.lines.extend(other.lines);
        }
    }
}
