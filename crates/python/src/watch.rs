//! Work on threads of its own, without the lock of the interpreter: the thread that asked for it looks for Ctrl-C and tells of progress.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use overlaps::model::Running;
use overlaps_cli::embedded;
use pyo3::prelude::*;

/// How often signals are looked for.
const LOOK: Duration = Duration::from_millis(20);
/// The stack of a thread: that of the first thread of a command.
const STACK: usize = 8 << 20;

/// Whether work is to stop, and how far it is.
pub struct Watch<'w> {
    interrupted: &'w (dyn Fn() -> bool + Sync),
    progress: &'w (dyn Fn() + Sync),
    total: &'w AtomicU64,
}

impl Watch<'_> {
    /// How much there is to do.
    pub fn of(&self, total: u64) {
        self.total.store(total, Relaxed);
    }

    /// What an experiment asks and tells.
    pub fn running(&self) -> Running<'_> {
        Running { interrupted: self.interrupted, progress: self.progress }
    }
}

/// Does some work on so many threads, or on all cores. `progress` is called with what is done, and of how much. A pool belongs to
/// its call, so that it is there in a process that was forked too.
pub fn watched<T: Send>(
    py: Python<'_>,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
    work: impl FnOnce(&Watch) -> anyhow::Result<T> + Send,
) -> PyResult<T> {
    let (stop, done, total) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let interrupted = || stop.load(Relaxed);
    let count = || {
        done.fetch_add(1, Relaxed);
    };
    let watch = Watch { interrupted: &interrupted, progress: &count, total: &total };
    let look = |py: Python<'_>| {
        py.check_signals()?;
        match &progress {
            Some(progress) => progress.call1(py, (done.load(Relaxed), total.load(Relaxed))).map(drop),
            None => Ok(()),
        }
    };
    embedded::stop(false);
    let (result, raised) = py.detach(|| {
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel::<()>(1);
            let worker = scope.spawn(|| {
                let _sender = sender;
                let pool =
                    rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).stack_size(STACK);
                pool.build()?.install(|| work(&watch))
            });
            let mut raised = None;
            while receiver.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if raised.is_none()
                    && let Err(error) = Python::attach(look)
                {
                    raised = Some(error);
                    stop.store(true, Relaxed);
                    embedded::stop(true);
                }
            }
            (worker.join().unwrap_or_else(|panic| resume_unwind(panic)), raised)
        })
    });
    embedded::stop(false);
    match raised {
        Some(raised) => Err(raised),
        None => {
            look(py)?;
            result.map_err(|error| super::failed(&error))
        }
    }
}
