//! Approximate message passing, iteration by iteration, with Gaussian matrices that are drawn by their products alone, exactly in law
//! at any d: compressed sensing with soft thresholds, and a spiked Wigner matrix with signs as signal.

use std::sync::LazyLock;

use crate::Purpose;
use crate::along::{add, dot, normals};
use crate::gaussian::{Products, Reduced, Symmetric};
use overlaps::model::{
    Control, Description, INVERSE, Measured, Model, ModelError, Parameter, Point, Quantity, Running,
    is_whole, number,
};
use overlaps::output::Status;

/// What is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sensing,
    Wigner,
}

/// Message passing.
#[derive(Debug, Clone, Copy)]
pub struct Amp(Kind);

/// All of them.
pub const AMP: [Amp; 2] = [Amp(Kind::Sensing), Amp(Kind::Wigner)];

/// The most iterations: every one keeps two vectors.
const LAST: f64 = 400.0;
/// The most numbers that are kept.
const MOST: f64 = 1e8;

fn positive(name: &str, default: f64, meaning: &str) -> Parameter {
    number(name, default, meaning).if_(|x| x > 0.0 && x.is_finite(), "it is a finite number above 0")
}

/// What a model of this kind declares.
fn described(kind: Kind) -> Description {
    let (name, title, describes, quantities, own): (_, _, &[&str], &[Quantity], Vec<Parameter>) = match kind {
        Kind::Sensing => (
            "amp-soft-threshold",
            "compressed sensing by approximate message passing with soft thresholds",
            &["amp with soft thresholds"],
            &[
                Quantity { name: "mse", meaning: "mean square error per unknown" },
                Quantity { name: "noise", meaning: "effective noise, as the residual has it" },
            ],
            vec![
                positive("delta", 0.5, "measurements per unknown"),
                number("eps", 0.1, "non-zeros per unknown: ±1 with equal probability")
                    .if_(|x| x > 0.0 && x < 1.0, "it is a fraction, 0 < ε < 1"),
                number("sigma", 0.1, "noise of the measurements")
                    .if_(|x| x >= 0.0 && x.is_finite(), "it is a finite number, 0 or more"),
                positive("a", 1.1, "threshold, in units of the effective noise"),
            ],
        ),
        Kind::Wigner => (
            "amp-spiked-wigner",
            "approximate message passing for signs in a spiked Wigner matrix",
            &["amp of a spiked wigner matrix"],
            &[
                Quantity { name: "q", meaning: "overlap with the signal" },
                Quantity { name: "mse", meaning: "mean square error per entry of the signal" },
                Quantity { name: "mmse", meaning: "error of the matrix" },
            ],
            vec![
                positive("lambda", 1.5, "signal-to-noise ratio"),
                number("q_0", 0.1, "overlap with the signal at the start")
                    .if_(|x| x > 0.0 && x <= 1.0, "it is an overlap, 0 < q_0 ≤ 1"),
            ],
        ),
    };
    let d = number("d", 2000.0, "dimension, the number of unknowns").whole(
        10.0,
        1e7,
        "d is a whole number of unknowns from 10 to 10⁷",
    );
    Description {
        name,
        title,
        describes,
        control: Control { name: "t", meaning: "iteration", from: 0.0, to: LAST },
        parameters: own.into_iter().chain([d]).collect(),
        labels: &[],
        quantities,
        certificates: &[],
        corrections: INVERSE,
    }
}

/// What they declare.
static DESCRIBED: LazyLock<Vec<Description>> = LazyLock::new(|| AMP.map(|amp| described(amp.0)).into());

/// Measurements per unknown as a whole number of measurements.
fn measurements(at: &Point) -> usize {
    (at.number("delta") * at.number("d")).round() as usize
}

impl Amp {
    /// What is measured at every iteration, from the first to the last; fewer where an interruption was asked for.
    fn iterate(self, at: &Point, seed: u64, last: usize, running: &Running) -> Vec<Vec<f64>> {
        match self.0 {
            Kind::Sensing => {
                let n = measurements(at);
                sense(at, seed, last, running, &Reduced::new(seed, n, at.number("d") as usize))
            }
            Kind::Wigner => {
                let noise = Symmetric::new(seed, at.number("d") as usize);
                find_spike(at, seed, last, running, |w| noise.times(w))
            }
        }
    }
}

