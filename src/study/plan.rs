//! Fixed and swept parameters → the combinations that are to be computed, the cells.

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::Value as Json;
use thiserror::Error;

use super::given::{Assignment, Sweep, is_logarithmic};
use super::indexed::written_out;
use crate::language::EquationError;
use crate::name::{ascii_name, symbol_of};
use crate::output::Cell;
use crate::output::json::of_value;
use crate::system::Theory;
use crate::value::{Given, ParameterError, Parameters, Value, given, meant};

/// The most combinations of swept values in one run.
const MOST_CELLS: usize = 10_000_000;

/// What is given cannot be computed: an unknown name, a value outside its domain, a contradiction.
#[derive(Debug, Clone, Error)]
pub enum PlanError {
    /// Something that a theory does not accept.
    #[error(transparent)]
    Equation(#[from] EquationError),
    /// A name that is no parameter, or a value that one cannot take.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// Values that do not fit each other or their parameters, in words.
    #[error("{0}")]
    Given(String),
}

/// A swept parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Swept {
    /// Parameter.
    pub name: String,
    /// As written.
    pub text: String,
    /// Values.
    pub values: Vec<Value>,
    /// Which axis of the grid of combinations it runs along; sweeps on the same axis move together.
    pub axis: usize,
}

impl Swept {
    /// Whether its values are numbers, which have a place on an axis.
    pub fn has_numbers(&self) -> bool {
        self.values.iter().all(|value| value.number().is_some())
    }

    /// Its values, if they are numbers.
    pub fn numbers(&self) -> Vec<f64> {
        self.values.iter().filter_map(Value::number).collect()
    }

    /// Whether its values are spaced by equal ratios.
    pub fn is_logarithmic(&self) -> bool {
        is_logarithmic(&self.text)
    }
}

/// What is given for parameters, names and words unresolved.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Fixed values.
    pub set: Vec<Assignment>,
    /// Sweeps, crossed with each other.
    pub sweep: Vec<Sweep>,
    /// Groups of sweeps that move together, each group crossed with all others.
    pub zip: Vec<Vec<Sweep>>,
}

impl Wanted {
    /// All sweeps, also those that move together.
    fn sweeps(&self) -> impl Iterator<Item = &Sweep> {
        self.sweep.iter().chain(self.zip.iter().flatten())
    }

    /// The names of everything that is given, as it was spelled.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let set = self.set.iter().map(|set| set.name.as_str());
        set.chain(self.sweeps().map(|sweep| sweep.name.as_str()))
    }

    /// Whether a parameter is given, in Greek letters or spelled.
    pub fn gives(&self, name: &str) -> bool {
        self.names().any(|given| given == name || ascii_name(given).is_some_and(|spelled| spelled == name))
    }

    /// What is given for a parameter, whether it is fixed or swept.
    pub fn given<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        let set = self.set.iter().filter(move |set| set.name == name).map(|set| &set.value);
        set.chain(self.sweeps().filter(move |sweep| sweep.name == name).flat_map(|sweep| &sweep.values))
    }

    /// Fixes a parameter or the control.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.set.push(Assignment { name: name.to_string(), value: value.into() });
    }

    /// Sweeps a parameter or the control; sweeps are crossed, and the last runs fastest.
    ///
    /// # Errors
    /// Values that neither rise nor fall throughout, or none.
    pub fn sweep(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Result<(), PlanError> {
        let values = values.into_iter().map(Into::into).collect();
        self.sweep.push(Sweep::over(name, values).map_err(PlanError::Given)?);
        Ok(())
    }
}

/// What is fixed, what is swept, and on which control values.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Fixed parameters.
    pub fixed: Given,
    /// Swept parameters, outermost first.
    pub swept: Vec<Swept>,
    /// Control values, if given.
    pub controls: Option<Vec<f64>>,
    /// Whether they are spaced by equal ratios.
    pub controls_logarithmic: bool,
}

