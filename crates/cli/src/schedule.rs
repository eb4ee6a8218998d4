//! `overlaps schedule`: when features are decided (those of theory, or of your curves), and where training times should
//! lie. With `--sweep d=…` the width of the window of the mode instead. In a study a cell is one of
//! those of theory for a combination of parameters.

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};
use indexmap::IndexMap;
use serde_json::Value;

use super::FINE;
use super::arguments::{Values, is_plain, named};
use super::destination::{Destination, Files, side};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::experiment::Experiment;
use overlaps::output::{SideFile, Table};
use overlaps_models::mixture::schedule::{
    How, Levels, Schedules, Source, Spread, TrainingTimes, parameters_line,
};

/// Find when features are decided, and make a density over training times.
///
/// The features are the mode and the variance, the two parts of the error of the exact denoiser of the mixture, against τ
/// from 0 to 1; with --modes what parts in each window of a mixture of many modes; or the columns of your own CSV, curves against any time (--curve). For each the window is found in which
/// 10 % to 90 % of its change happens. Training times are then denser where features are decided; the CSV has their
/// quantiles: interpolate `time` at uniform random numbers. With --sweep d=… a table of the width of the window of the
/// mode at each d. With no option at all, the result goes to results/schedule.csv, .json and .svg.
#[derive(Debug, PartialEq, Args)]
#[command(
    after_help = "Examples:\n  overlaps schedule d=1e6 --plot schedule.svg\n  overlaps schedule --curve losses.csv --density rate\n\nParameters for --set, with their defaults: p = 0.8, sigma = 1, d = 5000, interpolant = linear; kappa = 4, the dilation of the time t that the table has beside τ. For --sweep: d. With --modes: d = 1e8, sigma = 1, interpolant = linear."
)]
pub struct Schedule {
    #[command(flatten)]
    pub values: Values,
    /// A CSV with curves against time: features to find windows of (repeatable).
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath, conflicts_with_all = ["set", "sweep", "given"])]
    curve: Vec<PathBuf>,
    /// The modes of a mixture, in a file as `overlaps modes` takes it: a feature for each window in which some of them part.
    #[arg(long, value_name = "FILE.toml", value_hint = ValueHint::FilePath, conflicts_with = "curve")]
    modes: Option<PathBuf>,
    /// The column of the time in --curve [default: the first].
    #[arg(long, value_name = "COLUMN", requires = "curve")]
    time: Option<String>,
    /// The columns of --curve that are features, separated by commas [default: all with numbers that change].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "curve")]
    features: Vec<String>,
    /// From which share of its change to which a feature counts as being decided.
    #[arg(long, value_name = "FROM,TO", default_value = "0.1,0.9", value_parser = levels)]
    window: (f64, f64),
    /// How training times are spread.
    #[arg(long, default_value = "window", conflicts_with = "sweep", value_parser = named(&[
        (Spread::WINDOW, "Uniform in the window of the fastest feature, which takes the share --mass, and uniform over the rest"),
        (Spread::RATE, "In proportion to the rate of change of the features, each with the same share"),
    ], Spread::name))]
    density: Spread,
    /// The share of the training times in the window of the fastest feature [default: 0.5].
    #[arg(long, value_name = "SHARE", conflicts_with = "sweep", allow_negative_numbers = true)]
    mass: Option<f64>,
    /// The share of the training times that is uniform, with --density rate [default: 0.1].
    #[arg(long, value_name = "SHARE", conflicts_with = "sweep", allow_negative_numbers = true)]
    floor: Option<f64>,
    /// How many quantiles, evenly spaced from 0 to 1.
    #[arg(long, value_name = "COUNT", default_value_t = 1001, value_parser = clap::value_parser!(u32).range(2..=10_000_000), conflicts_with = "sweep")]
    points: u32,
    #[command(flatten)]
    destination: Destination,
}

fn levels(text: &str) -> Result<(f64, f64), String> {
    let numbers: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    match numbers.as_slice() {
        [from, to] if text.matches(',').count() == 1 => Ok((*from, *to)),
        _ => Err("expected two shares FROM,TO, for example 0.1,0.9".into()),
    }
}

