//! The optimiser Adam (Kingma and Ba 2015) and its learning rate over the epochs.

use serde::Serialize;

/// How the learning rate falls over the epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// It does not.
    #[default]
    None,
    /// Half a cosine, from the learning rate to 0 at the last epoch.
    Cosine,
    /// By the same factor at every epoch, to a thousandth at the last. What the noise of the gradient leaves behind then
    /// falls as 1/epochs, the fastest that is possible; with half a cosine, as epochs^(−2/3).
    Exponential,
}

impl Decay {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Decay::None => "none",
            Decay::Cosine => "cosine",
            Decay::Exponential => "exponential",
        }
    }
}

/// The settings of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Training {
    /// Epochs; each is one step on the full batch.
    pub epochs: u64,
    /// Samples of fresh noise per datum and epoch, over which the loss is averaged.
    pub noise_per_epoch: usize,
    /// Learning rate.
    pub learning_rate: f64,
    /// How it falls.
    pub decay: Decay,
    /// Averaging rate of the gradient.
    pub beta1: f64,
    /// Averaging rate of its square.
    pub beta2: f64,
    /// Added to the root of the averaged square.
    pub epsilon: f64,
    /// Standard deviation of the coordinates of u and w before training; b and c start at 0.
    pub initial_scale: f64,
}

impl Default for Training {
    /// As in the experiment of arXiv:2412.07972: Adam, 5000 epochs, learning rate 0.01.
    fn default() -> Self {
        Training {
            epochs: 5000,
            noise_per_epoch: 1,
            learning_rate: 0.01,
            decay: Decay::None,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            initial_scale: 1.0,
        }
    }
}

/// One step of Adam: the factors that are the same for all parameters.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Averaging rates.
    pub beta1: f64,
    /// Averaging rates.
    pub beta2: f64,
    /// Learning rate over the bias correction of the gradient.
    pub rate: f64,
    /// 1/√(bias correction of the square).
    pub square: f64,
    /// Added to the root.
    pub epsilon: f64,
}

impl Training {
    /// The step of an epoch, counted from 0.
    pub fn step(&self, epoch: u64) -> Step {
        let done = epoch as f64 / self.epochs as f64;
        let left = match self.decay {
            Decay::None => 1.0,
            Decay::Cosine => 0.5 * (1.0 + libm::cos(std::f64::consts::PI * done)),
            Decay::Exponential => libm::pow(1e-3, done),
        };
        let rate = self.learning_rate * left;
        let correction = |beta: f64| 1.0 - libm::pow(beta, (epoch + 1) as f64);
        Step {
            beta1: self.beta1,
            beta2: self.beta2,
            rate: rate / correction(self.beta1),
            square: 1.0 / correction(self.beta2).sqrt(),
            epsilon: self.epsilon,
        }
    }
}

/// A scalar parameter with its averages.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scalar {
    /// The parameter.
    pub value: f64,
    /// Average of the gradient.
    pub mean: f64,
    /// Average of its square.
    pub square: f64,
}

impl Scalar {
    /// One step.
    pub fn update(&mut self, step: &Step, gradient: f64) {
        self.mean = step.beta1 * self.mean + (1.0 - step.beta1) * gradient;
        self.square = step.beta2 * self.square + (1.0 - step.beta2) * gradient * gradient;
        self.value -= step.rate * self.mean / (self.square.sqrt() * step.square + step.epsilon);
    }
}

/// The averages of a vector of parameters, in single precision.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Moments {
    /// Averages of the gradient.
    pub mean: Vec<f32>,
    /// Averages of its square.
    pub square: Vec<f32>,
}

impl Moments {
    /// Zero.
    pub fn new(size: usize) -> Moments {
        Moments { mean: vec![0.0; size], square: vec![0.0; size] }
    }
}

/// One step for a block of parameters.
#[inline(always)]
pub fn update<const N: usize>(
    step: &Step,
    value: &mut [f32; N],
    mean: &mut [f32; N],
    square: &mut [f32; N],
    gradient: &[f32; N],
) {
    let (beta1, beta2) = (step.beta1 as f32, step.beta2 as f32);
    let (rest1, rest2) = ((1.0 - step.beta1) as f32, (1.0 - step.beta2) as f32);
    let (rate, root, epsilon) = (step.rate as f32, step.square as f32, step.epsilon as f32);
    for i in 0..N {
        let g = gradient[i];
        mean[i] = beta1 * mean[i] + rest1 * g;
        square[i] = beta2 * square[i] + rest2 * (g * g);
        value[i] -= rate * mean[i] / (square[i].sqrt() * root + epsilon);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_learning_rate_along_the_sign() {
        // m̂ = g and v̂ = g² at the first step, whatever the gradient.
        let step = Training::default().step(0);
        for gradient in [1e-3, 0.7, -4e4] {
            let mut parameter = Scalar::default();
            parameter.update(&step, gradient);
            assert!((parameter.value + 0.01 * gradient.signum()).abs() < 1e-7, "{parameter:?}");
            let (mut value, mut mean, mut square) = ([1.0f32], [0.0], [0.0]);
            update(&step, &mut value, &mut mean, &mut square, &[gradient as f32]);
            assert!((f64::from(value[0]) - 1.0 - parameter.value).abs() < 1e-6);
        }
    }

    #[test]
    fn the_learning_rate_falls_as_half_a_cosine() {
        let training = Training { epochs: 100, decay: Decay::Cosine, beta1: 0.0, ..Training::default() };
        for (epoch, part) in [(0, 1.0), (50, 0.5), (25, 0.5 + 0.5 * 0.5f64.sqrt())] {
            assert!((training.step(epoch).rate - 0.01 * part).abs() < 1e-12);
        }
    }
}
