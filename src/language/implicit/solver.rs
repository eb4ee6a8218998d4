//! The number that an implicit definition stands for, at many nodes at once: a bracket, Newton's method inside it, and a bound.
//!
//! The equation is a short program over arrays, of which the part without the unknown runs once. Every lane has its own bracket; a step
//! that leaves it, or does not shrink it, is replaced by halving. A minimiser that sits in a kink is put there exactly.

use crate::language::function::{Combine, Function, Join};
use crate::language::graph::{Graph, Node, Operation};
use crate::language::program::{Bounded, Number};

/// A value of the program; the inputs come first, then the unknown.
type Slot = usize;

#[derive(Debug, Clone, Copy)]
enum Step {
    Constant(f64),
    Apply(Function, Slot),
    Combine(Combine, Slot, Slot),
    Join(Join, [Slot; 3]),
}

/// A small program that solves an equation.
#[derive(Debug, Clone)]
pub struct Solver {
    /// How many inputs there are; the unknown is the slot after them.
    inputs: usize,
    /// Each writes the slot after the last.
    steps: Vec<Step>,
    /// How many of them, the first, do not depend on the unknown; and how many are needed without the kinks.
    fixed: usize,
    smooth: usize,
    range: Option<[Slot; 2]>,
    /// The equation and its slope.
    zero: [Slot; 2],
    kinks: Vec<Kink>,
    /// Whether the equation rises through its root, as the slope of something minimal does.
    rising: bool,
}

/// Where what is minimised bends sharply.
#[derive(Debug, Clone)]
struct Kink {
    /// What vanishes there, and its slope.
    zero: [Slot; 2],
    /// The terms that it is made of, which say to how many digits it is known.
    terms: Vec<Slot>,
}

/// Beside a kink at 0.
const TINY: f64 = 1e-270;
/// Nodes that are solved together.
const LANES: usize = 128;
/// Brackets are sought up to 2 to this.
const DOUBLINGS: i32 = 60;
/// Newton steps and halvings: enough to halve any bracket to its last digit.
const STEPS: usize = 220;
/// Between two halvings of a bracket.
const PATIENCE: usize = 3;
/// Round-off of an argument, in units of the last place.
const ULPS: f64 = 4.0 * f64::EPSILON;
/// How often the range is looked through when a row is certified.
const LOOKED_AT: usize = 160;

