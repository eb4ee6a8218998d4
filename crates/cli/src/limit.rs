//! `overlaps limit SYSTEM`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};
use rayon::prelude::*;

use super::arguments::Values;
use super::{FINE, NOT_CONVERGED, print};
use crate::terminal;
use crate::terminal::TerminalOptions;
use overlaps::output::{Cell, Column, Role, Table, check_writable, csv::write_table, write_atomically};
use overlaps::solve::{Curve, Job, PieceCurve, Settings};
use overlaps::study::{Plan, Sweep};
use overlaps::system::{Limit as LimitSpec, Theory};

/// Decades over which the limit parameter runs by default.
const DECADES: &str = "log:1e3:1e7:5";
/// Deviations below this are rounding and say nothing about the order.
const ROUNDING: f64 = 1e-11;
/// A fitted order this close to the expected one confirms it.
const CLOSE: f64 = 0.1;

/// Solve along the limit parameter and compare with the system that describes the limit.
///
/// For every decade the largest deviation of each output over the control values named in the file; then the
/// order fitted to the last decades. --sweep of the limit parameter replaces the decades, --set or --sweep of the
/// control the control values.
#[derive(Debug, Args)]
pub struct Limit {
    /// Name of a built-in system, or path of an equation file, with a [limit].
    system: String,
    #[command(flatten)]
    values: Values,
    /// Write the table to this CSV file.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

impl Limit {
    /// Solves, compares, prints.
    pub fn run(&self) -> anyhow::Result<u8> {
        let theory = Theory::load(&self.system)?;
        let Some(spec) = theory.limit.clone() else {
            bail!(
                "{} has no [limit]; it says what the outputs tend to: parameter, system, order",
                theory.name()
            );
        };
        let limit = theory.load_limit(&spec).with_context(|| {
            format!("the [limit] of {} names the system `{}`", theory.name(), spec.system)
        })?;
        let both = [theory, limit];
        Theory::agree_on_words(&both)?;
        let [theory, limit] = both;
        if limit.control.name != theory.control.name {
            bail!(
                "{} runs along {}, its limit {} along {}",
                theory.name(),
                theory.control.name,
                limit.name(),
                limit.control.name
            );
        }
        if let Some(path) = &self.output {
            check_writable(path)?;
        }
        let mut values = self.values.clone();
        if values.set.iter().any(|s| s.name == spec.parameter) {
            bail!("`{}` goes to infinity here; use --sweep {}={DECADES}", spec.parameter, spec.parameter);
        }
        if !values.sweep.iter().any(|s| s.name == spec.parameter) {
            let sweep: Result<Sweep, String> = format!("{}={DECADES}", spec.parameter).parse();
            values.sweep.push(sweep.map_err(anyhow::Error::msg)?);
        }
        let mut plan = values.plan(std::slice::from_ref(&theory))?;
        if plan.swept.len() != 1 || plan.swept[0].values.len() < 2 {
            bail!("`overlaps limit` sweeps {} alone, over at least 2 values", spec.parameter);
        }
        if plan.controls.is_none() && !spec.at.is_empty() {
            plan.controls = Some(spec.at.clone());
        }
        self.values.start_threads();
        self.compare(&theory, &limit, &spec, &plan)
    }

