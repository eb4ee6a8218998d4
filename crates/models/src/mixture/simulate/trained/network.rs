//! One denoiser in training: f(x) = c x + u tanh(w·x/√d + b) with u and w of d coordinates, the state of its optimiser, and
//! the pass over the coordinates that makes a step of a gradient.

use multiversion::multiversion;
use rand_distr::{Distribution, StandardNormal};

use super::adam::{Moments, Scalar, Step, Training, update};
use super::batch::Batch;
use super::rows::{BLOCK, Dots, weighted_sums};
use crate::mixture::Setting;
use crate::{Purpose, stream};

/// A network with the state of its optimiser. What it holds beside that follows from it.
#[derive(Debug, Clone)]
pub struct Network {
    /// Output vector, padded with zeros to whole blocks.
    pub u: Vec<f32>,
    /// Weights, padded with zeros to whole blocks.
    pub w: Vec<f32>,
    /// Bias.
    pub b: Scalar,
    /// Coefficient of the linear part.
    pub c: Scalar,
    /// Averages of the gradient in u.
    pub u_moments: Moments,
    /// Averages of the gradient in w.
    pub w_moments: Moments,
    /// Epochs done.
    pub epoch: u64,
    /// Scalar products of the rows with u and w.
    dots: Dots,
    /// |u|², u·w, |w|².
    norms: [f64; 3],
}

/// The gradient of the loss in u and w, as one epoch sees it.
pub struct Weights {
    /// Weights of the rows in the sums that enter the gradients in u and in w.
    pub rows: Vec<[f32; 2]>,
    /// Coefficients of u, w and the two noise vectors in the gradient in u.
    pub by_u: [f32; 4],
    /// The same for the gradient in w.
    pub by_w: [f32; 4],
    /// Factors of the row sums in the gradients in u and w.
    pub factors: [f32; 2],
}

/// Sums over the blocks that the gradient in c needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlockSums {
    /// |s|², s·t, |t|² of the row sums s and t.
    pub sums: [f64; 3],
    /// g·s and g·t of both noise vectors g.
    pub noise: [[f64; 2]; 2],
}

/// Normal vectors of one epoch, in blocks; empty where the noise is fixed.
pub type NoiseVectors = [Vec<f32>; 2];

impl Network {
    /// u and w of independent normal coordinates, b = c = 0.
    pub fn new(setting: &Setting, batch: &Batch, training: &Training, seed: u64, t: f64) -> Network {
        let size = batch.rows.blocks * BLOCK;
        let mut rng = stream(seed, setting.d, Purpose::Weights, t.to_bits());
        let mut normals = || -> Vec<f32> {
            let scale = training.initial_scale;
            let normal = |j: usize| {
                let z: f64 = if j < batch.d { StandardNormal.sample(&mut rng) } else { 0.0 };
                (scale * z) as f32
            };
            (0..size).map(normal).collect()
        };
        let (u, w) = (normals(), normals());
        Network::resume(batch, u, w, [Scalar::default(); 2], [Moments::new(size), Moments::new(size)], 0)
    }

    /// A network in a given state; the scalar products are computed again, in the same order.
    pub fn resume(
        batch: &Batch,
        u: Vec<f32>,
        w: Vec<f32>,
        [b, c]: [Scalar; 2],
        [u_moments, w_moments]: [Moments; 2],
        epoch: u64,
    ) -> Network {
        let mut dots = Dots::new(batch.rows.count);
        let mut norms = [0.0; 3];
        for block in 0..batch.rows.blocks {
            let part = block * BLOCK..(block + 1) * BLOCK;
            if let (Some(u), Some(w)) = (u[part.clone()].first_chunk(), w[part].first_chunk()) {
                dots.add(batch.rows.block(block), u, w);
                add_norms(&mut norms, u, w);
            }
        }
        Network { u, w, b, c, u_moments, w_moments, epoch, dots, norms }
    }

    /// (|u|², u·w, |w|²).
    pub fn norms(&self) -> [f64; 3] {
        self.norms
    }

    /// (row·u, row·w).
    pub fn dots(&self, row: usize) -> (f64, f64) {
        self.dots.of(row)
    }

