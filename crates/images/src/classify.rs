//! A classifier: trained on a data set of which a fifth is held out, and fractions of classes among images, corrected for its errors.

use std::path::Path as FilePath;

use nalgebra::DMatrix;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::{Images, Shape};
use crate::error::{ImagesError, Result};
use crate::fit::{Batch, Kept, Loss, Pace, fit, softmax};
use crate::network::{Design, Network};
use crate::store;
use overlaps::experiment::digest;
use overlaps::model::Running;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps_models::{Purpose, stream};

/// What stands in the header of a classifier.
const WHAT: &str = "overlaps images classifier 1";
/// One image of so many is held out.
const HELD_OUT: usize = 5;

/// How a classifier is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning {
    /// How often it sees every image.
    pub epochs: u64,
    /// Images of a step.
    pub batch: usize,
    /// The largest rate.
    pub rate: f64,
    /// Channels.
    pub channels: usize,
    /// The width of the noise that is added to images, so that those with some noise left are judged too.
    pub noise: f64,
    /// Key of the random numbers.
    pub seed: u64,
}

impl Default for Learning {
    fn default() -> Learning {
        Learning { epochs: 3, batch: 64, rate: 2e-3, channels: 16, noise: 0.1, seed: 0 }
    }
}

/// A classifier.
pub struct Classifier {
    network: Network,
    header: Header,
    parameters: Vec<f32>,
}

/// What its file says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Header {
    what: String,
    design: Design,
    classes: Vec<String>,
    run: String,
    /// Of held-out images of each class: how many were judged to be of each.
    confusion: Vec<Vec<u64>>,
}

impl Learning {
    fn split(&self, images: &Images) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<usize> = (0..images.count()).collect();
        order.shuffle(&mut stream(self.seed, images.shape.size() as u64, Purpose::Labels, u64::MAX));
        let held_out = order.split_off(images.count() - images.count() / HELD_OUT);
        (order, held_out)
    }

    fn pace(&self, count: usize) -> Pace {
        let batch = self.batch.clamp(1, count);
        let steps = self.epochs * (count / batch) as u64;
        Pace { steps, warm_up: 100.min(steps / 4), rate: self.rate, batch, average: None }
    }

    /// Units of progress.
    pub fn steps(&self, images: &Images) -> u64 {
        self.pace(images.count() - images.count() / HELD_OUT).steps
    }

    /// Trains; none where an interruption was asked for. With a file beside which the state is kept, the same training goes on there.
    ///
    /// # Errors
    /// Too few images or classes; a checkpoint of another training.
    pub fn train(
        &self,
        images: &Images,
        beside: Option<&FilePath>,
        running: &Running,
    ) -> Result<Option<Classifier>> {
        let classes = images.classes.len();
        let (train, held_out) = self.split(images);
        if classes < 2 || held_out.len() < classes {
            return Err(ImagesError::Given(format!(
                "{} images in {classes} classes are too few for a classifier; a fifth is held out to measure its accuracy",
                images.count()
            )));
        }
        let shape = images.shape;
        let levels = if shape.height.min(shape.width) >= 12 { 3 } else { 1 };
        let network = Network::new(Design {
            shape,
            channels: self.channels,
            levels,
            attention: false,
            classes: Some(classes),
        })?;
        let pixels: Vec<u8> = images.pixels.iter().flat_map(|x| x.to_le_bytes()).collect();
        let labels: Vec<u8> = images.labels.iter().flat_map(|x| x.to_le_bytes()).collect();
        let run = format!("{} {self:?}", digest([&pixels[..], &labels[..]]));
        let kept = beside.map(|file| Kept { path: file.with_extension("checkpoint"), run: run.clone() });
        let pace = self.pace(train.len());
        let in_epoch = (train.len() / pace.batch) as u64;
        let batch = |step: u64| -> Batch {
            let mut order = train.clone();
            let size = shape.size() as u64;
            order.shuffle(&mut stream(self.seed, size, Purpose::Labels, step / in_epoch));
            let mut random = stream(self.seed, size, Purpose::Step, step);
            let first = (step % in_epoch) as usize * pace.batch;
            let (mut given, mut targets) = (Vec::new(), Vec::new());
            for place in &order[first..first + pace.batch] {
                let noised =
                    |x: &f32| (f64::from(*x) + self.noise * random.sample::<f64, _>(StandardNormal)) as f32;
                given.extend(images.image(*place).iter().map(noised));
                targets.extend((0..classes).map(|class| f32::from(u8::from(class == images.labels[*place]))));
            }
            Batch { images: given, times: Vec::new(), targets }
        };
        let fitted = fit(&network, (pace, self.seed), Loss::Classes, &batch, kept.as_ref(), running)?;
        let Some((parameters, _)) = fitted else { return Ok(None) };
        let header = Header {
            what: WHAT.into(),
            design: network.design,
            classes: images.classes.clone(),
            run,
            confusion: Vec::new(),
        };
        let mut classifier = Classifier { network, header, parameters };
        classifier.header.confusion = classifier.confusion(&images.at(&held_out));
        Ok(Some(classifier))
    }
}

