//! Where the global branch changes: crossings of energies, and branches that end while they are the lowest.

use super::brent::brent;
use super::continuation::{End, EndKind};
use super::curve::{Curve, Track, boundary_at, equal_energies};
use super::finder::Finder;
use super::solution::Solution;

/// How the global branch changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// The energies of two branches cross: a transition of first order.
    Crossing,
    /// The branch ends where it is the lowest.
    BranchEnds,
    /// The branch begins as the lowest.
    BranchBegins,
    /// Two branches cross and exchange their roles.
    Transcritical,
    /// The branch is born on, or dies into, the other.
    Pitchfork,
}

impl ChangeKind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            ChangeKind::Crossing => "crossing",
            ChangeKind::BranchEnds => "branch ends",
            ChangeKind::BranchBegins => "branch begins",
            ChangeKind::Transcritical => "transcritical",
            ChangeKind::Pitchfork => "pitchfork",
        }
    }

    /// The kind of a change at the end of a branch, if two branches meet there.
    fn of_meeting(end: Option<&End>) -> Option<ChangeKind> {
        match end?.kind {
            EndKind::Transcritical => Some(ChangeKind::Transcritical),
            EndKind::Pitchfork => Some(ChangeKind::Pitchfork),
            _ => None,
        }
    }
}

/// A change of the global branch along the control.
#[derive(Debug, Clone)]
pub struct Change {
    /// Control value.
    pub control: f64,
    /// How accurately it is known, where that is less than its digits.
    pub error: Option<f64>,
    /// How it changes.
    pub kind: ChangeKind,
    /// Label before and after, in the order of the rows.
    pub from: String,
    /// Label after.
    pub to: String,
    /// Solution of the branch before, at the change, where it exists there.
    pub before: Option<Solution>,
    /// Solution of the branch after.
    pub after: Option<Solution>,
}

/// All changes of the global branch between neighbouring rows.
pub fn find_changes(curve: &Curve, finder: &mut Finder) -> Vec<Change> {
    let mut changes = Vec::new();
    let tolerance = finder.settings.tolerance;
    // Rows without a solution whose averages are known are passed over: the change lies between the solved ones beside them.
    let solved: Vec<(usize, usize)> = (0..curve.controls.len())
        .filter(|row| curve.solution(*row).is_some_and(|(_, s)| s.certified.within(tolerance)))
        .filter_map(|row| curve.global[row].map(|track| (row, track)))
        .collect();
    for pair in solved.windows(2) {
        let ((before, a), (after, b)) = (pair[0], pair[1]);
        if a != b {
            let rows = beyond_equal_energies(curve, [before, after], [a, b]);
            changes.push(locate(curve, finder, rows, &curve.tracks[a], &curve.tracks[b]));
        }
    }
    changes
}

/// The nearest rows around a change at which the energies of the two branches differ by more than round-off. At rows where
/// they do not, the order of the file decided, and the crossing can lie on either side.
fn beyond_equal_energies(curve: &Curve, rows: [usize; 2], tracks: [usize; 2]) -> [usize; 2] {
    let [mut before, mut after] = rows;
    let equal = |row: usize| {
        let [a, b] = tracks.map(|track| curve.tracks[track].energy(row));
        a.zip(b).is_some_and(|(a, b)| equal_energies(a, b))
    };
    while equal(before) && before > 0 && curve.global[before - 1] == Some(tracks[0]) {
        before -= 1;
    }
    while equal(after) && after + 1 < curve.global.len() && curve.global[after + 1] == Some(tracks[1]) {
        after += 1;
    }
    [before, after]
}

