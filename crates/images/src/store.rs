//! Networks on disk: a line of JSON that says what it is, then numbers of four bytes, little-endian.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{ImagesError, Result};
use crate::fit::{Kept, State};
use overlaps::output::write_atomically;

/// Writes a header and numbers; the file is there whole or not at all.
///
/// # Errors
/// A file that cannot be written.
pub fn save(path: &Path, header: &impl Serialize, parts: &[&[f32]]) -> Result<()> {
    let line = serde_json::to_string(header).map_err(|e| ImagesError::file(path, e.to_string()))?;
    Ok(write_atomically(path, |sink| {
        writeln!(sink, "{line}")?;
        for part in parts {
            let bytes: Vec<u8> = part.iter().flat_map(|x| x.to_le_bytes()).collect();
            sink.write_all(&bytes)?;
        }
        Ok(())
    })?)
}

/// Reads a header and numbers.
///
/// # Errors
/// A file that cannot be read, or is not `what`.
pub fn load<H: DeserializeOwned>(path: &Path, what: &str) -> Result<(H, Vec<f32>)> {
    let bytes = fs::read(path).map_err(ImagesError::read(path))?;
    let no = || ImagesError::file(path, format!("this is no {what}, or it is damaged"));
    let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(no)?;
    let header = serde_json::from_slice(&bytes[..end]).map_err(|_| no())?;
    let (numbers, rest) = bytes[end + 1..].as_chunks::<4>();
    match rest.is_empty() {
        true => Ok((header, numbers.iter().map(|x| f32::from_le_bytes(*x)).collect())),
        false => Err(no()),
    }
}

/// The header of a fit that is on its way.
#[derive(Serialize, Deserialize)]
struct OnItsWay {
    run: String,
    step: u64,
    /// Bits, so that nothing is rounded.
    loss: u64,
    losses: u64,
}

/// Keeps the state of a fit.
pub fn save_state(kept: &Kept, state: &State) -> Result<()> {
    let State { step, loss, parameters, mean, square, average } = state;
    let header = OnItsWay { run: kept.run.clone(), step: *step, loss: loss.0.to_bits(), losses: loss.1 };
    let average = average.as_deref().unwrap_or_default();
    save(&kept.path, &header, &[parameters, mean, square, average])
}

/// Reads the state of a fit; none where there is no file.
pub fn load_state(kept: &Kept, count: usize, averaged: bool) -> Result<Option<State>> {
    if !kept.path.exists() {
        return Ok(None);
    }
    let (header, numbers): (OnItsWay, Vec<f32>) =
        load(&kept.path, "checkpoint of a training (remove it to train from the start)")?;
    if header.run != kept.run {
        let what = "it is the checkpoint of another training; remove it, or name another --output";
        return Err(ImagesError::file(&kept.path, what));
    }
    if numbers.len() != (3 + usize::from(averaged)) * count {
        return Err(ImagesError::file(
            &kept.path,
            "this checkpoint is damaged; remove it to train from the start",
        ));
    }
    let part = |k: usize| numbers[k * count..(k + 1) * count].to_vec();
    let loss = (f64::from_bits(header.loss), header.losses);
    let average = averaged.then(|| part(3));
    Ok(Some(State { step: header.step, loss, parameters: part(0), mean: part(1), square: part(2), average }))
}
