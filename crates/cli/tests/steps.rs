//! How many steps sampling takes: the flow of every interpolant and of spins ends in the data, the recursion is that of the
//! samples, the statements of arXiv:2501.00988, and the command.

mod support;

use std::fs;

use overlaps::compare::statistics::{Sample, two_sided};
use overlaps_models::mixture::generate::accuracy::{Accuracy, Feature, Sampling, accuracy};
use overlaps_models::mixture::generate::optimum::{Free, optimum};
use overlaps_models::mixture::generate::spins::{self, Draw, Start};
use overlaps_models::mixture::generate::{
    Denoisers, Generated, Generation, Integrator, LAW, Samples, exact, times,
};
use overlaps_models::mixture::simulate::{DataRule, LabelRule};
use overlaps_models::mixture::{Interpolant, Setting, Target};
use support::run_in;

const LINEAR: f64 = 0.0;
const TRIGONOMETRIC: f64 = 1.0;
const EXPLODING_LINEAR: f64 = 2.0;
const EXPLODING_TRIGONOMETRIC: f64 = 3.0;
const UNIFORM: (&str, f64) = ("schedule", 1.0);

/// p = 0.8, σ = 0.5, κ = 3 and the given changes.
fn mixture(changes: &[(&str, f64)]) -> Setting {
    with_defaults(&[("p", 0.8), ("sigma", 0.5), ("kappa", 3.0), ("n", 2.0)], changes)
}

/// β = 1.5, p = 0.7, κ = 3 and the given changes.
fn magnet(changes: &[(&str, f64)]) -> Setting {
    with_defaults(&[("target", 1.0), ("beta", 1.5), ("p", 0.7), ("kappa", 3.0), ("n", 2.0)], changes)
}

fn with_defaults(defaults: &[(&str, f64)], changes: &[(&str, f64)]) -> Setting {
    let of = |list: &[(&str, f64)], name: &str| list.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    Setting::new(|name| of(changes, name).or(of(defaults, name)).map(|x| support::coded(name, x))).unwrap()
}

/// 20 data sets of samples with the exact denoiser.
fn generated(setting: Setting, integrator: Integrator, steps: usize, samples: usize) -> Vec<Generated> {
    let one = |seed| {
        let generation = Generation {
            setting,
            seed,
            labels: LabelRule::Drawn,
            denoisers: Denoisers::Exact,
            steps,
            samples,
            integrator,
            data: DataRule::Gram,
        };
        generation.generate(&|| false, &|| ()).unwrap().expect("not interrupted")
    };
    (0..20).map(one).collect()
}

/// Whether the means over the data sets are what is expected at the end, up to so much that steps leave.
fn assert_final(all: &[Generated], expected: &[(&str, f64)], left: f64, what: &str) {
    for (name, expected) in expected {
        let column = LAW.iter().position(|(n, _)| n == name).unwrap();
        let values = all.iter().map(|g| g.laws.last().unwrap().values()[column]).collect();
        let found = Sample { d: 1.0, values }.estimate().unwrap();
        let off = ((found.value - expected).abs() - left).max(0.0);
        let p = two_sided(off / found.error, found.freedom);
        assert!(p > 1e-4, "{what}, {name}: {found:?}, expected {expected}");
    }
}

fn recursion(setting: &Setting, integrator: Integrator, steps: usize) -> Accuracy {
    accuracy(setting, integrator, steps, Sampling { seed: 0, samples: 0 }, &|| false).unwrap()
}

#[test]
fn the_flow_of_every_interpolant_ends_in_the_mixture() {
    for interpolant in Interpolant::ALL {
        for (m, bend, schedule) in [(1.0, 1.0, 0.0), (0.5, 1.0, 0.0), (0.5, 0.7, 0.0), (0.5, 1.0, 1.0)] {
            let s = mixture(&[
                ("interpolant", interpolant as usize as f64),
                ("p", 0.7),
                ("d", 2500.0),
                ("M", m),
                ("bend", bend),
                ("schedule", schedule),
            ]);
            let all = generated(s, Integrator::Adaptive, 5, 150);
            let expected = [
                ("fraction_plus", 0.7),
                ("M_plus", m),
                ("M_minus", -m),
                ("sd_M_plus", 0.5 / 50.0),
                ("variance", 0.25),
            ];
            assert_final(
                &all,
                &expected,
                1e-7,
                &format!("{interpolant:?}, M = {m}, bend {bend}, {schedule}"),
            );
        }
    }
}

