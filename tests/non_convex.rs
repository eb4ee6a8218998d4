//! Minimisers of what has several minima, at every node of an average: against closed forms of proximal operators that jump.

mod support;

use overlaps::solve::Settings;
use overlaps::system::Theory;
use support::{SecondLook, agree_at, close, file_of, job, over_normals};

fn pairs(implicit: &str, controls: &[f64], expressions: &[&str], tolerance: f64) {
    agree_at(controls, &over_normals(implicit), expressions, tolerance, SecondLook::IfKnown);
}

#[test]
fn a_penalty_on_the_number_of_weights_is_a_hard_threshold() {
    // x² /2 against a: kept where |x| > √(2a).
    let implicit = "p = { minimise = \"(p - z - b)^2/2 + a*abs(sign(p))\", convex = false }";
    let kept =
        |inside: &str, outside: &str| format!("E[z](where(abs(z + b) > sqrt(2*a), {inside}, {outside}))");
    pairs(
        implicit,
        &[0.2, 1.0, 2.5],
        &[
            "E[z](p)",
            &kept("z + b", "0"),
            "E[z](p^2)",
            &kept("(z + b)^2", "0"),
            // The Moreau envelope is continuous.
            "E[z]((p - z - b)^2/2 + a*abs(sign(p)))",
            &kept("a", "(z + b)^2/2"),
        ],
        1e-12,
    );
}

#[test]
fn derivatives_of_averages_have_a_part_in_the_jump() {
    let implicit = "p = { minimise = \"(p - z - b)^2/2 + a*abs(sign(p))\", convex = false }";
    let kept = |inside: &str| format!("E[z](where(abs(z + b) > sqrt(2*a), {inside}, 0))");
    let by = |x: &str, y: &str| format!("D[{x}]({y})");
    pairs(
        implicit,
        &[0.2, 1.0, 2.5],
        &[
            &by("a", "E[z](p^2)"),
            &by("a", &kept("(z + b)^2")),
            &by("b", "E[z](p)"),
            &by("b", &kept("z + b")),
            &by("b", "E[z](exp(p/3))"),
            &by("b", "E[z](where(abs(z + b) > sqrt(2*a), exp((z + b)/3), 1))"),
        ],
        1e-11,
    );
}

/// The root of p − x + a p (p² − 1) = 0 with the sign of x that is the lowest minimum of (p − x)²/2 + a (p² − 1)²/4, for a > 1.
fn cubic() -> String {
    // p³ − c p − x/a = 0 with c = (a − 1)/a, by the cosine of a third of the angle, or the hyperbolic one.
    let c = "((a - 1)/a)";
    let s = format!("(1.5*abs(z + b)/(a*{c})*sqrt(3/{c}))");
    let inside = format!("cos(acos(min({s}, 1))/3)");
    let outside = format!("cosh(log(max({s}, 1) + sqrt(max({s}^2 - 1, 0)))/3)");
    format!("sign(z + b)*2*sqrt({c}/3)*where({s} < 1, {inside}, {outside})")
}

#[test]
fn the_loss_of_phase_retrieval_has_the_root_of_a_cubic() {
    let implicit = "p = { minimise = \"(p - z - b)^2/2 + a*(p^2 - 1)^2/4\", convex = false }";
    let root = cubic();
    let of = |f: &str| {
        (format!("E[z]({})", f.replace('@', "p")), format!("E[z]({})", f.replace('@', &format!("({root})"))))
    };
    let cases = ["@", "@^2", "exp(@/2)"].map(of);
    let expressions: Vec<&str> = cases.iter().flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect();
    pairs(implicit, &[1.5, 2.5, 8.0], &expressions, 1e-10);
    // The jump from −1 to 1 at z = −b moves with b; by parts, since p depends on z + b alone.
    let [slope, known] = ["D[b](E[z](p))".to_string(), format!("E[z](z*{root})")];
    // The envelope theorem: the derivative of the least value has no part in the jump.
    let least = "D[b](E[z]((p - z - b)^2/2 + a*(p^2 - 1)^2/4))";
    pairs(implicit, &[1.5, 2.5, 8.0], &[&slope, &known, least, "E[z](z + b - p)"], 1e-9);
}

