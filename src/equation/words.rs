//! Parameters whose values are words: `interpolant = linear`.
//!
//! Inside a system the value of such a parameter is the place of the word in the list of its file, a number like any
//! other. Files need not list the same words, so what is given from outside goes by a numbering that all systems of a
//! command have in common ([`agree_on_words`]).

use super::error::{EquationError, Problem};
use super::system::System;
use super::theory::Theory;

/// The words that are the values of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    own: Vec<String>,
    common: Vec<String>,
}

impl Words {
    /// The words of a file; values from outside are numbered in the same way.
    pub fn new(own: Vec<String>) -> Words {
        Words { common: own.clone(), own }
    }

    /// The words of the file: the values 0, 1, … inside the system.
    pub fn own(&self) -> &[String] {
        &self.own
    }

    /// The words that values from outside stand for: those of the file, and those that other systems have.
    pub fn common(&self) -> &[String] {
        &self.common
    }

    /// The value inside the system of a value from outside; none where it stands for no word of the file.
    pub fn inside(&self, value: f64) -> Option<f64> {
        let word = word_of(value, &self.common)?;
        self.own.iter().position(|own| own == word).map(|place| place as f64)
    }
}

/// The word that a value stands for.
pub fn word_of<W: AsRef<str>>(value: f64, words: &[W]) -> Option<&str> {
    let place = value as usize;
    words.get(place).filter(|_| place as f64 == value).map(W::as_ref)
}

/// Numbers the words of equal parameters in the same way for all theories; those that are `known` come first.
///
/// # Errors
/// A parameter that is a word in one theory and a number in another.
pub fn agree_on_words(
    theories: &mut [Theory],
    known: impl Fn(&str) -> &'static [&'static str],
) -> Result<(), EquationError> {
    let mut systems: Vec<&mut System> =
        theories.iter_mut().flat_map(|t| &mut t.pieces).map(|piece| &mut piece.system).collect();
    number_in_common(&mut systems, known)
}

pub(super) fn number_in_common(
    systems: &mut [&mut System],
    known: impl Fn(&str) -> &'static [&'static str],
) -> Result<(), EquationError> {
    let mut numberings: Vec<(String, Vec<String>)> = Vec::new();
    for system in systems.iter() {
        for parameter in &system.parameters {
            let Some(words) = &parameter.words else { continue };
            let place = numberings.iter().position(|(name, _)| *name == parameter.name);
            let place = place.unwrap_or_else(|| {
                let known = known(&parameter.name).iter().map(|word| word.to_string()).collect();
                numberings.push((parameter.name.clone(), known));
                numberings.len() - 1
            });
            let numbering = &mut numberings[place].1;
            for word in words.own() {
                if !numbering.contains(word) {
                    numbering.push(word.clone());
                }
            }
        }
    }
    for system in systems {
        let name = system.description.name.clone();
        for parameter in &mut system.parameters {
            let Some((_, numbering)) = numberings.iter().find(|(name, _)| *name == parameter.name) else {
                continue;
            };
            let Some(words) = &mut parameter.words else {
                return Err(Problem::Structure(format!(
                    "the values of `{}` are numbers in {name}, and words elsewhere ({}); one of them needs another name",
                    parameter.name,
                    numbering.join(", ")
                ))
                .into());
            };
            words.common.clone_from(numbering);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theory(values: &str) -> Theory {
        let text = format!(
            "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 2 }}\n[parameters]\n{values}\n\
             [outputs]\ny = {{ value = \"t\", meaning = \"\" }}\n"
        );
        Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn systems_that_list_other_words_mean_the_same_by_a_value() {
        let of = |list: &str, default: &str| {
            theory(&format!("path = {{ values = [{list}], default = \"{default}\", meaning = \"\" }}"))
        };
        let mut theories = [of("\"b\", \"a\"", "a"), of("\"a\", \"c\"", "c")];
        let known = |name: &str| if name == "path" { &["c", "d"][..] } else { &[] };
        agree_on_words(&mut theories, known).unwrap();
        for theory in &theories {
            assert_eq!(theory.words("path"), ["c", "d", "b", "a"]);
        }
        let inside = |theory: &Theory, value: f64| {
            let system = &theory.pieces[0].system;
            system.parameter_values(&[("path".into(), value)])[0]
        };
        // a is the second word of the first file and the first of the second.
        assert_eq!((inside(&theories[0], 3.0), inside(&theories[1], 3.0)), (1.0, 0.0));
        for (theory, value, word) in
            [(&theories[0], 0.0, "c"), (&theories[1], 2.0, "b"), (&theories[1], 1.0, "d")]
        {
            let error = theory.check_values(&[("path".into(), value)]).unwrap_err().to_string();
            assert!(error.contains(&format!("path = {word}")), "{error}");
        }
    }

    #[test]
    fn a_word_here_and_a_number_there_is_refused() {
        let mut theories = [
            theory("path = { values = [\"a\", \"b\"], default = \"a\", meaning = \"\" }"),
            theory("path = { default = 1, meaning = \"\" }"),
        ];
        let error = agree_on_words(&mut theories, |_| &[]).unwrap_err().to_string();
        assert!(error.contains("numbers in x") && error.contains("a, b"), "{error}");
    }
}
