//! Where an output is zero, for every combination of swept parameters: the lines that the zeros make, and where they turn back.

use super::critical::Critical;
use super::{Computed, Told};
use crate::name::{ascii_name, did_you_mean};
use crate::output::{Cell, Column, Role};
use crate::solve::{Fold, Job, Settings, Side, Zero, ZeroKind, Zeros, events};
use crate::study::{PlanError, Swept};
use crate::system::{System, Theory};
use crate::value::{Given, Value};

/// An output of which the zeros are sought.
#[derive(Debug, Clone)]
pub(super) struct Sought {
    /// Its column.
    pub output: String,
    /// Of all branches, or of the solution that is meant.
    pub branches: bool,
}

/// The column of an output or an unknown that is meant by a name, in Greek letters or spelled.
fn meant(theory: &Theory, name: &str) -> Result<String, PlanError> {
    let columns = theory.output_columns();
    let spelled = ascii_name(name);
    let exact = columns.iter().find(|(column, own, _)| *column == name || *own == name);
    match exact.or_else(|| columns.iter().find(|(column, _, _)| spelled.as_deref() == Some(*column))) {
        Some((column, _, _)) => Ok(column.to_string()),
        None => {
            let known: Vec<&str> = columns.iter().map(|(column, _, _)| *column).collect();
            let hint = did_you_mean(name, known.iter().copied());
            Err(PlanError::Given(format!(
                "{} has no output or unknown `{name}`{hint}; its outputs are {}",
                theory.name(),
                known.join(", ")
            )))
        }
    }
}

impl Critical {
    /// Seeks the places where an output, or an unknown, is zero, in place of changes of the global branch.
    ///
    /// ```
    /// use overlaps::experiment::{Critical, Experiment};
    /// use overlaps::model::Running;
    /// use overlaps::study::{Plan, Wanted};
    /// use overlaps::system::Theory;
    ///
    /// let mut theory = Theory::load("ising-storage")?;
    /// let mut wanted = Wanted::default();
    /// wanted.sweep("kappa", [0.0, 0.5])?;
    /// wanted.sweep("alpha", [0.2, 0.4, 0.6, 0.8, 0.9])?;
    /// let plan = Plan::of_theories(&wanted, std::slice::from_mut(&mut theory))?;
    /// let line = Critical::new(theory, plan, 1e-12)?.zero_of("entropy")?;
    /// let table = line.run(&Running::ON)?.expect("nobody interrupts");
    /// assert!((table.number("alpha", 0)? - 0.833).abs() < 1e-3, "Krauth and Mézard");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A name that the theory does not have; the nearest is suggested.
    pub fn zero_of(mut self, name: &str) -> Result<Critical, PlanError> {
        let output = meant(&self.theory, name)?;
        let branches = self.sought.as_ref().is_some_and(|sought| sought.branches);
        self.sought = Some(Sought { output, branches });
        self.columns = self.laid_out();
        Ok(self)
    }

    /// Whether its zeros are sought on all branches, or on the solution that a row reports.
    ///
    /// # Errors
    /// No output of which zeros are sought.
    pub fn with_branches(mut self, branches: bool) -> Result<Critical, PlanError> {
        match &mut self.sought {
            Some(sought) => sought.branches = branches,
            None if branches => {
                return Err(PlanError::Given(
                    "the global branch is one; --branches goes with the zeros of an output, --zero NAME"
                        .into(),
                ));
            }
            None => {}
        }
        Ok(self)
    }

    /// The output of which zeros are sought.
    pub fn zero(&self) -> Option<&str> {
        self.sought.as_ref().map(|sought| sought.output.as_str())
    }

    /// Whether zeros are sought on all branches.
    pub fn has_branches(&self) -> bool {
        self.sought.as_ref().is_some_and(|sought| sought.branches)
    }

    /// The zeros of one combination of parameters.
    pub(super) fn zeros(&self, cell: usize, sought: &Sought, settings: Settings) -> Computed {
        let job = Job { parameters: self.plan.parameters(cell), controls: self.plan.controls.clone() };
        let curves = job.curves(&self.theory, settings);
        let named = self.plan.swept_at(cell);
        let (mut rows, mut told, mut failed) = (Vec::new(), Told::default(), 0);
        let mut last = None;
        for (place, piece) in curves.iter().enumerate() {
            let system = &piece.piece.system;
            let Some(output) = system.outputs.iter().position(|o| o.column == sought.output) else {
                last = None;
                continue;
            };
            failed += piece.curve.failed_rows(self.tolerance);
            let zeros = Zeros::of(piece, output, sought.branches, settings);
            if let (Some(before), Some([first, _])) = (&last, &zeros.ends) {
                rows.extend(
                    self.between_pieces(before, first)
                        .map(|z| self.of_zero(&z, system, cell, None))
                        .into_iter()
                        .flatten(),
                );
            }
            last = zeros.ends.as_ref().map(|[_, end]| end.clone());
            let folds = self.folds((cell, place), (output, sought.branches), settings, &zeros, &mut told);
            failed += zeros.failed;
            for zero in &zeros.found {
                rows.extend(self.of_zero(zero, system, cell, None));
            }
            for (sweep, fold) in folds {
                for (parameter, zero) in fold.line.iter().chain([&(fold.parameter, fold.zero.clone())]) {
                    rows.extend(self.of_zero(zero, system, cell, Some((sweep, *parameter))));
                }
            }
            let (reasons, _) = events::failures(piece, &named, self.tolerance);
            told.reasons.extend(reasons);
            told.lines.extend(zeros.doubts);
        }
        Computed { told, ..Computed::new(rows, failed) }
    }

