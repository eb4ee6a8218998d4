//! Fitting a network: AdamW with warm-up, a cosine to zero and slopes clipped to length 1, and the average of its parameters over time;
//! kept on disk as it goes, so that an interrupted fit goes on and ends with the same bytes.

use std::f64::consts::PI;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::network::Network;
use crate::store;
use overlaps::model::Running;

/// Decay of the means of slopes and of their squares, what keeps from dividing by zero, and decay of parameters (Loshchilov and
/// Hutter 2019, with the values of PyTorch).
const DECAY: (f64, f64) = (0.9, 0.999);
const SMALL: f64 = 1e-8;
const SHRINK: f64 = 0.01;
/// The length of the slope beyond which it is clipped.
const LONGEST: f64 = 1.0;
/// Steps after which the state is written.
const KEPT_EVERY: u64 = 200;

/// How a network is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Steps in all.
    pub steps: u64,
    /// Steps in which the rate rises to its full height.
    pub warm_up: u64,
    /// The largest rate.
    pub rate: f64,
    /// Images of a step.
    pub batch: usize,
    /// The decay of the average over time of the parameters, which is what is learnt then; none for those of the last step.
    pub average: Option<f64>,
}

impl Pace {
    /// The rate of a step, from 0.
    fn rate_at(self, step: u64) -> f64 {
        let (step, steps, warm_up) = (step as f64, self.steps as f64, self.warm_up as f64);
        if step < warm_up {
            return self.rate * (step + 1.0) / warm_up;
        }
        self.rate * 0.5 * (1.0 + (PI * (step - warm_up) / (steps - warm_up).max(1.0)).cos())
    }

    /// The share that the average keeps at a step, from 1: less at the start, so that it forgets where training began (as
    /// `ExponentialMovingAverage` of TensorFlow, and score-based models after it).
    fn kept_at(decay: f64, step: u64) -> f64 {
        decay.min((1.0 + step as f64) / (10.0 + step as f64))
    }
}

/// What a step learns from: images, their times, and what the network should give for them.
pub struct Batch {
    /// The images, one after the other.
    pub images: Vec<f32>,
    /// The time of each; none for a classifier.
    pub times: Vec<f64>,
    /// What is to come out; for a classifier 1 for the class and 0 for the others.
    pub targets: Vec<f32>,
}

/// What is made small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The mean of the squares of differences.
    Squares,
    /// −log of the probability of the class.
    Classes,
}

impl Loss {
    /// The loss of what was given for targets, and its slope, times a share.
    pub fn of(self, given: &[f32], targets: &[f32], classes: usize, share: f64) -> (f64, Vec<f32>) {
        match self {
            Loss::Squares => {
                let differences = given.iter().zip(targets).map(|(y, z)| f64::from(*y) - f64::from(*z));
                let sum: f64 = differences.clone().map(|x| x * x).sum();
                (share * sum, differences.map(|x| (2.0 * share * x) as f32).collect())
            }
            Loss::Classes => {
                let (mut sum, mut slopes) = (0.0, Vec::with_capacity(given.len()));
                for (own, targets) in given.chunks_exact(classes).zip(targets.chunks_exact(classes)) {
                    for (p, target) in softmax(own).into_iter().zip(targets) {
                        sum -= f64::from(*target) * p.max(1e-300).ln();
                        slopes.push((share * (p - f64::from(*target))) as f32);
                    }
                }
                (share * sum, slopes)
            }
        }
    }
}

