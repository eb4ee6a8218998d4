//! A U-Net that learns the noise in a data set: trained, kept, and used as a denoiser.

use std::path::Path as FilePath;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::data::{Images, Shape};
use crate::error::{ImagesError, Result};
use crate::exact::Denoiser;
use crate::fit::{Batch, Kept, Loss, Pace, fit};
use crate::network::{Design, Network};
use crate::path::Path;
use crate::store;
use crate::times::Times;
use overlaps::experiment::digest;
use overlaps::model::Running;
use overlaps_models::{Purpose, stream};

/// How a U-Net is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// The interpolant.
    pub path: Path,
    /// The training times.
    pub times: Times,
    /// How often it sees every image.
    pub epochs: u64,
    /// Images of a step.
    pub batch: usize,
    /// The largest rate.
    pub rate: f64,
    /// The decay of the average over time of the parameters that images are made with, in (0, 1); none for those of the last step.
    pub average: Option<f64>,
    /// Channels.
    pub channels: usize,
    /// Resolutions.
    pub levels: usize,
    /// Whether pixels attend to each other where the sides are smallest.
    pub attention: bool,
    /// Key of the random numbers: initial weights, order of images, times and noise.
    pub seed: u64,
}

/// A U-Net with its parameters.
pub struct Model {
    network: Network,
    header: Header,
    parameters: Vec<f32>,
}

/// What the file of a model says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Header {
    what: String,
    design: Design,
    path: Path,
    /// The classes of its data.
    classes: Vec<String>,
    /// Everything that decided about it.
    run: String,
    loss: f64,
}

/// What stands in the header of a model.
const WHAT: &str = "overlaps images U-Net 1";

impl Training {
    /// The steps.
    pub fn pace(&self, images: &Images) -> Pace {
        let batch = self.batch.clamp(1, images.count());
        let steps = self.epochs * (images.count() / batch) as u64;
        Pace { steps, warm_up: 500.min(steps / 4), rate: self.rate, batch, average: self.average }
    }

    /// The network.
    ///
    /// # Errors
    /// Channels or levels that are not possible.
    pub fn network(&self, shape: Shape) -> Result<Network> {
        let Training { channels, levels, attention, .. } = *self;
        Network::new(Design { shape, channels, levels, attention, classes: None })
    }

    /// The bytes of memory that training takes, data included.
    ///
    /// # Errors
    /// Channels or levels that are not possible.
    pub fn memory(&self, images: &Images) -> Result<usize> {
        let network = self.network(images.shape)?;
        let batch = self.pace(images).batch;
        let groups = batch.div_ceil(crate::network::SIDE_BY_SIDE);
        let averages = usize::from(self.average.is_some());
        Ok(4 * images.pixels.len()
            + network.memory(batch, true)
            + 4 * network.count() * (groups + 4 + averages))
    }

    /// Everything that decides about the result, in a line.
    pub(crate) fn run(&self, images: &Images) -> String {
        let bytes = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let times: Vec<u8> = match &self.times {
            Times::Uniform => Vec::new(),
            Times::Quantiles(knots) => {
                knots.iter().flat_map(|(q, t)| [q.to_le_bytes(), t.to_le_bytes()]).flatten().collect()
            }
        };
        // What is off is not said, so that older models are known again.
        let attention = if self.attention { ", attention" } else { "" };
        let average = self.average.map(|decay| format!(", average {decay}")).unwrap_or_default();
        format!(
            "{} images of {} in {} classes, {}; {}, times {}, {} epochs, batch {}, rate {}, {} channels, {} levels, seed {}{attention}{average}",
            images.count(),
            images.shape.words(),
            images.classes.len(),
            digest([&bytes(&images.pixels)[..]]),
            self.path.name(),
            if times.is_empty() { "uniform".to_string() } else { digest([&times[..]]) },
            self.epochs,
            self.batch,
            self.rate,
            self.channels,
            self.levels,
            self.seed
        )
    }

