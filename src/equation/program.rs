//! The compiled form of a set of graph nodes: straight-line instructions over scalars and whole arrays of
//! quadrature nodes.
//!
//! Instructions stand in sections by what they depend on: the quadrature rule alone, the point (parameters and
//! control), the unknowns; and what only the later roots need, which runs on demand. Only the section of the
//! unknowns runs at every evaluation, without allocation.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::function::{Combine, Function};
use super::graph::{Axes, Graph, MAX_NORMALS, Node, Operation};
use super::kernel;

/// A scalar register.
type Register = usize;
/// An array in the workspace.
type Slot = usize;

/// When an instruction runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Rule,
    Point,
    Unknowns,
    Late,
}

/// An operand of an array operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    Scalar(Register),
    Array(Slot),
}

#[derive(Debug, Clone, Copy)]
enum Instruction {
    /// A run of equal scalar operations.
    Scalars {
        operation: ScalarOperation,
        from: u32,
        to: u32,
    },
    ApplyArray {
        f: Function,
        a: Slot,
        out: Slot,
    },
    CombineArray {
        op: Combine,
        a: Operand,
        b: Operand,
        out: Slot,
    },
    TanhSech2 {
        a: Slot,
        tanh: Slot,
        sech2: Slot,
    },
    Affine {
        offset: Register,
        slope: Register,
        a: Slot,
        out: Slot,
    },
    Expand {
        a: Slot,
        from: Axes,
        to: Axes,
        out: Slot,
    },
    Sum {
        weights: Slot,
        out: Register,
    },
    Dot {
        weights: Slot,
        a: Slot,
        out: Register,
    },
    Dot3 {
        weights: Slot,
        a: Slot,
        b: Slot,
        out: Register,
    },
    Reduce {
        weights: Slot,
        a: Slot,
        axes: Axes,
        variable: u8,
        out: Slot,
    },
}

/// A scalar operation; most of what stands between the averages is made of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ScalarOperation {
    Apply(Function),
    Combine(Combine),
}

/// Registers of one scalar operation: operands (equal for one operand) and result.
type ScalarRegisters = [u32; 3];

/// A compiled set of scalar expressions.
#[derive(Debug, Clone)]
pub struct Program {
    rule: Vec<Instruction>,
    point: Vec<Instruction>,
    unknowns: Vec<Instruction>,
    late: Vec<Instruction>,
    scalars: Vec<ScalarRegisters>,
    registers: Vec<f64>,
    /// Axes of each slot, which give its length.
    slots: Vec<Axes>,
    coordinates: Vec<Slot>,
    quadrature_weights: Vec<Slot>,
    point_symbols: Vec<(usize, Register)>,
    unknown_symbols: Vec<(usize, Register)>,
    roots: Vec<Register>,
    averages: Vec<Register>,
    tanh_arrays: Vec<Axes>,
}

/// The memory in which a [`Program`] runs with one quadrature rule.
#[derive(Debug, Clone)]
pub struct Workspace {
    registers: Vec<f64>,
    slots: Vec<Vec<f64>>,
    nodes: usize,
}

impl Program {
    /// Compiles the roots, which must be scalars. Symbols from `first_unknown` on are unknowns.
    pub fn compile(graph: &Graph, roots: &[Node], first_unknown: usize) -> Program {
        Program::compile_in_two(graph, roots, roots.len(), first_unknown)
    }

    /// The same, where only the first `early` roots are computed by [`Program::evaluate`] and the others by
    /// [`Program::evaluate_late`].
    pub fn compile_in_two(graph: &Graph, roots: &[Node], early: usize, first_unknown: usize) -> Program {
        Compiler::new(graph, roots, early, first_unknown).compile(roots)
    }

    /// The largest number of normal variables that one array spans.
    pub fn dimensions(&self) -> u32 {
        self.slots.iter().map(|a| a.count()).max().unwrap_or(0)
    }

    /// How many values of tanh (with or without its derivative) one evaluation computes with `nodes` nodes.
    pub fn tanh_evaluations(&self, nodes: usize) -> usize {
        self.tanh_arrays.iter().map(|axes| size(*axes, nodes)).sum()
    }

