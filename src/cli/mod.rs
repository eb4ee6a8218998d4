//! The command line: one file per command, and what they share.

mod arguments;
mod cells;
mod check;
mod completions;
mod critical;
mod destination;
mod figure;
mod generate;
mod limit;
mod list;
mod man;
mod map;
mod notes;
mod points;
mod report;
mod reproduce;
mod schedule;
mod show;
mod simulate;
mod simulation;
mod solve;
mod steps;
mod sweep;
mod tally;
mod uturn;

use std::io::{self, StdoutLock, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Everything is fine.
const FINE: u8 = 0;
/// Some rows did not converge.
const NOT_CONVERGED: u8 = 3;
/// Theory and simulation disagree.
const DISAGREES: u8 = 4;

/// Solves the self-consistent equations of high-dimensional learning theory and certifies every number.
#[derive(Debug, Parser)]
#[command(name = "overlaps", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 fine; 1 bad input or I/O; 2 usage; 3 some rows not converged; 4 theory and simulation disagree."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

// What a command is for is said where it is defined; a line here would hide the rest of that text from --help.
#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Solve(solve::Solve),
    Limit(limit::Limit),
    Critical(critical::Critical),
    Simulate(simulate::Simulate),
    Check(check::Check),
    Generate(Box<generate::Generate>),
    Steps(Box<steps::Steps>),
    Uturn(Box<uturn::Uturn>),
    Schedule(schedule::Schedule),
    Sweep(sweep::Sweep),
    Merge(sweep::Merge),
    Reproduce(reproduce::Reproduce),
    Report(report::Report),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Prints text to standard output; a closed pipe is an error that `main` passes over, not a panic.
fn print(text: &str) -> io::Result<()> {
    let mut out = standard_output();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Standard output, whose errors say that it is what could not be written.
fn standard_output() -> impl Write {
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

impl Cli {
    /// The command that was given.
    fn into_command(self) -> Command {
        self.command
    }

    /// Runs the command.
    ///
    /// # Errors
    /// Bad input or I/O, with a message that says what to change.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let code = match self.command {
            Command::List(c) => c.run()?,
            Command::Show(c) => c.run()?,
            Command::Solve(c) => c.run()?,
            Command::Limit(c) => c.run()?,
            Command::Critical(c) => c.run()?,
            Command::Simulate(c) => c.run()?,
            Command::Check(c) => c.run()?,
            Command::Generate(c) => c.run()?,
            Command::Steps(c) => c.run()?,
            Command::Uturn(c) => c.run()?,
            Command::Schedule(c) => c.run()?,
            Command::Sweep(c) => c.run()?,
            Command::Merge(c) => c.run()?,
            Command::Reproduce(c) => c.run()?,
            Command::Report(c) => c.run()?,
            Command::Completions(c) => c.run()?,
            Command::Man(c) => c.run()?,
        };
        Ok(ExitCode::from(code))
    }
}
