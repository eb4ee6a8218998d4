//! Numbers that solve an equation, or minimise something, at every node of an average: against closed forms, against the steps that they
//! replace, and what is said where there is none.

mod support;

use overlaps::solve::Settings;
use overlaps::system::Theory;
use support::{SecondLook, agree_at, close, file_of, job, over_normals, solve};

fn parse(text: &str) -> Theory {
    Theory::parse("x", text).unwrap_or_else(|e| panic!("{e}"))
}

fn outputs(implicit: &str, outputs: &[&str]) -> String {
    file_of(&over_normals(implicit), outputs)
}

/// Every second output is the closed form of the one before it.
fn pairs(implicit: &str, expressions: &[&str], tolerance: f64) {
    pairs_at(&[0.3, 1.0, 2.5], implicit, expressions, tolerance);
}

fn pairs_at(controls: &[f64], implicit: &str, expressions: &[&str], tolerance: f64) {
    agree_at(controls, &over_normals(implicit), expressions, tolerance, SecondLook::IfKnown);
}

#[test]
fn what_has_a_closed_form_is_that() {
    // p + a p³ = z has one real root; p² = 1 + z² in p > 0; the square loss.
    pairs(
        "p = { equation = \"p^2 - 1 - z^2\", range = [0, inf] }",
        &["E[z](p)", "E[z](sqrt(1 + z^2))"],
        1e-13,
    );
    pairs(
        "p = { equation = \"sinh(p) - a*z\" }",
        &["E[z](p^2)", "E[z](log(a*z + sqrt(1 + a^2*z^2))^2)"],
        1e-12,
    );
    pairs(
        "p = { minimise = \"(p - z)^2/(2*a) + (1 - p)^2/2\" }",
        &["E[z](p^3)", "E[z](((z + a)/(1 + a))^3)"],
        1e-12,
    );
    // Without averages, and as an argument.
    pairs("p = { equation = \"exp(p) - a\" }", &["p + tanh(p)", "log(a) + tanh(log(a))"], 1e-13);
}

#[test]
fn proximal_operators_with_kinks_are_the_ones_that_are_known() {
    let soft = "where(abs(z) > a, z - a*sign(z), 0)";
    let hinge = "where(z >= 1, z, where(z <= 1 - a, z + a, 1))";
    pairs(
        "p = { minimise = \"(p - z)^2/2 + a*abs(p)\" }",
        &["E[z](p^2)", &format!("E[z](({soft})^2)")],
        1e-12,
    );
    pairs(
        "p = { minimise = \"(p - z)^2/(2*a) + max(0, 1 - p)\" }",
        &["E[z](p*tanh(z))", &format!("E[z](({hinge})*tanh(z))")],
        1e-12,
    );
    // A constraint is a range: the minimum lies at its end.
    pairs("p = { minimise = \"(p - z)^2/2\", range = [0, inf] }", &["E[z](p)", "E[z](max(z, 0))"], 1e-12);
    // The Moreau envelope of the absolute value is Huber's loss.
    pairs(
        "p = { minimise = \"(p - z)^2/(2*a) + abs(p)\" }",
        &["E[z]((p - z)^2/(2*a) + abs(p))", "E[z](where(abs(z) < a, z^2/(2*a), abs(z) - a/2))"],
        1e-12,
    );
}

