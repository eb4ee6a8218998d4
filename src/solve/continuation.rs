//! Following a solution along the control parameter, and finding out where and how it ends.

use std::cell::RefCell;

use argmin::core::{Error, Jacobian, Operator};
use nalgebra::{DMatrix, DVector};

use super::at_control::AtControl;
use super::brent::brent;
use super::equations::Equations;
use super::finder::{Finder, smallest_eigenvalue};
use super::nature::weakest_direction;
use super::newton::{Ended, find_root_beside};
use super::solution::Solution;

/// Events whose control value is known less well than this part of it (or of its range) say so.
pub(super) const CERTAIN: f64 = 1e-10;

/// What happens to a branch at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndKind {
    /// It turns back: the Jacobian is singular.
    Fold,
    /// It crosses another branch, and both go on.
    Transcritical,
    /// It is born, with its mirror image, on a branch that goes on.
    Pitchfork,
    /// It goes on, but no longer as a minimum of the energy.
    Instability,
    /// It goes on outside the range of an unknown.
    LeavesRange,
    /// It goes on where it is not admissible.
    LeavesAdmissible,
    /// It could not be followed further.
    Lost,
    /// A flow or an iteration: the condition at which it stops becomes true.
    Stops,
    /// A flow or an iteration: nothing moves any more.
    Rests,
}

impl EndKind {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            EndKind::Fold => "fold",
            EndKind::Transcritical => "transcritical",
            EndKind::Pitchfork => "pitchfork",
            EndKind::Instability => "instability",
            EndKind::LeavesRange => "leaves the range",
            EndKind::LeavesAdmissible => "leaves the admissible region",
            EndKind::Lost => "lost",
            EndKind::Stops => "stops",
            EndKind::Rests => "stationary",
        }
    }
}

/// Where something happens to a branch.
#[derive(Debug, Clone)]
pub struct End {
    /// Control value.
    pub control: f64,
    /// Unknowns there.
    pub x: DVector<f64>,
    /// What happens.
    pub kind: EndKind,
    /// How accurately the control value is known, where that is less than its digits.
    pub error: Option<f64>,
    /// A regular point of the branch a little before: unknowns and control.
    pub(super) before: Option<(DVector<f64>, f64)>,
}

impl End {
    /// Something that happens at a point.
    pub(super) fn at(control: f64, x: DVector<f64>, kind: EndKind) -> End {
        End { control, x, kind, error: None, before: None }
    }

    /// The last point to which a branch could be followed.
    fn lost(control: f64, x: DVector<f64>) -> End {
        End::at(control, x, EndKind::Lost)
    }

    /// Whether two branches meet there.
    pub fn is_meeting(&self) -> bool {
        matches!(self.kind, EndKind::Transcritical | EndKind::Pitchfork)
    }
}

/// The equations and the condition that the point lies on a plane across the branch, as argmin sees them; the
/// point is (x, control).
pub(super) struct AlongArc<'a, 's> {
    pub equations: RefCell<&'a mut Equations<'s>>,
    pub rung: usize,
    pub predicted: &'a DVector<f64>,
    /// Normal of the plane.
    pub normal: &'a DVector<f64>,
}

impl AlongArc<'_, '_> {
    fn split(&self, y: &DVector<f64>) -> (f64, DVector<f64>) {
        let k = y.len() - 1;
        (y[k], y.rows(0, k).into_owned())
    }
}

impl Operator for AlongArc<'_, '_> {
    type Param = DVector<f64>;
    type Output = DVector<f64>;
    fn apply(&self, y: &DVector<f64>) -> Result<DVector<f64>, Error> {
        let (control, x) = self.split(y);
        let mut equations = self.equations.borrow_mut();
        let residual = equations.residual(control, &x, self.rung);
        let mut out = DVector::zeros(y.len());
        out.rows_mut(0, x.len()).copy_from(&residual);
        out[x.len()] = self.normal.dot(&(y - self.predicted));
        Ok(out)
    }
}

