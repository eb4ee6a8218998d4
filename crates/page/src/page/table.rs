//! The table of a result: its first rows, with what each column means.

use maud::{Markup, html};

use super::word;
use crate::Entry;
use crate::attachment::size;
use crate::numbers::{Numbers, to_read};
use crate::verdict::Tone;
use overlaps::output::Column;

/// The table, folded unless it is all that the result has.
pub fn table(entry: &Entry, numbers: &Numbers) -> Markup {
    let alone = entry.drawing.is_none() && entry.text.is_none();
    html! {
        details.data open[alone] {
            summary { "Table: " (numbers.summary()) ", " (columns_in_words(numbers.columns.len())) }
            (what_is_shown(entry, numbers))
            div.scroll tabindex="0" role="region" aria-label={ "Table of " (entry.name) } {
                table.rows data-sortable {
                    thead {
                        tr {
                            @for &place in &numbers.shown {
                                (heading(&numbers.columns[place], numbers.holds_numbers(place)))
                            }
                        }
                    }
                    tbody {
                        @for (place, row) in numbers.rows.iter().enumerate() {
                            @if place > 0 && numbers.rows[place - 1].number + 1 != row.number {
                                tr.gap { td colspan=(numbers.shown.len()) { "row " (row.number) } }
                            }
                            tr.bad[row.bad] {
                                @for &place in &numbers.shown { (cell(row.cells.get(place))) }
                            }
                        }
                    }
                }
            }
            (legend(numbers))
        }
    }
}

fn columns_in_words(count: usize) -> String {
    if count == 1 { "1 column".into() } else { format!("{count} columns") }
}

/// Which rows and columns are here, and where the others are.
fn what_is_shown(entry: &Entry, numbers: &Numbers) -> Markup {
    let shown = numbers.rows.len();
    let early = numbers.first;
    let later = shown - early;
    let later_in_all =
        numbers.rows_of(Tone::Bad) - numbers.rows[..early].iter().filter(|row| row.bad).count();
    let csv = entry.files.first();
    html! {
        p.quiet {
            @if shown < numbers.count {
                "The first " (early) " of " (numbers.count) " rows"
                @if later > 0 {
                    ", and " (later)
                    @if later < later_in_all { " of the " (later_in_all) }
                    " after them that did not converge or " @if later == 1 { "is" } @else { "are" } " rejected"
                }
                ". "
            }
            "Numbers to 7 digits; "
            @if let Some(csv) = csv {
                @if csv.inside {
                    "all rows with every digit: " a href=[&csv.uri] download=(csv.name) { "save " (csv.name) } "."
                } @else {
                    "all " (numbers.count) " rows with every digit are in "
                    @if let Some(uri) = &csv.uri { a href=(uri) { (csv.name) } } @else { code { (csv.name) } }
                    " (" (size(csv.bytes)) ", too large for this page)."
                }
            }
        }
        @if !numbers.constant.is_empty() {
            p.quiet {
                "The same in every row: "
                @for (place, (column, value)) in numbers.constant.iter().filter(|(_, value)| !value.is_empty()).enumerate() {
                    @if place > 0 { ", " }
                    code { (numbers.columns[*column].name) } " = " (to_read(value))
                }
                @let empty: Vec<&str> = numbers.constant.iter().filter(|(_, value)| value.is_empty())
                    .map(|(column, _)| numbers.columns[*column].name.as_str()).collect();
                @if !empty.is_empty() { "; empty: " code { (empty.join(", ")) } }
                "."
            }
        }
    }
}

/// The symbol, below it the name in the file if that is another; what it means as a hint.
fn heading(column: &Column, numbers: bool) -> Markup {
    let hint = (!column.meaning.is_empty()).then_some(&column.meaning);
    html! {
        th.number[numbers] scope="col" title=[hint] {
            (column.symbol)
            @if column.symbol != column.name { br; code { (column.name) } }
        }
    }
}

fn cell(text: Option<&String>) -> Markup {
    let text = text.map(String::as_str).unwrap_or_default();
    match text.parse::<f64>() {
        Ok(_) => html! { td.number { (to_read(text)) } },
        Err(_) if Tone::of(text).is_some_and(|tone| tone != Tone::Good) => html! { td { (word(text)) } },
        Err(_) => html! { td { (text) } },
    }
}

/// What the columns mean, for those who cannot point at a heading.
fn legend(numbers: &Numbers) -> Markup {
    let told: Vec<&Column> = numbers.columns.iter().filter(|column| !column.meaning.is_empty()).collect();
    html! {
        @if !told.is_empty() {
            details {
                summary { "What the columns mean" }
                dl.legend {
                    @for column in told {
                        div { dt { code { (column.name) } } dd { (column.meaning) } }
                    }
                }
            }
        }
    }
}
