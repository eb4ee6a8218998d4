//! What the command says: results on standard output, notes and warnings on standard error, either of which may be closed.

use std::fmt;
use std::io::{self, StdoutLock, Write};

/// How many notes are printed.
pub const SHOWN: usize = 12;
/// How many rows are told one by one why they did not converge.
pub const REASONS: usize = 6;

/// How many lines of a file a message lists.
const LINES_LISTED: usize = 5;

/// Prints text to standard output; a closed pipe is an error that `main` passes over, not a panic.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = standard_output();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Standard output, whose errors say that it is what could not be written.
pub fn standard_output() -> impl Write {
    struct Named(StdoutLock<'static>);
    fn named<T>(done: io::Result<T>) -> io::Result<T> {
        done.map_err(|e| io::Error::new(e.kind(), format!("writing to standard output failed ({e})")))
    }
    impl Write for Named {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            named(self.0.write(bytes))
        }
        fn flush(&mut self) -> io::Result<()> {
            named(self.0.flush())
        }
    }
    Named(io::stdout().lock())
}

/// A line on standard error; one that nobody reads is no reason to stop.
pub fn to_standard_error(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

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

    #[test]
    fn many_lines_are_counted_and_not_listed() {
        assert_eq!(lines_in_words(&[7]), "line 7");
        assert_eq!(lines_in_words(&[7, 9]), "lines 7, 9");
        assert_eq!(lines_in_words(&[1, 2, 3, 4, 5, 6]), "lines 1, 2, 3, 4, 5, … (6 in all)");
    }
}
