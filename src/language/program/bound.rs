//! Running bounds: arithmetic on numbers that carry a bound of their error.
//!
//! The errors of the operands are propagated to first order (functions by evaluating them at both ends), and every
//! operation adds its own rounding. A bound is relative to the terms that were added up, whatever their scale, so that
//! "zero to the accuracy of its terms" means the same at 1e-300 and at 1e300.

use crate::language::function::{Combine, Function, Join};
use crate::language::implicit::Solver;

/// Rounding of one function of the library, in units of the last place.
const FUNCTION_ROUNDING: f64 = 2.0 * f64::EPSILON;
/// Rounding of a sum over nodes, relative to the sum of the magnitudes of its terms.
const SUM_ROUNDING: f64 = 4.0 * f64::EPSILON;

/// What a program computes with: numbers, or numbers with bounds.
pub trait Number: Copy + std::fmt::Debug {
    /// A number that is known exactly.
    fn exact(x: f64) -> Self;
    /// A number that is known within a bound.
    fn within(x: f64, bound: f64) -> Self;
    /// The number itself.
    fn value(self) -> f64;
    /// f(a)
    fn apply(f: Function, a: Self) -> Self;
    /// a ∘ b
    fn combine(op: Combine, a: Self, b: Self) -> Self;
    /// An operation on three numbers.
    fn join(op: Join, all: [Self; 3]) -> Self;
    /// out = the numbers of an implicit definition at so many nodes, or the kinks in which those given sit.
    fn implicit(
        solver: &Solver,
        inputs: &[&[Self]],
        given: Option<&[Self]>,
        count: usize,
        out: &mut Vec<Self>,
    );
    /// out = an operation on three arrays, of which any may be one number for all.
    fn join_array(op: Join, all: [&[Self]; 3], out: &mut Vec<Self>) {
        let count = all.iter().map(|a| a.len()).max().unwrap_or(0);
        out.clear();
        out.extend((0..count).map(|i| Self::join(op, all.map(|a| if let [a] = a { *a } else { a[i] }))));
    }
    /// Σ w x over nodes; where `x` is one number, it is the same at all nodes.
    fn sum(weights: &[f64], x: &[Self]) -> Self;
    /// out = f(a) for arrays.
    fn apply_array(f: Function, a: &[Self], out: &mut Vec<Self>) {
        out.clear();
        out.extend(a.iter().map(|a| Self::apply(f, *a)));
    }
    /// out = a ∘ b for arrays; one number stands for an array of equal ones.
    fn combine_array(op: Combine, a: &[Self], b: &[Self], out: &mut Vec<Self>) {
        pairs(a, b, out, |a, b| Self::combine(op, a, b));
    }
}

/// Of two arrays, of which either may be one number for all.
fn pairs<N: Copy>(a: &[N], b: &[N], out: &mut Vec<N>, value: impl Fn(N, N) -> N) {
    out.clear();
    match (a, b) {
        (a, [b]) => out.extend(a.iter().map(|a| value(*a, *b))),
        ([a], b) => out.extend(b.iter().map(|b| value(*a, *b))),
        (a, b) => out.extend(a.iter().zip(b).map(|(a, b)| value(*a, *b))),
    }
}

impl Number for f64 {
    fn exact(x: f64) -> Self {
        x
    }
    fn within(x: f64, _bound: f64) -> Self {
        x
    }
    fn value(self) -> f64 {
        self
    }
    fn apply(f: Function, a: Self) -> Self {
        f.apply(a)
    }
    fn combine(op: Combine, a: Self, b: Self) -> Self {
        op.apply(a, b)
    }
    fn join(op: Join, all: [Self; 3]) -> Self {
        op.apply(all)
    }
    fn sum(weights: &[f64], x: &[Self]) -> Self {
        match x {
            [x] => weights.iter().sum::<f64>() * x,
            x => crate::numeric::dot(weights, x),
        }
    }
    fn implicit(solver: &Solver, inputs: &[&[f64]], given: Option<&[f64]>, count: usize, out: &mut Vec<f64>) {
        out.clear();
        out.resize(count, f64::NAN);
        match given {
            Some(given) => solver.pins(inputs, given, out),
            None => solver.solve(inputs, out),
        }
    }
    fn apply_array(f: Function, a: &[Self], out: &mut Vec<Self>) {
        // What is there is written over.
        out.resize(a.len(), 0.0);
        f.apply_to(a, out);
    }
    fn combine_array(op: Combine, a: &[Self], b: &[Self], out: &mut Vec<Self>) {
        let count = if a.len() == 1 { b.len() } else { a.len() };
        out.resize(count, 0.0);
        op.apply_to(a, b, out);
    }
}

