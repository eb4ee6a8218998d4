//! The sheet that a figure is drawn on: lines, dots, boxes and text at places given in pixels. A [`Pen`] writes them.
//!
//! Places are whole tenths of a pixel, so that equal ends are equal, and the same figure has the same bytes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use super::PALETTE;

/// Units of the sheet to a pixel.
pub const UNITS: f64 = 10.0;

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02X}{:02X}{:02X}", self.0, self.1, self.2)
    }
}

/// The colour of the sheet.
pub const WHITE: Colour = Colour(255, 255, 255);
/// The colour of text and axes.
pub const INK: Colour = Colour(38, 38, 38);
/// The colour of text that steps back.
pub const PALE_INK: Colour = Colour(90, 90, 90);
/// The colour of grid lines.
pub const GRID: Colour = Colour(228, 228, 228);
/// The colour of the grid lines between the labelled ones of a logarithmic axis.
pub const FINE_GRID: Colour = Colour(243, 243, 243);

/// The colour of hatching, its width, and the distance of its lines along x.
pub const HATCH: Colour = Colour(168, 168, 168);
const HATCH_WIDTH: f64 = 0.8;
const HATCH_STEP: f64 = 6.0;
/// How much a veil hides.
const VEIL: f64 = 0.78;

/// A place on the sheet, in pixels from the upper left.
pub type Place = (f64, f64);

/// Which end of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The left end.
    Start,
    /// The middle.
    Middle,
    /// The right end.
    End,
}

/// A colour of the palette.
pub fn palette(index: usize) -> Colour {
    let (red, green, blue) = PALETTE[index % PALETTE.len()];
    Colour(red, green, blue)
}

/// A place in whole units.
pub type Spot = (i32, i32);

/// A text with the place of its baseline in pixels, its size, boldness and colour.
pub struct Writing<'t> {
    /// One line.
    pub text: &'t str,
    /// Where its baseline passes.
    pub place: Place,
    /// Which end stands there.
    pub anchor: Anchor,
    /// Size, boldness, colour.
    pub style: (f64, bool, Colour),
}

/// How what is drawn is written in a language of figures, a line for each.
pub trait Pen {
    /// Lines of one colour and width, each through its places.
    fn paths(&self, all: &[Vec<Spot>], colour: Colour, width: i32) -> String;
    /// A filled dot.
    fn dot(&self, centre: Spot, radius: i32, colour: Colour) -> String;
    /// An open circle, white inside.
    fn ring(&self, centre: Spot, radius: i32, width: i32, colour: Colour) -> String;
    /// A box, as a part of the path of all boxes of its colour.
    fn cell(&self, from: Spot, to: Spot) -> String;
    /// Those of each colour.
    fn cells(&self, all: &[(Colour, String)]) -> String;
    /// A white box that hides as much as this of what lies below.
    fn veil(&self, from: Spot, to: Spot, opacity: f64) -> String;
    /// A text.
    fn text(&self, writing: &Writing) -> String;
}

/// The sheet.
pub struct Canvas {
    pen: Box<dyn Pen>,
    written: RefCell<Written>,
}

/// The text of the file.
struct Written {
    text: String,
    /// Opaque boxes drawn one after the other, by colour: one path of a colour is a third as long as a box for each cell of a
    /// map, and has no seams between cells that touch.
    cells: Vec<(Colour, String)>,
    /// Lines of one colour and width drawn one after the other, with these: dashes and grid lines are one path too.
    lines: Vec<Vec<Spot>>,
    ink: (Colour, i32),
}

impl Canvas {
    /// A sheet on which this pen writes.
    pub fn new(pen: impl Pen + 'static) -> Canvas {
        let (text, cells, lines) = Default::default();
        Canvas { pen: Box::new(pen), written: RefCell::new(Written { text, cells, lines, ink: (INK, 0) }) }
    }

    /// Adds a line of the pen's own.
    pub fn add(&self, line: impl Display) {
        let mut written = self.written.borrow_mut();
        self.end_lines(&mut written);
        self.end_cells(&mut written);
        // Writing to a string cannot fail.
        let _ = writeln!(written.text, "{line}");
    }

