//! One panel: grid, axes, curves and points.

use plotters::style::RGBColor;

use super::axis::Axis;
use super::canvas::{
    Anchor, Canvas, DrawingFailure, FINE_GRID, GRID, INK, PALE_INK, Place, palette, shortened,
};
use super::layout::{PanelPlace, SYMBOL_SIZE, TEXT_SIZE, TICK, TICK_SIZE};
use super::{Panel, Points, stroke};

/// The width of grid lines, and of axes and ticks.
const THIN: (f64, f64) = (0.7, 0.9);
/// The radius of the mark of a point, half the width of the end of its error bar, and the width of
/// the bar.
const MARK: (f64, f64, f64) = (2.8, 3.0, 1.2);
/// From the middle of a line of digits down to the baseline, as a fraction of the size.
const BELOW_MIDDLE: f64 = 0.36;

/// Draws a panel.
pub fn draw(canvas: &Canvas, panel: &Panel, place: &PanelPlace) -> Result<(), DrawingFailure> {
    draw_grid(canvas, place)?;
    draw_labels(canvas, panel, place)?;
    let (Some(x_axis), Some(y_axis)) = (&place.x_axis, &place.y_axis) else {
        let centre = (place.left + place.width / 2.0, place.top + place.height / 2.0);
        let style = (TEXT_SIZE, false, PALE_INK);
        let message = if panel.y_log { "no finite positive values" } else { "no finite values" };
        return canvas.text(message, centre, Anchor::Middle, style);
    };
    let plot = Plot { place, x_axis, y_axis };
    for curve in &panel.curves {
        for segment in &curve.segments {
            let shown = |(x, y): &(f64, f64)| plot.shows(*x, *y);
            // Runs of places that can be shown; what lies between them cuts the line.
            for run in segment.split(|place| !shown(place)) {
                let places: Vec<Place> = run.iter().map(|&(x, y)| plot.place_of(x, y)).collect();
                stroke::draw(canvas, &places, curve.line, palette(curve.colour))?;
            }
        }
    }
    let mut points = panel.points.iter();
    points.try_for_each(|points| plot.draw_points(canvas, points))
}

/// A plot with both its axes: from values to places.
struct Plot<'a> {
    place: &'a PanelPlace,
    x_axis: &'a Axis,
    y_axis: &'a Axis,
}

impl Plot<'_> {
    fn shows(&self, x: f64, y: f64) -> bool {
        self.x_axis.shows(x) && self.y_axis.shows(y)
    }

    fn place_of(&self, x: f64, y: f64) -> Place {
        (x_place(self.place, self.x_axis, x), y_place(self.place, self.y_axis, y))
    }

    fn draw_points(&self, canvas: &Canvas, points: &Points) -> Result<(), DrawingFailure> {
        for &(x, y, half) in points.data.iter().filter(|(x, y, _)| self.shows(*x, *y)) {
            let half = if half.is_finite() { half.abs() } else { 0.0 };
            let ends = [y + half, y - half];
            let bar = Bar {
                ends: ends.map(|end| y_place(self.place, self.y_axis, end)),
                whole: ends.map(|end| self.y_axis.shows(end)),
            };
            draw_mark(canvas, self.place_of(x, y), &bar, palette(points.colour))?;
        }
        Ok(())
    }
}

/// The error bar of a point.
pub struct Bar {
    /// The heights of its upper and lower end.
    pub ends: [f64; 2],
    /// Whether each end is shown; where it lies off a logarithmic axis, the bar has no end there.
    pub whole: [bool; 2],
}

/// Draws a point with its error bar.
pub fn draw_mark(canvas: &Canvas, centre: Place, bar: &Bar, colour: RGBColor) -> Result<(), DrawingFailure> {
    let (radius, end, width) = MARK;
    let x = centre.0;
    let [upper, lower] = bar.ends;
    if lower > upper {
        canvas.path([(x, upper), (x, lower)], colour, width)?;
        for (y, whole) in bar.ends.into_iter().zip(bar.whole) {
            if whole {
                canvas.path([(x - end, y), (x + end, y)], colour, width)?;
            }
        }
    }
    canvas.dot(centre, radius, colour)
}

fn x_place(place: &PanelPlace, axis: &Axis, value: f64) -> f64 {
    place.left + place.width * axis.fraction(value)
}

fn y_place(place: &PanelPlace, axis: &Axis, value: f64) -> f64 {
    place.top + place.height * (1.0 - axis.fraction(value))
}

fn draw_grid(canvas: &Canvas, place: &PanelPlace) -> Result<(), DrawingFailure> {
    let (left, top) = (place.left, place.top);
    let (right, bottom) = (left + place.width, top + place.height);
    let (grid, line) = THIN;
    let across = |y| [(left, y), (right, y)];
    let down = |x| [(x, top), (x, bottom)];

    if let Some(axis) = &place.x_axis {
        for &value in &axis.fine {
            canvas.path(down(x_place(place, axis, value)), FINE_GRID, grid)?;
        }
    }
    if let Some(axis) = &place.y_axis {
        for &value in &axis.fine {
            canvas.path(across(y_place(place, axis, value)), FINE_GRID, grid)?;
        }
        for tick in &axis.ticks {
            let y = y_place(place, axis, tick.value);
            canvas.path(across(y), GRID, grid)?;
            canvas.path([(left - TICK, y), (left, y)], INK, line)?;
        }
    }
    if let Some(axis) = &place.x_axis {
        for tick in &axis.ticks {
            let x = x_place(place, axis, tick.value);
            canvas.path(down(x), GRID, grid)?;
            canvas.path([(x, bottom), (x, bottom + TICK)], INK, line)?;
        }
    }
    canvas.path([(left, top), (left, bottom), (right, bottom)], INK, line)
}

fn draw_labels(canvas: &Canvas, panel: &Panel, place: &PanelPlace) -> Result<(), DrawingFailure> {
    let number = (TICK_SIZE, false, INK);
    let symbol = (SYMBOL_SIZE, false, INK);
    if let Some(axis) = &place.y_axis {
        for tick in &axis.ticks {
            let y = y_place(place, axis, tick.value) + BELOW_MIDDLE * TICK_SIZE;
            let at = (place.left - 1.7 * TICK, y);
            canvas.text(&tick.label, at, Anchor::End, number)?;
        }
    }
    let y_label = shortened(&panel.y_label, SYMBOL_SIZE, place.width);
    canvas.text(&y_label, (place.left, place.top - 8.0), Anchor::Start, symbol)?;

    if place.x_written {
        let bottom = place.top + place.height;
        let baseline = bottom + 1.7 * TICK + 0.8 * TICK_SIZE;
        if let Some(axis) = &place.x_axis {
            for tick in &axis.ticks {
                let at = (x_place(place, axis, tick.value), baseline);
                canvas.text(&tick.label, at, Anchor::Middle, number)?;
            }
        }
        let at = (place.left + place.width / 2.0, baseline + 1.4 * SYMBOL_SIZE);
        canvas.text(&place.x_label, at, Anchor::Middle, symbol)?;
    }
    Ok(())
}