#[test]
fn the_clipped_penalty_jumps_where_the_noise_is_large() {
    // Fan and Li's penalty with a = 3.7 and V = 4 > a − 1: soft up to |x| = 4.35, then none. (|x| − V/2 against (a + 1)/2.)
    let penalty = "where(abs(p) <= 1, abs(p), where(abs(p) <= 3.7, (7.4*abs(p) - p^2 - 1)/5.4, 2.35))";
    let implicit = format!("p = {{ minimise = \"(p - 3*z - b)^2/8 + {penalty}\", convex = false }}");
    let known = |f: &str| {
        let of = |p: &str| f.replace('@', p);
        format!(
            "E[z](where(abs(3*z + b) < 4, {}, where(abs(3*z + b) < 4.35, {}, {})))",
            of("0"),
            of("(3*z + b - 4*sign(3*z + b))"),
            of("(3*z + b)")
        )
    };
    pairs(&implicit, &[1.0], &["E[z](p)", &known("@"), "E[z](p^2)", &known("@^2")], 1e-11);
    // With V = 1 it does not jump.
    let implicit = format!("p = {{ minimise = \"(p - 3*z - b)^2/2 + {penalty}\", convex = false }}");
    let x = "abs(3*z + b)";
    let known =
        format!("E[z](where({x} <= 2, max({x} - 1, 0), where({x} <= 3.7, (2.7*{x} - 3.7)/1.7, {x}))^2)");
    pairs(&implicit, &[1.0], &["E[z](p^2)", &known], 1e-11);
}

#[test]
fn a_root_of_the_modulus_as_penalty() {
    // |p|^(1/2): the half threshold of Xu et al., 2012: 0 up to |x| = (3/2) a^(2/3) for (p − x)²/2 + a |p|^(1/2), above it
    // (2/3)|x| (1 + cos(2π/3 − (2/3) arccos((a/4)(|x|/3)^(−3/2)))) .
    let implicit = "p = { minimise = \"(p - z - b)^2/2 + a*sqrt(abs(p))\", convex = false }";
    let x = "abs(z + b)";
    let threshold = "1.5*a^(2/3)";
    let root = format!("2/3*{x}*(1 + cos(2*pi/3 - 2/3*acos(min(1, a/4*({x}/3)^(-1.5)))))");
    let known = format!("E[z](where({x} > {threshold}, ({root})^2, 0))");
    pairs(implicit, &[0.5, 1.0], &["E[z](p^2)", &known], 1e-10);
}

#[test]
fn a_range_is_a_constraint() {
    let implicit =
        "p = { minimise = \"(p - z)^2/2 + a*(p^2 - 1)^2/4\", convex = false, range = [-1.2, 0.4] }";
    let theory = Theory::parse("x", &file_of(&over_normals(implicit), &["E[z](p)"])).unwrap();
    let pieces = job(&[], &[2.0]).solve(&theory, Settings::default());
    let (_, solution) = pieces[0].curve.solution(0).unwrap();
    assert!(solution.certified.within(1e-12), "{:?}", solution.certified);
    // From the roots of the cubic and the ends, cut where they exchange (SciPy).
    close("mean", solution.certified.outputs[0], -0.290_219_076_275_228_9, 1e-12);
}

#[test]
fn what_cannot_be_derived_and_what_is_no_minimum_is_said() {
    let with = |implicit: &str, output: &str| {
        Theory::parse("x", &file_of(&over_normals(implicit), &[output])).map(drop).unwrap_err().to_string()
    };
    let jumps = "p = { minimise = \"(p - z)^2/2 + a*abs(sign(p))\", convex = false }";
    for output in ["E[z](D[z](p))", "E[z](D[a](p^2))"] {
        let said = with(jumps, output);
        assert!(said.contains("may jump") && said.contains("D[x](E[z](…))"), "{said}");
    }
    let said = with("p = { equation = \"p^3 - z\", convex = false }", "E[z](p)");
    assert!(said.contains("`convex` goes with `minimise`"), "{said}");
    let said = with("p = { minimise = \"p^2 - z\", convex = 1 }", "E[z](p)");
    assert!(said.contains("convex") || said.contains("boolean"), "{said}");
}
