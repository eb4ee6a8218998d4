//! What theory says of the samples of every setting.

use rayon::prelude::*;

use super::error::GenerateError;
use super::flow::Integrator;
use super::law::Law;
use super::predicted::{
    Continuous, Dimension, Prediction, Source, Theories, closed_form::mixture_law, continuous, predict,
    predict_flow,
};
use super::rows::theory_row;
use super::run::{Denoisers, Generated, Generation};
use crate::mixture::{Noise, Schedule, Target};
use overlaps::output::Cell;

/// Why there is no theory at finite d.
const FIXED_NOISE: &str = "there is no theory at finite d for fixed noise. What is predicted for d → ∞ is approached only as ln d: on new samples the activations of the second phase are a small part of those on the training samples, which grow as ln d";
const SPINS: &str = "of spins there is no theory of N steps; N_infinite is what the flow itself ends with, up to the bias of the steps and the fluctuations of M at finite d";
const NO_VARIANCE: &str = "there is no theory at finite d for sigma = 0";
const ONE_CLASS: &str = "a data set with samples of one class only has no theory";
const TOO_LARGE: &str = "at d above 10¹⁴ the theory of finite d is lost in round-off; use a smaller d, which is as good as infinite";
/// The largest dimension of `finite-d`.
pub const MOST_DIMENSIONS: u64 = 100_000_000_000_000;

/// What theory says of one setting with one composition of the training set.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// The first generation that it is for.
    first: usize,
    /// At the dimension of the setting, at every time; or why it is not known.
    pub at_d: Result<Vec<Law>, &'static str>,
    /// For d → ∞, at every time.
    pub infinite: Vec<Law>,
    /// The flow itself, N → ∞, for d → ∞; of the dilated schedule.
    pub continuous: Option<Continuous>,
    /// Fraction of training samples in mode +, or p.
    p_bar: f64,
    /// Largest difference of any value from a lower quadrature rule.
    error: f64,
}

/// The predictions for all generations.
pub struct Predictions {
    all: Vec<Predicted>,
    of: Vec<usize>,
}

impl Predictions {
    /// Solves what is needed, once per setting and composition.
    ///
    /// # Errors
    /// A theory that does not converge.
    pub fn new(generations: &[Generation], outcomes: &[Generated]) -> Result<Predictions, GenerateError> {
        let theories = Theories::load()?;
        let mut firsts: Vec<usize> = Vec::new();
        let mut of = Vec::new();
        for (index, (generation, generated)) in generations.iter().zip(outcomes).enumerate() {
            let same = |first: &usize| {
                generations[*first].setting == generation.setting && outcomes[*first].p_bar == generated.p_bar
            };
            let place = firsts.iter().position(same).unwrap_or_else(|| {
                firsts.push(index);
                firsts.len() - 1
            });
            of.push(place);
        }
        let all = firsts
            .par_iter()
            .map(|first| Predicted::new(&theories, *first, &generations[*first], outcomes[*first].p_bar))
            .collect::<Result<_, _>>()?;
        Ok(Predictions { all, of })
    }

    /// That of a generation.
    pub fn of(&self, generation: usize) -> &Predicted {
        &self.all[self.of[generation]]
    }

    /// The rows of all predictions, in the columns of the samples.
    pub fn rows(&self, generations: &[Generation]) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for predicted in &self.all {
            let generation = &generations[predicted.first];
            for (source, laws) in
                [("theory", predicted.at_d.as_ref().ok()), ("theory-infinite-d", Some(&predicted.infinite))]
            {
                let known = |(_, law): &(&f64, &Law)| !law.fraction_plus.is_nan();
                for (t, law) in generation.times().iter().zip(laws.into_iter().flatten()).filter(known) {
                    rows.push(theory_row(generation, source, *t, law, predicted.p_bar, predicted.error));
                }
            }
        }
        rows
    }
}

impl Predicted {
    fn new(
        theories: &Theories,
        first: usize,
        generation: &Generation,
        p_bar: f64,
    ) -> Result<Predicted, GenerateError> {
        let setting = &generation.setting;
        let source = match generation.denoisers {
            Denoisers::Exact => Source::Exact,
            Denoisers::Learnt(_) => {
                let plus = (p_bar * setting.n as f64).round() as usize;
                Source::Learnt { n: [plus, setting.n - plus] }
            }
        };
        let times = generation.times();
        let unknown = vec![Law::UNKNOWN; times.len()];
        if let Target::CurieWeiss { m, .. } = setting.target {
            let continuous = Some(of_spins(setting.p, m));
            return Ok(Predicted {
                first,
                p_bar,
                at_d: Err(SPINS),
                infinite: unknown,
                continuous,
                error: 0.0,
            });
        }
        let plain = !setting.interpolant.is_exploding() && setting.target.m() == 1.0 && setting.bend == 1.0;
        // Training data of one class only have nothing that tells modes apart.
        if matches!(source, Source::Learnt { n } if n[0] == 0 || n[1] == 0) {
            let at_d = Err(ONE_CLASS);
            return Ok(Predicted { first, p_bar, at_d, infinite: unknown, continuous: None, error: 0.0 });
        }
        let known_at_d = match source {
            Source::Exact => Ok(()),
            _ if setting.noise != Noise::Fresh => Err(FIXED_NOISE),
            _ if setting.sigma == 0.0 => Err(NO_VARIANCE),
            _ if setting.d > MOST_DIMENSIONS => Err(TOO_LARGE),
            _ => Ok(()),
        };
        let continuous = match setting.schedule {
            Schedule::Dilated if plain => Some(continuous(theories, setting, source)?),
            _ => None,
        };
        let euler = generation.integrator != Integrator::Adaptive;
        let mut error = continuous.as_ref().filter(|_| !euler).map_or(0.0, |c| c.error);
        let mut take = |prediction: Prediction| {
            error = error.max(prediction.error);
            prediction.laws
        };
        let at: Vec<usize> = (0..times.len()).collect();
        let at_d = match (known_at_d, euler, source) {
            (Err(why), ..) => Err(why),
            (Ok(()), true, _) => Ok(take(predict(
                theories,
                setting,
                source,
                Dimension::Finite,
                generation.integrator,
                &times,
                &at,
            )?)),
            (Ok(()), false, Source::Exact) => Ok(times.iter().map(|t| mixture_law(setting, *t)).collect()),
            (Ok(()), false, _) => Ok(take(predict_flow(theories, setting, source, &times)?)),
        };
        let infinite = if !plain {
            unknown
        } else if euler {
            take(predict(theories, setting, source, Dimension::Infinite, generation.integrator, &times, &at)?)
        } else {
            // Of the flow itself the law is known at the ends of the phases.
            let known = |t: &f64| continuous.as_ref().and_then(|flow| flow.at(*t));
            times.iter().map(|t| known(t).unwrap_or(Law::UNKNOWN)).collect()
        };
        Ok(Predicted { first, p_bar, at_d, infinite, continuous, error })
    }
}

/// Of spins the law is known that the flow itself ends with, at any d but for the fluctuation of M.
fn of_spins(p: f64, m: f64) -> Continuous {
    let last = Law { fraction_plus: p, m: [m, -m], variance: 1.0 - m * m, spin: 1.0, ..Law::UNKNOWN };
    Continuous { first: Law::UNKNOWN, last, error: 0.0 }
}
