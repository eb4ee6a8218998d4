//! A solution with its certificate, and how a point becomes one.

use nalgebra::{DMatrix, DVector};

use super::equations::{Certified, Effort, Equations};
use super::newton::{AtControl, find_root, relative_step};
use crate::average::LOWEST_RUNG;
use crate::equation::Kind;

/// Two points closer than this, relative to the scale of the unknowns, are the same solution.
const SAME: f64 = 1e-6;

/// The same for solutions at which the Jacobian is nearly singular: near a point where roots meet.
const NEARLY_SINGULAR: f64 = 1e-3;

/// The error of a rule may move the unknowns by this much relative to their scale, in units of the tolerance.
/// (Where the energy is nearly flat a small error of averages moves them far.)
const SHIFT: f64 = 1e3;

/// Whether a lower rule would do is asked once in so many solutions.
const LOWERING: u64 = 6;

/// How a system is solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Absolute tolerance on every average that enters the outputs.
    pub tolerance: f64,
    /// How starts are spread.
    pub search: Search,
    /// Whether branches are followed beyond the given control values, to where they end.
    pub follow_to_ends: bool,
    /// Whether a row is left empty where a search has seen a lower point from which it could not finish; otherwise the
    /// lowest solution found is given.
    pub doubt: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { tolerance: 1e-12, search: Search::Full, follow_to_ends: false, doubt: true }
    }
}

/// How many starts a row gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// The file's starts and a share of the space-filling set at every row.
    Full,
    /// Only at the first row; the others follow their branches.
    FirstRow,
    /// The file's starts at every row, and no others.
    FileStarts,
}

/// A solution of the equations at one control value.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Control value.
    pub control: f64,
    /// Unknowns; infinite on the boundary.
    pub x: DVector<f64>,
    /// Outputs and certificate.
    pub certified: Certified,
    /// Smallest eigenvalue of the Hessian of an energy, else smallest singular value of the Jacobian; none for
    /// a closed form.
    pub curvature: Option<f64>,
    /// dx/d(control) along the branch.
    pub tangent: DVector<f64>,
    /// Iterations spent.
    pub iterations: u64,
}

/// Finds solutions of a system at given parameters.
pub struct Finder<'s> {
    /// The equations.
    pub equations: Equations<'s>,
    /// How they are solved.
    pub settings: Settings,
    /// The rule that the last solution needed.
    pub rung: Option<usize>,
    /// The typical size of each unknown.
    pub scale: DVector<f64>,
    /// The lowest energy of a point from which the present search could not be finished.
    pub unfinished: f64,
    accepted: u64,
}

impl<'s> Finder<'s> {
    /// A finder for equations at given parameters.
    pub fn new(equations: Equations<'s>, settings: Settings) -> Self {
        let k = equations.system.unknowns.len();
        let scale = DVector::from_element(k, 1.0);
        Finder { equations, settings, rung: None, scale, unfinished: f64::INFINITY, accepted: 0 }
    }

    /// Work done so far.
    pub fn effort(&self) -> Effort {
        self.equations.effort
    }

    /// Whether two solutions are the same; where both are nearly singular, round-off moves each by much more.
    pub fn same_solution(&self, a: &Solution, b: &Solution) -> bool {
        let singular = |s: &Solution| s.curvature.is_some_and(|c| c < 1e-7);
        let near = if singular(a) && singular(b) { NEARLY_SINGULAR } else { SAME };
        self.distance(&a.x, &b.x) < near
    }

    /// Largest difference relative to the scale of the unknowns; infinite coordinates are equal or apart.
    pub fn distance(&self, a: &DVector<f64>, b: &DVector<f64>) -> f64 {
        a.iter()
            .zip(b.iter())
            .zip(self.scale.iter())
            .map(
                |((a, b), scale)| if a == b { 0.0 } else { (a - b).abs() / a.abs().min(b.abs()).max(*scale) },
            )
            .fold(0.0, f64::max)
    }

