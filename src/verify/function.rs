//! The functions of the expression language for [`Number`]s, written independently of those of the compiled
//! programs: each with its derivative, tails included.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI, SQRT_2};

use super::number::{Number, ROUND_OFF};
use super::special;

/// A function of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names of the language
pub enum Unary {
    Negate,
    Not,
    Exp,
    Log,
    Sqrt,
    Abs,
    Sign,
    Step,
    Tanh,
    Atanh,
    Sinh,
    Cosh,
    Sin,
    Cos,
    Atan,
    Asin,
    Acos,
    Erf,
    Erfc,
    Erfcx,
    NormalPdf,
    NormalCdf,
    LogNormalCdf,
    InverseMills,
    Logistic,
    LogCosh,
    Softplus,
    LogOnePlus,
    ExpMinusOne,
    Asinh,
    NormalQuantile,
    Logit,
    BinaryEntropy,
    LogGamma,
    Digamma,
    Trigamma,
    BesselI0,
    BesselI1,
    BesselI0e,
    BesselI1e,
    LogBesselI0,
    BesselRatio,
}

/// What an argument does to the integrand around its zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bend {
    /// Nothing.
    None,
    /// The function bends within |argument| of order 1.
    Smooth,
    /// It has a kink or a step there.
    Sharp,
}

impl Unary {
    /// The function of a name.
    pub fn named(name: &str) -> Option<Unary> {
        Some(match name {
            "exp" => Unary::Exp,
            "log" => Unary::Log,
            "sqrt" => Unary::Sqrt,
            "abs" => Unary::Abs,
            "sign" => Unary::Sign,
            "step" => Unary::Step,
            "tanh" => Unary::Tanh,
            "atanh" => Unary::Atanh,
            "sinh" => Unary::Sinh,
            "cosh" => Unary::Cosh,
            "sin" => Unary::Sin,
            "cos" => Unary::Cos,
            "atan" => Unary::Atan,
            "asin" => Unary::Asin,
            "acos" => Unary::Acos,
            "erf" => Unary::Erf,
            "erfc" => Unary::Erfc,
            "erfcx" => Unary::Erfcx,
            "normal_pdf" => Unary::NormalPdf,
            "normal_cdf" => Unary::NormalCdf,
            "log_normal_cdf" => Unary::LogNormalCdf,
            "inverse_mills" => Unary::InverseMills,
            "logistic" => Unary::Logistic,
            "log_cosh" => Unary::LogCosh,
            "softplus" => Unary::Softplus,
            "log1p" => Unary::LogOnePlus,
            "expm1" => Unary::ExpMinusOne,
            "asinh" => Unary::Asinh,
            "normal_quantile" => Unary::NormalQuantile,
            "logit" => Unary::Logit,
            "binary_entropy" => Unary::BinaryEntropy,
            "log_gamma" => Unary::LogGamma,
            "digamma" => Unary::Digamma,
            "trigamma" => Unary::Trigamma,
            "bessel_i0" => Unary::BesselI0,
            "bessel_i1" => Unary::BesselI1,
            "bessel_i0e" => Unary::BesselI0e,
            "bessel_i1e" => Unary::BesselI1e,
            "log_bessel_i0" => Unary::LogBesselI0,
            "bessel_ratio" => Unary::BesselRatio,
            _ => return None,
        })
    }

    /// How it bends at 0.
    pub fn bend(self) -> Bend {
        match self {
            Unary::Abs
            | Unary::Sign
            | Unary::Step
            | Unary::Not
            | Unary::Sqrt
            | Unary::Log
            | Unary::NormalQuantile
            | Unary::Logit
            | Unary::BinaryEntropy
            | Unary::LogGamma
            | Unary::Digamma
            | Unary::Trigamma
            | Unary::BesselI0e
            | Unary::BesselI1e => Bend::Sharp,
            Unary::Tanh
            | Unary::Atan
            | Unary::Erf
            | Unary::Erfc
            | Unary::Erfcx
            | Unary::NormalPdf
            | Unary::NormalCdf
            | Unary::LogNormalCdf
            | Unary::InverseMills
            | Unary::Logistic
            | Unary::LogCosh
            | Unary::Softplus
            | Unary::Asinh
            | Unary::BesselI0
            | Unary::BesselI1
            | Unary::LogBesselI0
            | Unary::BesselRatio
            | Unary::Cosh
            | Unary::Sinh => Bend::Smooth,
            _ => Bend::None,
        }
    }

