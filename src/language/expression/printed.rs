//! An expression as a paper prints it: from its text, so that sums over indices stay sums.

use pest::Parser;
use pest::iterators::Pair;

use super::read::{Grammar, PRATT, Rule};
use crate::mathematics::{Comma, Fence, Math, Sign, sign};
use crate::name::math_of;

/// How tightly what stands outermost binds; what binds less is set in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Or,
    And,
    Relation,
    Sum,
    /// A sign in front of a product.
    Negative,
    Product,
    /// A fraction, which needs no parentheses but as a base.
    Fraction,
    Power,
    Atom,
}

/// A piece of an expression.
struct Piece {
    math: Math,
    binds: Binds,
    /// Of a function and its argument these two: an exponent stands between them.
    applied: Option<(Math, Math)>,
}

impl Piece {
    fn new(math: impl Into<Math>, binds: Binds) -> Piece {
        Piece { math: math.into(), binds, applied: None }
    }

    fn atom(math: impl Into<Math>) -> Piece {
        Piece::new(math, Binds::Atom)
    }

    /// Where nothing looser may stand.
    fn set(self, least: Binds) -> Math {
        if self.binds >= least { self.math } else { self.math.bracketed() }
    }

    fn starts_with_sign(&self) -> bool {
        *self.math.leading() == Math::Sign(sign::NEGATIVE)
    }
}

/// An expression of an equation file as it is printed; nothing where it is none.
pub fn printed(text: &str) -> Option<Math> {
    let whole = Grammar::parse(Rule::whole, text).ok()?.next()?;
    Some(piece(whole).math)
}

fn piece(expression: Pair<'_, Rule>) -> Piece {
    PRATT
        .map_primary(primary)
        .map_prefix(|op, operand| match op.as_rule() {
            Rule::negative => {
                let pieces = vec![sign::NEGATIVE.into(), operand.set(Binds::Product)];
                Piece::new(Math::Row(pieces), Binds::Negative)
            }
            Rule::not => {
                Piece::new(Math::Row(vec![sign::NOT.into(), operand.set(Binds::Power)]), Binds::Power)
            }
            _ => operand,
        })
        .map_infix(|a, op, b| infix(a, op.as_rule(), b))
        .parse(expression.into_inner())
}

fn infix(a: Piece, operator: Rule, b: Piece) -> Piece {
    let relation = |a: Piece, sign, b| joined(a, sign, b, Binds::Relation, Binds::Sum);
    match operator {
        Rule::or => joined(a, sign::OR, b, Binds::Or, Binds::And),
        Rule::and => joined(a, sign::AND, b, Binds::And, Binds::Relation),
        Rule::equal => relation(a, sign::EQUAL, b),
        Rule::not_equal => relation(a, sign::NOT_EQUAL, b),
        Rule::less => relation(a, sign::LESS, b),
        Rule::less_equal => relation(a, sign::LESS_EQUAL, b),
        Rule::greater => relation(a, sign::GREATER, b),
        Rule::greater_equal => relation(a, sign::GREATER_EQUAL, b),
        // Two signs do not stand side by side.
        Rule::add if b.starts_with_sign() => joined(a, sign::PLUS, b, Binds::Sum, Binds::Product),
        Rule::add => joined(a, sign::PLUS, b, Binds::Sum, Binds::Sum),
        Rule::subtract => joined(a, sign::MINUS, b, Binds::Sum, Binds::Product),
        Rule::multiply => {
            // Two numbers side by side would be one.
            let least = if a.binds == Binds::Negative { Binds::Negative } else { Binds::Product };
            let b = b.set(Binds::Product);
            let sign = if matches!(b.leading(), Math::Number(_)) { sign::DOT } else { sign::TIMES };
            Piece::new(Math::Row(vec![a.set(least), sign.into(), b]), Binds::Product)
        }
        Rule::divide => Piece::new(Math::Fraction(a.math.into(), b.math.into()), Binds::Fraction),
        _ => Piece::new(power(a, b.math), Binds::Power),
    }
}

fn joined(a: Piece, sign: Sign, b: Piece, binds: Binds, right: Binds) -> Piece {
    Piece::new(Math::Row(vec![a.set(binds), sign.into(), b.set(right)]), binds)
}

fn power(base: Piece, exponent: Math) -> Math {
    let exponent = Box::new(exponent);
    match base.applied {
        Some((head, argument)) => Math::Row(vec![Math::Power(head.into(), exponent), argument]),
        // There is one place for what stands above.
        None => match base.set(Binds::Atom) {
            marked @ Math::Indexed(_, Some(_), _) => Math::Power(marked.bracketed().into(), exponent),
            base => Math::Power(base.into(), exponent),
        },
    }
}

