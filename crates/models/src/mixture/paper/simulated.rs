//! Learnt networks at the settings of a papers file, and two versions of a theory beside them.

use crate::mixture::DENOISER;
use crate::mixture::simulate::Denoiser;
use crate::paper::{Show, Tried, all_cells};
use overlaps::compare::statistics::{Sample, extrapolate, two_sided};
use overlaps::compare::verdict::Predicted;
use overlaps::compare::{
    Comparison, Estimate, Measurement, Measurements, Naming, Place, Predictions, Rules, judge,
};
use overlaps::model::{Model, Point};
use overlaps::output::Table;
use overlaps::paper::{Simulation, Statement};
use overlaps::solve::Settings;
use overlaps::system::Theory;
use overlaps::value::Value;

/// Measured overlaps beside those of the printed and the derived equations.
pub struct Simulated {
    /// What was measured.
    pub measurements: Measurements,
    /// Parameters of the groups that are compared.
    pub group: Vec<String>,
    /// The comparisons with the printed equations.
    pub printed: Vec<Comparison>,
    /// Those with the derived equations, at the same places.
    pub derived: Vec<Comparison>,
    limit: Limit,
}

/// What goes to infinity.
#[derive(Clone, Copy, PartialEq)]
enum Limit {
    /// The dimension, by a + b/√d + c/d.
    Dimension,
    /// The number of samples, by a + b/n + c/n², at a dimension so large that it counts as infinite.
    Samples,
}

/// Measured overlaps at all settings.
fn simulate(simulation: &Simulation, seeds: u64, show: Show) -> Tried<Table> {
    let point = |s: &Vec<(String, f64)>| {
        DENOISER.known().at(s.iter().map(|(name, x)| (name.as_str(), Value::from(*x))))
    };
    let points: Vec<Point> = simulation.settings.iter().map(point).collect::<Result<_, _>>()?;
    let (times, denoiser) = (&simulation.times, Denoiser::default());
    // Seeds of their own for every setting: at one dimension data sets of different n would share their first samples.
    let of = |cell: usize| (&points[cell / seeds as usize], cell as u64);
    let mut table = Table::new(DENOISER.columns());
    let count = points.len() * seeds as usize;
    let all = all_cells(count, times.len() as u64, show, |cell, running| {
        let (at, seed) = of(cell);
        denoiser.run(at, seed, times, running)
    });
    for (cell, measured) in all?.into_iter().enumerate() {
        let (at, seed) = of(cell);
        let rows = times.iter().zip(measured).map(|(t, measured)| DENOISER.row(at, seed, *t, measured));
        rows.into_iter().try_for_each(|row| table.push(row))?;
    }
    Ok(table)
}

impl Simulated {
    /// Simulates, solves both systems, compares.
    ///
    /// # Errors
    /// An interruption, networks or equations that do not converge.
    pub fn new(simulation: &Simulation, seeds: u64, show: Show) -> Tried<Simulated> {
        let limit = match simulation.limit.as_str() {
            "d" => Limit::Dimension,
            "n" => Limit::Samples,
            other => return Err(format!("differences are extrapolated in d or n, not in {other}").into()),
        };
        let systems = [&simulation.printed, &simulation.derived];
        let theories: Vec<Theory> =
            systems.into_iter().map(|name| Theory::load(name)).collect::<Result<_, _>>()?;
        Theory::agree_on_words(&theories)?;
        let table = simulate(simulation, seeds, show)?;
        let measurements =
            Measurements::from_table(&table, &theories, &DENOISER, &Naming::default(), "the simulation")?;
        if measurements.left_out > 0 {
            return Err(format!("{} runs did not converge", measurements.left_out).into());
        }
        let group: Vec<String> = match limit {
            Limit::Samples => vec!["sigma".into()],
            Limit::Dimension => {
                let keys = measurements.key_parameters();
                keys.into_iter().map(|k| measurements.parameters[k].clone()).collect()
            }
        };
        let mut simulated =
            Simulated { measurements, group, printed: Vec::new(), derived: Vec::new(), limit };
        let both: Vec<Vec<Comparison>> = theories
            .iter()
            .map(|theory| {
                let predictions = Predictions::new(theory, &simulated.measurements, &[], Settings::default());
                match &predictions.not_applicable {
                    Some(reason) => Err(format!("{}: {reason}", theory.name()).into()),
                    None => simulated.compare(predictions.predicted()),
                }
            })
            .collect::<Result<_, _>>()?;
        [simulated.printed, simulated.derived] =
            <[_; 2]>::try_from(both).map_err(|_| "there are two systems")?;
        Ok(simulated)
    }