impl Plan {
    /// Sorts what is given for the control and for some parameters into a plan.
    ///
    /// # Errors
    /// Names that are none of them, names given twice, words for numbers and numbers for words, too many combinations, sweeps
    /// that cannot move together.
    pub fn sort(wanted: &Wanted, control: &str, known: &[Parameters]) -> Result<Plan, PlanError> {
        let mut plan =
            Plan { fixed: Vec::new(), swept: Vec::new(), controls: None, controls_logarithmic: false };
        let mut seen: Vec<String> = Vec::new();
        let mut taken = |name: &str, values: &[Value]| -> Result<String, PlanError> {
            let meant = meant(name, Some(control), known.iter().copied())?;
            let name = meant.name.clone();
            if seen.contains(&name) {
                return Err(PlanError::Given(format!(
                    "`{name}` is given twice; use one --set or one --sweep for it"
                )));
            }
            seen.push(name.clone());
            values.iter().try_for_each(|value| meant.check(value))?;
            Ok(name)
        };
        for set in &wanted.set {
            let name = taken(&set.name, std::slice::from_ref(&set.value))?;
            match set.value.number().filter(|_| name == control) {
                Some(value) => plan.controls = Some(vec![value]),
                None => plan.fixed.push((name, set.value.clone())),
            }
        }
        let crossed = wanted.sweep.iter().map(std::slice::from_ref);
        for (axis, group) in crossed.chain(wanted.zip.iter().map(Vec::as_slice)).enumerate() {
            for sweep in group {
                let name = taken(&sweep.name, &sweep.values)?;
                if name != control {
                    let (text, values) = (sweep.text.clone(), sweep.values.clone());
                    plan.swept.push(Swept { name, text, values, axis });
                } else if group.len() == 1 {
                    plan.controls = Some(sweep.values.iter().filter_map(Value::number).collect());
                    plan.controls_logarithmic = is_logarithmic(&sweep.text);
                } else {
                    return Err(PlanError::Given(format!(
                        "`{name}` is followed within every combination and cannot move together with parameters; sweep it alone"
                    )));
                }
            }
        }
        plan.check_zips()?;
        let cells = plan.cells();
        if cells > MOST_CELLS {
            return Err(PlanError::Given(format!(
                "the sweeps make {cells} combinations, which are too many: at most {MOST_CELLS} can be solved in one run"
            )));
        }
        Ok(plan)
    }

    /// The plan for some theories, of which the first has the control: names and words are theirs, and every value is one that
    /// they accept. Their indices run as far as what is given says.
    ///
    /// # Errors
    /// Those of [`Plan::sort`] and [`Plan::check`].
    pub fn of_theories(wanted: &Wanted, theories: &mut [Theory]) -> Result<Plan, PlanError> {
        let wanted = &written_out(wanted, theories)?;
        let theories = &*theories;
        let control = theories.first().map_or("", |theory| &theory.control.name);
        let known: Vec<Parameters> = theories.iter().flat_map(Theory::known).collect();
        let plan = Plan::sort(wanted, control, &known)?;
        plan.check(theories)?;
        Ok(plan)
    }

    /// The sweeps of an axis have the same number of values.
    fn check_zips(&self) -> Result<(), PlanError> {
        for axis in self.axes() {
            if let Some(other) = axis.iter().find(|s| s.values.len() != axis[0].values.len()) {
                return Err(PlanError::Given(format!(
                    "`{}` has {} values and `{}` has {}; what moves together has equally many",
                    axis[0].name,
                    axis[0].values.len(),
                    other.name,
                    other.values.len()
                )));
            }
        }
        Ok(())
    }

    /// The sweeps by axis, outermost first.
    fn axes(&self) -> impl DoubleEndedIterator<Item = &[Swept]> {
        self.swept.chunk_by(|a, b| a.axis == b.axis)
    }

    /// How many combinations of swept values there are.
    pub fn cells(&self) -> usize {
        self.axes().map(|axis| axis[0].values.len()).fold(1, usize::saturating_mul)
    }

    /// The swept values of one combination; the last sweep runs fastest.
    pub fn swept_values(&self, mut cell: usize) -> Vec<Value> {
        let mut values = Vec::with_capacity(self.swept.len());
        for axis in self.axes().rev() {
            let count = axis[0].values.len();
            values.extend(axis.iter().rev().map(|sweep| sweep.values[cell % count].clone()));
            cell /= count;
        }
        values.reverse();
        values
    }

    /// The same with their names.
    pub fn swept_at(&self, cell: usize) -> Given {
        self.swept.iter().map(|sweep| sweep.name.clone()).zip(self.swept_values(cell)).collect()
    }

    /// The sweeps with their values in one combination.
    pub fn sweeps_at(&self, cell: usize) -> impl Iterator<Item = (&Swept, Value)> {
        self.swept.iter().zip(self.swept_values(cell))
    }

    /// The same in words: n = 8, linear.
    pub fn swept_in_words(&self, cell: usize) -> String {
        let word = |(sweep, value): (&Swept, Value)| {
            format!("{} = {}", symbol_of(&sweep.name), Cell::from(&value).short())
        };
        self.sweeps_at(cell).map(word).collect::<Vec<_>>().join(", ")
    }

