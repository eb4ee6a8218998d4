//! A root, or a minimum, between two points, by argmin's Brent methods.

use argmin::core::{CostFunction, Error, Executor};
use argmin::solver::brent::{BrentOpt, BrentRoot};

/// A function as argmin sees it.
struct Scalar<F>(std::cell::RefCell<F>);

impl<F: FnMut(f64) -> f64> CostFunction for Scalar<F> {
    type Param = f64;
    type Output = f64;
    fn cost(&self, x: &f64) -> Result<f64, Error> {
        Ok((self.0.borrow_mut())(*x))
    }
}

/// A root of a function that changes sign between two points.
pub fn brent(f: impl FnMut(f64) -> f64, from: f64, to: f64, tolerance: f64) -> Option<f64> {
    let solver = BrentRoot::new(from, to, tolerance);
    let executor = Executor::new(Scalar(std::cell::RefCell::new(f)), solver).timer(false).ctrlc(false);
    let result = executor.configure(|s| s.max_iters(200).counting(false)).run().ok()?;
    result.state.param.filter(|x| x.is_finite())
}

/// The place of a minimum between two points, to the square root of round-off relative to their distance: flatter than that
/// a function does not say where it is.
pub fn minimum(f: impl FnMut(f64) -> f64, from: f64, to: f64) -> Option<f64> {
    let (low, high) = (from.min(to), from.max(to));
    let solver = BrentOpt::new(low, high).set_tolerance(1e-12, 1e-8 * (high - low));
    let executor = Executor::new(Scalar(std::cell::RefCell::new(f)), solver).timer(false).ctrlc(false);
    let result = executor.configure(|s| s.max_iters(100).counting(false)).run().ok()?;
    result.state.best_param.filter(|x| x.is_finite())
}
