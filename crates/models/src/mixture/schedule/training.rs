//! Training times that follow the windows in which features are decided.

use super::density::Density;
use super::feature::{Feature, Levels, Window};
use super::mixture::dilated_time;
use overlaps::numeric::{grid, significant};
use overlaps::output::{Cell, Column, Role, Table};

/// How training times are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// Uniform in the window of the fastest feature, and uniform over the rest.
    Window {
        /// The share of the training times in the window.
        mass: f64,
    },
    /// In proportion to the rate of change of the features, each with the same share.
    Rate {
        /// The share of the training times that is uniform beside.
        floor: f64,
    },
}

impl Spread {
    /// Half of the training times in the window.
    pub const WINDOW: Spread = Spread::Window { mass: 0.5 };
    /// A tenth of the training times uniform.
    pub const RATE: Spread = Spread::Rate { floor: 0.1 };

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Spread::Window { .. } => "window",
            Spread::Rate { .. } => "rate",
        }
    }
}

/// What is made of features: their windows, and a density over training times.
#[derive(Debug, Clone)]
pub struct TrainingTimes {
    /// The windows, in the order of the features.
    pub windows: Vec<Window>,
    /// Which feature is decided in the shortest time.
    pub fastest: usize,
    /// The density.
    pub density: Density,
    /// The density in words.
    pub words: String,
}

impl TrainingTimes {
    /// The windows of some features, at least one, and a density that is spread so.
    pub fn new(features: &[Feature], levels: Levels, spread: Spread) -> TrainingTimes {
        let windows: Vec<Window> = features.iter().map(|feature| feature.window(levels)).collect();
        let by_width = |a: &usize, b: &usize| windows[*a].width().total_cmp(&windows[*b].width());
        let fastest = (0..windows.len()).min_by(by_width).unwrap_or_default();
        let ends = |of: fn(&Feature) -> f64| features.iter().map(of);
        let range = Window {
            from: ends(|feature| feature.times[0]).fold(f64::INFINITY, f64::min),
            to: ends(|feature| feature.times[feature.times.len() - 1]).fold(f64::NEG_INFINITY, f64::max),
        };
        let percent = |share: f64| format!("{} %", significant(100.0 * share, 6));
        let (density, words) = match spread {
            Spread::Window { mass } => {
                let words = format!(
                    "{} of the training times are in the window of {}, the others uniform over the rest",
                    percent(mass),
                    features[fastest].name
                );
                (Density::of_window(windows[fastest], range, mass), words)
            }
            Spread::Rate { floor } => {
                let words = format!(
                    "training times follow the rate of change of {}, {} of them are uniform",
                    match features {
                        [one] => one.name.clone(),
                        several => format!("{} features with the same weight", several.len()),
                    },
                    percent(floor)
                );
                (Density::of_rates(features, range, floor), words)
            }
        };
        TrainingTimes { windows, fastest, density, words }
    }

    /// So many quantiles, evenly spaced from 0 to 1; with √d and κ the dilated time beside τ.
    pub fn quantiles(&self, points: usize, scale: Option<(f64, f64)>) -> Table {
        let mut table = Table::new(quantile_columns(scale.is_some()));
        for quantile in grid(0.0, 1.0, points) {
            let time = self.density.quantile(quantile);
            let mut row = vec![Cell::Number(quantile), Cell::Number(time)];
            if let Some((root_d, kappa)) = scale {
                row.push(dilated_time(time, kappa, root_d).into());
            }
            row.push(Cell::Number(self.density.at(time)));
            table.rows.push(row);
        }
        table
    }
}

/// The columns of quantiles, with the dilated time or without.
pub(super) fn quantile_columns(dilated: bool) -> Vec<Column> {
    let time = if dilated { "training time τ" } else { "training time" };
    let mut columns = vec![
        Column::new("quantile", "share of the training times up to this one", Role::Control),
        Column::new("time", time, Role::Output),
    ];
    if dilated {
        columns.push(Column::new("t", "dilated time of eq. (11), from 0 to 2", Role::Output));
    }
    columns.push(Column::new("density", "density of the training times before this one", Role::Output));
    columns
}
