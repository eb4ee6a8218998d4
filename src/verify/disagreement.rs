//! What can be wrong with a row, and what keeps it from being verified, in the user's terms.

use std::fmt;

/// Why a row is not right.
#[derive(Debug, Clone, PartialEq)]
pub enum Disagreement {
    /// An unknown lies outside its range.
    Range {
        /// Its name.
        unknown: String,
        /// Its value.
        value: f64,
        /// First value of the range.
        from: f64,
        /// Last value of the range.
        to: f64,
    },
    /// The condition of `[admissible]` does not hold.
    Inadmissible {
        /// The condition.
        condition: String,
    },
    /// An equation does not vanish.
    Equation {
        /// What it is called.
        equation: String,
        /// What is left of it.
        residual: f64,
        /// The size of its terms.
        size: f64,
        /// The unknown that is farthest off, its value, and by how much, if that can be told.
        off: Option<(String, f64, f64)>,
    },
    /// An equation changes sign by passing through infinity.
    Pole {
        /// What it is called.
        equation: String,
        /// Its value.
        residual: f64,
    },
    /// An output has another value.
    Output {
        /// Its column.
        output: String,
        /// What the row says.
        claimed: f64,
        /// What it is.
        found: f64,
    },
    /// A solution of lower energy or selection, or of higher free energy where that is to be maximal, was missed.
    Lower {
        /// Its unknowns.
        at: Vec<(String, f64)>,
        /// Its energy.
        energy: f64,
        /// That of the row.
        claimed: f64,
    },
    /// A stationary point of a free energy of another kind than is meant.
    Saddle {
        /// What it is not.
        meant: String,
    },
    /// A solution was missed that a start of an earlier branch leads to.
    Lost {
        /// The branch.
        branch: String,
        /// The unknowns of the solution.
        at: Vec<(String, f64)>,
    },
}

/// `a = 1, b = 2`.
pub fn point(at: &[(String, f64)]) -> String {
    at.iter().map(|(name, x)| format!("{name} = {}", shown(*x))).collect::<Vec<_>>().join(", ")
}

/// A number with at most twelve digits, without rows of zeros.
fn shown(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 || (1e-4..1e12).contains(&size) {
        let digits = (11 - size.max(1e-4).log10().floor() as i32).clamp(0, 16) as usize;
        let text = format!("{x:.digits$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        text.to_string()
    } else {
        format!("{x:.11e}")
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Disagreement::Range { unknown, value, from, to } => {
                write!(f, "{unknown} = {} lies outside its range from {from} to {to}", shown(*value))
            }
            Disagreement::Inadmissible { condition } => write!(f, "`{condition}` does not hold"),
            Disagreement::Equation { equation, residual, size, off } => {
                write!(f, "{equation} does not vanish: {residual:.2e} of terms of size {size:.2e}")?;
                match off {
                    Some((unknown, value, by)) => {
                        write!(f, "; {unknown} = {} is off by about {by:.2e}", shown(*value))
                    }
                    None => Ok(()),
                }
            }
            Disagreement::Pole { equation, residual } => {
                write!(f, "{equation} passes through infinity there ({residual:.2e}) and not through 0")
            }
            Disagreement::Output { output, claimed, found } => {
                write!(
                    f,
                    "{output} is {}, and not {} (by {:.2e})",
                    shown(*found),
                    shown(*claimed),
                    (found - claimed).abs()
                )
            }
            Disagreement::Lower { at, energy, claimed } => {
                let (lower, below) = if energy < claimed { ("lower", "below") } else { ("higher", "above") };
                write!(
                    f,
                    "a {lower} solution was missed, at {}: {} is {below} {}",
                    point(at),
                    shown(*energy),
                    shown(*claimed)
                )
            }
            Disagreement::Saddle { meant } => {
                write!(f, "the free energy is stationary there, but not {meant}")
            }
            Disagreement::Lost { branch, at } => {
                write!(f, "a start of the branch `{branch}` leads to {}, which was missed", point(at))
            }
        }
    }
}

/// Why a row cannot be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unverified {
    /// So many normal variables are averaged inside each other.
    Nested(usize),
    /// A function or sum that the second evaluator does not have.
    Construct(String),
    /// Sums over discrete variables with too many terms.
    TooLarge,
    /// A flow or an iteration could not be followed to the row by other means.
    Motion,
    /// An average of the equations or outputs could not be computed to within its tolerance.
    Average,
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unverified::Nested(depth) => write!(
                f,
                "--verify integrates one normal variable inside the other; for {depth} at once that would take hours"
            ),
            Unverified::Construct(name) => write!(f, "--verify does not know `{name}`"),
            Unverified::TooLarge => write!(f, "the sums over discrete variables are too large for --verify"),
            Unverified::Motion => {
                write!(
                    f,
                    "--verify could not follow what moves so far: it takes too long, ends before, or forgets where it began"
                )
            }
            Unverified::Average => write!(f, "an average needs more nodes than --verify spends"),
        }
    }
}