#[test]
fn spins_end_in_the_states_of_the_magnet() {
    // Given the state the spins are independent: the magnetisation has the standard deviation √(1 − M²)/√d.
    let d = 100.0;
    for interpolant in Interpolant::ALL {
        let s = magnet(&[("interpolant", interpolant as usize as f64), ("d", d)]);
        let m = s.target.m();
        let all = generated(s, Integrator::Ddim, 600, 100);
        let sd = ((1.0 - m * m) / d).sqrt();
        let expected =
            [("fraction_plus", 0.7), ("M_plus", m), ("M_minus", -m), ("sd_M_plus", sd), ("spin", 1.0)];
        assert_final(&all, &expected, 1.5e-3, interpolant.name());
    }
}

#[test]
fn all_interpolants_are_one_flow_in_the_ratio_of_noise_to_data() {
    // X/α depends on α/β alone where f stands still during a step, so that equal ratios give equal samples. In uniform time
    // τ = t/2: α/β = r at 1/(1 + r), 1/√(1 + r²), √d/(√d + r), √d/√(d + r²).
    let ratios: Vec<f64> = (1..40).map(|k| 200.0 * (-0.2 * f64::from(k)).exp()).collect();
    let d = 1e4f64;
    let of = |interpolant: f64| {
        let s = mixture(&[("d", d), ("interpolant", interpolant), UNIFORM]);
        let path = s.path();
        let tau = |r: f64| {
            let r = r / path.noise();
            if path.interpolant.alpha(0.6) == 0.4 { 1.0 / (1.0 + r) } else { 1.0 / (1.0 + r * r).sqrt() }
        };
        let inner = ratios.iter().map(|r| 2.0 * tau(*r));
        let grid: Vec<f64> = std::iter::once(0.0).chain(inner).chain([2.0]).collect();
        let mut samples = Samples::start(&s, 5, 500, 1);
        for ends in grid.windows(2) {
            let denoiser = exact(&s, path.at(ends[0]));
            samples.step(&path, Integrator::Ddim, &denoiser, ends[0], ends[1]);
        }
        samples
    };
    let linear = of(LINEAR);
    for interpolant in [TRIGONOMETRIC, EXPLODING_LINEAR, EXPLODING_TRIGONOMETRIC] {
        let other = of(interpolant);
        assert!((other.scale / linear.scale - 1.0).abs() < 1e-9, "{interpolant}");
        for (a, b) in linear.x.iter().zip(&other.x) {
            assert!((a - b).abs() < 1e-7 * a.abs().max(1.0), "{interpolant}: {a} {b}");
        }
    }
    // Both modes are there.
    assert!(linear.x.iter().any(|x| *x > 0.0) && linear.x.iter().any(|x| *x < 0.0));
}

#[test]
fn ddim_is_eulers_method_on_a_linear_interpolant() {
    for interpolant in [LINEAR, EXPLODING_LINEAR] {
        for d in [1e4, 1e8] {
            let s = mixture(&[("d", d), ("interpolant", interpolant)]);
            let [a, b] = [Integrator::Euler, Integrator::Ddim].map(|i| recursion(&s, i, 60));
            assert!((a.fraction - b.fraction).abs() < 1e-9 && (a.inside - b.inside).abs() < 1e-9);
        }
    }
}

#[test]
fn the_recursion_is_that_of_samples() {
    for d in [1e4, 1e8] {
        for interpolant in Interpolant::ALL {
            for (schedule, integrator) in
                [(0.0, Integrator::Euler), (1.0, Integrator::Euler), (0.0, Integrator::Ddim)]
            {
                let s = mixture(&[
                    ("d", d),
                    ("interpolant", interpolant as usize as f64),
                    ("schedule", schedule),
                ]);
                let expected = recursion(&s, integrator, 50);
                let all = generated(s, integrator, 50, 1000);
                let what = format!("{interpolant:?} {schedule} {integrator:?} d = {d}");
                // Where all samples are in one mode their fraction has no scatter.
                let left = if expected.fraction > 0.999 { 1e-3 } else { 1e-12 };
                assert_final(&all, &[("fraction_plus", expected.fraction)], left, &what);
                let variance =
                    all.iter().map(|g| g.laws.last().unwrap().variance).sum::<f64>() / all.len() as f64;
                // χ² with 20 000 d degrees of freedom.
                let error = expected.inside * (2.0 / (20_000.0 * d)).sqrt();
                assert!(
                    (variance - expected.inside).abs() < 5.0 * error + 1e-12,
                    "{what}: {variance} {expected:?}"
                );
            }
        }
    }
}

