//! Graph nodes → levels: one for the scalars and one for every group of averages over a variable, so that each group
//! has nodes of its own, cut and clustered where its integrands ask for it, also where that depends on outer variables.
//!
//! The programs of `compile` are the fast way for rules that are the same everywhere; levels are the way for rules that
//! follow the integrand. What a level needs from further out it imports; averages of one level over the same variable that
//! do not depend on each other share their nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::places::{Kind, Look, switches};
use super::scale::averaged;
use super::terms::{Term, terms};
use crate::language::derivative::differentiate;
use crate::language::function::{Combine, Function, Join};
use crate::language::graph::{Axes, Graph, Node, Operation};
use crate::language::implicit::Solver;

/// A value, or one per node, of a level.
pub(super) type Slot = usize;

/// One operation of a level.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Constant(f64, Slot),
    Symbol(usize, Slot),
    /// The coordinate of the variable of the level.
    Coordinate(Slot),
    /// A variable that is averaged further in, at a trial value.
    Trial(Slot),
    Apply(Function, Slot, Slot),
    Combine(Combine, Slot, Slot, Slot),
    Join(Join, [Slot; 3], Slot),
    /// The numbers of an implicit definition; with them given, the kinks in which they sit.
    Implicit {
        solver: Arc<Solver>,
        inputs: Vec<Slot>,
        given: Option<Slot>,
        out: Slot,
    },
    /// The averages of a group, one after the other.
    Group(usize),
}

/// Straight-line operations over the nodes of one variable (or over single numbers, at the top).
#[derive(Debug, Clone, Default)]
pub(super) struct Level {
    pub(super) steps: Vec<Step>,
    /// Whether a slot is one number.
    pub(super) single: Vec<bool>,
    /// What comes from the level around it: (its slot there, slot here).
    pub(super) imports: Vec<(Slot, Slot)>,
    pub(super) groups: Vec<Group>,
}

/// Averages over one variable that share their nodes.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) variable: u8,
    pub(super) level: Level,
    pub(super) averages: Vec<Average>,
    /// Where the integrands bend, peak or are cut.
    pub(super) look: Look,
    /// What is evaluated at the zeros of the arguments of deltas.
    pub(super) points: Option<Level>,
}

/// An average: Σ of terms.
#[derive(Debug, Clone)]
pub(super) struct Average {
    /// Node of the graph.
    pub(super) node: Node,
    /// Where its value goes in the level around the group.
    pub(super) out: Slot,
    pub(super) smooth: Vec<Smooth>,
    pub(super) deltas: Vec<Point>,
}

/// E e^g f
#[derive(Debug, Clone, Copy)]
pub(super) struct Smooth {
    pub(super) exponent: Option<Slot>,
    pub(super) rest: Slot,
}

/// E δ(a) e^g f: f e^g/|a′| at the zeros of a; slots of the level of points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// Which of the places of the group are zeros of a.
    pub(super) switch: usize,
    pub(super) slope: Slot,
    pub(super) exponent: Option<Slot>,
    pub(super) rest: Slot,
}

/// Scalar expressions, compiled into levels.
#[derive(Debug, Clone)]
pub struct Levels {
    pub(super) top: Level,
    pub(super) roots: Vec<Slot>,
    /// How many of them, the first, are outputs.
    pub(super) outputs: usize,
    /// Whether any average has a kink, a jump or a delta: only rules that are cut there serve it.
    pub(super) cut: bool,
    /// Whether a slot of the top is made of averages.
    pub(super) averaged: Vec<bool>,
}

/// Where a level stands: its variable, and all variables from the outermost to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    variable: Option<u8>,
    around: Axes,
}

/// What an average needs.
#[derive(Debug, Clone)]
struct Needs {
    place: Place,
    terms: Vec<Term>,
    switches: Vec<(Kind, Node)>,
    imports: BTreeSet<Node>,
}

struct Builder<'g> {
    graph: &'g mut Graph,
    needs: FxHashMap<(Node, Axes), Needs>,
    cut: bool,
}

#[derive(Default)]
struct Plan {
    here: BTreeSet<Node>,
    imports: BTreeSet<Node>,
    averages: BTreeMap<Node, Needs>,
}

