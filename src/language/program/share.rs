//! Reuse of array slots: which instruction reads and writes what, and for how long a value is needed.

use std::collections::{BTreeSet, HashMap};

use super::{Instruction, Operand, Program, Slot};

impl Instruction {
    fn reads(&self) -> [Option<Slot>; 3] {
        let array = |o: &Operand| match o {
            Operand::Array(s) => Some(*s),
            Operand::Scalar(_) => None,
        };
        match self {
            Instruction::Scalars { .. } | Instruction::Join { .. } => [None; 3],
            Instruction::JoinArray { all, .. } => [array(&all[0]), array(&all[1]), array(&all[2])],
            Instruction::ApplyArray { a, .. }
            | Instruction::TanhSech2 { a, .. }
            | Instruction::Affine { a, .. }
            | Instruction::Expand { a, .. } => [Some(*a), None, None],
            Instruction::CombineArray { a, b, .. } => [array(a), array(b), None],
            Instruction::Sum { weights, .. } => [Some(*weights), None, None],
            Instruction::Dot { weights, a, .. } | Instruction::Reduce { weights, a, .. } => {
                [Some(*weights), Some(*a), None]
            }
            Instruction::Dot3 { weights, a, b, .. } => [Some(*weights), Some(*a), Some(*b)],
        }
    }

    fn slots_mut(&mut self) -> Vec<&mut Slot> {
        fn array(o: &mut Operand) -> Option<&mut Slot> {
            match o {
                Operand::Array(s) => Some(s),
                Operand::Scalar(_) => None,
            }
        }
        match self {
            Instruction::Scalars { .. } | Instruction::Join { .. } => vec![],
            Instruction::JoinArray { all, out, .. } => {
                all.iter_mut().filter_map(array).chain([out]).collect()
            }
            Instruction::ApplyArray { a, out, .. }
            | Instruction::Affine { a, out, .. }
            | Instruction::Expand { a, out, .. } => vec![a, out],
            Instruction::TanhSech2 { a, tanh, sech2 } => vec![a, tanh, sech2],
            Instruction::CombineArray { a, b, out, .. } => {
                array(a).into_iter().chain(array(b)).chain([out]).collect()
            }
            Instruction::Sum { weights, .. } => vec![weights],
            Instruction::Dot { weights, a, .. } => vec![weights, a],
            Instruction::Dot3 { weights, a, b, .. } => vec![weights, a, b],
            Instruction::Reduce { weights, a, out, .. } => vec![weights, a, out],
        }
    }
}

/// Gives the arrays of the last section that are no longer needed to later instructions of the same shape, so
/// that the working set stays in the nearest cache.
pub(super) fn share_slots(program: &mut Program) {
    let mut last_read: HashMap<Slot, usize> = HashMap::new();
    let mut first_write: HashMap<Slot, usize> = HashMap::new();
    for (i, instruction) in program.unknowns.iter_mut().enumerate() {
        let reads = instruction.reads();
        for slot in reads.into_iter().flatten() {
            last_read.insert(slot, i);
        }
        for slot in instruction.slots_mut() {
            if !reads.contains(&Some(*slot)) {
                first_write.entry(*slot).or_insert(i);
            }
        }
    }
    // What the late section reads stays as it is.
    let kept: BTreeSet<Slot> = program
        .late
        .iter_mut()
        .flat_map(|i| i.slots_mut().into_iter().map(|s| *s).collect::<Vec<_>>())
        .collect();
    let mut renamed: HashMap<Slot, Slot> = HashMap::new();
    let mut free: Vec<Slot> = Vec::new();
    for i in 0..program.unknowns.len() {
        // Outputs first take a free slot, so that no instruction reads what it writes.
        let mut written: Vec<Slot> =
            first_write.iter().filter(|(_, at)| **at == i).map(|(slot, _)| *slot).collect();
        written.sort_unstable();
        for slot in written {
            let axes = program.slots[slot];
            let reuse = free.iter().position(|f| program.slots[*f] == axes).filter(|_| !kept.contains(&slot));
            renamed.insert(slot, reuse.map_or(slot, |r| free.swap_remove(r)));
        }
        let ended = program.unknowns[i].reads();
        for slot in program.unknowns[i].slots_mut() {
            if let Some(new) = renamed.get(slot) {
                *slot = *new;
            }
        }
        let mut ended: Vec<Slot> = ended.into_iter().flatten().collect();
        ended.dedup();
        for slot in ended {
            // Only what this section wrote may be given away.
            if last_read.get(&slot) == Some(&i)
                && !kept.contains(&slot)
                && let Some(new) = renamed.get(&slot)
                && !free.contains(new)
            {
                free.push(*new);
            }
        }
    }
    compact_slots(program);
}

/// Drops the slots that nothing uses any more.
fn compact_slots(program: &mut Program) {
    let mut used = vec![false; program.slots.len()];
    for slot in program.coordinates.iter().chain(&program.quadrature_weights) {
        used[*slot] = true;
    }
    let Program { rule, point, unknowns, late, .. } = program;
    for instruction in rule.iter_mut().chain(point).chain(unknowns).chain(late) {
        for slot in instruction.slots_mut() {
            used[*slot] = true;
        }
    }
    let mut place = vec![usize::MAX; used.len()];
    let mut slots = Vec::new();
    for (slot, axes) in program.slots.iter().enumerate() {
        if used[slot] {
            place[slot] = slots.len();
            slots.push(*axes);
        }
    }
    for slot in program.coordinates.iter_mut().chain(&mut program.quadrature_weights) {
        *slot = place[*slot];
    }
    let Program { rule, point, unknowns, late, .. } = program;
    for instruction in rule.iter_mut().chain(point).chain(unknowns).chain(late) {
        for slot in instruction.slots_mut() {
            *slot = place[*slot];
        }
    }
    program.slots = slots;
}
