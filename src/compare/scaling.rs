//! How a computed quantity scales with the dimension d: the exponent of a law with corrections in 1/√d. (Measured quantities,
//! with a scatter of their own, against n: [`super::power_law`].)

use nalgebra::{DMatrix, DVector};

use super::statistics::Estimate;

/// The most corrections that are fitted.
const MOST_CORRECTIONS: usize = 2;

/// y = a dˣ, or ln y = ln a + x ln d + b/√d + c/d where there are at least two points for each coefficient but those of
/// the law itself: what is of these orders at finite d does not pass into the exponent.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalingLaw {
    /// The exponent x. Its standard error is that of the scatter about the fit: for computed widths a measure of what
    /// the fit leaves out. It is not a number where there are no more points than coefficients.
    pub exponent: Estimate,
    log_amplitude: f64,
    /// Of order 1/√d, 1/d.
    corrections: Vec<f64>,
}

impl ScalingLaw {
    /// Least squares in ln y; none for fewer than two points.
    pub fn fit(points: &[(f64, f64)]) -> Option<Self> {
        let more = points.len().checked_sub(2)? / 2;
        let corrections = more.min(MOST_CORRECTIONS);
        let coefficients = 2 + corrections;
        // In units of the middle and the smallest d the columns are of order one.
        let middle = points.iter().map(|(d, _)| libm::log(*d)).sum::<f64>() / points.len() as f64;
        let root = points.iter().map(|(d, _)| d.sqrt()).fold(f64::INFINITY, f64::min);
        let design = DMatrix::from_fn(points.len(), coefficients, |row, column| match column {
            0 => 1.0,
            1 => libm::log(points[row].0) - middle,
            _ => (root / points[row].0.sqrt()).powi(column as i32 - 1),
        });
        let logs = DVector::from_iterator(points.len(), points.iter().map(|(_, y)| libm::log(*y)));
        let inverse = design.clone().svd(true, true).pseudo_inverse(1e-12).ok()?;
        let found = &inverse * &logs;
        let freedom = (points.len() - coefficients) as f64;
        let squares = (design * &found - logs).norm_squared();
        let scatter = if freedom > 0.0 { squares / freedom } else { f64::NAN };
        let exponent =
            Estimate { value: found[1], error: (scatter * inverse.row(1).norm_squared()).sqrt(), freedom };
        Some(ScalingLaw {
            exponent,
            log_amplitude: found[0] - found[1] * middle,
            corrections: (0..corrections).map(|i| found[2 + i] * root.powi(i as i32 + 1)).collect(),
        })
    }

    /// The fitted value at d.
    pub fn at(&self, d: f64) -> f64 {
        let orders = self.corrections.iter().zip(1..);
        let corrections: f64 = orders.map(|(correction, order)| correction / d.sqrt().powi(order)).sum();
        libm::exp(self.log_amplitude + self.exponent.value * libm::log(d) + corrections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_has_its_exponent() {
        let law: Vec<(f64, f64)> = [1e2, 1e4, 1e7].map(|x: f64| (x, 3.0 * x.powf(-0.5))).to_vec();
        let found = ScalingLaw::fit(&law).unwrap();
        assert!((found.exponent.value + 0.5).abs() < 1e-13 && found.exponent.error < 1e-13, "{found:?}");
        assert!((found.at(1e6) / 3e-3 - 1.0).abs() < 1e-12);
        assert!(ScalingLaw::fit(&law[..2]).unwrap().exponent.error.is_nan());
        assert_eq!(ScalingLaw::fit(&law[..1]), None);
    }

    #[test]
    fn corrections_do_not_pass_into_the_exponent() {
        for (second, dimensions) in [(0.0, &[1e2, 1e3, 1e4, 1e6][..]), (9.0, &[1e2, 1e3, 1e4, 1e5, 1e6, 1e9])]
        {
            let width = |d: f64| 1.5 * d.powf(-0.5) * (-2.0 / d.sqrt() + second / d).exp();
            let law: Vec<(f64, f64)> = dimensions.iter().map(|d| (*d, width(*d))).collect();
            let found = ScalingLaw::fit(&law).unwrap();
            assert!((found.exponent.value + 0.5).abs() < 1e-12 && found.exponent.error < 1e-12, "{found:?}");
            assert!((found.at(500.0) / width(500.0) - 1.0).abs() < 1e-11);
        }
    }

    #[test]
    fn the_standard_error_is_that_of_a_line() {
        // y = 0, 1, 3 at x = 0, 1, 2 (in logarithms): slope 3/2, residuals 1/6, −1/3, 1/6, error √(1/6 / 2) = 0.288675.
        let points: Vec<(f64, f64)> =
            [(0.0, 0.0), (1.0, 1.0), (2.0, 3.0)].map(|(x, y): (f64, f64)| (x.exp(), y.exp())).to_vec();
        let Estimate { value, error, .. } = ScalingLaw::fit(&points).unwrap().exponent;
        assert!((value - 1.5).abs() < 1e-14 && (error - (1.0f64 / 12.0).sqrt()).abs() < 1e-14);
    }
}
