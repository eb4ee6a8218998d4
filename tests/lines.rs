//! The lines on which an output is zero: against closed forms, and against numbers of a Newton iteration in two or three unknowns with a
//! trapezoid rule (NumPy), which knows nothing of rows, branches or brackets.

mod support;

use overlaps::experiment::{Critical, Experiment};
use overlaps::model::Running;
use overlaps::output::{Cell, Table};
use overlaps::study::{Plan, Wanted};
use overlaps::system::Theory;
use support::{close, theory};

/// The zeros of an output, with these sweeps.
fn zeros(theory: &Theory, output: &str, branches: bool, sweeps: &[(&str, &[f64])]) -> Table {
    let mut wanted = Wanted::default();
    for (name, values) in sweeps {
        match values {
            [one] => wanted.set(name, *one),
            values => wanted.sweep(name, values.iter().copied()).unwrap(),
        }
    }
    let mut theory = theory.clone();
    let plan = Plan::of_theories(&wanted, std::slice::from_mut(&mut theory)).unwrap();
    let critical = Critical::new(theory, plan, 1e-12).unwrap();
    let critical = critical.zero_of(output).and_then(|c| c.with_branches(branches)).unwrap();
    critical.run(&Running::ON).unwrap().unwrap()
}

fn words(table: &Table, column: &str) -> Vec<String> {
    let place = table.column(column).unwrap();
    table.rows.iter().map(|row| row[place].to_string()).collect()
}

fn number(table: &Table, column: &str, row: usize) -> f64 {
    table.number(column, row).unwrap()
}

fn range(from: f64, to: f64, points: usize) -> Vec<f64> {
    (0..points).map(|i| from + (to - from) * i as f64 / (points - 1) as f64).collect()
}

#[test]
fn the_de_almeida_thouless_line_of_the_sherrington_kirkpatrick_model() {
    // H → T, q where q = E tanh², T² = E cosh⁻⁴ (NumPy, fsolve of both).
    let line = [
        (0.001, 0.990_942_474_927_033_7, 0.009_138_836_695_289_008),
        (0.01, 0.958_466_169_377_063, 0.043_193_138_281_199_35),
        (0.1, 0.818_849_854_110_175_7, 0.209_171_534_477_101_4),
        (0.5, 0.535_104_943_115_391_9, 0.595_125_848_629_292_2),
        (1.1, 0.286_400_387_374_316_1, 0.876_189_542_919_048_6),
    ];
    let fields: Vec<f64> = line.iter().map(|(field, _, _)| *field).collect();
    let found = zeros(
        &theory("sherrington-kirkpatrick"),
        "stability",
        false,
        &[("H", &fields), ("T", &range(0.2, 1.2, 6))],
    );
    assert_eq!(found.rows.len(), line.len());
    for (row, (field, temperature, q)) in line.into_iter().enumerate() {
        assert_eq!(number(&found, "H", row), field);
        close("T", number(&found, "T", row), temperature, 1e-12);
        close("q", number(&found, "q", row), q, 1e-9);
        assert!(number(&found, "control_error", row) < 1e-9);
        assert!(
            (number(&found, "T", row) - temperature).abs()
                <= 3.0 * number(&found, "control_error", row).max(1e-14)
        );
    }
    // Small fields: 1 − T = (3/4)^(1/3) H^(2/3).
    close("small H", (1.0 - number(&found, "T", 0)) / (0.75_f64.cbrt() * 1e-2), 1.0, 4e-3);
    assert!(words(&found, "change").iter().all(|c| c == "rises through zero"));
}

#[test]
fn without_a_field_the_line_begins_at_the_critical_temperature() {
    let found = zeros(&theory("sherrington-kirkpatrick"), "stability", false, &[("T", &range(0.6, 1.4, 5))]);
    assert_eq!(words(&found, "change"), ["rises through zero"]);
    assert_eq!(number(&found, "T", 0), 1.0);
    // On a grid without T = 1, where branch gives way to branch a little below.
    let found = zeros(&theory("sherrington-kirkpatrick"), "stability", false, &[("T", &range(0.51, 1.4, 7))]);
    assert_eq!(words(&found, "change"), ["rises through zero"]);
    close("T_c", number(&found, "T", 0), 1.0, 1e-14);
}