#[test]
fn equations_have_all_functions() {
    let cases = [
        // Where ρ = 0 the bivariate distribution is a product; P(X ≤ 0, Y ≤ 0) = 1/4 + arcsin(ρ)/2π.
        ("equation = \"bivariate_normal_cdf(p, z, 0) - normal_cdf(a)*normal_cdf(z)\"", "p^2", "a^2", 1e-9),
        (
            "equation = \"bivariate_normal_cdf(0, 0, p) - 1/4 - atan(a*z)/10\", range = [-1, 1]",
            "p^2",
            "sin(pi*atan(a*z)/5)^2",
            1e-12,
        ),
        ("equation = \"logit(p) - a*z\", range = [0, 1]", "p^2", "logistic(a*z)^2", 1e-12),
        ("equation = \"asinh(p) - a*z/2\"", "p^2", "sinh(a*z/2)^2", 1e-12),
        ("equation = \"normal_quantile(p) - a*z\", range = [0, 1]", "p^2", "normal_cdf(a*z)^2", 1e-12),
        ("equation = \"digamma(p) - digamma(1 + a*z^2)\", range = [0.5, inf]", "p", "1 + a*z^2", 1e-10),
        // The field of a response, I₁/I₀ inverted.
        ("minimise = \"log_bessel_i0(p) - p*bessel_ratio(a*z)\"", "p^2", "a^2*z^2", 1e-8),
    ];
    for (condition, value, known, tolerance) in cases {
        let implicit = format!("p = {{ {condition} }}");
        let [value, known] = [value, known].map(|x| format!("E[z]({x})"));
        pairs(&implicit, &[&value, &known], tolerance);
        // The second evaluator has no derivatives of implicit definitions.
        let [slope, known] = [value, known].map(|x| format!("D[a]({x})"));
        pairs(&implicit, &[&slope, &known], tolerance);
    }
}

#[test]
fn cusps_of_functions_are_kinks() {
    // e^(−|p|) I₀(p) has one at its maximum, in which minima of its negative sit, as those of |p| do: its slope is ±1 there.
    let implicit = "p = { minimise = \"(p - z)^2/2 - (0.3 + a/8)*bessel_i0e(p)\" }";
    let energy = "E[z]((p - z)^2/2 - (0.3 + a/8)*bessel_i0e(p))";
    // The average over p itself: dz = h′(p) dp beside the kink, with z = h(p) = p + c f(p) for p > 0 and f = e^(−p) (I₀ − I₁).
    let f = "(bessel_i0e(w) - bessel_i1e(abs(w)))";
    let slope = format!("(w^2 + (0.3 + a/8)*(abs(w)*bessel_i1e(abs(w)) - 2*w^2*{f}))");
    let over_p = format!("E[w](exp((w^2 - (abs(w) + (0.3 + a/8)*{f})^2)/2)*{slope})");
    pairs(implicit, &["E[z](p^2)", &over_p], 1e-12);
    // By the envelope theorem.
    pairs(implicit, &[&format!("D[a]({energy})"), "-E[z](bessel_i0e(p))/8"], 1e-12);
}

#[test]
fn derivatives_are_those_of_the_closed_form() {
    // By the implicit function theorem, to second order, and by the variable.
    let root = "log(a*z + sqrt(1 + a^2*z^2))";
    let of = |f: &str| (format!("D[a](E[z]({f}))"), format!("D[a,a](E[z]({f}))"), format!("E[z](D[z]({f}))"));
    let (first, second, slope) = of("p^2");
    let (first_known, second_known, slope_known) = of(&format!("({root})^2"));
    pairs(
        "p = { equation = \"sinh(p) - a*z\" }",
        &[&first, &first_known, &second, &second_known, &slope, &slope_known],
        1e-11,
    );
    let soft = "where(abs(z) > a, z - a*sign(z), 0)";
    pairs(
        "p = { minimise = \"(p - z)^2/2 + a*abs(p)\" }",
        &[
            "D[a](E[z](p^2))",
            &format!("D[a](E[z](({soft})^2))"),
            "E[z](D[z](p)*z^2)",
            "E[z](where(abs(z) > a, 1, 0)*z^2)",
        ],
        1e-12,
    );
    pairs(
        "p = { minimise = \"(p - z)^2/2 + abs(p - a*z - b)\" }",
        &["E[z](D[b](p))", "E[z](where(abs(z - a*z - b) < 1, 1, 0))"],
        1e-12,
    );
}

#[test]
fn averages_nest_and_discrete_variables_choose() {
    // The second evaluator takes tens of seconds for a row of this.
    pairs_at(
        &[1.0],
        "p = { equation = \"sinh(p) - a*z - w\" }",
        &["E[z](E[w](p)^2)", "E[z](E[w](log(a*z + w + sqrt(1 + (a*z + w)^2)))^2)"],
        1e-11,
    );
    let text = outputs("p = { equation = \"exp(p) - s\" }", &["E[s](p^2)", "(log(2)^2 + log(5)^2)/2"])
        .replace("z = \"normal\"", "z = \"normal\"\ns = { values = [2, 5], weights = [0.5, 0.5] }");
    let row = &solve(&parse(&text), &[], &[1.0])[0];
    close("two values", row.get("y0"), row.get("y1"), 1e-14);
}

