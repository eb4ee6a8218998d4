//! Runs → the rows of a [`Table`](overlaps::output::Table), with the columns of a solved system and what a simulation adds.

use super::measured::Measured;
use super::run::{Outcome, Run};
use crate::model::{DENOISER, Noise};
use overlaps::output::{Cell, Column, Status};

/// The columns of a table of simulations along the control `t`.
pub fn columns() -> Vec<Column> {
    DENOISER.columns()
}

/// The rows of a run, one per time.
pub fn rows(run: &Run, times: &[f64], outcome: &Outcome) -> Vec<Vec<Cell>> {
    times.iter().zip(&outcome.measured).map(|(t, measured)| row(run, *t, outcome.p_bar, measured)).collect()
}

fn row(run: &Run, t: f64, p_bar: f64, measured: &Measured) -> Vec<Cell> {
    let s = &run.setting;
    let k = match s.noise {
        Noise::Fresh => Cell::Number(f64::INFINITY),
        Noise::Fixed(k) => Cell::from(k),
    };
    let trained = matches!(run.method, super::Method::Trained { .. });
    let finite = measured.overlaps.values().iter().all(|x| !x.is_infinite()) || !trained;
    let usable = measured.converged && finite;
    let number = |x: f64| if x.is_nan() || !usable { Cell::Missing } else { Cell::Number(x) };
    let status = match (usable, trained) {
        (false, _) => Status::NotConverged,
        (true, true) => Status::Trained,
        (true, false) => Status::Converged,
    };
    let mut row = vec![t.into(), Cell::from(s.n), p_bar.into()];
    row.extend([s.sigma, s.kappa, s.lambda, s.ell, s.p_test].map(Cell::Number));
    row.extend([k, Cell::Integer(s.d), s.interpolant.name().into(), s.schedule.name().into()]);
    row.push(Cell::Integer(run.seed));
    row.extend([run.method.name(), run.method.data().name()].map(Cell::from));
    row.push(measured.branch.filter(|_| usable).map(|b| b.name()).into());
    row.extend(measured.overlaps.values().map(number));
    row.extend([measured.loss, measured.energy].map(number));
    row.push(Cell::Number(measured.gradient_norm));
    row.push(measured.quadrature_error.into());
    row.push(Cell::Integer(measured.iterations));
    row.push(status.into());
    row
}
