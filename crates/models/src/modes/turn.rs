//! U-turns in a mixture of many modes: a sample of a known mode is noised and goes back, to the same mode or to another.
//!
//! Noised to θ = √d β/√S a sample of mode j has the projections v ~ N(θG_·j, G), and what it returns to is drawn from its posterior:
//! T_jk = E π_k(v, θ). The process that goes back is, in s = θ² and Y = θv, dY = G π(Y) ds + √G dW, whatever the interpolant, the schedule
//! and the width of the modes, which stand in s alone.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use super::means::Means;
use crate::stream::{Purpose, stream};

/// Shifts of the lattice, whose scatter is the error; and points of each.
const SHIFTS: u32 = 16;
const POINTS: u32 = 1024;
/// Samples of one key.
const CHUNK: u64 = 256;

/// The probabilities T_jk with which samples of mode j return to mode k, and their standard errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// T_jk; its rows sum to 1.
    pub values: DMatrix<f64>,
    /// Standard errors of the averages over v.
    pub errors: DMatrix<f64>,
}

/// The modes as U-turns see them at one dimension.
#[derive(Debug, Clone)]
pub struct Turns<'m> {
    means: &'m Means,
    products: DMatrix<f64>,
    /// √G, for the noise.
    root: DMatrix<f64>,
    /// log p_k.
    log_weights: Vec<f64>,
    /// Points at which averages over v are taken: those of each shift, one after the other.
    normals: Vec<Vec<f64>>,
    d: f64,
    sigma: f64,
}

