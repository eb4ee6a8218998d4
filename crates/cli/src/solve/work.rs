//! `solve` in a study: a cell is the curve of one combination of parameters.

use super::Solve;
use crate::figure::{figure, subtitle};
use crate::sweep::Work;
use overlaps::experiment::{self, Experiment};
use overlaps::output::{Role, Table};
use overlaps::study::Study;
use overlaps_figures::Figure;

impl Solve {
    /// The cells of a study.
    ///
    /// # Errors
    /// Those of the command.
    pub fn work(mut self, study: &Study) -> anyhow::Result<Box<dyn Work>> {
        self.values.take(study);
        Ok(Box::new(self.prepared()?))
    }
}

impl Work for experiment::Solve {
    fn drawn(&self) -> Option<Vec<String>> {
        Some(self.theories()[0].description.plot.clone())
    }

    fn mapped(&self) -> Option<&str> {
        // Several branches at one place have no place in a map.
        if self.has_branches() {
            return None;
        }
        Some(&self.columns().iter().find(|column| column.role == Role::Control)?.name)
    }

    fn curves(&self, table: &Table, columns: &[String]) -> anyhow::Result<Figure> {
        figure(self.theories(), self.plan(), table, columns, self.has_branches())
    }

    fn heading(&self) -> (String, String) {
        (self.theories()[0].description.title.clone(), subtitle(self.theories(), self.plan()))
    }
}
