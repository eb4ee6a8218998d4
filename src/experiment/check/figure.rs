//! The figure of a check: curves with the measured points above, deviations against 1/√d below.

use super::Check;
use crate::chart::{
    ChartError, Curve, Figure, LineStyle, PALETTE, Panel, Points, drawn_columns, in_words, mean,
};
use crate::compare::statistics::{Sample, extrapolate};
use crate::compare::{Answer, Corrections, Measurements, Predictions};
use crate::model::Description;
use crate::name::symbol_of;
use crate::output::{Cell, Column, Role};
use crate::solve::{Job, PieceCurve, Settings};
use crate::system::Theory;
use crate::value::{Given, Value};

/// Panels in a row, unless columns are asked for.
const MOST_COLUMNS: usize = 4;
/// Control values of which deviations are drawn, spread evenly, in colours that no theory has where there are enough.
const MOST_CONTROLS: usize = 3;
/// The colour of measured points.
const BLACK: usize = PALETTE.len() - 1;

impl Check {
    /// The comparison of one combination of parameters of a model: these overlaps, by their places among those measured.
    ///
    /// # Errors
    /// More than one combination.
    pub fn figure(
        &self,
        measurements: &Measurements,
        answers: &[Answer],
        model: &Description,
        columns: &[usize],
    ) -> Result<Figure, ChartError> {
        let mut groups: Vec<&[Value]> = Vec::new();
        for c in answers.iter().flat_map(|a| &a.judged.comparisons) {
            if !groups.contains(&c.place.group.as_slice()) {
                groups.push(&c.place.group);
            }
        }
        if groups.len() > 1 {
            return Err(ChartError::Given(format!(
                "a figure shows one combination of parameters, and these measurements have {}: without a figure, or one at a time",
                groups.len()
            )));
        }
        let theory = answers[0].predictions.theory;
        let solved = solved(measurements, answers, self.settings());
        let curves = |column: &usize| curves(measurements, answers, &solved, *column);
        let deviations =
            |column: &usize| deviations(measurements, answers, self.rules.corrections(measurements), *column);
        Ok(Figure {
            title: format!("{} against measurement", theory.description.title),
            subtitle: subtitle(measurements, theory, model),
            x_label: symbol_of(&measurements.control),
            columns: columns.len(),
            panels: columns.iter().map(curves).chain(columns.iter().map(deviations)).collect(),
            ..Figure::default()
        })
    }

    /// The overlaps that are drawn, by place among those measured: those asked for, else those that the theory draws.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn drawn(&self, measurements: &Measurements, asked: &[String]) -> Result<Vec<usize>, ChartError> {
        let theory = &self.theories[0];
        let predicted = theory.output_columns();
        let predicted = |name: &&str| predicted.iter().any(|(column, _, _)| column == name);
        let all: Vec<&str> = measurements.overlaps.iter().map(String::as_str).filter(predicted).collect();
        let own: Vec<&str> =
            theory.description.plot.iter().map(String::as_str).filter(|name| all.contains(name)).collect();
        let defaults = if own.is_empty() { &all } else { &own };
        let defaults: Vec<String> = defaults.iter().take(MOST_COLUMNS).map(|name| name.to_string()).collect();
        let outputs: Vec<Column> = all.iter().map(|name| Column::new(*name, "", Role::Output)).collect();
        let names = drawn_columns(asked, &defaults, &outputs)?;
        Ok(names.iter().filter_map(|name| measurements.overlaps.iter().position(|o| o == name)).collect())
    }
}

/// The parameters of the measurements; words only where they are not the default.
fn subtitle(measurements: &Measurements, theory: &Theory, model: &Description) -> String {
    let first = &measurements.rows[0];
    let usual = |name: &str, value: &Value| {
        let mut all = theory.known().chain([model.known()]).flat_map(|known| known.all);
        let own = all.find(|p| p.name == name && !p.words.is_empty());
        own.is_some_and(|own| value.word() == Some(&own.default_text))
    };
    let values = measurements.parameters.iter().zip(&first.parameters);
    let values = values.filter(|(name, value)| !usual(name, value));
    in_words(values.map(|(name, value)| (name.as_str(), Cell::from(value))))
}

