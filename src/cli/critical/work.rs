//! `critical` in a study: a cell holds the changes along the curve of one combination of parameters.

use indexmap::IndexMap;
use serde_json::Value;

use super::{Critical, figure, outputs, rows, table};
use crate::cli::sweep::{Computed, Work, equations};
use crate::output::{Column, Figure, Table};
use crate::study::{Plan, Study};
use crate::system::Theory;

struct Changes {
    command: Critical,
    theory: Theory,
    plan: Plan,
    outputs: Vec<(String, String)>,
    columns: Vec<Column>,
}

impl Critical {
    /// The cells of a study.
    ///
    /// # Errors
    /// Those of the command.
    pub fn work(mut self, study: &Study) -> anyhow::Result<Box<dyn Work>> {
        self.values.take(study);
        let (theory, plan) = self.prepared()?;
        let outputs = outputs(&theory);
        let columns = table(&theory, &plan, &outputs).columns;
        Ok(Box::new(Changes { command: self, theory, plan, outputs, columns }))
    }
}

impl Work for Changes {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize) -> anyhow::Result<Option<Computed>> {
        let (found, failed) = self.command.changes(&self.theory, &self.plan, cell);
        Ok(Some(Computed::new(rows(&found, &self.plan, cell, &self.outputs), failed)))
    }

    fn drawn(&self) -> Option<Vec<String>> {
        Some(Vec::new())
    }

    fn check_curves(&self) -> anyhow::Result<()> {
        figure::x_of(&self.plan).map(drop)
    }

    fn curves(&self, table: &Table, _columns: &[String]) -> anyhow::Result<Figure> {
        figure::figure(&self.theory, &self.plan, table)
    }

    fn within(&self) -> IndexMap<String, Value> {
        let equations = equations(std::slice::from_ref(&self.theory));
        [("equations".to_string(), equations)].into()
    }

    fn described(&self) -> (String, IndexMap<String, Value>) {
        let theories = std::slice::from_ref(&self.theory);
        (self.theory.name().to_string(), self.plan.constants(theories))
    }
}
