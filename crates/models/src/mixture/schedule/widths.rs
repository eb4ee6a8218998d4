//! How the window of the mode narrows with the dimension.

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::experiment::How;
use super::feature::{Levels, Window};
use super::mixture::MixtureFeatures;
use overlaps::chart::{Curve, Figure, LineStyle, PALETTE, Panel, Points};
use overlaps::compare::ScalingLaw;
use overlaps::numeric::{grid, significant};
use overlaps::output::json::number;
use overlaps::output::{Cell, Column, Role, Table};

/// The exponent with which the layer narrows.
const EXPECTED: f64 = -0.5;

/// What is found at one dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Width {
    /// The dimension.
    pub d: f64,
    /// The window of the mode.
    pub window: Window,
    /// How much the error falls over the layer.
    pub jump: f64,
    /// The largest error of any average.
    pub quadrature_error: f64,
}

/// The window of the mode at several dimensions.
#[derive(Debug, Clone)]
pub struct Widths {
    /// Dimension by dimension.
    pub found: Vec<Width>,
    /// The power law of its width.
    pub law: Option<ScalingLaw>,
    /// The fall of the error for d → ∞.
    pub jump_limit: f64,
}

impl Widths {
    /// Those of the same mixture at several dimensions.
    pub(super) fn new(theories: &[(f64, MixtureFeatures)], levels: Levels) -> Widths {
        let find = |(d, theory): &(f64, MixtureFeatures)| {
            let window = theory.mode_window(levels);
            let quadrature_error = theory.quadrature_error(&[window.from, window.to]);
            Width { d: *d, window, jump: theory.jump(), quadrature_error }
        };
        let found: Vec<Width> = theories.par_iter().map(find).collect();
        let widths: Vec<(f64, f64)> = found.iter().map(|f| (f.d, f.window.width())).collect();
        let jump_limit = theories.first().map_or(f64::NAN, |(_, theory)| theory.denoiser.jump());
        Widths { found, law: ScalingLaw::fit(&widths), jump_limit }
    }

    /// The largest error of any average.
    pub fn quadrature_error(&self) -> f64 {
        self.found.iter().map(|f| f.quadrature_error).fold(0.0, f64::max)
    }

    /// The exponent with which the width goes, in words: as many decimals as its error has, and one more.
    pub fn exponent(&self) -> Option<String> {
        let exponent = self.law.as_ref()?.exponent;
        if !exponent.error.is_finite() {
            return Some(format!("{:.5}", exponent.value));
        }
        let decimals = (2.0 - exponent.error.max(1e-9).log10()).clamp(2.0, 9.0) as usize;
        Some(format!("{:.decimals$} ± {:.0e}", exponent.value, exponent.error))
    }

    /// What the side file says of them.
    pub fn describe(&self, how: How) -> IndexMap<String, Json> {
        let exponent = self
            .law
            .as_ref()
            .map(|law| json!({ "value": number(law.exponent.value), "error": number(law.exponent.error) }));
        [
            ("tolerance".to_string(), number(how.tolerance)),
            ("levels".to_string(), json!([number(how.levels.from), number(how.levels.to)])),
            ("jump_limit".to_string(), number(self.jump_limit)),
            ("exponent".to_string(), json!(exponent)),
            ("rows".to_string(), json!(self.found.len())),
        ]
        .into()
    }

    /// What is to be mistrusted.
    pub fn warning(&self, how: How) -> Option<String> {
        let worst = self.quadrature_error();
        let text = || format!("averages were reached only to {worst:.1e}; --tolerance sets what is accepted");
        (worst > how.tolerance).then(text)
    }

    /// What the rows say.
    pub fn notes(&self) -> Vec<String> {
        let exponent = self.exponent();
        let exponent =
            exponent.map(|exponent| format!("the width goes as d^({exponent}) (expected {EXPECTED})"));
        let last = self.found.last().map(|last| {
            format!(
                "the error falls by {} over the layer at d = {}; for d → ∞ by 4p(1 − p) = {}",
                significant(last.jump, 7),
                significant(last.d, 7),
                significant(self.jump_limit, 7)
            )
        });
        exponent.into_iter().chain(last).collect()
    }

    /// The width of the window, and the fall of the error over it, against d.
    pub fn figure(&self, subtitle: String) -> Figure {
        let Widths { found, law, jump_limit } = self;
        let points = |label: &str, colour, of: fn(&Width) -> f64| {
            Points::new(label, colour, found.iter().map(|f| (f.d, of(f), 0.0)))
        };
        let ends = |fold: fn(f64, f64) -> f64| found.iter().map(|f| f.d).reduce(fold).unwrap_or(1.0);
        let logs = grid(libm::log(ends(f64::min)), libm::log(ends(f64::max)), 100);
        let line = |label: String, line, of: &dyn Fn(f64) -> f64| {
            let along = logs.iter().map(|log| libm::exp(*log)).map(|d| (d, of(d)));
            Curve::new(label, line, PALETTE.len() - 1, along.collect())
        };
        let law = law.as_ref().zip(self.exponent()).map(|(law, exponent)| {
            let label = format!("fit, d^({})", exponent.replace('-', "−"));
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

    /// A row for every dimension.
    pub fn table(&self) -> Table {
        let mut table = Table::new(width_columns());
        for (index, f) in self.found.iter().enumerate() {
            let width = |f: &Width| (f.d, f.window.width());
            let before = index.checked_sub(1).map(|before| &self.found[before]);
            let local = before.and_then(|before| ScalingLaw::fit(&[width(before), width(f)]));
            table.rows.push(vec![
                Cell::Number(f.d),
                Cell::Number(f.window.from),
                Cell::Number(f.window.to),
                Cell::Number(f.window.width()),
                Cell::Number(f.window.width() * f.d.sqrt()),
                local.map(|law| law.exponent.value).into(),
                Cell::Number(f.jump),
                Cell::Number(f.quadrature_error),
            ]);
        }
        table
    }
}

pub(super) fn width_columns() -> Vec<Column> {
    let column = |name, meaning, role| Column::new(name, meaning, role);
    vec![
        column("d", "dimension of the data", Role::Parameter),
        column("from", "τ at which the window of the mode starts", Role::Output),
        column("to", "τ at which it ends", Role::Output),
        column("width", "its width in τ", Role::Output),
        column("width_sqrt_d", "its width in √d τ", Role::Output),
        column("exponent", "d ln width/d ln d between the row before and this one", Role::Output),
        column("jump", "fall of the error per dimension from τ = 0 to τ = d^(−1/4)", Role::Output),
        column("quadrature_error", "largest error of any average", Role::Certificate),
    ]
}
