//! Levels at work: values of scalar expressions with rules that follow the integrands, with bounds, or with errors.

use std::cell::RefCell;
use std::collections::HashMap;

use super::bound::{Bounded, Number};
use super::find::{Places, find, interval};
use super::levels::{Average, Group, Level, Levels, Slot, Step};
use super::scale::Scales;
use super::tilt::{Nodes, Tilts, underflows};
use crate::average::{HALF_WIDTH, HIGH, LOW, Plan, Refined, Rule, rule};
use crate::language::function::{Combine, Function};
use crate::language::graph::Node;

/// Half the distance between the points on both sides of a zero at which what stands beside a delta is evaluated; jumps
/// at the zero itself are averaged.
const BESIDE: f64 = 1e-9;
/// Rounding of a sum over nodes, relative to the sum of the magnitudes.
const ROUNDING: f64 = 4.0 * f64::EPSILON;
/// The rule of averages that stand inside the arguments of switches, where only the places are asked for.
const INSIDE_SWITCHES: usize = 5;

/// Which points of the panels are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Points {
    /// The higher rule.
    High,
    /// The lower rule.
    Low,
    /// The rule for searches.
    Few,
    /// Both, for the error of the outermost averages.
    Both,
}

/// What was found out about the panels at a point: it stays as it is until it is asked for again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pattern {
    /// Stretches that need shorter panels, in outermost averages over a variable.
    pub refined: Vec<(u8, Refined)>,
    /// How often the panels of inner averages are halved.
    pub inner: u32,
    /// By how many half-widths the outermost intervals are longer at both ends.
    pub wider: u32,
}

