//! `overlaps paper NAME`: the statements of a paper, each beside what is computed to decide it; and `overlaps reproduce
//! NAME`, which makes one table of them.
//!
//! The statements are in `papers/`; the numbers of each table are computed in `overlaps-models`.

mod files;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use serde_json::json;

use super::FINE;
use super::arguments::named;
use super::cells::with_progress;
use super::destination::side;
use overlaps::model::Running;
use overlaps::name::did_you_mean;
use overlaps::output::write_completely;
use overlaps::paper::{PAPERS, Paper as Statements, PaperTable};
use overlaps_models::paper::{self as made, Maker};

/// Decide the statements of a paper: compute and write every table about it.
///
/// For each table a Markdown file with a verdict on each statement, the numbers behind it (.csv), the verdicts (.json) and
/// the figure (.svg) are written to the folder results.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps paper 2412.07972 --list\n  overlaps paper 2412.07972 --only figure-1"
)]
pub struct Paper {
    /// The arXiv number of the paper.
    #[arg(value_parser = PossibleValuesParser::new(PAPERS.iter().map(|(name, _)| *name)))]
    name: String,
    /// Only these tables, separated by commas.
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    only: Vec<String>,
    /// What the tables are, and what the paper states; nothing is computed.
    #[arg(long)]
    list: bool,
    /// Data sets per combination of parameters [default: 16].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(2..=10_000))]
    seeds: Option<u64>,
    /// Threads to use [default: all cores]; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// No table, notes or progress; files and errors only.
    #[arg(long)]
    quiet: bool,
}

/// Make one table about a paper again (see paper).
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps reproduce figure-1\n  overlaps reproduce printed-formulas --seeds 64 --output formulas.md"
)]
pub struct Reproduce {
    /// Which.
    #[arg(value_parser = named(&made::MAKERS, |maker| maker.name))]
    what: Maker,
    /// Write it to this Markdown file, and every number behind it to a CSV and the verdicts to a JSON beside it (and the
    /// figure, if there is one) [default: results/NAME.md].
    #[arg(long, value_name = "FILE.md", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Data sets per combination of parameters.
    #[arg(long, value_name = "COUNT", default_value_t = SEEDS, value_parser = clap::value_parser!(u64).range(2..=10_000))]
    seeds: u64,
    /// Threads to use [default: all cores]; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// No table, notes or progress; files and errors only.
    #[arg(long)]
    quiet: bool,
}

/// Data sets per combination of parameters.
const SEEDS: u64 = 16;

impl Reproduce {
    /// Runs, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let Maker { name, paper, make, has_figure } = self.what;
        let paper = Statements::load(paper)?;
        let (markdown, files) = files::files(name, self.output.as_ref(), has_figure)?;
        let show = |total: u64, run: &mut dyn FnMut(&Running)| with_progress(total, self.quiet, run);
        let made = make(&paper, self.seeds, &show).map_err(anyhow::Error::from_boxed)?;
        let seeds = [("seeds".to_string(), json!(self.seeds))].into();
        let claims = [("claims".to_string(), json!(made.claims))].into();
        let side = side(&paper.source, seeds, [], &made.numbers.columns, claims);
        // All is on disk before the first file appears.
        let text = write_completely(&markdown, |w| w.write_all(made.text.as_bytes()))?;
        let mut written = files.write(&made.numbers, &side, made.figure.as_ref())?;
        text.put_in_place()?;
        if !self.quiet {
            super::print(&made.text)?;
            written.insert(0, markdown.display().to_string());
            eprintln!("note: wrote {}", written.join(", "));
        }
        Ok(FINE)
    }
}

impl Paper {
    /// Computes and writes every table that is asked for.
    pub fn run(&self) -> anyhow::Result<u8> {
        let paper = Statements::load(&self.name)?;
        let tables = self.tables(&paper)?;
        if self.list {
            super::print(&list(&paper, &tables))?;
            return Ok(FINE);
        }
        if let Some((table, command)) = tables.iter().find_map(|t| Some((&t.name, t.command.as_ref()?)))
            && self.seeds.is_some()
        {
            bail!("{table} is made by `{command}`, which draws no data sets; leave out --seeds");
        }
        for table in tables {
            match &table.command {
                Some(command) => self.run_command(command)?,
                None => {
                    let what = made::maker(&table.name).context("a table is made by a command or here")?;
                    let (seeds, threads, quiet) = (self.seeds.unwrap_or(SEEDS), self.threads, self.quiet);
                    Reproduce { what, output: None, seeds, threads, quiet }.run()?;
                }
            }
        }
        Ok(FINE)
    }

    fn tables<'p>(&self, paper: &'p Statements) -> anyhow::Result<Vec<&'p PaperTable>> {
        let known = || paper.tables.iter().map(|table| table.name.as_str());
        if let Some(other) = self.only.iter().find(|name| !known().any(|known| known == *name)) {
            let (hint, tables) = (did_you_mean(other, known()), known().collect::<Vec<_>>().join(", "));
            bail!("--only {other}: there is no such table about {}{hint}; tables are {tables}", self.name);
        }
        let wanted = |table: &&PaperTable| self.only.is_empty() || self.only.contains(&table.name);
        Ok(paper.tables.iter().filter(wanted).collect())
    }

    /// Runs a command as it stands in the papers file, in a process of its own: its side file has the command line that
    /// makes the table again.
    fn run_command(&self, command: &str) -> anyhow::Result<()> {
        let words = shlex::split(command).context("the command of a table is no command line")?;
        let mut process = Command::new(crate::program()?);
        process.args(&words[1..]);
        if let Some(threads) = self.threads {
            process.env("RAYON_NUM_THREADS", threads.to_string());
        }
        if self.quiet {
            process.stdout(Stdio::null()).stderr(Stdio::piped());
        } else {
            eprintln!("note: {command}");
        }
        std::fs::create_dir_all("results").context("cannot make the folder results")?;
        let output = process.spawn()?.wait_with_output()?;
        if !output.status.success() {
            bail!("`{command}` failed\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
        }
        Ok(())
    }
}

/// The tables, and what the paper states.
fn list(paper: &Statements, tables: &[&PaperTable]) -> String {
    let mut text = format!("{}, {}\n", paper.source, paper.title);
    for table in tables {
        text += &format!("\n{}: {}\n", table.name, table.about);
        for statement in paper.statements(&table.name) {
            text += &format!("  {}: {}\n", statement.place(), statement.says());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_made() {
        for (name, _) in PAPERS {
            for table in Statements::load(name).unwrap().tables {
                match table.command {
                    Some(command) => {
                        assert!(shlex::split(&command).unwrap().starts_with(&["overlaps".into()]))
                    }
                    None => assert!(made::maker(&table.name).is_some(), "{}", table.name),
                }
            }
        }
    }
}
