//! What a number of steps costs in accuracy: the high-level feature (which mode, or state) and the low-level one (what it is
//! like inside), and how many steps a given accuracy takes.
//!
//! For the mixture the steps are an exact recursion, averaged over the start without sampling noise; for spins samples are
//! generated.

use super::flow::{Integrator, times};
use super::predicted::mixture_after;
use super::spins::{self, Draw, Start};
use crate::mixture::{Setting, Target};

/// How much is generated where there is no exact recursion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Key of the random numbers.
    pub seed: u64,
    /// Samples.
    pub samples: usize,
}

/// How far N steps are from the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// Fraction in the mode (or state) +.
    pub fraction: f64,
    /// Its standard error; 0 for an exact recursion.
    pub fraction_error: f64,
    /// The high-level error, |fraction − p|.
    pub high: f64,
    /// Mixture: the variance inside a mode; spins: the mean of |M|.
    pub inside: f64,
    /// Spins: the mean of |X_i|.
    pub spin: f64,
    /// The low-level error: |variance/σ² − 1|; for spins the larger of |mean |M|/M − 1| and |mean |X_i| − 1|.
    pub low: f64,
}

/// Generates with so many steps; none where `stop` said so.
pub fn accuracy(
    setting: &Setting,
    integrator: Integrator,
    steps: usize,
    sampling: Sampling,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Accuracy> {
    let grid = times(steps);
    if stop() {
        return None;
    }
    match setting.target {
        Target::Mixture { .. } => {
            let (fraction, variance) = mixture_after(setting, integrator, &grid);
            let expected = setting.sigma * setting.sigma;
            Some(Accuracy {
                fraction,
                fraction_error: 0.0,
                high: (fraction - setting.p).abs(),
                inside: variance,
                spin: f64::NAN,
                low: (variance / expected - 1.0).abs(),
            })
        }
        Target::CurieWeiss { m, .. } => {
            let Sampling { seed, samples } = sampling;
            let draw = Draw { seed, count: samples, start: Start::Stratified };
            let (law, fraction_error) =
                spins::generate(setting, draw, integrator, &grid, &[steps], stop)?.pop()?;
            let p = law.fraction_plus;
            let of = |share: f64, mean: f64| if mean.is_nan() { 0.0 } else { share * mean.abs() };
            let inside = of(p, law.m[0]) + of(1.0 - p, law.m[1]);
            Some(Accuracy {
                fraction: p,
                fraction_error,
                high: (p - setting.p).abs(),
                inside,
                spin: law.spin,
                low: (inside / m - 1.0).abs().max((law.spin - 1.0).abs()),
            })
        }
    }
}

/// Which error is to be small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// The mode.
    High,
    /// What is inside.
    Low,
    /// Both.
    Both,
}

impl Feature {
    /// The error that counts.
    pub fn of(self, accuracy: &Accuracy) -> f64 {
        match self {
            Feature::High => accuracy.high,
            Feature::Low => accuracy.low,
            Feature::Both => accuracy.high.max(accuracy.low),
        }
    }
}

/// How a number of steps is sought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// The largest number.
    pub most: usize,
    /// The relative accuracy: 0 for the exact number.
    pub resolution: f64,
    /// How many numbers, each twice the one before, keep the error within the bound before it is believed.
    pub passes: usize,
}

/// The smallest number of steps, up to a largest one, from which on doubling them keeps the error within a bound: by doubling,
/// then bisection. None where the largest number does not do, or `error` had no value.
pub fn steps_needed(error: impl Fn(usize) -> Option<f64>, bound: f64, search: Search) -> Option<usize> {
    let within = |steps: usize| error(steps).map(|e| e <= bound);
    // The last power of two that does not do, so that an accident at small numbers is passed over.
    let mut last = 0;
    let mut steps = 1;
    let mut passed = 0;
    while steps <= search.most && passed < search.passes {
        if within(steps)? {
            passed += 1;
        } else {
            last = steps;
            passed = 0;
        }
        steps *= 2;
    }
    if passed == 0 {
        return None;
    }
    let (mut low, mut high) = (last, (2 * last).max(1));
    while high - low > 1.max((search.resolution * low as f64) as usize) {
        let middle = low + (high - low) / 2;
        if within(middle)? { high = middle } else { low = middle }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_needed_are_the_fewest_from_which_on_the_error_is_small() {
        let search = Search { most: 1000, resolution: 0.0, passes: 3 };
        let needed = |error: &dyn Fn(usize) -> f64, bound| steps_needed(|n| Some(error(n)), bound, search);
        assert_eq!(needed(&|n| 1.0 / n as f64, 0.01), Some(100));
        assert_eq!(needed(&|n| 1.0 / n as f64, 2.0), Some(1));
        assert_eq!(needed(&|_| 1.0, 0.5), None);
        // Accidents at few steps are passed over.
        assert_eq!(needed(&|n| if n == 2 || n > 36 { 0.0 } else { 1.0 }, 0.5), Some(37));
        let rough = Search { resolution: 0.1, ..search };
        let found = steps_needed(|n| Some(1.0 / n as f64), 0.01, rough).unwrap();
        assert!((100..=110).contains(&found), "{found}");
        assert_eq!(steps_needed(|_| None, 0.5, search), None);
    }
}
