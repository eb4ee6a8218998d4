//! A row whose own searches find nothing is reached from a few rows of the file's own range of the control, whatever rows
//! are asked for: what is found is a function of the parameters alone.

use std::rc::Rc;

use super::finder::Finder;
use super::solution::Solution;
use super::starts::Findings;
use crate::system::Origin;

/// Rows from which others are reached, spread over the range of the control.
const ROWS: usize = 9;
/// Averages over more normal variables at once than this cost too much.
const NORMALS: u32 = 1;

/// What the searches of those rows found, in the order of their control values; rows without solutions are left out.
pub(super) type Ladder = Rc<Vec<Vec<Solution>>>;

impl Finder<'_> {
    /// Follows the solutions of the nearest row of the ladder on each side to a control value.
    pub(super) fn climb(&mut self, control: f64, findings: &mut Findings) {
        let system = self.equations.system;
        // A single unknown has been looked for everywhere; and where there is a point on the boundary, another may well be
        // missing.
        let boundary = system.branches.iter().any(|b| matches!(b.origin, Origin::Boundary(_)));
        // The range that was asked for must not be seen in a row.
        if system.unknowns.len() == 1 || boundary || system.at_rest || system.normals_at_once() > NORMALS {
            return;
        }
        let ladder = self.ladder();
        let below = ladder.iter().rfind(|row| row[0].control < control);
        let above = ladder.iter().find(|row| row[0].control > control);
        for solution in below.into_iter().chain(above).flatten() {
            self.stand_at(solution.control);
            let followed = self.follow(solution, control);
            self.stand_at(control);
            if let Ok(x) = followed
                && let Ok(found) = self.settle_inside(control, &x)
                && !findings.solutions.iter().any(|s| self.same_solution(s, &found))
            {
                findings.solutions.push(found);
            }
        }
    }

    fn ladder(&mut self) -> Ladder {
        if let Some(ladder) = &self.ladder {
            return ladder.clone();
        }
        let (from, to) = (self.equations.system.control.from, self.equations.system.control.to);
        let control = |i: usize| from + (to - from) * (i as f64 / (ROWS - 1) as f64);
        let mut rows: Vec<Vec<Solution>> = Vec::with_capacity(ROWS);
        for i in 0..ROWS {
            let found = self.search_alone(control(i)).solutions;
            rows.push(found.into_iter().filter(|s| !s.is_one_of_a_family()).collect());
        }
        rows.retain(|row| !row.is_empty());
        self.ladder.insert(Rc::new(rows)).clone()
    }
}
