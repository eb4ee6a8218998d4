//! What models share: measuring a data set at one control value after another, and numbers of samples that are whole.

use rand_distr::{Distribution, StandardNormal};

use crate::{Purpose, stream};
use overlaps::model::{Control, Measured, ModelError, Running};

/// One measurement after another; none where an interruption was asked for.
pub(crate) fn each(
    controls: &[f64],
    running: &Running,
    measure: impl Fn(f64) -> Result<Measured, ModelError>,
) -> Result<Option<Vec<Measured>>, ModelError> {
    let mut measured = Vec::with_capacity(controls.len());
    for control in controls {
        let one = measure(*control)?;
        // A measurement that was interrupted may be half of one.
        if (running.interrupted)() {
            return Ok(None);
        }
        measured.push(one);
        (running.progress)();
    }
    Ok(Some(measured))
}

/// αd, which is to be a whole number: `from` or more.
pub(crate) fn whole(control: Control, alpha: f64, d: f64, from: f64) -> Result<usize, ModelError> {
    let n = alpha * d;
    if n.round() < from || (n - n.round()).abs() > 1e-9 * n || n > 1e10 {
        return Err(format!(
            "{0} = {alpha} ({1}) at d = {d} makes {n}; choose d and {0} so that their product is a whole number, {from} or more and at most 10¹⁰",
            control.name, control.meaning
        )
        .into());
    }
    Ok(n.round() as usize)
}

/// Normal numbers of a purpose, the same whatever how many are taken.
pub(crate) fn normals(seed: u64, d: usize, purpose: Purpose, index: u64) -> impl Iterator<Item = f64> {
    Distribution::<f64>::sample_iter(StandardNormal, stream(seed, d as u64, purpose, index))
}

/// x·y.
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    // Eight partial sums, which a processor adds at once.
    let mut sums = [0.0; 8];
    let (x, y) = (x.chunks_exact(8), y.chunks_exact(8));
    let rest: f64 = x.remainder().iter().zip(y.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in x.zip(y) {
        (0..8).for_each(|i| sums[i] += x[i] * y[i]);
    }
    sums.iter().sum::<f64>() + rest
}

/// y + a x in place of y.
pub(crate) fn add(y: &mut [f64], a: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
}
