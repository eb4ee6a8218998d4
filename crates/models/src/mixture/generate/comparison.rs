//! Samples beside theory at the ends of both phases: a table, and one verdict.

use serde_json::{Value as Json, json};

use super::law::{LAW, Law};
use super::predictions::Predictions;
use super::run::{Denoisers, Generated, Generation};
use super::whole_law::WholeLaw;
use crate::mixture::simulate::Method;
use overlaps::compare::claim::Beside;
use overlaps::compare::statistics::Sample;
use overlaps::compare::verdict::Predicted;
use overlaps::compare::{Judged, Measurement, Measurements, Rules, Verdict, judge_beside};
use overlaps::numeric::significant;
use overlaps::output::json::objects;
use overlaps::output::{Cell, Column, OutputError, Role, Table};
use overlaps::study::Plan;
use overlaps::value::Value;

/// What the theory of finite d does not claim.
const CORRECTIONS: &str = "; the theory leaves corrections of order n/d, larger in the second phase below d of order n³ and for small λ";
const CORRECTIONS_AND_SWEEP: &str = "; the theory leaves corrections of order n/d, larger in the second phase below d of order n³ and for small λ; --sweep d=… with several d extrapolates them away";

/// The comparison.
pub struct Comparison {
    /// One row per quantity, time and setting.
    pub table: Table,
    /// All comparisons, at each d.
    judged: Judged,
    /// With several d: the differences from the theory at each d, extrapolated to d → ∞ by a + b/d, which removes what it
    /// does not claim.
    limit: Option<Judged>,
    /// Whether the theory judged is that of each d.
    at_each_d: bool,
    /// Whether denoisers are minima of the loss, which the theory describes up to its corrections in 1/d.
    of_minima: bool,
    /// Whole laws, a test for each setting that has one.
    laws: Vec<WholeLaw>,
    notes: Vec<String>,
}

/// Where the law is compared: the last time of the first phase, and the end.
fn places(generation: &Generation) -> Vec<usize> {
    let times = generation.times();
    let first = times.iter().rposition(|t| *t <= 1.0).filter(|place| *place > 0);
    first.into_iter().chain([times.len() - 1]).collect()
}

/// Which quantities are compared at a time: ν in the first phase, where it is of order 1, and M = ν/√d in the second;
/// along the data nothing has happened before the second.
fn shown(t: f64) -> impl Fn(&str) -> bool {
    move |name| match t <= 1.0 {
        true => !["M_plus", "M_minus", "sd_M_plus", "sd_M_minus", "z_plus", "z_minus", "eta", "xi"]
            .contains(&name),
        false => !(name.starts_with("nu") || name.starts_with("sd_nu")),
    }
}

/// Samples of a mode per data set from which on its mean, and its standard deviation, can be tested by the scatter of the
/// seeds: a standard deviation of few values is too small on average.
const FOR_MEANS: f64 = 10.0;
const FOR_DEVIATIONS: f64 = 200.0;
/// Samples in all that a mode has to have for its fraction to be tested: below, the scatter of the seeds may be 0.
const FOR_FRACTIONS: f64 = 50.0;

/// The predictions that can be tested with so many samples. The standard deviation of M after the first phase is that of a
/// few samples which started near the boundary between the modes: shown, not tested.
fn testable(law: &Law, samples: usize, seeds: usize, values: Vec<f64>) -> Vec<f64> {
    let expected = [law.fraction_plus, 1.0 - law.fraction_plus].map(|p| p * samples as f64);
    let fewest = expected[0].min(expected[1]) * seeds as f64;
    let test = |name: &str| match name {
        "fraction_plus" => fewest >= FOR_FRACTIONS || law.fraction_plus == 0.0 || law.fraction_plus == 1.0,
        "nu_plus" | "M_plus" => expected[0] >= FOR_MEANS,
        "nu_minus" | "M_minus" => expected[1] >= FOR_MEANS,
        "sd_nu_plus" => expected[0] >= FOR_DEVIATIONS,
        "sd_nu_minus" => expected[1] >= FOR_DEVIATIONS,
        "sd_M_plus" | "sd_M_minus" => false,
        _ => true,
    };
    LAW.iter().zip(values).map(|((name, _), x)| if test(name) { x } else { f64::NAN }).collect()
}

/// The values of a law that are compared at a time.
fn masked(law: &Law, t: f64) -> Vec<f64> {
    let shown = shown(t);
    LAW.iter().zip(law.values()).map(|((name, _), x)| if shown(name) { x } else { f64::NAN }).collect()
}

