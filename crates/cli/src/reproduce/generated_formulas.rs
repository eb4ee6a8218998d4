//! What arXiv:2412.07972 says of generated samples, for the table of printed formulas: Proposition 1, Result 3 and
//! Corollary 5.

use super::result_3::kappa::{AtKappa, at_kappa};
use super::result_3::rates::{P, Quantity, Rate, STEPS, predict_all, sizes};
use overlaps::compare::statistics::{holm, two_sided};
use overlaps::numeric::significant;
use overlaps::output::{Cell, Table};

/// Small enough for seconds.
const N: [usize; 5] = [8, 16, 32, 64, 128];
const SAMPLES: usize = 8000;
/// Data sets at each n, at most: components scatter little.
const MOST_SEEDS: u64 = 4;
const KAPPAS: [f64; 3] = [1.0, 2.0, 3.0];
const SAMPLES_AT_KAPPA: usize = 40_000;
/// How often a formula that holds may be rejected.
const LEVEL: f64 = 0.05;
/// Degrees of freedom at which Student's distribution is the normal one.
const NORMAL: f64 = 1e9;

/// What stands under the table.
const NOTE: &str = "
The last rows are about generated samples ([results/result-3.md](result-3.md) has more of them). Proposition 1: {at_kappa} samples of the
exact denoiser for each κ = 1, 2, 3, by an adaptive method at d = 10¹²; the distance is that of Kolmogorov and Smirnov, with the probability of a larger
one. (p^κ is the fraction at t = 1. The flow goes on to p itself; N uniform steps of Euler leave P(κν₁ + h > 0), e^{2h} = p/(1 − p), instead.) Result 3
and Corollary 5: gaps between learnt and exact samples from the same start fall as n^γ, n = 8 … 128, κ = 4, p = {p}, {steps} steps, d = 10¹²; along ξ the noise is
fixed, k = 1. The error contains what the smallest n and the steps change. A rate holds if γ falls at least so fast, a limit if γ < 0.
";

/// One row of the table, and of the numbers behind it.
struct Row {
    place: &'static str,
    text: &'static str,
    /// Verdict on the printed formula and on the derived one.
    verdicts: [String; 2],
    symbol: &'static str,
    at: String,
    measured: String,
    printed: String,
    z: String,
    derived: String,
}

impl Row {
    fn markdown(&self) -> String {
        let Row {
            place,
            text,
            verdicts: [verdict, derived_verdict],
            symbol,
            at,
            measured,
            printed,
            z,
            derived,
        } = self;
        format!(
            "| {place} | {text} | {verdict} | – | {symbol} | {at} | {measured} | {printed} | {z} | {derived} | {derived_verdict} |\n"
        )
    }
}

/// Simulates, and gives the rows that continue the table, with what is to be said of them.
///
/// # Errors
/// An interruption, denoisers or theories that do not converge.
pub fn generated_formulas(seeds: u64, quiet: bool, numbers: &mut Table) -> anyhow::Result<String> {
    let seeds = seeds.min(MOST_SEEDS);
    let found = at_kappa(&KAPPAS, SAMPLES_AT_KAPPA, quiet)?;
    let mut fresh = sizes(&N, f64::INFINITY, seeds, SAMPLES, quiet)?;
    let mut fixed = sizes(&N, 1.0, seeds, SAMPLES / 8, quiet)?;
    predict_all(&mut fresh, false)?;
    predict_all(&mut fixed, false)?;
    let mut rows = vec![law_of_nu(&found, numbers)?, p_kappa(&found, numbers)?];
    for (quantity, place, text, printed) in [
        (Quantity::Mu, "Result 3", "along μ: O(1/n)", Some(-1.0)),
        (Quantity::Eta, "Result 3", "along η: O(1/n)", Some(-1.0)),
        (Quantity::Xi, "Result 3", "along ξ: O(1/n), noise fixed, k = 1", Some(-1.0)),
        (Quantity::Variance, "Corollary 5", "variance → σ²", None),
        (Quantity::Fraction, "Corollary 5", "p̂ → p as n → ∞", None),
    ] {
        let rate = Rate::new(quantity, if quantity.with_fixed_noise() { &fixed } else { &fresh })?;
        rows.push(of_rate(&rate, (place, text, printed), numbers)?);
    }
    let mut all: String = rows.iter().map(Row::markdown).collect();
    all += &NOTE
        .replace("{at_kappa}", &SAMPLES_AT_KAPPA.to_string())
        .replace("{p}", &P.to_string())
        .replace("{steps}", &STEPS.to_string());
    Ok(all)
}

fn verdict(holds: bool, rejected: usize, count: usize) -> String {
    if holds { format!("holds ({count})") } else { format!("**fails** ({rejected} of {count})") }
}

