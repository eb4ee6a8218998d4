//! The measurements of a check: simulated here, or read from a file.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::Check;
use crate::arguments::Values;
use crate::cells::with_progress;
use crate::simulation::stopped;
use overlaps::compare::Measurements;
use overlaps::experiment::{self, Experiment, Simulate};
use overlaps::input::{LARGEST_TEXT, lines_in_words, text_of_file};
use overlaps::model::{Description, Model};
use overlaps::output::csv::{read_table, write_table};
use overlaps::output::json::of_value;
use overlaps::output::write_atomically;
use overlaps::system::Theory;
use overlaps::value::{Given, Value};
use overlaps_models::mixture::DENOISER;

/// Measurements, and what else the check needs of them.
pub struct Measured {
    pub measurements: Measurements,
    /// Values for parameters that the measurements do not have.
    pub given: Given,
    /// Parameters, for the side file.
    pub parameters: IndexMap<String, Json>,
    /// What they are, for the side file.
    pub description: Json,
    /// What they are, in words.
    pub headline: String,
    /// Files written on the way.
    pub written: Vec<String>,
    /// What the columns are of.
    pub model: &'static Description,
    simulate: Option<Simulate>,
}

impl Measured {
    /// Whether every run that was made here converged.
    pub fn complete(&self) -> bool {
        self.simulate.is_none() || self.measurements.left_out == 0
    }

    /// Says which runs that were made here did not converge.
    pub fn warn(&self) {
        if !self.complete() {
            eprintln!("warning: {} runs that did not converge are left out", self.measurements.left_out);
        }
    }

    /// Removes what an interrupted run would have needed.
    pub fn finish(&self) {
        if let Some(simulate) = &self.simulate {
            simulate.finish();
        }
    }
}

impl Check {
    /// Reads or simulates.
    pub fn measured(&self, check: &experiment::Check, csv: Option<&Path>) -> anyhow::Result<Measured> {
        match &self.against {
            Some(path) => self.read(path, check),
            None => self.simulate(check, csv),
        }
    }

    fn read(&self, path: &Path, check: &experiment::Check) -> anyhow::Result<Measured> {
        let theories = check.theories();
        // Columns of the denoiser are known too where nothing of the theory is simulated.
        let model = simulated(&theories[0]).unwrap_or(&DENOISER);
        let given = self.given(check, model)?;
        let place = path.display().to_string();
        let file = std::fs::File::open(path).with_context(|| format!("cannot read '{place}'"))?;
        let table = read_table(file).map_err(|reason| anyhow::anyhow!("cannot read '{place}': {reason}"))?;
        let mut measurements = Measurements::from_table(&table, theories, model, &place)?;
        measurements.check_given(&given, &place)?;
        let control = theories[0].control.clone();
        if let Some((_, t)) = given.iter().find(|(name, _)| *name == control.name) {
            measurements.rows.retain(|row| Value::Number(row.control) == *t);
            if measurements.rows.is_empty() {
                bail!("{place} has no rows at {} = {t}", control.name);
            }
        }
        let given: Given = given
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
            if let Some(lines) = missing_lines(&measurements) {
                eprintln!("note: what {place} has no value of is left out there: {lines}");
            }
            if measurements.left_out > 0 {
                eprintln!("note: {} rows that did not converge are left out", measurements.left_out);
            }
        }
        let parameters = given.iter().map(|(name, value)| (name.clone(), of_value(value))).collect();
        let description = json!({ "file": place, "rows": measurements.rows.len() });
        let headline = headline(theories[0].name(), &measurements, &place);
        Ok(Measured {
            measurements,
            given,
            parameters,
            description,
            headline,
            written: Vec::new(),
            model,
            simulate: None,
        })
    }

    /// Parameters of the system that stand neither in the file nor on the command line take their defaults: said aloud.
    fn say_what_is_missing(
        &self,
        theories: &[Theory],
        measurements: &Measurements,
        given: &[(String, Value)],
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

    /// What --set and --parameters give, by the names of the theories.
    ///
    /// # Errors
    /// Unknown names, words for numbers, contradictions.
    pub fn given(&self, check: &experiment::Check, model: &Description) -> anyhow::Result<Given> {
        let mut given = match &self.parameters {
            Some(path) => parameters_of_file(path, check, model)?,
            None => Vec::new(),
        };
        for set in &self.values.set {
            let (meant, value) = (check.meant(&set.name, model)?, &set.value);
            meant.check(value)?;
            let name = meant.name;
            match given.iter().find(|(known, _)| *known == name) {
                Some((_, other)) if other != value => {
                    bail!(
                        "{name} = {value} was given with --set, but the file of --parameters has {name} = {other}; leave out one of them"
                    )
                }
                Some(_) => {}
                None => given.push((name, value.clone())),
            }
        }
        Ok(given)
    }

    /// What is simulated of a theory.
    pub fn model(&self, theory: &Theory, csv: Option<&Path>) -> anyhow::Result<Arc<dyn Model>> {
        let Some(description) = simulated(theory) else {
            let all = overlaps_models::all();
            let known: Vec<&str> = all.iter().flat_map(|m| m.description().describes).copied().collect();
            bail!(
                "{} describes {}, which this program does not simulate (it simulates {}); give measurements with --against FILE.csv",
                theory.name(),
                if theory.description.describes.is_empty() {
                    "nothing by name".into()
                } else {
                    theory.description.describes.join(", ")
                },
                known.join(", ")
            );
        };
        self.simulation.model(description, self.values.tolerance, csv.or(self.runs.as_deref()))
    }

    fn simulate(&self, check: &experiment::Check, csv: Option<&Path>) -> anyhow::Result<Measured> {
        let model = self.model(&check.theories()[0], csv)?;
        let given = self.given(check, model.description())?;
        let wanted = self.simulation.wanted(&Values { set: Vec::new(), ..self.values.clone() })?;
        let (simulate, given) = check.simulate(model, given, wanted, self.simulation.seeds()?)?;
        let total = simulate.cells() as u64 * simulate.units();
        let table = with_progress(total, self.values.quiet, |running| simulate.run(running));
        let table = table?.ok_or_else(|| stopped(simulate.left()))?;
        let mut written = Vec::new();
        if let Some(path) = &self.runs {
            write_atomically(path, |w| write_table(&table, w))?;
            written.push(path.display().to_string());
        }
        let model = simulate.model().description();
        let measurements = check.measurements(&table, model, "the simulation")?;
        let headline = headline(check.theories()[0].name(), &measurements, "simulation");
        Ok(Measured {
            measurements,
            given,
            parameters: simulate.sets().constants(),
            description: simulate.describe(),
            headline,
            written,
            model,
            simulate: Some(simulate),
        })
    }
}

