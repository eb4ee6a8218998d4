//! What can go wrong, in the user's terms.

use std::io;
use std::path::{Path, PathBuf};

use overlaps::chart::ChartError;
use overlaps::output::OutputError;
use thiserror::Error;

/// Data, a model or an option that is not possible; a file that cannot be read or written.
#[derive(Debug, Error)]
pub enum ImagesError {
    /// A file or folder that cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },
    /// A file that is not what it should be.
    #[error("{}: {what}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong, and what would be accepted.
        what: String,
    },
    /// What was asked for is not possible.
    #[error("{0}")]
    Given(String),
    /// A file that cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A figure that cannot be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
}

impl ImagesError {
    /// What is wrong with a file.
    pub fn file(path: &Path, what: impl Into<String>) -> ImagesError {
        ImagesError::File { path: path.into(), what: what.into() }
    }

    /// The message of a file that cannot be read.
    pub(crate) fn read(path: &Path) -> impl Fn(io::Error) -> ImagesError {
        let path = path.to_path_buf();
        move |reason| ImagesError::Read { path: path.clone(), reason }
    }
}

/// What most functions here return.
pub type Result<T> = std::result::Result<T, ImagesError>;
