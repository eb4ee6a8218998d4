//! An orthonormal basis of the space of μ and the Gaussian vectors of a data set.
//!
//! ê₀ = μ/√d, and ê_k for k = 1, 2, … is z^k without its components along the earlier ones (Gram–Schmidt, which is
//! Cholesky's decomposition of the Gram matrix). Coordinates of vectors of length O(√d) are given divided by √d.

use nalgebra::{Cholesky, DMatrix};

use super::error::GenerateError;
use crate::mixture::simulate::{DataSet, Drawn, Products, Vectors, Weights};

/// Vectors further from the basis than this, relative to their length, extend it. Networks are kept in single precision.
const OUTSIDE: f64 = 1e-6;

/// The coordinates of u and w of several denoisers, divided by √d.
pub type Placed = Vec<[Vec<f64>; 2]>;

/// An orthonormal basis, and where the Gaussian vectors of a data set lie in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// Dimension of the space.
    pub size: usize,
    /// zᵏ·ê_j/√d, rows k; the last entries of a row that vanish are left out.
    pub z: Vec<Vec<f64>>,
}

impl Basis {
    /// Of μ alone.
    pub fn of_mean() -> Basis {
        Basis { size: 1, z: Vec::new() }
    }

    /// From the scalar products of the Gaussian vectors.
    ///
    /// # Errors
    /// Vectors that are not linearly independent, because there are as many as dimensions.
    pub fn new(products: &Products) -> Result<Basis, GenerateError> {
        let count = products.zeta.len();
        let zeta = &products.zeta;
        let orthogonal = DMatrix::from_fn(count, count, |i, j| products.zz[(i, j)] - zeta[i] * zeta[j]);
        let factor = Cholesky::new(orthogonal).ok_or(GenerateError::Dependent { count })?.unpack();
        let row = |k: usize| std::iter::once(zeta[k]).chain((0..=k).map(|j| factor[(k, j)])).collect();
        Ok(Basis { size: count + 1, z: (0..count).map(row).collect() })
    }

    /// The coordinates of m μ + Σ_k a_k zᵏ, divided by √d.
    pub fn combination(&self, m: f64, a: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut x = vec![0.0; self.size];
        x[0] = m;
        for (a, z) in a.zip(&self.z) {
            if a != 0.0 {
                x.iter_mut().zip(z).for_each(|(x, z)| *x += a * z);
            }
        }
        x
    }
}

/// The same basis as vectors of d coordinates, which may be extended by others.
pub struct ExplicitBasis {
    vectors: Vec<Vec<f64>>,
    root_d: f64,
}

impl ExplicitBasis {
    /// Of μ = (1, …, 1) and the vectors of a data set.
    ///
    /// # Errors
    /// Vectors that are not linearly independent.
    pub fn new(vectors: &Vectors) -> Result<ExplicitBasis, GenerateError> {
        let root_d = (vectors.d as f64).sqrt();
        let mut basis = ExplicitBasis { vectors: vec![vec![1.0 / root_d; vectors.d]], root_d };
        for z in &vectors.rows {
            if basis.extend(z).len() < basis.vectors.len() || basis.vectors.len() > vectors.d {
                return Err(GenerateError::Dependent { count: vectors.rows.len() });
            }
        }
        Ok(basis)
    }

    /// Keeps the first vectors only.
    #[cfg(test)]
    pub fn truncate(&mut self, size: usize) {
        self.vectors.truncate(size);
    }

    /// The coordinates of a vector, divided by √d; the basis is extended where the vector does not lie in it.
    pub fn extend(&mut self, vector: &[f64]) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut rest = vector.to_vec();
        let mut x = vec![0.0; self.vectors.len()];
        // Twice, so that what is left is orthogonal to round-off.
        for _ in 0..2 {
            for (x, e) in x.iter_mut().zip(&self.vectors) {
                let along = dot(&rest, e);
                *x += along / self.root_d;
                rest.iter_mut().zip(e).for_each(|(r, e)| *r -= along * e);
            }
        }
        let left = dot(&rest, &rest).sqrt();
        if left > OUTSIDE * dot(vector, vector).sqrt() && self.vectors.len() < vector.len() {
            x.push(left / self.root_d);
            rest.iter_mut().for_each(|r| *r /= left);
            self.vectors.push(rest);
        }
        x
    }
}