/// The rule of an evaluation.
#[derive(Debug, Clone, Copy)]
pub enum Choice<'a> {
    /// A rule of the ladder, for all averages.
    Ladder(&'a Rule),
    /// Panels.
    Panels(&'a Pattern, Points),
    /// The outermost averages are given: only what is made of them is computed, and the places of their integrands found.
    Given(&'a HashMap<Node, f64>),
}

/// An outermost average, as measured with both rules.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The variable.
    pub variable: u8,
    /// Its node in the graph.
    pub node: Node,
    /// Its value.
    pub value: f64,
    /// Σ of the differences of both rules over the panels.
    pub error: f64,
    /// The part of it that lies at both ends of the interval.
    pub tails: f64,
    /// Σ of the magnitudes of the contributions of all nodes.
    pub size: f64,
    /// The rounding of its sum.
    pub rounding: f64,
    /// (from, to, difference, rounding) of each panel.
    pub panels: Vec<(f64, f64, f64, f64)>,
    /// Where the integrand is not a number or infinite.
    pub broken_at: Option<f64>,
}

/// Memory of a level and of the groups in it.
#[derive(Debug, Clone)]
pub struct Frame<N> {
    pub(super) slots: Vec<Vec<N>>,
    groups: Vec<GroupFrame<N>>,
}

#[derive(Debug, Clone)]
struct GroupFrame<N> {
    level: Frame<N>,
    look: Frame<f64>,
    points: Option<Frame<N>>,
}

impl<N: Number> Frame<N> {
    fn new(level: &Level) -> Frame<N> {
        Frame {
            slots: vec![Vec::new(); level.single.len()],
            groups: level
                .groups
                .iter()
                .map(|g| GroupFrame {
                    level: Frame::new(&g.level),
                    look: Frame::new(&g.look.level),
                    points: g.points.as_ref().map(Frame::new),
                })
                .collect(),
        }
    }

    pub(super) fn at(&self, slot: Slot, i: usize) -> N {
        match self.slots[slot].as_slice() {
            [x] => *x,
            xs => xs[i],
        }
    }
}

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
        symbols: &[f64],
        first_unknown: usize,
        choice: Choice,
        errors: &dyn Fn(usize) -> f64,
    ) -> Vec<Bounded> {
        let mut frame: Frame<Bounded> = self.frame();
        let run = Run::new(symbols, first_unknown, choice);
        run.top_with_errors(&self.top, &mut frame, errors);
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
        given: &HashMap<Node, f64>,
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
        let size = |slot: Slot| -> f64 {
            let average = self.top.groups.iter().flat_map(|g| &g.averages).find(|a| a.out == slot);
            let known = average.and_then(|a| measured.iter().find(|m| m.node == a.node));
            known.map_or(frame.at(slot, 0).abs(), |m| m.size)
        };
        super::scale::scales(&self.top, &self.roots, self.outputs, changes, &size, &|slot| frame.at(slot, 0))
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
            self.step(level, frame, z, trial, choice, top, *step);
        }
    }

    fn top_with_errors(&self, level: &Level, frame: &mut Frame<Bounded>, errors: &dyn Fn(usize) -> f64) {
        for step in &level.steps {
            self.step(level, frame, &[], 0.0, self.choice, false, *step);
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
        step: Step,
    ) {
        let set = |frame: &mut Frame<N>, slot: Slot, x: N| {
            frame.slots[slot].clear();
            frame.slots[slot].push(x);
        };
        match step {
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
                let count = all.map(|a| frame.slots[a].len()).into_iter().max().unwrap_or(0);
                result.clear();
                result.extend((0..count).map(|i| N::join(op, all.map(|a| frame.at(a, i)))));
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
            Choice::Panels(pattern, Points::Both) => Choice::Panels(pattern, Points::High),
            // Averages inside the arguments of switches.
            Choice::Given(_) => Choice::Ladder(rule(INSIDE_SWITCHES)),
            other => other,
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
        let nodes = match choice {
            Choice::Ladder(rule) => Some(Nodes {
                z: rule.nodes.clone(),
                weights: rule.weights.clone(),
                plain: Vec::new(),
                panels: Vec::new(),
            }),
            Choice::Panels(pattern, points) => {
                let (from, to) = interval(&places);
                let more = if top { f64::from(pattern.wider) * HALF_WIDTH } else { 0.0 };
                let (from, to) = (from - more, to + more);
                let plan = Plan {
                    from,
                    to,
                    cuts: places.cuts.clone(),
                    sharp: places.sharp.clone(),
                    refined: match top {
                        true => {
                            let own = pattern.refined.iter().filter(|(v, _)| *v == group.variable);
                            own.map(|(_, r)| *r).collect()
                        }
                        false => Vec::new(),
                    },
                    factor: if top { 1.0 } else { 0.5f64.powi(pattern.inner as i32) },
                };
                plan.panels().map(|panels| Nodes::on(panels, points))
            }
            Choice::Given(_) => None,
        };
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
        for (from, to) in &group.level.imports {
            let x = around.at(*from, i);
            memory.level.slots[*to].clear();
            memory.level.slots[*to].push(x);
        }
        self.level(&group.level, &mut memory.level, &nodes.z, 0.0, choice, false);
        let at_points = match (&group.points, &mut memory.points) {
            (Some(points), Some(frame)) => {
                for (from, to) in &points.imports {
                    let x = around.at(*from, i);
                    frame.slots[*to].clear();
                    frame.slots[*to].push(x);
                }
                let zeros = places.zeros.iter().flatten();
                let z: Vec<f64> = zeros
                    .flat_map(|z| [z - BESIDE * (1.0 + z.abs()), z + BESIDE * (1.0 + z.abs())])
                    .collect();
                let choice = match choice {
                    Choice::Panels(pattern, Points::Both) => Choice::Panels(pattern, Points::High),
                    other => other,
                };
                if !z.is_empty() {
                    self.level(points, frame, &z, 0.0, choice, false);
                }
                Some((&*frame, z))
            }
            _ => None,
        };
        let mut tilts = Tilts::new(&memory.level, &nodes);
        for average in &group.averages {
            let mut value = N::exact(0.0);
            if top && matches!(choice, Choice::Panels(_, Points::Both)) {
                let measured = self.measure(group.variable, average, &mut tilts);
                value = N::exact(measured.value);
                self.measured.borrow_mut().push(measured);
            } else {
                for term in &average.smooth {
                    let term = tilts.sum(term.exponent, term.rest);
                    value = N::combine(Combine::Add, value, term);
                }
            }
            if let Some((frame, z)) = &at_points {
                for point in &average.deltas {
                    let first: usize = places.zeros[..point.switch].iter().map(Vec::len).sum();
                    for k in first..first + places.zeros[point.switch].len() {
                        for j in [2 * k, 2 * k + 1] {
                            let slope = N::apply(Function::Abs, frame.at(point.slope, j));
                            let density = -0.5 * z[j] * z[j];
                            let exponent = match point.exponent {
                                Some(e) => N::combine(Combine::Add, frame.at(e, j), N::exact(density)),
                                None => N::exact(density),
                            };
                            let weight = N::apply(Function::Exp, exponent);
                            // 1/(2√(2π)): the mean of both sides.
                            let weight =
                                N::combine(Combine::Multiply, weight, N::exact(0.199_471_140_200_716_35));
                            let part = N::combine(Combine::Multiply, weight, frame.at(point.rest, j));
                            let part = N::combine(Combine::Divide, part, slope);
                            value = N::combine(Combine::Add, value, part);
                        }
                    }
                }
            }
            around.slots[average.out].push(value);
        }
    }

    fn measure<N: Number>(&self, variable: u8, average: &Average, tilts: &mut Tilts<N>) -> Measured {
        let nodes = tilts.nodes;
        let mut panels: Vec<(f64, f64, f64, f64)> =
            nodes.panels.iter().map(|(a, b)| (*a, *b, 0.0, 0.0)).collect();
        let (mut value, mut total, mut rounding, mut broken_at) = (0.0, 0.0, 0.0, None);
        let mut differences = vec![0.0; panels.len()];
        let mut tails = 0.0;
        for term in &average.smooth {
            let (scale, contributions, growth) = tilts.contributions(term.exponent, term.rest);
            // What vanishes at every node, but would not in a longer format, is not zero.
            if underflows(tilts.frame, term.rest, scale, &contributions) {
                rounding += f64::MIN_POSITIVE;
            }
            for (p, panel) in contributions.chunks_exact(HIGH + LOW).enumerate() {
                let high: f64 = panel[..HIGH].iter().sum();
                let low: f64 = panel[HIGH..].iter().sum();
                let size: f64 = panel[..HIGH].iter().map(|x| x.abs()).sum();
                // Nodes are rounded too: that moves what changes over a small width.
                let far = panels[p].0.abs().max(panels[p].1.abs());
                let first = p * (HIGH + LOW);
                let density = |i: usize| panel[i] / nodes.plain[first + i];
                let variation: f64 = (1..HIGH).map(|i| (density(i) - density(i - 1)).abs()).sum();
                // 2/√(2π)
                let moved = 0.797_884_560_802_865_4 * f64::EPSILON * far * variation;
                if p == 0 || p + 1 == nodes.panels.len() {
                    tails += size * scale;
                }
                value += high * scale;
                total += size * scale;
                differences[p] += (high - low) * scale;
                let own = ((ROUNDING + growth) * size + moved) * scale;
                panels[p].3 += own;
                rounding += own;
                if broken_at.is_none()
                    && let Some(i) = panel.iter().position(|x| !x.is_finite())
                {
                    broken_at = Some(nodes.z[p * (HIGH + LOW) + i]);
                }
            }
        }
        // What lies beyond is not more than what lies in the last panels, unless the average does not exist.
        let mut error = tails;
        for (panel, difference) in panels.iter_mut().zip(differences) {
            panel.2 = difference.abs();
            error += difference.abs();
        }
        Measured {
            variable,
            node: average.node,
            value,
            error,
            tails,
            size: total,
            rounding,
            panels,
            broken_at,
        }
    }
}

impl Measured {
    fn failed(variable: u8, average: &Average) -> Measured {
        Measured {
            variable,
            node: average.node,
            value: f64::NAN,
            error: f64::INFINITY,
            tails: 0.0,
            size: 0.0,
            rounding: 0.0,
            panels: Vec::new(),
            broken_at: None,
        }
    }

    /// Its error with its rounding; NaN is no small error.
    pub fn total(&self) -> f64 {
        let total = self.error + self.rounding;
        if total.is_nan() || !self.value.is_finite() { f64::INFINITY } else { total }
    }
}