/// A number and a bound of its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounded {
    /// The number.
    pub value: f64,
    /// How far it may be from the exact one.
    pub bound: f64,
}

impl Bounded {
    /// NaN bounds nothing.
    fn new(value: f64, bound: f64) -> Bounded {
        Bounded { value, bound: if bound.is_nan() { f64::INFINITY } else { bound } }
    }

    /// How much a function changes within the bound of its argument.
    fn spread(self, value: f64, f: impl Fn(f64) -> f64) -> f64 {
        if self.bound == 0.0 {
            return 0.0;
        }
        // Steps below the spacing of numbers do not move the argument: the slope is taken over a wider step.
        let step = self.bound.max(8.0 * f64::EPSILON * self.value.abs()).max(f64::MIN_POSITIVE);
        let change = [self.value - step, self.value + step]
            .map(|x| (f(x) - value).abs())
            // An end outside the domain says nothing about the other side.
            .into_iter()
            .filter(|c| !c.is_nan())
            .fold(f64::NAN, f64::max);
        change * (self.bound / step)
    }
}

/// What a function adds to the error of its argument by itself.
fn rounding(f: Function, a: Bounded, value: f64) -> f64 {
    match f {
        Function::Negate | Function::Abs | Function::Not | Function::Sign => 0.0,
        // Series and expansions of some tens of terms.
        Function::BesselI(_) | Function::BesselFall(_) | Function::BesselI1e | Function::Polygamma(_) => {
            4.0 * FUNCTION_ROUNDING * value.abs()
        }
        Function::NormalQuantile | Function::BesselCumulant(1) => 2.0 * FUNCTION_ROUNDING * value.abs(),
        // Moments in which larger ones cancel, to less than tenths at 0 and to a like share of them far out.
        Function::BesselCumulant(_) => {
            FUNCTION_ROUNDING * (8.0 * value.abs() + 1.0 / (1.0 + a.value * a.value).powi(2))
        }
        _ => FUNCTION_ROUNDING * value.abs(),
    }
}

/// What the error of its argument does to a function.
fn spread(f: Function, a: Bounded, value: f64) -> f64 {
    match f {
        Function::Negate | Function::Abs => a.bound,
        // An infinite argument that is exactly known has an exact function.
        _ if a.bound == 0.0 => 0.0,
        // The commonest slopes, so that these cost no further evaluation.
        Function::Tanh if a.bound < 0.5 => a.bound * (1.0 - value * value + 2.0 * a.bound),
        Function::Sech2 if a.bound < 0.5 => 2.0 * a.bound * (value + 2.0 * a.bound),
        // The steepest slope is at the end nearest to zero.
        Function::Tanh | Function::Sech2 => {
            let nearest = (a.value.abs() - a.bound).max(0.0);
            (2.0 * a.bound * Function::Sech2.apply(nearest)).min(2.0)
        }
        Function::LogCosh | Function::Sin | Function::Cos | Function::Softplus | Function::LogBesselI0 => {
            a.bound
        }
        Function::Exp if a.bound < 0.1 => 1.1 * a.bound * value,
        Function::Log if a.bound < 0.1 * a.value => 1.2 * a.bound / a.value,
        Function::Sqrt if a.bound < 0.1 * a.value => 0.6 * a.bound / value,
        // Where a function is not monotone its ends do not bound it, and where it is infinite between them, nothing does.
        Function::NormalPdf => 0.25 * a.bound.min(2.0),
        Function::Log if a.bound >= a.value => f64::INFINITY,
        Function::Log1p if a.bound >= 1.0 + a.value => f64::INFINITY,
        Function::LogGamma | Function::Polygamma(_) if a.bound >= a.value => f64::INFINITY,
        Function::NormalQuantile | Function::Logit if a.bound >= a.value.min(1.0 - a.value) => f64::INFINITY,
        // Steepest at 0 and 1, where it is 0.
        Function::BinaryEntropy if a.bound >= a.value.min(1.0 - a.value) => {
            value + a.spread(value, |x| f.apply(x))
        }
        // Even, and falling with |x|: the steepest slope is at the end nearest to zero.
        Function::BesselFall(k) => {
            let nearest = (a.value.abs() - a.bound).max(0.0);
            a.bound * Function::BesselFall(k.saturating_add(1)).apply(nearest)
        }
        // It turns over between 1 and 2, and is nowhere steeper than at 0.
        Function::BesselI1e if a.value.abs() - a.bound < 2.0 => 0.5 * a.bound,
        // Of a variable between −1 and 1; no cumulant of it of order up to 4 is steeper.
        Function::BesselCumulant(2..=4) if a.value.abs() - a.bound < 2.0 => 1.25 * a.bound,
        // Monotone between the ends of the bound, or nearly so.
        Function::Not
        | Function::Exp
        | Function::Log
        | Function::Sqrt
        | Function::Sign
        | Function::Step
        | Function::Atanh
        | Function::Sinh
        | Function::Cosh
        | Function::Asin
        | Function::Acos
        | Function::Atan
        | Function::Log1p
        | Function::Expm1
        | Function::Erf
        | Function::Erfc
        | Function::Erfcx
        | Function::NormalCdf
        | Function::LogNormalCdf
        | Function::InverseMills
        | Function::MillsExcess
        | Function::Logistic
        | Function::Asinh
        | Function::NormalQuantile
        | Function::Logit
        | Function::BinaryEntropy
        | Function::LogGamma
        | Function::Polygamma(_)
        | Function::BesselI(_)
        | Function::BesselI1e
        | Function::BesselCumulant(_)
        | Function::Delta
        | Function::DeltaSlope => a.spread(value, |x| f.apply(x)),
    }
}

