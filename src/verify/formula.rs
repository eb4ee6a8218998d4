//! The expressions of a file, as they are written, as a list of operations: equal ones once, discrete variables
//! summed, and nothing else done to them. No rule of algebra is used, so that a wrong one in the engine's graph
//! cannot be here too.

use std::collections::HashMap;

use super::function::Unary;
use super::implicit::{IMPLICIT, Implicit, RIVAL};

/// Place of an operation in the list; its arguments stand before it.
pub type Place = usize;

/// An operation of two arguments; comparisons and logic give 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the operators of the language
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
    Equal,
    Less,
    LessEqual,
    And,
    Or,
}

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A literal: its bits.
    Number(u64),
    /// A parameter, the control or an unknown.
    Symbol(usize),
    /// A normal variable.
    Normal(usize),
    /// A function of one argument.
    Unary(Unary, Place),
    /// An operation of two arguments.
    Binary(Binary, Place, Place),
    /// The second where the first is not 0, else the third; what is not chosen does not matter.
    Where(Place, Place, Place),
    /// The distribution function of two normal variables, and their correlation.
    Bivariate(Place, Place, Place),
    /// The average over a normal variable.
    Average(usize, Place),
    /// The number of an implicit definition, with what it depends on, and whether it has kinks.
    Implicit(usize, Place, bool),
    /// Whether that number sits in a kink: ½, else −½. With `RIVAL` on its number: by how much the right of two minima lies above the left.
    Pinned(usize, Place),
    /// Two operations that are needed together.
    Bundle(Place, Place),
}

/// What is known about an operation before it is evaluated.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// The normal variables that it depends on, as bits.
    pub axes: u64,
    /// The unknowns that it depends on, as bits; more than 64 share bits.
    pub unknowns: u64,
    /// How many averages stand inside each other or after each other below it.
    pub stage: usize,
    /// The most averages inside each other, each of which needs the outer variables.
    pub depth_inside: usize,
    /// Whether it, or anything below it inside an average, jumps as a variable moves.
    pub jumps: bool,
}

/// A list of operations.
#[derive(Debug, Default)]
pub struct Formula {
    /// The operations.
    pub operations: Vec<Operation>,
    /// What is known about each.
    pub facts: Vec<Facts>,
    places: HashMap<Operation, Place>,
    /// The implicit definitions.
    pub(super) implicit: Vec<Implicit>,
    /// Their numbers, by what they are but for their inputs, and those.
    pub(super) numbers: HashMap<(usize, Vec<Place>), Place>,
    /// The first symbol that is an unknown.
    pub(super) first_unknown: usize,
}

/// Why a formula cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsupported {
    /// A sum over discrete variables has too many terms.
    TooLarge,
    /// A construct that this evaluator does not have.
    Construct(String),
}

impl Formula {
    /// An empty list; symbols from `first_unknown` on are unknowns.
    pub fn new(first_unknown: usize) -> Formula {
        Formula { first_unknown, ..Formula::default() }
    }

    /// The implicit definition whose number an operation is.
    pub fn implicit_of(&self, operation: Operation) -> Option<&Implicit> {
        match operation {
            Operation::Implicit(number, ..) | Operation::Pinned(number, _) => {
                self.implicit.get(number % RIVAL)
            }
            _ => None,
        }
    }

    /// The place of an operation.
    pub fn add(&mut self, operation: Operation) -> Place {
        if let Some(place) = self.places.get(&operation) {
            return *place;
        }
        let facts = self.facts_of(operation);
        self.operations.push(operation);
        self.facts.push(facts);
        let place = self.operations.len() - 1;
        self.places.insert(operation, place);
        place
    }

    /// The most averages inside each other in a body that depend on its variable.
    fn depth_below(&self, body: Place, variable: usize) -> usize {
        let mut deepest = 0;
        let mut stack = vec![body];
        let mut seen = std::collections::HashSet::new();
        while let Some(place) = stack.pop() {
            if self.facts[place].axes & (1 << variable) == 0 || !seen.insert(place) {
                continue;
            }
            if let Operation::Average(..) = self.operations[place] {
                deepest = deepest.max(self.facts[place].depth_inside);
            } else {
                stack.extend(arguments(self.operations[place]));
            }
        }
        deepest
    }

    fn facts_of(&self, operation: Operation) -> Facts {
        let mut facts = Facts::default();
        for argument in arguments(operation) {
            let a = self.facts[argument];
            facts.axes |= a.axes;
            facts.unknowns |= a.unknowns;
            facts.stage = facts.stage.max(a.stage);
            facts.jumps |= a.jumps;
        }
        match operation {
            Operation::Normal(v) => facts.axes |= 1 << v,
            Operation::Symbol(s) if s >= self.first_unknown && s < IMPLICIT => {
                facts.unknowns |= 1 << ((s - self.first_unknown) % 64);
            }
            Operation::Average(v, body) => {
                facts.axes &= !(1 << v);
                facts.stage += 1;
                facts.depth_inside = 1 + self.depth_below(body, v);
            }
            // Its derivatives are those of a smooth point.
            Operation::Implicit(_, _, kinked) => facts.jumps |= kinked,
            // Outside averages a jump is in the equations themselves.
            Operation::Unary(f, _) => facts.jumps |= f.jumps() && facts.axes != 0,
            Operation::Binary(Binary::Equal | Binary::Less | Binary::LessEqual, ..) => {
                facts.jumps |= facts.axes != 0;
            }
            _ => {}
        }
        facts
    }
}

/// The arguments of an operation.
pub fn arguments(operation: Operation) -> impl Iterator<Item = Place> {
    let (a, b, c) = match operation {
        Operation::Number(_) | Operation::Symbol(_) | Operation::Normal(_) => (None, None, None),
        Operation::Unary(_, a)
        | Operation::Average(_, a)
        | Operation::Implicit(_, a, _)
        | Operation::Pinned(_, a) => (Some(a), None, None),
        Operation::Binary(_, a, b) | Operation::Bundle(a, b) => (Some(a), Some(b), None),
        Operation::Where(a, b, c) | Operation::Bivariate(a, b, c) => (Some(a), Some(b), Some(c)),
    };
    [a, b, c].into_iter().flatten()
}
