//! `generate` in a study: a cell holds the samples of one combination of parameters, of all its data sets, with the theory
//! and the verdict.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::comparison::Comparison;
use super::predictions::Predictions;
use super::{Generate, no_control};
use crate::simulation::Simulation;
use crate::sweep::Work;
use overlaps::compare::Verdict;
use overlaps::experiment::{Computed, DataSets, Experiment, Failure};
use overlaps::model::Running;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::study::{Key, Plan, Study};
use overlaps_models::generate::columns;
use overlaps_models::model::FLOW;

struct Comparisons {
    /// The command, without sweeps.
    command: Generate,
    plan: Plan,
    columns: Vec<Column>,
    /// Where networks are kept while they are trained.
    networks: PathBuf,
}

impl Generate {
    /// The cells of a study; networks that are being trained are kept beside its CSV.
    ///
    /// # Errors
    /// Those of the command, for any cell.
    pub fn work(mut self, study: &Study, csv: &Path) -> anyhow::Result<Box<dyn Work>> {
        self.values.take(study);
        let plan = DataSets::new(&FLOW, &self.values.wanted(), 0..1)?.plan;
        if plan.controls.is_some() {
            return Err(no_control());
        }
        self.values.sweep.clear();
        self.values.zip.clear();
        self.values.quiet = true;
        let mut columns = columns();
        columns.push(Column::new(
            "verdict",
            "agrees, disagrees or undecided: the samples with the theory at their d",
            Role::Label,
        ));
        let work = Comparisons { command: self, plan, columns, networks: csv.with_extension("checkpoints") };
        for cell in 0..work.plan.cells() {
            let command = work.at(cell);
            command.generations(&command.checked_simulation(None)?)?;
        }
        Ok(Box::new(work))
    }
}

impl Comparisons {
    /// Where the networks of a cell are kept, but for the extension.
    fn folder(&self, cell: usize) -> PathBuf {
        self.networks.join(Key::of(&self.parameters(cell)).to_string())
    }

    /// The command of one cell.
    fn at(&self, cell: usize) -> Generate {
        let mut command = self.command.clone();
        command.values.set.extend(self.plan.assignments(cell));
        command
    }

    fn simulation(&self, cell: usize) -> anyhow::Result<(Generate, Simulation)> {
        let command = self.at(cell);
        let simulation = command.checked_simulation(Some(&self.folder(cell)))?;
        Ok((command, simulation))
    }
}

impl Experiment for Comparisons {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, _: &Running) -> Result<Option<Computed>, Failure> {
        let (command, simulation) = self.simulation(cell)?;
        let generations = command.generations(&simulation)?;
        let mut table = Table::new(columns());
        let outcomes = command.sampled(&simulation, &generations, None, None, &mut table)?;
        let predictions = Predictions::new(&generations, &outcomes)?;
        predictions.rows(&generations)?.into_iter().try_for_each(|row| table.push(row))?;
        let rules = command.rules();
        let comparison = Comparison::new(&simulation.plan, &generations, &outcomes, &predictions, &rules)?;
        let verdict = comparison.verdict();
        let mut rows = table.rows;
        rows.iter_mut().for_each(|row| row.push(Cell::from(verdict.name())));
        let failed = outcomes.iter().filter(|outcome| !outcome.converged).count();
        let mut computed = Computed::new(rows, failed);
        computed.counts.disagreeing = u64::from(verdict == Verdict::Disagrees);
        Ok(Some(computed))
    }

    fn forget(&self, cell: usize) {
        // Where no network was trained there is no such folder.
        let _ = std::fs::remove_dir_all(self.folder(cell).with_extension("checkpoints"));
    }

    fn finish(&self) {
        // A folder that is not empty, or was never made, stays as it is.
        let _ = std::fs::remove_dir(&self.networks);
    }

    fn within(&self) -> IndexMap<String, Value> {
        let simulation = &self.command.simulation;
        [("seeds".to_string(), json!([simulation.first_seed, simulation.seeds]))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Value>) {
        let simulation = self.at(0).checked_simulation(None);
        let mut parameters = simulation.map(|simulation| simulation.parameters()).unwrap_or_default();
        let swept = |name: &String| self.plan.swept.iter().any(|s| s.name == *name);
        parameters.retain(|name, _| !swept(name) && !self.command.denoiser.unused().contains(&name.as_str()));
        ("generation".into(), parameters)
    }
}

impl Work for Comparisons {}
