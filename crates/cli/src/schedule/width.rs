//! `overlaps schedule --sweep d=…`: how the window of the mode narrows with the dimension.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::Schedule;
use crate::FINE;
use crate::destination::Files;
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::chart::{Curve, Figure, LineStyle, PALETTE, Panel, Points};
use overlaps::compare::Estimate;
use overlaps::numeric::grid;
use overlaps::numeric::significant;
use overlaps::output::json::number;
use overlaps_models::mixture::schedule::{How, Schedules, Width, Widths, parameters_line};

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
        let side = self.side_file("exact-denoiser", schedules.parameters(), &table, extra);
        let subtitle = parameters_line(&schedules.parameters());
        let figure = files.plot.is_some().then(|| figure(&widths, subtitle));
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
            if let Some(law) = law {
                eprintln!("note: the width goes as d^({}) (expected {EXPECTED})", text_of(law.exponent));
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

fn text_of(exponent: Estimate) -> String {
    if exponent.error.is_finite() {
        // As many decimals as the error has, and one more.
        let decimals = (2.0 - exponent.error.max(1e-9).log10()).clamp(2.0, 9.0) as usize;
        format!("{:.decimals$} ± {:.0e}", exponent.value, exponent.error)
    } else {
        format!("{:.5}", exponent.value)
    }
}

fn figure(widths: &Widths, subtitle: String) -> Figure {
    let Widths { found, law, jump_limit } = widths;
    let points = |label: &str, colour, of: fn(&Width) -> f64| {
        Points::new(label, colour, found.iter().map(|f| (f.d, of(f), 0.0)))
    };
    let ends = |fold: fn(f64, f64) -> f64| found.iter().map(|f| f.d).reduce(fold).unwrap_or(1.0);
    let logs = grid(libm::log(ends(f64::min)), libm::log(ends(f64::max)), 100);
    let line = |label: String, line, of: &dyn Fn(f64) -> f64| {
        let along = logs.iter().map(|log| libm::exp(*log)).map(|d| (d, of(d)));
        Curve::new(label, line, PALETTE.len() - 1, along.collect())
    };
    let law = law.as_ref().map(|law| {
        let label = format!("fit, d^({})", text_of(law.exponent).replace('-', "−"));
        line(label, LineStyle::Solid, &|d| law.at(d))
    });
    Figure {
        title: "The window in which the mode is decided narrows as 1/√d".into(),
        subtitle,
        x_label: "d".into(),
        x_log: true,
        columns: 2,
        panels: vec![
            Panel {
                y_log: true,
                curves: law.into_iter().collect(),
                points: vec![points("window of the mode", 0, |f| f.window.width())],
                ..Panel::new("width of the window in τ")
            },
            Panel {
                curves: vec![line("4p(1 − p)".into(), LineStyle::Dashed, &|_| *jump_limit)],
                points: vec![points("from τ = 0 to d^(−1/4)", 1, |f| f.jump)],
                ..Panel::new("fall of the error over the layer")
            },
        ],
    }
}
