//! The sheet that a figure is drawn on: lines, dots, boxes and text at places given in pixels, written as SVG.
//!
//! Places are whole tenths of a pixel, so that equal ends are equal, and the same figure has the same bytes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use super::PALETTE;
use super::svg::{escaped, with_indices};

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

/// The sheet.
pub struct Canvas {
    svg: RefCell<Svg>,
}

/// The text of the file.
struct Svg {
    text: String,
    /// Opaque boxes drawn one after the other, by colour: one path of a colour is a third as long as a box for each cell of a
    /// map, and crisp edges leave no seam between cells that touch.
    cells: Vec<(Colour, String)>,
}

impl Svg {
    /// Adds a line. Writing to a string cannot fail.
    fn line(&mut self, line: impl Display) {
        if !self.cells.is_empty() {
            self.text.push_str("<g shape-rendering=\"crispEdges\">\n");
            for (fill, path) in self.cells.drain(..) {
                let _ = writeln!(self.text, "<path fill=\"{fill}\" d=\"{path}\"/>");
            }
            self.text.push_str("</g>\n");
        }
        let _ = writeln!(self.text, "{line}");
    }
}

impl Canvas {
    /// A white sheet of this size, with that in print, in points, if it is given.
    pub fn new((width, height): (f64, f64), printed: Option<(f64, f64)>) -> Canvas {
        let (w, h) = match printed {
            None => (width * UNITS, height * UNITS),
            Some(_) => ((width * UNITS).round(), (height * UNITS).round()),
        };
        let [on_paper, below] = match printed {
            None => [width, height].map(|pixels| format!("{pixels}")),
            Some((width, height)) => [width, height].map(|points| format!("{points:.3}pt")),
        };
        let mut svg = Svg { text: String::new(), cells: Vec::new() };
        svg.line(format_args!(
            "<svg width=\"{on_paper}\" height=\"{below}\" viewBox=\"0 0 {w} {h}\" xmlns=\"http://www.w3.org/2000/svg\">"
        ));
        let (w, h) = to_units((width, height));
        svg.line(rectangle((0, 0), (w, h), WHITE, 1.0));
        Canvas { svg: RefCell::new(svg) }
    }

    fn add(&self, line: impl Display) {
        self.svg.borrow_mut().line(line);
    }

    /// A line through these places.
    pub fn path(&self, places: impl IntoIterator<Item = Place>, colour: Colour, width: f64) {
        let mut places: Vec<(i32, i32)> = places.into_iter().map(to_units).collect();
        places.dedup();
        let points: String = places.iter().map(|(x, y)| format!("{x},{y} ")).collect();
        let width = units(width);
        self.add(format_args!(
            "<polyline fill=\"none\" opacity=\"1\" stroke=\"{colour}\" stroke-width=\"{width}\" points=\"{points}\"/>"
        ));
    }

    /// A filled dot.
    pub fn dot(&self, centre: Place, radius: f64, colour: Colour) {
        let ((x, y), radius) = (to_units(centre), units(radius));
        self.add(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" opacity=\"1\" fill=\"{colour}\" stroke=\"none\" stroke-width=\"1\"/>"
        ));
    }

    /// A box filled with a colour, between its upper left and lower right corner. Boxes that touch have no seam.
    pub fn fill(&self, from: Place, to: Place, colour: Colour) {
        let ((left, top), (right, bottom)) = (to_units(from), to_units(to));
        let (width, height) = (right - left, bottom - top);
        let cells = &mut self.svg.borrow_mut().cells;
        let index = cells.iter().position(|(known, _)| *known == colour).unwrap_or_else(|| {
            cells.push((colour, String::new()));
            cells.len() - 1
        });
        let _ = write!(cells[index].1, "M{left} {top}h{width}v{height}h-{width}z");
    }

    /// A box through which what lies below is seen faintly, for text to stand on.
    pub fn veil(&self, from: Place, to: Place) {
        self.add(rectangle(to_units(from), to_units(to), WHITE, VEIL));
    }

    /// Slanted lines over these boxes, unbroken where boxes touch.
    pub fn hatch(&self, boxes: &[(Place, Place)]) {
        hatching(boxes).into_iter().for_each(|ends| self.path(ends, HATCH, HATCH_WIDTH));
    }

    /// A text whose baseline passes through the place; the style is size, boldness and colour.
    pub fn text(
        &self,
        text: &str,
        (x, baseline): Place,
        anchor: Anchor,
        (size, bold, colour): (f64, bool, Colour),
    ) {
        // The baseline of a text that hangs from its place is 0.76 of its size below.
        const HANG: f64 = 0.76;
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = if bold { " font-weight=\"bold\"" } else { "" };
        let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let text = with_indices(&escaped(&one_line));
        let ((x, y), size) = (to_units((x, baseline - HANG * size)), size * UNITS);
        self.add(format_args!(
            "<text x=\"{x}\" y=\"{y}\" dy=\"{HANG}em\" text-anchor=\"{anchor}\" font-family=\"sans-serif\" font-size=\"{size}\" \
             opacity=\"1\" fill=\"{colour}\"{weight}>\n{text}\n</text>"
        ));
    }

    /// The text of the file.
    pub fn finish(self) -> String {
        let mut svg = self.svg.into_inner();
        svg.line("</svg>");
        svg.text
    }
}

fn rectangle((left, top): (i32, i32), (right, bottom): (i32, i32), colour: Colour, opacity: f64) -> String {
    let (width, height) = (right - left, bottom - top);
    format!(
        "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" opacity=\"{opacity}\" fill=\"{colour}\" stroke=\"none\"/>"
    )
}

fn units(length: f64) -> i32 {
    (length * UNITS).round() as i32
}

fn to_units((x, y): Place) -> (i32, i32) {
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

    #[test]
    fn boxes_are_gathered_by_colour_and_what_is_drawn_later_stays_later() {
        let canvas = Canvas::new((20.0, 10.0), None);
        let (dark, light) = (Colour(0x44, 1, 0x54), Colour(0xfd, 0xe7, 0x25));
        for (x, colour) in [(0.0, dark), (0.5, light), (1.0, dark)] {
            canvas.fill((x, 0.0), (x + 0.5, 0.4), colour);
        }
        canvas.veil((0.2, 0.0), (0.7, 0.4));
        canvas.text("a < q_ξ", (1.0, 9.0), Anchor::Start, (10.0, false, INK));
        assert_eq!(
            canvas.finish(),
            "<svg width=\"20\" height=\"10\" viewBox=\"0 0 200 100\" xmlns=\"http://www.w3.org/2000/svg\">\n\
             <rect x=\"0\" y=\"0\" width=\"200\" height=\"100\" opacity=\"1\" fill=\"#FFFFFF\" stroke=\"none\"/>\n\
             <g shape-rendering=\"crispEdges\">\n\
             <path fill=\"#440154\" d=\"M0 0h5v4h-5zM10 0h5v4h-5z\"/>\n\
             <path fill=\"#FDE725\" d=\"M5 0h5v4h-5z\"/>\n</g>\n\
             <rect x=\"2\" y=\"0\" width=\"5\" height=\"4\" opacity=\"0.78\" fill=\"#FFFFFF\" stroke=\"none\"/>\n\
             <text x=\"10\" y=\"14\" dy=\"0.76em\" text-anchor=\"start\" font-family=\"sans-serif\" font-size=\"100\" \
             opacity=\"1\" fill=\"#262626\">\n\
             a &lt; q<tspan dy=\"0.3em\" font-size=\"75%\">ξ</tspan>\n</text>\n</svg>\n"
        );
    }
}
