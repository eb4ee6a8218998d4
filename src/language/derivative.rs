//! Exact derivatives of graph nodes with respect to a symbol, as graph nodes.

use super::function::{Combine, ERF_SLOPE, Function, Join};
use super::graph::{Graph, Node, Operation};

/// ∂root/∂symbol for each root. One pass over the nodes, children first: no recursion.
pub fn differentiate(graph: &mut Graph, roots: &[Node], symbol: Node) -> Vec<Node> {
    let zero = graph.constant(0.0);
    let one = graph.constant(1.0);
    let nodes = graph.reachable(roots);
    let mut derivative = vec![zero; graph.len()];
    for node in nodes {
        let d = if node == symbol {
            one
        } else {
            match graph.operation(node) {
                Operation::Constant(_) | Operation::Symbol(_) | Operation::Normal(_) => zero,
                Operation::Apply(f, a) => {
                    let da = derivative[a.index()];
                    if da == zero {
                        zero
                    } else {
                        let slope = slope(graph, f, a, node);
                        graph.multiply(slope, da)
                    }
                }
                Operation::Combine(op, a, b) => {
                    let (da, db) = (derivative[a.index()], derivative[b.index()]);
                    if da == zero && db == zero { zero } else { combine(graph, op, (a, da), (b, db), node) }
                }
                Operation::Join(op, all) => {
                    let changes = all.map(|a| derivative[a.index()]);
                    if changes.iter().all(|d| *d == zero) { zero } else { join(graph, op, all, changes) }
                }
                // The weight depends on the variable alone.
                Operation::Average { variable, weight, body } => {
                    let db = derivative[body.index()];
                    let integrand = graph.multiply(weight, db);
                    graph.average(variable, integrand)
                }
            }
        };
        derivative[node.index()] = d;
    }
    roots.iter().map(|r| derivative[r.index()]).collect()
}

