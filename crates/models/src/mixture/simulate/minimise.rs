//! The minimum of an eliminated loss: L-BFGS in the metric of the Gram matrix, with a line search that works down to round-off.
//!
//! The length of w = Σ a_k y_k is |w|²/d = aᵀGa, and in that metric the loss is well scaled. Its gradient there is ĝ with Gĝ = ∂E/∂a,
//! which the loss knows before it applies G; points and steps carry their product with G along. So an evaluation costs two products with
//! G, where coordinates in which the metric is Euclidean (those of Cholesky's factor of G) cost five, and n³/3 before the first. Libraries
//! have L-BFGS for the Euclidean product of plain vectors, which is why its few lines stand here.

use std::collections::VecDeque;

use nalgebra::DVector;

use super::reduced::{Evaluation, ReducedLoss, product};

/// Pairs of steps and gradient differences that L-BFGS remembers.
const MEMORY: usize = 24;

/// Where a minimisation ended.
#[derive(Debug, Clone)]
pub struct Minimum {
    /// w = Σ a_k y_k.
    pub a: DVector<f64>,
    /// Bias.
    pub b: f64,
    /// The loss there.
    pub at: Evaluation,
    /// Norm of the gradient of loss·2/d in the metric.
    pub gradient_norm: f64,
    /// Iterations.
    pub iterations: u64,
    memory: Memory,
}

impl Minimum {
    /// Minimises from here on, with what is known of the curvature.
    pub fn further(&self, loss: &dyn ReducedLoss, goal: Goal) -> Minimum {
        descend(loss, (&self.a, self.b), goal, self.memory.clone())
    }
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

/// A point, step or gradient: s a, its product with G, and b, where s is the scale of the pre-activation, so that steps in w and in b
/// change it alike.
#[derive(Debug, Clone)]
struct Vector {
    along: DVector<f64>,
    dual: DVector<f64>,
    b: f64,
}

impl Vector {
    fn dot(&self, other: &Vector) -> f64 {
        self.along.dot(&other.dual) + self.b * other.b
    }

    fn norm(&self) -> f64 {
        self.dot(self).max(0.0).sqrt()
    }

    fn add(&mut self, factor: f64, other: &Vector) {
        self.along.axpy(factor, &other.along, 1.0);
        self.dual.axpy(factor, &other.dual, 1.0);
        self.b += factor * other.b;
    }

    fn scale(&mut self, factor: f64) {
        self.along *= factor;
        self.dual *= factor;
        self.b *= factor;
    }

    fn less(&self, other: &Vector) -> Vector {
        let mut difference = self.clone();
        difference.add(-1.0, other);
        difference
    }
}

/// A loss with points as vectors of the metric.
struct InMetric<'l> {
    loss: &'l dyn ReducedLoss,
    scale: f64,
}

impl InMetric<'_> {
    fn place(&self, a: &DVector<f64>, b: f64) -> Vector {
        Vector { along: a * self.scale, dual: product(self.loss.gram(), a) * self.scale, b }
    }

    fn gradient(&self, at: &Evaluation) -> Vector {
        Vector { along: &at.natural / self.scale, dual: &at.gradient / self.scale, b: at.gradient_b }
    }

    fn at(&self, place: Vector) -> Point {
        let at = self.loss.evaluate(&(&place.along / self.scale), &(&place.dual / self.scale), place.b);
        Point { cost: at.energy, gradient: self.gradient(&at), place }
    }
}

struct Point {
    place: Vector,
    cost: f64,
    gradient: Vector,
}

/// Minimises a loss from a start.
pub fn minimise(loss: &dyn ReducedLoss, start: (&DVector<f64>, f64), goal: Goal) -> Minimum {
    descend(loss, start, goal, Memory::default())
}