impl Number for Bounded {
    fn exact(x: f64) -> Self {
        Bounded { value: x, bound: 0.0 }
    }
    fn within(x: f64, bound: f64) -> Self {
        Bounded::new(x, bound)
    }
    fn value(self) -> f64 {
        self.value
    }

    fn apply(f: Function, a: Self) -> Self {
        let value = f.apply(a.value);
        let (rounding, spread) = (rounding(f, a, value), spread(f, a, value));
        Bounded::new(value, spread + rounding)
    }

    #[inline(always)]
    fn combine(op: Combine, a: Self, b: Self) -> Self {
        let value = op.apply(a.value, b.value);
        let rounding = f64::EPSILON * value.abs();
        // 0 times an infinite bound is 0 where the factor is exactly 0.
        let times = |x: f64, y: f64| if x == 0.0 || y == 0.0 { 0.0 } else { x * y };
        let bound = match op {
            Combine::Add | Combine::Subtract => a.bound + b.bound + rounding,
            Combine::Multiply => {
                times(a.value.abs(), b.bound)
                    + times(b.value.abs(), a.bound)
                    + times(a.bound, b.bound)
                    + rounding
            }
            Combine::Divide if b.bound < b.value.abs() => {
                (a.bound + times(value.abs(), b.bound)) / (b.value.abs() - b.bound) + rounding
            }
            Combine::Divide => f64::INFINITY,
            // Between the ends lies a pole.
            Combine::Power if b.value < 0.0 && a.bound >= a.value.abs() => f64::INFINITY,
            Combine::Power | Combine::LogAddExp => {
                a.spread(value, |x| op.apply(x, b.value))
                    + b.spread(value, |y| op.apply(a.value, y))
                    + FUNCTION_ROUNDING * value.abs()
            }
            Combine::Min | Combine::Max => a.bound.max(b.bound),
            Combine::Equal | Combine::Less | Combine::LessEqual => {
                let certain = a.bound + b.bound == 0.0 || (a.value - b.value).abs() > a.bound + b.bound;
                f64::from(!certain)
            }
            Combine::And | Combine::Or => a.bound.max(b.bound).min(1.0),
            Combine::If if a.bound > 0.0 => b.value.abs() + b.bound,
            Combine::If if a.value == 0.0 => 0.0,
            Combine::If => b.bound,
        };
        Bounded::new(value, bound)
    }

