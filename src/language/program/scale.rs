//! How the error of an average is judged: by itself where the average only enters sums and products, by the relative
//! error of what it is divided by, raised to a power, or whose logarithm is taken, by what it makes of an output
//! (relative to the output where that is large), and relative to the terms of an equation that are small.

use rustc_hash::FxHashMap;

use super::levels::{Level, Levels, Slot, Step};
use crate::language::function::{Combine, Function, Join};
use crate::language::graph::Node;

/// The tolerance is that of averages: on their way to an output, and to the unknowns, errors may grow by this factor.
/// (Bounds of what rounding makes of them are far too large where they cancel, as they do in ratios.)
const AMPLIFIED: f64 = 1e9;

/// An average of bounded integrands that is smaller than this may have its mass where the rules of the ladder end: the
/// density is 1e-18 there.
const SMALL: f64 = 1e-7;

/// Weights of a slot: of its error as it stands, of its error as part of something relative, where factors count, and of
/// its error in an output or in a small equation.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    absolute: f64,
    relative: f64,
    output: f64,
}

/// By what the errors of averages are multiplied when they are judged.
#[derive(Debug, Clone, Default)]
pub struct Scales {
    by_average: FxHashMap<Node, f64>,
    /// The largest of those that come from relative errors.
    pub relative: f64,
    /// Whether an average that counts by its relative error is small.
    pub small: bool,
    /// The largest factor by which an error grows on its way to an output or in an equation.
    pub amplified: f64,
}

impl Scales {
    /// That of an average.
    pub fn of(&self, average: Node) -> f64 {
        self.by_average.get(&average).copied().unwrap_or(1.0)
    }
}

/// By what the error of every outermost average is multiplied; 0 for those that no root depends on. The first `outputs`
/// roots are outputs, the last are equations, with how much each changes over the scale of the unknowns; `sizes` are those of
/// the integrands of averages, of other slots their own.
pub(super) fn scales(levels: &Levels, changes: &[f64], sizes: &[f64], value: &dyn Fn(Slot) -> f64) -> Scales {
    let Levels { top, roots, outputs, averaged, .. } = levels;
    let mut weights = Weights { of: vec![Weight::default(); top.single.len()], value };
    for (i, root) in roots.iter().enumerate() {
        weights.of[*root].absolute = 1.0;
        if i < *outputs {
            weights.of[*root].output = 1.0 / value(*root).abs().max(1.0);
        }
    }
    // An equation whose terms are small, and which changes by little over the scale of the unknowns.
    let terms = if changes.is_empty() { Vec::new() } else { sizes_of_terms(top, sizes, value) };
    for (root, change) in roots.iter().rev().zip(changes.iter().rev()) {
        let size = change.max(terms[*root]);
        if 0.0 < size && size < 1.0 {
            weights.of[*root].output = weights.of[*root].output.max(1.0 / size);
        }
    }
    let mut scales = Scales::default();
    for step in top.steps.iter().rev() {
        match *step {
            Step::Apply(f, a, out) if averaged[a] => weights.pass_function(f, a, out),
            Step::Implicit { ref inputs, out, .. } if averaged[out] => {
                // By how much an input moves it is not asked here: it counts as it stands.
                let Weight { absolute, relative, .. } = weights.of[out];
                inputs.iter().for_each(|input| weights.raise(*input, absolute, relative));
            }
            Step::Combine(op, a, b, out) if averaged[out] => {
                weights.pass_operation(op, a, b, out, averaged[b])
            }
            Step::Join(op, all, out) if averaged[out] => weights.pass_join(op, all, out),
            Step::Group(g) => {
                // Also what stands in the integrands of averages further out matters as it stands.
                for average in &top.groups[g].averages {
                    let Weight { absolute, relative, output } = weights.of[average.out];
                    let counted = output / AMPLIFIED;
                    scales.by_average.insert(average.node, absolute.max(relative).max(counted));
                    scales.relative = scales.relative.max(relative);
                    scales.small |= value(average.out).abs() < SMALL && relative > 1.0 / SMALL;
                    scales.amplified = scales.amplified.max(output);
                    for (outer, _) in &top.groups[g].level.imports {
                        weights.raise(*outer, absolute.min(1.0), relative);
                    }
                }
            }
            _ => {}
        }
    }
    scales
}

/// Whether a slot is made of averages.
pub(super) fn averaged(top: &Level) -> Vec<bool> {
    let mut averaged = vec![false; top.single.len()];
    for step in &top.steps {
        match *step {
            Step::Apply(_, a, out) => averaged[out] = averaged[a],
            Step::Combine(_, a, b, out) => averaged[out] = averaged[a] || averaged[b],
            Step::Join(_, all, out) => averaged[out] = all.iter().any(|a| averaged[*a]),
            Step::Implicit { ref inputs, out, .. } => {
                averaged[out] = inputs.iter().any(|input| averaged[*input])
            }
            Step::Group(g) => top.groups[g].averages.iter().for_each(|a| averaged[a.out] = true),
            _ => {}
        }
    }
    averaged
}

