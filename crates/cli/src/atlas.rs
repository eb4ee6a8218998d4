//! `overlaps atlas`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueHint};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::cells::with_progress;
use super::check::measured::simulated;
use super::check::{Check, rate};
use super::destination::{side, side_file};
use super::embedded::{Checked, checked};
use super::{FINE, print};
use crate::arguments::alone;
use crate::terminal::{self, TerminalOptions};
use overlaps::chart::Figure;
use overlaps::compare::Verdict;
use overlaps::compare::statistics::holm;
use overlaps::experiment;
use overlaps::model::Running;
use overlaps::name::did_you_mean;
use overlaps::output::csv::write_table;
use overlaps::output::{Cell, Column, Role, Table, check_writable, write_atomically};
use overlaps::system::{BUILT_IN, Theory};
use overlaps_figures::{Sheet, Size, draw_on};
use overlaps_page::atlas::{self, Card};
use overlaps_page::drawing::Drawing;

/// Panels of a figure.
const PANELS: usize = 2;

/// Compare all built-in systems with simulations of them, and make one page: curves, points, verdicts.
///
/// Every system of a model is compared with it at its defaults, alone, as `overlaps check SYSTEM` does. A verdict is one among all: it is that a right
/// theory anywhere in the atlas is rejected with probability --level (Holm's correction over the systems). All take some three minutes
/// on two cores. The page holds everything itself; the table is written beside it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps atlas --output atlas.html\n  overlaps atlas ridge denoiser --seeds 8 --output some.html"
)]
pub struct Atlas {
    /// Only these systems, or all systems of these models [default: all that can be simulated].
    #[arg(value_name = "NAMES")]
    system: Vec<String>,
    /// Data sets for each [default: as many as overlaps check takes].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(2..))]
    seeds: Option<u32>,
    /// How often a right theory may be rejected, over all systems together.
    #[arg(long, value_name = "RATE", default_value = "0.05", value_parser = rate)]
    level: f64,
    /// Write the page to this file, and the table beside it (.csv, with .json).
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Threads to use [default: all cores]; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// No table, notes or progress; files and errors only.
    #[arg(long)]
    quiet: bool,
}

/// A system beside its simulation.
struct Compared {
    theory: Theory,
    model: &'static str,
    checked: Checked,
    seconds: f64,
    /// The smallest probability of its comparisons, with Holm's correction over them.
    p: f64,
    /// The same over all systems of the atlas.
    p_of_all: f64,
}

impl Atlas {
    /// Checks one system after the other, writes, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let theories = self.theories()?;
        let output = self.file()?;
        let csv = output.with_extension("csv");
        for file in [&output, &csv, &side_file(&csv)?] {
            check_writable(file)?;
        }
        let total = theories.len() as u64;
        let all = with_progress(total, self.quiet, |running| self.compared(theories, running))?;
        let table = table(&all, self)?;
        let page = self.page(&all)?;
        let parameters: IndexMap<String, Json> = [("level".to_string(), json!(self.level))].into();
        let side = side("atlas", parameters, [], &table.columns, IndexMap::new());
        write_atomically(&output, |sink| page.write(sink))?;
        write_atomically(&csv, |sink| write_table(&table, sink))?;
        write_atomically(&side_file(&csv)?, |sink| side.write(sink))?;
        if !self.quiet {
            print(&terminal::render(&table, &TerminalOptions { max_rows: 0, ..Default::default() }))?;
            eprintln!("note: wrote {}, {}, {}", output.display(), csv.display(), side_file(&csv)?.display());
        }
        Ok(FINE)
    }

    /// Where the page goes.
    fn file(&self) -> anyhow::Result<PathBuf> {
        let Some(output) = &self.output else {
            std::fs::create_dir_all("results").context("cannot make the folder results; use --output")?;
            return Ok(PathBuf::from("results/atlas.html"));
        };
        if output.extension().is_none_or(|extension| extension != "html") {
            bail!("--output {} names the page; use FILE.html", output.display());
        }
        Ok(output.clone())
    }

    /// The systems that are asked for.
    fn theories(&self) -> anyhow::Result<Vec<(Theory, &'static str)>> {
        let mut known: Vec<&str> = Vec::new();
        let mut theories = Vec::new();
        for built_in in BUILT_IN {
            let Some(model) = simulated(&built_in.description()?) else { continue };
            let model = model.name;
            known.extend([built_in.name, model]);
            let asked = |name: &String| name == built_in.name || name == model;
            if self.system.is_empty() || self.system.iter().any(asked) {
                theories.push((Theory::load(built_in.name)?, model));
            }
        }
        for name in &self.system {
            if !known.contains(&name.as_str()) {
                let near = did_you_mean(name, known.iter().copied());
                bail!(
                    "there is no simulation of `{name}`{near}; `overlaps list --models` names models and their systems"
                );
            }
        }
        Ok(theories)
    }

    fn compared(
        &self,
        theories: Vec<(Theory, &'static str)>,
        running: &Running,
    ) -> anyhow::Result<Vec<Compared>> {
        let mut all = Vec::with_capacity(theories.len());
        for (theory, model) in theories {
            let begun = Instant::now();
            let mut words = vec![theory.name().to_string()];
            words.extend(self.seeds.map(|seeds| format!("--seeds={seeds}")));
            let asked: Check = alone(words);
            let alone = experiment::Check::of(vec![theory.clone()])?;
            // A system is one step of progress, whatever it takes.
            let within = Running { progress: &|| (), ..*running };
            let checked = checked(&asked, &alone, &within).with_context(|| theory.name().to_string())?;
            (running.progress)();
            let p = checked.verdicts[0]["smallest_p_holm"].as_f64().unwrap_or(1.0);
            let seconds = begun.elapsed().as_secs_f64();
            all.push(Compared { theory, model, checked, seconds, p, p_of_all: f64::NAN });
        }
        let of_all = holm(&all.iter().map(|compared| compared.p).collect::<Vec<_>>());
        all.iter_mut().zip(of_all).for_each(|(compared, p)| compared.p_of_all = p);
        Ok(all)
    }

    fn page(&self, all: &[Compared]) -> anyhow::Result<atlas::Atlas> {
        let card = |compared: &Compared| -> anyhow::Result<Card> {
            let about = &compared.theory.description;
            let figure = compared.checked.figure.as_ref().map_err(|error| anyhow!("{error}"))?.showing(&[])?;
            let svg = draw_on(&first_panels(&figure), &Sheet::of(Size::of_columns(1)))?;
            Ok(Card {
                name: compared.theory.name().to_string(),
                title: about.title.clone(),
                source: about.source.clone(),
                differs: about.differs.clone(),
                model: compared.model.to_string(),
                verdict: compared.verdict(self.level).to_string(),
                grounds: compared.grounds(),
                drawing: Drawing::read(svg.as_bytes()).map_err(anyhow::Error::msg)?,
            })
        };
        let mut others: IndexMap<String, Vec<String>> = IndexMap::new();
        for built_in in BUILT_IN.iter().filter(|_| self.system.is_empty()) {
            if !all.iter().any(|compared| compared.theory.name() == built_in.name) {
                let subject = built_in.subject().replace('-', " ");
                others.entry(subject).or_default().push(built_in.name.to_string());
            }
        }
        let lede = format!(
            "{} systems of equations beside simulations of what they describe, each at the defaults of its model. A right theory is \
             rejected with probability {} over all of them together.",
            all.len(),
            self.level
        );
        Ok(atlas::Atlas {
            lede,
            cards: all.iter().map(card).collect::<Result<_, _>>()?,
            others: others.into_iter().collect(),
        })
    }
}

