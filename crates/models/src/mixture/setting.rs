//! The learning problem at finite dimension: mixture, training set, weight decays.

use thiserror::Error;

use super::interpolant::{Interpolant, Path, Schedule};
use super::parameter::FLOW;
use super::target::Target;
use ::overlaps::model::{ParameterError, Point};
use ::overlaps::value::Value;

/// The noise x₀ that a datum is seen with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// Fresh at every step; the loss is its expectation (k = ∞).
    Fresh,
    /// The same k samples per datum throughout.
    Fixed(usize),
}

/// A learning problem: n samples of p N(μ, σ² I) + (1 − p) N(−μ, σ² I) with |μ|² = d, an interpolant in the time of a
/// schedule with dilation κ, and the loss ½ Σᵢ E|f(x_tⁱ) − x₁ⁱ|² + (λ/2)|u|² + (ℓ/2)|w|².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Training samples.
    pub n: usize,
    /// Weight of mode +.
    pub p: f64,
    /// Standard deviation within a mode.
    pub sigma: f64,
    /// Dilation of time.
    pub kappa: f64,
    /// Weight decay of u.
    pub lambda: f64,
    /// Weight decay of w.
    pub ell: f64,
    /// Weight of mode + in test data.
    pub p_test: f64,
    /// Noise samples per datum.
    pub noise: Noise,
    /// Dimension.
    pub d: u64,
    /// Interpolant between noise and data.
    pub interpolant: Interpolant,
    /// Schedule of the time t.
    pub schedule: Schedule,
    /// Where the schedule bends.
    pub bend: f64,
    /// Law of the data.
    pub target: Target,
}

/// Parameters of a learning problem that do not fit.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SettingError {
    /// A value that its parameter cannot take.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// An exploding interpolant where denoisers are learnt, or time is turned: those are of the variance-preserving ones.
    #[error(
        "interpolant = {} is for the flow of the exact denoiser alone (`overlaps generate --denoiser exact`, `overlaps steps`); use linear or trigonometric",
        .0.name()
    )]
    ExactFlowOnly(Interpolant),
    /// A value that does not fit the others.
    #[error("{name} = {value} is not possible in a simulation: {accepted}")]
    Value {
        /// Parameter.
        name: &'static str,
        /// Value given.
        value: f64,
        /// What would be accepted.
        accepted: String,
    },
}

impl Setting {
    /// Checks values by name; parameters that are not given take their defaults.
    ///
    /// # Errors
    /// The first value that is not possible, with what would be.
    pub fn new<V: Into<Value>>(value_of: impl Fn(&str) -> Option<V>) -> Result<Setting, SettingError> {
        let given = FLOW.parameters.iter().filter_map(|p| Some((p.name.as_str(), value_of(&p.name)?.into())));
        Setting::at(&FLOW.known().at(given)?)
    }

    /// The learning problem of a point of [`DENOISER`](super::DENOISER) or [`FLOW`].
    ///
    /// # Errors
    /// Values that do not fit each other.
    pub fn at(point: &Point) -> Result<Setting, SettingError> {
        let point = FLOW.known().at(point.given())?;
        let number = |name: &str| point.number(name);
        let bad = |name: &'static str, accepted: &str| {
            Err(SettingError::Value { name, value: number(name), accepted: accepted.into() })
        };
        let place = |name: &str, words: &[&str]| {
            words.iter().position(|word| *word == point.word(name)).unwrap_or_default()
        };
        let schedule = Schedule::ALL[place("schedule", &Schedule::NAMES)];
        let (d, kappa) = (number("d"), number("kappa"));
        if schedule == Schedule::Dilated && d <= kappa * kappa {
            let least = kappa * kappa;
            return bad(
                "d",
                &format!("τ(1) = κ/√d must be below 1, so d > κ² = {least}; raise d or lower kappa"),
            );
        }
        let target = match place("target", &Target::NAMES) {
            0 if point.is_given("beta") => {
                return bad("beta", "a mixture has no temperature; use it with target=curie_weiss");
            }
            0 => Target::Mixture { m: number("M") },
            _ if point.is_given("M") => {
                return bad("M", "the magnetisation follows from beta; use it with target=mixture");
            }
            _ if point.is_given("sigma") => {
                return bad("sigma", "spins are ±1 and have no width; use it with target=mixture");
            }
            _ => Target::curie_weiss(number("beta")),
        };
        let k = number("k");
        Ok(Setting {
            n: number("n") as usize,
            p: number("p"),
            sigma: number("sigma"),
            kappa,
            lambda: number("lambda"),
            ell: number("ell"),
            p_test: number("p_test"),
            noise: if k.is_finite() { Noise::Fixed(k as usize) } else { Noise::Fresh },
            d: d as u64,
            interpolant: Interpolant::ALL[place("interpolant", &Interpolant::NAMES)],
            schedule,
            bend: number("bend"),
            target,
        })
    }

    /// The interpolant in the time of the schedule, at this κ and d.
    pub fn path(&self) -> Path {
        Path {
            interpolant: self.interpolant,
            schedule: self.schedule,
            kappa: self.kappa,
            bend: self.bend,
            root_d: self.root_d(),
        }
    }

    /// √d.
    pub fn root_d(&self) -> f64 {
        (self.d as f64).sqrt()
    }

    /// How many Gaussian vectors the data consist of: z of every sample, and x₀ of every fixed noise sample.
    pub fn vectors(&self) -> usize {
        match self.noise {
            Noise::Fresh => self.n,
            Noise::Fixed(k) => self.n * (1 + k),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[(&str, f64)]) -> Result<Setting, SettingError> {
        Setting::new(|name| {
            changes.iter().find(|(n, _)| *n == name).map(|(n, v)| crate::mixture::coded(n, *v))
        })
    }

    #[test]
    fn defaults_are_those_of_the_equation_files() {
        let theory = ::overlaps::system::Theory::load("finite-d").unwrap();
        let system = &theory.pieces[0].system;
        let values = system.parameter_values(&[]);
        for (parameter, value) in system.parameters.iter().zip(values) {
            let own = FLOW.parameters.iter().find(|own| own.name == parameter.name).unwrap();
            assert!(own.default().is_none_or(|d| d == parameter.value(value)), "{}", parameter.name);
        }
        assert_eq!(with(&[]).unwrap().p_test, 0.8);
    }

    #[test]
    fn impossible_values_are_named_with_what_is_accepted() {
        for (name, value, part) in [
            ("n", 1.0, "from 2"),
            ("n", 8.5, "whole number"),
            ("p", 1.0, "0 < p < 1"),
            ("sigma", -1.0, "0 ≤ σ"),
            ("ell", 0.0, "ℓ > 0"),
            ("lambda", f64::NAN, "λ ≥ 0"),
            ("k", 0.0, "or inf"),
            ("k", 2.5, "or inf"),
            ("d", 16.0, "d > κ² = 16"),
            ("d", 99.5, "whole number"),
            ("p_test", 2.0, "p_test ≤ 1"),
        ] {
            let error = with(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(name), "{error}");
        }
    }
}
