//! The sections of an equation file, one by one: names, columns, equations, branches, ranges, gauge.

use std::ops::Range;

use super::{Builder, Points, Written};
use crate::language::error::{EquationError, Problem};
use crate::language::graph::MAX_NORMALS;
use crate::language::scope::{Allowed, Definition, Meaning, Scope};
use crate::name::ascii_name;
use crate::name::is_identifier;
use crate::name::{did_you_mean, is_word, nearest};
use crate::system::equations::Kind;
use crate::system::schema::{self, Entries, Str};

impl Builder<'_> {
    /// Declares all names, in the order in which a reader meets them.
    pub(super) fn scope(&self, first_unknown: usize) -> Result<Scope, EquationError> {
        let file = self.file;
        let mut scope = Scope::default();
        let declare = |scope: &mut Scope, name: &Str, meaning: Meaning| {
            scope.declare(name.get_ref(), meaning).map_err(|problem| self.error(name.span(), problem))
        };
        declare(&mut scope, &file.control.name, Meaning::Control(first_unknown - 1))?;
        for (symbol, (name, entry)) in file.parameters.iter().enumerate() {
            let meaning = match self.words(name, entry)? {
                Some((words, _)) => Meaning::Word { symbol, count: words.len() },
                None => Meaning::Parameter(symbol),
            };
            declare(&mut scope, name, meaning)?;
        }
        let (mut discrete, mut normal) = (0, 0);
        for (name, entry) in &file.variables {
            match entry.get_ref() {
                schema::Variable::Discrete(_) => {
                    declare(&mut scope, name, Meaning::Discrete(discrete))?;
                    discrete += 1;
                }
                schema::Variable::Named(kind) if kind == "normal" => {
                    if normal == MAX_NORMALS {
                        let message = format!("there are more than {MAX_NORMALS} normal variables");
                        return Err(self.structure(name.span(), message));
                    }
                    declare(&mut scope, name, Meaning::Normal(normal))?;
                    normal += 1;
                }
                schema::Variable::Named(other) => {
                    let message = format!(
                        "a variable is \"normal\" or a table {{ values = […], weights = […] }}, not \"{other}\""
                    );
                    return Err(self.structure(entry.span(), message));
                }
            }
        }
        for (i, name) in file.unknowns.keys().enumerate() {
            declare(&mut scope, name, Meaning::Unknown(first_unknown + i))?;
        }
        for (i, name) in file.definitions.keys().enumerate() {
            declare(&mut scope, name, Meaning::Definition(i))?;
        }
        for (name, written) in &file.definitions {
            let Written { text, expression } = self.parse(written)?;
            let name = name.get_ref().clone();
            scope.definitions.push(Definition { name, text, expression, shape: None });
        }
        scope.check_definitions()?;
        Ok(scope)
    }

    /// The words that are the values of a parameter, and the place of its default among them; none if its values are
    /// numbers.
    pub(super) fn words(
        &self,
        name: &Str,
        entry: &schema::Parameter,
    ) -> Result<Option<(Vec<String>, usize)>, EquationError> {
        let Some(values) = &entry.values else { return Ok(None) };
        let name = name.get_ref();
        if values.get_ref().is_empty() {
            return Err(
                self.structure(values.span(), format!("`{name}` needs at least one word as its value"))
            );
        }
        let mut words: Vec<String> = Vec::new();
        for value in values.get_ref() {
            let word = value.get_ref();
            if !is_word(word) {
                let message = format!(
                    "`{word}` is not a word that a value can be; use ASCII letters, digits and _, a letter first, and nothing that reads as a number"
                );
                return Err(self.structure(value.span(), message));
            }
            if words.contains(word) {
                let message = format!("`{word}` stands twice among the values of `{name}`");
                return Err(self.structure(value.span(), message));
            }
            words.push(word.clone());
        }
        if let Some(domain) = &entry.domain {
            let message =
                format!("`{name}` has a list of words as its values, and takes no other; leave out `domain`");
            return Err(self.structure(domain.span(), message));
        }
        let default = match entry.default.get_ref() {
            schema::NumberOrText::Text(text) => text.clone(),
            schema::NumberOrText::Number(number) => number.to_string(),
        };
        let Some(place) = words.iter().position(|word| *word == default) else {
            let hint = did_you_mean(&default, words.iter().map(String::as_str));
            let message = format!(
                "the default `{default}` of `{name}` is none of its values{hint}, which are {}",
                words.join(", ")
            );
            return Err(self.structure(entry.default.span(), message));
        };
        Ok(Some((words, place)))
    }

    /// Columns must have distinct ASCII names, and an output may not hide a parameter or an unknown.
    pub(super) fn check_columns(&self, scope: &Scope) -> Result<(), EquationError> {
        let file = self.file;
        let reserved = ["piece", "branch", "system", "energy", "residual", "quadrature_error", "curvature"];
        let reserved = reserved.iter().chain(&["rule", "nodes", "iterations", "status", "verify_difference"]);
        let mut taken: Vec<(String, &'static str)> =
            reserved.map(|r| (r.to_string(), "column of every table")).collect();
        let named = [&file.control.name]
            .into_iter()
            .map(|n| (n, "control parameter"))
            .chain(file.parameters.keys().map(|n| (n, "parameter")))
            .chain(file.unknowns.keys().map(|n| (n, "unknown")))
            .chain(file.outputs.keys().map(|n| (n, "output")));
        for (name, kind) in named {
            let Some(column) = ascii_name(name.get_ref()) else {
                let spelled = name.get_ref().clone();
                let whole = is_identifier(&spelled);
                let problem = if whole { Problem::NoSpelling(spelled) } else { Problem::BadName(spelled) };
                return Err(self.error(name.span(), problem));
            };
            if let Some((_, first)) = taken.iter().find(|(t, _)| *t == column) {
                let problem = Problem::Duplicate { name: column, first, second: kind };
                return Err(self.error(name.span(), problem));
            }
            taken.push((column, kind));
            // The name of an output must be an identifier, but may be that of a definition.
            if kind == "output" && scope.meaning(name.get_ref()).is_none() {
                Scope::default()
                    .declare(name.get_ref(), Meaning::Definition(0))
                    .map_err(|problem| self.error(name.span(), problem))?;
            }
        }
        if let Some(plot) = &file.plot {
            for column in &plot.columns {
                if !taken
                    .iter()
                    .any(|(t, kind)| t == column.get_ref() && matches!(*kind, "unknown" | "output"))
                {
                    let outputs = taken.iter().filter(|(_, k)| matches!(*k, "unknown" | "output"));
                    let near = nearest(column.get_ref(), outputs.map(|(t, _)| t.as_str()));
                    let problem = Problem::UnknownName { name: column.get_ref().clone(), nearest: near };
                    return Err(self.error(column.span(), problem));
                }
            }
        }
        Ok(())
    }

    /// Exactly one of energy, fixed_point and residual, or none with no unknowns.
    pub(super) fn equations(&self) -> Result<(Kind, Vec<(String, Written)>), EquationError> {
        let file = self.file;
        let sections: Vec<(&str, Range<usize>)> = [
            file.energy.as_ref().map(|s| ("[energy]", s.span())),
            file.fixed_point.as_ref().map(|s| ("[fixed_point]", s.span())),
            file.residual.as_ref().map(|s| ("[residual]", s.span())),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let [(first, _), (second, span), ..] = sections.as_slice() {
            let message = format!(
                "both {first} and {second} are given; exactly one of [energy], [fixed_point] and [residual] says what the unknowns satisfy"
            );
            return Err(self.structure(span.clone(), message));
        }
        let first_unknown = file.unknowns.keys().next();
        match (sections.first(), first_unknown) {
            (None, Some(name)) => {
                let message = "there are unknowns, but none of [energy], [fixed_point] and [residual] says what they satisfy";
                return Err(self.structure(name.span(), message.into()));
            }
            (Some((section, span)), None) => {
                return Err(
                    self.structure(span.clone(), format!("{section} is given, but there are no [unknowns]"))
                );
            }
            _ => {}
        }
        if let Some(energy) = &file.energy {
            let w = self.parse(&energy.get_ref().minimise)?;
            return Ok((Kind::Energy, vec![("the energy".into(), w)]));
        }
        if let Some(fixed_point) = &file.fixed_point {
            let values = self.per_unknown(fixed_point.get_ref(), fixed_point.span(), "[fixed_point]")?;
            let mut equations = Vec::new();
            for (name, value) in file.unknowns.keys().zip(values) {
                equations.push((name.get_ref().clone(), self.parse(value)?));
            }
            return Ok((Kind::FixedPoint, equations));
        }
        if let Some(residual) = &file.residual {
            let (given, needed) = (residual.get_ref().len(), file.unknowns.len());
            if given != needed {
                let message =
                    format!("[residual] has {given} equations for {needed} unknowns; the numbers must agree");
                return Err(self.structure(residual.span(), message));
            }
            let mut equations = Vec::new();
            for (name, value) in residual.get_ref() {
                equations.push((name.get_ref().clone(), self.parse(value)?));
            }
            return Ok((Kind::Residual, equations));
        }
        Ok((Kind::ClosedForm, Vec::new()))
    }

    /// One entry for each unknown, in the order of the unknowns.
    pub(super) fn per_unknown<'e, T>(
        &self,
        entries: &'e Entries<T>,
        span: Range<usize>,
        what: &str,
    ) -> Result<Vec<&'e T>, EquationError> {
        let unknowns: Vec<&str> = self.file.unknowns.keys().map(|n| n.get_ref().as_str()).collect();
        for name in entries.keys() {
            if !unknowns.contains(&name.get_ref().as_str()) {
                let near = nearest(name.get_ref(), unknowns.iter().copied());
                let problem = Problem::UnknownName { name: name.get_ref().clone(), nearest: near };
                return Err(self.error(name.span(), problem));
            }
        }
        unknowns
            .iter()
            .map(|unknown| {
                entries.iter().find(|(n, _)| n.get_ref() == unknown).map(|(_, v)| v).ok_or_else(|| {
                    self.structure(span.clone(), format!("{what} does not say what `{unknown}` is"))
                })
            })
            .collect()
    }

    pub(super) fn branches(&self) -> Result<Vec<Points>, EquationError> {
        let mut branches: Vec<Points> = Vec::new();
        for branch in &self.file.branch {
            let (span, branch) = (branch.span(), branch.get_ref());
            let name = branch.name.get_ref().clone();
            if self.file.unknowns.is_empty() {
                return Err(self.structure(span, "a closed form has no branches".into()));
            }
            if branches.iter().any(|b| b.name == name) {
                return Err(self.structure(branch.name.span(), format!("there are two branches `{name}`")));
            }
            let (boundary, points) = match (&branch.start, &branch.at) {
                (Some(starts), None) if !starts.is_empty() => (false, starts.iter().collect::<Vec<_>>()),
                (None, Some(at)) => (true, vec![at]),
                _ => {
                    let message =
                        format!("branch `{name}` needs either `start = [{{…}}, …]` or `at = {{…}}`");
                    return Err(self.structure(span, message));
                }
            };
            let mut parsed = Vec::new();
            let mut texts = Vec::new();
            for point in points {
                let what = if boundary { "`at`" } else { "a start" };
                let values = self.per_unknown(point.get_ref(), point.span(), what)?;
                let point = values.into_iter().map(|v| self.parse_value(v)).collect::<Result<Vec<_>, _>>()?;
                let names = self.file.unknowns.keys();
                texts.push(
                    names
                        .zip(&point)
                        .map(|(n, w)| format!("{} = {}", n.get_ref(), w.text.value))
                        .collect::<Vec<_>>()
                        .join(", "),
                );
                parsed.push(point);
            }
            branches.push(Points { name, boundary, points: parsed, texts });
        }
        Ok(branches)
    }

    pub(super) fn ranges(&self) -> Result<Vec<Option<[Written; 2]>>, EquationError> {
        self.file
            .unknowns
            .iter()
            .map(|(name, entry)| match entry.0.range.as_deref() {
                None => Ok(None),
                Some([from, to]) => Ok(Some([self.parse_value(from)?, self.parse_value(to)?])),
                Some(_) => {
                    let message = format!("the range of `{}` is a pair [from, to]", name.get_ref());
                    Err(self.structure(name.span(), message))
                }
            })
            .collect()
    }

    /// The condition that solutions meet, and the scope in which it is read: it may name outputs.
    pub(super) fn admissible(
        &self,
        scope: &Scope,
        outputs: &[(String, Written, String)],
    ) -> Result<Option<(Written, Scope)>, EquationError> {
        let Some(admissible) = &self.file.admissible else { return Ok(None) };
        if self.file.unknowns.is_empty() {
            let message =
                "[admissible] says which solutions count, and a closed form has no unknowns to solve for";
            return Err(self.structure(admissible.span(), message.into()));
        }
        let keep = self.parse(&admissible.get_ref().keep)?;
        let scope =
            scope.with_outputs(outputs.iter().map(|(n, w, _)| (n.as_str(), &w.text, &w.expression)))?;
        scope.check_scalar(&keep.expression, &keep.text, "what is admissible", Allowed::Everything, true)?;
        Ok(Some((keep, scope)))
    }

    pub(super) fn gauge(&self, scope: &Scope) -> Result<Option<(Written, Vec<usize>)>, EquationError> {
        let Some(gauge) = &self.file.gauge else { return Ok(None) };
        let keep = self.parse(&gauge.keep)?;
        scope.check_scalar(&keep.expression, &keep.text, "the gauge condition", Allowed::Everything, true)?;
        let unknowns: Vec<&str> = self.file.unknowns.keys().map(|n| n.get_ref().as_str()).collect();
        let mut flip = Vec::new();
        for name in &gauge.flip {
            let place = unknowns.iter().position(|u| *u == name.get_ref().as_str());
            let Some(place) = place else {
                let near = nearest(name.get_ref(), unknowns.iter().copied());
                let problem = Problem::UnknownName { name: name.get_ref().clone(), nearest: near };
                return Err(self.error(name.span(), problem));
            };
            flip.push(place);
        }
        Ok(Some((keep, flip)))
    }
}