impl Schedule {
    /// Finds the windows, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let how = self.how()?;
        let plain = is_plain(self, None, &self.values, &self.destination);
        let files = self.destination.files(plain.then_some(OsStr::new("schedule")))?;
        files.check()?;
        let source = if let Some(modes) = &self.modes {
            Source::of_modes(modes, &self.values.wanted())?
        } else if self.curve.is_empty() {
            let schedules = Schedules::new(how, &self.values.wanted())?;
            if let Some(sweep) = schedules.plan().swept.first() {
                bail!("`overlaps schedule` sweeps d alone; use --set {}=VALUE for one value", sweep.name);
            }
            if schedules.is_along_d() {
                self.check_widths()?;
                return self.widths(&schedules, how, &files);
            }
            schedules.source()?
        } else {
            Source::of_files(&self.curve, self.time.as_deref(), &self.features)
                .map_err(anyhow::Error::from_boxed)?
        };
        let training = TrainingTimes::new(&source.features, how.levels, how.spread);
        let quantiles = training.quantiles(how.points, source.scale);
        let windows = source.windows(&training);
        let extra = source.describe(how, &training);
        let side = self.side(source.system, source.parameters.clone(), &quantiles, extra);
        let figure = files.plot.is_some().then(|| source.figure(&training, how.levels)).transpose()?;
        let written = files.write(&quantiles, &side, figure.as_ref())?;
        self.print(&quantiles, &windows)?;
        source.warnings.iter().for_each(|line| eprintln!("warning: {line}"));
        if !self.values.quiet {
            source.notes.iter().chain([&training.words]).for_each(|line| eprintln!("note: {line}"));
        }
        self.destination.say_written(&written, self.values.quiet);
        Ok(FINE)
    }

    /// The width of the window of the mode at every dimension, and the exponent with which it narrows.
    fn widths(&self, schedules: &Schedules, how: How, files: &Files) -> anyhow::Result<u8> {
        let widths = schedules.widths(0)?;
        let table = widths.table();
        let side = self.side("exact-denoiser", schedules.parameters(), &table, widths.describe(how));
        let subtitle = parameters_line(&schedules.parameters());
        let figure = files.plot.is_some().then(|| widths.figure(subtitle));
        let written = files.write(&table, &side, figure.as_ref())?;
        self.print(&table, &table)?;
        widths.warning(how).iter().for_each(|line| eprintln!("warning: {line}"));
        if !self.values.quiet {
            widths.notes().iter().for_each(|line| eprintln!("note: {line}"));
        }
        self.destination.say_written(&written, self.values.quiet);
        Ok(FINE)
    }

    /// Prints a table, or what a reader sees in its place.
    fn print(&self, table: &Table, shown: &Table) -> anyhow::Result<()> {
        self.destination.print(table, self.values.quiet, || {
            let max_rows = self.destination.rows_shown();
            terminal::render(shown, &TerminalOptions { columns: None, max_rows, digits: 6 })
        })
    }

    /// A side file of this command.
    fn side(
        &self,
        system: &str,
        parameters: IndexMap<String, Value>,
        table: &Table,
        extra: IndexMap<String, Value>,
    ) -> SideFile {
        side(system, parameters, self.values.sweeps(), &table.columns, extra)
    }

    /// How windows and training times are found.
    fn how(&self) -> anyhow::Result<How> {
        let Some(levels) = Levels::new(self.window.0, self.window.1) else {
            bail!(
                "--window {},{} is not possible: its two shares of the change are 0 ≤ FROM < TO ≤ 1",
                self.window.0,
                self.window.1
            );
        };
        for (name, share) in [("mass", self.mass), ("floor", self.floor)] {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                bail!("--{name} {share} is not possible: it is a share of the training times, from 0 to 1");
            }
        }
        let spread = match (self.density, self.mass, self.floor) {
            (Spread::Rate { .. }, Some(_), _) => {
                bail!("--mass belongs to --density window; --density rate has --floor")
            }
            (Spread::Window { .. }, _, Some(_)) => {
                bail!("--floor belongs to --density rate; --density window has --mass")
            }
            (Spread::Window { mass }, given, None) => Spread::Window { mass: given.unwrap_or(mass) },
            (Spread::Rate { floor }, None, given) => Spread::Rate { floor: given.unwrap_or(floor) },
        };
        Ok(How { levels, spread, points: self.points as usize, tolerance: self.values.tolerance })
    }

    /// Its cells in a study.
    pub fn work(&self) -> anyhow::Result<Box<dyn Experiment>> {
        if !self.curve.is_empty() {
            if let Some(name) = self.values.wanted().names().next() {
                bail!("[options]: curve has no parameters; leave out {name}");
            }
            return Ok(Box::new(Schedules::of(
                self.how()?,
                Source::of_files(&self.curve, self.time.as_deref(), &self.features)
                    .map_err(anyhow::Error::from_boxed)?
                    .features,
            )));
        }
        if let Some(modes) = &self.modes {
            let features = Source::of_modes(modes, &self.values.wanted())?.features;
            return Ok(Box::new(Schedules::of(self.how()?, features)));
        }
        let schedules = Schedules::new(self.how()?, &self.values.wanted())?;
        if schedules.is_along_d() {
            self.check_widths().context("[options]")?;
        }
        Ok(Box::new(schedules))
    }

    /// Refuses what is said about training times where there are widths of windows.
    fn check_widths(&self) -> anyhow::Result<()> {
        match self.density == Spread::WINDOW && self.mass.is_none() && self.points == 1001 {
            true => Ok(()),
            false => bail!(
                "density, mass, floor and points are those of training times, and along d there are widths of windows; leave them out, or set d"
            ),
        }
    }
}
