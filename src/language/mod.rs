//! The language of equations: text → expression → graph → exact derivatives → compiled program.
//!
//! The stages, each in its own file: `expression` (text to tree) → `scope` (names and shapes) → `lower` (tree to `graph`,
//! discrete variables summed) → `derivative` and `slope` → `program` (compiled for whole arrays of quadrature nodes). `function` has
//! what can be called by name (`elsewhere` under which others), `operation` what is written between numbers; `stable`, `mills` and `exponentials` rewrite what loses its digits; `interpret` computes a graph
//! node by node, for parameters and for tests; `formula` is one expression over named numbers; `implicit` has numbers that solve an equation.

pub(crate) mod derivative;
mod elsewhere;
pub(crate) mod error;
mod exponentials;
pub(crate) mod expression;
mod formula;
pub(crate) mod function;
pub(crate) mod graph;
mod implicit;
pub(crate) mod indices;
pub(crate) mod interpret;
pub(crate) mod lower;
mod matrix;
mod mills;
mod operation;
pub(crate) mod program;
pub(crate) mod scope;
mod slope;
mod stable;

pub use error::{EquationError, Problem};
pub(crate) use expression::{Expression, ExpressionKind, Matrix, Operator, Parts};
pub use formula::{Formula, Sort};
pub(crate) use graph::Node;
pub(crate) use implicit::meets_several;
pub(crate) use indices::{Family, Indices, member_name, tuples};
pub(crate) use program::{
    Bounded, Choice, Frame, Levels, Measured, Pattern, Places, Points, Program, Scales, Workspace,
};
pub use scope::LARGEST_PRODUCT;
pub(crate) use scope::Meaning;
pub(crate) use scope::{Solved, names_in};
