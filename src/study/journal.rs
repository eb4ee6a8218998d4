//! Finished cells on disk: a journal, to which every cell is added as one record when it is done.
//!
//! A journal is a text file. Its first line says what the cells have in common; then each record is one line and the rows
//! of the cell as they will stand in the CSV:
//!
//! ```text
//! cell KEY ROWS NOT_CONVERGED DISAGREEING BYTES DIGEST
//! ```
//!
//! KEY is a digest of the parameters of the cell, DIGEST one of all the rest of the record. A record counts once it has
//! been written and flushed to the disk. What a kill leaves of a record does not match its digest: it is noticed, and the
//! cell computed again.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

pub use super::record::{Counts, Key, Record};

/// No first line is longer, nor any line that begins a record.
const LONGEST_LINE: u64 = 1 << 20;

/// Where a record stands in its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub length: u32,
    /// The digest, by which two records of the same cell are compared.
    pub digest: u64,
}

/// What a journal holds.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Whole records, in the order of the file.
    pub records: Vec<(Key, Place)>,
    /// Pieces that are no whole records.
    pub damaged: usize,
    /// Where the last whole record, or the first line, ends.
    end: u64,
}

/// What can be wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Reading or writing failed.
    #[error("{action} '{}' failed ({reason})", .path.display())]
    Io {
        /// Reading or writing.
        action: &'static str,
        /// The journal.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A file of something else.
    #[error("'{}' holds no cells of a sweep; remove it, or name another output", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Cells of another study.
    #[error("'{}' holds cells of another study; remove it, or name another output", .path.display())]
    Other {
        /// The journal.
        path: PathBuf,
    },
    /// Another process adds to the journal.
    #[error("another process is computing these cells (it holds '{}'); wait for it, or stop it", .path.display())]
    Busy {
        /// The journal.
        path: PathBuf,
    },
    /// A record that has changed since it was read.
    #[error("'{}' was changed while it was read", .path.display())]
    Changed {
        /// The journal.
        path: PathBuf,
    },
}

fn io_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> JournalError {
    move |reason| JournalError::Io { action, path: path.to_owned(), reason }
}

/// The first line of a journal.
fn first_line(common: &Value) -> String {
    json!({ "journal": "cells of a sweep", "common": common }).to_string() + "\n"
}

/// Reads a journal of cells that have this in common; a journal whose first line was never finished is empty.
///
/// # Errors
/// A file that cannot be read, is no journal, or one of other cells.
pub fn read(path: &Path, common: &Value) -> Result<Contents, JournalError> {
    let failed = io_error("reading", path);
    let file = File::open(path).map_err(&failed)?;
    contents(path, &file, common)
}

fn contents(path: &Path, file: &File, common: &Value) -> Result<Contents, JournalError> {
    let failed = io_error("reading", path);
    let length = file.metadata().map_err(&failed)?.len();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    reader.seek(SeekFrom::Start(0)).map_err(&failed)?;
    let line = next_line(&mut reader).map_err(&failed)?;
    let expected = first_line(common);
    if line != expected.as_bytes() {
        if line.len() as u64 == length && expected.as_bytes().starts_with(&line) {
            return Ok(Contents::default());
        }
        let foreign = || JournalError::Foreign { path: path.to_owned() };
        let found: Value = serde_json::from_slice(&line).map_err(|_| foreign())?;
        return Err(match found.get("journal") {
            Some(_) => JournalError::Other { path: path.to_owned() },
            None => foreign(),
        });
    }
    let mut contents = Contents { end: line.len() as u64, ..Contents::default() };
    let mut at = contents.end;
    let mut in_order = true;
    while at < length {
        let line = next_line(&mut reader).map_err(&failed)?;
        if line.is_empty() {
            break;
        }
        match whole(&mut reader, &line, length - at).map_err(&failed)? {
            Some((key, digest, bytes)) => {
                let size = line.len() as u64 + bytes;
                if let Ok(length) = u32::try_from(size) {
                    contents.records.push((key, Place { offset: at, length, digest }));
                }
                at += size;
                contents.end = at;
                in_order = true;
            }
            None => {
                contents.damaged += usize::from(in_order);
                in_order = false;
                at += match skipped(&mut reader, &line, at, length).map_err(&failed)? {
                    Some(size) => size,
                    // Look for the next record behind the line that does not begin one.
                    None => line.len() as u64,
                };
                reader.seek(SeekFrom::Start(at)).map_err(&failed)?;
            }
        }
    }
    Ok(contents)
}

