//! Implicit definitions: a number that solves an equation, or minimises something, at every node of an average.
//!
//! In the graph it is a node over its *inputs*, the largest parts of the equation that do not contain it. Its derivatives by the inputs
//! are nodes again (implicit function theorem), so that those of any order come from the same rule: at a smooth point −F_i/F_p, where
//! the minimiser sits in a kink k(p, inputs) = 0 of what is minimised −k_i/k_p. The numbers come from a [`Solver`].

mod lanes;
mod solver;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::derivative::differentiate;
use super::function::{Combine, Function};
use super::graph::{Graph, Node, Operation};
pub use solver::{Solver, meets_several};

/// Symbols from here on stand for implicit unknowns, and from the second on for their inputs: no file has as many.
const UNKNOWN: usize = 1 << 28;
const INPUT: usize = 1 << 29;

/// An implicit definition in a graph.
#[derive(Debug, Clone)]
pub struct Implicit {
    /// What it depends on.
    pub inputs: Vec<Node>,
    /// How its number is found.
    pub solver: Arc<Solver>,
    /// The symbol of the unknown.
    unknown: Node,
    /// The equation, over the unknown and the inputs.
    equation: Node,
    /// The slopes by each input at a smooth point, then in each kink; over symbols of the unknown and the inputs.
    slopes: Vec<Vec<Node>>,
    /// The arguments of the kinks.
    kinks: Vec<Node>,
}

/// What is to be solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Condition {
    /// What vanishes, or is minimal.
    pub expression: Node,
    /// Whether it is minimal.
    pub minimise: bool,
    /// Where the unknown lies.
    pub range: Option<[Node; 2]>,
}

impl Graph {
    /// The symbol that stands for an implicit unknown in its own equation.
    pub fn unknown_of_implicit(&mut self, number: usize) -> Node {
        self.symbol(UNKNOWN + number)
    }

    /// The number that meets a condition on an implicit unknown; none if the condition does not contain it, or averages over it.
    pub fn implicit(&mut self, unknown: Node, condition: Condition) -> Option<Node> {
        if let Some(node) = self.known_implicit(&(unknown, condition)) {
            return Some(node);
        }
        let roots: Vec<Node> =
            [condition.expression].into_iter().chain(condition.range.into_iter().flatten()).collect();
        let mut inputs = Vec::new();
        let place = self.with_symbols_for_inputs(&roots, unknown, &mut inputs)?;
        let expression = place[0];
        let (equation, rising) = match condition.minimise {
            true => (differentiate(self, &[expression], unknown)[0], true),
            false => (expression, false),
        };
        let mut kinks = self.kinks(&[expression, equation], unknown);
        let range = condition.range.map(|_| [place[1], place[2]]);
        if let Some(ends) = range.filter(|_| rising) {
            kinks.extend(ends.map(|end| self.subtract(unknown, end)));
        }
        let by_unknown = |graph: &mut Graph, node: Node| differentiate(graph, &[node], unknown)[0];
        let slope = by_unknown(self, equation);
        if self.value_of(slope) == Some(0.0) {
            return None;
        }
        let pairs: Vec<[Node; 2]> = kinks.iter().map(|k| [*k, by_unknown(self, *k)]).collect();
        let symbols: Vec<Node> = (0..inputs.len()).map(|i| self.symbol(INPUT + i)).collect();
        let mut slopes = Vec::new();
        for symbol in &symbols {
            let conditions = [[equation, slope]].into_iter().chain(pairs.iter().copied());
            let own: Vec<Node> = conditions
                .map(|[zero, by_unknown]| {
                    let by_input = differentiate(self, &[zero], *symbol)[0];
                    let quotient = self.divide(by_input, by_unknown);
                    self.negate(quotient)
                })
                .collect();
            slopes.push(own);
        }
        let solver = Solver::new(self, unknown, &symbols, range, [equation, slope], &pairs, rising);
        let implicit = Implicit { inputs, solver: Arc::new(solver), unknown, equation, slopes, kinks };
        Some(self.add_implicit((unknown, condition), implicit))
    }

    /// The same expressions with a symbol in place of each largest part without the unknown; none if averages contain it.
    fn with_symbols_for_inputs(
        &mut self,
        roots: &[Node],
        unknown: Node,
        inputs: &mut Vec<Node>,
    ) -> Option<Vec<Node>> {
        let nodes = self.reachable(roots);
        let mut contains: HashMap<Node, bool> = HashMap::new();
        for node in &nodes {
            let below = self.children(*node).any(|child| contains[&child]);
            contains.insert(*node, *node == unknown || below);
        }
        let whole = |operation| {
            matches!(operation, Operation::Average { .. } | Operation::Implicit(_) | Operation::Pin(_))
        };
        if nodes.iter().any(|n| contains[n] && whole(self.operation(*n))) || !contains[&roots[0]] {
            return None;
        }
        let mut place: HashMap<Node, Node> = HashMap::new();
        for node in &nodes {
            if contains[node] || self.value_of(*node).is_some() {
                place.insert(*node, *node);
            }
        }
        let tops: Vec<Node> = nodes.iter().copied().filter(|n| contains[n]).collect();
        let needed =
            tops.iter().flat_map(|top| self.children(*top).collect::<Vec<_>>()).chain(roots.iter().copied());
        let needed: Vec<Node> = needed.filter(|n| !place.contains_key(n)).collect();
        for node in needed {
            if let Entry::Vacant(free) = place.entry(node) {
                free.insert(self.symbol(INPUT + inputs.len()));
                inputs.push(node);
            }
        }
        Some(self.substitute(roots, &place.into_iter().filter(|(from, to)| from != to).collect()))
    }

