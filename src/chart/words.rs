//! What a figure is of, in a line.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::model::Description;
use crate::name::symbol_of;
use crate::output::{Cell, Column, Role, is_written_out};
use crate::study::Plan;
use crate::system::Theory;

/// Names with their values: p = 0.8, σ = 1.
pub fn in_words<'n>(all: impl IntoIterator<Item = (&'n str, Cell)>) -> String {
    let all = all.into_iter().map(|(name, value)| format!("{} = {}", symbol_of(name), value.short()));
    all.collect::<Vec<_>>().join(", ")
}

/// What tells rows apart: the values of parameters, the words of labels.
pub(super) fn label(columns: &[Column], places: &[usize], row: &[Cell]) -> String {
    let word = |place: &usize| match (&columns[*place], row[*place].short()) {
        (heading, value) if heading.role == Role::Label => value,
        (heading, value) => format!("{} = {value}", heading.symbol),
    };
    let words = places.iter().map(word).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(", ")
}

/// The values of the parameters of theories that are the same for all lines; words only where they are not the default.
pub fn of_theories(theories: &[Theory], plan: &Plan) -> String {
    let mut shown: IndexMap<&str, Cell> = IndexMap::new();
    for system in theories.iter().flat_map(|t| &t.pieces).map(|p| &p.system) {
        for (parameter, value) in system.parameters.iter().zip(system.parameter_values(&plan.fixed)) {
            let name = parameter.name.as_str();
            let given = plan.fixed.iter().any(|(n, _)| n == name);
            let swept = plan.swept.iter().any(|s| s.name == name);
            let value = Cell::from(&parameter.value(value));
            let usual = !parameter.words.is_empty() && value.to_string() == parameter.default_text;
            if !swept && (given || !parameter.follows()) && !usual {
                shown.entry(name).or_insert(value);
            }
        }
    }
    in_words(shown)
}

/// The parameters of a model in a line; words only where they are not the default.
pub fn of_model(parameters: &IndexMap<String, Json>, description: &Description) -> String {
    let usual = |name: &str, value: &str| {
        let own = description.parameters.iter().find(|parameter| parameter.name == name);
        own.is_some_and(|own| !own.words.is_empty() && own.default_text == value)
    };
    let fixed: Vec<String> = parameters
        .iter()
        .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), String::from)))
        .filter(|(name, text)| !usual(name, text))
        .map(|(name, text)| {
            let value = match text.parse::<f64>() {
                Ok(value) if !is_written_out(value) => Cell::from(value).short(),
                Ok(_) => text,
                Err(_) => Cell::from(text.as_str()).short(),
            };
            format!("{} = {value}", symbol_of(name))
        })
        .collect();
    fixed.join(", ")
}
