//! One answer per theory: does it describe the measurements?

use super::claim::{Beside, Claim, Test};
use super::corrections::Corrections;
use super::measurements::Measurements;
use super::statistics::{Estimate, Sample, critical, extrapolate, two_sided};
use crate::value::Value;

/// How theories are judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Family-wise error rate of a verdict: how often a right theory is rejected.
    pub level: f64,
    /// A verdict is undecided while in most overlaps a deviation of this size, relative to the overlap, would be missed
    /// wherever it is compared.
    pub resolution: f64,
    /// Absolute accuracy of measurements and theories: smaller differences are rounding, whatever the scatter.
    pub rounding: f64,
    /// The fit that a theory of d → ∞ is compared with.
    pub corrections: Option<Corrections>,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { level: 0.05, resolution: 0.1, rounding: 1e-7, corrections: None }
    }
}

impl Rules {
    /// How measurements approach their limit: as it is given, or as their model says.
    pub fn corrections<'c>(&'c self, measurements: &'c Measurements) -> &'c Corrections {
        self.corrections.as_ref().unwrap_or(&measurements.corrections)
    }
}

/// Powers of 1/d in the fit for the difference from a theory at finite d, whose corrections start at 1/d: a + b/d.
pub const POWERS_AT_FINITE_D: [f64; 2] = [0.0, 1.0];

/// Where a comparison is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Values of the parameters that tell groups of runs apart (see [`Measurements::key_parameters`]).
    pub group: Vec<Value>,
    /// Control value.
    pub control: f64,
    /// Dimension; infinite for an extrapolation.
    pub d: f64,
    /// Which of [`Measurements::overlaps`].
    pub overlap: usize,
}

/// One overlap of the measurements against one theory.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Where.
    pub place: Place,
    /// What was measured: the mean over seeds, or its extrapolation.
    pub measured: f64,
    /// What the theory says (the mean over seeds where it depends on them).
    pub predicted: f64,
    /// Measured − predicted, its standard error and freedom.
    pub difference: Estimate,
    /// Difference over standard error.
    pub z: f64,
    /// Probability of a difference this large if the theory is right.
    pub p: f64,
    /// The same with Holm's correction over all comparisons of the theory.
    pub p_holm: f64,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No difference that could not be chance, and differences of the size asked for would have been seen.
    Agrees,
    /// Differences that cannot be chance.
    Disagrees,
    /// The measurements cannot tell.
    Undecided,
}

impl Verdict {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Agrees => "agrees",
            Verdict::Disagrees => "disagrees",
            Verdict::Undecided => "undecided",
        }
    }

    /// In a word, of a single statement.
    pub fn of_statement(self) -> &'static str {
        match self {
            Verdict::Agrees => "holds",
            Verdict::Disagrees => "fails",
            Verdict::Undecided => "undecided",
        }
    }
}

/// A theory with its verdict.
#[derive(Debug, Clone)]
pub struct Judged {
    /// All comparisons, in the order of the measurements.
    pub comparisons: Vec<Comparison>,
    /// That none of the differences is more than chance; nothing where there are none.
    pub claim: Option<Claim>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is undecided and what to do.
    pub advice: Option<String>,
    /// What could not be compared.
    pub left_out: Vec<LeftOut>,
}

/// An overlap that could not be compared somewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeftOut {
    /// Control value.
    pub control: f64,
    /// Dimension; infinite for an extrapolation.
    pub d: f64,
    /// Which of [`Measurements::overlaps`].
    pub overlap: usize,
    /// Why.
    pub why: Why,
}

/// Why an overlap could not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is infinite for some of the seeds only.
    Infinite,
    /// One seed has no standard error.
    OneSeed,
    /// Too few dimensions are left for the extrapolation.
    Dimensions,
}

impl Why {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Why::Infinite => "infinite for some seeds only",
            Why::OneSeed => "one seed has no standard error",
            Why::Dimensions => "too few dimensions for the extrapolation",
        }
    }
}

impl Judged {
    /// Comparisons that are rejected, worst first.
    pub fn rejected(&self, rules: &Rules) -> Vec<&Comparison> {
        let mut rejected: Vec<&Comparison> =
            self.comparisons.iter().filter(|c| c.p_holm < rules.level).collect();
        rejected.sort_by(|a, b| a.p.total_cmp(&b.p).then(b.z.abs().total_cmp(&a.z.abs())));
        rejected
    }

    /// The comparison of smallest probability.
    pub fn worst(&self) -> Option<&Comparison> {
        let key = |c: &Comparison| (c.p, -c.z.abs());
        self.comparisons.iter().min_by(|a, b| {
            let ((a, more_a), (b, more_b)) = (key(a), key(b));
            a.total_cmp(&b).then(more_a.total_cmp(&more_b))
        })
    }
}

/// What a theory says of every measurement.
#[derive(Debug, Clone, Copy)]
pub struct Predicted<'a> {
    /// Per measurement, the values of [`Measurements::overlaps`]; NaN where the theory says nothing.
    pub values: &'a [Vec<f64>],
    /// Whether the theory has a dimension d, and is compared at each d.
    pub at_each_d: bool,
}

