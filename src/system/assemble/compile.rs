//! Nodes of a file → derivatives and programs → [`System`].

use std::sync::Arc;

use super::lower::Lowered;
use super::motion::EndOfMotion;
use super::sections::{self, Sections};
use super::slider;
use super::{Builder, Written, description, limit};
use crate::diagnostic::Source;
use crate::language::derivative::differentiate;
use crate::language::error::EquationError;
use crate::language::graph::{Graph, Node};
use crate::language::interpret::Interpreter;
use crate::language::program::{Levels, Program};
use crate::language::scope::Meaning;
use crate::name::ascii_name;
use crate::system::equations::{Control, EquationRoots, Gauge, Output, System};
use crate::system::extremum::Extremum;
use crate::system::kind::Kind;
use crate::system::schema::expression_text;
use crate::system::written::AsWritten;
use crate::value::parameter::{Domain, Parameter};

impl sections::Parameter<'_> {
    /// The parameter as it is declared, with the nodes of its default and its domain.
    fn declared(&self, nodes: (Node, Option<Node>), graph: &Arc<Graph>, source: &Arc<Source>) -> Parameter {
        let of = |node: Node| {
            let graph = graph.clone();
            // Of parameters alone, without averages.
            move |numbers: &[f64]| Interpreter::new(&graph, numbers, &|_| f64::NAN).values(&[node])[0]
        };
        let (usual, domain) = (of(nodes.0), nodes.1.map(of));
        Parameter {
            name: self.name.to_string(),
            default_text: expression_text(&self.entry.one(), source).value.trim_end_matches(".0").to_string(),
            words: self.words.clone().unwrap_or_default(),
            domain_text: self.domain.as_ref().map(|domain| domain.text.value.clone()),
            slider: self.entry.slider.as_ref().and_then(slider::ends),
            meaning: self.entry.meaning.clone(),
            counts: false,
            usual: Arc::new(move |_, above| usual(above)),
            domain: domain.map(|holds| -> Domain { Arc::new(move |numbers, _| holds(numbers) == 1.0) }),
        }
    }
}

impl Builder<'_> {
    pub(super) fn compile(
        &self,
        name: &str,
        control: Control,
        sections: Sections,
        lowered: Lowered,
    ) -> Result<System, EquationError> {
        let Lowered { mut graph, equations, selection, outputs, gauge, setup, admissible, stop, .. } =
            lowered;
        let first_unknown = self.first_unknown();
        let symbols: Vec<Node> =
            (0..lowered.unknowns.len()).map(|i| graph.symbol(first_unknown + i)).collect();
        let control_symbol = graph.symbol(first_unknown - 1);
        let (energy, residual) =
            conditions(&mut graph, (sections.kind, &sections.extremum), &symbols, equations, selection);
        let (roots, equation_roots) =
            equation_roots(&mut graph, sections.kind, &symbols, control_symbol, energy, &residual);
        // What moves is asked for its right sides far more often than for their derivatives.
        let early =
            if sections.kind.moves() { equation_roots.jacobian } else { equation_roots.along_control };
        let stages = equation_roots.stages(sections.kind == Kind::Energy, roots.len());
        let equations_program = Program::compile_in_stages(&graph, &roots, &stages, first_unknown);
        let output_roots: Vec<Node> = symbols.iter().chain(&outputs).copied().chain(energy).collect();
        let boundary_program = Program::compile(&graph, &output_roots, first_unknown);
        let own_columns = symbols.len() + outputs.len();
        let certificate_nodes: Vec<Node> = output_roots.into_iter().chain(residual).collect();
        let certificate_program = Program::compile(&graph, &certificate_nodes, first_unknown);
        let mut scratch = graph.clone();
        let equations_levels = Levels::compile(&mut scratch, &roots[..early], 0);
        let all_levels = Levels::compile(&mut scratch, &roots, 0);
        let residual_levels = Levels::compile(&mut scratch, &roots[..equation_roots.jacobian], 0);
        let certificate_levels = Levels::compile(&mut scratch, &certificate_nodes, own_columns);
        let setup_program = Program::compile(&graph, &setup, first_unknown);
        let gauge_program = gauge.map(|g| Program::compile(&graph, &[g], first_unknown));
        let admissible_program = admissible.map(|roots| Program::compile(&graph, &roots, first_unknown));
        let stop_program = stop.map(|roots| Program::compile(&graph, &roots, first_unknown));
        let definitions = sections.scope.definitions.iter();
        let graph = Arc::new(graph);
        let parameters = sections.parameters.iter().zip(lowered.parameters);
        let parameters = parameters.map(|(parameter, nodes)| parameter.declared(nodes, &graph, self.source));
        Ok(System {
            description: description(name, self.file),
            parameters: parameters.collect(),
            control,
            unknowns: lowered.unknowns,
            kind: sections.kind,
            extremum: sections.extremum.clone(),
            equations: sections
                .equations
                .iter()
                .map(|(what, w)| (what.clone(), w.text.value.clone()))
                .collect(),
            definitions: definitions.map(|d| (d.name.clone(), d.in_words())).collect(),
            selection: sections.selection.as_ref().map(|w| w.text.value.clone()),
            branches: lowered.branches,
            admissible: sections.admissible.as_ref().map(|(keep, _)| keep.text.value.clone()),
            at_rest: false,
            contains_control: sections.contains_control,
            stop: sections.stop.as_ref().map(EndOfMotion::as_written),
            gauge: (sections.gauge.as_ref())
                .map(|(w, flip)| Gauge { keep_text: w.text.value.clone(), flip: flip.clone() }),
            exchange: sections.exchange.clone(),
            indices: self.indices.clone(),
            outputs: self.columns(&sections),
            limit: limit(self.file, self.source)?,
            normals: sections.normals(),
            graph,
            discrete: lowered.discrete,
            certificate_nodes,
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
            stop_program,
            written: sections.as_written(),
            variables: sections.variables,
        })
    }

    /// Unknowns and outputs.
    fn columns(&self, sections: &Sections) -> Vec<Output> {
        let column = |name: &str, meaning: &str, text: &str| Output {
            name: name.to_string(),
            column: ascii_name(name).unwrap_or_default(),
            meaning: meaning.to_string(),
            text: text.to_string(),
        };
        let unknowns = self.file.unknowns.iter().map(|(n, u)| column(n.get_ref(), &u.0.meaning, n.get_ref()));
        let outputs = sections.outputs.iter().map(|o| column(o.name, o.meaning, &o.value.text.value));
        unknowns.chain(outputs).collect()
    }
}

