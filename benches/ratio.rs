//! Prints, side by side in one run, the time per solved row and the time of the tanh evaluations that it makes.

use std::hint::black_box;
use std::time::Instant;

use overlaps::numeric::{grid, tanh_sech2_array};
use overlaps::solve::{Curve, Search, Settings};
use overlaps::system::Theory;

/// The best of several runs, in seconds: other work on the machine only ever adds.
fn best(runs: usize, mut f: impl FnMut()) -> f64 {
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    let theory = Theory::load("first-phase").expect("built in");
    let system = &theory.pieces[0].system;
    let parameters = system.parameter_values(&[]);
    let h: Vec<f64> = (0..128).map(|i| 0.05 * f64::from(i) - 3.0).collect();
    let (mut t, mut s) = (vec![0.0; 128], vec![0.0; 128]);
    let repeats = 10_000;
    let kernel = best(9, || {
        for _ in 0..repeats {
            tanh_sech2_array(black_box(&h), black_box(&mut t), black_box(&mut s));
        }
    }) / (128 * repeats) as f64;
    let library = best(9, || {
        for _ in 0..repeats / 10 {
            for (t, h) in t.iter_mut().zip(black_box(&h)) {
                *t = h.tanh();
            }
            black_box(&mut t);
        }
    }) / (128 * repeats / 10) as f64;
    println!(
        "one tanh: {:.2} ns with its derivative (arrays, this crate), {:.2} ns (f64::tanh, one at a time)",
        kernel * 1e9,
        library * 1e9
    );
    println!();
    println!(
        "                                   µs/row  evaluations/row  tanh/row  tanh µs/row   ratio   ratio (f64::tanh)"
    );
    let controls = grid(0.0, 1.0, 1001);
    for (name, controls, search) in [
        ("starts of the file alone, 1001 rows", controls.as_slice(), Search::FileStarts),
        ("full global search, 1001 rows", controls.as_slice(), Search::Full),
        ("one row with all starts", &[0.5][..], Search::Full),
    ] {
        let settings = Settings { search, ..Settings::default() };
        let curve = Curve::solve(system, &parameters, controls, settings);
        let informative = |row: &usize| curve.solution(*row).is_some_and(|(t, _)| t.name == "informative");
        assert_eq!(curve.failed_rows(1e-12), 0, "{name}: all rows are solved");
        assert!((0..controls.len()).filter(informative).count() * 100 >= controls.len() * 99, "{name}");
        let (effort, rows) = (curve.effort, controls.len() as f64);
        let time = best(9, || {
            black_box(Curve::solve(system, &parameters, controls, settings));
        }) / rows;
        let tanh = effort.tanh as f64 / rows;
        println!(
            "{name:<32} {:>8.1} {:>16.1} {:>9.0} {:>12.1} {:>7.1} {:>19.2}",
            time * 1e6,
            effort.evaluations as f64 / rows,
            tanh,
            tanh * kernel * 1e6,
            time / (tanh * kernel),
            time / (tanh * library),
        );
    }
}
