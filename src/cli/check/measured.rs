//! The measurements of a check: simulated here, or read from a file.

use std::path::Path;

use anyhow::{Context, bail};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::Check;
use crate::cli::arguments::{Assignment, Sweep, Values, actual_name};
use crate::cli::simulation::Simulation;
use crate::compare::Measurements;
use crate::equation::{Theory, grid};
use crate::model::PARAMETERS;
use crate::output::csv::{read_table, write_table};
use crate::output::json::number;
use crate::output::{Table, ascii_name, write_atomically};
use crate::simulate::columns;

/// Kinds of quantities that the simulation measures.
const SIMULATED: [&str; 3] = ["two-phase", "first-phase", "second-phase"];
/// The dimensions of a check: these times the smallest one.
const DIMENSIONS: [f64; 4] = [1.0, 4.0, 16.0, 64.0];
/// The smallest dimension: this, or so many times n³ or κ². Cost does not depend on d, and the larger it is the better the
/// expansion in 1/√d holds. In the second phase it has terms in ln d/d, and holds only from d of order n³ on, where the
/// activations saturate; below, they still follow the scatter of the Gram matrix.
const SMALLEST: (f64, f64, f64) = (131_072.0, 8.0, 64.0);

/// Measurements, and what else the check needs of them.
pub struct Measured {
    pub measurements: Measurements,
    /// Values for parameters that the measurements do not have.
    pub given: Vec<(String, f64)>,
    /// Parameters, for the side file.
    pub parameters: IndexMap<String, Value>,
    /// What they are, for the side file.
    pub description: Value,
    /// What they are, in words.
    pub headline: String,
    /// Files written on the way.
    pub written: Vec<String>,
    simulation: Option<Simulation>,
}

impl Measured {
    /// Whether every run that was made here converged.
    pub fn complete(&self) -> bool {
        self.simulation.is_none() || self.measurements.left_out == 0
    }

    /// Removes what an interrupted run would have needed.
    pub fn finish(&self) {
        if let Some(simulation) = &self.simulation {
            simulation.finish();
        }
    }
}

impl Check {
    /// Reads or simulates.
    pub fn measured(&self, theories: &[Theory], csv: Option<&Path>) -> anyhow::Result<Measured> {
        let mut given = match &self.parameters {
            Some(path) => parameters_of_file(path, theories)?,
            None => Vec::new(),
        };
        for set in &self.values.set {
            let name = known_name(&set.name, theories)?;
            match given.iter().find(|(known, _)| *known == name) {
                Some((_, value)) if *value != set.value => bail!(
                    "{name} = {} was given with --set, but the file of --parameters has {name} = {value}; leave out one of them",
                    set.value
                ),
                Some(_) => {}
                None => given.push((name, set.value)),
            }
        }
        match &self.against {
            Some(path) => self.read(path, theories, given),
            None => self.simulate(theories, given, csv),
        }
    }

    fn read(&self, path: &Path, theories: &[Theory], given: Vec<(String, f64)>) -> anyhow::Result<Measured> {
        let place = path.display().to_string();
        let file = std::fs::File::open(path).with_context(|| format!("cannot read '{place}'"))?;
        let table = read_table(file).map_err(|reason| anyhow::anyhow!("cannot read '{place}': {reason}"))?;
        let mut measurements = Measurements::from_table(&table, theories, &place)?;
        measurements.check_given(&given, &place)?;
        let control = theories[0].control.clone();
        if let Some((_, t)) = given.iter().find(|(name, _)| *name == control.name) {
            measurements.rows.retain(|row| row.control == *t);
            if measurements.rows.is_empty() {
                bail!("{place} has no rows at {} = {t}", control.name);
            }
        }
        let given: Vec<(String, f64)> = given
            .into_iter()
            .filter(|(name, _)| *name != control.name && !measurements.parameters.contains(name))
            .collect();
        self.say_what_is_missing(theories, &measurements, &given, &place);
        let outside = measurements
            .rows
            .iter()
            .filter(|row| !(control.from..=control.to).contains(&row.control))
            .count();
        if outside == measurements.rows.len() {
            bail!(
                "no row of {place} lies in the range of {}, {} ≤ {} ≤ {}",
                theories[0].name(),
                control.from,
                control.name,
                control.to
            );
        }
        if !self.values.quiet {
            if outside > 0 {
                eprintln!(
                    "note: {outside} rows of {place} lie outside the range of {}, {} ≤ {} ≤ {}",
                    theories[0].name(),
                    control.from,
                    control.name,
                    control.to
                );
            }
            if measurements.left_out > 0 {
                eprintln!("note: {} rows that did not converge are left out", measurements.left_out);
            }
        }
        let parameters = given.iter().map(|(name, value)| (name.clone(), number(*value))).collect();
        let description = json!({ "file": place, "rows": measurements.rows.len() });
        let headline = headline(theories[0].name(), &measurements, &place);
        Ok(Measured {
            measurements,
            given,
            parameters,
            description,
            headline,
            written: Vec::new(),
            simulation: None,
        })
    }