/// What can be simulated of a theory.
fn simulated(theory: &Theory) -> Option<&'static Description> {
    let all = overlaps_models::all();
    let mut all = all.iter().map(|model| model.description());
    all.find(|model| theory.description.describes.iter().any(|word| model.describes.contains(&word.as_str())))
}

/// Which overlaps are missing in which lines; nothing of what is missing throughout.
fn missing_lines(measurements: &Measurements) -> Option<String> {
    let columns: Vec<String> = measurements
        .overlaps
        .iter()
        .filter_map(|name| {
            let of_column = measurements.missing.iter().filter(|(_, column)| column == name);
            let lines: Vec<usize> = of_column.map(|(line, _)| *line).collect();
            let some = !lines.is_empty() && lines.len() < measurements.rows.len();
            some.then(|| format!("{name} in {}", lines_in_words(&lines)))
        })
        .collect();
    (!columns.is_empty()).then(|| columns.join("; "))
}

/// The parameters of a side file (its object `parameters`), or of an object of numbers and words.
fn parameters_of_file(path: &Path, check: &experiment::Check, model: &Description) -> anyhow::Result<Given> {
    let place = path.display();
    let text = text_of_file(path, LARGEST_TEXT).with_context(|| format!("cannot read '{place}'"))?;
    let content: Json = serde_json::from_str(&text).with_context(|| format!("'{place}' is not JSON"))?;
    let object = content.get("parameters").unwrap_or(&content).as_object();
    let Some(object) = object else {
        bail!(
            "'{place}' holds no parameters; it is to be a side file, or an object like {{\"n\": 8, \"p\": 0.75}}"
        );
    };
    let mut parameters = Vec::new();
    for (name, value) in object {
        let meant = check.meant(name, model)?;
        let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let given = match (number.filter(|x| !x.is_nan()), value.as_str()) {
            (Some(number), _) => Value::Number(number),
            (None, Some(word)) => Value::from(word),
            _ => bail!("'{place}': {name} = {value} is not a number"),
        };
        meant.check(&given).with_context(|| format!("'{place}'"))?;
        parameters.push((meant.name, given));
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
