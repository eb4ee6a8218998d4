//! Windows against their closed forms, samples against fractions known otherwise.

use nalgebra::{DMatrix, DVector};

use super::euler::{Flow, Schedule, knots, times};
use super::{Means, ModeSamples, Sampled, Turns};
use crate::mixture::Interpolant;
use overlaps::compare::Verdict;
use overlaps::compare::statistics::multinomial;
use overlaps::experiment::Experiment;
use overlaps::model::Running;
use overlaps::study::Wanted;

/// Modes √d (s e₀ + r δ d^(a − 1/2) e_s) with δ = 1.5 and a = 0.3.
const PAIRS: &str = "[split]\nexponent = 0.5\nhalf_distance = 1\nmodes = [\n\
    { exponent = 0.3, half_distance = 1.5, modes = [0.5, 0.2] },\n\
    { exponent = 0.3, half_distance = 1.5, modes = [0.1, 0.2] },\n]";
const ALIKE: &str = "weights = [0.5, 0.3, 0.2]\ngram = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]";

fn means(text: &str) -> Means {
    Means::parse("means.toml", text).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_tree_has_the_products_of_its_modes() {
    let products = means(PAIRS).products(1e6);
    let small = 2.25 * 1e6f64.powf(-0.4);
    let modes = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)];
    for (k, (s, r)) in modes.iter().enumerate() {
        for (l, (t, q)) in modes.iter().enumerate() {
            let exact = s * t + if s == t { r * q * small } else { 0.0 };
            assert!((products[(k, l)] - exact).abs() < 1e-14, "{k} {l}");
        }
    }
    // Three parts of a split are 2δ d^a from each other.
    let three = means("[split]\nexponent = 0.4\nhalf_distance = 1.5\nmodes = [1, 1, 2]").products(1e4);
    let apart = three[(0, 0)] + three[(2, 2)] - 2.0 * three[(0, 2)];
    assert!((apart / (9.0 * 1e4f64.powf(-0.2)) - 1.0).abs() < 1e-13);
}

#[test]
fn all_drops_sum_to_the_error_before_the_first_window() {
    for text in [PAIRS, ALIKE] {
        let means = means(text);
        let (products, p) = (means.products(1e6), &means.weights);
        let both = |k: usize| (0..p.len()).map(|l| p[k] * p[l] * products[(k, l)]).sum::<f64>();
        let trace: f64 = (0..p.len()).map(|k| p[k] * products[(k, k)] - both(k)).sum();
        let windows = means.windows(1e6);
        let drops: f64 = windows.iter().map(|window| window.drop).sum();
        assert!((drops / trace - 1.0).abs() < 1e-12, "{drops} {trace}");
    }
    let windows = means(PAIRS).windows(1e6);
    assert_eq!(windows[0].after, [[0, 1], [2, 3]]);
    assert_eq!(windows[1].after, [[0], [1], [2], [3]]);
    let coefficient = windows[1].drop / (2.25 * 1e6f64.powf(-0.4));
    assert!((coefficient - 0.838095238095238).abs() < 1e-12, "{coefficient}");
    // λ_max(B)^(−1/2) of three equal distances with weights 0.5, 0.3, 0.2.
    assert!((means(ALIKE).windows(1e6)[0].speciation * 1e3 - 1.6052).abs() < 1e-4);
}

/// The fraction of a mode, and its standard error.
fn fraction(flow: &Flow, mode: usize, samples: u64) -> (f64, f64) {
    let ends = flow.ends(samples, 1, &|| false).unwrap_or_else(|e| panic!("{e}")).unwrap_or_default();
    let fraction = ends[mode] as f64 / samples as f64;
    (fraction, (fraction * (1.0 - fraction) / samples as f64).sqrt())
}

fn flow(means: &Means, d: f64, schedule: Schedule, steps: usize) -> Flow<'_> {
    let times = times(means, d, 6.0, schedule, steps).unwrap_or_else(|e| panic!("{e}"));
    Flow { means, d, sigma: 1.0, interpolant: Interpolant::Linear, times }
}

