//! Roots, minima, branches and their continuation along the control parameter.
//!
//! `equations` evaluates a system, `averages` chooses the rules of its averages; `newton` holds the two iterations that
//! argmin runs; `finder` polishes and certifies a point, a `solution`; `starts` searches; `continuation` follows; `curve`
//! puts the branches together (`abreast` gives its rows to threads, `motion` follows what moves from a start) and `change` finds where the lowest one changes; `job` runs a whole theory and `rows` lays
//! the result out as a table; `verified` asks for a second opinion on it, and `events` says the rest.

mod abreast;
mod accept;
mod at_control;
mod averages;
mod brent;
mod change;
mod compiled;
mod continuation;
mod curve;
mod equations;
pub mod events;
mod finder;
mod interrupt;
mod job;
mod join;
mod label;
mod ladder;
mod meeting;
mod motion;
mod nature;
mod newton;
mod refusal;
mod region;
mod rows;
mod scan;
mod solution;
mod spread;
mod starts;
mod verified;
mod zeros;

pub use at_control::AtControl;
pub use averages::{Accuracy, WorstAverage};
pub use change::{Change, ChangeKind};
pub use continuation::{End, EndKind};
pub use curve::{Curve, Track};
pub use equations::{Certified, Effort, Equations, Evaluation};
pub use finder::Finder;
pub use interrupt::interruptible;
pub use job::{Job, PieceCurve};
pub use newton::{Ended, Persistence, find_root, find_root_boldly, minimise};
pub use refusal::{Ending, Refusal};
pub use region::Region;
pub use rows::{Layout, Special};
pub use solution::{Remark, Search, Settings, Solution};
pub use verified::{claim, controls_of_rows, enter, reports, verify};
pub use zeros::{Fold, Merging, Place, Side, Zero, ZeroKind, Zeros};
