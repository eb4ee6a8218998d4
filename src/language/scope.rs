//! Names and shapes: what every name of an equation file means, and on which variables an expression depends,
//! before anything is computed.

use std::collections::HashMap;
use std::ops::Range;

use super::error::{EquationError, Problem};
use super::expression::{Expression, ExpressionKind, LONGEST_NAME, Operator};
use super::function::{self, Function};
use crate::average::SMALLEST_RULE;
use crate::diagnostic::Text;
use crate::name::is_identifier;
use crate::name::nearest;

/// The largest product rule: nodes of all normal variables of one average together. An array of this size takes
/// 32 MB, and an average needs a few.
pub const LARGEST_PRODUCT: f64 = 4e6;

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
            Meaning::Discrete(_) | Meaning::Normal(_) => "variable",
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
}

/// What an expression depends on, each with the first place where it does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// Whether it is a truth value.
    pub truth: bool,
    /// Variables that are not averaged over.
    pub variables: Vec<(String, Range<usize>)>,
    /// An unknown.
    pub unknown: Option<(String, Range<usize>)>,
    /// The control parameter.
    pub control: Option<(String, Range<usize>)>,
}

impl Shape {
    fn join(&mut self, other: Shape) {
        for (name, place) in other.variables {
            if !self.variables.iter().any(|(n, _)| *n == name) {
                self.variables.push((name, place));
            }
        }
        self.unknown = self.unknown.take().or(other.unknown);
        self.control = self.control.take().or(other.control);
    }
}

