//! Rows of one curve on several threads: each is a function of its parameters alone, so that it does not matter which thread
//! computes which.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::equations::Equations;
use super::finder::Finder;

/// Rows for which it pays to begin one more thread.
const ROWS: usize = 4;

impl<'s> Finder<'s> {
    /// What is computed of each row alone, in the order of the rows, on as many threads as the settings allow.
    pub(super) fn each_row<T: Send>(
        &mut self,
        controls: &[f64],
        of: impl Fn(&mut Finder<'s>, f64) -> T + Sync,
    ) -> Vec<T> {
        let threads = self.settings.threads.min(controls.len().div_ceil(ROWS));
        let (system, settings) = (self.equations.system, self.settings);
        let parameters = self.equations.parameters().to_vec();
        let next = AtomicUsize::new(0);
        let rows = |finder: &mut Finder<'s>| {
            let mut done = Vec::new();
            loop {
                let row = next.fetch_add(1, Ordering::Relaxed);
                let Some(control) = controls.get(row) else { return done };
                done.push((row, of(finder, *control)));
            }
        };
        let mut all = thread::scope(|scope| {
            let other = || {
                let mut finder = Finder::new(Equations::new(system, &parameters), settings);
                let done = rows(&mut finder);
                (done, finder.effort(), finder.tiny)
            };
            // Where the system gives no more threads, those that there are do the work.
            let begin = |_| thread::Builder::new().spawn_scoped(scope, other).ok();
            let others: Vec<_> = (1..threads).filter_map(begin).collect();
            let mut all = rows(self);
            for other in others {
                // A thread that was to stop is unwound like any other.
                let (done, effort, tiny) = other.join().unwrap_or_else(|reason| resume_unwind(reason));
                all.extend(done);
                self.equations.effort += effort;
                self.tiny.extend(tiny);
            }
            all
        });
        all.sort_by_key(|(row, _)| *row);
        all.into_iter().map(|(_, of_row)| of_row).collect()
    }
}
