//! The gradient of an epoch against the plain loop that draws all n·d normals.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::adam::Step;
use super::batch::Batch;
use super::network::Network;
use super::rows::BLOCK;
use super::*;
use crate::mixture::simulate::data::{LabelRule, Vectors, labels};
use crate::mixture::{Coefficients, Noise};

/// Leaves the parameters alone and puts the gradient into the averages.
const GRADIENT: Step = Step { beta1: 0.0, beta2: 0.0, rate: 0.0, square: 1.0, epsilon: 1.0 };

fn setting(n: usize, d: u64, k: f64) -> Setting {
    Setting::new(|name| match name {
        "n" => Some(n as f64),
        "d" => Some(d as f64),
        "k" => Some(k),
        "kappa" => Some(1.2),
        "p" => Some(0.6),
        "sigma" => Some(0.8),
        _ => None,
    })
    .unwrap()
}

fn batch(setting: &Setting) -> Batch {
    let labels = labels(setting, LabelRule::Fixed, 3).unwrap();
    Batch::new(setting, labels, &Vectors::draw(setting, 3).unwrap())
}

/// A network with given u and w.
fn network(batch: &Batch, u: &[f64], w: &[f64], b: f64, c: f64) -> Network {
    let padded = |x: &[f64]| {
        let mut padded: Vec<f32> = x.iter().map(|x| *x as f32).collect();
        padded.resize(batch.rows.blocks * BLOCK, 0.0);
        padded
    };
    let scalar = |value| adam::Scalar { value, ..Default::default() };
    let size = batch.rows.blocks * BLOCK;
    let moments = || adam::Moments::new(size);
    Network::resume(batch, padded(u), padded(w), [scalar(b), scalar(c)], [moments(), moments()], 0)
}

/// (∂L/∂u, ∂L/∂w, ∂L/∂b, ∂L/∂c) as the network computes it.
fn fast(
    setting: &Setting,
    batch: &Batch,
    at: Coefficients,
    start: &Network,
    draws: usize,
    rng: &mut ChaCha8Rng,
) -> DVector<f64> {
    let mut network = start.clone();
    network.epoch(setting, batch, at, &GRADIENT, draws, rng);
    let vectors = network.u_moments.mean[..batch.d].iter().chain(&network.w_moments.mean[..batch.d]);
    let all = vectors.map(|x| f64::from(*x)).chain([network.b.mean, network.c.mean]);
    DVector::from_iterator(2 * batch.d + 2, all)
}

/// The same from the definition of the loss, with given noise (one row per noise sample).
fn plain(
    setting: &Setting,
    batch: &Batch,
    at: Coefficients,
    start: &Network,
    noise: &DMatrix<f64>,
) -> DVector<f64> {
    let (n, d) = (setting.n, batch.d);
    let vector = |x: &[f32]| DVector::from_iterator(d, x[..d].iter().map(|x| f64::from(*x)));
    let (u, w) = (vector(&start.u), vector(&start.w));
    let draws = noise.nrows() / n;
    let inverse = 1.0 / draws as f64;
    let (mut by_u, mut by_w) = (setting.lambda * &u, setting.ell * &w);
    let (mut by_b, mut by_c) = (0.0, 0.0);
    for j in 0..noise.nrows() {
        let x1 = DVector::from_fn(d, |x, _| {
            f64::from(batch.rows.block(x / BLOCK)[(j / draws) * BLOCK + x % BLOCK])
        });
        let xt = at.alpha * noise.row(j).transpose() + at.beta * &x1;
        let phi = (w.dot(&xt) / (d as f64).sqrt() + start.b.value).tanh();
        let error = start.c.value * &xt + phi * &u - &x1;
        by_u += inverse * phi * &error;
        let delta = inverse * (1.0 - phi * phi) * u.dot(&error);
        by_w += delta / (d as f64).sqrt() * &xt;
        by_b += delta;
        by_c += inverse * xt.dot(&error);
    }
    DVector::from_iterator(2 * d + 2, by_u.iter().chain(by_w.iter()).copied().chain([by_b, by_c]))
}

