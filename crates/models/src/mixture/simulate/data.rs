//! The data of a run: the classes of the training samples, and the Gaussian vectors z¹…zⁿ (and x₀ where the noise is
//! fixed), either themselves or through their scalar products alone.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use rayon::prelude::*;

use super::error::SimulationError;
use crate::mixture::{Noise, Setting};
use crate::{Purpose, stream};
use overlaps::numeric::dot;

/// How many numbers explicit data may have: 3.2 GB.
const MOST_NUMBERS: u64 = 400_000_000;

/// How many vectors a Gram matrix may have: 0.3 GB, of which a few are needed at a time.
const MOST_VECTORS: usize = 6000;

/// How the classes of the training samples are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LabelRule {
    /// round(np) samples of mode +, the first ones.
    #[default]
    Fixed,
    /// Every sample by itself, mode + with probability p.
    Drawn,
}

impl LabelRule {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            LabelRule::Fixed => "fixed",
            LabelRule::Drawn => "drawn",
        }
    }
}

/// The classes s¹…sⁿ = ±1 of the training samples, those of mode + first.
///
/// # Errors
/// Fixed labels that leave one of the modes without a sample.
pub fn labels(setting: &Setting, rule: LabelRule, seed: u64) -> Result<Vec<f64>, SimulationError> {
    let n = setting.n;
    let plus = match rule {
        LabelRule::Fixed => {
            let plus = (n as f64 * setting.p).round() as usize;
            if plus == 0 || plus == n {
                return Err(SimulationError::OneClass { n, p: setting.p });
            }
            plus
        }
        LabelRule::Drawn => {
            let mut rng = stream(seed, setting.d, Purpose::Labels, 0);
            (0..n).filter(|_| rng.random::<f64>() < setting.p).count()
        }
    };
    // The samples are exchangeable, so that their order carries no information.
    Ok((0..n).map(|i| if i < plus { 1.0 } else { -1.0 }).collect())
}

/// The fraction p̄ of samples in mode +.
pub fn p_bar(labels: &[f64]) -> f64 {
    labels.iter().filter(|s| **s > 0.0).count() as f64 / labels.len() as f64
}

/// Scalar products, divided by d, of independent Gaussian vectors z with each other and with μ.
#[derive(Debug, Clone, PartialEq)]
pub struct Products {
    /// zⁱ·zʲ/d.
    pub zz: DMatrix<f64>,
    /// zⁱ·μ/d.
    pub zeta: DVector<f64>,
}

impl Products {
    /// Whether they can be drawn in law.
    ///
    /// # Errors
    /// As many vectors as dimensions, or more.
    pub fn check(setting: &Setting) -> Result<(), SimulationError> {
        let (count, d) = (setting.vectors(), setting.d);
        if count as u64 >= d { Err(SimulationError::TooManyVectors { count, d }) } else { Ok(()) }
    }

    /// Drawn in law: zⁱ·μ/√d ~ N(0, 1), and the Gram matrix of the components orthogonal to μ is Wishart with d − 1
    /// degrees of freedom, T Tᵀ with T lower triangular, T_ij ~ N(0, 1) below the diagonal and
    /// T_ii² ~ χ² with d − 1 − i degrees of freedom, i = 0, 1, … (Bartlett 1933). The cost does not depend on d.
    ///
    /// # Errors
    /// As many vectors as dimensions, or more: the decomposition does not exist.
    pub fn in_law(setting: &Setting, seed: u64) -> Result<Products, SimulationError> {
        Products::check(setting)?;
        let (count, d) = (setting.vectors(), setting.d);
        let root_d = setting.root_d();
        let mut zeta = DVector::zeros(count);
        // Rows of T/√d, so that zz = ζζᵀ + T Tᵀ/d. Row i has its own stream: the first rows do not depend on how
        // many follow.
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(count);
        for i in 0..count {
            let mut rng = stream(seed, d, Purpose::GramRow, i as u64);
            let normal: f64 = StandardNormal.sample(&mut rng);
            zeta[i] = normal / root_d;
            let mut row: Vec<f64> = (0..i)
                .map(|_| {
                    let normal: f64 = StandardNormal.sample(&mut rng);
                    normal / root_d
                })
                .collect();
            let freedom = (d - 1 - i as u64) as f64;
            // χ² needs freedom > 0, which count < d provides.
            let squared = ChiSquared::new(freedom).map_or(0.0, |chi| chi.sample(&mut rng));
            row.push(squared.sqrt() / root_d);
            rows.push(row);
        }
        let mut zz = DMatrix::zeros(count, count);
        for j in 0..count {
            for i in j..count {
                zz[(i, j)] = zeta[i] * zeta[j] + dot(&rows[i][..=j], &rows[j]);
                zz[(j, i)] = zz[(i, j)];
            }
        }
        Ok(Products { zz, zeta })
    }

