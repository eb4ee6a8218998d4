//! The whole law of ν = μ·X/√d at the end of the first phase, by the test of Kolmogorov and Smirnov over all samples of a setting.
//!
//! With the exact denoiser each step is an increasing function of ν, so that the distribution function after some steps is that of
//! the start that leads there. The adaptive method follows the flow itself, which keeps the law of the interpolant (Proposition 1).

use super::denoiser::exact;
use super::flow::{Integrator, Step};
use super::predicted::closed_form::{mixture_cdf, normal_cdf};
use super::run::{Denoisers, Generated, Generation};
use crate::mixture::Setting;
use overlaps::compare::Estimate;
use overlaps::compare::claim::Beside;
use overlaps::compare::statistics::kolmogorov_smirnov;
use overlaps::numeric::{grid, significant};

/// Starts between which the steps are interpolated, and how many standard deviations they reach.
const STARTS: usize = 100_001;
const REACH: f64 = 8.5;

/// The test of one setting.
#[derive(Debug, Clone)]
pub struct WholeLaw {
    /// When.
    pub t: f64,
    /// The largest distance between the distribution functions.
    pub distance: f64,
    /// The probability of a larger one by chance.
    pub chance: f64,
    dimension: u64,
    samples: usize,
    of_steps: bool,
}

impl WholeLaw {
    /// Those of all settings, of each of which so many data sets follow each other.
    pub fn of_settings(generations: &[Generation], outcomes: &[Generated], seeds: usize) -> Vec<WholeLaw> {
        let each = generations.chunks(seeds.max(1)).zip(outcomes.chunks(seeds.max(1)));
        each.filter_map(|(generations, outcomes)| WholeLaw::of(generations, outcomes)).collect()
    }

    /// That of all data sets of a setting; none with learnt denoisers, for spins, for a first phase without a step, and for steps so long
    /// that they turn samples around.
    fn of(generations: &[Generation], outcomes: &[Generated]) -> Option<WholeLaw> {
        let generation = generations.first().filter(|g| g.denoisers == Denoisers::Exact)?;
        let times = generation.times();
        let place = times.iter().rposition(|t| *t <= 1.0).filter(|place| *place > 0)?;
        let mut nu: Vec<f64> = outcomes.iter().flat_map(|o| o.nu_first.iter().copied()).collect();
        if nu.is_empty() {
            return None;
        }
        let setting = &generation.setting;
        let of_steps = generation.integrator != Integrator::Adaptive;
        let (distance, chance) = match of_steps {
            true => {
                let law = AfterSteps::new(setting, generation.integrator, &times[..=place])?;
                kolmogorov_smirnov(&mut nu, |x| law.cdf(x))
            }
            false => kolmogorov_smirnov(&mut nu, |x| mixture_cdf(setting, times[place], x)),
        };
        let (dimension, samples) = (setting.d, nu.len());
        Some(WholeLaw { t: times[place], distance, chance, dimension, samples, of_steps })
    }

    /// As a place of the statement that theory and samples are the same.
    pub fn beside(&self) -> Beside {
        let measured = Estimate { value: self.distance, error: f64::NAN, freedom: f64::INFINITY };
        Beside::tested(measured, 0.0, f64::NAN, self.chance)
    }

    /// In words.
    pub fn words(&self) -> String {
        format!(
            "ν at t = {} against {} at d = {}: Kolmogorov–Smirnov distance {} over {} samples, p = {}",
            self.t,
            if self.of_steps { "its law after as many steps" } else { "its mixture of two Gaussians" },
            self.dimension,
            significant(self.distance, 3),
            self.samples,
            significant(self.chance, 2),
        )
    }
}

/// Where steps lead from starts that lie evenly.
struct AfterSteps {
    starts: Vec<f64>,
    ends: Vec<f64>,
}

impl AfterSteps {
    /// After the steps between these times; none where a step is not increasing.
    fn new(setting: &Setting, integrator: Integrator, times: &[f64]) -> Option<AfterSteps> {
        let path = setting.path();
        let starts = grid(-REACH, REACH, STARTS);
        let mut ends: Vec<f64> = starts.iter().map(|x| path.noise() * x).collect();
        for pair in times.windows(2) {
            let denoiser = exact(setting, path.at(pair[0]));
            let Step { decay, push } = Step::new(&path, integrator, pair[0], pair[1], denoiser.c);
            if !(decay > 0.0 && push >= 0.0) {
                return None;
            }
            ends.iter_mut().for_each(|x| *x = decay * *x + push * denoiser.u[0] * denoiser.activation(&[*x]));
        }
        Some(AfterSteps { starts, ends })
    }

