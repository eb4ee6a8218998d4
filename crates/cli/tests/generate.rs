//! Generated samples: against theory in closed form and by quadrature, against each other's routes, and as a command.

mod support;

use std::fs;

use overlaps::compare::statistics::{Sample, holm, kolmogorov_smirnov, two_sided};
use overlaps_models::mixture::Setting;
use overlaps_models::mixture::generate::predicted::closed_form::{Final, mixture_cdf, p_first_step};
use overlaps_models::mixture::generate::predicted::{Dimension, Prediction, Source, Theories, predict};
use overlaps_models::mixture::generate::{Denoisers, Generated, Generation, Integrator, LAW, Law, times};
use overlaps_models::mixture::simulate::{DataRule, LabelRule, Method, Search, Training};
use rayon::prelude::*;
use support::run_in;

const INTEGRATED: Method =
    Method::Integrated { data: DataRule::Gram, search: Search { more_starts: None, tolerance: 1e-12 } };
const EXPLICIT: Method =
    Method::Integrated { data: DataRule::Explicit, search: Search { more_starts: None, tolerance: 1e-12 } };

/// n = 8 (6 + 2), κ = 4, σ = 1, λ = 0.1, ℓ = 0.01 and the given changes.
fn setting(changes: &[(&str, f64)]) -> Setting {
    Setting::new(|name| {
        let changed = changes.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        changed
            .or(match name {
                "n" => Some(8.0),
                "p" => Some(0.75),
                _ => None,
            })
            .map(|x| support::coded(name, x))
    })
    .unwrap()
}

fn generation<'m>(setting: Setting, denoisers: Denoisers<'m>, steps: usize) -> Generation<'m> {
    Generation {
        setting,
        seed: 0,
        labels: LabelRule::Fixed,
        denoisers,
        steps,
        samples: 1000,
        integrator: Integrator::Euler,
        data: DataRule::Gram,
    }
}

fn over_seeds(generation: &Generation, seeds: u64) -> Vec<Generated> {
    (0..seeds)
        .into_par_iter()
        .map(|seed| {
            let one = Generation { seed, ..generation.clone() };
            one.generate(&|| false, &|| ()).unwrap().expect("not interrupted")
        })
        .collect()
}

fn value(generated: &Generated, place: usize, name: &str) -> f64 {
    let column = LAW.iter().position(|(n, _)| *n == name).unwrap();
    generated.laws[place].values()[column]
}

/// The prediction after these of N steps, at their places among all.
fn predicted(
    setting: &Setting,
    source: Source,
    dimension: Dimension,
    steps: usize,
    at: &[usize],
) -> Prediction {
    let theories = Theories::load().unwrap();
    let found = predict(&theories, setting, source, dimension, Integrator::Euler, &times(steps), at).unwrap();
    let mut laws = vec![Law::UNKNOWN; steps + 1];
    for (place, law) in at.iter().zip(found.laws) {
        laws[*place] = law;
    }
    Prediction { laws, ..found }
}

const LEARNT: Source = Source::Learnt { n: [6, 2] };

/// The probability of the largest deviation by chance (Holm), over the quantities of one place that theory has.
fn worst(all: &[Generated], prediction: &Prediction, place: usize, names: &[&str]) -> (f64, String) {
    let mut found: Vec<(f64, String)> = Vec::new();
    for name in names {
        let column = LAW.iter().position(|(n, _)| n == name).unwrap();
        let expected = prediction.laws[place].values()[column];
        let values: Vec<f64> = all.iter().map(|g| value(g, place, name)).filter(|x| x.is_finite()).collect();
        let estimate = Sample { d: 1.0, values }.estimate().unwrap();
        // What quadrature leaves.
        let z = (estimate.value - expected) / estimate.error.max(1e-5);
        found.push((two_sided(z, estimate.freedom), format!("{name}: {estimate:?}, {expected}")));
    }
    let adjusted = holm(&found.iter().map(|f| f.0).collect::<Vec<_>>());
    let worst = (0..found.len()).min_by(|a, b| adjusted[*a].total_cmp(&adjusted[*b])).unwrap();
    (adjusted[worst], found[worst].1.clone())
}

const FIRST: [&str; 5] = ["fraction_plus", "nu_plus", "nu_minus", "sd_nu_plus", "sd_nu_minus"];
const LAST: [&str; 7] = ["fraction_plus", "M_plus", "M_minus", "variance", "z_plus", "z_minus", "eta"];

