//! The operations of graphs on two and three numbers.

use crate::numeric as special;

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
    /// log(e^a + e^b)
    LogAddExp,
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
            Combine::LogAddExp => special::log_add_exp(a, b),
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
                | Combine::LogAddExp
                | Combine::Equal
                | Combine::And
                | Combine::Or
        )
    }
}

/// An operation on three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Join {
    /// P(X ≤ a, Y ≤ b) for normal variables of correlation ρ.
    BivariateNormalCdf,
}

impl Join {
    /// Its value.
    pub fn apply(self, [a, b, c]: [f64; 3]) -> f64 {
        match self {
            Join::BivariateNormalCdf => special::bivariate_normal_cdf(a, b, c),
        }
    }
}
