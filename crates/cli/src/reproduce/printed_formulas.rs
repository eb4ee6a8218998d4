//! Each printed formula of Results 1 and 2 and Corollaries 1 to 4 of arXiv:2412.07972 against simulation, beside the
//! derived one: a table with a verdict for each, and the numbers behind it.

use anyhow::{Context, bail};

use super::Reproduce;
use super::files::Files;
use super::formulas::{Experiment, FAR, FORMULAS, Formula, Known, SIGMAS};
use super::generated_formulas::generated_formulas;
use crate::cells::{Cells, for_each_cell, interrupted};
use overlaps::compare::statistics::{Sample, extrapolate, holm, two_sided};
use overlaps::compare::{Comparison, Estimate, Measurements, Place, Predictions, Rules, judge};
use overlaps::name::symbol_of;
use overlaps::numeric::significant;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::solve::Settings;
use overlaps::system::Theory;
use overlaps_models::model::DENOISER;
use overlaps_models::simulate::{DataRule, LabelRule, Method, Outcome, Run, Search, columns, rows};

/// Simulated overlaps of one experiment.
fn simulate(experiment: Experiment, seeds: u64, quiet: bool) -> anyhow::Result<Table> {
    let settings = experiment.settings()?;
    let times = experiment.times();
    let method = Method::Integrated { data: DataRule::Gram, search: Search::default() };
    let run = |cell: usize| Run {
        setting: settings[cell / seeds as usize],
        // Seeds of their own for every setting: at one dimension data sets of different n would share their first samples.
        seed: cell as u64,
        labels: LabelRule::Fixed,
        method: &method,
    };
    let mut table = Table::new(columns());
    let cells = Cells { count: settings.len() * seeds as usize, units: times.len() as u64 };
    for_each_cell(
        cells,
        quiet,
        |cell, progress| run(cell).measure(times, &interrupted, &|| progress.tick()),
        |cell, outcome: Result<Option<Outcome>, _>| {
            let Some(outcome) = outcome? else { bail!("interrupted; nothing was written") };
            rows(&run(cell), times, &outcome).into_iter().try_for_each(|row| Ok(table.push(row)?))
        },
    )?;
    Ok(table)
}

/// The comparisons of one theory with the measurements of an experiment, in the limits that it takes.
fn compare(
    experiment: Experiment,
    measurements: &Measurements,
    predictions: &Predictions,
) -> anyhow::Result<Vec<Comparison>> {
    if let Some(reason) = &predictions.not_applicable {
        bail!("{}: {reason}", predictions.theory.name());
    }
    if experiment.in_the_limit() {
        return in_both_limits(measurements, predictions);
    }
    Ok(judge(measurements, predictions.predicted(), true, &Rules::default()).comparisons)
}

/// Extrapolates measured − predicted to n → ∞ by a + b/n + c/n² at a dimension so large that it counts as infinite. The
/// error is statistical plus what the smallest n changes.
fn in_both_limits(measurements: &Measurements, predictions: &Predictions) -> anyhow::Result<Vec<Comparison>> {
    let place = |name: &str| {
        measurements.parameters.iter().position(|p| p == name).with_context(|| format!("no parameter {name}"))
    };
    let (n, sigma) = (place("n")?, place("sigma")?);
    let mut comparisons = Vec::new();
    for value in SIGMAS {
        let mut controls: Vec<f64> = measurements.rows.iter().map(|row| row.control).collect();
        controls.sort_by(f64::total_cmp);
        controls.dedup();
        for control in controls {
            for overlap in 0..measurements.overlaps.len() {
                let mut samples: Vec<Sample> = Vec::new();
                let mut predicted = f64::NAN;
                for (row, values) in measurements.rows.iter().zip(&predictions.values) {
                    let difference = row.overlaps[overlap] - values[overlap];
                    if row.control != control
                        || row.parameters[sigma].number() != Some(value)
                        || !difference.is_finite()
                    {
                        continue;
                    }
                    predicted = values[overlap];
                    // The fit is in 1/n: n stands in the place of d.
                    let Some(n) = row.parameters[n].number() else { continue };
                    match samples.iter_mut().find(|s| s.d == n) {
                        Some(sample) => sample.values.push(difference),
                        None => samples.push(Sample { d: n, values: vec![difference] }),
                    }
                }
                samples.sort_by(|a, b| a.d.total_cmp(&b.d));
                let powers = [0.0, 1.0, 2.0];
                let (Some(all), Some(without)) = (
                    extrapolate(&samples, &powers),
                    extrapolate(samples.get(1..).unwrap_or_default(), &powers),
                ) else {
                    continue;
                };
                // FAR leaves corrections of order 1/√FAR.
                let floor = 10.0 / FAR.sqrt();
                let error = all[0].error + (all[0].value - without[0].value).abs() + floor;
                let difference = Estimate { value: all[0].value, error, freedom: all[0].freedom };
                let z = difference.value / error;
                let p = two_sided(z, difference.freedom);
                let place = Place { group: vec![value.into()], control, d: f64::INFINITY, overlap };
                let measured = predicted + difference.value;
                comparisons.push(Comparison { place, measured, predicted, difference, z, p, p_holm: p });
            }
        }
    }
    Ok(comparisons)
}

