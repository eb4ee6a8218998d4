//! Images from noise, with any denoiser: steps of the diffusion or of the flow.
//!
//! Every image has noise of its own, which does not depend on how many there are or on threads.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

use crate::exact::Denoiser;
use crate::path::Path;
use overlaps::model::Running;
use overlaps_models::{Purpose, stream};

/// Images that go through the steps side by side.
pub const BLOCK: usize = 24;

/// How images are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampler {
    /// The reverse process given E[x₁|x], step by step in law: x at the later time is Gaussian given x now and x₁, for which
    /// E[x₁|x] is put. For any interpolant.
    #[default]
    Bridge,
    /// Euler–Maruyama steps of the reverse of the variance-preserving diffusion.
    Euler,
    /// The flow (no noise but that of the start): x = a x₀ + b x₁ with x₁ held at the mean of E[x₁|x] before and after the step, of
    /// second order (Heun's rule in the coordinates in which the linear part is exact).
    Flow,
}

impl Sampler {
    /// All of them.
    pub const ALL: [Sampler; 3] = [Sampler::Bridge, Sampler::Euler, Sampler::Flow];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Sampler::Bridge => "bridge",
            Sampler::Euler => "euler",
            Sampler::Flow => "flow",
        }
    }

    /// One step of some images.
    fn step(
        self,
        denoiser: &dyn Denoiser,
        x: &mut [f32],
        (now, next): (f64, f64),
        random: &mut [ChaCha8Rng],
    ) {
        let path = denoiser.path();
        let clean = denoiser.clean(x, now);
        let size = denoiser.shape().size();
        let ((a, b), (later_a, later_b)) =
            ((path.noise(now), path.data(now)), (path.noise(next), path.data(next)));
        // x = of_x x + of_clean E[x₁|x] + noise·z
        let (of_x, of_clean, noise) = match self {
            Sampler::Bridge => {
                let ratio = b / later_b;
                let variance = (a * a - ratio * ratio * later_a * later_a).max(0.0);
                let square = a * a;
                (
                    ratio * later_a * later_a / square,
                    variance * later_b / square,
                    later_a * variance.sqrt() / a,
                )
            }
            Sampler::Euler => {
                let (step, rate) = (next - now, Path::rate(now));
                (1.0 + step * rate * (0.5 - 1.0 / (a * a)), step * rate * b / (a * a), (step * rate).sqrt())
            }
            Sampler::Flow => (later_a / a, later_b - later_a * b / a, 0.0),
        };
        let start = (self == Sampler::Flow && next < 1.0).then(|| x.to_vec());
        for ((x, clean), random) in x.chunks_exact_mut(size).zip(clean.chunks_exact(size)).zip(random) {
            for (x, clean) in x.iter_mut().zip(clean) {
                let mean = of_x * f64::from(*x) + of_clean * f64::from(*clean);
                let z: f64 = if noise > 0.0 { random.sample(StandardNormal) } else { 0.0 };
                *x = (mean + noise * z) as f32;
            }
        }
        if let Some(start) = start {
            let after = denoiser.clean(x, next);
            for (((x, start), before), after) in x.iter_mut().zip(&start).zip(&clean).zip(&after) {
                let mean = 0.5 * (f64::from(*before) + f64::from(*after));
                *x = (of_x * f64::from(*start) + of_clean * mean) as f32;
            }
        }
    }
}

/// So many images from noise, in so many steps of equal length; none where an interruption was asked for.
pub fn generate(
    denoiser: &dyn Denoiser,
    (sampler, steps): (Sampler, usize),
    (count, seed): (usize, u64),
    running: &Running,
) -> Option<Vec<f32>> {
    let size = denoiser.shape().size();
    let starts = |place: usize| {
        let mut random = stream(seed, size as u64, Purpose::Generate, place as u64);
        let x: Vec<f32> = (0..size).map(|_| random.sample(StandardNormal)).collect();
        (x, random)
    };
    onward(denoiser, (sampler, steps), 0.0, count, &starts, running)
}

/// Images onward from a time, each from its start and with its own random numbers.
pub fn onward(
    denoiser: &dyn Denoiser,
    (sampler, steps): (Sampler, usize),
    from: f64,
    count: usize,
    start: &(dyn Fn(usize) -> (Vec<f32>, ChaCha8Rng) + Sync),
    running: &Running,
) -> Option<Vec<f32>> {
    let blocks: Vec<usize> = (0..count).step_by(BLOCK).collect();
    let block = |first: usize| -> Option<Vec<f32>> {
        let (mut x, mut random) = (Vec::new(), Vec::new());
        for place in first..count.min(first + BLOCK) {
            let (own, stream) = start(place);
            x.extend(own);
            random.push(stream);
        }
        for step in 0..steps {
            if (running.interrupted)() {
                return None;
            }
            let time =
                |k: usize| if k == steps { 1.0 } else { from + (1.0 - from) * k as f64 / steps as f64 };
            sampler.step(denoiser, &mut x, (time(step), time(step + 1)), &mut random);
        }
        (running.progress)();
        Some(x)
    };
    let all: Option<Vec<Vec<f32>>> = blocks.into_par_iter().map(block).collect();
    Some(all?.concat())
}
