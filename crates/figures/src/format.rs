//! A figure as a file: SVG, PDF, PNG or PGF, told by the extension. The letters of PDF and PNG are outlines of the font that comes
//! with the program, so that LaTeX, a browser and a printer show the same on any machine.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use overlaps::output::OutputError;
use resvg::tiny_skia::{IntSize, Pixmap, Transform};
use svg2pdf::usvg::{Options, Tree, fontdb::Database};
use ttf_parser::Face;

use super::{Figure, Sheet, draw_on, pgf};

/// Pixels of a PNG for each of the SVG: 288 in an inch, and 600 where the size in print is given.
const PIXELS: (f32, f32) = (3.0, 6.25);
/// Pixels of an SVG in an inch, as a browser and a page of a given size count them; a page without has a point for each.
const IN_AN_INCH: (f32, f32) = (96.0, 72.0);

/// DejaVu Sans, regular and bold, cut to Latin and Greek letters and mathematical signs.
const FONTS: [&[u8]; 2] =
    [include_bytes!("../fonts/DejaVuSans.ttf"), include_bytes!("../fonts/DejaVuSans-Bold.ttf")];

/// They alone, so that figures are the same on every machine.
static OWN: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    FONTS.iter().for_each(|font| fonts.load_font_data(font.to_vec()));
    Arc::new(fonts)
});

/// The fonts for a text: those of the system too where it has letters that ours lack, as a title in Chinese.
fn fonts_for(text: &str) -> Arc<Database> {
    if missing(text).is_empty() {
        return OWN.clone();
    }
    let mut fonts = OWN.as_ref().clone();
    fonts.load_system_fonts();
    Arc::new(fonts)
}

/// The letters that one of our fonts lacks.
fn missing(text: &str) -> Vec<char> {
    let faces = FONTS.map(|font| Face::parse(font, 0));
    let has =
        |letter| faces.iter().all(|face| face.as_ref().is_ok_and(|face| face.glyph_index(letter).is_some()));
    text.chars().filter(|letter| !letter.is_control() && !has(*letter)).collect()
}

/// A format of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines and text that a browser shows.
    Svg,
    /// The same on a page of its own size, for LaTeX.
    Pdf,
    /// Pixels on white.
    Png,
    /// A picture of pgfplots, for `\\input` in LaTeX, in the fonts of the document.
    Pgf,
}

impl Format {
    /// All of them, with the extension of each.
    pub const ALL: [(&str, Format); 4] =
        [("svg", Format::Svg), ("pdf", Format::Pdf), ("png", Format::Png), ("pgf", Format::Pgf)];

    /// That of a file with this name; none if its extension is another.
    pub fn of(path: &Path) -> Option<Format> {
        let extension = path.extension()?;
        Format::ALL.iter().find(|(name, _)| extension.eq_ignore_ascii_case(name)).map(|(_, format)| *format)
    }

    /// Draws a figure and gives the bytes of the file; the same figure gives the same bytes (on the same machine, where letters
    /// come from fonts of the system).
    ///
    /// # Errors
    /// A figure without panels, or one that cannot be drawn.
    ///
    /// ```
    /// use overlaps::chart::{Curve, Figure, Panel};
    /// use overlaps_figures::Format;
    /// let curve = Curve { label: "m".into(), segments: vec![vec![(0.0, 0.0), (1.0, 1.0)]], ..Curve::default() };
    /// let panel = Panel { y_label: "m".into(), curves: vec![curve], ..Panel::default() };
    /// let figure = Figure { x_label: "t".into(), panels: vec![panel], ..Figure::default() };
    /// assert!(Format::Pdf.draw(&figure)?.starts_with(b"%PDF"));
    /// # Ok::<(), overlaps::output::OutputError>(())
    /// ```
    pub fn draw(self, figure: &Figure) -> Result<Vec<u8>, OutputError> {
        self.draw_on(figure, &Sheet::default())
    }

    /// The same on a sheet of a given size, which the page of a PDF and the pixels of a PNG have in print.
    ///
    /// # Errors
    /// A figure without panels, one that cannot be drawn, a sheet that is too small.
    pub fn draw_on(self, figure: &Figure, sheet: &Sheet) -> Result<Vec<u8>, OutputError> {
        if self == Format::Pgf {
            return Ok(pgf::draw(figure, sheet)?.into_bytes());
        }
        let svg = draw_on(figure, sheet)?;
        let failed = |reason: String| OutputError::Drawing { title: figure.title.clone(), reason };
        if self == Format::Svg {
            return Ok(svg.into_bytes());
        }
        let options = Options { fontdb: fonts_for(&svg), ..Options::default() };
        let tree = Tree::from_str(&svg, &options).map_err(|error| failed(error.to_string()))?;
        match self {
            Format::Pdf => {
                // Embedded fonts would come in an order that differs from one run to the next.
                let outlined = svg2pdf::ConversionOptions { embed_text: false, ..Default::default() };
                let dpi = if sheet.is_given() { IN_AN_INCH.0 } else { IN_AN_INCH.1 };
                svg2pdf::to_pdf(&tree, outlined, svg2pdf::PageOptions { dpi })
                    .map_err(|error| failed(error.to_string()))
            }
            _ => pixels(&tree, sheet.is_given()).map_err(failed),
        }
    }
}

