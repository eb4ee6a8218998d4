//! The sections of an equation file, parsed and checked one by one: parameters, variables, equations, branches, outputs.

use std::ops::Range;

use super::motion::EndOfMotion;
use super::variables::{Measure, Variables};
use super::{Builder, Written};
use crate::diagnostic::Text;
use crate::language::error::{EquationError, Problem};
use crate::language::expression::Expression;
use crate::language::scope::{Allowed, Meaning, Scope, names_in};
use crate::name::nearest;
use crate::system::exchange::Exchange;
use crate::system::extremum::{Extremum, Way};
use crate::system::kind::Kind;
use crate::system::schema::{self, At, Entries, TextOrNames};

/// A name, and what a reader is shown of it.
pub(super) type Shown = (String, String);

/// Everything that a file says, parsed and checked.
pub(super) struct Sections<'f> {
    pub(super) scope: Scope,
    pub(super) parameters: Vec<Parameter<'f>>,
    pub(super) variables: Vec<Shown>,
    pub(super) discrete: Vec<Discrete<'f>>,
    pub(super) measures: Vec<Measure>,
    pub(super) kind: Kind,
    pub(super) extremum: Extremum,
    /// What stands on the left, and the equation.
    pub(super) equations: Vec<(String, Written)>,
    pub(super) selection: Option<Written>,
    pub(super) branches: Vec<Branch>,
    /// For every unknown.
    pub(super) ranges: Vec<Option<[Written; 2]>>,
    pub(super) gauge: Option<(Written, Vec<usize>)>,
    pub(super) exchange: Option<Exchange>,
    pub(super) outputs: Vec<Output<'f>>,
    /// When what moves stops.
    pub(super) stop: Option<EndOfMotion>,
    /// The first unknown whose right side, in what moves, contains the control.
    pub(super) contains_control: Option<usize>,
    /// With the scope in which it is read.
    pub(super) admissible: Option<(Written, Scope)>,
}

/// A parameter.
pub(super) struct Parameter<'f> {
    pub(super) name: &'f str,
    pub(super) entry: &'f schema::Parameter,
    /// Of words, the place of the default among them.
    pub(super) default: Written,
    pub(super) domain: Option<Written>,
    pub(super) words: Option<Vec<String>>,
}

/// A discrete variable.
pub(super) struct Discrete<'f> {
    pub(super) name: &'f str,
    pub(super) values: Vec<Written>,
    pub(super) weights: Vec<Written>,
    /// Whether the weights are known only with the unknowns and the control, or are cut off.
    pub(super) dynamic: bool,
}

/// A kind of solution: a named set of points, one expression per unknown in each.
pub(super) struct Branch {
    pub(super) name: String,
    pub(super) boundary: bool,
    pub(super) points: Vec<Vec<Written>>,
    pub(super) texts: Vec<String>,
}

/// An output.
pub(super) struct Output<'f> {
    pub(super) name: &'f str,
    pub(super) value: Written,
    pub(super) meaning: &'f str,
}

