//! A system of self-consistent equations, ready to be solved: what an equation file becomes.

use std::ops::Range;
use std::sync::Arc;

use super::exchange::Exchange;
use super::extremum::Extremum;
use super::kind::{Kind, Stop};
use super::schema::Line;
use super::written::AsWritten;
use crate::language::Indices;
use crate::language::error::{EquationError, Problem};
use crate::language::graph::{Graph, Node};
use crate::language::interpret::Interpreter;
use crate::language::program::{Levels, Program};
use crate::numeric::grid;
use crate::value::{Parameter, Parameters, Value};

/// The control parameter, along which solutions are followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Name.
    pub name: String,
    /// First value.
    pub from: f64,
    /// Last value.
    pub to: f64,
    /// How many values by default.
    pub points: usize,
    /// Meaning.
    pub meaning: String,
}

impl Control {
    /// The default grid.
    pub fn grid(&self) -> Vec<f64> {
        grid(self.from, self.to, self.points)
    }
}

/// An unknown.
#[derive(Debug, Clone)]
pub struct Unknown {
    /// Name.
    pub name: String,
    /// Meaning.
    pub meaning: String,
    /// Place of its range among the roots of the set-up program, if the file gives one.
    pub(crate) range: Option<(usize, usize)>,
}

/// Where a branch comes from. The numbers are places among the roots of the set-up program, one per unknown.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Starting points.
    Starts(Vec<Vec<usize>>),
    /// A point on the boundary, known exactly.
    Boundary(Vec<usize>),
}

/// A kind of solution that the file names.
#[derive(Debug, Clone)]
pub struct BranchSpec {
    /// Name.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The starts or the point, as written.
    pub texts: Vec<String>,
}

/// A sign symmetry.
#[derive(Debug, Clone)]
pub struct Gauge {
    /// The condition on the representative, as written.
    pub keep_text: String,
    /// The unknowns that change sign where it fails.
    pub flip: Vec<usize>,
}

/// An output.
#[derive(Debug, Clone)]
pub struct Output {
    /// Name.
    pub name: String,
    /// Name of the column: ASCII.
    pub column: String,
    /// Meaning.
    pub meaning: String,
    /// As written; unknowns are their own expression.
    pub text: String,
}

/// What the outputs tend to.
#[derive(Debug, Clone)]
pub struct Limit {
    /// The parameter that goes to infinity.
    pub parameter: String,
    /// The system that describes the limit.
    pub system: String,
    /// Deviations fall as parameter^(−order).
    pub order: f64,
    /// Control values at which the two are compared.
    pub at: Vec<f64>,
}

/// What a file says about itself.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// Name by which the system is asked for.
    pub name: String,
    /// One line.
    pub title: String,
    /// What kinds of quantities it describes; systems that share one can be compared.
    pub describes: Vec<String>,
    /// Paper, equation numbers.
    pub source: String,
    /// What differs from the printed version.
    pub differs: String,
    /// Line in figures.
    pub line: Line,
    /// Columns drawn when none are asked for; empty: all.
    pub plot: Vec<String>,
}

/// Places of the values among the roots of the equations program.
#[derive(Debug, Clone)]
pub struct EquationRoots {
    /// The energy, or what selects among solutions; none if the file gives neither.
    pub energy: Option<usize>,
    /// The residual, one per unknown: gradient of the energy, x − f(x), or as written; of what moves the right sides.
    pub residual: usize,
    /// Its Jacobian, row by row (the Hessian for an energy).
    pub jacobian: usize,
    /// Its derivative along the control parameter.
    pub along_control: usize,
}

impl EquationRoots {
    /// The roots in the order in which they are asked for: where an energy is minimised it comes first, elsewhere only what is
    /// found to be a solution has one.
    pub(super) fn stages(&self, minimises: bool, roots: usize) -> [Range<usize>; 4] {
        let [energy, residual] = [0..self.residual, self.residual..self.jacobian];
        let [jacobian, along] = [self.jacobian..self.along_control, self.along_control..roots];
        if minimises { [energy, residual, jacobian, along] } else { [residual, jacobian, energy, along] }
    }

