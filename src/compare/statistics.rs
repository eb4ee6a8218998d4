//! Means, extrapolations and tests.

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, DiscreteCDF, StudentsT};

/// The fewest that a class of a χ² test is expected to have.
const FEWEST: f64 = 5.0;

/// Values of one quantity at one dimension, one per data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Dimension.
    pub d: f64,
    /// Values.
    pub values: Vec<f64>,
}

/// An estimated quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Its value.
    pub value: f64,
    /// Standard error.
    pub error: f64,
    /// Degrees of freedom of the error.
    pub freedom: f64,
}

impl Sample {
    fn count(&self) -> f64 {
        self.values.len() as f64
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.count()
    }

    /// Squared standard error of the mean.
    fn square_error(&self) -> f64 {
        let mean = self.mean();
        let squares = self.values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        squares / (self.count() * (self.count() - 1.0))
    }

    /// The mean with its standard error; none for fewer than two values.
    pub fn estimate(&self) -> Option<Estimate> {
        (self.values.len() > 1).then(|| Estimate {
            value: self.mean(),
            error: self.square_error().sqrt(),
            freedom: self.count() - 1.0,
        })
    }
}

/// The coefficients Σ_j k_pj ȳ_j of a least-squares fit Σ_p c_p d^(−power_p) to the means of samples, one row per power.
///
/// The weights are d·(number of values): overlaps scatter as 1/√d. They are the same whatever was measured, so that the
/// coefficients are fixed linear combinations of the means, and their errors follow from the scatter at each d alone.
/// None where there are fewer dimensions than powers.
fn combinations(samples: &[Sample], powers: &[f64]) -> Option<DMatrix<f64>> {
    if samples.len() < powers.len() {
        return None;
    }
    let smallest = samples.iter().map(|s| s.d).fold(f64::INFINITY, f64::min);
    let root =
        DVector::from_iterator(samples.len(), samples.iter().map(|s| (s.d / smallest * s.count()).sqrt()));
    // In units of the smallest dimension the columns are of order one.
    let design = DMatrix::from_fn(samples.len(), powers.len(), |j, p| {
        root[j] * libm::pow(samples[j].d / smallest, -powers[p])
    });
    let inverse = design.svd(true, true).pseudo_inverse(1e-12).ok()?;
    Some(DMatrix::from_fn(powers.len(), samples.len(), |p, j| {
        inverse[(p, j)] * root[j] * libm::pow(smallest, powers[p])
    }))
}

/// A linear combination of the means of samples, with the freedom of Welch and Satterthwaite. Samples of a single value
/// have no error of their own: none.
fn combine(samples: &[Sample], coefficients: &[f64]) -> Option<Estimate> {
    if samples.iter().any(|s| s.values.len() < 2) {
        return None;
    }
    let value = samples.iter().zip(coefficients).map(|(s, k)| k * s.mean()).sum();
    let parts: Vec<f64> = samples.iter().zip(coefficients).map(|(s, k)| k * k * s.square_error()).collect();
    let square: f64 = parts.iter().sum();
    let fourth: f64 = parts.iter().zip(samples).map(|(v, s)| v * v / (s.count() - 1.0)).sum();
    let most = samples.iter().map(|s| s.count() - 1.0).sum();
    let freedom = if fourth > 0.0 { square * square / fourth } else { most };
    Some(Estimate { value, error: square.sqrt(), freedom })
}

/// All coefficients of the fit Σ_p c_p d^(−power_p); the one of power 0 is the limit d → ∞. None where there are fewer
/// dimensions than powers, or a dimension with a single value.
pub fn extrapolate(samples: &[Sample], powers: &[f64]) -> Option<Vec<Estimate>> {
    let combinations = combinations(samples, powers)?;
    combinations.row_iter().map(|row| combine(samples, &row.iter().copied().collect::<Vec<_>>())).collect()
}

/// The probability that |t| of Student's distribution is at least this large.
pub fn two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_nan() {
        return 1.0;
    }
    if t.is_infinite() {
        return 0.0;
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(1.0, |distribution| (2.0 * distribution.sf(t.abs())).min(1.0))
}

