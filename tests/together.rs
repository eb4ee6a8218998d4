//! Implicit definitions that depend on one another, solved for together at every node of an average: against closed forms.

mod support;

use overlaps::language::EquationError;
use overlaps::solve::Settings;
use overlaps::system::Theory;
use support::{SecondLook, agree_at, close, file_of, job, over_normals};

fn theory(implicit: &str, outputs: &[&str]) -> Result<Theory, EquationError> {
    Theory::parse("x", &file_of(&over_normals(implicit), outputs))
}

fn pairs(implicit: &str, controls: &[f64], expressions: &[&str], tolerance: f64, second: SecondLook) {
    agree_at(controls, &over_normals(implicit), expressions, tolerance, second);
}

#[test]
fn two_equations_are_solved_together() {
    // u + v = sinh⁻¹-like pair with a closed form: sinh(u + v) = z and u − v = a z.
    pairs(
        "u = { equation = \"sinh(u + v) - z\" }\nv = { equation = \"u - v - a*z\" }",
        &[0.3, 2.0],
        &[
            "E[z](u^2)",
            "E[z]((asinh(z) + a*z)^2)/4",
            "E[z](u*v)",
            "E[z](asinh(z)^2 - a^2*z^2)/4",
            "E[z](exp(-v^2))",
            "E[z](exp(-(asinh(z) - a*z)^2/4))",
        ],
        1e-12,
        SecondLook::Rows(2),
    );
    // The order of the file does not matter, nor what uses them.
    pairs(
        "t = { equation = \"t - u - v\" }\nv = { equation = \"u - v - a*z\" }\nu = { equation = \"sinh(u + v) - z\" }",
        &[1.0],
        &["E[z](t^2)", "E[z](asinh(z)^2)"],
        1e-12,
        SecondLook::Rows(2),
    );
}

#[test]
fn derivatives_are_those_of_the_closed_form() {
    let implicit = "u = { equation = \"sinh(u + v) - b*z\" }\nv = { equation = \"u - v - a*z\" }";
    pairs(
        implicit,
        &[0.3, 2.0],
        &[
            "D[a](E[z](u^2))",
            "D[a](E[z]((asinh(b*z) + a*z)^2))/4",
            "D[b](E[z](u*v))",
            "D[b](E[z](asinh(b*z)^2))/4",
            "D[b](D[a](E[z](u^2)))",
            "D[b](D[a](E[z]((asinh(b*z) + a*z)^2)))/4",
            "E[z](D[z](u))",
            "E[z](b/sqrt(1 + b^2*z^2) + a)/2",
        ],
        1e-11,
        SecondLook::Rows(2),
    );
}

#[test]
fn a_smooth_minimum_in_two_unknowns() {
    // log(1 + e^s) in the sum s = u + v alone: the difference stays, and the sum is the proximal point of V = 2a.
    pairs(
        "u = { minimise = \"(u - z)^2/(2*a) + (v - b)^2/(2*a) + log(1 + exp(-u - v))\" }\n\
         v = { minimise = \"(u - z)^2/(2*a) + (v - b)^2/(2*a) + log(1 + exp(-u - v))\" }\n\
         s = { equation = \"s - z - b - 2*a*logistic(-s)\" }",
        &[0.3, 2.0],
        &[
            "E[z]((u + v)^2)",
            "E[z](s^2)",
            "E[z]((u - v)^2)",
            "E[z]((z - b)^2)",
            // The envelope theorem.
            "D[b](E[z]((u - z)^2/(2*a) + (v - b)^2/(2*a) + log(1 + exp(-u - v))))",
            "E[z]((b - v)/a)",
        ],
        1e-11,
        SecondLook::Rows(2),
    );
}

