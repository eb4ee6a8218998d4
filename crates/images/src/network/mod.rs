//! Networks of convolutions: a U-Net that is told the time, and a classifier.
//!
//! A network is a list of steps (`op`) between numbered fields (`field`); its parameters are one vector, and so is their slope.

mod attention;
mod convolve;
mod field;
mod normalise;
mod op;
mod resize;

use std::ops::Range;

use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::Shape;
use crate::error::{ImagesError, Result};
use field::Grid;
use op::Op;
use overlaps_models::{Purpose, stream};

pub use op::Workspace;

/// Images that go through a network side by side on one thread; the slopes of such groups are summed in their order.
pub const SIDE_BY_SIDE: usize = 4;
/// Numbers that tell the network the time.
const TIME: usize = 32;

/// What a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Design {
    /// What its images are.
    pub shape: Shape,
    /// Channels of its inner fields, a multiple of 8.
    pub channels: usize,
    /// Resolutions: each has half the sides of the one before.
    pub levels: usize,
    /// Whether pixels attend to each other where the sides are smallest. It is not written where there is none, so that such files are as
    /// they were before there was any.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attention: bool,
    /// What it gives: as many numbers as classes, or an image where there are none.
    pub classes: Option<usize>,
}

/// How parameters begin.
enum Start {
    /// Normal numbers of this width.
    Normal(f64),
    /// All the same.
    Constant(f32),
}

/// A network without its parameters.
pub struct Network {
    /// What it is.
    pub design: Design,
    fields: Vec<(Grid, usize)>,
    ops: Vec<Op>,
    starts: Vec<(usize, Start)>,
    time: Option<usize>,
    parameters: usize,
}

impl Network {
    /// The network of a design.
    ///
    /// # Errors
    /// Channels or levels that are not possible.
    pub fn new(design: Design) -> Result<Network> {
        let Design { shape, channels, levels, .. } = design;
        if channels == 0 || channels % normalise::GROUP != 0 || channels > 256 {
            return Err(ImagesError::Given(format!(
                "{channels} channels are not possible; use a multiple of {} up to 256",
                normalise::GROUP
            )));
        }
        let most = (shape.height.min(shape.width) as f64 / 3.0).log2().floor().max(0.0) as usize + 1;
        if !(1..=most).contains(&levels) {
            return Err(ImagesError::Given(format!(
                "{levels} levels are not possible for images of {}; use 1 to {most}",
                shape.words()
            )));
        }
        let grid = Grid { height: shape.height, width: shape.width };
        let (fields, ops, starts) = (vec![(grid, shape.colours)], Vec::new(), Vec::new());
        let mut network = Network { design, fields, ops, starts, time: None, parameters: 0 };
        match design.classes {
            None => network.unet(channels, levels, shape.colours),
            Some(classes) => network.classifier(channels, levels, classes),
        }
        Ok(network)
    }

    /// Blocks down, one more at the bottom, after attention where it is asked for, and up again, each beside what was there on the way
    /// down.
    fn unet(&mut self, channels: usize, levels: usize, colours: usize) {
        let time = self.field((Grid { height: 1, width: 1 }, TIME));
        self.time = Some(time);
        let time = self.convolve(time, 1, TIME, 1.0);
        let time = self.silu(time);
        let time = self.convolve(time, 1, TIME, 1.0);
        let time = self.silu(time);
        let mut at = self.convolve(0, 3, channels, 1.0);
        let mut beside = Vec::new();
        for level in 0..levels {
            at = self.block(at, Some(time), channels);
            if level + 1 < levels {
                beside.push(at);
                at = self.one(at, self.fields[at].0.halved(), |from, to| Op::Halve { from, to });
            }
        }
        if self.design.attention {
            at = self.attend(at);
        }
        at = self.block(at, Some(time), channels);
        while let Some(left) = beside.pop() {
            at = self.one(at, self.fields[left].0, |from, to| Op::Double { from, to });
            let joined = self.field((self.fields[left].0, 2 * channels));
            self.ops.push(Op::Join { first: at, second: left, to: joined });
            at = self.block(joined, Some(time), channels);
        }
        at = self.normalise(at, true);
        self.convolve(at, 3, colours, 0.0);
    }

    /// Blocks down, the mean over the image, and a number for each class.
    fn classifier(&mut self, channels: usize, levels: usize, classes: usize) {
        let mut at = self.convolve(0, 3, channels, 1.0);
        for level in 0..levels {
            at = self.block(at, None, channels);
            if level + 1 < levels {
                at = self.one(at, self.fields[at].0.halved(), |from, to| Op::Halve { from, to });
            }
        }
        at = self.normalise(at, true);
        at = self.one(at, Grid { height: 1, width: 1 }, |from, to| Op::Mean { from, to });
        self.convolve(at, 1, classes, 1.0);
    }