/// Probabilities from what a classifier gives.
pub fn softmax(given: &[f32]) -> Vec<f64> {
    let largest = given.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = given.iter().map(|y| f64::from(y - largest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

/// A network on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Steps that are done.
    pub step: u64,
    /// The sum of the losses of the last steps, and how many.
    pub loss: (f64, u64),
    /// The parameters.
    pub parameters: Vec<f32>,
    /// The mean of their slopes, and of the squares.
    pub mean: Vec<f32>,
    /// The mean of the squares.
    pub square: Vec<f32>,
    /// The average of the parameters over time, where it is asked for.
    pub average: Option<Vec<f32>>,
}

impl State {
    /// That of a network at the start.
    pub fn new(network: &Network, seed: u64, pace: Pace) -> State {
        let (parameters, zeros) = (network.start(seed), vec![0.0; network.count()]);
        let average = pace.average.map(|_| parameters.clone());
        State { step: 0, loss: (0.0, 0), parameters, mean: zeros.clone(), square: zeros, average }
    }

    /// A step of AdamW along some slopes.
    pub fn descend(&mut self, slopes: &[f32], pace: Pace) {
        let length = slopes.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        // As PyTorch clips.
        let clip = (LONGEST / (length + 1e-6)).min(1.0);
        let rate = pace.rate_at(self.step);
        self.step += 1;
        let power = self.step.min(i32::MAX as u64) as i32;
        let (mean_share, square_share) = (1.0 - DECAY.0.powi(power), 1.0 - DECAY.1.powi(power));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((x, (mean, square)), slope) in self.parameters.iter_mut().zip(moments).zip(slopes) {
            let slope = f64::from(*slope) * clip;
            let of_mean = DECAY.0 * f64::from(*mean) + (1.0 - DECAY.0) * slope;
            let of_square = DECAY.1 * f64::from(*square) + (1.0 - DECAY.1) * slope * slope;
            let step = of_mean / mean_share / ((of_square / square_share).sqrt() + SMALL);
            *x = (f64::from(*x) * (1.0 - rate * SHRINK) - rate * step) as f32;
            (*mean, *square) = (of_mean as f32, of_square as f32);
        }
        if let (Some(average), Some(decay)) = (&mut self.average, pace.average) {
            let rest = 1.0 - Pace::kept_at(decay, self.step);
            for (average, x) in average.iter_mut().zip(&self.parameters) {
                let from = f64::from(*average);
                *average = (from + rest * (f64::from(*x) - from)) as f32;
            }
        }
    }
}

/// Where the state of a fit is kept, and what decides about it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The file.
    pub path: PathBuf,
    /// Everything that decides about the result.
    pub run: String,
}

/// Fits a network: parameters at the end, or their average, and the mean loss of the last tenth of the steps, which is that of the parameters
/// themselves. None where an interruption was asked for; what is kept then goes on.
///
/// # Errors
/// A file that cannot be read or written, or is that of another fit.
pub fn fit(
    network: &Network,
    (pace, seed): (Pace, u64),
    loss: Loss,
    batch: &dyn Fn(u64) -> Batch,
    kept: Option<&Kept>,
    running: &Running,
) -> Result<Option<(Vec<f32>, f64)>> {
    let found = kept
        .map(|kept| store::load_state(kept, network.count(), pace.average.is_some()))
        .transpose()?
        .flatten();
    let mut state = found.unwrap_or_else(|| State::new(network, seed, pace));
    (0..state.step).for_each(|_| (running.progress)());
    let mut groups = network.workspaces(pace.batch);
    let outputs = network.design.classes.unwrap_or(network.design.shape.size());
    let share = match loss {
        Loss::Squares => 1.0 / (pace.batch * outputs) as f64,
        Loss::Classes => 1.0 / pace.batch as f64,
    };
    while state.step < pace.steps {
        if (running.interrupted)() {
            if let Some(kept) = kept {
                store::save_state(kept, &state)?;
            }
            return Ok(None);
        }
        let own = batch(state.step);
        let of = |first: usize, given: &[f32]| {
            loss.of(given, &own.targets[first * outputs..][..given.len()], outputs, share)
        };
        let (value, slopes) = network.slopes(&state.parameters, (&own.images, &own.times), &of, &mut groups);
        if state.step >= pace.steps - pace.steps.div_ceil(10) {
            state.loss = (state.loss.0 + value, state.loss.1 + 1);
        }
        state.descend(&slopes, pace);
        (running.progress)();
        if let Some(kept) = kept.filter(|_| state.step % KEPT_EVERY == 0) {
            store::save_state(kept, &state)?;
        }
    }
    Ok(Some((state.average.unwrap_or(state.parameters), state.loss.0 / state.loss.1 as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Design;

    #[test]
    fn the_rate_rises_and_falls_to_zero() {
        let pace = Pace { steps: 100, warm_up: 10, rate: 2.0, batch: 1, average: None };
        assert_eq!((pace.rate_at(0), pace.rate_at(9), pace.rate_at(10)), (0.2, 2.0, 2.0));
        assert!((pace.rate_at(55) - 1.0).abs() < 1e-12 && pace.rate_at(99) < 1e-3);
    }

    #[test]
    fn the_average_is_that_of_all_parameters_with_shares_that_decay() {
        let shape = crate::data::Shape::new(3, 3, 1);
        let design = Design { shape, channels: 8, levels: 1, attention: false, classes: None };
        let network = Network::new(design).unwrap();
        for decay in [0.3, 0.9, 0.999] {
            let pace = Pace { steps: 60, warm_up: 5, rate: 0.1, batch: 1, average: Some(decay) };
            let mut state = State::new(&network, 3, pace);
            let mut all = vec![state.parameters.clone()];
            for step in 0..40 {
                let slope = |i: usize| ((i * 7 + step * 13) as f32).sin();
                state.descend(&(0..network.count()).map(slope).collect::<Vec<_>>(), pace);
                all.push(state.parameters.clone());
            }
            // The shares by their product, from the last step back.
            let (mut shares, mut left) = (vec![0.0; all.len()], 1.0f64);
            for k in (1..all.len()).rev() {
                let kept = f64::min(decay, (1 + k) as f64 / (10 + k) as f64);
                shares[k] = left * (1.0 - kept);
                left *= kept;
            }
            shares[0] = left;
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12 && left < 1e-6, "{left}");
            for (place, average) in state.average.unwrap().into_iter().enumerate() {
                let exact: f64 = all.iter().zip(&shares).map(|(x, share)| f64::from(x[place]) * share).sum();
                assert!((f64::from(average) - exact).abs() < 2e-6, "{decay}: {average} {exact}");
            }
        }
    }

    #[test]
    fn the_slope_of_classes_is_that_of_differences() {
        let (given, targets) = ([0.3, -1.0, 0.7f32], [0.0, 1.0, 0.0]);
        let (_, slopes) = Loss::Classes.of(&given, &targets, 3, 0.5);
        for (place, slope) in slopes.iter().enumerate() {
            let at = |h: f32| {
                let mut moved = given;
                moved[place] += h;
                Loss::Classes.of(&moved, &targets, 3, 0.5).0
            };
            assert!(((at(1e-2) - at(-1e-2)) / 2e-2 - f64::from(*slope)).abs() < 1e-4);
        }
    }
}
