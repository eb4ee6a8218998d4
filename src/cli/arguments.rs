//! `--set` and `--sweep`, and how they become values of a theory.

use std::str::FromStr;

use anyhow::{anyhow, bail};
use clap::Args;
use rayon::prelude::*;

use crate::equation::{Theory, grid, is_word, nearest, without_round_off};
use crate::output::{Cell, ascii_name};

/// Parameter values, shared by the commands that solve.
#[derive(Debug, Clone, Args)]
pub struct Values {
    /// Fix a parameter or the control (repeatable): a number, or a word where the parameter has words as values.
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

/// A value as given: a word has a meaning once the parameter is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A number.
    Number(f64),
    /// A word.
    Word(String),
}

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Parameter.
    pub name: String,
    /// Value.
    pub value: Given,
}

/// `NAME=START:STOP:COUNT` or `NAME=V1,V2,…`, with its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Parameter.
    pub name: String,
    /// As written.
    pub text: String,
    /// Values.
    pub values: Vec<Given>,
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

fn number_or_word(text: &str) -> Result<Given, String> {
    match is_word(text.trim()) {
        true => Ok(Given::Word(text.trim().to_string())),
        false => number(text).map(Given::Number),
    }
}

impl Given {
    /// The number, or what the word stands for among the words of the parameter.
    ///
    /// # Errors
    /// A word for a number or a number for a word, a word that the parameter does not have.
    pub fn resolve<W: AsRef<str>>(&self, name: &str, words: &[W]) -> anyhow::Result<f64> {
        let known = || words.iter().map(W::as_ref);
        let list = || known().collect::<Vec<_>>().join(", ");
        match self {
            Given::Number(value) if words.is_empty() => Ok(*value),
            Given::Number(value) => {
                bail!("{name} = {value}: the values of `{name}` are words; use one of {}", list())
            }
            Given::Word(word) if words.is_empty() => bail!("{name} = {word}: `{word}` is not a number"),
            Given::Word(word) => known().position(|k| k == word).map(|place| place as f64).ok_or_else(|| {
                let hint =
                    nearest(word, known()).map_or(String::new(), |n| format!(" (did you mean `{n}`?)"));
                anyhow!("{name} = {word}: `{word}` is not a value of `{name}`{hint}; use one of {}", list())
            }),
        }
    }
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
        Ok(Assignment { name: name.to_string(), value: number_or_word(value)? })
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
        let values = values.into_iter().map(Given::Number).collect();
        Ok(Sweep { name: name.to_string(), text: text.to_string(), values })
    }
}

/// The values of a list: words, each once, or numbers, which rise or fall throughout, so that branches can be followed
/// from each to the next.
fn list(text: &str) -> Result<Vec<Given>, String> {
    if text.split(',').all(|word| is_word(word.trim())) {
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        if let Some(twice) = (1..words.len()).find(|i| words[..*i].contains(&words[*i])) {
            return Err(format!("`{}` stands twice in the list", words[twice]));
        }
        return Ok(words.into_iter().map(|word| Given::Word(word.to_string())).collect());
    }
    let values: Vec<f64> = text.split(',').map(number).collect::<Result<_, _>>()?;
    if values.windows(2).all(|pair| pair[0] < pair[1]) || values.windows(2).all(|pair| pair[0] > pair[1]) {
        Ok(values.into_iter().map(Given::Number).collect())
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

/// A swept parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Swept {
    /// Parameter.
    pub name: String,
    /// As written.
    pub text: String,
    /// Values.
    pub values: Vec<f64>,
    /// The words that its values stand for; empty if they are numbers.
    pub words: Vec<String>,
}

/// What is fixed, what is swept, and on which control values.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Fixed parameters.
    pub fixed: Vec<(String, f64)>,
    /// Swept parameters, outermost first.
    pub swept: Vec<Swept>,
    /// Control values, if given.
    pub controls: Option<Vec<f64>>,
}

impl Values {
    /// Checks names and values against a theory (and others compared with it) and sorts them into a plan.
    ///
    /// # Errors
    /// Unknown names, values outside their domains, names given twice.
    pub fn plan(&self, theories: &[Theory]) -> anyhow::Result<Plan> {
        let actual = |name: &str| {
            let name = actual_name(name, theories)?;
            let words = words_of(&name, theories);
            Ok((name, words))
        };
        let plan = self.sort(&theories[0].control.name, actual)?;
        plan.check(theories)?;
        Ok(plan)
    }

