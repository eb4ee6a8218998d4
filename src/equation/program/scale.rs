//! How the error of an average is judged: by itself where the average only enters sums and products, and by the relative
//! error of what it is divided by, raised to a power, or whose logarithm is taken.

use std::collections::HashMap;

use super::levels::{Level, Slot, Step};
use crate::equation::function::{Combine, Function};
use crate::equation::graph::Node;

/// Weights of a slot: of its error as it stands, and of its error as part of something relative, where factors count.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    absolute: f64,
    relative: f64,
}

/// By what the error of every outermost average is multiplied; 0 for those that no root depends on.
pub(super) fn scales(top: &Level, roots: &[Slot], value: &dyn Fn(Slot) -> f64) -> HashMap<Node, f64> {
    let mut averaged = vec![false; top.single.len()];
    for step in &top.steps {
        match *step {
            Step::Apply(_, a, out) => averaged[out] = averaged[a],
            Step::Combine(_, a, b, out) => averaged[out] = averaged[a] || averaged[b],
            Step::Group(g) => top.groups[g].averages.iter().for_each(|a| averaged[a.out] = true),
            _ => {}
        }
    }
    let mut weights = vec![Weight::default(); top.single.len()];
    for root in roots {
        weights[*root].absolute = 1.0;
    }
    let mut scales = HashMap::new();
    let raise = |weights: &mut Vec<Weight>, slot: Slot, absolute: f64, relative: f64| {
        let weight = &mut weights[slot];
        weight.absolute = weight.absolute.max(absolute);
        weight.relative = weight.relative.max(if relative.is_nan() { f64::INFINITY } else { relative });
    };
    for step in top.steps.iter().rev() {
        match *step {
            Step::Apply(f, a, out) if averaged[a] => {
                let Weight { absolute, relative } = weights[out];
                let (x, y) = (value(a), value(out));
                let over = |w: f64, by: f64| if w == 0.0 { 0.0 } else { w / by.abs() };
                match f {
                    Function::Log => raise(&mut weights, a, 0.0, over(absolute.max(relative), x)),
                    Function::Sqrt => {
                        let own = over(0.5 * absolute, x);
                        raise(&mut weights, a, 0.0, own.max(over(0.5 * relative, y)));
                    }
                    Function::Negate => raise(&mut weights, a, absolute, relative),
                    f => {
                        let step = 1e-6 * (1.0 + x.abs());
                        let slope = (f.apply(x + step) - f.apply(x - step)) / (2.0 * step);
                        let relative = if relative == 0.0 { 0.0 } else { relative * slope.abs() };
                        raise(&mut weights, a, absolute, relative);
                    }
                }
            }
            Step::Combine(op, a, b, out) if averaged[out] => {
                let Weight { absolute, relative } = weights[out];
                let (x, y, z) = (value(a), value(b), value(out));
                let times = |w: f64, by: f64| if w == 0.0 { 0.0 } else { w * by.abs() };
                match op {
                    Combine::Multiply => {
                        raise(&mut weights, a, absolute, times(relative, y));
                        raise(&mut weights, b, absolute, times(relative, x));
                    }
                    Combine::Divide if averaged[b] => {
                        // The error of the quotient, relative where it is large; of the divisor, its relative error.
                        let own = times(absolute, 1.0 / (y * z.abs().max(1.0)));
                        raise(&mut weights, a, 0.0, own.max(times(relative, 1.0 / y)));
                        raise(&mut weights, b, 0.0, times(absolute, 1.0 / y).max(times(relative, z / y)));
                    }
                    Combine::Divide => raise(&mut weights, a, absolute, times(relative, 1.0 / y)),
                    Combine::Power => {
                        let own = times(absolute, y / x).max(times(relative, y * z / x));
                        raise(&mut weights, a, 0.0, own);
                        raise(&mut weights, b, absolute, times(relative, z * libm::log(x.abs())));
                    }
                    _ => {
                        raise(&mut weights, a, absolute, relative);
                        raise(&mut weights, b, absolute, relative);
                    }
                }
            }
            Step::Group(g) => {
                // Also what stands in the integrands of averages further out matters as it stands.
                for average in &top.groups[g].averages {
                    let Weight { absolute, relative } = weights[average.out];
                    scales.insert(average.node, absolute.max(relative));
                    for (outer, _) in &top.groups[g].level.imports {
                        raise(&mut weights, *outer, absolute.min(1.0), relative);
                    }
                }
            }
            _ => {}
        }
    }
    scales
}
