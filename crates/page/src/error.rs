//! What can be wrong with a folder of results: the path, and what is accepted.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A folder of which no page can be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// There is nothing of this name.
    #[error(
        "there is no folder '{path}'; name one with results, such as results/ after `overlaps solve two-phase`"
    )]
    NoFolder {
        /// The folder that was named.
        path: PathBuf,
    },

    /// A file was named.
    #[error("'{path}' is a file; name the folder that holds the results")]
    NotAFolder {
        /// The file that was named.
        path: PathBuf,
    },

    /// The folder cannot be listed.
    #[error("the folder '{path}' cannot be read ({reason})")]
    Unreadable {
        /// The folder that was named.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },

    /// No file in it is a result.
    #[error(
        "there are no results in '{path}'; a result is a CSV with what stands beside it under the same name: \
         a side file (.json), a figure (.svg, .png), a text (.md), in the folder or one folder below"
    )]
    Empty {
        /// The folder that was named.
        path: PathBuf,
    },
}