fn primary(pair: Pair<'_, Rule>) -> Piece {
    match pair.as_rule() {
        Rule::number => number(pair.as_str()),
        Rule::name if pair.as_str() == "inf" => Piece::atom(sign::INFINITY),
        Rule::name => Piece::atom(math_of(pair.as_str())),
        Rule::indexed => Piece::atom(indexed(pair)),
        Rule::average => {
            let (names, bodies) = parts(pair);
            let head = Math::from(sign::EXPECTATION).indexed(vec![Math::List(names, Comma::Spaced)]);
            Piece::atom(Math::Row(vec![head, Math::Fenced(Fence::Square, arguments(bodies).into())]))
        }
        Rule::derivative => {
            let (names, bodies) = parts(pair);
            let by = names.into_iter().map(|name| Math::from(sign::PARTIAL).indexed(vec![name]));
            let pieces = by.chain([arguments(bodies).bracketed()]).collect();
            Piece::new(Math::Row(pieces), Binds::Product)
        }
        Rule::running => running(pair),
        Rule::call => call(pair),
        _ => piece(pair),
    }
}

fn arguments(bodies: Vec<Math>) -> Math {
    Math::List(bodies, Comma::Spaced)
}

fn number(text: &str) -> Piece {
    let digits = |text: &str| Math::Number(text.strip_suffix(".0").unwrap_or(text).to_string());
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return Piece::atom(digits(text));
    };
    let exponent = match exponent.strip_prefix('-') {
        Some(size) => Math::Row(vec![sign::NEGATIVE.into(), digits(size)]),
        None => digits(exponent.trim_start_matches('+')),
    };
    let power = Math::Power(digits("10").into(), exponent.into());
    match mantissa {
        "1" | "1." | "1.0" => Piece::new(power, Binds::Power),
        _ => Piece::new(Math::Row(vec![digits(mantissa), sign::DOT.into(), power]), Binds::Product),
    }
}

/// `q_eta[a,b]`: the indices join those of the name.
fn indexed(pair: Pair<'_, Rule>) -> Math {
    let mut inner = pair.into_inner().filter(|part| part.as_rule() != Rule::flat);
    let name = inner.next().map(|name| math_of(name.as_str())).unwrap_or(Math::Row(Vec::new()));
    name.indexed(inner.map(|index| piece(index).math).collect())
}

/// The names in brackets, and what stands in parentheses.
fn parts(pair: Pair<'_, Rule>) -> (Vec<Math>, Vec<Math>) {
    let (mut names, mut bodies) = (Vec::new(), Vec::new());
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::name => names.push(math_of(part.as_str())),
            Rule::indexed => names.push(indexed(part)),
            Rule::expression => bodies.push(piece(part).math),
            _ => {}
        }
    }
    (names, bodies)
}

/// `sum[a](…)` and the like.
fn running(pair: Pair<'_, Rule>) -> Piece {
    let mut inner = pair.into_inner();
    let function = inner.next().map(|name| name.as_str().to_string()).unwrap_or_default();
    let (mut names, mut bodies) = (Vec::new(), Vec::new());
    for part in inner {
        match part.as_rule() {
            Rule::name => names.push(math_of(part.as_str())),
            Rule::expression => bodies.push(piece(part)),
            _ => {}
        }
    }
    let over = Math::List(names, Comma::Close);
    let sign = match function.as_str() {
        "sum" => sign::SUM.into(),
        "product" => sign::PRODUCT.into(),
        "max" | "min" | "det" => Math::Function(function.clone(), format!("\\{function}")),
        other => operator(other),
    };
    if matches!(function.as_str(), "sum" | "product") && bodies.len() == 1 {
        let body = bodies.remove(0).set(Binds::Product);
        // What follows would be taken for part of it.
        let sum = Math::Row(vec![Math::Under(sign.into(), over.into()), sign::GAP.into(), body]);
        return Piece::new(sum, Binds::Sum);
    }
    let bodies = bodies.into_iter().map(|body| body.math).collect();
    let head = match function.as_str() {
        "max" | "min" | "det" | "product" | "sum" => Math::Under(sign.into(), over.into()),
        _ => sign.indexed(vec![over]),
    };
    Piece::atom(Math::Row(vec![head, arguments(bodies).bracketed()]))
}

