//! A value of a side file: lists of objects as tables, objects as pairs, everything else as words.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::word;
use crate::verdict::Tone;
use overlaps::name::symbol_of;
use overlaps::numeric::significant;

/// Characters up to which a text in a table stays on one line.
const SHORT: usize = 24;
/// Characters above which a text in a table needs a wide column.
const LONG: usize = 40;
/// Rows and entries that are shown of a list.
const MOST: usize = 200;
/// Objects inside objects that are shown as such; what lies deeper is shown as JSON.
const DEEPEST: usize = 4;

/// Any value.
pub fn value(value: &Value) -> Markup {
    at_depth(value, 0)
}

/// A list of objects as a table.
pub fn objects(values: &[Value]) -> Markup {
    list(values, 0)
}

/// A key in words: `first_seed` is "first seed", `q_eta` is q_η.
pub fn plain(name: &str) -> String {
    symbol_of(name)
}

/// Whether the word of a verdict stands in it.
pub fn has_verdict(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(has_verdict),
        Value::Object(map) => {
            map.get("verdict").is_some_and(Value::is_string) || map.values().any(has_verdict)
        }
        _ => false,
    }
}

fn at_depth(value: &Value, depth: usize) -> Markup {
    match value {
        Value::Array(_) | Value::Object(_) if depth > DEEPEST => html! { code { (value) } },
        Value::Array(values) if values.iter().any(Value::is_object) => list(values, depth),
        Value::Array(values) => html! { (joined(values)) },
        Value::Object(map) => pairs(map, depth),
        Value::String(text) => word(text),
        Value::Number(number) => html! { span title=[full(value)] { (short(number)) } },
        _ => html! { (scalar(value)) },
    }
}

/// A value as text; missing ones are a dash.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => short(number),
        Value::Array(values) => joined(values),
        Value::Object(_) => value.to_string(),
    }
}

/// A number to seven digits; whole numbers in full.
fn short(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => significant(float, 7),
        _ => number.to_string(),
    }
}

/// All digits of a number, where not all are shown.
fn full(value: &Value) -> Option<String> {
    let text = value.to_string();
    (text != scalar(value)).then_some(text)
}

fn joined(values: &[Value]) -> String {
    let mut text = values.iter().take(MOST).map(scalar).collect::<Vec<_>>().join(", ");
    if values.len() > MOST {
        text += &format!(", … ({} in all)", values.len());
    }
    text
}

/// First what is short, then tables and objects under their names.
fn pairs(map: &Map<String, Value>, depth: usize) -> Markup {
    let nested = |value: &Value| match value {
        Value::Object(_) => true,
        Value::Array(values) => values.iter().any(Value::is_object),
        _ => false,
    };
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    html! {
        @if map.values().any(|value| !nested(value) && !empty(value)) {
            table.pairs {
                tbody {
                    @for (name, value) in map.iter().filter(|(_, value)| !nested(value) && !empty(value)).take(MOST) {
                        tr { th scope="row" { (plain(name)) } td { (at_depth(value, depth + 1)) } }
                    }
                }
            }
        }
        @for (name, value) in map.iter().filter(|(_, value)| nested(value)).take(MOST) {
            h4 { (plain(name)) }
            (at_depth(value, depth + 1))
        }
        @if map.len() > MOST { p.quiet { "At most " (MOST) " of each kind are shown, of " (map.len()) "." } }
    }
}

fn list(values: &[Value], depth: usize) -> Markup {
    let shown = &values[..values.len().min(MOST)];
    let mut names: Vec<&String> = Vec::new();
    for name in shown.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        // A key without a single value is no column.
        let said = |value: &Value| value.get(name).is_some_and(|v| !v.is_null() && v.as_str() != Some(""));
        if !names.contains(&name) && shown.iter().any(said) {
            names.push(name);
        }
    }
    let numbers = |name: &str| {
        let told = shown.iter().filter_map(|object| object.get(name)).filter(|value| !value.is_null());
        told.clone().next().is_some() && told.clone().all(Value::is_number)
    };
    // The verdict stands beside what it is said of, where it is seen on a narrow screen too.
    if let Some(place) = names.iter().position(|name| *name == "verdict").filter(|&place| place > 1) {
        let verdict = names.remove(place);
        names.insert(1, verdict);
    }
    html! {
        div.scroll tabindex="0" {
            table.rows data-sortable {
                thead { tr { @for name in &names { th.number[numbers(name)] scope="col" { (plain(name)) } } } }
                tbody {
                    @for object in shown {
                        tr.bad[is_bad(object)] {
                            @for name in &names { (cell(object.get(name.as_str()), depth)) }
                        }
                    }
                }
            }
        }
        @if values.len() > MOST { p.quiet { "The first " (MOST) " of " (values.len()) "." } }
    }
}

fn is_bad(object: &Value) -> bool {
    let status = object.get("status").and_then(Value::as_str);
    status.and_then(Tone::of) == Some(Tone::Bad)
}

fn cell(value: Option<&Value>, depth: usize) -> Markup {
    match value {
        None | Some(Value::Null) => html! { td {} },
        Some(value @ Value::Number(_)) => html! { td.number title=[full(value)] { (scalar(value)) } },
        Some(Value::String(text)) => {
            let length = text.chars().count();
            html! { td.short[length <= SHORT].long[length > LONG] { (word(text)) } }
        }
        Some(value) => html! { td { (at_depth(value, depth + 1)) } },
    }
}
