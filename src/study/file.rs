//! A study file: which command is to be run, over which values, and where the result goes.
//!
//! It is TOML. What stands under `[set]` and `[sweep]` is what `--set` and `--sweep` would say, `[options]` are the other
//! flags of the command by name, and every `[[zip]]` holds lists that move together.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;
use toml::{Spanned, Value as Toml};

use super::given::{Assignment, MOST_VALUES, Sweep};
use super::slurm;
use super::task::Task;
use crate::diagnostic::{Place, Source};
use crate::input::{LARGEST_TEXT, text_of_file};
use crate::numeric::shortest;
use crate::output::json::number;
use crate::value::Value;

/// What the figure is to show; nothing: what suits the sweeps.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The parameter along the x axis.
    #[serde(default)]
    pub x: Option<String>,
    /// The parameter along the y axis of a map.
    #[serde(default)]
    pub y: Option<String>,
    /// Columns, one panel each.
    #[serde(default)]
    pub columns: Vec<String>,
}

/// A study.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// One line for figures and reports; empty if it has none.
    pub title: String,
    /// The command.
    pub task: Task,
    /// What stands at the top of the file and is said to the command: its system, its model, how many data sets, the first of them.
    pub keys: Vec<Key>,
    /// Fixed parameters.
    pub set: Vec<Assignment>,
    /// Swept parameters, crossed.
    pub sweep: Vec<Sweep>,
    /// Swept parameters that move together, group by group.
    pub zip: Vec<Vec<Sweep>>,
    /// Flags of the command, with their values.
    pub options: Vec<Key>,
    /// The CSV.
    pub output: Option<PathBuf>,
    /// The figure.
    pub plot: Option<PathBuf>,
    /// What it shows.
    pub figure: Shown,
    /// Tasks of the job array.
    pub tasks: Option<usize>,
    /// Directives for Slurm, `#SBATCH --NAME=VALUE`.
    pub slurm: Vec<(String, String)>,
    /// The whole file, for the side file of the result.
    pub content: Json,
}

impl Study {
    /// What stands at the top of it under this name.
    pub fn said(&self, name: &str) -> Option<String> {
        self.keys.iter().find(|key| key.name == name).and_then(Key::text)
    }
}

/// What is said to the command by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The name, as a flag has it: `first-seed`.
    pub name: String,
    /// Its values; none for a flag without.
    pub values: Option<Vec<String>>,
    place: Place,
}

impl Key {
    /// The values as one text.
    pub fn text(&self) -> Option<String> {
        self.values.as_ref().map(|values| values.join(","))
    }

    /// That something is wrong with it.
    pub fn error(&self, message: impl Into<String>) -> StudyError {
        StudyError { message: message.into(), place: Some(Box::new(self.place.clone())) }
    }
}

/// What is wrong with a study file, and where.
#[derive(Debug, Clone)]
pub struct StudyError {
    message: String,
    place: Option<Box<Place>>,
}

impl fmt::Display for StudyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.place.as_ref().map_or(Ok(()), |place| write!(f, "\n{place}"))
    }
}

impl std::error::Error for StudyError {}

type Entries = IndexMap<Spanned<String>, Spanned<Toml>>;

/// The shape of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    title: String,
    command: Task,
    #[serde(default)]
    system: Option<Spanned<String>>,
    #[serde(default)]
    model: Option<Spanned<String>>,
    #[serde(default)]
    seeds: Option<Spanned<u64>>,
    #[serde(default)]
    first_seed: Option<Spanned<u64>>,
    #[serde(default)]
    output: Option<Spanned<String>>,
    #[serde(default)]
    plot: Option<Spanned<String>>,
    #[serde(default)]
    set: Entries,
    #[serde(default)]
    sweep: Entries,
    #[serde(default)]
    zip: Vec<Spanned<Entries>>,
    #[serde(default)]
    options: Entries,
    #[serde(default)]
    figure: Shown,
    #[serde(default)]
    slurm: Entries,
}

/// The entry of the section for Slurm that is no directive.
const TASKS: &str = "tasks";

impl Study {
    /// Reads a study file.
    ///
    /// # Errors
    /// A file that cannot be read, and anything that is wrong with its text.
    pub fn load(path: &Path) -> Result<Study, StudyError> {
        let text = text_of_file(path, LARGEST_TEXT).map_err(|reason| StudyError {
            message: format!("cannot read the study file '{}': {reason}", path.display()),
            place: None,
        })?;
        Study::parse_named(&path.display().to_string(), &text)
    }

    /// Reads the text of a study file.
    ///
    /// # Errors
    /// Anything that is wrong with the text.
    pub fn parse(text: &str) -> Result<Study, StudyError> {
        Study::parse_named("study.toml", text)
    }

