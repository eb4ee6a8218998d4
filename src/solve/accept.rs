//! What a solution is: a point at which each equation vanishes to the accuracy of the terms that it is made of, which
//! lies where the file says, and at which the equations leave no direction open.

use nalgebra::{DMatrix, DVector};

use super::equations::Evaluation;
use super::refusal::Refusal;
use super::region::Region;
use super::solution::{Finder, Remark, Solution, smallest_eigenvalue};

/// Rounding the unknowns moves the equations by this many units in the last place of each.
const ROUNDING: f64 = 4.0 * f64::EPSILON;
/// A Jacobian whose smallest singular value is below this fraction of the largest, rows and unknowns in units of their
/// size, is taken for singular; a Hessian by the second.
const SINGULAR: f64 = 1e-8;
const SINGULAR_HESSIAN: f64 = 1e-12;
/// Below this size, in units of the scale, a Jacobian has all but underflowed.
const UNDERFLOW: f64 = 1e-305;
/// How far a solution may lie beyond the end of a range, by the error of the unknowns alone: relative to their size.
const FARTHEST_SLACK: f64 = 1e-6;
/// How far beyond its end a curve of solutions is looked at, in units of the size of the unknowns.
const KINK: f64 = 1e-6;
/// Unknowns whose relative error is larger than this are said to be known no better, and minima are looked at from both
/// sides.
const UNCERTAIN: f64 = 1e-9;
/// The farthest that a point is moved to the end of a range or to zero, where its error allows for that.
const FARTHEST_SNAP: f64 = 1e-3;
/// A root whose errors leave more than this part of its size open is looked at along the open direction.
const OPEN: f64 = 1e-3;
/// How far, in units of the size of the unknowns, a curve of solutions is followed before it counts as one.
const FAR: f64 = 3.0;
/// Farther out than this, in units of the scale, there are no families of solutions.
const OUT: f64 = 1e6;
/// How far on the way equations must have left zero.
const NOTICED: f64 = 0.05;
/// The longest step on the way.
const LONGEST_ARC: f64 = 0.2;
/// How far, in units of the scale, a direction is searched in which a Jacobian is singular.
const PROBES: [f64; 3] = [1e-2, 1.0, 30.0];

