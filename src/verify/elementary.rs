//! Exponentials, logarithms, powers and error functions of [`Number`]s, of which the functions of the language are made.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI, SQRT_2};

use super::number::{Number, ROUND_OFF};

/// e^a, whatever its size.
pub fn exp(a: Number) -> Number {
    let (x, error) = (a.value(), a.error());
    if x.abs() < 200.0 {
        let y = libm::exp(x);
        return Number::with_error(y, (error + 2.0 * ROUND_OFF) * y);
    }
    if x > 1e15 {
        return Number::exact(f64::INFINITY);
    }
    if x < -1e15 {
        return Number::ZERO;
    }
    if x.is_nan() {
        return Number::NAN;
    }
    // Cody and Waite: the first part of log 2 has 21 zeros at its end, and k fewer than 51 bits.
    let k = (x / LN_2).round();
    let rest = if k.abs() < 2e6 {
        (x - k * 0.693_147_180_369_123_8) - k * 1.908_214_929_270_587_7e-10
    } else {
        libm::fma(-k, 1.908_214_929_270_587_7e-10, libm::fma(-k, 0.693_147_180_369_123_8, x))
    };
    let y = libm::exp(rest);
    Number::scaled(y, (error + 4.0 * ROUND_OFF) * y, k as i64)
}

/// e^(−a²/2): the square is taken of two halves, so that it keeps its digits.
pub fn gauss(a: Number) -> Number {
    let (x, error) = (a.value(), a.error());
    // The upper 26 bits of x: their square is exact.
    let high = f64::from_bits(x.to_bits() & !0x07ff_ffff);
    let low = -0.5 * (x - high) * (x + high);
    let y = exp(Number::exact(-0.5 * high * high)) * exp(Number::exact(low));
    if error == 0.0 { y } else { y.blurred(y.times(x * error)) }
}

/// log a.
pub fn log(a: Number) -> Number {
    let (m, e) = a.parts();
    if m < 0.0 {
        return Number::NAN;
    }
    let relative = a.uncertainty() / a;
    if e == 0 {
        let y = libm::log(m);
        return Number::with_error(y, relative.value() + ROUND_OFF * y.abs());
    }
    let y = libm::log(m) + e as f64 * LN_2;
    Number::with_error(y, relative.value() + 4.0 * ROUND_OFF * y.abs())
}

/// log(1 + a).
pub fn log_one_plus(a: Number) -> Number {
    let x = a.value();
    if x > 1e6 {
        return log(Number::ONE + a);
    }
    let y = libm::log1p(x);
    // Numbers below the smallest double are their own logarithm.
    if x.abs() < 1e-290 {
        return a;
    }
    Number::with_error(y, a.error() / (1.0 + x) + 2.0 * ROUND_OFF * y.abs())
}

/// √a.
pub fn sqrt(a: Number) -> Number {
    let (m, e) = a.parts();
    let (m, e) = if e % 2 == 0 { (m, e) } else { (m * 2.0, e - 1) };
    let y = m.sqrt();
    if y == 0.0 {
        return Number::with_error(0.0, a.error().sqrt());
    }
    let relative = 0.5 * (a.uncertainty() / a).value();
    Number::scaled(y, y * (relative + ROUND_OFF), e / 2)
}

/// 1 − tanh² = 4e/(1 + e)², e = e^(−2|x|).
pub fn sech2(a: Number) -> Number {
    let e = exp(a.abs().times(-2.0));
    let sum = Number::ONE + e;
    e.times(4.0) / (sum * sum)
}

/// The complement of the error function.
pub fn erfc(a: Number) -> Number {
    let (x, error) = (a.value(), a.error());
    if x > 5.0 {
        return gauss(a.times(SQRT_2)) * erfcx(a);
    }
    let y = libm::erfc(x);
    Number::with_error(y, 1.13 * libm::exp(-x * x) * error + 2.0 * ROUND_OFF * y)
}

/// e^(x²)·erfc(x): the continued fraction of Laplace for large x, evaluated from its end.
pub fn erfcx(a: Number) -> Number {
    let (x, error) = (a.value(), a.error());
    if x < 5.0 {
        let square = gauss(a.times(SQRT_2));
        return erfc(a) / square;
    }
    // At x = 5 forty terms reach round-off.
    let tail = (1..=40).rev().fold(0.0, |tail, i| 0.5 * f64::from(i) / (x + tail));
    let y = 1.0 / ((x + tail) * PI.sqrt());
    Number::with_error(y, y / x * error + 4.0 * ROUND_OFF * y)
}

/// log Φ(a).
pub fn log_normal_cdf(a: Number) -> Number {
    if a.value() > -1.0 {
        let upper = erfc(a.times(FRAC_1_SQRT_2)).times(0.5);
        return log_one_plus(-upper);
    }
    // log Φ(x) = −x²/2 + log(erfcx(−x/√2)/2)
    log(erfcx(a.times(-FRAC_1_SQRT_2)).times(0.5)) - (a * a).times(0.5)
}

/// log cosh a.
pub fn log_cosh(a: Number) -> Number {
    let x = a.value();
    if x.abs() < 0.3 {
        // log cosh x = log(1 + 2 sinh²(x/2))
        let s = libm::sinh(0.5 * x);
        let y = libm::log1p(2.0 * s * s);
        return Number::with_error(y, x.abs() * a.error() + 2.0 * ROUND_OFF * y);
    }
    let size = a.abs();
    size + log_one_plus(exp(size.times(-2.0))) - Number::with_error(LN_2, ROUND_OFF)
}

/// a^b.
pub fn power(a: Number, b: Number) -> Number {
    let y = b.value();
    if b.error() == 0.0 && y.fract() == 0.0 && y.abs() <= 64.0 {
        let mut product = Number::ONE;
        let (mut square, mut n) = (a, y.abs() as u32);
        while n > 0 {
            if n & 1 == 1 {
                product = product * square;
            }
            square = square * square;
            n >>= 1;
        }
        return if y < 0.0 { Number::ONE / product } else { product };
    }
    if a.is_zero() {
        return Number::exact(libm::pow(0.0, y));
    }
    let size = exp(b * log(a.abs()));
    if a.sign() > 0.0 {
        size
    } else if y.fract() == 0.0 {
        if y % 2.0 == 0.0 { size } else { -size }
    } else {
        Number::NAN
    }
}
