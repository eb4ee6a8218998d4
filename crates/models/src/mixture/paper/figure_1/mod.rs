//! Figure 1 of arXiv:2412.07972: the fraction of generated samples in mode +, with the dilated and the plain schedule, as the
//! flow goes, against the fraction of the training samples in it, and against d.
//!
//! `curves` has the predictions, `report` the text and the numbers, `drawing` the figure.

mod curves;
mod drawing;
mod report;

use crate::paper::verdicts::{decide, entries};
use crate::paper::{Made, Show, Tried, all_cells};
pub use curves::Curves;
use overlaps::paper::Paper;
use overlaps::value::Value;

use crate::mixture::generate::{Denoisers, Generation, Integrator};
use crate::mixture::simulate::{DataRule, LabelRule, Method, Search};
use crate::mixture::{Schedule, Setting};

#[cfg(test)]
pub use {curves::OfSchedule, report::columns, report::fractions};

/// The name of the table.
const NAME: &str = "figure-1";
/// Dimension, steps and samples of the paper.
const D: f64 = 5000.0;
const STEPS: usize = 100;
const SAMPLES: usize = 2000;
/// Other dimensions, at which n vectors are still linearly independent.
const DIMENSIONS: [f64; 5] = [500.0, 5e4, 5e5, 5e7, 5e9];

/// Which runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// At the dimension of the paper, round(np) samples in mode +: against time.
    Time,
    /// The same with the class of every sample drawn: against the fraction that each data set has.
    Drawn,
    /// At another dimension, round(np) samples in mode +.
    Dimension(f64),
}

impl Part {
    fn d(self) -> f64 {
        if let Part::Dimension(d) = self { d } else { D }
    }

    fn name(self) -> &'static str {
        match self {
            Part::Time => "time",
            Part::Drawn => "drawn-labels",
            Part::Dimension(_) => "dimension",
        }
    }

    fn all() -> Vec<Part> {
        [Part::Time, Part::Drawn].into_iter().chain(DIMENSIONS.map(Part::Dimension)).collect()
    }
}

/// The setting of the paper at some dimension.
fn setting(d: f64, schedule: Schedule) -> Tried<Setting> {
    Ok(Setting::new(|name| match name {
        "d" => Some(Value::from(d)),
        "schedule" => Some(Value::from(schedule.name())),
        // n = 128, p = 0.8, κ = 4, σ = 1, λ = 0.1, ℓ = 0.01: the defaults.
        _ => None,
    })?)
}

/// One data set in one schedule.
pub struct Run {
    pub part: Part,
    pub schedule: Schedule,
    pub seed: u64,
    pub p_bar: f64,
    /// Fraction of samples in mode + at every time.
    pub fractions: Vec<f64>,
}

impl Run {
    /// Fraction of the finished samples in mode +.
    fn last(&self) -> f64 {
        self.fractions.last().copied().unwrap_or(f64::NAN)
    }
}

/// All runs.
pub struct Runs(pub Vec<Run>);

impl Runs {
    fn of(&self, part: Part, schedule: Schedule) -> impl Iterator<Item = &Run> {
        self.0.iter().filter(move |run| run.part == part && run.schedule == schedule)
    }

    /// Fractions of finished samples, one per data set.
    fn last(&self, part: Part, schedule: Schedule) -> Vec<f64> {
        self.of(part, schedule).map(Run::last).collect()
    }
}

/// How a schedule is called here.
pub fn name(schedule: Schedule) -> &'static str {
    if schedule == Schedule::Dilated { "dilated" } else { "plain" }
}

fn simulate(seeds: u64, show: Show) -> Tried<Runs> {
    let method = Method::Integrated { data: DataRule::Gram, search: Search::default() };
    let mut generations: Vec<(Part, Generation)> = Vec::new();
    for part in Part::all() {
        for schedule in Schedule::ALL {
            let drawn = part == Part::Drawn;
            for seed in 0..seeds {
                generations.push((
                    part,
                    Generation {
                        setting: setting(part.d(), schedule)?,
                        // The same data and the same starts in both schedules.
                        seed: if drawn { seeds + seed } else { seed },
                        labels: if drawn { LabelRule::Drawn } else { LabelRule::Fixed },
                        denoisers: Denoisers::Learnt(&method),
                        steps: STEPS,
                        samples: SAMPLES,
                        integrator: Integrator::Euler,
                        data: DataRule::Gram,
                    },
                ));
            }
        }
    }
    let mut runs = Vec::new();
    let all = all_cells(generations.len(), STEPS as u64, show, |cell, running| {
        generations[cell].1.generate(running.interrupted, running.progress)
    });
    for ((part, generation), generated) in generations.iter().zip(all?) {
        if !generated.converged {
            return Err(
                format!("denoisers at d = {}, seed {} did not converge", part.d(), generation.seed).into()
            );
        }
        runs.push(Run {
            part: *part,
            schedule: generation.setting.schedule,
            seed: generation.seed,
            p_bar: generated.p_bar,
            fractions: generated.laws.iter().map(|law| law.fraction_plus).collect(),
        });
    }
    Ok(Runs(runs))
}

/// Simulates and predicts.
///
/// # Errors
/// An interruption, denoisers or theories that do not converge.
pub fn figure_1(paper: &Paper, seeds: u64, show: Show) -> Tried<Made> {
    let runs = simulate(seeds, show)?;
    let curves = Curves::new(&runs)?;
    let claims = decide(paper, NAME, &[(NAME, &report::fractions(&runs, &curves)?)])?;
    Ok(Made {
        text: report::text(&runs, &curves, seeds, &claims),
        numbers: report::numbers(&runs, &curves)?,
        claims: entries(&claims),
        figure: Some(drawing::figure(&runs, &curves)?),
    })
}
