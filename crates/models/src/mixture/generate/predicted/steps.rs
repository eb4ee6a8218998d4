//! N steps of Euler as a map of a few coordinates.

use crate::mixture::generate::denoiser::{LANES, Projected};
use crate::mixture::generate::flow::{Integrator, Step};
use crate::mixture::{Noise, Setting};
use multiversion::multiversion;
use overlaps::numeric::tanh_and_sech2;

use super::Dimension;
use super::theory::{COORDINATES, Phase, Source};

/// Coordinates of one sample.
pub type State = [f64; COORDINATES];

/// The direction of μ.
pub const FIRST: State = [1.0, 0.0, 0.0, 0.0, 0.0];

/// One step.
#[derive(Debug, Clone)]
struct OneStep {
    step: Step,
    u: State,
    w: State,
    b: f64,
    /// As d → ∞ the tanh of the second phase is a sign.
    saturated: bool,
}

/// The steps between the times of a grid.
pub struct Recursion {
    steps: Vec<OneStep>,
    /// The factor of the noise at the start.
    noise: f64,
    /// How many coordinates, the first, are pushed at all.
    pushed: usize,
    /// The scale orthogonal to all coordinates, at every time.
    pub scale: Vec<f64>,
    /// What a coordinate is divided with to be O(1) as a component of X/√d, at every time: √d, or 1 and ∞ as d → ∞.
    pub root_d: Vec<f64>,
    /// Training samples of both modes; none for the exact denoiser.
    pub n: Option<[usize; 2]>,
    /// Whether the noise is fixed.
    pub fixed_noise: bool,
    /// Gaussian coordinates at the start that matter.
    pub random: usize,
    /// The direction along which the sign of μ·X changes once.
    pub along: State,
}

impl Recursion {
    /// With a denoiser at the beginning of every step.
    pub fn new(
        setting: &Setting,
        source: Source,
        dimension: Dimension,
        integrator: Integrator,
        times: &[f64],
        networks: Vec<Projected>,
    ) -> Recursion {
        let path = setting.path();
        let infinite = dimension == Dimension::Infinite;
        let in_second = |t: f64| matches!(Phase::of(setting, t), Phase::Second(_));
        let scaled = |t: f64| match Phase::of(setting, t) {
            Phase::First(scale) => scale,
            Phase::Second(tau) => tau,
        };
        let fixed_noise = source != Source::Exact && setting.noise != Noise::Fresh;
        let mut recursion = Recursion {
            steps: Vec::new(),
            scale: vec![path.noise()],
            noise: path.noise(),
            pushed: 0,
            root_d: times
                .iter()
                .map(|t| match (infinite, in_second(*t)) {
                    (false, _) => path.root_d,
                    // Coordinates are X·ê, of order 1 in the first phase, and X·ê/√d in the second.
                    (true, false) => f64::INFINITY,
                    (true, true) => 1.0,
                })
                .collect(),
            n: match source {
                Source::Exact => None,
                Source::Learnt { n } => Some(n),
            },
            fixed_noise,
            random: if source == Source::Exact { 1 } else { 3 },
            along: FIRST,
        };
        for (ends, network) in times.windows(2).zip(&networks) {
            let (from, to) = (ends[0], ends[1]);
            let step = if !infinite {
                Step::new(&path, integrator, from, to, network.c)
            } else if !in_second(to) {
                Step { decay: 1.0, push: scaled(to) - scaled(from) }
            } else {
                let tau = if in_second(from) { scaled(from) } else { 0.0 };
                let step = scaled(to) - tau;
                let (of_x, of_data) = if integrator == Integrator::Ddim {
                    let ratio = setting.interpolant.alpha(tau + step) / setting.interpolant.alpha(tau);
                    (ratio - 1.0, tau + step - tau * ratio)
                } else {
                    let (of_x, of_data) = setting.interpolant.velocity(tau);
                    (step * of_x, step * of_data)
                };
                Step { decay: 1.0 + of_x + of_data * network.c, push: of_data }
            };
            let scale = recursion.scale.last().copied().unwrap_or(1.0) * step.decay;
            recursion.scale.push(scale);
            // What was of order 1 vanishes against √d.
            let forget = infinite && !in_second(from) && in_second(to);
            let step = if forget { Step { decay: 0.0, ..step } } else { step };
            let of = |x: &[f64]| -> State { std::array::from_fn(|j| x[j]) };
            let saturated = infinite && in_second(from);
            let (u, w) = (of(&network.u), of(&network.w));
            recursion.steps.push(OneStep { step, u, w, b: network.b, saturated });
        }
        let pushed = |j: &usize| recursion.steps.iter().any(|one| one.u[*j] != 0.0);
        recursion.pushed = (0..COORDINATES).rev().find(pushed).map_or(0, |last| last + 1);
        // The last denoiser that is not saturated decides the mode.
        let last = networks.iter().zip(times).filter(|(_, t)| !in_second(**t)).map(|(n, _)| &n.w).next_back();
        if let Some(w) = last {
            let length = w.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length > 0.0 {
                recursion.along = std::array::from_fn(|j| w[j] / length);
            }
        }
        recursion
    }

