//! A solution with its certificate, and how it is asked for.

use std::fmt;

use nalgebra::DVector;

use super::equations::Certified;
use crate::system::System;

/// How a system is solved.
#[derive(Clone, Copy)]
pub struct Settings<'r> {
    /// Absolute tolerance on every average that enters the outputs.
    pub tolerance: f64,
    /// How starts are spread.
    pub search: Search,
    /// Whether branches are followed beyond the given control values, to where they end.
    pub follow_to_ends: bool,
    /// Whether a row is left empty where a search has seen a lower point from which it could not finish; otherwise the
    /// lowest solution found is given.
    pub doubt: bool,
    /// Threads on which the rows of one curve may be computed; the result does not depend on it.
    pub threads: usize,
    /// Whether it is to stop, asked at every evaluation of the equations; see [`interruptible`](super::interruptible).
    pub interrupted: &'r (dyn Fn() -> bool + Sync),
}

impl<'r> Settings<'r> {
    /// Those of a solve to a tolerance, with or without the ends of all branches.
    pub fn new(tolerance: f64, follow_to_ends: bool) -> Settings<'r> {
        Settings { tolerance, follow_to_ends, ..Settings::default() }
    }

    /// The same on so many threads.
    pub fn on(self, threads: usize) -> Settings<'r> {
        Settings { threads, ..self }
    }

    /// The same, which stops when it is asked to.
    pub fn stopping(self, interrupted: &'r (dyn Fn() -> bool + Sync)) -> Settings<'r> {
        Settings { interrupted, ..self }
    }
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Settings {
            tolerance: 1e-12,
            search: Search::Full,
            follow_to_ends: false,
            doubt: true,
            threads: 1,
            interrupted: &|| false,
        }
    }
}

impl fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { tolerance, search, follow_to_ends, doubt, threads, .. } = self;
        let mut shown = f.debug_struct("Settings");
        shown.field("tolerance", tolerance).field("search", search);
        shown.field("follow_to_ends", follow_to_ends).field("doubt", doubt).field("threads", threads);
        shown.finish_non_exhaustive()
    }
}

/// How many starts a row gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// The file's starts, a space-filling set, and for one unknown every root in its range.
    Full,
    /// The file's starts at every row, and no others.
    FileStarts,
}

/// A solution of the equations at one control value.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Control value.
    pub control: f64,
    /// Unknowns; infinite on the boundary.
    pub x: DVector<f64>,
    /// Outputs and certificate.
    pub certified: Certified,
    /// Smallest eigenvalue of the Hessian of an energy, else smallest singular value of the Jacobian; none for
    /// a closed form.
    pub curvature: Option<f64>,
    /// dx/d(control) along the branch.
    pub tangent: DVector<f64>,
    /// Iterations spent.
    pub iterations: u64,
    /// Its label: the branch of the file whose start lies nearest to it, numbered if there are more; or "other".
    pub branch: String,
    /// The branch of the file, if it is one's.
    pub place: Option<usize>,
    /// How far the errors of the equations may move the unknowns, relative to their size.
    pub uncertainty: f64,
    /// How accurately its energy is known.
    pub energy_error: f64,
    /// Its place among the solutions of its row.
    pub order: usize,
    /// The track of the curve that it belongs to.
    pub(super) track: usize,
    /// Whether the search of its own row found it, rather than a branch of another row that was followed to it.
    pub(super) own: bool,
    /// Whether the file gives it as a point on the boundary.
    pub boundary: bool,
    /// Whether it is an extremum of the kind that the file means.
    pub meant: bool,
    /// What its reader should know.
    pub remark: Option<Remark>,
}

/// What the reader of a solution should know.
#[derive(Debug, Clone, PartialEq)]
pub enum Remark {
    /// It is one of a continuous family: the Jacobian is singular along this direction.
    NotIsolated(Vec<f64>),
    /// An unknown is known only to this error: the equations hardly change along it.
    Uncertain(usize, f64),
    /// These unknowns sit on an end of their range.
    OnEdge(Vec<usize>),
}

impl Solution {
    /// Whether it is one of a continuous family of solutions.
    pub fn is_one_of_a_family(&self) -> bool {
        matches!(self.remark, Some(Remark::NotIsolated(_)))
    }

    /// Whether it lies near a point where solutions meet, so that round-off moves it by more than its last digits.
    pub(super) fn is_nearly_singular(&self) -> bool {
        self.curvature.is_some_and(|c| c.abs() < 1e-7)
    }

    /// What a row says where a flow or an iteration has stopped: nothing.
    pub(super) fn absent(control: f64, system: &System, branch: &str) -> Solution {
        let missing = |count: usize| vec![f64::NAN; count];
        let certified = Certified {
            outputs: missing(system.outputs.len()),
            energy: f64::NAN,
            selects: f64::NAN,
            residual: 0.0,
            quadrature_error: 0.0,
            rounding: 0.0,
            amplified: 0.0,
            rung: 0,
            nodes: 0,
        };
        let x = DVector::from_vec(missing(system.unknowns.len()));
        Solution { branch: branch.into(), place: Some(0), ..Solution::bare(control, x.clone(), certified, x) }
    }

    /// Whether a flow or an iteration has stopped before, so that there is nothing to be said.
    pub fn is_absent(&self) -> bool {
        !self.x.is_empty() && self.x.iter().all(|x| x.is_nan())
    }

    /// A solution of which no more is known than its certificate.
    pub(super) fn bare(
        control: f64,
        x: DVector<f64>,
        certified: Certified,
        tangent: DVector<f64>,
    ) -> Solution {
        Solution {
            control,
            x,
            certified,
            curvature: None,
            tangent,
            iterations: 0,
            branch: String::new(),
            place: None,
            uncertainty: 0.0,
            energy_error: 0.0,
            order: 0,
            track: 0,
            own: true,
            boundary: false,
            meant: true,
            remark: None,
        }
    }
}
