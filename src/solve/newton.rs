//! The two iterations, written against argmin's `Solver` trait: a damped Newton minimiser and a damped Newton
//! root finder. Both work on the exact second derivatives; argmin's own Gauss–Newton forms JᵀJ, which squares
//! the condition number, and its trust-region methods stop short of round-off.

use argmin::core::{
    CostFunction, Error, Executor, Gradient, Hessian, IterState, Jacobian, KV, Operator, Problem, Solver,
    State, TerminationReason,
};
use nalgebra::{Cholesky, DMatrix, DVector};

use super::region::Region;

type Vector = DVector<f64>;
type Matrix = DMatrix<f64>;
type Minimum = IterState<Vector, Vector, (), Matrix, (), f64>;
type Root = IterState<Vector, (), Matrix, (), Vector, f64>;

/// Relative size of the steps below which a root is near.
const LOCAL: f64 = 0.5;

/// A full step no longer than this, relative to the unknowns, that ends beside a known minimum leads there.
const LEADS: f64 = 0.3;

/// Where an iteration ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The point.
    pub x: Vector,
    /// Whether the last step was small against the scale of the unknowns, or led to a known point.
    pub converged: bool,
    /// Whether it leads to a known point.
    pub known: bool,
    /// Iterations made.
    pub iterations: u64,
}

/// How long a minimisation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Persistence {
    /// Iterations.
    pub iterations: u64,
    /// Steps in sequence that may change the energy by no more than its round-off: activations that saturate
    /// approach a minimum by equal steps, on which only the gradient falls.
    pub flat: u32,
}

/// Minimises the energy from a start; stops where Newton steps are below `tolerance`, to be polished by
/// [`find_root`], or where a full step leads to a point that is `known`.
pub fn minimise<O>(
    problem: O,
    start: Vector,
    scale: &Vector,
    region: &Region,
    tolerance: f64,
    persistence: Persistence,
    known: &dyn Fn(&Vector) -> bool,
) -> Ended
where
    O: CostFunction<Param = Vector, Output = f64>
        + Gradient<Param = Vector, Gradient = Vector>
        + Hessian<Param = Vector, Hessian = Matrix>,
{
    let solver = NewtonMinimiser {
        scale: scale.clone(),
        region: region.clone(),
        damping: 0.0,
        flat: 0,
        tolerance,
        patience: persistence.flat,
        known,
    };
    let executor = Executor::new(problem, solver).timer(false).ctrlc(false);
    let fallback = start.clone();
    match executor
        .configure(|s: Minimum| s.param(start).max_iters(persistence.iterations).counting(false))
        .run()
    {
        Ok(result) => Ended::at(&result.state, fallback),
        Err(_) => Ended { x: fallback, converged: false, known: false, iterations: 0 },
    }
}

/// Newton's method for a root, damped where a full step does not reduce the residual, to round-off.
///
/// Steps that leave the region are cut back to it.
pub fn find_root<O>(problem: O, start: Vector, scale: &Vector, region: &Region, max_iterations: u64) -> Ended
where
    O: Operator<Param = Vector, Output = Vector> + Jacobian<Param = Vector, Jacobian = Matrix>,
{
    run_root(problem, start, scale, region, max_iterations, Way::Damped, &|_| false)
}

/// The same, which ends where a full step leads to a root that is `known`.
pub(super) fn find_new_root<O>(
    problem: O,
    start: Vector,
    scale: &Vector,
    region: &Region,
    max_iterations: u64,
    known: &dyn Fn(&Vector) -> bool,
) -> Ended
where
    O: Operator<Param = Vector, Output = Vector> + Jacobian<Param = Vector, Jacobian = Matrix>,
{
    run_root(problem, start, scale, region, max_iterations, Way::Damped, known)
}

/// Newton's method from a point that is meant to lie beside a root: where a full step does not come nearer, there is
/// none beside it.
pub fn find_root_beside<O>(problem: O, start: Vector, scale: &Vector, max_iterations: u64) -> Ended
where
    O: Operator<Param = Vector, Output = Vector> + Jacobian<Param = Vector, Jacobian = Matrix>,
{
    run_root(problem, start, scale, &Region::everywhere(scale.len()), max_iterations, Way::Undamped, &|_| {
        false
    })
}