    /// Sorts what is given into a plan; `actual` turns a name as given into the name meant, and the words that are its
    /// values, if they are words.
    ///
    /// # Errors
    /// Names that `actual` refuses, names given twice, words for numbers and numbers for words, too many combinations.
    pub fn sort(
        &self,
        control: &str,
        actual: impl Fn(&str) -> anyhow::Result<(String, Vec<String>)>,
    ) -> anyhow::Result<Plan> {
        let mut plan = Plan { fixed: Vec::new(), swept: Vec::new(), controls: None };
        let mut seen: Vec<String> = Vec::new();
        let mut known = |name: &str| -> anyhow::Result<(String, Vec<String>)> {
            let (name, words) = actual(name)?;
            if seen.contains(&name) {
                bail!("`{name}` is given twice; use one --set or one --sweep for it");
            }
            seen.push(name.clone());
            Ok((name, words))
        };
        for set in &self.set {
            let (name, words) = known(&set.name)?;
            let value = set.value.resolve(&name, &words)?;
            if name == control {
                plan.controls = Some(vec![value]);
            } else {
                plan.fixed.push((name, value));
            }
        }
        for sweep in &self.sweep {
            let (name, words) = known(&sweep.name)?;
            let values = sweep.values.iter().map(|value| value.resolve(&name, &words));
            let values = values.collect::<anyhow::Result<Vec<f64>>>()?;
            if name == control {
                plan.controls = Some(values);
            } else {
                plan.swept.push(Swept { name, text: sweep.text.clone(), values, words });
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

/// The words that are the values of a parameter in the first theory that has it with words.
pub fn words_of(parameter: &str, theories: &[Theory]) -> Vec<String> {
    let mut words = theories.iter().map(|theory| theory.words(parameter));
    words.find(|words| !words.is_empty()).unwrap_or_default().to_vec()
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

    /// The same with their names, as cells of a table.
    pub fn swept_cells(&self, cell: usize) -> Vec<(String, Cell)> {
        let values = self.swept.iter().zip(self.swept_values(cell));
        values.map(|(sweep, value)| (sweep.name.clone(), Cell::of(value, &sweep.words))).collect()
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
        let values = |text: &str| -> Vec<f64> {
            let sweep: Sweep = text.parse().unwrap();
            sweep.values.iter().map(|value| value.resolve("", &[] as &[&str]).unwrap()).collect()
        };
        assert_eq!(values("t=0:1:11")[3], 0.3);
        assert_eq!(values("t=0:1:11")[10], 1.0);
        assert_eq!(values("n=log:1e2:1e6:5"), [1e2, 1e3, 1e4, 1e5, 1e6]);
        assert_eq!(values("n=log:8:512:4"), [8.0, 32.0, 128.0, 512.0]);
        assert_eq!(values("p=0.55:0.95:9")[1], 0.6);
        assert_eq!(values("t=1:0:3"), [1.0, 0.5, 0.0]);
        assert_eq!(values("d=1000,4000,1e9"), [1000.0, 4000.0, 1e9]);
    }

    #[test]
    fn words_mean_what_the_parameter_says() {
        let words = ["linear", "trigonometric"];
        let set: Assignment = "interpolant=trigonometric".parse().unwrap();
        assert_eq!(set.value.resolve("interpolant", &words).unwrap(), 1.0);
        let sweep: Sweep = "interpolant=trigonometric, linear".parse().unwrap();
        let values = sweep.values.iter().map(|value| value.resolve("interpolant", &words).unwrap());
        assert_eq!(values.collect::<Vec<_>>(), [1.0, 0.0]);
        for (text, words, part) in [
            ("interpolant=trigonometrc", &words[..], "did you mean `trigonometric`?"),
            ("interpolant=cosine", &words, "use one of linear, trigonometric"),
            ("interpolant=1", &words, "use one of linear, trigonometric"),
            ("n=eight", &[], "`eight` is not a number"),
        ] {
            let set: Assignment = text.parse().unwrap();
            let error = set.value.resolve(&set.name, words).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(&set.name), "{text}: {error}");
        }
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
            ("t=0.1,half", "not a number"),
            ("interpolant=linear,linear", "twice"),
            ("t=log:0:1:3", "positive"),
            ("t=1:1:3", "--set"),
            ("=1:2:3", "missing"),
        ] {
            let error = text.parse::<Sweep>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!("n=NaN".parse::<Assignment>().is_err());
        assert_eq!("k=inf".parse::<Assignment>().unwrap().value, Given::Number(f64::INFINITY));
    }
}
