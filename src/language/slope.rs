//! The slopes of the functions of one argument, as graphs of others, with their digits everywhere.

use super::function::{ERF_SLOPE, Function};
use super::graph::{Graph, Node};

/// f′(a), where `value` is f(a).
pub(super) fn slope(graph: &mut Graph, f: Function, a: Node, value: Node) -> Node {
    match f {
        Function::Negate => graph.constant(-1.0),
        // Outside averages a step is constant but for its jump.
        Function::Not | Function::Sign | Function::Step if graph.axes(a).is_none() => graph.constant(0.0),
        Function::DeltaSlope => graph.constant(0.0),
        Function::Not => graph.constant(-1.0),
        Function::Step => graph.apply(Function::Delta, a),
        Function::Sign => {
            let delta = graph.apply(Function::Delta, a);
            times(graph, 2.0, delta)
        }
        Function::Delta => graph.apply(Function::DeltaSlope, a),
        Function::Exp => value,
        Function::Log => one_over(graph, a),
        Function::Sqrt => {
            let half = graph.constant(0.5);
            graph.divide(half, value)
        }
        Function::Abs => graph.apply(Function::Sign, a),
        Function::Tanh => graph.apply(Function::Sech2, a),
        Function::Sech2 => {
            let tanh = graph.apply(Function::Tanh, a);
            let product = graph.multiply(tanh, value);
            times(graph, -2.0, product)
        }
        Function::Atanh | Function::Asin | Function::Acos | Function::Atan | Function::Asinh => {
            of_inverse(graph, f, a)
        }
        Function::Sinh => graph.apply(Function::Cosh, a),
        Function::Cosh => graph.apply(Function::Sinh, a),
        Function::Sin => graph.apply(Function::Cos, a),
        Function::Cos => {
            let sine = graph.apply(Function::Sin, a);
            graph.negate(sine)
        }
        Function::Log1p => {
            let one = graph.constant(1.0);
            let sum = graph.add(one, a);
            graph.divide(one, sum)
        }
        Function::Expm1 => graph.apply(Function::Exp, a),
        Function::Erf | Function::Erfc => of_error_function(graph, f, a),
        Function::NormalPdf => {
            let product = graph.multiply(a, value);
            graph.negate(product)
        }
        Function::Erfcx => of_scaled_error_function(graph, a, value),
        Function::NormalCdf => graph.apply(Function::NormalPdf, a),
        Function::LogNormalCdf => graph.apply(Function::InverseMills, a),
        Function::InverseMills | Function::MillsExcess => of_mills(graph, f, a, value),
        Function::Logistic => {
            // σ′(x) = σ(x) σ(−x), without cancellation
            let minus = graph.negate(a);
            let mirrored = graph.apply(Function::Logistic, minus);
            graph.multiply(value, mirrored)
        }
        Function::Softplus => graph.apply(Function::Logistic, a),
        Function::LogCosh => graph.apply(Function::Tanh, a),
        Function::NormalQuantile | Function::Logit | Function::BinaryEntropy => {
            of_probability(graph, f, a, value)
        }
        Function::LogGamma => graph.apply(Function::Polygamma(0), a),
        Function::Polygamma(n) => next(graph, n, Function::Polygamma, a),
        Function::BesselI(n) => of_bessel(graph, n, a),
        Function::BesselFall(k) => {
            let sign = graph.apply(Function::Sign, a);
            let fall = next(graph, k, Function::BesselFall, a);
            let product = graph.multiply(sign, fall);
            graph.negate(product)
        }
        Function::BesselI1e => {
            // For x > 0 it is the zeroth fall less the first.
            let [second, first] = [2, 1].map(|k| graph.apply(Function::BesselFall(k), a));
            graph.subtract(second, first)
        }
        Function::LogBesselI0 => graph.apply(Function::BesselCumulant(1), a),
        Function::BesselCumulant(n) => next(graph, n, Function::BesselCumulant, a),
    }
}

fn times(graph: &mut Graph, x: f64, node: Node) -> Node {
    let x = graph.constant(x);
    graph.multiply(x, node)
}

