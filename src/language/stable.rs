//! Forms that lose their digits or become 0/0 far out, rewritten while the graph is built: log Φ, 1 − tanh, log(1 + e^u)
//! and their kin, so that they can be written as they are printed. `mills` has φ/Φ.
//!
//! A rule fires only where both sides are the same function of the real numbers, whatever the values of the symbols.

use std::f64::consts::{LN_2, PI, SQRT_2};

use super::function::{Combine, Function};
use super::graph::{Graph, Node, Operation};

/// How far down products are looked through.
const DEPTH: usize = 8;

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

    /// c · a
    pub(super) fn scaled(&mut self, factor: f64, node: Node) -> Node {
        let factor = self.constant(factor);
        self.multiply(factor, node)
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
