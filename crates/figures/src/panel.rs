//! One panel: grid, axes, heat map, curves and points.

use super::axis::Axis;
use super::canvas::{
    Anchor, Canvas, Colour, FINE_GRID, GRID, INK, PALE_INK, Place, palette, shortened, text_width,
};
use super::layout::{PanelPlace, SYMBOL_SIZE, TEXT_SIZE, TICK, TICK_SIZE};
use super::{Mark, Panel, Points, map, stroke};

/// The width of grid lines, and of axes and ticks.
pub const THIN: (f64, f64) = (0.7, 0.9);
/// The radius of the mark of a point, half the width of the end of its error bar, and the width of
/// the bar.
pub const MARK: (f64, f64, f64) = (2.8, 3.0, 1.2);
/// From the plot up to the baseline of its symbol.
const ABOVE: f64 = 8.0;
/// The same beside a colour bar, so that an index does not touch its uppermost number.
pub const ABOVE_MAP: f64 = 12.0;
/// From the middle of a line of digits down to the baseline, as a fraction of the size.
pub const BELOW_MIDDLE: f64 = 0.36;

/// Draws a panel.
pub fn draw(canvas: &Canvas, panel: &Panel, place: &PanelPlace) {
    draw_grid(canvas, place);
    draw_labels(canvas, panel, place, true);
    let (Some(x_axis), Some(y_axis)) = (&place.x_axis, &place.y_axis) else {
        return draw_nothing(canvas, panel, place);
    };
    let plot = Plot { place, x_axis, y_axis };
    if let Some(map) = &panel.map {
        map::draw(canvas, map, place, (x_axis, y_axis));
    }
    for curve in &panel.curves {
        for segment in &curve.segments {
            let shown = |(x, y): &(f64, f64)| plot.shows(*x, *y);
            // Runs of places that can be shown; what lies between them cuts the line.
            for run in segment.split(|place| !shown(place)) {
                if panel.map.is_none() {
                    let places: Vec<Place> = run.iter().map(|&(x, y)| plot.place_of(x, y)).collect();
                    stroke::draw(canvas, &places, curve.line, palette(curve.colour));
                    continue;
                }
                for places in plot.within(run) {
                    stroke::draw_on_colours(canvas, &places, curve.line, palette(curve.colour));
                }
            }
        }
    }
    panel.points.iter().for_each(|points| plot.draw_points(canvas, points));
    if let Some(map) = &panel.map {
        let (left, top) = (place.left, place.top);
        let frame = map::frame((left, top), (left + place.width, top + place.height));
        canvas.path(frame, INK, THIN.1);
        map::draw_names(canvas, map, place, (x_axis, y_axis));
        map::draw_label(canvas, map, place);
    }
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

    /// Whether a place lies in the plot: beside a heat map there may be others.
    fn holds(&self, x: f64, y: f64) -> bool {
        self.x_axis.holds(x) && self.y_axis.holds(y)
    }

    fn place_of(&self, x: f64, y: f64) -> Place {
        (x_place(self.place, self.x_axis, x), y_place(self.place, self.y_axis, y))
    }

    /// The parts of a line that lie within the plot.
    fn within(&self, line: &[(f64, f64)]) -> Vec<Vec<Place>> {
        let position = |&(x, y): &(f64, f64)| (self.x_axis.position(x), self.y_axis.position(y));
        let positions: Vec<(f64, f64)> = line.iter().map(position).collect();
        let place = |(x, y): (f64, f64)| {
            (self.place.left + self.place.width * x, self.place.top + self.place.height * (1.0 - y))
        };
        let mut parts: Vec<Vec<Place>> = Vec::new();
        let mut goes_on = false;
        for pair in positions.windows(2) {
            let Some((from, to)) = clipped(pair[0], pair[1]) else {
                goes_on = false;
                continue;
            };
            match parts.last_mut() {
                Some(part) if goes_on => part.push(place(to)),
                _ => parts.push(vec![place(from), place(to)]),
            }
            goes_on = to == pair[1];
        }
        parts
    }

    fn draw_points(&self, canvas: &Canvas, points: &Points) {
        let ink = (points.mark, palette(points.colour));
        let held = || points.data.iter().filter(|(x, y, _)| self.holds(*x, *y));
        for &(x, y, half) in held() {
            let half = if half.is_finite() { half.abs() } else { 0.0 };
            let ends = [y + half, y - half];
            let bar = Bar {
                ends: ends.map(|end| y_place(self.place, self.y_axis, end)),
                whole: ends.map(|end| self.y_axis.shows(end)),
            };
            draw_bar(canvas, self.place_of(x, y).0, &bar, ink);
        }
        held().for_each(|(x, y, _)| draw_mark(canvas, self.place_of(*x, *y), ink));
    }
}

