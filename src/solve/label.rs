//! Which solution of a row is which, by the row alone: each start of the file claims the solution nearest to it. What only
//! neighbouring rows led to is numbered after what the row found by itself, so that it changes no label.

use nalgebra::DVector;

use super::finder::Finder;
use super::solution::Solution;
use crate::system::Origin;

/// The label of solutions that no start of the file claims; and of those that are extrema of another kind than is meant.
const OTHER: &str = "other";
const SADDLE: &str = "saddle";

impl Finder<'_> {
    /// Labels the solutions of a row and puts them in order: the branches of the file in its order, then the others by
    /// their unknowns. Of several solutions of one branch, the one nearest to a start comes first.
    pub fn label(&mut self, control: f64, solutions: &mut [Solution]) {
        let setup = self.equations.setup(control);
        let system = self.equations.system;
        let mut distances = vec![f64::INFINITY; solutions.len()];
        for solution in solutions.iter_mut().filter(|s| !s.boundary) {
            solution.place = None;
        }
        for (place, branch) in system.branches.iter().enumerate() {
            let Origin::Starts(starts) = &branch.origin else { continue };
            for start in starts {
                let start = DVector::from_iterator(start.len(), start.iter().map(|i| setup[*i]));
                let from_start = |s: &Solution| self.apart(&start, &s.x);
                let inner = solutions.iter().enumerate().filter(|(_, s)| !s.boundary && s.own);
                let nearest = inner.map(|(i, s)| (from_start(s), i)).min_by(|a, b| a.0.total_cmp(&b.0));
                if let Some((distance, i)) = nearest.filter(|(distance, i)| *distance < distances[*i]) {
                    (distances[i], solutions[i].place) = (distance, Some(place));
                }
            }
        }
        let mut order: Vec<usize> = (0..solutions.len()).collect();
        order.sort_by(|i, j| {
            let rank = |i: usize| {
                let place = solutions[i].place.unwrap_or(usize::MAX);
                ((place, !solutions[i].own), distances[i])
            };
            let (a, b) = (rank(*i), rank(*j));
            let unknowns = || solutions[*i].x.iter().partial_cmp(solutions[*j].x.iter());
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(unknowns().unwrap_or(std::cmp::Ordering::Equal))
        });
        let mut sorted: Vec<Solution> = order.into_iter().map(|i| solutions[i].clone()).collect();
        for i in 0..sorted.len() {
            let kind = |s: &Solution| (s.place, s.place.is_some() || s.meant);
            let base = match kind(&sorted[i]) {
                (Some(place), _) => system.branches[place].name.as_str(),
                (None, true) => OTHER,
                (None, false) => SADDLE,
            };
            let before = sorted[..i].iter().filter(|s| kind(s) == kind(&sorted[i])).count();
            sorted[i].order = i;
            sorted[i].branch = if before == 0 { base.into() } else { format!("{base}-{}", before + 1) };
        }
        solutions.clone_from_slice(&sorted);
    }

    /// Distance of a solution from a start, in units of the scale.
    fn apart(&self, start: &DVector<f64>, x: &DVector<f64>) -> f64 {
        let squares = start.iter().zip(x.iter()).zip(self.scale.iter());
        squares.map(|((a, b), scale)| ((a - b) / scale).powi(2)).sum::<f64>().sqrt()
    }
}