    fn parse_named(name: &str, text: &str) -> Result<Study, StudyError> {
        let source = Arc::new(Source { name: name.to_string(), text: text.to_string() });
        let read = Reader { source };
        let content: toml::Table = toml::from_str(text).map_err(|e| read.toml(&e))?;
        let file: File = toml::from_str(text).map_err(|e| read.toml(&e))?;
        read.study(file, json(&Toml::Table(content)))
    }
}

/// Reads values, and knows where they stand.
struct Reader {
    source: Arc<Source>,
}

impl Reader {
    fn error(&self, span: Range<usize>, message: impl Into<String>) -> StudyError {
        StudyError { message: message.into(), place: Some(Box::new(self.source.place(span))) }
    }

    fn toml(&self, error: &toml::de::Error) -> StudyError {
        let message = error.message().trim().replace('\n', " ");
        match error.span() {
            Some(span) => self.error(span, message),
            None => StudyError { message: format!("{}: {message}", self.source.name), place: None },
        }
    }

    fn study(&self, file: File, content: Json) -> Result<Study, StudyError> {
        let path = |path: Option<Spanned<String>>, known: &[&str]| -> Result<Option<PathBuf>, StudyError> {
            let Some(path) = path else { return Ok(None) };
            let (span, path) = (path.span(), PathBuf::from(path.into_inner()));
            match path.extension().is_some_and(|own| known.iter().any(|name| own.eq_ignore_ascii_case(name)))
            {
                true => Ok(Some(path)),
                false => {
                    let known = known.join(" or .");
                    Err(self.error(span, format!("expected the name of a file that ends in .{known}")))
                }
            }
        };
        Ok(Study {
            title: file.title,
            task: file.command,
            keys: [
                file.system.map(|system| self.key("system", system)),
                file.model.map(|model| self.key("model", model)),
                file.seeds.map(|seeds| self.key("seeds", seeds)),
                file.first_seed.map(|seed| self.key("first-seed", seed)),
            ]
            .into_iter()
            .flatten()
            .collect(),
            set: file
                .set
                .iter()
                .map(|(name, value)| self.assignment(name, value))
                .collect::<Result<_, _>>()?,
            sweep: self.sweeps(&file.sweep)?,
            zip: file.zip.iter().map(|group| self.zip(group)).collect::<Result<_, _>>()?,
            options: self.options(&file.options)?,
            output: path(file.output, &["csv"])?,
            plot: path(file.plot, &["svg", "pdf", "png", "pgf"])?,
            figure: file.figure,
            tasks: self.tasks(&file.slurm)?,
            slurm: self.slurm(&file.slurm)?,
            content,
        })
    }

    /// A number or a word.
    fn given(&self, value: &Toml, span: Range<usize>) -> Result<Value, StudyError> {
        match value {
            Toml::Integer(i) if (*i as f64) as i64 == *i => Ok(Value::Number(*i as f64)),
            Toml::Integer(i) => Err(self.error(span, format!("{i} has more digits than a number can hold"))),
            Toml::Float(x) if !x.is_nan() => Ok(Value::Number(*x)),
            Toml::Float(_) => Err(self.error(span, "NaN is not a value that a parameter can take")),
            Toml::String(text) => Value::read(text).map_err(|message| self.error(span, message)),
            Toml::Array(list) => {
                let list: Result<Vec<Value>, _> = list.iter().map(|v| self.given(v, span.clone())).collect();
                Ok(Value::List(list?.into()))
            }
            _ => Err(self.error(span, "expected a number, a word or a list of them")),
        }
    }

    fn assignment(&self, name: &Spanned<String>, value: &Spanned<Toml>) -> Result<Assignment, StudyError> {
        let given = self.given(value.get_ref(), value.span())?;
        Ok(Assignment { name: name.get_ref().clone(), value: given })
    }

    fn list(&self, value: &Spanned<Toml>) -> Result<Vec<Value>, StudyError> {
        match value.get_ref() {
            Toml::Array(values) => values.iter().map(|v| self.given(v, value.span())).collect(),
            _ => Err(self.error(value.span(), "expected a list of values: [8, 16, 32]")),
        }
    }

    /// All sweeps, as many values as memory is meant for.
    fn sweeps(&self, entries: &Entries) -> Result<Vec<Sweep>, StudyError> {
        let mut sweeps: Vec<Sweep> = Vec::new();
        let mut values = 0;
        for (name, value) in entries {
            let sweep = self.sweep(name, value)?;
            values += sweep.values.len();
            if values > MOST_VALUES {
                let message = format!("the sweeps have more than {MOST_VALUES} values together; sweep fewer");
                return Err(self.error(value.span(), message));
            }
            sweeps.push(sweep);
        }
        Ok(sweeps)
    }

