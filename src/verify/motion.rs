//! What moves, followed again: the right sides by the expressions of the file, in time by another method than the solver's. That is the
//! linearly implicit midpoint rule with extrapolation (Bader and Deuflhard, Numer. Math. 41, 373 (1983)), which stiff flows
//! do not stop.

use nalgebra::{DMatrix, DVector};

use super::disagreement::{Disagreement, Unverified};
use super::evaluate::Grant;
use super::integrate::Rule;
use super::judge::{Claim, Report, Verifier, difference};
use super::point::Expressions;
use crate::system::Kind;

/// Numbers of substeps.
const SUBSTEPS: [usize; 8] = [2, 6, 10, 14, 22, 34, 50, 70];
/// The errors of a step, relative to the size of an unknown, with which the way is followed: how far the two come apart is what it is
/// known to.
const ACCURACIES: [f64; 2] = [2e-14, 2e-12];
/// Below this part of the largest unknown an unknown counts as if it were so large.
const FLOOR: f64 = 1e-3;
/// How much more than `--tolerance` a row may differ.
const SMALL: f64 = 10.0;
/// Of the range of the control, the longest step where right sides contain it.
const LONGEST: f64 = 0.01;
/// What following one curve may cost, in operations at nodes.
const MOST_WORK: u64 = 4_000_000_000;
/// Steps of one curve.
const MOST_STEPS: usize = 20_000;

/// A row that is known no better than this, in units of `--tolerance`, is not verified.
const UNKNOWN: f64 = 1e3;

/// What moves, on its way.
#[derive(Clone)]
struct Way<'v, 's> {
    expressions: &'v Expressions<'s>,
    control: f64,
    x: DVector<f64>,
    by: f64,
    longest: f64,
    accuracy: f64,
    steps: usize,
    work: u64,
}

impl Way<'_, '_> {
    /// The right sides, and their slopes if they are asked for; none where one of them is not a finite number.
    fn right(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        slopes: bool,
    ) -> Option<(DVector<f64>, DMatrix<f64>)> {
        let at = self.expressions.by_itself(control);
        let equations = at.equations(x.as_slice(), Rule::FULL, Grant::default(), slopes);
        self.work += equations.work;
        let right = DVector::from_iterator(x.len(), equations.residual.iter().map(|r| r.value()));
        let slopes = equations.jacobian.unwrap_or_else(|| DMatrix::zeros(0, 0));
        let finite = right.iter().chain(slopes.iter()).all(|v| v.is_finite());
        finite.then_some((right, slopes))
    }

    /// The point a step on, with some number of substeps.
    fn midpoint(
        &mut self,
        by: f64,
        substeps: usize,
        (right, slopes): &(DVector<f64>, DMatrix<f64>),
    ) -> Option<DVector<f64>> {
        let h = by / substeps as f64;
        let k = self.x.len();
        let filter = (DMatrix::identity(k, k) - slopes * h).lu();
        let mut moved = filter.solve(&(right * h))?;
        let mut x = &self.x + &moved;
        for substep in 1..substeps {
            let (right, _) = self.right(self.control + substep as f64 * h, &x, false)?;
            moved += filter.solve(&(right * h - &moved))? * 2.0;
            x += &moved;
        }
        let (right, _) = self.right(self.control + by, &x, false)?;
        Some(x + filter.solve(&(right * h - &moved))?)
    }

    /// One step of at most this length, and how many columns of the extrapolation it took; none if it was too long.
    fn step(&mut self, by: f64) -> Option<usize> {
        let start = self.right(self.control, &self.x.clone(), true)?;
        let mut table: Vec<DVector<f64>> = Vec::new();
        for (column, substeps) in SUBSTEPS.iter().enumerate() {
            let mut entry = self.midpoint(by, *substeps, &start)?;
            let mut apart = f64::INFINITY;
            for (place, known) in table.iter_mut().enumerate() {
                let ratio = (*substeps as f64 / SUBSTEPS[column - 1 - place] as f64).powi(2);
                let better = &entry + (&entry - &*known) / (ratio - 1.0);
                apart = self.apart(&better, &entry);
                *known = std::mem::replace(&mut entry, better);
            }
            table.push(entry);
            // The table holds the last row of the extrapolation, the best entry at its end.
            if column > 1 && apart <= 1.0 {
                let best = table.pop()?;
                self.x = best;
                return Some(column);
            }
        }
        None
    }

    fn apart(&self, a: &DVector<f64>, b: &DVector<f64>) -> f64 {
        let largest = self.x.amax().max(a.amax());
        let size = |i: usize| self.accuracy * a[i].abs().max(FLOOR * largest).max(f64::MIN_POSITIVE);
        (0..a.len())
            .map(|i| (a[i] - b[i]).abs() / size(i))
            .fold(0.0, |worst, d| if d <= worst { worst } else { d })
    }

