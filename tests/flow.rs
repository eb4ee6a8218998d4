//! What moves: flows and iterations against closed forms, published values of stiff problems, each other and the fixed points of
//! other files.

#[path = "support/random_rows.rs"]
#[allow(dead_code)]
mod random_rows;
mod support;

use overlaps::experiment::Solve;
use overlaps::solve::{EndKind, Ending, PieceCurve, Refusal, Settings, reports};
use overlaps::study::{PlanError, Wanted};
use overlaps::system::{BUILT_IN, Theory};
use overlaps::verify::{Claim, Verifier};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use support::{close, job, one, theory};

/// A file of a motion along t from 0 to some end.
fn moving(end: f64, unknowns: &str, section: &str, outputs: &str) -> Theory {
    let head =
        format!("title = \"Motion\"\ncontrol = {{ name = \"t\", from = 0, to = {end}, points = 2 }}\n");
    let variables = "[variables]\nz = \"normal\"\n";
    let text = format!("{head}{variables}[unknowns]\n{unknowns}\n{section}\n[outputs]\n{outputs}\n");
    Theory::parse("motion", &text).unwrap_or_else(|e| panic!("{e}"))
}

fn curve<'t>(theory: &'t Theory, controls: &[f64]) -> PieceCurve<'t> {
    job(&[], controls).solve(theory, Settings::default()).remove(0)
}

fn within(tolerance: f64) -> Settings<'static> {
    Settings::new(tolerance, false)
}

fn output(curve: &PieceCurve, row: usize, column: &str) -> f64 {
    let place = curve.piece.system.outputs.iter().position(|o| o.column == column).unwrap();
    let (_, solution) = curve.curve.solution(row).unwrap_or_else(|| panic!("no row {row}"));
    solution.certified.outputs[place]
}

fn branch<'c>(curve: &'c PieceCurve, row: usize) -> &'c str {
    &curve.curve.solution(row).unwrap().1.branch
}

#[test]
fn flows_with_closed_forms_are_followed_to_round_off() {
    let theory = moving(
        20.0,
        "x = \"decays\"\ny = \"turns\"\nw = \"turns\"\nu = \"driven\"",
        "[flow]\nx = \"-x\"\ny = \"w\"\nw = \"-y\"\nu = \"-u + sin(t)\"\nstart = { x = 1, y = 1, w = 0, u = 0 }",
        "x_exact = { value = \"exp(-t)\", meaning = \"\" }\ny_exact = { value = \"cos(t)\", meaning = \"\" }\nu_exact = { value = \"(exp(-t) + sin(t) - cos(t))/2\", meaning = \"\" }",
    );
    let controls = [0.0, 1e-9, 0.1, 1.0, 7.3, 20.0];
    let curve = curve(&theory, &controls);
    for (row, control) in controls.iter().enumerate() {
        for name in ["x", "y", "u"] {
            let (found, exact) = (output(&curve, row, name), output(&curve, row, &format!("{name}_exact")));
            assert!((found - exact).abs() < 1e-13, "{name} at {control}: {found} {exact}");
        }
        let certified = &curve.curve.solution(row).unwrap().1.certified;
        assert!(certified.residual < 1e-12 && certified.quadrature_error == 0.0);
    }
}

#[test]
fn a_row_is_the_same_alone_and_among_others() {
    let grown = "[flow]\nx = \"x*(1 - x)*(1 + E[z](tanh(x + z)^2)/2)\"\nstart = { x = \"1e-3\" }";
    let stopped = format!("{grown}\nstop = \"x >= 0.9\"");
    let resting = format!("{grown}\nstop = \"stationary\"");
    let steps = "[iterate]\nx = \"E[z](tanh(1.5*x + sqrt(x)*z))\"\nstart = { x = 0.1 }";
    for section in [grown, &stopped, &resting, steps] {
        let theory = moving(100.0, "x = { meaning = \"x\", range = [0, 1] }", section, "");
        let grid: Vec<f64> = (0..=20).map(|i| 5.0 * f64::from(i)).collect();
        let all = curve(&theory, &grid);
        let backwards: Vec<f64> = grid.iter().rev().copied().collect();
        let reversed = curve(&theory, &backwards);
        let bits = |curve: &PieceCurve, row: usize| {
            let (_, s) = curve.curve.solution(row).unwrap();
            let c = &s.certified;
            let numbers = c.outputs.iter().chain([&c.residual, &c.quadrature_error]);
            (numbers.map(|x| x.to_bits()).collect::<Vec<_>>(), s.branch.clone(), c.nodes, s.iterations)
        };
        for (row, control) in grid.iter().enumerate() {
            let alone = curve(&theory, &[*control]);
            assert_eq!(bits(&all, row), bits(&alone, 0), "{section} at {control}");
            assert_eq!(bits(&all, row), bits(&reversed, grid.len() - 1 - row), "{section} at {control}");
        }
    }
}