impl Jacobian for AlongArc<'_, '_> {
    type Param = DVector<f64>;
    type Jacobian = DMatrix<f64>;
    fn jacobian(&self, y: &DVector<f64>) -> Result<DMatrix<f64>, Error> {
        let (control, x) = self.split(y);
        let mut equations = self.equations.borrow_mut();
        let along = equations.along_control(control, &x, self.rung);
        Ok(bordered(&equations.evaluate(control, &x, self.rung).jacobian, &along, self.normal))
    }
}

/// The Jacobian of the equations in (x, control), with one more row.
fn bordered(jacobian: &DMatrix<f64>, along: &DVector<f64>, row: &DVector<f64>) -> DMatrix<f64> {
    let k = jacobian.nrows();
    let mut m = DMatrix::zeros(k + 1, k + 1);
    m.view_mut((0, 0), (k, k)).copy_from(jacobian);
    m.view_mut((0, k), (k, 1)).copy_from(along);
    m.row_mut(k).copy_from(&row.transpose());
    m
}

/// A point on a branch in pseudo-arclength: y = (x, control) and the unit tangent in scaled coordinates.
#[derive(Clone)]
struct ArcPoint {
    y: DVector<f64>,
    tangent: DVector<f64>,
}

impl Finder<'_> {
    /// Follows a solution to another control value, to a point near the solution there. The branch is followed through
    /// points where it crosses others, and beyond the ranges of the unknowns.
    ///
    /// # Errors
    /// Where and how the branch ends before that.
    pub fn follow(&mut self, from: &Solution, to: f64) -> Result<DVector<f64>, End> {
        let whole = to - from.control;
        let rung = from.certified.rung;
        let (mut control, mut x, mut tangent) = (from.control, from.x.clone(), from.tangent.clone());
        let mut step = whole;
        while control != to {
            let last = (to - control).abs() <= step.abs() * (1.0 + 1e-9);
            let target = if last { to } else { control + step };
            let predicted = &x + &tangent * (target - control);
            let problem = AtControl::new(&mut self.equations, target, rung, &predicted, &self.scale);
            let ended = find_root_beside(problem, predicted.clone(), &self.scale, 12);
            match self.lands(&ended, (&x, control), &predicted, target, rung, last) {
                Some(_) if last => return Ok(ended.x),
                Some(arrived) => {
                    (control, x, tangent) = (target, ended.x, arrived.unwrap_or(tangent));
                    step *= 2.0;
                }
                None => {
                    step *= 0.5;
                    if step.abs() < 1e-6 * whole.abs() {
                        return self.end_of_branch(control, &x, &tangent, rung, to);
                    }
                }
            }
        }
        Ok(x)
    }

    /// Whether a step along a branch ended on the same branch; with the tangent there, where it has one.
    fn lands(
        &mut self,
        ended: &Ended,
        (x, control): (&DVector<f64>, f64),
        predicted: &DVector<f64>,
        target: f64,
        rung: usize,
        last: bool,
    ) -> Option<Option<DVector<f64>>> {
        let moved = self.relative(&(&ended.x - x), x);
        let corrected = self.relative(&(&ended.x - predicted), x);
        if !(ended.converged && moved < 2.0 && corrected <= 0.35 * moved + 1e-5) {
            return None;
        }
        let (arrived, singular) = self.tangent(target, &ended.x, rung);
        // The tangent at the new point must lead back: it does not after a jump to another branch.
        let back = self.relative(&(&ended.x - x - &arrived * (target - control)), x);
        // Where branches meet the tangent is not known, and none leads back.
        let same = back <= 0.5 * moved + 1e-5 || singular && last;
        (same && self.remains(target, &ended.x, rung)).then_some((!singular).then_some(arrived))
    }

    /// Whether a point of a branch is what the branch consists of: minima of an energy stay minima.
    fn remains(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> bool {
        if !self.equations.minimises() {
            return true;
        }
        let hessian = self.equations.evaluate(control, x, rung).jacobian.clone();
        self.is_regular(&hessian, x)
    }

    /// dx/d(control) along the branch through a solution: −J⁻¹ ∂F/∂control; zero where J is singular.
    pub fn slope(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> DVector<f64> {
        self.tangent(control, x, rung).0
    }

    /// The slope, and whether J is singular to round-off, where its inverse says nothing.
    fn tangent(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> (DVector<f64>, bool) {
        let along = self.equations.along_control(control, x, rung);
        let jacobian = self.equations.evaluate(control, x, rung).jacobian.clone();
        let singular = !self.is_regular(&jacobian, x);
        let slope = match jacobian.lu().solve(&along) {
            Some(slope) if !singular || self.equations.minimises() => -slope,
            _ => DVector::zeros(x.len()),
        };
        let finite = slope.iter().all(|v| v.is_finite());
        (if finite { slope } else { DVector::zeros(x.len()) }, singular)
    }

    /// Goes on along the arc of the branch until it turns back, stops being a minimum, or arrives after all.
    fn end_of_branch(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        slope: &DVector<f64>,
        rung: usize,
        to: f64,
    ) -> Result<DVector<f64>, End> {
        let k = x.len();
        let direction = (to - control).signum();
        let range = self.equations.system.control.to - self.equations.system.control.from;
        // Scaled coordinates: unknowns by their scale, control by its range.
        let metric =
            DVector::from_fn(k + 1, |i, _| if i < k { self.scale[i].max(x[i].abs()) } else { range });
        let mut tangent = DVector::from_fn(k + 1, |i, _| if i < k { slope[i] } else { 1.0 } * direction);
        tangent.component_div_assign(&metric);
        let norm = tangent.norm();
        if !(norm.is_finite() && norm > 0.0) {
            return Err(End::lost(control, x.clone()));
        }
        tangent /= norm;
        let mut y = x.clone().push(control);
        let mut at = ArcPoint { y: y.clone(), tangent };
        let mut length = 0.01;
        for _ in 0..400 {
            let next = self.arc_step(&at, length, &metric, rung);
            let Some(next) = next.filter(|n| n.tangent.dot(&at.tangent) > 0.9) else {
                length *= 0.5;
                if length < 1e-9 {
                    break;
                }
                continue;
            };
            let turned = next.tangent[k] * direction <= 0.0;
            let unstable = !self.remains(next.y[k], &next.y.rows(0, k).into_owned(), rung);
            if turned || unstable {
                return Err(self.refine_end(&at, length, &metric, rung, direction, turned));
            }
            if (next.y[k] - to) * direction >= 0.0 {
                // The target lies on this piece of the arc: the branch goes on.
                let beyond = |finder: &mut Self, s: f64| {
                    let point =
                        if s == 0.0 { Some(at.clone()) } else { finder.arc_step(&at, s, &metric, rung) };
                    point.map_or(f64::NAN, |p| p.y[k] - to)
                };
                let arrival = brent(|s| beyond(self, s), 0.0, length, 1e-14);
                let point = arrival.and_then(|s| self.arc_step(&at, s, &metric, rung)).unwrap_or(next);
                return Ok(point.y.rows(0, k).into_owned());
            }
            y = next.y.clone();
            at = next;
            length = (length * 1.3).min(0.05);
        }
        Err(End::lost(y[k], y.rows(0, k).into_owned()))
    }

    /// The point of the branch on the plane at a distance along the tangent.
    fn arc_step(
        &mut self,
        at: &ArcPoint,
        length: f64,
        metric: &DVector<f64>,
        rung: usize,
    ) -> Option<ArcPoint> {
        let predicted = &at.y + (&at.tangent * length).component_mul(metric);
        let normal = at.tangent.component_div(metric);
        let problem = AlongArc {
            equations: RefCell::new(&mut self.equations),
            rung,
            predicted: &predicted,
            normal: &normal,
        };
        let ended = find_root_beside(problem, predicted.clone(), metric, 12);
        if !ended.converged {
            return None;
        }
        let k = at.y.len() - 1;
        let x = ended.x.rows(0, k).into_owned();
        let along = self.equations.along_control(ended.x[k], &x, rung);
        let e = self.equations.evaluate(ended.x[k], &x, rung);
        // The tangent is the null vector of (J, ∂F/∂control) with a positive component along the last one.
        let mut right = DVector::zeros(k + 1);
        right[k] = 1.0;
        let tangent = bordered(&e.jacobian, &along, &normal).lu().solve(&right)?;
        let tangent = tangent.component_div(metric).normalize();
        Some(ArcPoint { y: ended.x, tangent })
    }

    fn refine_end(
        &mut self,
        at: &ArcPoint,
        length: f64,
        metric: &DVector<f64>,
        rung: usize,
        direction: f64,
        turned: bool,
    ) -> End {
        let k = at.y.len() - 1;
        // Where two branches meet the plane has no single point on it; a little beside it has.
        fn beside(
            finder: &mut Finder,
            at: &ArcPoint,
            s: f64,
            metric: &DVector<f64>,
            rung: usize,
        ) -> Option<ArcPoint> {
            [0.0, 1e-5, -1e-5, 1e-4]
                .iter()
                .find_map(|shift| finder.arc_step(at, s * (1.0 + shift), metric, rung))
        }
        let mut measure = |s: f64| {
            let point = if s == 0.0 { Some(at.clone()) } else { beside(self, at, s, metric, rung) };
            let Some(point) = point else { return f64::NAN };
            if turned {
                point.tangent[k] * direction
            } else {
                let x = point.y.rows(0, k).into_owned();
                smallest_eigenvalue(&self.equations.evaluate(point.y[k], &x, rung).jacobian)
            }
        };
        let root = brent(&mut measure, 0.0, length, 1e-15);
        let point = root.and_then(|s| beside(self, at, s, metric, rung)).unwrap_or_else(|| at.clone());
        let kind = if turned { EndKind::Fold } else { EndKind::Instability };
        let before = Some((at.y.rows(0, k).into_owned(), at.y[k]));
        let (control, x) = (point.y[k], point.y.rows(0, k).into_owned());
        let certain = CERTAIN * control.abs().max(metric[k]);
        let mut error = if turned { self.error_of_fold(control, &x, rung) } else { 0.0 };
        // Where round-off counts it moves the fold as well: by how much, another way to it shows.
        if let (true, Some(s)) = (error > 1e-3 * certain, root) {
            let nearer = self.arc_step(at, 0.37 * s, metric, rung);
            let again = nearer.map(|at| {
                let mut measure = |s: f64| match beside(self, &at, s, metric, rung) {
                    Some(point) => point.tangent[k] * direction,
                    None => f64::NAN,
                };
                let root = brent(&mut measure, 1e-3 * s, length - 0.37 * s, 1e-15);
                root.and_then(|s| beside(self, &at, s, metric, rung)).map_or(f64::NAN, |p| p.y[k])
            });
            let moved = again.map(|c| (c - control).abs()).filter(|moved| moved.is_finite());
            error = 10.0 * (error + moved.unwrap_or(error));
        }
        End { control, x, kind, error: (error > certain).then_some(error), before }
    }

    /// How far the errors of the equations may move a fold: along the direction in which the Jacobian gives nothing, they
    /// are made up for by the control alone.
    fn error_of_fold(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> f64 {
        let along = self.equations.along_control(control, x, rung);
        let jacobian = self.equations.evaluate(control, x, rung).jacobian.clone();
        let allowed = self.allowance(control, x, rung, &jacobian);
        let Some(known) = Self::in_errors(&jacobian, &self.size_of(x), &allowed) else { return 0.0 };
        // In units of the errors each of them is at most 1.
        let nothing = weakest_direction(&known.transpose(), false);
        let along = along.zip_map(&allowed, |along, error| along / error.max(f64::MIN_POSITIVE));
        let error = nothing.lp_norm(1) / nothing.dot(&along).abs();
        if error.is_nan() { f64::INFINITY } else { error }
    }
}
