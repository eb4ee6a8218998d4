//! Text → expression tree. The grammar stands whole in `grammar.pest`, `read` makes the tree of it, `running` what stands for many terms.

mod nesting;
mod printed;
mod read;
mod running;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::error::{EquationError, Problem};
use super::indices::Indices;
use crate::diagnostic::Text;

pub use printed::printed;
use read::Reader;
pub use running::{Matrix, Parts};

/// The deepest expression that is accepted: later stages recurse over the tree.
pub const MAX_DEPTH: usize = 1000;

/// The longest name, in bytes.
pub const LONGEST_NAME: usize = 200;

/// An expression and the bytes of its text that it stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Range of bytes in the text.
    pub span: Range<usize>,
    depth: usize,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpressionKind {
    /// A literal.
    Number(f64),
    /// A name.
    Name(String),
    /// `-x`.
    Negative(Box<Expression>),
    /// `!x`.
    Not(Box<Expression>),
    /// `a ∘ b`.
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// `f(a, …)`.
    Call(String, Vec<Expression>),
    /// `E[x, …](a)`, with the place of each name.
    Average(Vec<(String, Range<usize>)>, Box<Expression>),
    /// `D[x](a)`, the derivative of a by x, with the place of the name.
    Derivative((String, Range<usize>), Box<Expression>),
}

/// Infix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
}

impl Expression {
    /// Parses the text of an expression.
    ///
    /// # Errors
    /// A syntax error or an expression that is nested too deeply, at its place in the file.
    pub fn parse(text: &Text) -> Result<Expression, EquationError> {
        Expression::parse_at(text, &Indices::default())
    }

    /// The same where indices have values; the sums over others are written out.
    ///
    /// # Errors
    /// The same, and indices that have no value or are out of reach.
    pub fn parse_at(text: &Text, indices: &Indices) -> Result<Expression, EquationError> {
        nesting::refuse_deep(text)?;
        Reader { text, indices }.whole()
    }

    /// The number that it is, where parameters that say how far indices run decide it.
    pub fn number(&self, indices: &Indices) -> Option<f64> {
        read::number(self, indices)
    }

    fn leaf(kind: ExpressionKind, span: Range<usize>) -> Expression {
        Expression { kind, span, depth: 1 }
    }

    /// An expression of others, unless they are nested too deeply.
    fn of(
        kind: ExpressionKind,
        span: Range<usize>,
        depth: usize,
        text: &Text,
    ) -> Result<Expression, EquationError> {
        if depth > MAX_DEPTH {
            return Err(text.error(span, Problem::TooDeep { limit: MAX_DEPTH }));
        }
        Ok(Expression { kind, span, depth })
    }
}
