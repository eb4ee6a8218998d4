//! How often a few data are best parted by their modes: what `overlaps modes --data` runs.
//!
//! Units that are saturated answer to a group of data each. Their part of the loss is −Σ_k |Σ_{i∈k} x_i|²/(d(λ + n_k)), of n_k data in the
//! group of unit k, and the partition of lowest loss is found among all. Only products of the data matter, which are drawn in law at any d.

use std::path::Path;

use indexmap::IndexMap;
use nalgebra::DMatrix;
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::along::{Along, sigma};
use crate::stream::{Purpose, stream};
use overlaps::chart::{Axis, Chart, ChartError, Marks};
use overlaps::experiment::{Computed, Experiment, ExperimentError, Failure};
use overlaps::model::{Parameter, Running, number};
use overlaps::output::{Cell, Column, Role};
use overlaps::study::{Plan, Wanted};

/// The most partitions of a data set: as many words of the modes as there are of all data but one.
const MOST: f64 = 1e6;

/// The fraction of data sets of which the partition by modes is the best, at each dimension.
pub struct Partitions {
    along: Along,
    /// The mode of each datum.
    of: Vec<usize>,
    sets: u64,
    seed: u64,
}

impl Partitions {
    /// Those of a file of modes, with so many data of each and so many data sets.
    ///
    /// # Errors
    /// What is wrong with the file, names and values that are none, data for another number of modes, more partitions than can be tried.
    pub fn new(
        file: &Path,
        wanted: &Wanted,
        data: &[u32],
        sets: u64,
        seed: u64,
    ) -> Result<Partitions, ExperimentError> {
        use Role::{Certificate, Output};
        let outputs = [
            (
                "best",
                "fraction of data sets of which no partition has a lower loss than that by modes",
                Output,
            ),
            ("best_error", "its standard error", Output),
            ("gain", "mean of how much lower the lowest loss is than that of the partition by modes", Output),
            ("sets", "data sets", Certificate),
        ];
        let along = Along::dimension(file, wanted, vec![sigma(), lambda()], &outputs)?;
        let (modes, given) = (along.means.count(), data.len());
        let refused = |words: String| Err(ExperimentError::Given(words));
        if given != modes {
            return refused(format!(
                "--data has {given} numbers for {modes} modes; give the data of each mode"
            ));
        }
        let count: f64 = data.iter().map(|n| f64::from(*n)).sum();
        if count < 2.0 || libm::pow(modes as f64, count - 1.0) > MOST {
            return refused(format!(
                "{count} data of {modes} modes have no partitions, or more than can be tried: {modes}^({count} − 1) is to be at most {MOST:e}"
            ));
        }
        let of: Vec<usize> =
            data.iter().enumerate().flat_map(|(k, n)| std::iter::repeat_n(k, *n as usize)).collect();
        let least = (modes + of.len() + 1) as f64;
        if let Some(d) = along.controls().iter().find(|d| **d < least) {
            return refused(format!(
                "d = {d} holds too few directions for these data; use d = {least} or more"
            ));
        }
        Ok(Partitions { along, of, sets, seed })
    }

    /// The products x_i·x_j/d of a data set, in law: the directions of the modes one by one, the rest by Bartlett's decomposition.
    fn gram(&self, root: &DMatrix<f64>, d: f64, sigma: f64, set: u64) -> Result<DMatrix<f64>, Failure> {
        let (n, modes) = (self.of.len(), root.nrows());
        let mut random = stream(self.seed, d as u64, Purpose::GramRow, set);
        let mut vectors = DMatrix::zeros(n, modes + n);
        for i in 0..n {
            for along in 0..modes + i {
                let noise: f64 = StandardNormal.sample(&mut random);
                vectors[(i, along)] = sigma / d.sqrt() * noise;
            }
            let square: f64 = ChiSquared::new(d - (modes + i) as f64)?.sample(&mut random);
            vectors[(i, modes + i)] = sigma * (square / d).sqrt();
            (0..modes).for_each(|along| vectors[(i, along)] += root[(self.of[i], along)]);
        }
        Ok(&vectors * vectors.transpose())
    }
}

