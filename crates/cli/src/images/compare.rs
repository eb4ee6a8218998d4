//! `overlaps images reproduce DATA`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde_json::{Value, json};

use super::array::{Array, Work, without};
use super::data::{Data, Noise, Steps, Way};
use super::train::{Size, announce};
use crate::cells::with_progress;
use crate::destination::{Destination, command, side};
use crate::simulation::stopped;
use crate::terminal::{self, TerminalOptions};
use crate::{DISAGREES, FINE};
use overlaps::compare::Verdict;
use overlaps::model::Running;
use overlaps::numeric::grid;
use overlaps::output::SideFile;
use overlaps::output::json::objects;
use overlaps::paper::Decided;
use overlaps::study::Part;
use overlaps_images::Images;
use overlaps_images::classify::Classifier;
use overlaps_images::compare::{Compared, Comparison, Condition};
use overlaps_images::model::Training;
use overlaps_images::times::Times;
use overlaps_images::turns::UTurns;
use overlaps_models::mixture::schedule::Levels;

/// Compare uniform training times with times in the window where the class is decided, over seeds.
///
/// The statement of arXiv:2412.07972 (section 6.2): with half of the training times where the class is decided, images of a class come
/// out in a fraction nearer to that of the data. Networks of a seed differ in nothing but their times, so that differences are
/// paired. Classes are counted in three ways. Models stay in a folder: the same command goes on where it was interrupted, and more seeds
/// are added by asking for more. Several machines can each train a part of the networks (--part), of which one makes the table (--merge), with
/// the same bytes as on one machine. Exit code 4 if the statement does not hold.
#[derive(Debug, Args)]
pub struct Reproduce {
    #[command(flatten)]
    data: Data,
    /// Who says of which class a generated image is.
    #[arg(long, value_name = "FILE.classifier", value_hint = ValueHint::FilePath, required = true)]
    classifier: PathBuf,
    /// Where models are kept.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, required = true)]
    models: PathBuf,
    /// Windows that take half of the training times (repeatable) [default: that of the exact U-turn of the images].
    #[arg(long, value_name = "FROM,TO", value_parser = window)]
    window: Vec<(f64, f64)>,
    /// Seeds.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=10_000))]
    seeds: u64,
    /// Images of each network that are judged.
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    samples: u32,
    /// How often the statement may be found wrong by chance.
    #[arg(long, value_name = "RATE", default_value = "0.05", value_parser = crate::check::rate)]
    level: f64,
    /// Train only part I of N of the networks, and write no table: `--merge N` does when all parts are done.
    #[arg(long, value_name = "I/N", conflicts_with = "merge")]
    part: Option<Part>,
    /// Train nothing, and write the table of N parts that were trained on their own; of other machines the files .fractions are enough.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    merge: Option<u32>,
    #[command(flatten)]
    array: Array,
    #[command(flatten)]
    size: Size,
    #[command(flatten)]
    noise: Noise,
    #[command(flatten)]
    steps: Steps,
    #[command(flatten)]
    way: Way,
    #[command(flatten)]
    destination: Destination,
}

/// Two times.
fn window(text: &str) -> Result<(f64, f64), String> {
    let numbers: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    match numbers[..] {
        [from, to] if 0.0 <= from && from < to && to <= 1.0 => Ok((from, to)),
        _ => Err("expected two times FROM,TO with 0 ≤ FROM < TO ≤ 1, for example 0.3,0.5".into()),
    }
}

