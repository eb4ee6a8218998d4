//! The names of an equation file: what each means, words as values of parameters, columns.

use std::collections::HashMap;

use super::{Builder, Written};
use crate::language::error::{EquationError, Problem};
use crate::language::graph::MAX_NORMALS;
use crate::language::scope::{Definition, HIDDEN, Meaning, Scope, Solved, names_in, together};
use crate::name::{ascii_name, did_you_mean, is_identifier, is_word, nearest};
use crate::system::schema::{self, Str};

impl Builder<'_> {
    /// Declares all names, in the order in which a reader meets them.
    pub(super) fn scope(&self, first_unknown: usize) -> Result<Scope, EquationError> {
        let file = self.file;
        let mut scope = Scope::default();
        let declare = |scope: &mut Scope, name: &Str, meaning: Meaning| {
            scope.declare(name.get_ref(), meaning).map_err(|problem| self.error(name.span(), problem))
        };
        declare(&mut scope, &file.control.name, Meaning::Control(first_unknown - 1))?;
        for (symbol, (name, entry)) in file.parameters.iter().enumerate() {
            let meaning = match self.words(name, entry)? {
                Some((words, _)) => Meaning::Word { symbol, count: words.len() },
                None => Meaning::Parameter(symbol),
            };
            declare(&mut scope, name, meaning)?;
        }
        let (mut discrete, mut normal) = (0, 0);
        for (name, entry) in &file.variables {
            match entry.get_ref() {
                schema::Variable::Table(table) if self.is_discrete(name.get_ref(), entry, table)? => {
                    declare(&mut scope, name, Meaning::Discrete(discrete))?;
                    discrete += 1;
                }
                schema::Variable::Table(_) => {
                    if normal == MAX_NORMALS {
                        let message = format!("there are more than {MAX_NORMALS} continuous variables");
                        return Err(self.structure(name.span(), message));
                    }
                    declare(&mut scope, name, Meaning::Measure(normal))?;
                    let hidden = format!("{}{HIDDEN}", name.get_ref());
                    let declared = scope.declare(&hidden, Meaning::Normal(normal));
                    declared.map_err(|problem| self.error(name.span(), problem))?;
                    normal += 1;
                }
                schema::Variable::Named(kind) if kind == "normal" => {
                    if normal == MAX_NORMALS {
                        let message = format!("there are more than {MAX_NORMALS} normal variables");
                        return Err(self.structure(name.span(), message));
                    }
                    declare(&mut scope, name, Meaning::Normal(normal))?;
                    normal += 1;
                }
                schema::Variable::Named(other) => {
                    let message = format!(
                        "a variable is \"normal\" or a table {{ values = […], weights = […] }}, {{ uniform = [from, to] }} and the like, not \"{other}\""
                    );
                    return Err(self.structure(entry.span(), message));
                }
            }
        }
        for (i, name) in file.unknowns.keys().enumerate() {
            declare(&mut scope, name, Meaning::Unknown(first_unknown + i))?;
        }
        let definitions = self.definitions()?;
        let places: HashMap<&str, usize> = definitions.iter().map(|d| d.name.as_str()).zip(0..).collect();
        for name in file.definitions.keys().chain(file.implicit.keys()) {
            let place = places.get(name.get_ref().as_str()).copied().unwrap_or_default();
            declare(&mut scope, name, Meaning::Definition(place))?;
        }
        scope.definitions = definitions;
        scope.check_definitions()?;
        Ok(scope)
    }

    /// Definitions in the order of the file, each implicit one, with those that depend on it in turn, after the last of those that it uses.
    fn definitions(&self) -> Result<Vec<Definition>, EquationError> {
        let mut definitions = Vec::new();
        for (name, written) in &self.file.definitions {
            let Written { text, expression } = self.parse(written)?;
            let name = name.get_ref().clone();
            definitions.push(Definition { name, text, expression, shape: None, solved: None });
        }
        let implicit: Vec<Definition> = self
            .file
            .implicit
            .iter()
            .map(|(name, entry)| self.implicit(name, entry))
            .collect::<Result<_, _>>()?;
        for (i, mut with) in together(&implicit).into_iter().enumerate() {
            with.sort_unstable();
            if with.first() != Some(&i) {
                continue;
            }
            let uses: Vec<&str> = with.iter().flat_map(|j| implicit[*j].uses()).collect();
            let last = definitions.iter().rposition(|d: &Definition| uses.contains(&d.name.as_str()));
            let place = last.map_or(0, |last| last + 1);
            definitions.splice(place..place, with.into_iter().map(|j| implicit[j].clone()));
        }
        Ok(definitions)
    }

    fn implicit(
        &self,
        name: &Str,
        entry: &schema::At<schema::Implicit>,
    ) -> Result<Definition, EquationError> {
        let schema::Implicit { equation, minimise, convex, range } = entry.get_ref();
        let name = name.get_ref().clone();
        let (written, minimise) = match (equation, minimise) {
            (Some(equation), None) => (self.parse(equation)?, false),
            (None, Some(minimise)) => (self.parse(minimise)?, true),
            _ => {
                let message = format!(
                    "`{name}` needs either `equation = \"…\"`, which is to vanish, or `minimise = \"…\"`"
                );
                return Err(self.structure(entry.span(), message));
            }
        };
        if let (false, Some(convex)) = (minimise, convex) {
            let message = format!("`{name}` solves an equation; `convex` goes with `minimise`");
            return Err(self.structure(convex.span(), message));
        }
        let convex = convex.as_ref().is_none_or(|convex| *convex.get_ref());
        let range = match range.as_deref() {
            None => None,
            Some([from, to]) => {
                let [from, to] = [self.parse_value(from)?, self.parse_value(to)?];
                Some([from, to].map(|end| (end.text, end.expression)))
            }
            Some(_) => {
                return Err(
                    self.structure(entry.span(), format!("the range of `{name}` is a pair [from, to]"))
                );
            }
        };
        let Written { text, expression } = written;
        let mut own = Vec::new();
        names_in(&expression, &mut own);
        if !own.contains(&name.as_str()) {
            let message = format!("`{name}` does not stand in what is to determine it");
            return Err(text.error(expression.span.clone(), Problem::Structure(message)));
        }
        for (text, end) in range.iter().flatten() {
            let mut own = Vec::new();
            names_in(end, &mut own);
            if own.contains(&name.as_str()) {
                let message = format!("`{name}` stands in its own range");
                return Err(text.error(end.span.clone(), Problem::Structure(message)));
            }
        }
        Ok(Definition {
            name,
            text,
            expression,
            shape: None,
            solved: Some(Solved { minimise, convex, range, with: Vec::new() }),
        })
    }

    /// The words that are the values of a parameter, and the place of its default among them; none if its values are
    /// numbers.
    pub(super) fn words(
        &self,
        name: &Str,
        entry: &schema::Parameter,
    ) -> Result<Option<(Vec<String>, usize)>, EquationError> {
        let Some(values) = &entry.values else { return Ok(None) };
        let name = name.get_ref();
        if values.get_ref().is_empty() {
            return Err(
                self.structure(values.span(), format!("`{name}` needs at least one word as its value"))
            );
        }
        let mut words: Vec<String> = Vec::new();
        for value in values.get_ref() {
            let word = value.get_ref();
            if !is_word(word) {
                let message = format!(
                    "`{word}` is not a word that a value can be; use ASCII letters, digits and _, a letter first, and nothing that reads as a number"
                );
                return Err(self.structure(value.span(), message));
            }
            if words.contains(word) {
                let message = format!("`{word}` stands twice among the values of `{name}`");
                return Err(self.structure(value.span(), message));
            }
            words.push(word.clone());
        }
        if let Some(domain) = &entry.domain {
            let message =
                format!("`{name}` has a list of words as its values, and takes no other; leave out `domain`");
            return Err(self.structure(domain.span(), message));
        }
        let default = match entry.one().get_ref() {
            schema::NumberOrText::Text(text) => text.clone(),
            schema::NumberOrText::Number(number) => number.to_string(),
        };
        let Some(place) = words.iter().position(|word| *word == default) else {
            let hint = did_you_mean(&default, words.iter().map(String::as_str));
            let message = format!(
                "the default `{default}` of `{name}` is none of its values{hint}, which are {}",
                words.join(", ")
            );
            return Err(self.structure(entry.default.span(), message));
        };
        Ok(Some((words, place)))
    }

    /// Columns must have distinct ASCII names, and an output may not hide a parameter or an unknown.
    pub(super) fn check_columns(&self, scope: &Scope) -> Result<(), EquationError> {
        let file = self.file;
        let reserved = ["piece", "branch", "system", "energy", "residual", "quadrature_error", "curvature"];
        let reserved = reserved.iter().chain(&["rule", "nodes", "iterations", "status", "verify_difference"]);
        let mut taken: Vec<(String, &'static str)> =
            reserved.map(|r| (r.to_string(), "column of every table")).collect();
        let named = [&file.control.name]
            .into_iter()
            .map(|n| (n, "control parameter"))
            .chain(file.parameters.keys().map(|n| (n, "parameter")))
            .chain(file.unknowns.keys().map(|n| (n, "unknown")))
            .chain(file.outputs.keys().map(|n| (n, "output")));
        for (name, kind) in named {
            let Some(column) = ascii_name(name.get_ref()) else {
                let spelled = name.get_ref().clone();
                let whole = is_identifier(&spelled);
                let problem = if whole { Problem::NoSpelling(spelled) } else { Problem::BadName(spelled) };
                return Err(self.error(name.span(), problem));
            };
            if let Some((_, first)) = taken.iter().find(|(t, _)| *t == column) {
                let problem = Problem::Duplicate { name: column, first, second: kind };
                return Err(self.error(name.span(), problem));
            }
            taken.push((column, kind));
            // The name of an output must be an identifier, but may be that of a definition.
            if kind == "output" && scope.meaning(name.get_ref()).is_none() {
                Scope::default()
                    .declare(name.get_ref(), Meaning::Definition(0))
                    .map_err(|problem| self.error(name.span(), problem))?;
            }
        }
        if let Some(plot) = &file.plot {
            for column in &plot.columns {
                if !taken
                    .iter()
                    .any(|(t, kind)| t == column.get_ref() && matches!(*kind, "unknown" | "output"))
                {
                    let outputs = taken.iter().filter(|(_, k)| matches!(*k, "unknown" | "output"));
                    let near = nearest(column.get_ref(), outputs.map(|(t, _)| t.as_str()));
                    let problem = Problem::UnknownName { name: column.get_ref().clone(), nearest: near };
                    return Err(self.error(column.span(), problem));
                }
            }
        }
        Ok(())
    }
}
