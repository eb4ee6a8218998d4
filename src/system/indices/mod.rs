//! A file with indices → the same file without: `m[a]` becomes m_1, m_2, …, each with the expression that was written, which is read where
//! its indices have values. What comes after sees plain names.
//!
//! `key` reads `"m[a]"`, `sizes` how far indices run, `write` writes the sections out, `data` reads the columns of files.

mod data;
mod key;
mod sizes;
mod write;

use std::path::Path;
use std::sync::Arc;

pub use key::Key;

use super::schema::File;
use crate::diagnostic::Source;
use crate::language::{EquationError, Indices};
use crate::value::Value;

/// A file whose indices have been written out.
#[derive(Debug)]
pub struct WrittenOut {
    /// The file.
    pub file: File,
    /// Its indices, with none of them at a value.
    pub indices: Arc<Indices>,
    /// The parameters that say how far indices run, with the value that each has.
    pub counts: Vec<(String, Value)>,
    /// The files that its columns were read from.
    pub data: Vec<Arc<Source>>,
}

/// Writes the indices of a file out, as far as its parameters say that they run.
///
/// # Errors
/// Names with indices that the file does not declare, sizes that are no whole numbers, lists of another length, files that cannot be read.
pub fn write_out(
    mut file: File,
    source: &Arc<Source>,
    folder: Option<&Path>,
    given: &[(String, Value)],
) -> Result<WrittenOut, EquationError> {
    let mut data = Vec::new();
    data::read_variables(&mut file, source, folder, &mut data)?;
    let sizes = sizes::sizes(&file, source, given)?;
    let families = sizes::families(&file, source, &sizes)?;
    let counts = sizes.counts.iter().map(|(name, value)| (name.clone(), Value::Number(*value))).collect();
    let indices = Arc::new(Indices::new(sizes.sizes, families, sizes.counts.into_iter().collect()));
    let file = write::Writer { source, folder, indices: &indices }.file(file, &mut data)?;
    Ok(WrittenOut { file, indices, counts, data })
}