    /// Parameters of the system that stand neither in the file nor on the command line take their defaults: said aloud.
    fn say_what_is_missing(
        &self,
        theories: &[Theory],
        measurements: &Measurements,
        given: &[(String, f64)],
        place: &str,
    ) {
        let known = |name: &str| {
            name == "d"
                || measurements.parameters.iter().any(|p| p == name)
                || given.iter().any(|(g, _)| g == name)
        };
        let mut words: Vec<String> = Vec::new();
        for system in theories[0].pieces.iter().map(|piece| &piece.system) {
            for parameter in system.parameters.iter().filter(|p| !known(&p.name)) {
                let word = format!("{} = {}", parameter.name, parameter.default_text);
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        if !words.is_empty() && !self.values.quiet {
            eprintln!(
                "note: not in {place}, so by default: {}; --set NAME=VALUE says otherwise",
                words.join(", ")
            );
        }
    }

    fn simulate(
        &self,
        theories: &[Theory],
        given: Vec<(String, f64)>,
        csv: Option<&Path>,
    ) -> anyhow::Result<Measured> {
        let theory = &theories[0];
        if !theory.description.describes.iter().any(|word| SIMULATED.contains(&word.as_str())) {
            bail!(
                "{} describes {}, which this program does not simulate (it simulates {}); give measurements with --against FILE.csv",
                theory.name(),
                if theory.description.describes.is_empty() {
                    "nothing by name".into()
                } else {
                    theory.description.describes.join(", ")
                },
                SIMULATED.join(", ")
            );
        }
        let simulated = |name: &str| name == "t" || PARAMETERS.iter().any(|p| p.0 == name);
        let (for_simulation, given): (Vec<_>, Vec<_>) =
            given.into_iter().partition(|(name, _)| simulated(name));
        let mut values = Values {
            set: for_simulation.into_iter().map(|(name, value)| Assignment { name, value }).collect(),
            ..self.values.clone()
        };
        let is_given = |values: &Values, name: &str| {
            let spelled = |given: &str| ascii_name(given).is_some_and(|given| given == name);
            values.set.iter().any(|s| spelled(&s.name)) || values.sweep.iter().any(|s| spelled(&s.name))
        };
        if !is_given(&values, "d") {
            if self.simulation.explicit() {
                bail!(
                    "with explicit data say at which dimensions: --sweep d=1000,2000,4000 (3 or more for d → ∞)"
                );
            }
            values.sweep.push(dimensions(&values));
        }
        let control = &theory.control;
        let times = |fixed_noise: bool| -> Vec<f64> {
            let from_file = theory.limit.as_ref().map(|limit| limit.at.clone()).unwrap_or_default();
            let times = if from_file.is_empty() { grid(control.from, control.to, 6) } else { from_file };
            times.into_iter().filter(|t| *t > 1.0 || !fixed_noise).collect()
        };
        let simulation = self.simulation.simulation(&values, csv.or(self.runs.as_deref()), times)?;
        if simulation.times.is_empty() {
            bail!(
                "fixed noise is for the second phase, 1 < t ≤ 2, and {} covers {} ≤ {} ≤ {}",
                theory.name(),
                control.from,
                control.name,
                control.to
            );
        }
        for t in &simulation.times {
            if !(control.from..=control.to).contains(t) {
                bail!(
                    "{} = {t} is outside the control range of {}, {} ≤ {} ≤ {}",
                    control.name,
                    theory.name(),
                    control.from,
                    control.name,
                    control.to
                );
            }
        }
        let mut table = Table::new(columns());
        simulation.for_each_row(self.values.quiet, |row| Ok(table.push(row)?))?;
        let mut written = Vec::new();
        if let Some(path) = &self.runs {
            write_atomically(path, |w| write_table(&table, w))?;
            written.push(path.display().to_string());
        }
        let measurements = Measurements::from_table(&table, theories, "the simulation")?;
        if measurements.left_out > 0 {
            eprintln!("warning: {} runs that did not converge are left out", measurements.left_out);
        }
        let headline = headline(theory.name(), &measurements, "simulation");
        Ok(Measured {
            measurements,
            given,
            parameters: simulation.parameters(),
            description: simulation.describe(),
            headline,
            written,
            simulation: Some(simulation),
        })
    }
}

/// Dimensions for an extrapolation, from n and κ.
fn dimensions(values: &Values) -> Sweep {
    let largest = |name: &str| {
        let set = values.set.iter().filter(|s| s.name == name).map(|s| s.value);
        let swept = values.sweep.iter().filter(|s| s.name == name).flat_map(|s| s.values.iter().copied());
        let default = PARAMETERS.iter().find(|p| p.0 == name).and_then(|p| p.1);
        set.chain(swept).reduce(f64::max).or(default).unwrap_or(1.0)
    };
    let (n, kappa) = (largest("n"), largest("kappa"));
    let smallest = SMALLEST.0.max(SMALLEST.1 * n.powi(3)).max((SMALLEST.2 * kappa * kappa).ceil());
    let values: Vec<f64> = DIMENSIONS.iter().map(|x| x * smallest).collect();
    let text = format!("d={}", values.iter().map(f64::to_string).collect::<Vec<_>>().join(","));
    Sweep { name: "d".into(), text, values }
}

/// A parameter or the control of the theories, or a parameter of the simulation.
fn known_name(given: &str, theories: &[Theory]) -> anyhow::Result<String> {
    let spelled = ascii_name(given).unwrap_or_else(|| given.to_string());
    if PARAMETERS.iter().any(|p| p.0 == spelled) {
        return Ok(spelled);
    }
    actual_name(given, theories)
}

/// The parameters of a side file (its object `parameters`), or of an object of numbers.
fn parameters_of_file(path: &Path, theories: &[Theory]) -> anyhow::Result<Vec<(String, f64)>> {
    let place = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read '{place}'"))?;
    let content: Value = serde_json::from_str(&text).with_context(|| format!("'{place}' is not JSON"))?;
    let object = content.get("parameters").unwrap_or(&content).as_object();
    let Some(object) = object else {
        bail!(
            "'{place}' holds no parameters; it is to be a side file, or an object like {{\"n\": 8, \"p\": 0.75}}"
        );
    };
    let mut parameters = Vec::new();
    for (name, value) in object {
        let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let Some(number) = number.filter(|x| !x.is_nan()) else {
            bail!("'{place}': {name} = {value} is not a number");
        };
        parameters.push((known_name(name, theories)?, number));
    }
    Ok(parameters)
}

/// One line that says what is compared.
fn headline(system: &str, measurements: &Measurements, source: &str) -> String {
    let list = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.dedup();
        let words: Vec<String> = values.iter().map(f64::to_string).collect();
        if words.len() > 12 {
            format!("{} values from {} to {}", words.len(), words[0], words[words.len() - 1])
        } else {
            words.join(", ")
        }
    };
    let mut runs: Vec<String> =
        measurements.rows.iter().map(|row| format!("{} {} {:?}", row.d, row.seed, row.parameters)).collect();
    runs.sort_unstable();
    runs.dedup();
    format!(
        "{system} against {source}: {} data sets, d = {}, {} = {}\n",
        runs.len(),
        list(measurements.rows.iter().map(|row| row.d).collect()),
        measurements.control,
        list(measurements.rows.iter().map(|row| row.control).collect())
    )
}