fn law_of_nu(found: &[AtKappa], numbers: &mut Table) -> anyhow::Result<Row> {
    let (place, text) = ("Proposition 1", "ν₁ ~ p N(κ, 1) + (1 − p) N(−κ, 1)");
    let p: Vec<f64> = found.iter().map(|at| at.distance[1]).collect();
    let rejected = holm(&p).into_iter().filter(|p| *p < LEVEL).count();
    for at in found {
        let name = format!("Kolmogorov-Smirnov distance, kappa = {}", at.kappa);
        numbers.push(number(
            place,
            text,
            "printed",
            (1.0, &name),
            [at.distance[0], f64::NAN, 0.0, f64::NAN, at.distance[1]],
        ))?;
    }
    let (worst, least) = least(&p);
    let verdict = verdict(rejected == 0, rejected, p.len());
    Ok(Row {
        place,
        text,
        verdicts: [verdict.clone(), verdict],
        symbol: "distance",
        at: format!("t = 1, κ = {}", found[worst].kappa),
        measured: format!(
            "{} (probability {})",
            significant(found[worst].distance[0], 2),
            significant(least, 2)
        ),
        printed: "0".into(),
        z: "–".into(),
        derived: "the same".into(),
    })
}

fn p_kappa(found: &[AtKappa], numbers: &mut Table) -> anyhow::Result<Row> {
    let (place, text) = ("Proposition 1", "p^κ = pΦ(κ) + (1 − p)Φ(−κ)");
    let z: Vec<f64> = found.iter().map(|at| (at.fraction[0] - at.fraction[2]) / at.fraction[1]).collect();
    let p: Vec<f64> = z.iter().map(|z| two_sided(*z, NORMAL)).collect();
    let rejected = holm(&p).into_iter().filter(|p| *p < LEVEL).count();
    for ((at, z), p) in found.iter().zip(&z).zip(&p) {
        let name = format!("fraction of nu > 0, kappa = {}", at.kappa);
        let [measured, error, expected] = at.fraction;
        numbers.push(number(place, text, "printed", (1.0, &name), [measured, error, expected, *z, *p]))?;
    }
    let (worst, _) = least(&p);
    let [measured, error, expected] = found[worst].fraction;
    let verdict = verdict(rejected == 0, rejected, p.len());
    Ok(Row {
        place,
        text,
        verdicts: [verdict.clone(), verdict],
        symbol: "p^κ",
        at: format!("t = 1, κ = {}, p = {P}", found[worst].kappa),
        measured: format!("{} ± {}", significant(measured, 6), significant(error, 2)),
        printed: significant(expected, 6),
        z: significant(z[worst], 3),
        derived: "the same".into(),
    })
}

fn of_rate(
    rate: &Rate,
    (place, text, printed): (&'static str, &'static str, Option<f64>),
    numbers: &mut Table,
) -> anyhow::Result<Row> {
    let (value, error) = (rate.fit.exponent.value, rate.error());
    let derived = rate.quantity.derived_exponent();
    let z = |expected: f64| (value - expected) / error;
    let holds = match printed {
        Some(printed) => value < printed || rate.allows(printed),
        None => value + 3.0 * error < 0.0,
    };
    let name = format!("exponent of {}", rate.quantity.name());
    for (version, expected) in [("printed", printed), ("derived", Some(derived))] {
        let Some(expected) = expected else { continue };
        let p = two_sided(z(expected), rate.fit.exponent.freedom);
        numbers.push(number(place, text, version, (2.0, &name), [value, error, expected, z(expected), p]))?;
    }
    Ok(Row {
        place,
        text,
        verdicts: [verdict(holds, 1, 1), verdict(rate.allows(derived), 1, 1)],
        symbol: "γ",
        at: "t = 2, σ = 1".into(),
        measured: format!("{} ± {}", significant(value, 5), significant(error, 2)),
        printed: printed.map_or("< 0".into(), |printed| printed.to_string()),
        z: printed.map_or("–".into(), |printed| significant(z(printed), 3)),
        derived: format!("{} (z = {})", significant(derived, 5), significant(z(derived), 2)),
    })
}

/// The place and value of the smallest.
fn least(p: &[f64]) -> (usize, f64) {
    p.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, f64::NAN))
}

/// A row of the numbers: measured, error, predicted, z, probability.
fn number(
    place: &'static str,
    text: &'static str,
    version: &'static str,
    (t, name): (f64, &str),
    values: [f64; 5],
) -> Vec<Cell> {
    let known = |x: f64| if x.is_nan() { Cell::Missing } else { Cell::Number(x) };
    let lead = [place.into(), text.into(), version.into(), t.into(), 1.0.into(), name.into()];
    lead.into_iter().chain(values.map(known)).collect()
}
