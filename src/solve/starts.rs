//! Where searches start: the file's starts, a space-filling set, and for one unknown every bracketed root.

use argmin::core::{CostFunction, Error, Executor};
use argmin::solver::brent::BrentRoot;
use nalgebra::DVector;
use statrs::distribution::{ContinuousCDF, Normal};

use super::newton::{AtControl, Persistence, find_root, find_root_boldly, minimise};
use super::solution::{Finder, Search, Solution};
use crate::equation::{Kind, Origin};

/// How many starts serve one curve, and how few a row gets: what one row finds is followed to all others.
const STARTS: usize = 32;
const STARTS_PER_ROW: usize = 3;
/// Intervals in which the range of a single unknown is searched for roots.
const SCAN: usize = 96;
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

/// A solution that a search found.
pub struct Found {
    /// The solution.
    pub solution: Solution,
    /// The branch of the file whose start lies nearest to it, among those whose start led to it.
    pub branch: Option<usize>,
    distance: f64,
}

/// What a search at one control value found.
#[derive(Default)]
pub struct Findings {
    /// Solutions that were not known.
    pub new: Vec<Found>,
    /// Known solutions that a start of the file led to: (which, branch).
    pub claims: Vec<(usize, usize)>,
    /// The lowest energy of a point from which a search could not be finished; infinite if there is none.
    pub unfinished: f64,
}

enum Hit {
    Known(usize),
    Found(usize),
    New(Box<Solution>),
}