/// What the equations do around a root.
enum Nature {
    Isolated,
    Line(DVector<f64>),
    Vanishing(usize),
    NotMinimum,
}

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
        if self.equations.system.equation_roots.energy.is_some() {
            solution.energy_error = self.equations.accuracy(control, &solution.x, rung).energy;
        }
        self.known.push(solution.clone());
        Ok(solution)
    }

    /// That a point lies outside the range of an unknown by more than the error of the unknowns can be.
    pub(super) fn far_outside(&self, x: &DVector<f64>, region: &Region) -> Option<Refusal> {
        let size = x.zip_map(&self.scale, |x, scale| x.abs().max(scale));
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

    /// The Jacobian in units of the scale of the unknowns (of the Hessian: on both sides; else with each row in units
    /// of its largest entry).
    fn balanced(&self, jacobian: &DMatrix<f64>, x: &DVector<f64>) -> DMatrix<f64> {
        let size = x.zip_map(&self.scale, |x, scale| x.abs().max(scale));
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

    /// The sign of the determinant of the Jacobian; 0 where it is singular. It changes where branches meet.
    pub(super) fn orientation(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> i8 {
        let jacobian = self.equations.evaluate(control, x, rung).jacobian.clone();
        if !self.is_regular(&jacobian, x) {
            return 0;
        }
        let determinant = self.balanced(&jacobian, x).determinant();
        i8::from(determinant > 0.0) - i8::from(determinant < 0.0)
    }

    /// What the equations do around a root, along the direction in which their Jacobian is singular, if it is.
    fn nature(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        jacobian: &DMatrix<f64>,
        allowed: &DVector<f64>,
    ) -> Nature {
        let open = self.open_directions(jacobian, x, allowed);
        let regular = self.is_regular(jacobian, x);
        let scaled = self.balanced(jacobian, x);
        let minimises = self.equations.minimises();
        if regular && open.is_empty() {
            let errors = uncertainty(jacobian, allowed);
            let weak = (0..x.len()).any(|i| errors[i] > UNCERTAIN * x[i].abs().max(self.scale[i]));
            return match minimises && weak && self.falls_through(control, x, rung, jacobian, allowed) {
                true => Nature::NotMinimum,
                false => Nature::Isolated,
            };
        }
        if let Some(unknown) = self.runs_away(control, x, rung) {
            return Nature::Vanishing(unknown);
        }
        let direction = open.first().cloned().unwrap_or_else(|| weakest_direction(&scaled, minimises));
        if !minimises {
            let sides = [1.0, -1.0].map(|sign| self.goes_on(control, x, rung, &direction * sign, FAR));
            return match sides {
                [true, true] if !regular => Nature::Line(direction),
                [true, _] if self.ends_in_kink(control, x, rung, &-&direction) => Nature::Line(direction),
                [_, true] if self.ends_in_kink(control, x, rung, &direction) => Nature::Line(direction),
                [false, false]
                    if !regular
                        && self.flat_beside(control, x, rung, &direction)
                        && self.ends_in_kink(control, x, rung, &direction)
                        && self.ends_in_kink(control, x, rung, &-&direction) =>
                {
                    Nature::Line(direction)
                }
                // They stay zero to their accuracy on the way to infinity, or far out.
                [true, _] | [_, true] => Nature::Vanishing(direction.iamax()),
                // They are so flat that a part of the size of the unknowns makes no difference.
                _ => {
                    let noticed = |direction: &&DVector<f64>| {
                        [1.0, -1.0]
                            .into_iter()
                            .any(|sign| self.goes_on(control, x, rung, *direction * sign, NOTICED))
                    };
                    let flat = open.iter().find(noticed);
                    flat.map_or(Nature::Isolated, |direction| Nature::Vanishing(direction.iamax()))
                }
            };
        }
        if smallest_eigenvalue(&scaled) < -1e3 * SINGULAR_HESSIAN * scaled.amax() {
            return Nature::NotMinimum;
        }
        if [1.0, -1.0].into_iter().all(|sign| self.goes_on(control, x, rung, &direction * sign, FAR)) {
            return Nature::Line(direction);
        }
        let size = x.zip_map(&self.scale, |x, scale| x.abs().max(scale));
        let step = direction.component_mul(&size);
        match [1.0, -1.0].map(|sign| self.flat_to(control, x, rung, &(&step * sign), allowed)) {
            [true, false] | [false, true] => Nature::Vanishing(direction.iamax()),
            [true, true] => Nature::Line(direction),
            _ if self.lower_beside(control, x, rung, &step) => Nature::NotMinimum,
            _ => Nature::Isolated,
        }
    }

    /// The Jacobian in units of the size of the unknowns and of the errors of the equations; none where they have no errors.
    fn in_errors(
        jacobian: &DMatrix<f64>,
        size: &DVector<f64>,
        allowed: &DVector<f64>,
    ) -> Option<DMatrix<f64>> {
        let known = DMatrix::from_fn(size.len(), size.len(), |i, j| {
            jacobian[(i, j)] * size[j] / allowed[i].max(f64::MIN_POSITIVE)
        });
        let bounded = |v: &f64| v.abs() < 1e300;
        known.iter().all(bounded).then_some(known)
    }

    /// The directions along which the errors of the equations leave a root open, by more than a part of its size: the most
    /// open one first.
    fn open_directions(
        &self,
        jacobian: &DMatrix<f64>,
        x: &DVector<f64>,
        allowed: &DVector<f64>,
    ) -> Vec<DVector<f64>> {
        let size = x.zip_map(&self.scale, |x, scale| x.abs().max(scale));
        let Some(known) = Self::in_errors(jacobian, &size, allowed) else { return Vec::new() };
        let svd = known.svd(false, true);
        let Some(v_t) = svd.v_t else { return Vec::new() };
        let mut open: Vec<usize> = (0..x.len()).filter(|i| svd.singular_values[*i] * OPEN <= 1.0).collect();
        open.sort_by(|i, j| svd.singular_values[*i].total_cmp(&svd.singular_values[*j]));
        open.into_iter().map(|i| v_t.row(i).transpose()).collect()
    }

    /// Whether the equations vanish to their accuracy all along a straight line from a root.
    fn flat_to(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        step: &DVector<f64>,
        allowed: &DVector<f64>,
    ) -> bool {
        PROBES.into_iter().all(|length| {
            let beside = x + step * length;
            let residual = self.equations.evaluate(control, &beside, rung).residual.clone();
            let accuracy = self.equations.accuracy(control, &beside, rung).residual;
            (0..x.len()).all(|i| residual[i].abs() <= allowed[i].max(2.0 * accuracy[i]))
        })
    }

    /// An unknown far out that may as well lie twice as far, though not at zero: it is on its way to infinity.
    fn runs_away(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> Option<usize> {
        let minimises = self.equations.minimises();
        let energy = self.equations.evaluate(control, x, rung).energy;
        let error = if minimises { 4.0 * self.equations.accuracy(control, x, rung).energy } else { 0.0 };
        let far: Vec<usize> = (0..x.len()).filter(|i| x[*i].abs() > self.scale[*i]).collect();
        far.into_iter().find(|i| {
            let mut as_good = |value: f64| {
                let mut moved = x.clone();
                moved[*i] = value;
                match minimises {
                    true => (self.equations.evaluate(control, &moved, rung).energy - energy).abs() <= error,
                    false => self.is_zero(control, &moved, rung),
                }
            };
            as_good(2.0 * x[*i]) && !as_good(0.0)
        })
    }

    /// Whether the energy falls on both sides in the same direction, beside a point of which no more than that is known: at an
    /// inflection, on one side of which round-off finds a curvature above zero.
    fn falls_through(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        jacobian: &DMatrix<f64>,
        allowed: &DVector<f64>,
    ) -> bool {
        let direction = weakest_direction(&self.balanced(jacobian, x), true).component_mul(&self.scale);
        let error = uncertainty(jacobian, allowed).component_div(&direction.map(f64::abs)).min();
        let sides = [8.0, -8.0].map(|times| {
            let beside = x + &direction * (times * error);
            let residual = self.equations.evaluate(control, &beside, rung).residual.clone();
            let accuracy = self.equations.accuracy(control, &beside, rung).residual;
            let slope = residual.dot(&direction);
            let known: f64 = accuracy.iter().zip(direction.iter()).map(|(a, d)| 2.0 * a * d.abs()).sum();
            if slope.abs() > known { slope.signum() } else { 0.0 }
        });
        error.is_finite() && sides[0] * sides[1] > 0.0
    }

    /// Whether the equations vanish on both sides of a root.
    fn flat_beside(&mut self, control: f64, x: &DVector<f64>, rung: usize, direction: &DVector<f64>) -> bool {
        let size = x.zip_map(&self.scale, |x, scale| x.abs().max(scale));
        let step = direction.component_mul(&size) * 1e-4;
        self.is_zero(control, &(x + &step), rung) && self.is_zero(control, &(x - &step), rung)
    }

    /// Whether the roots that go on from a point end, in a direction, in a kink, beyond which the equations leave zero at a
    /// finite slope. (Where terms vanish or saturate on the way to infinity, they leave it at a vanishing one.)
    fn ends_in_kink(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        direction: &DVector<f64>,
    ) -> bool {
        let size = x.zip_map(&self.scale, |x, scale| x.abs().max(scale));
        let at = |length: f64| x + direction.component_mul(&size) * length;
        let (mut inside, mut outside) = (0.0, 2.0 * FAR);
        if self.is_zero(control, &at(outside), rung) {
            return false;
        }
        for _ in 0..60 {
            let middle = 0.5 * (inside + outside);
            if self.is_zero(control, &at(middle), rung) { inside = middle } else { outside = middle }
        }
        let beyond = at(outside + KINK);
        let evaluation = self.equations.evaluate(control, &beyond, rung).clone();
        let allowed = self.allowance(control, &beyond, rung, &evaluation.jacobian);
        let leaves = |r: &f64, a: &f64| r.is_finite() && r.abs() > 1e3 * a && r.abs() > UNDERFLOW;
        evaluation.residual.iter().zip(allowed.iter()).any(|(r, a)| leaves(r, a))
    }

    /// Whether the energy is lower on either side of a point at which its Hessian is singular.
    fn lower_beside(&mut self, control: f64, x: &DVector<f64>, rung: usize, step: &DVector<f64>) -> bool {
        let energy = self.equations.evaluate(control, x, rung).energy;
        let error = self.equations.accuracy(control, x, rung).energy;
        [1e-3, -1e-3, 1e-2, -1e-2, 0.1, -0.1].into_iter().any(|length| {
            let beside = self.equations.evaluate(control, &(x + step * length), rung).energy;
            beside < energy - 4.0 * error
        })
    }

    /// The step to the nearest root that leaves alone the directions that the errors of the equations leave open.
    fn across(evaluation: &Evaluation, size: &DVector<f64>, allowed: &DVector<f64>) -> Option<DVector<f64>> {
        let Evaluation { residual, jacobian, .. } = evaluation;
        match Self::in_errors(jacobian, size, allowed) {
            Some(known) => {
                let right = residual.zip_map(allowed, |r, a| r / a.max(f64::MIN_POSITIVE));
                let svd = known.svd(true, true);
                let cut = (1e-6 * svd.singular_values.max()).max(1.0 / OPEN);
                Some(svd.solve(&right, cut).ok()?.component_mul(size))
            }
            None => {
                let svd = jacobian.clone().svd(true, true);
                let cut = 1e-6 * svd.singular_values.max();
                svd.solve(residual, cut).ok()
            }
        }
    }

    /// Whether roots go on from a root along a curve, as far as one looks: each is sought from a step along the direction in
    /// which the Jacobian is singular, by Newton's method without that direction.
    fn goes_on(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        mut direction: DVector<f64>,
        far: f64,
    ) -> bool {
        let (mut at, mut length, mut way) = (x.clone(), PROBES[0], 0.0);
        // The same all the way: a walk inwards by parts of what is left would never arrive.
        let size = x.zip_map(&self.scale, |x, scale| x.abs().max(scale));
        let jacobian = self.equations.evaluate(control, x, rung).jacobian.clone();
        let mut allowed = self.allowance(control, x, rung, &jacobian);
        while way < far {
            let step = direction.component_mul(&size) * length;
            let mut beside = &at + &step;
            for _ in 0..8 {
                let evaluation = self.equations.evaluate(control, &beside, rung).clone();
                let finite =
                    evaluation.jacobian.iter().chain(evaluation.residual.iter()).all(|v| v.is_finite());
                if !finite {
                    break;
                }
                let Some(correction) = Self::across(&evaluation, &size, &allowed) else { break };
                beside -= &correction;
                if correction.component_div(&size).amax() < 1e-12 {
                    break;
                }
            }
            let moved = (&beside - &at).dot(&step) / step.norm_squared();
            if (0.5..2.0).contains(&moved) && self.is_zero(control, &beside, rung) {
                let jacobian = self.equations.evaluate(control, &beside, rung).jacobian.clone();
                allowed = self.allowance(control, &beside, rung, &jacobian);
                let next = match Self::in_errors(&jacobian, &size, &allowed) {
                    Some(known) => weakest_direction(&known, false),
                    None => weakest_direction(&self.balanced(&jacobian, &beside), false),
                };
                let turned = next.dot(&direction);
                // Where every direction is open, the last one is kept.
                if turned.abs() > 0.5 {
                    direction = next * turned.signum();
                }
                (at, way, length) = (beside, way + length, (2.0 * length).min(LONGEST_ARC));
            } else {
                length *= 0.5;
                if length < 0.1 * PROBES[0] {
                    return false;
                }
            }
        }
        true
    }
}

/// How far the errors of the equations may move each unknown: |J⁻¹| times them; infinite where J is singular.
fn uncertainty(jacobian: &DMatrix<f64>, allowed: &DVector<f64>) -> DVector<f64> {
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

/// The unit vector along which a matrix is smallest.
fn weakest_direction(scaled: &DMatrix<f64>, symmetric: bool) -> DVector<f64> {
    let k = scaled.nrows();
    let first = || DVector::from_fn(k, |i, _| if i == 0 { 1.0 } else { 0.0 });
    if !scaled.iter().all(|v| v.is_finite()) || scaled.amax() < UNDERFLOW {
        return first();
    }
    if symmetric {
        let eigen = scaled.clone().symmetric_eigen();
        return eigen.eigenvectors.column(eigen.eigenvalues.imin()).into_owned();
    }
    let svd = scaled.clone().svd(false, true);
    let weakest = svd.singular_values.imin();
    svd.v_t.map_or_else(first, |v_t| v_t.row(weakest).transpose())
}