    /// Of explicit vectors, with μ = (1, …, 1).
    pub fn of(vectors: &Vectors) -> Products {
        const BLOCK: usize = 4096;
        let (count, d) = (vectors.rows.len(), vectors.d);
        let pairs: Vec<Vec<f64>> = (0..count)
            .into_par_iter()
            .map(|i| {
                let mut sums = vec![0.0; i + 1];
                for start in (0..d).step_by(BLOCK) {
                    let part = start..d.min(start + BLOCK);
                    for (j, sum) in sums.iter_mut().enumerate() {
                        *sum += dot(&vectors.rows[i][part.clone()], &vectors.rows[j][part.clone()]);
                    }
                }
                sums
            })
            .collect();
        let scale = 1.0 / d as f64;
        Products {
            zz: DMatrix::from_fn(count, count, |i, j| scale * if i >= j { pairs[i][j] } else { pairs[j][i] }),
            zeta: DVector::from_iterator(count, vectors.rows.iter().map(|z| scale * z.iter().sum::<f64>())),
        }
    }
}

/// The Gaussian vectors themselves: z of every sample, then x₀ of every fixed noise sample, sample by sample.
#[derive(Debug, Clone)]
pub struct Vectors {
    /// One vector per row, d coordinates each.
    pub rows: Vec<Vec<f64>>,
    /// Dimension.
    pub d: usize,
}

impl Vectors {
    /// Whether they fit into memory.
    ///
    /// # Errors
    /// More numbers than explicit data may have.
    pub fn check(setting: &Setting) -> Result<(), SimulationError> {
        let (count, d) = (setting.vectors(), setting.d);
        let numbers = (count as u64).saturating_mul(d);
        if numbers > MOST_NUMBERS {
            Err(SimulationError::TooLarge { count, d, most: MOST_NUMBERS })
        } else {
            Ok(())
        }
    }

    /// Draws the vectors; each has its own stream.
    ///
    /// # Errors
    /// More numbers than fit into memory.
    pub fn draw(setting: &Setting, seed: u64) -> Result<Vectors, SimulationError> {
        Vectors::check(setting)?;
        let count = setting.vectors();
        let d = setting.d as usize;
        let rows = (0..count)
            .into_par_iter()
            .map(|i| {
                let mut rng = stream(seed, setting.d, Purpose::Vector, i as u64);
                (0..d).map(|_| StandardNormal.sample(&mut rng)).collect()
            })
            .collect();
        Ok(Vectors { rows, d })
    }
}

/// The Gram matrix of the vectors that span u and w: the data x₁ⁱ = sⁱμ + σzⁱ, then the fixed noise x₀.
#[derive(Debug, Clone)]
pub struct Gram {
    /// Classes of the training samples.
    pub labels: Vec<f64>,
    /// y_k·y_l/d of the spanning vectors y.
    pub matrix: DMatrix<f64>,
    /// μ·y_k/d.
    pub mean: DVector<f64>,
    /// zⁱ·y_k/d (rows i: z of the samples, then the noise vectors).
    pub along: DMatrix<f64>,
    /// Noise samples per datum.
    pub noise: Noise,
}

impl Gram {
    /// Whether the matrix fits into memory.
    ///
    /// # Errors
    /// More vectors than a Gram matrix may have.
    pub fn check(setting: &Setting) -> Result<(), SimulationError> {
        let count = setting.vectors();
        if count > MOST_VECTORS {
            Err(SimulationError::GramTooLarge { count, most: MOST_VECTORS })
        } else {
            Ok(())
        }
    }

    /// From the products of the Gaussian vectors.
    pub fn new(setting: &Setting, labels: Vec<f64>, products: &Products) -> Gram {
        let (n, count) = (setting.n, setting.vectors());
        let (zz, zeta, sigma) = (&products.zz, &products.zeta, setting.sigma);
        // y = s μ + v z with s = sⁱ, v = σ for data and s = 0, v = 1 for noise.
        let s = |k: usize| if k < n { labels[k] } else { 0.0 };
        let v = |k: usize| if k < n { sigma } else { 1.0 };
        let mean = DVector::from_fn(count, |k, _| s(k) + v(k) * zeta[k]);
        let along = DMatrix::from_fn(count, count, |i, k| s(k) * zeta[i] + v(k) * zz[(i, k)]);
        let matrix = DMatrix::from_fn(count, count, |k, l| {
            s(k) * s(l) + s(k) * v(l) * zeta[l] + s(l) * v(k) * zeta[k] + v(k) * v(l) * zz[(k, l)]
        });
        Gram { labels, matrix, mean, along, noise: setting.noise }
    }

    /// Training samples.
    pub fn n(&self) -> usize {
        self.labels.len()
    }

