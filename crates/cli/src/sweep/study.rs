//! A study file → the work of its command, and where the cells and the result go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::work::Work;
use crate::destination::{Files, side_file};
use crate::{Cli, Command};
use overlaps::output::json::{number, of_value};
use overlaps::output::{check_writable, is_stream};
use overlaps::study::slurm::quoted;
use overlaps::study::{Store, Study, Task};
use overlaps::system::BUILT_IN;

/// A study that is ready to be computed.
pub struct Opened {
    /// The study file.
    pub path: PathBuf,
    /// The study.
    pub study: Study,
    /// Its work.
    pub work: Box<dyn Work>,
    /// The result.
    pub files: Files,
    /// What of it was not left to the study.
    given: Files,
    /// The cells.
    pub store: Store,
}

impl Opened {
    /// Reads a study; paths in it are relative to its folder, those that are given here are not.
    ///
    /// # Errors
    /// Anything that is wrong with the study.
    pub fn new(path: &Path, output: Option<&Path>, plot: Option<&Path>) -> anyhow::Result<Opened> {
        let study = Study::load(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let place = |given: Option<&Path>, own: &Option<PathBuf>| {
            given.map(Path::to_path_buf).or_else(|| own.as_ref().map(|own| folder.join(own)))
        };
        let csv = place(output, &study.output).unwrap_or_else(|| path.with_extension("csv"));
        if let Some(stream) = output.filter(|output| is_stream(output)) {
            bail!(
                "--output {}: a study keeps what is computed beside its CSV, which has to be a file",
                stream.display()
            );
        }
        let files = Files { csv: Some(csv.clone()), plot: place(plot, &study.plot) };
        let work = work(&study, folder, &csv).with_context(|| format!("the study {}", path.display()))?;
        let store = Store::new(&csv, common(&study, work.as_ref()));
        let given = Files { csv: output.map(Path::to_path_buf), plot: plot.map(Path::to_path_buf) };
        Ok(Opened { path: path.to_path_buf(), study, work, files, given, store })
    }

    /// Makes sure, before a long computation, that everything can be written.
    ///
    /// # Errors
    /// A path that cannot be written, or one for two files; a figure that cannot be drawn.
    pub fn check(&self) -> anyhow::Result<()> {
        self.keep_inputs()?;
        self.files.check()?;
        if self.files.plot.is_some() {
            super::figure::Plot::new(self)?;
        }
        if self.store.folder.is_dir() {
            check_writable(self.store.folder.join("study.json"))?;
        }
        Ok(())
    }

    /// Refuses to write over the files that are read.
    fn keep_inputs(&self) -> anyhow::Result<()> {
        let place =
            |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_default();
        let system = self.study.system.as_ref().map(|system| self.folder().join(system));
        let side = self.files.csv.as_deref().map(side_file).transpose()?;
        for read in [Some(self.path.clone()), system].into_iter().flatten() {
            for written in self.files.csv.iter().chain(&self.files.plot).chain(&side) {
                if place(&read) == place(written) {
                    bail!("{} would be overwritten by the result; name another output", read.display());
                }
            }
        }
        Ok(())
    }

    /// A command for this study, `sweep` or `merge`, with the files that it was given.
    pub fn command(&self, name: &str) -> Vec<String> {
        let mut words = vec!["overlaps".to_string(), name.into(), self.path.display().to_string()];
        for (flag, given) in [("--output", &self.given.csv), ("--plot", &self.given.plot)] {
            words.extend(given.iter().flat_map(|path| [flag.to_string(), path.display().to_string()]));
        }
        words
    }

    /// The same as it is typed in a shell.
    pub fn typed(&self, name: &str) -> String {
        self.command(name).iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// The folder of the study file.
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Which cells the study has, in words.
    pub fn cells(&self) -> Value {
        let plan = self.work.plan();
        let mut cells: IndexMap<String, Value> = IndexMap::new();
        for (name, value) in &plan.fixed {
            cells.insert(name.clone(), of_value(value));
        }
        for sweep in &plan.swept {
            let range = sweep.text.split_once('=').map_or(sweep.text.as_str(), |(_, range)| range);
            let together = plan.swept.iter().filter(|other| other.axis == sweep.axis).count() > 1;
            let text = if together { format!("{range} (together)") } else { range.to_string() };
            cells.insert(sweep.name.clone(), text.into());
        }
        if self.study.task == Task::Simulate {
            let seeds = [self.study.first_seed, self.study.seeds];
            cells.insert("seeds".into(), json!(seeds));
        }
        json!(cells)
    }

    /// The values of the parameters that are not swept.
    pub fn parameters(&self) -> (String, IndexMap<String, Value>) {
        self.work.described()
    }
}

/// What decides about the rows of a cell beside its parameters.
fn common(study: &Study, work: &dyn Work) -> Value {
    // In the order of their names, whatever their order in the file.
    let options: BTreeMap<&str, Value> =
        study.options.iter().map(|(flag, value)| (flag.as_str(), json!(value))).collect();
    let controls: Option<Vec<Value>> =
        work.plan().controls.as_ref().map(|controls| controls.iter().map(|x| number(*x)).collect());
    let columns: Vec<&str> = work.columns().iter().map(|column| column.name.as_str()).collect();
    let mut common: IndexMap<String, Value> = [
        ("version".to_string(), json!(env!("CARGO_PKG_VERSION"))),
        ("command".into(), json!(study.task.name())),
        ("options".into(), json!(options)),
        ("columns".into(), json!(columns.join(","))),
        ("control".into(), json!(controls)),
    ]
    .into();
    if let Some(system) = &study.system {
        common.insert("system".into(), json!(system));
    }
    if let Some(model) = &study.model {
        common.insert("model".into(), json!(model));
    }
    common.extend(work.within());
    json!(common)
}

/// The work that a study asks for.
fn work(study: &Study, folder: &Path, csv: &Path) -> anyhow::Result<Box<dyn Work>> {
    let work = match command(study, folder)? {
        Command::Solve(command) => command.work(study),
        Command::Critical(command) => command.work(study),
        Command::Limit(command) => command.work(study),
        Command::Simulate(command) => command.work(study, csv),
        Command::Check(command) => command.work(study, csv),
        Command::Generate(command) => command.work(study, csv),
        Command::Steps(command) => command.work(study),
        Command::Uturn(command) => command.work(study, csv),
        Command::Schedule(command) => command.work(study),
        _ => bail!("`{}` does not fall into cells", study.task.name()),
    };
    let work = work?;
    match work.cells() {
        0 => bail!("there is nothing to compute"),
        _ => Ok(work),
    }
}

/// The command with its options, as its own command line would give it.
fn command(study: &Study, folder: &Path) -> anyhow::Result<Command> {
    let mut words = vec!["overlaps".to_string(), study.task.name().into()];
    if let Some(system) = &study.system {
        words.push(beside(folder, system));
    }
    words.extend(study.model.clone());
    for (flag, value) in &study.options {
        words.push(match value {
            Some(systems) if flag == "compare" => {
                let systems = systems.split(',').map(|system| beside(folder, system));
                format!("--{flag}={}", systems.collect::<Vec<_>>().join(","))
            }
            Some(value) => format!("--{flag}={value}"),
            None => format!("--{flag}"),
        });
    }
    for (flag, value) in [("seeds", study.seeds), ("first-seed", study.first_seed)] {
        words.extend(value.map(|value| format!("--{flag}={value}")));
    }
    Cli::try_parse_from(words).map(Cli::into_command).map_err(|error| {
        let text = error.to_string();
        let said = text.split("\n\nUsage").next().unwrap_or_default().trim_start_matches("error: ");
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        anyhow!("[options]: {}", lines.join("; "))
    })
}

/// A system of equations as it is found from here: the path of a file is seen from the study.
fn beside(folder: &Path, system: &str) -> String {
    let built_in = BUILT_IN.iter().any(|built_in| built_in.name == system);
    let is_path = system.contains(['/', '\\']) || system.ends_with(".toml");
    match is_path && !built_in {
        true => folder.join(system).display().to_string(),
        false => system.to_string(),
    }
}
