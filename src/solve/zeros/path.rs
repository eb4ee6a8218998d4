//! The values of an output along the branches of a solved curve, row by row, with the places between rows where a branch begins, ends
//! or gives way to another.

use std::ops::RangeInclusive;

use super::{Place, Side, Zero, ZeroKind};
use crate::solve::change::{Between, Change};
use crate::solve::continuation::{End, EndKind};
use crate::solve::curve::{Curve, Track};
use crate::solve::equations::Equations;
use crate::solve::finder::Finder;
use crate::solve::job::PieceCurve;
use crate::solve::solution::{Settings, Solution};
use crate::system::Kind;

/// Below this part of its size along the path an output is zero to round-off.
const ROUND_OFF: f64 = 8.0 * f64::EPSILON;
/// What an output keeps of the errors of averages never counts as more than this part of its size.
pub(super) const MOST_NOISE: f64 = 1e-9;
/// At a point where its branch turns back, or meets another, an output is known less well: as the root of the error of the control.
const AT_FOLD: f64 = 1e-6;
/// How often the way from the last row of a branch to where it is lost is halved.
const INTO_GAP: usize = 6;

/// An output at a point of a path.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub control: f64,
    pub value: f64,
    /// Its error, as far as averages make it.
    pub noise: f64,
    pub track: usize,
    /// The rows between which it lies; twice the same for a row.
    pub rows: (usize, usize),
    pub solution: Option<Solution>,
    /// What happens to the branch there.
    pub end: Option<EndKind>,
    /// How far its control value may be off.
    pub error: Option<f64>,
    /// Whether the output turns back there as near to zero as can be told.
    pub touches: bool,
}

impl Node {
    /// The sign of the output, 0 where it is zero to its error.
    pub fn sign(&self, scale: f64) -> f64 {
        let mut zero = self.least(scale);
        if matches!(self.end, Some(EndKind::Fold | EndKind::Pitchfork | EndKind::Transcritical)) {
            zero = zero.max(AT_FOLD * scale);
        }
        if self.touches || self.value.abs() <= zero { 0.0 } else { self.value.signum() }
    }

    /// What the output may be off by, and is taken for zero.
    pub fn least(&self, scale: f64) -> f64 {
        ROUND_OFF * scale + self.noise.min(MOST_NOISE * scale)
    }

    /// The rows among which a branch is followed from here to another node.
    pub fn rows_to(&self, other: &Node) -> RangeInclusive<usize> {
        self.rows.0.min(other.rows.0)..=self.rows.1.max(other.rows.1)
    }
}

/// A solved curve, along which an output is asked for.
pub(super) struct Along<'p> {
    pub piece: &'p PieceCurve<'p>,
    pub output: usize,
    pub settings: Settings<'p>,
    pub finder: Finder<'p>,
}

impl<'p> Along<'p> {
    pub fn new(piece: &'p PieceCurve<'p>, output: usize, settings: Settings<'p>) -> Self {
        let finder = Finder::new(Equations::new(&piece.piece.system, &piece.parameters), settings);
        Along { piece, output, settings, finder }
    }

