//! Figures: small multiples of curves, measured points and heat maps, drawn as SVG, PDF or PNG ([`Format`]).
//!
//! Every panel has its own y axis and shares the x axis with the others, unless it names another;
//! the legend stands above the panels, so that it never covers a curve. The same figure gives the same bytes.
//!
//! From here: `sheet` says how large the figure is in print; `layout` places the panels, and `fit` says how many stand in a row; `panel` draws one, with the axes of `axis`, their numbers
//! from `ticks` and the lines of `stroke`; `map` draws the heat map in it, which `grid` lays out as cells,
//! `colours` fills and `regions` divides; `legend` explains the lines. All of them draw on a
//! `canvas`, which `svg` or `tikz` writes; `pgf` draws panels as axes of pgfplots, and `tex` sets their text.

mod axis;
mod canvas;
mod colours;
mod fit;
mod format;
mod grid;
mod layout;
mod legend;
mod map;
mod panel;
mod pgf;
mod regions;
mod sheet;
mod stroke;
mod svg;
mod tex;
mod ticks;
mod tikz;

use canvas::{Anchor, Canvas, INK, PALE_INK};
pub use format::Format;
use layout::Layout;
use overlaps::chart::{Figure, HeatMap, LineStyle, MapCell, Mark, PALETTE, Panel, Points};
use overlaps::output::OutputError;
pub use sheet::{Sheet, Size};

/// Draws a figure on a sheet that suits it, and gives the text of the SVG file.
///
/// # Errors
/// A figure without panels.
pub fn draw(figure: &Figure) -> Result<String, OutputError> {
    draw_on(figure, &Sheet::default())
}

/// The same on a sheet of a given size.
///
/// # Errors
/// A figure without panels, a sheet that is too small.
pub fn draw_on(figure: &Figure, sheet: &Sheet) -> Result<String, OutputError> {
    let (layout, points) = laid_out(figure, sheet)?;
    let printed = sheet.is_given().then_some((layout.width * points, layout.height * points));
    let canvas = svg::sheet((layout.width, layout.height), printed);
    draw_headings(&canvas, &layout);
    for (content, place) in figure.panels.iter().zip(&layout.panels) {
        panel::draw(&canvas, content, place);
    }
    Ok(svg::finished(canvas))
}

/// Title, subtitle and legend.
fn draw_headings(canvas: &Canvas, layout: &Layout) {
    let left = layout.heading_left;
    for (line, baseline) in &layout.title {
        canvas.text(line, (left, *baseline), Anchor::Start, (layout::TITLE_SIZE, true, INK));
    }
    for (line, baseline) in &layout.subtitle {
        canvas.text(line, (left, *baseline), Anchor::Start, (layout::TEXT_SIZE, false, PALE_INK));
    }
    layout.legend.iter().for_each(|entry| legend::draw(canvas, entry));
}

/// A figure measured out on a sheet, with the points of a pixel.
fn laid_out(figure: &Figure, sheet: &Sheet) -> Result<(Layout, f64), OutputError> {
    match figure.panels.is_empty() {
        true => Err(OutputError::NoPanels { title: figure.title.clone() }),
        false => sheet.layout(figure),
    }
}

#[cfg(test)]
mod tests;
