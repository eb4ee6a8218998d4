//! Values of the operations of a formula: scalars, and at the nodes of an integrand.

use std::collections::HashMap;

use super::formula::Place;
use super::number::Number;

/// A scalar.
#[derive(Debug, Clone)]
pub struct Value {
    /// The value, with the bound of its error.
    pub value: Number,
    /// Its derivatives; empty where there are none.
    pub slopes: Vec<Number>,
    /// The size of what was added up to it.
    pub size: Number,
    /// The same for the derivatives.
    pub slope_sizes: Vec<Number>,
}

/// The integrand of one or several averages over one variable: what has to be computed at every node.
pub struct Integrand {
    /// What is averaged.
    pub bodies: Vec<Place>,
    /// The operations that depend on the variable, arguments first.
    pub local: Vec<Place>,
    /// Where an operation stands in `local`.
    pub(super) index: HashMap<Place, usize>,
}

/// Values of the operations of an integrand at several nodes.
pub struct Frame {
    /// By operation and node.
    pub values: Vec<Vec<Number>>,
    /// By operation, direction and node; empty where the derivative is 0.
    pub slopes: Vec<Vec<Vec<Number>>>,
}

/// Where the values of what does not depend on the variable come from.
#[derive(Clone, Copy)]
pub enum Outside<'o> {
    /// Scalars.
    Scalars(&'o [Option<Value>]),
    /// One node of an integrand, and what is outside of that.
    Node(&'o Integrand, &'o Frame, usize, &'o Outside<'o>),
}

impl Outside<'_> {
    /// The value of an operation.
    pub(super) fn value(&self, place: Place) -> Number {
        match self {
            Outside::Scalars(scalars) => scalars[place].as_ref().map_or(Number::NAN, |v| v.value),
            Outside::Node(integrand, frame, node, further) => match integrand.index.get(&place) {
                Some(i) => frame.values[*i][*node],
                None => further.value(place),
            },
        }
    }

    /// Its derivative in a direction; none: 0.
    pub(super) fn slope(&self, place: Place, direction: usize) -> Option<Number> {
        match self {
            Outside::Scalars(scalars) => scalars[place].as_ref()?.slopes.get(direction).copied(),
            Outside::Node(integrand, frame, node, further) => match integrand.index.get(&place) {
                Some(i) => frame.slopes[*i].get(direction)?.get(*node).copied(),
                None => further.slope(place, direction),
            },
        }
    }
}

/// Values at nodes, or one for all.
#[derive(Clone, Copy)]
pub enum Lane<'a> {
    /// One for all nodes.
    One(Number),
    /// One for each; none: 0.
    Many(&'a [Number]),
}

impl<'a> Lane<'a> {
    /// One for each node.
    pub(super) fn many(values: &'a [Number]) -> Lane<'a> {
        Lane::Many(values)
    }

    /// The value at a node.
    pub fn at(&self, node: usize) -> Number {
        match self {
            Lane::One(x) => *x,
            Lane::Many(values) => values.get(node).copied().unwrap_or(Number::ZERO),
        }
    }

    /// Whether it is 0 at all nodes.
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Lane::One(x) => x.is_zero() && x.error() == 0.0,
            Lane::Many(values) => values.is_empty(),
        }
    }
}
