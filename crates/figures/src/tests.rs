//! Whole figures, read back as SVG. `OVERLAPS_FIGURES=folder cargo test figure` keeps them to be
//! looked at.

use std::f64::consts::PI;

use super::*;
use overlaps::chart::Curve;

/// Draws a figure, keeps it if asked to, and checks what holds for every figure.
fn drawn(name: &str, figure: &Figure) -> String {
    let svg = draw(figure).unwrap();
    assert_eq!(svg, draw(figure).unwrap(), "the same figure gives the same bytes");
    assert!(!svg.contains("NaN") && !svg.contains("inf,") && !svg.contains("-0.0"));
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    // A map that TeX does not hold has a test of its own.
    let pgf = if svg.len() < 500_000 { picture(figure) } else { String::new() };
    if let Some(folder) = std::env::var_os("OVERLAPS_FIGURES") {
        let path = std::path::Path::new(&folder).join(name);
        std::fs::write(&path, &svg).unwrap();
        std::fs::write(path.with_extension("pgf"), &pgf).unwrap();
    }
    svg
}

/// The same as a picture of pgfplots, two columns wide, after a check of what holds for every one.
fn picture(figure: &Figure) -> String {
    let sheet = Sheet::of(Size::of_columns(2));
    let pgf = String::from_utf8(Format::Pgf.draw_on(figure, &sheet).unwrap()).unwrap();
    let count = |word: &str| pgf.matches(word).count();
    for pair in [("{", "}"), ("\\begin{axis}", "\\end{axis}"), ("\\begingroup", "\\endgroup")] {
        let [open, close] = [pair.0, pair.1].map(|word| count(word) - count(&format!("\\{word}")));
        assert_eq!(open, close, "{pair:?}");
    }
    assert_eq!((count("\\begin{tikzpicture}"), count("\\end{tikzpicture}")), (1, 1));
    assert!(!pgf.contains("NaN") && !pgf.contains("inf,") && !pgf.contains("inf)"));
    // Paths end, and no line but a comment is without a command or data.
    for line in pgf.lines().filter(|line| line.starts_with("\\draw") || line.starts_with("\\node")) {
        assert!(line.ends_with(';'), "{line}");
    }
    pgf
}

#[test]
fn a_picture_has_the_data_of_its_curves_and_the_symbols_of_tex() {
    let pgf = picture(&demonstration());
    let has = |text: &str| assert!(pgf.contains(text), "{text}");
    assert_eq!(pgf.matches("\\begin{axis}").count(), 4);
    // 3 lines in 4 panels, of which those of ω jump; the points.
    assert_eq!(pgf.matches("\\addplot[overlaps").count(), 3 * 4 + 3, "a piece of its own behind every jump");
    assert_eq!(pgf.matches("\\addplot[only marks").count(), 1);
    // tanh(2·0.202)·1.2 at the place behind the jump, to nine digits.
    has(&format!("(2.02e-1,{:.8}e-1)", 12.0 * (0.404_f64).tanh()));
    has("{\\ensuremath{q_{\\eta{}+}}}");
    has("limit \\ensuremath{n} \\ensuremath{\\to} \\ensuremath{\\infty}");
    has("dash pattern=on ");
    // The first point: 0.1, 0.81 + 0.03 sin 0.7, ± 0.042.
    has(&format!("(1e-1,{:.8}e-1) += (0,4.2e-2) -= (0,4.2e-2)", 10.0 * (0.81 + 0.03 * 0.7_f64.sin())));
    // What stands in no font of seven bits is a command.
    assert!(pgf.lines().filter(|line| !line.starts_with('%')).all(str::is_ascii));
}

#[test]
fn a_mark_on_a_line_is_an_open_circle_in_every_format() {
    let mut panel = panel("m", vec![curve("up", LineStyle::Solid, 0, |t| t)]);
    panel.points.push(Points { mark: Mark::Ring, ..Points::new("fold", 6, [(0.5, 0.5, 0.0)]) });
    let figure = Figure { x_label: "t".into(), panels: vec![panel], ..Figure::default() };
    // In the panel and in the legend.
    let svg = drawn("fold.svg", &figure);
    assert_eq!(svg.matches("fill=\"#FFFFFF\" stroke=\"#000000\"").count(), 2);
    let pgf = picture(&figure);
    assert!(pgf.contains("mark options={fill=white") && pgf.matches("\\filldraw[fill=white").count() == 1);
}

