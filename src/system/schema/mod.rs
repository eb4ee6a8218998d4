//! The shape of an equation file: what serde reads (`read`), before any expression is looked at.

mod at;
mod forms;
mod lists;
mod read;

use std::sync::Arc;

use indexmap::IndexMap;
use toml::Spanned;

use crate::diagnostic::{Source, Text};

pub use at::At;
pub use lists::{Columns, Listed, Several};
pub use read::read;

/// A string of the file with its place.
pub type Str = At<String>;

/// A table of the file in its order.
pub type Entries<T> = IndexMap<Str, T>;

/// A word, or several.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(untagged, expecting = "expected a word or a list of words in quotes")]
pub enum Words {
    /// None.
    #[default]
    None,
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// One equation file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// One line that says what the equations describe.
    pub title: String,
    /// Systems that describe the same quantities can be compared.
    #[serde(default)]
    pub describes: Words,
    /// Paper, equation numbers.
    #[serde(default)]
    pub source: Option<String>,
    /// What differs from the printed version.
    #[serde(default)]
    pub differs: Option<String>,
    /// Line in figures.
    #[serde(default)]
    pub line: Line,
    /// Control parameter.
    pub control: Control,
    /// Default columns of the figure.
    #[serde(default)]
    pub plot: Option<Plot>,
    /// What indices run over: `a = "K"`, from 1 to K.
    #[serde(default)]
    pub indices: Entries<At<NumberOrText>>,
    /// Parameters.
    #[serde(default)]
    pub parameters: Entries<Parameter>,
    /// What the averages run over.
    #[serde(default)]
    pub variables: Entries<At<Variable>>,
    /// Abbreviations, used in order.
    #[serde(default)]
    pub definitions: Entries<Str>,
    /// Numbers that solve an equation, or minimise something, at every node of an average.
    #[serde(default)]
    pub implicit: Entries<At<Implicit>>,
    /// What is solved for.
    #[serde(default)]
    pub unknowns: Entries<Unknown>,
    /// The unknowns minimise an energy, or are a stationary point of a free energy.
    #[serde(default)]
    pub energy: Option<Spanned<Energy>>,
    /// The unknowns are a fixed point.
    #[serde(default)]
    pub fixed_point: Option<Spanned<Entries<Str>>>,
    /// The unknowns are a root.
    #[serde(default)]
    pub residual: Option<Spanned<Entries<Str>>>,
    /// The unknowns move in time, which is the control.
    #[serde(default)]
    pub flow: Option<Spanned<Motion>>,
    /// The unknowns move step by step; the control counts the steps.
    #[serde(default)]
    pub iterate: Option<Spanned<Motion>>,
    /// Which solution is meant where a fixed point or root is not unique.
    #[serde(default)]
    pub selection: Option<Spanned<Minimise>>,
    /// Which solutions count.
    #[serde(default)]
    pub admissible: Option<Spanned<Admissible>>,
    /// A sign symmetry.
    #[serde(default)]
    pub gauge: Option<At<Gauge>>,
    /// Kinds of solution.
    #[serde(default)]
    pub branch: Vec<Spanned<Branch>>,
    /// What is computed from the solution.
    #[serde(default)]
    pub outputs: Entries<Output>,
    /// What the outputs tend to.
    #[serde(default)]
    pub limit: Option<Spanned<Limit>>,
    /// Pieces of a composite system.
    #[serde(default)]
    pub piece: Vec<Spanned<Piece>>,
}

/// Line of a system in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// Derived equations at finite size.
    #[default]
    Solid,
    /// A limit.
    Dashed,
    /// Equations as printed in a paper.
    Dotted,
    /// A limit as printed in a paper.
    DashDotted,
}

/// The control parameter, along which solutions are followed.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Name.
    pub name: Str,
    /// First value.
    pub from: Spanned<Number>,
    /// Last value.
    pub to: Spanned<Number>,
    /// How many values by default.
    pub points: Spanned<Number>,
    /// Meaning.
    #[serde(default)]
    pub meaning: String,
}

/// Default figure.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plot {
    /// Columns drawn when none are asked for.
    pub columns: Vec<Str>,
}

/// A parameter; in the file a table, or its default alone.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Parameter {
    /// Default value, or an expression of the parameters above it; one of the words if there are any; a list for an index.
    pub default: At<Several>,
    /// The words that are its values; without them its values are numbers.
    #[serde(default)]
    pub values: Option<Spanned<Vec<Str>>>,
    /// A condition on the value.
    #[serde(default)]
    pub domain: Option<Str>,
    /// Where its slider begins and ends.
    #[serde(default)]
    pub slider: Option<Spanned<Vec<Spanned<Number>>>>,
    /// Meaning.
    #[serde(default)]
    pub meaning: String,
}

/// A number, written as an integer of any size or with a fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub f64);

/// A number, or an expression in a string.
#[derive(Debug, Clone)]
pub enum NumberOrText {
    /// Written as a number.
    Number(f64),
    /// Written as a string.
    Text(String),
}

/// A variable that averages run over.
#[derive(Debug, Clone)]
pub enum Variable {
    /// `"normal"`: N(0, 1).
    Named(String),
    /// Any other, by one of the keys.
    Table(Box<VariableTable>),
}