/// The |t| of Student's distribution that is exceeded with this probability.
pub fn critical(p: f64, freedom: f64) -> f64 {
    // Bisection on the tail itself: accurate far out, where quantile functions are not.
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, freedom) > p && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if two_sided(middle, freedom) > p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The distance of Kolmogorov and Smirnov between a sample, which is sorted, and a continuous distribution function, and
/// the probability of a larger one by chance: the limit law at (√N + 0.12 + 0.11/√N) D (Stephens 1970).
pub fn kolmogorov_smirnov(sample: &mut [f64], cdf: impl Fn(f64) -> f64) -> (f64, f64) {
    sample.sort_by(f64::total_cmp);
    let count = sample.len() as f64;
    let distance = sample.iter().enumerate().fold(0.0f64, |distance, (i, x)| {
        let f = cdf(*x);
        distance.max(f - i as f64 / count).max((i + 1) as f64 / count - f)
    });
    let x = (count.sqrt() + 0.12 + 0.11 / count.sqrt()) * distance;
    if x < 0.2 {
        return (distance, 1.0);
    }
    let term = |k: i32| {
        let k = f64::from(k);
        libm::exp(-2.0 * k * k * x * x) * if k % 2.0 == 0.0 { -2.0 } else { 2.0 }
    };
    (distance, (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0))
}

/// The probability of counts further than these from N times some probabilities, which sum to 1, by chance: Pearson's χ², in which
/// classes with fewer than 5 expected are put together from the rarest on; what is left over with fewer is tested by the binomial law, and the
/// smaller probability counts twice.
///
/// ```
/// use overlaps::compare::statistics::multinomial;
///
/// // χ² = 20/3 with two degrees of freedom.
/// let chance = multinomial(&[40, 20, 40], &[0.4, 0.3, 0.3]);
/// assert!((chance - f64::exp(-0.5 * (100.0 / 30.0 + 100.0 / 30.0))).abs() < 1e-12);
/// // What cannot be is no chance.
/// assert_eq!(multinomial(&[500, 500, 1], &[0.5, 0.5, 0.0]), 0.0);
/// ```
pub fn multinomial(counts: &[u64], probabilities: &[f64]) -> f64 {
    let total = counts.iter().sum::<u64>();
    let mut classes: Vec<(f64, u64)> =
        probabilities.iter().map(|p| p * total as f64).zip(counts.iter().copied()).collect();
    classes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut large: Vec<(f64, u64)> = Vec::new();
    let mut rare = (0.0, 0);
    for (expected, count) in classes {
        if expected >= FEWEST {
            large.push((expected, count));
            continue;
        }
        rare = (rare.0 + expected, rare.1 + count);
        if rare.0 >= FEWEST {
            large.push(std::mem::take(&mut rare));
        }
    }
    let mut chances = Vec::new();
    if let Some(last) = large.last_mut() {
        if rare != (0.0, 0) {
            chances.push(binomial(rare.1, total, rare.0 / total as f64));
            *last = (last.0 + rare.0, last.1 + rare.1);
        }
        if large.len() > 1 {
            let square = |(expected, count): &(f64, u64)| (*count as f64 - expected).powi(2) / expected;
            let distribution = ChiSquared::new((large.len() - 1) as f64);
            chances.push(distribution.map_or(1.0, |d| d.sf(large.iter().map(square).sum())));
        }
    }
    let least = chances.iter().copied().fold(1.0, f64::min);
    (least * chances.len().max(1) as f64).min(1.0)
}

/// The probability of a count no nearer to the middle of its binomial law.
fn binomial(count: u64, total: u64, probability: f64) -> f64 {
    let Ok(law) = Binomial::new(probability.clamp(0.0, 1.0), total) else { return 1.0 };
    let at_least = if count == 0 { 1.0 } else { law.sf(count - 1) };
    (2.0 * at_least.min(law.cdf(count))).min(1.0)
}

