//! Where everything stands: the panels in their columns, the headings and the legend above them.

use super::axis::{Axis, Scale};
use super::canvas::{text_width, wrapped, wrapped_between};
use super::fit::{self, NoRoom, Room, Rows};
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
pub const BORDER: f64 = 14.0;
/// The space between the headings, and below the legend.
const HEADING_GAPS: (f64, f64) = (7.0, 6.0);
/// The space between a panel and the numbers of the next in its row.
const BETWEEN: f64 = 20.0;
/// The space above a plot, in which its symbol stands.
pub const SYMBOL_SPACE: f64 = 24.0;
/// The space below a plot with numbers and a symbol at its x axis.
pub const X_SPACE: f64 = 42.0;
/// The space below a plot without them.
const ROW_SPACE: f64 = 12.0;

/// A figure measured out, in pixels.
#[derive(Debug)]
pub struct Layout {
    /// The width of the figure.
    pub width: f64,
    /// The height of the figure.
    pub height: f64,
    /// The left end of title, subtitle and legend.
    pub heading_left: f64,
    /// The lines of the title with their baselines.
    pub title: Vec<(String, f64)>,
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
    /// Measures out a figure, on a sheet that suits it or into the room that there is.
    ///
    /// # Errors
    /// Less room than text and plots need.
    pub fn of(figure: &Figure, room: Room) -> Result<Self, NoRoom> {
        match room {
            Room { width: Some(width), height } => fit::into(figure, width, height),
            Room { width: None, .. } => {
                let rows = Rows::of(figure);
                let size = fit::plot_size(rows.columns, fit::has_map(figure));
                let columns = Columns::of(figure, &rows, size, BORDER);
                let headings = columns.headings(figure, (BORDER, columns.lefts[0]), columns.right, false);
                let mut layout = columns.layout(figure, &rows, headings);
                (layout.width, layout.height) = ((layout.width + BORDER).ceil(), layout.height.ceil());
                Ok(layout)
            }
        }
    }
}

/// Title, subtitle and legend.
#[derive(Debug)]
pub struct Headings {
    left: f64,
    title: Vec<(String, f64)>,
    subtitle: Vec<(String, f64)>,
    legend: Vec<legend::Entry>,
    /// Where the panels begin.
    pub bottom: f64,
}

/// Panels of one size, with their axes, and where their columns stand.
#[derive(Debug)]
pub struct Columns<'a> {
    size: (f64, f64),
    x_axes: Vec<(&'a str, Option<Axis>)>,
    y_axes: Vec<Option<Axis>>,
    colours: Vec<Option<Axis>>,
    lefts: Vec<f64>,
    bars: Vec<f64>,
    /// The right end of the last.
    pub right: f64,
}

impl<'a> Columns<'a> {
    /// Each column is indented by the widest number at one of its y axes, and has room for its widest colour bar.
    pub fn of(figure: &'a Figure, rows: &Rows, size: (f64, f64), border: f64) -> Self {
        let (width, height) = size;
        let mut x_axes: Vec<(&str, Option<Axis>)> = Vec::new();
        for panel in &figure.panels {
            if x_axes.iter().all(|(label, _)| *label != panel.x_label) {
                x_axes.push((&panel.x_label, x_axis(figure, panel, width)));
            }
        }
        let y_ticks = ((height / 25.0) as usize).min(9);
        let y_axes: Vec<Option<Axis>> =
            figure.panels.iter().map(|panel| y_axis(panel, x_scale(figure, panel), y_ticks)).collect();
        let colours: Vec<Option<Axis>> =
            figure.panels.iter().map(|panel| colours_of(figure, panel, y_ticks)).collect();
        let bar = |axis: &Axis| BAR_GAP + BAR_WIDTH + 1.7 * TICK + widest_label(axis);
        let widest = |axes: &[Option<Axis>], column: usize, of: &dyn Fn(&Axis) -> f64| {
            let own = axes.iter().enumerate().filter(|(index, _)| rows.place(*index).1 == column);
            own.filter_map(|(_, axis)| axis.as_ref()).map(of).fold(0.0, f64::max)
        };
        let (mut lefts, mut bars, mut right) = (Vec::new(), Vec::new(), border - BETWEEN);
        for column in 0..rows.columns {
            let left = right + BETWEEN + widest(&y_axes, column, &widest_label) + 2.0 * TICK;
            lefts.push(left);
            bars.push(widest(&colours, column, &bar));
            right = left + width + bars[column];
        }
        Columns { size, x_axes, y_axes, colours, lefts, bars, right }
    }

    /// The headings between two places, the first with its upper edge at a height. Where it is asked for, a subtitle is broken between its parts.
    pub fn headings(&self, figure: &Figure, (top, left): (f64, f64), right: f64, wrap: bool) -> Headings {
        let width = right - left;
        let mut y = top;
        let mut line = |text: String, size: f64| {
            y += size + HEADING_GAPS.0;
            (text, y - HEADING_GAPS.0)
        };
        // Bold letters are wider.
        let title =
            wrapped(&figure.title, 1.1 * TITLE_SIZE, width).into_iter().filter(|text| !text.is_empty());
        let title: Vec<(String, f64)> = title.map(|text| line(text, TITLE_SIZE)).collect();
        let subtitle = match wrap {
            true => wrapped_between(", ", &figure.subtitle, TEXT_SIZE, width),
            false => wrapped(&figure.subtitle, TEXT_SIZE, width),
        };
        let subtitle: Vec<(String, f64)> = subtitle.into_iter().map(|text| line(text, TEXT_SIZE)).collect();
        let legend = legend::entries(figure, left, y, width);
        if !legend.is_empty() {
            y += legend::height(&legend, y) + HEADING_GAPS.1;
        }
        Headings { left, title, subtitle, legend, bottom: y }
    }

