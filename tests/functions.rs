//! The functions of the expression language in equation files: values, exact derivatives, and forms as papers print them.

mod support;

use nalgebra::DVector;
use overlaps::solve::{Equations, Settings};
use overlaps::system::Theory;
use overlaps::verify::Verifier;
use support::{close, job, second_look, solve};

/// A closed form with the outputs `y0`, `y1`, … at a control value.
fn values(expressions: &[&str], t: f64) -> Vec<f64> {
    let outputs: String = expressions
        .iter()
        .enumerate()
        .map(|(i, e)| format!("y{i} = {{ value = \"{e}\", meaning = \"\" }}\n"))
        .collect();
    let text = format!(
        "title = \"x\"\ncontrol = {{ name = \"t\", from = -100, to = 100, points = 3 }}\n\
         [variables]\nz = \"normal\"\n[outputs]\n{outputs}"
    );
    let theory = Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"));
    let pieces = job(&[], &[t]).solve(&theory, Settings::default());
    let (_, solution) = pieces[0].curve.solution(0).unwrap_or_else(|| panic!("{expressions:?} at {t}"));
    solution.certified.outputs.clone()
}

#[test]
fn slopes_are_those_of_differences_over_the_whole_line() {
    // The Jacobian of r = f(x) is f′(x).
    let cases: [(&str, &[f64]); 35] = [
        ("log_normal_cdf(x)", &[-30.0, -7.0, -5.6, -1.0, 0.4, 3.0]),
        ("inverse_mills(x)", &[-30.0, -7.0, -5.6, -1.0, 0.4, 3.0]),
        ("erfcx(x)", &[-2.0, -0.4, 0.3, 0.9, 3.0, 5.0, 20.0]),
        ("softplus(x)", &[-20.0, -1.0, 0.0, 3.0, 30.0]),
        ("log1p(x)", &[-0.5, 0.0, 4.0]),
        ("expm1(x)", &[-4.0, 0.0, 3.0]),
        ("asin(x)", &[-0.9, 0.0, 0.7]),
        ("acos(x)", &[-0.9, 0.0, 0.7]),
        ("log_sum_exp(x, 2*x, 1 - x)", &[-3.0, 0.3, 1.0, 30.0]),
        ("where(x > 1, x^3, -x)", &[0.2, 3.0]),
        ("max(x, 1, -x^2, 2*x)", &[-4.0, 0.2, 0.9, 3.0]),
        ("min(x, x^2, 4)", &[-1.0, 0.5, 3.0, 5.0]),
        ("asinh(x)", &[-30.0, -0.2, 0.0, 3.0]),
        ("normal_quantile(x)", &[0.3, 0.5, 0.7]),
        ("logit(x)", &[0.1, 0.3, 0.5, 0.8]),
        ("binary_entropy(x)", &[0.1, 0.3, 0.5, 0.8]),
        ("log_gamma(x)", &[0.3, 1.0, 1.46, 2.0, 7.0, 40.0]),
        ("digamma(x)", &[0.3, 1.0, 1.46, 2.0, 7.0, 40.0]),
        ("trigamma(x)", &[0.3, 1.0, 1.46, 2.0, 7.0, 40.0]),
        ("bessel_i0(x)", &[-20.0, -1.0, 0.0, 3.0, 25.0]),
        ("bessel_i1(x)", &[-20.0, -1.0, 0.0, 3.0, 25.0]),
        ("bessel_i0e(x)", &[-20.0, -1.0, 0.5, 3.0, 25.0]),
        ("bessel_i1e(x)", &[-20.0, -1.0, 0.5, 3.0, 25.0]),
        ("log_bessel_i0(x)", &[-20.0, -1.0, 0.0, 3.0, 25.0]),
        ("bessel_ratio(x)", &[-20.0, -1.0, 0.0, 3.0, 25.0]),
        ("bessel_i1(x)/bessel_i0(x)", &[-20.0, -1.0, 0.0, 3.0, 25.0]),
        ("log(bessel_i0(x))", &[-20.0, -1.0, 0.0, 3.0, 25.0]),
        ("digamma(x)*trigamma(x)", &[0.3, 1.0, 2.0, 7.0]),
        ("bessel_i0e(x)*bessel_i1e(2*x)", &[-3.0, -1.0, 0.5, 3.0]),
        ("bivariate_normal_cdf(x, 0.3, -0.6)", &[-3.0, -1.0, 0.0, 0.4, 2.0]),
        ("bivariate_normal_cdf(-1, x, 0.999)", &[-3.0, -1.2, 0.0, 2.0]),
        ("bivariate_normal_cdf(-1, 0.5, tanh(x))", &[-2.0, -0.4, 0.0, 1.0, 3.0]),
        ("bivariate_normal_cdf(x, x^2 - 1, tanh(x))", &[-2.0, -0.4, 0.0, 1.0, 2.0]),
        ("bivariate_normal_cdf(x, inf, 0.3)", &[-2.0, 1.0]),
        ("log(bivariate_normal_cdf(x, x - 1, 0.3))", &[-12.0, -5.0, 1.0]),
    ];
    for (f, points) in cases {
        let text = format!(
            "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 2 }}\n\
             [unknowns]\nx = \"x\"\n[residual]\nr = \"{f}\"\n"
        );
        let theory = Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"));
        let mut equations = Equations::new(&theory.pieces[0].system, &[]);
        let mut at = |x: f64| {
            let e = equations.evaluate(0.0, &DVector::from_element(1, x), 5);
            (e.residual[0], e.jacobian[(0, 0)])
        };
        for &x in points {
            let h = 1e-3 * x.abs().clamp(0.1, 2.0);
            let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(|s| at(x + s * h).0);
            let difference = (a - 8.0 * b + 8.0 * c - d) / (12.0 * h);
            let (value, slope) = at(x);
            let round_off = 4.0 * f64::EPSILON * value.abs() / h;
            assert!(
                (slope - difference).abs() <= 2e-9 * difference.abs() + round_off,
                "{f} at {x}: {slope} {difference}"
            );
        }
    }
}

