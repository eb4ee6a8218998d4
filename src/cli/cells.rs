//! Runs all combinations of swept values in parallel, in chunks, and hands the results over in order: the
//! output does not depend on the number of threads, and memory does not grow with the sweep.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::arguments::Plan;

/// Cells per thread in one chunk.
const CHUNK: usize = 8;

/// Computes `work` for every combination and passes the results to `take` in order.
///
/// # Errors
/// Whatever `take` returns, or an interruption.
pub fn for_each_cell<T: Send>(
    plan: &Plan,
    quiet: bool,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    // Without a handler an interruption ends the process at once, which is also acceptable.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::SeqCst) {
            // Asked twice: at once.
            std::process::exit(130);
        }
    });
    let cells = plan.cells();
    let bar = if quiet || cells < 2 { ProgressBar::hidden() } else { ProgressBar::new(cells as u64) };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} [{elapsed} < {eta}]") {
        bar.set_style(style);
    }
    let chunk = CHUNK * rayon::current_num_threads();
    let mut first = 0;
    while first < cells {
        let last = cells.min(first.saturating_add(chunk));
        let results: Vec<Option<T>> = (first..last)
            .into_par_iter()
            .map(|cell| (!interrupted.load(Ordering::SeqCst)).then(|| work(cell)))
            .collect();
        for (cell, result) in (first..last).zip(results) {
            let Some(result) = result else {
                bail!("interrupted; nothing was written");
            };
            take(cell, result)?;
        }
        bar.set_position(last as u64);
        first = last;
    }
    bar.finish_and_clear();
    Ok(())
}
