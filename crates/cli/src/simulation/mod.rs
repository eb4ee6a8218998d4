//! Which model is simulated, from the options of a command line (`options`).

mod options;

use std::path::Path;

use anyhow::{Context, anyhow};

use super::arguments::Values;
use super::{DISAGREES, FINE, NOT_CONVERGED};
pub use options::SimulationOptions;
use overlaps::compare::Verdict;
use overlaps::study::Wanted;
use overlaps_models::mixture::generate::{Flows, Whose};

impl SimulationOptions {
    /// What is wanted, with --noise-samples.
    ///
    /// # Errors
    /// Two values for k.
    pub fn wanted(&self, mut wanted: Wanted) -> anyhow::Result<Wanted> {
        if let Some(k) = self.noise_samples {
            if wanted.gives("k") {
                return Err(anyhow!(
                    "--noise-samples {k} and a value for k contradict each other; give one of them"
                ));
            }
            wanted.set("k", f64::from(k));
        }
        Ok(wanted)
    }

    /// The same for a flow.
    ///
    /// # Errors
    /// --noise-samples for the exact denoiser, as the user wrote it.
    pub fn wanted_of(&self, whose: Whose, values: &Values) -> anyhow::Result<Wanted> {
        if whose == Whose::Exact && self.noise_samples.is_some() {
            return Err(anyhow!(
                "the exact denoiser is not learnt, so that --noise-samples has no part in it; use --denoiser learnt"
            ));
        }
        self.wanted(values.wanted())
    }

    /// The flows of these data sets; networks that are being trained are kept beside this CSV.
    ///
    /// # Errors
    /// Options of one method together with the other, seeds beyond 2⁶⁴.
    pub fn flows(
        &self,
        whose: Whose,
        (steps, samples): (u32, u32),
        tolerance: f64,
        csv: Option<&Path>,
    ) -> anyhow::Result<Flows> {
        let (denoiser, seeds) = (self.denoiser(tolerance, csv)?, self.seeds()?);
        Ok(Flows { whose, denoiser, steps: steps as usize, samples: samples as usize, seeds })
    }

    /// The seeds.
    ///
    /// # Errors
    /// Seeds beyond 2⁶⁴.
    pub fn seeds(&self) -> anyhow::Result<std::ops::Range<u64>> {
        let last = self.first_seed.checked_add(self.seeds).context("the seeds go beyond 2⁶⁴")?;
        Ok(self.first_seed..last)
    }
}

/// Says of how many data sets some denoiser did not converge, and what their rows hold; the exit code.
pub fn concluded(verdict: Verdict, failed: usize, all: usize, rows: &str) -> u8 {
    if failed > 0 {
        eprintln!("warning: of {failed} of {all} data sets some denoiser did not converge ({rows})");
    }
    match verdict {
        Verdict::Disagrees => DISAGREES,
        _ if failed > 0 => NOT_CONVERGED,
        _ => FINE,
    }
}

/// What an interruption leaves.
pub fn stopped(left: Option<String>) -> anyhow::Error {
    match left {
        Some(left) => anyhow!("interrupted; no table was written. {left}"),
        None => anyhow!("interrupted; nothing was written"),
    }
}
