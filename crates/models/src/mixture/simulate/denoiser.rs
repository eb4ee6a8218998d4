//! Denoisers as a [`Model`]: learnt on data sets, at the times of the flow.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::data::LabelRule;
use super::error::SimulationError;
use super::run::{DataRule, Method, Outcome, Run};
use super::search::Search;
use crate::mixture::{DENOISER, Noise, Setting, SettingError};
use overlaps::model::{Description, Measured, Model, ModelError, Point, Running};
use overlaps::numeric::grid;
use overlaps::output::json::number;
use overlaps::output::{Cell, Status, check_writable};

/// The smallest dimension: this, or so many times n³ or κ². Cost does not depend on d, and the larger it is the better the
/// expansion in 1/√d holds. In the second phase it has terms in ln d/d, and holds only from d of order n³ on, where the
/// activations saturate; below, they still follow the scatter of the Gram matrix.
const SMALLEST: (f64, f64, f64) = (131_072.0, 8.0, 64.0);
/// The dimensions of a comparison: these times the smallest one.
const DIMENSIONS: [f64; 4] = [1.0, 4.0, 16.0, 64.0];

/// Denoisers, and how they are learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct Denoiser {
    /// How they are learnt.
    pub method: Method,
    /// How the classes of the samples are chosen.
    pub labels: LabelRule,
    /// Whether networks are removed when their rows are on the disk; not where the user named their folder.
    pub tidy: bool,
}

/// The loss minimised, for data drawn in law.
impl Default for Denoiser {
    fn default() -> Self {
        let method = Method::Integrated { data: DataRule::Gram, search: Search::default() };
        Denoiser { method, labels: LabelRule::Fixed, tidy: true }
    }
}

impl Denoiser {
    /// One data set.
    pub fn run_of(&self, setting: Setting, seed: u64) -> Run<'_> {
        Run { setting, seed, labels: self.labels, method: &self.method }
    }

    /// Where networks are kept while they are trained.
    pub fn folder(&self) -> Option<&Path> {
        match &self.method {
            Method::Trained { checkpoints, .. } => checkpoints.as_deref(),
            Method::Integrated { .. } => None,
        }
    }

    /// Makes that folder.
    ///
    /// # Errors
    /// A folder that cannot be made or written.
    pub fn prepare(&self) -> Result<(), ModelError> {
        let Some(folder) = self.folder() else { return Ok(()) };
        std::fs::create_dir_all(folder).map_err(|reason| {
            format!(
                "cannot make the folder {} for checkpoints; use --checkpoints: {reason}",
                folder.display()
            )
        })?;
        Ok(check_writable(folder.join("network.checkpoint"))?)
    }

    /// Removes the networks of one data set, if there are any.
    pub fn forget_run(&self, run: &Run, times: &[f64]) {
        if self.folder().is_none() {
            return;
        }
        // Generation trains the networks of the first phase with fresh noise.
        let fresh = Run { setting: Setting { noise: Noise::Fresh, ..run.setting }, ..run.clone() };
        // The rows are written; a file that cannot be removed is no failure of the run.
        for file in [run, &fresh].iter().flat_map(|run| run.checkpoints(times).unwrap_or_default()) {
            let _ = std::fs::remove_file(file);
        }
    }

    fn measured(&self, outcome: Outcome) -> Vec<Measured> {
        let trained = matches!(self.method, Method::Trained { .. });
        let of = |measured: super::measured::Measured| {
            let finite = measured.overlaps.values().iter().all(|x| !x.is_infinite()) || !trained;
            let usable = measured.converged && finite;
            let number = |x: f64| if x.is_nan() || !usable { Cell::Missing } else { Cell::Number(x) };
            Measured {
                drawn: vec![("p", outcome.p_bar)],
                labels: vec![
                    self.method.name().into(),
                    self.method.data().name().into(),
                    measured.branch.filter(|_| usable).map(|b| b.name()).into(),
                ],
                quantities: measured.overlaps.values().into(),
                certificates: vec![
                    number(measured.loss),
                    number(measured.energy),
                    Cell::Number(measured.gradient_norm),
                    measured.quadrature_error.into(),
                    Cell::Integer(measured.iterations),
                ],
                status: match (usable, trained) {
                    (false, _) => Status::NotConverged,
                    (true, true) => Status::Trained,
                    (true, false) => Status::Converged,
                },
            }
        };
        outcome.measured.into_iter().map(of).collect()
    }
}

