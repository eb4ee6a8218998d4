//! The fresh noise of one training step, drawn exactly in law without drawing n·d numbers.
//!
//! The gradient depends on the noise x₀¹…x₀ⁿ through w·x₀ⁱ and u·x₀ⁱ (which make the activations φ and the factors δ),
//! through P = Σφ_i x₀ⁱ and Q = Σδ_i x₀ⁱ, and, for the coefficient c, through Σ|x₀ⁱ|² and Σ x₀ⁱ·x₁ⁱ. As a matrix of n
//! rows and d columns X₀ is Gaussian in any orthonormal frames of both spaces:
//!
//! - its columns along span(w, u) are two normals per sample. They give φ and δ;
//! - given these, the rows along span(φ, δ) of what is left are normal vectors orthogonal to w and u: 2d numbers, which
//!   give P and Q;
//! - the rest, R, has n − 2 rows and d − 2 columns. Only |R|² and its product with the data X₁ are needed: a normal along
//!   the direction of the data, and χ² for the others.

use rand::Rng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use overlaps::numeric::tanh_sech2_array;

/// An orthonormal frame of the span of two vectors, from their scalar products.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Frame {
    /// How many vectors it has: 2, or fewer where the two are parallel or zero.
    pub size: usize,
    /// The vectors of the frame in terms of the two: coefficients of the first and the second.
    pub in_terms: [[f64; 2]; 2],
    /// The two in terms of the frame: components of the first and the second along each vector of the frame.
    pub components: [[f64; 2]; 2],
}

impl Frame {
    /// From |x|², x·y, |y|².
    pub fn new(xx: f64, xy: f64, yy: f64) -> Frame {
        let mut frame = Frame::default();
        if xx > 0.0 {
            let norm = xx.sqrt();
            frame.in_terms[0] = [1.0 / norm, 0.0];
            frame.components[0] = [norm, xy / norm];
            frame.size = 1;
        }
        let along = if xx > 0.0 { xy / xx } else { 0.0 };
        let left = yy - along * xy;
        // Parallel to round-off: no second direction.
        if left > 1e-12 * yy && left > 0.0 {
            let norm = left.sqrt();
            frame.in_terms[frame.size] = [-along / norm, 1.0 / norm];
            frame.components[frame.size] = [0.0, norm];
            frame.size += 1;
        }
        frame
    }
}

/// The components of every noise sample along the frame of (w, u), and the activations that follow.
pub struct Drawn {
    /// Components along the frame; 0 along a vector that the frame does not have.
    pub xi: Vec<[f64; 2]>,
    /// u·x₀.
    pub along_u: Vec<f64>,
    /// φ = tanh of the pre-activation.
    pub phi: Vec<f64>,
    /// 1 − φ².
    pub slope: Vec<f64>,
}

impl Drawn {
    /// Two normals per sample, `draws` samples for each of the data; `field` gives the pre-activation from the products
    /// (with u, with w) of the datum and of the noise.
    pub fn new(
        frame: &Frame,
        data: &[(f64, f64)],
        draws: usize,
        rng: &mut impl Rng,
        field: impl Fn((f64, f64), (f64, f64)) -> f64,
    ) -> Drawn {
        let samples = data.len() * draws;
        let mut xi = vec![[0.0; 2]; samples];
        for normal in &mut xi {
            for x in normal.iter_mut().take(frame.size) {
                *x = StandardNormal.sample(rng);
            }
        }
        let (mut along_u, mut fields) = (Vec::with_capacity(samples), Vec::with_capacity(samples));
        let [[w0, u0], [w1, u1]] = frame.components;
        for (data, xi) in data.iter().zip(xi.chunks_exact(draws)) {
            for [x, y] in xi {
                let (with_u, with_w) = (u0 * x + u1 * y, w0 * x + w1 * y);
                along_u.push(with_u);
                fields.push(field(*data, (with_u, with_w)));
            }
        }
        let (mut phi, mut slope) = (vec![0.0; samples], vec![0.0; samples]);
        tanh_sech2_array(&fields, &mut phi, &mut slope);
        Drawn { xi, along_u, phi, slope }
    }
}

/// What is left of the noise beyond both frames: (|R|², R·X₁) for `size` numbers R and data of norm `data` beyond both.
pub fn rest(size: f64, data: f64, rng: &mut impl Rng) -> (f64, f64) {
    if size < 1.0 {
        return (0.0, 0.0);
    }
    let normal: f64 = StandardNormal.sample(rng);
    let others =
        if size > 1.0 { ChiSquared::new(size - 1.0).map_or(0.0, |chi| chi.sample(rng)) } else { 0.0 };
    (normal * normal + others, data * normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_orthonormal_and_spans() {
        for (x, y) in [
            ([3.0, 4.0, 0.0], [1.0, -2.0, 5.0]),
            ([0.0; 3], [0.0, 2.0, 1.0]),
            ([1.0, 1.0, 0.0], [2.0, 2.0, 0.0]),
        ] {
            let dot = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let frame = Frame::new(dot(&x, &x), dot(&x, &y), dot(&y, &y));
            let e: Vec<[f64; 3]> = (0..frame.size)
                .map(|l| std::array::from_fn(|j| frame.in_terms[l][0] * x[j] + frame.in_terms[l][1] * y[j]))
                .collect();
            for k in 0..e.len() {
                for l in 0..e.len() {
                    assert!((dot(&e[k], &e[l]) - f64::from(u8::from(k == l))).abs() < 1e-14);
                }
            }
            for j in 0..3 {
                let sum =
                    |which: usize| (0..e.len()).map(|l| frame.components[l][which] * e[l][j]).sum::<f64>();
                assert!((sum(0) - x[j]).abs() < 1e-14 && (sum(1) - y[j]).abs() < 1e-14);
            }
        }
    }
}
