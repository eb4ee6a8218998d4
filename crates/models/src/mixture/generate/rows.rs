//! Generations → the rows of a [`Table`](overlaps::output::Table), one per time.

use super::law::{LAW, Law};
use super::run::{Denoisers, Generated, Generation};
use crate::mixture::simulate::DataRule;
use crate::mixture::{FLOW, Noise, Target};
use overlaps::output::{Cell, Column, Role, Status};

/// The columns of a table of generated samples along the time t.
pub fn columns() -> Vec<Column> {
    let mut columns = vec![Column::new("t", "time of the schedule", Role::Control)];
    // Test data have no part in a generation.
    let parameters = FLOW.parameters.iter().filter(|p| p.name != "p_test");
    columns.extend(parameters.map(|p| Column::new(&p.name, &p.meaning, Role::Parameter)));
    columns.push(Column::new("steps", "steps from t = 0 to 2", Role::Parameter));
    columns.push(Column::new("samples", "samples", Role::Parameter));
    columns.push(Column::new("seed", "data set", Role::Parameter));
    for (name, meaning) in [
        ("source", "samples; theory at this d; theory-infinite-d, for d → ∞"),
        ("denoiser", "exact, integrated or trained"),
        ("data", "gram (reduced coordinates), or explicit"),
        ("integrator", "euler or adaptive"),
    ] {
        columns.push(Column::new(name, meaning, Role::Label));
    }
    columns.push(Column::new("tau", "time of the interpolant", Role::Output));
    columns.extend(LAW.iter().map(|(name, meaning)| Column::new(*name, *meaning, Role::Output)));
    columns.push(Column::new(
        "fraction_error",
        "standard error of fraction_plus from the number of samples",
        Role::Certificate,
    ));
    columns.push(Column::new(
        "quadrature_error",
        "theory: largest difference of any value of this setting from a lower quadrature rule",
        Role::Certificate,
    ));
    columns.push(Column::new("status", "converged: the denoisers of all steps", Role::Certificate));
    columns
}

/// The rows of a generation, one per time.
pub fn rows(generation: &Generation, generated: &Generated) -> Vec<Vec<Cell>> {
    let times = generation.times();
    times.iter().zip(&generated.laws).map(|(t, law)| row(generation, generated, *t, law)).collect()
}

/// A row of a prediction, in the same columns.
pub fn theory_row(
    generation: &Generation,
    source: &'static str,
    t: f64,
    law: &Law,
    p_bar: f64,
    error: f64,
) -> Vec<Cell> {
    let mut row = lead(generation, source, t, p_bar, None);
    row.extend(law.values().map(|x| if x.is_finite() { Cell::Number(x) } else { Cell::Missing }));
    row.extend([Cell::Missing, Cell::Number(error), Status::Converged.into()]);
    row
}

/// What comes before the law, up to the time of the interpolant; `seed` only for samples.
pub fn lead(
    generation: &Generation,
    source: &'static str,
    t: f64,
    p_bar: f64,
    seed: Option<u64>,
) -> Vec<Cell> {
    let s = &generation.setting;
    let learnt = generation.denoisers != Denoisers::Exact;
    let of_learning = |cell: Cell| if learnt { cell } else { Cell::Missing };
    let of_samples = |cell: Cell| if seed.is_some() { cell } else { Cell::Missing };
    let k = match s.noise {
        Noise::Fresh => Cell::Number(f64::INFINITY),
        Noise::Fixed(k) => Cell::Number(k as f64),
    };
    let mut row = vec![t.into(), of_learning(Cell::from(s.n)), p_bar.into()];
    row.extend([s.sigma, s.kappa].map(Cell::Number));
    row.extend([s.lambda, s.ell].map(|x| of_learning(Cell::Number(x))));
    row.extend([of_learning(k), Cell::Integer(s.d), s.interpolant.name().into(), s.schedule.name().into()]);
    let beta = match s.target {
        Target::Mixture { .. } => Cell::Missing,
        Target::CurieWeiss { beta, .. } => Cell::Number(beta),
    };
    row.extend([s.target.name().into(), Cell::Number(s.target.m()), beta, Cell::Number(s.bend)]);
    row.extend([Cell::from(generation.steps), of_samples(Cell::from(generation.samples))]);
    row.push(seed.map_or(Cell::Missing, Cell::Integer));
    let denoiser = match generation.denoisers {
        Denoisers::Exact => "exact",
        Denoisers::Learnt(method) => method.name(),
    };
    let data = if generation.data == DataRule::Explicit { "explicit" } else { "gram" };
    row.extend([source, denoiser].map(Cell::from));
    row.extend([of_samples(data.into()), generation.integrator.name().into()]);
    row.push(Cell::Number(s.path().tau(t)));
    row
}

fn row(generation: &Generation, generated: &Generated, t: f64, law: &Law) -> Vec<Cell> {
    let number = |x: f64| if x.is_finite() && generated.converged { Cell::Number(x) } else { Cell::Missing };
    let mut row = lead(generation, "samples", t, generated.p_bar, Some(generation.seed));
    row.extend(law.values().map(number));
    let p = law.fraction_plus;
    row.push(number((p * (1.0 - p) / generation.samples as f64).sqrt()));
    row.push(Cell::Missing);
    row.push(Status::of(generated.converged).into());
    row
}