    /// The batch of a step: images of the epoch in a random order, a time for each, noise, and what the network should give. The
    /// same random numbers whatever the times are drawn from.
    pub fn batch(&self, images: &Images, step: u64) -> Batch {
        let (size, pace) = (images.shape.size(), self.pace(images));
        let in_epoch = (images.count() / pace.batch) as u64;
        let mut order: Vec<usize> = (0..images.count()).collect();
        order.shuffle(&mut stream(self.seed, size as u64, Purpose::Labels, step / in_epoch));
        let first = (step % in_epoch) as usize * pace.batch;
        let mut random = stream(self.seed, size as u64, Purpose::Step, step);
        let (mut noised, mut times, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for place in &order[first..first + pace.batch] {
            let t = self.times.at(random.random());
            let ((a, b), (of_noise, of_image)) =
                ((self.path.noise(t), self.path.data(t)), self.path.target(t));
            for x in images.image(*place) {
                let (x, z) = (f64::from(*x), random.sample::<f64, _>(StandardNormal));
                noised.push((a * z + b * x) as f32);
                targets.push((of_noise * z + of_image * x) as f32);
            }
            times.push(t);
        }
        Batch { images: noised, times, targets }
    }

    /// Trains; none where an interruption was asked for. With a file beside which the state is kept, the same training goes on there.
    ///
    /// # Errors
    /// Options that are not possible; a checkpoint of another training.
    pub fn train(
        &self,
        images: &Images,
        beside: Option<&FilePath>,
        running: &Running,
    ) -> Result<Option<Model>> {
        let network = self.network(images.shape)?;
        let run = self.run(images);
        let kept = beside.map(|file| Kept { path: file.with_extension("checkpoint"), run: run.clone() });
        let batch = |step| self.batch(images, step);
        let fitted =
            fit(&network, (self.pace(images), self.seed), Loss::Squares, &batch, kept.as_ref(), running)?;
        let Some((parameters, loss)) = fitted else { return Ok(None) };
        let (design, classes) = (network.design, images.classes.clone());
        let header = Header { what: WHAT.into(), design, path: self.path, classes, run, loss };
        Ok(Some(Model { network, header, parameters }))
    }

    /// A step that is thrown away, to see how long it takes.
    ///
    /// # Errors
    /// Options that are not possible.
    pub fn trial(&self, images: &Images) -> Result<()> {
        let network = self.network(images.shape)?;
        let (pace, batch) = (self.pace(images), self.batch(images, 0));
        let size = images.shape.size();
        let loss = |first: usize, given: &[f32]| {
            Loss::Squares.of(given, &batch.targets[first * size..][..given.len()], size, 1.0)
        };
        let parameters = network.start(self.seed);
        network.slopes(
            &parameters,
            (&batch.images, &batch.times),
            &loss,
            &mut network.workspaces(pace.batch),
        );
        Ok(())
    }

    /// Removes what was kept beside a file.
    pub fn forget(beside: &FilePath) {
        // What is not there need not be removed.
        let _ = std::fs::remove_file(beside.with_extension("checkpoint"));
    }

    /// A model of this training that is on disk already.
    ///
    /// # Errors
    /// A file that is no model, or one of another training.
    pub fn finished(&self, images: &Images, file: &FilePath) -> Result<Option<Model>> {
        if !file.exists() {
            return Ok(None);
        }
        let model = Model::load(file)?;
        match model.header.run == self.run(images) {
            true => Ok(Some(model)),
            false => Err(ImagesError::file(
                file,
                format!("this is the model of another training ({}); name another file", model.header.run),
            )),
        }
    }
}

impl Model {
    /// Reads a model.
    ///
    /// # Errors
    /// A file that cannot be read or is none.
    pub fn load(file: &FilePath) -> Result<Model> {
        let (header, parameters): (Header, Vec<f32>) =
            store::load(file, "model that `overlaps images train` has written")?;
        let network = Network::new(header.design)?;
        if header.what != WHAT || network.count() != parameters.len() || header.design.classes.is_some() {
            return Err(ImagesError::file(file, "this model is damaged, or of another version"));
        }
        Ok(Model { network, header, parameters })
    }

    /// Writes it.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, file: &FilePath) -> Result<()> {
        store::save(file, &self.header, &[&self.parameters])
    }

    /// Parameters of the network.
    pub fn count(&self) -> usize {
        self.network.count()
    }

    /// The mean loss of the last tenth of the steps.
    pub fn loss(&self) -> f64 {
        self.header.loss
    }

    /// What decided about it, in a line.
    pub fn run(&self) -> &str {
        &self.header.run
    }

    /// Refuses images of another size.
    ///
    /// # Errors
    /// The two sizes.
    pub fn check(&self, images: &Images) -> Result<()> {
        match images.shape == self.header.design.shape {
            true => Ok(()),
            false => Err(ImagesError::Given(format!(
                "the model is of images of {}, and the data are {}; --size makes images smaller, here and in `train`",
                self.header.design.shape.words(),
                images.shape.words()
            ))),
        }
    }
}

impl Denoiser for Model {
    fn shape(&self) -> Shape {
        self.header.design.shape
    }

    fn path(&self) -> Path {
        self.header.path
    }

    fn clean(&self, x: &[f32], t: f64) -> Vec<f32> {
        let (of_x, of_given) = self.header.path.clean(t);
        let times = vec![t; x.len() / self.shape().size()];
        let mut given = self.network.apply(&self.parameters, x, &times);
        given
            .iter_mut()
            .zip(x)
            .for_each(|(y, x)| *y = (of_x * f64::from(*x) + of_given * f64::from(*y)) as f32);
        given
    }
}