#[test]
fn stiff_flows_reach_published_values() {
    // Mazzia and Magherini, Test Set for Initial Value Problem Solvers, release 2.4: Robertson's and van der Pol's problems.
    let robertson = moving(
        1e11,
        "a = \"a\"\nb = \"b\"\nc = \"c\"",
        "[flow]\na = \"-0.04*a + 1e4*b*c\"\nb = \"0.04*a - 1e4*b*c - 3e7*b^2\"\nc = \"3e7*b^2\"\nstart = { a = 1, b = 0, c = 0 }",
        "",
    );
    let end = curve(&robertson, &[1e11]);
    close("a", output(&end, 0, "a"), 0.2083340149701255e-7, 1e-9);
    close("b", output(&end, 0, "b"), 0.8333360770334713e-13, 1e-9);
    close("c", output(&end, 0, "c"), 0.9999999791665050, 1e-12);
    let van_der_pol = moving(
        2000.0,
        "x = \"x\"\nv = \"v\"",
        "[flow]\nx = \"v\"\nv = \"1000*(1 - x^2)*v - x\"\nstart = { x = 2, v = 0 }",
        "",
    );
    let curves = job(&[], &[2000.0]).solve(&van_der_pol, within(1e-9));
    close("x", output(&curves[0], 0, "x"), 1.7061677321704826, 1e-9);
    close("v", output(&curves[0], 0, "v"), -0.8928097010247975e-3, 1e-9);
}

#[test]
fn a_flow_that_goes_to_infinity_has_rows_before_and_a_reason_after() {
    let theory = moving(2.0, "x = \"x\"", "[flow]\nx = \"x^2\"\nstart = { x = 1 }", "");
    let curve = curve(&theory, &[0.5, 0.9, 1.0, 1.5]);
    close("x", output(&curve, 0, "x"), 2.0, 1e-12);
    close("x", output(&curve, 1, "x"), 10.0, 1e-11);
    for row in [2, 3] {
        let refusal = curve.curve.refusal(row, 1e-12).unwrap();
        assert!(curve.curve.solution(row).is_none());
        let Refusal::Ends { control, how: Ending::Infinite(0), .. } = refusal else { panic!("{refusal:?}") };
        assert!((control - 1.0).abs() < 1e-9, "{control}");
        assert!(refusal.describe(&curve.piece.system).contains("`x` goes to infinity"));
    }
}

#[test]
fn a_flow_that_comes_to_where_it_has_no_velocity_ends_there() {
    // x = √(1 − t), and x = (1 − t)²: beyond the first there is nothing, beyond the second it stays.
    let root = moving(2.0, "x = \"x\"", "[flow]\nx = \"-1/(2*x)\"\nstart = { x = 1 }", "");
    let ends = curve(&root, &[0.75, 1.5]);
    close("x", output(&ends, 0, "x"), 0.5, 1e-12);
    assert!(matches!(ends.curve.refusal(1, 1e-12), Some(Refusal::Ends { .. })));
    let never = moving(2.0, "x = \"x\"", "[flow]\nx = \"log(x)\"\nstart = { x = -1 }", "");
    let ends = curve(&never, &[0.0, 1.0]);
    for row in 0..2 {
        let why = ends.curve.refusal(row, 1e-12).unwrap().describe(&ends.piece.system);
        assert!(why.contains("the right side of `x` is not a finite number"), "{why}");
    }
}

