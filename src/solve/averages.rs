//! The choice of rules for averages, and how well they are known.
//!
//! What is smooth and wide is averaged with a rule of the ladder, where neighbouring rules measure each other. A rule of
//! the ladder may be chosen only where its spacing resolves every place found from the expressions, so that two rules
//! cannot agree because both miss it; what bends more sharply, has kinks, or its mass far out, is integrated over panels.

use std::collections::HashMap;

use nalgebra::DVector;

use super::equations::{CERTIFICATE, Equations, on_boundary};
use crate::average::{LOWEST_RUNG, PANELS, Refined, RuleKind, rule};
use crate::equation::{Choice, Frame, Levels, Measured, Node, Pattern, Places, Points};

/// A rule of the ladder resolves a width if its spacing is at most this many widths: the difference of two rules is then
/// not small where they have not converged.
const SPACING_IN_WIDTHS: f64 = 3.0;
/// What is narrower than this is for panels, which need fewer nodes.
const NARROW: f64 = 0.012;
/// Places further out do not matter to rules of the ladder, which end there.
const END_OF_LADDER: f64 = 10.0;
/// The mass of an exponent must lie within this.
const MASS_WITHIN: f64 = 13.6;
/// Differences of rules up to this many times the rounding of a sum are rounding.
const ROUNDINGS: f64 = 8.0;
/// The most rounds in which panels are halved.
const MOST_ROUNDS: usize = 40;
/// The most often that panels of inner averages are halved.
const MOST_INNER: u32 = 3;
/// The most nodes of one average that refinement may lead to.
const MOST_NODES: usize = 40_000;

/// How far values may be from the exact ones at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Accuracy {
    /// Of each equation.
    pub residual: Vec<f64>,
    /// Of the energy, or of what selects among solutions; NaN if there is none.
    pub energy: f64,
    /// Of each output, unknowns first.
    pub outputs: Vec<f64>,
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

/// A set of expressions over panels, with the point at which it was evaluated last.
pub(super) struct Panelled<'s> {
    levels: &'s Levels,
    frame: Option<Box<Frame<f64>>>,
    values: Vec<f64>,
    nodes: usize,
    last: Option<Last>,
}

#[derive(PartialEq)]
struct Last {
    version: u64,
    x: Vec<f64>,
    points: Points,
    pattern: Pattern,
}

impl<'s> Panelled<'s> {
    pub(super) fn new(levels: &'s Levels) -> Self {
        Panelled { levels, frame: None, values: Vec::new(), nodes: 0, last: None }
    }

    pub(super) fn value(&self, root: usize) -> f64 {
        self.values.get(root).copied().unwrap_or(f64::NAN)
    }

    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }
}

/// The spacing of a rule of the ladder, where it is closest to the middle.
fn spacing(rung: usize) -> f64 {
    let rule = rule(rung);
    let middle = rule.nodes.len() / 2;
    rule.nodes[middle] - rule.nodes[middle - 1]
}

/// A sum of errors in which NaN is no small one.
fn no_small_nan(error: f64) -> f64 {
    if error.is_nan() { f64::INFINITY } else { error }
}

/// What a measurement of all averages came to.
struct Judged {
    error: f64,
    /// The largest part of the errors that is rounding.
    rounding: f64,
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

    pub(super) fn over_panels(&mut self, which: usize, points: Points, x: &DVector<f64>) {
        let symbols = self.all_symbols(x);
        let last =
            Last { version: self.version, x: x.as_slice().to_vec(), points, pattern: self.pattern.clone() };
        let panelled = &mut self.panelled[which];
        if panelled.last.as_ref() == Some(&last) {
            return;
        }
        let frame = panelled.frame.get_or_insert_with(|| Box::new(panelled.levels.frame()));
        let choice = Choice::Panels(&self.pattern, points);
        panelled.nodes = panelled.levels.evaluate(frame, &symbols, choice, &mut panelled.values);
        panelled.last = Some(last);
        self.effort.evaluations += 1;
    }

