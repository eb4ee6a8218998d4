//! What tells the cells of a study on the disk from those of another, and which of them are missing.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::Experiment;
use crate::output::json::{number, of_value};
use crate::study::slurm::{quoted, ranges};
use crate::study::store::StoreError;
use crate::study::{Part, Plan, Store, Study, Task};

/// What decides about the rows of a cell beside its parameters.
pub fn common(study: &Study, work: &dyn Experiment) -> Json {
    // In the order of their names, whatever their order in the file.
    let options: BTreeMap<&str, Json> =
        study.options.iter().map(|option| (option.name.as_str(), json!(option.text()))).collect();
    let controls: Option<Vec<Json>> =
        work.plan().controls.as_ref().map(|controls| controls.iter().map(|x| number(*x)).collect());
    let columns: Vec<&str> = work.columns().iter().map(|column| column.name.as_str()).collect();
    let mut common: IndexMap<String, Json> = [
        ("version".to_string(), json!(env!("CARGO_PKG_VERSION"))),
        ("command".into(), json!(study.task.name())),
        ("options".into(), json!(options)),
        ("columns".into(), json!(columns.join(","))),
        ("control".into(), json!(controls)),
    ]
    .into();
    for name in ["system", "model"] {
        common.extend(study.said(name).map(|text| (name.to_string(), json!(text))));
    }
    common.extend(work.within());
    json!(common)
}

/// Which cells a study has.
pub fn cells_in_words(study: &Study, plan: &Plan) -> Json {
    let mut cells: IndexMap<String, Json> = IndexMap::new();
    for (name, value) in &plan.fixed {
        cells.insert(name.clone(), of_value(value));
    }
    for sweep in &plan.swept {
        let range = sweep.text.split_once('=').map_or(sweep.text.as_str(), |(_, range)| range);
        let together = plan.swept.iter().filter(|other| other.axis == sweep.axis).count() > 1;
        let text = if together { format!("{range} (together)") } else { range.to_string() };
        cells.insert(sweep.name.clone(), text.into());
    }
    if study.task == Task::Simulate {
        let seeds = ["first_seed", "seeds"].map(|name| study.content.get(name));
        cells.insert("seeds".into(), json!(seeds));
    }
    json!(cells)
}

/// What is missing of a study, in words: how much, where, and how to compute it: by the command `again`, or as tasks of its job array.
///
/// # Errors
/// A folder that cannot be read.
pub fn missing_in_words(
    work: &dyn Experiment,
    store: &Store,
    cells: &[usize],
    again: &str,
) -> Result<String, StoreError> {
    const NAMED: usize = 5;
    let named: Vec<String> =
        cells.iter().take(NAMED).map(|cell| format!("  cell {cell}: {}\n", work.in_words(*cell))).collect();
    let mut text = format!("{} of {} cells are missing\n{}", cells.len(), work.cells(), named.concat());
    if cells.len() > NAMED {
        text += &format!("  and {} more\n", cells.len() - NAMED);
    }
    let Some(count) = store.tasks()? else {
        return Ok(text + &format!("compute them with: {again}"));
    };
    let mut tasks: Vec<usize> = cells.iter().map(|cell| cell % count).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let (busy, idle): (Vec<usize>, Vec<usize>) =
        tasks.into_iter().partition(|index| store.is_busy(Part { index: *index, count }));
    if !busy.is_empty() {
        text += &format!("still computed by task {}\n", ranges(&busy));
    }
    if !idle.is_empty() {
        text += &format!(
            "submit again: sbatch --array={} {}",
            ranges(&idle),
            quoted(&store.script().display().to_string())
        );
    }
    Ok(text.trim_end().to_string())
}
