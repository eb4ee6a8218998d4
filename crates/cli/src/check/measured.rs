//! The measurements of a check: simulated here, or read from a file.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::Check;
use overlaps::compare::{Measurements, report};
use overlaps::experiment::{self, Experiment, Read, Simulate};
use overlaps::model::{Description, Model};
use overlaps::output::Table;
use overlaps::output::csv::write_table;
use overlaps::output::json::of_value;
use overlaps::output::write_atomically;
use overlaps::system::Theory;
use overlaps::value::Given;
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
    /// What is left out of a file, and what is taken by default.
    pub notes: Vec<String>,
    /// What the columns are of.
    pub model: &'static Description,
    simulate: Option<Simulate>,
}

impl Measured {
    /// Whether every run that was made here converged.
    pub fn complete(&self) -> bool {
        self.simulate.is_none() || self.measurements.left_out == 0
    }

    /// Which runs that were made here did not converge.
    pub fn left_out(&self) -> Option<String> {
        let left_out = self.measurements.left_out;
        (!self.complete()).then(|| format!("{left_out} runs that did not converge are left out"))
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
    pub fn measured(
        &self,
        check: &experiment::Check,
        csv: Option<&Path>,
        run: impl FnOnce(&Simulate) -> anyhow::Result<Table>,
    ) -> anyhow::Result<Measured> {
        match &self.against {
            Some(path) => self.read(path, check),
            None => self.simulate(check, csv, run),
        }
    }

    fn read(&self, path: &Path, check: &experiment::Check) -> anyhow::Result<Measured> {
        let theory = &check.theories()[0];
        // Columns of the denoiser are known too where nothing of the theory is simulated.
        let model = simulated(&theory.description).unwrap_or(&DENOISER);
        let read = check.read(path, self.given(check, model)?, model).map_err(anyhow::Error::from_boxed)?;
        let Read { measurements, given, notes } = read;
        let place = path.display().to_string();
        Ok(Measured {
            parameters: given.iter().map(|(name, value)| (name.clone(), of_value(value))).collect(),
            description: json!({ "file": place, "rows": measurements.rows.len() }),
            headline: report::headline(&measurements, theory.name(), &place),
            measurements,
            given,
            written: Vec::new(),
            notes,
            model,
            simulate: None,
        })
    }

    /// What --set and --parameters give, by the names of the theories.
    ///
    /// # Errors
    /// Unknown names, words for numbers, contradictions.
    pub fn given(&self, check: &experiment::Check, model: &Description) -> anyhow::Result<Given> {
        let given = check.given(self.parameters.as_deref(), &self.values.wanted().set, model);
        given.map_err(anyhow::Error::from_boxed)
    }

    /// What is simulated of a theory.
    pub fn model(&self, theory: &Theory, csv: Option<&Path>) -> anyhow::Result<Arc<dyn Model>> {
        let Some(description) = simulated(&theory.description) else {
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

    fn simulate(
        &self,
        check: &experiment::Check,
        csv: Option<&Path>,
        run: impl FnOnce(&Simulate) -> anyhow::Result<Table>,
    ) -> anyhow::Result<Measured> {
        let model = self.model(&check.theories()[0], csv)?;
        let given = self.given(check, model.description())?;
        let wanted = self.simulation.wanted(self.swept())?;
        let (simulate, given) = check.simulate(model, given, wanted, self.simulation.seeds()?)?;
        let table = run(&simulate)?;
        let mut written = Vec::new();
        if let Some(path) = &self.runs {
            write_atomically(path, |w| write_table(&table, w))?;
            written.push(path.display().to_string());
        }
        let model = simulate.model().description();
        let measurements = check.measurements(&table, model, "the simulation")?;
        let headline = report::headline(&measurements, check.theories()[0].name(), "simulation");
        Ok(Measured {
            measurements,
            given,
            parameters: simulate.sets().constants(),
            description: simulate.describe(),
            headline,
            written,
            notes: Vec::new(),
            model,
            simulate: Some(simulate),
        })
    }
}

/// What can be simulated of the theory that a file describes so.
pub fn simulated(theory: &overlaps::system::Description) -> Option<&'static Description> {
    let all = overlaps_models::all();
    let mut all = all.iter().map(|model| model.description());
    all.find(|model| theory.describes.iter().any(|word| model.describes.contains(&word.as_str())))
}
