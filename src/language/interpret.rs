//! A second, independent way to evaluate graph nodes: one number at a time, with the averages left to the
//! caller. It serves domains and defaults before anything is compiled, and the check of the compiled
//! averages by another quadrature (`--verify`).

use std::cell::RefCell;

use super::graph::{Graph, Node, Operation};

/// Integrates a function against the density of N(0, 1).
pub type Integrate<'a> = &'a dyn Fn(&dyn Fn(f64) -> f64) -> f64;

/// Evaluates nodes of a graph at given values of the symbols.
pub struct Interpreter<'a> {
    graph: &'a Graph,
    symbols: &'a [f64],
    integrate: Integrate<'a>,
}

/// Values known so far, by node.
type Values = Vec<Option<f64>>;

impl<'a> Interpreter<'a> {
    /// An interpreter; `integrate` is the quadrature for averages over N(0, 1).
    pub fn new(graph: &'a Graph, symbols: &'a [f64], integrate: Integrate<'a>) -> Self {
        Interpreter { graph, symbols, integrate }
    }

    /// The values of scalar nodes.
    pub fn values(&self, roots: &[Node]) -> Vec<f64> {
        let mut values = vec![None; self.graph.len()];
        self.evaluate(&self.without_integrands(roots), &mut values);
        roots.iter().map(|r| values[r.index()].unwrap_or(f64::NAN)).collect()
    }

    /// The nodes that the roots need, children first, without what stands inside averages.
    fn without_integrands(&self, roots: &[Node]) -> Vec<Node> {
        let mut seen = vec![false; self.graph.len()];
        let mut stack = roots.to_vec();
        let mut nodes = Vec::new();
        while let Some(node) = stack.pop() {
            if !std::mem::replace(&mut seen[node.index()], true) {
                nodes.push(node);
                if !matches!(self.graph.operation(node), Operation::Average { .. }) {
                    stack.extend(self.graph.children(node));
                }
            }
        }
        nodes.sort_unstable();
        nodes
    }

    fn evaluate(&self, order: &[Node], values: &mut Values) {
        for node in order {
            if values[node.index()].is_some() {
                continue;
            }
            let at = |n: Node| values[n.index()].unwrap_or(f64::NAN);
            let value = match self.graph.operation(*node) {
                Operation::Constant(bits) => f64::from_bits(bits),
                Operation::Symbol(s) => self.symbols.get(s as usize).copied().unwrap_or(f64::NAN),
                Operation::Normal(_) => f64::NAN,
                Operation::Apply(f, a) => f.apply(at(a)),
                Operation::Combine(op, a, b) => op.apply(at(a), at(b)),
                Operation::Join(op, all) => op.apply(all.map(at)),
                Operation::Implicit(number) | Operation::Pin(number) => self.implicit(*node, number, &at),
                Operation::Average { variable, weight, body } => self.average(variable, weight, body, values),
            };
            values[node.index()] = Some(value);
        }
    }

    /// The number of an implicit definition, or the kink in which it sits.
    fn implicit(&self, node: Node, number: u32, at: &dyn Fn(Node) -> f64) -> f64 {
        let implicit = self.graph.implicit_of(number);
        let values: Vec<[f64; 1]> = implicit.inputs.iter().map(|input| [at(*input)]).collect();
        let inputs: Vec<&[f64]> = values.iter().map(|value| &value[..]).collect();
        let mut out = [f64::NAN];
        match self.graph.find(Operation::Implicit(number)) {
            Some(own) if own != node => implicit.solver.pins(&inputs, &[at(own)], &mut out),
            _ => implicit.solver.solve(&inputs, &mut out),
        }
        out[0]
    }

    fn average(&self, variable: u8, weight: Node, body: Node, values: &mut Values) -> f64 {
        let order = self.without_integrands(&[weight, body]);
        let (dependent, independent): (Vec<Node>, Vec<Node>) =
            order.into_iter().partition(|n| self.graph.axes(*n).contains(variable));
        self.evaluate(&independent, values);
        // Also what stands inside inner averages changes with this variable.
        let mut stale = self.graph.reachable(&[weight, body]);
        stale.retain(|n| self.graph.axes(*n).contains(variable));
        let coordinate =
            stale.iter().copied().find(|n| self.graph.operation(*n) == Operation::Normal(variable));
        let inner = RefCell::new(values.clone());
        (self.integrate)(&|z| {
            let mut inner = inner.borrow_mut();
            for node in &stale {
                inner[node.index()] = None;
            }
            if let Some(coordinate) = coordinate {
                inner[coordinate.index()] = Some(z);
            }
            self.evaluate(&dependent, &mut inner);
            let at = |n: Node| inner[n.index()].unwrap_or(f64::NAN);
            at(weight) * at(body)
        })
    }
}
