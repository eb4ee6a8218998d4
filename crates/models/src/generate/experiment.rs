//! Samples of many data sets with the theory of them, and the verdict: what `overlaps generate` does.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::comparison::Comparison;
use super::error::GenerateError;
use super::flow::Integrator;
use super::predictions::Predictions;
use super::rows::{columns, rows};
use super::run::{Denoisers, Generated, Generation};
use crate::model::FLOW;
use crate::simulate::{DataRule, Denoiser, LabelRule, Method, Run, Runs, smallest_dimension};
use overlaps::compare::{Rules, Verdict};
use overlaps::experiment::{Computed, DataSets, Experiment, ExperimentError, Failure};
use overlaps::model::{ModelError, Running};
use overlaps::name::ascii_name;
use overlaps::output::{Cell, Column, Role};
use overlaps::study::{Plan, PlanError, Wanted};

/// Whose flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// That of the exact denoiser, E[x₁|x].
    Exact,
    /// That of denoisers learnt on n samples.
    Learnt,
}

impl Whose {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Whose::Exact => "exact",
            Whose::Learnt => "learnt",
        }
    }

    /// Parameters of a simulation that have no part in the flow.
    pub fn unused(self) -> &'static [&'static str] {
        match self {
            Whose::Exact => &["n", "k", "lambda", "ell", "p_test"],
            Whose::Learnt => &["p_test"],
        }
    }

    /// Fills in what a flow with these denoisers needs beside what is given: no data for the exact one; learnt ones, where no
    /// d is given and the cost does not depend on it, are those of a d at which theory holds.
    ///
    /// # Errors
    /// Values that only a learnt denoiser has.
    pub fn complete(self, wanted: &mut Wanted, denoiser: &mut Denoiser) -> Result<(), ExperimentError> {
        let swept = wanted.sweep.iter().chain(wanted.zip.iter().flatten()).map(|sweep| &sweep.name);
        let names: Vec<&String> = wanted.set.iter().map(|set| &set.name).chain(swept).collect();
        let spelled = |name: &str| ascii_name(name).unwrap_or_else(|| name.to_string());
        if self == Whose::Exact {
            if let Some(name) = names.iter().find(|name| self.unused().contains(&spelled(name).as_str())) {
                return Err(ExperimentError::Given(format!(
                    "the exact denoiser is not learnt, so that {name} has no part in it; use --denoiser learnt"
                )));
            }
            without_data(wanted);
            denoiser.labels = LabelRule::Drawn;
        } else if denoiser.method.data() == DataRule::Gram && !names.iter().any(|name| spelled(name) == "d") {
            let sets = DataSets::new(&FLOW, wanted, 0..1)?;
            wanted.set("d", smallest_dimension(sets.points()));
        }
        Ok(())
    }

    /// One data set and its flow in reduced coordinates, by Euler's method.
    pub fn generation<'s>(self, run: &Run<'s>, steps: usize, samples: usize) -> Generation<'s> {
        Generation {
            setting: run.setting,
            seed: run.seed,
            labels: run.labels,
            denoisers: match self {
                Whose::Exact => Denoisers::Exact,
                Whose::Learnt => Denoisers::Learnt(run.method),
            },
            steps,
            samples,
            integrator: Integrator::Euler,
            data: DataRule::Gram,
        }
    }
}

/// Values for the parameters of a training set where there is none: as few samples as there can be, so that every dimension is
/// possible.
pub fn without_data(wanted: &mut Wanted) {
    wanted.set("n", 2.0);
    wanted.set("p_test", 0.5);
}

/// How samples are generated.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Whose flow.
    pub whose: Whose,
    /// How denoisers are learnt.
    pub denoiser: Denoiser,
    /// Steps from t = 0 to 2.
    pub steps: usize,
    /// Samples per data set.
    pub samples: usize,
    /// How the flow is integrated.
    pub integrator: Integrator,
    /// Reduced coordinates, or arrays of d numbers.
    pub data: DataRule,
    /// Data sets per combination.
    pub seeds: Range<u64>,
    /// How theory is judged.
    pub rules: Rules,
}

impl Flow {
    /// The data sets of everything that is asked for, checked.
    ///
    /// # Errors
    /// Unknown names, impossible values, a time, which has no place here.
    pub fn runs(&self, mut wanted: Wanted) -> Result<Runs, ExperimentError> {
        let mut denoiser = self.denoiser.clone();
        self.whose.complete(&mut wanted, &mut denoiser)?;
        let runs = Runs::new(denoiser, &wanted, self.seeds.clone(), true, &[2.0])?;
        refuse_control(&runs.plan)?;
        self.generations(&runs).iter().try_for_each(Generation::check).map_err(ModelError::from)?;
        Ok(runs)
    }