/// What an expression may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Parameters.
    Parameters,
    /// Parameters and the control.
    Point,
    /// Unknowns too.
    Everything,
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
                scope.definitions.push(Definition { name, text, expression, shape: Some(shape) });
            }
        }
        Ok(scope)
    }

    /// What a name means.
    pub fn meaning(&self, name: &str) -> Option<Meaning> {
        self.meanings.get(name).copied()
    }

    fn variables(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .meanings
            .iter()
            .filter(|(_, m)| matches!(m, Meaning::Discrete(_) | Meaning::Normal(_)))
            .map(|(n, _)| n.clone())
            .collect();
        names.sort_unstable();
        names
    }

    /// Checks the definitions in order: cycles, uses before definition, names, shapes.
    ///
    /// # Errors
    /// The first thing that is wrong, at its place.
    pub fn check_definitions(&mut self) -> Result<(), EquationError> {
        self.refuse_cycles()?;
        for i in 0..self.definitions.len() {
            let definition = &self.definitions[i];
            let shape = self.shape(&definition.expression, &definition.text, i)?;
            if shape.truth {
                let text = &definition.text;
                return Err(text.error(
                    definition.expression.span.clone(),
                    Problem::Kind { expected: "a number", found: "a truth value", hint: "" },
                ));
            }
            self.definitions[i].shape = Some(shape);
        }
        Ok(())
    }

    fn refuse_cycles(&self) -> Result<(), EquationError> {
        let uses: Vec<Vec<usize>> = self
            .definitions
            .iter()
            .map(|d| {
                let mut used = Vec::new();
                names_in(&d.expression, &mut used);
                used.iter()
                    .filter_map(|n| match self.meaning(n) {
                        Some(Meaning::Definition(i)) => Some(i),
                        _ => None,
                    })
                    .collect()
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

    /// The shape of an expression that stands after `defined` definitions.
    ///
    /// # Errors
    /// Unknown names, wrong numbers of arguments, truth values where numbers are needed, with their places.
    pub fn shape(&self, e: &Expression, text: &Text, defined: usize) -> Result<Shape, EquationError> {
        let number = |e: &Expression| -> Result<Shape, EquationError> {
            let shape = self.shape(e, text, defined)?;
            if shape.truth {
                let hint = "; comparisons do not chain: write a < b && b < c";
                let problem = Problem::Kind { expected: "a number", found: "a truth value", hint };
                return Err(text.error(e.span.clone(), problem));
            }
            Ok(shape)
        };
        let truth = |e: &Expression| -> Result<Shape, EquationError> {
            let shape = self.shape(e, text, defined)?;
            if !shape.truth {
                let hint = "; use a comparison such as x > 0";
                let problem = Problem::Kind { expected: "a truth value", found: "a number", hint };
                return Err(text.error(e.span.clone(), problem));
            }
            Ok(shape)
        };
        match &e.kind {
            ExpressionKind::Number(_) => Ok(Shape::default()),
            ExpressionKind::Name(name) => self.shape_of_name(name, e, text, defined),
            ExpressionKind::Negative(a) => number(a),
            ExpressionKind::Not(a) => truth(a),
            ExpressionKind::Binary(op, a, b) => {
                let logic = matches!(op, Operator::And | Operator::Or);
                let (mut shape, other) =
                    if logic { (truth(a)?, truth(b)?) } else { (number(a)?, number(b)?) };
                shape.join(other);
                shape.truth = !matches!(
                    op,
                    Operator::Add
                        | Operator::Subtract
                        | Operator::Multiply
                        | Operator::Divide
                        | Operator::Power
                );
                Ok(shape)
            }
            ExpressionKind::Call(name, arguments) if name == "choose" => {
                let mut shape = Shape::default();
                for a in self.alternatives(e, arguments, text)? {
                    shape.join(number(a)?);
                }
                Ok(shape)
            }
            ExpressionKind::Call(name, arguments) => {
                let given = arguments.len();
                let (takes, right) = match name.as_str() {
                    "min" | "max" => ("2 or more arguments", given >= 2),
                    "log_sum_exp" => ("1 or more arguments", given >= 1),
                    "where" => (
                        "3 arguments (a condition, the value where it holds, the value elsewhere)",
                        given == 3,
                    ),
                    "bivariate_normal_cdf" => ("3 arguments (a, b and the correlation)", given == 3),
                    name if Function::named(name).is_some() => ("1 argument", given == 1),
                    _ => {
                        let nearest = nearest(name, function::names());
                        let place = e.span.start..e.span.start + name.len();
                        return Err(
                            text.error(place, Problem::UnknownFunction { name: name.clone(), nearest })
                        );
                    }
                };
                if !right {
                    let problem = Problem::Arguments { name: name.clone(), takes, given };
                    return Err(text.error(e.span.clone(), problem));
                }
                let mut shape = Shape::default();
                let conditions = usize::from(name == "where");
                for (place, a) in arguments.iter().enumerate() {
                    shape.join(if place < conditions { truth(a)? } else { number(a)? });
                }
                Ok(shape)
            }
            ExpressionKind::Average(names, body) => {
                for (i, (name, place)) in names.iter().enumerate() {
                    let known = matches!(self.meaning(name), Some(Meaning::Discrete(_) | Meaning::Normal(_)));
                    if !known {
                        let variables = self.variables();
                        return Err(text
                            .error(place.clone(), Problem::NotAVariable { name: name.clone(), variables }));
                    }
                    if names[..i].iter().any(|(n, _)| n == name) {
                        let message = format!("`{name}` stands twice in this average");
                        return Err(text.error(place.clone(), Problem::Structure(message)));
                    }
                }
                let mut shape = number(body)?;
                self.refuse_large_product(&shape, names, e, text)?;
                shape.variables.retain(|(v, _)| !names.iter().any(|(n, _)| n == v));
                Ok(shape)
            }
        }
    }

    /// The alternatives of `choose(parameter, x0, x1, …)`: one for each word of the parameter.
    fn alternatives<'e>(
        &self,
        e: &Expression,
        arguments: &'e [Expression],
        text: &Text,
    ) -> Result<&'e [Expression], EquationError> {
        let (first, alternatives) = arguments.split_first().expect("a call has arguments");
        let named = match &first.kind {
            ExpressionKind::Name(name) => self.meaning(name).map(|meaning| (name, meaning)),
            _ => None,
        };
        let Some((name, Meaning::Word { count, .. })) = named else {
            let is_word = |m: &Meaning| matches!(m, Meaning::Word { .. });
            let words = self.meanings.iter().filter(|(_, m)| is_word(m)).map(|(name, _)| name.clone());
            let mut parameters: Vec<String> = words.collect();
            parameters.sort_unstable();
            return Err(text.error(first.span.clone(), Problem::ChoosesByNoWord { parameters }));
        };
        if alternatives.len() != count {
            let given = alternatives.len();
            let problem = Problem::Alternatives { parameter: name.clone(), expected: count, given };
            return Err(text.error(e.span.clone(), problem));
        }
        Ok(alternatives)
    }

    /// A product rule over all normal variables of an integrand must not be too large.
    fn refuse_large_product(
        &self,
        integrand: &Shape,
        averaged: &[(String, Range<usize>)],
        e: &Expression,
        text: &Text,
    ) -> Result<(), EquationError> {
        let normal = |name: &str| matches!(self.meaning(name), Some(Meaning::Normal(_)));
        let variables = integrand.variables.iter().filter(|(v, _)| normal(v)).count() as u32;
        let size = (SMALLEST_RULE as f64).powi(variables as i32);
        if averaged.iter().any(|(v, _)| normal(v)) && size > LARGEST_PRODUCT {
            let problem =
                Problem::ProductTooLarge { variables, nodes: SMALLEST_RULE, size, limit: LARGEST_PRODUCT };
            return Err(text.error(e.span.clone(), problem));
        }
        Ok(())
    }

    fn shape_of_name(
        &self,
        name: &str,
        e: &Expression,
        text: &Text,
        defined: usize,
    ) -> Result<Shape, EquationError> {
        let here = || (name.to_string(), e.span.clone());
        let mut shape = Shape::default();
        match self.meaning(name) {
            Some(Meaning::Parameter(_)) => {}
            Some(Meaning::Word { .. }) => {
                return Err(text.error(e.span.clone(), Problem::WordAsNumber(name.to_string())));
            }
            Some(Meaning::Control(_)) => shape.control = Some(here()),
            Some(Meaning::Unknown(_)) => shape.unknown = Some(here()),
            Some(Meaning::Discrete(_) | Meaning::Normal(_)) => shape.variables.push(here()),
            Some(Meaning::Definition(i)) => {
                if i >= defined {
                    let line = self.definitions[i].text.place(0..0).line;
                    let problem = Problem::UsedBeforeDefinition { name: name.to_string(), line };
                    return Err(text.error(e.span.clone(), problem));
                }
                if let Some(known) = &self.definitions[i].shape {
                    shape.variables =
                        known.variables.iter().map(|(v, _)| (v.clone(), e.span.clone())).collect();
                    shape.unknown = known.unknown.as_ref().map(|(v, _)| (v.clone(), e.span.clone()));
                    shape.control = known.control.as_ref().map(|(v, _)| (v.clone(), e.span.clone()));
                }
            }
            None if name == "inf" || name == "pi" => {}
            None => {
                if function::names().any(|f| *f == *name) {
                    return Err(text.error(e.span.clone(), Problem::NoArguments(name.to_string())));
                }
                let known = self.meanings.keys().map(String::as_str).chain(function::names());
                let mut known: Vec<&str> = known.collect();
                known.sort_unstable();
                let nearest = nearest(name, known);
                return Err(
                    text.error(e.span.clone(), Problem::UnknownName { name: name.to_string(), nearest })
                );
            }
        }
        Ok(shape)
    }

    /// Checks that an expression is a scalar number (or truth value) that depends on nothing but what is allowed.
    ///
    /// # Errors
    /// A variable left un-averaged, or something that is not allowed here, at its place.
    pub fn check_scalar(
        &self,
        e: &Expression,
        text: &Text,
        what: &str,
        allowed: Allowed,
        truth: bool,
    ) -> Result<(), EquationError> {
        let shape = self.shape(e, text, self.definitions.len())?;
        if let Some((variable, place)) = shape.variables.into_iter().next() {
            let problem = Problem::NotAveraged { what: what.to_string(), variable };
            return Err(text.error(place, problem));
        }
        let refused = match allowed {
            Allowed::Everything => None,
            Allowed::Point => shape.unknown.map(|u| ("unknown", u)),
            Allowed::Parameters => {
                shape.unknown.map(|u| ("unknown", u)).or(shape.control.map(|c| ("control parameter", c)))
            }
        };
        if let Some((kind, (name, place))) = refused {
            return Err(text.error(place, Problem::NotAllowedHere { what: what.to_string(), kind, name }));
        }
        if shape.truth != truth {
            let (expected, found, hint) = if truth {
                ("a condition", "a number", "; write for example `x >= 0`")
            } else {
                ("a number", "a truth value", "")
            };
            return Err(text.error(e.span.clone(), Problem::Kind { expected, found, hint }));
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
        ExpressionKind::Call(_, arguments) => arguments.iter().for_each(|a| names_in(a, names)),
    }
}
