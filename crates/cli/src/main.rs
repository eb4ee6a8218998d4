//! The command `overlaps`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(overlaps_cli::main(std::env::args_os().collect(), None))
}
