//! What another door to the library asks for in the words of the command: the same experiments, the same errors, no printing.

use std::path::PathBuf;

use anyhow::{anyhow, bail};
use clap::Parser;
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::cells;
use crate::check::Check;
use crate::simulation::stopped;
use crate::sweep::study::said;
use crate::{Cli, Command};
use overlaps::chart::{ChartError, Figure, drawn_columns};
use overlaps::compare::{Answer, Measurements, report};
use overlaps::experiment::{self, Experiment};
use overlaps::model::{Description, Running};
use overlaps::output::{Column, Role, Table};

/// What words of a command line ask for.
fn command(words: &[String]) -> anyhow::Result<Command> {
    let words = std::iter::once("overlaps").chain(words.iter().map(String::as_str));
    Cli::try_parse_from(words).map(Cli::into_command).map_err(|error| anyhow!(said(&error)))
}

/// What `solve`, `critical`, `limit` or `simulate` would compute with these arguments. Nothing is kept on the disk.
///
/// # Errors
/// What the command refuses, in its words.
pub fn experiment(words: &[String]) -> anyhow::Result<Box<dyn Experiment>> {
    match command(words)? {
        Command::Solve(solve) => solve.work(),
        Command::Critical(critical) => critical.work(),
        Command::Limit(limit) => limit.work(),
        Command::Simulate(simulate) => Ok(Box::new(simulate.simulate(None)?)),
        _ => bail!("`{}` is not computed cell by cell", words.join(" ")),
    }
}

/// The figure of a check with all overlaps, of which some are shown.
pub struct Drawn {
    /// The overlaps, in the order of the panels: those of curves, then those of deviations.
    overlaps: Vec<String>,
    /// Those that are shown if none are asked for.
    usual: Vec<String>,
    figure: Figure,
}

impl Drawn {
    /// The figure of some overlaps.
    ///
    /// # Errors
    /// A name that none has.
    pub fn showing(&self, asked: &[String]) -> Result<Figure, ChartError> {
        let columns: Vec<Column> = self.overlaps.iter().map(|o| Column::new(o, "", Role::Output)).collect();
        let names = drawn_columns(asked, &self.usual, &columns)?;
        let places = names.iter().filter_map(|name| self.overlaps.iter().position(|o| o == name));
        let places: Vec<usize> = places.collect();
        let below = places.iter().map(|place| place + self.overlaps.len());
        let panels = places.iter().copied().chain(below).map(|place| self.figure.panels[place].clone());
        Ok(Figure { columns: places.len(), panels: panels.collect(), ..self.figure.clone() })
    }
}

/// A theory compared with measurements.
pub struct Checked {
    /// The comparisons.
    pub table: Table,
    /// Both, drawn; or why they cannot be.
    pub figure: Result<Drawn, ChartError>,
    /// The verdict on each theory.
    pub verdicts: Json,
    /// What is compared, in a line.
    pub headline: String,
    /// The parameters that are fixed.
    pub parameters: IndexMap<String, Json>,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// What is not as it should be.
    pub warnings: Vec<String>,
}

/// What `check` would find with these arguments.
///
/// # Errors
/// What the command refuses, in its words; an interruption.
pub fn check(words: &[String], running: &Running) -> anyhow::Result<Checked> {
    let Command::Check(asked) = command(words)? else { bail!("`{}` checks nothing", words.join(" ")) };
    checked(&asked, &asked.prepared()?, running)
}

/// The same of certain theories.
pub(crate) fn checked(
    asked: &Check,
    check: &experiment::Check,
    running: &Running,
) -> anyhow::Result<Checked> {
    let measured = asked
        .measured(check, None, |simulate| simulate.run(running)?.ok_or_else(|| stopped(simulate.left())))?;
    let answers = check.answers_while(&measured.measurements, &measured.given, running)?;
    let answers = answers.ok_or_else(|| stopped(None))?;
    let table = report::table(&measured.measurements, &answers.all, &check.rules)?;
    let figure = drawn(check, &measured.measurements, &answers.all, measured.model);
    let mut warnings = answers.warnings;
    warnings.extend(measured.left_out());
    let notes = measured.notes.iter().cloned().chain(answers.notes).collect();
    let verdicts = report::json(&measured.measurements, &answers.all, &check.rules);
    measured.finish();
    let (headline, parameters) = (measured.headline.trim_end().to_string(), measured.parameters);
    Ok(Checked { table, figure, verdicts, headline, parameters, notes, warnings })
}

fn drawn(
    check: &experiment::Check,
    measurements: &Measurements,
    answers: &[Answer],
    model: &Description,
) -> Result<Drawn, ChartError> {
    let name = |place: &usize| measurements.overlaps[*place].clone();
    let all = check.drawn(measurements, &["all".to_string()])?;
    let usual = check.drawn(measurements, &[])?.iter().map(name).collect();
    let figure = check.figure(measurements, answers, model, &all)?;
    Ok(Drawn { overlaps: all.iter().map(name).collect(), usual, figure })
}

/// Computes a study and gives its CSV, with the exit code of `sweep`; `words` are its arguments.
///
/// # Errors
/// What the command refuses, in its words; an interruption, after which the same study goes on.
pub fn sweep(words: &[String]) -> anyhow::Result<(PathBuf, u8)> {
    let Command::Sweep(sweep) = command(words)? else { bail!("`{}` is no study", words.join(" ")) };
    let csv = sweep.csv()?;
    Ok((csv, sweep.run()?))
}

/// From here on no signal handler is installed: the process that this is part of says whether what runs is to stop.
pub fn stop(stop: bool) {
    cells::embedded(stop);
}
