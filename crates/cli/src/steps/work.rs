//! `steps` in a study: a cell holds the rows of one schedule at one dimension.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::report::{cells, columns};
use super::run::{Costs, not_optimised};
use super::{Steps, parameters};
use crate::sweep::Work;
use overlaps::experiment::{Computed, Experiment, Failure};
use overlaps::model::Running;
use overlaps::output::Column;
use overlaps::study::{Plan, Study};
use overlaps_models::simulate::Runs;

struct Schedules {
    runs: Runs,
    costs: Costs,
    columns: Vec<Column>,
}

impl Steps {
    /// The cells of a study.
    ///
    /// # Errors
    /// Those of the command.
    pub fn work(mut self, study: &Study) -> anyhow::Result<Box<dyn Work>> {
        self.values.take(study);
        let runs = self.simulation()?;
        let costs = self.costs();
        for cell in 0..runs.cells() {
            costs.check(&runs.run(cell).setting)?;
        }
        Ok(Box::new(Schedules { runs, costs, columns: columns() }))
    }
}

impl Experiment for Schedules {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.runs.plan
    }

    fn compute(&self, cell: usize, _: &Running) -> Result<Option<Computed>, Failure> {
        let found = self.costs.of_cell(cell, &self.runs.run(cell).setting).map_err(not_optimised)?;
        let rows = |found: Vec<_>| found.iter().map(|row| cells(row, &self.costs)).collect();
        Ok(found.map(|found| Computed::new(rows(found), 0)))
    }

    fn within(&self) -> IndexMap<String, Value> {
        [("most".to_string(), json!(self.costs.most))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Value>) {
        ("steps".into(), parameters(&self.runs))
    }
}

impl Work for Schedules {}
