//! The text of a file that a user wrote, and places in it: an error about it points at `file:line:column` and shows the
//! line.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The text of one file and the name under which it was asked for.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path of the file, or `equations/SUBJECT/NAME.toml` for a built-in system.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A place in a file, with the line that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// File name.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The text of the line.
    pub text: String,
    /// How many characters of the line are meant.
    pub width: usize,
}

impl Source {
    /// The place of a range of bytes.
    pub fn place(&self, range: Range<usize>) -> Place {
        let start = floor_boundary(&self.text, range.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        let end = floor_boundary(&self.text, range.end.clamp(start, line_end));
        Place {
            file: self.name.clone(),
            line: self.text[..start].matches('\n').count() + 1,
            column: self.text[line_start..start].chars().count() + 1,
            text: self.text[line_start..line_end].trim_end_matches('\r').to_string(),
            width: self.text[start..end].chars().count().max(1),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // A very long line (a file of random bytes) is shown only around the place.
        let from = if self.column > 80 { self.column - 60 } else { 1 };
        let shown: String = self
            .text
            .chars()
            .skip(from - 1)
            .take(120)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {shown}")?;
        let carets = self.width.min(120usize.saturating_sub(self.column - from)).max(1);
        write!(f, "{margin} | {}{}", " ".repeat(self.column - from), "^".repeat(carets))
    }
}

/// A string of a file (an expression), which knows where it stands.
#[derive(Debug, Clone)]
pub struct Text {
    /// The decoded string.
    pub value: String,
    /// Where the TOML value stands in the file, quotes included.
    pub span: Range<usize>,
    source: Arc<Source>,
}

impl Text {
    /// A string at a place of a file.
    pub fn new(value: String, span: Range<usize>, source: Arc<Source>) -> Text {
        Text { value, span, source }
    }

    /// The place of a range of bytes of the decoded string.
    pub fn place(&self, range: Range<usize>) -> Place {
        let start = self.in_file(range.start);
        let end = self.in_file(range.end).max(start);
        self.source.place(start..end)
    }

    /// Offset in the file of an offset in the decoded string: quotes are skipped, escapes walked.
    fn in_file(&self, offset: usize) -> usize {
        let span = self.span.start.min(self.source.text.len())..self.span.end.min(self.source.text.len());
        let raw = &self.source.text[span];
        let (skip, escapes) = if raw.starts_with("\"\"\"") || raw.starts_with("'''") {
            let newline =
                if raw[3..].starts_with("\r\n") { 2 } else { usize::from(raw[3..].starts_with('\n')) };
            (3 + newline, raw.starts_with('"'))
        } else if raw.starts_with(['"', '\'']) {
            (1, raw.starts_with('"'))
        } else {
            (0, false)
        };
        let mut at = skip;
        if !escapes || !raw.contains('\\') {
            at += offset;
        } else {
            let mut decoded = 0;
            while decoded < offset && at < raw.len() {
                let rest = &raw[at..];
                let step = match rest.as_bytes() {
                    [b'\\', b'x', ..] => 4,
                    [b'\\', b'u', ..] => 6,
                    [b'\\', b'U', ..] => 10,
                    [b'\\', ..] => 2,
                    _ => rest.chars().next().map_or(1, char::len_utf8),
                };
                decoded += if rest.starts_with('\\') { 1 } else { step };
                at += step;
            }
        }
        floor_boundary(&self.source.text, (self.span.start + at).min(self.span.end))
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The most characters of a text that a message repeats.
const REPEATED: usize = 200;

/// A text of the user as a message repeats it: the start, where it is very long.
pub(crate) fn short(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(REPEATED) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// The most names that a message lists.
const LISTED: usize = 100;

/// Names joined; the first of them only, where there are very many.
pub(crate) fn listed<N: Borrow<str>>(names: &[N], separator: &str) -> String {
    match names.len().checked_sub(LISTED) {
        None | Some(0) if names.is_empty() => "none".into(),
        None | Some(0) => names.join(separator),
        Some(more) => format!("{} and {more} more", names[..LISTED].join(separator)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { name: "x.toml".into(), text: text.into() })
    }

    #[test]
    fn a_place_counts_characters_and_not_bytes() {
        let s = source("a = 1\nω = \"ω + β\"\n");
        let span = s.text.find('"').unwrap()..s.text.rfind('"').unwrap() + 1;
        let text = Text::new("ω + β".into(), span, s);
        let place = text.place(5..7);
        assert_eq!((place.line, place.column, place.width), (2, 10, 1));
        assert!(place.to_string().contains("x.toml:2:10"));
    }

    #[test]
    fn escapes_and_multi_line_strings_are_walked() {
        let s = source("a = \"\"\"\nx +\ny\"\"\"\nb = \"x\\t+ y\"\n");
        let first = Text::new("x +\ny".into(), 4..16, s.clone());
        assert_eq!((first.place(4..5).line, first.place(4..5).column), (3, 1));
        let start = s.text.rfind("\"x").unwrap();
        let second = Text::new("x\t+ y".into(), start..start + 9, s);
        assert_eq!(second.place(4..5).column, 11);
    }
}
