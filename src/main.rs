//! The `overlaps` command: parse the command line, call the library, print, exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match overlaps::cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // A reader that closed the pipe (`overlaps … | head`) is not an error of ours.
            let broken_pipe = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
            if error.chain().filter_map(|e| e.downcast_ref()).any(broken_pipe) {
                return ExitCode::SUCCESS;
            }
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}
