//! `overlaps list`: what is built in.

use anyhow::bail;
use clap::Args;

use super::{FINE, print};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::model;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::system::{BUILT_IN, BuiltIn, Description, subjects};
use overlaps::value::Parameter;

/// List the built-in systems of equations by subject, and the models that can be simulated.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  overlaps list\n  overlaps list --about spin glass")]
pub struct List {
    /// Only systems with all of these words in their subject, name, title, source, or in what they describe
    #[arg(long, value_name = "WORDS", num_args = 1..)]
    about: Vec<String>,
    /// Only the models, with what they measure, their parameters and the systems that `overlaps check` compares them with
    #[arg(long, conflicts_with = "about")]
    models: bool,
}

impl List {
    /// Prints one line per system, and one per model.
    pub fn run(&self) -> anyhow::Result<u8> {
        let described = described()?;
        if self.models {
            print(&models_in_full(&described))?;
            return Ok(FINE);
        }
        let words: Vec<String> =
            self.about.iter().flat_map(|words| words.split_whitespace()).map(str::to_lowercase).collect();
        let mut text = String::new();
        for subject in std::iter::once("").chain(subjects()) {
            let table = of_subject(subject, &words, &described)?;
            if table.rows.is_empty() {
                continue;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            if !subject.is_empty() {
                text += &format!("{}\n", subject.replace('-', " "));
            }
            text += &in_full(&table);
        }
        if text.is_empty() {
            bail!("no built-in system is about {}; subjects are {}", words.join(" "), subjects().join(", "));
        }
        text += "\n`overlaps show SYSTEM` prints a system; a path to an equation file works in place of a name.\n";
        if words.is_empty() {
            text += "\nmodels, which `overlaps simulate MODEL` simulates and `overlaps check SYSTEM` compares with their systems\n";
            text += &in_full(&models(&described)?);
            text += "\n`overlaps list --models` has their parameters.\n";
        }
        print(&text)?;
        Ok(FINE)
    }
}

/// A built-in system and what its file says about it.
type Described = (&'static BuiltIn, Description);

/// All built-in systems.
fn described() -> anyhow::Result<Vec<Described>> {
    BUILT_IN.iter().map(|system| Ok((system, system.description()?))).collect()
}

/// A table with all its rows.
fn in_full(table: &Table) -> String {
    terminal::render(table, &TerminalOptions { max_rows: 0, ..Default::default() })
}

/// The systems of a subject in which all the words occur.
fn of_subject(subject: &str, words: &[String], described: &[Described]) -> anyhow::Result<Table> {
    let mut table = Table::new(vec![
        Column::new("system", "name", Role::Label),
        Column::new("describes", "what it describes", Role::Label),
        Column::new("title", "title", Role::Label),
    ]);
    for (system, d) in described.iter().filter(|(system, _)| system.subject() == subject) {
        if words.iter().all(|word| is_about(system, d, word)) {
            table.push(vec![
                Cell::from(system.name),
                Cell::from(d.describes.join(", ")),
                Cell::from(d.title.as_str()),
            ])?;
        }
    }
    Ok(table)
}

fn is_about(system: &BuiltIn, d: &Description, word: &str) -> bool {
    let texts = [system.subject(), system.name, &d.title, &d.source];
    texts.into_iter().chain(d.describes.iter().map(String::as_str)).any(|t| t.to_lowercase().contains(word))
}

/// The models, a line for each.
fn models(described: &[Described]) -> anyhow::Result<Table> {
    let mut table = Table::new(vec![
        Column::new("model", "name", Role::Label),
        Column::new("systems", "built-in systems of it", Role::Label),
        Column::new("title", "title", Role::Label),
    ]);
    for model in overlaps_models::all() {
        let d = model.description();
        table.push(vec![
            Cell::from(d.name),
            Cell::from(systems(d, described).join(", ")),
            Cell::from(d.title),
        ])?;
    }
    Ok(table)
}

/// The names of the built-in systems of a model.
fn systems(model: &model::Description, described: &[Described]) -> Vec<&'static str> {
    let of_model = |d: &Description| d.describes.iter().any(|word| model.describes.contains(&word.as_str()));
    described.iter().filter(|(_, d)| of_model(d)).map(|(system, _)| system.name).collect()
}

/// The models with what they measure and their parameters.
fn models_in_full(described: &[Described]) -> String {
    let mut text = String::new();
    for model in overlaps_models::all() {
        let d = model.description();
        let (control, measured) = (d.control, d.quantities.iter().map(|q| q.name).collect::<Vec<_>>());
        let parameters: Vec<String> = d.parameters.iter().map(parameter).collect();
        text += &format!("{}: {}\n", d.name, d.title);
        text += &format!("  systems: {}\n", systems(d, described).join(", "));
        text +=
            &format!("  along {} ({}, {} to {})\n", control.name, control.meaning, control.from, control.to);
        text += &format!("  measures {}\n", measured.join(", "));
        text += &format!("  parameters {}\n", parameters.join(", "));
    }
    text
}

/// A parameter with its default, or its words.
fn parameter(parameter: &Parameter) -> String {
    let words = parameter.words.join("|");
    format!("{} = {}", parameter.name, if words.is_empty() { &parameter.default_text } else { &words })
}
