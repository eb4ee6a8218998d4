//! The flow with arrays of d numbers: what the reduced coordinates stand for, at a cost that grows with d.

use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::error::GenerateError;
use super::flow::{Integrator, Step};
use super::law::{Law, mode};
use crate::mixture::simulate::{Vectors, Weights};
use crate::mixture::{Path, Setting};
use crate::{Purpose, stream};
use overlaps::numeric::{dot, tanh_and_sech2};

/// How many numbers the samples may have: 3.2 GB.
const MOST_NUMBERS: u64 = 400_000_000;
/// From how many samples the orthogonal variance is taken: with d terms each it is known far better than anything else.
const FOR_VARIANCE: usize = 100;

/// A denoiser with vectors of d coordinates.
pub struct ExplicitDenoiser {
    /// Coefficient of the linear part.
    pub c: f64,
    /// Output vector.
    pub u: Vec<f64>,
    /// Weight vector.
    pub w: Vec<f64>,
    /// Bias.
    pub b: f64,
}

impl ExplicitDenoiser {
    /// Of learnt weights, among the data x₁ = sμ + σz with μ = (1, …, 1).
    pub fn learnt(
        vectors: &Vectors,
        labels: &[f64],
        sigma: f64,
        weights: &Weights,
        (b, c): (f64, f64),
    ) -> ExplicitDenoiser {
        let sum = |a: &[f64]| {
            let mut x = vec![0.0; vectors.d];
            for (k, a) in a.iter().enumerate() {
                let (mean, of_z) = labels.get(k).map_or((0.0, *a), |s| (s * a, sigma * a));
                x.iter_mut().zip(&vectors.rows[k]).for_each(|(x, z)| *x += mean + of_z * z);
            }
            x
        };
        let [u, w] = match weights {
            Weights::Span { u, w } => [sum(u), sum(w)],
            Weights::Explicit { u, w } => [u, w].map(|v| v.iter().map(|x| f64::from(*x)).collect()),
        };
        ExplicitDenoiser { c, u, w, b }
    }
}

/// Samples of d coordinates.
pub struct ExplicitSamples {
    pub(super) x: Vec<f64>,
    d: usize,
}

impl ExplicitSamples {
    /// Whether they fit into memory.
    ///
    /// # Errors
    /// They do not.
    pub fn check(setting: &Setting, count: usize) -> Result<(), GenerateError> {
        if setting.d.saturating_mul(count as u64) > MOST_NUMBERS {
            return Err(GenerateError::TooLarge {
                samples: count,
                size: setting.d as usize,
                most: MOST_NUMBERS,
                advice: "or leave out --data explicit",
            });
        }
        Ok(())
    }

    /// X = αx₀ at τ = 0, x₀ ~ N(0, I_d).
    pub fn start(setting: &Setting, seed: u64, count: usize) -> ExplicitSamples {
        let d = setting.d as usize;
        let noise = setting.path().noise();
        let mut x = vec![0.0; count * d];
        x.par_chunks_mut(d).enumerate().for_each(|(sample, x)| {
            let mut rng = stream(seed, setting.d, Purpose::Generate, sample as u64);
            x.iter_mut().for_each(|x| {
                let normal: f64 = StandardNormal.sample(&mut rng);
                *x = noise * normal;
            });
        });
        ExplicitSamples { x, d }
    }

    /// ν = μ·X/√d of every sample.
    pub fn nu(&self) -> Vec<f64> {
        let root_d = (self.d as f64).sqrt();
        self.x.par_chunks(self.d).map(|x| x.iter().sum::<f64>() / root_d).collect()
    }

    /// One step, with the denoiser at its beginning.
    pub fn step(
        &mut self,
        path: &Path,
        integrator: Integrator,
        denoiser: &ExplicitDenoiser,
        from: f64,
        to: f64,
    ) {
        let Step { decay, push } = Step::new(path, integrator, from, to, denoiser.c);
        let root_d = path.root_d;
        self.x.par_chunks_mut(self.d).for_each(|x| {
            let activation = tanh_and_sech2(dot(&denoiser.w, x) / root_d + denoiser.b).0;
            let kick = push / root_d * activation;
            x.iter_mut().zip(&denoiser.u).for_each(|(x, u)| *x = decay * *x + kick * u);
        });
    }
}

