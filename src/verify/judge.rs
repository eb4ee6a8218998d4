//! What is wrong with a row.

use super::disagreement::{Disagreement, Unverified};
use super::evaluate::Grant;
use super::integrate::Rule;
use super::number::{Number, ROUND_OFF};
use super::point::{At, Expressions};
use super::search::{Findings, distance, inside, is_meant, newton_step, same, search};
use crate::system::System;

/// What a row says.
#[derive(Debug, Clone)]
pub struct Claim<'c> {
    /// Control value.
    pub control: f64,
    /// Unknowns; infinite on the boundary.
    pub x: &'c [f64],
    /// Unknowns and outputs in the order of the columns.
    pub outputs: &'c [f64],
    /// The energy, or what selects; NaN if the file gives neither.
    pub energy: f64,
    /// What the row says about the error of its averages.
    pub quadrature_error: f64,
    /// Whether the file gives the point (`at`): it need not satisfy the equations, nor lie in the range.
    pub boundary: bool,
    /// The branch of the file that it belongs to.
    pub branch: Option<usize>,
    /// Whether it is the solution that the row reports, and not another branch beside it.
    pub reported: bool,
    /// The unknowns of all solutions that are known at this control value.
    pub known: Vec<&'c [f64]>,
}

/// What the verification of a row did and found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The largest difference of an output: absolute for values below 1, relative above.
    pub difference: f64,
    /// The output where it occurs.
    pub output: String,
    /// The largest remainder of an equation, relative to its terms.
    pub residual: f64,
    /// Starts that were followed, for other solutions.
    pub starts: usize,
    /// Points of the scan of a single unknown.
    pub scanned: usize,
    /// Other solutions, where the file does not say which is meant.
    pub others: Vec<Vec<(String, f64)>>,
    /// What is wrong.
    pub disagreements: Vec<Disagreement>,
    /// What was not verified, and why.
    pub unverified: Option<Unverified>,
}

/// Verifies the rows of a system at given parameters.
pub struct Verifier<'s> {
    pub(super) expressions: Expressions<'s>,
}

/// More averages than these inside each other would take hours.
const MOST_NESTED: usize = 2;
/// A row fails where an equation is this many times larger than round-off and the error of averages make it, …
const BEYOND: f64 = 4.0;
/// … and an unknown is off by this, in units of the tolerance.
const SHIFT: f64 = 100.0;
/// What round-off makes of a sum over many nodes.
const LONG_SUM: f64 = 5e-15;
/// Outputs may differ by this in units of the tolerance, …
const SMALL: f64 = 10.0;
/// … and by no more than this whatever error the row admits.
const LARGE: f64 = 1e3;

