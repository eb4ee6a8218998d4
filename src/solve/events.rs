//! What a solve says besides its table: changes of the global branch, ends of branches, rows that failed.

use serde_json::{Value as Json, json};

use super::{Change, ChangeKind, Curve, End, EndKind, PieceCurve, Remark};
use crate::numeric::significant;
use crate::output::json::{number, of_value};
use crate::system::{System, Theory};
use crate::value::Value;

/// Changes and ends of the branches of one curve, for the side file.
pub fn events(piece: &PieceCurve, swept: &[(String, Value)]) -> Vec<Json> {
    let system = &piece.piece.system;
    let control = system.control.name.as_str();
    let head = |kind: &str, at: f64| {
        let mut event = serde_json::Map::new();
        event.insert("event".into(), json!(kind));
        event.insert("piece".into(), json!(system.name()));
        for (name, value) in swept {
            event.insert(name.clone(), of_value(value));
        }
        event.insert(control.into(), number(at));
        event
    };
    let mut events = Vec::new();
    for change in &piece.curve.changes {
        let mut event = head(change.kind.name(), change.control);
        event.insert("from".into(), json!(change.from));
        event.insert("to".into(), json!(change.to));
        if let Some(error) = change.error {
            event.insert("error".into(), number(error));
        }
        events.push(Json::Object(event));
    }
    for (name, end) in ends(&piece.curve) {
        let mut event = head(end.kind.name(), end.control);
        event.insert("branch".into(), json!(name));
        if let Some(error) = end.error {
            event.insert("error".into(), number(error));
        }
        for (unknown, x) in system.unknowns.iter().zip(end.x.iter()) {
            event.insert(unknown.name.clone(), number(*x));
        }
        events.push(Json::Object(event));
    }
    events
}

/// Why rows did not converge, row by row, in words; an event of each for the side file.
pub fn failures(piece: &PieceCurve, swept: &[(String, Value)], tolerance: f64) -> (Vec<String>, Vec<Json>) {
    let system = &piece.piece.system;
    let mut place = swept.iter().map(|(n, v)| format!("{n} = {v}")).collect::<Vec<_>>().join(", ");
    if !place.is_empty() {
        place += ", ";
    }
    let (mut lines, mut events) = (Vec::new(), Vec::new());
    for (row, control) in piece.curve.controls.iter().enumerate() {
        if piece.curve.solution(row).is_some_and(|(_, s)| s.certified.within(tolerance)) {
            continue;
        }
        let why = match piece.curve.refusal(row, tolerance) {
            Some(refusal) => refusal.describe(system),
            None => "no start led to a solution; add starts to a [[branch]] of the equation file".to_string(),
        };
        lines.push(format!("{place}{} = {control}: {why}", system.control.name));
        let mut event = serde_json::Map::new();
        event.insert("event".into(), json!("not converged"));
        event.insert("piece".into(), json!(system.name()));
        for (name, value) in swept {
            event.insert(name.clone(), of_value(value));
        }
        event.insert(system.control.name.clone(), number(*control));
        event.insert("reason".into(), json!(why));
        events.push(Json::Object(event));
    }
    (lines, events)
}

/// Errors of averages that are multiplied by more than this, and have grown beyond that, are told.
const GREAT: f64 = 1e4;
const GROWN: f64 = 1e-8;

