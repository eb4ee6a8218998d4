//! Where everything stands: the grid of panels, the headings and the legend above it.

use super::axis::{Axis, Scale};
use super::canvas::{text_width, wrapped};
use super::grid::Grid;
use super::{Figure, HeatMap, Panel, legend};

/// The size of the title, in pixels.
pub const TITLE_SIZE: f64 = 15.0;
/// The size of the subtitle and the legend.
pub const TEXT_SIZE: f64 = 12.5;
/// The size of the symbols at the axes.
pub const SYMBOL_SIZE: f64 = 14.0;
/// The size of the numbers at the ticks.
pub const TICK_SIZE: f64 = 11.0;
/// The length of a tick.
pub const TICK: f64 = 4.0;

/// The space between a heat map and its colour bar, and the width of the bar.
pub const BAR_GAP: f64 = 11.0;
/// The width of a colour bar.
pub const BAR_WIDTH: f64 = 12.0;

/// The space around the figure.
const BORDER: f64 = 14.0;
/// The space between the headings, and below the legend.
const HEADING_GAPS: (f64, f64) = (7.0, 6.0);
/// The space between a panel and the numbers of the next in its row.
const BETWEEN: f64 = 20.0;
/// The space above a plot, in which its symbol stands.
const SYMBOL_SPACE: f64 = 24.0;
/// The space below a plot with numbers and a symbol at its x axis.
const X_SPACE: f64 = 42.0;
/// The space below a plot without them.
const ROW_SPACE: f64 = 12.0;
/// No more columns than this: a page is higher than wide.
const MOST_COLUMNS: usize = 4;

/// A figure measured out, in pixels.
#[derive(Debug)]
pub struct Layout {
    /// The width of the figure.
    pub width: f64,
    /// The height of the figure.
    pub height: f64,
    /// The left end of title, subtitle and legend.
    pub heading_left: f64,
    /// The baseline of the title, if there is one.
    pub title_baseline: Option<f64>,
    /// The lines of the subtitle with their baselines.
    pub subtitle: Vec<(String, f64)>,
    /// The legend.
    pub legend: Vec<legend::Entry>,
    /// The panels, in the order of the figure.
    pub panels: Vec<PanelPlace>,
}

/// Where a panel stands, and how much of it is written.
#[derive(Debug)]
pub struct PanelPlace {
    /// The left edge of the plot.
    pub left: f64,
    /// The upper edge of the plot.
    pub top: f64,
    /// The width of the plot.
    pub width: f64,
    /// The height of the plot.
    pub height: f64,
    /// Whether the numbers and symbol of its x axis are written: below the lowest of each column, and
    /// below every panel of a figure with more than one x axis.
    pub x_written: bool,
    /// The x axis; nothing if there is nothing to show.
    pub x_axis: Option<Axis>,
    /// The symbol on the x axis.
    pub x_label: String,
    /// The y axis; nothing if there is nothing to show.
    pub y_axis: Option<Axis>,
    /// The values along the colour bar of a heat map; nothing without one, or if none is finite.
    pub colours: Option<Axis>,
    /// The space that the colour bar takes right of the plot, with its numbers.
    pub bar: f64,
}

impl Layout {
    /// Measures out a figure.
    pub fn of(figure: &Figure) -> Self {
        let columns = if figure.columns > 0 { figure.columns } else { columns(figure.panels.len()) };
        let with_map = figure.panels.iter().any(|panel| panel.map.is_some());
        let (width, height) = plot_size(columns, with_map);
        let mut x_axes: Vec<(&str, Option<Axis>)> = Vec::new();
        for panel in &figure.panels {
            if x_axes.iter().all(|(label, _)| *label != panel.x_label) {
                x_axes.push((&panel.x_label, x_axis(figure, panel, width)));
            }
        }
        let row_space = if x_axes.len() > 1 { X_SPACE } else { ROW_SPACE };
        let y_ticks = ((height / 25.0) as usize).min(9);
        let mut y_axes: Vec<Option<Axis>> =
            figure.panels.iter().map(|panel| y_axis(panel, x_scale(figure, panel), y_ticks)).collect();

        let colours: Vec<Option<Axis>> =
            figure.panels.iter().map(|panel| colours_of(figure, panel, y_ticks)).collect();
        let bar = |axis: &Axis| BAR_GAP + BAR_WIDTH + 1.7 * TICK + widest_label(axis);

        // Each column is indented by the widest number at one of its y axes, and has room for its widest colour bar.
        let mut lefts = Vec::new();
        let mut bars = Vec::new();
        let mut right = BORDER - BETWEEN;
        for column in 0..columns {
            let axes = y_axes.iter().skip(column).step_by(columns).flatten();
            let numbers = axes.map(widest_label).fold(0.0, f64::max);
            let left = right + BETWEEN + numbers + 2.0 * TICK;
            lefts.push(left);
            bars.push(colours.iter().skip(column).step_by(columns).flatten().map(bar).fold(0.0, f64::max));
            right = left + width + bars[column];
        }

        let heading_left = lefts[0];
        let heading_width = right - heading_left;
        let mut y = BORDER;
        let title_baseline = (!figure.title.is_empty()).then(|| {
            y += TITLE_SIZE + HEADING_GAPS.0;
            y - HEADING_GAPS.0
        });
        let mut subtitle = Vec::new();
        for line in wrapped(&figure.subtitle, TEXT_SIZE, heading_width) {
            y += TEXT_SIZE + HEADING_GAPS.0;
            subtitle.push((line, y - HEADING_GAPS.0));
        }
        let legend = legend::entries(figure, heading_left, y, heading_width);
        if !legend.is_empty() {
            y += legend::height(&legend, y) + HEADING_GAPS.1;
        }

        let count = figure.panels.len();
        let place = |(index, y_axis): (usize, &mut Option<Axis>)| {
            let own = figure.panels[index].x_label.as_str();
            PanelPlace {
                left: lefts[index % columns],
                top: y + SYMBOL_SPACE + (index / columns) as f64 * (SYMBOL_SPACE + height + row_space),
                width,
                height,
                x_written: x_axes.len() > 1 || index + columns >= count,
                x_axis: x_axes.iter().find(|(label, _)| *label == own).and_then(|(_, axis)| axis.clone()),
                x_label: if own.is_empty() { figure.x_label.clone() } else { own.to_owned() },
                y_axis: y_axis.take(),
                colours: colours[index].clone(),
                bar: bars[index % columns],
            }
        };
        let panels: Vec<PanelPlace> = y_axes.iter_mut().enumerate().map(place).collect();
        let lowest = panels.last().map_or(y, |panel| panel.top + panel.height);
        Layout {
            width: (right + BORDER).ceil(),
            height: (lowest + X_SPACE + BORDER / 2.0).ceil(),
            heading_left,
            title_baseline,
            subtitle,
            legend,
            panels,
        }
    }
}

