//! Graph nodes → instructions: sections, scheduling, fusion of products into sums.

use std::ops::Range;

use rustc_hash::FxHashMap;

mod scalars;

use super::schedule::schedule;
use super::share::share_slots;
use super::{Instruction, Operand, Program, Register, Section, Slot};
use crate::language::function::{Combine, Function};
use crate::language::graph::{Axes, Graph, Node, Operation};

/// Where the value of a node stands.
#[derive(Debug, Clone, Copy)]
enum Home {
    Register(Register),
    Slot(Slot),
}

pub(super) struct Compiler<'g> {
    graph: &'g Graph,
    first_unknown: usize,
    nodes: Vec<Node>,
    /// The first stage whose roots need a node.
    stage: FxHashMap<Node, usize>,
    section: FxHashMap<Node, Section>,
    home: FxHashMap<Node, Home>,
    uses: FxHashMap<Node, usize>,
    /// Nodes that are computed inside the instruction of their only user.
    fused: Vec<Node>,
    expanded: FxHashMap<(Node, Axes), Slot>,
    weighted: FxHashMap<(u8, Node), Slot>,
    weights: FxHashMap<u8, Slot>,
    coordinate: FxHashMap<u8, Slot>,
    /// Registers of numbers that are no nodes, by their bits.
    constants: FxHashMap<u64, Register>,
    program: Program,
}

impl<'g> Compiler<'g> {
    pub(super) fn new(
        graph: &'g Graph,
        roots: &[Node],
        stages: &[Range<usize>],
        first_unknown: usize,
    ) -> Self {
        let nodes = graph.reachable(roots);
        let mut uses: FxHashMap<Node, usize> = FxHashMap::default();
        for node in &nodes {
            for child in graph.children(*node) {
                *uses.entry(child).or_default() += 1;
            }
        }
        for root in roots {
            *uses.entry(*root).or_default() += 1;
        }
        let mut stage: FxHashMap<Node, usize> = FxHashMap::default();
        for (k, own) in stages.iter().enumerate().rev() {
            stage.extend(graph.reachable(&roots[own.clone()]).into_iter().map(|node| (node, k)));
        }
        Compiler {
            graph,
            first_unknown,
            nodes,
            stage,
            section: FxHashMap::default(),
            home: FxHashMap::default(),
            uses,
            fused: Vec::new(),
            expanded: FxHashMap::default(),
            weighted: FxHashMap::default(),
            weights: FxHashMap::default(),
            coordinate: FxHashMap::default(),
            constants: FxHashMap::default(),
            program: Program {
                rule: Vec::new(),
                point: Vec::new(),
                stages: vec![Vec::new(); stages.len()],
                scalars: Vec::new(),
                registers: Vec::new(),
                slots: Vec::new(),
                dimensions: 0,
                coordinates: Vec::new(),
                quadrature_weights: Vec::new(),
                point_symbols: Vec::new(),
                unknown_symbols: Vec::new(),
                roots: Vec::new(),
                averages: Vec::new(),
                average_nodes: Vec::new(),
                tanh_arrays: Vec::new(),
            },
        }
    }

    pub(super) fn compile(mut self, roots: &[Node]) -> Program {
        for node in self.nodes.clone() {
            let section = self.section_of(node);
            self.section.insert(node, section);
        }
        self.mark_fused();
        for node in schedule(self.graph, &self.nodes) {
            if !self.is_fused(node) && !self.home.contains_key(&node) {
                self.emit_node(node);
            }
        }
        self.program.roots = roots.iter().map(|r| self.register_of(*r)).collect();
        let mut averages: Vec<Register> = Vec::new();
        for node in &self.nodes {
            if matches!(self.graph.operation(*node), Operation::Average { .. })
                && let Some(Home::Register(r)) = self.home.get(node)
            {
                averages.push(*r);
                self.program.average_nodes.push(*node);
            }
        }
        self.program.averages = averages;
        self.program.stages.iter_mut().for_each(gather_sums);
        share_slots(&mut self.program);
        self.program.dimensions = self.program.slots.iter().map(|axes| axes.count()).max().unwrap_or(0);
        self.program
    }

