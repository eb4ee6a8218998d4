//! The parameters that a model declares: numbers, words, or like another.

use thiserror::Error;

use crate::name::{ascii_name, did_you_mean};
use crate::value::Value;

/// The value of a parameter that is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Usual {
    /// A number.
    Number(f64),
    /// The first of the words that are its values.
    Words(&'static [&'static str]),
    /// The value of another parameter, declared above it.
    Of(&'static str),
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its default, and its words if it has some.
    pub usual: Usual,
    /// Its meaning.
    pub meaning: &'static str,
    /// Which numbers it can be.
    pub(super) accepts: fn(f64) -> bool,
    /// The same in words: `n is a whole number of samples`.
    pub(super) accepted: &'static str,
}

/// A parameter whose values are numbers.
pub const fn number(name: &'static str, default: f64, meaning: &'static str) -> Parameter {
    Parameter { name, usual: Usual::Number(default), meaning, accepts: |_| true, accepted: "" }
}

/// A parameter whose values are words, of which the first is the default.
pub const fn words(name: &'static str, words: &'static [&'static str], meaning: &'static str) -> Parameter {
    Parameter { name, usual: Usual::Words(words), meaning, accepts: |_| true, accepted: "" }
}

/// A parameter that has the value of another, declared above it, unless it is given.
pub const fn like(name: &'static str, other: &'static str, meaning: &'static str) -> Parameter {
    Parameter { name, usual: Usual::Of(other), meaning, accepts: |_| true, accepted: "" }
}

/// Whether a number is whole and in a range.
pub fn is_whole(x: f64, from: f64, to: f64) -> bool {
    x.fract() == 0.0 && (from..=to).contains(&x)
}

impl Parameter {
    /// The same for certain numbers only; `accepted` says for which, in words.
    pub const fn if_(self, accepts: fn(f64) -> bool, accepted: &'static str) -> Parameter {
        Parameter { accepts, accepted, ..self }
    }

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

/// A value that a parameter cannot take.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ParameterError {
    /// A name that is none, or a word for a number, or a number for a word: in words.
    #[error("{0}")]
    Given(String),
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
