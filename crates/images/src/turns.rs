//! U-turns: images of a known class are noised back to a time t and made again from there; which class comes out?
//!
//! Where the class is kept it had been decided before t. The memory is Σ_k P(k|k) − 1 over the number of classes less 1: 0 where
//! nothing is kept, 1 where everything is; for two classes P(0|0) − P(0|1).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

use crate::data::Images;
use crate::error::{ImagesError, Result};
use crate::exact::{Denoiser, Posterior};
use crate::path::Path;
use crate::sample::{BLOCK, Sampler, onward};
use overlaps::chart::{Curve, Figure, LineStyle, Panel, Points};
use overlaps::model::Running;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps_models::mixture::schedule::{Feature, Levels, Window};
use overlaps_models::{Purpose, stream};

/// Which images are turned, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct UTurns {
    /// The times at which they turn, from 0 to 1.
    pub times: Vec<f64>,
    /// Images of each class at each time.
    pub samples: usize,
    /// Key of the random numbers.
    pub seed: u64,
}

/// What became of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Turned {
    classes: Vec<String>,
    times: Vec<f64>,
    /// At each time, of each class: how often each class came out, and its standard error.
    returns: Vec<Vec<Vec<(f64, f64)>>>,
}

impl UTurns {
    /// Refuses times and numbers that are not possible.
    ///
    /// # Errors
    /// Which.
    pub fn check(&self) -> Result<()> {
        if let Some(t) = self.times.iter().find(|t| !(0.0..=1.0).contains(*t)) {
            return Err(ImagesError::Given(format!("t = {t} is no time to turn at; times lie in [0, 1]")));
        }
        match self.samples {
            0 | 1 => {
                Err(ImagesError::Given("two samples of each class or more are needed for an error".into()))
            }
            _ => Ok(()),
        }
    }

    /// An image of a class, noised to a time.
    fn start(
        &self,
        images: &Images,
        of_class: &[usize],
        path: Path,
        index: usize,
        t: f64,
    ) -> (Vec<f32>, ChaCha8Rng) {
        let mut random = stream(self.seed, images.shape.size() as u64, Purpose::Turn, index as u64);
        let image = images.image(of_class[random.random_range(0..of_class.len())]);
        let (a, b) = (path.noise(t), path.data(t));
        let noised = |x: &f32| (b * f64::from(*x) + a * random.sample::<f64, _>(StandardNormal)) as f32;
        (image.iter().map(noised).collect(), random)
    }

    /// Turns images; `ends` gives the probabilities of the classes of what comes out, a row for each of some starts at a time.
    fn turned(&self, images: &Images, path: Path, ends: &Ends) -> Result<Option<Turned>> {
        self.check()?;
        let classes = images.classes.len();
        let of_class: Vec<Vec<usize>> = (0..classes)
            .map(|k| (0..images.count()).filter(|place| images.labels[*place] == k).collect())
            .collect();
        let mut returns = Vec::new();
        for (time_place, t) in self.times.iter().enumerate() {
            let mut at_time = Vec::new();
            for (class, places) in of_class.iter().enumerate() {
                let first = (time_place * classes + class) * self.samples;
                let start = |place: usize| self.start(images, places, path, first + place, *t);
                let rows = if *t >= 1.0 {
                    let own: Vec<f64> = (0..classes).map(|k| f64::from(u8::from(k == class))).collect();
                    vec![own; self.samples]
                } else {
                    match ends(*t, self.samples, &start)? {
                        Some(rows) => rows,
                        None => return Ok(None),
                    }
                };
                at_time.push((0..classes).map(|k| mean(rows.iter().map(|row| row[k]))).collect());
            }
            returns.push(at_time);
        }
        Ok(Some(Turned { classes: images.classes.clone(), times: self.times.clone(), returns }))
    }

    /// With the posterior of the images: what the exact reverse process leads to, without a step.
    ///
    /// # Errors
    /// Times that are not possible.
    pub fn exact(&self, images: &Images, path: Path, running: &Running) -> Result<Option<Turned>> {
        let posterior = Posterior::new(images, path);
        self.turned(images, path, &|t, count, start| {
            let blocks: Vec<usize> = (0..count).step_by(BLOCK).collect();
            let block = |first: usize| {
                let x: Vec<f32> =
                    (first..count.min(first + BLOCK)).flat_map(|place| start(place).0).collect();
                let classes = (!(running.interrupted)()).then(|| posterior.classes(&x, t));
                (running.progress)();
                classes
            };
            let rows: Option<Vec<Vec<Vec<f64>>>> = blocks.into_par_iter().map(block).collect();
            Ok(rows.map(|rows| rows.concat()))
        })
    }

