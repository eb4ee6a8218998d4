//! Text → expression tree. The grammar stands whole in `expression.pest`.

use std::ops::Range;
use std::sync::LazyLock;

use pest::Parser;
use pest::iterators::Pairs;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::error::{EquationError, Problem};
use crate::diagnostic::Text;
use crate::diagnostic::short;
use crate::name::canonical;

/// The deepest expression that is accepted: later stages recurse over the tree.
pub const MAX_DEPTH: usize = 1000;

/// The most brackets, prefixes and powers inside each other: the parser recurses on them.
const MAX_NESTING: usize = 100;

/// The longest name, in bytes.
pub const LONGEST_NAME: usize = 200;

#[derive(pest_derive::Parser)]
#[grammar = "language/expression.pest"]
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

/// Parser and later stages recurse on brackets, prefixes and powers, so their depth is bounded before parsing.
///
/// A prefix or a power lasts until an operator that binds less follows an operand: x^2 + y^2 nests no deeper than x^2.
fn refuse_deep_nesting(text: &Text) -> Result<(), EquationError> {
    // What is open in each of the brackets around this place, and inside the innermost.
    let (mut around, mut open, mut depth) = (Vec::new(), 0usize, 0usize);
    let mut after_operand = false;
    for (offset, c) in text.value.char_indices() {
        match c {
            '(' | '[' => {
                around.push(open);
                open = 1;
                depth += 1;
            }
            ')' | ']' => {
                depth -= open;
                open = around.pop().unwrap_or(0);
            }
            '^' => {
                open += 1;
                depth += 1;
            }
            '-' | '+' | '!' if !after_operand => {
                open += 1;
                depth += 1;
            }
            '-' | '+' if in_number(&text.value[..offset]) => {}
            '-' | '+' | '*' | '/' | '<' | '>' | '=' | '!' | '&' | '|' | ',' => {
                // The bracket itself stays open.
                let least = usize::from(!around.is_empty());
                depth -= open - least;
                open = least;
            }
            _ => {}
        }
        if !c.is_whitespace() {
            after_operand = !"([^-+*/<>=!&|,".contains(c);
        }
        if depth > MAX_NESTING {
            return Err(text.error(offset..offset + c.len_utf8(), Problem::TooDeep { limit: MAX_NESTING }));
        }
    }
    Ok(())
}

/// Whether a sign here is that of the exponent of a number: 1e-3.
fn in_number(before: &str) -> bool {
    let mantissa = before.strip_suffix(['e', 'E']);
    mantissa.is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit() || c == '.'))
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
                        Problem::Syntax(format!("`{}` is too large for a number", short(pair.as_str()))),
                    )),
                },
                Rule::name => {
                    let name = name_of(pair.as_str(), span.clone(), text)?;
                    Ok(leaf(ExpressionKind::Name(name), span))
                }
                Rule::expression => tree(pair.into_inner(), text),
                Rule::call => {
                    let mut inner = pair.into_inner();
                    let name = inner.next().map_or("", |n| n.as_str());
                    let name = name_of(name, span.start..span.start + name.len(), text)?;
                    let arguments =
                        inner.map(|a| tree(a.into_inner(), text)).collect::<Result<Vec<_>, _>>()?;
                    let depth = 1 + arguments.iter().map(|a| a.depth).max().unwrap_or(0);
                    checked(ExpressionKind::Call(name, arguments), span, depth, text)
                }
                Rule::average => {
                    let (names, body) = names_and_body(pair.into_inner(), text)?;
                    let depth = 1 + body.depth;
                    checked(ExpressionKind::Average(names, Box::new(body)), span, depth, text)
                }
                Rule::derivative => {
                    let (names, body) = names_and_body(pair.into_inner(), text)?;
                    names.into_iter().rev().try_fold(body, |body, by| {
                        let depth = 1 + body.depth;
                        checked(ExpressionKind::Derivative(by, Box::new(body)), span.clone(), depth, text)
                    })
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

/// The names and the body of E[x, …](…) and D[x, …](…).
fn names_and_body(parts: Pairs<'_, Rule>, text: &Text) -> Result<(Vec<Named>, Expression), EquationError> {
    let mut names = Vec::new();
    let mut body = None;
    for part in parts {
        match part.as_rule() {
            Rule::name => {
                let place = part.as_span().start()..part.as_span().end();
                names.push((name_of(part.as_str(), place.clone(), text)?, place));
            }
            Rule::expression => body = Some(tree(part.into_inner(), text)?),
            _ => {}
        }
    }
    Ok((names, body.expect("the grammar gives it a body")))
}

/// A name and its place.
type Named = (String, Range<usize>);

/// A name that is not too long to be repeated in messages and tables.
fn name_of(name: &str, place: Range<usize>, text: &Text) -> Result<String, EquationError> {
    match name.len() {
        0..=LONGEST_NAME => Ok(canonical(name)),
        _ => Err(text.error(place, Problem::LongName { name: name.to_string(), limit: LONGEST_NAME })),
    }
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
        Rule::number | Rule::name | Rule::call | Rule::average | Rule::derivative | Rule::expression => {
            "a number, a name, a function or ("
        }
        Rule::negative | Rule::positive | Rule::not => "a number, a name, a function or (",
        Rule::body_of_average => "( after E[…]",
        Rule::body_of_derivative => "( after D[…]",
        _ => "an operator",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
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
            ExpressionKind::Derivative(by, a) => format!("D[{}]{}", by.0, written(a)),
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
            ("D[x, y](x*y)", "D[x]D[y](Multiply x y)"),
            ("2*D[q](E[z](q*z))^2 - D", "(Subtract (Multiply 2 (Power D[q]E[z](Multiply q z) 2)) D)"),
        ] {
            assert_eq!(written(&parse(text).unwrap()), tree, "{text}");
        }
    }

    #[test]
    fn syntax_errors_point_at_the_column() {
        for (text, column) in
            [("a + ", 10), ("a + * b", 10), ("2 x", 8), ("E[z] x", 11), ("D[z] x", 11), ("(a", 8), ("", 6)]
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

    #[test]
    fn powers_and_prefixes_side_by_side_do_not_nest() {
        for text in [
            format!("x^2{}", " + x^2".repeat(300)),
            format!("-x{}", "*-x".repeat(300)),
            format!("(-x)^2{}", " - (-x^-y)^2".repeat(300)),
            format!("max(x^2, -y){}", " < max(-x, y^-2)".repeat(300)),
            format!("{}x^2{}", "(".repeat(99), ")".repeat(99)),
        ] {
            assert!(parse(&text).is_ok(), "{text}: {}", parse(&text).unwrap_err());
        }
        for text in [
            format!("x{}", "^(-x".repeat(40)) + &")".repeat(40),
            format!("x{}", "^-x".repeat(60)),
            format!("x{}", "^1e-5".repeat(100_000)),
            format!("{}x", "-(".repeat(60)) + &")".repeat(60),
            format!("{}x", "!(x < -".repeat(60)) + &")".repeat(60),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(matches!(*error.problem, Problem::TooDeep { .. }), "{text}: {error}");
        }
        // Brackets that close nothing are the parser's.
        for text in [")))(((", "x)^2", "^)(^", "-)-(", "x]["] {
            assert!(matches!(*parse(text).unwrap_err().problem, Problem::Syntax(_)), "{text}");
        }
    }
}