#[test]
fn the_capacity_of_the_ising_perceptron_is_where_its_entropy_is_zero() {
    // κ → α, q, q̂ (NumPy, fsolve of the saddle point with s = 0); at κ = 0 the 0.833 of Krauth and Mézard.
    let line = [
        (0.0, 0.833_078_599_74, 0.563_949_08, 2.576_351_32),
        (0.5, 0.455_664_56, 0.638_413_33, 4.083_228_09),
        (1.0, 0.270_700_09, 0.699_884_63, 6.271_733_19),
    ];
    let margins: Vec<f64> = line.iter().map(|(kappa, ..)| *kappa).collect();
    let found = zeros(
        &theory("ising-storage"),
        "entropy",
        false,
        &[("kappa", &margins), ("alpha", &[0.1, 0.25, 0.4, 0.6, 0.9])],
    );
    // With a margin the branch ends before the last rows; at κ = 1 the zero lies between the last row that has it and that end.
    let changes = words(&found, "change");
    let zeros: Vec<usize> = (0..changes.len()).filter(|row| changes[*row] == "falls through zero").collect();
    assert!(
        zeros.len() == 3 && (0..changes.len()).all(|row| zeros.contains(&row) || changes[row] == "unknown")
    );
    for (row, (_, alpha, q, q_hat)) in zeros.into_iter().zip(line) {
        close("alpha", number(&found, "alpha", row), alpha, 2e-8);
        close("q", number(&found, "q", row), q, 2e-8);
        close("q_hat", number(&found, "q_hat", row), q_hat, 2e-8);
        assert!(number(&found, "entropy", row).abs() < 1e-12);
    }
}

#[test]
fn the_capacity_of_the_spherical_perceptron_as_an_integral() {
    let text = "title = \"Gardner\"\ncontrol = { name = \"alpha\", from = 0.1, to = 4, points = 9 }\n\
                [parameters]\nkappa = { default = 0, meaning = \"margin\" }\n[variables]\nt = \"normal\"\n\
                [outputs]\nroom = \"1 - alpha*E[t](step(t + kappa)*(t + kappa)^2)\"\n";
    let text = text
        .replace("room = ", "room = { meaning = \"0 at the capacity\", value = ")
        .replace("^2)\"", "^2)\" }");
    let found =
        zeros(&Theory::parse("gardner-line", &text).unwrap(), "room", false, &[("kappa", &[0.0, 0.5, 1.0])]);
    // 1/α = (1 + κ²)Φ(κ) + κφ(κ), of mpmath.
    for (row, alpha) in [2.0, 0.961_205_052_801_541_8, 0.519_572_229_604_938].into_iter().enumerate() {
        close("alpha", number(&found, "alpha", row), alpha, 1e-12);
    }
}

#[test]
fn an_entropy_that_vanishes_and_stays_zero_says_where() {
    // T_c = 1/(2√log 2): below it the entropy is zero, above it positive.
    let found = zeros(&theory("random-energy"), "entropy", false, &[]);
    assert_eq!(words(&found, "change"), ["leaves zero"]);
    close("T_c", number(&found, "T", 0), 0.5 / 2.0_f64.ln().sqrt(), 1e-14);
    // A magnetisation that goes to zero as a root, backwards and forwards.
    for controls in [range(0.55, 1.45, 10), range(1.45, 0.55, 10)] {
        let found = zeros(&theory("curie-weiss"), "m", false, &[("T", &controls)]);
        let change = if controls[0] < 1.0 { "becomes zero" } else { "leaves zero" };
        assert_eq!(words(&found, "change"), [change]);
        close("T_c", number(&found, "T", 0), 1.0, 1e-10);
    }
}

/// A ferromagnet along its field, with what vanishes where a branch turns back.
const ALONG_FIELD: &str = r#"
title   = "Curie–Weiss magnet along its field"
control = { name = "h", from = -0.6, to = 0.6, points = 41, meaning = "field" }
[parameters]
T = { default = 0.5, domain = "T > 0 && T < inf", meaning = "temperature" }
[unknowns]
m = { meaning = "magnetisation", range = [-1, 1] }
[fixed_point]
m = "tanh((m + h)/T)"
[selection]
minimise = "m^2/2 - T*(log(2) + log_cosh((m + h)/T))"
[[branch]]
name = "up"
start = [{ m = 1 }]
[[branch]]
name = "down"
start = [{ m = -1 }]
[outputs]
stability = { value = "T - (1 - m^2)", meaning = "zero at the spinodal" }
"#;