/// y = Ax + σw with n×d entries N(0, 1/n), which is √(d/n) times `x`; then x ← η(x + Aᵀz; aτ), z ← y − Ax + z⟨η′⟩/δ with τ = |z|/√n.
fn sense(at: &Point, seed: u64, last: usize, running: &Running, matrix: &dyn Products) -> Vec<Vec<f64>> {
    let (n, d) = (measurements(at), at.number("d") as usize);
    let (size, unit) = (d as f64, (d as f64 / n as f64).sqrt());
    let times = |matrix_times: Vec<f64>| -> Vec<f64> { matrix_times.iter().map(|x| x * unit).collect() };
    let some = (at.number("eps") * size).round() as usize;
    let signs = normals(seed, d, Purpose::Weights, 0).take(d).enumerate();
    let signal: Vec<f64> = signs.map(|(i, z)| if i < some { 1f64.copysign(z) } else { 0.0 }).collect();
    let mut y = times(matrix.times(&signal));
    let noise: Vec<f64> = normals(seed, d, Purpose::Labels, 0).take(n).collect();
    add(&mut y, at.number("sigma"), &noise);
    let (mut x, mut z) = (vec![0.0; d], y.clone());
    let mut measured = Vec::with_capacity(last + 1);
    for iteration in 0..=last {
        let tau = (dot(&z, &z) / n as f64).sqrt();
        let mut rest = x.clone();
        add(&mut rest, -1.0, &signal);
        measured.push(vec![dot(&rest, &rest) / size, tau]);
        if iteration == last || (running.interrupted)() {
            break;
        }
        let (threshold, field) = (at.number("a") * tau, times(matrix.transposed_times(&z)));
        let mut active = 0.0;
        for (x, field) in x.iter_mut().zip(field) {
            let h = *x + field;
            active += if h.abs() > threshold { 1.0 } else { 0.0 };
            *x = (h.abs() - threshold).max(0.0).copysign(h);
        }
        let product = times(matrix.times(&x));
        for ((z, y), product) in z.iter_mut().zip(&y).zip(product) {
            *z = y - product + *z * active / n as f64;
        }
    }
    measured
}

/// Y = √(λ/d) x xᵀ + W; then m ← tanh(√(λ/d) Ym − λ(1 − |m|²/d) m₋), from an m of overlap and squared norm q_0; `times` is W/√d.
fn find_spike(
    at: &Point,
    seed: u64,
    last: usize,
    running: &Running,
    times: impl Fn(&[f64]) -> Vec<f64>,
) -> Vec<Vec<f64>> {
    let d = at.number("d") as usize;
    let (size, lambda, q_0) = (d as f64, at.number("lambda"), at.number("q_0"));
    // The law does not depend on the signs.
    let signal = vec![1.0; d];
    let mut across: Vec<f64> = normals(seed, d, Purpose::Start, 0).take(d).collect();
    let along = across.iter().sum::<f64>() / size;
    add(&mut across, -along, &signal);
    let scale = (q_0 * (1.0 - q_0) * size / dot(&across, &across)).sqrt();
    let mut m: Vec<f64> = across.iter().map(|z| q_0 + z * scale).collect();
    let mut before = vec![0.0; d];
    let mut measured = Vec::with_capacity(last + 1);
    for iteration in 0..=last {
        let (overlap, square) = (m.iter().sum::<f64>() / size, dot(&m, &m) / size);
        measured.push(vec![
            overlap,
            1.0 - 2.0 * overlap + square,
            1.0 - 2.0 * overlap * overlap + square * square,
        ]);
        if iteration == last || (running.interrupted)() {
            break;
        }
        let noise = times(&m);
        let next = m.iter().zip(&before).zip(&noise).map(|((_, before), noise)| {
            libm::tanh(lambda * overlap + lambda.sqrt() * noise - lambda * (1.0 - square) * before)
        });
        let next = next.collect();
        before = std::mem::replace(&mut m, next);
    }
    measured
}