    /// Whether it jumps, so that the derivative of an average is not the average of the derivative.
    pub fn jumps(self) -> bool {
        matches!(self, Unary::Sign | Unary::Step | Unary::Not)
    }

    /// Its value.
    pub fn value(self, a: Number) -> Number {
        let (x, error) = (a.value(), a.error());
        // A double function whose derivative is at most `slope` near x.
        let double = |y: f64, slope: f64| Number::with_error(y, slope * error + 2.0 * ROUND_OFF * y.abs());
        let one = Number::ONE;
        match self {
            Unary::Negate => -a,
            Unary::Not => Number::exact(f64::from(x == 0.0)),
            Unary::Exp => exp(a),
            Unary::Log => log(a),
            Unary::Sqrt => sqrt(a),
            Unary::Abs => a.abs(),
            Unary::Sign => Number::exact(a.sign()),
            Unary::Step => {
                let sign = a.sign();
                Number::exact(if sign == 0.0 { 0.5 } else { 0.5 * (1.0 + sign) })
            }
            Unary::Tanh => double(libm::tanh(x), sech2(a).value()),
            Unary::Atanh => double(libm::atanh(x), 1.0 / ((1.0 - x) * (1.0 + x))),
            Unary::Sinh if x.abs() < 1.0 => double(libm::sinh(x), 2.0),
            Unary::Sinh => (exp(a) - exp(-a)).times(0.5),
            Unary::Cosh => (exp(a) + exp(-a)).times(0.5),
            Unary::Sin => double(libm::sin(x), 1.0),
            Unary::Cos => double(libm::cos(x), 1.0),
            Unary::Atan => double(libm::atan(x), 1.0 / (1.0 + x * x)),
            Unary::Asin => double(libm::asin(x), 1.0 / ((1.0 - x) * (1.0 + x)).sqrt()),
            Unary::Acos => double(libm::acos(x), 1.0 / ((1.0 - x) * (1.0 + x)).sqrt()),
            Unary::Erf => double(libm::erf(x), 1.13 * libm::exp(-x * x)),
            Unary::Erfc => erfc(a),
            Unary::Erfcx => erfcx(a),
            Unary::NormalPdf => gauss(a).times(0.398_942_280_401_432_7),
            Unary::NormalCdf => erfc(a.times(-FRAC_1_SQRT_2)).times(0.5),
            Unary::LogNormalCdf if x > -1.0 => {
                let upper = erfc(a.times(FRAC_1_SQRT_2)).times(0.5);
                log_one_plus(-upper)
            }
            // log Φ(x) = −x²/2 + log(erfcx(−x/√2)/2)
            Unary::LogNormalCdf => log(erfcx(a.times(-FRAC_1_SQRT_2)).times(0.5)) - (a * a).times(0.5),
            // φ/Φ = √(2/π)/erfcx(−x/√2)
            Unary::InverseMills => {
                Number::with_error(0.797_884_560_802_865_4, ROUND_OFF) / erfcx(a.times(-FRAC_1_SQRT_2))
            }
            Unary::Logistic if x >= 0.0 => one / (one + exp(-a)),
            Unary::Logistic => exp(a) / (one + exp(a)),
            Unary::LogCosh if x.abs() < 0.3 => {
                // log cosh x = log(1 + 2 sinh²(x/2))
                let s = libm::sinh(0.5 * x);
                double(libm::log1p(2.0 * s * s), x.abs())
            }
            Unary::LogCosh => {
                let size = a.abs();
                size + log_one_plus(exp(size.times(-2.0))) - Number::with_error(LN_2, ROUND_OFF)
            }
            Unary::Softplus if x > 0.0 => a + log_one_plus(exp(-a)),
            Unary::Softplus => log_one_plus(exp(a)),
            Unary::LogOnePlus => log_one_plus(a),
            Unary::ExpMinusOne if x.abs() < 1.0 => double(libm::expm1(x), libm::exp(x)),
            Unary::ExpMinusOne => exp(a) - one,
            Unary::Asinh => special::asinh(a),
            Unary::NormalQuantile => special::normal_quantile(a),
            Unary::Logit => log(a) - log_one_plus(-a),
            Unary::BinaryEntropy => special::binary_entropy(a),
            Unary::LogGamma => special::log_gamma(a),
            Unary::Digamma => special::polygamma(0, a),
            Unary::Trigamma => special::polygamma(1, a),
            Unary::BesselI0 => special::Circle::new(a).mean(0, 0) * exp(a.abs()),
            Unary::BesselI1 => (special::Circle::new(a).mean(1, 0) * exp(a.abs())).times(sign(x)),
            Unary::BesselI0e => special::Circle::new(a).mean(0, 0),
            Unary::BesselI1e => special::Circle::new(a).mean(1, 0).times(sign(x)),
            Unary::LogBesselI0 => special::log_bessel_i0(a),
            Unary::BesselRatio => {
                let circle = special::Circle::new(a);
                (circle.mean(1, 0) / circle.mean(0, 0)).times(sign(x))
            }
        }
    }

