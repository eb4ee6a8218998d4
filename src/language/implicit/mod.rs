//! Implicit definitions: a number that solves an equation, or minimises something, at every node of an average.
//!
//! In the graph it is a node over its *inputs*, the largest parts of the equation that do not contain it. Its derivatives by the inputs
//! are nodes again (implicit function theorem), so that those of any order come from the same rule: at a smooth point −F_i/F_p, where
//! the minimiser sits in a kink k(p, inputs) = 0 of what is minimised −k_i/k_p. The numbers come from a [`Solver`].

mod lanes;
mod solver;
mod wells;

use std::collections::{BTreeSet, hash_map::Entry};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::derivative::differentiate;
use super::function::{Combine, Function};
use super::graph::{Graph, Node, Operation};
use solver::Seeks;
pub use solver::{Solver, meets_several};

/// Symbols from here on stand for implicit unknowns, and from the second on for their inputs: no file has as many.
const UNKNOWN: usize = 1 << 28;
const INPUT: usize = 1 << 29;

/// A jump lies within this of the places at which what stands beside its delta is evaluated.
const NEAR: f64 = 1e-6;

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
    /// Where there may be several minima: what says between which it is decided.
    pub rivals: Option<Rivals>,
    /// Of what stands beside such a number: its slopes by each input, where they are not those of a root.
    beside: Option<Vec<Node>>,
}

/// The two minima between which the lowest is decided.
#[derive(Debug, Clone, Copy)]
pub struct Rivals {
    /// That on the left and that on the right.
    pub sides: [Node; 2],
    /// By how much the right lies above the left: it changes sign where the number jumps from one to the other.
    pub gap: Node,
}

/// What is to be solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Condition {
    /// What vanishes, or is minimal.
    pub expression: Node,
    /// Whether it is minimal.
    pub minimise: bool,
    /// Whether what vanishes is the slope of what is minimal.
    pub rising: bool,
    /// Whether it may have several minima, of which the lowest is meant.
    pub several: bool,
    /// Where the unknown lies.
    pub range: Option<[Node; 2]>,
}

