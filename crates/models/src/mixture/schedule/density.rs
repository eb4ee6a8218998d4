//! A density over training times, constant between knots, and its quantiles.

use super::feature::{Feature, Window, inverse, linear};

/// The share of the training times up to each time: straight between knots.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    times: Vec<f64>,
    shares: Vec<f64>,
}

impl Density {
    /// `mass` of the times uniform in a window, the others uniform in the rest of the range. Where the window is the
    /// whole range, or the range holds nothing of it, all of them are uniform.
    pub fn of_window(window: Window, range: Window, mass: f64) -> Self {
        let inside = Window {
            from: window.from.clamp(range.from, range.to),
            to: window.to.clamp(range.from, range.to),
        };
        let (before, after) = (inside.from - range.from, range.to - inside.to);
        let rest = before + after;
        if rest <= 0.0 || inside.width() <= 0.0 {
            return Density { times: vec![range.from, range.to], shares: vec![0.0, 1.0] };
        }
        let up_to = (1.0 - mass) * before / rest;
        Density::through(vec![
            (range.from, 0.0),
            (inside.from, up_to),
            (inside.to, up_to + mass),
            (range.to, 1.0),
        ])
    }

    /// Proportional to the rate at which features change, each with the same share of the times; and a share `floor` of
    /// the times uniform over the range, so that no time is left out.
    pub fn of_rates(features: &[Feature], range: Window, floor: f64) -> Self {
        let knots = features.iter().flat_map(|feature| &feature.times).copied();
        let mut times: Vec<f64> = knots.chain([range.from, range.to]).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let share = |time: f64| -> f64 {
            let changed: f64 = features.iter().map(|feature| feature.share(time)).sum();
            let uniform = (time - range.from) / range.width();
            (1.0 - floor) * changed / features.len() as f64 + floor * uniform
        };
        Density::through(times.iter().map(|time| (*time, share(*time))).collect())
    }

    /// Straight segments through knots in order; a knot at the time of the one before is left out, the ends are exact.
    fn through(knots: Vec<(f64, f64)>) -> Self {
        let (mut times, mut shares): (Vec<f64>, Vec<f64>) = Default::default();
        let mut highest = 0.0;
        for (time, share) in knots {
            highest = share.clamp(highest, 1.0);
            if times.last() == Some(&time) {
                shares.pop();
            } else {
                times.push(time);
            }
            shares.push(highest);
        }
        let last = shares.len() - 1;
        (shares[0], shares[last]) = (0.0, 1.0);
        Density { times, shares }
    }

    /// The knots: times, and the share of the training times up to each.
    pub fn knots(&self) -> impl Iterator<Item = (f64, f64)> {
        self.times.iter().copied().zip(self.shares.iter().copied())
    }

    /// The share of the training times up to a time.
    pub fn share(&self, time: f64) -> f64 {
        linear(&self.times, &self.shares, time)
    }

    /// The density at a time, between the knots on both sides; at a knot, that of the segment before it.
    pub fn at(&self, time: f64) -> f64 {
        let after = self.times.partition_point(|t| *t < time).clamp(1, self.times.len() - 1);
        let share = self.shares[after] - self.shares[after - 1];
        share / (self.times[after] - self.times[after - 1])
    }

    /// The time up to which a share of the training times lies: 0 and 1 give the ends of the range.
    pub fn quantile(&self, share: f64) -> f64 {
        if share >= 1.0 {
            return self.times[self.times.len() - 1];
        }
        inverse(&self.times, &self.shares, share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Window = Window { from: 0.0, to: 2.0 };

    fn feature(name: &str, values: &[(f64, f64)]) -> Feature {
        Feature::fitted(name, values.to_vec()).unwrap()
    }

    #[test]
    fn a_window_holds_its_mass_and_the_rest_is_uniform() {
        for mass in [0.0, 0.25, 0.5, 1.0] {
            let density = Density::of_window(Window { from: 0.1, to: 0.3 }, RANGE, mass);
            assert!((density.share(0.3) - density.share(0.1) - mass).abs() < 1e-15);
            assert!((density.at(0.2) - mass / 0.2).abs() < 1e-12);
            for time in [0.05, 0.5, 1.9] {
                assert!((density.at(time) - (1.0 - mass) / 1.8).abs() < 1e-12, "{mass} {time}");
            }
            assert_eq!((density.quantile(0.0), density.quantile(1.0)), (0.0, 2.0));
        }
        for window in [RANGE, Window { from: 5.0, to: 6.0 }] {
            assert_eq!(Density::of_window(window, RANGE, 0.5).at(1.0), 0.5);
        }
        // A window at one end of the range.
        let density = Density::of_window(Window { from: 0.0, to: 0.5 }, RANGE, 0.5);
        assert_eq!((density.at(0.25), density.quantile(0.5)), (1.0, 0.5));
    }

    #[test]
    fn every_feature_has_the_same_share_of_the_times() {
        let fast = feature("fast", &[(0.0, 1.0), (0.01, 0.0), (2.0, 0.0)]);
        let slow = feature("slow", &[(0.0, 0.0), (1.0, 0.0), (2.0, 70.0)]);
        let density = Density::of_rates(&[fast.clone(), slow.clone()], RANGE, 0.1);
        assert!((density.share(0.01) - (0.45 + 0.1 * 0.005)).abs() < 1e-15);
        assert!((density.at(0.5) - 0.05).abs() < 1e-12);
        assert!((density.at(1.5) - (0.45 + 0.05)).abs() < 1e-12);
        // Without a floor nothing lies where nothing changes, and the quantile jumps over it.
        let bare = Density::of_rates(&[fast, slow], RANGE, 0.0);
        assert_eq!((bare.at(0.5), bare.quantile(0.5)), (0.0, 0.01));
        assert!(bare.quantile(0.5001) > 1.0);
    }

    #[test]
    fn quantiles_are_the_inverse_of_the_share() {
        let curve: Vec<(f64, f64)> =
            (0..=300).map(|i| f64::from(i) / 150.0).map(|t| (t, (5.0 * (t - 0.7)).tanh())).collect();
        let density = Density::of_rates(&[feature("u", &curve)], RANGE, 0.1);
        let mut before = -1.0;
        for i in 0..=1000 {
            let q = f64::from(i) / 1000.0;
            let time = density.quantile(q);
            assert!(time > before && (density.share(time) - q).abs() < 1e-12, "{q}");
            before = time;
        }
        // The density integrates to the share.
        let (mut sum, steps) = (0.0, 30_000);
        for i in 0..steps {
            sum += density.at((f64::from(i) + 0.5) / f64::from(steps) * 2.0) * 2.0 / f64::from(steps);
        }
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }
}
