//! Where the integrands of a group bend, peak or are cut, found from their expressions.
//!
//! A *switch* is an argument whose zeros are such places: the argument of abs, sign, step, the difference of both sides of
//! min, max and comparisons (cuts, where the rule is cut to round-off); the argument of tanh, Φ, … (centres of width
//! 1/|slope|); the logarithm of the ratio of two terms of a sum below a fraction, a logarithm or a root (where one takes
//! over from the other); what is divided by, or whose root or logarithm is taken (low where it nearly vanishes); and the
//! exponents of exponentials, which peak.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::levels::{Level, Slot};
use super::terms::Term;
use crate::language::derivative::conditional;
use crate::language::function::{Combine, Function, Join};
use crate::language::graph::{Axes, Graph, Node, Operation};

/// What happens where a switch vanishes (or peaks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A kink, a jump or a delta.
    Cut,
    /// A bounded function turns over.
    Centre,
    /// A denominator, or the argument of a root or logarithm, nearly vanishes.
    Low,
    /// An exponential peaks.
    Peak,
    /// The exponent of a term, which says where its mass is.
    Exponent,
}

impl Kind {
    /// Whether only a rule that is cut there serves.
    pub(super) fn cuts(self) -> bool {
        self == Kind::Cut
    }
}

/// A switch in the level that evaluates them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Switch {
    pub(super) kind: Kind,
    pub(super) slot: Slot,
    /// Whether it is affine in the variable.
    pub(super) affine: bool,
    /// Whether it depends on variables that are averaged further in, which blurs its places.
    pub(super) blurred: bool,
}

/// The switches of a group.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) level: Level,
    pub(super) switches: Vec<Switch>,
}

impl Look {
    pub(super) fn new(
        graph: &Graph,
        variable: u8,
        around: Axes,
        level: Level,
        all: &[(Kind, Node)],
        slots: &FxHashMap<Node, Slot>,
    ) -> Look {
        let switches = all
            .iter()
            .map(|(kind, node)| Switch {
                kind: *kind,
                slot: slots[node],
                affine: is_affine(graph, variable, *node),
                blurred: graph.axes(*node).iter().any(|v| !around.contains(v)),
            })
            .collect();
        Look { level, switches }
    }
}

/// The switches of the terms of an average, also those inside inner averages.
pub(super) fn switches(graph: &mut Graph, terms: &[Term], v: u8) -> Vec<(Kind, Node)> {
    let (mut found, mut seen) = (BTreeSet::new(), FxHashSet::default());
    for term in terms {
        found.extend(term.exponent.map(|e| (Kind::Exponent, e)));
        found.extend(term.delta.map(|d| (Kind::Cut, d.argument)));
    }
    let roots: Vec<Node> = terms.iter().flat_map(Term::nodes).collect();
    for node in graph.reachable(&roots) {
        if !graph.axes(node).contains(v) {
            continue;
        }
        match graph.operation(node) {
            Operation::Apply(f, a) => of_function(graph, v, f, a, &mut found),
            Operation::Combine(op, a, b) => of_operation(graph, v, op, a, b, &mut found),
            // It turns over like Φ in both, and where one takes over from the other.
            Operation::Join(Join::BivariateNormalCdf, all) => {
                let (_, distances) = conditional(graph, all);
                found.extend([all[0], all[1], distances[0], distances[1]].map(|x| (Kind::Centre, x)));
            }
            Operation::Implicit(number) => of_implicit(graph, v, (node, number), &mut seen, &mut found),
            _ => {}
        }
    }
    found.retain(|(_, node)| graph.axes(*node).contains(v));
    found.into_iter().collect()
}

