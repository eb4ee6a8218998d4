//! Theories against what is simulated or measured: `read` has your measurements, `figure` draws both.

mod figure;
mod read;

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::{Computed, Experiment, ExperimentError, Failure, Simulate, equations};
use crate::compare::{Answer, Answers, Measurements, Naming, Rules, Verdict, known};
use crate::model::{Description, Model, Running};
use crate::name::ascii_name;
use crate::numeric::grid;
use crate::output::{Cell, Column, Role, Table};
use crate::solve::{Settings, interruptible};
use crate::study::{Assignment, Plan, PlanError, Sweep, Wanted};
use crate::system::{BUILT_IN, Theory};
use crate::value::{Given, Meant, Value, meant};

pub use read::Read;

/// Control values of a comparison unless the theory or the user names others.
const CONTROLS: usize = 6;

/// A theory, with others of the same quantities, that is to be compared with measurements: what `overlaps check` does.
///
/// ```no_run
/// # fn example(model: impl overlaps::model::Model + 'static) -> Result<(), Box<dyn std::error::Error>> {
/// use overlaps::compare::Verdict;
/// use overlaps::experiment::Check;
/// use overlaps::model::Running;
/// use overlaps::study::Wanted;
/// use overlaps::system::Theory;
///
/// let check = Check::new(Theory::load("first-phase")?)?;
/// let (simulate, given) = check.simulate(std::sync::Arc::new(model), Vec::new(), Wanted::default(), 0..16)?;
/// let table = simulate.table()?;
/// let measurements = check.measurements(&table, simulate.model().description(), "the simulation")?;
/// let answers = check.answers(&measurements, &given)?;
/// assert_eq!(answers.all[0].judged.verdict, Verdict::Agrees);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Check {
    theories: Vec<Theory>,
    /// How theories are judged.
    pub rules: Rules,
    /// What measurements of your own call their columns.
    pub naming: Naming,
    /// Tolerance on the averages of the theories.
    pub tolerance: f64,
}

impl Check {
    /// A theory, with every built-in one that shares a word of `describes` with it, along the same control.
    ///
    /// # Errors
    /// A parameter that is a word in one theory and a number in another.
    pub fn new(theory: Theory) -> Result<Check, ExperimentError> {
        Check::beside(theory, |_| true)
    }

    /// A theory, with every built-in one of this model along the same control: what else the model belongs to, and not what is
    /// of the same subject.
    ///
    /// # Errors
    /// A parameter that is a word in one theory and a number in another.
    pub fn of_model(theory: Theory, model: &Description) -> Result<Check, ExperimentError> {
        Check::beside(theory, |word| model.describes.contains(&word))
    }

    /// A theory, with every built-in one that shares one of certain words of `describes` with it.
    fn beside(theory: Theory, joins: impl Fn(&str) -> bool) -> Result<Check, ExperimentError> {
        let own = theory.description.describes.clone();
        let shares = |word: &String| own.contains(word) && joins(word);
        let mut theories = vec![theory];
        for built_in in BUILT_IN {
            if theories[0].name() == built_in.name || !built_in.description()?.describes.iter().any(shares) {
                continue;
            }
            let other = Theory::load(built_in.name)?;
            if other.control.name == theories[0].control.name {
                theories.push(other);
            }
        }
        Check::of(theories)
    }

    /// The first of some theories, with the others.
    ///
    /// # Errors
    /// Theories along different controls, one of them twice, a parameter that is a word in one and a number in another.
    pub fn of(theories: Vec<Theory>) -> Result<Check, ExperimentError> {
        let Some(first) = theories.first() else {
            return Err(ExperimentError::Given("there is no theory to check".into()));
        };
        for (index, other) in theories.iter().enumerate() {
            if other.control.name != first.control.name {
                return Err(ExperimentError::Given(format!(
                    "{} runs along {}, {} along {}; they cannot be compared",
                    first.name(),
                    first.control.name,
                    other.name(),
                    other.control.name
                )));
            }
            if theories[..index].iter().any(|theory| theory.name() == other.name()) {
                return Err(ExperimentError::Given(format!("`{}` is named twice", other.name())));
            }
        }
        Theory::agree_on_words(&theories)?;
        Ok(Check { theories, rules: Rules::default(), naming: Naming::default(), tolerance: 1e-12 })
    }

    /// The same with the indices of its theories as far as some parameters say.
    ///
    /// # Errors
    /// Sizes that a theory refuses.
    pub fn resized(self, given: &Given) -> Result<Check, ExperimentError> {
        let theories = self.theories.into_iter().map(|theory| theory.resized(given));
        Ok(Check { theories: theories.collect::<Result<_, _>>()?, ..self })
    }

    /// The theories; the first is the one in question.
    pub fn theories(&self) -> &[Theory] {
        &self.theories
    }