#[test]
fn curvatures_of_the_tails_are_those_of_differences() {
    const LINE: [f64; 6] = [-9.0, -3.0, -0.3, 0.2, 2.0, 8.0];
    const ABOVE: [f64; 5] = [0.1, 0.7, 1.46, 3.0, 30.0];
    const PROBABILITY: [f64; 5] = [0.05, 0.2, 0.5, 0.7, 0.95];
    let cases: [(&str, &[f64]); 19] = [
        ("log_normal_cdf(x)", &LINE),
        ("-log(normal_cdf(-x))", &LINE),
        ("log(erfc(x)/2)", &LINE),
        ("log(erfcx(x))", &LINE),
        ("softplus(x)", &LINE),
        ("asinh(x)", &LINE),
        ("normal_quantile(x)", &PROBABILITY),
        ("logit(x)", &PROBABILITY),
        ("binary_entropy(x)", &PROBABILITY),
        ("log_gamma(x)", &ABOVE),
        ("digamma(x)", &ABOVE),
        ("trigamma(x)", &ABOVE),
        ("bessel_i0(x) + bessel_i1(x)", &LINE),
        ("bessel_i0e(x)", &LINE),
        ("bessel_i1e(x)", &LINE),
        ("log_bessel_i0(x)", &LINE),
        ("bessel_ratio(x)", &LINE),
        ("bivariate_normal_cdf(x, 0.4*x - 1, 0.7)", &LINE),
        ("bivariate_normal_cdf(1 - x/4, 0.5, tanh(x/4))", &LINE),
    ];
    for (f, points) in cases {
        let text = format!(
            "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 2 }}\n\
             [unknowns]\nx = \"x\"\n[energy]\nminimise = \"{f}\"\n"
        );
        let theory = Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"));
        let mut equations = Equations::new(&theory.pieces[0].system, &[]);
        let mut at = |x: f64| {
            let e = equations.evaluate(0.0, &DVector::from_element(1, x), 5);
            (e.residual[0], e.jacobian[(0, 0)])
        };
        for &x in points {
            // Powers of x near 0 have a scale of their own.
            let h = if points[0] > 0.0 { 1e-3 * x * (1.0 - x).clamp(0.05, 1.0) } else { 3e-4 };
            let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(|s| at(x + s * h).0);
            let difference = (a - 8.0 * b + 8.0 * c - d) / (12.0 * h);
            let (slope, curvature) = at(x);
            let round_off = 40.0 * f64::EPSILON * slope.abs() / h;
            assert!(
                (curvature - difference).abs() <= 1e-9 * difference.abs() + round_off,
                "{f} at {x}: {curvature} {difference}"
            );
        }
    }
}

