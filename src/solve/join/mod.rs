//! Solutions of neighbouring rows → branches: each solution is followed to the next row, where it meets what that row
//! found by itself; what happens to it on the way is an event (`ends`). A solution that a row did not find is added to it.

mod ends;

use nalgebra::DVector;

use crate::solve::continuation::{End, EndKind};
use crate::solve::curve::Track;
use crate::solve::finder::Finder;
use crate::solve::solution::Solution;
use ends::Pending;

/// A solution is the continuation of another where the tangents of both foretell it to this part of the distance, and
/// no other solution comes near.
const FORETOLD: f64 = 0.2;
const FORETOLD_FLOOR: f64 = 1e-5;
const ALONE: f64 = 4.0;
/// Steps over the range of the control beyond the first and last row.
const STEPS_OUTWARD: f64 = 100.0;

/// Place of a solution: row, and number in the row.
type Place = (usize, usize);

/// A solution with its neighbours along the branch.
struct Point {
    solution: Solution,
    /// Its continuation towards the first and the last row.
    neighbours: [Option<Place>; 2],
    ends: Vec<End>,
}

/// Rows that are being joined.
pub(super) struct Join<'j, 's> {
    finder: &'j mut Finder<'s>,
    controls: &'j [f64],
    rows: Vec<Vec<Point>>,
}

/// Index into `neighbours` of a direction.
fn side(forward: bool) -> usize {
    usize::from(forward)
}

impl<'j, 's> Join<'j, 's> {
    pub(super) fn new(finder: &'j mut Finder<'s>, controls: &'j [f64], found: Vec<Vec<Solution>>) -> Self {
        let point = |solution| Point { solution, neighbours: [None, None], ends: Vec::new() };
        let rows = found.into_iter().map(|row| row.into_iter().map(point).collect()).collect();
        Join { finder, controls, rows }
    }

    /// Joins all rows; `outward`: also follows branches beyond the first and last row, over the control range of the file.
    pub(super) fn tracks(mut self, outward: bool) -> Vec<Track> {
        for row in 0..self.controls.len().saturating_sub(1) {
            self.gap(row);
        }
        if outward && !self.controls.is_empty() {
            self.outward();
        }
        self.assemble()
    }

    fn solution(&self, (row, i): Place) -> &Solution {
        &self.rows[row][i].solution
    }

    fn link(&mut self, a: Place, b: Place, forward: bool) {
        // A solution at which branches meet has no tangent of its own; it goes on as the branch that is joined to it came.
        let met = self.solution(b).clone();
        if !met.boundary && met.tangent.iter().all(|t| *t == 0.0) && self.finder.is_singular(&met) {
            self.rows[b.0][b.1].solution.tangent = self.solution(a).tangent.clone();
        }
        self.rows[a.0][a.1].neighbours[side(forward)] = Some(b);
        self.rows[b.0][b.1].neighbours[side(!forward)] = Some(a);
    }

    /// Joins a row to the next.
    fn gap(&mut self, row: usize) {
        self.finder.stand_at(self.controls[row]);
        self.boundaries(row);
        self.foretold(row);
        let mut pending = Vec::new();
        for i in 0..self.rows[row].len() {
            if self.is_loose((row, i), true) {
                self.carry((row, i), true, &mut pending);
            }
        }
        for i in 0..self.rows[row + 1].len() {
            let mut place = (row + 1, i);
            // What the earlier rows did not find is followed back to where it begins.
            while place.0 > 0 && self.is_loose(place, false) {
                match self.carry(place, false, &mut pending) {
                    Some(added) => place = added,
                    None => break,
                }
            }
        }
        self.settle_ends(pending);
        self.crossings(row);
    }

    /// Whether a solution is a branch's that is still to be followed. One of a continuous family leads nowhere.
    fn is_loose(&self, (row, i): Place, forward: bool) -> bool {
        let point = &self.rows[row][i];
        !point.solution.boundary
            && !point.solution.is_one_of_a_family()
            && point.neighbours[side(forward)].is_none()
    }

    /// Points on the boundary go on as what the file says; members of a continuous family in their order.
    fn boundaries(&mut self, row: usize) {
        for i in 0..self.rows[row].len() {
            let solution = &self.rows[row][i].solution;
            let (boundary, branch, family) =
                (solution.boundary, solution.place, solution.is_one_of_a_family());
            let same = |(j, p): &(usize, &Point)| {
                boundary && p.solution.boundary && p.solution.place == branch
                    || family && *j == i && p.solution.is_one_of_a_family()
            };
            if let Some((j, _)) = self.rows[row + 1].iter().enumerate().find(same) {
                self.link((row, i), (row + 1, j), true);
            }
        }
    }