    /// The swept values of one combination as they would be given.
    pub fn assignments(&self, cell: usize) -> Vec<Assignment> {
        self.swept_at(cell).into_iter().map(|(name, value)| Assignment { name, value }).collect()
    }

    /// All given parameters of one combination.
    pub fn parameters(&self, cell: usize) -> Given {
        self.fixed.iter().cloned().chain(self.swept_at(cell)).collect()
    }

    /// The parameters of these theories that are the same for all combinations, as a side file has them.
    pub fn constants(&self, theories: &[Theory]) -> IndexMap<String, Json> {
        let mut constants = IndexMap::new();
        for system in theories.iter().flat_map(|t| &t.pieces).map(|p| &p.system) {
            for (parameter, value) in system.parameters.iter().zip(system.parameter_values(&self.fixed)) {
                // A default that follows another parameter is no single value in a sweep.
                let given = given(&self.fixed, &parameter.name).is_some();
                let follows = !given && parameter.follows();
                let swept = self.swept.iter().any(|s| s.name == parameter.name);
                if !swept && (!follows || self.swept.is_empty()) {
                    let value = || of_value(&parameter.value(value));
                    constants.entry(parameter.name.clone()).or_insert_with(value);
                }
            }
        }
        constants
    }

    /// Every control value lies where the theory has a piece, on a step where it has steps, and every value in its domain.
    ///
    /// # Errors
    /// The first value that does not.
    pub fn check(&self, theories: &[Theory]) -> Result<(), PlanError> {
        for theory in theories {
            let control = &theory.control;
            for value in self.controls.iter().flatten() {
                if !value.is_finite() {
                    return Err(PlanError::Given(format!(
                        "{} = {value}: the control is a finite number",
                        control.name
                    )));
                }
                if !(control.from..=control.to).contains(value) {
                    return Err(PlanError::Given(format!(
                        "{} = {value} is outside the control range of {}, {} ≤ {} ≤ {}",
                        control.name,
                        theory.name(),
                        control.from,
                        control.name,
                        control.to
                    )));
                }
            }
            theory.check_steps(self.controls.iter().flatten().copied()).map_err(PlanError::Given)?;
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
    use crate::value::parameter::number;

    fn plan(sweep: &[&str], zip: &[&[&str]]) -> Result<Plan, PlanError> {
        let parse = |texts: &[&str]| -> Vec<Sweep> { texts.iter().map(|t| t.parse().unwrap()).collect() };
        let zip: Vec<Vec<Sweep>> = zip.iter().map(|group| parse(group)).collect();
        let wanted = Wanted { set: Vec::new(), sweep: parse(sweep), zip };
        let all = ["n", "p", "q", "r", "a", "b"].map(|name| number(name, 0.0, ""));
        Plan::sort(&wanted, "t", &[Parameters { whose: "mine", all: &all }])
    }

    fn numbers(plan: &Plan, cell: usize) -> Vec<f64> {
        plan.swept_values(cell).iter().filter_map(Value::number).collect()
    }

    #[test]
    fn sweeps_are_crossed_and_the_last_runs_fastest() {
        let plan = plan(&["n=1,2", "p=3,4,5"], &[]).unwrap();
        let all: Vec<Vec<f64>> = (0..plan.cells()).map(|cell| numbers(&plan, cell)).collect();
        assert_eq!(all, [[1.0, 3.0], [1.0, 4.0], [1.0, 5.0], [2.0, 3.0], [2.0, 4.0], [2.0, 5.0]]);
    }

    #[test]
    fn what_is_zipped_moves_together_and_is_crossed_with_the_rest() {
        let plan = plan(&["n=1,2"], &[&["p=3,4", "q=5,6"], &["r=7,8,9"]]).unwrap();
        assert_eq!(plan.cells(), 12);
        assert_eq!(numbers(&plan, 0), [1.0, 3.0, 5.0, 7.0]);
        assert_eq!(numbers(&plan, 4), [1.0, 4.0, 6.0, 8.0]);
        assert_eq!(numbers(&plan, 11), [2.0, 4.0, 6.0, 9.0]);
    }

    #[test]
    fn unequal_lists_twice_the_same_name_and_the_control_do_not_move_together() {
        for (sweep, zip, part) in [
            (&[][..], &[&["p=3,4", "q=5,6,7"][..]][..], "`p` has 2 values and `q` has 3"),
            (&["p=1,2"], &[&["p=3,4", "q=5,6"]], "`p` is given twice"),
            (&[], &[&["t=0.1,0.2", "q=5,6"]], "sweep it alone"),
            (&["a=1:2:10000", "b=1:2:10000"], &[], "100000000 combinations"),
        ] {
            let error = plan(sweep, zip).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
