//! When what parts in each window of a mixture of modes is decided, for schedules of training times: what `overlaps schedule --modes` asks.

use std::path::Path;

use rayon::prelude::*;

use super::along::{Along, interpolant, interpolant_of, sigma};
use super::experiment::parts;
use super::turn::Turns;
use crate::mixture::schedule::{Feature, Source};
use overlaps::experiment::ExperimentError;
use overlaps::name::symbol_of;
use overlaps::numeric::significant;
use overlaps::study::Wanted;

/// The times of a window: this many, at τ δ d^a from the first of these to the second, evenly on a logarithmic scale.
const TIMES: u32 = 96;
const RANGE: (f64, f64) = (0.02, 12.0);

impl Source {
    /// What parts in each window of a mixture of many modes, and the variance inside modes, against τ.
    ///
    /// # Errors
    /// What is wrong with the file, names and values that are none, more than one combination of parameters.
    pub fn of_modes(file: &Path, wanted: &Wanted) -> Result<Source, ExperimentError> {
        let along = Along::time(file, wanted, vec![sigma(), interpolant()], &[])?;
        if along.plan.controls.is_some() || along.plan.cells() > 1 {
            return Err(ExperimentError::Given(
                "a schedule is for one mixture, with one value of d and sigma; sweep nothing, and give no t"
                    .into(),
            ));
        }
        let point = along.point(0)?;
        let (d, sigma, interpolant) = (point.number("d"), point.number("sigma"), interpolant_of(&point));
        let windows = along.means.windows(d);
        let (least, most) = RANGE;
        let times_of = windows.iter().flat_map(|window| {
            let scale = d.powf(-window.exponent) / window.half_distance;
            let step = (most / least).ln() / f64::from(TIMES - 1);
            (0..TIMES).map(move |i| scale * least * (step * f64::from(i)).exp())
        });
        // The variance, σ²α²/S of the error, needs times over the whole range too.
        let mut times: Vec<f64> =
            times_of.chain((0..=TIMES).map(|i| f64::from(i) / f64::from(TIMES))).collect();
        times.retain(|tau| (0.0..=1.0).contains(tau));
        times.sort_by(f64::total_cmp);
        times.dedup();
        let turns = Turns::new(&along.means, d, sigma);
        let matrices: Vec<_> =
            times.par_iter().map(|tau| turns.matrix(turns.square(interpolant.alpha(*tau), *tau))).collect();
        let rising = |shares: &mut dyn Iterator<Item = f64>| {
            let mut highest = 0.0f64;
            // Averages fall by their error.
            let rise = |share: f64| {
                highest = share.clamp(highest, 1.0);
                highest
            };
            shares.map(rise).collect::<Vec<f64>>()
        };
        let mut features: Vec<Feature> = windows
            .iter()
            .map(|window| Feature {
                name: parts(&window.before, &window.after),
                times: times.clone(),
                shares: rising(&mut matrices.iter().map(|m| along.means.decided(d, window, &m.values))),
                start: window.drop,
                end: 0.0,
                deviation: 0.0,
            })
            .collect();
        let left = |tau: &f64| {
            let (alpha, own) = (interpolant.alpha(*tau), sigma * tau);
            alpha * alpha / (alpha * alpha + own * own)
        };
        features.push(Feature {
            name: "variance".into(),
            times: times.clone(),
            shares: rising(&mut times.iter().map(|tau| 1.0 - left(tau))),
            start: sigma * sigma,
            end: 0.0,
            deviation: 0.0,
        });
        let error = matrices.iter().map(|matrix| matrix.errors.amax()).fold(0.0, f64::max);
        Ok(Source {
            features,
            data: Vec::new(),
            time: symbol_of("tau"),
            system: "modes",
            scale: None,
            parameters: along.parameters(),
            extra: Default::default(),
            notes: vec![format!("{} times; probabilities within {}", times.len(), significant(error, 2))],
            warnings: Vec::new(),
        })
    }
}
