//! A feature: a curve against time, as the share of its change that has happened up to each time.

use thiserror::Error;

use super::isotonic::{rising, with_level_ends};

/// A curve has to have this many times.
const FEWEST_TIMES: usize = 3;

/// A monotone curve against time in straight segments.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Times, rising.
    pub times: Vec<f64>,
    /// The share of the change that has happened at each time, from 0 to 1.
    pub shares: Vec<f64>,
    /// Where the curve starts.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// The largest distance of the data from the curve.
    pub deviation: f64,
}

/// Why a curve is no feature.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FeatureError {
    /// Not enough times.
    #[error("has values at {found} times; at least {FEWEST_TIMES} different times are needed")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// All values are the same, or do not rise or fall by more than their noise.
    #[error(
        "does not rise or fall, or by no more than its noise (it stays around {value}); there is no window in which it is decided"
    )]
    Constant {
        /// Its mean.
        value: f64,
    },
    /// A time or value that is infinite or not a number.
    #[error("has the value {value} at time {time}; times and values are finite numbers")]
    NotFinite {
        /// Time.
        time: f64,
        /// Value.
        value: f64,
    },
}

/// From which share of its change to which a feature counts as being decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Where the window starts.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

impl Levels {
    /// Levels with 0 ≤ from < to ≤ 1.
    pub fn new(from: f64, to: f64) -> Option<Self> {
        (0.0 <= from && from < to && to <= 1.0).then_some(Levels { from, to })
    }
}

impl Default for Levels {
    /// 10 % and 90 %.
    fn default() -> Self {
        Levels { from: 0.1, to: 0.9 }
    }
}

/// The times between which a feature is decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Its start.
    pub from: f64,
    /// Its end.
    pub to: f64,
}

impl Window {
    /// Its width.
    pub fn width(&self) -> f64 {
        self.to - self.from
    }
}

impl Feature {
    /// The feature of measured data, in any order: the monotone curve nearest to them. It rises or falls, whichever is
    /// nearer to the data; values at the same time are averaged, with a weight for each.
    ///
    /// Noise would make the length of the path from value to value, and with it every share, depend on how densely the
    /// curve was measured; its monotone part does not.
    ///
    /// # Errors
    /// Too few times, values that do not change or are not finite.
    pub fn fitted(name: impl Into<String>, mut data: Vec<(f64, f64)>) -> Result<Self, FeatureError> {
        if let Some(&(time, value)) =
            data.iter().find(|(time, value)| !(time.is_finite() && value.is_finite()))
        {
            return Err(FeatureError::NotFinite { time, value });
        }
        data.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut times, mut means, mut weights): (Vec<f64>, Vec<f64>, Vec<f64>) = Default::default();
        for same in data.chunk_by(|a, b| a.0 == b.0) {
            let count = same.len() as f64;
            times.push(same[0].0);
            means.push(same.iter().map(|(_, value)| value / count).sum());
            weights.push(count);
        }
        if times.len() < FEWEST_TIMES {
            return Err(FeatureError::TooFew { found: times.len() });
        }
        let turn = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| -value).collect() };
        let fit = |values: &[f64]| with_level_ends(values, &weights, rising(values, &weights));
        let (up, down) = (fit(&means), turn(&fit(&turn(&means))));
        let distance = |fit: &[f64]| -> f64 {
            let terms = fit.iter().zip(&means).zip(&weights);
            terms.map(|((fit, mean), weight)| weight * (fit - mean) * (fit - mean)).sum()
        };
        let fit = if distance(&down) < distance(&up) { down } else { up };
        let deviation = fit.iter().zip(&means).map(|(fit, mean)| (fit - mean).abs()).fold(0.0, f64::max);
        let (start, end) = (fit[0], fit[fit.len() - 1]);
        let change = end - start;
        // A change within rounding of the values is none.
        if change.abs() <= 4.0 * f64::EPSILON * start.abs().max(end.abs()) {
            return Err(FeatureError::Constant { value: start });
        }
        let shares = fit.iter().map(|value| ((value - start) / change).clamp(0.0, 1.0)).collect();
        Ok(Feature { name: name.into(), times, shares, start, end, deviation })
    }

    /// The change from start to end.
    pub fn change(&self) -> f64 {
        self.end - self.start
    }

    /// The value at one of the times.
    pub fn value(&self, index: usize) -> f64 {
        let share = self.shares[index];
        self.start * (1.0 - share) + self.end * share
    }

    /// The share of the change that has happened at a time; all of it after the last, nothing before the first.
    pub fn share(&self, time: f64) -> f64 {
        linear(&self.times, &self.shares, time)
    }

    /// The times between which the feature goes from one level to the other.
    pub fn window(&self, levels: Levels) -> Window {
        Window {
            from: inverse(&self.times, &self.shares, levels.from),
            to: inverse(&self.times, &self.shares, levels.to),
        }
    }
}

