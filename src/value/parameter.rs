//! Parameters: what a theory or a model can be set to, each declared once; and the [`Point`], at which all of them have a value
//! that they can take.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use indexmap::IndexSet;
use thiserror::Error;

use super::{Given, Value, given};
use crate::diagnostic::{listed, short};
use crate::name::{ascii_name, did_you_mean};

/// A parameter.
#[derive(Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its default as written: a number, one of its words, or what it follows from the parameters above it by.
    pub default_text: String,
    /// The words that are its values; empty if they are numbers.
    pub words: Vec<String>,
    /// Which numbers it can be, as written or in words.
    pub domain_text: Option<String>,
    /// Where a slider for it begins and ends, where that is declared; it can have values beyond.
    pub slider: Option<[f64; 2]>,
    /// Its meaning.
    pub meaning: String,
    /// Whether its values are counts: whole numbers only.
    pub counts: bool,
    pub(crate) usual: Usual,
    pub(crate) domain: Option<Domain>,
}

/// The default of a parameter among all of them, given the numbers above it. A word is its place among the words here.
pub(crate) type Usual = Arc<dyn Fn(&[Parameter], &[f64]) -> f64 + Send + Sync>;
/// Whether a number is one that its parameter can be, given the numbers of all parameters.
pub(crate) type Domain = Arc<dyn Fn(&[f64], f64) -> bool + Send + Sync>;

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name, self.default_text)
    }
}

/// A parameter whose values are numbers.
pub fn number(name: &str, default: f64, meaning: &str) -> Parameter {
    let (name, meaning, default_text) = (name.into(), meaning.into(), default.to_string());
    let usual: Usual = Arc::new(move |_, _| default);
    let (words, domain_text, slider, domain) = (Vec::new(), None, None, None);
    Parameter { name, default_text, words, domain_text, slider, meaning, counts: false, usual, domain }
}

/// A parameter whose values are words, of which the first is the default.
pub fn words(name: &str, words: &[&str], meaning: &str) -> Parameter {
    let own = words.iter().map(|word| word.to_string()).collect();
    Parameter { words: own, default_text: words[0].into(), ..number(name, 0.0, meaning) }
}

/// A parameter that has the value of another, of numbers and declared above it, unless it is given.
pub fn like(name: &str, other: &'static str, meaning: &str) -> Parameter {
    let usual: Usual = Arc::new(move |all, above| {
        let place = all.iter().position(|parameter| parameter.name == other);
        place.and_then(|place| above.get(place)).copied().unwrap_or(f64::NAN)
    });
    Parameter { default_text: other.into(), usual, ..number(name, 0.0, meaning) }
}

/// A default that follows other parameters, from their values by name.
pub type Following = fn(&dyn Fn(&str) -> f64) -> f64;

/// A parameter whose default follows those above it, of numbers: as a formula in words, and in their values by name.
pub fn following(name: &str, formula: &str, value: Following, meaning: &str) -> Parameter {
    let usual: Usual = Arc::new(move |all, above| {
        value(&|name| {
            let place = all.iter().position(|parameter| parameter.name == name);
            place.and_then(|place| above.get(place)).copied().unwrap_or(f64::NAN)
        })
    });
    Parameter { default_text: formula.into(), usual, ..number(name, 0.0, meaning) }
}

/// Whether a number is whole and in a range.
pub fn is_whole(x: f64, from: f64, to: f64) -> bool {
    x.fract() == 0.0 && (from..=to).contains(&x)
}

impl Parameter {
    /// The same for certain numbers only; `accepted` says for which, in words.
    pub fn if_(self, accepts: fn(f64) -> bool, accepted: &str) -> Parameter {
        Parameter {
            domain: Some(Arc::new(move |_, x| accepts(x))),
            domain_text: Some(accepted.into()),
            ..self
        }
    }

    /// The same for whole numbers of a range only; `accepted` says so, in words.
    pub fn whole(self, from: f64, to: f64, accepted: &str) -> Parameter {
        let domain: Domain = Arc::new(move |_, x| is_whole(x, from, to));
        Parameter { counts: true, domain: Some(domain), domain_text: Some(accepted.into()), ..self }
    }

    /// Whether its default follows other parameters.
    pub fn follows(&self) -> bool {
        self.words.is_empty() && self.default_text.parse::<f64>().is_err()
    }

    /// Its default; none if it follows other parameters.
    pub fn default(&self) -> Option<Value> {
        (!self.follows()).then(|| self.value((self.usual)(&[], &[])))
    }

    /// The value that a number inside a program stands for.
    pub fn value(&self, inside: f64) -> Value {
        let place = inside as usize;
        match self.words.get(place).filter(|_| place as f64 == inside) {
            Some(word) => Value::from(word.as_str()),
            None => Value::Number(inside),
        }
    }