    /// Joins the pairs that the tangents of both foretell beyond doubt.
    fn foretold(&mut self, row: usize) {
        let step = self.controls[row + 1] - self.controls[row];
        let finder = &*self.finder;
        let miss = |a: &Solution, b: &Solution| {
            let ahead = finder.distance(&(&a.x + &a.tangent * step), &b.x);
            let back = finder.distance(&(&b.x - &b.tangent * step), &a.x);
            ahead.max(back)
        };
        let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
        for (i, a) in self.rows[row].iter().enumerate() {
            for (j, b) in self.rows[row + 1].iter().enumerate() {
                if self.is_loose((row, i), true) && self.is_loose((row + 1, j), false) {
                    pairs.push((miss(&a.solution, &b.solution), i, j));
                }
            }
        }
        let mut links = Vec::new();
        for (m, i, j) in &pairs {
            let moved = finder.distance(&self.rows[row][*i].solution.x, &self.rows[row + 1][*j].solution.x);
            let rivals = pairs.iter().filter(|(_, a, b)| (a == i) != (b == j));
            if *m <= FORETOLD * moved + FORETOLD_FLOOR
                && moved < 1.0
                && rivals.map(|r| r.0).fold(f64::INFINITY, f64::min) > ALONE * m + 1e-3
            {
                links.push((*i, *j));
            }
        }
        for (i, j) in links {
            self.link((row, i), (row + 1, j), true);
        }
    }

    /// Follows a solution to the neighbouring row. Gives the place of a solution that was added there.
    fn carry(&mut self, from: Place, forward: bool, pending: &mut Vec<Pending>) -> Option<Place> {
        let row = if forward { from.0 + 1 } else { from.0 - 1 };
        let control = self.controls[row];
        let solution = self.solution(from).clone();
        self.finder.stand_at(solution.control);
        let x = match self.finder.follow(&solution, control) {
            Ok(x) => x,
            Err(end) => {
                pending.push(Pending { from, to: control, end, other: None });
                return None;
            }
        };
        self.finder.stand_at(control);
        let at = match self.nearest(row, &x) {
            Some(i) => (row, i),
            None => match self.finder.settle_inside(control, &x) {
                Ok(settled) => match self.same(row, &settled).or_else(|| self.family_of(row, &settled)) {
                    Some(i) => (row, i),
                    None => {
                        self.rows[row].push(Point {
                            solution: Solution { own: false, ..settled },
                            neighbours: [None, None],
                            ends: Vec::new(),
                        });
                        let added = (row, self.rows[row].len() - 1);
                        self.link(from, added, forward);
                        return Some(added);
                    }
                },
                Err(refusal) => {
                    if let Some(end) = self.left(&solution, control, &refusal) {
                        pending.push(Pending { from, to: control, end, other: None });
                    }
                    return None;
                }
            },
        };
        if self.is_loose(at, !forward) {
            self.link(from, at, forward);
        } else {
            self.arrive_at_another(from, at, forward, pending);
        }
        None
    }