impl Classifier {
    /// Reads a classifier.
    ///
    /// # Errors
    /// A file that cannot be read or is none.
    pub fn load(file: &FilePath) -> Result<Classifier> {
        let (header, parameters): (Header, Vec<f32>) =
            store::load(file, "classifier that `overlaps images classify` has written")?;
        let network = Network::new(header.design)?;
        let fits = header.design.classes == Some(header.classes.len())
            && header.confusion.len() == header.classes.len();
        if header.what != WHAT || network.count() != parameters.len() || !fits {
            return Err(ImagesError::file(file, "this classifier is damaged, or of another version"));
        }
        Ok(Classifier { network, header, parameters })
    }

    /// Writes it.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, file: &FilePath) -> Result<()> {
        store::save(file, &self.header, &[&self.parameters])
    }

    /// What tells it from others.
    pub fn identity(&self) -> String {
        let bytes: Vec<u8> = self.parameters.iter().flat_map(|x| x.to_le_bytes()).collect();
        format!("{} {}", self.header.classes.join(" "), digest([&bytes[..]]))
    }

    /// Its classes.
    pub fn classes(&self) -> &[String] {
        &self.header.classes
    }

    /// The share of held-out images that it judges right, and its standard error.
    pub fn accuracy(&self) -> (f64, f64) {
        let all: u64 = self.header.confusion.iter().flatten().sum();
        let right: u64 = self.header.confusion.iter().enumerate().map(|(k, row)| row[k]).sum();
        share(right as f64, all as f64)
    }

    /// Refuses images of another size.
    ///
    /// # Errors
    /// The two sizes.
    pub fn check(&self, shape: Shape) -> Result<()> {
        let own = self.header.design.shape;
        match (Shape { block: own.block, ..shape }) == own {
            true => Ok(()),
            false => Err(ImagesError::Given(format!(
                "the classifier is of images of {}, and these are {}; train one with --size",
                own.words(),
                shape.words()
            ))),
        }
    }

    /// The probability of each class, for each of some images of its size, as they are or means of blocks.
    pub fn judge(&self, images: &[f32], block: usize) -> Vec<Vec<f64>> {
        let size = self.header.design.shape.size() * crate::sample::BLOCK;
        let share = self.header.design.shape.block as f32 / block as f32;
        let classes = self.header.classes.len();
        let of = |images: &[f32]| -> Vec<Vec<f64>> {
            let images: Vec<f32> = images.iter().map(|x| share * x).collect();
            let given = self.network.apply(&self.parameters, &images, &[]);
            given.chunks_exact(classes).map(softmax).collect()
        };
        images.par_chunks(size).map(of).collect::<Vec<_>>().concat()
    }

    fn confusion(&self, images: &Images) -> Vec<Vec<u64>> {
        let classes = self.header.classes.len();
        let mut confusion = vec![vec![0; classes]; classes];
        for (p, label) in self.judge(&images.pixels, images.shape.block).iter().zip(&images.labels) {
            confusion[*label][likeliest(p)] += 1;
        }
        confusion
    }

    /// How often each class is the likeliest among what was judged, with standard errors, and corrected for how often held-out images
    /// of each class are taken for others: with M the matrix of those frequencies, Mᵀ f = judged. Classes of which none was held out
    /// leave no correction.
    pub fn count(&self, judged: &[Vec<f64>]) -> Table {
        let classes = self.header.classes.len();
        let mut counts = vec![0u64; classes];
        judged.iter().for_each(|p| counts[likeliest(p)] += 1);
        let all = judged.len() as f64;
        let fractions: Vec<f64> = counts.iter().map(|count| *count as f64 / all).collect();
        let inverse = DMatrix::from_fn(classes, classes, |judged, own| {
            let row = &self.header.confusion[own];
            row[judged] as f64 / row.iter().sum::<u64>() as f64
        });
        let inverse = inverse.try_inverse().filter(|m| m.iter().all(|x| x.is_finite()));
        let columns = vec![
            Column::new("class", "class", Role::Label),
            Column::new("count", "images that are judged to be of it", Role::Output),
            Column::new("fraction", "their share", Role::Output),
            Column::new("fraction_error", "its standard error", Role::Certificate),
            Column::new("corrected", "the share, corrected for the errors of the classifier", Role::Output),
            Column::new("corrected_error", "its standard error", Role::Certificate),
        ];
        let mut table = Table::new(columns);
        for (class, name) in self.header.classes.iter().enumerate() {
            let (fraction, error) = share(counts[class] as f64, all);
            let corrected = inverse.as_ref().map(|m| {
                let weights = m.row(class);
                let mean: f64 = weights.iter().zip(&fractions).map(|(w, f)| w * f).sum();
                let square: f64 = weights.iter().zip(&fractions).map(|(w, f)| w * w * f).sum();
                (mean, ((square - mean * mean).max(0.0) / all).sqrt())
            });
            let cell = |of: fn(&(f64, f64)) -> f64| {
                corrected.as_ref().map_or(Cell::Missing, |c| Cell::Number(of(c)))
            };
            table.rows.push(vec![
                Cell::from(name.as_str()),
                Cell::Integer(counts[class]),
                Cell::Number(fraction),
                Cell::Number(error),
                cell(|c| c.0),
                cell(|c| c.1),
            ]);
        }
        table
    }
}

/// Where the largest probability is.
pub fn likeliest(probabilities: &[f64]) -> usize {
    (0..probabilities.len())
        .max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]))
        .unwrap_or_default()
}

/// A share and its standard error.
fn share(part: f64, all: f64) -> (f64, f64) {
    let share = part / all;
    (share, (share * (1.0 - share) / all).sqrt())
}
