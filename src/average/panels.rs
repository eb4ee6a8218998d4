//! Composite Gauss–Legendre rules: an interval cut at given places and graded towards sharp ones.
//!
//! Two rules that share no node, of 20 and of 14 points on the same panels, measure each other; one of 10 points serves
//! searches.

use std::sync::OnceLock;

use super::legendre::gauss_legendre;

/// Points per panel of the rule whose value is used.
pub const HIGH: usize = 20;
/// Points per panel of the rule that measures its error.
pub const LOW: usize = 14;
/// Points per panel of the rule with which solutions are searched: good to about 1e-10 where the others are to round-off.
pub const FEW: usize = 10;
/// The most panels of one average.
pub const MOST_PANELS: usize = 4000;
/// The half-width of the interval where no exponential moves the mass: the density is 1e-37 there.
pub const HALF_WIDTH: f64 = 13.0;

/// The longest panel where the density is seen, and in the far tails: 14 points integrate φ over it to round-off.
const LONGEST: f64 = 1.6;
const LONGEST_IN_TAIL: f64 = 2.5;
const TAIL: f64 = 8.0;
/// Near a centre of width w, whose poles are at distance πw/2, a panel is at most this many widths long, …
const WIDTHS: f64 = 2.0;
/// … and further away this many times its distance.
const DISTANCES: f64 = 2.0;

/// A place where integrands change over a width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sharp {
    /// Where.
    pub place: f64,
    /// Over which width.
    pub width: f64,
}

/// A stretch in which panels are no longer than a length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refined {
    /// Its beginning.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// The longest panel.
    pub length: f64,
}

/// What panels are to respect.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The interval.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// Edges of panels.
    pub cuts: Vec<f64>,
    /// Places towards which panels are graded.
    pub sharp: Vec<Sharp>,
    /// Stretches found to need shorter panels.
    pub refined: Vec<Refined>,
    /// Shortens all panels.
    pub factor: f64,
}

impl Plan {
    /// The panels, from left to right; none where there would be too many.
    pub fn panels(&self) -> Option<Vec<(f64, f64)>> {
        let mut edges = vec![self.from, self.to];
        let inside = |z: &f64| *z > self.from && *z < self.to;
        edges.extend(self.cuts.iter().copied().filter(inside));
        let sharp: Vec<Sharp> = self.sharp.iter().copied().filter(|s| s.width < LONGEST).collect();
        edges.extend(sharp.iter().map(|s| s.place).filter(inside));
        if inside(&0.0) && edges.len() == 2 {
            edges.push(0.0);
        }
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        let mut panels = Vec::new();
        let mut stack: Vec<(f64, f64)> = edges.windows(2).rev().map(|e| (e[0], e[1])).collect();
        while let Some((a, b)) = stack.pop() {
            let (allowed, towards) = self.allowed(&sharp, a, b);
            let length = b - a;
            if length <= allowed || length <= 8.0 * f64::EPSILON * a.abs().max(b.abs()) {
                panels.push((a, b));
                if panels.len() > MOST_PANELS {
                    return None;
                }
                continue;
            }
            let middle = match towards {
                // Geometric steps towards the place that asks for them.
                Some(place) if place <= a => a + length / 3.0,
                Some(place) if place >= b => b - length / 3.0,
                _ => {
                    // Equal parts, not halves of halves.
                    let parts = (length / allowed).ceil().max(2.0);
                    a + length * (parts / 2.0).floor() / parts
                }
            };
            if middle <= a || middle >= b {
                panels.push((a, b));
                continue;
            }
            stack.push((middle, b));
            stack.push((a, middle));
        }
        Some(panels)
    }

    /// The longest panel allowed for [a, b], and the place that says so.
    fn allowed(&self, sharp: &[Sharp], a: f64, b: f64) -> (f64, Option<f64>) {
        let nearest_zero = if a > 0.0 {
            a
        } else if b < 0.0 {
            -b
        } else {
            0.0
        };
        let mut allowed = if nearest_zero >= TAIL { LONGEST_IN_TAIL } else { LONGEST };
        let mut towards = None;
        for s in sharp {
            let distance = (a - s.place).max(s.place - b).max(0.0);
            let own = (WIDTHS * s.width).max(DISTANCES * distance);
            if own < allowed {
                allowed = own;
                towards = Some(s.place);
            }
        }
        for r in &self.refined {
            if r.from < b && a < r.to && r.length < allowed {
                allowed = r.length;
                towards = None;
            }
        }
        (allowed * self.factor, towards)
    }
}

/// Nodes on [−1, 1] and weights of a rule of at most 20 points.
pub fn on_panel(points: usize) -> &'static (Vec<f64>, Vec<f64>) {
    static RULES: [OnceLock<(Vec<f64>, Vec<f64>)>; HIGH + 1] = [const { OnceLock::new() }; HIGH + 1];
    RULES[points].get_or_init(|| gauss_legendre(points))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integrate(plan: &Plan, points: usize, f: impl Fn(f64) -> f64) -> f64 {
        let (x, w) = on_panel(points);
        let panels = plan.panels().unwrap_or_default();
        panels
            .iter()
            .map(|(a, b)| {
                let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
                half * x.iter().zip(w).map(|(x, w)| w * f(middle + half * x)).sum::<f64>()
            })
            .sum()
    }

    #[test]
    fn rules_integrate_the_density_and_a_sharp_step() {
        let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        for width in [1.0, 1e-2, 1e-5, 1e-9] {
            let place = 0.3;
            let plan = Plan {
                from: -HALF_WIDTH,
                to: HALF_WIDTH,
                sharp: vec![Sharp { place, width }],
                factor: 1.0,
                ..Plan::default()
            };
            let count = plan.panels().unwrap().len();
            assert!(count < 80, "{count}");
            for (points, error) in [(HIGH, 2e-15), (LOW, 2e-15), (FEW, 1e-10)] {
                assert!((integrate(&plan, points, density) - 1.0).abs() < error);
                // ∫ sech²((z − c)/w)/(2w) dz over the interval: 1 but for its tails.
                let end = |z: f64| ((z - place) / width).tanh();
                let exact = 0.5 * (end(HALF_WIDTH) - end(-HALF_WIDTH));
                let peak = integrate(&plan, points, |z| 0.5 / width / ((z - place) / width).cosh().powi(2));
                let error = 10.0 * error + 1e-16 / width;
                assert!((peak - exact).abs() < error, "{width:e} {points} {:e}", peak - exact);
            }
        }
    }
}
