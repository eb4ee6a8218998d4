//! Computes the cells of a study that are not finished, on all cores, and keeps each.
//!
//! Threads compute cells in any order; one more writes them. It takes all that have come in since it last wrote, writes them
//! in one go and flushes them to the disk, so that cheap cells share a flush. Only then do they count.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::study::Opened;
use super::work::Work;
use crate::cli::cells::interrupted;
use crate::output::CsvWriter;
use crate::study::journal::Journal;
use crate::study::store::StoreError;
use crate::study::{Key, Part, Record};

/// Finished cells that may wait to be written; threads then wait for the disk.
const WAITING: usize = 4096;

/// Why computing ended early.
enum Stop {
    Interrupted,
    /// The writer has gone; its own error says why.
    Writer,
    Failed(anyhow::Error),
}

/// Computes what is missing of a part.
///
/// # Errors
/// A cell that cannot be computed, a disk that is full, an interruption; what was finished before is kept.
pub fn run(opened: &Opened, part: Part, quiet: bool) -> anyhow::Result<()> {
    let work = opened.work.as_ref();
    let mut journal = opened.store.journal(part)?;
    let mine: Vec<usize> = (0..work.cells()).filter(|cell| part.has(*cell)).collect();
    let keys: HashSet<Key> = mine.iter().map(|cell| opened.key(*cell)).collect();
    let count = mine.len();
    let finished = opened.store.finished_of(|key| keys.contains(&key))?;
    let pending: Vec<usize> = mine.into_iter().filter(|cell| !finished.has(opened.key(*cell))).collect();
    let done = count - pending.len();
    if !quiet && finished.damaged > 0 && !pending.is_empty() {
        eprintln!("note: {} damaged pieces of the cells on disk are computed again", finished.damaged);
    }
    drop((keys, finished));
    let bar = progress(count, done, quiet);
    if !quiet && done > 0 && !pending.is_empty() {
        bar.suspend(|| eprintln!("note: {done} of {count} cells are finished already"));
    }
    let (sender, receiver) = sync_channel(WAITING);
    let (computed, written) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(receiver, &mut journal, work, &bar));
        let computed =
            pending.par_iter().try_for_each_with(sender, |sender, cell| compute(opened, *cell, sender));
        (computed, writer.join())
    });
    bar.finish_and_clear();
    let (kept, failure) = written.map_err(|_| anyhow!("the thread that writes cells has failed"))?;
    let kept = || format!("{} of {count} cells are kept in {}", done + kept, opened.store.folder.display());
    if let Some(error) = failure {
        return Err(error).with_context(|| format!("{}; make room, and the same command goes on", kept()));
    }
    match computed {
        Ok(()) if part != Part::WHOLE && !quiet => {
            eprintln!("note: part {} of {}: all {count} cells are finished", part.index, part.count);
            Ok(())
        }
        Ok(()) => Ok(()),
        Err(Stop::Interrupted | Stop::Writer) => {
            Err(anyhow!("interrupted; {}; the same command goes on with the others", kept()))
        }
        Err(Stop::Failed(error)) => Err(error.context(format!("a cell cannot be computed ({})", kept()))),
    }
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

/// Computes a cell and hands it to the writer.
fn compute(opened: &Opened, cell: usize, sender: &SyncSender<(usize, Record)>) -> Result<(), Stop> {
    if interrupted() {
        return Err(Stop::Interrupted);
    }
    let key = opened.key(cell);
    match record(opened.work.as_ref(), cell, key) {
        Ok(Some(record)) => sender.send((cell, record)).map_err(|_| Stop::Writer),
        Ok(None) => Err(Stop::Interrupted),
        Err(_) if interrupted() => Err(Stop::Interrupted),
        Err(error) => {
            let parameters = opened.work.parameters(cell).into_iter();
            let words: Vec<String> = parameters.map(|(name, value)| format!("{name} = {value}")).collect();
            Err(Stop::Failed(error.context(format!("cell {cell} ({})", words.join(", ")))))
        }
    }
}

/// A cell as it is kept: its rows as they will stand in the CSV.
fn record(work: &dyn Work, cell: usize, key: Key) -> anyhow::Result<Option<Record>> {
    let Some(computed) = work.compute(cell)? else { return Ok(None) };
    let mut writer = CsvWriter::rows(Vec::new());
    computed.rows.iter().try_for_each(|row| writer.write_row(row))?;
    Ok(Some(Record { key, counts: computed.counts, rows: writer.finish()? }))
}

/// Writes cells as they come; gives how many are on the disk, and what went wrong.
fn write(
    receiver: Receiver<(usize, Record)>,
    journal: &mut Journal,
    work: &dyn Work,
    bar: &ProgressBar,
) -> (usize, Option<StoreError>) {
    let mut kept = 0;
    while let Ok(first) = receiver.recv() {
        let (cells, records): (Vec<usize>, Vec<Record>) =
            std::iter::once(first).chain(receiver.try_iter()).unzip();
        if let Err(error) = journal.add(&records) {
            return (kept, Some(error.into()));
        }
        kept += cells.len();
        bar.inc(cells.len() as u64);
        cells.into_iter().for_each(|cell| work.forget(cell));
    }
    (kept, None)
}
