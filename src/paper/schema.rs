//! The shape of a papers file: what serde reads, before any expression is looked at.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use crate::diagnostic::{Source, Text};
use crate::system::schema::{At, Entries, Number, NumberOrText, Str, expression_text};

/// One papers file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What the paper is about.
    pub title: String,
    /// Where it is found.
    pub source: String,
    /// The tables of results.
    #[serde(default)]
    pub table: Vec<Table>,
    /// Abbreviations that formulas use.
    #[serde(default)]
    pub definitions: Entries<Str>,
    /// What is simulated.
    #[serde(default)]
    pub simulation: Entries<Spanned<Simulation>>,
    /// The statements.
    #[serde(default)]
    pub claim: Vec<Spanned<Stated>>,
}

/// A table of results.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name, and that of its files.
    pub name: Str,
    /// What it has.
    pub about: String,
    /// The command that makes it, where that is another one than `overlaps reproduce NAME`.
    #[serde(default)]
    pub command: Option<String>,
}

/// Learnt networks at some settings, beside two versions of a theory.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Simulation {
    /// The system as printed.
    pub printed: String,
    /// The system as derived.
    pub derived: String,
    /// Times at which overlaps are measured.
    pub t: Vec<Number>,
    /// Parameters of all runs.
    #[serde(default)]
    pub set: Entries<Number>,
    /// Parameters that run over values, the last one fastest.
    #[serde(default)]
    pub sweep: Entries<Vec<Number>>,
    /// The one of them that goes to infinity: differences are extrapolated in it.
    pub limit: Str,
}

/// A statement.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The table in which it has a row; without it, every table that its numbers are made for.
    #[serde(default)]
    pub table: Option<Str>,
    /// What it is about: a simulation of this file, or numbers that the program makes for the table.
    pub of: Str,
    /// Where it stands in the paper.
    #[serde(rename = "where")]
    pub place: String,
    /// What it says.
    pub says: Str,
    /// The rows that it is about: those with these values.
    #[serde(default)]
    pub rows: Entries<Spanned<Several>>,
    /// Whether it is decided for each row by itself.
    #[serde(default)]
    pub each: bool,
    /// How it is decided.
    pub check: Spanned<Check>,
    /// How the derived version of it is decided, where there is one.
    #[serde(default)]
    pub derived: Option<Spanned<Check>>,
    /// What its row says.
    #[serde(default)]
    pub show: Show,
}

/// How a statement is decided.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is measured: a column, or several.
    #[serde(default)]
    pub quantity: Option<Spanned<Several>>,
    /// What it equals.
    #[serde(default)]
    pub equals: Option<Spanned<Several>>,
    /// What it is at most.
    #[serde(default)]
    pub at_most: Option<Spanned<Several>>,
    /// What it is at least.
    #[serde(default)]
    pub at_least: Option<Spanned<Several>>,
    /// What it is less than.
    #[serde(default)]
    pub below: Option<Spanned<Several>>,
    /// What it is greater than.
    #[serde(default)]
    pub above: Option<Spanned<Several>>,
    /// The columns with the standard errors, one for each quantity.
    #[serde(default)]
    pub error: Option<Spanned<Several>>,
    /// The width that is left to the difference.
    #[serde(default)]
    pub within: Option<At<NumberOrText>>,
    /// The level at which it is rejected, where chance decides.
    #[serde(default)]
    pub level: Option<Spanned<Number>>,
    /// The column with the probability of a larger difference, where that is not Student's.
    #[serde(default)]
    pub chance: Option<Str>,
    /// The condition under which it is known well enough to say.
    #[serde(default)]
    pub decided: Option<Str>,
    /// Whether the formula is evaluated at the measured values of what it contains.
    #[serde(default)]
    pub measured: bool,
}

/// What the row of a statement says, with values in braces.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// What was measured.
    #[serde(default)]
    pub measured: Option<Str>,
    /// What is predicted.
    #[serde(default)]
    pub predicted: Option<Str>,
    /// The measured quantity.
    #[serde(default)]
    pub symbol: Option<Str>,
    /// Where it was measured.
    #[serde(default)]
    pub place: Option<Str>,
    /// How far off it is.
    #[serde(default)]
    pub z: Option<Str>,
    /// What the derived version says.
    #[serde(default)]
    pub derived: Option<Str>,
    /// The name of the quantity among the numbers.
    #[serde(default)]
    pub named: Option<Str>,
}

/// A number or text, or a list of them.
#[derive(Debug)]
pub enum Several {
    /// One.
    One(NumberOrText),
    /// A list, each with its place.
    List(Vec<At<NumberOrText>>),
}

impl Several {
    /// Each as a text that knows its place.
    pub fn texts(several: &Spanned<Several>, source: &Arc<Source>) -> Vec<Text> {
        match several.get_ref() {
            Several::One(one) => {
                vec![expression_text(&At::new(several.span(), one.clone()), source)]
            }
            Several::List(list) => list.iter().map(|one| expression_text(one, source)).collect(),
        }
    }

    /// The values.
    pub fn values(&self) -> Vec<&NumberOrText> {
        match self {
            Several::One(one) => vec![one],
            Several::List(list) => list.iter().map(At::get_ref).collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Several {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Several;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a string, or a list of them")
            }
            fn visit_i64<E: de::Error>(self, x: i64) -> Result<Several, E> {
                Ok(Several::One(NumberOrText::Number(x as f64)))
            }
            fn visit_f64<E: de::Error>(self, x: f64) -> Result<Several, E> {
                Ok(Several::One(NumberOrText::Number(x)))
            }
            fn visit_str<E: de::Error>(self, x: &str) -> Result<Several, E> {
                Ok(Several::One(NumberOrText::Text(x.to_string())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Several, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    all.push(one);
                }
                Ok(Several::List(all))
            }
        }
        deserializer.deserialize_any(V)
    }
}
