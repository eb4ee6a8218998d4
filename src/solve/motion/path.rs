//! The way of a flow: steps as long as their errors allow, made twice, the second time each of them in two halves. How far the
//! two come apart is the error. The steps follow from the parameters, the start and the range of the control alone.

use nalgebra::DVector;

use super::right::{Right, Rules};
use super::step::{From, Made, Method, STABLE, step};
use crate::solve::equations::Equations;
use crate::solve::refusal::Ending;

/// How accurately steps are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    /// The error of a step, relative to the size of an unknown.
    pub(super) tolerance: f64,
    /// Below this part of the largest unknown an unknown counts as if it were so large.
    pub(super) floor: f64,
}

/// The most steps.
const MOST_STEPS: u64 = 100_000;
/// Steps in a row at the limit of stability that show that a flow is stiff, and steps within it that show that it is not.
const STIFF: u32 = 15;
const NOT_STIFF: u32 = 6;
/// How much of the step that an error allows is made, and by how much steps may grow and shrink.
const SAFETY: f64 = 0.9;
const GROWTH: (f64, f64) = (0.2, 6.0);
/// Of the range of the control, the longest step where right sides contain it: what they do in a short time is not to be passed over.
const LONGEST: f64 = 0.01;
/// Unknowns that have grown by this factor where steps vanish go to infinity.
const INFINITE: f64 = 1e6;

/// A point on the way, with the digits that were rounded off.
#[derive(Debug, Clone)]
struct State {
    x: DVector<f64>,
    low: DVector<f64>,
    right: DVector<f64>,
}

impl State {
    /// The point moved; sums are compensated, so that small steps leave no round-off.
    fn moved(&self, by: &DVector<f64>) -> State {
        let (mut x, mut low) = (self.x.clone(), self.low.clone());
        for i in 0..x.len() {
            let by = by[i] + low[i];
            let sum = x[i] + by;
            let part = sum - x[i];
            low[i] = (x[i] - (sum - part)) + (by - part);
            x[i] = sum;
        }
        State { x, low, right: self.right.clone() }
    }
}

/// A step of the way, in which points are found by shorter steps from its beginning.
pub(super) struct Segment {
    /// Where it begins.
    pub(super) from: f64,
    /// Where it ends.
    pub(super) to: f64,
    full: State,
    half: State,
    method: Method,
    allowed: DVector<f64>,
    tolerance: f64,
}

/// A point on both ways: by full steps, by half steps.
#[derive(Debug, Clone)]
pub(super) struct Both {
    pub(super) full: DVector<f64>,
    pub(super) half: DVector<f64>,
}

impl Segment {
    fn make(&self, right: &mut Right, state: &State, rules: Rules, control: f64, by: f64) -> Option<Made> {
        let from = From { control, x: &state.x, right: &state.right, rules };
        step(self.method, right, from, by, &self.allowed, self.tolerance)
    }

    fn in_halves(&self, right: &mut Right, by: f64) -> Option<State> {
        let middle = self.half.moved(&self.make(right, &self.half, Rules::Finer, self.from, 0.5 * by)?.moved);
        let control = self.from + 0.5 * by;
        let middle = State { right: right.at(Rules::Finer, control, &middle.x)?, ..middle };
        Some(middle.moved(&self.make(right, &middle, Rules::Finer, control, by - 0.5 * by)?.moved))
    }

    /// A point within the step.
    pub(super) fn at(&self, right: &mut Right, control: f64) -> Option<Both> {
        let by = control - self.from;
        if by == 0.0 {
            return Some(Both { full: self.full.x.clone(), half: self.half.x.clone() });
        }
        let full = self.full.moved(&self.make(right, &self.full, Rules::Adequate, self.from, by)?.moved);
        Some(Both { full: full.x, half: self.in_halves(right, by)?.x })
    }

    /// Where the half steps begin, with the right sides there.
    pub(super) fn beginning(&self) -> (&DVector<f64>, &DVector<f64>) {
        (&self.half.x, &self.half.right)
    }
}

