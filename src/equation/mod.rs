//! Equation files → [`System`]: schema, expression language, expression graph, exact derivatives, compiled
//! programs.
//!
//! The stages, each in its own file: `schema` (TOML by serde) → `expression` (text to tree) → `scope` (names
//! and shapes) → `lower` (tree to `graph`, discrete variables summed) → `derivative` → `program` (compiled for
//! whole arrays of quadrature nodes) → `system`. `assemble` leads a file through all of them; `theory` is what a
//! user asks for by name, one system or a composite.

mod assemble;
mod derivative;
mod error;
mod exponentials;
mod expression;
mod function;
mod graph;
mod interpret;
mod library;
mod lower;
mod program;
mod schema;
mod scope;
mod stable;
mod system;
mod theory;
mod written;

pub use assemble::LARGEST_PRODUCT;
pub(crate) use error::short;
pub use error::{EquationError, Problem};
pub(crate) use expression::{Expression, ExpressionKind, Operator};
pub(crate) use graph::Node;
pub use library::BUILT_IN;
pub(crate) use program::{
    Choice, Frame, Levels, Measured, Pattern, Places, Points, Program, Scales, Workspace,
};
pub use schema::Line;
pub(crate) use scope::Meaning;
pub use system::{
    BranchSpec, Control, Description, EquationRoots, Gauge, Kind, Limit, Origin, Output, Parameter, System,
    Unknown,
};
pub use theory::{Piece, Theory};
pub(crate) use written::AsWritten;
