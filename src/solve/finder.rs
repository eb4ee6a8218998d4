//! How a point becomes a solution: it is polished to round-off, with a rule that its averages need, and certified.

use nalgebra::{DMatrix, DVector};

use super::at_control::AtControl;
use super::equations::{Effort, Equations};
use super::ladder::Ladder;
use super::newton::{Ended, find_root, relative_step};
use super::refusal::Refusal;
use super::region::Region;
use super::solution::{Settings, Solution};
use crate::system::Kind;

/// Two points closer than this, relative to the scale of the unknowns, are the same solution.
pub(super) const SAME: f64 = 1e-6;

/// The same for solutions at which the Jacobian is nearly singular: near a point where roots meet.
const NEARLY_SINGULAR: f64 = 1e-3;

/// The error of a rule may move the unknowns by this much relative to their scale, in units of the tolerance.
/// (Where the energy is nearly flat a small error of averages moves them far.)
const SHIFT: f64 = 1e3;

/// A solution that is small against the scale is found to its own digits, down to this part of the scale; what is smaller
/// still, where the equations do not vanish without it.
pub(super) const OWN: f64 = 1e-10;

/// A row is made from its solution rounded to so many binary digits; more of them where the fewer lead elsewhere.
const ROUNDINGS: [i32; 3] = [20, 32, 52];

/// Points this close are the same whatever the Jacobian: they need not be certified twice.
const CERTAINLY_SAME: f64 = 1e-9;

/// Finds solutions of a system at given parameters.
pub struct Finder<'s> {
    /// The equations.
    pub equations: Equations<'s>,
    /// How they are solved.
    pub settings: Settings<'s>,
    /// The rule that a solution of the present row needed.
    pub rung: Option<usize>,
    /// The rule with which the present row is searched until a solution shows what it needs.
    pub(super) rough: Option<usize>,
    /// The typical size of each unknown.
    pub scale: DVector<f64>,
    /// The lowest energy of a point from which the present search could not be finished.
    pub unfinished: f64,
    /// Solutions of the present row that are certified already.
    pub(super) known: Vec<Solution>,
    /// Rows from which those are reached that find nothing, once one was needed.
    pub(super) ladder: Option<Ladder>,
    /// The scale of a single unknown at control values where its roots are tiny.
    pub(super) tiny: Vec<(f64, f64)>,
}

impl<'s> Finder<'s> {
    /// A finder for equations at given parameters.
    pub fn new(equations: Equations<'s>, settings: Settings<'s>) -> Self {
        let equations = equations.stopping(settings.interrupted);
        let k = equations.system.unknowns.len();
        let scale = DVector::from_element(k, 1.0);
        Finder {
            equations,
            settings,
            rung: None,
            rough: None,
            scale,
            unfinished: f64::INFINITY,
            known: Vec::new(),
            ladder: None,
            tiny: Vec::new(),
        }
    }

    /// Work done so far.
    pub fn effort(&self) -> Effort {
        self.equations.effort
    }

    /// Whether two solutions are the same; where both are nearly singular, round-off moves each by much more.
    pub fn same_solution(&self, a: &Solution, b: &Solution) -> bool {
        let near = if a.is_nearly_singular() && b.is_nearly_singular() { NEARLY_SINGULAR } else { SAME };
        self.distance(&a.x, &b.x) < near
    }

    /// Largest difference relative to the scale of the unknowns; infinite coordinates are equal or apart.
    pub fn distance(&self, a: &DVector<f64>, b: &DVector<f64>) -> f64 {
        relative_distance(a, b, &self.scale)
    }