/// A printed formula with its comparisons and those of the derived formula at the same places.
struct Row<'f> {
    formula: &'f Formula,
    printed: Vec<Comparison>,
    derived: Vec<Comparison>,
    /// The printed formula with measured values on its right side.
    relation: Option<Vec<Comparison>>,
    overlaps: Vec<String>,
    /// Parameters of the groups.
    group: Vec<String>,
}

impl Row<'_> {
    fn holds(comparisons: &[Comparison]) -> (bool, usize) {
        let p: Vec<f64> = comparisons.iter().map(|c| c.p).collect();
        let rejected = holm(&p).into_iter().filter(|p| *p < Rules::default().level).count();
        (rejected == 0, rejected)
    }

    /// The comparison in which the printed formula is furthest off, by place.
    fn worst(&self) -> usize {
        let key = |i: &usize| (self.printed[*i].p, -self.printed[*i].z.abs());
        (0..self.printed.len())
            .min_by(|a, b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal))
            .unwrap_or(0)
    }

    fn markdown(&self) -> String {
        let worst = self.worst();
        let (printed, derived) = (&self.printed[worst], &self.derived[worst]);
        let ((holds, rejected), (derived_holds, derived_rejected)) =
            (Row::holds(&self.printed), Row::holds(&self.derived));
        let verdict = |holds: bool, rejected: usize, count: usize| match holds {
            true => format!("holds ({count})"),
            false => format!("**fails** ({rejected} of {count})"),
        };
        let sigma = self.group.iter().position(|g| g == "sigma").map(|g| printed.place.group[g].to_string());
        format!(
            "| {} | {} | {} | {} | {} | {} | {} ± {} | {} | {} | {} | {} |\n",
            self.formula.place,
            self.formula.text,
            verdict(holds, rejected, self.printed.len()),
            self.relation.as_ref().map_or("–".into(), |comparisons| {
                let (holds, rejected) = Row::holds(comparisons);
                verdict(holds, rejected, comparisons.len())
            }),
            symbol_of(&self.overlaps[printed.place.overlap]),
            sigma.map_or(String::new(), |s| format!("t = {}, σ = {s}", printed.place.control)),
            significant(printed.measured, 6),
            significant(printed.difference.error, 2),
            significant(printed.predicted, 6),
            significant(printed.z, 3),
            format_args!("{} (z = {})", significant(derived.predicted, 6), significant(derived.z, 2)),
            verdict(derived_holds, derived_rejected, self.derived.len()),
        )
    }
}

const HEAD: &str = "\
# The printed formulas of arXiv:2412.07972 against simulation

Made by `overlaps reproduce printed-formulas`; every number behind it is in the CSV beside this file.

Denoisers that minimise the loss (the noise integrated out, the global minimum over several starts) were measured on {seeds} data
sets for each dimension. At finite n: n = 8 (6 + 2 samples), κ = 2, σ = 1 and 0.5, λ = 0.1, ℓ = 0.01, first phase t = 0.25, 0.5, 1, second
phase t = 1.3, 1.6, at d = 2¹⁷, 2¹⁹, 2²¹, 2²³, extrapolated to d → ∞ by a + b/√d + c/d. For the corollaries, n → ∞: p = 0.75, κ = 2,
t = 0.25, 0.5 and 1.3, 1.6, at n = 48, 80, 128, 208, 336 and d = 10¹², extrapolated by a + b/n + c/n²; the error contains what the
smallest n changes.

A formula fails if any of its comparisons does (Student's t, Holm's correction within the formula, level 0.05). The numbers are those of
the comparison in which the printed formula is furthest off; ⟨ ⟩ is the mean over z and s. In Result 1, φ is taken at the printed ω and b.
The column \"with measured values\" tests a formula by itself: with the measured overlaps on its right side in place of the printed ones.

| where | as printed | verdict | with measured values | | at | simulation | printed | z | derived | verdict on the derived |
|---|---|---|---|---|---|---|---|---|---|---|
";

