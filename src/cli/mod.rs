//! The command line: one file per command, and what they share.

/// In this folder (and in `main`) it never panics: the reader of standard error may have gone.
macro_rules! eprintln {
    ($($line:tt)*) => { $crate::cli::to_standard_error(format_args!($($line)*)) };
}

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
mod points;
mod report;
mod reproduce;
mod say;
mod schedule;
mod show;
mod simulate;
mod simulation;
mod solve;
mod steps;
mod sweep;
mod tally;
mod uturn;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use say::to_standard_error;
use say::{print, standard_output};

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