    /// Shows where each of some starts is after some numbers of steps, which rise: its place among them, and its coordinates.
    pub fn run(&self, starts: &[State], after: &[usize], visit: &mut dyn FnMut(usize, &State)) {
        // Coordinates in which nothing begins stay zero, as nothing is pushed there.
        let begins = |j: &usize| starts.iter().any(|start| start[*j] != 0.0);
        let coordinates = (self.pushed..COORDINATES).rev().find(begins).map_or(self.pushed, |last| last + 1);
        for (chunk, starts) in starts.chunks(LANES).enumerate() {
            let mut x = [[0.0; LANES]; COORDINATES];
            for (lane, start) in starts.iter().enumerate() {
                (0..COORDINATES).for_each(|j| x[j][lane] = self.noise * start[j]);
            }
            let mut done = 0;
            for steps in after {
                advance(&self.steps[done..*steps], &mut x[..coordinates]);
                done = *steps;
                for lane in 0..starts.len() {
                    visit(chunk * LANES + lane, &x.map(|x| x[lane]));
                }
            }
        }
    }
}

/// Steps of several samples at once: each takes those of one alone, to the last bit.
#[multiversion(targets("x86_64+avx2"))]
fn advance(steps: &[OneStep], x: &mut [[f64; LANES]]) {
    for one in steps {
        // −0, as sums begin.
        let mut along = [-0.0; LANES];
        for (x, w) in x.iter().zip(&one.w) {
            for (along, x) in along.iter_mut().zip(x) {
                *along += w * x;
            }
        }
        for along in &mut along {
            let field = *along + one.b;
            let activation = if one.saturated { field.signum() } else { tanh_and_sech2(field).0 };
            *along = one.step.push * activation;
        }
        for (x, u) in x.iter_mut().zip(&one.u) {
            for (x, kick) in x.iter_mut().zip(&along) {
                *x = one.step.decay * *x + kick * u;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_side_by_side_take_the_steps_of_one_alone() {
        let step = |k: usize, saturated: bool| {
            let of =
                |f: f64| std::array::from_fn(|j| if j < 3 { (f * (k * 3 + j) as f64).sin() } else { 0.0 });
            let step = Step { decay: 0.9, push: 0.3 + 0.01 * k as f64 };
            OneStep { step, u: of(0.7), w: of(1.3), b: 0.2 - 0.03 * k as f64, saturated }
        };
        let recursion = Recursion {
            steps: (0..20).map(|k| step(k, k >= 15)).collect(),
            noise: 0.8,
            pushed: 3,
            scale: Vec::new(),
            root_d: Vec::new(),
            n: None,
            fixed_noise: false,
            random: 3,
            along: FIRST,
        };
        let alone = |start: &State, steps: usize| -> State {
            let mut x = start.map(|x| 0.8 * x);
            for one in &recursion.steps[..steps] {
                let along: f64 = one.w.iter().zip(&x).map(|(w, x)| w * x).sum();
                let field = along + one.b;
                let kick =
                    one.step.push * if one.saturated { field.signum() } else { tanh_and_sech2(field).0 };
                x = std::array::from_fn(|j| one.step.decay * x[j] + kick * one.u[j]);
            }
            x
        };
        // Also where the last samples do not fill the lanes, and where one begins in a coordinate that is not pushed.
        for (samples, coordinates) in [(1, 1), (LANES, 3), (2 * LANES + 3, 4)] {
            let start = |i: usize| {
                std::array::from_fn(|j| if j < coordinates { (i as f64 + 0.3 * j as f64).cos() } else { 0.0 })
            };
            let starts: Vec<State> = (0..samples).map(start).collect();
            let mut seen = vec![Vec::new(); samples];
            recursion.run(&starts, &[0, 7, 20], &mut |sample, x| seen[sample].push(*x));
            for (start, seen) in starts.iter().zip(&seen) {
                assert_eq!(*seen, [0, 7, 20].map(|steps| alone(start, steps)));
            }
        }
    }
}