    fn apply_array(f: Function, a: &[Self], out: &mut Vec<Self>) {
        out.clear();
        if let [a] = a {
            return out.push(Self::apply(f, *a));
        }
        let arguments: Vec<f64> = a.iter().map(|a| a.value).collect();
        let mut values = vec![0.0; a.len()];
        f.apply_to(&arguments, &mut values);
        let bounded = |(a, value): (&Bounded, &f64)| {
            Bounded::new(*value, spread(f, *a, *value) + rounding(f, *a, *value))
        };
        out.extend(a.iter().zip(&values).map(bounded));
    }

    fn combine_array(op: Combine, a: &[Self], b: &[Self], out: &mut Vec<Self>) {
        // The commonest in loops of their own, so that they are not chosen again for every node.
        match op {
            Combine::Add => pairs(a, b, out, |a, b| Self::combine(Combine::Add, a, b)),
            Combine::Subtract => pairs(a, b, out, |a, b| Self::combine(Combine::Subtract, a, b)),
            Combine::Multiply => pairs(a, b, out, |a, b| Self::combine(Combine::Multiply, a, b)),
            op => pairs(a, b, out, |a, b| Self::combine(op, a, b)),
        }
    }

    fn join(op: Join, all: [Self; 3]) -> Self {
        let values = all.map(|a| a.value);
        let value = op.apply(values);
        match op {
            // Monotone in each of its arguments.
            Join::BivariateNormalCdf => {
                let spread: f64 = (0..3)
                    .map(|i| {
                        all[i].spread(value, |x| {
                            let mut moved = values;
                            moved[i] = x;
                            op.apply(moved)
                        })
                    })
                    .sum();
                // The exponent of the tail is rounded.
                let exponent = -libm::log(value.max(f64::MIN_POSITIVE));
                Bounded::new(value, spread + FUNCTION_ROUNDING * (8.0 + 2.0 * exponent) * value)
            }
        }
    }

    fn implicit(
        solver: &Solver,
        inputs: &[&[Bounded]],
        given: Option<&[Bounded]>,
        count: usize,
        out: &mut Vec<Bounded>,
    ) {
        out.clear();
        match given {
            None => out.extend(solver.bounded(inputs, count)),
            Some(given) => {
                let values = |x: &[Bounded]| -> Vec<f64> { x.iter().map(|x| x.value).collect() };
                let inputs: Vec<Vec<f64>> = inputs.iter().map(|input| values(input)).collect();
                let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
                let mut pins = vec![f64::NAN; count];
                solver.pins(&inputs, &values(given), &mut pins);
                out.extend(pins.into_iter().map(Bounded::exact));
            }
        }
    }

    fn sum(weights: &[f64], x: &[Self]) -> Self {
        let (mut value, mut bound, mut size) = (0.0, 0.0, 0.0);
        let mut add = |w: f64, x: Bounded| {
            value += w * x.value;
            size += (w * x.value).abs();
            bound += w.abs() * x.bound;
        };
        match x {
            [x] => weights.iter().for_each(|w| add(*w, *x)),
            x => weights.iter().zip(x).for_each(|(w, x)| add(*w, *x)),
        }
        Bounded::new(value, bound + SUM_ROUNDING * size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_follows_the_scale_of_the_terms() {
        for scale in [1e-290, 1e-200, 1.0, 1e200] {
            // s (x² − 2) at x = √2 is zero to the accuracy of 2s.
            let x = Bounded::within(std::f64::consts::SQRT_2, 1.6e-16);
            let square = Bounded::combine(Combine::Multiply, x, x);
            let rest = Bounded::combine(Combine::Subtract, square, Bounded::exact(2.0));
            let r = Bounded::combine(Combine::Multiply, Bounded::exact(scale), rest);
            assert!(r.value.abs() <= r.bound && r.bound < 2e-15 * scale, "{scale:e}: {r:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_has_no_finite_bound() {
        let near_zero = Bounded::within(1e-20, 1e-18);
        assert_eq!(Bounded::combine(Combine::Divide, Bounded::exact(1.0), near_zero).bound, f64::INFINITY);
        assert_eq!(Bounded::combine(Combine::Power, near_zero, Bounded::exact(-2.0)).bound, f64::INFINITY);
        assert_eq!(Bounded::apply(Function::Sign, near_zero).bound, 2.0);
        assert_eq!(Bounded::apply(Function::Log, Bounded::within(-1.0, 0.1)).bound, f64::INFINITY);
    }
}
