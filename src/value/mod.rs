//! What a parameter is set to: a number, or a word.
//!
//! A word stays a word from where it is given to where it is written. Only inside the compiled program of an equation
//! file is it a number, its place among the words of that file.

pub mod parameter;

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::{listed, short};
use crate::name::{did_you_mean, is_word};
use crate::numeric::shortest;

pub use parameter::{Meant, Parameter, ParameterError, Parameters, Point, meant, words_of};
pub(crate) use parameter::{each_once, unknown};

/// The value of a parameter.
///
/// ```
/// use overlaps::value::Value;
///
/// assert_eq!(Value::read("1e6").unwrap(), Value::from(1e6));
/// assert_eq!(Value::read("trigonometric").unwrap(), Value::from("trigonometric"));
/// assert!(Value::read("1e6x").is_err());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number, possibly infinite.
    Number(f64),
    /// A word.
    Word(Arc<str>),
    /// One value for each of an index: it is written out before anything is computed.
    List(Arc<[Value]>),
}

/// Values of parameters by name.
pub type Given = Vec<(String, Value)>;

/// What a list of values gives for a name; the last counts.
pub fn given<'a>(values: &'a [(String, Value)], name: &str) -> Option<&'a Value> {
    values.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
}

impl Value {
    /// A word if the text looks like one, a list in `[ ]`, else a number.
    ///
    /// # Errors
    /// What is none of them, and NaN, in words.
    pub fn read(text: &str) -> Result<Value, String> {
        let text = text.trim();
        if text.starts_with('[') {
            return list(text);
        }
        if is_word(text) {
            return Ok(Value::from(text));
        }
        number(text).map(Value::Number)
    }

    /// The number; none if it is a word.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Word(_) | Value::List(_) => None,
        }
    }

    /// The word; none if it is a number.
    pub fn word(&self) -> Option<&str> {
        match self {
            Value::Number(_) | Value::List(_) => None,
            Value::Word(word) => Some(word),
        }
    }

    /// Checks that it is a word among those of the parameter, or a number where there are none; `whose` it is stands in the message.
    ///
    /// # Errors
    /// A word for a number or a number for a word, a word that the parameter does not have; what would be accepted.
    pub fn check(&self, name: &str, words: &[String], whose: &str) -> Result<(), ParameterError> {
        Err(ParameterError::Given(match self {
            Value::Number(_) if words.is_empty() => return Ok(()),
            Value::Word(word) if words.iter().any(|known| **known == **word) => return Ok(()),
            Value::List(_) => {
                format!("{name} = {self}: `{name}` is one value; a list is for a parameter that has an index")
            }
            Value::Word(word) if words.is_empty() => format!("{name} = {word}: `{word}` is not a number"),
            _ => {
                let value = self.to_string();
                let hint = did_you_mean(&value, words.iter().map(String::as_str));
                let (value, words) = (short(&value), listed(words, ", "));
                format!("{name} = {value} is not possible in {whose}{hint}; use one of {words}")
            }
        }))
    }
}

/// `[0.5, 0.3, 0.2]`, or a list of lists.
fn list(text: &str) -> Result<Value, String> {
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inside = inside.ok_or_else(|| format!("`{text}` is no list; write [0.5,0.3,0.2]"))?;
    let (mut items, mut depth, mut start) = (Vec::new(), 0usize, 0);
    for (place, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '[' => depth += 1,
            ']' => {
                depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| format!("`{text}` closes a list that it does not open"))?
            }
            ',' if depth == 0 => {
                items.push(Value::read(&inside[start..place])?);
                start = place + 1;
            }
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("`{text}` has more than {DEEPEST} lists inside each other"));
        }
    }
    match depth {
        0 => Ok(Value::List(items.into())),
        _ => Err(format!("`{text}` opens a list that it does not close")),
    }
}

/// The most lists inside each other.
const DEEPEST: usize = 8;

/// A number that a parameter can take.
///
/// # Errors
/// Another text, and NaN, in words.
pub fn number(text: &str) -> Result<f64, String> {
    let value: f64 = text.trim().parse().map_err(|_| format!("`{text}` is not a number"))?;
    if value.is_nan() {
        return Err("NaN is not a value that a parameter can take".into());
    }
    Ok(value)
}

/// As a user would give it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(value) => f.write_str(&shortest(*value)),
            Value::Word(word) => f.write_str(word),
            Value::List(list) => {
                let list: Vec<String> = list.iter().map(Value::to_string).collect();
                write!(f, "[{}]", list.join(","))
            }
        }
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Number(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Number(value.into())
    }
}

impl From<&str> for Value {
    fn from(word: &str) -> Self {
        Value::Word(word.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_that_the_parameter_has() {
        let words = ["linear", "trigonometric"].map(String::from);
        let check =
            |text: &str, words: &[String]| Value::read(text).unwrap().check("interpolant", words, "mine");
        assert_eq!(check("trigonometric", &words), Ok(()));
        assert_eq!(check("0.5", &[]), Ok(()));
        for (text, words, part) in [
            ("trigonometrc", &words[..], "did you mean `trigonometric`?"),
            ("cosine", &words, "not possible in mine; use one of linear, trigonometric"),
            ("1", &words, "use one of linear, trigonometric"),
            ("eight", &[], "`eight` is not a number"),
        ] {
            let error = check(text, words).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("interpolant"), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for (value, text) in
            [(0.1, "0.1"), (-0.0, "0"), (1e-7, "1e-7"), (f64::INFINITY, "inf"), (1e9, "1000000000")]
        {
            assert_eq!(Value::Number(value).to_string(), text);
        }
        assert!(Value::read("NaN").is_err());
    }
}
