//! What `--verify` did and found, over all rows, in words.

use crate::solve::PieceCurve;
use crate::verify::{Report, Unverified, point};

/// How many rows that fail, and how many other solutions, are told one by one.
const SHOWN: usize = 8;

/// Counts over the rows that were verified.
#[derive(Debug, Default)]
pub struct Verification {
    rows: usize,
    /// Rows that failed.
    pub failed: usize,
    residual: f64,
    difference: f64,
    searches: Option<(usize, usize)>,
    scanned: usize,
    equations: bool,
    /// Whether rows were reached by following what moves again.
    moves: bool,
    /// Whether the file says which of several solutions is meant.
    selects: bool,
    failures: Vec<String>,
    others: Vec<String>,
    unverified: Vec<String>,
}

impl Verification {
    /// Counts the reports of a curve; `place` names the combination of swept values.
    pub fn count(&mut self, piece: &PieceCurve, place: &str, reports: &[(f64, Option<&Report>)]) {
        let control = &piece.piece.system.control.name;
        let moves = piece.piece.system.kind.moves();
        self.moves |= moves;
        self.equations |= !piece.piece.system.unknowns.is_empty() && !moves;
        self.selects |= piece.piece.system.equation_roots.energy.is_some();
        for (t, report) in reports {
            let Some(report) = report else { continue };
            self.rows += 1;
            self.residual = self.residual.max(report.residual);
            self.difference = self.difference.max(report.difference);
            if report.starts > 0 {
                let (least, most) = self.searches.unwrap_or((usize::MAX, 0));
                self.searches = Some((least.min(report.starts), most.max(report.starts)));
            }
            self.scanned = self.scanned.max(report.scanned);
            self.failed += usize::from(!report.disagreements.is_empty());
            for disagreement in &report.disagreements {
                self.failures.push(format!("{place}{control} = {t}: {disagreement}"));
            }
            for other in &report.others {
                self.others.push(format!("{place}{control} = {t}: {}", point(other)));
            }
            if let Some(reason) = &report.unverified {
                self.unverified.push(format!("{place}{control} = {t}: {reason}"));
            }
        }
    }

    /// A curve that could not be verified at all.
    pub fn refused(&mut self, place: &str, reason: &Unverified) {
        self.unverified.push(format!("{place}{reason}"));
    }

    /// Adds the counts of another cell.
    pub fn add(&mut self, other: Verification) {
        self.rows += other.rows;
        self.failed += other.failed;
        self.residual = self.residual.max(other.residual);
        self.difference = self.difference.max(other.difference);
        self.searches = match (self.searches, other.searches) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.scanned = self.scanned.max(other.scanned);
        self.equations |= other.equations;
        self.moves |= other.moves;
        self.selects |= other.selects;
        self.failures.extend(other.failures);
        self.others.extend(other.others);
        self.unverified.extend(other.unverified);
    }

    /// What is wrong, and what could not be verified.
    pub fn warnings(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        if self.failed > 0 {
            let (failed, rows) = (self.failed, self.rows);
            lines.push(format!(
                "verify: {failed} of {rows} rows are not right (status not-converged, outputs empty)"
            ));
        }
        lines.extend(some(&self.failures, "verify: "));
        lines.extend(some(&self.unverified, "verify: not verified: "));
        lines
    }

    /// What was done.
    pub fn notes(&self) -> Vec<String> {
        if self.rows == 0 {
            return Vec::new();
        }
        let mut line = format!("verify: {} rows: ", self.rows);
        if self.equations {
            line += &format!("equations vanish to {:.0e} of their terms, ", self.residual);
        }
        if self.moves {
            line += &format!("followed again by another method to within {:.0e}, ", self.residual);
        }
        line += &format!("outputs differ by at most {:.0e}", self.difference);
        if let Some((least, most)) = self.searches {
            let count = if least == most { most.to_string() } else { format!("{least} to {most}") };
            line += &format!(", {count} searches per row");
            if self.scanned > 0 {
                line += &format!(" and a scan of {} points", self.scanned);
            }
            let missed = match (self.selects, self.failed, self.others.len()) {
                (_, 1.., _) => String::new(),
                (true, ..) => " found nothing lower".to_string(),
                (false, _, 0) => " found nothing that was missed".to_string(),
                (false, _, others) => format!(" found {others} other solutions"),
            };
            line += &missed;
        }
        let mut lines = vec![line];
        let note = "verify: another solution, and the file does not say which is meant ([selection]): ";
        lines.extend(some(&self.others, note));
        lines
    }
}

/// The first lines, and how many more there are.
fn some(lines: &[String], before: &str) -> Vec<String> {
    let mut shown: Vec<String> = lines.iter().take(SHOWN).map(|line| format!("{before}{line}")).collect();
    if lines.len() > SHOWN {
        shown.push(format!("{before}{} more like these", lines.len() - SHOWN));
    }
    shown
}
