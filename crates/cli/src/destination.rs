//! `--output`, `--plot` and `--format`: where the result of a command goes.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum, ValueHint};
use indexmap::IndexMap;
use serde_json::Value;

use super::drawing::Drawing;
use super::standard_output;
use overlaps::chart::Figure;
use overlaps::output::csv::write_table;
use overlaps::output::{
    Column, CompleteFile, SideFile, Table, check_writable, is_standard_output, is_stream, table_json,
    write_completely,
};
use overlaps_figures::Format as FigureFormat;

/// Rows of a table in the terminal.
pub const ROWS_SHOWN: usize = 24;

/// Where the result goes, shared by the commands that make a table.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Result")]
pub struct Destination {
    /// Write the table to this CSV file, and the exact command and parameters beside it (.json); - is standard output.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Draw the figure into this file, .svg, .pdf, .png or, for \input in LaTeX, .pgf.
    #[arg(long, value_name = "FILE.svg", value_hint = ValueHint::FilePath)]
    plot: Option<PathBuf>,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Every row of the table in the terminal.
    #[arg(long)]
    pub all_rows: bool,
    /// How the figure is drawn.
    #[command(flatten)]
    pub drawing: Drawing,
}

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table to read.
    Table,
    /// The CSV.
    Csv,
    /// An array of objects.
    Json,
}

/// Files that are written.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The table.
    pub csv: Option<PathBuf>,
    /// The figure.
    pub plot: Option<PathBuf>,
    /// How it is drawn.
    pub drawing: Drawing,
}

impl Destination {
    /// What goes to standard output, which holds one thing: the CSV that --output sends there, in place of the table that a reader
    /// would see.
    pub fn format(&self) -> Format {
        match self.format {
            Format::Table if self.output.as_deref().is_some_and(is_standard_output) => Format::Csv,
            format => format,
        }
    }

    /// The files asked for; with a name, those of that name in results/.
    ///
    /// # Errors
    /// A folder results/ that cannot be made; a way to draw a figure that is not asked for.
    pub fn files(&self, name: Option<&OsStr>) -> anyhow::Result<Files> {
        let drawing = self.drawing.clone();
        let Some(name) = name else {
            if self.plot.is_none() {
                drawing.needs_a_figure()?;
            }
            let csv = self.output.clone().filter(|path| !is_standard_output(path));
            return Ok(Files { csv, plot: self.plot.clone(), drawing });
        };
        let folder = Path::new("results");
        std::fs::create_dir_all(folder).with_context(|| {
            format!("cannot make the folder {}; name files with --output and --plot", folder.display())
        })?;
        let path = |extension: &str| folder.join(name).with_extension(extension);
        Ok(Files { csv: Some(path("csv")), plot: Some(path("svg")), drawing })
    }

    /// Prints a result to standard output: what a reader sees (unless `quiet`), or the whole table as CSV or JSON.
    ///
    /// # Errors
    /// Standard output that cannot be written.
    pub fn print(&self, table: &Table, quiet: bool, shown: impl FnOnce() -> String) -> anyhow::Result<()> {
        let mut out = standard_output();
        match self.format() {
            Format::Table if quiet => {}
            Format::Table => out.write_all(shown().as_bytes())?,
            Format::Csv => write_table(table, &mut out)?,
            Format::Json => table_json(table, &mut out)?,
        }
        Ok(out.flush()?)
    }

    /// Says which files were written, or that none was.
    pub fn say_written(&self, written: &[String], quiet: bool) {
        match (quiet, written.is_empty()) {
            (true, _) => {}
            (false, false) => eprintln!("note: wrote {}", written.join(", ")),
            (false, true) if self.format() == Format::Table => {
                eprintln!("note: nothing was written; --output FILE.csv and --plot FILE.svg keep the result");
            }
            (false, true) => {}
        }
    }

    /// How many rows the terminal shows; 0 for all.
    pub fn rows_shown(&self) -> usize {
        if self.all_rows { 0 } else { ROWS_SHOWN }
    }
}

impl Files {
    /// Makes sure, before a long computation, that the files can be written and do not overwrite each other.
    ///
    /// # Errors
    /// A path that cannot be written, or one for two files.
    pub fn check(&self) -> anyhow::Result<()> {
        for path in self.csv.iter().chain(&self.plot) {
            check_writable(path)?;
        }
        if let Some(plot) = &self.plot {
            check_figure(plot)?;
        }
        if let Some(csv) = self.csv.as_ref().filter(|csv| !is_stream(csv)) {
            let side = side_file(csv)?;
            check_writable(&side)?;
            let place = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
            let taken = [place(csv), place(&side)];
            if let Some(plot) = self.plot.as_ref().filter(|plot| taken.contains(&place(plot))) {
                bail!(
                    "--plot {} would overwrite what --output {} writes; give it another name",
                    plot.display(),
                    csv.display()
                );
            }
        }
        Ok(())
    }

