//! What a network is trained on.

use super::rows::Rows;
use crate::mixture::simulate::data::Vectors;
use crate::mixture::{Noise, Setting};

/// What a network is trained on: the data, and the noise where it is fixed.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Data x₁ⁱ = sⁱμ + σzⁱ with μ = (1, …, 1), then the fixed noise x₀, sample by sample.
    pub rows: Rows,
    /// Classes of the samples.
    pub labels: Vec<f64>,
    /// |x₁ⁱ|² of the data as stored.
    pub squares: Vec<f64>,
    /// For every fixed noise sample |x₀|² and x₀·x₁.
    pub fixed: Vec<[f64; 2]>,
    /// Noise samples per datum.
    pub noise: Noise,
    /// Dimension.
    pub d: usize,
}

impl Batch {
    /// The data of explicit vectors, in single precision.
    pub fn new(setting: &Setting, labels: Vec<f64>, vectors: &Vectors) -> Batch {
        let (n, d) = (setting.n, vectors.d);
        let value = |row: usize, j: usize| {
            let z = vectors.rows[row][j];
            if row < n { labels[row] + setting.sigma * z } else { z }
        };
        let rows = Rows::new(vectors.rows.len(), d, value);
        let stored = |row: usize, j: usize| f64::from(value(row, j) as f32);
        let product = |a: usize, b: usize| (0..d).map(|j| stored(a, j) * stored(b, j)).sum::<f64>();
        let squares = (0..n).map(|i| product(i, i)).collect();
        let fixed = (n..vectors.rows.len())
            .map(|x| [product(x, x), product(x, (x - n) / ((vectors.rows.len() - n) / n))])
            .collect();
        Batch { rows, labels, squares, fixed, noise: setting.noise, d }
    }
}
