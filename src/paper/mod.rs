//! The statements of papers as data: a papers file says where a statement stands, what it says, and how it is decided from
//! numbers that were measured.
//!
//! `schema` reads the TOML, `statement` compiles and decides, `template` writes what was found. What is measured is made
//! elsewhere and comes as a [`Table`](crate::output::Table): columns are the names that a statement uses.

mod schema;
mod statement;
mod template;

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Source, Text};
use crate::language::{EquationError, Problem};
use crate::name::{did_you_mean, nearest};
use crate::system::schema::{Str, read, text};
use schema::{Check, File, Several, Stated};
pub use statement::{Decided, Statement};

/// Names and texts of the papers that are built into the program.
pub const PAPERS: &[(&str, &str)] = &[
    ("2405.17580", include_str!("../../papers/2405.17580.toml")),
    ("2412.07972", include_str!("../../papers/2412.07972.toml")),
    ("2501.00988", include_str!("../../papers/2501.00988.toml")),
];

/// A paper with its statements.
///
/// ```
/// use overlaps::paper::Paper;
///
/// let paper = Paper::load("2412.07972")?;
/// let said: Vec<&str> = paper.statements("result-3").map(|statement| statement.says()).collect();
/// assert_eq!(said[0], "along μ: O(1/n)");
/// # Ok::<(), overlaps::language::EquationError>(())
/// ```
#[derive(Debug)]
pub struct Paper {
    /// What it is about.
    pub title: String,
    /// Where it is found.
    pub source: String,
    /// The tables of results about it.
    pub tables: Vec<PaperTable>,
    file: File,
    text: Arc<Source>,
    definitions: HashMap<String, Text>,
}

/// A table of results about a paper.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperTable {
    /// Its name, and that of its files.
    pub name: String,
    /// What it has.
    pub about: String,
    /// The command that makes it, where that is another one than `overlaps reproduce NAME`.
    pub command: Option<String>,
}

/// Learnt networks at some settings, beside two versions of a theory.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// The system as printed.
    pub printed: String,
    /// The system as derived.
    pub derived: String,
    /// Times at which overlaps are measured.
    pub times: Vec<f64>,
    /// The parameters of every setting.
    pub settings: Vec<Vec<(String, f64)>>,
    /// The parameter that goes to infinity.
    pub limit: String,
}

impl Paper {
    /// A paper that is built in.
    ///
    /// # Errors
    /// No such paper.
    pub fn load(name: &str) -> Result<Paper, EquationError> {
        let name = name.strip_prefix("arXiv:").unwrap_or(name);
        let names = || PAPERS.iter().map(|(name, _)| *name);
        let Some((name, text)) = PAPERS.iter().find(|(known, _)| *known == name) else {
            let (hint, known) = (did_you_mean(name, names()), names().collect::<Vec<_>>().join(", "));
            return Err(Problem::Structure(format!("no paper `{name}`{hint}; papers are {known}")).into());
        };
        Paper::parse(&format!("papers/{name}.toml"), text)
    }

    /// Reads the text of a papers file; `name` stands in messages.
    ///
    /// # Errors
    /// Anything that is wrong with its shape, at its place. Formulas are compiled where the columns are known that they
    /// use, by [`Statement::decide`].
    pub fn parse(name: &str, text_of_file: &str) -> Result<Paper, EquationError> {
        let source = Arc::new(Source { name: name.to_string(), text: text_of_file.to_string() });
        let file: File = read(&source)?;
        let definitions =
            file.definitions.iter().map(|(n, value)| (n.get_ref().clone(), text(value, &source))).collect();
        let tables = file.table.iter().map(|table| PaperTable {
            name: table.name.get_ref().clone(),
            about: table.about.clone(),
            command: table.command.clone(),
        });
        let paper = Paper {
            title: file.title.clone(),
            source: file.source.clone(),
            tables: tables.collect(),
            file,
            text: source,
            definitions,
        };
        paper.file.claim.iter().try_for_each(|stated| paper.check(stated.get_ref()))?;
        Ok(paper)
    }

