//! Values of parameters as given on a command line or in a study file: `NAME=VALUE`, `NAME=START:STOP:COUNT`,
//! `NAME=log:START:STOP:COUNT`, `NAME=V1,V2,…`.

use std::str::FromStr;

use crate::numeric::{grid, without_round_off};
use crate::value::{Value, number};

/// The most values of one sweep, and of all sweeps of a study together.
pub const MOST_VALUES: usize = 10_000_000;

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Parameter.
    pub name: String,
    /// Value.
    pub value: Value,
}

/// `NAME=START:STOP:COUNT` or `NAME=V1,V2,…`, with its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Parameter.
    pub name: String,
    /// As written.
    pub text: String,
    /// Values.
    pub values: Vec<Value>,
}

/// What is given for a name without saying whether it is one value or many.
#[derive(Debug, Clone, PartialEq)]
pub enum Bare {
    /// One value.
    Set(Assignment),
    /// Several: with `:` or `,`.
    Sweep(Sweep),
}

impl FromStr for Bare {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (_, value) = split_name(text)
            .map_err(|reason| format!("{reason}, such as n=8, or NAME=START:STOP:COUNT, such as t=0:1:11"))?;
        match value.contains([':', ',']) && !value.starts_with('[') {
            true => text.parse().map(Bare::Sweep),
            false => text.parse().map(Bare::Set),
        }
    }
}

fn split_name(text: &str) -> Result<(&str, &str), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    if name.trim().is_empty() {
        return Err("the name before `=` is missing".into());
    }
    Ok((name.trim(), value.trim()))
}

/// Whether a sweep as written is spaced by equal ratios.
pub fn is_logarithmic(text: &str) -> bool {
    split_name(text).is_ok_and(|(_, range)| range.starts_with("log:"))
}

impl FromStr for Assignment {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = split_name(text)?;
        Ok(Assignment { name: name.to_string(), value: Value::read(value)? })
    }
}

impl FromStr for Sweep {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, range) = split_name(text)?;
        if range.contains(',') {
            return Ok(Sweep { name: name.to_string(), text: text.to_string(), values: list(range)? });
        }
        let (range, logarithmic) = match range.strip_prefix("log:") {
            Some(rest) => (rest, true),
            None => (range, false),
        };
        let parts: Vec<&str> = range.split(':').collect();
        let [start, stop, count] = parts.as_slice() else {
            return Err(
                "expected NAME=START:STOP:COUNT, NAME=log:START:STOP:COUNT or a list NAME=V1,V2,…".into()
            );
        };
        let (start, stop) = (number(start)?, number(stop)?);
        let count: usize = count
            .trim()
            .parse()
            .map_err(|_| format!("`{count}` is not a number of points; use 1 or more"))?;
        if count == 0 {
            return Err("a sweep of 0 points has nothing to solve; use 1 or more".into());
        }
        if count > MOST_VALUES {
            return Err(format!(
                "{count} points are too many; at most {MOST_VALUES} are possible in one sweep"
            ));
        }
        if !(start.is_finite() && stop.is_finite()) {
            return Err("the ends of a sweep are finite numbers".into());
        }
        if count > 1 && start == stop {
            return Err(format!(
                "{count} points from {start} to {stop} are all the same; use --set for one value"
            ));
        }
        let values = if logarithmic {
            if !(start > 0.0 && stop > 0.0) {
                return Err("the ends of a logarithmic sweep are positive numbers".into());
            }
            logarithmic_grid(start, stop, count)
        } else {
            grid(start, stop, count)
        };
        let values = values.into_iter().map(Value::Number).collect();
        Ok(Sweep { name: name.to_string(), text: text.to_string(), values })
    }
}

/// The values of a list, separated by commas.
fn list(text: &str) -> Result<Vec<Value>, String> {
    distinct(text.split(',').map(Value::read).collect::<Result<_, _>>()?, text)
}

/// The values of a list: words, each once, or numbers, which rise or fall throughout, so that branches can be followed
/// from each to the next; `text` is the list as written.
fn distinct(values: Vec<Value>, text: &str) -> Result<Vec<Value>, String> {
    let mut words: Vec<&str> = Vec::new();
    let mut numbers: Vec<f64> = Vec::new();
    for value in &values {
        match value {
            Value::Word(word) if words.contains(&&**word) => {
                return Err(format!("`{word}` stands twice in the list"));
            }
            Value::Word(word) => words.push(word),
            Value::Number(number) => numbers.push(*number),
            Value::List(_) => return Err(format!("`{value}` is a list; a sweep runs over numbers or words")),
        }
    }
    if let (Some(word), false) = (words.first(), numbers.is_empty()) {
        return Err(format!("`{word}` is not a number"));
    }
    let rises = numbers.windows(2).all(|pair| pair[0] < pair[1]);
    let falls = numbers.windows(2).all(|pair| pair[0] > pair[1]);
    match rises || falls {
        true => Ok(values),
        false => Err(format!("the values of a list rise or fall throughout, `{text}` does not")),
    }
}

