//! One of several nodes, by a condition or by its place; what is not chosen does not matter, even where it has no value.

use rustc_hash::FxHashMap;

use super::{Graph, Node, Operation};
use crate::language::function::{Combine, Function};

impl Graph {
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
        let mut guarded: FxHashMap<Node, Node> = FxHashMap::default();
        for n in nodes {
            let new = match self.operation(n) {
                Operation::Constant(_) | Operation::Symbol(_) | Operation::Normal(_) => n,
                // What it averages over counts wherever it stands.
                Operation::Implicit(_) | Operation::Pin(_) => n,
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
}
