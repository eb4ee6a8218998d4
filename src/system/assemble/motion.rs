//! `[flow]` and `[iterate]`: what moves from a start, parsed and checked.

use super::sections::{Branch, Output};
use super::{Builder, Written};
use crate::language::error::{EquationError, Problem};
use crate::language::scope::{Allowed, Scope};
use crate::system::equations::Control;
use crate::system::kind::{Kind, Stop};
use crate::system::schema::{Motion, Str};

/// The most steps of an iteration.
const MOST_STEPS: f64 = 1e7;

/// When what moves stops.
pub(super) enum EndOfMotion {
    /// Where nothing moves any more.
    Stationary,
    /// Where a condition becomes true, with the scope in which it is read.
    When((Written, Scope)),
}

/// What kind of motion it is, and the right sides with what stands on the left.
pub(super) type Moving = (Kind, Vec<(String, Written)>);

impl EndOfMotion {
    /// The condition, if it is one.
    pub(super) fn condition(&self) -> Option<&(Written, Scope)> {
        match self {
            EndOfMotion::Stationary => None,
            EndOfMotion::When(condition) => Some(condition),
        }
    }

    pub(super) fn as_written(&self) -> Stop {
        match self {
            EndOfMotion::Stationary => Stop::Stationary,
            EndOfMotion::When((written, _)) => Stop::When(written.text.value.clone()),
        }
    }
}

impl<'f> Builder<'f> {
    fn moving(&self) -> Option<(&'f toml::Spanned<Motion>, Kind, &'static str)> {
        let flow = self.file.flow.as_ref().map(|motion| (motion, Kind::Flow, "[flow]"));
        flow.or(self.file.iterate.as_ref().map(|motion| (motion, Kind::Iterate, "[iterate]")))
    }

    /// The right sides of what moves, in the order of the unknowns; none if nothing does.
    pub(super) fn motion(&self) -> Result<Option<Moving>, EquationError> {
        let Some((motion, kind, section)) = self.moving() else { return Ok(None) };
        let file = self.file;
        let starts_alone = "what moves has one start, and stays on its way";
        if let Some(selection) = &file.selection {
            let message =
                format!("[selection] chooses among several solutions, and {section} has one: {starts_alone}");
            return Err(self.structure(selection.span(), message));
        }
        if let Some(branch) = file.branch.first() {
            let message = format!(
                "[[branch]] names solutions by their starts, and {section} has one: {starts_alone}; write `start = {{ … }}` in {section}"
            );
            return Err(self.structure(branch.span(), message));
        }
        if let Some(gauge) = &file.gauge {
            let span = gauge.span();
            let message = format!(
                "[gauge] chooses between solutions that differ in sign, and {section} has one: {starts_alone}"
            );
            return Err(self.structure(span, message));
        }
        let word = |name: &&Str| matches!(name.get_ref().as_str(), "start" | "stop");
        if let Some(name) = file.unknowns.keys().find(word) {
            let message = format!(
                "`{}` is a word of {section}, and cannot be the name of an unknown there",
                name.get_ref()
            );
            return Err(self.structure(name.span(), message));
        }
        let values = self.per_unknown(&motion.get_ref().right, motion.span(), section)?;
        let mut equations = Vec::new();
        for (name, value) in file.unknowns.keys().zip(values) {
            equations.push((name.get_ref().clone(), self.parse(value)?));
        }
        Ok(Some((kind, equations)))
    }

    /// Where it starts, as the one kind of solution that it has.
    pub(super) fn start(&self, kind: Kind, scope: &Scope) -> Result<Branch, EquationError> {
        let (start, span, section) = match self.moving() {
            Some((motion, _, section)) => (motion.get_ref().start.as_ref(), motion.span(), section),
            None => (None, 0..0, ""),
        };
        let Some(start) = start else {
            let message = format!("{section} does not say where the unknowns start: start = {{ … }}");
            return Err(self.structure(span, message));
        };
        let values = self.per_unknown(start.get_ref(), start.span(), "`start`")?;
        let mut point = Vec::new();
        for value in values {
            let value = self.parse_value(value)?;
            value.check(scope, "a start", Allowed::Parameters)?;
            point.push(value);
        }
        let names = self.file.unknowns.keys();
        let texts = names.zip(&point).map(|(n, w)| format!("{} = {}", n.get_ref(), w.text.value));
        let texts = vec![texts.collect::<Vec<_>>().join(", ")];
        Ok(Branch { name: kind.name().into(), boundary: false, points: vec![point], texts })
    }

    /// The first unknown whose right side contains the control.
    pub(super) fn contains_control(
        &self,
        scope: &Scope,
        equations: &[(String, Written)],
    ) -> Result<Option<usize>, EquationError> {
        for (place, (_, w)) in equations.iter().enumerate() {
            let shape = scope.shape(&w.expression, &w.text, scope.definitions.len())?;
            if self.moving().is_some() && shape.control.is_some() {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// When it stops.
    pub(super) fn stop(
        &self,
        scope: &Scope,
        outputs: &[Output],
        contains_control: Option<usize>,
    ) -> Result<Option<EndOfMotion>, EquationError> {
        let Some((motion, _, section)) = self.moving() else { return Ok(None) };
        let Some(stop) = &motion.get_ref().stop else { return Ok(None) };
        if stop.get_ref() == "stationary" {
            if let Some((name, _)) = contains_control.and_then(|place| self.file.unknowns.get_index(place)) {
                let message = format!(
                    "the right side of `{}` contains the control `{}`: such a motion is nowhere at rest for good; give `stop` a condition, or leave it out",
                    name.get_ref(),
                    self.file.control.name.get_ref()
                );
                return Err(self.structure(stop.span(), message));
            }
            return Ok(Some(EndOfMotion::Stationary));
        }
        let condition = self.parse(stop)?;
        let scope =
            scope.with_outputs(outputs.iter().map(|o| (o.name, &o.value.text, &o.value.expression)))?;
        condition.check_condition(&scope, &format!("`stop` in {section}"), Allowed::Everything)?;
        Ok(Some(EndOfMotion::When((condition, scope))))
    }

    /// The control of an iteration counts steps.
    pub(super) fn check_steps(&self, control: &Control) -> Result<(), EquationError> {
        if self.file.iterate.is_none() {
            return Ok(());
        }
        let Control { name, from, to, points, .. } = control;
        let written = &self.file.control;
        for (value, span) in [(from, written.from.span()), (to, written.to.span())] {
            if value.fract() != 0.0 {
                let message = format!(
                    "`{name}` counts the steps of [iterate] and cannot be {value}; it runs between whole numbers"
                );
                return Err(self.error(span, Problem::Structure(message)));
            }
        }
        let steps = to - from;
        if steps > MOST_STEPS {
            let message =
                format!("{steps} steps of [iterate] are too many; at most {MOST_STEPS} are possible");
            return Err(self.structure(written.to.span(), message));
        }
        if let Some(between) = control.grid().iter().find(|value| value.fract() != 0.0) {
            let message = format!(
                "{points} points from {from} to {to} are not whole numbers ({between}, …), and `{name}` counts the steps of [iterate]; {} points make every step",
                steps + 1.0
            );
            return Err(self.structure(written.points.span(), message));
        }
        Ok(())
    }
}
