//! The choice of rules for averages, and how well they are known.
//!
//! What is smooth and wide is averaged with a rule of the ladder, where neighbouring rules measure each other. A rule of
//! the ladder may be chosen only where its spacing resolves every place found from the expressions, so that two rules
//! cannot agree because both miss it; what bends more sharply, has kinks, or its mass far out, is integrated over panels
//! (`panels`).

mod panels;

use rustc_hash::FxHashMap;

use nalgebra::DVector;

use super::equations::{CERTIFICATE, Equations, VALUES, on_boundary};
use crate::average::{LOWEST_RUNG, PANELS, rule_over, rungs};
use crate::language::{Choice, Measured, Node, Pattern, Places, Points, Scales, meets_several};
use panels::{Last, judge};

pub(super) use panels::Panelled;

/// A rule of the ladder resolves a width if its spacing is at most this many widths: the difference of two rules is then
/// not small where they have not converged.
const SPACING_IN_WIDTHS: f64 = 1.0;
/// What is narrower than this is for panels, which need fewer nodes.
const NARROW: f64 = 0.05;
/// Places further out do not matter to rules of the ladder, which end there.
const END_OF_LADDER: f64 = 10.0;
/// The mass of an exponent, but for its last digit, must lie within this: where the shortest trapezoid rule ends.
const MASS_WITHIN: f64 = 9.0;
/// An average of which less than this share counts is judged by its share.
const MUCH_LARGER: f64 = 0.03;
/// An average whose error grows so much on its way to an output is to be known with its rounding.
const AMPLIFIED: f64 = 1e8;
/// The error of averages over many variables whose places no rule can follow.
const UNRESOLVED: f64 = 0.1;

/// How far values may be from the exact ones at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Accuracy {
    /// Of each equation.
    pub residual: Vec<f64>,
    /// Of the energy, or of what selects among solutions; NaN if there is none.
    pub energy: f64,
}

/// The average that is known least.
#[derive(Debug, Clone, PartialEq)]
pub struct WorstAverage {
    /// The output, equation or definition that it belongs to, as written.
    pub text: String,
    /// The variable.
    pub variable: String,
    /// Where its integrand is worst.
    pub place: f64,
    /// Its error.
    pub error: f64,
    /// Whether the integrand is not a number, or infinite, there.
    pub undefined: bool,
}

/// The spacing of a rule of the ladder, where it is closest to the middle.
fn spacing(dimensions: u32, rung: usize) -> f64 {
    let rule = rule_over(dimensions, rung);
    let middle = rule.nodes.len() / 2;
    rule.nodes[middle] - rule.nodes[middle - 1]
}

/// A sum of errors in which NaN is no small one.
fn no_small_nan(error: f64) -> f64 {
    if error.is_nan() { f64::INFINITY } else { error }
}