    fn section_of(&self, node: Node) -> Section {
        let section = match self.graph.operation(node) {
            Operation::Symbol(s) if s as usize >= self.first_unknown => Section::Stage(0),
            Operation::Symbol(_) => Section::Point,
            _ => self.graph.children(node).map(|c| self.section[&c]).max().unwrap_or(Section::Rule),
        };
        if matches!(section, Section::Stage(_)) { Section::Stage(self.stage[&node]) } else { section }
    }

    /// Products that only one average needs go into a three-factor sum; `a + w z` becomes one pass, and one operation of numbers.
    fn mark_fused(&mut self) {
        for node in &self.nodes {
            let candidate = match self.graph.operation(*node) {
                Operation::Average { variable, body, .. } => {
                    let axes = Axes::of(variable);
                    self.product_of_arrays(body, axes).then_some(body)
                }
                Operation::Combine(Combine::Add, a, b) if self.graph.axes(*node).is_none() => {
                    [a, b].into_iter().find(|p| self.factors(*p).is_some() && self.may_be_fused(*p, *node))
                }
                Operation::Combine(Combine::Add, a, b) => {
                    [(a, b), (b, a)].into_iter().find_map(|(s, p)| self.scaled_array(s, p).map(|_| p))
                }
                _ => None,
            };
            self.fused.extend(candidate.filter(|candidate| self.may_be_fused(*candidate, *node)));
        }
        self.fused.sort_unstable();
    }

    /// Whether a node is needed by another alone, and computed when that is.
    fn may_be_fused(&self, node: Node, user: Node) -> bool {
        self.uses[&node] == 1 && self.section[&node] == self.section[&user]
    }

    fn is_fused(&self, node: Node) -> bool {
        self.fused.binary_search(&node).is_ok()
    }

    fn product_of_arrays(&self, node: Node, axes: Axes) -> bool {
        matches!(self.graph.operation(node), Operation::Combine(Combine::Multiply, a, b)
            if self.graph.axes(a) == axes && self.graph.axes(b) == axes)
    }

    /// For `offset + slope · array`: (slope, array).
    fn scaled_array(&self, offset: Node, product: Node) -> Option<(Node, Node)> {
        if !self.graph.axes(offset).is_none() {
            return None;
        }
        let Operation::Combine(Combine::Multiply, a, b) = self.graph.operation(product) else { return None };
        [(a, b), (b, a)]
            .into_iter()
            .find(|(s, x)| self.graph.axes(*s).is_none() && !self.graph.axes(*x).is_none())
    }

    fn register(&mut self, value: f64) -> Register {
        self.program.registers.push(value);
        self.program.registers.len() - 1
    }

    fn slot(&mut self, axes: Axes) -> Slot {
        self.program.slots.push(axes);
        self.program.slots.len() - 1
    }

    fn list(&mut self, section: Section) -> &mut Vec<Instruction> {
        match section {
            Section::Rule => &mut self.program.rule,
            Section::Point => &mut self.program.point,
            Section::Stage(k) => &mut self.program.stages[k],
        }
    }

    fn emit(&mut self, section: Section, instruction: Instruction) {
        self.list(section).push(instruction);
    }

    fn register_of(&self, node: Node) -> Register {
        match self.home[&node] {
            Home::Register(r) => r,
            Home::Slot(_) => unreachable!("an array where a scalar is needed: shapes are checked before"),
        }
    }

    /// The operand of an array operation whose result has the given axes; smaller arrays are expanded.
    fn operand(&mut self, node: Node, axes: Axes) -> Operand {
        match self.home[&node] {
            Home::Register(r) => Operand::Scalar(r),
            Home::Slot(s) if self.graph.axes(node) == axes => Operand::Array(s),
            Home::Slot(s) => {
                if let Some(slot) = self.expanded.get(&(node, axes)) {
                    return Operand::Array(*slot);
                }
                let out = self.slot(axes);
                let from = self.graph.axes(node);
                self.emit(self.section[&node], Instruction::Expand { a: s, from, to: axes, out });
                self.expanded.insert((node, axes), out);
                Operand::Array(out)
            }
        }
    }

