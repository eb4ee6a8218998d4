//! Systems of equations solved along their control, for every combination of swept parameters.

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::Value as Json;

use super::{Computed, Experiment, Failure, Told, Verification, equations};
use crate::chart::{self, Axis, Chart, ChartError, Marks};
use crate::model::Running;
use crate::output::{Cell, Column, Table};
use crate::solve::{
    Job, Layout, PieceCurve, Settings, Special, controls_of_rows, enter, events, interruptible, reports,
};
use crate::study::{Plan, PlanError, Wanted};
use crate::system::Theory;
use crate::value::Value;

/// The tolerance on averages that is asked for where nothing is said.
const TOLERANCE: f64 = 1e-12;

/// A tolerance on averages, from 1e-14 to 1e-2.
///
/// # Errors
/// Another one, in words.
pub fn check_tolerance(tolerance: f64) -> Result<f64, String> {
    match (1e-14..=1e-2).contains(&tolerance) {
        true => Ok(tolerance),
        false => Err("a tolerance is positive, a number between 1e-14 and 1e-2".into()),
    }
}

/// Systems that are to be solved: what `overlaps solve` does.
///
/// ```
/// use overlaps::system::Theory;
///
/// let table = Theory::load("first-phase")?.set("n", 8)?.along([0.01, 0.5, 1.0])?.solve();
/// assert_eq!(table.rows.len(), 3);
/// assert!((table.number("m", 1)? - 0.9).abs() < 0.1);
/// let error = Theory::load("first-phase")?.set("lamda", 0.1).unwrap_err();
/// assert!(error.to_string().contains("did you mean `lambda`?"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Solve {
    theories: Vec<Theory>,
    wanted: Wanted,
    plan: Plan,
    tolerance: f64,
    branches: bool,
    verify: bool,
    layout: Layout,
    columns: Vec<Column>,
}

impl Theory {
    /// Fixes a parameter or the control; see [`Solve`].
    ///
    /// # Errors
    /// A name that the theory does not have (the nearest is suggested), a value outside its domain.
    pub fn set(self, name: &str, value: impl Into<Value>) -> Result<Solve, PlanError> {
        Solve::new(vec![self])?.set(name, value)
    }

    /// Solves at these values of the control; see [`Solve`].
    ///
    /// # Errors
    /// A value outside the range of the control.
    pub fn along(self, controls: impl IntoIterator<Item = f64>) -> Result<Solve, PlanError> {
        Solve::new(vec![self])?.along(controls)
    }
}

impl Solve {
    /// Theories that share a control, at their defaults.
    ///
    /// # Errors
    /// No theories, theories that run along different controls, one of them twice, a parameter that is a word in one and a number in
    /// another.
    pub fn new(mut theories: Vec<Theory>) -> Result<Solve, PlanError> {
        let Some(first) = theories.first() else {
            return Err(PlanError::Given("there is no theory to solve".into()));
        };
        for (i, other) in theories.iter().enumerate() {
            if other.control.name != first.control.name {
                return Err(PlanError::Given(format!(
                    "{} runs along {}, {} along {}; they cannot share a figure",
                    first.name(),
                    first.control.name,
                    other.name(),
                    other.control.name
                )));
            }
            if theories[..i].iter().any(|t| t.name() == other.name()) {
                return Err(PlanError::Given(format!("`{}` is compared with itself", other.name())));
            }
        }
        Theory::agree_on_words(&theories)?;
        let plan = Plan::of_theories(&Wanted::default(), &mut theories)?;
        let layout = Layout::new(&[], &[], false, TOLERANCE);
        let solve = Solve {
            theories,
            wanted: Wanted::default(),
            plan,
            tolerance: TOLERANCE,
            branches: false,
            verify: false,
            layout,
            columns: Vec::new(),
        };
        Ok(solve.laid_out())
    }

    /// Where nothing moves in these theories, along a parameter in place of the time. Its values are among what is wanted.
    ///
    /// # Errors
    /// Those of [`Solve::new`], of [`Solve::wanted`] and of [`Theory::at_rest`]; no values for the parameter.
    pub fn at_rest(mut theories: Vec<Theory>, along: &str, wanted: Wanted) -> Result<Solve, PlanError> {
        let along = Theory::parameter_meant(&theories, along)?;
        // What is wanted is checked with the theories as they are: the parameter has a domain there.
        Plan::of_theories(&wanted, &mut theories)?;
        let is_meant =
            |name: &str| Theory::parameter_meant(&theories, name).is_ok_and(|meant| meant == along);
        let set = wanted.set.iter().filter(|set| is_meant(&set.name)).filter_map(|set| set.value.number());
        let sweeps = wanted.sweep.iter().filter(|sweep| is_meant(&sweep.name));
        let values: Vec<f64> =
            set.chain(sweeps.flat_map(|sweep| sweep.values.iter().filter_map(Value::number))).collect();
        let (least, most) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
        let is_time = theories.iter().any(|theory| theory.control.name == along);
        let is_given = least.is_finite() && most.is_finite();
        if !(is_time || is_given) {
            return Err(PlanError::Given(format!(
                "along `{along}` points at rest are followed; say where: --sweep {along}=start:stop:count, or --set {along}=value"
            )));
        }
        let most = if least == most { least + least.abs().max(1.0) } else { most };
        let at_rest = theories.iter().map(|theory| theory.at_rest(&along, (least, most)));
        Solve::new(at_rest.collect::<Result<_, _>>()?)?.wanted(wanted)
    }

