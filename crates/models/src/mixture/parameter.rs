//! The parameters of what is simulated, each declared once: name, default, words, meaning.

use std::sync::LazyLock;

use super::interpolant::{Interpolant, Schedule};
use super::overlaps::{CERTIFICATES, LABELS, OVERLAPS};
use super::target::Target;
use ::overlaps::model::{Control, Description, Parameter, Parameters, ROOTS, is_whole, like, number, words};
#[cfg(test)]
use ::overlaps::value::Value;

/// What a learnt denoiser declares.
pub static DENOISER: LazyLock<Description> = LazyLock::new(|| Description {
    name: "denoiser",
    title: "a denoiser c x + u tanh(w·x/√d + b) of a two-mode Gaussian mixture, along the time of the flow",
    describes: &["two-phase", "first-phase", "second-phase"],
    control: Control { name: "t", meaning: "dilated time", from: 0.0, to: 2.0 },
    parameters: vec![
        number("n", 128.0, "training samples").whole(
            2.0,
            1e5,
            "n is a whole number of samples from 2 to 100000",
        ),
        number("p", 0.8, "weight of mode +; in tables, the fraction of training samples in it")
            .if_(|p| p > 0.0 && p < 1.0, "p is the weight of mode +, 0 < p < 1"),
        number("sigma", 1.0, "standard deviation within a mode")
            .if_(|sigma| (0.0..1e6).contains(&sigma), "σ is a standard deviation, 0 ≤ σ < 10⁶"),
        number("kappa", 4.0, "dilation of time")
            .if_(|kappa| kappa >= 0.0 && kappa.is_finite(), "κ is a finite number, κ ≥ 0"),
        number("lambda", 0.1, "weight decay of u, (λ/2)|u|²")
            .if_(|lambda| lambda >= 0.0 && lambda.is_finite(), "λ is a finite weight decay, λ ≥ 0"),
        number("ell", 0.01, "weight decay of w, (ℓ/2)|w|²")
            .if_(|ell| ell > 0.0 && ell.is_finite(), "ℓ is a finite weight decay, ℓ > 0"),
        like("p_test", "p", "weight of mode + in test data")
            .if_(|p| (0.0..=1.0).contains(&p), "it is a weight, 0 ≤ p_test ≤ 1"),
        number("k", f64::INFINITY, "noise samples per datum; inf: fresh noise at every step").if_(
            |k| k == f64::INFINITY || is_whole(k, 1.0, 1e4),
            "k is a whole number of noise samples per datum from 1 to 10000, or inf",
        ),
        number("d", 5000.0, "dimension of the data").whole(
            2.0,
            9e15,
            "d is a whole number of dimensions from 2 to 9·10¹⁵",
        ),
        words("interpolant", &Interpolant::NAMES, "interpolant between noise and data"),
        words("schedule", &Schedule::NAMES, "schedule, from the time t to τ"),
    ],
    labels: &LABELS,
    quantities: &OVERLAPS,
    certificates: &CERTIFICATES,
    corrections: ROOTS,
});

/// What only the flow of the exact denoiser has.
pub static FLOW_PARAMETERS: LazyLock<[Parameter; 4]> = LazyLock::new(|| {
    [
        words("target", &Target::NAMES, "law of the data"),
        number("M", 1.0, "mixture: |μ|/√d")
            .if_(|m| m > 0.0 && m < 1e6, "the modes stand at ±M√d along μ, 0 < M < 10⁶"),
        number("beta", 1.5, "Curie–Weiss: inverse temperature").if_(
            |beta| beta > 1.0 && beta <= 50.0,
            "two states exist at inverse temperatures 1 < β, here up to 50",
        ),
        number("bend", 1.0, "time t at which a dilated schedule bends")
            .if_(|bend| bend > 0.0 && bend < 2.0, "it is a time of the schedule, 0 < bend < 2"),
    ]
});

/// What the flow of a denoiser declares, learnt or exact.
pub static FLOW: LazyLock<Description> = LazyLock::new(|| {
    let parameters = DENOISER.parameters.iter().chain(&*FLOW_PARAMETERS).cloned().collect();
    Description { parameters, ..DENOISER.clone() }
});

/// The parameters of an [`ExactDenoiser`](super::ExactDenoiser) and of its time, in the order of tables.
pub fn exact_parameters() -> Parameters<'static> {
    static ALL: LazyLock<[Parameter; 5]> = LazyLock::new(|| {
        [
            number("p", 0.8, "weight of mode +")
                .if_(|p| p > 0.0 && p < 1.0, "both modes have a weight, 0 < p < 1"),
            // As large as this, so that no power overflows.
            number("sigma", 1.0, "standard deviation within a mode")
                .if_(|sigma| (0.0..=1e100).contains(&sigma), "σ is a standard deviation, 0 ≤ σ ≤ 1e100"),
            number("d", 5000.0, "dimension of the data")
                .if_(|d| (1.0..=1e100).contains(&d), "d is a dimension, 1 ≤ d ≤ 1e100"),
            words("interpolant", &Interpolant::NAMES, "interpolant between noise and data"),
            number("kappa", 4.0, "dilation of time")
                .if_(|kappa| kappa > 0.0 && kappa.is_finite(), "κ is a finite dilation of time, κ > 0"),
        ]
    });
    Parameters { whose: "exact-denoiser", all: &*ALL }
}

/// The value at a place of a table of numbers, in which a word is its place among the words of its parameter.
#[cfg(test)]
pub fn coded(name: &str, number: f64) -> Value {
    FLOW.parameters.iter().find(|parameter| parameter.name == name).map_or(number.into(), |p| p.value(number))
}