impl Implicit {
    /// The same over other inputs.
    pub fn over(&self, inputs: Vec<Node>) -> Implicit {
        Implicit { inputs, ..self.clone() }
    }
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
            true if condition.several => {
                let slope = differentiate(self, &[expression], unknown);
                (self.without_deltas(&slope)[0], true)
            }
            true => (differentiate(self, &[expression], unknown)[0], true),
            false => (expression, condition.rising),
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
        let several = condition.several.then_some(expression);
        let solver =
            Solver::new(self, unknown, &symbols, range, [equation, slope], &pairs, (rising, several));
        let mut implicit = Implicit {
            inputs,
            solver: Arc::new(solver),
            unknown,
            equation,
            slopes,
            kinks,
            rivals: None,
            beside: None,
        };
        if condition.several {
            implicit.rivals = Some(self.rivals(&implicit, expression));
        }
        Some(self.add_implicit(Some((unknown, condition)), implicit))
    }

    /// The two minima between which the lowest is decided.
    fn rivals(&mut self, implicit: &Implicit, objective: Node) -> Rivals {
        let beside = |graph: &mut Graph, seeks: Seeks, slopes: Vec<Node>| {
            let solver = Arc::new(implicit.solver.seeking(seeks));
            graph.add_implicit(None, Implicit { solver, beside: Some(slopes), ..implicit.clone() })
        };
        let mut sides = [implicit.unknown; 2];
        let mut moves: Vec<Vec<Node>> = Vec::new();
        for (side, seeks) in sides.iter_mut().zip([Seeks::Left, Seeks::Right]) {
            // A number of its own first, so that its slopes can name it.
            *side = beside(self, seeks, Vec::new());
            let Operation::Implicit(number) = self.operation(*side) else { continue };
            let slopes = self.slopes_at(*side, number);
            self.implicit_mut(number).beside = Some(slopes.clone());
            // How the height of the minimum moves with each input.
            let meanings = self.meanings(*side, implicit);
            let steep = self.substitute(&[implicit.equation], &meanings)[0];
            let mut own = Vec::new();
            for (i, slope) in slopes.into_iter().enumerate() {
                let symbol = self.symbol(INPUT + i);
                let by_input = differentiate(self, &[objective], symbol);
                let by_input = self.without_deltas(&by_input);
                let by_input = self.substitute(&by_input, &meanings)[0];
                let along = self.multiply(steep, slope);
                own.push(self.add(by_input, along));
            }
            moves.push(own);
        }
        let slopes = (0..implicit.inputs.len()).map(|i| self.subtract(moves[1][i], moves[0][i])).collect();
        let gap = beside(self, Seeks::Gap, slopes);
        Rivals { sides, gap }
    }

    /// Expressions in which what jumps does not move: a minimum never lies in a jump but where it is put there.
    fn without_deltas(&mut self, roots: &[Node]) -> Vec<Node> {
        let zero = self.constant(0.0);
        let deltas = |n: &Node| {
            matches!(self.operation(*n), Operation::Apply(Function::Delta | Function::DeltaSlope, _))
        };
        let gone = self.reachable(roots).into_iter().filter(deltas).map(|n| (n, zero)).collect();
        self.substitute(roots, &gone)
    }

    /// The same expressions with a symbol in place of each largest part without the unknown; none if averages contain it.
    fn with_symbols_for_inputs(
        &mut self,
        roots: &[Node],
        unknown: Node,
        inputs: &mut Vec<Node>,
    ) -> Option<Vec<Node>> {
        let nodes = self.reachable(roots);
        let mut contains: FxHashMap<Node, bool> = FxHashMap::default();
        for node in &nodes {
            let below = self.children(*node).any(|child| contains[&child]);
            contains.insert(*node, *node == unknown || below);
        }
        // Numbers that are found while others are held, which this one is among, are found with it.
        let whole = |operation| match operation {
            Operation::Average { .. } => true,
            Operation::Implicit(number) | Operation::Pin(number) => {
                self.implicit_of(number).rivals.is_some() || self.implicit_of(number).beside.is_some()
            }
            _ => false,
        };
        if nodes.iter().any(|n| contains[n] && whole(self.operation(*n))) || !contains[&roots[0]] {
            return None;
        }
        let mut place: FxHashMap<Node, Node> = FxHashMap::default();
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

    /// Where the equation bends sharply as the unknown moves.
    fn kinks(&mut self, roots: &[Node], unknown: Node) -> Vec<Node> {
        let mut kinks = Vec::new();
        for node in self.reachable(roots) {
            let Some(argument) = self.bend(node) else { continue };
            if differentiate(self, &[argument], unknown)[0] != self.constant(0.0)
                && !kinks.contains(&argument)
            {
                kinks.push(argument);
            }
        }
        kinks
    }

    /// What is 0 where an operation bends sharply: the argument of abs, sign, step and what falls with |x|, and the difference of what
    /// min, max and comparisons compare.
    fn bend(&mut self, node: Node) -> Option<Node> {
        match self.operation(node) {
            Operation::Apply(
                Function::Abs | Function::Sign | Function::Step | Function::BesselFall(_),
                a,
            ) => Some(a),
            Operation::Combine(Combine::Min | Combine::Max | Combine::Less | Combine::LessEqual, a, b) => {
                Some(self.subtract(a, b))
            }
            _ => None,
        }
    }

    /// Whether an expression bends sharply where several of some unknowns meet.
    pub fn bends_between(&mut self, root: Node, unknowns: &[Node]) -> bool {
        self.reachable(&[root]).into_iter().any(|node| {
            let below = self.bend(node).map_or(Vec::new(), |argument| self.reachable(&[argument]));
            unknowns.iter().filter(|unknown| below.contains(unknown)).count() > 1
        })
    }

    /// Expressions with some nodes replaced.
    pub fn substitute(&mut self, roots: &[Node], replaced: &FxHashMap<Node, Node>) -> Vec<Node> {
        if replaced.is_empty() {
            return roots.to_vec();
        }
        let mut new: FxHashMap<Node, Node> = replaced.clone();
        let mut stack: Vec<Node> = roots.to_vec();
        let mut order = BTreeSet::new();
        while let Some(node) = stack.pop() {
            if !new.contains_key(&node) && order.insert(node) {
                stack.extend(self.children(node));
            }
        }
        for node in order {
            let made = match self.operation(node) {
                Operation::Apply(f, a) => self.apply(f, new[&a]),
                Operation::Combine(op, a, b) => self.combine(op, new[&a], new[&b]),
                Operation::Join(op, all) => self.join(op, all.map(|a| new[&a])),
                Operation::Implicit(number) | Operation::Pin(number) => {
                    let inputs = self.implicit_of(number).inputs.clone();
                    let moved: Vec<Node> = inputs.iter().map(|input| new[input]).collect();
                    match self.operation(node) {
                        _ if moved == inputs => node,
                        Operation::Pin(_) => {
                            let of = self.implicit_over(number, moved);
                            let Operation::Implicit(number) = self.operation(of) else { continue };
                            self.add_pin(of, number)
                        }
                        _ => self.implicit_over(number, moved),
                    }
                }
                _ => node,
            };
            new.insert(node, made);
        }
        roots.iter().map(|root| new[root]).collect()
    }

    /// What the symbols of an implicit definition stand for.
    fn meanings(&mut self, node: Node, implicit: &Implicit) -> FxHashMap<Node, Node> {
        let mut meanings = FxHashMap::from_iter([(implicit.unknown, node)]);
        for (i, input) in implicit.inputs.iter().enumerate() {
            meanings.insert(self.symbol(INPUT + i), *input);
        }
        meanings
    }

    /// The slopes of an implicit number by its inputs.
    pub fn slopes_of_implicit(&mut self, node: Node, number: u32) -> Vec<Node> {
        match &self.implicit_of(number).beside {
            Some(slopes) => slopes.clone(),
            None => self.slopes_at(node, number),
        }
    }

    /// The same by the implicit function theorem.
    fn slopes_at(&mut self, node: Node, number: u32) -> Vec<Node> {
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
        if implicit.beside.is_some() {
            return (self.constant(0.0), Vec::new());
        }
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
        switches.extend(implicit.rivals.map(|rivals| rivals.gap));
        (equation, switches)
    }

    /// What an average over a variable changes by as its integrand jumps, where numbers in it pass from one minimum to another: the
    /// integrand of that, a delta at the jump times its height and how fast it moves with a symbol.
    pub fn jumps_of_implicit(&mut self, variable: u8, body: Node, symbol: Node) -> Vec<Node> {
        let mut terms = Vec::new();
        if !self.has_rivals() {
            return terms;
        }
        for node in self.reachable(&[body]) {
            let Operation::Implicit(number) = self.operation(node) else { continue };
            if !self.axes(node).contains(variable) {
                continue;
            }
            let Some(Rivals { sides: [left, right], gap }) = self.implicit_of(number).rivals else {
                continue;
            };
            let coordinate = self.normal(variable);
            let [moves, slope] = [symbol, coordinate].map(|by| differentiate(self, &[gap], by)[0]);
            if self.value_of(moves) == Some(0.0) {
                continue;
            }
            let sides = [left, right].map(|side| self.with_side(body, node, side));
            let height = match sides {
                [Some(left), Some(right)] => self.subtract(left, right),
                // It is not known what the integrand jumps by.
                _ => self.constant(f64::NAN),
            };
            let moved = self.multiply(moves, height);
            // Where another pair of minima takes over the gap changes its sign without being zero.
            let [size, steep] = [gap, slope].map(|x| self.apply(Function::Abs, x));
            let small = self.constant(NEAR);
            let small = self.multiply(small, steep);
            let is_zero = self.combine(Combine::LessEqual, size, small);
            let moved = self.combine(Combine::If, is_zero, moved);
            let delta = self.apply(Function::Delta, gap);
            terms.push(self.multiply(delta, moved));
        }
        terms
    }

    /// An integrand with one of two minima in place of the lowest; none where something else is solved with it.
    fn with_side(&mut self, root: Node, node: Node, side: Node) -> Option<Node> {
        let mut new: FxHashMap<Node, Node> = FxHashMap::from_iter([(node, side)]);
        for at in self.reachable(&[root]) {
            if new.contains_key(&at) {
                continue;
            }
            if !self.children(at).any(|child| new.get(&child).is_some_and(|n| *n != child)) {
                new.insert(at, at);
                continue;
            }
            let made = match self.operation(at) {
                Operation::Apply(f, a) => self.apply(f, new[&a]),
                Operation::Combine(op, a, b) => self.combine(op, new[&a], new[&b]),
                Operation::Join(op, all) => self.join(op, all.map(|a| new[&a])),
                Operation::Average { variable, weight, body } => {
                    let integrand = self.multiply(new[&weight], new[&body]);
                    self.average(variable, integrand)
                }
                Operation::Pin(number) if self.find(Operation::Implicit(number)) == Some(node) => {
                    let Operation::Implicit(own) = self.operation(side) else { return None };
                    self.add_pin(side, own)
                }
                _ => return None,
            };
            new.insert(at, made);
        }
        Some(new[&root])
    }
}