/// A PNG; where the size in print is given, it says so.
fn pixels(tree: &Tree, printed: bool) -> Result<Vec<u8>, String> {
    let scale = if printed { PIXELS.1 } else { PIXELS.0 };
    let size = match printed {
        true => IntSize::from_wh(
            (tree.size().width() * scale).round() as u32,
            (tree.size().height() * scale).round() as u32,
        ),
        false => tree.size().to_int_size().scale_by(scale),
    };
    let size = size.ok_or("it has no size")?;
    let mut pixmap = Pixmap::new(size.width(), size.height()).ok_or("it has no size")?;
    pixmap.fill(resvg::tiny_skia::Color::WHITE);
    resvg::render(tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    let mut png = pixmap.encode_png().map_err(|error| error.to_string())?;
    if printed {
        png.splice(HEAD..HEAD, density(scale * IN_AN_INCH.0));
    }
    Ok(png)
}

/// Where the first chunk of a PNG, its head, ends.
const HEAD: usize = 33;

/// The chunk that says how many pixels there are in an inch (PNG specification, 11.3.5.3: in a metre).
fn density(in_an_inch: f32) -> Vec<u8> {
    let in_a_metre = (f64::from(in_an_inch) / 0.0254).round() as u32;
    let mut content = b"pHYs".to_vec();
    content.extend([in_a_metre.to_be_bytes(), in_a_metre.to_be_bytes()].concat());
    content.push(1);
    let sum = checksum(&content);
    [&9_u32.to_be_bytes(), &content[..], &sum.to_be_bytes()].concat()
}

/// The checksum of a chunk: CRC-32.
fn checksum(content: &[u8]) -> u32 {
    let bit = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
    !content.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| bit(sum)))
}

#[cfg(test)]
mod tests {
    use overlaps::name::symbol_of;

    use super::*;
    use crate::Size;
    use overlaps::chart::{Curve, Panel};

    fn figure(title: &str) -> Figure {
        let curve =
            Curve { label: "m".into(), segments: vec![vec![(0.0, 0.0), (1.0, 1.0)]], ..Curve::default() };
        let panel = Panel { y_label: "q_η₊".into(), curves: vec![curve], ..Panel::default() };
        Figure { title: title.into(), x_label: "t".into(), panels: vec![panel], ..Figure::default() }
    }

    #[test]
    fn the_same_figure_gives_the_same_bytes_in_every_format() {
        for (name, format) in Format::ALL {
            let figure = figure("Overlaps ω, b, c, p̄ against √d τ → ∞");
            assert!(format.draw(&figure).unwrap() == format.draw(&figure).unwrap(), "{name}");
            assert_eq!(
                Format::of(Path::new("a").with_extension(name.to_uppercase()).as_path()),
                Some(format)
            );
        }
        assert_eq!(Format::of(Path::new("a.gif")), None);
    }

    #[test]
    fn a_png_has_three_pixels_for_each_of_the_svg_and_is_white_where_nothing_is_drawn() {
        let figure = figure("");
        let svg = String::from_utf8(Format::Svg.draw(&figure).unwrap()).unwrap();
        let side = |name: &str| -> u32 {
            let rest = &svg[svg.find(&format!(" {name}=\"")).unwrap() + name.len() + 3..];
            rest[..rest.find('"').unwrap()].parse().unwrap()
        };
        let image = Pixmap::decode_png(&Format::Png.draw(&figure).unwrap()).unwrap();
        assert_eq!((image.width(), image.height()), (3 * side("width"), 3 * side("height")));
        assert_eq!(
            image.pixel(0, 0).unwrap().demultiply(),
            resvg::tiny_skia::ColorU8::from_rgba(255, 255, 255, 255)
        );
        assert!(image.pixels().iter().any(|pixel| pixel.red() < 50), "nothing is drawn");
    }

