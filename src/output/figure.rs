//! Figures: small multiples of curves and measured points, drawn as SVG.
//!
//! Every panel has its own y axis and shares the x axis with the others, unless it names another;
//! the legend stands above the panels, so that it never covers a curve. The same figure gives the same bytes.
//!
//! From here: `layout` places the panels; `panel` draws one, with the axes of `axis`, their numbers
//! from `ticks` and the lines of `stroke`; `legend` explains the lines. All of them draw on a
//! `canvas`, and `svg` puts the finishing touches on what the drawing library wrote.

mod axis;
mod canvas;
mod layout;
mod legend;
mod panel;
mod stroke;
mod svg;
mod ticks;

use super::error::OutputError;
use canvas::{Anchor, Canvas, DrawingFailure, INK, PALE_INK};
use layout::Layout;

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
    /// Curves, drawn first.
    pub curves: Vec<Curve>,
    /// Measured points, drawn over the curves.
    pub points: Vec<Points>,
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

/// Points with error bars, in one colour.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    /// The name in the legend, shared with a curve of the same label.
    pub label: String,
    /// A place in the [palette](PALETTE), counted from 0 and around.
    pub colour: usize,
    /// Triples of x, y and the half-width of the error bar, which is left out if 0 or not finite.
    pub data: Vec<(f64, f64, f64)>,
}

/// How a line is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LineStyle {
    /// An unbroken line.
    #[default]
    Solid,
    /// Dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// Dashes and dots in turn.
    DashDotted,
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

/// Draws a figure and gives the text of the SVG file.
pub fn draw(figure: &Figure) -> Result<String, OutputError> {
    if figure.panels.is_empty() {
        return Err(OutputError::NoPanels { title: figure.title.clone() });
    }
    draw_on_canvas(figure)
        .map_err(|failure| OutputError::Drawing { title: figure.title.clone(), reason: failure.to_string() })
}

fn draw_on_canvas(figure: &Figure) -> Result<String, DrawingFailure> {
    let layout = Layout::of(figure);
    let mut text = String::new();
    {
        let canvas = Canvas::new(&mut text, layout.width, layout.height)?;
        let left = layout.heading_left;
        if let Some(baseline) = layout.title_baseline {
            let style = (layout::TITLE_SIZE, true, INK);
            canvas.text(&figure.title, (left, baseline), Anchor::Start, style)?;
        }
        for (line, baseline) in &layout.subtitle {
            let style = (layout::TEXT_SIZE, false, PALE_INK);
            canvas.text(line, (left, *baseline), Anchor::Start, style)?;
        }
        for entry in &layout.legend {
            legend::draw(&canvas, entry)?;
        }
        for (content, place) in figure.panels.iter().zip(&layout.panels) {
            panel::draw(&canvas, content, place)?;
        }
        canvas.finish()?;
    }
    Ok(svg::finish(&text, layout.width, layout.height))
}

#[cfg(test)]
mod tests;