    /// Gradient, step and new scalar products, block by block.
    pub fn pass(&mut self, batch: &Batch, weights: &Weights, noise: &NoiseVectors, step: &Step) -> BlockSums {
        self.dots.clear();
        self.norms = [0.0; 3];
        let mut total = BlockSums::default();
        let zero = [0.0f32; BLOCK];
        for block in 0..batch.rows.blocks {
            let start = block * BLOCK;
            let noise = [0, 1].map(|m| noise[m].get(start..).and_then(|g| g.first_chunk()).unwrap_or(&zero));
            let places = (
                self.u[start..].first_chunk_mut(),
                self.w[start..].first_chunk_mut(),
                self.u_moments.mean[start..].first_chunk_mut(),
                self.u_moments.square[start..].first_chunk_mut(),
                self.w_moments.mean[start..].first_chunk_mut(),
                self.w_moments.square[start..].first_chunk_mut(),
            );
            let (Some(u), Some(w), Some(u_mean), Some(u_square), Some(w_mean), Some(w_square)) = places
            else {
                continue;
            };
            let rows = batch.rows.block(block);
            let (by_p, by_q) = weighted_sums(rows, &weights.rows);
            let adam = BlockState { u, w, u_mean, u_square, w_mean, w_square };
            step_block(weights, step, adam, &noise, &by_p, &by_q, &mut total);
            if let (Some(u), Some(w)) = (self.u[start..].first_chunk(), self.w[start..].first_chunk()) {
                self.dots.add(rows, u, w);
                add_norms(&mut self.norms, u, w);
            }
        }
        total
    }
}

struct BlockState<'a> {
    u: &'a mut [f32; BLOCK],
    w: &'a mut [f32; BLOCK],
    u_mean: &'a mut [f32; BLOCK],
    u_square: &'a mut [f32; BLOCK],
    w_mean: &'a mut [f32; BLOCK],
    w_square: &'a mut [f32; BLOCK],
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn step_block(
    weights: &Weights,
    step: &Step,
    state: BlockState<'_>,
    noise: &[&[f32; BLOCK]; 2],
    by_p: &[f32; BLOCK],
    by_q: &[f32; BLOCK],
    total: &mut BlockSums,
) {
    let (mut by_u, mut by_w) = ([0.0f32; BLOCK], [0.0f32; BLOCK]);
    let (cu, cw) = (&weights.by_u, &weights.by_w);
    for i in 0..BLOCK {
        let (u, w, g, h) = (state.u[i], state.w[i], noise[0][i], noise[1][i]);
        by_u[i] = (cu[0] * u + cu[1] * w) + (cu[2] * g + cu[3] * h) + weights.factors[0] * by_p[i];
        by_w[i] = (cw[0] * u + cw[1] * w) + (cw[2] * g + cw[3] * h) + weights.factors[1] * by_q[i];
    }
    for (total, (x, y)) in total.sums.iter_mut().zip([(by_p, by_p), (by_p, by_q), (by_q, by_q)]) {
        *total += lane_dot(x, y);
    }
    for (total, g) in total.noise.iter_mut().zip(noise) {
        total[0] += lane_dot(g, by_p);
        total[1] += lane_dot(g, by_q);
    }
    update(step, state.u, state.u_mean, state.u_square, &by_u);
    update(step, state.w, state.w_mean, state.w_square, &by_w);
}

/// Σ x y of one block over eight lanes in a fixed order; the lanes are added in double precision.
#[inline(always)]
fn lane_dot(x: &[f32; BLOCK], y: &[f32; BLOCK]) -> f64 {
    let mut lanes = [0.0f32; 8];
    for part in 0..BLOCK / 8 {
        for i in 0..8 {
            lanes[i] += x[8 * part + i] * y[8 * part + i];
        }
    }
    lanes.iter().map(|x| f64::from(*x)).sum()
}

/// Adds |u|², u·w, |w|² of one block.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn add_norms(norms: &mut [f64; 3], u: &[f32; BLOCK], w: &[f32; BLOCK]) {
    for (norm, (x, y)) in norms.iter_mut().zip([(u, u), (u, w), (w, w)]) {
        *norm += lane_dot(x, y);
    }
}

/// (g·u, g·w, |g|²); zero for an empty g.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn dot_products(g: &[f32], u: &[f32], w: &[f32]) -> [f64; 3] {
    let mut total = [0.0; 3];
    let (g, _) = g.as_chunks::<BLOCK>();
    let ((u, _), (w, _)) = (u.as_chunks::<BLOCK>(), w.as_chunks::<BLOCK>());
    for ((g, u), w) in g.iter().zip(u).zip(w) {
        for (total, other) in total.iter_mut().zip([u, w, g]) {
            *total += lane_dot(g, other);
        }
    }
    total
}
