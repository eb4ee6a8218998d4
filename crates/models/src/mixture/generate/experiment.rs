//! Samples of many data sets with the theory of them, and the verdict: what `overlaps generate` does.

use super::combinations::{Outcome, Sampling};
use super::comparison::Comparison;
use super::flow::Integrator;
use super::kept::Kept;
use super::predictions::Predictions;
use super::rows::{columns, rows};
use super::run::{Generated, Generation};
use super::saved::Saved;
use super::whose::{Flows, Whose};
use crate::mixture::FLOW;
use crate::mixture::simulate::{DataRule, Method, Runs};
use overlaps::compare::Rules;
use overlaps::experiment::ExperimentError;
use overlaps::model::{Description, ModelError, Running};
use overlaps::output::{Cell, Column};
use overlaps::study::{Plan, PlanError, Wanted};
use serde_json::{Value as Json, json};

/// How samples are generated.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Whose, on which data sets.
    pub flows: Flows,
    /// How the flow is integrated.
    pub integrator: Integrator,
    /// Reduced coordinates, or arrays of d numbers.
    pub data: DataRule,
    /// How theory is judged.
    pub rules: Rules,
}

impl Flow {
    /// What is generated on each.
    pub fn generations<'r>(&self, runs: &'r Runs) -> Vec<Generation<'r>> {
        let generations = self.flows.generations(runs).into_iter();
        let own = |generation| Generation { integrator: self.integrator, data: self.data, ..generation };
        generations.map(own).collect()
    }

    /// Units of progress of a data set.
    pub fn units(&self) -> u64 {
        let Flows { whose, denoiser, steps, .. } = &self.flows;
        match (whose, &denoiser.method) {
            (Whose::Learnt, Method::Trained { training, .. }) => training.epochs * *steps as u64,
            (Whose::Learnt, _) if self.integrator != Integrator::Adaptive => *steps as u64,
            _ => 1,
        }
    }

    /// Samples of every data set, in parallel; and where a file for their denoisers is given that is not there yet, what it is to hold.
    /// None where an interruption was asked for.
    ///
    /// # Errors
    /// The first failure, which ends the others too.
    pub fn generated(
        &self,
        runs: &Runs,
        generations: &[Generation],
        kept: Option<&Kept>,
        running: &Running,
    ) -> Result<Option<Samplings>, ExperimentError> {
        let all = self.each(generations, running, |generation, running| match kept {
            Some(kept) => kept.generate(generation, running),
            None => {
                let generated = generation.generate(running.interrupted, running.progress)?;
                Ok(generated.map(|generated| (generated, None)))
            }
        });
        let Some(all) = all? else { return Ok(None) };
        let (mut outcomes, mut learnt) = (Vec::new(), None);
        for (generation, (generated, networks)) in generations.iter().zip(all) {
            if let Some(networks) = networks {
                let empty = || Saved::new(&generation.setting, generation.steps, runs.learning());
                learnt.get_or_insert_with(empty).add(generation.seed, &generation.times(), &networks);
            }
            outcomes.push(generated);
        }
        Ok(Some(Samplings { outcomes, learnt }))
    }

    /// What the side file says of them.
    pub fn describe(&self, runs: &Runs) -> Json {
        let Flows { whose, steps, samples, .. } = &self.flows;
        let mut said = json!({
            "denoiser": whose.name(),
            "integrator": self.integrator.name(),
            "steps": steps,
            "samples": samples,
        });
        if *whose == Whose::Learnt {
            said["learning"] = runs.learning();
        }
        let described = runs.describe();
        for name in ["first_seed", "seeds"] {
            said[name] = described[name].clone();
        }
        said
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

impl Sampling for Flow {
    fn name(&self) -> &'static str {
        "generation"
    }

    fn description(&self) -> &'static Description {
        &FLOW
    }

    fn flows(&self) -> &Flows {
        &self.flows
    }

    fn columns(&self) -> Vec<Column> {
        columns()
    }

    fn runs(&self, wanted: Wanted) -> Result<Runs, ExperimentError> {
        let runs = self.flows.runs(wanted, true, &[2.0])?;
        refuse_control(&runs.plan)?;
        self.generations(&runs).iter().try_for_each(Generation::check).map_err(ModelError::from)?;
        Ok(runs)
    }

    fn times(&self, runs: &Runs) -> Vec<f64> {
        self.generations(runs).first().map(Generation::times).unwrap_or_default()
    }

    fn outcome(&self, runs: &Runs, running: &Running) -> Result<Option<Outcome>, ExperimentError> {
        let generations = self.generations(runs);
        let Some(generated) = self.generated(runs, &generations, None, running)? else { return Ok(None) };
        let outcomes = generated.outcomes;
        let Compared { rows, comparison, .. } = self.compared(&runs.plan, &generations, &outcomes)?;
        let not_converged = outcomes.iter().filter(|outcome| !outcome.converged).count();
        Ok(Some(Outcome { rows, verdict: comparison.verdict(), not_converged }))
    }
}

/// Samples of every data set.
pub struct Samplings {
    /// In the order of the data sets.
    pub outcomes: Vec<Generated>,
    /// The denoisers behind them, where a file is to keep them.
    pub learnt: Option<Saved>,
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
