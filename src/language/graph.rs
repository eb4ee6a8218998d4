//! The expression graph: every distinct sub-expression once, with the normal variables that it depends on.
//!
//! Discrete variables are already summed when a graph is built (`lower`), so the only axes left are those of
//! normal variables. Averages are linear and are taken apart when they are built: constants and sums leave the
//! average, so that E(s φ + c φ²) becomes combinations of E φ and E φ², each computed once.

use std::collections::{HashMap, HashSet};

use super::function::{Combine, Function, Join};

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

/// How far the builder of averages looks into sums.
const EXPANSION_DEPTH: usize = 64;
/// A product of sums is multiplied out inside an average only up to this many terms.
const EXPANSION_TERMS: usize = 24;
/// The most nodes that the builder looks at for one average. What is shared counts wherever it stands, so a short chain
/// of definitions (each the square of the last) can unfold without end; beyond this, the rest stays one factor.
const EXPANSION_STEPS: usize = 1_000;
/// A function of a variable alone is recognised up to this height.
const HEIGHT_ALONE: u8 = 12;
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
    known: HashMap<Operation, Node>,
    /// Sums that have been divided by their largest exponential.
    pub(super) over_largest: HashSet<Node>,
}

/// One term of an integrand: a factor that leaves the average, and factors that stay.
struct Term {
    coefficient: Node,
    factors: Vec<Node>,
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
            Operation::Symbol(_) | Operation::Average { .. } => return NOT_ALONE,
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

    /// E over a normal variable. Sums are averaged term by term and what does not depend on the variable
    /// leaves the average; the moments of the variable itself are exact.
    pub fn average(&mut self, variable: u8, integrand: Node) -> Node {
        let mut terms = Vec::new();
        let one = self.constant(1.0);
        let mut steps = EXPANSION_STEPS;
        self.expand(variable, integrand, one, EXPANSION_DEPTH, &mut steps, &mut terms);
        let mut sum = self.constant(0.0);
        for term in terms {
            let average = self.average_of_product(variable, term.factors);
            let product = self.multiply(term.coefficient, average);
            sum = self.add(sum, product);
        }
        sum
    }

    fn average_of_product(&mut self, variable: u8, mut factors: Vec<Node>) -> Node {
        let by_parts = factors.iter().position(|f| {
            matches!(self.operation(*f), Operation::Apply(Function::DeltaSlope, a) if self.axes(a).contains(variable))
        });
        if let Some(place) = by_parts
            && let Operation::Apply(_, a) = self.operation(factors.swap_remove(place))
        {
            return self.by_parts(variable, a, &factors);
        }
        factors.sort_unstable();
        let one = self.constant(1.0);
        let (mut weight, mut body) = (one, one);
        let mut power = Some(0u32);
        for factor in factors {
            if self.depends_on_variable_alone(factor, variable) {
                let is_coordinate = self.operation(factor) == Operation::Normal(variable);
                power = if is_coordinate { power.map(|k| k + 1) } else { None };
                weight = self.multiply(weight, factor);
            } else {
                body = self.multiply(body, factor);
            }
        }
        if body == one
            && let Some(power) = power
        {
            // E z^k = (k − 1)!! for even k, 0 for odd k.
            let moment = if power % 2 == 1 { 0.0 } else { (1..power).step_by(2).map(f64::from).product() };
            return self.constant(moment);
        }
        let axes = self.axes(weight).union(self.axes(body)).without(variable);
        self.add_node(Operation::Average { variable, weight, body }, axes)
    }

    /// E δ′(a) f: with δ′(a) = ∂δ(a)/∂z / a_z it is −E δ(a) (∂(f/a_z)/∂z − z f/a_z).
    fn by_parts(&mut self, variable: u8, a: Node, factors: &[Node]) -> Node {
        let z = self.normal(variable);
        let mut rest = self.constant(1.0);
        for factor in factors {
            rest = self.multiply(rest, *factor);
        }
        let slope = super::derivative::differentiate(self, &[a], z)[0];
        let rest = self.divide(rest, slope);
        let change = super::derivative::differentiate(self, &[rest], z)[0];
        let fall = self.multiply(z, rest);
        let sum = self.subtract(fall, change);
        let delta = self.apply(Function::Delta, a);
        let integrand = self.multiply(delta, sum);
        self.average(variable, integrand)
    }

    /// Whether a node is a function of one normal variable and of nothing else: small expressions only.
    fn depends_on_variable_alone(&self, node: Node, variable: u8) -> bool {
        self.axes(node) == Axes::of(variable) && self.heights[node.index()] < HEIGHT_ALONE
    }

