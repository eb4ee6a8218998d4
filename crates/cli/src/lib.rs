//! The `overlaps` command: parse the command line, call the library, print, exit code. One file per command, and what they share.
//!
//! [`main`] is the command itself; what other doors to the library ask for in the same words is in [`embedded`].

/// Here it never panics: the reader of standard error may have gone.
macro_rules! eprintln {
    ($($line:tt)*) => { $crate::say::to_standard_error(format_args!($($line)*)) };
}

mod arguments;
mod atlas;
mod cells;
mod check;
mod completions;
mod critical;
mod destination;
mod drawing;
pub mod embedded;
mod explore;
mod generate;
mod help;
#[cfg(feature = "images")]
mod images;
mod jobs;
mod limit;
mod list;
mod man;
mod modes;
mod paper;
mod report;
mod say;
mod schedule;
mod show;
mod simulate;
mod simulation;
mod solve;
mod steps;
mod sweep;
mod terminal;
mod uturn;

use std::error::Error;
use std::ffi::OsString;
use std::io::ErrorKind::BrokenPipe;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::bail;
use clap::{ArgMatches, FromArgMatches, Parser, Subcommand};

use say::{print, standard_output};

/// Everything is fine.
const FINE: u8 = 0;
/// Some rows did not converge.
const NOT_CONVERGED: u8 = 3;
/// Theory and simulation disagree.
const DISAGREES: u8 = 4;

/// Solves the self-consistent equations of high-dimensional learning theory and certifies every number.
#[derive(Debug, Parser)]
#[command(name = "overlaps", version, max_term_width = 100)]
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
    Explore(explore::Explore),
    Limit(limit::Limit),
    Critical(critical::Critical),
    Simulate(simulate::Simulate),
    Check(check::Check),
    Generate(Box<generate::Generate>),
    Steps(Box<steps::Steps>),
    Modes(modes::Modes),
    Uturn(Box<uturn::Uturn>),
    Schedule(schedule::Schedule),
    #[cfg(feature = "images")]
    Images(images::Images),
    Sweep(sweep::Sweep),
    Merge(sweep::Merge),
    Paper(paper::Paper),
    Reproduce(paper::Reproduce),
    Report(report::Report),
    Atlas(atlas::Atlas),
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
    pub fn run(self) -> anyhow::Result<u8> {
        Ok(match self.command {
            Command::List(c) => c.run()?,
            Command::Show(c) => c.run()?,
            Command::Solve(c) => c.run()?,
            Command::Explore(c) => c.run()?,
            Command::Limit(c) => c.run()?,
            Command::Critical(c) => c.run()?,
            Command::Simulate(c) => c.run()?,
            Command::Check(c) => c.run()?,
            Command::Generate(c) => c.run()?,
            Command::Steps(c) => c.run()?,
            Command::Modes(c) => c.run()?,
            Command::Uturn(c) => c.run()?,
            Command::Schedule(c) => c.run()?,
            #[cfg(feature = "images")]
            Command::Images(c) => c.run()?,
            Command::Sweep(c) => c.run()?,
            Command::Merge(c) => c.run()?,
            Command::Paper(c) => c.run()?,
            Command::Reproduce(c) => c.run()?,
            Command::Report(c) => c.run()?,
            Command::Atlas(c) => c.run()?,
            Command::Completions(c) => c.run()?,
            Command::Man(c) => c.run()?,
        })
    }
}

/// How this process was started.
struct Started {
    arguments: Vec<OsString>,
    program: Option<PathBuf>,
}

static STARTED: OnceLock<Started> = OnceLock::new();

/// The arguments of the command, without its own name.
fn arguments() -> Vec<String> {
    let given = STARTED.get().map(|started| started.arguments.clone()).unwrap_or_default();
    given.into_iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The file that starts this command again.
fn program() -> std::io::Result<PathBuf> {
    match STARTED.get().and_then(|started| started.program.clone()) {
        Some(program) => Ok(program),
        None => std::env::current_exe(),
    }
}

/// Runs the command of these arguments, the first of which is its name, and gives its exit code. `program` is the file that starts it
/// again where that is not the running one.
pub fn main(arguments: Vec<OsString>, program: Option<PathBuf>) -> u8 {
    let started = STARTED.get_or_init(|| Started { arguments, program });
    let matches = help::command().try_get_matches_from(&started.arguments);
    let parsed = matches.and_then(|mut matches| {
        let threads = threads_of(&matches);
        Cli::from_arg_matches_mut(&mut matches).map(|cli| (cli, threads))
    });
    let (cli, threads) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let words = started.arguments.iter().map(|word| word.to_string_lossy().into_owned());
            let error = help::with_tip(error, &words.collect::<Vec<_>>());
            // Help goes to standard output, which may be closed.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    match start_threads(threads).and_then(|()| cli.run()) {
        Ok(code) => code,
        // A reader that closed the pipe (`overlaps … | head`) is not an error of ours.
        Err(error) if error.chain().any(is_broken_pipe) => FINE,
        Err(error) => {
            say::to_standard_error(format_args!("error: {error:#}"));
            1
        }
    }
}

/// What was given as `--threads`, of whatever command.
fn threads_of(matches: &ArgMatches) -> Option<u16> {
    match matches.subcommand() {
        Some((_, inner)) => threads_of(inner),
        None => matches.try_get_one("threads").ok().flatten().copied(),
    }
}

/// Sets the number of threads, if one is given; before anything is computed, since what comes first starts as many as there are cores.
fn start_threads(threads: Option<u16>) -> anyhow::Result<()> {
    let Some(threads) = threads.map(usize::from) else { return Ok(()) };
    let started = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    match rayon::current_num_threads() {
        running if started.is_ok() || running == threads => Ok(()),
        running => bail!("--threads {threads}: this process computes on {running} threads already"),
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