#[test]
fn samples_of_learnt_denoisers_have_the_predicted_law_at_infinite_d() {
    law_at_infinite_d(8, 12);
}

#[test]
#[ignore = "some ten seconds; tests/thorough"]
fn samples_of_many_learnt_denoisers_have_the_predicted_law_at_infinite_d() {
    law_at_infinite_d(40, 24);
}

fn law_at_infinite_d(steps: usize, seeds: u64) {
    let s = setting(&[("d", 1e11)]);
    let all = over_seeds(&generation(s, Denoisers::Learnt(&INTEGRATED), steps), seeds);
    let prediction = predicted(&s, LEARNT, Dimension::Infinite, steps, &[steps / 4, steps / 2, steps]);
    assert!(prediction.error < 2e-3, "{}", prediction.error);
    for (place, names) in [(steps / 4, &FIRST[..]), (steps / 2, &FIRST[..]), (steps, &LAST[..])] {
        let (p, what) = worst(&all, &prediction, place, names);
        assert!(p > 1e-3, "after {place} steps {what}: p = {p}");
    }
}

#[test]
fn and_at_finite_d_that_of_the_theory_of_finite_d() {
    law_at_finite_d(8, 12);
}

#[test]
#[ignore = "some ten seconds; tests/thorough"]
fn and_of_many_at_finite_d_that_of_the_theory_of_finite_d() {
    law_at_finite_d(40, 24);
}

fn law_at_finite_d(steps: usize, seeds: u64) {
    let s = setting(&[("d", 20_000.0)]);
    let all = over_seeds(&generation(s, Denoisers::Learnt(&INTEGRATED), steps), seeds);
    let finite = predicted(&s, LEARNT, Dimension::Finite, steps, &[steps / 2, steps]);
    for (place, names) in [(steps / 2, &FIRST[..]), (steps, &LAST[..])] {
        let (p, what) = worst(&all, &finite, place, names);
        assert!(p > 1e-3, "after {place} steps {what}: p = {p}");
    }
    // At this d the theory of d → ∞ is told apart: the variance orthogonal to everything moves in the first phase.
    let infinite = predicted(&s, LEARNT, Dimension::Infinite, steps, &[steps / 2]);
    let (p, _) = worst(&all, &infinite, steps / 2, &["variance"]);
    assert!(p < 1e-6);
}

#[test]
fn finite_d_becomes_infinite_d() {
    let s = setting(&[("d", 1e11)]);
    for source in [LEARNT, Source::Exact] {
        let [finite, infinite] = [Dimension::Finite, Dimension::Infinite]
            .map(|dimension| predicted(&s, source, dimension, 20, &[5, 10, 20]));
        for place in [5, 10] {
            for (k, (name, _)) in LAW.iter().enumerate().filter(|(_, (name, _))| FIRST.contains(name)) {
                let (a, b) = (finite.laws[place].values()[k], infinite.laws[place].values()[k]);
                assert!((a - b).abs() < 1e-3, "{source:?} {name} after {place}: {a} {b}");
            }
        }
        for (k, (name, _)) in LAW.iter().enumerate().filter(|(_, (name, _))| LAST.contains(name)) {
            let (a, b) = (finite.laws[20].values()[k], infinite.laws[20].values()[k]);
            assert!((a - b).abs() < 1e-3 || a.is_nan() && b.is_nan(), "{source:?} {name}: {a} {b}");
        }
    }
}

#[test]
fn steps_of_euler_bias_the_variance() {
    variance_left(&[(120, 0.8516)]);
}

#[test]
#[ignore = "some ten seconds; tests/thorough"]
fn many_steps_of_euler_bias_the_variance_less_and_that_of_samples_too() {
    variance_left(&[(400, 0.8775)]);
    let far = setting(&[("d", 1e9)]);
    let all = over_seeds(&generation(far, Denoisers::Learnt(&INTEGRATED), 120), 6);
    let variance = all.iter().map(|g| g.laws[120].variance).sum::<f64>() / 6.0;
    assert!((variance - 0.8516).abs() < 5e-4, "{variance}");
}

fn variance_left(expected: &[(usize, f64)]) {
    // Theory.md section 6, n = 6 + 2: 60 steps in the second phase leave 0.8516, 200 leave 0.8775, many 0.8889; the other
    // values to the digits given there.
    let s = setting(&[]);
    for (steps, variance) in expected.iter().copied() {
        let law = *predicted(&s, LEARNT, Dimension::Infinite, steps, &[steps]).laws.last().unwrap();
        assert!((law.variance - variance).abs() < 5e-5, "{law:?}");
    }
    let last = Final::learnt(&s);
    assert!((last.variance - 0.88889).abs() < 5e-6 && (last.m - 0.98765).abs() < 5e-6);
    assert!((last.eta - 0.349).abs() < 5e-4);
}

