//! Curves → the rows of a [`Table`].

use nalgebra::DVector;

use super::equations::Equations;
use super::events::ends;
use super::job::PieceCurve;
use super::solution::Solution;
use super::{ChangeKind, EndKind};
use crate::average::{PANELS, RuleKind, rule};
use crate::name::{ascii_name, symbol_of};
use crate::output::{Cell, Column, Role, Status};
use crate::system::Theory;
use crate::value::Value;

/// Where something happens to a branch, and what: the row of it there.
#[derive(Debug, Clone, PartialEq)]
pub struct Special {
    /// In a word: fold, crossing.
    pub kind: String,
    /// The row, in the columns of the table.
    pub row: Vec<Cell>,
    /// Whether the branch ends there.
    pub ends: bool,
}

/// Which columns the rows of a theory have.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Whether a leading column names the system (for comparisons).
    pub system: bool,
    /// Swept parameters.
    pub swept: Vec<String>,
    /// Columns of all theories in the table.
    outputs: Vec<(String, String, String)>,
    control: (String, String),
    /// Whether rows are checked by an independent quadrature.
    pub verify: bool,
    /// Absolute tolerance on averages; a row above it is not converged.
    pub tolerance: f64,
}

impl Layout {
    /// The layout for some theories that share a control.
    pub fn new(theories: &[&Theory], swept: &[String], verify: bool, tolerance: f64) -> Layout {
        let mut outputs: Vec<(String, String, String)> = Vec::new();
        for (column, name, meaning) in theories.iter().flat_map(|t| t.output_columns()) {
            if !outputs.iter().any(|(c, _, _)| c == column) {
                outputs.push((column.to_string(), name.to_string(), meaning.to_string()));
            }
        }
        let control = theories
            .first()
            .map_or_else(Default::default, |t| (t.control.name.clone(), t.control.meaning.clone()));
        Layout { system: theories.len() > 1, swept: swept.to_vec(), outputs, control, verify, tolerance }
    }

    /// The columns.
    pub fn columns(&self, theories: &[&Theory]) -> Vec<Column> {
        let meaning_of = |name: &str| {
            let mut all = theories.iter().flat_map(|t| &t.pieces).flat_map(|p| &p.system.parameters);
            all.find(|p| p.name == name).map_or(String::new(), |p| p.meaning.clone())
        };
        let mut columns = Vec::new();
        if self.system {
            columns.push(Column::new("system", "system of equations", Role::Label));
        }
        let ascii = |name: &str| ascii_name(name).unwrap_or_else(|| name.to_string());
        columns.push(Column::new(ascii(&self.control.0), self.control.1.clone(), Role::Control));
        for name in &self.swept {
            columns.push(Column::new(ascii(name), meaning_of(name), Role::Parameter));
        }
        columns.push(Column::new("piece", "system that the row is a solution of", Role::Label));
        columns.push(Column::new("branch", "kind of solution", Role::Label));
        for (column, name, meaning) in &self.outputs {
            let mut c = Column::new(column.clone(), meaning.clone(), Role::Output);
            c.symbol = symbol_of(name);
            columns.push(c);
        }
        for (name, meaning) in [
            ("energy", "value of the energy, or of what selects among solutions"),
            ("residual", "largest entry of the gradient or residual at the solution"),
            (
                "quadrature_error",
                "largest error of any average, measured by another rule; relative where it is divided by, logged or a power",
            ),
            ("curvature", "smallest eigenvalue of the Hessian, or smallest singular value of the Jacobian"),
            ("rule", "quadrature rule"),
            ("nodes", "nodes per normal variable; of panels: of all averages together"),
            ("iterations", "iterations spent on this row"),
            ("status", "converged or not-converged"),
        ] {
            columns.push(Column::new(name, meaning, Role::Certificate));
        }
        if self.verify {
            let meaning = "largest difference of any output from the same computed again; relative above 1";
            columns.push(Column::new("verify_difference", meaning, Role::Certificate));
        }
        columns
    }

    /// Whether a row says that it did not converge.
    pub fn failed(&self, row: &[Cell]) -> bool {
        let status = row.len().checked_sub(1 + usize::from(self.verify)).and_then(|place| row.get(place));
        status.is_some_and(|status| status.is(Status::NotConverged))
    }

