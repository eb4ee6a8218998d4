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

/// How often the stretch between two of them is halved around a row that is to be reached. The rows in its middles are reached once,
/// and each of the others from beside it.
const HALVINGS: usize = 4;

/// Solutions at one control value.
type Row = Rc<Vec<Solution>>;

/// What the searches of those rows found, in the order of their control values, rows without solutions left out; and what was
/// reached in the middles between them.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    rows: Vec<Row>,
    middles: Vec<(f64, Row)>,
}

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
        if self.ladder.is_none() {
            self.ladder = Some(Ladder { rows: self.searched_rows(), middles: Vec::new() });
        }
        let beside = self.beside_on_ladder(control);
        for found in self.reached(control, &beside) {
            if !findings.solutions.iter().any(|s| self.same_solution(s, &found)) {
                findings.solutions.push(found);
            }
        }
    }

    /// The nearest rows below and above a control value. Which they are depends on the control value alone: its stretch of the
    /// range is halved as often as that of any other.
    fn beside_on_ladder(&mut self, control: f64) -> [Option<Row>; 2] {
        let Some(ladder) = &self.ladder else { return [None, None] };
        let mut beside = [
            ladder.rows.iter().rfind(|row| row[0].control < control).cloned(),
            ladder.rows.iter().find(|row| row[0].control > control).cloned(),
        ];
        let (from, to) = (self.equations.system.control.from, self.equations.system.control.to);
        let part = (control - from) / (to - from) * (ROWS - 1) as f64;
        if !(0.0..(ROWS - 1) as f64).contains(&part) {
            return beside;
        }
        let (mut low, mut high) = (part.floor(), part.floor() + 1.0);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let row = self.middle(from + (to - from) * (middle / (ROWS - 1) as f64), &beside);
            let above = part < middle;
            if above {
                high = middle
            } else {
                low = middle
            }
            if !row.is_empty() {
                beside[usize::from(above)] = Some(row);
            }
        }
        beside
    }

    /// What is reached in a middle; once.
    fn middle(&mut self, control: f64, beside: &[Option<Row>; 2]) -> Row {
        let known = self.ladder.iter().flat_map(|ladder| &ladder.middles).find(|(at, _)| *at == control);
        if let Some((_, row)) = known {
            return row.clone();
        }
        let row = Rc::new(self.reached(control, beside));
        if let Some(ladder) = &mut self.ladder {
            ladder.middles.push((control, row.clone()));
        }
        row
    }

    /// The solutions at a control value to which those of some rows lead.
    fn reached(&mut self, control: f64, rows: &[Option<Row>]) -> Vec<Solution> {
        let mut reached: Vec<Solution> = Vec::new();
        for solution in rows.iter().flatten().flat_map(|row| row.iter()) {
            self.stand_at(solution.control);
            let followed = self.follow(solution, control);
            self.stand_at(control);
            if let Ok(x) = followed
                && let Ok(found) = self.settle_inside(control, &x)
                && !reached.iter().any(|s| self.same_solution(s, &found))
            {
                reached.push(found);
            }
        }
        reached
    }

    fn searched_rows(&mut self) -> Vec<Row> {
        let (from, to) = (self.equations.system.control.from, self.equations.system.control.to);
        let control = |i: usize| from + (to - from) * (i as f64 / (ROWS - 1) as f64);
        let mut rows: Vec<Row> = Vec::with_capacity(ROWS);
        for i in 0..ROWS {
            let found = self.search_alone(control(i)).solutions;
            rows.push(Rc::new(found.into_iter().filter(|s| !s.is_one_of_a_family()).collect()));
        }
        rows.retain(|row| !row.is_empty());
        rows
    }
}
