//! Broken lines: a curve cut into dashes of equal length on the sheet.
//!
//! The pattern is laid along the arc of the curve, in pixels, so that it looks the same for five
//! points and for five thousand.

use super::LineStyle;
use super::canvas::{Canvas, Colour, Place, WHITE};

/// The width of a curve, in pixels.
pub const CURVE_WIDTH: f64 = 1.7;
/// How far the white below a line on coloured ground stands out.
pub const EDGE: f64 = 1.1;

/// The lengths of dash, gap, dash, gap …, in pixels; nothing for an unbroken line.
pub fn pattern(line: LineStyle) -> &'static [f64] {
    match line {
        LineStyle::Solid => &[],
        LineStyle::Dashed => &[7.0, 4.0],
        LineStyle::Dotted => &[1.7, 3.0],
        LineStyle::DashDotted => &[8.0, 3.0, 1.7, 3.0],
    }
}

/// Draws a line through these places; one that is too short to be seen becomes a dot.
pub fn draw(canvas: &Canvas, places: &[Place], line: LineStyle, colour: Colour) {
    let Some(&first) = places.first() else {
        return;
    };
    let length: f64 = places.windows(2).map(|ends| distance(ends[0], ends[1])).sum();
    if length < CURVE_WIDTH {
        return canvas.dot(first, 1.5 * CURVE_WIDTH, colour);
    }
    for dash in dashes(places, pattern(line)) {
        canvas.path(dash, colour, CURVE_WIDTH);
    }
}

/// The same on coloured ground: on a white line that sets it off.
pub fn draw_on_colours(canvas: &Canvas, places: &[Place], line: LineStyle, colour: Colour) {
    if places.len() > 1 {
        canvas.path(places.iter().copied(), WHITE, CURVE_WIDTH + 2.0 * EDGE);
    }
    draw(canvas, places, line, colour)
}

/// The dashes of a line.
fn dashes(places: &[Place], pattern: &[f64]) -> Vec<Vec<Place>> {
    if pattern.is_empty() || places.is_empty() {
        return vec![places.to_vec()];
    }
    let mut dashes = Vec::new();
    let mut dash = vec![places[0]];
    let mut element = 0;
    let mut left = pattern[0];
    for ends in places.windows(2) {
        let (start, end) = (ends[0], ends[1]);
        let length = distance(start, end);
        if length == 0.0 {
            continue;
        }
        let mut done = 0.0;
        // Each turn uses up one element of the pattern within this straight piece.
        while done + left < length {
            done += left;
            let here = between(start, end, done / length);
            if is_dash(element) {
                dash.push(here);
                dashes.push(std::mem::take(&mut dash));
            } else {
                dash = vec![here];
            }
            element = (element + 1) % pattern.len();
            left = pattern[element];
        }
        left -= length - done;
        if is_dash(element) {
            dash.push(end);
        }
    }
    if dash.len() > 1 {
        dashes.push(dash);
    }
    dashes
}

/// Dashes and gaps take turns, and a pattern starts with a dash.
fn is_dash(element: usize) -> bool {
    element.is_multiple_of(2)
}

fn distance(from: Place, to: Place) -> f64 {
    (to.0 - from.0).hypot(to.1 - from.1)
}

fn between(from: Place, to: Place, fraction: f64) -> Place {
    let along = |a: f64, b: f64| a + fraction * (b - a);
    (along(from.0, to.0), along(from.1, to.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(places: &[Place]) -> f64 {
        places.windows(2).map(|ends| distance(ends[0], ends[1])).sum()
    }

    #[test]
    fn dashes_follow_the_arc_for_any_number_of_points() {
        // A quarter circle of radius 100: its arc is 50π, and a dash with its gap takes 11.
        for points in [20, 500, 5000] {
            let angle = |k: usize| k as f64 / (points - 1) as f64 * std::f64::consts::FRAC_PI_2;
            let on_circle = |k| (100.0 * angle(k).cos(), 100.0 * angle(k).sin());
            let arc: Vec<Place> = (0..points).map(on_circle).collect();
            let dashes = dashes(&arc, pattern(LineStyle::Dashed));
            assert_eq!(dashes.len(), 15, "{points} points");
            for dash in &dashes[..14] {
                assert!((length(dash) - 7.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_dash_turns_corners() {
        let corner = [(0.0, 0.0), (4.0, 0.0), (4.0, 8.0)];
        assert_eq!(
            dashes(&corner, &[6.0, 3.0]),
            [vec![(0.0, 0.0), (4.0, 0.0), (4.0, 2.0)], vec![(4.0, 5.0), (4.0, 8.0)]]
        );
    }

    #[test]
    fn an_unbroken_line_is_one_dash() {
        let line = [(0.0, 0.0), (9.0, 0.0)];
        assert_eq!(dashes(&line, pattern(LineStyle::Solid)), [line.to_vec()]);
    }

    #[test]
    fn repeated_points_do_not_matter() {
        let line = [(0.0, 0.0), (0.0, 0.0), (20.0, 0.0), (20.0, 0.0)];
        assert_eq!(dashes(&line, &[7.0, 4.0]), dashes(&[line[0], line[2]], &[7.0, 4.0]));
    }
}