/// The part of a straight piece that lies in the unit square (Liang and Barsky, 1984).
fn clipped(from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let (mut first, mut last) = (0.0_f64, 1.0_f64);
    for (start, end) in [(from.0, to.0), (from.1, to.1)] {
        let length = end - start;
        if length == 0.0 {
            if !(0.0..=1.0).contains(&start) {
                return None;
            }
            continue;
        }
        let (low, high) = (-start / length, (1.0 - start) / length);
        first = first.max(low.min(high));
        last = last.min(low.max(high));
    }
    let along = |share: f64| (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
    let begin = if first == 0.0 { from } else { along(first) };
    let end = if last == 1.0 { to } else { along(last) };
    (first < last).then_some((begin, end))
}

/// The error bar of a point.
pub struct Bar {
    /// The heights of its upper and lower end.
    pub ends: [f64; 2],
    /// Whether each end is shown; where it lies off a logarithmic axis, the bar has no end there.
    pub whole: [bool; 2],
}

/// Draws the error bar of a point; rings have none.
pub fn draw_bar(canvas: &Canvas, x: f64, bar: &Bar, (mark, colour): (Mark, Colour)) {
    let (_, end, width) = MARK;
    let [upper, lower] = bar.ends;
    if mark == Mark::Ring || lower <= upper {
        return;
    }
    canvas.path([(x, upper), (x, lower)], colour, width);
    for (y, whole) in bar.ends.into_iter().zip(bar.whole) {
        if whole {
            canvas.path([(x - end, y), (x + end, y)], colour, width);
        }
    }
}

/// Draws the mark of a point.
pub fn draw_mark(canvas: &Canvas, centre: Place, (mark, colour): (Mark, Colour)) {
    let (radius, _, width) = MARK;
    match mark {
        Mark::Ring => canvas.ring(centre, radius, width, colour),
        Mark::Dot => canvas.dot(centre, radius, colour),
    }
}

/// Where a value stands along x, cut off outside the plot.
pub fn x_place(place: &PanelPlace, axis: &Axis, value: f64) -> f64 {
    place.left + place.width * axis.fraction(value)
}

/// Where a value stands along y.
pub fn y_place(place: &PanelPlace, axis: &Axis, value: f64) -> f64 {
    place.top + place.height * (1.0 - axis.fraction(value))
}

fn draw_grid(canvas: &Canvas, place: &PanelPlace) {
    let (left, top) = (place.left, place.top);
    let (right, bottom) = (left + place.width, top + place.height);
    let (grid, line) = THIN;
    let across = |y| [(left, y), (right, y)];
    let down = |x| [(x, top), (x, bottom)];

    // What has one colour is drawn together, as one path.
    let (x_axis, y_axis) = (place.x_axis.as_ref(), place.y_axis.as_ref());
    let x_of = |x: f64| x_axis.map_or(left, |axis| x_place(place, axis, x));
    let y_of = |y: f64| y_axis.map_or(bottom, |axis| y_place(place, axis, y));
    let fine = |axis: &Axis| axis.fine.clone();
    let ticks = |axis: &Axis| axis.ticks.iter().map(|tick| tick.value).collect::<Vec<f64>>();
    for (colour, values) in [(FINE_GRID, &fine as &dyn Fn(&Axis) -> Vec<f64>), (GRID, &ticks)] {
        x_axis.iter().flat_map(|axis| values(axis)).for_each(|x| canvas.path(down(x_of(x)), colour, grid));
        y_axis.iter().flat_map(|axis| values(axis)).for_each(|y| canvas.path(across(y_of(y)), colour, grid));
    }
    for y in y_axis.iter().flat_map(|axis| ticks(axis)).map(y_of) {
        canvas.path([(left - TICK, y), (left, y)], INK, line);
    }
    for x in x_axis.iter().flat_map(|axis| ticks(axis)).map(x_of) {
        canvas.path([(x, bottom), (x, bottom + TICK)], INK, line);
    }
    canvas.path([(left, top), (left, bottom), (right, bottom)], INK, line)
}

/// Says that there is nothing to be seen.
pub fn draw_nothing(canvas: &Canvas, panel: &Panel, place: &PanelPlace) {
    let centre = (place.left + place.width / 2.0, place.top + place.height / 2.0);
    let message = if panel.y_log { "no finite positive values" } else { "no finite values" };
    canvas.text(message, centre, Anchor::Middle, (TEXT_SIZE, false, PALE_INK));
}

/// The symbols at the axes, the caption, and the numbers at the ticks where they are not drawn otherwise.
pub fn draw_labels(canvas: &Canvas, panel: &Panel, place: &PanelPlace, with_numbers: bool) {
    let number = (TICK_SIZE, false, INK);
    let symbol = (SYMBOL_SIZE, false, INK);
    if let Some(axis) = place.y_axis.as_ref().filter(|_| with_numbers) {
        for tick in &axis.ticks {
            let y = y_place(place, axis, tick.value) + BELOW_MIDDLE * TICK_SIZE;
            let at = (place.left - 1.7 * TICK, y);
            canvas.text(&tick.label, at, Anchor::End, number);
        }
    }
    let above = if panel.map.is_some() { ABOVE_MAP } else { ABOVE };
    let y_label = shortened(&panel.y_label, SYMBOL_SIZE, place.width);
    canvas.text(&y_label, (place.left, place.top - above), Anchor::Start, symbol);
    if !panel.caption.is_empty() {
        let room = place.width - text_width(&y_label, SYMBOL_SIZE) - SYMBOL_SIZE;
        let caption = shortened(&panel.caption, TEXT_SIZE, room);
        let end = (place.left + place.width, place.top - above);
        canvas.text(&caption, end, Anchor::End, (TEXT_SIZE, false, INK));
    }

    if place.x_written {
        let bottom = place.top + place.height;
        let baseline = bottom + 1.7 * TICK + 0.8 * TICK_SIZE;
        if let Some(axis) = place.x_axis.as_ref().filter(|_| with_numbers) {
            for tick in &axis.ticks {
                let at = (x_place(place, axis, tick.value), baseline);
                canvas.text(&tick.label, at, Anchor::Middle, number);
            }
        }
        let at = (place.left + place.width / 2.0, baseline + 1.4 * SYMBOL_SIZE);
        canvas.text(&place.x_label, at, Anchor::Middle, symbol);
    }
}