/// The number of columns of the grid: 1, 2, 2×2, 2×3, 3×3, then four to a row.
fn columns(panels: usize) -> usize {
    let root = (panels as f64).sqrt().ceil() as usize;
    root.clamp(1, MOST_COLUMNS)
}

/// The width and height of a plot; heat maps are higher, since both their axes have the same right.
fn plot_size(columns: usize, with_map: bool) -> (f64, f64) {
    match columns {
        1 if with_map => (430.0, 330.0),
        2 if with_map => (300.0, 240.0),
        3 if with_map => (230.0, 185.0),
        _ if with_map => (190.0, 155.0),
        1 => (480.0, 300.0),
        2 => (330.0, 210.0),
        3 => (260.0, 170.0),
        _ => (215.0, 145.0),
    }
}

/// The scale of the x axis of a panel: its own, or that of the figure.
pub fn x_scale(figure: &Figure, panel: &Panel) -> Scale {
    Scale::new(if panel.x_label.is_empty() { figure.x_log } else { panel.x_log })
}

/// The x axis of the panels that share that of this one, with as many ticks as stand apart.
fn x_axis(figure: &Figure, first: &Panel, width: f64) -> Option<Axis> {
    let around = |most_ticks| {
        let panels = figure.panels.iter().filter(|panel| panel.x_label == first.x_label);
        let scale = x_scale(figure, first);
        // The cells of a map reach to the ends of its axes.
        let margin = if panels.clone().any(|panel| panel.map.is_some()) { 0.0 } else { 0.02 };
        let values = panels.flat_map(|panel| places(panel, scale).map(|(x, _)| x));
        Axis::around(values, scale, margin, most_ticks)
    };
    let stand_apart = |axis: &Axis| {
        axis.ticks.windows(2).all(|pair| {
            let apart = (axis.fraction(pair[1].value) - axis.fraction(pair[0].value)) * width;
            let label = |index: usize| text_width(&pair[index].label, TICK_SIZE);
            apart > (label(0) + label(1)) / 2.0 + 0.9 * TICK_SIZE
        })
    };
    let most = ((width / 35.0) as usize).min(10);
    let mut axes = (2..=most).rev().filter_map(around);
    axes.find(stand_apart).or_else(|| around(2))
}

fn y_axis(panel: &Panel, x_scale: Scale, most_ticks: usize) -> Option<Axis> {
    let shown = |(x, _): &(f64, f64)| x_scale.shows(*x);
    let values = places(panel, x_scale).filter(shown).map(|(_, y)| y);
    let margin = if panel.map.is_some() { 0.0 } else { 0.06 };
    Axis::around(values, Scale::new(panel.y_log), margin, most_ticks)
}

/// The values along the colour bar of a panel: those of all maps with its label.
fn colours_of(figure: &Figure, panel: &Panel, most_ticks: usize) -> Option<Axis> {
    let label = &panel.map.as_ref()?.label;
    let maps = figure.panels.iter().filter_map(|panel| panel.map.as_ref());
    colour_axis(maps.filter(|map| map.label == *label), most_ticks)
}

/// The values of these maps along a colour bar; nothing if none is finite.
pub fn colour_axis<'a>(maps: impl Iterator<Item = &'a HeatMap>, most_ticks: usize) -> Option<Axis> {
    let values = maps.flat_map(|map| &map.cells).map(|cell| cell.value);
    Axis::around(values, Scale::Linear, 0.0, most_ticks)
}

