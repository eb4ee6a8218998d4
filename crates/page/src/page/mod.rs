//! The page: one HTML file with everything in it, its style sheet and its few lines of script.
//!
//! Without the script everything is there; with it tables are sorted and commands copied. A content security policy
//! forbids the browser any request.

mod result;
mod table;
mod value;

use std::io::{self, Write};
use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::drawing::Drawing;
use super::entry::{Entry, entries};
use super::error::ReportError;
use super::folder::Folder;
use super::verdict::{Said, Tone};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Nothing is loaded but what stands in the page.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      base-uri 'none'; form-action 'none'";
/// Files outside results that are named at the end.
const OTHERS_NAMED: usize = 20;

/// A page of a folder of results.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The name of the folder.
    pub folder: String,
    /// The title.
    pub title: String,
    /// What each command of the program is for, by name.
    pub commands: Vec<(String, String)>,
    /// The results.
    pub entries: Vec<Entry>,
    /// Files that are not part of a result.
    pub others: Vec<String>,
}

impl Page {
    /// Reads a folder for a page in the folder `page`. `commands` says what each command of the program is for.
    ///
    /// # Errors
    /// A folder that cannot be read or has no results.
    pub fn of(
        folder: &Path,
        title: Option<&str>,
        commands: Vec<(String, String)>,
        page: &Path,
    ) -> Result<Page, ReportError> {
        let folder = Folder::read(folder)?;
        let title = title.map_or_else(|| format!("Results in {}", folder.name), str::to_owned);
        let entries = entries(&folder, page);
        Ok(Page { folder: folder.name, title, commands, entries, others: folder.others })
    }

    /// What could not be read, with the names of the files.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().flat_map(|entry| entry.warnings.iter().map(String::as_str))
    }

    /// Writes the HTML.
    ///
    /// # Errors
    /// That of the sink.
    pub fn write(&self, mut sink: impl Write) -> io::Result<()> {
        sink.write_all(self.html().0.as_bytes())?;
        sink.write_all(b"\n")
    }

    fn html(&self) -> Markup {
        document(
            &self.title,
            &html! {
                a.skip href="#results" { "Skip to the results" }
                header {
                    h1 { (self.title) }
                    p.quiet {
                        (self.entries.len()) @if self.entries.len() == 1 { " result" } @else { " results" }
                        " in the folder " code { (self.folder) }
                    }
                }
                (self.contents())
                main id="results" {
                    @for entry in &self.entries { (result::section(entry, &self.commands)) }
                }
                footer.quiet {
                    @if !self.others.is_empty() { p { "Not shown: " (self.names_of_others()) "." } }
                    p { "Made by " code { "overlaps report" } " (" (program()) ") from the files of this folder alone." }
                }
                script { (PreEscaped(SCRIPT)) }
            },
        )
    }

    /// The table of contents: each result with its verdicts.
    fn contents(&self) -> Markup {
        html! {
            nav aria-label="Contents" {
                ol.contents {
                    @for entry in &self.entries {
                        li {
                            a href={ "#" (entry.id) } { (entry.title) }
                            " " code.quiet { (entry.name) }
                            @if !entry.apart.is_empty() { div.apart { (entry.apart.join(", ")) } }
                            div.summary { (summary(entry)) }
                        }
                    }
                }
            }
        }
    }

    fn names_of_others(&self) -> String {
        let named = self.others.iter().take(OTHERS_NAMED).cloned().collect::<Vec<_>>().join(", ");
        match self.others.len().saturating_sub(OTHERS_NAMED) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}

/// A whole page.
pub(super) fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content=(program());
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

/// The program and its version.
pub(super) fn program() -> String {
    format!("overlaps {}", env!("CARGO_PKG_VERSION"))
}

/// The result in one line: its verdicts, what happened to its rows, what could not be read.
fn summary(entry: &Entry) -> Markup {
    let not_converged = entry.numbers.as_ref().map_or(0, |numbers| numbers.not_converged());
    let events = entry.side.as_ref().map_or(0, |side| side.events.len());
    html! {
        @for said in &entry.verdicts.0 { (said_in_short(said)) " " }
        @if not_converged > 0 { (chip(Tone::Bad, "not converged")) " " }
        @if !entry.warnings.is_empty() { (chip(Tone::Open, "not read in full")) " " }
        @if let Some(numbers) = &entry.numbers {
            span.quiet {
                (numbers.summary())
                @if events > 0 {
                    ", " (events) @if events == 1 { " change or end of a branch" } @else { " changes and ends of branches" }
                }
            }
        }
    }
}

fn said_in_short(said: &Said) -> Markup {
    let of_what = said.of_what();
    html! {
        span.said {
            (word(&said.word))
            @if !of_what.is_empty() { " " (of_what) }
        }
    }
}

/// The word of a verdict in its colour; any other word as it is.
pub(super) fn word(word: &str) -> Markup {
    match Tone::of(word) {
        Some(tone) => chip(tone, word),
        None => html! { (word) },
    }
}

fn chip(tone: Tone, words: &str) -> Markup {
    html! {
        span.verdict.(tone.name()) { span.mark aria-hidden="true" { (tone.mark()) } (words) }
    }
}

/// A figure as an image on a white card.
pub fn figure(drawing: &Drawing, words: &str) -> Markup {
    let (width, height) = drawing.size.unzip();
    html! {
        span.card { img src=(drawing.uri) alt=(words) width=[width] height=[height]; }
    }
}
