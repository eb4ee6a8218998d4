//! Averages, taken apart where they are built: sums term by term, and what does not depend on the variable leaves.

use super::{Axes, Graph, Node, Operation};
use crate::language::derivative::differentiate;
use crate::language::function::{Combine, Function};

/// How far the builder of averages looks into sums.
const EXPANSION_DEPTH: usize = 64;
/// A product of sums is multiplied out inside an average only up to this many terms.
const EXPANSION_TERMS: usize = 24;
/// The most nodes that the builder looks at for one average. What is shared counts wherever it stands, so a short chain
/// of definitions (each the square of the last) can unfold without end; beyond this, the rest stays one factor.
const EXPANSION_STEPS: usize = 1_000;
/// A function of a variable alone is recognised up to this height.
const HEIGHT_ALONE: u8 = 12;

/// One term of an integrand: a factor that leaves the average, and factors that stay.
struct Term {
    coefficient: Node,
    factors: Vec<Node>,
}

impl Graph {
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
        let slope = differentiate(self, &[a], z)[0];
        let rest = self.divide(rest, slope);
        let change = differentiate(self, &[rest], z)[0];
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
