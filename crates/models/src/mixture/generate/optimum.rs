//! The dilated schedule for which N steps leave the smallest error of a mixture: its κ and its bend.
//!
//! The error is the larger of two, so that it has a kink where they are equal and another where either changes its sign, and more
//! than one minimum; it has kinks too where the bend falls on the end of a step. A grid over ln κ and such bends comes first, then
//! the simplex method of Nelder and Mead from its best points, in κ alone and in both, begun again from where it ends until that
//! gains nothing.
//!
//! A bend that misses the end of a step by O(1/√d) of its time puts that end elsewhere in the layer: a valley that narrows as d
//! grows. It is searched in a coordinate of its own, by how far the end of the step is from the bend in units of the layer.

use argmin::core::{CostFunction, Executor, State};
use argmin::solver::neldermead::NelderMead;
use nalgebra::DVector;

use super::accuracy::{Accuracy, Feature, Sampling, accuracy};
use super::flow::Integrator;
use crate::mixture::{Interpolant, Setting};

/// κ of the grid: from and to, and how many.
const KAPPAS: (f64, f64, usize) = (0.2, 50.0, 19);
/// Bends of the grid: at most so many, at the ends of steps.
const BENDS: usize = 25;
/// Points of the grid from which the simplex starts.
const STARTS: usize = 5;
/// Distances of the bend from the end of a step, in units of the layer, from which its valley is searched.
const DISTANCES: [f64; 3] = [0.3, 1.0, 3.0];
/// The most times that it is begun again.
const RESTARTS: usize = 8;
/// What beginning again has to gain, relatively.
const GAIN: f64 = 1e-4;

/// What may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Free {
    /// κ and the bend.
    Both,
    /// κ, the bend as in the setting.
    Kappa,
    /// The bend, κ as in the setting.
    Bend,
}

/// A schedule with its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimum {
    /// Dilation.
    pub kappa: f64,
    /// Time at which it bends.
    pub bend: f64,
    /// What it leaves.
    pub accuracy: Accuracy,
}

/// Searches the κ and the bend of a dilated schedule for which N steps leave the smallest error of a mixture.
///
/// # Errors
/// The optimiser failed, or no schedule has a finite error.
pub fn optimum(
    setting: &Setting,
    integrator: Integrator,
    steps: usize,
    feature: Feature,
    free: Free,
) -> Result<Optimum, String> {
    let problem = Problem { setting: *setting, integrator, steps, feature, free, end: None };
    let mut starts = problem.grid();
    starts.sort_by(|a, b| problem.error_of(a).total_cmp(&problem.error_of(b)));
    starts.truncate(STARTS);
    // What the setting itself has, and one choice alone, are never made worse.
    starts.push(*setting);
    if free == Free::Both {
        for one in [Free::Kappa, Free::Bend] {
            let Optimum { kappa, bend, .. } = optimum(setting, integrator, steps, feature, one)?;
            starts.push(Setting { kappa, bend, ..*setting });
        }
    }
    let mut best = (REFUSED, *setting);
    for start in starts {
        let mut found = (problem.error_of(&start), start);
        let ways = if free == Free::Both { &[Free::Kappa, Free::Both][..] } else { &[free] };
        for way in ways {
            found = Problem { setting: found.1, free: *way, ..problem }.descend_repeatedly(found.0)?;
        }
        if found.0 < best.0 {
            best = found;
        }
    }
    if free != Free::Kappa {
        for (start, end) in problem.valleys() {
            let valley = Problem { setting: start, end: Some(end), ..problem };
            let found = valley.descend_repeatedly(problem.error_of(&start))?;
            if found.0 < best.0 {
                best = found;
            }
        }
    }
    let setting = best.1;
    let accuracy = problem.accuracy(&setting).filter(|_| best.0 < REFUSED).ok_or("no error is finite")?;
    Ok(Optimum { kappa: setting.kappa, bend: setting.bend, accuracy })
}

/// The cost where there is none: a number, because the simplex takes no others.
const REFUSED: f64 = 1e300;

#[derive(Debug, Clone, Copy)]
struct Problem {
    setting: Setting,
    integrator: Integrator,
    steps: usize,
    feature: Feature,
    free: Free,
    /// The end of a step beside which the schedule bends, where that is searched.
    end: Option<f64>,
}

