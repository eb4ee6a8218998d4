//! Theories beside the systems that their outputs tend to as a parameter goes to infinity.

use std::fmt;
use std::sync::OnceLock;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{Computed, Experiment, ExperimentError, Failure, Told, equations};
use crate::model::Running;
use crate::output::{Cell, Column, Role, Table};
use crate::solve::{Job, PieceCurve, Settings, interruptible};
use crate::study::{Counts, Plan, Sweep, Wanted};
use crate::system::{Limit as Tendency, Theory};
use crate::value::Given;

/// Decades over which the limit parameter runs by default.
const DECADES: &str = "log:1e3:1e7:5";
/// Deviations below this are rounding and say nothing about the order.
const ROUNDING: f64 = 1e-11;
/// A fitted order this close to the expected one confirms it.
const CLOSE: f64 = 0.1;

/// A theory along its limit parameter beside its limit: what `overlaps limit` does. A cell is a value of the parameter; its row
/// has the largest deviation of each output over the control values.
#[derive(Debug)]
pub struct Limit {
    /// The theory, then its limit.
    both: [Theory; 2],
    tendency: Tendency,
    plan: Plan,
    /// What the limit is given of the fixed parameters: those that it has.
    of_limit: Given,
    tolerance: f64,
    columns: Vec<Column>,
    /// The limit, which is the same for all cells. Curves are not solved in parallel, so that no thread meets itself here.
    tended_to: OnceLock<Vec<Outputs>>,
}

/// The outputs of a piece along its control; none where they did not converge.
#[derive(Debug)]
struct Outputs {
    columns: Vec<String>,
    controls: Vec<f64>,
    rows: Vec<Option<Vec<f64>>>,
}

impl Limit {
    /// A theory with what is fixed; the limit parameter runs over decades, the control over the values of the file, unless they are
    /// swept.
    ///
    /// # Errors
    /// A theory without a limit, or along another control than it; the limit parameter fixed, another one swept; names and values that
    /// the theories refuse.
    pub fn new(theory: Theory, mut wanted: Wanted, tolerance: f64) -> Result<Limit, ExperimentError> {
        let Some(tendency) = theory.limit.clone() else {
            return Err(ExperimentError::Given(format!(
                "{} has no [limit]; it says what the outputs tend to: parameter, system, order",
                theory.name()
            )));
        };
        let limit = theory.load_limit(&tendency).map_err(|reason| {
            let (theory, system) = (theory.name(), &tendency.system);
            ExperimentError::Given(format!("the [limit] of {theory} names the system `{system}`: {reason}"))
        })?;
        let mut both = [theory, limit];
        Theory::agree_on_words(&both)?;
        let [theory, limit] = &mut both;
        if limit.control.name != theory.control.name {
            return Err(ExperimentError::Given(format!(
                "{} runs along {}, its limit {} along {}",
                theory.name(),
                theory.control.name,
                limit.name(),
                limit.control.name
            )));
        }
        let parameter = &tendency.parameter;
        if wanted.set.iter().any(|set| set.name == *parameter) {
            return Err(ExperimentError::Given(format!(
                "`{parameter}` goes to infinity here; use --sweep {parameter}={DECADES}"
            )));
        }
        if !wanted.sweep.iter().any(|sweep| sweep.name == *parameter) {
            let decades = format!("{parameter}={DECADES}").parse::<Sweep>();
            wanted.sweep.push(decades.map_err(ExperimentError::Given)?);
        }
        let mut plan = Plan::of_theories(&wanted, std::slice::from_mut(theory))?;
        *limit = limit.clone().resized(theory.counts())?;
        if plan.swept.len() != 1 || plan.swept[0].values.len() < 2 {
            return Err(ExperimentError::Given(format!(
                "`overlaps limit` sweeps {parameter} alone, over at least 2 values"
            )));
        }
        if plan.controls.is_none() && !tendency.at.is_empty() {
            plan.controls = Some(tendency.at.clone());
        }
        let names = limit.parameter_names();
        let of_limit: Given =
            plan.fixed.iter().filter(|(name, _)| names.contains(&name.as_str())).cloned().collect();
        limit.check_values(&of_limit)?;
        let mut columns = vec![Column::new(parameter.clone(), "limit parameter", Role::Parameter)];
        let theirs = limit.output_columns();
        let common = theory.output_columns().into_iter().map(|(column, ..)| column);
        let common = common.filter(|column| theirs.iter().any(|(known, ..)| known == column));
        let deviation = |column| Column::new(column, "largest deviation from the limit", Role::Output);
        columns.extend(common.map(deviation));
        let tended_to = OnceLock::new();
        Ok(Limit { both, tendency, plan, of_limit, tolerance, columns, tended_to })
    }

