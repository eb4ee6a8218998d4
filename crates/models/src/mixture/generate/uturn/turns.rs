//! The U-turns of one data set at all times, and those of the denoisers of theory.

use super::{Forward, Turn, exact_return};
use crate::mixture::generate::predicted::{Dimension, Source, Theories, closed_form::normal_cdf};
use crate::mixture::generate::{
    Denoisers, GenerateError, Generation, MOST_DIMENSIONS, Projected, exact, times,
};
use crate::mixture::{Noise, Setting};
use overlaps::model::Running;

/// Samples of each class with which the process of theory is run.
const OF_THEORY: usize = 40_000;
/// Turns nearer to a step than this share its time.
const SAME: f64 = 1e-9;

/// What is run.
pub(super) struct Turns {
    turns: Vec<f64>,
    /// Times of the steps, and of the turns among them.
    times: Vec<f64>,
    samples: usize,
    /// How a sample goes on.
    pub forward: Forward,
}

/// What came out of one data set.
#[derive(Debug, Clone)]
pub struct Turned {
    /// The fraction of training samples in mode +; p for the exact denoiser.
    pub p_bar: f64,
    /// For every turn, the fractions that end in mode + of those that started in + and −.
    pub plus: Vec<[f64; 2]>,
    /// Whether all denoisers met their tolerances.
    pub converged: bool,
}

/// What theory says of a turn: the fractions that end in mode +, and their errors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expected {
    /// From + and −.
    pub plus: [f64; 2],
    /// Standard error, where they come from samples themselves.
    pub error: [f64; 2],
}

impl Turns {
    /// Turns at some times, with so many steps from 0 to 2.
    pub fn new(turns: &[f64], steps: usize, samples: usize, forward: Forward) -> Turns {
        let mut all = times(steps);
        all.retain(|t| turns.iter().all(|turn| (t - turn).abs() > SAME) || *t == 2.0);
        all.extend(turns.iter().copied().filter(|t| *t < 2.0));
        all.sort_by(f64::total_cmp);
        all.dedup();
        Turns { turns: turns.to_vec(), times: all, samples, forward }
    }

    /// The denoisers that are needed: from the first turn on, at every time but the last.
    pub fn needed(&self) -> &[f64] {
        let first = self.turns.iter().copied().fold(2.0, f64::min);
        let start = self.times.iter().position(|t| *t >= first).unwrap_or(self.times.len() - 1);
        &self.times[start..self.times.len() - 1]
    }

    /// All turns of one data set; none where an interruption was asked for.
    ///
    /// # Errors
    /// Impossible data, checkpoints.
    pub fn turn(&self, generation: &Generation, running: &Running) -> Result<Option<Turned>, GenerateError> {
        let Running { interrupted: stop, progress } = *running;
        let setting = &generation.setting;
        let needed = self.needed();
        let (denoisers, size, p_bar, converged) = match generation.denoisers {
            Denoisers::Exact => {
                let path = setting.path();
                let all: Vec<Projected> = needed.iter().map(|t| exact(setting, path.at(*t))).collect();
                needed.iter().for_each(|_| progress());
                (all, 1, setting.p, true)
            }
            Denoisers::Learnt(method) => {
                let Some((data, learnt)) = generation.learn(method, needed, stop, progress)? else {
                    return Ok(None);
                };
                let networks = generation.networks(&data, &learnt)?;
                (networks.denoisers, networks.basis.size, data.p_bar(), networks.converged)
            }
        };
        let plus = self.run(setting, generation.seed, self.samples, &denoisers, size, stop);
        Ok(plus.map(|plus| Turned { p_bar, plus, converged }))
    }

    fn run(
        &self,
        setting: &Setting,
        seed: u64,
        samples: usize,
        denoisers: &[Projected],
        size: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<[f64; 2]>> {
        let mut all = Vec::new();
        for turn in &self.turns {
            if stop() {
                return None;
            }
            let start = self.times.iter().position(|t| t >= turn).unwrap_or(self.times.len() - 1);
            let times = &self.times[start..];
            let denoisers = &denoisers[denoisers.len() + 1 - times.len()..];
            let turn = Turn { setting, seed, samples, times, denoisers, size };
            all.push(match self.forward {
                Forward::Sde => turn.sde(stop)?,
                Forward::Resample => turn.resample(stop)?,
            });
        }
        Some(all)
    }

    /// What theory says of every turn: the posterior for the exact denoiser, else the process with the denoisers of the theory
    /// of finite d. None where there is no such theory (fixed noise).
    ///
    /// # Errors
    /// A theory that does not converge.
    pub fn expected(
        &self,
        theories: &Theories,
        generation: &Generation,
        p_bar: f64,
    ) -> Result<Option<Vec<Expected>>, GenerateError> {
        let setting = &generation.setting;
        if generation.denoisers == Denoisers::Exact {
            // A sample of mode + has μ·X > 0 with probability Φ(√d/σ).
            let right = if setting.sigma > 0.0 && self.forward == Forward::Sde {
                normal_cdf(setting.root_d() / setting.sigma)
            } else {
                1.0
            };
            let counted = |plus: f64| plus * right + (1.0 - plus) * (1.0 - right);
            let of = |t: &f64| Expected { plus: posterior(setting, *t).map(counted), error: [0.0; 2] };
            return Ok(Some(self.turns.iter().map(of).collect()));
        }
        let plus = (p_bar * setting.n as f64).round() as usize;
        let one_class = plus == 0 || plus == setting.n;
        if setting.noise != Noise::Fresh || setting.sigma == 0.0 || one_class || setting.d > MOST_DIMENSIONS {
            return Ok(None);
        }
        let source = Source::Learnt { n: [plus, setting.n - plus] };
        let denoisers = theories.networks(setting, source, Dimension::Finite, self.needed())?;
        let size = denoisers.first().map_or(1, |d| d.u.len());
        let seed = generation.seed.wrapping_add(0x5eed_0000_0000);
        let plus = self.run(setting, seed, OF_THEORY, &denoisers, size, &|| false).unwrap_or_default();
        let error = |p: f64| (p * (1.0 - p) / OF_THEORY as f64).sqrt();
        Ok(Some(plus.into_iter().map(|plus| Expected { plus, error: plus.map(error) }).collect()))
    }
}

/// The posterior probabilities of + at a turn, averaged over the samples of each class.
pub(super) fn posterior(setting: &Setting, t: f64) -> [f64; 2] {
    let at = setting.path().at(t);
    exact_return(setting.p, at.scale, at.variance(setting.sigma).max(f64::MIN_POSITIVE)).0
}
