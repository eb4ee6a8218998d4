//! Features that are drawn and listed: those of theory, or those of your curves.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::experiment::{How, Schedules};
use super::feature::Feature;
use super::training::{Spread, TrainingTimes};
use overlaps::experiment::ExperimentError;
use overlaps::name::symbol_of;
use overlaps::output::json::number;
use overlaps::output::{Cell, Column, Role, Table};

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

impl Source {
    /// What the side file says of their windows, and of the training times that are made of them.
    pub fn describe(&self, how: How, training: &TrainingTimes) -> IndexMap<String, Json> {
        let windows: Vec<Json> = self
            .features
            .iter()
            .zip(&training.windows)
            .map(|(feature, window)| {
                json!({
                    "feature": feature.name,
                    "from": number(window.from),
                    "to": number(window.to),
                    "width": number(window.width()),
                    "start": number(feature.start),
                    "end": number(feature.end),
                    "deviation": number(feature.deviation),
                })
            })
            .collect();
        let density = match how.spread {
            Spread::Window { mass } => json!({
                "kind": how.spread.name(),
                "feature": self.features[training.fastest].name,
                "mass": number(mass),
            }),
            Spread::Rate { floor } => json!({ "kind": how.spread.name(), "floor": number(floor) }),
        };
        let mut extra = self.extra.clone();
        extra.insert("levels".into(), json!([number(how.levels.from), number(how.levels.to)]));
        extra.insert("windows".into(), json!(windows));
        extra.insert("density".into(), density);
        extra.insert("rows".into(), json!(how.points));
        extra
    }

    /// The windows, a row per feature.
    pub fn windows(&self, training: &TrainingTimes) -> Table {
        let mut columns = vec![Column::new("feature", "", Role::Label)];
        let mut numbers = vec!["from", "to", "width"];
        numbers.extend(self.scale.map(|_| "width·√d"));
        numbers.push("change");
        if !self.data.is_empty() {
            numbers.push("deviation");
        }
        columns.extend(numbers.into_iter().map(|name| Column::new(name, "", Role::Output)));
        let mut table = Table::new(columns);
        for (feature, window) in self.features.iter().zip(&training.windows) {
            let mut row = vec![Cell::from(feature.name.as_str())];
            let scaled = self.scale.map(|(root_d, _)| window.width() * root_d);
            row.extend([window.from, window.to, window.width()].into_iter().chain(scaled).map(Cell::Number));
            row.push(Cell::Number(feature.change()));
            if !self.data.is_empty() {
                row.push(Cell::Number(feature.deviation));
            }
            table.rows.push(row);
        }
        table
    }
}
