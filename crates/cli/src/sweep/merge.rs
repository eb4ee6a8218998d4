//! `overlaps merge STUDY.toml`.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueHint};

use super::result;
use super::study::Opened;
use crate::destination::Files;
use crate::drawing::Drawing;
use overlaps::experiment::cells_in_words;

/// Join the parts of a study that were computed on their own.
///
/// Nothing may be missing, and no cell may have two different results. Where cells are missing nothing is written; they are
/// counted and named, with the tasks of the job array that are to be submitted again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps merge study.toml\n  overlaps merge study.toml --output study.csv"
)]
pub struct Merge {
    /// The study file.
    #[arg(value_name = "FILE.toml", value_hint = ValueHint::FilePath)]
    study: PathBuf,
    /// Write the table to this CSV file; the one that `overlaps sweep` was given.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Draw the figure into this file, .svg, .pdf, .png or, for \input in LaTeX, .pgf [default: `plot` of the study].
    #[arg(long, value_name = "FILE.svg", value_hint = ValueHint::FilePath)]
    plot: Option<PathBuf>,
    #[command(flatten)]
    drawing: Drawing,
    /// No notes; files and errors only.
    #[arg(long)]
    quiet: bool,
}

impl Merge {
    /// Joins, writes, says what was done.
    pub fn run(&self) -> anyhow::Result<u8> {
        let opened = Opened::new(&self.study, self.given())?;
        if !opened.store.folder.is_dir() {
            bail!(
                "nothing of the study {} has been computed: there is no folder {}; begin with `overlaps sweep`",
                self.study.display(),
                opened.store.folder.display()
            );
        }
        opened.check()?;
        opened.store.prepare(&cells_in_words(&opened.study, opened.work.plan()), false)?;
        let finished = opened.store.finished()?;
        result::write(&opened, &finished, self.quiet)
    }

    /// The files that are named here.
    fn given(&self) -> Files {
        Files { csv: self.output.clone(), plot: self.plot.clone(), drawing: self.drawing.clone() }
    }
}
