//! What the command says: results on standard output, notes and warnings on standard error, either of which may be closed.

use std::fmt;
use std::io::{self, StdoutLock, Write};

/// How many notes are printed.
pub const SHOWN: usize = 12;

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