    /// The solution near a point, with its certificate. It depends on the point only through the solution that the point
    /// leads to: the iteration that makes the row starts from that solution rounded to a few digits, with a rule chosen
    /// there, so that every way to it ends in the same bits.
    ///
    /// # Errors
    /// Why there is none.
    pub fn settle(&mut self, control: f64, near: &DVector<f64>) -> Result<Solution, Refusal> {
        let region = self.region(control);
        let start = region.clamp(near.clone());
        // Most starts lead where others have led before.
        if let Some(known) = self.known.iter().find(|s| self.distance(&s.x, &start) < CERTAINLY_SAME) {
            return Ok(known.clone());
        }
        let rough = self.settings.tolerance.max(1e-9);
        let mut rung = match self.rung {
            Some(rung) => rung,
            None => self.equations.adequate_rung(control, &start, 0, rough, true).0,
        };
        let mut x = start;
        loop {
            let problem = AtControl::new(&mut self.equations, control, rung, &x, &self.scale).even();
            let ended = find_root(problem, x, &self.scale, &region, 40);
            x = ended.x;
            if !self.has_arrived(control, &x, rung, ended.converged) {
                return Err(self.not_zero(control, &x, rung));
            }
            // The rule of another solution may be too coarse for this one; a finer one than it needs does no harm.
            let (adequate, _) = self.equations.adequate_rung(control, &x, rung, rough, true);
            if adequate == rung {
                break;
            }
            rung = adequate;
        }
        if let Some(known) = self.known.iter().find(|s| self.distance(&s.x, &x) < CERTAINLY_SAME) {
            return Ok(known.clone());
        }
        let mut refusal = None;
        for digits in ROUNDINGS {
            let rounded = self.rounded(&x, &region, digits);
            match self.certified_from(control, rounded, &region) {
                // A rounded start in the wrong place (beyond the end of a domain) may lead elsewhere.
                Ok(solution) if self.distance(&solution.x, &x) < 1e-3 => return Ok(solution),
                Ok(_) => {}
                Err(why) => refusal = refusal.or(Some(why)),
            }
        }
        Err(refusal.unwrap_or_else(|| self.not_zero(control, &x, rung)))
    }

