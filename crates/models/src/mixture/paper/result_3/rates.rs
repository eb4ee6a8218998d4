//! The gap between exact and learnt samples at several n, simulated and predicted, and the exponents of its decay.

use crate::paper::{Show, Tried, all_cells};
use rayon::prelude::*;

use super::coupled::{Gap, gap};
use crate::mixture::generate::predicted::closed_form::Final;
use crate::mixture::generate::predicted::{Dimension, Source, Theories, continuous, predict};
use crate::mixture::generate::{Denoisers, Generation, Integrator, Law};
use crate::mixture::simulate::{DataRule, LabelRule, Method, Search};
use crate::mixture::{Noise, Setting};
use overlaps::compare::statistics::Sample;
use overlaps::compare::{Estimate, PowerLaw};
use overlaps::output::{Cell, Column, Role, Table};

/// Weight of mode +: n p is a whole number at all n here.
pub const P: f64 = 0.75;
/// Steps of Euler, half of them in each phase. The first step of the second phase is made with the network at t = 1, whose
/// activations are not quite ±1 yet: that is in the predictions for as many steps.
pub const STEPS: usize = 40;
/// A dimension that is infinite for the purpose: corrections are of order 1/√d.
pub const FAR: f64 = 1e12;
/// Up to this n there are all seeds, and samples enough for the fraction in mode +.
pub const MOST_WITH_ALL: usize = 256;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Component of X₂ − X̂₂ along μ.
    Mu,
    /// Along η = Σ sⁱzⁱ.
    Eta,
    /// Along the fixed noise ξ = Σ sⁱx₀ⁱ.
    Xi,
    /// σ² less the variance of learnt samples.
    Variance,
    /// The fraction of learnt samples in mode + less p̄ (in simulation: less that of the exact flow from the same starts).
    Fraction,
    /// The fraction of samples that the two flows take to different modes.
    Split,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Quantity; 6] =
        [Quantity::Mu, Quantity::Eta, Quantity::Xi, Quantity::Variance, Quantity::Fraction, Quantity::Split];

    /// Its name in the CSV.
    pub fn name(self) -> &'static str {
        ["gap_mu", "gap_eta", "gap_xi", "gap_variance", "gap_fraction", "split"][self as usize]
    }

    /// Its value.
    pub fn of(self, gap: &Gap) -> f64 {
        [gap.mu, gap.eta, gap.xi, gap.variance, gap.fraction, gap.split][self as usize]
    }

    /// Whether it needs fixed noise.
    pub fn with_fixed_noise(self) -> bool {
        self == Quantity::Xi
    }

    /// The largest n at which it is above the noise of the samples.
    pub fn largest(self) -> usize {
        match self {
            Quantity::Fraction | Quantity::Split => MOST_WITH_ALL,
            _ => usize::MAX,
        }
    }
}

/// What was found at one n.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// The learning problem.
    pub setting: Setting,
    /// One gap per data set.
    pub gaps: Vec<Gap>,
    /// Predicted for as many steps, d → ∞.
    pub predicted: Gap,
    /// Predicted for the flow itself, N → ∞.
    pub limit: Gap,
}

/// How many data sets at this n: large ones are few, because they cost n² and scatter little.
pub fn seeds_at(n: usize, seeds: u64) -> u64 {
    if n > MOST_WITH_ALL { (seeds / 8).max(2) } else { seeds }
}

/// The learning problem at n.
///
/// # Errors
/// None for the n that are used here.
pub fn setting(n: usize, k: f64) -> Tried<Setting> {
    Ok(Setting::new(|name| match name {
        "n" => Some(n as f64),
        "p" => Some(P),
        "k" => Some(k),
        "d" => Some(FAR),
        _ => None,
    })?)
}

/// Gaps with nothing in them.
const UNKNOWN: Gap = Gap {
    mu: f64::NAN,
    eta: f64::NAN,
    xi: f64::NAN,
    variance: f64::NAN,
    fraction: f64::NAN,
    split: f64::NAN,
};

