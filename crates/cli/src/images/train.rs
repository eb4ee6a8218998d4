//! `overlaps images train DATA`.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueHint};

use super::data::{Data, Noise, Way, check_network, in_words, memory};
use crate::FINE;
use crate::cells::with_progress;
use crate::simulation::stopped;
use overlaps_images::Images;
use overlaps_images::model::Training;
use overlaps_images::times::Times;

/// The size of a U-Net, and how long it is trained.
#[derive(Debug, Args)]
pub struct Size {
    /// How often it sees every image.
    #[arg(long, value_name = "COUNT", default_value_t = 9, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    epochs: u64,
    /// Images of a step.
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// The largest rate of AdamW, after a warm-up of 500 steps, or a quarter of them; it falls to 0 along a cosine.
    #[arg(long, value_name = "RATE", default_value_t = 1e-3)]
    rate: f64,
    /// Make images with an average over time of the parameters: a step keeps this share of it, less at the start; for
    /// example 0.999, which averages over the last thousand steps [default: those of the last step].
    #[arg(long, value_name = "DECAY")]
    average: Option<f64>,
    /// Channels, a multiple of 8.
    #[arg(long, value_name = "COUNT", default_value_t = 32)]
    channels: usize,
    /// Resolutions, each of half the sides of the one before.
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    levels: usize,
    /// Let pixels attend to each other where the sides are smallest: a layer of self-attention, as in DDPM.
    #[arg(long)]
    attention: bool,
}

impl Size {
    /// A training with these options.
    pub fn training(&self, noise: &Noise, times: Times, seed: u64) -> anyhow::Result<Training> {
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            anyhow::bail!("--rate {} is not possible; use a number above 0, up to 1", self.rate);
        }
        if let Some(decay) = self.average.filter(|decay| !(*decay > 0.0 && *decay < 1.0)) {
            anyhow::bail!(
                "--average {decay} is not possible; use a number above 0 and below 1, for example 0.999"
            );
        }
        Ok(Training {
            path: noise.interpolant,
            times,
            epochs: self.epochs,
            batch: self.batch as usize,
            rate: self.rate,
            average: self.average,
            channels: self.channels,
            levels: self.levels,
            attention: self.attention,
            seed,
        })
    }
}

/// Says what is about to be trained: images, parameters, memory, time.
pub fn announce(training: &Training, images: &Images, times: u64) -> anyhow::Result<()> {
    let steps = training.pace(images).steps;
    let start = Instant::now();
    training.trial(images)?;
    let seconds = start.elapsed().as_secs_f64() * (steps * times) as f64;
    eprintln!(
        "note: {}; {} parameters, {steps} steps, {}, about {}",
        in_words(images),
        training.network(images.shape)?.count(),
        memory(training.memory(images)?),
        match seconds {
            s if s < 90.0 => format!("{s:.0} s"),
            s if s < 5400.0 => format!("{:.0} minutes", s / 60.0),
            s => format!("{:.1} hours", s / 3600.0),
        }
    );
    Ok(())
}

/// Train a U-Net on images.
///
/// It learns the noise (the velocity, for the other interpolants) at training times that are uniform, or those of a schedule
/// that `overlaps schedule` has made. The same seed gives the same bytes on any number of threads; what is interrupted goes on with
/// the same command, from a checkpoint beside the model.
#[derive(Debug, Args)]
pub struct Train {
    #[command(flatten)]
    data: Data,
    /// The model.
    #[arg(long, value_name = "MODEL.unet", value_hint = ValueHint::FilePath, required = true)]
    output: PathBuf,
    /// Training times: uniform, or the quantiles of `overlaps schedule --output FILE.csv`.
    #[arg(long, value_name = "uniform|FILE.csv", default_value = "uniform", value_hint = ValueHint::FilePath)]
    times: PathBuf,
    #[command(flatten)]
    size: Size,
    #[command(flatten)]
    noise: Noise,
    #[command(flatten)]
    way: Way,
}

impl Train {
    /// Trains and writes.
    pub fn run(&self) -> anyhow::Result<u8> {
        check_network(&self.output)?;
        let times = match self.times.as_os_str() == "uniform" {
            true => Times::Uniform,
            false => Times::load(&self.times)?,
        };
        let images = self.data.load()?;
        let training = self.size.training(&self.noise, times, self.way.seed)?;
        let steps = training.pace(&images).steps;
        training.network(images.shape)?;
        if !self.way.quiet {
            announce(&training, &images, 1)?;
        }
        let model = with_progress(steps, self.way.quiet, |running| {
            training.train(&images, Some(&self.output), running)
        })?;
        let model = model.ok_or_else(|| {
            stopped(Some("What is learnt is kept beside the model; the same command goes on".into()))
        })?;
        model.save(&self.output)?;
        Training::forget(&self.output);
        if !self.way.quiet {
            eprintln!("note: mean loss of the last tenth of the steps {:.5}", model.loss());
            eprintln!("note: wrote {}", self.output.display());
        }
        Ok(FINE)
    }
}
