//! Figures: small multiples of curves, measured points and heat maps, drawn as SVG, PDF or PNG ([`Format`]).
//!
//! Every panel has its own y axis and shares the x axis with the others, unless it names another;
//! the legend stands above the panels, so that it never covers a curve. The same figure gives the same bytes.
//!
//! From here: `layout` places the panels; `panel` draws one, with the axes of `axis`, their numbers
//! from `ticks` and the lines of `stroke`; `map` draws the heat map in it, which `grid` lays out as cells,
//! `colours` fills and `regions` divides; `legend` explains the lines. All of them draw on a
//! `canvas`, and `svg` puts the finishing touches on what the drawing library wrote.

mod axis;
mod canvas;
mod colours;
mod format;
mod grid;
mod layout;
mod legend;
mod map;
mod panel;
mod regions;
mod stroke;
mod svg;
mod ticks;

use canvas::{Anchor, Canvas, INK, PALE_INK};
pub use format::Format;
use layout::Layout;
use overlaps::chart::{Figure, HeatMap, LineStyle, MapCell, PALETTE, Panel, Points};
use overlaps::output::OutputError;

/// Draws a figure and gives the text of the SVG file.
pub fn draw(figure: &Figure) -> Result<String, OutputError> {
    if figure.panels.is_empty() {
        return Err(OutputError::NoPanels { title: figure.title.clone() });
    }
    let layout = Layout::of(figure);
    let canvas = Canvas::new(layout.width, layout.height);
    let left = layout.heading_left;
    if let Some(baseline) = layout.title_baseline {
        canvas.text(&figure.title, (left, baseline), Anchor::Start, (layout::TITLE_SIZE, true, INK));
    }
    for (line, baseline) in &layout.subtitle {
        canvas.text(line, (left, *baseline), Anchor::Start, (layout::TEXT_SIZE, false, PALE_INK));
    }
    layout.legend.iter().for_each(|entry| legend::draw(&canvas, entry));
    for (content, place) in figure.panels.iter().zip(&layout.panels) {
        panel::draw(&canvas, content, place);
    }
    Ok(canvas.finish())
}

#[cfg(test)]
mod tests;
