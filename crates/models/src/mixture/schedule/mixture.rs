//! The features of the exact denoiser of the mixture: the mode, decided at τ of order 1/√d, and the variance.

use rayon::prelude::*;

use super::feature::{Feature, Levels, Window};
use crate::mixture::ExactDenoiser;

/// Steps of equal change into which the curve of a feature is cut.
const STEPS: u32 = 256;
/// Shares near 0 and 1 at which a curve has points too, so that its tails are not straight: per decade, and the smallest.
const TAIL: (i32, i32) = (8, 6);

/// The features of a denoiser, with an absolute tolerance on its averages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixtureFeatures {
    /// The denoiser.
    pub denoiser: ExactDenoiser,
    /// The tolerance.
    pub tolerance: f64,
}

/// Which part of the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Mode,
    Variance,
}

impl MixtureFeatures {
    /// The mode and, where there is one, the variance, each at the times at which any of them reaches a set of levels:
    /// the grid follows the features down to a layer of any width. The ends of the windows are among the times.
    pub fn features(&self, levels: Levels) -> Vec<Feature> {
        let mut parts = vec![Part::Mode];
        if self.denoiser.sigma() > 0.0 {
            parts.push(Part::Variance);
        }
        let goals: Vec<(Part, f64)> =
            parts.iter().flat_map(|part| shares(levels).into_iter().map(|share| (*part, share))).collect();
        let mut times: Vec<f64> =
            goals.into_par_iter().map(|(part, share)| self.reached(part, share)).collect();
        times.extend([0.0, 1.0]);
        times.sort_by(f64::total_cmp);
        times.dedup();
        parts.iter().map(|part| self.feature(*part, &times)).collect()
    }

    /// The window of the mode alone.
    pub fn mode_window(&self, levels: Levels) -> Window {
        Window { from: self.reached(Part::Mode, levels.from), to: self.reached(Part::Mode, levels.to) }
    }

    /// The largest error of any average at these times.
    pub fn quadrature_error(&self, times: &[f64]) -> f64 {
        let errors = times.iter().map(|time| self.denoiser.mse(*time, self.tolerance).quadrature_error);
        errors.fold(0.0, f64::max)
    }

    /// How much the error falls over the layer, from τ = 0 to τ = d^(−1/4), halfway between 1/√d and 1 on a logarithmic
    /// scale: for d → ∞ all of the mode, 4p(1 − p), and nothing of the variance.
    pub fn jump(&self) -> f64 {
        let end = 1.0 / self.denoiser.root_d().sqrt();
        let total = |tau: f64| self.denoiser.mse(tau, self.tolerance).total();
        total(0.0) - total(end)
    }

    fn feature(&self, part: Part, times: &[f64]) -> Feature {
        let (name, start) = match part {
            Part::Mode => ("mode", self.denoiser.jump()),
            Part::Variance => ("variance", self.denoiser.sigma() * self.denoiser.sigma()),
        };
        let mut highest = 0.0;
        let shares = times.iter().map(|time| {
            // Averages fall up to their tolerance.
            highest = self.share(part, *time).clamp(highest, 1.0);
            highest
        });
        Feature {
            name: name.into(),
            times: times.to_vec(),
            shares: shares.collect(),
            start,
            end: 0.0,
            deviation: 0.0,
        }
    }

    fn share(&self, part: Part, tau: f64) -> f64 {
        let (variance, mode, _) = self.denoiser.left(tau, self.tolerance);
        1.0 - if part == Part::Mode { mode } else { variance }
    }

    /// The first τ at which a share is reached, by bisection. Positive numbers have the order of their bits, so that
    /// halving the bits finds 1e-9 in as few steps as 0.5.
    fn reached(&self, part: Part, share: f64) -> f64 {
        let (mut below, mut reached) = (0.0f64.to_bits(), 1.0f64.to_bits());
        if share <= self.share(part, 0.0) {
            return 0.0;
        }
        while reached - below > 1 {
            let middle = below + (reached - below) / 2;
            if self.share(part, f64::from_bits(middle)) >= share { reached = middle } else { below = middle }
        }
        f64::from_bits(reached)
    }
}

/// The dilated time t of eq. (11) at which τ is reached; none where the first phase, τ ≤ κ/√d, would take all of it.
pub fn dilated_time(tau: f64, kappa: f64, root_d: f64) -> Option<f64> {
    let end = kappa / root_d;
    if end >= 1.0 {
        return None;
    }
    Some(if tau < end { tau * root_d / kappa } else { 1.0 + (tau - end) / (1.0 - end) })
}

