//! Integrands taken apart into terms e^g f, with δ(a) taken out, so that exponentials are joined with the density of the
//! variable and nothing overflows or vanishes on the way.

use crate::language::function::{Combine, Function};
use crate::language::graph::{Graph, Node, Operation};

/// A product of sums is multiplied out up to this many terms.
const MOST_TERMS: usize = 24;
/// How deep denominators are looked into for tails.
const TAILS: usize = 8;
/// How deep products are looked into.
const DEPTH: usize = 40;
/// The most nodes looked at for one average: what is shared counts wherever it stands.
const MOST_STEPS: usize = 2_000;

/// One term of an integrand, e^g f or δ(a) e^g f.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    pub(super) exponent: Option<Node>,
    pub(super) rest: Node,
    pub(super) delta: Option<Delta>,
}

/// δ(a), and ∂a/∂z once it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delta {
    pub(super) argument: Node,
    pub(super) slope: Node,
}

impl Term {
    /// What is evaluated for it.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node> {
        let slope = self.delta.map(|d| d.slope);
        [self.exponent, Some(self.rest), slope].into_iter().flatten()
    }

    fn times(&self, graph: &mut Graph, other: &Term) -> Term {
        let exponent = match (self.exponent, other.exponent) {
            (Some(a), Some(b)) => Some(graph.add(a, b)),
            (a, b) => a.or(b),
        };
        // Two deltas in one variable never meet but where the equations are singular themselves.
        let rest = match (self.delta, other.delta) {
            (Some(_), Some(_)) => graph.constant(0.0),
            _ => graph.multiply(self.rest, other.rest),
        };
        Term { exponent, rest, delta: self.delta.or(other.delta) }
    }

    fn plain(rest: Node) -> Term {
        Term { exponent: None, rest, delta: None }
    }
}

/// The terms of an average; one term as it was written where there is no exponential and no delta.
pub(super) fn terms(graph: &mut Graph, average: Node) -> Vec<Term> {
    let Operation::Average { variable, weight, body } = graph.operation(average) else { return Vec::new() };
    let whole = graph.multiply(weight, body);
    let found = split(graph, variable, whole, DEPTH, &mut MOST_STEPS.clone());
    match found.iter().any(|t| t.exponent.is_some() || t.delta.is_some()) {
        true => found,
        false => vec![Term::plain(whole)],
    }
}

/// The terms of a node.
fn split(graph: &mut Graph, v: u8, node: Node, depth: usize, steps: &mut usize) -> Vec<Term> {
    *steps = steps.saturating_sub(1);
    if let Operation::Apply(Function::Exp, g) = graph.operation(node) {
        let rest = graph.constant(1.0);
        return vec![Term { exponent: Some(g), rest, delta: None }];
    }
    if depth == 0 || *steps == 0 || !graph.axes(node).contains(v) {
        return vec![Term::plain(node)];
    }
    match graph.operation(node) {
        Operation::Combine(Combine::Multiply, a, b) => {
            let (left, right) = (split(graph, v, a, depth - 1, steps), split(graph, v, b, depth - 1, steps));
            if left.len() * right.len() > MOST_TERMS {
                return vec![Term::plain(node)];
            }
            let mut product = Vec::new();
            for a in &left {
                for b in &right {
                    product.push(a.times(graph, b));
                }
            }
            product
        }
        Operation::Combine(Combine::Divide, a, b) => quotient(graph, v, (a, b), depth, steps),
        Operation::Apply(Function::Negate, a) => split(graph, v, a, depth - 1, steps)
            .into_iter()
            .map(|t| Term { rest: graph.negate(t.rest), ..t })
            .collect(),
        Operation::Combine(op @ (Combine::Add | Combine::Subtract), a, b) => {
            let mut sum = split(graph, v, a, depth - 1, steps);
            for t in split(graph, v, b, depth - 1, steps) {
                let rest = if op == Combine::Subtract { graph.negate(t.rest) } else { t.rest };
                sum.push(Term { rest, ..t });
            }
            // Differences and sums with what is no exponential would lose digits where they cancel.
            let exponentials = op == Combine::Add && sum.iter().all(|t| t.exponent.is_some());
            match exponentials || sum.iter().any(|t| t.delta.is_some()) {
                true => sum,
                false => vec![Term::plain(node)],
            }
        }
        Operation::Combine(Combine::If, condition, a) => split(graph, v, a, depth - 1, steps)
            .into_iter()
            .map(|t| Term { rest: graph.combine(Combine::If, condition, t.rest), ..t })
            .collect(),
        Operation::Combine(Combine::Power, base, power) => match log_of_base(graph, v, base, depth) {
            Some((scale, log)) => {
                let rest = graph.combine(Combine::Power, scale, power);
                let exponent = graph.multiply(power, log);
                vec![Term { exponent: Some(exponent), rest, delta: None }]
            }
            None => vec![Term::plain(node)],
        },
        Operation::Apply(Function::Delta, a) => {
            let one = graph.constant(1.0);
            vec![Term { exponent: None, rest: one, delta: Some(Delta { argument: a, slope: one }) }]
        }
        Operation::Apply(Function::BesselI(1), a) => {
            let exponent = graph.apply(Function::LogBesselI0, a);
            let rest = graph.apply(Function::BesselCumulant(1), a);
            vec![Term { exponent: Some(exponent), rest, delta: None }]
        }
        Operation::Apply(Function::Sinh, a) => {
            let exponent = graph.apply(Function::LogCosh, a);
            let rest = graph.apply(Function::Tanh, a);
            vec![Term { exponent: Some(exponent), rest, delta: None }]
        }
        _ => match log_of(graph, v, node, 1) {
            Some((scale, exponent)) => vec![Term { exponent: Some(exponent), rest: scale, delta: None }],
            None => vec![Term::plain(node)],
        },
    }
}