fn of_function(graph: &mut Graph, v: u8, f: Function, a: Node, found: &mut BTreeSet<(Kind, Node)>) {
    match f {
        Function::Negate
        | Function::Not
        | Function::Cos
        | Function::Sin
        | Function::Cosh
        | Function::Sinh
        | Function::BesselI(_) => {}
        // Those of |x| have a kink.
        Function::Abs | Function::Sign | Function::Step | Function::BesselFall(_) | Function::BesselI1e => {
            cut(graph, v, a, found)
        }
        // Its zeros are asked for by its argument.
        Function::Delta => {
            found.insert((Kind::Cut, a));
        }
        Function::Exp => {
            // A tilt has no place of its own.
            if !is_affine(graph, v, a) {
                found.insert((Kind::Peak, a));
            }
        }
        Function::Log | Function::Sqrt | Function::LogGamma | Function::Polygamma(_) => {
            low(graph, v, a, found);
        }
        Function::Logit | Function::BinaryEntropy | Function::NormalQuantile => {
            let one = graph.constant(1.0);
            let rest = graph.subtract(one, a);
            low(graph, v, a, found);
            low(graph, v, rest, found);
        }
        Function::Log1p => {
            let one = graph.constant(1.0);
            let sum = graph.add(one, a);
            low(graph, v, sum, found);
        }
        Function::Atanh | Function::Asin | Function::Acos => {
            let one = graph.constant(1.0);
            for end in [graph.subtract(one, a), graph.add(one, a)] {
                low(graph, v, end, found);
            }
        }
        // They turn over within 1 of the zero of their argument.
        Function::Tanh
        | Function::Sech2
        | Function::Atan
        | Function::Expm1
        | Function::Erf
        | Function::Erfc
        | Function::Erfcx
        | Function::NormalPdf
        | Function::NormalCdf
        | Function::LogNormalCdf
        | Function::InverseMills
        | Function::MillsExcess
        | Function::Logistic
        | Function::Softplus
        | Function::LogCosh
        | Function::Asinh
        | Function::LogBesselI0
        | Function::BesselCumulant(_)
        | Function::DeltaSlope => {
            found.insert((Kind::Centre, a));
        }
    }
}

fn of_operation(graph: &mut Graph, v: u8, op: Combine, a: Node, b: Node, found: &mut BTreeSet<(Kind, Node)>) {
    match op {
        Combine::Min | Combine::Max | Combine::Less | Combine::LessEqual => {
            let difference = graph.subtract(a, b);
            cut(graph, v, difference, found);
        }
        Combine::LogAddExp => {
            let difference = graph.subtract(a, b);
            found.insert((Kind::Centre, difference));
        }
        Combine::Divide => low(graph, v, b, found),
        Combine::Power => {
            low(graph, v, a, found);
            if graph.axes(b).contains(v) && !is_affine(graph, v, b) {
                found.insert((Kind::Peak, b));
            }
        }
        _ => {}
    }
}

/// Where its equation bends at the number itself, and where it meets kinks.
fn of_implicit(
    graph: &mut Graph,
    v: u8,
    (node, number): (Node, u32),
    seen: &mut FxHashSet<Node>,
    found: &mut BTreeSet<(Kind, Node)>,
) {
    if !seen.insert(node) {
        return;
    }
    let (equation, switches) = graph.bends_of_implicit(node, number);
    for inner in graph.reachable(&[equation]) {
        match graph.operation(inner) {
            Operation::Apply(f, a) => of_function(graph, v, f, a, found),
            Operation::Combine(op @ (Combine::LogAddExp | Combine::Divide | Combine::Power), a, b) => {
                of_operation(graph, v, op, a, b, found);
            }
            Operation::Implicit(number) => of_implicit(graph, v, (inner, number), seen, found),
            _ => {}
        }
    }
    found.extend(switches.into_iter().map(|switch| (Kind::Cut, switch)));
}

/// The zeros of an argument: as zeros of affine expressions where those hold all of them (|h| = a where h = ±a), so that
/// nothing is to be searched for; a place too many does no harm.
fn cut(graph: &mut Graph, v: u8, argument: Node, found: &mut BTreeSet<(Kind, Node)>) {
    /// How many equations one argument is taken apart into.
    const MOST: usize = 16;
    let zero = graph.constant(0.0);
    // What is to be equal to what.
    let (mut pending, mut affine) = (vec![(argument, zero)], Vec::new());
    while let Some((x, c)) = pending.pop() {
        let constant = |n: Node| !graph.axes(n).contains(v);
        if constant(x) {
            continue;
        }
        if is_affine(graph, v, x) {
            affine.push(graph.subtract(x, c));
            continue;
        }
        let minus_c = graph.negate(c);
        let constant = |n: Node| !graph.axes(n).contains(v);
        let next = match graph.operation(x) {
            Operation::Apply(Function::Negate, a) => vec![(a, minus_c)],
            Operation::Apply(Function::Abs, a) => vec![(a, c), (a, minus_c)],
            Operation::Apply(Function::Tanh, a) => vec![(a, graph.apply(Function::Atanh, c))],
            Operation::Apply(Function::Exp, a) => vec![(a, graph.apply(Function::Log, c))],
            Operation::Combine(Combine::Add, a, b) if constant(b) => vec![(a, graph.subtract(c, b))],
            Operation::Combine(Combine::Add, a, b) if constant(a) => vec![(b, graph.subtract(c, a))],
            Operation::Combine(Combine::Subtract, a, b) if constant(b) => vec![(a, graph.add(c, b))],
            Operation::Combine(Combine::Subtract, a, b) if constant(a) => vec![(b, graph.subtract(a, c))],
            Operation::Combine(Combine::Multiply, a, b) if c == zero => vec![(a, c), (b, c)],
            Operation::Combine(Combine::Multiply, a, b) if constant(a) => vec![(b, graph.divide(c, a))],
            Operation::Combine(Combine::Multiply, a, b) if constant(b) => vec![(a, graph.divide(c, b))],
            Operation::Combine(Combine::Multiply, a, b) if a == b => {
                let root = graph.apply(Function::Sqrt, c);
                vec![(a, root), (a, graph.negate(root))]
            }
            Operation::Combine(Combine::Divide, a, b) if constant(b) => vec![(a, graph.multiply(c, b))],
            Operation::Combine(Combine::Min | Combine::Max, a, b) => vec![(a, c), (b, c)],
            _ => vec![],
        };
        if next.is_empty() || pending.len() + affine.len() > MOST {
            found.insert((Kind::Cut, argument));
            return;
        }
        pending.extend(next);
    }
    found.extend(affine.into_iter().map(|a| (Kind::Cut, a)));
}