#[test]
fn errors_that_grow_beyond_the_tolerance_are_told() {
    // Lorenz's equations at ρ = 28 forget their start: rounding grows as e^(0.9 t).
    let lorenz = moving(
        60.0,
        "x = \"x\"\ny = \"y\"\nw = \"w\"",
        "[flow]\nx = \"10*(y - x)\"\ny = \"x*(28 - w) - y\"\nw = \"x*y - 8/3*w\"\nstart = { x = 1, y = 1, w = 1 }",
        "",
    );
    let curve = curve(&lorenz, &[1.0, 60.0]);
    assert!(curve.curve.solution(0).is_some());
    assert!(matches!(curve.curve.refusal(1, 1e-12), Some(Refusal::Inaccurate { .. })));
    // The logistic map doubles an angle, and its errors, at each step: x = sin²(2^n θ).
    let map = moving(
        60.0,
        "x = { meaning = \"x\", range = [0, 1] }",
        "[iterate]\nx = \"4*x*(1 - x)\"\nstart = { x = 0.3 }",
        "exact = { value = \"sin(2^t*asin(sqrt(0.3)))^2\", meaning = \"\" }",
    );
    let curve = self::curve(&map, &[5.0, 10.0, 60.0]);
    for row in 0..2 {
        assert!((output(&curve, row, "x") - output(&curve, row, "exact")).abs() < 1e-12);
    }
    assert!(matches!(curve.curve.refusal(2, 1e-12), Some(Refusal::Inaccurate { .. })));
}

#[test]
fn a_flow_stops_where_its_condition_becomes_true() {
    let section = "[flow]\nx = \"x*(1 - x)\"\nstart = { x = \"1e-3\" }\nstop = \"p > 0.5 || t >= 50\"";
    let theory = moving(100.0, "x = \"x\"", section, "p = { value = \"x^2\", meaning = \"\" }");
    let level = 0.5f64.sqrt();
    let exact = (level / (1.0 - level)).ln() - (1e-3f64 / (1.0 - 1e-3)).ln();
    let grid = [0.0, 5.0, exact - 1e-9, exact + 1e-9, 20.0, 100.0];
    let curve = curve(&theory, &grid);
    let labels: Vec<&str> = (0..grid.len()).map(|row| branch(&curve, row)).collect();
    assert_eq!(labels, ["flow", "flow", "flow", "stopped", "stopped", "stopped"]);
    assert!(output(&curve, 3, "x").is_nan() && output(&curve, 3, "p").is_nan());
    let end = &curve.curve.tracks[0].ends[0];
    assert!(end.kind == EndKind::Stops && (end.control - exact).abs() < 1e-12, "{} {exact}", end.control);
    close("x", end.x[0], level, 1e-12);
    // A bump that is crossed within a step, up and down again.
    let bump = "[flow]\nx = \"-x/100\"\nstart = { x = 1 }\nstop = \"exp(-(t - 50)^2) > 0.5\"";
    let theory = moving(100.0, "x = \"x\"", bump, "");
    let curve = self::curve(&theory, &[100.0]);
    let end = &curve.curve.tracks[0].ends[0];
    assert!((end.control - (50.0 - 2f64.ln().sqrt())).abs() < 1e-9, "{}", end.control);
}