fn descend(loss: &dyn ReducedLoss, (a, b): (&DVector<f64>, f64), goal: Goal, mut memory: Memory) -> Minimum {
    let problem = InMetric { loss, scale: loss.scale().max(1.0) };
    let mut point = problem.at(problem.place(a, b));
    let (mut iterations, mut steps) = (0, [f64::INFINITY; 2]);
    while iterations < goal.iterations {
        let gradient = point.gradient.norm();
        let still = steps.iter().all(|step| *step < goal.step);
        // A gradient of zero leaves no direction.
        if gradient == 0.0 || (gradient < goal.gradient && still) {
            break;
        }
        let direction = memory.direction(&point.gradient);
        // A line search that finds nothing lower ends the iteration.
        let Some(next) = line_search(&problem, &point, &direction) else { break };
        let step = next.place.less(&point.place);
        steps = [steps[1], step.norm()];
        memory.keep(step, next.gradient.less(&point.gradient));
        point = next;
        iterations += 1;
    }
    let (a, b) = (point.place.along / problem.scale, point.place.b);
    let at = loss.at(&a, b);
    let gradient_norm = problem.gradient(&at).norm();
    Minimum { a, b, at, gradient_norm, iterations, memory }
}

/// The last steps and what they did to the gradient.
#[derive(Debug, Clone, Default)]
struct Memory {
    pairs: VecDeque<(Vector, Vector)>,
}

impl Memory {
    fn keep(&mut self, step: Vector, change: Vector) {
        if self.pairs.len() == MEMORY {
            self.pairs.pop_front();
        }
        self.pairs.push_back((step, change));
    }

    /// −H g with the inverse Hessian H that the pairs make of a multiple of the identity (two-loop recursion).
    fn direction(&self, gradient: &Vector) -> Vector {
        let mut direction = gradient.clone();
        let back: Vec<(f64, f64)> = (self.pairs.iter().rev())
            .map(|(step, change)| {
                let inverse = 1.0 / change.dot(step);
                let along = inverse * step.dot(&direction);
                direction.add(-along, change);
                (inverse, along)
            })
            .collect();
        if let Some((step, change)) = self.pairs.back() {
            direction.scale(step.dot(change) / change.dot(change));
        }
        for ((step, change), (inverse, along)) in self.pairs.iter().zip(back.into_iter().rev()) {
            let already = inverse * change.dot(&direction);
            direction.add(along - already, step);
        }
        direction.scale(-1.0);
        direction
    }
}

/// Sufficient decrease and slope of the Wolfe conditions, and of the approximate ones.
const DECREASE: f64 = 1e-4;
const SLOPE: f64 = 0.9;
const APPROXIMATE: f64 = 0.1;
/// The cost is known to this, relative to its size.
const NOISE: f64 = 1e-13;
/// Most evaluations of a line search.
const MOST: u64 = 60;

/// A point of the line that satisfies the Wolfe conditions, or the approximate ones of Hager and Zhang (2005). The latter judge by the slope
/// where the cost no longer resolves the step, so that L-BFGS converges to a gradient of the size of round-off; others stop at its
/// square root.
fn line_search(problem: &InMetric, from: &Point, direction: &Vector) -> Option<Point> {
    let slope0 = direction.dot(&from.gradient);
    if slope0.is_nan() || slope0 >= 0.0 {
        return None;
    }
    let noise = NOISE * from.cost.abs();
    // Ends of the bracket: steps and slopes; the upper one, once there is one.
    let (mut low, mut high) = ((0.0, slope0), None);
    let mut step = 1.0;
    for _ in 0..MOST {
        let mut place = from.place.clone();
        place.add(step, direction);
        let next = problem.at(place);
        let slope = direction.dot(&next.gradient);
        let finite = next.cost.is_finite() && slope.is_finite();
        let wolfe = next.cost <= from.cost + DECREASE * step * slope0 && slope >= SLOPE * slope0;
        let approximate = next.cost <= from.cost + noise
            && (2.0 * APPROXIMATE - 1.0) * slope0 >= slope
            && slope >= SLOPE * slope0;
        if finite && (wolfe || approximate) {
            return Some(next);
        }
        if !finite || slope >= 0.0 || next.cost > from.cost + noise {
            high = Some((step, slope));
        } else {
            low = (step, slope);
        }
        step = between(low, high, slope0);
        if high.is_some_and(|(high, _)| high - low.0 <= 1e-14 * high) {
            return None;
        }
    }
    None
}

/// The next step to try: where the slope vanishes if it goes on changing as it did, within reason.
fn between((low, low_slope): (f64, f64), high: Option<(f64, f64)>, slope0: f64) -> f64 {
    match high {
        None => {
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
    }
}