impl Reproduce {
    /// Trains, generates, compares, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let files = self.destination.files(None)?;
        files.check()?;
        let (images, classifier) = (self.data.load()?, Classifier::load(&self.classifier)?);
        let comparison = self.comparison(&images)?;
        comparison.check(&images, &classifier)?;
        if self.array.slurm {
            let found = || comparison.conditions.last().map(|own| own.name.replace('-', ","));
            let work = Work {
                networks: comparison.part_of(Part::WHOLE),
                models: &self.models,
                window: self.window.is_empty().then(found).flatten(),
                threads: self.way.threads,
            };
            return self.array.write(&work, self.way.quiet);
        }
        let compared = match self.merge {
            Some(parts) => comparison.merge(&images, &classifier, parts as usize)?,
            None => match self.made(&comparison, &images, &classifier)? {
                Some(compared) => compared,
                None => return Ok(FINE),
            },
        };
        let claim = compared.claim(self.level);
        let verdict = claim.as_ref().map_or(Verdict::Undecided, |claim| claim.verdict);
        let mut parameters = self.data.described(&images);
        let Training { path, epochs, batch, rate, average, channels, levels, attention, .. } =
            &comparison.training;
        let given = json!({
            "interpolant": path, "epochs": epochs, "batch": batch, "rate": rate, "average": average, "channels": channels, "levels": levels,
            "attention": attention, "samples": self.samples, "steps": comparison.sampler.1,
        });
        parameters.extend(
            given.as_object().cloned().unwrap_or_default().into_iter().filter(|(_, value)| !value.is_null()),
        );
        let table = &compared.table;
        let statements = compared.statements(self.level)?;
        let extra = [("comparison".to_string(), self.said(&compared, &statements, verdict))].into();
        let side = side("images reproduce", parameters, [], &table.columns, extra);
        // As it is without parts.
        let side = SideFile { command: without(command(), &[], &["--merge"]), ..side };
        let written = files.write(table, &side, files.plot.is_some().then(|| compared.figure()).as_ref())?;
        self.destination.print(table, self.way.quiet, || self.shown(&compared, &statements, verdict))?;
        self.destination.say_written(&written, self.way.quiet);
        Ok(if verdict == Verdict::Disagrees { DISAGREES } else { FINE })
    }

    /// Trains and counts; none where that was a part only.
    fn made(
        &self,
        comparison: &Comparison,
        images: &Images,
        classifier: &Classifier,
    ) -> anyhow::Result<Option<Compared>> {
        let (part, quiet) = (self.part.unwrap_or(Part::WHOLE), self.way.quiet);
        let count = comparison.part_of(part);
        if !quiet && count > 0 {
            announce(&comparison.training, images, count as u64)?;
        }
        let left = || {
            let folder = self.models.display();
            stopped(Some(format!("What is done is kept in {folder}; the same command goes on")))
        };
        let units = comparison.units(images, part);
        if self.part.is_none() {
            let run = |running: &Running| comparison.run(images, classifier, running);
            return Ok(Some(with_progress(units, quiet, run)?.ok_or_else(left)?));
        }
        let train = |running: &Running| comparison.part(images, classifier, part, running);
        with_progress(units, quiet, train)?.ok_or_else(left)?;
        if !quiet {
            eprintln!("note: part {} of {}: all {count} networks are finished", part.index, part.count);
        }
        Ok(None)
    }

    fn comparison(&self, images: &Images) -> anyhow::Result<Comparison> {
        let mut windows = self.window.clone();
        if windows.is_empty() {
            let times = grid(0.0, 1.0, 41);
            let turns = UTurns { times, samples: 500, seed: self.way.seed };
            let turned =
                turns.exact(images, self.noise.interpolant, &Running::ON)?.ok_or_else(|| stopped(None))?;
            let found = turned.window(Levels::default());
            let window = found.ok_or_else(|| {
                anyhow::anyhow!("the memory of U-turns has no window; name one with --window")
            })?;
            // Names of files and conditions have two decimals.
            let rounded = |t: f64| (100.0 * t).round() / 100.0;
            windows.push((rounded(window.from), rounded(window.to)));
        }
        let mut conditions = vec![Condition { name: "uniform".into(), times: Times::Uniform }];
        let condition = |window: &(f64, f64)| Condition {
            name: format!("{}-{}", window.0, window.1),
            times: Times::in_window(*window, 0.5),
        };
        conditions.extend(windows.iter().map(condition));
        Ok(Comparison {
            training: self.size.training(&self.noise, Times::Uniform, self.way.seed)?,
            conditions,
            seeds: self.way.seed..self.way.seed.saturating_add(self.seeds),
            sampler: self.steps.with(self.noise.interpolant)?,
            samples: self.samples as usize,
            folder: self.models.clone(),
        })
    }

    /// What the side file says of the result.
    fn said(&self, compared: &Compared, statements: &[Decided], verdict: Verdict) -> Value {
        let summary: Vec<Value> = objects(&compared.summary(self.level)).collect();
        let stated = |decided: &Decided| {
            json!({
                "source": decided.claim.source,
                "text": decided.claim.text,
                "measured": decided.measured,
                "verdict": decided.claim.verdict.of_statement(),
            })
        };
        json!({
            "class": compared.class,
            "share": compared.truth,
            "verdict": verdict.name(),
            "summary": summary,
            "statements": statements.iter().map(stated).collect::<Vec<_>>(),
        })
    }

    fn shown(&self, compared: &Compared, statements: &[Decided], verdict: Verdict) -> String {
        let mut text = format!(
            "class {}, of which the data have {:.4}; {} seeds\n",
            compared.class, compared.truth, self.seeds
        );
        let columns = [
            "times",
            "count",
            "fraction",
            "error",
            "difference",
            "difference_error",
            "nearer",
            "nearer_error",
        ];
        let columns = Some(columns.map(String::from).to_vec());
        text += &terminal::render(
            &compared.summary(self.level),
            &TerminalOptions { columns, max_rows: 0, digits: 3 },
        );
        if let Some(claim) = compared.claim(self.level) {
            text += &format!(
                "{}: {} — {} (nearer by {:.4} ± {:.4})\n",
                claim.source,
                claim.text,
                verdict.name(),
                claim.measured.value,
                claim.measured.error
            );
        }
        if !statements.is_empty() {
            text += "stated in arXiv:2412.07972, or tried beside it:\n";
        }
        for Decided { claim, measured, .. } in statements {
            text += &format!(
                "  {}: {} — {} ({measured})\n",
                claim.source,
                claim.text,
                claim.verdict.of_statement()
            );
        }
        text
    }
}