    /// Memory for a quadrature rule, with everything that depends on the rule alone computed.
    pub fn workspace(&self, nodes: &[f64], weights: &[f64]) -> Workspace {
        let n = nodes.len();
        let mut workspace = Workspace {
            registers: self.registers.clone(),
            slots: self.slots.iter().map(|axes| vec![0.0; size(*axes, n)]).collect(),
            nodes: n,
        };
        for slot in &self.coordinates {
            workspace.slots[*slot].copy_from_slice(nodes);
        }
        for slot in &self.quadrature_weights {
            workspace.slots[*slot].copy_from_slice(weights);
        }
        run(&self.rule, &self.scalars, &mut workspace);
        workspace
    }

    /// Sets the parameters and the control; `symbols` are the values of the leading symbols.
    pub fn set_point(&self, workspace: &mut Workspace, symbols: &[f64]) {
        for (symbol, register) in &self.point_symbols {
            workspace.registers[*register] = symbols[*symbol];
        }
        run(&self.point, &self.scalars, workspace);
    }

    /// Evaluates at values of the unknowns.
    pub fn evaluate(&self, workspace: &mut Workspace, unknowns: &[f64]) {
        for (unknown, register) in &self.unknown_symbols {
            workspace.registers[*register] = unknowns[*unknown];
        }
        run(&self.unknowns, &self.scalars, workspace);
    }

    /// Computes the late roots after [`Program::evaluate`] at the same values.
    pub fn evaluate_late(&self, workspace: &mut Workspace) {
        run(&self.late, &self.scalars, workspace);
    }

    /// How many roots there are.
    pub fn roots(&self) -> usize {
        self.roots.len()
    }

    /// The value of a root after [`Program::evaluate`].
    pub fn value(&self, workspace: &Workspace, root: usize) -> f64 {
        workspace.registers[self.roots[root]]
    }

    /// The values of all averages that the roots are made of, in a fixed order.
    pub fn averages<'a>(&'a self, workspace: &'a Workspace) -> impl Iterator<Item = f64> + 'a {
        self.averages.iter().map(|r| workspace.registers[*r])
    }
}

fn size(axes: Axes, nodes: usize) -> usize {
    nodes.pow(axes.count())
}

/// Where the value of a node stands.
#[derive(Debug, Clone, Copy)]
enum Home {
    Register(Register),
    Slot(Slot),
}

struct Compiler<'g> {
    graph: &'g Graph,
    first_unknown: usize,
    nodes: Vec<Node>,
    /// Nodes that the early roots need.
    early: BTreeSet<Node>,
    section: HashMap<Node, Section>,
    home: HashMap<Node, Home>,
    uses: HashMap<Node, usize>,
    /// Nodes that are computed inside the instruction of their only user.
    fused: Vec<Node>,
    expanded: HashMap<(Node, Axes), Slot>,
    weighted: HashMap<(u8, Node), Slot>,
    weights: HashMap<u8, Slot>,
    coordinate: HashMap<u8, Slot>,
    program: Program,
}

impl<'g> Compiler<'g> {
    fn new(graph: &'g Graph, roots: &[Node], early: usize, first_unknown: usize) -> Self {
        let nodes = graph.reachable(roots);
        let mut uses: HashMap<Node, usize> = HashMap::new();
        for node in &nodes {
            for child in graph.children(*node) {
                *uses.entry(child).or_default() += 1;
            }
        }
        for root in roots {
            *uses.entry(*root).or_default() += 1;
        }
        Compiler {
            graph,
            first_unknown,
            nodes,
            early: graph.reachable(&roots[..early]).into_iter().collect(),
            section: HashMap::new(),
            home: HashMap::new(),
            uses,
            fused: Vec::new(),
            expanded: HashMap::new(),
            weighted: HashMap::new(),
            weights: HashMap::new(),
            coordinate: HashMap::new(),
            program: Program {
                rule: Vec::new(),
                point: Vec::new(),
                unknowns: Vec::new(),
                late: Vec::new(),
                scalars: Vec::new(),
                registers: Vec::new(),
                slots: Vec::new(),
                coordinates: Vec::new(),
                quadrature_weights: Vec::new(),
                point_symbols: Vec::new(),
                unknown_symbols: Vec::new(),
                roots: Vec::new(),
                averages: Vec::new(),
                tanh_arrays: Vec::new(),
            },
        }
    }

    fn compile(mut self, roots: &[Node]) -> Program {
        for node in self.nodes.clone() {
            let section = self.section_of(node);
            self.section.insert(node, section);
        }
        self.mark_fused();
        for node in self.schedule() {
            if self.fused.binary_search(&node).is_err() && !self.home.contains_key(&node) {
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
            }
        }
        self.program.averages = averages;
        share_slots(&mut self.program);
        self.program
    }

