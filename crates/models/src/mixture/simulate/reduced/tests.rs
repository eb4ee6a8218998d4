//! The eliminated losses against their definition, their gradients against differences.

use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::*;
use crate::mixture::simulate::data::{Gram, LabelRule, Products, Vectors, labels};
use crate::mixture::{Coefficients, Noise, Setting};
use crate::{Purpose, stream};

fn setting(n: usize, d: u64, k: f64) -> Setting {
    Setting::new(|name| match name {
        "n" => Some(n as f64),
        "d" => Some(d as f64),
        "k" => Some(k),
        "kappa" => Some(1.5),
        "p" => Some(0.6),
        "sigma" => Some(0.8),
        _ => None,
    })
    .unwrap()
}

/// Data vectors x₁, then the noise vectors.
fn data(setting: &Setting) -> (Vec<DVector<f64>>, Gram) {
    let labels = labels(setting, LabelRule::Fixed, 1).unwrap();
    let vectors = Vectors::draw(setting, 1).unwrap();
    let y = (0..vectors.rows.len())
        .map(|k| {
            let z = DVector::from_column_slice(&vectors.rows[k]);
            if k < setting.n { z * setting.sigma + DVector::from_element(vectors.d, labels[k]) } else { z }
        })
        .collect();
    (y, Gram::new(setting, labels, &Products::of(&vectors)))
}

/// loss·2/d of given u, w, b, c from its definition, for one noise vector per datum.
fn plain(
    s: &Setting,
    x1: &[DVector<f64>],
    x0: &[DVector<f64>],
    at: Coefficients,
    p: (&DVector<f64>, &DVector<f64>, f64, f64),
) -> f64 {
    let (u, w, b, c) = p;
    let d = u.len() as f64;
    let errors = x1.iter().zip(x0).map(|(x1, x0)| {
        let xt = at.alpha * x0 + at.beta * x1;
        let phi = (w.dot(&xt) / d.sqrt() + b).tanh();
        (c * xt + phi * u - x1).norm_squared()
    });
    (errors.sum::<f64>() + s.lambda * u.norm_squared() + s.ell * w.norm_squared()) / d
}

fn combination(y: &[DVector<f64>], a: &DVector<f64>) -> DVector<f64> {
    y.iter().zip(a.iter()).map(|(y, a)| *a * y).sum()
}

#[test]
fn the_loss_with_the_noise_integrated_out_is_the_mean_over_noise() {
    let s = setting(3, 12, f64::INFINITY);
    let (x1, gram) = data(&s);
    for t in [0.6, 1.4] {
        let at = s.path().at(t);
        let a = DVector::from_vec(vec![0.5, -0.2, -0.9]);
        let found = Integrated::new(&s, &gram, at, 9).at(&a, 0.3);
        let (u, w) = (combination(&x1, &found.e), combination(&x1, &a));
        let count = 200_000u64;
        let losses: Vec<f64> = (0..count)
            .into_par_iter()
            .map(|i| {
                let mut rng = stream(i, 12, Purpose::Step, t.to_bits());
                let x0: Vec<_> =
                    (0..3).map(|_| DVector::from_fn(12, |_, _| StandardNormal.sample(&mut rng))).collect();
                plain(&s, &x1, &x0, at, (&u, &w, 0.3, found.c))
            })
            .collect();
        let mean = losses.iter().sum::<f64>() / count as f64;
        let variance = losses.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
        let error = (variance / count as f64).sqrt();
        let ours = found.energy + gram.trace();
        assert!((ours - mean).abs() < 4.5 * error, "t = {t}: {ours} {mean} ± {error}");
    }
}

#[test]
fn the_loss_with_fixed_noise_is_the_plain_one_and_lowest_in_u_and_c() {
    let s = setting(3, 40, 1.0);
    let (y, gram) = data(&s);
    let at = s.path().at(1.3);
    let loss = FixedNoise::new(&s, &gram, at);
    let a = DVector::from_vec(vec![0.2, -0.1, -0.3, 0.05, 0.1, -0.2]);
    let found = loss.at(&a, -0.2);
    let (u, w) = (combination(&y, &found.e), combination(&y, &a));
    let at_u_c = |u: &DVector<f64>, c: f64| plain(&s, &y[..3], &y[3..], at, (u, &w, -0.2, c));
    let ours = found.energy + gram.trace();
    assert!((ours - at_u_c(&u, found.c)).abs() < 1e-12 * ours, "{ours}");
    for (change, c) in [(0, 0.01), (1, 0.0), (25, -0.01), (39, 0.02)] {
        let mut other = u.clone();
        other[change] += 0.05;
        assert!(at_u_c(&other, found.c + c) > ours);
    }
}

