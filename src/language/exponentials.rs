//! Quotients and logarithms of sums in which exponentials stand, as they are printed, without overflow: numerator and
//! denominator are divided by the exponential that is largest, and what is left is at most of the size of its factors.

use super::function::{Combine, Function};
use super::graph::{Graph, Node, Operation};

/// The most terms that a numerator or denominator is multiplied out into.
const MOST_TERMS: usize = 8;
/// How far down sums and products are looked through.
const DEPTH: usize = 6;

/// A term f e^g.
#[derive(Debug, Clone, Copy)]
struct Term {
    factor: Node,
    exponent: Option<Node>,
}

impl Graph {
    /// a / b, where exponentials stand in both.
    pub(super) fn quotient_of_exponentials(&mut self, a: Node, b: Node) -> Option<Node> {
        if self.is_over_largest(b) || !(self.has_exponential(a, DEPTH) && self.has_exponential(b, DEPTH)) {
            return None;
        }
        let (above, below) = (self.exponential_terms(a, DEPTH)?, self.exponential_terms(b, DEPTH)?);
        let largest = self.largest_exponent(&below)?;
        let (above, below) = (self.sum_over(&above, largest), self.sum_over(&below, largest));
        Some(self.divide(above, below))
    }

    /// log a, where a is a sum in which exponentials stand.
    pub(super) fn log_of_exponentials(&mut self, a: Node) -> Option<Node> {
        let sum = matches!(self.operation(a), Operation::Combine(Combine::Add | Combine::Subtract, ..));
        if !sum || self.is_over_largest(a) || !self.has_exponential(a, DEPTH) {
            return None;
        }
        let terms = self.exponential_terms(a, DEPTH)?;
        let largest = self.largest_exponent(&terms)?;
        let rest = self.sum_over(&terms, largest);
        let log = self.apply(Function::Log, rest);
        Some(self.add(largest, log))
    }

    /// Whether a node is a sum over its largest exponential already, or made of such sums and of what has no exponential.
    fn is_over_largest(&self, node: Node) -> bool {
        self.over_largest.contains(&node)
            || match self.operation(node) {
                Operation::Combine(Combine::Multiply, a, b) => {
                    let done = |n: Node| self.is_over_largest(n);
                    let plain = |n: Node| !self.has_exponential(n, DEPTH);
                    done(a) && (done(b) || plain(b)) || done(b) && plain(a)
                }
                Operation::Apply(Function::Negate, a) => self.is_over_largest(a),
                _ => false,
            }
    }

    /// Whether an exponential stands among the factors of the terms of a sum. (Nothing is built to find out.)
    fn has_exponential(&self, node: Node, depth: usize) -> bool {
        match self.operation(node) {
            Operation::Apply(Function::Exp | Function::Cosh | Function::Sinh, _) => true,
            // e^(log I₀) and e^(log I₀) I₁/I₀
            Operation::Apply(Function::BesselI(0 | 1), _) => true,
            Operation::Apply(Function::Negate, a) => depth > 0 && self.has_exponential(a, depth - 1),
            Operation::Combine(Combine::Divide, a, _) => depth > 0 && self.has_exponential(a, depth - 1),
            Operation::Combine(Combine::Add | Combine::Subtract | Combine::Multiply, a, b) => {
                depth > 0 && (self.has_exponential(a, depth - 1) || self.has_exponential(b, depth - 1))
            }
            _ => false,
        }
    }

    fn exponential_terms(&mut self, node: Node, depth: usize) -> Option<Vec<Term>> {
        if depth == 0 || !self.has_exponential(node, depth) {
            return Some(vec![Term { factor: node, exponent: None }]);
        }
        let terms = match self.operation(node) {
            Operation::Apply(Function::Exp, g) => {
                vec![Term { factor: self.constant(1.0), exponent: Some(g) }]
            }
            Operation::Apply(Function::Cosh, u) => {
                let exponent = self.apply(Function::LogCosh, u);
                vec![Term { factor: self.constant(1.0), exponent: Some(exponent) }]
            }
            Operation::Apply(Function::Sinh, u) => {
                let exponent = self.apply(Function::LogCosh, u);
                vec![Term { factor: self.apply(Function::Tanh, u), exponent: Some(exponent) }]
            }
            Operation::Apply(Function::BesselI(n @ (0 | 1)), u) => {
                let exponent = Some(self.apply(Function::LogBesselI0, u));
                let factor =
                    if n == 0 { self.constant(1.0) } else { self.apply(Function::BesselCumulant(1), u) };
                vec![Term { factor, exponent }]
            }
            Operation::Apply(Function::Negate, a) => {
                let terms = self.exponential_terms(a, depth - 1)?;
                terms.into_iter().map(|t| Term { factor: self.negate(t.factor), ..t }).collect()
            }
            Operation::Combine(Combine::Divide, a, b) => {
                let terms = self.exponential_terms(a, depth - 1)?;
                terms.into_iter().map(|t| Term { factor: self.divide(t.factor, b), ..t }).collect()
            }
            Operation::Combine(op @ (Combine::Add | Combine::Subtract), a, b) => {
                let mut sum = self.exponential_terms(a, depth - 1)?;
                for t in self.exponential_terms(b, depth - 1)? {
                    let factor = if op == Combine::Subtract { self.negate(t.factor) } else { t.factor };
                    sum.push(Term { factor, ..t });
                }
                sum
            }
            Operation::Combine(Combine::Multiply, a, b) => {
                let (left, right) =
                    (self.exponential_terms(a, depth - 1)?, self.exponential_terms(b, depth - 1)?);
                let mut product = Vec::new();
                for a in &left {
                    for b in &right {
                        let factor = self.multiply(a.factor, b.factor);
                        let exponent = match (a.exponent, b.exponent) {
                            (Some(a), Some(b)) => Some(self.add(a, b)),
                            (a, b) => a.or(b),
                        };
                        product.push(Term { factor, exponent });
                    }
                }
                product
            }
            _ => vec![Term { factor: node, exponent: None }],
        };
        (terms.len() <= MOST_TERMS).then_some(terms)
    }