    /// An order of the nodes, children first, in which equal scalar operations stand together: a long sequence
    /// of changing operations is what a processor predicts worst.
    fn schedule(&self) -> Vec<Node> {
        let mut missing: HashMap<Node, usize> = HashMap::new();
        let mut parents: HashMap<Node, Vec<Node>> = HashMap::new();
        // Sources and arrays have no operation of their own here and come in the order of the graph.
        let mut ready: BTreeMap<Option<ScalarOperation>, BTreeSet<Node>> = BTreeMap::new();
        let kind = |node: Node| match self.graph.operation(node) {
            Operation::Apply(f, _) if self.graph.axes(node).is_none() => Some(ScalarOperation::Apply(f)),
            Operation::Combine(op, _, _) if self.graph.axes(node).is_none() => {
                Some(ScalarOperation::Combine(op))
            }
            _ => None,
        };
        for node in &self.nodes {
            let children: BTreeSet<Node> = self.graph.children(*node).collect();
            if children.is_empty() {
                ready.entry(kind(*node)).or_default().insert(*node);
            }
            missing.insert(*node, children.len());
            for child in children {
                parents.entry(child).or_default().push(*node);
            }
        }
        let mut order = Vec::with_capacity(self.nodes.len());
        loop {
            // All scalar operations that can run, the most numerous kind first; only then arrays.
            let scalars = ready.iter().filter(|(k, r)| k.is_some() && !r.is_empty());
            let next = scalars.max_by_key(|(_, r)| r.len()).map(|(k, _)| *k).unwrap_or(None);
            let Some(node) = ready.get_mut(&next).and_then(BTreeSet::pop_first) else { break };
            let mut batch = vec![node];
            while let Some(node) = batch.pop() {
                order.push(node);
                for parent in parents.remove(&node).unwrap_or_default() {
                    let count = missing.entry(parent).or_default();
                    *count -= 1;
                    if *count == 0 {
                        ready.entry(kind(parent)).or_default().insert(parent);
                    }
                }
                if next.is_some() {
                    batch.extend(ready.get_mut(&next).and_then(BTreeSet::pop_first));
                }
            }
        }
        order
    }

    fn section_of(&self, node: Node) -> Section {
        let section = match self.graph.operation(node) {
            Operation::Symbol(s) if s as usize >= self.first_unknown => Section::Unknowns,
            Operation::Symbol(_) => Section::Point,
            _ => self.graph.children(node).map(|c| self.section[&c]).max().unwrap_or(Section::Rule),
        };
        if section == Section::Unknowns && !self.early.contains(&node) { Section::Late } else { section }
    }

