//! The number that an implicit definition stands for, at many nodes at once: a bracket, Newton's method inside it, and a bound.
//!
//! The equation is a short program over arrays, of which the part without the unknown runs once. Every lane has its own bracket; a step
//! that leaves it, or does not shrink it, is replaced by halving. A minimiser that sits in a kink is put there exactly. Where there may be
//! several minima all of them are sought (`wells`).

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::lanes::Lanes;
use crate::language::function::{Combine, Function, Join};
use crate::language::graph::{Graph, Node, Operation};
use crate::language::program::{Bounded, Number};

/// A value of the program; the inputs come first, then the unknown.
pub(super) type Slot = usize;

#[derive(Debug, Clone)]
pub(super) enum Step {
    Constant(f64),
    Apply(Function, Slot),
    Combine(Combine, Slot, Slot),
    Join(Join, [Slot; 3]),
    /// A number that is found for each value of this one, or the kink in which it sits.
    Inner {
        solver: Arc<Solver>,
        inputs: Vec<Slot>,
        given: Option<Slot>,
    },
}

/// A small program that solves an equation.
#[derive(Debug, Clone)]
pub struct Solver {
    /// How many inputs there are; the unknown is the slot after them.
    pub(super) inputs: usize,
    /// Each writes the slot after the last.
    pub(super) steps: Vec<Step>,
    /// How many of them, the first, do not depend on the unknown; and how many are needed without the kinks.
    pub(super) fixed: usize,
    pub(super) smooth: usize,
    pub(super) range: Option<[Slot; 2]>,
    /// The equation and its slope.
    pub(super) zero: [Slot; 2],
    pub(super) kinks: Vec<Kink>,
    /// Whether the equation rises through its root, as the slope of something minimal does.
    pub(super) rising: bool,
    /// How many steps are needed without what is minimised; and that.
    pub(super) bent: usize,
    pub(super) objective: Slot,
    /// Which number it is.
    pub(super) seeks: Seeks,
    /// The condition that it shares with others.
    pub(super) family: usize,
}

/// Which number is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seeks {
    /// The only root of the equation.
    Root,
    /// The lowest of several minima.
    Lowest,
    /// Of the two minima between which it is decided that on the left, and that on the right.
    Left,
    Right,
    /// By how much the second of them lies above the first.
    Gap,
}

/// Where what is minimised bends sharply.
#[derive(Debug, Clone)]
pub(super) struct Kink {
    /// What vanishes there, and its slope.
    pub(super) zero: [Slot; 2],
    /// The terms that it is made of, which say to how many digits it is known.
    pub(super) terms: Vec<Slot>,
}

/// Nodes that are solved together.
const LANES: usize = 128;
/// Round-off of an argument, in units of the last place.
pub(super) const ULPS: f64 = 4.0 * f64::EPSILON;
/// How often the range is looked through when a row is certified.
const LOOKED_AT: usize = 160;

/// How many conditions there were: tells them apart where numbers are remembered.
static FAMILIES: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether an equation with more than one root was met on this thread.
    static SEVERAL: Cell<bool> = const { Cell::new(false) };
}

/// Whether an equation with more than one root is met in a computation with bounds.
pub fn meets_several(compute: impl FnOnce()) -> bool {
    SEVERAL.set(false);
    compute();
    SEVERAL.get()
}

