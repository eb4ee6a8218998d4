//! `overlaps uturn`.
//!
//! `turns` runs the U-turns of one data set, `report` sets them beside the prediction and draws them.

mod report;
mod turns;

use std::io::Write;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::arguments::{Assignment, Given, Values};
use super::cells::{Cells, for_each_cell, interrupted};
use super::destination::{Destination, Files, Format, command, side_file};
use super::generate::DenoiserName;
use super::simulation::{LabelName, Simulation, SimulationOptions};
use super::{DISAGREES, FINE, NOT_CONVERGED};
use crate::equation::grid;
use crate::generate::uturn::Forward;
use crate::generate::{Denoisers, GenerateError, Generation, Integrator};
use crate::output::csv::write_table;
use crate::output::figure::draw;
use crate::output::{SideFile, TerminalOptions, table_json, terminal, write_atomically};
use crate::simulate::DataRule;
use report::Report;
use turns::{Turned, Turns};

/// Noise samples of a known class back to a time t, generate again from there, and count which class comes out.
///
/// Where the class is kept, it has been decided: the window of times in which the memory P(+|+) − P(+|−) rises is where
/// the flow decides the class, at √dτ of order 1. The prediction is the posterior at t (exact denoiser), or the same process
/// with the denoisers of theory (learnt ones). Exit code 4 if they disagree.
#[derive(Debug, Args)]
#[command(
    after_help = "Parameters for --set and --sweep, with their defaults: n = 128 samples, p = 0.8, sigma = 1, kappa = 4, lambda = 0.1, ell = 0.01, k = inf noise samples per datum (in the second phase), interpolant = linear, schedule = dilated; d = 5000 for the exact denoiser and trained networks, else 8n³ or more; and the time t at which to turn, 0 ≤ t ≤ 2 [default: 21 times from 0 to 1]."
)]
pub struct Uturn {
    /// The exact denoiser of the mixture, or learnt ones (see --method).
    #[arg(long, value_enum, default_value_t = DenoiserName::Exact)]
    denoiser: DenoiserName,
    /// How to go on after the turn: the reverse of the noising process, or a draw from the posterior (exact denoiser only).
    #[arg(long, value_enum, default_value_t = ForwardName::Sde)]
    forward: ForwardName,
    /// Steps from t = 0 to 2, of which a sample takes those after its turn.
    #[arg(long, value_name = "COUNT", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Samples of each class per time and data set.
    #[arg(long, value_name = "COUNT", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    samples: u32,
    /// The class is decided between the times at which the memory has risen to these values.
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', num_args = 1, default_values_t = [0.1, 0.9], value_parser = super::check::rate)]
    window: Vec<f64>,
    /// How often a right theory may be rejected.
    #[arg(long, value_name = "RATE", default_value = "0.05", value_parser = super::check::rate)]
    level: f64,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    destination: Destination,
    #[command(flatten)]
    simulation: SimulationOptions,
}

/// `--forward`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ForwardName {
    /// The reverse process.
    Sde,
    /// The posterior.
    Resample,
}