/// Newton's method for a root without regard to the size of the residual on the way. Each entry of a step is at
/// most `longest` times the unknown (or a tenth of its scale, if that is more), and the direction is kept.
/// From a start far away it passes regions where damped steps creep along a curved valley or end in a minimum of
/// the residual that is no root; its way is erratic, and whether it arrives is luck.
pub fn find_root_boldly<O>(
    problem: O,
    start: Vector,
    scale: &Vector,
    region: &Region,
    max_iterations: u64,
    longest: f64,
) -> Ended
where
    O: Operator<Param = Vector, Output = Vector> + Jacobian<Param = Vector, Jacobian = Matrix>,
{
    run_root(problem, start, scale, region, max_iterations, Way::Bold(longest), &|_| false)
}

/// What is done with a step that does not bring the root nearer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// It is damped until it does.
    Damped,
    /// The iteration ends.
    Undamped,
    /// It is made, but not longer than this times the unknowns.
    Bold(f64),
}

fn run_root<O>(
    problem: O,
    start: Vector,
    scale: &Vector,
    region: &Region,
    max_iterations: u64,
    way: Way,
    known: &dyn Fn(&Vector) -> bool,
) -> Ended
where
    O: Operator<Param = Vector, Output = Vector> + Jacobian<Param = Vector, Jacobian = Matrix>,
{
    let (scale, region) = (scale.clone(), region.clone());
    let solver = NewtonRoot { scale, region, last_step: f64::INFINITY, way, known };
    let executor = Executor::new(problem, solver).timer(false).ctrlc(false);
    let fallback = start.clone();
    match executor.configure(|s: Root| s.param(start).max_iters(max_iterations).counting(false)).run() {
        Ok(result) => Ended::at(&result.state, fallback),
        Err(_) => Ended { x: fallback, converged: false, known: false, iterations: 0 },
    }
}

/// The equations themselves: they count their work, which argmin would do again under names.
fn asked<O>(problem: &Problem<O>) -> Result<&O, Error> {
    problem.problem.as_ref().ok_or_else(|| Error::msg("no problem"))
}

/// Why an iteration ends that has led to a known point.
const KNOWN: TerminationReason = TerminationReason::TargetCostReached;

impl Ended {
    fn at<I: State<Param = Vector>>(state: &I, start: Vector) -> Ended {
        let reason = state.get_termination_reason();
        let known = reason == Some(&KNOWN);
        Ended {
            converged: known || reason == Some(&TerminationReason::SolverConverged),
            known,
            iterations: state.get_iter() + 1,
            x: state.get_param().cloned().unwrap_or(start),
        }
    }
}

fn failed(what: &str) -> TerminationReason {
    TerminationReason::SolverExit(what.to_string())
}

/// sᵀ H s
fn quadratic(hessian: &Matrix, step: &Vector) -> f64 {
    hessian.column_iter().zip(step.iter()).map(|(column, s)| s * column.dot(step)).sum()
}

/// Largest entry of a step against the size of the unknowns.
pub fn relative_step(step: &Vector, x: &Vector, scale: &Vector) -> f64 {
    step.iter()
        .zip(x.iter())
        .zip(scale.iter())
        .map(|((s, x), scale)| s.abs() / x.abs().max(*scale))
        .fold(0.0, |worst: f64, v| if v <= worst { worst } else { v })
}

/// Newton's method on the energy, with the Hessian shifted until it is positive definite and the step lowers
/// the energy (Levenberg–Marquardt damping in units of the scale of the unknowns).
struct NewtonMinimiser<'k> {
    scale: Vector,
    region: Region,
    damping: f64,
    flat: u32,
    tolerance: f64,
    patience: u32,
    /// Whether a minimum beside a point is known.
    known: &'k dyn Fn(&Vector) -> bool,
}