    /// Newton's method to round-off from a point near a solution, with a rule that meets the tolerance.
    /// None where it does not converge, or converges to a point that is not a minimum of the energy.
    pub fn polish(&mut self, control: f64, start: DVector<f64>, spent: u64) -> Option<Solution> {
        let tolerance = self.settings.tolerance;
        let (mut rung, cold) = match self.rung {
            Some(rung) => (rung, false),
            None => (self.equations.adequate_rung(control, &start, 0, tolerance.max(1e-9), true).0, true),
        };
        let mut x = start;
        let mut iterations = spent;
        // The least shift so far, the rule at which it was first too large, and how many better rules did not help.
        let (mut least_shift, mut lowest, mut stalls) = (f64::INFINITY, rung, 0);
        for _ in 0..10 {
            let ended = find_root(AtControl::new(&mut self.equations, control, rung), x, &self.scale, 40);
            iterations += ended.iterations;
            if !ended.converged || !ended.x.iter().all(|v| v.is_finite()) {
                return None;
            }
            x = ended.x;
            let (adequate, error) = self.equations.adequate_rung(control, &x, rung, tolerance, cold);
            if adequate == rung {
                let shift = self.shift(control, &x, rung);
                if shift <= SHIFT * tolerance || rung >= self.equations.highest_rung() {
                    return self.accept(control, x, rung, error, iterations);
                }
                // A shift that better rules do not reduce is round-off; coarse rules improve slowly.
                if least_shift.is_infinite() {
                    lowest = rung;
                }
                stalls = if shift > 0.25 * least_shift { stalls + 1 } else { 0 };
                if stalls > 2 {
                    let solution = self.accept(control, x, rung, error, iterations);
                    self.rung = Some(lowest);
                    return solution;
                }
                least_shift = least_shift.min(shift);
                rung += 1;
                continue;
            }
            rung = adequate;
        }
        None
    }

    fn accept(
        &mut self,
        control: f64,
        mut x: DVector<f64>,
        rung: usize,
        error: f64,
        iterations: u64,
    ) -> Option<Solution> {
        self.snap_to_zero(control, &mut x, rung);
        self.equations.apply_gauge(control, &mut x, rung);
        let jacobian = self.equations.evaluate(control, &x, rung).jacobian.clone();
        // Where the derivative does not exist (√q at q = 0) nothing can be certified: such a solution must be
        // declared as a point on the boundary.
        if !jacobian.iter().all(|v| v.is_finite()) {
            return None;
        }
        let curvature = self.curvature(&jacobian);
        if !self.is_regular(&jacobian) && !self.inside_ranges(control, &x) {
            return None;
        }
        let tangent = self.slope(control, &x, rung);
        let certified = self.equations.certify(control, &x, rung, error);
        // Outside the domain of its energy a point is no solution.
        let selected = self.equations.system.equation_roots.energy.is_none() || certified.energy.is_finite();
        if !selected {
            return None;
        }
        // A rule that was more than enough is lowered for the next solution.
        self.accepted += 1;
        let mut next = rung;
        if self.accepted % LOWERING == 1 && error < 1e-3 * self.settings.tolerance {
            while next > LOWEST_RUNG && self.enough(control, &x, next - 1) {
                next -= 1;
            }
        }
        self.rung = Some(next);
        Some(Solution { control, x, certified, curvature, tangent, iterations })
    }

    /// An unknown that is zero to round-off becomes zero, where that leaves the residual as small.
    fn snap_to_zero(&mut self, control: f64, x: &mut DVector<f64>, rung: usize) {
        let tiny = |(v, scale): (&f64, &f64)| *v != 0.0 && v.abs() < 4e-15 * scale;
        if x.iter().zip(self.scale.iter()).any(tiny) {
            let zeroed = x.zip_map(&self.scale, |v, scale| if tiny((&v, &scale)) { 0.0 } else { v });
            let e = self.equations.evaluate(control, x, rung);
            // A shift of this size changes the residual by no more than its own round-off.
            let round_off = e.residual.amax() + 1e-14 * e.jacobian.amax() * self.scale.amax();
            let after = self.equations.evaluate(control, &zeroed, rung).residual.amax();
            if after <= round_off {
                *x = zeroed;
            }
        }
    }

    /// Whether all unknowns have ranges and lie in them. There a singular Jacobian is a critical point (where
    /// roots meet); elsewhere it may be a point on the way to infinity.
    fn inside_ranges(&mut self, control: f64, x: &DVector<f64>) -> bool {
        let ranges: Option<Vec<(usize, usize)>> =
            self.equations.system.unknowns.iter().map(|u| u.range).collect();
        let Some(ranges) = ranges.filter(|_| !self.equations.minimises()) else { return false };
        let setup = self.equations.setup(control);
        ranges.iter().zip(x.iter()).all(|((from, to), x)| setup[*from] <= *x && *x <= setup[*to])
    }

