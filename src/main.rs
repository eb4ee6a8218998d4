//! The `overlaps` command: parse the command line, call the library, print, exit code.

use std::error::Error;
use std::io::ErrorKind::BrokenPipe;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match overlaps::cli::Cli::parse().run() {
        Ok(code) => code,
        // A reader that closed the pipe (`overlaps … | head`) is not an error of ours.
        Err(error) if error.chain().any(is_broken_pipe) => ExitCode::SUCCESS,
        Err(error) => {
            overlaps::cli::to_standard_error(format_args!("error: {error:#}"));
            ExitCode::from(1)
        }
    }
}

/// Whether an error is that of a closed pipe, also where a writer has wrapped it.
fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    if let Some(io) = error.downcast_ref::<std::io::Error>() {
        return io.kind() == BrokenPipe || io.get_ref().is_some_and(|inner| is_broken_pipe(inner));
    }
    if let Some(overlaps::output::OutputError::Write { reason, .. }) = error.downcast_ref() {
        return is_broken_pipe(reason);
    }
    match error.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(io)) => io.kind() == BrokenPipe,
        _ => false,
    }
}