#[test]
fn a_hundred_steps_leave_what_an_independent_program_found() {
    // 20 000 samples with numpy, N = 100, κ = 3, M = 1, p = 0.8, σ = 0.5: fraction in +, σ of the samples.
    for (interpolant, schedule, d, fraction, sigma) in [
        (TRIGONOMETRIC, 1.0, 1e4, 0.868, 0.505),
        (TRIGONOMETRIC, 1.0, 1e6, 1.000, 0.505),
        (TRIGONOMETRIC, 0.0, 1e8, 0.805, 0.510),
        (LINEAR, 1.0, 1e6, 1.000, 0.493),
        (LINEAR, 0.0, 1e8, 0.805, 0.485),
        (EXPLODING_LINEAR, 1.0, 1e4, 0.803, 0.215),
        (EXPLODING_LINEAR, 1.0, 1e8, 0.803, 0.002),
        (EXPLODING_LINEAR, 0.0, 1e8, 0.804, 0.471),
        (EXPLODING_TRIGONOMETRIC, 1.0, 1e4, 0.801, 8.06),
        (EXPLODING_TRIGONOMETRIC, 0.0, 1e4, 0.801, 2.02),
        (EXPLODING_TRIGONOMETRIC, 0.0, 1e8, 0.801, 195.0),
    ] {
        let s = mixture(&[("interpolant", interpolant), ("schedule", schedule), ("d", d)]);
        let found = recursion(&s, Integrator::Euler, 100);
        // Four standard errors of 20 000 samples, and half of the last digit given.
        let error = 4.0 * (0.8 * 0.2 / 20_000.0f64).sqrt();
        assert!((found.fraction - fraction).abs() < error, "{interpolant} {schedule} {d}: {found:?}");
        let digit = if sigma > 100.0 {
            0.5
        } else if sigma > 1.0 {
            0.005
        } else {
            0.0005
        };
        assert!((found.inside.sqrt() - sigma).abs() < 1.1 * digit, "{interpolant} {schedule} {d}: {found:?}");
    }
}

#[test]
fn uniform_steps_lose_one_feature_and_the_schedule_made_for_the_interpolant_keeps_both() {
    for (interpolant, lost) in
        [(LINEAR, Feature::High), (TRIGONOMETRIC, Feature::High), (EXPLODING_LINEAR, Feature::Low)]
    {
        let far = |schedule: f64| {
            recursion(
                &mixture(&[("interpolant", interpolant), ("schedule", schedule), ("d", 1e12)]),
                Integrator::Euler,
                200,
            )
        };
        let (uniform, dilated) = (far(1.0), far(0.0));
        assert!(dilated.high < 0.01 && dilated.low < 0.1, "{interpolant}: {dilated:?}");
        match lost {
            Feature::High => assert!(uniform.high > 0.199 && uniform.low < 0.1, "{interpolant}: {uniform:?}"),
            _ => assert!(uniform.low > 0.999 && uniform.high < 0.01, "{interpolant}: {uniform:?}"),
        }
    }
}

#[test]
fn steps_of_uniform_length_have_to_grow_as_the_root_of_d() {
    // The error is a function of N/√d: the same at 16 times the dimension with 4 times the steps.
    for (interpolant, feature) in [(TRIGONOMETRIC, Feature::High), (EXPLODING_LINEAR, Feature::Low)] {
        let error = |d: f64, steps: usize| {
            let s = mixture(&[("interpolant", interpolant), ("d", d), UNIFORM]);
            feature.of(&recursion(&s, Integrator::Euler, steps))
        };
        let (near, far) = (error(1e8, 5_000), error(1.6e9, 20_000));
        assert!(near > 0.01 && (near / far - 1.0).abs() < 0.02, "{interpolant}: {near} {far}");
    }
}

#[test]
fn the_square_root_that_explodes_needs_ddim() {
    let s = mixture(&[("interpolant", EXPLODING_TRIGONOMETRIC), ("d", 1e8)]);
    assert!(recursion(&s, Integrator::Euler, 100).low > 1e4);
    let linear = recursion(&mixture(&[("interpolant", EXPLODING_LINEAR), ("d", 1e8)]), Integrator::Ddim, 100);
    let root = recursion(&s, Integrator::Ddim, 100);
    assert!((root.inside.sqrt() - 0.4705).abs() < 5e-4, "{root:?}");
    assert!((root.inside - linear.inside).abs() < 1e-3, "{root:?} {linear:?}");
}