/// Central differences with an error of h² against the gradient.
fn check_gradient(loss: &dyn ReducedLoss, a: &DVector<f64>, b: f64) {
    let found = loss.at(a, b);
    let h = 1e-5;
    let close = |exact: f64, plus: f64, minus: f64| {
        let difference = (plus - minus) / (2.0 * h);
        assert!((exact - difference).abs() < 2e-8 * (1.0 + exact.abs()), "{exact} {difference}");
    };
    for k in 0..a.len() {
        let moved = |step: f64| {
            let mut a = a.clone();
            a[k] += step;
            loss.at(&a, b).energy
        };
        close(found.gradient[k], moved(h), moved(-h));
    }
    assert!((loss.gram() * &found.natural - &found.gradient).norm() < 1e-12 * (1.0 + found.gradient.norm()));
    close(found.gradient_b, loss.at(a, b + h).energy, loss.at(a, b - h).energy);
}

#[test]
fn gradients_are_those_of_the_loss() {
    let s = setting(5, 60, f64::INFINITY);
    let (_, gram) = data(&s);
    for t in [0.0, 0.7, 1.3, 2.0] {
        let at = s.path().at(t);
        let a = DVector::from_vec(vec![0.3, 0.1, 0.2, -0.4, -0.3]);
        check_gradient(&Integrated::new(&s, &gram, at, 8), &a, 0.4);
        let (classes, names) = Integrated::of_classes(&s, &gram, at, 8);
        assert_eq!(names, [1.0, -1.0]);
        check_gradient(&classes, &DVector::from_vec(vec![0.2, -0.35]), 0.4);
    }
    let s = setting(3, 60, 2.0);
    let (_, gram) = data(&s);
    let a = DVector::from_fn(9, |k, _| 0.1 * (k as f64).sin());
    check_gradient(&FixedNoise::new(&s, &gram, s.path().at(1.4)), &a, -0.3);
}

#[test]
fn equal_coefficients_within_the_classes_give_the_loss_of_the_classes() {
    // Exactly so where the data are the same within a class: the Gram matrix is its own mean.
    let s = setting(5, 60, f64::INFINITY);
    let (_, mut gram) = data(&s);
    let class = |i: usize| if i < 3 { 0 } else { 3 };
    let means = gram.matrix.clone();
    gram.matrix = DMatrix::from_fn(5, 5, |i, j| means[(class(i), class(j))]);
    let at = s.path().at(1.1);
    let (classes, _) = Integrated::of_classes(&s, &gram, at, 8);
    let whole =
        Integrated::new(&s, &gram, at, 8).at(&DVector::from_vec(vec![0.2, 0.2, 0.2, -0.5, -0.5]), 0.1);
    let found = classes.at(&DVector::from_vec(vec![0.2, -0.5]), 0.1);
    assert!((whole.energy - found.energy).abs() < 1e-12 * whole.energy.abs());
    assert!((whole.c - found.c).abs() < 1e-13 && (whole.q - found.q).abs() < 1e-13);
}

#[test]
fn a_saturated_bias_is_the_constant_solution() {
    for k in [f64::INFINITY, 2.0] {
        let s = setting(4, 60, k);
        let (_, gram) = data(&s);
        let at = s.path().at(1.2);
        let zero = DVector::zeros(gram.matrix.nrows());
        let (saturated, constant) = match s.noise {
            Noise::Fresh => {
                let loss = Integrated::new(&s, &gram, at, 5);
                (loss.at(&DVector::zeros(4), -40.0), loss.constant(-1.0))
            }
            Noise::Fixed(_) => {
                let loss = FixedNoise::new(&s, &gram, at);
                (loss.at(&zero, -40.0), loss.constant(-1.0))
            }
        };
        assert!((saturated.energy - constant.energy).abs() < 1e-13 * constant.energy.abs());
        assert!((saturated.c - constant.c).abs() < 1e-14);
    }
}
