//! The probability-flow ODE dX/dτ = (α′/α) X + (β′ − α′β/α) f(X) in reduced coordinates: a few coordinates of X in a basis,
//! and one scale for everything orthogonal to it, which the velocity only multiplies.

use nalgebra::DVector;
use ode_solvers::dop_shared::OutputType;
use ode_solvers::{Dop853, System};
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use rayon::prelude::*;

use super::denoiser::Projected;
use super::error::GenerateError;
use crate::mixture::{Path, Setting};
use crate::{Purpose, stream};
use overlaps::numeric::grid;

/// Tolerance of the adaptive method, relative and absolute.
const TOLERANCE: f64 = 1e-9;
/// The adaptive method stops at this distance from t = 2, where the velocity is 0/0, and makes one step of fixed f: its error
/// is of second order in the distance.
const END: f64 = 1e-7;
/// The same where that is not near enough: closer, the rounding of t is felt.
const NEAREST_END: f64 = 1e-11;
/// Noise that is small enough for the last step.
const SMALL_NOISE: f64 = 1e-3;

/// How far from t = 2 the adaptive method stops; none where noise is still too large at the nearest time, as for exploding
/// interpolants in uniform time at large d.
pub fn end_of_adaptive(path: &Path) -> Option<f64> {
    [END, NEAREST_END].into_iter().find(|end| path.at(2.0 - end).alpha <= SMALL_NOISE)
}

/// How the flow is integrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integrator {
    /// One step per interval of the time grid.
    Euler,
    /// One step per interval too, in which the denoiser's answer f stands still and the rest is exact:
    /// X + (α_to/α_from − 1) X + (β_to − β_from α_to/α_from) f. For a linear α it is Euler's method.
    Ddim,
    /// The method of Dormand and Prince of order 8 with steps of its own.
    Adaptive,
}

impl Integrator {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Integrator::Euler => "euler",
            Integrator::Ddim => "ddim",
            Integrator::Adaptive => "adaptive",
        }
    }
}

/// The times of N steps from 0 to 2.
pub fn times(steps: usize) -> Vec<f64> {
    grid(0.0, 2.0, steps + 1)
}

/// A step from one time to the next: what X and √d f's vector part are multiplied with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Factor of X, with the linear part c x of the denoiser.
    pub decay: f64,
    /// √d times the factor of u tanh(…)/√d.
    pub push: f64,
}

impl Step {
    /// From one time to another with a denoiser of linear coefficient c.
    pub fn new(path: &Path, integrator: Integrator, from: f64, to: f64, c: f64) -> Step {
        let (of_x, of_data) = if integrator == Integrator::Ddim {
            let (start, end) = (path.at(from), path.at(to));
            let ratio = end.alpha / start.alpha;
            (ratio - 1.0, end.beta - start.beta * ratio)
        } else {
            let step = path.tau_step(from, to);
            let (of_x, of_data) = path.velocity(from);
            (step * of_x, step * of_data)
        };
        Step { decay: 1.0 + of_x + of_data * c, push: path.root_d * of_data }
    }
}

/// Samples in a basis.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// Coordinates X·ê_j, sample by sample.
    pub x: Vec<f64>,
    /// Coordinates per sample.
    pub size: usize,
    /// |X₀|² orthogonal to the basis, per dimension of that space; empty if there is none.
    pub orthogonal: Vec<f64>,
    /// What X orthogonal to the basis is: this times X₀.
    pub scale: f64,
}

impl Samples {
    /// X = αx₀ at τ = 0, x₀ ~ N(0, I_d), exactly: independent normal coordinates, and χ² with d − size degrees of freedom for the rest.
    pub fn start(setting: &Setting, seed: u64, count: usize, size: usize) -> Samples {
        let freedom = setting.d.saturating_sub(size as u64) as f64;
        let noise = setting.path().noise();
        let one = |sample: usize| {
            let mut rng = stream(seed, setting.d, Purpose::Generate, sample as u64);
            let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
            let x: Vec<f64> = (0..size).map(|_| noise * normal()).collect();
            let rest = ChiSquared::new(freedom).ok().map(|chi| chi.sample(&mut rng) / freedom);
            (x, rest)
        };
        let drawn: Vec<(Vec<f64>, Option<f64>)> = (0..count).into_par_iter().map(one).collect();
        Samples {
            x: drawn.iter().flat_map(|(x, _)| x).copied().collect(),
            size,
            orthogonal: drawn.iter().filter_map(|(_, rest)| *rest).collect(),
            scale: noise,
        }
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.x.len() / self.size
    }

