//! Reduced coordinates against arrays of d numbers, from the same start: the same numbers, not only the same law.

use super::basis::{ExplicitBasis, place};
use super::explicit::{ExplicitDenoiser, ExplicitDirections, ExplicitSamples};
use super::*;
use crate::mixture::Setting;
use crate::mixture::simulate::{DataRule, Drawn, LabelRule, Learnt, Method, Search, Training, Weights};

fn setting(changes: &[(&str, f64)]) -> Setting {
    Setting::new(|name| changes.iter().find(|(n, _)| *n == name).map(|(n, v)| crate::mixture::coded(n, *v)))
        .unwrap()
}

/// Runs both flows from the same explicit start and compares the laws at all times.
fn same_numbers(setting: Setting, method: &Method) {
    let generation = Generation {
        setting,
        seed: 3,
        labels: LabelRule::Fixed,
        denoisers: Denoisers::Learnt(method),
        steps: 12,
        samples: 40,
        integrator: Integrator::Euler,
        data: DataRule::Explicit,
    };
    let grid = generation.times();
    let (data, learnt) =
        generation.learn(method, &grid[..12], &|| false, &|| ()).unwrap().expect("not interrupted");
    let Drawn::Vectors(vectors) = &data.drawn else { panic!("explicit data") };
    let networks = generation.networks(&data, &learnt).unwrap();
    let path = setting.path();
    let mut explicit = ExplicitSamples::start(&setting, 3, 40);

    // The same start in the basis: coordinates, and the square of the rest.
    let weights: Vec<&Weights> = learnt.iter().map(|l| &l.weights).collect();
    let mut basis = ExplicitBasis::new(vectors).unwrap();
    for w in &weights {
        if let Weights::Explicit { u, w } = w {
            for v in [u, w] {
                basis.extend(&v.iter().map(|x| f64::from(*x)).collect::<Vec<_>>());
            }
        }
    }
    let size = networks.basis.size;
    let d = setting.d as usize;
    let (mut x, mut orthogonal) = (Vec::new(), Vec::new());
    for start in explicit.x.chunks(d) {
        let coordinates: Vec<f64> = basis.extend(start).iter().take(size).map(|x| x * path.root_d).collect();
        assert_eq!(coordinates.len(), size);
        let square: f64 = start.iter().map(|x| x * x).sum();
        let inside: f64 = coordinates.iter().map(|x| x * x).sum();
        orthogonal.push((square - inside) / (d - size) as f64);
        x.extend(coordinates);
        basis.truncate(size);
    }
    let mut reduced = Samples { x, size, orthogonal, scale: 1.0 };

    let directions = Directions::new(&networks.basis, &data.labels);
    let explicit_directions = ExplicitDirections::new(Some((vectors, &data.labels)), d);
    for (step, ends) in grid.windows(2).enumerate() {
        let Learnt { b, c, weights, .. } = &learnt[step];
        let denoiser = ExplicitDenoiser::learnt(vectors, &data.labels, setting.sigma, weights, (*b, *c));
        explicit.step(&path, Integrator::Euler, &denoiser, ends[0], ends[1]);
        reduced.step(&path, Integrator::Euler, &networks.denoisers[step], ends[0], ends[1]);
        let (a, b) = (directions.law(&reduced, path.root_d), explicit_directions.law(&explicit));
        for ((a, b), (name, _)) in a.values().iter().zip(b.values()).zip(LAW) {
            // With trained networks the two spaces across which the variance is taken differ by the few dimensions that
            // the networks add; everything else is the same number.
            let tolerance = if name == "variance" && size > data.labels.len() + 1 { 0.05 } else { 1e-9 };
            let equal = (a - b).abs() <= tolerance * b.abs().max(1.0) || (a.is_nan() && b.is_nan());
            assert!(equal, "{name} after step {step}: {a} {b}");
        }
    }
}

fn integrated() -> Method {
    Method::Integrated { data: DataRule::Explicit, search: Search::default() }
}

#[test]
fn reduced_coordinates_give_the_numbers_of_explicit_arrays() {
    let changes = [("n", 6.0), ("d", 200.0), ("p", 0.6), ("sigma", 0.8), ("kappa", 3.0)];
    same_numbers(setting(&changes), &integrated());
    same_numbers(
        setting(&[&changes[..], &[("interpolant", 1.0), ("schedule", 1.0)]].concat()),
        &integrated(),
    );
}

#[test]
fn fixed_noise_in_the_second_phase_too() {
    same_numbers(setting(&[("n", 4.0), ("d", 150.0), ("p", 0.5), ("kappa", 2.0), ("k", 2.0)]), &integrated());
}

#[test]
fn trained_networks_extend_the_basis() {
    let training = Training { epochs: 200, ..Training::default() };
    let method = Method::Trained { training, checkpoints: None };
    same_numbers(setting(&[("n", 4.0), ("d", 120.0), ("p", 0.5), ("kappa", 2.0)]), &method);
}

#[test]
fn placing_needs_the_data_of_trained_networks() {
    let s = setting(&[("n", 4.0), ("d", 60.0), ("p", 0.5)]);
    let data = crate::mixture::simulate::DataSet {
        labels: vec![1.0, 1.0, -1.0, -1.0],
        drawn: Drawn::Products(crate::mixture::simulate::Products::in_law(&s, 1).unwrap()),
    };
    let weights = Weights::Explicit { u: vec![1.0; 60], w: vec![0.5; 60] };
    assert!(matches!(place(&data, 1.0, &[&weights]), Err(GenerateError::WithoutData)));
}