    /// How they are solved.
    pub fn settings(&self) -> Settings<'static> {
        Settings::new(self.tolerance, false)
    }

    /// A parameter of the model, or a parameter or the control of the theories, that a name means.
    ///
    /// # Errors
    /// None of them.
    pub fn meant(&self, given: &str, model: &Description) -> Result<Meant, PlanError> {
        Ok(meant(given, Some(&self.theories[0].control.name), known(&self.theories, model))?)
    }

    /// The simulation of which the theory is to be checked, and the parameters that only the theories have. `given` are
    /// parameters of both by name; `wanted` fixes and sweeps those of the model; the dimensions are those of the model, and the control
    /// values those at which the theory is compared with its limit, unless others are given.
    ///
    /// # Errors
    /// A theory that is not of this model, names and values that the model refuses, controls outside the range of the theory.
    pub fn simulate(
        &self,
        model: Arc<dyn Model>,
        given: Given,
        wanted: Wanted,
        seeds: Range<u64>,
    ) -> Result<(Simulate, Given), ExperimentError> {
        let (theory, description) = (&self.theories[0], model.description());
        let has = |name: &str| description.parameters.iter().any(|parameter| parameter.name == name);
        let simulated = |name: &str| name == description.control.name || has(name);
        let (own, given): (Given, Given) = given.into_iter().partition(|(name, _)| simulated(name));
        let mut wanted = wanted;
        wanted.set.extend(own.into_iter().map(|(name, value)| Assignment { name, value }));
        let asked = Simulate::of(model.clone(), wanted.clone(), seeds.clone())?;
        let sets = asked.sets();
        let has_d =
            sets.plan.fixed.iter().map(|(name, _)| name).chain(sets.plan.swept.iter().map(|s| &s.name));
        if has("d") && !has_d.into_iter().any(|name| name == "d") {
            let dimensions = model.dimensions(sets.points())?;
            let text = format!("d={}", dimensions.iter().map(f64::to_string).collect::<Vec<_>>().join(","));
            let values = dimensions.into_iter().map(Value::Number).collect();
            wanted.sweep.push(Sweep { name: "d".into(), text, values });
        }
        let control = &theory.control;
        let usual = |simulate: &Simulate| -> Vec<f64> {
            let from_file = theory.limit.as_ref().map(|limit| limit.at.clone()).unwrap_or_default();
            let all = match from_file.is_empty() {
                true => grid(control.from, control.to, CONTROLS),
                false => from_file,
            };
            let points = simulate.sets().points();
            let possible = |x: &f64| points.iter().all(|point| model.check(point, &[*x]).is_ok());
            let possible: Vec<f64> = all.iter().copied().filter(possible).collect();
            if possible.is_empty() { all } else { possible }
        };
        let simulate = Simulate::of(model.clone(), wanted, seeds)?.with_usual_controls(usual);
        simulate.check()?;
        if let Some(outside) = simulate.controls().iter().find(|t| !(control.from..=control.to).contains(*t))
        {
            return Err(ExperimentError::Given(format!(
                "{} = {outside} is outside the control range of {}, {} ≤ {} ≤ {}",
                control.name,
                theory.name(),
                control.from,
                control.name,
                control.to
            )));
        }
        Ok((simulate, given))
    }

    /// Measurements of a table of simulations; `source` stands in messages.
    ///
    /// # Errors
    /// Those of [`Measurements::from_table`].
    pub fn measurements(
        &self,
        table: &Table,
        model: &Description,
        source: &str,
    ) -> Result<Measurements, ExperimentError> {
        Ok(Measurements::from_table(table, &self.theories, model, &Naming::default(), source)?)
    }

    /// The answers of the theories; `given` are parameters that the measurements do not have.
    ///
    /// # Errors
    /// The theory in question does not apply to any of the measurements.
    pub fn answers(
        &self,
        measurements: &Measurements,
        given: &Given,
    ) -> Result<Answers<'_>, ExperimentError> {
        Answers::new(&self.theories, measurements, given, self.settings(), &self.rules)
            .map_err(ExperimentError::Given)
    }

    /// The same; none where an interruption was asked for.
    ///
    /// # Errors
    /// Those of [`Check::answers`].
    pub fn answers_while(
        &self,
        measurements: &Measurements,
        given: &Given,
        running: &Running,
    ) -> Result<Option<Answers<'_>>, ExperimentError> {
        let settings = self.settings().stopping(running.interrupted);
        let answers =
            interruptible(|| Answers::new(&self.theories, measurements, given, settings, &self.rules));
        answers.transpose().map_err(ExperimentError::Given)
    }
}

/// The verdicts on a theory for every combination of swept parameters, each from all its dimensions, control values and data
/// sets.
pub struct Checks {
    check: Check,
    model: Arc<dyn Model>,
    /// What each cell sweeps: d and the control; and what is fixed for the model alone.
    inner: Wanted,
    seeds: Range<u64>,
    plan: Plan,
    columns: Vec<Column>,
}