/// A line with its end, or what there is of it.
fn next_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// The size of a record whose rows are damaged, where the next record, or the end, stands behind so many bytes.
fn skipped(reader: &mut (impl BufRead + Seek), line: &[u8], at: u64, length: u64) -> io::Result<Option<u64>> {
    let Some((_, bytes, _)) = Record::begin(line) else { return Ok(None) };
    let size = (line.len() as u64).saturating_add(bytes as u64);
    let end = at.saturating_add(size);
    if end >= length {
        return Ok((end == length).then_some(size));
    }
    reader.seek(SeekFrom::Start(end))?;
    let next = next_line(reader)?;
    Ok(Record::begin(&next).is_some().then_some(size))
}

/// Reads the rows behind a line; nothing if they are not the rows of that line.
fn whole(reader: &mut impl Read, line: &[u8], left: u64) -> io::Result<Option<(Key, u64, u64)>> {
    let Some((mut record, bytes, digest)) = Record::begin(line) else { return Ok(None) };
    if bytes as u64 > left {
        return Ok(None);
    }
    record.rows = vec![0; bytes];
    match reader.read_exact(&mut record.rows) {
        Ok(()) => Ok((record.digest() == digest).then_some((record.key, digest, bytes as u64))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// A journal whose records are read one by one.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
}

impl Reader {
    /// Opens a journal.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn open(path: &Path) -> Result<Reader, JournalError> {
        let file = File::open(path).map_err(io_error("reading", path))?;
        Ok(Reader { path: path.to_owned(), file })
    }

    /// The record at a place.
    ///
    /// # Errors
    /// A file that cannot be read, or has changed.
    pub fn record(&self, place: Place) -> Result<Record, JournalError> {
        let mut bytes = vec![0; place.length as usize];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(io_error("reading", &self.path))?;
        let changed = || JournalError::Changed { path: self.path.clone() };
        let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(changed)?;
        let (mut record, ..) = Record::begin(&bytes[..=end]).ok_or_else(changed)?;
        record.rows = bytes.split_off(end + 1);
        if record.digest() != place.digest {
            return Err(changed());
        }
        Ok(record)
    }
}

/// A journal to which records are added; no other process can have it at the same time.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    end: u64,
}

impl Journal {
    /// Opens a journal, or makes a new one, and gives what it holds. What a kill left at its end is removed.
    ///
    /// # Errors
    /// A file that cannot be read or written, is no journal, one of other cells, or one that another process has.
    pub fn open(path: &Path, common: &Value) -> Result<(Journal, Contents), JournalError> {
        let failed = io_error("writing", path);
        // To the end, wherever that is: on a file system without locks another process may add to it too.
        let file = OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = file.map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(JournalError::Busy { path: path.to_owned() });
            }
            // A file system without locks.
            Err(std::fs::TryLockError::Error(_)) => {}
        }
        let contents = contents(path, &file, common)?;
        file.set_len(contents.end).map_err(&failed)?;
        let mut end = contents.end;
        if end == 0 {
            let line = first_line(common);
            file.rewind().and_then(|()| file.write_all(line.as_bytes())).map_err(&failed)?;
            file.sync_all().and_then(|()| sync_folder(path)).map_err(&failed)?;
            end = line.len() as u64;
        }
        file.seek(SeekFrom::Start(end)).map_err(&failed)?;
        Ok((Journal { path: path.to_owned(), file, end }, contents))
    }

    /// Adds records; when this returns they are on the disk.
    ///
    /// # Errors
    /// A disk that is full, or cannot be written; the journal is then as it was before.
    pub fn add(&mut self, records: &[Record]) -> Result<Vec<(Key, Place)>, JournalError> {
        let mut bytes = Vec::new();
        let mut places = Vec::with_capacity(records.len());
        for record in records {
            let line = record.line();
            let offset = self.end + bytes.len() as u64;
            let length = u32::try_from(line.len() + record.rows.len()).map_err(|_| {
                io_error("writing", &self.path)(io::Error::other("a cell has more than 4 GB of rows"))
            })?;
            places.push((record.key, Place { offset, length, digest: record.digest() }));
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(&record.rows);
        }
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        if let Err(reason) = written {
            // A part of a record would be noticed at the next start; it is better not to leave one.
            let _ = self.file.set_len(self.end).and_then(|()| self.file.seek(SeekFrom::Start(self.end)));
            return Err(io_error("writing", &self.path)(reason));
        }
        self.end += bytes.len() as u64;
        Ok(places)
    }
}