    /// Everything that is fixed and swept, in place of what was.
    ///
    /// # Errors
    /// Those of [`Solve::set`] and [`Solve::sweep`].
    pub fn wanted(mut self, wanted: Wanted) -> Result<Solve, PlanError> {
        self.wanted = wanted;
        self.sorted()
    }

    /// Fixes a parameter or the control.
    ///
    /// # Errors
    /// A name that the theories do not have (the nearest is suggested), a value outside its domain, a name given twice.
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Result<Solve, PlanError> {
        self.wanted.set(name, value);
        self.sorted()
    }

    /// Sweeps a parameter over some values; sweeps are crossed, and the last runs fastest.
    ///
    /// # Errors
    /// Those of [`Solve::set`], and values that neither rise nor fall throughout.
    pub fn sweep(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Result<Solve, PlanError> {
        self.wanted.sweep(name, values)?;
        self.sorted()
    }

    /// Solves at these values of the control.
    ///
    /// # Errors
    /// Those of [`Solve::sweep`], and values outside the range of the control.
    pub fn along(self, controls: impl IntoIterator<Item = f64>) -> Result<Solve, PlanError> {
        let control = self.theories[0].control.name.clone();
        self.sweep(&control, controls)
    }

    /// All branches at every control value, lowest energy first, and where they end.
    pub fn with_branches(mut self, branches: bool) -> Solve {
        self.branches = branches;
        self.laid_out()
    }

    /// Asks for this absolute error of every average that enters the outputs; 1e-12 unless it is said.
    ///
    /// # Errors
    /// A tolerance that is not possible; see [`check_tolerance`].
    pub fn within(mut self, tolerance: f64) -> Result<Solve, PlanError> {
        self.tolerance = check_tolerance(tolerance).map_err(PlanError::Given)?;
        Ok(self.laid_out())
    }

    /// Computes equations and outputs of every row again by other means, and searches for solutions that were missed.
    ///
    /// # Errors
    /// Averages over more than two variables at once, for which it would take hours.
    pub fn verified(mut self, verify: bool) -> Result<Solve, PlanError> {
        let deepest = self.theories.iter().flat_map(|t| &t.pieces).map(|p| p.system.normals_at_once()).max();
        if verify && deepest > Some(2) {
            return Err(PlanError::Given(
                "--verify integrates one normal variable inside the other; for more than two at once that would take hours"
                    .into(),
            ));
        }
        self.verify = verify;
        Ok(self.laid_out())
    }

    fn sorted(mut self) -> Result<Solve, PlanError> {
        self.plan = Plan::of_theories(&self.wanted, &mut self.theories)?;
        Ok(self.laid_out())
    }

    fn laid_out(mut self) -> Solve {
        let theories: Vec<&Theory> = self.theories.iter().collect();
        let swept: Vec<String> = self.plan.swept.iter().map(|s| s.name.clone()).collect();
        self.layout = Layout::new(&theories, &swept, self.verify, self.tolerance);
        self.columns = self.layout.columns(&theories);
        self
    }

    /// The systems.
    pub fn theories(&self) -> &[Theory] {
        &self.theories
    }

    /// Whether all branches are asked for.
    pub fn has_branches(&self) -> bool {
        self.branches
    }

    /// How many rows a combination of swept values has, one for each control value.
    pub fn rows_per_cell(&self) -> usize {
        let job = Job { parameters: Vec::new(), controls: self.plan.controls.clone() };
        self.theories.iter().flat_map(|t| t.pieces.iter().map(|p| job.controls_of(t, p).len())).sum()
    }

    /// Solves everything, on all cores. A row that did not converge has empty outputs, and says so in its column `status`.
    pub fn solve(&self) -> Table {
        let mut table = Table::new(self.columns.clone());
        let cells: Vec<Computed> = {
            let cells = (0..self.plan.cells()).into_par_iter();
            cells.map(|cell| self.at(cell, self.settings())).collect()
        };
        table.rows = cells.into_iter().flat_map(|computed| computed.rows).collect();
        table
    }

    /// Few combinations leave threads for the rows of each.
    fn settings(&self) -> Settings<'static> {
        let threads = rayon::current_num_threads() / self.plan.cells().max(1);
        Settings::new(self.tolerance, self.branches).on(threads.max(1))
    }

