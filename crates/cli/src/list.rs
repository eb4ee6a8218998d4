//! `overlaps list`: what is built in.

use anyhow::bail;
use clap::Args;

use super::{FINE, print};
use crate::terminal;
use crate::terminal::TerminalOptions;
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
}

impl List {
    /// Prints one line per system, and one per model.
    pub fn run(&self) -> anyhow::Result<u8> {
        let words: Vec<String> =
            self.about.iter().flat_map(|words| words.split_whitespace()).map(str::to_lowercase).collect();
        let mut text = String::new();
        for subject in std::iter::once("").chain(subjects()) {
            let table = of_subject(subject, &words)?;
            if table.rows.is_empty() {
                continue;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            if !subject.is_empty() {
                text += &format!("{}\n", subject.replace('-', " "));
            }
            text += &terminal::render(&table, &TerminalOptions { max_rows: 0, ..Default::default() });
        }
        if text.is_empty() {
            bail!("no built-in system is about {}; subjects are {}", words.join(" "), subjects().join(", "));
        }
        text += "\n`overlaps show SYSTEM` prints a system; a path to an equation file works in place of a name.\n";
        if words.is_empty() {
            text += &models();
        }
        print(&text)?;
        Ok(FINE)
    }
}

/// The systems of a subject in which all the words occur.
fn of_subject(subject: &str, words: &[String]) -> anyhow::Result<Table> {
    let mut table = Table::new(vec![
        Column::new("system", "name", Role::Label),
        Column::new("describes", "what it describes", Role::Label),
        Column::new("title", "title", Role::Label),
    ]);
    for system in BUILT_IN.iter().filter(|system| system.subject() == subject) {
        let d = system.description()?;
        if words.iter().all(|word| is_about(system, &d, word)) {
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

/// The models, a line for each and one for its parameters.
fn models() -> String {
    let mut text =
        "\nmodels, which `overlaps simulate MODEL` simulates and `overlaps check SYSTEM` compares with their systems\n"
            .to_string();
    for model in overlaps_models::all() {
        let d = model.description();
        let parameters: Vec<String> = d.parameters.iter().map(parameter).collect();
        text += &format!("  {}: {}\n", d.name, d.title);
        text += &format!("    systems of {}; parameters {}\n", d.describes.join(", "), parameters.join(", "));
    }
    text
}

/// A parameter with its default, or its words.
fn parameter(parameter: &Parameter) -> String {
    let words = parameter.words.join("|");
    format!("{} = {}", parameter.name, if words.is_empty() { &parameter.default_text } else { &words })
}
