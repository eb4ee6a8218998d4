//! Where a table about a paper goes: a Markdown file, and beside it the numbers in a CSV, the verdicts in a JSON, its figure.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::destination::Files;
use overlaps::output::check_writable;

/// The Markdown file of a result of this name, or the one that was asked for, and the files beside it; that they can be written is
/// checked before hours are spent.
///
/// # Errors
/// A name that two of the files would have; a folder that is not there.
pub fn files(name: &str, asked: Option<&PathBuf>, with_figure: bool) -> anyhow::Result<(PathBuf, Files)> {
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
    check_writable(&markdown)?;
    let beside = |extension: &str| markdown.with_extension(extension);
    let files =
        Files { csv: Some(beside("csv")), plot: with_figure.then(|| beside("svg")), ..Files::default() };
    files.check()?;
    Ok((markdown, files))
}
