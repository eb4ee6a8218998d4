//! What can be wrong with measurements that are to be compared with theories.

use std::path::PathBuf;

use thiserror::Error;

use crate::diagnostic::short;

/// Measurements that cannot be used, with what to change.
#[derive(Debug, Error)]
pub enum CompareError {
    /// The file cannot be read.
    #[error("cannot read '{path}': {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A column that is needed.
    #[error("{path} has no column `{column}` ({meaning}); its columns are {found}")]
    MissingColumn {
        /// The file.
        path: String,
        /// The column.
        column: String,
        /// What it holds.
        meaning: &'static str,
        /// The columns that are there.
        found: String,
    },
    /// A column that nothing is known about.
    #[error("{path}: unknown column `{}`{hint}; columns are {known}; --ignore NAME passes over one that is none of them", short(.column))]
    UnknownColumn {
        /// The file.
        path: String,
        /// The column.
        column: String,
        /// The nearest known one.
        hint: String,
        /// What columns there may be.
        known: String,
    },
    /// A name of the size that is taken.
    #[error(
        "--size {size}: that is no size of {system}, but its control, one of its overlaps, or what tells data sets apart"
    )]
    NoSize {
        /// The name.
        size: String,
        /// The theory.
        system: String,
    },
    /// No column that a theory has an output for.
    #[error("{path} has none of the overlaps that {system} predicts: {overlaps}")]
    NothingInCommon {
        /// The file.
        path: String,
        /// The theory.
        system: String,
        /// Its outputs.
        overlaps: String,
    },
    /// A field that is no number.
    #[error("{path}, line {line}, column {column}: `{}` is not {expected}", short(.text))]
    Field {
        /// The file.
        path: String,
        /// Line, counted from 1.
        line: usize,
        /// Column name.
        column: String,
        /// What stands there.
        text: String,
        /// What would be accepted.
        expected: &'static str,
    },
    /// A field that is none of the words of its parameter.
    #[error("{path}, line {line}, column {column}: `{}` is not one of {accepted}", short(.text))]
    Word {
        /// The file.
        path: String,
        /// Line, counted from 1.
        line: usize,
        /// Column name.
        column: String,
        /// What stands there.
        text: String,
        /// The words of the parameter, and the nearest of them.
        accepted: String,
    },
    /// The same run twice.
    #[error("{path}, line {line}: {run} stands already in line {first}; a run is one row per {control}")]
    Twice {
        /// The file.
        path: String,
        /// Line of the second.
        line: usize,
        /// Line of the first.
        first: usize,
        /// Size, seed and control, in words.
        run: String,
        /// Control.
        control: String,
    },
    /// A parameter given with another value than in the file.
    #[error(
        "{name} = {given} was given, but {path} has {name} = {found} (line {line}); leave out one of them"
    )]
    Conflict {
        /// The file.
        path: String,
        /// Parameter.
        name: String,
        /// Value given.
        given: String,
        /// Value in the file.
        found: String,
        /// Line.
        line: usize,
    },
    /// No rows.
    #[error("{path} has no rows to compare{reason}")]
    Empty {
        /// The file.
        path: String,
        /// Why, if rows were there.
        reason: String,
    },
}