    fn compare(&self, theory: &Theory, limit: &Theory, spec: &LimitSpec, plan: &Plan) -> anyhow::Result<u8> {
        let settings = Settings::new(self.values.tolerance, false);
        let common: Vec<String> = theory
            .output_columns()
            .iter()
            .filter(|(c, _, _)| limit.output_columns().iter().any(|(l, _, _)| l == c))
            .map(|(c, _, _)| c.to_string())
            .collect();
        // The limit takes the fixed parameters that it has.
        let names = limit.parameter_names();
        let fixed = plan.fixed.iter().filter(|(n, _)| names.contains(&n.as_str())).cloned().collect();
        let limit_job = Job { parameters: fixed, controls: plan.controls.clone() };
        limit.check_values(&limit_job.parameters)?;
        let limit_curves = limit_job.curves(limit, settings);
        let deviations: Vec<Vec<Option<f64>>> = (0..plan.cells())
            .into_par_iter()
            .map(|cell| {
                let job = Job { parameters: plan.parameters(cell), controls: plan.controls.clone() };
                let curves = job.curves(theory, settings);
                common
                    .iter()
                    .map(|column| deviation(&curves, &limit_curves, column, self.values.tolerance))
                    .collect()
            })
            .collect();
        let parameters = &plan.swept[0].numbers();
        let mut columns = vec![Column::new(spec.parameter.clone(), "limit parameter", Role::Parameter)];
        columns.extend(
            common.iter().map(|c| Column::new(c.clone(), "largest deviation from the limit", Role::Output)),
        );
        let mut table = Table::new(columns);
        for (value, row) in parameters.iter().zip(&deviations) {
            let cells = row.iter().map(|d| d.map_or(Cell::Missing, Cell::Number));
            table.push(std::iter::once(Cell::Number(*value)).chain(cells).collect())?;
        }
        if let Some(path) = &self.output {
            write_atomically(path, |w| write_table(&table, w))?;
        }
        let orders: Vec<Order> = (0..common.len())
            .map(|c| Order::fit(parameters, &deviations.iter().map(|row| row[c]).collect::<Vec<_>>()))
            .collect();
        if !self.values.quiet {
            let mut text = format!(
                "largest deviation of {} from {} over {}\n",
                theory.name(),
                limit.name(),
                controls(theory, plan)
            );
            text += &terminal::render(&table, &TerminalOptions { columns: None, max_rows: 0, digits: 4 });
            let parameter = &spec.parameter;
            text += &format!(
                "\norder of the deviation in 1/{parameter}, fitted to the last three values (expected {}):\n",
                spec.order
            );
            for (column, order) in common.iter().zip(&orders) {
                text += &format!("  {column:<12} {}\n", order.describe(spec.order));
            }
            print(&text)?;
        }
        let failed = deviations.iter().flatten().any(Option::is_none);
        if failed {
            eprintln!("warning: some rows did not converge; their deviations are empty");
        }
        Ok(if failed { NOT_CONVERGED } else { FINE })
    }
}

fn controls(theory: &Theory, plan: &Plan) -> String {
    match plan.controls.as_deref() {
        Some(values) if values.len() <= 12 => {
            let list: Vec<String> = values.iter().map(f64::to_string).collect();
            format!("{} = {}", theory.control.name, list.join(", "))
        }
        Some(values) => format!("{} values of {}", values.len(), theory.control.name),
        None => format!("{} ≤ {} ≤ {}", theory.control.from, theory.control.name, theory.control.to),
    }
}

/// The largest |output − limit| over the control values; None where a row did not converge. Columns that one
/// side leaves empty everywhere do not count.
fn deviation(curves: &[PieceCurve], limit: &[PieceCurve], column: &str, tolerance: f64) -> Option<f64> {
    let mut worst = 0.0f64;
    for (place, piece) in curves.iter().enumerate() {
        let Some(ours) = piece.piece.system.outputs.iter().position(|o| o.column == column) else { continue };
        for (row, control) in piece.curve.controls.iter().enumerate() {
            // Pieces correspond one to one, or the first that contains the control value is meant.
            let candidates: Vec<&PieceCurve> =
                if limit.len() == curves.len() { vec![&limit[place]] } else { limit.iter().collect() };
            let other = candidates
                .into_iter()
                .find_map(|l| l.curve.controls.iter().position(|c| c == control).map(|row| (l, row)));
            let Some((other, other_row)) = other else { continue };
            let Some(theirs) = other.piece.system.outputs.iter().position(|o| o.column == column) else {
                continue;
            };
            let certified = |curve: &Curve, row: usize| {
                let solution = curve.solution(row).map(|(_, s)| s.certified.clone())?;
                solution.within(tolerance).then_some(solution)
            };
            let a = certified(&piece.curve, row)?.outputs[ours];
            let b = certified(&other.curve, other_row)?.outputs[theirs];
            if a.is_nan() || b.is_nan() {
                return None;
            }
            let difference = if a == b { 0.0 } else { (a - b).abs() };
            worst = if difference <= worst { worst } else { difference };
        }
    }
    Some(worst)
}

/// The order of a deviation.
enum Order {
    /// Zero, or rounding, everywhere.
    Exact,
    /// Fitted.
    Fitted(f64),
    /// Not enough deviations above rounding.
    Unknown,
}

impl Order {
    /// Least squares of log deviation against log parameter over the last three usable values.
    fn fit(parameters: &[f64], deviations: &[Option<f64>]) -> Order {
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
        Order::Fitted(-slope)
    }

    fn describe(&self, expected: f64) -> String {
        match self {
            Order::Exact => "equal to rounding".into(),
            Order::Unknown => "too few deviations above rounding".into(),
            Order::Fitted(order) if (order - expected).abs() < CLOSE => format!("{order:.3}   as expected"),
            Order::Fitted(order) if *order > expected => format!("{order:.3}   faster than expected"),
            Order::Fitted(order) => format!("{order:.3}   slower than expected"),
        }
    }
}
