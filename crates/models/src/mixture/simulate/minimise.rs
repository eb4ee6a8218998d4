//! The minimum of an eliminated loss: argmin's L-BFGS in coordinates in which the loss is well scaled, with a line
//! search that works down to round-off.

use std::cell::RefCell;

use argmin::core::{
    CostFunction, Error, Executor, Gradient, IterState, KV, LineSearch, Problem, Solver, State,
    TerminationReason, TerminationStatus,
};
use argmin::solver::quasinewton::LBFGS;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::reduced::{Evaluation, ReducedLoss};

type Vector = DVector<f64>;
type Iterate = IterState<Vector, Vector, (), (), (), f64>;

/// Pairs of steps and gradient differences that L-BFGS remembers.
const MEMORY: usize = 24;

/// Coordinates x = (s Lᵀa, b) with G = L Lᵀ, in which |w|²/d is |x|²/s²; s is the scale of the pre-activation, so that
/// steps in w and in b change it alike.
pub struct Coordinates {
    factor: Cholesky<f64, Dyn>,
    scale: f64,
}

impl Coordinates {
    /// For the Gram matrix and scale of a loss.
    pub fn new(gram: &DMatrix<f64>, scale: f64) -> Coordinates {
        let size = (0..gram.nrows()).map(|i| gram[(i, i)]).fold(f64::MIN_POSITIVE, f64::max);
        // A singular matrix (σ = 0) is shifted: any L makes coordinates, a good one makes good coordinates.
        let mut shift = 0.0;
        loop {
            let shifted = gram + DMatrix::identity(gram.nrows(), gram.nrows()) * shift;
            if let Some(factor) = Cholesky::new(shifted) {
                return Coordinates { factor, scale: scale.max(1.0) };
            }
            shift = (10.0 * shift).max(1e-12 * size);
        }
    }

    fn to(&self, a: &Vector, b: f64) -> Vector {
        let n = a.len();
        // Only the lower triangle of this matrix means anything.
        let lower = self.factor.l_dirty();
        let along = |k: usize| self.scale * (k..n).map(|i| lower[(i, k)] * a[i]).sum::<f64>();
        Vector::from_fn(n + 1, |k, _| if k < n { along(k) } else { b })
    }

    fn from(&self, x: &Vector) -> (Vector, f64) {
        let n = x.len() - 1;
        let mut a = x.rows(0, n) / self.scale;
        let solved = self.factor.l_dirty().tr_solve_lower_triangular_mut(&mut a);
        debug_assert!(solved, "the factor of a positive matrix has a positive diagonal");
        (a, x[n])
    }

    fn gradient(&self, evaluation: &Evaluation) -> Vector {
        let n = evaluation.gradient.len();
        let mut by_w = evaluation.gradient.clone();
        let solved = self.factor.l_dirty().solve_lower_triangular_mut(&mut by_w);
        debug_assert!(solved, "the factor of a positive matrix has a positive diagonal");
        let by_w = by_w / self.scale;
        Vector::from_iterator(n + 1, by_w.iter().copied().chain([evaluation.gradient_b]))
    }
}

/// Where a minimisation ended.
#[derive(Debug, Clone)]
pub struct Minimum {
    /// w = Σ a_k y_k.
    pub a: Vector,
    /// Bias.
    pub b: f64,
    /// The loss there.
    pub at: Evaluation,
    /// Norm of the gradient of loss·2/d in the coordinates.
    pub gradient_norm: f64,
    /// Iterations.
    pub iterations: u64,
}

/// When a minimisation ends; whatever it says, round-off ends it too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// The norm of the gradient is to be below this,
    pub gradient: f64,
    /// and two steps in a row below this. A saturated loss is flat: its gradient is small long before the minimum.
    pub step: f64,
    /// Most iterations.
    pub iterations: u64,
}