    /// The distribution function.
    fn cdf(&self, x: f64) -> f64 {
        let above = self.ends.partition_point(|end| *end <= x);
        if above == 0 || above == self.ends.len() {
            return if above == 0 { 0.0 } else { 1.0 };
        }
        let (low, high) = (self.ends[above - 1], self.ends[above]);
        let part = (x - low) / (high - low);
        normal_cdf(self.starts[above - 1] + part * (self.starts[above] - self.starts[above - 1]))
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;
    use crate::mixture::simulate::{DataRule, LabelRule};
    use crate::{Purpose, stream};
    use overlaps::compare::verdict::Predicted;
    use overlaps::compare::{Measurement, Measurements, Rules, Verdict, judge_beside};
    use rand_distr::{Distribution, StandardNormal};

    fn setting(kappa: f64) -> Setting {
        let given = [("n", 8.0), ("p", 0.75), ("d", 1e6), ("kappa", kappa)];
        Setting::new(|name| given.iter().find(|(n, _)| *n == name).map(|(_, x)| *x)).unwrap()
    }

    fn generation(seed: u64, integrator: Integrator) -> Generation<'static> {
        let (labels, data) = (LabelRule::Fixed, DataRule::Gram);
        let denoisers = Denoisers::Exact;
        Generation {
            setting: setting(2.0),
            seed,
            labels,
            denoisers,
            steps: 12,
            samples: 200,
            integrator,
            data,
        }
    }

    #[test]
    fn many_steps_have_the_law_of_the_interpolant() {
        for kappa in [0.5, 2.0] {
            let many = grid(0.0, 1.0, 401);
            let law = AfterSteps::new(&setting(kappa), Integrator::Euler, &many).unwrap();
            for x in grid(-5.0, 5.0, 41) {
                let (steps, exact) = (law.cdf(x), mixture_cdf(&setting(kappa), 1.0, x));
                assert!((steps - exact).abs() < 5e-3, "κ = {kappa}, ν = {x}: {steps} and {exact}");
            }
        }
    }

    #[test]
    fn laws_of_samples_are_rejected_as_often_as_is_said_and_wrong_ones_are_found() {
        const COUNT: u64 = 2000;
        let of = |seed: u64| {
            let run = generation(seed, Integrator::Euler);
            (run.clone(), run.generate(&|| false, &|| ()).unwrap().unwrap())
        };
        let runs: Vec<(Generation, Generated)> = (0..COUNT).into_par_iter().map(of).collect();
        let rejected = |kappa: f64| {
            let law = AfterSteps::new(&setting(kappa), Integrator::Euler, &runs[0].0.times()[..=6]).unwrap();
            let chance = |run: &Generated| kolmogorov_smirnov(&mut run.nu_first.clone(), |x| law.cdf(x)).1;
            runs.par_iter().filter(|(_, run)| chance(run) < 0.05).count() as f64 / COUNT as f64
        };
        // One in twenty, to three standard errors.
        let right = rejected(2.0);
        assert!((right - 0.05).abs() < 0.0146, "{right}");
        let wrong = rejected(2.6);
        assert!(wrong > 0.9, "{wrong}");
        // All of them as the data sets of one setting.
        let (run, outcomes): (Vec<Generation>, Vec<Generated>) = runs.into_iter().unzip();
        let all = WholeLaw::of(&run, &outcomes).unwrap();
        assert!(all.t == 1.0 && all.chance > 0.001, "{}", all.words());
        let other = Generation { setting: setting(2.03), ..run[0].clone() };
        assert!(WholeLaw::of(&[other], &outcomes).unwrap().chance < 1e-4);
    }

    #[test]
    fn a_law_is_one_comparison_more_of_the_verdict() {
        let rules = Rules::default();
        let verdict = |experiment: u64, chance: f64| {
            let mut normal = StandardNormal.sample_iter(stream(experiment, 0, Purpose::Step, 0));
            // Three quantities of eight data sets that scatter around 1.
            let rows = (0..8).map(|seed: u64| Measurement {
                line: 0,
                control: 1.0,
                d: 1e3,
                seed: seed.to_string(),
                parameters: Vec::new(),
                overlaps: normal.by_ref().take(3).map(|x: f64| 1.0 + 0.02 * x).collect(),
            });
            let rows: Vec<Measurement> = rows.collect();
            let overlaps = ["a", "b", "c"].map(String::from).to_vec();
            let measurements =
                Measurements { control: "t".into(), overlaps, rows, ..Measurements::default() };
            let values = vec![vec![1.0; 3]; 8];
            let predicted = Predicted { values: &values, at_each_d: true };
            let measured = Estimate { value: 0.01, error: f64::NAN, freedom: f64::INFINITY };
            let law = Beside::tested(measured, 0.0, f64::NAN, chance);
            judge_beside(&measurements, predicted, false, &[law], &rules).verdict
        };
        // Chances that are evenly spread, as those of a right law are: 1 − (1 − 0.05/4)⁴ = 0.049 to three standard errors.
        let spread = |experiment: u64| (experiment as f64 * 0.618_033_988_749_894_9).fract();
        let all = (0..4000).into_par_iter();
        let rejected = all.filter(|e| verdict(*e, spread(*e)) == Verdict::Disagrees).count() as f64 / 4000.0;
        assert!((0.039..0.06).contains(&rejected), "{rejected}");
        let of = |chance: f64| (0..20).filter(|e| verdict(*e, chance) == Verdict::Disagrees).count();
        assert!(of(0.02) < 6 && of(0.01) == 20, "{} {}", of(0.02), of(0.01));
    }
}
