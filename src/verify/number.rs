//! Numbers of any size that know their error: m·2^e with a running bound of what round-off, and the errors of averages, make of
//! them. Exponents have 64 bits, so that e^(−z²/2) at z = 10⁵ is a number like any other, and nothing overflows
//! where a weight and a density cancel.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Half a unit in the last place, a little rounded up.
pub const ROUND_OFF: f64 = 1.2e-16;

/// Significands are brought back to 1 beyond 2^±300: products of two never overflow.
const LARGE: f64 = 2.037e90;
const SMALL: f64 = 4.909e-91;

/// A number m·2^e, wrong by at most about error·2^e.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    significand: f64,
    error: f64,
    exponent: i64,
}

impl Number {
    /// 0.
    pub const ZERO: Number = Number { significand: 0.0, error: 0.0, exponent: 0 };
    /// 1.
    pub const ONE: Number = Number { significand: 1.0, error: 0.0, exponent: 0 };
    /// No number.
    pub const NAN: Number = Number { significand: f64::NAN, error: 0.0, exponent: 0 };

    /// A number that is exact.
    pub fn exact(x: f64) -> Number {
        Number { significand: x, error: 0.0, exponent: 0 }.normal()
    }

    /// A number and its error.
    pub fn with_error(x: f64, error: f64) -> Number {
        Number { significand: x, error, exponent: 0 }.normal()
    }

    /// m·2^e and its error in the same units.
    pub fn scaled(significand: f64, error: f64, exponent: i64) -> Number {
        Number { significand, error, exponent }.normal()
    }

    fn normal(self) -> Number {
        let size = self.significand.abs();
        if size > SMALL && size < LARGE {
            return self;
        }
        if !size.is_finite() {
            return Number { significand: self.significand, error: 0.0, exponent: 0 };
        }
        if size == 0.0 {
            return self;
        }
        let (significand, shift) = libm::frexp(self.significand);
        let error = power_of_two(-i64::from(shift)) * self.error;
        Number { significand, error, exponent: self.exponent + i64::from(shift) }
    }

    /// As a double; too large becomes infinite, too small 0.
    pub fn value(self) -> f64 {
        if self.exponent == 0 { self.significand } else { scaled(self.significand, self.exponent) }
    }

    /// The bound of its error, as a double.
    pub fn error(self) -> f64 {
        if self.exponent == 0 { self.error } else { scaled(self.error, self.exponent) }
    }

    /// The same number with a further error of this size.
    pub fn blurred(self, by: Number) -> Number {
        if self.significand == 0.0 {
            let (a, b, exponent) = aligned(self, by.abs());
            return Number { error: a.error + b.significand + b.error, exponent, significand: 0.0 };
        }
        // The number keeps its exponent, however large the error is beside it.
        let further = by.significand.abs() + by.error;
        let factor = if further == 0.0 { 0.0 } else { power_of_two(by.exponent - self.exponent) };
        Number { error: self.error + further * factor, ..self }
    }

    /// The bound of its error as a number.
    pub fn uncertainty(self) -> Number {
        Number { significand: self.error, error: 0.0, exponent: self.exponent }.normal()
    }

    /// log|x|; −∞ for 0.
    pub fn log_size(self) -> f64 {
        libm::log(self.significand.abs()) + self.exponent as f64 * std::f64::consts::LN_2
    }

    /// |x|.
    pub fn abs(self) -> Number {
        Number { significand: self.significand.abs(), ..self }
    }

    /// Whether it is neither infinite nor no number.
    pub fn is_finite(self) -> bool {
        self.significand.is_finite()
    }

    /// Whether it is no number.
    pub fn is_nan(self) -> bool {
        self.significand.is_nan()
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.significand == 0.0
    }

    /// −1, 0 or 1 as its sign is; NaN stays.
    pub fn sign(self) -> f64 {
        if self.significand == 0.0 || self.is_nan() { self.significand } else { self.significand.signum() }
    }

    /// Significand and exponent.
    pub fn parts(self) -> (f64, i64) {
        (self.significand, self.exponent)
    }

    /// How it compares with another; none for NaN.
    pub fn compare(self, other: Number) -> Option<Ordering> {
        if self.exponent == other.exponent || !self.is_finite() || !other.is_finite() {
            return self.significand.partial_cmp(&other.significand);
        }
        let (a, b, _) = aligned(self, other);
        // A number that is lost in the alignment still has its sign.
        let by_sign = self.sign().partial_cmp(&other.sign());
        match a.significand.partial_cmp(&b.significand) {
            Some(Ordering::Equal) => by_sign,
            order => order,
        }
    }

    /// Whether it is less than another.
    pub fn less(self, other: Number) -> bool {
        self.compare(other) == Some(Ordering::Less)
    }

    /// The larger in size of two numbers of the same sign; NaN is lost.
    pub fn larger(self, other: Number) -> Number {
        if self.less(other) || self.is_nan() { other } else { self }
    }

    /// Times an exact double.
    pub fn times(self, factor: f64) -> Number {
        let significand = self.significand * factor;
        let error = self.error * factor.abs() + ROUND_OFF * significand.abs();
        Number { significand, error, exponent: self.exponent }.normal()
    }
}

