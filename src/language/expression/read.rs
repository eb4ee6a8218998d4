//! What the grammar found → the tree; indices have their values in it.

use std::ops::Range;
use std::sync::LazyLock;

use pest::Parser;
use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::{Expression, ExpressionKind, LONGEST_NAME, Operator};
use crate::diagnostic::{Text, short};
use crate::language::error::{EquationError, Problem};
use crate::language::indices::{Indices, MOST_TERMS};
use crate::name::canonical;

#[derive(pest_derive::Parser)]
#[grammar = "language/expression/grammar.pest"]
pub(super) struct Grammar;

pub(super) static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
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

/// A name and its place.
type Named = (String, Range<usize>);

/// Reads a text at some values of the indices.
pub struct Reader<'t> {
    pub text: &'t Text,
    pub indices: &'t Indices,
}

impl Reader<'_> {
    /// The whole text.
    pub fn whole(&self) -> Result<Expression, EquationError> {
        let pairs = Grammar::parse(Rule::whole, &self.text.value).map_err(|e| syntax_error(self.text, &e))?;
        let expression = pairs.into_iter().next().expect("the grammar yields one expression");
        self.tree(expression)
    }

    /// The tree of an expression.
    pub fn tree(&self, expression: Pair<'_, Rule>) -> Result<Expression, EquationError> {
        let text = self.text;
        PRATT
            .map_primary(|pair| self.primary(pair))
            .map_prefix(|op, operand| {
                let operand = operand?;
                let span = op.as_span().start()..operand.span.end;
                let depth = 1 + operand.depth;
                match op.as_rule() {
                    Rule::negative => {
                        Expression::of(ExpressionKind::Negative(Box::new(operand)), span, depth, text)
                    }
                    Rule::not => Expression::of(ExpressionKind::Not(Box::new(operand)), span, depth, text),
                    _ => Ok(operand),
                }
            })
            .map_infix(|a, op, b| {
                let (a, b) = (a?, b?);
                let span = a.span.start..b.span.end;
                let depth = 1 + a.depth.max(b.depth);
                let kind = ExpressionKind::Binary(operator(op.as_rule()), Box::new(a), Box::new(b));
                Expression::of(kind, span, depth, text)
            })
            .parse(expression.into_inner())
    }

    fn primary(&self, pair: Pair<'_, Rule>) -> Result<Expression, EquationError> {
        let text = self.text;
        let span = range(&pair);
        match pair.as_rule() {
            Rule::number => match pair.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Expression::leaf(ExpressionKind::Number(value), span)),
                _ => Err(text.error(
                    span,
                    Problem::Syntax(format!("`{}` is too large for a number", short(pair.as_str()))),
                )),
            },
            Rule::name => self.name(&pair),
            Rule::indexed => {
                let (name, place) = self.member(pair)?;
                Ok(Expression::leaf(ExpressionKind::Name(name), place))
            }
            Rule::expression => self.tree(pair),
            Rule::call => self.call(pair),
            Rule::running => self.running(pair),
            Rule::average => {
                let (names, body) = self.names_and_body(pair.into_inner())?;
                let depth = 1 + body.depth;
                Expression::of(ExpressionKind::Average(names, Box::new(body)), span, depth, text)
            }
            Rule::derivative => {
                let (names, body) = self.names_and_body(pair.into_inner())?;
                names.into_iter().rev().try_fold(body, |body, by| {
                    let depth = 1 + body.depth;
                    Expression::of(ExpressionKind::Derivative(by, Box::new(body)), span.clone(), depth, text)
                })
            }
            rule => unreachable!("{rule:?} is not a primary"),
        }
    }

    /// A name, or the value of an index.
    fn name(&self, pair: &Pair<'_, Rule>) -> Result<Expression, EquationError> {
        let span = range(pair);
        let name = self.name_of(pair)?;
        if let Some(value) = self.indices.value(&name) {
            return Ok(Expression::leaf(ExpressionKind::Number(value as f64), span));
        }
        let message = match (self.indices.family(&name), self.indices.size(&name)) {
            (Some(family), _) => format!(
                "`{name}` stands for several numbers; `{name}[{}]` is one of them",
                family.indices.join(", ")
            ),
            (None, Some(size)) => format!(
                "the index `{name}`, which runs from 1 to {size}, has no value here; sum[{name}](…) runs over it, and what is called \"x[{name}]\" has one for each"
            ),
            (None, None) => return Ok(Expression::leaf(ExpressionKind::Name(name), span)),
        };
        Err(self.text.error(span, Problem::Structure(message)))
    }

    /// A call; of where(condition, x, y) only what is meant, where indices say it.
    fn call(&self, pair: Pair<'_, Rule>) -> Result<Expression, EquationError> {
        let span = range(&pair);
        let mut inner = pair.into_inner();
        let name = inner.next().map_or(Ok(String::new()), |name| self.name_of(&name))?;
        if name == "where" && inner.len() == 3 {
            let condition = self.tree(inner.next().expect("there are three"))?;
            if let (Some(holds), true) = (number(&condition, self.indices), is_truth(&condition)) {
                let meant = inner.nth(usize::from(holds == 0.0)).expect("there are three");
                return self.tree(meant);
            }
            let arguments = [Ok(condition)].into_iter().chain(inner.map(|a| self.tree(a)));
            return self.call_of(name, arguments.collect::<Result<_, _>>()?, span);
        }
        let arguments = inner.map(|a| self.tree(a)).collect::<Result<Vec<_>, _>>()?;
        self.call_of(name, arguments, span)
    }

    /// A function of some arguments.
    pub fn call_of(
        &self,
        name: String,
        arguments: Vec<Expression>,
        span: Range<usize>,
    ) -> Result<Expression, EquationError> {
        let depth = 1 + arguments.iter().map(|a| a.depth).max().unwrap_or(0);
        Expression::of(ExpressionKind::Call(name, arguments), span, depth, self.text)
    }

    /// The names and the body of E[x, …](…) and D[x, …](…).
    fn names_and_body(&self, parts: Pairs<'_, Rule>) -> Result<(Vec<Named>, Expression), EquationError> {
        let mut names = Vec::new();
        let mut body = None;
        for part in parts {
            match part.as_rule() {
                Rule::name => {
                    let name = self.name_of(&part)?;
                    match self.indices.members(&name) {
                        Some(members) => {
                            names.extend(members.into_iter().map(|member| (member, range(&part))));
                        }
                        None => names.push((name, range(&part))),
                    }
                }
                Rule::indexed => {
                    let place = range(&part);
                    let family = part.clone().into_inner().next().map(|name| self.name_of(&name));
                    let family = family.transpose()?.unwrap_or_default();
                    if self.indices.family(&family).is_some_and(|family| family.together) {
                        let message = format!(
                            "the variables `{family}` are correlated and averaged over together: E[{family}](…)"
                        );
                        return Err(self.text.error(place, Problem::Structure(message)));
                    }
                    names.push(self.member(part)?);
                }
                Rule::expression => body = Some(self.tree(part)?),
                _ => {}
            }
        }
        Ok((names, body.expect("the grammar gives it a body")))
    }

    /// The plain name of `m[a]`.
    fn member(&self, pair: Pair<'_, Rule>) -> Result<Named, EquationError> {
        let span = range(&pair);
        let mut inner = pair.into_inner().filter(|part| part.as_rule() != Rule::flat);
        let name = inner.next().map_or(Ok(String::new()), |name| self.name_of(&name))?;
        if self.indices.family(&name).is_none() {
            let problem = self.indices.member(&name, &[]).expect_err("it is no family");
            return Err(self.text.error(span, problem));
        }
        let values: Vec<usize> = inner.map(|index| self.index(index)).collect::<Result<_, _>>()?;
        match self.indices.member(&name, &values) {
            Ok(member) => Ok((member, span)),
            Err(problem) => Err(self.text.error(span, problem)),
        }
    }

    /// The value of an index.
    pub fn index(&self, pair: Pair<'_, Rule>) -> Result<usize, EquationError> {
        let expression = self.tree(pair)?;
        match number(&expression, self.indices) {
            Some(value) if value.fract() == 0.0 && value.abs() < 1e9 => Ok(value.max(0.0) as usize),
            Some(value) => {
                let message = format!("an index is a whole number, not {value}");
                Err(self.text.error(expression.span, Problem::Structure(message)))
            }
            None => {
                let mut known: Vec<&str> = self.indices.names().collect();
                known.sort_unstable();
                let message = format!(
                    "an index is a number, or made of numbers and indices, which are {}",
                    if known.is_empty() { "none here".into() } else { known.join(", ") }
                );
                Err(self.text.error(expression.span, Problem::Structure(message)))
            }
        }
    }

    /// A name that is not too long to be repeated in messages and tables.
    pub fn name_of(&self, pair: &Pair<'_, Rule>) -> Result<String, EquationError> {
        let name = pair.as_str();
        match name.len() {
            0..=LONGEST_NAME => Ok(canonical(name)),
            _ => {
                let problem = Problem::LongName { name: name.to_string(), limit: LONGEST_NAME };
                Err(self.text.error(range(pair), problem))
            }
        }
    }

    /// Counts the terms of sums over indices, which may not be very many.
    pub fn count(&self, terms: usize, place: &Range<usize>) -> Result<(), EquationError> {
        if self.indices.count_terms(terms) {
            return Ok(());
        }
        let message = format!(
            "the sums over indices of this file have more than {MOST_TERMS} terms; let indices run less far"
        );
        Err(self.text.error(place.clone(), Problem::Structure(message)))
    }
}

