//! All journals of a study: which cells are finished, and the table that they make together.
//!
//! They stand in one folder beside the CSV, `NAME.sweep` beside `NAME.csv`, one for each part into which the study was cut.
//! A cell is known by its parameters, whatever the part in which it was computed, so that a study may be cut again, and
//! extended by more values.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::journal::{self, Journal, JournalError, Place, Reader};
use super::record::{Counts, Key};
use crate::output::{OutputError, write_atomically};

/// The file that says what is in the folder.
const STUDY: &str = "study.json";
/// The file that says into how many tasks the study is cut.
const TASKS: &str = "tasks";
/// Characters of a value that are shown in a message.
const LONGEST_VALUE: usize = 120;
/// Differences between studies that are named.
const NAMED: usize = 6;

/// One part of a study that is cut into several: every so-manieth cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which part, from 0.
    pub index: usize,
    /// Into how many parts the study is cut.
    pub count: usize,
}

impl Part {
    /// The study in one piece.
    pub const WHOLE: Part = Part { index: 0, count: 1 };

    /// Whether a cell belongs to it.
    pub fn has(self, cell: usize) -> bool {
        cell % self.count == self.index
    }
}

impl FromStr for Part {
    type Err = String;
    fn from_str(text: &str) -> Result<Part, String> {
        let (index, count) = text.split_once('/').ok_or("expected I/N, part I of N, such as 0/7")?;
        let number =
            |text: &str| text.parse::<usize>().map_err(|_| format!("`{text}` is not a number of parts"));
        let part = Part { index: number(index)?, count: number(count)? };
        match part.index < part.count && part.count <= 1_000_000 {
            true => Ok(part),
            false => {
                Err(format!("the parts of N are 0/N to N−1/N, with N up to 1000000; {text} is none of them"))
            }
        }
    }
}

/// What can be wrong with the cells of a study on disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file that cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The folder.
    #[error("{action} the folder '{}' failed ({reason})", .folder.display())]
    Folder {
        /// Making or reading.
        action: &'static str,
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// The cells are those of something else.
    #[error(
        "'{}' holds cells of another study, which cannot be used for this one ({}); remove the folder, or name another output",
        .folder.display(), .differences.join("; ")
    )]
    Different {
        /// The folder.
        folder: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// The study has other cells than before.
    #[error(
        "the study has changed since the cells in '{}' were computed ({}); --extend keeps those that it still has and computes the others",
        .folder.display(), .differences.join("; ")
    )]
    Changed {
        /// The folder.
        folder: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// Two results for the same cell.
    #[error(
        "the same cell has two different results, in '{}' and in '{}'; was one of them made on another kind of machine? Remove one of the two files, and run the study again",
        .first.display(), .second.display()
    )]
    Conflict {
        /// A journal.
        first: PathBuf,
        /// Another, or the same.
        second: PathBuf,
    },
}

/// The folder with the cells of a study.
#[derive(Debug, Clone)]
pub struct Store {
    /// The folder.
    pub folder: PathBuf,
    /// What all cells have in common.
    common: Value,
    /// By what the journals know it.
    mark: Value,
}

impl Store {
    /// The folder of the study with this CSV; `common` is what decides about the rows of a cell beside its parameters.
    pub fn new(csv: &Path, common: Value) -> Store {
        // Journals carry a digest: the whole text stands in the folder once.
        let digest = Sha256::digest(common.to_string().as_bytes());
        let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Store { folder: csv.with_extension("sweep"), common, mark: json!(digest) }
    }