#[test]
#[ignore = "two minutes; tests/thorough"]
fn the_mode_of_more_than_its_share_is_generated() {
    // n = 6 + 2: 0.789, not 0.75 (theory.md section 6, κ = 4 and many steps).
    let s = setting(&[("d", 1e10)]);
    let all = over_seeds(&generation(s, Denoisers::Learnt(&INTEGRATED), 400), 16);
    let fraction = Sample { d: 1.0, values: all.iter().map(|g| value(g, 200, "fraction_plus")).collect() };
    let estimate = fraction.estimate().unwrap();
    assert!((estimate.value - 0.7895).abs() < 4.0 * estimate.error + 0.001, "{estimate:?}");
    assert!(estimate.value - 0.75 > 6.0 * estimate.error);
}

#[test]
fn proposition_1_at_finite_d() {
    // The flow of the exact denoiser reproduces the law of the interpolant at every d, and so ν₁ ~ p N(κ, 1) + (1 − p) N(−κ, 1)
    // as d → ∞.
    for (d, interpolant) in [(400.0, 0.0), (1e6, 0.0), (1e12, 0.0), (1e4, 1.0)] {
        let s =
            setting(&[("d", d), ("p", 0.7), ("sigma", 0.6), ("kappa", 3.0), ("interpolant", interpolant)]);
        let exact = Generation { integrator: Integrator::Adaptive, ..generation(s, Denoisers::Exact, 4) };
        let mut nu: Vec<f64> = over_seeds(&exact, 8).iter().flat_map(|g| g.nu_first.clone()).collect();
        assert_eq!(nu.len(), 8000);
        let (distance, p) = kolmogorov_smirnov(&mut nu, |x| mixture_cdf(&s, 1.0, x));
        assert!(p > 0.005, "d = {d}: {distance} {p}");
        // And a law that is a little off is seen.
        let shifted = setting(&[("d", d), ("p", 0.74), ("sigma", 0.6), ("kappa", 3.0)]);
        assert!(kolmogorov_smirnov(&mut nu, |x| mixture_cdf(&shifted, 1.0, x)).1 < 1e-3);
    }
}

#[test]
fn adaptive_samples_end_in_the_mixture_for_both_interpolants_and_schedules() {
    for (interpolant, schedule) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
        let s = setting(&[
            ("d", 2500.0),
            ("p", 0.7),
            ("sigma", 0.5),
            ("interpolant", interpolant),
            ("schedule", schedule),
        ]);
        let exact = Generation { integrator: Integrator::Adaptive, ..generation(s, Denoisers::Exact, 5) };
        let all = over_seeds(&exact, 10);
        let mean = |name: &str| {
            Sample { d: 1.0, values: all.iter().map(|g| value(g, 5, name)).collect() }.estimate().unwrap()
        };
        for (name, expected) in [
            ("fraction_plus", 0.7),
            ("M_plus", 1.0),
            ("M_minus", -1.0),
            ("sd_M_plus", 0.5 / 50.0),
            ("variance", 0.25),
        ] {
            let found = mean(name);
            let z = (found.value - expected) / found.error;
            assert!(two_sided(z, 9.0) > 1e-4, "{interpolant} {schedule} {name}: {found:?}");
        }
    }
}

#[test]
fn the_plain_schedule_loses_the_smaller_mode_as_d_grows() {
    for (d, least) in [(1e4, 0.81), (1e6, 0.999), (1e10, 0.999_999)] {
        let uniform = setting(&[("d", d), ("schedule", 1.0)]);
        let law = *predicted(&uniform, Source::Exact, Dimension::Finite, 100, &[100]).laws.last().unwrap();
        assert!(law.fraction_plus > least, "{d}: {law:?}");
        let dilated = setting(&[("d", d)]);
        let law = *predicted(&dilated, Source::Exact, Dimension::Finite, 100, &[100]).laws.last().unwrap();
        assert!((law.fraction_plus - 0.75).abs() < 0.01, "{d}: {law:?}");
    }
}

#[test]
fn few_steps_leave_the_better_classifier() {
    // d → ∞ at κ = 1: the first step of the second phase takes every sample to its likelier side.
    let s = setting(&[("kappa", 1.0), ("p", 0.8)]);
    let law = *predicted(&s, Source::Exact, Dimension::Infinite, 2000, &[2000]).laws.last().unwrap();
    assert!((law.fraction_plus - p_first_step(0.8, 1.0)).abs() < 2e-3, "{law:?}");
}