/// Weight decay of the answers.
fn lambda() -> Parameter {
    number("lambda", 0.1, "weight decay of u").if_(|x| x >= 0.0 && x.is_finite(), "0 <= lambda < inf")
}

/// A search of all partitions into as many groups as there are modes, or fewer.
struct Search<'g> {
    gram: &'g DMatrix<f64>,
    lambda: f64,
    /// Of each group: its data, and the square of their sum.
    groups: Vec<(Vec<usize>, f64)>,
    lowest: f64,
}

impl Search<'_> {
    fn loss(&self) -> f64 {
        let filled = self.groups.iter().filter(|(own, _)| !own.is_empty());
        -filled.map(|(own, square)| square / (self.lambda + own.len() as f64)).sum::<f64>()
    }

    /// Puts a datum into a group.
    fn put(&mut self, i: usize, group: usize) {
        let (own, square) = &mut self.groups[group];
        *square += self.gram[(i, i)] + 2.0 * own.iter().map(|j| self.gram[(i, *j)]).sum::<f64>();
        own.push(i);
    }

    /// Tries all places of the data from here on; of groups that are empty yet the first stands for all.
    fn rest(&mut self, i: usize) {
        if i == self.gram.nrows() {
            self.lowest = self.lowest.min(self.loss());
            return;
        }
        for group in 0..self.groups.len() {
            let (first, before) = (self.groups[group].0.is_empty(), self.groups[group].1);
            self.put(i, group);
            self.rest(i + 1);
            self.groups[group].0.pop();
            self.groups[group].1 = before;
            if first {
                break;
            }
        }
    }
}

/// By how much the lowest loss of a partition is below that of the partition by modes.
fn gain(gram: &DMatrix<f64>, of: &[usize], modes: usize, lambda: f64) -> f64 {
    let empty = || Search { gram, lambda, groups: vec![(Vec::new(), 0.0); modes], lowest: f64::INFINITY };
    let (mut own, mut all) = (empty(), empty());
    of.iter().enumerate().for_each(|(i, mode)| own.put(i, *mode));
    all.rest(0);
    own.loss() - all.lowest
}

/// Losses differ by more than rounding where they differ by this part of themselves.
const ROUNDING: f64 = 1e-13;

impl Experiment for Partitions {
    fn columns(&self) -> &[Column] {
        &self.along.columns
    }

    fn plan(&self) -> &Plan {
        &self.along.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let point = self.along.point(cell)?;
        let (sigma, lambda) = (point.number("sigma"), point.number("lambda"));
        let mut rows = Vec::new();
        for &d in self.along.controls() {
            let root = self.along.means.root(d);
            let of_set = |set: u64| -> Result<Option<(f64, f64)>, Failure> {
                if (running.interrupted)() {
                    return Ok(None);
                }
                let gram = self.gram(&root, d, sigma, set)?;
                Ok(Some((gain(&gram, &self.of, root.nrows(), lambda), gram.trace())))
            };
            let found: Result<Vec<_>, Failure> = (0..self.sets).into_par_iter().map(of_set).collect();
            let Some(found) = found?.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
            let sets = self.sets as f64;
            let best = found.iter().filter(|(gain, size)| *gain <= ROUNDING * size).count() as f64 / sets;
            let gain = found.iter().map(|(gain, _)| gain.max(0.0)).sum::<f64>() / sets;
            let mut row = self.along.beginning(d, &point);
            row.extend([best, (best * (1.0 - best) / sets).sqrt(), gain].map(Cell::Number));
            row.push(Cell::Integer(self.sets));
            rows.push(row);
        }
        Ok(Some(Computed::new(rows, 0)))
    }

    fn chart(&self) -> Result<Option<Chart>, ChartError> {
        let title = "Data sets that are best parted by their modes";
        let mut chart = Chart::new(title, Axis::new("d", true), Marks::Lines);
        chart.y = vec!["best".into()];
        chart.series = self.along.plan.swept.iter().map(|swept| swept.name.clone()).collect();
        Ok(Some(chart))
    }

