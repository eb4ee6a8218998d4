//! The legend: one entry for each label, with the line or mark that it stands for.

use super::axis::Scale;
use super::canvas::{Anchor, Canvas, Colour, INK, Place, palette, shortened, text_width};
use super::grid::{Filling, Grid};
use super::layout::{TEXT_SIZE, colour_axis, x_scale};
use super::{Figure, HeatMap, LineStyle, Mark, map, panel, regions, stroke};

/// The length of the sample of a line, in pixels.
const SAMPLE: f64 = 34.0;
/// The length that a mark without a line takes.
const MARK: f64 = 10.0;
/// The width and height of the sample of a cell.
const SWATCH: (f64, f64) = (18.0, 11.0);
/// The distance from the sample to the text, and from the text to the next entry.
const GAPS: (f64, f64) = (7.0, 22.0);
/// The height of a row of entries.
pub const ROW: f64 = 19.0;

/// A label, what it stands for, and where it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    label: String,
    /// The line and its colour, if a curve has this label.
    line: Option<(LineStyle, usize)>,
    /// The mark and its colour, if points have this label.
    mark: Option<(Mark, usize)>,
    /// What cells of a heat map are filled with, if they are explained here.
    swatch: Option<Swatch>,
    /// The length of the sample.
    sample: f64,
    /// The left end of the sample, and the middle of the row.
    place: Place,
}

/// Cells that have no colour of the colour bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swatch {
    /// Without a value: hatched.
    Missing,
    /// With an infinite value.
    Infinite,
}

impl Swatch {
    /// The colour of the ground.
    pub fn colour(self) -> Colour {
        match self {
            Swatch::Missing => Colour(240, 240, 240),
            Swatch::Infinite => Colour(205, 205, 205),
        }
    }
}

/// The entries of a figure, in rows that start at `left` and are at most `width` wide, the first
/// with its upper edge at `top`.
pub fn entries(figure: &Figure, left: f64, top: f64, width: f64) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for panel in &figure.panels {
        if let Some(map) = &panel.map {
            entries_of_map(&mut entries, map, (x_scale(figure, panel), Scale::new(panel.y_log)));
        }
        for curve in &panel.curves {
            let entry = entry_of(&mut entries, &curve.label);
            entry.line.get_or_insert((curve.line, curve.colour));
        }
        for points in &panel.points {
            let entry = entry_of(&mut entries, &points.label);
            entry.mark.get_or_insert((points.mark, points.colour));
        }
    }
    entries.retain(|entry| !entry.label.is_empty());
    let room = width - SAMPLE - GAPS.0;
    for entry in &mut entries {
        entry.label = shortened(&entry.label, TEXT_SIZE, room);
    }
    arrange(&mut entries, left, top, width);
    entries
}

/// The height that these entries take.
pub fn height(entries: &[Entry], top: f64) -> f64 {
    let lowest = entries.last().map(|entry| entry.place.1 + ROW / 2.0 - top);
    lowest.unwrap_or(0.0)
}

/// What a map has that its colour bar does not explain.
fn entries_of_map(entries: &mut Vec<Entry>, map: &HeatMap, (x_scale, y_scale): (Scale, Scale)) {
    let Some(grid) = Grid::of(map, x_scale, y_scale) else { return };
    if !regions::boundaries(&grid).is_empty() {
        entry_of(entries, &map.boundary).line.get_or_insert((LineStyle::Solid, map::BOUNDARY));
    }
    // Any axis tells levels from the rest.
    let runs = grid.runs(colour_axis([map].into_iter(), 2).as_ref());
    for (filling, swatch, label) in [
        (Filling::Infinite, Swatch::Infinite, "infinite"),
        (Filling::Missing, Swatch::Missing, map.missing.as_str()),
    ] {
        if runs.iter().any(|run| run.filling == filling) {
            entry_of(entries, label).swatch.get_or_insert(swatch);
        }
    }
}

fn entry_of<'a>(entries: &'a mut Vec<Entry>, label: &str) -> &'a mut Entry {
    let index = entries.iter().position(|entry| entry.label == label);
    let index = index.unwrap_or_else(|| {
        entries.push(Entry {
            label: label.to_owned(),
            line: None,
            mark: None,
            swatch: None,
            sample: SAMPLE,
            place: (0.0, 0.0),
        });
        entries.len() - 1
    });
    &mut entries[index]
}

