//! `--set` and `--sweep`, and how they become values of a theory.

use std::str::FromStr;

use anyhow::bail;
use clap::Args;
use rayon::prelude::*;

use crate::equation::{Theory, grid, without_round_off};
use crate::output::ascii_name;

/// Parameter values, shared by the commands that solve.
#[derive(Debug, Clone, Args)]
pub struct Values {
    /// Fix a parameter or the control (repeatable).
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<Assignment>,
    /// Sweep a parameter or the control: NAME=START:STOP:COUNT, NAME=log:START:STOP:COUNT, or a list NAME=V1,V2,…
    /// (repeatable).
    #[arg(long = "sweep", value_name = "NAME=START:STOP:COUNT")]
    pub sweep: Vec<Sweep>,
    /// Absolute tolerance on every Gaussian average that enters the outputs.
    #[arg(long, value_name = "ERROR", default_value = "1e-12", value_parser = tolerance)]
    pub tolerance: f64,
    /// Threads to use [default: all cores]; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// No table, notes or progress; files and errors only.
    #[arg(long)]
    pub quiet: bool,
}

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Parameter.
    pub name: String,
    /// Value.
    pub value: f64,
}

/// `NAME=START:STOP:COUNT` or `NAME=V1,V2,…`, with its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Parameter.
    pub name: String,
    /// As written.
    pub text: String,
    /// Values.
    pub values: Vec<f64>,
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(t) if (1e-14..=1e-2).contains(&t) => Ok(t),
        _ => Err("a tolerance is a number between 1e-14 and 1e-2".into()),
    }
}

fn number(text: &str) -> Result<f64, String> {
    let value: f64 = text.trim().parse().map_err(|_| format!("`{text}` is not a number"))?;
    if value.is_nan() {
        return Err("NaN is not a value that a parameter can take".into());
    }
    Ok(value)
}

fn split_name(text: &str) -> Result<(&str, &str), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    if name.trim().is_empty() {
        return Err("the name before `=` is missing".into());
    }
    Ok((name.trim(), value.trim()))
}

impl FromStr for Assignment {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = split_name(text)?;
        Ok(Assignment { name: name.to_string(), value: number(value)? })
    }
}

impl FromStr for Sweep {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, range) = split_name(text)?;
        if range.contains(',') {
            return Ok(Sweep { name: name.to_string(), text: text.to_string(), values: list(range)? });
        }
        let (range, logarithmic) = match range.strip_prefix("log:") {
            Some(rest) => (rest, true),
            None => (range, false),
        };
        let parts: Vec<&str> = range.split(':').collect();
        let [start, stop, count] = parts.as_slice() else {
            return Err(
                "expected NAME=START:STOP:COUNT, NAME=log:START:STOP:COUNT or a list NAME=V1,V2,…".into()
            );
        };
        let (start, stop) = (number(start)?, number(stop)?);
        let count: usize = count
            .trim()
            .parse()
            .map_err(|_| format!("`{count}` is not a number of points; use 1 or more"))?;
        if count == 0 {
            return Err("a sweep of 0 points has nothing to solve; use 1 or more".into());
        }
        if count > 10_000_000 {
            return Err(format!("{count} points are too many; at most 10000000 are possible in one sweep"));
        }
        if !(start.is_finite() && stop.is_finite()) {
            return Err("the ends of a sweep are finite numbers".into());
        }
        if count > 1 && start == stop {
            return Err(format!(
                "{count} points from {start} to {stop} are all the same; use --set for one value"
            ));
        }
        let values = if logarithmic {
            if !(start > 0.0 && stop > 0.0) {
                return Err("the ends of a logarithmic sweep are positive numbers".into());
            }
            logarithmic_grid(start, stop, count)
        } else {
            grid(start, stop, count)
        };
        Ok(Sweep { name: name.to_string(), text: text.to_string(), values })
    }
}