impl Compared {
    fn verdict(&self, level: f64) -> &'static str {
        match self.checked.verdicts[0]["verdict"].as_str() {
            _ if self.p_of_all <= level => Verdict::Disagrees.name(),
            Some(word) if word == Verdict::Undecided.name() => Verdict::Undecided.name(),
            // Rejected alone, at this level, and not among so many.
            _ => Verdict::Agrees.name(),
        }
    }

    fn comparisons(&self) -> u64 {
        self.checked.verdicts[0]["comparisons"].as_u64().unwrap_or_default()
    }

    fn grounds(&self) -> String {
        let compared = match self.checked.verdicts[0]["compared"].as_str() {
            Some("limit") => "in the limit",
            _ => "at each size",
        };
        let p =
            if self.p_of_all < 1e-3 { "p < 0.001".to_string() } else { format!("p = {:.2}", self.p_of_all) };
        format!("{} comparisons {compared}, {p}, {:.1} s", self.comparisons(), self.seconds)
    }
}

/// Curves and points of the first columns, without what is below them.
fn first_panels(figure: &Figure) -> Figure {
    let columns = figure.columns.min(PANELS);
    let panels = figure.panels.iter().take(columns).cloned().collect();
    Figure { title: String::new(), subtitle: String::new(), columns, panels, ..figure.clone() }
}

fn table(all: &[Compared], atlas: &Atlas) -> anyhow::Result<Table> {
    let mut table = Table::new(vec![
        Column::new("system", "the system of equations", Role::Label),
        Column::new("model", "what is simulated", Role::Label),
        Column::new("comparisons", "quantities and control values that are compared", Role::Certificate),
        Column::new(
            "p_holm",
            "the smallest probability, with Holm's correction over the comparisons",
            Role::Certificate,
        ),
        Column::new("p_atlas", "the same with Holm's correction over all systems", Role::Certificate),
        Column::new("verdict", "agrees, disagrees or undecided", Role::Label),
        Column::new("seconds", "time for simulation and theory", Role::Certificate),
    ]);
    for compared in all {
        table.push(vec![
            Cell::from(compared.theory.name()),
            Cell::from(compared.model),
            Cell::Integer(compared.comparisons()),
            Cell::Number(compared.p),
            Cell::Number(compared.p_of_all),
            Cell::from(compared.verdict(atlas.level)),
            Cell::Number((10.0 * compared.seconds).round() / 10.0),
        ])?;
    }
    Ok(table)
}