    /// The number inside a program that a value is; NaN if it is none of its words, or a word for a number.
    fn inside(&self, value: &Value) -> f64 {
        match value {
            Value::Number(number) if self.words.is_empty() => *number,
            Value::Word(word) => {
                self.words.iter().position(|own| **own == **word).map_or(f64::NAN, |place| place as f64)
            }
            _ => f64::NAN,
        }
    }
}

/// A name that is no parameter, or a value that a parameter cannot take.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ParameterError {
    /// A name that is none, a word for a number, a number for a word: in words.
    #[error("{0}")]
    Given(String),
    /// A number outside the domain of its parameter.
    #[error("{name} = {value} is outside its domain `{}` ({}, in {whose})", short(.domain), short(.meaning))]
    OutsideDomain {
        /// Parameter.
        name: String,
        /// Value given.
        value: f64,
        /// Which numbers it can be.
        domain: String,
        /// Meaning of the parameter.
        meaning: String,
        /// The theory or the model.
        whose: String,
    },
}

/// The parameters of a theory or of a model.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'p> {
    /// Its name.
    pub whose: &'p str,
    /// The parameters: the default of each may follow those above it.
    pub all: &'p [Parameter],
}

impl Parameters<'_> {
    /// Whether the values of one of them are counts.
    pub fn counts(&self, name: &str) -> bool {
        self.all.iter().any(|parameter| parameter.counts && parameter.name == name)
    }

    /// Values by name, checked; parameters that are not given take their defaults.
    ///
    /// # Errors
    /// A name that is none of them (the nearest is suggested), a value that its parameter cannot take.
    pub fn at<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<Point, ParameterError> {
        let mut given: Given = Vec::new();
        for (name, value) in values {
            given.push((meant(name, None, [*self])?.name, value));
        }
        let numbers = self.check(&given)?;
        let values =
            self.all.iter().zip(numbers).map(|(p, number)| (p.name.clone(), p.value(number))).collect();
        Ok(Point { values, given: given.into_iter().map(|(name, _)| name).collect() })
    }

    /// The numbers of all parameters inside a program; names that are none of them are passed over.
    ///
    /// # Errors
    /// The first value that its parameter cannot take.
    pub fn check(&self, values: &[(String, Value)]) -> Result<Vec<f64>, ParameterError> {
        for parameter in self.all {
            for (_, value) in values.iter().filter(|(name, _)| *name == parameter.name) {
                value.check(&parameter.name, &parameter.words, self.whose)?;
            }
        }
        let numbers = self.numbers(values);
        for (parameter, number) in self.all.iter().zip(&numbers) {
            if number.is_nan() || parameter.domain.as_ref().is_some_and(|domain| !domain(&numbers, *number)) {
                return Err(ParameterError::OutsideDomain {
                    name: parameter.name.clone(),
                    value: *number,
                    domain: parameter.domain_text.clone().unwrap_or_else(|| "a number".into()),
                    meaning: parameter.meaning.clone(),
                    whose: self.whose.into(),
                });
            }
        }
        Ok(numbers)
    }

    /// The same without a check: what is no value of its parameter becomes NaN.
    pub(crate) fn numbers(&self, values: &[(String, Value)]) -> Vec<f64> {
        let mut numbers: Vec<f64> = Vec::with_capacity(self.all.len());
        for parameter in self.all {
            let own = given(values, &parameter.name).map(|value| parameter.inside(value));
            numbers.push(own.unwrap_or_else(|| (parameter.usual)(self.all, &numbers)));
        }
        numbers
    }
}

/// What a name means: a parameter, or the control.
#[derive(Debug, Clone, PartialEq)]
pub struct Meant {
    /// Its name as it is declared.
    pub name: String,
    words: Vec<String>,
    whose: String,
}

impl Meant {
    /// Checks that a value is a word that the parameter has, or a number where it has none.
    ///
    /// # Errors
    /// Those of [`Value::check`].
    pub fn check(&self, value: &Value) -> Result<(), ParameterError> {
        value.check(&self.name, &self.words, &self.whose)
    }
}

/// The parameter of any of these, or the control, that a name means: Greek letters may be written or spelled (λ, lambda).
///
/// # Errors
/// None of them; the nearest is suggested.
pub fn meant<'p>(
    given: &str,
    control: Option<&str>,
    sets: impl IntoIterator<Item = Parameters<'p>>,
) -> Result<Meant, ParameterError> {
    let sets: Vec<Parameters> = sets.into_iter().collect();
    let names = || control.into_iter().chain(sets.iter().flat_map(|set| set.all).map(|p| p.name.as_str()));
    let spelled = ascii_name(given);
    let exact = names().find(|name| *name == given);
    let name = exact.or_else(|| names().find(|name| spelled.is_some() && ascii_name(name) == spelled));
    let name = name.ok_or_else(|| unknown(given, control, &sets))?;
    let has = |set: &&Parameters| set.all.iter().any(|parameter| parameter.name == name);
    let whose = each_once(sets.iter().filter(has).map(|set| set.whose)).join(" or ");
    Ok(Meant { name: name.into(), words: words_of(name, sets.iter().copied()), whose })
}