    /// Normalisation, convolution, the time, normalisation, convolution, and what was there before.
    fn block(&mut self, from: usize, time: Option<usize>, channels: usize) -> usize {
        let mut at = self.normalise(from, true);
        at = self.convolve(at, 3, channels, 1.0);
        if let Some(time) = time {
            let time = self.convolve(time, 1, channels, 1.0);
            at = self.add(at, time);
        }
        at = self.normalise(at, true);
        at = self.convolve(at, 3, channels, 0.5);
        let before =
            if self.fields[from].1 == channels { from } else { self.convolve(from, 1, channels, 1.0) };
        self.add(at, before)
    }

    /// Normalisation, queries, keys and values, attention, a convolution that begins at zero, and what was there before (as in DDPM).
    fn attend(&mut self, from: usize) -> usize {
        let (grid, channels) = self.fields[from];
        let mut at = self.normalise(from, false);
        at = self.convolve(at, 1, 3 * channels, 1.0);
        let to = self.field((grid, channels));
        self.ops.push(Op::Attend { from: at, to });
        at = self.convolve(to, 1, channels, 0.0);
        self.add(at, from)
    }

    fn field(&mut self, field: (Grid, usize)) -> usize {
        self.fields.push(field);
        self.fields.len() - 1
    }

    fn parameters(&mut self, count: usize, start: Start) -> Range<usize> {
        self.starts.push((count, start));
        self.parameters += count;
        self.parameters - count..self.parameters
    }

    /// A convolution whose weights begin so much wider than 1/√(terms of a sum).
    fn convolve(&mut self, from: usize, side: usize, outputs: usize, width: f64) -> usize {
        let (grid, inputs) = self.fields[from];
        let to = self.field((grid, outputs));
        let terms = side * side * inputs;
        let weights = self.parameters(terms * outputs, Start::Normal(width / (terms as f64).sqrt()));
        let bias = self.parameters(outputs, Start::Constant(0.0));
        self.ops.push(Op::Convolve { from, to, side, weights, bias });
        to
    }

    /// With SiLU or without.
    fn normalise(&mut self, from: usize, silu: bool) -> usize {
        let (grid, channels) = self.fields[from];
        let to = self.field((grid, channels));
        let scale = self.parameters(channels, Start::Constant(1.0));
        let shift = self.parameters(channels, Start::Constant(0.0));
        self.ops.push(Op::Normalise { from, to, silu, scale, shift });
        to
    }

    fn silu(&mut self, from: usize) -> usize {
        self.one(from, self.fields[from].0, |from, to| Op::Silu { from, to })
    }

    fn one(&mut self, from: usize, grid: Grid, op: impl Fn(usize, usize) -> Op) -> usize {
        let to = self.field((grid, self.fields[from].1));
        self.ops.push(op(from, to));
        to
    }

    fn add(&mut self, first: usize, second: usize) -> usize {
        let to = self.field(self.fields[first]);
        self.ops.push(Op::Add { first, second, to });
        to
    }

    /// How many parameters it has.
    pub fn count(&self) -> usize {
        self.parameters
    }

    /// Its parameters at the start of training.
    pub fn start(&self, seed: u64) -> Vec<f32> {
        let size = self.design.shape.size() as u64;
        let of = |(index, (count, start)): (usize, &(usize, Start))| -> Vec<f32> {
            let mut random = stream(seed, size, Purpose::Weights, index as u64);
            match start {
                Start::Constant(x) => vec![*x; *count],
                Start::Normal(width) => {
                    (0..*count).map(|_| (width * random.sample::<f64, _>(StandardNormal)) as f32).collect()
                }
            }
        };
        self.starts.iter().enumerate().flat_map(of).collect()
    }

    /// Memory for so many images.
    pub fn workspace(&self, count: usize, with_slopes: bool) -> Workspace {
        Workspace::new(&self.fields, self.ops.len(), count, with_slopes)
    }

    /// The bytes of such memory.
    pub fn memory(&self, count: usize, with_slopes: bool) -> usize {
        let numbers: usize = self.fields.iter().map(|(grid, channels)| count * grid.page() * channels).sum();
        let attends = |op: &Op| match op {
            Op::Attend { to, .. } => {
                let (grid, channels) = self.fields[*to];
                attention::scratch(grid.height * grid.width, channels)
            }
            _ => 0,
        };
        // An image at a time on every thread.
        let scratch: usize = rayon::current_num_threads() * self.ops.iter().map(attends).sum::<usize>();
        4 * (numbers * if with_slopes { 2 } else { 1 } + scratch)
    }

