//! A point on the way → a row with its certificate, or why it is none.

use nalgebra::DVector;

use super::path::Both;
use super::right::Right;
use crate::solve::equations::{Certified, Equations};
use crate::solve::refusal::Refusal;
use crate::solve::region::Region;
use crate::solve::solution::Solution;

/// Makes rows of points; with rules of its own, so that a row does not touch the way.
pub(super) struct Judge<'s> {
    pub(super) equations: Equations<'s>,
    pub(super) tolerance: f64,
}

impl<'s> Judge<'s> {
    pub(super) fn new(equations: Equations<'s>, tolerance: f64) -> Self {
        Judge { equations, tolerance }
    }

    /// The row of a point that so many steps with these right sides have led to, and what it is called.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn row(
        &mut self,
        control: f64,
        both: &Both,
        (steps, way): (u64, &Right),
        label: &'static str,
    ) -> Result<Solution, Refusal> {
        if let Some(refusal) = &way.refusal {
            return Err(refusal.clone());
        }
        let equations = &mut self.equations;
        let region = Region::of(equations.ranges(control).into_iter());
        let slack = |i: usize| self.tolerance * both.half[i].abs().max(1.0);
        if let Some(unknown) = region.left_by(&both.half, slack) {
            let (value, range) = (both.half[unknown], region.ends(unknown));
            return Err(Refusal::Outside { unknown, value, range });
        }
        let [x, other] = [&both.half, &both.full].map(|x| region.clamp(x.clone()));
        equations.forget_rules();
        let (rung, error) = equations.adequate_rung(control, &x, 0, self.tolerance, true);
        if !equations.admissible(control, &x, rung) {
            return Err(Refusal::Inadmissible { at: x.as_slice().to_vec() });
        }
        let mut certified = equations.certify(control, &x, rung, error);
        let others = equations.certify(control, &other, rung, error).outputs;
        let (column, apart) = farthest(&certified.outputs, &others);
        if !(apart <= self.tolerance) {
            let output = equations.system.outputs[column].name.clone();
            return Err(Refusal::Inaccurate { output, error: apart });
        }
        certified.residual = apart;
        self.check_averages(control, &x, &certified)?;
        certified.quadrature_error = certified.quadrature_error.max(way.quadrature_error);
        certified.rounding = certified.rounding.max(way.rounding);
        let moves = self.equations.residual(control, &x, rung);
        let mut solution = Solution::bare(control, x, certified, moves);
        (solution.branch, solution.iterations) = (label.into(), steps);
        solution.place = Some(0);
        Ok(solution)
    }

    /// Averages of the row are known to the tolerance.
    fn check_averages(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        certified: &Certified,
    ) -> Result<(), Refusal> {
        if certified.within(self.tolerance) {
            return Ok(());
        }
        if !self.equations.implicit_numbers_are_alone(control, x, certified.rung) {
            return Err(Refusal::Several);
        }
        let error = certified.quadrature_error;
        let worst = self.equations.worst_average(control, x, certified.rung);
        Err(worst.map_or(Refusal::Averages { error }, Refusal::Average))
    }
}

/// The column in which two rows differ most, and by how much: relative above 1.
fn farthest(a: &[f64], b: &[f64]) -> (usize, f64) {
    let difference = |(a, b): (&f64, &f64)| match a == b || a.is_nan() && b.is_nan() {
        true => 0.0,
        false if (a - b).is_nan() => f64::INFINITY,
        false => (a - b).abs() / a.abs().max(1.0),
    };
    let all = a.iter().zip(b).map(difference).enumerate();
    all.fold((0, 0.0), |worst, next| if next.1 > worst.1 { next } else { worst })
}
