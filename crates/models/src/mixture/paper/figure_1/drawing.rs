//! Figure 1: the figure.

use super::curves::Curves;
use super::report::by_dimension;
use super::{D, Part, Run, Runs, STEPS, name, setting};
use crate::mixture::Schedule;
use crate::mixture::generate::times;
use crate::paper::Tried;
use overlaps::chart::{Curve, Figure, LineStyle, PALETTE, Panel, Points};
use overlaps::compare::statistics::Sample;

const BLACK: usize = PALETTE.len() - 1;
/// How far √d τ is shown.
const SHOWN: f64 = 10.0;

const AT_D: &str = "theory at this d";
const INFINITE: &str = "theory, d → ∞";
const DATA: &str = "p̄";

/// Draws p_t against t and √d τ, and p̂ against p̄ and d.
///
/// # Errors
/// None that a user can cause.
pub fn figure(runs: &Runs, curves: &Curves) -> Tried<Figure> {
    let p_bar = curves.n[0] as f64 / (curves.n[0] + curves.n[1]) as f64;
    let times = times(STEPS);
    let mut panels = vec![
        Panel::new("p_t"),
        Panel { x_label: "√d τ".into(), ..Panel::new("p_t") },
        Panel { x_label: "p̄".into(), ..Panel::new("p̂") },
        Panel { x_label: "d".into(), x_log: true, ..Panel::new("p̂") },
    ];
    // For the legend: these lines come in the colours of the schedules.
    for (label, line) in [(AT_D, LineStyle::Solid), (INFINITE, LineStyle::Dashed), (DATA, LineStyle::Dotted)]
    {
        panels[0].curves.push(Curve::new(label, line, BLACK, Vec::new()));
    }
    for (colour, schedule) in Schedule::ALL.into_iter().enumerate() {
        let path = setting(D, schedule)?.path();
        let of = curves.of(schedule);
        let label = name(schedule).to_string();
        let curve = |line, along| Curve::new(label_of(line), line, colour, along);
        let along: Vec<f64> = times.iter().map(|t| path.scale(*t)).collect();
        let points: Vec<(f64, f64)> = (0..times.len())
            .map(|k| spread(runs.of(Part::Time, schedule).map(|run| run.fractions[k]).collect()))
            .collect();
        let against = |x: &[f64], y: &[f64]| x.iter().copied().zip(y.iter().copied()).collect::<Vec<_>>();
        let near = |line: Vec<(f64, f64)>| line.into_iter().filter(|(x, _)| *x <= SHOWN).collect::<Vec<_>>();
        panels[0].curves.push(curve(LineStyle::Solid, against(&times, &of.at_d)));
        panels[0].curves.push(curve(LineStyle::Dashed, against(&times, &of.infinite)));
        panels[1].curves.push(curve(LineStyle::Solid, near(against(&along, &of.at_d))));
        let mut first = near(against(&along, &of.infinite));
        // As d → ∞ the second phase lies beyond all √d τ.
        first.retain(|(x, _)| schedule == Schedule::Dilated && *x <= path.kappa);
        panels[1].curves.push(curve(LineStyle::Dashed, first));
        let with = |x: &[f64], every: usize| {
            let places = x.iter().zip(&points).enumerate().filter(|(k, _)| k.is_multiple_of(every));
            places.map(|(_, (x, (mean, deviation)))| (*x, *mean, *deviation)).collect::<Vec<_>>()
        };
        panels[0].points.push(Points::new(label.clone(), colour, with(&times, 5)));
        let every = if schedule == Schedule::Dilated { 5 } else { 1 };
        let data = with(&along, every).into_iter().filter(|(x, ..)| *x <= SHOWN).collect::<Vec<_>>();
        panels[1].points.push(Points::new(label.clone(), colour, data));
        panels[2].curves.push(curve(LineStyle::Solid, of.along_p.clone()));
        let scatter =
            runs.of(Part::Drawn, schedule).map(|run: &Run| (run.p_bar, run.last(), 0.0)).collect::<Vec<_>>();
        panels[2].points.push(Points::new(label.clone(), colour, scatter));
        panels[3].curves.push(curve(LineStyle::Solid, of.along_d.clone()));
        let infinite = of.infinite[STEPS];
        let ends = [of.along_d[0].0, of.along_d[of.along_d.len() - 1].0];
        panels[3].curves.push(curve(LineStyle::Dashed, ends.map(|d| (d, infinite)).into()));
        let data = by_dimension().into_iter().map(|part| {
            let (mean, deviation) = spread(runs.last(part, schedule));
            (part.d(), mean, deviation)
        });
        panels[3].points.push(Points::new(label.clone(), colour, data));
    }
    // p̄ itself.
    let dotted = |along| Curve::new(DATA, LineStyle::Dotted, BLACK, along);
    let of_d = curves.of(Schedule::Dilated);
    let p = [of_d.along_p[0].0, of_d.along_p[of_d.along_p.len() - 1].0];
    let d = [of_d.along_d[0].0, of_d.along_d[of_d.along_d.len() - 1].0];
    panels[0].curves.push(dotted(vec![(0.0, p_bar), (2.0, p_bar)]));
    panels[1].curves.push(dotted(vec![(0.0, p_bar), (SHOWN, p_bar)]));
    panels[2].curves.push(dotted(p.map(|p| (p, p)).into()));
    panels[3].curves.push(dotted(d.map(|d| (d, p_bar)).into()));
    Ok(Figure {
        title: "The fraction of samples in mode +, with the dilated and the plain schedule".into(),
        subtitle: format!(
            "n = 128, p = 0.8, κ = 4, σ = 1, λ = 0.1, ℓ = 0.01, {STEPS} steps; d = 5000 unless it is on the axis; mean and standard deviation over data sets, against p̄ one point for each"
        ),
        x_label: "t".into(),
        x_log: false,
        columns: 2,
        panels,
    })
}

fn label_of(line: LineStyle) -> &'static str {
    match line {
        LineStyle::Solid => AT_D,
        LineStyle::Dashed => INFINITE,
        _ => DATA,
    }
}

/// Mean and standard deviation.
fn spread(values: Vec<f64>) -> (f64, f64) {
    let count = values.len() as f64;
    let sample = Sample { d: 1.0, values };
    sample.estimate().map_or((sample.mean(), 0.0), |e| (e.value, e.error * count.sqrt()))
}
