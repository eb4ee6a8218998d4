//! The functions of the expression language, evaluated for one number.
//!
//! All of them go through the `libm` crate (pure Rust, no fused multiply-add), so that the same equations
//! give the same bits on every machine. Arrays of quadrature nodes go through `numeric`.

use std::cmp::Ordering;
use std::f64::consts::{FRAC_1_SQRT_2, LN_2, SQRT_2};

pub use super::operation::{Combine, Join};
use crate::numeric as special;

/// The functions of one argument that a user can call.
const OF_ONE_ARGUMENT: [(&str, Function); 40] = [
    ("exp", Function::Exp),
    ("log", Function::Log),
    ("sqrt", Function::Sqrt),
    ("abs", Function::Abs),
    ("sign", Function::Sign),
    ("step", Function::Step),
    ("tanh", Function::Tanh),
    ("atanh", Function::Atanh),
    ("sinh", Function::Sinh),
    ("cosh", Function::Cosh),
    ("sin", Function::Sin),
    ("cos", Function::Cos),
    ("asin", Function::Asin),
    ("acos", Function::Acos),
    ("atan", Function::Atan),
    ("log1p", Function::Log1p),
    ("expm1", Function::Expm1),
    ("erf", Function::Erf),
    ("erfc", Function::Erfc),
    ("erfcx", Function::Erfcx),
    ("normal_pdf", Function::NormalPdf),
    ("normal_cdf", Function::NormalCdf),
    ("log_normal_cdf", Function::LogNormalCdf),
    ("inverse_mills", Function::InverseMills),
    ("logistic", Function::Logistic),
    ("softplus", Function::Softplus),
    ("log_cosh", Function::LogCosh),
    ("asinh", Function::Asinh),
    ("normal_quantile", Function::NormalQuantile),
    ("logit", Function::Logit),
    ("binary_entropy", Function::BinaryEntropy),
    ("log_gamma", Function::LogGamma),
    ("digamma", Function::Polygamma(0)),
    ("trigamma", Function::Polygamma(1)),
    ("bessel_i0", Function::BesselI(0)),
    ("bessel_i1", Function::BesselI(1)),
    ("bessel_i0e", Function::BesselFall(0)),
    ("bessel_i1e", Function::BesselI1e),
    ("log_bessel_i0", Function::LogBesselI0),
    ("bessel_ratio", Function::BesselCumulant(1)),
];

/// The functions of several arguments that a user can call.
pub const OF_SEVERAL_ARGUMENTS: [&str; 6] =
    ["min", "max", "log_sum_exp", "where", "choose", "bivariate_normal_cdf"];

/// Functions whose names cannot be used for something else. Those of the others can, as files do that are older than they: a function
/// is known by its brackets.
const RESERVED: [&str; 21] = [
    "exp",
    "log",
    "sqrt",
    "abs",
    "sign",
    "tanh",
    "atanh",
    "sinh",
    "cosh",
    "sin",
    "cos",
    "atan",
    "erf",
    "erfc",
    "normal_pdf",
    "normal_cdf",
    "logistic",
    "log_cosh",
    "min",
    "max",
    "choose",
];

/// Whether a name belongs to a function alone.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The names of all functions that a user can call.
pub fn names<'a>() -> impl Iterator<Item = &'a str> {
    OF_ONE_ARGUMENT.iter().map(|(name, _)| *name).chain(OF_SEVERAL_ARGUMENTS)
}