    /// Products that only one average needs go into a three-factor sum; `a + w z` becomes one pass.
    fn mark_fused(&mut self) {
        for node in &self.nodes {
            let candidate = match self.graph.operation(*node) {
                Operation::Average { variable, body, .. } => {
                    let axes = Axes::of(variable);
                    self.product_of_arrays(body, axes).then_some(body)
                }
                Operation::Combine(Combine::Add, a, b) => {
                    [(a, b), (b, a)].into_iter().find_map(|(s, p)| self.scaled_array(s, p).map(|_| p))
                }
                _ => None,
            };
            if let Some(candidate) = candidate
                && self.uses[&candidate] == 1
                && self.section[&candidate] == self.section[node]
            {
                self.fused.push(candidate);
            }
        }
        self.fused.sort_unstable();
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

    fn emit(&mut self, section: Section, instruction: Instruction) {
        match section {
            Section::Rule => self.program.rule.push(instruction),
            Section::Point => self.program.point.push(instruction),
            Section::Unknowns => self.program.unknowns.push(instruction),
            Section::Late => self.program.late.push(instruction),
        }
    }

    /// Appends to the run of equal operations that ends the section, or begins a new run.
    fn emit_scalar(&mut self, section: Section, operation: ScalarOperation, registers: ScalarRegisters) {
        let at = self.program.scalars.len() as u32;
        self.program.scalars.push(registers);
        let list = match section {
            Section::Rule => &mut self.program.rule,
            Section::Point => &mut self.program.point,
            Section::Unknowns => &mut self.program.unknowns,
            Section::Late => &mut self.program.late,
        };
        match list.last_mut() {
            Some(Instruction::Scalars { operation: last, to, .. }) if *to == at && *last == operation => {
                *to = at + 1
            }
            _ => list.push(Instruction::Scalars { operation, from: at, to: at + 1 }),
        }
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
            let values = self.operand(function, Axes::of(variable));
            let out = self.slot(Axes::of(variable));
            let instruction = Instruction::CombineArray {
                op: Combine::Multiply,
                a: Operand::Array(weights),
                b: values,
                out,
            };
            self.emit(Section::Rule, instruction);
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
            Operation::Apply(f, a) if axes.is_none() => {
                let a = self.register_of(a) as u32;
                let out = self.register(0.0);
                self.emit_scalar(section, ScalarOperation::Apply(f), [a, a, out as u32]);
                Home::Register(out)
            }
            Operation::Combine(op, a, b) if axes.is_none() => {
                let (a, b) = (self.register_of(a) as u32, self.register_of(b) as u32);
                let out = self.register(0.0);
                self.emit_scalar(section, ScalarOperation::Combine(op), [a, b, out as u32]);
                Home::Register(out)
            }
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
            if first == Section::Unknowns {
                self.program.tanh_arrays.push(axes);
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
                if self.fused.binary_search(&product).is_ok()
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
            if self.fused.binary_search(&body).is_ok()
                && let Operation::Combine(_, a, b) = self.graph.operation(body)
            {
                let (a, b) = (self.array_of(a, body_axes), self.array_of(b, body_axes));
                self.emit(section, Instruction::Dot3 { weights, a, b, out });
            } else {
                let a = self.array_of(body, body_axes);
                self.emit(section, Instruction::Dot { weights, a, out });
            }
            return Home::Register(out);
        }
        let a = self.array_of(body, body_axes);
        let out = self.slot(axes);
        self.emit(section, Instruction::Reduce { weights, a, axes: body_axes, variable, out });
        Home::Slot(out)
    }
}

impl Instruction {
    fn reads(&self) -> [Option<Slot>; 3] {
        let array = |o: &Operand| match o {
            Operand::Array(s) => Some(*s),
            Operand::Scalar(_) => None,
        };
        match self {
            Instruction::Scalars { .. } => [None; 3],
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
            Instruction::Scalars { .. } => vec![],
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
fn share_slots(program: &mut Program) {
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

/// One loop per operation, so that a run costs no decision per element.
fn run_scalars(operation: ScalarOperation, operands: &[ScalarRegisters], r: &mut [f64]) {
    macro_rules! each {
        ($($a:ident, $b:ident => $value:expr)?) => {
            for [a, b, out] in operands {
                $(let ($a, $b) = (r[*a as usize], r[*b as usize]);
                r[*out as usize] = $value;)?
            }
        };
    }
    match operation {
        ScalarOperation::Combine(Combine::Multiply) => each!(a, b => a * b),
        ScalarOperation::Combine(Combine::Add) => each!(a, b => a + b),
        ScalarOperation::Combine(Combine::Subtract) => each!(a, b => a - b),
        ScalarOperation::Combine(Combine::Divide) => each!(a, b => a / b),
        ScalarOperation::Combine(op) => each!(a, b => op.apply(a, b)),
        ScalarOperation::Apply(Function::Negate) => each!(a, _b => -a),
        ScalarOperation::Apply(f) => each!(a, _b => f.apply(a)),
    }
}

fn run(instructions: &[Instruction], scalars: &[ScalarRegisters], w: &mut Workspace) {
    for instruction in instructions {
        match *instruction {
            Instruction::Scalars { operation, from, to } => {
                run_scalars(operation, &scalars[from as usize..to as usize], &mut w.registers);
            }
            Instruction::ApplyArray { f, a, out } => w.write(out, |w, out| {
                let a = &w.slots[a];
                match f {
                    Function::Tanh => kernel::tanh_array(a, out),
                    Function::Sech2 => kernel::sech2_array(a, out),
                    f => out.iter_mut().zip(a).for_each(|(out, a)| *out = f.apply(*a)),
                }
            }),
            Instruction::CombineArray { op, a, b, out } => w.write(out, |w, out| combine(w, op, a, b, out)),
            Instruction::TanhSech2 { a, tanh, sech2 } => w.write(tanh, |w, tanh| {
                w.write(sech2, |w, sech2| kernel::tanh_sech2_array(&w.slots[a], tanh, sech2));
            }),
            Instruction::Affine { offset, slope, a, out } => w.write(out, |w, out| {
                kernel::affine(w.registers[offset], w.registers[slope], &w.slots[a], out);
            }),
            Instruction::Expand { a, from, to, out } => w.write(out, |w, out| {
                expand(&w.slots[a], from, to, w.nodes, out);
            }),
            Instruction::Sum { weights, out } => w.registers[out] = w.slots[weights].iter().sum(),
            Instruction::Dot { weights, a, out } => {
                w.registers[out] = kernel::dot(&w.slots[weights], &w.slots[a]);
            }
            Instruction::Dot3 { weights, a, b, out } => {
                w.registers[out] = kernel::dot3(&w.slots[weights], &w.slots[a], &w.slots[b]);
            }
            Instruction::Reduce { weights, a, axes, variable, out } => w.write(out, |w, out| {
                reduce(&w.slots[weights], &w.slots[a], axes, variable, w.nodes, out);
            }),
        }
    }
}

impl Workspace {
    /// Takes an array out, lets it be written, puts it back: the other arrays stay readable.
    fn write(&mut self, slot: Slot, fill: impl FnOnce(&mut Workspace, &mut [f64])) {
        let mut array = std::mem::take(&mut self.slots[slot]);
        fill(self, &mut array);
        self.slots[slot] = array;
    }
}

fn combine(w: &Workspace, op: Combine, a: Operand, b: Operand, out: &mut [f64]) {
    use Operand::{Array, Scalar};
    match (op, a, b) {
        (Combine::Add, Array(a), Array(b)) => kernel::add(&w.slots[a], &w.slots[b], out),
        (Combine::Add, Array(a), Scalar(s)) | (Combine::Add, Scalar(s), Array(a)) => {
            kernel::add_number(&w.slots[a], w.registers[s], out);
        }
        (Combine::Subtract, Array(a), Array(b)) => kernel::subtract(&w.slots[a], &w.slots[b], out),
        (Combine::Subtract, Array(a), Scalar(s)) => {
            kernel::subtract_number(&w.slots[a], w.registers[s], out);
        }
        (Combine::Subtract, Scalar(s), Array(a)) => {
            kernel::subtract_from_number(&w.slots[a], w.registers[s], out);
        }
        (Combine::Multiply, Array(a), Array(b)) => kernel::multiply(&w.slots[a], &w.slots[b], out),
        (Combine::Multiply, Array(a), Scalar(s)) | (Combine::Multiply, Scalar(s), Array(a)) => {
            kernel::multiply_number(&w.slots[a], w.registers[s], out);
        }
        (Combine::Divide, Array(a), Array(b)) => kernel::divide(&w.slots[a], &w.slots[b], out),
        (Combine::Divide, Array(a), Scalar(s)) => kernel::divide_number(&w.slots[a], w.registers[s], out),
        (Combine::Divide, Scalar(s), Array(a)) => {
            kernel::divide_into_number(&w.slots[a], w.registers[s], out);
        }
        (op, a, b) => {
            let value = |o: Operand, i: usize| match o {
                Array(s) => w.slots[s][i],
                Scalar(r) => w.registers[r],
            };
            for (i, out) in out.iter_mut().enumerate() {
                *out = op.apply(value(a, i), value(b, i));
            }
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
    for (i, out) in out.iter_mut().enumerate() {
        let (mut rest, mut source) = (i, 0);
        for stride in strides[..count].iter().rev() {
            source += (rest % nodes) * stride;
            rest /= nodes;
        }
        *out = a[source];
    }
}

/// Σ over one axis with weights.
fn reduce(weights: &[f64], a: &[f64], axes: Axes, variable: u8, nodes: usize, out: &mut [f64]) {
    let after = axes.iter().filter(|v| *v > variable).count() as u32;
    let inner = nodes.pow(after);
    for (block, out) in a.chunks_exact(nodes * inner).zip(out.chunks_exact_mut(inner)) {
        if inner == 1 {
            out[0] = kernel::dot(weights, block);
        } else {
            out.fill(0.0);
            for (weight, row) in weights.iter().zip(block.chunks_exact(inner)) {
                out.iter_mut().zip(row).for_each(|(out, x)| *out += weight * x);
            }
        }
    }
}
