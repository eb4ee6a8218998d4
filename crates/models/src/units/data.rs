//! Data of classes by their scalar products: drawn as vectors, or the products in law at a cost that does not depend on d.

use nalgebra::{DMatrix, DVector};
use overlaps::model::ModelError;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::along::normals;
use crate::{Purpose, stream};

/// How many classes there are.
pub(super) const CLASSES: usize = 3;

type Matrix = DMatrix<f64>;

/// Classes of data x = μ_c + σz.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    pub sigma: f64,
    /// Data of each class.
    pub counts: [usize; CLASSES],
    /// Products of the means, over d.
    pub means: Matrix,
}

/// Data and what is known of them; products are over d.
pub(super) struct Data {
    pub d: usize,
    pub of: Classes,
    /// The class of each datum.
    pub class: Vec<usize>,
    /// x_i·x_j.
    pub gram: Matrix,
    /// μ_c·x_j.
    pub of_means: Matrix,
    /// z_i·x_j.
    pub of_noise: Matrix,
    /// The data and the noise themselves, a row each, where they were drawn.
    pub vectors: Option<(Matrix, Matrix)>,
}

/// Products of vectors in the span of the data with what they are measured by.
pub(super) struct Products {
    /// With the means, C×K.
    pub means: Matrix,
    /// With the noise of each datum, n×K.
    pub noise: Matrix,
}

/// M with MMᵀ = G, which may be singular; none if it has a negative eigenvalue.
pub(super) fn root(gram: &Matrix) -> Option<Matrix> {
    let eigen = gram.clone().symmetric_eigen();
    let largest = eigen.eigenvalues.amax();
    let possible = eigen.eigenvalues.iter().all(|x| *x >= -1e-12 * largest);
    possible
        .then(|| &eigen.eigenvectors * Matrix::from_diagonal(&eigen.eigenvalues.map(|x| x.max(0.0).sqrt())))
}

impl Data {
    /// What a seed draws; `explicit` draws vectors in d dimensions, whose first three hold the means.
    ///
    /// # Errors
    /// Means that do not exist.
    pub fn draw(of: Classes, d: usize, seed: u64, explicit: bool) -> Result<Data, ModelError> {
        let Classes { sigma, counts, means } = &of;
        let class: Vec<usize> = (0..CLASSES).flat_map(|c| std::iter::repeat_n(c, counts[c])).collect();
        let n = class.len();
        let root = root(means).ok_or("G is not a matrix of scalar products: it has a negative eigenvalue")?;
        // z_i in the directions of the means, and the products of all of it.
        let (inside, products, vectors) = if explicit {
            let rows: Vec<f64> =
                (0..n).flat_map(|i| normals(seed, d, Purpose::Vector, i as u64).take(d)).collect();
            let z = Matrix::from_row_slice(n, d, &rows);
            let mut x = &z * *sigma;
            for (i, c) in class.iter().enumerate() {
                (0..CLASSES).for_each(|along| x[(i, along)] += (d as f64).sqrt() * root[(*c, along)]);
            }
            (z.columns(0, CLASSES).into_owned(), &z * z.transpose(), Some((x, z)))
        } else {
            let mut inside = Matrix::zeros(n, CLASSES);
            // Bartlett's decomposition of the products in the other dimensions, a stream for each row.
            let mut outside = Matrix::zeros(n, n);
            for i in 0..n {
                let mut rng = stream(seed, d as u64, Purpose::GramRow, i as u64);
                (0..CLASSES).for_each(|along| inside[(i, along)] = StandardNormal.sample(&mut rng));
                (0..i).for_each(|j| outside[(i, j)] = StandardNormal.sample(&mut rng));
                let square: f64 = ChiSquared::new((d - CLASSES - i) as f64)?.sample(&mut rng);
                outside[(i, i)] = square.sqrt();
            }
            let products = &inside * inside.transpose() + &outside * outside.transpose();
            (inside, products, None)
        };
        let (per, products) = (1.0 / d as f64, products / d as f64);
        let along = &root * inside.transpose() * per.sqrt();
        let of_means = Matrix::from_fn(CLASSES, n, |c, j| means[(c, class[j])] + sigma * along[(c, j)]);
        let of_noise = Matrix::from_fn(n, n, |i, j| along[(class[j], i)] + sigma * products[(i, j)]);
        let gram = Matrix::from_fn(n, n, |i, j| of_means[(class[i], j)] + sigma * of_noise[(i, j)]);
        let gram = (&gram + gram.transpose()) * 0.5;
        Ok(Data { d, of, class, gram, of_means, of_noise, vectors })
    }

    /// Products of v_k = Σ_i weight_ik x_i: by those of the data, or by the vectors themselves where they were drawn.
    pub fn products(&self, weights: &Matrix) -> Products {
        let Some((x, z)) = &self.vectors else {
            return Products { means: &self.of_means * weights, noise: &self.of_noise * weights };
        };
        let vectors = x.tr_mul(weights) / self.d as f64;
        let root = root(&self.of.means).unwrap_or_else(|| Matrix::zeros(CLASSES, CLASSES));
        let means = root * vectors.rows(0, CLASSES) * (self.d as f64).sqrt();
        Products { means, noise: z * vectors }
    }

    /// The mean of a class of a number for each datum.
    pub fn mean(&self, c: usize, of: &DVector<f64>) -> f64 {
        let own = self.class.iter().zip(of.iter()).filter(|(class, _)| **class == c).map(|(_, x)| x);
        own.sum::<f64>() / self.of.counts[c] as f64
    }
}