/// Compares a theory with the measurements: at each dimension, or in the limit.
///
/// A theory without d is compared in the limit, with the fit of measured − predicted by the corrections of the rules, or of the model
/// (such as a + b/√d + c/d), so that runs whose
/// predictions differ (drawn labels) share a fit. A theory with d is compared at each d; `in_the_limit` compares
/// it by the fit a + b/d of its differences instead, which removes corrections of the first order that it does not claim.
pub fn judge(measurements: &Measurements, theory: Predicted, in_the_limit: bool, rules: &Rules) -> Judged {
    judge_beside(measurements, theory, in_the_limit, &[], rules)
}

/// The same with something else that the theory says of the measurements and that has been tested, such as a whole law: one verdict, with
/// Holm's correction over all of it.
pub fn judge_beside(
    measurements: &Measurements,
    theory: Predicted,
    in_the_limit: bool,
    others: &[Beside],
    rules: &Rules,
) -> Judged {
    let mut judged = Judged {
        comparisons: Vec::new(),
        claim: None,
        verdict: Verdict::Undecided,
        advice: None,
        left_out: Vec::new(),
    };
    let (keys, corrections) = (measurements.key_parameters(), rules.corrections(measurements));
    let mut places: Vec<(Vec<Value>, f64)> = Vec::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (index, row) in measurements.rows.iter().enumerate() {
        let place = (keys.iter().map(|k| row.parameters[*k].clone()).collect(), row.control);
        match places.iter().position(|p| *p == place) {
            Some(known) => members[known].push(index),
            None => {
                places.push(place);
                members.push(vec![index]);
            }
        }
    }
    let (mut fewest_seeds, mut most_dimensions) = (usize::MAX, 0);
    for ((group, control), members) in places.iter().zip(&members) {
        for overlap in 0..measurements.overlaps.len() {
            let Some(samples) =
                samples(measurements, theory, members, overlap, *control, &mut judged.left_out)
            else {
                continue;
            };
            most_dimensions = most_dimensions.max(samples.len());
            let place = |d: f64| Place { group: group.clone(), control: *control, d, overlap };
            let out = |d: f64, why: Why| LeftOut { control: *control, d, overlap, why };
            for sample in &samples {
                fewest_seeds = fewest_seeds.min(sample.difference.values.len());
            }
            let (samples, single): (Vec<_>, Vec<_>) =
                samples.into_iter().partition(|sample| sample.difference.values.len() > 1);
            judged.left_out.extend(single.iter().map(|sample| out(sample.difference.d, Why::OneSeed)));
            if samples.is_empty() {
                continue;
            }
            if theory.at_each_d && !in_the_limit {
                for sample in &samples {
                    let estimate = sample.difference.estimate();
                    judged.add(place(sample.difference.d), estimate, sample.predicted, rules);
                }
            } else {
                let powers: &[f64] = match theory.at_each_d {
                    true => &POWERS_AT_FINITE_D,
                    false => corrections.powers(),
                };
                let differences: Vec<Sample> = samples.iter().map(|s| s.difference.clone()).collect();
                let limit = extrapolate(&differences, powers).and_then(|fit| fit.first().copied());
                if limit.is_none() {
                    judged.left_out.push(out(f64::INFINITY, Why::Dimensions));
                }
                let count: f64 = differences.iter().map(|s| s.values.len() as f64).sum();
                let mean =
                    samples.iter().map(|s| s.predicted * s.difference.values.len() as f64).sum::<f64>();
                // At the largest d a theory of finite d is nearest to its limit.
                let last = samples.iter().max_by(|a, b| a.difference.d.total_cmp(&b.difference.d));
                let predicted =
                    if theory.at_each_d { last.map_or(f64::NAN, |s| s.predicted) } else { mean / count };
                judged.add(place(f64::INFINITY), limit, predicted, rules);
            }
        }
    }
    let places = judged.comparisons.iter().map(Beside::from).chain(others.iter().copied()).collect();
    judged.claim = Claim::new("", "", Test::Chance(rules.level), places);
    let places = judged.claim.iter().flat_map(|claim| &claim.places);
    judged.comparisons.iter_mut().zip(places).for_each(|(c, place)| c.p_holm = place.corrected);
    let needed = match (theory.at_each_d, in_the_limit) {
        (true, false) => 1,
        (true, true) => POWERS_AT_FINITE_D.len(),
        (false, _) => corrections.powers().len(),
    };
    judged.decide(rules, &measurements.size, fewest_seeds, (most_dimensions, needed));
    judged
}

/// Differences measured − predicted at one dimension.
struct Differences {
    difference: Sample,
    /// Mean of the predictions.
    predicted: f64,
}

