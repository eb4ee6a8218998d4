//! The theory at finite d against 34-digit numbers, and its limits.
#![allow(clippy::approx_constant)] // b = 0.7071 is a reference number, not 1/√2

mod support;

use support::{close, one, reference, solve, theory};

#[test]
fn the_reference_table_is_reproduced() {
    let system = theory("finite-d");
    let mut compared = 0;
    for line in reference("finite_d.csv") {
        let value = |c: &str| line[c].parse::<f64>().unwrap();
        let n = value("n_plus") + value("n_minus");
        let mut given = vec![("n", n), ("p", value("n_plus") / n)];
        given.extend(["sigma", "kappa", "lambda", "ell", "d"].map(|c| (c, value(c))));
        let t = value("t");
        let found = &solve(&system, &given, &[t])[0];
        if line["branch"] == "degenerate" {
            // t = 2: no noise, c = 1 fits exactly and leaves nothing for the network; b is undetermined.
            close("c", found.get("c"), 1.0, 1e-15);
            close("energy", found.energy, value("energy"), 1e-15);
            assert_eq!((found.get("m"), found.get("r")), (0.0, 0.0));
            continue;
        }
        assert_eq!(found.branch, line["branch"], "{line:?}");
        // Close to t = 2 the minimum is flat and round-off moves it further.
        let relative = if t > 1.8 { 1e-7 } else { 1e-9 };
        for column in
            ["omega", "b", "m", "c", "q", "r", "q_eta_plus", "q_eta_minus", "p_eta_plus", "p_eta_minus"]
        {
            close(
                &format!("{column} at d = {}, t = {t}", value("d")),
                found.get(column),
                value(column),
                relative,
            );
        }
        close("energy", found.energy, value("energy"), 1e-12);
        compared += 1;
    }
    assert!(compared >= 30, "{compared}");
}