    fn array_of(&mut self, node: Node, axes: Axes) -> Slot {
        match self.operand(node, axes) {
            Operand::Array(s) => s,
            Operand::Scalar(_) => unreachable!("a scalar where an array is needed"),
        }
    }

    fn coordinate(&mut self, variable: u8) -> Slot {
        if let Some(slot) = self.coordinate.get(&variable) {
            return *slot;
        }
        let slot = self.slot(Axes::of(variable));
        self.program.coordinates.push(slot);
        self.coordinate.insert(variable, slot);
        slot
    }

    fn quadrature_weights(&mut self, variable: u8) -> Slot {
        if let Some(slot) = self.weights.get(&variable) {
            return *slot;
        }
        let slot = self.slot(Axes::of(variable));
        self.program.quadrature_weights.push(slot);
        self.weights.insert(variable, slot);
        slot
    }

    /// Quadrature weights times a function of the variable, computed once per rule.
    fn weighted(&mut self, variable: u8, function: Node) -> Slot {
        if let Some(slot) = self.weighted.get(&(variable, function)) {
            return *slot;
        }
        let weights = self.quadrature_weights(variable);
        let slot = if self.graph.value_of(function) == Some(1.0) {
            weights
        } else {
            let (a, b) = (Operand::Array(weights), self.operand(function, Axes::of(variable)));
            let out = self.slot(Axes::of(variable));
            self.emit(Section::Rule, Instruction::CombineArray { op: Combine::Multiply, a, b, out });
            out
        };
        self.weighted.insert((variable, function), slot);
        slot
    }

    fn emit_node(&mut self, node: Node) {
        let section = self.section[&node];
        let axes = self.graph.axes(node);
        let home = match self.graph.operation(node) {
            Operation::Constant(bits) => Home::Register(self.register(f64::from_bits(bits))),
            Operation::Symbol(s) => {
                let register = self.register(f64::NAN);
                let s = s as usize;
                if s >= self.first_unknown {
                    self.program.unknown_symbols.push((s - self.first_unknown, register));
                } else {
                    self.program.point_symbols.push((s, register));
                }
                Home::Register(register)
            }
            Operation::Normal(variable) => Home::Slot(self.coordinate(variable)),
            Operation::Apply(..) | Operation::Combine(..) if axes.is_none() => {
                Home::Register(self.emit_number(node, section))
            }
            Operation::Join(op, all) => {
                let all = all.map(|a| self.operand(a, axes));
                let (home, out) = self.new_home(axes);
                self.emit(section, Instruction::Join { op, all, out });
                home
            }
            Operation::Implicit(number) | Operation::Pin(number) => self.emit_implicit(node, number, section),
            Operation::Apply(f, a) => Home::Slot(self.emit_apply(node, f, a, section)),
            Operation::Combine(op, a, b) => Home::Slot(self.emit_combine(node, op, a, b, section)),
            Operation::Average { variable, weight, body } => {
                self.emit_average(variable, weight, body, axes, section)
            }
        };
        self.home.insert(node, home);
    }

    fn emit_apply(&mut self, node: Node, f: Function, a: Node, section: Section) -> Slot {
        let axes = self.graph.axes(node);
        let argument = self.array_of(a, axes);
        let out = self.slot(axes);
        if matches!(f, Function::Tanh | Function::Sech2) {
            let other = if f == Function::Tanh { Function::Sech2 } else { Function::Tanh };
            let partner =
                self.graph.find(Operation::Apply(other, a)).filter(|p| self.section.contains_key(p));
            let first = partner.map_or(section, |p| section.min(self.section[&p]));
            if let Section::Stage(k) = first {
                self.program.tanh_arrays.push((k, axes));
            }
            if let Some(partner) = partner {
                let second = self.slot(axes);
                let (tanh, sech2) = if f == Function::Tanh { (out, second) } else { (second, out) };
                // Both are computed where the first of them is needed.
                self.emit(first, Instruction::TanhSech2 { a: argument, tanh, sech2 });
                self.home.insert(partner, Home::Slot(second));
                return out;
            }
        }
        self.emit(section, Instruction::ApplyArray { f, a: argument, out });
        out
    }