    /// How many of these stages make the energy, the residual and the Jacobian.
    pub(crate) fn stages_for(minimises: bool) -> [usize; 3] {
        if minimises { [1, 2, 3] } else { [3, 1, 2] }
    }
}

/// A system of equations.
#[derive(Debug, Clone)]
pub struct System {
    /// What the file says about itself.
    pub description: Description,
    /// Parameters in the order of the file.
    pub parameters: Vec<Parameter>,
    /// The control parameter.
    pub control: Control,
    /// Unknowns in the order of the file.
    pub unknowns: Vec<Unknown>,
    /// What they satisfy.
    pub kind: Kind,
    /// Which stationary point of a free energy is meant.
    pub extremum: Extremum,
    /// The equations as written: (left, right) pairs.
    pub equations: Vec<(String, String)>,
    /// Definitions as written.
    pub definitions: Vec<(String, String)>,
    /// Variables as written.
    pub variables: Vec<(String, String)>,
    /// What selects among several solutions, as written.
    pub selection: Option<String>,
    /// Kinds of solution.
    pub branches: Vec<BranchSpec>,
    /// The condition that solutions meet, as written.
    pub admissible: Option<String>,
    /// When a flow or an iteration stops.
    pub stop: Option<Stop>,
    /// The first unknown whose right side, in a flow or an iteration, contains the control.
    pub(crate) contains_control: Option<usize>,
    /// Whether its equations are those of where something that moves is at rest: its control has no range of its own.
    pub(crate) at_rest: bool,
    /// A sign symmetry.
    pub gauge: Option<Gauge>,
    /// Indices whose values may be exchanged.
    pub exchange: Option<Exchange>,
    pub(super) indices: Arc<Indices>,
    /// Unknowns and outputs, in the order of the columns.
    pub outputs: Vec<Output>,
    /// What the outputs tend to.
    pub limit: Option<Limit>,
    /// Names of the normal variables.
    pub(super) normals: Vec<String>,
    pub(super) graph: Arc<Graph>,
    pub(super) discrete: Vec<crate::language::lower::DiscreteNodes>,
    /// Roots of the certificate program, for the independent check.
    pub(crate) certificate_nodes: Vec<Node>,
    /// The parsed expressions, for the independent check.
    pub(crate) written: AsWritten,
    /// Energy, residual, Jacobian and derivative along the control, in stages.
    pub(crate) equations_program: Program,
    pub(crate) equation_roots: EquationRoots,
    /// The same with averages whose rules follow the integrands, without and with the derivative along the control.
    pub(crate) equations_levels: Levels,
    pub(crate) all_levels: Levels,
    /// Outputs, then energy (if any), then residual.
    pub(crate) certificate_program: Program,
    pub(crate) certificate_levels: Levels,
    /// Energy (if any), then residual.
    pub(crate) residual_levels: Levels,
    /// Outputs, then energy (if any): all that is evaluated on the boundary.
    pub(crate) boundary_program: Program,
    /// Starts, boundary points, ranges: functions of parameters and control.
    pub(crate) setup_program: Program,
    /// The gauge condition.
    pub(crate) gauge_program: Option<Program>,
    /// The condition that solutions meet (0 or 1), then how far inside they are: at least 0 where it holds.
    pub(crate) admissible_program: Option<Program>,
    /// The same of the condition at which a flow or an iteration stops.
    pub(crate) stop_program: Option<Program>,
}

impl System {
    /// The indices of its file.
    pub(crate) fn indices(&self) -> &Indices {
        &self.indices
    }

    /// What a name with indices is written as in the file, and its first index: `m[a]` and a of m_1.
    pub fn as_indexed(&self, name: &str) -> Option<(String, String)> {
        let (family, _) = self.indices.member_of(name)?;
        let indices = &self.indices.family(&family)?.indices;
        Some((format!("{family}[{}]", indices.join(",")), indices.first()?.clone()))
    }

