//! Power laws y ∝ n^γ from measurements: the exponent with its error.
//!
//! The fit is ln |y| = a + γ ln n + c/n, by least squares: corrections of relative order 1/n are part of what is expected
//! (n/(λ + n), not 1), and an exponent fitted without them is off by more than its statistical error.

use nalgebra::{DMatrix, DVector};

use super::statistics::{Estimate, Sample};

/// Relative errors below this are taken to be this in the weights: where there is next to no scatter, all n count equally.
const FLOOR: f64 = 1e-3;

/// A fitted exponent.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerLaw {
    /// γ; its error is that of the scatter alone.
    pub exponent: Estimate,
    /// How far γ moves when the smallest n is left out: what the form of the fit may be wrong by.
    pub systematic: f64,
    /// γ = Σ_j k_j ln |y_j|.
    combination: Vec<f64>,
}

impl PowerLaw {
    /// From samples at several n (which stands in the place of the dimension), smallest first; none for fewer than four, for a
    /// mean that vanishes, or for a single value at some n.
    pub fn fit(samples: &[Sample]) -> Option<PowerLaw> {
        if samples.len() < 4 {
            return None;
        }
        let estimates: Vec<Estimate> = samples.iter().map(Sample::estimate).collect::<Option<_>>()?;
        let n: Vec<f64> = samples.iter().map(|s| s.d).collect();
        let relative: Vec<f64> = estimates.iter().map(|e| e.error / e.value.abs()).collect();
        let values: Vec<f64> = estimates.iter().map(|e| e.value).collect();
        let combination = combination(&n, &relative)?;
        let shorter = self::combination(&n[1..], &relative[1..])?;
        let value = apply(&combination, &values);
        let parts: Vec<f64> = combination.iter().zip(&relative).map(|(k, e)| (k * e).powi(2)).collect();
        let square: f64 = parts.iter().sum();
        // Welch and Satterthwaite.
        let fourth: f64 = parts.iter().zip(&estimates).map(|(v, e)| v * v / e.freedom).sum();
        let most: f64 = estimates.iter().map(|e| e.freedom).sum();
        let freedom = if fourth > 0.0 { square * square / fourth } else { most };
        let systematic = (value - apply(&shorter, &values[1..])).abs();
        let known = value.is_finite() && systematic.is_finite();
        let exponent = Estimate { value, error: square.sqrt(), freedom };
        known.then_some(PowerLaw { exponent, systematic, combination })
    }

    /// The exponent that the same fit finds in other values at the same n.
    pub fn exponent_of(&self, values: &[f64]) -> f64 {
        apply(&self.combination, values)
    }

    /// Statistical and systematic error together.
    pub fn error(&self) -> f64 {
        self.exponent.error.hypot(self.systematic)
    }
}

fn apply(combination: &[f64], values: &[f64]) -> f64 {
    combination.iter().zip(values).map(|(k, y)| k * libm::log(y.abs())).sum()
}

/// The coefficients of the logarithms in γ.
fn combination(n: &[f64], relative: &[f64]) -> Option<Vec<f64>> {
    if relative.iter().any(|e| !e.is_finite()) {
        return None;
    }
    let root = DVector::from_iterator(n.len(), relative.iter().map(|e| 1.0 / e.max(FLOOR)));
    let design = DMatrix::from_fn(n.len(), 3, |j, p| root[j] * [1.0, libm::log(n[j]), n[0] / n[j]][p]);
    let inverse = design.svd(true, true).pseudo_inverse(1e-12).ok()?;
    Some((0..n.len()).map(|j| inverse[(1, j)] * root[j]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(y: impl Fn(f64) -> f64, scatter: f64) -> Vec<Sample> {
        (3..9)
            .map(|k| f64::from(1 << k))
            .map(|n| Sample { d: n, values: vec![y(n) * (1.0 - scatter), y(n) * (1.0 + scatter)] })
            .collect()
    }

    #[test]
    fn a_power_law_with_a_correction_is_found_exactly() {
        let fit = PowerLaw::fit(&samples(|n| -3.0 * n.powf(-0.7) * (0.4 / n).exp(), 0.0)).unwrap();
        assert!((fit.exponent.value + 0.7).abs() < 1e-12 && fit.error() < 1e-11, "{fit:?}");
        let other: Vec<f64> = (3..9).map(|k| f64::from(1 << k).powf(-2.0)).collect();
        assert!((fit.exponent_of(&other) + 2.0).abs() < 1e-12);
    }

    #[test]
    fn the_error_is_that_of_the_logarithms() {
        // The variance of a linear combination, by hand.
        let fit = PowerLaw::fit(&samples(|n| 1.0 / n, 0.1)).unwrap();
        let square: f64 = fit.combination.iter().map(|k| (k * 0.1).powi(2)).sum();
        assert!(
            (fit.exponent.error - square.sqrt()).abs() < 1e-12 && (fit.exponent.value + 1.0).abs() < 1e-12
        );
    }

    #[test]
    fn what_cannot_be_fitted_is_not() {
        assert_eq!(PowerLaw::fit(&samples(|n| 1.0 / n, 0.1)[..3]), None);
        assert_eq!(PowerLaw::fit(&samples(|_| 0.0, 0.0)), None);
        assert_eq!(PowerLaw::fit(&samples(|_| f64::NAN, 0.0)), None);
    }
}
