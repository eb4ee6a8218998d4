//! The lines that zeros make in a figure: those of neighbouring values of the swept parameter are joined, and two lines that merge meet
//! in the fold.

use super::figure::{Line, OfPanel, place_of, places};
use crate::figure::{MOST_LINES, room};
use overlaps::output::{Cell, Table};
use overlaps::solve::{Place, ZeroKind};
use overlaps::study::Swept;
use overlaps::system::Theory;

/// A stretch of a line, along which the output goes through zero in one direction.
struct Arm {
    line: usize,
    change: String,
    points: Vec<(f64, f64)>,
}

/// A fold of a line, and the zeros on the way to it.
struct Turn {
    panel: usize,
    line: usize,
    at: (f64, f64),
    towards: Vec<(String, (f64, f64))>,
}

/// The lines of every panel, which has the same values of further parameters, and the kinds of zeros in the order of the rows.
///
/// # Errors
/// More lines than a figure can hold.
pub fn zeros(
    theory: &Theory,
    table: &Table,
    (x, line, further): (&Swept, Option<&Swept>, &[&Swept]),
    branches: bool,
) -> anyhow::Result<(Vec<OfPanel>, Vec<String>)> {
    let [change, side, branch] = ["change", "side", "branch"].map(|name| table.place(name));
    let (change, side, branch) = (change?, side?, branch?);
    let (along, control) = (table.place(&x.name)?, table.place(&theory.control.name)?);
    let (of_line, of_panels) =
        (line.map(|sweep| table.place(&sweep.name)).transpose()?, places(table, further)?);
    let shown = |row: &&Vec<Cell>| {
        row[side] != Place::After.name().into() && row[change] != ZeroKind::Unknown.name().into()
    };
    let mut kinds: Vec<String> = Vec::new();
    let mut panels: Vec<OfPanel> = Vec::new();
    let mut arms: Vec<(usize, Vec<Arm>)> = Vec::new();
    let mut folds: Vec<Turn> = Vec::new();
    let mut towards: Vec<(String, (f64, f64))> = Vec::new();
    let values = x.numbers();
    for row in table.rows.iter().filter(shown) {
        let what = row[change].to_string();
        let fold = what == ZeroKind::Fold.name();
        let kind = kind_of(&what, branches.then(|| row[branch].to_string()));
        if !kinds.contains(&kind) {
            kinds.push(kind.clone());
        }
        let of_panel: Vec<Cell> = of_panels.iter().map(|place| row[*place].clone()).collect();
        let value = of_line.map(|place| row[place].clone());
        let at = row[along].number().zip(row[control].number());
        let Some(at) = at else { continue };
        let panel = place_of(&mut panels, |(key, _)| *key == of_panel, || (of_panel.clone(), Vec::new()));
        let lines = &mut panels[panel].1;
        let same = |one: &Line| one.value == value && one.kind == kind;
        let new = || Line { value: value.clone(), kind: kind.clone(), segments: Vec::new() };
        let line_place = place_of(lines, same, new);
        room(lines.len(), MOST_LINES, "lines")?;
        if fold {
            folds.push(Turn { panel, line: line_place, at, towards: std::mem::take(&mut towards) });
        } else if values.contains(&at.0) {
            let place = place_of(&mut arms, |(p, _)| *p == panel, || (panel, Vec::new()));
            join(&mut arms[place].1, line_place, what, at, &values);
        } else {
            // What lies between the swept values stands before the fold that it leads to.
            towards.push((what, at));
        }
    }
    for fold in &folds {
        if let Some((_, arms)) = arms.iter_mut().find(|(p, _)| *p == fold.panel) {
            close(arms, fold, &values);
        }
    }
    for (panel, arms) in arms {
        for arm in arms {
            panels[panel].1[arm.line].segments.push(arm.points);
        }
    }
    Ok((panels, kinds))
}

/// Zeros of all directions are one line; what is no zero another.
fn kind_of(change: &str, branch: Option<String>) -> String {
    let apart = [ZeroKind::Jumps, ZeroKind::Pole, ZeroKind::BranchEnds].map(ZeroKind::name);
    let kind = if apart.contains(&change) { change } else { "zero" };
    match branch.filter(|branch| !branch.is_empty()) {
        Some(branch) => format!("{kind}, {branch}"),
        None => kind.to_string(),
    }
}

/// Puts a zero at the end of the nearest arm of the same direction that ends at the swept value before, or begins one.
fn join(arms: &mut Vec<Arm>, line: usize, change: String, at: (f64, f64), values: &[f64]) {
    let index = values.iter().position(|value| *value == at.0);
    let before = index.and_then(|i| i.checked_sub(1)).map(|i| values[i]);
    let distance = |arm: &&mut Arm| arm.points.last().map_or(f64::INFINITY, |p| (p.1 - at.1).abs());
    let open = |arm: &&mut Arm| {
        arm.line == line
            && arm.change == change
            && arm.points.last().map(|p| p.0) == before
            && before.is_some()
    };
    let nearest = arms.iter_mut().filter(open).min_by(|a, b| distance(a).total_cmp(&distance(b)));
    match nearest {
        Some(arm) => arm.points.push(at),
        None => arms.push(Arm { line, change, points: vec![at] }),
    }
}

/// Leads the two arms that merge in a fold to it: the nearest that end, or begin, at a swept value beside it.
fn close(arms: &mut [Arm], fold: &Turn, values: &[f64]) {
    let at = fold.at;
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(b.abs());
    let low =
        values.iter().copied().filter(|v| *v < at.0 && !near(*v, at.0)).fold(f64::NEG_INFINITY, f64::max);
    let high = values.iter().copied().filter(|v| *v > at.0 && !near(*v, at.0)).fold(f64::INFINITY, f64::min);
    let mut ends: Vec<(f64, usize, bool)> = Vec::new();
    for (i, arm) in arms.iter().enumerate().filter(|(_, arm)| arm.line == fold.line) {
        for (last, point) in [(false, arm.points.first()), (true, arm.points.last())] {
            let beside = point.filter(|p| p.0 == low || p.0 == high);
            ends.extend(beside.map(|p| ((p.1 - at.1).abs(), i, last)));
        }
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut led: Vec<usize> = Vec::new();
    for (_, i, last) in ends {
        let apart = led.iter().all(|j| *j != i && arms[*j].change != arms[i].change);
        if led.len() == 2 || !apart || arms[i].change == ZeroKind::Touches.name() {
            continue;
        }
        led.push(i);
        let own = fold.towards.iter().filter(|(change, _)| *change == arms[i].change).map(|(_, at)| *at);
        let way: Vec<(f64, f64)> = own.chain([at]).collect();
        match last {
            true => arms[i].points.extend(way),
            false => drop(arms[i].points.splice(0..0, way.into_iter().rev())),
        }
    }
}
