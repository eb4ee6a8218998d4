//! One data set: its denoisers, and samples that are generated with them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::basis::{Basis, place};
use super::denoiser::{Projected, exact};
use super::error::GenerateError;
use super::explicit::{ExplicitDenoiser, ExplicitDirections, ExplicitSamples};
use super::flow::{Integrator, Samples, end_of_adaptive, times};
use super::law::{Directions, Law};
use super::spins::{Draw, Start, check as check_spins, generate as generate_spins};
use crate::mixture::simulate::{
    DataRule, DataSet, Drawn, Gram, LabelRule, Learnt, Method, Products, Run, Vectors, Weights, p_bar, solve,
};
use crate::mixture::{Noise, Schedule, Setting, Target};

/// How many numbers samples in reduced coordinates may have: 3.2 GB.
const MOST_NUMBERS: u64 = 400_000_000;

/// Which denoisers a flow has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Denoisers<'a> {
    /// E[x₁|x] of the mixture, eq. (9).
    Exact,
    /// Learnt, one per time step, on a data set of their own for every seed.
    Learnt(&'a Method),
}

/// Samples from one data set (or from the exact denoiser).
#[derive(Debug, Clone, PartialEq)]
pub struct Generation<'a> {
    /// The learning problem.
    pub setting: Setting,
    /// Data set, and key of the samples' random numbers.
    pub seed: u64,
    /// How the classes of the training samples are chosen.
    pub labels: LabelRule,
    /// Which denoisers.
    pub denoisers: Denoisers<'a>,
    /// Steps from t = 0 to 2.
    pub steps: usize,
    /// Samples.
    pub samples: usize,
    /// How the flow is integrated.
    pub integrator: Integrator,
    /// Reduced coordinates, or arrays of d numbers.
    pub data: DataRule,
}

/// The denoisers of one data set at the times of the steps, in the basis of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Networks {
    /// The classes of the samples.
    pub labels: Vec<f64>,
    /// The basis.
    pub basis: Basis,
    /// One denoiser at the beginning of every step.
    pub denoisers: Vec<Projected>,
    /// Whether all of them met their tolerances.
    pub converged: bool,
}

/// What a generation gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The fraction of training samples in mode +; p for the exact denoiser.
    pub p_bar: f64,
    /// The law of the samples at every time, from 0 to 2.
    pub laws: Vec<Law>,
    /// With the exact denoiser: μ·X/√d of every sample at the last time of the first phase.
    pub nu_first: Vec<f64>,
    /// Whether all denoisers met their tolerances.
    pub converged: bool,
}