    fn expand(
        &mut self,
        v: u8,
        node: Node,
        coefficient: Node,
        depth: usize,
        steps: &mut usize,
        terms: &mut Vec<Term>,
    ) {
        *steps = steps.saturating_sub(1);
        if !self.axes(node).contains(v) {
            let coefficient = self.multiply(coefficient, node);
            terms.push(Term { coefficient, factors: Vec::new() });
            return;
        }
        if depth > 0 && *steps > 0 {
            match self.operation(node) {
                Operation::Combine(Combine::Add, a, b) => {
                    self.expand(v, a, coefficient, depth - 1, steps, terms);
                    self.expand(v, b, coefficient, depth - 1, steps, terms);
                    return;
                }
                Operation::Combine(Combine::Subtract, a, b) => {
                    self.expand(v, a, coefficient, depth - 1, steps, terms);
                    let minus = self.negate(coefficient);
                    self.expand(v, b, minus, depth - 1, steps, terms);
                    return;
                }
                Operation::Apply(Function::Negate, a) => {
                    let minus = self.negate(coefficient);
                    self.expand(v, a, minus, depth - 1, steps, terms);
                    return;
                }
                Operation::Combine(Combine::Divide, a, b) if !self.axes(b).contains(v) => {
                    let quotient = self.divide(coefficient, b);
                    self.expand(v, a, quotient, depth - 1, steps, terms);
                    return;
                }
                Operation::Combine(Combine::Multiply, _, _) => {
                    self.expand_product(v, node, coefficient, depth, steps, terms);
                    return;
                }
                _ => {}
            }
        }
        terms.push(Term { coefficient, factors: vec![node] });
    }

    /// A product in an integrand: it is taken apart into factors, and only factors that are polynomials in the
    /// variable itself (the derivative of a pre-activation a + w z) are multiplied out. A product such as
    /// (φ − m)² stays as it is, because multiplying it out would lose digits.
    fn expand_product(
        &mut self,
        v: u8,
        node: Node,
        coefficient: Node,
        depth: usize,
        steps: &mut usize,
        terms: &mut Vec<Term>,
    ) {
        let mut expanded = vec![Term { coefficient, factors: Vec::new() }];
        let mut pending = vec![node];
        // Exponentials of what does not depend on the variable stay with those that do, which they may have to tame.
        let mut taming = Vec::new();
        while let Some(node) = pending.pop() {
            if let Operation::Combine(Combine::Multiply, a, b) = self.operation(node)
                && *steps > 0
            {
                *steps -= 1;
                pending.extend([b, a]);
                continue;
            }
            if matches!(self.operation(node), Operation::Apply(Function::Exp, _))
                && !self.axes(node).contains(v)
            {
                taming.push(node);
                continue;
            }
            let one = self.constant(1.0);
            let mut inner = Vec::new();
            self.expand(v, node, one, depth - 1, steps, &mut inner);
            let polynomial =
                inner.iter().all(|t| t.factors.iter().all(|f| self.depends_on_variable_alone(*f, v)));
            // An average over a delta is known at the zeros of its argument: it must be a factor.
            let delta = self.deltas[node.index()];
            let multiply_out =
                inner.len() == 1 || (polynomial || delta) && expanded.len() * inner.len() <= EXPANSION_TERMS;
            if !multiply_out {
                inner = vec![Term { coefficient: one, factors: vec![node] }];
            }
            let mut product = Vec::with_capacity(expanded.len() * inner.len());
            for left in &expanded {
                for right in &inner {
                    let coefficient = self.multiply(left.coefficient, right.coefficient);
                    let factors = left.factors.iter().chain(&right.factors).copied().collect();
                    product.push(Term { coefficient, factors });
                }
            }
            expanded = product;
        }
        for term in &mut expanded {
            let grows = term.factors.iter().any(|f| {
                use Function::{BesselI, Cosh, Exp, NormalPdf, Sinh};
                let operation = self.operation(*f);
                matches!(operation, Operation::Apply(Exp | Cosh | Sinh | BesselI(_) | NormalPdf, _))
                    || matches!(operation, Operation::Combine(Combine::Power, ..))
            });
            for tame in &taming {
                match grows {
                    true => term.factors.push(*tame),
                    false => term.coefficient = self.multiply(term.coefficient, *tame),
                }
            }
        }
        terms.extend(expanded);
    }