#[test]
fn a_phase_for_each_scale_finds_the_weights_and_two_phases_do_not() {
    let means = means(PAIRS);
    let (all, error) = fraction(&flow(&means, 1e10, Schedule::Phases, 150), 0, 20_000);
    assert!((all - 0.5).abs() < 0.012 + 4.0 * error, "{all}");
    // Inside a pair everything goes to the mode nearest to its mean.
    let (two, error) = fraction(&flow(&means, 1e10, Schedule::TwoPhase, 150), 0, 20_000);
    assert!((two - 0.7084).abs() < 4.0 * (error.powi(2) + 0.003f64.powi(2)).sqrt(), "{two}");
}

#[test]
fn uniform_steps_depend_on_their_length_alone() {
    // p = 0.8 and ±μ: the boundary of the basin at d → ∞ by bisection; three modes: a grid of starts.
    let two = means("weights = [0.8, 0.2]\ngram = [[1, -1], [-1, 1]]");
    for (means, h, exact, known) in
        [(&two, 1.0, 0.8635894500715224, 0.0), (&means(ALIKE), 2.0, 0.56529, 2e-4)]
    {
        for d in [1e5, 4e5] {
            let steps = (f64::sqrt(d) / h) as usize;
            let (found, error) = fraction(&flow(means, d, Schedule::Uniform, steps), 0, 10_000);
            let allowed = 4.0 * error + known + 3.0 / d.sqrt();
            assert!((found - exact).abs() < allowed, "h = {h}, d = {d}: {found} {exact} {error}");
        }
    }
}

/// At any d, with all coordinates: the same steps of x itself.
#[test]
fn projections_move_as_samples_do() {
    let modes = [[1.2, 0.1, 0.0], [-0.4, 0.9, 0.3], [0.0, -1.1, 0.5]];
    let means = means("vectors = [[1.2, 0.1, 0], [-0.4, 0.9, 0.3], [0, -1.1, 0.5]]\nweights = [2, 1, 1]");
    let (d, sigma) = (40.0f64, 0.7);
    for interpolant in [Interpolant::Linear, Interpolant::Trigonometric] {
        let times: Vec<f64> = (0..=60).map(|i| f64::from(i) / 60.0).collect();
        let flow = Flow { means: &means, d, sigma, interpolant, times: times.clone() };
        let mu = DMatrix::from_fn(3, 3, |k, i| modes[k][i] * d.sqrt());
        for start in 0..40u32 {
            let mut x = DVector::from_fn(3, |i, _| 1.5 * f64::from(start * 7 + i as u32 * 13).sin());
            let projections = &mu * &x / d.sqrt();
            for pair in times.windows(2) {
                let (beta, alpha) = (pair[0], interpolant.alpha(pair[0]));
                let s = alpha * alpha + sigma * sigma * beta * beta;
                let log = |k: usize| {
                    let (along, norm) = (mu.row(k).dot(&x.transpose()), mu.row(k).norm_squared());
                    means.weights[k].ln() + (beta * along - 0.5 * beta * beta * norm) / s
                };
                let largest = (0..3).map(log).fold(f64::NEG_INFINITY, f64::max);
                let weights = DVector::from_fn(3, |k, _| (log(k) - largest).exp());
                let centre = mu.transpose() * (&weights / weights.sum());
                let data = &x * (beta * sigma * sigma / s) + centre * (alpha * alpha / s);
                let (own, towards) = interpolant.velocity(pair[0]);
                x = &x + (&x * own + data * towards) * (pair[1] - pair[0]);
            }
            let apart = |k: usize| (mu.row(k).transpose() - &x).norm_squared();
            let nearest = (0..3).fold(0, |best, k| if apart(k) < apart(best) { k } else { best });
            assert_eq!(flow.end(&means.products(d), projections), Some(nearest), "{start} {x}");
        }
    }
}

