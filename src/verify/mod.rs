//! A second opinion on a row: everything that it says is computed again from the expressions of the file, by an evaluator,
//! derivatives, a quadrature and a search that share nothing with those that found it.
//!
//! `number` (numbers of any size with a running bound of their error) → `function`, `special`, `bivariate` → `formula` (expressions as they are
//! written) → `evaluate` and `integrate`, with `features` (where integrands bend, peak and jump) → `point` (the equations of a system
//! at a point) → `search` (other solutions) → `judge` (what is wrong with a row).

mod bivariate;
mod evaluate;
mod features;
mod formula;
mod function;
mod integrate;
mod judge;
mod number;
mod point;
mod search;
mod special;

pub use judge::{Claim, Disagreement, Report, Unverified, Verifier, point};
