//! Options that the commands share.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueHint};
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::arguments::named;
use overlaps_images::path::Path;
use overlaps_images::sample::Sampler;
use overlaps_images::{Images, Proportion};

/// Which images.
#[derive(Debug, Args)]
pub struct Data {
    /// Images: an IDX file (its labels beside it), a folder with a folder of PNGs for each class, or a .npy array
    /// (count × height × width, with × 3 for colour; bytes, or numbers in [-1, 1]).
    #[arg(value_name = "DATA", value_hint = ValueHint::AnyPath)]
    pub data: PathBuf,
    /// The class of every image, a number each (.npy or IDX) [default for an IDX file: the one beside it].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    labels: Option<PathBuf>,
    /// Only these classes, as many images as there can be in these proportions; for example 0=0.8,1=0.2.
    #[arg(long, value_name = "CLASS=SHARE,…")]
    proportion: Option<Proportion>,
    /// Means of blocks, so that the longer side has so many pixels.
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
}

impl Data {
    /// The images, of two classes or more.
    pub fn load(&self) -> anyhow::Result<Images> {
        let images = self.chosen(Images::load(&self.data, self.labels.as_deref())?)?;
        images.of_several_classes().with_context(|| self.data.display().to_string())
    }

    /// The images, of whatever classes.
    pub fn load_any(&self) -> anyhow::Result<Images> {
        self.chosen(Images::load_any(&self.data, self.labels.as_deref())?)
    }

    fn chosen(&self, images: Images) -> anyhow::Result<Images> {
        let images = match &self.proportion {
            Some(proportion) => images.in_proportion(proportion)?,
            None => images,
        };
        Ok(match self.size {
            Some(side) => images.shrunk(side)?,
            None => images,
        })
    }

    /// What the side file says of them.
    pub fn described(&self, images: &Images) -> IndexMap<String, Value> {
        let counts = images.counts();
        let classes: serde_json::Map<String, Value> =
            images.classes.iter().zip(counts).map(|(name, count)| (name.clone(), json!(count))).collect();
        [
            ("data".to_string(), json!(self.data.display().to_string())),
            ("images".to_string(), json!(images.count())),
            ("pixels".to_string(), json!(images.shape.words())),
            ("classes".to_string(), Value::Object(classes)),
        ]
        .into()
    }
}

/// `7403 images of 28×28 (0: 5923, 1: 1480)`
pub fn in_words(images: &Images) -> String {
    let counts = images.counts();
    let classes: Vec<String> =
        images.classes.iter().zip(counts).map(|(name, count)| format!("{name}: {count}")).collect();
    format!("{} images of {} ({})", images.count(), images.shape.words(), classes.join(", "))
}

/// Bytes for a reader.
pub fn memory(bytes: usize) -> String {
    format!("{:.0} MB of memory", (bytes as f64 / 1e6).ceil())
}

/// How a command runs.
#[derive(Debug, Args)]
pub struct Way {
    /// Key of the random numbers.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,
    /// Threads to use [default: all cores]; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// No table, notes or progress; files and errors only.
    #[arg(long)]
    pub quiet: bool,
}

/// How images become noise.
#[derive(Debug, Args)]
pub struct Noise {
    /// The interpolant between noise and images.
    #[arg(long, default_value = "variance_preserving", value_parser = named(&[
        (Path::VariancePreserving, "The diffusion with rate 0.1 + 19.9 (1 - t)"),
        (Path::Linear, "(1 - t) noise + t image"),
        (Path::Trigonometric, "√(1 - t²) noise + t image"),
    ], Path::name))]
    pub interpolant: Path,
}

/// How images are made.
#[derive(Debug, Args)]
pub struct Steps {
    /// How images are made.
    #[arg(long, default_value = "bridge", value_parser = named(&[
        (Sampler::Bridge, "Exact Gaussian steps given the guess of the image"),
        (Sampler::Euler, "Euler–Maruyama, for variance_preserving"),
        (Sampler::Flow, "The flow without noise, second order"),
    ], Sampler::name))]
    pub sampler: Sampler,
    /// Steps from noise to image.
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
}

impl Steps {
    /// Both, where they go together.
    pub fn with(&self, path: Path) -> anyhow::Result<(Sampler, usize)> {
        if self.sampler == Sampler::Euler && path != Path::VariancePreserving {
            anyhow::bail!(
                "--sampler euler is for the interpolant variance_preserving, and this is {}; use bridge or flow",
                path.name()
            );
        }
        Ok((self.sampler, self.steps as usize))
    }
}

/// Refuses to write a network where the state of its training is kept.
pub fn check_network(file: &std::path::Path) -> anyhow::Result<()> {
    if file.extension().is_some_and(|e| e == "checkpoint") {
        anyhow::bail!("{} is where training is kept until it ends; name another file", file.display());
    }
    Ok(overlaps::output::check_writable(file)?)
}