#[test]
#[ignore = "some ten seconds; tests/thorough"]
fn no_break_mends_eulers_method_on_the_square_root_that_explodes() {
    // With any κ and any bend it ends far from the data.
    let s = mixture(&[("interpolant", EXPLODING_TRIGONOMETRIC), ("d", 1e8)]);
    let best = optimum(&s, Integrator::Euler, 100, Feature::Low, Free::Both).unwrap();
    let mended = optimum(&s, Integrator::Ddim, 100, Feature::Low, Free::Both).unwrap();
    assert!(best.accuracy.low > 10.0 * mended.accuracy.low, "{best:?} {mended:?}");
}

#[test]
fn stratified_starts_measure_the_same_with_less_noise() {
    let s = magnet(&[("d", 200.0)]);
    let grid = times(60);
    let draw = |seed, start| {
        let draw = Draw { seed, count: 200, start };
        spins::generate(&s, draw, Integrator::Euler, &grid, &[60], &|| false).unwrap().pop().unwrap()
    };
    let of = |start| -> (f64, f64, f64) {
        let all: Vec<_> = (0..24).map(|seed| draw(seed, start)).collect();
        let values = all.iter().map(|(law, _)| law.fraction_plus).collect();
        let found = Sample { d: 1.0, values }.estimate().unwrap();
        let claimed = all.iter().map(|(_, error)| error * error).sum::<f64>() / 24.0;
        (found.value, found.error, claimed.sqrt() / 24f64.sqrt())
    };
    let (independent, stratified) = (of(Start::Independent), of(Start::Stratified));
    let error = independent.1.hypot(stratified.1);
    assert!((independent.0 - stratified.0).abs() < 4.0 * error, "{independent:?} {stratified:?}");
    assert!(stratified.1 < 0.6 * independent.1, "{independent:?} {stratified:?}");
    // The error claimed is that of the scatter, which 24 runs know to 15 %; that of stratified ones is never below one sample.
    assert!((0.55..1.8).contains(&(independent.2 / independent.1)), "{independent:?}");
    assert!((0.55..4.0).contains(&(stratified.2 / stratified.1)), "{stratified:?}");
    assert!(matches!(s.target, Target::CurieWeiss { .. }));
}

#[test]
fn the_command_writes_rows_exponents_and_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let base = ["steps", "--set", "interpolant=trigonometric", "--set", "kappa=3", "--set", "sigma=0.5"];
    let more = ["--sweep", "d=1e3,1e4,1e5,1e6,1e7,1e8", "--output", "a.csv", "--plot", "a.svg"];
    let output = run_in(folder.path(), &[&base[..], &more].concat());
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("holds") && !said.contains("fails"), "{said}");
    let side: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("a.json")).unwrap()).unwrap();
    let statements = side["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 10);
    assert!(statements.iter().all(|s| s["verdict"] == "holds"), "{statements:?}");
    let exponent = |schedule: &str, feature: &str| {
        let all = side["exponents"].as_array().unwrap();
        let found = all.iter().find(|e| e["for"] == schedule && e["feature"] == feature).unwrap();
        found["exponent"].as_f64().unwrap()
    };
    assert!((exponent("uniform", "needed_high") - 0.5).abs() < 0.01);
    assert!(exponent("dilated", "needed_high").abs() < 0.02);
    assert!(exponent("uniform", "needed_low").abs() < 0.02);
    // Any number of threads: the same bytes.
    for (name, threads) in [("b.csv", "1"), ("c.csv", "3")] {
        let few = ["--sweep", "d=1e3,1e4", "--output", name, "--threads", threads, "--quiet"];
        let code = run_in(folder.path(), &[&base[..], &few].concat()).status.code();
        assert!(matches!(code, Some(0 | 4)), "{code:?}");
    }
    let csv = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(csv("b.csv"), csv("c.csv"));
    assert_eq!(csv("a.csv").lines().count(), 1 + 2 * 6 * 4);
}

#[test]
fn spins_are_counted_too_whatever_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    for (name, threads) in [("a.csv", "1"), ("b.csv", "2")] {
        let output = run_in(
            folder.path(),
            &[
                "steps",
                "--set",
                "target=curie_weiss",
                "--set",
                "kappa=3",
                "--sweep",
                "d=1e2,4e2",
                "--samples",
                "40",
                "--most",
                "64",
                "--steps",
                "30",
                "--quiet",
                "--output",
                name,
                "--threads",
                threads,
            ],
        );
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let csv = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(csv("a.csv"), csv("b.csv"));
    assert!(csv("a.csv").contains("curie_weiss"));
}

