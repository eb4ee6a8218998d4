//! Time per solved row of `first-phase`, and of the parts that it is made of. Every benchmark asserts what it has computed.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nalgebra::DVector;
use overlaps::numeric::{grid, tanh_sech2_array};
use overlaps::solve::{Curve, Equations, Search, Settings};
use overlaps::system::Theory;

/// The rule of 128 nodes.
const RULE: usize = 5;

fn parts(c: &mut Criterion) {
    let theory = Theory::load("first-phase").expect("built in");
    let system = &theory.pieces[0].system;
    let mut group = c.benchmark_group("parts");
    let h: Vec<f64> = (0..128).map(|i| 0.05 * f64::from(i) - 3.0).collect();
    let (mut t, mut s) = (vec![0.0; 128], vec![0.0; 128]);
    group.throughput(Throughput::Elements(128));
    group.bench_function("tanh and its derivative, 128 nodes", |b| {
        b.iter(|| tanh_sech2_array(black_box(&h), &mut t, &mut s));
    });
    let mut equations = Equations::new(system, &system.parameter_values(&[]));
    let mut x = DVector::from_vec(vec![1.0, 0.7]);
    group.throughput(Throughput::Elements(256));
    let mut asked = 0u32;
    group.bench_function("energy, gradient, Hessian, 2 × 128 nodes", |b| {
        b.iter(|| {
            // A new point every time: nothing is remembered.
            x[0] = 1.0 + 1e-9 * f64::from(asked);
            asked += 1;
            equations.evaluate(0.25, &x, RULE).jacobian[(0, 0)]
        });
    });
    assert_eq!(equations.effort.evaluations, u64::from(asked), "every point is evaluated");
    assert_eq!(equations.effort.tanh, u64::from(asked) * 256, "at 2 × 128 nodes");
    group.finish();
}

fn rows(c: &mut Criterion) {
    let theory = Theory::load("first-phase").expect("built in");
    let system = &theory.pieces[0].system;
    let parameters = system.parameter_values(&[]);
    let solve = |controls: &[f64], search: Search| {
        Curve::solve(system, &parameters, controls, Settings { search, ..Settings::default() })
    };
    let controls = grid(0.0, 1.0, 101);
    for (name, search) in [("full global search", Search::Full), ("starts of the file", Search::FileStarts)] {
        let curve = solve(&controls, search);
        let informative = |row: &usize| curve.solution(*row).is_some_and(|(t, _)| t.name == "informative");
        assert_eq!(curve.failed_rows(1e-12), 0, "{name}: all rows are solved");
        assert_eq!((0..101).filter(informative).count(), 100, "{name}: all but the first are informative");
    }
    let mut group = c.benchmark_group("first-phase, 101 rows");
    group.sample_size(20);
    group.throughput(Throughput::Elements(101));
    group.bench_function("full global search", |b| b.iter(|| solve(black_box(&controls), Search::Full)));
    group
        .bench_function("starts of the file", |b| b.iter(|| solve(black_box(&controls), Search::FileStarts)));
    group.finish();

    let mut group = c.benchmark_group("first-phase, one row");
    group.sample_size(20);
    group.bench_function("all starts", |b| b.iter(|| solve(black_box(&[0.5]), Search::Full)));
    group.finish();
}

criterion_group!(benches, parts, rows);
criterion_main!(benches);