#[test]
fn the_values_quoted_in_the_theory_come_out() {
    let given = |d: f64| [("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("d", d)];
    for (d, omega, b, m, c) in [
        (1e3, 1.6286, 0.6867, 0.9923, 0.0634),
        (4e3, 1.5985, 0.6986, 0.9952, 0.0298),
        (64e3, 1.5736, 0.7071, 0.9958, 0.0071),
    ] {
        let found = one("finite-d", &given(d), 1.0);
        for (column, value) in [("omega", omega), ("b", b), ("m", m), ("c", c)] {
            assert!((found.get(column) - value).abs() < 5.1e-5, "{column} at {d}: {}", found.get(column));
        }
    }
}

#[test]
fn large_d_gives_the_first_and_the_second_phase_with_order_one_half() {
    let deviation = |d: f64, t: f64, columns: &[&str]| {
        let finite = one("finite-d", &[("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("d", d)], t);
        let phase = if t <= 1.0 { "first-phase" } else { "second-phase" };
        let given: &[(&str, f64)] =
            if t <= 1.0 { &[("n", 8.0), ("p", 0.75), ("kappa", 2.0)] } else { &[("n", 8.0)] };
        let limit = one(phase, given, t);
        columns.iter().map(|c| (finite.get(c) - limit.get(c)).abs()).collect::<Vec<_>>()
    };
    for (t, columns) in [
        (0.25, &["omega", "b", "m", "c", "q"][..]),
        (1.0, &["omega", "b", "c"]),
        (1.3, &["m", "c", "q", "q_eta_plus"]),
        (1.6, &["m", "c", "q"]),
    ] {
        let (near, far) = (deviation(1e6, t, columns), deviation(1e8, t, columns));
        for (column, (a, b)) in columns.iter().zip(near.iter().zip(&far)) {
            let order = (a / b).ln() / 100f64.ln();
            assert!((order - 0.5).abs() < 0.03, "{column} at t = {t}: {order}");
        }
    }
}

#[test]
fn the_coefficients_of_the_limit_are_those_of_an_independent_program() {
    // √d (finite-d − first-phase) at t = 0.25, n = 6 + 2: m 0.1391, q 0.2039, ω 0.4530, b −0.1384, c 0.5104.
    let given = [("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("d", 1e10)];
    let (finite, limit) = (one("finite-d", &given, 0.25), one("first-phase", &given[..3], 0.25));
    for (column, coefficient) in
        [("m", 0.1391), ("q", 0.2039), ("omega", 0.4530), ("b", -0.1384), ("c", 0.5104)]
    {
        let found = 1e5 * (finite.get(column) - limit.get(column));
        assert!((found - coefficient).abs() < 2e-4, "{column}: {found}");
    }
}

#[test]
fn just_before_t_2_the_constant_returns() {
    // 64-bit reference of an independent program, d = 1000, n = 6 + 2: crossing at t = 1.98141001321.
    use overlaps::solve::Settings;
    let given = [("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("d", 1000.0)];
    let system = theory("finite-d");
    let around = [0.0, 0.01, 0.02, 0.1, 0.5, 1.0, 1.5, 1.9, 1.95, 1.98, 1.99, 1.995, 2.0];
    let curves = support::job(&given, &around).solve(&system, Settings::default());
    let changes: Vec<f64> = curves[0].curve.changes.iter().map(|c| c.control).collect();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert!((changes[0] - 0.018_374_310_63).abs() < 1e-9);
    assert!((changes[1] - 1.981_410_013_2).abs() < 1e-8);
}

#[test]
fn a_schedule_is_only_another_name_for_the_time() {
    // Uniform time 2τ is dilated time τ√d/κ in the first phase and 1 + (τ − κ/√d)/(1 − κ/√d) in the second.
    let (kappa, d) = (2.0f64, 1e4f64);
    let kick = kappa / d.sqrt();
    for interpolant in [0.0, 1.0] {
        for tau in [0.002, 0.01, kick, 0.1, 0.5, 0.9] {
            let dilated = if tau <= kick { tau / kick } else { 1.0 + (tau - kick) / (1.0 - kick) };
            let given = [("n", 8.0), ("p", 0.75), ("kappa", kappa), ("d", d), ("interpolant", interpolant)];
            let uniform = one("finite-d", &[&given[..], &[("schedule", 1.0)]].concat(), 2.0 * tau);
            let dilated = one("finite-d", &given, dilated);
            assert_eq!(uniform.branch, dilated.branch);
            for (column, value) in &dilated.values {
                // Where τ is a small difference or sum, its round-off enters; close to t = 2 the minimum is flat, most of all
                // along the tilt, which is small itself.
                let relative = if column == "tilt" { 1e-7 } else { 1e-8 };
                close(&format!("{column} at τ = {tau}"), uniform.get(column), *value, relative);
            }
        }
    }
}

#[test]
fn the_trigonometric_interpolant_has_the_limits_of_its_own_phases() {
    let given = [("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("interpolant", 1.0)];
    let deviation = |d: f64, t: f64, column: &str| {
        let finite = one("finite-d", &[&given[..], &[("d", d)]].concat(), t);
        let limit = if t <= 1.0 {
            one("first-phase", &given, t)
        } else {
            one("second-phase", &[given[0], given[3]], t)
        };
        (finite.get(column) - limit.get(column)).abs()
    };
    // α = 1 − O(1/d) in the first phase: ω and b are reached with order 1, not ½.
    for (t, column, order) in [
        (0.25, "omega", 1.0),
        (1.0, "b", 1.0),
        (1.0, "c", 0.5),
        (1.3, "c", 0.5),
        (1.6, "m", 0.5),
        (1.6, "q", 0.5),
    ] {
        let found = (deviation(1e6, t, column) / deviation(1e8, t, column)).ln() / 100f64.ln();
        assert!((found - order).abs() < 0.05, "{column} at t = {t}: {found}");
    }
}

#[test]
fn the_schedule_is_solved_for_every_word() {
    solve_for_every_word(&[0.3, 0.9, 1.2, 1.8]);
}

#[test]
#[ignore = "some ten seconds; tests/thorough"]
fn the_whole_schedule_is_solved_for_every_word() {
    solve_for_every_word(&[]);
}

fn solve_for_every_word(controls: &[f64]) {
    let system = theory("finite-d");
    for (interpolant, schedule) in [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)] {
        let given = [("n", 8.0), ("p", 0.75), ("interpolant", interpolant), ("schedule", schedule)];
        let rows = solve(&system, &given, controls);
        assert_eq!(rows.len(), if controls.is_empty() { 201 } else { controls.len() });
        assert!(
            rows.iter().all(|row| row.quadrature_error <= 1e-12 && row.values.values().all(|v| !v.is_nan()))
        );
    }
    // Without dilation the dimension has no lower bound but 0.
    assert!(system.check_values(&[("d".into(), 9.0.into()), ("schedule".into(), "uniform".into())]).is_ok());
    assert!(system.check_values(&[("d".into(), 9.0.into())]).is_err());
}
