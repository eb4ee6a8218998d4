//! The sections of a file → nodes of one graph, in the order in which they are computed.

use super::motion::EndOfMotion;
use super::sections::Sections;
use super::{Builder, Written};
use crate::language::error::{EquationError, Problem};
use crate::language::graph::{Graph, Node};
use crate::language::lower::{DiscreteNodes, Lowering, MeasureNodes};
use crate::language::scope::Scope;
use crate::system::equations::{BranchSpec, Origin, Unknown};

/// A file as nodes of a graph.
pub(super) struct Lowered {
    pub(super) graph: Graph,
    pub(super) discrete: Vec<DiscreteNodes>,
    /// Default and domain.
    pub(super) parameters: Vec<(Node, Option<Node>)>,
    pub(super) equations: Vec<Node>,
    pub(super) selection: Option<Node>,
    pub(super) outputs: Vec<Node>,
    pub(super) gauge: Option<Node>,
    pub(super) branches: Vec<BranchSpec>,
    pub(super) unknowns: Vec<Unknown>,
    /// Starts, boundary points, ranges.
    pub(super) setup: Vec<Node>,
    /// The condition that solutions meet, and how far inside they are.
    pub(super) admissible: Option<[Node; 2]>,
    /// The same of the condition at which what moves stops.
    pub(super) stop: Option<[Node; 2]>,
}

impl Builder<'_> {
    pub(super) fn lower(&self, sections: &Sections) -> Result<Lowered, EquationError> {
        let mut lowering = Lowering::new(&sections.scope);
        for variable in &sections.discrete {
            let mut nodes = |list: &[Written]| list.iter().map(|w| w.lower(&mut lowering)).collect();
            let (values, weights): (Result<Vec<Node>, _>, Result<Vec<Node>, _>) =
                (nodes(&variable.values), nodes(&variable.weights));
            let name = variable.name.to_string();
            let dynamic = variable.dynamic;
            lowering.discrete.push(DiscreteNodes { name, values: values?, weights: weights?, dynamic });
        }
        for measure in &sections.measures {
            let value = measure.value.lower_free(&mut lowering)?;
            lowering.measures.insert(measure.normal, MeasureNodes { value, weight: None });
            // The weight may contain the variable itself.
            let weight =
                measure.weight.as_ref().map(|weight| weight.lower_free(&mut lowering)).transpose()?;
            lowering.measures.insert(measure.normal, MeasureNodes { value, weight });
        }
        lowering.definitions()?;
        let parameters = parameters(sections, &mut lowering)?;
        let mut lower = |w: &Written| w.lower(&mut lowering);
        let equations = sections.equations.iter().map(|(_, w)| lower(w)).collect::<Result<_, _>>()?;
        let selection = sections.selection.as_ref().map(&mut lower).transpose()?;
        let outputs = sections.outputs.iter().map(|o| lower(&o.value)).collect::<Result<_, _>>()?;
        let gauge = sections.gauge.as_ref().map(|(w, _)| lower(w)).transpose()?;
        let mut setup = Vec::new();
        let mut add_setup = |node: Node| {
            setup.push(node);
            setup.len() - 1
        };
        let mut branches = Vec::new();
        for b in &sections.branches {
            let mut places = Vec::new();
            for point in &b.points {
                let point = point.iter().map(|w| lower(w).map(&mut add_setup));
                places.push(point.collect::<Result<Vec<usize>, _>>()?);
            }
            let origin = if b.boundary { Origin::Boundary(places.remove(0)) } else { Origin::Starts(places) };
            branches.push(BranchSpec { name: b.name.clone(), origin, texts: b.texts.clone() });
        }
        let mut unknowns = Vec::new();
        for ((name, entry), range) in self.file.unknowns.iter().zip(&sections.ranges) {
            let range = match range {
                Some([from, to]) => Some((add_setup(lower(from)?), add_setup(lower(to)?))),
                None => None,
            };
            unknowns.push(Unknown { name: name.get_ref().clone(), meaning: entry.0.meaning.clone(), range });
        }
        let (lowering, admissible) = condition(lowering, sections.admissible.as_ref())?;
        let stop = sections.stop.as_ref().and_then(EndOfMotion::condition);
        let (lowering, stop) = condition(lowering, stop)?;
        let Lowering { graph, discrete, .. } = lowering;
        let lowered = Lowered {
            graph,
            discrete,
            parameters,
            equations,
            selection,
            outputs,
            gauge,
            branches,
            unknowns,
            setup,
            admissible,
            stop,
        };
        lowered.refuse_empty_ranges(sections)?;
        Ok(lowered)
    }
}

/// Whether a condition that may name outputs holds, and how far inside it a point is.
fn condition<'l>(
    lowering: Lowering<'l>,
    condition: Option<&'l (Written, Scope)>,
) -> Result<(Lowering<'l>, Option<[Node; 2]>), EquationError> {
    let Some((written, scope)) = condition else { return Ok((lowering, None)) };
    let mut lowering = lowering.over(scope);
    lowering.definitions()?;
    let holds = written.lower(&mut lowering)?;
    let margin = lowering.margin(&written.expression, &written.text)?;
    Ok((lowering, Some([holds, margin])))
}

/// Default and domain of every parameter.
fn parameters(
    sections: &Sections,
    lowering: &mut Lowering,
) -> Result<Vec<(Node, Option<Node>)>, EquationError> {
    let mut nodes = Vec::new();
    for parameter in &sections.parameters {
        let default = parameter.default.lower(lowering)?;
        nodes.push((default, parameter.domain.as_ref().map(|domain| domain.lower(lowering)).transpose()?));
    }
    Ok(nodes)
}

impl Lowered {
    /// Ranges between numbers, which no parameter can mend.
    fn refuse_empty_ranges(&self, sections: &Sections) -> Result<(), EquationError> {
        for (unknown, range) in self.unknowns.iter().zip(&sections.ranges) {
            if let (Some((from, to)), Some([_, end])) = (unknown.range, range)
                && let [Some(low), Some(high)] =
                    [from, to].map(|place| self.graph.value_of(self.setup[place]))
                && (low >= high || low.is_nan() || high.is_nan())
            {
                let message = format!("the range of `{}` from {low} to {high} holds nothing", unknown.name);
                return Err(end.text.error(end.expression.span.clone(), Problem::Structure(message)));
            }
        }
        Ok(())
    }
}
