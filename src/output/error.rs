//! What can go wrong while results are written: the path, the reason, and what to change.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A table, file or figure that could not be written.
#[derive(Debug, Error)]
pub enum OutputError {
    /// No file name was given.
    #[error("the output path is empty; give a file name")]
    EmptyPath,

    /// The folder that is to hold the file does not exist.
    #[error("cannot write '{path}': the folder '{folder}' does not exist; create it or choose another path")]
    NoFolder {
        /// The file that was to be written.
        path: PathBuf,
        /// The folder that is missing.
        folder: PathBuf,
    },

    /// What stands in the place of the folder is a file.
    #[error("cannot write '{path}': '{folder}' is not a folder; choose another path")]
    NotAFolder {
        /// The file that was to be written.
        path: PathBuf,
        /// The file that stands in the place of the folder.
        folder: PathBuf,
    },

    /// The path names a folder, not a file.
    #[error("cannot write '{path}': it is a folder; add a file name to it")]
    IsFolder {
        /// The path that was given.
        path: PathBuf,
    },

    /// The file exists and is marked read-only.
    #[error("cannot write '{path}': the file is read-only; make it writable or choose another path")]
    ReadOnly {
        /// The read-only file.
        path: PathBuf,
    },

    /// The folder does not accept new files.
    #[error(
        "cannot write '{path}': no file can be made in '{folder}' ({reason}); \
         choose a folder in which you may write"
    )]
    FolderNotWritable {
        /// The file that was to be written.
        path: PathBuf,
        /// The folder that refused it.
        folder: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },

    /// Writing failed: a full disk, a closed pipe, a lost network share.
    #[error("writing '{path}' failed ({reason}); check the free space, or choose another path")]
    Write {
        /// The file that was being written.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },

    /// A row has more or fewer cells than the table has columns.
    #[error("a row of {found} cells does not fit a table of {expected} columns")]
    RowWidth {
        /// The number of columns.
        expected: usize,
        /// The number of cells.
        found: usize,
    },

    /// A column that the table does not have.
    #[error("there is no column `{name}`{hint}; columns are {columns}")]
    NoColumn {
        /// The name.
        name: String,
        /// Which one may be meant.
        hint: String,
        /// All of them.
        columns: String,
    },

    /// A row that the table does not have.
    #[error("there is no row {row}: the table has {rows} rows, which count from 0")]
    NoRow {
        /// The row, from 0.
        row: usize,
        /// How many there are.
        rows: usize,
    },

    /// A cell that holds no number.
    #[error("row {row} has no number in the column `{name}`{}", if .text.is_empty() { ", which is empty there".to_string() } else { format!(": {}", .text) })]
    NoNumber {
        /// The column.
        name: String,
        /// The row, from 0.
        row: usize,
        /// What stands there.
        text: String,
    },

    /// A figure without a panel.
    #[error("the figure '{title}' has no panels; name at least one column to draw")]
    NoPanels {
        /// The title of the figure.
        title: String,
    },

    /// A sheet that is too small for what is drawn on it.
    #[error(
        "the figure '{title}' does not fit: {reason}; or give a smaller font size, a shorter title, fewer columns"
    )]
    NoRoom {
        /// The title of the figure.
        title: String,
        /// What it needs.
        reason: String,
    },

    /// The drawing library refused.
    #[error("the figure '{title}' could not be drawn ({reason})")]
    Drawing {
        /// The title of the figure.
        title: String,
        /// What the drawing library said.
        reason: String,
    },
}