/// The logistic loss of two clusters: eight Newton lines by hand, and as the paper prints it.
#[test]
fn the_logistic_proximal_is_that_of_the_unrolled_steps() {
    let path = format!("{}/tests/theories/gmm-logistic.toml", env!("CARGO_MANIFEST_DIR"));
    let unrolled = Theory::load(&path).unwrap_or_else(|e| panic!("{e}"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{e}"));
    let lines: Vec<&str> = text
        .lines()
        .filter(|l| !l.starts_with('z') && !l.starts_with("p  =") && !l.starts_with("left"))
        .collect();
    for condition in [
        "minimise = \"(p - omega)^2/(2*V) + log(1 + exp(-p))\"",
        "equation = \"p - omega - V*logistic(-p)\", range = [\"omega\", \"omega + V\"]",
    ] {
        let printed =
            lines.join("\n").replace("[unknowns]", &format!("[implicit]\np = {{ {condition} }}\n[unknowns]"));
        let printed = parse(&printed);
        for (a, b) in solve(&printed, &[], &[2.0]).iter().zip(solve(&unrolled, &[], &[2.0])) {
            assert!(a.converged, "{a:?}");
            for column in ["V", "q", "m", "test_error", "train_loss"] {
                close(column, a.get(column), b.get(column), 1e-10);
            }
        }
    }
}

#[test]
fn what_has_no_number_or_several_is_no_row() {
    // Also where nothing is solved for.
    let text = outputs("p = { minimise = \"(p^2 - 1)^2 - z*p/10\" }", &["E[z](p)"]);
    let row = solve(&parse(&text), &[], &[1.0]);
    assert!(row.iter().all(|row| !row.converged), "{row:?}");
    for implicit in [
        // No root, several, and a minimum that is one of two.
        "p = { equation = \"p^2 + 1 + z^2\" }",
        "p = { equation = \"p^3 - p - z/10\", range = [-2, 2] }",
        "p = { minimise = \"(p^2 - 1)^2 - z*p/10\" }",
    ] {
        let text = outputs(implicit, &["0"])
            .replace("[outputs]", "[unknowns]\nu = \"\"\n[fixed_point]\nu = \"E[z](p)\"\n[outputs]");
        let theory = parse(&text);
        let pieces = job(&[], &[1.0]).solve(&theory, Settings::default());
        assert!(
            pieces[0].curve.solution(0).is_none(),
            "{implicit}: {:?}",
            pieces[0].curve.solution(0).map(|(_, s)| s)
        );
    }
}

#[test]
fn a_range_that_holds_nothing_is_no_row_and_no_crash() {
    let conditions = ["equation = \"p^3 + p - z\"", "minimise = \"(p - z)^2 + abs(p)\""];
    let ranges = ["[1, -1]", "[\"sqrt(-a)\", 1]", "[0, \"1/(a - a)\"]", "[\"z\", \"-z\"]", "[3, 2]"];
    for (place, range) in ranges.iter().enumerate() {
        // Such a row is looked for in vain for some seconds: one of both where they share their way.
        for condition in conditions.iter().skip(place % 2).step_by(2) {
            let implicit = format!("p = {{ {condition}, range = {range} }}");
            let text = outputs(&implicit, &["E[z](p)"])
                .replace("[outputs]", "[unknowns]\nu = \"\"\n[fixed_point]\nu = \"E[z](p)\"\n[outputs]");
            let theory = parse(&text);
            let pieces = job(&[], &[1.0]).solve(&theory, Settings::default());
            // An end that is infinite is none; every other of these ranges is empty somewhere.
            assert!(range.contains('/') || pieces[0].curve.solution(0).is_none(), "{implicit}");
        }
    }
}
