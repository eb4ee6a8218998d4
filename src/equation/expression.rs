//! Text → expression tree. The grammar stands whole in `expression.pest`.

use std::ops::Range;
use std::sync::LazyLock;

use pest::Parser;
use pest::iterators::Pairs;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::error::{EquationError, Problem};
use super::source::Text;

/// The deepest expression that is accepted: later stages recurse over the tree.
pub const MAX_DEPTH: usize = 1000;

/// The most brackets inside brackets, and the most powers in one expression: the parser recurses on them.
const MAX_NESTING: usize = 100;

#[derive(pest_derive::Parser)]
#[grammar = "equation/expression.pest"]
struct Grammar;

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

static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(left(Rule::equal)
            | left(Rule::not_equal)
            | left(Rule::less)
            | left(Rule::less_equal)
            | left(Rule::greater)
            | left(Rule::greater_equal))
        .op(left(Rule::add) | left(Rule::subtract))
        .op(left(Rule::multiply) | left(Rule::divide))
        .op(Op::prefix(Rule::negative) | Op::prefix(Rule::positive) | Op::prefix(Rule::not))
        .op(Op::infix(Rule::power, Assoc::Right))
});

impl Expression {
    /// Parses the text of an expression.
    ///
    /// # Errors
    /// A syntax error or an expression that is nested too deeply, at its place in the file.
    pub fn parse(text: &Text) -> Result<Expression, EquationError> {
        refuse_deep_nesting(text)?;
        let pairs = Grammar::parse(Rule::whole, &text.value).map_err(|e| syntax_error(text, &e))?;
        let expression = pairs.into_iter().next().expect("the grammar yields one expression");
        tree(expression.into_inner(), text)
    }
}

/// Parser and later stages recurse on brackets and prefixes, so their depth is bounded before parsing.
fn refuse_deep_nesting(text: &Text) -> Result<(), EquationError> {
    let (mut depth, mut prefixes, mut powers) = (0usize, 0usize, 0usize);
    for (offset, c) in text.value.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '^' => powers += 1,
            _ => {}
        }
        prefixes = match c {
            '-' | '+' | '!' => prefixes + 1,
            c if c.is_whitespace() => prefixes,
            _ => 0,
        };
        if depth.max(prefixes).max(powers) > MAX_NESTING {
            return Err(text.error(offset..offset + 1, Problem::TooDeep { limit: MAX_NESTING }));
        }
    }
    Ok(())
}

fn tree(pairs: Pairs<'_, Rule>, text: &Text) -> Result<Expression, EquationError> {
    PRATT
        .map_primary(|pair| {
            let pair_span = pair.as_span();
            let span = pair_span.start()..pair_span.end();
            match pair.as_rule() {
                Rule::number => match pair.as_str().parse::<f64>() {
                    Ok(value) if value.is_finite() => Ok(leaf(ExpressionKind::Number(value), span)),
                    _ => Err(text.error(
                        span,
                        Problem::Syntax(format!("`{}` is too large for a number", pair.as_str())),
                    )),
                },
                Rule::name => Ok(leaf(ExpressionKind::Name(pair.as_str().to_string()), span)),
                Rule::expression => tree(pair.into_inner(), text),
                Rule::call => {
                    let mut inner = pair.into_inner();
                    let name = inner.next().map_or(String::new(), |n| n.as_str().to_string());
                    let arguments =
                        inner.map(|a| tree(a.into_inner(), text)).collect::<Result<Vec<_>, _>>()?;
                    let depth = 1 + arguments.iter().map(|a| a.depth).max().unwrap_or(0);
                    checked(ExpressionKind::Call(name, arguments), span, depth, text)
                }
                Rule::average => {
                    let mut names = Vec::new();
                    let mut body = None;
                    for part in pair.into_inner() {
                        match part.as_rule() {
                            Rule::name => {
                                let s = part.as_span();
                                names.push((part.as_str().to_string(), s.start()..s.end()));
                            }
                            Rule::expression => body = Some(tree(part.into_inner(), text)?),
                            _ => {}
                        }
                    }
                    let body = body.expect("the grammar gives every average a body");
                    let depth = 1 + body.depth;
                    checked(ExpressionKind::Average(names, Box::new(body)), span, depth, text)
                }
                rule => unreachable!("{rule:?} is not a primary"),
            }
        })
        .map_prefix(|op, operand| {
            let operand = operand?;
            let span = op.as_span().start()..operand.span.end;
            let depth = 1 + operand.depth;
            match op.as_rule() {
                Rule::negative => checked(ExpressionKind::Negative(Box::new(operand)), span, depth, text),
                Rule::not => checked(ExpressionKind::Not(Box::new(operand)), span, depth, text),
                _ => Ok(operand),
            }
        })
        .map_infix(|a, op, b| {
            let (a, b) = (a?, b?);
            let operator = match op.as_rule() {
                Rule::or => Operator::Or,
                Rule::and => Operator::And,
                Rule::equal => Operator::Equal,
                Rule::not_equal => Operator::NotEqual,
                Rule::less => Operator::Less,
                Rule::less_equal => Operator::LessEqual,
                Rule::greater => Operator::Greater,
                Rule::greater_equal => Operator::GreaterEqual,
                Rule::add => Operator::Add,
                Rule::subtract => Operator::Subtract,
                Rule::multiply => Operator::Multiply,
                Rule::divide => Operator::Divide,
                _ => Operator::Power,
            };
            let span = a.span.start..b.span.end;
            let depth = 1 + a.depth.max(b.depth);
            checked(ExpressionKind::Binary(operator, Box::new(a), Box::new(b)), span, depth, text)
        })
        .parse(pairs)
}

