//! Result 3 and Corollary 5: the figure.

use super::Found;
use super::rates::{P, Quantity, STEPS, Size, sample};
use crate::mixture::generate::predicted::closed_form::p_kappa;
use overlaps::chart::{Curve, Figure, LineStyle, PALETTE, Panel, Points};

const BLACK: usize = PALETTE.len() - 1;
/// Colours: simulation, theory, the printed rate.
const MEASURED: usize = BLACK;
const THEORY: usize = 0;
const PRINTED: usize = 1;

/// Draws every gap against n, and p − p^κ against κ.
pub fn figure(found: &Found) -> Figure {
    let mut panels: Vec<Panel> = [
        (Quantity::Mu, "along μ", true),
        (Quantity::Eta, "along η", true),
        (Quantity::Xi, "along ξ (k = 1)", true),
        (Quantity::Variance, "σ² − variance", false),
        (Quantity::Fraction, "p̂ − p", false),
    ]
    .into_iter()
    .map(|(quantity, name, with_printed)| panel(found, quantity, name, with_printed))
    .collect();
    // Beside what p̂ loses: the samples of which it is the balance.
    if let Some(last) = panels.last_mut() {
        last.points.push(points(found.sizes(Quantity::Split), Quantity::Split, 2, "in different modes"));
    }
    panels.push(against_kappa(found));
    Figure {
        title: "Learnt and exact samples from the same start: |w·(X₂ − X̂₂)|/√d, and Corollary 5".into(),
        subtitle: format!(
            "σ = 1, λ = 0.1, ℓ = 0.01, κ = 4, p = {P}, d = 10¹²; mean over data sets with standard errors"
        ),
        x_label: "n".into(),
        x_log: true,
        columns: 3,
        panels,
    }
}

fn points(sizes: &[Size], quantity: Quantity, colour: usize, label: &str) -> Points {
    let shown = sizes.iter().filter(|size| size.setting.n <= quantity.largest());
    let data = shown.map(|size| {
        let measured = sample(quantity, size);
        let error = measured.estimate().map_or(0.0, |e| e.error);
        (size.setting.n as f64, measured.mean().abs(), error)
    });
    Points::new(label, colour, data)
}

fn panel(found: &Found, quantity: Quantity, name: &str, with_printed: bool) -> Panel {
    let sizes = found.sizes(quantity);
    let line = |of: fn(&Size) -> f64| -> Vec<(f64, f64)> {
        sizes.iter().map(|size| (size.setting.n as f64, of(size).abs())).collect()
    };
    let curve = |label: String, style, colour, along| Curve::new(label, style, colour, along);
    let of = |gap: fn(&Size) -> &super::coupled::Gap| -> Vec<(f64, f64)> {
        let values = sizes.iter().map(|size| (size.setting.n as f64, quantity.of(gap(size)).abs()));
        values.collect()
    };
    let mut curves = vec![
        curve("theory, N → ∞".into(), LineStyle::Solid, THEORY, of(|s| &s.limit)),
        curve(format!("theory, N = {STEPS} steps"), LineStyle::Dashed, 5, of(|s| &s.predicted)),
    ];
    if with_printed {
        // The printed rate through the first point.
        let first =
            sizes.first().map_or(f64::NAN, |size| size.setting.n as f64 * quantity.of(&size.limit).abs());
        let rate = line(|size| 1.0 / size.setting.n as f64);
        let rate = rate.into_iter().map(|(n, x)| (n, x * first)).collect();
        curves.push(curve("printed rate, 1/n".into(), LineStyle::Dotted, PRINTED, rate));
    }
    let exponent = format!("{:.2}", found.rate(quantity).fit.exponent.value).replace('-', "−");
    let points = vec![points(sizes, quantity, MEASURED, "simulation")];
    Panel { y_log: true, curves, points, ..Panel::new(format!("{name} ∝ n^({exponent})")) }
}

fn against_kappa(found: &Found) -> Panel {
    let grid = (0..=70).map(|k| 0.3 + 0.05 * f64::from(k));
    let expected = |kappa: f64| (kappa, P - p_kappa(P, kappa));
    let data = found.kappas.iter().map(|at| (at.kappa, at.missing[0], at.missing[1]));
    let theory = grid.map(expected).collect();
    Panel {
        y_log: true,
        x_label: "κ".into(),
        curves: vec![Curve::new("theory, N → ∞", LineStyle::Solid, THEORY, theory)],
        points: vec![Points::new("simulation", MEASURED, data)],
        ..Panel::new("p − p^κ, exact denoiser")
    }
}