fn operator(name: &str) -> Math {
    Math::Function(name.replace('_', " "), format!("\\operatorname{{{}}}", name.replace('_', "\\_")))
}

fn call(pair: Pair<'_, Rule>) -> Piece {
    let mut inner = pair.into_inner();
    let function = inner.next().map(|name| name.as_str().to_string()).unwrap_or_default();
    let mut given: Vec<Math> = inner.map(|argument| piece(argument).math).collect();
    let named = |shown: &str, command: &str| Math::Function(shown.to_string(), command.to_string());
    let head = match (function.as_str(), given.len()) {
        ("sqrt", 1) => return Piece::atom(Math::Root(given.remove(0).into())),
        ("abs", 1) => return Piece::atom(Math::Fenced(Fence::Bars, given.remove(0).into())),
        ("where", 3) => {
            given.swap(0, 1);
            return match <[Math; 3]>::try_from(given) {
                Ok(cases) => Piece::atom(Math::Cases(cases.into())),
                Err(given) => Piece::atom(arguments(given)),
            };
        }
        ("log", _) => named("ln", "\\ln"),
        ("asin" | "acos" | "atan", _) => {
            let long = format!("arc{}", &function[1..]);
            named(&long, &format!("\\{long}"))
        }
        ("exp" | "tanh" | "sinh" | "cosh" | "sin" | "cos" | "min" | "max", _) => {
            named(&function, &format!("\\{function}"))
        }
        ("log_cosh", _) => named("ln cosh", "\\ln\\cosh"),
        _ => operator(&function),
    };
    let argument = arguments(given).bracketed();
    let math = Math::Row(vec![head.clone(), argument.clone()]);
    Piece { math, binds: Binds::Atom, applied: Some((head, argument)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_printed_as_papers_do() {
        for (text, latex) in [
            ("kappa*t*omega", "\\kappa \\, t \\, \\omega"),
            ("a + b*(c - d)", "a + b \\, \\left(c - d\\right)"),
            ("a - (b - c)", "a - \\left(b - c\\right)"),
            ("a - (b*c)", "a - b \\, c"),
            ("(a + b) + c", "a + b + c"),
            ("-a*b", "-a \\, b"),
            ("a*-b", "a \\, \\left(-b\\right)"),
            ("2*3", "2 \\cdot 3"),
            ("2*(1 - p)/3.0", "\\frac{2 \\, \\left(1 - p\\right)}{3}"),
            ("1e-300 + 2.5e3", "10^{-300} + 2.5 \\cdot 10^{3}"),
            ("(1 + s)/2*n_plus", "\\frac{1 + s}{2} \\, n_{+}"),
            ("(a/b)^2", "\\left(\\frac{a}{b}\\right)^{2}"),
            ("m_star^2", "\\left(m^{*}\\right)^{2}"),
            ("q_1[a]^2", "q_{1,a}^{2}"),
            ("a^b^c", "a^{b^{c}}"),
            ("(a^b)^c", "\\left(a^{b}\\right)^{c}"),
            ("-a^2", "-a^{2}"),
            ("tanh(h)^2", "\\tanh^{2}\\left(h\\right)"),
            ("E[s,z](phi_hat^2)", "\\mathbb{E}_{s, z}\\left[\\hat{\\phi}^{2}\\right]"),
            ("D[q](f)/2", "\\frac{\\partial_{q}\\left(f\\right)}{2}"),
            ("sum[a](p[a]*q_eta[a,1]) + 1", "\\sum_{a} p_{a} \\, q_{\\eta,a,1} + 1"),
            ("sum[a](a + b)*c", "\\left(\\sum_{a} \\left(a + b\\right)\\right) \\, c"),
            ("inf*sign(x)", "\\infty \\, \\operatorname{sign}\\left(x\\right)"),
            ("sqrt(abs(x))", "\\sqrt{\\left|x\\right|}"),
            ("where(k <= K, 1, 0)", "\\begin{cases} 1 & k \\leq K \\\\ 0 & \\text{otherwise} \\end{cases}"),
            ("normal_cdf(x)", "\\operatorname{normal\\_cdf}\\left(x\\right)"),
            ("a > 0 && (b > 0 || c)", "a > 0 \\land \\left(b > 0 \\lor c\\right)"),
            ("softmax[l](h[j,l], k)", "\\operatorname{softmax}_{l}\\left(h_{j,l}, k\\right)"),
        ] {
            assert_eq!(printed(text).map(|math| math.latex()).as_deref(), Some(latex), "{text}");
        }
        assert_eq!(printed("a +"), None);
    }
}
