//! An expression as a paper prints it, in LaTeX: from its text, so that sums over indices stay sums.

use pest::Parser;
use pest::iterators::Pair;

use super::read::{Grammar, PRATT, Rule};
use crate::name::latex_of;

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

/// A piece of LaTeX.
struct Tex {
    text: String,
    binds: Binds,
    /// Where an exponent goes: behind the name of a function in place of behind its argument.
    exponent: Option<usize>,
}

impl Tex {
    fn new(text: impl Into<String>, binds: Binds) -> Tex {
        Tex { text: text.into(), binds, exponent: None }
    }

    /// Its text where nothing looser may stand.
    fn set(&self, least: Binds) -> String {
        if self.binds >= least { self.text.clone() } else { bracketed(&self.text) }
    }
}

/// An expression of an equation file in LaTeX, for mathematics; nothing where it is none.
pub fn latex(text: &str) -> Option<String> {
    let whole = Grammar::parse(Rule::whole, text).ok()?.next()?;
    Some(tex(whole).text)
}

fn bracketed(text: &str) -> String {
    format!("\\left({text}\\right)")
}

fn tex(expression: Pair<'_, Rule>) -> Tex {
    PRATT
        .map_primary(primary)
        .map_prefix(|op, operand| match op.as_rule() {
            Rule::negative => Tex::new(format!("-{}", operand.set(Binds::Product)), Binds::Negative),
            Rule::not => Tex::new(format!("\\lnot {}", operand.set(Binds::Power)), Binds::Power),
            _ => operand,
        })
        .map_infix(|a, op, b| infix(a, op.as_rule(), b))
        .parse(expression.into_inner())
}

fn infix(a: Tex, operator: Rule, b: Tex) -> Tex {
    let joined = |sign: &str, binds: Binds, right: Binds| {
        Tex::new(format!("{} {sign} {}", a.set(binds), b.set(right)), binds)
    };
    match operator {
        Rule::or => joined("\\lor", Binds::Or, Binds::And),
        Rule::and => joined("\\land", Binds::And, Binds::Relation),
        Rule::equal => joined("=", Binds::Relation, Binds::Sum),
        Rule::not_equal => joined("\\neq", Binds::Relation, Binds::Sum),
        Rule::less => joined("<", Binds::Relation, Binds::Sum),
        Rule::less_equal => joined("\\leq", Binds::Relation, Binds::Sum),
        Rule::greater => joined(">", Binds::Relation, Binds::Sum),
        Rule::greater_equal => joined("\\geq", Binds::Relation, Binds::Sum),
        // Two signs do not stand side by side.
        Rule::add if b.text.starts_with('-') => joined("+", Binds::Sum, Binds::Product),
        Rule::add => joined("+", Binds::Sum, Binds::Sum),
        Rule::subtract => joined("-", Binds::Sum, Binds::Product),
        Rule::multiply => {
            // Two numbers side by side would be one.
            let sign = if b.text.starts_with(|c: char| c.is_ascii_digit()) { "\\cdot" } else { "\\," };
            let least = if a.binds == Binds::Negative { Binds::Negative } else { Binds::Product };
            joined(sign, least, Binds::Product)
        }
        Rule::divide => Tex::new(format!("\\frac{{{}}}{{{}}}", a.text, b.text), Binds::Fraction),
        _ => match a.exponent {
            Some(place) => {
                let (head, rest) = a.text.split_at(place);
                Tex::new(format!("{head}^{{{}}}{rest}", b.text), Binds::Power)
            }
            None => Tex::new(format!("{}^{{{}}}", a.set(Binds::Atom), b.text), Binds::Power),
        },
    }
}

fn primary(pair: Pair<'_, Rule>) -> Tex {
    match pair.as_rule() {
        Rule::number => number(pair.as_str()),
        Rule::name if pair.as_str() == "inf" => Tex::new("\\infty", Binds::Atom),
        Rule::name => Tex::new(latex_of(pair.as_str()), Binds::Atom),
        Rule::indexed => Tex::new(indexed(pair), Binds::Atom),
        Rule::average => {
            let (names, bodies) = parts(pair);
            Tex::new(format!("\\mathbb{{E}}_{{{names}}}\\left[{}\\right]", bodies.join(", ")), Binds::Atom)
        }
        Rule::derivative => {
            let (names, bodies) = parts(pair);
            let by: String = names.split(", ").map(|name| format!("\\partial_{{{name}}}")).collect();
            Tex::new(format!("{by}{}", bracketed(&bodies.join(", "))), Binds::Product)
        }
        Rule::running => running(pair),
        Rule::call => call(pair),
        _ => tex(pair),
    }
}

fn number(text: &str) -> Tex {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return Tex::new(text, Binds::Atom);
    };
    let power = format!("10^{{{}}}", exponent.trim_start_matches('+'));
    match mantissa {
        "1" | "1." | "1.0" => Tex::new(power, Binds::Power),
        _ => Tex::new(format!("{mantissa} \\cdot {power}"), Binds::Product),
    }
}

