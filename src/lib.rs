//! `overlaps` solves the self-consistent (fixed-point) equations of high-dimensional learning theory, certifies
//! every number, and compares theories with each other and with simulation.
//!
//! Data flows one way:
//!
//! - [`mathematics`], [`name`], [`value`], [`diagnostic`], [`input`], [`numeric`]: the ground: how mathematics is set, names
//!   and which is meant, parameters and their values, places in a user's text, what a user's file may hold, arithmetic.
//! - [`average`]: the quadrature rules for E f(z), z ~ N(0, 1), in a ladder by which errors are measured.
//! - [`language`]: expressions as text → graph → exact derivatives → program for whole arrays of quadrature nodes.
//! - [`system`]: an equation file becomes a [`system::System`], what a user asks for by name a [`system::Theory`].
//! - [`output`]: tables, CSV, JSON, files.
//! - [`solve`]: minima and roots by argmin, branches, their continuation along the control parameter, changes of
//!   the global branch; a [`solve::Curve`] becomes rows. [`verify`] looks at them again by other means.
//! - [`study`]: what is to be computed: parameters, sweeps, and the cells of large ones, each kept when it is done.
//! - [`chart`]: what a figure shows, by the names of columns, and the figure as data.
//! - [`experiment`]: what is computed cell by cell, by a command or a study. Begin with [`experiment::Solve`].
//! - [`model`]: what can be simulated, and what it declares: parameters, measured quantities, the theories of it.
//! - [`compare`]: joins both kinds of rows by column name: differences, extrapolations in d, one verdict per theory.
//! - [`paper`]: the statements of papers as data, each decided from what was measured.
//!
//! What can be simulated is in `overlaps-models`, figures are drawn by `overlaps-figures`, the command is `overlaps-cli`.
#![deny(missing_docs)]

pub mod average;
pub mod chart;
pub mod compare;
pub mod diagnostic;
pub mod experiment;
pub mod input;
pub mod language;
pub mod mathematics;
pub mod model;
pub mod name;
pub mod numeric;
pub mod output;
pub mod paper;
pub mod solve;
pub mod study;
pub mod system;
pub mod value;
pub mod verify;

/// The examples of the README, which are run with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Documents;
