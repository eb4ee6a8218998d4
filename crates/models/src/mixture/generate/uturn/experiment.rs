//! U-turns of many data sets with their prediction, and the verdict: what `overlaps uturn` does.

use super::Forward;
use super::returns::{Returns, columns};
use super::turns::{Turned, Turns};
use crate::mixture::DENOISER;
use crate::mixture::generate::{Flows, Generation, Outcome, Sampling, Whose};
use crate::mixture::simulate::{Method, Runs};
use overlaps::experiment::ExperimentError;
use overlaps::model::{Description, ModelError, Running};
use overlaps::numeric::grid;
use overlaps::output::Column;
use overlaps::study::Wanted;
use serde_json::{Value as Json, json};

/// How U-turns are made and judged.
#[derive(Debug, Clone)]
pub struct UTurns {
    /// Whose flow, on which data sets.
    pub flows: Flows,
    /// How a sample goes on from its turn.
    pub forward: Forward,
    /// The levels of memory between which the class is decided.
    pub window: (f64, f64),
    /// How often a right theory may be rejected.
    pub level: f64,
}

impl UTurns {
    fn turns(&self, runs: &Runs) -> Turns {
        Turns::new(&runs.times, self.flows.steps, self.flows.samples, self.forward)
    }

    /// Units of progress of a data set.
    pub fn units(&self, runs: &Runs) -> u64 {
        let times = self.turns(runs).needed().len() as u64;
        match &self.flows.denoiser.method {
            Method::Trained { training, .. } => training.epochs * times,
            Method::Integrated { .. } => times,
        }
    }

    /// Turns the samples of every data set, in parallel; none where an interruption was asked for.
    ///
    /// # Errors
    /// Impossible data, checkpoints.
    pub fn turned(&self, runs: &Runs, running: &Running) -> Result<Option<Vec<Turned>>, ExperimentError> {
        let turns = self.turns(runs);
        self.each(&self.flows.generations(runs), running, |generation, running| {
            turns.turn(generation, running)
        })
    }

    /// What the side file says of them.
    pub fn describe(&self, runs: &Runs) -> Json {
        let Flows { whose, steps, samples, .. } = &self.flows;
        let described = runs.describe();
        let mut said = json!({
            "denoiser": whose.name(),
            "forward": self.forward.name(),
            "steps": steps,
            "samples": samples,
            "first_seed": described["first_seed"],
            "seeds": described["seeds"],
        });
        if *whose == Whose::Learnt {
            said["learning"] = runs.learning();
        }
        said
    }

    /// Sets them beside their prediction.
    ///
    /// # Errors
    /// A theory that does not converge.
    pub fn returns(&self, runs: &Runs, turned: &[Turned]) -> Result<Returns, ExperimentError> {
        let generations = self.flows.generations(runs);
        let returns = Returns::new(runs, &self.turns(runs), &generations, turned, self.window, self.level);
        Ok(returns.map_err(ModelError::from)?)
    }
}

impl Sampling for UTurns {
    fn name(&self) -> &'static str {
        "u-turn"
    }

    fn description(&self) -> &'static Description {
        &DENOISER
    }

    fn flows(&self) -> &Flows {
        &self.flows
    }

    fn columns(&self) -> Vec<Column> {
        columns()
    }

    fn runs(&self, wanted: Wanted) -> Result<Runs, ExperimentError> {
        if (self.flows.whose, self.forward) == (Whose::Learnt, Forward::Resample) {
            return Err(ExperimentError::Given(
                "--forward resample draws from the exact posterior; learnt denoisers have --forward sde only"
                    .into(),
            ));
        }
        let runs = self.flows.runs(wanted, false, &grid(0.0, 1.0, 21))?;
        self.flows.generations(&runs).iter().try_for_each(Generation::check).map_err(ModelError::from)?;
        Ok(runs)
    }

    fn times(&self, runs: &Runs) -> Vec<f64> {
        self.turns(runs).needed().to_vec()
    }

    fn outcome(&self, runs: &Runs, running: &Running) -> Result<Option<Outcome>, ExperimentError> {
        let Some(turned) = self.turned(runs, running)? else { return Ok(None) };
        let returns = self.returns(runs, &turned)?;
        let not_converged = turned.iter().filter(|turned| !turned.converged).count();
        Ok(Some(Outcome { verdict: returns.verdict(), rows: returns.rows.rows, not_converged }))
    }
}
