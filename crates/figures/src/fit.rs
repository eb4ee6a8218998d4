//! How many panels stand in a row, and how large their plots are: as suits the figure, or so that it fits a given sheet.

use super::Figure;
use super::layout::{BORDER, Columns, Layout, SYMBOL_SPACE, X_SPACE};

/// No more columns than this, unless a sheet is wide and low: a page is higher than wide.
const MOST_COLUMNS: usize = 4;
/// The width and height below which nothing is seen in a plot, and the width from which on panels stand side by side.
const LEAST: (f64, f64) = (70.0, 55.0);
const LEAST_BESIDE: f64 = 115.0;
/// The space around a figure of a given size, which stands in a text.
const EDGE: f64 = 2.0;
/// Widths of plots and of the numbers beside them depend on each other; they settle within so many turns.
const TURNS: usize = 5;

/// The room that a figure has, in pixels; as much as suits it where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Room {
    /// The width of the sheet.
    pub width: Option<f64>,
    /// Its height, if the width is given.
    pub height: Option<f64>,
}

/// The least width, or height at its width, that a figure needs, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NoRoom {
    /// The width.
    Width(f64),
    /// The height.
    Height(f64),
}

/// Panels in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// The panels that belong into one row, where there is room.
    whole: usize,
    /// Those that stand in it.
    pub columns: usize,
}

impl Rows {
    /// As suits the figure.
    pub fn of(figure: &Figure) -> Rows {
        let columns = if figure.columns > 0 { figure.columns } else { columns(figure.panels.len()) };
        Rows { whole: columns, columns }
    }

    /// At most so many in a row: what belongs into a row is divided into rows of nearly the same length.
    fn at_most(figure: &Figure, most: usize) -> Rows {
        let whole = if figure.columns > 0 { figure.columns } else { figure.panels.len() };
        let whole = whole.min(figure.panels.len());
        Rows { whole, columns: whole.div_ceil(whole.div_ceil(most)) }
    }

    /// The row and column of a panel.
    pub fn place(&self, index: usize) -> (usize, usize) {
        let (block, within) = (index / self.whole, index % self.whole);
        (block * self.whole.div_ceil(self.columns) + within / self.columns, within % self.columns)
    }

    fn count(&self, figure: &Figure) -> usize {
        figure.panels.len().checked_sub(1).map_or(0, |last| self.place(last).0 + 1)
    }
}

/// Measures out a figure on a sheet of this width, and of this height or that which suits it.
///
/// # Errors
/// Less room than text and plots need.
pub fn into(figure: &Figure, width: f64, height: Option<f64>) -> Result<Layout, NoRoom> {
    let natural = Rows::of(figure).columns;
    let most = match (figure.columns, height) {
        (0, Some(_)) => figure.panels.len(),
        _ => natural,
    };
    let with_map = has_map(figure);
    let fitted = |columns: usize| Fitted::of(figure, Rows::at_most(figure, columns), (width, height));
    let beside = |fitted: &Fitted| fitted.rows.columns == 1 || fitted.size.0 >= LEAST_BESIDE;
    let all: Vec<Fitted> = (1..=most).rev().map(fitted).filter(beside).collect();
    // Some panels stand one below the other, so that there is a first and a last.
    let missing = LEAST.0 - all.last().map_or(0.0, |fitted| fitted.size.0);
    if missing > 0.0 {
        return Err(NoRoom::Width(width + missing));
    }
    // As many in a row as suits them; where the height is given too, plots of nearly the proportions that suit them.
    let off = |one: &Fitted| (one.size.1 / height_of(one.size.0, with_map)).ln().abs();
    let high_enough = all.iter().filter(|one| one.size.1 >= LEAST.1);
    let chosen = match height {
        None => all.first(),
        Some(_) => high_enough.min_by(|a, b| off(a).total_cmp(&off(b))),
    };
    let Some(fitted) = chosen else {
        let needed = |one: &Fitted| one.rows.count(figure) as f64 * (LEAST.1 - one.size.1);
        let least = all.iter().map(needed).fold(f64::INFINITY, f64::min);
        return Err(NoRoom::Height(height.unwrap_or_default() + least));
    };
    let columns = Columns::of(figure, &fitted.rows, fitted.size, EDGE);
    let headings = columns.headings(figure, (EDGE, EDGE), width - EDGE, true);
    let mut layout = columns.layout(figure, &fitted.rows, headings);
    layout.width = width;
    layout.height = height.unwrap_or(layout.height - BORDER / 2.0 + EDGE);
    Ok(layout)
}

/// Rows, and the size of plots with which they fill a sheet.
struct Fitted {
    rows: Rows,
    size: (f64, f64),
}

impl Fitted {
    fn of(figure: &Figure, rows: Rows, (width, height): (f64, Option<f64>)) -> Fitted {
        let with_map = has_map(figure);
        let mut size = plot_size(rows.columns, with_map);
        for _ in 0..TURNS {
            // An axis needs some room to be measured.
            size = (size.0.max(1.0), size.1.max(1.0));
            let columns = Columns::of(figure, &rows, size, EDGE);
            // What is no plot is as wide in the next turn.
            let beside = columns.right - rows.columns as f64 * size.0 + EDGE + columns.overhang();
            let own = (width - beside) / rows.columns as f64;
            size = (own, height_of(own, with_map));
            if let Some(height) = height {
                let headings = columns.headings(figure, (EDGE, EDGE), width - EDGE, true);
                let count = rows.count(figure) as f64;
                let between = (count - 1.0) * columns.row_space() + count * SYMBOL_SPACE;
                size.1 = (height - headings.bottom - between - X_SPACE - EDGE) / count;
            }
        }
        Fitted { rows, size }
    }
}

