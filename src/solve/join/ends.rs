//! What becomes of a branch that does not arrive at the next row, and where two branches meet or cross.

use nalgebra::DVector;

use super::{Join, Place, Point};
use crate::solve::brent::brent;
use crate::solve::continuation::{CERTAIN, End, EndKind};
use crate::solve::curve::boundary_at;
use crate::solve::finder::Finder;
use crate::solve::refusal::Refusal;
use crate::solve::solution::Solution;

/// A branch that ends within this distance (in units of the scale) of another that goes on may have met it.
const NEARBY: f64 = 0.1;
/// A branch that turns back, or loses its minimum, farther than this from a meeting with another (in parts of the range of the control,
/// and in units of the scale) does not end in it.
const OFF: f64 = 1e-7;
const APART: f64 = 1e-4;
/// How far beyond an event, in parts of the gap between rows, a branch must go to have passed it.
const BEYOND: f64 = 0.05;

/// A branch that was followed from a place and did not arrive.
pub(super) struct Pending {
    pub(super) from: Place,
    /// The control value that it did not reach.
    pub(super) to: f64,
    pub(super) end: End,
    /// The solution whose branch it ran into.
    pub(super) other: Option<Solution>,
}

impl Join<'_, '_> {
    /// Where a branch leaves the place in which the file seeks solutions, on its way to a control value.
    pub(super) fn left(&mut self, from: &Solution, to: f64, refusal: &Refusal) -> Option<End> {
        let kind = match refusal {
            Refusal::Outside { .. } => EndKind::LeavesRange,
            Refusal::Inadmissible { .. } => EndKind::LeavesAdmissible,
            _ => return None,
        };
        let rung = from.certified.rung;
        let finder = &mut *self.finder;
        let mut outside = |control: f64| -> f64 {
            let Ok(x) = finder.follow(from, control) else { return f64::NAN };
            if kind == EndKind::LeavesAdmissible {
                return -finder.equations.admissible_margin(control, &x, rung);
            }
            let region = finder.region(control);
            (0..x.len()).map(|i| region.excess(&x, i)).fold(f64::NEG_INFINITY, f64::max)
        };
        // A point on the very end of its range leaves it at once.
        let control = if outside(from.control) >= 0.0 {
            from.control
        } else {
            brent(&mut outside, from.control, to, 1e-15).filter(|c| outside(*c).abs() < 1e-6)?
        };
        let x = finder.follow(from, control).ok()?;
        Some(End::at(control, x, kind))
    }

    /// Names the ends of branches for what they are, with the control value where two branches meet.
    pub(super) fn settle_ends(&mut self, pending: Vec<Pending>) {
        let mut ends: Vec<(Place, End)> = Vec::new();
        for Pending { from, to, end, other } in pending {
            let end = self.meet(from, to, &end, other).unwrap_or(end);
            ends.push((from, end));
        }
        // What else ends at a meeting takes part in it: a minimum that turns unstable where others are born.
        let met: Vec<End> = ends.iter().map(|(_, e)| e).filter(|e| e.is_meeting()).cloned().collect();
        for (from, mut end) in ends {
            if end.kind == EndKind::Instability
                && let Some(meeting) =
                    met.iter().find(|m| self.is_where((m.control, &m.x, self.error(m)), &end))
            {
                end = meeting.clone();
            }
            self.rows[from.0][from.1].ends.push(end);
        }
    }

    pub(super) fn span(&self) -> f64 {
        let control = &self.finder.equations.system.control;
        control.to - control.from
    }

