//! The shape of an expression: on which variables, unknowns and control it depends, and whether it is a truth value.

use std::ops::Range;

use super::{HIDDEN, Meaning, Scope};
use crate::average::MOST_DIMENSIONS;
use crate::diagnostic::Text;
use crate::language::elsewhere::elsewhere;
use crate::language::error::{EquationError, Problem};
use crate::language::expression::{Expression, ExpressionKind, Matrix, Operator};
use crate::language::function::{self, Function};
use crate::name::nearest;

/// The largest product rule: nodes of all normal variables of one average together. An array of this size takes
/// 32 MB, and an average needs a few.
pub const LARGEST_PRODUCT: f64 = 4e6;

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
    pub(super) fn join(&mut self, other: Shape) {
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

impl Scope {
    /// The shape of an expression that stands after `defined` definitions.
    ///
    /// # Errors
    /// Unknown names, wrong numbers of arguments, truth values where numbers are needed, with their places.
    pub fn shape(&self, e: &Expression, text: &Text, defined: usize) -> Result<Shape, EquationError> {
        Place { scope: self, text, defined }.shape(e)
    }

    fn variables(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .meanings
            .iter()
            .filter(|(name, m)| {
                let variable = matches!(m, Meaning::Discrete(_) | Meaning::Normal(_) | Meaning::Measure(_));
                variable && !name.ends_with(HIDDEN)
            })
            .map(|(n, _)| n.clone())
            .collect();
        names.sort_unstable();
        names
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

/// Where an expression stands: in a text, after some definitions.
struct Place<'s> {
    scope: &'s Scope,
    text: &'s Text,
    defined: usize,
}

impl Place<'_> {
    fn shape(&self, e: &Expression) -> Result<Shape, EquationError> {
        match &e.kind {
            ExpressionKind::Number(_) => Ok(Shape::default()),
            ExpressionKind::Name(name) => self.name(name, e),
            ExpressionKind::Negative(a) => self.number(a),
            ExpressionKind::Not(a) => self.truth(a),
            ExpressionKind::Binary(op, a, b) => {
                let logic = matches!(op, Operator::And | Operator::Or);
                let (mut shape, other) = match logic {
                    true => (self.truth(a)?, self.truth(b)?),
                    false => (self.number(a)?, self.number(b)?),
                };
                shape.join(other);
                use Operator::{Add, Divide, Multiply, Power, Subtract};
                shape.truth = !matches!(op, Add | Subtract | Multiply | Divide | Power);
                Ok(shape)
            }
            ExpressionKind::Call(name, arguments) if name == "choose" => {
                let mut shape = Shape::default();
                for a in self.alternatives(e, arguments)? {
                    shape.join(self.number(a)?);
                }
                Ok(shape)
            }
            ExpressionKind::Call(name, arguments) => self.call(e, name, arguments),
            ExpressionKind::Average(names, body) => self.average(e, names, body),
            ExpressionKind::Derivative((by, place), body) => self.derivative(by, place, body),
        }
    }

    fn number(&self, e: &Expression) -> Result<Shape, EquationError> {
        let shape = self.shape(e)?;
        if shape.truth {
            let hint = "; comparisons do not chain: write a < b && b < c";
            let problem = Problem::Kind { expected: "a number", found: "a truth value", hint };
            return Err(self.text.error(e.span.clone(), problem));
        }
        Ok(shape)
    }

    fn truth(&self, e: &Expression) -> Result<Shape, EquationError> {
        let shape = self.shape(e)?;
        if !shape.truth {
            let hint = "; use a comparison such as x > 0";
            let problem = Problem::Kind { expected: "a truth value", found: "a number", hint };
            return Err(self.text.error(e.span.clone(), problem));
        }
        Ok(shape)
    }

    fn call(&self, e: &Expression, name: &str, arguments: &[Expression]) -> Result<Shape, EquationError> {
        let given = arguments.len();
        let (takes, right) = match name {
            "min" | "max" => ("2 or more arguments", given >= 2),
            "log_sum_exp" => ("1 or more arguments", given >= 1),
            "where" => {
                ("3 arguments (a condition, the value where it holds, the value elsewhere)", given == 3)
            }
            name if Matrix::of_call(name).is_some() => ("a matrix", true),
            "bivariate_normal_cdf" => ("3 arguments (a, b and the correlation)", given == 3),
            name if Function::named(name).is_some() => ("1 argument", given == 1),
            _ => {
                // A name before a bracket is a call, also where a product is meant.
                let product = self.scope.meaning(name).map(|_| format!("{name}*(…)"));
                let known = || elsewhere(name).map(str::to_string);
                let nearest = product.or_else(known).or_else(|| nearest(name, function::names()));
                let place = e.span.start..e.span.start + name.len();
                let problem = Problem::UnknownFunction { name: name.to_string(), nearest };
                return Err(self.text.error(place, problem));
            }
        };
        if !right {
            let problem = Problem::Arguments { name: name.to_string(), takes, given };
            return Err(self.text.error(e.span.clone(), problem));
        }
        let mut shape = Shape::default();
        let conditions = usize::from(name == "where");
        for (place, a) in arguments.iter().enumerate() {
            shape.join(if place < conditions { self.truth(a)? } else { self.number(a)? });
        }
        Ok(shape)
    }

    fn average(
        &self,
        e: &Expression,
        names: &[(String, Range<usize>)],
        body: &Expression,
    ) -> Result<Shape, EquationError> {
        for (i, (name, place)) in names.iter().enumerate() {
            use Meaning::{Discrete, Measure, Normal};
            let known = matches!(self.scope.meaning(name), Some(Discrete(_) | Normal(_) | Measure(_)));
            if !known {
                let variables = self.scope.variables();
                let problem = Problem::NotAVariable { name: name.clone(), variables };
                return Err(self.text.error(place.clone(), problem));
            }
            if names[..i].iter().any(|(n, _)| n == name) {
                let message = format!("`{name}` stands twice in this average");
                return Err(self.text.error(place.clone(), Problem::Structure(message)));
            }
        }
        let mut shape = self.number(body)?;
        self.refuse_large_product(&shape, names, e)?;
        shape.variables.retain(|(v, _)| !names.iter().any(|(n, _)| n == v));
        Ok(shape)
    }

    /// The derivative of something by a name.
    fn derivative(&self, by: &str, place: &Range<usize>, body: &Expression) -> Result<Shape, EquationError> {
        let mut shape = self.number(body)?;
        let here = || Some((by.to_string(), place.clone()));
        let is = match self.scope.meaning(by) {
            Some(Meaning::Parameter(_)) => return Ok(shape),
            Some(Meaning::Control(_)) => {
                shape.control = shape.control.or_else(here);
                return Ok(shape);
            }
            Some(Meaning::Unknown(_)) => {
                shape.unknown = shape.unknown.or_else(here);
                return Ok(shape);
            }
            Some(Meaning::Normal(_)) if shape.variables.iter().any(|(v, _)| v == by) => return Ok(shape),
            Some(Meaning::Normal(_)) => "does not stand in what is derived, or is averaged over there",
            Some(Meaning::Definition(_)) => "is a definition",
            Some(Meaning::Measure(_)) => "is no normal variable",
            Some(Meaning::Discrete(_) | Meaning::Word { .. }) => "takes separate values",
            None => "is no name of this file",
        };
        Err(self.text.error(place.clone(), Problem::NoDerivative { name: by.to_string(), is }))
    }

    /// The alternatives of `choose(parameter, x0, x1, …)`: one for each word of the parameter.
    fn alternatives<'e>(
        &self,
        e: &Expression,
        arguments: &'e [Expression],
    ) -> Result<&'e [Expression], EquationError> {
        let (first, alternatives) = arguments.split_first().expect("a call has arguments");
        let named = match &first.kind {
            ExpressionKind::Name(name) => self.scope.meaning(name).map(|meaning| (name, meaning)),
            _ => None,
        };
        let Some((name, Meaning::Word { count, .. })) = named else {
            let is_word = |m: &Meaning| matches!(m, Meaning::Word { .. });
            let words = self.scope.meanings.iter().filter(|(_, m)| is_word(m)).map(|(name, _)| name.clone());
            let mut parameters: Vec<String> = words.collect();
            parameters.sort_unstable();
            return Err(self.text.error(first.span.clone(), Problem::ChoosesByNoWord { parameters }));
        };
        if alternatives.len() != count {
            let given = alternatives.len();
            let problem = Problem::Alternatives { parameter: name.clone(), expected: count, given };
            return Err(self.text.error(e.span.clone(), problem));
        }
        Ok(alternatives)
    }

    /// A product rule over all normal variables of an integrand must not be too large.
    fn refuse_large_product(
        &self,
        integrand: &Shape,
        averaged: &[(String, Range<usize>)],
        e: &Expression,
    ) -> Result<(), EquationError> {
        let normal =
            |name: &str| matches!(self.scope.meaning(name), Some(Meaning::Normal(_) | Meaning::Measure(_)));
        let variables = integrand.variables.iter().filter(|(v, _)| normal(v)).count() as u32;
        if averaged.iter().any(|(v, _)| normal(v)) && variables > MOST_DIMENSIONS {
            let problem = Problem::ProductTooLarge { variables, limit: MOST_DIMENSIONS };
            return Err(self.text.error(e.span.clone(), problem));
        }
        Ok(())
    }

    fn name(&self, name: &str, e: &Expression) -> Result<Shape, EquationError> {
        let here = || (name.to_string(), e.span.clone());
        let mut shape = Shape::default();
        match self.scope.meaning(name) {
            Some(Meaning::Parameter(_)) => {}
            Some(Meaning::Word { .. }) => {
                return Err(self.text.error(e.span.clone(), Problem::WordAsNumber(name.to_string())));
            }
            Some(Meaning::Control(_)) => shape.control = Some(here()),
            Some(Meaning::Unknown(_)) => shape.unknown = Some(here()),
            Some(Meaning::Discrete(_) | Meaning::Normal(_) | Meaning::Measure(_)) => {
                shape.variables.push(here());
            }
            // In its own equation an implicit number is a number like any other, as are those that are solved for with it.
            Some(Meaning::Definition(i)) if self.scope.are_together(self.defined, i) => {}
            Some(Meaning::Definition(i)) => {
                if i >= self.defined {
                    let line = self.scope.definitions[i].text.place(0..0).line;
                    let problem = Problem::UsedBeforeDefinition { name: name.to_string(), line };
                    return Err(self.text.error(e.span.clone(), problem));
                }
                if let Some(known) = &self.scope.definitions[i].shape {
                    shape.variables =
                        known.variables.iter().map(|(v, _)| (v.clone(), e.span.clone())).collect();
                    shape.unknown = known.unknown.as_ref().map(|(v, _)| (v.clone(), e.span.clone()));
                    shape.control = known.control.as_ref().map(|(v, _)| (v.clone(), e.span.clone()));
                }
            }
            None if name == "inf" || name == "pi" => {}
            None => {
                if function::names().any(|f| *f == *name) {
                    return Err(self.text.error(e.span.clone(), Problem::NoArguments(name.to_string())));
                }
                let known = self.scope.meanings.keys().map(String::as_str).chain(function::names());
                let mut known: Vec<&str> = known.collect();
                known.sort_unstable();
                let nearest = nearest(name, known);
                return Err(self
                    .text
                    .error(e.span.clone(), Problem::UnknownName { name: name.to_string(), nearest }));
            }
        }
        Ok(shape)
    }
}
