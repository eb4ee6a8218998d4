//! The flow itself, N → ∞, as d → ∞: dx/dκ′ = û tanh(ŵ·x + b) in the scaled time κ′ = √d τ of the first phase (section 6 of
//! the theory), by the classical Runge–Kutta method with the denoisers of theory at its stages.

use crate::mixture::generate::denoiser::Projected;
use crate::mixture::generate::error::GenerateError;
use crate::mixture::generate::law::Law;
use crate::mixture::{Interpolant, Schedule, Setting};
use overlaps::numeric::tanh_and_sech2;

use super::Dimension;
use super::Prediction;
use super::average::{Averages, Map, laid_out, laws};
use super::closed_form::{Final, larger_class_takes_all};
use super::steps::{FIRST, State};
use super::theory::{Source, Theories};

/// Steps of Runge–Kutta per unit of κ′: the error at κ′ = 4 is below 1e-9.
const PER_UNIT: f64 = 64.0;
/// From this κ′ on no sample changes its mode: Φ(−κ′) is below round-off.
const DECIDED: f64 = 8.5;

/// One interval of Runge–Kutta: its length, and the denoisers at its beginning, middle and end.
struct Interval {
    length: f64,
    stages: [Projected; 3],
}

/// The flow up to some values of κ′.
struct Flow {
    intervals: Vec<Interval>,
    /// How many intervals come before each value.
    ends: Vec<usize>,
    n: Option<[usize; 2]>,
    along: State,
}

/// The laws of the continuous flow as d → ∞.
#[derive(Debug, Clone, PartialEq)]
pub struct Continuous {
    /// At t = 1 of the dilated schedule, √d τ = κ.
    pub first: Law,
    /// At t = 2. The mode of a sample is decided while √d τ goes on from κ to ∞.
    pub last: Law,
    /// Largest difference from a lower quadrature rule.
    pub error: f64,
}

impl Continuous {
    /// The law at the end of a phase.
    pub fn at(&self, t: f64) -> Option<Law> {
        match t {
            1.0 => Some(self.first),
            2.0 => Some(self.last),
            _ => None,
        }
    }
}

/// The laws at the ends of both phases.
///
/// # Errors
/// A theory that does not converge.
pub fn continuous(
    theories: &Theories,
    setting: &Setting,
    source: Source,
) -> Result<Continuous, GenerateError> {
    let kappa = setting.kappa;
    let flow = Flow::new(theories, setting, source, &[kappa, kappa.max(DECIDED)])?;
    let Prediction { laws, error } = laws(&flow, &[0, 1]);
    let last = match source {
        Source::Exact => Final::exact(setting),
        Source::Learnt { .. } => Final::learnt(setting),
    };
    let undefined = matches!(source, Source::Exact);
    let of_data = |x: f64| if undefined { f64::NAN } else { x };
    let fixed = matches!(setting.noise, crate::mixture::Noise::Fixed(_)) && !undefined;
    let fraction_plus = match source {
        Source::Learnt { n } if larger_class_takes_all(setting, n) => f64::from(n[0] > n[1]),
        _ => laws[1].fraction_plus,
    };
    let last = Law {
        fraction_plus,
        m: [last.m, -last.m],
        sd_m: [0.0, 0.0],
        variance: last.variance,
        z: [of_data(last.z), of_data(-last.z)],
        eta: of_data(last.eta),
        xi: if fixed { last.xi } else { f64::NAN },
        ..Law::UNKNOWN
    };
    Ok(Continuous { first: laws[0], last, error })
}

impl Flow {
    fn new(
        theories: &Theories,
        setting: &Setting,
        source: Source,
        to: &[f64],
    ) -> Result<Flow, GenerateError> {
        let longest = to.iter().copied().fold(0.0, f64::max);
        // In the time of a dilated schedule of that length, whatever the setting's own.
        let scaled = Setting {
            kappa: longest,
            schedule: Schedule::Dilated,
            interpolant: Interpolant::Linear,
            ..*setting
        };
        let mut starts = vec![0.0];
        if let Source::Learnt { n } = source {
            // The global solution jumps there, and with it the velocity.
            starts.extend(theories.jumps(&scaled, n)?.into_iter().map(|t| t * longest));
        }
        let mut knots: Vec<f64> = starts.iter().chain(to).copied().collect();
        knots.sort_by(f64::total_cmp);
        knots.dedup();
        let mut flow = Flow {
            intervals: Vec::new(),
            ends: vec![0; to.len()],
            n: match source {
                Source::Exact => None,
                Source::Learnt { n } => Some(n),
            },
            along: FIRST,
        };
        for ends in knots.windows(2) {
            let (from, until) = (ends[0], ends[1]);
            let count = ((until - from) * PER_UNIT).ceil().max(2.0) as usize;
            let length = (until - from) / count as f64;
            // Stages at the ends of a piece stand a little inside, where the solution is that of the piece.
            let inside = 1e-9 * (until - from);
            let time =
                |k: usize| (from + 0.5 * length * k as f64).clamp(from + inside, until - inside) / longest;
            let times: Vec<f64> = (0..=2 * count).map(time).collect();
            let networks = theories.networks(&scaled, source, Dimension::Infinite, &times)?;
            for k in 0..count {
                let stages = [0, 1, 2].map(|stage| networks[2 * k + stage].clone());
                flow.intervals.push(Interval { length, stages });
            }
            for (place, value) in to.iter().enumerate() {
                if *value == until {
                    flow.ends[place] = flow.intervals.len();
                    if place == 0 {
                        flow.along = direction(&networks[2 * count]);
                    }
                }
            }
        }
        Ok(flow)
    }
}

