//! The overlaps of online learning as a Markov chain, drawn exactly in law at any N: the fields of an example are normal with the overlaps as
//! their covariance, and of the rest of the example only its length is needed, χ² of what is left of N dimensions.

use rand_chacha::ChaCha8Rng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::{Purpose, stream};
use overlaps::model::{ModelError, Running};

/// Students w_i and teachers, vectors of N dimensions, by their scalar products over N.
pub(super) struct Chain {
    /// Vectors: those of the students, then those of the teachers.
    pub vectors: usize,
    pub students: usize,
    /// Scalar products over N, row by row.
    pub overlaps: Vec<f64>,
    /// N.
    pub dimension: f64,
    rng: ChaCha8Rng,
    rest: ChiSquared<f64>,
    /// Lower triangular root of the overlaps.
    root: Vec<f64>,
    normal: Vec<f64>,
    done: u64,
}

/// An example ξ, of components N(0, 1).
pub(super) struct Example {
    /// Scalar products with the vectors, over √N.
    pub fields: Vec<f64>,
    /// |ξ|²/N.
    pub square: f64,
    /// A normal number, for the noise of its label.
    pub noise: f64,
}

/// What an example does: w_i ← w_i + (η/√N) δ_i ζ.
pub(super) struct Move {
    /// η δ of each student.
    pub moves: Vec<f64>,
    /// Scalar products of ζ with the vectors, over √N; and |ζ|²/N.
    pub fields: Vec<f64>,
    pub square: f64,
}

/// What an example does, given the overlaps, row by row.
pub(super) type Rule = Box<dyn Fn(&Example, &[f64], &mut Move)>;

impl Chain {
    /// The overlaps at the start, row by row.
    pub fn new(students: usize, overlaps: Vec<f64>, d: u64, seed: u64) -> Result<Chain, ModelError> {
        let vectors = overlaps.len().isqrt();
        Ok(Chain {
            vectors,
            students,
            dimension: d as f64,
            rng: stream(seed, d, Purpose::Step, 0),
            rest: ChiSquared::new((d as f64 - vectors as f64).max(1e-9))?,
            root: vec![0.0; overlaps.len()],
            normal: vec![0.0; vectors],
            overlaps,
            done: 0,
        })
    }

    /// A scalar product over N.
    pub fn overlap(&self, a: usize, b: usize) -> f64 {
        self.overlaps[a * self.vectors + b]
    }

    fn decompose(&mut self) {
        let size = self.vectors;
        for row in 0..size {
            for column in 0..=row {
                let known: f64 =
                    (0..column).map(|k| self.root[row * size + k] * self.root[column * size + k]).sum();
                let left = self.overlap(row, column) - known;
                self.root[row * size + column] = match (row == column, self.root[column * size + column]) {
                    // What lies in the span of those before has no part of its own.
                    (true, _) => left.max(0.0).sqrt(),
                    (false, 0.0) => 0.0,
                    (false, pivot) => left / pivot,
                };
            }
        }
    }

    fn draw(&mut self, example: &mut Example) {
        self.decompose();
        let size = self.vectors;
        let mut square = self.rest.sample(&mut self.rng);
        for row in 0..size {
            self.normal[row] = StandardNormal.sample(&mut self.rng);
            square += self.normal[row] * self.normal[row];
            example.fields[row] = (0..=row).map(|k| self.root[row * size + k] * self.normal[k]).sum();
        }
        example.square = square / self.dimension;
        example.noise = StandardNormal.sample(&mut self.rng);
    }

    fn apply(&mut self, by: &Move) {
        let (size, n) = (self.vectors, self.dimension);
        for i in 0..self.students {
            for k in 0..self.students {
                let both = by.moves[i] * by.fields[k] + by.moves[k] * by.fields[i];
                self.overlaps[i * size + k] += (both + by.moves[i] * by.moves[k] * by.square) / n;
            }
            for teacher in self.students..size {
                let change = by.moves[i] * by.fields[teacher] / n;
                self.overlaps[i * size + teacher] += change;
                self.overlaps[teacher * size + i] += change;
            }
        }
    }

    /// Learns until this many examples were seen; whether it came to the end.
    pub fn learn(&mut self, until: u64, running: &Running, rule: &Rule) -> bool {
        let zeros = || vec![0.0; self.vectors];
        let mut example = Example { fields: zeros(), square: 0.0, noise: 0.0 };
        let mut by = Move { moves: vec![0.0; self.students], fields: zeros(), square: 0.0 };
        while self.done < until {
            if self.done.is_multiple_of(1 << 14) && (running.interrupted)() {
                return false;
            }
            self.draw(&mut example);
            by.fields.copy_from_slice(&example.fields);
            by.square = example.square;
            rule(&example, &self.overlaps, &mut by);
            self.apply(&by);
            self.done += 1;
        }
        true
    }
}
