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

    /// out = a ∘ b for arrays; one number stands for an array of equal ones.
    pub fn apply_to(self, a: &[f64], b: &[f64], out: &mut [f64]) {
        // One loop per operation, so that it is not chosen again for every node.
        match (self, a, b) {
            (Combine::Add, a, [b]) | (Combine::Add, [b], a) => special::add_number(a, *b, out),
            (Combine::Add, a, b) => special::add(a, b, out),
            (Combine::Subtract, a, [b]) => special::subtract_number(a, *b, out),
            (Combine::Subtract, [a], b) => special::subtract_from_number(b, *a, out),
            (Combine::Subtract, a, b) => special::subtract(a, b, out),
            (Combine::Multiply, a, [b]) | (Combine::Multiply, [b], a) => special::multiply_number(a, *b, out),
            (Combine::Multiply, a, b) => special::multiply(a, b, out),
            (Combine::Divide, a, [b]) => special::divide_number(a, *b, out),
            (Combine::Divide, [a], b) => special::divide_into_number(b, *a, out),
            (Combine::Divide, a, b) => special::divide(a, b, out),
            (Combine::If, [holds], b) if b.len() == out.len() => match *holds != 0.0 {
                true => out.copy_from_slice(b),
                false => out.fill(0.0),
            },
            (Combine::If, a, b) => each(a, b, out, |a, b| Combine::If.apply(a, b)),
            (Combine::Min, a, b) => each(a, b, out, |a, b| Combine::Min.apply(a, b)),
            (Combine::Max, a, b) => each(a, b, out, |a, b| Combine::Max.apply(a, b)),
            (op, a, b) => each(a, b, out, |a, b| op.apply(a, b)),
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

/// One value for each of `out`; an array of one stands for equal ones.
fn each(a: &[f64], b: &[f64], out: &mut [f64], value: impl Fn(f64, f64) -> f64) {
    match (a, b) {
        (a, [b]) => out.iter_mut().zip(a).for_each(|(out, a)| *out = value(*a, *b)),
        ([a], b) => out.iter_mut().zip(b).for_each(|(out, b)| *out = value(*a, *b)),
        (a, b) => out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = value(*a, *b)),
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
