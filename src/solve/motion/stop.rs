//! Where a condition becomes true on the way of a flow.

use nalgebra::DVector;

use super::path::{Both, Segment};
use super::right::{Right, Rules};
use crate::solve::brent::brent;
use crate::solve::continuation::CERTAIN;

/// Places of a step at which the condition is looked at.
const PLACES: usize = 16;

impl Right<'_> {
    /// How far inside the condition at which it stops a point is: at least 0 where it holds.
    pub(super) fn stop_margin(&mut self, control: f64, x: &DVector<f64>) -> f64 {
        let rung = self.rung(Rules::Adequate);
        let [holds, margin] = self.equations.stopped(control, x, rung).unwrap_or([0.0, f64::NAN]);
        match holds == 1.0 {
            true => margin.clamp(0.0, f64::MAX),
            false if margin.is_nan() => -f64::MAX,
            // A condition that fails on its edge (a < b at a = b) is as near to it as can be told.
            false => margin.clamp(-f64::MAX, -f64::MIN_POSITIVE),
        }
    }
}

/// The first place of a step, which ends at a point, at which the condition holds.
pub(super) fn within(right: &mut Right, segment: &Segment, end: &DVector<f64>) -> Option<f64> {
    let (x, slope) = segment.beginning();
    let end_slope = right.at(Rules::Finer, segment.to, end)?;
    let length = segment.to - segment.from;
    // Between both ends a cubic shows where to look.
    let between = |s: f64| {
        let (a, b) = ((1.0 + 2.0 * s) * (1.0 - s).powi(2), s * s * (3.0 - 2.0 * s));
        let (c, d) = (s * (1.0 - s).powi(2) * length, s * s * (s - 1.0) * length);
        x * a + end * b + slope * c + &end_slope * d
    };
    let mut before = segment.from;
    for place in 1..=PLACES {
        let s = place as f64 / PLACES as f64;
        let (control, near) = match place == PLACES {
            true => (segment.to, end.clone()),
            false => (segment.from + s * length, between(s)),
        };
        if right.stop_margin(control, &near) >= 0.0 {
            let mut exact = |control: f64| match segment.at(right, control) {
                Some(both) => right.stop_margin(control, &both.half),
                None => -f64::MAX,
            };
            if exact(control) >= 0.0 {
                return match exact(before) >= 0.0 {
                    true => Some(before),
                    false => brent(exact, before, control, 1e-15 * control.abs()).or(Some(control)),
                };
            }
        }
        before = control;
    }
    None
}

/// How accurately the place is known at which it stops, where that is less than its digits: how far apart the two integrations
/// pass it.
pub(super) fn error(right: &mut Right, segment: &Segment, control: f64, point: &Both) -> Option<f64> {
    let apart = right.stop_margin(control, &point.full) - right.stop_margin(control, &point.half);
    let before = segment.from;
    let beginning = right.stop_margin(before, segment.beginning().0);
    let speed = (right.stop_margin(control, &point.half) - beginning) / (control - before);
    let error = (apart / speed).abs();
    (error > CERTAIN * control.abs().max(1.0)).then_some(error)
}