impl<'m> Turns<'m> {
    /// The modes at a dimension, with a width.
    pub fn new(means: &'m Means, d: f64, sigma: f64) -> Turns<'m> {
        let products = means.products(d);
        let root = root(&products);
        let log_weights = means.weights.iter().map(|p| libm::log(*p)).collect();
        let normals = (0..SHIFTS).into_par_iter().map(|shift| normals(means.count() - 1, shift)).collect();
        Turns { means, products, root, log_weights, normals, d, sigma }
    }

    /// θ² where the data are multiplied by β and the noise by α.
    pub fn square(&self, alpha: f64, beta: f64) -> f64 {
        self.d * beta * beta / (alpha * alpha + self.sigma * self.sigma * beta * beta)
    }

    /// T at θ² = s: averages over v by lattices with random shifts, from a fixed key.
    pub fn matrix(&self, s: f64) -> Matrix {
        let modes = self.means.count();
        let theta = s.sqrt();
        let (mut values, mut errors) = (DMatrix::zeros(modes, modes), DMatrix::zeros(modes, modes));
        for j in 0..modes {
            // Differences from μ_j, of which alone the posterior is made.
            let others: Vec<usize> = (0..modes).filter(|k| *k != j).collect();
            let g = |k: usize, l: usize| self.products[(k, l)];
            let covariance = DMatrix::from_fn(modes - 1, modes - 1, |a, b| {
                let (k, l) = (others[a], others[b]);
                g(k, l) - g(k, j) - g(j, l) + g(j, j)
            });
            let root = root(&covariance);
            let half: Vec<f64> = (0..modes - 1).map(|a| 0.5 * s * covariance[(a, a)]).collect();
            let of_shift = |points: &Vec<f64>| {
                let (mut sum, mut odds) = (vec![0.0; modes], vec![0.0; modes]);
                for point in points.chunks(modes - 1) {
                    odds[j] = self.log_weights[j];
                    for (a, k) in others.iter().enumerate() {
                        let z: f64 = point.iter().enumerate().map(|(b, x)| root[(a, b)] * x).sum();
                        odds[*k] = self.log_weights[*k] + theta * z - half[a];
                    }
                    normalise(&mut odds);
                    sum.iter_mut().zip(&odds).for_each(|(sum, x)| *sum += x);
                }
                sum.iter().map(|x| x / f64::from(POINTS)).collect::<Vec<f64>>()
            };
            let means: Vec<Vec<f64>> = self.normals.par_iter().map(of_shift).collect();
            let count = f64::from(SHIFTS);
            for k in 0..modes {
                let mean = means.iter().map(|of| of[k]).sum::<f64>() / count;
                let square = means.iter().map(|of| (of[k] - mean).powi(2)).sum::<f64>();
                values[(j, k)] = mean;
                errors[(j, k)] = (square / (count * (count - 1.0))).sqrt();
            }
        }
        Matrix { values, errors }
    }

    /// How many of some samples of mode j return to each mode, from the first of the given s = θ² through the others, during each of which the
    /// denoiser's answer stands still (a Gaussian bridge), to the nearest in the end; with one s alone by a draw from the posterior there. None
    /// where an interruption was asked for.
    pub fn returns(
        &self,
        j: usize,
        squares: &[f64],
        samples: u64,
        seed: u64,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<u64>> {
        let modes = self.means.count();
        let index = squares[0].to_bits() ^ (j as u64).rotate_left(32);
        let of_chunk = |chunk: u64| -> Option<Vec<u64>> {
            let mut random = stream(seed ^ index.rotate_left(7), self.d as u64, Purpose::Turn, chunk);
            let mut counts = vec![0; modes];
            let mut posterior = DVector::zeros(modes);
            for _ in chunk * CHUNK..samples.min((chunk + 1) * CHUNK) {
                if interrupted() {
                    return None;
                }
                let mut y = self.products.column(j) * squares[0];
                self.add_noise(&mut y, squares[0], &mut random);
                for pair in squares.windows(2) {
                    self.posterior(&y, pair[0], &mut posterior);
                    y.gemv(pair[1] - pair[0], &self.products, &posterior, 1.0);
                    self.add_noise(&mut y, pair[1] - pair[0], &mut random);
                }
                self.posterior(&y, squares[squares.len() - 1], &mut posterior);
                let end = match squares.len() {
                    1 => drawn(posterior.as_slice(), random.random()),
                    _ => posterior.imax(),
                };
                counts[end] += 1;
            }
            Some(counts)
        };
        let chunks: Option<Vec<_>> = (0..samples.div_ceil(CHUNK)).into_par_iter().map(of_chunk).collect();
        let mut sum = vec![0; modes];
        chunks?.iter().for_each(|counts| sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count));
        Some(sum)
    }

    /// Adds √(sG) times white noise.
    fn add_noise(&self, y: &mut DVector<f64>, s: f64, random: &mut ChaCha8Rng) {
        for column in self.root.column_iter() {
            let white: f64 = StandardNormal.sample(random);
            y.axpy(s.sqrt() * white, &column, 1.0);
        }
    }

    /// π_k ∝ p_k exp(Y_k − ½ s G_kk).
    fn posterior(&self, y: &DVector<f64>, s: f64, into: &mut DVector<f64>) {
        for (k, x) in into.iter_mut().enumerate() {
            *x = self.log_weights[k] + y[k] - 0.5 * s * self.products[(k, k)];
        }
        normalise(into.as_mut_slice());
    }
}

/// The mode that a uniform number draws.
fn drawn(posterior: &[f64], uniform: f64) -> usize {
    let mut left = uniform;
    let found = posterior.iter().position(|p| {
        left -= p;
        left < 0.0
    });
    found.unwrap_or(posterior.len() - 1)
}

/// Logarithms of odds → probabilities.
fn normalise(odds: &mut [f64]) {
    let largest = odds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    odds.iter_mut().for_each(|x| *x = libm::exp(*x - largest));
    let sum: f64 = odds.iter().sum();
    odds.iter_mut().for_each(|x| *x /= sum);
}

/// A root of a matrix of products, the largest directions first.
fn root(products: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = products.clone().symmetric_eigen();
    let mut order: Vec<usize> = (0..products.nrows()).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    let column = |k: &usize| eigen.eigenvectors.column(*k) * eigen.eigenvalues[*k].max(0.0).sqrt();
    DMatrix::from_columns(&order.iter().map(column).collect::<Vec<_>>())
}

/// Normal numbers at the points of a lattice (multiples of the roots of the first primes, Richtmyer) with a random shift, point by point.
fn normals(dimensions: usize, shift: u32) -> Vec<f64> {
    let primes = (2u32..).filter(|n| (2..*n).take_while(|k| k * k <= *n).all(|k| n % k != 0));
    let roots: Vec<f64> = primes.take(dimensions).map(|p| f64::from(p).sqrt().fract()).collect();
    let mut random = stream(0, u64::from(shift), Purpose::Turn, u64::MAX);
    let shifts: Vec<f64> = (0..dimensions).map(|_| random.random()).collect();
    let law = Normal::standard();
    let coordinate = |i: u32, axis: usize| {
        let place: f64 = f64::from(i) * roots[axis] + shifts[axis];
        // Folded, so that the ends of every axis meet.
        let u = 1.0 - f64::abs(2.0 * place.fract() - 1.0);
        law.inverse_cdf(u.clamp(1e-15, 1.0 - 1e-15))
    };
    (1..=POINTS)
        .flat_map(|i| (0..dimensions).map(move |axis| (i, axis)))
        .map(|(i, axis)| coordinate(i, axis))
        .collect()
}