#[test]
fn with_fixed_noise_the_larger_class_takes_all() {
    let s = setting(&[("k", 1.0), ("d", 1e11)]);
    let all = over_seeds(&generation(s, Denoisers::Learnt(&INTEGRATED), 20), 2);
    let prediction = predicted(&s, LEARNT, Dimension::Infinite, 20, &[20]);
    assert!((prediction.laws[20].fraction_plus - 1.0).abs() < 1e-6);
    for g in &all {
        assert_eq!(value(g, 20, "fraction_plus"), 1.0);
        // Along the noise nothing depends on the mode.
        assert!((value(g, 20, "xi") - prediction.laws[20].xi).abs() < 1e-4);
    }
    // Equal classes keep their shares.
    let equal = setting(&[("k", 1.0), ("d", 1e11), ("p", 0.5)]);
    let all = over_seeds(&generation(equal, Denoisers::Learnt(&INTEGRATED), 20), 5);
    let fraction = Sample { d: 1.0, values: all.iter().map(|g| value(g, 20, "fraction_plus")).collect() };
    let estimate = fraction.estimate().unwrap();
    assert!((estimate.value - 0.5).abs() < 5.0 * estimate.error, "{estimate:?}");
}

#[test]
fn explicit_arrays_have_the_same_law() {
    // Other data sets and other samples: the same law. That the same start gives the same numbers is a unit test.
    let s = setting(&[("d", 2000.0)]);
    let of = |data: DataRule, method: &Method| {
        let one = Generation { data, samples: 100, ..generation(s, Denoisers::Learnt(method), 10) };
        over_seeds(&one, 10)
    };
    let (gram, explicit) = (of(DataRule::Gram, &INTEGRATED), of(DataRule::Explicit, &EXPLICIT));
    let mut p = Vec::new();
    for (place, names) in [(5, &FIRST[..]), (10, &LAST[..])] {
        for name in names {
            let [a, b] = [&gram, &explicit].map(|all| {
                Sample { d: 1.0, values: all.iter().map(|g| value(g, place, name)).collect() }
                    .estimate()
                    .unwrap()
            });
            let error = (a.error.powi(2) + b.error.powi(2)).sqrt();
            p.push(two_sided((a.value - b.value) / error, 15.0));
        }
    }
    assert!(holm(&p).iter().all(|p| *p > 1e-3), "{p:?}");
}

#[test]
#[ignore = "a minute; tests/thorough"]
fn trained_networks_generate_what_the_minimum_generates() {
    // κt is large from the first step on: at small κt a training may end in the constant solution, a local minimum.
    let s = setting(&[("n", 4.0), ("d", 600.0), ("p", 0.5), ("kappa", 6.0)]);
    let training = Training {
        epochs: 20_000,
        noise_per_epoch: 8,
        decay: overlaps_models::mixture::simulate::Decay::Cosine,
        ..Training::default()
    };
    let trained = Method::Trained { training, checkpoints: None };
    let of = |method: &Method| over_seeds(&generation(s, Denoisers::Learnt(method), 8), 3);
    // The same explicit data for both.
    let (trained, minimum) = (of(&trained), of(&EXPLICIT));
    for (a, b) in trained.iter().zip(&minimum) {
        for name in ["M_plus", "M_minus", "variance", "z_plus", "eta"] {
            let (a, b) = (value(a, 8, name), value(b, 8, name));
            assert!((a - b).abs() < 0.04, "{name}: {a} {b}");
        }
        let (a, b) = (value(a, 8, "fraction_plus"), value(b, 8, "fraction_plus"));
        assert!((a - b).abs() < 0.08, "fraction_plus: {a} {b}");
    }
}

