//! The control values at which the global branch changes, or at which an output is zero (`zeros`), for every combination of swept
//! parameters.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::told::REASONS;
use super::zeros::Sought;
use super::{Computed, Experiment, Failure, Told, equations};
use crate::chart::{self, Axis, Chart, ChartError, Marks};
use crate::model::Running;
use crate::output::{Cell, Column, OutputError, Role, Table};
use crate::solve::{Change, Job, Place, Settings, Solution, events, interruptible};
use crate::study::{Counts, Plan, PlanError, Swept};
use crate::system::Theory;

/// A theory whose global branch changes along the control, or of which an output is zero somewhere: what `overlaps critical` finds.
#[derive(Debug, Clone)]
pub struct Critical {
    pub(super) theory: Theory,
    pub(super) plan: Plan,
    pub(super) tolerance: f64,
    /// The output of which zeros are sought, in place of changes of the global branch.
    pub(super) sought: Option<Sought>,
    pub(super) columns: Vec<Column>,
}

/// A change of the global branch.
struct Found {
    /// The name of its piece, and the columns of its outputs.
    piece: String,
    outputs: Vec<String>,
    change: Change,
}

impl Critical {
    /// A theory with what is fixed and swept.
    ///
    /// # Errors
    /// A single control value, along which nothing can change.
    pub fn new(theory: Theory, plan: Plan, tolerance: f64) -> Result<Critical, PlanError> {
        if plan.controls.as_ref().is_some_and(|c| c.len() < 2) {
            return Err(PlanError::Given(format!(
                "`overlaps critical` searches along `{0}`; leave it out, or sweep it over 2 values or more",
                theory.control.name
            )));
        }
        if theory.pieces.iter().all(|piece| piece.system.kind.moves()) {
            return Err(PlanError::Given(format!(
                "`overlaps critical` finds where another solution takes over, and {} has one: it moves from where it starts",
                theory.name()
            )));
        }
        let mut critical = Critical { theory, plan, tolerance, sought: None, columns: Vec::new() };
        critical.columns = critical.laid_out();
        Ok(critical)
    }

    /// The columns of what is sought.
    pub(super) fn laid_out(&self) -> Vec<Column> {
        let (theory, zero) = (&self.theory, self.sought.is_some());
        let mut columns =
            vec![Column::new(theory.control.name.clone(), theory.control.meaning.clone(), Role::Control)];
        columns.extend(self.plan.swept.iter().map(|s| Column::new(s.name.as_str(), "", Role::Parameter)));
        let change = if zero { "how the output is zero" } else { "crossing of energies, or end of a branch" };
        let side = if zero { "at it, before or after" } else { "before or after, along the control" };
        for (name, meaning) in
            [("piece", "system"), ("change", change), ("side", side), ("branch", "kind of solution")]
        {
            columns.push(Column::new(name, meaning, Role::Label));
        }
        let outputs = theory.output_columns();
        columns
            .extend(outputs.into_iter().map(|(name, _, meaning)| Column::new(name, meaning, Role::Output)));
        columns.push(Column::new("energy", "energy", Role::Certificate));
        columns.extend(zero.then(Critical::error_column));
        columns
    }

    /// The theory.
    pub fn theory(&self) -> &Theory {
        &self.theory
    }

    /// What a reader sees of the rows: a single combination side by side, a sweep row by row, or that nothing changes; `failed` rows along
    /// the control did not converge. `render` shows a table, a part of a single combination or (false) the rows of a sweep.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn in_words(
        &self,
        table: &Table,
        failed: u64,
        render: impl Fn(&Table, bool) -> String,
    ) -> Result<String, OutputError> {
        let (control, name) = (&self.theory.control, self.theory.name());
        if table.rows.is_empty() && failed > 0 {
            return Ok("no change of the global branch was found\n".into());
        }
        if table.rows.is_empty() {
            let searched = self.plan.controls.clone().unwrap_or_else(|| vec![control.from, control.to]);
            let from = searched.iter().copied().fold(f64::INFINITY, f64::min);
            let to = searched.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let range = format!("{from} ≤ {} ≤ {to}", control.name);
            return Ok(match self.zero() {
                Some(output) => format!("{output} of {name} has no zero for {range}\n"),
                None => format!("the global branch of {name} does not change for {range}\n"),
            });
        }
        if self.plan.cells() > 1 {
            return Ok(render(table, false));
        }
        let sides = side_by_side(table)?;
        Ok(sides.iter().map(|sides| render(sides, true) + "\n").collect())
    }

    /// The changes of one combination of parameters, what else the curves say, and how many rows along the control did not converge.
    fn changes(&self, cell: usize, settings: Settings) -> (Vec<Found>, Told, usize) {
        let job = Job { parameters: self.plan.parameters(cell), controls: self.plan.controls.clone() };
        let curves = job.curves(&self.theory, settings);
        let (mut found, mut told) = (Vec::new(), Told::default());
        let mut failed = 0;
        for piece in &curves {
            failed += piece.curve.failed_rows(self.tolerance);
            let system = &piece.piece.system;
            let outputs: Vec<String> = system.outputs.iter().map(|o| o.column.clone()).collect();
            for change in &piece.curve.changes {
                let (piece, outputs) = (system.name().to_string(), outputs.clone());
                found.push(Found { piece, outputs, change: change.clone() });
            }
            if !piece.curve.changes.is_empty() {
                told.lines.extend(events::lines(&self.theory, piece, &[], false));
            }
        }
        (found, told, failed)
    }

    /// Two rows for every change: before and after.
    fn rows(&self, found: &[Found], cell: usize) -> Vec<Vec<Cell>> {
        let swept: Vec<Cell> = self.plan.swept_values(cell).iter().map(Cell::from).collect();
        let sides = found.iter().flat_map(|f| {
            let change = &f.change;
            [(Place::Before, &change.from, &change.before), (Place::After, &change.to, &change.after)]
                .map(|side| (f, side))
        });
        sides
            .map(|(f, (side, branch, solution))| self.row(f, side, branch, solution.as_ref(), &swept))
            .collect()
    }

    fn row(
        &self,
        found: &Found,
        side: Place,
        branch: &str,
        solution: Option<&Solution>,
        swept: &[Cell],
    ) -> Vec<Cell> {
        let mut row = vec![Cell::Number(found.change.control)];
        row.extend(swept.iter().cloned());
        row.extend([found.piece.as_str(), found.change.kind.name(), side.name(), branch].map(Cell::from));
        let outputs: Vec<&str> = found.outputs.iter().map(String::as_str).collect();
        row.extend(self.values(solution, &outputs));
        row
    }

    /// The outputs of a solution, of which its system has these, and its energy.
    pub(super) fn values(&self, solution: Option<&Solution>, outputs: &[&str]) -> Vec<Cell> {
        let mut cells = Vec::new();
        for column in self.columns.iter().filter(|column| column.role == Role::Output) {
            let place = outputs.iter().position(|output| *output == column.name);
            let value = solution.zip(place).map(|(s, place)| s.certified.outputs[place]);
            cells.push(value.filter(|v| !v.is_nan()).map_or(Cell::Missing, Cell::Number));
        }
        let energy = solution.map(|s| s.certified.energy).filter(|e| !e.is_nan());
        cells.push(energy.map_or(Cell::Missing, Cell::Number));
        cells
    }
}