/// That none of these has a parameter of this name.
pub(crate) fn unknown(given: &str, control: Option<&str>, sets: &[Parameters]) -> ParameterError {
    let known = each_once(sets.iter().flat_map(|set| set.all).map(|p| p.name.as_str()));
    let whose = each_once(sets.iter().map(|set| set.whose));
    let (has, its) = if whose.len() == 1 { ("has", "its") } else { ("have", "their") };
    let hint = did_you_mean(given, known.iter().copied().chain(control));
    ParameterError::Given(format!(
        "`{}` {has} no parameter `{}`{hint}; {its} parameters are {}",
        whose.join("`, `"),
        short(given),
        listed(&known, ", ")
    ))
}

/// The words that are the values of a parameter in any of these; empty if its values are numbers.
pub fn words_of<'p>(name: &str, sets: impl IntoIterator<Item = Parameters<'p>>) -> Vec<String> {
    let all = sets.into_iter().flat_map(|set| set.all).filter(|parameter| parameter.name == name);
    each_once(all.flat_map(|parameter| parameter.words.clone()))
}

/// These names, each once.
pub(crate) fn each_once<N: Eq + Hash>(names: impl IntoIterator<Item = N>) -> Vec<N> {
    names.into_iter().collect::<IndexSet<N>>().into_iter().collect()
}

/// A value for every parameter, each one that it can take: made by [`Parameters::at`] alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    values: Vec<(String, Value)>,
    given: Vec<String>,
}

impl Point {
    /// The value of a parameter.
    ///
    /// # Panics
    /// Where no such parameter is declared: a mistake in the code of the model.
    pub fn value(&self, name: &str) -> &Value {
        match given(&self.values, name) {
            Some(value) => value,
            None => panic!("no parameter `{name}` is declared"),
        }
    }

    /// The value of a parameter of numbers.
    ///
    /// # Panics
    /// Where no such parameter is declared: a mistake in the code of the model.
    pub fn number(&self, name: &str) -> f64 {
        self.value(name).number().unwrap_or(f64::NAN)
    }

    /// The value of a parameter of words.
    ///
    /// # Panics
    /// Where no such parameter is declared: a mistake in the code of the model.
    pub fn word(&self, name: &str) -> &str {
        self.value(name).word().unwrap_or_default()
    }

    /// Whether a parameter was given, not left to its default.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|given| given == name)
    }

    /// What was given.
    pub fn given(&self) -> impl Iterator<Item = (&str, Value)> {
        self.values().filter(|(name, _)| self.is_given(name)).map(|(name, value)| (name, value.clone()))
    }

    /// All values, in the order of the parameters.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Parameter; 3] {
        let p = number("p", 0.8, "a weight").if_(|p| p > 0.0 && p < 1.0, "0 < p < 1");
        [p, like("p_test", "p", "another"), words("schedule", &["dilated", "uniform"], "of the time")]
    }

    #[test]
    fn what_is_not_given_has_its_default_or_follows_another() {
        let all = all();
        let mine = Parameters { whose: "mine", all: &all };
        let point = mine.at([("p", 0.3.into())]).unwrap();
        assert_eq!((point.number("p_test"), point.word("schedule")), (0.3, "dilated"));
        assert!(point.is_given("p") && !point.is_given("p_test"));
        assert_eq!(all.each_ref().map(|p| p.default().is_none()), [false, true, false]);
        let point = mine.at([("p_test", 0.5.into()), ("schedule", "uniform".into())]).unwrap();
        assert_eq!(
            (point.number("p"), point.number("p_test"), point.word("schedule")),
            (0.8, 0.5, "uniform")
        );
    }

    #[test]
    fn what_cannot_be_is_said_in_the_same_words_for_all() {
        let (all, other) = (all(), [number("n", 8.0, "samples"), words("schedule", &["linear"], "")]);
        let (mine, other) =
            (Parameters { whose: "mine", all: &all }, Parameters { whose: "other", all: &other });
        for (name, value, part) in [
            ("", Value::from(1.0), "`mine` has no parameter ``"),
            ("m", 1.0.into(), "; its parameters are p, p_test, schedule"),
            ("p_tets", 1.0.into(), "did you mean `p_test`?"),
            ("p", 1.0.into(), "p = 1 is outside its domain `0 < p < 1` (a weight, in mine)"),
            ("p_test", "half".into(), "`half` is not a number"),
            ("schedule", 1.0.into(), "schedule = 1 is not possible in mine; use one of dilated, uniform"),
            ("schedule", "linear".into(), "not possible in mine"),
        ] {
            let error = mine.at([(name, value)]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let meant = |name| meant(name, Some("t"), [mine, other]);
        assert!(meant("schedule").unwrap().check(&"linear".into()).is_ok());
        assert_eq!((meant("t").unwrap().name, meant("n").unwrap().name), ("t".into(), "n".into()));
        let error = meant("m").unwrap_err().to_string();
        assert!(error.starts_with("`mine`, `other` have no parameter `m`"), "{error}");
    }
}
