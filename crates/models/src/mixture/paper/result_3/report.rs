//! Result 3 and Corollary 5: the text and the numbers.

use super::rates::{FAR, MOST_WITH_ALL, P, Quantity, STEPS, sample};
use super::{Found, SAMPLES, SAMPLES_AT_KAPPA};
use crate::mixture::Noise;
use crate::paper::Tried;
use crate::paper::verdicts::markdown;
use overlaps::numeric::significant;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::paper::Decided;

const HEAD: &str = "\
# Result 3 and Corollary 5 of arXiv:2412.07972

Made by `overlaps reproduce result-3`; every number behind it is in the CSV beside this file.

![The gaps against n, and p − p^κ against κ](result-3.svg)

X₂ is a sample of the exact flow and X̂₂ one of learnt denoisers, from the same start. Result 3 says that |w·(X₂ − X̂₂)|/√d = O(1/n) for
unit vectors w in the span of μ, η = Σ sⁱzⁱ and ξ = Σ sⁱx₀ⁱ; Corollary 5 that the variance and the fraction p̂ of learnt samples in mode +
tend to σ² and p. Both flows were run from the same starts, with {steps} steps of Euler (half of them in each phase), at σ = 1, λ = 0.1,
ℓ = 0.01, κ = 4, p = {p} and d = 10¹², where corrections of order 1/√d are invisible; denoisers minimise the loss (noise integrated out), {seeds}
data sets for each n ({few} for n > {all}), {samples} samples each (2000 with fixed noise and for n > {all}). Along ξ
the noise is fixed in the second phase, k = 1.

Exponents are fitted as ln y = a + γ ln n + c/n; the first error is that of the scatter, the second what the smallest n changes.
\"Predicted\" is the same fit to the theory: for N = {steps} steps, and in brackets for N → ∞. A printed rate holds if the gap falls at least so
fast, within the errors and what the steps change.
";

const WHY: &str = "
**Why.** Along the data the learnt flow has a closed form (`Final::learnt` in `src/generate/predicted/closed_form.rs`): its samples end at
S n/(λ + n) along μ, which is off by λ/(λ + n) ~ 1/n; at S σ/(λ + n) along each zⁱ (times sⁱ), which is small, but there are n of them: along the
unit vector of η that is √n σ/(λ + n) ~ n^(−1/2). Likewise −√(n/k) √(A/B)/(λ + n) along ξ, with A and B of the second phase. A sample of
the exact flow has nothing along η and ξ that stays as d → ∞. The printed rate holds along μ, and fails along η and ξ.

Components are medians over the samples that both flows take to the same mode. The others are a fraction of order n^(−1/2), because w leans by
that much towards the data; for them X₂ − X̂₂ along μ is 2. In p̂ most of them cancel, and what is left is of order 1/n.

With fixed noise and p ≠ ½ the fraction itself is lost: p̂ = 1. As d → ∞ the learnt margin is that of the noise it has seen, and at small τ the
network takes all new samples for the larger class (equations/README.md, Result 2). Along ξ, the samples are those of the larger mode.
";

const AGAINST_KAPPA: &str = "
## Against κ

The exact denoiser by an adaptive method of order 8, {samples} samples for each κ, p = {p}. p^κ is the fraction with ν₁ = μ·X/√d > 0 at the end of the
first phase, t = 1; the flow goes on, and what it leaves at t = 2 is p itself. So p − p^κ is the fraction of samples that change
their mode in the second phase. It vanishes as (2p − 1) Φ(−κ), faster than any exponential. KS is the distance of Kolmogorov and Smirnov between ν₁ and
p N(κ, 1) + (1 − p) N(−κ, 1). (N uniform steps of Euler leave neither at d → ∞: the first step of the second phase takes every sample to
the side of its activation, a fraction P(κν₁ + h > 0) with e^{2h} = p/(1 − p).)

| κ | p̂ at t = 1 | p^κ | p̂(t = 2) − p̂(t = 1) | p − p^κ | KS distance | probability |
|---|---|---|---|---|---|---|
";