/// Makes sure that a new file is found again after a crash.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Cell;

    fn record(n: u64) -> Record {
        let key = Key::of(&[("n".into(), Cell::Integer(n))]);
        let rows = format!("{n},{}\n", "x".repeat(n as usize % 7)).into_bytes();
        Record { key, counts: Counts { rows: 1, not_converged: n % 2, disagreeing: 0 }, rows }
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn numbers(path: &Path, contents: &Contents) -> Vec<Record> {
        let reader = Reader::open(path).unwrap();
        contents.records.iter().map(|(_, place)| reader.record(*place).unwrap()).collect()
    }

    #[test]
    fn a_key_does_not_depend_on_the_order_of_the_parameters() {
        let [n, p] = [("n".to_string(), Cell::Number(8.0)), ("p".to_string(), Cell::Number(0.8))];
        assert_eq!(Key::of(&[n.clone(), p.clone()]), Key::of(&[p.clone(), n.clone()]));
        assert_ne!(Key::of(&[n.clone(), p]), Key::of(&[n]));
    }

    #[test]
    fn what_was_added_is_read_back() {
        let folder = folder();
        let path = folder.path().join("a.journal");
        let common = json!({ "command": "solve" });
        let all: Vec<Record> = (0..50).map(record).collect();
        let (mut journal, contents) = Journal::open(&path, &common).unwrap();
        assert!(contents.records.is_empty());
        let mut places = journal.add(&all[..20]).unwrap();
        drop(journal);
        let (mut journal, contents) = Journal::open(&path, &common).unwrap();
        assert_eq!(contents.records, places);
        places.extend(journal.add(&all[20..]).unwrap());
        let contents = read(&path, &common).unwrap();
        assert_eq!((contents.records.as_slice(), contents.damaged), (places.as_slice(), 0));
        assert_eq!(numbers(&path, &contents), all);
    }

    /// Cut at every byte, the journal holds the records before the cut, and goes on from there to the same bytes.
    #[test]
    fn a_journal_cut_anywhere_holds_what_was_whole_and_goes_on() {
        let folder = folder();
        let (path, cut) = (folder.path().join("a.journal"), folder.path().join("b.journal"));
        let common = json!({ "command": "solve" });
        let all: Vec<Record> = (0..6).map(record).collect();
        Journal::open(&path, &common).unwrap().0.add(&all).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(&cut, &bytes[..length]).unwrap();
            let (mut journal, contents) = Journal::open(&cut, &common).unwrap();
            let kept = contents.records.len();
            assert_eq!(numbers(&cut, &contents), all[..kept]);
            journal.add(&all[kept..]).unwrap();
            assert_eq!(std::fs::read(&cut).unwrap(), bytes, "cut at {length}");
        }
    }

    /// Any byte that is changed costs its record, and no other.
    #[test]
    fn a_damaged_record_is_noticed_and_the_others_are_kept() {
        let folder = folder();
        let path = folder.path().join("a.journal");
        let common = json!({ "command": "solve" });
        let all: Vec<Record> = (0..6).map(record).collect();
        let places = Journal::open(&path, &common).unwrap().0.add(&all).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for at in places[0].1.offset as usize..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x15;
            std::fs::write(&path, &damaged).unwrap();
            let contents = read(&path, &common).unwrap();
            assert_eq!(contents.damaged, 1, "byte {at}");
            let hit = places.iter().rposition(|(_, place)| place.offset as usize <= at).unwrap();
            let kept = all.iter().enumerate().filter(|(i, _)| *i != hit).map(|(_, r)| r.clone());
            assert_eq!(numbers(&path, &contents), kept.collect::<Vec<_>>(), "byte {at}");
        }
    }

    #[test]
    fn other_files_other_studies_and_a_second_process_are_refused() {
        let folder = folder();
        let path = folder.path().join("a.journal");
        std::fs::write(&path, "t,m\n0,1\n").unwrap();
        assert!(matches!(read(&path, &json!(1)), Err(JournalError::Foreign { .. })));
        assert!(matches!(Journal::open(&path, &json!(1)), Err(JournalError::Foreign { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "t,m\n0,1\n");
        std::fs::remove_file(&path).unwrap();
        let held = Journal::open(&path, &json!(1)).unwrap();
        assert!(matches!(read(&path, &json!(2)), Err(JournalError::Other { .. })));
        assert!(matches!(Journal::open(&path, &json!(1)), Err(JournalError::Busy { .. })));
        drop(held);
        assert!(Journal::open(&path, &json!(1)).is_ok());
    }
}