    fn end_lines(&self, written: &mut Written) {
        let lines = std::mem::take(&mut written.lines);
        if !lines.is_empty() {
            let _ = writeln!(written.text, "{}", self.pen.paths(&lines, written.ink.0, written.ink.1));
        }
    }

    fn end_cells(&self, written: &mut Written) {
        let cells = std::mem::take(&mut written.cells);
        if !cells.is_empty() {
            written.text.push_str(&self.pen.cells(&cells));
        }
    }

    /// A line through these places; nothing where they are one.
    pub fn path(&self, places: impl IntoIterator<Item = Place>, colour: Colour, width: f64) {
        let mut places: Vec<Spot> = places.into_iter().map(to_units).collect();
        places.dedup();
        if places.len() < 2 {
            return;
        }
        let mut written = self.written.borrow_mut();
        self.end_cells(&mut written);
        let ink = (colour, units(width));
        if written.ink != ink {
            self.end_lines(&mut written);
            written.ink = ink;
        }
        written.lines.push(places);
    }

    /// A filled dot.
    pub fn dot(&self, centre: Place, radius: f64, colour: Colour) {
        self.add(self.pen.dot(to_units(centre), units(radius), colour));
    }

    /// An open circle, white inside, with a line of this width.
    pub fn ring(&self, centre: Place, radius: f64, width: f64, colour: Colour) {
        self.add(self.pen.ring(to_units(centre), units(radius), units(width), colour));
    }

    /// A box filled with a colour, between its upper left and lower right corner. Boxes that touch have no seam.
    pub fn fill(&self, from: Place, to: Place, colour: Colour) {
        let cell = self.pen.cell(to_units(from), to_units(to));
        let mut written = self.written.borrow_mut();
        self.end_lines(&mut written);
        let cells = &mut written.cells;
        match cells.iter_mut().find(|(known, _)| *known == colour) {
            Some((_, path)) => path.push_str(&cell),
            None => cells.push((colour, cell)),
        }
    }

    /// A box through which what lies below is seen faintly, for text to stand on.
    pub fn veil(&self, from: Place, to: Place) {
        self.add(self.pen.veil(to_units(from), to_units(to), VEIL));
    }

    /// Slanted lines over these boxes, unbroken where boxes touch.
    pub fn hatch(&self, boxes: &[(Place, Place)]) {
        hatching(boxes).into_iter().for_each(|ends| self.path(ends, HATCH, HATCH_WIDTH));
    }

    /// A text whose baseline passes through the place; the style is size, boldness and colour.
    pub fn text(&self, text: &str, place: Place, anchor: Anchor, style: (f64, bool, Colour)) {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.add(self.pen.text(&Writing { text: &text, place, anchor, style }));
    }

    /// The text of the file.
    pub fn finish(self) -> String {
        self.written.into_inner().text
    }
}

/// A length in whole units.
pub fn units(length: f64) -> i32 {
    (length * UNITS).round() as i32
}

/// A place in whole units.
pub fn to_units((x, y): Place) -> Spot {
    (units(x), units(y))
}

/// The pieces within these boxes of the lines x + y = multiples of the step, joined where they touch.
fn hatching(boxes: &[(Place, Place)]) -> Vec<[Place; 2]> {
    let step = units(HATCH_STEP);
    // By line: the stretches of y that lie in a box, in units, so that equal ends are equal.
    let mut stretches: BTreeMap<i32, Vec<(i32, i32)>> = BTreeMap::new();
    for (from, to) in boxes {
        let ((left, top), (right, bottom)) = (to_units(*from), to_units(*to));
        let mut sum = (left + top).div_euclid(step) * step;
        while sum <= right + bottom {
            let (high, low) = (top.max(sum - right), bottom.min(sum - left));
            if high < low {
                stretches.entry(sum).or_default().push((high, low));
            }
            sum += step;
        }
    }
    let mut lines = Vec::new();
    for (sum, mut parts) in stretches {
        parts.sort_unstable();
        let mut joined: Vec<(i32, i32)> = Vec::new();
        for (high, low) in parts {
            match joined.last_mut() {
                Some(last) if last.1 >= high => last.1 = last.1.max(low),
                _ => joined.push((high, low)),
            }
        }
        let place = |y: i32| (f64::from(sum - y) / UNITS, f64::from(y) / UNITS);
        lines.extend(joined.into_iter().map(|(high, low)| [place(high), place(low)]));
    }
    lines
}