/// Where the lowest branch changes from one to another between two rows, and how.
fn locate(curve: &Curve, finder: &mut Finder, rows: [usize; 2], a: &Track, b: &Track) -> Change {
    let [before_row, after_row] = rows;
    let (from, to) = (curve.controls[before_row], curve.controls[after_row]);
    let direction = (to - from).signum();
    // An event at a row may lie on its other side by its error.
    let slack = 1e-9 * (to - from).abs();
    let between =
        |end: &&End| (end.control - from) * direction >= -slack && (to - end.control) * direction >= -slack;
    // Where both exist: from the beginning of the later to the end of the earlier.
    let begins = if b.points[before_row].is_some() { None } else { b.ends.iter().find(between) };
    let ends = if a.points[after_row].is_some() { None } else { a.ends.iter().find(between) };
    // Where the two meet, the event says where and how.
    let meeting = b.ends.iter().chain(&a.ends).filter(|e| e.is_meeting()).find(between);
    let change = |control: f64, kind: ChangeKind, before: Option<Solution>, after: Option<Solution>| Change {
        control,
        error: [meeting, ends, begins]
            .into_iter()
            .flatten()
            .find(|e| e.control == control)
            .and_then(|e| e.error),
        kind,
        from: a.name.clone(),
        to: b.name.clone(),
        before,
        after,
    };
    let end = meeting.or(ends).or(begins);
    let ended = end.map_or(to, |e| e.control);
    let mut branches = [a, b].map(|track| Between::new(track, &rows));
    let mut both = |finder: &mut Finder, control: f64, end: Option<&End>| match end.filter(|e| e.is_meeting())
    {
        Some(meeting) => [a, b].map(|track| in_common(finder, track, meeting)),
        None => branches.each_mut().map(|branch| branch.at(finder, control)),
    };
    if finder.equations.system.equation_roots.energy.is_none() {
        let kind = ChangeKind::of_meeting(end).unwrap_or(match (ends, begins) {
            (None, Some(_)) => ChangeKind::BranchBegins,
            _ => ChangeKind::BranchEnds,
        });
        let [before, after] = both(finder, ended, end);
        return change(ended, kind, before, after);
    }
    let mut difference = |control: f64| -> f64 {
        match both(finder, control, None) {
            [Some(a), Some(b)] => a.certified.selects - b.certified.selects,
            _ => f64::NAN,
        }
    };
    // A branch is singular at its very end, so the energies are compared a little inside.
    let mut inside = |end: Option<&End>, other: f64| {
        let Some(end) = end else { return other };
        let places = [1e-7, 1e-5, 1e-3, 1e-2, 0.1].map(|f| end.control + f * (other - end.control));
        places.into_iter().find(|c| difference(*c).is_finite()).unwrap_or(end.control)
    };
    let (first, last) = match (begins, ends) {
        (begins, None) => (begins.map_or(from, |_| inside(begins, to)), to),
        (None, ends) => (from, inside(ends, from)),
        (Some(b), Some(e)) => (inside(begins, e.control), inside(ends, b.control)),
    };
    let overlap = (last - first) * direction > 0.0;
    let (at_first, at_last) =
        if overlap { (difference(first), difference(last)) } else { (f64::NAN, f64::NAN) };
    // Energies that differ by round-off at the end of a branch do not cross there.
    let round_off = 4e-15 * a.energy(before_row).unwrap_or(1.0).abs();
    let crosses = at_first <= 0.0 && at_last > round_off;
    // Where two branches meet their energies are equal to round-off around it: the meeting is known better.
    let crossing = if crosses { brent(&mut difference, first, last, 1e-15) } else { None };
    let gap = (to - from).abs();
    let crossing = crossing.filter(|c| meeting.is_none_or(|m| (m.control - c).abs() > 1e-2 * gap));
    match crossing {
        Some(control) => {
            let [before, after] = both(finder, control, None);
            change(control, ChangeKind::Crossing, before, after)
        }
        None if at_first > 0.0 => {
            let control = begins.map_or(from, |e| e.control);
            let [before, after] = both(finder, first, None);
            let kind = ChangeKind::of_meeting(begins).unwrap_or(ChangeKind::BranchBegins);
            change(control, kind, before, after)
        }
        None => {
            let [before, after] = both(finder, last, end);
            change(ended, ChangeKind::of_meeting(end).unwrap_or(ChangeKind::BranchEnds), before, after)
        }
    }
}

/// The solution at which two branches meet, as one of them.
fn in_common(finder: &mut Finder, track: &Track, meeting: &End) -> Option<Solution> {
    finder.stand_at(meeting.control);
    if track.boundary {
        return boundary_at(finder, track.branch?, meeting.control);
    }
    let mut solution = finder.settle(meeting.control, &meeting.x).ok()?;
    solution.branch = track.name.clone();
    Some(solution)
}

/// A branch between some rows: it is followed from the nearest point of it that is known, one of those rows or one that was asked
/// for before.
pub(super) struct Between<'c> {
    track: &'c Track,
    known: Vec<Solution>,
}

impl<'c> Between<'c> {
    pub(super) fn new(track: &'c Track, rows: &[usize]) -> Self {
        let known = rows.iter().rev().filter_map(|row| track.points[*row].clone());
        Between { track, known: known.collect() }
    }

    /// The solution at a control value; none where the branch does not lead there.
    pub(super) fn at(&mut self, finder: &mut Finder, control: f64) -> Option<Solution> {
        if self.track.boundary {
            return boundary_at(finder, self.track.branch?, control);
        }
        self.known.sort_by(|a, b| (a.control - control).abs().total_cmp(&(b.control - control).abs()));
        let mut solution = self.known.iter().find_map(|from| {
            finder.stand_at(from.control);
            let x = finder.follow(from, control).ok()?;
            finder.stand_at(control);
            finder.settle(control, &x).ok()
        })?;
        solution.branch = self.track.name.clone();
        self.known.push(solution.clone());
        Some(solution)
    }
}