/// The number that an expression is, where indices and the parameters that say how far they run decide it.
pub fn number(e: &Expression, indices: &Indices) -> Option<f64> {
    let truth = |holds: bool| Some(f64::from(u8::from(holds)));
    match &e.kind {
        ExpressionKind::Number(x) => Some(*x),
        ExpressionKind::Name(name) => indices.count(name),
        ExpressionKind::Negative(a) => number(a, indices).map(|a| -a),
        ExpressionKind::Not(a) => truth(number(a, indices)? == 0.0),
        ExpressionKind::Binary(op, a, b) => {
            let (a, b) = (number(a, indices)?, number(b, indices)?);
            match op {
                Operator::Add => Some(a + b),
                Operator::Subtract => Some(a - b),
                Operator::Multiply => Some(a * b),
                Operator::Divide => Some(a / b),
                Operator::Power => Some(libm::pow(a, b)),
                Operator::Equal => truth(a == b),
                Operator::NotEqual => truth(a != b),
                Operator::Less => truth(a < b),
                Operator::LessEqual => truth(a <= b),
                Operator::Greater => truth(a > b),
                Operator::GreaterEqual => truth(a >= b),
                Operator::And => truth(a != 0.0 && b != 0.0),
                Operator::Or => truth(a != 0.0 || b != 0.0),
            }
        }
        _ => None,
    }
}

