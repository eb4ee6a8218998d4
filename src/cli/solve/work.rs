//! `solve` in a study: a cell is the curve of one combination of parameters.

use indexmap::IndexMap;
use serde_json::Value;

use super::Solve;
use crate::cli::figure::{figure, subtitle};
use crate::cli::sweep::{Computed, Work, equations};
use crate::cli::tally::Tally;
use crate::output::{Column, Figure, Role, Table};
use crate::solve::Layout;
use crate::study::{Plan, Study};
use crate::system::Theory;

struct Curves {
    command: Solve,
    theories: Vec<Theory>,
    plan: Plan,
    layout: Layout,
    columns: Vec<Column>,
    status: usize,
}

impl Solve {
    /// The cells of a study.
    ///
    /// # Errors
    /// Those of the command.
    pub fn work(mut self, study: &Study) -> anyhow::Result<Box<dyn Work>> {
        self.values.take(study);
        let (theories, plan) = self.prepared()?;
        let (layout, columns) = self.layout(&theories, &plan);
        let status = columns.iter().position(|c| c.name == "status").unwrap_or_default();
        Ok(Box::new(Curves { command: self, theories, plan, layout, columns, status }))
    }
}

impl Work for Curves {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize) -> anyhow::Result<Option<Computed>> {
        let rows =
            self.command.solve_cell(&self.theories, &self.plan, &self.layout, &self.columns, cell).rows;
        let mut tally = Tally::new(&self.columns);
        rows.iter().for_each(|row| tally.count(row, self.status));
        Ok(Some(Computed::new(rows, tally.failed)))
    }

    fn drawn(&self) -> Option<Vec<String>> {
        Some(self.theories[0].description.plot.clone())
    }

    fn mapped(&self) -> Option<&str> {
        // Several branches at one place have no place in a map.
        if self.command.branches {
            return None;
        }
        Some(&self.columns.iter().find(|column| column.role == Role::Control)?.name)
    }

    fn curves(&self, table: &Table, columns: &[String]) -> anyhow::Result<Figure> {
        figure(&self.theories, &self.plan, table, columns, self.command.branches)
    }

    fn heading(&self) -> (String, String) {
        (self.theories[0].description.title.clone(), subtitle(&self.theories, &self.plan))
    }

    fn within(&self) -> IndexMap<String, Value> {
        [("equations".to_string(), equations(&self.theories))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Value>) {
        (self.theories[0].name().to_string(), self.plan.constants(&self.theories))
    }
}