/// Sets entries side by side, closely, if one row holds them, and otherwise in columns of equal
/// width.
fn arrange(entries: &mut [Entry], left: f64, top: f64, width: f64) {
    let taken = |entry: &Entry| SAMPLE + GAPS.0 + text_width(&entry.label, TEXT_SIZE) + GAPS.1;
    let in_one_row: f64 = entries.iter().map(taken).sum();
    if in_one_row - GAPS.1 <= width {
        let mut x = left;
        for entry in entries {
            entry.place = (x, top + ROW / 2.0);
            x += taken(entry);
            if entry.line.is_none() {
                entry.sample = if entry.swatch.is_some() { SWATCH.0 } else { MARK };
                x -= SAMPLE - entry.sample;
            }
        }
        return;
    }
    let column = entries.iter().map(taken).fold(0.0, f64::max);
    let columns = (((width + GAPS.1) / column).floor() as usize).max(1);
    for (index, entry) in entries.iter_mut().enumerate() {
        let (row, place) = (index / columns, index % columns);
        let x = left + column * place as f64;
        entry.place = (x, top + ROW * (row as f64 + 0.5));
    }
}

/// Draws one entry.
pub fn draw(canvas: &Canvas, entry: &Entry) {
    let (left, middle) = entry.place;
    if let Some((line, colour)) = entry.line {
        let ends = [(left, middle), (left + entry.sample, middle)];
        stroke::draw(canvas, &ends, line, palette(colour));
    }
    if let Some((mark, colour)) = entry.mark {
        let centre = (left + entry.sample / 2.0, middle);
        let bar = panel::Bar { ends: [middle - 6.0, middle + 6.0], whole: [true; 2] };
        panel::draw_bar(canvas, centre.0, &bar, (mark, palette(colour)));
        panel::draw_mark(canvas, centre, (mark, palette(colour)));
    }
    if let Some(swatch) = entry.swatch {
        let side = (entry.sample - SWATCH.0) / 2.0;
        let from = (left + side, middle - SWATCH.1 / 2.0);
        let to = (left + side + SWATCH.0, middle + SWATCH.1 / 2.0);
        canvas.fill(from, to, swatch.colour());
        if swatch == Swatch::Missing {
            canvas.hatch(&[(from, to)]);
        }
        canvas.path(map::frame(from, to), INK, panel::THIN.0);
    }
    let text = (left + entry.sample + GAPS.0, middle + 0.36 * TEXT_SIZE);
    canvas.text(&entry.label, text, Anchor::Start, (TEXT_SIZE, false, INK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use overlaps::chart::{Curve, Panel, Points};

    fn figure(labels: &[&str]) -> Figure {
        let curve = |label: &&str| Curve { label: (*label).to_owned(), ..Curve::default() };
        let panel = Panel {
            curves: labels.iter().map(curve).collect(),
            points: vec![Points { label: "theory".into(), colour: 2, ..Points::default() }],
            ..Panel::default()
        };
        Figure { panels: vec![panel.clone(), panel], ..Figure::default() }
    }

    #[test]
    fn a_label_has_one_entry_with_its_line_and_its_mark() {
        let entries = entries(&figure(&["theory", "", "other"]), 10.0, 0.0, 600.0);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].line, Some((LineStyle::Solid, 0)));
        assert_eq!(entries[0].mark, Some((Mark::Dot, 2)));
        assert_eq!(entries[1].mark, None);
        assert_eq!(height(&entries, 0.0), ROW);
    }

    #[test]
    fn many_entries_wrap_within_the_width() {
        let labels: Vec<String> = (0..9).map(|k| format!("n = {}", 8 << k)).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let entries = entries(&figure(&labels), 10.0, 0.0, 300.0);
        assert_eq!(entries.len(), 10);
        assert!(height(&entries, 0.0) > 2.0 * ROW);
        for entry in &entries {
            let end = entry.place.0 + SAMPLE + GAPS.0 + text_width(&entry.label, TEXT_SIZE);
            assert!(end <= 310.0);
        }
    }

    #[test]
    fn a_figure_without_labels_has_no_legend() {
        let mut figure = figure(&[""]);
        for panel in &mut figure.panels {
            panel.points.clear();
        }
        assert_eq!(height(&entries(&figure, 10.0, 5.0, 300.0), 5.0), 0.0);
    }
}
