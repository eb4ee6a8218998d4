//! Networks on disk, so that an interrupted training continues where it stopped and ends with the same bytes.
//!
//! A file is one line of JSON that says what the network is and how far it is, then u, w and the averages of the optimiser
//! as little-endian f32.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::adam::{Moments, Scalar};
use super::batch::Batch;
use super::network::Network;
use crate::mixture::simulate::SimulationError;
use overlaps::output::write_atomically;

/// The first line of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Header {
    /// Everything that decides about the network except the number of epochs done.
    run: String,
    epoch: u64,
    /// Coordinates with padding.
    size: usize,
    /// Bits of value, mean and square of b and c, so that nothing is rounded.
    b: [u64; 3],
    c: [u64; 3],
}

/// Where a network is kept, and what it must be.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The file.
    pub path: PathBuf,
    run: String,
}

impl Checkpoint {
    /// A file in a folder; `name` is its stem, `run` says what the network is.
    pub fn new(folder: &Path, name: &str, run: String) -> Checkpoint {
        Checkpoint { path: folder.join(name).with_extension("checkpoint"), run }
    }

    fn error(&self, reason: impl Into<String>) -> SimulationError {
        SimulationError::Checkpoint { path: self.path.clone(), reason: reason.into() }
    }

    /// Writes the state of a network; the file is there whole or not at all.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, network: &Network) -> Result<(), SimulationError> {
        let bits = |s: &Scalar| [s.value, s.mean, s.square].map(f64::to_bits);
        let header = Header {
            run: self.run.clone(),
            epoch: network.epoch,
            size: network.u.len(),
            b: bits(&network.b),
            c: bits(&network.c),
        };
        let line = serde_json::to_string(&header).map_err(|e| self.error(e.to_string()))?;
        let vectors = [
            &network.u,
            &network.w,
            &network.u_moments.mean,
            &network.u_moments.square,
            &network.w_moments.mean,
            &network.w_moments.square,
        ];
        write_atomically(&self.path, |sink| {
            writeln!(sink, "{line}")?;
            for vector in vectors {
                let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
                sink.write_all(&bytes)?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Reads a network; none where there is no file.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or belongs to another run.
    pub fn load(&self, batch: &Batch) -> Result<Option<Network>, SimulationError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.error(format!("{e}; choose another folder with --checkpoints"))),
        };
        let damaged = || self.error("it is damaged; remove it to train this network from the start");
        let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(damaged)?;
        let header: Header = serde_json::from_slice(&bytes[..end]).map_err(|_| damaged())?;
        if header.run != self.run {
            return Err(self.error(format!(
                "it belongs to another run ({}); choose another folder with --checkpoints, or remove it",
                header.run
            )));
        }
        let body = &bytes[end + 1..];
        let size = batch.rows.blocks * super::rows::BLOCK;
        if header.size != size || body.len() != 6 * 4 * size {
            return Err(damaged());
        }
        let mut vectors = body.chunks_exact(4 * size).map(|part| -> Vec<f32> {
            let (numbers, _) = part.as_chunks::<4>();
            numbers.iter().map(|x| f32::from_le_bytes(*x)).collect()
        });
        let mut next = || vectors.next().ok_or_else(damaged);
        let (u, w) = (next()?, next()?);
        let moments =
            [Moments { mean: next()?, square: next()? }, Moments { mean: next()?, square: next()? }];
        let scalar = |bits: [u64; 3]| {
            let [value, mean, square] = bits.map(f64::from_bits);
            Scalar { value, mean, square }
        };
        Ok(Some(Network::resume(batch, u, w, [scalar(header.b), scalar(header.c)], moments, header.epoch)))
    }
}