/// Simulates at several n, with fresh noise (k = ∞) or k samples of fixed noise per datum.
///
/// # Errors
/// An interruption, denoisers or theories that do not converge.
pub fn sizes(n: &[usize], k: f64, seeds: u64, samples: usize, show: Show) -> Tried<Vec<Size>> {
    let method = Method::Integrated { data: DataRule::Gram, search: Search::default() };
    let mut sizes: Vec<Size> = Vec::new();
    let mut cells: Vec<(usize, Generation)> = Vec::new();
    for n in n {
        let setting = setting(*n, k)?;
        for _ in 0..seeds_at(*n, seeds) {
            cells.push((
                sizes.len(),
                Generation {
                    setting,
                    // Data sets of their own at every n: at one dimension those of different n share their first samples.
                    seed: cells.len() as u64,
                    labels: LabelRule::Fixed,
                    denoisers: Denoisers::Learnt(&method),
                    steps: STEPS,
                    samples: if *n > MOST_WITH_ALL { 2000 } else { samples },
                    integrator: Integrator::Euler,
                    data: DataRule::Gram,
                },
            ));
        }
        sizes.push(Size { setting, gaps: Vec::new(), predicted: UNKNOWN, limit: UNKNOWN });
    }
    // The dear ones first, so that no core waits for the last of them.
    cells.reverse();
    let all = all_cells(cells.len(), STEPS as u64, show, |cell, running| {
        gap(&cells[cell].1, &method, running.interrupted, running.progress)
    });
    for ((size, generation), gap) in cells.iter().zip(all?) {
        if gap.mu.is_nan() {
            let (n, seed) = (generation.setting.n, generation.seed);
            return Err(format!("denoisers at n = {n}, seed {seed} did not converge").into());
        }
        sizes[*size].gaps.push(gap);
    }
    Ok(sizes)
}

/// Adds what theory says; of the fraction for N → ∞ only if asked for, because that takes long.
///
/// # Errors
/// A theory that does not converge.
pub fn predict_all(sizes: &mut [Size], with_limit: bool) -> Tried<()> {
    let theories = Theories::load()?;
    let all: Vec<[Gap; 2]> = sizes
        .par_iter()
        .map(|size| predictions(&theories, &size.setting, with_limit))
        .collect::<Tried<_>>()?;
    for (size, [predicted, limit]) in sizes.iter_mut().zip(all) {
        (size.predicted, size.limit) = (predicted, limit);
    }
    Ok(())
}

/// What is predicted for `STEPS` steps, and for the flow itself.
///
/// # Errors
/// A theory that does not converge.
pub fn predictions(theories: &Theories, setting: &Setting, with_limit: bool) -> Tried<[Gap; 2]> {
    let plus = (setting.n as f64 * setting.p).round() as usize;
    let learnt = Source::Learnt { n: [plus, setting.n - plus] };
    let times = crate::mixture::generate::times(STEPS);
    let last = |source: Source| -> Tried<Law> {
        let laws =
            predict(theories, setting, source, Dimension::Infinite, Integrator::Euler, &times, &[STEPS])?
                .laws;
        Ok(laws[0])
    };
    let [exact, found] = [last(Source::Exact)?, last(learnt)?];
    let [mu, eta, along_xi] = decided(theories, setting, [plus, setting.n - plus], &times)?;
    let fraction = match setting.noise {
        Noise::Fresh if with_limit => continuous(theories, setting, learnt)?.last.fraction_plus,
        _ => f64::NAN,
    };
    let end = Final::learnt(setting);
    let xi = |x: f64| if setting.noise == Noise::Fresh { f64::NAN } else { -x };
    Ok([
        Gap {
            mu: 1.0 - mu,
            eta: -eta,
            xi: xi(along_xi),
            variance: exact.variance - found.variance,
            fraction: found.fraction_plus - exact.fraction_plus,
            split: f64::NAN,
        },
        Gap {
            mu: 1.0 - end.m,
            eta: -end.eta,
            xi: xi(end.xi),
            variance: setting.sigma * setting.sigma - end.variance,
            fraction: fraction - setting.p,
            split: f64::NAN,
        },
    ])
}