    /// Where the equation bends sharply: the arguments of abs, sign, step and what falls with |x|, and the differences of what min, max and comparisons compare.
    fn kinks(&mut self, roots: &[Node], unknown: Node) -> Vec<Node> {
        let mut kinks = Vec::new();
        for node in self.reachable(roots) {
            let argument = match self.operation(node) {
                Operation::Apply(
                    Function::Abs | Function::Sign | Function::Step | Function::BesselFall(_),
                    a,
                ) => a,
                Operation::Combine(
                    Combine::Min | Combine::Max | Combine::Less | Combine::LessEqual,
                    a,
                    b,
                ) => self.subtract(a, b),
                _ => continue,
            };
            if differentiate(self, &[argument], unknown)[0] != self.constant(0.0)
                && !kinks.contains(&argument)
            {
                kinks.push(argument);
            }
        }
        kinks
    }

    /// Expressions with some nodes replaced.
    fn substitute(&mut self, roots: &[Node], replaced: &HashMap<Node, Node>) -> Vec<Node> {
        let mut new: HashMap<Node, Node> = replaced.clone();
        let mut stack: Vec<Node> = roots.to_vec();
        let mut order = Vec::new();
        while let Some(node) = stack.pop() {
            if !new.contains_key(&node) && !order.contains(&node) {
                order.push(node);
                stack.extend(self.children(node));
            }
        }
        order.sort_unstable();
        for node in order {
            let made = match self.operation(node) {
                Operation::Apply(f, a) => self.apply(f, new[&a]),
                Operation::Combine(op, a, b) => self.combine(op, new[&a], new[&b]),
                Operation::Join(op, all) => self.join(op, all.map(|a| new[&a])),
                _ => node,
            };
            new.insert(node, made);
        }
        roots.iter().map(|root| new[root]).collect()
    }

    /// What the symbols of an implicit definition stand for.
    fn meanings(&mut self, node: Node, implicit: &Implicit) -> HashMap<Node, Node> {
        let mut meanings = HashMap::from([(implicit.unknown, node)]);
        for (i, input) in implicit.inputs.iter().enumerate() {
            meanings.insert(self.symbol(INPUT + i), *input);
        }
        meanings
    }

    /// The slopes of an implicit number by its inputs.
    pub fn slopes_of_implicit(&mut self, node: Node, number: u32) -> Vec<Node> {
        let implicit = self.implicit_of(number).clone();
        let meanings = self.meanings(node, &implicit);
        let pin = self.pin(node, number);
        let mut slopes = Vec::new();
        for own in &implicit.slopes {
            let own = self.substitute(own, &meanings);
            let Some(pin) = pin else {
                slopes.push(own[0]);
                continue;
            };
            let mut sum = self.constant(0.0);
            for (place, slope) in own.into_iter().enumerate() {
                let place = self.constant(place as f64);
                let here = self.combine(Combine::Equal, pin, place);
                let part = self.combine(Combine::If, here, slope);
                sum = self.add(sum, part);
            }
            slopes.push(sum);
        }
        slopes
    }

    /// In which kink an implicit number sits: 0 in none; nothing where there are no kinks.
    fn pin(&mut self, node: Node, number: u32) -> Option<Node> {
        let implicit = self.implicit_of(number);
        (!implicit.kinks.is_empty()).then(|| self.add_pin(node, number))
    }

    /// What says where an implicit number bends as its inputs move: its equation at the number itself, and switches that change sign
    /// where it enters or leaves a kink, or passes one.
    pub fn bends_of_implicit(&mut self, node: Node, number: u32) -> (Node, Vec<Node>) {
        let implicit = self.implicit_of(number).clone();
        let meanings = self.meanings(node, &implicit);
        let equation = self.substitute(&[implicit.equation], &meanings)[0];
        let arguments = self.substitute(&implicit.kinks, &meanings);
        let mut switches = Vec::new();
        if let Some(pin) = self.pin(node, number) {
            for (place, argument) in arguments.into_iter().enumerate() {
                let place = self.constant(place as f64 + 1.0);
                let here = self.combine(Combine::Equal, pin, place);
                let half = self.constant(0.5);
                switches.push(self.subtract(here, half));
                let elsewhere = self.apply(Function::Not, here);
                let passing = self.combine(Combine::If, elsewhere, argument);
                switches.push(self.add(passing, here));
            }
        }
        (equation, switches)
    }
}