    /// The meeting of an ending branch with another that goes on, if it ends in one.
    pub(super) fn meet(&mut self, from: Place, to: f64, end: &End, other: Option<Solution>) -> Option<End> {
        let solution = self.solution(from).clone();
        self.finder.stand_at(solution.control);
        let behind = if to > solution.control { from.0 + 1 } else { from.0.wrapping_sub(1) };
        let beyond = end.control + BEYOND * (to - solution.control);
        let mut others: Vec<(bool, Solution)> = other.into_iter().map(|s| (true, s)).collect();
        for (i, point) in self.rows[from.0].iter().enumerate() {
            if i != from.1 {
                others.push((true, point.solution.clone()));
            }
        }
        if self.finder.equations.minimises()
            && let Some(row) = self.rows.get(behind)
        {
            others.extend(row.iter().map(|p| (false, p.solution.clone())));
        }
        let boundaries = (0..self.finder.equations.system.branches.len())
            .filter_map(|b| boundary_at(self.finder, b, solution.control))
            .filter(|s| !others.iter().any(|(_, o)| o.boundary && o.place == s.place));
        let boundaries: Vec<Solution> = boundaries.collect();
        others.extend(boundaries.into_iter().map(|s| (true, s)));
        for (same_row, other) in others {
            let Some(x) = self.finder.beside(&other, end.control) else { continue };
            if !(self.finder.distance(&x, &end.x) < NEARBY) {
                continue;
            }
            let passes = match (other.boundary, same_row) {
                (true, _) => true,
                (false, true) => self.finder.follow(&other, beyond).is_ok(),
                (false, false) => true,
            };
            if !passes {
                continue;
            }
            let before = match &end.before {
                Some((x, control)) => (x.clone(), *control),
                None => self.shortly_before(&solution, end.control),
            };
            let rung = solution.certified.rung;
            let meeting = self.finder.meeting((&before.0, before.1), &other, end.control, rung);
            let meeting = meeting.filter(|m| (m.control - end.control).abs() < 0.1 * self.span());
            if let Some(m) = meeting.filter(|m| self.is_where((m.control, &m.x, m.error), end)) {
                let certain = m.error <= CERTAIN * m.control.abs().max(1e-3 * self.span());
                // A meeting that a row has found to lie in it, to its error, lies in it.
                let found = [solution.control, to].into_iter().find(|c| {
                    end.control == *c && (m.control - c).abs() <= 100.0 * m.error + 1e-11 * self.span()
                });
                let mut met = End::at(found.unwrap_or(m.control), m.x, m.kind);
                met.error = if certain { None } else { Some(m.error) };
                return Some(met);
            }
        }
        None
    }

    /// Whether a branch ends where it is said to meet another. The other branch was taken as straight: where it turns back beside the end,
    /// or into it, as near the end of a line of transitions of first order, points of one are found on the other, and where they
    /// meet is far from where the branch itself loses its minimum or turns back, which is known better.
    fn is_where(&self, (control, x, error): (f64, &DVector<f64>, f64), end: &End) -> bool {
        let off = (control - end.control).abs();
        !matches!(end.kind, EndKind::Fold | EndKind::Instability)
            || off <= OFF * self.span() + 10.0 * error && self.finder.distance(x, &end.x) < APART
    }

    /// How well the control value of an end is known.
    fn error(&self, end: &End) -> f64 {
        end.error.unwrap_or(CERTAIN * end.control.abs().max(1e-3 * self.span()))
    }

    /// A regular point of a branch shortly before a control value.
    fn shortly_before(&mut self, from: &Solution, control: f64) -> (DVector<f64>, f64) {
        let places = [0.05, 0.2, 0.5].map(|part| control + part * (from.control - control));
        for place in places {
            if let Ok(x) = self.finder.follow(from, place) {
                return (x, place);
            }
        }
        (from.x.clone(), from.control)
    }

    /// Branches that cross between two rows, both going on: the Jacobian changes its sign along them.
    pub(super) fn crossings(&mut self, row: usize) {
        if self.finder.equations.minimises() {
            return;
        }
        for i in 0..self.rows[row].len() {
            let point = &self.rows[row][i];
            let Some(next) = point.neighbours[1].filter(|_| !point.solution.boundary) else { continue };
            let (a, b) = (point.solution.clone(), self.solution(next).clone());
            self.finder.stand_at(a.control);
            let sign =
                |finder: &mut Finder, s: &Solution| finder.orientation(s.control, &s.x, s.certified.rung);
            let (before, after) = (sign(self.finder, &a), sign(self.finder, &b));
            if before * after >= 0 {
                continue;
            }
            let rung = a.certified.rung;
            let finder = &mut *self.finder;
            let mut determinant = |control: f64| match finder.plainly_at(&a, control) {
                Some(x) => finder.equations.evaluate(control, &x, rung).jacobian.determinant(),
                None => f64::NAN,
            };
            let gap = (b.control - a.control).abs();
            let Some(control) = brent(&mut determinant, a.control, b.control, 1e-7 * gap) else { continue };
            let Some(x) = self.finder.plainly_at(&a, control) else { continue };
            let end = End::at(control, x, EndKind::Lost);
            // What ends there has been named already; both need the event once.
            let known =
                |p: &Point| p.ends.iter().any(|e| e.is_meeting() && (e.control - control).abs() < 1e-3 * gap);
            if self.rows[row].iter().chain(&self.rows[next.0]).any(known) {
                continue;
            }
            if let Some(met) = self.meet((row, i), b.control, &end, None) {
                self.rows[row][i].ends.push(met);
            }
        }
    }
}
