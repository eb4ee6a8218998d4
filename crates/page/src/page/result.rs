//! The section of one result.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use super::table::table;
use super::value::{has_verdict, objects, plain, scalar, value};
use super::{figure, summary};
use crate::Entry;
use crate::attachment::size;
use crate::side::{Side, without_name};
use overlaps::name::symbol_of;

/// Keys of a side file that the table itself tells.
const TOLD_BY_THE_TABLE: [&str; 2] = ["rows", "rows_not_converged"];

/// The section of a result; `commands` says what each command is for.
pub fn section(entry: &Entry, commands: &[(String, String)]) -> Markup {
    let side = entry.side.as_ref();
    let in_text = entry.text.as_ref().is_some_and(|text| text.has_figure);
    html! {
        section.result id=(entry.id) aria-labelledby={ (entry.id) "-title" } {
            h2 id={ (entry.id) "-title" } {
                (entry.title) " " a.anchor href={ "#" (entry.id) } aria-label="Link to this result" { "#" }
            }
            p.lede {
                code { (entry.name) }
                @if let Some(side) = side { (what(side, commands)) }
            }
            @if !entry.apart.is_empty() { p.apart { (entry.apart.join(", ")) } }
            div.summary { (summary(entry)) }
            @for warning in &entry.warnings { p.warning { strong { "Not read in full. " } (warning) } }
            @if let Some(command) = &entry.command {
                div.command { pre tabindex="0" { code { (command) } } }
            }
            @if let Some(drawing) = entry.drawing.as_ref().filter(|_| !in_text) {
                figure { (figure(drawing, &format!("Figure: {}", entry.title))) }
            }
            @if let Some(text) = &entry.text { div.text { (PreEscaped(&text.html)) } }
            @if let Some(side) = side {
                (verdicts(side))
                (events(side))
                (settings(side))
            }
            @if let Some(numbers) = &entry.numbers { (table(entry, numbers)) }
            (files(entry))
        }
    }
}

/// What a result is: its system, and what the command does that made it.
fn what(side: &Side, commands: &[(String, String)]) -> Markup {
    let name = side.command.get(1).map(String::as_str).unwrap_or_default();
    let about = commands.iter().find(|(command, _)| command == name).map(|(_, about)| about);
    html! {
        @if !side.system.is_empty() { " · system " code { (side.system) } }
        @if let Some(about) = about { " · " code { "overlaps " (name) } ": " (about) }
    }
}

/// The parts of a side file in which verdicts stand.
fn verdicts(side: &Side) -> Markup {
    html! {
        @for (name, content) in side.rest.iter().filter(|(_, content)| has_verdict(content)) {
            h3 { (heading(name)) }
            (value(content))
        }
    }
}

/// Changes and ends of branches.
fn events(side: &Side) -> Markup {
    html! {
        @if !side.events.is_empty() {
            h3 { "Changes and ends of branches" }
            (objects(&side.events))
        }
    }
}

/// Parameters, sweeps, and whatever else the side file says, folded where it is long.
fn settings(side: &Side) -> Markup {
    let rest = || {
        side.rest.iter().filter(|(name, content)| {
            !has_verdict(content) && !TOLD_BY_THE_TABLE.contains(&name.as_str()) && !nothing(content)
        })
    };
    let small = || rest().filter(|(_, content)| !content.is_object() && !is_table(content));
    let large = || rest().filter(|(_, content)| content.is_object() || is_table(content));
    html! {
        div.columns {
            @if !side.parameters.is_empty() || !side.sweeps.is_empty() {
                div {
                    h3 { "Parameters" }
                    table.pairs {
                        thead { tr { th scope="col" { "symbol" } th scope="col" { "name" } th scope="col" { "value" } } }
                        tbody {
                            @for (name, content) in &side.sweeps {
                                tr { (named(name)) td.swept { "swept: " (swept(name, content)) } }
                            }
                            @for (name, content) in side.parameters.iter().filter(|(n, _)| !side.sweeps.contains_key(*n)) {
                                tr { (named(name)) td { (value(content)) } }
                            }
                        }
                    }
                }
            }
            @if small().next().is_some() {
                div {
                    h3 { "Settings" }
                    table.pairs {
                        tbody {
                            @for (name, content) in small() { tr { th scope="row" { (plain(name)) } td { (value(content)) } } }
                        }
                    }
                }
            }
            @for (name, content) in large() {
                div.(if is_table(content) { "wide" } else { "narrow" }) { h3 { (heading(name)) } (value(content)) }
            }
        }
    }
}

fn named(name: &str) -> Markup {
    html! { th scope="row" { (symbol_of(name)) } td { code { (name) } } }
}

/// What a parameter runs over.
fn swept(name: &str, content: &Value) -> String {
    without_name(name, scalar(content))
}

fn is_table(content: &Value) -> bool {
    content.as_array().is_some_and(|values| values.iter().any(Value::is_object))
}

/// An empty list or object says nothing.
fn nothing(content: &Value) -> bool {
    match content {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// A key as a heading.
fn heading(name: &str) -> String {
    let words = plain(name);
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The files of the result.
fn files(entry: &Entry) -> Markup {
    html! {
        p.files.quiet {
            "Files: "
            @for (place, file) in entry.files.iter().enumerate() {
                @if place > 0 { ", " }
                code { (file.name) } " (" (size(file.bytes)) ")"
            }
            @if let Some(side) = entry.side.as_ref().filter(|side| !side.program.is_empty()) {
                "; made by " (side.program)
            }
        }
    }
}