fn leaf(kind: ExpressionKind, span: Range<usize>) -> Expression {
    Expression { kind, span, depth: 1 }
}

fn checked(
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

fn syntax_error(text: &Text, error: &pest::error::Error<Rule>) -> EquationError {
    use pest::error::{ErrorVariant, InputLocation};
    let range = match error.location {
        InputLocation::Pos(p) => p..p + text.value[p..].chars().next().map_or(0, char::len_utf8),
        InputLocation::Span((a, b)) => a..b,
    };
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => {
            let mut words: Vec<&str> = positives.iter().map(|r| describe(*r)).collect();
            words.sort_unstable();
            words.dedup();
            format!("expected {}", words.join(" or "))
        }
        ErrorVariant::CustomError { message } => message.clone(),
    };
    let count = |c: char| text.value.matches(c).count();
    let ends = range.start >= text.value.trim_end().len();
    let expected = if ends && count('(') > count(')') { "expected )".to_string() } else { expected };
    let found = match text.value.get(range.clone()) {
        None | Some("") => ", but it ends here".to_string(),
        Some(c) => format!(", found `{}`", c.escape_debug()),
    };
    text.error(range, Problem::Syntax(expected + &found))
}

fn describe(rule: Rule) -> &'static str {
    match rule {
        Rule::EOI => "the end",
        Rule::number | Rule::name | Rule::call | Rule::average | Rule::expression => {
            "a number, a name, a function or ("
        }
        Rule::negative | Rule::positive | Rule::not => "a number, a name, a function or (",
        Rule::body_of_average => "( after E[…]",
        _ => "an operator",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::source::Source;
    use std::sync::Arc;

    fn parse(s: &str) -> Result<Expression, EquationError> {
        let text = format!("x = \"{s}\"");
        let source = Arc::new(Source { name: "t.toml".into(), text });
        Expression::parse(&Text::new(s.into(), 4..s.len() + 6, source))
    }

    fn written(e: &Expression) -> String {
        match &e.kind {
            ExpressionKind::Number(x) => format!("{x}"),
            ExpressionKind::Name(n) => n.clone(),
            ExpressionKind::Negative(a) => format!("(-{})", written(a)),
            ExpressionKind::Not(a) => format!("(!{})", written(a)),
            ExpressionKind::Binary(op, a, b) => format!("({op:?} {} {})", written(a), written(b)),
            ExpressionKind::Call(f, a) => {
                format!("{f}({})", a.iter().map(written).collect::<Vec<_>>().join(","))
            }
            ExpressionKind::Average(v, a) => {
                let names: Vec<_> = v.iter().map(|v| v.0.as_str()).collect();
                format!("E[{}]{}", names.join(","), written(a))
            }
        }
    }

    #[test]
    fn precedence_is_that_of_mathematics() {
        for (text, tree) in [
            ("-x^2", "(-(Power x 2))"),
            ("2^-x*y", "(Multiply (Power 2 (-x)) y)"),
            ("a^b^c", "(Power a (Power b c))"),
            ("a - b - c", "(Subtract (Subtract a b) c)"),
            ("a/b*c", "(Multiply (Divide a b) c)"),
            ("0 < p && p < 1", "(And (Less 0 p) (Less p 1))"),
            ("!(a < b) || c == 1e-3", "(Or (!(Less a b)) (Equal c 0.001))"),
            ("n*E[s, z](s*φ^2)", "(Multiply n E[s,z](Multiply s (Power φ 2)))"),
            ("max(a, -b)", "max(a,(-b))"),
            ("+x", "x"),
        ] {
            assert_eq!(written(&parse(text).unwrap()), tree, "{text}");
        }
    }

    #[test]
    fn syntax_errors_point_at_the_column() {
        for (text, column) in [("a + ", 10), ("a + * b", 10), ("2 x", 8), ("E[z] x", 11), ("(a", 8), ("", 6)]
        {
            let error = parse(text).unwrap_err();
            assert_eq!(error.place.as_ref().unwrap().column, column, "{text}: {error}");
        }
    }

    #[test]
    fn nesting_too_deep_is_refused_and_not_a_crash() {
        for text in [
            "(".repeat(100_000),
            format!("{}x{}", "(".repeat(100_000), ")".repeat(100_000)),
            format!("{}x", "-".repeat(100_000)),
            format!("x{}", "^x".repeat(100_000)),
            format!("x{}", "+x".repeat(100_000)),
            "E[".repeat(100_000),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(matches!(*error.problem, Problem::TooDeep { .. }), "{error}");
        }
        assert!(parse(&format!("x{}", "+x".repeat(300))).is_ok());
    }
}
