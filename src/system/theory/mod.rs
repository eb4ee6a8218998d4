//! What a user asks for by name: one system, or several on consecutive ranges of the control (`composite`).

mod composite;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::assemble::build;
use super::equations::{Control, Description, Limit, System};
use super::indices::write_out;
use super::library::{self, BUILT_IN};
use super::schema::File;
use crate::diagnostic::Source;
use crate::input::{InputError, LARGEST_TEXT, text_of_file};
use crate::language::error::{EquationError, Problem};
use crate::name::nearest;
use crate::value::{ParameterError, Parameters, Value, each_once, meant, unknown};
use composite::{agree_on_words, composite};

/// A system on a range of the control.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The system.
    pub system: System,
    /// First control value.
    pub from: f64,
    /// Last control value.
    pub to: f64,
}

/// One system, or several on consecutive ranges of the control (a composite).
#[derive(Debug, Clone)]
pub struct Theory {
    /// What the file says about itself.
    pub description: Description,
    /// The control parameter.
    pub control: Control,
    /// The systems; one unless the file is a composite.
    pub pieces: Vec<Piece>,
    /// What the outputs tend to.
    pub limit: Option<Limit>,
    /// Folder of the file: paths in it are relative to that.
    folder: Option<PathBuf>,
    /// The files: its own, then those of its pieces, and the data that they read.
    sources: Vec<Arc<Source>>,
    /// The parameters that say how far its indices run, with the values that they have.
    counts: Vec<(String, Value)>,
}

impl Theory {
    /// Loads a built-in system by name, an equation file by path, or the text of one: what has several lines is the text itself.
    ///
    /// # Errors
    /// No such system or file, or anything that is wrong with the file.
    pub fn load(name: &str) -> Result<Theory, EquationError> {
        match name.contains('\n') {
            true => Theory::parse("equations", name),
            false => Theory::load_beside(name, None, false),
        }
    }

    /// Parses the text of an equation file; `name` stands in messages and tables.
    ///
    /// # Errors
    /// Anything that is wrong with the text.
    pub fn parse(name: &str, text: &str) -> Result<Theory, EquationError> {
        let source = Arc::new(Source { name: name.to_string(), text: text.to_string() });
        Theory::from_source(name, &source, None, false, &[])
    }

    /// Parses a text as that of an equation file at a path: that is its name, and paths in it are relative to its folder.
    ///
    /// # Errors
    /// Anything that is wrong with the text.
    pub fn parse_at(path: &Path, text: &str) -> Result<Theory, EquationError> {
        let source = Arc::new(Source { name: path.display().to_string(), text: text.to_string() });
        Theory::from_source(&stem(path), &source, path.parent(), false, &[])
    }

    /// The parameters that say how far its indices run: they decide what columns there are.
    pub fn counts(&self) -> &[(String, Value)] {
        &self.counts
    }

    /// Whether it is about points at rest of what moves.
    fn is_at_rest(&self) -> bool {
        self.pieces.iter().any(|piece| piece.system.at_rest)
    }

    /// The same with its indices as far as some parameters say.
    ///
    /// # Errors
    /// What is wrong with the file when its indices run that far: lists of another length, sizes that are no whole numbers.
    pub fn resized(self, given: &[(String, Value)]) -> Result<Theory, EquationError> {
        let other = |(name, value): &(String, Value)| {
            given.iter().rev().find(|(own, _)| own == name).is_some_and(|(_, given)| given != value)
        };
        if let Some((name, value)) =
            self.counts.iter().find(|count| other(count)).filter(|_| self.is_at_rest())
        {
            let message = format!(
                "`{name}` says how far an index runs, which has been written out for {name} = {value} before the points at rest were asked for; give it with them"
            );
            return Err(Problem::Structure(message).into());
        }
        match self.sources.first() {
            Some(source) if self.counts.iter().any(other) => {
                Theory::from_source(self.name(), source, self.folder.as_deref(), false, given)
            }
            _ => Ok(self),
        }
    }

    /// `piece`: the file is a piece of a composite, and cannot be one itself.
    fn load_beside(name: &str, folder: Option<&Path>, piece: bool) -> Result<Theory, EquationError> {
        if let Some(built_in) = library::find(name) {
            return Theory::from_source(name, &built_in.source(), None, piece, &[]);
        }
        let looks_like_path = name.contains(['/', '\\']) || name.ends_with(".toml");
        if !looks_like_path {
            let nearest = nearest(name, BUILT_IN.iter().map(|built_in| built_in.name));
            return Err(Problem::UnknownSystem { name: name.to_string(), nearest }.into());
        }
        let path = match folder {
            Some(folder) if Path::new(name).is_relative() => folder.join(name),
            _ => Path::new(name).to_path_buf(),
        };
        let unreadable =
            |reason: String| EquationError::from(Problem::Unreadable { path: path.clone(), reason });
        let text = text_of_file(&path, LARGEST_TEXT).map_err(|error| match error {
            InputError::Unreadable(reason) => unreadable(reason.to_string()),
            error => unreadable(format!("{error}; an equation file is a TOML text file")),
        })?;
        let source = Arc::new(Source { name: path.display().to_string(), text });
        Theory::from_source(&stem(&path), &source, path.parent(), piece, &[])
    }

