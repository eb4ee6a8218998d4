//! The features of the theory: parameters by name, checked.

use anyhow::bail;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::{Schedule, Source};
use overlaps::model::{Parameter, name_meant};
use overlaps::name::symbol_of;
use overlaps::output::json::number;
use overlaps::study::PlanError;
use overlaps::value::{Value, given};
use overlaps_models::model::{EXACT_PARAMETERS, ExactDenoiser, FLOW, Interpolant, SettingError};
use overlaps_models::schedule::{Levels, MixtureFeatures};

/// The dilation of time, unless it is set.
const KAPPA: f64 = 4.0;

/// What is given by --set, and what is swept.
pub struct Given {
    fixed: overlaps::value::Given,
    /// The values of d, if it is swept.
    pub dimensions: Vec<f64>,
    interpolant: Interpolant,
}

impl Given {
    /// A value that is set.
    pub fn value(&self, name: &str) -> Option<f64> {
        given(&self.fixed, name).and_then(Value::number)
    }

    fn word(&self, name: &str) -> Option<&str> {
        given(&self.fixed, name).and_then(Value::word)
    }

    fn or_default(&self, name: &str) -> f64 {
        let default = EXACT_PARAMETERS.iter().find(|p| p.name == name).and_then(Parameter::default);
        let default = default.and_then(|value| value.number());
        self.value(name).or(default).unwrap_or(f64::NAN)
    }

    /// The denoiser, at the dimension given or at another.
    ///
    /// # Errors
    /// Impossible values.
    pub fn denoiser(&self, d: Option<f64>) -> anyhow::Result<ExactDenoiser> {
        let d = d.unwrap_or_else(|| self.or_default("d"));
        Ok(ExactDenoiser::new(self.or_default("p"), self.or_default("sigma"), d, self.interpolant)?)
    }

    /// The values of the parameters, defaults included, without one that is swept.
    pub fn parameters(&self) -> IndexMap<String, Json> {
        let value = |name: &str| match name {
            "interpolant" => json!(self.interpolant.name()),
            _ => number(self.or_default(name)),
        };
        let fixed = EXACT_PARAMETERS.iter().filter(|p| p.name != "d" || self.dimensions.is_empty());
        fixed.map(|p| (p.name.to_string(), value(p.name))).collect()
    }
}

impl Schedule {
    /// Sorts and checks the names given.
    ///
    /// # Errors
    /// Unknown names, contradictions, sweeps of anything but d.
    pub fn given(&self) -> anyhow::Result<Given> {
        let actual = |given: &str| {
            let name = parameter_name(given)?;
            let words = FLOW.words(&name).iter().map(|word| word.to_string()).collect();
            Ok((name, words))
        };
        let plan = self.values.sort("", actual)?;
        let mut given =
            Given { fixed: plan.fixed, dimensions: Vec::new(), interpolant: Interpolant::default() };
        for sweep in plan.swept {
            if sweep.name != "d" {
                bail!("`overlaps schedule` sweeps d alone; use --set {}=VALUE for one value", sweep.name);
            }
            given.dimensions = sweep.numbers();
        }
        if let Some(interpolant) =
            Interpolant::ALL.into_iter().find(|i| given.word("interpolant") == Some(i.name()))
        {
            given.interpolant = interpolant;
            if given.interpolant.is_exploding() {
                return Err(SettingError::ExactFlowOnly(given.interpolant).into());
            }
        }
        Ok(given)
    }

    /// The features of the exact denoiser.
    ///
    /// # Errors
    /// Unknown names, impossible values.
    pub(super) fn theory(&self, levels: Levels) -> anyhow::Result<Source> {
        let given = self.given()?;
        let denoiser = given.denoiser(None)?;
        let (root_d, kappa) = (denoiser.root_d(), given.value("kappa").unwrap_or(KAPPA));
        if !(kappa > 0.0 && kappa.is_finite()) {
            bail!("kappa = {kappa} is not possible: κ is a finite dilation of time, κ > 0");
        }
        let mut notes = Vec::new();
        if kappa >= root_d {
            let d = given.or_default("d");
            if given.value("kappa").is_some() {
                bail!(
                    "d = {d} is not possible with kappa = {kappa}: τ(1) = κ/√d must be below 1; raise d or lower kappa"
                );
            }
            notes.push(format!("t is empty: the first phase, τ ≤ κ/√d with κ = {kappa}, would be all of it"));
        }
        let theory = MixtureFeatures { denoiser, tolerance: self.values.tolerance };
        let features = theory.features(levels);
        let error = theory.quadrature_error(&features[0].times);
        if features.len() == 1 {
            notes.push("there is no variance to learn at sigma = 0".into());
        }
        notes.push(format!("{} times; averages within {error:.1e}", features[0].times.len()));
        let warnings = (error > self.values.tolerance)
            .then(|| format!("averages were reached only to {error:.1e}; --tolerance sets what is accepted"));
        let mut parameters = given.parameters();
        parameters.insert("kappa".into(), number(kappa));
        let extra = [
            ("tolerance".to_string(), number(self.values.tolerance)),
            ("quadrature_error".to_string(), number(error)),
        ];
        Ok(Source {
            features,
            data: Vec::new(),
            time: symbol_of("tau"),
            system: "exact-denoiser",
            scale: Some((root_d, kappa)),
            parameters,
            extra: extra.into(),
            notes,
            warnings: warnings.into_iter().collect(),
        })
    }
}

/// The parameter that a name means.
fn parameter_name(given: &str) -> Result<String, PlanError> {
    let names = EXACT_PARAMETERS.iter().map(|p| p.name).chain(["kappa"]);
    name_meant(given, "the exact denoiser", names).map(String::from).map_err(PlanError::Given)
}
