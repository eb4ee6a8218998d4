//! Whose flow: that of the exact denoiser or of learnt ones, and what either needs beside what is given.

use std::ops::Range;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::flow::Integrator;
use super::run::{Denoisers, Generation};
use crate::mixture::FLOW;
use crate::mixture::simulate::{DataRule, Denoiser, LabelRule, Run, Runs, smallest_dimension};
use overlaps::experiment::{DataSets, ExperimentError};
use overlaps::name::ascii_name;
use overlaps::study::Wanted;

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

    /// The columns of its figure.
    pub fn drawn(self) -> Vec<String> {
        let names: &[&str] = match self {
            Whose::Exact => &["fraction_plus", "nu_plus", "M_plus", "variance"],
            Whose::Learnt => &["fraction_plus", "M_plus", "variance", "eta"],
        };
        names.iter().map(|name| name.to_string()).collect()
    }

    /// What is given of these, as it was spelled.
    pub(super) fn unused_among(self, wanted: &Wanted) -> Option<String> {
        let spelled = |name: &str| ascii_name(name).unwrap_or_else(|| name.to_string());
        let mut names = wanted.names();
        names.find(|name| self.unused().contains(&spelled(name).as_str())).map(String::from)
    }

    /// Fills in what a flow with these denoisers needs beside what is given: no data for the exact one; learnt ones, where no
    /// d is given and the cost does not depend on it, are those of a d at which theory holds.
    ///
    /// # Errors
    /// Values that only a learnt denoiser has.
    pub fn complete(self, wanted: &mut Wanted, denoiser: &mut Denoiser) -> Result<(), ExperimentError> {
        if self == Whose::Exact {
            if let Some(name) = self.unused_among(wanted) {
                return Err(ExperimentError::Given(format!(
                    "the exact denoiser is not learnt, so that {name} has no part in it; use --denoiser learnt"
                )));
            }
            without_data(wanted);
            denoiser.labels = LabelRule::Drawn;
        } else if denoiser.method.data() == DataRule::Gram && !wanted.gives("d") {
            let sets = DataSets::new(&FLOW, wanted, 0..1)?;
            wanted.set("d", smallest_dimension(sets.points()));
        }
        Ok(())
    }
}

/// Flows on data sets.
#[derive(Debug, Clone)]
pub struct Flows {
    /// Whose.
    pub whose: Whose,
    /// How denoisers are learnt.
    pub denoiser: Denoiser,
    /// Steps from t = 0 to 2.
    pub steps: usize,
    /// Samples per data set; of U-turns those of each class and turn.
    pub samples: usize,
    /// Data sets per combination.
    pub seeds: Range<u64>,
}

impl Flows {
    /// The data sets of everything that is asked for, as [`Runs::new`] has them.
    pub(super) fn runs(
        &self,
        mut wanted: Wanted,
        flow: bool,
        times: &[f64],
    ) -> Result<Runs, ExperimentError> {
        let mut denoiser = self.denoiser.clone();
        self.whose.complete(&mut wanted, &mut denoiser)?;
        Runs::new(denoiser, &wanted, self.seeds.clone(), flow, times)
    }

    /// The values of the parameters that are not swept, without those that have no part in the flow.
    pub fn parameters(&self, runs: &Runs) -> IndexMap<String, Json> {
        let mut parameters = runs.parameters();
        parameters.retain(|name, _| !self.whose.unused().contains(&name.as_str()));
        parameters
    }

    /// Each data set and its flow in reduced coordinates, by Euler's method.
    pub fn generations<'r>(&self, runs: &'r Runs) -> Vec<Generation<'r>> {
        let generation = |run: Run<'r>| Generation {
            setting: run.setting,
            seed: run.seed,
            labels: run.labels,
            denoisers: match self.whose {
                Whose::Exact => Denoisers::Exact,
                Whose::Learnt => Denoisers::Learnt(run.method),
            },
            steps: self.steps,
            samples: self.samples,
            integrator: Integrator::Euler,
            data: DataRule::Gram,
        };
        (0..runs.cells()).map(|cell| generation(runs.run(cell))).collect()
    }
}

/// Values for the parameters of a training set where there is none: as few samples as there can be, so that every dimension is
/// possible.
pub fn without_data(wanted: &mut Wanted) {
    wanted.set("n", 2.0);
    wanted.set("p_test", 0.5);
}
