//! `overlaps schedule --sweep d=…`: how the window of the mode narrows with the dimension.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::Schedule;
use crate::FINE;
use crate::destination::Files;
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::numeric::significant;
use overlaps::output::json::number;
use overlaps_models::mixture::schedule::{How, Schedules, Widths, parameters_line};

/// The exponent with which the layer narrows.
const EXPECTED: f64 = -0.5;

impl Schedule {
    /// The width of the window of the mode at every dimension, and the exponent.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub(super) fn widths(&self, schedules: &Schedules, how: How, files: &Files) -> anyhow::Result<u8> {
        let widths = schedules.widths(0)?;
        let Widths { found, law, jump_limit } = &widths;
        let table = widths.table();
        let extra: IndexMap<String, Value> = [
            ("tolerance".to_string(), number(self.values.tolerance)),
            ("levels".to_string(), json!([number(how.levels.from), number(how.levels.to)])),
            ("jump_limit".to_string(), number(*jump_limit)),
            (
                "exponent".to_string(),
                json!(law.as_ref().map(|law| {
                    json!({ "value": number(law.exponent.value), "error": number(law.exponent.error) })
                })),
            ),
            ("rows".to_string(), json!(found.len())),
        ]
        .into();
        let side = self.side("exact-denoiser", schedules.parameters(), &table, extra);
        let subtitle = parameters_line(&schedules.parameters());
        let figure = files.plot.is_some().then(|| widths.figure(subtitle));
        let written = files.write(&table, &side, figure.as_ref())?;
        self.destination.print(&table, self.values.quiet, || {
            let max_rows = self.destination.rows_shown();
            terminal::render(&table, &TerminalOptions { columns: None, max_rows, digits: 6 })
        })?;
        let worst = widths.quadrature_error();
        if worst > self.values.tolerance {
            eprintln!(
                "warning: averages were reached only to {worst:.1e}; --tolerance sets what is accepted"
            );
        }
        if !self.values.quiet {
            if let Some(exponent) = widths.exponent() {
                eprintln!("note: the width goes as d^({exponent}) (expected {EXPECTED})");
            }
            if let Some(last) = found.last() {
                eprintln!(
                    "note: the error falls by {} over the layer at d = {}; for d → ∞ by 4p(1 − p) = {}",
                    significant(last.jump, 7),
                    significant(last.d, 7),
                    significant(*jump_limit, 7)
                );
            }
        }
        self.destination.say_written(&written, self.values.quiet);
        Ok(FINE)
    }
}