#[test]
fn a_flow_at_rest_carries_its_point_and_that_is_the_fixed_point() {
    let tanh = "E[z](tanh(2*q + sqrt(2*q)*z)^2)";
    let flow = format!("[flow]\nq = \"-q + {tanh}\"\nstart = {{ q = 0.3 }}\nstop = \"stationary\"");
    let steps = format!("[iterate]\nq = \"{tanh}\"\nstart = {{ q = 0.3 }}\nstop = \"stationary\"");
    let fixed = format!("[fixed_point]\nq = \"{tanh}\"\n[[branch]]\nname = \"b\"\nstart = [{{ q = 0.7 }}]");
    let unknown = "q = { meaning = \"q\", range = [1e-6, 1] }";
    let rest = output(&curve(&moving(1.0, unknown, &fixed, ""), &[0.0]), 0, "q");
    for section in [flow, steps] {
        let theory = moving(2000.0, unknown, &section, "");
        let curve = curve(&theory, &[1.0, 1000.0, 2000.0]);
        assert!(branch(&curve, 0) != "stationary");
        assert_eq!((branch(&curve, 1), branch(&curve, 2)), ("stationary", "stationary"));
        assert_eq!(output(&curve, 1, "q"), output(&curve, 2, "q"));
        close("q", output(&curve, 2, "q"), rest, 1e-13);
        assert!(curve.curve.tracks[0].ends[0].kind == EndKind::Rests);
    }
    // A start that stays on the ridge between two valleys is at rest only until it is pushed.
    let ridge = "[flow]\nq = \"q - q^3\"\nstart = { q = 0 }\nstop = \"stationary\"";
    let theory = moving(10.0, "q = \"q\"", ridge, "");
    assert_eq!(branch(&curve(&theory, &[10.0]), 0), "flow");
}

#[test]
fn what_drives_a_flow_for_a_short_time_is_not_passed_over() {
    let pulse = "[flow]\nx = \"exp(-((t - 50.3)/0.1)^2)\"\nstart = { x = 0 }";
    let theory = moving(100.0, "x = \"x\"", pulse, "");
    let curve = curve(&theory, &[40.0, 100.0]);
    assert!(output(&curve, 0, "x").abs() < 1e-12);
    close("x", output(&curve, 1, "x"), 0.1 * std::f64::consts::PI.sqrt(), 1e-11);
}

#[test]
fn the_range_and_what_is_admissible_hold_row_by_row() {
    let section = "[flow]\nx = \"1\"\nstart = { x = 0 }\n[admissible]\nkeep = \"x < 3\"";
    let theory = moving(10.0, "x = { meaning = \"x\", range = [0, 5] }", section, "");
    let curve = curve(&theory, &[2.0, 4.0, 6.0]);
    close("x", output(&curve, 0, "x"), 2.0, 1e-14);
    assert!(matches!(curve.curve.refusal(1, 1e-12), Some(Refusal::Inadmissible { .. })));
    assert!(matches!(curve.curve.refusal(2, 1e-12), Some(Refusal::Outside { .. })));
}

#[test]
fn another_method_follows_the_same_way_and_finds_what_is_wrong() {
    let averaged = "[flow]\nx = \"-x + E[z](abs(x + t + z))/4\"\nstart = { x = 0.2 }";
    let stiff = "[flow]\nx = \"-1000*(x - cos(t))\"\nstart = { x = 0 }";
    let steps = "[iterate]\nx = \"E[z](tanh(2*x + sqrt(x)*z))\"\nstart = { x = 0.1 }";
    for section in [averaged, stiff, steps] {
        let theory = moving(10.0, "x = \"x\"", section, "y = { value = \"x^2\", meaning = \"\" }");
        let curve = curve(&theory, &[0.0, 1.0, 5.0, 10.0]);
        let verifier = Verifier::new(&curve.piece.system, &curve.parameters).unwrap();
        let claims = |moved: f64| -> Vec<Option<Claim>> {
            let rows = (0..4).map(|row| curve.curve.solution(row).unwrap().1);
            let claim = |s: &overlaps::solve::Solution| {
                let x: &'static [f64] = vec![s.x[0] + moved].leak();
                let outputs: &'static [f64] = vec![x[0], x[0] * x[0]].leak();
                Some(Claim {
                    control: s.control,
                    x,
                    outputs,
                    energy: f64::NAN,
                    quadrature_error: s.certified.quadrature_error,
                    boundary: false,
                    branch: Some(0),
                    reported: true,
                    known: Vec::new(),
                })
            };
            rows.map(claim).collect()
        };
        for report in verifier.follow(&claims(0.0), 1e-12).into_iter().flatten() {
            assert!(report.disagreements.is_empty() && report.unverified.is_none(), "{section}: {report:?}");
            assert!(report.residual < 1e-11, "{section}: {report:?}");
        }
        for report in verifier.follow(&claims(1e-9), 1e-12).into_iter().flatten() {
            assert!(!report.disagreements.is_empty(), "{section}: {report:?}");
        }
    }
}