impl Sweep {
    /// A sweep over the values of a list.
    ///
    /// # Errors
    /// No values, equal values, numbers that neither rise nor fall throughout, words among numbers.
    pub fn over(name: &str, values: Vec<Value>) -> Result<Sweep, String> {
        let sweep = Sweep::together(name, values)?;
        let text = sweep.text[name.len() + 1..].to_string();
        Ok(Sweep { values: distinct(sweep.values, &text)?, ..sweep })
    }

    /// The values of a parameter that moves together with others: any, also equal ones.
    ///
    /// # Errors
    /// No values.
    pub fn together(name: &str, values: Vec<Value>) -> Result<Sweep, String> {
        if values.is_empty() {
            return Err("a list without values has nothing to solve".into());
        }
        let words: Vec<String> = values.iter().map(Value::to_string).collect();
        Ok(Sweep { name: name.to_string(), text: format!("{name}={}", words.join(",")), values })
    }
}

/// Logarithmically spaced values; both ends are exact, and what is a round number between them.
fn logarithmic_grid(start: f64, stop: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1);
    let value = |i: usize, exponent: f64| match i {
        0 => start,
        i if i == last => stop,
        _ => without_round_off(libm::pow(10.0, exponent)),
    };
    let exponents = grid(libm::log10(start), libm::log10(stop), count);
    exponents.into_iter().enumerate().map(|(i, exponent)| value(i, exponent)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_hit_their_ends_exactly() {
        let values = |text: &str| -> Vec<f64> {
            let sweep: Sweep = text.parse().unwrap();
            sweep.values.iter().map(|value| value.number().unwrap()).collect()
        };
        assert_eq!(values("t=0:1:11")[3], 0.3);
        assert_eq!(values("t=0:1:11")[10], 1.0);
        assert_eq!(values("n=log:1e2:1e6:5"), [1e2, 1e3, 1e4, 1e5, 1e6]);
        assert_eq!(values("n=log:8:512:4"), [8.0, 32.0, 128.0, 512.0]);
        assert_eq!(values("p=0.55:0.95:9")[1], 0.6);
        assert_eq!(values("t=1:0:3"), [1.0, 0.5, 0.0]);
        assert_eq!(values("d=1000,4000,1e9"), [1000.0, 4000.0, 1e9]);
    }

    #[test]
    fn a_bare_name_is_set_or_swept_by_what_stands_behind_it() {
        let bare = |text: &str| text.parse::<Bare>().unwrap();
        for text in ["n=8", "k=inf", "interpolant=linear", "p=[0.5, 0.3, 0.2]", "λ=1e-3"] {
            assert_eq!(bare(text), Bare::Set(text.parse().unwrap()), "{text}");
        }
        for text in ["t=0:1:11", "n=log:8:512:4", "d=1000,4000", "interpolant=linear,trigonometric"] {
            assert_eq!(bare(text), Bare::Sweep(text.parse().unwrap()), "{text}");
        }
        for text in ["second-phase", "n", "=8", "t=0:1", "n=", "t=1,"] {
            assert!(text.parse::<Bare>().is_err(), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_would_be_accepted() {
        for (text, part) in [
            ("t", "NAME=VALUE"),
            ("t=0:1", "START:STOP:COUNT"),
            ("t=0:1:0", "1 or more"),
            ("t=0:1:-3", "number of points"),
            ("t=a:1:3", "not a number"),
            ("t=nan:1:3", "NaN"),
            ("t=0:inf:3", "finite"),
            ("t=0.1,0.5,0.5", "rise or fall"),
            ("t=0.1,,0.5", "not a number"),
            ("t=0.1,half", "not a number"),
            ("interpolant=linear,linear", "twice"),
            ("t=log:0:1:3", "positive"),
            ("t=1:1:3", "--set"),
            ("=1:2:3", "missing"),
        ] {
            let error = text.parse::<Sweep>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!("n=NaN".parse::<Assignment>().is_err());
        assert_eq!("k=inf".parse::<Assignment>().unwrap().value, Value::Number(f64::INFINITY));
    }
}
