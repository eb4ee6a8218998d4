//! How what is measured at a finite size approaches its limit: the terms of the fit that is extrapolated.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Source, Text};
use crate::language::{Formula, Sort};
use crate::model::ROOTS;
use crate::numeric::significant;

/// The most terms beside the limit: there are only so many sizes.
const MOST_TERMS: usize = 6;
/// How near to a fraction of small numbers a power is taken for one, and to each other ratios that are to be the same.
const ROUNDING: f64 = 1e-9;

/// Powers of one over the size d: 0, which is the limit, and those of the corrections, smallest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Corrections {
    powers: Vec<f64>,
}

impl Default for Corrections {
    /// a + b/√d + c/d.
    fn default() -> Corrections {
        Corrections::of(ROOTS)
    }
}

impl Corrections {
    /// These powers of one over the size; those of [`ROOTS`] where there are none.
    pub fn of(powers: &[f64]) -> Corrections {
        let powers = if powers.is_empty() { ROOTS } else { powers };
        Corrections { powers: [0.0].iter().chain(powers).copied().collect() }
    }

    /// Terms separated by commas, each an expression of the size by its name: `1/sqrt(d), 1/d`. Their factors are fitted.
    ///
    /// # Errors
    /// What is no expression, no power that vanishes as the size grows, or stands twice.
    pub fn read(text: &str, size: &str) -> Result<Corrections, String> {
        let mut powers = vec![0.0];
        for term in text.split(',') {
            let power = power(term.trim(), size)?;
            if powers.contains(&power) {
                return Err(format!("`{}` stands twice among the corrections", term.trim()));
            }
            powers.push(power);
        }
        if powers.len() > MOST_TERMS + 1 {
            return Err(format!("{} corrections are too many; use at most {MOST_TERMS}", powers.len() - 1));
        }
        powers.sort_by(f64::total_cmp);
        Ok(Corrections { powers })
    }

    /// The powers, of which the first is 0.
    pub fn powers(&self) -> &[f64] {
        &self.powers
    }

    /// The fit in words: a + b/√d + c/d.
    pub fn in_words(&self, size: &str) -> String {
        let terms = self.powers.iter().zip('a'..).map(|(power, factor)| match power {
            0.0 => factor.to_string(),
            0.5 => format!("{factor}/√{size}"),
            1.0 => format!("{factor}/{size}"),
            _ => format!("{factor}/{size}^{}", significant(*power, 4)),
        });
        terms.collect::<Vec<_>>().join(" + ")
    }

    /// The value of a fit with these factors at 1/√d = x.
    pub fn value(&self, factors: &[f64], x: f64) -> f64 {
        let term = |(factor, power): (&f64, &f64)| match 2.0 * power {
            0.0 => *factor,
            1.0 => factor * x,
            2.0 => factor * x * x,
            twice => factor * libm::pow(x, twice),
        };
        factors.iter().zip(&self.powers).map(term).reduce(|sum, term| sum + term).unwrap_or(f64::NAN)
    }
}

/// The power p > 0 of a term that goes as d^(−p).
fn power(term: &str, size: &str) -> Result<f64, String> {
    let written = format!("\"{term}\"");
    let source = Arc::new(Source { name: "--corrections".into(), text: written.clone() });
    let text = Text::new(term.to_string(), 0..written.len(), source);
    let formula = Formula::compile(&text, Sort::Number, &[size], &HashMap::new());
    let formula = formula.map_err(|reason| reason.to_string())?;
    // By one factor of the size a power changes by the same factor everywhere.
    let values: Vec<f64> = (0..6).map(|k| formula.value(&[f64::from(1 << (4 * k))])).collect();
    let ratios: Vec<f64> = values.windows(2).map(|pair| libm::log2(pair[0] / pair[1]) / 4.0).collect();
    let power = (ratios[0] * 120.0).round() / 120.0;
    let power = if (power - ratios[0]).abs() < ROUNDING { power } else { ratios[0] };
    let same = ratios.iter().all(|ratio| (ratio - power).abs() < ROUNDING);
    match same && power > ROUNDING && power <= 10.0 {
        true => Ok(power),
        false => Err(format!(
            "`{term}` is no correction: that is a power of {size} which vanishes as {size} grows, such as 1/sqrt({size}), 1/{size} or {size}^(-2/3)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_as_powers() {
        assert_eq!(Corrections::read("1/sqrt(d), 1/d", "d"), Ok(Corrections::default()));
        assert_eq!(Corrections::read("3/d, d^(-1/2)", "d"), Ok(Corrections::default()));
        let other = Corrections::read("1/N^2,N^(-2/3)", "N").unwrap();
        assert_eq!(other.powers(), [0.0, 2.0 / 3.0, 2.0]);
        assert_eq!(other.in_words("N"), "a + b/N^0.6667 + c/N^2");
        assert_eq!(Corrections::default().in_words("d"), "a + b/√d + c/d");
    }

    #[test]
    fn what_does_not_vanish_as_a_power_is_refused() {
        for (text, part) in [
            ("d", "no correction"),
            ("1", "no correction"),
            ("exp(-d)", "no correction"),
            ("1/d + 1/d^2", "no correction"),
            ("1/d,2/d", "twice"),
            ("1/N", "N"),
            ("1/d,", ""),
            ("", ""),
            ("0/d", "no correction"),
            ("log(d)/d", "no correction"),
        ] {
            let error = Corrections::read(text, "d").unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_fit_is_the_sum_of_its_terms() {
        let fit = Corrections::read("1/d^2,1/sqrt(d)", "d").unwrap();
        // 0.7 + 3/√d − 5/d² at d = 16.
        assert!((fit.value(&[0.7, 3.0, -5.0], 0.25) - (0.7 + 0.75 - 5.0 / 256.0)).abs() < 1e-15);
    }
}
