//! Features that are drawn and listed: those of theory, or those of your curves.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::experiment::Schedules;
use super::feature::Feature;
use overlaps::experiment::ExperimentError;
use overlaps::name::symbol_of;
use overlaps::output::json::number;

/// Features from the theory or from files, and what else is known about them.
pub struct Source {
    /// The features.
    pub features: Vec<Feature>,
    /// What was measured, feature by feature; nothing for the theory.
    pub data: Vec<Vec<(f64, f64)>>,
    /// The name of the time in figures.
    pub time: String,
    /// What tables call the source.
    pub system: &'static str,
    /// √d and κ, of the theory.
    pub scale: Option<(f64, f64)>,
    /// Parameters, for the side file.
    pub parameters: IndexMap<String, Json>,
    /// What else the side file says.
    pub extra: IndexMap<String, Json>,
    /// What else there is to say.
    pub notes: Vec<String>,
    /// What is to be mistrusted.
    pub warnings: Vec<String>,
}

impl Schedules {
    /// The features of the first combination.
    ///
    /// # Errors
    /// Impossible values, which [`Schedules::new`] has refused.
    pub fn source(&self) -> Result<Source, ExperimentError> {
        let theory = self.theory(0)?;
        let error = theory.quadrature_error;
        let warnings = (error > self.how.tolerance)
            .then(|| format!("averages were reached only to {error:.1e}; --tolerance sets what is accepted"));
        let extra = [
            ("tolerance".to_string(), number(self.how.tolerance)),
            ("quadrature_error".to_string(), number(error)),
        ];
        Ok(Source {
            features: theory.features,
            data: Vec::new(),
            time: symbol_of("tau"),
            system: "exact-denoiser",
            scale: Some(theory.scale),
            parameters: self.parameters(),
            extra: extra.into(),
            notes: theory.notes,
            warnings: warnings.into_iter().collect(),
        })
    }
}