#[test]
fn a_lasso_of_two_correlated_weights() {
    // With both weights kept or none the closed form is linear; the mean over z of a piecewise linear function.
    // ½ (u² + v² + u v) − h (u + v) + a (|u| + |v|) with h = z: u = v = sign(h) max(|h| − a, 0)/1.5.
    let energy = "(u^2 + v^2 + u*v)/2 - z*(u + v) + a*(abs(u) + abs(v))";
    let implicit = format!("u = {{ minimise = \"{energy}\" }}\nv = {{ minimise = \"{energy}\" }}");
    pairs(
        &implicit,
        &[0.2, 1.0],
        &["E[z](u*v)", "E[z](max(abs(z) - a, 0)^2)/2.25"],
        1e-12,
        SecondLook::Rows(2),
    );
    // Fields 1 and 0.2 of opposite pull: v = 0 wherever |½ u| < a for u = soft(z, a), and else both move.
    let energy = "(u^2 + v^2 + u*v)/2 - z*u + a*(abs(u) + abs(v))";
    let implicit = format!("u = {{ minimise = \"{energy}\" }}\nv = {{ minimise = \"{energy}\" }}");
    let s = "max(abs(z) - a, 0)";
    // Both: u + v/2 = |z| − a and v + u/2 = a (v < 0 for z > 0 where u/2 > a).
    let u = format!("where({s}/2 > a, (4*{s} - 2*a)/3, {s})");
    let v = format!("where({s}/2 > a, (4*a - 2*{s})/3, 0)");
    pairs(
        &implicit,
        &[0.2, 1.0],
        &["E[z](u^2)", &format!("E[z](({u})^2)"), "E[z](v^2)", &format!("E[z](({v})^2)")],
        1e-12,
        SecondLook::Rows(0),
    );
}

/// A minimum with a kink, held against an equation that moves with it: soft thresholds of z, and of z/1.5.
#[test]
fn a_minimum_and_an_equation() {
    let soft = "E[z](max(abs(z) - a, 0)^2)";
    let less = format!("{soft}/2.25");
    pairs(
        "u = { minimise = \"(u - z)^2/2 + a*abs(u - v)\" }\nv = { equation = \"v - u/2\" }\n\
         p = { minimise = \"(p - z + q)^2/2 + a*abs(p)\" }\nq = { equation = \"q - p/2\" }",
        &[0.5, 1.0],
        &["E[z](u^2)", soft, "E[z](p^2)", &less, "D[a](E[z](p^2))", &format!("D[a]({less})")],
        1e-12,
        SecondLook::Unknown,
    );
}

#[test]
fn fused_weights_stick_together() {
    // (u − z)²/2 + v²/2 + a |u − v|: u = v = z/2 for |z| < 2a, else apart by |z| − 2a. In d = u − v and v it bends in one of them.
    let energy = "(d + v - z)^2/2 + v^2/2 + a*abs(d)";
    let implicit = format!("d = {{ minimise = \"{energy}\" }}\nv = {{ minimise = \"{energy}\" }}");
    pairs(
        &implicit,
        &[0.2, 1.0, 2.0],
        &[
            "E[z]((d + v)^2)",
            "E[z](where(abs(z) < 2*a, z^2/4, (abs(z) - a)^2))",
            "E[z](v^2)",
            "E[z](where(abs(z) < 2*a, z^2/4, a^2))",
        ],
        1e-12,
        SecondLook::Rows(2),
    );
    // The other way round the one with the kink is found last.
    let implicit = format!("v = {{ minimise = \"{energy}\" }}\nd = {{ minimise = \"{energy}\" }}");
    let product = "E[z](where(abs(z) < 2*a, z^2/4, (abs(z) - a)*a))";
    pairs(
        &implicit,
        &[0.2, 1.0, 2.0],
        &["E[z](d*v + v^2)", product, "D[a](E[z](d*v + v^2))", &format!("D[a]({product})")],
        1e-12,
        SecondLook::Unknown,
    );
}

