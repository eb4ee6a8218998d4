//! A whole curve: the solutions of every row, found by the row alone, joined to branches and compared.

use nalgebra::DVector;

use super::change::{Change, find_changes};
use super::continuation::End;
use super::equations::{Effort, Equations};
use super::finder::Finder;
use super::join::Join;
use super::refusal::Refusal;
use super::solution::{Settings, Solution};
use super::starts::Findings;
use crate::system::{Kind, Origin, System};

/// A point this much lower, relative to the energy, than all branches shows that one is missing: more than the
/// tolerance on averages makes of an energy.
const UNFINISHED: f64 = 1e-11;

/// One branch along the curve.
#[derive(Debug, Clone)]
pub struct Track {
    /// Its label.
    pub name: String,
    /// Branch of the file that it belongs to.
    pub branch: Option<usize>,
    /// Whether it is a point on the boundary.
    pub boundary: bool,
    /// Its solution at each control value, where it exists.
    pub points: Vec<Option<Solution>>,
    /// Where it ends, or meets others.
    pub ends: Vec<End>,
}

impl Track {
    /// What selects among branches at a row, if the branch exists there.
    pub fn energy(&self, row: usize) -> Option<f64> {
        self.points[row].as_ref().map(|s| s.certified.selects)
    }
}

/// All branches of a system along the control, at fixed parameters.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Control values, in the order of the rows.
    pub controls: Vec<f64>,
    /// Branches.
    pub tracks: Vec<Track>,
    /// The branch of lowest energy at each row (without an energy: the first of the file).
    pub global: Vec<Option<usize>>,
    /// Where the global branch changes.
    pub changes: Vec<Change>,
    /// Work done.
    pub effort: Effort,
    /// At each row without a solution, why other points are none, the most telling first.
    pub refusals: Vec<Vec<Refusal>>,
    /// At each row the lowest energy of a point from which a search could not be finished: a branch above it is
    /// not the global minimum.
    unfinished: Vec<f64>,
    /// Of each row: branches of the file whose searches ended where the equations are not numbers, and where that was.
    pub undefined: Vec<Vec<(usize, Vec<f64>)>>,
}

impl Curve {
    /// Solves a system at every control value.
    pub fn solve(system: &System, parameters: &[f64], controls: &[f64], settings: Settings) -> Curve {
        if system.kind.moves() {
            return Curve::follow(system, parameters, controls, settings);
        }
        let mut finder = Finder::new(Equations::new(system, parameters), settings);
        let rows = controls.len();
        let mut curve = Curve {
            controls: controls.to_vec(),
            tracks: Vec::new(),
            global: Vec::new(),
            changes: Vec::new(),
            effort: Effort::default(),
            refusals: vec![Vec::new(); rows],
            unfinished: vec![f64::INFINITY; rows],
            undefined: vec![Vec::new(); rows],
        };
        if system.kind == Kind::ClosedForm {
            let points = finder.each_row(controls, |finder, control| {
                Some(Solution { branch: "closed-form".into(), ..finder.closed_form(control) })
            });
            let track =
                Track { name: "closed-form".into(), branch: None, boundary: false, points, ends: Vec::new() };
            curve.tracks.push(track);
        } else {
            let mut findings: Vec<Vec<Solution>> = Vec::with_capacity(rows);
            let searched = finder.each_row(controls, |finder, control| finder.search_alone(control));
            for (row, (control, alone)) in controls.iter().zip(searched).enumerate() {
                let found = finder.helped(*control, alone);
                let Findings { mut solutions, mut refusals, unfinished, undefined } = found;
                curve.undefined[row] = undefined;
                let boundaries = finder.boundaries(*control);
                let declared = |s: &Solution| boundaries.iter().any(|b| finder.distance(&b.x, &s.x) < 1e-9);
                solutions.retain(|s| !declared(s));
                solutions.extend(boundaries);
                refusals.sort_by(|a, b| a.rank().cmp(&b.rank()).then(a.distance().total_cmp(&b.distance())));
                curve.refusals[row] = refusals;
                if settings.doubt {
                    curve.unfinished[row] = unfinished;
                }
                findings.push(solutions);
            }
            curve.tracks = Join::new(&mut finder, controls, findings).tracks(settings.follow_to_ends);
            curve.label(&mut finder);
        }
        curve.global = (0..rows).map(|row| curve.lowest(row)).collect();
        curve.explain(&mut finder, settings.tolerance);
        curve.changes = find_changes(&curve, &mut finder);
        curve.effort = finder.effort();
        curve
    }