#[test]
fn a_picture_of_a_logarithmic_axis_has_bars_that_end_on_it() {
    let mut panel = panel("s", vec![curve("", LineStyle::Solid, 0, |t| t)]);
    panel.y_log = true;
    panel.points.push(Points::new("", 1, [(0.5, 0.1, 0.4)]));
    let figure = Figure { x_label: "t".into(), panels: vec![panel], ..Figure::default() };
    let pgf = picture(&figure);
    assert!(pgf.contains("ymode=log") && pgf.contains("extra y ticks={"));
    assert!(pgf.contains("(5e-1,1e-1) += (0,4e-1) -= (0,0)"), "no end below");
    // The line down to the lower end of the axis, a little below 0.002.
    let (_, down) = pgf.split_once("coordinates {(5e-1,1e-1) (5e-1,").unwrap();
    let low: f64 = down.split(')').next().unwrap().parse().unwrap();
    assert!(low < 0.002 && low > 0.001, "{low}");
    assert!(pgf.contains("\n(2e-3,2e-3)") && !pgf.contains("\n(0,0)"), "0 has no place there");
}

#[test]
fn a_picture_of_a_map_has_its_cells_and_one_that_is_too_large_is_refused() {
    let (x, y) = (evenly(0.0, 1.0, 12), evenly(0.5, 0.95, 9));
    let figure = |x: &[f64], y: &[f64]| {
        let map = heat_map("m", (x, y), |x, y| (40.0 * x * y).sin(), 0.5);
        Figure { x_label: "t".into(), panels: vec![map_panel("p", map)], ..Figure::default() }
    };
    let pgf = picture(&figure(&x, &y));
    assert!(pgf.matches("rectangle").count() > 12 * 9 && pgf.contains("axis on top"));
    let large = figure(&evenly(0.0, 1.0, 300), &evenly(0.5, 0.95, 300));
    let error = Format::Pgf.draw(&large).unwrap_err().to_string();
    assert!(error.contains("name a file .pdf"), "{error}");
}

fn curve(label: &str, line: LineStyle, colour: usize, f: impl Fn(f64) -> f64) -> Curve {
    let place = |k: i32| (f64::from(k) / 500.0, f(f64::from(k) / 500.0));
    Curve { label: label.into(), line, colour, segments: vec![(0..=500).map(place).collect()] }
}

fn panel(y_label: &str, curves: Vec<Curve>) -> Panel {
    Panel { y_label: y_label.into(), curves, ..Panel::default() }
}

/// Four panels: three kinds of line, a jump between branches, a constant, points with error bars.
fn demonstration() -> Figure {
    let lines = [LineStyle::Solid, LineStyle::Dashed, LineStyle::Dotted];
    let labels = ["n = 8", "n = 32", "limit n → ∞"];
    let of_all = |f: fn(f64, f64) -> f64| -> Vec<Curve> {
        let one = |k: usize| curve(labels[k], lines[k], k, move |t| f(t, k as f64));
        (0..3).map(one).collect()
    };
    let mut omega = panel("ω", of_all(|t, k| (1.2 + 0.2 * k) * (2.0 * t).tanh() * (t > 0.2) as u8 as f64));
    for curve in &mut omega.curves {
        let informative = curve.segments[0].split_off(101);
        curve.segments.push(informative);
    }
    let measured = |k: usize| {
        let t = 0.1 + 0.16 * k as f64;
        (t, (1.0 - t).powi(2) + 0.03 * (7.0 * t).sin(), 0.04 + 0.02 * t)
    };
    let mut error = panel("mse (test)", of_all(|t, k| (1.0 - t).powi(2) + 0.08 * k));
    error.points.push(Points {
        label: "simulation, d = 4000".into(),
        colour: 6,
        data: (0..6).map(measured).collect(),
        ..Points::default()
    });
    Figure {
        title: "First phase: weight overlaps and test error".into(),
        subtitle: "κ = 2, σ = 1, λ = 0.1, ℓ = 0.01, p = 0.8".into(),
        x_label: "t".into(),
        x_log: false,
        columns: 0,
        panels: vec![
            omega,
            panel("c", of_all(|_, _| 0.0)),
            panel("q_η₊", of_all(|t, k| 1e-5 * (k + 1.0) * (PI * t).sin())),
            error,
        ],
    }
}

#[test]
fn the_demonstration_has_its_lines_legend_and_symbols() {
    let svg = drawn("demonstration.svg", &demonstration());
    assert_eq!(svg.matches("\nn = 8\n").count(), 1, "one entry for a label");
    assert!(svg.contains("\nω\n") && svg.contains("η+</tspan>"));
    assert_eq!(svg.matches("\nt\n").count(), 2, "the lowest panels name the x axis");
    assert!(svg.contains("×10⁻⁵"));
    assert_eq!(svg.matches("<circle").count(), 6 + 1, "six points and their legend");
}