/// The number of columns of the grid: 1, 2, 2×2, 2×3, 3×3, then four to a row.
fn columns(panels: usize) -> usize {
    let root = (panels as f64).sqrt().ceil() as usize;
    root.clamp(1, MOST_COLUMNS)
}

/// Whether a figure has a heat map.
pub fn has_map(figure: &Figure) -> bool {
    figure.panels.iter().any(|panel| panel.map.is_some())
}

/// The width and height of a plot; heat maps are higher, since both their axes have the same right.
pub fn plot_size(columns: usize, with_map: bool) -> (f64, f64) {
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

/// The height that suits a plot of any width: the straight line through these sizes.
fn height_of(width: f64, with_map: bool) -> f64 {
    if with_map { 18.0 + 0.73 * width } else { 12.0 + 0.6 * width }
}

#[cfg(test)]
mod tests {
    use super::*;
    use overlaps::chart::{Curve, Panel};

    /// Panels of a curve, with short and with long numbers, a title and a legend.
    fn figure(panels: usize, columns: usize) -> Figure {
        let panel = |index: usize| {
            let scale = [1.0, 1e-5, 1234.5][index % 3];
            let curve = |label: &str| Curve {
                label: label.into(),
                segments: vec![vec![(0.0, 0.0), (1.0, scale)]],
                ..Curve::default()
            };
            let curves = vec![curve("first-phase, n = 8"), curve("first-phase-limit, n = 16")];
            Panel { y_label: "ω".into(), curves, ..Panel::default() }
        };
        Figure {
            title: "A title of some length, which does not fit a line".into(),
            subtitle: "n = 128, p = 0.8, σ = 1, κ = 4, λ = 0.1, ℓ = 0.01, k = ∞".into(),
            x_label: "t".into(),
            columns,
            panels: (0..panels).map(panel).collect(),
            ..Figure::default()
        }
    }

    #[test]
    fn panels_stand_in_a_grid() {
        let counts = [(1, 1), (2, 2), (3, 2), (4, 2), (5, 3), (6, 3), (9, 3), (10, 4), (24, 4)];
        for (panels, expected) in counts {
            assert_eq!(columns(panels), expected, "{panels} panels");
        }
    }

    #[test]
    fn rows_that_are_too_long_are_divided_and_begin_anew() {
        let rows = Rows::at_most(&figure(6, 3), 2);
        let places: Vec<_> = (0..6).map(|index| rows.place(index)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (3, 0)]);
        assert_eq!(Rows::at_most(&figure(8, 4), 3).columns, 2, "two and two rather than three and one");
    }

    #[test]
    fn the_sizes_that_suit_plots_lie_on_a_line() {
        for (columns, with_map) in (1..=4).flat_map(|columns| [(columns, false), (columns, true)]) {
            let (width, height) = plot_size(columns, with_map);
            assert!((height_of(width, with_map) / height - 1.0).abs() < 0.03, "{columns} {with_map}");
        }
    }

    #[test]
    fn a_figure_fills_its_sheet_and_nothing_leaves_it_or_overlaps() {
        // One and two columns of a journal, with letters of 8 points.
        for (width, count) in [383.0, 790.0].into_iter().flat_map(|w| (1..=12).map(move |count| (w, count))) {
            for columns in [0, 1, 2, 3, 4] {
                let figure = figure(count, columns);
                let layout = into(&figure, width, None).unwrap();
                let mut right: f64 = 0.0;
                for (index, one) in layout.panels.iter().enumerate() {
                    assert!(one.width >= LEAST.0 && one.left > 0.0 && one.left + one.width < width);
                    assert!(one.top > 0.0 && one.top + one.height + X_SPACE <= layout.height + 1e-9);
                    right = right.max(one.left + one.width);
                    for other in &layout.panels[..index] {
                        let beside = other.left + other.width < one.left || one.left + one.width < other.left;
                        assert!(beside || other.top + other.height < one.top, "{width} {count} {columns}");
                    }
                }
                assert!(right > width - 25.0, "{right} of {width}");
            }
        }
    }

    #[test]
    fn fewer_panels_stand_in_a_row_where_the_width_is_small_and_more_where_the_height_is() {
        let in_a_row = |room: (f64, Option<f64>)| {
            let layout = into(&figure(4, 0), room.0, room.1).unwrap();
            layout.panels.iter().filter(|panel| panel.top == layout.panels[0].top).count()
        };
        assert_eq!(in_a_row((790.0, None)), 2);
        assert_eq!(in_a_row((250.0, None)), 1);
        assert_eq!(in_a_row((790.0, Some(270.0))), 4);
    }

    #[test]
    fn the_height_is_kept_and_too_little_of_it_is_refused_with_what_is_enough() {
        let figure = figure(4, 0);
        assert_eq!(into(&figure, 383.0, Some(500.0)).unwrap().height, 500.0);
        let Err(NoRoom::Height(least)) = into(&figure, 383.0, Some(150.0)) else { panic!("refused") };
        assert!(into(&figure, 383.0, Some(least + 1.0)).is_ok() && least > 200.0);
        let Err(NoRoom::Width(least)) = into(&figure, 60.0, None) else { panic!("refused") };
        assert!(into(&figure, least + 1.0, None).is_ok());
    }
}