#[test]
fn what_where_does_not_choose_does_not_matter() {
    for (t, chosen) in [(4.0, 2.0), (-4.0, -1.0)] {
        let found = values(&["where(t > 0, sqrt(t), -1)", "where(!(t > 0), -1, E[z](sqrt(t))^1)"], t);
        assert_eq!(found, [chosen, chosen]);
    }
    // Logic and comparisons of any number of names.
    let inside = |t| values(&["where(t > 0 && t < 1 || t == 5, 1, 0)"], t)[0];
    assert_eq!([-1.0, 0.5, 1.0, 5.0].map(inside), [0.0, 1.0, 0.0, 1.0]);
    assert_eq!([-2.0, 0.0, 2.0].map(|t| values(&["step(t)"], t)[0]), [0.0, 0.5, 1.0]);
}

#[test]
fn min_max_and_log_sum_exp_take_any_number_of_arguments() {
    let found =
        values(&["max(t, 1, -t, 7)", "min(3, t, 5)", "log_sum_exp(t)", "log_sum_exp(t, t, t, t)"], 2.0);
    assert_eq!(found[..3], [7.0, 2.0, 2.0]);
    close("log 4 e²", found[3], 2.0 + 4f64.ln(), 1e-15);
    // Far beyond where e^x is a number.
    close("far out", values(&["log_sum_exp(100*t, 0)"], 90.0)[0], 9000.0, 1e-16);
}

#[test]
fn forms_as_they_are_printed_hold_far_out() {
    // mpmath 1.3, 40 digits: φ(38)/Φ(−38), log Φ(−38), log(1 + e^800) = 800, log cosh(800) = 800 − log 2.
    let (mills, log) = (38.026_279_466_575_87, -726.557_216_018_820_1);
    let found = values(
        &[
            "normal_pdf(t)/normal_cdf(-t)",
            "normal_pdf(t)/(1 - normal_cdf(t))",
            "exp(-t^2/2)/sqrt(2*pi)/(erfc(t/sqrt(2))/2)",
            "sqrt(2/pi)*exp(-t*t/2)/erfc(t*sqrt(0.5))",
            "log(normal_cdf(-t))",
            "log(1 - normal_cdf(t))",
            "log(erfc(t/sqrt(2))/2)",
            "log((1 - erf(t/sqrt(2)))/2)",
        ],
        38.0,
    );
    for (i, found) in found.iter().enumerate() {
        let exact = if i < 4 { mills } else { log };
        assert!((found / exact - 1.0).abs() < 2e-15, "form {i}: {found} {exact}");
    }
    let found = values(&["log(1 + exp(8*t))", "log(cosh(8*t))", "log(exp(8*t) + exp(-8*t))"], 100.0);
    assert_eq!(found, [800.0, 800.0 - std::f64::consts::LN_2, 800.0]);
}

#[test]
fn the_spherical_perceptron_is_solved_as_it_is_printed() {
    // q and the residual by mpmath: α = 1.9, where φ/Φ and log Φ of the printed formulas are 0/0 and log 0 at the nodes.
    let theory = Theory::parse(
        "perceptron",
        "title = \"Spherical perceptron, random labels, kappa = 0\"\n\
         control = { name = \"alpha\", from = 0.1, to = 2, points = 39 }\n\
         [variables]\nz = \"normal\"\n[definitions]\nu = \"sqrt(q/(1-q))*z\"\n\
         mills = \"normal_pdf(u)/normal_cdf(-u)\"\n\
         [unknowns]\nq = { meaning = \"overlap\", range = [1e-6, 0.99999] }\n\
         [residual]\nr = \"q/(1-q) - alpha*E[z](mills^2)\"\n\
         [[branch]]\nname = \"rs\"\nstart = [{ q = \"alpha/2\" }]\n\
         [outputs]\nf = { value = \"alpha*E[z](log(normal_cdf(-u))) + log(1-q)/2 + q/(2*(1-q))\", meaning = \"\" }\n",
    )
    .unwrap();
    let rows = solve(&theory, &[], &[1.9]);
    assert!((rows[0].get("q") - 0.970_874_9).abs() < 5e-8, "{}", rows[0].get("q"));
}