/// The value at x of the straight segments through points with rising x; constant outside.
pub(super) fn linear(x: &[f64], y: &[f64], at: f64) -> f64 {
    let after = x.partition_point(|x| *x <= at);
    if after == 0 {
        return y[0];
    }
    if after == x.len() {
        return y[y.len() - 1];
    }
    let part = (at - x[after - 1]) / (x[after] - x[after - 1]);
    y[after - 1] * (1.0 - part) + y[after] * part
}

/// The first x at which straight segments with rising x and y reach a level; the last x if none does.
pub(super) fn inverse(x: &[f64], y: &[f64], level: f64) -> f64 {
    let after = y.partition_point(|y| *y < level);
    if after == 0 {
        return x[0];
    }
    if after == x.len() {
        return x[x.len() - 1];
    }
    if y[after] == level {
        return x[after];
    }
    let part = (level - y[after - 1]) / (y[after] - y[after - 1]);
    (x[after - 1] * (1.0 - part) + x[after] * part).clamp(x[after - 1], x[after])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_a_logistic_curve_is_that_of_its_closed_form() {
        // 1/(1 + e^{−8(t − 0.4)}) reaches the levels 0.1 and 0.9 at 0.4 ± ln 9/8.
        let value = |t: f64| 1.0 / (1.0 + (-8.0 * (t - 0.4)).exp());
        let data = (0..=4000).rev().map(|i| f64::from(i) / 1000.0 - 1.5).map(|t| (t, 3.0 - 2.0 * value(t)));
        let feature = Feature::fitted("u", data.collect()).unwrap();
        let window = feature.window(Levels::default());
        let half = 9f64.ln() / 8.0;
        assert!((window.from - (0.4 - half)).abs() < 1e-6, "{window:?}");
        assert!((window.to - (0.4 + half)).abs() < 1e-6, "{window:?}");
        assert!((feature.change() + 2.0).abs() < 1e-6 && feature.deviation == 0.0);
    }

    #[test]
    fn noise_does_not_count_as_change() {
        let value = |t: f64| 1.0 / (1.0 + (-20.0 * (t - 0.5)).exp());
        let noisy: Vec<(f64, f64)> = (0..=2000u32)
            .map(|i| {
                (f64::from(i) / 2000.0, value(f64::from(i) / 2000.0) + 0.02 * (f64::from(i) * 2.4).sin())
            })
            .collect();
        let path: f64 = noisy.windows(2).map(|pair| (pair[1].1 - pair[0].1).abs()).sum();
        assert!(path > 20.0, "the path from value to value is no measure of the change: {path}");
        let feature = Feature::fitted("u", noisy).unwrap();
        let window = feature.window(Levels::default());
        let half = 9f64.ln() / 20.0;
        assert!((window.from - (0.5 - half)).abs() < 0.01 && (window.to - (0.5 + half)).abs() < 0.01);
        assert!((0.02..0.05).contains(&feature.deviation), "{}", feature.deviation);
    }

    #[test]
    fn repeated_times_are_averaged_and_steps_lie_between_their_times() {
        let data = vec![(1.0, 1.0), (0.0, 0.0), (1.0, 3.0), (2.0, 2.0), (3.0, 2.0)];
        let feature = Feature::fitted("u", data).unwrap();
        assert_eq!(feature.times, [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(feature.shares, [0.0, 1.0, 1.0, 1.0]);
        assert_eq!(feature.window(Levels::default()), Window { from: 0.1, to: 0.9 });
        assert_eq!(feature.window(Levels { from: 0.0, to: 1.0 }), Window { from: 0.0, to: 1.0 });
        assert_eq!((feature.share(-1.0), feature.share(0.25), feature.share(9.0)), (0.0, 0.25, 1.0));
    }

    #[test]
    fn curves_that_are_no_features_say_why() {
        let message = |data: &[(f64, f64)]| Feature::fitted("u", data.to_vec()).unwrap_err().to_string();
        assert!(message(&[(0.0, 1.0), (1.0, 2.0), (1.0, 3.0)]).contains("2 times; at least 3"));
        assert!(message(&[(0.0, 0.1), (1.0, 0.1), (2.0, 0.1)]).contains("around 0.1"));
        assert!(message(&[(0.0, 0.1), (1.0, f64::INFINITY), (2.0, 0.1)]).contains("value inf at time 1"));
        assert_eq!(Levels::new(0.9, 0.1), None);
        assert_eq!(Levels::new(0.1, f64::NAN), None);
    }
}