impl Problem {
    /// The relative length of the layer of a schedule: κ/√d, or its square where α is a root that explodes.
    fn layer(&self, kappa: f64) -> f64 {
        let dilation = kappa / self.setting.root_d();
        match self.setting.interpolant {
            Interpolant::ExplodingLinear => dilation,
            Interpolant::ExplodingTrigonometric => dilation * dilation,
            // Before the layer comes the bend, beyond which the scale grows by √d per unit of time.
            Interpolant::Linear | Interpolant::Trigonometric => 1.0 / self.setting.root_d(),
        }
    }

    /// The bend beside the end of a step: past it where the layer comes last, before it where it comes first.
    fn bend_beside(&self, end: f64, kappa: f64, distance: f64) -> f64 {
        let share = (distance * self.layer(kappa)).min(0.5);
        let bend = if self.setting.interpolant.is_exploding() {
            end / (1.0 - share)
        } else {
            (end - 2.0 * share) / (1.0 - share)
        };
        bend.clamp(1e-6, 2.0 - 1e-6)
    }

    /// The distance that gives a bend beside the end of a step.
    fn distance(&self, end: f64, kappa: f64, bend: f64) -> f64 {
        let share = if self.setting.interpolant.is_exploding() {
            1.0 - end / bend
        } else {
            (end - bend) / (2.0 - bend)
        };
        (share / self.layer(kappa)).max(1e-12)
    }

    /// The best points of a grid over the ends of steps, κ, and the distance of the bend from the end.
    fn valleys(&self) -> Vec<(Setting, f64)> {
        let mut found: Vec<(f64, Setting, f64)> = Vec::new();
        for on_end in self.grid() {
            for distance in DISTANCES {
                let bend = self.bend_beside(on_end.bend, on_end.kappa, distance);
                let setting = Setting { bend, ..on_end };
                found.push((self.error_of(&setting), setting, on_end.bend));
            }
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.into_iter().take(STARTS).map(|(_, setting, end)| (setting, end)).collect()
    }

    /// ln κ and the log-odds of bend/2 (or the logarithm of its distance from the end of a step), those that are free:
    /// coordinates without bounds.
    fn coordinates(&self, kappa: f64, bend: f64) -> DVector<f64> {
        let second = match self.end {
            Some(end) => self.distance(end, kappa, bend).ln(),
            None => (bend / (2.0 - bend)).ln(),
        };
        let first = kappa.max(1e-12).ln();
        DVector::from_vec(match self.free {
            Free::Both => vec![first, second],
            Free::Kappa => vec![first],
            Free::Bend => vec![second],
        })
    }

    fn setting_at(&self, x: &DVector<f64>) -> Setting {
        // κ stays below √d.
        let kappa = |x: f64| x.exp().clamp(1e-9, 0.999 * self.setting.root_d());
        let bend = |x: f64, kappa: f64| match self.end {
            Some(end) => self.bend_beside(end, kappa, x.exp()),
            None => (2.0 / (1.0 + (-x).exp())).clamp(1e-6, 2.0 - 1e-6),
        };
        match self.free {
            Free::Both => {
                let kappa = kappa(x[0]);
                Setting { kappa, bend: bend(x[1], kappa), ..self.setting }
            }
            Free::Kappa => Setting { kappa: kappa(x[0]), ..self.setting },
            Free::Bend => Setting { bend: bend(x[0], self.setting.kappa), ..self.setting },
        }
    }

    fn grid(&self) -> Vec<Setting> {
        let (from, to, count) = KAPPAS;
        let kappas: Vec<f64> = match self.free {
            Free::Bend => vec![self.setting.kappa],
            _ => (0..count)
                .map(|i| from * (to / from).powf(i as f64 / (count - 1) as f64))
                .filter(|kappa| *kappa < self.setting.root_d())
                .collect(),
        };
        let bends: Vec<f64> = match self.free {
            Free::Kappa => vec![self.setting.bend],
            _ => {
                let stride = self.steps.div_ceil(BENDS + 1);
                (stride..self.steps).step_by(stride).map(|k| 2.0 * k as f64 / self.steps as f64).collect()
            }
        };
        let with = |kappa: f64, bend: f64| Setting { kappa, bend, ..self.setting };
        kappas.iter().flat_map(|kappa| bends.iter().map(move |bend| with(*kappa, *bend))).collect()
    }

    fn accuracy(&self, setting: &Setting) -> Option<Accuracy> {
        accuracy(setting, self.integrator, self.steps, Sampling { seed: 0, samples: 0 }, &|| false)
    }

    fn error_of(&self, setting: &Setting) -> f64 {
        let found = self.accuracy(setting).map_or(f64::NAN, |a| self.feature.of(&a));
        if found.is_finite() { found } else { REFUSED }
    }

    /// The simplex method from the setting, begun again until that gains nothing.
    fn descend_repeatedly(&self, error: f64) -> Result<(f64, Setting), String> {
        let mut found = (error, self.setting);
        for round in 0..RESTARTS {
            let start = self.coordinates(found.1.kappa, found.1.bend);
            let (error, x) = self.descend(&start, 0.5 / (round + 1) as f64)?;
            let gained = error < found.0 * (1.0 - GAIN);
            if error < found.0 {
                found = (error, self.setting_at(&x));
            }
            if !gained {
                break;
            }
        }
        Ok(found)
    }

    /// The simplex method from one point.
    fn descend(&self, start: &DVector<f64>, size: f64) -> Result<(f64, DVector<f64>), String> {
        let mut simplex = vec![start.clone()];
        for k in 0..start.len() {
            let mut corner = start.clone();
            corner[k] += size;
            simplex.push(corner);
        }
        let solver = NelderMead::new(simplex).with_sd_tolerance(1e-9).map_err(|e| e.to_string())?;
        let result = Executor::new(*self, solver)
            .configure(|state| state.max_iters(150))
            .run()
            .map_err(|e| e.to_string())?;
        let found = result.state().get_best_param().cloned().ok_or("the simplex has no best point")?;
        Ok((result.state().get_best_cost(), found))
    }
}

impl CostFunction for Problem {
    type Param = DVector<f64>;
    type Output = f64;

