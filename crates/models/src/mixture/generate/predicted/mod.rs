//! What theory says of generated samples.
//!
//! With the Gram matrix of the data replaced by its mean, the flow of the learnt denoiser moves in the directions of
//! μ, of Σ zⁱ over each class and (with fixed noise) of Σ sⁱx₀ⁱ only: three Gaussian coordinates at the start and a map that
//! is deterministic. `theory` gives the denoisers in these coordinates, from the equations of this project; `steps` is the
//! map, that of N steps of Euler; `continuous` that of the flow itself; `average` integrates over the start by quadrature.
//! `closed_form` has what needs none of it.

mod average;
pub mod closed_form;
mod continuous;
mod steps;
mod theory;

use super::denoiser::exact;
use super::error::GenerateError;
use super::law::Law;
use crate::mixture::Setting;
use crate::mixture::generate::Integrator;
pub use continuous::{Continuous, continuous};
pub use theory::{Source, Theories};

/// In which dimension a prediction is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// That of the setting.
    Finite,
    /// d → ∞ at fixed time t of the schedule.
    Infinite,
}

/// The predicted law of the samples at some times, for N steps of Euler.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// One law per time asked for.
    pub laws: Vec<Law>,
    /// Largest difference of any value from the next lower quadrature rule.
    pub error: f64,
}

/// The law after so many of the steps between `times`, for each of `at` (places in `times`).
///
/// # Errors
/// A theory that does not converge.
pub fn predict(
    theories: &Theories,
    setting: &Setting,
    source: Source,
    dimension: Dimension,
    integrator: Integrator,
    times: &[f64],
    at: &[usize],
) -> Result<Prediction, GenerateError> {
    let networks = theories.networks(setting, source, dimension, &times[..times.len() - 1])?;
    let recursion = steps::Recursion::new(setting, source, dimension, integrator, times, networks);
    Ok(average::laws(&recursion, at))
}

/// What N steps of the exact denoiser leave of the mixture at the dimension of the setting, without sampling noise: the
/// fraction in mode +, and the variance orthogonal to μ.
pub fn mixture_after(setting: &Setting, integrator: Integrator, times: &[f64]) -> (f64, f64) {
    let path = setting.path();
    let exact = |t: &f64| {
        let mut one = exact(setting, path.at(*t));
        one.u.resize(theory::COORDINATES, 0.0);
        one.w.resize(theory::COORDINATES, 0.0);
        one
    };
    let networks = times[..times.len() - 1].iter().map(exact).collect();
    let recursion =
        steps::Recursion::new(setting, Source::Exact, Dimension::Finite, integrator, times, networks);
    let scale = recursion.scale.last().copied().unwrap_or(1.0);
    (average::fraction(&recursion, times.len() - 1), scale * scale)
}

/// Steps of Euler within one interval of a time grid, by which the flow itself is approximated.
const REFINED: usize = 16;

/// The law of the flow itself, N → ∞, at every time of a grid and at the dimension of the setting: twice the law of 32 steps
/// per interval less that of 16, which leaves an error of second order in their length.
///
/// # Errors
/// A theory that does not converge.
pub fn predict_flow(
    theories: &Theories,
    setting: &Setting,
    source: Source,
    times: &[f64],
) -> Result<Prediction, GenerateError> {
    let refined = |parts: usize| -> Result<Prediction, GenerateError> {
        let within = |ends: &[f64]| -> Vec<f64> {
            (0..parts).map(|k| ends[0] + (ends[1] - ends[0]) * k as f64 / parts as f64).collect()
        };
        let grid: Vec<f64> = times.windows(2).flat_map(within).chain(times.last().copied()).collect();
        let at: Vec<usize> = (0..times.len()).map(|place| place * parts).collect();
        predict(theories, setting, source, Dimension::Finite, Integrator::Euler, &grid, &at)
    };
    let (coarse, fine) = (refined(REFINED)?, refined(2 * REFINED)?);
    let laws = coarse.laws.iter().zip(&fine.laws).map(|(coarse, fine)| fine.extrapolated(coarse)).collect();
    Ok(Prediction { laws, error: coarse.error.max(fine.error) })
}