/// The values of a list, which rise or fall throughout, so that branches can be followed from each to the next.
fn list(text: &str) -> Result<Vec<f64>, String> {
    let values: Vec<f64> = text.split(',').map(number).collect::<Result<_, _>>()?;
    if values.windows(2).all(|pair| pair[0] < pair[1]) || values.windows(2).all(|pair| pair[0] > pair[1]) {
        Ok(values)
    } else {
        Err(format!("the values of a list rise or fall throughout, `{text}` does not"))
    }
}

/// Logarithmically spaced values; both ends are exact, and what is a round number between them.
fn logarithmic_grid(start: f64, stop: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1);
    let value = |i: usize, exponent: f64| match i {
        0 => start,
        i if i == last => stop,
        _ => without_round_off(libm::pow(10.0, exponent)),
    };
    let exponents = grid(libm::log10(start), libm::log10(stop), count);
    exponents.into_iter().enumerate().map(|(i, exponent)| value(i, exponent)).collect()
}

/// The most combinations of swept values in one run.
const MOST_CELLS: usize = 10_000_000;

/// What is fixed, what is swept, and on which control values.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Fixed parameters.
    pub fixed: Vec<(String, f64)>,
    /// Swept parameters, outermost first.
    pub swept: Vec<Sweep>,
    /// Control values, if given.
    pub controls: Option<Vec<f64>>,
}

impl Values {
    /// Checks names and values against a theory (and others compared with it) and sorts them into a plan.
    ///
    /// # Errors
    /// Unknown names, values outside their domains, names given twice.
    pub fn plan(&self, theories: &[Theory]) -> anyhow::Result<Plan> {
        let plan = self.sort(&theories[0].control.name, |name| actual_name(name, theories))?;
        plan.check(theories)?;
        Ok(plan)
    }

    /// Sorts what is given into a plan; `actual` turns a name as given into the name meant.
    ///
    /// # Errors
    /// Names that `actual` refuses, names given twice, too many combinations.
    pub fn sort(
        &self,
        control: &str,
        actual: impl Fn(&str) -> anyhow::Result<String>,
    ) -> anyhow::Result<Plan> {
        let mut plan = Plan { fixed: Vec::new(), swept: Vec::new(), controls: None };
        let mut seen: Vec<String> = Vec::new();
        let mut known = |name: &str| -> anyhow::Result<String> {
            let name = actual(name)?;
            if seen.contains(&name) {
                bail!("`{name}` is given twice; use one --set or one --sweep for it");
            }
            seen.push(name.clone());
            Ok(name)
        };
        for set in &self.set {
            let name = known(&set.name)?;
            if name == control {
                plan.controls = Some(vec![set.value]);
            } else {
                plan.fixed.push((name, set.value));
            }
        }
        for sweep in &self.sweep {
            let name = known(&sweep.name)?;
            if name == control {
                plan.controls = Some(sweep.values.clone());
            } else {
                plan.swept.push(Sweep { name, ..sweep.clone() });
            }
        }
        let cells = plan.cells();
        if cells > MOST_CELLS {
            bail!(
                "the sweeps make {cells} combinations, which are too many: at most {MOST_CELLS} can be solved in one run"
            );
        }
        Ok(plan)
    }

    /// Sets the number of threads.
    pub fn start_threads(&self) {
        start_threads(self.threads);
    }
}

/// Sets the number of threads, if one is given.
pub fn start_threads(threads: Option<u16>) {
    if let Some(n) = threads {
        // A second call in the same process keeps the first pool; the command runs once.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(usize::from(n)).build_global();
    }
}

/// The name as the equation file spells it: Greek letters may be written or spelled (λ, lambda).
pub fn actual_name(given: &str, theories: &[Theory]) -> anyhow::Result<String> {
    let known = || {
        let controls = theories.iter().map(|t| t.control.name.as_str());
        controls.chain(theories.iter().flat_map(|t| t.parameter_names()))
    };
    let spelled = ascii_name(given);
    let exact = known().find(|k| *k == given);
    let name = exact.or_else(|| known().find(|k| spelled.is_some() && ascii_name(k) == spelled));
    match name {
        Some(name) => Ok(name.to_string()),
        None => {
            theories[0].check_parameter_name(given)?;
            Ok(given.to_string())
        }
    }
}

