//! Sums over the nodes of a group, with exponentials joined with the density of the variable.

use super::bound::Number;
use super::choice::Points;
use super::frame::Frame;
use super::levels::Slot;
use crate::average::{FEW, HIGH, LOW, on_panel};
use crate::language::function::{Combine, Function};
use crate::numeric::exp_array;

/// Nodes of a group with their weights.
pub(super) struct Nodes {
    pub(super) z: Vec<f64>,
    /// With the density.
    pub(super) weights: Vec<f64>,
    /// Without it, over √(2π); empty for rules of the ladder.
    pub(super) plain: Vec<f64>,
    pub(super) panels: Vec<(f64, f64)>,
}

impl Nodes {
    /// Those of panels.
    pub(super) fn on(panels: Vec<(f64, f64)>, points: Points) -> Nodes {
        let rules: &[usize] = match points {
            Points::High => &[HIGH],
            Points::Low => &[LOW],
            Points::Few => &[FEW],
            Points::Both => &[HIGH, LOW],
        };
        let count = panels.len() * rules.iter().sum::<usize>();
        let [mut z, mut plain, mut exponents, mut weights] = [(); 4].map(|()| vec![0.0; count]);
        let mut from = 0;
        for (a, b) in &panels {
            let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
            for rule in rules {
                let (x, w) = on_panel(*rule);
                let own = from..from + rule;
                z[own.clone()].iter_mut().zip(x).for_each(|(z, x)| *z = middle + half * x);
                // 1/√(2π)
                let density = 0.398_942_280_401_432_7 * half;
                plain[own].iter_mut().zip(w).for_each(|(plain, w)| *plain = density * w);
                from += rule;
            }
        }
        exponents.iter_mut().zip(&z).for_each(|(exponent, z)| *exponent = -0.5 * z * z);
        exp_array(&exponents, &mut weights);
        weights.iter_mut().zip(&plain).for_each(|(weight, plain)| *weight *= plain);
        Nodes { z, weights, plain, panels }
    }
}

/// e^(g − z²/2 − M) at the nodes of a group (e^(g − M) where the weights hold the density), M the largest exponent.
struct Tilt<N> {
    exponent: Slot,
    top: f64,
    scaled: Vec<N>,
    /// The growth of rounding by the size of exponents.
    growth: f64,
}

/// Sums over the nodes of a group: averages with the same exponent, as all derivatives of one, share its exponentials.
pub(super) struct Tilts<'a, N> {
    pub(super) frame: &'a Frame<N>,
    pub(super) nodes: &'a Nodes,
    known: Vec<Tilt<N>>,
    products: Vec<N>,
}

impl<'a, N: Number> Tilts<'a, N> {
    pub(super) fn new(frame: &'a Frame<N>, nodes: &'a Nodes) -> Self {
        Tilts { frame, nodes, known: Vec::new(), products: Vec::new() }
    }

    /// The place of a tilt among the known ones.
    fn tilt(&mut self, exponent: Slot) -> usize {
        if let Some(known) = self.known.iter().position(|t| t.exponent == exponent) {
            return known;
        }
        let Tilts { frame, nodes, .. } = *self;
        let joined = nodes.z.iter().enumerate().map(|(j, z)| {
            let g = frame.at(exponent, j);
            if nodes.plain.is_empty() { g } else { N::combine(Combine::Subtract, g, N::exact(0.5 * z * z)) }
        });
        let joined: Vec<N> = joined.collect();
        let numbers = joined.iter().map(|e| e.value()).filter(|e| !e.is_nan());
        let top = numbers.fold(f64::NEG_INFINITY, f64::max);
        let top = if top.is_finite() { top } else { 0.0 };
        let (mut below, mut scaled) = (Vec::new(), Vec::new());
        N::combine_array(Combine::Subtract, &joined, &[N::exact(top)], &mut below);
        N::apply_array(Function::Exp, &below, &mut scaled);
        let mut size = 0.0f64;
        for (j, (z, e)) in nodes.z.iter().zip(&scaled).enumerate() {
            if e.value() > 1e-6 {
                size = size.max(0.5 * z * z).max(frame.at(exponent, j).value().abs());
            }
        }
        self.known.push(Tilt { exponent, top, scaled, growth: 2.0 * f64::EPSILON * (size + top.abs()) });
        self.known.len() - 1
    }

    /// E e^g f over all nodes.
    pub(super) fn sum(&mut self, exponent: Option<Slot>, rest: Slot) -> N {
        let Some(exponent) = exponent else {
            return N::sum(&self.nodes.weights, &self.frame.slots[rest]);
        };
        let place = self.tilt(exponent);
        let tilt = &self.known[place];
        self.products.clear();
        match self.frame.slots[rest].as_slice() {
            [x] => self.products.extend(tilt.scaled.iter().map(|e| product(*e, *x))),
            xs => self.products.extend(tilt.scaled.iter().zip(xs).map(|(e, x)| product(*e, *x))),
        }
        let weights = if self.nodes.plain.is_empty() { &self.nodes.weights } else { &self.nodes.plain };
        let scale = N::apply(Function::Exp, N::exact(tilt.top));
        N::combine(Combine::Multiply, N::sum(weights, &self.products), scale)
    }

    /// Over panels: the scale e^M, the contributions of the nodes over it, and the growth of rounding.
    pub(super) fn contributions(&mut self, exponent: Option<Slot>, rest: Slot) -> (f64, Vec<f64>, f64) {
        let place = exponent.map(|e| self.tilt(e));
        let at = |j: usize| self.frame.at(rest, j).value();
        let Some(place) = place else {
            let weighted = |(j, w): (usize, &f64)| product(*w, at(j));
            return (1.0, self.nodes.weights.iter().enumerate().map(weighted).collect(), 0.0);
        };
        let tilt = &self.known[place];
        let terms = self.nodes.plain.iter().zip(&tilt.scaled).enumerate();
        let values = terms.map(|(j, (w, e))| w * product(e.value(), at(j))).collect();
        (libm::exp(tilt.top), values, tilt.growth)
    }
}

/// Whether all contributions of the nodes vanish though what they weigh does not.
pub(super) fn underflows<N: Number>(frame: &Frame<N>, rest: Slot, scale: f64, contributions: &[f64]) -> bool {
    let vanishes = |x: &f64| scale * *x == 0.0;
    contributions.iter().all(vanishes) && (0..contributions.len()).any(|j| frame.at(rest, j).value() != 0.0)
}

/// Where the weight has vanished altogether, what it weighs does not matter, unless it is no number.
fn product<N: Number>(weight: N, x: N) -> N {
    if weight.value() == 0.0 && x.value().is_infinite() {
        N::exact(0.0)
    } else {
        N::combine(Combine::Multiply, weight, x)
    }
}
