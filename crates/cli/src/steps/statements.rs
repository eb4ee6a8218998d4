//! What arXiv:2501.00988 states of noise schedules, each beside what was measured.
//!
//! With steps of uniform length a variance-preserving flow loses the high-level feature as d grows, a variance-exploding one
//! the low-level feature, unless the steps grow as √d; a schedule made for the interpolant keeps both with Θ(1) steps.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::report::Exponent;
use super::run::{Row, What};
use overlaps::numeric::significant;
use overlaps::output::json::number;
use overlaps_models::generate::accuracy::Feature;
use overlaps_models::model::{Schedule, Setting, Target};

/// How far an exponent may be from the one stated, where its standard error is smaller.
const MARGIN: f64 = 0.02;

/// A statement with its verdict.
pub struct Statement {
    group: String,
    claim: String,
    measured: String,
    value: f64,
    error: f64,
    /// None where what was measured does not decide.
    holds: Option<bool>,
}

/// The statements on rows, each of which belongs to a group that has all dimensions and schedules.
pub fn statements(rows: &[Row], groups: &[String], exponents: &[Exponent]) -> Vec<Statement> {
    let mut by_group: IndexMap<&str, Vec<&Row>> = IndexMap::new();
    for row in rows {
        by_group.entry(groups[row.cell].as_str()).or_default().push(row);
    }
    let mut found = Vec::new();
    for (group, rows) in by_group {
        for schedule in [Schedule::Uniform, Schedule::Dilated] {
            let rows: Vec<&Row> = rows.iter().copied().filter(|r| r.setting.schedule == schedule).collect();
            for feature in [Feature::High, Feature::Low] {
                found.extend(at_fixed_steps(group, schedule, feature, &rows));
            }
            for feature in [Feature::High, Feature::Low, Feature::Both] {
                found.extend(steps(group, schedule, feature, &rows, exponents));
            }
        }
    }
    found
}

/// Whether the paper states that so many steps as do at one d do at every d.
fn is_kept(setting: &Setting, feature: Feature) -> bool {
    setting.schedule == Schedule::Dilated
        || match feature {
            Feature::High => setting.interpolant.is_exploding(),
            Feature::Low => !setting.interpolant.is_exploding(),
            Feature::Both => false,
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
fn at_fixed_steps(group: &str, schedule: Schedule, feature: Feature, rows: &[&Row]) -> Option<Statement> {
    let steps = rows.iter().find(|r| r.what == What::Given)?.steps;
    let mut given: Vec<&Row> =
        rows.iter().copied().filter(|r| r.what == What::Given && r.steps == steps).collect();
    given.sort_by_key(|r| r.setting.d);
    let [.., before, last] = given.as_slice() else { return None };
    let setting = &last.setting;
    let kept = is_kept(setting, feature);
    let error = |r: &Row| r.accuracy.map(|a| feature.of(&a));
    let (now, earlier) = (error(last)?, error(before)?);
    // Nearer to the data than to what has lost it.
    let measured = now < 0.5 * lost_error(setting, feature);
    let (name, _) = words(feature);
    Some(Statement {
        group: group.into(),
        claim: format!(
            "{} steps {} {name} (N = {})",
            schedule.name(),
            if kept { "keep" } else { "lose" },
            steps?
        ),
        measured: format!(
            "error {} at d = {}, {} at d = {}",
            significant(earlier, 3),
            power(before.setting.d),
            significant(now, 3),
            power(setting.d)
        ),
        value: now,
        error: (now - earlier).abs(),
        holds: Some(kept == measured),
    })
}

/// How the steps that a feature takes grow with d.
fn steps(
    group: &str,
    schedule: Schedule,
    feature: Feature,
    rows: &[&Row],
    exponents: &[Exponent],
) -> Option<Statement> {
    let needed: Vec<&&Row> = rows.iter().filter(|r| r.what == What::Needed(feature)).collect();
    let setting = needed.first()?.setting;
    let kept = is_kept(&setting, feature);
    let expected = if kept { 0.0 } else { 0.5 };
    let (_, name) = words(feature);
    let claim = format!("{}: steps for {name} ~ {}", schedule.name(), if kept { "1" } else { "√d" });
    let beyond = needed.iter().filter(|r| r.steps.is_none()).map(|r| r.setting.d).min();
    let found = exponents.iter().find(|e| e.cells.contains(&needed[0].cell) && e.feature == feature);
    let (measured, value, error, holds) = match (found, beyond) {
        (_, Some(d)) if kept => {
            (format!("more than were tried from d = {} on", power(d)), f64::NAN, f64::NAN, Some(false))
        }
        (Some(e), _) => {
            let near = (e.last - expected).abs() <= MARGIN.max(2.0 * e.last_error);
            // An exponent that is known this badly says neither.
            let decided = e.last_error < 0.12;
            let text = format!("d^({:.4} ± {:.4}), {} at the largest d", e.last, e.last_error, e.most);
            (text, e.last, e.last_error, decided.then_some(near))
        }
        (None, _) => return None,
    };
    Some(Statement { group: group.into(), claim, measured, value, error, holds })
}

/// A feature as something that is kept, and as something that takes steps.
fn words(feature: Feature) -> (&'static str, &'static str) {
    match feature {
        Feature::High => ("the fraction", "the fraction"),
        Feature::Low => ("what is inside", "the inside"),
        Feature::Both => ("both", "both"),
    }
}

/// A dimension in few characters.
fn power(d: u64) -> String {
    if d >= 10_000 { format!("{:e}", d as f64) } else { d.to_string() }
}

impl Statement {
    fn verdict(&self) -> &'static str {
        match self.holds {
            Some(true) => "holds",
            Some(false) => "fails",
            None => "undecided",
        }
    }

    /// For the side file.
    pub fn json(&self) -> Value {
        json!({
            "for": self.group,
            "statement": self.claim,
            "measured": self.measured,
            "value": number(self.value),
            "error": number(self.error),
            "verdict": self.verdict(),
        })
    }
}

/// All of them, aligned.
pub fn text(statements: &[Statement]) -> String {
    let width =
        |of: fn(&Statement) -> &str| statements.iter().map(|s| of(s).chars().count()).max().unwrap_or(0);
    let (claim, measured) = (width(|s| &s.claim), width(|s| &s.measured));
    let mut text = String::new();
    let mut group = None;
    for s in statements {
        if group != Some(&s.group) {
            let of = if s.group.is_empty() { String::new() } else { format!(", {}", s.group) };
            text += &format!("stated in arXiv:2501.00988{of}:\n");
            group = Some(&s.group);
        }
        text += &format!("  {:claim$}   {:measured$}   {}\n", s.claim, s.measured, s.verdict());
    }
    text
}