    /// The space between the plots of two rows, without that of the symbols.
    pub fn row_space(&self) -> f64 {
        if self.x_axes.len() > 1 { X_SPACE } else { ROW_SPACE }
    }

    /// How far a number below the last plots of the rows goes beyond their right end.
    pub fn overhang(&self) -> f64 {
        let beyond = |axis: &Axis| {
            let ends = axis.ticks.iter().map(|tick| {
                (axis.fraction(tick.value) - 1.0) * self.size.0 + text_width(&tick.label, TICK_SIZE) / 2.0
            });
            ends.fold(0.0, f64::max)
        };
        let most = self.x_axes.iter().filter_map(|(_, axis)| axis.as_ref()).map(beyond).fold(0.0, f64::max);
        (most - self.bars.last().copied().unwrap_or_default()).max(0.0)
    }

    /// The whole, up to the right and lower ends of the panels.
    pub fn layout(mut self, figure: &Figure, rows: &Rows, headings: Headings) -> Layout {
        let (width, height) = self.size;
        let (row_space, several) = (self.row_space(), self.x_axes.len() > 1);
        let taken: Vec<(usize, usize)> = (0..figure.panels.len()).map(|index| rows.place(index)).collect();
        let place = |(index, y_axis): (usize, &mut Option<Axis>)| {
            let own = figure.panels[index].x_label.as_str();
            let (row, column) = taken[index];
            PanelPlace {
                left: self.lefts[column],
                top: headings.bottom + SYMBOL_SPACE + row as f64 * (SYMBOL_SPACE + height + row_space),
                width,
                height,
                x_written: several || !taken.contains(&(row + 1, column)),
                x_axis: self
                    .x_axes
                    .iter()
                    .find(|(label, _)| *label == own)
                    .and_then(|(_, axis)| axis.clone()),
                x_label: if own.is_empty() { figure.x_label.clone() } else { own.to_owned() },
                y_axis: y_axis.take(),
                colours: self.colours[index].clone(),
                bar: self.bars[column],
            }
        };
        let panels: Vec<PanelPlace> = self.y_axes.iter_mut().enumerate().map(place).collect();
        let lowest = panels.last().map_or(headings.bottom, |panel| panel.top + panel.height);
        Layout {
            width: self.right,
            height: lowest + X_SPACE + BORDER / 2.0,
            heading_left: headings.left,
            title: headings.title,
            subtitle: headings.subtitle,
            legend: headings.legend,
            panels,
        }
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

/// An axis with at least two numbers, from which a reader has its scale, even where it is short.
fn with_two(most_ticks: usize, around: impl Fn(usize) -> Option<Axis>) -> Option<Axis> {
    let mut axes = (most_ticks..=most_ticks + 3).filter_map(&around);
    axes.find(|axis| axis.ticks.len() > 1).or_else(|| around(most_ticks))
}

fn y_axis(panel: &Panel, x_scale: Scale, most_ticks: usize) -> Option<Axis> {
    let shown = |(x, _): &(f64, f64)| x_scale.shows(*x);
    let values: Vec<f64> = places(panel, x_scale).filter(shown).map(|(_, y)| y).collect();
    let margin = if panel.map.is_some() { 0.0 } else { 0.06 };
    with_two(most_ticks, |most| Axis::around(values.iter().copied(), Scale::new(panel.y_log), margin, most))
}

/// The values along the colour bar of a panel: those of all maps with its label.
fn colours_of(figure: &Figure, panel: &Panel, most_ticks: usize) -> Option<Axis> {
    let label = &panel.map.as_ref()?.label;
    let maps = figure.panels.iter().filter_map(|panel| panel.map.as_ref());
    colour_axis(maps.filter(|map| map.label == *label), most_ticks)
}

/// The values of these maps along a colour bar; nothing if none is finite.
pub fn colour_axis<'a>(maps: impl Iterator<Item = &'a HeatMap>, most_ticks: usize) -> Option<Axis> {
    let values: Vec<f64> = maps.flat_map(|map| &map.cells).map(|cell| cell.value).collect();
    with_two(most_ticks, |most| Axis::around(values.iter().copied(), Scale::Linear, 0.0, most))
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

    fn suiting(figure: &Figure) -> Layout {
        Layout::of(figure, Room::default()).unwrap()
    }

    #[test]
    fn panels_neither_overlap_nor_leave_the_figure() {
        for count in 1..=24 {
            let layout = suiting(&figure(count));
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
        let layout = suiting(&figure(5));
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
        let layout = suiting(&figure);
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
        let layout = suiting(&figure);
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
        let layout = suiting(&figure);
        let axis = layout.panels[0].y_axis.as_ref().unwrap();
        assert!(axis.fraction(-1.0) > 0.0 && axis.fraction(5.0) < 1.0);
    }
}