    fn within(&self) -> IndexMap<String, Json> {
        let of = |name: &str, value: Json| (name.to_string(), value);
        let own = [of("data", json!(self.of)), of("sets", json!(self.sets)), of("seed", json!(self.seed))];
        [self.along.identity()].into_iter().chain(own).collect()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        self.along.described(self.within())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(text: &str, data: &[u32]) -> Partitions {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Partitions::new(file.path(), &Wanted::default(), data, 10, 1).unwrap()
    }

    #[test]
    fn the_lowest_loss_is_that_of_all_words_of_the_modes() {
        let normal = |i: usize, j: usize| f64::from((7 * i * i + 13 * j * j + 5 * i * j) as u32).sin();
        let gram = DMatrix::from_fn(6, 4, normal);
        let gram = &gram * gram.transpose();
        let loss = |word: &[usize], lambda: f64| -> f64 {
            let of_group = |group: usize| {
                let own: Vec<usize> = (0..6).filter(|i| word[*i] == group).collect();
                let square: f64 = own.iter().flat_map(|i| own.iter().map(|j| gram[(*i, *j)])).sum();
                if own.is_empty() { 0.0 } else { square / (lambda + own.len() as f64) }
            };
            -(0..3).map(of_group).sum::<f64>()
        };
        for lambda in [0.0, 0.3] {
            let word = |place: usize| -> Vec<usize> { (0..6).map(|i| place / 3usize.pow(i) % 3).collect() };
            let lowest = (0..729).map(|place| loss(&word(place), lambda)).fold(f64::INFINITY, f64::min);
            let own = [2, 0, 0, 1, 1, 2];
            let found = gain(&gram, &own, 3, lambda);
            assert!((found - (loss(&own, lambda) - lowest)).abs() < 1e-12, "λ = {lambda}: {found}");
        }
    }

    #[test]
    fn products_of_data_are_those_of_vectors_in_law() {
        let of = experiment("gram = [[1, 0.3], [0.3, 0.8]]", &[2, 1]);
        let root = DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.3, 0.71f64.sqrt()]);
        let (d, sigma, sets) = (20.0, 0.7, 20_000);
        let drawn: Vec<DMatrix<f64>> = (0..sets).map(|set| of.gram(&root, d, sigma, set).unwrap()).collect();
        // x_i·x_j/d of x = μ + σz has the mean G_ij + σ²δ_ij and the variance σ²(G_ii + G_jj + 2δ_ij G_ij)/d + σ⁴(1 + δ_ij)/d.
        let products = [[1.0, 1.0, 0.3], [1.0, 1.0, 0.3], [0.3, 0.3, 0.8]];
        for (i, j) in (0..3).flat_map(|i| (0..=i).map(move |j| (i, j))) {
            let same = f64::from(u8::from(i == j));
            let mean = products[i][j] + same * sigma * sigma;
            let squares = products[i][i] + products[j][j] + 2.0 * same * products[i][j];
            let variance = (sigma * sigma * squares + f64::powi(sigma, 4) * (1.0 + same)) / d;
            let count = sets as f64;
            let found = drawn.iter().map(|gram| gram[(i, j)]).sum::<f64>() / count;
            let spread = drawn.iter().map(|gram| (gram[(i, j)] - mean).powi(2)).sum::<f64>() / count;
            assert!((found - mean).abs() < 4.0 * (variance / count).sqrt(), "mean {i} {j}: {found} {mean}");
            assert!((spread / variance - 1.0).abs() < 0.06, "variance {i} {j}: {spread} {variance}");
        }
    }

    #[test]
    fn data_for_other_modes_and_too_many_of_them_are_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "gram = [[1, 0], [0, 1]]").unwrap();
        for (data, part) in [
            (&[6, 6, 3][..], "3 numbers for 2 modes"),
            (&[60, 6], "66 data of 2 modes"),
            (&[1, 0], "no partitions"),
        ] {
            let refused = Partitions::new(file.path(), &Wanted::default(), data, 10, 1).err().unwrap();
            assert!(refused.to_string().contains(part), "{refused}");
        }
    }
}