/// A flow on its way.
pub(super) struct Path<'s> {
    pub(super) right: Right<'s>,
    /// Where it is.
    pub(super) control: f64,
    /// How many steps were made.
    pub(super) steps: u64,
    end: f64,
    longest: f64,
    level: Level,
    full: State,
    half: State,
    start: DVector<f64>,
    largest: f64,
    method: Method,
    by: f64,
    last: Option<(DVector<f64>, DVector<f64>)>,
    limited: u32,
    free: u32,
}

impl<'s> Path<'s> {
    /// At the start.
    ///
    /// # Errors
    /// A start that is not a number, or at which the right sides are none.
    pub(super) fn new(
        equations: Equations<'s>,
        start: DVector<f64>,
        tolerance: f64,
        level: Level,
    ) -> Result<Self, Ending> {
        let system = equations.system;
        let mut right = Right::new(equations, tolerance);
        let (control, end) = (system.control.from, system.control.to);
        if let Some(unknown) = start.iter().position(|x| !x.is_finite()) {
            return Err(Ending::NoStart(unknown));
        }
        right.settle(control, &start);
        let Some(slope) = right.at(Rules::Adequate, control, &start) else {
            let unknown = right.undefined(control, &start).unwrap_or(0);
            return Err(Ending::Undefined(unknown));
        };
        let state = State { low: DVector::zeros(start.len()), x: start.clone(), right: slope };
        let mut path = Path {
            right,
            control,
            steps: 0,
            end,
            longest: if system.contains_control.is_some() {
                LONGEST * (end - control)
            } else {
                f64::INFINITY
            },
            level,
            full: state.clone(),
            half: state,
            largest: start.amax(),
            start,
            method: Method::Explicit,
            by: 0.0,
            last: None,
            limited: 0,
            free: 0,
        };
        path.by = path.first_step();
        Ok(path)
    }

    /// The point where it is.
    pub(super) fn here(&self) -> Both {
        Both { full: self.full.x.clone(), half: self.half.x.clone() }
    }

    /// The error of each unknown that counts as one in a step from here.
    fn allowed(&self, by: f64) -> DVector<f64> {
        let State { x, right, .. } = &self.full;
        let ahead = |i: usize| x[i].abs().max((x[i] + by * right[i]).abs());
        let largest = (0..x.len()).map(ahead).fold(self.largest, f64::max);
        DVector::from_fn(x.len(), |i, _| ahead(i).max(self.level.floor * largest).max(1e-300))
    }

    /// The first step, from how fast the unknowns move and how much faster a little later (Hairer, Nørsett and Wanner, *Solving
    /// Ordinary Differential Equations I*, section II.4).
    fn first_step(&mut self) -> f64 {
        let whole = self.end - self.control;
        let small = 1e-6 * whole;
        let unit = self.allowed(small) * self.level.tolerance;
        let size = |v: &DVector<f64>| v.component_div(&unit).amax();
        let (x, slope) = (self.full.x.clone(), self.full.right.clone());
        let (position, speed) = (size(&x), size(&slope));
        let trial = if speed > 0.0 && position > 0.0 { (0.01 * position / speed).min(whole) } else { small };
        let ahead = self.right.at(Rules::Adequate, self.control + trial, &(&x + &slope * trial));
        let bend = ahead.map_or(0.0, |ahead| size(&(ahead - &slope)) / trial);
        let fastest = speed.max(bend);
        let second = if fastest > 0.0 { (0.01 / fastest).powf(0.125) } else { whole };
        let by = second.min(100.0 * trial).min(whole);
        if by > 0.0 { by } else { small }
    }

