//! Products with a Gaussian matrix that is never drawn: what has not been looked at is still Gaussian, so that every product with a
//! new direction is a fresh vector (Bolthausen, Commun. Math. Phys. 325, 333 (2014); Y. M. Lu, "Householder dice", IEEE Trans. Inf. Theory 67, 8325
//! (2021)). Products with t vectors cost O(t²(n + d)), in place of O(tnd), and have exactly the law of those of the matrix.

use std::cell::RefCell;

use crate::Purpose;
use crate::along::{add, dot, normals};

/// What is less than this part of a vector outside of the directions that are known is rounding.
const ROUNDING: f64 = 1e-13;

/// A matrix by its products.
pub(crate) trait Products {
    /// X w.
    fn times(&self, w: &[f64]) -> Vec<f64>;
    /// Xᵀ g.
    fn transposed_times(&self, g: &[f64]) -> Vec<f64>;
}

/// The matrix itself, row by row.
pub(crate) struct Explicit {
    rows: Vec<Vec<f64>>,
    d: usize,
}

impl Explicit {
    /// n×d entries N(0, 1/d).
    pub fn new(seed: u64, n: usize, d: usize) -> Explicit {
        let scale = 1.0 / (d as f64).sqrt();
        let row = |i: usize| normals(seed, d, Purpose::Vector, i as u64).take(d).map(|z| z * scale).collect();
        Explicit { rows: (0..n).map(row).collect(), d }
    }
}

impl Products for Explicit {
    fn times(&self, w: &[f64]) -> Vec<f64> {
        self.rows.iter().map(|row| dot(row, w)).collect()
    }

    fn transposed_times(&self, g: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; self.d];
        self.rows.iter().zip(g).for_each(|(row, g)| add(&mut product, *g, row));
        product
    }
}

/// Orthonormal vectors and their images.
#[derive(Default)]
struct Side {
    seen: Vec<Vec<f64>>,
    images: Vec<Vec<f64>>,
}

impl Side {
    /// x = Σ c v + r e with the vectors v that are known, and e orthogonal to them; twice, against rounding. Nothing is left where r is rounding.
    fn split(&self, x: &[f64]) -> (Vec<f64>, Option<(f64, Vec<f64>)>) {
        let (mut rest, whole) = (x.to_vec(), dot(x, x).sqrt());
        let mut coefficients = vec![0.0; self.seen.len()];
        for _ in 0..2 {
            for (c, v) in coefficients.iter_mut().zip(&self.seen) {
                let along = dot(v, &rest);
                *c += along;
                add(&mut rest, -along, v);
            }
        }
        let norm = dot(&rest, &rest).sqrt();
        if norm <= ROUNDING * whole || self.seen.len() == x.len() {
            return (coefficients, None);
        }
        rest.iter_mut().for_each(|x| *x /= norm);
        (coefficients, Some((norm, rest)))
    }

    /// The product with x; `image` makes that of a new direction e, of this number.
    fn product(&mut self, x: &[f64], size: usize, image: impl FnOnce(u64, &[f64]) -> Vec<f64>) -> Vec<f64> {
        let (mut coefficients, new) = self.split(x);
        if let Some((norm, direction)) = new {
            self.images.push(image(self.seen.len() as u64, &direction));
            self.seen.push(direction);
            coefficients.push(norm);
        }
        let mut product = vec![0.0; size];
        coefficients.iter().zip(&self.images).for_each(|(c, image)| add(&mut product, *c, image));
        product
    }
}

/// The image of a new direction e: fresh, but along the directions u of the other side, where e·(image of u) is known.
fn fresh(
    seed: u64,
    (size, d): (usize, usize),
    purpose: Purpose,
    index: u64,
    e: &[f64],
    other: &Side,
) -> Vec<f64> {
    let scale = 1.0 / (d as f64).sqrt();
    let mut image: Vec<f64> = normals(seed, d, purpose, index).take(size).map(|z| z * scale).collect();
    for (u, of_u) in other.seen.iter().zip(&other.images) {
        let excess = dot(e, of_u) - dot(u, &image);
        add(&mut image, excess, u);
    }
    image
}

/// An n×d matrix of entries N(0, 1/d), in law.
pub(crate) struct Reduced {
    seed: u64,
    n: usize,
    d: usize,
    /// Directions in R^d, their images in R^n, and the other way round.
    sides: RefCell<(Side, Side)>,
}

impl Reduced {
    pub fn new(seed: u64, n: usize, d: usize) -> Reduced {
        Reduced { seed, n, d, sides: RefCell::default() }
    }
}

impl Products for Reduced {
    fn times(&self, w: &[f64]) -> Vec<f64> {
        let (right, left) = &mut *self.sides.borrow_mut();
        let size = (self.n, self.d);
        right.product(w, self.n, |index, e| fresh(self.seed, size, Purpose::Vector, index, e, left))
    }

    fn transposed_times(&self, g: &[f64]) -> Vec<f64> {
        let (right, left) = &mut *self.sides.borrow_mut();
        let size = (self.d, self.d);
        left.product(g, self.d, |index, e| fresh(self.seed, size, Purpose::GramRow, index, e, right))
    }
}

/// A symmetric d×d matrix of entries N(0, 1/d) off the diagonal and N(0, 2/d) on it, in law.
pub(crate) struct Symmetric {
    seed: u64,
    d: usize,
    side: RefCell<Side>,
}

impl Symmetric {
    pub fn new(seed: u64, d: usize) -> Symmetric {
        Symmetric { seed, d, side: RefCell::default() }
    }

    /// W w.
    pub fn times(&self, w: &[f64]) -> Vec<f64> {
        let mut side = self.side.borrow_mut();
        let known = std::mem::take(&mut *side);
        let size = (self.d, self.d);
        let image = |index: u64, e: &[f64]| {
            let mut image = fresh(self.seed, size, Purpose::Vector, index, e, &known);
            // eᵀWe has twice the variance of what else is fresh.
            let along = dot(e, &image);
            add(&mut image, (2.0f64.sqrt() - 1.0) * along, e);
            image
        };
        let (mut coefficients, new) = known.split(w);
        let new = new.map(|(norm, e)| {
            coefficients.push(norm);
            (image(known.seen.len() as u64, &e), e)
        });
        *side = known;
        if let Some((image, e)) = new {
            side.images.push(image);
            side.seen.push(e);
        }
        let mut product = vec![0.0; self.d];
        coefficients.iter().zip(&side.images).for_each(|(c, image)| add(&mut product, *c, image));
        product
    }
}
