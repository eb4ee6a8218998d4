//! Theories with their verdicts, as a table.

use super::measurements::Measurements;
use super::predictions::Predictions;
use super::verdict::{Comparison, Judged, POWERS_AT_FINITE_D, Rules, judge};
use crate::output::{Cell, Column, Role};
use crate::solve::Settings;
use crate::system::Theory;
use crate::value::Value;

/// A theory with what came out, at each d or in the limit.
#[derive(Debug, Clone)]
pub struct Answer<'t> {
    /// What the theory says.
    pub predictions: Predictions<'t>,
    /// Whether the comparison is in the limit d → ∞.
    pub in_the_limit: bool,
    /// What d is called.
    pub size: String,
    /// What came out.
    pub judged: Judged,
}

/// The answers of several theories, of which the first is the one in question.
#[derive(Debug, Clone, Default)]
pub struct Answers<'t> {
    /// The answers.
    pub all: Vec<Answer<'t>>,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// Where a theory did not converge.
    pub warnings: Vec<String>,
}

impl<'t> Answers<'t> {
    /// Solves the theories for all measurements and judges each; `given` are parameters that the measurements do not have.
    ///
    /// # Errors
    /// The first theory does not apply to any of the measurements: why.
    pub fn new(
        theories: &'t [Theory],
        measurements: &Measurements,
        given: &[(String, Value)],
        settings: Settings,
        rules: &Rules,
    ) -> Result<Answers<'t>, String> {
        let mut answers = Answers::default();
        let mut dimensions: Vec<f64> = measurements.rows.iter().map(|row| row.d).collect();
        dimensions.sort_by(f64::total_cmp);
        dimensions.dedup();
        for (index, theory) in theories.iter().enumerate() {
            let predictions = Predictions::new(theory, measurements, given, settings);
            if let Some(reason) = &predictions.not_applicable {
                let all = predictions.refused == measurements.rows.len();
                if all && index == 0 {
                    return Err(reason.clone());
                }
                if all || index == 0 {
                    let what = match all {
                        true => format!("{} is left out", theory.name()),
                        false => format!("{} rows are left out", predictions.refused),
                    };
                    answers.notes.push(format!("{what}: {reason}"));
                }
                if all {
                    continue;
                }
            }
            if !predictions.failed.is_empty() {
                let failed: Vec<String> = predictions.failed.iter().map(f64::to_string).collect();
                answers.warnings.push(format!(
                    "{} did not converge at {} = {}; nothing is compared there",
                    theory.name(),
                    theory.control.name,
                    failed.join(", ")
                ));
            }
            let anything = predictions.values.iter().flatten().any(|x| !x.is_nan());
            if index > 0 && !anything {
                continue;
            }
            if let Some(several) = &predictions.several {
                answers.notes.push(format!("{}: {several}", theory.name()));
            }
            // A theory of finite d has a second answer in the limit, where there are dimensions enough.
            let at_each_d = predictions.at_each_d;
            let again = at_each_d && dimensions.len() > POWERS_AT_FINITE_D.len();
            for in_the_limit in [!at_each_d].into_iter().chain(again.then_some(true)) {
                let judged = judge(measurements, predictions.predicted(), in_the_limit, rules);
                let (predictions, size) = (predictions.clone(), measurements.size.clone());
                answers.all.push(Answer { predictions, in_the_limit, size, judged });
            }
        }
        Ok(answers)
    }
}

impl Answer<'_> {
    /// Its name in tables: a theory of finite d has a second row for its limit.
    pub fn name(&self) -> String {
        let name = self.predictions.theory.name();
        if self.in_the_limit && self.predictions.at_each_d {
            format!("{name}, {} → ∞", self.size)
        } else {
            name.to_string()
        }
    }

    /// How it is compared, in a word for files.
    pub fn compared(&self) -> &'static str {
        if self.in_the_limit { "limit" } else { "at-each-d" }
    }

    /// The columns of a comparison, behind those that say where it is made, where d is called so.
    pub fn columns(size: &str) -> Vec<Column> {
        let mut columns: Vec<Column> = [
            ("theory", "system of equations", Role::Label),
            ("compared", "at-each-d, or limit: after extrapolation to d → ∞", Role::Label),
            ("d", "dimension; inf: extrapolated", Role::Parameter),
            ("overlap", "which overlap", Role::Label),
            ("measured", "mean over seeds, or its extrapolation", Role::Output),
            ("error", "standard error of measured − predicted", Role::Output),
            ("predicted", "what the theory says", Role::Output),
            ("difference", "measured − predicted", Role::Output),
            ("z", "difference over standard error", Role::Certificate),
            ("freedom", "degrees of freedom of the standard error", Role::Certificate),
            ("p_value", "probability of such a difference by chance (Student's t)", Role::Certificate),
            ("p_holm", "with Holm's correction over all comparisons of the theory", Role::Certificate),
            ("status", "consistent or rejected", Role::Certificate),
        ]
        .map(|(name, meaning, role)| Column::new(name, meaning, role))
        .into();
        columns[2].name = size.into();
        columns
    }

    /// A comparison under these columns.
    pub fn cells(&self, measurements: &Measurements, c: &Comparison, rules: &Rules) -> Vec<Cell> {
        let mut cells = [self.predictions.theory.name(), self.compared()].map(Cell::from).to_vec();
        cells.push(Cell::Number(c.place.d));
        cells.push(Cell::from(measurements.overlaps[c.place.overlap].as_str()));
        cells.extend([c.measured, c.difference.error, c.predicted, c.difference.value].map(Cell::Number));
        cells.extend([c.z, c.difference.freedom, c.p, c.p_holm].map(Cell::Number));
        cells.push(Cell::from(if c.p_holm < rules.level { "rejected" } else { "consistent" }));
        cells
    }
}
