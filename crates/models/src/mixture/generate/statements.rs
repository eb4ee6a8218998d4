//! What arXiv:2501.00988 states of noise schedules (`papers/2501.00988.toml`), each beside what was measured.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::report::Exponent;
use crate::mixture::generate::accuracy::Feature;
use crate::mixture::generate::steps::{Row, What};
use crate::mixture::{Schedule, Setting, Target};
use overlaps::experiment::Failure;
use overlaps::output::json::number;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::paper::{Decided, Paper};

/// A statement with its verdict.
pub struct Statement {
    group: String,
    decided: Decided,
}

/// The statements on rows, each of which belongs to a group that has all dimensions and schedules.
///
/// # Errors
/// A statement that does not compile.
pub fn statements(
    rows: &[Row],
    groups: &[String],
    exponents: &[Exponent],
) -> Result<Vec<Statement>, Failure> {
    let mut by_group: IndexMap<&str, Vec<&Row>> = IndexMap::new();
    for row in rows {
        by_group.entry(groups[row.cell].as_str()).or_default().push(row);
    }
    let mut table = Table::new(columns());
    for (group, rows) in by_group {
        for schedule in [Schedule::Uniform, Schedule::Dilated] {
            let rows: Vec<&Row> = rows.iter().copied().filter(|r| r.setting.schedule == schedule).collect();
            let given = [Feature::High, Feature::Low].into_iter().filter_map(|f| at_fixed_steps(f, &rows));
            let needed = [Feature::High, Feature::Low, Feature::Both];
            let needed = needed.into_iter().filter_map(|f| steps_needed(f, &rows, exponents));
            for features in given.chain(needed) {
                table.push(features.cells(group))?;
            }
        }
    }
    let paper = Paper::load("2501.00988")?;
    let mut found = Vec::new();
    for statement in paper.statements_of("features") {
        found.extend(statement.decide(&table)?);
    }
    // In the order of what was measured; each is about one row.
    found.sort_by_key(|decided| decided.rows[0]);
    let group = |decided: &Decided| table.rows[decided.rows[0]][0].to_string();
    Ok(found.into_iter().map(|decided| Statement { group: group(&decided), decided }).collect())
}

/// What statements are about: the error of a feature at a fixed number of steps as d grows, or how the steps that it takes
/// grow.
struct Features<'r> {
    what: &'static str,
    setting: &'r Setting,
    feature: Feature,
    steps: Option<usize>,
    before: Option<(u64, f64)>,
    value: Option<f64>,
    error: Option<f64>,
    beyond: Option<u64>,
}

/// Their columns.
fn columns() -> Vec<Column> {
    let columns = [
        ("group", "the parameters that tell groups of rows apart", Role::Label),
        (
            "what",
            "given: an error at so many steps; needed: how the steps that an error takes grow",
            Role::Label,
        ),
        ("schedule", "schedule of the time", Role::Label),
        ("flow", "preserving or exploding, by its variance", Role::Label),
        (
            "level",
            "which feature: high (the fraction in mode +), low (what is inside a mode), both",
            Role::Label,
        ),
        ("feature", "the same in words", Role::Label),
        ("tried", "needed: whether more steps were needed than were tried: enough, or too few", Role::Label),
        ("steps", "given: so many; needed: those at the largest d", Role::Parameter),
        ("d", "the largest dimension", Role::Parameter),
        ("before_d", "given: the one before", Role::Parameter),
        ("before", "given: the error there", Role::Output),
        ("value", "given: the error; needed: the exponent of d", Role::Output),
        (
            "error",
            "given: its change from the d before; needed: what is not known of the exponent",
            Role::Output,
        ),
        ("lost", "the error of a flow that has lost the feature", Role::Output),
        ("beyond", "needed: the smallest d at which more steps are needed than were tried", Role::Output),
    ];
    columns.map(|(name, meaning, role)| Column::new(name, meaning, role)).into()
}

impl Features<'_> {
    fn cells(&self, group: &str) -> Vec<Cell> {
        let flow = if self.setting.interpolant.is_exploding() { "exploding" } else { "preserving" };
        let (level, words) = match (self.feature, self.what) {
            (Feature::High, _) => ("high", "the fraction"),
            (Feature::Low, "given") => ("low", "what is inside"),
            (Feature::Low, _) => ("low", "the inside"),
            (Feature::Both, _) => ("both", "both"),
        };
        let tried = if self.beyond.is_none() { "enough" } else { "too few" };
        let words = [group, self.what, self.setting.schedule.name(), flow, level, words, tried];
        let numbers = [
            Cell::from(self.steps),
            self.setting.d.into(),
            self.before.map(|(d, _)| d).into(),
            self.before.map(|(_, error)| error).into(),
            self.value.into(),
            self.error.into(),
            lost_error(self.setting, self.feature).into(),
            self.beyond.into(),
        ];
        words.map(Cell::from).into_iter().chain(numbers).collect()
    }
}