/// The differences by dimension, smallest first. None where the theory has no such output or nothing was measured.
/// Infinite values (b on the constant solution) agree where they are equal; where theory and all runs disagree about
/// them the difference is infinite; where only some runs are infinite nothing can be averaged, and the dimension is
/// left out.
fn samples(
    measurements: &Measurements,
    theory: Predicted,
    members: &[usize],
    overlap: usize,
    control: f64,
    left_out: &mut Vec<LeftOut>,
) -> Option<Vec<Differences>> {
    let mut by_d: Vec<(f64, Vec<(f64, f64)>)> = Vec::new();
    for row in members {
        let (measured, predicted) = (measurements.rows[*row].overlaps[overlap], theory.values[*row][overlap]);
        if measured.is_nan() || predicted.is_nan() {
            continue;
        }
        let d = measurements.rows[*row].d;
        match by_d.iter_mut().find(|(known, _)| *known == d) {
            Some((_, pairs)) => pairs.push((measured, predicted)),
            None => by_d.push((d, vec![(measured, predicted)])),
        }
    }
    by_d.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut samples = Vec::new();
    for (d, pairs) in by_d {
        let infinite = pairs.iter().filter(|(m, _)| m.is_infinite()).count();
        let expected = pairs.iter().filter(|(_, p)| p.is_infinite()).count();
        let values: Vec<f64> = if infinite == 0 && expected == 0 {
            pairs.iter().map(|(m, p)| m - p).collect()
        } else if pairs.iter().all(|(m, p)| m == p) {
            vec![0.0; pairs.len()]
        } else if (infinite == pairs.len() || infinite == 0) && (expected == pairs.len() || expected == 0) {
            vec![f64::INFINITY; pairs.len()]
        } else {
            left_out.push(LeftOut { control, d, overlap, why: Why::Infinite });
            continue;
        };
        let predicted = pairs.iter().map(|(_, p)| p).sum::<f64>() / pairs.len() as f64;
        samples.push(Differences { difference: Sample { d, values }, predicted });
    }
    (!samples.is_empty()).then_some(samples)
}

impl Judged {
    fn add(&mut self, place: Place, difference: Option<Estimate>, predicted: f64, rules: &Rules) {
        let Some(difference) = difference else { return };
        let scale = predicted.abs().max(1.0);
        let rounding = rules.rounding * if scale.is_finite() { scale } else { 1.0 };
        // NaN: infinite differences, whose scatter means nothing.
        let infinite = !difference.value.is_finite() || !difference.error.is_finite();
        let z = if infinite { f64::INFINITY } else { difference.value / difference.error.max(rounding) };
        let difference =
            if infinite { Estimate { value: f64::INFINITY, error: 0.0, ..difference } } else { difference };
        let p = two_sided(z, difference.freedom);
        let measured = if predicted.is_finite() { predicted + difference.value } else { predicted };
        self.comparisons.push(Comparison { place, measured, predicted, difference, z, p, p_holm: p });
    }

    fn decide(
        &mut self,
        rules: &Rules,
        size: &str,
        fewest_seeds: usize,
        (most_dimensions, needed): (usize, usize),
    ) {
        if self.claim.as_ref().is_some_and(|claim| claim.verdict == Verdict::Disagrees) {
            self.verdict = Verdict::Disagrees;
            return;
        }
        if self.comparisons.is_empty() {
            self.advice = Some(if fewest_seeds == usize::MAX {
                "there is nothing to compare: no overlap that the theory predicts was measured where it applies".into()
            } else if most_dimensions < needed {
                format!(
                    "{most_dimensions} dimension(s) do not suffice for an extrapolation to {size} → ∞; measure at {needed} or more"
                )
            } else {
                "one seed at some dimension has no standard error; measure 2 seeds or more at each, better 8"
                    .into()
            });
            return;
        }
        // For every overlap, the smallest deviation that would have been seen somewhere, relative to what is predicted
        // (or absolute, where that is 0); and the median of these.
        let count = self.comparisons.len() as f64;
        let mut finest: Vec<(usize, f64)> = Vec::new();
        for c in self.comparisons.iter().filter(|c| c.predicted.is_finite()) {
            let seen = critical(rules.level / count, c.difference.freedom) * c.difference.error;
            let relative = if c.predicted == 0.0 { seen } else { seen / c.predicted.abs() };
            match finest.iter_mut().find(|(overlap, _)| *overlap == c.place.overlap) {
                Some((_, known)) => *known = known.min(relative),
                None => finest.push((c.place.overlap, relative)),
            }
        }
        finest.sort_by(|a, b| a.1.total_cmp(&b.1));
        let finest = finest.get(finest.len() / 2).map_or(0.0, |(_, median)| *median);
        if finest <= rules.resolution {
            self.verdict = Verdict::Agrees;
        } else {
            let more = (finest / rules.resolution).powi(2).ceil();
            self.advice = Some(format!(
                "deviations below {:.0} % would not have been seen in most overlaps; for {:.0} % use about {more} times as many seeds, or larger {size}",
                100.0 * finest,
                100.0 * rules.resolution
            ));
        }
    }
}