    /// Solves one combination of swept values.
    fn at(&self, cell: usize, settings: Settings) -> Computed {
        let (swept, named) = (self.plan.swept_values(cell), self.plan.swept_at(cell));
        let job = Job { parameters: self.plan.parameters(cell), controls: self.plan.controls.clone() };
        let (mut all, mut failed, mut told) = (Vec::new(), 0, Told::default());
        for theory in &self.theories {
            let curves = job.curves(theory, settings);
            let mut rows = self.layout.rows(theory, &curves, &swept, self.branches);
            if self.verify {
                self.verify_rows(&curves, &named, settings, &mut rows, &mut told.verification);
            }
            if self.branches {
                told.special.extend(self.layout.special(theory, &curves, &swept));
            }
            failed += rows.iter().filter(|row| self.layout.failed(row)).count();
            all.extend(rows);
            for piece in &curves {
                self.tell(theory, piece, &named, &mut told);
            }
        }
        Computed { told, ..Computed::new(all, failed) }
    }

    /// What there is to say of a curve besides its rows.
    fn tell(&self, theory: &Theory, piece: &PieceCurve, named: &[(String, Value)], told: &mut Told) {
        let solutions = (0..piece.curve.controls.len()).filter_map(|row| piece.curve.solution(row));
        for (_, solution) in solutions.filter(|(_, solution)| !solution.is_absent()) {
            // A point on the boundary is infinite because the file says so.
            let outputs = piece.piece.system.outputs.iter().zip(&solution.certified.outputs);
            let bad = outputs.filter(|(_, v)| v.is_nan() || v.is_infinite() && !solution.boundary);
            told.undefined.extend(bad.map(|(o, v)| (o.column.clone(), v.is_nan())));
        }
        let (reasons, failures) = events::failures(piece, named, self.tolerance);
        told.reasons.extend(reasons);
        told.events.extend(failures);
        told.events.extend(events::events(piece, named));
        let label = if self.theories.len() > 1 { format!("{}: ", theory.name()) } else { String::new() };
        let lines = events::lines(theory, piece, named, self.branches);
        let remarks = events::remarks(piece);
        told.lines.extend(remarks.into_iter().chain(lines).map(|line| format!("{label}{line}")));
    }

    /// Verifies the rows of the curves of one theory.
    fn verify_rows(
        &self,
        curves: &[PieceCurve],
        swept: &[(String, Value)],
        settings: Settings,
        rows: &mut [Vec<Cell>],
        verification: &mut Verification,
    ) {
        let mut rest = rows;
        for piece in curves {
            let mut place: Vec<String> = swept.iter().map(|(n, v)| format!("{n} = {v}")).collect();
            if self.theories.len() > 1 || curves.len() > 1 {
                place.insert(0, piece.piece.system.name().to_string());
            }
            let mut place = place.join(", ");
            if !place.is_empty() {
                place += ": ";
            }
            let controls = controls_of_rows(piece, self.branches);
            let (own, others) = rest.split_at_mut(controls.len());
            rest = others;
            match reports(piece, self.branches, settings) {
                Ok(reports) => {
                    enter(&reports, own, &self.columns);
                    let at = controls.into_iter().zip(reports.iter().map(Option::as_ref));
                    verification.count(piece, &place, &at.collect::<Vec<_>>());
                }
                Err(reason) => verification.refused(&place, &reason),
            }
        }
    }
}

impl Experiment for Solve {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let settings = self.settings().stopping(running.interrupted);
        let computed = interruptible(|| self.at(cell, settings));
        (running.progress)();
        Ok(computed)
    }

    fn chart(&self) -> Result<Option<Chart>, ChartError> {
        let (theories, plan) = (&self.theories, &self.plan);
        let (theory, control) = (&theories[0], &theories[0].control.name);
        // Words have no place on an axis.
        let swept = plan.swept.iter().find(|sweep| sweep.has_numbers());
        let swept = swept.filter(|_| plan.controls.as_ref().is_some_and(|controls| controls.len() == 1));
        let x = swept.map_or_else(|| Axis::new(control, plan.controls_logarithmic), Axis::of);
        let apart = (theories.len() > 1).then(|| "system".to_string());
        let others = plan.swept.iter().filter(|sweep| swept != Some(sweep)).map(|sweep| sweep.name.clone());
        Ok(Some(Chart {
            subtitle: chart::of_theories(theories, plan),
            y: theory.description.plot.clone(),
            series: apart.into_iter().chain(others).chain(self.branches.then(|| "branch".into())).collect(),
            alone: theory.name().into(),
            lines: theories.iter().map(|t| (t.name().into(), t.description.line)).collect(),
            // Several branches at one place have no place in a map.
            numbers: (!self.branches).then(|| Axis::varying(plan, control)),
            ..Chart::new(&theory.description.title, x, Marks::Lines)
        }))
    }

    fn special(&self, cell: usize) -> Vec<Special> {
        match self.branches {
            true => self.at(cell, self.settings()).told.special,
            false => Vec::new(),
        }
    }

    fn within(&self) -> IndexMap<String, Json> {
        [("equations".to_string(), equations(&self.theories))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        (self.theories[0].name().to_string(), self.plan.constants(&self.theories))
    }
}
