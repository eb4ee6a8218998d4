//! `overlaps sweep` and `overlaps merge`.
//!
//! `study` makes the work of a command out of a study file, `run` computes
//! cells and keeps them, `result` joins them, `figure` draws them.

mod figure;
mod merge;
mod result;
mod run;
pub mod study;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueHint};

use super::FINE;
use super::destination::Files;
use super::drawing::Drawing;
use super::jobs::{TASKS, absolute, submitted, typed};
pub use merge::Merge;
use overlaps::experiment::cells_in_words;
use overlaps::output::write_atomically;
use overlaps::study::Part;
use overlaps::study::slurm::JobArray;
use study::Opened;

/// Compute a study: many combinations of parameters, each kept when it is done.
///
/// A study file names a command (solve, critical, limit, simulate, check, generate, steps, uturn, schedule), fixed and swept
/// parameters, and the files of the result. Its cells are computed on all cores; each is on the disk, in a folder NAME.sweep
/// beside NAME.csv, before it counts. Stopped at any moment, the same command goes on where it was, and the result has the same bytes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps sweep study.toml\n  overlaps sweep study.toml --slurm --submit"
)]
pub struct Sweep {
    /// The study file.
    #[arg(value_name = "FILE.toml", value_hint = ValueHint::FilePath)]
    study: PathBuf,
    /// Write the table to this CSV file [default: `output` of the study, or its own name].
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Draw the figure into this file, .svg, .pdf, .png or, for \input in LaTeX, .pgf: a map of two parameters, or curves along one [default: `plot` of the study].
    #[arg(long, value_name = "FILE.svg", value_hint = ValueHint::FilePath)]
    plot: Option<PathBuf>,
    #[command(flatten)]
    drawing: Drawing,
    /// The study has changed: keep the cells that it still has, and compute the others.
    #[arg(long)]
    extend: bool,
    /// Compute only part I of N of the cells, and write no table: `overlaps merge` does when all parts are done.
    #[arg(long, value_name = "I/N", conflicts_with = "slurm")]
    part: Option<Part>,
    /// Write a Slurm job array that computes the study, one part per task, and compute nothing here.
    #[arg(long)]
    slurm: bool,
    /// Submit the job array.
    #[arg(long, requires = "slurm")]
    submit: bool,
    /// Tasks of the job array [default: `tasks` of the section [slurm], or 64; never more than cells].
    #[arg(long, value_name = "N", requires = "slurm", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tasks: Option<u32>,
    /// Threads to use [default: all cores]; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// No notes or progress; files and errors only.
    #[arg(long)]
    quiet: bool,
}

impl Sweep {
    /// Computes, writes, says what was done.
    pub fn run(&self) -> anyhow::Result<u8> {
        let opened = Opened::new(&self.study, self.given())?;
        opened.check()?;
        opened.store.prepare(&cells_in_words(&opened.study, opened.work.plan()), self.extend)?;
        if self.slurm {
            return self.slurm(&opened);
        }
        let part = self.part.unwrap_or(Part::WHOLE);
        run::run(&opened, part, self.quiet)?;
        if self.part.is_some() {
            return Ok(FINE);
        }
        let finished = opened.store.finished()?;
        result::write(&opened, &finished, self.quiet)
    }

    /// The files that are named here.
    fn given(&self) -> Files {
        Files { csv: self.output.clone(), plot: self.plot.clone(), drawing: self.drawing.clone() }
    }

    /// The CSV that the study is written to.
    ///
    /// # Errors
    /// Anything that is wrong with the study.
    pub fn csv(&self) -> anyhow::Result<PathBuf> {
        let opened = Opened::new(&self.study, self.given())?;
        opened.files.csv.context("a study has a CSV")
    }

    /// Writes the script of the job array, and submits it.
    fn slurm(&self, opened: &Opened) -> anyhow::Result<u8> {
        let cells = opened.work.cells();
        let wanted = self.tasks.map(|n| n as usize).or(opened.study.tasks).unwrap_or(TASKS);
        let tasks = wanted.min(cells);
        opened.store.cut(tasks)?;
        let script = self.script(opened, tasks)?;
        let path = opened.store.script();
        write_atomically(&path, |sink| sink.write_all(script.as_bytes()))?;
        if !self.quiet {
            eprintln!("note: wrote {}: {cells} cells in {tasks} tasks", path.display());
        }
        if !self.submit {
            if !self.quiet {
                eprintln!("note: submit it with `sbatch {}`", typed(&path));
                eprintln!("note: join the parts with `{}`", opened.typed("merge"));
            }
            return Ok(FINE);
        }
        super::print(&format!("submitted job {}\n", submitted(&path, None)?))?;
        if !self.quiet {
            eprintln!("note: when it has ended, join the parts with `{}`", opened.typed("merge"));
        }
        Ok(FINE)
    }

    fn script(&self, opened: &Opened, tasks: usize) -> anyhow::Result<String> {
        let program = crate::program().context("cannot find this program's own path")?;
        let mut words = vec![absolute(&self.study)?.display().to_string()];
        if let Some(output) = &self.output {
            words.extend(["--output".to_string(), absolute(output)?.display().to_string()]);
        }
        let name = self.study.file_stem().unwrap_or_default().to_string_lossy();
        let folder = absolute(&opened.store.folder)?;
        let array = JobArray {
            name: &name,
            program: &program,
            command: "sweep",
            words: &words,
            from: &folder,
            folder: &folder,
            tasks,
            directives: &opened.study.slurm,
        };
        Ok(array.script())
    }
}
