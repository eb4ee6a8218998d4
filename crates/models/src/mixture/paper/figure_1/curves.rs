//! Figure 1: what theory predicts.

use crate::paper::Tried;
use rayon::prelude::*;

use super::{D, DIMENSIONS, Part, Runs, STEPS, setting};
use crate::mixture::Schedule;
use crate::mixture::generate::predicted::{Dimension, Source, Theories, continuous, predict};
use crate::mixture::generate::{Integrator, times};

/// Places of the curves against p̄ and d.
const ALONG_P: usize = 4;
const PER_DECADE: f64 = 4.0;
/// From here on the curves against d are flat.
const FLAT: f64 = 1e6;

/// The predicted fractions.
pub struct Curves {
    /// By schedule, in the order of [`Schedule::ALL`].
    pub schedules: [OfSchedule; 2],
    /// Of the flow itself with the dilated schedule, N → ∞ and d → ∞.
    pub continuous: f64,
    /// Training samples of both modes with round(np) of mode +.
    pub n: [usize; 2],
}

/// One schedule.
pub struct OfSchedule {
    /// At every time, at the d of the paper.
    pub at_d: Vec<f64>,
    /// At every time, d → ∞.
    pub infinite: Vec<f64>,
    /// p̄ and the fraction of finished samples, at the d of the paper.
    pub along_p: Vec<(f64, f64)>,
    /// d and the fraction of finished samples.
    pub along_d: Vec<(f64, f64)>,
}

impl OfSchedule {
    /// The fraction of finished samples at a dimension of the runs.
    pub fn last_at(&self, d: f64) -> f64 {
        self.along_d.iter().find(|(at, _)| *at == d).map_or(f64::NAN, |(_, p)| *p)
    }
}

impl Curves {
    /// Solves what is needed.
    ///
    /// # Errors
    /// A theory that does not converge.
    pub fn new(runs: &Runs) -> Tried<Curves> {
        let theories = Theories::load()?;
        let total = setting(D, Schedule::Dilated)?.n;
        let plus = |p: f64| (p * total as f64).round() as usize;
        let source = |plus: usize| Source::Learnt { n: [plus, total - plus] };
        let p_bar = runs.of(Part::Time, Schedule::Dilated).next().map_or(f64::NAN, |run| run.p_bar);
        let fixed = source(plus(p_bar));
        let times = times(STEPS);
        let all: Vec<usize> = (0..=STEPS).collect();
        let fractions = |d: f64, schedule, source, dimension, at: &[usize]| -> Tried<Vec<f64>> {
            let laws =
                predict(&theories, &setting(d, schedule)?, source, dimension, Integrator::Euler, &times, at)?
                    .laws;
            Ok(laws.iter().map(|law| law.fraction_plus).collect())
        };
        let drawn: Vec<usize> = runs.of(Part::Drawn, Schedule::Dilated).map(|run| plus(run.p_bar)).collect();
        let (least, most) =
            (drawn.iter().min().copied().unwrap_or(1), drawn.iter().max().copied().unwrap_or(1));
        let mut along_p: Vec<usize> =
            (0..=ALONG_P).map(|k| least + (most - least) * k / ALONG_P).filter(|n| *n < total).collect();
        along_p.dedup();
        let mut along_d: Vec<f64> = DIMENSIONS.into_iter().chain([D]).collect();
        let decades = (FLAT / DIMENSIONS[0]).log10();
        let between = |k: usize| (DIMENSIONS[0] * 10f64.powf(k as f64 / PER_DECADE)).round();
        along_d.extend((0..(decades * PER_DECADE) as usize).map(between));
        along_d.sort_by(f64::total_cmp);
        along_d.dedup();
        let of = |schedule: Schedule| -> Tried<OfSchedule> {
            let last = |d: f64, source: Source| -> Tried<f64> {
                Ok(fractions(d, schedule, source, Dimension::Finite, &[STEPS])?[0])
            };
            let at_p = |n: &usize| Ok((*n as f64 / total as f64, last(D, source(*n))?));
            let at_d = |d: &f64| Ok((*d, last(*d, fixed)?));
            Ok(OfSchedule {
                at_d: fractions(D, schedule, fixed, Dimension::Finite, &all)?,
                infinite: fractions(D, schedule, fixed, Dimension::Infinite, &all)?,
                along_p: along_p.par_iter().map(at_p).collect::<Tried<_>>()?,
                along_d: along_d.par_iter().map(at_d).collect::<Tried<_>>()?,
            })
        };
        let [dilated, plain] = Schedule::ALL.map(of);
        Ok(Curves {
            schedules: [dilated?, plain?],
            continuous: continuous(&theories, &setting(D, Schedule::Dilated)?, fixed)?.last.fraction_plus,
            n: [plus(p_bar), total - plus(p_bar)],
        })
    }

    /// Those of a schedule.
    pub fn of(&self, schedule: Schedule) -> &OfSchedule {
        &self.schedules[schedule as usize]
    }
}
