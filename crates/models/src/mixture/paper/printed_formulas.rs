//! Each printed formula of Results 1 and 2 and Corollaries 1 to 4 of arXiv:2412.07972 against simulation, beside the
//! derived one: a table with a verdict for each, and the numbers behind it.

use crate::paper::{Made, Show, Tried};
use std::collections::HashMap;

use serde_json::Value;

use super::generated_formulas::{self, Generated, note};
use super::simulated::Simulated;
use crate::paper::verdicts::{counted, entries, entry};
use overlaps::compare::claim::{Beside, Test};
use overlaps::compare::{Claim, Comparison, Rules};
use overlaps::name::symbol_of;
use overlaps::numeric::significant;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::paper::{Paper, Statement};

/// The name of the table.
const NAME: &str = "printed-formulas";

/// A printed formula with the derived one, at the same places.
struct Row {
    printed: Claim,
    derived: Claim,
    /// The printed formula with measured values on its right side.
    relation: Option<Claim>,
    symbol: String,
    place: String,
}

impl Row {
    /// Decides a statement, and adds the numbers behind the verdict.
    fn new(statement: &Statement, simulated: &Simulated, numbers: &mut Table) -> Tried<Row> {
        let quantities = statement.quantities();
        let overlaps = &simulated.measurements.overlaps;
        let of = |comparisons: &[Comparison]| -> Vec<Comparison> {
            let named = |c: &&Comparison| quantities.contains(&overlaps[c.place.overlap]);
            comparisons.iter().filter(named).cloned().collect()
        };
        let (printed, derived) = (of(&simulated.printed), of(&simulated.derived));
        let relation = simulated.with_measured_values(statement)?.map(|all| of(&all));
        let places = |cs: &[Comparison]| cs.iter().map(|c| c.place.clone()).collect::<Vec<_>>();
        let sigma = simulated.group.iter().position(|g| g == "sigma");
        let claim = |comparisons: &[Comparison]| {
            let test = Test::Chance(Rules::default().level);
            let places = comparisons.iter().map(Beside::from).collect();
            Claim::new(statement.place(), statement.says(), test, places)
        };
        let (Some(in_printed), Some(in_derived), true) =
            (claim(&printed), claim(&derived), places(&printed) == places(&derived))
        else {
            return Err(format!("{} ({}) has nothing to compare", statement.place(), statement.says()).into());
        };
        for (version, comparisons) in [
            ("printed", Some(&printed)),
            ("derived", Some(&derived)),
            ("printed, with measured values", relation.as_ref()),
        ] {
            for c in comparisons.into_iter().flatten() {
                let sigma = sigma.map(|g| Cell::from(&c.place.group[g]));
                let lead = [statement.place(), statement.says(), version].map(Cell::from);
                let at = [c.place.control.into(), sigma.into(), overlaps[c.place.overlap].as_str().into()];
                let values = [c.measured, c.difference.error, c.predicted, c.z, c.p].map(Cell::Number);
                numbers.push(lead.into_iter().chain(at).chain(values).collect())?;
            }
        }
        let worst = &printed[in_printed.worst].place;
        Ok(Row {
            relation: relation.as_deref().and_then(claim),
            symbol: symbol_of(&overlaps[worst.overlap]),
            place: sigma.map_or(String::new(), |g| format!("t = {}, σ = {}", worst.control, worst.group[g])),
            printed: in_printed,
            derived: in_derived,
        })
    }

    fn markdown(&self) -> String {
        let Row { printed, derived, relation, symbol, place } = self;
        let at = printed.at_worst();
        let in_derived = &derived.places[printed.worst];
        format!(
            "| {} | {} | {} | {} | {symbol} | {place} | {} ± {} | {} | {} | {} | {} |\n",
            printed.source,
            printed.text,
            counted(printed),
            relation.as_ref().map_or("–".into(), counted),
            significant(at.measured.value, 6),
            significant(at.measured.error, 2),
            significant(at.predicted, 6),
            significant(at.z, 3),
            format_args!("{} (z = {})", significant(in_derived.predicted, 6), significant(in_derived.z, 2)),
            counted(derived),
        )
    }