impl Comparison {
    /// Judges the samples by the theory at their d, where there is one.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn new(
        plan: &Plan,
        generations: &[Generation],
        outcomes: &[Generated],
        predictions: &Predictions,
        rules: &Rules,
    ) -> Result<Comparison, OutputError> {
        let mut without: Vec<&'static str> =
            (0..generations.len()).filter_map(|g| predictions.of(g).at_d.as_ref().err().copied()).collect();
        without.sort_unstable();
        without.dedup();
        let at_each_d = (0..generations.len()).any(|g| predictions.of(g).at_d.is_ok());
        let names: Vec<String> =
            plan.swept.iter().map(|s| s.name.clone()).filter(|name| name != "d").collect();
        let mut measurements = Measurements {
            control: "t".into(),
            parameters: names,
            overlaps: LAW.iter().map(|(name, _)| name.to_string()).collect(),
            ..Measurements::default()
        };
        let mut values: Vec<Vec<f64>> = Vec::new();
        let mut judged_by: Vec<Vec<f64>> = Vec::new();
        let mut infinite: Vec<Vec<f64>> = Vec::new();
        let mut flow: Vec<Vec<f64>> = Vec::new();
        let seeds = generations.len() / plan.cells().max(1);
        for (index, (generation, generated)) in generations.iter().zip(outcomes).enumerate() {
            let predicted = predictions.of(index);
            let swept: Vec<Value> = plan
                .sweeps_at(index / seeds.max(1))
                .filter(|(s, _)| s.name != "d")
                .map(|(_, value)| value)
                .collect();
            for place in places(generation) {
                let t = generation.times()[place];
                measurements.rows.push(Measurement {
                    line: measurements.rows.len(),
                    control: t,
                    d: generation.setting.d as f64,
                    seed: generation.seed.to_string(),
                    parameters: swept.clone(),
                    overlaps: if generated.converged {
                        masked(&generated.laws[place], t)
                    } else {
                        vec![f64::NAN; LAW.len()]
                    },
                });
                values.push(match &predicted.at_d {
                    Ok(laws) => masked(&laws[place], t),
                    Err(_) => vec![f64::NAN; LAW.len()],
                });
                judged_by.push(match &predicted.at_d {
                    Ok(laws) => testable(&laws[place], generation.samples, seeds, masked(&laws[place], t)),
                    Err(_) => vec![f64::NAN; LAW.len()],
                });
                infinite.push(predicted.infinite[place].values().to_vec());
                let ends = predicted.continuous.as_ref().and_then(|flow| flow.at(t));
                flow.push(ends.map_or(vec![f64::NAN; LAW.len()], |law| law.values().to_vec()));
            }
        }
        let laws = WholeLaw::of_settings(generations, outcomes, seeds);
        let others: Vec<Beside> = laws.iter().map(WholeLaw::beside).collect();
        let predicted = Predicted { values: &judged_by, at_each_d: true };
        let judge = |in_the_limit| judge_beside(&measurements, predicted, in_the_limit, &others, rules);
        let mut judged = judge(false);
        if judged.comparisons.is_empty() && at_each_d {
            judged.advice = Some(match seeds {
                1 => "one data set has no standard error; use --seeds 2 or more, better 8".into(),
                _ => "there are too few samples to compare; use more --samples or --seeds".into(),
            });
        } else if !at_each_d {
            judged.advice = None;
        }
        let several = measurements.rows.iter().any(|row| row.d != measurements.rows[0].d);
        let limit = (several && at_each_d).then(|| judge(true));
        let table = table(plan, &measurements, &values, &infinite, &flow, &judged, rules)?;
        let notes: Vec<String> = without.iter().map(|why| why.to_string()).collect();
        let of_minima = matches!(generations[0].denoisers, Denoisers::Learnt(Method::Integrated { .. }));
        Ok(Comparison { table, judged, limit, at_each_d, of_minima, laws, notes })
    }

    /// The verdict: that of the limit, where there are several d.
    pub fn verdict(&self) -> Verdict {
        self.final_judged().verdict
    }

    /// What the side file says.
    pub fn json(&self, rules: &Rules) -> Json {
        json!({
            "theory": if self.limit.is_some() { "finite d, extrapolated" } else { "finite d" },
            "verdict": self.verdict().name(),
            "rows": objects(&self.table).collect::<Vec<_>>(),
            "notes": self.laws_in_words(rules).into_iter().chain(self.notes.clone()).collect::<Vec<_>>(),
        })
    }

    /// The judgement by which the verdict goes.
    fn final_judged(&self) -> &Judged {
        self.limit.as_ref().unwrap_or(&self.judged)
    }

    /// The test of each whole law: its places in the claim follow those of the comparisons.
    fn laws_in_words(&self, rules: &Rules) -> Vec<String> {
        let judged = self.final_judged();
        let places = judged.claim.iter().flat_map(|claim| &claim.places).skip(judged.comparisons.len());
        let of = |(law, place): (&WholeLaw, &Beside)| {
            let word = if place.corrected < rules.level { "rejected" } else { "consistent" };
            format!("{}, {word}", law.words())
        };
        self.laws.iter().zip(places).map(of).collect()
    }

    /// The verdict in words.
    pub fn words(&self, rules: &Rules) -> String {
        let theory = match (&self.limit, self.at_each_d) {
            (Some(_), _) => "d → ∞: theory",
            (None, _) => "the theory at this d",
        };
        let judged = self.final_judged();
        let (rejected, all) =
            judged.claim.as_ref().map_or((0, 0), |claim| (claim.rejected, claim.places.len()));
        let mut text = match judged.verdict {
            Verdict::Agrees => format!("{theory} and the samples agree"),
            Verdict::Disagrees => format!("{theory} and the samples disagree"),
            Verdict::Undecided => format!("{theory} and the samples: undecided"),
        };
        if let Some(worst) = judged.worst() {
            text += &format!(
                ": {rejected} of {all} comparisons rejected, largest |z| {} ({} at t = {})",
                significant(worst.z.abs(), 3),
                LAW[worst.place.overlap].0,
                worst.place.control
            );
        }
        text += "\n";
        let here = self.judged.rejected(rules);
        if !here.is_empty() && self.at_each_d {
            let largest = here
                .iter()
                .filter(|c| c.predicted != 0.0)
                .map(|c| (c.difference.value / c.predicted).abs())
                .fold(0.0, f64::max);
            text += &format!(
                "at finite d, {} of {} comparisons are rejected, with differences of {} % or less{}\n",
                here.len(),
                self.judged.comparisons.len(),
                significant(100.0 * largest, 2),
                match (self.of_minima, self.limit.is_none()) {
                    (true, true) => CORRECTIONS_AND_SWEEP,
                    (true, false) => CORRECTIONS,
                    (false, _) => "",
                }
            );
        }
        if let Some(advice) = &judged.advice {
            text += &format!("{advice}\n");
        }
        for note in self.laws_in_words(rules).iter().chain(&self.notes) {
            text += &format!("{note}\n");
        }
        text
    }
}