/// The directions along which explicit samples are measured.
pub struct ExplicitDirections {
    z: [Option<Vec<f64>>; 2],
    eta: Option<Vec<f64>>,
    xi: Option<Vec<f64>>,
    /// An orthonormal basis of μ and the data.
    basis: Vec<Vec<f64>>,
}

impl ExplicitDirections {
    /// Of a data set; none for samples of the exact denoiser.
    pub fn new(data: Option<(&Vectors, &[f64])>, d: usize) -> ExplicitDirections {
        let root_d = (d as f64).sqrt();
        let mut basis = vec![vec![1.0 / root_d; d]];
        let Some((vectors, labels)) = data else {
            return ExplicitDirections { z: [None, None], eta: None, xi: None, basis };
        };
        for z in &vectors.rows {
            let mut rest = z.clone();
            for _ in 0..2 {
                for e in &basis {
                    let along = dot(&rest, e);
                    rest.iter_mut().zip(e).for_each(|(r, e)| *r -= along * e);
                }
            }
            let length = dot(&rest, &rest).sqrt();
            // More data than dimensions: nothing is left of the last ones.
            if length > 1e-9 * root_d {
                rest.iter_mut().for_each(|r| *r /= length);
                basis.push(rest);
            }
        }
        let n = labels.len();
        let per_datum = (vectors.rows.len() - n) / n.max(1);
        let sum = |weight: &dyn Fn(usize) -> f64| {
            let mut x = vec![0.0; d];
            for (k, z) in vectors.rows.iter().enumerate() {
                let a = weight(k);
                if a != 0.0 {
                    x.iter_mut().zip(z).for_each(|(x, z)| *x += a * z);
                }
            }
            x
        };
        let unit = |mut x: Vec<f64>| {
            let length = dot(&x, &x).sqrt();
            x.iter_mut().for_each(|x| *x /= length);
            x
        };
        let class = |sign: f64| {
            let count = labels.iter().filter(|s| **s == sign).count();
            (count > 0).then(|| {
                let mut x = sum(&|k| if k < n && labels[k] == sign { 1.0 / count as f64 } else { 0.0 });
                // With the factor 1/√d of a unit vector, so that all components are divided by √d alike.
                x.iter_mut().for_each(|x| *x /= root_d);
                x
            })
        };
        ExplicitDirections {
            z: [class(1.0), class(-1.0)],
            eta: Some(unit(sum(&|k| if k < n { labels[k] } else { 0.0 }))),
            xi: (per_datum > 0)
                .then(|| unit(sum(&|k| if k < n { 0.0 } else { labels[(k - n) / per_datum] }))),
            basis,
        }
    }

    /// The law of samples.
    pub fn law(&self, samples: &ExplicitSamples) -> Law {
        let d = samples.d;
        let root_d = (d as f64).sqrt();
        let rows = || samples.x.par_chunks(d);
        let nu = samples.nu();
        let count = nu.len() as f64;
        let along = |direction: &Option<Vec<f64>>| {
            let Some(direction) = direction else { return f64::NAN };
            let all: Vec<f64> = rows().map(|x| dot(x, direction)).collect();
            all.iter().zip(&nu).map(|(x, nu)| if *nu < 0.0 { -x } else { *x }).sum::<f64>() / (count * root_d)
        };
        let free = d - self.basis.len().min(d);
        let orthogonal = |x: &[f64]| {
            let inside: f64 = self.basis.iter().map(|e| dot(x, e).powi(2)).sum();
            (dot(x, x) - inside) / free as f64
        };
        let some: Vec<f64> = samples.x.par_chunks(d).take(FOR_VARIANCE).map(orthogonal).collect();
        let variance = if free == 0 { f64::NAN } else { some.iter().sum::<f64>() / some.len() as f64 };
        let plus = nu.iter().filter(|x| **x > 0.0).count() as f64;
        let along = [along(&self.z[0]), along(&self.z[1]), along(&self.eta), along(&self.xi)];
        Law::new(plus / count, [mode(&nu, 1.0), mode(&nu, -1.0)], root_d, variance, along)
    }
}
