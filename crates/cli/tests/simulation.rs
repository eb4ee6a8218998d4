//! Simulation at finite dimension, against an independent program, against each other's routes, and against the theory.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use overlaps::compare::statistics::{holm, two_sided};
use overlaps_models::mixture::simulate::{
    Branch, DataRule, Decay, LabelRule, Measured, Method, Run, Search, SimulationError, Training,
};
use overlaps_models::mixture::{OVERLAPS, Overlaps, Setting};
use rayon::prelude::*;
use support::{close, one, reference, run_in};

const INTEGRATED: Method =
    Method::Integrated { data: DataRule::Gram, search: Search { more_starts: None, tolerance: 1e-12 } };
const EXPLICIT: Method =
    Method::Integrated { data: DataRule::Explicit, search: Search { more_starts: None, tolerance: 1e-12 } };

/// n = 8 (6 + 2), κ = 2 and the given changes.
fn setting(d: f64, changes: &[(&str, f64)]) -> Setting {
    Setting::new(|name| {
        let changed = changes.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        changed
            .or(match name {
                "n" => Some(8.0),
                "p" => Some(0.75),
                "kappa" => Some(2.0),
                "d" => Some(d),
                _ => None,
            })
            .map(|x| support::coded(name, x))
    })
    .unwrap()
}

fn run(setting: &Setting, seed: u64, method: &Method, times: &[f64]) -> Vec<Measured> {
    let run = Run { setting: *setting, seed, labels: LabelRule::Fixed, method };
    run.measure(times, &|| false, &|| ()).unwrap().unwrap().measured
}

/// All overlaps by name, for several seeds; those that are not defined are left out.
fn by_overlap(measured: &[Overlaps]) -> BTreeMap<&'static str, Vec<f64>> {
    let mut columns = BTreeMap::new();
    for (place, name) in OVERLAPS.iter().map(|q| q.name).enumerate() {
        let values: Vec<f64> = measured.iter().map(|o| o.values()[place]).collect();
        if values.iter().all(|v| v.is_finite()) {
            columns.insert(name, values);
        }
    }
    columns
}

fn mean_and_variance(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (x.len() - 1) as f64)
}

/// The probability by chance of two means as different as these (Welch).
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let ((ma, va), (mb, vb)) = (mean_and_variance(a), mean_and_variance(b));
    let (ea, eb) = (va / a.len() as f64, vb / b.len() as f64);
    let freedom = (ea + eb).powi(2) / (ea * ea / (a.len() - 1) as f64 + eb * eb / (b.len() - 1) as f64);
    two_sided((ma - mb) / (ea + eb).sqrt(), freedom)
}

