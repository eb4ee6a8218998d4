//! Searches at one control value: from the file's starts, from a set that fills the region (`spread`), and for one unknown
//! from every bracketed root.

use nalgebra::DVector;

use super::at_control::AtControl;
use super::finder::{Finder, OWN, SAME, relative_distance};
use super::newton::{Ended, Persistence, find_new_root, find_root, find_root_boldly, minimise};
use super::refusal::Refusal;
use super::region::Region;
use super::solution::{Search, Solution};
use super::spread::without_one;
use crate::average::PANELS;
use crate::system::{Kind, Origin};

/// How many starts a row gets at least, with those of the file; and how many of them the file does not give at least.
const STARTS: usize = 16;
const SPREAD: usize = 4;
/// Starts beside those of the file where every root is sought: without averages, with averages over one variable, and over
/// more of them, which cost most.
const SPREAD_FOR_ROOTS: [usize; 3] = [64, 12, 3];
/// Searches stop at steps of this relative size, and then are about its square away; Newton's method finishes.
const SEARCH_TOLERANCE: f64 = 1e-3;
/// How long a search goes on from a start of the file, which is meant to lead somewhere, and from others.
const FROM_FILE: Persistence = Persistence { iterations: 400, flat: 20 };
const FROM_ANYWHERE: Persistence = Persistence { iterations: 80, flat: 3 };
/// A start below this fraction of the scale has a scale of its own.
const NARROW: f64 = 0.1;
/// The longest steps, relative to the unknowns, of iterations that need not reduce the residual.
const LONGEST_STEPS: [f64; 3] = [f64::INFINITY, 1.0, 0.25];
/// Minima closer than this are the same.
const NEAR: f64 = 1e-2;

/// What a search at one control value found.
#[derive(Debug, Default, Clone)]
pub struct Findings {
    /// Solutions.
    pub solutions: Vec<Solution>,
    /// Why other points are none.
    pub refusals: Vec<Refusal>,
    /// The lowest energy of a point from which a search could not be finished; infinite if there is none.
    pub unfinished: f64,
    /// Branches of the file whose searches ended where the equations are not numbers, and where that was.
    pub undefined: Vec<(usize, Vec<f64>)>,
}

impl Findings {
    fn refuse(&mut self, refusal: Refusal) {
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }
}

