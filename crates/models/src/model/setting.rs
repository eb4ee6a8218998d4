//! The learning problem at finite dimension: mixture, training set, weight decays.

use thiserror::Error;

use super::interpolant::{Interpolant, Path, Schedule};
use super::parameter::{parameter, words_of};
use super::target::Target;
use ::overlaps::model::Parameter;
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

/// A parameter of a learning problem with a value it cannot take.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SettingError {
    /// A value outside the range of its parameter.
    #[error("{name} = {value} is not possible in a simulation: {accepted}")]
    Value {
        /// Parameter.
        name: &'static str,
        /// Value given.
        value: f64,
        /// What would be accepted.
        accepted: String,
    },
    /// A value that is none of the words of its parameter.
    #[error("{name} = {value} is not possible in a simulation: use one of {accepted}")]
    NotAWord {
        /// Parameter.
        name: &'static str,
        /// Value given.
        value: Value,
        /// Its words.
        accepted: String,
    },
}

impl Setting {
    /// Checks values by name; parameters that are not given take their defaults.
    ///
    /// # Errors
    /// The first value that is not possible, with what would be.
    pub fn new<V: Into<Value>>(value_of: impl Fn(&str) -> Option<V>) -> Result<Setting, SettingError> {
        let value_of = |name: &str| value_of(name).map(Into::into);
        let of = |name: &str| value_of(name).or_else(|| parameter(name).and_then(Parameter::default));
        let value = |name: &str| of(name).and_then(|value| value.number()).unwrap_or(f64::NAN);
        let bad = |name: &'static str, accepted: &str| {
            Err(SettingError::Value { name, value: value(name), accepted: accepted.into() })
        };
        let whole = |x: f64| x.fract() == 0.0 && x.is_finite();
        let n = value("n");
        if !(whole(n) && (2.0..=1e5).contains(&n)) {
            return bad("n", "n is a whole number of samples from 2 to 100000");
        }
        let p = value("p");
        if !(p > 0.0 && p < 1.0) {
            return bad("p", "p is the weight of mode +, 0 < p < 1");
        }
        let sigma = value("sigma");
        if !(0.0..1e6).contains(&sigma) {
            return bad("sigma", "σ is a standard deviation, 0 ≤ σ < 10⁶");
        }
        let kappa = value("kappa");
        if !(kappa >= 0.0 && kappa.is_finite()) {
            return bad("kappa", "κ is a finite number, κ ≥ 0");
        }
        let lambda = value("lambda");
        if !(lambda >= 0.0 && lambda.is_finite()) {
            return bad("lambda", "λ is a finite weight decay, λ ≥ 0");
        }
        let ell = value("ell");
        if !(ell > 0.0 && ell.is_finite()) {
            return bad("ell", "ℓ is a finite weight decay, ℓ > 0");
        }
        let p_test = value_of("p_test").map_or(p, |value| value.number().unwrap_or(f64::NAN));
        if !(0.0..=1.0).contains(&p_test) {
            return Err(SettingError::Value {
                name: "p_test",
                value: p_test,
                accepted: "it is a weight, 0 ≤ p_test ≤ 1".into(),
            });
        }
        let k = value("k");
        let noise = if k == f64::INFINITY {
            Noise::Fresh
        } else if whole(k) && (1.0..=1e4).contains(&k) {
            Noise::Fixed(k as usize)
        } else {
            return bad("k", "k is a whole number of noise samples per datum from 1 to 10000, or inf");
        };
        let d = value("d");
        if !(whole(d) && (2.0..=9e15).contains(&d)) {
            return Err(SettingError::Value {
                name: "d",
                value: d,
                accepted: "d is a whole number of dimensions from 2 to 9·10¹⁵".into(),
            });
        }
        let one_of = |name: &'static str| -> Result<usize, SettingError> {
            let (words, value) = (words_of(name), of(name).unwrap_or(Value::Number(f64::NAN)));
            let place = words.iter().position(|word| Some(*word) == value.word());
            place.ok_or_else(|| SettingError::NotAWord {
                name,
                value: value.clone(),
                accepted: words.join(", "),
            })
        };
        let interpolant = Interpolant::ALL[one_of("interpolant")?];
        let schedule = Schedule::ALL[one_of("schedule")?];
        if schedule == Schedule::Dilated && d <= kappa * kappa {
            return Err(SettingError::Value {
                name: "d",
                value: d,
                accepted: format!(
                    "τ(1) = κ/√d must be below 1, so d > κ² = {}; raise d or lower kappa",
                    kappa * kappa
                ),
            });
        }
        let bend = value("bend");
        if !(bend > 0.0 && bend < 2.0) {
            return bad("bend", "it is a time of the schedule, 0 < bend < 2");
        }
        let (m, beta) = (value("M"), value("beta"));
        let target = match one_of("target")? {
            0 if value_of("beta").is_some() => {
                return bad("beta", "a mixture has no temperature; use it with target=curie_weiss");
            }
            0 if m > 0.0 && m < 1e6 => Target::Mixture { m },
            0 => return bad("M", "the modes stand at ±M√d along μ, 0 < M < 10⁶"),
            _ if value_of("M").is_some() => {
                return bad("M", "the magnetisation follows from beta; use it with target=mixture");
            }
            _ if value_of("sigma").is_some() => {
                return bad("sigma", "spins are ±1 and have no width; use it with target=mixture");
            }
            _ if beta > 1.0 && beta <= 50.0 => Target::curie_weiss(beta),
            _ => return bad("beta", "two states exist at inverse temperatures 1 < β, here up to 50"),
        };
        Ok(Setting {
            n: n as usize,
            p,
            sigma,
            kappa,
            lambda,
            ell,
            p_test,
            noise,
            d: d as u64,
            interpolant,
            schedule,
            bend,
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
        Setting::new(|name| changes.iter().find(|(n, _)| *n == name).map(|(n, v)| crate::model::coded(n, *v)))
    }

    #[test]
    fn defaults_are_those_of_the_equation_files() {
        let theory = ::overlaps::system::Theory::load("finite-d").unwrap();
        let system = &theory.pieces[0].system;
        let values = system.parameter_values(&[]);
        for (parameter, value) in system.parameters.iter().zip(values) {
            let default = super::parameter(&parameter.name).unwrap().default();
            assert!(default.is_none_or(|d| d == parameter.value(value)), "{}", parameter.name);
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
