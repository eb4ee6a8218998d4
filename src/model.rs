//! What can be simulated, and what it declares: parameters, measured quantities, the theories of it.

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

/// A parameter whose values are numbers.
pub const fn number(name: &'static str, default: f64, meaning: &'static str) -> Parameter {
    Parameter { name, usual: Usual::Number(default), meaning }
}

/// A parameter whose values are words, of which the first is the default.
pub const fn words(name: &'static str, words: &'static [&'static str], meaning: &'static str) -> Parameter {
    Parameter { name, usual: Usual::Words(words), meaning }
}

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

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// Its name, that of the output of a theory that predicts it.
    pub name: &'static str,
    /// Its meaning.
    pub meaning: &'static str,
}

/// What a model declares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Description {
    /// Its parameters, in the order of tables; the dimension is `d`.
    pub parameters: &'static [Parameter],
    /// What is measured, in the order of tables.
    pub quantities: &'static [Quantity],
}

impl Description {
    /// The words that are the values of a parameter; none if they are numbers.
    pub fn words(&self, name: &str) -> &'static [&'static str] {
        self.parameters.iter().find(|p| p.name == name).map_or(&[], Parameter::words)
    }
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
