//! What arXiv:2412.07972 says of generated samples, for the table of printed formulas: Proposition 1, Result 3 and
//! Corollary 5.

use super::result_3::kappa::{self, at_kappa};
use super::result_3::rates::{self, P, Quantity, Rate, STEPS, predict_all, sizes};
use crate::paper::verdicts::counted;
use crate::paper::{Show, Tried};
use overlaps::compare::Claim;
use overlaps::compare::claim::{Relation, Test};
use overlaps::output::{Cell, Table};
use overlaps::paper::{Decided, Paper};

/// Small enough for seconds.
const N: [usize; 5] = [8, 16, 32, 64, 128];
const SAMPLES: usize = 8000;
/// Data sets at each n, at most: components scatter little.
const MOST_SEEDS: u64 = 4;
const KAPPAS: [f64; 3] = [1.0, 2.0, 3.0];
const SAMPLES_AT_KAPPA: usize = 40_000;

/// What stands under the table.
const NOTE: &str = "
The last rows are about generated samples ([results/result-3.md](result-3.md) has more of them). Proposition 1: {at_kappa} samples of the
exact denoiser for each κ = 1, 2, 3, by an adaptive method at d = 10¹²; the distance is that of Kolmogorov and Smirnov, with the probability of a larger
one. (p^κ is the fraction at t = 1. The flow goes on to p itself; N uniform steps of Euler leave P(κν₁ + h > 0), e^{2h} = p/(1 − p), instead.) Result 3
and Corollary 5: gaps between learnt and exact samples from the same start fall as n^γ, n = 8 … 128, κ = 4, p = {p}, {steps} steps, d = 10¹²; along ξ the noise is
fixed, k = 1. The error contains what the smallest n and the steps change. A rate holds if γ falls at least so fast, a limit if γ < 0.
";

/// Numbers about generated samples, by the name that statements have for them.
pub struct Generated([(&'static str, Table); 2]);

impl Generated {
    /// Simulates and fits.
    ///
    /// # Errors
    /// An interruption, denoisers or theories that do not converge.
    pub fn new(seeds: u64, show: Show) -> Tried<Generated> {
        let seeds = seeds.min(MOST_SEEDS);
        let found = at_kappa(&KAPPAS, SAMPLES_AT_KAPPA, show)?;
        let mut fresh = sizes(&N, f64::INFINITY, seeds, SAMPLES, show)?;
        let mut fixed = sizes(&N, 1.0, seeds, SAMPLES / 8, show)?;
        predict_all(&mut fresh, false)?;
        predict_all(&mut fixed, false)?;
        let printed =
            [Quantity::Mu, Quantity::Eta, Quantity::Xi, Quantity::Variance, Quantity::Fraction].into_iter();
        let rates: Vec<Rate> = printed
            .map(|quantity| Rate::new(quantity, if quantity.with_fixed_noise() { &fixed } else { &fresh }))
            .collect::<Tried<_>>()?;
        Ok(Generated([("kappa", kappa::table(&found)?), ("rates", rates::table(&rates)?)]))
    }

    /// Decides the statements about them, and adds the numbers behind the verdicts.
    ///
    /// # Errors
    /// A statement that does not compile.
    pub fn decide(&self, paper: &Paper, table: &str, numbers: &mut Table) -> Tried<Vec<Decided>> {
        let mut all = Vec::new();
        for statement in paper.statements(table) {
            let Some((_, made)) = self.0.iter().find(|(name, _)| *name == statement.of()) else { continue };
            for decided in statement.decide(made)? {
                for (place, row) in decided.rows.iter().enumerate() {
                    let t = made.number("t", *row)?;
                    // A limit has no number of its own.
                    let bound = matches!(decided.claim.test, Test::Width(Relation::Below | Relation::Above));
                    let printed = (!bound).then_some(("printed", &decided.claim));
                    for (version, claim) in
                        printed.into_iter().chain(decided.derived.iter().map(|c| ("derived", c)))
                    {
                        numbers.push(number(&decided, version, claim, place, t))?;
                    }
                }
                all.push(decided);
            }
        }
        Ok(all)
    }
}

/// What stands under the table.
pub fn note() -> String {
    NOTE.replace("{at_kappa}", &SAMPLES_AT_KAPPA.to_string())
        .replace("{p}", &P.to_string())
        .replace("{steps}", &STEPS.to_string())
}

/// A row of the table of printed formulas.
pub fn markdown(decided: &Decided) -> String {
    let Decided { claim, derived, measured, predicted, symbol, place, z, in_derived, .. } = decided;
    let Claim { source, text, .. } = claim;
    let (verdict, of_derived) = (counted(claim), counted(derived.as_ref().unwrap_or(claim)));
    format!(
        "| {source} | {text} | {verdict} | – | {symbol} | {place} | {measured} | {predicted} | {z} | {in_derived} | {of_derived} |\n"
    )
}

/// A row of the numbers: measured, error, predicted, z, probability.
fn number(decided: &Decided, version: &str, claim: &Claim, place: usize, t: f64) -> Vec<Cell> {
    let known = |x: f64| if x.is_nan() { Cell::Missing } else { Cell::Number(x) };
    let at = &claim.places[place];
    let Claim { source, text, .. } = &decided.claim;
    let name = decided.names[place].as_str();
    let lead =
        [source.as_str().into(), text.as_str().into(), version.into(), t.into(), 1.0.into(), name.into()];
    let values = [at.measured.value, at.measured.error, at.predicted, at.z, at.chance];
    lead.into_iter().chain(values.map(known)).collect()
}