impl<'f> Builder<'f> {
    /// Everything is parsed and checked before anything is built, so that errors come in the order of the file.
    pub(super) fn sections(&self, scope: Scope) -> Result<Sections<'f>, EquationError> {
        let parameters = self.parameters(&scope)?;
        let Variables { shown, discrete, measures } = self.variables(&scope)?;
        let extremum = self.extremum()?;
        let (kind, equations) = self.equations()?;
        for (what, w) in &equations {
            w.check(&scope, what, Allowed::Everything)?;
        }
        let selection = self.selection(&scope, kind, &extremum)?;
        let branches = if kind.moves() { vec![self.start(kind, &scope)?] } else { self.branches()? };
        for w in branches.iter().flat_map(|b| b.points.iter().flatten()) {
            w.check(&scope, "a start", Allowed::Point)?;
        }
        let ranges = self.ranges()?;
        for w in ranges.iter().flatten().flatten() {
            w.check(&scope, "the range of an unknown", Allowed::Point)?;
        }
        let gauge = self.gauge(&scope)?;
        let exchange = self.exchange()?;
        let outputs = self.outputs(&scope)?;
        let admissible = self.admissible(&scope, &outputs)?;
        let contains_control = self.contains_control(&scope, &equations)?;
        let stop = self.stop(&scope, &outputs, contains_control)?;
        Ok(Sections {
            scope,
            parameters,
            variables: shown,
            discrete,
            measures,
            kind,
            extremum,
            equations,
            selection,
            branches,
            ranges,
            gauge,
            exchange,
            outputs,
            stop,
            contains_control,
            admissible,
        })
    }

    fn parameters(&self, scope: &Scope) -> Result<Vec<Parameter<'f>>, EquationError> {
        let mut parameters = Vec::new();
        for (name, entry) in &self.file.parameters {
            let words = self.words(name, entry)?;
            let name = name.get_ref().as_str();
            if let Some((words, place)) = words {
                // Inside, a word is its place in the list.
                let text = Text::new(place.to_string(), entry.default.span(), self.source.clone());
                let default = Written { expression: Expression::parse(&text)?, text };
                parameters.push(Parameter { name, entry, default, domain: None, words: Some(words) });
                continue;
            }
            let default = self.parse_value(&entry.one())?;
            default.check(scope, "the default of a parameter", Allowed::Parameters)?;
            let mut used = Vec::new();
            names_in(&default.expression, &mut used);
            let below = used.into_iter().find(|u| match scope.meaning(u) {
                Some(Meaning::Parameter(place) | Meaning::Word { symbol: place, .. }) => {
                    place >= parameters.len()
                }
                Some(Meaning::Definition(_)) => true,
                _ => false,
            });
            if let Some(below) = below {
                let message = format!(
                    "the default of `{name}` uses `{below}`; a default may use only numbers and the parameters above it"
                );
                return Err(default.text.error(default.expression.span.clone(), Problem::Structure(message)));
            }
            let domain = entry.domain.as_ref().map(|d| self.parse(d)).transpose()?;
            if let Some(domain) = &domain {
                domain.check_condition(scope, "a domain", Allowed::Parameters)?;
            }
            parameters.push(Parameter { name, entry, default, domain, words: None });
        }
        Ok(parameters)
    }

    /// Exactly one of energy, fixed_point, residual, flow and iterate, or none with no unknowns.
    fn equations(&self) -> Result<(Kind, Vec<(String, Written)>), EquationError> {
        let file = self.file;
        let sections: Vec<(&str, Range<usize>)> = [
            file.energy.as_ref().map(|s| ("[energy]", s.span())),
            file.fixed_point.as_ref().map(|s| ("[fixed_point]", s.span())),
            file.residual.as_ref().map(|s| ("[residual]", s.span())),
            file.flow.as_ref().map(|s| ("[flow]", s.span())),
            file.iterate.as_ref().map(|s| ("[iterate]", s.span())),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let [(first, _), (second, span), ..] = sections.as_slice() {
            let message = format!(
                "both {first} and {second} are given; exactly one of [energy], [fixed_point], [residual], [flow] and [iterate] says what the unknowns satisfy"
            );
            return Err(self.structure(span.clone(), message));
        }
        let first_unknown = file.unknowns.keys().next();
        match (sections.first(), first_unknown) {
            (None, Some(name)) => {
                let message = "there are unknowns, but none of [energy], [fixed_point], [residual], [flow] and [iterate] says what they satisfy";
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
            return self.energy(energy);
        }
        if let Some(motion) = self.motion()? {
            return Ok(motion);
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

    /// An energy to be minimised, or a free energy of which a stationary point is meant.
    fn energy(
        &self,
        energy: &toml::Spanned<schema::Energy>,
    ) -> Result<(Kind, Vec<(String, Written)>), EquationError> {
        let schema::Energy { extremise, minimise, .. } = energy.get_ref();
        if let Some(free_energy) = extremise {
            return Ok((Kind::Extremum, vec![("the free energy".into(), self.parse(free_energy)?)]));
        }
        let message = match minimise.as_ref().map(|m| (m.get_ref(), m.span())) {
            Some((TextOrNames::Text(text), span)) => {
                let text = At::new(span, text.clone());
                return Ok((Kind::Energy, vec![("the energy".into(), self.parse(&text)?)]));
            }
            _ => {
                "[energy] needs `minimise = \"…\"`, or `extremise = \"…\"` with the unknowns in which it is `minimise = [\"…\"]` and `maximise = [\"…\"]`"
            }
        };
        Err(self.structure(energy.span(), message.into()))
    }

    /// In which unknowns a free energy is to be extremal, in the order of the file.
    fn extremum(&self) -> Result<Extremum, EquationError> {
        let Some(energy) = self.file.energy.as_ref().map(toml::Spanned::get_ref) else {
            return Ok(Extremum::default());
        };
        if energy.extremise.is_none() {
            return match &energy.maximise {
                Some(maximise) => Err(self.structure(
                    maximise.span(),
                    "`maximise` goes with `extremise = \"…\"`; to maximise something, minimise its negative"
                        .into(),
                )),
                None => Ok(Extremum::default()),
            };
        }
        let unknowns: Vec<&str> = self.file.unknowns.keys().map(|n| n.get_ref().as_str()).collect();
        let lists = [(true, &energy.maximise), (false, &energy.minimise)];
        let mut lists: Vec<_> =
            lists.into_iter().filter_map(|(way, list)| Some((way, list.as_ref()?))).collect();
        lists.sort_by_key(|(_, list)| list.span().start);
        let mut ways: Vec<Way> = Vec::new();
        for (maximise, list) in lists {
            let TextOrNames::Names(names) = list.get_ref() else {
                let key = if maximise { "maximise" } else { "minimise" };
                let one = unknowns.first().unwrap_or(&"x");
                let message = format!("with `extremise`, `{key}` is a list of unknowns: {key} = [\"{one}\"]");
                return Err(self.structure(list.span(), message));
            };
            let mut way = Way { maximise, unknowns: Vec::new() };
            for name in names {
                let Some(place) = unknowns.iter().position(|u| u == name.get_ref()) else {
                    let nearest = nearest(name.get_ref(), unknowns.iter().copied());
                    let problem = Problem::UnknownName { name: name.get_ref().clone(), nearest };
                    return Err(self.error(name.span(), problem));
                };
                if way.unknowns.contains(&place) || ways.iter().any(|way| way.unknowns.contains(&place)) {
                    let message = format!("`{}` stands twice in `maximise` and `minimise`", name.get_ref());
                    return Err(self.structure(name.span(), message));
                }
                way.unknowns.push(place);
            }
            ways.extend(Some(way).filter(|way| !way.unknowns.is_empty()));
        }
        Ok(Extremum { ways })
    }

    /// What selects among several solutions.
    fn selection(
        &self,
        scope: &Scope,
        kind: Kind,
        extremum: &Extremum,
    ) -> Result<Option<Written>, EquationError> {
        let Some(selection) = &self.file.selection else { return Ok(None) };
        let undecided = kind == Kind::Extremum && extremum.ways.is_empty();
        if !undecided && !matches!(kind, Kind::FixedPoint | Kind::Residual) {
            let message = "[selection] chooses among the solutions of [fixed_point] or [residual]; an [energy] is its own selection, and a closed form has nothing to select";
            return Err(self.structure(selection.span(), message.into()));
        }
        let minimise = self.parse(&selection.get_ref().minimise)?;
        minimise.check(scope, "the selection", Allowed::Everything)?;
        Ok(Some(minimise))
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

    /// The kinds of solution, with their points.
    fn branches(&self) -> Result<Vec<Branch>, EquationError> {
        let mut branches: Vec<Branch> = Vec::new();
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
            branches.push(Branch { name, boundary, points: parsed, texts });
        }
        Ok(branches)
    }

    /// Where solutions are sought, for every unknown.
    fn ranges(&self) -> Result<Vec<Option<[Written; 2]>>, EquationError> {
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

    fn outputs(&self, scope: &Scope) -> Result<Vec<Output<'f>>, EquationError> {
        let mut outputs = Vec::new();
        for (name, entry) in &self.file.outputs {
            let (name, value) = (name.get_ref().as_str(), self.parse_value(&entry.value)?);
            value.check(scope, &format!("the output `{name}`"), Allowed::Everything)?;
            outputs.push(Output { name, value, meaning: &entry.meaning });
        }
        if outputs.is_empty() && self.file.unknowns.is_empty() {
            let message = "the file has neither unknowns nor [outputs]: there is nothing to compute";
            return Err(self.structure(0..0, message.into()));
        }
        Ok(outputs)
    }

    /// The condition that solutions meet, and the scope in which it is read: it may name outputs.
    fn admissible(
        &self,
        scope: &Scope,
        outputs: &[Output],
    ) -> Result<Option<(Written, Scope)>, EquationError> {
        let Some(admissible) = &self.file.admissible else { return Ok(None) };
        if self.file.unknowns.is_empty() {
            let message =
                "[admissible] says which solutions count, and a closed form has no unknowns to solve for";
            return Err(self.structure(admissible.span(), message.into()));
        }
        let keep = self.parse(&admissible.get_ref().keep)?;
        let scope =
            scope.with_outputs(outputs.iter().map(|o| (o.name, &o.value.text, &o.value.expression)))?;
        keep.check_condition(&scope, "what is admissible", Allowed::Everything)?;
        Ok(Some((keep, scope)))
    }
}