#[test]
fn the_spinodal_of_the_curie_weiss_magnet_in_closed_form() {
    let system = Theory::parse("along-field", ALONG_FIELD).unwrap();
    let temperatures = [0.3, 0.5, 0.9];
    let found = zeros(&system, "stability", true, &[("T", &temperatures)]);
    assert_eq!(words(&found, "change"), ["zero at branch end"; 6]);
    assert_eq!(words(&found, "branch"), ["up", "down"].repeat(3));
    for (i, temperature) in temperatures.into_iter().enumerate() {
        // m² = 1 − T and h = T artanh m − m there.
        let m = (1.0 - temperature).sqrt();
        let h = m - temperature * m.atanh();
        for (row, sign) in [(2 * i, -1.0), (2 * i + 1, 1.0)] {
            close("h", number(&found, "h", row), sign * h, 1e-11);
            close("m", number(&found, "m", row), -sign * m, 1e-7);
        }
    }
    // The solution that is meant has left before: it does not see the spinodal.
    assert!(zeros(&system, "stability", false, &[("T", &[0.5])]).rows.is_empty());
}

#[test]
fn a_jump_through_zero_is_told_from_a_zero() {
    let system = Theory::parse("along-field", ALONG_FIELD).unwrap();
    // On even and odd grids, h = 0 a row or none.
    for points in [40, 41] {
        let found = zeros(&system, "m", false, &[("h", &range(-0.6, 0.6, points))]);
        assert_eq!(words(&found, "change"), ["jump", "jump"]);
        assert_eq!(words(&found, "side"), ["before", "after"]);
        assert_eq!(words(&found, "branch"), ["down", "up"]);
        assert!(number(&found, "h", 0).abs() < 1e-12);
        // ±0.957504024077269, the root of m = tanh 2m.
        close("m", number(&found, "m", 0), -0.957_504_024_077_269, 1e-12);
        close("m", number(&found, "m", 1), 0.957_504_024_077_269, 1e-12);
    }
    // Above the critical temperature the same magnetisation goes through zero.
    let found = zeros(&system, "m", false, &[("T", &[1.1]), ("h", &range(-0.6, 0.6, 40))]);
    assert_eq!(words(&found, "change"), ["rises through zero"]);
    // All branches: the middle one goes through zero, below it.
    let found = zeros(&system, "m", true, &[("h", &range(-0.6, 0.6, 40))]);
    assert_eq!(
        (words(&found, "change"), words(&found, "branch")),
        (vec!["falls through zero".into()], vec!["other".into()])
    );
}

/// u³ + u = x: the outputs are polynomials in u, so that their zeros are known.
fn cubic(outputs: &str) -> Theory {
    let text = format!(
        "title = \"cubic\"\ncontrol = {{ name = \"x\", from = -1.5, to = 1.5, points = 31 }}\n\
         [parameters]\np = {{ default = 0.5, meaning = \"p\" }}\n[unknowns]\nu = {{ meaning = \"u³ + u = x\", range = [-3, 3] }}\n\
         [residual]\ne = \"u^3 + u - x\"\n[outputs]\n{outputs}\n"
    );
    Theory::parse("cubic", &text).unwrap_or_else(|e| panic!("{e}"))
}

fn x_of(u: f64) -> f64 {
    u * u * u + u
}

#[test]
fn a_line_that_turns_back_is_followed_to_its_fold() {
    // f = 0 at u = 0.1 ± √(0.3 − p/2): both lines meet at p = 0.6, u = 0.1.
    let system = cubic("f = { value = \"(u - 0.1)^2 - 0.3 + 0.5*p\", meaning = \"\" }");
    for sweep in [vec![0.0, 0.25, 0.5, 0.75], vec![0.75, 0.5, 0.25, 0.0]] {
        let found = zeros(&system, "f", false, &[("p", &sweep)]);
        let changes = words(&found, "change");
        let folds: Vec<usize> =
            (0..changes.len()).filter(|row| changes[*row] == "fold of the line").collect();
        let [fold] = folds[..] else { panic!("{changes:?}") };
        close("p", number(&found, "p", fold), 0.6, 1e-13);
        assert!((number(&found, "x", fold) - x_of(0.1)).abs() < 1e-9);
        assert!((number(&found, "x", fold) - x_of(0.1)).abs() <= 3.0 * number(&found, "control_error", fold));
        // The swept values, and three points on each arm towards the fold.
        assert_eq!(changes.len(), 2 * 3 + 2 * 3 + 1);
        for row in (0..changes.len()).filter(|row| *row != fold) {
            let p = number(&found, "p", row);
            let side = if changes[row] == "falls through zero" { -1.0 } else { 1.0 };
            close("x", number(&found, "x", row), x_of(0.1 + side * (0.3 - 0.5 * p).sqrt()), 1e-11);
        }
    }
}