impl Uturn {
    /// Turns, compares, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let &[from, to] = self.window.as_slice() else {
            bail!("--window takes two values, FROM,TO; for example 0.1,0.9");
        };
        if from >= to {
            bail!("--window {from},{to}: the first value is below the second");
        }
        let files = self.files()?;
        files.check()?;
        let simulation = self.checked_simulation(&files)?;
        let turns = self.turns(&simulation)?;
        self.values.start_threads();
        simulation.prepare()?;
        let count = simulation.cells();
        let units = match turns.units(&simulation) {
            0 => simulation.times.len() as u64,
            units => units,
        };
        let mut turned: Vec<Turned> = Vec::new();
        for_each_cell(
            Cells { count, units },
            self.values.quiet,
            |cell, progress| {
                turns.turn(&self.generation(&simulation, cell), &interrupted, &|| progress.tick())
            },
            |_, outcome: Result<Option<Turned>, GenerateError>| {
                turned.push(outcome?.ok_or_else(|| simulation.stopped())?);
                Ok(())
            },
        )
        .map_err(|error| if interrupted() { simulation.stopped() } else { error })?;
        let generations: Vec<Generation> =
            (0..count).map(|cell| self.generation(&simulation, cell)).collect();
        let report = Report::new(&simulation, &turns, &generations, &turned, (from, to), self.level)?;
        let svg = match &files.svg {
            Some(path) => Some((path, draw(&report.figure(&simulation)?)?)),
            None => None,
        };
        let mut written = Vec::new();
        if let Some(path) = &files.csv {
            let side = side_file(path)?;
            write_atomically(path, |w| write_table(&report.rows, w))?;
            write_atomically(&side, |w| self.side(&simulation, &report).write(w))?;
            written.extend([path.display().to_string(), side.display().to_string()]);
        }
        if let Some((path, svg)) = svg {
            write_atomically(path, |w| w.write_all(svg.as_bytes()))?;
            written.push(path.display().to_string());
        }
        simulation.finish_at(turns.needed());
        self.print(&report)?;
        let failed = turned.iter().filter(|t| !t.converged).count();
        if failed > 0 {
            eprintln!(
                "warning: of {failed} of {count} data sets some denoiser did not converge (status not-converged)"
            );
        }
        if !self.values.quiet {
            if written.is_empty() && self.destination.format == Format::Table {
                eprintln!("note: nothing was written; --output FILE.csv and --plot FILE.svg keep the result");
            } else if !written.is_empty() {
                eprintln!("note: wrote {}", written.join(", "));
            }
        }
        Ok(match report.disagrees() {
            true => DISAGREES,
            false if failed > 0 => NOT_CONVERGED,
            false => FINE,
        })
    }

    fn files(&self) -> anyhow::Result<Files> {
        let nothing_given = self.destination.is_default()
            && self.values.set.is_empty()
            && self.values.sweep.is_empty()
            && (self.denoiser, self.forward) == (DenoiserName::Exact, ForwardName::Sde)
            && self.simulation.is_default()
            && self.window == [0.1, 0.9]
            && (self.steps, self.samples, self.level) == (400, 2000, 0.05);
        self.destination.files(nothing_given.then(|| "uturn".as_ref()))
    }

    fn checked_simulation(&self, files: &Files) -> anyhow::Result<Simulation> {
        let mut values = self.values.clone();
        let mut options = self.simulation.clone();
        self.denoiser.default_dimension(&mut values, &options);
        if self.denoiser == DenoiserName::Exact {
            self.denoiser.refuse_learning(&values, &options)?;
            for (name, value) in [("n", 2.0), ("p_test", 0.5)] {
                values.set.push(Assignment { name: name.into(), value: Given::Number(value) });
            }
            options.labels = LabelName::Drawn;
        } else if self.forward == ForwardName::Resample {
            bail!(
                "--forward resample draws from the exact posterior; learnt denoisers have --forward sde only"
            );
        }
        if options.explicit_asked() {
            bail!("U-turns are made in reduced coordinates, exact in law; leave out --data explicit");
        }
        let simulation = options.sorted(&values, files.csv.as_deref(), false, |_| grid(0.0, 1.0, 21))?;
        for t in &simulation.times {
            if !(0.0..=2.0).contains(t) {
                bail!("t = {t} is outside the time of the schedule, 0 ≤ t ≤ 2");
            }
        }
        Ok(simulation)
    }

    fn turns(&self, simulation: &Simulation) -> anyhow::Result<Turns> {
        let forward = match self.forward {
            ForwardName::Sde => Forward::Sde,
            ForwardName::Resample => Forward::Resample,
        };
        for cell in 0..simulation.cells() {
            self.generation(simulation, cell).check()?;
        }
        Ok(Turns::new(&simulation.times, self.steps as usize, self.samples as usize, forward)?)
    }

    fn generation<'s>(&self, simulation: &'s Simulation, cell: usize) -> Generation<'s> {
        let run = simulation.run(cell);
        Generation {
            setting: run.setting,
            seed: run.seed,
            labels: run.labels,
            denoisers: match self.denoiser {
                DenoiserName::Exact => Denoisers::Exact,
                DenoiserName::Learnt => Denoisers::Learnt(run.method),
            },
            steps: self.steps as usize,
            samples: self.samples as usize,
            integrator: Integrator::Euler,
            data: DataRule::Gram,
        }
    }

    fn side(&self, simulation: &Simulation, report: &Report) -> SideFile {
        let described = simulation.describe();
        let mut parameters = simulation.parameters();
        parameters.retain(|name, _| !self.denoiser.unused().contains(&name.as_str()));
        let mut turns = json!({
            "denoiser": self.denoiser.name(),
            "forward": if self.forward == ForwardName::Sde { "sde" } else { "resample" },
            "steps": self.steps,
            "samples": self.samples,
            "first_seed": described["first_seed"],
            "seeds": described["seeds"],
        });
        if self.denoiser == DenoiserName::Learnt {
            turns["learning"] = super::generate::learning(simulation);
        }
        SideFile {
            program: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command: command(),
            system: "u-turn".into(),
            parameters,
            sweeps: self.values.sweep.iter().map(|s| (s.name.clone(), json!(s.text))).collect(),
            columns: report.rows.columns.clone(),
            events: Vec::new(),
            extra: [("u_turn".to_string(), turns), ("comparison".to_string(), report.json())].into(),
        }
    }

    fn print(&self, report: &Report) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match self.destination.format {
            Format::Table if self.values.quiet => {}
            Format::Table => {
                let max_rows = if self.destination.all_rows { 0 } else { 42 };
                let options = TerminalOptions { columns: None, max_rows, digits: 5 };
                out.write_all(terminal::render(&report.table, &options).as_bytes())?;
                out.write_all(report.words().as_bytes())?;
            }
            Format::Csv => write_table(&report.rows, &mut out)?,
            Format::Json => table_json(&report.rows, &mut out)?,
        }
        Ok(out.flush()?)
    }
}
