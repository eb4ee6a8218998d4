//! One axis: which range of values is shown, and where each of them stands.

use super::ticks::{Tick, linear_ticks, logarithmic_ticks};

/// A range narrower than this, relative to its values, is a constant: its width is rounding noise,
/// and no tick label could tell its ends apart.
const CONSTANT: f64 = 1e-9;

/// A range of values laid out along a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    scale: Scale,
    /// The ends, in the scale's own measure (the decadic logarithm on a logarithmic axis).
    low: f64,
    high: f64,
    /// The labelled values.
    pub ticks: Vec<Tick>,
    /// The values between them that only have a fine grid line.
    pub fine: Vec<f64>,
}

/// How values are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    Linear,
    /// Equal ratios are equally long.
    Logarithmic,
}

impl Scale {
    /// The scale for an option `log`.
    pub fn new(log: bool) -> Self {
        if log { Scale::Logarithmic } else { Scale::Linear }
    }

    /// What is equally long along an axis of this scale: the value, or its decadic logarithm.
    pub fn measure(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Logarithmic => value.log10(),
        }
    }

    /// The value of a measure.
    pub fn value(self, measure: f64) -> f64 {
        match self {
            Scale::Linear => measure,
            Scale::Logarithmic => 10_f64.powf(measure),
        }
    }

    /// Whether a value has a place on an axis of this scale. Values beyond 10³⁰⁰ are treated like
    /// infinities, so that no difference of two values overflows.
    pub fn shows(self, value: f64) -> bool {
        value.abs() <= 1e300 && (self == Scale::Linear || value > 1e-300)
    }
}

impl Axis {
    /// An axis for these values, with a margin (a fraction of the range) at both ends and at most
    /// this many ticks. Nothing if no value can be shown.
    pub fn around(
        values: impl Iterator<Item = f64>,
        scale: Scale,
        margin: f64,
        most_ticks: usize,
    ) -> Option<Self> {
        let mut shown = values.filter(|value| scale.shows(*value));
        let first = shown.next()?;
        let (low, high) = shown.fold((first, first), |(low, high), value| (low.min(value), high.max(value)));
        Some(match scale {
            Scale::Linear => Axis::linear(low, high, margin, most_ticks),
            Scale::Logarithmic => Axis::logarithmic(low, high, margin, most_ticks),
        })
    }

    /// The place of a value: 0 at the lower end, 1 at the upper end, cut off outside.
    pub fn fraction(&self, value: f64) -> f64 {
        self.position(value).clamp(0.0, 1.0)
    }

    /// The same without cutting off; values that a logarithmic axis cannot show stand at its lower end.
    pub fn position(&self, value: f64) -> f64 {
        let measure = match self.scale {
            Scale::Logarithmic if value <= 0.0 => self.low,
            scale => scale.measure(value),
        };
        (measure - self.low) / (self.high - self.low)
    }

    /// The values at its ends.
    pub fn ends(&self) -> (f64, f64) {
        (self.scale.value(self.low), self.scale.value(self.high))
    }

    /// Whether a value lies between them.
    pub fn holds(&self, value: f64) -> bool {
        self.shows(value) && (0.0..=1.0).contains(&self.position(value))
    }

    /// How values are laid out.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Whether a value can be shown.
    pub fn shows(&self, value: f64) -> bool {
        self.scale.shows(value)
    }

    fn linear(low: f64, high: f64, margin: f64, most_ticks: usize) -> Self {
        let largest = low.abs().max(high.abs());
        let (low, high) = if largest < 1e-290 {
            (-1.0, 1.0)
        } else if high - low <= CONSTANT * largest {
            let centre = low + (high - low) / 2.0;
            (centre - 0.2 * largest, centre + 0.2 * largest)
        } else {
            let room = margin * (high - low);
            (low - room, high + room)
        };
        Axis { scale: Scale::Linear, low, high, ticks: linear_ticks(low, high, most_ticks), fine: Vec::new() }
    }

    fn logarithmic(low: f64, high: f64, margin: f64, most_ticks: usize) -> Self {
        let (low, high) = (low.log10(), high.log10());
        let room = if high - low <= CONSTANT { 0.5 } else { margin * (high - low) };
        let (low, high) = (low - room, high + room);
        let (ticks, fine) = logarithmic_ticks(low, high, most_ticks);
        Axis { scale: Scale::Logarithmic, low, high, ticks, fine }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[f64], log: bool) -> Axis {
        Axis::around(values.iter().copied(), Scale::new(log), 0.05, 6).unwrap()
    }

    fn labels(values: &[f64], log: bool) -> Vec<String> {
        let ticks = axis(values, log).ticks.into_iter();
        ticks.map(|tick| tick.label).collect()
    }

    #[test]
    fn a_constant_stands_in_the_middle() {
        for value in [0.0, 1.0, -3.0, 1e-12, 1e200, 5e-324] {
            let axis = axis(&[value, value], false);
            assert!((axis.fraction(value) - 0.5).abs() < 1e-12, "{value}");
            assert!(axis.ticks.len() >= 2, "{axis:?}");
        }
        assert_eq!(labels(&[0.0], false), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        let nearly = [1.0, 1.0 + 1e-14];
        assert_eq!(labels(&nearly, false), ["0.8", "0.9", "1.0", "1.1", "1.2"]);
    }

    #[test]
    fn values_that_cannot_be_shown_are_passed_over() {
        let values = [f64::NAN, f64::INFINITY, 1.0, f64::NEG_INFINITY, 2.0, f64::MAX];
        assert_eq!(axis(&values, false), axis(&[1.0, 2.0], false));
        assert_eq!(axis(&[-1.0, 0.0, 1.0, 2.0], true), axis(&[1.0, 2.0], true));
        assert_eq!(Axis::around([-1.0].into_iter(), Scale::Logarithmic, 0.05, 6), None);
    }

    #[test]
    fn the_extremes_of_the_number_range_are_shown() {
        for values in [[-1e300, 1e300], [1e-290, 2e-290], [1e-300, 1e300]] {
            assert!(axis(&values, false).ticks.len() >= 2, "{values:?}");
        }
        assert!(axis(&[2e-300, 1e300], true).ticks.len() >= 2);
    }
}