/// Minimises a loss from a start.
pub fn minimise(
    loss: &dyn ReducedLoss,
    coordinates: &Coordinates,
    (a, b): (&Vector, f64),
    goal: Goal,
) -> Minimum {
    let start = coordinates.to(a, b);
    let problem = InCoordinates { loss, coordinates, last: RefCell::new(None) };
    let search = ApproximateWolfe::default();
    let solver = ToTheEnd { inner: LBFGS::new(search, MEMORY), goal, steps: [f64::INFINITY; 2] };
    let executor = Executor::new(problem, solver).timer(false).ctrlc(false);
    let configured =
        executor.configure(|s: Iterate| s.param(start.clone()).max_iters(goal.iterations).counting(false));
    let (x, iterations) = match configured.run() {
        Ok(result) => {
            let state = result.state;
            let iterations = state.get_iter();
            // A line search that finds nothing lower ends the iteration at the best point.
            (state.param.or(state.best_param).unwrap_or(start), iterations)
        }
        Err(_) => (start, 0),
    };
    let (a, b) = coordinates.from(&x);
    let at = loss.evaluate(&a, b);
    let gradient_norm = coordinates.gradient(&at).norm();
    Minimum { a, b, at, gradient_norm, iterations }
}

/// A loss in the coordinates x; cost and gradient of the last point are kept, since they come together.
struct InCoordinates<'l> {
    loss: &'l dyn ReducedLoss,
    coordinates: &'l Coordinates,
    last: RefCell<Option<(Vector, f64, Vector)>>,
}

impl InCoordinates<'_> {
    fn at(&self, x: &Vector) -> (f64, Vector) {
        if let Some((known, cost, gradient)) = self.last.borrow().as_ref()
            && known == x
        {
            return (*cost, gradient.clone());
        }
        let (a, b) = self.coordinates.from(x);
        let evaluation = self.loss.evaluate(&a, b);
        let gradient = self.coordinates.gradient(&evaluation);
        *self.last.borrow_mut() = Some((x.clone(), evaluation.energy, gradient.clone()));
        (evaluation.energy, gradient)
    }
}

impl CostFunction for InCoordinates<'_> {
    type Param = Vector;
    type Output = f64;
    fn cost(&self, x: &Vector) -> Result<f64, Error> {
        Ok(self.at(x).0)
    }
}

impl Gradient for InCoordinates<'_> {
    type Param = Vector;
    type Gradient = Vector;
    fn gradient(&self, x: &Vector) -> Result<Vector, Error> {
        Ok(self.at(x).1)
    }
}

/// argmin's L-BFGS with another end: its own looks at the gradient or the cost alone.
struct ToTheEnd {
    inner: LBFGS<ApproximateWolfe, Vector, Vector, f64>,
    goal: Goal,
    /// Lengths of the last two steps.
    steps: [f64; 2],
}

impl<O> Solver<O, Iterate> for ToTheEnd
where
    O: CostFunction<Param = Vector, Output = f64> + Gradient<Param = Vector, Gradient = Vector>,
{
    fn name(&self) -> &str {
        "L-BFGS to the end"
    }

    fn init(&mut self, problem: &mut Problem<O>, state: Iterate) -> Result<(Iterate, Option<KV>), Error> {
        self.inner.init(problem, state)
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let before = state.get_param().cloned();
        let (state, log) = self.inner.next_iter(problem, state)?;
        let step = match (before, state.get_param()) {
            (Some(before), Some(after)) => (after - before).norm(),
            _ => 0.0,
        };
        self.steps = [self.steps[1], step];
        Ok((state, log))
    }

    fn terminate(&mut self, state: &Iterate) -> TerminationStatus {
        let gradient = state.get_gradient().map_or(f64::INFINITY, |g| g.norm());
        let still = self.steps.iter().all(|step| *step < self.goal.step);
        // A gradient of zero leaves L-BFGS without a direction.
        if gradient == 0.0 || (gradient < self.goal.gradient && still) {
            TerminationStatus::Terminated(TerminationReason::SolverConverged)
        } else {
            TerminationStatus::NotTerminated
        }
    }
}

/// A line search that ends at a point of the Wolfe conditions, or of the approximate ones of Hager and Zhang (2005).
/// The latter judge by the slope where the cost no longer resolves the step, so that L-BFGS converges to a gradient of
/// the size of round-off; argmin's own line searches stop at its square root.
#[derive(Debug, Clone, Default)]
struct ApproximateWolfe {
    direction: Option<Vector>,
    start: Option<(Vector, f64, f64)>,
    /// Ends of the bracket: steps and slopes; the upper one, once there is one.
    low: (f64, f64),
    high: Option<(f64, f64)>,
    step: f64,
    done: bool,
}