/// Against three-dimensional quadrature, the two-mode formula and laws of small θ.
#[test]
fn u_turns_return_as_quadrature_says() {
    let uneven = "weights = [0.2, 0.5, 0.3]\ngram = [[1, 0.3, -0.2], [0.3, 0.8, 0.1], [-0.2, 0.1, 1.3]]";
    let linear = |d: f64, tau: f64| Turns::new(&means(PAIRS), d, 1.0).square(1.0 - tau, tau);
    for (text, d, s, (j, k), exact) in [
        (ALIKE, 1e4, 1.0, (0, 0), 0.6483323131343256),
        (ALIKE, 1e4, 1.0, (1, 0), 0.34231720934854654),
        (uneven, 1e4, 2.25, (1, 2), 0.14325195380617714),
        (PAIRS, 1e6, linear(1e6, 1e-3), (0, 0), 0.615169739777856),
        (PAIRS, 1e6, linear(1e6, 0.7 * 1e6f64.powf(-0.3)), (0, 0), 0.8750179841434884),
    ] {
        let means = means(text);
        let matrix = Turns::new(&means, d, 1.0).matrix(s);
        let (found, error) = (matrix.values[(j, k)], matrix.errors[(j, k)]);
        assert!(
            error < 1e-3 && (found - exact).abs() < 5.0 * error,
            "{text} {j} {k}: {found} {exact} {error:.1e}"
        );
        for (j, k) in (0..means.count()).flat_map(|j| (0..j).map(move |k| (j, k))) {
            let flow = |j: usize, k: usize| means.weights[j] * matrix.values[(j, k)];
            assert!((flow(j, k) - flow(k, j)).abs() < 5e-3 * (matrix.errors.amax() / 1e-3), "{j} {k}");
        }
    }
    let means = means(uneven);
    let matrix = Turns::new(&means, 1e4, 1.0).matrix(1e-6);
    let (products, p) = (means.products(1e4), &means.weights);
    let with_mean = |k: usize| (0..3).map(|l| p[l] * products[(k, l)]).sum::<f64>();
    let square: f64 = (0..3).map(|k| p[k] * with_mean(k)).sum();
    for (j, k) in (0..3).flat_map(|j| (0..3).map(move |k| (j, k))) {
        let slope = products[(j, k)] - with_mean(j) - with_mean(k) + square;
        assert!((matrix.values[(j, k)] / p[k] - 1.0 - 1e-6 * slope).abs() < 1e-6, "{j} {k}");
    }
}

#[test]
fn samples_return_by_bridges_and_by_the_posterior_as_predicted_and_not_by_few_steps() {
    let means = means(PAIRS);
    let turns = Turns::new(&means, 1e8, 1.0);
    let chance = |j: usize, squares: &[f64]| {
        let matrix = turns.matrix(squares[0]);
        let counts = turns.returns(j, squares, 10_000, 3, &|| false).unwrap_or_default();
        multinomial(&counts, &matrix.values.row(j).iter().copied().collect::<Vec<_>>())
    };
    // In the first window, and in that of the pairs.
    for (s, end) in [(1.0, 36.0), (900.0, 9e4)] {
        let fine: Vec<f64> = (0..=150).map(|i| s + (end - s) * (f64::from(i) / 150.0).powi(2)).collect();
        for j in [0, 3] {
            assert!(chance(j, &[s]) > 1e-3, "posterior {s} {j}");
            if s == 900.0 {
                assert!(chance(j, &fine) > 1e-3, "bridges {s} {j}");
                assert!(chance(j, &[s, end]) < 1e-6, "one step {s} {j}");
            }
        }
    }
}

#[test]
fn windows_are_decided_one_after_the_other() {
    let means = means(PAIRS);
    let turns = Turns::new(&means, 1e8, 1.0);
    let windows = means.windows(1e8);
    let shares = |s: f64| {
        let matrix = turns.matrix(s).values;
        windows.iter().map(|window| means.decided(1e8, window, &matrix)).collect::<Vec<_>>()
    };
    let near = |found: Vec<f64>, expected: [f64; 2]| {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.02), "{found:?} {expected:?}");
    };
    near(shares(1e-9), [0.0, 0.0]);
    near(shares(12.0), [1.0, 0.0]);
    near(shares(1e6), [1.0, 1.0]);
}

#[test]
fn what_leaves_the_range_of_numbers_is_in_no_mode() {
    let means = means(ALIKE);
    let flow = Flow { sigma: 1e200, ..flow(&means, 1e6, Schedule::Uniform, 4) };
    let error = flow.ends(10, 1, &|| false).unwrap_err();
    assert!(error.contains("sigma = 1e200 ") && error.contains("range of numbers"), "{error}");
    assert_eq!(flow.ends(10, 1, &|| true), Ok(None));
}

