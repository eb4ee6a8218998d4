//! Iterations: step by step, with a bound of what rounding and the errors of averages have become on the way.

use nalgebra::{DMatrix, DVector};

use super::judge::Judge;
use super::path::Both;
use super::right::{Right, Rules};
use super::{AT_REST, Ended, Found, STOPPED};
use crate::solve::continuation::{End, EndKind};
use crate::solve::equations::Equations;
use crate::solve::refusal::{Ending, Refusal};
use crate::solve::solution::Solution;
use crate::system::{Stop, System};

/// So many directions of errors are kept for each unknown; the smallest become a box.
const DIRECTIONS: usize = 16;

/// What the errors of all steps have become, to first order: a sum of vectors, each with a factor between −1 and 1. Unlike a
/// box it turns with the unknowns, and grows only where they do.
struct Spread {
    vectors: Vec<DVector<f64>>,
}

impl Spread {
    /// What it becomes in a step with these slopes, which adds errors of its own.
    fn step(&mut self, slopes: &DMatrix<f64>, errors: &[f64]) {
        let k = errors.len();
        self.vectors.iter_mut().for_each(|vector| *vector = slopes * &*vector);
        if self.vectors.len() > DIRECTIONS * k {
            self.vectors.sort_by(|a, b| b.norm().total_cmp(&a.norm()));
            let small = self.vectors.split_off(DIRECTIONS / 2 * k);
            let mut edges = DVector::zeros(k);
            small.iter().for_each(|vector| edges += vector.abs());
            self.add_box(edges.as_slice());
        }
        self.add_box(errors);
    }

    fn add_box(&mut self, edges: &[f64]) {
        for (i, edge) in edges.iter().enumerate().filter(|(_, edge)| **edge != 0.0) {
            let mut vector = DVector::zeros(edges.len());
            vector[i] = *edge;
            self.vectors.push(vector);
        }
    }

    /// How far each unknown may be off.
    fn bound(&self, k: usize) -> DVector<f64> {
        let mut sum = DVector::zeros(k);
        self.vectors.iter().for_each(|vector| sum += vector.abs());
        sum
    }
}

/// An iteration on its way.
struct Walk<'s> {
    right: Right<'s>,
    control: f64,
    steps: u64,
    x: DVector<f64>,
    spread: Spread,
    /// Whether the last step moved nothing.
    rests: bool,
}

impl Walk<'_> {
    fn step(&mut self) -> Result<(), Ending> {
        let (control, x) = (self.control, &self.x);
        self.right.settle(control, x);
        let undefined = |right: &mut Right| Ending::Undefined(right.undefined(control, x).unwrap_or(0));
        let Some(next) = self.right.at(Rules::Adequate, control, x) else {
            return Err(undefined(&mut self.right));
        };
        let slopes = self.right.slopes(Rules::Adequate, control, x);
        let rung = self.right.rung(Rules::Adequate);
        let errors = self.right.equations.accuracy(control, x, rung).residual;
        let still = (0..x.len()).all(|i| (next[i] - x[i]).abs() <= 2.0 * errors[i]);
        let returns = |slopes: &DMatrix<f64>| {
            slopes.iter().all(|v| v.is_finite())
                && slopes.complex_eigenvalues().iter().all(|e| e.norm_sqr() < 1.0 - 1e-10)
        };
        self.rests = still && returns(&slopes);
        self.spread.step(&slopes, &errors);
        self.x = next;
        self.control += 1.0;
        self.steps += 1;
        Ok(())
    }

    fn both(&self) -> Both {
        Both { full: &self.x + self.spread.bound(self.x.len()), half: self.x.clone() }
    }

    fn row(&self, judge: &mut Judge, control: f64, label: &'static str) -> Result<Solution, Refusal> {
        judge.row(control, &self.both(), (self.steps, &self.right), label)
    }
}

/// The rows at some controls, in their order.
pub(super) fn rows(
    system: &System,
    parameters: &[f64],
    start: DVector<f64>,
    asked: &[(usize, f64)],
    judge: &mut Judge,
    tolerance: f64,
) -> (Found, Option<Ended>) {
    let unknown = start.iter().position(|x| !x.is_finite());
    let equations = Equations::new(system, parameters).stopping(judge.equations.interrupted);
    let mut walk = Walk {
        right: Right::new(equations, tolerance),
        control: system.control.from,
        steps: 0,
        spread: Spread { vectors: Vec::new() },
        x: start,
        rests: false,
    };
    let mut found = Found::new();
    let mut rows = asked.iter().copied().peekable();
    let mut ending = unknown.map(Ending::NoStart);
    let mut ended: Option<Ended> = None;
    while ending.is_none() && ended.is_none() && rows.peek().is_some() {
        while let Some((row, control)) = rows.next_if(|(_, control)| *control <= walk.control) {
            found.push((row, walk.row(judge, control, system.kind.name())));
        }
        let stops = match system.stop {
            Some(Stop::Stationary) if walk.rests => Some(EndKind::Rests),
            Some(Stop::When(_)) if walk.right.stop_margin(walk.control, &walk.x) >= 0.0 => {
                Some(EndKind::Stops)
            }
            _ => None,
        };
        match stops {
            Some(kind) => {
                let end = End::at(walk.control, walk.x.clone(), kind);
                ended = Some(Ended { end, known: walk.row(judge, walk.control, system.kind.name()) });
            }
            None => ending = walk.step().err(),
        }
    }
    let refusal =
        ending.map(|how| Refusal::Ends { control: walk.control, at: walk.x.as_slice().to_vec(), how });
    for (row, control) in rows {
        let after = match (&refusal, &ended) {
            (Some(refusal), _) => Err(refusal.clone()),
            (None, Some(Ended { end, known })) => match (end.kind, known) {
                (_, Err(refusal)) => Err(refusal.clone()),
                (EndKind::Rests, _) => walk.row(judge, control, AT_REST),
                _ => Ok(Solution::absent(control, system, STOPPED)),
            },
            (None, None) => continue,
        };
        found.push((row, after));
    }
    (found, ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_turn_with_the_unknowns_and_do_not_grow_in_a_rotation() {
        let (sin, cos) = 0.3f64.sin_cos();
        let rotation = DMatrix::from_row_slice(2, 2, &[cos, -sin, sin, cos]);
        let mut spread = Spread { vectors: Vec::new() };
        spread.step(&rotation, &[1e-10, 1e-10]);
        (0..10_000).for_each(|_| spread.step(&rotation, &[0.0, 0.0]));
        assert!(spread.bound(2).amax() < 1.5e-10, "{}", spread.bound(2));
    }

    #[test]
    fn errors_of_a_contraction_sum_to_a_geometric_series() {
        let half = DMatrix::from_element(1, 1, 0.5);
        let mut spread = Spread { vectors: Vec::new() };
        (0..200).for_each(|_| spread.step(&half, &[1e-12]));
        assert!((spread.bound(1)[0] / 2e-12 - 1.0).abs() < 1e-12);
    }
}