impl Model for Denoiser {
    fn description(&self) -> &'static Description {
        &DENOISER
    }

    fn check(&self, at: &Point, times: &[f64]) -> Result<(), ModelError> {
        let setting = Setting::at(at)?;
        if setting.interpolant.is_exploding() {
            return Err(SettingError::ExactFlowOnly(setting.interpolant).into());
        }
        Ok(self.run_of(setting, 0).check(times)?)
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        times: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        self.prepare()?;
        let run = self.run_of(Setting::at(at)?, seed);
        let outcome = run.measure(times, running.interrupted, running.progress);
        let outcome = outcome.map_err(|error| match (&error, self.folder()) {
            // Of a checkpoint that could not be written the earlier state stays.
            (SimulationError::Output(_), Some(folder)) => format!(
                "{error}. No table was written. The networks so far are in {}; the same command continues there",
                folder.display()
            )
            .into(),
            _ => ModelError::from(error),
        })?;
        Ok(outcome.map(|outcome| self.measured(outcome)))
    }

    /// The whole dilated time, or the second phase where the noise is fixed.
    fn controls(&self, points: &[Point]) -> Vec<f64> {
        match points.iter().any(|point| point.number("k").is_finite()) {
            true => grid(1.0, 2.0, 101)[1..].to_vec(),
            false => grid(0.0, 2.0, 201),
        }
    }

    fn dimensions(&self, points: &[Point]) -> Result<Vec<f64>, ModelError> {
        if self.method.data() == DataRule::Explicit {
            return Err(
                "with explicit data say at which dimensions: --sweep d=1000,2000,4000 (3 or more for d → ∞)"
                    .into(),
            );
        }
        let smallest = smallest_dimension(points);
        Ok(DIMENSIONS.iter().map(|x| x * smallest).collect())
    }

    fn units(&self) -> u64 {
        match &self.method {
            Method::Trained { training, .. } => training.epochs,
            Method::Integrated { .. } => 1,
        }
    }

    fn describe(&self, sets: IndexMap<String, Json>) -> IndexMap<String, Json> {
        let mut described: IndexMap<String, Json> = [
            ("method".to_string(), json!(self.method.name())),
            ("data".into(), json!(self.method.data().name())),
            ("labels".into(), json!(self.labels.name())),
        ]
        .into();
        described.extend(sets);
        match &self.method {
            Method::Integrated { search, .. } => {
                described.extend(search.more_starts.map(|starts| ("starts".to_string(), json!(starts))));
                described.insert("tolerance".into(), number(search.tolerance));
            }
            Method::Trained { training, .. } => {
                described.insert("training".into(), json!(training));
            }
        }
        described
    }

    fn left(&self) -> Option<String> {
        let folder = self.folder()?;
        Some(format!("The networks so far are in {}; the same command continues there", folder.display()))
    }

    fn forget(&self, at: &Point, seed: u64, times: &[f64]) {
        if let (true, Ok(setting)) = (self.tidy, Setting::at(at)) {
            self.forget_run(&self.run_of(setting, seed), times);
        }
    }

    /// Removes the folder of networks if nothing else is in it.
    fn finish(&self) {
        let Some(folder) = self.folder().filter(|_| self.tidy) else { return };
        // What a run that was killed in the middle of writing left behind.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(".overlaps-") && name.ends_with(".tmp") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        let _ = std::fs::remove_dir(folder);
    }
}

/// The smallest dimension at which the theories of d → ∞ hold well, from n and κ.
pub fn smallest_dimension(points: &[Point]) -> f64 {
    let largest = |name: &str| points.iter().map(|point| point.number(name)).fold(1.0, f64::max);
    let (n, kappa) = (largest("n"), largest("kappa"));
    SMALLEST.0.max(SMALLEST.1 * n.powi(3)).max((SMALLEST.2 * kappa * kappa).ceil())
}