/// A function of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// −x
    Negate,
    /// Logical not of 0 or 1.
    Not,
    /// Exponential.
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root.
    Sqrt,
    /// Absolute value.
    Abs,
    /// −1, 0 or 1.
    Sign,
    /// 0, ½ or 1.
    Step,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 − tanh², without cancellation; the derivative of tanh.
    Sech2,
    /// Inverse hyperbolic tangent.
    Atanh,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Inverse sine.
    Asin,
    /// Inverse cosine.
    Acos,
    /// Inverse tangent.
    Atan,
    /// log(1 + x).
    Log1p,
    /// e^x − 1.
    Expm1,
    /// Error function.
    Erf,
    /// Complementary error function.
    Erfc,
    /// e^(x²) erfc(x).
    Erfcx,
    /// Density φ of N(0, 1).
    NormalPdf,
    /// Distribution function Φ of N(0, 1).
    NormalCdf,
    /// log Φ.
    LogNormalCdf,
    /// φ/Φ.
    InverseMills,
    /// x + φ/Φ, without cancellation; the slopes of φ/Φ and erfcx are made of it.
    MillsExcess,
    /// 1/(1 + e^(−x)).
    Logistic,
    /// log(1 + e^x).
    Softplus,
    /// log cosh x.
    LogCosh,
    /// Inverse hyperbolic sine.
    Asinh,
    /// Inverse of Φ.
    NormalQuantile,
    /// log(x/(1 − x)), the inverse of the logistic function.
    Logit,
    /// −x log x − (1 − x) log(1 − x).
    BinaryEntropy,
    /// log Γ(x) for x > 0.
    LogGamma,
    /// Derivative of order n + 1 of log Γ: digamma, trigamma, and their slopes, which have no names.
    Polygamma(u8),
    /// The modified Bessel function Iₙ; those of order 2 and above, which have no names, make up the slopes of the others.
    BesselI(u8),
    /// ± the derivative of order k of e^(−|x|) I₀(x): of order 0 the function itself, the others are its slopes.
    BesselFall(u8),
    /// e^(−|x|) I₁(x).
    BesselI1e,
    /// log I₀.
    LogBesselI0,
    /// Derivative of order n of log I₀: I₁/I₀ and its slopes.
    BesselCumulant(u8),
    /// Dirac's delta, the derivative of a step: what an average over it is, is known at the zeros of x; a number has none.
    Delta,
    /// Its derivative, which leaves averages by parts.
    DeltaSlope,
}

/// out = f(x), one by one.
fn each(x: &[f64], out: &mut [f64], value: impl Fn(f64) -> f64) {
    out.iter_mut().zip(x).for_each(|(out, x)| *out = value(*x));
}

impl Function {
    /// The function of a name of one argument.
    pub fn named(name: &str) -> Option<Function> {
        OF_ONE_ARGUMENT.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    /// Its values at the nodes of a rule.
    pub fn apply_to(self, x: &[f64], out: &mut [f64]) {
        match self {
            Function::Tanh => special::tanh_array(x, out),
            Function::Sech2 => special::sech2_array(x, out),
            Function::Exp => special::exp_array(x, out),
            Function::Logistic => special::logistic_array(x, out),
            Function::LogCosh => special::log_cosh_array(x, out),
            Function::Softplus => special::softplus_array(x, out),
            Function::NormalPdf => special::normal_pdf_array(x, out),
            // Chosen once, so that these are loops of vectors.
            Function::Negate => each(x, out, |x| Function::Negate.apply(x)),
            Function::Abs => each(x, out, |x| Function::Abs.apply(x)),
            Function::Sqrt => each(x, out, |x| Function::Sqrt.apply(x)),
            f => each(x, out, |x| f.apply(x)),
        }
    }

    /// Its value.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Function::Negate => -x,
            Function::Not => f64::from(x == 0.0),
            Function::Exp => libm::exp(x),
            Function::Log => libm::log(x),
            Function::Sqrt => x.sqrt(),
            Function::Abs => x.abs(),
            Function::Sign => {
                if x > 0.0 {
                    1.0
                } else if x < 0.0 {
                    -1.0
                } else {
                    // 0 stays 0 and NaN stays NaN.
                    x
                }
            }
            Function::Step => match x.partial_cmp(&0.0) {
                Some(Ordering::Less) => 0.0,
                Some(Ordering::Equal) => 0.5,
                Some(Ordering::Greater) => 1.0,
                None => x,
            },
            Function::Delta | Function::DeltaSlope => 0.0,
            Function::Tanh => crate::numeric::tanh(x),
            Function::Sech2 => crate::numeric::sech2(x),
            Function::Atanh => libm::atanh(x),
            Function::Sinh => libm::sinh(x),
            Function::Cosh => libm::cosh(x),
            Function::Sin => libm::sin(x),
            Function::Cos => libm::cos(x),
            Function::Asin => libm::asin(x),
            Function::Acos => libm::acos(x),
            Function::Atan => libm::atan(x),
            Function::Log1p => libm::log1p(x),
            Function::Expm1 => libm::expm1(x),
            Function::Erf => libm::erf(x),
            Function::Erfc => libm::erfc(x),
            Function::Erfcx => special::erfcx(x),
            // 1/√(2π)
            Function::NormalPdf => 0.398_942_280_401_432_7 * libm::exp(-0.5 * x * x),
            Function::NormalCdf => 0.5 * libm::erfc(-x * FRAC_1_SQRT_2),
            Function::LogNormalCdf => special::log_normal_cdf(x),
            Function::InverseMills => special::inverse_mills(x),
            Function::MillsExcess => special::mills_excess(x),
            Function::Softplus => special::softplus(x),
            // e^(−|x|) never overflows.
            Function::Logistic => {
                let e = libm::exp(-x.abs());
                if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
            }
            Function::Asinh => libm::asinh(x),
            Function::NormalQuantile => special::normal_quantile(x),
            Function::Logit => special::logit(x),
            Function::BinaryEntropy => special::binary_entropy(x),
            Function::LogGamma => special::log_gamma(x),
            Function::Polygamma(n) => special::polygamma(n, x),
            Function::BesselI(n) => special::bessel_i(n, x),
            Function::BesselFall(k) => special::bessel_fall(k, x),
            Function::BesselI1e => special::bessel_ie(1, x),
            Function::LogBesselI0 => special::log_bessel_i0(x),
            Function::BesselCumulant(n) => special::bessel_cumulant(n, x),
            Function::LogCosh => {
                let a = x.abs();
                if a < 1.25 {
                    // log cosh x = ½ log(1 + sinh² x) keeps its digits near 0.
                    let s = libm::sinh(a);
                    0.5 * libm::log1p(s * s)
                } else if a == f64::INFINITY {
                    a
                } else {
                    a + libm::log1p(libm::exp(-2.0 * a)) - LN_2
                }
            }
        }
    }
}