impl Levels {
    /// Compiles scalar roots, of which the first are outputs. The graph grows by the exponents and slopes of integrands.
    pub fn compile(graph: &mut Graph, roots: &[Node], outputs: usize) -> Levels {
        let mut builder = Builder { graph, needs: FxHashMap::default(), cut: false };
        let top = Place { variable: None, around: Axes::NONE };
        let (level, slots, _) = builder.level(top, roots);
        let averaged = averaged(&level);
        let roots = roots.iter().map(|r| slots[r]).collect();
        Levels { top: level, roots, outputs, cut: builder.cut, averaged }
    }

    /// Whether any average has a kink, a jump or a delta.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

impl Builder<'_> {
    fn plan(&mut self, place: Place, roots: &[Node]) -> Plan {
        let mut plan = Plan::default();
        let mut stack = roots.to_vec();
        while let Some(node) = stack.pop() {
            if plan.here.contains(&node) || plan.imports.contains(&node) {
                continue;
            }
            let axes = self.graph.axes(node);
            let operation = self.graph.operation(node);
            if let Operation::Constant(_) | Operation::Symbol(_) | Operation::Normal(_) = operation
                && !matches!(operation, Operation::Normal(v) if Some(v) != place.variable && place.around.contains(v))
            {
                plan.here.insert(node);
                continue;
            }
            if let Some(variable) = place.variable
                && !axes.contains(variable)
                && axes.iter().all(|v| place.around.contains(v))
            {
                plan.imports.insert(node);
                continue;
            }
            plan.here.insert(node);
            match operation {
                Operation::Average { variable, .. } => {
                    let needs = self.needs(node, variable, place.around);
                    stack.extend(&needs.imports);
                    plan.averages.insert(node, needs);
                }
                _ => stack.extend(self.graph.children(node)),
            }
        }
        plan
    }

    fn needs(&mut self, average: Node, variable: u8, around: Axes) -> Needs {
        if let Some(needs) = self.needs.get(&(average, around)) {
            return needs.clone();
        }
        let place = Place { variable: Some(variable), around: around.union(Axes::of(variable)) };
        let mut terms = terms(self.graph, average);
        for term in &mut terms {
            if let Some(delta) = &mut term.delta {
                let coordinate = self.graph.normal(variable);
                delta.slope = differentiate(self.graph, &[delta.argument], coordinate)[0];
            }
        }
        let switches = switches(self.graph, &terms, variable);
        self.cut |= switches.iter().any(|(kind, _)| kind.cuts());
        let mut roots: Vec<Node> = terms.iter().flat_map(Term::nodes).collect();
        roots.extend(switches.iter().map(|(_, node)| *node));
        let imports = self.plan(place, &roots).imports;
        let needs = Needs { place, terms, switches, imports };
        self.needs.insert((average, around), needs.clone());
        needs
    }