    fn cost(&self, x: &DVector<f64>) -> Result<f64, argmin::core::Error> {
        Ok(self.error_of(&self.setting_at(x)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(interpolant: f64, d: f64) -> Setting {
        let values =
            [("interpolant", interpolant), ("d", d), ("kappa", 3.0), ("sigma", 0.5), ("p", 0.8), ("n", 2.0)];
        Setting::new(|name| {
            values.iter().find(|(n, _)| *n == name).map(|(n, v)| crate::mixture::coded(n, *v))
        })
        .unwrap()
    }

    #[test]
    fn the_best_schedule_does_not_depend_on_a_large_dimension() {
        near_and_far(&[10]);
    }

    #[test]
    #[ignore = "some ten seconds; tests/thorough"]
    fn the_best_schedule_of_many_steps_does_not_depend_on_a_large_dimension() {
        near_and_far(&[30, 100]);
    }

    fn near_and_far(steps: &[usize]) {
        // Of the exploding one the best bend lies within κ/√d past the end of a step.
        for interpolant in [1.0, 2.0] {
            for steps in steps.iter().copied() {
                let [near, far] = [1e8, 1e12].map(|d| {
                    let s = setting(interpolant, d);
                    optimum(&s, Integrator::Euler, steps, Feature::Both, Free::Both).unwrap()
                });
                let (a, b) = (Feature::Both.of(&near.accuracy), Feature::Both.of(&far.accuracy));
                assert!((a / b - 1.0).abs() < 0.01, "{interpolant} {steps}: {near:?} {far:?}");
            }
        }
    }

    #[test]
    fn two_choices_are_better_than_one_and_one_than_none() {
        let s = setting(1.0, 1e6);
        let error = |free| {
            Feature::Both.of(&optimum(&s, Integrator::Euler, 10, Feature::Both, free).unwrap().accuracy)
        };
        let given = accuracy(&s, Integrator::Euler, 10, Sampling { seed: 0, samples: 0 }, &|| false).unwrap();
        for one in [error(Free::Kappa), error(Free::Bend)] {
            assert!(one <= Feature::Both.of(&given));
            assert!(error(Free::Both) <= one * (1.0 + 1e-6));
        }
    }
}