#[test]
fn figures_of_every_size_are_drawn() {
    let lines = [LineStyle::Solid, LineStyle::Dashed, LineStyle::Dotted, LineStyle::DashDotted];
    for count in [1, 2, 3, 5, 6, 12, 24] {
        let one = |k: usize| {
            let rate = 1.0 + k as f64;
            let one =
                |j: usize| curve(&format!("kind {j}"), lines[j], j + 3, move |t| (rate * t + j as f64).cos());
            panel("q_ξ", (0..4).map(one).collect())
        };
        let figure = Figure {
            title: format!("{count} panels"),
            x_label: "t".into(),
            panels: (0..count).map(one).collect(),
            ..Figure::default()
        };
        let svg = drawn(&format!("panels-{count}.svg"), &figure);
        assert_eq!(svg.matches("ξ</tspan>").count(), count);
    }
}

#[test]
fn logarithmic_axes_leave_out_what_they_cannot_show() {
    let power = |exponent: f64| move |t: f64| (100.0 * t).powf(exponent);
    let mut falling = panel("|n − ∞|", vec![curve("1/n", LineStyle::Solid, 0, power(-1.0))]);
    falling.curves.push(curve("1/n²", LineStyle::DashDotted, 1, power(-2.0)));
    falling.y_log = true;
    falling.points.push(Points {
        label: "measured".into(),
        colour: 2,
        data: vec![(0.1, 0.1, 0.02), (0.4, 0.02, 0.03), (0.01, -1.0, 0.1)],
        ..Points::default()
    });
    let mut nothing = panel("q_η₊", vec![curve("1/n", LineStyle::Solid, 0, |t| -t)]);
    nothing.y_log = true;
    let figure = Figure {
        title: "Corrections & their order".into(),
        x_label: "n".into(),
        x_log: true,
        columns: 0,
        panels: vec![falling, nothing],
        ..Figure::default()
    };
    let svg = drawn("logarithmic.svg", &figure);
    assert!(svg.contains("no finite positive values") && svg.contains("Corrections &amp; their"));
    assert_eq!(svg.matches("<circle").count(), 2 + 1, "a negative value has no place");
}

#[test]
fn a_panel_without_values_says_so() {
    let infinite = curve("", LineStyle::Solid, 0, |_| f64::INFINITY);
    let figure = Figure {
        x_label: "t".into(),
        panels: vec![panel("b", vec![infinite]), panel("ω", vec![])],
        ..Figure::default()
    };
    let svg = drawn("empty.svg", &figure);
    assert_eq!(svg.matches("\nno finite values\n").count(), 2);
}

#[test]
fn a_value_that_is_not_finite_cuts_the_line_and_a_lone_point_is_a_dot() {
    let mut panel = panel("b", vec![curve("b", LineStyle::Solid, 0, |t| t)]);
    panel.curves[0].segments =
        vec![vec![(0.0, 1.0), (0.1, 1.0), (0.2, f64::INFINITY), (0.3, 2.0), (0.4, 2.5)], vec![(0.5, 3.0)]];
    let figure = Figure { x_label: "t".into(), panels: vec![panel], ..Figure::default() };
    let svg = drawn("cut.svg", &figure);
    // Two pieces of the curve and its sample in the legend; one dot.
    let paths = svg.split("stroke=\"#0072B2\"").skip(1).map(|path| path.split("/>").next().unwrap());
    assert_eq!(paths.map(|path| path.matches('M').count()).sum::<usize>(), 3);
    assert_eq!(svg.matches("<circle").count(), 1);
}

#[test]
fn long_legends_and_labels_wrap() {
    let label = |k: usize| format!("first-phase, n = {}, λ = 0.{k}", 8 << k);
    let curves = (0..10).map(|k| curve(&label(k), LineStyle::Dashed, k, move |t| t * k as f64));
    let figure = Figure {
        title: "Many curves".into(),
        subtitle: "κ = 2, σ = 1, ".repeat(12),
        x_label: "κt".into(),
        panels: vec![panel("a quantity with quite a long name, in words", curves.collect())],
        ..Figure::default()
    };
    let svg = drawn("legend.svg", &figure);
    assert_eq!(svg.matches("\nfirst-phase, n").count(), 10);
}

/// A map of a function on a grid, and the regions where it falls below and above a level.
fn heat_map(label: &str, (xs, ys): (&[f64], &[f64]), f: impl Fn(f64, f64) -> f64, level: f64) -> HeatMap {
    let region = |value: f64| if value > level { "informative" } else { "constant" };
    let cell = |(x, y): (f64, f64)| {
        let value = f(x, y);
        MapCell { x, y, value, region: region(value).into() }
    };
    let places = ys.iter().flat_map(|y| xs.iter().map(move |x| (*x, *y)));
    HeatMap {
        label: label.into(),
        cells: places.map(cell).collect(),
        missing: "not converged".into(),
        boundary: "change of branch".into(),
    }
}

