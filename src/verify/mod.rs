//! A second opinion on a row: everything that it says is computed again from the expressions of the file, by an evaluator,
//! derivatives, a quadrature and a search that share nothing with those that found it.
//!
//! `number` (numbers of any size with a running bound of their error) → `elementary`, `special`, `bivariate` → `function` → `formula` and `derivative`
//! (expressions as they are written) → `apply` (one operation) → `evaluate` and `integrate`, with `features` (where integrands bend, peak
//! and jump) → `point` (the equations of a system at a point) → `search` (other solutions) → `judge` (what is wrong with a row, a
//! `disagreement`); `motion` follows what moves from a start again.

mod apply;
mod bivariate;
mod bracket;
mod derivative;
mod disagreement;
mod elementary;
mod evaluate;
mod features;
mod formula;
mod function;
mod implicit;
mod integrate;
mod judge;
mod matrix;
mod minima;
mod motion;
mod number;
mod point;
mod reader;
mod search;
mod special;
mod values;

pub use disagreement::{Disagreement, Unverified, point};
pub use judge::{Claim, Report, Verifier};
