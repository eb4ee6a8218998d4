//! A figure as a picture of pgf and pgfplots, which a document takes with `\input` and sets in its own fonts.
//!
//! Panels are axes of pgfplots with the numbers of the curves; headings, legend and heat maps are drawn as in the other formats,
//! where `layout` places them.

use std::fmt::Write;

use super::axis::{Axis, Scale};
use super::canvas::{Canvas, FINE_GRID, GRID, INK, UNITS, palette, to_units};
use super::layout::{PanelPlace, TICK, TICK_SIZE};
use super::tex::typeset;
use super::tikz::{Tikz, colour, definitions, font, rounded};
use super::{Figure, Mark, Panel, Points, Sheet, Size, draw_headings, laid_out, map, panel, stroke};
use overlaps::chart::Curve;
use overlaps::output::OutputError;

/// Cells of one colour that touch count as one; TeX has no room for more, and takes minutes for them.
const MOST_CELLS: usize = 20_000;

/// Draws a figure as a picture of pgfplots, one column of a journal wide unless the sheet says otherwise.
///
/// # Errors
/// A figure without panels, a sheet that is too small, heat maps of more cells than TeX can hold.
pub fn draw(figure: &Figure, sheet: &Sheet) -> Result<String, OutputError> {
    let size = sheet.size.unwrap_or(Size::of_columns(1));
    let sheet = Sheet { size: Some(size), ..*sheet };
    let (layout, points) = laid_out(figure, &sheet)?;
    let cells = figure
        .panels
        .iter()
        .zip(&layout.panels)
        .map(|(panel, place)| map::cells(panel, place))
        .sum::<usize>();
    if cells > MOST_CELLS {
        let reason = format!(
            "its maps have {cells} cells, and TeX holds no more than {MOST_CELLS}; name a file .pdf, which \\includegraphics takes"
        );
        return Err(OutputError::Drawing { title: figure.title.clone(), reason });
    }
    let canvas = Canvas::new(Tikz { points });
    let (width, height) = to_units((layout.width, layout.height));
    canvas.add("% Made by overlaps. In the document: \\usepackage{pgfplots}, and \\input{FILE.pgf} where the figure stands.");
    canvas.add(format_args!("\\begingroup%\n{}", definitions().trim_end()));
    canvas.add(format_args!(
        "\\begin{{tikzpicture}}[x={unit:.6}bp, y=-{unit:.6}bp, /pgf/number format/assume math mode=true]",
        unit = points / UNITS
    ));
    canvas.add(format_args!("\\useasboundingbox (0,0) rectangle ({width},{height});"));
    draw_headings(&canvas, &layout);
    for (content, place) in figure.panels.iter().zip(&layout.panels) {
        draw_panel(&canvas, content, place, points);
    }
    canvas.add("\\end{tikzpicture}%\n\\endgroup%");
    Ok(canvas.finish())
}

fn draw_panel(canvas: &Canvas, content: &Panel, place: &PanelPlace, points: f64) {
    panel::draw_labels(canvas, content, place, false);
    let (Some(x_axis), Some(y_axis)) = (&place.x_axis, &place.y_axis) else {
        return panel::draw_nothing(canvas, content, place);
    };
    if let Some(map) = &content.map {
        map::draw(canvas, map, place, (x_axis, y_axis));
    }
    canvas.add(begin(content, place, (x_axis, y_axis), points));
    for one in &content.curves {
        draw_curve(canvas, content, one, (x_axis, y_axis), points);
    }
    for points_of in &content.points {
        draw_points(canvas, points_of, (x_axis, y_axis), points);
    }
    canvas.add("\\end{axis}");
    if let Some(map) = &content.map {
        map::draw_names(canvas, map, place, (x_axis, y_axis));
        map::draw_label(canvas, map, place);
    }
}

/// The axes of a panel.
fn begin(content: &Panel, place: &PanelPlace, (x_axis, y_axis): (&Axis, &Axis), points: f64) -> String {
    let (x, y) = to_units((place.left, place.top + place.height));
    let length = |pixels: f64| rounded(pixels * points);
    let (grid, line) = panel::THIN;
    let mut options = vec![
        "at=(overlaps), anchor=south west, scale only axis".into(),
        format!("width={}, height={}", length(place.width), length(place.height)),
        format!("axis line style={{{}, line width={}}}", colour(INK), length(line)),
        format!(
            "tick style={{{}, line width={}}}, tick align=outside, tick pos=left",
            colour(INK),
            length(line)
        ),
        format!("major tick length={}", length(TICK)),
        format!("ticklabel style={{font={}, text={}}}", font(TICK_SIZE * points, false), colour(INK)),
        "clip mode=individual, scaled ticks=false".into(),
    ];
    match content.map.is_some() {
        true => options.push("axis on top".into()),
        false => options.push(format!(
            "axis lines*=left, grid=major, grid style={{{}, line width={}}}",
            colour(GRID),
            length(grid)
        )),
    }
    options.extend(axis_options('x', x_axis, place.x_written));
    options.extend(axis_options('y', y_axis, true));
    // A place without a name would be read in the units of the axis.
    format!("\\coordinate (overlaps) at ({x},{y});\n\\begin{{axis}}[\n  {}]", options.join(",\n  "))
}