/// The weights of all slots, which go from what is made to what it is made of.
struct Weights<'a> {
    of: Vec<Weight>,
    value: &'a dyn Fn(Slot) -> f64,
}

impl Weights<'_> {
    fn raise(&mut self, slot: Slot, absolute: f64, relative: f64) {
        let weight = &mut self.of[slot];
        weight.absolute = weight.absolute.max(absolute);
        weight.relative = weight.relative.max(if relative.is_nan() { f64::INFINITY } else { relative });
    }

    fn raise_output(&mut self, slot: Slot, output: f64, slope: f64) {
        // An output that is no number says so by itself.
        if output > 0.0 && !slope.is_nan() {
            self.of[slot].output = self.of[slot].output.max(output * slope.abs());
        }
    }

    /// From f(a) to a.
    fn pass_function(&mut self, f: Function, a: Slot, out: Slot) {
        let Weight { absolute, relative, output } = self.of[out];
        let (x, y) = ((self.value)(a), (self.value)(out));
        let step = 1e-6 * (1.0 + x.abs());
        let slope = match f {
            Function::Log => 1.0 / x,
            Function::Sqrt => 0.5 / y,
            f => (f.apply(x + step) - f.apply(x - step)) / (2.0 * step),
        };
        self.raise_output(a, output, slope);
        let over = |w: f64, by: f64| if w == 0.0 { 0.0 } else { w / by.abs() };
        match f {
            Function::Log => self.raise(a, 0.0, over(absolute.max(relative), x)),
            Function::Sqrt => {
                let own = over(0.5 * absolute, x);
                self.raise(a, 0.0, own.max(over(0.5 * relative, y)));
            }
            Function::Negate => self.raise(a, absolute, relative),
            _ => {
                let relative = if relative == 0.0 { 0.0 } else { relative * slope.abs() };
                self.raise(a, absolute, relative);
            }
        }
    }

    /// From a ∘ b to a and b.
    fn pass_operation(&mut self, op: Combine, a: Slot, b: Slot, out: Slot, b_is_averaged: bool) {
        let Weight { absolute, relative, output } = self.of[out];
        let (x, y, z) = ((self.value)(a), (self.value)(b), (self.value)(out));
        let [by_a, by_b] = match op {
            Combine::Multiply => [y, x],
            Combine::Divide => [1.0 / y, z / y],
            Combine::Power => [y * z / x, z * libm::log(x.abs())],
            _ => [1.0, 1.0],
        };
        self.raise_output(a, output, by_a);
        self.raise_output(b, output, by_b);
        let times = |w: f64, by: f64| if w == 0.0 { 0.0 } else { w * by.abs() };
        match op {
            Combine::Multiply => {
                self.raise(a, absolute, times(relative, y));
                self.raise(b, absolute, times(relative, x));
            }
            Combine::Divide if b_is_averaged => {
                // The error of the quotient, relative where it is large; of the divisor, its relative error.
                let own = times(absolute, 1.0 / (y * z.abs().max(1.0)));
                self.raise(a, 0.0, own.max(times(relative, 1.0 / y)));
                self.raise(b, 0.0, times(absolute, 1.0 / y).max(times(relative, z / y)));
            }
            Combine::Divide => self.raise(a, absolute, times(relative, 1.0 / y)),
            Combine::Power => {
                let own = times(absolute, y / x).max(times(relative, y * z / x));
                self.raise(a, 0.0, own);
                self.raise(b, absolute, times(relative, z * libm::log(x.abs())));
            }
            _ => {
                self.raise(a, absolute, relative);
                self.raise(b, absolute, relative);
            }
        }
    }

    /// From an operation on three to each of them.
    fn pass_join(&mut self, op: Join, all: [Slot; 3], out: Slot) {
        let Weight { absolute, relative, output } = self.of[out];
        let values = all.map(|a| (self.value)(a));
        for (i, a) in all.into_iter().enumerate() {
            let step = 1e-6 * (1.0 + values[i].abs());
            let at = |x: f64| {
                let mut moved = values;
                moved[i] = x;
                op.apply(moved)
            };
            let slope = (at(values[i] + step) - at(values[i] - step)) / (2.0 * step);
            self.raise_output(a, output, slope);
            let relative = if relative == 0.0 { 0.0 } else { relative * slope.abs() };
            self.raise(a, absolute, relative);
        }
    }
}

/// The size of the terms that each slot is made of, down to the integrands of averages.
fn sizes_of_terms(top: &Level, sizes: &[f64], value: &dyn Fn(Slot) -> f64) -> Vec<f64> {
    let mut terms = sizes.to_vec();
    for step in &top.steps {
        match *step {
            Step::Apply(Function::Negate, a, out) => terms[out] = terms[a],
            Step::Combine(Combine::Add | Combine::Subtract, a, b, out) => terms[out] = terms[a] + terms[b],
            Step::Combine(Combine::Multiply, a, b, out) => terms[out] = sizes[out].max(terms[a] * terms[b]),
            Step::Combine(Combine::Divide, a, b, out) => {
                terms[out] = sizes[out].max(terms[a] / value(b).abs());
            }
            _ => {}
        }
    }
    terms
}
