//! Names and shapes: what every name of an equation file means, and (`shape`) on which variables an expression depends,
//! before anything is computed.

mod shape;
mod together;

use std::collections::HashMap;

use super::error::{EquationError, Problem};
use super::expression::{Expression, ExpressionKind, LONGEST_NAME};
use super::function;
use crate::diagnostic::Text;
use crate::name::is_identifier;

pub use shape::{Allowed, LARGEST_PRODUCT, Shape};
pub use together::together;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A parameter: its symbol.
    Parameter(usize),
    /// A parameter whose values are words: its symbol, and how many words.
    Word {
        /// Its symbol.
        symbol: usize,
        /// How many words.
        count: usize,
    },
    /// The control parameter: its symbol.
    Control(usize),
    /// An unknown: its symbol.
    Unknown(usize),
    /// A discrete variable.
    Discrete(usize),
    /// A normal variable.
    Normal(usize),
    /// A variable with another measure: the number of the normal variable that it is made of.
    Measure(usize),
    /// A definition.
    Definition(usize),
}

impl Meaning {
    /// In words.
    pub fn kind(self) -> &'static str {
        match self {
            Meaning::Parameter(_) | Meaning::Word { .. } => "parameter",
            Meaning::Control(_) => "control parameter",
            Meaning::Unknown(_) => "unknown",
            Meaning::Discrete(_) | Meaning::Normal(_) | Meaning::Measure(_) => "variable",
            Meaning::Definition(_) => "definition",
        }
    }
}

/// A definition that has been read.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its text, with its place.
    pub text: Text,
    /// Parsed.
    pub expression: Expression,
    /// Its shape, once it has been checked.
    pub shape: Option<Shape>,
    /// Of an implicit definition, what its expression is.
    pub solved: Option<Solved>,
}

/// How an implicit definition says what it is: by an expression of itself.
#[derive(Debug, Clone)]
pub struct Solved {
    /// Whether the expression is minimal, or else zero.
    pub minimise: bool,
    /// Whether what is minimal has one minimum; else the lowest is meant.
    pub convex: bool,
    /// Where the number lies.
    pub range: Option<[(Text, Expression); 2]>,
    /// The definitions that are solved for together, in this order, itself among them.
    pub with: Vec<usize>,
}

impl Definition {
    /// Its expression, and those of its range.
    pub fn expressions(&self) -> impl Iterator<Item = (&Text, &Expression)> {
        let range = self.solved.iter().flat_map(|solved| solved.range.iter().flatten());
        [(&self.text, &self.expression)].into_iter().chain(range.map(|(text, e)| (text, e)))
    }

    /// What it is, as a reader is shown it.
    pub fn in_words(&self) -> String {
        let Some(solved) = &self.solved else { return self.text.value.clone() };
        let range = solved.range.as_ref();
        let range = range
            .map_or(String::new(), |[(from, _), (to, _)]| format!(", in [{}, {}]", from.value, to.value));
        match solved.minimise {
            true if !solved.convex => {
                format!("minimises {} (lowest of several minima){range}", self.text.value)
            }
            true => format!("minimises {}{range}", self.text.value),
            false => format!("solves {} = 0{range}", self.text.value),
        }
    }

    /// The names that it uses beside its own.
    pub fn uses(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.expressions().for_each(|(_, expression)| names_in(expression, &mut names));
        if self.solved.is_some() {
            names.retain(|name| *name != self.name);
        }
        names
    }
}

/// All names of a file.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    meanings: HashMap<String, Meaning>,
    /// In the order of the file.
    pub definitions: Vec<Definition>,
}

/// A longer cycle is shown without its middle.
const CYCLE_SHOWN: usize = 8;

/// The end of the name of the normal variable that one with another measure is made of.
pub const HIDDEN: &str = "__z";

/// Words of the language that cannot be names.
const WORDS: [&str; 3] = ["E", "inf", "pi"];

impl Scope {
    /// Adds a name.
    ///
    /// # Errors
    /// A name that is no identifier, is a word of the language, or already has a meaning.
    pub fn declare(&mut self, name: &str, meaning: Meaning) -> Result<(), Problem> {
        if !is_identifier(name) {
            return Err(Problem::BadName(name.to_string()));
        }
        if name.len() > LONGEST_NAME {
            return Err(Problem::LongName { name: name.to_string(), limit: LONGEST_NAME });
        }
        if WORDS.contains(&name) || function::is_reserved(name) {
            return Err(Problem::Reserved(name.to_string()));
        }
        if let Some(first) = self.meanings.get(name) {
            return Err(Problem::Duplicate {
                name: name.to_string(),
                first: first.kind(),
                second: meaning.kind(),
            });
        }
        self.meanings.insert(name.to_string(), meaning);
        Ok(())
    }

