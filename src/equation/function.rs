//! The functions of the expression language, evaluated for one number.
//!
//! All of them go through the `libm` crate (pure Rust, no fused multiply-add), so that the same equations
//! give the same bits on every machine. Arrays of quadrature nodes go through `kernel`.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, SQRT_2};

/// The names that a user can call.
pub const NAMES: &[&str] = &[
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
    /// Inverse tangent.
    Atan,
    /// Error function.
    Erf,
    /// Complementary error function.
    Erfc,
    /// Density of N(0, 1).
    NormalPdf,
    /// Distribution function of N(0, 1).
    NormalCdf,
    /// 1/(1 + e^(−x)).
    Logistic,
    /// log cosh x.
    LogCosh,
}

impl Function {
    /// The function of a name of one argument.
    pub fn named(name: &str) -> Option<Function> {
        Some(match name {
            "exp" => Function::Exp,
            "log" => Function::Log,
            "sqrt" => Function::Sqrt,
            "abs" => Function::Abs,
            "sign" => Function::Sign,
            "tanh" => Function::Tanh,
            "atanh" => Function::Atanh,
            "sinh" => Function::Sinh,
            "cosh" => Function::Cosh,
            "sin" => Function::Sin,
            "cos" => Function::Cos,
            "atan" => Function::Atan,
            "erf" => Function::Erf,
            "erfc" => Function::Erfc,
            "normal_pdf" => Function::NormalPdf,
            "normal_cdf" => Function::NormalCdf,
            "logistic" => Function::Logistic,
            "log_cosh" => Function::LogCosh,
            _ => return None,
        })
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
            Function::Tanh => super::kernel::tanh(x),
            Function::Sech2 => super::kernel::sech2(x),
            Function::Atanh => libm::atanh(x),
            Function::Sinh => libm::sinh(x),
            Function::Cosh => libm::cosh(x),
            Function::Sin => libm::sin(x),
            Function::Cos => libm::cos(x),
            Function::Atan => libm::atan(x),
            Function::Erf => libm::erf(x),
            Function::Erfc => libm::erfc(x),
            // 1/√(2π)
            Function::NormalPdf => 0.398_942_280_401_432_7 * libm::exp(-0.5 * x * x),
            Function::NormalCdf => 0.5 * libm::erfc(-x * FRAC_1_SQRT_2),
            // e^(−|x|) never overflows.
            Function::Logistic => {
                let e = libm::exp(-x.abs());
                if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
            }
            Function::LogCosh => {
                let a = x.abs();
                if a < 0.5 {
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

/// An operation on two numbers; comparisons and logic give 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Combine {
    /// a + b
    Add,
    /// a − b
    Subtract,
    /// a · b
    Multiply,
    /// a / b
    Divide,
    /// a^b
    Power,
    /// The smaller.
    Min,
    /// The larger.
    Max,
    /// a == b
    Equal,
    /// a < b
    Less,
    /// a <= b
    LessEqual,
    /// both
    And,
    /// either
    Or,
    /// b where a holds; where it does not, 0 whatever b is
    If,
}

impl Combine {
    /// Its value.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Combine::Add => a + b,
            Combine::Subtract => a - b,
            Combine::Multiply => a * b,
            Combine::Divide => a / b,
            Combine::Power => libm::pow(a, b),
            // NaN must not be lost, as it would be in f64::min.
            Combine::Min => {
                if a < b || a.is_nan() {
                    a
                } else {
                    b
                }
            }
            Combine::Max => {
                if a > b || a.is_nan() {
                    a
                } else {
                    b
                }
            }
            Combine::Equal => f64::from(a == b),
            Combine::Less => f64::from(a < b),
            Combine::LessEqual => f64::from(a <= b),
            Combine::And => f64::from(a != 0.0 && b != 0.0),
            Combine::Or => f64::from(a != 0.0 || b != 0.0),
            Combine::If => {
                if a != 0.0 {
                    b
                } else {
                    0.0
                }
            }
        }
    }

    /// Whether a ∘ b = b ∘ a.
    pub fn commutes(self) -> bool {
        matches!(
            self,
            Combine::Add
                | Combine::Multiply
                | Combine::Min
                | Combine::Max
                | Combine::Equal
                | Combine::And
                | Combine::Or
        )
    }
}

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
    fn what_is_not_chosen_does_not_matter_whatever_it_is() {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Combine::If.apply(0.0, x), 0.0);
        }
        assert!(Combine::If.apply(1.0, f64::NAN).is_nan());
        assert_eq!(Combine::If.apply(1.0, f64::INFINITY), f64::INFINITY);
    }

    #[test]
    fn nan_is_never_lost() {
        for f in [Function::Sign, Function::Tanh, Function::Sech2, Function::LogCosh, Function::Logistic] {
            assert!(f.apply(f64::NAN).is_nan(), "{f:?}");
        }
        for f in [Combine::Min, Combine::Max] {
            assert!(f.apply(f64::NAN, 1.0).is_nan() && f.apply(1.0, f64::NAN).is_nan());
        }
    }
}
