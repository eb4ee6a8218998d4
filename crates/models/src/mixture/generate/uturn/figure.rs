//! U-turns as a picture: the fractions, and the memory with its window.

use super::returns::Returns;
use crate::mixture::FLOW;
use crate::mixture::simulate::Runs;
use overlaps::chart::{ChartError, Curve, Figure, LineStyle, Panel, Points, of_model, room};

/// The most combinations of parameters in one figure.
const MOST_SERIES: usize = 3;

impl Returns {
    /// The fractions and the memory against the time of the turn.
    ///
    /// # Errors
    /// More combinations than a panel can hold.
    pub fn figure(&self, runs: &Runs) -> Result<Figure, ChartError> {
        room(self.series.len(), MOST_SERIES, "combinations of parameters")?;
        let mut fractions = Panel::new("P(end in +)");
        let mut memory = Panel::new("memory P(+|+) − P(+|−)");
        for (index, series) in self.series.iter().enumerate() {
            let less = |a: &[(f64, f64)], b: &[(f64, f64)]| -> Vec<(f64, f64)> {
                a.iter().zip(b).map(|((t, x), (_, y))| (*t, x - y)).collect()
            };
            let one = self.series.len() == 1;
            for (direction, name) in ["started in +", "started in −"].iter().enumerate() {
                let colour = if one { direction } else { 2 * index + direction };
                let label = if one { name.to_string() } else { format!("{}, {name}", series.label) };
                let (expected, exact) = (series.expected[direction].clone(), series.exact[direction].clone());
                fractions.curves.push(Curve::new("prediction", LineStyle::Solid, colour, expected));
                if series.expected != series.exact {
                    fractions.curves.push(Curve::new("exact denoiser", LineStyle::Dashed, colour, exact));
                }
                fractions.points.push(Points::new(label, colour, series.measured[direction].clone()));
            }
            let colour = if one { 2 } else { 2 * index };
            let expected = less(&series.expected[0], &series.expected[1]);
            memory.curves.push(Curve::new("prediction", LineStyle::Solid, colour, expected));
            if series.expected != series.exact {
                let exact = less(&series.exact[0], &series.exact[1]);
                memory.curves.push(Curve::new("exact denoiser", LineStyle::Dashed, colour, exact));
            }
            let both = series.measured[0].iter().zip(&series.measured[1]);
            let data = both.map(|((t, x, a), (_, y, b))| (*t, x - y, (a * a + b * b).sqrt()));
            memory.points.push(Points::new(if one { "memory" } else { "" }, colour, data));
            for edge in self.windows[index].predicted.into_iter().flatten() {
                let edge = vec![(edge, 0.0), (edge, 1.0)];
                memory.curves.push(Curve::new("window", LineStyle::Dotted, colour, edge));
            }
        }
        let mut parameters = runs.parameters();
        parameters.retain(|name, _| name != "p_test");
        if self.rows.numbers("n").into_iter().flatten().flatten().next().is_none() {
            parameters.retain(|name, _| !["n", "k", "lambda", "ell"].contains(&name.as_str()));
        }
        Ok(Figure {
            title: "U-turns: noised to t, generated again".into(),
            subtitle: of_model(&parameters, &FLOW),
            x_label: "t".into(),
            panels: vec![fractions, memory],
            ..Figure::default()
        })
    }
}