    /// A level, the slots of its nodes, and its imports in the order in which they are to be connected.
    fn level(&mut self, place: Place, roots: &[Node]) -> (Level, FxHashMap<Node, Slot>, Vec<(Node, Slot)>) {
        let plan = self.plan(place, roots);
        let mut level = Level::default();
        let mut slots: FxHashMap<Node, Slot> = FxHashMap::default();
        let mut imports = Vec::new();
        let slot_of = |graph: &Graph, level: &mut Level, node: Node| {
            let varies = place.variable.is_some_and(|v| graph.axes(node).contains(v));
            level.single.push(!varies);
            level.single.len() - 1
        };
        for node in &plan.imports {
            let slot = slot_of(self.graph, &mut level, *node);
            slots.insert(*node, slot);
            imports.push((*node, slot));
        }
        for node in &plan.here {
            let slot = slot_of(self.graph, &mut level, *node);
            slots.insert(*node, slot);
        }
        // How many averages stand, one within the other, between a node and its sources.
        let mut rank: FxHashMap<Node, usize> = FxHashMap::default();
        for node in &plan.here {
            let of = |n: &Node| rank.get(n).copied().unwrap_or(0);
            let own = match plan.averages.get(node) {
                Some(needs) => 1 + needs.imports.iter().map(of).max().unwrap_or(0),
                None => self.graph.children(*node).map(|c| of(&c)).max().unwrap_or(0),
            };
            rank.insert(*node, own);
        }
        let last = rank.values().copied().max().unwrap_or(0);
        for at in 0..=last {
            let mut grouped: BTreeMap<u8, Vec<Node>> = BTreeMap::new();
            for node in plan.averages.keys().filter(|n| rank[*n] == at) {
                if let Operation::Average { variable, .. } = self.graph.operation(*node) {
                    grouped.entry(variable).or_default().push(*node);
                }
            }
            for averages in grouped.into_values() {
                let group = self.group(&plan, &averages, &slots);
                level.groups.push(group);
                level.steps.push(Step::Group(level.groups.len() - 1));
            }
            for node in plan.here.iter().filter(|n| rank[*n] == at && !plan.averages.contains_key(n)) {
                let out = slots[node];
                level.steps.push(match self.graph.operation(*node) {
                    Operation::Constant(bits) => Step::Constant(f64::from_bits(bits), out),
                    Operation::Symbol(symbol) => Step::Symbol(symbol as usize, out),
                    Operation::Normal(v) if Some(v) == place.variable => Step::Coordinate(out),
                    Operation::Normal(_) => Step::Trial(out),
                    Operation::Apply(f, a) => Step::Apply(f, slots[&a], out),
                    Operation::Combine(op, a, b) => Step::Combine(op, slots[&a], slots[&b], out),
                    Operation::Join(op, all) => Step::Join(op, all.map(|a| slots[&a]), out),
                    Operation::Implicit(number) | Operation::Pin(number) => {
                        let implicit = self.graph.implicit_of(number);
                        let own = self.graph.find(Operation::Implicit(number)).filter(|own| own != node);
                        Step::Implicit {
                            solver: implicit.solver.clone(),
                            inputs: implicit.inputs.iter().map(|input| slots[input]).collect(),
                            given: own.map(|own| slots[&own]),
                            out,
                        }
                    }
                    Operation::Average { .. } => unreachable!("averages stand in groups"),
                });
            }
        }
        (level, slots, imports)
    }

    fn group(&mut self, plan: &Plan, averages: &[Node], around: &FxHashMap<Node, Slot>) -> Group {
        let place = plan.averages[&averages[0]].place;
        let connect = |mut level: Level, imports: Vec<(Node, Slot)>| {
            level.imports = imports.into_iter().map(|(node, slot)| (around[&node], slot)).collect();
            level
        };
        let needs: Vec<Needs> = averages.iter().map(|n| plan.averages[n].clone()).collect();
        let smooth = |t: &&Term| t.delta.is_none();
        let roots: Vec<Node> =
            needs.iter().flat_map(|n| n.terms.iter().filter(smooth).flat_map(Term::nodes)).collect();
        let (level, slots, imports) = self.level(place, &roots);
        let level = connect(level, imports);
        let mut all: Vec<(Kind, Node)> = needs.iter().flat_map(|n| n.switches.clone()).collect();
        all.sort_unstable();
        all.dedup();
        let looked: Vec<Node> = all.iter().map(|(_, node)| *node).collect();
        let (look, look_slots, imports) = self.level(place, &looked);
        let variable = place.variable.unwrap_or_default();
        let look = Look::new(self.graph, variable, place.around, connect(look, imports), &all, &look_slots);
        let at_points: Vec<Node> = needs
            .iter()
            .flat_map(|n| n.terms.iter().filter(|t| t.delta.is_some()).flat_map(Term::nodes))
            .collect();
        let (points, point_slots) = match at_points.is_empty() {
            true => (None, FxHashMap::default()),
            false => {
                let (points, slots, imports) = self.level(place, &at_points);
                (Some(connect(points, imports)), slots)
            }
        };
        let averages = averages
            .iter()
            .zip(&needs)
            .map(|(node, needs)| Average {
                node: *node,
                out: around[node],
                smooth: needs
                    .terms
                    .iter()
                    .filter(smooth)
                    .map(|t| Smooth { exponent: t.exponent.map(|e| slots[&e]), rest: slots[&t.rest] })
                    .collect(),
                deltas: needs
                    .terms
                    .iter()
                    .filter_map(|t| {
                        let delta = t.delta?;
                        let wanted = (Kind::Cut, delta.argument);
                        Some(Point {
                            switch: all.binary_search(&wanted).ok()?,
                            slope: point_slots[&delta.slope],
                            exponent: t.exponent.map(|e| point_slots[&e]),
                            rest: point_slots[&t.rest],
                        })
                    })
                    .collect(),
            })
            .collect();
        Group { variable, level, averages, look, points }
    }
}
