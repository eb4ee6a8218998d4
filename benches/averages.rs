//! What one evaluation of averages costs: smooth, sharp, with a kink, and with a kink in two variables.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nalgebra::DVector;
use overlaps::solve::Equations;
use overlaps::system::Theory;

/// The same equation with different integrands: q = E f(q, z).
const INTEGRANDS: [(&str, &str); 5] = [
    ("smooth", "E[z](tanh(0.3 + 2*sqrt(q)*z)^2)"),
    ("sharp", "E[z](tanh(0.3 + 200*sqrt(q)*z)^2)"),
    ("kink", "E[z](max(min(0.3 + 2*sqrt(q)*z, 1), -1)^2)"),
    ("soft threshold", "E[z]((sign(q + z)*max(abs(q + z) - 0.4, 0))^2)"),
    ("two variables", "E[z,y](max(0, z)*max(0, q*z + sqrt(1 - q^2)*y))"),
];

fn averages(c: &mut Criterion) {
    let mut group = c.benchmark_group("averages");
    group.sample_size(20);
    for (name, integrand) in INTEGRANDS {
        let text = format!(
            "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 2 }}\n[variables]\nz = \"normal\"\n\
             y = \"normal\"\n[unknowns]\nq = {{ meaning = \"\", range = [0, 1] }}\n[fixed_point]\nq = \"{integrand}\"\n"
        );
        let theory = Theory::parse("averages", &text).expect("the equations are right");
        let system = &theory.pieces[0].system;
        let mut equations = Equations::new(system, &[]);
        let x = DVector::from_element(1, 0.7);
        let (rung, _) = equations.adequate_rung(0.0, &x, 0, 1e-12, true);
        let mut step = 0.0;
        group.bench_function(format!("{name}: equations and Jacobian"), |b| {
            b.iter(|| {
                // A new point every time, so that nothing is remembered.
                step = (step + 1e-9) % 1e-3;
                black_box(equations.evaluate(0.0, &x.add_scalar(step), rung).residual[0])
            });
        });
        if name != "two variables" {
            group.bench_function(format!("{name}: choice of a rule"), |b| {
                b.iter(|| {
                    step = (step + 1e-9) % 1e-3;
                    black_box(equations.adequate_rung(0.0, &x.add_scalar(step), 0, 1e-12, true))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, averages);
criterion_main!(benches);