impl Solver {
    pub(super) fn new(
        graph: &Graph,
        unknown: Node,
        inputs: &[Node],
        range: Option<[Node; 2]>,
        zero: [Node; 2],
        kinks: &[[Node; 2]],
        (rising, objective): (bool, Option<Node>),
    ) -> Solver {
        let mut solver = Solver {
            inputs: inputs.len(),
            steps: Vec::new(),
            fixed: 0,
            smooth: 0,
            range: None,
            zero: [0; 2],
            kinks: Vec::new(),
            rising,
            bent: 0,
            objective: 0,
            seeks: if objective.is_some() { Seeks::Lowest } else { Seeks::Root },
            family: FAMILIES.fetch_add(1, Ordering::Relaxed),
        };
        let mut slots: std::collections::HashMap<Node, Slot> =
            inputs.iter().copied().chain([unknown]).zip(0..).collect();
        let ends: Vec<Node> = range.into_iter().flatten().collect();
        let smooth: Vec<Node> = zero.into_iter().chain(ends.iter().copied()).collect();
        let bent: Vec<Node> = smooth.iter().copied().chain(kinks.iter().flatten().copied()).collect();
        let all: Vec<Node> = bent.iter().copied().chain(objective).collect();
        let moving = {
            let mut moving: std::collections::HashSet<Node> = std::collections::HashSet::from([unknown]);
            for node in graph.reachable(&all) {
                if graph.children(node).any(|child| moving.contains(&child)) {
                    moving.insert(node);
                }
            }
            moving
        };
        let mut add = |solver: &mut Solver, nodes: Vec<Node>| {
            for node in nodes {
                if slots.contains_key(&node) {
                    continue;
                }
                let step = match graph.operation(node) {
                    Operation::Constant(bits) => Step::Constant(f64::from_bits(bits)),
                    Operation::Apply(f, a) => Step::Apply(f, slots[&a]),
                    Operation::Combine(op, a, b) => Step::Combine(op, slots[&a], slots[&b]),
                    Operation::Join(op, all) => Step::Join(op, all.map(|a| slots[&a])),
                    Operation::Implicit(number) | Operation::Pin(number) => {
                        let inner = graph.implicit_of(number);
                        let own = graph.find(Operation::Implicit(number)).filter(|own| *own != node);
                        Step::Inner {
                            solver: inner.solver.clone(),
                            inputs: inner.inputs.iter().map(|input| slots[input]).collect(),
                            given: own.map(|own| slots[&own]),
                        }
                    }
                    // Every other node is an input.
                    _ => Step::Constant(f64::NAN),
                };
                slots.insert(node, solver.inputs + 1 + solver.steps.len());
                solver.steps.push(step);
            }
            solver.steps.len()
        };
        let still = graph.reachable(&all).into_iter().filter(|node| !moving.contains(node)).collect();
        solver.fixed = add(&mut solver, still);
        solver.smooth = add(&mut solver, graph.reachable(&smooth));
        solver.bent = add(&mut solver, graph.reachable(&bent));
        add(&mut solver, graph.reachable(&all));
        solver.objective = objective.map_or(0, |node| slots[&node]);
        solver.zero = zero.map(|node| slots[&node]);
        let kink = |pair: &[Node; 2]| Kink {
            zero: pair.map(|node| slots[&node]),
            terms: terms(graph, pair[0]).into_iter().map(|node| slots[&node]).collect(),
        };
        solver.kinks = kinks.iter().map(kink).collect();
        solver.range = range.map(|ends| ends.map(|node| slots[&node]));
        solver
    }

    /// The condition that it shares with others.
    pub fn family(&self) -> usize {
        self.family
    }

    /// The same that seeks another of the minima.
    pub(super) fn seeking(&self, seeks: Seeks) -> Solver {
        Solver { seeks, ..self.clone() }
    }

    /// The numbers at as many nodes as `out` has; an input is one number for all nodes, or one for each.
    pub fn solve(&self, inputs: &[&[f64]], out: &mut [f64]) {
        if self.seeks != Seeks::Root {
            return self.solve_for_wells(inputs, out);
        }
        self.in_lanes(inputs, out, |lanes, out| lanes.solve(out));
    }

    /// In which kink each of these numbers sits: 0 in none.
    pub fn pins(&self, inputs: &[&[f64]], numbers: &[f64], out: &mut [f64]) {
        if self.seeks != Seeks::Root {
            return self.pins_of_wells(inputs, out);
        }
        let mut first = 0;
        self.in_lanes(inputs, out, |lanes, out| {
            let own = if let [one] = numbers {
                vec![*one; out.len()]
            } else {
                numbers[first..first + out.len()].to_vec()
            };
            lanes.pins(&own, out);
            first += out.len();
        });
    }

    fn in_lanes(&self, inputs: &[&[f64]], out: &mut [f64], mut each: impl FnMut(&mut Lanes, &mut [f64])) {
        let mut lanes =
            Lanes { solver: self, slots: vec![Vec::new(); self.inputs + 1 + self.steps.len()], count: 0 };
        let mut first = 0;
        for out in out.chunks_mut(LANES) {
            for (slot, input) in lanes.slots.iter_mut().zip(inputs) {
                slot.clear();
                match input {
                    [one] => slot.push(*one),
                    all => slot.extend_from_slice(&all[first..first + out.len()]),
                }
            }
            lanes.count = out.len();
            lanes.slots[self.inputs] = vec![0.0; out.len()];
            self.run(&mut lanes.slots, 0..self.fixed);
            each(&mut lanes, out);
            first += out.len();
        }
    }

