//! An equation file → [`System`], stage by stage: `names` are resolved, `sections` and `variables` parsed and their shapes checked, then
//! `lower`ed to nodes of a graph; derivatives and programs are `compile`d.

mod compile;
mod correlated;
mod gauge;
mod lower;
mod motion;
mod names;
mod sections;
mod slider;
mod variables;

use std::ops::Range;
use std::sync::Arc;

use super::equations::{Control, Description, Limit, System};
use super::indices::WrittenOut;
use super::schema::{self, At, File, NumberOrText, Str, Words, expression_text, text};
use crate::diagnostic::{Source, Text};
use crate::language::Indices;
use crate::language::error::{EquationError, Problem};
use crate::language::expression::Expression;
use crate::language::graph::Node;
use crate::language::lower::Lowering;
use crate::language::scope::{Allowed, Scope};
use crate::name::nearest;
use crate::value::ParameterError;

/// Builds a system from a file that is not a composite.
///
/// # Errors
/// Everything that can be wrong with an equation file, at its place.
pub fn build(name: &str, written_out: &WrittenOut, source: &Arc<Source>) -> Result<System, EquationError> {
    let WrittenOut { file, indices, .. } = written_out;
    Builder { file, source, indices }.build(name)
}

/// The control of a file, checked.
///
/// # Errors
/// A range or number of points that makes no grid.
pub fn control(file: &File, source: &Arc<Source>) -> Result<Control, EquationError> {
    let c = &file.control;
    let [from, to, points] = [&c.from, &c.to, &c.points].map(|n| n.get_ref().0);
    if !(from.is_finite() && to.is_finite() && from < to) {
        let message =
            format!("the control runs from {from} to {to}; `from` must be less than `to`, both finite");
        return Err(EquationError::at(source.place(c.to.span()), Problem::Structure(message)));
    }
    if !((1.0..=1e7).contains(&points) && points.fract() == 0.0) {
        let message = format!("the control has {points} points; 1 to 10000000 are possible");
        return Err(EquationError::at(source.place(c.points.span()), Problem::Structure(message)));
    }
    let name = c.name.get_ref().clone();
    Ok(Control { name, from, to, points: points as usize, meaning: c.meaning.clone() })
}

/// What a file says about itself.
pub fn description(name: &str, file: &File) -> Description {
    Description {
        name: name.to_string(),
        title: file.title.clone(),
        describes: match &file.describes {
            Words::None => Vec::new(),
            Words::One(word) => vec![word.clone()],
            Words::Several(words) => words.clone(),
        },
        source: file.source.clone().unwrap_or_default(),
        differs: file.differs.clone().unwrap_or_default().trim().to_string(),
        line: file.line,
        plot: file.plot.iter().flat_map(|p| &p.columns).map(|c| c.get_ref().clone()).collect(),
    }
}

/// An expression of the file with its text.
struct Written {
    text: Text,
    expression: Expression,
}

impl Written {
    /// Checks that it is a number that depends on nothing but what is allowed.
    fn check(&self, scope: &Scope, what: &str, allowed: Allowed) -> Result<(), EquationError> {
        scope.check_scalar(&self.expression, &self.text, what, allowed, false)
    }

    /// The same for a condition.
    fn check_condition(&self, scope: &Scope, what: &str, allowed: Allowed) -> Result<(), EquationError> {
        scope.check_scalar(&self.expression, &self.text, what, allowed, true)
    }

    /// The node of what may depend on a variable.
    fn lower_free(&self, lowering: &mut Lowering) -> Result<Node, EquationError> {
        lowering.scalar(&self.expression, &self.text)
    }

    fn lower(&self, lowering: &mut Lowering) -> Result<Node, EquationError> {
        lowering.scalar(&self.expression, &self.text)
    }
}

struct Builder<'f> {
    file: &'f File,
    source: &'f Arc<Source>,
    indices: &'f Arc<Indices>,
}