/// The direction of w.
fn direction(network: &Projected) -> State {
    let length = network.w.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length > 0.0 { std::array::from_fn(|j| network.w[j] / length) } else { FIRST }
}

impl Map for Flow {
    fn trace(&self, starts: &[State], places: &[usize], visit: &mut dyn FnMut(usize, &State)) {
        for (index, start) in starts.iter().enumerate() {
            self.one(start, places, &mut |x| visit(index, x));
        }
    }

    fn random(&self) -> usize {
        if self.n.is_some() { 3 } else { 1 }
    }

    fn along(&self) -> State {
        self.along
    }

    fn law(&self, _: usize, averages: &Averages) -> Law {
        laid_out(averages, self.n, false, f64::INFINITY, 1.0)
    }
}

impl Flow {
    /// Where one start is at some places.
    fn one(&self, start: &State, places: &[usize], visit: &mut dyn FnMut(&State)) {
        let mut x = *start;
        let moved =
            |x: &State, slope: &State, by: f64| -> State { std::array::from_fn(|j| x[j] + by * slope[j]) };
        let slope = |network: &Projected, x: &State| -> State {
            let along: f64 = network.w.iter().zip(x).map(|(w, x)| w * x).sum();
            let activation = tanh_and_sech2(along + network.b).0;
            std::array::from_fn(|j| activation * network.u[j])
        };
        let mut done = 0;
        for place in places {
            for Interval { length: h, stages: [from, middle, to] } in &self.intervals[done..self.ends[*place]]
            {
                let k1 = slope(from, &x);
                let k2 = slope(middle, &moved(&x, &k1, 0.5 * h));
                let k3 = slope(middle, &moved(&x, &k2, 0.5 * h));
                let k4 = slope(to, &moved(&x, &k3, *h));
                for j in 0..x.len() {
                    x[j] += h / 6.0 * (k1[j] + 2.0 * k2[j] + 2.0 * k3[j] + k4[j]);
                }
            }
            done = self.ends[*place];
            visit(&x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixture::generate::predicted::closed_form::p_kappa;

    fn setting(changes: &[(&str, f64)]) -> Setting {
        Setting::new(|name| {
            changes.iter().find(|(n, _)| *n == name).map(|(n, v)| crate::mixture::coded(n, *v))
        })
        .unwrap()
    }

    #[test]
    fn proposition_1_at_infinite_d() {
        let theories = Theories::load().unwrap();
        for (p, kappa) in [(0.8, 1.0), (0.8, 2.0), (0.6, 3.0), (0.95, 4.0)] {
            let s = setting(&[("p", p), ("kappa", kappa)]);
            let flow = continuous(&theories, &s, Source::Exact).unwrap();
            assert!((flow.first.fraction_plus - p_kappa(p, kappa)).abs() < 1e-10, "{p} {kappa} {flow:?}");
            // ν₁ ~ p N(κ, 1) + (1 − p) N(−κ, 1), whose second moment is κ² + 1.
            let f = flow.first;
            let second = f.fraction_plus * (f.nu[0].powi(2) + f.sd_nu[0].powi(2))
                + (1.0 - f.fraction_plus) * (f.nu[1].powi(2) + f.sd_nu[1].powi(2));
            assert!((second - kappa * kappa - 1.0).abs() < 1e-6, "{second}");
            let mean = f.fraction_plus * f.nu[0] + (1.0 - f.fraction_plus) * f.nu[1];
            assert!((mean - (2.0 * p - 1.0) * kappa).abs() < 1e-6, "{mean}");
            // The flow itself maps N(0, 1) to the mixture at every κ′.
            assert!((flow.last.fraction_plus - p).abs() < 1e-9, "{flow:?}");
        }
    }

    #[test]
    #[ignore = "some seconds; tests/thorough"]
    fn the_learnt_fraction_is_not_that_of_the_data() {
        let theories = Theories::load().unwrap();
        let s = setting(&[("n", 8.0), ("p", 0.75), ("kappa", 4.0)]);
        let flow = continuous(&theories, &s, Source::Learnt { n: [6, 2] }).unwrap();
        // 0.789: an independent integration (section 6 of the theory).
        assert!((flow.first.fraction_plus - 0.789).abs() < 1e-3, "{flow:?}");
        assert!(flow.error < 1e-5, "{flow:?}");
    }
}