#[test]
fn a_definition_may_have_the_name_of_a_newer_function() {
    // Files that were written before there was a function `step` go on to work.
    let theory = Theory::parse(
        "x",
        "title = \"x\"\ncontrol = { name = \"t\", from = -1, to = 1, points = 3 }\n\
         [definitions]\nstep = \"3*t\"\n[outputs]\ny = { value = \"step + step(step)\", meaning = \"\" }\n",
    )
    .unwrap();
    let found: Vec<f64> = solve(&theory, &[], &[]).iter().map(|r| r.get("y")).collect();
    assert_eq!(found, [-3.0, 0.5, 4.0]);
}

#[test]
fn all_names_of_newer_functions_may_be_those_of_definitions() {
    for name in ["asinh", "digamma", "logit", "bessel_ratio", "bivariate_normal_cdf"] {
        let text = format!(
            "title = \"x\"\ncontrol = {{ name = \"t\", from = -1, to = 1, points = 2 }}\n\
             [definitions]\n{name} = \"3*t\"\n[outputs]\ny = {{ value = \"{name}\", meaning = \"\" }}\n"
        );
        let theory = Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"));
        let found: Vec<f64> = solve(&theory, &[], &[]).iter().map(|r| r.get("y")).collect();
        assert_eq!(found, [-3.0, 3.0], "{name}");
    }
}

#[test]
fn averages_of_the_distribution_of_two_variables_are_those_of_wider_ones() {
    // E Φ₂(a + αz, b + βz; ρ) is Φ₂ itself: both variables have z in common.
    for (average, whole, t) in [
        ("t + 0.5*z, 0.3 - 2*z, -0.4", "t/sqrt(1.25), 0.3/sqrt(5), (-0.4 - 1)/sqrt(1.25*5)", -0.7),
        ("t - z, 0.1 + 3*z, 0.9", "t/sqrt(2), 0.1/sqrt(10), (0.9 - 3)/sqrt(20)", 0.2),
    ] {
        let found =
            values(&[&format!("E[z](bivariate_normal_cdf({average})) - bivariate_normal_cdf({whole})")], t);
        assert!(found[0].abs() < 4e-15, "{average}: {}", found[0]);
    }
}

#[test]
fn averages_of_bessel_functions_have_their_closed_forms() {
    // E I₀(az) = e^(a²/4) I₀(a²/4), and far beyond where I₀ is a number (DLMF 10.43.24); the ratio as it is printed neither
    // overflows nor becomes ∞/∞, nor does a logarithm.
    for t in [0.5, 3.0, 20.0] {
        let found = values(
            &[
                "E[z](bessel_i0(t*z))/(exp(t^2/4)*bessel_i0(t^2/4))",
                "E[z](z*bessel_i1(t*z))/(t/2*exp(t^2/4)*(bessel_i0(t^2/4) + bessel_i1(t^2/4)))",
                "bessel_i1(1000*t)/bessel_i0(1000*t) - bessel_ratio(1000*t)",
                "log(bessel_i0(1000*t)) - log_bessel_i0(1000*t)",
                "bessel_i1e(1000*t)/bessel_i0e(1000*t) - bessel_ratio(1000*t)",
            ],
            t,
        );
        for (found, exact) in found.iter().zip([1.0, 1.0, 0.0, 0.0, 0.0]) {
            assert!((found - exact).abs() < 1e-13, "{t}: {found}");
        }
    }
}

