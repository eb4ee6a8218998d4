//! The execution of instructions.

use multiversion::multiversion;

use super::{Instruction, Operand, ScalarOperation, ScalarRegisters, Slot, Workspace};
use crate::language::function::{Combine, Join};
use crate::language::graph::{Axes, MAX_NORMALS};
use crate::language::implicit::Solver;
use crate::numeric::{self, inlined};

/// One loop per operation, so that a run costs no decision per element.
#[inline(always)]
fn run_scalars(operation: ScalarOperation, operands: &[ScalarRegisters], r: &mut [f64]) {
    match operation {
        ScalarOperation::MultiplyAdd => each(operands, r, |[a, b, c]| a * b + c),
        ScalarOperation::Combine(Combine::Divide) => each(operands, r, |[a, b, _]| a / b),
        ScalarOperation::Combine(op) => each(operands, r, |[a, b, _]| op.apply(a, b)),
        ScalarOperation::Apply(f) => each(operands, r, |[a, ..]| f.apply(a)),
    }
}

#[inline(always)]
fn each(operands: &[ScalarRegisters], r: &mut [f64], value: impl Fn([f64; 3]) -> f64) {
    for [a, b, c, out] in operands {
        r[*out as usize] = value([a, b, c].map(|register| r[*register as usize]));
    }
}

/// Runs instructions. The whole loop is compiled for each instruction set, so that the commonest need no call.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn run(instructions: &[Instruction], scalars: &[ScalarRegisters], w: &mut Workspace) {
    for instruction in instructions {
        match instruction {
            Instruction::Scalars { operation, from, to } => {
                run_scalars(*operation, &scalars[*from as usize..*to as usize], &mut w.registers);
            }
            Instruction::CombineArray { op, a, b, out } => {
                let mut array = std::mem::take(&mut w.slots[*out]);
                combine(*op, w.of(*a), w.of(*b), &mut array);
                w.slots[*out] = array;
            }
            Instruction::TanhSech2 { a, tanh, sech2 } => {
                let [mut t, mut s] = [tanh, sech2].map(|slot| std::mem::take(&mut w.slots[*slot]));
                inlined::tanh_sech2_array(&w.slots[*a], &mut t, &mut s);
                (w.slots[*tanh], w.slots[*sech2]) = (t, s);
            }
            Instruction::Affine { offset, slope, a, out } => {
                let mut array = std::mem::take(&mut w.slots[*out]);
                inlined::affine(w.registers[*offset], w.registers[*slope], &w.slots[*a], &mut array);
                w.slots[*out] = array;
            }
            Instruction::Dots { weights, of } => {
                let Workspace { registers, slots, .. } = w;
                let (fours, rest) = of.as_chunks::<4>();
                for four in fours {
                    let sums = inlined::dots(&slots[*weights], four.map(|(a, _)| slots[a].as_slice()));
                    four.iter().zip(sums).for_each(|((_, out), sum)| registers[*out] = sum);
                }
                for (a, out) in rest {
                    registers[*out] = inlined::dot(&slots[*weights], &slots[*a]);
                }
            }
            Instruction::Dot3 { weights, a, b, out } => {
                w.registers[*out] = inlined::dot3(&w.slots[*weights], &w.slots[*a], &w.slots[*b]);
            }
            other => run_rarer(other, w),
        }
    }
}

/// The commonest operations on arrays where they are called.
#[inline(always)]
fn combine(op: Combine, a: &[f64], b: &[f64], out: &mut [f64]) {
    match (op, a, b) {
        (Combine::Add, a, [b]) | (Combine::Add, [b], a) => inlined::add_number(a, *b, out),
        (Combine::Add, a, b) => inlined::add(a, b, out),
        (Combine::Multiply, a, [b]) | (Combine::Multiply, [b], a) => inlined::multiply_number(a, *b, out),
        (Combine::Multiply, a, b) => inlined::multiply(a, b, out),
        (op, a, b) => op.apply_to(a, b, out),
    }
}

fn run_rarer(instruction: &Instruction, w: &mut Workspace) {
    match *instruction {
        Instruction::ApplyArray { f, a, out } => w.write(out, |w, out| f.apply_to(&w.slots[a], out)),
        Instruction::Join { op, all, out } => join(w, op, all, out),
        Instruction::Expand { a, from, to, out } => w.write(out, |w, out| {
            expand(&w.slots[a], from, to, w.nodes, out);
        }),
        Instruction::Implicit { ref solver, ref inputs, given, out } => {
            implicit(w, solver, inputs, given, out)
        }
        Instruction::Sum { weights, out } => w.registers[out] = w.slots[weights].iter().sum(),
        Instruction::Reduce { weights, a, axes, variable, out } => w.write(out, |w, out| {
            reduce(&w.slots[weights], &w.slots[a], axes, variable, w.nodes, out);
        }),
        _ => unreachable!("the others are run where they stand"),
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