    /// The one of several nodes that stands at the place `index`, which must be a scalar; 0 if there is none. The others
    /// do not matter, even where they have no value.
    pub fn choose(&mut self, index: Node, alternatives: &[Node]) -> Node {
        // Adding the zeros of the others leaves every digit of the one that is chosen.
        let mut sum = self.constant(0.0);
        for (place, alternative) in alternatives.iter().enumerate() {
            let place = self.constant(place as f64);
            let chosen = self.combine(Combine::Equal, index, place);
            let term = self.only_where(chosen, *alternative);
            sum = self.add(sum, term);
        }
        sum
    }

    /// x where the condition holds and y elsewhere; the other does not matter, even where it has no value.
    pub fn select(&mut self, condition: Node, x: Node, y: Node) -> Node {
        let otherwise = self.apply(Function::Not, condition);
        let x = self.only_where(condition, x);
        let y = self.only_where(otherwise, y);
        self.add(x, y)
    }

    /// The node where the condition holds, 0 elsewhere.
    fn only_where(&mut self, condition: Node, node: Node) -> Node {
        // A condition on a variable changes within the average over it: what is averaged inside stays as it is.
        let guarded = match self.axes(condition).is_none() {
            true => self.guard_averages(condition, node),
            false => node,
        };
        self.combine(Combine::If, condition, guarded)
    }

    /// The same node with integrands that are 0 where the condition fails: the averages in an alternative that is not
    /// chosen count neither in the quadrature error nor in the choice of a rule.
    fn guard_averages(&mut self, condition: Node, node: Node) -> Node {
        let nodes = self.reachable(&[node]);
        if !nodes.iter().any(|n| matches!(self.operation(*n), Operation::Average { .. })) {
            return node;
        }
        let mut guarded: HashMap<Node, Node> = HashMap::new();
        for n in nodes {
            let new = match self.operation(n) {
                Operation::Constant(_) | Operation::Symbol(_) | Operation::Normal(_) => n,
                Operation::Apply(f, a) => self.apply(f, guarded[&a]),
                Operation::Combine(op, a, b) => self.combine(op, guarded[&a], guarded[&b]),
                Operation::Join(op, all) => self.join(op, all.map(|a| guarded[&a])),
                Operation::Average { variable, weight, body } => {
                    let one = self.constant(1.0);
                    // Where only a function of the variable is averaged, that is what the condition joins.
                    let (weight, body) = if body == one { (one, weight) } else { (weight, guarded[&body]) };
                    let body = self.combine(Combine::If, condition, body);
                    let axes = self.axes(weight).union(self.axes(body)).without(variable);
                    self.add_node(Operation::Average { variable, weight, body }, axes)
                }
            };
            guarded.insert(n, new);
        }
        guarded[&node]
    }

    /// Children of a node.
    pub fn children(&self, node: Node) -> impl Iterator<Item = Node> {
        let all = match self.operation(node) {
            Operation::Constant(_) | Operation::Symbol(_) | Operation::Normal(_) => [None; 3],
            Operation::Apply(_, a) => [Some(a), None, None],
            Operation::Combine(_, a, b) => [Some(a), Some(b), None],
            Operation::Join(_, all) => all.map(Some),
            Operation::Average { weight, body, .. } => [Some(weight), Some(body), None],
        };
        all.into_iter().flatten()
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

    #[test]
    fn averages_are_linear_and_moments_exact() {
        let mut g = Graph::default();
        let (a, w, z) = (g.symbol(0), g.symbol(1), g.normal(0));
        let wz = g.multiply(w, z);
        let h = g.add(a, wz);
        // E (a + w z)² = a² + w²
        let square = g.multiply(h, h);
        let (aa, ww) = (g.multiply(a, a), g.multiply(w, w));
        assert_eq!(g.average(0, square), g.add(aa, ww));
        // E a tanh h = a E tanh h
        let t = g.apply(Function::Tanh, h);
        let at = g.multiply(a, t);
        let et = g.average(0, t);
        assert_eq!(g.average(0, at), g.multiply(a, et));
        // A constant is its own average.
        assert_eq!(g.average(0, a), a);
    }

    #[test]
    fn a_square_of_a_difference_is_not_multiplied_out() {
        let mut g = Graph::default();
        let (m, w, z) = (g.symbol(0), g.symbol(1), g.normal(0));
        let h = g.multiply(w, z);
        let t = g.apply(Function::Tanh, h);
        let difference = g.subtract(t, m);
        let square = g.multiply(difference, difference);
        let average = g.average(0, square);
        assert!(matches!(g.operation(average), Operation::Average { body, .. } if body == square));
    }
}