/// The energy or what selects among solutions, and the residual, of which solutions are the zeros.
fn conditions(
    graph: &mut Graph,
    (kind, extremum): (Kind, &Extremum),
    symbols: &[Node],
    equations: Vec<Node>,
    selection: Option<Node>,
) -> (Option<Node>, Vec<Node>) {
    match kind {
        Kind::Energy => {
            let energy = equations[0];
            let gradient = symbols.iter().map(|s| differentiate(graph, &[energy], *s)[0]).collect();
            (Some(energy), gradient)
        }
        Kind::Extremum => {
            let free_energy = if extremum.sign() < 0.0 { graph.negate(equations[0]) } else { equations[0] };
            let gradient = symbols.iter().map(|s| differentiate(graph, &[free_energy], *s)[0]).collect();
            (if extremum.ways.is_empty() { selection } else { Some(free_energy) }, gradient)
        }
        Kind::FixedPoint => {
            let residual = symbols.iter().zip(&equations).map(|(x, f)| graph.subtract(*x, *f)).collect();
            (selection, residual)
        }
        Kind::Residual => (selection, equations),
        Kind::Flow | Kind::Iterate => (None, equations),
        Kind::ClosedForm => (None, Vec::new()),
    }
}

/// Energy, residual, Jacobian and derivative along the control, with their places.
fn equation_roots(
    graph: &mut Graph,
    kind: Kind,
    symbols: &[Node],
    control: Node,
    energy: Option<Node>,
    residual_nodes: &[Node],
) -> (Vec<Node>, EquationRoots) {
    let columns: Vec<Vec<Node>> = symbols.iter().map(|s| differentiate(graph, residual_nodes, *s)).collect();
    let along_control = differentiate(graph, residual_nodes, control);
    let k = symbols.len();
    let mut roots: Vec<Node> = energy.into_iter().collect();
    let residual = roots.len();
    roots.extend(residual_nodes);
    for row in 0..k {
        for (column, entries) in columns.iter().enumerate() {
            // A Hessian is symmetric; its upper triangle serves both.
            let lower = matches!(kind, Kind::Energy | Kind::Extremum) && column < row;
            roots.push(if lower { columns[row][column] } else { entries[row] });
        }
    }
    roots.extend(&along_control);
    let places = EquationRoots {
        energy: energy.map(|_| 0),
        residual,
        jacobian: residual + k,
        along_control: residual + k + k * k,
    };
    (roots, places)
}

impl Sections<'_> {
    /// Names of the normal variables, in the order of their numbers.
    fn normals(&self) -> Vec<String> {
        let mut normals: Vec<(usize, &String)> = self
            .variables
            .iter()
            .filter_map(|(name, _)| match self.scope.meaning(name) {
                Some(Meaning::Normal(place) | Meaning::Measure(place)) => Some((place, name)),
                _ => None,
            })
            .collect();
        normals.sort_unstable();
        normals.into_iter().map(|(_, name)| name.clone()).collect()
    }

    fn as_written(&self) -> AsWritten {
        let bare = |w: &Written| w.expression.clone();
        let list = |list: &[Written]| list.iter().map(bare).collect();
        AsWritten {
            discrete: self.discrete.iter().map(|d| (list(&d.values), list(&d.weights))).collect(),
            measures: self.measures.iter().map(|m| (m.normal, m.second.clone())).collect(),
            equations: self.equations.iter().map(|(_, w)| bare(w)).collect(),
            selection: self.selection.as_ref().map(bare),
            outputs: self.outputs.iter().map(|o| bare(&o.value)).collect(),
            ranges: self.ranges.iter().map(|r| r.as_ref().map(|[a, b]| [bare(a), bare(b)])).collect(),
            starts: (self.branches.iter().map(|b| if b.boundary { &[][..] } else { &b.points[..] }))
                .map(|points| points.iter().map(|point| list(point)).collect())
                .collect(),
            admissible: self.admissible.as_ref().map(|(w, _)| bare(w)),
            gauge: self.gauge.as_ref().map(|(w, _)| bare(w)),
            scope: self.scope.clone(),
        }
    }
}
