//! What is asked for, and its table.

use std::path::Path;

use overlaps::experiment::{Experiment, Solve, Told, each};
use overlaps::model::Running;
use overlaps::output::json::cell_value;
use overlaps::study::{Assignment, Counts, Sweep, Wanted};
use overlaps::system::Theory;
use overlaps::value::Value;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::Failed;

/// The arguments of `overlaps_solve`, as `overlaps.h` has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Arguments {
    set: Map<String, Json>,
    sweep: Map<String, Json>,
    compare: Vec<String>,
    branches: bool,
    tolerance: Option<f64>,
    verify: bool,
    /// 0: all cores.
    pub threads: u16,
    text: Option<String>,
}

impl Default for Arguments {
    fn default() -> Arguments {
        let (set, sweep) = (Map::new(), Map::new());
        Arguments {
            set,
            sweep,
            compare: Vec::new(),
            branches: false,
            tolerance: None,
            verify: false,
            threads: 0,
            text: None,
        }
    }
}

impl Arguments {
    /// The table in JSON.
    pub fn table(&self, system: &str) -> Result<Json, Failed> {
        let solve = self.solve(system)?;
        let running = Running { interrupted: &|| false, progress: &|| {} };
        let cells = each(0..solve.cells(), &running, |cell, running| solve.compute(cell, running))?;
        let mut told = Told::default();
        let (mut rows, mut counts) = (Vec::new(), Counts::default());
        for computed in cells.into_iter().flatten() {
            counts += computed.counts;
            rows.extend(computed.rows);
            told.add(computed.told);
        }
        let columns: Vec<Json> = solve.columns().iter().map(|column| json!(column)).collect();
        let column = |place: usize| Json::Array(rows.iter().map(|row| cell_value(&row[place])).collect());
        let names = solve.columns().iter().enumerate();
        let data: Map<String, Json> = names.map(|(place, own)| (own.name.clone(), column(place))).collect();
        let mut notes = told.lines.clone();
        notes.dedup();
        notes.extend(told.verification.notes());
        Ok(json!({
            "columns": columns,
            "data": data,
            "rows": counts.rows,
            "not_converged": counts.not_converged,
            "notes": notes,
            "warnings": solve.warnings(counts, &told),
        }))
    }

    fn solve(&self, system: &str) -> Result<Solve, Failed> {
        let mut theories = vec![match &self.text {
            Some(text) => Theory::parse_at(Path::new(system), text)?,
            None => Theory::load(system)?,
        }];
        for name in &self.compare {
            theories.push(Theory::load(name)?);
        }
        let mut wanted = Wanted::default();
        for (name, value) in &self.set {
            let text = format!("{name}={}", written(name, value)?);
            let assignment: Result<Assignment, String> = text.parse();
            wanted.set.push(assignment.map_err(|reason| format!("{text}: {reason}"))?);
        }
        for (name, values) in &self.sweep {
            let sweep = match values {
                Json::Array(values) => {
                    let values: Result<Vec<Value>, Failed> =
                        values.iter().map(|value| Ok(Value::read(&written(name, value)?)?)).collect();
                    Sweep::over(name, values?).map_err(|reason| format!("{name}: {reason}"))?
                }
                values => {
                    let text = format!("{name}={}", written(name, values)?);
                    text.parse().map_err(|reason: String| format!("{text}: {reason}"))?
                }
            };
            wanted.sweep.push(sweep);
        }
        let mut solve = Solve::new(theories)?.wanted(wanted)?.with_branches(self.branches);
        if let Some(tolerance) = self.tolerance {
            solve = solve.within(tolerance)?;
        }
        Ok(solve.verified(self.verify)?)
    }
}

/// A value as it is written.
fn written(name: &str, value: &Json) -> Result<String, Failed> {
    match value {
        Json::Number(number) => Ok(number.to_string()),
        Json::String(text) => Ok(text.clone()),
        other => Err(format!("{name} = {other}: a value is a number or a text").into()),
    }
}
