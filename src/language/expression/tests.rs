//! What parses, to what, and what does not.

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