fn columns(measurements: &Measurements, with_d: bool) -> Vec<Column> {
    let mut columns: Vec<Column> = measurements
        .parameters
        .iter()
        .map(|name| Column::new(name.clone(), "parameter", Role::Parameter))
        .collect();
    if with_d {
        columns.push(Column::new("d", "dimension", Role::Parameter));
    }
    for (name, meaning, role) in [
        ("t", "time", Role::Control),
        ("quantity", "what is measured", Role::Label),
        ("measured", "mean over seeds", Role::Output),
        ("error", "its standard error, from the scatter of the seeds", Role::Output),
        ("predicted", "theory at this d, with as many steps", Role::Output),
        ("z", "(measured − predicted)/error", Role::Certificate),
        ("d_infinite", "theory for d → ∞, with as many steps", Role::Output),
        ("N_infinite", "the flow itself, for d → ∞", Role::Output),
        ("status", "consistent or rejected", Role::Certificate),
    ] {
        columns.push(Column::new(name, meaning, role));
    }
    columns
}

/// One row per quantity that theory or samples have, at every place.
fn table(
    plan: &Plan,
    measurements: &Measurements,
    values: &[Vec<f64>],
    infinite: &[Vec<f64>],
    flow: &[Vec<f64>],
    judged: &Judged,
    rules: &Rules,
) -> Result<Table, OutputError> {
    let with_d = plan.swept.iter().any(|s| s.name == "d");
    let mut table = Table::new(columns(measurements, with_d));
    // One group per parameters, d and time, in the order of the rows.
    let mut groups: Vec<(&Measurement, Vec<usize>)> = Vec::new();
    for (index, row) in measurements.rows.iter().enumerate() {
        let same = |g: &&mut (&Measurement, Vec<usize>)| {
            g.0.control == row.control && g.0.d == row.d && g.0.parameters == row.parameters
        };
        match groups.iter_mut().find(same) {
            Some((_, members)) => members.push(index),
            None => groups.push((row, vec![index])),
        }
    }
    for (first, members) in groups {
        for (overlap, (name, _)) in LAW.iter().enumerate() {
            let mean = |values: &[Vec<f64>]| {
                members.iter().map(|m| values[*m][overlap]).sum::<f64>() / members.len() as f64
            };
            let measured: Vec<f64> = members
                .iter()
                .map(|m| measurements.rows[*m].overlaps[overlap])
                .filter(|x| !x.is_nan())
                .collect();
            if measured.is_empty() {
                continue;
            }
            let sample = Sample { d: first.d, values: measured };
            let found = judged.comparisons.iter().find(|c| {
                c.place.overlap == overlap
                    && c.place.control == first.control
                    && c.place.d == first.d
                    && c.place.group == first.parameters
            });
            let finite = |x: f64| if x.is_finite() { Cell::Number(x) } else { Cell::Missing };
            let mut row: Vec<Cell> = first.parameters.iter().map(Cell::from).collect();
            if with_d {
                row.push(Cell::Number(first.d));
            }
            row.extend([Cell::Number(first.control), Cell::from(*name), Cell::Number(sample.mean())]);
            row.push(sample.estimate().map(|e| e.error).into());
            row.push(finite(mean(values)));
            row.push(found.map_or(Cell::Missing, |c| Cell::Number((c.z * 100.0).round() / 100.0)));
            row.extend([finite(mean(infinite)), finite(mean(flow))]);
            row.push(found.map_or(Cell::Missing, |c| {
                Cell::from(if c.p_holm < rules.level { "rejected" } else { "consistent" })
            }));
            table.push(row)?;
        }
    }
    Ok(table)
}