fn one_over(graph: &mut Graph, node: Node) -> Node {
    let one = graph.constant(1.0);
    graph.divide(one, node)
}

/// ±1/√((1 − x)(1 + x)), which keeps its digits near ±1, 1/√(1 + x²) and 1/(1 ± x²).
fn of_inverse(graph: &mut Graph, f: Function, a: Node) -> Node {
    let one = graph.constant(1.0);
    if matches!(f, Function::Asin | Function::Acos) {
        let below = graph.subtract(one, a);
        let above = graph.add(one, a);
        let product = graph.multiply(below, above);
        let root = graph.apply(Function::Sqrt, product);
        let sign = graph.constant(if f == Function::Asin { 1.0 } else { -1.0 });
        return graph.divide(sign, root);
    }
    let square = graph.multiply(a, a);
    let below = match f {
        Function::Atanh => graph.subtract(one, square),
        _ => graph.add(one, square),
    };
    let below = if f == Function::Asinh { graph.apply(Function::Sqrt, below) } else { below };
    graph.divide(one, below)
}

/// erf′(x) = (2/√π) e^(−x²) = 2√2 normal_pdf(√2 x)
fn of_error_function(graph: &mut Graph, f: Function, a: Node) -> Node {
    let argument = times(graph, std::f64::consts::SQRT_2, a);
    let density = graph.apply(Function::NormalPdf, argument);
    times(graph, if f == Function::Erf { ERF_SLOPE } else { -ERF_SLOPE }, density)
}

/// erfcx′(x) = 2x erfcx(x) − 2/√π, which cancels for large x; with r = φ/Φ, erfcx(x) = √(2/π)/r(−√2 x) and so
/// erfcx′(x) = −√2 erfcx(x) (r(u) + u) at u = −√2 x.
fn of_scaled_error_function(graph: &mut Graph, a: Node, value: Node) -> Node {
    let minus_root = -std::f64::consts::SQRT_2;
    let argument = times(graph, minus_root, a);
    let excess = graph.apply(Function::MillsExcess, argument);
    let product = graph.multiply(value, excess);
    times(graph, minus_root, product)
}

/// r′ = −r (x + r) for r = φ/Φ, and (x + r)′ = 1 + r′.
fn of_mills(graph: &mut Graph, f: Function, a: Node, value: Node) -> Node {
    if f == Function::InverseMills {
        let excess = graph.apply(Function::MillsExcess, a);
        let product = graph.multiply(value, excess);
        return graph.negate(product);
    }
    let mills = graph.apply(Function::InverseMills, a);
    let product = graph.multiply(mills, value);
    let one = graph.constant(1.0);
    graph.subtract(one, product)
}

/// 1/φ(q), 1/(p(1 − p)) and −logit p.
fn of_probability(graph: &mut Graph, f: Function, a: Node, value: Node) -> Node {
    match f {
        Function::NormalQuantile => {
            let density = graph.apply(Function::NormalPdf, value);
            one_over(graph, density)
        }
        Function::Logit => {
            let one = graph.constant(1.0);
            let rest = graph.subtract(one, a);
            let product = graph.multiply(a, rest);
            graph.divide(one, product)
        }
        _ => {
            let logit = graph.apply(Function::Logit, a);
            graph.negate(logit)
        }
    }
}

/// I₀′ = I₁ and Iₙ′ = (Iₙ₋₁ + Iₙ₊₁)/2
fn of_bessel(graph: &mut Graph, n: u8, a: Node) -> Node {
    let above = next(graph, n, Function::BesselI, a);
    if n == 0 {
        return above;
    }
    let below = graph.apply(Function::BesselI(n - 1), a);
    let sum = graph.add(below, above);
    times(graph, 0.5, sum)
}

/// The next function of a family whose order grows with each slope. (Nothing takes 255 of them.)
fn next(graph: &mut Graph, order: u8, of: impl Fn(u8) -> Function, a: Node) -> Node {
    match order.checked_add(1) {
        Some(order) => graph.apply(of(order), a),
        None => graph.constant(f64::NAN),
    }
}