/// f′(a), where `value` is f(a).
fn slope(graph: &mut Graph, f: Function, a: Node, value: Node) -> Node {
    match f {
        Function::Negate => graph.constant(-1.0),
        // Outside averages a step is constant but for its jump.
        Function::Not | Function::Sign | Function::Step if graph.axes(a).is_none() => graph.constant(0.0),
        Function::DeltaSlope => graph.constant(0.0),
        Function::Not => graph.constant(-1.0),
        Function::Step => graph.apply(Function::Delta, a),
        Function::Sign => {
            let two = graph.constant(2.0);
            let delta = graph.apply(Function::Delta, a);
            graph.multiply(two, delta)
        }
        Function::Delta => graph.apply(Function::DeltaSlope, a),
        Function::Exp => value,
        Function::Log => {
            let one = graph.constant(1.0);
            graph.divide(one, a)
        }
        Function::Sqrt => {
            let half = graph.constant(0.5);
            graph.divide(half, value)
        }
        Function::Abs => graph.apply(Function::Sign, a),
        Function::Tanh => graph.apply(Function::Sech2, a),
        Function::Sech2 => {
            let tanh = graph.apply(Function::Tanh, a);
            let product = graph.multiply(tanh, value);
            let minus_two = graph.constant(-2.0);
            graph.multiply(minus_two, product)
        }
        Function::Atanh => {
            let one = graph.constant(1.0);
            let square = graph.multiply(a, a);
            let rest = graph.subtract(one, square);
            graph.divide(one, rest)
        }
        Function::Sinh => graph.apply(Function::Cosh, a),
        Function::Cosh => graph.apply(Function::Sinh, a),
        Function::Sin => graph.apply(Function::Cos, a),
        Function::Cos => {
            let sine = graph.apply(Function::Sin, a);
            graph.negate(sine)
        }
        Function::Asin | Function::Acos => {
            // ±1/√((1 − x)(1 + x)), which keeps its digits near ±1
            let one = graph.constant(1.0);
            let below = graph.subtract(one, a);
            let above = graph.add(one, a);
            let product = graph.multiply(below, above);
            let root = graph.apply(Function::Sqrt, product);
            let sign = graph.constant(if f == Function::Asin { 1.0 } else { -1.0 });
            graph.divide(sign, root)
        }
        Function::Log1p => {
            let one = graph.constant(1.0);
            let sum = graph.add(one, a);
            graph.divide(one, sum)
        }
        Function::Expm1 => graph.apply(Function::Exp, a),
        Function::Atan => {
            let one = graph.constant(1.0);
            let square = graph.multiply(a, a);
            let sum = graph.add(one, square);
            graph.divide(one, sum)
        }
        Function::Erf | Function::Erfc => {
            // erf′(x) = (2/√π) e^(−x²) = 2√2 normal_pdf(√2 x)
            let root = graph.constant(std::f64::consts::SQRT_2);
            let argument = graph.multiply(root, a);
            let density = graph.apply(Function::NormalPdf, argument);
            let scale = graph.constant(if f == Function::Erf { ERF_SLOPE } else { -ERF_SLOPE });
            graph.multiply(scale, density)
        }
        Function::NormalPdf => {
            let product = graph.multiply(a, value);
            graph.negate(product)
        }
        Function::Erfcx => {
            // erfcx′(x) = 2x erfcx(x) − 2/√π, which cancels for large x; with r = φ/Φ, erfcx(x) = √(2/π)/r(−√2 x) and so
            // erfcx′(x) = −√2 erfcx(x) (r(u) + u) at u = −√2 x
            let minus_root = graph.constant(-std::f64::consts::SQRT_2);
            let argument = graph.multiply(minus_root, a);
            let excess = graph.apply(Function::MillsExcess, argument);
            let product = graph.multiply(value, excess);
            graph.multiply(minus_root, product)
        }
        Function::NormalCdf => graph.apply(Function::NormalPdf, a),
        Function::LogNormalCdf => graph.apply(Function::InverseMills, a),
        Function::InverseMills => {
            // r′ = −r (x + r)
            let excess = graph.apply(Function::MillsExcess, a);
            let product = graph.multiply(value, excess);
            graph.negate(product)
        }
        Function::MillsExcess => {
            let mills = graph.apply(Function::InverseMills, a);
            let product = graph.multiply(mills, value);
            let one = graph.constant(1.0);
            graph.subtract(one, product)
        }
        Function::Logistic => {
            // σ′(x) = σ(x) σ(−x), without cancellation
            let minus = graph.negate(a);
            let mirrored = graph.apply(Function::Logistic, minus);
            graph.multiply(value, mirrored)
        }
        Function::Softplus => graph.apply(Function::Logistic, a),
        Function::LogCosh => graph.apply(Function::Tanh, a),
        Function::Asinh => {
            let one = graph.constant(1.0);
            let square = graph.multiply(a, a);
            let sum = graph.add(one, square);
            let root = graph.apply(Function::Sqrt, sum);
            graph.divide(one, root)
        }
        Function::NormalQuantile => {
            let one = graph.constant(1.0);
            let density = graph.apply(Function::NormalPdf, value);
            graph.divide(one, density)
        }
        Function::Logit => {
            let one = graph.constant(1.0);
            let rest = graph.subtract(one, a);
            let product = graph.multiply(a, rest);
            graph.divide(one, product)
        }
        Function::BinaryEntropy => {
            let logit = graph.apply(Function::Logit, a);
            graph.negate(logit)
        }
        Function::LogGamma => graph.apply(Function::Polygamma(0), a),
        Function::Polygamma(n) => next(graph, n, Function::Polygamma, a),
        Function::BesselI(0) => graph.apply(Function::BesselI(1), a),
        Function::BesselI(n) => {
            // Iₙ′ = (Iₙ₋₁ + Iₙ₊₁)/2
            let below = graph.apply(Function::BesselI(n - 1), a);
            let above = next(graph, n, Function::BesselI, a);
            let sum = graph.add(below, above);
            let half = graph.constant(0.5);
            graph.multiply(half, sum)
        }
        Function::BesselFall(k) => {
            let sign = graph.apply(Function::Sign, a);
            let fall = next(graph, k, Function::BesselFall, a);
            let product = graph.multiply(sign, fall);
            graph.negate(product)
        }
        Function::BesselI1e => {
            // For x > 0 it is the zeroth fall less the first.
            let second = graph.apply(Function::BesselFall(2), a);
            let first = graph.apply(Function::BesselFall(1), a);
            graph.subtract(second, first)
        }
        Function::LogBesselI0 => graph.apply(Function::BesselCumulant(1), a),
        Function::BesselCumulant(n) => next(graph, n, Function::BesselCumulant, a),
    }
}

fn join(graph: &mut Graph, op: Join, all: [Node; 3], changes: [Node; 3]) -> Node {
    match op {
        Join::BivariateNormalCdf => {
            // ∂/∂a = φ(a) Φ((b − ρa)/s), ∂/∂b likewise, and ∂/∂ρ is the density φ(a) φ((b − ρa)/s)/s, with s² = (1 − ρ)(1 + ρ)
            let [a, b, _] = all;
            let (spread, [from_a, from_b]) = conditional(graph, all);
            let [density_a, density_b] = [a, b].map(|x| graph.apply(Function::NormalPdf, x));
            let [below_b, below_a] = [from_a, from_b].map(|x| graph.apply(Function::NormalCdf, x));
            let density = graph.apply(Function::NormalPdf, from_a);
            let density = graph.divide(density, spread);
            let zero = graph.constant(0.0);
            [(density_a, below_b), (density_b, below_a), (density_a, density)].into_iter().zip(changes).fold(
                zero,
                |sum, ((x, y), change)| {
                    let slope = graph.multiply(x, y);
                    let part = graph.multiply(slope, change);
                    graph.add(sum, part)
                },
            )
        }
    }
}

