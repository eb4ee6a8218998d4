//! Training times: uniform, or by the quantiles that `overlaps schedule` writes.

use std::fs::File;
use std::path::Path;

use crate::error::{ImagesError, Result};
use overlaps::output::csv::read_table;
use overlaps_models::mixture::schedule::{Density, Window};

/// From which a training time is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Times {
    /// Uniform on [0, 1].
    #[default]
    Uniform,
    /// By quantiles: shares of the times, and the time up to which each lies.
    Quantiles(Vec<(f64, f64)>),
}

impl Times {
    /// The columns `quantile` and `time` of a CSV.
    ///
    /// # Errors
    /// A file that cannot be read, columns that are not there, times outside [0, 1].
    pub fn load(path: &Path) -> Result<Times> {
        let file = File::open(path).map_err(ImagesError::read(path))?;
        let table = read_table(file).map_err(|what| ImagesError::file(path, what))?;
        let no = |what: String| ImagesError::file(path, what);
        let column = |name: &str| {
            table.place(name).map_err(|_| {
                no(format!("there is no column `{name}`; `overlaps schedule --output FILE.csv` writes quantile and time"))
            })
        };
        let (of_quantile, of_time) = (column("quantile")?, column("time")?);
        let mut knots: Vec<(f64, f64)> = Vec::new();
        for (place, row) in table.rows.iter().enumerate() {
            let line = table.line(place);
            let number = |column: usize| match row[column].number().filter(|x| (0.0..=1.0).contains(x)) {
                Some(x) => Ok(x),
                None => Err(no(format!(
                    "line {line} has the {} {}, which is no number in [0, 1]",
                    if column == of_time { "time" } else { "quantile" },
                    row[column]
                ))),
            };
            let knot = (number(of_quantile)?, number(of_time)?);
            if let Some((quantile, time)) = knots.last().filter(|last| last.0 >= knot.0 || last.1 > knot.1) {
                return Err(no(format!(
                    "line {line} has the quantile {} and the time {} after {quantile} and {time}; both rise from line to line",
                    knot.0, knot.1
                )));
            }
            knots.push(knot);
        }
        match (knots.first(), knots.last()) {
            (Some((0.0, _)), Some((1.0, _))) => Ok(Times::Quantiles(knots)),
            (Some(first), Some(last)) => {
                Err(no(format!("quantiles go from 0 to 1, and these from {} to {}", first.0, last.0)))
            }
            _ => Err(no("there are no quantiles in it; they go from 0 to 1".into())),
        }
    }

    /// A share of the times in a window, the others uniform over the rest of [0, 1].
    pub fn in_window((from, to): (f64, f64), mass: f64) -> Times {
        let density = Density::of_window(Window { from, to }, Window { from: 0.0, to: 1.0 }, mass);
        Times::Quantiles(density.knots().map(|(time, share)| (share, time)).collect())
    }

    /// The time at a share of them.
    pub fn at(&self, share: f64) -> f64 {
        match self {
            Times::Uniform => share,
            Times::Quantiles(knots) => {
                let after = knots.partition_point(|(q, _)| *q < share).clamp(1, knots.len() - 1);
                let ((q, t), (p, u)) = (knots[after - 1], knots[after]);
                t + (u - t) * (share - q) / (p - q)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_times_lie_in_the_window() {
        let times = Times::in_window((0.3, 0.5), 0.5);
        let inside = (0..1000).filter(|i| (0.3..0.5).contains(&times.at((f64::from(*i) + 0.5) / 1000.0)));
        assert_eq!(inside.count(), 500);
        assert_eq!((times.at(0.0), times.at(1.0), Times::Uniform.at(0.4)), (0.0, 1.0, 0.4));
    }
}
