//! Everything that leaves the program: tables, files and figures.
//!
//! This is the end of the one-way flow: a solver or a simulation fills a [`Table`]; from there
//!
//! - [`table`] holds it,
//! - [`mod@csv`], [`json`] and [`terminal`] write it as text, [`figure`] draws curves of it as SVG,
//! - [`curves`] cuts a column of it into the curves that a figure draws,
//! - [`files`] puts the bytes on disk, whole or not at all; [`error`] is what can go wrong.
//!
//! All of it is deterministic: no time stamps, no machine names, no hash order.

pub mod csv;
pub mod curves;
pub mod error;
pub mod figure;
pub mod files;
pub mod json;
pub mod table;
pub mod terminal;

pub use self::csv::CsvWriter;
pub use curves::curves_of;
pub use error::OutputError;
pub use figure::{Curve, Figure, HeatMap, LineStyle, MapCell, Panel, Points};
pub use files::{
    AtomicFile, CompleteFile, check_writable, is_standard_output, is_stream, write_atomically,
    write_completely, write_error,
};
pub use json::{SideFile, table_json};
pub use table::{Cell, Column, Role, Table};
pub use terminal::TerminalOptions;
