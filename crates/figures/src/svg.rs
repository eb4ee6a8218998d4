//! The pen that writes SVG. Text is escaped, and indices of symbols are set as indices.

use std::fmt::Write;

use super::canvas::{Anchor, Canvas, Colour, Pen, Spot, UNITS, WHITE, Writing, to_units};

/// A pen that writes SVG.
struct Svg;

/// The faces of a figure by name, since what converts an SVG knows no `sans-serif` and would drop the text.
const FACES: &str = "DejaVu Sans, Arial, Helvetica, sans-serif";

/// A white sheet of this size, with that in print, in points, if it is given.
pub fn sheet((width, height): (f64, f64), printed: Option<(f64, f64)>) -> Canvas {
    let canvas = Canvas::new(Svg);
    let (w, h) = match printed {
        None => (width * UNITS, height * UNITS),
        Some(_) => ((width * UNITS).round(), (height * UNITS).round()),
    };
    let [on_paper, below] = match printed {
        None => [width, height].map(|pixels| format!("{pixels}")),
        Some((width, height)) => [width, height].map(|points| format!("{points:.3}pt")),
    };
    canvas.add(format_args!(
        "<svg width=\"{on_paper}\" height=\"{below}\" viewBox=\"0 0 {w} {h}\" font-family=\"{FACES}\" xmlns=\"http://www.w3.org/2000/svg\">"
    ));
    canvas.add(rectangle((0, 0), to_units((width, height)), ""));
    canvas
}

/// The whole file.
pub fn finished(canvas: Canvas) -> String {
    canvas.add("</svg>");
    canvas.finish()
}

impl Pen for Svg {
    fn paths(&self, all: &[Vec<Spot>], colour: Colour, width: i32) -> String {
        let lines: String = all.iter().map(|spots| line(spots)).collect();
        format!("<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" d=\"{lines}\"/>")
    }

    fn dot(&self, (x, y): Spot, radius: i32, colour: Colour) -> String {
        format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{colour}\"/>")
    }

    fn ring(&self, (x, y): Spot, radius: i32, width: i32, colour: Colour) -> String {
        format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{WHITE}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        )
    }

    fn cell(&self, (left, top): Spot, (right, bottom): Spot) -> String {
        let (width, height) = (right - left, bottom - top);
        format!("M{left} {top}h{width}v{height}h-{width}z")
    }

    fn cells(&self, all: &[(Colour, String)]) -> String {
        let paths = all.iter().map(|(fill, path)| format!("<path fill=\"{fill}\" d=\"{path}\"/>\n"));
        format!("<g shape-rendering=\"crispEdges\">\n{}</g>\n", paths.collect::<String>())
    }

    fn veil(&self, from: Spot, to: Spot, opacity: f64) -> String {
        rectangle(from, to, &format!(" opacity=\"{opacity}\""))
    }

    fn text(&self, writing: &Writing) -> String {
        // The baseline of a text that hangs from its place is 0.76 of its size below.
        const HANG: f64 = 0.76;
        let anchor = match writing.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let ((x, baseline), (size, bold, colour)) = (writing.place, writing.style);
        let weight = if bold { " font-weight=\"bold\"" } else { "" };
        let ((x, y), size) = (to_units((x, baseline - HANG * size)), size * UNITS);
        let text = with_indices(&escaped(writing.text), size);
        format!(
            "<text x=\"{x}\" y=\"{y}\" dy=\"{HANG}em\"{anchor} font-size=\"{size}\" fill=\"{colour}\"{weight}>\n{text}\n</text>"
        )
    }
}

/// A white box.
fn rectangle((left, top): Spot, (right, bottom): Spot, opacity: &str) -> String {
    let (width, height) = (right - left, bottom - top);
    format!(
        "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"{opacity} fill=\"{WHITE}\"/>"
    )
}

/// A line as a part of a path: the steps from place to place, which have fewer digits than the places.
fn line(spots: &[Spot]) -> String {
    let mut text = String::new();
    for (index, (x, y)) in spots.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = match index {
            0 => write!(text, "M{x} {y}"),
            _ => {
                let (dx, dy) = (x - spots[index - 1].0, y - spots[index - 1].1);
                match (dx, dy) {
                    (_, 0) => write!(text, "h{dx}"),
                    (0, _) => write!(text, "v{dy}"),
                    (_, ..0) => write!(text, "l{dx}{dy}"),
                    _ => write!(text, "l{dx} {dy}"),
                }
            }
        };
    }
    text
}

/// A text in which no sign has a meaning in XML.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A text of this size with what follows `_` after a single letter set small and low: in `q_η₊`, `η₊`. The size of an index is a
/// number, since some programs take per cent for those of the sheet.
pub fn with_indices(text: &str, size: f64) -> String {
    let mut marked = String::new();
    let mut rest = text;
    // Whether the text after an index must be raised to the baseline again.
    let mut lowered = false;
    while let Some((before, index, after)) = next_index(rest) {
        push_raised(&mut marked, before, lowered);
        let plain: String = index.chars().map(plain_sign).collect();
        // Writing to a string cannot fail.
        let _ = write!(marked, "<tspan dy=\"0.3em\" font-size=\"{}\">{plain}</tspan>", 0.75 * size);
        rest = after;
        lowered = true;
    }
    push_raised(&mut marked, rest, lowered);
    marked
}