    /// The theory.
    pub fn theory(&self) -> &Theory {
        &self.both[0]
    }

    /// What it tends to.
    pub fn limit(&self) -> &Theory {
        &self.both[1]
    }

    /// What the file of the theory says of it: the parameter, and the order.
    pub fn tendency(&self) -> &Tendency {
        &self.tendency
    }

    /// The order of the deviation of each output, fitted to the last three rows.
    pub fn orders(&self, table: &Table) -> Vec<(&str, Order)> {
        let of = |place: usize| table.rows.iter().map(move |row| row[place].number());
        let parameters: Vec<f64> = of(0).flatten().collect();
        let outputs = self.columns.iter().enumerate().skip(1);
        outputs
            .map(|(place, column)| {
                let deviations: Vec<Option<f64>> = of(place).collect();
                (column.name.as_str(), Order::fit(&parameters, &deviations, self.tendency.order))
            })
            .collect()
    }

    /// Everything to read: the deviations, which `render` shows, and their orders.
    pub fn in_words(&self, table: &Table, render: impl Fn(&Table) -> String) -> String {
        let (theory, tendency, control) = (self.theory(), self.tendency(), &self.theory().control);
        let controls = match self.plan.controls.as_deref() {
            Some(values) if values.len() <= 12 => {
                let list: Vec<String> = values.iter().map(f64::to_string).collect();
                format!("{} = {}", control.name, list.join(", "))
            }
            Some(values) => format!("{} values of {}", values.len(), control.name),
            None => format!("{} ≤ {} ≤ {}", control.from, control.name, control.to),
        };
        let mut text = format!(
            "largest deviation of {} from {} over {controls}\n{}\norder of the deviation in 1/{}, fitted to the last three values (expected {}):\n",
            theory.name(),
            self.limit().name(),
            render(table),
            tendency.parameter,
            tendency.order
        );
        for (column, order) in self.orders(table) {
            text += &format!("  {column:<12} {order}\n");
        }
        text
    }

    fn outputs(&self, theory: &Theory, parameters: Given, settings: Settings) -> Vec<Outputs> {
        let job = Job { parameters, controls: self.plan.controls.clone() };
        let curves = job.curves(theory, settings);
        curves.iter().map(|piece| Outputs::of(piece, self.tolerance)).collect()
    }
}

impl Outputs {
    fn of(piece: &PieceCurve, tolerance: f64) -> Outputs {
        let certified = |row: usize| {
            let certified = &piece.curve.solution(row)?.1.certified;
            certified.within(tolerance).then(|| certified.outputs.clone())
        };
        Outputs {
            columns: piece.piece.system.outputs.iter().map(|output| output.column.clone()).collect(),
            controls: piece.curve.controls.clone(),
            rows: (0..piece.curve.controls.len()).map(certified).collect(),
        }
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|own| own == column)
    }
}