    fn all_symbols(&self, x: &DVector<f64>) -> Vec<f64> {
        self.symbols.iter().chain(x.iter()).copied().collect()
    }

    /// The averages of the certificate with a rule of the ladder.
    fn on_ladder(&mut self, x: &DVector<f64>, rung: usize) -> HashMap<Node, f64> {
        let program = if on_boundary(x) { &mut self.boundary } else { &mut self.certificate };
        program.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut self.effort);
        program.averages(rung).collect()
    }

    /// What the averages of the certificate ask of rules, and by what their errors are multiplied.
    fn inspect(&mut self, x: &DVector<f64>, given: &HashMap<Node, f64>) -> (Vec<Places>, HashMap<Node, f64>) {
        let symbols = self.all_symbols(x);
        let panelled = &mut self.panelled[CERTIFICATE];
        panelled.last = None;
        let frame = panelled.frame.get_or_insert_with(|| Box::new(panelled.levels.frame()));
        panelled.levels.inspect(frame, &symbols, given)
    }

    /// The error of averages on the ladder: their largest difference from the next lower rule.
    fn ladder_error(&mut self, x: &DVector<f64>, rung: usize, scales: &HashMap<Node, f64>) -> f64 {
        let lower = self.on_ladder(x, rung - 1);
        let higher = self.on_ladder(x, rung);
        // On the boundary a scale may be undefined: there the error counts as it is.
        let scale = |node: &Node| scales.get(node).copied().filter(|s| !s.is_nan()).unwrap_or(1.0);
        let error = |(node, value): (&Node, &f64)| {
            let difference = (value - lower[node]).abs();
            if difference == 0.0 { 0.0 } else { difference * scale(node) }
        };
        higher.iter().map(error).map(no_small_nan).fold(0.0, f64::max)
    }

    /// The largest error of any average of the outputs, the energy and the residual: the difference of two rules that share
    /// no node, with rounding over panels; relative where the average is divided by, raised to a power or logged.
    pub fn quadrature_error(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> f64 {
        self.set_control(control);
        if self.points(rung).is_some() {
            let measured = self.measure(x);
            return self.judge(&measured, f64::INFINITY).error;
        }
        let rung = rung.max(LOWEST_RUNG);
        let given = self.on_ladder(x, rung);
        let (_, scales) = self.inspect(x, &given);
        self.ladder_error(x, rung, &scales)
    }

    fn measure(&mut self, x: &DVector<f64>) -> Vec<Measured> {
        let symbols = self.all_symbols(x);
        let panelled = &mut self.panelled[CERTIFICATE];
        panelled.last = None;
        let frame = panelled.frame.get_or_insert_with(|| Box::new(panelled.levels.frame()));
        self.effort.evaluations += 2;
        panelled.levels.measure(frame, &symbols, &self.pattern, &mut panelled.values)
    }

    /// The scales of averages after a measurement.
    fn scales(&self) -> HashMap<Node, f64> {
        let panelled = &self.panelled[CERTIFICATE];
        panelled.frame.as_ref().map(|f| panelled.levels.scales(f)).unwrap_or_default()
    }

    fn judge(&self, measured: &[Measured], tolerance: f64) -> Judged {
        let scales = self.scales();
        let mut judged = Judged { error: 0.0, rounding: 0.0 };
        for m in measured {
            let scale = scales.get(&m.node).copied().unwrap_or(1.0);
            let error = no_small_nan(if m.total() == 0.0 { 0.0 } else { m.total() * scale });
            judged.error = judged.error.max(error);
            if error > tolerance && m.error <= ROUNDINGS * m.rounding {
                judged.rounding = judged.rounding.max(error);
            }
        }
        judged
    }

    /// The part of the error of averages that no rule removes.
    pub(super) fn rounding(&mut self, x: &DVector<f64>, rung: usize) -> f64 {
        if self.points(rung).is_none() || on_boundary(x) {
            return 0.0;
        }
        let measured = self.measure(x);
        let scales = self.scales();
        measured
            .iter()
            .filter(|m| m.error <= ROUNDINGS * m.rounding && m.value.is_finite())
            .map(|m| m.total() * scales.get(&m.node).copied().unwrap_or(1.0))
            .filter(|r| r.is_finite())
            .fold(0.0, f64::max)
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
        if self.points(from).is_some() || self.cut {
            return self.adequate_panels(x, tolerance);
        }
        let mut rung = from.clamp(LOWEST_RUNG, self.highest_rung.max(LOWEST_RUNG));
        let given = self.on_ladder(x, rung);
        let (places, scales) = self.inspect(x, &given);
        match lowest_on_ladder(&places) {
            Some(lowest) if lowest <= self.highest_rung => rung = rung.max(lowest),
            _ => return self.adequate_panels(x, tolerance),
        }
        let mut error = self.ladder_error(x, rung, &scales);
        loop {
            if error <= tolerance {
                if !cold || rung >= self.highest_rung {
                    return (rung, error);
                }
                let confirmed = self.ladder_error(x, rung + 1, &scales);
                if confirmed <= tolerance {
                    return (rung, error);
                }
                (rung, error) = (rung + 1, confirmed);
                continue;
            }
            if rung >= self.highest_rung {
                let (panels, over_panels) = self.adequate_panels(x, tolerance);
                return if over_panels < error { (panels, over_panels) } else { (rung, error) };
            }
            rung += 1;
            error = self.ladder_error(x, rung, &scales);
        }
    }

    /// Halves panels until every average is within the tolerance, or as near as double precision comes.
    fn adequate_panels(&mut self, x: &DVector<f64>, tolerance: f64) -> (usize, f64) {
        self.pattern = Pattern::default();
        let (mut least, mut stalls) = (f64::INFINITY, 0);
        for _ in 0..MOST_ROUNDS {
            let measured = self.measure(x);
            let error = self.judge(&measured, tolerance).error;
            if error <= tolerance {
                return (PANELS, error);
            }
            let scales = self.scales();
            let mut refined: Vec<(u8, Refined)> = Vec::new();
            let mut settled = true;
            for m in &measured {
                let scale = scales.get(&m.node).copied().unwrap_or(1.0);
                let total = no_small_nan(m.total() * scale);
                if total <= tolerance || m.error <= ROUNDINGS * m.rounding && m.value.is_finite() {
                    continue;
                }
                settled = false;
                let share = tolerance / (4.0 * m.panels.len().max(1) as f64);
                for (from, to, difference, rounding) in &m.panels {
                    let too_large = difference.is_nan()
                        || difference * scale > share && *difference > ROUNDINGS * rounding;
                    let length = 0.5 * (to - from);
                    if too_large && length > 1e-13 * (1.0 + from.abs()) {
                        refined
                            .push((m.variable, Refined { from: *from, to: *to, length: 1.000_001 * length }));
                    }
                }
            }
            if settled {
                return (PANELS, error);
            }
            stalls = if error > 0.5 * least { stalls + 1 } else { 0 };
            least = least.min(error);
            let nodes: usize = measured.iter().map(|m| 34 * m.panels.len()).max().unwrap_or(0);
            let inner = stalls >= 6 && self.system.normals_at_once() > 1 && self.pattern.inner < MOST_INNER;
            if inner {
                self.pattern.inner += 1;
                stalls = 0;
            } else if refined.is_empty() || nodes > MOST_NODES || stalls >= 12 {
                return (PANELS, error);
            }
            refined.sort_by(|a, b| a.1.from.total_cmp(&b.1.from).then(a.1.length.total_cmp(&b.1.length)));
            refined.dedup();
            self.pattern.refined.extend(refined);
        }
        let measured = self.measure(x);
        (PANELS, self.judge(&measured, tolerance).error)
    }

    /// Bounds of the errors of the equations, the energy and the outputs at a point: the rounding of every operation, the
    /// unknowns known to half a unit in the last place, and the errors of the averages.
    pub fn accuracy(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> Accuracy {
        self.set_control(control);
        let panels = self.points(rung).is_some();
        let errors: HashMap<Node, f64> = if panels {
            self.measure(x).iter().map(|m| (m.node, m.total())).collect()
        } else {
            let rung = rung.max(LOWEST_RUNG);
            let lower = self.on_ladder(x, rung - 1);
            self.on_ladder(x, rung).iter().map(|(n, v)| (*n, no_small_nan((v - lower[n]).abs()))).collect()
        };
        let symbols = self.all_symbols(x);
        let panelled = &mut self.panelled[CERTIFICATE];
        let by_slot: HashMap<usize, f64> = panelled
            .levels
            .outermost()
            .into_iter()
            .map(|(slot, node)| (slot, errors.get(&node).copied().unwrap_or(0.0)))
            .collect();
        let choice = match panels {
            true => Choice::Panels(&self.pattern, Points::High),
            false => Choice::Ladder(rule(rung)),
        };
        let error = |slot: usize| by_slot.get(&slot).copied().unwrap_or(0.0);
        let bounds = panelled.levels.bounds(&symbols, self.symbols.len(), choice, &error);
        let bounds: Vec<f64> = bounds.iter().map(|b| b.bound).collect();
        let count = self.system.outputs.len();
        let has_energy = self.system.equation_roots.energy.is_some();
        Accuracy {
            residual: bounds.iter().skip(count + usize::from(has_energy)).copied().collect(),
            energy: if has_energy { bounds[count] } else { f64::NAN },
            outputs: bounds[..count].to_vec(),
        }
    }

    /// The average that is known least at a point, and where its integrand is worst.
    pub fn worst_average(&mut self, control: f64, x: &DVector<f64>, _rung: usize) -> Option<WorstAverage> {
        self.set_control(control);
        let measured = self.measure(x);
        let scales = self.scales();
        let size = |m: &Measured| no_small_nan(m.total() * scales.get(&m.node).copied().unwrap_or(1.0));
        let worst = measured.iter().max_by(|a, b| {
            (a.broken_at.is_some(), size(a))
                .partial_cmp(&(b.broken_at.is_some(), size(b)))
                .unwrap_or(std::cmp::Ordering::Equal)
        })?;
        let panel = worst.panels.iter().max_by(|a, b| no_small_nan(a.2).total_cmp(&no_small_nan(b.2)));
        let place = worst.broken_at.or(panel.map(|p| 0.5 * (p.0 + p.1))).unwrap_or(0.0);
        Some(WorstAverage {
            text: self.system.belongs_to(worst.node),
            variable: self.system.normal_name(worst.variable),
            place: crate::equation::without_round_off((place * 1e4).round() / 1e4),
            error: size(worst),
            undefined: worst.broken_at.is_some(),
        })
    }
}

/// The lowest rule of the ladder that can be trusted to see everything; none if only panels can.
fn lowest_on_ladder(places: &[Places]) -> Option<usize> {
    let mut narrowest = f64::INFINITY;
    for places in places {
        if places.unbounded || !places.cuts.is_empty() {
            return None;
        }
        if places.mass.is_some_and(|(from, to)| from < -MASS_WITHIN || to > MASS_WITHIN) {
            return None;
        }
        let seen = places.sharp.iter().filter(|s| s.place.abs() < END_OF_LADDER);
        narrowest = seen.map(|s| s.width).fold(narrowest, f64::min);
    }
    if narrowest < NARROW {
        return None;
    }
    let mut rung = LOWEST_RUNG;
    while rule(rung).kind != RuleKind::Panels && spacing(rung - 1) > SPACING_IN_WIDTHS * narrowest {
        rung += 1;
    }
    Some(rung)
}