    /// The name by which the system is asked for.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// Its parameters.
    pub fn known(&self) -> Parameters<'_> {
        Parameters { whose: self.name(), all: &self.parameters }
    }

    /// Values of all parameters from those given; the others take their defaults, which may depend on those
    /// above them. A word that the system does not have becomes NaN.
    pub fn parameter_values(&self, given: &[(String, Value)]) -> Vec<f64> {
        self.known().numbers(given)
    }

    /// Checks what is given for its parameters, and the weights of the discrete variables against 1.
    ///
    /// # Errors
    /// The first value that is not accepted, with what would be.
    pub fn check(&self, given: &[(String, Value)]) -> Result<(), EquationError> {
        let values = self.known().check(given)?;
        self.check_weights(&values)
    }

    pub(super) fn check_weights(&self, values: &[f64]) -> Result<(), EquationError> {
        // Weights that move with the solution are looked at there.
        for variable in self.discrete.iter().filter(|variable| !variable.dynamic) {
            let weights: Vec<f64> = variable.weights.iter().map(|w| self.interpret(*w, values)).collect();
            if let Some(i) = weights.iter().position(|w| !(*w >= 0.0 && w.is_finite())) {
                let variable = variable.name.clone();
                return Err(Problem::BadWeight { variable, index: i + 1, value: weights[i] }.into());
            }
            let sum: f64 = weights.iter().sum();
            // Rounding of a few additions of numbers below 1.
            if (sum - 1.0).abs() > 1e-12 {
                return Err(Problem::WeightSum { variable: variable.name.clone(), sum }.into());
            }
        }
        Ok(())
    }

    /// A node of parameters alone; no averages.
    fn interpret(&self, node: Node, values: &[f64]) -> f64 {
        Interpreter::new(&self.graph, values, &|_| f64::NAN).values(&[node])[0]
    }

    /// Outputs, energy and residual at given values of all symbols, by another evaluator and another
    /// quadrature than the compiled program: averages and everything built on them are computed afresh.
    pub fn recompute(&self, symbols: &[f64]) -> Vec<f64> {
        let integrate = |f: &dyn Fn(f64) -> f64| crate::average::normal_average(f);
        Interpreter::new(&self.graph, symbols, &integrate).values(&self.certificate_nodes)
    }

    /// The output, the energy or the equation that an average belongs to, as written.
    pub(crate) fn belongs_to(&self, average: Node) -> String {
        let place =
            self.certificate_nodes.iter().position(|root| self.graph.reachable(&[*root]).contains(&average));
        let Some(place) = place else { return "an average".into() };
        if let Some(output) = self.outputs.get(place) {
            return format!("{} = {}", output.name, output.text);
        }
        let energy = usize::from(self.equation_roots.energy.is_some());
        let equation = match place < self.outputs.len() + energy {
            true => None,
            false => self.equations.get(place - self.outputs.len() - energy),
        };
        match (equation, &self.selection) {
            (Some((left, right)), _) => format!("{left} = {right}"),
            (None, Some(text)) => text.clone(),
            (None, None) => self.equations.first().map_or("the energy".into(), |(_, right)| right.clone()),
        }
    }

    /// The name of a normal variable.
    pub(crate) fn normal_name(&self, variable: u8) -> String {
        self.normals.get(usize::from(variable)).cloned().unwrap_or_default()
    }

    /// What selects among solutions as the file writes it, from that of which the lowest is meant; and back.
    pub(crate) fn as_written(&self, energy: f64) -> f64 {
        if self.extremum.sign() < 0.0 { 0.0 - energy } else { energy }
    }

    /// Whether numbers are defined by equations at the nodes of averages.
    pub(crate) fn has_implicit(&self) -> bool {
        self.written.scope.definitions.iter().any(|definition| definition.solved.is_some())
    }

    /// How many starts, boundary coordinates and range ends the set-up program computes.
    pub(crate) fn setup_roots(&self) -> usize {
        self.setup_program.roots()
    }

    /// The most normal variables that one average spans.
    pub fn normals_at_once(&self) -> u32 {
        self.certificate_program.dimensions()
    }

    /// Whether anything is averaged over a normal variable.
    pub fn has_averages(&self) -> bool {
        self.certificate_program.dimensions() > 0
    }

    /// How many distinct operations the equations consist of.
    pub fn operations(&self) -> usize {
        self.graph.len()
    }
}
