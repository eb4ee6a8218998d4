//! `overlaps report FOLDER`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, CommandFactory, ValueHint};

use super::{Cli, FINE};
use overlaps::output::write_atomically;
use overlaps_page::Page;

/// Make one HTML page of a folder of results: figures, tables, parameters, verdicts, commands.
///
/// A result is the files of one name: a CSV, its side file (.json), its figure (.svg or .png), its text (.md); results of the
/// folder and of the folders one level below are shown. The page holds all that it shows, so that it can be read without
/// a network and sent as one file. Of a table it shows the first 100 rows (10, if there are more than 100 results) and those that did not converge or are
/// rejected; a CSV of up to 50 kB can be saved from the page, others are linked. Nothing but the page is written.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  overlaps report\n  overlaps report results --output page.html")]
pub struct Report {
    /// The folder with the results.
    #[arg(value_name = "FOLDER", default_value = "results", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
    /// Write the page to this file [default: report.html in the folder].
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// The title of the page [default: Results in FOLDER].
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// No notes; the page, warnings and errors only.
    #[arg(long)]
    quiet: bool,
}

impl Report {
    /// Reads the folder, writes the page.
    pub fn run(&self) -> anyhow::Result<u8> {
        let output = self.output.clone().unwrap_or_else(|| self.folder.join("report.html"));
        // Results must not be overwritten by their page.
        let extension = output.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if ["csv", "json", "svg", "png", "md"].contains(&extension.as_str()) {
            bail!("--output {} names the page; use FILE.html", output.display());
        }
        let commands = Cli::command()
            .get_subcommands()
            .filter_map(|command| Some((command.get_name().to_owned(), command.get_about()?.to_string())))
            .collect();
        let beside = output.parent().filter(|folder| !folder.as_os_str().is_empty());
        let page = Page::of(&self.folder, self.title.as_deref(), commands, beside.unwrap_or(Path::new(".")))?;
        write_atomically(&output, |sink| page.write(sink))?;
        for warning in page.warnings() {
            eprintln!("warning: {warning}");
        }
        if !self.quiet {
            let results = page.entries.len();
            let word = if results == 1 { "result" } else { "results" };
            eprintln!("note: {results} {word}; wrote {}", output.display());
        }
        Ok(FINE)
    }
}
