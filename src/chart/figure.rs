//! Panels of curves, points and maps: what is drawn, whole.

pub use crate::system::Line as LineStyle;

/// A figure: panels under one title, one legend and one x axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    /// The title; none if empty.
    pub title: String,
    /// A line under the title, for example the parameters; none if empty.
    pub subtitle: String,
    /// The symbol on the x axis.
    pub x_label: String,
    /// Whether the x axis is logarithmic.
    pub x_log: bool,
    /// The panels in a row; as many as suit their number if 0.
    pub columns: usize,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
}

/// One pair of axes and what is drawn in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    /// The symbol on the y axis; `q_η₊` is set with η₊ as an index.
    pub y_label: String,
    /// Whether the y axis is logarithmic.
    pub y_log: bool,
    /// The symbol on an x axis other than that of the figure, shared by all panels that name it;
    /// that of the figure if empty.
    pub x_label: String,
    /// Whether that axis of its own is logarithmic; panels that share it say the same.
    pub x_log: bool,
    /// What tells the panel apart from others with the same quantity, above the plot; none if empty.
    pub caption: String,
    /// A quantity over x and y, drawn first; the axes are those of its cells, and curves end where they do.
    pub map: Option<HeatMap>,
    /// Curves, drawn before points.
    pub curves: Vec<Curve>,
    /// Measured points, drawn over the curves.
    pub points: Vec<Points>,
}

impl Panel {
    /// A panel without curves and points yet.
    pub fn new(y_label: impl Into<String>) -> Panel {
        Panel { y_label: y_label.into(), ..Panel::default() }
    }
}

/// A quantity over x and y, as coloured cells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatMap {
    /// The symbol at the colour bar; maps with the same one share their colours.
    pub label: String,
    /// The cells, in any order. They make a grid of all x and y that occur, evenly spaced or not; a
    /// place where there is none counts as missing.
    pub cells: Vec<MapCell>,
    /// What the legend says of cells without a value.
    pub missing: String,
    /// What the legend says of the lines between regions.
    pub boundary: String,
}

/// One cell of a heat map.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MapCell {
    /// Where it stands along x.
    pub x: f64,
    /// Where it stands along y.
    pub y: f64,
    /// The value that its colour shows; NaN if there is none.
    pub value: f64,
    /// The region that it belongs to; a line is drawn between cells of different regions. None if empty.
    pub region: String,
}

/// A line in one style, in pieces that are not joined.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// The name in the legend; the same label has one entry for the whole figure, none if empty.
    pub label: String,
    /// How the line is broken.
    pub line: LineStyle,
    /// A place in the [palette](PALETTE), counted from 0 and around.
    pub colour: usize,
    /// The pieces; a value that is not finite, or not positive on a logarithmic axis, cuts a piece
    /// too. A piece of one point is a dot.
    pub segments: Vec<Vec<(f64, f64)>>,
}

impl Curve {
    /// A curve in one piece; without points it is an entry of the legend.
    pub fn new(label: impl Into<String>, line: LineStyle, colour: usize, piece: Vec<(f64, f64)>) -> Curve {
        let segments = if piece.is_empty() { Vec::new() } else { vec![piece] };
        Curve { label: label.into(), line, colour, segments }
    }
}

/// What a point is drawn as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// A dot: something measured.
    #[default]
    Dot,
    /// A small open circle: a place on a line.
    Ring,
}

/// Points with error bars, in one colour.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    /// The name in the legend, shared with a curve of the same label.
    pub label: String,
    /// A place in the [palette](PALETTE), counted from 0 and around.
    pub colour: usize,
    /// What each is drawn as.
    pub mark: Mark,
    /// Triples of x, y and the half-width of the error bar, which is left out if 0 or not finite.
    pub data: Vec<(f64, f64, f64)>,
}

impl Points {
    /// Points at x and y, with their errors.
    pub fn new(
        label: impl Into<String>,
        colour: usize,
        data: impl IntoIterator<Item = (f64, f64, f64)>,
    ) -> Points {
        Points { label: label.into(), colour, mark: Mark::Dot, data: data.into_iter().collect() }
    }
}

/// The colours of curves, as red, green and blue: those of Okabe and Ito, which remain distinct
/// with any kind of colour vision. Their yellow is left out, because it is lost on white.
pub const PALETTE: [(u8, u8, u8); 7] = [
    (0, 114, 178),   // blue
    (213, 94, 0),    // vermilion
    (0, 158, 115),   // bluish green
    (204, 121, 167), // reddish purple
    (230, 159, 0),   // orange
    (86, 180, 233),  // sky blue
    (0, 0, 0),       // black
];
