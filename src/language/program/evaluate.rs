//! Levels at work: values of scalar expressions with rules that follow the integrands, with bounds, or with errors.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::bound::{Bounded, Number};
use super::choice::{Choice, Pattern, Points};
use super::find::{Places, find, interval};
use super::frame::{Frame, GroupFrame};
use super::levels::{Average, Group, Level, Levels, Slot, Step};
use super::measured::Measured;
use super::scale::Scales;
use super::tilt::{Nodes, Tilts};
use crate::average::{HALF_WIDTH, HIGH, LOW, Plan, rule};
use crate::language::function::{Combine, Function};
use crate::language::graph::Node;

/// Half the distance between the points on both sides of a zero at which what stands beside a delta is evaluated; jumps
/// at the zero itself are averaged.
const BESIDE: f64 = 1e-9;
/// The points beside a zero, in units of that, and what each counts in the mean of both sides: a kink in the zero itself, as where
/// branches of `where` are kept from what they cannot compute, makes the mean move with the distance, in first order not here.
const SIDES: [(f64, f64); 4] = [(-1.0, 2.0), (1.0, 2.0), (-2.0, -1.0), (2.0, -1.0)];
/// 1/(2√(2π)): the density, and the mean of two sides.
const HALF_DENSITY: f64 = 0.199_471_140_200_716_35;
/// The rule of averages that stand inside the arguments of switches, where only the places are asked for.
const INSIDE_SWITCHES: usize = 5;

struct Run<'a> {
    symbols: &'a [f64],
    /// Symbols from here on are known to half a unit in the last place only.
    first_unknown: usize,
    choice: Choice<'a>,
    measured: RefCell<Vec<Measured>>,
    /// Nodes used by all averages.
    nodes: RefCell<usize>,
    /// Places of the outermost groups.
    found: RefCell<Vec<Places>>,
}

impl Levels {
    /// Memory for numbers, or for numbers with bounds.
    pub fn frame<N: Number>(&self) -> Frame<N> {
        Frame::new(&self.top)
    }

    /// Values of the roots; how many nodes were used.
    pub fn evaluate(
        &self,
        frame: &mut Frame<f64>,
        symbols: &[f64],
        choice: Choice,
        values: &mut Vec<f64>,
    ) -> usize {
        let run = Run::new(symbols, usize::MAX, choice);
        run.level(&self.top, frame, &[], 0.0, choice, true);
        values.clear();
        values.extend(self.roots.iter().map(|r| frame.at(*r, 0)));
        run.nodes.into_inner()
    }

    /// The outermost averages, with their errors.
    pub fn measure(
        &self,
        frame: &mut Frame<f64>,
        symbols: &[f64],
        pattern: &Pattern,
        values: &mut Vec<f64>,
    ) -> Vec<Measured> {
        let choice = Choice::Panels(pattern, Points::Both);
        let run = Run::new(symbols, usize::MAX, choice);
        run.level(&self.top, frame, &[], 0.0, choice, true);
        values.clear();
        values.extend(self.roots.iter().map(|r| frame.at(*r, 0)));
        run.measured.into_inner()
    }

    /// Values of the roots with bounds: rounding of every operation, unknowns known to half a unit in the last place, and
    /// the given errors of the outermost averages.
    pub fn bounds(
        &self,
        frame: &mut Frame<Bounded>,
        symbols: &[f64],
        first_unknown: usize,
        choice: Choice,
        errors: &dyn Fn(usize) -> f64,
    ) -> Vec<Bounded> {
        let run = Run::new(symbols, first_unknown, choice);
        run.top_with_errors(&self.top, frame, errors);
        self.roots.iter().map(|r| frame.at(*r, 0)).collect()
    }

    /// Slots and nodes of the outermost averages.
    pub fn outermost(&self) -> Vec<(usize, Node)> {
        let averages = self.top.groups.iter().flat_map(|g| &g.averages);
        averages.map(|a| (a.out, a.node)).collect()
    }

