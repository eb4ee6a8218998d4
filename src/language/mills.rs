//! A density of the normal distribution over its distribution function, φ/Φ, however the two are written: 0/0 far out, and
//! one function of the language.

use std::collections::BTreeMap;
use std::f64::consts::{PI, SQRT_2};

use super::function::{Combine, Function};
use super::graph::{Graph, Node, Operation};

/// The most nodes looked at for one simplification.
const MOST_STEPS: usize = 400;
/// How far down products are looked through.
const DEPTH: usize = 8;
/// Coefficients that differ by no more than this factor of round-off are the same number.
const ROUND_OFF: f64 = 4.0 * f64::EPSILON;

/// coefficient · Π node^exponent.
type Monomial = (f64, BTreeMap<Node, i32>);

/// A factor that falls like the tail of the normal distribution: scale · φ(u) or scale · Φ(u).
struct Tail {
    density: bool,
    scale: f64,
    argument: Monomial,
    /// 1, or −1 for a divisor.
    power: i32,
    /// 1, or −1 for the inverse of a density, e^(x²/2).
    sign: i32,
    node: Node,
}

impl Graph {
    /// a · b or a / b in which a density of the normal distribution meets its distribution function at the same place
    /// (or at the mirrored one: the density is even): the quotient of the two is one function.
    pub(super) fn stable_product(&mut self, op: Combine, a: Node, b: Node) -> Option<Node> {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        self.tails(a, 1, DEPTH, &mut MOST_STEPS.clone(), &mut left);
        if left.is_empty() {
            return None;
        }
        self.tails(b, if op == Combine::Divide { -1 } else { 1 }, DEPTH, &mut MOST_STEPS.clone(), &mut right);
        let (l, r) = left.iter().flat_map(|l| right.iter().map(move |r| (l, r))).find(|(l, r)| l.meets(r))?;
        let (density, distribution) = if l.density { (l, r) } else { (r, l) };
        // φ(v) = φ(u) where v = ±u, and Φ(u), or erfc(x) = 2Φ(u) with u = −√2 x.
        let u = match self.operation(distribution.node) {
            Operation::Apply(Function::Erfc, x) => self.scaled(-SQRT_2, x),
            Operation::Apply(_, u) => u,
            _ => return None,
        };
        let mills = self.apply(Function::InverseMills, u);
        let quotient = self.scaled(density.scale / distribution.scale, mills);
        let upright = density.power == density.sign;
        let (without_a, without_b) = (self.without(a, l.node), self.without(b, r.node));
        let rest = self.combine(op, without_a, without_b);
        Some(if upright { self.multiply(rest, quotient) } else { self.divide(rest, quotient) })
    }

    /// The factors of a product (and of a quotient, with the power −1) that are tails.
    fn tails(&self, node: Node, power: i32, depth: usize, steps: &mut usize, found: &mut Vec<Tail>) {
        if depth == 0 || *steps == 0 {
            return;
        }
        *steps -= 1;
        let tail = |density, scale, argument| Tail { density, scale, argument, power, sign: 1, node };
        match self.operation(node) {
            Operation::Combine(Combine::Multiply, a, b) => {
                self.tails(a, power, depth - 1, steps, found);
                self.tails(b, power, depth - 1, steps, found);
            }
            Operation::Combine(Combine::Divide, a, b) => {
                self.tails(a, power, depth - 1, steps, found);
                self.tails(b, -power, depth - 1, steps, found);
            }
            Operation::Apply(Function::Negate, a) => self.tails(a, power, depth - 1, steps, found),
            Operation::Apply(Function::NormalCdf, u) => found.push(tail(false, 1.0, self.monomial(u))),
            Operation::Apply(Function::Erfc, u) => {
                let (coefficient, factors) = self.monomial(u);
                found.push(tail(false, 2.0, (-SQRT_2 * coefficient, factors)));
            }
            Operation::Apply(Function::NormalPdf, u) => found.push(tail(true, 1.0, self.monomial(u))),
            Operation::Apply(Function::Exp, exponent) => {
                // e^(−k²x²/2) = √(2π) φ(kx), and e^(k²x²/2) is its inverse.
                let (coefficient, mut factors) = self.monomial(exponent);
                let square = !factors.is_empty() && factors.values().all(|power| power % 2 == 0);
                if square && coefficient.is_finite() {
                    factors.values_mut().for_each(|power| *power /= 2);
                    let argument = (libm::sqrt(2.0 * coefficient.abs()), factors);
                    let sign = if coefficient < 0.0 { 1 } else { -1 };
                    let scale = libm::sqrt(2.0 * PI);
                    found.push(Tail { sign, ..tail(true, scale, argument) });
                }
            }
            _ => {}
        }
    }

    /// A node as a constant times powers of other nodes.
    fn monomial(&self, node: Node) -> Monomial {
        let mut monomial = (1.0, BTreeMap::new());
        self.collect_factors(node, 1, DEPTH, &mut MOST_STEPS.clone(), &mut monomial);
        monomial.1.retain(|_, power| *power != 0);
        monomial
    }

    fn collect_factors(
        &self,
        node: Node,
        power: i32,
        depth: usize,
        steps: &mut usize,
        monomial: &mut Monomial,
    ) {
        // What is shared counts wherever it stands: a short chain of definitions can unfold without end.
        let deeper = depth.checked_sub(1).filter(|_| *steps > 0);
        *steps = steps.saturating_sub(1);
        match (self.operation(node), deeper) {
            (Operation::Constant(bits), _) => {
                let value = f64::from_bits(bits);
                monomial.0 *= if power > 0 { value } else { 1.0 / value };
            }
            (Operation::Apply(Function::Negate, a), Some(depth)) => {
                monomial.0 = -monomial.0;
                self.collect_factors(a, power, depth, steps, monomial);
            }
            (Operation::Combine(Combine::Multiply, a, b), Some(depth)) => {
                self.collect_factors(a, power, depth, steps, monomial);
                self.collect_factors(b, power, depth, steps, monomial);
            }
            (Operation::Combine(Combine::Divide, a, b), Some(depth)) => {
                self.collect_factors(a, power, depth, steps, monomial);
                self.collect_factors(b, -power, depth, steps, monomial);
            }
            _ => *monomial.1.entry(node).or_default() += power,
        }
    }

    /// A product without one of its factors.
    fn without(&mut self, product: Node, factor: Node) -> Node {
        if product == factor {
            return self.constant(1.0);
        }
        match self.operation(product) {
            Operation::Apply(Function::Negate, a) => {
                let rest = self.without(a, factor);
                self.negate(rest)
            }
            Operation::Combine(op @ (Combine::Multiply | Combine::Divide), a, b) => {
                let rest = self.without(a, factor);
                if rest != a {
                    return self.combine(op, rest, b);
                }
                let rest = self.without(b, factor);
                if rest == b { product } else { self.combine(op, a, rest) }
            }
            _ => product,
        }
    }
}

impl Tail {
    /// Whether one is the density and the other the distribution function at ± the same place, one above and one below.
    fn meets(&self, other: &Tail) -> bool {
        let ((a, factors), (b, others)) = (&self.argument, &other.argument);
        self.density != other.density
            && self.power * self.sign == -other.power * other.sign
            && factors == others
            && (a.abs() - b.abs()).abs() <= ROUND_OFF * a.abs()
    }
}