/// A variable as a table: each of its keys says what kind it is.
#[derive(Debug, Default, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VariableTable {
    /// The values of a discrete variable; the name of their column, where they are in a file.
    pub values: Option<Listed>,
    /// Their probabilities.
    pub weights: Option<Listed>,
    /// The file that has them, beside the equation file.
    pub file: Option<Str>,
    /// Of normal variables that share a family: how they are correlated.
    pub covariance: Option<At<Several>>,
    /// And their mean, if it is not 0.
    pub mean: Option<At<NumberOrText>>,
    /// Uniform on an interval.
    pub uniform: Option<Vec<At<NumberOrText>>>,
    /// Exponential, of this rate.
    pub exponential: Option<At<NumberOrText>>,
    /// ∫ dx over an interval, no average.
    pub integral: Option<Vec<At<NumberOrText>>>,
    /// With this density on the support.
    pub density: Option<Str>,
    /// The interval outside of which the density is 0.
    pub support: Option<Vec<At<NumberOrText>>>,
    /// Poisson, of this mean.
    pub poisson: Option<At<NumberOrText>>,
    /// Binomial: how many, with which probability.
    pub binomial: Option<Vec<At<NumberOrText>>>,
    /// The largest value of a Poisson variable that is summed.
    pub largest: Option<Spanned<Number>>,
}

/// An implicit definition.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table { equation = \"…\" } or { minimise = \"…\" }, with a range if it has one"
)]
pub struct Implicit {
    /// What is to vanish.
    #[serde(default)]
    pub equation: Option<Str>,
    /// What is to be minimal.
    #[serde(default)]
    pub minimise: Option<Str>,
    /// Whether that has one minimum only.
    #[serde(default)]
    pub convex: Option<Spanned<bool>>,
    /// Where the number lies.
    #[serde(default)]
    pub range: Option<Vec<At<NumberOrText>>>,
}

/// An unknown: a string with its meaning, or a table.
#[derive(Debug, Clone)]
pub struct Unknown(pub UnknownTable);

/// An unknown as a table.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownTable {
    /// Meaning.
    #[serde(default)]
    pub meaning: String,
    /// Whether a pair of its indices may be exchanged.
    #[serde(default)]
    pub symmetric: bool,
    /// Interval in which solutions are sought.
    #[serde(default)]
    pub range: Option<Vec<At<NumberOrText>>>,
}

/// `minimise = "…"`, or `extremise = "…"` with the unknowns in which it is to be extremal.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Energy {
    /// The free energy of which a stationary point is meant.
    #[serde(default)]
    pub extremise: Option<Str>,
    /// The energy, or unknowns in which the free energy is minimal.
    #[serde(default)]
    pub minimise: Option<Spanned<TextOrNames>>,
    /// Unknowns in which the free energy is maximal.
    #[serde(default)]
    pub maximise: Option<Spanned<TextOrNames>>,
}

/// What moves: the right side of every unknown, where it starts, and when it stops.
#[derive(Debug, Clone, Default)]
pub struct Motion {
    /// The velocity of every unknown, or its next value.
    pub right: Entries<Str>,
    /// Where every unknown starts.
    pub start: Option<Spanned<Entries<At<NumberOrText>>>>,
    /// `"stationary"`, or the condition at which it stops.
    pub stop: Option<Str>,
}

/// An expression, or a list of names.
#[derive(Debug, Clone)]
pub enum TextOrNames {
    /// An expression.
    Text(String),
    /// Names.
    Names(Vec<Str>),
}

/// `minimise = "…"`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minimise {
    /// The energy.
    pub minimise: Str,
}

/// Which solutions count.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admissible {
    /// The condition that they meet.
    pub keep: Str,
}

/// Symmetries of the equations: a sign, and indices that may be exchanged.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gauge {
    /// The condition on the representative.
    #[serde(default)]
    pub keep: Option<Str>,
    /// The unknowns that change sign where it fails.
    #[serde(default)]
    pub flip: Vec<Str>,
    /// Indices whose values may be exchanged, all of them together.
    #[serde(default)]
    pub permute: Option<At<Words>>,
    /// By which they are put in order, the largest first.
    #[serde(default)]
    pub by: Option<Str>,
}

/// A kind of solution: starts, or a point on the boundary.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Name.
    pub name: Str,
    /// Starting points.
    #[serde(default)]
    pub start: Option<Vec<Spanned<Entries<At<NumberOrText>>>>>,
    /// A boundary point that is known exactly.
    #[serde(default)]
    pub at: Option<Spanned<Entries<At<NumberOrText>>>>,
}

/// An output; in the file a table, or its value alone.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Output {
    /// Expression.
    pub value: At<NumberOrText>,
    /// Meaning.
    #[serde(default)]
    pub meaning: String,
}

/// What the outputs tend to.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The parameter that goes to infinity.
    pub parameter: Str,
    /// The system that describes the limit.
    pub system: Str,
    /// The expected order: deviations fall as parameter^(−order).
    pub order: Spanned<Number>,
    /// Control values at which the two are compared.
    #[serde(default)]
    pub at: Option<Vec<Number>>,
}

/// A piece of a composite system.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// The system.
    pub system: Str,
    /// First control value.
    pub from: Number,
    /// Last control value.
    pub to: Number,
}

/// The string of the file as a [`Text`] that knows its place.
pub fn text(value: &Str, source: &Arc<Source>) -> Text {
    Text::new(value.get_ref().clone(), value.span(), source.clone())
}

/// A number or string of the file as the text of an expression.
pub fn expression_text(value: &At<NumberOrText>, source: &Arc<Source>) -> Text {
    let written = match value.get_ref() {
        NumberOrText::Text(t) => t.clone(),
        NumberOrText::Number(x) => format_number(*x),
    };
    Text::new(written, value.span(), source.clone())
}

/// A number as the expression language reads it.
fn format_number(x: f64) -> String {
    if x == f64::INFINITY {
        "inf".into()
    } else if x == f64::NEG_INFINITY {
        "-inf".into()
    } else {
        format!("{x:?}")
    }
}
