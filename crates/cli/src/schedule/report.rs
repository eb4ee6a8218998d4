//! What leaves the command: the table of quantiles with its side file, the windows in the terminal.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{DensityName, FLOOR, MASS, Plan, Schedule, Source};
use crate::destination::side;
use overlaps::numeric::grid;
use overlaps::output::json::number;
use overlaps::output::{Cell, Column, Role, SideFile, Table};
use overlaps_models::schedule::dilated_time;

impl Schedule {
    /// The table of quantiles.
    pub(super) fn quantiles(&self, source: &Source, plan: &Plan) -> anyhow::Result<Table> {
        let time = if source.scale.is_some() { "training time τ" } else { "training time" };
        let mut columns = vec![
            Column::new("quantile", "share of the training times up to this one", Role::Control),
            Column::new("time", time, Role::Output),
        ];
        if source.scale.is_some() {
            columns.push(Column::new("t", "dilated time of eq. (11), from 0 to 2", Role::Output));
        }
        columns.push(Column::new("density", "density of the training times before this one", Role::Output));
        let mut table = Table::new(columns);
        for quantile in grid(0.0, 1.0, self.points as usize) {
            let time = plan.density.quantile(quantile);
            let mut row = vec![Cell::Number(quantile), Cell::Number(time)];
            if let Some((root_d, kappa)) = source.scale {
                row.push(dilated_time(time, kappa, root_d).into());
            }
            row.push(Cell::Number(plan.density.at(time)));
            table.push(row)?;
        }
        Ok(table)
    }

    /// What stands beside it.
    pub(super) fn side(&self, source: &Source, plan: &Plan, quantiles: &Table) -> SideFile {
        let windows: Vec<Value> = source
            .features
            .iter()
            .zip(&plan.windows)
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
        let density = match self.density {
            DensityName::Window => json!({
                "kind": "window",
                "feature": source.features[plan.fastest].name,
                "mass": number(self.mass.unwrap_or(MASS)),
            }),
            DensityName::Rate => json!({ "kind": "rate", "floor": number(self.floor.unwrap_or(FLOOR)) }),
        };
        let mut extra = source.extra.clone();
        extra.insert("levels".into(), json!([number(self.window.0), number(self.window.1)]));
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
        side(system, parameters, sweeps, table, extra)
    }
}

/// The windows, a row per feature.
pub(super) fn window_table(source: &Source, plan: &Plan) -> anyhow::Result<Table> {
    let mut columns = vec![Column::new("feature", "", Role::Label)];
    let mut numbers = vec!["from", "to", "width"];
    numbers.extend(source.scale.map(|_| "width·√d"));
    numbers.push("change");
    if !source.data.is_empty() {
        numbers.push("deviation");
    }
    columns.extend(numbers.into_iter().map(|name| Column::new(name, "", Role::Output)));
    let mut table = Table::new(columns);
    for (feature, window) in source.features.iter().zip(&plan.windows) {
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
