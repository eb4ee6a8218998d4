//! `overlaps show SYSTEM`.

use clap::Args;

use super::{FINE, print};
use overlaps::system::Theory;

/// Show a system: equations, parameters, source, what differs from the printed version.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  overlaps show first-phase\n  overlaps show mine.toml")]
pub struct Show {
    /// Name of a built-in system, or path of an equation file.
    system: String,
}

impl Show {
    /// Prints the system.
    pub fn run(&self) -> anyhow::Result<u8> {
        print(&Theory::load(&self.system)?.to_string())?;
        Ok(FINE)
    }
}
