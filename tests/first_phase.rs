//! The derived first phase against independent numbers, its limits, its transition.

mod support;

use std::collections::BTreeMap;

use overlaps::average::rule;
use overlaps::solve::{EndKind, Settings};
use overlaps::system::Theory;
use support::{Row, close, global_rows, job, one, reference, row, solve, theory};

const N8: [(&str, f64); 5] = [("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("lambda", 0.1), ("ell", 0.01)];

/// The solution at the parameters of a line of a reference table, on the branch that stands there.
fn solved_as(system: &Theory, line: &BTreeMap<String, String>) -> Row {
    let value = |c: &str| line[c].parse::<f64>().unwrap();
    let names = ["n", "p", "sigma", "kappa", "lambda", "ell"];
    let given: Vec<(&str, f64)> = names.iter().map(|n| (*n, value(n))).collect();
    let found = solve(system, &given, &[value("t")]).remove(0);
    assert_eq!(found.branch, line["branch"], "{line:?}");
    found
}

#[test]
fn the_reference_table_is_reproduced_in_every_column() {
    let system = theory("first-phase");
    let table = reference("first_phase.csv");
    assert_eq!(table.len(), 18);
    for line in table {
        let value = |c: &str| line[c].parse::<f64>().unwrap();
        let found = solved_as(&system, &line);
        let constant = found.branch == "constant";
        for column in ["omega", "b", "m", "q_eta_plus", "q_eta_minus", "p_eta_plus", "p_eta_minus", "q", "r"]
        {
            close(&format!("{column} at {line:?}"), found.get(column), value(column), 1e-9);
        }
        close("energy", found.energy, value("energy"), 1e-9);
        for column in ["mse_train", "mse_test"] {
            assert_eq!(line[column].is_empty(), constant);
            if !constant {
                close(column, found.get(column), value(column), 1e-9);
            }
        }
    }
}

#[test]
fn the_global_minimum_is_found_at_random_parameters_from_a_single_row() {
    let system = theory("first-phase");
    let table = reference("first_phase_random.csv");
    assert_eq!(table.len(), 40);
    for line in table {
        let value = |c: &str| line[c].parse::<f64>().unwrap();
        let found = solved_as(&system, &line);
        for column in ["omega", "b"] {
            close(&format!("{column} at {line:?}"), found.get(column), value(column), 1e-10);
        }
        close("energy", found.energy, value("energy"), 1e-13);
    }
}

#[test]
fn the_constant_solution_is_the_ridge_mean_of_the_data() {
    // Closed forms of theory: energy −[(n(2p−1))² + nσ²]/(λ+n), m = n(2p−1)/(λ+n), q_η± = σ/(λ+n); its error
    // is that of predicting u whatever the sample.
    let (n, p, sigma, lambda) = (8.0, 0.25, 0.7, 0.3);
    let given = [("n", n), ("p", p), ("sigma", sigma), ("lambda", lambda), ("p_test", 0.4)];
    let found = one("first-phase", &given, 0.0);
    assert_eq!(found.branch, "constant");
    let m = n * (1.0 - 2.0 * p) / (lambda + n);
    // For p < 1/2 the representative with m ≥ 0 has b = −∞.
    assert_eq!(found.get("b"), f64::NEG_INFINITY);
    close("m", found.get("m"), m, 1e-15);
    close("q_eta", found.get("q_eta_plus"), -sigma / (lambda + n), 1e-15);
    let energy = -((n * (2.0 * p - 1.0)).powi(2) + n * sigma * sigma) / (lambda + n);
    close("energy", found.energy, energy, 1e-15);
    let q = m * m + n * (sigma / (lambda + n)).powi(2);
    close("q", found.get("q"), q, 1e-14);
    let test = 1.0 + sigma * sigma + q - 2.0 * m * -(2.0 * 0.4 - 1.0);
    close("mse_test", found.get("mse_test"), test, 1e-14);
}

#[test]
fn the_solution_depends_on_kappa_and_t_only_through_their_product() {
    for (kappa, t) in [(1.0, 0.8), (2.0, 0.4), (4.0, 0.2), (32.0, 0.025)] {
        let a = one("first-phase", &[("kappa", kappa)], t);
        let b = one("first-phase", &[("kappa", 0.8)], 1.0);
        for (column, value) in &a.values {
            close(column, *value, b.get(column), 4e-14);
        }
    }
}

#[test]
fn the_transition_and_the_fold_are_located() {
    // 34-digit reference: crossing t = 0.0183540336642825, fold t = 0.0160255731184405.
    let system = theory("first-phase");
    let settings = Settings { follow_to_ends: true, ..Settings::default() };
    for controls in [vec![], vec![0.018, 0.0185, 0.019]] {
        let curves = job(&N8, &controls).solve(&system, settings);
        let curve = &curves[0].curve;
        assert_eq!(curve.changes.len(), 1);
        let change = &curve.changes[0];
        assert_eq!((change.from.as_str(), change.to.as_str()), ("constant", "informative"));
        assert!((change.control - 0.018_354_033_664_282_5).abs() < 1e-12, "{}", change.control);
        assert!((2.0 * change.control - 0.036_708_067_329).abs() < 1e-9);
        let after = row(&curves[0], "informative", change.after.as_ref().unwrap());
        close("omega", after.get("omega"), 0.274_792_230_530_923, 1e-10);
        close("b", after.get("b"), 2.247_466_942_356_27, 1e-10);
        close("energies", after.energy, change.before.as_ref().unwrap().certified.energy, 1e-14);
        let track = curve.tracks.iter().find(|t| t.name == "informative").unwrap();
        let fold = track.ends.iter().find(|e| e.kind == EndKind::Fold).unwrap();
        assert!((fold.control - 0.016_025_573_118_440_5).abs() < 1e-12, "{}", fold.control);
        assert!((fold.x[0] - 0.216_870_014_080_355).abs() < 1e-7);
        assert!((fold.x[1] - 2.499_952_549_391_5).abs() < 1e-7);
    }
    // Both branches just above and just below the crossing.
    let curves = job(&N8, &[0.0183, 0.0184]).solve(&system, settings);
    for i in 0..2 {
        let names: Vec<&str> = curves[0].curve.solutions(i).iter().map(|(t, _)| t.name.as_str()).collect();
        let expected = if i == 0 { ["constant", "informative"] } else { ["informative", "constant"] };
        assert_eq!(names, expected);
    }
    // Below the fold only the constant is left.
    assert_eq!(job(&N8, &[0.016]).solve(&system, settings)[0].curve.solutions(0).len(), 1);
}

#[test]
fn the_default_curve_agrees_with_34_digit_numbers() {
    // n = 128, p = 0.8, κ = 4, σ = 1, λ = 0.1, ℓ = 0.01: t, ω, b, m, q, energy.
    let table = [
        [
            0.05,
            0.245_858_119_499_613,
            0.812_237_992_007_357,
            0.902_111_715_133_399,
            0.830_007_371_038_204,
            -49.072_705_467_416_6,
        ],
        [
            0.25,
            0.998_905_489_277_553,
            0.704_617_246_634_950,
            0.998_457_639_087_726,
            1.005_722_757_474_58,
            -87.213_129_513_848_0,
        ],
        [
            0.5,
            1.950_473_325_749_23,
            0.706_909_885_550_176,
            1.000_136_423_427_51,
            1.008_100_649_595_26,
            -122.255_803_677_429,
        ],
        [
            1.0,
            1.370_126_231_348_00,
            0.314_980_966_754_660,
            1.000_015_178_336_91,
            1.007_843_095_937_54,
            -128.861_287_145_128,
        ],
    ];
    let system = theory("first-phase");
    let rows = global_rows(&job(&[], &[]).solve(&system, Settings::default())[0]);
    assert_eq!(rows.len(), 101);
    for [t, omega, b, m, q, energy] in table {
        let found = rows.iter().find(|r| r.control == t).unwrap();
        for (column, value) in [("omega", omega), ("b", b), ("m", m), ("q", q)] {
            // Round-off of the gradient (the energy is 128) over the curvature (0.07 and more).
            close(&format!("{column} at {t}"), found.get(column), value, 1e-13);
        }
        close("energy", found.energy, energy, 1e-14);
        assert!(found.quadrature_error <= 1e-12 && found.residual < 1e-11 && found.curvature.unwrap() > 0.0);
    }
}

#[test]
fn kappa_32_meets_the_tolerance_and_says_with_how_many_nodes() {
    let found = one("first-phase", &[("n", 8.0), ("p", 0.75), ("kappa", 32.0)], 1.0);
    close("omega", found.get("omega"), 0.123_588_489_638_892, 1e-12);
    close("b", found.get("b"), 0.599_867_999_420_948, 1e-12);
    close("mse_test", found.get("mse_test"), 1.121_948_275_961_36, 1e-13);
    assert!(found.quadrature_error <= 1e-12);
    // Where ω ≈ κt is largest at n = 10⁶.
    let wide = one("first-phase", &[("n", 1e6), ("kappa", 32.0)], 0.12);
    assert!(wide.quadrature_error <= 1e-12 && wide.get("omega") > 3.0, "{wide:?}");
}

#[test]
fn averages_with_root_r_32_meet_the_tolerance() {
    // E tanh(0.7 w + w z), the trap of a fixed rule; at w → ∞ it is erf(0.7/√2).
    let text = "title = \"trap\"\ncontrol = { name = \"w\", from = 0, to = 64, points = 2 }\n\
                [variables]\nz = \"normal\"\n[outputs]\n\
                x = { value = \"E[z](tanh(0.7*w + w*z))\", meaning = \"\" }\n";
    let trap = overlaps::system::Theory::parse("trap", text).unwrap();
    for w in [1.0, 8.0, 32.0, 64.0] {
        let found = &solve(&trap, &[], &[w])[0];
        assert!(found.quadrature_error <= 1e-12, "{found:?}");
        let h = 1e-4;
        let exact: f64 = (-100_000..=100_000)
            .map(|i| h * (-0.5 * (f64::from(i) * h).powi(2)).exp() * (0.7 * w + w * f64::from(i) * h).tanh())
            .sum::<f64>()
            / (2.0 * std::f64::consts::PI).sqrt();
        assert!((found.get("x") - exact).abs() < 1e-12, "{w}: {} {exact}", found.get("x"));
        assert!(w < 32.0 || rule(found.rung).nodes.len() >= 1000);
    }
}

#[test]
fn balanced_classes_have_no_bias_whatever_the_side_of_the_transition() {
    // n = 8 (4 + 4), λ = 0.1, ℓ = 0.01: constant at κt = 0.3, informative at 0.5.
    let given = [("n", 8.0), ("p", 0.5), ("kappa", 1.0)];
    assert_eq!(one("first-phase", &given, 0.3).branch, "constant");
    let found = one("first-phase", &given, 0.5);
    assert_eq!((found.branch.as_str(), found.get("b")), ("informative", 0.0));
    close("symmetry", found.get("q_eta_plus"), -found.get("q_eta_minus"), 1e-14);
}

#[test]
fn two_informative_minima_can_coexist_and_cross() {
    // n = 3 (2 + 1), large σ: 34-digit reference, crossing at κt = 0.539706142049424.
    let given =
        [("n", 3.0), ("p", 2.0 / 3.0), ("sigma", 5.57), ("lambda", 0.01824), ("ell", 0.0017), ("kappa", 1.0)];
    let system = theory("first-phase");
    let curves = job(&given, &[]).solve(&system, Settings::default());
    let change = curves[0].curve.changes.last().unwrap();
    assert!((change.control - 0.539_706_142_049_424).abs() < 1e-11, "{}", change.control);
    let (before, after) = (change.before.as_ref().unwrap(), change.after.as_ref().unwrap());
    close("before", before.x[0], 0.051_267_504, 1e-7);
    close("after", after.x[0], 0.528_318_476, 1e-8);
    close("energy", after.certified.energy, -31.215_295_822_503_6, 1e-13);
    // A single row finds both.
    let system = theory("first-phase");
    let single = job(&given, &[0.706]).solve(&system, Settings::default());
    let energies: Vec<f64> = single[0].curve.solutions(0).iter().map(|(_, s)| s.certified.energy).collect();
    close("lowest", energies[0], -33.222_543_462_143_9, 1e-13);
    close("second", energies[1], -31.279_358_274_287_6, 1e-13);
}

#[test]
fn relabelling_the_modes_is_a_symmetry() {
    // p → 1 − p exchanges the classes: b → −b, q_η± → −q_η∓, p_η± → −p_η∓.
    let a = one("first-phase", &[("n", 12.0), ("p", 0.75), ("sigma", 1.3)], 0.4);
    let b = one("first-phase", &[("n", 12.0), ("p", 0.25), ("sigma", 1.3)], 0.4);
    close("b", a.get("b"), -b.get("b"), 1e-12);
    close("q_eta", a.get("q_eta_plus"), -b.get("q_eta_minus"), 1e-12);
    close("p_eta", a.get("p_eta_plus"), -b.get("p_eta_minus"), 1e-12);
    for column in ["omega", "m", "q", "r", "mse_train", "mse_test"] {
        close(column, a.get(column), b.get(column), 1e-12);
    }
}