/// √(1 − ρ²), and (b − ρa)/√(1 − ρ²) and (a − ρb)/√(1 − ρ²): each variable's distance from its mean where the other is known.
pub(super) fn conditional(graph: &mut Graph, [a, b, rho]: [Node; 3]) -> (Node, [Node; 2]) {
    let one = graph.constant(1.0);
    let (below, above) = (graph.subtract(one, rho), graph.add(one, rho));
    let product = graph.multiply(below, above);
    let spread = graph.apply(Function::Sqrt, product);
    let distances = [(b, a), (a, b)].map(|(x, known)| {
        let mean = graph.multiply(rho, known);
        let distance = graph.subtract(x, mean);
        graph.divide(distance, spread)
    });
    (spread, distances)
}

/// The next function of a family whose order grows with each slope. (Nothing takes 255 of them.)
fn next(graph: &mut Graph, order: u8, of: impl Fn(u8) -> Function, a: Node) -> Node {
    match order.checked_add(1) {
        Some(order) => graph.apply(of(order), a),
        None => graph.constant(f64::NAN),
    }
}

fn combine(
    graph: &mut Graph,
    op: Combine,
    (a, da): (Node, Node),
    (b, db): (Node, Node),
    value: Node,
) -> Node {
    match op {
        Combine::Add => graph.add(da, db),
        Combine::Subtract => graph.subtract(da, db),
        Combine::Multiply => {
            let left = graph.multiply(da, b);
            let right = graph.multiply(a, db);
            graph.add(left, right)
        }
        Combine::Divide => {
            // (a/b)′ = (a′ − (a/b) b′)/b
            let correction = graph.multiply(value, db);
            let numerator = graph.subtract(da, correction);
            graph.divide(numerator, b)
        }
        Combine::Power => {
            // a^b: b a^(b−1) a′ + a^b log(a) b′
            let one = graph.constant(1.0);
            let lower = graph.subtract(b, one);
            let power = graph.combine(Combine::Power, a, lower);
            let from_base = graph.multiply(b, power);
            let from_base = graph.multiply(from_base, da);
            let zero = graph.constant(0.0);
            if db == zero {
                return from_base;
            }
            let log = graph.apply(Function::Log, a);
            let from_exponent = graph.multiply(value, log);
            let from_exponent = graph.multiply(from_exponent, db);
            graph.add(from_base, from_exponent)
        }
        Combine::Min | Combine::Max => {
            // (1 ± sign(a − b))/2 chooses the branch; at a tie the mean of both.
            let difference = graph.subtract(a, b);
            let sign = graph.apply(Function::Sign, difference);
            let half = graph.constant(0.5);
            let signed = graph.constant(if op == Combine::Max { 0.5 } else { -0.5 });
            let shift = graph.multiply(signed, sign);
            let choose_a = graph.add(half, shift);
            let choose_b = graph.subtract(half, shift);
            let left = graph.multiply(choose_a, da);
            let right = graph.multiply(choose_b, db);
            graph.add(left, right)
        }
        Combine::LogAddExp => {
            // The weights of both, σ(a − b) and σ(b − a).
            let difference = graph.subtract(a, b);
            let weight_a = graph.apply(Function::Logistic, difference);
            let reverse = graph.subtract(b, a);
            let weight_b = graph.apply(Function::Logistic, reverse);
            let left = graph.multiply(weight_a, da);
            let right = graph.multiply(weight_b, db);
            graph.add(left, right)
        }
        // The condition is constant but for jumps; the slope of what does not hold may be infinite, and is left out too.
        Combine::If => {
            let inside = graph.combine(Combine::If, a, db);
            if graph.axes(a).is_none() {
                return inside;
            }
            let jump = graph.multiply(b, da);
            graph.add(inside, jump)
        }
        // Within an average, a condition is a step: [a < b]′ = δ(b − a) (b′ − a′).
        Combine::Less | Combine::LessEqual if !graph.axes(value).is_none() => {
            let difference = graph.subtract(b, a);
            let delta = graph.apply(Function::Delta, difference);
            let change = graph.subtract(db, da);
            graph.multiply(delta, change)
        }
        Combine::And | Combine::Or if !graph.axes(value).is_none() => {
            let (mut with_a, mut with_b) = (b, a);
            if op == Combine::Or {
                with_a = graph.apply(Function::Not, b);
                with_b = graph.apply(Function::Not, a);
            }
            let left = graph.multiply(da, with_a);
            let right = graph.multiply(with_b, db);
            graph.add(left, right)
        }
        Combine::Equal | Combine::Less | Combine::LessEqual | Combine::And | Combine::Or => {
            graph.constant(0.0)
        }
    }
}
