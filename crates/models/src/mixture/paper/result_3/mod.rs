//! Result 3 and Corollary 5 of arXiv:2412.07972 against simulation: how the samples of learnt denoisers approach those of the
//! exact one as n grows.
//!
//! `coupled` runs both flows from the same start, `rates` does so at several n and fits exponents, `kappa` has the exact
//! denoiser at several κ; `report` is the text and `drawing` the figure.

pub mod coupled;
mod drawing;
pub mod kappa;
pub mod rates;
mod report;

use crate::paper::verdicts::{decide, entries};
use crate::paper::{Made, Show, Tried};
use kappa::{AtKappa, at_kappa};
use overlaps::paper::Paper;
use rates::{Quantity, Rate, Size, predict_all, sizes};

/// The name of the table.
const NAME: &str = "result-3";

/// Training samples with fresh noise, and with fixed noise, where there are two vectors for each, and the margin of new
/// samples is small at larger n.
pub const FRESH: [usize; 8] = [8, 16, 32, 64, 128, 256, 512, 1024];
pub const FIXED: [usize; 5] = [8, 16, 32, 64, 128];
/// Samples per data set.
const SAMPLES: usize = 20_000;
/// Dilations, and samples at each.
pub const KAPPAS: [f64; 7] = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5];
pub const SAMPLES_AT_KAPPA: usize = 200_000;

/// Everything that was found.
struct Found {
    fresh: Vec<Size>,
    fixed: Vec<Size>,
    kappas: Vec<AtKappa>,
    rates: Vec<Rate>,
}

impl Found {
    /// The runs that a quantity is taken from.
    fn sizes(&self, quantity: Quantity) -> &[Size] {
        if quantity.with_fixed_noise() { &self.fixed } else { &self.fresh }
    }

    fn rate(&self, quantity: Quantity) -> &Rate {
        // One per quantity, in their order.
        &self.rates[quantity as usize]
    }
}

/// Simulates and fits.
///
/// # Errors
/// An interruption, denoisers that do not converge.
pub fn result_3(paper: &Paper, seeds: u64, show: Show) -> Tried<Made> {
    let mut fixed = sizes(&FIXED, 1.0, seeds, 2000, show)?;
    let mut fresh = sizes(&FRESH, f64::INFINITY, seeds, SAMPLES, show)?;
    predict_all(&mut fixed, true)?;
    predict_all(&mut fresh, true)?;
    let kappas = at_kappa(&KAPPAS, SAMPLES_AT_KAPPA, show)?;
    let of =
        |quantity: Quantity| Rate::new(quantity, if quantity.with_fixed_noise() { &fixed } else { &fresh });
    let rates: Vec<Rate> = Quantity::ALL.into_iter().map(of).collect::<Tried<_>>()?;
    let made = [("rates", &rates::table(&rates)?), ("kappa", &kappa::table(&kappas)?)];
    let claims = decide(paper, NAME, &made)?;
    let found = Found { fresh, fixed, kappas, rates };
    Ok(Made {
        text: report::text(&found, seeds, &claims),
        numbers: report::numbers(&found)?,
        claims: entries(&claims),
        figure: Some(drawing::figure(&found)),
    })
}