    /// The statements that have a row in a table, in the order of the file.
    pub fn statements(&self, table: &str) -> impl Iterator<Item = Statement<'_>> {
        self.all().filter(move |s| s.stated.table.as_ref().is_some_and(|name| name.get_ref() == table))
    }

    /// The statements about some numbers that have a row wherever these are made.
    pub fn statements_of(&self, numbers: &str) -> impl Iterator<Item = Statement<'_>> {
        self.all().filter(move |s| s.stated.table.is_none() && s.of() == numbers)
    }

    fn all(&self) -> impl Iterator<Item = Statement<'_>> {
        self.file.claim.iter().map(|stated| Statement { paper: self, stated: stated.get_ref() })
    }

    /// What is simulated under a name.
    pub fn simulation(&self, name: &str) -> Option<Simulation> {
        let found = self.file.simulation.get(name)?.get_ref();
        let fixed = found.set.iter().map(|(name, x)| (name.get_ref().clone(), x.0));
        let mut settings: Vec<Vec<(String, f64)>> = vec![fixed.collect()];
        for (name, values) in &found.sweep {
            let with = |setting: Vec<(String, f64)>| {
                values.iter().map(move |x| {
                    setting.iter().cloned().chain([(name.get_ref().clone(), x.0)]).collect::<Vec<_>>()
                })
            };
            settings = settings.into_iter().flat_map(with).collect();
        }
        Some(Simulation {
            printed: found.printed.clone(),
            derived: found.derived.clone(),
            times: found.t.iter().map(|t| t.0).collect(),
            settings,
            limit: found.limit.get_ref().clone(),
        })
    }

    fn structure(&self, span: std::ops::Range<usize>, message: impl Into<String>) -> EquationError {
        EquationError::at(self.text.place(span), Problem::Structure(message.into()))
    }

    /// Whether the parts of a statement belong together.
    fn check(&self, stated: &Stated) -> Result<(), EquationError> {
        let known = || self.tables.iter().map(|table| table.name.as_str());
        let unknown = |table: &&Str| !known().any(|name| name == table.get_ref());
        if let Some(table) = stated.table.as_ref().filter(unknown) {
            let (name, nearest) = (table.get_ref().clone(), nearest(table.get_ref(), known()));
            return Err(EquationError::at(
                self.text.place(table.span()),
                Problem::UnknownName { name, nearest },
            ));
        }
        let simulated = self.simulation(stated.of.get_ref());
        let check = stated.check.get_ref();
        let span = stated.check.span();
        let Some(quantity) = &check.quantity else {
            return Err(self.structure(span, "`quantity` is missing: the column that is measured"));
        };
        let quantities = quantity.get_ref().values().len();
        for (check, span) in [Some((check, span)), stated.derived.as_ref().map(|d| (d.get_ref(), d.span()))]
            .into_iter()
            .flatten()
        {
            self.check_parts(check, span, quantities, simulated.is_some())?;
        }
        match simulated.filter(|found| !found.settings.iter().flatten().any(|(name, _)| *name == found.limit))
        {
            None => Ok(()),
            Some(found) => {
                let message = format!("{} goes to infinity, and is not among the parameters", found.limit);
                Err(self.structure(stated.of.span(), message))
            }
        }
    }

    fn check_parts(
        &self,
        check: &Check,
        span: std::ops::Range<usize>,
        quantities: usize,
        simulated: bool,
    ) -> Result<(), EquationError> {
        let relations: Vec<&toml::Spanned<Several>> = check.relations().map(|(_, to)| to).collect();
        match relations.as_slice() {
            [] if simulated => {}
            [_] if simulated && check.equals.is_some() && check.measured => {}
            _ if simulated => {
                let message = "what is simulated is compared with the printed system; `equals` with `measured = true` compares it with a formula of measured values too";
                return Err(self.structure(span, message));
            }
            [_] if !check.measured => {}
            _ => {
                let message = "a statement has one of `equals`, `at_most`, `at_least`, `below` and `above`; `measured` belongs to simulations";
                return Err(self.structure(span, message));
            }
        }
        let count = |several: &toml::Spanned<Several>| several.get_ref().values().len();
        for several in relations.into_iter().chain(&check.error) {
            if ![1, quantities].contains(&count(several)) {
                let message = format!("one for each of {quantities} quantities is needed, or one for all");
                return Err(self.structure(several.span(), message));
            }
        }
        if let Some(level) = &check.level
            && (check.within.is_some() || check.equals.is_none())
        {
            let message =
                "`level` is for `equals` without `within`: chance decides, or the width that is left";
            return Err(self.structure(level.span(), message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_papers_are_read() {
        for (name, _) in PAPERS {
            let paper = Paper::load(name).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(paper.source, format!("arXiv:{name}"));
            assert!(paper.all().count() > 0 && !paper.tables.is_empty());
        }
        let error = Paper::load("2412.07927").unwrap_err().to_string();
        assert!(error.contains("did you mean `2412.07972`?"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_shown_at_its_place() {
        let head = "title = \"x\"\nsource = \"y\"\n[[table]]\nname = \"rates\"\nabout = \"z\"\n";
        let claim = |table: &str, check: &str| {
            format!(
                "{head}[[claim]]\ntable = \"{table}\"\nof = \"r\"\nwhere = \"w\"\nsays = \"s\"\ncheck = {check}\n"
            )
        };
        for (file, part) in [
            (claim("ratse", "{ quantity = \"x\", equals = 1 }"), "x.toml:7:9"),
            (claim("ratse", "{ quantity = \"x\", equals = 1 }"), "did you mean `rates`?"),
            (claim("rates", "{ equals = 1 }"), "`quantity` is missing"),
            (claim("rates", "{ quantity = \"x\" }"), "x.toml:11:9"),
            (claim("rates", "{ quantity = \"x\", equals = 1, below = 2 }"), "one of `equals`"),
            (claim("rates", "{ quantity = \"x\", equals = [1, 2] }"), "one for each of 1"),
            (claim("rates", "{ quantity = \"x\", below = 1, level = 0.05 }"), "chance decides"),
            (claim("rates", "{ quantity = \"x\", equal = 1 }"), "unknown field `equal`"),
            ("claim = 3\n".to_string() + head, "x.toml:1:9"),
        ] {
            let error = Paper::parse("x.toml", &file).unwrap_err().to_string();
            assert!(error.contains(part), "{file}: {error}");
        }
    }
}