#[test]
#[ignore = "some ten seconds; tests/thorough"]
fn depth_ends_where_the_fixed_point_of_the_layers_is() {
    let deep = one("propagation", &[("sw", 3.0), ("sb", 0.3)], 30.0);
    let fixed = one("correlation", &[("sb", 0.3)], 3.0);
    close("q", deep.get("q"), fixed.get("q"), 1e-10);
    // The correlation comes more slowly: 30 layers leave a part of it.
    assert!((deep.get("c") - fixed.get("c")).abs() < 1e-3, "{} {}", deep.get("c"), fixed.get("c"));
}

#[test]
fn message_passing_ends_at_the_fixed_point_of_the_free_entropy() {
    let passing = one("amp-spiked-wigner", &[("lambda", 2.0), ("q_0", 0.1)], 40.0);
    let fixed = one("spiked-wigner", &[], 2.0);
    close("q", passing.get("q"), fixed.get("q"), 1e-10);
}

#[test]
fn soft_thresholds_recover_up_to_the_line_of_donoho_and_tanner() {
    let line = one("donoho-tanner", &[], 0.1);
    let (delta, a) = (line.get("delta"), line.get("a"));
    let after =
        |delta: f64| one("amp-soft-threshold", &[("delta", delta), ("eps", 0.1), ("a", a)], 40.0).get("mse");
    // Risk is v·M/δ where the noise is small: a factor of 1/1.1 at each step, or a floor.
    assert!(after(1.1 * delta) < 0.1 * 1.1f64.powi(-30), "{}", after(1.1 * delta));
    assert!(after(0.9 * delta) > 1e-2, "{}", after(0.9 * delta));
}

#[test]
fn a_committee_stays_on_the_plateau_and_escapes() {
    let longer = theory("soft-committee").texts().next().unwrap().replace("to = 400", "to = 4000");
    let theory = Theory::parse("soft-committee", &longer).unwrap();
    let curves = job(&[("eta", 0.1)], &[400.0, 4000.0]).solve(&theory, within(1e-9));
    let at = |row: usize, column: &str| output(&curves[0], row, column);
    // The plateau for small learning rates: R = S = 1/√6, Q = C = 1/3 (Saad and Solla 1995).
    close("R", at(0, "R_1_1"), 1.0 / 6f64.sqrt(), 0.05);
    close("S", at(0, "R_1_2"), 1.0 / 6f64.sqrt(), 0.05);
    close("C", at(0, "Q_1_2"), 1.0 / 3.0, 0.2);
    assert!(at(1, "R_1_1") > 0.99 && at(1, "R_1_2").abs() < 0.01 && at(1, "error") < 1e-4);
}

#[test]
fn points_at_rest_are_found_along_a_parameter_stable_or_not() {
    // ẋ = r x − x³ and its pitchfork: 0 always, ±√r beyond r = 0.
    let section = "[flow]\nx = \"r*x - x^3\"\nstart = { x = 0.9 }";
    let head = "title = \"Pitchfork\"\ncontrol = { name = \"t\", from = 0, to = 9, points = 2 }\n[parameters]\nr = { default = 1, domain = \"r < 5\", meaning = \"r\" }\n";
    let text = format!("{head}[unknowns]\nx = {{ meaning = \"x\", range = [-3, 3] }}\n{section}\n");
    let theory = Theory::parse("pitchfork", &text).unwrap().at_rest("r", (-1.0, 4.0)).unwrap();
    let curves = job(&[], &[-1.0, 1.0, 4.0]).solve(&theory, Settings::default());
    let all = |row: usize| -> Vec<f64> {
        let mut x: Vec<f64> = curves[0].curve.solutions(row).iter().map(|(_, s)| s.x[0]).collect();
        x.sort_by(f64::total_cmp);
        x
    };
    assert_eq!(all(0), [0.0]);
    assert_eq!(all(1), [-1.0, 0.0, 1.0]);
    assert_eq!(all(2), [-2.0, 0.0, 2.0]);
    // An iteration is at rest at its fixed points, and linear regression where its closed form says.
    let theory = support::theory("online-regression").at_rest("eta", (0.1, 1.5)).unwrap();
    let curves = job(&[], &[0.1, 1.5]).solve(&theory, Settings::default());
    for (row, eta) in [0.1, 1.5].into_iter().enumerate() {
        close("error", output(&curves[0], row, "error"), eta * 0.09 / (2.0 * (2.0 - eta)), 1e-12);
    }
    let theory = support::theory("amp-spiked-wigner").at_rest("lambda", (1.5, 4.0)).unwrap();
    let curves = job(&[], &[2.0]).solve(&theory, Settings::default());
    let largest = curves[0].curve.solutions(0).iter().map(|(_, s)| s.x[0]).fold(0.0, f64::max);
    close("q", largest, one("spiked-wigner", &[], 2.0).get("q"), 1e-10);
}