    /// ν = μ·X/√d of every sample.
    pub fn nu(&self) -> Vec<f64> {
        self.x.chunks_exact(self.size).map(|x| x[0]).collect()
    }

    /// One step of Euler's method (or that with f standing still) with the denoiser at its beginning.
    pub fn step(&mut self, path: &Path, integrator: Integrator, denoiser: &Projected, from: f64, to: f64) {
        let Step { decay, push } = Step::new(path, integrator, from, to, denoiser.c);
        self.scale *= decay;
        self.x.par_chunks_mut(self.size).with_min_len(64).for_each(|x| {
            let kick = push * denoiser.activation(x);
            x.iter_mut().zip(&denoiser.u).for_each(|(x, u)| *x = decay * *x + kick * u);
        });
    }

    /// The same to the tolerance of an adaptive method, with the denoiser at every time. The schedule must not bend
    /// between the two times.
    ///
    /// # Errors
    /// The method gave up.
    pub fn adaptive(
        &mut self,
        path: &Path,
        denoiser: &(dyn Fn(f64) -> Projected + Sync),
        from: f64,
        to: f64,
    ) -> Result<(), GenerateError> {
        // In t, and to the end by a last step of Euler.
        let end = if to >= 2.0 { (2.0 - end_of_adaptive(path).unwrap_or(NEAREST_END)).max(from) } else { to };
        if end > from {
            let rest = [self.scale, from];
            let state = DVector::from_iterator(self.x.len() + rest.len(), self.x.iter().copied().chain(rest));
            let flow = Flow { path, beside: 0.5 * (from + to), denoiser, size: self.size };
            let mut method = Dop853::new(flow, from, end, end - from, state, TOLERANCE, TOLERANCE);
            method.set_output(OutputType::Sparse);
            method.integrate().map_err(|e| GenerateError::Integration { t: from, reason: e.to_string() })?;
            if let Some(last) = method.y_out().last() {
                let count = self.x.len();
                self.x.copy_from_slice(&last.as_slice()[..count]);
                self.scale = last[count];
            }
        }
        if to >= 2.0 {
            self.step(path, Integrator::Ddim, &denoiser(end), end, to);
        }
        Ok(())
    }
}

/// The flow of all samples together, in the time t. The state ends with the scale and t itself: in `ode_solvers` 0.6.2 two
/// nodes of the method are wrong (https://github.com/srenevey/ode-solvers/pull/42), which does not touch a system without
/// explicit time.
struct Flow<'a> {
    path: &'a Path,
    /// A time on the same piece of the schedule.
    beside: f64,
    denoiser: &'a (dyn Fn(f64) -> Projected + Sync),
    size: usize,
}

impl System<f64, DVector<f64>> for Flow<'_> {
    fn system(&self, _: f64, state: &DVector<f64>, slope: &mut DVector<f64>) {
        let last = state.len() - 2;
        let t = state[last + 1];
        let denoiser = (self.denoiser)(t);
        let (of_x, of_data) = self.path.velocity(t);
        let rate = self.path.tau_slope(t, self.beside);
        let decay = rate * (of_x + of_data * denoiser.c);
        let push = rate * of_data * self.path.root_d;
        slope[last + 1] = 1.0;
        let (state, slope) = (state.as_slice(), slope.as_mut_slice());
        slope[last] = decay * state[last];
        slope[..last]
            .par_chunks_mut(self.size)
            .zip(state[..last].par_chunks(self.size))
            .with_min_len(64)
            .for_each(|(slope, x)| {
                let kick = push * denoiser.activation(x);
                for ((slope, x), u) in slope.iter_mut().zip(x).zip(&denoiser.u) {
                    *slope = decay * x + kick * u;
                }
            });
    }
}
