//! `overlaps images reproduce --slurm`: its networks as a job array, and a job that makes the table when they have ended.

use std::path::Path;

use anyhow::Context;
use clap::Args;

use crate::jobs::{TASKS, absolute, submitted, typed};
use crate::{FINE, print, program};
use overlaps::output::write_atomically;
use overlaps::study::slurm::{JobArray, check_name, check_value};

/// How a job array is written.
#[derive(Debug, Args)]
pub struct Array {
    /// Write a Slurm job array that trains the networks, one part per task, and a job that makes the table after it, and train nothing here.
    #[arg(long, conflicts_with_all = ["part", "merge"])]
    pub slurm: bool,
    /// Submit both.
    #[arg(long, requires = "slurm")]
    submit: bool,
    /// Tasks of the job array [default: 64; never more than networks].
    #[arg(long, value_name = "N", requires = "slurm", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tasks: Option<u32>,
    /// What else sbatch is to know (repeatable), for example time=02:00:00 or partition=short; `cpus-per-task` is `--threads` of a task.
    #[arg(long, value_name = "NAME=VALUE", requires = "slurm", value_parser = directive)]
    directive: Vec<(String, String)>,
}

/// `time=02:00:00`, or a name alone.
fn directive(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    check_name(name)?;
    check_value(value)?;
    Ok((name.to_string(), value.to_string()))
}

/// What there is to train, and how.
pub struct Work<'w> {
    /// How many networks.
    pub networks: usize,
    /// The folder of the models.
    pub models: &'w Path,
    /// What the window of the exact U-turn adds to the words, so that it is not found again by every task.
    pub window: Option<String>,
    /// `--threads`.
    pub threads: Option<u16>,
}

impl Array {
    /// Writes the scripts, and submits them.
    ///
    /// # Errors
    /// Folders that cannot be written, what `sbatch` says.
    pub fn write(&self, work: &Work, quiet: bool) -> anyhow::Result<u8> {
        let tasks = self.tasks.map_or(TASKS, |n| n as usize).min(work.networks);
        let (array, merge) = (work.models.join("array.sh"), work.models.join("merge.sh"));
        std::fs::create_dir_all(work.models)
            .with_context(|| format!("cannot make the folder {}", work.models.display()))?;
        for (path, script) in [&array, &merge].into_iter().zip(self.scripts(work, tasks)?) {
            write_atomically(path, |sink| sink.write_all(script.as_bytes()))?;
        }
        if !quiet {
            let (networks, array, merge) = (work.networks, array.display(), merge.display());
            eprintln!("note: wrote {array} and {merge}: {networks} networks in {tasks} tasks");
        }
        if !self.submit {
            if !quiet {
                let (array, merge) = (typed(&array), typed(&merge));
                eprintln!(
                    "note: submit them with `sbatch --dependency=afterany:$(sbatch --parsable {array}) {merge}`"
                );
            }
            return Ok(FINE);
        }
        let job = submitted(&array, None)?;
        print(&format!("submitted job {job}\n"))?;
        let last = submitted(&merge, Some(&format!("--dependency=afterany:{job}")))?;
        print(&format!("submitted job {last}, which makes the table\n"))?;
        if !quiet {
            eprintln!("note: what it says is in {}", work.models.join("merge.log").display());
        }
        Ok(FINE)
    }

    fn scripts(&self, work: &Work, tasks: usize) -> anyhow::Result<[String; 2]> {
        let program = program().context("cannot find this program's own path")?;
        let from = std::env::current_dir().context("cannot find the current folder")?;
        let mut directives = self.directive.clone();
        if let Some(threads) =
            work.threads.filter(|_| directives.iter().all(|(name, _)| name != "cpus-per-task"))
        {
            directives.push(("cpus-per-task".into(), threads.to_string()));
        }
        // After `images reproduce`.
        let given: Vec<String> = crate::arguments().into_iter().skip(2).collect();
        let words = without(given, &["--slurm", "--submit"], &["--tasks", "--directive"]);
        // Every task has these of its own.
        let mut of_tasks = without(words.clone(), &["--quiet"], &["--threads"]);
        if let Some(window) = &work.window {
            of_tasks.extend(["--window".to_string(), window.clone()]);
        }
        let folder = absolute(work.models)?;
        let name = work.models.file_name().map_or("images".into(), |name| name.to_string_lossy());
        let array = JobArray {
            name: &name,
            program: &program,
            command: "images reproduce",
            words: &of_tasks,
            from: &from,
            folder: &folder,
            tasks,
            directives: &directives,
        };
        Ok([array.script(), JobArray { words: &words, ..array }.merge_script()])
    }
}

/// The words of a command but for some flags, alone and with a value.
pub fn without(words: Vec<String>, alone: &[&str], valued: &[&str]) -> Vec<String> {
    let (mut left, mut words) = (Vec::new(), words.into_iter());
    while let Some(word) = words.next() {
        if valued.contains(&word.as_str()) {
            words.next();
        } else if !alone.contains(&word.as_str())
            && !valued.contains(&word.split('=').next().unwrap_or_default())
        {
            left.push(word);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_left_out_with_their_values() {
        let words = "data --slurm --tasks 3 --directive=time=1 --seeds 2 --directive mem=1G --window=0.3,0.5";
        let words = words.split(' ').map(String::from).collect();
        let left = without(words, &["--slurm"], &["--tasks", "--directive"]);
        assert_eq!(left, ["data", "--seeds", "2", "--window=0.3,0.5"]);
    }

    #[test]
    fn a_directive_is_a_name_with_a_value_or_alone() {
        assert_eq!(directive("time=01:00:00").unwrap(), ("time".to_string(), "01:00:00".to_string()));
        assert_eq!(directive("exclusive").unwrap(), ("exclusive".to_string(), String::new()));
        assert!(directive("array=0-3").unwrap_err().contains("--slurm itself"));
        assert!(directive("Time=1").unwrap_err().contains("no directive"));
        assert!(directive("time=1 h").unwrap_err().contains("one word"));
    }
}
