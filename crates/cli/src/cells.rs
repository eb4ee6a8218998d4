//! Interruption and progress of what is computed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use overlaps::model::Running;

static ASKED: AtomicBool = AtomicBool::new(false);
static EMBEDDED: AtomicBool = AtomicBool::new(false);

/// This process has signal handlers of its own, and says here whether what runs is to stop.
pub fn embedded(stop: bool) {
    EMBEDDED.store(true, Ordering::SeqCst);
    ASKED.store(stop, Ordering::SeqCst);
}

/// Whether an interruption (Ctrl-C) was asked for; the first call installs the handler. A second Ctrl-C ends the
/// process at once.
pub fn interrupted() -> bool {
    static HANDLER: OnceLock<()> = OnceLock::new();
    HANDLER.get_or_init(|| {
        if EMBEDDED.load(Ordering::SeqCst) {
            return;
        }
        // Without a handler an interruption ends the process at once, which is also acceptable.
        let _ = ctrlc::set_handler(|| {
            if ASKED.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
        });
    });
    ASKED.load(Ordering::SeqCst)
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