#[test]
fn derivatives_of_expressions_are_right_in_both_evaluators() {
    let cases = [
        ("D[x](x^3 - 2*x)", "3*x^2 - 2"),
        ("D[x](exp(-x)/(1 + x^2))", "-exp(-x)*(1/(1 + x^2) + 2*x/(1 + x^2)^2)"),
        ("D[x](D[x](x^2*sin(x)))", "2*sin(x) + 4*x*cos(x) - x^2*sin(x)"),
        ("D[a](x^a)", "x^a*log(x)"),
        ("D[x](tanh(a*x) + log_cosh(x))", "a*(1 - tanh(a*x)^2) + tanh(x)"),
        (
            "D[x](erf(x) + erfc(a*x) + erfcx(x))",
            "2/sqrt(pi)*(exp(-x^2) - a*exp(-a^2*x^2) - 1) + 2*x*erfcx(x)",
        ),
        (
            "D[x](logistic(x)*softplus(a*x))",
            "logistic(x)*(1 - logistic(x))*softplus(a*x) + a*logistic(x)*logistic(a*x)",
        ),
        ("D[x](log_normal_cdf(x) + normal_pdf(x))", "normal_pdf(x)/normal_cdf(x) - x*normal_pdf(x)"),
        (
            "D[x](asin(x/2) + acos(x/3) + atan(x) + atanh(x/4))",
            "1/sqrt(4 - x^2) - 1/sqrt(9 - x^2) + 1/(1 + x^2) + 4/(16 - x^2)",
        ),
        (
            "D[x](sinh(x)*cosh(x) + expm1(x)*log1p(x) + sqrt(x))",
            "cosh(2*x) + exp(x)*log1p(x) + expm1(x)/(1 + x) + 1/(2*sqrt(x))",
        ),
        (
            "D[x](max(x, a) + min(x^2, a) + abs(x - a))",
            "where(x > a, 1, 0) + where(x^2 < a, 2*x, 0) + sign(x - a)",
        ),
        ("D[x](E[z](tanh(x*z)^2))", "E[z](2*z*tanh(x*z)/cosh(x*z)^2)"),
        ("E[z](D[z](tanh(x*z)^3))", "E[z](z*tanh(x*z)^3 + 0)"),
        ("E[z](D[z](tanh(x*z))*D[z](z^2*x))", "E[z](2*x^2*z/cosh(x*z)^2 + 0)"),
        ("D[t](t*x)", "x"),
        (
            "D[x](asinh(a*x) + normal_quantile(x/3) + logit(x/2) + binary_entropy(x/2))",
            "a/sqrt(1 + a^2*x^2) + 1/(3*normal_pdf(normal_quantile(x/3))) + 2/(x*(2 - x)) - logit(x/2)/2",
        ),
        ("D[x](log_gamma(a*x) + digamma(x))", "a*digamma(a*x) + trigamma(x)"),
        // ψ″(1 + x) = ψ″(x) + 2/x³, both of which are nowhere else.
        ("D[x](trigamma(1 + x) - trigamma(x))", "2/x^3"),
        ("D[x](bessel_i0(a*x) + x*bessel_i1(x))", "a*bessel_i1(a*x) + x*bessel_i0(x)"),
        (
            "D[x](bessel_i0e(x) + bessel_i1e(-x))",
            "bessel_i1e(x) - bessel_i0e(x) - bessel_i0e(x) + bessel_i1e(x)*(1/x + 1)",
        ),
        (
            "D[x](log_bessel_i0(a*x) + bessel_ratio(x))",
            "a*bessel_ratio(a*x) + 1 - bessel_ratio(x)/x - bessel_ratio(x)^2",
        ),
        ("D[x](D[x](D[x](bessel_i0(x - 2*t))))", "0"),
        ("D[x](D[x](bessel_ratio(x - 2*t)))", "0"),
        (
            "D[x](bivariate_normal_cdf(x, a*x, 0.6))",
            "normal_pdf(x)*normal_cdf((a - 0.6)*x/0.8) + a*normal_pdf(a*x)*normal_cdf((1 - 0.6*a)*x/0.8)",
        ),
        ("D[a](bivariate_normal_cdf(x, -x, a))", "exp(-x^2/(1 - a))/(2*pi*sqrt(1 - a^2))"),
        (
            "D[x](E[z](bivariate_normal_cdf(x + z, x - z, -0.8)))",
            "E[z](normal_pdf(x + z)*normal_cdf((x - z + 0.8*(x + z))/0.6)*2)",
        ),
        ("E[z](D[z](log_bessel_i0(x*z)))", "E[z](z*log_bessel_i0(x*z))"),
        ("E[z](D[z](bessel_i0e(x*z))*z)", "E[z]((z^2 - 1)*bessel_i0e(x*z))"),
    ];
    for (expression, derivative) in cases {
        let text = format!(
            "title = \"t\"\ncontrol = {{ name = \"t\", from = 0.3, to = 0.9, points = 2 }}\n[parameters]\n\
             a = {{ default = 0.7, meaning = \"\" }}\n[variables]\nz = \"normal\"\n[unknowns]\nx = \"\"\n\
             [fixed_point]\nx = \"2*t\"\n[outputs]\nf = {{ value = \"{expression}\", meaning = \"\" }}\n\
             g = {{ value = \"{derivative}\", meaning = \"\" }}\n"
        );
        let theory = Theory::parse("t", &text).unwrap_or_else(|e| panic!("{expression}: {e}"));
        let verifier = Verifier::new(&theory.pieces[0].system, &[0.7]).unwrap_or_else(|e| panic!("{e}"));
        for t in [0.3, 0.9] {
            let solved = job(&[], &[t]).solve(&theory, Settings::default());
            let (_, solution) = solved[0].curve.solution(0).unwrap_or_else(|| panic!("{expression}"));
            let [x, f, g] = solution.certified.outputs[..] else { panic!("{expression}") };
            assert!((f - g).abs() < 1e-13 * g.abs().max(1.0), "{expression} at {t}: {f} {g}");
            let report = second_look(&verifier, solution, &[x, g, g], 0.0);
            assert!(report.disagreements.is_empty(), "{expression} at {t}: {:?}", report.disagreements);
        }
    }
}

