//! Averages over panels: expressions with the point at which they were evaluated last, and panels that are halved where an
//! average asks for it.

use nalgebra::DVector;

use super::{Accuracy, no_small_nan};
use crate::average::{PANELS, Refined};
use crate::language::{Bounded, Choice, Frame, Levels, Measured, Pattern, Points, Scales};
use crate::solve::equations::{CERTIFICATE, Equations, on_boundary};
use crate::solve::interrupt::stop_if;

/// Of an average that rounding keeps from its tolerance this part may be unknown.
const ROUNDED_AWAY: f64 = 1e-8;
/// Differences of rules up to this many times the rounding of a sum are rounding.
const ROUNDINGS: f64 = 8.0;
/// The most rounds in which panels are halved.
const MOST_ROUNDS: usize = 40;
/// The most often that panels of inner averages are halved.
const MOST_INNER: u32 = 3;
/// The most half-widths that intervals are made longer by at both ends.
const MOST_WIDER: u32 = 8;
/// The most nodes of one average that refinement may lead to.
const MOST_NODES: usize = 40_000;

/// A set of expressions over panels, with the point at which it was evaluated last.
pub(in crate::solve) struct Panelled<'s> {
    pub(super) levels: &'s Levels,
    pub(super) frame: Option<Box<Frame<f64>>>,
    values: Vec<f64>,
    nodes: usize,
    pub(super) last: Option<Last>,
    measured: Option<(Last, Vec<Measured>, Scales)>,
    /// The memory of numbers with bounds, and what they said last, with which rule.
    bounds: Option<Box<Frame<Bounded>>>,
    pub(super) accuracy: Option<((usize, Last), Accuracy)>,
}

/// What an evaluation depends on.
#[derive(PartialEq)]
pub(super) struct Last {
    version: u64,
    x: Vec<f64>,
    points: Points,
    pattern: Pattern,
    changes: Vec<f64>,
}

impl Last {
    /// A point with the panels of the present pattern.
    pub(super) fn at(equations: &Equations, x: &DVector<f64>, points: Points) -> Last {
        let (version, pattern) = (equations.version, equations.pattern.clone());
        Last { version, x: x.as_slice().to_vec(), points, pattern, changes: Vec::new() }
    }
}

impl<'s> Panelled<'s> {
    pub(in crate::solve) fn new(levels: &'s Levels) -> Self {
        Panelled {
            levels,
            frame: None,
            values: Vec::new(),
            nodes: 0,
            last: None,
            measured: None,
            bounds: None,
            accuracy: None,
        }
    }

    /// Values with bounds of their errors.
    pub(super) fn bounds(
        &mut self,
        symbols: &[f64],
        first_unknown: usize,
        choice: Choice,
        errors: &dyn Fn(usize) -> f64,
    ) -> Vec<Bounded> {
        let frame = self.bounds.get_or_insert_with(|| Box::new(self.levels.frame()));
        self.levels.bounds(frame, symbols, first_unknown, choice, errors)
    }

    pub(in crate::solve) fn value(&self, root: usize) -> f64 {
        self.values.get(root).copied().unwrap_or(f64::NAN)
    }

    pub(in crate::solve) fn nodes(&self) -> usize {
        self.nodes
    }
}

/// The largest error of any average, as it is judged.
pub(super) fn judge(measured: &[Measured], scales: &Scales) -> f64 {
    let error = |m: &Measured| match m.total() {
        0.0 => 0.0,
        total => no_small_nan(total * scales.of(m.node)),
    };
    measured.iter().map(error).fold(0.0, f64::max)
}

impl Equations<'_> {
    /// Evaluates a set of expressions with panels.
    pub(in crate::solve) fn over_panels(&mut self, which: usize, points: Points, x: &DVector<f64>) {
        stop_if(self.interrupted);
        let symbols = self.all_symbols(x);
        let last = Last::at(self, x, points);
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

    /// The outermost averages with both rules, and by what their errors are multiplied.
    pub(super) fn measure(&mut self, x: &DVector<f64>) -> (&[Measured], &Scales) {
        stop_if(self.interrupted);
        let symbols = self.all_symbols(x);
        let last = Last { changes: self.changes.clone(), ..Last::at(self, x, Points::Both) };
        let panelled = &mut self.panelled[CERTIFICATE];
        let (_, measured, scales) = match panelled.measured.take().filter(|(known, ..)| *known == last) {
            Some(known) => panelled.measured.insert(known),
            None => {
                panelled.last = None;
                let frame = panelled.frame.get_or_insert_with(|| Box::new(panelled.levels.frame()));
                self.effort.evaluations += 2;
                let measured = panelled.levels.measure(frame, &symbols, &self.pattern, &mut panelled.values);
                let scales = panelled.levels.scales(frame, &self.changes, &measured);
                panelled.measured.insert((last, measured, scales))
            }
        };
        self.amplified = scales.amplified;
        (measured, scales)
    }

    /// The part of the error of averages that no rule removes.
    pub(in crate::solve) fn rounding(&mut self, x: &DVector<f64>, rung: usize) -> f64 {
        if self.points(rung).is_none() || on_boundary(x) {
            return 0.0;
        }
        let (measured, scales) = self.measure(x);
        measured
            .iter()
            .filter(|m| m.error <= ROUNDINGS * m.rounding && m.value.is_finite())
            // Where rounding leaves no digits (near a singularity that is not integrable) nothing is known.
            .map(|m| (m, scales.of(m.node)))
            .filter(|(m, scale)| {
                let size = m.value.abs().max(1e-3) * scale;
                m.total() * scale <= ROUNDED_AWAY * size.min(m.value.abs().max(1.0))
            })
            .map(|(m, scale)| m.total() * scale)
            .filter(|r| r.is_finite())
            .fold(0.0, f64::max)
    }

    /// Halves panels until every average is within the tolerance, or as near as double precision comes.
    pub(super) fn adequate_panels(&mut self, x: &DVector<f64>, tolerance: f64) -> (usize, f64) {
        self.pattern = Pattern::default();
        let (mut least, mut stalls) = (f64::INFINITY, 0);
        for _ in 0..MOST_ROUNDS {
            let several = self.system.normals_at_once() > 1;
            let (measured, scales) = self.measure(x);
            let error = judge(measured, scales);
            if error <= tolerance {
                return (PANELS, error);
            }
            let mut refined: Vec<(u8, Refined)> = Vec::new();
            let (mut settled, mut wider) = (true, false);
            for m in measured {
                let scale = scales.of(m.node);
                let total = no_small_nan(m.total() * scale);
                if total <= tolerance || m.error <= ROUNDINGS * m.rounding && m.value.is_finite() {
                    continue;
                }
                settled = false;
                wider |= m.tails * scale > 0.1 * tolerance;
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
            let inner = stalls >= 6 && several && self.pattern.inner < MOST_INNER;
            if wider && self.pattern.wider < MOST_WIDER {
                self.pattern.wider += 1;
                stalls = 0;
            } else if inner {
                self.pattern.inner += 1;
                stalls = 0;
            } else if refined.is_empty() || nodes > MOST_NODES || stalls >= 12 {
                return (PANELS, error);
            }
            refined.sort_by(|a, b| a.1.from.total_cmp(&b.1.from).then(a.1.length.total_cmp(&b.1.length)));
            refined.dedup();
            self.pattern.refined.extend(refined);
        }
        let (measured, scales) = self.measure(x);
        (PANELS, judge(measured, scales))
    }
}
