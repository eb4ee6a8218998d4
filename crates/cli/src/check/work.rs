//! `check` in a study: a cell is the verdict on one combination of parameters, from all its dimensions, times and data sets.

use std::path::{Path, PathBuf};

use anyhow::bail;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::measured::known_name;
use super::{Check, report};
use crate::sweep::Work;
use overlaps::compare::Verdict;
use overlaps::compare::known_words;
use overlaps::experiment::{Computed, Experiment, Failure, equations};
use overlaps::name::ascii_name;
use overlaps::output::{Cell, Column, Role};
use overlaps::study::{Key, Plan, Study, Sweep};
use overlaps::system::Theory;
use overlaps_models::model::DENOISER;

struct Verdicts {
    /// The command, with the sweeps that each cell makes: over d and the control.
    command: Check,
    theories: Vec<Theory>,
    plan: Plan,
    columns: Vec<Column>,
    /// Where networks are kept while they are trained.
    networks: PathBuf,
}

impl Check {
    /// The cells of a study; networks that are being trained are kept beside its CSV.
    ///
    /// # Errors
    /// Those of the command, for any cell.
    pub fn work(mut self, study: &Study, csv: &Path) -> anyhow::Result<Box<dyn Work>> {
        let theories = self.prepared()?;
        let control = theories[0].control.name.clone();
        let inner = |sweep: &Sweep| {
            let name = ascii_name(&sweep.name).unwrap_or_else(|| sweep.name.clone());
            name == "d" || name == control
        };
        self.values.take(study);
        let (within, swept): (Vec<Sweep>, Vec<Sweep>) = study.sweep.iter().cloned().partition(inner);
        self.values.sweep = swept;
        let plan = self.values.sort(&control, |name| {
            let name = known_name(name, &theories)?;
            let words = known_words(&name, &theories, &DENOISER);
            Ok((name, words))
        })?;
        self.values.sweep = within;
        self.values.zip.clear();
        self.values.quiet = true;
        let mut columns = vec![Column::new(control, "control parameter", Role::Control)];
        if plan.swept.iter().any(|sweep| sweep.name == "d") {
            bail!("a verdict needs all its dimensions in one cell: sweep d alone, in [sweep]");
        }
        columns.extend(plan.swept.iter().map(|s| Column::new(s.name.as_str(), "parameter", Role::Parameter)));
        columns.extend(report::comparison_columns());
        columns.push(Column::new(
            "verdict",
            "agrees, disagrees or undecided: the theory with all its comparisons",
            Role::Label,
        ));
        let networks = csv.with_extension("checkpoints");
        let work = Verdicts { command: self, theories, plan, columns, networks };
        for cell in 0..work.plan.cells() {
            let command = work.at(cell);
            command.simulation(&work.theories, command.given(&work.theories)?, None)?;
        }
        Ok(Box::new(work))
    }
}

impl Verdicts {
    /// Where the networks of a cell are kept, but for the extension.
    fn folder(&self, cell: usize) -> PathBuf {
        self.networks.join(Key::of(&self.parameters(cell)).to_string())
    }

    /// The command of one cell.
    fn at(&self, cell: usize) -> Check {
        let mut command = self.command.clone();
        command.values.set.extend(self.plan.assignments(cell));
        command
    }
}

impl Experiment for Verdicts {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, _: &(dyn Fn() -> bool + Sync)) -> Result<Option<Computed>, Failure> {
        let command = self.at(cell);
        let rules = command.rules();
        let measured = command.measured(&self.theories, Some(&self.folder(cell)))?;
        let answers = command.answers(&self.theories, &measured, &rules)?;
        let swept: Vec<Cell> = self.plan.swept_values(cell).iter().map(Cell::from).collect();
        let mut rows = Vec::new();
        for answer in &answers {
            for c in &answer.judged.comparisons {
                let mut row = vec![Cell::Number(c.place.control)];
                row.extend(swept.iter().cloned());
                row.extend(report::comparison_cells(&measured.measurements, answer, c, &rules));
                row.push(answer.judged.verdict.name().into());
                rows.push(row);
            }
        }
        let failed = match measured.complete() {
            true => answers[0].predictions.failed.len(),
            false => answers[0].predictions.failed.len() + measured.measurements.left_out,
        };
        let mut computed = Computed::new(rows, failed);
        computed.counts.disagreeing = u64::from(answers[0].judged.verdict == Verdict::Disagrees);
        Ok(Some(computed))
    }

    fn forget(&self, cell: usize) {
        // Where no network was trained there is no such folder.
        let _ = std::fs::remove_dir_all(self.folder(cell).with_extension("checkpoints"));
    }

    fn finish(&self) {
        // A folder that is not empty, or was never made, stays as it is.
        let _ = std::fs::remove_dir(&self.networks);
    }

    fn within(&self) -> IndexMap<String, Value> {
        let sweeps: Vec<&str> = self.command.values.sweep.iter().map(|s| s.text.as_str()).collect();
        [
            ("equations".to_string(), equations(&self.theories)),
            ("within".into(), json!(sweeps)),
            ("seeds".into(), json!([self.command.simulation.first_seed, self.command.simulation.seeds])),
        ]
        .into()
    }

    fn described(&self) -> (String, IndexMap<String, Value>) {
        let command = self.at(0);
        let swept = |name: &String| self.plan.swept.iter().any(|s| s.name == *name);
        let mut parameters = command
            .given(&self.theories)
            .and_then(|given| command.simulation(&self.theories, given, None))
            .map(|(simulation, _)| simulation.parameters())
            .unwrap_or_default();
        parameters.retain(|name, _| !swept(name));
        (self.theories[0].name().to_string(), parameters)
    }
}

impl Work for Verdicts {}