fn text(folder: &std::path::Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

const SMALL: [&str; 12] = [
    "generate",
    "--set",
    "n=8",
    "--set",
    "p=0.75",
    "--set",
    "d=1e6",
    "--steps",
    "10",
    "--samples",
    "200",
    "--quiet",
];

fn with(more: &[&'static str]) -> Vec<&'static str> {
    [&SMALL[..], more].concat()
}

#[test]
fn the_command_writes_samples_and_theory() {
    let folder = tempfile::tempdir().unwrap();
    let run = |more: &[&'static str]| run_in(folder.path(), &with(more));
    let output = run(&["--seeds", "6", "--output", "a.csv", "--plot", "a.svg"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let csv = text(folder.path(), "a.csv");
    let header = csv.lines().next().unwrap();
    assert!(header.starts_with(
        "t,n,p,sigma,kappa,lambda,ell,k,d,interpolant,schedule,target,M,beta,bend,steps,samples,seed,source,"
    ));
    for source in ["samples", "theory", "theory-infinite-d"] {
        let rows = csv.lines().filter(|line| line.split(',').nth(18) == Some(source)).count();
        assert_eq!(rows, if source == "samples" { 6 * 11 } else { 11 }, "{source}");
    }
    assert!(
        text(folder.path(), "a.svg").starts_with("<?xml") || text(folder.path(), "a.svg").starts_with("<svg")
    );
    let side: serde_json::Value = serde_json::from_str(&text(folder.path(), "a.json")).unwrap();
    assert_eq!(side["comparison"]["verdict"], "agrees");
    assert_eq!(side["generation"]["steps"], 10);
    assert!(side["comparison"]["rows"].as_array().unwrap().len() > 10);
}

#[test]
fn saved_denoisers_and_any_number_of_threads_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    // The flow of uniform steps is not integrated.
    let run = |more: &[&'static str]| {
        run_in(folder.path(), &[&with(more)[..], &["--set", "schedule=uniform"]].concat())
    };
    for (name, threads) in [("a.csv", "1"), ("b.csv", "2")] {
        let output =
            run(&["--seeds", "3", "--denoisers", "nets.json", "--output", name, "--threads", threads]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let output = run(&["--seeds", "3", "--output", "c.csv", "--threads", "3"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(folder.path(), "a.csv"), text(folder.path(), "b.csv"));
    assert_eq!(text(folder.path(), "a.csv"), text(folder.path(), "c.csv"));

    let refused = |more: &[&'static str], part: &str| {
        let mut arguments: Vec<&str> = vec!["generate", "--quiet", "--denoisers", "nets.json"];
        arguments.extend(more);
        let output = run_in(folder.path(), &arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{more:?}: {message}");
        assert!(message.contains(part) && message.contains("nets.json"), "{more:?}: {message}");
    };
    let base = ["--set", "n=8", "--set", "p=0.75", "--samples", "200"];
    let uniform = ["--set", "schedule=uniform"];
    let change = |more: &[&'static str]| -> Vec<&'static str> { [&base[..], &uniform, more].concat() };
    refused(&change(&["--set", "d=2e6", "--steps", "10", "--seeds", "3"]), "d = 1000000, not 2000000");
    refused(&change(&["--set", "d=1e6", "--steps", "30", "--seeds", "3"]), "--steps 10, not 30");
    refused(&change(&["--set", "d=1e6", "--steps", "10", "--seeds", "4"]), "no data set of seed 3");
    refused(&[&base[..], &["--set", "d=1e6", "--steps", "10"]].concat(), "schedule = uniform, not dilated");
    refused(
        &["--set", "n=16", "--set", "p=0.75", "--set", "d=1e6", "--steps", "10", "--samples", "200"],
        "n = 8, not 16",
    );
    refused(&change(&["--set", "d=1e6", "--steps", "10", "--labels", "drawn"]), "learnt otherwise");
    let whole = fs::read(folder.path().join("nets.json")).unwrap();
    for damaged in [whole[..whole.len() / 2].to_vec(), b"{}".to_vec(), b"not json".to_vec(), Vec::new()] {
        fs::write(folder.path().join("nets.json"), damaged).unwrap();
        refused(&change(&["--set", "d=1e6", "--steps", "10"]), "damaged");
    }
}

#[test]
fn trained_networks_are_kept_while_they_are_trained() {
    let folder = tempfile::tempdir().unwrap();
    for command in
        [&["generate", "--set", "schedule=uniform"][..], &["uturn", "--denoiser", "learnt", "--set", "t=0.5"]]
    {
        let more = [
            "--method",
            "trained",
            "--epochs",
            "50",
            "--set",
            "n=4",
            "--set",
            "p=0.5",
            "--set",
            "d=200",
            "--seeds",
            "2",
            "--steps",
            "4",
            "--samples",
            "50",
            "--quiet",
            "--output",
            "a.csv",
        ];
        let output = run_in(folder.path(), &[command, &more].concat());
        // Networks of 50 epochs are not the minimum; the verdict does not matter here.
        assert!(matches!(output.status.code(), Some(0 | 4)), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(text(folder.path(), "a.csv").contains(",trained,"));
        assert!(!folder.path().join("a.checkpoints").exists());
    }
}

#[test]
fn nonsense_is_refused_with_what_would_be_accepted() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code, part) in [
        (&["--set", "kappa=0"][..], 1, "kappa > 0"),
        (&["--set", "kappa=200", "--set", "d=5000"], 1, "d > κ² = 40000"),
        (&["--steps", "0"], 2, "1..="),
        (&["--samples", "0"], 2, "1..="),
        (&["--set", "t=3"], 1, "--steps"),
        (&["--denoiser", "exact", "--set", "n=8"], 1, "--denoiser learnt"),
        (&["--denoiser", "exact", "--noise-samples", "2"], 1, "--noise-samples"),
        (&["--denoiser", "exact", "--denoisers", "x.json"], 1, "known at every time"),
        (&["--set", "n=200", "--set", "d=150"], 1, "fewer vectors than dimensions"),
        (&["--integrator", "adaptive", "--method", "trained"], 1, "--integrator euler"),
        (&["--integrator", "adaptive", "--denoisers", "x.json"], 1, "--integrator euler"),
        (&["--denoisers", "x.json", "--data", "explicit", "--set", "d=500"], 1, "--data explicit"),
        (&["--denoisers", "x.json", "--sweep", "d=1e6,2e6"], 1, "--sweep"),
        (&["--samples", "100000000", "--set", "d=1e6"], 1, "fewer samples"),
        (
            &["--data", "explicit", "--samples", "100000", "--set", "d=10000", "--set", "n=8"],
            1,
            "fewer samples",
        ),
        (&["--set", "schedule=warp"], 1, "dilated, uniform"),
        (&["--set", "d=1e300"], 1, "9·10¹⁵"),
        (&["--level", "0"], 2, "between 0 and 1"),
        (&["--columns", "fracton_plus"], 1, "fraction_plus"),
        (
            &[
                "--denoiser",
                "exact",
                "--sweep",
                "p=0.1:0.9:9",
                "--steps",
                "2",
                "--seeds",
                "2",
                "--plot",
                "x.svg",
            ],
            1,
            "at most",
        ),
    ] {
        let output = run_in(folder.path(), &[&["generate"], arguments].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().filter(|e| e.as_ref().unwrap().path().is_file()).count(),
        0
    );
}

#[test]
fn u_turns_of_learnt_denoisers_follow_their_theory_not_the_posterior() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_in(
        folder.path(),
        &[
            "uturn",
            "--denoiser",
            "learnt",
            "--set",
            "n=8",
            "--set",
            "p=0.75",
            "--set",
            "d=1e6",
            "--steps",
            "20",
            "--seeds",
            "8",
            "--samples",
            "1000",
            "--sweep",
            "t=0.1,0.2,0.4,0.8",
            "--output",
            "u.csv",
            "--plot",
            "u.svg",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let side: serde_json::Value = serde_json::from_str(&text(folder.path(), "u.json")).unwrap();
    assert_eq!(side["comparison"]["verdict"], "agrees");
    let far = side["comparison"]["rows"].as_array().unwrap().iter().any(|row| {
        let number = |name: &str| row[name].as_f64().unwrap();
        (number("measured") - number("posterior")).abs() > 10.0 * number("error").max(1e-3)
    });
    assert!(far, "{side}");
}

#[test]
fn u_turns_of_the_exact_denoiser_give_the_posterior_by_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    for forward in ["sde", "resample"] {
        let output = run_in(
            folder.path(),
            &[
                "uturn",
                "--forward",
                forward,
                "--seeds",
                "8",
                "--samples",
                "1000",
                "--sweep",
                "t=0:1:6",
                "--set",
                "p=0.7",
            ],
        );
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("prediction and samples agree"), "{said}");
        assert!(said.contains("the class is decided"), "{said}");
    }
    for (arguments, code, part) in [
        (&["--sweep", "t=0:3:4"][..], 1, "t = 3 is outside the range of the control"),
        (&["--forward", "resample", "--denoiser", "learnt"], 1, "--forward sde only"),
        (&["--window", "0.9,0.1"], 1, "below the second"),
        (&["--window", "0.5"], 1, "two values"),
        (&["--set", "n=8"], 1, "--denoiser learnt"),
        (&["--steps", "0"], 2, "1..="),
        (&["--data", "explicit"], 1, "reduced coordinates"),
    ] {
        let output = run_in(folder.path(), &[&["uturn"], arguments].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
}
