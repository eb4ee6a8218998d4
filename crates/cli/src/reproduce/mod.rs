//! `overlaps reproduce NAME`: results of this project that take more than one run.

mod figure_1;
mod files;
mod formulas;
mod generated_formulas;
mod printed_formulas;
mod result_3;
mod verdicts;

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::FINE;

/// Make a result of this project again.
#[derive(Debug, Args)]
pub struct Reproduce {
    /// Which.
    #[arg(value_enum)]
    what: What,
    /// Write it to this Markdown file, and every number behind it to a CSV beside it (and the figure, if there is one)
    /// [default: results/NAME.md].
    #[arg(long, value_name = "FILE.md", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Data sets per combination of parameters.
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u64).range(2..=10_000))]
    seeds: u64,
    /// Threads to use [default: all cores]; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// No table, notes or progress; files and errors only.
    #[arg(long)]
    quiet: bool,
}

/// What can be made again.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Every printed formula of arXiv:2412.07972 against simulation.
    PrintedFormulas,
    /// The fraction of samples in each mode with the dilated and the plain schedule (figure 1 of the paper).
    #[value(name = "figure-1")]
    Figure1,
    /// How learnt samples approach those of the exact flow as n grows (Result 3 and Corollary 5 of the paper).
    #[value(name = "result-3")]
    Result3,
}

impl Reproduce {
    /// Runs, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        super::arguments::start_threads(self.threads);
        match self.what {
            What::PrintedFormulas => self.printed_formulas()?,
            What::Figure1 => self.figure_1()?,
            What::Result3 => self.result_3()?,
        }
        Ok(FINE)
    }
}
