//! `overlaps check SYSTEM`, and the same in a study, where a cell is the verdict on one combination of parameters.
//!
//! `measured` runs or reads the measurements.

pub mod measured;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueHint};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::arguments::{Values, is_plain};
use super::cells::with_progress;
use super::destination::{Destination, Files, Format, side};
use super::simulation::{SimulationOptions, stopped};
use super::{DISAGREES, FINE, NOT_CONVERGED, standard_output};
use crate::terminal;
use crate::terminal::TerminalOptions;
use measured::{Measured, simulated};
use overlaps::compare::{Answer, Corrections, Naming, Rules, Verdict, report};
use overlaps::experiment::{self, Checks, Experiment};
use overlaps::output::csv::write_table;
use overlaps::output::json::number;
use overlaps::output::{SideFile, Table, check_writable, table_json};
use overlaps::study::Wanted;
use overlaps::system::Theory;

/// Rows of a table of comparisons in the terminal.
const ROWS_SHOWN: usize = 39;

/// Check a system of equations against simulation at finite d, or against your own measurements.
///
/// What it describes is simulated at several dimensions d and seeds (or read, with --against), and compared with the system and
/// every built-in system of the same model: at each d with those that have a d, after extrapolation in the powers of 1/d that
/// the model names, such as a + b/√d + c/d (see --corrections), with those of d → ∞. One verdict per theory, from all overlaps and times together. Exit code 4 if
/// the system named disagrees.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(
    after_help = "Examples:\n  overlaps check first-phase n=8 kappa=2 t=0.5,1 d=1000,4000,16000\n  overlaps check mine.toml --against runs.csv --size N --corrections 1/N"
)]
pub struct Check {
    /// Name of a built-in system, or path of an equation file.
    system: String,
    /// Measurements in place of simulations: columns d (see --size), seed, the control (t), any parameters, and overlaps by name.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath, conflicts_with_all = [
        "sweep", "seeds", "first_seed", "method", "data", "labels", "noise_samples", "starts", "epochs",
        "learning_rate", "decay", "noise_per_epoch", "beta1", "beta2", "epsilon", "initial_scale", "checkpoints", "runs",
    ])]
    against: Option<PathBuf>,
    /// The column of --against with the size of the system, which is large (N, n, w).
    #[arg(long, value_name = "NAME", default_value = "d", requires = "against")]
    size: String,
    /// Columns of --against to pass over, separated by commas; those of which nothing is known are anyway, unless they look misspelt.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "against")]
    ignore: Vec<String>,
    /// How measurements approach d → ∞: the terms that are fitted beside the limit, separated by commas, such as 1/d
    /// [default: 1/sqrt(d),1/d].
    #[arg(long, value_name = "TERMS")]
    corrections: Option<String>,
    /// Values for parameters that the measurements do not have: the side file (.json) of an earlier run, or
    /// {"name": value}. What the measurements have is taken from them, and refused here if it is another value.
    #[arg(long, value_name = "FILE.json", value_hint = ValueHint::FilePath)]
    parameters: Option<PathBuf>,
    /// Compare with these systems, separated by commas [default: all built-in ones that describe the same].
    #[arg(long, value_name = "SYSTEMS", value_delimiter = ',')]
    compare: Option<Vec<String>>,
    /// How often a right theory may be rejected: the error rate of each verdict, over all its comparisons together.
    #[arg(long, value_name = "RATE", default_value = "0.05", value_parser = rate)]
    level: f64,
    /// A verdict stays undecided while deviations of this size, relative to the overlap, would not have been seen in most
    /// overlaps.
    #[arg(long, value_name = "FRACTION", default_value = "0.1", value_parser = rate)]
    resolution: f64,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    destination: Destination,
    /// Columns of the figure, separated by commas; `all` for every overlap.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Write the simulated runs to this CSV file too; --against reads it back.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    runs: Option<PathBuf>,
    #[command(flatten)]
    simulation: SimulationOptions,
}

/// A number between 0 and 1.
pub fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x < 1.0 => Ok(x),
        _ => Err("expected a number between 0 and 1".into()),
    }
}