impl Generation<'_> {
    /// Whether it is possible; cheap.
    ///
    /// # Errors
    /// Impossible data, a schedule without a first phase, samples that do not fit.
    pub fn check(&self) -> Result<(), GenerateError> {
        let setting = &self.setting;
        if setting.schedule == Schedule::Dilated && setting.kappa == 0.0 {
            return Err(GenerateError::NoDilation);
        }
        if self.is_magnet() {
            if self.denoisers != Denoisers::Exact {
                return Err(GenerateError::ExactOnly { what: "the Curie–Weiss magnet" });
            }
            if self.integrator == Integrator::Adaptive {
                return Err(GenerateError::OnlyAtSteps { what: "the spins of a magnet" });
            }
            return check_spins(setting);
        }
        if self.integrator == Integrator::Adaptive && end_of_adaptive(&setting.path()).is_none() {
            return Err(GenerateError::NoEnd);
        }
        if let Denoisers::Learnt(method) = self.denoisers {
            if setting.interpolant.is_exploding() {
                return Err(GenerateError::ExactOnly { what: "a variance-exploding interpolant" });
            }
            if setting.target.m() != 1.0 {
                return Err(GenerateError::ExactOnly { what: "a mixture with M other than 1" });
            }
            let run = self.run(method, true);
            run.check(&[0.0])?;
            self.run(method, false).check(&[2.0])?;
            // Arrays of d numbers need no basis.
            if self.data != DataRule::Explicit {
                Products::check(setting)?;
            }
            if self.integrator == Integrator::Adaptive && matches!(method, Method::Trained { .. }) {
                return Err(GenerateError::OnlyAtSteps { what: "trained networks" });
            }
        }
        if self.data == DataRule::Explicit {
            if self.integrator == Integrator::Adaptive {
                return Err(GenerateError::OnlyAtSteps { what: "explicit denoisers" });
            }
            return ExplicitSamples::check(setting, self.samples);
        }
        let size = 1 + if self.denoisers == Denoisers::Exact { 0 } else { setting.vectors() };
        if (size as u64).saturating_mul(self.samples as u64) > MOST_NUMBERS {
            return Err(GenerateError::TooLarge {
                samples: self.samples,
                size,
                most: MOST_NUMBERS,
                advice: "and more seeds",
            });
        }
        Ok(())
    }

    fn is_magnet(&self) -> bool {
        matches!(self.setting.target, Target::CurieWeiss { .. })
    }

    /// The times of the steps, from 0 to 2.
    pub fn times(&self) -> Vec<f64> {
        times(self.steps)
    }

    /// The learning of the denoisers; with fresh noise in the first phase, where fixed noise has no limit.
    fn run<'m>(&self, method: &'m Method, first_phase: bool) -> Run<'m> {
        let noise = if first_phase { Noise::Fresh } else { self.setting.noise };
        let setting = Setting { noise, ..self.setting };
        Run { setting, seed: self.seed, labels: self.labels, method }
    }

    /// Whether a time is in the first phase, τ ≤ κ/√d.
    fn in_first_phase(&self, t: f64) -> bool {
        self.setting.noise == Noise::Fresh || self.setting.path().scale(t) <= self.setting.kappa
    }

    /// Draws the data and learns a denoiser at every time given, rising; none where `stop` said so.
    ///
    /// # Errors
    /// Impossible data, checkpoints.
    pub fn learn(
        &self,
        method: &Method,
        times: &[f64],
        stop: &(dyn Fn() -> bool + Sync),
        progress: &(dyn Fn() + Sync),
    ) -> Result<Option<(DataSet, Vec<Learnt>)>, GenerateError> {
        let (first, second): (Vec<f64>, Vec<f64>) = times.iter().partition(|t| self.in_first_phase(**t));
        let data = self.run(method, false).data()?;
        let mut learnt = Vec::new();
        for (times, first_phase) in [(first, true), (second, false)] {
            let run = self.run(method, first_phase);
            let seen = seen_by(&data, &run.setting);
            match run.learn_on(&seen, &times, stop, progress)? {
                Some(more) => learnt.extend(more),
                None => return Ok(None),
            }
        }
        Ok(Some((data, learnt)))
    }

    /// Places learnt denoisers in the basis of their data.
    ///
    /// # Errors
    /// Data that are not linearly independent.
    pub fn networks(&self, data: &DataSet, learnt: &[Learnt]) -> Result<Networks, GenerateError> {
        let weights: Vec<&Weights> = learnt.iter().map(|l| &l.weights).collect();
        let (basis, placed) = place(data, self.setting.sigma, &weights)?;
        let denoisers =
            learnt.iter().zip(placed).map(|(l, [u, w])| Projected { c: l.c, u, w, b: l.b }).collect();
        let converged = learnt.iter().all(|l| l.measured.converged);
        Ok(Networks { labels: data.labels.clone(), basis, denoisers, converged })
    }

    /// Generates with denoisers that are known at the times of the steps; none where `stop` said so.
    ///
    /// # Errors
    /// A method that needs them elsewhere.
    pub fn from_networks(
        &self,
        networks: &Networks,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Generated>, GenerateError> {
        if self.integrator == Integrator::Adaptive {
            return Err(GenerateError::OnlyAtSteps { what: "saved denoisers" });
        }
        let directions = Directions::new(&networks.basis, &networks.labels);
        let record = self.in_steps(&networks.denoisers, &directions, networks.basis.size, stop);
        Ok(record.map(|record| record.generated(p_bar(&networks.labels), networks.converged)))
    }

    fn in_steps(
        &self,
        denoisers: &[Projected],
        directions: &Directions,
        size: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Record> {
        let (path, times) = (self.setting.path(), self.times());
        let mut samples = Samples::start(&self.setting, self.seed, self.samples, size);
        let mut record = Record::new(self);
        record.take(directions.law(&samples, path.root_d), || samples.nu());
        for (ends, denoiser) in times.windows(2).zip(denoisers) {
            if stop() {
                return None;
            }
            samples.step(&path, self.integrator, denoiser, ends[0], ends[1]);
            record.take(directions.law(&samples, path.root_d), || samples.nu());
        }
        Some(record)
    }

    /// Generates with arrays of d numbers, on explicit data; none where `stop` said so.
    ///
    /// # Errors
    /// Data that are scalar products only.
    pub fn from_arrays(
        &self,
        data: &DataSet,
        learnt: &[Learnt],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Generated>, GenerateError> {
        self.explicit(Some((data, learnt)), stop)
    }

    /// Generates; none where `stop` said so. `progress` is told of every denoiser that is learnt (of every epoch where
    /// networks are trained).
    ///
    /// # Errors
    /// Impossible data, checkpoints, an integrator that gives up.
    pub fn generate(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        progress: &(dyn Fn() + Sync),
    ) -> Result<Option<Generated>, GenerateError> {
        match self.denoisers {
            Denoisers::Exact if self.is_magnet() => Ok(self.spins(stop)),
            Denoisers::Exact => self.generate_exact(stop),
            Denoisers::Learnt(method) if self.integrator == Integrator::Adaptive => {
                self.generate_adaptive(method, stop)
            }
            Denoisers::Learnt(method) => {
                let Some((data, learnt)) = self.learn(method, &self.times()[..self.steps], stop, progress)?
                else {
                    return Ok(None);
                };
                if self.data == DataRule::Explicit {
                    return self.from_arrays(&data, &learnt, stop);
                }
                self.from_networks(&self.networks(&data, &learnt)?, stop)
            }
        }
    }

    /// Spins, in arrays of d numbers, whose denoiser is not of the form c x + u tanh(w·x/√d + b).
    fn spins(&self, stop: &(dyn Fn() -> bool + Sync)) -> Option<Generated> {
        let times = self.times();
        let at: Vec<usize> = (0..times.len()).collect();
        let draw = Draw { seed: self.seed, count: self.samples, start: Start::Independent };
        let found = generate_spins(&self.setting, draw, self.integrator, &times, &at, stop)?;
        let laws = found.into_iter().map(|(law, _)| law).collect();
        Some(Generated { p_bar: self.setting.p, laws, nu_first: Vec::new(), converged: true })
    }

    fn generate_exact(&self, stop: &(dyn Fn() -> bool + Sync)) -> Result<Option<Generated>, GenerateError> {
        let (setting, path, times) = (&self.setting, self.setting.path(), self.times());
        if self.data == DataRule::Explicit {
            return self.explicit(None, stop);
        }
        let (basis, directions) = (Basis::of_mean(), Directions::none());
        let at = |t: f64| exact(setting, path.at(t));
        let record = match self.integrator {
            Integrator::Euler | Integrator::Ddim => {
                let denoisers: Vec<Projected> = times[..self.steps].iter().map(|t| at(*t)).collect();
                self.in_steps(&denoisers, &directions, basis.size, stop)
            }
            Integrator::Adaptive => self.adaptive(&at, &directions, basis.size, stop)?,
        };
        Ok(record.map(|record| record.generated(setting.p, true)))
    }

    fn adaptive(
        &self,
        at: &(dyn Fn(f64) -> Projected + Sync),
        directions: &Directions,
        size: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Record>, GenerateError> {
        let (path, times) = (self.setting.path(), self.times());
        let mut samples = Samples::start(&self.setting, self.seed, self.samples, size);
        let mut record = Record::new(self);
        record.take(directions.law(&samples, path.root_d), || samples.nu());
        for ends in times.windows(2) {
            if stop() {
                return Ok(None);
            }
            // The slope of a dilated schedule jumps at its bend.
            let middle = (ends[0] < path.bend && ends[1] > path.bend).then_some(path.bend);
            let stops: Vec<f64> = std::iter::once(ends[0]).chain(middle).chain([ends[1]]).collect();
            for part in stops.windows(2) {
                samples.adaptive(&path, at, part[0], part[1])?;
            }
            record.take(directions.law(&samples, path.root_d), || samples.nu());
        }
        Ok(Some(record))
    }

    /// The adaptive method with the noise-integrated minimum at every time that it asks for.
    fn generate_adaptive(
        &self,
        method: &Method,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Generated>, GenerateError> {
        let Method::Integrated { search, .. } = method else {
            return Err(GenerateError::OnlyAtSteps { what: "trained networks" });
        };
        let data = self.run(method, false).data()?;
        let setting = [true, false].map(|first| self.run(method, first).setting);
        let gram = setting.map(|s| {
            let seen = seen_by(&data, &s);
            Gram::new(&s, data.labels.clone(), &seen.products())
        });
        let (basis, _) = place(&data, self.setting.sigma, &[])?;
        let directions = Directions::new(&basis, &data.labels);
        let known: Mutex<HashMap<u64, Projected>> = Mutex::new(HashMap::new());
        let converged = AtomicBool::new(true);
        let at = |t: f64| {
            let lock = || known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(found) = lock().get(&t.to_bits()) {
                return found.clone();
            }
            let phase = usize::from(!self.in_first_phase(t));
            let learnt = solve(&setting[phase], &gram[phase], self.seed, t, *search);
            converged.fetch_and(learnt.measured.converged, Ordering::Relaxed);
            let Weights::Span { u, w } = &learnt.weights else {
                unreachable!("the minimum lies in the span")
            };
            let [u, w] = [u, w].map(|a| super::basis::in_span(&basis, &data.labels, self.setting.sigma, a));
            let found = Projected { c: learnt.c, u, w, b: learnt.b };
            lock().insert(t.to_bits(), found.clone());
            found
        };
        let record = self.adaptive(&at, &directions, basis.size, stop)?;
        Ok(record.map(|record| record.generated(data.p_bar(), converged.load(Ordering::Relaxed))))
    }

    /// The flow of arrays of d numbers.
    fn explicit(
        &self,
        learnt: Option<(&DataSet, &[Learnt])>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Generated>, GenerateError> {
        let (setting, path, times) = (&self.setting, self.setting.path(), self.times());
        let d = setting.d as usize;
        let vectors: Option<(&Vectors, &[f64])> = match learnt {
            Some((data, _)) => match &data.drawn {
                Drawn::Vectors(vectors) => Some((vectors, &data.labels)),
                Drawn::Products(_) => return Err(GenerateError::WithoutData),
            },
            None => None,
        };
        let directions = ExplicitDirections::new(vectors, d);
        let mut samples = ExplicitSamples::start(setting, self.seed, self.samples);
        let mut record = Record::new(self);
        record.take(directions.law(&samples), || samples.nu());
        for (step, ends) in times.windows(2).enumerate() {
            if stop() {
                return Ok(None);
            }
            let denoiser = match (learnt, vectors) {
                (Some((_, learnt)), Some((vectors, labels))) => {
                    let l = &learnt[step];
                    ExplicitDenoiser::learnt(vectors, labels, setting.sigma, &l.weights, (l.b, l.c))
                }
                _ => {
                    let one = exact(setting, path.at(ends[0]));
                    ExplicitDenoiser { c: one.c, u: vec![one.u[0]; d], w: vec![one.w[0]; d], b: one.b }
                }
            };
            samples.step(&path, self.integrator, &denoiser, ends[0], ends[1]);
            record.take(directions.law(&samples), || samples.nu());
        }
        let p_bar = learnt.map_or(setting.p, |(data, _)| data.p_bar());
        let converged = learnt.is_none_or(|(_, learnt)| learnt.iter().all(|l| l.measured.converged));
        Ok(Some(record.generated(p_bar, converged)))
    }
}

/// What is kept of a flow as it goes.
struct Record {
    laws: Vec<Law>,
    nu_first: Vec<f64>,
    /// At which place of the time grid the first phase ends, where ν is wanted there.
    keep_at: Option<usize>,
}

impl Record {
    fn new(generation: &Generation) -> Record {
        let exact = generation.denoisers == Denoisers::Exact;
        let keep_at = generation.times().iter().rposition(|t| *t <= 1.0).filter(|_| exact);
        Record { laws: Vec::new(), nu_first: Vec::new(), keep_at }
    }

    fn take(&mut self, law: Law, nu: impl FnOnce() -> Vec<f64>) {
        if self.keep_at == Some(self.laws.len()) {
            self.nu_first = nu();
        }
        self.laws.push(law);
    }

    fn generated(self, p_bar: f64, converged: bool) -> Generated {
        Generated { p_bar, laws: self.laws, nu_first: self.nu_first, converged }
    }
}

/// The data as a run with this noise sees them: without the fixed noise where its noise is fresh.
fn seen_by(data: &DataSet, setting: &Setting) -> DataSet {
    let count = setting.vectors();
    let drawn = match &data.drawn {
        Drawn::Products(p) => Drawn::Products(Products {
            zz: p.zz.view((0, 0), (count, count)).into_owned(),
            zeta: p.zeta.rows(0, count).into_owned(),
        }),
        Drawn::Vectors(v) => Drawn::Vectors(Vectors { rows: v.rows[..count].to_vec(), d: v.d }),
    };
    DataSet { labels: data.labels.clone(), drawn }
}
