//! The sheet that a figure is drawn on: lines, dots and text at places given in pixels.
//!
//! The drawing library rounds every place to a whole unit, which shows as steps in a curve. The
//! sheet is therefore drawn ten times too large, and [`super::svg`] sets the size back.

use std::collections::BTreeMap;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::PALETTE;

/// Units of the drawing library to a pixel.
pub const UNITS: f64 = 10.0;

/// The colour of text and axes.
pub const INK: RGBColor = RGBColor(38, 38, 38);
/// The colour of text that steps back.
pub const PALE_INK: RGBColor = RGBColor(90, 90, 90);
/// The colour of grid lines.
pub const GRID: RGBColor = RGBColor(228, 228, 228);
/// The colour of the grid lines between the labelled ones of a logarithmic axis.
pub const FINE_GRID: RGBColor = RGBColor(243, 243, 243);

/// The colour of hatching, its width, and the distance of its lines along x.
pub const HATCH: RGBColor = RGBColor(168, 168, 168);
const HATCH_WIDTH: f64 = 0.8;
const HATCH_STEP: f64 = 6.0;
/// How much a veil hides.
const VEIL: f64 = 0.78;

/// What the drawing library can fail with.
pub type DrawingFailure = DrawingAreaErrorKind<std::io::Error>;

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
pub fn palette(index: usize) -> RGBColor {
    let (red, green, blue) = PALETTE[index % PALETTE.len()];
    RGBColor(red, green, blue)
}

/// The sheet.
pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
}

impl<'a> Canvas<'a> {
    /// A white sheet of this size, which will be written to `text`.
    pub fn new(text: &'a mut String, width: f64, height: f64) -> Result<Self, DrawingFailure> {
        let size = (units(width) as u32, units(height) as u32);
        let area = SVGBackend::with_string(text, size).into_drawing_area();
        area.fill(&WHITE)?;
        Ok(Canvas { area })
    }

    /// A line through these places.
    pub fn path(
        &self,
        places: impl IntoIterator<Item = Place>,
        colour: RGBColor,
        width: f64,
    ) -> Result<(), DrawingFailure> {
        let mut places: Vec<(i32, i32)> = places.into_iter().map(to_units).collect();
        places.dedup();
        let style = colour.stroke_width(units(width) as u32);
        self.area.draw(&PathElement::new(places, style))
    }

    /// A filled dot.
    pub fn dot(&self, centre: Place, radius: f64, colour: RGBColor) -> Result<(), DrawingFailure> {
        let dot = Circle::new(to_units(centre), units(radius), colour.filled());
        self.area.draw(&dot)
    }

    /// A box filled with a colour, between its upper left and lower right corner. Boxes that touch have no seam: see
    /// [`super::svg`].
    pub fn fill(&self, from: Place, to: Place, colour: RGBColor) -> Result<(), DrawingFailure> {
        self.area.draw(&Rectangle::new([to_units(from), to_units(to)], colour.filled()))
    }

    /// A box through which what lies below is seen faintly, for text to stand on.
    pub fn veil(&self, from: Place, to: Place) -> Result<(), DrawingFailure> {
        self.area.draw(&Rectangle::new([to_units(from), to_units(to)], WHITE.mix(VEIL).filled()))
    }

    /// Slanted lines over these boxes, unbroken where boxes touch.
    pub fn hatch(&self, boxes: &[(Place, Place)]) -> Result<(), DrawingFailure> {
        for ends in hatching(boxes) {
            self.path(ends, HATCH, HATCH_WIDTH)?;
        }
        Ok(())
    }

    /// A text whose baseline passes through the place; the style is size, boldness and colour.
    pub fn text(
        &self,
        text: &str,
        (x, baseline): Place,
        anchor: Anchor,
        (size, bold, colour): (f64, bool, RGBColor),
    ) -> Result<(), DrawingFailure> {
        // The library divides the size that it is given by 1.24, and sets the baseline of a text
        // that hangs from its place 0.76 of the true size below.
        const LIBRARY_SIZE: f64 = 1.24;
        const HANG: f64 = 0.76;
        let weight = if bold { FontStyle::Bold } else { FontStyle::Normal };
        let font = FontDesc::new(FontFamily::SansSerif, size * UNITS * LIBRARY_SIZE, weight);
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, VPos::Top));
        let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let place = to_units((x, baseline - HANG * size));
        self.area.draw(&Text::new(one_line, place, style))
    }

    /// Ends the drawing.
    pub fn finish(self) -> Result<(), DrawingFailure> {
        self.area.present()
    }
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
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
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