#[test]
fn averages_over_probabilities_have_their_closed_forms() {
    // Φ(z) is uniform on (0, 1), where E h = 1/2, E q(p/2)² = 1; E log Γ(U) = log √(2π) (Raabe).
    let found = values(
        &[
            "E[z](binary_entropy(normal_cdf(z)))",
            "E[z](normal_quantile(normal_cdf(z)/2)^2)",
            "E[z](logit(logistic(z))^2)",
            "E[z](log_gamma(normal_cdf(z)))",
            "E[z](asinh(sinh(z))^2)",
            "E[z](normal_cdf(z)^2*trigamma(1 + normal_cdf(z)))",
        ],
        0.0,
    );
    // ∫₀¹ p² ψ′(1 + p) dp by parts, with ∫₀¹ log Γ(1 + p) dp = log √(2π) − 1.
    let euler = 0.577_215_664_901_532_9;
    let half_log = 0.918_938_533_204_672_7;
    let by_parts = (1.0 - euler) + 2.0 * (half_log - 1.0);
    let exact = [0.5, 1.0, 1.0, half_log, 1.0, by_parts];
    for (i, (found, exact)) in found.iter().zip(exact).enumerate() {
        assert!((found / exact - 1.0).abs() < 1e-12, "{i}: {found} {exact}");
    }
}

#[test]
fn the_derivative_of_a_jump_is_a_factor_of_an_average() {
    // E δ(z − x) f(z) = φ(x) f(x).
    let found = values(
        &["E[z](D[z](step(z - t))*z^2)", "normal_pdf(t)*t^2", "D[t](E[z](step(z - t)))", "-normal_pdf(t)"],
        0.7,
    );
    assert!((found[0] - found[1]).abs() < 1e-15 && (found[2] - found[3]).abs() < 1e-15, "{found:?}");
    for nonsense in
        ["E[z](tanh(D[z](step(z))))", "E[z](1/D[z](sign(z)))", "E[z](D[z](step(z))*D[z](step(z - t)))"]
    {
        let text = format!(
            "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 2 }}\n\
             [variables]\nz = \"normal\"\n[outputs]\ny = {{ value = \"{nonsense}\", meaning = \"\" }}\n"
        );
        let error = Theory::parse("x", &text).unwrap_err().to_string();
        assert!(error.contains("only as a factor inside an average"), "{nonsense}: {error}");
    }
}