/// Whether an expression is a truth value.
fn is_truth(e: &Expression) -> bool {
    use Operator::{Add, Divide, Multiply, Power, Subtract};
    match &e.kind {
        ExpressionKind::Not(_) => true,
        ExpressionKind::Binary(op, ..) => !matches!(op, Add | Subtract | Multiply | Divide | Power),
        _ => false,
    }
}

/// Where something stands.
pub fn range(pair: &Pair<'_, Rule>) -> Range<usize> {
    let span = pair.as_span();
    span.start()..span.end()
}

fn operator(rule: Rule) -> Operator {
    match rule {
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
    }
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
    let hint = hint(&text.value, range.start, expected.starts_with("expected an operator"));
    text.error(range, Problem::Syntax(expected + &found + &hint))
}

/// What is meant where other languages write something else: x**2, 2x.
fn hint(text: &str, place: usize, needs_operator: bool) -> String {
    let (before, after) = text.split_at(place);
    let before = before.trim_end();
    if before.ends_with('*') && after.starts_with('*') {
        return "; a power is written with ^".into();
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    if !needs_operator || !after.starts_with(|c| is_part(c) || c == '(') {
        return String::new();
    }
    let left = &before[before.trim_end_matches(is_part).len()..];
    let right = &after[..after.len() - after.trim_start_matches(is_part).len()];
    let (left, right) =
        (if left.is_empty() { "(…)" } else { left }, if right.is_empty() { "(…)" } else { right });
    format!("; a product is written with *: {left}*{right}")
}

fn describe(rule: Rule) -> &'static str {
    match rule {
        Rule::EOI => "the end",
        Rule::number | Rule::name | Rule::call | Rule::indexed | Rule::running => {
            "a number, a name, a function or ("
        }
        Rule::average | Rule::derivative | Rule::expression => "a number, a name, a function or (",
        Rule::negative | Rule::positive | Rule::not => "a number, a name, a function or (",
        Rule::body_of_average => "( after E[…]",
        Rule::body_of_derivative => "( after D[…]",
        Rule::flat => "indices in [ ]",
        _ => "an operator",
    }
}