    /// The scope of a condition on solutions: outputs, each with its expression, have names in it beside everything else.
    ///
    /// # Errors
    /// As in [`Scope::declare`].
    pub fn with_outputs<'o>(
        &self,
        outputs: impl IntoIterator<Item = (&'o str, &'o Text, &'o Expression)>,
    ) -> Result<Scope, EquationError> {
        let mut scope = self.clone();
        // Outputs use the names of the file, not each other's.
        for (name, text, expression) in outputs {
            let shape = self.shape(expression, text, self.definitions.len())?;
            let place = scope.definitions.len();
            // An output may have the name of what it shows; that comes to the same, or is what the file calls so.
            if self.meaning(name).is_none() {
                scope
                    .declare(name, Meaning::Definition(place))
                    .map_err(|problem| text.error(0..text.value.len(), problem))?;
                let (name, text, expression) = (name.to_string(), text.clone(), expression.clone());
                scope.definitions.push(Definition {
                    name,
                    text,
                    expression,
                    shape: Some(shape),
                    solved: None,
                });
            }
        }
        Ok(scope)
    }

    /// What a name means.
    pub fn meaning(&self, name: &str) -> Option<Meaning> {
        self.meanings.get(name).copied()
    }

    /// Checks the definitions in order: cycles, uses before definition, names, shapes.
    ///
    /// # Errors
    /// The first thing that is wrong, at its place.
    pub fn check_definitions(&mut self) -> Result<(), EquationError> {
        self.solve_together()?;
        self.refuse_cycles()?;
        for i in 0..self.definitions.len() {
            let definition = &self.definitions[i];
            let mut shape = self.shape(&definition.expression, &definition.text, i)?;
            for (text, end) in definition.expressions().skip(1) {
                shape.join(self.shape(end, text, i)?);
            }
            if shape.truth {
                let text = &definition.text;
                return Err(text.error(
                    definition.expression.span.clone(),
                    Problem::Kind { expected: "a number", found: "a truth value", hint: "" },
                ));
            }
            self.definitions[i].shape = Some(shape);
            self.share_shapes(i);
        }
        Ok(())
    }

    fn refuse_cycles(&self) -> Result<(), EquationError> {
        let uses: Vec<Vec<usize>> = self
            .definitions
            .iter()
            .enumerate()
            .map(|(i, d)| {
                let used = d.uses().into_iter().filter_map(|name| self.definition(name));
                used.filter(|other| !self.are_together(i, *other)).collect()
            })
            .collect();
        // Depth first with an explicit stack of (definition, next use): 0 new, 1 on the path, 2 done.
        let mut state = vec![0u8; uses.len()];
        for start in 0..uses.len() {
            let mut path = vec![(start, 0usize)];
            while let Some((definition, next)) = path.last_mut() {
                let definition = *definition;
                if state[definition] == 2 {
                    path.pop();
                    continue;
                }
                state[definition] = 1;
                let Some(used) = uses[definition].get(*next).copied() else {
                    state[definition] = 2;
                    path.pop();
                    continue;
                };
                *next += 1;
                if state[used] == 1 {
                    let first = path.iter().position(|(d, _)| *d == used).unwrap_or(0);
                    let mut names: Vec<String> =
                        path[first..].iter().map(|(d, _)| self.definitions[*d].name.clone()).collect();
                    names.push(self.definitions[used].name.clone());
                    if names.len() > CYCLE_SHOWN {
                        names.splice(CYCLE_SHOWN / 2..names.len() - CYCLE_SHOWN / 2, ["…".to_string()]);
                    }
                    let text = &self.definitions[definition].text;
                    return Err(text.error(0..text.value.len(), Problem::Cycle(names)));
                }
                path.push((used, 0));
            }
        }
        Ok(())
    }
}

/// All names in an expression.
pub fn names_in<'e>(e: &'e Expression, names: &mut Vec<&'e str>) {
    match &e.kind {
        ExpressionKind::Number(_) => {}
        ExpressionKind::Name(n) => names.push(n),
        ExpressionKind::Negative(a) | ExpressionKind::Not(a) | ExpressionKind::Average(_, a) => {
            names_in(a, names)
        }
        ExpressionKind::Binary(_, a, b) => {
            names_in(a, names);
            names_in(b, names);
        }
        ExpressionKind::Derivative((by, _), a) => {
            names.push(by);
            names_in(a, names);
        }
        ExpressionKind::Call(_, arguments) => arguments.iter().for_each(|a| names_in(a, names)),
    }
}
