//! What can be wrong with an equation file or with the values given to it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use crate::diagnostic::{Place, Text, listed, short};
use crate::value::ParameterError;

/// An error in an equation file or in the values given for its parameters.
#[derive(Debug, Clone)]
pub struct EquationError {
    /// What is wrong.
    pub problem: Box<Problem>,
    /// Where it stands, if it stands in a file.
    pub place: Option<Place>,
}

impl EquationError {
    /// An error at a place of an equation file.
    pub fn at(place: Place, problem: Problem) -> EquationError {
        EquationError { problem: Box::new(problem), place: Some(place) }
    }
}

impl Text {
    /// An error that points at a range of bytes of the decoded string.
    pub fn error(&self, range: Range<usize>, problem: Problem) -> EquationError {
        EquationError::at(self.place(range), problem)
    }
}

impl From<Problem> for EquationError {
    fn from(problem: Problem) -> EquationError {
        EquationError { problem: Box::new(problem), place: None }
    }
}

impl From<ParameterError> for EquationError {
    fn from(error: ParameterError) -> EquationError {
        Problem::from(error).into()
    }
}

impl fmt::Display for EquationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem)?;
        match &self.place {
            Some(place) => write!(f, "\n{place}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for EquationError {}

/// What is wrong; the message says what would be accepted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Problem {
    /// The file is not TOML of the expected shape.
    #[error("{0}")]
    Toml(String),
    /// An expression does not parse.
    #[error("cannot read the expression: {0}")]
    Syntax(String),
    /// Nested or chained too deeply.
    #[error("the expression is more than {limit} operations deep; split it with [definitions]")]
    TooDeep {
        /// The largest depth.
        limit: usize,
    },
    /// A name that is not defined.
    #[error("unknown name `{name}`{}", suggest(.nearest))]
    UnknownName {
        /// The name.
        name: String,
        /// The nearest defined name.
        nearest: Option<String>,
    },
    /// A function that does not exist.
    #[error("unknown function `{name}`{}; functions are {}", suggest(.nearest), super::function::names().collect::<Vec<_>>().join(", "))]
    UnknownFunction {
        /// The name.
        name: String,
        /// The nearest function.
        nearest: Option<String>,
    },
    /// The name of a function without its arguments.
    #[error("`{0}` is a function; it takes its arguments in brackets: {0}(…)")]
    NoArguments(String),
    /// A function with a wrong number of arguments.
    #[error("`{name}` takes {takes}, not {given}")]
    Arguments {
        /// The function.
        name: String,
        /// What it takes.
        takes: &'static str,
        /// How many it was given.
        given: usize,
    },
    /// `choose` with something else than a parameter of words in front.
    #[error("`choose` goes by a parameter whose values are words, of which this file has {}", listed(.parameters, ", "))]
    ChoosesByNoWord {
        /// The parameters whose values are words.
        parameters: Vec<String>,
    },
    /// `choose` with more or fewer alternatives than words.
    #[error(
        "`{parameter}` has {expected} word(s), so choose({parameter}, …) takes {expected} alternative(s), not {given}"
    )]
    Alternatives {
        /// The parameter.
        parameter: String,
        /// How many words it has.
        expected: usize,
        /// How many alternatives are given.
        given: usize,
    },
    /// A parameter of words in arithmetic.
    #[error(
        "`{0}` is a word, not a number; choose({0}, …) takes the number that belongs to each of its words"
    )]
    WordAsNumber(String),
    /// A definition used before it stands.
    #[error("`{name}` is defined further down (line {line}); definitions are used in order, so move it up")]
    UsedBeforeDefinition {
        /// The name.
        name: String,
        /// The line of its definition.
        line: usize,
    },
    /// Definitions that need each other.
    #[error("cyclic definitions: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    /// A variable that is left un-averaged in a scalar.
    #[error("{what} still depends on the variable `{variable}`; average over it: E[{variable}](…)")]
    NotAveraged {
        /// What must be a scalar.
        what: String,
        /// The variable.
        variable: String,
    },
    /// A derivative by something that has none.
    #[error(
        "D[{name}](…): `{name}` {is}; a derivative is by an unknown, a parameter, the control or a normal variable of what is derived"
    )]
    NoDerivative {
        /// The name.
        name: String,
        /// Why not.
        is: &'static str,
    },
    /// The derivative of a jump where it is no average.
    #[error(
        "D[{name}](…) is a delta where this jumps, which has a meaning only as a factor inside an average; here something else is done to it"
    )]
    DeltaInFunction {
        /// The name.
        name: String,
    },
    /// An average over something that is not a variable.
    #[error("E[{name}](…): `{name}` is not a variable; variables are {}", listed(.variables, ", "))]
    NotAVariable {
        /// The name.
        name: String,
        /// The variables of the file.
        variables: Vec<String>,
    },
    /// Something that may not be used here.
    #[error("{what} may not depend on the {kind} `{name}`")]
    NotAllowedHere {
        /// The place.
        what: String,
        /// What kind of thing is used.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Truth values and numbers mixed up.
    #[error("expected {expected}, found {found}{hint}")]
    Kind {
        /// What is needed.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// The same name twice.
    #[error("`{name}` is defined twice: as {first} and as {second}")]
    Duplicate {
        /// The name.
        name: String,
        /// First role.
        first: &'static str,
        /// Second role.
        second: &'static str,
    },
    /// A name that is part of the language.
    #[error("`{0}` is a word of the expression language; choose another name")]
    Reserved(String),
    /// A name that is not an identifier.
    #[error("`{}` is not a name; use letters, digits and _ (Greek letters may be written as they are)", short(.0))]
    BadName(String),
    /// A name that a table has no column for.
    #[error(
        "`{}` is not a name for a column, which is spelled in ASCII; use Latin letters (also with accents), Greek letters, digits and _",
        short(.0)
    )]
    NoSpelling(String),
    /// A name that is longer than any table can show.
    #[error("the name `{}` has {} bytes; at most {limit} are possible", short(.name), .name.len())]
    LongName {
        /// The name.
        name: String,
        /// The most bytes.
        limit: usize,
    },
    /// A discrete variable whose weights are not probabilities.
    #[error("the weights of `{variable}` sum to {sum}, not to 1")]
    WeightSum {
        /// The variable.
        variable: String,
        /// Their sum.
        sum: f64,
    },
    /// A negative or undefined weight.
    #[error("weight {index} of `{variable}` is {value}; a weight is a number in [0, 1]")]
    BadWeight {
        /// The variable.
        variable: String,
        /// Which weight, from 1.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// The file contradicts itself or lacks something.
    #[error("{0}")]
    Structure(String),
    /// Averages over too many normal variables at once.
    #[error(
        "an average over {variables} continuous variables at once; at most {limit} are possible. Average over fewer at a time"
    )]
    ProductTooLarge {
        /// How many variables.
        variables: u32,
        /// The most.
        limit: u32,
    },
    /// The expansion over discrete variables is too large.
    #[error(
        "the equations expand to more than {limit} operations when the discrete variables are summed; use fewer values"
    )]
    TooManyOperations {
        /// The limit.
        limit: usize,
    },
    /// A name that is no parameter, or a value that one cannot take.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// A file that cannot be read.
    #[error("cannot read {}: {reason}", .path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A system that is neither built in nor a file.
    #[error("there is no system `{}`{}; `overlaps list` names the built-in ones, and a path to a .toml file works too", short(.name), suggest(.nearest))]
    UnknownSystem {
        /// The name.
        name: String,
        /// The nearest system.
        nearest: Option<String>,
    },
}

fn suggest(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or(String::new(), |n| format!(" (did you mean `{n}`?)"))
}