impl Checks {
    /// A check for every combination of what `wanted` sweeps beside the dimension and the control; `given` are fixed values of both,
    /// `wanted` fixes those of the model alone.
    ///
    /// # Errors
    /// Those of [`Check::simulate`], for any cell; a sweep of d that moves together with another.
    pub fn new(
        check: Check,
        model: Arc<dyn Model>,
        given: Given,
        wanted: Wanted,
        seeds: Range<u64>,
    ) -> Result<Checks, ExperimentError> {
        let control = check.theories[0].control.name.clone();
        let is_inner = |sweep: &Sweep| {
            let name = ascii_name(&sweep.name).unwrap_or_else(|| sweep.name.clone());
            name == "d" || name == control
        };
        let (inner, outer) = wanted.sweep.into_iter().partition(is_inner);
        let set: Vec<Assignment> =
            given.into_iter().map(|(name, value)| Assignment { name, value }).collect();
        let at_one = set.iter().filter(|set| set.name == control).cloned();
        let fixed = wanted.set.into_iter().chain(at_one).collect();
        let outer = Wanted { set, sweep: outer, zip: wanted.zip };
        let plan =
            Plan::sort(&outer, &control, &known(&check.theories, model.description()).collect::<Vec<_>>())?;
        if plan.swept.iter().any(|sweep| sweep.name == "d") {
            return Err(ExperimentError::Given(
                "a verdict needs all its dimensions in one cell: sweep d alone, in [sweep]".into(),
            ));
        }
        let mut columns = vec![Column::new(control, "control parameter", Role::Control)];
        columns.extend(plan.swept.iter().map(|s| Column::new(s.name.as_str(), "parameter", Role::Parameter)));
        columns.extend(Answer::columns("d"));
        columns.push(Column::new(
            "verdict",
            "agrees, disagrees or undecided: the theory with all its comparisons",
            Role::Label,
        ));
        let inner = Wanted { set: fixed, sweep: inner, zip: Vec::new() };
        let checks = Checks { check, model, inner, seeds, plan, columns };
        (0..checks.plan.cells()).try_for_each(|cell| checks.at(cell).map(drop))?;
        Ok(checks)
    }

    /// The simulation of a cell, and the parameters that only the theories have.
    fn at(&self, cell: usize) -> Result<(Simulate, Given), ExperimentError> {
        let (given, inner) = (self.plan.parameters(cell), self.inner.clone());
        self.check.simulate(self.model.clone(), given, inner, self.seeds.clone())
    }
}

impl Experiment for Checks {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let (simulate, given) = self.at(cell)?;
        let Some(table) = simulate.run(running)? else { return Ok(None) };
        let measurements = self.check.measurements(&table, self.model.description(), "the simulation")?;
        let Some(answers) = self.check.answers_while(&measurements, &given, running)? else {
            return Ok(None);
        };
        let answers = answers.all;
        let swept: Vec<Cell> = self.plan.swept_values(cell).iter().map(Cell::from).collect();
        let mut rows = Vec::new();
        for answer in &answers {
            for c in &answer.judged.comparisons {
                let mut row = vec![Cell::Number(c.place.control)];
                row.extend(swept.iter().cloned());
                row.extend(answer.cells(&measurements, c, &self.check.rules));
                row.push(answer.judged.verdict.name().into());
                rows.push(row);
            }
        }
        let failed = answers[0].predictions.failed.len() + measurements.left_out;
        let mut computed = Computed::new(rows, failed);
        computed.counts.disagreeing = u64::from(answers[0].judged.verdict == Verdict::Disagrees);
        Ok(Some(computed))
    }

    fn forget(&self, cell: usize) {
        // A cell that was computed can be simulated.
        if let Ok((simulate, _)) = self.at(cell) {
            (0..simulate.cells()).for_each(|cell| simulate.forget(cell));
        }
    }

    fn finish(&self) {
        (0..self.cells()).for_each(|cell| self.forget(cell));
        self.model.finish();
    }

    fn within(&self) -> IndexMap<String, Json> {
        let sweeps: Vec<&str> = self.inner.sweep.iter().map(|sweep| sweep.text.as_str()).collect();
        [
            ("equations".to_string(), equations(&self.check.theories)),
            ("within".into(), json!(sweeps)),
            ("seeds".into(), json!([self.seeds.start, self.seeds.end - self.seeds.start])),
        ]
        .into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        let swept = |name: &String| self.plan.swept.iter().any(|s| s.name == *name);
        let mut parameters = self.at(0).map(|(simulate, _)| simulate.sets().constants()).unwrap_or_default();
        parameters.retain(|name, _| !swept(name));
        (self.check.theories[0].name().to_string(), parameters)
    }
}