#[test]
fn three_and_members_of_a_family() {
    let energy = "sum[k]((u[k] - k*z)^2)/2 + b*(sum[k](u[k]))^2/2";
    let text = format!(
        "title = \"x\"\ncontrol = {{ name = \"a\", from = 1, to = 2, points = 2 }}\n[indices]\nk = 3\nj = 3\n[parameters]\n\
         b = {{ default = 0.5, meaning = \"\" }}\n[variables]\nz = \"normal\"\n[implicit]\n\"u[j]\" = {{ minimise = \"{energy}\" }}\n\
         [outputs]\ny = {{ value = \"E[z](u[1]*u[3])\", meaning = \"\" }}\n"
    );
    let theory = Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"));
    let pieces = job(&[], &[1.0]).solve(&theory, Settings::default());
    let (_, solution) = pieces[0].curve.solution(0).unwrap();
    assert!(solution.certified.within(1e-12), "{:?}", solution.certified);
    // Σ u = 6 z/(1 + 3 b), u_k = k z − b Σ u.
    let sum = 6.0 / 2.5;
    close("E u₁ u₃", solution.certified.outputs[0], (1.0 - 0.5 * sum) * (3.0 - 0.5 * sum), 1e-12);
}

#[test]
fn what_cannot_be_solved_for_together_is_said() {
    let said = |implicit: &str| theory(implicit, &["E[z](u)"]).map(drop).unwrap_err().to_string();
    let different = said("u = { minimise = \"(u - z - v)^2\" }\nv = { minimise = \"(v - u/2)^2\" }");
    assert!(
        different.contains("`u` and `v`") && different.contains("minimise different things"),
        "{different}"
    );
    let fused = "(u - z)^2/2 + v^2/2 + a*abs(u - v)";
    let fused = said(&format!("u = {{ minimise = \"{fused}\" }}\nv = {{ minimise = \"{fused}\" }}"));
    assert!(fused.contains("`u` and `v` minimise bends sharply in both at once"), "{fused}");
    let four: String = ["u", "v", "p", "q"]
        .iter()
        .zip(["v", "p", "q", "u"])
        .map(|(a, b)| format!("{a} = {{ equation = \"{a} - z - {b}/2\" }}\n"))
        .collect();
    let four = said(&four);
    assert!(four.contains("at most 3 can be solved for together"), "{four}");
    let jumps = said("u = { minimise = \"(u - z - v)^2\", convex = false }\nv = { equation = \"v - u/2\" }");
    assert!(jumps.contains("convex"), "{jumps}");
    let range =
        said("u = { equation = \"u - z - v/2\", range = [\"v\", 9] }\nv = { equation = \"v - u/2\" }");
    assert!(range.contains("the range of `u` depends on `v`"), "{range}");
    let mean = said("u = { equation = \"u - z - E[w](v*w^2)/9\" }\nv = { equation = \"v - u/2\" }");
    assert!(mean.contains("`u` cannot be solved for here: what determines it averages over `v`"), "{mean}");
    // Not what E[w] u is, but u itself, would stand there.
    let own = said("u = { equation = \"u - w - E[w](u)/2\" }");
    assert!(own.contains("averages over `u`"), "{own}");
}

#[test]
fn a_pair_without_a_solution_or_with_several_is_no_number() {
    for implicit in [
        "u = { equation = \"u - 3*tanh(v)\" }\nv = { equation = \"v - 3*tanh(u) - b/10\" }",
        "u = { equation = \"exp(u + v) + 1\" }\nv = { equation = \"v - u\" }",
    ] {
        let theory = theory(implicit, &["u", "v"]).unwrap_or_else(|e| panic!("{e}"));
        let pieces = job(&[], &[1.0]).solve(&theory, Settings::default());
        let outputs = pieces[0].curve.solution(0).map(|(_, s)| s.certified.outputs.clone());
        assert!(outputs.iter().flatten().all(|x| x.is_nan()), "{implicit}: {outputs:?}");
    }
}