    /// What a statement says with measured values on its right side, beside what was measured; none where it is
    /// compared with the printed equations only.
    ///
    /// # Errors
    /// A formula with a name that was not measured.
    pub fn with_measured_values(&self, statement: &Statement) -> Tried<Option<Vec<Comparison>>> {
        let m = &self.measurements;
        let names: Vec<&str> =
            m.overlaps.iter().chain(&m.parameters).chain([&m.control]).map(String::as_str).collect();
        let formulas = statement.formulas(&names)?;
        if formulas.is_empty() {
            return Ok(None);
        }
        let quantities = statement.quantities();
        let of_row = |row: &Measurement| -> Vec<f64> {
            let parameters = row.parameters.iter().map(|value| value.number().unwrap_or(f64::NAN));
            let known: Vec<f64> =
                row.overlaps.iter().copied().chain(parameters).chain([row.control]).collect();
            let formula = |overlap: &String| {
                let place = quantities.iter().position(|quantity| quantity == overlap)?;
                Some(formulas.get(place).unwrap_or(&formulas[0]).value(&known))
            };
            m.overlaps.iter().map(|overlap| formula(overlap).unwrap_or(f64::NAN)).collect()
        };
        let values: Vec<Vec<f64>> = m.rows.iter().map(of_row).collect();
        self.compare(Predicted { values: &values, at_each_d: false }).map(Some)
    }

    /// The comparisons of predictions with the measurements, in the limit.
    fn compare(&self, predicted: Predicted) -> Tried<Vec<Comparison>> {
        match self.limit {
            Limit::Samples => self.as_samples_grow(predicted.values),
            Limit::Dimension => Ok(judge(&self.measurements, predicted, true, &Rules::default()).comparisons),
        }
    }

    /// Extrapolates measured − predicted to n → ∞. The error is statistical plus what the smallest n changes.
    fn as_samples_grow(&self, predicted: &[Vec<f64>]) -> Tried<Vec<Comparison>> {
        let m = &self.measurements;
        let parameter = |name: &str| {
            m.parameters.iter().position(|p| p == name).ok_or_else(|| format!("no parameter {name}"))
        };
        let (n, sigma) = (parameter("n")?, parameter("sigma")?);
        let mut sigmas: Vec<f64> = Vec::new();
        for value in m.rows.iter().filter_map(|row| row.parameters[sigma].number()) {
            if !sigmas.contains(&value) {
                sigmas.push(value);
            }
        }
        let mut controls: Vec<f64> = m.rows.iter().map(|row| row.control).collect();
        controls.sort_by(f64::total_cmp);
        controls.dedup();
        let mut comparisons = Vec::new();
        for value in sigmas {
            for control in &controls {
                let here = |row: &Measurement| {
                    row.control == *control && row.parameters[sigma].number() == Some(value)
                };
                for overlap in 0..m.overlaps.len() {
                    let place =
                        Place { group: vec![value.into()], control: *control, d: f64::INFINITY, overlap };
                    comparisons.extend(self.extrapolated(predicted, place, n, &here));
                }
            }
        }
        Ok(comparisons)
    }

    /// One of them, from the rows that are at its place.
    fn extrapolated(
        &self,
        predicted: &[Vec<f64>],
        place: Place,
        n: usize,
        here: &dyn Fn(&Measurement) -> bool,
    ) -> Option<Comparison> {
        let mut samples: Vec<Sample> = Vec::new();
        let (mut stated, mut d) = (f64::NAN, f64::NAN);
        for (row, values) in self.measurements.rows.iter().zip(predicted) {
            let difference = row.overlaps[place.overlap] - values[place.overlap];
            if !here(row) || !difference.is_finite() {
                continue;
            }
            (stated, d) = (values[place.overlap], row.d);
            // The fit is in 1/n: n stands in the place of d.
            let n = row.parameters[n].number()?;
            match samples.iter_mut().find(|s| s.d == n) {
                Some(sample) => sample.values.push(difference),
                None => samples.push(Sample { d: n, values: vec![difference] }),
            }
        }
        samples.sort_by(|a, b| a.d.total_cmp(&b.d));
        let powers = [0.0, 1.0, 2.0];
        let all = extrapolate(&samples, &powers)?[0];
        let without = extrapolate(samples.get(1..).unwrap_or_default(), &powers)?[0];
        // The dimension leaves corrections of order 1/√d.
        let floor = 10.0 / d.sqrt();
        let error = all.error + (all.value - without.value).abs() + floor;
        let difference = Estimate { error, ..all };
        let z = difference.value / error;
        let p = two_sided(z, difference.freedom);
        let measured = stated + difference.value;
        Some(Comparison { place, measured, predicted: stated, difference, z, p, p_holm: p })
    }
}