    /// The solution of a row at a point to which a branch led.
    fn nearest(&self, row: usize, x: &DVector<f64>) -> Option<usize> {
        let distance = |p: &Point| self.finder.distance(&p.solution.x, x);
        let near = self.rows[row].iter().enumerate().filter(|(_, p)| distance(p) < 1e-7);
        near.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).map(|(i, _)| i)
    }

    fn same(&self, row: usize, solution: &Solution) -> Option<usize> {
        self.rows[row].iter().position(|p| self.finder.same_solution(&p.solution, solution))
    }

    /// The continuous family of a row that a solution is the end of.
    fn family_of(&mut self, row: usize, solution: &Solution) -> Option<usize> {
        let finder = &mut *self.finder;
        self.rows[row].iter().position(|p| finder.belongs_to(solution, &p.solution))
    }

    /// A branch arrives at a solution that continues another: two meet at this very row, and go on behind it.
    fn arrive_at_another(&mut self, from: Place, at: Place, forward: bool, pending: &mut Vec<Pending>) {
        let control = self.controls[at.0];
        let end = End::at(control, self.solution(at).x.clone(), EndKind::Lost);
        let other = self.rows[at.0][at.1].neighbours[side(!forward)].map(|p| self.solution(p).clone());
        pending.push(Pending { from, to: control, end, other });
        let beyond = if forward { at.0 + 1 } else { at.0.wrapping_sub(1) };
        let Some(next) = self.controls.get(beyond).copied() else { return };
        let (solution, met) = (self.solution(from).clone(), self.solution(at).clone());
        if let Ok(x) = self.finder.follow(&solution, next) {
            // What lies behind may be the continuation of the one that was met alone.
            let own = self.finder.follow(&met, next);
            if own.is_ok_and(|own| self.finder.distance(&own, &x) < 1e-4) {
                return;
            }
            self.finder.stand_at(next);
            if let Some(i) =
                self.nearest_within(beyond, &x, 1e-4).filter(|i| self.is_loose((beyond, *i), !forward))
            {
                self.link(from, (beyond, i), forward);
            }
        }
    }

    fn nearest_within(&self, row: usize, x: &DVector<f64>, distance: f64) -> Option<usize> {
        self.rows[row].iter().position(|p| self.finder.distance(&p.solution.x, x) < distance)
    }

    /// Follows the solutions of the first and last row to the ends of the control range, or to where they end before.
    fn outward(&mut self) {
        let control = &self.finder.equations.system.control;
        let (low, high) = (control.from, control.to);
        let step = (high - low) / STEPS_OUTWARD;
        let last = self.controls.len() - 1;
        let increasing = self.controls[last] >= self.controls[0];
        for (row, up) in [(0, !increasing), (last, increasing)] {
            for i in 0..self.rows[row].len() {
                let solution = &self.rows[row][i].solution;
                if !solution.boundary && !solution.is_one_of_a_family() {
                    let (target, direction) = if up { (high, 1.0) } else { (low, -1.0) };
                    self.outward_from((row, i), target, step * direction);
                }
            }
        }
    }

    fn outward_from(&mut self, from: Place, target: f64, step: f64) {
        let mut here = self.solution(from).clone();
        while (target - here.control) * step > 0.0 {
            let reaches = (target - here.control).abs() <= step.abs();
            let next = if reaches { target } else { here.control + step };
            self.finder.stand_at(here.control);
            let arrived = self.finder.follow(&here, next);
            let end = match arrived {
                Err(end) => Some(end),
                Ok(x) => {
                    self.finder.stand_at(next);
                    match self.finder.settle_inside(next, &x) {
                        Ok(solution) if self.finder.distance(&solution.x, &x) < 1e-3 => {
                            here = solution;
                            continue;
                        }
                        Ok(_) => None,
                        Err(refusal) => self.left(&here, next, &refusal),
                    }
                }
            };
            if let Some(end) = end {
                let met = self.meet(from, next, &end, None);
                self.rows[from.0][from.1].ends.push(met.unwrap_or(end));
            }
            return;
        }
    }

    fn assemble(self) -> Vec<Track> {
        let rows = self.controls.len();
        let mut tracks = Vec::new();
        let mut heads: Vec<Place> = Vec::new();
        for (row, points) in self.rows.iter().enumerate() {
            heads.extend((0..points.len()).filter(|i| points[*i].neighbours[0].is_none()).map(|i| (row, i)));
        }
        // At a row in which a branch turns back, what is left of it there cannot be followed: the fold says so already.
        let all = || self.rows.iter().flatten().flat_map(|p| &p.ends);
        let folds: Vec<f64> = all().filter(|e| e.kind == EndKind::Fold).map(|e| e.control).collect();
        let near = 1e-6 * self.span();
        let told =
            |e: &End| e.kind == EndKind::Lost && folds.iter().any(|fold| (fold - e.control).abs() < near);
        for head in heads {
            let first = &self.rows[head.0][head.1].solution;
            let (branch, boundary) = (first.place, first.boundary);
            let mut track =
                Track { name: String::new(), branch, boundary, points: vec![None; rows], ends: Vec::new() };
            let mut at = Some(head);
            while let Some((row, i)) = at {
                let point = &self.rows[row][i];
                track.points[row] = Some(point.solution.clone());
                track.ends.extend(point.ends.iter().filter(|e| !told(e)).cloned());
                at = point.neighbours[1];
            }
            tracks.push(track);
        }
        tracks
    }
}
