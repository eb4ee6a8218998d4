//! A finished cell, as it is kept: its key, its counts and its rows.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::output::Cell;

/// Which cell: a digest of the values of its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u128);

impl Key {
    /// The key of a cell with these parameters, in any order.
    pub fn of(parameters: &[(String, Cell)]) -> Key {
        let mut words: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        words.sort_unstable();
        let digest = Sha256::digest(words.concat().as_bytes());
        Key(digest.iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte)))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Of how many rows a cell has, how many are in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows.
    pub rows: u64,
    /// Rows, or runs behind them, that did not converge.
    pub not_converged: u64,
    /// Verdicts that theory and simulation disagree.
    pub disagreeing: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.rows += other.rows;
        self.not_converged += other.not_converged;
        self.disagreeing += other.disagreeing;
    }
}

/// A finished cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which cell.
    pub key: Key,
    /// Its counts.
    pub counts: Counts,
    /// Its rows, as they stand in the CSV.
    pub rows: Vec<u8>,
}

impl Record {
    /// A digest of all of it.
    pub(super) fn digest(&self) -> u64 {
        let Counts { rows, not_converged, disagreeing } = self.counts;
        let mut hash = Sha256::new();
        hash.update(format!("{:032x} {rows} {not_converged} {disagreeing}\n", self.key.0).as_bytes());
        hash.update(&self.rows);
        hash.finalize().iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
    }

    /// The line that begins it.
    pub(super) fn line(&self) -> String {
        let Counts { rows, not_converged, disagreeing } = self.counts;
        let (bytes, digest) = (self.rows.len(), self.digest());
        format!("cell {:032x} {rows} {not_converged} {disagreeing} {bytes} {digest:016x}\n", self.key.0)
    }

    /// The record that a line begins, without its rows, how many bytes they have, and their digest.
    pub(super) fn begin(line: &[u8]) -> Option<(Record, usize, u64)> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let words: Vec<&str> = line.split(' ').collect();
        let ["cell", key, rows, not_converged, disagreeing, bytes, digest] = words.as_slice() else {
            return None;
        };
        let counts = Counts {
            rows: rows.parse().ok()?,
            not_converged: not_converged.parse().ok()?,
            disagreeing: disagreeing.parse().ok()?,
        };
        let key = Key(u128::from_str_radix(key, 16).ok()?);
        let digest = u64::from_str_radix(digest, 16).ok()?;
        Some((Record { key, counts, rows: Vec::new() }, bytes.parse().ok()?, digest))
    }
}