/// A domain that does not name the parameter along which rest is sought still holds; how far indices run is decided before.
#[test]
fn values_that_a_flow_refuses_its_points_at_rest_refuse_too() {
    let rest = |name: &str, along: &str| {
        let mut wanted = Wanted::default();
        wanted.sweep(along, [0.2, 0.5]).unwrap();
        Solve::at_rest(vec![theory(name)], along, wanted).unwrap()
    };
    let refused = |solve: Result<Solve, PlanError>| solve.map(drop).unwrap_err().to_string();
    let error = refused(rest("online-regression", "eta").set("sigma", -1.0));
    assert!(error.contains("sigma = -1") && error.contains("sigma >= 0"), "{error}");
    let error = refused(rest("soft-committee", "eta").set("K", 3));
    assert!(error.contains("`K`") && error.contains("points at rest"), "{error}");
}

#[test]
fn rows_at_random_parameters_stand_up_to_another_method() {
    none_is_wrong(40);
}

#[test]
#[ignore = "a minute; tests/thorough"]
fn rows_in_large_numbers_stand_up_to_another_method() {
    none_is_wrong(240);
}

/// Built-in systems that move, at parameters a decade up and down: every row that says `converged` is one that is followed again.
fn none_is_wrong(rows: u64) {
    // A step of one with minima that jump takes a second.
    let all = BUILT_IN.iter().filter(|s| s.name != "amp-hard-threshold").map(|system| theory(system.name));
    let theories: Vec<Theory> = all.filter(|t| t.pieces.iter().any(|p| p.system.kind.moves())).collect();
    assert!(theories.len() >= 8);
    let outcomes: Vec<(bool, Vec<String>)> = (0..rows)
        .into_par_iter()
        .map(|seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let theory = &theories[seed as usize % theories.len()];
            let given = random_rows::parameters(&mut rng, theory, 1.0);
            let given: Vec<_> = given.into_iter().filter(|(name, _)| name != "K" && name != "M").collect();
            let mut controls = random_rows::controls(&mut rng, theory, 2);
            if theory.check_steps(controls.iter().copied()).is_err() {
                controls.iter_mut().for_each(|t| *t = t.floor());
                controls.dedup();
            }
            let job = random_rows::job_of(&given, &controls);
            let curves = job.solve(theory, Settings::default()).unwrap_or_else(|e| panic!("{e}"));
            let reports = reports(&curves[0], false, within(1e-12)).unwrap_or_else(|e| panic!("{e}"));
            let wrong = reports.iter().flatten().flat_map(|report| &report.disagreements);
            let place = format!("{} at {given:?}, {controls:?}", theory.name());
            let verified = reports.iter().flatten().any(|report| report.unverified.is_none());
            (verified, wrong.map(|wrong| format!("{place}: {wrong}")).collect())
        })
        .collect();
    let wrong: Vec<&String> = outcomes.iter().flat_map(|(_, wrong)| wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let verified = outcomes.iter().filter(|(verified, _)| *verified).count() as u64;
    assert!(2 * verified > rows, "only {verified} of {rows}");
}
