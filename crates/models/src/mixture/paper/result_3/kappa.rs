//! The exact denoiser: the law of ν = μ·X/√d at the end of the first phase, against the dilation κ (Proposition 1).

use super::rates::{FAR, P};
use crate::mixture::Setting;
use crate::mixture::generate::predicted::closed_form::{mixture_cdf, p_kappa};
use crate::mixture::generate::{Denoisers, Generation, Integrator};
use crate::mixture::simulate::{DataRule, LabelRule};
use crate::paper::{Show, Tried, all_cells};
use overlaps::compare::statistics::kolmogorov_smirnov;
use overlaps::output::{Cell, Column, Role, Table};

/// What was found at one κ.
#[derive(Debug, Clone, PartialEq)]
pub struct AtKappa {
    /// The dilation.
    pub kappa: f64,
    /// Fraction of samples with ν₁ > 0, its standard error, and p^κ.
    pub fraction: [f64; 3],
    /// What the same samples have more at t = 2, its standard error, and p − p^κ.
    pub missing: [f64; 3],
    /// Distance of Kolmogorov and Smirnov between ν₁ and p N(κ, 1) + (1 − p) N(−κ, 1), and the probability of a larger one.
    pub distance: [f64; 2],
    /// Samples.
    pub samples: usize,
}

/// Generates at some κ with the exact denoiser and the adaptive method.
///
/// # Errors
/// An interruption, an integrator that gives up.
pub fn at_kappa(kappas: &[f64], samples: usize, show: Show) -> Tried<Vec<AtKappa>> {
    let settings: Vec<Setting> = kappas
        .iter()
        .map(|kappa| {
            Setting::new(|name| match name {
                "p" => Some(P),
                "kappa" => Some(*kappa),
                "d" => Some(FAR),
                _ => None,
            })
        })
        .collect::<Result<_, _>>()?;
    let all = all_cells(kappas.len(), 1, show, |cell, running| {
        let generation = Generation {
            setting: settings[cell],
            // The flow keeps the order of ν, so that equal starts would make equal distances.
            seed: 1000 + cell as u64,
            labels: LabelRule::Fixed,
            denoisers: Denoisers::Exact,
            steps: 2,
            samples,
            integrator: Integrator::Adaptive,
            data: DataRule::Gram,
        };
        generation.generate(running.interrupted, running.progress)
    });
    let found = settings.iter().zip(all?).map(|(setting, mut generated)| {
        let count = samples as f64;
        let error = |p: f64| (p * (1.0 - p) / count).sqrt();
        let [first, last] = [1, 2].map(|place| generated.laws[place].fraction_plus);
        let expected = p_kappa(P, setting.kappa);
        let (distance, probability) =
            kolmogorov_smirnov(&mut generated.nu_first, |x| mixture_cdf(setting, 1.0, x));
        AtKappa {
            kappa: setting.kappa,
            fraction: [first, error(expected), expected],
            missing: [last - first, error(P - expected), P - expected],
            distance: [distance, probability],
            samples,
        }
    });
    Ok(found.collect())
}

/// The same, as statements are about them.
///
/// # Errors
/// None that a user can cause.
pub fn table(found: &[AtKappa]) -> Tried<Table> {
    let columns = [
        ("kappa", "dilation of time", Role::Parameter),
        ("p", "weight of mode +", Role::Parameter),
        ("t", "time at which the law of ν is measured", Role::Control),
        ("first", "fraction of samples with ν > 0 there", Role::Output),
        ("first_error", "its standard error", Role::Output),
        ("missing", "what the same samples have more at t = 2", Role::Output),
        ("missing_error", "its standard error", Role::Output),
        ("distance", "distance of Kolmogorov and Smirnov from the law of ν that is stated", Role::Output),
        ("probability", "of a larger one", Role::Output),
    ];
    let mut table = Table::new(columns.map(|(name, meaning, role)| Column::new(name, meaning, role)).into());
    for at in found {
        let [first, first_error, _] = at.fraction;
        let [missing, missing_error, _] = at.missing;
        let [distance, probability] = at.distance;
        let numbers = [at.kappa, P, 1.0, first, first_error, missing, missing_error, distance, probability];
        table.push(numbers.map(Cell::from).into())?;
    }
    Ok(table)
}