/// Means of x_k, x_k x_l and of third and fourth powers of some projections, with their standard errors.
fn statistics(samples: &[DVector<f64>]) -> Vec<(f64, f64)> {
    let size = samples[0].len();
    let mut rng = stream(1, 1, Purpose::Start, 1);
    let projections: Vec<DVector<f64>> =
        (0..6).map(|_| DVector::from_fn(size, |_, _| rng.random::<f64>() - 0.5).normalize()).collect();
    let features = |x: &DVector<f64>| -> Vec<f64> {
        let mut features: Vec<f64> = x.iter().copied().collect();
        for k in 0..size {
            features.extend((k..size).map(|l| x[k] * x[l]));
        }
        features.extend(projections.iter().flat_map(|p| [p.dot(x).powi(3), p.dot(x).powi(4)]));
        features
    };
    let count = samples.len() as f64;
    let all: Vec<Vec<f64>> = samples.par_iter().map(features).collect();
    (0..all[0].len())
        .map(|f| {
            let mean = all.iter().map(|x| x[f]).sum::<f64>() / count;
            let variance = all.iter().map(|x| (x[f] - mean).powi(2)).sum::<f64>() / (count - 1.0);
            (mean, (variance / count).sqrt())
        })
        .collect()
}

#[test]
fn the_gradient_with_fresh_noise_has_the_law_of_the_plain_loop() {
    // 4 samples in 5 dimensions and its degenerate cases: two samples, u parallel to w, no w, several noise draws.
    let u = [0.9, 1.2, -0.3, 0.7, 1.1];
    let w = [0.4, -0.8, 1.5, 0.6, 0.2];
    let twice = u.map(|x| 2.0 * x);
    let zero = [0.0; 5];
    for (n, u, w, draws, t) in
        [(4, u, w, 1, 0.9), (2, u, w, 1, 1.3), (3, u, twice, 1, 0.6), (3, u, zero, 1, 0.6), (2, u, w, 3, 1.2)]
    {
        let s = setting(n, 5, f64::INFINITY);
        let batch = batch(&s);
        let at = s.path().at(t);
        let start = network(&batch, &u, &w, 0.3, 0.45);
        let count = 60_000;
        let draw = |which: u64, of: &(dyn Fn(&mut ChaCha8Rng) -> DVector<f64> + Sync)| -> Vec<DVector<f64>> {
            (0..count).into_par_iter().map(|i| of(&mut stream(i, which, Purpose::Step, 0))).collect()
        };
        let ours = statistics(&draw(1, &|rng| fast(&s, &batch, at, &start, draws, rng)));
        let theirs = statistics(&draw(2, &|rng| {
            let noise = DMatrix::from_fn(n * draws, 5, |_, _| StandardNormal.sample(rng));
            plain(&s, &batch, at, &start, &noise)
        }));
        for (place, ((mean, error), (plain_mean, plain_error))) in ours.iter().zip(&theirs).enumerate() {
            // 5 standard errors for some 400 comparisons in all; the floor is single precision.
            let allowed = 5.0 * error.hypot(*plain_error) + 1e-5 * plain_mean.abs().max(1.0);
            assert!(
                (mean - plain_mean).abs() < allowed,
                "n = {n}, statistic {place}: {mean} {plain_mean} ± {allowed}"
            );
        }
    }
}

#[test]
fn the_gradient_with_fixed_noise_is_that_of_the_plain_loop() {
    let s = setting(3, 7, 2.0);
    let batch = batch(&s);
    let at = s.path().at(1.4);
    let (u, w): (Vec<f64>, Vec<f64>) = (0..7).map(|j| ((j as f64).sin() + 0.5, (j as f64).cos())).unzip();
    let start = network(&batch, &u, &w, -0.2, 0.6);
    let noise = DMatrix::from_fn(6, 7, |j, x| f64::from(batch.rows.block(0)[(3 + j) * BLOCK + x]));
    let ours = fast(&s, &batch, at, &start, 1, &mut stream(0, 0, Purpose::Step, 0));
    let theirs = plain(&s, &batch, at, &start, &noise);
    assert!((&ours - &theirs).amax() < 2e-6 * theirs.amax(), "{ours} {theirs}");
}

