//! A whole curve: every branch at every control value, followed in both directions, labelled and compared.

use nalgebra::DVector;

use super::change::{Change, find_changes};
use super::continuation::End;
use super::equations::{Effort, Equations};
use super::solution::{Finder, Settings, Solution};
use crate::equation::{Kind, Origin, System};

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
    /// Where it ends.
    pub ends: Vec<End>,
}

impl Track {
    fn new(branch: Option<usize>, boundary: bool, rows: usize) -> Self {
        Track { name: String::new(), branch, boundary, points: vec![None; rows], ends: Vec::new() }
    }

    fn first_row(&self) -> usize {
        self.points.iter().position(Option::is_some).unwrap_or(usize::MAX)
    }

    /// Energy at a row, if the branch exists there.
    pub fn energy(&self, row: usize) -> Option<f64> {
        self.points[row].as_ref().map(|s| s.certified.energy)
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
    /// At each row the lowest energy of a point from which a search could not be finished: a branch above it is
    /// not the global minimum.
    unfinished: Vec<f64>,
}

impl Curve {
    /// Solves a system at every control value.
    pub fn solve(system: &System, parameters: &[f64], controls: &[f64], settings: Settings) -> Curve {
        let mut finder = Finder::new(Equations::new(system, parameters), settings);
        let mut curve = Curve {
            controls: controls.to_vec(),
            tracks: Vec::new(),
            global: Vec::new(),
            changes: Vec::new(),
            effort: Effort::default(),
            unfinished: vec![f64::INFINITY; controls.len()],
        };
        if system.kind == Kind::ClosedForm {
            let mut track = Track::new(None, false, controls.len());
            track.name = "closed-form".into();
            track.points = controls.iter().map(|t| Some(finder.closed_form(*t))).collect();
            curve.tracks.push(track);
        } else {
            curve.trace(&mut finder);
            if settings.follow_to_ends {
                curve.follow_to_ends(&mut finder);
            }
            curve.name_tracks(system);
        }
        curve.global = (0..controls.len()).map(|row| curve.lowest(row)).collect();
        curve.changes = find_changes(&curve, &mut finder);
        curve.effort = finder.effort();
        curve
    }

    /// The solution that a row reports.
    pub fn solution(&self, row: usize) -> Option<(&Track, &Solution)> {
        let track = &self.tracks[self.global[row]?];
        track.points[row].as_ref().map(|s| (track, s))
    }

    /// How many rows have no solution within a tolerance on the averages.
    pub fn failed_rows(&self, tolerance: f64) -> usize {
        let within = |row| self.solution(row).is_some_and(|(_, s)| s.certified.quadrature_error <= tolerance);
        (0..self.controls.len()).filter(|row| !within(*row)).count()
    }

    /// All solutions of a row, lowest energy first.
    pub fn solutions(&self, row: usize) -> Vec<(&Track, &Solution)> {
        let mut all: Vec<(&Track, &Solution)> =
            self.tracks.iter().filter_map(|t| t.points[row].as_ref().map(|s| (t, s))).collect();
        let first = self.global[row].map(|g| &self.tracks[g].name);
        all.sort_by(|a, b| {
            let lead = |t: &Track| Some(&t.name) != first;
            lead(a.0).cmp(&lead(b.0)).then(a.1.certified.energy.total_cmp(&b.1.certified.energy))
        });
        all
    }

    fn trace(&mut self, finder: &mut Finder) {
        let rows = self.controls.len();
        self.add_boundaries(finder);
        let mut born: Vec<(usize, usize)> = Vec::new();
        for row in 0..rows {
            let control = self.controls[row];
            // Boundary points count as known: a search may end on them.
            let present: Vec<usize> =
                (0..self.tracks.len()).filter(|t| self.tracks[*t].points[row].is_some()).collect();
            let known: Vec<Solution> =
                present.iter().filter_map(|t| self.tracks[*t].points[row].clone()).collect();
            let findings = finder.search(control, &known, row, rows);
            if finder.settings.doubt {
                self.unfinished[row] = findings.unfinished;
            }
            for (which, branch) in findings.claims {
                // A start may lead to another solution once its own has ended.
                if self.tracks.iter().all(|t| t.branch != Some(branch)) {
                    self.tracks[present[which]].branch.get_or_insert(branch);
                }
            }
            for found in findings.new {
                let mut track = Track::new(found.branch, false, rows);
                track.points[row] = Some(found.solution);
                self.tracks.push(track);
                born.push((self.tracks.len() - 1, row));
            }
            if row + 1 < rows {
                self.advance(finder, row);
            }
        }
        self.trace_back(finder, &born);
    }

    fn add_boundaries(&mut self, finder: &mut Finder) {
        let system = finder.equations.system;
        for (b, spec) in system.branches.iter().enumerate() {
            if let Origin::Boundary(_) = &spec.origin {
                let mut track = Track::new(Some(b), true, self.controls.len());
                for (row, control) in self.controls.iter().enumerate() {
                    track.points[row] = boundary_at(finder, b, *control);
                }
                self.tracks.push(track);
            }
        }
    }

    /// Follows every interior branch from a row to the next.
    fn advance(&mut self, finder: &mut Finder, row: usize) {
        let to = self.controls[row + 1];
        for t in 0..self.tracks.len() {
            if self.tracks[t].boundary {
                continue;
            }
            let Some(from) = self.tracks[t].points[row].clone() else { continue };
            match finder.follow(&from, to) {
                Ok(solution) => {
                    // Two branches that arrive at the same solution: one has run into the other.
                    let taken = self.tracks.iter().enumerate().any(|(o, other)| {
                        (o < t || other.boundary)
                            && other.points[row + 1]
                                .as_ref()
                                .is_some_and(|s| finder.same_solution(s, &solution))
                    });
                    if !taken {
                        self.tracks[t].points[row + 1] = Some(solution);
                    }
                }
                Err(end) => self.tracks[t].ends.push(end),
            }
        }
    }