impl Finder<'_> {
    /// Takes the typical size of the unknowns at a control value from the file's starts.
    pub fn set_scale(&mut self, setup: &[f64]) {
        let system = self.equations.system;
        for i in 0..system.unknowns.len() {
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
            self.scale[i] = if largest > 1e-8 { largest } else { 1.0 };
        }
    }

    /// Searches from all starts of row `row` of `rows`.
    pub fn search(&mut self, control: f64, known: &[Solution], row: usize, rows: usize) -> Findings {
        let setup = self.equations.setup(control);
        self.set_scale(&setup);
        let system = self.equations.system;
        let mut findings = Findings { unfinished: f64::INFINITY, ..Findings::default() };
        self.unfinished = f64::INFINITY;
        if self.settings.search == Search::FirstRow && row > 0 {
            return findings;
        }
        let mut starts: Vec<(DVector<f64>, Option<usize>)> = Vec::new();
        for (b, branch) in system.branches.iter().enumerate() {
            if let Origin::Starts(places) = &branch.origin {
                let point = |p: &Vec<usize>| DVector::from_iterator(p.len(), p.iter().map(|i| setup[*i]));
                starts.extend(places.iter().map(|p| (point(p), Some(b))));
            }
        }
        let mut share = STARTS.div_ceil(rows.max(1)).max(STARTS_PER_ROW);
        let all = self.settings.search == Search::FileStarts;
        if !all && row > 0 && row + 1 < rows && !starts.is_empty() {
            // Between the ends of a curve the file's starts take turns.
            let turn = row % starts.len();
            starts = vec![starts.swap_remove(turn)];
            share -= 1;
        }
        // Brackets first: they hold their roots to round-off also where roots meet.
        if self.settings.search != Search::FileStarts {
            let brackets = self.bracketed_roots(control, &setup).into_iter().map(|x| (x, None));
            starts.splice(0..0, brackets);
            starts.extend((0..share).map(|i| (self.space_filling_point(row * share + i, &setup), None)));
        }
        for (start, branch) in starts {
            if !start.iter().all(|v| v.is_finite()) {
                continue;
            }
            match (self.search_from(control, &start, branch.is_some(), known, &findings.new), branch) {
                (Some(Hit::Known(i)), Some(branch)) => findings.claims.push((i, branch)),
                (Some(Hit::Found(i)), Some(branch)) => {
                    let distance = self.distance(&start, &findings.new[i].solution.x);
                    if distance < findings.new[i].distance {
                        findings.new[i].branch = Some(branch);
                        findings.new[i].distance = distance;
                    }
                }
                (Some(Hit::New(solution)), branch) => {
                    let distance = branch.map_or(f64::INFINITY, |_| self.distance(&start, &solution.x));
                    findings.new.push(Found { solution: *solution, branch, distance });
                }
                _ => {}
            }
        }
        findings.unfinished = self.unfinished;
        findings
    }

    fn search_from(
        &mut self,
        control: f64,
        start: &DVector<f64>,
        from_file: bool,
        known: &[Solution],
        found: &[Found],
    ) -> Option<Hit> {
        let persistence = if from_file { FROM_FILE } else { FROM_ANYWHERE };
        // A rule two rungs below the one that serves solutions is good to about the root of the tolerance.
        let rung = match self.rung {
            Some(rung) => rung.saturating_sub(2),
            None => self.equations.adequate_rung(control, start, 1, 1e-5, false).0,
        };
        let minimises = self.equations.minimises();
        let problem = AtControl::new(&mut self.equations, control, rung);
        let ended = if minimises {
            // A start that is small against the others lies in a valley that is as narrow.
            let scale = self.scale.zip_map(start, |scale, start| {
                let own = start.abs();
                if 0.0 < own && own < NARROW * scale { own } else { scale }
            });
            minimise(problem, start.clone(), &scale, SEARCH_TOLERANCE, persistence)
        } else {
            let ended = find_root(problem, start.clone(), &self.scale, 60);
            // Nothing else led anywhere: longer steps than those that reduce the residual each time may.
            let last_resort = from_file && known.is_empty() && found.is_empty();
            let longest = LONGEST_STEPS.iter().filter(|_| last_resort && !ended.converged);
            let mut bold = longest.map(|longest| {
                let problem = AtControl::new(&mut self.equations, control, rung);
                find_root_boldly(problem, start.clone(), &self.scale, 150, *longest)
            });
            bold.find(|bold| bold.converged).unwrap_or(ended)
        };
        let mut x = ended.x;
        self.equations.apply_gauge(control, &mut x, rung);
        let mut solution = None;
        if ended.converged {
            // Minima are never this close to each other; roots can be.
            if minimises {
                let near = |s: &Solution| self.distance(&x, &s.x) < NEAR;
                if let Some(hit) = hit(known, found, near) {
                    return Some(hit);
                }
            }
            solution = self.polish(control, x.clone(), ended.iterations);
        }
        if solution.is_none() && minimises {
            let others = known.iter().chain(found.iter().map(|f| &f.solution));
            let lowest = others.map(|s| s.certified.energy).fold(f64::INFINITY, f64::min);
            if self.equations.evaluate(control, &x, rung).energy < lowest {
                solution = if from_file { self.along_valley(control, &x, rung) } else { None };
                if solution.is_none() {
                    self.note_unfinished(control, &x, rung);
                }
            }
        }
        let solution = solution?;
        let same = |s: &Solution| self.same_solution(&solution, s);
        Some(hit(known, found, same).unwrap_or_else(|| Hit::New(Box::new(solution))))
    }

    /// From a point in a narrow valley, where the coarse rule of a search may have no minimum, and neither energy nor
    /// residual falls by steps of any size: once more with an adequate rule, then Newton's method without regard
    /// to either.
    fn along_valley(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> Option<Solution> {
        let hessian = self.equations.evaluate(control, x, rung).jacobian.clone();
        if !self.is_regular(&hessian) {
            return None;
        }
        let (rung, _) = self.equations.adequate_rung(control, x, rung, self.settings.tolerance, false);
        let problem = AtControl::new(&mut self.equations, control, rung);
        let again = minimise(problem, x.clone(), &self.scale, SEARCH_TOLERANCE, FROM_FILE);
        if again.converged
            && let Some(solution) = self.polish(control, again.x.clone(), again.iterations)
        {
            return Some(solution);
        }
        let problem = AtControl::new(&mut self.equations, control, rung);
        let ended = find_root_boldly(problem, again.x, &self.scale, 100, 0.25);
        if ended.converged { self.polish(control, ended.x, ended.iterations) } else { None }
    }

    /// Remembers the energy of a point that a search could not finish from.
    fn note_unfinished(&mut self, control: f64, x: &DVector<f64>, rung: usize) {
        let tolerance = self.settings.tolerance;
        let (rung, error) = self.equations.adequate_rung(control, x, rung, tolerance, false);
        let energy = self.equations.evaluate(control, x, rung).energy;
        if error <= tolerance && energy < self.unfinished {
            self.unfinished = energy;
        }
    }

    /// Point `index` of the additive recurrence with the generalised golden ratio (Roberts 2018), spread over
    /// the range of each unknown or, without one, over a few times its scale on both sides of zero.
    fn space_filling_point(&self, index: usize, setup: &[f64]) -> DVector<f64> {
        let system = self.equations.system;
        let k = system.unknowns.len();
        let ratio = generalised_golden_ratio(k);
        let normal = Normal::standard();
        DVector::from_iterator(
            k,
            system.unknowns.iter().enumerate().map(|(j, unknown)| {
                let step = (0..=j).fold(1.0, |p, _| p / ratio);
                let u = (0.5 + step * (index + 1) as f64).fract();
                match unknown.range {
                    Some((from, to)) => setup[from] + u * (setup[to] - setup[from]),
                    // Rounded, so that the last digit of the machine's logarithm starts no other path.
                    None => self.scale[j] * (2e6 * normal.inverse_cdf(u)).round() * 1e-6,
                }
            }),
        )
    }

    /// All roots for one unknown: sign changes of the residual are bracketed and closed by Brent's method, and
    /// pairs of roots between two points of the scan are found at the extremum between them.
    fn bracketed_roots(&mut self, control: f64, setup: &[f64]) -> Vec<DVector<f64>> {
        let system = self.equations.system;
        let [unknown] = system.unknowns.as_slice() else { return Vec::new() };
        if system.kind == Kind::Energy && unknown.range.is_none() {
            return Vec::new();
        }
        let (from, to) = match unknown.range {
            Some((from, to)) => (setup[from], setup[to]),
            None => (-8.0 * self.scale[0], 8.0 * self.scale[0]),
        };
        if !(from.is_finite() && to.is_finite() && from < to) {
            return Vec::new();
        }
        let rung = match self.rung {
            Some(rung) => rung,
            None => {
                let middle = DVector::from_element(1, 0.5 * (from + to));
                self.equations.adequate_rung(control, &middle, 1, 1e-8, false).0
            }
        };
        let mut at = |x: f64| {
            let e = self.equations.evaluate(control, &DVector::from_element(1, x), rung);
            (e.residual[0], e.jacobian[(0, 0)])
        };
        let points: Vec<(f64, f64, f64)> = (0..=SCAN)
            .map(|i| {
                let x = (from * (SCAN - i) as f64 + to * i as f64) / SCAN as f64;
                let (value, slope) = at(x);
                (x, value, slope)
            })
            .collect();
        let mut roots: Vec<f64> = points.iter().filter(|p| p.1 == 0.0).map(|p| p.0).collect();
        for pair in points.windows(2) {
            let ((a, fa, da), (b, fb, db)) = (pair[0], pair[1]);
            if fa * fb < 0.0 {
                roots.extend(brent(|x| at(x).0, a, b, 0.0));
            } else if fa * fb > 0.0 && da * db < 0.0 && da * fa < 0.0 {
                // |f| falls into the interval from both sides: two roots if the extremum crosses zero.
                if let Some(extremum) = brent(|x| at(x).1, a, b, 1e-15)
                    && at(extremum).0 * fa <= 0.0
                {
                    roots.extend(brent(|x| at(x).0, a, extremum, 0.0));
                    roots.extend(brent(|x| at(x).0, extremum, b, 0.0));
                }
            }
        }
        roots.into_iter().map(|x| DVector::from_element(1, x)).collect()
    }
}

/// The known or found solution that satisfies a condition.
fn hit(known: &[Solution], found: &[Found], is: impl Fn(&Solution) -> bool) -> Option<Hit> {
    let old = known.iter().position(&is).map(Hit::Known);
    old.or_else(|| found.iter().position(|f| is(&f.solution)).map(Hit::Found))
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
