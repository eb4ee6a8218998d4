//! `overlaps schedule --sweep d=…`: how the window of the mode narrows with the dimension.

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::Schedule;
use super::figure::parameters_line;
use crate::FINE;
use crate::destination::Files;
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::compare::{Estimate, ScalingLaw};
use overlaps::numeric::grid;
use overlaps::numeric::significant;
use overlaps::output::json::number;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps_figures::PALETTE;
use overlaps_figures::{Curve, Figure, LineStyle, Panel, Points};
use overlaps_models::schedule::{Levels, MixtureFeatures, Window};

/// The exponent with which the layer narrows.
const EXPECTED: f64 = -0.5;

/// What is found at one dimension.
struct Found {
    d: f64,
    window: Window,
    jump: f64,
    quadrature_error: f64,
}

impl Schedule {
    /// The width of the window of the mode at every dimension, and the exponent.
    ///
    /// # Errors
    /// Unknown names, impossible values, files that cannot be written.
    pub(super) fn widths(&self, levels: Levels, files: &Files) -> anyhow::Result<u8> {
        let given = self.given()?;
        if given.value("kappa").is_some() {
            anyhow::bail!("kappa has no part in the width of a window in τ; leave it out");
        }
        let theories: Vec<MixtureFeatures> = given
            .dimensions
            .iter()
            .map(|d| {
                Ok(MixtureFeatures { denoiser: given.denoiser(Some(*d))?, tolerance: self.values.tolerance })
            })
            .collect::<anyhow::Result<_>>()?;
        let find = |(theory, d): (&MixtureFeatures, &f64)| {
            let window = theory.mode_window(levels);
            let quadrature_error = theory.quadrature_error(&[window.from, window.to]);
            Found { d: *d, window, jump: theory.jump(), quadrature_error }
        };
        let found: Vec<Found> = theories.par_iter().zip(&given.dimensions).map(find).collect();
        let limit = theories.first().map_or(f64::NAN, |theory| theory.denoiser.jump());
        let widths: Vec<(f64, f64)> = found.iter().map(|f| (f.d, f.window.width())).collect();
        let law = ScalingLaw::fit(&widths);
        let table = table(&found)?;
        let extra: IndexMap<String, Value> = [
            ("tolerance".to_string(), number(self.values.tolerance)),
            ("levels".to_string(), json!([number(levels.from), number(levels.to)])),
            ("jump_limit".to_string(), number(limit)),
            (
                "exponent".to_string(),
                json!(law.as_ref().map(|law| {
                    json!({ "value": number(law.exponent.value), "error": number(law.exponent.error) })
                })),
            ),
            ("rows".to_string(), json!(found.len())),
        ]
        .into();
        let side = self.side_file("exact-denoiser", given.parameters(), &table, extra);
        let subtitle = parameters_line(&given.parameters());
        let figure = files.plot.is_some().then(|| figure(&found, law.as_ref(), limit, subtitle));
        let written = files.write(&table, &side, figure.as_ref())?;
        self.destination.print(&table, self.values.quiet, || {
            let max_rows = self.destination.rows_shown();
            terminal::render(&table, &TerminalOptions { columns: None, max_rows, digits: 6 })
        })?;
        let worst = found.iter().map(|f| f.quadrature_error).fold(0.0, f64::max);
        if worst > self.values.tolerance {
            eprintln!(
                "warning: averages were reached only to {worst:.1e}; --tolerance sets what is accepted"
            );
        }
        if !self.values.quiet {
            if let Some(law) = &law {
                eprintln!("note: the width goes as d^({}) (expected {EXPECTED})", text_of(law.exponent));
            }
            if let Some(last) = found.last() {
                eprintln!(
                    "note: the error falls by {} over the layer at d = {}; for d → ∞ by 4p(1 − p) = {}",
                    significant(last.jump, 7),
                    significant(last.d, 7),
                    significant(limit, 7)
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

fn table(found: &[Found]) -> anyhow::Result<Table> {
    let column = |name, meaning, role| Column::new(name, meaning, role);
    let mut table = Table::new(vec![
        column("d", "dimension of the data", Role::Parameter),
        column("from", "τ at which the window of the mode starts", Role::Output),
        column("to", "τ at which it ends", Role::Output),
        column("width", "its width in τ", Role::Output),
        column("width_sqrt_d", "its width in √d τ", Role::Output),
        column("exponent", "d ln width/d ln d between the row before and this one", Role::Output),
        column("jump", "fall of the error per dimension from τ = 0 to τ = d^(−1/4)", Role::Output),
        column("quadrature_error", "largest error of any average", Role::Certificate),
    ]);
    for (index, f) in found.iter().enumerate() {
        let width = |f: &Found| (f.d, f.window.width());
        let local =
            index.checked_sub(1).and_then(|before| ScalingLaw::fit(&[width(&found[before]), width(f)]));
        table.push(vec![
            Cell::Number(f.d),
            Cell::Number(f.window.from),
            Cell::Number(f.window.to),
            Cell::Number(f.window.width()),
            Cell::Number(f.window.width() * f.d.sqrt()),
            local.map(|law| law.exponent.value).into(),
            Cell::Number(f.jump),
            Cell::Number(f.quadrature_error),
        ])?;
    }
    Ok(table)
}

fn figure(found: &[Found], law: Option<&ScalingLaw>, limit: f64, subtitle: String) -> Figure {
    let points = |label: &str, colour, of: fn(&Found) -> f64| Points {
        label: label.into(),
        colour,
        data: found.iter().map(|f| (f.d, of(f), 0.0)).collect(),
    };
    let ends = |fold: fn(f64, f64) -> f64| found.iter().map(|f| f.d).reduce(fold).unwrap_or(1.0);
    let logs = grid(libm::log(ends(f64::min)), libm::log(ends(f64::max)), 100);
    let line = |label: String, line, of: &dyn Fn(f64) -> f64| Curve {
        label,
        line,
        colour: PALETTE.len() - 1,
        segments: vec![logs.iter().map(|log| libm::exp(*log)).map(|d| (d, of(d))).collect()],
    };
    let law = law.map(|law| {
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
                y_label: "width of the window in τ".into(),
                y_log: true,
                curves: law.into_iter().collect(),
                points: vec![points("window of the mode", 0, |f| f.window.width())],
                ..Panel::default()
            },
            Panel {
                y_label: "fall of the error over the layer".into(),
                curves: vec![line("4p(1 − p)".into(), LineStyle::Dashed, &|_| limit)],
                points: vec![points("from τ = 0 to d^(−1/4)", 1, |f| f.jump)],
                ..Panel::default()
            },
        ],
    }
}
