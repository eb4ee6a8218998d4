//! One step of a flow: explicit of order 8, or implicit of order 9 where the flow is stiff.

use nalgebra::{DMatrix, DVector, Dyn, LU};

use super::right::{Right, Rules};
use super::tableau::{FIFTH, PARTS, STAGES, STEP, THIRD, TIMES};

/// Beyond this a step is at the limit of the stability of the explicit method, in units of the fastest rate
/// (Hairer, Nørsett and Wanner, *Solving Ordinary Differential Equations II*, section IV.2).
pub(super) const STABLE: f64 = 6.1;
/// The most iterations in which the stages of the implicit method are found.
const ITERATIONS: usize = 15;
/// Stages that move by less than this, in units of the size of the unknowns, are found.
const FOUND: f64 = 1e-15;
/// Stages that no longer come nearer are accepted if they move by less than this.
const STALLED: f64 = 1e-12;

/// Where a step begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct From<'a> {
    pub(super) control: f64,
    pub(super) x: &'a DVector<f64>,
    /// The right sides there.
    pub(super) right: &'a DVector<f64>,
    /// With which rules averages are computed.
    pub(super) rules: Rules,
}

/// How a step is made, and what it may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Dormand and Prince, order 8, with errors from steps of order 5 and 3.
    Explicit,
    /// Radau IIA with five stages, order 9, with errors from a step of order 5.
    Implicit,
}

impl Method {
    /// The order of what a step is judged by: by how much smaller a step must be.
    pub(super) fn order(self) -> f64 {
        match self {
            Method::Explicit => 8.0,
            Method::Implicit => 6.0,
        }
    }
}

/// A step that was made.
pub(super) struct Made {
    /// By how much the unknowns move.
    pub(super) moved: DVector<f64>,
    /// Its error in units of what is allowed.
    pub(super) error: f64,
    /// The last stage, for the test of stiffness: where it stands, and its right sides.
    pub(super) last: Option<(DVector<f64>, DVector<f64>)>,
}

/// A step; none where a right side is not a number on its way, or where its stages are not found. `allowed` is the error of each
/// unknown that counts as one.
pub(super) fn step(
    method: Method,
    right: &mut Right,
    from: From,
    by: f64,
    allowed: &DVector<f64>,
    tolerance: f64,
) -> Option<Made> {
    match method {
        Method::Explicit => explicit(right, from, by, allowed, tolerance),
        Method::Implicit => implicit(right, from, by, allowed, tolerance),
    }
}

/// The largest entry in units of what counts.
fn norm(v: &DVector<f64>, unit: &DVector<f64>) -> f64 {
    v.iter().zip(unit.iter()).map(|(v, unit)| (v / unit).abs()).fold(0.0, f64::max)
}

fn explicit(right: &mut Right, from: From, by: f64, scale: &DVector<f64>, tolerance: f64) -> Option<Made> {
    let sum = |slopes: &[DVector<f64>], parts: &[(usize, f64)]| {
        let mut sum = DVector::zeros(from.x.len());
        parts.iter().for_each(|(stage, part)| sum.axpy(*part, &slopes[*stage], 1.0));
        sum
    };
    let mut slopes: Vec<DVector<f64>> = Vec::with_capacity(STAGES);
    slopes.push(from.right.clone());
    let mut last = from.x.clone();
    for stage in 1..STAGES {
        last = from.x + sum(&slopes, PARTS[stage]) * by;
        slopes.push(right.at(from.rules, from.control + TIMES[stage] * by, &last)?);
    }
    let moved = sum(&slopes, &STEP);
    let fifth = norm(&sum(&slopes, &FIFTH), scale);
    let third = norm(&(&moved - sum(&slopes, &THIRD)), scale);
    let together = libm::hypot(fifth, 0.1 * third);
    let error = if together == 0.0 { 0.0 } else { by.abs() * fifth * fifth / (together * tolerance) };
    let last = slopes.pop().map(|slope| (last, slope));
    Some(Made { moved: moved * by, error, last })
}

/// The times of the stages of Radau IIA with five stages (Hairer and Wanner 1999, code RADAU).
const RADAU: [f64; 5] = [
    0.5710419611451768219312e-1,
    0.2768430136381238276800,
    0.5835904323689168200567,
    0.8602401356562194478479,
    1.0,
];
/// The real eigenvalue of its matrix: the weight of the beginning of the step in the step of order 5.
const REAL: f64 = 1.0 / 6.286704751729276645173;

