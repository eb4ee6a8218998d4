//! How far indices run, and which names have them.

use std::collections::HashMap;
use std::sync::Arc;

use super::key::Key;
use crate::diagnostic::Source;
use crate::language::scope::{Meaning, Scope};
use crate::language::{EquationError, Expression, Family, Indices, Problem, names_in};
use crate::name::{canonical, nearest};
use crate::system::schema::{At, File, NumberOrText, Several, Str, Variable, expression_text};
use crate::value::{Value, given};

/// The furthest that an index runs.
const LARGEST_SIZE: f64 = 1000.0;

/// How far indices run.
pub struct Sizes {
    pub sizes: HashMap<String, usize>,
    /// Parameters that say so, in the order in which they are used.
    pub counts: Vec<(String, f64)>,
}

/// How far the indices of a file run at some values of its parameters.
///
/// # Errors
/// What is no name, stands twice, or runs no whole number of steps.
pub fn sizes(file: &File, source: &Arc<Source>, values: &[(String, Value)]) -> Result<Sizes, EquationError> {
    let mut found = Sizes { sizes: HashMap::new(), counts: Vec::new() };
    if file.indices.is_empty() {
        return Ok(found);
    }
    let numbers = numbers(file, source, values)?;
    let structure = |place, message| EquationError::at(source.place(place), Problem::Structure(message));
    for (names, size) in &file.indices {
        let text = expression_text(size, source);
        let expression = Expression::parse(&text)?;
        let mut used = Vec::new();
        names_in(&expression, &mut used);
        let value = expression.number(&numbers);
        let Some(value) = value.filter(|v| v.fract() == 0.0 && (1.0..=LARGEST_SIZE).contains(v)) else {
            let is = match (value, used.iter().find(|name| numbers.count(name).is_none())) {
                (Some(value), _) => format!("{value}"),
                (None, Some(name)) => {
                    let known = file.parameters.keys().map(|n| n.get_ref().as_str());
                    let near =
                        nearest(name, known).map_or(String::new(), |n| format!(" (did you mean `{n}`?)"));
                    format!("made of `{name}`, which is no parameter with a number{near}")
                }
                (None, None) => "no number".into(),
            };
            let message = format!(
                "an index runs from 1 to a whole number of at most {LARGEST_SIZE}, given as a number or by parameters; here it is {is}"
            );
            return Err(structure(size.span(), message));
        };
        for name in names.get_ref().split(',').map(|name| canonical(name.trim())) {
            Scope::default()
                .declare(&name, Meaning::Definition(0))
                .map_err(|problem| EquationError::at(source.place(names.span()), problem))?;
            let other = [&file.control.name].into_iter().chain(plain_names(file));
            if other.into_iter().any(|other| *other.get_ref() == name) || found.sizes.contains_key(&name) {
                let problem = Problem::Duplicate { name, first: "index", second: "something else" };
                return Err(EquationError::at(source.place(names.span()), problem));
            }
            found.sizes.insert(name, value as usize);
        }
        let used = used.into_iter().map(str::to_string).collect();
        for name in with_defaults(used, file, source)? {
            if let (Some(value), false) =
                (numbers.count(&name), found.counts.iter().any(|(known, _)| *known == name))
            {
                found.counts.push((name, value));
            }
        }
    }
    Ok(found)
}

/// Some parameters, and those that their defaults are made of.
fn with_defaults(
    mut names: Vec<String>,
    file: &File,
    source: &Arc<Source>,
) -> Result<Vec<String>, EquationError> {
    let mut next = 0;
    while let Some(name) = names.get(next).cloned() {
        next += 1;
        let Some(parameter) = file.parameters.get(name.as_str()) else { continue };
        if let Several::One(NumberOrText::Text(_)) = parameter.default.get_ref() {
            let expression = Expression::parse(&expression_text(&parameter.one(), source))?;
            let mut used = Vec::new();
            names_in(&expression, &mut used);
            for name in used {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_string());
                }
            }
        }
    }
    Ok(names)
}