    fn json(&self) -> Value {
        let relation = self.relation.iter().map(|claim| ("with_measured_values", claim));
        entry(&self.printed, [("derived", &self.derived)].into_iter().chain(relation))
    }
}

const HEAD: &str = "\
# The printed formulas of arXiv:2412.07972 against simulation

Made by `overlaps reproduce printed-formulas`; every number behind it is in the CSV beside this file.

Denoisers that minimise the loss (the noise integrated out, the global minimum over several starts) were measured on {seeds} data
sets for each dimension. At finite n: n = 8 (6 + 2 samples), κ = 2, σ = 1 and 0.5, λ = 0.1, ℓ = 0.01, first phase t = 0.25, 0.5, 1, second
phase t = 1.3, 1.6, at d = 2¹⁷, 2¹⁹, 2²¹, 2²³, extrapolated to d → ∞ by a + b/√d + c/d. For the corollaries, n → ∞: p = 0.75, κ = 2,
t = 0.25, 0.5 and 1.3, 1.6, at n = 48, 80, 128, 208, 336 and d = 10¹², extrapolated by a + b/n + c/n²; the error contains what the
smallest n changes.

A formula fails if any of its comparisons does (Student's t, Holm's correction within the formula, level 0.05). The numbers are those of
the comparison in which the printed formula is furthest off; ⟨ ⟩ is the mean over z and s. In Result 1, φ is taken at the printed ω and b.
The column \"with measured values\" tests a formula by itself: with the measured overlaps on its right side in place of the printed ones.

| where | as printed | verdict | with measured values | | at | simulation | printed | z | derived | verdict on the derived |
|---|---|---|---|---|---|---|---|---|---|---|
";

const TAIL: &str = "
What differs, and why, is explained in [equations/README.md](../equations/README.md#printed-and-derived).
";

/// The numbers behind the table.
fn columns() -> Vec<Column> {
    let columns = [
        ("formula", "where it stands", Role::Label),
        ("as_printed", "what it says", Role::Label),
        ("version", "printed, derived, or printed with measured values on the right side", Role::Label),
        ("t", "time", Role::Control),
        ("sigma", "standard deviation within a mode", Role::Parameter),
        ("overlap", "what is measured", Role::Label),
        ("measured", "in simulation, extrapolated", Role::Output),
        ("error", "its error", Role::Output),
        ("predicted", "what the formula says", Role::Output),
        ("z", "(measured − predicted)/error", Role::Certificate),
        ("p", "probability of a difference this large if the formula is right", Role::Certificate),
    ];
    columns.map(|(name, meaning, role)| Column::new(name, meaning, role)).into()
}

/// Simulates and compares.
///
/// # Errors
/// An interruption, denoisers or theories that do not converge.
pub fn printed_formulas(paper: &Paper, seeds: u64, show: Show) -> Tried<Made> {
    let mut numbers = Table::new(columns());
    let mut known: HashMap<&str, Simulated> = HashMap::new();
    let mut text = HEAD.replace("{seeds}", &seeds.to_string());
    let mut claims = Vec::new();
    for statement in paper.statements(NAME) {
        let Some(simulation) = paper.simulation(statement.of()) else { continue };
        if !known.contains_key(statement.of()) {
            known.insert(statement.of(), Simulated::new(&simulation, seeds, show)?);
        }
        let row = Row::new(&statement, &known[statement.of()], &mut numbers)?;
        text += &row.markdown();
        claims.push(row.json());
    }
    let generated = Generated::new(seeds, show)?.decide(paper, NAME, &mut numbers)?;
    text.extend(generated.iter().map(generated_formulas::markdown));
    text += &note();
    text += TAIL;
    claims.extend(entries(&generated));
    Ok(Made { text, numbers, claims, figure: None })
}
