//! Runs many independent cells (combinations of swept values, data sets) in parallel, in chunks, and hands the results
//! over in order: the output does not depend on the number of threads, and memory does not grow with their number.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use overlaps::model::Running;
use rayon::prelude::*;

/// Cells per thread in one chunk.
const CHUNK: usize = 8;

/// Whether an interruption (Ctrl-C) was asked for; the first call installs the handler. A second Ctrl-C ends the
/// process at once.
pub fn interrupted() -> bool {
    static ASKED: AtomicBool = AtomicBool::new(false);
    static HANDLER: OnceLock<()> = OnceLock::new();
    HANDLER.get_or_init(|| {
        // Without a handler an interruption ends the process at once, which is also acceptable.
        let _ = ctrlc::set_handler(|| {
            if ASKED.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
        });
    });
    ASKED.load(Ordering::SeqCst)
}

/// The progress bar of a run, which cells may move on by themselves.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// One unit is done.
    pub fn tick(&self) {
        self.bar.inc(1);
    }
}

/// How many cells there are, and how many units of progress each has.
#[derive(Debug, Clone, Copy)]
pub struct Cells {
    /// How many.
    pub count: usize,
    /// Units of progress in each; 1 where a cell does not report.
    pub units: u64,
}

/// Computes `work` for every cell and passes the results to `take` in order.
///
/// # Errors
/// Whatever `take` returns, or an interruption.
pub fn for_each_cell<T: Send>(
    cells: Cells,
    quiet: bool,
    work: impl Fn(usize, &Progress) -> T + Sync,
    mut take: impl FnMut(usize, T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Cells { count, units } = cells;
    let total = count as u64 * units;
    let progress = Progress { bar: bar(total, quiet) };
    let chunk = CHUNK * rayon::current_num_threads();
    let mut first = 0;
    while first < count {
        let last = count.min(first.saturating_add(chunk));
        let results: Vec<Option<T>> = (first..last)
            .into_par_iter()
            .map(|cell| (!interrupted()).then(|| work(cell, &progress)))
            .collect();
        for (cell, result) in (first..last).zip(results) {
            let Some(result) = result else {
                bail!("interrupted; nothing was written");
            };
            take(cell, result)?;
        }
        progress.bar.set_position(last as u64 * units);
        first = last;
    }
    progress.bar.finish_and_clear();
    Ok(())
}

/// Runs what tells of its progress, and may be interrupted.
pub fn with_progress<T>(total: u64, quiet: bool, run: impl FnOnce(&Running) -> T) -> T {
    let bar = bar(total, quiet);
    let result = run(&Running { interrupted: &interrupted, progress: &|| bar.inc(1) });
    bar.finish_and_clear();
    result
}

fn bar(total: u64, quiet: bool) -> ProgressBar {
    let bar = if quiet || total < 2 { ProgressBar::hidden() } else { ProgressBar::new(total) };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} [{elapsed} < {eta}]") {
        bar.set_style(style);
    }
    bar
}