/// The basis of a data set, extended by the networks that were trained on it, and u and w of each in it.
///
/// # Errors
/// Vectors that are not linearly independent; networks without the data that they were trained on.
pub fn place(data: &DataSet, sigma: f64, weights: &[&Weights]) -> Result<(Basis, Placed), GenerateError> {
    let explicit = weights.iter().any(|w| matches!(w, Weights::Explicit { .. }));
    if !explicit {
        let basis = Basis::new(&data.products())?;
        let place = |weights: &&Weights| match weights {
            Weights::Span { u, w } => [u, w].map(|a| in_span(&basis, &data.labels, sigma, a)),
            Weights::Explicit { .. } => [Vec::new(), Vec::new()],
        };
        let placed = weights.iter().map(place).collect();
        return Ok((basis, placed));
    }
    let Drawn::Vectors(vectors) = &data.drawn else { return Err(GenerateError::WithoutData) };
    let mut basis = ExplicitBasis::new(vectors)?;
    let z: Vec<Vec<f64>> = vectors.rows.iter().map(|z| basis.extend(z)).collect();
    let mut placed = Placed::new();
    for weights in weights {
        placed.push(match weights {
            Weights::Explicit { u, w } => {
                [u, w].map(|v| basis.extend(&v.iter().map(|x| f64::from(*x)).collect::<Vec<_>>()))
            }
            Weights::Span { u, w } => {
                let here = Basis { size: 1 + z.len(), z: z.clone() };
                [u, w].map(|a| in_span(&here, &data.labels, sigma, a))
            }
        });
    }
    let size = basis.vectors.len();
    placed.iter_mut().flatten().for_each(|x| x.resize(size, 0.0));
    Ok((Basis { size, z }, placed))
}

/// Σ a_k y_k with y = sμ + σz for the data, and x₀ for the fixed noise after them.
pub fn in_span(basis: &Basis, labels: &[f64], sigma: f64, a: &[f64]) -> Vec<f64> {
    let m = labels.iter().zip(a).map(|(s, a)| s * a).sum();
    let of_z = a.iter().enumerate().map(|(k, a)| if k < labels.len() { sigma * a } else { *a });
    basis.combination(m, of_z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixture::Setting;
    use crate::mixture::simulate::{LabelRule, labels};

    fn setting() -> Setting {
        Setting::new(|name| match name {
            "n" => Some(5.0),
            "d" => Some(40.0),
            "sigma" => Some(0.7),
            _ => None,
        })
        .unwrap()
    }

    #[test]
    fn coordinates_keep_all_scalar_products() {
        let s = setting();
        let vectors = Vectors::draw(&s, 3).unwrap();
        let products = Products::of(&vectors);
        let basis = Basis::new(&products).unwrap();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for i in 0..5 {
            assert!((basis.z[i][0] - products.zeta[i]).abs() < 1e-14);
            for j in 0..5 {
                let shorter = basis.z[i].len().min(basis.z[j].len());
                let product = dot(&basis.z[i][..shorter], &basis.z[j][..shorter]);
                assert!((product - products.zz[(i, j)]).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn explicit_vectors_extend_the_basis_and_agree_with_the_gram_matrix() {
        let s = setting();
        let data = DataSet {
            labels: labels(&s, LabelRule::Fixed, 3).unwrap(),
            drawn: Drawn::Vectors(Vectors::draw(&s, 3).unwrap()),
        };
        let inside = Weights::Span { u: vec![0.1, 0.2, -0.3, 0.4, 0.5], w: vec![1.0, 0.0, 0.5, -0.2, 0.3] };
        let u: Vec<f32> = (0..40).map(|j| (j as f32).sin()).collect();
        let w: Vec<f32> = (0..40).map(|j| (j as f32).cos()).collect();
        let outside = Weights::Explicit { u: u.clone(), w: w.clone() };
        let (gram, in_gram) = place(&data, s.sigma, &[&inside]).unwrap();
        let (explicit, placed) = place(&data, s.sigma, &[&inside, &outside]).unwrap();
        assert_eq!((gram.size, explicit.size), (6, 8));
        for (a, b) in in_gram[0].iter().flatten().zip(placed[0].iter().flat_map(|x| &x[..6])) {
            assert!((a - b).abs() < 1e-13);
        }
        // |u|²/d and u·w/d of the vectors themselves.
        let over_d = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() / 40.0
        };
        assert!((placed[1][0].iter().map(|x| x * x).sum::<f64>() - over_d(&u, &u)).abs() < 1e-14);
        let product: f64 = placed[1][0].iter().zip(&placed[1][1]).map(|(a, b)| a * b).sum();
        assert!((product - over_d(&u, &w)).abs() < 1e-14);
    }
}
