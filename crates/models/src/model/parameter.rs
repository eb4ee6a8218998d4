//! The parameters of what is simulated, each declared once: name, default, words, meaning.

use super::interpolant::{Interpolant, Schedule};
use super::target::Target;
use ::overlaps::model::{Parameter, Usual, number, words};
#[cfg(test)]
use ::overlaps::value::Value;

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

/// The parameter of a name, of all that is simulated.
pub fn parameter(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().chain(&FLOW_PARAMETERS).find(|parameter| parameter.name == name)
}

/// The words that are the values of a parameter; none if they are numbers.
pub fn words_of(name: &str) -> &'static [&'static str] {
    parameter(name).map_or(&[], Parameter::words)
}

/// The value at a place of a table of numbers, in which a word is its place among the words of its parameter.
#[cfg(test)]
pub fn coded(name: &str, number: f64) -> Value {
    words_of(name).get(number as usize).map_or(Value::Number(number), |word| Value::from(*word))
}
