//! `--set` and `--sweep`, and how they become values of a theory.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::destination::Destination;
use clap::{Args, Parser};
use overlaps::experiment::check_tolerance;
use overlaps::study::{Assignment, Bare, Plan, Study, Sweep, Wanted};
use overlaps::system::Theory;

/// Parameter values, shared by the commands that solve.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Parameters")]
pub struct Values {
    /// Values of parameters and the control: n=8, the same as --set n=8; t=0:1:11 or d=1000,4000, the same as --sweep.
    #[arg(value_name = "NAME=VALUE")]
    given: Vec<Bare>,
    /// Fix a parameter or the control (repeatable): a number, or a word where the parameter has words as values.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<Assignment>,
    /// Sweep a parameter or the control: NAME=START:STOP:COUNT, NAME=log:START:STOP:COUNT, or a list NAME=V1,V2,…
    /// (repeatable).
    #[arg(long = "sweep", value_name = "NAME=START:STOP:COUNT")]
    sweep: Vec<Sweep>,
    /// Groups of sweeps that move together; only a study file has them.
    #[arg(skip)]
    zip: Vec<Vec<Sweep>>,
    /// Absolute tolerance on every average that enters the outputs, and on the way of what moves (relative above 1).
    #[arg(long, value_name = "ERROR", default_value = "1e-12", value_parser = tolerance, allow_negative_numbers = true)]
    pub tolerance: f64,
    /// Threads to use [default: all cores]; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// No table, notes or progress; files and errors only.
    #[arg(long)]
    pub quiet: bool,
}

/// The values of an option, each with what it means, under the names that the library has for them.
pub fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [(T, &'static str)],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = all.iter().map(|(value, meaning)| PossibleValue::new(name(*value)).help(*meaning));
    // One of the names, or it is refused before.
    let find = move |given: String| all.iter().find(|(value, _)| name(*value) == given).unwrap_or(&all[0]).0;
    PossibleValuesParser::new(names).map(find)
}

fn tolerance(text: &str) -> Result<f64, String> {
    check_tolerance(text.parse().unwrap_or(f64::NAN))
}

impl Values {
    /// Checks names and values against a theory (and others compared with it) and sorts them into a plan.
    ///
    /// # Errors
    /// Unknown names, values outside their domains, names given twice.
    pub fn plan(&self, theories: &mut [Theory]) -> anyhow::Result<Plan> {
        Ok(Plan::of_theories(&self.wanted(), theories)?)
    }

    /// What is fixed and swept, names and words unresolved.
    pub fn wanted(&self) -> Wanted {
        let mut wanted = Wanted { set: self.set.clone(), sweep: self.sweep.clone(), zip: self.zip.clone() };
        for given in &self.given {
            match given.clone() {
                Bare::Set(set) => wanted.set.push(set),
                Bare::Sweep(sweep) => wanted.sweep.push(sweep),
            }
        }
        wanted
    }

    /// Gives a value in front of the others that are given without a flag.
    ///
    /// # Errors
    /// What is no NAME=VALUE.
    pub fn give(&mut self, word: &str) -> anyhow::Result<()> {
        self.given.insert(0, word.parse().map_err(anyhow::Error::msg)?);
        Ok(())
    }

    /// Takes over what a study file gives.
    pub fn take(&mut self, study: &Study) {
        self.given.clear();
        self.set = study.set.clone();
        self.sweep = study.sweep.clone();
        self.zip = study.zip.clone();
    }

    /// All sweeps as they are written, also those that move together.
    pub fn sweeps(&self) -> impl Iterator<Item = (String, String)> {
        let Wanted { sweep, zip, .. } = self.wanted();
        sweep.into_iter().chain(zip.into_iter().flatten()).map(|sweep| (sweep.name, sweep.text))
    }
}

/// A command, or some of its options, on their own.
#[derive(Parser)]
struct Alone<C: Args> {
    #[command(flatten)]
    own: C,
}

/// Options that nothing was said about.
pub fn defaults<C: Args>() -> C {
    alone([])
}

/// A command, or some of its options, of words that it knows.
pub fn alone<C: Args>(words: impl IntoIterator<Item = String>) -> C {
    Alone::parse_from(std::iter::once("overlaps".to_string()).chain(words)).own
}

/// Whether nothing is asked of a command but its name (and its `system`), so that its result belongs into results/. How exactly,
/// on how many threads, with how many words and how large a figure are no other result.
pub fn is_plain<C: Args + PartialEq>(
    command: &C,
    system: Option<&str>,
    values: &Values,
    destination: &Destination,
) -> bool {
    let mut words: Vec<String> = system.map(str::to_string).into_iter().collect();
    words.push(format!("--tolerance={}", values.tolerance));
    words.extend(values.threads.map(|threads| format!("--threads={threads}")));
    words.extend(values.quiet.then(|| "--quiet".to_string()));
    words.extend(destination.all_rows.then(|| "--all-rows".to_string()));
    words.extend(destination.drawing.words());
    *command == alone(words)
}
