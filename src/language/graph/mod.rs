//! The expression graph: every distinct sub-expression once, with the normal variables that it depends on.
//!
//! Discrete variables are already summed when a graph is built (`lower`), so the only axes left are those of
//! normal variables. Averages are linear and are taken apart when they are built (`average`): constants and sums leave
//! the average, so that E(s φ + c φ²) becomes combinations of E φ and E φ², each computed once. `choose` has conditions.

mod average;
mod choose;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::language::function::{Combine, Function, Join};
use crate::language::implicit::{Condition, Implicit};

/// A node of a [`Graph`]; children always have smaller numbers than their parents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(u32);

impl Node {
    /// Its position in the graph.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A number, by its bits.
    Constant(u64),
    /// A parameter, the control or an unknown: its place in the list of symbols.
    Symbol(u32),
    /// The coordinate of a normal variable.
    Normal(u8),
    /// f(a).
    Apply(Function, Node),
    /// a ∘ b.
    Combine(Combine, Node, Node),
    /// An operation on three nodes.
    Join(Join, [Node; 3]),
    /// The number of an implicit definition.
    Implicit(u32),
    /// In which of its kinks that sits: 0 in none.
    Pin(u32),
    /// E over a normal variable of `weight · body`; the weight depends on nothing but that variable, so that
    /// it is computed once per quadrature rule.
    Average {
        /// The variable.
        variable: u8,
        /// A function of the variable alone.
        weight: Node,
        /// The rest of the integrand.
        body: Node,
    },
}

/// A set of normal variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Axes(u32);

impl Axes {
    /// No variable: a scalar.
    pub const NONE: Axes = Axes(0);

    /// One variable.
    pub fn of(variable: u8) -> Axes {
        Axes(1 << variable)
    }
    /// Both sets.
    pub fn union(self, other: Axes) -> Axes {
        Axes(self.0 | other.0)
    }
    /// This set without a variable.
    pub fn without(self, variable: u8) -> Axes {
        Axes(self.0 & !(1 << variable))
    }
    /// Whether a variable is in the set.
    pub fn contains(self, variable: u8) -> bool {
        self.0 & (1 << variable) != 0
    }
    /// How many variables.
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }
    /// Whether it is the empty set.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
    /// The variables, smallest first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..32).filter(move |v| self.contains(*v))
    }
}

/// How many normal variables a system may have.
pub const MAX_NORMALS: usize = 32;

/// The largest graph that is built.
pub const MAX_NODES: usize = 200_000;

/// Height of a node that depends on more than normal variables.
const NOT_ALONE: u8 = u8::MAX;

/// The graph.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    operations: Vec<Operation>,
    axes: Vec<Axes>,
    /// Heights of nodes built of constants and coordinates only.
    heights: Vec<u8>,
    /// Whether a node is made of a delta.
    deltas: Vec<bool>,
    known: FxHashMap<Operation, Node>,
    /// Sums that have been divided by their largest exponential.
    pub(in crate::language) over_largest: FxHashSet<Node>,
    implicit: Vec<Implicit>,
    known_implicit: FxHashMap<(Node, Condition), Node>,
    /// Implicit definitions by their conditions and inputs.
    implicit_over: FxHashMap<(usize, Vec<Node>), Node>,
}

impl Graph {
    /// What a node computes.
    pub fn operation(&self, node: Node) -> Operation {
        self.operations[node.index()]
    }

    /// The normal variables that a node depends on.
    pub fn axes(&self, node: Node) -> Axes {
        self.axes[node.index()]
    }

