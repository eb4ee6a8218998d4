//! An equation file → [`System`]: names are resolved, shapes checked, derivatives taken, programs compiled.

mod sections;

use std::ops::Range;
use std::sync::Arc;

use super::equations::{
    BranchSpec, Control, Description, EquationRoots, Gauge, Kind, Limit, Origin, Output, Parameter, System,
    Unknown,
};
use super::schema::{self, File, NumberOrText, Str, Words, expression_text, text};
use super::written::AsWritten;
use crate::diagnostic::{Source, Text};
use crate::language::derivative::differentiate;
use crate::language::error::{EquationError, Problem};
use crate::language::expression::Expression;
use crate::language::graph::Node;
use crate::language::lower::{DiscreteNodes, Lowering};
use crate::language::program::{Levels, Program};
use crate::language::scope::{Allowed, Meaning, names_in};
use crate::name::{ascii_name, nearest};

/// Builds a system from a file that is not a composite.
///
/// # Errors
/// Everything that can be wrong with an equation file, at its place.
pub fn build(name: &str, file: &File, source: &Arc<Source>) -> Result<System, EquationError> {
    Builder { file, source }.build(name)
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

/// A named set of expressions, one per unknown.
struct Points {
    name: String,
    boundary: bool,
    points: Vec<Vec<Written>>,
    texts: Vec<String>,
}

struct Builder<'f> {
    file: &'f File,
    source: &'f Arc<Source>,
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
        let expression = Expression::parse(&text)?;
        Ok(Written { text, expression })
    }

    fn parse_value(&self, written: &toml::Spanned<NumberOrText>) -> Result<Written, EquationError> {
        let text = expression_text(written, self.source);
        if matches!(written.get_ref(), NumberOrText::Number(x) if x.is_nan()) {
            return Err(self.structure(written.span(), "NaN is not a number that can stand here".into()));
        }
        let expression = Expression::parse(&text)?;
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
        let first_unknown = file.parameters.len() + 1;
        let scope = self.scope(first_unknown)?;
        self.check_columns(&scope)?;

        let scalar = |w: &Written, what: &str, allowed: Allowed| {
            scope.check_scalar(&w.expression, &w.text, what, allowed, false)
        };

        // Everything is parsed and checked before anything is built, so that errors come in the order of the file.
        let mut parameters = Vec::new();
        for (name, entry) in &file.parameters {
            if let Some((words, place)) = self.words(name, entry)? {
                // Inside, a word is its place in the list.
                let text = Text::new(place.to_string(), entry.default.span(), self.source.clone());
                let default = Written { expression: Expression::parse(&text)?, text };
                parameters.push((name, entry, default, None, Some(words)));
                continue;
            }
            let default = self.parse_value(&entry.default)?;
            scalar(&default, "the default of a parameter", Allowed::Parameters)?;
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
                    "the default of `{}` uses `{below}`; a default may use only numbers and the parameters above it",
                    name.get_ref()
                );
                return Err(default.text.error(default.expression.span.clone(), Problem::Structure(message)));
            }
            let domain = entry.domain.as_ref().map(|d| self.parse(d)).transpose()?;
            if let Some(d) = &domain {
                scope.check_scalar(&d.expression, &d.text, "a domain", Allowed::Parameters, true)?;
            }
            parameters.push((name, entry, default, domain, None));
        }
        let mut discrete = Vec::new();
        let mut variables = Vec::new();
        for (name, entry) in &file.variables {
            match entry.get_ref() {
                schema::Variable::Named(kind) => variables.push((name.get_ref().clone(), kind.clone())),
                schema::Variable::Discrete(d) => {
                    if d.values.is_empty() || d.values.len() != d.weights.len() {
                        let message = format!(
                            "`{}` has {} values and {} weights; each value needs a weight",
                            name.get_ref(),
                            d.values.len(),
                            d.weights.len()
                        );
                        return Err(self.structure(entry.span(), message));
                    }
                    let mut lists = Vec::new();
                    for (list, what) in [(&d.values, "a value of a variable"), (&d.weights, "a weight")] {
                        let parsed =
                            list.iter().map(|v| self.parse_value(v)).collect::<Result<Vec<_>, _>>()?;
                        for v in &parsed {
                            scalar(v, what, Allowed::Parameters)?;
                        }
                        lists.push(parsed);
                    }
                    let show = |l: &[Written]| {
                        l.iter()
                            .map(|v| v.text.value.trim_end_matches(".0").to_string())
                            .collect::<Vec<_>>()
                            .join(", ")
                    };
                    variables.push((
                        name.get_ref().clone(),
                        format!("{{{}}} with weights {}", show(&lists[0]), show(&lists[1])),
                    ));
                    discrete.push((name, entry.span(), lists));
                }
            }
        }
        let (kind, equations) = self.equations()?;
        for (what, w) in &equations {
            scalar(w, what, Allowed::Everything)?;
        }
        let selection = match (&file.selection, kind) {
            (Some(s), Kind::FixedPoint | Kind::Residual) => {
                let w = self.parse(&s.get_ref().minimise)?;
                scalar(&w, "the selection", Allowed::Everything)?;
                Some(w)
            }
            (Some(s), _) => {
                let message = "[selection] chooses among the solutions of [fixed_point] or [residual]; an [energy] is its own selection, and a closed form has nothing to select".to_string();
                return Err(self.structure(s.span(), message));
            }
            (None, _) => None,
        };
        let points = self.branches()?;
        for w in points.iter().flat_map(|b| b.points.iter().flatten()) {
            scalar(w, "a start", Allowed::Point)?;
        }
        let ranges = self.ranges()?;
        for w in ranges.iter().flatten().flatten() {
            scalar(w, "the range of an unknown", Allowed::Point)?;
        }
        let gauge = self.gauge(&scope)?;
        let mut outputs = Vec::new();
        for (name, entry) in &file.outputs {
            let w = self.parse_value(&entry.value)?;
            scalar(&w, &format!("the output `{}`", name.get_ref()), Allowed::Everything)?;
            outputs.push((name.get_ref().clone(), w, entry.meaning.clone()));
        }
        if outputs.is_empty() && file.unknowns.is_empty() {
            return Err(self.structure(
                0..0,
                "the file has neither unknowns nor [outputs]: there is nothing to compute".into(),
            ));
        }
        let admissible = self.admissible(&scope, &outputs)?;

        // Build.
        let mut lowering = Lowering::new(&scope);
        for (name, span, lists) in &discrete {
            let mut nodes = Vec::new();
            for list in lists {
                let list: Result<Vec<Node>, _> =
                    list.iter().map(|w| lowering.scalar(&w.expression, &w.text)).collect();
                nodes.push(list?);
            }
            let [values, weights] = <[Vec<Node>; 2]>::try_from(nodes)
                .map_err(|_| self.structure(span.clone(), "values and weights are needed".into()))?;
            lowering.discrete.push(DiscreteNodes { name: name.get_ref().clone(), values, weights });
        }
        lowering.definitions()?;
        let mut lower = |w: &Written| lowering.scalar(&w.expression, &w.text);
        let parameters: Vec<Parameter> = parameters
            .iter()
            .map(|(name, entry, default, domain, words)| {
                let default_text = expression_text(&entry.default, self.source).value;
                Ok(Parameter {
                    name: name.get_ref().clone(),
                    default_text: default_text.trim_end_matches(".0").to_string(),
                    default: lower(default)?,
                    words: words.clone(),
                    domain_text: domain.as_ref().map(|d| d.text.value.clone()),
                    domain: domain.as_ref().map(&mut lower).transpose()?,
                    meaning: entry.meaning.clone(),
                })
            })
            .collect::<Result<_, EquationError>>()?;
        let equation_nodes = equations.iter().map(|(_, w)| lower(w)).collect::<Result<Vec<Node>, _>>()?;
        let selection_node = selection.as_ref().map(&mut lower).transpose()?;
        let output_nodes = outputs.iter().map(|(_, w, _)| lower(w)).collect::<Result<Vec<Node>, _>>()?;
        let gauge_node = gauge.as_ref().map(|(w, _)| lower(w)).transpose()?;
        let mut setup_nodes = Vec::new();
        let mut add_setup = |node: Node| {
            setup_nodes.push(node);
            setup_nodes.len() - 1
        };
        let mut branches = Vec::new();
        for b in &points {
            let mut places = Vec::new();
            for point in &b.points {
                places.push(
                    point.iter().map(|w| lower(w).map(&mut add_setup)).collect::<Result<Vec<usize>, _>>()?,
                );
            }
            let origin = if b.boundary { Origin::Boundary(places.remove(0)) } else { Origin::Starts(places) };
            branches.push(BranchSpec { name: b.name.clone(), origin, texts: b.texts.clone() });
        }
        let mut unknowns = Vec::new();
        for ((name, entry), range) in file.unknowns.iter().zip(&ranges) {
            let range = match range {
                Some([from, to]) => Some((add_setup(lower(from)?), add_setup(lower(to)?))),
                None => None,
            };
            unknowns.push(Unknown { name: name.get_ref().clone(), meaning: entry.0.meaning.clone(), range });
        }

        // Derivatives and programs.
        let (lowering, admissible_nodes) = match &admissible {
            Some((keep, scope)) => {
                let mut lowering = lowering.over(scope);
                lowering.definitions()?;
                let holds = lowering.scalar(&keep.expression, &keep.text)?;
                let margin = lowering.margin(&keep.expression, &keep.text)?;
                (lowering, Some([holds, margin]))
            }
            None => (lowering, None),
        };
        let mut graph = lowering.graph;
        let discrete_nodes = lowering.discrete;
        for (unknown, range) in unknowns.iter().zip(&ranges) {
            if let (Some((from, to)), Some([_, end])) = (unknown.range, range)
                && let [Some(low), Some(high)] = [from, to].map(|place| graph.value_of(setup_nodes[place]))
                && (low >= high || low.is_nan() || high.is_nan())
            {
                let message = format!("the range of `{}` from {low} to {high} holds nothing", unknown.name);
                return Err(end.text.error(end.expression.span.clone(), Problem::Structure(message)));
            }
        }
        let symbols: Vec<Node> = (0..unknowns.len()).map(|i| graph.symbol(first_unknown + i)).collect();
        let control_symbol = graph.symbol(first_unknown - 1);
        let (energy_node, residual_nodes): (Option<Node>, Vec<Node>) = match kind {
            Kind::Energy => {
                let energy = equation_nodes[0];
                let gradient = symbols.iter().map(|s| differentiate(&mut graph, &[energy], *s)[0]).collect();
                (Some(energy), gradient)
            }
            Kind::FixedPoint => {
                let residual =
                    symbols.iter().zip(&equation_nodes).map(|(x, f)| graph.subtract(*x, *f)).collect();
                (selection_node, residual)
            }
            Kind::Residual => (selection_node, equation_nodes.clone()),
            Kind::ClosedForm => (None, Vec::new()),
        };
        let columns: Vec<Vec<Node>> =
            symbols.iter().map(|s| differentiate(&mut graph, &residual_nodes, *s)).collect();
        let along_control = differentiate(&mut graph, &residual_nodes, control_symbol);
        let k = unknowns.len();
        let mut roots: Vec<Node> = energy_node.into_iter().collect();
        let residual = roots.len();
        roots.extend(&residual_nodes);
        for row in 0..k {
            for (column, entries) in columns.iter().enumerate() {
                // A Hessian is symmetric; its upper triangle serves both.
                let entry =
                    if kind == Kind::Energy && column < row { columns[row][column] } else { entries[row] };
                roots.push(entry);
            }
        }
        roots.extend(&along_control);
        let equation_roots = EquationRoots {
            energy: energy_node.map(|_| 0),
            residual,
            jacobian: residual + k,
            along_control: residual + k + k * k,
        };
        let equations_program =
            Program::compile_in_two(&graph, &roots, equation_roots.along_control, first_unknown);
        let output_roots: Vec<Node> =
            symbols.iter().chain(&output_nodes).copied().chain(energy_node).collect();
        let boundary_program = Program::compile(&graph, &output_roots, first_unknown);
        let own_columns = symbols.len() + output_nodes.len();
        let certificate_nodes: Vec<Node> = output_roots.into_iter().chain(residual_nodes).collect();
        let certificate_program = Program::compile(&graph, &certificate_nodes, first_unknown);
        let mut scratch = graph.clone();
        let equations_levels = Levels::compile(&mut scratch, &roots[..equation_roots.along_control], 0);
        let all_levels = Levels::compile(&mut scratch, &roots, 0);
        let residual_levels = Levels::compile(&mut scratch, &roots[..equation_roots.jacobian], 0);
        let certificate_levels = Levels::compile(&mut scratch, &certificate_nodes, own_columns);
        let setup_program = Program::compile(&graph, &setup_nodes, first_unknown);
        let gauge_program = gauge_node.map(|g| Program::compile(&graph, &[g], first_unknown));
        let admissible_program =
            admissible_nodes.map(|roots| Program::compile(&graph, &roots, first_unknown));
        let columns = file
            .unknowns
            .iter()
            .map(|(n, u)| Output {
                name: n.get_ref().clone(),
                column: ascii_name(n.get_ref()).unwrap_or_default(),
                meaning: u.0.meaning.clone(),
                text: n.get_ref().clone(),
            })
            .chain(outputs.iter().map(|(n, w, meaning)| Output {
                name: n.clone(),
                column: ascii_name(n).unwrap_or_default(),
                meaning: meaning.clone(),
                text: w.text.value.clone(),
            }))
            .collect();
        let mut normals: Vec<(usize, String)> = variables
            .iter()
            .filter_map(|(name, _)| match scope.meaning(name) {
                Some(crate::language::scope::Meaning::Normal(place)) => Some((place, name.clone())),
                _ => None,
            })
            .collect();
        normals.sort_unstable();
        let normals = normals.into_iter().map(|(_, name)| name).collect();
        let bare = |w: &Written| w.expression.clone();
        let written = AsWritten {
            discrete: (discrete.iter())
                .map(|(_, _, lists)| {
                    (lists[0].iter().map(bare).collect(), lists[1].iter().map(bare).collect())
                })
                .collect(),
            equations: equations.iter().map(|(_, w)| bare(w)).collect(),
            selection: selection.as_ref().map(bare),
            outputs: outputs.iter().map(|(_, w, _)| bare(w)).collect(),
            ranges: ranges.iter().map(|r| r.as_ref().map(|[a, b]| [bare(a), bare(b)])).collect(),
            starts: (points.iter().map(|b| if b.boundary { &[][..] } else { &b.points[..] }))
                .map(|points| points.iter().map(|p| p.iter().map(bare).collect()).collect())
                .collect(),
            admissible: admissible.as_ref().map(|(w, _)| bare(w)),
            gauge: gauge.as_ref().map(|(w, _)| bare(w)),
            scope: scope.clone(),
        };
        let system = System {
            description: description(name, file),
            parameters,
            control,
            unknowns,
            kind,
            equations: equations.iter().map(|(what, w)| (what.clone(), w.text.value.clone())).collect(),
            definitions: scope.definitions.iter().map(|d| (d.name.clone(), d.text.value.clone())).collect(),
            variables,
            selection: selection.map(|w| w.text.value),
            branches,
            admissible: admissible.map(|(keep, _)| keep.text.value),
            gauge: gauge.map(|(w, flip)| Gauge { keep_text: w.text.value, flip }),
            outputs: columns,
            limit: limit(self.file, self.source)?,
            normals,
            graph,
            discrete: discrete_nodes,
            certificate_nodes,
            written,
            equations_program,
            equation_roots,
            equations_levels,
            all_levels,
            certificate_program,
            certificate_levels,
            residual_levels,
            boundary_program,
            setup_program,
            gauge_program,
            admissible_program,
        };
        self.check_defaults(&system)?;
        Ok(system)
    }

    /// The defaults must lie in their domains and give weights that sum to 1: errors that no `--set` causes.
    fn check_defaults(&self, system: &System) -> Result<(), EquationError> {
        let values = system.parameter_values(&[]);
        system.check_parameters(&values).map_err(|error| {
            let span = match &*error.problem {
                Problem::OutsideDomain { name, .. } => self
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