    /// Refuses to write over the files that are read; `also` is written too.
    ///
    /// # Errors
    /// The first that would be, with what to do.
    pub fn spare<'p>(
        &self,
        read: impl IntoIterator<Item = &'p PathBuf>,
        also: &Option<PathBuf>,
        instead: &str,
    ) -> anyhow::Result<()> {
        let place =
            |path: &PathBuf| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_default();
        let side = self.csv.as_deref().map(side_file).transpose()?;
        let written = self.csv.iter().chain(&self.plot).chain(also).chain(&side);
        let written: Vec<PathBuf> = written.map(place).collect();
        match read.into_iter().find(|read| written.contains(&place(read))) {
            Some(read) => bail!("{} would be overwritten by the result; {instead}", read.display()),
            None => Ok(()),
        }
    }

    /// Writes what is asked for, all of it complete before the first file appears, and gives the names of the files.
    ///
    /// # Errors
    /// A figure that cannot be drawn, a path that cannot be written.
    pub fn write(
        &self,
        table: &Table,
        side: &SideFile,
        figure: Option<&Figure>,
    ) -> anyhow::Result<Vec<String>> {
        let csv = self.csv.as_ref().map(|path| write_completely(path, |w| write_table(table, w)));
        self.write_beside(csv.transpose()?, side, figure)
    }

    /// The same, where the rows have gone to the CSV already.
    ///
    /// # Errors
    /// A figure that cannot be drawn, a path that cannot be written.
    pub fn write_beside(
        &self,
        csv: Option<CompleteFile>,
        side: &SideFile,
        figure: Option<&Figure>,
    ) -> anyhow::Result<Vec<String>> {
        let mut complete = Vec::new();
        if let (Some(csv), Some(path)) = (csv, &self.csv) {
            complete.push((csv, path.clone()));
            if !is_stream(path) {
                let beside = side_file(path)?;
                complete.push((write_completely(&beside, |w| side.write(w))?, beside));
            }
        }
        if let (Some(figure), Some(path)) = (figure, &self.plot) {
            let drawn = drawn_for(path, figure, &self.drawing)?;
            complete.push((write_completely(path, |w| w.write_all(&drawn))?, path.clone()));
        }
        let mut written = Vec::new();
        for (file, path) in complete {
            file.put_in_place()?;
            written.push(path.display().to_string());
        }
        Ok(written)
    }
}

/// What the side file of this run says of any result; `extra` is what it says of this one.
pub fn side(
    system: &str,
    parameters: IndexMap<String, Value>,
    sweeps: impl IntoIterator<Item = (String, String)>,
    columns: &[Column],
    extra: IndexMap<String, Value>,
) -> SideFile {
    SideFile {
        program: "overlaps".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        command: command(),
        system: system.into(),
        parameters,
        sweeps: sweeps.into_iter().map(|(name, text)| (name, text.into())).collect(),
        columns: columns.to_vec(),
        events: Vec::new(),
        extra,
    }
}

/// The bytes of a figure in the format of its file; what is no file is SVG.
///
/// # Errors
/// A figure that cannot be drawn.
pub fn drawn_for(path: &Path, figure: &Figure, drawing: &Drawing) -> anyhow::Result<Vec<u8>> {
    let format = FigureFormat::of(path).unwrap_or(FigureFormat::Svg);
    Ok(format.draw_on(&drawing.titled(figure), &drawing.sheet())?)
}

/// Refuses a figure in a format that is not drawn.
///
/// # Errors
/// A file with another extension.
fn check_figure(path: &Path) -> anyhow::Result<()> {
    if FigureFormat::of(path).is_none() && !is_stream(path) {
        let known = FigureFormat::ALL.map(|(extension, _)| extension.to_uppercase());
        bail!(
            "--plot {}: figures are drawn as {}; name the file {}",
            path.display(),
            known.join(", "),
            path.with_extension("svg").display()
        );
    }
    Ok(())
}

/// The side file of a CSV.
///
/// # Errors
/// A CSV with the name of a side file.
pub fn side_file(csv: &Path) -> anyhow::Result<PathBuf> {
    if csv.extension().is_some_and(|e| e == "json") {
        bail!(
            "--output {} names the CSV; its side file would have the same name. Use FILE.csv",
            csv.display()
        );
    }
    Ok(csv.with_extension("json"))
}

/// The command as it was given, with the program by name.
pub fn command() -> Vec<String> {
    std::iter::once("overlaps".to_string()).chain(crate::arguments()).collect()
}