#[test]
fn the_gradient_reported_is_that_of_the_loss_reported() {
    // By differences along b, c and directions of u and w, for both kinds of noise.
    for k in [f64::INFINITY, 2.0] {
        let s = setting(3, 40, k);
        let batch = batch(&s);
        let at = s.path().at(1.3);
        let (u, w): (Vec<f64>, Vec<f64>) =
            (0..40).map(|j| ((j as f64).sin() + 0.5, 0.3 * (j as f64).cos())).unzip();
        let energy = |u: &[f64], w: &[f64], b: f64, c: f64| {
            measure::measure(&s, &batch, at, &network(&batch, u, w, b, c)).energy
        };
        let root_d = 40f64.sqrt();
        let scale = match batch.noise {
            Noise::Fresh => at.scale.max(1.0),
            Noise::Fixed(_) => at.scale.max(root_d * at.alpha).max(1.0),
        };
        let h = 1e-2;
        let difference = |plus: f64, minus: f64, step: f64| (plus - minus) / (2.0 * step);
        let mut square = difference(energy(&u, &w, 0.2 + h, 0.5), energy(&u, &w, 0.2 - h, 0.5), h).powi(2);
        square += difference(energy(&u, &w, 0.2, 0.5 + h), energy(&u, &w, 0.2, 0.5 - h), h).powi(2);
        for j in 0..40 {
            let moved = |x: &[f64], step: f64| {
                let mut x = x.to_vec();
                x[j] += step;
                x
            };
            let by_u =
                difference(energy(&moved(&u, h), &w, 0.2, 0.5), energy(&moved(&u, -h), &w, 0.2, 0.5), h);
            let by_w =
                difference(energy(&u, &moved(&w, h), 0.2, 0.5), energy(&u, &moved(&w, -h), 0.2, 0.5), h);
            square += (root_d * by_u).powi(2) + (root_d * by_w / scale).powi(2);
        }
        let reported = measure::measure(&s, &batch, at, &network(&batch, &u, &w, 0.2, 0.5)).gradient_norm;
        // Differences of single precision data with steps of 1e-2: good to 1e-3.
        assert!((square.sqrt() / reported - 1.0).abs() < 1e-3, "k = {k}: {} {reported}", square.sqrt());
    }
}

#[test]
fn an_interrupted_training_ends_with_the_same_bits() {
    let s = setting(4, 100, f64::INFINITY);
    let batch = batch(&s);
    let training = Training { epochs: 300, ..Training::default() };
    let whole = train(&s, &batch, &training, 3, 0.8, None, &|| false, &|| ()).unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for stops in [1, 120, 7, 60] {
        let epochs = std::sync::atomic::AtomicU64::new(0);
        let stop = || epochs.fetch_add(1, std::sync::atomic::Ordering::SeqCst) >= stops;
        let stopped = train(&s, &batch, &training, 3, 0.8, Some(folder.path()), &stop, &|| ()).unwrap();
        assert_eq!(stopped, None);
    }
    let resumed = || train(&s, &batch, &training, 3, 0.8, Some(folder.path()), &|| false, &|| ());
    assert!(same(&resumed().unwrap().unwrap(), &whole));
    // A finished network is read, not trained again.
    assert!(same(&resumed().unwrap().unwrap(), &whole));
    // A damaged file is an error, not a panic or another result.
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&file).unwrap();
    for cut in [0, 5, bytes.len() - 3] {
        std::fs::write(&file, &bytes[..cut]).unwrap();
        assert!(resumed().unwrap_err().to_string().contains("damaged"));
    }
}

/// Equal to the last bit; NaN (q_ξ with fresh noise) equals itself.
fn same(a: &Learnt, b: &Learnt) -> bool {
    let bits = |m: &Learnt| m.measured.overlaps.values().map(f64::to_bits);
    let (one, other) = (&a.measured, &b.measured);
    bits(a) == bits(b)
        && one.loss.to_bits() == other.loss.to_bits()
        && one.iterations == other.iterations
        && a.weights == b.weights
}
