//! The command line: one file per command, and what they share.

mod arguments;
mod cells;
mod check;
mod critical;
mod destination;
mod figure;
mod generate;
mod limit;
mod list;
mod notes;
mod points;
mod reproduce;
mod schedule;
mod show;
mod simulate;
mod simulation;
mod solve;
mod steps;
mod tally;
mod uturn;

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

#[derive(Debug, Subcommand)]
enum Command {
    /// List the built-in systems of equations.
    List(list::List),
    /// Show a system: equations, parameters, source, what differs from the printed version.
    Show(show::Show),
    /// Solve a system along its control parameter; leaves a CSV, a JSON side file and a figure.
    Solve(solve::Solve),
    /// Solve along the limit parameter and compare with the system that describes the limit.
    Limit(limit::Limit),
    /// Find the control values at which the global branch changes.
    Critical(critical::Critical),
    /// Learn denoisers at finite dimension d and measure their overlaps.
    Simulate(simulate::Simulate),
    /// Check a system against simulation at finite d, or against your own measurements.
    Check(check::Check),
    /// Generate samples with the probability-flow ODE and compare their law with theory.
    Generate(Box<generate::Generate>),
    /// Measure how many steps sampling takes as the dimension grows.
    Steps(Box<steps::Steps>),
    /// Noise samples of a known class back to a time, generate again, and count the classes that come out.
    Uturn(Box<uturn::Uturn>),
    /// Find when features are decided, and make a density over training times.
    Schedule(schedule::Schedule),
    /// Make a result of this project again.
    Reproduce(reproduce::Reproduce),
}

/// Prints text to standard output; a closed pipe is an error that `main` passes over, not a panic.
fn print(text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

impl Cli {
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
            Command::Reproduce(c) => c.run()?,
        };
        Ok(ExitCode::from(code))
    }
}
