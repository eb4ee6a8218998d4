//! `overlaps list`: what is built in.

use clap::Args;

use super::{FINE, print};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::model::{Parameter, Usual};
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::system::{BUILT_IN, Theory};

/// List the built-in systems of equations, and the models that can be simulated.
#[derive(Debug, Args)]
pub struct List {}

impl List {
    /// Prints one line per system, and one per model.
    pub fn run(&self) -> anyhow::Result<u8> {
        let mut table = Table::new(vec![
            Column::new("system", "name", Role::Label),
            Column::new("describes", "what it describes", Role::Label),
            Column::new("title", "title", Role::Label),
        ]);
        for (name, _) in BUILT_IN {
            let theory = Theory::load(name)?;
            let d = &theory.description;
            table.push(vec![
                Cell::from(*name),
                Cell::from(d.describes.join(", ")),
                Cell::from(d.title.as_str()),
            ])?;
        }
        let options = TerminalOptions { max_rows: 0, ..Default::default() };
        let mut text = terminal::render(&table, &options);
        text += "\n`overlaps show SYSTEM` prints a system; a path to an equation file works in place of a name.\n";
        text += "\nmodels, which `overlaps simulate MODEL` simulates and `overlaps check SYSTEM` compares with their systems\n";
        for model in overlaps_models::all() {
            let d = model.description();
            let parameters: Vec<String> = d.parameters.iter().map(parameter).collect();
            text += &format!("  {}: {}\n", d.name, d.title);
            text +=
                &format!("    systems of {}; parameters {}\n", d.describes.join(", "), parameters.join(", "));
        }
        print(&text)?;
        Ok(FINE)
    }
}

/// A parameter with its default, or its words.
fn parameter(parameter: &Parameter) -> String {
    match parameter.usual {
        Usual::Number(number) => format!("{} = {number}", parameter.name),
        Usual::Words(words) => format!("{} = {}", parameter.name, words.join("|")),
        Usual::Of(other) => format!("{} = {other}", parameter.name),
    }
}
