//! Everything that leaves the program: tables and files.
//!
//! This is the end of the one-way flow: a solver or a simulation fills a [`Table`]; from there
//!
//! - [`table`] holds it,
//! - [`mod@csv`] and [`json`] write it as text,
//! - [`files`] puts the bytes on disk, whole or not at all; [`error`] is what can go wrong.
//!
//! All of it is deterministic: no time stamps, no machine names, no hash order.

pub mod csv;
pub mod error;
pub mod files;
pub mod json;
mod series;
mod short;
pub mod table;

pub use self::csv::CsvWriter;
pub use error::OutputError;
pub use files::{
    AtomicFile, CompleteFile, check_writable, is_standard_output, is_stream, write_atomically,
    write_completely, write_error,
};
pub use json::{SideFile, table_json};
pub use series::Series;
pub use short::is_written_out;
pub use table::{Cell, Column, Role, Status, Table};
