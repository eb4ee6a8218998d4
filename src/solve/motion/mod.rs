//! Flows and iterations: unknowns that move along the control from a start.
//!
//! `right` evaluates the right sides, `step` makes one step with the coefficients of `tableau`, `path` as many as are needed and
//! a second time in halves, `stop` finds where a condition becomes true; `iterate` steps exactly; `judge` makes a row of a point.
//! Everything follows from the parameters and the start alone, so that a row does not depend on which others are asked for.

mod iterate;
mod judge;
mod path;
mod right;
mod step;
mod stop;
mod tableau;

use nalgebra::DVector;

use super::continuation::{End, EndKind};
use super::curve::{Curve, Track};
use super::equations::{Effort, Equations};
use super::refusal::{Ending, Refusal};
use super::solution::{Settings, Solution};
use crate::system::{Kind, Origin, Stop, System};
use judge::Judge;
use path::{Level, Path};

/// What rows are called on the way, at rest, and after the stop.
const AT_REST: &str = "stationary";
const STOPPED: &str = "stopped";

/// The accuracies with which a flow is followed, in turn, until a row is within its tolerance: that of a step in units of the
/// tolerance, and the part of the largest unknown below which the accuracy of an unknown is absolute.
const LEVELS: [(f64, f64); 2] = [(0.1, 1e-3), (1e-3, 1e-6)];
/// Steps are not asked to be more accurate than this.
const FINEST: f64 = 1e-15;

/// The rows of one way, by their places among the controls: what was found, or why nothing was.
type Found = Vec<(usize, Result<Solution, Refusal>)>;

/// Where it ended by itself, and how accurately that is known.
struct Ended {
    end: End,
    known: Result<Solution, Refusal>,
}

impl Curve {
    /// The curve of a system that moves.
    pub(super) fn follow(system: &System, parameters: &[f64], controls: &[f64], settings: Settings) -> Curve {
        let rows = controls.len();
        let mut judge =
            Judge::new(Equations::new(system, parameters).stopping(settings.interrupted), settings.tolerance);
        let start = start(&mut judge.equations, system);
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by(|a, b| controls[*a].total_cmp(&controls[*b]));
        let all = order.into_iter().map(|row| (row, controls[row]));
        let (asked, nowhere): (Vec<_>, Vec<_>) = all.partition(|(_, control)| has_value(system, *control));
        let mut track = Track {
            name: system.kind.name().into(),
            branch: Some(0),
            boundary: false,
            points: vec![None; rows],
            ends: Vec::new(),
        };
        let mut refusals = vec![Vec::new(); rows];
        for (row, control) in nowhere {
            refusals[row].push(Refusal::Ends { control, at: Vec::new(), how: Ending::Nowhere });
        }
        let mut enter = |found: Found, ended: Option<Ended>| -> Vec<(usize, f64)> {
            let mut left = Vec::new();
            for (row, found) in found {
                refusals[row].clear();
                match found {
                    Ok(solution) => track.points[row] = Some(solution),
                    Err(refusal) => {
                        refusals[row].push(refusal);
                        left.push((row, controls[row]));
                    }
                }
            }
            if let Some(ended) = ended {
                track.ends = vec![ended.end];
            }
            left
        };
        let mut effort = Effort::default();
        if system.kind == Kind::Iterate {
            let (found, ended) =
                iterate::rows(system, parameters, start, &asked, &mut judge, settings.tolerance);
            enter(found, ended);
        } else {
            let mut left = asked;
            for (share, floor) in LEVELS {
                let tolerance = (share * settings.tolerance).max(FINEST);
                let level = Level { tolerance, floor };
                let (found, ended) = flow(system, parameters, &start, &left, level, &mut judge, &mut effort);
                left = enter(found, ended);
                if left.is_empty() {
                    break;
                }
            }
        }
        Curve::of_one(controls, track, refusals, effort)
    }
}