impl<O> Solver<O, Minimum> for NewtonMinimiser<'_>
where
    O: CostFunction<Param = Vector, Output = f64>
        + Gradient<Param = Vector, Gradient = Vector>
        + Hessian<Param = Vector, Hessian = Matrix>,
{
    fn name(&self) -> &str {
        "damped Newton minimiser"
    }

    fn init(&mut self, problem: &mut Problem<O>, mut state: Minimum) -> Result<(Minimum, Option<KV>), Error> {
        let x = state.take_param().unwrap_or_default();
        let cost = asked(problem)?.cost(&x)?;
        let gradient = asked(problem)?.gradient(&x)?;
        let hessian = asked(problem)?.hessian(&x)?;
        let state = state.param(x).cost(cost).gradient(gradient).hessian(hessian);
        if cost.is_finite() {
            Ok((state, None))
        } else {
            Ok((state.terminate_with(failed("the energy is not finite at the start")), None))
        }
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: Minimum,
    ) -> Result<(Minimum, Option<KV>), Error> {
        let (Some(x), Some(gradient), Some(hessian)) =
            (state.take_param(), state.take_gradient(), state.take_hessian())
        else {
            return Ok((state.terminate_with(failed("no point")), None));
        };
        let energy = state.cost;
        // The damping is measured against the curvature in units of the scale.
        let unit = (0..x.len())
            .map(|i| hessian[(i, i)].abs() * self.scale[i] * self.scale[i])
            .fold(f64::MIN_POSITIVE, f64::max);
        for _ in 0..60 {
            let mut shifted = hessian.clone();
            for i in 0..x.len() {
                shifted[(i, i)] += self.damping * unit / (self.scale[i] * self.scale[i]);
            }
            let raise = |damping: f64| (4.0 * damping).max(1e-3);
            let Some(cholesky) = Cholesky::new(shifted) else {
                self.damping = raise(self.damping);
                continue;
            };
            let mut step = gradient.clone();
            cholesky.solve_mut(&mut step);
            let trial = self.region.clamp(&x - &step);
            trial.sub_to(&x, &mut step);
            let relative = relative_step(&step, &x, &self.scale);
            if !relative.is_finite() {
                self.damping = raise(self.damping);
                continue;
            }
            if self.damping == 0.0 && relative < LEADS && (self.known)(&trial) {
                let state = state.param(trial).cost(energy).gradient(gradient).hessian(hessian);
                return Ok((state.terminate_with(KNOWN), None));
            }
            let predicted = gradient.dot(&step) + 0.5 * quadratic(&hessian, &step);
            let cost = asked(problem)?.cost(&trial)?;
            let gain = (cost - energy) / predicted;
            // Near the minimum the energy no longer resolves the step: its rounding decides nothing.
            let unresolved = predicted.abs() <= 1e-14 * energy.abs().max(1e-300);
            if !cost.is_finite() || (!unresolved && (!gain.is_finite() || gain < 1e-4)) {
                self.damping = raise(self.damping);
                continue;
            }
            if gain > 0.7 || unresolved {
                self.damping = if self.damping < 1e-3 { 0.0 } else { self.damping / 8.0 };
            } else if gain < 0.2 {
                self.damping = raise(self.damping);
            }
            self.flat = if unresolved { self.flat + 1 } else { 0 };
            let done = relative < self.tolerance && self.damping == 0.0;
            let gradient = asked(problem)?.gradient(&trial)?;
            let hessian = asked(problem)?.hessian(&trial)?;
            let state = state.param(trial).cost(cost).gradient(gradient).hessian(hessian);
            return Ok((
                if done {
                    state.terminate_with(TerminationReason::SolverConverged)
                } else if self.flat > self.patience {
                    // Steps that do not shrink while the energy stands still: the minimum lies at infinity.
                    state.terminate_with(failed("the energy is flat along an unbounded direction"))
                } else {
                    state
                },
                None,
            ));
        }
        let state = state.param(x).cost(energy).gradient(gradient).hessian(hessian);
        Ok((state.terminate_with(failed("no step lowers the energy")), None))
    }
}

/// Newton's method on F = 0; where a full step does not reduce |F|, the step minimises |F + J s|² + μ|s|² by a
/// QR decomposition of (J; √μ), which never forms JᵀJ.
struct NewtonRoot<'k> {
    scale: Vector,
    region: Region,
    last_step: f64,
    way: Way,
    /// Whether a point is a root that is known.
    known: &'k dyn Fn(&Vector) -> bool,
}

