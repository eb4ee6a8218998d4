//! The compiled form of a set of graph nodes: straight-line instructions over scalars and whole arrays of
//! quadrature nodes.
//!
//! Instructions stand in sections by what they depend on: the quadrature rule alone, the point (parameters and
//! control), the unknowns. Those of the unknowns stand in stages, by the roots that need them: an energy does not wait for
//! its second derivatives. Only they run at every evaluation, as far as is asked for, without allocation.

use std::ops::Range;
use std::sync::Arc;

mod bound;
mod choice;
mod compile;
mod evaluate;
mod find;
mod frame;
mod levels;
mod measured;
mod places;
mod run;
mod scale;
mod schedule;
mod share;
mod terms;
mod tilt;

use super::function::{Combine, Function, Join};
use super::graph::{Axes, Graph, Node};
use super::implicit::Solver;
use compile::Compiler;
use run::run;

pub use bound::{Bounded, Number};
pub use choice::{Choice, Pattern, Points};
pub use find::Places;
pub use frame::Frame;
pub use levels::Levels;
pub use measured::Measured;
pub use scale::Scales;

/// A scalar register.
type Register = usize;
/// An array in the workspace.
type Slot = usize;

/// When an instruction runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Rule,
    Point,
    Stage(usize),
}

/// An operand of an array operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    Scalar(Register),
    Array(Slot),
}

#[derive(Debug, Clone)]
enum Instruction {
    /// A run of equal scalar operations.
    Scalars {
        operation: ScalarOperation,
        from: u32,
        to: u32,
    },
    ApplyArray {
        f: Function,
        a: Slot,
        out: Slot,
    },
    CombineArray {
        op: Combine,
        a: Operand,
        b: Operand,
        out: Slot,
    },
    Join {
        op: Join,
        all: [Operand; 3],
        out: Operand,
    },
    TanhSech2 {
        a: Slot,
        tanh: Slot,
        sech2: Slot,
    },
    Affine {
        offset: Register,
        slope: Register,
        a: Slot,
        out: Slot,
    },
    Expand {
        a: Slot,
        from: Axes,
        to: Axes,
        out: Slot,
    },
    /// The numbers of an implicit definition; with them given, the kinks in which they sit.
    Implicit {
        solver: Arc<Solver>,
        inputs: Vec<Operand>,
        given: Option<Operand>,
        out: Operand,
    },
    Sum {
        weights: Slot,
        out: Register,
    },
    /// Sums with the same weights.
    Dots {
        weights: Slot,
        of: Vec<(Slot, Register)>,
    },
    Dot3 {
        weights: Slot,
        a: Slot,
        b: Slot,
        out: Register,
    },
    Reduce {
        weights: Slot,
        a: Slot,
        axes: Axes,
        variable: u8,
        out: Slot,
    },
}

/// A scalar operation; most of what stands between the averages is made of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ScalarOperation {
    /// a b + c, rounded twice: sums, differences, products and negatives, so that few runs of equal operations hold them all.
    MultiplyAdd,
    Apply(Function),
    Combine(Combine),
}

/// Registers of one scalar operation: three operands (equal ones where it has fewer) and result.
type ScalarRegisters = [u32; 4];

/// A compiled set of scalar expressions.
#[derive(Debug, Clone)]
pub struct Program {
    rule: Vec<Instruction>,
    point: Vec<Instruction>,
    stages: Vec<Vec<Instruction>>,
    scalars: Vec<ScalarRegisters>,
    registers: Vec<f64>,
    /// Axes of each slot, which give its length.
    slots: Vec<Axes>,
    dimensions: u32,
    coordinates: Vec<Slot>,
    quadrature_weights: Vec<Slot>,
    point_symbols: Vec<(usize, Register)>,
    unknown_symbols: Vec<(usize, Register)>,
    roots: Vec<Register>,
    averages: Vec<Register>,
    /// Their nodes in the graph.
    average_nodes: Vec<Node>,
    /// The stage and the axes of each.
    tanh_arrays: Vec<(usize, Axes)>,
}