/// What a reader of the rows should know of them, each thing once, with the first row that it is true of.
pub fn remarks(piece: &PieceCurve) -> Vec<String> {
    let system = &piece.piece.system;
    let control = &system.control.name;
    let name = |i: usize| system.unknowns[i].name.as_str();
    let mut seen: Vec<(String, String, usize)> = Vec::new();
    let mut note = |what: String, first: String| match seen.iter_mut().find(|(w, _, _)| *w == what) {
        Some((_, _, count)) => *count += 1,
        None => seen.push((what, first, 1)),
    };
    for row in 0..piece.curve.controls.len() {
        let Some((_, solution)) = piece.curve.solution(row) else { continue };
        let at = format!("at {control} = {}", solution.control);
        let family = piece.curve.solutions(row).into_iter().find(|(_, s)| s.is_one_of_a_family());
        if let (Some((_, member)), false) = (family, solution.is_one_of_a_family()) {
            note(
                format!(
                    "beside the solution there is a continuous family of others, of which `{}` is one",
                    member.branch
                ),
                at.clone(),
            );
        }
        let certified = &solution.certified;
        let grown = certified.amplified * certified.quadrature_error.max(f64::EPSILON);
        if certified.amplified > GREAT && grown > GROWN {
            note(
                format!(
                    "an average is multiplied by more than {GREAT:.0e} on its way to an output or in an equation"
                ),
                format!("{at}, where outputs may be off by about {grown:.0e} of their size"),
            );
        }
        if let Some(remark) = &solution.remark {
            let (what, first) = described(remark, system, &at);
            note(what, first);
        }
        for (place, x) in &piece.curve.undefined[row] {
            let all = piece.curve.solutions(row);
            if !all.iter().any(|(_, s)| s.place == Some(*place)) {
                let x = x.iter().enumerate().map(|(i, x)| format!("{} = {x:.4e}", name(i)));
                note(
                    format!(
                        "the search for branch `{}` came to where the equations are not numbers: whether it exists in these rows is not known",
                        system.branches[*place].name
                    ),
                    format!("{at}, near {}", x.collect::<Vec<_>>().join(", ")),
                );
            }
        }
        if let Some((what, first)) = several(piece, row) {
            note(what, first);
        }
    }
    let rows = |count: usize| if count > 1 { format!(" ({count} rows)") } else { String::new() };
    seen.into_iter().map(|(what, first, count)| format!("{what}, first {first}{}", rows(count))).collect()
}

/// Of a row with several solutions, of which the file does not say which is meant: that it is so, and where, with the others.
pub fn several(piece: &PieceCurve, row: usize) -> Option<(String, String)> {
    let system = &piece.piece.system;
    let (_, solution) = piece.curve.solution(row)?;
    let all = piece.curve.solutions(row);
    let chosen_by_file = !solution.certified.energy.is_nan();
    if chosen_by_file || all.iter().filter(|(_, s)| s.place == solution.place).count() < 2 {
        return None;
    }
    let unknowns = |x: &[f64]| {
        let each = system.unknowns.iter().zip(x).map(|(u, x)| format!("{} = {}", u.name, significant(*x, 7)));
        each.collect::<Vec<_>>().join(", ")
    };
    let others: Vec<String> = all.iter().skip(1).take(3).map(|(_, s)| unknowns(s.x.as_slice())).collect();
    Some((
        format!(
            "there are several solutions, and the file does not say which is meant ([selection], or the order of [[branch]]); rows give the first, `{}`",
            solution.branch
        ),
        format!(
            "at {} = {}, where there is also {}",
            system.control.name,
            solution.control,
            others.join("; ")
        ),
    ))
}

/// A remark, and the first row that it is true of, in words.
fn described(remark: &Remark, system: &System, at: &str) -> (String, String) {
    let name = |i: usize| system.unknowns[i].name.as_str();
    match remark {
        Remark::NotIsolated(direction) => {
            let parts = direction.iter().enumerate().map(|(i, v)| format!("{} = {v:.3}", name(i)));
            let along = parts.collect::<Vec<_>>().join(", ");
            (
                "the solution is not isolated: it is one of a continuous family, and the row gives one of them".into(),
                format!("{at}, where the Jacobian is singular along ({along})"),
            )
        }
        Remark::Uncertain(unknown, error) => (
            format!(
                "`{}` is known less well than its digits: the equations hardly change along it, as near a place where solutions meet",
                name(*unknown)
            ),
            match error.is_finite() {
                true => format!("{at}, where its error is about {error:.0e}"),
                false => format!("{at}, where the Jacobian is singular"),
            },
        ),
        Remark::OnEdge(unknowns) => {
            let names: Vec<String> = unknowns.iter().map(|i| format!("`{}`", name(*i))).collect();
            (format!("the solution lies on the end of the range of {}", names.join(", ")), at.to_string())
        }
    }
}

