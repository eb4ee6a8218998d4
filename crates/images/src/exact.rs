//! The posterior of a data set: given x = a x₀ + b x₁ with x₁ one of its images, each as likely, the probability of each,
//! ∝ exp(−|x − b x₁|²/2a²); and E[x₁|x]. It is what a network that has learnt its data by heart would give; no network is needed.

use crate::data::{Images, Shape};
use crate::matrix::{Matrix, add_product};
use crate::path::Path;

/// A guess of the image from a noisy one.
pub trait Denoiser: Sync {
    /// What an image is.
    fn shape(&self) -> Shape;

    /// The interpolant that it belongs to.
    fn path(&self) -> Path;

    /// E[x₁|x_t] of some images in a row, at a time below 1.
    fn clean(&self, x: &[f32], t: f64) -> Vec<f32>;
}

/// The posterior of a data set.
pub struct Posterior<'i> {
    images: &'i Images,
    path: Path,
    /// The images as columns, `width` of them with padding, so that products run along them.
    columns: Vec<f32>,
    width: usize,
    squares: Vec<f64>,
}

impl<'i> Posterior<'i> {
    /// That of some images.
    pub fn new(images: &'i Images, path: Path) -> Posterior<'i> {
        let (count, size) = (images.count(), images.shape.size());
        let width = count.next_multiple_of(16);
        let mut columns = vec![0.0; size * width];
        for place in 0..count {
            images.image(place).iter().enumerate().for_each(|(pixel, x)| columns[pixel * width + place] = *x);
        }
        let square = |place| images.image(place).iter().map(|x| f64::from(*x).powi(2)).sum();
        Posterior { images, path, columns, width, squares: (0..count).map(square).collect() }
    }

    /// The memory that it takes beside the images, in bytes.
    pub fn memory(images: &Images) -> usize {
        4 * images.shape.size() * images.count().next_multiple_of(16)
    }

    /// The probabilities of all images, with padding, for each of some x.
    fn probabilities(&self, x: &[f32], t: f64) -> Vec<f32> {
        let size = self.images.shape.size();
        let (a, b) = (self.path.noise(t), self.path.data(t));
        let mut products = vec![0.0; x.len() / size * self.width];
        let left = Matrix { of: x, row: size, column: 1 };
        let right = Matrix { of: &self.columns, row: self.width, column: 1 };
        add_product(&mut products, self.width, (x.len() / size, size, self.width), left, right);
        for row in products.chunks_exact_mut(self.width) {
            let exponent =
                |product: f32, square: f64| (b * f64::from(product) - 0.5 * b * b * square) / (a * a);
            let all = row.iter().zip(&self.squares).map(|(product, square)| exponent(*product, *square));
            let largest = all.fold(f64::NEG_INFINITY, f64::max);
            let mut sum = 0.0;
            for (product, square) in row.iter_mut().zip(&self.squares) {
                let weight = (exponent(*product, *square) - largest).exp();
                sum += weight;
                *product = weight as f32;
            }
            row.iter_mut().for_each(|weight| *weight = (f64::from(*weight) / sum) as f32);
            row[self.squares.len()..].fill(0.0);
        }
        products
    }

    /// The probability of each class for each of some x, a row each: how often the exact reverse process ends there.
    pub fn classes(&self, x: &[f32], t: f64) -> Vec<Vec<f64>> {
        let of = |row: &[f32]| {
            let mut sums = vec![0.0; self.images.classes.len()];
            row.iter().zip(&self.images.labels).for_each(|(p, label)| sums[*label] += f64::from(*p));
            sums
        };
        self.probabilities(x, t).chunks_exact(self.width).map(of).collect()
    }
}

impl Denoiser for Posterior<'_> {
    fn shape(&self) -> Shape {
        self.images.shape
    }

    fn path(&self) -> Path {
        self.path
    }

    fn clean(&self, x: &[f32], t: f64) -> Vec<f32> {
        let size = self.images.shape.size();
        let (weights, count) = (self.probabilities(x, t), x.len() / size);
        let mut clean = vec![0.0; x.len()];
        let left = Matrix { of: &weights, row: self.width, column: 1 };
        let right = Matrix { of: &self.images.pixels, row: size, column: 1 };
        add_product(&mut clean, size, (count, self.images.count(), size), left, right);
        clean
    }
}
