//! The memory in which levels are evaluated.

use super::bound::Number;
use super::levels::{Level, Slot};

/// Memory of a level and of the groups in it.
#[derive(Debug, Clone)]
pub struct Frame<N> {
    pub(super) slots: Vec<Vec<N>>,
    pub(super) groups: Vec<GroupFrame<N>>,
}

/// That of a group: its level, the arguments of its switches, and the places of its deltas.
#[derive(Debug, Clone)]
pub(super) struct GroupFrame<N> {
    pub(super) level: Frame<N>,
    pub(super) look: Frame<f64>,
    pub(super) points: Option<Frame<N>>,
}

impl<N: Number> Frame<N> {
    pub(super) fn new(level: &Level) -> Frame<N> {
        Frame {
            slots: vec![Vec::new(); level.single.len()],
            groups: level
                .groups
                .iter()
                .map(|g| GroupFrame {
                    level: Frame::new(&g.level),
                    look: Frame::new(&g.look.level),
                    points: g.points.as_ref().map(Frame::new),
                })
                .collect(),
        }
    }

    pub(super) fn at(&self, slot: Slot, i: usize) -> N {
        match self.slots[slot].as_slice() {
            [x] => *x,
            xs => xs[i],
        }
    }
    /// What the level takes from the one around it, at the node `i` there.
    pub(super) fn import(&mut self, level: &Level, around: &Frame<N>, i: usize) {
        for (from, to) in &level.imports {
            let x = around.at(*from, i);
            self.slots[*to].clear();
            self.slots[*to].push(x);
        }
    }
}
