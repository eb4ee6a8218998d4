//! Exact derivatives against differences, for every built-in system, and averages against closed forms.

mod support;

use nalgebra::DVector;
use overlaps::average::rungs;
use overlaps::solve::{Equations, Settings};
use overlaps::system::{BUILT_IN, Kind, Theory};
use overlaps::value::Value;
use support::{close, job, solve, theory};

#[test]
fn gradients_jacobians_and_control_derivatives_agree_with_differences() {
    let mut checked = 0;
    for name in BUILT_IN.iter().filter(|system| system.subject().is_empty()).map(|system| system.name) {
        for piece in &theory(name).pieces {
            let system = &piece.system;
            let k = system.unknowns.len();
            if system.kind == Kind::ClosedForm {
                continue;
            }
            // Every word that a parameter can be.
            let mut settings =
                vec![vec![("n".into(), 7.0.into()), ("d".into(), 900.0.into()), ("T".into(), 0.6.into())]];
            for parameter in &system.parameters {
                for word in parameter.words.iter().skip(1) {
                    let mut other = settings[0].clone();
                    other.push((parameter.name.clone(), Value::from(word.as_str())));
                    settings.push(other);
                }
            }
            for given in settings {
                let mut equations = Equations::new(system, &system.parameter_values(&given));
                let rung = 8;
                for (shift, control) in [(0.0, 0.31), (0.13, 0.52)] {
                    let control = system.control.from + control * (system.control.to - system.control.from);
                    let x = DVector::from_fn(k, |i, _| [0.83, 0.74, 0.41][i] - shift);
                    let exact_along = equations.along_control(control, &x, rung);
                    let at = equations.evaluate(control, &x, rung).clone();
                    let h = 1e-5;
                    // Fourth-order central differences: error ~ h⁴ and round-off ~ 1e-16/h.
                    let mut difference = |f: &mut dyn FnMut(&mut Equations, f64) -> Vec<f64>| -> Vec<f64> {
                        let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(|s| f(&mut equations, s * h));
                        (0..a.len()).map(|i| (a[i] - 8.0 * b[i] + 8.0 * c[i] - d[i]) / (12.0 * h)).collect()
                    };
                    let scale = at.jacobian.amax().max(exact_along.amax()).max(1.0);
                    for j in 0..k {
                        let column = difference(&mut |e, s| {
                            let mut y = x.clone();
                            y[j] += s;
                            let energy = e.energy(control, &y, rung);
                            e.residual(control, &y, rung).iter().copied().chain([energy]).collect()
                        });
                        for (i, numeric) in column.iter().take(k).enumerate() {
                            let exact = at.jacobian[(i, j)];
                            assert!(
                                (numeric - exact).abs() < 1e-8 * scale,
                                "{name} J[{i},{j}]: {numeric} {exact}"
                            );
                        }
                        if system.kind == Kind::Energy {
                            let exact = at.residual[j];
                            assert!((column[k] - exact).abs() < 1e-8 * scale, "{name} gradient {j}");
                        }
                    }
                    let along = difference(&mut |e, s| {
                        e.evaluate(control + s, &x, rung).residual.iter().copied().collect()
                    });
                    for i in 0..k {
                        let exact = exact_along[i];
                        assert!(
                            (along[i] - exact).abs() < 1e-8 * scale,
                            "{name} ∂/∂control [{i}]: {} {exact}",
                            along[i]
                        );
                    }
                    checked += 1;
                }
            }
        }
    }
    assert!(checked >= 22, "{checked}");
}