/// Holm's correction: adjusted probabilities, below the level exactly where the hypothesis is rejected at that
/// family-wise level, whatever the dependence between the tests (Holm 1979).
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0f64;
    for (rank, place) in order.iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[*place]).min(1.0);
        adjusted[*place] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn student_tails_are_those_of_tables() {
        // Critical values of Student's t, two-sided: standard tables; 1 degree of freedom is Cauchy, p = 2/π atan(1/t).
        for (freedom, p, t) in
            [(5.0, 0.05, 2.570_581_8), (10.0, 0.01, 3.169_272_7), (30.0, 0.001, 3.645_958_6)]
        {
            assert!((critical(p, freedom) - t).abs() < 1e-6, "{}", critical(p, freedom));
            assert!((two_sided(-t, freedom) / p - 1.0).abs() < 1e-6);
        }
        let far = 1e9;
        assert!(
            (two_sided(far, 1.0) / (2.0 / std::f64::consts::PI * (1.0f64 / far).atan()) - 1.0).abs() < 1e-6
        );
        assert_eq!(two_sided(f64::INFINITY, 3.0), 0.0);
    }

    #[test]
    fn kolmogorov_smirnov_is_that_of_the_tables() {
        // D = 1/(2N) for the middles of N equal parts; the 5 % point of √N D is 1.358 as N → ∞ (tables).
        let mut middles: Vec<f64> = (0..10).map(|i| (f64::from(i) + 0.5) / 10.0).collect();
        let (distance, p) = kolmogorov_smirnov(&mut middles, |x| x);
        assert!((distance - 0.05).abs() < 1e-12 && p > 0.999);
        let count = 1_000_000;
        let shift = 1.358_1 / f64::from(count).sqrt();
        let mut shifted: Vec<f64> =
            (0..count).map(|i| ((f64::from(i) + 0.5) / f64::from(count) - shift).max(0.0)).collect();
        let (_, p) = kolmogorov_smirnov(&mut shifted, |x| x);
        assert!((p - 0.05).abs() < 5e-4, "{p}");
    }

    #[test]
    fn laws_are_rejected_as_often_as_is_said() {
        use rand::SeedableRng;
        use rand_distr::{Distribution, StandardNormal};
        use statrs::distribution::{ContinuousCDF, Normal};

        let law = Normal::standard();
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut rejected = |scale: f64| {
            let trial = |_: &u32| {
                let normals = Distribution::<f64>::sample_iter(StandardNormal, &mut random).take(100);
                let mut sample: Vec<f64> = normals.map(|x| scale * x).collect();
                kolmogorov_smirnov(&mut sample, |x| law.cdf(x)).1 < 0.05
            };
            f64::from((0..4000u32).filter(trial).count() as u32) / 4000.0
        };
        // One in twenty, to three standard errors; a width that is off by a third is seen in most trials.
        let (right, wrong) = (rejected(1.0), rejected(1.5));
        assert!((right - 0.05).abs() < 0.0105, "{right}");
        assert!(wrong > 0.5, "{wrong}");
    }

    #[test]
    fn holm_is_that_of_the_textbook() {
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") gives 0.03 0.06 0.06 0.02.
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (ours, r) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((ours - r).abs() < 1e-15, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }

    #[test]
    fn counts_are_rejected_as_often_as_is_said() {
        let probabilities = [0.55, 0.3, 0.1, 0.045, 0.005];
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut draw = |shift: f64| {
            let mut counts = [0; 5];
            for _ in 0..200 {
                let mut left: f64 = random.random::<f64>() - shift;
                let place = probabilities.iter().position(|p| {
                    left -= p;
                    left < 0.0
                });
                counts[place.unwrap_or(4)] += 1;
            }
            multinomial(&counts, &probabilities)
        };
        let rejected = |chances: Vec<f64>| chances.iter().filter(|p| **p < 0.05).count() as f64 / 4000.0;
        let right = rejected((0..4000).map(|_| draw(0.0)).collect());
        assert!((0.02..0.06).contains(&right), "{right}");
        let wrong = rejected((0..4000).map(|_| draw(0.12)).collect());
        assert!(wrong > 0.8, "{wrong}");
    }

    #[test]
    fn an_exact_expansion_is_extrapolated_exactly() {
        let sample = |d: f64| {
            let y = 0.7 - 2.0 / d.sqrt() + 30.0 / d;
            Sample { d, values: vec![y - 1e-3, y, y + 1e-3] }
        };
        for dimensions in [&[1e3, 4e3, 1.6e4][..], &[1e3, 4e3, 1.6e4, 6.4e4, 1e6]] {
            let samples: Vec<Sample> = dimensions.iter().map(|d| sample(*d)).collect();
            let fit = extrapolate(&samples, &[0.0, 0.5, 1.0]).unwrap();
            for (estimate, exact) in fit.iter().zip([0.7, -2.0, 30.0]) {
                assert!((estimate.value / exact - 1.0).abs() < 1e-9, "{estimate:?}");
            }
            assert!(fit[0].error > 0.0);
        }
        assert_eq!(extrapolate(&[sample(1e3), sample(4e3)], &[0.0, 0.5, 1.0]), None);
    }

    #[test]
    fn the_error_of_a_combination_is_that_of_independent_means() {
        // Two dimensions and a constant: weights d·count, error by hand.
        let samples =
            [Sample { d: 100.0, values: vec![1.0, 3.0] }, Sample { d: 300.0, values: vec![2.0, 2.5, 3.0] }];
        let fit = extrapolate(&samples, &[0.0]).unwrap()[0];
        let (a, b) = (200.0 / 1100.0, 900.0 / 1100.0);
        assert!((fit.value - (a * 2.0 + b * 2.5)).abs() < 1e-14);
        let (va, vb) = (a * a * 1.0, b * b * (0.5 / 6.0));
        assert!((fit.error - (va + vb).sqrt()).abs() < 1e-14);
        assert!((fit.freedom - (va + vb).powi(2) / (va * va / 1.0 + vb * vb / 2.0)).abs() < 1e-12);
    }
}
