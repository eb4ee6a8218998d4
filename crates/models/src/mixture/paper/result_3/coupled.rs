//! The exact and the learnt flow from the same start: X₂ − X̂₂ of Result 3.

use crate::mixture::generate::{
    Denoisers, Directions, GenerateError, Generation, Integrator, Projected, Samples, exact,
};
use crate::mixture::simulate::Method;

/// What lies between the samples of the two flows. The first three are components of S (X₂ − X̂₂)/√d, S the sign of the
/// mode: medians over the samples that end in the same mode, which are those of a typical sample. (A few samples are not
/// yet decided at t = 1; they start late into the second phase, by a step of Euler, which shifts the mean by order 1/N.)
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// Along the unit vector μ/√d.
    pub mu: f64,
    /// Along the unit vector of η = Σ sⁱzⁱ.
    pub eta: f64,
    /// Along the unit vector of ξ = Σ sⁱx₀ⁱ of the fixed noise; NaN with fresh noise.
    pub xi: f64,
    /// Variance per orthogonal direction, of X₂ less of X̂₂.
    pub variance: f64,
    /// Fraction in mode +, of X̂₂ less of X₂.
    pub fraction: f64,
    /// Fraction of the samples that end in different modes.
    pub split: f64,
}

/// Runs both flows with the steps of a generation of learnt denoisers; none where `stop` said so.
///
/// # Errors
/// Impossible data, denoisers that do not converge.
pub fn gap(
    generation: &Generation,
    method: &Method,
    stop: &(dyn Fn() -> bool + Sync),
    progress: &(dyn Fn() + Sync),
) -> Result<Option<Gap>, GenerateError> {
    debug_assert_eq!(generation.denoisers, Denoisers::Learnt(method));
    let times = generation.times();
    let Some((data, minima)) = generation.learn(method, &times[..generation.steps], stop, progress)? else {
        return Ok(None);
    };
    let networks = generation.networks(&data, &minima)?;
    let (setting, path, size) = (&generation.setting, generation.setting.path(), networks.basis.size);
    let mut learnt = Samples::start(setting, generation.seed, generation.samples, size);
    let mut true_flow = learnt.clone();
    for (ends, network) in times.windows(2).zip(&networks.denoisers) {
        learnt.step(&path, Integrator::Euler, network, ends[0], ends[1]);
        // In the basis of the data; it knows its first vector only.
        let mut denoiser: Projected = exact(setting, path.at(ends[0]));
        denoiser.u.resize(size, 0.0);
        denoiser.w.resize(size, 0.0);
        true_flow.step(&path, Integrator::Euler, &denoiser, ends[0], ends[1]);
    }
    let directions = Directions::new(&networks.basis, &networks.labels);
    let unit_mu: Vec<f64> = (0..size).map(|j| if j == 0 { 1.0 } else { 0.0 }).collect();
    let variance = |samples: &Samples| {
        let spread = samples.orthogonal.iter().sum::<f64>() / samples.orthogonal.len() as f64;
        samples.scale * samples.scale * spread
    };
    let pairs = || true_flow.x.chunks_exact(size).zip(learnt.x.chunks_exact(size));
    let together = |(x, y): &(&[f64], &[f64])| (x[0] > 0.0) == (y[0] > 0.0);
    let count = pairs().count() as f64;
    let same = pairs().filter(together).count() as f64;
    let along = |direction: Option<&Vec<f64>>| {
        let Some(direction) = direction else { return f64::NAN };
        let one = |(x, y): (&[f64], &[f64])| {
            let along: f64 = x.iter().zip(y).zip(direction).map(|((x, y), e)| (x - y) * e).sum();
            if x[0] > 0.0 { along } else { -along }
        };
        median(pairs().filter(together).map(one).collect()) / path.root_d
    };
    let plus = |samples: &Samples| samples.nu().iter().filter(|x| **x > 0.0).count() as f64 / count;
    let (variances, fractions) = ([&true_flow, &learnt].map(variance), [&true_flow, &learnt].map(plus));
    // Denoisers that are not at the minimum say nothing about the theory of the minimum.
    let known = |x: f64| if networks.converged { x } else { f64::NAN };
    Ok(Some(Gap {
        mu: known(along(Some(&unit_mu))),
        eta: known(along(directions.eta.as_ref())),
        xi: known(along(directions.xi.as_ref())),
        variance: known(variances[0] - variances[1]),
        fraction: known(fractions[1] - fractions[0]),
        split: known(1.0 - same / count),
    }))
}

fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return f64::NAN;
    }
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}