/// The memory in which a [`Program`] runs with one quadrature rule.
#[derive(Debug, Clone)]
pub struct Workspace {
    registers: Vec<f64>,
    slots: Vec<Vec<f64>>,
    nodes: usize,
}

impl Program {
    /// Compiles the roots, which must be scalars. Symbols from `first_unknown` on are unknowns.
    pub fn compile(graph: &Graph, roots: &[Node], first_unknown: usize) -> Program {
        Program::compile_in_stages(graph, roots, std::slice::from_ref(&(0..roots.len())), first_unknown)
    }

    /// The same in stages, which [`Program::evaluate`] computes one after the other: each makes some of the roots.
    pub fn compile_in_stages(
        graph: &Graph,
        roots: &[Node],
        stages: &[Range<usize>],
        first_unknown: usize,
    ) -> Program {
        Compiler::new(graph, roots, stages, first_unknown).compile(roots)
    }

    /// The largest number of normal variables that one array spans.
    pub fn dimensions(&self) -> u32 {
        self.dimensions
    }

    /// How many values of tanh (with or without its derivative) some stages compute with `nodes` nodes.
    pub fn tanh_evaluations(&self, stages: Range<usize>, nodes: usize) -> usize {
        let of_them = self.tanh_arrays.iter().filter(|(stage, _)| stages.contains(stage));
        of_them.map(|(_, axes)| size(*axes, nodes)).sum()
    }

    /// How many stages there are.
    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    /// Memory for a quadrature rule, with everything that depends on the rule alone computed.
    pub fn workspace(&self, nodes: &[f64], weights: &[f64]) -> Workspace {
        let n = nodes.len();
        let mut workspace = Workspace {
            registers: self.registers.clone(),
            slots: self.slots.iter().map(|axes| vec![0.0; size(*axes, n)]).collect(),
            nodes: n,
        };
        for slot in &self.coordinates {
            workspace.slots[*slot].copy_from_slice(nodes);
        }
        for slot in &self.quadrature_weights {
            workspace.slots[*slot].copy_from_slice(weights);
        }
        run(&self.rule, &self.scalars, &mut workspace);
        workspace
    }

    /// Sets the parameters and the control; `symbols` are the values of the leading symbols.
    pub fn set_point(&self, workspace: &mut Workspace, symbols: &[f64]) {
        for (symbol, register) in &self.point_symbols {
            workspace.registers[*register] = symbols[*symbol];
        }
        run(&self.point, &self.scalars, workspace);
    }

    /// Evaluates some stages: from the first at new values of the unknowns, or those that follow at the same.
    pub fn evaluate(&self, workspace: &mut Workspace, unknowns: &[f64], stages: Range<usize>) {
        if stages.start == 0 {
            for (unknown, register) in &self.unknown_symbols {
                workspace.registers[*register] = unknowns[*unknown];
            }
        }
        for stage in &self.stages[stages] {
            run(stage, &self.scalars, workspace);
        }
    }

    /// How many roots there are.
    pub fn roots(&self) -> usize {
        self.roots.len()
    }

    /// The value of a root after [`Program::evaluate`].
    pub fn value(&self, workspace: &Workspace, root: usize) -> f64 {
        workspace.registers[self.roots[root]]
    }

    /// The values of all averages that the roots are made of, in a fixed order.
    pub fn averages<'a>(&'a self, workspace: &'a Workspace) -> impl Iterator<Item = f64> + 'a {
        self.averages.iter().map(|r| workspace.registers[*r])
    }
}

impl Program {
    /// The nodes of the averages, in the same order.
    pub fn average_nodes(&self) -> &[Node] {
        &self.average_nodes
    }
}

fn size(axes: Axes, nodes: usize) -> usize {
    nodes.pow(axes.count())
}
