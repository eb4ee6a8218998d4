//! `overlaps show SYSTEM`.

use clap::Args;

use super::arguments::named;
use super::{FINE, print};
use overlaps::system::Theory;

/// Show a system: equations, parameters, source, what differs from the printed version.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  overlaps show first-phase\n  overlaps show mine.toml --format latex")]
pub struct Show {
    /// Name of a built-in system, or path of an equation file.
    system: String,
    /// What is printed.
    #[arg(long, default_value = "text", value_parser = named(&[
        (Format::Text, "All that the file says, to read"),
        (Format::Latex, "The equations for a paper, as align* of amsmath"),
    ], Format::name))]
    format: Format,
}

/// How a system is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Latex,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Latex => "latex",
        }
    }
}

impl Show {
    /// Prints the system.
    pub fn run(&self) -> anyhow::Result<u8> {
        let theory = Theory::load(&self.system)?;
        print(&match self.format {
            Format::Text => theory.to_string(),
            Format::Latex => theory.latex(),
        })?;
        Ok(FINE)
    }
}
