//! The finishing touches on the SVG text: its true size, indices set as indices, and the cells of heat maps gathered by
//! colour.

use std::fmt::Write;

use super::canvas::UNITS;

/// Sets the size of a drawing back to pixels, and lowers the indices of symbols.
pub fn finish(drawing: &str, width: f64, height: f64) -> String {
    let (view_width, view_height) = (width * UNITS, height * UNITS);
    let mut svg = format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {view_width} {view_height}\" \
         xmlns=\"http://www.w3.org/2000/svg\">\n"
    );
    // The library writes every tag and every text on a line of its own, and escapes `<` in texts.
    let mut cells = Cells::default();
    for (number, line) in drawing.lines().enumerate().skip(1) {
        // The first box is the sheet itself.
        if number > 1 && cells.take(line) {
            continue;
        }
        cells.write(&mut svg);
        if line.starts_with('<') {
            svg.push_str(line);
        } else {
            svg.push_str(&with_indices(line));
        }
        svg.push('\n');
    }
    svg
}

/// Opaque boxes drawn one after the other, by colour. One path of a colour is a third as long as a box for each cell.
#[derive(Default)]
struct Cells<'a> {
    paths: Vec<(&'a str, String)>,
}

impl<'a> Cells<'a> {
    /// Takes a line that is an opaque box; says whether it was one.
    fn take(&mut self, line: &'a str) -> bool {
        let of = |name: &str| {
            let (_, after) = line.split_once(&format!(" {name}=\""))?;
            after.split_once('"').map(|(value, _)| value)
        };
        let opaque = line.starts_with("<rect ") && of("opacity") == Some("1") && of("stroke") == Some("none");
        let corner = || Some((of("x")?, of("y")?, of("width")?, of("height")?, of("fill")?));
        let Some((x, y, width, height, fill)) = corner().filter(|_| opaque) else {
            return false;
        };
        let index = self.paths.iter().position(|(known, _)| *known == fill).unwrap_or_else(|| {
            self.paths.push((fill, String::new()));
            self.paths.len() - 1
        });
        // Writing to a string cannot fail.
        let _ = write!(self.paths[index].1, "M{x} {y}h{width}v{height}h-{width}z");
        true
    }

    /// Writes what was taken. Crisp edges leave no seam between cells that touch.
    fn write(&mut self, svg: &mut String) {
        if self.paths.is_empty() {
            return;
        }
        svg.push_str("<g shape-rendering=\"crispEdges\">\n");
        for (fill, path) in self.paths.drain(..) {
            let _ = writeln!(svg, "<path fill=\"{fill}\" d=\"{path}\"/>");
        }
        svg.push_str("</g>\n");
    }
}

/// A text with what follows `_` after a single letter set small and low: in `q_η₊`, `η₊`.
fn with_indices(text: &str) -> String {
    let mut marked = String::new();
    let mut rest = text;
    // Whether the text after an index must be raised to the baseline again.
    let mut lowered = false;
    while let Some((before, index, after)) = next_index(rest) {
        push_raised(&mut marked, before, lowered);
        let plain: String = index.chars().map(plain_sign).collect();
        // Writing to a string cannot fail.
        let _ = write!(marked, "<tspan dy=\"0.3em\" font-size=\"75%\">{plain}</tspan>");
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
        assert_eq!(with_indices("q_η₊"), "q<tspan dy=\"0.3em\" font-size=\"75%\">η+</tspan>");
        assert_eq!(
            with_indices("p_η₋, t = 1"),
            "p<tspan dy=\"0.3em\" font-size=\"75%\">η−</tspan><tspan dy=\"-0.225em\">, t = 1</tspan>"
        );
    }

    #[test]
    fn words_with_underscores_stay_as_they_are() {
        for text in ["first_phase", "mse (test)", "ω", "_", "x_", "a __ b", "10_000"] {
            assert_eq!(with_indices(text), text);
        }
    }

    #[test]
    fn boxes_are_gathered_by_colour_and_what_is_drawn_later_stays_later() {
        let cell = |x: u32, opacity: &str, fill: &str| {
            format!(
                "<rect x=\"{x}\" y=\"0\" width=\"5\" height=\"4\" opacity=\"{opacity}\" fill=\"{fill}\" stroke=\"none\"/>\n"
            )
        };
        let sheet = cell(0, "1", "#FFFFFF");
        let veil = cell(2, "0.8", "#FFFFFF");
        let drawing = ["<svg>\n", &sheet, &cell(0, "1", "#440154"), &cell(5, "1", "#FDE725")].concat()
            + &[&cell(10, "1", "#440154"), &*veil, "</svg>\n"].concat();
        let finished = finish(&drawing, 20.0, 10.0);
        let rest = finished.split_once(&sheet).unwrap().1;
        assert_eq!(
            rest,
            "<g shape-rendering=\"crispEdges\">\n\
             <path fill=\"#440154\" d=\"M0 0h5v4h-5zM10 0h5v4h-5z\"/>\n\
             <path fill=\"#FDE725\" d=\"M5 0h5v4h-5z\"/>\n</g>\n"
                .to_owned()
                + &veil
                + "</svg>\n"
        );
    }

    #[test]
    fn the_drawing_gets_its_true_size() {
        let drawing = "<svg width=\"200\">\n<text>\na &lt; q_ξ\n</text>\n</svg>\n";
        assert_eq!(
            finish(drawing, 20.0, 10.0),
            "<svg width=\"20\" height=\"10\" viewBox=\"0 0 200 100\" \
             xmlns=\"http://www.w3.org/2000/svg\">\n<text>\na &lt; \
             q<tspan dy=\"0.3em\" font-size=\"75%\">ξ</tspan>\n</text>\n</svg>\n"
        );
    }
}