/// The shares at which a curve has points.
fn shares(levels: Levels) -> Vec<f64> {
    let mut shares: Vec<f64> = (1..STEPS).map(|i| f64::from(i) / f64::from(STEPS)).collect();
    let (per_decade, decades) = TAIL;
    for i in 2 * per_decade..=decades * per_decade {
        let small = libm::pow(10.0, -f64::from(i) / f64::from(per_decade));
        shares.extend([small, 1.0 - small]);
    }
    shares.extend([levels.from, levels.to]);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixture::Interpolant;
    use overlaps::average::normal_average;

    fn theory(p: f64, sigma: f64, d: f64) -> MixtureFeatures {
        MixtureFeatures {
            denoiser: ExactDenoiser::new(p, sigma, d, Interpolant::Linear).unwrap(),
            tolerance: 1e-12,
        }
    }

    #[test]
    fn the_variance_is_decided_where_its_closed_form_says() {
        // σ²α²/(α² + σ²τ²) has lost a share q where τ/(1 − τ) = √(q/(1 − q))/σ.
        for sigma in [0.01, 1.0, 30.0] {
            let features = theory(0.8, sigma, 1e6).features(Levels::default());
            let window = features[1].window(Levels::default());
            let at = |q: f64| {
                let ratio = (q / (1.0f64 - q)).sqrt() / sigma;
                ratio / (1.0 + ratio)
            };
            assert!((window.from / at(0.1) - 1.0).abs() < 1e-9, "{window:?}");
            assert!((window.to / at(0.9) - 1.0).abs() < 1e-9, "{window:?}");
        }
    }

    /// In the layer the share of the mode is 1 − E[1 − tanh²(γ(sγ + z) + h)]/4p(1 − p), γ = √dτ.
    #[test]
    fn the_window_of_the_mode_has_its_levels_at_its_ends() {
        let (p, d) = (0.8, 1e16);
        let window = theory(p, 1.0, d).mode_window(Levels::default());
        for (tau, share) in [(window.from, 0.1), (window.to, 0.9)] {
            let gamma = d.sqrt() * tau;
            let h = 0.5 * f64::ln(p / (1.0 - p));
            let of = |s: f64| normal_average(&|z| 1.0 - (gamma * (s * gamma + z) + h).tanh().powi(2));
            let left = (p * of(1.0) + (1.0 - p) * of(-1.0)) / (4.0 * p * (1.0 - p));
            assert!((1.0 - left - share).abs() < 1e-7, "{gamma} {left}");
        }
    }

    #[test]
    fn curves_are_resolved_between_their_points() {
        for (p, sigma, d) in [(0.8, 1.0, 5e3), (0.5, 0.1, 1e12), (1e-6, 3.0, 2.0)] {
            let theory = theory(p, sigma, d);
            for (feature, part) in theory.features(Levels::default()).iter().zip([Part::Mode, Part::Variance])
            {
                let middles = feature.times.windows(2).map(|pair| 0.5 * (pair[0] + pair[1]));
                for middle in middles {
                    let exact = theory.share(part, middle);
                    assert!(
                        (feature.share(middle) - exact).abs() < 2e-3,
                        "{} {middle} {exact}",
                        feature.name
                    );
                }
            }
        }
    }

    #[test]
    fn without_variance_the_mode_is_the_only_feature() {
        let names: Vec<String> =
            theory(0.8, 0.0, 100.0).features(Levels::default()).into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["mode"]);
    }

    #[test]
    fn dilated_time_is_the_inverse_of_equation_11() {
        use crate::mixture::{Path, Schedule};
        let path = Path {
            interpolant: Interpolant::Linear,
            schedule: Schedule::Dilated,
            kappa: 4.0,
            bend: 1.0,
            root_d: 1e4,
        };
        for t in [0.0, 0.3, 1.0, 1.2, 2.0] {
            let found = dilated_time(path.tau(t), 4.0, 1e4).unwrap();
            assert!((found - t).abs() < 1e-12, "{t} {found}");
        }
        assert_eq!(dilated_time(0.5, 4.0, 4.0), None);
    }

    #[test]
    fn the_jump_tends_to_the_mode_part_of_the_error() {
        assert!((theory(0.8, 1.0, 1e16).jump() - 0.64).abs() < 3e-8);
        assert!((theory(0.8, 1.0, 1e8).jump() - 0.64).abs() < 3e-4);
    }
}