/// What an index of 0.3 em at 75 % lowered by: 0.225 em of the text around it.
fn push_raised(marked: &mut String, text: &str, lowered: bool) {
    if !lowered {
        marked.push_str(text);
    } else if !text.is_empty() {
        let _ = write!(marked, "<tspan dy=\"-0.225em\">{text}</tspan>");
    }
}

/// The text up to the first index (the letter included), the index, and the text after it.
fn next_index(text: &str) -> Option<(&str, &str, &str)> {
    let is_index = |c: char| c.is_alphanumeric() || "+-−,₊₋⁺⁻".contains(c);
    text.match_indices('_').find_map(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let mut backwards = before.chars().rev();
        let on_a_letter = backwards.next().is_some_and(char::is_alphabetic)
            && !backwards.next().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let length = after.find(|c| !is_index(c)).unwrap_or(after.len());
        // A comma at the end belongs to the sentence.
        let index = after[..length].trim_end_matches(',');
        let found = on_a_letter && !index.is_empty();
        found.then(|| (before, index, &after[index.len()..]))
    })
}

/// The full-size sign for a small one, since the index is small already.
fn plain_sign(character: char) -> char {
    match character {
        '₊' | '⁺' => '+',
        '₋' | '⁻' | '-' => '−',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_set_small_and_low() {
        assert_eq!(with_indices("q_η₊", 100.0), "q<tspan dy=\"0.3em\" font-size=\"75\">η+</tspan>");
        assert_eq!(
            with_indices("p_η₋, t = 1", 125.0),
            "p<tspan dy=\"0.3em\" font-size=\"93.75\">η−</tspan><tspan dy=\"-0.225em\">, t = 1</tspan>"
        );
    }

    #[test]
    fn words_with_underscores_stay_as_they_are() {
        for text in ["first_phase", "mse (test)", "ω", "_", "x_", "a __ b", "10_000"] {
            assert_eq!(with_indices(text, 100.0), text);
        }
    }

    #[test]
    fn boxes_are_gathered_by_colour_and_what_is_drawn_later_stays_later() {
        let canvas = sheet((20.0, 10.0), None);
        let (dark, light) = (Colour(0x44, 1, 0x54), Colour(0xfd, 0xe7, 0x25));
        for (x, colour) in [(0.0, dark), (0.5, light), (1.0, dark)] {
            canvas.fill((x, 0.0), (x + 0.5, 0.4), colour);
        }
        canvas.veil((0.2, 0.0), (0.7, 0.4));
        canvas.text("a < q_ξ", (1.0, 9.0), Anchor::Start, (10.0, false, crate::canvas::INK));
        assert_eq!(
            finished(canvas),
            "<svg width=\"20\" height=\"10\" viewBox=\"0 0 200 100\" font-family=\"DejaVu Sans, Arial, Helvetica, sans-serif\" xmlns=\"http://www.w3.org/2000/svg\">\n\
             <rect x=\"0\" y=\"0\" width=\"200\" height=\"100\" fill=\"#FFFFFF\"/>\n\
             <g shape-rendering=\"crispEdges\">\n\
             <path fill=\"#440154\" d=\"M0 0h5v4h-5zM10 0h5v4h-5z\"/>\n\
             <path fill=\"#FDE725\" d=\"M5 0h5v4h-5z\"/>\n</g>\n\
             <rect x=\"2\" y=\"0\" width=\"5\" height=\"4\" opacity=\"0.78\" fill=\"#FFFFFF\"/>\n\
             <text x=\"10\" y=\"14\" dy=\"0.76em\" font-size=\"100\" fill=\"#262626\">\n\
             a &lt; q<tspan dy=\"0.3em\" font-size=\"75\">ξ</tspan>\n</text>\n</svg>\n"
        );
    }

    #[test]
    fn lines_of_one_colour_are_one_path_of_steps() {
        let canvas = sheet((20.0, 10.0), None);
        let (dark, light) = (Colour(0x44, 1, 0x54), Colour(0xfd, 0xe7, 0x25));
        canvas.path([(1.0, 2.0), (3.0, 2.0), (3.0, 2.04), (3.0, 1.0), (4.0, 0.5)], dark, 0.7);
        canvas.path([(0.0, 0.0), (-1.0, 2.0)], dark, 0.7);
        canvas.path([(5.0, 5.0)], dark, 0.7);
        canvas.path([(0.0, 0.0), (0.0, 1.0)], dark, 0.9);
        canvas.dot((5.0, 5.0), 0.4, light);
        canvas.path([(0.0, 0.0), (1.0, 0.0)], dark, 0.9);
        let drawn = finished(canvas);
        let lines: Vec<&str> = drawn.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "<path fill=\"none\" stroke=\"#440154\" stroke-width=\"7\" d=\"M10 20h20v-10l10-5M0 0l-10 20\"/>",
                "<path fill=\"none\" stroke=\"#440154\" stroke-width=\"9\" d=\"M0 0v10\"/>",
                "<circle cx=\"50\" cy=\"50\" r=\"4\" fill=\"#FDE725\"/>",
                "<path fill=\"none\" stroke=\"#440154\" stroke-width=\"9\" d=\"M0 0h10\"/>",
                "</svg>",
            ]
        );
    }
}