/// 2^k; 0 far below the smallest double, infinite above the largest.
fn power_of_two(k: i64) -> f64 {
    if (-1022..=1023).contains(&k) { f64::from_bits(((1023 + k) as u64) << 52) } else { scaled(1.0, k) }
}

fn scaled(x: f64, exponent: i64) -> f64 {
    libm::scalbn(x, exponent.clamp(-5000, 5000) as i32)
}

/// Two finite numbers with one exponent, the larger of theirs, except that a 0 has none.
fn aligned(a: Number, b: Number) -> (Number, Number, i64) {
    if a.exponent == b.exponent {
        return (a, b, a.exponent);
    }
    if a.significand == 0.0 && a.error == 0.0 {
        return (Number { exponent: b.exponent, ..a }, b, b.exponent);
    }
    if b.significand == 0.0 && b.error == 0.0 {
        return (a, Number { exponent: a.exponent, ..b }, a.exponent);
    }
    let shifted = |x: Number, to: i64| {
        let factor = power_of_two(x.exponent - to);
        Number { significand: x.significand * factor, error: x.error * factor, exponent: to }
    };
    if a.exponent > b.exponent {
        (a, shifted(b, a.exponent), a.exponent)
    } else {
        (shifted(a, b.exponent), b, b.exponent)
    }
}

impl Add for Number {
    type Output = Number;
    fn add(self, other: Number) -> Number {
        if !self.is_finite() || !other.is_finite() {
            return Number { significand: self.significand + other.significand, error: 0.0, exponent: 0 };
        }
        let (a, b, exponent) = aligned(self, other);
        let significand = a.significand + b.significand;
        // What the sum has lost of its terms (Knuth): nothing where they are small whole numbers, as in an exponent.
        let of_b = significand - a.significand;
        let lost = (a.significand - (significand - of_b)) + (b.significand - of_b);
        let round_off =
            if lost == 0.0 && self.exponent == other.exponent { 0.0 } else { ROUND_OFF * significand.abs() };
        Number { significand, error: a.error + b.error + round_off, exponent }.normal()
    }
}

impl Neg for Number {
    type Output = Number;
    fn neg(self) -> Number {
        Number { significand: -self.significand, ..self }
    }
}

impl Sub for Number {
    type Output = Number;
    fn sub(self, other: Number) -> Number {
        self + -other
    }
}

impl Mul for Number {
    type Output = Number;
    fn mul(self, other: Number) -> Number {
        let significand = self.significand * other.significand;
        let error = self.significand.abs() * other.error
            + other.significand.abs() * self.error
            + self.error * other.error
            + ROUND_OFF * significand.abs();
        Number { significand, error, exponent: self.exponent + other.exponent }.normal()
    }
}

impl Div for Number {
    type Output = Number;
    fn div(self, other: Number) -> Number {
        let significand = self.significand / other.significand;
        let error = (self.error + significand.abs() * other.error) / other.significand.abs()
            + ROUND_OFF * significand.abs();
        Number { significand, error, exponent: self.exponent - other.exponent }.normal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overflows_a_double_comes_back() {
        let mut x = Number::exact(3.0);
        for _ in 0..12 {
            x = x * x;
        }
        let mut y = Number::ONE / x;
        assert_eq!(x.value(), f64::INFINITY);
        assert!((x.log_size() - 4096.0 * 3f64.ln()).abs() < 1e-9);
        y = y * x;
        assert!((y.value() - 1.0).abs() <= y.error() && y.error() < 1e-11, "{y:?}");
    }

    #[test]
    fn a_sum_of_whole_numbers_is_exact() {
        let one = Number::exact(2.0) - Number::ONE;
        assert_eq!((one.value(), one.error()), (1.0, 0.0));
        assert!((Number::exact(0.1) + Number::exact(0.2)).error() > 2e-17);
        let next = Number::exact(1.0) + Number::exact(1e-16);
        assert!((next.value() - 1.0).abs() < 1e-15 && next.error() >= 1e-16);
    }

    #[test]
    fn errors_of_sums_are_those_of_their_terms() {
        let a = Number::exact(0.1) * Number::exact(0.1);
        let difference = a - Number::exact(0.01);
        assert!(difference.value().abs() <= difference.error() + 1.2e-18);
        assert!(difference.error() < 1e-17);
        // A term that is far below another is lost, and its error is not.
        let sum = Number::scaled(1.0, 0.5, 4000) + Number::exact(1.0);
        assert_eq!(sum.parts(), (1.0, 4000));
        let small = Number::scaled(1.0, 0.0, -4000).blurred(Number::exact(1e-16));
        assert!(
            small.log_size() < -2000.0 && (small.error() - 1e-16).abs() < 1e-30
                || small.error() == f64::INFINITY
        );
        assert!(Number::scaled(1.0, 0.0, -4000).less(Number::exact(1e-300)));
        assert!(Number::scaled(-1.0, 0.0, 4000).less(Number::scaled(1.0, 0.0, -4000)));
    }
}
