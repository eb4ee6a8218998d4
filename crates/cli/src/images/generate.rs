//! `overlaps images generate MODEL`.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueHint};

use super::data::{Steps, Way};
use crate::FINE;
use crate::cells::with_progress;
use crate::simulation::stopped;
use overlaps::output::check_writable;
use overlaps_images::exact::Denoiser;
use overlaps_images::model::Model;
use overlaps_images::sample::{BLOCK, generate};
use overlaps_images::{Images, write_npy, write_sheet};

/// The most images in a row and in all on a sheet.
const ROW: usize = 16;
const SHEET: usize = 256;

/// Make images with a model.
///
/// They go to an array of NumPy (--output), which `overlaps images classify` counts; the first 256 of them to a sheet (--sheet).
#[derive(Debug, Args)]
pub struct Generate {
    /// A model that `train` has written.
    #[arg(value_name = "MODEL.unet", value_hint = ValueHint::FilePath)]
    model: PathBuf,
    /// Images.
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    samples: u32,
    /// Write them to this array.
    #[arg(long, value_name = "FILE.npy", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Write the first of them side by side to this picture.
    #[arg(long, value_name = "FILE.png", value_hint = ValueHint::FilePath)]
    sheet: Option<PathBuf>,
    #[command(flatten)]
    steps: Steps,
    #[command(flatten)]
    way: Way,
}

impl Generate {
    /// Generates and writes.
    pub fn run(&self) -> anyhow::Result<u8> {
        if self.output.is_none() && self.sheet.is_none() {
            bail!("name where images go: --output FILE.npy, --sheet FILE.png or both");
        }
        for (option, file, extension) in [("output", &self.output, "npy"), ("sheet", &self.sheet, "png")] {
            let Some(file) = file else { continue };
            if !file.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension)) {
                bail!("--{option} {}: it is written as .{extension}; name it so", file.display());
            }
            check_writable(file)?;
        }
        let model = Model::load(&self.model)?;
        let steps = self.steps.with(model.path())?;
        let count = self.samples as usize;
        let pixels = with_progress(count.div_ceil(BLOCK) as u64, self.way.quiet, |running| {
            generate(&model, steps, (count, self.way.seed), running)
        });
        let pixels = pixels.ok_or_else(|| stopped(None))?;
        let images = Images { shape: model.shape(), pixels, labels: Vec::new(), classes: Vec::new() };
        if let Some(file) = &self.output {
            write_npy(file, &images)?;
        }
        if let Some(file) = &self.sheet {
            let first: Vec<usize> = (0..count.min(SHEET)).collect();
            write_sheet(file, &images.at(&first), ROW)?;
        }
        if !self.way.quiet {
            let written: Vec<String> =
                self.output.iter().chain(&self.sheet).map(|file| file.display().to_string()).collect();
            eprintln!("note: wrote {}", written.join(", "));
        }
        Ok(FINE)
    }
}