/// erf′(x) = 2√2 · normal_pdf(√2 x).
pub const ERF_SLOPE: f64 = 2.0 * SQRT_2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_has_all_its_digits() {
        // Python's math.erf and math.erfc (the C library's), 16 digits.
        for (x, erf, erfc) in [
            (0.5, 0.520_499_877_813_046_5, 0.479_500_122_186_953_5),
            (2.0, 0.995_322_265_018_952_7, 0.004_677_734_981_047_266),
            (2.545_584_412_271_571, 0.999_681_782_819_684_9, 0.000_318_217_180_315_068),
        ] {
            assert!((Function::Erf.apply(x) - erf).abs() < 3e-16, "erf {x}");
            assert!((Function::Erfc.apply(x) / erfc - 1.0).abs() < 2e-15, "erfc {x}");
            // Rounding of the argument is amplified by 2x².
            let cdf = Function::NormalCdf.apply(-x * SQRT_2);
            assert!((2.0 * cdf / erfc - 1.0).abs() < 1e-15 * (1.0 + 2.0 * x * x), "cdf {x}");
        }
        // statrs's own erfc is good to 1e-10 in the tail.
        use statrs::distribution::{Continuous, ContinuousCDF, Normal};
        let normal = Normal::standard();
        for i in -60..=60 {
            let x = f64::from(i) * 0.1;
            assert!((Function::NormalCdf.apply(x) - normal.cdf(x)).abs() < 1e-10, "cdf at {x}");
            assert!((Function::NormalPdf.apply(x) - normal.pdf(x)).abs() < 1e-15, "pdf at {x}");
        }
    }

    #[test]
    fn log_cosh_and_logistic_hold_at_the_extremes() {
        assert_eq!(Function::LogCosh.apply(1e-9), 5e-19);
        assert!((Function::LogCosh.apply(0.5) - 0.5f64.cosh().ln()).abs() < 1e-16);
        assert!((Function::LogCosh.apply(0.499_999) - 0.499_999f64.cosh().ln()).abs() < 1e-16);
        assert_eq!(Function::LogCosh.apply(-1000.0), 1000.0 - LN_2);
        assert_eq!(Function::LogCosh.apply(f64::NEG_INFINITY), f64::INFINITY);
        assert_eq!(Function::Logistic.apply(f64::NEG_INFINITY), 0.0);
        assert_eq!(Function::Logistic.apply(800.0), 1.0);
        assert!(Function::Logistic.apply(-700.0) > 0.0);
    }

    #[test]
    fn functions_of_the_library_are_the_ones_that_are_meant() {
        // mpmath 1.3, 60 digits, rounded to 17.
        for (f, x, value) in [
            (Function::Log1p, -0.999, -6.9077552789821362),
            (Function::Log1p, -0.3, -0.35667494393873236),
            (Function::Log1p, -1e-12, -1.0000000000005e-12),
            (Function::Log1p, 1e-17, 1.0000000000000001e-17),
            (Function::Log1p, 0.5, 0.40546510810816438),
            (Function::Log1p, 1e20, 46.051701859880914),
            (Function::Expm1, -50.0, -1.0),
            (Function::Expm1, -0.3, -0.25918177931828213),
            (Function::Expm1, -1e-12, -9.9999999999949998e-13),
            (Function::Expm1, 1e-17, 1.0000000000000001e-17),
            (Function::Expm1, 0.5, 0.64872127070012815),
            (Function::Expm1, 30.0, 1.0686474581523462e13),
            (Function::Asin, -1.0, -std::f64::consts::FRAC_PI_2),
            (Function::Asin, -0.9999, -1.5566540733173845),
            (Function::Asin, -0.3, -0.3046926540153975),
            (Function::Asin, 1e-09, 1.0000000000000001e-9),
            (Function::Asin, 0.6, 0.64350110879328436),
            (Function::Asin, 1.0, std::f64::consts::FRAC_PI_2),
            (Function::Acos, -1.0, std::f64::consts::PI),
            (Function::Acos, -0.9999, 3.1274504001122811),
            (Function::Acos, -0.3, 1.8754889808102941),
            (Function::Acos, 1e-09, 1.5707963257948966),
            (Function::Acos, 0.6, 0.92729521800161226),
            (Function::Acos, 0.9999999, 4.4721359910904124e-4),
        ] {
            let found = f.apply(x);
            assert!((found / value - 1.0).abs() <= 2.0 * f64::EPSILON, "{f:?} {x}: {found:e} {value:e}");
        }
        for f in [Function::Asin, Function::Acos] {
            assert!(f.apply(1.1).is_nan(), "{f:?}");
        }
        assert_eq!(
            (Function::Log1p.apply(-1.0), Function::Expm1.apply(f64::INFINITY)),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
    }

    #[test]
    fn a_step_is_one_half_where_it_steps() {
        for (x, value) in [(-1e-300, 0.0), (0.0, 0.5), (-0.0, 0.5), (1e-300, 1.0), (f64::INFINITY, 1.0)] {
            assert_eq!(Function::Step.apply(x), value, "{x}");
        }
    }

    #[test]
    fn every_name_is_one_function() {
        let all: Vec<&str> = names().collect();
        for (place, name) in all.iter().enumerate() {
            assert!(!all[..place].contains(name), "{name}");
            assert_eq!(Function::named(name).is_some(), !OF_SEVERAL_ARGUMENTS.contains(name), "{name}");
        }
    }

    #[test]
    fn every_function_stands_in_the_table_of_functions_and_in_the_words_of_the_fuzzer() {
        let read = |path: &str| {
            let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
        };
        let (guide, words) = (read("equations/README.md"), read("fuzz/dictionaries/expression.dict"));
        for name in names() {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let mut rows = guide.lines().filter(|line| line.starts_with('|'));
            let stands = rows.any(|row| row.split(|c| !is_name(c)).any(|word| word == name));
            assert!(stands, "equations/README.md has no row with {name}");
            assert!(
                words.contains(&format!("\n\"{name}(")),
                "fuzz/dictionaries/expression.dict has no line for {name}"
            );
        }
    }

    #[test]
    fn what_is_not_chosen_does_not_matter_whatever_it_is() {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Combine::If.apply(0.0, x), 0.0);
        }
        assert!(Combine::If.apply(1.0, f64::NAN).is_nan());
        assert_eq!(Combine::If.apply(1.0, f64::INFINITY), f64::INFINITY);
    }

    #[test]
    fn nan_is_never_lost() {
        for (name, f) in OF_ONE_ARGUMENT.iter().chain(&[("", Function::Sech2), ("", Function::MillsExcess)]) {
            assert!(f.apply(f64::NAN).is_nan(), "{name} {f:?}");
        }
        for f in [Combine::Min, Combine::Max, Combine::LogAddExp] {
            assert!(f.apply(f64::NAN, 1.0).is_nan() && f.apply(1.0, f64::NAN).is_nan());
        }
    }
}
