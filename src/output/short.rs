//! Values as figures have them.

use super::Cell;
use crate::numeric::significant;

impl Cell {
    /// The value as a figure has it: 0.8, 2²⁴, 10⁻⁶, ∞; of words without the underscores of identifiers.
    pub fn short(&self) -> String {
        match self {
            Cell::Text(word) => word.replace('_', " "),
            value => value.number().map_or(String::new(), printed),
        }
    }
}

/// A number to six digits, with a power where it would have many zeros.
fn printed(number: f64) -> String {
    if number == f64::INFINITY {
        return "∞".into();
    }
    let text = significant(number, 6);
    if is_written_out(number) {
        return text;
    }
    let exponent = number.log2();
    if number >= 1.0 && exponent.fract() == 0.0 && number.is_finite() {
        return format!("2{}", raised(&format!("{exponent}")));
    }
    let text = text.replace('-', "−");
    match text.split_once('e') {
        Some((mantissa, power)) => {
            let ten = format!("10{}", raised(power));
            match mantissa {
                "1" => ten,
                "−1" => format!("−{ten}"),
                _ => format!("{mantissa}×{ten}"),
            }
        }
        None => text,
    }
}

/// Whether a number has so few digits before or behind the point that it is written without a power.
pub fn is_written_out(number: f64) -> bool {
    number == 0.0 || (1e-4..999_999.5).contains(&number.abs())
}

/// Digits as a power.
fn raised(power: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let sign = |c: char| match c.to_digit(10) {
        Some(digit) => DIGITS[digit as usize],
        None => '⁻',
    };
    power.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_printed_as_a_reader_writes_them() {
        for (value, expected) in [
            (Cell::from(0.8), "0.8"),
            (Cell::from(16384.0), "16384"),
            (Cell::from(16_777_216.0), "2²⁴"),
            (Cell::from(1e6), "10⁶"),
            (Cell::from(5e9), "5×10⁹"),
            (Cell::from(16_777_217.0), "1.67772×10⁷"),
            (Cell::from(1e-6), "10⁻⁶"),
            (Cell::from(-2.5e-7), "−2.5×10⁻⁷"),
            (Cell::from(-1e8), "−10⁸"),
            (Cell::from(0.0), "0"),
            (Cell::from(f64::INFINITY), "∞"),
            (Cell::from("exploding_linear"), "exploding linear"),
            (Cell::from("first-phase"), "first-phase"),
            (Cell::Missing, ""),
        ] {
            assert_eq!(value.short(), expected, "{value:?}");
        }
    }
}
