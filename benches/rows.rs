//! Time per solved row of `first-phase`, and of the parts that it is made of.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nalgebra::DVector;
use overlaps::numeric::{grid, tanh_sech2_array};
use overlaps::solve::{Curve, Equations, Search, Settings};
use overlaps::system::Theory;

fn rows(c: &mut Criterion) {
    let theory = Theory::load("first-phase").expect("built in");
    let system = &theory.pieces[0].system;
    let parameters = system.parameter_values(&[]);

    let mut group = c.benchmark_group("parts");
    let h: Vec<f64> = (0..128).map(|i| 0.05 * f64::from(i) - 3.0).collect();
    let (mut t, mut s) = (vec![0.0; 128], vec![0.0; 128]);
    group.throughput(Throughput::Elements(128));
    group.bench_function("tanh and its derivative, 128 nodes", |b| {
        b.iter(|| tanh_sech2_array(black_box(&h), &mut t, &mut s));
    });
    let mut equations = Equations::new(system, &parameters);
    let mut x = DVector::from_vec(vec![1.0, 0.7]);
    group.throughput(Throughput::Elements(256));
    group.bench_function("energy, gradient, Hessian, 2 × 128 nodes", |b| {
        b.iter(|| {
            x[0] = 1.0 + black_box(1e-3) * (1.1 - x[0]);
            equations.evaluate(0.25, &x, 5).energy
        });
    });
    group.finish();

    let mut group = c.benchmark_group("first-phase, 101 rows");
    group.sample_size(20);
    group.throughput(Throughput::Elements(101));
    let controls = grid(0.0, 1.0, 101);
    for (name, search) in [("full global search", Search::Full), ("starts of the file", Search::FileStarts)] {
        let settings = Settings { search, ..Settings::default() };
        group.bench_function(name, |b| {
            b.iter(|| Curve::solve(system, black_box(&parameters), &controls, settings))
        });
    }
    group.finish();

    let mut group = c.benchmark_group("first-phase, one row");
    group.sample_size(20);
    group.bench_function("all starts", |b| {
        b.iter(|| Curve::solve(system, black_box(&parameters), &[0.5], Settings::default()));
    });
    group.finish();
}

criterion_group!(benches, rows);
criterion_main!(benches);
