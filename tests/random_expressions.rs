//! Random equation files: the compiled program on the quadrature ladder against the interpreter on the
//! double-exponential rule, and exact derivatives against differences.

use nalgebra::DVector;
use overlaps::solve::{Equations, Job, Settings, verify};
use overlaps::system::Theory;
use proptest::prelude::*;

const FUNCTIONS: [&str; 5] = ["tanh", "logistic", "normal_cdf", "log_cosh", "erf"];

/// A smooth expression of the given names, bounded enough that its average exists.
fn expression(names: &'static [&'static str], averages: bool) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => proptest::sample::select(names).prop_map(str::to_string),
        1 => (-3.0..3.0f64).prop_map(|x| format!("({x:.3})")),
    ];
    leaf.prop_recursive(5, 24, 2, move |inner| {
        let two = (inner.clone(), inner.clone());
        let mut choices = vec![
            two.clone().prop_map(|(a, b)| format!("({a} + {b})")).boxed(),
            two.clone().prop_map(|(a, b)| format!("({a} - {b})")).boxed(),
            two.clone().prop_map(|(a, b)| format!("({a} * tanh({b}))")).boxed(),
            two.clone().prop_map(|(a, b)| format!("({a} / (2 + tanh({b})))")).boxed(),
            two.prop_map(|(a, b)| format!("choose(word, {a}, {b})")).boxed(),
            (proptest::sample::select(&FUNCTIONS[..]), inner.clone())
                .prop_map(|(f, a)| format!("{f}({a})"))
                .boxed(),
            inner.clone().prop_map(|a| format!("tanh({a})^2")).boxed(),
        ];
        if averages {
            choices.push(inner.prop_map(|a| format!("E[s]({a})")).boxed());
        }
        proptest::strategy::Union::new(choices)
    })
}

fn file(body: &str) -> String {
    format!(
        "title = \"random\"\ncontrol = {{ name = \"t\", from = -2, to = 2, points = 3 }}\n\
         [parameters]\na = {{ default = 0.7, meaning = \"\" }}\n\
         word = {{ values = [\"first\", \"second\"], default = \"first\", meaning = \"\" }}\n\
         [variables]\ns = {{ values = [1, -0.5, 2], weights = [0.5, 0.3, \"1 - 0.8\"] }}\nz = \"normal\"\n{body}"
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_evaluators_agree(
        f in expression(&["s", "z", "a", "t", "h"], true),
        g in expression(&["s", "z", "a", "t", "h"], false),
        word in prop_oneof![Just("first"), Just("second")],
    ) {
        let text = file(&format!(
            "[definitions]\nh = \"s*t + a*z\"\nf = \"{f}\"\n\
             [outputs]\nx = {{ value = \"E[s,z](f)\", meaning = \"\" }}\n\
             y = {{ value = \"E[s](E[z]({g})^2)\", meaning = \"\" }}\n\
             w = {{ value = \"E[s,z](z*({g})*E[s](tanh(h)))\", meaning = \"\" }}\n"
        ));
        let theory = Theory::parse("random", &text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        let settings = Settings { tolerance: 1e-11, ..Settings::default() };
        let job = Job { parameters: vec![("word".into(), word.into())], controls: Some(vec![0.6]) };
        for piece in job.solve(&theory, settings).unwrap() {
            let (_, solution) = piece.curve.solution(0).expect("a closed form has a row");
            if solution.certified.quadrature_error <= 1e-11 {
                let size = solution.certified.outputs.iter().fold(1.0f64, |m, v| m.max(v.abs()));
                let (difference, column) = verify(&piece, solution);
                prop_assert!(difference < 1e-9 * size, "{column}: {difference:e}\n{text}");
            }
        }
    }

    #[test]
    fn derivatives_agree_with_differences(
        f in expression(&["s", "z", "a", "t", "u", "v"], true),
        word in prop_oneof![Just("first"), Just("second")],
    ) {
        let text = file(&format!(
            "[unknowns]\nu = \"first\"\nv = \"second\"\n\
             [energy]\nminimise = \"E[s,z]({f}) + E[s](E[z](tanh({f}))^2)\"\n\
             [outputs]\nx = {{ value = \"u\", meaning = \"\" }}\n"
        ));
        let theory = Theory::parse("random", &text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        let system = &theory.pieces[0].system;
        let mut equations =
            Equations::new(system, &system.parameter_values(&[("word".into(), word.into())]));
        let (control, rung, h) = (0.4, 3, 1e-4);
        let x = DVector::from_vec(vec![0.37, -0.58]);
        let along = equations.along_control(control, &x, rung);
        let at = equations.evaluate(control, &x, rung).clone();
        let scale = at.jacobian.amax().max(at.residual.amax()).max(along.amax()).max(1.0);
        let mut difference = |shift: &dyn Fn(f64) -> (f64, DVector<f64>)| {
            let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(|k| {
                let (control, x) = shift(k * h);
                let energy = equations.energy(control, &x, rung);
                let residual = equations.residual(control, &x, rung);
                DVector::from_vec(vec![energy, residual[0], residual[1]])
            });
            (a - b * 8.0 + c * 8.0 - d) / (12.0 * h)
        };
        for j in 0..2 {
            let numeric = difference(&|s| { let mut y = x.clone(); y[j] += s; (control, y) });
            prop_assert!((numeric[0] - at.residual[j]).abs() < 1e-8 * scale, "gradient {j}\n{text}");
            for i in 0..2 {
                let exact = at.jacobian[(i, j)];
                prop_assert!((numeric[i + 1] - exact).abs() < 1e-7 * scale, "Hessian {i} {j}: {} {exact}\n{text}", numeric[i + 1]);
            }
        }
        let numeric = difference(&|s| (control + s, x.clone()));
        for i in 0..2 {
            prop_assert!((numeric[i + 1] - along[i]).abs() < 1e-7 * scale, "control {i}\n{text}");
        }
    }
}
