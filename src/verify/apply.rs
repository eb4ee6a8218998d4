//! The value of one operation of a formula, and its derivatives by its arguments.

use std::cmp::Ordering;

use super::elementary::power;
use super::formula::{Binary, Operation};
use super::function::Unary;
use super::number::Number;

/// The value of an operation of its arguments.
pub(super) fn apply(operation: Operation, [a, b, c]: [Number; 3]) -> Number {
    let truth = |holds: Option<bool>| holds.map_or(Number::NAN, |h| Number::exact(f64::from(h)));
    match operation {
        Operation::Unary(f, _) => f.value(a),
        Operation::Binary(f, ..) => match f {
            Binary::Add => a + b,
            Binary::Subtract => a - b,
            Binary::Multiply => a * b,
            Binary::Divide => a / b,
            Binary::Power => power(a, b),
            Binary::Min | Binary::Max => match a.compare(b) {
                None => Number::NAN,
                Some(order) if (order == Ordering::Less) == (f == Binary::Min) => a,
                Some(_) => b,
            },
            Binary::Equal => truth(a.compare(b).map(|o| o == Ordering::Equal)),
            Binary::Less => truth(a.compare(b).map(|o| o == Ordering::Less)),
            Binary::LessEqual => truth(a.compare(b).map(|o| o != Ordering::Greater)),
            Binary::And => truth(Some(!a.is_zero() && !b.is_zero())),
            Binary::Or => truth(Some(!a.is_zero() || !b.is_zero())),
        },
        Operation::Bivariate(..) => super::bivariate::value(a, b, c),
        Operation::Where(..) => {
            if a.is_zero() {
                c
            } else {
                b
            }
        }
        _ => Number::NAN,
    }
}

/// The derivative of an operation, whose value is `y`, by one of its arguments; none where it does not depend on it.
pub(super) fn partial(
    operation: Operation,
    which: usize,
    [a, b, c]: [Number; 3],
    y: Number,
) -> Option<Number> {
    let one = Number::ONE;
    match operation {
        Operation::Unary(f, _) if f.jumps() => None,
        Operation::Unary(f, _) => Some(f.slope(a, y)),
        Operation::Binary(f, ..) => match (f, which) {
            (Binary::Add, _) | (Binary::Subtract, 0) => Some(one),
            (Binary::Subtract, _) => Some(-one),
            (Binary::Multiply, 0) => Some(b),
            (Binary::Multiply, _) => Some(a),
            (Binary::Divide, 0) => Some(one / b),
            (Binary::Divide, _) => Some(-(y / b)),
            (Binary::Power, 0) if b.is_zero() => None,
            (Binary::Power, 0) => Some(b * power(a, b - one)),
            (Binary::Power, _) => Some(y * Unary::Log.value(a)),
            (Binary::Min, _) | (Binary::Max, _) => {
                let first = a.less(b) == (f == Binary::Min);
                (first == (which == 0)).then_some(one)
            }
            _ => None,
        },
        Operation::Bivariate(..) => Some(super::bivariate::slope(which, a, b, c)),
        Operation::Where(..) => (which == if a.is_zero() { 2 } else { 1 }).then_some(one),
        _ => None,
    }
}