/// S X/√d of a decided sample (activation S) after `STEPS` steps, along μ and the unit vectors of η and ξ.
fn decided(theories: &Theories, setting: &Setting, n: [usize; 2], times: &[f64]) -> Tried<[f64; 3]> {
    let source = Source::Learnt { n };
    let from = STEPS / 2;
    let networks = theories.networks(setting, source, Dimension::Infinite, &times[..STEPS])?;
    let mut x = [0.0; 5];
    for (place, network) in networks.iter().enumerate().skip(from) {
        // As d → ∞ the second phase starts from τ = 0, and from nothing.
        let (tau, step) = (times[place] - 1.0, times[place + 1] - times[place]);
        let (of_x, of_data) = setting.interpolant.velocity(tau);
        for (x, u) in x.iter_mut().zip(&network.u) {
            *x += step * ((of_x + of_data * network.c) * *x + of_data * u);
        }
    }
    let root = n.map(|n| (n as f64).sqrt());
    // Unit vectors along Σ z and Σ x₀ of each class, as those along Σ s z and Σ s x₀ of both.
    let both = |plus: f64, minus: f64| (root[0] * plus - root[1] * minus) / root[0].hypot(root[1]);
    Ok([x[0], both(x[1], x[2]), both(x[3], x[4])])
}

/// A fitted exponent with what is predicted of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// Of what.
    pub quantity: Quantity,
    /// What the simulation says.
    pub fit: PowerLaw,
    /// The same fit to the predictions for as many steps.
    pub predicted: f64,
    /// The same fit to the predictions for N → ∞.
    pub limit: f64,
}

impl Rate {
    /// Fits the decay of a quantity.
    ///
    /// # Errors
    /// Too few data sets, or values that are not above the noise.
    pub fn new(quantity: Quantity, sizes: &[Size]) -> Tried<Rate> {
        let sizes: Vec<&Size> = sizes.iter().filter(|size| size.setting.n <= quantity.largest()).collect();
        let samples: Vec<Sample> = sizes.iter().map(|size| sample(quantity, size)).collect();
        let Some(fit) = PowerLaw::fit(&samples) else {
            return Err(format!("{} vanishes in the noise at some n; use more seeds", quantity.name()).into());
        };
        let of = |gap: fn(&Size) -> &Gap| -> f64 {
            fit.exponent_of(&sizes.iter().map(|size| quantity.of(gap(size))).collect::<Vec<_>>())
        };
        Ok(Rate { quantity, predicted: of(|s| &s.predicted), limit: of(|s| &s.limit), fit })
    }

    /// What the steps of Euler change, by theory.
    pub fn of_steps(&self) -> f64 {
        let change = (self.predicted - self.limit).abs();
        if change.is_nan() { 0.0 } else { change }
    }

    /// All errors together: the scatter, what the smallest n changes, and what the steps change.
    pub fn error(&self) -> f64 {
        self.fit.error().hypot(self.of_steps())
    }
}

/// Exponents as statements are about them.
///
/// # Errors
/// None that a user can cause.
pub fn table(rates: &[Rate]) -> Tried<Table> {
    let columns = [
        ("quantity", "the gap that falls as n^γ", Role::Label),
        ("t", "time at which it is measured", Role::Control),
        ("gamma", "γ", Role::Output),
        ("scatter", "its standard error, from the scatter of the data sets", Role::Output),
        ("systematic", "what the smallest n changes", Role::Output),
        ("of_steps", "what the steps of Euler change", Role::Output),
        ("error", "all three together", Role::Output),
        ("freedom", "degrees of freedom of the scatter", Role::Output),
        ("theory", "the same fit to what is predicted for as many steps", Role::Output),
        ("limit", "the same for the flow itself", Role::Output),
    ];
    let mut table = Table::new(columns.map(|(name, meaning, role)| Column::new(name, meaning, role)).into());
    for rate in rates {
        let Estimate { value, error, freedom } = rate.fit.exponent;
        let errors = [error, rate.fit.systematic, rate.of_steps(), rate.error()];
        let numbers = [2.0, value].into_iter().chain(errors).chain([freedom, rate.predicted, rate.limit]);
        table.push([rate.quantity.name().into()].into_iter().chain(numbers.map(Cell::from)).collect())?;
    }
    Ok(table)
}

