//! `critical` in a study: a cell holds the changes along the curve of one combination of parameters.

use super::{Critical, figure};
use crate::cli::sweep::Work;
use crate::experiment::{self, Experiment};
use crate::output::{Figure, Table};
use crate::study::Study;

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