fn closed_form(variables: &str, outputs: &[(&str, &str)]) -> Theory {
    let outputs: String =
        outputs.iter().map(|(n, e)| format!("{n} = {{ value = \"{e}\", meaning = \"\" }}\n")).collect();
    let text = format!(
        "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 2, points = 3 }}\n[variables]\n{variables}\n[outputs]\n{outputs}"
    );
    Theory::parse("closed", &text).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn averages_over_several_and_nested_variables_have_their_closed_forms() {
    let theory = closed_form(
        "x = \"normal\"\ny = \"normal\"\ns = { values = [2, -1, 0], weights = [0.25, \"1/4\", 0.5] }",
        &[
            ("product", "E[x,y](exp((x + 2*y)/3))"),     // e^{5/18}
            ("coupled", "E[x,y](exp(x*y/2))"),           // 1/√(1 − 1/4)
            ("nested", "E[x](exp(E[y]((x + y)^2)/8))"),  // e^{1/8} E e^{x²/8}
            ("shadowed", "E[x](x^2*E[x](x^4))"),         // 3
            ("discrete", "E[s,x](s^2*normal_cdf(s*x))"), // E s²/2
            ("squares", "E[s](E[x](s + x)^2)"),          // E s²
            ("cosine", "E[x](normal_cdf(t + x))"),       // Φ(t/√2)
            ("order", "E[x,s](s*x^2 + s^2)"),
        ],
    );
    let row = &solve(&theory, &[], &[1.0])[0];
    let es2 = 0.25 * 4.0 + 0.25;
    close("product", row.get("product"), (5.0f64 / 18.0).exp(), 1e-14);
    close("coupled", row.get("coupled"), 1.0 / 0.75f64.sqrt(), 1e-12);
    close("nested", row.get("nested"), 0.125f64.exp() / 0.75f64.sqrt(), 1e-12);
    close("shadowed", row.get("shadowed"), 3.0, 1e-14);
    close("discrete", row.get("discrete"), es2 / 2.0, 1e-14);
    close("squares", row.get("squares"), es2, 1e-14);
    close("cosine", row.get("cosine"), 0.5 * libm::erfc(-0.5), 1e-14);
    close("order", row.get("order"), 0.25 + es2, 1e-14);
}

#[test]
fn the_two_evaluators_and_the_two_quadratures_agree() {
    // Compiled program on the ladder against the interpreter on the double-exponential rule.
    let nested = closed_form(
        "x = \"normal\"\ny = \"normal\"",
        &[
            ("a", "E[x](log_cosh(x + t*E[y](tanh(x*y + t))))"),
            ("c", "E[x](sqrt(1 + x^2)*E[y](erf(x + 2*y)*erfc(x)))"),
        ],
    );
    let settings = Settings { tolerance: 1e-10, ..Settings::default() };
    let pieces = job(&[], &[0.3]).solve(&nested, settings);
    let (worst, column) = overlaps::solve::verify(&pieces[0], pieces[0].curve.solution(0).unwrap().1);
    assert!(worst < 1e-10, "nested averages: {worst:e} in {column}");
    for name in ["first-phase", "finite-d", "first-phase-printed", "hopfield"] {
        let theory = theory(name);
        let control = if name == "hopfield" { 0.08 } else { 0.7 };
        for piece in job(&[], &[control]).solve(&theory, Settings::default()) {
            let (_, solution) = piece.curve.solution(0).unwrap();
            let (worst, column) = overlaps::solve::verify(&piece, solution);
            assert!(worst < 2e-12, "{name}: {worst:e} in {column}");
        }
    }
}

#[test]
fn every_step_of_the_ladder_agrees_with_the_next_for_a_smooth_average() {
    let theory = theory("first-phase");
    let system = &theory.pieces[0].system;
    let mut equations = Equations::new(system, &system.parameter_values(&[]));
    let x = DVector::from_vec(vec![0.4, 0.7]);
    for rung in 2..rungs() - 1 {
        let error = equations.quadrature_error(0.1, &x, rung);
        assert!(error < 1e-12, "rung {rung}: {error:e}");
    }
}

/// A zero of what jumps may lie on a place that is looked at, or within its last digits: it counts once.
#[test]
fn derivatives_of_averages_count_every_jump_once() {
    let edges = "(normal_pdf(sqrt(2*t) - b) + normal_pdf(sqrt(2*t) + b))";
    let text = format!(
        "title = \"x\"\ncontrol = {{ name = \"t\", from = 0.01, to = 4, points = 2 }}\n\
         [parameters]\nb = {{ default = 0.5, meaning = \"\" }}\n[variables]\nz = \"normal\"\n[outputs]\n\
         kept = {{ value = \"D[t](E[z](where(abs(z + b) > sqrt(2*t), (z + b)^2, 0)))\", meaning = \"\" }}\n\
         known = {{ value = \"-sqrt(2*t)*{edges}\", meaning = \"\" }}\n\
         inside = {{ value = \"D[t](E[z](step(2*t - (z + b)^2)))\", meaning = \"\" }}\n\
         edges = {{ value = \"{edges}/sqrt(2*t)\", meaning = \"\" }}\n\
         guarded = {{ value = \"D[b](E[z](where(abs(z + b) < t, sqrt(2 - min(abs(z + b)/t, 1)), max(abs(z + b)/t, 1)^2)))\", meaning = \"\" }}\n\
         by_parts = {{ value = \"E[z](z*where(abs(z + b) < t, sqrt(2 - min(abs(z + b)/t, 1)), max(abs(z + b)/t, 1)^2))\", meaning = \"\" }}\n"
    );
    let theory = Theory::parse("edges", &text).unwrap_or_else(|e| panic!("{e}"));
    let controls: Vec<f64> = (1..=100).map(|i| 0.04 * f64::from(i)).collect();
    for b in [0.5, 0.0, -1.25, 0.3] {
        for (row, t) in solve(&theory, &[("b", b)], &controls).iter().zip(&controls) {
            for (value, known) in [("kept", "known"), ("inside", "edges"), ("guarded", "by_parts")] {
                let (value, known) = (row.get(value), row.get(known));
                assert!((value - known).abs() < 1e-12, "{value} is not {known} at t = {t}, b = {b}");
            }
        }
    }
}