impl Check {
    /// Simulates or reads, compares, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let check = self.prepared()?;
        let (theories, rules) = (check.theories(), &check.rules);
        let files = self.files()?;
        files.check()?;
        if let (Some(against), Some(sweep)) = (&self.against, self.values.wanted().sweep.first()) {
            bail!("{} has its own values; leave out {}", against.display(), sweep.text);
        }
        if let Some(runs) = &self.runs {
            check_writable(runs)?;
            if files.csv.iter().chain(&files.plot).any(|other| other == runs) {
                bail!("--runs {} is also named for another file; give it another name", runs.display());
            }
        }
        let instead = "give --output or --plot another name";
        files.spare(self.against.iter().chain(&self.parameters), &self.runs, instead)?;
        let measured = self.measured(&check, files.csv.as_deref(), |simulate| {
            let total = simulate.cells() as u64 * simulate.units();
            let table = with_progress(total, self.values.quiet, |running| simulate.run(running));
            table?.ok_or_else(|| stopped(simulate.left()))
        })?;
        if !self.values.quiet {
            measured.notes.iter().for_each(|note| eprintln!("note: {note}"));
        }
        measured.left_out().iter().for_each(|warning| eprintln!("warning: {warning}"));
        let answers = check.answers(&measured.measurements, &measured.given)?;
        if !self.values.quiet {
            answers.notes.iter().for_each(|note| eprintln!("note: {note}"));
        }
        answers.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
        let answers = answers.all;
        let table = report::table(&measured.measurements, &answers, rules)?;
        let drawn = check.drawn(&measured.measurements, &self.columns)?;
        let drawing = files.plot.as_ref();
        let drawing = drawing.map(|_| check.figure(&measured.measurements, &answers, measured.model, &drawn));
        let drawing = drawing.transpose()?;
        let mut written = measured.written.clone();
        let side = self.side(theories, &measured, &answers, &table, rules);
        written.extend(files.write(&table, &side, drawing.as_ref())?);
        measured.finish();
        self.print(&measured, &answers, &table, rules)?;
        if !self.values.quiet && !written.is_empty() {
            eprintln!("note: wrote {}", written.join(", "));
        }
        let complete = answers[0].predictions.failed.is_empty() && measured.complete();
        Ok(match answers[0].judged.verdict {
            Verdict::Disagrees => DISAGREES,
            _ if !complete => NOT_CONVERGED,
            _ => FINE,
        })
    }

    /// Its cells in a study; networks that are being trained are kept beside this CSV.
    pub fn work(&self, csv: &Path) -> anyhow::Result<Box<dyn Experiment>> {
        let check = self.prepared()?;
        let model = self.model(&check.theories()[0], Some(csv))?;
        let given = self.given(&check, model.description())?;
        let wanted = self.simulation.wanted(self.swept())?;
        let seeds = self.simulation.seeds()?;
        let checks = Checks::new(check, model, given, wanted, seeds)?;
        Ok(Box::new(checks))
    }

    /// The system named, with those it is compared with.
    pub fn prepared(&self) -> anyhow::Result<experiment::Check> {
        let named = Theory::load(&self.system)?;
        let check = match &self.compare {
            Some(names) => {
                let others = names.iter().map(|name| Theory::load(name));
                experiment::Check::of(std::iter::once(Ok(named)).chain(others).collect::<Result<_, _>>()?)
            }
            None => match simulated(&named.description) {
                Some(model) => experiment::Check::of_model(named, model),
                None => experiment::Check::new(named),
            },
        };
        let sizes = self.values.wanted().set.into_iter().map(|set| (set.name, set.value)).collect();
        let mut check = check?.resized(&sizes)?;
        let corrections = self.corrections.as_ref().map(|terms| Corrections::read(terms, &self.size));
        let corrections = corrections.transpose().map_err(anyhow::Error::msg)?;
        let (level, resolution) = (self.level, self.resolution);
        check.rules = Rules { level, resolution, corrections, ..Rules::default() };
        check.naming = Naming { size: self.size.clone(), ignore: self.ignore.clone() };
        check.tolerance = self.values.tolerance;
        Ok(check)
    }

    /// What is swept. What is fixed is that of the theories too, and so among what is `given`.
    fn swept(&self) -> Wanted {
        Wanted { set: Vec::new(), ..self.values.wanted() }
    }

    fn files(&self) -> anyhow::Result<Files> {
        let plain = is_plain(self, Some(&self.system), &self.values, &self.destination);
        let stem = Path::new(&self.system).file_stem().unwrap_or_default();
        let name = std::ffi::OsString::from(format!("check-{}", stem.to_string_lossy()));
        self.destination.files(plain.then_some(&name))
    }

    fn side(
        &self,
        theories: &[Theory],
        measured: &Measured,
        answers: &[Answer],
        table: &Table,
        rules: &Rules,
    ) -> SideFile {
        let sources = theories.iter().map(|t| (t.name().to_string(), json!(t.description.source))).collect();
        let mut extra: IndexMap<String, Json> = IndexMap::new();
        extra.insert("measurements".into(), measured.description.clone());
        extra.insert("level".into(), number(rules.level));
        extra.insert("resolution".into(), number(rules.resolution));
        let corrections = rules.corrections(&measured.measurements);
        if *corrections != Corrections::default() {
            let fit = corrections.in_words(&measured.measurements.size);
            extra.insert("corrections".into(), json!(fit));
        }
        extra.insert("verdicts".into(), report::json(&measured.measurements, answers, rules));
        extra.insert("sources".into(), Json::Object(sources));
        let sweeps = self.values.sweeps();
        side(theories[0].name(), measured.parameters.clone(), sweeps, &table.columns, extra)
    }

    fn print(
        &self,
        measured: &Measured,
        answers: &[Answer],
        table: &Table,
        rules: &Rules,
    ) -> anyhow::Result<()> {
        let mut out = standard_output();
        match self.destination.format() {
            Format::Table if self.values.quiet => {}
            Format::Table => {
                let rows = if self.destination.all_rows { 0 } else { ROWS_SHOWN };
                let render = |table: &Table, digits| {
                    let options = TerminalOptions { columns: None, max_rows: 0, digits };
                    terminal::render(table, &options)
                };
                let text = report::text(&measured.measurements, answers, rules, rows, render)?;
                out.write_all(measured.headline.as_bytes())?;
                out.write_all(text.as_bytes())?;
            }
            Format::Csv => write_table(table, &mut out)?,
            Format::Json => table_json(table, &mut out)?,
        }
        Ok(out.flush()?)
    }
}
