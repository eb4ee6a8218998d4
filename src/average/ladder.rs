//! The ladder of quadrature rules, from 16-point Gauss–Hermite to a trapezoid rule of 32768 nodes.

use std::sync::OnceLock;

use super::{gauss_hermite::gauss_hermite, trapezoid::trapezoid};

/// Which kind a rule is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// Gauss–Hermite.
    GaussHermite,
    /// Trapezoid rule.
    Trapezoid,
    /// Gauss–Legendre on panels that follow the integrand.
    Panels,
}

impl RuleKind {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            RuleKind::GaussHermite => "gauss-hermite",
            RuleKind::Trapezoid => "trapezoid",
            RuleKind::Panels => "panels",
        }
    }
}

/// A quadrature rule for E f(z), z ~ N(0, 1).
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its kind.
    pub kind: RuleKind,
    /// Nodes.
    pub nodes: Vec<f64>,
    /// Weights, which sum to 1.
    pub weights: Vec<f64>,
}

/// The rules in order: Gauss–Hermite while it is the better one for smooth integrands, then the trapezoid rule,
/// whose interval widens slowly so that comparing neighbours also sees what the tails hold.
const LADDER: [(RuleKind, usize, f64); 19] = [
    (RuleKind::GaussHermite, 16, 0.0),
    (RuleKind::GaussHermite, 32, 0.0),
    (RuleKind::GaussHermite, 64, 0.0),
    (RuleKind::GaussHermite, 96, 0.0),
    (RuleKind::Trapezoid, 96, 9.0),
    (RuleKind::Trapezoid, 128, 9.1),
    (RuleKind::Trapezoid, 192, 9.2),
    (RuleKind::Trapezoid, 256, 9.3),
    (RuleKind::Trapezoid, 384, 9.4),
    (RuleKind::Trapezoid, 512, 9.5),
    (RuleKind::Trapezoid, 768, 9.6),
    (RuleKind::Trapezoid, 1024, 9.7),
    (RuleKind::Trapezoid, 1536, 9.8),
    (RuleKind::Trapezoid, 2048, 9.9),
    (RuleKind::Trapezoid, 3072, 10.0),
    (RuleKind::Trapezoid, 4096, 10.1),
    (RuleKind::Trapezoid, 8192, 10.2),
    (RuleKind::Trapezoid, 16384, 10.3),
    (RuleKind::Trapezoid, 32768, 10.4),
];

/// The lowest rung that serves a solution; the one below it serves to measure its error.
pub const LOWEST_RUNG: usize = 1;

/// The rung above the ladder: panels that follow the integrand. The one below it is the lower rule on the same panels.
pub const PANELS: usize = LADDER.len() + 1;

/// How many rules the ladder has.
pub fn rungs() -> usize {
    LADDER.len()
}

/// The rule of a rung; rungs past the end are the last one.
pub fn rule(rung: usize) -> &'static Rule {
    static RULES: [OnceLock<Rule>; LADDER.len()] = [const { OnceLock::new() }; LADDER.len()];
    let rung = rung.min(LADDER.len() - 1);
    RULES[rung].get_or_init(|| {
        let (kind, n, half_width) = LADDER[rung];
        let (nodes, weights) = match kind {
            RuleKind::GaussHermite => gauss_hermite(n),
            RuleKind::Trapezoid | RuleKind::Panels => trapezoid(n, half_width),
        };
        Rule { kind, nodes, weights }
    })
}

/// The most normal variables of one average.
pub const MOST_DIMENSIONS: u32 = 6;

/// Nodes for each of four, five and six variables, of which only small products can be computed: Gauss–Hermite.
const MANY: [&[usize]; 3] = [&[16, 32, 44], &[8, 12, 16, 20], &[6, 8, 10, 12]];

/// The nodes of the rules for so many variables; none where they are those of the ladder.
fn many(dimensions: u32) -> Option<(usize, &'static [usize])> {
    let place = (dimensions as usize).checked_sub(4)?.min(MANY.len() - 1);
    Some((place, MANY[place]))
}

/// The rule of a rung for averages over some variables at once; rungs past the end are the last one.
pub fn rule_over(dimensions: u32, rung: usize) -> &'static Rule {
    static RULES: [[OnceLock<Rule>; 4]; MANY.len()] = [const { [const { OnceLock::new() }; 4] }; MANY.len()];
    let Some((place, sizes)) = many(dimensions) else { return rule(rung) };
    let rung = rung.min(sizes.len() - 1);
    RULES[place][rung].get_or_init(|| {
        let (nodes, weights) = gauss_hermite(sizes[rung]);
        Rule { kind: RuleKind::GaussHermite, nodes, weights }
    })
}

/// How many rules there are for averages over some variables at once, the product of which has at most so many nodes.
pub fn rungs_over(dimensions: u32, largest: f64) -> usize {
    let nodes = |rung: usize| many(dimensions).map_or(LADDER[rung].1, |(_, sizes)| sizes[rung]);
    let fits = |rung: &usize| (nodes(*rung) as f64).powi(dimensions as i32) <= largest;
    let own = many(dimensions).map_or(rungs(), |(_, sizes)| sizes.len());
    (0..own).rev().find(fits).map_or(0, |rung| rung + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tanh_average(rule: &Rule, root_r: f64) -> f64 {
        let f = |z: f64| (0.7 * root_r + root_r * z).tanh();
        rule.nodes.iter().zip(&rule.weights).map(|(z, w)| w * f(*z)).sum()
    }

    #[test]
    fn a_fixed_gauss_hermite_rule_fails_where_the_trapezoid_rule_does_not() {
        // The trap of the theory: E tanh(0.7 √r + √r z) at √r = 4.
        let reference = tanh_average(rule(13), 4.0);
        assert!((tanh_average(rule(2), 4.0) - reference).abs() > 1e-4);
        assert!((tanh_average(rule(7), 4.0) - reference).abs() < 1e-12);
    }

    #[test]
    fn the_ladder_reaches_1e_12_up_to_root_r_32() {
        for root_r in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0] {
            let found = (0..rungs() - 1)
                .find(|j| (tanh_average(rule(*j), root_r) - tanh_average(rule(j + 1), root_r)).abs() < 1e-12);
            assert!(found.is_some(), "√r = {root_r}");
            // A quarter-spacing trapezoid sum written here is the independent value.
            let h = 2.5e-4;
            let exact: f64 = (-40_000..=40_000)
                .map(|i| {
                    let z = f64::from(i) * h;
                    h * (-0.5 * z * z).exp() * (0.7 * root_r + root_r * z).tanh()
                })
                .sum::<f64>()
                / (2.0 * std::f64::consts::PI).sqrt();
            let value = tanh_average(rule(found.unwrap_or(0)), root_r);
            assert!((value - exact).abs() < 2e-12, "√r = {root_r}: {value} {exact}");
        }
    }
}