    /// Its derivative at `a`, where its value is `y`.
    pub fn slope(self, a: Number, y: Number) -> Number {
        let one = Number::ONE;
        let two_over_root_pi = Number::with_error(2.0 / PI.sqrt(), ROUND_OFF);
        match self {
            Unary::Negate => -one,
            Unary::Not | Unary::Sign | Unary::Step => Number::ZERO,
            Unary::Exp => y,
            Unary::Log => one / a,
            Unary::Sqrt => Number::exact(0.5) / y,
            Unary::Abs => Number::exact(a.sign()),
            Unary::Tanh => sech2(a),
            Unary::Atanh => one / ((one - a) * (one + a)),
            Unary::Sinh => Unary::Cosh.value(a),
            Unary::Cosh => Unary::Sinh.value(a),
            Unary::Sin => Unary::Cos.value(a),
            Unary::Cos => -Unary::Sin.value(a),
            Unary::Atan => one / (one + a * a),
            Unary::Asin => one / sqrt((one - a) * (one + a)),
            Unary::Acos => -(one / sqrt((one - a) * (one + a))),
            Unary::Erf => two_over_root_pi * gauss(a.times(SQRT_2)),
            Unary::Erfc => -(two_over_root_pi * gauss(a.times(SQRT_2))),
            Unary::Erfcx => a.times(2.0) * y - two_over_root_pi,
            Unary::NormalPdf => -(a * y),
            Unary::NormalCdf => Unary::NormalPdf.value(a),
            Unary::LogNormalCdf => Unary::InverseMills.value(a),
            Unary::InverseMills => -(y * (a + y)),
            // logistic′(x) = 1/(4 cosh²(x/2))
            Unary::Logistic => sech2(a.times(0.5)).times(0.25),
            Unary::LogCosh => Unary::Tanh.value(a),
            Unary::Softplus => Unary::Logistic.value(a),
            Unary::LogOnePlus => one / (one + a),
            Unary::ExpMinusOne => exp(a),
            Unary::Asinh => one / sqrt(one + a * a),
            Unary::NormalQuantile => one / Unary::NormalPdf.value(y),
            Unary::Logit => one / (a * (one - a)),
            Unary::BinaryEntropy => -Unary::Logit.value(a),
            Unary::LogGamma => special::polygamma(0, a),
            Unary::Digamma => special::polygamma(1, a),
            Unary::Trigamma => special::polygamma(2, a),
            Unary::BesselI0 => Unary::BesselI1.value(a),
            Unary::BesselI1 => special::Circle::new(a).mean(2, 0) * exp(a.abs()),
            Unary::BesselI0e => -special::Circle::new(a).mean(0, 1).times(sign(a.value())),
            Unary::BesselI1e => -special::Circle::new(a).mean(1, 1),
            Unary::LogBesselI0 => Unary::BesselRatio.value(a),
            Unary::BesselRatio => {
                let circle = special::Circle::new(a);
                let whole = circle.mean(0, 0);
                let first = circle.mean(0, 1) / whole;
                circle.mean(0, 2) / whole - first * first
            }
        }
    }
}

