//! The rows of a curve, verified: what `--verify` does to a table.

use std::collections::BTreeSet;

use nalgebra::DVector;
use rayon::prelude::*;

use super::curve::{Curve, Track};
use super::interrupt::stop_if;
use super::job::PieceCurve;
use super::refusal::Refusal;
use super::solution::{Settings, Solution};
use crate::output::{Cell, Column, Role, Status};
use crate::verify::{Claim, Report, Unverified, Verifier};

/// What a solution of a curve says; `beside` are all solutions at its control value.
pub fn claim<'c>(
    track: &Track,
    solution: &'c Solution,
    reported: bool,
    beside: &[&'c DVector<f64>],
) -> Claim<'c> {
    Claim {
        control: solution.control,
        x: solution.x.as_slice(),
        outputs: &solution.certified.outputs,
        energy: solution.certified.energy,
        quadrature_error: solution.certified.quadrature_error,
        boundary: track.boundary,
        branch: track.branch,
        reported,
        known: beside.iter().map(|x| x.as_slice()).collect(),
    }
}

/// The largest difference between the outputs of a solution and the same outputs computed from the expressions of the file by
/// another evaluator and another quadrature; and the output where it occurs.
pub fn verify(piece: &PieceCurve, solution: &Solution) -> (f64, String) {
    let claim = Claim {
        control: solution.control,
        x: solution.x.as_slice(),
        outputs: &solution.certified.outputs,
        energy: solution.certified.energy,
        quadrature_error: solution.certified.quadrature_error,
        boundary: false,
        branch: None,
        reported: false,
        known: Vec::new(),
    };
    match Verifier::new(&piece.piece.system, &piece.parameters) {
        Ok(verifier) => verifier.difference(&claim, f64::INFINITY),
        Err(reason) => (f64::INFINITY, reason.to_string()),
    }
}

impl PieceCurve<'_> {
    /// Evaluates the equations of the first and the last solution of the curve from the expressions of the file, by another
    /// evaluator and another quadrature; where one of them does not agree, so are all. A row that does not agree is left
    /// without a solution.
    pub(super) fn look_again(&mut self, tolerance: f64) {
        let solved = |row: &usize| {
            let solution = self.curve.solution(*row).map(|(_, s)| s);
            solution.is_some_and(|s| {
                !s.boundary && !s.x.is_empty() && !s.is_absent() && s.certified.within(tolerance)
            })
        };
        let rows = 0..self.curve.controls.len();
        let sample: BTreeSet<usize> =
            rows.clone().find(solved).into_iter().chain(rows.rev().find(solved)).collect();
        if sample.is_empty() || self.piece.system.normals_at_once() > 1 {
            return;
        }
        let Ok(verifier) = Verifier::new(&self.piece.system, &self.parameters) else { return };
        let look = |curve: &Curve, row: usize| {
            let (track, solution) = curve.solution(row)?;
            if self.piece.system.kind.moves() {
                let claim = claim(track, solution, true, &[]);
                return verifier.moves(&claim, solution.tangent.as_slice(), tolerance).err();
            }
            verifier.quick(&claim(track, solution, true, &[]), tolerance).err()
        };
        if sample.iter().all(|row| look(&self.curve, *row).is_none()) {
            return;
        }
        for row in (0..self.curve.controls.len()).filter(solved).collect::<Vec<_>>() {
            if let Some(disagreement) = look(&self.curve, row) {
                self.curve.refuse(row, Refusal::Disagrees(disagreement.to_string()));
            }
        }
    }
}

/// The control value of every row of the table of a curve.
pub fn controls_of_rows(piece: &PieceCurve, branches: bool) -> Vec<f64> {
    let curve = &piece.curve;
    let rows = |row: usize| if branches { curve.solutions(row).len().max(1) } else { 1 };
    let of = |(row, control): (usize, &f64)| {
        let rows = if curve.solution(row).is_some() { rows(row) } else { 1 };
        std::iter::repeat_n(*control, rows)
    };
    curve.controls.iter().enumerate().flat_map(of).collect()
}

/// Verifies what a curve says, row by row in the order of the table: one row per control value, or one per branch and control
/// value; none for a row that says nothing.
///
/// # Errors
/// Where it cannot be done.
pub fn reports(
    piece: &PieceCurve,
    branches: bool,
    settings: Settings,
) -> Result<Vec<Option<Report>>, Unverified> {
    let Settings { tolerance, interrupted, .. } = settings;
    let verifier = Verifier::new(&piece.piece.system, &piece.parameters)?;
    let mut claims: Vec<Option<Claim>> = Vec::new();
    for row in 0..piece.curve.controls.len() {
        let Some((chosen, solution)) = piece.curve.solution(row) else {
            claims.push(None);
            continue;
        };
        let all = piece.curve.solutions(row);
        let beside: Vec<&DVector<f64>> = all.iter().map(|(_, s)| &s.x).collect();
        let shown = if branches { all } else { vec![(chosen, solution)] };
        for (track, solution) in shown {
            let converged = solution.certified.within(tolerance) && !solution.is_absent();
            let reported = std::ptr::eq(track, chosen);
            claims.push(converged.then(|| claim(track, solution, reported, &beside)));
        }
    }
    if piece.piece.system.kind.moves() {
        return Ok(verifier.follow(&claims, tolerance));
    }
    let verified = |claim: &Option<Claim>| {
        stop_if(interrupted);
        claim.as_ref().map(|claim| verifier.verify(claim, tolerance))
    };
    Ok(claims.par_iter().map(verified).collect())
}

/// Enters what verification found into the rows of a table: the column `verify_difference`, and the status of rows that fail,
/// whose outputs are emptied.
pub fn enter(reports: &[Option<Report>], rows: &mut [Vec<Cell>], columns: &[Column]) {
    for (row, report) in rows.iter_mut().zip(reports) {
        let Some(report) = report else { continue };
        for (cell, column) in row.iter_mut().zip(columns) {
            match column.name.as_str() {
                "verify_difference" => *cell = Cell::Number(report.difference),
                "status" if !report.disagreements.is_empty() && cell.is(Status::Converged) => {
                    *cell = Status::NotConverged.into();
                }
                "energy" if !report.disagreements.is_empty() => *cell = Cell::Missing,
                _ if column.role == Role::Output && !report.disagreements.is_empty() => *cell = Cell::Missing,
                _ => {}
            }
        }
    }
}