impl Equations<'_> {
    /// Forgets where panels were halved at other points: what follows depends on what is asked alone.
    pub fn forget_rules(&mut self) {
        self.pattern = Pattern::default();
    }

    /// The rule with which to search where `rung` meets the tolerance.
    pub fn search_rung(&self, rung: usize) -> usize {
        if rung >= PANELS { PANELS - 1 } else { rung.saturating_sub(2) }
    }

    fn all_symbols(&self, x: &DVector<f64>) -> Vec<f64> {
        self.symbols.iter().chain(x.iter()).copied().collect()
    }

    /// The averages of the certificate with a rule of the ladder, always in the same order.
    fn on_ladder(&mut self, x: &DVector<f64>, rung: usize) -> Vec<(Node, f64)> {
        let program = if on_boundary(x) { &mut self.boundary } else { &mut self.certificate };
        program.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut self.effort);
        program.averages(rung).collect()
    }

    /// What the averages of the certificate ask of rules, and by what their errors are multiplied.
    fn inspect(&mut self, x: &DVector<f64>, given: &[(Node, f64)]) -> (Vec<Places>, Scales) {
        // On the boundary only the outputs are evaluated, and most of their integrands are constant.
        if on_boundary(x) {
            return Default::default();
        }
        let symbols = self.all_symbols(x);
        let panelled = &mut self.panelled[CERTIFICATE];
        panelled.last = None;
        let frame = panelled.frame.get_or_insert_with(|| Box::new(panelled.levels.frame()));
        let (places, scales) =
            panelled.levels.inspect(frame, &symbols, &given.iter().copied().collect(), &self.changes);
        self.amplified = scales.amplified;
        (places, scales)
    }

    /// The error of averages on the ladder: their largest difference from the next lower rule.
    fn ladder_error(&mut self, x: &DVector<f64>, rung: usize, scales: &Scales) -> f64 {
        let lower = self.on_ladder(x, rung - 1);
        let higher = self.on_ladder(x, rung);
        let error = |((node, value), (_, lower)): (&(Node, f64), &(Node, f64))| {
            // Two rules that agree to the last digit are no nearer than that to the average.
            let difference = no_small_nan((value - lower).abs()).max(0.5 * f64::EPSILON * value.abs());
            // On the boundary a scale may be undefined: there the error counts as it is.
            match Some(scales.of(*node)).filter(|s| !s.is_nan()).unwrap_or(1.0) {
                scale if scale < MUCH_LARGER => difference * scale,
                // The difference is the error ε of the lower rule; the rule itself has at least 4/3 as many nodes, and so
                // an error of ε^(4/3): that is what is relative, where it is more than the difference.
                scale => difference * (scale * libm::cbrt(difference)).max(1.0),
            }
        };
        higher.iter().zip(&lower).map(error).map(no_small_nan).fold(0.0, f64::max)
    }

    /// The largest error of any average of the outputs, the energy and the residual: the difference of two rules that share
    /// no node, with rounding over panels; relative where the average is divided by, raised to a power or logged.
    pub fn quadrature_error(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> f64 {
        self.set_control(control);
        self.note_changes(control, x, rung);
        if self.points(rung).is_some() {
            let (measured, scales) = self.measure(x);
            return judge(measured, scales);
        }
        let rung = rung.max(LOWEST_RUNG);
        let given = self.on_ladder(x, rung);
        let (_, scales) = self.inspect(x, &given);
        self.ladder_error(x, rung, &scales)
    }

    /// Remembers how much each equation changes over the scale of the unknowns: in powers of two, so that it does not depend
    /// on the last digits of a point.
    fn note_changes(&mut self, control: f64, x: &DVector<f64>, rung: usize) {
        self.changes.clear();
        // Right sides of what moves are no equations that an unknown is found from.
        if on_boundary(x) || !self.system.has_averages() || self.system.kind.moves() {
            return;
        }
        let scale = self.scale.clone();
        let jacobian = &self.evaluate(control, x, rung).jacobian;
        let change = |i: usize| -> f64 { (0..x.len()).map(|j| (jacobian[(i, j)] * scale[j]).abs()).sum() };
        let changes =
            (0..x.len()).map(change).map(|c| if c.is_finite() { c.log2().floor().exp2() } else { 1.0 });
        self.changes = changes.collect();
    }

    /// The lowest rule, from `from` on, whose error is within the tolerance, and its error; the highest rule if none is. A
    /// first choice (`cold`) must be confirmed by the next rule, because two coarse rules can agree by chance.
    pub fn adequate_rung(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        from: usize,
        tolerance: f64,
        cold: bool,
    ) -> (usize, f64) {
        self.set_control(control);
        if !self.system.has_averages() {
            return (from.clamp(LOWEST_RUNG, self.highest_rung.max(LOWEST_RUNG)), 0.0);
        }
        self.note_changes(control, x, from);
        if self.points(from).is_some() {
            return self.adequate_panels(x, tolerance);
        }
        let mut rung = from.clamp(LOWEST_RUNG, self.highest_rung.max(LOWEST_RUNG));
        let given = self.on_ladder(x, rung);
        let (places, mut scales) = self.inspect(x, &given);
        match lowest_on_ladder(&places, self.system.normals_at_once()).filter(|_| !self.in_tails(&scales)) {
            Some(lowest) if lowest <= self.highest_rung => rung = rung.max(lowest),
            _ if self.has_panels() => return self.adequate_panels(x, tolerance),
            // Nothing resolves them: their error is not that of two rules that miss the same.
            _ => {
                let error = self.ladder_error(x, self.highest_rung, &scales);
                return (self.highest_rung, error.max(UNRESOLVED));
            }
        }
        // Averages by too coarse a rule may say too little of how their errors count.
        let mut looked_at = rung;
        let mut error = self.ladder_error(x, rung, &scales);
        loop {
            if error <= tolerance && looked_at < rung && scales.relative.max(1e-3 * scales.amplified) > 1.0 {
                looked_at = rung;
                let given = self.on_ladder(x, rung);
                scales = self.inspect(x, &given).1;
                if self.in_tails(&scales) {
                    return self.adequate_panels(x, tolerance);
                }
                error = self.ladder_error(x, rung, &scales);
                continue;
            }
            if error <= tolerance {
                if !cold || rung >= self.highest_rung {
                    return (rung, error);
                }
                let confirmed = self.ladder_error(x, rung + 1, &scales);
                if confirmed <= tolerance {
                    // The next rule tells the error of this one, where the two before agreed by chance.
                    let chance = confirmed > 4.0 * f64::EPSILON && 2.0 * confirmed > error;
                    if !chance {
                        return (rung, error);
                    }
                    if 2.0 * confirmed <= tolerance {
                        return (rung, 2.0 * confirmed);
                    }
                }
                (rung, error) = (rung + 1, confirmed);
                continue;
            }
            if rung >= self.highest_rung && !self.has_panels() {
                return (rung, error);
            }
            if rung >= self.highest_rung {
                let (panels, over_panels) = self.adequate_panels(x, tolerance);
                return if over_panels < error { (panels, over_panels) } else { (rung, error) };
            }
            rung += 1;
            error = self.ladder_error(x, rung, &scales);
        }
    }

    /// Whether averages may have their mass where the ladder ends, and panels can tell.
    fn in_tails(&self, scales: &Scales) -> bool {
        self.has_panels() && (scales.small || scales.amplified > AMPLIFIED)
    }

    /// Bounds of the errors of the equations and of the energy at a point: the rounding of every operation, the
    /// unknowns known to half a unit in the last place, and the errors of the averages.
    pub fn accuracy(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> Accuracy {
        self.set_control(control);
        let asked = (rung, Last::at(self, x, Points::High));
        if let Some((_, known)) = self.panelled[VALUES].accuracy.as_ref().filter(|(at, _)| *at == asked) {
            return known.clone();
        }
        let accuracy = self.accuracy_of_terms(x, rung);
        self.panelled[VALUES].accuracy = Some((asked, accuracy.clone()));
        accuracy
    }

    fn accuracy_of_terms(&mut self, x: &DVector<f64>, rung: usize) -> Accuracy {
        let panels = self.points(rung).is_some();
        let errors: FxHashMap<Node, f64> = if panels {
            self.measure(x).0.iter().map(|m| (m.node, m.total())).collect()
        } else {
            let rung = rung.max(LOWEST_RUNG);
            let lower = self.on_ladder(x, rung - 1);
            let both = self.on_ladder(x, rung).into_iter().zip(lower);
            both.map(|((node, value), (_, lower))| (node, no_small_nan((value - lower).abs()))).collect()
        };
        let symbols = self.all_symbols(x);
        let levels = &self.system.residual_levels;
        let by_slot: FxHashMap<usize, f64> = levels
            .outermost()
            .into_iter()
            .map(|(slot, node)| (slot, errors.get(&node).copied().unwrap_or(0.0)))
            .collect();
        let choice = match panels {
            true => Choice::Panels(&self.pattern, Points::High),
            false => Choice::Ladder(rule_over(self.system.normals_at_once(), rung)),
        };
        let error = |slot: usize| by_slot.get(&slot).copied().unwrap_or(0.0);
        let bounds = self.panelled[VALUES].bounds(&symbols, self.symbols.len(), choice, &error);
        let mut bounds = bounds.iter().map(|b| b.bound);
        let has_energy = self.system.equation_roots.energy.is_some();
        let energy = if has_energy { bounds.next().unwrap_or(f64::NAN) } else { f64::NAN };
        Accuracy { residual: bounds.collect(), energy }
    }

    /// Whether every implicit definition has one number at every node, as far as can be told.
    pub(super) fn implicit_numbers_are_alone(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> bool {
        if !self.system.has_implicit() {
            return true;
        }
        self.set_control(control);
        let symbols = self.all_symbols(x);
        let choice = match self.points(rung) {
            Some(points) => Choice::Panels(&self.pattern, points),
            None => Choice::Ladder(rule_over(self.system.normals_at_once(), rung.min(self.highest_rung))),
        };
        let (certificate, first_unknown) = (&mut self.panelled[CERTIFICATE], self.symbols.len());
        !meets_several(|| drop(certificate.bounds(&symbols, first_unknown, choice, &|_| 0.0)))
    }

    /// The average that is known least at a point, and where its integrand is worst.
    ///
    /// None where averages run over too many variables at once for panels.
    pub fn worst_average(&mut self, control: f64, x: &DVector<f64>, _rung: usize) -> Option<WorstAverage> {
        if !self.has_panels() {
            return None;
        }
        self.set_control(control);
        let (measured, scales) = self.measure(x);
        let size = |m: &Measured| no_small_nan(m.total() * scales.of(m.node));
        let worst = measured.iter().max_by(|a, b| {
            (a.broken_at.is_some(), size(a))
                .partial_cmp(&(b.broken_at.is_some(), size(b)))
                .unwrap_or(std::cmp::Ordering::Equal)
        })?;
        let panel = worst.panels.iter().max_by(|a, b| no_small_nan(a.2).total_cmp(&no_small_nan(b.2)));
        let place = worst.broken_at.or(panel.map(|p| 0.5 * (p.0 + p.1))).unwrap_or(0.0);
        let (node, variable, error, undefined) =
            (worst.node, worst.variable, size(worst), worst.broken_at.is_some());
        Some(WorstAverage {
            text: self.system.belongs_to(node),
            variable: self.system.normal_name(variable),
            place: crate::numeric::without_round_off((place * 1e4).round() / 1e4),
            error,
            undefined,
        })
    }
}

/// The lowest rule of the ladder that can be trusted to see everything; none if only panels can.
fn lowest_on_ladder(places: &[Places], dimensions: u32) -> Option<usize> {
    let mut narrowest = f64::INFINITY;
    for places in places {
        if places.unbounded || !places.cuts.is_empty() {
            return None;
        }
        if places.core.is_some_and(|(from, to)| from < -MASS_WITHIN || to > MASS_WITHIN) {
            return None;
        }
        let seen = places.sharp.iter().filter(|s| s.place.abs() < END_OF_LADDER);
        narrowest = seen.map(|s| s.width).fold(narrowest, f64::min);
    }
    if narrowest < NARROW {
        return None;
    }
    let mut rung = LOWEST_RUNG;
    while spacing(dimensions, rung - 1) > SPACING_IN_WIDTHS * narrowest {
        rung += 1;
        if rung > rungs() {
            return None;
        }
    }
    Some(rung)
}