    pub fn curve(&self) -> &'p Curve {
        &self.piece.curve
    }

    /// 1 where the control grows from row to row, −1 where it falls.
    pub fn direction(&self) -> f64 {
        let controls = &self.curve().controls;
        match (controls.first(), controls.last()) {
            (Some(a), Some(b)) if b < a => -1.0,
            _ => 1.0,
        }
    }

    /// The range of the control that was solved.
    pub fn span(&self) -> f64 {
        let controls = &self.curve().controls;
        controls.first().zip(controls.last()).map_or(0.0, |(a, b)| (b - a).abs())
    }

    /// The output of a solution; not a number where the solution is not certified.
    pub fn output_of(&self, solution: &Solution) -> f64 {
        let certified = &solution.certified;
        match certified.within(self.settings.tolerance) {
            // So that a sign change through infinity can be closed in on.
            true => certified.outputs[self.output].clamp(-1e300, 1e300),
            false => f64::NAN,
        }
    }

    /// What the errors of averages make of it.
    pub fn noise_of(solution: &Solution) -> f64 {
        let certified = &solution.certified;
        certified.quadrature_error * certified.amplified.max(1.0)
    }

    /// A branch at a control value between some rows.
    pub fn at(&mut self, track: usize, rows: RangeInclusive<usize>, control: f64) -> Option<Solution> {
        if self.piece.piece.system.kind == Kind::ClosedForm {
            return Some(Solution { branch: "closed-form".into(), ..self.finder.closed_form(control) });
        }
        let curve = self.curve();
        let rows: Vec<usize> = rows.collect();
        Between::new(&curve.tracks[track], &rows).at(&mut self.finder, control)
    }

    /// The output of a branch there; not a number where it has none.
    pub fn value(&mut self, track: usize, rows: RangeInclusive<usize>, control: f64) -> f64 {
        self.at(track, rows, control).map_or(f64::NAN, |s| self.output_of(&s))
    }

    pub fn side(&self, node: &Node, place: Place) -> Side {
        let branch = self.curve().tracks[node.track].name.clone();
        Side { place, control: node.control, branch, solution: node.solution.clone() }
    }

    /// The output along what the rows report, in stretches without a gap.
    pub fn reported(&mut self) -> Vec<Vec<Node>> {
        let curve = self.curve();
        let tolerance = self.settings.tolerance;
        let rows: Vec<Option<usize>> = (0..curve.controls.len())
            .map(|row| {
                let solved = curve.solution(row).is_some_and(|(_, s)| s.certified.within(tolerance));
                curve.global[row].filter(|_| solved)
            })
            .collect();
        // The changes of the reported branch, in the order in which they were found.
        let solved: Vec<(usize, usize)> =
            rows.iter().enumerate().filter_map(|(row, track)| track.map(|t| (row, t))).collect();
        let changing = solved.windows(2).filter(|pair| pair[0].1 != pair[1].1).map(|pair| pair[0].0);
        let changes: Vec<(usize, &Change)> = changing.zip(&curve.changes).collect();
        let mut paths = Paths::default();
        for (row, track) in rows.iter().enumerate() {
            let Some(track) = *track else {
                paths.cut();
                continue;
            };
            let before = row.checked_sub(1).and_then(|r| rows[r]);
            match before {
                None => paths.extend(self.end_of(track, row, false)),
                Some(other) if other != track => {
                    let change = changes.iter().find(|(r, _)| r + 1 == row).map(|(_, change)| *change);
                    paths.extend(change.into_iter().flat_map(|c| self.change(c, [other, track], row - 1)));
                }
                Some(_) => {}
            }
            paths.extend(self.at_row(track, row));
            if rows.get(row + 1).is_some_and(Option::is_none) {
                paths.extend(self.end_of(track, row, true));
            }
        }
        paths.done()
    }

    /// The output along every branch.
    pub fn branches(&mut self) -> Vec<Vec<Node>> {
        let mut paths = Paths::default();
        for track in 0..self.curve().tracks.len() {
            let points = &self.curve().tracks[track].points;
            for row in 0..points.len() {
                if points[row].is_none() {
                    paths.cut();
                    continue;
                }
                if row > 0 && points[row - 1].is_none() {
                    paths.extend(self.end_of(track, row, false));
                }
                paths.extend(self.at_row(track, row));
                if points.get(row + 1).is_some_and(Option::is_none) {
                    paths.extend(self.end_of(track, row, true));
                }
            }
            paths.cut();
        }
        paths.done()
    }

    pub(super) fn node(&self, track: usize, rows: (usize, usize), solution: Solution) -> Node {
        Node {
            control: solution.control,
            value: self.output_of(&solution),
            noise: Self::noise_of(&solution),
            track,
            rows,
            solution: Some(solution),
            end: None,
            error: None,
            touches: false,
        }
    }

    fn at_row(&self, track: usize, row: usize) -> Option<Node> {
        let solution = self.curve().tracks[track].points[row].as_ref()?;
        Some(self.node(track, (row, row), solution.clone()))
    }

    /// Where a branch ends between a row and the next (`forward`), or begins between it and the one before; where that is not known, points
    /// as far as it can be followed.
    fn end_of(&mut self, track: usize, row: usize, forward: bool) -> Vec<Node> {
        let beside = if forward { Some(row + 1) } else { row.checked_sub(1) };
        let controls = &self.curve().controls;
        let Some((beside, to)) = beside.and_then(|b| Some((b, *controls.get(b)?))) else { return Vec::new() };
        let (from, rows) = (controls[row], (row.min(beside), row.max(beside)));
        let ends = &self.curve().tracks[track].ends;
        let end = ends.iter().find(|e| between(e.control, from, to) && e.kind != EndKind::Lost);
        let end = end.and_then(|end| self.at_end(track, rows, end));
        if let Some(end) = end.filter(|end| !end.value.is_nan()) {
            return vec![end];
        }
        let (mut known, mut not, mut nodes) = (from, to, Vec::new());
        for _ in 0..INTO_GAP {
            let middle = 0.5 * (known + not);
            let node = self.at(track, row..=row, middle).map(|s| self.node(track, rows, s));
            match node.filter(|node| !node.value.is_nan()) {
                Some(node) => {
                    known = middle;
                    nodes.push(node);
                }
                None => not = middle,
            }
        }
        if !forward {
            nodes.reverse();
        }
        nodes
    }

    /// A branch at the very point where something happens to it.
    fn at_end(&mut self, track: usize, rows: (usize, usize), end: &End) -> Option<Node> {
        let of = &self.curve().tracks[track];
        let solution = self.solution_at_end(of, end)?;
        let kind = Some(end.kind);
        Some(Node { end: kind, error: end.error, ..self.node(track, rows, solution) })
    }

    fn solution_at_end(&mut self, track: &Track, end: &End) -> Option<Solution> {
        self.finder.stand_at(end.control);
        let equations = &mut self.finder.equations;
        let tolerance = self.settings.tolerance;
        let (rung, error) = equations.adequate_rung(end.control, &end.x, 0, tolerance, true);
        let certified = equations.certify(end.control, &end.x, rung, error);
        let tangent = nalgebra::DVector::zeros(end.x.len());
        let mut solution = Solution::bare(end.control, end.x.clone(), certified, tangent);
        solution.branch.clone_from(&track.name);
        Some(solution)
    }

    /// The two sides of a change of the reported branch between a row and the next.
    fn change(&mut self, change: &Change, tracks: [usize; 2], row: usize) -> Vec<Node> {
        let curve = self.curve();
        let (from, to) = (curve.controls[row], curve.controls[row + 1]);
        if !between(change.control, from, to) {
            return Vec::new();
        }
        let rows = (row, row + 1);
        let mut nodes = Vec::new();
        for (track, solution) in tracks.into_iter().zip([&change.before, &change.after]) {
            let known = |e: &&End| e.control == change.control && (e.kind == EndKind::Fold || e.is_meeting());
            let node = match (curve.tracks[track].ends.iter().find(known), solution) {
                (Some(end), _) => self.at_end(track, rows, end),
                // A branch that was looked at a little inside of its end.
                (None, Some(solution)) => Some(Node {
                    end: Some(EndKind::Lost),
                    control: change.control,
                    ..self.node(track, rows, solution.clone())
                }),
                (None, None) => None,
            };
            nodes.extend(node.map(|node| Node { error: change.error, ..node }));
        }
        nodes
    }

    /// Rows, one after the other, at which the output is not known, between those at which it is; with a word on those that have a
    /// solution.
    pub fn unknown(&self, doubts: &mut Vec<String>) -> Vec<Zero> {
        let curve = self.curve();
        let known = |row: usize| {
            let (track, solution) = curve.solution(row)?;
            let output = self.output_of(solution);
            (!output.is_nan()).then_some((track, solution))
        };
        let side = |place: Place, row: usize| {
            known(row).map(|(track, solution)| Side {
                place,
                control: solution.control,
                branch: track.name.clone(),
                solution: Some(solution.clone()),
            })
        };
        let mut gaps = Vec::new();
        let mut row = 0;
        while row < curve.controls.len() {
            let last = (row..curve.controls.len()).take_while(|r| known(*r).is_none()).last();
            let Some(last) = last else {
                row += 1;
                continue;
            };
            let nothing = |place: Place, row: usize| Side {
                place,
                control: curve.controls[row],
                branch: String::new(),
                solution: None,
            };
            let before = row.checked_sub(1).and_then(|r| side(Place::Before, r));
            let after = (last + 1 < curve.controls.len()).then(|| side(Place::After, last + 1)).flatten();
            let sides = vec![
                before.unwrap_or_else(|| nothing(Place::Before, row)),
                after.unwrap_or_else(|| nothing(Place::After, last)),
            ];
            let solved = |row: &usize| {
                curve.solution(*row).is_some_and(|(_, s)| s.certified.within(self.settings.tolerance))
            };
            if let Some(undefined) = (row..=last).find(solved) {
                let system = &self.piece.piece.system;
                doubts.push(format!(
                    "`{}` is not a number at {} = {}: a zero there is not seen",
                    system.outputs[self.output].name, system.control.name, curve.controls[undefined]
                ));
            }
            gaps.push(Zero {
                control: curve.controls[row],
                error: None,
                kind: ZeroKind::Unknown,
                rising: None,
                sides,
                track: usize::MAX,
                path: usize::MAX,
            });
            row = last + 1;
        }
        gaps
    }
}

/// Whether a control value lies between two others, or on one of them to round-off.
fn between(control: f64, from: f64, to: f64) -> bool {
    let slack = 1e-9 * (to - from).abs();
    control >= from.min(to) - slack && control <= from.max(to) + slack
}

/// Paths that are being laid out.
#[derive(Default)]
struct Paths {
    done: Vec<Vec<Node>>,
    open: Vec<Node>,
}

impl Paths {
    fn extend(&mut self, nodes: impl IntoIterator<Item = Node>) {
        for node in nodes {
            match node.value.is_nan() {
                // Where a branch ends the output may have no value, and the rows beside it have.
                true if node.end.is_some() => {}
                true => self.cut(),
                false => self.open.push(node),
            }
        }
    }

    fn cut(&mut self) {
        if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }

    fn done(mut self) -> Vec<Vec<Node>> {
        self.cut();
        self.done
    }
}