    /// With the outermost averages given: the places of the integrands of every outermost group, and by what the error of
    /// every outermost average is multiplied when it is judged.
    pub fn inspect(
        &self,
        frame: &mut Frame<f64>,
        symbols: &[f64],
        given: &FxHashMap<Node, f64>,
        changes: &[f64],
    ) -> (Vec<Places>, Scales) {
        let choice = Choice::Given(given);
        let run = Run::new(symbols, usize::MAX, choice);
        run.level(&self.top, frame, &[], 0.0, choice, true);
        (run.found.into_inner(), self.scales(frame, changes, &[]))
    }

    /// By what the error of every outermost average is multiplied when it is judged, after an evaluation: 1 where it only
    /// enters sums and products; where it is divided by, raised to a power or its logarithm taken, its part in the relative
    /// error of what is; more where it is multiplied on its way to an output, or stands in an equation of small terms.
    /// `changes`: how much each equation, of the last roots, changes over the scale of the unknowns.
    /// What is known of the size of the integrands is taken from what was measured.
    pub fn scales(&self, frame: &Frame<f64>, changes: &[f64], measured: &[Measured]) -> Scales {
        let mut sizes: Vec<f64> =
            frame.slots.iter().map(|slot| slot.first().map_or(f64::NAN, |x| x.abs())).collect();
        for average in self.top.groups.iter().flat_map(|g| &g.averages) {
            if let Some(known) = measured.iter().find(|m| m.node == average.node) {
                sizes[average.out] = known.size;
            }
        }
        super::scale::scales(self, changes, &sizes, &|slot| frame.at(slot, 0))
    }
}