    /// What is generated on each.
    pub fn generations<'r>(&self, runs: &'r Runs) -> Vec<Generation<'r>> {
        let generation = |cell| Generation {
            integrator: self.integrator,
            data: self.data,
            ..self.whose.generation(&runs.run(cell), self.steps, self.samples)
        };
        (0..runs.cells()).map(generation).collect()
    }

    /// Units of progress of a data set.
    pub fn units(&self) -> u64 {
        match (self.whose, &self.denoiser.method) {
            (Whose::Learnt, Method::Trained { training, .. }) => training.epochs * self.steps as u64,
            (Whose::Learnt, _) if self.integrator != Integrator::Adaptive => self.steps as u64,
            _ => 1,
        }
    }

    /// Generates something for every data set, in parallel; none where an interruption was asked for.
    ///
    /// # Errors
    /// The first failure, which ends the others too.
    pub fn each<T: Send>(
        &self,
        generations: &[Generation],
        running: &Running,
        of: impl Fn(&Generation, &Running) -> Result<Option<T>, GenerateError> + Sync,
    ) -> Result<Option<Vec<T>>, ExperimentError> {
        self.denoiser.prepare()?;
        let failed = AtomicBool::new(false);
        let interrupted = || (running.interrupted)() || failed.load(Ordering::Relaxed);
        let running = Running { interrupted: &interrupted, ..*running };
        let one = |generation: &Generation| match interrupted() {
            true => Ok(None),
            false => of(generation, &running).inspect_err(|_| failed.store(true, Ordering::Relaxed)),
        };
        let all: Vec<Result<Option<T>, GenerateError>> = generations.par_iter().map(one).collect();
        let mut complete = Some(Vec::with_capacity(all.len()));
        for result in all {
            match (result.map_err(ModelError::from)?, &mut complete) {
                (Some(result), Some(all)) => all.push(result),
                _ => complete = None,
            }
        }
        Ok(complete)
    }

    /// Sets samples beside theory: the rows of both, the theory and the comparison.
    ///
    /// # Errors
    /// A theory that does not converge.
    pub fn compared(
        &self,
        plan: &Plan,
        generations: &[Generation],
        outcomes: &[Generated],
    ) -> Result<Compared, ExperimentError> {
        let predictions = Predictions::new(generations, outcomes).map_err(ModelError::from)?;
        let samples =
            generations.iter().zip(outcomes).flat_map(|(generation, generated)| rows(generation, generated));
        let all = samples.chain(predictions.rows(generations)).collect();
        let comparison = Comparison::new(plan, generations, outcomes, &predictions, &self.rules)
            .map_err(ModelError::from)?;
        Ok(Compared { rows: all, predictions, comparison })
    }
}

/// Samples beside theory.
pub struct Compared {
    /// The rows of samples, then those of theory.
    pub rows: Vec<Vec<Cell>>,
    /// What theory says.
    pub predictions: Predictions,
    /// The comparison, with its verdict.
    pub comparison: Comparison,
}

/// A flow for every combination of swept parameters, each with its own verdict.
pub struct Generations {
    flow: Flow,
    /// Fixed and swept, as given; what a flow needs beside is filled in for every cell.
    plan: Plan,
    columns: Vec<Column>,
}

impl Generations {
    /// One cell for every combination of what is swept.
    ///
    /// # Errors
    /// Those of [`Flow::runs`], for any cell.
    pub fn new(flow: Flow, wanted: &Wanted) -> Result<Generations, ExperimentError> {
        let plan = DataSets::new(&FLOW, wanted, 0..1)?.plan;
        refuse_control(&plan)?;
        let mut columns = columns();
        columns.push(Column::new(
            "verdict",
            "agrees, disagrees or undecided: the samples with the theory at their d",
            Role::Label,
        ));
        let generations = Generations { flow, plan, columns };
        (0..generations.plan.cells()).try_for_each(|cell| generations.at(cell).map(drop))?;
        Ok(generations)
    }

    fn at(&self, cell: usize) -> Result<Runs, ExperimentError> {
        let mut wanted = Wanted::default();
        self.plan.parameters(cell).into_iter().for_each(|(name, value)| wanted.set(&name, value));
        self.flow.runs(wanted)
    }
}

impl Experiment for Generations {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let runs = self.at(cell)?;
        let generations = self.flow.generations(&runs);
        let generate = |generation: &Generation, running: &Running| {
            generation.generate(running.interrupted, running.progress)
        };
        let Some(outcomes) = self.flow.each(&generations, running, generate)? else { return Ok(None) };
        let Compared { mut rows, comparison, .. } =
            self.flow.compared(&runs.plan, &generations, &outcomes)?;
        let verdict = comparison.verdict();
        rows.iter_mut().for_each(|row| row.push(Cell::from(verdict.name())));
        let failed = outcomes.iter().filter(|outcome| !outcome.converged).count();
        let mut computed = Computed::new(rows, failed);
        computed.counts.disagreeing = u64::from(verdict == Verdict::Disagrees);
        Ok(Some(computed))
    }

    fn forget(&self, cell: usize) {
        // A cell that was computed can be computed.
        if let Ok(runs) = self.at(cell) {
            let times = self.flow.generations(&runs).first().map(Generation::times);
            runs.forget(&times.unwrap_or_default());
        }
    }

    fn finish(&self) {
        (0..self.cells()).for_each(|cell| self.forget(cell));
        overlaps::model::Model::finish(&self.flow.denoiser);
    }

    fn within(&self) -> IndexMap<String, Json> {
        let seeds = &self.flow.seeds;
        [("seeds".to_string(), json!([seeds.start, seeds.end - seeds.start]))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        let mut parameters = self.at(0).map(|runs| runs.parameters()).unwrap_or_default();
        let swept = |name: &String| self.plan.swept.iter().any(|s| s.name == *name);
        parameters.retain(|name, _| !swept(name) && !self.flow.whose.unused().contains(&name.as_str()));
        ("generation".into(), parameters)
    }
}

/// Samples are generated through all times.
fn refuse_control(plan: &Plan) -> Result<(), PlanError> {
    match plan.controls {
        None => Ok(()),
        Some(_) => Err(PlanError::Given(
            "samples are generated from t = 0 to t = 2, so that t cannot be set; --steps says how many steps that takes"
                .into(),
        )),
    }
}