    /// The same for a point of a branch, which may lie outside the place where the file seeks solutions.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn settle_inside(&mut self, control: f64, near: &DVector<f64>) -> Result<Solution, Refusal> {
        let region = self.region(control);
        match self.far_outside(near, &region) {
            Some(refusal) => Err(refusal),
            None => self.settle(control, near),
        }
    }

    /// A point rounded to some binary digits, counted from zero or from the nearer end of its range.
    fn rounded(&self, x: &DVector<f64>, region: &Region, digits: i32) -> DVector<f64> {
        let round = |value: f64, smallest: f64| {
            let size = value.abs().max(smallest);
            let unit = (size.log2().floor() - f64::from(digits)).exp2();
            (value / unit).round() * unit
        };
        DVector::from_fn(x.len(), |i, _| {
            let (low, high) = region.ends(i);
            let smallest = 1e-9 * self.scale[i];
            let (from_low, from_high) = (x[i] - low, high - x[i]);
            if from_low < x[i].abs() && from_low <= from_high {
                low + round(from_low, smallest)
            } else if from_high < x[i].abs() && from_high.is_finite() {
                high - round(from_high, smallest)
            } else {
                round(x[i], smallest)
            }
        })
    }

    /// Newton's method to round-off from a point, with a rule that meets the tolerance.
    fn certified_from(
        &mut self,
        control: f64,
        start: DVector<f64>,
        region: &Region,
    ) -> Result<Solution, Refusal> {
        let tolerance = self.settings.tolerance;
        self.equations.forget_rules();
        let (mut rung, _) = self.equations.adequate_rung(control, &start, 0, tolerance.max(1e-9), true);
        let mut x = start;
        let mut iterations = 0;
        // The least shift so far, and how many better rules did not help.
        let (mut least_shift, mut stalls) = (f64::INFINITY, 0);
        for _ in 0..10 {
            let mut ended = self.in_own_digits(control, x, rung, region, OWN);
            iterations += ended.iterations;
            let tiny = ended.x.iter().zip(self.scale.iter()).any(|(x, scale)| x.abs() < OWN * scale);
            if tiny && ended.converged && !self.is_zero(control, &ended.x, rung) {
                let smaller = self.in_own_digits(control, ended.x.clone(), rung, region, 0.0);
                iterations += smaller.iterations;
                if self.is_zero(control, &smaller.x, rung) {
                    ended = smaller;
                }
            }
            x = ended.x;
            if !self.has_arrived(control, &x, rung, ended.converged) {
                return Err(self.not_zero(control, &x, rung));
            }
            let (adequate, error) = self.equations.adequate_rung(control, &x, rung, tolerance, true);
            if adequate == rung {
                // No rule is better than panels.
                if rung >= self.equations.highest_rung() {
                    return self.accept(control, x, rung, error, iterations, region);
                }
                let shift = self.shift(control, &x, rung);
                // A shift that better rules do not reduce is round-off; coarse rules improve slowly.
                stalls = if shift > 0.25 * least_shift { stalls + 1 } else { 0 };
                if shift <= SHIFT * tolerance || stalls > 2 {
                    return self.accept(control, x, rung, error, iterations, region);
                }
                least_shift = least_shift.min(shift);
                rung += 1;
                continue;
            }
            rung = adequate;
        }
        Err(self.not_zero(control, &x, rung))
    }

    /// Newton's method in units of what the unknowns are, down to a part of their scale.
    fn in_own_digits(
        &mut self,
        control: f64,
        x: DVector<f64>,
        rung: usize,
        region: &Region,
        part: f64,
    ) -> Ended {
        let own =
            x.zip_map(&self.scale, |x, scale| x.abs().clamp((part * scale).max(f64::MIN_POSITIVE), scale));
        let problem = AtControl::new(&mut self.equations, control, rung, &x, &self.scale).even();
        find_root(problem, x, &own, region, 40)
    }

    /// Whether an iteration has ended at a root: round-off may keep its last steps from shrinking.
    fn has_arrived(&mut self, control: f64, x: &DVector<f64>, rung: usize, converged: bool) -> bool {
        x.iter().all(|v| v.is_finite()) && (converged || self.is_zero(control, x, rung))
    }

    /// An unknown that is zero to round-off becomes zero, where that leaves the residual as small.
    pub(super) fn snap_to_zero(&mut self, control: f64, x: &mut DVector<f64>, rung: usize) {
        let tiny = |(v, scale): (&f64, &f64)| *v != 0.0 && v.abs() < 4e-15 * scale;
        if x.iter().zip(self.scale.iter()).any(tiny) {
            let zeroed = x.zip_map(&self.scale, |v, scale| if tiny((&v, &scale)) { 0.0 } else { v });
            let e = self.equations.evaluate(control, x, rung);
            // A shift of this size changes the residual by no more than its own round-off.
            let round_off = e.residual.amax() + 1e-14 * e.jacobian.amax() * self.scale.amax();
            let after = self.equations.evaluate(control, &zeroed, rung).residual.amax();
            if after <= round_off && (self.is_zero(control, &zeroed, rung) || !self.is_zero(control, x, rung))
            {
                *x = zeroed;
            }
        }
    }

    /// The box of the unknowns at a control value.
    pub fn region(&mut self, control: f64) -> Region {
        let setup = self.equations.setup(control);
        let unknowns = &self.equations.system.unknowns;
        Region::of(unknowns.iter().map(|u| u.range.map(|(from, to)| (setup[from], setup[to]))))
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

    /// Smallest eigenvalue of a Hessian (of a saddle, in the directions of the file and with their signs), or smallest singular value of
    /// a Jacobian.
    pub fn curvature(&self, jacobian: &DMatrix<f64>) -> Option<f64> {
        if jacobian.is_empty() || !jacobian.iter().all(|v| v.is_finite()) {
            return None;
        }
        Some(if self.equations.minimises() {
            smallest_eigenvalue(jacobian)
        } else {
            let extremum = &self.equations.system.extremum;
            let whole = jacobian.nrows() == self.scale.len();
            let signed = if whole { extremum.curvature(jacobian) } else { None };
            signed.unwrap_or_else(|| jacobian.clone().singular_values().min())
        })
    }

    /// A point on the boundary, known exactly: outputs and energy are evaluated there; the residual and the
    /// curvature are those of the finite unknowns.
    pub fn boundary(&mut self, control: f64, x: DVector<f64>) -> Option<Solution> {
        self.equations.forget_rules();
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
        let mut solution = Solution::bare(control, x, certified, tangent);
        solution.curvature = curvature;
        solution.boundary = true;
        Some(solution)
    }

    /// The outputs of a system without unknowns.
    pub fn closed_form(&mut self, control: f64) -> Solution {
        debug_assert_eq!(self.equations.system.kind, Kind::ClosedForm);
        let x = DVector::zeros(0);
        self.equations.forget_rules();
        let (rung, error) = self.equations.adequate_rung(control, &x, 0, self.settings.tolerance, true);
        let certified = self.equations.certify(control, &x, rung, error);
        Solution::bare(control, x.clone(), certified, x)
    }

    /// The size of a step relative to the scale of the unknowns.
    pub fn relative(&self, step: &DVector<f64>, x: &DVector<f64>) -> f64 {
        relative_step(step, x, &self.scale)
    }
}

/// Largest difference of two points, relative to the smaller of the two and not less than its scale.
pub(super) fn relative_distance(a: &DVector<f64>, b: &DVector<f64>, scale: &DVector<f64>) -> f64 {
    let apart = |((a, b), scale): ((&f64, &f64), &f64)| {
        if a == b { 0.0 } else { (a - b).abs() / a.abs().min(b.abs()).max(*scale) }
    };
    a.iter().zip(b.iter()).zip(scale.iter()).map(apart).fold(0.0, f64::max)
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
