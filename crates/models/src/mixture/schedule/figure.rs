//! The figure of a schedule: the features with their windows above, the share of the training times up to each time below.

use indexmap::IndexMap;
use serde_json::Value;

use super::feature::{Levels, Window};
use super::source::Source;
use super::training::TrainingTimes;
use overlaps::chart::{ChartError, Curve, Figure, LineStyle, PALETTE, Panel, Points};
use overlaps::name::symbol_of;
use overlaps::numeric::grid;
use overlaps::numeric::significant;
use overlaps::output::Cell;

/// The colour of what concerns no single feature.
const BLACK: usize = PALETTE.len() - 1;
/// Features that a reader can tell apart.
const MOST_FEATURES: usize = BLACK;
/// Points of a curve, beside its knots.
const POINTS: usize = 400;
/// Measured points of a feature that are drawn.
const MOST_MARKS: usize = 120;
/// A window narrower than this share of the range is drawn on a logarithmic axis, with this much room before it.
const NARROW: (f64, f64) = (0.05, 30.0);

impl Source {
    /// Draws a schedule.
    ///
    /// # Errors
    /// More features than a reader can tell apart.
    pub fn figure(&self, training: &TrainingTimes, levels: Levels) -> Result<Figure, ChartError> {
        if self.features.len() > MOST_FEATURES {
            return Err(ChartError::Given(format!(
                "a figure holds at most {MOST_FEATURES} features, and there are {}; choose some with --features, or leave out --plot",
                self.features.len()
            )));
        }
        let axis = TimeAxis::new(training);
        let percent = |share: f64| significant(100.0 * share, 4);
        let what = if self.data.is_empty() { "error per dimension" } else { "share of the change" };
        let mut words = parameters_line(&self.parameters);
        if !words.is_empty() {
            words += "; ";
        }
        words += &format!(
            "windows from {} % to {} % of the change; {}",
            percent(levels.from),
            percent(levels.to),
            training.words
        );
        Ok(Figure {
            title: "When features are decided".into(),
            subtitle: words,
            x_label: self.time.clone(),
            x_log: axis.logarithmic,
            columns: 1,
            panels: vec![
                Panel { y_label: what.into(), ..features(self, training, &axis) },
                Panel {
                    y_label: format!("share of the training times up to {}", self.time),
                    ..training_times(training, &axis)
                },
            ],
        })
    }
}

/// Parameters and their values in a line.
pub fn parameters_line(parameters: &IndexMap<String, Value>) -> String {
    let shown = |(name, value): (&String, &Value)| {
        let text = match value.as_f64() {
            Some(value) => Cell::from(value).short(),
            None => Cell::from(value.as_str().unwrap_or_default()).short(),
        };
        format!("{} = {text}", symbol_of(name))
    };
    parameters.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// The times that are shown.
struct TimeAxis {
    logarithmic: bool,
    shown: Window,
    /// Where curves have points.
    times: Vec<f64>,
}

impl TimeAxis {
    fn new(training: &TrainingTimes) -> Self {
        let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
        for (time, _) in training.density.knots() {
            (first, last) = (first.min(time), last.max(time));
        }
        let fastest = training.windows[training.fastest];
        let (narrow, room) = NARROW;
        let logarithmic = first >= 0.0 && fastest.to > 0.0 && fastest.width() < narrow * (last - first);
        let start = if fastest.from > 0.0 { fastest.from } else { fastest.to / room };
        let from = if logarithmic { first.max(start / room) } else { first };
        let shown = Window { from, to: last };
        let mut times = if logarithmic {
            let logs = grid(libm::log(from), libm::log(last), POINTS);
            logs.into_iter().map(|log| libm::exp(log).clamp(from, last)).collect()
        } else {
            grid(from, last, POINTS)
        };
        times.extend(training.windows.iter().flat_map(|window| [window.from, window.to]));
        times.retain(|time| (from..=last).contains(time));
        times.sort_by(f64::total_cmp);
        TimeAxis { logarithmic, shown, times }
    }

    fn curve(&self, label: &str, line: LineStyle, colour: usize, of: impl Fn(f64) -> f64) -> Curve {
        Curve::new(label, line, colour, self.times.iter().map(|time| (*time, of(*time))).collect())
    }

    /// The edges of the windows, in the colours of their features.
    fn edges(&self, training: &TrainingTimes, top: f64) -> Vec<Curve> {
        let edges = |(colour, window): (usize, &Window)| Curve {
            label: String::new(),
            line: LineStyle::Dashed,
            colour,
            segments: [window.from, window.to]
                .into_iter()
                .filter(|time| (self.shown.from..=self.shown.to).contains(time))
                .map(|time| vec![(time, 0.0), (time, top)])
                .collect(),
        };
        training.windows.iter().enumerate().map(edges).collect()
    }
}

fn features(source: &Source, training: &TrainingTimes, axis: &TimeAxis) -> Panel {
    let of_theory = source.data.is_empty();
    let mut curves = Vec::new();
    let mut top = 1.0;
    if of_theory {
        top = source.features.iter().map(|feature| feature.start).sum();
        let total = |time: f64| source.features.iter().map(|f| f.start + f.share(time) * f.change()).sum();
        curves.push(axis.curve("sum", LineStyle::DashDotted, BLACK, total));
    }
    for (colour, feature) in source.features.iter().enumerate() {
        let value = |time: f64| {
            let share = feature.share(time);
            if of_theory { feature.start + share * feature.change() } else { share }
        };
        curves.push(axis.curve(&feature.name, LineStyle::Solid, colour, value));
    }
    curves.extend(axis.edges(training, top));
    // For the legend.
    curves.push(Curve::new("window", LineStyle::Dashed, BLACK, Vec::new()));
    let marks = source.data.iter().zip(&source.features).enumerate().map(|(colour, (data, feature))| {
        let step = data.len().div_ceil(MOST_MARKS);
        let share = |(time, value): &(f64, f64)| (*time, (value - feature.start) / feature.change(), 0.0);
        let shown = |(time, _): &&(f64, f64)| (axis.shown.from..=axis.shown.to).contains(time);
        Points::new("", colour, data.iter().filter(shown).step_by(step).map(share))
    });
    Panel { curves, points: marks.collect(), ..Panel::default() }
}

fn training_times(training: &TrainingTimes, axis: &TimeAxis) -> Panel {
    let (first, last) = (training.density.quantile(0.0), training.density.quantile(1.0));
    let mut curves = vec![
        axis.curve("training times", LineStyle::Solid, BLACK, |time| training.density.share(time)),
        axis.curve("uniform", LineStyle::Dotted, BLACK, |time| (time - first) / (last - first)),
    ];
    curves.extend(axis.edges(training, 1.0));
    Panel { curves, ..Panel::default() }
}
