//! How a solve is ended in the middle of a curve.
//!
//! Every evaluation of the equations asks whether it is to stop ([`Settings::interrupted`](super::Settings)). A search that stops there
//! has nothing to hand back that a caller could take for a result, so that it is unwound to where it was begun: no half-made curve
//! exists, and nothing that could be one is tested for on the way.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What is unwound with.
struct Interrupted;

/// Ends what [`interruptible`] has begun, if it is to stop.
#[inline]
pub(super) fn stop_if(interrupted: &(dyn Fn() -> bool + Sync)) {
    if interrupted() {
        // No panic: no message is printed.
        resume_unwind(Box::new(Interrupted));
    }
}

/// Does some work; none where it was ended by its [`Settings::interrupted`](super::Settings).
///
/// ```
/// use overlaps::solve::{Job, Settings, interruptible};
/// use overlaps::system::Theory;
///
/// let theory = Theory::load("two-phase")?;
/// let stopped = Settings::default().on(2).stopping(&|| true);
/// assert!(interruptible(|| Job::default().curves(&theory, stopped)).is_none());
/// assert!(interruptible(|| Job::default().curves(&theory, Settings::default())).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn interruptible<T>(work: impl FnOnce() -> T) -> Option<T> {
    // What the work has touched is dropped with it.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(reason) if reason.is::<Interrupted>() => None,
        Err(panic) => resume_unwind(panic),
    }
}
