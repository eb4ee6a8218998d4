//! What leaves the command beside the quantiles: the side file, the windows in the terminal.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::Schedule;
use crate::destination::side;
use overlaps::output::json::number;
use overlaps::output::{Cell, Column, Role, SideFile, Table};
use overlaps_models::mixture::schedule::{How, Source, Spread, TrainingTimes};

impl Schedule {
    /// What stands beside the quantiles.
    pub(super) fn side(
        &self,
        source: &Source,
        how: How,
        training: &TrainingTimes,
        quantiles: &Table,
    ) -> SideFile {
        let windows: Vec<Value> = source
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
                "kind": "window",
                "feature": source.features[training.fastest].name,
                "mass": number(mass),
            }),
            Spread::Rate { floor } => json!({ "kind": "rate", "floor": number(floor) }),
        };
        let mut extra = source.extra.clone();
        extra.insert("levels".into(), json!([number(how.levels.from), number(how.levels.to)]));
        extra.insert("windows".into(), json!(windows));
        extra.insert("density".into(), density);
        extra.insert("rows".into(), json!(quantiles.rows.len()));
        self.side_file(source.system, source.parameters.clone(), quantiles, extra)
    }

    /// A side file of this command.
    pub(super) fn side_file(
        &self,
        system: &str,
        parameters: IndexMap<String, Value>,
        table: &Table,
        extra: IndexMap<String, Value>,
    ) -> SideFile {
        let sweeps = self.values.sweep.iter().map(|s| (s.name.clone(), s.text.clone()));
        side(system, parameters, sweeps, &table.columns, extra)
    }
}

/// The windows, a row per feature.
pub(super) fn window_table(source: &Source, training: &TrainingTimes) -> anyhow::Result<Table> {
    let mut columns = vec![Column::new("feature", "", Role::Label)];
    let mut numbers = vec!["from", "to", "width"];
    numbers.extend(source.scale.map(|_| "width·√d"));
    numbers.push("change");
    if !source.data.is_empty() {
        numbers.push("deviation");
    }
    columns.extend(numbers.into_iter().map(|name| Column::new(name, "", Role::Output)));
    let mut table = Table::new(columns);
    for (feature, window) in source.features.iter().zip(&training.windows) {
        let mut row = vec![Cell::from(feature.name.as_str())];
        let scaled = source.scale.map(|(root_d, _)| window.width() * root_d);
        row.extend([window.from, window.to, window.width()].into_iter().chain(scaled).map(Cell::Number));
        row.push(Cell::Number(feature.change()));
        if !source.data.is_empty() {
            row.push(Cell::Number(feature.deviation));
        }
        table.push(row)?;
    }
    Ok(table)
}
