//! Where two branches meet: the control value, extrapolated from points of one branch at ever smaller distance from the
//! other, and what kind of meeting it is.
//!
//! Near the meeting Newton's method loses its digits, as the Jacobian is singular there; at a small distance from it
//! nothing is lost. Along the branch the control value is a smooth function of the distance D from the other branch,
//! c = c* + αD + βD² + …; at a transcritical crossing α ≠ 0, at a pitchfork only even powers occur.

use std::cell::RefCell;

use nalgebra::DVector;

use super::at_control::AtControl;
use super::continuation::{AlongArc, EndKind};
use super::finder::Finder;
use super::newton::find_root;
use super::region::Region;
use super::solution::Solution;

/// The distances, in units of the scale, from which the meeting is extrapolated.
const NEAREST: f64 = 0.03;
const DISTANCES: [f64; 8] = [1.0, 0.85, 0.7, 0.57, 0.45, 0.35, 0.27, 0.2];
/// Each distance on the way there in units of the last.
const APPROACH: f64 = 0.7;
/// An extrapolation that is less certain than this, relative to the range of the control, has found no meeting.
const UNCERTAIN: f64 = 1e-5;

/// Where two branches meet.
#[derive(Debug, Clone)]
pub(super) struct Meeting {
    pub control: f64,
    pub error: f64,
    pub kind: EndKind,
    pub x: DVector<f64>,
}

impl Finder<'_> {
    /// The branch of a solution at another control value, as a root: whether it is a minimum, or inside, does not matter.
    pub(super) fn plainly_at(&mut self, from: &Solution, control: f64) -> Option<DVector<f64>> {
        if from.boundary {
            let place = from.place?;
            return super::curve::boundary_at(self, place, control).map(|s| s.x);
        }
        let rung = from.certified.rung;
        let everywhere = Region::everywhere(from.x.len());
        let (mut x, mut tangent, mut last) = (from.x.clone(), from.tangent.clone(), from.control);
        for part in [0.25, 0.5, 0.75, 1.0] {
            let here = from.control + part * (control - from.control);
            let predicted = &x + &tangent * (here - last);
            let problem = AtControl::new(&mut self.equations, here, rung, &predicted, &self.scale);
            let ended = find_root(problem, predicted, &self.scale, &everywhere, 30);
            if !ended.converged {
                return None;
            }
            (x, last) = (ended.x, here);
            tangent = self.slope(here, &x, rung);
        }
        Some(x)
    }

    /// The same to a few digits, also where branches meet and the Jacobian leaves a root undecided: between points on both
    /// sides.
    pub(super) fn beside(&mut self, from: &Solution, control: f64) -> Option<DVector<f64>> {
        let range = self.equations.system.control.to - self.equations.system.control.from;
        let at = self.plainly_at(from, control);
        let decided = |x: &DVector<f64>, finder: &mut Self| {
            from.boundary || finder.orientation(control, x, from.certified.rung) != 0
        };
        if let Some(x) = at.filter(|x| decided(x, self)) {
            return Some(x);
        }
        let [below, above] = [-1e-5, 1e-5].map(|part| self.plainly_at(from, control + part * range));
        Some((below? + above?) * 0.5)
    }

    /// Where the branch through a point meets the branch of another solution, near an estimate of the control value.
    pub(super) fn meeting(
        &mut self,
        (x, control): (&DVector<f64>, f64),
        other: &Solution,
        estimate: f64,
        rung: usize,
    ) -> Option<Meeting> {
        let first = self.meeting_near((x, control), other, estimate, rung)?;
        // The other branch was taken as straight at the estimate: once more at the better one.
        self.meeting_near((x, control), other, first.control, rung).or(Some(first))
    }

    fn meeting_near(
        &mut self,
        (x, control): (&DVector<f64>, f64),
        other: &Solution,
        estimate: f64,
        rung: usize,
    ) -> Option<Meeting> {
        let k = x.len();
        let range = self.equations.system.control.to - self.equations.system.control.from;
        let line = self.line_of(other, estimate, control)?;
        let on_line = |control: f64| &line.0 + &line.1 * (control - estimate);
        // The unknown that tells the branches apart best.
        let apart = (x - on_line(control)).component_div(&self.scale);
        let along = apart.iamax();
        let mut distance = apart[along];
        if !(distance.is_finite() && distance != 0.0) {
            return None;
        }
        let mut here = x.clone().push(control);
        let mut previous: Option<(f64, DVector<f64>)> = None;
        let end = on_line(estimate).push(estimate);
        let mut points: Vec<(f64, f64)> = Vec::new();
        let nearest = NEAREST.min(distance.abs());
        let mut goals: Vec<f64> = Vec::new();
        while distance.abs() > nearest * 1.0001 {
            distance = (distance.abs() * APPROACH).max(nearest) * distance.signum();
            goals.push(distance);
        }
        let sign = apart[along].signum();
        goals.extend(DISTANCES.iter().map(|d| d * nearest * sign));
        let wanted = DISTANCES.len();
        let count = goals.len();
        let mut last = apart[along];
        for (i, goal) in goals.into_iter().enumerate() {
            let guess = match &previous {
                Some((d, y)) if *d != last => &here + (&here - y) * ((goal - last) / (last - d)),
                _ => &end + (&here - &end) * (goal / last),
            };
            let y = self.at_distance(&guess, &line, estimate, along, goal * self.scale[along], rung)?;
            previous = Some((last, std::mem::replace(&mut here, y)));
            last = goal;
            if i + wanted >= count {
                points.push((goal, here[k]));
            }
        }
        let (linear, error) = at_zero(&points);
        let (far, near) = (points[0], points[points.len() - 1]);
        let power = ((far.1 - linear) / (near.1 - linear)).abs().ln() / (far.0 / near.0).abs().ln();
        let even: Vec<(f64, f64)> = points.iter().map(|(d, c)| (d * d, *c)).collect();
        let (control, error, kind) = if power > 1.5 {
            let (control, error) = at_zero(&even);
            (control, error, EndKind::Pitchfork)
        } else {
            (linear, error, EndKind::Transcritical)
        };
        if !(error <= UNCERTAIN * range) {
            return None;
        }
        Some(Meeting { control, error, kind, x: on_line(control) })
    }

    /// The other branch near a control value: unknowns there and their slope, from points at a little distance on both
    /// sides, where it is regular.
    fn line_of(&mut self, other: &Solution, control: f64, from: f64) -> Option<(DVector<f64>, DVector<f64>)> {
        let range = self.equations.system.control.to - self.equations.system.control.from;
        let h = (0.1 * (from - control).abs()).clamp(1e-5 * range, 1e-2 * range);
        let at: Vec<Option<DVector<f64>>> =
            [-2.0, -1.0, 1.0, 2.0].iter().map(|s| self.plainly_at(other, control + s * h)).collect();
        if let [Some(a), Some(b), Some(c), Some(d)] = at.as_slice() {
            let middle = ((b + c) * 4.0 - (a + d)) / 6.0;
            let slope = ((c - b) * 8.0 - (d - a)) / (12.0 * h);
            return Some((middle, slope));
        }
        // A branch that exists on one side only is taken there.
        let side = if other.control >= control { 1.0 } else { -1.0 };
        let near: Option<Vec<DVector<f64>>> =
            [1.0, 2.0, 3.0].iter().map(|s| self.plainly_at(other, control + side * s * h)).collect();
        let [a, b, c] = <[DVector<f64>; 3]>::try_from(near?).ok()?;
        let slope = (&b * 8.0 - &a * 5.0 - &c * 3.0) / (2.0 * h * side);
        Some((&a * 3.0 - &b * 3.0 + &c, slope))
    }

    /// The point (x, control) of the branch at which one unknown has a distance from a line.
    fn at_distance(
        &mut self,
        guess: &DVector<f64>,
        line: &(DVector<f64>, DVector<f64>),
        origin: f64,
        along: usize,
        distance: f64,
        rung: usize,
    ) -> Option<DVector<f64>> {
        let k = guess.len() - 1;
        let mut predicted = guess.clone();
        predicted[along] = line.0[along] + line.1[along] * (guess[k] - origin) + distance;
        let range = self.equations.system.control.to - self.equations.system.control.from;
        let metric = DVector::from_fn(k + 1, |i, _| if i < k { self.scale[i] } else { range });
        let mut normal = DVector::zeros(k + 1);
        (normal[along], normal[k]) = (1.0, -line.1[along]);
        let problem = AlongArc {
            equations: RefCell::new(&mut self.equations),
            rung,
            predicted: &predicted,
            normal: &normal,
        };
        let ended = find_root(problem, predicted.clone(), &metric, &Region::everywhere(k + 1), 20);
        ended.converged.then_some(ended.x).filter(|y| y.iter().all(|v| v.is_finite()))
    }
}