    /// The curve of a single branch, with why it is missing at the other rows.
    pub(super) fn of_one(
        controls: &[f64],
        track: Track,
        refusals: Vec<Vec<Refusal>>,
        effort: Effort,
    ) -> Curve {
        let rows = controls.len();
        Curve {
            controls: controls.to_vec(),
            global: track.points.iter().map(|point| point.as_ref().map(|_| 0)).collect(),
            tracks: vec![track],
            changes: Vec::new(),
            effort,
            refusals,
            unfinished: vec![f64::INFINITY; rows],
            undefined: vec![Vec::new(); rows],
        }
    }

    /// The solution that a row reports.
    pub fn solution(&self, row: usize) -> Option<(&Track, &Solution)> {
        let track = &self.tracks[self.global[row]?];
        track.points[row].as_ref().map(|s| (track, s))
    }

    /// How many rows have no solution within a tolerance on the averages.
    pub fn failed_rows(&self, tolerance: f64) -> usize {
        let within = |row| self.solution(row).is_some_and(|(_, s)| s.certified.within(tolerance));
        (0..self.controls.len()).filter(|row| !within(*row)).count()
    }

    /// All solutions of a row: the one that it reports, then lowest energy first, else in the order of the file.
    pub fn solutions(&self, row: usize) -> Vec<(&Track, &Solution)> {
        let mut all: Vec<(usize, &Track, &Solution)> = (self.tracks.iter().enumerate())
            .filter_map(|(i, t)| t.points[row].as_ref().map(|s| (i, t, s)))
            .collect();
        all.sort_by(|a, b| {
            let other = |i: usize| Some(i) != self.global[row];
            let energy = a.2.certified.selects.total_cmp(&b.2.certified.selects);
            let meant = b.2.meant.cmp(&a.2.meant);
            other(a.0).cmp(&other(b.0)).then(meant).then(energy).then(order_of(a.2).cmp(&order_of(b.2)))
        });
        all.into_iter().map(|(_, t, s)| (t, s)).collect()
    }

    /// Why a row has no solution within a tolerance; none if it has one, or if no start led anywhere.
    pub fn refusal(&self, row: usize, tolerance: f64) -> Option<&Refusal> {
        let solved = self.solution(row).is_some_and(|(_, s)| s.certified.within(tolerance));
        if solved { None } else { self.refusals[row].first() }
    }

    /// Leaves a row without a solution.
    pub fn refuse(&mut self, row: usize, refusal: Refusal) {
        self.global[row] = None;
        self.refusals[row].insert(0, refusal);
    }

    /// Adds what the rows that fail have to say beyond what their searches found.
    fn explain(&mut self, finder: &mut Finder, tolerance: f64) {
        for row in 0..self.controls.len() {
            let refusal = match self.solution(row) {
                Some((_, s)) if !s.certified.within(tolerance) => {
                    let (control, x, rung) = (s.control, s.x.clone(), s.certified.rung);
                    let error = s.certified.quadrature_error;
                    if !finder.equations.implicit_numbers_are_alone(control, &x, rung) {
                        self.refusals[row].insert(0, Refusal::Several);
                        continue;
                    }
                    let worst = finder.equations.worst_average(control, &x, rung);
                    Some(worst.map_or(Refusal::Averages { error }, Refusal::Average))
                }
                None if self.tracks.iter().filter_map(|t| t.points[row].as_ref()).any(|s| !s.meant) => {
                    let saddles = self.tracks.iter().filter_map(|t| t.points[row].as_ref());
                    saddles
                        .min_by_key(|s| order_of(s))
                        .map(|s| Refusal::Saddle { at: s.x.as_slice().to_vec() })
                }
                None if self.tracks.iter().any(|t| t.points[row].is_some()) => {
                    Some(Refusal::Lower { energy: self.unfinished[row] })
                }
                _ => None,
            };
            if let Some(refusal) = refusal {
                self.refusals[row].insert(0, refusal);
            }
        }
    }

    /// Labels the solutions of each row, and the branches by those of their points.
    fn label(&mut self, finder: &mut Finder) {
        for row in 0..self.controls.len() {
            let setup = finder.equations.setup(self.controls[row]);
            finder.set_scale(&setup);
            let present: Vec<usize> =
                (0..self.tracks.len()).filter(|t| self.tracks[*t].points[row].is_some()).collect();
            let mut solutions: Vec<Solution> =
                present.iter().filter_map(|t| self.tracks[*t].points[row].take()).collect();
            for (solution, track) in solutions.iter_mut().zip(&present) {
                solution.track = *track;
            }
            finder.label(self.controls[row], &mut solutions);
            for solution in solutions {
                let track = solution.track;
                self.tracks[track].points[row] = Some(solution);
            }
        }
        self.name_tracks();
    }