#[test]
fn an_optimised_schedule_says_what_it_gains() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_in(
        folder.path(),
        &["steps", "--optimise", "--set", "d=1e8", "--set", "kappa=3", "--set", "sigma=0.5", "--steps", "10"],
    );
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for part in ["κ and the bend", "κ alone", "the bend alone", "times smaller"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn nonsense_is_refused_with_what_would_be_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let magnet = ["--set", "target=curie_weiss"];
    for (arguments, code, part) in [
        (&["--set", "M=0"][..], 1, "0 < M"),
        (&["--set", "M=-1"], 1, "0 < M"),
        (&["--set", "kappa=20"], 1, "d > κ² = 400"),
        (&["--set", "kappa=10", "--set", "d=100"], 1, "d > κ² = 100"),
        (&["--set", "kappa=0"], 1, "kappa > 0"),
        (&["--set", "kappa=-1"], 1, "κ ≥ 0"),
        (&["--set", "bend=0"], 1, "0 < bend < 2"),
        (&["--set", "bend=2"], 1, "0 < bend < 2"),
        (&["--set", "bend=-0.5"], 1, "0 < bend < 2"),
        (&["--set", "sigma=0"], 1, "sigma > 0"),
        (&["--set", "p=1"], 1, "0 < p < 1"),
        (&["--set", "beta=2"], 1, "target=curie_weiss"),
        (&["--set", "d=1.5"], 1, "whole number"),
        (&["--set", "t=1"], 1, "--steps"),
        (&["--set", "n=8"], 1, "leave it out"),
        (&["--set", "lambda=0.1"], 1, "leave it out"),
        (&["--set", "interpolant=exploding"], 1, "exploding_linear, exploding_trigonometric"),
        (&["--set", "target=ising"], 1, "mixture, curie_weiss"),
        (&["--set", "temperature=1"], 1, "no parameter `temperature`"),
        (&["--steps", "0"], 2, "1..="),
        (&["--steps", ""], 2, "--steps"),
        (&["--most", "0"], 2, "1..="),
        (&["--error", "0"], 2, "between 0 and 1"),
        (&["--error", "1.5"], 2, "between 0 and 1"),
        (&["--integrator", "adaptive"], 2, "euler"),
        (&["--optimise", "--set", "schedule=uniform"], 1, "leave out schedule=uniform"),
        (&["--optimise", "--set", "target=curie_weiss"], 1, "target=mixture"),
        (&["--set", "d=100", "--plot", "x.svg"], 1, "sweep d"),
        (&[magnet[0], magnet[1], "--set", "beta=1"], 1, "1 < β"),
        (&[magnet[0], magnet[1], "--set", "beta=0.5"], 1, "1 < β"),
        (&[magnet[0], magnet[1], "--set", "M=0.5"], 1, "target=mixture"),
        (&[magnet[0], magnet[1], "--set", "sigma=0.5"], 1, "target=mixture"),
        (&[magnet[0], magnet[1], "--set", "d=1e9"], 1, "up to 10000000"),
        (&[magnet[0], magnet[1], "--samples", "1"], 2, "2..="),
    ] {
        let output = run_in(folder.path(), &[&["steps", "--quiet"], arguments].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn exploding_interpolants_are_refused_where_they_have_no_place() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (&["simulate", "--set", "interpolant=exploding_linear"][..], "overlaps steps"),
        (&["check", "two-phase", "--set", "interpolant=exploding_linear"], "overlaps steps"),
        (&["uturn", "--set", "interpolant=exploding_trigonometric"], "overlaps steps"),
        (&["schedule", "--set", "interpolant=exploding_linear"], "overlaps steps"),
        (&["schedule", "--sweep", "d=1e3,1e4", "--set", "interpolant=exploding_linear"], "overlaps steps"),
        (&["solve", "two-phase", "--set", "interpolant=exploding_linear"], "linear, trigonometric"),
        (&["generate", "--set", "interpolant=exploding_linear"], "--denoiser exact"),
        (&["generate", "--set", "target=curie_weiss"], "--denoiser exact"),
        (&["generate", "--set", "M=0.5"], "--denoiser exact"),
        (
            &["generate", "--denoiser", "exact", "--set", "target=curie_weiss", "--set", "d=1e10"],
            "up to 10000000",
        ),
        (
            &["generate", "--denoiser", "exact", "--set", "target=curie_weiss", "--integrator", "adaptive"],
            "--integrator euler",
        ),
        (
            &[
                "generate",
                "--denoiser",
                "exact",
                "--integrator",
                "adaptive",
                "--set",
                "interpolant=exploding_trigonometric",
                "--set",
                "schedule=uniform",
                "--set",
                "d=1e10",
            ],
            "schedule=dilated",
        ),
    ] {
        let output = run_in(folder.path(), arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
