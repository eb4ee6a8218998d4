//! Interruption and progress of what is computed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use overlaps::experiment::each;
use overlaps::model::Running;

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

/// Computes something for each of so many cells, on all cores; a cell tells of so many units of progress.
///
/// # Errors
/// The first failure, or an interruption.
pub fn all_cells<T: Send, E: Into<anyhow::Error> + Send>(
    count: usize,
    units: u64,
    quiet: bool,
    of: impl Fn(usize, &Running) -> Result<Option<T>, E> + Sync,
) -> anyhow::Result<Vec<T>> {
    let all = with_progress(count as u64 * units, quiet, |running| each(0..count, running, of));
    match all.map_err(Into::into)? {
        Some(all) => Ok(all),
        None => bail!("interrupted; nothing was written"),
    }
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
