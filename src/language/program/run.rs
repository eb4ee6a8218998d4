//! The execution of instructions.

use super::{Instruction, Operand, ScalarOperation, ScalarRegisters, Slot, Workspace};
use crate::language::function::{Combine, Join};
use crate::language::graph::{Axes, MAX_NORMALS};
use crate::language::implicit::Solver;
use crate::numeric;

/// One loop per operation, so that a run costs no decision per element.
fn run_scalars(operation: ScalarOperation, operands: &[ScalarRegisters], r: &mut [f64]) {
    match operation {
        ScalarOperation::MultiplyAdd => each(operands, r, |[a, b, c]| a * b + c),
        ScalarOperation::Combine(Combine::Divide) => each(operands, r, |[a, b, _]| a / b),
        ScalarOperation::Combine(op) => each(operands, r, |[a, b, _]| op.apply(a, b)),
        ScalarOperation::Apply(f) => each(operands, r, |[a, ..]| f.apply(a)),
    }
}

fn each(operands: &[ScalarRegisters], r: &mut [f64], value: impl Fn([f64; 3]) -> f64) {
    for [a, b, c, out] in operands {
        r[*out as usize] = value([a, b, c].map(|register| r[*register as usize]));
    }
}

pub(super) fn run(instructions: &[Instruction], scalars: &[ScalarRegisters], w: &mut Workspace) {
    for instruction in instructions {
        match *instruction {
            Instruction::Scalars { operation, from, to } => {
                run_scalars(operation, &scalars[from as usize..to as usize], &mut w.registers);
            }
            Instruction::ApplyArray { f, a, out } => w.write(out, |w, out| f.apply_to(&w.slots[a], out)),
            Instruction::CombineArray { op, a, b, out } => w.write(out, |w, out| {
                op.apply_to(w.of(a), w.of(b), out);
            }),
            Instruction::Join { op, all, out } => join(w, op, all, out),
            Instruction::TanhSech2 { a, tanh, sech2 } => w.write(tanh, |w, tanh| {
                w.write(sech2, |w, sech2| numeric::tanh_sech2_array(&w.slots[a], tanh, sech2));
            }),
            Instruction::Affine { offset, slope, a, out } => w.write(out, |w, out| {
                numeric::affine(w.registers[offset], w.registers[slope], &w.slots[a], out);
            }),
            Instruction::Expand { a, from, to, out } => w.write(out, |w, out| {
                expand(&w.slots[a], from, to, w.nodes, out);
            }),
            Instruction::Implicit { ref solver, ref inputs, given, out } => {
                implicit(w, solver, inputs, given, out)
            }
            Instruction::Sum { weights, out } => w.registers[out] = w.slots[weights].iter().sum(),
            Instruction::Dot { weights, a, out } => {
                w.registers[out] = numeric::dot(&w.slots[weights], &w.slots[a]);
            }
            Instruction::Dot3 { weights, a, b, out } => {
                w.registers[out] = numeric::dot3(&w.slots[weights], &w.slots[a], &w.slots[b]);
            }
            Instruction::Reduce { weights, a, axes, variable, out } => w.write(out, |w, out| {
                reduce(&w.slots[weights], &w.slots[a], axes, variable, w.nodes, out);
            }),
        }
    }
}

/// An operation on three numbers, or at every node.
fn join(w: &mut Workspace, op: Join, all: [Operand; 3], out: Operand) {
    w.write_operand(out, |w, out| {
        let all = all.map(|operand| w.of(operand));
        for (i, out) in out.iter_mut().enumerate() {
            *out = op.apply(all.map(|a| if let [a] = a { *a } else { a[i] }));
        }
    });
}

/// The numbers of an implicit definition, or the kinks in which those given sit.
fn implicit(w: &mut Workspace, solver: &Solver, inputs: &[Operand], given: Option<Operand>, out: Operand) {
    w.write_operand(out, |w, out| {
        let inputs: Vec<&[f64]> = inputs.iter().map(|input| w.of(*input)).collect();
        match given {
            Some(given) => solver.pins(&inputs, w.of(given), out),
            None => solver.solve(&inputs, out),
        }
    });
}

impl Workspace {
    /// Takes an array out, lets it be written, puts it back: the other arrays stay readable.
    fn write(&mut self, slot: Slot, fill: impl FnOnce(&mut Workspace, &mut [f64])) {
        let mut array = std::mem::take(&mut self.slots[slot]);
        fill(self, &mut array);
        self.slots[slot] = array;
    }

    /// The same with an array or a number.
    fn write_operand(&mut self, operand: Operand, fill: impl FnOnce(&mut Workspace, &mut [f64])) {
        match operand {
            Operand::Array(slot) => self.write(slot, fill),
            Operand::Scalar(register) => {
                let mut one = [f64::NAN];
                fill(self, &mut one);
                self.registers[register] = one[0];
            }
        }
    }

    /// One for all nodes, or one for each.
    fn of(&self, operand: Operand) -> &[f64] {
        match operand {
            Operand::Array(slot) => &self.slots[slot],
            Operand::Scalar(register) => std::slice::from_ref(&self.registers[register]),
        }
    }
}

/// Copies an array into a larger shape; axes are in increasing order, the last one varies fastest.
fn expand(a: &[f64], from: Axes, to: Axes, nodes: usize, out: &mut [f64]) {
    let mut strides = [0; MAX_NORMALS];
    let count = to.count() as usize;
    for (place, variable) in to.iter().enumerate() {
        if from.contains(variable) {
            let after = from.iter().filter(|v| *v > variable).count() as u32;
            strides[place] = nodes.pow(after);
        }
    }
    let [outer @ .., last] = &strides[..count] else { return };
    for (i, row) in out.chunks_exact_mut(nodes).enumerate() {
        let (mut rest, mut source) = (i, 0);
        for stride in outer.iter().rev() {
            source += (rest % nodes) * stride;
            rest /= nodes;
        }
        match last {
            0 => row.fill(a[source]),
            _ => row.copy_from_slice(&a[source..source + nodes]),
        }
    }
}

/// Σ over one axis with weights.
fn reduce(weights: &[f64], a: &[f64], axes: Axes, variable: u8, nodes: usize, out: &mut [f64]) {
    let after = axes.iter().filter(|v| *v > variable).count() as u32;
    let inner = nodes.pow(after);
    for (block, out) in a.chunks_exact(nodes * inner).zip(out.chunks_exact_mut(inner)) {
        if inner == 1 {
            out[0] = numeric::dot(weights, block);
        } else {
            out.fill(0.0);
            for (weight, row) in weights.iter().zip(block.chunks_exact(inner)) {
                out.iter_mut().zip(row).for_each(|(out, x)| *out += weight * x);
            }
        }
    }
}
