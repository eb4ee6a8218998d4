//! Samples and theory against time.

use super::experiment::Compared;
use super::law::{LAW, Law};
use super::run::{Generated, Generation};
use crate::mixture::simulate::Runs;
use crate::mixture::{FLOW, FLOW_PARAMETERS};
use overlaps::chart::{ChartError, Curve, Figure, LineStyle, PALETTE, Panel, Points, mean, of_model, room};
use overlaps::name::symbol_of;

/// The most combinations of parameters in one figure.
const MOST_SERIES: usize = PALETTE.len();
/// At most so many points in a series; the curves have every time.
const MOST_POINTS: usize = 41;

impl Compared {
    /// One panel per column: the mean over seeds as points, theory at this d solid and for d → ∞ dashed.
    ///
    /// # Errors
    /// More combinations of parameters than a panel can hold.
    pub fn figure(
        &self,
        runs: &Runs,
        generations: &[Generation],
        outcomes: &[Generated],
        columns: &[String],
    ) -> Result<Figure, ChartError> {
        let plan = &runs.plan;
        let cells = plan.cells();
        room(cells, MOST_SERIES, "combinations of parameters")?;
        let seeds = generations.len() / cells;
        let label = |cell: usize| {
            let label = plan.swept_in_words(cell);
            if label.is_empty() { "samples".to_string() } else { label }
        };
        let panel = |column: &String| {
            let Some(place) = LAW.iter().position(|(name, _)| name == column) else {
                return Panel::new(symbol_of(column));
            };
            let mut panel = Panel::new(symbol_of(column));
            for cell in 0..cells {
                let here = cell * seeds..(cell + 1) * seeds;
                let times = generations[here.start].times();
                let curve = |laws: &[Law]| -> Vec<(f64, f64)> {
                    times.iter().zip(laws).map(|(t, law)| (*t, law.values()[place])).collect()
                };
                let predicted = self.predictions.of(here.start);
                // Colours tell combinations apart where there are several, otherwise theory from samples.
                let (colour, of_points) = if cells > 1 { (cell, cell) } else { (0, PALETTE.len() - 1) };
                for (label, line, laws) in [
                    ("theory at this d", LineStyle::Solid, predicted.at_d.as_deref().ok()),
                    ("d → ∞", LineStyle::Dashed, Some(&predicted.infinite[..])),
                ] {
                    let along = laws.map(curve).unwrap_or_default();
                    if along.iter().any(|(_, y)| y.is_finite()) {
                        panel.curves.push(Curve::new(label, line, colour, along));
                    }
                }
                let every = times.len().div_ceil(MOST_POINTS);
                let shown = (0..times.len()).filter(|k| k % every == 0 || *k + 1 == times.len());
                let data = shown.filter_map(|k| {
                    let converged = outcomes[here.clone()].iter().filter(|outcome| outcome.converged);
                    let values = converged.map(|outcome| outcome.laws[k].values()[place]);
                    mean(times[k], values.filter(|x| x.is_finite()).collect())
                });
                panel.points.push(Points::new(label(cell), of_points, data));
            }
            panel
        };
        let mut parameters = runs.parameters();
        parameters.retain(|name, _| name != "p_test");
        // What the exact denoiser's flow has besides is shown where it is given.
        let given = |name: &str| runs.plan.fixed.iter().any(|(given, _)| given == name);
        parameters.retain(|name, _| given(name) || FLOW_PARAMETERS.iter().all(|p| p.name != *name));
        Ok(Figure {
            title: format!("Generated samples, {} steps", generations[0].steps),
            subtitle: of_model(&parameters, &FLOW),
            x_label: "t".into(),
            panels: columns.iter().map(panel).collect(),
            ..Figure::default()
        })
    }
}