/// Where branches end, in order of the control, each place once.
pub fn ends(curve: &Curve) -> Vec<(&str, &End)> {
    let mut ends: Vec<(&str, &End)> =
        curve.tracks.iter().flat_map(|t| t.ends.iter().map(move |e| (t.name.as_str(), e))).collect();
    ends.sort_by(|a, b| a.1.control.total_cmp(&b.1.control));
    ends.dedup_by(|a, b| a.0 == b.0 && (a.1.control - b.1.control).abs() < 1e-9);
    ends
}

/// The same in words.
pub fn lines(theory: &Theory, piece: &PieceCurve, swept: &[(String, Value)], branches: bool) -> Vec<String> {
    let control = &theory.control.name;
    let mut place = swept.iter().map(|(n, v)| format!("{n} = {v}")).collect::<Vec<_>>().join(", ");
    if !place.is_empty() {
        place += ": ";
    }
    let mut lines = Vec::new();
    for change in &piece.curve.changes {
        lines.push(format!("{place}{}", describe(change, control)));
    }
    let shown: Vec<&str> =
        piece.curve.changes.iter().flat_map(|c| [c.from.as_str(), c.to.as_str()]).collect();
    for (name, end) in ends(&piece.curve) {
        let by_itself = matches!(end.kind, EndKind::Stops | EndKind::Rests);
        if !branches && !shown.contains(&name) && !by_itself {
            continue;
        }
        let how = match end.kind {
            EndKind::Fold => "ends in a fold",
            EndKind::Transcritical => "crosses another branch",
            EndKind::Pitchfork => "meets another branch in a pitchfork",
            EndKind::Instability => "loses its minimum",
            EndKind::LeavesRange => "leaves the range",
            EndKind::LeavesAdmissible => "leaves the admissible region",
            EndKind::Lost => "cannot be followed further",
            EndKind::Stops => "stops",
            EndKind::Rests => "is at rest",
        };
        let names = piece.piece.system.unknowns.iter().map(|u| u.name.as_str());
        let at: Vec<String> = names.zip(end.x.iter()).map(|(n, x)| format!("{n} = {x:.9}")).collect();
        let who = if by_itself { format!("the {name}") } else { format!("branch `{name}`") };
        lines.push(format!(
            "{place}{who} {how} at {control} = {} ({})",
            known_to(end.control, end.error),
            at.join(", ")
        ));
    }
    lines
}

/// A control value with its error, where that is more than its digits say.
fn known_to(control: f64, error: Option<f64>) -> String {
    match error {
        Some(error) if error.is_finite() => format!("{control:.13} ± {error:.0e}"),
        Some(_) => format!("about {control:.4}"),
        None => format!("{control:.13}"),
    }
}

fn describe(change: &Change, control: &str) -> String {
    let how = match change.kind {
        ChangeKind::Crossing => "the energies cross",
        ChangeKind::BranchEnds => "the first ends there",
        ChangeKind::BranchBegins => "the second begins there",
        ChangeKind::Transcritical => "they cross: transcritical",
        ChangeKind::Pitchfork => "one is born on the other: pitchfork",
    };
    if change.from == change.to {
        return format!(
            "the global branch passes to another solution, `{}` like the one before, at {control} = {} ({how})",
            change.to,
            known_to(change.control, change.error)
        );
    }
    format!(
        "the global branch changes from `{}` to `{}` at {control} = {} ({how})",
        change.from,
        change.to,
        known_to(change.control, change.error)
    )
}
