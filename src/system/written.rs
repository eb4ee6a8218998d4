//! The expressions of a file as they were read, kept beside the compiled programs: what the independent check of
//! [`crate::verify`] evaluates, so that a fault in the graph, in a derivative or in a compiled program shows.

use std::collections::HashMap;

use crate::language::expression::Expression;
use crate::language::scope::Scope;

/// A variable with another measure as a function of a normal one.
#[derive(Debug, Clone)]
pub struct Map {
    /// Its value.
    pub value: Expression,
    /// What its integrands are multiplied by.
    pub weight: Option<Expression>,
}

/// The parsed expressions of a system.
#[derive(Debug, Clone, Default)]
pub struct AsWritten {
    /// What the names mean, with the definitions.
    pub scope: Scope,
    /// Values and weights of the discrete variables, in the order of their numbers in the scope.
    pub discrete: Vec<(Vec<Expression>, Vec<Expression>)>,
    /// Variables with other measures, by the number of the normal variable that each is made of.
    pub measures: HashMap<usize, Map>,
    /// The energy; or right-hand sides of fixed points; or residuals.
    pub equations: Vec<Expression>,
    /// What selects among several solutions.
    pub selection: Option<Expression>,
    /// The outputs beside the unknowns, in the order of the file.
    pub outputs: Vec<Expression>,
    /// The ranges of the unknowns.
    pub ranges: Vec<Option<[Expression; 2]>>,
    /// The starting points of every branch, one expression per unknown; none for a boundary branch.
    pub starts: Vec<Vec<Vec<Expression>>>,
    /// The condition that solutions meet; it may name outputs.
    pub admissible: Option<Expression>,
    /// The condition on the representative under a sign symmetry.
    pub gauge: Option<Expression>,
}
