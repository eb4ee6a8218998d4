//! The flow of a learnt denoiser of K units through the first phase, for the products of a sample with the data and with the class means alone:
//! n + 3 numbers at any d.

use nalgebra::{DMatrix, DVector};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::data::{CLASSES, root};
use super::loss::softmax;
use super::minimum::Minimum;
use super::{classes, order, setting};
use crate::mixture::Interpolant;
use crate::{Purpose, stream};
use overlaps::model::{Point, Running};

/// Samples of one key.
const CHUNK: u64 = 1024;

type Matrix = DMatrix<f64>;
/// Fractions by class, then by unit.
pub(super) type Fractions = [f64; 2 * CLASSES];

/// A flow: products of what spans it, and its steps.
pub(super) struct Flow {
    /// Products over d of the vectors that w and u are sums of, then of the class means.
    products: Matrix,
    /// Of a class mean with itself.
    squares: [f64; CLASSES],
    steps: Vec<Step>,
    pub converged: bool,
}

/// A step, and how the sample is counted after it.
struct Step {
    /// By what all projections are multiplied.
    own: f64,
    /// What a unit adds to them.
    added: Matrix,
    /// Weights of the fields, and the biases.
    a: Matrix,
    b: DVector<f64>,
    /// √d β after the step.
    scale: f64,
    /// The place of each unit in the tables.
    place: Vec<usize>,
}

impl Flow {
    /// That of the minima of all steps, whose vectors have these products with the class means (C×n).
    pub(super) fn new(at: &Point, of_means: &Matrix, minima: &[Minimum]) -> Flow {
        let (n, steps, means) = (of_means.ncols(), minima.len(), classes(at).means);
        let gram = &minima[0].loss.gram;
        let mut products = Matrix::zeros(n + CLASSES, n + CLASSES);
        products.view_mut((0, 0), (n, n)).copy_from(gram);
        products.view_mut((n, 0), (CLASSES, n)).copy_from(of_means);
        products.view_mut((0, n), (n, CLASSES)).copy_from(&of_means.transpose());
        products.view_mut((n, n), (CLASSES, CLASSES)).copy_from(&means);
        let of_step = |(i, found): (usize, &Minimum)| {
            let (set, found) = (found.loss.setting, &found.at);
            let length = setting(at, 1.0).beta / steps as f64;
            let (own, towards) = interpolant(at).velocity(set.beta);
            let place_of = order(&(of_means * &found.a));
            let place = |k| place_of.iter().position(|unit| *unit == k).unwrap_or(k);
            Step {
                own: 1.0 + length * (own + towards * found.c),
                added: products.columns(0, n) * &found.e * (length * towards * set.d.sqrt()),
                a: found.a.clone(),
                b: found.b.clone(),
                scale: setting(at, (i + 1) as f64 / steps as f64).beta * set.d.sqrt(),
                place: (0..found.a.ncols()).map(place).collect(),
            }
        };
        let all = minima.iter().enumerate().map(of_step).collect();
        let converged = minima.iter().all(Minimum::converged);
        let squares = std::array::from_fn(|c| means[(c, c)]);
        Flow { products, squares, steps: all, converged }
    }

    /// The fractions of samples in each class and at each unit after every step; none where an interruption was asked for.
    pub(super) fn fractions(
        &self,
        samples: u64,
        (seed, d): (u64, f64),
        running: &Running,
    ) -> Option<Vec<Fractions>> {
        // Semidefinite to rounding, as products are.
        let from_noise = root(&self.products).unwrap_or_else(|| self.products.map(|_| f64::NAN));
        let of_chunk = |chunk: u64| {
            let mut random = stream(seed, d as u64, Purpose::Generate, chunk);
            let mut counts = vec![[0u64; 2 * CLASSES]; self.steps.len()];
            for _ in chunk * CHUNK..samples.min((chunk + 1) * CHUNK) {
                let noise = (0..from_noise.ncols()).map(|_| StandardNormal.sample(&mut random));
                let start = &from_noise * DVector::from_iterator(from_noise.ncols(), noise);
                self.count(start, &mut counts);
            }
            (!(running.interrupted)()).then_some(counts)
        };
        let chunks: Option<Vec<_>> = (0..samples.div_ceil(CHUNK)).into_par_iter().map(of_chunk).collect();
        let mut sums = vec![[0.0; 2 * CLASSES]; self.steps.len()];
        for counts in chunks? {
            for (sums, counts) in sums.iter_mut().zip(counts) {
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count as f64 / samples as f64);
            }
        }
        Some(sums)
    }

    /// Counts a sample that starts with these projections x_i·X/√d and μ_c·X/√d, after every step.
    pub(super) fn count(&self, mut y: DVector<f64>, counts: &mut [[u64; 2 * CLASSES]]) {
        let n = y.len() - CLASSES;
        for (step, counts) in self.steps.iter().zip(counts) {
            let along = |y: &DVector<f64>| step.a.tr_mul(&y.rows(0, n));
            let fields = along(&y) + &step.b;
            let units = fields.len();
            let phi = softmax(&std::array::from_fn(|k| if k < units { fields[k] } else { 0.0 }), units);
            y *= step.own;
            (0..units).for_each(|k| y.axpy(phi[k], &step.added.column(k), 1.0));
            let near = |c: usize| y[n + c] - 0.5 * step.scale * self.squares[c];
            counts[largest((0..CLASSES).map(near))] += 1;
            counts[CLASSES + step.place[largest(along(&y).iter().copied())]] += 1;
        }
    }
}

/// Where the largest number stands.
fn largest(numbers: impl Iterator<Item = f64>) -> usize {
    numbers.enumerate().max_by(|(_, x), (_, y)| x.total_cmp(y)).map_or(0, |(place, _)| place)
}

fn interpolant(at: &Point) -> Interpolant {
    let named = Interpolant::ALL.into_iter().find(|own| own.name() == at.word("interpolant"));
    named.unwrap_or(Interpolant::Linear)
}