/// The matrix of Radau IIA, from the conditions that make it a collocation method, and the weights of a step of order 5 that takes
/// the beginning with the weight [`REAL`], less its own.
fn radau() -> &'static (DMatrix<f64>, DVector<f64>) {
    static RADAU_IIA: std::sync::OnceLock<(DMatrix<f64>, DVector<f64>)> = std::sync::OnceLock::new();
    RADAU_IIA.get_or_init(|| {
        let powers = DMatrix::from_fn(5, 5, |power, stage| RADAU[stage].powi(power as i32));
        let solved = powers.lu();
        let integrals =
            DMatrix::from_fn(5, 5, |power, stage| RADAU[stage].powi(power as i32 + 1) / (power as f64 + 1.0));
        let matrix = solved.solve(&integrals).map_or_else(|| DMatrix::zeros(5, 5), |m| m.transpose());
        let moments =
            DVector::from_fn(5, |power, _| 1.0 / (power as f64 + 1.0) - if power == 0 { REAL } else { 0.0 });
        let lower = solved.solve(&moments).unwrap_or_else(|| DVector::zeros(5));
        let difference = DVector::from_fn(5, |stage, _| lower[stage] - matrix[(4, stage)]);
        (matrix, difference)
    })
}

fn implicit(right: &mut Right, from: From, by: f64, scale: &DVector<f64>, tolerance: f64) -> Option<Made> {
    let (matrix, difference) = radau();
    let (k, s) = (from.x.len(), RADAU.len());
    let slopes = right.slopes(from.rules, from.control, from.x);
    if !slopes.iter().all(|v| v.is_finite()) {
        return None;
    }
    let system = DMatrix::from_fn(s * k, s * k, |row, column| {
        let unit = if row == column { 1.0 } else { 0.0 };
        unit - by * matrix[(row / k, column / k)] * slopes[(row % k, column % k)]
    });
    let system: LU<f64, Dyn, Dyn> = system.lu();
    // How far each stage lies from the beginning.
    let mut stages = DMatrix::from_fn(k, s, |i, stage| RADAU[stage] * by * from.right[i]);
    let mut values = DMatrix::zeros(k, s);
    let mut before = f64::INFINITY;
    for iteration in 0..=ITERATIONS {
        for (stage, time) in RADAU.iter().enumerate() {
            let x = from.x + stages.column(stage);
            let value = right.at(from.rules, from.control + time * by, &x)?;
            values.set_column(stage, &value);
        }
        let remainder = &values * matrix.transpose() * by - &stages;
        let mut newton = DVector::from_column_slice(remainder.as_slice());
        if !system.solve_mut(&mut newton) {
            return None;
        }
        let newton = DMatrix::from_column_slice(k, s, newton.as_slice());
        stages += &newton;
        let size = |i: usize| from.x[i].abs().max((from.x[i] + stages[(i, s - 1)]).abs()).max(scale[i]);
        let moves = (0..k).flat_map(|i| (0..s).map(move |stage| (i, stage)));
        let moves = moves.map(|(i, stage)| newton[(i, stage)].abs() / size(i)).fold(0.0, f64::max);
        if moves <= FOUND || moves <= STALLED && moves >= 0.5 * before {
            break;
        }
        // What does not come nearer, or too slowly, needs a smaller step.
        if !(moves < 2.0 * before) || iteration == ITERATIONS {
            return None;
        }
        before = moves;
    }
    let lower = (from.right * REAL + &values * difference) * by;
    let filter = DMatrix::identity(k, k) - &slopes * (by * REAL);
    let lower = filter.lu().solve(&lower)?;
    // The step itself is of order 9: its error is judged by the power of the other's.
    let error = norm(&lower, scale) / tolerance.powf(0.6);
    Some(Made { moved: stages.column(s - 1).into_owned(), error, last: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_of_radau_is_that_of_its_published_eigenvalue_and_order() {
        let (matrix, _) = radau();
        // The last stage is the step: its weights integrate polynomials up to degree 2s − 2 = 8 exactly.
        for degree in 0..=8 {
            let sum: f64 = (0..5).map(|stage| matrix[(4, stage)] * RADAU[stage].powi(degree)).sum();
            assert!((sum - 1.0 / (f64::from(degree) + 1.0)).abs() < 1e-15, "{degree}: {sum}");
        }
        let inverse = matrix.clone().try_inverse().unwrap();
        let real = inverse.complex_eigenvalues().iter().find(|e| e.im.abs() < 1e-9).unwrap().re;
        assert!((real * REAL - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_explicit_step_meets_the_conditions_of_quadrature() {
        for degree in 0..8 {
            let sum: f64 = STEP.iter().map(|(stage, part)| part * TIMES[*stage].powi(degree)).sum();
            assert!((sum - 1.0 / (f64::from(degree) + 1.0)).abs() < 1e-14, "{degree}: {sum}");
        }
        for (stage, parts) in PARTS.iter().enumerate() {
            let sum: f64 = parts.iter().map(|(_, part)| part).sum();
            assert!((sum - TIMES[stage]).abs() < 1e-13, "{stage}: {sum}");
        }
    }
}
