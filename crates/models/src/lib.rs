//! What can be simulated at finite dimension: the [`Model`]s that come with the project ([`all`]).
//!
//! - [`mixture`]: denoisers of a two-mode Gaussian mixture, the samples that they generate, and schedules to train them by;
//! - [`modes`]: mixtures of more than two modes;
//! - [`units`]: a denoiser with several softmax units, of three classes;
//! - [`linear_network`]: gradient flow and descent of two-layer linear networks, at a cost that does not depend on the width;
//! - [`paper`]: tables about papers;
//! - [`amp`]: approximate message passing, iteration by iteration;
//! - [`glm`]: generalised linear models by empirical risk, of a teacher and of two clusters;
//! - [`online`]: learning from examples that are used once, drawn in law;
//! - [`hebb`]: a perceptron by Hebb's rule;
//! - [`mean_field`]: spins that are all coupled, from their Gibbs law;
//! - [`graphs`]: random graphs;
//! - [`spins`]: Hopfield and Sherrington–Kirkpatrick models by Glauber dynamics;
//! - [`ridge`]: ridge regression, teacher and student; the file to start a new model from.
//!
//! Denoisers of 8 samples in 10⁹ dimensions, at two times, beside theory; and a verdict on a theory, from many data sets:
//!
//! ```
//! use overlaps::compare::Verdict;
//! use overlaps::experiment::{Check, Simulate};
//! use overlaps::study::Wanted;
//! use overlaps::system::Theory;
//! use overlaps_models::{mixture::simulate::Denoiser, ridge::Ridge};
//!
//! let denoisers = Simulate::new(Denoiser::default())?.set("n", 8)?.set("p", 0.75)?.set("kappa", 2)?.set("d", 1e9)?;
//! let simulated = denoisers.along([0.5, 1.0])?.seeds(0..1)?.table()?;
//! let theory = Theory::load("first-phase")?.set("n", 8)?.set("p", 0.75)?.set("kappa", 2)?;
//! let solved = theory.along([0.5, 1.0])?.solve();
//! for row in 0..2 {
//!     assert!((simulated.number("m", row)? - solved.number("m", row)?).abs() < 1e-3); // of order 1/√d
//! }
//!
//! let check = Check::new(Theory::load("ridge")?)?;
//! let (simulate, given) = check.simulate(std::sync::Arc::new(Ridge), vec![], Wanted::default(), 0..16)?;
//! let measured = check.measurements(&simulate.table()?, simulate.model().description(), "the simulation")?;
//! assert_eq!(check.answers(&measured, &given)?.all[0].judged.verdict, Verdict::Agrees);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod along;
mod gaussian;
mod stream;
#[cfg(test)]
mod trial;

use std::sync::Arc;

use overlaps::model::Model;

pub use stream::{Purpose, stream};

pub mod amp;
pub mod glm;
pub mod graphs;
pub mod hebb;
pub mod linear_network;
pub mod mean_field;
pub mod mixture;
pub mod modes;
pub mod online;
pub mod paper;
pub mod ridge;
pub mod spins;
pub mod units;

/// Everything that can be simulated, at its defaults.
pub fn all() -> Vec<Arc<dyn Model>> {
    fn each<M: Model + 'static>(models: impl IntoIterator<Item = M>) -> impl Iterator<Item = Arc<dyn Model>> {
        models.into_iter().map(|model| Arc::new(model) as Arc<dyn Model>)
    }
    let denoiser: Arc<dyn Model> = Arc::new(mixture::simulate::Denoiser::default());
    std::iter::once(denoiser)
        .chain(each([units::Units]))
        .chain(each([ridge::Ridge]))
        .chain(each([linear_network::LinearNetwork]))
        .chain(each([hebb::Hebb]))
        .chain(each(glm::TEACHERS))
        .chain(each(glm::CLUSTERS))
        .chain(each(online::ONLINE))
        .chain(each(amp::AMP))
        .chain(each(mean_field::MEAN_FIELD))
        .chain(each(graphs::GRAPHS))
        .chain(each(spins::SPINS))
        .collect()
}

/// The examples of the page of the book on the library, which are run with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../book/src/library.md")]
pub struct Documents;