    /// The next step.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn next(&mut self) -> Result<Segment, Ending> {
        if self.steps >= MOST_STEPS {
            return Err(Ending::TooLong(self.steps));
        }
        self.right.settle(self.control, &self.half.x);
        for (state, rules) in [(&mut self.full, Rules::Adequate), (&mut self.half, Rules::Finer)] {
            match self.right.at(rules, self.control, &state.x) {
                Some(right) => state.right = right,
                None => {
                    let unknown = self.right.undefined(self.control, &state.x).unwrap_or(0);
                    return Err(Ending::Undefined(unknown));
                }
            }
        }
        self.look_for_stiffness();
        self.by = self.by.min(self.longest);
        let shortest = 8.0 * f64::EPSILON * self.control.abs() + 1e-20 * (self.end - self.control);
        let mut rejected = false;
        loop {
            if !(self.by > shortest) {
                return Err(self.ending());
            }
            // What is left must not become a step that is lost in rounding.
            let to = if self.control + 1.01 * self.by > self.end { self.end } else { self.control + self.by };
            let by = to - self.control;
            let segment = Segment {
                from: self.control,
                to,
                full: self.full.clone(),
                half: self.half.clone(),
                method: self.method,
                allowed: self.allowed(by),
                tolerance: self.level.tolerance,
            };
            let made = segment.make(&mut self.right, &self.full, Rules::Adequate, self.control, by);
            let Some(made) = made else {
                (self.by, rejected) = (0.25 * by, true);
                continue;
            };
            let factor = SAFETY * made.error.powf(-1.0 / self.method.order());
            if !(made.error <= 1.0) {
                let factor = if factor.is_nan() { 0.25 } else { factor };
                (self.by, rejected) = (by * factor.clamp(0.1, SAFETY), true);
                continue;
            }
            let Some(half) = segment.in_halves(&mut self.right, by) else {
                (self.by, rejected) = (0.25 * by, true);
                continue;
            };
            self.full = self.full.moved(&made.moved);
            self.half = half;
            self.last = made.last;
            self.largest = self.largest.max(self.half.x.amax());
            self.control = to;
            self.steps += 1;
            let most = if rejected { 1.0 } else { GROWTH.1 };
            self.by = by * factor.clamp(GROWTH.0, most);
            return Ok(segment);
        }
    }

    /// Whether steps are as long as stability allows, and not as accuracy: then the implicit method goes on.
    fn look_for_stiffness(&mut self) {
        let Some((x, slope)) = self.last.take() else { return };
        let (apart, faster) = ((&self.full.x - x).norm(), (&self.full.right - slope).norm());
        let rate = if apart > 0.0 { faster / apart } else { 0.0 };
        if rate * self.by > STABLE {
            (self.limited, self.free) = (self.limited + 1, 0);
            if self.limited == STIFF {
                self.method = Method::Implicit;
            }
        } else if self.limited > 0 {
            self.free += 1;
            if self.free == NOT_STIFF {
                self.limited = 0;
            }
        }
    }

    /// Why no step is short enough.
    fn ending(&mut self) -> Ending {
        let growth = |i: usize| self.half.x[i].abs() / self.start[i].abs().max(1.0);
        let k = self.start.len();
        let grown = (0..k).max_by(|i, j| growth(*i).total_cmp(&growth(*j))).unwrap_or(0);
        if growth(grown) > INFINITE {
            return Ending::Infinite(grown);
        }
        let ahead = self.control + 1e-9 * (self.end - self.control);
        let probe = &self.half.x + &self.half.right * (ahead - self.control);
        if let Some(unknown) = self.right.undefined(ahead, &probe) {
            return Ending::Undefined(unknown);
        }
        let fastest = self.half.right.iamax();
        Ending::TooFast(fastest, self.half.right[fastest])
    }

    /// Whether nothing moves: every right side vanishes to the accuracy of its terms, and what is pushed aside comes back.
    pub(super) fn rests(&mut self) -> bool {
        let x = &self.half.x;
        let rules = Rules::Adequate;
        let Some(right) = self.right.at(rules, self.control, x) else { return false };
        // The accuracy of the terms is dear.
        let far = |i: usize| right[i].abs() > 1e-9 * x[i].abs().max(1e-3 * self.largest);
        if (0..x.len()).any(far) {
            return false;
        }
        let slopes = self.right.slopes(rules, self.control, x);
        let rung = self.right.rung(rules);
        let accuracy = self.right.equations.accuracy(self.control, x, rung).residual;
        let vanishes = |i: usize| {
            let terms: f64 = (0..x.len()).map(|j| (slopes[(i, j)] * x[j]).abs()).sum();
            right[i].abs() <= 2.0 * accuracy[i] + 4.0 * f64::EPSILON * terms
        };
        let size = slopes.amax();
        (0..x.len()).all(vanishes)
            && slopes.iter().all(|v| v.is_finite())
            && slopes.complex_eigenvalues().iter().all(|rate| rate.re <= 1e-10 * size)
    }
}