    /// A branch is named as its points are where they stand beside others; the branches are put in the order of the file.
    fn name_tracks(&mut self) {
        let rows = self.controls.len();
        let crowd: Vec<usize> =
            (0..rows).map(|row| self.tracks.iter().filter(|t| t.points[row].is_some()).count()).collect();
        let mut names: Vec<(usize, usize, String)> = Vec::new();
        for track in &self.tracks {
            let points = track.points.iter().enumerate().filter_map(|(row, p)| p.as_ref().map(|s| (row, s)));
            let busiest = points.clone().map(|(row, _)| crowd[row]).max().unwrap_or(0);
            let mut counts: Vec<(usize, &Solution)> = Vec::new();
            for (_, solution) in points.filter(|(row, _)| crowd[*row] == busiest) {
                match counts.iter_mut().find(|(_, s)| s.branch == solution.branch) {
                    Some((count, _)) => *count += 1,
                    None => counts.push((1, solution)),
                }
            }
            // Of equally many the first.
            let most = counts.iter().rev().max_by_key(|(count, _)| *count);
            names.push(most.map_or((usize::MAX, 0, String::new()), |(_, s)| {
                let number = s.branch.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(1);
                (s.place.unwrap_or(usize::MAX), number, s.branch.clone())
            }));
        }
        for (track, (place, _, name)) in self.tracks.iter_mut().zip(&names) {
            (track.name, track.branch) = (name.clone(), Some(*place).filter(|p| *p != usize::MAX));
        }
        let mut order: Vec<usize> = (0..self.tracks.len()).collect();
        let first = |t: &Track| t.points.iter().position(Option::is_some).unwrap_or(usize::MAX);
        order.sort_by_key(|t| (names[*t].0, names[*t].1, first(&self.tracks[*t])));
        self.tracks = order.into_iter().map(|t| self.tracks[t].clone()).collect();
    }

    /// The solution of lowest energy, if no search has seen a lower point; of energies equal to round-off, and without an
    /// energy, the first in the order of the file.
    fn lowest(&self, row: usize) -> Option<usize> {
        let present =
            self.tracks.iter().enumerate().filter_map(|(t, track)| Some((t, track.points[row].as_ref()?)));
        let mut all: Vec<(usize, &Solution)> = present.filter(|(_, s)| s.meant).collect();
        // One of a continuous family gives way to a solution that stands by itself.
        all.sort_by_key(|(_, s)| (s.is_one_of_a_family(), order_of(s)));
        let mut best: Option<(usize, f64)> = None;
        for (t, solution) in all {
            let energy = solution.certified.selects;
            let lower = match best {
                None => true,
                Some((_, lowest)) => energy < lowest && !equal_energies(energy, lowest),
            };
            if lower {
                best = Some((t, energy));
            }
        }
        let unfinished = self.unfinished[row];
        let error = |t: usize| self.tracks[t].points[row].as_ref().map_or(0.0, |s| s.energy_error);
        let beaten =
            |t: usize, energy: f64| unfinished < energy - UNFINISHED * energy.abs() - 16.0 * error(t);
        best.filter(|(t, energy)| !beaten(*t, *energy)).map(|(t, _)| t)
    }
}

/// The place of a solution among those of its row, from its label.
fn order_of(solution: &Solution) -> (usize, usize) {
    (solution.place.unwrap_or(usize::MAX), solution.order)
}

/// Whether energies are equal to round-off.
pub fn equal_energies(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-13 * b.abs().max(1e-3)
}

/// The boundary point of a branch of the file at a control value.
pub fn boundary_at(finder: &mut Finder, branch: usize, control: f64) -> Option<Solution> {
    let system = finder.equations.system;
    let Origin::Boundary(places) = &system.branches[branch].origin else { return None };
    let setup = finder.equations.setup(control);
    let x = DVector::from_iterator(places.len(), places.iter().map(|i| setup[*i]));
    let mut solution = finder.boundary(control, x)?;
    solution.place = Some(branch);
    Some(solution)
}

impl Finder<'_> {
    /// The points on the boundary that the file gives.
    fn boundaries(&mut self, control: f64) -> Vec<Solution> {
        (0..self.equations.system.branches.len()).filter_map(|b| boundary_at(self, b, control)).collect()
    }
}
