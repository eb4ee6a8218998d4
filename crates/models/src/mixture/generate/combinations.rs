//! A flow for every combination of swept parameters: a cell holds all data sets of one, the theory of them and the verdict.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::error::GenerateError;
use super::run::Generation;
use super::whose::Flows;
use crate::mixture::simulate::Runs;
use overlaps::compare::Verdict;
use overlaps::experiment::{Computed, DataSets, Experiment, ExperimentError, Failure, each};
use overlaps::model::{Description, Model, ModelError, Running};
use overlaps::output::{Cell, Column, Role};
use overlaps::study::{Plan, Wanted};

/// What is made of data sets, whatever their parameters: samples, or U-turns.
pub trait Sampling: Sync {
    /// What side files call it.
    fn name(&self) -> &'static str;

    /// The parameters that it has.
    fn description(&self) -> &'static Description;

    /// Whose flows, on which data sets.
    fn flows(&self) -> &Flows;

    /// The columns of its rows.
    fn columns(&self) -> Vec<Column>;

    /// The data sets of everything that is asked for, checked.
    ///
    /// # Errors
    /// Unknown names, impossible values.
    fn runs(&self, wanted: Wanted) -> Result<Runs, ExperimentError>;

    /// The times at which denoisers are learnt.
    fn times(&self, runs: &Runs) -> Vec<f64>;

    /// The rows of data sets and of theory, with the verdict; none where an interruption was asked for.
    ///
    /// # Errors
    /// What keeps a data set from being computed, a theory that does not converge.
    fn outcome(&self, runs: &Runs, running: &Running) -> Result<Option<Outcome>, ExperimentError>;

    /// Computes something for every data set, in parallel; none where an interruption was asked for.
    ///
    /// # Errors
    /// The first failure, which ends the others too.
    fn each<T: Send>(
        &self,
        generations: &[Generation],
        running: &Running,
        of: impl Fn(&Generation, &Running) -> Result<Option<T>, GenerateError> + Sync,
    ) -> Result<Option<Vec<T>>, ExperimentError> {
        self.flows().denoiser.prepare()?;
        let all = each(0..generations.len(), running, |place, running| of(&generations[place], running));
        Ok(all.map_err(ModelError::from)?)
    }
}

/// What comes out of one combination of parameters.
pub struct Outcome {
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
    /// Whether they agree with theory.
    pub verdict: Verdict,
    /// Data sets of which a denoiser did not converge.
    pub not_converged: usize,
}

/// The same for every combination of swept parameters, each with its own verdict.
pub struct Combinations<S> {
    sampling: S,
    /// Fixed and swept, as given; what a flow needs beside is filled in for every cell.
    plan: Plan,
    columns: Vec<Column>,
}

impl<S: Sampling> Combinations<S> {
    /// One cell for every combination of what is swept.
    ///
    /// # Errors
    /// Those of [`Sampling::runs`], for any cell.
    pub fn new(sampling: S, wanted: &Wanted) -> Result<Combinations<S>, ExperimentError> {
        let plan = DataSets::new(sampling.description(), wanted, 0..1)?.plan;
        let mut columns = sampling.columns();
        columns.push(Column::new(
            "verdict",
            "agrees, disagrees or undecided: the samples with the theory at their d",
            Role::Label,
        ));
        let combinations = Combinations { sampling, plan, columns };
        (0..combinations.plan.cells()).try_for_each(|cell| combinations.at(cell).map(drop))?;
        Ok(combinations)
    }

    fn at(&self, cell: usize) -> Result<Runs, ExperimentError> {
        let mut wanted = Wanted::default();
        self.plan.parameters(cell).into_iter().for_each(|(name, value)| wanted.set(&name, value));
        if let Some(controls) = &self.plan.controls {
            wanted.sweep(self.sampling.description().control.name, controls.iter().copied())?;
        }
        self.sampling.runs(wanted)
    }
}

impl<S: Sampling> Experiment for Combinations<S> {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let Some(outcome) = self.sampling.outcome(&self.at(cell)?, running)? else { return Ok(None) };
        let Outcome { mut rows, verdict, not_converged } = outcome;
        rows.iter_mut().for_each(|row| row.push(Cell::from(verdict.name())));
        let mut computed = Computed::new(rows, not_converged);
        computed.counts.disagreeing = u64::from(verdict == Verdict::Disagrees);
        Ok(Some(computed))
    }

    fn forget(&self, cell: usize) {
        // A cell that was computed can be computed.
        if let Ok(runs) = self.at(cell) {
            runs.forget(&self.sampling.times(&runs));
        }
    }

    fn finish(&self) {
        (0..self.cells()).for_each(|cell| self.forget(cell));
        self.sampling.flows().denoiser.finish();
    }

    fn within(&self) -> IndexMap<String, Json> {
        let seeds = &self.sampling.flows().seeds;
        [("seeds".to_string(), json!([seeds.start, seeds.end - seeds.start]))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        let flows = self.sampling.flows();
        let mut parameters = self.at(0).map(|runs| flows.parameters(&runs)).unwrap_or_default();
        parameters.retain(|name, _| !self.plan.swept.iter().any(|swept| swept.name == *name));
        (self.sampling.name().into(), parameters)
    }
}