    /// Makes the folder, or makes sure that what is in it belongs to this study; `cells` says which cells the study has.
    ///
    /// # Errors
    /// Cells of another study; the same study with other cells, unless it is to be extended; a folder that cannot be
    /// written.
    pub fn prepare(&self, cells: &Value, extend: bool) -> Result<(), StoreError> {
        let failed = |reason| StoreError::Folder { action: "making", folder: self.folder.clone(), reason };
        let path = self.folder.join(STUDY);
        let study = json!({ "common": self.common, "cells": cells });
        let known = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.folder).map_err(failed)?;
                Value::Null
            }
            Err(error) => return Err(failed(error)),
        };
        if let Some(common) = known.get("common").filter(|common| **common != self.common) {
            return Err(self.different(common));
        }
        if known == study {
            return Ok(());
        }
        if let Some(before) = known.get("cells")
            && !extend
        {
            let differences = differences(before, cells);
            return Err(StoreError::Changed { folder: self.folder.clone(), differences });
        }
        Ok(write_atomically(&path, |sink| writeln!(sink, "{study:#}"))?)
    }

    fn different(&self, common: &Value) -> StoreError {
        StoreError::Different { folder: self.folder.clone(), differences: differences(common, &self.common) }
    }

    fn path(&self, part: Part) -> PathBuf {
        self.folder.join(format!("part-{}-of-{}.journal", part.index, part.count))
    }

    /// The journal of a part.
    ///
    /// # Errors
    /// Those of [`Journal::open`].
    pub fn journal(&self, part: Part) -> Result<Journal, StoreError> {
        let (journal, _) = Journal::open(&self.path(part), &self.mark)?;
        Ok(journal)
    }

    /// Whether another process has the journal of a part.
    pub fn is_busy(&self, part: Part) -> bool {
        let file = fs::File::open(self.path(part));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }

    /// The script of the job array.
    pub fn script(&self) -> PathBuf {
        self.folder.join("array.sh")
    }

    /// Notes into how many tasks the job array is cut.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn cut(&self, tasks: usize) -> Result<(), StoreError> {
        Ok(write_atomically(self.folder.join(TASKS), |sink| writeln!(sink, "{tasks}"))?)
    }

    /// Into how many tasks the job array was cut last, if there was one.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn tasks(&self) -> Result<Option<usize>, StoreError> {
        match fs::read_to_string(self.folder.join(TASKS)) {
            Ok(text) => Ok(text.trim().parse().ok().filter(|tasks| *tasks > 0)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(reason) => Err(StoreError::Folder { action: "reading", folder: self.folder.clone(), reason }),
        }
    }

    /// All finished cells.
    ///
    /// # Errors
    /// Journals that cannot be read or belong to another study; two different results for the same cell.
    pub fn finished(&self) -> Result<Finished, StoreError> {
        self.finished_of(|_| true)
    }

    /// The finished ones of some cells.
    ///
    /// # Errors
    /// Those of [`Store::finished`].
    pub fn finished_of(&self, wanted: impl Fn(Key) -> bool) -> Result<Finished, StoreError> {
        let failed = |reason| StoreError::Folder { action: "reading", folder: self.folder.clone(), reason };
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|e| e == "journal") {
                paths.push(path);
            }
        }
        paths.sort();
        let mut finished = Finished::default();
        for path in paths {
            let contents = journal::read(&path, &self.mark)?;
            let journal = finished.journals.len() as u32;
            finished.damaged += contents.damaged;
            finished.journals.push((path.clone(), Reader::open(&path)?));
            for (key, place) in contents.records.into_iter().filter(|(key, _)| wanted(*key)) {
                match finished.places.entry(key) {
                    Entry::Vacant(entry) => {
                        entry.insert((journal, place));
                    }
                    Entry::Occupied(entry) if entry.get().1.digest == place.digest => finished.doubles += 1,
                    Entry::Occupied(entry) => {
                        let first = finished.journals[entry.get().0 as usize].0.clone();
                        return Err(StoreError::Conflict { first, second: path });
                    }
                }
            }
        }
        Ok(finished)
    }
}

/// The finished cells of a study.
#[derive(Debug, Default)]
pub struct Finished {
    journals: Vec<(PathBuf, Reader)>,
    places: HashMap<Key, (u32, Place)>,
    /// Cells that were computed twice, with the same result.
    pub doubles: usize,
    /// Pieces of journals that were left by a kill, or damaged.
    pub damaged: usize,
}

impl Finished {
    /// Whether a cell is finished.
    pub fn has(&self, key: Key) -> bool {
        self.places.contains_key(&key)
    }

    /// Writes the rows of cells, in this order; cells that are not finished are passed over.
    ///
    /// # Errors
    /// Journals that cannot be read, a sink that cannot be written.
    pub fn write(
        &self,
        keys: impl Iterator<Item = Key>,
        sink: &mut impl Write,
        failed: impl Fn(io::Error) -> StoreError,
    ) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        for (journal, place) in keys.filter_map(|key| self.places.get(&key)) {
            let record = self.journals[*journal as usize].1.record(*place)?;
            counts += record.counts;
            sink.write_all(&record.rows).map_err(&failed)?;
        }
        Ok(counts)
    }
}