/// The value at 0 of the polynomial through some points (Neville's scheme), and the smallest correction of the last
/// orders, which bounds its error.
fn at_zero(points: &[(f64, f64)]) -> (f64, f64) {
    // Nearest first: each further point corrects the value.
    let mut points: Vec<(f64, f64)> = points.to_vec();
    points.reverse();
    let n = points.len();
    let mut column: Vec<f64> = points.iter().map(|p| p.1).collect();
    let mut best = (column[0], f64::INFINITY);
    for order in 1..n {
        for i in 0..n - order {
            let (a, b) = (points[i].0, points[i + order].0);
            column[i] = (b * column[i] - a * column[i + 1]) / (b - a);
        }
        let correction = (column[0] - column[1.min(n - order - 1)]).abs();
        if order + 1 < n && correction < best.1 {
            best = (column[0], correction);
        }
    }
    // The rounding of the values comes back about a hundredfold.
    (best.0, best.1 + 128.0 * f64::EPSILON * best.0.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_function_is_extrapolated_to_ten_digits() {
        let points: Vec<(f64, f64)> =
            DISTANCES.iter().map(|d| d * NEAREST).map(|d| (d, (1.0 + 0.7 * d).exp())).collect();
        let (value, error) = at_zero(&points);
        assert!((value - 1f64.exp()).abs() <= error && error < 1e-10, "{value} {error:e}");
    }
}