/// −1, 0 or 1.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

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
fn sqrt(a: Number) -> Number {
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
fn sech2(a: Number) -> Number {
    let e = exp(a.abs().times(-2.0));
    let sum = Number::ONE + e;
    e.times(4.0) / (sum * sum)
}

/// The complement of the error function.
fn erfc(a: Number) -> Number {
    let (x, error) = (a.value(), a.error());
    if x > 5.0 {
        return gauss(a.times(SQRT_2)) * erfcx(a);
    }
    let y = libm::erfc(x);
    Number::with_error(y, 1.13 * libm::exp(-x * x) * error + 2.0 * ROUND_OFF * y)
}

/// e^(x²)·erfc(x): the continued fraction of Laplace for large x, evaluated from its end.
fn erfcx(a: Number) -> Number {
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

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Unary; 42] = [
        Unary::Negate,
        Unary::Not,
        Unary::Exp,
        Unary::Log,
        Unary::Sqrt,
        Unary::Abs,
        Unary::Sign,
        Unary::Step,
        Unary::Tanh,
        Unary::Atanh,
        Unary::Sinh,
        Unary::Cosh,
        Unary::Sin,
        Unary::Cos,
        Unary::Atan,
        Unary::Asin,
        Unary::Acos,
        Unary::Erf,
        Unary::Erfc,
        Unary::Erfcx,
        Unary::NormalPdf,
        Unary::NormalCdf,
        Unary::LogNormalCdf,
        Unary::InverseMills,
        Unary::Logistic,
        Unary::LogCosh,
        Unary::Softplus,
        Unary::LogOnePlus,
        Unary::ExpMinusOne,
        Unary::Asinh,
        Unary::NormalQuantile,
        Unary::Logit,
        Unary::BinaryEntropy,
        Unary::LogGamma,
        Unary::Digamma,
        Unary::Trigamma,
        Unary::BesselI0,
        Unary::BesselI1,
        Unary::BesselI0e,
        Unary::BesselI1e,
        Unary::LogBesselI0,
        Unary::BesselRatio,
    ];

    #[test]
    fn derivatives_are_those_of_the_values() {
        for f in ALL {
            for x in [-6.3, -2.7, -0.31, 0.17, 0.83, 1.9, 7.3] {
                let at = |x: f64| f.value(Number::exact(x)).value();
                let h = 1e-4;
                // Richardson: error of order h⁴.
                let coarse = (at(x + h) - at(x - h)) / (2.0 * h);
                let fine = (at(x + h / 2.0) - at(x - h / 2.0)) / h;
                let difference = (4.0 * fine - coarse) / 3.0;
                let a = Number::exact(x);
                let slope = f.slope(a, f.value(a)).value();
                let size = at(x).abs().max(slope.abs()).max(1e-3);
                let same = (slope - difference).abs() < 1e-9 * size || (at(x).is_nan());
                assert!(same, "{f:?} at {x}: {slope} against {difference}");
            }
        }
    }

    #[test]
    fn tails_have_their_closed_forms() {
        let relative = |f: Unary, x: f64, expected: f64| {
            let y = f.value(Number::exact(x)).value();
            assert!((y / expected - 1.0).abs() < 1e-13, "{f:?}({x}) = {y}, not {expected}");
        };
        // mpmath, 30 digits.
        relative(Unary::InverseMills, -40.0, 40.024_968_847_207_26);
        relative(Unary::LogNormalCdf, -40.0, -804.608_442_013_753_8);
        relative(Unary::Erfcx, 10.0, 0.056_140_992_743_822_58);
        relative(Unary::Softplus, -50.0, 1.928_749_847_963_917_8e-22);
        let tail = Unary::NormalCdf.value(Number::exact(-40.0));
        assert!((tail.log_size() + 804.608_442_013_753_8).abs() < 1e-11);
        // e^1800 · e^−1800, with the error that the exponent has.
        let product = exp(Number::exact(1800.7)) * exp(Number::exact(-1800.7));
        assert!((product.value() - 1.0).abs() < 2e-15, "{product:?}");
        let g = gauss(Number::exact(60.1)) * exp(Number::exact(0.5 * 60.1 * 60.1));
        assert!((g.value() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn every_function_of_the_language_is_known() {
        use crate::language::function::{OF_SEVERAL_ARGUMENTS, names};
        for name in names().filter(|name| !OF_SEVERAL_ARGUMENTS.contains(name)) {
            assert!(Unary::named(name).is_some(), "{name}");
        }
    }
}