impl<'a> Run<'a> {
    fn new(symbols: &'a [f64], first_unknown: usize, choice: Choice<'a>) -> Run<'a> {
        Run {
            symbols,
            first_unknown,
            choice,
            measured: RefCell::default(),
            nodes: RefCell::default(),
            found: RefCell::default(),
        }
    }

    fn level<N: Number>(
        &self,
        level: &Level,
        frame: &mut Frame<N>,
        z: &[f64],
        trial: f64,
        choice: Choice,
        top: bool,
    ) {
        for step in &level.steps {
            self.step(level, frame, z, trial, choice, top, step);
        }
    }

    fn top_with_errors(&self, level: &Level, frame: &mut Frame<Bounded>, errors: &dyn Fn(usize) -> f64) {
        for step in &level.steps {
            self.step(level, frame, &[], 0.0, self.choice, false, step);
            if let Step::Group(g) = step {
                for average in &level.groups[*g].averages {
                    for x in &mut frame.slots[average.out] {
                        *x = Bounded::within(x.value, x.bound + errors(average.out));
                    }
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn step<N: Number>(
        &self,
        level: &Level,
        frame: &mut Frame<N>,
        z: &[f64],
        trial: f64,
        choice: Choice,
        top: bool,
        step: &Step,
    ) {
        let set = |frame: &mut Frame<N>, slot: Slot, x: N| {
            frame.slots[slot].clear();
            frame.slots[slot].push(x);
        };
        match *step {
            Step::Constant(x, out) => set(frame, out, N::exact(x)),
            Step::Symbol(symbol, out) => {
                let x = self.symbols.get(symbol).copied().unwrap_or(f64::NAN);
                let known = symbol < self.first_unknown;
                let bound = if known { 0.0 } else { 0.5 * f64::EPSILON * x.abs() };
                set(frame, out, N::within(x, bound));
            }
            Step::Coordinate(out) => {
                frame.slots[out].clear();
                frame.slots[out].extend(z.iter().map(|z| N::exact(*z)));
            }
            Step::Trial(out) => set(frame, out, N::exact(trial)),
            Step::Apply(f, a, out) => {
                let mut result = std::mem::take(&mut frame.slots[out]);
                N::apply_array(f, &frame.slots[a], &mut result);
                frame.slots[out] = result;
            }
            Step::Combine(op, a, b, out) => {
                let mut result = std::mem::take(&mut frame.slots[out]);
                N::combine_array(op, &frame.slots[a], &frame.slots[b], &mut result);
                frame.slots[out] = result;
            }
            Step::Join(op, all, out) => {
                let mut result = std::mem::take(&mut frame.slots[out]);
                N::join_array(op, all.map(|a| frame.slots[a].as_slice()), &mut result);
                frame.slots[out] = result;
            }
            Step::Implicit { ref solver, ref inputs, given, out } => {
                let mut result = std::mem::take(&mut frame.slots[out]);
                let count = if level.single[out] { 1 } else { z.len() };
                let inputs: Vec<&[N]> = inputs.iter().map(|slot| frame.slots[*slot].as_slice()).collect();
                let given = given.map(|slot| frame.slots[slot].as_slice());
                N::implicit(solver, &inputs, given, count, &mut result);
                frame.slots[out] = result;
            }
            Step::Group(g) => {
                let group = &level.groups[g];
                let mut groups = std::mem::take(&mut frame.groups);
                let varies = group.averages.iter().any(|a| !level.single[a.out]);
                let count = if varies { z.len() } else { 1 };
                for average in &group.averages {
                    frame.slots[average.out].clear();
                }
                for i in 0..count {
                    let choice = match choice {
                        // Inner averages of a node follow the rule of the node.
                        Choice::Panels(pattern, Points::Both) if !top => {
                            let high = i % (HIGH + LOW) < HIGH;
                            Choice::Panels(pattern, if high { Points::High } else { Points::Low })
                        }
                        other => other,
                    };
                    self.group(group, &mut groups[g], frame, i, choice, top);
                }
                frame.groups = groups;
            }
        }
    }

    fn places(
        &self,
        group: &Group,
        look: &mut Frame<f64>,
        outer: &dyn Fn(Slot) -> f64,
        choice: Choice,
        top: bool,
    ) -> Places {
        for (from, to) in &group.look.level.imports {
            look.slots[*to].clear();
            look.slots[*to].push(outer(*from));
        }
        let choice = match choice {
            // Averages inside the arguments of switches.
            Choice::Given(_) => Choice::Ladder(rule(INSIDE_SWITCHES)),
            other => other.without_error(),
        };
        let switches = &group.look.switches;
        let mut at = |z: &[f64], trial: f64| -> Vec<Vec<f64>> {
            self.level(&group.look.level, look, z, trial, choice, false);
            let of = |slot: Slot| match look.slots[slot].as_slice() {
                [x] => vec![*x; z.len()],
                xs => xs.to_vec(),
            };
            switches.iter().map(|s| of(s.slot)).collect()
        };
        find(switches, top, &mut at)
    }

    #[allow(clippy::too_many_arguments)]
    fn group<N: Number>(
        &self,
        group: &Group,
        memory: &mut GroupFrame<N>,
        around: &mut Frame<N>,
        i: usize,
        choice: Choice,
        top: bool,
    ) {
        let outer = |slot: Slot| around.at(slot, i).value();
        let places = match choice {
            Choice::Ladder(_) if group.points.is_none() => Places::default(),
            _ => self.places(group, &mut memory.look, &outer, choice, top),
        };
        if let Choice::Given(values) = choice {
            for average in &group.averages {
                around.slots[average.out]
                    .push(N::exact(values.get(&average.node).copied().unwrap_or(f64::NAN)));
            }
            self.found.borrow_mut().push(places);
            return;
        }
        let nodes = nodes(group.variable, &places, choice, top);
        let Some(nodes) = nodes.filter(|_| !places.unbounded) else {
            for average in &group.averages {
                around.slots[average.out].push(N::exact(f64::NAN));
                if top && matches!(choice, Choice::Panels(_, Points::Both)) {
                    self.measured.borrow_mut().push(Measured::failed(group.variable, average));
                }
            }
            return;
        };
        *self.nodes.borrow_mut() += nodes.z.len();
        memory.level.import(&group.level, around, i);
        self.level(&group.level, &mut memory.level, &nodes.z, 0.0, choice, false);
        let at_points = match (&group.points, &mut memory.points) {
            (Some(points), Some(frame)) => {
                frame.import(points, around, i);
                let zeros = places.zeros.iter().flatten();
                let z: Vec<f64> =
                    zeros.flat_map(|z| SIDES.map(|(side, _)| z + side * BESIDE * (1.0 + z.abs()))).collect();
                if !z.is_empty() {
                    self.level(points, frame, &z, 0.0, choice.without_error(), false);
                }
                Some((&*frame, z))
            }
            _ => None,
        };
        let mut tilts = Tilts::new(&memory.level, &nodes);
        for average in &group.averages {
            let mut value = N::exact(0.0);
            if top && matches!(choice, Choice::Panels(_, Points::Both)) {
                let measured = Measured::new(group.variable, average, &mut tilts);
                value = N::exact(measured.value);
                self.measured.borrow_mut().push(measured);
            } else {
                for term in &average.smooth {
                    let term = tilts.sum(term.exponent, term.rest);
                    value = N::combine(Combine::Add, value, term);
                }
            }
            if let Some((frame, z)) = &at_points {
                value = with_deltas(value, average, &places, frame, z);
            }
            around.slots[average.out].push(value);
        }
    }
}

/// The nodes of a group, with their weights; none where there are too many panels.
fn nodes(variable: u8, places: &Places, choice: Choice, top: bool) -> Option<Nodes> {
    match choice {
        Choice::Ladder(rule) => Some(Nodes {
            z: rule.nodes.clone(),
            weights: rule.weights.clone(),
            plain: Vec::new(),
            panels: Vec::new(),
        }),
        Choice::Panels(pattern, points) => {
            let (from, to) = interval(places);
            let more = if top { f64::from(pattern.wider) * HALF_WIDTH } else { 0.0 };
            let (from, to) = (from - more, to + more);
            let own = pattern.refined.iter().filter(|(v, _)| *v == variable);
            let plan = Plan {
                from,
                to,
                cuts: places.cuts.clone(),
                sharp: places.sharp.clone(),
                refined: if top { own.map(|(_, r)| *r).collect() } else { Vec::new() },
                factor: if top { 1.0 } else { 0.5f64.powi(pattern.inner as i32) },
            };
            plan.panels().map(|panels| Nodes::on(panels, points))
        }
        Choice::Given(_) => None,
    }
}

/// The value of an average with what its deltas add: the mean of both sides of every zero, in the frame of the points
/// beside them, `z`.
fn with_deltas<N: Number>(
    mut value: N,
    average: &Average,
    places: &Places,
    frame: &Frame<N>,
    z: &[f64],
) -> N {
    for point in &average.deltas {
        let first: usize = places.zeros[..point.switch].iter().map(Vec::len).sum();
        for k in first..first + places.zeros[point.switch].len() {
            for (j, (_, counts)) in (SIDES.len() * k..).zip(SIDES) {
                let slope = N::apply(Function::Abs, frame.at(point.slope, j));
                let density = -0.5 * z[j] * z[j];
                let exponent = match point.exponent {
                    Some(e) => N::combine(Combine::Add, frame.at(e, j), N::exact(density)),
                    None => N::exact(density),
                };
                let weight = N::apply(Function::Exp, exponent);
                let weight = N::combine(Combine::Multiply, weight, N::exact(counts * HALF_DENSITY));
                let part = N::combine(Combine::Multiply, weight, frame.at(point.rest, j));
                let part = N::combine(Combine::Divide, part, slope);
                value = N::combine(Combine::Add, value, part);
            }
        }
    }
    value
}
