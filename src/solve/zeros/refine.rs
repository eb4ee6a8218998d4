//! Zeros between rows that have the same sign: where an output comes nearest to zero, by three points of which the middle one is lowest.

use super::path::{Along, MOST_NOISE, Node};
use crate::solve::brent::minimum;
use crate::solve::solution::Solution;

/// An output that comes as near to zero as this and turns back touches it.
const TOUCHES: f64 = 1e-12;
/// Changes of an output from row to row below this part of its size do not tell a minimum.
const FLAT: f64 = 1e-9;

impl Along<'_> {
    /// Adds the places between rows at which the output comes nearest to zero. Gives its size along the path.
    pub fn refine(&mut self, path: &mut Vec<Node>) -> f64 {
        // Beside the ends of branches, where there is a row on one side only.
        let mut k = 0;
        while k + 1 < path.len() {
            let (a, b) = (&path[k], &path[k + 1]);
            if a.track == b.track && (a.end.is_some() != b.end.is_some()) {
                let (track, rows) = (a.track, a.rows_to(b));
                let (first, last) = (*rows.start(), *rows.end());
                let middle = 0.5 * (a.control + b.control);
                if let Some(solution) = self.at(track, rows, middle) {
                    path.insert(k + 1, self.node(track, (first, last), solution));
                    k += 1;
                }
            }
            k += 1;
        }
        path.retain(|node| !node.value.is_nan());
        let finite = path.iter().map(|n| n.value.abs()).filter(|v| *v < 1e300);
        let scale = finite.fold(0.0, f64::max);
        let mut k = 1;
        while k + 1 < path.len() {
            let added = self.nearest_to_zero(path, k, scale);
            if let Some((place, node)) = added {
                path.insert(place, node);
                k += 1;
            }
            k += 1;
        }
        scale
    }

    /// Between the neighbours of a node at which the output is nearer to zero than at both: the place where it is nearest, if it
    /// reaches zero or goes beyond; with where that belongs in the path.
    fn nearest_to_zero(&mut self, path: &[Node], k: usize, scale: f64) -> Option<(usize, Node)> {
        let (before, node) = (&path[k - 1], &path[k]);
        let sign = node.sign(scale);
        // Two nodes may stand at the same height on both sides of the place.
        let level = |n: &Node| (n.value.abs() - node.value.abs()).abs() <= FLAT * scale;
        let after = match &path[k + 1] {
            next if level(next) => path.get(k + 2)?,
            next => next,
        };
        let lower = |n: &Node| {
            n.track == node.track && n.sign(scale) == sign && n.value.abs() > node.value.abs() + FLAT * scale
        };
        if sign == 0.0 || !lower(before) || !lower(after) {
            return None;
        }
        let rows = before.rows_to(after);
        let touching = TOUCHES * scale + node.noise.min(MOST_NOISE * scale);
        let mut beyond: Option<Solution> = None;
        let height = |along: &mut Self, control: f64, beyond: &mut Option<Solution>| {
            if let Some(solution) = beyond {
                return along.output_of(solution) * sign;
            }
            let Some(solution) = along.at(node.track, rows.clone(), control) else { return f64::INFINITY };
            let value = along.output_of(&solution) * sign;
            if value < -touching {
                *beyond = Some(solution);
            }
            if value.is_nan() { f64::INFINITY } else { value }
        };
        let lowest = minimum(|control| height(self, control, &mut beyond), before.control, after.control)?;
        let crosses = beyond.is_some();
        let solution = match beyond {
            Some(solution) => solution,
            None => self.at(node.track, rows.clone(), lowest)?,
        };
        let place =
            Node { touches: !crosses, ..self.node(node.track, (*rows.start(), *rows.end()), solution) };
        if !(crosses || place.value.abs() <= touching) {
            return None;
        }
        let gap = (after.control - before.control).abs();
        let error = (!crosses).then_some(1e-7 * gap);
        let forward = (after.control - before.control).signum();
        let from =
            path.iter().take(k + 2).skip(k).take_while(|n| (place.control - n.control) * forward > 0.0);
        Some((k + from.count(), Node { error, ..place }))
    }
}