    #[test]
    fn a_pdf_is_one_page_that_needs_no_font() {
        let pdf = Format::Pdf.draw(&figure("Overlaps")).unwrap();
        let has = |text: &str| pdf.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(has("/Count 1") && !has("/FontFile"));
    }

    #[test]
    fn a_figure_has_its_size_in_print_in_every_format() {
        let sheet = Sheet::of("8.6x6cm".parse().unwrap());
        let [svg, pdf, png, pgf] =
            Format::ALL.map(|(_, format)| format.draw_on(&figure("A title"), &sheet).unwrap());
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.starts_with("<svg width=\"243.780pt\" height=\"170.079pt\""), "{}", &svg[..80]);
        // The page, in points.
        let pdf = String::from_utf8_lossy(&pdf);
        let (_, page) = pdf.split_once("/MediaBox [").unwrap();
        let page: Vec<f64> =
            page.split(']').next().unwrap().split_whitespace().map(|n| n.parse().unwrap()).collect();
        assert!((page[2] - 243.78).abs() < 0.01 && (page[3] - 170.08).abs() < 0.01, "{page:?}");
        let pgf = String::from_utf8(pgf).unwrap();
        // 8.6 cm in units of the sheet.
        assert!(pgf.contains("[x=0.064000bp,") && pgf.contains("rectangle (3809,2657)"), "{}", &pgf[..600]);
        // 600 pixels in an inch, and 23 622 in a metre.
        let image = Pixmap::decode_png(&png).unwrap();
        assert!(
            image.width().abs_diff(2031) <= 1 && image.height() == 1417,
            "{} {}",
            image.width(),
            image.height()
        );
        assert_eq!(png[HEAD + 4..HEAD + 17], *b"pHYs\x00\x00\x5c\x46\x00\x00\x5c\x46\x01");
    }

    #[test]
    fn the_checksum_is_that_of_png() {
        // The check value of CRC-32, and the last chunk of every PNG.
        assert_eq!((checksum(b"123456789"), checksum(b"IEND")), (0xCBF4_3926, 0xAE42_6082));
    }

    #[test]
    fn letters_have_the_size_that_is_asked_for_and_seven_points_at_least_without() {
        let smallest = |sheet: Sheet| {
            let svg = draw_on(&figure("A title"), &sheet).unwrap();
            let number = |text: &str, from: &str| -> f64 {
                let rest = &text[text.find(from).unwrap() + from.len()..];
                rest[..rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap()].parse().unwrap()
            };
            let points = number(&svg, "width=\"") / number(&svg, "viewBox=\"0 0 ");
            // Those of indices stand inside.
            let texts = svg.match_indices("<text ").map(|(at, _)| &svg[at..]);
            let sizes = texts.map(|text| number(text, "font-size=\""));
            points * sizes.fold(f64::INFINITY, f64::min)
        };
        assert!(smallest(Sheet::of(Size::of_columns(1))) >= 7.0);
        let asked = Sheet { size: Some(Size::of_columns(2)), font_size: Some(10.0) };
        assert!((smallest(asked) - 8.8).abs() < 0.01);
        let on_the_screen = Sheet { size: None, font_size: Some(5.0) };
        assert!((smallest(on_the_screen) - 4.4).abs() < 0.01);
    }

    #[test]
    fn a_sheet_that_is_too_small_is_refused_with_what_is_enough() {
        let sheet = Sheet::of("8.6x1cm".parse().unwrap());
        let error = draw_on(&figure("A title"), &sheet).unwrap_err().to_string();
        assert!(
            error.contains("with text of 8 pt and 1 panels it has to be ") && error.contains(" cm high"),
            "{error}"
        );
    }

    #[test]
    fn letters_are_drawn_in_every_format() {
        // m and w are equally wide here, so that nothing but the letters differs.
        for (name, format) in Format::ALL {
            assert!(format.draw(&figure("mmm")).unwrap() != format.draw(&figure("www")).unwrap(), "{name}");
        }
    }

    #[test]
    fn the_font_has_every_symbol_that_names_are_set_in() {
        let greek = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi \
                     omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell q_hat p_bar";
        let signs = "∞ − ± × ≤ ≥ √ → ↔ ∂ ∫ Σ² ³ ½ ⁻¹ ₊ ₋ ₀ₙ … · – — “ ” ’ ° ≈ ∝ ∈ ē̄ ✓";
        let symbols: String = greek.split_whitespace().map(symbol_of).collect();
        assert_eq!(missing(&(symbols + signs)), []);
    }

    #[test]
    fn letters_that_the_font_lacks_are_no_error() {
        for (_, format) in Format::ALL {
            assert!(!format.draw(&figure("学習 の 理論")).unwrap().is_empty());
        }
    }
}
