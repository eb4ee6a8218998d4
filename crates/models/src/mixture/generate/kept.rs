//! Denoisers that are kept in a file: used where it is there, else learnt and left there.

use std::path::{Path, PathBuf};

use super::flow::Integrator;
use super::run::{Denoisers, Generated, Generation, Networks};
use super::{GenerateError, Saved};
use crate::mixture::simulate::{DataRule, Runs};
use overlaps::experiment::Failure;
use overlaps::model::Running;
use overlaps::output::check_writable;

/// A file of denoisers, which may be there already.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    saved: Option<Saved>,
}

impl Kept {
    /// The file with the denoisers of these data sets, or with none yet.
    ///
    /// # Errors
    /// Several combinations of parameters, denoisers that are needed between steps or in arrays of d numbers; a file that holds others,
    /// or cannot be written.
    pub fn open(path: &Path, runs: &Runs, generations: &[Generation]) -> Result<Kept, Failure> {
        if !runs.plan.swept.is_empty() {
            return Err(
                "--denoisers holds one combination of parameters; leave out --sweep, or use a file for each"
                    .into(),
            );
        }
        let first = &generations[0];
        if first.integrator == Integrator::Adaptive {
            return Err(GenerateError::OnlyAtSteps { what: "saved denoisers" }.into());
        }
        if first.data == DataRule::Explicit {
            return Err(
                "--denoisers holds coordinates in the span of the data; leave out --data explicit".into()
            );
        }
        let kept = |saved| Kept { path: path.to_path_buf(), saved };
        if !path.exists() {
            check_writable(path)?;
            return Ok(kept(None));
        }
        let saved = Saved::read(path, &first.setting, first.steps, &runs.learning())?;
        for generation in generations {
            saved.networks(generation.seed, path)?;
        }
        Ok(kept(Some(saved)))
    }

    /// Generates on one data set, with the denoisers in the file, or with those that are learnt and handed over to be kept; none where
    /// an interruption was asked for.
    pub(super) fn generate(
        &self,
        generation: &Generation,
        running: &Running,
    ) -> Result<Option<(Generated, Option<Networks>)>, GenerateError> {
        let Running { interrupted, progress } = *running;
        if let Some(saved) = &self.saved {
            let networks = saved.networks(generation.seed, &self.path)?;
            return Ok(generation.from_networks(&networks, interrupted)?.map(|generated| (generated, None)));
        }
        let Denoisers::Learnt(method) = generation.denoisers else {
            return Ok(generation.generate(interrupted, progress)?.map(|generated| (generated, None)));
        };
        let times = &generation.times()[..generation.steps];
        let Some((data, learnt)) = generation.learn(method, times, interrupted, progress)? else {
            return Ok(None);
        };
        let networks = generation.networks(&data, &learnt)?;
        let generated = generation.from_networks(&networks, interrupted)?;
        Ok(generated.map(|generated| (generated, Some(networks))))
    }
}