fn evenly(from: f64, to: f64, count: usize) -> Vec<f64> {
    (0..count).map(|k| from + (to - from) * k as f64 / (count - 1) as f64).collect()
}

fn map_panel(y_label: &str, map: HeatMap) -> Panel {
    Panel { y_label: y_label.into(), map: Some(map), ..Panel::default() }
}

#[test]
fn a_heat_map_has_cells_a_colour_bar_and_the_line_between_its_regions() {
    let (x, y) = (evenly(0.0, 1.0, 41), evenly(0.5, 0.95, 31));
    let f = |x: f64, y: f64| {
        let gap = (x - 0.6).hypot(2.0 * (y - 0.7)) < 0.07;
        let above = x > 0.25 + (y - 0.5).powi(2);
        if gap { f64::NAN } else { f64::from(u8::from(above)) * (0.4 + (2.0 * x * y).tanh()) }
    };
    let mut map = heat_map("ω", (&x, &y), f, 0.1);
    // What has no value has no region that counts.
    map.cells[40].value = f64::INFINITY;
    let mut panel = map_panel("p", map);
    panel.curves.push(Curve {
        label: "law".into(),
        line: LineStyle::Dashed,
        colour: 1,
        segments: vec![evenly(0.4, 1.2, 100).into_iter().map(|y| (0.25 + (y - 0.5).powi(2), y)).collect()],
    });
    let figure = Figure {
        title: "A quantity over two parameters".into(),
        subtitle: "n = 8, λ = 0.1".into(),
        x_label: "κt".into(),
        panels: vec![panel],
        ..Figure::default()
    };
    let svg = drawn("map.svg", &figure);
    for text in ["informative", "constant", "change of branch", "not converged", "infinite", "law", "ω"] {
        assert_eq!(svg.matches(&format!("\n{text}\n")).count(), 1, "{text}");
    }
    assert_eq!(svg.matches("fill=\"#FDE725\"").count(), 1, "one path of a colour for the map and its bar");
}

#[test]
fn maps_of_the_same_quantity_share_their_colours() {
    let (x, y) = (evenly(0.0, 1.0, 11), [1.0, 10.0, 100.0, 1000.0]);
    let one = |label: &str, scale: f64, caption: &str| {
        let map = heat_map(label, (&x, &y), |x, y| scale * x * y.log10(), -1.0);
        Panel { y_log: true, caption: caption.into(), ..map_panel("n", map) }
    };
    let panels =
        vec![one("m", 1.0, "λ = 0.1"), one("m", 2.0, "λ = 1"), one("q_η₊", 1e-3, ""), one("b", 7.0, "")];
    let figure = Figure { title: "Four maps".into(), x_label: "t".into(), panels, ..Figure::default() };
    let svg = drawn("maps.svg", &figure);
    assert_eq!(svg.matches("\n6\n").count(), 2, "both bars of m end at 6");
    assert!(svg.contains("\n0.0030\n") && svg.contains("\nλ = 0.1\n"));
    assert!(!svg.contains("change of branch"), "a single region has no boundary");
}

#[test]
fn a_large_map_stays_a_small_file() {
    let (x, y) = (evenly(0.0, 1.0, 300), evenly(0.0, 1.0, 300));
    let f = |x: f64, y: f64| ((3.0 * x).sin() * (2.0 * y).cos()).abs() + 0.1 * (40.0 * x * y).sin();
    let map = heat_map("m", (&x, &y), f, 0.5);
    let figure = Figure { x_label: "x".into(), panels: vec![map_panel("y", map)], ..Figure::default() };
    let svg = drawn("large-map.svg", &figure);
    assert!(svg.len() < 1_500_000, "{} bytes", svg.len());
}

#[test]
fn a_map_of_no_values_is_hatched() {
    let map = heat_map("b", (&[1.0, 2.0], &[3.0]), |_, _| f64::NAN, 0.0);
    let figure = Figure { x_label: "x".into(), panels: vec![map_panel("y", map)], ..Figure::default() };
    let svg = drawn("missing-map.svg", &figure);
    assert!(svg.contains("\nnot converged\n") && !svg.contains("#440154"));
}

#[test]
fn a_figure_without_panels_is_refused() {
    let error = draw(&Figure::default()).unwrap_err();
    assert!(matches!(error, OutputError::NoPanels { .. }));
}