/// A denominator, or the argument of a root or logarithm: where it nearly vanishes, and where its terms take over from
/// each other.
fn low(graph: &mut Graph, v: u8, node: Node, found: &mut BTreeSet<(Kind, Node)>) {
    /// How many terms of a sum are compared with each other.
    const COMPARED: usize = 6;
    if !graph.axes(node).contains(v) {
        return;
    }
    // Exponentials and the like have no zeros.
    if !matches!(
        graph.operation(node),
        Operation::Apply(Function::Exp | Function::Cosh | Function::BesselI(0) | Function::NormalPdf, _)
    ) {
        found.insert((Kind::Low, node));
    }
    let (mut terms, mut stack) = (Vec::new(), vec![node]);
    while let Some(node) = stack.pop() {
        match graph.operation(node) {
            Operation::Combine(Combine::Add | Combine::Subtract, a, b) => stack.extend([b, a]),
            _ => terms.push(node),
        }
    }
    if is_affine(graph, v, node) || terms.len() > COMPARED {
        return;
    }
    for (i, a) in terms.iter().enumerate() {
        for b in &terms[..i] {
            let (left, right) = (log_of_size(graph, *a), log_of_size(graph, *b));
            let ratio = graph.subtract(left, right);
            found.insert((Kind::Centre, ratio));
        }
    }
}

/// log |a|, without overflow where a is an exponential.
fn log_of_size(graph: &mut Graph, a: Node) -> Node {
    match graph.operation(a) {
        Operation::Apply(Function::Exp, g) => g,
        Operation::Apply(Function::Cosh, x) => graph.apply(Function::LogCosh, x),
        Operation::Apply(Function::BesselI(0), x) => graph.apply(Function::LogBesselI0, x),
        Operation::Apply(Function::Negate, x) => log_of_size(graph, x),
        Operation::Combine(op @ (Combine::Multiply | Combine::Divide), x, y) => {
            let (x, y) = (log_of_size(graph, x), log_of_size(graph, y));
            if op == Combine::Multiply { graph.add(x, y) } else { graph.subtract(x, y) }
        }
        _ => {
            let size = graph.apply(Function::Abs, a);
            graph.apply(Function::Log, size)
        }
    }
}

/// Whether a node is α + β z, with α and β free of the variable z.
pub(super) fn is_affine(graph: &Graph, v: u8, node: Node) -> bool {
    if !graph.axes(node).contains(v) {
        return true;
    }
    let constant = |n: Node| !graph.axes(n).contains(v);
    match graph.operation(node) {
        Operation::Normal(_) => true,
        Operation::Apply(Function::Negate, a) => is_affine(graph, v, a),
        Operation::Combine(Combine::Add | Combine::Subtract, a, b) => {
            is_affine(graph, v, a) && is_affine(graph, v, b)
        }
        Operation::Combine(Combine::Multiply, a, b) => {
            constant(a) && is_affine(graph, v, b) || constant(b) && is_affine(graph, v, a)
        }
        Operation::Combine(Combine::Divide, a, b) => constant(b) && is_affine(graph, v, a),
        _ => false,
    }
}