const TAIL: &str = "
What differs, and why, is explained in [equations/README.md](../equations/README.md#printed-and-derived).
";

impl Reproduce {
    /// Simulates, compares, writes.
    pub fn printed_formulas(&self) -> anyhow::Result<()> {
        let files = Files::of("printed-formulas", self.output.as_ref(), false)?;
        let mut rows: Vec<Row> = Vec::new();
        let mut numbers = Table::new(
            [
                ("formula", Role::Label),
                ("as_printed", Role::Label),
                ("version", Role::Label),
                ("t", Role::Control),
                ("sigma", Role::Parameter),
                ("overlap", Role::Label),
                ("measured", Role::Output),
                ("error", Role::Output),
                ("predicted", Role::Output),
                ("z", Role::Certificate),
                ("p", Role::Certificate),
            ]
            .map(|(name, role)| Column::new(name, "", role))
            .into(),
        );
        let mut experiments: Vec<Experiment> = Vec::new();
        for formula in &FORMULAS {
            if !experiments.contains(&formula.experiment) {
                experiments.push(formula.experiment);
            }
        }
        for experiment in experiments {
            let theories: Vec<Theory> =
                experiment.systems().iter().map(|name| Theory::load(name)).collect::<Result<_, _>>()?;
            Theory::agree_on_words(&theories)?;
            let table = simulate(experiment, self.seeds, self.quiet)?;
            let measurements = Measurements::from_table(&table, &theories, &DENOISER, "the simulation")?;
            if measurements.left_out > 0 {
                bail!("{} runs did not converge", measurements.left_out);
            }
            let group: Vec<String> = match experiment.in_the_limit() {
                true => vec!["sigma".into()],
                false => {
                    let keys = measurements.key_parameters();
                    keys.into_iter().map(|k| measurements.parameters[k].clone()).collect()
                }
            };
            let both: Vec<Vec<Comparison>> = theories
                .iter()
                .map(|theory| {
                    let predictions = Predictions::new(theory, &measurements, &[], Settings::default());
                    compare(experiment, &measurements, &predictions)
                })
                .collect::<Result<_, _>>()?;
            for formula in FORMULAS.iter().filter(|f| f.experiment == experiment) {
                let of = |comparisons: &[Comparison]| -> Vec<Comparison> {
                    let named = |c: &&Comparison| {
                        formula.overlaps.contains(&measurements.overlaps[c.place.overlap].as_str())
                    };
                    comparisons.iter().filter(named).cloned().collect()
                };
                let (printed, derived) = (of(&both[0]), of(&both[1]));
                let places = |cs: &[Comparison]| cs.iter().map(|c| c.place.clone()).collect::<Vec<_>>();
                if printed.is_empty() || places(&printed) != places(&derived) {
                    bail!("{} ({}) has nothing to compare", formula.place, formula.text);
                }
                let relation = formula.relation.map(|relation| -> anyhow::Result<_> {
                    let mut predictions =
                        Predictions::new(&theories[0], &measurements, &[], Settings::default());
                    for (values, row) in predictions.values.iter_mut().zip(&measurements.rows) {
                        let known = Known { measurements: &measurements, row };
                        for (value, overlap) in values.iter_mut().zip(&measurements.overlaps) {
                            *value = relation(&known, overlap);
                        }
                    }
                    Ok(of(&compare(experiment, &measurements, &predictions)?))
                });
                let relation = relation.transpose()?;
                for (version, comparisons) in [
                    ("printed", Some(&printed)),
                    ("derived", Some(&derived)),
                    ("printed, with measured values", relation.as_ref()),
                ] {
                    for c in comparisons.into_iter().flatten() {
                        numbers.push(number_row(formula, version, &measurements, &group, c))?;
                    }
                }
                let overlaps = measurements.overlaps.clone();
                rows.push(Row { formula, printed, derived, relation, overlaps, group: group.clone() });
            }
        }
        // In the order of the paper, whatever the order of the simulations.
        rows.sort_by_key(|row| FORMULAS.iter().position(|f| std::ptr::eq(f, row.formula)));
        let mut text = HEAD.replace("{seeds}", &self.seeds.to_string());
        rows.iter().for_each(|row| text += &row.markdown());
        text += &generated_formulas(self.seeds, self.quiet, &mut numbers)?;
        text += TAIL;
        files.write(&text, &numbers, None, self.quiet)
    }
}

/// One comparison in the CSV.
fn number_row(
    formula: &Formula,
    version: &str,
    measurements: &Measurements,
    group: &[String],
    c: &Comparison,
) -> Vec<Cell> {
    let sigma = group.iter().position(|g| g == "sigma").map(|g| Cell::from(&c.place.group[g]));
    vec![
        formula.place.into(),
        formula.text.into(),
        version.into(),
        c.place.control.into(),
        sigma.into(),
        measurements.overlaps[c.place.overlap].as_str().into(),
        Cell::Number(c.measured),
        Cell::Number(c.difference.error),
        Cell::Number(c.predicted),
        Cell::Number(c.z),
        Cell::Number(c.p),
    ]
}
