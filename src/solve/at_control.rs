//! The equations at a fixed control and rule, as argmin sees them.

use std::cell::RefCell;

use argmin::core::{CostFunction, Error, Gradient, Hessian, Jacobian, Operator};
use nalgebra::{DMatrix, DVector};

use super::equations::Equations;

type Vector = DVector<f64>;
type Matrix = DMatrix<f64>;

/// Equations whose sizes lie within these bounds are solved as they stand.
const USUAL: std::ops::Range<f64> = 1e-30..1e30;
/// Sizes of equations that differ by more than this differ much.
const APART: f64 = 1e4;

/// The equations at a fixed control and quadrature rule, as argmin sees them.
pub struct AtControl<'a, 's> {
    equations: RefCell<&'a mut Equations<'s>>,
    control: f64,
    rung: usize,
    /// Of each equation. (All are equal for an energy.)
    sizes: Vector,
    /// Powers of two by which each equation is multiplied, so that sums of squares neither under- nor overflow; none
    /// where that is not needed.
    units: Option<Vector>,
}

impl<'a, 's> AtControl<'a, 's> {
    /// The equations at a control value; in units of their size at a point, where that is far from 1.
    pub fn new(
        equations: &'a mut Equations<'s>,
        control: f64,
        rung: usize,
        at: &Vector,
        scale: &Vector,
    ) -> Self {
        let minimises = equations.minimises();
        let evaluation = equations.evaluate(control, at, rung);
        let mut sizes = evaluation.residual.map(f64::abs);
        for (i, size) in sizes.iter_mut().enumerate() {
            for j in 0..at.len() {
                let term = (evaluation.jacobian[(i, j)] * at[j].abs().max(scale[j])).abs();
                *size = if term > *size { term } else { *size };
            }
        }
        if minimises {
            let largest = sizes.amax();
            sizes.fill(largest);
        }
        let units = units(&sizes, f64::INFINITY);
        AtControl { equations: RefCell::new(equations), control, rung, sizes, units }
    }

    /// Also in units of their size where these differ much, so that the small ones count on the way to a root that is near.
    pub fn even(mut self) -> Self {
        self.units = units(&self.sizes, APART);
        self
    }

    /// Whether they are so as they stand.
    pub fn is_even(&self) -> bool {
        self.units == units(&self.sizes, APART)
    }
}

/// Powers of two by which equations of these sizes are multiplied; none where all are usual, and no further apart than that.
fn units(sizes: &Vector, apart: f64) -> Option<Vector> {
    let known = sizes.iter().filter(|size| **size > 0.0 && size.is_finite());
    let (least, most) = known.fold((f64::INFINITY, 0.0f64), |(a, b), size| (a.min(*size), b.max(*size)));
    let usual = least > most || USUAL.start < least && most < USUAL.end && most < apart * least;
    let unit = |size: f64| {
        if size > 0.0 && size.is_finite() {
            (-size.log2().round()).clamp(-1000.0, 1000.0).exp2()
        } else {
            1.0
        }
    };
    if usual { None } else { Some(sizes.map(unit)) }
}

impl CostFunction for AtControl<'_, '_> {
    type Param = Vector;
    type Output = f64;
    fn cost(&self, x: &Vector) -> Result<f64, Error> {
        let energy = self.equations.borrow_mut().energy(self.control, x, self.rung);
        Ok(self.units.as_ref().map_or(energy, |units| energy * units[0]))
    }
}

impl Gradient for AtControl<'_, '_> {
    type Param = Vector;
    type Gradient = Vector;
    fn gradient(&self, x: &Vector) -> Result<Vector, Error> {
        let mut equations = self.equations.borrow_mut();
        equations.effort.residuals += 1;
        let residual = equations.residual(self.control, x, self.rung);
        Ok(match &self.units {
            Some(units) => residual.component_mul(units),
            None => residual,
        })
    }
}

impl Hessian for AtControl<'_, '_> {
    type Param = Vector;
    type Hessian = Matrix;
    fn hessian(&self, x: &Vector) -> Result<Matrix, Error> {
        let mut equations = self.equations.borrow_mut();
        equations.effort.jacobians += 1;
        let mut jacobian = equations.evaluate(self.control, x, self.rung).jacobian.clone();
        if let Some(units) = &self.units {
            for (mut row, unit) in jacobian.row_iter_mut().zip(units.iter()) {
                row *= *unit;
            }
        }
        Ok(jacobian)
    }
}

impl Operator for AtControl<'_, '_> {
    type Param = Vector;
    type Output = Vector;
    fn apply(&self, x: &Vector) -> Result<Vector, Error> {
        self.gradient(x)
    }
}

impl Jacobian for AtControl<'_, '_> {
    type Param = Vector;
    type Jacobian = Matrix;
    fn jacobian(&self, x: &Vector) -> Result<Matrix, Error> {
        self.hessian(x)
    }
}
