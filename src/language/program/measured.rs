//! An average with its error: two rules on every panel, and what rounding adds.

use super::bound::Number;
use super::levels::Average;
use super::tilt::{Tilts, underflows};
use crate::average::{HIGH, LOW};
use crate::language::graph::Node;

/// Rounding of a sum over nodes, relative to the sum of the magnitudes.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// An outermost average, as measured with both rules.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The variable.
    pub variable: u8,
    /// Its node in the graph.
    pub node: Node,
    /// Its value.
    pub value: f64,
    /// Σ of the differences of both rules over the panels.
    pub error: f64,
    /// The part of it that lies at both ends of the interval.
    pub tails: f64,
    /// Σ of the magnitudes of the contributions of all nodes.
    pub size: f64,
    /// The rounding of its sum.
    pub rounding: f64,
    /// (from, to, difference, rounding) of each panel.
    pub panels: Vec<(f64, f64, f64, f64)>,
    /// Where the integrand is not a number or infinite.
    pub broken_at: Option<f64>,
}

impl Measured {
    /// Both rules over the panels of the nodes.
    pub(super) fn new<N: Number>(variable: u8, average: &Average, tilts: &mut Tilts<N>) -> Measured {
        let nodes = tilts.nodes;
        let mut panels: Vec<(f64, f64, f64, f64)> =
            nodes.panels.iter().map(|(a, b)| (*a, *b, 0.0, 0.0)).collect();
        let (mut value, mut total, mut rounding, mut broken_at) = (0.0, 0.0, 0.0, None);
        let mut differences = vec![0.0; panels.len()];
        let mut tails = 0.0;
        for term in &average.smooth {
            let (scale, contributions, growth) = tilts.contributions(term.exponent, term.rest);
            // What vanishes at every node, but would not in a longer format, is not zero.
            if underflows(tilts.frame, term.rest, scale, &contributions) {
                rounding += f64::MIN_POSITIVE;
            }
            for (p, panel) in contributions.chunks_exact(HIGH + LOW).enumerate() {
                let high: f64 = panel[..HIGH].iter().sum();
                let low: f64 = panel[HIGH..].iter().sum();
                let size: f64 = panel[..HIGH].iter().map(|x| x.abs()).sum();
                // Nodes are rounded too: that moves what changes over a small width.
                let far = panels[p].0.abs().max(panels[p].1.abs());
                let first = p * (HIGH + LOW);
                let density = |i: usize| panel[i] / nodes.plain[first + i];
                let variation: f64 = (1..HIGH).map(|i| (density(i) - density(i - 1)).abs()).sum();
                // 2/√(2π)
                let moved = 0.797_884_560_802_865_4 * f64::EPSILON * far * variation;
                if p == 0 || p + 1 == nodes.panels.len() {
                    tails += size * scale;
                }
                value += high * scale;
                total += size * scale;
                differences[p] += (high - low) * scale;
                let own = ((ROUNDING + growth) * size + moved) * scale;
                panels[p].3 += own;
                rounding += own;
                if broken_at.is_none()
                    && let Some(i) = panel.iter().position(|x| !x.is_finite())
                {
                    broken_at = Some(nodes.z[p * (HIGH + LOW) + i]);
                }
            }
        }
        // What lies beyond is not more than what lies in the last panels, unless the average does not exist.
        let mut error = tails;
        for (panel, difference) in panels.iter_mut().zip(differences) {
            panel.2 = difference.abs();
            error += difference.abs();
        }
        Measured {
            variable,
            node: average.node,
            value,
            error,
            tails,
            size: total,
            rounding,
            panels,
            broken_at,
        }
    }

    /// One that has no value.
    pub(super) fn failed(variable: u8, average: &Average) -> Measured {
        Measured {
            variable,
            node: average.node,
            value: f64::NAN,
            error: f64::INFINITY,
            tails: 0.0,
            size: 0.0,
            rounding: 0.0,
            panels: Vec::new(),
            broken_at: None,
        }
    }

    /// Its error with its rounding; NaN is no small error.
    pub fn total(&self) -> f64 {
        let total = self.error + self.rounding;
        if total.is_nan() || !self.value.is_finite() { f64::INFINITY } else { total }
    }
}
