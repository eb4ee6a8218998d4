//! A root between two points, by argmin's Brent method.

use argmin::core::{CostFunction, Error, Executor};
use argmin::solver::brent::BrentRoot;

/// A root of a function that changes sign between two points.
pub fn brent(f: impl FnMut(f64) -> f64, from: f64, to: f64, tolerance: f64) -> Option<f64> {
    struct Scalar<F>(std::cell::RefCell<F>);
    impl<F: FnMut(f64) -> f64> CostFunction for Scalar<F> {
        type Param = f64;
        type Output = f64;
        fn cost(&self, x: &f64) -> Result<f64, Error> {
            Ok((self.0.borrow_mut())(*x))
        }
    }
    let solver = BrentRoot::new(from, to, tolerance);
    let executor = Executor::new(Scalar(std::cell::RefCell::new(f)), solver).timer(false).ctrlc(false);
    let result = executor.configure(|s| s.max_iters(200).counting(false)).run().ok()?;
    result.state.param.filter(|x| x.is_finite())
}