impl Solver {
    pub(super) fn new(
        graph: &Graph,
        unknown: Node,
        inputs: &[Node],
        range: Option<[Node; 2]>,
        zero: [Node; 2],
        kinks: &[[Node; 2]],
        rising: bool,
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
        };
        let mut slots: std::collections::HashMap<Node, Slot> =
            inputs.iter().copied().chain([unknown]).zip(0..).collect();
        let ends: Vec<Node> = range.into_iter().flatten().collect();
        let smooth: Vec<Node> = zero.into_iter().chain(ends.iter().copied()).collect();
        let all: Vec<Node> = smooth.iter().copied().chain(kinks.iter().flatten().copied()).collect();
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
        add(&mut solver, graph.reachable(&all));
        solver.zero = zero.map(|node| slots[&node]);
        let kink = |pair: &[Node; 2]| Kink {
            zero: pair.map(|node| slots[&node]),
            terms: terms(graph, pair[0]).into_iter().map(|node| slots[&node]).collect(),
        };
        solver.kinks = kinks.iter().map(kink).collect();
        solver.range = range.map(|ends| ends.map(|node| slots[&node]));
        solver
    }

    /// The numbers at as many nodes as `out` has; an input is one number for all nodes, or one for each.
    pub fn solve(&self, inputs: &[&[f64]], out: &mut [f64]) {
        self.in_lanes(inputs, out, |lanes, out| lanes.solve(out));
    }

    /// In which kink each of these numbers sits: 0 in none.
    pub fn pins(&self, inputs: &[&[f64]], numbers: &[f64], out: &mut [f64]) {
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

    fn run<N: Number>(&self, slots: &mut [Vec<N>], steps: std::ops::Range<usize>) {
        for place in steps {
            let out = self.inputs + 1 + place;
            let mut result = std::mem::take(&mut slots[out]);
            match self.steps[place] {
                Step::Constant(x) => {
                    result.clear();
                    result.push(N::exact(x));
                }
                Step::Apply(f, a) => N::apply_array(f, &slots[a], &mut result),
                Step::Combine(op, a, b) => N::combine_array(op, &slots[a], &slots[b], &mut result),
                Step::Join(op, all) => N::join_array(op, all.map(|a| slots[a].as_slice()), &mut result),
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

    /// Where an equation changes sign more than once.
    fn several_roots(&self, inputs: &[&[f64]], numbers: &[f64]) -> Vec<bool> {
        let mut several = vec![0.0; numbers.len()];
        let mut first = 0;
        self.in_lanes(inputs, &mut several, |lanes, out| {
            let own = &numbers[first..first + out.len()];
            let ends = lanes.ends();
            let mut signs: Vec<Vec<(f64, f64)>> = vec![Vec::new(); out.len()];
            for k in 0..LOOKED_AT {
                let part = (k as f64 + 0.5) / LOOKED_AT as f64;
                let places: Vec<f64> = (0..out.len())
                    .map(|lane| {
                        let (low, high) = (ends[0][lane], ends[1][lane]);
                        if (high - low).is_finite() {
                            return low + part * (high - low);
                        }
                        // On both sides of the root, on all scales.
                        let far = (0.25 * (k / 2) as f64 - 6.0).exp2() * own[lane].abs().max(1.0);
                        (if k % 2 == 0 { own[lane] - far } else { own[lane] + far }).clamp(low, high)
                    })
                    .collect();
                let zero = lanes.equation(&places);
                for lane in 0..out.len() {
                    if zero[lane].0 != 0.0 && !zero[lane].0.is_nan() {
                        signs[lane].push((places[lane], zero[lane].0.signum()));
                    }
                }
            }
            for (out, mut signs) in out.iter_mut().zip(signs) {
                signs.sort_by(|a, b| a.0.total_cmp(&b.0));
                let changes = signs.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
                *out = f64::from(changes > 1);
            }
            first += out.len();
        });
        several.into_iter().map(|several| several != 0.0).collect()
    }
}

/// A few nodes with the memory in which they are solved.
struct Lanes<'s> {
    solver: &'s Solver,
    slots: Vec<Vec<f64>>,
    count: usize,
}

/// A bracket: where the equation has one sign, where it has the other, and where it is known to lie.
#[derive(Debug, Clone, Copy)]
struct Bracket {
    /// The end on the side of the root that the sign of `below` is from.
    from: f64,
    to: f64,
    /// The sign of the equation at `from`.
    sign: f64,
    /// The present guess.
    at: f64,
    done: bool,
    /// Its width when it was last halved, and at first.
    width: f64,
    first: f64,
}

impl Lanes<'_> {
    fn of(&self, slot: Slot) -> impl Fn(usize) -> f64 + '_ {
        let values = &self.slots[slot];
        move |lane| if let [one] = values.as_slice() { *one } else { values[lane] }
    }

    /// The ends of the range of every lane.
    fn ends(&mut self) -> [Vec<f64>; 2] {
        let solver = self.solver;
        match solver.range {
            None => [vec![f64::NEG_INFINITY; self.count], vec![f64::INFINITY; self.count]],
            Some(range) => range.map(|slot| {
                let of = self.of(slot);
                (0..self.count).map(of).collect()
            }),
        }
    }

    /// The equation and its slope at a place of every lane.
    fn equation(&mut self, places: &[f64]) -> Vec<(f64, f64)> {
        let solver = self.solver;
        self.slots[solver.inputs].clear();
        self.slots[solver.inputs].extend_from_slice(places);
        solver.run(&mut self.slots, solver.fixed..solver.smooth);
        let [value, slope] = solver.zero.map(|slot| self.of(slot));
        (0..self.count).map(|lane| (value(lane), slope(lane))).collect()
    }

    fn solve(&mut self, out: &mut [f64]) {
        let mut brackets = self.brackets(out);
        for step in 0..STEPS {
            if brackets.iter().all(|b| b.done) {
                break;
            }
            if step % 8 == 7 {
                self.put_into_kinks(&mut brackets);
            }
            let at: Vec<f64> = brackets.iter().map(|b| b.at).collect();
            let zero = self.equation(&at);
            for (bracket, (value, slope)) in brackets.iter_mut().zip(zero) {
                if !bracket.done {
                    bracket.advance(value, slope, step);
                }
            }
        }
        self.put_into_kinks(&mut brackets);
        for (out, bracket) in out.iter_mut().zip(&brackets) {
            *out = if bracket.done { bracket.at } else { f64::NAN };
        }
    }

    /// Brackets of the roots: the range, or what is found by doubling from its finite end or from 0.
    fn brackets(&mut self, out: &[f64]) -> Vec<Bracket> {
        let count = out.len();
        let rising = self.solver.rising;
        let [low, high] = self.ends();
        let start: Vec<f64> = (0..count)
            .map(|lane| match (low[lane].is_finite(), high[lane].is_finite()) {
                (true, _) => low[lane],
                (false, true) => high[lane],
                _ => 0.0,
            })
            .collect();
        let first = self.equation(&start);
        let mut brackets: Vec<Bracket> = (0..count)
            .map(|lane| Bracket {
                from: start[lane],
                to: f64::NAN,
                sign: first[lane].0.signum(),
                at: start[lane],
                done: first[lane].0 == 0.0,
                width: f64::INFINITY,
                first: 0.0,
            })
            .collect();
        // The end of a range at which what is minimised already rises is its minimum.
        for lane in 0..count {
            let bracket = &mut brackets[lane];
            let nothing = first[lane].0.is_nan() || !(low[lane] <= high[lane]);
            if nothing {
                (bracket.at, bracket.done) = (f64::NAN, true);
            } else if rising && low[lane].is_finite() && first[lane].0 > 0.0 {
                bracket.done = true;
            }
        }
        // Where the other end lies: at once where it is finite, else by doubling on both sides.
        for doubling in -1..DOUBLINGS {
            let open = |b: &Bracket| !b.done && b.to.is_nan();
            if !brackets.iter().any(open) {
                break;
            }
            for side in [1.0, -1.0] {
                let reach = if doubling < 0 { 0.5 } else { f64::from(doubling).exp2() };
                let place = |lane: usize| -> f64 {
                    match (low[lane].is_finite(), high[lane].is_finite()) {
                        (true, true) => high[lane],
                        _ => (start[lane] + side * reach).clamp(low[lane], high[lane]),
                    }
                };
                let places: Vec<f64> = (0..count).map(place).collect();
                // What rises is looked for on the side on which it is to change sign.
                let wanted = |b: &Bracket| !rising || (b.sign < 0.0) == (side > 0.0);
                if !(0..count).any(|lane| open(&brackets[lane]) && wanted(&brackets[lane])) {
                    continue;
                }
                let values = self.equation(&places);
                for lane in 0..count {
                    let bracket = &mut brackets[lane];
                    if !open(bracket) || !wanted(bracket) || values[lane].0.is_nan() {
                        continue;
                    }
                    if values[lane].0 == 0.0 {
                        (bracket.at, bracket.done) = (places[lane], true);
                    } else if values[lane].0.signum() != bracket.sign {
                        // The place before had the sign of the start.
                        let before = if doubling <= 0 { 0.0 } else { 0.5 * reach };
                        if !(low[lane].is_finite() && high[lane].is_finite()) {
                            bracket.from = (start[lane] + side * before).clamp(low[lane], high[lane]);
                        }
                        bracket.to = places[lane];
                        bracket.at = middle(bracket.from, bracket.to);
                        bracket.width = (bracket.to - bracket.from).abs();
                        bracket.first = bracket.width;
                    } else if low[lane].is_finite() && high[lane].is_finite() {
                        // Without a change of sign there is no root, or the minimum lies at the other end.
                        let falls = rising && values[lane].0 < 0.0;
                        (bracket.at, bracket.done) = (if falls { high[lane] } else { f64::NAN }, true);
                    }
                }
            }
        }
        for bracket in &mut brackets {
            if !bracket.done && bracket.to.is_nan() {
                (bracket.at, bracket.done) = (f64::NAN, true);
            }
        }
        brackets
    }

    /// Lanes whose minimum is a kink, at which the slope jumps through zero, are put there.
    fn put_into_kinks(&mut self, brackets: &mut [Bracket]) {
        let at: Vec<f64> = brackets.iter().map(|b| b.at).collect();
        for kink in 0..self.inner_kinks() {
            let (places, digits) = self.kink(kink, &at);
            let jumps = self.jumps(&places, &digits);
            for (lane, bracket) in brackets.iter_mut().enumerate() {
                let (low, high) = match bracket.done {
                    true => {
                        let near = 4.0 * digits[lane] + 2.0 * ULPS * (bracket.at.abs() + 0.1 * bracket.first);
                        (bracket.at - near, bracket.at + near)
                    }
                    false => (bracket.from.min(bracket.to), bracket.from.max(bracket.to)),
                };
                if jumps[lane] && low <= places[lane] && places[lane] <= high {
                    (bracket.at, bracket.done) = (places[lane], true);
                }
            }
        }
    }

    /// Kinks without the ends of the range.
    fn inner_kinks(&self) -> usize {
        let ends = if self.solver.rising && self.solver.range.is_some() { 2 } else { 0 };
        self.solver.kinks.len() - ends
    }

    /// The place of a kink by one step of Newton's method, its argument being mostly a difference; and to what it is known.
    fn kink(&mut self, kink: usize, at: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let solver = self.solver;
        self.equation(at);
        solver.run(&mut self.slots, solver.smooth..solver.steps.len());
        let [argument, slope] = solver.kinks[kink].zero.map(|slot| self.of(slot));
        let places = (0..at.len()).map(|lane| at[lane] - argument(lane) / slope(lane)).collect();
        let mut digits = vec![0.0f64; at.len()];
        for term in &solver.kinks[kink].terms {
            let term = self.of(*term);
            digits.iter_mut().enumerate().for_each(|(lane, size)| *size = size.max(term(lane).abs()));
        }
        let [_, slope] = solver.kinks[kink].zero.map(|slot| self.of(slot));
        digits.iter_mut().enumerate().for_each(|(lane, size)| *size *= ULPS / slope(lane).abs());
        (places, digits)
    }

    /// Whether the equation jumps through zero at a place that is known to some digits.
    fn jumps(&mut self, places: &[f64], digits: &[f64]) -> Vec<bool> {
        let beside = |side: f64| -> Vec<f64> {
            places
                .iter()
                .zip(digits)
                .map(|(x, by)| x + side * 2.0 * by.max(f64::EPSILON * x.abs()).max(TINY))
                .collect()
        };
        let (low, high) = (beside(-1.0), beside(1.0));
        let (below, above) = (self.equation(&low), self.equation(&high));
        (0..places.len())
            .map(|lane| {
                let ((a, slope_a), (b, slope_b)) = (below[lane], above[lane]);
                let moved = slope_a.abs().max(slope_b.abs()) * (high[lane] - low[lane]);
                a < 0.0 && b > 0.0 && a.abs().min(b) > 1e2 * moved
            })
            .collect()
    }

    fn pins(&mut self, numbers: &[f64], out: &mut [f64]) {
        let solver = self.solver;
        out.fill(0.0);
        let inner = self.inner_kinks();
        for kink in 0..inner {
            let (places, digits) = self.kink(kink, numbers);
            let jumps = self.jumps(&places, &digits);
            for lane in 0..out.len() {
                if jumps[lane] && (places[lane] - numbers[lane]).abs() <= 4.0 * digits[lane] {
                    out[lane] = kink as f64 + 1.0;
                }
            }
        }
        if inner < solver.kinks.len() {
            let [low, high] = self.ends();
            let zero = self.equation(numbers);
            for lane in 0..out.len() {
                if numbers[lane] == low[lane] && zero[lane].0 > 0.0 {
                    out[lane] = inner as f64 + 1.0;
                } else if numbers[lane] == high[lane] && zero[lane].0 < 0.0 {
                    out[lane] = inner as f64 + 2.0;
                }
            }
        }
    }
}

