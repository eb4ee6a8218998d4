//! Computes the cells of an experiment that are not finished, on all cores, and keeps each.
//!
//! Threads compute cells in any order; one more writes them. It takes all that have come in since it last wrote, writes them
//! in one go and flushes them to the disk, so that cheap cells share a flush. Only then do they count.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::prelude::*;
use thiserror::Error;

use super::{Experiment, Failure};
use crate::model::Running;
use crate::output::CsvWriter;
use crate::study::journal::Journal;
use crate::study::store::StoreError;
use crate::study::{Key, Part, Record, Store};

/// Finished cells that may wait to be written; threads then wait for the disk.
const WAITING: usize = 4096;

/// Computes something for each of some cells, on all cores; none where an interruption was asked for.
///
/// # Errors
/// The first failure, which ends the others too: they would run to their end for nothing.
pub fn each<T: Send, E: Send>(
    cells: Range<usize>,
    running: &Running,
    of: impl Fn(usize, &Running) -> Result<Option<T>, E> + Sync,
) -> Result<Option<Vec<T>>, E> {
    let failed = AtomicBool::new(false);
    let interrupted = || (running.interrupted)() || failed.load(Ordering::Relaxed);
    let running = Running { interrupted: &interrupted, ..*running };
    let one = |cell| match interrupted() {
        true => Ok(None),
        false => of(cell, &running).inspect_err(|_| failed.store(true, Ordering::Relaxed)),
    };
    let all: Vec<Result<Option<T>, E>> = cells.into_par_iter().map(one).collect();
    // A failure is looked for first: it is what the others were interrupted by.
    let all: Result<Vec<Option<T>>, E> = all.into_iter().collect();
    Ok(all?.into_iter().collect())
}

/// Why a run ended before all cells were finished; what was finished is kept.
#[derive(Debug, Error)]
pub enum RunError {
    /// It was to stop.
    #[error("interrupted; {kept}; the same command goes on with the others")]
    Interrupted {
        /// How many cells are kept, and where.
        kept: String,
    },
    /// Cells could not be written.
    #[error("{kept}; make room, and the same command goes on")]
    Unwritten {
        /// How many cells are kept, and where.
        kept: String,
        /// What could not be written, and why.
        source: StoreError,
    },
    /// A cell cannot be computed.
    #[error("a cell cannot be computed ({kept})")]
    Failed {
        /// How many cells are kept, and where.
        kept: String,
        /// Which, and why.
        source: CellError,
    },
    /// What is on the disk cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that writes has ended.
    #[error("the thread that writes cells has failed")]
    Writer,
}

/// A cell that cannot be computed.
#[derive(Debug, Error)]
#[error("cell {cell} ({parameters})")]
pub struct CellError {
    cell: usize,
    parameters: String,
    source: Failure,
}

/// Why a thread stops.
enum Stop {
    Interrupted,
    /// The writer has gone; its own error says why.
    Writer,
    Failed(CellError),
}

/// The cells of a part of an experiment that are not finished.
pub struct Pending<'e> {
    experiment: &'e dyn Experiment,
    store: &'e Store,
    journal: Journal,
    cells: Vec<usize>,
    /// How many cells the part has.
    pub count: usize,
    /// Pieces of the cells on the disk that are damaged.
    pub damaged: usize,
}

impl<'e> Pending<'e> {
    /// Looks at what is on the disk.
    ///
    /// # Errors
    /// Cells that another process computes, a disk that cannot be read or written.
    pub fn of(experiment: &'e dyn Experiment, store: &'e Store, part: Part) -> Result<Self, StoreError> {
        let journal = store.journal(part)?;
        let mine: Vec<usize> = (0..experiment.cells()).filter(|cell| part.has(*cell)).collect();
        let keys: HashSet<Key> = mine.iter().map(|cell| experiment.key(*cell)).collect();
        let count = mine.len();
        let finished = store.finished_of(|key| keys.contains(&key))?;
        let cells = mine.into_iter().filter(|cell| !finished.has(experiment.key(*cell))).collect();
        Ok(Pending { experiment, store, journal, cells, count, damaged: finished.damaged })
    }

    /// Whether everything is finished.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// How many cells are finished.
    pub fn done(&self) -> usize {
        self.count - self.cells.len()
    }

    /// Computes them; `kept` is told how many more are on the disk.
    ///
    /// # Errors
    /// A cell that cannot be computed, a disk that is full, an interruption; what was finished before is kept.
    pub fn compute(mut self, running: &Running, kept: &(dyn Fn(usize) + Sync)) -> Result<(), RunError> {
        let done = self.done();
        let Pending { experiment, store, journal, cells, count, .. } = &mut self;
        let experiment = *experiment;
        let (sender, receiver) = sync_channel(WAITING);
        let (computed, written) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| write(receiver, journal, experiment, kept));
            let computed = cells
                .par_iter()
                .try_for_each_with(sender, |sender, cell| compute(experiment, *cell, running, sender));
            (computed, writer.join())
        });
        let (more, failure) = written.map_err(|_| RunError::Writer)?;
        let kept = format!("{} of {count} cells are kept in {}", done + more, store.folder.display());
        if let Some(source) = failure {
            return Err(RunError::Unwritten { kept, source });
        }
        match computed {
            Ok(()) => Ok(()),
            Err(Stop::Interrupted | Stop::Writer) => Err(RunError::Interrupted { kept }),
            Err(Stop::Failed(source)) => Err(RunError::Failed { kept, source }),
        }
    }
}

/// Computes a cell and hands it to the writer.
fn compute(
    experiment: &dyn Experiment,
    cell: usize,
    running: &Running,
    sender: &SyncSender<(usize, Record)>,
) -> Result<(), Stop> {
    if (running.interrupted)() {
        return Err(Stop::Interrupted);
    }
    match record(experiment, cell, running) {
        Ok(Some(record)) => sender.send((cell, record)).map_err(|_| Stop::Writer),
        Ok(None) => Err(Stop::Interrupted),
        Err(_) if (running.interrupted)() => Err(Stop::Interrupted),
        Err(source) => {
            let parameters = experiment.in_words(cell);
            Err(Stop::Failed(CellError { cell, parameters, source }))
        }
    }
}

/// A cell as it is kept: its rows as they will stand in the CSV.
fn record(experiment: &dyn Experiment, cell: usize, running: &Running) -> Result<Option<Record>, Failure> {
    let Some(computed) = experiment.compute(cell, running)? else { return Ok(None) };
    let mut writer = CsvWriter::rows(Vec::new());
    computed.rows.iter().try_for_each(|row| writer.write_row(row))?;
    Ok(Some(Record { key: experiment.key(cell), counts: computed.counts, rows: writer.finish()? }))
}

/// Writes cells as they come; gives how many are on the disk, and what went wrong.
fn write(
    receiver: Receiver<(usize, Record)>,
    journal: &mut Journal,
    experiment: &dyn Experiment,
    told: &(dyn Fn(usize) + Sync),
) -> (usize, Option<StoreError>) {
    let mut kept = 0;
    while let Ok(first) = receiver.recv() {
        let (cells, records): (Vec<usize>, Vec<Record>) =
            std::iter::once(first).chain(receiver.try_iter()).unzip();
        if let Err(error) = journal.add(&records) {
            return (kept, Some(error.into()));
        }
        kept += cells.len();
        told(cells.len());
        cells.into_iter().for_each(|cell| experiment.forget(cell));
    }
    (kept, None)
}
