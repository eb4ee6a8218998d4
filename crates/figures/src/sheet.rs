//! The size of a figure in print: that of the sheet, and that of its letters.

use std::fmt::{self, Display};
use std::str::FromStr;

use overlaps::chart::Figure;
use overlaps::output::OutputError;

use super::fit::{NoRoom, Room};
use super::layout::{Layout, TEXT_SIZE};

/// Points in a centimetre, in an inch, and in a pixel of a browser.
const CENTIMETRE: f64 = 72.0 / 2.54;
const INCH: f64 = 72.0;
const PIXEL: f64 = 0.75;
/// The size of text in a figure of a given size, in points: the numbers at the ticks are 7.
pub const FONT_SIZE: f64 = 8.0;
/// The widths of one and two columns of a journal that is set in two, in centimetres.
pub const COLUMNS: [f64; 2] = [8.6, 17.8];
/// The longest side of a sheet, in points: two metres.
const LONGEST: f64 = 200.0 * CENTIMETRE;

/// The width of a sheet, and its height if it is given, in points (72 in an inch).
///
/// ```
/// use overlaps_figures::Size;
/// let size: Size = "3.4x2.5in".parse()?;
/// assert_eq!((size.width, size.height), (3.4 * 72.0, Some(180.0)));
/// assert_eq!("8.6cm".parse::<Size>()?.to_string(), "8.6cm");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// The width.
    pub width: f64,
    /// The height; what suits the figure at this width, if none.
    pub height: Option<f64>,
    unit: Unit,
}

/// What lengths are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Centimetre,
    Inch,
}

impl Unit {
    /// Both, with their names and points.
    const ALL: [(Unit, &str, f64); 2] = [(Unit::Centimetre, "cm", CENTIMETRE), (Unit::Inch, "in", INCH)];

    fn known(self) -> (Unit, &'static str, f64) {
        Unit::ALL[usize::from(self == Unit::Inch)]
    }
}

impl Size {
    /// That of one or two columns of a journal.
    pub fn of_columns(count: u8) -> Size {
        let width = COLUMNS[usize::from(count > 1)] * CENTIMETRE;
        Size { width, height: None, unit: Unit::Centimetre }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let expected = || {
            "expected a width, or WIDTHxHEIGHT, in cm or in, up to 200 cm; for example 8.6cm, 8.6x6cm or 3.4x2.5in"
                .to_string()
        };
        let known = Unit::ALL.into_iter().find_map(|(unit, name, points)| {
            text.trim().strip_suffix(name).map(|numbers| (unit, name, points, numbers))
        });
        let (unit, name, points, numbers) = known.ok_or_else(expected)?;
        let length = |part: &str| -> Result<f64, String> {
            let part = part.trim();
            // 8.6cmx6cm says it twice.
            let number: f64 =
                part.strip_suffix(name).unwrap_or(part).trim().parse().map_err(|_| expected())?;
            let length = number * points;
            if length > 0.0 && length <= LONGEST * (1.0 + 1e-12) { Ok(length) } else { Err(expected()) }
        };
        let (width, height) = match numbers.split_once(['x', '×']) {
            Some((width, height)) => (length(width)?, Some(length(height)?)),
            None => (length(numbers)?, None),
        };
        Ok(Size { width, height, unit })
    }
}

impl Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name, points) = self.unit.known();
        // As it was written: nobody gives more digits than these.
        let number = |length: f64| format!("{}", (length / points * 1e6).round() / 1e6);
        match self.height {
            Some(height) => write!(f, "{}x{}{name}", number(self.width), number(height)),
            None => write!(f, "{}{name}", number(self.width)),
        }
    }
}

/// What a figure is drawn on. Where nothing is said, the sheet and the letters are as large as suits the figure on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sheet {
    /// The size of the sheet; that on the screen, if only that of the letters is given.
    pub size: Option<Size>,
    /// The size of text in points; symbols at axes are an eighth larger, numbers at ticks an eighth smaller.
    pub font_size: Option<f64>,
}

impl Sheet {
    /// A sheet of this size.
    pub fn of(size: Size) -> Sheet {
        Sheet { size: Some(size), font_size: None }
    }

    /// Whether anything is said of it.
    pub fn is_given(&self) -> bool {
        *self != Sheet::default()
    }

    /// Measures out a figure, with the points of a pixel; those of a browser, where nothing is said.
    ///
    /// # Errors
    /// Less room than it needs.
    pub(crate) fn layout(&self, figure: &Figure) -> Result<(Layout, f64), OutputError> {
        let suiting = || Layout::of(figure, Room::default());
        let (layout, points) = match (self.size, self.font_size) {
            (None, None) => (suiting(), PIXEL),
            (size, font_size) => {
                let points = font_size.unwrap_or(FONT_SIZE) / TEXT_SIZE;
                let width = match size {
                    Some(size) => Ok(size.width),
                    None => suiting().map(|layout| layout.width * PIXEL),
                };
                let height = size.and_then(|size| size.height);
                let room =
                    |width: f64| Room { width: Some(width / points), height: height.map(|h| h / points) };
                (width.and_then(|width| Layout::of(figure, room(width))), points)
            }
        };
        let least = |pixels: f64| {
            let (_, unit, own) = self.size.map_or(Unit::Centimetre, |size| size.unit).known();
            format!("{:.1} {unit}", (pixels * points / own * 10.0).ceil() / 10.0)
        };
        let letters = self.font_size.unwrap_or(FONT_SIZE);
        let needs = |needed: String| OutputError::NoRoom {
            title: figure.title.clone(),
            reason: format!(
                "with text of {letters} pt and {} panels it has to be {needed}",
                figure.panels.len()
            ),
        };
        let layout = layout.map_err(|error| match error {
            NoRoom::Width(pixels) => needs(format!("{} wide", least(pixels))),
            NoRoom::Height(pixels) => needs(format!("{} high", least(pixels))),
        })?;
        Ok((layout, points))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_centimetres_and_inches_and_written_as_they_were() {
        for (text, width, height) in [
            ("8.6cm", 8.6 * CENTIMETRE, None),
            ("8.6x6cm", 8.6 * CENTIMETRE, Some(6.0 * CENTIMETRE)),
            ("3.4x2.5in", 3.4 * 72.0, Some(180.0)),
            ("200cm", LONGEST, None),
        ] {
            let size: Size = text.parse().unwrap();
            assert!((size.width - width).abs() < 1e-9 && size.height.is_some() == height.is_some(), "{text}");
            assert!((size.height.unwrap_or(0.0) - height.unwrap_or(0.0)).abs() < 1e-9, "{text}");
            assert_eq!(size.to_string(), text);
        }
        assert_eq!("8.6cmx6cm".parse::<Size>(), "8.6 × 6 cm".parse());
    }

    #[test]
    fn what_is_no_size_is_refused_with_what_would_be() {
        for text in ["", "8.6", "cm", "0cm", "-1cm", "nancm", "infcm", "201cm", "8.6xcm", "1x2x3cm", "8.6mm"]
        {
            assert!(text.parse::<Size>().unwrap_err().contains("8.6x6cm"), "{text}");
        }
    }
}
