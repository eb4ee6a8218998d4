//! Time per data set of generated samples: reduced coordinates at any d, arrays of d numbers, and a prediction.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use overlaps_models::mixture::Setting;
use overlaps_models::mixture::generate::predicted::{Dimension, Source, Theories, predict};
use overlaps_models::mixture::generate::{Denoisers, Generation, Integrator, times};
use overlaps_models::mixture::simulate::{DataRule, LabelRule, Method, Search};

fn setting(d: f64) -> Setting {
    Setting::new(|name| match name {
        "n" => Some(32.0),
        "d" => Some(d),
        _ => None,
    })
    .expect("possible values")
}

fn samples(c: &mut Criterion) {
    let mut group = c.benchmark_group("n = 32, 40 steps, 2000 samples");
    group.sample_size(10);
    for (name, d, data) in [
        ("reduced, d = 1e4", 1e4, DataRule::Gram),
        ("reduced, d = 1e9", 1e9, DataRule::Gram),
        ("explicit, d = 1e4", 1e4, DataRule::Explicit),
    ] {
        let method = Method::Integrated { data, search: Search::default() };
        let generation = Generation {
            setting: setting(d),
            seed: 0,
            labels: LabelRule::Fixed,
            denoisers: Denoisers::Learnt(&method),
            steps: 40,
            samples: 2000,
            integrator: Integrator::Euler,
            data,
        };
        let (data_set, learnt) = generation
            .learn(&method, &generation.times()[..40], &|| false, &|| ())
            .expect("possible data")
            .expect("not interrupted");
        let networks = generation.networks(&data_set, &learnt).expect("independent data");
        match data {
            DataRule::Gram => {
                group.bench_function(name, |b| {
                    b.iter(|| black_box(&generation).from_networks(&networks, &|| false))
                });
            }
            DataRule::Explicit => {
                group.bench_function(name, |b| {
                    b.iter(|| black_box(&generation).from_arrays(&data_set, &learnt, &|| false));
                });
            }
        }
    }
    group.finish();
}

fn prediction(c: &mut Criterion) {
    let theories = Theories::load().expect("built in");
    let (times, at) = (times(100), [50, 100]);
    let mut group = c.benchmark_group("prediction, n = 128, 100 steps");
    group.sample_size(10);
    for dimension in [Dimension::Finite, Dimension::Infinite] {
        group.bench_function(format!("{dimension:?}"), |b| {
            let source = Source::Learnt { n: [102, 26] };
            b.iter(|| {
                predict(
                    &theories,
                    &setting(1e6),
                    source,
                    dimension,
                    Integrator::Euler,
                    black_box(&times),
                    &at,
                )
            });
        });
    }
    group.finish();
}

criterion_group!(benches, samples, prediction);
criterion_main!(benches);