#[test]
fn both_ends_of_a_closed_line_are_found() {
    // (u − 0.1)² + (p − 0.4)² = 0.09: a circle in u and p, from p = 0.1 to 0.7.
    let system = cubic("f = { value = \"(u - 0.1)^2 + (p - 0.4)^2 - 0.09\", meaning = \"\" }");
    let found = zeros(&system, "f", true, &[("p", &[0.0, 0.25, 0.5, 0.75, 1.0])]);
    let changes = words(&found, "change");
    let folds = (0..changes.len()).filter(|row| changes[*row] == "fold of the line");
    let folds: Vec<f64> = folds.map(|row| number(&found, "p", row)).collect();
    assert_eq!(folds.len(), 2, "{folds:?}");
    close("p", folds[0], 0.1, 1e-12);
    close("p", folds[1], 0.7, 1e-12);
}

/// Whether it goes on through zero beyond the last row nobody has looked.
#[test]
fn a_zero_at_an_end_of_the_range_is_called_that() {
    for (value, changes, x) in [
        ("1.5 - x", vec!["zero at range end"], vec![1.5]),
        ("(x + 1.5)*(x - 0.25)", vec!["zero at range end", "rises through zero"], vec![-1.5, 0.25]),
    ] {
        let found = zeros(&cubic(&format!("f = {{ value = \"{value}\", meaning = \"\" }}")), "f", false, &[]);
        assert_eq!(words(&found, "change"), changes, "{value}");
        for (row, x) in x.into_iter().enumerate() {
            close("x", number(&found, "x", row), x, 1e-13);
        }
    }
}

#[test]
fn a_zero_that_is_touched_and_two_between_rows_are_seen() {
    for (value, changes, roots) in [
        ("(u - 0.123)^2", vec!["touches zero"], vec![0.123]),
        // Nearer to each other than the rows, which are 0.1 apart.
        ("(u - 0.12)^2 - 1e-6", vec!["falls through zero", "rises through zero"], vec![0.119, 0.121]),
        ("1e-6 - (u - 0.12)^2", vec!["rises through zero", "falls through zero"], vec![0.119, 0.121]),
        ("(u - 0.12)^2 + 1e-9", vec![], vec![]),
        // Three in one gap.
        ("(u - 0.12)*((u - 0.12)^2 - 1e-6)", vec!["rises through zero"], vec![]),
    ] {
        let found = zeros(&cubic(&format!("f = {{ value = \"{value}\", meaning = \"\" }}")), "f", false, &[]);
        if roots.is_empty() && !changes.is_empty() {
            // An odd number is one at least.
            assert!(words(&found, "change").contains(&changes[0].to_string()), "{value}");
            continue;
        }
        assert_eq!(words(&found, "change"), changes, "{value}");
        for (row, root) in roots.into_iter().enumerate() {
            let error = (number(&found, "x", row) - x_of(root)).abs();
            assert!(error <= number(&found, "control_error", row).max(1e-13), "{value}: {error:e}");
        }
    }
}

#[test]
fn poles_and_kinks_and_cuts_of_an_output_are_no_zeros() {
    for (value, change, at) in [
        ("1/(x - 0.55)", "pole", 0.55),
        ("sign(x - 0.55) + 0.1*x", "jump", 0.55),
        ("where(x < 0.05, x - 0.5, x + 0.5)", "jump", 0.05),
        ("max(0, x - 0.55)", "leaves zero", 0.55),
        ("abs(x - 0.55) - 0.01*x", "falls through zero", 0.55 / 1.01),
        ("cbrt_like", "rises through zero", 0.31),
    ] {
        // A root with an infinite slope is one.
        let value = value.replace("cbrt_like", "sign(x - 0.31)*sqrt(abs(x - 0.31))");
        let found = zeros(&cubic(&format!("f = {{ value = \"{value}\", meaning = \"\" }}")), "f", false, &[]);
        assert_eq!(words(&found, "change")[0], change, "{value}");
        assert!((number(&found, "x", 0) - at).abs() < 2e-15, "{value}: {:e}", number(&found, "x", 0) - at);
    }
}

