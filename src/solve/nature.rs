//! What the equations do around a root: they leave zero on all sides, or go on vanishing along a curve, up to a kink, or on
//! the way to infinity.

use nalgebra::{DMatrix, DVector};

use super::accept::{OUT, SINGULAR_HESSIAN, UNCERTAIN, UNDERFLOW, uncertainty};
use super::equations::Evaluation;
use super::finder::{Finder, smallest_eigenvalue};

/// A root whose errors leave more than this part of its size open is looked at along the open direction.
const OPEN: f64 = 1e-3;
/// How far, in units of the size of the unknowns, a curve of solutions is followed before it counts as one.
const FAR: f64 = 3.0;
/// How far on the way equations must have left zero.
const NOTICED: f64 = 0.05;
/// The longest step on the way.
const LONGEST_ARC: f64 = 0.2;
/// How far beyond its end a curve of solutions is looked at, in units of the size of the unknowns.
const KINK: f64 = 1e-6;
/// How far, in units of the scale, a direction is searched in which a Jacobian is singular.
const PROBES: [f64; 3] = [1e-2, 1.0, 30.0];

/// What the equations do around a root.
pub(super) enum Nature {
    Isolated,
    Line(DVector<f64>),
    Vanishing(usize),
    NotMinimum,
}

impl Finder<'_> {
    /// What the equations do around a root, along the direction in which their Jacobian is singular, if it is.
    pub(super) fn nature(
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
                _ if !regular && (self.is_far_out(x) || self.flat_all_around(control, x, rung, allowed)) => {
                    Nature::Vanishing(direction.iamax())
                }
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
        let size = self.size_of(x);
        let step = direction.component_mul(&size);
        match [1.0, -1.0].map(|sign| self.flat_to(control, x, rung, &(&step * sign), allowed)) {
            [true, false] | [false, true] => Nature::Vanishing(direction.iamax()),
            [true, true] => Nature::Line(direction),
            _ if self.lower_beside(control, x, rung, &step) => Nature::NotMinimum,
            _ => Nature::Isolated,
        }
    }

    /// The Jacobian in units of the size of the unknowns and of the errors of the equations; none where they have no errors.
    pub(super) fn in_errors(
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
        let size = self.size_of(x);
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
        PROBES
            .into_iter()
            .all(|length| !self.vanish(control, &(x + step * length), rung, allowed).contains(&false))
    }

    /// Which equations vanish at a point, to their accuracy there or at the root beside it.
    fn vanish(&mut self, control: f64, x: &DVector<f64>, rung: usize, allowed: &DVector<f64>) -> Vec<bool> {
        let residual = self.equations.evaluate(control, x, rung).residual.clone();
        let accuracy = self.equations.accuracy(control, x, rung).residual;
        (0..x.len()).map(|i| residual[i].abs() <= allowed[i].max(2.0 * accuracy[i])).collect()
    }

    /// Whether a point lies where equations no longer tell it from infinity.
    fn is_far_out(&self, x: &DVector<f64>) -> bool {
        x.iter().zip(self.scale.iter()).any(|(x, scale)| x.abs() > OUT * scale)
    }

    /// Whether an equation vanishes to its accuracy wherever a single unknown is moved by a part of its size: it says nothing.
    fn flat_all_around(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        allowed: &DVector<f64>,
    ) -> bool {
        let size = self.size_of(x);
        let mut flat = vec![true; x.len()];
        for (j, side) in (0..x.len()).flat_map(|j| [(j, 1.0), (j, -1.0)]) {
            let mut beside = x.clone();
            beside[j] += side * NOTICED * size[j];
            let vanish = self.vanish(control, &beside, rung, allowed);
            flat.iter_mut().zip(vanish).for_each(|(flat, vanishes)| *flat &= vanishes);
        }
        flat.contains(&true)
    }

    /// An unknown far out that may as well lie twice as far, though not at zero: it is on its way to infinity.
    fn runs_away(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> Option<usize> {
        let minimises = self.equations.minimises();
        let energy = self.equations.energy(control, x, rung);
        let error = if minimises { 4.0 * self.equations.accuracy(control, x, rung).energy } else { 0.0 };
        let far: Vec<usize> = (0..x.len()).filter(|i| x[*i].abs() > self.scale[*i]).collect();
        far.into_iter().find(|i| {
            let mut as_good = |value: f64| {
                let mut moved = x.clone();
                moved[*i] = value;
                match minimises {
                    true => (self.equations.energy(control, &moved, rung) - energy).abs() <= error,
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
        let size = self.size_of(x);
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
        let size = self.size_of(x);
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
        let energy = self.equations.energy(control, x, rung);
        let error = self.equations.accuracy(control, x, rung).energy;
        [1e-3, -1e-3, 1e-2, -1e-2, 0.1, -0.1].into_iter().any(|length| {
            let beside = self.equations.energy(control, &(x + step * length), rung);
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
        let size = self.size_of(x);
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

/// The unit vector along which a matrix is smallest.
pub(super) fn weakest_direction(scaled: &DMatrix<f64>, symmetric: bool) -> DVector<f64> {
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