impl Plan {
    /// How many combinations of swept values there are.
    pub fn cells(&self) -> usize {
        self.swept.iter().map(|s| s.values.len()).fold(1, usize::saturating_mul)
    }

    /// The swept values of one combination; the last sweep runs fastest.
    pub fn swept_values(&self, mut cell: usize) -> Vec<f64> {
        let mut values = vec![0.0; self.swept.len()];
        for (value, sweep) in values.iter_mut().zip(&self.swept).rev() {
            *value = sweep.values[cell % sweep.values.len()];
            cell /= sweep.values.len();
        }
        values
    }

    /// All given parameters of one combination.
    pub fn parameters(&self, cell: usize) -> Vec<(String, f64)> {
        let swept = self.swept.iter().map(|s| s.name.clone()).zip(self.swept_values(cell));
        self.fixed.iter().cloned().chain(swept).collect()
    }

    /// Every control value lies where the theory has a piece, and every value in its domain.
    fn check(&self, theories: &[Theory]) -> anyhow::Result<()> {
        for theory in theories {
            let control = &theory.control;
            for value in self.controls.iter().flatten() {
                if !value.is_finite() {
                    bail!("{} = {value}: the control is a finite number", control.name);
                }
                if !(control.from..=control.to).contains(value) {
                    bail!(
                        "{} = {value} is outside the control range of {}, {} ≤ {} ≤ {}",
                        control.name,
                        theory.name(),
                        control.from,
                        control.name,
                        control.to
                    );
                }
            }
            // Domains may join parameters, so every combination is checked: cheap next to solving it.
            (0..self.cells())
                .into_par_iter()
                .try_for_each(|cell| theory.check_values(&self.parameters(cell)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_hit_their_ends_exactly() {
        let sweep: Sweep = "t=0:1:11".parse().unwrap();
        assert_eq!(sweep.values[3], 0.3);
        assert_eq!(sweep.values[10], 1.0);
        let sweep: Sweep = "n=log:1e2:1e6:5".parse().unwrap();
        assert_eq!(sweep.values, [1e2, 1e3, 1e4, 1e5, 1e6]);
        let sweep: Sweep = "n=log:8:512:4".parse().unwrap();
        assert_eq!(sweep.values, [8.0, 32.0, 128.0, 512.0]);
        let sweep: Sweep = "p=0.55:0.95:9".parse().unwrap();
        assert_eq!(sweep.values[1], 0.6);
        let sweep: Sweep = "t=1:0:3".parse().unwrap();
        assert_eq!(sweep.values, [1.0, 0.5, 0.0]);
        let sweep: Sweep = "d=1000,4000,1e9".parse().unwrap();
        assert_eq!(sweep.values, [1000.0, 4000.0, 1e9]);
    }

    #[test]
    fn nonsense_is_refused_with_what_would_be_accepted() {
        for (text, part) in [
            ("t", "NAME=VALUE"),
            ("t=0:1", "START:STOP:COUNT"),
            ("t=0:1:0", "1 or more"),
            ("t=0:1:-3", "number of points"),
            ("t=a:1:3", "not a number"),
            ("t=nan:1:3", "NaN"),
            ("t=0:inf:3", "finite"),
            ("t=0.1,0.5,0.5", "rise or fall"),
            ("t=0.1,,0.5", "not a number"),
            ("t=log:0:1:3", "positive"),
            ("t=1:1:3", "--set"),
            ("=1:2:3", "missing"),
        ] {
            let error = text.parse::<Sweep>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!("n=NaN".parse::<Assignment>().is_err());
        assert_eq!("k=inf".parse::<Assignment>().unwrap().value, f64::INFINITY);
    }
}
