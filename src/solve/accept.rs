//! What a solution is: a point at which each equation vanishes to the accuracy of the terms that it is made of, which
//! lies where the file says, and at which the equations leave no direction open.

use nalgebra::{DMatrix, DVector};

use super::finder::{Finder, smallest_eigenvalue};
use super::nature::Nature;
use super::refusal::Refusal;
use super::region::Region;
use super::solution::{Remark, Solution};

/// Rounding the unknowns moves the equations by this many units in the last place of each.
const ROUNDING: f64 = 4.0 * f64::EPSILON;
/// A Jacobian whose smallest singular value is below this fraction of the largest, rows and unknowns in units of their
/// size, is taken for singular; a Hessian by the second.
const SINGULAR: f64 = 1e-8;
pub(super) const SINGULAR_HESSIAN: f64 = 1e-12;
/// Below this size, in units of the scale, a Jacobian has all but underflowed.
pub(super) const UNDERFLOW: f64 = 1e-305;
/// How far a solution may lie beyond the end of a range, by the error of the unknowns alone: relative to their size.
const FARTHEST_SLACK: f64 = 1e-6;
/// Unknowns whose relative error is larger than this are said to be known no better, and minima are looked at from both
/// sides.
pub(super) const UNCERTAIN: f64 = 1e-9;
/// The farthest that a point is moved to the end of a range or to zero, where its error allows for that.
const FARTHEST_SNAP: f64 = 1e-3;
/// Farther out than this, in units of the scale, there are no families of solutions.
pub(super) const OUT: f64 = 1e6;

