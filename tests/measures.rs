//! Variables with other measures than the normal one, against closed forms, in the engine and in the second evaluator.

mod support;

use overlaps::solve::Settings;
use overlaps::system::Theory;
use support::{agree, job};

/// Every second output is the closed form of the one before it; a is the control.
fn pairs(variable: &str, expressions: &[&str]) {
    agree(&format!("[variables]\nw = {variable}\nz = \"normal\"\n"), expressions);
}

#[test]
fn uniform_and_exponential_variables() {
    pairs(
        "{ uniform = [0, 1] }",
        &["E[w](w^2)", "1/3", "E[w](sqrt(w))", "2/3", "E[w](exp(a*w))", "(exp(a) - 1)/a"],
    );
    pairs("{ uniform = [\"-a\", \"2*a\"] }", &["E[w](w)", "a/2", "E[w](abs(w))", "5*a/6", "E[w](1)", "1"]);
    pairs("{ exponential = \"a\" }", &["E[w](w)", "1/a", "E[w](w^3)", "6/a^3", "E[w](exp(-w))", "a/(1 + a)"]);
    pairs(
        "{ exponential = 2 }",
        &["E[w](step(w - a))", "exp(-2*a)", "D[a](E[w](max(w - a, 0)))", "-exp(-2*a)"],
    );
}

#[test]
fn integrals_over_finite_and_infinite_intervals() {
    pairs(
        "{ integral = [0, \"a\"] }",
        &["E[w](w^2)", "a^3/3", "E[w](1/sqrt(w))", "2*sqrt(a)", "D[a](E[w](cos(w)))", "cos(a)"],
    );
    pairs(
        "{ integral = [0, inf] }",
        &["E[w](exp(-a*w))", "1/a", "E[w](w^2*exp(-w^2/2))", "sqrt(pi/2)", "E[w](1/(1 + w)^3)", "1/2"],
    );
    pairs(
        "{ integral = [-inf, \"a\"] }",
        &["E[w](exp(w))", "exp(a)", "E[w](normal_pdf(w))", "normal_cdf(a)"],
    );
    pairs(
        "{ integral = [-inf, inf] }",
        &[
            "E[w](exp(-w^2))",
            "sqrt(pi)",
            "E[w](1/(a^2 + w^2))",
            "pi/a",
            "E[w](normal_pdf((w - 5)/a)/a*w)",
            "5",
        ],
    );
}

#[test]
fn densities_as_they_are_printed() {
    // Lorentzian frequencies; Wigner's semicircle; Marchenko and Pastur at ratio ¼.
    pairs(
        "{ density = \"a/(pi*(w^2 + a^2))\", support = [-inf, inf] }",
        &["E[w](1)", "1", "E[w](1/(1 + w^2))", "1/(1 + a)"],
    );
    pairs(
        "{ density = \"2/(pi*a^2)*sqrt(a^2 - w^2)\", support = [\"-a\", \"a\"] }",
        &["E[w](1)", "1", "E[w](w^2)", "a^2/4", "E[w](w^4)", "a^4/8"],
    );
    pairs(
        "{ density = \"sqrt((2.25 - w)*(w - 0.25))/(2*pi*0.25*w)\", support = [0.25, 2.25] }",
        &["E[w](w)", "1", "E[w](w^2)", "1.25", "E[w](1/w)", "4/3"],
    );
}

#[test]
fn poisson_and_binomial_variables() {
    let powers = ["E[w](w)", "a", "E[w](exp(-w))", "exp(-a*(1 - exp(-1)))", "D[a](E[w](w^2))", "1 + 2*a"];
    pairs("{ poisson = \"a\" }", &powers);
    pairs("{ binomial = [7, \"a/3\"] }", &["E[w](w)", "7*a/3", "E[w](w^2)", "7*a/3*(1 - a/3) + (7*a/3)^2"]);
    pairs(
        "{ values = [0, 1], weights = [\"a/3\", \"1 - a/3\"] }",
        &["E[w](w)", "1 - a/3", "D[a](E[w](w))", "-1/3"],
    );
}

#[test]
fn what_does_not_sum_to_one_is_no_row() {
    for (variable, control) in
        [("{ poisson = \"a\" }", 90.0), ("{ values = [0, 1], weights = [\"a\", 0.5] }", 0.3)]
    {
        let text = format!(
            "title = \"x\"\ncontrol = {{ name = \"a\", from = 0.2, to = 100, points = 3 }}\n[variables]\nw = {variable}\n\
             [outputs]\ny = {{ value = \"E[w](w)\", meaning = \"\" }}\n"
        );
        let theory = Theory::parse("x", &text).unwrap_or_else(|e| panic!("{variable}: {e}"));
        let pieces = job(&[], &[control]).solve(&theory, Settings::default());
        let solution = pieces[0].curve.solution(0);
        assert!(solution.is_none_or(|(_, s)| s.certified.outputs[0].is_nan()), "{variable}");
    }
}