    /// The rows of the curves of one theory: one per control value, or one per branch and control value.
    pub fn rows(
        &self,
        theory: &Theory,
        curves: &[PieceCurve],
        swept: &[Value],
        branches: bool,
    ) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for piece in curves {
            for (i, control) in piece.curve.controls.iter().enumerate() {
                if branches && piece.curve.solution(i).is_some() {
                    for (_, solution) in piece.curve.solutions(i) {
                        rows.push(self.row(theory, piece, swept, *control, Some(solution)));
                    }
                } else {
                    let found = piece.curve.solution(i).map(|(_, solution)| solution);
                    rows.push(self.row(theory, piece, swept, *control, found));
                }
            }
        }
        rows
    }

    /// The rows at which branches fold, meet, and cross in their energy.
    pub fn special(&self, theory: &Theory, curves: &[PieceCurve], swept: &[Value]) -> Vec<Special> {
        let mut all = Vec::new();
        for piece in curves {
            let mut equations = Equations::new(&piece.piece.system, &piece.parameters);
            let mut push = |kind: &str, solution: &Solution, ends: bool| {
                let row = self.row(theory, piece, swept, solution.control, Some(solution));
                all.push(Special { kind: kind.into(), row, ends });
            };
            for (branch, end) in ends(&piece.curve)
                .into_iter()
                .filter(|(_, end)| end.is_meeting() || end.kind == EndKind::Fold)
            {
                let (rung, error) = equations.adequate_rung(end.control, &end.x, 0, self.tolerance, true);
                let certified = equations.certify(end.control, &end.x, rung, error);
                let mut there =
                    Solution::bare(end.control, end.x.clone(), certified, DVector::zeros(end.x.len()));
                there.branch = branch.to_string();
                push(end.kind.name(), &there, true);
            }
            let crossings = piece.curve.changes.iter().filter(|change| change.kind == ChangeKind::Crossing);
            for change in crossings {
                let sides = change.before.iter().chain(&change.after);
                sides.for_each(|side| push(change.kind.name(), side, false));
            }
        }
        all
    }

    fn row(
        &self,
        theory: &Theory,
        piece: &PieceCurve,
        swept: &[Value],
        control: f64,
        found: Option<&Solution>,
    ) -> Vec<Cell> {
        let number = |x: f64| if x.is_nan() { Cell::Missing } else { Cell::Number(x) };
        let system = &piece.piece.system;
        let mut row = Vec::with_capacity(self.outputs.len() + self.swept.len() + 14);
        if self.system {
            row.push(Cell::Text(theory.name().to_string()));
        }
        row.push(Cell::Number(control));
        row.extend(swept.iter().map(Cell::from));
        row.push(Cell::Text(system.name().to_string()));
        let Some(solution) = found else {
            row.push(Cell::Missing);
            row.extend(self.outputs.iter().map(|_| Cell::Missing));
            row.extend((0..7).map(|_| Cell::Missing));
            row.push(Status::NotConverged.into());
            row.extend(self.verify.then_some(Cell::Missing));
            return row;
        };
        if solution.is_absent() {
            row.push(Cell::Text(solution.branch.clone()));
            row.extend((0..self.outputs.len() + 7).map(|_| Cell::Missing));
            row.push(Status::Converged.into());
            row.extend(self.verify.then_some(Cell::Missing));
            return row;
        }
        let c = &solution.certified;
        let converged = c.within(self.tolerance);
        row.push(Cell::Text(solution.branch.clone()));
        for (column, _, _) in &self.outputs {
            let place = system.outputs.iter().position(|o| o.column == *column);
            row.push(match place {
                Some(place) if converged => number(c.outputs[place]),
                _ => Cell::Missing,
            });
        }
        let solved = !system.unknowns.is_empty();
        let kind = if c.rung >= PANELS { RuleKind::Panels } else { rule(c.rung).kind };
        let averaged = system.has_averages();
        row.push(if converged { number(c.energy) } else { Cell::Missing });
        row.push(if solved { Cell::Number(c.residual) } else { Cell::Missing });
        row.push(Cell::Number(c.quadrature_error));
        row.push(solution.curvature.map_or(Cell::Missing, Cell::Number));
        row.push(if averaged { kind.name().into() } else { Cell::Missing });
        row.push(if averaged { Cell::Integer(c.nodes as u64) } else { Cell::Missing });
        row.push(Cell::Integer(solution.iterations));
        row.push(Status::of(converged).into());
        if self.verify {
            // Entered by `verified`.
            row.push(Cell::Missing);
        }
        row
    }
}