/// The largest |output − limit| over the control values; none where a row did not converge. Columns that one side leaves empty
/// everywhere do not count.
fn deviation(pieces: &[Outputs], limit: &[Outputs], column: &str) -> Option<f64> {
    let mut worst = 0.0f64;
    for (index, piece) in pieces.iter().enumerate() {
        let Some(ours) = piece.place(column) else { continue };
        // Pieces correspond one to one, or the first that contains the control value is meant.
        let candidates = if limit.len() == pieces.len() { &limit[index..=index] } else { limit };
        for (row, control) in piece.controls.iter().enumerate() {
            let there = |other: &Outputs| other.controls.iter().position(|c| c == control);
            let found = candidates.iter().find_map(|other| Some((other, there(other)?)));
            let Some((other, other_row)) = found else { continue };
            let Some(theirs) = other.place(column) else { continue };
            let a = piece.rows[row].as_ref()?[ours];
            let b = other.rows[other_row].as_ref()?[theirs];
            if a.is_nan() || b.is_nan() {
                return None;
            }
            let difference = if a == b { 0.0 } else { (a - b).abs() };
            worst = if difference <= worst { worst } else { difference };
        }
    }
    Some(worst)
}

impl Experiment for Limit {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn compute(&self, cell: usize, running: &Running) -> Result<Option<Computed>, Failure> {
        let [theory, limit] = &self.both;
        let settings = Settings::new(self.tolerance, false).stopping(running.interrupted);
        let solved = interruptible(|| {
            let limit = || self.outputs(limit, self.of_limit.clone(), settings);
            let tended_to = self.tended_to.get_or_init(limit);
            (tended_to, self.outputs(theory, self.plan.parameters(cell), settings))
        });
        let Some((tended_to, pieces)) = solved else { return Ok(None) };
        let mut row: Vec<Cell> = self.plan.swept_values(cell).iter().map(Cell::from).collect();
        let outputs = self.columns.iter().skip(1);
        row.extend(outputs.map(|column| Cell::from(deviation(&pieces, tended_to, &column.name))));
        let failed = row.contains(&Cell::Missing);
        (running.progress)();
        Ok(Some(Computed::new(vec![row], usize::from(failed))))
    }

    fn warnings(&self, counts: Counts, _: &Told) -> Vec<String> {
        let failed = (counts.not_converged > 0)
            .then(|| "some rows did not converge; their deviations are empty".to_string());
        failed.into_iter().collect()
    }

    fn within(&self) -> IndexMap<String, Json> {
        [("equations".to_string(), equations(&self.both))].into()
    }

    fn described(&self) -> (String, IndexMap<String, Json>) {
        let theory = self.theory();
        (theory.name().to_string(), self.plan.constants(std::slice::from_ref(theory)))
    }
}

/// The order of a deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// Zero, or rounding, everywhere.
    Exact,
    /// Fitted.
    Fitted {
        /// By least squares.
        order: f64,
        /// What the file says.
        expected: f64,
    },
    /// Not enough deviations above rounding.
    Unknown,
}

impl Order {
    /// Least squares of log deviation against log parameter over the last three usable values.
    fn fit(parameters: &[f64], deviations: &[Option<f64>], expected: f64) -> Order {
        if deviations.iter().all(|d| d.is_some_and(|d| d < ROUNDING)) {
            return Order::Exact;
        }
        let usable: Vec<(f64, f64)> = parameters
            .iter()
            .zip(deviations)
            .filter_map(|(p, d)| d.filter(|d| *d > ROUNDING && d.is_finite()).map(|d| (p.ln(), d.ln())))
            .collect();
        let last = &usable[usable.len().saturating_sub(3)..];
        if last.len() < 2 {
            return Order::Unknown;
        }
        let n = last.len() as f64;
        let (mx, my) = (last.iter().map(|p| p.0).sum::<f64>() / n, last.iter().map(|p| p.1).sum::<f64>() / n);
        let slope = last.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>()
            / last.iter().map(|p| (p.0 - mx).powi(2)).sum::<f64>();
        Order::Fitted { order: -slope, expected }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Order::Exact => f.write_str("equal to rounding"),
            Order::Unknown => f.write_str("too few deviations above rounding"),
            Order::Fitted { order, expected } if (order - expected).abs() < CLOSE => {
                write!(f, "{order:.3}   as expected")
            }
            Order::Fitted { order, expected } if order > expected => {
                write!(f, "{order:.3}   faster than expected")
            }
            Order::Fitted { order, .. } => write!(f, "{order:.3}   slower than expected"),
        }
    }
}
