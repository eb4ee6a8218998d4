//! The right sides of what moves, with the rules that their averages need along the way.

use nalgebra::{DMatrix, DVector};

use crate::solve::equations::Equations;
use crate::solve::refusal::Refusal;

/// Averages along the way are asked to be known to this part of the tolerance, as their errors add up.
const SHARE: f64 = 0.1;

/// The right sides of a system at given parameters.
pub(super) struct Right<'s> {
    pub(super) equations: Equations<'s>,
    tolerance: f64,
    rung: usize,
    /// The largest error of any average so far.
    pub(super) quadrature_error: f64,
    /// The part of it that rounding leaves.
    pub(super) rounding: f64,
    /// The average that is not known to the tolerance, where it was met first.
    pub(super) refusal: Option<Refusal>,
}

/// Which of two rules averages are computed with: the second is finer, and tells the error of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    Adequate,
    Finer,
}

impl<'s> Right<'s> {
    pub(super) fn new(equations: Equations<'s>, tolerance: f64) -> Self {
        Right { equations, tolerance, rung: 0, quadrature_error: 0.0, rounding: 0.0, refusal: None }
    }

    /// Chooses the rules of the averages at a point on the way, from the way alone.
    pub(super) fn settle(&mut self, control: f64, x: &DVector<f64>) {
        if !self.equations.system.has_averages() {
            return;
        }
        self.equations.forget_rules();
        let from = self.rung.min(self.equations.highest_rung()).saturating_sub(1);
        let (rung, error) = self.equations.adequate_rung(control, x, from, SHARE * self.tolerance, true);
        self.rung = rung;
        let rounding = self.equations.rounding(x, rung);
        self.quadrature_error = self.quadrature_error.max(error);
        self.rounding = self.rounding.max(rounding);
        if self.refusal.is_none() && !(error <= self.tolerance.max(rounding)) {
            let worst = self.equations.worst_average(control, x, rung);
            self.refusal = Some(worst.map_or(Refusal::Averages { error }, Refusal::Average));
        }
    }

    /// The rule with which a point is evaluated.
    pub(super) fn rung(&self, rules: Rules) -> usize {
        match rules {
            Rules::Finer if self.rung < self.equations.highest_rung => self.rung + 1,
            _ => self.rung,
        }
    }

    /// The right sides at a point; none where one of them is not a number, or infinite.
    pub(super) fn at(&mut self, rules: Rules, control: f64, x: &DVector<f64>) -> Option<DVector<f64>> {
        let rung = self.rung(rules);
        let right = self.equations.residual(control, x, rung);
        right.iter().all(|v| v.is_finite()).then_some(right)
    }

    /// The first right side that is not a number, or infinite, at a point.
    pub(super) fn undefined(&mut self, control: f64, x: &DVector<f64>) -> Option<usize> {
        let right = self.equations.residual(control, x, self.rung);
        right.iter().position(|v| !v.is_finite())
    }

    /// Their derivatives by the unknowns.
    pub(super) fn slopes(&mut self, rules: Rules, control: f64, x: &DVector<f64>) -> DMatrix<f64> {
        let rung = self.rung(rules);
        self.equations.slopes_of_right_sides(control, x, rung)
    }
}