/// The Markdown file.
pub fn text(found: &Found, seeds: u64, claims: &[Decided]) -> String {
    let mut text = HEAD
        .replace("{steps}", &STEPS.to_string())
        .replace("{seeds}", &seeds.to_string())
        .replace("{few}", &super::rates::seeds_at(usize::MAX, seeds).to_string())
        .replace("{all}", &MOST_WITH_ALL.to_string())
        .replace("{samples}", &SAMPLES.to_string())
        .replace("{p}", &P.to_string());
    text += "\n";
    text += &markdown(claims);
    text += WHY;
    text += &format!(
        "\n## Against n\n\nMeasured ± standard error, beside the theory for N = {STEPS} steps and for N → ∞.\n"
    );
    for quantity in Quantity::ALL {
        text +=
            &format!("\n{}:\n\n| n | measured | N = {STEPS} | N → ∞ |\n|---|---|---|---|\n", title(quantity));
        for size in found.sizes(quantity).iter().filter(|size| size.setting.n <= quantity.largest()) {
            let measured = sample(quantity, size);
            let error = measured.estimate().map_or(f64::NAN, |e| e.error);
            let predicted = |x: f64| if x.is_nan() { "–".into() } else { significant(x.abs(), 5) };
            text += &format!(
                "| {} | {} ± {} | {} | {} |\n",
                size.setting.n,
                significant(measured.mean().abs(), 5),
                significant(error, 2),
                predicted(quantity.of(&size.predicted)),
                predicted(quantity.of(&size.limit)),
            );
        }
    }
    text += &AGAINST_KAPPA.replace("{samples}", &SAMPLES_AT_KAPPA.to_string()).replace("{p}", &P.to_string());
    for at in &found.kappas {
        text += &format!(
            "| {} | {} ± {} | {} | {} ± {} | {} | {} | {} |\n",
            at.kappa,
            significant(at.fraction[0], 5),
            significant(at.fraction[1], 2),
            significant(at.fraction[2], 5),
            significant(at.missing[0], 3),
            significant(at.missing[1], 2),
            significant(at.missing[2], 3),
            significant(at.distance[0], 2),
            significant(at.distance[1], 2),
        );
    }
    text
}

/// What is drawn and listed for a quantity.
pub fn title(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Mu => "Along μ, |μ·(X₂ − X̂₂)|/d",
        Quantity::Eta => "Along the unit vector of η, |η·(X₂ − X̂₂)|/√d",
        Quantity::Xi => "Along the unit vector of ξ, |ξ·(X₂ − X̂₂)|/√d, noise fixed, k = 1",
        Quantity::Variance => "Variance per orthogonal direction, that of X₂ (σ² for N → ∞) less that of X̂₂",
        Quantity::Fraction => "p̂ of the learnt flow less that of the exact flow (p for N → ∞)",
        Quantity::Split => "Fraction of samples that the two flows take to different modes",
    }
}

/// Every number: gaps by data set with their predictions, then the exact denoiser.
pub fn numbers(found: &Found) -> Tried<Table> {
    let mut table = Table::new(
        [
            ("quantity", "what", Role::Label),
            ("n", "training samples", Role::Control),
            ("p", "fraction of them in mode +", Role::Parameter),
            ("k", "noise samples per datum", Role::Parameter),
            ("kappa", "dilation of time", Role::Parameter),
            ("d", "dimension", Role::Parameter),
            ("steps", "steps from t = 0 to 2; none for an adaptive method", Role::Parameter),
            ("data_set", "which of those at this n", Role::Parameter),
            ("value", "found in simulation", Role::Output),
            ("predicted", "for as many steps, d → ∞", Role::Output),
            ("predicted_limit", "for the flow itself, d → ∞", Role::Output),
        ]
        .map(|(name, meaning, role)| Column::new(name, meaning, role))
        .into(),
    );
    let number = |x: f64| if x.is_nan() { Cell::Missing } else { Cell::Number(x) };
    for size in found.fresh.iter().chain(&found.fixed) {
        let s = &size.setting;
        let k = match s.noise {
            Noise::Fresh => Cell::Number(f64::INFINITY),
            Noise::Fixed(k) => Cell::from(k),
        };
        for quantity in Quantity::ALL {
            for (index, gap) in size.gaps.iter().enumerate() {
                if quantity.of(gap).is_nan() {
                    continue;
                }
                // The theory of the fraction is that of fresh noise.
                let known = s.noise == Noise::Fresh || quantity != Quantity::Fraction;
                let predicted = |x: f64| if known { number(x) } else { Cell::Missing };
                table.push(vec![
                    quantity.name().into(),
                    s.n.into(),
                    s.p.into(),
                    k.clone(),
                    s.kappa.into(),
                    FAR.into(),
                    STEPS.into(),
                    index.into(),
                    quantity.of(gap).into(),
                    predicted(quantity.of(&size.predicted)),
                    predicted(quantity.of(&size.limit)),
                ])?;
            }
        }
    }
    for at in &found.kappas {
        let rows = [
            ("p_kappa", at.fraction[0], at.fraction[2]),
            ("p_minus_p_kappa", at.missing[0], at.missing[2]),
            ("ks_distance", at.distance[0], f64::NAN),
            ("ks_probability", at.distance[1], f64::NAN),
        ];
        for (name, value, expected) in rows {
            let none = || Cell::Missing;
            table.push(vec![
                name.into(),
                none(),
                P.into(),
                none(),
                at.kappa.into(),
                FAR.into(),
                none(),
                none(),
                value.into(),
                none(),
                number(expected),
            ])?;
        }
    }
    Ok(table)
}
