//! U-turns as a picture: the fractions, and the memory with its window.

use anyhow::bail;

use crate::points::subtitle;
use overlaps_figures::{Curve, Figure, LineStyle, Panel, Points};
use overlaps_models::mixture::FLOW;
use overlaps_models::mixture::generate::uturn::Returns;
use overlaps_models::mixture::simulate::Runs;

/// The most combinations of parameters in one figure.
const MOST_SERIES: usize = 3;

/// The fractions and the memory against the time of the turn.
///
/// # Errors
/// More combinations than a panel can hold.
pub fn figure(returns: &Returns, runs: &Runs) -> anyhow::Result<Figure> {
    if returns.series.len() > MOST_SERIES {
        bail!(
            "a figure of U-turns holds at most {MOST_SERIES} combinations of parameters, and this sweep makes {}; sweep fewer values, or leave out --plot and draw from the CSV",
            returns.series.len()
        );
    }
    let mut fractions = Panel { y_label: "P(end in +)".into(), ..Panel::default() };
    let mut memory = Panel { y_label: "memory P(+|+) − P(+|−)".into(), ..Panel::default() };
    for (index, series) in returns.series.iter().enumerate() {
        let line = |label: &str, line: LineStyle, colour: usize, data: Vec<(f64, f64)>| Curve {
            label: label.into(),
            line,
            colour,
            segments: vec![data],
        };
        let less = |a: &[(f64, f64)], b: &[(f64, f64)]| -> Vec<(f64, f64)> {
            a.iter().zip(b).map(|((t, x), (_, y))| (*t, x - y)).collect()
        };
        let one = returns.series.len() == 1;
        for (direction, name) in ["started in +", "started in −"].iter().enumerate() {
            let colour = if one { direction } else { 2 * index + direction };
            let label = if one { name.to_string() } else { format!("{}, {name}", series.label) };
            fractions.curves.push(line(
                "prediction",
                LineStyle::Solid,
                colour,
                series.expected[direction].clone(),
            ));
            if series.expected != series.exact {
                fractions.curves.push(line(
                    "exact denoiser",
                    LineStyle::Dashed,
                    colour,
                    series.exact[direction].clone(),
                ));
            }
            fractions.points.push(Points { label, colour, data: series.measured[direction].clone() });
        }
        let colour = if one { 2 } else { 2 * index };
        memory.curves.push(line(
            "prediction",
            LineStyle::Solid,
            colour,
            less(&series.expected[0], &series.expected[1]),
        ));
        if series.expected != series.exact {
            memory.curves.push(line(
                "exact denoiser",
                LineStyle::Dashed,
                colour,
                less(&series.exact[0], &series.exact[1]),
            ));
        }
        let data = series.measured[0]
            .iter()
            .zip(&series.measured[1])
            .map(|((t, x, a), (_, y, b))| (*t, x - y, (a * a + b * b).sqrt()))
            .collect();
        memory.points.push(Points { label: if one { "memory".into() } else { String::new() }, colour, data });
        let window = &returns.windows[index];
        for edge in window.predicted.into_iter().flatten() {
            memory.curves.push(line("window", LineStyle::Dotted, colour, vec![(edge, 0.0), (edge, 1.0)]));
        }
    }
    let mut parameters = runs.parameters();
    parameters.retain(|name, _| name != "p_test");
    if returns.rows.numbers("n").into_iter().flatten().flatten().next().is_none() {
        parameters.retain(|name, _| !["n", "k", "lambda", "ell"].contains(&name.as_str()));
    }
    Ok(Figure {
        title: "U-turns: noised to t, generated again".into(),
        subtitle: subtitle(&parameters, &FLOW),
        x_label: "t".into(),
        panels: vec![fractions, memory],
        ..Figure::default()
    })
}
