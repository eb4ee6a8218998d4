//! One data set in one setting, learnt at several times.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::data::{Gram, LabelRule, Products, Vectors, labels};
use super::error::SimulationError;
use super::learnt::{DataSet, Drawn, Learnt};
use super::measured::Measured;
use super::search::{Search, solve};
use super::trained::{Batch, Training, checkpoint, train};
use crate::mixture::{Noise, Setting};

/// How the data are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataRule {
    /// The Gram matrix, exactly in law; the cost does not depend on d.
    Gram,
    /// The vectors themselves.
    Explicit,
}

impl DataRule {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            DataRule::Gram => "gram",
            DataRule::Explicit => "explicit",
        }
    }
}

/// How the denoiser is learnt.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// The loss is minimised in the few unknowns that are left when everything else is eliminated.
    Integrated {
        /// How the data are drawn.
        data: DataRule,
        /// How the global minimum is searched for.
        search: Search,
    },
    /// The network itself is trained, on explicit data.
    Trained {
        /// Optimiser and epochs.
        training: Training,
        /// Where networks are kept, so that an interrupted training can go on.
        checkpoints: Option<PathBuf>,
    },
}

impl Method {
    /// Its name in tables.
    pub fn name(&self) -> &'static str {
        match self {
            Method::Integrated { .. } => "integrated",
            Method::Trained { .. } => "trained",
        }
    }

    /// How its data are drawn.
    pub fn data(&self) -> DataRule {
        match self {
            Method::Integrated { data, .. } => *data,
            Method::Trained { .. } => DataRule::Explicit,
        }
    }
}

/// What is simulated: one data set, learnt at several times.
#[derive(Debug, Clone, PartialEq)]
pub struct Run<'a> {
    /// The learning problem.
    pub setting: Setting,
    /// The data set: the same seed at the same dimension is the same data, whatever the times and the method.
    pub seed: u64,
    /// How the classes of the samples are chosen.
    pub labels: LabelRule,
    /// How the denoiser is learnt.
    pub method: &'a Method,
}

/// What a run gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The fraction of training samples in mode +.
    pub p_bar: f64,
    /// The learnt denoisers, one per time.
    pub measured: Vec<Measured>,
}

impl Run<'_> {
    /// Whether the run is possible at these times; cheap.
    ///
    /// # Errors
    /// Times outside the interpolant, fixed noise in the first phase, data that do not exist or do not fit.
    pub fn check(&self, times: &[f64]) -> Result<(), SimulationError> {
        for t in times {
            if !(0.0..=2.0).contains(t) {
                return Err(SimulationError::Time(*t));
            }
            if let Noise::Fixed(k) = self.setting.noise
                && self.setting.path().scale(*t) <= self.setting.kappa
            {
                return Err(SimulationError::FixedNoiseInFirstPhase { t: *t, k });
            }
        }
        if self.labels == LabelRule::Fixed {
            labels(&self.setting, self.labels, self.seed)?;
        }
        if matches!(self.method, Method::Integrated { .. }) {
            Gram::check(&self.setting)?;
        }
        match self.method.data() {
            DataRule::Gram => Products::check(&self.setting),
            DataRule::Explicit => Vectors::check(&self.setting),
        }
    }

    /// The files in which the networks of this run are kept.
    ///
    /// # Errors
    /// See [`Run::check`].
    pub fn checkpoints(&self, times: &[f64]) -> Result<Vec<PathBuf>, SimulationError> {
        let Method::Trained { training, checkpoints: Some(folder) } = self.method else {
            return Ok(Vec::new());
        };
        let labels = labels(&self.setting, self.labels, self.seed)?;
        let file = |t: &f64| checkpoint(&self.setting, &labels, training, self.seed, *t, folder).path;
        Ok(times.iter().map(file).collect())
    }

    /// Draws the data and learns a denoiser at every time, in parallel; none where `stop` said so. `progress` is told
    /// of every time, or of every epoch where networks are trained.
    ///
    /// # Errors
    /// See [`Run::check`]; checkpoints.
    pub fn measure(
        &self,
        times: &[f64],
        stop: &(dyn Fn() -> bool + Sync),
        progress: &(dyn Fn() + Sync),
    ) -> Result<Option<Outcome>, SimulationError> {
        let Some((data, learnt)) = self.learn(times, stop, progress)? else { return Ok(None) };
        let measured = learnt.into_iter().map(|learnt| learnt.measured).collect();
        Ok(Some(Outcome { p_bar: data.p_bar(), measured }))
    }

    /// Draws the data.
    ///
    /// # Errors
    /// Data that do not exist or do not fit.
    pub fn data(&self) -> Result<DataSet, SimulationError> {
        let (setting, seed) = (&self.setting, self.seed);
        let drawn = match self.method.data() {
            DataRule::Gram => Drawn::Products(Products::in_law(setting, seed)?),
            DataRule::Explicit => Drawn::Vectors(Vectors::draw(setting, seed)?),
        };
        Ok(DataSet { labels: labels(setting, self.labels, seed)?, drawn })
    }

    /// The same as [`Run::measure`], with the data and the denoisers themselves.
    ///
    /// # Errors
    /// See [`Run::measure`].
    pub fn learn(
        &self,
        times: &[f64],
        stop: &(dyn Fn() -> bool + Sync),
        progress: &(dyn Fn() + Sync),
    ) -> Result<Option<(DataSet, Vec<Learnt>)>, SimulationError> {
        self.check(times)?;
        let data = self.data()?;
        let learnt = self.learn_on(&data, times, stop, progress)?;
        Ok(learnt.map(|learnt| (data, learnt)))
    }

    /// Learns a denoiser at every time, in parallel, on given data.
    ///
    /// # Errors
    /// Checkpoints.
    pub fn learn_on(
        &self,
        data: &DataSet,
        times: &[f64],
        stop: &(dyn Fn() -> bool + Sync),
        progress: &(dyn Fn() + Sync),
    ) -> Result<Option<Vec<Learnt>>, SimulationError> {
        let (setting, seed, labels) = (&self.setting, self.seed, data.labels.clone());
        match self.method {
            Method::Integrated { search, .. } => {
                let gram = Gram::new(setting, labels, &data.products());
                let at = |t: &f64| {
                    let found = (!stop()).then(|| solve(setting, &gram, seed, *t, *search));
                    progress();
                    found
                };
                Ok(times.par_iter().map(at).collect())
            }
            Method::Trained { training, checkpoints } => {
                let Drawn::Vectors(vectors) = &data.drawn else {
                    return Err(SimulationError::TrainedOnProducts);
                };
                let batch = Batch::new(setting, labels, vectors);
                let folder = checkpoints.as_deref();
                // A checkpoint that cannot be written ends the other trainings too, which would run to their end for nothing.
                let failed = AtomicBool::new(false);
                let stop = || stop() || failed.load(Ordering::Relaxed);
                let at = |t: &f64| {
                    train(setting, &batch, training, seed, *t, folder, &stop, progress)
                        .inspect_err(|_| failed.store(true, Ordering::Relaxed))
                };
                let networks: Result<Vec<_>, _> = times.par_iter().map(at).collect();
                networks.map(|networks| networks.into_iter().collect())
            }
        }
    }
}
