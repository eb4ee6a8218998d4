//! Reuse of array slots: which instruction reads and writes what, and for how long a value is needed.

use rustc_hash::FxHashMap;

use super::{Instruction, Operand, Program, Slot};

impl Instruction {
    fn reads(&self) -> Vec<Slot> {
        let array = |o: &Operand| match o {
            Operand::Array(s) => Some(*s),
            Operand::Scalar(_) => None,
        };
        match self {
            Instruction::Scalars { .. } => vec![],
            Instruction::Join { all, .. } => all.iter().filter_map(array).collect(),
            Instruction::ApplyArray { a, .. }
            | Instruction::TanhSech2 { a, .. }
            | Instruction::Affine { a, .. }
            | Instruction::Expand { a, .. } => vec![*a],
            Instruction::CombineArray { a, b, .. } => array(a).into_iter().chain(array(b)).collect(),
            Instruction::Implicit { inputs, given, .. } => {
                inputs.iter().chain(given).filter_map(array).collect()
            }
            Instruction::Sum { weights, .. } => vec![*weights],
            Instruction::Reduce { weights, a, .. } => vec![*weights, *a],
            Instruction::Dots { weights, of } => of.iter().map(|(a, _)| *a).chain([*weights]).collect(),
            Instruction::Dot3 { weights, a, b, .. } => vec![*weights, *a, *b],
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
            Instruction::Scalars { .. } => vec![],
            Instruction::Join { all, out, .. } => all.iter_mut().chain([out]).filter_map(array).collect(),
            Instruction::ApplyArray { a, out, .. }
            | Instruction::Affine { a, out, .. }
            | Instruction::Expand { a, out, .. } => vec![a, out],
            Instruction::TanhSech2 { a, tanh, sech2 } => vec![a, tanh, sech2],
            Instruction::CombineArray { a, b, out, .. } => {
                array(a).into_iter().chain(array(b)).chain([out]).collect()
            }
            Instruction::Implicit { inputs, given, out, .. } => {
                inputs.iter_mut().chain(given).chain([out]).filter_map(array).collect()
            }
            Instruction::Sum { weights, .. } => vec![weights],
            Instruction::Dots { weights, of } => of.iter_mut().map(|(a, _)| a).chain([weights]).collect(),
            Instruction::Dot3 { weights, a, b, .. } => vec![weights, a, b],
            Instruction::Reduce { weights, a, out, .. } => vec![weights, a, out],
        }
    }
}

/// Gives the arrays of the unknowns that are no longer needed to later instructions of the same shape, so
/// that the working set stays in the nearest cache. Stages run one after the other, from the first at every new point.
pub(super) fn share_slots(program: &mut Program) {
    let mut last_read: FxHashMap<Slot, usize> = FxHashMap::default();
    let mut first_write: FxHashMap<Slot, usize> = FxHashMap::default();
    for (i, instruction) in program.stages.iter_mut().flatten().enumerate() {
        let reads = instruction.reads();
        for slot in &reads {
            last_read.insert(*slot, i);
        }
        for slot in instruction.slots_mut() {
            if !reads.contains(slot) {
                first_write.entry(*slot).or_insert(i);
            }
        }
    }
    let mut renamed: FxHashMap<Slot, Slot> = FxHashMap::default();
    let mut free: Vec<Slot> = Vec::new();
    for (i, instruction) in program.stages.iter_mut().flatten().enumerate() {
        // Outputs first take a free slot, so that no instruction reads what it writes.
        let mut written: Vec<Slot> =
            first_write.iter().filter(|(_, at)| **at == i).map(|(slot, _)| *slot).collect();
        written.sort_unstable();
        for slot in written {
            let axes = program.slots[slot];
            let reuse = free.iter().position(|f| program.slots[*f] == axes);
            renamed.insert(slot, reuse.map_or(slot, |r| free.swap_remove(r)));
        }
        let mut ended = instruction.reads();
        for slot in instruction.slots_mut() {
            if let Some(new) = renamed.get(slot) {
                *slot = *new;
            }
        }
        ended.sort_unstable();
        ended.dedup();
        for slot in ended {
            // Only what these sections wrote may be given away.
            if last_read.get(&slot) == Some(&i)
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
    let Program { rule, point, stages, .. } = program;
    for instruction in rule.iter_mut().chain(point).chain(stages.iter_mut().flatten()) {
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
    let Program { rule, point, stages, .. } = program;
    for instruction in rule.iter_mut().chain(point).chain(stages.iter_mut().flatten()) {
        for slot in instruction.slots_mut() {
            *slot = place[*slot];
        }
    }
    program.slots = slots;
}