    fn from_source(
        name: &str,
        source: &Arc<Source>,
        folder: Option<&Path>,
        piece: bool,
        given: &[(String, Value)],
    ) -> Result<Theory, EquationError> {
        let file = File::parse(source)?;
        if !file.piece.is_empty() && piece {
            return Err(
                Problem::Structure("a piece of a composite cannot itself be a composite".into()).into()
            );
        }
        if !file.piece.is_empty() {
            return composite(name, &file, source, folder, given);
        }
        let written_out = write_out(file, source, folder, given)?;
        let system = build(name, &written_out, source)?;
        let (from, to) = (system.control.from, system.control.to);
        Ok(Theory {
            description: system.description.clone(),
            control: system.control.clone(),
            limit: system.limit.clone(),
            folder: folder.map(Path::to_path_buf),
            pieces: vec![Piece { system, from, to }],
            sources: [source.clone()].into_iter().chain(written_out.data).collect(),
            counts: written_out.counts,
        })
    }

    /// The same with its file read as that of another system, after its indices have been written out.
    pub(super) fn reread(&self, as_other: impl FnOnce(&mut File)) -> Result<Theory, EquationError> {
        let source = &self.sources[0];
        let mut written_out = write_out(File::parse(source)?, source, self.folder.as_deref(), &self.counts)?;
        as_other(&mut written_out.file);
        let system = build(self.name(), &written_out, source)?;
        let (control, description) = (system.control.clone(), system.description.clone());
        let pieces = vec![Piece { from: control.from, to: control.to, system }];
        Ok(Theory { description, control, pieces, limit: None, ..self.clone() })
    }

    /// The texts that say what is solved: that of the file, then those of its pieces.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.text.as_str())
    }

    /// Loads the system that describes the limit.
    ///
    /// # Errors
    /// No such system, or anything that is wrong with its file.
    pub fn load_limit(&self, limit: &Limit) -> Result<Theory, EquationError> {
        Theory::load_beside(&limit.system, self.folder.as_deref(), false)?.resized(&self.counts)
    }

    /// The name by which it was asked for.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// Whether it has more than one piece.
    pub fn is_composite(&self) -> bool {
        self.pieces.len() > 1
    }

    /// The parameters of its pieces.
    pub fn known(&self) -> impl Iterator<Item = Parameters<'_>> {
        self.pieces.iter().map(|piece| Parameters { whose: self.name(), all: &piece.system.parameters })
    }

    /// Names of all parameters of all pieces, each once.
    pub fn parameter_names(&self) -> Vec<&str> {
        each_once(self.known().flat_map(|known| known.all).map(|parameter| parameter.name.as_str()))
    }

    /// Checks that no parameter is a word in one of these theories and a number in another.
    ///
    /// # Errors
    /// The first that is.
    pub fn agree_on_words<'t>(theories: impl IntoIterator<Item = &'t Theory>) -> Result<(), EquationError> {
        agree_on_words(theories.into_iter().flat_map(|t| &t.pieces))
    }

    /// The parameter or the control that is meant, as the files spell it: Greek letters may be written or spelled (λ, lambda).
    ///
    /// # Errors
    /// A name that none of the theories has.
    pub fn parameter_meant(theories: &[Theory], given: &str) -> Result<String, ParameterError> {
        let control = theories.first().map(|theory| theory.control.name.as_str());
        Ok(meant(given, control, theories.iter().flat_map(Theory::known))?.name)
    }

    /// Checks that a name is a parameter of some piece.
    ///
    /// # Errors
    /// An unknown name; the nearest is suggested.
    pub fn check_parameter_name(&self, name: &str) -> Result<(), ParameterError> {
        match self.parameter_names().contains(&name) {
            true => Ok(()),
            false => Err(unknown(name, Some(&self.control.name), &self.known().collect::<Vec<_>>())),
        }
    }

    /// Checks the given values in every piece.
    ///
    /// # Errors
    /// The first value outside its domain.
    pub fn check_values(&self, given: &[(String, Value)]) -> Result<(), EquationError> {
        for (name, value) in &self.counts {
            if let Some((_, other)) =
                given.iter().rev().find(|(own, _)| own == name).filter(|(_, g)| g != value)
            {
                return Err(Problem::Structure(format!(
                    "{name} = {other}: `{name}` says how far an index of {} runs, which has been written out for {value}; resize the theory first",
                    self.name()
                ))
                .into());
            }
        }
        for piece in &self.pieces {
            piece.system.check(given)?;
        }
        Ok(())
    }

    /// Output columns of all pieces in the order of first appearance: (column, name, meaning).
    pub fn output_columns(&self) -> Vec<(&str, &str, &str)> {
        let mut columns: Vec<(&str, &str, &str)> = Vec::new();
        for output in self.pieces.iter().flat_map(|p| &p.system.outputs) {
            if !columns.iter().any(|(c, _, _)| *c == output.column) {
                columns.push((&output.column, &output.name, &output.meaning));
            }
        }
        columns
    }

    /// Whether any piece has an energy (or a selection).
    pub fn has_energy(&self) -> bool {
        self.pieces.iter().any(|p| p.system.equation_roots.energy.is_some())
    }
}

/// The name of an equation file: that of the file without its extension.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