    /// Follows every branch that was found at a later row back to where it begins.
    fn trace_back(&mut self, finder: &mut Finder, born: &[(usize, usize)]) {
        let mut merged: Vec<(usize, usize, usize)> = Vec::new();
        for (t, row) in born {
            for earlier in (0..*row).rev() {
                let Some(from) = self.tracks[*t].points[earlier + 1].clone() else { break };
                match finder.follow(&from, self.controls[earlier]) {
                    Ok(solution) => {
                        let same = (0..self.tracks.len()).find(|o| {
                            *o != *t
                                && self.tracks[*o].points[earlier]
                                    .as_ref()
                                    .is_some_and(|s| finder.same_solution(s, &solution))
                        });
                        if let Some(other) = same {
                            merged.push((*t, other, earlier));
                            break;
                        }
                        self.tracks[*t].points[earlier] = Some(solution);
                    }
                    Err(end) => {
                        self.tracks[*t].ends.push(end);
                        break;
                    }
                }
            }
        }
        // A branch that arrives at another one is its continuation.
        let mut into: Vec<usize> = (0..self.tracks.len()).collect();
        for (t, mut other, row) in merged {
            while into[other] != other {
                other = into[other];
            }
            into[t] = other;
            let rest = std::mem::take(&mut self.tracks[t].points);
            let ends = std::mem::take(&mut self.tracks[t].ends);
            let named = self.tracks[t].branch;
            self.tracks[t].points = vec![None; rest.len()];
            let keep = &mut self.tracks[other];
            keep.branch = keep.branch.or(named);
            let joined = keep.points[row + 1..].iter().all(Option::is_none);
            if joined {
                keep.ends.clear();
                keep.ends.extend(ends);
                for (place, point) in keep.points[row + 1..].iter_mut().zip(rest.into_iter().skip(row + 1)) {
                    *place = point;
                }
            }
        }
        self.tracks.retain(|t| t.points.iter().any(Option::is_some));
    }

    /// Follows branches that reach the first or last row beyond it, over the control range of the file.
    fn follow_to_ends(&mut self, finder: &mut Finder) {
        let system = finder.equations.system;
        let (low, high) = (system.control.from, system.control.to);
        let step = (high - low) / 100.0;
        let rows = self.controls.len();
        for track in self.tracks.iter_mut().filter(|t| !t.boundary) {
            for (row, neighbour) in [(0, 1), (rows - 1, rows.wrapping_sub(2))] {
                let Some(at) = track.points[row].clone() else { continue };
                let inward = self.controls.get(neighbour).copied();
                let directions: &[f64] = match inward {
                    Some(inward) if inward > self.controls[row] => &[-1.0],
                    Some(_) => &[1.0],
                    None => &[-1.0, 1.0],
                };
                for direction in directions {
                    let target = if *direction < 0.0 { low } else { high };
                    let mut here = at.clone();
                    while (target - here.control) * direction > 0.0 {
                        let next = here.control + direction * step.min((target - here.control).abs());
                        match finder.follow(&here, next) {
                            Ok(solution) => here = solution,
                            Err(end) => {
                                track.ends.push(end);
                                break;
                            }
                        }
                    }
                }
                if rows == 1 {
                    break;
                }
            }
        }
    }

    fn name_tracks(&mut self, system: &System) {
        let mut order: Vec<usize> = (0..self.tracks.len()).collect();
        order.sort_by_key(|t| (self.tracks[*t].branch.unwrap_or(usize::MAX), self.tracks[*t].first_row()));
        for (place, t) in order.iter().enumerate() {
            let base = match self.tracks[*t].branch {
                Some(b) => system.branches[b].name.clone(),
                None => "other".to_string(),
            };
            let overlaps = |name: &str| {
                order[..place].iter().any(|o| {
                    self.tracks[*o].name == name
                        && self.tracks[*o]
                            .points
                            .iter()
                            .zip(&self.tracks[*t].points)
                            .any(|(a, b)| a.is_some() && b.is_some())
                })
            };
            let mut name = base.clone();
            let mut number = 2;
            while overlaps(&name) {
                name = format!("{base}-{number}");
                number += 1;
            }
            self.tracks[*t].name = name;
        }
        // Branches of the file first, in its order.
        let mut sorted: Vec<Track> = Vec::with_capacity(self.tracks.len());
        for t in order {
            sorted.push(self.tracks[t].clone());
        }
        self.tracks = sorted;
    }

    /// The branch of lowest energy, if no search has seen a lower point; energies equal to round-off count as equal, and the file's order decides.
    fn lowest(&self, row: usize) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for (t, track) in self.tracks.iter().enumerate() {
            let Some(solution) = &track.points[row] else { continue };
            let energy = solution.certified.energy;
            let lower = match best {
                None => true,
                Some((_, lowest)) => energy < lowest && !equal_energies(energy, lowest),
            };
            if lower {
                best = Some((t, energy));
            }
        }
        let unfinished = self.unfinished[row];
        let beaten = |energy: f64| unfinished < energy - UNFINISHED * energy.abs();
        best.filter(|(_, energy)| !beaten(*energy)).map(|(t, _)| t)
    }
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
    finder.boundary(control, x)
}