    /// The node of an operation, if there is one.
    pub fn find(&self, operation: Operation) -> Option<Node> {
        self.known.get(&operation).copied()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    fn add_node(&mut self, operation: Operation, axes: Axes) -> Node {
        if let Some(node) = self.known.get(&operation) {
            return *node;
        }
        let node = Node(self.operations.len() as u32);
        self.operations.push(operation);
        self.axes.push(axes);
        self.heights.push(self.height(operation));
        self.deltas.push(match operation {
            Operation::Apply(Function::Delta | Function::DeltaSlope, _) => true,
            Operation::Apply(_, a) => self.deltas[a.index()],
            Operation::Combine(_, a, b) => self.deltas[a.index()] || self.deltas[b.index()],
            Operation::Join(_, all) => all.iter().any(|a| self.deltas[a.index()]),
            _ => false,
        });
        self.known.insert(operation, node);
        node
    }

    /// Operations on the longest way from a node down to a constant or coordinate, [`NOT_ALONE`] if there is anything else.
    fn height(&self, operation: Operation) -> u8 {
        let of = |node: Node| self.heights[node.index()];
        let below = match operation {
            Operation::Constant(_) | Operation::Normal(_) => return 0,
            Operation::Symbol(_) | Operation::Average { .. } | Operation::Implicit(_) | Operation::Pin(_) => {
                return NOT_ALONE;
            }
            Operation::Apply(_, a) => of(a),
            Operation::Combine(_, a, b) => of(a).max(of(b)),
            Operation::Join(_, [a, b, c]) => of(a).max(of(b)).max(of(c)),
        };
        below.saturating_add(1)
    }

    /// A number.
    pub fn constant(&mut self, value: f64) -> Node {
        // −0 and 0 are the same number here.
        let value = if value == 0.0 { 0.0 } else { value };
        self.add_node(Operation::Constant(value.to_bits()), Axes::NONE)
    }

    /// The value of a constant node.
    pub fn value_of(&self, node: Node) -> Option<f64> {
        match self.operation(node) {
            Operation::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn is(&self, node: Node, value: f64) -> bool {
        self.value_of(node) == Some(value)
    }

    /// A parameter, the control or an unknown.
    pub fn symbol(&mut self, index: usize) -> Node {
        self.add_node(Operation::Symbol(index as u32), Axes::NONE)
    }

    /// The number of an implicit definition.
    pub fn add_implicit(&mut self, of: Option<(Node, Condition)>, implicit: Implicit) -> Node {
        let axes = implicit.inputs.iter().fold(Axes::NONE, |axes, input| axes.union(self.axes(*input)));
        self.implicit.push(implicit);
        let node = self.add_node(Operation::Implicit(self.implicit.len() as u32 - 1), axes);
        self.known_implicit.extend(of.map(|of| (of, node)));
        node
    }

    /// The number of the same implicit definition over other inputs.
    pub fn implicit_over(&mut self, number: u32, inputs: Vec<Node>) -> Node {
        let known = &self.implicit[number as usize];
        let key = (known.solver.family(), inputs);
        match self.implicit_over.get(&key) {
            Some(node) => *node,
            None => {
                let node = self.add_implicit(None, known.over(key.1.clone()));
                self.implicit_over.insert(key, node);
                node
            }
        }
    }

    /// The number that meets a condition, if it is there already.
    pub fn known_implicit(&self, of: &(Node, Condition)) -> Option<Node> {
        self.known_implicit.get(of).copied()
    }

    /// In which of its kinks an implicit number sits.
    pub fn add_pin(&mut self, node: Node, number: u32) -> Node {
        self.add_node(Operation::Pin(number), self.axes(node))
    }

    /// Whether any implicit definition may have several minima.
    pub fn has_rivals(&self) -> bool {
        self.implicit.iter().any(|implicit| implicit.rivals.is_some())
    }

    /// An implicit definition that is being made.
    pub fn implicit_mut(&mut self, number: u32) -> &mut Implicit {
        &mut self.implicit[number as usize]
    }

    /// An implicit definition.
    pub fn implicit_of(&self, number: u32) -> &Implicit {
        &self.implicit[number as usize]
    }

    /// The coordinate of a normal variable.
    pub fn normal(&mut self, variable: u8) -> Node {
        self.add_node(Operation::Normal(variable), Axes::of(variable))
    }

    /// f(a).
    pub fn apply(&mut self, function: Function, a: Node) -> Node {
        if let Some(x) = self.value_of(a) {
            return self.constant(function.apply(x));
        }
        if function == Function::Log
            && let Some(log) = self.stable_log(a).or_else(|| self.log_of_exponentials(a))
        {
            return log;
        }
        match (function, self.operation(a)) {
            (Function::Negate, Operation::Apply(Function::Negate, inner)) => inner,
            _ => self.add_node(Operation::Apply(function, a), self.axes(a)),
        }
    }

    /// a ∘ b, with the identities of 0 and 1 applied. (0 · x is 0 also where x could be infinite.)
    pub fn combine(&mut self, op: Combine, a: Node, b: Node) -> Node {
        if let (Some(x), Some(y)) = (self.value_of(a), self.value_of(b)) {
            return self.constant(op.apply(x, y));
        }
        match op {
            Combine::Add if self.is(a, 0.0) => return b,
            Combine::Add | Combine::Subtract if self.is(b, 0.0) => return a,
            Combine::Add if a == b => {
                let two = self.constant(2.0);
                return self.combine(Combine::Multiply, two, a);
            }
            Combine::Subtract if self.is(a, 0.0) => return self.apply(Function::Negate, b),
            Combine::Multiply if self.is(a, 0.0) || self.is(b, 0.0) => return self.constant(0.0),
            Combine::Multiply if self.is(a, 1.0) => return b,
            Combine::Multiply | Combine::Divide if self.is(b, 1.0) => return a,
            Combine::Multiply if self.is(a, -1.0) => return self.apply(Function::Negate, b),
            Combine::Multiply | Combine::Divide if self.is(b, -1.0) => {
                return self.apply(Function::Negate, a);
            }
            Combine::Divide if self.is(a, 0.0) => return a,
            Combine::If if self.is(a, 0.0) || self.is(b, 0.0) => return self.constant(0.0),
            Combine::If if self.value_of(a).is_some() => return b,
            Combine::LogAddExp if self.is(a, 0.0) => return self.apply(Function::Softplus, b),
            Combine::LogAddExp if self.is(b, 0.0) => return self.apply(Function::Softplus, a),
            Combine::Power => {
                if let Some(exponent) = self.value_of(b)
                    && exponent.fract() == 0.0
                    && exponent.abs() <= 16.0
                {
                    return self.integer_power(a, exponent as i32);
                }
            }
            _ => {}
        }
        let stable = match op {
            Combine::Add | Combine::Subtract if self.is(a, 1.0) => self.complement(op, b),
            Combine::Add if self.is(b, 1.0) => self.complement(op, a),
            Combine::Multiply => self.stable_product(op, a, b),
            Combine::Divide => self.stable_product(op, a, b).or_else(|| self.quotient_of_exponentials(a, b)),
            _ => None,
        };
        if let Some(stable) = stable {
            return stable;
        }
        let (a, b) = if op.commutes() && b < a { (b, a) } else { (a, b) };
        let axes = self.axes(a).union(self.axes(b));
        self.add_node(Operation::Combine(op, a, b), axes)
    }

    /// Whether deltas are only added up and multiplied by what has none: what else is done to one has no meaning.
    pub fn is_linear_in_deltas(&self, root: Node) -> bool {
        let has = |node: Node| self.deltas[node.index()];
        self.reachable(&[root]).into_iter().all(|node| match self.operation(node) {
            Operation::Apply(f, a) => f == Function::Negate || !has(a),
            Operation::Combine(op, a, b) => match op {
                Combine::Add | Combine::Subtract => true,
                Combine::Multiply => !(has(a) && has(b)),
                Combine::Divide => !has(b),
                Combine::If => !has(a),
                _ => !has(a) && !has(b),
            },
            Operation::Average { weight, body, .. } => !(has(weight) && has(body)),
            Operation::Join(..) | Operation::Implicit(_) | Operation::Pin(_) => !self.children(node).any(has),
            _ => true,
        })
    }

    /// An operation on three nodes.
    pub fn join(&mut self, op: Join, all: [Node; 3]) -> Node {
        if let [Some(a), Some(b), Some(c)] = all.map(|a| self.value_of(a)) {
            return self.constant(op.apply([a, b, c]));
        }
        let axes = all.iter().fold(Axes::NONE, |axes, a| axes.union(self.axes(*a)));
        self.add_node(Operation::Join(op, all), axes)
    }

    fn integer_power(&mut self, a: Node, exponent: i32) -> Node {
        let mut result = self.constant(1.0);
        for _ in 0..exponent.unsigned_abs() {
            result = self.multiply(result, a);
        }
        if exponent < 0 {
            let one = self.constant(1.0);
            result = self.divide(one, result);
        }
        result
    }

    /// a + b
    pub fn add(&mut self, a: Node, b: Node) -> Node {
        self.combine(Combine::Add, a, b)
    }
    /// a − b
    pub fn subtract(&mut self, a: Node, b: Node) -> Node {
        self.combine(Combine::Subtract, a, b)
    }
    /// a · b
    pub fn multiply(&mut self, a: Node, b: Node) -> Node {
        self.combine(Combine::Multiply, a, b)
    }
    /// a / b
    pub fn divide(&mut self, a: Node, b: Node) -> Node {
        self.combine(Combine::Divide, a, b)
    }
    /// −a
    pub fn negate(&mut self, a: Node) -> Node {
        self.apply(Function::Negate, a)
    }

    /// Children of a node.
    pub fn children(&self, node: Node) -> impl Iterator<Item = Node> {
        let own = match self.operation(node) {
            Operation::Constant(_) | Operation::Symbol(_) | Operation::Normal(_) => [None; 3],
            Operation::Apply(_, a) => [Some(a), None, None],
            Operation::Combine(_, a, b) => [Some(a), Some(b), None],
            Operation::Join(_, all) => all.map(Some),
            Operation::Average { weight, body, .. } => [Some(weight), Some(body), None],
            Operation::Implicit(_) => [None; 3],
            Operation::Pin(number) => [self.find(Operation::Implicit(number)), None, None],
        };
        let inputs: &[Node] = match self.operation(node) {
            Operation::Implicit(number) | Operation::Pin(number) => &self.implicit[number as usize].inputs,
            _ => &[],
        };
        own.into_iter().flatten().chain(inputs.iter().copied())
    }

    /// All nodes that the roots need, children before parents.
    pub fn reachable(&self, roots: &[Node]) -> Vec<Node> {
        let mut seen = vec![false; self.len()];
        let mut stack = roots.to_vec();
        let mut nodes = Vec::new();
        while let Some(node) = stack.pop() {
            if !std::mem::replace(&mut seen[node.index()], true) {
                nodes.push(node);
                stack.extend(self.children(node));
            }
        }
        nodes.sort_unstable();
        nodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_expressions_are_one_node() {
        let mut g = Graph::default();
        let (x, y) = (g.symbol(0), g.symbol(1));
        assert_eq!(g.add(x, y), g.add(y, x));
        assert_ne!(g.subtract(x, y), g.subtract(y, x));
        let three = g.constant(3.0);
        let cube = g.combine(Combine::Power, x, three);
        let square = g.multiply(x, x);
        assert_eq!(cube, g.multiply(square, x));
    }
}
