//! Operations on numbers: sums, differences, products and negatives are all a b + c, so that long runs of them need no decision.

use super::Compiler;
use crate::language::function::{Combine, Function};
use crate::language::graph::{Node, Operation};
use crate::language::program::{Instruction, Register, ScalarOperation, ScalarRegisters, Section};

impl Compiler<'_> {
    /// The number of a node that is made of numbers.
    pub(super) fn emit_number(&mut self, node: Node, section: Section) -> Register {
        let (operation, operands) = match self.graph.operation(node) {
            Operation::Apply(Function::Negate, a) => (
                ScalarOperation::MultiplyAdd,
                [self.register_of(a), self.constant(-1.0), self.constant(-0.0)],
            ),
            Operation::Apply(f, a) => (ScalarOperation::Apply(f), [self.register_of(a); 3]),
            Operation::Combine(Combine::Add, a, b) if self.is_fused(a) || self.is_fused(b) => {
                let (product, other) = if self.is_fused(a) { (a, b) } else { (b, a) };
                let factors = self.factors(product);
                let Some((x, y)) = factors else { unreachable!("only products are fused into sums") };
                let operands = [x, y, other].map(|node| self.register_of(node));
                (ScalarOperation::MultiplyAdd, operands)
            }
            Operation::Combine(op, a, b) => {
                let (a, b) = (self.register_of(a), self.register_of(b));
                // −0 and the products with ±1 are exact, so that these are the sums, differences and products to the last bit.
                match op {
                    Combine::Multiply => (ScalarOperation::MultiplyAdd, [a, b, self.constant(-0.0)]),
                    Combine::Add => (ScalarOperation::MultiplyAdd, [a, self.constant(1.0), b]),
                    Combine::Subtract => (ScalarOperation::MultiplyAdd, [b, self.constant(-1.0), a]),
                    op => (ScalarOperation::Combine(op), [a, b, b]),
                }
            }
            _ => unreachable!("not an operation on one or two numbers"),
        };
        self.emit_scalar(section, operation, operands)
    }

    /// The factors of a product of numbers.
    pub(super) fn factors(&self, node: Node) -> Option<(Node, Node)> {
        match self.graph.operation(node) {
            Operation::Combine(Combine::Multiply, a, b) if self.graph.axes(node).is_none() => Some((a, b)),
            _ => None,
        }
    }

    /// A register that holds a number which is not a node.
    fn constant(&mut self, value: f64) -> Register {
        if let Some(known) = self.constants.get(&value.to_bits()) {
            return *known;
        }
        let register = self.register(value);
        self.constants.insert(value.to_bits(), register);
        register
    }

    /// Appends to the run of equal operations that ends the section, or begins a new run; the register of the result.
    fn emit_scalar(
        &mut self,
        section: Section,
        operation: ScalarOperation,
        [a, b, c]: [Register; 3],
    ) -> Register {
        let out = self.register(0.0);
        let at = self.program.scalars.len() as u32;
        let registers: ScalarRegisters = [a as u32, b as u32, c as u32, out as u32];
        self.program.scalars.push(registers);
        let list = self.list(section);
        match list.last_mut() {
            Some(Instruction::Scalars { operation: last, to, .. }) if *to == at && *last == operation => {
                *to = at + 1
            }
            _ => list.push(Instruction::Scalars { operation, from: at, to: at + 1 }),
        }
        out
    }
}
