//! How the window of the mode narrows with the dimension.

use rayon::prelude::*;

use super::feature::{Levels, Window};
use super::mixture::MixtureFeatures;
use overlaps::compare::ScalingLaw;
use overlaps::output::{Cell, Column, Role, Table};

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