    pub(super) fn run<N: Number>(&self, slots: &mut [Vec<N>], steps: std::ops::Range<usize>) {
        for place in steps {
            let out = self.inputs + 1 + place;
            let mut result = std::mem::take(&mut slots[out]);
            match &self.steps[place] {
                Step::Constant(x) => {
                    result.clear();
                    result.push(N::exact(*x));
                }
                Step::Apply(f, a) => N::apply_array(*f, &slots[*a], &mut result),
                Step::Combine(op, a, b) => N::combine_array(*op, &slots[*a], &slots[*b], &mut result),
                Step::Join(op, all) => N::join_array(*op, all.map(|a| slots[a].as_slice()), &mut result),
                Step::Inner { solver, inputs, given } => {
                    let inputs: Vec<&[N]> = inputs.iter().map(|slot| slots[*slot].as_slice()).collect();
                    let count = inputs.iter().map(|input| input.len()).max().unwrap_or(1);
                    let given = given.map(|slot| slots[slot].as_slice());
                    N::implicit(solver, &inputs, given, count, &mut result);
                }
            }
            slots[out] = result;
        }
    }

    /// The numbers with bounds: how far the error of the equation moves its root. Where the equation has more than one root in its range
    /// nothing is known.
    pub fn bounded(&self, inputs: &[&[Bounded]], count: usize) -> Vec<Bounded> {
        let values: Vec<Vec<f64>> =
            inputs.iter().map(|input| input.iter().map(|x| x.value).collect()).collect();
        let slices: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let mut numbers = vec![0.0; count];
        self.solve(&slices, &mut numbers);
        if self.seeks == Seeks::Gap {
            return numbers.into_iter().map(Bounded::exact).collect();
        }
        let mut pins = vec![0.0; count];
        self.pins(&slices, &numbers, &mut pins);
        let mut slots: Vec<Vec<Bounded>> = vec![Vec::new(); self.inputs + 1 + self.steps.len()];
        for (slot, input) in slots.iter_mut().zip(inputs) {
            slot.extend_from_slice(input);
        }
        slots[self.inputs] = numbers.iter().map(|x| Bounded::exact(*x)).collect();
        self.run(&mut slots, 0..self.steps.len());
        let at = |slot: Slot, lane: usize| {
            if let [one] = slots[slot].as_slice() { *one } else { slots[slot][lane] }
        };
        let several = self.several_roots(&slices, &numbers);
        (0..count)
            .map(|lane| {
                let pair = match pins[lane] {
                    pin if pin > 0.0 => self.kinks[pin as usize - 1].zero,
                    _ => self.zero,
                };
                let [rest, slope] = pair.map(|slot| at(slot, lane));
                let steep = slope.value.abs() - slope.bound;
                let moved = (rest.value.abs() + rest.bound) / steep;
                let known = steep > 0.0 && !several[lane];
                let bound = if known { moved + ULPS * numbers[lane].abs() } else { f64::INFINITY };
                Bounded::within(numbers[lane], bound)
            })
            .collect()
    }

    /// Where an equation has another root.
    fn several_roots(&self, inputs: &[&[f64]], numbers: &[f64]) -> Vec<bool> {
        let mut alone = numbers.to_vec();
        match self.seeks {
            Seeks::Root => {
                self.in_lanes(inputs, &mut alone, |lanes, out| lanes.refuse_others(out, LOOKED_AT))
            }
            Seeks::Lowest => {
                for (lane, number) in alone.iter_mut().enumerate() {
                    let own: Vec<f64> =
                        inputs.iter().map(|i| if let [one] = i { *one } else { i[lane] }).collect();
                    if self.sees_lower(&own, *number) {
                        *number = f64::NAN;
                    }
                }
            }
            Seeks::Left | Seeks::Right | Seeks::Gap => {}
        }
        let several: Vec<bool> = alone
            .into_iter()
            .zip(numbers)
            .map(|(alone, number)| alone.is_nan() && !number.is_nan())
            .collect();
        SEVERAL.set(SEVERAL.get() || several.contains(&true));
        several
    }
}

/// The terms of a sum.
fn terms(graph: &Graph, sum: Node) -> Vec<Node> {
    match graph.operation(sum) {
        Operation::Combine(Combine::Add | Combine::Subtract, a, b) => {
            [terms(graph, a), terms(graph, b)].concat()
        }
        _ => vec![sum],
    }
}
