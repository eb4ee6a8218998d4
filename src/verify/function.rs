//! The functions of the expression language for [`Number`]s, written independently of those of the compiled
//! programs: each with its derivative, tails included.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use super::elementary::{erfc, erfcx, exp, gauss, log, log_cosh, log_normal_cdf, log_one_plus, sech2, sqrt};
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
    /// Derivative of order n + 1 of log Γ: digamma, trigamma and so on.
    Polygamma(u8),
    /// Derivative of order n of I₀: I₀, I₁ and so on.
    BesselI(u8),
    /// The same times e^(−|x|).
    BesselIe(u8),
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
            "digamma" => Unary::Polygamma(0),
            "trigamma" => Unary::Polygamma(1),
            "bessel_i0" => Unary::BesselI(0),
            "bessel_i1" => Unary::BesselI(1),
            "bessel_i0e" => Unary::BesselIe(0),
            "bessel_i1e" => Unary::BesselIe(1),
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
            | Unary::Polygamma(_)
            | Unary::BesselIe(_) => Bend::Sharp,
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
            | Unary::BesselI(_)
            | Unary::LogBesselI0
            | Unary::BesselRatio
            | Unary::Cosh
            | Unary::Sinh => Bend::Smooth,
            Unary::Negate
            | Unary::Exp
            | Unary::Atanh
            | Unary::Sin
            | Unary::Cos
            | Unary::Asin
            | Unary::Acos
            | Unary::LogOnePlus
            | Unary::ExpMinusOne => Bend::None,
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
            Unary::LogNormalCdf => log_normal_cdf(a),
            // φ/Φ = √(2/π)/erfcx(−x/√2)
            Unary::InverseMills => {
                Number::with_error(0.797_884_560_802_865_4, ROUND_OFF) / erfcx(a.times(-FRAC_1_SQRT_2))
            }
            Unary::Logistic if x >= 0.0 => one / (one + exp(-a)),
            Unary::Logistic => exp(a) / (one + exp(a)),
            Unary::LogCosh => log_cosh(a),
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
            Unary::Polygamma(n) => special::polygamma(n.into(), a),
            Unary::BesselI(n) => special::bessel(n, 0, a) * exp(a.abs()),
            Unary::BesselIe(n) => special::bessel(n, 0, a),
            Unary::LogBesselI0 => special::log_bessel_i0(a),
            Unary::BesselRatio => special::bessel(1, 0, a) / special::bessel(0, 0, a),
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
            Unary::Polygamma(n) => special::polygamma(u32::from(n) + 1, a),
            Unary::BesselI(n) => special::bessel(n.saturating_add(1), 0, a) * exp(a.abs()),
            Unary::BesselIe(n) => -special::bessel(n, 1, a),
            Unary::LogBesselI0 => Unary::BesselRatio.value(a),
            Unary::BesselRatio => {
                let whole = special::bessel(0, 0, a);
                let first = special::bessel(0, 1, a) / whole;
                special::bessel(0, 2, a) / whole - first * first
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::function::{OF_SEVERAL_ARGUMENTS, names};

    /// Those that have names, and some that have none.
    fn all() -> impl Iterator<Item = Unary> {
        let others = [Unary::Negate, Unary::Not, Unary::Polygamma(4), Unary::BesselI(4), Unary::BesselIe(2)];
        names().filter_map(Unary::named).chain(others)
    }

    #[test]
    fn derivatives_are_those_of_the_values() {
        for f in all() {
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
        for name in names().filter(|name| !OF_SEVERAL_ARGUMENTS.contains(name)) {
            assert!(Unary::named(name).is_some(), "{name}");
        }
    }
}