    /// Goes on to a control value.
    fn flow_to(&mut self, control: f64) -> Result<(), Unverified> {
        while self.control < control {
            if self.steps > MOST_STEPS || self.work > MOST_WORK {
                return Err(Unverified::Motion);
            }
            let left = control - self.control;
            let by = self.by.min(left).min(self.longest);
            match self.step(by) {
                Some(columns) => {
                    self.steps += 1;
                    self.control = if by == left { control } else { self.control + by };
                    let factor = [3.0, 3.0, 3.0, 2.0, 1.5, 1.2, 1.0, 0.9][columns];
                    // A step that was cut short at a row says little of how long steps may be.
                    self.by = if by < self.by { self.by.max(by * factor) } else { by * factor };
                }
                None if by > 1e-14 * self.control.abs().max(f64::MIN_POSITIVE) => {
                    (self.by, self.steps) = (0.4 * by, self.steps + 1);
                }
                None => return Err(Unverified::Motion),
            }
        }
        Ok(())
    }

    /// The same step by step.
    fn iterate_to(&mut self, control: f64) -> Result<(), Unverified> {
        while self.control < control {
            let (x, _) = self.right(self.control, &self.x.clone(), false).ok_or(Unverified::Motion)?;
            if self.work > MOST_WORK {
                return Err(Unverified::Motion);
            }
            (self.x, self.control) = (x, self.control + 1.0);
        }
        Ok(())
    }
}

impl Verifier<'_> {
    /// Whether the right sides at a row are what the row says: the cheap part of the verification.
    ///
    /// # Errors
    /// The first that is not.
    pub fn moves(&self, claim: &Claim, moves: &[f64], tolerance: f64) -> Result<(), Disagreement> {
        let at = self.expressions.by_itself(claim.control);
        let equations = at.equations(claim.x, Rule::FULL, Self::grant(claim), false);
        for (i, (claimed, found)) in moves.iter().zip(&equations.residual).enumerate() {
            let beyond = (claimed - found.value()).abs() > 4.0 * found.error();
            let found = found.value();
            if !(difference(*claimed, found) <= SMALL * tolerance) && (beyond || found.is_nan()) {
                let output = format!("the right side of {}", self.expressions.system.unknowns[i].name);
                return Err(Disagreement::Output { output, claimed: *claimed, found });
            }
        }
        Ok(())
    }

    /// Everything that can be verified about the rows of what moves, in the order of the control.
    pub fn follow(&self, claims: &[Option<Claim>], tolerance: f64) -> Vec<Option<Report>> {
        let system = self.expressions.system;
        let from = system.control.from;
        let mut order: Vec<usize> = (0..claims.len()).filter(|row| claims[*row].is_some()).collect();
        let control = |row: &usize| claims[*row].as_ref().map_or(f64::NAN, |claim| claim.control);
        order.sort_by(|a, b| control(a).total_cmp(&control(b)));
        let start = self.expressions.starts(from, 0).into_iter().next();
        let range = system.control.to - from;
        let longest = if system.contains_control.is_some() { LONGEST * range } else { f64::INFINITY };
        let mut ways = start.map(|start| {
            ACCURACIES.map(|accuracy| Way {
                expressions: &self.expressions,
                control: from,
                x: start.clone().into(),
                by: 1e-3 * range,
                longest,
                accuracy,
                steps: 0,
                work: 0,
            })
        });
        let mut reports: Vec<Option<Report>> = vec![None; claims.len()];
        for row in order {
            let Some(claim) = &claims[row] else { continue };
            let mut report = self.place_and_outputs(claim, tolerance);
            let mut arrived = Err(Unverified::Motion);
            // Steps that are exact are made once.
            let exact = system.kind == Kind::Iterate;
            for way in ways.iter_mut().flatten().take(if exact { 1 } else { ACCURACIES.len() }) {
                arrived = match system.kind {
                    Kind::Iterate => way.iterate_to(claim.control),
                    _ => way.flow_to(claim.control),
                };
                if arrived.is_err() {
                    break;
                }
            }
            match (arrived, &ways) {
                (Ok(()), Some([way, coarse])) => {
                    let known = way.x.iter().zip(coarse.x.iter()).map(|(a, b)| difference(*a, *b));
                    let known = known.fold(0.0, |worst: f64, d| if d <= worst { worst } else { d });
                    let known = if exact { 0.0 } else { known };
                    if known > UNKNOWN * tolerance {
                        report.unverified = Some(Unverified::Motion);
                    } else {
                        let allowed = SMALL * tolerance + known;
                        judge_way(&way.x, claim, allowed, &system.outputs, &mut report);
                    }
                }
                (Err(reason), _) => report.unverified = Some(reason),
                _ => {}
            }
            reports[row] = Some(report);
        }
        reports
    }
}

/// How far a row lies from where another way leads.
fn judge_way(
    x: &DVector<f64>,
    claim: &Claim,
    allowed: f64,
    outputs: &[crate::system::Output],
    report: &mut Report,
) {
    for (i, (claimed, found)) in claim.x.iter().zip(x.iter()).enumerate() {
        let apart = difference(*claimed, *found);
        report.residual = if apart <= report.residual { report.residual } else { apart };
        if !(apart <= allowed) {
            let output = outputs[i].column.clone();
            report.disagreements.push(Disagreement::Output { output, claimed: *claimed, found: *found });
        }
    }
}