/// The terms of a quotient: those of the numerator over the denominator, which is one term.
fn quotient(graph: &mut Graph, v: u8, (a, b): (Node, Node), depth: usize, steps: &mut usize) -> Vec<Term> {
    let top = split(graph, v, a, depth - 1, steps);
    let bottom = split(graph, v, b, depth - 1, steps);
    let falls = top.iter().any(|t| t.exponent.is_some()) && graph.has_tail(b, TAILS);
    let below = match bottom.as_slice() {
        [one] if one.exponent.is_some() => *one,
        // What falls below an exponential may be too small to divide by what is left without it.
        _ if falls => match graph.log_of_positive(b, TAILS) {
            Some(log) => Term { exponent: Some(log), ..Term::plain(graph.constant(1.0)) },
            None => Term::plain(b),
        },
        _ => Term::plain(b),
    };
    let exponent = below.exponent.map(|e| graph.negate(e));
    top.iter()
        .map(|t| {
            let rest = graph.divide(t.rest, below.rest);
            let exponent = match (t.exponent, exponent) {
                (Some(a), Some(b)) => Some(graph.add(a, b)),
                (a, b) => a.or(b),
            };
            Term { exponent, rest, delta: t.delta }
        })
        .collect()
}

/// The same for what is raised to a power, which may be far from 1 where the function itself is not.
fn log_of_base(graph: &mut Graph, v: u8, base: Node, depth: usize) -> Option<(Node, Node)> {
    let one = graph.constant(1.0);
    match graph.operation(base) {
        Operation::Apply(Function::NormalCdf, a) => Some((one, graph.apply(Function::LogNormalCdf, a))),
        Operation::Apply(Function::Logistic, a) => {
            let minus = graph.negate(a);
            let softplus = graph.apply(Function::Softplus, minus);
            Some((one, graph.negate(softplus)))
        }
        _ => log_of(graph, v, base, depth),
    }
}

/// (c, g) with node = c e^g, c > 0 a constant, where g has a stable form.
fn log_of(graph: &mut Graph, v: u8, node: Node, depth: usize) -> Option<(Node, Node)> {
    if depth == 0 {
        return None;
    }
    let one = graph.constant(1.0);
    Some(match graph.operation(node) {
        Operation::Apply(Function::Exp, g) => (one, g),
        Operation::Apply(Function::Cosh, a) => (one, graph.apply(Function::LogCosh, a)),
        Operation::Apply(Function::BesselI(0), a) => (one, graph.apply(Function::LogBesselI0, a)),
        Operation::Apply(Function::NormalPdf, a) => {
            // 1/√(2π)
            let scale = graph.constant(0.398_942_280_401_432_7);
            let half = graph.constant(-0.5);
            let square = graph.multiply(a, a);
            (scale, graph.multiply(half, square))
        }
        Operation::Combine(Combine::Multiply, a, b) => {
            let (c, x) = [(a, b), (b, a)]
                .into_iter()
                .find(|(c, x)| graph.value_of(*c).is_some_and(|c| c > 0.0) && graph.axes(*x).contains(v))?;
            let (scale, log) = log_of(graph, v, x, depth - 1)?;
            (graph.multiply(c, scale), log)
        }
        Operation::Combine(Combine::Power, base, power) => {
            let (scale, log) = log_of(graph, v, base, depth - 1)?;
            (graph.combine(Combine::Power, scale, power), graph.multiply(power, log))
        }
        _ => return None,
    })
}
