//! Forms that lose their digits or become 0/0 far out, rewritten while the graph is built: log Φ, φ/Φ, log(1 + e^u) and
//! their kin, so that they can be written as they are printed.
//!
//! A rule fires only where both sides are the same function of the real numbers, whatever the values of the symbols.

use std::collections::BTreeMap;
use std::f64::consts::{LN_2, PI, SQRT_2};

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
    /// log a without forming a, where a is positive by its form in at least one factor.
    pub(super) fn stable_log(&mut self, a: Node) -> Option<Node> {
        if let Some(log) = self.log_of_positive(a, DEPTH) {
            return Some(log);
        }
        // A positive factor leaves the logarithm whatever the sign of the others.
        let Operation::Combine(op @ (Combine::Multiply | Combine::Divide), x, y) = self.operation(a) else {
            return None;
        };
        let mut positive =
            |node| self.value_of(node).is_none() && self.log_of_positive(node, DEPTH).is_some();
        if !(positive(x) || positive(y)) {
            return None;
        }
        let (log_x, log_y) = (self.apply(Function::Log, x), self.apply(Function::Log, y));
        Some(if op == Combine::Multiply { self.add(log_x, log_y) } else { self.subtract(log_x, log_y) })
    }

    /// Whether a factor of a node, or a term of one, falls like the tail of the normal distribution.
    pub(super) fn has_tail(&self, node: Node, depth: usize) -> bool {
        match self.operation(node) {
            Operation::Apply(Function::NormalCdf | Function::Erfc | Function::NormalPdf, _) => true,
            Operation::Combine(op, a, b) if depth > 0 => {
                use Combine::{Add, Divide, Max, Min, Multiply, Power};
                let below = |node| self.has_tail(node, depth - 1);
                matches!(op, Add | Divide | Max | Min | Multiply) && (below(a) || below(b))
                    || op == Power && below(a)
            }
            _ => false,
        }
    }

    /// log a for what is positive by its form: exponentials, tails, and their sums, products and powers.
    pub(super) fn log_of_positive(&mut self, a: Node, depth: usize) -> Option<Node> {
        let depth = depth.checked_sub(1)?;
        match self.operation(a) {
            Operation::Constant(bits) => {
                let value = f64::from_bits(bits);
                (value > 0.0).then(|| self.constant(libm::log(value)))
            }
            Operation::Apply(Function::Exp, u) => Some(u),
            Operation::Apply(Function::Cosh, u) => Some(self.apply(Function::LogCosh, u)),
            Operation::Apply(Function::BesselI(0), u) => Some(self.apply(Function::LogBesselI0, u)),
            Operation::Apply(Function::NormalCdf, u) => Some(self.apply(Function::LogNormalCdf, u)),
            Operation::Apply(Function::Erfc, u) => {
                // erfc(u) = 2Φ(−√2 u)
                let u = self.scaled(-SQRT_2, u);
                let log = self.apply(Function::LogNormalCdf, u);
                let two = self.constant(LN_2);
                Some(self.add(two, log))
            }
            Operation::Apply(Function::NormalPdf, u) => {
                let square = self.multiply(u, u);
                let exponent = self.scaled(-0.5, square);
                let scale = self.constant(0.5 * libm::log(2.0 * PI));
                Some(self.subtract(exponent, scale))
            }
            Operation::Apply(Function::Logistic, u) => {
                let mirrored = self.negate(u);
                let log = self.apply(Function::Softplus, mirrored);
                Some(self.negate(log))
            }
            Operation::Combine(Combine::Power, base, exponent) => {
                let log = self.log_of_positive(base, depth)?;
                Some(self.multiply(exponent, log))
            }
            Operation::Combine(op, x, y) => {
                let op = match op {
                    Combine::Add => Combine::LogAddExp,
                    Combine::Multiply => Combine::Add,
                    Combine::Divide => Combine::Subtract,
                    Combine::Max | Combine::Min => op,
                    _ => return None,
                };
                let (x, y) = (self.log_of_positive(x, depth)?, self.log_of_positive(y, depth)?);
                Some(self.combine(op, x, y))
            }
            _ => None,
        }
    }

    /// 1 − f(u) and 1 + f(u) where they are functions of their own.
    pub(super) fn complement(&mut self, op: Combine, u: Node) -> Option<Node> {
        let (f, u) = match self.operation(u) {
            Operation::Apply(f, u) => (f, u),
            Operation::Combine(Combine::Multiply, a, b) if a == b && op == Combine::Subtract => {
                return self.complement_of_square(a);
            }
            _ => return None,
        };
        match (op, f) {
            (Combine::Subtract, Function::NormalCdf | Function::Logistic) => {
                let mirrored = self.negate(u);
                Some(self.apply(f, mirrored))
            }
            // 1 ∓ tanh u = 2/(1 + e^(±2u)), 1 ± sign u = 2 step(±u)
            (_, Function::Tanh | Function::Sign) => {
                let sign = if op == Combine::Subtract { -1.0 } else { 1.0 };
                let one_sided = match f {
                    Function::Tanh => {
                        let u = self.scaled(2.0 * sign, u);
                        self.apply(Function::Logistic, u)
                    }
                    _ => {
                        let u = self.scaled(sign, u);
                        self.apply(Function::Step, u)
                    }
                };
                Some(self.scaled(2.0, one_sided))
            }
            (Combine::Subtract, Function::Erf) => Some(self.apply(Function::Erfc, u)),
            (Combine::Add, Function::Erf) => {
                let mirrored = self.negate(u);
                Some(self.apply(Function::Erfc, mirrored))
            }
            _ => None,
        }
    }

    /// 1 − f², of which nothing is left where f saturates.
    fn complement_of_square(&mut self, f: Node) -> Option<Node> {
        match self.operation(f) {
            Operation::Apply(Function::Tanh, u) => Some(self.apply(Function::Sech2, u)),
            Operation::Apply(Function::Erf, u) => {
                let mirrored = self.negate(u);
                let (right, left) = (self.apply(Function::Erfc, u), self.apply(Function::Erfc, mirrored));
                Some(self.multiply(right, left))
            }
            Operation::Apply(Function::Negate, u) => self.complement_of_square(u),
            _ => None,
        }
    }

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

    fn scaled(&mut self, factor: f64, node: Node) -> Node {
        let factor = self.constant(factor);
        self.multiply(factor, node)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::interpret::Interpreter;

    struct Built {
        graph: Graph,
        x: Node,
        y: Node,
    }

    impl Built {
        fn new() -> Built {
            let mut graph = Graph::default();
            let (x, y) = (graph.symbol(0), graph.symbol(1));
            Built { graph, x, y }
        }
        fn f(&mut self, f: Function, u: Node) -> Node {
            self.graph.apply(f, u)
        }
        fn c(&mut self, value: f64) -> Node {
            self.graph.constant(value)
        }
        fn at(&self, node: Node, x: f64, y: f64) -> f64 {
            Interpreter::new(&self.graph, &[x, y], &|_| f64::NAN).values(&[node])[0]
        }
    }

    #[test]
    fn a_density_over_its_distribution_function_is_one_function_however_it_is_written() {
        let mut b = Built::new();
        let (x, two, root, half) = (b.x, b.c(2.0), b.c(SQRT_2), b.c(0.5));
        let (minus, square) = (b.graph.negate(x), b.graph.multiply(x, x));
        let mills = b.f(Function::InverseMills, minus);
        let (pdf, cdf) = (b.f(Function::NormalPdf, x), b.f(Function::NormalCdf, minus));
        assert_eq!(b.graph.divide(pdf, cdf), mills);
        // 1 − Φ(x) below, and a factor on either side.
        let (one, phi) = (b.c(1.0), b.f(Function::NormalCdf, x));
        let tail = b.graph.subtract(one, phi);
        assert_eq!(tail, cdf);
        let above = b.graph.multiply(b.y, pdf);
        let product = b.graph.multiply(b.y, mills);
        assert_eq!(b.graph.divide(above, tail), product);
        let below = b.graph.multiply(b.y, cdf);
        let quotient = b.graph.divide(pdf, below);
        assert!((b.at(quotient, 50.0, 2.0) / (50.019_984_031_905_665 / 2.0) - 1.0).abs() < 1e-15);
        // e^(−x²/2)/√(2π) over erfc(x/√2)/2.
        let exponent = b.graph.divide(square, two);
        let exponent = b.graph.negate(exponent);
        let (density, scale) = (b.f(Function::Exp, exponent), b.c(libm::sqrt(2.0 * PI)));
        let density = b.graph.divide(density, scale);
        let argument = b.graph.divide(x, root);
        let erfc = b.f(Function::Erfc, argument);
        let distribution = b.graph.multiply(half, erfc);
        let printed = b.graph.divide(density, distribution);
        // h(50) by mpmath.
        assert!((b.at(printed, 50.0, 0.0) / 50.019_984_031_905_665 - 1.0).abs() < 1e-15);
        // e^(x²) erfc(x): erfcx(30) by mpmath.
        let (grows, erfc) = (b.f(Function::Exp, square), b.f(Function::Erfc, x));
        let erfcx = b.graph.multiply(grows, erfc);
        assert!((b.at(erfcx, 30.0, 0.0) / 0.018_795_888_861_416_751 - 1.0).abs() < 1e-15);
    }

    #[test]
    fn complements_of_squares_keep_their_digits() {
        let mut b = Built::new();
        let (x, one) = (b.x, b.c(1.0));
        let minus = b.graph.negate(x);
        for (f, places) in [
            // 1/cosh² and erfc(x) erfc(−x): mpmath.
            (
                Function::Tanh,
                [
                    (1.0, 0.419_974_341_614_026_07),
                    (3.0, 0.009_866_037_165_440_191),
                    (20.0, 1.699_341_702_116_635_6e-17),
                ],
            ),
            (
                Function::Erf,
                [
                    (1.0, 0.289_855_373_561_921_8),
                    (3.0, 4.418_050_600_711_324e-5),
                    (20.0, 1.079_173_122_321_580_2e-175),
                ],
            ),
        ] {
            for argument in [x, minus] {
                let value = b.f(f, argument);
                let square = b.graph.multiply(value, value);
                let rest = b.graph.subtract(one, square);
                for (at, expected) in places {
                    assert!((b.at(rest, at, 0.0) / expected - 1.0).abs() < 1e-14, "{f:?} at {at}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_the_same_place_stays_as_it_is() {
        let mut b = Built::new();
        let (pdf, cdf) = (b.f(Function::NormalPdf, b.x), b.f(Function::NormalCdf, b.y));
        let quotient = b.graph.divide(pdf, cdf);
        assert_eq!(b.graph.operation(quotient), Operation::Combine(Combine::Divide, pdf, cdf));
        let product = b.graph.multiply(pdf, cdf);
        assert!(matches!(b.graph.operation(product), Operation::Combine(Combine::Multiply, ..)));
        // 2x is not x.
        let two = b.c(2.0);
        let twice = b.graph.multiply(two, b.x);
        let cdf = b.f(Function::NormalCdf, twice);
        let quotient = b.graph.divide(pdf, cdf);
        assert_eq!(b.graph.operation(quotient), Operation::Combine(Combine::Divide, pdf, cdf));
    }

    #[test]
    fn logarithms_of_what_is_positive_are_formed_without_it() {
        let mut b = Built::new();
        let (x, y, one) = (b.x, b.y, b.c(1.0));
        let cdf = b.f(Function::NormalCdf, x);
        let log = b.f(Function::Log, cdf);
        assert_eq!(log, b.f(Function::LogNormalCdf, x));
        let exp = b.f(Function::Exp, x);
        let sum = b.graph.add(one, exp);
        let log = b.f(Function::Log, sum);
        assert_eq!(log, b.f(Function::Softplus, x));
        let exp_y = b.f(Function::Exp, y);
        let sum = b.graph.add(exp, exp_y);
        let log = b.f(Function::Log, sum);
        assert_eq!(b.graph.operation(log), Operation::Combine(Combine::LogAddExp, x, y));
        let cosh = b.f(Function::Cosh, x);
        let log = b.f(Function::Log, cosh);
        assert_eq!(log, b.f(Function::LogCosh, x));
        // log(y Φ(x)) = log y + log Φ(x), also for negative y: none.
        let product = b.graph.multiply(y, cdf);
        let log = b.f(Function::Log, product);
        assert!((b.at(log, -40.0, 1.0) + 804.608_442_013_753_8).abs() < 2e-13);
        assert!(b.at(log, -40.0, -1.0).is_nan());
        // log(3 e^x/2) and log(erfc(x)/2) = log Φ(−√2 x).
        let (three, two) = (b.c(3.0), b.c(2.0));
        let scaled = b.graph.multiply(three, exp);
        let scaled = b.graph.divide(scaled, two);
        let log = b.f(Function::Log, scaled);
        assert!((b.at(log, 1000.0, 0.0) - 1_000.405_465_108_108_2).abs() < 2e-13);
        let erfc = b.f(Function::Erfc, x);
        let half = b.graph.divide(erfc, two);
        let log = b.f(Function::Log, half);
        assert!((b.at(log, 40.0 / SQRT_2, 0.0) / -804.608_442_013_753_8 - 1.0).abs() < 1e-15);
        // Cut off by hand: log max(Φ(x), 10⁻²⁰) (mpmath).
        let least = b.c(1e-20);
        let cut = b.graph.combine(Combine::Max, cdf, least);
        let log = b.f(Function::Log, cut);
        for (x, expected) in [(-8.0, -35.013_437_159_914_55), (-30.0, -46.051_701_859_880_914)] {
            assert!((b.at(log, x, 0.0) / expected - 1.0).abs() < 1e-15, "{x}");
        }
        // A number alone stays inside: log(2 y).
        let double = b.graph.multiply(two, y);
        let log = b.f(Function::Log, double);
        assert_eq!(b.graph.operation(log), Operation::Apply(Function::Log, double));
    }
}
