//! `simulate` in a study: a cell is a data set, learnt at all its times.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;

use super::Simulate;
use crate::points;
use crate::simulation::{Simulation, default_times};
use crate::sweep::Work;
use overlaps::experiment::{Computed, Experiment, Failure};
use overlaps::output::{Cell, Column, Table};
use overlaps::solve::NOT_CONVERGED;
use overlaps::study::{Plan, Study};
use overlaps_figures::Figure;
use overlaps_models::simulate::{columns, rows};

struct DataSets {
    simulation: Simulation,
    columns: Vec<Column>,
    status: usize,
}

impl Simulate {
    /// The cells of a study; networks that are being trained are kept beside its CSV.
    ///
    /// # Errors
    /// Those of the command.
    pub fn work(mut self, study: &Study, csv: &Path) -> anyhow::Result<Box<dyn Work>> {
        self.values.take(study);
        let simulation = self.simulation.simulation(&self.values, Some(csv), default_times)?;
        let columns = columns();
        let status = columns.iter().position(|c| c.name == "status").unwrap_or_default();
        Ok(Box::new(DataSets { simulation, columns, status }))
    }
}

impl Experiment for DataSets {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.simulation.plan
    }

    fn cells(&self) -> usize {
        self.simulation.cells()
    }

    fn parameters(&self, cell: usize) -> Vec<(String, Cell)> {
        let fixed = self.plan().fixed.iter().map(|(name, value)| (name.clone(), Cell::from(value)));
        let swept = self.plan().swept_values(cell / self.simulation.seeds());
        let swept =
            self.plan().swept.iter().zip(swept).map(|(s, value)| (s.name.clone(), Cell::from(&value)));
        let seed = ("seed".to_string(), Cell::Integer(self.simulation.run(cell).seed));
        fixed.chain(swept).chain([seed]).collect()
    }

    fn compute(
        &self,
        cell: usize,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Computed>, Failure> {
        self.simulation.prepare()?;
        let run = self.simulation.run(cell);
        let Some(outcome) = run.measure(&self.simulation.times, interrupted, &|| {})? else {
            return Ok(None);
        };
        let rows = rows(&run, &self.simulation.times, &outcome);
        let failed = rows.iter().filter(|row| row[self.status] == Cell::from(NOT_CONVERGED)).count();
        Ok(Some(Computed::new(rows, failed)))
    }

    fn forget(&self, cell: usize) {
        self.simulation.forget(cell, &self.simulation.times);
    }

    fn finish(&self) {
        self.simulation.finish();
    }

    fn within(&self) -> IndexMap<String, Value> {
        let mut described = self.simulation.describe();
        if let Some(described) = described.as_object_mut() {
            // Seeds are cells.
            described.retain(|name, _| !name.ends_with("seed") && !name.ends_with("seeds"));
        }
        [("simulation".to_string(), described)].into()
    }

    fn described(&self) -> (String, IndexMap<String, Value>) {
        ("simulation".into(), self.simulation.parameters())
    }
}

impl Work for DataSets {
    fn drawn(&self) -> Option<Vec<String>> {
        Some(super::SHOWN.map(String::from).into())
    }

    fn mapped(&self) -> Option<&str> {
        Some("t")
    }

    fn curves(&self, table: &Table, columns: &[String]) -> anyhow::Result<Figure> {
        points::figure(table, &self.simulation, columns)
    }

    fn heading(&self) -> (String, String) {
        (points::TITLE.into(), points::subtitle(&self.simulation.parameters()))
    }
}