impl Model for Amp {
    fn description(&self) -> &'static Description {
        &DESCRIBED[AMP.iter().position(|amp| amp.0 == self.0).unwrap_or(0)]
    }

    fn check(&self, at: &Point, iterations: &[f64]) -> Result<(), ModelError> {
        if let Some(t) = iterations.iter().find(|t| !is_whole(**t, 0.0, LAST)) {
            return Err(format!("t = {t} is not an iteration, a whole number from 0 to {LAST}").into());
        }
        let (d, last) = (at.number("d"), iterations.iter().copied().fold(0.0, f64::max));
        let n = if self.0 == Kind::Sensing { at.number("delta") * d } else { 0.0 };
        if self.0 == Kind::Sensing && (n.round() < 1.0 || (n - n.round()).abs() > 1e-9 * n) {
            return Err(format!(
                "delta = {} at d = {d} makes {n} measurements; choose them so that δd is a whole number, 1 or more",
                at.number("delta")
            )
            .into());
        }
        if 2.0 * (n + d) * (last + 1.0) > MOST {
            return Err(format!("{last} iterations in d = {d} dimensions do not fit; take fewer").into());
        }
        Ok(())
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        iterations: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        let last = iterations.iter().copied().fold(0.0, f64::max) as usize;
        let all = self.iterate(at, seed, last, running);
        if all.len() <= last {
            return Ok(None);
        }
        let measured = iterations.iter().map(|t| {
            (running.progress)();
            Measured::new(all[*t as usize].clone(), Status::Converged)
        });
        Ok(Some(measured.collect()))
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        (0..=20).map(f64::from).collect()
    }

    fn dimensions(&self, _: &[Point]) -> Result<Vec<f64>, ModelError> {
        Ok([1000.0, 2000.0, 4000.0, 8000.0].into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::Explicit;
    use crate::trial::{agrees_and_planted_do_not, mean, simulated, wanted};

    /// The means of iteration 4 with the matrix itself are those in law.
    fn has_the_law_of_the_matrix(amp: Amp, explicit: impl Fn(&Point, u64) -> Vec<Vec<f64>>) {
        let description = amp.description();
        let table =
            simulated(std::sync::Arc::new(amp), &wanted(&[("d", 60.into()), ("t", 4.into())], &[]), 0..1500);
        let at = description.known().at([("d", 60.into())]).unwrap();
        let runs: Vec<Vec<f64>> = (5000..6500).map(|seed| explicit(&at, seed)[4].clone()).collect();
        for (i, quantity) in description.quantities.iter().enumerate() {
            let own = runs.iter().map(|run| run[i]).sum::<f64>() / runs.len() as f64;
            let (reduced, error) = mean(&table, quantity.name);
            let z = (own - reduced) / (2.0f64.sqrt() * error);
            assert!(z.abs() < 4.0 && error < 0.02, "{}: {reduced} and {own}, z = {z}", quantity.name);
        }
    }

    #[test]
    fn products_in_law_give_what_the_matrices_give() {
        has_the_law_of_the_matrix(AMP[0], |at, seed| {
            let (n, d) = (measurements(at), at.number("d") as usize);
            sense(at, seed, 4, &Running::ON, &Explicit::new(seed, n, d))
        });
        has_the_law_of_the_matrix(AMP[1], |at, seed| {
            // (G + Gᵀ)/√2 has variance 1/d off the diagonal and 2/d on it.
            let d = at.number("d") as usize;
            let half = Explicit::new(seed, d, d);
            find_spike(at, seed, 4, &Running::ON, |w| {
                let (a, b) = (half.times(w), half.transposed_times(w));
                a.iter().zip(b).map(|(a, b)| (a + b) / 2.0f64.sqrt()).collect()
            })
        });
    }

    #[test]
    fn state_evolution_agrees_and_planted_errors_are_found() {
        let wanted = wanted(&[], &[("t", &[1.0, 3.0, 8.0]), ("d", &[1000.0, 2000.0, 4000.0])]);
        let wrong = [("v/delta", "0.9*v/delta"), ("- a*tau*sign", "- 1.1*a*tau*sign")];
        agrees_and_planted_do_not(AMP[0], "amp-soft-threshold", &wrong, wanted.clone(), 0..24);
        let wrong = [("h = \"lambda*q", "h = \"0.9*lambda*q")];
        agrees_and_planted_do_not(AMP[1], "amp-spiked-wigner", &wrong, wanted, 0..24);
    }
}