impl Finder<'_> {
    /// Takes the typical size of the unknowns at a control value from the file's starts, or else from their ranges.
    pub fn set_scale(&mut self, setup: &[f64]) {
        let system = self.equations.system;
        for (i, unknown) in system.unknowns.iter().enumerate() {
            let mut largest = 0.0f64;
            for branch in &system.branches {
                if let Origin::Starts(starts) = &branch.origin {
                    for start in starts {
                        let value = setup[start[i]].abs();
                        if value.is_finite() {
                            largest = largest.max(value);
                        }
                    }
                }
            }
            let in_range = unknown.range.map(|(from, to)| setup[from].abs().max(setup[to].abs()));
            self.scale[i] = match in_range {
                _ if largest > 1e-8 => largest,
                Some(end) => end.clamp(1e-300, 1.0),
                None if largest > 1e-300 => largest,
                None => 1.0,
            };
        }
        self.equations.scale.clone_from(&self.scale);
    }

    /// Where all roots of a single unknown lie close to zero, which is none, their size is its scale.
    fn take_scale_of_tiny(&mut self, control: f64, rung: usize, roots: &[f64]) {
        let largest = roots.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
        if largest > 0.0 && largest < OWN * self.scale[0] {
            let at = |x: f64| DVector::from_element(1, x);
            if !self.is_zero(control, &at(0.0), rung) && !self.is_zero(control, &at(0.5 * largest), rung) {
                self.tiny.push((control, largest));
                self.scale[0] = largest;
                self.equations.scale.clone_from(&self.scale);
            }
        }
    }

    /// Forgets what was found at other control values, and takes the scale of this one.
    pub(super) fn stand_at(&mut self, control: f64) {
        let setup = self.equations.setup(control);
        self.set_scale(&setup);
        if let Some((_, size)) = self.tiny.iter().find(|(at, _)| *at == control) {
            self.scale[0] = *size;
            self.equations.scale.clone_from(&self.scale);
        }
        (self.rung, self.rough) = (None, None);
        self.known.clear();
        self.equations.forget_rules();
    }

    /// All that a search at one control value finds, whatever was found elsewhere.
    pub fn search(&mut self, control: f64) -> Findings {
        let findings = self.search_alone(control);
        self.helped(control, findings)
    }

    /// The same once its own starts have led to these findings: where they are none, rows beside it help.
    pub(super) fn helped(&mut self, control: f64, mut findings: Findings) -> Findings {
        self.stand_at(control);
        if findings.solutions.is_empty() && self.settings.search != Search::FileStarts {
            self.climb(control, &mut findings);
        }
        findings
    }

    /// What searches from starts at one control value find.
    pub(super) fn search_alone(&mut self, control: f64) -> Findings {
        self.tiny.retain(|(at, _)| *at != control);
        self.stand_at(control);
        self.unfinished = f64::INFINITY;
        let setup = self.equations.setup(control);
        let system = self.equations.system;
        let mut findings = Findings { unfinished: f64::INFINITY, ..Findings::default() };
        let region = self.region(control);
        // With the branch of the file that they are given for.
        let mut starts: Vec<(DVector<f64>, Option<usize>)> = Vec::new();
        for (place, branch) in system.branches.iter().enumerate() {
            if let Origin::Starts(places) = &branch.origin {
                let point = |p: &Vec<usize>| DVector::from_iterator(p.len(), p.iter().map(|i| setup[*i]));
                starts.extend(places.iter().map(|p| (region.clamp(point(p)), Some(place))));
            }
        }
        if self.settings.search != Search::FileStarts {
            let others = match (self.equations.minimises(), system.normals_at_once()) {
                (true, _) => STARTS.saturating_sub(starts.len()).max(SPREAD),
                (false, normals) => SPREAD_FOR_ROOTS[(normals as usize).min(2)],
            };
            let spread = (0..others).map(|i| (self.space_filling_point(i, &region), None));
            let spread: Vec<_> = spread.collect();
            // Brackets first: they hold their roots to round-off also where roots meet.
            if let [_] = system.unknowns.as_slice() {
                let marks: Vec<f64> = starts.iter().map(|(x, _)| x[0]).collect();
                let rung = self.search_rung(control, &region.clamp(spread[0].0.clone()));
                let scan = self.scan(control, rung, &marks);
                self.take_scale_of_tiny(control, rung, &scan.roots);
                scan.refusals.into_iter().for_each(|refusal| findings.refuse(refusal));
                starts.splice(0..0, scan.roots.into_iter().map(|x| (DVector::from_element(1, x), None)));
            } else {
                if !self.equations.minimises() && system.normals_at_once() <= 1 {
                    starts.extend(without_one(&spread, &region).into_iter().map(|x| (x, None)));
                }
                starts.extend(spread);
            }
        }
        // Of a saddle the free energy says nothing about where it lies.
        let falls = system.equation_roots.energy.is_some() && system.kind != Kind::Extremum;
        if self.settings.search != Search::FileStarts && falls {
            let low = self.low_places(control, &region);
            starts.extend(low.into_iter().map(|x| (x, None)));
        }
        let last_of_file = starts.iter().rposition(|(_, place)| place.is_some());
        for (i, (start, place)) in starts.iter().enumerate() {
            // The same start once more leads nowhere else.
            let again =
                |(x, of): &(DVector<f64>, Option<usize>)| x == start && (place.is_none() || of == place);
            if start.iter().all(|v| v.is_finite()) && !starts[..i].iter().any(again) {
                self.search_from(control, start, *place, &region, &mut findings);
            }
            if Some(i) == last_of_file && !self.equations.minimises() {
                self.search_boldly(control, &starts[..=i], &region, &mut findings);
            }
        }
        if findings.solutions.is_empty() && region.is_bounded() {
            self.look_outside(control, &region, &mut findings);
        }
        self.drop_ends_of_families(&mut findings);
        findings.unfinished = self.unfinished;
        findings
    }

    /// A point from which the equations vanish all the way to one of a continuous family belongs to the family: its end,
    /// where a kink makes it look isolated.
    fn drop_ends_of_families(&mut self, findings: &mut Findings) {
        let families = findings.solutions.iter().filter(|s| s.is_one_of_a_family());
        for family in families.cloned().collect::<Vec<_>>() {
            findings.solutions.retain(|s| !self.belongs_to(s, &family));
        }
    }

    /// Whether the equations vanish all the way from a solution to one of a continuous family.
    pub(super) fn belongs_to(&mut self, solution: &Solution, family: &Solution) -> bool {
        let between = |part: f64| &solution.x + (&family.x - &solution.x) * part;
        let rung = family.certified.rung;
        // The first step is a small one, wherever the other is.
        let near = (1e-2 / self.distance(&solution.x, &family.x).max(1.0)).min(1e-2);
        family.is_one_of_a_family()
            && !solution.is_one_of_a_family()
            && [near, 0.1, 0.37, 0.71].iter().all(|part| self.is_zero(family.control, &between(*part), rung))
    }

    /// Where the region holds no solution: one outside it, which tells a user more than that there is none.
    fn look_outside(&mut self, control: f64, region: &Region, findings: &mut Findings) {
        let everywhere = Region::everywhere(self.scale.len());
        for index in 0..4 {
            let start = self.space_filling_point(index, region);
            let rung = self.search_rung(control, &start);
            let problem = AtControl::new(&mut self.equations, control, rung, &start, &self.scale);
            let ended = find_root(problem, start, &self.scale, &everywhere, 60);
            if ended.converged
                && self.is_zero(control, &ended.x, rung)
                && let Some(refusal) = self.far_outside(&ended.x, region)
            {
                return findings.refuse(refusal);
            }
        }
    }

    /// Two rungs below a rule that serves solutions one is good to about the root of the tolerance.
    pub(super) fn search_rung(&mut self, control: f64, start: &DVector<f64>) -> usize {
        match (self.rung, self.rough) {
            (Some(rung), _) => self.equations.search_rung(rung),
            (None, Some(rough)) => rough,
            (None, None) => {
                let (adequate, _) = self.equations.adequate_rung(control, start, 1, 1e-5, false);
                let rough = adequate.min(self.equations.search_rung(PANELS));
                self.rough = Some(rough);
                rough
            }
        }
    }

    fn search_from(
        &mut self,
        control: f64,
        start: &DVector<f64>,
        place: Option<usize>,
        region: &Region,
        findings: &mut Findings,
    ) {
        let from_file = place.is_some();
        let persistence = if from_file { FROM_FILE } else { FROM_ANYWHERE };
        let rung = self.search_rung(control, start);
        let minimises = self.equations.minimises();
        let scale = self.scale.clone();
        // Minima are never this close to each other; roots can be, and are the same solution only where they cannot be told apart.
        let near = if minimises { NEAR } else { SAME };
        let images = self.images(&findings.solutions);
        let exchange = self.equations.system.exchange.as_ref();
        let known = |x: &DVector<f64>| {
            let mut ordered = x.clone();
            exchange.iter().for_each(|exchange| exchange.put_in_order(ordered.as_mut_slice()));
            images.iter().any(|image| relative_distance(image, &ordered, &scale) < near)
        };
        let ended = if minimises {
            // A start that is small against the others lies in a valley that is as narrow.
            let narrow = scale.zip_map(start, |scale, start| {
                let own = start.abs();
                if 0.0 < own && own < NARROW * scale { own } else { scale }
            });
            let problem = AtControl::new(&mut self.equations, control, rung, start, &scale);
            minimise(problem, start.clone(), &narrow, region, SEARCH_TOLERANCE, persistence, &known)
        } else {
            let problem = AtControl::new(&mut self.equations, control, rung, start, &scale);
            let is_even = problem.is_even();
            let mut ended = find_new_root(problem, start.clone(), &scale, region, 60, &known);
            if !ended.converged && !is_even {
                let problem = AtControl::new(&mut self.equations, control, rung, start, &scale).even();
                let even = find_new_root(problem, start.clone(), &scale, region, 60, &known);
                ended = if even.converged { even } else { ended };
            }
            ended
        };
        if ended.known {
            return;
        }
        let mut x = ended.x;
        self.equations.apply_gauge(control, &mut x, rung);
        let mut solution = None;
        if ended.converged {
            if minimises && findings.solutions.iter().any(|s| self.distance(&x, &s.x) < NEAR) {
                return;
            }
            match self.settle(control, &x) {
                Ok(settled) => solution = Some(settled),
                Err(refusal) => findings.refuse(refusal),
            }
        } else if let Some(place) = place
            && !self.equations.are_numbers(control, &x, rung)
        {
            let x = x.as_slice().to_vec();
            findings.refuse(Refusal::Undefined { equation: 0, at: x.clone() });
            findings.undefined.push((place, x));
        } else if from_file && !minimises {
            let refusal = self.not_zero(control, &x, rung);
            findings.refuse(refusal);
        }
        if solution.is_none() && minimises {
            let lowest = findings.solutions.iter().map(|s| s.certified.energy).fold(f64::INFINITY, f64::min);
            if self.equations.energy(control, &x, rung) < lowest {
                solution = if from_file { self.along_valley(control, &x, rung, region) } else { None };
                if solution.is_none() {
                    self.note_unfinished(control, &x, rung);
                }
            }
        }
        if let Some(solution) = solution {
            self.add(findings, solution);
        }
    }

    /// From the starts of the file, where none has led anywhere: longer steps than those that reduce the residual each time may.
    fn search_boldly(
        &mut self,
        control: f64,
        starts: &[(DVector<f64>, Option<usize>)],
        region: &Region,
        findings: &mut Findings,
    ) {
        let of_file = starts.iter().filter_map(|(start, place)| Some((start, (*place)?)));
        for (start, place) in of_file.filter(|(start, _)| start.iter().all(|v| v.is_finite())) {
            if !findings.solutions.is_empty() {
                return;
            }
            let rung = self.search_rung(control, start);
            let mut ways = LONGEST_STEPS.iter().map(|longest| {
                let problem = AtControl::new(&mut self.equations, control, rung, start, &self.scale);
                find_root_boldly(problem, start.clone(), &self.scale, region, 150, *longest)
            });
            let Some(Ended { mut x, .. }) = ways.find(|ended| ended.converged) else { continue };
            self.equations.apply_gauge(control, &mut x, rung);
            match self.settle(control, &x) {
                Ok(solution) => {
                    findings.undefined.retain(|(of, _)| *of != place);
                    self.add(findings, solution);
                }
                Err(refusal) => findings.refuse(refusal),
            }
        }
    }

    /// Solutions that others cannot be mistaken for, and what the symmetry of the file makes of them.
    fn images(&self, solutions: &[Solution]) -> Vec<DVector<f64>> {
        // Where roots meet, round-off moves each, and another has the smaller residual.
        let alone = |s: &&Solution| self.equations.minimises() || !s.is_nearly_singular();
        let solutions: Vec<&Solution> = solutions.iter().filter(alone).collect();
        let mut images: Vec<DVector<f64>> = solutions.iter().map(|s| s.x.clone()).collect();
        if let Some(gauge) = &self.equations.system.gauge {
            let mirrored = solutions.iter().map(|solution| {
                let mut x = solution.x.clone();
                gauge.flip.iter().for_each(|i| x[*i] = -x[*i]);
                x
            });
            images.extend(mirrored);
        }
        images
    }

    /// Adds a solution that is not there yet. Of two that round-off keeps apart where the Jacobian is nearly singular, the
    /// one with the smaller residual stays.
    pub fn add(&mut self, findings: &mut Findings, solution: Solution) {
        // Of a continuous family one member speaks for all.
        let family = solution.is_one_of_a_family();
        let same = (findings.solutions.iter())
            .position(|s| family && s.is_one_of_a_family() || self.same_solution(&solution, s));
        match same {
            None => findings.solutions.push(solution),
            Some(_) if family => {}
            Some(place) => {
                let known = &mut findings.solutions[place];
                let rank = |s: &Solution| (s.certified.residual, s.x.norm());
                if rank(&solution) < rank(known) {
                    *known = solution;
                }
            }
        }
    }

    /// From a point in a narrow valley, where the coarse rule of a search may have no minimum, and neither energy nor
    /// residual falls by steps of any size: once more with an adequate rule, then Newton's method without regard
    /// to either.
    fn along_valley(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        region: &Region,
    ) -> Option<Solution> {
        let hessian = self.equations.evaluate(control, x, rung).jacobian.clone();
        if !self.is_regular(&hessian, x) {
            return None;
        }
        let (rung, _) = self.equations.adequate_rung(control, x, rung, self.settings.tolerance, false);
        let problem = AtControl::new(&mut self.equations, control, rung, x, &self.scale);
        let again =
            minimise(problem, x.clone(), &self.scale, region, SEARCH_TOLERANCE, FROM_FILE, &|_| false);
        if again.converged
            && let Ok(solution) = self.settle(control, &again.x)
        {
            return Some(solution);
        }
        let problem = AtControl::new(&mut self.equations, control, rung, &again.x, &self.scale);
        let ended = find_root_boldly(problem, again.x, &self.scale, region, 100, 0.25);
        if ended.converged { self.settle(control, &ended.x).ok() } else { None }
    }

    /// Remembers the energy of a point that a search could not finish from.
    fn note_unfinished(&mut self, control: f64, x: &DVector<f64>, rung: usize) {
        let tolerance = self.settings.tolerance;
        let (rung, error) = self.equations.adequate_rung(control, x, rung, tolerance, false);
        let energy = self.equations.energy(control, x, rung);
        // Where averages are known less well than they should be: by how much that may lift the energy.
        let margin = if error <= tolerance {
            0.0
        } else {
            let lower = self.equations.energy(control, x, rung.saturating_sub(1));
            (lower - energy).abs() + 4.0 * self.equations.accuracy(control, x, rung).energy
        };
        if energy + margin < self.unfinished {
            self.unfinished = energy + margin;
        }
    }
}
