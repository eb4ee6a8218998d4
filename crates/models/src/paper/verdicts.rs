//! What became of the statements of a paper: as a table in Markdown, and in the side file.

use crate::paper::Tried;
use serde_json::{Map, Value, json};

use overlaps::compare::{Claim, Verdict};
use overlaps::output::Table;
use overlaps::output::json::number;
use overlaps::paper::{Decided, Paper};

/// Decides the statements of a table from the numbers made for it, in the order of the file.
///
/// # Errors
/// A statement about numbers that are not there, one that does not compile over them.
pub fn decide(paper: &Paper, table: &str, numbers: &[(&str, &Table)]) -> Tried<Vec<Decided>> {
    let mut all = Vec::new();
    for statement in paper.statements(table) {
        let made = numbers.iter().find(|(name, _)| *name == statement.of());
        let (_, numbers) = made.ok_or_else(|| format!("{}: nothing is made for it", statement.of()))?;
        all.extend(statement.decide(numbers)?);
    }
    Ok(all)
}

/// A verdict as it stands in a table.
pub fn word(verdict: Verdict) -> String {
    match verdict {
        Verdict::Disagrees => format!("**{}**", verdict.of_statement()),
        _ => verdict.of_statement().into(),
    }
}

/// The same, with the number of places.
pub fn counted(claim: &Claim) -> String {
    let (word, count) = (word(claim.verdict), claim.places.len());
    match claim.verdict {
        Verdict::Disagrees => format!("{word} ({} of {count})", claim.rejected),
        _ => format!("{word} ({count})"),
    }
}

/// The statements as a table in Markdown.
pub fn markdown(decided: &[Decided]) -> String {
    let head = "| where | claim | verdict | simulation | predicted |\n|---|---|---|---|---|\n";
    let row = |Decided { claim, measured, predicted, .. }: &Decided| {
        let Claim { source, text, verdict, .. } = claim;
        format!("| {source} | {text} | {} | {measured} | {predicted} |\n", word(*verdict))
    };
    head.to_string() + &decided.iter().map(row).collect::<String>()
}

/// A statement in the side file; `others` are versions of it, each with a name.
pub fn entry<'c>(claim: &Claim, others: impl IntoIterator<Item = (&'c str, &'c Claim)>) -> Value {
    let mut entry: Map<String, Value> = [
        ("source", json!(claim.source)),
        ("text", json!(claim.text)),
        ("measured", number(claim.measured.value)),
        ("error", number(claim.measured.error)),
        ("predicted", number(claim.predicted)),
        ("places", json!(claim.places.len())),
        ("rejected", json!(claim.rejected)),
        ("verdict", json!(claim.verdict.of_statement())),
    ]
    .map(|(key, value)| (key.to_string(), value))
    .into_iter()
    .collect();
    for (name, claim) in others {
        entry.insert(format!("{name}_predicted"), number(claim.predicted));
        entry.insert(format!("{name}_verdict"), json!(claim.verdict.of_statement()));
    }
    Value::Object(entry)
}

/// The statements for the side file.
pub fn entries(decided: &[Decided]) -> Vec<Value> {
    decided.iter().map(|d| entry(&d.claim, d.derived.iter().map(|derived| ("derived", derived)))).collect()
}