    fn emit_combine(&mut self, node: Node, op: Combine, a: Node, b: Node, section: Section) -> Slot {
        let axes = self.graph.axes(node);
        if op == Combine::Add {
            for (offset, product) in [(a, b), (b, a)] {
                if self.is_fused(product)
                    && let Some((slope, array)) = self.scaled_array(offset, product)
                {
                    let (offset, slope) = (self.register_of(offset), self.register_of(slope));
                    let array = self.array_of(array, axes);
                    let out = self.slot(axes);
                    self.emit(section, Instruction::Affine { offset, slope, a: array, out });
                    return out;
                }
            }
        }
        let (a, b) = (self.operand(a, axes), self.operand(b, axes));
        let out = self.slot(axes);
        self.emit(section, Instruction::CombineArray { op, a, b, out });
        out
    }

    /// Where a new value goes.
    fn new_home(&mut self, axes: Axes) -> (Home, Operand) {
        if axes.is_none() {
            let register = self.register(0.0);
            return (Home::Register(register), Operand::Scalar(register));
        }
        let slot = self.slot(axes);
        (Home::Slot(slot), Operand::Array(slot))
    }

    fn emit_implicit(&mut self, node: Node, number: u32, section: Section) -> Home {
        let axes = self.graph.axes(node);
        let implicit = self.graph.implicit_of(number);
        let inputs = implicit.inputs.iter().map(|input| self.operand(*input, axes)).collect();
        let own = self.graph.find(Operation::Implicit(number)).filter(|own| *own != node);
        let given = own.map(|own| self.operand(own, axes));
        let solver = implicit.solver.clone();
        let (home, out) = self.new_home(axes);
        self.emit(section, Instruction::Implicit { solver, inputs, given, out });
        home
    }

    fn emit_average(&mut self, variable: u8, weight: Node, body: Node, axes: Axes, section: Section) -> Home {
        let weights = self.weighted(variable, weight);
        if self.graph.axes(body).is_none() {
            // The body is 1: only a function of the variable is averaged.
            let out = self.register(0.0);
            self.emit(Section::Rule, Instruction::Sum { weights, out });
            return Home::Register(out);
        }
        let body_axes = self.graph.axes(body);
        if axes.is_none() {
            let out = self.register(0.0);
            if self.is_fused(body)
                && let Operation::Combine(_, a, b) = self.graph.operation(body)
            {
                let (a, b) = (self.array_of(a, body_axes), self.array_of(b, body_axes));
                self.emit(section, Instruction::Dot3 { weights, a, b, out });
            } else {
                let a = self.array_of(body, body_axes);
                self.emit(section, Instruction::Dots { weights, of: vec![(a, out)] });
            }
            return Home::Register(out);
        }
        let a = self.array_of(body, body_axes);
        let out = self.slot(axes);
        self.emit(section, Instruction::Reduce { weights, a, axes: body_axes, variable, out });
        Home::Slot(out)
    }
}

/// Puts sums with the same weights together, as far as none is needed before: their additions then wait for each other less.
fn gather_sums(stage: &mut Vec<Instruction>) {
    let mut waiting: Vec<(Slot, Vec<(Slot, Register)>)> = Vec::new();
    for instruction in std::mem::take(stage) {
        match instruction {
            Instruction::Dots { weights, of } => {
                match waiting.iter_mut().find(|(known, _)| *known == weights) {
                    Some((_, all)) => all.extend(of),
                    None => waiting.push((weights, of)),
                }
                continue;
            }
            // Numbers are read by many; arrays of arrays alone need none.
            Instruction::TanhSech2 { .. }
            | Instruction::ApplyArray { .. }
            | Instruction::Expand { .. }
            | Instruction::Dot3 { .. }
            | Instruction::CombineArray { a: Operand::Array(_), b: Operand::Array(_), .. } => {}
            _ => {
                let sums = waiting.drain(..).map(|(weights, of)| Instruction::Dots { weights, of });
                stage.extend(sums);
            }
        }
        stage.push(instruction);
    }
    stage.extend(waiting.into_iter().map(|(weights, of)| Instruction::Dots { weights, of }));
}
