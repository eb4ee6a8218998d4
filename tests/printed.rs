//! The equations as printed: what they give, and that it is not what the derivation gives.

mod support;

use overlaps::solve::Settings;
use overlaps::system::Theory;
use support::{close, job, one, solve, theory};

const N8: [(&str, f64); 3] = [("n", 8.0), ("p", 0.75), ("kappa", 2.0)];

/// The energy whose stationarity conditions Result 1 prints (at σ = 1), written as an energy.
const ENERGY_PRINTED: &str = r#"
title = "energy of Result 1"
control = { name = "t", from = 0, to = 1, points = 11 }
[parameters]
n = { default = 8, meaning = "samples" }
p = { default = 0.75, meaning = "fraction" }
sigma = { default = 1, meaning = "deviation" }
kappa = { default = 2, meaning = "dilation" }
lambda = { default = 0.1, meaning = "decay" }
ell = { default = 0.01, meaning = "decay" }
[variables]
s = { values = [1, -1], weights = ["p", "1 - p"] }
z = "normal"
[definitions]
phi = "tanh(kappa*t*s*omega + b + omega*z)"
[unknowns]
omega = "weight overlap"
b = "bias"
[energy]
minimise = "-(n^2*E[s,z](s*phi)^2 + n*sigma^2*E[s,z](phi)^2)/(lambda + n*E[s,z](phi^2)) + ell*omega^2"
[gauge]
keep = "omega >= 0"
flip = ["omega", "b"]
[[branch]]
name = "informative"
start = [{ omega = "kappa*t", b = "atanh(2*p - 1)" }]
"#;

#[test]
fn result_1_as_printed_is_stationary_at_the_minimum_of_its_energy() {
    let energy = Theory::parse("energy-printed", ENERGY_PRINTED).unwrap();
    // 34-digit reference: t, ω, b, energy.
    for (t, omega, b, minimum) in [
        (0.25, 0.546_323_718_488_995, 0.789_842_742_991_689, -3.650_198_099_548_14),
        (0.5, 0.928_289_116_561_171, 0.651_089_942_621_323, -5.384_456_752_398_91),
        (1.0, 1.550_774_388_001_17, 0.542_434_904_000_145, -7.674_940_529_966_03),
    ] {
        let root = one("first-phase-printed", &N8, t);
        let minimised = &solve(&energy, &N8, &[t])[0];
        for (column, value) in [("omega", omega), ("b", b)] {
            close(column, root.get(column), value, 1e-12);
            close(column, minimised.get(column), value, 1e-12);
        }
        close("energy", root.energy, minimum, 1e-13);
        close("energy", minimised.energy, minimum, 1e-13);
    }
}

#[test]
fn result_1_as_printed_differs_from_the_derivation_by_a_relative_1_over_n() {
    let (printed, derived) = (one("first-phase-printed", &N8, 1.0), one("first-phase", &N8, 1.0));
    close("printed ω", printed.get("omega"), 1.5508, 5e-5);
    close("printed b", printed.get("b"), 0.5424, 1e-4);
    close("derived ω", derived.get("omega"), 1.5650, 5e-5);
    close("derived b", derived.get("b"), 0.7099, 1e-4);
    // The difference of b falls as 1/n.
    let difference = |n: f64| {
        let given = [("n", n), ("p", 0.75), ("kappa", 2.0)];
        one("first-phase", &given, 0.5).get("b") - one("first-phase-printed", &given, 0.5).get("b")
    };
    let ratio = difference(1e4) / difference(1e5);
    assert!((ratio - 10.0).abs() < 0.5, "{ratio}");
}

#[test]
fn result_1_is_taken_literally_where_sigma_is_not_1() {
    // The printed residual has σ where the derivation of its own energy gives σ²; literal roots at σ = 1/2.
    for (t, omega, b) in [
        (0.25, 0.761_942_074_646_725, 0.953_318_268_436_420),
        (0.5, 1.071_398_709_403_82, 0.664_635_775_550_672),
        (1.0, 1.641_939_983_214_96, 0.515_563_490_713_841),
    ] {
        let given = [("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("sigma", 0.5)];
        let system = theory("first-phase-printed");
        let curves = job(&given, &[t]).solve(&system, Settings::default());
        let all = curves[0].curve.solutions(0);
        let literal = all.iter().any(|(_, s)| (s.x[0] - omega).abs() < 1e-11 && (s.x[1] - b).abs() < 1e-11);
        assert!(literal, "t = {t}: {:?}", all.iter().map(|(_, s)| s.x.clone()).collect::<Vec<_>>());
    }
}

#[test]
fn result_2_as_printed_gives_another_linear_coefficient() {
    let given = [("n", 8.0), ("lambda", 0.1)];
    let printed = one("second-phase-printed", &given, 1.3);
    close("c", printed.get("c"), 0.2538, 2e-4);
    close("derived c", one("second-phase", &given, 1.3).get("c"), 0.46784, 1e-5);
}

#[test]
fn corollary_3_as_printed_is_the_limit_of_result_2_as_printed_and_belongs_to_another_interpolant() {
    for (sigma, tau) in [(0.5f64, 0.3f64), (1.0, 0.6), (2.0, 0.9)] {
        let given = [("sigma", sigma)];
        let limit = one("second-phase-limit-printed", &given, 1.0 + tau);
        // σ = ½ has the further slip σ + n, which also disappears as n → ∞.
        let far = one("second-phase-printed", &[("sigma", sigma), ("n", 1e9)], 1.0 + tau);
        close("c", limit.get("c"), far.get("c"), 1e-8);
        // β σ²/(α² + β² σ²) with α² = 1 − τ².
        let c = tau * sigma * sigma / (1.0 - tau * tau + tau * tau * sigma * sigma);
        close("c", limit.get("c"), c, 1e-14);
        // Which is what is derived for that interpolant.
        let derived = one("second-phase-limit", &[("sigma", sigma), ("interpolant", 1.0)], 1.0 + tau);
        close("c", limit.get("c"), derived.get("c"), 1e-14);
        close("m", limit.get("m"), derived.get("m"), 1e-14);
    }
}