/// `q_eta[a,b]`: the indices join those of the name.
fn indexed(pair: Pair<'_, Rule>) -> String {
    let mut inner = pair.into_inner().filter(|part| part.as_rule() != Rule::flat);
    let name = inner.next().map(|name| latex_of(name.as_str())).unwrap_or_default();
    let indices: Vec<String> = inner.map(|index| tex(index).text).collect();
    with_indices(&name, &indices)
}

/// A name with further indices.
fn with_indices(name: &str, indices: &[String]) -> String {
    match name.strip_suffix('}').filter(|_| name.contains("_{")) {
        Some(open) => format!("{open},{}}}", indices.join(",")),
        None => format!("{name}_{{{}}}", indices.join(",")),
    }
}

/// The names in brackets, and what stands in parentheses.
fn parts(pair: Pair<'_, Rule>) -> (String, Vec<String>) {
    let (mut names, mut bodies) = (Vec::new(), Vec::new());
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::name => names.push(latex_of(part.as_str())),
            Rule::indexed => names.push(indexed(part)),
            Rule::expression => bodies.push(tex(part).text),
            _ => {}
        }
    }
    (names.join(", "), bodies)
}

/// `sum[a](…)` and the like.
fn running(pair: Pair<'_, Rule>) -> Tex {
    let mut inner = pair.into_inner();
    let function = inner.next().map(|name| name.as_str().to_string()).unwrap_or_default();
    let (mut names, mut bodies) = (Vec::new(), Vec::new());
    for part in inner {
        match part.as_rule() {
            Rule::name => names.push(latex_of(part.as_str())),
            Rule::expression => bodies.push(tex(part)),
            _ => {}
        }
    }
    let over = names.join(",");
    let sign = match function.as_str() {
        "sum" => "\\sum".to_string(),
        "product" => "\\prod".to_string(),
        "max" | "min" | "det" => format!("\\{function}"),
        other => operator(other),
    };
    if matches!(function.as_str(), "sum" | "product") && bodies.len() == 1 {
        let body = bodies.remove(0).set(Binds::Product);
        // What follows would be taken for part of it.
        return Tex::new(format!("{sign}_{{{over}}} {body}"), Binds::Sum);
    }
    let bodies: Vec<String> = bodies.into_iter().map(|body| body.text).collect();
    Tex::new(format!("{sign}_{{{over}}}{}", bracketed(&bodies.join(", "))), Binds::Atom)
}

fn operator(name: &str) -> String {
    format!("\\operatorname{{{}}}", name.replace('_', "\\_"))
}

fn call(pair: Pair<'_, Rule>) -> Tex {
    let mut inner = pair.into_inner();
    let function = inner.next().map(|name| name.as_str().to_string()).unwrap_or_default();
    let arguments: Vec<String> = inner.map(|argument| tex(argument).text).collect();
    let head = match (function.as_str(), arguments.as_slice()) {
        ("sqrt", [x]) => return Tex::new(format!("\\sqrt{{{x}}}"), Binds::Atom),
        ("abs", [x]) => return Tex::new(format!("\\left|{x}\\right|"), Binds::Atom),
        ("where", [condition, then, otherwise]) => {
            let cases = format!("{then} & {condition} \\\\ {otherwise} & \\text{{otherwise}}");
            return Tex::new(format!("\\begin{{cases}} {cases} \\end{{cases}}"), Binds::Atom);
        }
        ("log", _) => "\\ln".to_string(),
        ("asin" | "acos" | "atan", _) => format!("\\arc{}", &function[1..]),
        ("exp" | "tanh" | "sinh" | "cosh" | "sin" | "cos" | "min" | "max", _) => format!("\\{function}"),
        ("log_cosh", _) => "\\ln\\cosh".to_string(),
        _ => operator(&function),
    };
    let exponent = Some(head.len());
    Tex { text: head + &bracketed(&arguments.join(", ")), binds: Binds::Atom, exponent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_printed_as_papers_do() {
        for (text, printed) in [
            ("kappa*t*omega", "\\kappa \\, t \\, \\omega"),
            ("a + b*(c - d)", "a + b \\, \\left(c - d\\right)"),
            ("a - (b - c)", "a - \\left(b - c\\right)"),
            ("a - (b*c)", "a - b \\, c"),
            ("(a + b) + c", "a + b + c"),
            ("-a*b", "-a \\, b"),
            ("a*-b", "a \\, \\left(-b\\right)"),
            ("2*3", "2 \\cdot 3"),
            ("1e-300 + 2.5e3", "10^{-300} + 2.5 \\cdot 10^{3}"),
            ("(1 + s)/2*n_plus", "\\frac{1 + s}{2} \\, n_{+}"),
            ("(a/b)^2", "\\left(\\frac{a}{b}\\right)^{2}"),
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
            assert_eq!(latex(text).as_deref(), Some(printed), "{text}");
        }
        assert_eq!(latex("a +"), None);
    }
}