    /// What it gives for some images, each at a time, which lies in the last field.
    pub fn forward(&self, parameters: &[f32], images: &[f32], times: &[f64], work: &mut Workspace) {
        work.values[0].fill(images);
        if let Some(place) = self.time {
            let told: Vec<f32> = times.iter().flat_map(|t| waves(*t)).collect();
            work.values[place].fill(&told);
        }
        for (place, op) in self.ops.iter().enumerate() {
            work.forward(place, op, parameters);
        }
    }

    /// Adds the slopes of the parameters, from that of what it gives.
    fn backward(&self, parameters: &[f32], slope: &[f32], work: &mut Workspace, slopes: &mut [f32]) {
        work.slopes.iter_mut().for_each(|field| field.of.fill(0.0));
        if let Some(last) = work.slopes.last_mut() {
            last.fill(slope);
        }
        for (place, op) in self.ops.iter().enumerate().rev() {
            work.backward(place, op, parameters, slopes);
        }
    }

    /// What it gives for any number of images at one time each.
    pub fn apply(&self, parameters: &[f32], images: &[f32], times: &[f64]) -> Vec<f32> {
        let size = self.design.shape.size();
        let count = images.len() / size;
        let mut work = self.workspace(SIDE_BY_SIDE.min(count), false);
        let mut given = Vec::new();
        for first in (0..count).step_by(SIDE_BY_SIDE) {
            let last = count.min(first + SIDE_BY_SIDE);
            if last - first != work.values[0].count() {
                work = self.workspace(last - first, false);
            }
            let times = times.get(first..last).unwrap_or_default();
            self.forward(parameters, &images[first * size..last * size], times, &mut work);
            given.extend(work.values.last().map(field::Field::images).unwrap_or_default());
        }
        given
    }

    /// The memory of a batch: one for each group of images.
    pub fn workspaces(&self, batch: usize) -> Vec<Group> {
        let groups = (0..batch).step_by(SIDE_BY_SIDE);
        let of = |first: usize| Group {
            work: self.workspace(SIDE_BY_SIDE.min(batch - first), true),
            slopes: vec![0.0; self.parameters],
            loss: 0.0,
        };
        groups.map(of).collect()
    }

    /// The loss of a batch, and the slopes of the parameters. `loss` gives, for what the network gives for some images, the first of
    /// which has this place, the sum of their losses and its slope. Groups are done on all cores and summed in their order.
    pub fn slopes(
        &self,
        parameters: &[f32],
        (images, times): (&[f32], &[f64]),
        loss: &LossOf,
        groups: &mut [Group],
    ) -> (f64, Vec<f32>) {
        let size = self.design.shape.size();
        groups.par_iter_mut().zip(images.par_chunks(SIDE_BY_SIDE * size)).enumerate().for_each(
            |(place, (group, images))| {
                let first = place * SIDE_BY_SIDE;
                let times = times.get(first..first + images.len() / size).unwrap_or_default();
                self.forward(parameters, images, times, &mut group.work);
                let given = group.work.values.last().map(field::Field::images).unwrap_or_default();
                let (value, slope) = loss(first, &given);
                group.loss = value;
                group.slopes.fill(0.0);
                self.backward(parameters, &slope, &mut group.work, &mut group.slopes);
            },
        );
        let mut sum = vec![0.0; self.parameters];
        for group in groups.iter() {
            sum.iter_mut().zip(&group.slopes).for_each(|(sum, slope)| *sum += slope);
        }
        (groups.iter().map(|group| group.loss).sum(), sum)
    }
}

/// The loss of what a network gives for some images of a batch, from one on, and its slope.
pub type LossOf<'l> = dyn Fn(usize, &[f32]) -> (f64, Vec<f32>) + Sync + 'l;

/// A group of images of a batch.
pub struct Group {
    work: Workspace,
    slopes: Vec<f32>,
    loss: f64,
}

/// Sines and cosines of the time, with periods from below a hundredth to beyond the whole.
fn waves(t: f64) -> [f32; TIME] {
    let half = TIME / 2;
    std::array::from_fn(|k| {
        let frequency = 1000.0 * 10_000f64.powf(-((k % half) as f64) / half as f64);
        (if k < half { (frequency * t).sin() } else { (frequency * t).cos() }) as f32
    })
}

#[cfg(test)]
mod tests;
