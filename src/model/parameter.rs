//! The parameters of what is simulated, each declared once: name, default, words, meaning.

use super::interpolant::{Interpolant, Schedule};
use super::target::Target;
use crate::name::{ascii_name, did_you_mean};
use crate::value::Value;

/// The value of a parameter that is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Usual {
    /// A number.
    Number(f64),
    /// The first of the words that are its values.
    Words(&'static [&'static str]),
    /// The value of another parameter.
    Of(&'static str),
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its default, and its words if it has some.
    pub usual: Usual,
    /// Its meaning.
    pub meaning: &'static str,
}

const fn number(name: &'static str, default: f64, meaning: &'static str) -> Parameter {
    Parameter { name, usual: Usual::Number(default), meaning }
}

const fn words(name: &'static str, words: &'static [&'static str], meaning: &'static str) -> Parameter {
    Parameter { name, usual: Usual::Words(words), meaning }
}

/// The parameters of a [`Setting`](super::Setting), in the order of tables.
pub const PARAMETERS: [Parameter; 11] = [
    number("n", 128.0, "training samples"),
    number("p", 0.8, "weight of mode +; in tables, the fraction of training samples in it"),
    number("sigma", 1.0, "standard deviation within a mode"),
    number("kappa", 4.0, "dilation of time"),
    number("lambda", 0.1, "weight decay of u, (λ/2)|u|²"),
    number("ell", 0.01, "weight decay of w, (ℓ/2)|w|²"),
    Parameter { name: "p_test", usual: Usual::Of("p"), meaning: "weight of mode + in test data" },
    number("k", f64::INFINITY, "noise samples per datum; inf: fresh noise at every step"),
    number("d", 5000.0, "dimension of the data"),
    words("interpolant", &Interpolant::NAMES, "interpolant between noise and data"),
    words("schedule", &Schedule::NAMES, "schedule, from the time t to τ"),
];

/// The same for what only the flow of the exact denoiser has.
pub const FLOW_PARAMETERS: [Parameter; 4] = [
    words("target", &Target::NAMES, "law of the data"),
    number("M", 1.0, "mixture: |μ|/√d"),
    number("beta", 1.5, "Curie–Weiss: inverse temperature"),
    number("bend", 1.0, "time t at which a dilated schedule bends"),
];

/// The parameters of an [`ExactDenoiser`](super::ExactDenoiser), in the order of tables.
pub const EXACT_PARAMETERS: [Parameter; 4] = [
    number("p", 0.8, "weight of mode +"),
    number("sigma", 1.0, "standard deviation within a mode"),
    number("d", 5000.0, "dimension of the data"),
    words("interpolant", &Interpolant::NAMES, "interpolant between noise and data"),
];

impl Parameter {
    /// Its default; none if it is that of another parameter.
    pub fn default(&self) -> Option<Value> {
        match self.usual {
            Usual::Number(number) => Some(Value::Number(number)),
            Usual::Words(words) => Some(Value::from(words[0])),
            Usual::Of(_) => None,
        }
    }

    /// The words that are its values; none if they are numbers.
    pub fn words(&self) -> &'static [&'static str] {
        match self.usual {
            Usual::Words(words) => words,
            Usual::Number(_) | Usual::Of(_) => &[],
        }
    }
}

/// The parameter of a name, of all that is simulated.
pub fn parameter(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().chain(&FLOW_PARAMETERS).find(|parameter| parameter.name == name)
}

/// The words that are the values of a parameter; none if they are numbers.
pub fn words_of(name: &str) -> &'static [&'static str] {
    parameter(name).map_or(&[], Parameter::words)
}

/// Which of some names is meant: Greek letters may be written or spelled. `whose` stands in the message: "a simulation".
///
/// # Errors
/// None of them; the nearest is suggested.
pub fn name_meant<'n>(
    given: &str,
    whose: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Result<&'n str, String> {
    let spelled = ascii_name(given).unwrap_or_else(|| given.to_string());
    names.clone().find(|name| *name == spelled).ok_or_else(|| {
        let hint = did_you_mean(&spelled, names.clone());
        let known: Vec<&str> = names.collect();
        format!("{whose} has no parameter `{given}`{hint}; its parameters are {}", known.join(", "))
    })
}

/// The value at a place of a table of numbers, in which a word is its place among the words of its parameter.
#[cfg(test)]
pub fn coded(name: &str, number: f64) -> Value {
    words_of(name).get(number as usize).map_or(Value::Number(number), |word| Value::from(*word))
}