impl Bracket {
    fn advance(&mut self, value: f64, slope: f64, step: usize) {
        if value == 0.0 {
            self.done = true;
            return;
        }
        if value.is_nan() {
            (self.at, self.done) = (f64::NAN, true);
            return;
        }
        if value.signum() == self.sign {
            self.from = self.at
        } else {
            self.to = self.at
        }
        let width = (self.to - self.from).abs();
        // Where the root is 0, the digits that count are those of what it is made of.
        let smallest = 0.25 * ULPS * self.at.abs().max(1e-2 * self.first);
        let newton = self.at - value / slope;
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        // A step below the last digit ends at the root; so does a bracket of neighbours.
        if (newton - self.at).abs() <= smallest {
            (self.at, self.done) = (newton.clamp(low, high), true);
            return;
        }
        if width <= 2.0 * smallest
            || middle(self.from, self.to) == self.from
            || middle(self.from, self.to) == self.to
        {
            self.done = true;
            return;
        }
        let slow = step % PATIENCE == PATIENCE - 1 && width > 0.5 * self.width;
        if step % PATIENCE == PATIENCE - 1 {
            self.width = width;
        }
        let inside = low < newton && newton < high;
        self.at = if inside && !slow { newton } else { middle(self.from, self.to) };
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

/// Between two numbers: halfway, or halfway between their logarithms where they are far apart.
fn middle(a: f64, b: f64) -> f64 {
    let (low, high) = (a.abs().min(b.abs()), a.abs().max(b.abs()));
    if a * b > 0.0 && high > 1e3 * low { a.signum() * (low.sqrt() * high.sqrt()) } else { 0.5 * a + 0.5 * b }
}
