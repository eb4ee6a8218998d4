//! `overlaps man`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command, CommandFactory, ValueHint};
use clap_mangen::Man as Renderer;

use super::{Cli, FINE, print};
use overlaps::output::write_atomically;

/// Print the manual page, or write the pages of all commands to a folder.
///
/// Read it with `overlaps man | man -l -`. Installed pages are found by `man overlaps` and `man overlaps-solve`: write them
/// to a folder man1 of your manual path, such as ~/.local/share/man/man1.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  overlaps man\n  overlaps man --output man1")]
pub struct Man {
    /// Write overlaps.1 and a page for each command, overlaps-COMMAND.1, to this folder (made if it is not there).
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    output: Option<PathBuf>,
}

impl Man {
    /// Prints or writes.
    pub fn run(&self) -> anyhow::Result<u8> {
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        let Some(folder) = &self.output else {
            print(&page(command)?)?;
            return Ok(FINE);
        };
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let commands = with_own(command);
        let pages = commands.len();
        for command in commands {
            let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
            let text = page(command)?;
            write_atomically(folder.join(name + ".1"), |sink| sink.write_all(text.as_bytes()))?;
        }
        eprintln!("note: wrote {pages} pages to {}", folder.display());
        Ok(FINE)
    }
}

/// A command, and all that belong to it.
fn with_own(command: Command) -> Vec<Command> {
    let own: Vec<Command> = command.get_subcommands().cloned().collect();
    std::iter::once(command).chain(own.into_iter().flat_map(with_own)).collect()
}

/// The page of one command, in a form that groff and mandoc take without a warning.
fn page(command: Command) -> anyhow::Result<String> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_uppercase();
    let mut bytes = Vec::new();
    Renderer::new(command).render(&mut bytes)?;
    let text = String::from_utf8(bytes).context("the page is not UTF-8")?;
    let heading =
        format!(".TH {name} 1 \"\" \"overlaps {}\" \"Manual of overlaps\"\n", env!("CARGO_PKG_VERSION"));
    // The heading that was made has no field for a date that is not known, and a paragraph begins with three requests.
    let lines = text.split_inclusive('\n').map(|line| if line.starts_with(".TH ") { &heading } else { line });
    Ok(lines.collect::<String>().replace("\n.br\n\n.br\n", "\n.sp\n"))
}