    /// How far the unknowns are, relative to their scale, from those of the next lower rule: J⁻¹ of the
    /// difference of the residuals.
    fn shift(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> f64 {
        if rung == 0 || !self.equations.system.has_averages() {
            return 0.0;
        }
        let lower = self.equations.evaluate(control, x, rung - 1).residual.clone();
        let e = self.equations.evaluate(control, x, rung);
        let step = e.jacobian.clone().lu().solve(&(lower - &e.residual));
        step.map_or(0.0, |step| relative_step(&step, x, &self.scale))
    }

    /// Whether a lower rule also meets the tolerance.
    fn enough(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> bool {
        self.shift(control, x, rung) <= 0.1 * SHIFT * self.settings.tolerance
            && self.equations.quadrature_error(control, x, rung) <= 0.1 * self.settings.tolerance
    }

    /// Smallest eigenvalue of a Hessian, or smallest singular value of a Jacobian.
    pub fn curvature(&self, jacobian: &DMatrix<f64>) -> Option<f64> {
        if jacobian.is_empty() || !jacobian.iter().all(|v| v.is_finite()) {
            return None;
        }
        Some(if self.equations.minimises() {
            smallest_eigenvalue(jacobian)
        } else {
            jacobian.clone().singular_values().min()
        })
    }

    /// Whether a Hessian is positive definite, or a Jacobian regular, beyond round-off. (Where a tanh saturates,
    /// residual and Jacobian vanish together on the way to infinity; that is no solution.)
    pub fn is_regular(&self, jacobian: &DMatrix<f64>) -> bool {
        // In units of the scale of the unknowns.
        let minimises = self.equations.minimises();
        let scaled = DMatrix::from_fn(jacobian.nrows(), jacobian.ncols(), |i, j| {
            jacobian[(i, j)] * self.scale[j] * if minimises { self.scale[i] } else { 1.0 }
        });
        let size = scaled.amax();
        // A Hessian that has all but underflowed is that of a point on the way to infinity.
        if !scaled.iter().all(|v| v.is_finite()) || size < 1e-290 {
            return false;
        }
        if minimises {
            smallest_eigenvalue(&scaled) > 1e-12 * size
        } else {
            scaled.singular_values().min() > 1e-8 * size.min(1.0)
        }
    }

    /// A point on the boundary, known exactly: outputs and energy are evaluated there; the residual and the
    /// curvature are those of the finite unknowns.
    pub fn boundary(&mut self, control: f64, x: DVector<f64>) -> Option<Solution> {
        let (rung, error) = self.equations.adequate_rung(control, &x, 0, self.settings.tolerance, true);
        let finite: Vec<usize> = (0..x.len()).filter(|i| x[*i].is_finite()).collect();
        let evaluation = self.equations.evaluate(control, &x, rung);
        let k = finite.len();
        let inner = DMatrix::from_fn(k, k, |i, j| evaluation.jacobian[(finite[i], finite[j])]);
        // A derivative that does not exist on the boundary (√r at r = 0) says nothing against it.
        let residuals = finite.iter().map(|i| evaluation.residual[*i].abs());
        let residual = residuals.fold(0.0, |worst: f64, r| if r > worst { r } else { worst });
        let curvature = self.curvature(&inner);
        let mut certified = self.equations.certify(control, &x, rung, error);
        certified.residual = residual;
        let has_energy = self.equations.system.equation_roots.energy.is_some();
        if has_energy && !certified.energy.is_finite() {
            return None;
        }
        let tangent = DVector::zeros(x.len());
        Some(Solution { control, x, certified, curvature, tangent, iterations: 0 })
    }

    /// The outputs of a system without unknowns.
    pub fn closed_form(&mut self, control: f64) -> Solution {
        debug_assert_eq!(self.equations.system.kind, Kind::ClosedForm);
        let x = DVector::zeros(0);
        let from = self.rung.unwrap_or(0);
        let cold = self.rung.is_none();
        let (rung, error) = self.equations.adequate_rung(control, &x, from, self.settings.tolerance, cold);
        self.rung = Some(rung);
        let certified = self.equations.certify(control, &x, rung, error);
        Solution { control, x: x.clone(), certified, curvature: None, tangent: x, iterations: 0 }
    }

    /// The size of a step relative to the scale of the unknowns.
    pub fn relative(&self, step: &DVector<f64>, x: &DVector<f64>) -> f64 {
        relative_step(step, x, &self.scale)
    }
}

/// Smallest eigenvalue of a symmetric matrix.
pub fn smallest_eigenvalue(m: &DMatrix<f64>) -> f64 {
    match m.nrows() {
        1 => m[(0, 0)],
        2 => {
            let (a, b, c) = (m[(0, 0)], m[(0, 1)], m[(1, 1)]);
            let half_trace = 0.5 * (a + c);
            let root = libm::hypot(0.5 * (a - c), b);
            // Where both have the same sign the difference would lose digits: det / (the larger).
            if half_trace > 0.0 { (a * c - b * b) / (half_trace + root) } else { half_trace - root }
        }
        _ => m.clone().symmetric_eigenvalues().min(),
    }
}