/// The names of a file that an index cannot have.
fn plain_names(file: &File) -> impl Iterator<Item = &Str> {
    let named = file.parameters.keys().chain(file.variables.keys()).chain(file.definitions.keys());
    named.chain(file.implicit.keys()).chain(file.unknowns.keys())
}

/// The parameters that are numbers before anything is solved: those given, and defaults that are made of numbers.
fn numbers(file: &File, source: &Arc<Source>, values: &[(String, Value)]) -> Result<Indices, EquationError> {
    let mut known: HashMap<String, f64> = HashMap::new();
    let with = |known: &HashMap<String, f64>| Indices::new(HashMap::new(), HashMap::new(), known.clone());
    for (name, parameter) in &file.parameters {
        let name = name.get_ref();
        if name.contains('[') || parameter.values.is_some() {
            continue;
        }
        let number = match (given(values, name).and_then(Value::number), parameter.default.get_ref()) {
            (Some(number), _) => Some(number),
            (None, Several::One(NumberOrText::Number(number))) => Some(*number),
            (None, Several::One(NumberOrText::Text(text))) => {
                let text = expression_text(
                    &At::new(parameter.default.span(), NumberOrText::Text(text.clone())),
                    source,
                );
                Expression::parse(&text)?.number(&with(&known))
            }
            _ => None,
        };
        known.extend(number.map(|number| (name.clone(), number)));
    }
    Ok(with(&known))
}

/// The names of a file that have indices.
///
/// # Errors
/// Keys that cannot be read, indices that are not declared, pairs that cannot be exchanged.
pub fn families(
    file: &File,
    source: &Arc<Source>,
    sizes: &Sizes,
) -> Result<HashMap<String, Family>, EquationError> {
    let mut families: HashMap<String, Family> = HashMap::new();
    let mut declare = |written: &Str, symmetric: bool, together: bool| -> Result<(), EquationError> {
        let refuse = |what: &str| Err(refuse(source, written, what));
        if !written.get_ref().contains('[') {
            return if symmetric { refuse("is symmetric, but has no indices") } else { Ok(()) };
        }
        let key = Key::read(written, source)?;
        let Some(indices) = key.indices() else {
            return refuse("stands for one of several; declare all: \"m[a]\"");
        };
        if let Some(index) = indices.iter().find(|index| !sizes.sizes.contains_key(*index)) {
            return refuse(&format!(
                "has the index `{index}`, of which [indices] does not say how far it runs"
            ));
        }
        let pair = matches!(&indices[..], [a, b] if sizes.sizes[a] == sizes.sizes[b]);
        if symmetric && !pair {
            return refuse("is symmetric, for which it needs two indices that run equally far");
        }
        match families.insert(key.name, Family { indices, symmetric, together }) {
            None => Ok(()),
            Some(_) => refuse("stands twice"),
        }
    };
    file.parameters.keys().try_for_each(|name| declare(name, false, false))?;
    for (name, variable) in &file.variables {
        let together = matches!(variable.get_ref(), Variable::Table(table) if table.covariance.is_some());
        declare(name, false, together)?;
    }
    let definitions = file.definitions.keys().chain(file.implicit.keys());
    let mut known: Vec<&Str> = file.parameters.keys().chain(file.variables.keys()).collect();
    known.extend(definitions.clone());
    known.extend(file.unknowns.keys());
    definitions.into_iter().try_for_each(|name| declare(name, false, false))?;
    for (name, unknown) in &file.unknowns {
        declare(name, unknown.0.symmetric, false)?;
    }
    // An output may have the name of what it shows, or show one of several.
    let family = |name: &Str| Key::parse(name.get_ref()).filter(|key| key.indices().is_some());
    for name in file.outputs.keys().filter(|name| name.get_ref().contains('[')) {
        let shows = family(name)
            .is_none_or(|own| known.iter().filter_map(|k| family(k)).any(|other| other.name == own.name));
        if !shows {
            declare(name, false, false)?;
        }
    }
    Ok(families)
}

fn refuse(source: &Arc<Source>, written: &Str, what: &str) -> EquationError {
    let message = format!("`{}` {what}", written.get_ref());
    EquationError::at(source.place(written.span()), Problem::Structure(message))
}
