//! The network itself, trained: d-dimensional u and w, Adam on the full batch, fresh noise at every epoch or fixed noise.
//!
//! `batch` is what a network sees, stored in `rows`; `noise` draws fresh noise in law; `epoch` makes a gradient of it, and
//! `network` a step of `adam`; `measure` gives the overlaps; `checkpoint` keeps networks on disk.

mod adam;
mod batch;
mod checkpoint;
mod epoch;
mod measure;
mod network;
mod noise;
mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;

pub use adam::{Decay, Training};
pub use batch::Batch;

use super::error::SimulationError;
use super::learnt::{Learnt, Weights};
use crate::mixture::Setting;
use crate::{Purpose, stream};
use checkpoint::Checkpoint;
use network::Network;

/// How often a network in training is put on disk.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// The noise of one epoch: a stream of its own, so that a resumed training draws the same numbers.
fn epoch_noise(setting: &Setting, seed: u64, t: f64, epoch: u64) -> ChaCha8Rng {
    let mut rng = stream(seed, setting.d, Purpose::Step, t.to_bits());
    rng.set_stream(epoch);
    rng
}

/// Trains one network at time t and measures it.
///
/// With a folder for checkpoints, training starts from what is there and leaves the trained network there. `stop` is
/// asked after every epoch; where it says so, the state is saved and nothing is returned. `progress` is told of every epoch.
///
/// # Errors
/// A checkpoint that cannot be read or written, or belongs to another run.
#[allow(clippy::too_many_arguments)]
pub fn train(
    setting: &Setting,
    batch: &Batch,
    training: &Training,
    seed: u64,
    t: f64,
    checkpoints: Option<&Path>,
    stop: &(dyn Fn() -> bool + Sync),
    progress: &(dyn Fn() + Sync),
) -> Result<Option<Learnt>, SimulationError> {
    let at = setting.path().at(t);
    let checkpoint = checkpoints.map(|folder| checkpoint(setting, &batch.labels, training, seed, t, folder));
    let saved = match &checkpoint {
        Some(checkpoint) => checkpoint.load(batch)?,
        None => None,
    };
    let done = saved.as_ref().map_or(0, |network| network.epoch);
    let mut network = saved.unwrap_or_else(|| Network::new(setting, batch, training, seed, t));
    (0..done).for_each(|_| progress());
    let mut last_saved = Instant::now();
    while network.epoch < training.epochs {
        if stop() {
            if let Some(checkpoint) = &checkpoint {
                checkpoint.save(&network)?;
            }
            return Ok(None);
        }
        let step = training.step(network.epoch);
        let mut rng = epoch_noise(setting, seed, t, network.epoch);
        network.epoch(setting, batch, at, &step, training.noise_per_epoch, &mut rng);
        progress();
        if let Some(checkpoint) = &checkpoint
            && last_saved.elapsed() >= SAVE_EVERY
        {
            checkpoint.save(&network)?;
            last_saved = Instant::now();
        }
    }
    if let Some(checkpoint) = checkpoint.filter(|_| done < training.epochs) {
        checkpoint.save(&network)?;
    }
    let measured = measure::measure(setting, batch, at, &network);
    let (b, c) = (network.b.value, network.c.value);
    let (mut u, mut w) = (network.u, network.w);
    u.truncate(batch.d);
    w.truncate(batch.d);
    Ok(Some(Learnt { measured, b, c, weights: Weights::Explicit { u, w } }))
}

/// Where a network is kept.
pub fn checkpoint(
    setting: &Setting,
    labels: &[f64],
    training: &Training,
    seed: u64,
    t: f64,
    folder: &Path,
) -> Checkpoint {
    let plus = labels.iter().filter(|s| **s > 0.0).count();
    let run = format!("{setting:?} n_plus: {plus} seed: {seed} t: {t} {training:?}");
    Checkpoint::new(folder, &file_name(setting, seed, t, &run), run)
}

/// A name that tells runs apart for the eye, with a hash (FNV-1a) of everything else.
fn file_name(setting: &Setting, seed: u64, t: f64, run: &str) -> String {
    let hash = run
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // Without a dot, which would end the stem.
    let t = t.to_string().replace('.', "p");
    format!("d{}-seed{seed}-t{t}-{hash:016x}", setting.d)
}
