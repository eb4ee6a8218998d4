//! Expression trees → graph nodes. Discrete variables are summed here, value by value; averages over normal
//! variables become nodes of the graph.

mod implicit;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::derivative::differentiate;
use super::error::{EquationError, Problem};
use super::expression::{Expression, ExpressionKind, Matrix, Operator};
use super::function::{Combine, Function, Join};
use super::graph::{Axes, Graph, MAX_NODES, Node, Operation};
use super::matrix;
use super::scope::{Meaning, Scope};
use crate::diagnostic::Text;

/// How far the sum of weights may be from 1.
const WEIGHTS: f64 = 1e-12;
/// Why the derivative of something over variables is refused.
const JUMPS: &str = "this contains a minimiser that may jump, whose derivative has a part in the jump; take the derivative of the average, D[x](E[z](…)), or write D[z] by parts, E[z](z*…)";

/// A discrete variable: values and weights as nodes of parameters.
#[derive(Debug, Clone)]
pub struct DiscreteNodes {
    /// Name.
    pub name: String,
    /// Values.
    pub values: Vec<Node>,
    /// Probabilities.
    pub weights: Vec<Node>,
    /// Whether they are known only with the unknowns and the control.
    pub dynamic: bool,
}

/// A variable with another measure as a function of a normal one.
#[derive(Debug, Clone, Copy)]
pub struct MeasureNodes {
    /// Its value.
    pub value: Node,
    /// What its integrands are multiplied by.
    pub weight: Option<Node>,
}

/// Builds graph nodes from expressions.
pub struct Lowering<'s> {
    /// The graph that is built.
    pub graph: Graph,
    /// Discrete variables in the order of their numbers in the scope.
    pub discrete: Vec<DiscreteNodes>,
    /// Variables with other measures, by the normal variable that each is made of.
    pub measures: FxHashMap<usize, MeasureNodes>,
    scope: &'s Scope,
    /// Definitions already built, by the values of the discrete variables that they depend on.
    built: FxHashMap<(usize, Assignment), Node>,
    /// Expressions visited so far.
    steps: usize,
    /// By what a derivative has been taken.
    derived_by: Option<String>,
    /// The implicit definitions whose equations are built, and the symbols that they are there.
    solving: FxHashMap<usize, Node>,
}

/// Values chosen for discrete variables: variable → index of the value.
type Assignment = BTreeMap<usize, usize>;

impl<'s> Lowering<'s> {
    /// An empty graph over the names of a scope.
    pub fn new(scope: &'s Scope) -> Self {
        Lowering {
            graph: Graph::default(),
            discrete: Vec::new(),
            measures: FxHashMap::default(),
            scope,
            built: FxHashMap::default(),
            steps: 0,
            derived_by: None,
            solving: FxHashMap::default(),
        }
    }

    /// The node of a scalar expression.
    ///
    /// # Errors
    /// An expansion over discrete variables that is too large, the derivative of a jump that is no factor of an integrand.
    pub fn scalar(&mut self, e: &Expression, text: &Text) -> Result<Node, EquationError> {
        let node = self.lower(e, &Assignment::new(), text)?;
        match &self.derived_by {
            Some(name) if !self.graph.is_linear_in_deltas(node) => {
                Err(text.error(e.span.clone(), Problem::DeltaInFunction { name: name.clone() }))
            }
            _ => Ok(node),
        }
    }