impl Experiment for Critical {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let settings = Settings::new(self.tolerance, false).stopping(running.interrupted);
        let computed = interruptible(|| match &self.sought {
            Some(sought) => self.zeros(cell, sought, settings),
            None => {
                let (found, told, failed) = self.changes(cell, settings);
                Computed { told, ..Computed::new(self.rows(&found, cell), failed) }
            }
        });
        (running.progress)();
        Ok(computed)
    }

    fn warnings(&self, counts: Counts, told: &Told) -> Vec<String> {
        if counts.not_converged == 0 {
            return Vec::new();
        }
        let what = self.zero().map_or("change", |_| "zero");
        let failed = counts.not_converged;
        let first =
            format!("{failed} rows along the control did not converge; a {what} there can be missing");
        let reasons = told.reasons.iter().filter(|_| self.zero().is_some()).take(REASONS).cloned();
        std::iter::once(first).chain(reasons).collect()
    }

    fn chart(&self) -> Result<Option<Chart>, ChartError> {
        let (theory, swept) = (&self.theory, &self.plan.swept);
        let Some(x) = swept.iter().find(|sweep| sweep.has_numbers() && sweep.values.len() > 1) else {
            return Err(ChartError::Given(
                "--plot draws the critical control against a swept parameter; sweep one over two values or more, as --sweep n=log:8:512:7, or leave out --plot".into(),
            ));
        };
        let marks = match self.zero() {
            Some(of) => Marks::Zeros { of: of.into(), at: x.numbers(), branches: self.has_branches() },
            None => Marks::Changes,
        };
        let others: Vec<&Swept> = swept.iter().filter(|sweep| sweep.name != x.name).collect();
        let (line, further) = others.split_at(others.len().min(1));
        let names = |sweeps: &[&Swept]| sweeps.iter().map(|sweep| sweep.name.clone()).collect();
        Ok(Some(Chart {
            subtitle: chart::of_theories(std::slice::from_ref(theory), &self.plan),
            series: names(line),
            order: line.iter().flat_map(|sweep| &sweep.values).map(Cell::from).collect(),
            facet: names(further),
            ..Chart::new(&theory.description.title, Axis::of(x), marks)
        }))
    }

    fn within(&self) -> IndexMap<String, Json> {
        [("equations".to_string(), equations(std::slice::from_ref(&self.theory)))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        (self.theory.name().to_string(), self.plan.constants(std::slice::from_ref(&self.theory)))
    }
}

/// Each change, or zero, as a small table: the quantities down, before and after across.
fn side_by_side(table: &Table) -> Result<Vec<Table>, OutputError> {
    let labels = table.place("side")?;
    let first = |row: &Vec<Cell>| row[labels] != Place::After.name().into();
    let sides = |rows: &[Vec<Cell>]| {
        let mut columns = vec![Column::new("quantity", "", Role::Label)];
        columns.extend(rows.iter().map(|row| Column::new(row[labels].to_string(), "", Role::Output)));
        let mut sides = Table::new(columns);
        for (i, column) in table.columns.iter().enumerate() {
            let absent = rows.iter().all(|row| row[i] == Cell::Missing);
            if i != labels && !absent {
                let cells = rows.iter().map(|row| row[i].clone());
                sides.push(std::iter::once(Cell::from(column.name.as_str())).chain(cells).collect())?;
            }
        }
        Ok(sides)
    };
    table.rows.chunk_by(|_, next| !first(next)).map(sides).collect()
}
