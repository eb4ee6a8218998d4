//! Which rule an evaluation takes its averages with.

use rustc_hash::FxHashMap;

use crate::average::{Refined, Rule};
use crate::language::graph::Node;

/// Which points of the panels are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Points {
    /// The higher rule.
    High,
    /// The lower rule.
    Low,
    /// The rule for searches.
    Few,
    /// Both, for the error of the outermost averages.
    Both,
}

/// What was found out about the panels at a point: it stays as it is until it is asked for again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pattern {
    /// Stretches that need shorter panels, in outermost averages over a variable.
    pub refined: Vec<(u8, Refined)>,
    /// How often the panels of inner averages are halved.
    pub inner: u32,
    /// By how many half-widths the outermost intervals are longer at both ends.
    pub wider: u32,
}

/// The rule of an evaluation.
#[derive(Debug, Clone, Copy)]
pub enum Choice<'a> {
    /// A rule of the ladder, for all averages.
    Ladder(&'a Rule),
    /// Panels.
    Panels(&'a Pattern, Points),
    /// The outermost averages are given: only what is made of them is computed, and the places of their integrands found.
    Given(&'a FxHashMap<Node, f64>),
}

impl Choice<'_> {
    /// The higher rule where both are asked for: what has no error of its own needs one.
    pub(super) fn without_error(self) -> Self {
        match self {
            Choice::Panels(pattern, Points::Both) => Choice::Panels(pattern, Points::High),
            other => other,
        }
    }
}
