//! Time per simulated denoiser: the loss minimised with the noise integrated out, and the epoch of a trained network.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use overlaps_models::mixture::Setting;
use overlaps_models::mixture::simulate::{
    Batch, Gram, LabelRule, Products, Search, Training, Vectors, labels, solve, train,
};

fn setting(n: f64, d: f64) -> Setting {
    Setting::new(|name| match name {
        "n" => Some(n),
        "d" => Some(d),
        _ => None,
    })
    .expect("possible values")
}

fn integrated(c: &mut Criterion) {
    let mut group = c.benchmark_group("integrated, n = 128");
    group.sample_size(20);
    for (name, d) in [("d = 1e4", 1e4), ("d = 1e9", 1e9)] {
        let setting = setting(128.0, d);
        let products = Products::in_law(&setting, 0).expect("n < d");
        let labels = labels(&setting, LabelRule::Fixed, 0).expect("both classes");
        let gram = Gram::new(&setting, labels, &products);
        for t in [0.5, 1.3] {
            group.bench_function(format!("{name}, t = {t}"), |b| {
                b.iter(|| solve(&setting, &gram, 0, black_box(t), Search::default()));
            });
        }
        group.bench_function(format!("{name}, Gram matrix in law"), |b| {
            b.iter(|| Products::in_law(&setting, black_box(0)));
        });
    }
    group.finish();
}

fn trained(c: &mut Criterion) {
    const EPOCHS: u64 = 200;
    let mut group = c.benchmark_group("trained, d = 5000, epochs");
    group.sample_size(10);
    group.throughput(Throughput::Elements(EPOCHS));
    for (n, noise_per_epoch) in [(8.0, 1), (128.0, 1), (128.0, 100)] {
        let setting = setting(n, 5000.0);
        let vectors = Vectors::draw(&setting, 0).expect("small");
        let labels = labels(&setting, LabelRule::Fixed, 0).expect("both classes");
        let batch = Batch::new(&setting, labels, &vectors);
        let training = Training { epochs: EPOCHS, noise_per_epoch, ..Training::default() };
        group.bench_function(format!("n = {n}, {noise_per_epoch} noise samples per datum"), |b| {
            b.iter(|| train(&setting, &batch, &training, 0, black_box(0.5), None, &|| false, &|| ()));
        });
    }
    group.finish();
}

criterion_group!(benches, integrated, trained);
criterion_main!(benches);