/// The rows of a flow at some controls, in their order, as accurate as a level makes them.
fn flow(
    system: &System,
    parameters: &[f64],
    start: &DVector<f64>,
    asked: &[(usize, f64)],
    level: Level,
    judge: &mut Judge,
    effort: &mut Effort,
) -> (Found, Option<Ended>) {
    let from = system.control.from;
    let refused = |control: f64, at: &DVector<f64>, how: Ending| {
        let at = at.as_slice().to_vec();
        Err(Refusal::Ends { control, at, how })
    };
    let equations = Equations::new(system, parameters).stopping(judge.equations.interrupted);
    let mut path = match Path::new(equations, start.clone(), judge.tolerance, level) {
        Ok(path) => path,
        Err(how) => return (asked.iter().map(|(row, _)| (*row, refused(from, start, how))).collect(), None),
    };
    let mut found = Found::new();
    let mut rows = asked.iter().copied().peekable();
    while let Some((row, control)) = rows.next_if(|(_, control)| *control <= from) {
        found.push((row, judge.row(control, &path.here(), (path.steps, &path.right), system.kind.name())));
    }
    let has_condition = matches!(system.stop, Some(Stop::When(_)));
    let mut ended: Option<Ended> = None;
    if has_condition && path.right.stop_margin(from, start) >= 0.0 {
        let known = judge.row(from, &path.here(), (path.steps, &path.right), STOPPED);
        ended = Some(Ended { end: End::at(from, start.clone(), EndKind::Stops), known });
    }
    let mut broken = None;
    while rows.peek().is_some() && ended.is_none() {
        let segment = match path.next() {
            Ok(segment) => segment,
            Err(how) => {
                broken = Some(refused(path.control, &path.here().half, how));
                break;
            }
        };
        let here = path.here();
        let stop = match has_condition {
            true => stop::within(&mut path.right, &segment, &here.half),
            false => None,
        };
        let until = stop.unwrap_or(segment.to);
        while let Some((row, control)) = rows.next_if(|(_, control)| *control <= until) {
            let point =
                if control == segment.to { Some(here.clone()) } else { segment.at(&mut path.right, control) };
            let solution = match point {
                Some(point) => judge.row(control, &point, (path.steps, &path.right), system.kind.name()),
                None => refused(segment.from, segment.beginning().0, Ending::Undefined(0)),
            };
            found.push((row, solution));
        }
        if let Some(control) = stop {
            let point = segment.at(&mut path.right, control).unwrap_or(here);
            let known = judge.row(control, &point, (path.steps, &path.right), STOPPED);
            let mut end = End::at(control, point.half.clone(), EndKind::Stops);
            end.error = stop::error(&mut path.right, &segment, control, &point);
            ended = Some(Ended { end, known });
        } else if system.stop == Some(Stop::Stationary) && path.rests() {
            let known = judge.row(path.control, &here, (path.steps, &path.right), AT_REST);
            ended = Some(Ended { end: End::at(path.control, here.half, EndKind::Rests), known });
        }
    }
    for (row, control) in rows {
        let after = match (&broken, &ended) {
            (Some(refused), _) => refused.clone(),
            (None, Some(Ended { known: Err(refusal), .. })) => Err(refusal.clone()),
            (None, Some(Ended { end, .. })) if end.kind == EndKind::Rests => {
                judge.row(control, &path.here(), (path.steps, &path.right), AT_REST)
            }
            _ => Ok(Solution::absent(control, system, STOPPED)),
        };
        found.push((row, after));
    }
    effort.evaluations += path.right.equations.effort.evaluations;
    effort.jacobians += path.right.equations.effort.jacobians;
    (found, ended)
}

/// Whether what moves has a value at a control.
fn has_value(system: &System, control: f64) -> bool {
    let inside = (system.control.from..=system.control.to).contains(&control);
    inside && (system.kind == Kind::Flow || control.fract() == 0.0)
}

/// Where it starts.
fn start(equations: &mut Equations, system: &System) -> DVector<f64> {
    let setup = equations.setup(system.control.from);
    match system.branches.first().map(|branch| &branch.origin) {
        Some(Origin::Starts(points)) => {
            DVector::from_iterator(points[0].len(), points[0].iter().map(|p| setup[*p]))
        }
        _ => DVector::zeros(0),
    }
}
