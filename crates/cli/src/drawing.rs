//! `--figure-size`, `--columns-wide`, `--font-size` and `--title`: how a figure is drawn.

use std::borrow::Cow;
use std::convert::Infallible;
use std::str::FromStr;

use anyhow::bail;
use clap::Args;

use overlaps::chart::Figure;
use overlaps_figures::{Sheet, Size};

/// Letters are no smaller and no larger than this, in points.
const FONT_SIZES: (f64, f64) = (1.0, 100.0);

/// How a figure is drawn, shared by the commands that have `--plot`.
#[derive(Debug, Clone, PartialEq, Default, Args)]
#[command(next_help_heading = "Figure")]
pub struct Drawing {
    /// Size of the figure in print, in cm or in: 8.6cm, 8.6x6cm, 3.4x2.5in; panels are arranged so that they fit, with a height
    /// that suits them if only the width is given [default: what suits a screen; of .pgf 8.6cm].
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    figure_size: Option<Size>,
    /// As wide as one or two columns of a journal set in two: 8.6 or 17.8 cm.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=2), conflicts_with = "figure_size")]
    columns_wide: Option<u8>,
    /// Size of text in points, of numbers at the ticks an eighth less [default: 8 where the size of the figure is given].
    #[arg(long, value_name = "PT", value_parser = font_size)]
    font_size: Option<f64>,
    /// Title of the figure; none leaves it out with the line of parameters, which then belong in the caption.
    #[arg(long, value_name = "TEXT")]
    title: Option<Title>,
}

/// What stands above the panels.
#[derive(Debug, Clone, PartialEq)]
enum Title {
    Nothing,
    Text(String),
}

impl FromStr for Title {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Title, Infallible> {
        Ok(if text == "none" { Title::Nothing } else { Title::Text(text.to_string()) })
    }
}

fn font_size(text: &str) -> Result<f64, String> {
    match text.trim().trim_end_matches("pt").trim_end().parse() {
        Ok(size) if (FONT_SIZES.0..=FONT_SIZES.1).contains(&size) => Ok(size),
        _ => Err(format!(
            "expected a number of points from {} to {}, for example 7",
            FONT_SIZES.0, FONT_SIZES.1
        )),
    }
}

impl Drawing {
    /// The sheet that is asked for.
    pub fn sheet(&self) -> Sheet {
        let size = self.figure_size.or(self.columns_wide.map(Size::of_columns));
        Sheet { size, font_size: self.font_size }
    }

    /// The figure with the title that is asked for.
    pub fn titled<'f>(&self, figure: &'f Figure) -> Cow<'f, Figure> {
        match &self.title {
            None => Cow::Borrowed(figure),
            Some(Title::Nothing) => {
                Cow::Owned(Figure { title: String::new(), subtitle: String::new(), ..figure.clone() })
            }
            Some(Title::Text(title)) => Cow::Owned(Figure { title: title.clone(), ..figure.clone() }),
        }
    }

    /// The words of the command line that say the same.
    pub fn words(&self) -> Vec<String> {
        let title = self.title.as_ref().map(|title| match title {
            Title::Nothing => "none",
            Title::Text(text) => text,
        });
        [
            self.figure_size.map(|size| format!("--figure-size={size}")),
            self.columns_wide.map(|count| format!("--columns-wide={count}")),
            self.font_size.map(|size| format!("--font-size={size}")),
            title.map(|title| format!("--title={title}")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Refuses to be asked for where nothing is drawn.
    ///
    /// # Errors
    /// The first option that is given.
    pub fn needs_a_figure(&self) -> anyhow::Result<()> {
        match self.words().first() {
            Some(word) => {
                bail!("{word} is of a figure, and none is drawn; name its file with --plot FILE.svg")
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::defaults;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        drawing: Drawing,
    }

    fn read(words: &[&str]) -> Result<Drawing, String> {
        let read = Alone::try_parse_from(std::iter::once("overlaps").chain(words.iter().copied()));
        read.map(|alone| alone.drawing).map_err(|error| error.to_string())
    }

    #[test]
    fn words_say_what_was_read() {
        assert_eq!(defaults::<Drawing>(), Drawing::default());
        let all = [
            &["--figure-size=8.6x6cm", "--font-size=7.5", "--title=ω & more"][..],
            &["--columns-wide=2", "--title=none"],
            &[],
        ];
        for words in all {
            assert_eq!(read(words).unwrap().words(), words);
        }
        assert_eq!(read(&["--font-size", "7pt"]).unwrap().words(), ["--font-size=7"]);
    }

    #[test]
    fn a_title_is_kept_replaced_or_left_out_with_the_parameters() {
        let figure = Figure { title: "a".into(), subtitle: "n = 8".into(), ..Figure::default() };
        let drawn = |words: &[&str]| {
            let figure = read(words).unwrap().titled(&figure).into_owned();
            (figure.title, figure.subtitle)
        };
        assert_eq!(drawn(&[]), ("a".into(), "n = 8".into()));
        assert_eq!(drawn(&["--title", "b"]), ("b".into(), "n = 8".into()));
        assert_eq!(drawn(&["--title", "none"]), (String::new(), String::new()));
    }

    #[test]
    fn what_is_no_size_is_refused_with_what_would_be() {
        for (words, part) in [
            (&["--figure-size", "8.6"][..], "8.6x6cm"),
            (&["--columns-wide", "3"], "1..=2"),
            (&["--columns-wide", "1", "--figure-size", "3in"], "cannot be used with"),
            (&["--font-size", "0"], "from 1 to 100"),
            (&["--font-size", "nan"], "from 1 to 100"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