impl<O> Solver<O, Root> for NewtonRoot<'_>
where
    O: Operator<Param = Vector, Output = Vector> + Jacobian<Param = Vector, Jacobian = Matrix>,
{
    fn name(&self) -> &str {
        "damped Newton root finder"
    }

    fn init(&mut self, problem: &mut Problem<O>, mut state: Root) -> Result<(Root, Option<KV>), Error> {
        let x = state.take_param().unwrap_or_default();
        let residual = asked(problem)?.apply(&x)?;
        let jacobian = asked(problem)?.jacobian(&x)?;
        let cost = residual.norm();
        let state = state.param(x).cost(cost).residuals(residual).jacobian(jacobian);
        if cost.is_finite() {
            Ok((state, None))
        } else {
            Ok((state.terminate_with(failed("the residual is not finite at the start")), None))
        }
    }

    fn next_iter(&mut self, problem: &mut Problem<O>, mut state: Root) -> Result<(Root, Option<KV>), Error> {
        let (Some(x), Some(residual), Some(jacobian)) =
            (state.take_param(), state.take_residuals(), state.take_jacobian())
        else {
            return Ok((state.terminate_with(failed("no point")), None));
        };
        let norm = state.cost;
        let back = |state: Root, x, residual, jacobian, reason| {
            let state = state.param(x).cost(norm).residuals(residual).jacobian(jacobian);
            Ok((state.terminate_with(reason), None))
        };
        if norm == 0.0 {
            return back(state, x, residual, jacobian, TerminationReason::SolverConverged);
        }
        let factored = jacobian.clone().lu();
        let mut step = factored.solve(&residual).map(|s| -s);
        if let Way::Bold(longest) = self.way {
            step = step.map(|s| self.shortened(s, &x, longest));
        }
        let mut damping = 0.0;
        for _ in 0..30 {
            if let Some(step) = step.take().filter(|s| s.iter().all(|v| v.is_finite())) {
                let relative = relative_step(&step, &x, &self.scale);
                if damping == 0.0 && relative < 4.0 * f64::EPSILON {
                    return back(state, x, residual, jacobian, TerminationReason::SolverConverged);
                }
                let trial = self.region.clamp(&x + &step);
                if damping == 0.0 && relative < LEADS && (self.known)(&trial) {
                    return back(state, trial, residual, jacobian, KNOWN);
                }
                let trial_residual = asked(problem)?.apply(&trial)?;
                let trial_norm = trial_residual.norm();
                // Round-off: small steps that no longer shrink, nor does the residual. (Near a fold round-off
                // moves the point by more. At a multiple root the steps shrink slowly, but the residual falls.)
                let tiny = damping == 0.0 && relative < 1e-6;
                if tiny && relative >= 0.25 * self.last_step && trial_norm >= 0.5 * norm {
                    return back(state, x, residual, jacobian, TerminationReason::SolverConverged);
                }
                // Along a narrow valley the residual rises before it falls, in whatever units. Near the root a step
                // is good if the next one, with the same Jacobian, is shorter (Deuflhard's natural monotonicity).
                let shortens = || {
                    let next = factored.solve(&trial_residual);
                    next.is_some_and(|next| relative_step(&next, &x, &self.scale) < 0.5 * relative)
                };
                let bold = matches!(self.way, Way::Bold(_));
                let falls = trial_norm < (1.0 - 1e-4) * norm;
                let accepted = falls || tiny || bold || (damping == 0.0 && relative < LOCAL && shortens());
                if trial_norm.is_finite() && accepted {
                    self.last_step = if damping == 0.0 { relative } else { f64::INFINITY };
                    let trial_jacobian = asked(problem)?.jacobian(&trial)?;
                    let state = state
                        .param(trial)
                        .cost(trial_norm)
                        .residuals(trial_residual)
                        .jacobian(trial_jacobian);
                    return Ok((state, None));
                }
            }
            if self.way == Way::Undamped {
                break;
            }
            damping = if damping == 0.0 { 1e-4 } else { damping * 8.0 };
            step = self.damped_step(&jacobian, &residual, damping);
        }
        back(state, x, residual, jacobian, failed("no step reduces the residual"))
    }
}

impl NewtonRoot<'_> {
    fn shortened(&self, step: Vector, x: &Vector, longest: f64) -> Vector {
        let size = x.zip_map(&self.scale, |x, scale| x.abs().max(0.1 * scale));
        let most = step.component_div(&size).amax();
        if most > longest { step * (longest / most) } else { step }
    }

    fn damped_step(&self, jacobian: &Matrix, residual: &Vector, damping: f64) -> Option<Vector> {
        let k = residual.len();
        let size = jacobian.amax().max(f64::MIN_POSITIVE);
        let mut stacked = Matrix::zeros(2 * k, k);
        stacked.view_mut((0, 0), (k, k)).copy_from(jacobian);
        let smallest = self.scale.min();
        for i in 0..k {
            stacked[(k + i, i)] = damping.sqrt() * size * smallest / self.scale[i];
        }
        let mut right = Vector::zeros(2 * k);
        right.rows_mut(0, k).copy_from(&(-residual));
        let qr = stacked.qr();
        let projected = qr.q().transpose() * right;
        qr.r().solve_upper_triangular(&projected)
    }
}