/// Every place in a panel that is to be seen: the corners of a heat map, and without one those of curves, points, and
/// the ends of error bars.
fn places(panel: &Panel, x_scale: Scale) -> impl Iterator<Item = (f64, f64)> {
    let grid = panel.map.as_ref().and_then(|map| Grid::of(map, x_scale, Scale::new(panel.y_log)));
    let first_and_last = |edges: &[f64]| edges.first().copied().zip(edges.last().copied());
    let corners = grid.and_then(|grid| first_and_last(&grid.x_edges).zip(first_and_last(&grid.y_edges)));
    let corners = corners.map(|((left, right), (low, high))| [(left, low), (right, high)]);
    let curves = panel.curves.iter().filter(|_| panel.map.is_none()).flat_map(|curve| &curve.segments);
    let points = panel.points.iter().filter(|_| panel.map.is_none()).flat_map(|points| &points.data);
    let with_bar = |&(x, y, half): &(f64, f64, f64)| {
        let half = if half.is_finite() { half } else { 0.0 };
        [y - half, y, y + half].map(|y| (x, y))
    };
    let both_count = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
    let all = curves.flatten().copied().chain(points.flat_map(with_bar)).chain(corners.into_iter().flatten());
    all.filter(both_count)
}

fn widest_label(axis: &Axis) -> f64 {
    let widths = axis.ticks.iter().map(|tick| text_width(&tick.label, TICK_SIZE));
    widths.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use overlaps::chart::Curve;

    fn figure(panels: usize) -> Figure {
        let panel = Panel {
            curves: vec![Curve { segments: vec![vec![(0.0, 0.0), (1.0, 1.0)]], ..Curve::default() }],
            ..Panel::default()
        };
        Figure { panels: vec![panel; panels], ..Figure::default() }
    }

    #[test]
    fn panels_stand_in_a_grid() {
        let counts = [(1, 1), (2, 2), (3, 2), (4, 2), (5, 3), (6, 3), (9, 3), (10, 4), (24, 4)];
        for (panels, expected) in counts {
            assert_eq!(columns(panels), expected, "{panels} panels");
        }
    }

    #[test]
    fn panels_neither_overlap_nor_leave_the_figure() {
        for count in 1..=24 {
            let layout = Layout::of(&figure(count));
            let panels = &layout.panels;
            assert_eq!(panels.len(), count);
            for (index, one) in panels.iter().enumerate() {
                assert!(one.left > 0.0 && one.left + one.width < layout.width);
                assert!(one.top > 0.0 && one.top + one.height + X_SPACE < layout.height);
                for other in &panels[..index] {
                    let beside = other.left + other.width < one.left;
                    assert!(beside || other.top + other.height < one.top);
                }
            }
        }
    }

    #[test]
    fn the_lowest_panel_of_each_column_has_the_x_axis() {
        let layout = Layout::of(&figure(5));
        let lowest: Vec<bool> = layout.panels.iter().map(|panel| panel.x_written).collect();
        assert_eq!(lowest, [false, false, true, true, true]);
    }

    #[test]
    fn panels_with_another_x_axis_have_their_own_numbers() {
        let mut figure = figure(4);
        figure.columns = 2;
        for panel in &mut figure.panels[2..] {
            panel.x_label = "1/√d".into();
            panel.curves[0].segments = vec![vec![(0.0, 0.0), (0.03, 1.0)]];
        }
        let layout = Layout::of(&figure);
        assert!(layout.panels.iter().all(|panel| panel.x_written));
        let end = |panel: usize, x: f64| layout.panels[panel].x_axis.as_ref().unwrap().fraction(x);
        assert!(end(0, 1.0) < 1.0 && end(0, 1.0) > 0.9 && end(2, 0.03) < 1.0 && end(2, 0.03) > 0.9);
        assert!(layout.panels[2].top - layout.panels[0].top - layout.panels[0].height > X_SPACE);
    }

    #[test]
    fn a_panel_may_have_a_logarithmic_axis_of_its_own() {
        let mut figure = figure(2);
        figure.panels[1].x_label = "n".into();
        figure.panels[1].x_log = true;
        figure.panels[1].curves[0].segments = vec![vec![(1.0, 0.0), (100.0, 1.0)]];
        let layout = Layout::of(&figure);
        let middle = |panel: usize, x: f64| layout.panels[panel].x_axis.as_ref().unwrap().fraction(x);
        assert!((middle(0, 0.5) - 0.5).abs() < 1e-12 && (middle(1, 10.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_range_holds_the_error_bars() {
        let mut figure = figure(1);
        figure.panels[0].points.push(super::super::Points {
            data: vec![(0.5, 2.0, 3.0), (0.5, 0.0, f64::NAN)],
            ..super::super::Points::default()
        });
        let layout = Layout::of(&figure);
        let axis = layout.panels[0].y_axis.as_ref().unwrap();
        assert!(axis.fraction(-1.0) > 0.0 && axis.fraction(5.0) < 1.0);
    }
}