    /// With a denoiser and a judge of what comes out, in steps of the length of so many from 0 to 1.
    ///
    /// # Errors
    /// Times that are not possible.
    pub fn learnt(
        &self,
        images: &Images,
        denoiser: &dyn Denoiser,
        (sampler, steps): (Sampler, usize),
        judge: &dyn Fn(&[f32]) -> Vec<Vec<f64>>,
        running: &Running,
    ) -> Result<Option<Turned>> {
        self.turned(images, denoiser.path(), &|t, count, start| {
            let steps = ((1.0 - t) * steps as f64).ceil().max(1.0) as usize;
            Ok(onward(denoiser, (sampler, steps), t, count, start, running).map(|x| judge(&x)))
        })
    }

    /// Units of progress.
    pub fn units(&self, classes: usize) -> u64 {
        let turning = self.times.iter().filter(|t| **t < 1.0).count();
        (turning * classes * self.samples.div_ceil(BLOCK)) as u64
    }
}

/// Random numbers that go on from the start of an image.
type Start<'s> = dyn Fn(usize) -> (Vec<f32>, ChaCha8Rng) + Sync + 's;
/// What comes out of some starts at a time.
type Ends<'e> = dyn Fn(f64, usize, &Start) -> Result<Option<Vec<Vec<f64>>>> + 'e;

/// The mean and its standard error.
fn mean(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let square: f64 = values.map(|x| (x - mean).powi(2)).sum();
    (mean, (square / (count * (count - 1.0))).sqrt())
}

impl Turned {
    /// P(to|from) at a time, by their places.
    pub fn fraction(&self, time: usize, from: usize, to: usize) -> f64 {
        self.returns[time][from][to].0
    }

    /// The memory at each time, with its standard error.
    pub fn memory(&self) -> Vec<(f64, f64)> {
        let other = (self.classes.len() - 1) as f64;
        let of = |at_time: &Vec<Vec<(f64, f64)>>| {
            let kept: f64 = at_time.iter().enumerate().map(|(k, ends)| ends[k].0).sum();
            let variance: f64 = at_time.iter().enumerate().map(|(k, ends)| ends[k].1.powi(2)).sum();
            ((kept - 1.0) / other, variance.sqrt() / other)
        };
        self.returns.iter().map(of).collect()
    }

    /// The times between which the memory rises from one share of its change to another; none where it does not.
    pub fn window(&self, levels: Levels) -> Option<Window> {
        let curve = self.times.iter().zip(self.memory()).map(|(t, (memory, _))| (*t, memory)).collect();
        Some(Feature::fitted("memory", curve).ok()?.window(levels))
    }

    /// A row for each time: the memory, and how often each class is kept.
    pub fn table(&self) -> Table {
        let mut columns = vec![
            Column::new("time", "time of the turn", Role::Control),
            Column::new("memory", "how much of the class is kept: 0 nothing, 1 all", Role::Output),
            Column::new("memory_error", "its standard error", Role::Certificate),
        ];
        for class in &self.classes {
            columns.push(Column::new(
                format!("kept_{}", word(class)),
                "fraction of this class that keeps it",
                Role::Output,
            ));
        }
        let mut table = Table::new(columns);
        for ((t, (memory, error)), at_time) in self.times.iter().zip(self.memory()).zip(&self.returns) {
            let kept = at_time.iter().enumerate().map(|(k, ends)| ends[k].0);
            table.rows.push([*t, memory, error].into_iter().chain(kept).map(Cell::Number).collect());
        }
        table
    }

    /// The memory and the fractions against the time of the turn.
    pub fn figure(&self) -> Figure {
        let memory: Vec<(f64, f64, f64)> =
            self.times.iter().zip(self.memory()).map(|(t, (memory, error))| (*t, memory, error)).collect();
        let mut first = Panel::new("memory");
        // The colour of no class, unless there are seven.
        const OWN: usize = 6;
        first.curves.push(Curve::new(
            "",
            LineStyle::Solid,
            OWN,
            memory.iter().map(|(t, y, _)| (*t, *y)).collect(),
        ));
        first.points.push(Points::new("memory", OWN, memory));
        let mut second = Panel::new("kept");
        // The palette has seven colours.
        for (k, class) in self.classes.iter().enumerate().take(7) {
            let kept: Vec<(f64, f64, f64)> =
                self.times.iter().zip(&self.returns).map(|(t, r)| (*t, r[k][k].0, r[k][k].1)).collect();
            second.curves.push(Curve::new(
                "",
                LineStyle::Solid,
                k,
                kept.iter().map(|(t, y, _)| (*t, *y)).collect(),
            ));
            second.points.push(Points::new(format!("class {class}"), k, kept));
        }
        Figure {
            title: "U-turns: noised to t, made again".into(),
            x_label: "t".into(),
            panels: vec![first, second],
            ..Figure::default()
        }
    }
}

/// A name of a class as a part of the name of a column.
fn word(class: &str) -> String {
    class.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
