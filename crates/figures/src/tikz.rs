//! The pen that writes TikZ, in a picture whose units are those of the sheet, with y downwards.

use super::PALETTE;
use super::canvas::{
    Anchor, Colour, FINE_GRID, GRID, HATCH, INK, PALE_INK, Pen, Spot, WHITE, Writing, palette, to_units,
};
use super::tex::typeset;

/// A pen that writes TikZ, with the points (72 in an inch) of a pixel.
pub struct Tikz {
    /// Points of a pixel.
    pub points: f64,
}

impl Tikz {
    /// A length in units as points.
    fn length(&self, units: i32) -> String {
        rounded(f64::from(units) / super::canvas::UNITS * self.points)
    }
}

/// A length in points.
pub fn rounded(points: f64) -> String {
    let text = format!("{points:.3}");
    format!("{}bp", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The font of a size in points: half points, which the fonts of TeX have.
pub fn font(size: f64, bold: bool) -> String {
    let size = (2.0 * size).round() / 2.0;
    let bold = if bold { "\\bfseries" } else { "" };
    format!("\\fontsize{{{size}}}{{{}}}\\selectfont{bold}", (size * 12.0).round() / 10.0)
}

/// The colours of lines and text by name; those of curves are numbered.
const NAMES: [(&str, Colour); 6] = [
    ("ink", INK),
    ("pale", PALE_INK),
    ("grid", GRID),
    ("fine", FINE_GRID),
    ("hatch", HATCH),
    ("white", WHITE),
];

/// Definitions of these names, which a document can define anew.
pub fn definitions() -> String {
    let define = |name: String, Colour(red, green, blue): Colour| {
        format!("\\definecolor{{{name}}}{{RGB}}{{{red},{green},{blue}}}%\n")
    };
    let curves = (0..PALETTE.len()).map(|index| define(format!("overlaps{index}"), palette(index)));
    let others = NAMES.into_iter().map(|(name, colour)| define(format!("overlaps{name}"), colour));
    curves.chain(others).collect()
}

/// A colour as TikZ knows it; where it has no name, it is the value of a key (`fill=`).
pub fn colour(colour: Colour) -> String {
    let named = NAMES.iter().find(|(_, known)| *known == colour).map(|(name, _)| format!("overlaps{name}"));
    let of_curve = (0..PALETTE.len()).find(|index| palette(*index) == colour);
    let numbered = of_curve.map(|index| format!("overlaps{index}"));
    let Colour(red, green, blue) = colour;
    named.or(numbered).unwrap_or_else(|| format!("{{rgb,255:red,{red};green,{green};blue,{blue}}}"))
}

fn places(spots: &[Spot]) -> String {
    spots.iter().map(|(x, y)| format!("({x},{y})")).collect::<Vec<_>>().join("--")
}

impl Pen for Tikz {
    fn paths(&self, all: &[Vec<Spot>], stroke: Colour, width: i32) -> String {
        let (ink, width) = (colour(stroke), self.length(width));
        let draw = |spots: &Vec<Spot>| format!("\\draw[draw={ink}, line width={width}] {};", places(spots));
        all.iter().map(draw).collect::<Vec<_>>().join("\n")
    }

    fn dot(&self, (x, y): Spot, radius: i32, fill: Colour) -> String {
        format!("\\fill[fill={}] ({x},{y}) circle[radius={}];", colour(fill), self.length(radius))
    }

    fn ring(&self, (x, y): Spot, radius: i32, width: i32, stroke: Colour) -> String {
        let (radius, width) = (self.length(radius), self.length(width));
        format!(
            "\\filldraw[fill=white, draw={}, line width={width}] ({x},{y}) circle[radius={radius}];",
            colour(stroke)
        )
    }

    fn cell(&self, (left, top): Spot, (right, bottom): Spot) -> String {
        format!("({left},{top})rectangle({right},{bottom})")
    }

    fn cells(&self, all: &[(Colour, String)]) -> String {
        // A hair of a line covers the seams that viewers show between boxes that touch.
        let path = |(fill, path): &(Colour, String)| {
            let fill = colour(*fill);
            format!("\\filldraw[fill={fill}, draw={fill}, line width=0.3bp] {path};\n")
        };
        all.iter().map(path).collect()
    }

    fn veil(&self, from: Spot, to: Spot, opacity: f64) -> String {
        format!("\\fill[white, fill opacity={opacity}] {};", self.cell(from, to))
    }

    fn text(&self, writing: &Writing) -> String {
        let anchor = match writing.anchor {
            Anchor::Start => "base west",
            Anchor::Middle => "base",
            Anchor::End => "base east",
        };
        let ((x, y), (size, bold, ink)) = (to_units(writing.place), writing.style);
        let (font, ink) = (font(size * self.points, bold), colour(ink));
        let text = typeset(writing.text);
        format!("\\node[anchor={anchor}, inner sep=0, font={font}, text={ink}] at ({x},{y}) {{{text}}};")
    }
}