/// The values of a quantity at one n, over data sets.
pub fn sample(quantity: Quantity, size: &Size) -> Sample {
    let values = size.gaps.iter().map(|gap| quantity.of(gap)).collect();
    Sample { d: size.setting.n as f64, values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paper::SILENT;

    #[test]
    #[ignore = "some seconds; tests/thorough"]
    fn exponents_are_minus_one_along_mu_and_minus_one_half_along_the_data() {
        let n = [8, 16, 32, 64];
        let mut fresh = sizes(&n, f64::INFINITY, 2, 500, SILENT).unwrap();
        let mut fixed = sizes(&n, 1.0, 2, 500, SILENT).unwrap();
        predict_all(&mut fresh, false).unwrap();
        predict_all(&mut fixed, false).unwrap();
        for (quantity, derived) in
            [(Quantity::Mu, -1.0), (Quantity::Eta, -0.5), (Quantity::Xi, -0.5), (Quantity::Variance, -1.0)]
        {
            let sizes = if quantity.with_fixed_noise() { &fixed } else { &fresh };
            let rate = Rate::new(quantity, sizes).unwrap();
            // Three standard errors, and twice what the form of the fit and the steps may be wrong by.
            let width = 3.0 * rate.fit.exponent.error + 2.0 * (rate.fit.systematic + rate.of_steps());
            let allows = |exponent: f64| (rate.fit.exponent.value - exponent).abs() <= width;
            assert!(allows(derived), "{rate:?}");
            assert!((rate.fit.exponent.value - rate.predicted).abs() < 5e-3, "{rate:?}");
            assert!((rate.limit - derived).abs() < 1e-3, "{rate:?}");
            assert!((rate.fit.exponent.value - derived).abs() < 0.02, "{rate:?}");
            // The wrong one of the two is far outside the errors.
            assert!(!allows(-1.5 - derived), "{rate:?}");
            for size in sizes {
                // At small n a typical sample is not quite decided at t = 1 (activation 0.999).
                let (found, predicted) = (sample(quantity, size).mean(), quantity.of(&size.predicted));
                assert!((found - predicted).abs() < 1e-4, "{quantity:?} {found} {predicted}");
            }
        }
    }

    #[test]
    fn components_are_those_of_the_closed_form() {
        // 1 − n/(λ + n), √n σ/(λ + n) and √n √(A/B)/(λ + n) at n = 8: A = 7.2/8.1, B = 7.1/8.1.
        let theories = Theories::load().unwrap();
        let [_, fresh] = predictions(&theories, &setting(8, f64::INFINITY).unwrap(), false).unwrap();
        assert!((fresh.mu - 0.1 / 8.1).abs() < 1e-15 && (fresh.eta + 8f64.sqrt() / 8.1).abs() < 1e-15);
        assert!((fresh.variance - 0.9 / 8.1).abs() < 1e-15);
        let [steps, fixed] = predictions(&theories, &setting(8, 1.0).unwrap(), false).unwrap();
        let expected = 8f64.sqrt() * (7.2f64 / 7.1).sqrt() / 8.1;
        assert!((fixed.xi - expected).abs() < 1e-15);
        // Steps of Euler leave an error of order 1/N.
        assert!((steps.xi / expected - 1.0).abs() < 3.0 / STEPS as f64, "{steps:?}");
    }

    #[test]
    fn a_fraction_within_the_noise_is_refused_with_advice() {
        let few = sizes(&[8, 16, 32, 64], f64::INFINITY, 2, 1, SILENT).unwrap();
        let error = Rate::new(Quantity::Split, &few).unwrap_err().to_string();
        assert!(error.contains("more seeds"), "{error}");
    }
}