#[test]
fn what_is_not_known_says_so() {
    // No solution for x² < 0.1; on both sides of that f has another sign.
    let text = "title = \"gap\"\ncontrol = { name = \"x\", from = -1, to = 1, points = 11 }\n\
                [unknowns]\nu = { meaning = \"u\", range = [0, 3] }\n[residual]\ne = \"u^2 - x^2 + 0.1\"\n\
                [outputs]\nf = { value = \"x*(u + 1)\", meaning = \"\" }\ng = { value = \"log(x - 0.5)\", meaning = \"\" }\n";
    let mut system = Theory::parse("gap", text).unwrap();
    let found = zeros(&system, "f", false, &[]);
    assert_eq!(words(&found, "change"), ["unknown", "unknown"]);
    assert_eq!(words(&found, "side"), ["before", "after"]);
    assert_eq!((number(&found, "x", 0), number(&found, "x", 1)), (-0.4, 0.4));
    assert!(number(&found, "f", 0) < 0.0 && number(&found, "f", 1) > 0.0);
    let plan = Plan::of_theories(&Wanted::default(), std::slice::from_mut(&mut system)).unwrap();
    let critical = Critical::new(system.clone(), plan, 1e-12).unwrap();
    let computed = critical.clone().zero_of("f").unwrap().compute(0, &Running::ON).unwrap().unwrap();
    assert_eq!(computed.counts.not_converged, 3);
    assert!(
        computed.told.reasons.iter().any(|r| r.contains("does not vanish")),
        "{:?}",
        computed.told.reasons
    );
    // Where there are solutions and the output is no number that is said, and its rows have not failed.
    let computed = critical.zero_of("g").unwrap().compute(0, &Running::ON).unwrap().unwrap();
    assert!(
        computed.told.lines.iter().any(|l| l.contains("`g` is not a number")),
        "{:?}",
        computed.told.lines
    );
    assert_eq!(computed.rows[0][1], Cell::from("gap"));
}

#[test]
fn a_jump_between_the_pieces_of_a_composite_is_one() {
    let folder = tempfile::TempDir::new().unwrap();
    let piece = |value: &str| {
        format!(
            "title = \"piece\"\ncontrol = {{ name = \"x\", from = 0, to = 2, points = 21 }}\n\
             [outputs]\nf = {{ value = \"{value}\", meaning = \"\" }}\n"
        )
    };
    std::fs::write(folder.path().join("a.toml"), piece("x - 1.5")).unwrap();
    std::fs::write(folder.path().join("b.toml"), piece("x - 0.5")).unwrap();
    let whole = "title = \"whole\"\ncontrol = { name = \"x\", from = 0, to = 2, points = 21 }\n\
                 [[piece]]\nsystem = \"a.toml\"\nfrom = 0\nto = 1\n[[piece]]\nsystem = \"b.toml\"\nfrom = 1\nto = 2\n";
    let path = folder.path().join("whole.toml");
    std::fs::write(&path, whole).unwrap();
    let found = zeros(&Theory::load(path.to_str().unwrap()).unwrap(), "f", false, &[]);
    assert_eq!(words(&found, "change"), ["jump", "jump"]);
    assert_eq!((number(&found, "x", 0), number(&found, "f", 0), number(&found, "f", 1)), (1.0, -0.5, 0.5));
}

#[test]
fn a_misspelt_output_and_branches_without_one_are_errors() {
    let mut system = theory("ising-storage");
    let plan = Plan::of_theories(&Wanted::default(), std::slice::from_mut(&mut system)).unwrap();
    let critical = Critical::new(system, plan, 1e-12).unwrap();
    let said = critical.clone().zero_of("entrpy").unwrap_err().to_string();
    assert!(said.contains("did you mean `entropy`?") && said.contains("q_hat"), "{said}");
    let said = critical.with_branches(true).unwrap_err().to_string();
    assert!(said.contains("--zero"), "{said}");
}
