//! `overlaps images classify DATA`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use serde_json::json;

use super::data::{Data, Way, check_network, in_words};
use crate::FINE;
use crate::cells::with_progress;
use crate::destination::{Destination, side};
use crate::simulation::stopped;
use crate::terminal::{self, TerminalOptions};
use overlaps_images::classify::{Classifier, Learning};
use overlaps_images::model::Training;

/// Train a classifier (--train), or count the classes of images by one (--by).
///
/// A fifth of the images is held out of training and gives the accuracy, and how often a class is taken for another, by which counts
/// are corrected.
#[derive(Debug, Args)]
pub struct Classify {
    #[command(flatten)]
    data: Data,
    /// Train on these images, and write the classifier here.
    #[arg(long, value_name = "FILE.classifier", value_hint = ValueHint::FilePath, required_unless_present = "by", conflicts_with = "by")]
    train: Option<PathBuf>,
    /// Count these images by this classifier.
    #[arg(long, value_name = "FILE.classifier", value_hint = ValueHint::FilePath)]
    by: Option<PathBuf>,
    /// How often it sees every image.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1_000_000), conflicts_with = "by")]
    epochs: u64,
    #[command(flatten)]
    way: Way,
    #[command(flatten)]
    destination: Destination,
}

impl Classify {
    /// Trains or counts.
    pub fn run(&self) -> anyhow::Result<u8> {
        match (&self.train, &self.by) {
            (Some(file), _) => self.train(file),
            (None, Some(file)) => self.count(file),
            (None, None) => anyhow::bail!("name what is to be done: --train FILE or --by FILE"),
        }
    }

    fn train(&self, file: &Path) -> anyhow::Result<u8> {
        check_network(file)?;
        let images = self.data.load()?;
        let learning = Learning { epochs: self.epochs, seed: self.way.seed, ..Learning::default() };
        if !self.way.quiet {
            eprintln!("note: {}; {} steps", in_words(&images), learning.steps(&images));
        }
        let classifier = with_progress(learning.steps(&images), self.way.quiet, |running| {
            learning.train(&images, Some(file), running)
        })?;
        let classifier = classifier.ok_or_else(|| {
            stopped(Some("What is learnt is kept beside the classifier; the same command goes on".into()))
        })?;
        classifier.save(file)?;
        Training::forget(file);
        if !self.way.quiet {
            let (accuracy, error) = classifier.accuracy();
            eprintln!(
                "note: of held-out images {:.2} ± {:.2} % are judged right",
                100.0 * accuracy,
                100.0 * error
            );
            eprintln!("note: wrote {}", file.display());
        }
        Ok(FINE)
    }

    fn count(&self, file: &Path) -> anyhow::Result<u8> {
        let files = self.destination.files(None)?;
        files.check()?;
        let classifier = Classifier::load(file)?;
        let images = self.data.load_any()?;
        classifier.check(images.shape)?;
        let table = classifier.count(&classifier.judge(&images.pixels, images.shape.block));
        let mut parameters = self.data.described(&images);
        parameters.insert("by".into(), json!(file.display().to_string()));
        let side = side("images classify", parameters, [], &table.columns, Default::default());
        let written = files.write(&table, &side, None)?;
        self.destination.print(&table, self.way.quiet, || {
            terminal::render(&table, &TerminalOptions { columns: None, max_rows: 0, digits: 4 })
        })?;
        self.destination.say_written(&written, self.way.quiet);
        Ok(FINE)
    }
}