    /// log Σ e^g over the exponents of terms, each once: at least as large as any of them, and smooth.
    fn largest_exponent(&mut self, terms: &[Term]) -> Option<Node> {
        let mut exponents: Vec<Node> = Vec::new();
        for term in terms {
            let exponent = term.exponent.unwrap_or_else(|| self.constant(0.0));
            if !exponents.contains(&exponent) {
                exponents.push(exponent);
            }
        }
        exponents.into_iter().reduce(|a, b| self.combine(Combine::LogAddExp, a, b))
    }

    /// Σ f e^(g − largest).
    fn sum_over(&mut self, terms: &[Term], largest: Node) -> Node {
        let zero = self.constant(0.0);
        let sum = terms.iter().fold(zero, |sum, term| {
            let exponent = match term.exponent {
                Some(exponent) if exponent == largest => zero,
                Some(exponent) => self.subtract(exponent, largest),
                None => self.negate(largest),
            };
            let exponential = self.apply(Function::Exp, exponent);
            let part = self.multiply(term.factor, exponential);
            self.add(sum, part)
        });
        self.over_largest.insert(sum);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::interpret::Interpreter;

    /// A posterior mean ρ sinh h/(1 − ρ + ρ cosh h) and the logarithm below it, as they are printed.
    #[test]
    fn printed_posterior_means_do_not_overflow() {
        let mut graph = Graph::default();
        let (h, rho, one) = (graph.symbol(0), graph.symbol(1), graph.constant(1.0));
        let (sinh, cosh) = (graph.apply(Function::Sinh, h), graph.apply(Function::Cosh, h));
        let above = graph.multiply(rho, sinh);
        let rest = graph.subtract(one, rho);
        let spiked = graph.multiply(rho, cosh);
        let below = graph.add(rest, spiked);
        let (mean, log) = (graph.divide(above, below), graph.apply(Function::Log, below));
        let slope = crate::language::derivative::differentiate(&mut graph, &[mean], h)[0];
        let at = |h: f64, rho: f64| {
            let values = Interpreter::new(&graph, &[h, rho], &|_| f64::NAN).values(&[mean, log, slope]);
            [values[0], values[1], values[2]]
        };
        for (h, rho) in [(0.0, 0.02), (1.3, 0.02), (-2.0, 0.5), (9.0, 0.02)] {
            let (s, c) = (libm::sinh(h), libm::cosh(h));
            let below = 1.0 - rho + rho * c;
            let exact =
                [rho * s / below, libm::log(below), (rho * c * (1.0 - rho) + rho * rho) / (below * below)];
            for (x, y) in at(h, rho).iter().zip(exact) {
                assert!((x - y).abs() <= 4e-15 * (1.0 + y.abs()), "{h}: {x} {y}");
            }
        }
        // Far out the mean is 1 to the last digit, the logarithm h + log(ρ/2).
        let [mean, log, slope] = at(2e4, 0.02);
        assert!(
            (mean - 1.0).abs() < 1e-15 && (log - 2e4 - libm::log(0.01)).abs() < 1e-11 && slope.abs() < 1e-15,
            "{mean} {log} {slope}"
        );
    }

    /// Weights of states e^(−βE) whose exponentials all vanish in double precision.
    #[test]
    fn vanishing_weights_are_no_zero_over_zero() {
        let mut graph = Graph::default();
        let (a, b) = (graph.symbol(0), graph.symbol(1));
        let (left, right) = (graph.apply(Function::Exp, a), graph.apply(Function::Exp, b));
        let sum = graph.add(left, right);
        let share = graph.divide(left, sum);
        for (x, y) in [(-900.0, -901.0), (900.0, 901.0), (0.2, -3.0)] {
            let value = Interpreter::new(&graph, &[x, y], &|_| f64::NAN).values(&[share])[0];
            assert!((value - 1.0 / (1.0 + libm::exp(y - x))).abs() < 1e-13, "{x} {y}: {value}");
        }
    }
}