    fn sweep(&self, name: &Spanned<String>, value: &Spanned<Toml>) -> Result<Sweep, StudyError> {
        let (name, span) = (name.get_ref(), value.span());
        let sweep = match value.get_ref() {
            Toml::Array(_) => Sweep::over(name, self.list(value)?),
            Toml::String(text) => format!("{name}={text}").parse(),
            _ => Err("expected a list [8, 16, 32], \"START:STOP:COUNT\" or \"log:START:STOP:COUNT\"; one value belongs into [set]".into()),
        };
        sweep.map_err(|message| self.error(span, message))
    }

    fn zip(&self, group: &Spanned<Entries>) -> Result<Vec<Sweep>, StudyError> {
        if group.get_ref().len() < 2 {
            return Err(self.error(group.span(), "[[zip]] holds two lists or more, which move together"));
        }
        let entries = group.get_ref().iter();
        let sweeps: Vec<Sweep> = entries
            .map(|(name, value)| {
                let list = self.list(value)?;
                Sweep::together(name.get_ref(), list).map_err(|message| self.error(value.span(), message))
            })
            .collect::<Result<_, _>>()?;
        let entry = |i: usize| sweeps.iter().filter_map(|s| s.values.get(i)).map(Value::to_string).collect();
        let mut seen: HashSet<Vec<String>> = HashSet::new();
        if let Some(twice) = (0..sweeps[0].values.len()).find(|i| !seen.insert(entry(*i))) {
            let message = format!("entry {} of the lists is the same as an earlier one", twice + 1);
            return Err(self.error(group.span(), message));
        }
        Ok(sweeps)
    }

    fn key(&self, name: &str, value: Spanned<impl ToString>) -> Key {
        let place = self.source.place(value.span());
        Key { name: name.into(), values: Some(vec![value.get_ref().to_string()]), place }
    }

    fn options(&self, entries: &Entries) -> Result<Vec<Key>, StudyError> {
        let mut options = Vec::new();
        for (written, value) in entries {
            let name = written.get_ref().replace('_', "-");
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                let message =
                    format!("`{}` is no flag; expected a name such as tolerance", written.get_ref());
                return Err(self.error(written.span(), message));
            }
            let one = |value: &Toml| self.flag_value(value, written.span());
            let values = match value.get_ref() {
                Toml::Boolean(false) => continue,
                Toml::Boolean(true) => None,
                Toml::Array(values) => Some(values.iter().map(one).collect::<Result<_, _>>()?),
                other => Some(vec![one(other)?]),
            };
            options.push(Key { name, values, place: self.source.place(written.span()) });
        }
        Ok(options)
    }

    fn flag_value(&self, value: &Toml, span: Range<usize>) -> Result<String, StudyError> {
        match value {
            Toml::String(text) => Ok(text.clone()),
            Toml::Integer(i) => Ok(i.to_string()),
            Toml::Float(x) => Ok(shortest(*x)),
            _ => Err(self.error(span, "expected true, false, a number, a text or a list")),
        }
    }

    /// `tasks` in the section for Slurm, which is no directive.
    fn tasks(&self, entries: &Entries) -> Result<Option<usize>, StudyError> {
        let Some((_, value)) = entries.iter().find(|(name, _)| name.get_ref() == TASKS) else {
            return Ok(None);
        };
        match value.get_ref() {
            Toml::Integer(tasks @ 1..=1_000_000) => Ok(Some(*tasks as usize)),
            _ => Err(self.error(value.span(), "the tasks of a job array are a number from 1 to 1000000")),
        }
    }

    fn slurm(&self, entries: &Entries) -> Result<Vec<(String, String)>, StudyError> {
        let mut directives = Vec::new();
        for (name, value) in entries.iter().filter(|(name, _)| name.get_ref() != TASKS) {
            let key = name.get_ref().as_str();
            slurm::check_name(key).map_err(|why| self.error(name.span(), why))?;
            let text = match value.get_ref() {
                Toml::Boolean(true) => String::new(),
                other => self.flag_value(other, value.span())?,
            };
            slurm::check_value(&text).map_err(|why| self.error(value.span(), why))?;
            directives.push((key.to_string(), text));
        }
        Ok(directives)
    }
}

/// TOML as JSON; JSON has no infinities, see [`number`].
fn json(value: &Toml) -> Json {
    match value {
        Toml::String(text) => Json::from(text.as_str()),
        Toml::Integer(i) => Json::from(*i),
        Toml::Float(x) => number(*x),
        Toml::Boolean(yes) => Json::from(*yes),
        Toml::Datetime(time) => Json::from(time.to_string()),
        Toml::Array(values) => values.iter().map(json).collect(),
        Toml::Table(table) => Json::Object(table.iter().map(|(k, v)| (k.clone(), json(v))).collect()),
    }
}