impl Finder<'_> {
    /// Makes a solution of a point at which an iteration has converged.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn accept(
        &mut self,
        control: f64,
        mut x: DVector<f64>,
        rung: usize,
        error: f64,
        iterations: u64,
        region: &Region,
    ) -> Result<Solution, Refusal> {
        self.snap_to_zero(control, &mut x, rung);
        self.equations.apply_gauge(control, &mut x, rung);
        self.undo_excess(control, &mut x, rung, region)?;
        self.snap(control, &mut x, rung, region);
        let evaluation = self.equations.evaluate(control, &x, rung).clone();
        let jacobian = evaluation.jacobian;
        // Where the derivative does not exist (√q at q = 0) nothing can be certified: such a solution must be
        // declared as a point on the boundary.
        for i in 0..x.len() {
            if !(evaluation.residual[i].is_finite() && jacobian.row(i).iter().all(|v| v.is_finite())) {
                return Err(Refusal::Undefined { equation: i, at: x.as_slice().to_vec() });
            }
        }
        let allowed = self.allowance(control, &x, rung, &jacobian);
        if let Some(refusal) = exceeds(&evaluation.residual, &allowed, &x) {
            return Err(refusal);
        }
        let mut remark = match self.nature(control, &x, rung, &jacobian, &allowed) {
            Nature::Isolated => None,
            // As far out as that, equations that no longer change are on their way to infinity.
            Nature::Line(direction) if x[direction.iamax()].abs() > OUT * self.scale[direction.iamax()] => {
                return Err(Refusal::Vanishing { at: x.as_slice().to_vec(), unknown: direction.iamax() });
            }
            Nature::Line(direction) => Some(Remark::NotIsolated(direction.as_slice().to_vec())),
            Nature::Vanishing(unknown) => {
                return Err(Refusal::Vanishing { at: x.as_slice().to_vec(), unknown });
            }
            Nature::NotMinimum => return Err(Refusal::NotMinimum { at: x.as_slice().to_vec() }),
        };
        let errors = uncertainty(&jacobian, &allowed);
        let relative = |i: usize| errors[i] / x[i].abs().max(self.scale[i]);
        let worst = (0..x.len()).max_by(|i, j| relative(*i).total_cmp(&relative(*j))).unwrap_or(0);
        let uncertainty = relative(worst);
        if remark.is_none() && uncertainty > UNCERTAIN.max(1e3 * self.settings.tolerance) {
            remark = Some(Remark::Uncertain(worst, errors[worst]));
        }
        // Within the error of the unknowns a condition may be met by chance.
        let doubtful = match &remark {
            Some(Remark::Uncertain(unknown, error)) => [*error, -error].into_iter().any(|by| {
                let mut beside = x.clone();
                beside[*unknown] += by;
                !self.equations.admissible(control, &beside, rung)
            }),
            _ => false,
        };
        if doubtful || !self.equations.admissible(control, &x, rung) {
            return Err(Refusal::Inadmissible { at: x.as_slice().to_vec() });
        }
        let edges: Vec<usize> = region.on_edge(&x).collect();
        if remark.is_none() && !edges.is_empty() {
            remark = Some(Remark::OnEdge(edges));
        }
        let curvature = self.curvature(&jacobian);
        let tangent = self.slope(control, &x, rung);
        let certified = self.equations.certify(control, &x, rung, error);
        // Outside the domain of its energy a point is no solution.
        if self.equations.system.equation_roots.energy.is_some() && !certified.energy.is_finite() {
            return Err(Refusal::Undefined { equation: 0, at: x.as_slice().to_vec() });
        }
        self.rung.get_or_insert(rung);
        let mut solution = Solution::bare(control, x, certified, tangent);
        (solution.curvature, solution.iterations, solution.remark) = (curvature, iterations, remark);
        solution.uncertainty = uncertainty;
        solution.meant = self.equations.system.extremum.is_met(&jacobian, &self.scale);
        if self.equations.system.equation_roots.energy.is_some() {
            solution.energy_error = self.equations.accuracy(control, &solution.x, rung).energy;
        }
        self.known.push(solution.clone());
        Ok(solution)
    }

    /// That a point lies outside the range of an unknown by more than the error of the unknowns can be.
    pub(super) fn far_outside(&self, x: &DVector<f64>, region: &Region) -> Option<Refusal> {
        let size = self.size_of(x);
        let unknown = region.left_by(x, |i| FARTHEST_SLACK * size[i])?;
        Some(Refusal::Outside { unknown, value: x[unknown], range: region.ends(unknown) })
    }

    /// Puts a point that lies outside its range by no more than the error of the unknowns onto the end of the range.
    fn undo_excess(
        &mut self,
        control: f64,
        x: &mut DVector<f64>,
        rung: usize,
        region: &Region,
    ) -> Result<(), Refusal> {
        if region.left_by(x, |_| 0.0).is_none() {
            return Ok(());
        }
        if let Some(refusal) = self.far_outside(x, region) {
            return Err(refusal);
        }
        let inside = region.clamp(x.clone());
        let evaluation = self.equations.evaluate(control, &inside, rung).clone();
        let allowed = self.allowance(control, &inside, rung, &evaluation.jacobian);
        if exceeds(&evaluation.residual, &allowed, &inside).is_some() {
            let unknown = region.left_by(x, |_| 0.0).unwrap_or(0);
            return Err(Refusal::Outside { unknown, value: x[unknown], range: region.ends(unknown) });
        }
        *x = inside;
        Ok(())
    }

    /// A point that its equations cannot tell from the end of a range, or from zero, lies there, if that is as good a
    /// solution: at a multiple root round-off moves unknowns by more than their digits.
    fn snap(&mut self, control: f64, x: &mut DVector<f64>, rung: usize, region: &Region) {
        let scale = self.scale.clone();
        let places = |i: usize| [region.ends(i).0, region.ends(i).1, 0.0];
        let close = |x: &DVector<f64>, i: usize, place: f64| {
            x[i] != place && (x[i] - place).abs() <= FARTHEST_SNAP * x[i].abs().max(scale[i])
        };
        if !(0..x.len()).any(|i| places(i).iter().any(|place| close(x, i, *place))) {
            return;
        }
        let evaluation = self.equations.evaluate(control, x, rung).clone();
        let allowed = self.allowance(control, x, rung, &evaluation.jacobian);
        let errors = uncertainty(&evaluation.jacobian, &allowed);
        let mut snapped = x.clone();
        for i in 0..x.len() {
            let place = places(i).into_iter().find(|place| {
                close(x, i, *place) && (x[i] - place).abs() <= 4.0 * errors[i] && region.excess(x, i) <= 0.0
            });
            snapped[i] = place.unwrap_or(x[i]);
        }
        let residual = &self.equations.evaluate(control, &snapped, rung).residual;
        if snapped != *x && (0..x.len()).all(|i| residual[i].abs() <= evaluation.residual[i].abs()) {
            *x = snapped;
        }
    }

    /// How far from zero each equation may be: the error with which its terms are known, and what rounding the unknowns
    /// makes of it.
    pub(super) fn allowance(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        jacobian: &DMatrix<f64>,
    ) -> DVector<f64> {
        let accuracy = self.equations.accuracy(control, x, rung).residual;
        DVector::from_fn(x.len(), |i, _| {
            let moved: f64 = (0..x.len()).map(|j| (jacobian[(i, j)] * x[j]).abs()).sum();
            2.0 * accuracy[i] + ROUNDING * moved
        })
    }

    /// Whether the equations vanish at a point to the accuracy of their terms.
    pub(super) fn is_zero(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> bool {
        let evaluation = self.equations.evaluate(control, x, rung).clone();
        let allowed = self.allowance(control, x, rung, &evaluation.jacobian);
        exceeds(&evaluation.residual, &allowed, x).is_none()
    }

    /// That a point is not zero, by its worst equation.
    pub(super) fn not_zero(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> Refusal {
        let evaluation = self.equations.evaluate(control, x, rung).clone();
        let at = x.as_slice().to_vec();
        if let Some(equation) = (0..x.len()).find(|i| !evaluation.residual[*i].is_finite()) {
            return Refusal::Undefined { equation, at };
        }
        let allowed = self.allowance(control, x, rung, &evaluation.jacobian);
        let times = |i: &usize| evaluation.residual[*i].abs() / allowed[*i].max(f64::MIN_POSITIVE);
        let equation = (0..x.len()).max_by(|i, j| times(i).total_cmp(&times(j))).unwrap_or(0);
        let (value, accuracy) = (evaluation.residual[equation], allowed[equation]);
        Refusal::NotZero { equation, value, accuracy, at }
    }

    /// The size of each unknown at a point: its own, and not less than its scale.
    pub(super) fn size_of(&self, x: &DVector<f64>) -> DVector<f64> {
        x.zip_map(&self.scale, |x, scale| x.abs().max(scale))
    }

    /// The Jacobian in units of the scale of the unknowns (of the Hessian: on both sides; else with each row in units
    /// of its largest entry).
    pub(super) fn balanced(&self, jacobian: &DMatrix<f64>, x: &DVector<f64>) -> DMatrix<f64> {
        let size = self.size_of(x);
        let minimises = self.equations.minimises();
        let mut scaled = DMatrix::from_fn(jacobian.nrows(), jacobian.ncols(), |i, j| {
            if minimises {
                jacobian[(i, j)] * self.scale[j] * self.scale[i]
            } else {
                jacobian[(i, j)] * size[j]
            }
        });
        if !minimises {
            for mut row in scaled.row_iter_mut() {
                let largest = row.amax();
                if largest > UNDERFLOW {
                    row /= largest;
                }
            }
        }
        scaled
    }

    /// Whether a Hessian is positive definite, or a Jacobian regular, beyond round-off.
    pub fn is_regular(&self, jacobian: &DMatrix<f64>, x: &DVector<f64>) -> bool {
        let scaled = self.balanced(jacobian, x);
        let size = scaled.amax();
        if !scaled.iter().all(|v| v.is_finite()) || size < UNDERFLOW {
            return false;
        }
        if self.equations.minimises() {
            smallest_eigenvalue(&scaled) > SINGULAR_HESSIAN * size
        } else {
            scaled.singular_values().min() > SINGULAR
        }
    }

    /// Whether the Jacobian at a solution is singular beyond round-off.
    pub(super) fn is_singular(&mut self, at: &Solution) -> bool {
        let jacobian = self.equations.evaluate(at.control, &at.x, at.certified.rung).jacobian.clone();
        !self.is_regular(&jacobian, &at.x)
    }

    /// The sign of the determinant of the Jacobian; 0 where it is singular. It changes where branches meet.
    pub(super) fn orientation(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> i8 {
        let jacobian = self.equations.evaluate(control, x, rung).jacobian.clone();
        if !self.is_regular(&jacobian, x) {
            return 0;
        }
        let determinant = self.balanced(&jacobian, x).determinant();
        i8::from(determinant > 0.0) - i8::from(determinant < 0.0)
    }
}

/// How far the errors of the equations may move each unknown: |J⁻¹| times them; infinite where J is singular.
pub(super) fn uncertainty(jacobian: &DMatrix<f64>, allowed: &DVector<f64>) -> DVector<f64> {
    let unknown = DVector::from_element(allowed.len(), f64::INFINITY);
    let Some(inverse) = jacobian.clone().try_inverse() else { return unknown };
    let errors = inverse.map(f64::abs) * allowed;
    if errors.iter().all(|e| e.is_finite()) { errors } else { unknown }
}

/// The first equation that is farther from zero than it may be, or of which nothing is known.
fn exceeds(residual: &DVector<f64>, allowed: &DVector<f64>, x: &DVector<f64>) -> Option<Refusal> {
    let equation =
        (0..residual.len()).find(|i| !(residual[*i].abs() <= allowed[*i] && allowed[*i].is_finite()))?;
    let (value, accuracy) = (residual[equation], allowed[equation]);
    Some(Refusal::NotZero { equation, value, accuracy, at: x.as_slice().to_vec() })
}