/// The error of a flow that has lost a feature: all samples in the larger mode, no variance in a mode, spins of size M.
fn lost_error(setting: &Setting, feature: Feature) -> f64 {
    match (feature, setting.target) {
        (Feature::High, _) => setting.p.min(1.0 - setting.p),
        (_, Target::Mixture { .. }) => 1.0,
        (_, Target::CurieWeiss { m, .. }) => 1.0 - m,
    }
}

/// What becomes of a feature at a fixed number of steps as d grows.
fn at_fixed_steps<'r>(feature: Feature, rows: &[&'r Row]) -> Option<Features<'r>> {
    let steps = rows.iter().find(|r| r.what == What::Given)?.steps;
    let mut given: Vec<&Row> =
        rows.iter().copied().filter(|r| r.what == What::Given && r.steps == steps).collect();
    given.sort_by_key(|r| r.setting.d);
    let [.., before, last] = given.as_slice() else { return None };
    let error = |r: &Row| r.accuracy.map(|a| feature.of(&a));
    let (now, earlier) = (error(last)?, error(before)?);
    Some(Features {
        what: "given",
        setting: &last.setting,
        feature,
        steps,
        before: Some((before.setting.d, earlier)),
        value: Some(now),
        error: Some((now - earlier).abs()),
        beyond: None,
    })
}

/// How the steps that a feature takes grow with d.
fn steps_needed<'r>(feature: Feature, rows: &[&'r Row], exponents: &[Exponent]) -> Option<Features<'r>> {
    let needed: Vec<&&Row> = rows.iter().filter(|r| r.what == What::Needed(feature)).collect();
    let first = needed.first()?;
    let found = exponents.iter().find(|e| e.cells.contains(&first.cell) && e.feature == feature);
    Some(Features {
        what: "needed",
        setting: &first.setting,
        feature,
        steps: found.map(|e| e.most),
        before: None,
        value: found.map(|e| e.last),
        error: found.map(|e| e.last_error),
        beyond: needed.iter().filter(|r| r.steps.is_none()).map(|r| r.setting.d).min(),
    })
}

impl Statement {
    /// For the side file.
    pub fn json(&self) -> Value {
        let claim = &self.decided.claim;
        json!({
            "for": self.group,
            "statement": claim.text,
            "measured": self.decided.measured,
            "value": number(claim.measured.value),
            "error": number(claim.measured.error),
            "verdict": claim.verdict.of_statement(),
        })
    }
}

/// All of them, aligned.
pub fn text(statements: &[Statement]) -> String {
    let width = |of: fn(&Decided) -> &str| {
        statements.iter().map(|s| of(&s.decided).chars().count()).max().unwrap_or(0)
    };
    let (claim, measured) = (width(|s| &s.claim.text), width(|s| &s.measured));
    let mut text = String::new();
    let mut group = None;
    for Statement { group: of, decided } in statements {
        if group != Some(of) {
            let of = if of.is_empty() { String::new() } else { format!(", {of}") };
            text += &format!("stated in arXiv:2501.00988{of}:\n");
        }
        group = Some(of);
        let verdict = decided.claim.verdict.of_statement();
        text += &format!("  {:claim$}   {:measured$}   {verdict}\n", decided.claim.text, decided.measured);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_compiles_over_these_columns() {
        let paper = Paper::load("2501.00988").unwrap();
        let table = Table::new(columns());
        for statement in paper.statements_of("features") {
            assert_eq!(statement.decide(&table).unwrap_or_else(|e| panic!("{e}")), []);
        }
        assert_eq!(paper.statements_of("features").count(), 13);
    }

    #[test]
    fn more_steps_than_were_tried_are_not_as_many_at_every_dimension() {
        let mut table = Table::new(columns());
        let setting = Setting::new(|name| (name == "d").then_some(1e6)).unwrap();
        let needed = |beyond| Features {
            what: "needed",
            setting: &setting,
            feature: Feature::Low,
            steps: Some(100),
            before: None,
            value: Some(0.001),
            error: Some(0.002),
            beyond,
        };
        for features in [needed(None), needed(Some(1_000_000))] {
            table.push(features.cells("")).unwrap();
        }
        let paper = Paper::load("2501.00988").unwrap();
        let mut found: Vec<Decided> =
            paper.statements_of("features").flat_map(|s| s.decide(&table).unwrap()).collect();
        found.sort_by_key(|decided| decided.rows[0]);
        let said: Vec<(&str, &str, &str)> = found
            .iter()
            .map(|d| (d.claim.text.as_str(), d.measured.as_str(), d.claim.verdict.of_statement()))
            .collect();
        let text = "dilated: steps for the inside ~ 1";
        assert_eq!(
            said,
            [
                (text, "d^(0.0010 ± 0.0020), 100 at the largest d", "holds"),
                (text, "more than were tried from d = 1e6 on", "fails")
            ]
        );
    }
}
