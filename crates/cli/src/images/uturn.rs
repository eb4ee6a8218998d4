//! `overlaps images uturn DATA`.

use std::path::{Path as FilePath, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueHint};
use serde_json::json;

use super::data::{Data, Noise, Steps, Way, in_words, memory};
use crate::FINE;
use crate::cells::with_progress;
use crate::destination::{Destination, side};
use crate::simulation::stopped;
use crate::terminal::{self, TerminalOptions};
use overlaps::numeric::grid;
use overlaps_images::Images;
use overlaps_images::classify::Classifier;
use overlaps_images::exact::{Denoiser, Posterior};
use overlaps_images::model::Model;
use overlaps_images::turns::{Turned, UTurns};
use overlaps_models::mixture::schedule::Levels;

/// Noise images back to a time t and make them again from there: which class comes out?
///
/// With the exact denoiser, the posterior of the images themselves, no network is needed. The CSV is a curve that
/// `overlaps schedule --curve FILE.csv --features memory` takes: the memory rises where the class is decided.
#[derive(Debug, Args)]
pub struct Uturn {
    #[command(flatten)]
    data: Data,
    /// `exact` for the posterior of the images, or a model that `train` has written.
    #[arg(long, value_name = "exact|MODEL.unet", default_value = "exact", value_hint = ValueHint::FilePath)]
    denoiser: PathBuf,
    /// Who says of which class an image is that a model has made.
    #[arg(long, value_name = "FILE.classifier", value_hint = ValueHint::FilePath)]
    classifier: Option<PathBuf>,
    /// Times at which to turn, evenly spaced from 0 to 1.
    #[arg(long, value_name = "COUNT", default_value_t = 21, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    points: u32,
    /// Images of each class at each time.
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    samples: u32,
    #[command(flatten)]
    noise: Noise,
    #[command(flatten)]
    steps: Steps,
    #[command(flatten)]
    way: Way,
    #[command(flatten)]
    destination: Destination,
}

impl Uturn {
    /// Turns, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let files = self.destination.files(None)?;
        files.check()?;
        let images = self.data.load()?;
        let turns = UTurns {
            times: grid(0.0, 1.0, self.points as usize),
            samples: self.samples as usize,
            seed: self.way.seed,
        };
        let turned = match self.denoiser.as_os_str() == "exact" {
            true => self.exact(&turns, &images)?,
            false => self.learnt(&turns, &images, &self.denoiser)?,
        };
        let table = turned.table();
        let mut parameters = self.data.described(&images);
        parameters.insert("denoiser".into(), json!(self.denoiser.display().to_string()));
        parameters.insert("samples".into(), json!(self.samples));
        parameters.insert("seed".into(), json!(self.way.seed));
        let side = side("images u-turn", parameters, [], &table.columns, Default::default());
        let written = files.write(&table, &side, files.plot.is_some().then(|| turned.figure()).as_ref())?;
        self.destination.print(&table, self.way.quiet, || {
            terminal::render(&table, &TerminalOptions { columns: None, max_rows: 0, digits: 4 })
        })?;
        if let Some(window) = turned.window(Levels::default()).filter(|_| !self.way.quiet) {
            eprintln!(
                "note: the class is decided between t = {:.3} and {:.3} (10 % to 90 % of the memory)",
                window.from, window.to
            );
        }
        self.destination.say_written(&written, self.way.quiet);
        Ok(FINE)
    }

    fn exact(&self, turns: &UTurns, images: &Images) -> anyhow::Result<Turned> {
        if let Some(file) = &self.classifier {
            bail!(
                "the exact denoiser knows the classes of its images; leave out --classifier {}",
                file.display()
            );
        }
        if !self.way.quiet {
            eprintln!(
                "note: {}; {}",
                in_words(images),
                memory(4 * images.pixels.len() + Posterior::memory(images))
            );
        }
        let units = turns.units(images.classes.len());
        let path = self.noise.interpolant;
        let turned = with_progress(units, self.way.quiet, |running| turns.exact(images, path, running))?;
        turned.ok_or_else(|| stopped(None))
    }

    fn learnt(&self, turns: &UTurns, images: &Images, file: &FilePath) -> anyhow::Result<Turned> {
        let model = Model::load(file)?;
        model.check(images)?;
        let classifier = self.classifier.as_ref().context(
            "a model has no classes; --classifier FILE names who says of which class its images are (overlaps images classify --train FILE)",
        )?;
        let classifier = Classifier::load(classifier)?;
        classifier.check(images.shape)?;
        let places = places(&classifier, images)?;
        let steps = self.steps.with(model.path())?;
        let judge = |x: &[f32]| -> Vec<Vec<f64>> {
            let of = |p: Vec<f64>| -> Vec<f64> {
                // The likeliest of the classes of the data.
                let own: Vec<f64> = places.iter().map(|place| p[*place]).collect();
                let first = overlaps_images::classify::likeliest(&own);
                (0..own.len()).map(|k| f64::from(u8::from(k == first))).collect()
            };
            classifier.judge(x, images.shape.block).into_iter().map(of).collect()
        };
        let units = turns.units(images.classes.len());
        let turned = with_progress(units, self.way.quiet, |running| {
            turns.learnt(images, &model, steps, &judge, running)
        })?;
        turned.ok_or_else(|| stopped(None))
    }
}

/// Where the classes of the data stand among those of a classifier.
fn places(classifier: &Classifier, images: &Images) -> anyhow::Result<Vec<usize>> {
    let place = |class: &String| {
        classifier.classes().iter().position(|own| own == class).with_context(|| {
            format!(
                "the classifier does not know the class {class}; it knows {}",
                classifier.classes().join(", ")
            )
        })
    };
    images.classes.iter().map(place).collect()
}
