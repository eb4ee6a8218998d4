//! Files that a user names, read up to a limit: a device without an end (`/dev/zero`), a pipe that never closes or a
//! file of another kind is refused before it fills the memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use thiserror::Error;

/// The largest file that is read whole: equations, side files. Those of this project have a few kB.
pub const LARGEST_TEXT: u64 = 1 << 24;
/// The largest table that is read row by row.
const LARGEST_TABLE: usize = 1 << 29;
/// The longest line of such a table.
const LONGEST_LINE: usize = 1 << 22;

/// A file that cannot be read as text.
#[derive(Debug, Error)]
pub enum InputError {
    /// What the operating system said.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// It is no text, or text in another encoding.
    #[error("it is not UTF-8 text (byte {at})")]
    NotText {
        /// The first byte that is not, from 0.
        at: usize,
    },
    /// It is larger than anything that is meant, or has no end.
    #[error("it holds more than {} MB, and no more is read", .limit >> 20)]
    TooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// A line of a table without an end.
    #[error("its line {line} has more than {} MB; a table has a line for each row", LONGEST_LINE >> 20)]
    LongLine {
        /// The line, from 1.
        line: usize,
    },
    /// A byte 0, which no text has.
    #[error("its line {line} has a byte 0, so it is not a text file")]
    Zero {
        /// The line, from 1.
        line: usize,
    },
}

/// The text of a file of at most `limit` bytes.
///
/// # Errors
/// No such file, a larger one, one that is not text.
pub fn text_of_file(path: &Path, limit: u64) -> Result<String, InputError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(InputError::TooLarge { limit });
    }
    String::from_utf8(bytes).map_err(|e| InputError::NotText { at: e.utf8_error().valid_up_to() })
}

/// Passes the bytes of a table on while they can be text in lines.
pub struct TextLines<R> {
    source: R,
    line: usize,
    /// Bytes of this line so far.
    width: usize,
    total: usize,
}

impl<R: Read> TextLines<R> {
    /// From the start of the table.
    pub fn new(source: R) -> Self {
        TextLines { source, line: 1, width: 0, total: 0 }
    }

    fn check(&mut self, bytes: &[u8]) -> Result<(), InputError> {
        self.total += bytes.len();
        if self.total > LARGEST_TABLE {
            return Err(InputError::TooLarge { limit: LARGEST_TABLE as u64 });
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if part.contains(&0) {
                return Err(InputError::Zero { line: self.line });
            }
            self.width += part.len();
            if self.width > LONGEST_LINE {
                return Err(InputError::LongLine { line: self.line });
            }
            if part.ends_with(b"\n") {
                (self.line, self.width) = (self.line + 1, 0);
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for TextLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.check(&buffer[..count]).map_err(io::Error::other)?;
        Ok(count)
    }
}

/// How many lines of a file a message lists.
const LINES_LISTED: usize = 5;

/// Lines of a file in words: `line 3`; `lines 3, 4, 5, 9, 12, … (40 in all)`.
pub fn lines_in_words(lines: &[usize]) -> String {
    let listed: Vec<String> = lines.iter().take(LINES_LISTED).map(usize::to_string).collect();
    match lines.len() {
        1 => format!("line {}", listed[0]),
        n if n <= LINES_LISTED => format!("lines {}", listed.join(", ")),
        n => format!("lines {}, … ({n} in all)", listed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(source: impl Read) -> String {
        io::copy(&mut TextLines::new(source), &mut io::sink()).unwrap_err().to_string()
    }

    #[test]
    fn what_has_no_end_is_refused() {
        assert!(said(io::repeat(0)).contains("line 1 has a byte 0"));
        assert!(said(&b"t,d\n1,2\n\0"[..]).contains("line 3"));
        assert!(said(io::repeat(b'x')).contains("line 1 has more than 4 MB"));
        assert!(said(io::repeat(b'\n')).contains("more than 512 MB"));
    }

    #[test]
    fn a_text_passes_unchanged_in_pieces_of_any_size() {
        let text = "t,d\r\n1,2\n\nω".repeat(1000);
        let mut read = String::new();
        TextLines::new(iter_bytes(&text)).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
    }

    /// One byte at a time.
    fn iter_bytes(text: &str) -> impl Read {
        struct Bytes<'t>(&'t [u8]);
        impl Read for Bytes<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let count = 1.min(self.0.len()).min(buffer.len());
                buffer[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        Bytes(text.as_bytes())
    }

    #[test]
    fn many_lines_are_counted_and_not_listed() {
        assert_eq!(lines_in_words(&[7]), "line 7");
        assert_eq!(lines_in_words(&[7, 9]), "lines 7, 9");
        assert_eq!(lines_in_words(&[1, 2, 3, 4, 5, 6]), "lines 1, 2, 3, 4, 5, … (6 in all)");
    }
}
