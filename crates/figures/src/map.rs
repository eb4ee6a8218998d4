//! Draws a heat map into its panel: cells, the lines between regions, the names of the regions, and the colour bar.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, INK, Place, palette, text_width};
use super::colours::{self, LEVELS};
use super::grid::{Filling, Grid, Run};
use super::layout::{BAR_GAP, BAR_WIDTH, PanelPlace, SYMBOL_SIZE, TEXT_SIZE, TICK, TICK_SIZE};
use super::{HeatMap, LineStyle, Panel, legend::Swatch, panel, regions, stroke};

/// The place in the palette of the lines between regions: black.
pub const BOUNDARY: usize = 6;
/// The space around the name of a region, to the sides and above and below.
const NAME_MARGIN: (f64, f64) = (5.0, 3.5);

/// How many boxes the heat map of a panel is drawn with.
pub fn cells(panel: &Panel, place: &PanelPlace) -> usize {
    let (Some(map), Some(x), Some(y)) = (&panel.map, &place.x_axis, &place.y_axis) else { return 0 };
    Grid::of(map, x.scale(), y.scale()).map_or(0, |grid| grid.runs(place.colours.as_ref()).len())
}

/// Draws the cells and what belongs to them.
pub fn draw(canvas: &Canvas, map: &HeatMap, place: &PanelPlace, (x_axis, y_axis): (&Axis, &Axis)) {
    let Some(grid) = Grid::of(map, x_axis.scale(), y_axis.scale()) else {
        return;
    };
    let x: Vec<f64> = grid.x_edges.iter().map(|x| panel::x_place(place, x_axis, *x)).collect();
    let y: Vec<f64> = grid.y_edges.iter().map(|y| panel::y_place(place, y_axis, *y)).collect();
    let runs = grid.runs(place.colours.as_ref());
    let corners = |run: &Run| ((x[run.from], y[run.row + 1]), (x[run.to], y[run.row]));
    for run in &runs {
        let (upper_left, lower_right) = corners(run);
        let colour = match run.filling {
            Filling::Level(level) => colours::colour(level),
            Filling::Infinite => Swatch::Infinite.colour(),
            Filling::Missing => Swatch::Missing.colour(),
        };
        canvas.fill(upper_left, lower_right, colour);
    }
    if let Some(axis) = &place.colours {
        draw_bar(canvas, place, axis);
    }
    let missing = runs.iter().filter(|run| run.filling == Filling::Missing).map(corners);
    canvas.hatch(&missing.collect::<Vec<_>>());

    for line in regions::boundaries(&grid) {
        let line: Vec<Place> = line.into_iter().map(|(column, row)| (x[column], y[row])).collect();
        stroke::draw_on_colours(canvas, &line, LineStyle::Solid, palette(BOUNDARY));
    }
}

/// Draws the names of the regions, each where it has most room; with a single region there is nothing to tell apart.
pub fn draw_names(canvas: &Canvas, map: &HeatMap, place: &PanelPlace, (x_axis, y_axis): (&Axis, &Axis)) {
    let Some(grid) = Grid::of(map, x_axis.scale(), y_axis.scale()) else {
        return;
    };
    let names = regions::names(&grid);
    if names.len() < 2 {
        return;
    }
    let x: Vec<f64> = grid.x_edges.iter().map(|x| panel::x_place(place, x_axis, *x)).collect();
    let y: Vec<f64> = grid.y_edges.iter().map(|y| panel::y_place(place, y_axis, *y)).collect();
    for name in names {
        let size = (text_width(name, TEXT_SIZE) + 2.0 * NAME_MARGIN.0, TEXT_SIZE + 2.0 * NAME_MARGIN.1);
        if let Some((middle, height)) = regions::room_for(&grid, name, (&x, &y), size) {
            let half = (size.0 / 2.0, size.1 / 2.0);
            canvas.veil((middle - half.0, height - half.1), (middle + half.0, height + half.1));
            let baseline = height + panel::BELOW_MIDDLE * TEXT_SIZE;
            canvas.text(name, (middle, baseline), Anchor::Middle, (TEXT_SIZE, false, INK));
        }
    }
}

/// The colour bar, right of the plot and as high.
fn draw_bar(canvas: &Canvas, place: &PanelPlace, axis: &Axis) {
    let left = place.left + place.width + BAR_GAP;
    let right = left + BAR_WIDTH;
    let height = |level: usize| place.top + place.height * (1.0 - level as f64 / LEVELS as f64);
    for level in 0..LEVELS {
        canvas.fill((left, height(level + 1)), (right, height(level)), colours::colour(level));
    }
    let (top, bottom) = (place.top, place.top + place.height);
    canvas.path(frame((left, top), (right, bottom)), INK, panel::THIN.1);
    for tick in &axis.ticks {
        let y = panel::y_place(place, axis, tick.value);
        canvas.path([(right, y), (right + TICK, y)], INK, panel::THIN.1);
        let at = (right + 1.7 * TICK, y + panel::BELOW_MIDDLE * TICK_SIZE);
        canvas.text(&tick.label, at, Anchor::Start, (TICK_SIZE, false, INK));
    }
}

/// The symbol of the quantity, above the colour bar: flush left with it, or right with its numbers where it is longer.
pub fn draw_label(canvas: &Canvas, map: &HeatMap, place: &PanelPlace) {
    let left = place.left + place.width + BAR_GAP;
    let symbol = (SYMBOL_SIZE, false, INK);
    let baseline = place.top - panel::ABOVE_MAP;
    if text_width(&map.label, SYMBOL_SIZE) <= place.bar - BAR_GAP {
        canvas.text(&map.label, (left, baseline), Anchor::Start, symbol)
    } else {
        canvas.text(&map.label, (place.left + place.width + place.bar, baseline), Anchor::End, symbol)
    }
}

/// The four sides of a box.
pub fn frame((left, top): Place, (right, bottom): Place) -> [Place; 5] {
    [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
}
