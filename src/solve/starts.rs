//! Where searches start: the file's starts, a space-filling set, and for one unknown every bracketed root.

use argmin::core::{CostFunction, Error, Executor};
use argmin::solver::brent::BrentRoot;
use nalgebra::DVector;
use statrs::distribution::{ContinuousCDF, Normal};

use super::newton::{AtControl, Persistence, find_root, find_root_boldly, minimise};
use super::refusal::Refusal;
use super::region::Region;
use super::solution::{Finder, OWN, Search, Solution};
use crate::average::PANELS;
use crate::system::{Kind, Origin};

/// How many starts a row gets at least, with those of the file; and how many of them the file does not give at least.
const STARTS: usize = 16;
const SPREAD: usize = 4;
/// Starts beside those of the file where every root is sought: without averages, with averages over one variable, and over
/// more of them, which cost most.
const SPREAD_FOR_ROOTS: [usize; 3] = [64, 12, 3];
/// At how many places an energy is looked at, and from how many of the low ones it is minimised: without averages, with
/// averages (for each pair of unknowns), with averages over one variable, and over more of them.
const LOOKED_AT: [usize; 3] = [1024, 48, 0];
const LOW_PLACES: [usize; 3] = [24, 4, 0];
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
        let mut findings = self.search_alone(control);
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
        for (start, place) in starts {
            if start.iter().all(|v| v.is_finite()) {
                self.search_from(control, &start, place, &region, &mut findings);
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

    /// Places where the energy, or what selects among solutions, is low among many that are spread over the region: starts in valleys that are narrow against
    /// the distances of the others.
    fn low_places(&mut self, control: f64, region: &Region) -> Vec<DVector<f64>> {
        let normals = self.equations.system.normals_at_once() as usize;
        let unknowns = self.scale.len();
        let looked_at =
            LOOKED_AT[normals.min(2)] * if normals == 0 { (unknowns * unknowns).max(4) } else { 1 };
        let most = LOW_PLACES[normals.min(2)];
        let places: Vec<DVector<f64>> = (0..looked_at).map(|i| self.space_filling_point(i, region)).collect();
        // Without ranges the scale of an unknown may be far from its size.
        let unbounded = (0..unknowns).any(|i| region.ends(i) == (f64::NEG_INFINITY, f64::INFINITY));
        let nearer = places.iter().enumerate().filter(|(i, _)| unbounded && i % 2 == 0);
        let nearer = nearer.map(|(i, x)| self.drawn_in(i, x, region)).collect();
        let places = self.lowest_of(control, places);
        let nearer = self.lowest_of(control, nearer);
        // Of those in one valley the lowest: about as far from each other as places would be that fill the region.
        let size = DVector::from_fn(self.scale.len(), |i, _| {
            let (low, high) = region.ends(i);
            if low.is_finite() && high.is_finite() { high - low } else { 4.0 * self.scale[i] }
        });
        let apart = (looked_at as f64).powf(-1.0 / self.scale.len().max(1) as f64) * 2.0;
        let mut chosen: Vec<DVector<f64>> = Vec::new();
        for x in places {
            if chosen.iter().all(|c| (&x - c).component_div(&size).amax() > apart) {
                chosen.push(x);
            }
            if chosen.len() == most {
                break;
            }
        }
        let mut close: Vec<DVector<f64>> = Vec::new();
        for x in nearer {
            let far = |a: f64, b: f64| (a - b).abs() > 0.5 * a.abs().max(b.abs());
            if close.len() < most.div_ceil(2) && close.iter().all(|c| (0..unknowns).any(|i| far(x[i], c[i])))
            {
                close.push(x);
            }
        }
        chosen.extend(close);
        chosen
    }

    /// A point with each unknown that has no range drawn in towards zero, by up to three decades.
    fn drawn_in(&self, index: usize, x: &DVector<f64>, region: &Region) -> DVector<f64> {
        let ratio = generalised_golden_ratio(x.len() + 1);
        DVector::from_fn(x.len(), |j, _| {
            let step = (0..=j + 1).fold(1.0, |p, _| p / ratio);
            // In halves, so that no digit depends on the machine's powers.
            let halvings = (10.0 * (0.25 + step * index as f64).fract()).floor();
            if region.ends(j) == (f64::NEG_INFINITY, f64::INFINITY) {
                x[j] * (-halvings).exp2()
            } else {
                x[j]
            }
        })
    }

    /// Points in the order of the energy, those without one left out.
    fn lowest_of(&mut self, control: f64, points: Vec<DVector<f64>>) -> Vec<DVector<f64>> {
        let mut known: Vec<(f64, DVector<f64>)> = Vec::with_capacity(points.len());
        for x in points {
            let rung = self.search_rung(control, &x);
            let energy = self.equations.evaluate(control, &x, rung).energy;
            if energy.is_finite() {
                known.push((energy, x));
            }
        }
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        known.into_iter().map(|(_, x)| x).collect()
    }

    /// Two rungs below a rule that serves solutions one is good to about the root of the tolerance.
    fn search_rung(&mut self, control: f64, start: &DVector<f64>) -> usize {
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
        let ended = if minimises {
            // A start that is small against the others lies in a valley that is as narrow.
            let narrow = scale.zip_map(start, |scale, start| {
                let own = start.abs();
                if 0.0 < own && own < NARROW * scale { own } else { scale }
            });
            let problem = AtControl::new(&mut self.equations, control, rung, start, &scale);
            minimise(problem, start.clone(), &narrow, region, SEARCH_TOLERANCE, persistence)
        } else {
            let problem = AtControl::new(&mut self.equations, control, rung, start, &scale);
            let mut ended = find_root(problem, start.clone(), &scale, region, 60);
            if !ended.converged {
                let problem = AtControl::new(&mut self.equations, control, rung, start, &scale).even();
                let even = find_root(problem, start.clone(), &scale, region, 60);
                ended = if even.converged { even } else { ended };
            }
            // Nothing else led anywhere: longer steps than those that reduce the residual each time may.
            let last_resort = from_file && findings.solutions.is_empty();
            let longest = LONGEST_STEPS.iter().filter(|_| last_resort && !ended.converged);
            let mut bold = longest.map(|longest| {
                let problem = AtControl::new(&mut self.equations, control, rung, start, &scale);
                find_root_boldly(problem, start.clone(), &scale, region, 150, *longest)
            });
            bold.find(|bold| bold.converged).unwrap_or(ended)
        };
        let mut x = ended.x;
        self.equations.apply_gauge(control, &mut x, rung);
        let mut solution = None;
        if ended.converged {
            // Minima are never this close to each other; roots can be.
            let near = |s: &Solution| self.distance(&x, &s.x) < NEAR;
            if minimises && findings.solutions.iter().any(near) {
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
            if self.equations.evaluate(control, &x, rung).energy < lowest {
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
        let again = minimise(problem, x.clone(), &self.scale, region, SEARCH_TOLERANCE, FROM_FILE);
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
        let energy = self.equations.evaluate(control, x, rung).energy;
        // Where averages are known less well than they should be: by how much that may lift the energy.
        let margin = if error <= tolerance {
            0.0
        } else {
            let lower = self.equations.evaluate(control, x, rung.saturating_sub(1)).energy;
            (lower - energy).abs() + 4.0 * self.equations.accuracy(control, x, rung).energy
        };
        if energy + margin < self.unfinished {
            self.unfinished = energy + margin;
        }
    }

    /// Point `index` of the additive recurrence with the generalised golden ratio (Roberts 2018), spread over
    /// the range of each unknown or, without one, over a few times its scale on both sides of zero.
    fn space_filling_point(&self, index: usize, region: &Region) -> DVector<f64> {
        let k = self.scale.len();
        let ratio = generalised_golden_ratio(k);
        let normal = Normal::standard();
        DVector::from_fn(k, |j, _| {
            let step = (0..=j).fold(1.0, |p, _| p / ratio);
            let u = (0.5 + step * (index + 1) as f64).fract();
            let (low, high) = region.ends(j);
            if low.is_finite() && high.is_finite() {
                // Every other start looks at the small end of a wide range.
                let u = if index % 2 == 1 { u.powi(4) } else { u };
                low + u * (high - low)
            } else {
                // Rounded, so that the last digit of the machine's logarithm starts no other path.
                let x = self.scale[j] * (2e6 * normal.inverse_cdf(u)).round() * 1e-6;
                if low.is_finite() {
                    low + x.abs()
                } else if high.is_finite() {
                    high - x.abs()
                } else {
                    x
                }
            }
        })
    }
}

/// Points at which one of the unknowns is zero, where it may be: it often stays so, by a symmetry, and the others are found
/// more easily.
fn without_one(spread: &[(DVector<f64>, Option<usize>)], region: &Region) -> Vec<DVector<f64>> {
    let unknowns = spread.first().map_or(0, |(x, _)| x.len());
    let may_be = |i: &usize| region.ends(*i).0 <= 0.0 && region.ends(*i).1 >= 0.0;
    let each = if unknowns > 4 { 1 } else { 3 };
    let places = (0..unknowns).filter(may_be).flat_map(|i| (0..each).map(move |n| (i, n)));
    let point = |(i, n): (usize, usize)| {
        let mut x = spread[(n + i * each) % spread.len()].0.clone();
        x[i] = 0.0;
        x
    };
    places.map(point).collect()
}

/// The positive root of x^(k+1) = x + 1.
fn generalised_golden_ratio(k: usize) -> f64 {
    // Newton from above; a handful of steps suffice.
    let mut x = 2.0f64;
    for _ in 0..8 {
        let power = (0..k).fold(1.0, |p, _| p * x);
        x -= (power * x - x - 1.0) / ((k + 1) as f64 * power - 1.0);
    }
    x
}

/// A root of a function that changes sign between two points, by argmin's Brent method.
pub fn brent(f: impl FnMut(f64) -> f64, from: f64, to: f64, tolerance: f64) -> Option<f64> {
    struct Scalar<F>(std::cell::RefCell<F>);
    impl<F: FnMut(f64) -> f64> CostFunction for Scalar<F> {
        type Param = f64;
        type Output = f64;
        fn cost(&self, x: &f64) -> Result<f64, Error> {
            Ok((self.0.borrow_mut())(*x))
        }
    }
    let solver = BrentRoot::new(from, to, tolerance);
    let executor = Executor::new(Scalar(std::cell::RefCell::new(f)), solver).timer(false).ctrlc(false);
    let result = executor.configure(|s| s.max_iters(200).counting(false)).run().ok()?;
    result.state.param.filter(|x| x.is_finite())
}
