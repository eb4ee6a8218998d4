//! Exact derivatives of graph nodes with respect to a symbol, as graph nodes.

use super::function::{Combine, Function, Join};
use super::graph::{Graph, Node, Operation};
use super::slope::slope;

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
                Operation::Pin(_) => zero,
                Operation::Implicit(number) => {
                    let inputs = graph.implicit_of(number).inputs.clone();
                    let mut sum = zero;
                    if inputs.iter().any(|input| derivative[input.index()] != zero) {
                        for (slope, input) in graph.slopes_of_implicit(node, number).into_iter().zip(&inputs)
                        {
                            let part = graph.multiply(slope, derivative[input.index()]);
                            sum = graph.add(sum, part);
                        }
                    }
                    sum
                }
                // By its own variable: what is averaged no longer depends on it.
                Operation::Average { variable, .. }
                    if graph.operation(symbol) == Operation::Normal(variable) =>
                {
                    zero
                }
                // The weight depends on the variable alone.
                Operation::Average { variable, weight, body } => {
                    let db = derivative[body.index()];
                    let mut integrand = graph.multiply(weight, db);
                    for jump in graph.jumps_of_implicit(variable, body, symbol) {
                        let jump = graph.multiply(weight, jump);
                        integrand = graph.add(integrand, jump);
                    }
                    graph.average(variable, integrand)
                }
            }
        };
        derivative[node.index()] = d;
    }
    roots.iter().map(|r| derivative[r.index()]).collect()
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

/// (a ∘ b)′, where `value` is a ∘ b.
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
        Combine::Power => power(graph, (a, da), (b, db), value),
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

/// (a^b)′ = b a^(b−1) a′ + a^b log(a) b′
fn power(graph: &mut Graph, (a, da): (Node, Node), (b, db): (Node, Node), value: Node) -> Node {
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