fn largest(measurements: &Measurements) -> f64 {
    measurements.rows.iter().map(|row| row.d).fold(0.0, f64::max)
}

/// The theories that are compared as the first is, with their curves over their default grid in the range of the first, at the
/// parameters of the measurements.
fn solved<'a>(
    measurements: &Measurements,
    answers: &[Answer<'a>],
    settings: Settings,
) -> Vec<(&'a Theory, Vec<PieceCurve<'a>>)> {
    let kind = |a: &Answer| (a.in_the_limit, a.predictions.at_each_d);
    let range = &answers[0].predictions.theory.control;
    let within = |t: &f64| (range.from..=range.to).contains(t);
    let of_same_kind = answers.iter().filter(|a| kind(a) == kind(&answers[0]));
    of_same_kind
        .map(|Answer { predictions, .. }| {
            let theory = predictions.theory;
            let controls = theory.control.grid().into_iter().filter(within).collect();
            let parameters = parameters(measurements, predictions);
            (theory, Job { parameters, controls: Some(controls) }.curves(theory, settings))
        })
        .collect()
}

/// The parameters of the first measurement, with the largest d.
fn parameters(measurements: &Measurements, predictions: &Predictions) -> Given {
    let names = predictions.theory.parameter_names();
    let first = &measurements.rows[0];
    let measured = measurements.parameters.iter().cloned().zip(first.parameters.iter().cloned());
    let d = (measurements.size.clone(), Value::Number(largest(measurements)));
    let all = predictions.given.iter().cloned().chain(measured).chain(predictions.at_each_d.then_some(d));
    all.filter(|(name, _)| names.contains(&name.as_str())).collect()
}

/// Theory curves against the control, and what was measured: extrapolated, or at the largest d.
fn curves(
    measurements: &Measurements,
    answers: &[Answer],
    solved: &[(&Theory, Vec<PieceCurve>)],
    overlap: usize,
) -> Panel {
    let name = &measurements.overlaps[overlap];
    let mut panel = Panel::new(symbol_of(name));
    let in_the_limit = answers[0].in_the_limit;
    let largest = largest(measurements);
    for (index, (theory, pieces)) in solved.iter().enumerate() {
        let segments = segments(pieces, name);
        if !segments.is_empty() {
            panel.curves.push(Curve {
                label: theory.name().to_string(),
                line: theory.description.line,
                colour: index % BLACK,
                segments,
            });
        }
    }
    let at = |d: f64| if in_the_limit { d.is_infinite() } else { d == largest };
    let shown = answers[0].judged.comparisons.iter().filter(|c| c.place.overlap == overlap && at(c.place.d));
    let data = shown.map(|c| (c.place.control, c.measured, c.difference.error));
    let size = &measurements.size;
    let label = match in_the_limit {
        true => format!("measured, {size} → ∞"),
        false => format!("measured, {size} = {largest}"),
    };
    panel.points.push(Points::new(label, BLACK, data));
    panel
}

/// The line of an overlap along the curves of a theory.
fn segments(pieces: &[PieceCurve], overlap: &str) -> Vec<Vec<(f64, f64)>> {
    let mut segments = Vec::new();
    for piece in pieces {
        let Some(output) = piece.piece.system.outputs.iter().position(|o| o.column == overlap) else {
            continue;
        };
        let mut segment: Vec<(f64, f64)> = Vec::new();
        let mut branch = None;
        for row in 0..piece.curve.controls.len() {
            let Some((track, solution)) = piece.curve.solution(row) else { continue };
            // A change of the branch is a jump, not a line.
            if branch.is_some_and(|b: &str| b != track.name) {
                segments.push(std::mem::take(&mut segment));
            }
            branch = Some(track.name.as_str());
            segment.push((solution.control, solution.certified.outputs[output]));
        }
        segments.push(segment);
    }
    segments.retain(|s| s.iter().any(|(_, y)| y.is_finite()));
    segments
}

