//! Where a table about a paper goes: a Markdown file, and beside it the numbers in a CSV, the verdicts in a JSON, its figure.

use std::path::PathBuf;

use anyhow::{Context, bail};

use overlaps::chart::Figure;
use overlaps::output::csv::write_table;
use overlaps::output::{CompleteFile, SideFile, Table, check_writable, write_completely};
use overlaps_figures::draw;

/// The files of one result.
pub struct Files {
    /// The text.
    pub markdown: PathBuf,
    /// Every number behind it.
    pub csv: PathBuf,
    /// How it was made, and the verdicts.
    pub json: PathBuf,
    /// The figure.
    pub svg: PathBuf,
}

impl Files {
    /// Those of a result of this name, or beside the file that was asked for; that they can be written is checked before
    /// hours are spent.
    ///
    /// # Errors
    /// A name that two of the files would have; a folder that is not there.
    pub fn of(name: &str, asked: Option<&PathBuf>, with_figure: bool) -> anyhow::Result<Files> {
        let markdown = match asked {
            Some(path) => path.clone(),
            None => {
                std::fs::create_dir_all("results").context("cannot make the folder results; use --output")?;
                PathBuf::from(format!("results/{name}.md"))
            }
        };
        let others: &[&str] = if with_figure { &["csv", "json", "svg"] } else { &["csv", "json"] };
        if let Some(taken) = others.iter().find(|e| markdown.extension().is_some_and(|own| own == **e)) {
            bail!(
                "--output {} names the Markdown file; the {} beside it would have the same name. Use FILE.md",
                markdown.display(),
                taken.to_uppercase()
            );
        }
        let beside = |extension: &str| markdown.with_extension(extension);
        let files = Files { csv: beside("csv"), json: beside("json"), svg: beside("svg"), markdown };
        [&files.markdown, &files.csv, &files.json].into_iter().try_for_each(check_writable)?;
        if with_figure {
            check_writable(&files.svg)?;
        }
        Ok(files)
    }

    /// Writes all of them, and the text to standard output unless told to be quiet.
    ///
    /// # Errors
    /// I/O.
    pub fn write(
        &self,
        text: &str,
        numbers: &Table,
        side: &SideFile,
        figure: Option<&Figure>,
        quiet: bool,
    ) -> anyhow::Result<()> {
        let drawn = figure.map(draw).transpose()?;
        // All is on disk before the first file appears.
        let mut complete = vec![write_completely(&self.csv, |w| write_table(numbers, w))?];
        complete.push(write_completely(&self.json, |w| side.write(w))?);
        if let Some(drawn) = &drawn {
            complete.push(write_completely(&self.svg, |w| w.write_all(drawn.as_bytes()))?);
        }
        complete.push(write_completely(&self.markdown, |w| w.write_all(text.as_bytes()))?);
        complete.into_iter().try_for_each(CompleteFile::put_in_place)?;
        if !quiet {
            crate::print(text)?;
            let mut names = vec![&self.markdown, &self.csv, &self.json];
            names.extend(drawn.map(|_| &self.svg));
            let names: Vec<String> = names.iter().map(|path| path.display().to_string()).collect();
            eprintln!("note: wrote {}", names.join(", "));
        }
        Ok(())
    }
}