/// How two descriptions differ, in words.
fn differences(before: &Value, now: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(before, now, "", &mut found);
    if found.len() > NAMED {
        let more = found.len() - NAMED;
        found.truncate(NAMED);
        found.push(format!("and {more} more"));
    }
    found
}

fn collect(before: &Value, now: &Value, name: &str, found: &mut Vec<String>) {
    let text = |value: Option<&Value>| {
        let text = match value {
            None | Some(Value::Null) => "nothing".to_string(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        match text.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    };
    match (before, now) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            for key in keys {
                match (a.get(key), b.get(key)) {
                    (Some(before), Some(now)) => collect(before, now, key, found),
                    (before, now) => found.push(format!("{key} was {}, is {}", text(before), text(now))),
                }
            }
        }
        (before, now) if before != now => {
            found.push(format!("{name} was {}, is {}", text(Some(before)), text(Some(now))));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Record;
    use super::*;
    use crate::output::Cell;

    fn record(n: u64, text: &str) -> Record {
        let key = Key::of(&[("n".into(), Cell::Integer(n))]);
        Record {
            key,
            counts: Counts { rows: 1, ..Counts::default() },
            rows: format!("{text}\n").into_bytes(),
        }
    }

    fn table(store: &Store, cells: u64) -> String {
        let keys = (0..cells).map(|n| record(n, "").key);
        let mut bytes = Vec::new();
        let finished = store.finished().unwrap();
        finished.write(keys, &mut bytes, |_| unreachable!()).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn parts_share_the_cells_and_the_table_does_not_depend_on_them() {
        let folder = tempfile::tempdir().unwrap();
        let tables: Vec<String> = [1, 3, 7]
            .map(|count| {
                let store = Store::new(&folder.path().join(format!("{count}.csv")), json!(1));
                store.prepare(&json!({}), false).unwrap();
                for index in (0..count).rev() {
                    let part = Part { index, count };
                    let cells: Vec<Record> = (0..20)
                        .rev()
                        .filter(|n| part.has(*n))
                        .map(|n| record(n as u64, &n.to_string()))
                        .collect();
                    store.journal(part).unwrap().add(&cells).unwrap();
                }
                table(&store, 20)
            })
            .into();
        assert_eq!(tables[0], (0..20).map(|n| format!("{n}\n")).collect::<String>());
        assert!(tables.iter().all(|t| *t == tables[0]));
    }

    #[test]
    fn a_cell_computed_twice_counts_once_and_two_results_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(&folder.path().join("a.csv"), json!(1));
        store.prepare(&json!({}), false).unwrap();
        let part = |index| Part { index, count: 2 };
        store.journal(part(0)).unwrap().add(&[record(1, "a"), record(2, "b")]).unwrap();
        store.journal(part(1)).unwrap().add(&[record(2, "b"), record(3, "c")]).unwrap();
        assert_eq!(store.finished().unwrap().doubles, 1);
        assert_eq!(table(&store, 4), "a\nb\nc\n");
        store.journal(part(1)).unwrap().add(&[record(1, "another")]).unwrap();
        let error = store.finished().unwrap_err().to_string();
        assert!(error.contains("part-0-of-2") && error.contains("part-1-of-2"), "{error}");
    }

    #[test]
    fn another_study_is_refused_and_a_longer_one_extends() {
        let folder = tempfile::tempdir().unwrap();
        let store = |common: Value| Store::new(&folder.path().join("a.csv"), common);
        let first = store(json!({ "system": "sk" }));
        first.prepare(&json!({ "T": "0:1:3" }), false).unwrap();
        first.prepare(&json!({ "T": "0:1:3" }), false).unwrap();
        let error = first.prepare(&json!({ "T": "0:1:5" }), false).unwrap_err().to_string();
        assert!(error.contains("T was 0:1:3, is 0:1:5") && error.contains("--extend"), "{error}");
        let other = store(json!({ "system": "hopfield" }));
        let error = other.prepare(&json!({ "T": "0:1:3" }), true).unwrap_err().to_string();
        assert!(error.contains("system was sk, is hopfield"), "{error}");
        first.prepare(&json!({ "T": "0:1:5" }), true).unwrap();
        first.prepare(&json!({ "T": "0:1:5" }), false).unwrap();
    }

    #[test]
    fn parts_are_written_as_fractions() {
        assert_eq!("3/7".parse(), Ok(Part { index: 3, count: 7 }));
        for text in ["7/7", "1", "a/2", "-1/3", "0/0", "0/99999999"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }
}