impl ApproximateWolfe {
    const DECREASE: f64 = 1e-4;
    const SLOPE: f64 = 0.9;
    const APPROXIMATE: f64 = 0.1;
    /// The cost is known to this, relative to its size.
    const NOISE: f64 = 1e-13;
    const MOST: u64 = 60;
}

impl LineSearch<Vector, f64> for ApproximateWolfe {
    fn search_direction(&mut self, direction: Vector) {
        self.direction = Some(direction);
    }

    fn initial_step_length(&mut self, step: f64) -> Result<(), Error> {
        self.step = step;
        Ok(())
    }
}

impl<O> Solver<O, Iterate> for ApproximateWolfe
where
    O: CostFunction<Param = Vector, Output = f64> + Gradient<Param = Vector, Gradient = Vector>,
{
    fn name(&self) -> &str {
        "line search by approximate Wolfe conditions"
    }

    fn init(&mut self, problem: &mut Problem<O>, mut state: Iterate) -> Result<(Iterate, Option<KV>), Error> {
        let x = state.take_param().unwrap_or_default();
        let cost = if state.get_cost().is_finite() { state.get_cost() } else { problem.cost(&x)? };
        let gradient = match state.take_gradient() {
            Some(gradient) => gradient,
            None => problem.gradient(&x)?,
        };
        let slope = self.direction.as_ref().map_or(f64::NAN, |d| d.dot(&gradient));
        if slope.is_nan() || slope >= 0.0 {
            return Err(Error::msg("the search direction is not one of descent"));
        }
        self.low = (0.0, slope);
        self.high = None;
        self.step = 1.0;
        self.done = false;
        self.start = Some((x.clone(), cost, slope));
        Ok((state.param(x).cost(cost).gradient(gradient), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let (Some((x0, cost0, slope0)), Some(direction)) = (&self.start, &self.direction) else {
            return Err(Error::msg("the line search was not initialised"));
        };
        let step = self.step;
        let x = x0 + step * direction;
        let cost = problem.cost(&x)?;
        let gradient = problem.gradient(&x)?;
        let slope = direction.dot(&gradient);
        let noise = Self::NOISE * cost0.abs();
        let finite = cost.is_finite() && slope.is_finite();
        let wolfe = cost <= cost0 + Self::DECREASE * step * slope0 && slope >= Self::SLOPE * slope0;
        let approximate = cost <= cost0 + noise
            && (2.0 * Self::APPROXIMATE - 1.0) * slope0 >= slope
            && slope >= Self::SLOPE * slope0;
        if finite && (wolfe || approximate) {
            self.done = true;
            return Ok((state.param(x).cost(cost).gradient(gradient), None));
        }
        if !finite || slope >= 0.0 || cost > cost0 + noise {
            self.high = Some((step, slope));
        } else {
            self.low = (step, slope);
        }
        let (low, low_slope) = self.low;
        self.step = match self.high {
            None => {
                // Where the slope would vanish if it went on changing like this, within reason.
                let secant = low + (low * low_slope) / (slope0 - low_slope);
                if secant.is_finite() { secant.clamp(2.0 * low, 10.0 * low) } else { 10.0 * low }
            }
            Some((high, high_slope)) => {
                let secant = low - low_slope * (high - low) / (high_slope - low_slope);
                let width = high - low;
                if secant.is_finite() && high_slope > 0.0 {
                    secant.clamp(low + 0.1 * width, high - 0.1 * width)
                } else {
                    low + 0.3 * width
                }
            }
        };
        if state.get_iter() + 1 >= Self::MOST || self.high.is_some_and(|(high, _)| high - low <= 1e-14 * high)
        {
            return Err(Error::msg("no point of the line satisfies the Wolfe conditions"));
        }
        Ok((state, None))
    }

    fn terminate(&mut self, _: &Iterate) -> TerminationStatus {
        if self.done {
            TerminationStatus::Terminated(TerminationReason::SolverConverged)
        } else {
            TerminationStatus::NotTerminated
        }
    }
}