impl<'s> Verifier<'s> {
    /// A verifier; parameters have been checked against their domains.
    ///
    /// # Errors
    /// Where it cannot be done.
    pub fn new(system: &'s System, parameters: &[f64]) -> Result<Verifier<'s>, Unverified> {
        let expressions = Expressions::new(system, parameters).map_err(|e| match e {
            super::formula::Unsupported::TooLarge => Unverified::TooLarge,
            super::formula::Unsupported::Construct(name) => Unverified::Construct(name),
        })?;
        match expressions.depth() {
            depth if depth > MOST_NESTED => Err(Unverified::Nested(depth)),
            _ => Ok(Verifier { expressions }),
        }
    }

    /// Which of so many rows are worth a [`Verifier::quick`] beside the time that solving them takes: the first and the last, and
    /// where equations cost little some between them.
    pub fn sample(&self, rows: usize) -> Vec<usize> {
        let apart = match self.expressions.depth() {
            0 => 10,
            _ => rows.max(1),
        };
        (0..rows).filter(|row| row % apart == 0 || row + 1 == rows).collect()
    }

    /// Whether the equations hold at a row: the cheap part of the verification, without a search.
    ///
    /// # Errors
    /// Why they do not.
    pub fn quick(&self, claim: &Claim, tolerance: f64) -> Result<(), Disagreement> {
        let at = self.expressions.at(claim.control);
        let mut report = Report::default();
        self.judge_equations(&at, claim, tolerance, &mut report);
        report.disagreements.into_iter().next().map_or(Ok(()), Err)
    }

    /// The largest difference of an output from the same computed again, and the output.
    pub fn difference(&self, claim: &Claim, tolerance: f64) -> (f64, String) {
        let at = self.expressions.at(claim.control);
        let mut report = Report::default();
        self.judge_outputs(&at, claim, tolerance, &mut report);
        (report.difference, report.output)
    }

    /// Everything that can be verified about a row.
    pub fn verify(&self, claim: &Claim, tolerance: f64) -> Report {
        if self.expressions.system.kind.moves() {
            let followed = self.follow(&[Some(claim.clone())], tolerance);
            return followed.into_iter().flatten().next().unwrap_or_default();
        }
        let at = self.expressions.at(claim.control);
        let mut report = Report::default();
        self.judge_equations(&at, claim, tolerance, &mut report);
        self.judge_outputs(&at, claim, tolerance, &mut report);
        if claim.reported && !claim.x.is_empty() {
            let findings = search(&at, claim.x);
            self.judge_choice(&at, claim, findings, tolerance, &mut report);
        }
        report
    }

    /// What is granted to the averages of a row: round-off of long sums, and the error that the row itself admits.
    pub(super) fn grant(claim: &Claim) -> Grant {
        Grant { relative: LONG_SUM, absolute: 2.0 * claim.quadrature_error }
    }

    /// Where a row lies: in the ranges, and where it is admissible.
    fn judge_place(&self, at: &At, claim: &Claim, report: &mut Report) {
        let system = self.expressions.system;
        let x = claim.x;
        if !claim.boundary {
            for ((unknown, x), range) in system.unknowns.iter().zip(x).zip(&at.ranges) {
                let Some((from, to)) = *range else { continue };
                let slack = 4.0 * f64::EPSILON * from.abs().max(to.abs()) + 1e-14 * (to - from).abs();
                if !(from - slack <= *x && *x <= to + slack) && slack.is_finite() {
                    let unknown = unknown.name.clone();
                    report.disagreements.push(Disagreement::Range { unknown, value: *x, from, to });
                }
            }
        }
        if let Some(condition) = system.admissible.clone().filter(|_| !claim.boundary && !at.admissible(x)) {
            report.disagreements.push(Disagreement::Inadmissible { condition });
        }
    }

    /// Where a row lies, and its outputs.
    pub(super) fn place_and_outputs(&self, claim: &Claim, tolerance: f64) -> Report {
        let at = self.expressions.at(claim.control);
        let mut report = Report::default();
        self.judge_place(&at, claim, &mut report);
        self.judge_outputs(&at, claim, tolerance, &mut report);
        report
    }

    fn judge_equations(&self, at: &At, claim: &Claim, tolerance: f64, report: &mut Report) {
        let system = self.expressions.system;
        let x = claim.x;
        if x.is_empty() {
            return;
        }
        self.judge_place(at, claim, report);
        // A point on the boundary is given by the file: equations may be divided by what is 0 there, or have no derivative.
        if claim.boundary {
            return;
        }
        // Where something moves its right sides need not vanish: that is looked at by `moves` and `follow`.
        if system.kind.moves() {
            return;
        }
        let equations = at.equations(x, Rule::FULL, Self::grant(claim), false);
        if equations.unfinished {
            report.unverified = Some(Unverified::Average);
        }
        let looks = claim.reported && !system.extremum.ways.is_empty();
        if looks && !is_meant(at, &at.equations(x, Rule::FULL, Grant::default(), true)) {
            let meant = system.extremum.in_words(system.unknowns.iter().map(|u| u.name.as_str()));
            report.disagreements.push(Disagreement::Saddle { meant });
        }
        let mut suspect = false;
        let mut worst: Option<usize> = None;
        let mut largest = 0.0;
        for (i, (r, size)) in equations.residual.iter().zip(&equations.sizes).enumerate() {
            let ratio = (r.abs() / *size).value();
            report.residual = report.residual.max(if r.is_zero() { 0.0 } else { ratio });
            suspect |= !r.uncertainty().less(size.times(1e-4)) && !size.is_zero();
            let beyond = !(r.abs().less(r.uncertainty().times(BEYOND)) || r.is_zero());
            if beyond && !(ratio <= largest) {
                largest = ratio;
                worst = Some(i);
            }
        }
        if suspect && let Some(i) = self.pole(at, x) {
            let equation = self.expressions.equation_name(i);
            let residual = equations.residual[i].value();
            report.disagreements.push(Disagreement::Pole { equation, residual });
            return;
        }
        let Some(i) = worst else { return };
        let jacobian =
            at.equations(x, Rule { tolerance: 1e-9, ..Rule::FULL }, Grant::default(), true).jacobian;
        let step = jacobian.and_then(|j| newton_step(&equations, &j));
        let off = step.as_ref().map(|step| {
            let relative =
                |j: usize| step[j].abs() / x[j].abs().max(1e-14 / (SHIFT * tolerance) * at.scale[j]);
            let all = (0..x.len()).map(|j| (j, relative(j)));
            all.fold((0, 0.0), |worst, next| if next.1 > worst.1 { next } else { worst })
        });
        // An equation that is not quite 0 because the unknown has only so many digits.
        if off.is_some_and(|(_, relative)| relative <= SHIFT * tolerance) {
            return;
        }
        report.disagreements.push(Disagreement::Equation {
            equation: self.expressions.equation_name(i),
            residual: equations.residual[i].value(),
            size: equations.sizes[i].value(),
            off: off.zip(step).map(|((j, _), step)| (system.unknowns[j].name.clone(), x[j], step[j].abs())),
        });
    }

    /// The equation that has a pole where the row says that it has a root: it is larger there than at some distance.
    fn pole(&self, at: &At, x: &[f64]) -> Option<usize> {
        let residual = |x: &[f64]| at.equations(x, Rule::ROUGH, Grant::default(), false).residual;
        let here = residual(x);
        for j in 0..x.len() {
            for side in [-1.0, 1.0] {
                let mut beside = x.to_vec();
                beside[j] += side * 1e-7 * x[j].abs().max(1e-3 * at.scale[j]);
                let there = residual(&beside);
                // Beyond what is uncertain there: of two residuals that are noise one is always larger.
                let smaller = |i: &usize| {
                    let (here, there) = (here[*i].abs(), there[*i]);
                    let less = |size: Number| size.times(4.0).less(here);
                    there.is_finite() && less(there.abs()) && less(there.uncertainty())
                };
                if let Some(i) = (0..here.len()).find(|i| !here[*i].is_finite() || smaller(i)) {
                    return Some(i);
                }
            }
        }
        None
    }

    fn judge_outputs(&self, at: &At, claim: &Claim, tolerance: f64, report: &mut Report) {
        let (values, unfinished) = at.outputs(claim.x, Rule::FULL, Self::grant(claim));
        if unfinished {
            report.unverified = Some(Unverified::Average);
        }
        let outputs = &self.expressions.system.outputs;
        for (i, ((output, claimed), value)) in outputs.iter().zip(claim.outputs).zip(values).enumerate() {
            let found = value.value.value();
            let difference = difference(*claimed, found);
            if difference == 0.0 {
                continue;
            }
            if !(difference <= report.difference) {
                (report.difference, report.output) = (difference, output.column.clone());
            }
            let granted = BEYOND * (value.value.error() + ROUND_OFF * found.abs());
            let beyond = |bound: f64| !((claimed - found).abs() <= bound);
            // The admitted error of a small average can be the whole of an output that divides by it.
            let large = difference > LARGE * tolerance && beyond(BEYOND * self.round_off(at, claim, i));
            if beyond(granted) && difference > SMALL * tolerance || large {
                let output = output.column.clone();
                report.disagreements.push(Disagreement::Output { output, claimed: *claimed, found });
            }
        }
    }

    /// The error of an output that is not the row's.
    fn round_off(&self, at: &At, claim: &Claim, i: usize) -> f64 {
        let grant = Grant { relative: LONG_SUM, absolute: 0.0 };
        at.outputs(claim.x, Rule::FULL, grant).0.get(i).map_or(f64::NAN, |v| v.value.error())
    }

    fn judge_choice(&self, at: &At, claim: &Claim, findings: Findings, tolerance: f64, report: &mut Report) {
        let system = self.expressions.system;
        report.starts = findings.starts;
        report.scanned = findings.scanned;
        let named =
            |x: &[f64]| system.unknowns.iter().map(|u| u.name.clone()).zip(x.iter().copied()).collect();
        let own = if self.expressions.selects() && claim.x.iter().all(|v| v.is_finite()) {
            at.equations(claim.x, Rule::FULL, Self::grant(claim), false).energy.map(|e| e.value)
        } else {
            Some(Number::with_error(system.as_written(claim.energy), 1e-13 * claim.energy.abs()))
        };
        if let Some(own) = own.filter(|own| claim.energy.is_finite() && own.is_finite()) {
            let (claimed, found) = (claim.energy, system.as_written(own.value()));
            let same = (claimed - found).abs() <= BEYOND * own.error();
            if !same && difference(claimed, found) > SMALL * tolerance {
                let output = "energy".to_string();
                report.disagreements.push(Disagreement::Output { output, claimed, found });
            }
        }
        // Whether a start of a branch leads to what is claimed, or one that is this near to another solution is nearer to it.
        let leads = |branch: usize, far: f64| {
            let own = findings.found.iter().filter(|f| same(at, claim.x, &f.x, 1e-5));
            own.flat_map(|f| &f.from).any(|(from, _)| *from == branch)
                || at.expressions.starts(at.control, branch).iter().any(|s| distance(at, s, claim.x) <= far)
        };
        for found in &findings.found {
            let known = claim.known.iter().copied().chain([claim.x]).any(|k| same(at, k, &found.x, 1e-5));
            if !found.meant || same(at, claim.x, &found.x, 1e-5) || !inside(at, &found.x) {
                continue;
            }
            match (found.energy, own) {
                (Some(energy), Some(own)) if self.expressions.selects() => {
                    let margin =
                        (energy.uncertainty() + own.uncertainty()).times(BEYOND) + own.abs().times(1e-12);
                    if (energy + margin).less(own) {
                        let (at, claimed) = (named(&found.x), system.as_written(own.value()));
                        let energy = system.as_written(energy.value());
                        report.disagreements.push(Disagreement::Lower { at, energy, claimed });
                    }
                }
                _ => {
                    // A start of an earlier branch leads there, or one of this branch that is not as near to what is claimed.
                    let own = claim.branch.unwrap_or(usize::MAX);
                    let mut branches = found.from.iter();
                    let lost =
                        branches.find(|(from, far)| *from < own || (*from == own && !leads(*from, *far)));
                    match lost.map(|(branch, _)| *branch) {
                        Some(branch) if !known => report.disagreements.push(Disagreement::Lost {
                            branch: system.branches[branch].name.clone(),
                            at: named(&found.x),
                        }),
                        _ if !known => report.others.push(named(&found.x)),
                        _ => {}
                    }
                }
            }
        }
    }
}

/// |a − b| in units of the larger of 1 and |b|; two values that are not numbers are equal, one alone is infinitely far.
pub(super) fn difference(a: f64, b: f64) -> f64 {
    if a == b || (a.is_nan() && b.is_nan()) {
        0.0
    } else if !a.is_finite() || !b.is_finite() {
        f64::INFINITY
    } else {
        (a - b).abs() / b.abs().max(1.0)
    }
}