    /// A jump through zero from one piece of a composite to the next, at the control value where both have a row.
    fn between_pieces(&self, (a, before): &(f64, Side), (b, after): &(f64, Side)) -> Option<Zero> {
        let jumps = before.control == after.control && a * b < 0.0;
        jumps.then(|| Zero::jump(before.clone(), after.clone(), b > a))
    }

    /// Where neighbouring zeros merge between this combination and the two beside it along the first sweep over numbers, with the place of
    /// that sweep.
    fn folds(
        &self,
        (cell, piece): (usize, usize),
        (output, branches): (usize, bool),
        settings: Settings,
        zeros: &Zeros,
        told: &mut Told,
    ) -> Vec<(usize, Fold)> {
        let Some((place, sweep)) = self.along() else { return Vec::new() };
        let here = &self.plan.swept_values(cell)[place];
        let Some(index) = sweep.values.iter().position(|value| value == here) else { return Vec::new() };
        let values = sweep.numbers();
        let beside = [index.checked_sub(1), Some(index + 1).filter(|i| *i < values.len())];
        let given = |parameter: f64| -> Given {
            let replaced = |(name, value): (String, Value)| match name == sweep.name {
                true => (name, Value::Number(parameter)),
                false => (name, value),
            };
            self.plan.parameters(cell).into_iter().map(replaced).collect()
        };
        let mut folds = Vec::new();
        for merging in zeros.merging() {
            for next in beside.into_iter().flatten() {
                let ends = [values[index], values[next]];
                let fold =
                    Fold::between((&self.theory, piece), given, merging, ends, (output, branches), settings);
                let [a, b] = merging.controls;
                let (control, name) = (&self.theory.control.name, &sweep.name);
                match fold {
                    Ok(Some(fold)) => {
                        told.lines.push(format!(
                            "the line turns back at {name} = {} ± {:.0e}, {control} = {}",
                            fold.parameter, fold.error, fold.zero.control
                        ));
                        folds.push((place, fold));
                    }
                    Ok(None) => {}
                    Err(why) => told.lines.push(format!(
                        "the zeros at {control} = {a} and {b} may merge between {name} = {} and {}: {why}",
                        ends[0], ends[1]
                    )),
                }
            }
        }
        folds
    }

    /// The sweep along which lines are followed: the first over several numbers, which moves alone.
    fn along(&self) -> Option<(usize, &Swept)> {
        let alone = |sweep: &Swept| self.plan.swept.iter().filter(|s| s.axis == sweep.axis).count() == 1;
        let mut sweeps = self.plan.swept.iter().enumerate();
        sweeps.find(|(_, sweep)| sweep.has_numbers() && sweep.values.len() > 1).filter(|(_, s)| alone(s))
    }

    /// The rows of a zero: one at it, or one for each side. At a fold the parameter of a sweep has a value of its own.
    fn of_zero(
        &self,
        zero: &Zero,
        system: &System,
        cell: usize,
        fold: Option<(usize, f64)>,
    ) -> Vec<Vec<Cell>> {
        let mut swept: Vec<Cell> = self.plan.swept_values(cell).iter().map(Cell::from).collect();
        if let Some((place, parameter)) = fold {
            swept[place] = Cell::Number(parameter);
        }
        let outputs: Vec<&str> = system.outputs.iter().map(|o| o.column.as_str()).collect();
        let row = |side: &Side| {
            // A side of what is not known lies at a row of its own.
            let control = if zero.kind == ZeroKind::Unknown { side.control } else { zero.control };
            let mut row = vec![Cell::Number(control)];
            row.extend(swept.iter().cloned());
            row.extend([system.name(), words(zero), side.place.name()].map(Cell::from));
            row.push(if side.branch.is_empty() { Cell::Missing } else { side.branch.as_str().into() });
            row.extend(self.values(side.solution.as_ref(), &outputs));
            row.push(zero.error.filter(|e| e.is_finite()).map_or(Cell::Missing, Cell::Number));
            row
        };
        zero.sides.iter().map(row).collect()
    }

    /// The column after those of a table of changes: how well the control is known.
    pub(super) fn error_column() -> Column {
        Column::new("control_error", "how far the control value may be off", Role::Certificate)
    }
}

/// How an output is zero, with the direction in which it goes through zero.
fn words(zero: &Zero) -> &'static str {
    match (zero.kind, zero.rising) {
        (ZeroKind::Crosses, Some(true)) => "rises through zero",
        (ZeroKind::Crosses, Some(false)) => "falls through zero",
        (kind, _) => kind.name(),
    }
}
