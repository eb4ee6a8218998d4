//! A zero between two points of a branch: closed in on, looked at from both sides, and sought again by rows of their own.

use super::path::{Along, Node};
use super::{Place, Reading, Side, Zero, ZeroKind};
use crate::solve::brent::brent;
use crate::solve::curve::Curve;
use crate::solve::solution::Solution;

/// How far the sides of a zero are looked at, in parts of the distance of the points between which it lies.
const BESIDE: f64 = 1e-6;
/// And nearer by this factor: what is continuous is then smaller.
const NEARER: f64 = 1.0 / 16.0;
/// An output that keeps this part of its change so near to a point jumps there; one that grows by the second has a pole.
const JUMPS: f64 = 0.7;
const GROWS: f64 = 2.0;

impl Reading<'_, '_> {
    /// A change of sign along a branch between two nodes: a zero, a jump or a pole.
    pub(super) fn cross(&mut self, a: &Node, b: &Node) {
        let (track, rows) = (a.track, a.rows_to(b));
        let gap = b.control - a.control;
        let path = self.path;
        let along = &mut *self.along;
        let unknown = |along: &Along| Zero {
            control: a.control,
            error: Some(gap.abs()),
            kind: ZeroKind::Unknown,
            rising: None,
            sides: vec![along.side(a, Place::Before), along.side(b, Place::After)],
            track,
            path: usize::MAX,
        };
        let root = brent(|c| along.value(track, rows.clone(), c), a.control, b.control, 1e-15);
        let Some(control) = root else {
            self.doubt(a, b, "a branch could not be followed to the zero of the output", true);
            let zero = unknown(self.along);
            return self.push(zero);
        };
        let beside = |along: &mut Along, by: f64| {
            let side = |along: &mut Along, c: f64| {
                let c = c.clamp(a.control.min(b.control), a.control.max(b.control));
                along.at(track, rows.clone(), c).map(|s| (along.output_of(&s), s))
            };
            side(along, control - by).zip(side(along, control + by))
        };
        let along = &mut *self.along;
        let step = BESIDE * gap;
        let (far, near) = (beside(along, step), beside(along, NEARER * step));
        let (Some((before, after)), Some((nearer_before, nearer_after))) = (far, near) else {
            self.doubt(a, b, "the output is no number beside its zero", true);
            let zero = unknown(self.along);
            return self.push(zero);
        };
        let change = after.0 - before.0;
        let nearer = nearer_after.0 - nearer_before.0;
        let rising = Some(change * gap > 0.0);
        let size = a.value.abs().max(b.value.abs());
        let branch = self.along.curve().tracks[track].name.clone();
        let side = |place: Place, solution: Solution| {
            let (control, branch) = (solution.control, branch.clone());
            Side { place, control, branch, solution: Some(solution) }
        };
        if nearer.abs() > JUMPS * change.abs() {
            let kind = match nearer.abs() > GROWS * change.abs() && nearer.abs() > size {
                true => ZeroKind::Pole,
                false => ZeroKind::Jumps,
            };
            // A pole has the sign on its sides that the output has farther away, a jump the same.
            let rising = if kind == ZeroKind::Pole { None } else { rising };
            let sides = vec![side(Place::Before, nearer_before.1), side(Place::After, nearer_after.1)];
            let error = Some(f64::EPSILON * control.abs().max(gap.abs()));
            return self.push(Zero { control, error, kind, rising, sides, track, path: usize::MAX });
        }
        let signs = [(before.0, a.value), (after.0, b.value)];
        if signs.iter().any(|(value, sign)| value * sign <= 0.0) {
            self.doubt(a, b, "round-off hides on which side of its zero the output is positive", false);
        } else if !self.confirmed(&before.1) || !self.confirmed(&after.1) {
            let what = "a search at the zero itself finds another solution than the rows beside it";
            self.doubt(a, b, what, true);
            let zero = unknown(self.along);
            return self.push(zero);
        }
        let along = &mut *self.along;
        let Some(solution) = along.at(track, rows.clone(), control) else {
            let zero = unknown(along);
            self.doubt(a, b, "there is no solution at the zero of the output", true);
            return self.push(zero);
        };
        let known = along.known_to(&solution, self.scale);
        let error = (known / (change / (2.0 * step)).abs()).max(f64::EPSILON * control.abs());
        let sides = vec![side(Place::At, solution)];
        self.push(Zero { control, error: Some(error), kind: ZeroKind::Crosses, rising, sides, track, path });
    }

    /// Whether a row of its own, which knows of no neighbours, finds a solution: as the one that it reports, or among all.
    fn confirmed(&mut self, solution: &Solution) -> bool {
        let piece = self.along.piece;
        let system = &piece.piece.system;
        let alone = Curve::solve(system, &piece.parameters, &[solution.control], self.along.settings);
        self.along.finder.stand_at(solution.control);
        let finder = &self.along.finder;
        let same = |found: &Solution| found.x == solution.x || finder.same_solution(found, solution);
        match self.branches {
            true => alone.solutions(0).iter().any(|(_, found)| same(found)),
            false => alone.solution(0).is_some_and(|(_, found)| same(found)),
        }
    }

    fn doubt(&mut self, a: &Node, b: &Node, what: &str, fails: bool) {
        self.zeros.failed += usize::from(fails);
        let name = &self.along.piece.piece.system.control.name;
        let (from, to) = (a.control.min(b.control), a.control.max(b.control));
        self.zeros.doubts.push(format!("between {name} = {from} and {to}: {what}"));
    }
}

impl Along<'_> {
    /// How far the output of a solution may be off: round-off of its size along the path, and the errors of averages and unknowns.
    pub(super) fn known_to(&self, solution: &Solution, scale: f64) -> f64 {
        let noise = Along::noise_of(solution).min(scale);
        4.0 * f64::EPSILON * scale + noise + solution.uncertainty.min(1.0) * scale
    }

    /// The border between a point at which the output is zero and one at which it is not, by halving; and how far it may be off.
    pub(super) fn border(&mut self, outside: &Node, inside: &Node, scale: f64) -> (f64, f64) {
        let rows = outside.rows_to(inside);
        let mut is_zero = |control: f64| {
            let solution = self.at(outside.track, rows.clone(), control)?;
            let value = self.output_of(&solution);
            let beside = Node { value, noise: Along::noise_of(&solution), end: None, ..inside.clone() };
            Some(beside.sign(scale) == 0.0)
        };
        let gap = outside.control - inside.control;
        // The branch ends, and the output with it, at a point that is known.
        if inside.end.is_some() && is_zero(inside.control + 1e-4 * gap) == Some(false) {
            return (inside.control, 0.0);
        }
        let (mut zero, mut not) = (inside.control, outside.control);
        while (zero - not).abs() > 2.0 * f64::EPSILON * zero.abs().max(not.abs()).max(1e-3 * gap.abs()) {
            let middle = 0.5 * (zero + not);
            if middle == zero || middle == not {
                break;
            }
            match is_zero(middle) {
                Some(true) => zero = middle,
                Some(false) => not = middle,
                None => return (zero, (zero - not).abs()),
            }
        }
        // What is zero to round-off may begin a little later.
        let beside = zero + 1e-6 * gap;
        let value = self.value(outside.track, rows.clone(), beside).abs();
        let hidden = inside.least(scale) * (1e-6 * gap / value).abs();
        (zero, (zero - not).abs() + if hidden.is_finite() { hidden } else { gap.abs() })
    }
}
