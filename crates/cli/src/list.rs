//! `overlaps list`.

use clap::Args;

use super::{FINE, print};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::system::{BUILT_IN, Theory};

/// List the built-in systems of equations.
#[derive(Debug, Args)]
pub struct List {}

impl List {
    /// Prints one line per system.
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
        let hint = "\n`overlaps show SYSTEM` prints a system; a path to an equation file works in place of a name.\n";
        print(&(terminal::render(&table, &options) + hint))?;
        Ok(FINE)
    }
}
