//! Computes what is missing of a study, and shows how far it is.

use indicatif::{ProgressBar, ProgressStyle};

use super::study::Opened;
use crate::cells::interrupted;
use overlaps::experiment::Pending;
use overlaps::model::Running;
use overlaps::study::Part;

/// Computes what is missing of a part.
///
/// # Errors
/// A cell that cannot be computed, a disk that is full, an interruption; what was finished before is kept.
pub fn run(opened: &Opened, part: Part, quiet: bool) -> anyhow::Result<()> {
    let pending = Pending::of(opened.work.as_ref(), &opened.store, part)?;
    let (count, done) = (pending.count, pending.done());
    if !quiet && pending.damaged > 0 && !pending.is_empty() {
        eprintln!("note: {} damaged pieces of the cells on disk are computed again", pending.damaged);
    }
    let bar = progress(count, done, quiet);
    if !quiet && done > 0 && !pending.is_empty() {
        bar.suspend(|| eprintln!("note: {done} of {count} cells are finished already"));
    }
    let running = Running { interrupted: &interrupted, progress: &|| {} };
    let computed = pending.compute(&running, &|cells| bar.inc(cells as u64));
    bar.finish_and_clear();
    computed?;
    if part != Part::WHOLE && !quiet {
        eprintln!("note: part {} of {}: all {count} cells are finished", part.index, part.count);
    }
    Ok(())
}

fn progress(count: usize, done: usize, quiet: bool) -> ProgressBar {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(count as u64) };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} cells [{elapsed} < {eta}]") {
        bar.set_style(style);
    }
    bar.set_position(done as u64);
    // What was finished before says nothing about how fast it goes now.
    bar.reset_eta();
    bar
}
