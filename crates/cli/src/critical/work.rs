//! `critical` in a study: a cell holds the changes along the curve of one combination of parameters.

use super::{Critical, figure};
use crate::sweep::Work;
use overlaps::experiment::{self, Experiment};
use overlaps::output::Table;
use overlaps::study::Study;
use overlaps_figures::Figure;

impl Critical {
    /// The cells of a study.
    ///
    /// # Errors
    /// Those of the command.
    pub fn work(mut self, study: &Study) -> anyhow::Result<Box<dyn Work>> {
        self.values.take(study);
        Ok(Box::new(self.prepared()?))
    }
}

impl Work for experiment::Critical {
    fn drawn(&self) -> Option<Vec<String>> {
        Some(Vec::new())
    }

    fn check_curves(&self) -> anyhow::Result<()> {
        figure::x_of(self.plan()).map(drop)
    }

    fn curves(&self, table: &Table, _columns: &[String]) -> anyhow::Result<Figure> {
        figure::figure(self.theory(), self.plan(), table)
    }
}