/// The range and the numbers of an axis.
fn axis_options(name: char, axis: &Axis, written: bool) -> Vec<String> {
    let (low, high) = axis.ends();
    let values = |values: &mut dyn Iterator<Item = f64>| values.map(number).collect::<Vec<_>>().join(",");
    let labels = axis.ticks.iter().map(|tick| format!("{{{}}}", typeset(&tick.label)));
    let labels = if written { labels.collect::<Vec<_>>().join(",") } else { String::new() };
    let mut options = Vec::new();
    if axis.scale() == Scale::Logarithmic {
        options.push(format!("{name}mode=log"));
    }
    options.push(format!("{name}min={}, {name}max={}", number(low), number(high)));
    options.push(format!("{name}tick={{{}}}", values(&mut axis.ticks.iter().map(|tick| tick.value))));
    options.push(format!("{name}ticklabels={{{labels}}}"));
    if !axis.fine.is_empty() {
        options.push(format!(
            "extra {name} ticks={{{}}}, extra {name} tick labels={{}}, extra {name} tick style={{tick style={{draw=none}}, grid style={{{}}}}}",
            values(&mut axis.fine.iter().copied()),
            colour(FINE_GRID)
        ));
    }
    options
}

/// A number for pgfplots, which has nine digits.
fn number(value: f64) -> String {
    let short = format!("{value:.8e}");
    let (mantissa, exponent) = short.split_once('e').unwrap_or((&short, "0"));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    if exponent == "0" { mantissa.to_string() } else { format!("{mantissa}e{exponent}") }
}

/// A curve: its pieces, cut where it is in the other formats.
fn draw_curve(
    canvas: &Canvas,
    content: &Panel,
    curve: &Curve,
    (x_axis, y_axis): (&Axis, &Axis),
    points: f64,
) {
    let length = |pixels: f64| rounded(pixels * points);
    let dashes: Vec<String> = stroke::pattern(curve.line)
        .iter()
        .enumerate()
        .map(|(index, pixels)| format!("{} {}", if index % 2 == 0 { "on" } else { "off" }, length(*pixels)))
        .collect();
    let dashes =
        if dashes.is_empty() { String::new() } else { format!(", dash pattern={}", dashes.join(" ")) };
    let (ink, width) = (colour(palette(curve.colour)), length(stroke::CURVE_WIDTH));
    let on_colours = content.map.is_some();
    comment(canvas, &curve.label);
    for segment in &curve.segments {
        for run in segment.split(|(x, y)| !x_axis.shows(*x) || !y_axis.shows(*y)) {
            let data = coordinates(run.iter().copied());
            match run {
                [] => {}
                [_] => canvas.add(format_args!(
                    "\\addplot[only marks, mark=*, mark size={}, {ink}] coordinates {{{data}}};",
                    length(1.5 * stroke::CURVE_WIDTH)
                )),
                _ => {
                    if on_colours {
                        let wide = length(stroke::CURVE_WIDTH + 2.0 * stroke::EDGE);
                        canvas
                            .add(format_args!("\\addplot[white, line width={wide}] coordinates {{{data}}};"));
                    }
                    canvas.add(format_args!(
                        "\\addplot[{ink}, line width={width}, line join=round{dashes}] coordinates {{{data}}};"
                    ));
                }
            }
        }
    }
}

fn coordinates(data: impl Iterator<Item = (f64, f64)>) -> String {
    let mut text = String::new();
    for (index, (x, y)) in data.enumerate() {
        // Lines that are not too long. Writing to a string cannot fail.
        let _ = write!(text, "{}({},{})", if index % 6 == 0 { "\n" } else { " " }, number(x), number(y));
    }
    text
}

/// Points with their error bars, which have no end where it lies off a logarithmic axis.
fn draw_points(canvas: &Canvas, points: &Points, (x_axis, y_axis): (&Axis, &Axis), scale: f64) {
    let (radius, end, width) = panel::MARK;
    let (length, ink) = (|pixels: f64| rounded(pixels * scale), colour(palette(points.colour)));
    let (mut data, mut off) = (String::new(), String::new());
    for &(x, y, half) in points.data.iter().filter(|(x, y, _)| x_axis.holds(*x) && y_axis.holds(*y)) {
        let half = if half.is_finite() { half.abs() } else { 0.0 };
        let below = if y_axis.shows(y - half) { half } else { 0.0 };
        if below < half {
            let (x, y, low) = (number(x), number(y), number(y_axis.ends().0));
            let _ = write!(
                off,
                "\n\\addplot[{ink}, line width={}] coordinates {{({x},{y}) ({x},{low})}};",
                length(width)
            );
        }
        let [x, y, half, below] = [x, y, half, below].map(number);
        let _ = write!(data, "\n({x},{y}) += (0,{half}) -= (0,{below})");
    }
    if data.is_empty() {
        return;
    }
    comment(canvas, &points.label);
    if points.mark == Mark::Ring {
        let data = coordinates(points.data.iter().map(|(x, y, _)| (*x, *y)));
        return canvas.add(format_args!(
            "\\addplot[only marks, mark=*, mark size={}, {ink}, mark options={{fill=white, line width={}}}] coordinates {{{data}}};",
            length(radius),
            length(width)
        ));
    }
    canvas.add(format_args!(
        "\\addplot[only marks, mark=*, mark size={radius}, {ink}, error bars/.cd, y dir=both, y explicit, \
         error bar style={{line width={width}}}, error mark options={{rotate=90, mark size={end}, line width={width}}}] coordinates {{{data}}};{off}",
        radius = length(radius),
        width = length(width),
        end = length(end)
    ));
}

/// Says what the data that follow are.
fn comment(canvas: &Canvas, label: &str) {
    if !label.is_empty() {
        canvas.add(format_args!("% {}", label.replace(char::is_control, " ")));
    }
}
