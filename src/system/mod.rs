//! Equation files → [`System`], [`Theory`].
//!
//! `schema` reads the TOML, `assemble` leads a file through the stages of the [language](crate::language), `equations` is
//! what becomes of it, `extremum` which stationary point is meant; `theory` is what a user asks for by name, one system or a composite; `motion` what is asked of those that move; `library` holds the built-in
//! files, `written` the expressions as they were written; `shown` is a theory for a reader, `printed` as a paper prints it.

mod assemble;
mod equations;
mod exchange;
mod extremum;
mod indices;
mod kind;
mod library;
mod motion;
mod printed;
pub(crate) mod schema;
mod shown;
mod theory;
mod written;

pub use equations::{
    BranchSpec, Control, Description, EquationRoots, Gauge, Limit, Origin, Output, System, Unknown,
};
pub use exchange::Exchange;
pub use extremum::{Extremum, Way};
pub(crate) use indices::Key;
pub use kind::{Kind, Stop};
pub use library::{BUILT_IN, BuiltIn, subjects};
pub use printed::{Group, Printed};
pub use schema::Line;
pub use theory::{Piece, Theory};
pub(crate) use written::AsWritten;