/// The width of a text in a sans-serif face, in pixels; a safe guess, since the face is chosen by
/// the viewer.
pub fn text_width(text: &str, size: f64) -> f64 {
    let em = |character: char| match character {
        '\u{300}'..='\u{36F}' | '_' => 0.0,
        '⁰' | '¹' | '²' | '³' | '⁴'..='⁻' | '₀'..='₋' => 0.45,
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | ' ' | '\'' | '|' => 0.33,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' => 0.41,
        's' | 'c' | 'k' | 'v' | 'x' | 'y' | 'z' => 0.58,
        'm' | 'w' | 'M' | 'W' | 'ω' | '+' | '−' | '=' | '×' | '<' | '>' | '→' | '∞' => 0.85,
        'A'..='Z' => 0.72,
        '\u{1100}'.. if !('\u{1E00}'..='\u{2BFF}').contains(&character) => 1.0,
        _ => 0.64,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// A text cut to a width, with … in place of what is left out.
pub fn shortened(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while !kept.is_empty() && text_width(&kept, size) + size > width {
        kept.pop();
    }
    kept.push('…');
    kept
}

/// A text broken between words into lines of at most this width.
pub fn wrapped(text: &str, size: f64, width: f64) -> Vec<String> {
    filled(text.split_whitespace().map(String::from), size, width)
}

/// The same, broken between parts where each has room in a line, so that `n = 8` stays whole.
pub fn wrapped_between(mark: &str, text: &str, size: f64, width: f64) -> Vec<String> {
    let last = text.split(mark).count() - 1;
    let parts = text.split(mark).enumerate().map(|(index, part)| match index == last {
        true => part.to_string(),
        false => format!("{part}{}", mark.trim_end()),
    });
    let parts = parts.flat_map(|part| match text_width(&part, size) > width {
        true => part.split_whitespace().map(String::from).collect(),
        false => vec![part],
    });
    filled(parts.filter(|part| !part.is_empty()), size, width)
}

/// Lines filled with parts in their order.
fn filled(parts: impl Iterator<Item = String>, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {part}"), size) <= width => {
                line.push(' ');
                line.push_str(&part);
            }
            _ => lines.push(part),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words_and_loses_none() {
        let text = "n = 8, σ = 1, κ = 2, λ = 0.1, ℓ = 0.01";
        let lines = wrapped(text, 12.0, 120.0);
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| text_width(line, 12.0) <= 120.0));
        assert_eq!(lines.join(" "), text);
        let lines = wrapped_between(", ", text, 12.0, 120.0);
        assert!(
            lines.iter().all(|line| line.matches('=').count() == line.matches(" = ").count()),
            "{lines:?}"
        );
        assert_eq!(lines.join(" "), text);
        assert!(wrapped_between(", ", "", 12.0, 120.0).is_empty());
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        assert_eq!(shortened("short", 12.0, 100.0), "short");
        let cut = shortened("a very long label indeed", 12.0, 100.0);
        assert!(cut.ends_with('…') && text_width(&cut, 12.0) <= 106.0);
    }

    #[test]
    fn hatching_goes_unbroken_through_boxes_that_touch() {
        let boxes = [((0.0, 0.0), (12.0, 6.0)), ((0.0, 6.0), (12.0, 12.0))];
        let lines = hatching(&boxes);
        assert_eq!(lines, hatching(&[((0.0, 0.0), (12.0, 12.0))]));
        assert_eq!(lines[1], [(12.0, 0.0), (0.0, 12.0)]);
        assert!(hatching(&[]).is_empty());
    }

    #[test]
    fn the_palette_goes_around() {
        assert_eq!(palette(0), palette(PALETTE.len()));
    }
}