/// Measured − predicted by the first theory against 1/√d, one colour per control value, with the fit that is
/// extrapolated, and the deviation that a theory of finite d predicts.
fn deviations(
    measurements: &Measurements,
    answers: &[Answer],
    corrections: &Corrections,
    overlap: usize,
) -> Panel {
    let (first, size) = (&answers[0], &measurements.size);
    let name = symbol_of(&measurements.overlaps[overlap]);
    let y_label = format!("{name} − {}", first.predictions.theory.name());
    let mut panel = Panel { x_label: format!("1/√{size}"), ..Panel::new(y_label) };
    let finite = answers.iter().find(|a| a.predictions.at_each_d && !first.predictions.at_each_d);
    // For the legend: these lines come in the colours of the control values.
    let black = |label: &str, line| Curve::new(label, line, BLACK, Vec::new());
    let fitted = format!("fit {}", corrections.in_words(size));
    if !first.predictions.at_each_d {
        panel.curves.push(black(&fitted, LineStyle::DashDotted));
    }
    panel.curves.extend(finite.map(|finite| black(finite.predictions.theory.name(), LineStyle::Dotted)));
    let mut controls: Vec<f64> = measurements.rows.iter().map(|row| row.control).collect();
    controls.sort_by(f64::total_cmp);
    controls.dedup();
    // The same in every panel, so that a colour means the same.
    controls.retain(|control| first.judged.comparisons.iter().any(|c| c.place.control == *control));
    let shown = controls.len().min(MOST_CONTROLS);
    for place in 0..shown {
        // The first, the last and those in between.
        let control = &controls[place * (controls.len() - 1) / (shown - 1).max(1)];
        let colour = BLACK - MOST_CONTROLS + place;
        let mut samples: Vec<Sample> = Vec::new();
        let mut expected: Vec<(f64, f64)> = Vec::new();
        for (index, row) in measurements.rows.iter().enumerate().filter(|(_, row)| row.control == *control) {
            let difference = row.overlaps[overlap] - first.predictions.values[index][overlap];
            if !difference.is_finite() {
                continue;
            }
            match samples.iter_mut().find(|s| s.d == row.d) {
                Some(sample) => sample.values.push(difference),
                None => {
                    samples.push(Sample { d: row.d, values: vec![difference] });
                    if let Some(finite) = finite {
                        let predicted = finite.predictions.values[index][overlap];
                        let from = first.predictions.values[index][overlap];
                        expected.push((1.0 / row.d.sqrt(), predicted - from));
                    }
                }
            }
        }
        if samples.is_empty() {
            continue;
        }
        samples.sort_by(|a, b| a.d.total_cmp(&b.d));
        let data = samples.iter().filter_map(|sample| mean(1.0 / sample.d.sqrt(), sample.values.clone()));
        let label = format!("{} = {control}", symbol_of(&measurements.control));
        panel.points.push(Points::new(label, colour, data));
        if !first.predictions.at_each_d
            && let Some(fit) = extrapolate(&samples, corrections.powers())
        {
            let widest = 1.0 / samples[0].d.sqrt();
            let factors: Vec<f64> = fit.iter().map(|factor| factor.value).collect();
            let at = |x: f64| (x, corrections.value(&factors, x));
            let line = (0..=40).map(|i| at(f64::from(i) / 40.0 * widest)).collect();
            panel.curves.push(Curve::new(&fitted, LineStyle::DashDotted, colour, line));
        }
        if let Some(finite) = finite {
            expected.sort_by(|a, b| a.0.total_cmp(&b.0));
            let name = finite.predictions.theory.name();
            panel.curves.push(Curve::new(name, LineStyle::Dotted, colour, expected));
        }
    }
    panel
}