impl Builder<'_> {
    fn error(&self, span: Range<usize>, problem: Problem) -> EquationError {
        EquationError::at(self.source.place(span), problem)
    }

    fn structure(&self, span: Range<usize>, message: String) -> EquationError {
        self.error(span, Problem::Structure(message))
    }

    fn parse(&self, written: &Str) -> Result<Written, EquationError> {
        let text = text(written, self.source);
        let expression = Expression::parse_at(&text, written.indices().unwrap_or(self.indices))?;
        Ok(Written { text, expression })
    }

    fn parse_value(&self, written: &At<NumberOrText>) -> Result<Written, EquationError> {
        let text = expression_text(written, self.source);
        if matches!(written.get_ref(), NumberOrText::Number(x) if x.is_nan()) {
            return Err(self.structure(written.span(), "NaN is not a number that can stand here".into()));
        }
        let expression = Expression::parse_at(&text, written.indices().unwrap_or(self.indices))?;
        Ok(Written { text, expression })
    }

    fn build(&self, name: &str) -> Result<System, EquationError> {
        let file = self.file;
        if let Some(piece) = file.piece.first() {
            return Err(
                self.structure(piece.span(), "a piece of a composite cannot itself be a composite".into())
            );
        }
        let control = control(file, self.source)?;
        self.check_steps(&control)?;
        let scope = self.scope(self.first_unknown())?;
        self.check_columns(&scope)?;
        let sections = self.sections(scope)?;
        let lowered = self.lower(&sections)?;
        let system = self.compile(name, control, sections, lowered)?;
        self.check_defaults(&system)?;
        self.check_sliders(&system)?;
        Ok(system)
    }

    /// The symbols of the unknowns come after those of the parameters and the control.
    fn first_unknown(&self) -> usize {
        self.file.parameters.len() + 1
    }

    /// The defaults must lie in their domains and give weights that sum to 1: errors that no `--set` causes.
    fn check_defaults(&self, system: &System) -> Result<(), EquationError> {
        system.check(&[]).map_err(|error| {
            let span = match &*error.problem {
                Problem::Parameter(ParameterError::OutsideDomain { name, .. }) => self
                    .file
                    .parameters
                    .iter()
                    .find(|(n, _)| n.get_ref() == name)
                    .map(|(_, p)| p.default.span()),
                Problem::WeightSum { variable, .. } | Problem::BadWeight { variable, .. } => {
                    self.file.variables.iter().find(|(n, _)| n.get_ref() == variable).map(|(_, v)| v.span())
                }
                _ => None,
            };
            EquationError { problem: error.problem, place: span.map(|s| self.source.place(s)) }
        })
    }
}

/// A word goes to no limit.
pub fn no_limit(parameter: &str) -> Problem {
    Problem::Structure(format!("the values of `{parameter}` are words, which have no limit"))
}

/// The limit of a file, checked.
///
/// # Errors
/// A parameter that the file does not have, or an order that is not positive.
pub fn limit(file: &File, source: &Arc<Source>) -> Result<Option<Limit>, EquationError> {
    let Some(limit) = &file.limit else { return Ok(None) };
    let limit = limit.get_ref();
    let known = || file.parameters.keys().map(|n| n.get_ref().as_str());
    if file.piece.is_empty() && !known().any(|n| n == limit.parameter.get_ref()) {
        let near = nearest(limit.parameter.get_ref(), known());
        let problem = Problem::UnknownName { name: limit.parameter.get_ref().clone(), nearest: near };
        return Err(EquationError::at(source.place(limit.parameter.span()), problem));
    }
    let is_meant = |(name, _): &(&Str, &schema::Parameter)| name.get_ref() == limit.parameter.get_ref();
    if file.parameters.iter().find(is_meant).is_some_and(|(_, p)| p.values.is_some()) {
        return Err(EquationError::at(
            source.place(limit.parameter.span()),
            no_limit(limit.parameter.get_ref()),
        ));
    }
    let order = limit.order.get_ref().0;
    if !(order > 0.0 && order.is_finite()) {
        let message = format!("the order of a limit is a positive number, not {order}");
        return Err(EquationError::at(source.place(limit.order.span()), Problem::Structure(message)));
    }
    Ok(Some(Limit {
        parameter: limit.parameter.get_ref().clone(),
        system: limit.system.get_ref().clone(),
        order,
        at: limit.at.iter().flatten().map(|n| n.0).collect(),
    }))
}