#[test]
fn knots_follow_the_scales() {
    let all = knots(&means(PAIRS), 1e10, 6.0);
    assert!((all[0] / 6e-5 - 1.0).abs() < 1e-12 && (all[1] / (4.0 * 1e-3) - 1.0).abs() < 1e-12, "{all:?}");
    let times = times(&means(PAIRS), 1e10, 6.0, Schedule::Phases, 7).unwrap();
    assert_eq!(times.len(), 8);
    assert_eq!((times[3], times[5], times[7]), (all[0], all[1], 1.0));
}

#[test]
fn a_file_that_is_none_says_so() {
    for (text, part) in [
        ("gram = [[1, 2], [3]]", "row 2 of `gram` has 1 entries"),
        ("gram = [[1, 2], [2, 1]]", "same place"),
        ("gram = [[1, 3], [3, 1]]", "same place"),
        ("gram = [[1, 0], [0.5, 1]]", "not symmetric"),
        ("gram = [[1, -3], [-3, 1]]", "lowest eigenvalue"),
        ("gram = [[1, 0], [0, nan]]", "entry NaN"),
        ("gram = [[1, 0], [0, 1]]\nweights = [1]", "`weights` has 1 entries for 2 modes"),
        ("gram = [[1, 0], [0, 1]]\nweights = [1, -1]", "the weight -1"),
        ("weights = [1]", "one of `gram`, `vectors` and `[split]`"),
        ("vectors = [[1, 2]]", "there are 1 modes"),
        ("[split]\nexponent = 0.6\nhalf_distance = 1\nmodes = [1, 1]", "exponent = 0.6"),
        ("[split]\nexponent = 0.5\nhalf_distance = 0\nmodes = [1, 1]", "half_distance = 0"),
        ("[split]\nexponent = 0.5\nhalf_distance = 1\nmodes = [1]", "two or more"),
        ("grm = 1", "means.toml:1:1"),
    ] {
        let error = Means::parse("means.toml", text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn samples_are_nearest_to_the_modes_as_often_as_in_the_law_of_the_interpolant() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), PAIRS).unwrap();
    let made = |steps: usize, schedule: &str| {
        let sampled = Sampled { steps: vec![steps], samples: 4000, seed: 1 };
        let mut wanted = Wanted::default();
        wanted.set("schedule", schedule);
        let samples = ModeSamples::new(file.path(), &wanted, sampled, 0.05).unwrap();
        let table = samples.run(&Running::ON).unwrap().unwrap();
        (samples.judged(&table).unwrap().verdict(), table)
    };
    let (verdict, table) = made(300, "phases");
    assert_eq!((verdict, table.rows.len()), (Verdict::Agrees, 1200));
    let numbers = |name: &str| -> Vec<f64> { table.numbers(name).unwrap().into_iter().flatten().collect() };
    let (t, tau, predicted, fraction) =
        (numbers("t"), numbers("tau"), numbers("predicted"), numbers("fraction"));
    for i in 0..1200 {
        let (predicted, fraction) = (predicted[i], fraction[i]);
        assert!((predicted - fraction).abs() < 0.04, "at t = {}: {predicted} and {fraction}", t[i]);
    }
    // The law at some time of the first phase: the pairs are √d apart, y = ±θ + z, and the modes of a pair are the same yet.
    let early = 4 * 20;
    let theta = 1e4 * tau[early] / ((1.0 - tau[early]).powi(2) + tau[early].powi(2)).sqrt();
    let normal = statrs::distribution::Normal::standard();
    let phi = |x: f64| statrs::distribution::ContinuousCDF::cdf(&normal, x);
    let first = 0.7 * phi(theta) + 0.3 * phi(-theta);
    assert!(
        theta < 2.0 && (predicted[early] + predicted[early + 1] - first).abs() < 3e-3,
        "{theta}: {first}"
    );
    // In two phases everything of a pair goes to the mode that is nearest to the mean of the pair.
    assert_eq!(made(150, "two_phase").0, Verdict::Disagrees);
}