    /// The same graph and variables over another scope, which has the same names and more.
    pub fn over(self, scope: &Scope) -> Lowering<'_> {
        Lowering {
            graph: self.graph,
            discrete: self.discrete,
            measures: self.measures,
            scope,
            built: FxHashMap::default(),
            steps: self.steps,
            derived_by: self.derived_by,
            solving: FxHashMap::default(),
        }
    }

    /// How far inside a condition is: at least 0 where it holds, and 0 on its edge (a − b for a > b).
    ///
    /// # Errors
    /// An expansion over discrete variables that is too large.
    pub fn margin(&mut self, condition: &Expression, text: &Text) -> Result<Node, EquationError> {
        Ok(match &condition.kind {
            ExpressionKind::Not(a) => {
                let inside = self.margin(a, text)?;
                self.graph.negate(inside)
            }
            ExpressionKind::Binary(op @ (Operator::And | Operator::Or), a, b) => {
                let (a, b) = (self.margin(a, text)?, self.margin(b, text)?);
                self.graph.combine(if *op == Operator::And { Combine::Min } else { Combine::Max }, a, b)
            }
            ExpressionKind::Binary(op, a, b) => {
                let (a, b) = (self.scalar(a, text)?, self.scalar(b, text)?);
                let above = self.graph.subtract(a, b);
                match op {
                    Operator::Greater | Operator::GreaterEqual => above,
                    Operator::Less | Operator::LessEqual => self.graph.negate(above),
                    _ => {
                        let distance = self.graph.apply(Function::Abs, above);
                        if *op == Operator::Equal { self.graph.negate(distance) } else { distance }
                    }
                }
            }
            _ => unreachable!("only comparisons and what joins them are truth values"),
        })
    }

    /// Builds the definitions in order, so that none is reached through a chain of others.
    ///
    /// # Errors
    /// An expansion over discrete variables that is too large.
    pub fn definitions(&mut self) -> Result<(), EquationError> {
        let scope = self.scope;
        for (i, definition) in scope.definitions.iter().enumerate() {
            let mut assignments = vec![Assignment::new()];
            for variable in self.discrete_variables_of(i) {
                let count = self.discrete[variable].values.len();
                if assignments.len().saturating_mul(count) > MAX_NODES {
                    let place = definition.expression.span.clone();
                    return Err(definition
                        .text
                        .error(place, Problem::TooManyOperations { limit: MAX_NODES }));
                }
                assignments = assignments
                    .into_iter()
                    .flat_map(|a| {
                        (0..count).map(move |value| {
                            let mut a = a.clone();
                            a.insert(variable, value);
                            a
                        })
                    })
                    .collect();
            }
            for assignment in assignments {
                let numbers = match &definition.solved {
                    None => vec![(i, self.lower(&definition.expression, &assignment, &definition.text)?)],
                    Some(_) if self.built.contains_key(&(i, assignment.clone())) => continue,
                    Some(solved) => self.together(&solved.with, &assignment)?,
                };
                for (i, node) in numbers {
                    self.built.insert((i, assignment.clone()), node);
                }
            }
        }
        Ok(())
    }

    fn discrete_variables_of(&self, definition: usize) -> Vec<usize> {
        let shape = self.scope.definitions[definition].shape.as_ref();
        shape
            .into_iter()
            .flat_map(|s| &s.variables)
            .filter_map(|(name, _)| match self.scope.meaning(name) {
                Some(Meaning::Discrete(i)) => Some(i),
                _ => None,
            })
            .collect()
    }

    fn lower(&mut self, e: &Expression, chosen: &Assignment, text: &Text) -> Result<Node, EquationError> {
        // Also sums whose terms fold to few nodes take their time.
        self.steps += 1;
        if self.graph.len() > MAX_NODES || self.steps > 10 * MAX_NODES {
            return Err(text.error(e.span.clone(), Problem::TooManyOperations { limit: MAX_NODES }));
        }
        Ok(match &e.kind {
            ExpressionKind::Number(x) => self.graph.constant(*x),
            ExpressionKind::Name(name) => self.name(name, chosen),
            ExpressionKind::Negative(a) => {
                let a = self.lower(a, chosen, text)?;
                self.graph.negate(a)
            }
            ExpressionKind::Not(a) => {
                let a = self.lower(a, chosen, text)?;
                self.graph.apply(Function::Not, a)
            }
            ExpressionKind::Binary(op, a, b) => {
                let a = self.lower(a, chosen, text)?;
                let b = self.lower(b, chosen, text)?;
                self.binary(*op, a, b)
            }
            ExpressionKind::Call(name, arguments) => {
                let nodes: Vec<Node> =
                    arguments.iter().map(|a| self.lower(a, chosen, text)).collect::<Result<Vec<_>, _>>()?;
                self.call(name, &nodes)
            }
            ExpressionKind::Average(names, body) => self.average(names, body, chosen, text)?,
            ExpressionKind::Derivative(by, body) => {
                let body = self.lower(body, chosen, text)?;
                self.derived_by.get_or_insert_with(|| by.0.clone());
                if self.may_jump(body) {
                    let problem = Problem::Structure(JUMPS.into());
                    return Err(text.error(e.span.clone(), problem));
                }
                let by = self.name(&by.0, chosen);
                differentiate(&mut self.graph, &[body], by)[0]
            }
        })
    }

    /// Whether an expression over variables contains a number that may jump as they move.
    fn may_jump(&self, node: Node) -> bool {
        let rivals = |n: &Node| match self.graph.operation(*n) {
            Operation::Implicit(number) => self.graph.implicit_of(number).rivals.is_some(),
            _ => false,
        };
        self.graph.has_rivals()
            && self.graph.axes(node) != Axes::NONE
            && self.graph.reachable(&[node]).iter().any(rivals)
    }

    fn name(&mut self, name: &str, chosen: &Assignment) -> Node {
        match self.scope.meaning(name) {
            Some(
                Meaning::Parameter(symbol)
                | Meaning::Word { symbol, .. }
                | Meaning::Control(symbol)
                | Meaning::Unknown(symbol),
            ) => self.graph.symbol(symbol),
            Some(Meaning::Discrete(i)) => self.discrete[i].values[chosen[&i]],
            Some(Meaning::Normal(i)) => self.graph.normal(i as u8),
            Some(Meaning::Measure(i)) => self.measures[&i].value,
            Some(Meaning::Definition(i)) if self.solving.contains_key(&i) => self.solving[&i],
            Some(Meaning::Definition(i)) => {
                let relevant = self.discrete_variables_of(i);
                let key: Assignment = relevant.iter().map(|v| (*v, chosen[v])).collect();
                self.built[&(i, key)]
            }
            None if name == "inf" => self.graph.constant(f64::INFINITY),
            None => self.graph.constant(std::f64::consts::PI),
        }
    }

    fn call(&mut self, name: &str, arguments: &[Node]) -> Node {
        let graph = &mut self.graph;
        if let Some(matrix) = Matrix::of_call(name) {
            let parts = matrix.parts(arguments, |node| graph.value_of(node).unwrap_or(1.0) as usize);
            return matrix::lower(graph, matrix, &parts);
        }
        match (name, arguments) {
            ("choose", [index, alternatives @ ..]) => graph.choose(*index, alternatives),
            ("where", [condition, x, y]) => graph.select(*condition, *x, *y),
            ("bivariate_normal_cdf", [a, b, rho]) => graph.join(Join::BivariateNormalCdf, [*a, *b, *rho]),
            ("min" | "max" | "log_sum_exp", [first, rest @ ..]) => {
                let combine = match name {
                    "min" => Combine::Min,
                    "max" => Combine::Max,
                    _ => Combine::LogAddExp,
                };
                rest.iter().fold(*first, |all, next| graph.combine(combine, all, *next))
            }
            (_, [a, ..]) => {
                let function = Function::named(name).expect("functions are checked with the shapes");
                graph.apply(function, *a)
            }
            (_, []) => unreachable!("numbers of arguments are checked with the shapes"),
        }
    }

    fn average(
        &mut self,
        names: &[(String, std::ops::Range<usize>)],
        body: &Expression,
        chosen: &Assignment,
        text: &Text,
    ) -> Result<Node, EquationError> {
        let Some(((name, _), rest)) = names.split_first() else {
            return self.lower(body, chosen, text);
        };
        match self.scope.meaning(name) {
            Some(Meaning::Discrete(i)) => {
                let mut sum = self.graph.constant(0.0);
                for value in 0..self.discrete[i].values.len() {
                    let mut chosen = chosen.clone();
                    chosen.insert(i, value);
                    let term = self.average(rest, body, &chosen, text)?;
                    let weight = self.discrete[i].weights[value];
                    let weighted = self.graph.multiply(weight, term);
                    sum = self.graph.add(sum, weighted);
                }
                Ok(if self.discrete[i].dynamic { self.where_weights_sum_to_1(i, sum) } else { sum })
            }
            Some(Meaning::Normal(i)) => {
                let inner = self.average(rest, body, chosen, text)?;
                Ok(self.graph.average(i as u8, inner))
            }
            Some(Meaning::Measure(i)) => {
                let inner = self.average(rest, body, chosen, text)?;
                let weighted = match self.measures[&i].weight {
                    Some(weight) => self.graph.multiply(weight, inner),
                    None => inner,
                };
                Ok(self.graph.average(i as u8, weighted))
            }
            _ => unreachable!("averaged names are checked with the shapes"),
        }
    }

    /// A sum over a discrete variable; no number where its weights do not sum to 1, as where the tail of a Poisson variable is cut.
    fn where_weights_sum_to_1(&mut self, variable: usize, sum: Node) -> Node {
        let graph = &mut self.graph;
        let mut total = graph.constant(-1.0);
        for weight in self.discrete[variable].weights.clone() {
            total = graph.add(total, weight);
        }
        let (off, allowed) = (graph.apply(Function::Abs, total), graph.constant(WEIGHTS));
        let right = graph.combine(Combine::LessEqual, off, allowed);
        let nothing = graph.constant(f64::NAN);
        let wrong = graph.apply(Function::Not, right);
        let (sum, nothing) =
            (graph.combine(Combine::If, right, sum), graph.combine(Combine::If, wrong, nothing));
        graph.add(sum, nothing)
    }

    fn binary(&mut self, op: Operator, a: Node, b: Node) -> Node {
        let (combine, a, b) = match op {
            Operator::Add => (Combine::Add, a, b),
            Operator::Subtract => (Combine::Subtract, a, b),
            Operator::Multiply => (Combine::Multiply, a, b),
            Operator::Divide => (Combine::Divide, a, b),
            Operator::Power => (Combine::Power, a, b),
            Operator::Or => (Combine::Or, a, b),
            Operator::And => (Combine::And, a, b),
            Operator::Less => (Combine::Less, a, b),
            Operator::LessEqual => (Combine::LessEqual, a, b),
            Operator::Greater => (Combine::Less, b, a),
            Operator::GreaterEqual => (Combine::LessEqual, b, a),
            Operator::Equal => (Combine::Equal, a, b),
            Operator::NotEqual => {
                let equal = self.graph.combine(Combine::Equal, a, b);
                return self.graph.apply(Function::Not, equal);
            }
        };
        self.graph.combine(combine, a, b)
    }
}
