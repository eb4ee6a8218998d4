//! The loss against its differences, the equation files and sampled noise; data in law against vectors; the verdicts.

use std::sync::Arc;

use super::*;
use crate::trial::{mean, planted, simulated, verdicts, wanted};
use crate::{Purpose, stream};
use data::root;
use flow::Flow;
use loss::Loss;
use overlaps::average::LOWEST_RUNG;
use overlaps::compare::Verdict;
use overlaps::experiment::Experiment;
use overlaps::model::Running;
use overlaps::system::Theory;
use overlaps::value::Value;
use rand_distr::{Distribution, StandardNormal};

fn point(values: &[(&'static str, f64)]) -> Point {
    UNITS.known().at(values.iter().map(|(name, value)| (*name, Value::Number(*value)))).unwrap()
}

/// Normal numbers.
fn normal(seed: u64, count: usize) -> Vec<f64> {
    StandardNormal.sample_iter(stream(seed, 0, Purpose::Vector, 0)).take(count).collect()
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    for (units, d) in [(2, 30.0), (3, 30.0), (3, 1e4)] {
        let at =
            point(&[("K", units as f64), ("d", d), ("n_1", 2.0), ("n_2", 2.0), ("n_3", 1.0), ("G_1_2", 0.3)]);
        let data = drawn(&at, 3).unwrap();
        // The last two data as two equal ones each.
        let root = vec![1.0, 1.0, 1.0, 2.0f64.sqrt(), 2.0f64.sqrt()];
        let loss = Loss::new(setting(&at, 0.8), units, &data.gram, root, 9.0).unwrap();
        let x = DVector::from_vec(normal(units as u64, loss.size())) * 0.35;
        let gradient = loss.at(&x, 2).gradient;
        for j in 0..x.len() {
            let moved = |step: f64| {
                let mut x = x.clone();
                x[j] += step;
                loss.at(&x, 2).loss
            };
            let finite = (8.0 * (moved(1e-3) - moved(-1e-3)) - moved(2e-3) + moved(-2e-3)) / 12e-3;
            assert!((finite - gradient[j]).abs() < 1e-9, "{units} units, {j}: {finite} and {}", gradient[j]);
        }
    }
}

/// Data of which the products have no scatter: what theories are about.
fn without_scatter(at: &Point) -> Data {
    let (of, d) = (classes(at), at.number("d") as usize);
    let class: Vec<usize> = (0..CLASSES).flat_map(|c| std::iter::repeat_n(c, of.counts[c])).collect();
    let n = class.len();
    let of_noise = DMatrix::identity(n, n) * of.sigma;
    let of_means = DMatrix::from_fn(CLASSES, n, |c, j| of.means[(c, class[j])]);
    let gram = DMatrix::from_fn(n, n, |i, j| of.means[(class[i], class[j])]) + &of_noise * of.sigma;
    Data { d, of, class, gram, of_means, of_noise, vectors: None }
}

/// What is measured of them by name.
fn in_theory(at: &Point, t: f64) -> impl Fn(&str) -> f64 + use<> {
    let data = without_scatter(at);
    let found = lowest(setting(at, t), &data, at.number("K") as usize, 0).unwrap();
    assert!(found.converged());
    let values = measured(at, &data, &found).quantities;
    move |name| values[QUANTITIES.iter().position(|q| q.name == name).unwrap()]
}

#[test]
fn data_without_scatter_give_the_equation_files() {
    // Solved as equations, with one unknown for each class, by averages of their own.
    for (d, t, name, tolerance, columns) in [
        (500.0, 0.3, "denoiser-units-finite-d", 1e-8, 20),
        (500.0, 0.6, "denoiser-units-finite-d", 1e-8, 20),
        (1e15, 0.3, "denoiser-units", 1e-6, 30),
    ] {
        let at = point(&[("d", d), ("n_2", 5.0), ("sigma", 0.8), ("kappa", 1.2)]);
        let of_model = in_theory(&at, t);
        let theory = Theory::load(name).unwrap();
        let own: Vec<&str> = theory
            .parameter_names()
            .into_iter()
            .filter(|p| ["n_2", "sigma", "kappa", "d"].contains(p))
            .collect();
        let own = own.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let outputs: Vec<String> =
            theory.output_columns().iter().map(|(name, ..)| name.to_string()).collect();
        let set =
            |solve: overlaps::experiment::Solve, name: &String| solve.set(name, at.number(name)).unwrap();
        let table = own.iter().fold(theory.along([t]).unwrap(), set).solve();
        let mut compared = 0;
        for output in outputs.iter().filter(|name| QUANTITIES.iter().any(|q| q.name == **name)) {
            let (expected, found) = (table.number(output, 0).unwrap(), of_model(output));
            assert!(
                (expected - found).abs() < tolerance,
                "{name} at t = {t}: {output} is {found}, not {expected}"
            );
            compared += 1;
        }
        assert_eq!(compared, columns, "{name}");
    }
}

#[test]
fn three_units_are_those_of_the_equation_file() {
    // denoiser-units-finite-d with K = 3, kappa = 1 at t = 0.4, d = 4000, solved once (half a minute).
    let of_model = in_theory(&point(&[("K", 3.0), ("d", 4000.0)]), 0.4);
    for (name, expected) in [
        ("loss", -6.05189019726283),
        ("c", 0.005596253614675555),
        ("omega_1_1", 0.5736001031521367),
        ("omega_2_3", -0.25559620948868716),
        ("m_1_2", 0.2442577660049701),
        ("m_3_3", 0.4722455121412296),
        ("q_eta_3_1", 0.040975770162940836),
    ] {
        assert!((of_model(name) - expected).abs() < 1e-8, "{name}: {}, not {expected}", of_model(name));
    }
}

#[test]
fn vectors_give_what_their_products_give() {
    let mut at = vec![("d", 300.0), ("G_1_2", 0.4), ("G_3_3", 1.3), ("sigma", 0.8), ("K", 3.0)];
    let explicit = UNITS.known().at(at
        .drain(..)
        .map(|(name, value)| (name, Value::Number(value)))
        .chain([("data", Value::from("explicit"))]));
    let explicit = explicit.unwrap();
    let data = drawn(&explicit, 5).unwrap();
    let (x, z) = data.vectors.as_ref().unwrap();
    assert!((x * x.transpose() / 300.0 - &data.gram).amax() < 1e-12);
    let from_products = |weights: &DMatrix<f64>| (&data.of_means * weights, &data.of_noise * weights);
    let weights = DMatrix::from_vec(12, 3, normal(7, 36));
    let (with, (means, noise)) = (data.products(&weights), from_products(&weights));
    assert!((with.means - means).amax() < 1e-11 && (with.noise - noise).amax() < 1e-11);
    assert_eq!(z.nrows(), 12);
}

#[test]
fn products_in_law_give_what_the_vectors_give() {
    let table = |data: &str, seeds| {
        let of = [
            ("d", 120.into()),
            ("data", data.into()),
            ("t", 0.5.into()),
            ("ell", 0.03.into()),
            ("kappa", 2.into()),
        ];
        simulated(Arc::new(Units), &wanted(&of, &[]), seeds)
    };
    let (reduced, explicit) = (table("reduced", 0..60), table("explicit", 60..120));
    for quantity in QUANTITIES.iter().filter(|q| !q.name.ends_with("_3")) {
        let ((a, error_a), (b, error_b)) = (mean(&reduced, quantity.name), mean(&explicit, quantity.name));
        let z = (a - b) / error_a.hypot(error_b).max(1e-9);
        assert!(z.abs() < 4.0, "{} is {a} and {b}, z = {z}", quantity.name);
        assert!(error_a.hypot(error_b) < 0.03 * a.abs().max(1.0), "{}: {a} ± {error_a}", quantity.name);
    }
}

#[test]
fn errors_are_those_of_the_denoiser_on_sampled_noise() {
    let d = 40;
    let at = [("d", d as f64), ("n_1", 3.0), ("n_2", 2.0), ("n_3", 2.0), ("kappa", 2.5), ("K", 2.0)];
    let at = at.map(|(name, value)| (name, Value::Number(value))).into_iter();
    let at = UNITS.known().at(at.chain([("data", Value::from("explicit"))])).unwrap();
    let data = drawn(&at, 1).unwrap();
    let found = lowest(setting(&at, 1.0), &data, 2, 1).unwrap();
    assert!(found.converged() && found.at.c > 0.05, "c = {}", found.at.c);
    let rows = measured(&at, &data, &found).quantities;
    let (x, _) = data.vectors.as_ref().unwrap();
    let (u, w) = (x.tr_mul(&found.at.e), x.tr_mul(&found.at.a));
    let Setting { alpha, beta, .. } = found.loss.setting;
    let mut noise = StandardNormal.sample_iter(stream(9, 0, Purpose::Step, 0));
    let mut error = |x: &DVector<f64>| {
        let noisy = x * beta + DVector::from_iterator(d, noise.by_ref().take(d)) * alpha;
        let h = w.tr_mul(&noisy) / (d as f64).sqrt() + &found.at.b;
        let weights = h.map(f64::exp);
        (noisy * found.at.c + &u * (&weights / weights.sum()) - x).norm_squared() / d as f64
    };
    let statistics = |errors: Vec<f64>| {
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let variance = errors.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / errors.len() as f64;
        (mean, (variance / errors.len() as f64).sqrt())
    };
    let train = (0..7 * 4000).map(|i| error(&x.row(i % 7).transpose())).collect();
    let mut fresh = StandardNormal.sample_iter(stream(10, 0, Purpose::Vector, 0));
    let test = (0..7 * 4000).map(|i| {
        let mut x = DVector::from_iterator(d, fresh.by_ref().take(d));
        let root = data::root(&data.of.means).unwrap();
        (0..CLASSES).for_each(|k| x[k] += (d as f64).sqrt() * root[(data.class[i % 7], k)]);
        error(&x)
    });
    for (name, errors) in [("mse_train", train), ("mse_test", test.collect::<Vec<_>>())] {
        let place = QUANTITIES.iter().position(|q| q.name == name).unwrap();
        let (mean, scatter) = statistics(errors);
        let z = (mean - rows[place]) / scatter;
        assert!(z.abs() < 4.0 && scatter < 3e-3, "{name}: {} and {mean} ± {scatter}", rows[place]);
    }
}

#[test]
fn no_start_leads_lower_and_units_may_be_out_of_use() {
    let at = point(&[("d", 2000.0), ("K", 3.0)]);
    let data = drawn(&at, 4).unwrap();
    let used = |t: f64, units: usize| {
        let found = lowest(setting(&at, t), &data, units, 4).unwrap();
        assert!(found.converged());
        found.loss.units
    };
    assert_eq!([used(0.05, 2), used(0.2, 2), used(0.32, 3)], [1, 2, 3]);
    // From many random starts.
    let best = lowest(setting(&at, 0.2), &data, 2, 4).unwrap();
    for seed in 0..20 {
        let start = DVector::from_vec(normal(seed, 13)) * 0.5;
        if let Some((x, _)) = minimum::down(&best.loss, start, LOWEST_RUNG) {
            let other = best.loss.at(&x, LOWEST_RUNG).loss;
            assert!(other > best.at.loss - 1e-9, "from seed {seed}: {other} and {}", best.at.loss);
        }
    }
    let one = Units.run(&at, 4, &[0.05], &Running::ON).unwrap().unwrap().remove(0);
    assert_eq!((one.status, &one.certificates[0]), (Status::Converged, &Cell::Integer(1)));
    let bias = QUANTITIES.iter().position(|q| q.name == "bias_1").unwrap();
    assert_eq!(one.quantities[bias..bias + 3], [f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY]);
}

#[test]
fn units_come_into_use_where_the_theory_of_the_limit_has_it() {
    // κt = 0.13778930 and 0.24648684, from another minimisation in the limit d → ∞.
    let at = point(&[("d", 1e15)]);
    let lowest = |units: usize, t: f64| {
        let minima = of_classes(setting(&at, t), &classes(&at), units);
        minima.iter().map(|(loss, ..)| *loss).fold(f64::INFINITY, f64::min)
    };
    for (units, transition) in [(2, 0.13778930), (3, 0.24648684)] {
        let gain = |t: f64| lowest(units - 1, t) - lowest(units, t);
        let (before, after) = (gain(transition - 1e-5), gain(transition + 1e-5));
        assert!(before < 0.0 && after > 0.0 && after < 1e-5, "{units} units: {before} and {after}");
    }
}

#[test]
fn both_theories_agree_and_a_planted_error_is_found() {
    let (limit, finite) = ("denoiser-units", "denoiser-units-finite-d");
    let field = "kappa*t*(sum[e](G[c,e]*n[e]*a[e,k])";
    let wrong = planted(finite, field, "1.03*kappa*t*(sum[e](G[c,e]*n[e]*a[e,k])");
    let theories = vec![Theory::load(limit).unwrap(), Theory::load(finite).unwrap(), wrong];
    let wanted = wanted(&[], &[("t", &[0.4]), ("d", &[4e3, 16e3, 64e3])]);
    let found = verdicts(Arc::new(Units), theories, wanted, 0..24);
    assert_eq!(found, [Verdict::Agrees, Verdict::Agrees, Verdict::Disagrees]);
}

#[test]
fn windows_of_transitions_and_impossible_means_are_refused() {
    let refused =
        |values: &[(&'static str, f64)], t: f64| Units.check(&point(values), &[t]).unwrap_err().to_string();
    assert!(Units.check(&point(&[]), &[0.2]).is_ok());
    // The transitions at κt = 0.1378 and 0.2465 (theory).
    assert!(refused(&[], 0.14).contains("decided by chance"));
    assert!(refused(&[], 0.1).contains("fewer are in use"));
    assert!(refused(&[("K", 3.0)], 0.2).contains("fewer are in use"));
    assert!(refused(&[("d", 14.0)], 0.2).contains("d = 16 or more"));
    assert!(refused(&[("G_1_2", 2.0)], 0.2).contains("negative eigenvalue"));
    assert!(refused(&[("G_2_1", 0.5)], 0.2).contains("not symmetric"));
    assert!(refused(&[("d", 100.0)], 11.0).contains("τ"));
    assert!(refused(&[("p_test_1", 0.0), ("p_test_2", 0.0), ("p_test_3", 0.0)], 0.2).contains("all 0"));
    // A check with other sizes has the columns of them.
    let check =
        overlaps::experiment::Check::of_model(Theory::load("denoiser-units").unwrap(), &UNITS).unwrap();
    let three = check.resized(&vec![("K".into(), Value::Number(3.0))]).unwrap();
    assert!(
        three.theories().iter().take(2).all(|t| t.output_columns().iter().any(|(name, ..)| *name == "m_1_3"))
    );
    let four = UNITS.known().at([("C", Value::Number(4.0))]).unwrap_err().to_string();
    assert!(four.contains("three classes"), "{four}");
}

#[test]
fn averages_have_the_nodes_they_need() {
    let at = point(&[("d", 4000.0)]);
    let data = drawn(&at, 2).unwrap();
    for t in [0.3, 2.0] {
        let found = lowest(setting(&at, t), &data, 2, 2).unwrap();
        assert!(
            found.converged(),
            "t = {t}: gradient {}, error {}",
            found.gradient_norm,
            found.quadrature_error
        );
        assert!(found.rung > LOWEST_RUNG);
    }
}

/// What a flow of denoisers of the default data does.
fn flowing(
    set: &[(&str, f64)],
    steps: usize,
    samples: u64,
    seeds: u64,
) -> (UnitsFlow, overlaps::output::Table) {
    let set: Vec<(&str, Value)> = set.iter().map(|(name, value)| (*name, Value::Number(*value))).collect();
    let asked = Flowing { steps, samples, seeds: 0..seeds, level: 0.05 };
    let flow = UnitsFlow::new(&wanted(&set, &[]), asked).unwrap();
    let table = flow.run(&Running::ON).unwrap().unwrap();
    (flow, table)
}

#[test]
fn a_learnt_flow_leads_samples_to_units_as_another_program_has_it() {
    // 4·10⁵ samples of the flow in the limit d → ∞: .49203 ± .0008 at the unit of the first class.
    let (flow, table) = flowing(&[("K", 3.0), ("kappa", 4.0), ("d", 1e14)], 16, 200_000, 2);
    let ends = |name: &str| -> Vec<f64> {
        table.numbers(name).unwrap().into_iter().flatten().skip(15).step_by(16).collect()
    };
    for unit in ends("unit_1") {
        assert!((unit - 0.49203).abs() < 4.0 * 0.0008f64.hypot(0.0011), "{unit}");
    }
    // Data are at their mean Gram matrix there.
    for name in ["fraction_1", "fraction_2", "fraction_3", "unit_2", "unit_3"] {
        let of = ends(name);
        assert!((of[0] - of[2]).abs() < 0.006 && (of[1] - of[2]).abs() < 0.006, "{name}: {of:?}");
    }
    assert_eq!(flow.compared(&table).unwrap().verdict(), Verdict::Agrees);
}

#[test]
fn a_flow_of_vectors_leads_where_that_of_their_products_does() {
    // The denoiser itself, f(x) = c x + Σ u_k φ_k, in all dimensions.
    let at = point(&[("K", 2.0), ("kappa", 3.0), ("d", 400.0)]);
    let data = Data::draw(classes(&at), 400, 1, true).unwrap();
    let minima: Vec<Minimum> =
        (0..8).map(|i| lowest(setting(&at, (i as f64 + 0.5) / 8.0), &data, 2, 1).unwrap()).collect();
    let flow = Flow::new(&at, &data.of_means, &minima);
    let (x, _) = data.vectors.as_ref().unwrap();
    let root = root(&data.of.means).unwrap();
    let mut means = DMatrix::zeros(3, 400);
    means.view_mut((0, 0), (3, 3)).copy_from(&(root * 20.0));
    let spanned = |sample: &DVector<f64>| {
        let all = (x * sample).iter().chain((&means * sample).iter()).map(|y| y / 20.0).collect();
        DVector::from_vec(all)
    };
    for seed in 0..20 {
        let mut sample = DVector::from_vec(normal(seed, 400));
        let mut counts = vec![[0; 6]; 8];
        flow.count(spanned(&sample), &mut counts);
        for (found, counts) in minima.iter().zip(&counts) {
            let (set, of) = (found.loss.setting, &found.at);
            let (w, u) = (x.tr_mul(&of.a), x.tr_mul(&of.e));
            let fields: Vec<f64> = (w.tr_mul(&sample) / 20.0 + &of.b).iter().copied().collect();
            let sum: f64 = fields.iter().map(|h| h.exp()).sum();
            let phi = DVector::from_iterator(fields.len(), fields.iter().map(|h| h.exp() / sum));
            let guess = &sample * of.c + u * phi;
            let step = 3.0 / 20.0 / 8.0;
            // dx/dτ = (f − x)/(1 − τ) of the linear interpolant.
            sample = &sample + (guess - &sample) * (step / (1.0 - set.beta));
            let end = set.beta + 0.5 * step;
            let near = |c: usize| -(&sample - means.row(c).transpose() * end).norm_squared();
            let class = (0..3).max_by(|a, b| near(*a).total_cmp(&near(*b))).unwrap();
            assert_eq!(counts[..3].iter().position(|count| *count == 1), Some(class), "seed {seed}");
            let unit = (w.tr_mul(&sample)).imax();
            let placed = order(&(&data.of_means * &of.a)).iter().position(|k| *k == unit);
            assert_eq!(counts[3..].iter().position(|count| *count == 1), placed, "seed {seed}");
        }
    }
}

#[test]
fn a_flow_that_is_wrong_is_found() {
    // Data of another width than those of theory.
    let (flow, right) = flowing(&[("K", 2.0), ("kappa", 3.0), ("d", 64000.0)], 6, 2000, 8);
    let (_, mut wrong) = flowing(&[("K", 2.0), ("kappa", 3.0), ("d", 64000.0), ("n_1", 9.0)], 6, 2000, 8);
    assert_eq!(flow.compared(&right).unwrap().verdict(), Verdict::Agrees);
    wrong.rows.truncate(8 * 6);
    wrong.rows.extend_from_slice(&right.rows[8 * 6..]);
    assert_eq!(flow.compared(&wrong).unwrap().verdict(), Verdict::Disagrees);
    let one = flowing(&[("K", 2.0), ("kappa", 3.0)], 8, 100, 1);
    assert_eq!(one.0.compared(&one.1).unwrap().verdict(), Verdict::Undecided);
}

#[test]
fn what_a_flow_does_not_have_is_refused() {
    let refused = |set: &[(&str, f64)], sweep: &[(&str, &[f64])]| {
        let set: Vec<(&str, Value)> =
            set.iter().map(|(name, value)| (*name, Value::Number(*value))).collect();
        let asked = Flowing { steps: 4, samples: 10, seeds: 0..2, level: 0.05 };
        UnitsFlow::new(&wanted(&set, sweep), asked).err().unwrap().to_string()
    };
    assert!(refused(&[("p_test_1", 0.5)], &[]).contains("p_test_1"));
    assert!(refused(&[], &[("t", &[0.5, 1.0])]).contains("t runs from 0 to 1"));
    // The transition to two units is at κt = 0.138.
    assert!(refused(&[("kappa", 0.1)], &[]).contains("fewer are in use"));
    assert!(refused(&[("kappa", 200.0)], &[]).contains("τ = κt/√d is less than 1"));
}
