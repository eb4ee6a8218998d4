//! Finished cells → the CSV, its side file and the figure.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, bail};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::study::Opened;
use crate::destination::{drawn_for, side, side_file};
use crate::{DISAGREES, FINE, NOT_CONVERGED};
use overlaps::experiment::missing_in_words as in_words;
use overlaps::output::{AtomicFile, CsvWriter, SideFile, write_atomically, write_completely, write_error};
use overlaps::study::store::{Finished, StoreError};
use overlaps::study::{Counts, Task};

/// Writes the result of a study of which all cells are finished.
///
/// # Errors
/// Cells that are missing, files that cannot be written, a figure that cannot be drawn.
pub fn write(opened: &Opened, finished: &Finished, quiet: bool) -> anyhow::Result<u8> {
    let cells = opened.work.cells();
    let missing: Vec<usize> = (0..cells).filter(|cell| !finished.has(opened.work.key(*cell))).collect();
    if !missing.is_empty() {
        bail!("{}", in_words(opened.work.as_ref(), &opened.store, &missing, &opened.typed("sweep"))?);
    }
    let Some(csv) = &opened.files.csv else { return Ok(FINE) };
    let mut file = CsvWriter::new(AtomicFile::create(csv)?, opened.work.columns())?.finish()?;
    let failed = |reason| StoreError::from(write_error(csv, reason));
    let counts = finished.write((0..cells).map(|cell| opened.work.key(cell)), &mut file, failed)?;
    let file = file.complete()?;
    let side = side_file(csv)?;
    // The table does not appear without its side file.
    let content = write_completely(&side, |sink| content(opened, cells, counts).write(sink))?;
    content.put_in_place()?;
    file.put_in_place()?;
    opened.work.finish();
    let mut written = vec![csv.display().to_string(), side.display().to_string()];
    let drawn = draw_into(opened, csv);
    written.extend(drawn.as_ref().ok().cloned().flatten());
    say(opened, counts, finished, &written, quiet);
    drawn.context("the table is written, but no figure")?;
    Ok(match counts {
        Counts { disagreeing: 1.., .. } => DISAGREES,
        Counts { not_converged: 1.., .. } => NOT_CONVERGED,
        _ => FINE,
    })
}

/// Draws the figure that is asked for, and gives its name.
fn draw_into(opened: &Opened, csv: &Path) -> anyhow::Result<Option<String>> {
    let Some(path) = &opened.files.plot else { return Ok(None) };
    let figure = super::figure::Plot::new(opened)?.figure(opened, File::open(csv)?)?;
    let drawn = drawn_for(path, &figure, &opened.files.drawing)?;
    write_atomically(path, |sink| sink.write_all(&drawn))?;
    Ok(Some(path.display().to_string()))
}

fn say(opened: &Opened, counts: Counts, finished: &Finished, written: &[String], quiet: bool) {
    let cells = opened.work.cells();
    if counts.not_converged > 0 {
        let failed = counts.not_converged;
        match opened.study.task {
            Task::Solve | Task::Simulate => {
                eprintln!("warning: {failed} of {} rows did not converge (outputs empty)", counts.rows);
            }
            Task::Limit => eprintln!("warning: some rows did not converge; their deviations are empty"),
            Task::Critical => eprintln!(
                "warning: {failed} rows along the control did not converge; a change there can be missing"
            ),
            _ => eprintln!("warning: {failed} runs or rows behind the table did not converge"),
        }
    }
    if counts.disagreeing > 0 {
        eprintln!("warning: theory and simulation disagree in {} of {cells} cells", counts.disagreeing);
    }
    if quiet {
        return;
    }
    if finished.doubles > 0 {
        eprintln!("note: {} cells were computed twice, with the same result", finished.doubles);
    }
    eprintln!("note: {} rows in {cells} cells; wrote {}", counts.rows, written.join(", "));
}

/// The side file. It does not depend on how the study was cut up or stopped.
fn content(opened: &Opened, cells: usize, counts: Counts) -> SideFile {
    let (system, parameters) = opened.parameters();
    let sweeps = opened.work.plan().swept.iter().map(|s| (s.name.clone(), s.text.clone()));
    let mut extra: IndexMap<String, Value> = IndexMap::new();
    extra.insert("study".into(), opened.study.content.clone());
    extra.insert("cells".into(), json!(cells));
    extra.insert("rows".into(), json!(counts.rows));
    extra.insert("rows_not_converged".into(), json!(counts.not_converged));
    if counts.disagreeing > 0 {
        extra.insert("cells_that_disagree".into(), json!(counts.disagreeing));
    }
    let beside = side(&system, parameters, sweeps, opened.work.columns(), extra);
    SideFile { command: opened.command("sweep"), ..beside }
}