/// No difference that could not be chance, at a family-wise rate of 1e-4: the seeds are fixed, so a right program passes
/// always, and 1e-4 is how likely it was to fail when they were chosen.
fn no_difference(what: &str, p: &[(String, f64)]) {
    let adjusted = holm(&p.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    for ((name, p), adjusted) in p.iter().zip(adjusted) {
        assert!(adjusted > 1e-4, "{what}: {name} differs, p = {p:e}");
    }
}

#[test]
fn overlaps_are_those_of_an_independent_program() {
    // numpy's generator and scipy's L-BFGS-B on explicit data: other random numbers, so that means over seeds are compared.
    let rows = reference("finite_d_runs.csv");
    for d in [1000.0, 4000.0, 16_000.0] {
        let times = [0.25, 0.5, 1.0];
        let s = setting(d, &[]);
        let ours: Vec<Vec<Measured>> =
            (0..20u64).into_par_iter().map(|seed| run(&s, seed, &INTEGRATED, &times)).collect();
        let mut p = Vec::new();
        for (place, t) in times.iter().enumerate() {
            let measured: Vec<Overlaps> = ours.iter().map(|m| m[place].overlaps).collect();
            for (name, ours) in by_overlap(&measured) {
                let theirs: Vec<f64> = rows
                    .iter()
                    .filter(|row| row["d"].parse() == Ok(d) && row["t"].parse() == Ok(*t))
                    .filter_map(|row| row.get(name).and_then(|v| v.parse().ok()))
                    .collect();
                if !theirs.is_empty() {
                    assert_eq!(theirs.len(), 12);
                    p.push((format!("{name} at d = {d}, t = {t}"), welch(&ours, &theirs)));
                }
            }
        }
        assert_eq!(p.len(), 30);
        no_difference("another program", &p);
    }
}

#[test]
fn the_gram_route_and_the_explicit_route_agree() {
    compare_routes(40);
}

#[test]
#[ignore = "half a minute; tests/thorough"]
fn the_gram_route_and_the_explicit_route_agree_in_distribution() {
    compare_routes(400);
}

fn compare_routes(seeds: u64) {
    // Means by Welch's test; variances by the normal approximation of ln s²; both phases and fixed noise.
    for (changes, times) in [(&[][..], &[0.5, 1.0, 1.4][..]), (&[("k", 2.0)], &[1.4])] {
        let s = setting(300.0, changes);
        let of = |method: &Method, first: u64| -> Vec<Vec<Measured>> {
            (first..first + seeds).into_par_iter().map(|seed| run(&s, seed, method, times)).collect()
        };
        let (gram, explicit) = (of(&INTEGRATED, 0), of(&EXPLICIT, 1000));
        let mut p = Vec::new();
        for (place, t) in times.iter().enumerate() {
            let at = |runs: &[Vec<Measured>]| -> Vec<Overlaps> {
                runs.iter().map(|m| m[place].overlaps).collect()
            };
            let (gram, explicit) = (by_overlap(&at(&gram)), by_overlap(&at(&explicit)));
            assert_eq!(gram.len(), if changes.is_empty() { 12 } else { 13 });
            for (name, gram) in gram {
                let explicit = &explicit[name];
                p.push((format!("mean of {name} at t = {t}"), welch(&gram, explicit)));
                let (vg, ve) = (mean_and_variance(&gram).1, mean_and_variance(explicit).1);
                // Var(ln s²) = 2/(N − 1) for a normal; the heavier tails of some overlaps are allowed for by 3.
                let z = (vg / ve).ln() / (2.0 * 3.0 / (seeds - 1) as f64).sqrt();
                p.push((format!("variance of {name} at t = {t}"), two_sided(z, 1e9)));
            }
        }
        no_difference("gram against explicit", &p);
    }
}

#[test]
#[ignore = "a minute; tests/thorough"]
fn a_trained_network_has_the_overlaps_of_the_minimum_for_the_same_data() {
    // The same data, so that only the training differs: at d = 400 it converges within seconds. What is left of the noise
    // of the gradient moves the overlaps by less than their scatter over data sets.
    let training = Training {
        epochs: 12_000,
        noise_per_epoch: 400,
        learning_rate: 0.02,
        decay: Decay::Cosine,
        initial_scale: 0.3,
        ..Training::default()
    };
    let trained = Method::Trained { training, checkpoints: None };
    let s = setting(400.0, &[]);
    let times = [0.5, 1.0, 1.4];
    let both: Vec<(Vec<Measured>, Vec<Measured>)> =
        (0..4u64).map(|seed| (run(&s, seed, &EXPLICIT, &times), run(&s, seed, &trained, &times))).collect();
    // Scatter over data sets.
    let many: Vec<Vec<Measured>> =
        (100..180u64).into_par_iter().map(|seed| run(&s, seed, &EXPLICIT, &times)).collect();
    for (place, t) in times.iter().enumerate() {
        let scatter = by_overlap(&many.iter().map(|m| m[place].overlaps).collect::<Vec<_>>());
        let minimum = by_overlap(&both.iter().map(|b| b.0[place].overlaps).collect::<Vec<_>>());
        let trained = by_overlap(&both.iter().map(|b| b.1[place].overlaps).collect::<Vec<_>>());
        for (name, trained) in trained {
            let scatter = mean_and_variance(&scatter[name]).1.sqrt();
            for (trained, minimum) in trained.iter().zip(&minimum[name]) {
                let difference = (trained - minimum).abs();
                assert!(
                    difference < 0.5 * scatter,
                    "{name} at t = {t}: {trained} {minimum}, scatter {scatter}"
                );
            }
        }
    }
}

#[test]
fn a_network_with_fixed_noise_has_the_overlaps_of_the_minimum() {
    let training =
        Training { epochs: 20_000, decay: Decay::Cosine, initial_scale: 0.1, ..Training::default() };
    let trained = Method::Trained { training, checkpoints: None };
    let s = setting(400.0, &[("k", 2.0)]);
    let minimum = &run(&s, 1, &EXPLICIT, &[1.5])[0];
    let trained = &run(&s, 1, &trained, &[1.5])[0];
    // Nothing is random here but the start: only convergence and single precision. ω, b and r are in a flat direction.
    assert!((trained.energy - minimum.energy).abs() < 1e-4 * minimum.energy.abs());
    for (place, name) in OVERLAPS.iter().map(|q| q.name).enumerate() {
        let (a, b) = (trained.overlaps.values()[place], minimum.overlaps.values()[place]);
        if ["c", "m", "q", "q_eta_plus", "q_eta_minus", "q_xi", "mse_train", "mse_test"].contains(&name) {
            assert!((a - b).abs() < 2e-3 * b.abs(), "{name}: {a} {b}");
        }
    }
}

#[test]
fn a_trained_network_finds_the_loss_of_the_minimum_or_more() {
    // The minimum is over everything, so no network has a lower loss, however it was trained.
    let trained = Method::Trained {
        training: Training { epochs: 3000, noise_per_epoch: 20, ..Training::default() },
        checkpoints: None,
    };
    let s = setting(200.0, &[]);
    for seed in 0..3 {
        let times = [0.3, 1.0, 1.7];
        for (minimum, trained) in run(&s, seed, &EXPLICIT, &times).iter().zip(run(&s, seed, &trained, &times))
        {
            assert!(trained.loss >= minimum.loss - 1e-6 * minimum.loss, "{} {}", trained.loss, minimum.loss);
            assert!(trained.loss < 2.0 * minimum.loss);
        }
    }
}

#[test]
fn a_dimension_of_a_billion_gives_the_limit() {
    // Corrections are of order 1/√d = 3e-5, the scatter too.
    let s = setting(1e9, &[]);
    let times = [0.25, 1.0, 1.3];
    for (t, measured) in times.iter().zip(run(&s, 0, &INTEGRATED, &times)) {
        let (system, columns): (_, &[&str]) = if *t > 1.0 {
            ("second-phase", &["c", "m", "q", "q_eta_plus", "q_eta_minus", "mse_train", "mse_test"])
        } else {
            (
                "first-phase",
                &["omega", "b", "m", "q", "r", "q_eta_plus", "p_eta_minus", "mse_train", "mse_test"],
            )
        };
        // The dilation is over in the second phase.
        let given = [("n", 8.0), ("p", 0.75), ("kappa", 2.0)];
        let theory = one(system, &given[..if *t > 1.0 { 2 } else { 3 }], *t);
        let measured = by_overlap(&[measured.overlaps]);
        for column in columns {
            close(&format!("{column} at t = {t}"), measured[column][0], theory.get(column), 1e-3);
        }
    }
}

#[test]
fn second_phase_with_fixed_noise_is_that_of_the_independent_runs() {
    // theory.md: simulation 0.52318 (k = 1, d = 20 000) and 0.48065 (k = 4), several seeds; n = 8, τ = 0.3, λ = 0.1. The
    // same τ is t = 1 + (τ − κ/√d)/(1 − κ/√d).
    let d = 20_000.0;
    let kick = 2.0 / f64::sqrt(d);
    let t = 1.0 + (0.3 - kick) / (1.0 - kick);
    for (k, c) in [(1.0, 0.52318), (4.0, 0.48065)] {
        let s = setting(d, &[("k", k), ("p", 0.5)]);
        let runs: Vec<f64> =
            (0..60u64).into_par_iter().map(|seed| run(&s, seed, &INTEGRATED, &[t])[0].overlaps.c).collect();
        let (mean, variance) = mean_and_variance(&runs);
        let error = (variance / 60.0).sqrt();
        // Their own error is that of a few seeds.
        assert!((mean - c).abs() < 4.0 * error + 5e-4, "k = {k}: {mean} ± {error}, {c}");
    }
}

#[test]
fn new_data_of_the_smaller_class_may_be_taken_for_the_larger() {
    // (p, σ, k, t) on both sides of the border 4kβ²/(α² + kβ²σ²) = 1/n₋ − 1/n₊ for n = 8: fixed noise (border t = 1.232 for 6 + 2,
    // σ = 1, k = 1), and fresh noise with a large scatter (7 + 1, border σ² = 4.67). Beyond it the error exceeds that
    // with φ = s by 4(1 − p)(1 − cβ)m. Every other overlap is that of the theory on both sides.
    for (p, sigma, k, t, beyond) in [
        (0.75, 1.0, 1.0, 1.1, true),
        (0.75, 1.0, 1.0, 1.4, false),
        (0.875, 3.0, f64::INFINITY, 1.5, true),
        (0.875, 1.0, f64::INFINITY, 1.5, false),
    ] {
        let s = setting(1e13, &[("k", k), ("sigma", sigma), ("p", p)]);
        let theory = one("second-phase", &[("n", 8.0), ("k", k), ("sigma", sigma), ("p", p)], t);
        let found = by_overlap(&[run(&s, 0, &INTEGRATED, &[t])[0].overlaps]);
        let (c, m) = (theory.get("c"), theory.get("m"));
        let without =
            (1.0 + sigma * sigma) * (1.0 - c * (t - 1.0)).powi(2) + (c * (2.0 - t)).powi(2) + theory.get("q")
                - 2.0 * (1.0 - c * (t - 1.0)) * m;
        let more = if beyond { 4.0 * (1.0 - p) * (1.0 - c * (t - 1.0)) * m } else { 0.0 };
        close(
            &format!("mse_test of the theory, {p} {sigma} {k} {t}"),
            theory.get("mse_test"),
            without + more,
            1e-12,
        );
        for column in ["c", "m", "q", "q_eta_plus", "q_eta_minus", "mse_train", "mse_test"] {
            close(&format!("{column} at {p} {sigma} {k} {t}"), found[column][0], theory.get(column), 1e-3);
        }
    }
}

#[test]
fn errors_are_those_of_the_theory_at_finite_d() {
    for t in [0.5, 1.0] {
        let d = 64_000.0;
        let s = setting(d, &[("p_test", 0.3)]);
        let theory =
            one("finite-d", &[("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("d", d), ("p_test", 0.3)], t);
        let runs: Vec<Overlaps> =
            (0..60u64).into_par_iter().map(|seed| run(&s, seed, &INTEGRATED, &[t])[0].overlaps).collect();
        for name in ["mse_train", "mse_test"] {
            let (mean, variance) = mean_and_variance(&by_overlap(&runs)[name]);
            // Corrections of order 1/d = 1.6e-5.
            let allowed = 4.0 * (variance / 60.0).sqrt() + 1e-4;
            assert!(
                (mean - theory.get(name)).abs() < allowed,
                "{name} at t = {t}: {mean} {}",
                theory.get(name)
            );
        }
    }
}

#[test]
fn the_theory_at_finite_d_holds_without_dilation_and_for_both_interpolants() {
    uniform_schedule(&[2_097_152.0], 16);
}

#[test]
#[ignore = "half a minute; tests/thorough"]
fn the_theory_at_finite_d_holds_without_dilation_for_many_data_sets() {
    uniform_schedule(&[131_072.0, 2_097_152.0], 40);
}

fn uniform_schedule(dimensions: &[f64], seeds: u64) {
    // Uniform time t = 2τ: τ = 2/√d, where the class is learnt, and τ of order 1. Dimensions of order n³ and more, where the
    // mean Gram matrix is good enough.
    for d in dimensions.iter().copied() {
        for interpolant in [0.0, 1.0] {
            let times = [4.0 / f64::sqrt(d), 0.5, 1.2];
            let s = setting(d, &[("schedule", 1.0), ("interpolant", interpolant)]);
            let runs: Vec<Vec<Measured>> =
                (0..seeds).into_par_iter().map(|seed| run(&s, seed, &INTEGRATED, &times)).collect();
            let mut p = Vec::new();
            for (place, t) in times.iter().enumerate() {
                let given = [("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("d", d)];
                let words = [("schedule", 1.0), ("interpolant", interpolant)];
                let theory = one("finite-d", &[&given[..], &words].concat(), *t);
                let measured: Vec<Overlaps> = runs.iter().map(|m| m[place].overlaps).collect();
                for (name, values) in by_overlap(&measured) {
                    let (mean, variance) = mean_and_variance(&values);
                    let z = (mean - theory.get(name)) / (variance / seeds as f64).sqrt();
                    p.push((format!("{name} at d = {d}, t = {t}"), two_sided(z, (seeds - 1) as f64)));
                }
            }
            assert_eq!(p.len(), 36);
            no_difference("uniform schedule", &p);
        }
    }
}

#[test]
fn second_phase_of_the_trigonometric_interpolant_is_approached_as_d_grows() {
    let deviation = |d: f64, t: f64, column: &str| {
        let s = setting(d, &[("interpolant", 1.0)]);
        let theory = one("second-phase", &[("n", 8.0), ("p", 0.75), ("interpolant", 1.0)], t);
        (by_overlap(&[run(&s, 0, &INTEGRATED, &[t])[0].overlaps])[column][0] - theory.get(column)).abs()
    };
    for t in [1.3, 1.6] {
        for column in ["c", "m", "q", "q_eta_plus", "mse_train", "mse_test"] {
            // Deviations of order 1/√d: 3e-6 at d = 10¹¹.
            for d in [1e9, 1e11, 1e13] {
                let found = deviation(d, t, column);
                assert!(found < 5.0 / d.sqrt(), "{column} at t = {t}, d = {d}: {found}");
            }
        }
    }
}

#[test]
fn the_constant_solution_is_found_where_it_is_the_minimum() {
    // d → ∞: the energies cross at κt = 0.0367.
    let s = setting(1e8, &[]);
    let found = run(&s, 0, &INTEGRATED, &[0.0, 0.01, 0.018, 0.019, 0.03, 2.0]);
    let branches: Vec<Option<Branch>> = found.iter().map(|m| m.branch).collect();
    use Branch::{Constant, Informative};
    assert_eq!(branches, [Constant, Constant, Constant, Informative, Informative, Constant].map(Some));
    assert_eq!(
        (found[0].overlaps.b, found[0].overlaps.omega, found[0].overlaps.r),
        (f64::INFINITY, 0.0, 0.0)
    );
    // n(2p − 1)/(λ + n)
    assert!((found[0].overlaps.m - 4.0 / 8.1).abs() < 1e-3);
}

#[test]
fn the_constant_solution_has_the_sign_of_the_equation_files() {
    // Two classes of equal size: the sign of m is that of the scatter; b = +∞ is reported, as in first-phase and finite-d.
    let s = setting(1000.0, &[("p", 0.5)]);
    for seed in 0..4 {
        let found = &run(&s, seed, &INTEGRATED, &[0.05])[0];
        assert_eq!((found.branch, found.overlaps.b), (Some(Branch::Constant), f64::INFINITY));
        // σ/(λ + n), with scatter of order 1/√d.
        assert!((found.overlaps.q_eta[0] - 1.0 / 8.1).abs() < 0.1, "{:?}", found.overlaps);
    }
    let s = setting(1000.0, &[("p", 0.25)]);
    let found = &run(&s, 0, &INTEGRATED, &[0.01])[0];
    assert_eq!((found.branch, found.overlaps.b), (Some(Branch::Constant), f64::NEG_INFINITY));
    assert!(found.overlaps.m > 0.3);
}

#[test]
fn minima_that_break_the_symmetry_within_a_class_are_found() {
    let missed = missed_minima(10);
    assert!(missed <= 1, "{missed} of 20");
}

#[test]
#[ignore = "half a minute; tests/thorough"]
fn minima_that_break_the_symmetry_within_a_class_are_found_for_many_data_sets() {
    let missed = missed_minima(60);
    assert!(missed <= 4, "{missed} of 120");
}

/// Of two times for so many data sets, those at which the default starts miss the lowest energy.
fn missed_minima(seeds: u64) -> usize {
    // Few samples of large scatter in few dimensions: the minimum singles out samples. The default starts against many more:
    // lower energies are found for a few data sets in a hundred at most.
    let many = Method::Integrated {
        data: DataRule::Gram,
        search: Search { more_starts: Some(120), tolerance: 1e-12 },
    };
    let s = setting(100.0, &[("n", 4.0), ("sigma", 3.0)]);
    (0..seeds)
        .into_par_iter()
        .map(|seed| {
            let times = [0.2, 0.5];
            let (few, many) = (run(&s, seed, &INTEGRATED, &times), run(&s, seed, &many, &times));
            few.iter().zip(&many).filter(|(few, many)| few.energy > many.energy + 1e-7).count()
        })
        .sum()
}

#[test]
fn a_network_that_diverges_is_not_converged() {
    let training = Training { epochs: 20, learning_rate: 1e19, ..Training::default() };
    let trained = Method::Trained { training, checkpoints: None };
    let found = &run(&setting(100.0, &[]), 0, &trained, &[0.5])[0];
    assert!(!found.converged);
    assert!(found.overlaps.mse_train.is_nan() || found.overlaps.mse_train > 1.0);
}

#[test]
fn no_width_and_drawn_labels_work() {
    // σ = 0: the Gram matrix has rank one and does not scatter; corrections are some 1/√d = 1e-7.
    let s = setting(1e14, &[("sigma", 0.0)]);
    let theory = one("first-phase", &[("n", 8.0), ("p", 0.75), ("kappa", 2.0), ("sigma", 0.0)], 0.5);
    let found = &run(&s, 0, &INTEGRATED, &[0.5])[0];
    for column in ["omega", "b", "m", "r", "mse_train", "mse_test"] {
        close(column, by_overlap(&[found.overlaps])[column][0], theory.get(column), 1e-6);
    }
    // All labels equal happens for n = 2: the other class has no means.
    let s = setting(100.0, &[("n", 2.0)]);
    let outcomes: Vec<_> = (0..15u64)
        .map(|seed| {
            let run = Run { setting: s, seed, labels: LabelRule::Drawn, method: &INTEGRATED };
            run.measure(&[0.7], &|| false, &|| ()).unwrap().unwrap()
        })
        .collect();
    for outcome in &outcomes {
        assert!([0.0, 0.5, 1.0].contains(&outcome.p_bar));
        assert_eq!(outcome.measured[0].overlaps.q_eta[1].is_nan(), outcome.p_bar == 1.0);
        assert!(outcome.measured[0].converged);
    }
    assert!(outcomes.iter().any(|o| o.p_bar == 1.0) && outcomes.iter().any(|o| o.p_bar == 0.5));
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let refused = |setting: &Setting, method: &Method, t: f64| {
        let run = Run { setting: *setting, seed: 0, labels: LabelRule::Fixed, method };
        run.measure(&[t], &|| false, &|| ()).unwrap_err()
    };
    let s = setting(8.0, &[]);
    assert!(matches!(refused(&s, &INTEGRATED, 0.5), SimulationError::TooManyVectors { count: 8, d: 8 }));
    assert!(matches!(refused(&setting(1e9, &[]), &EXPLICIT, 0.5), SimulationError::TooLarge { .. }));
    assert!(matches!(
        refused(&setting(1e4, &[("p", 0.99)]), &INTEGRATED, 0.5),
        SimulationError::OneClass { .. }
    ));
    assert!(matches!(refused(&setting(1e4, &[]), &INTEGRATED, 2.1), SimulationError::Time(_)));
    let fixed = setting(1e4, &[("k", 2.0)]);
    assert!(matches!(
        refused(&fixed, &INTEGRATED, 0.9),
        SimulationError::FixedNoiseInFirstPhase { k: 2, .. }
    ));
}

// ---- the command ----

const SMALL: [&str; 11] = [
    "simulate",
    "--set",
    "n=8",
    "--set",
    "kappa=2",
    "--sweep",
    "d=200,400",
    "--sweep",
    "t=0.2:1.8:5",
    "--seeds",
    "3",
];

#[test]
fn the_same_bytes_with_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    for method in [&[][..], &["--data", "explicit"], &["--method", "trained", "--epochs", "40"]] {
        let bytes = |threads: &str| {
            let arguments =
                [&SMALL[..], method, &["--threads", threads, "--format", "csv", "--quiet"]].concat();
            let output = run_in(folder.path(), &arguments);
            assert!(output.status.success());
            output.stdout
        };
        let one = bytes("1");
        assert_eq!(one.iter().filter(|b| **b == b'\n').count(), 1 + 2 * 5 * 3);
        assert_eq!(one, bytes("3"));
    }
}

#[test]
fn the_table_has_the_columns_of_solve_and_those_of_a_simulation() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        run_in(folder.path(), &[&SMALL[..], &["--output", "runs.csv", "--plot", "runs.svg"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(folder.path().join("runs.csv")).unwrap();
    assert_eq!(
        text.lines().next().unwrap(),
        "t,n,p,sigma,kappa,lambda,ell,p_test,k,d,interpolant,schedule,seed,method,data,branch,omega,b,c,m,q_eta_plus,q_eta_minus,\
         p_eta_plus,p_eta_minus,q_xi,q,r,mse_train,mse_test,loss,energy,gradient_norm,quadrature_error,iterations,status"
    );
    // p is the fraction that the data have, 6/8; p_test the weight of the mode.
    assert!(
        text.lines()
            .nth(1)
            .unwrap()
            .starts_with("0.2,8,0.75,1.0,2.0,0.1,0.01,0.8,inf,200,linear,dilated,0,integrated,gram,")
    );
    let side: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("runs.json")).unwrap()).unwrap();
    assert_eq!(side["simulation"]["seeds"], 3);
    assert_eq!(side["parameters"]["n"], 8);
    assert_eq!(side["sweeps"]["d"], "d=200,400");
    assert!(fs::read_to_string(folder.path().join("runs.svg")).unwrap().contains("d = 400"));
}

#[test]
fn a_killed_training_continues_and_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = |file: &'static str| {
        [
            "simulate", "--set", "n=16", "--set", "d=2000", "--set", "kappa=2", "--sweep", "t=0.5,1",
            "--seeds", "2",
        ]
        .into_iter()
        .chain(["--method", "trained", "--epochs", "4000", "--quiet", "--output", file])
        .collect::<Vec<_>>()
    };
    let start = std::time::Instant::now();
    assert!(run_in(folder.path(), &arguments("whole.csv")).status.success());
    let takes = start.elapsed();
    let whole = fs::read(folder.path().join("whole.csv")).unwrap();
    // Interrupted by a signal, the run keeps its networks and writes no table.
    let mut interrupted = 0;
    for part in [0.1, 0.2, 0.3] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_overlaps"))
            .args(arguments("part.csv"))
            .current_dir(folder.path())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(takes.mul_f64(part));
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        let status = child.wait().unwrap();
        if status.code() == Some(1) {
            interrupted += 1;
            assert!(!folder.path().join("part.csv").exists());
            assert!(folder.path().join("part.checkpoints").is_dir());
        }
    }
    assert!(interrupted > 0, "no training was interrupted");
    assert!(run_in(folder.path(), &arguments("part.csv")).status.success());
    assert_eq!(fs::read(folder.path().join("part.csv")).unwrap(), whole);
    // Nothing is left behind, and nothing of the user's is removed.
    assert!(!folder.path().join("part.checkpoints").exists());
    fs::create_dir(folder.path().join("part.checkpoints")).unwrap();
    fs::write(folder.path().join("part.checkpoints/notes.txt"), "mine").unwrap();
    assert!(run_in(folder.path(), &arguments("part.csv")).status.success());
    assert_eq!(fs::read_dir(folder.path().join("part.checkpoints")).unwrap().count(), 1);
}

#[test]
fn mistakes_on_the_command_line_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (&["--set", "kapa=2"][..], "did you mean `kappa`"),
        (&["--set", "d=10"], "d > κ² = 16"),
        (&["--set", "n=100", "--set", "d=100", "--set", "kappa=2"], "fewer vectors than dimensions"),
        (&["--set", "n=3.5"], "whole number"),
        (&["--set", "t=2.5"], "0 ≤ t ≤ 2"),
        (&["--noise-samples", "2", "--set", "t=0.5"], "second phase"),
        (&["--noise-samples", "2", "--set", "k=3"], "contradict"),
        (&["--method", "trained", "--data", "gram"], "leave --data out"),
        (&["--checkpoints", "x"], "--method trained"),
        (&["--set", "n=8", "--set", "n=9"], "given twice"),
        (&["--data", "explicit", "--set", "d=1e8"], "explicit data may have"),
        (&["--epochs", "10"], "--method trained"),
        (&["--method", "trained", "--starts", "3"], "--method integrated"),
        (&["--set", "n=8", "--set", "k=1000", "--set", "d=1e6", "--set", "t=1.5"], "Gram matrix may have"),
        (&["--columns", "omga"], "did you mean `omega`"),
        (&["--output", "no/such/folder.csv"], "does not exist"),
    ] {
        let output = run_in(folder.path(), &[&["simulate"], arguments].concat());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
    for arguments in
        [&["--seeds", "0"][..], &["--epochs", "-1"], &["--learning-rate", "0"], &["--beta1", "1"]]
    {
        assert_eq!(run_in(folder.path(), &[&["simulate"], arguments].concat()).status.code(), Some(2));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