    /// Σᵢ |x₁ⁱ|²/d.
    pub fn trace(&self) -> f64 {
        (0..self.n()).map(|i| self.matrix[(i, i)]).sum()
    }

    /// The fraction of samples in mode +.
    pub fn p_bar(&self) -> f64 {
        p_bar(&self.labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(n: f64, d: f64, k: f64) -> Setting {
        Setting::new(|name| match name {
            "n" => Some(n),
            "d" => Some(d),
            "k" => Some(k),
            "kappa" => Some(2.0),
            "sigma" => Some(0.7),
            _ => None,
        })
        .unwrap()
    }

    /// Mean and variance of every entry over seeds, for products drawn by a function.
    fn moments(draw: impl Fn(u64) -> Products + Sync, seeds: u64) -> (DVector<f64>, DVector<f64>) {
        let samples: Vec<DVector<f64>> = (0..seeds)
            .into_par_iter()
            .map(|seed| {
                let p = draw(seed);
                DVector::from_iterator(p.zz.len() + p.zeta.len(), p.zz.iter().chain(p.zeta.iter()).copied())
            })
            .collect();
        let mean = samples.iter().sum::<DVector<f64>>() / seeds as f64;
        let squares = samples.iter().map(|s| (s - &mean).map(|x| x * x)).sum::<DVector<f64>>();
        (mean, squares / (seeds - 1) as f64)
    }

    #[test]
    fn the_gram_matrix_drawn_in_law_has_the_moments_of_the_explicit_one() {
        // Both against the exact ones: E zz = 1 on the diagonal with variance 2/d, 0 with variance 1/d off it, and
        // zⁱ·μ/d of mean 0 and variance 1/d. Errors of mean and variance over N seeds are √(v/N) and v√(2/N) for
        // Gaussian entries; 5 of them, and for the variance the excess of χ² as well.
        let s = setting(4.0, 40.0, f64::INFINITY);
        let seeds = 20_000;
        for draw in [
            (|seed| Products::in_law(&setting(4.0, 40.0, f64::INFINITY), seed).unwrap())
                as fn(u64) -> Products,
            |seed| Products::of(&Vectors::draw(&setting(4.0, 40.0, f64::INFINITY), seed).unwrap()),
        ] {
            let (mean, variance) = moments(draw, seeds);
            let exact = |e: usize| match (e / 4 == e % 4 && e < 16, e < 16) {
                (true, _) => (1.0, 2.0 / s.d as f64),
                (false, _) => (0.0, 1.0 / s.d as f64),
            };
            for e in 0..20 {
                let (m, v) = exact(e);
                assert!(
                    (mean[e] - m).abs() < 5.0 * (v / seeds as f64).sqrt(),
                    "mean of entry {e}: {}",
                    mean[e]
                );
                let error = v * (2.6 / seeds as f64).sqrt();
                assert!((variance[e] - v).abs() < 5.0 * error, "variance of entry {e}: {} {v}", variance[e]);
            }
        }
    }

    #[test]
    fn the_gram_matrix_is_that_of_the_vectors() {
        let s = setting(3.0, 17.0, 2.0);
        let vectors = Vectors::draw(&s, 5).unwrap();
        let labels = labels(&s, LabelRule::Fixed, 5).unwrap();
        let gram = Gram::new(&s, labels.clone(), &Products::of(&vectors));
        let y: Vec<DVector<f64>> = (0..9)
            .map(|k| {
                let z = DVector::from_column_slice(&vectors.rows[k]);
                if k < 3 { z * s.sigma + DVector::from_element(17, labels[k]) } else { z }
            })
            .collect();
        let mu = DVector::from_element(17, 1.0);
        for k in 0..9 {
            assert!((gram.mean[k] - mu.dot(&y[k]) / 17.0).abs() < 1e-14);
            for l in 0..9 {
                assert!((gram.matrix[(k, l)] - y[k].dot(&y[l]) / 17.0).abs() < 1e-14);
                let z = DVector::from_column_slice(&vectors.rows[k]);
                assert!((gram.along[(k, l)] - z.dot(&y[l]) / 17.0).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn labels_are_round_np_or_drawn() {
        let s = setting(8.0, 50.0, f64::INFINITY);
        let count = |l: Vec<f64>| l.iter().filter(|s| **s > 0.0).count();
        assert_eq!(count(labels(&s, LabelRule::Fixed, 3).unwrap()), 6); // 8 · 0.8 = 6.4
        let drawn: usize = (0..2000).map(|seed| count(labels(&s, LabelRule::Drawn, seed).unwrap())).sum();
        // Binomial: mean 6.4, standard deviation 1.13 of one, 0.025 of the mean.
        assert!((drawn as f64 / 2000.0 - 6.4).abs() < 0.13, "{drawn}");
    }
}
