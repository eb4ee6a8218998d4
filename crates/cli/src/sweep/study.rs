//! A study file → the work of its command, and where the cells and the result go.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, CommandFactory, Parser, ValueHint};
use indexmap::IndexMap;
use serde_json::Value;

use crate::destination::Files;
use crate::{Cli, Command};
use overlaps::experiment::{Experiment, common};
use overlaps::output::{check_writable, is_stream};
use overlaps::study::slurm::quoted;
use overlaps::study::{Store, Study};
use overlaps::system::BUILT_IN;

/// A study that is ready to be computed.
pub struct Opened {
    /// The study file.
    pub path: PathBuf,
    /// The study.
    pub study: Study,
    /// Its work.
    pub work: Box<dyn Experiment>,
    /// The files that its options name.
    inputs: Vec<PathBuf>,
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
    pub fn new(path: &Path, given: Files) -> anyhow::Result<Opened> {
        let study = Study::load(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let place = |given: &Option<PathBuf>, own: &Option<PathBuf>| {
            given.clone().or_else(|| own.as_ref().map(|own| folder.join(own)))
        };
        let csv = place(&given.csv, &study.output).unwrap_or_else(|| path.with_extension("csv"));
        if let Some(stream) = given.csv.as_deref().filter(|output| is_stream(output)) {
            bail!(
                "--output {}: a study keeps what is computed beside its CSV, which has to be a file",
                stream.display()
            );
        }
        let plot = place(&given.plot, &study.plot);
        if plot.is_none() {
            given.drawing.needs_a_figure()?;
        }
        let files = Files { csv: Some(csv.clone()), plot, drawing: given.drawing.clone() };
        let whose = || format!("the study {}", path.display());
        let (command, inputs) = command(&study, folder).with_context(whose)?;
        let work = work(command, &study, &csv).with_context(whose)?;
        let store = Store::new(&csv, common(&study, work.as_ref()));
        Ok(Opened { path: path.to_path_buf(), study, work, inputs, files, given, store })
    }

    /// Makes sure, before a long computation, that everything can be written.
    ///
    /// # Errors
    /// A path that cannot be written, or one for two files; a figure that cannot be drawn.
    pub fn check(&self) -> anyhow::Result<()> {
        let system = self.study.said("system").map(|system| self.folder().join(system));
        let read = [&self.path].into_iter().chain(&system).chain(&self.inputs);
        self.files.spare(read, &None, "name another output")?;
        self.files.check()?;
        if self.files.plot.is_some() {
            super::figure::Plot::new(self)?;
        }
        if self.store.folder.is_dir() {
            check_writable(self.store.folder.join("study.json"))?;
        }
        Ok(())
    }

    /// A command for this study, `sweep` or `merge`, with the files that it was given.
    pub fn command(&self, name: &str) -> Vec<String> {
        let mut words = vec!["overlaps".to_string(), name.into(), self.path.display().to_string()];
        for (flag, given) in [("--output", &self.given.csv), ("--plot", &self.given.plot)] {
            words.extend(given.iter().flat_map(|path| [flag.to_string(), path.display().to_string()]));
        }
        words.extend(self.given.drawing.words());
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

    /// The values of the parameters that are not swept.
    pub fn parameters(&self) -> (String, IndexMap<String, Value>) {
        self.work.described()
    }
}

/// The work that a study asks for.
fn work(command: Command, study: &Study, csv: &Path) -> anyhow::Result<Box<dyn Experiment>> {
    macro_rules! work_of {
        ($($name:ident($($csv:ident)?)),*) => {
            match command {
                $(Command::$name(mut command) => {
                    command.values.take(study);
                    command.work($($csv)?)?
                })*
                _ => bail!("`{}` does not fall into cells", study.task.name()),
            }
        };
    }
    let work = work_of!(
        Solve(),
        Critical(),
        Limit(),
        Simulate(csv),
        Check(csv),
        Generate(csv),
        Steps(),
        Uturn(csv),
        Schedule()
    );
    match work.cells() {
        0 => bail!("there is nothing to compute"),
        _ => Ok(work),
    }
}

/// Flags of commands that are not those of a study, and what stands in their place.
const NOT_OPTIONS: [(&[&str], &str); 11] = [
    (&["set", "sweep"], "parameters have the sections [set] and [sweep]"),
    (&["output", "plot"], "`output` and `plot` stand at the top of the file"),
    (&["seeds", "first-seed"], "`seeds` and `first_seed` stand at the top of the file"),
    (&["columns"], "`columns` stands in the section [figure]"),
    (&["title"], "`title` stands at the top of the file, or is given to `overlaps sweep`"),
    (&["figure-size", "columns-wide", "font-size"], "give it to `overlaps sweep`"),
    (&["threads", "quiet"], "give it to `overlaps sweep`"),
    (&["format", "all-rows"], "a study has a CSV"),
    (&["checkpoints", "denoisers"], "what is learnt is kept with the cells of the study"),
    (&["runs"], "a study of `simulate` has the runs as its rows"),
    (&["against", "size", "ignore"], "a study of `check` simulates; measurements are one check"),
];

/// The command with its options, read as its own command line is, and the files that it reads.
fn command(study: &Study, folder: &Path) -> anyhow::Result<(Command, Vec<PathBuf>)> {
    let (name, all) = (study.task.name(), Cli::command());
    let known = all.find_subcommand(name).into_iter().flat_map(|own| own.get_arguments());
    let known: Vec<&Arg> = known.filter(|arg| *arg.get_id() != "given").collect();
    let own = |name: &str| known.iter().find(|arg| *arg.get_id() == name.replace('-', "_").as_str());
    if let Some(key) = study.keys.iter().find(|key| own(&key.name).is_none()) {
        return Err(key.error(format!("`{name}` has no {}; leave it out", key.name)).into());
    }
    if own("system").is_some() && study.said("system").is_none() {
        bail!("`{name}` needs a system: system = \"first-phase\", or the path of an equation file");
    }
    let (mut words, mut inputs) = (vec!["overlaps".to_string(), name.into()], Vec::new());
    for key in study.keys.iter().chain(&study.options) {
        let is_option = study.options.iter().any(|option| option == key);
        if let Some((_, place)) = NOT_OPTIONS.iter().find(|(own, _)| is_option && own.contains(&&*key.name)) {
            return Err(key.error(format!("`{}` is not an option of a study: {place}", key.name)).into());
        }
        let (arg, mut values) = (own(&key.name), key.values.clone());
        // Paths are seen from the study.
        for value in values.iter_mut().flatten() {
            if ["system", "compare"].contains(&&*key.name) {
                *value = value.split(',').map(|system| beside(folder, system)).collect::<Vec<_>>().join(",");
            } else if arg.is_some_and(|arg| arg.get_value_hint() == ValueHint::FilePath) {
                inputs.push(folder.join(&value));
                *value = folder.join(&value).display().to_string();
            }
        }
        // A list is one value with commas, unless the option is repeated.
        let repeated = |arg: &&&Arg| arg.get_value_delimiter().is_none();
        let repeated = arg.filter(repeated).is_some_and(|arg| matches!(arg.get_action(), ArgAction::Append));
        let values = values.map(|values| if repeated { values } else { vec![values.join(",")] });
        match !is_option && arg.is_some_and(|arg| arg.is_positional()) {
            true => words.extend(values.into_iter().flatten()),
            false if values.is_none() => words.push(format!("--{}", key.name)),
            false => words.extend(values.iter().flatten().map(|value| format!("--{}={value}", key.name))),
        }
    }
    let command = Cli::try_parse_from(words).map(Cli::into_command);
    Ok((command.map_err(|error| refused(study, &error))?, inputs))
}

/// What a command line refuses, in a line.
pub fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text.split("\n\nUsage").next().unwrap_or_default().trim_start_matches("error: ");
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ")
}

/// What a command line refuses, at the place in the study where it stands.
fn refused(study: &Study, error: &clap::Error) -> anyhow::Error {
    let said = said(error);
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) => flag.trim_start_matches('-').split([' ', '=']).next(),
        _ => None,
    };
    let option = study.options.iter().find(|option| flag == Some(&option.name));
    match (option, study.keys.iter().find(|key| flag == Some(&key.name))) {
        (Some(option), _) => option.error(format!("[options]: {said}")).into(),
        (None, Some(key)) => key.error(said).into(),
        (None, None) => anyhow!("[options]: {said}"),
    }
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
