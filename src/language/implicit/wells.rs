//! The minima of what may have several: sought at many places of the range, on all scales, with the kinks between them and the ends of the
//! range; the lowest is meant.

use std::cell::RefCell;

use super::lanes::{Bracket, Lanes, STEPS, TINY};
use super::solver::{Seeks, Solver};

/// Places on both sides of 0: powers of √2 up to and down to 2 to this.
const SMALLEST: i32 = -12;
const LARGEST: i32 = 14;
/// Places over a finite range, evenly.
const EVENLY: usize = 48;
/// Places on both sides of a minimum that was found, at distances that double from 2 to minus this part of its size.
const AROUND: i32 = 8;
/// Of the second look, in units of the first: many times as many.
const CLOSER: usize = 7;
/// What is lower than the lowest minimum by more than this part of what is compared is lower.
const LOWER: f64 = 1e-11;
/// Two places that are the same minimum.
const SAME: f64 = 1e-9;
/// Newton steps to a kink: its argument is mostly affine.
const TO_KINK: usize = 8;
/// Batches of nodes that are remembered: the lowest minimum and its rivals are asked for one after the other.
const REMEMBERED: usize = 4;

/// A minimum.
#[derive(Debug, Clone, Copy)]
struct Well {
    at: f64,
    height: f64,
    /// The kink in which it sits, counted from 1; 0 in none.
    pin: usize,
}

/// The lowest minimum of a node, its kink, and the two between which it is decided, in their order.
#[derive(Debug, Clone, Copy)]
struct Chosen {
    lowest: f64,
    pin: usize,
    pair: [(f64, usize); 2],
    /// By how much the second of them lies above the first.
    gap: f64,
}

/// Inputs of a solver, and what was found for them.
type Remembered = (usize, Vec<Vec<f64>>, Vec<Chosen>);

thread_local! {
    static LAST: RefCell<Vec<Remembered>> = const { RefCell::new(Vec::new()) };
}

impl Solver {
    /// The numbers that are sought, at as many nodes as `out` has.
    pub(super) fn solve_for_wells(&self, inputs: &[&[f64]], out: &mut [f64]) {
        let chosen = self.chosen(inputs, out.len());
        for (out, chosen) in out.iter_mut().zip(chosen) {
            *out = match self.seeks {
                Seeks::Left => chosen.pair[0].0,
                Seeks::Right => chosen.pair[1].0,
                Seeks::Gap => chosen.gap,
                _ => chosen.lowest,
            };
        }
    }

    /// The kinks in which they sit.
    pub(super) fn pins_of_wells(&self, inputs: &[&[f64]], out: &mut [f64]) {
        let chosen = self.chosen(inputs, out.len());
        for (out, chosen) in out.iter_mut().zip(chosen) {
            let pin = match self.seeks {
                Seeks::Left => chosen.pair[0].1,
                Seeks::Right => chosen.pair[1].1,
                _ => chosen.pin,
            };
            *out = pin as f64;
        }
    }

    fn chosen(&self, inputs: &[&[f64]], count: usize) -> Vec<Chosen> {
        let known = LAST.with_borrow(|last| {
            let same = |(family, given, all): &&Remembered| {
                *family == self.family
                    && all.len() == count
                    && given.len() == inputs.len()
                    && given.iter().zip(inputs).all(|(a, b)| bits(a).eq(bits(b)))
            };
            last.iter().find(same).map(|(_, _, all)| all.clone())
        });
        if let Some(known) = known {
            return known;
        }
        let mut found = Vec::with_capacity(count);
        let mut sorted = Sorted::default();
        for node in 0..count {
            let own: Vec<f64> =
                inputs.iter().map(|input| if let [one] = input { *one } else { input[node] }).collect();
            found.push(Wells::new(self, &own).chosen(&mut sorted));
        }
        LAST.with_borrow_mut(|last| {
            last.truncate(REMEMBERED - 1);
            let given = inputs.iter().map(|input| input.to_vec()).collect();
            last.insert(0, (self.family, given, found.clone()));
        });
        found
    }

    /// Whether another, closer look at other places sees anything lower than a number.
    pub(super) fn sees_lower(&self, inputs: &[f64], number: f64) -> bool {
        if number.is_nan() {
            return false;
        }
        let mut wells = Wells::new(self, inputs);
        let [low, high] = wells.ends;
        let mut places = vec![number];
        for k in 0..CLOSER * (LARGEST - SMALLEST) as usize {
            let far = (f64::from(SMALLEST) + (k as f64 + 0.37) / CLOSER as f64).exp2();
            places.extend([far, -far, number + far, number - far]);
        }
        if (high - low).is_finite() {
            let many = CLOSER * EVENLY;
            places.extend((0..many).map(|k| low + (high - low) * (k as f64 + 0.37) / many as f64));
        }
        places.retain(|p| low <= *p && *p <= high);
        let heights = wells.heights(&places);
        let least = heights[0];
        heights.iter().any(|h| *h < least - LOWER * (h.abs() + least.abs()))
    }
}

fn bits(values: &[f64]) -> impl Iterator<Item = u64> + '_ {
    values.iter().map(|x| x.to_bits())
}

/// The places of a range in their order, of the range that was asked for last: most nodes have the same.
#[derive(Default)]
struct Sorted {
    ends: Option<[f64; 2]>,
    places: Vec<f64>,
}

impl Sorted {
    fn places(&mut self, wells: &Wells) -> Vec<f64> {
        if self.ends != Some(wells.ends) {
            (self.ends, self.places) = (Some(wells.ends), wells.in_order(wells.places()));
        }
        self.places.clone()
    }
}

/// One node, at which many places are looked at together.
struct Wells<'s> {
    lanes: Lanes<'s>,
    ends: [f64; 2],
}

impl<'s> Wells<'s> {
    fn new(solver: &'s Solver, inputs: &[f64]) -> Wells<'s> {
        let mut slots = vec![Vec::new(); solver.inputs + 1 + solver.steps.len()];
        for (slot, input) in slots.iter_mut().zip(inputs) {
            slot.push(*input);
        }
        slots[solver.inputs] = vec![0.0];
        solver.run(&mut slots, 0..solver.fixed);
        let mut lanes = Lanes { solver, slots, count: 1 };
        let ends = lanes.ends().map(|end| end[0]);
        Wells { lanes, ends }
    }

    /// The equation and its slope at places.
    fn equation(&mut self, places: &[f64]) -> Vec<(f64, f64)> {
        self.lanes.count = places.len();
        self.lanes.equation(places)
    }

    /// What is minimised, at places.
    fn heights(&mut self, places: &[f64]) -> Vec<f64> {
        let solver = self.lanes.solver;
        self.equation(places);
        solver.run(&mut self.lanes.slots, solver.smooth..solver.steps.len());
        let of = self.lanes.of(solver.objective);
        (0..places.len()).map(of).collect()
    }

    fn chosen(&mut self, sorted: &mut Sorted) -> Chosen {
        let [low, high] = self.ends;
        let nothing = Chosen { lowest: f64::NAN, pin: 0, pair: [(f64::NAN, 0); 2], gap: f64::NAN };
        if !(low <= high) {
            return nothing;
        }
        let mut wells = self.among(sorted.places(self));
        let Some(first) = lowest(&wells) else { return nothing };
        // On all scales around the lowest so far.
        let size = if first.at == 0.0 { 1.0 } else { first.at.abs() };
        let around: Vec<f64> = (-AROUND..4)
            .flat_map(|k| [first.at - size * f64::from(k).exp2(), first.at + size * f64::from(k).exp2()])
            .collect();
        let near = self.in_order(around.clone());
        wells = self.among(self.in_order([sorted.places(self), near].concat()));
        let Some(best) = lowest(&wells) else { return nothing };
        let apart = |w: &&Well| (w.at - best.at).abs() > SAME * w.at.abs().max(best.at.abs());
        let rivals: Vec<Well> = wells.iter().filter(apart).copied().collect();
        let other = lowest(&rivals).map(|w| (w.at, w.pin)).or_else(|| {
            let places = [self.places(), around].concat();
            self.bump(&places, best.at)
        });
        let own = (best.at, best.pin);
        let pair = match other {
            Some(other) if other.0 < best.at => [other, own],
            Some(other) => [own, other],
            None => [(f64::NAN, 0); 2],
        };
        let gap = match self.heights(&pair.map(|(at, _)| at))[..] {
            [left, right] if !pair[0].0.is_nan() => right - left,
            _ => f64::NAN,
        };
        Chosen { lowest: best.at, pin: best.pin, pair, gap }
    }

    /// A place at which what is minimised is not convex, the nearest to its only minimum: on that side another may come up.
    fn bump(&mut self, places: &[f64], at: f64) -> Option<(f64, usize)> {
        let [low, high] = self.ends;
        let places: Vec<f64> = places.iter().copied().filter(|p| low < *p && *p < high).collect();
        let slopes = self.equation(&places);
        let bent = places.iter().zip(slopes).filter(|(_, (_, slope))| *slope < 0.0);
        let apart = bent.filter(|(p, _)| (**p - at).abs() > SAME * p.abs().max(at.abs()));
        let nearest = apart.min_by(|(a, _), (b, _)| (**a - at).abs().total_cmp(&(**b - at).abs()));
        nearest.map(|(p, _)| (*p, 0))
    }

    /// Where it is looked first.
    fn places(&self) -> Vec<f64> {
        let [low, high] = self.ends;
        let mut places = vec![0.0];
        for k in 2 * SMALLEST..=2 * LARGEST {
            let far = (0.5 * f64::from(k)).exp2();
            places.extend([far, -far]);
            places.extend([low + far, high - far].into_iter().filter(|p| p.is_finite()));
        }
        if (high - low).is_finite() {
            places.extend((1..EVENLY).map(|k| low + (high - low) * k as f64 / EVENLY as f64));
        }
        places.extend([low, high].into_iter().filter(|end| end.is_finite()));
        places
    }

    /// Places of the range, each once. (Runs that are in order already make the work of a stable sort small.)
    fn in_order(&self, mut places: Vec<f64>) -> Vec<f64> {
        let [low, high] = self.ends;
        places.iter_mut().for_each(|p| *p += 0.0);
        places.retain(|p| low <= *p && *p <= high);
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    /// The minima among some places, which are in order.
    fn among(&mut self, mut places: Vec<f64>) -> Vec<Well> {
        let kinks = self.kinks(&places);
        if !kinks.is_empty() {
            places.retain(|p| kinks.iter().all(|(at, by, _)| (p - at).abs() > *by));
            places.extend(kinks.iter().flat_map(|(at, by, _)| [at - by, at + by]));
            places = self.in_order(places);
        }
        let values = self.equation(&places);
        let mut wells: Vec<Well> = Vec::new();
        let mut brackets: Vec<Bracket> = Vec::new();
        for k in 1..places.len() {
            let (a, b) = (values[k - 1].0, values[k].0);
            if !(a < 0.0 && b > 0.0) {
                continue;
            }
            // What lies between both sides of a kink is the kink.
            let inside = |(at, by, _): &&(f64, f64, usize)| places[k - 1] >= at - by && places[k] <= at + by;
            match kinks.iter().find(inside) {
                Some((at, _, pin)) => wells.push(Well { at: *at, height: 0.0, pin: *pin }),
                None => brackets.push(Bracket::between(places[k - 1], places[k])),
            }
        }
        wells.extend(
            places.iter().zip(&values).filter(|(_, v)| v.0 == 0.0 && v.1 > 0.0).map(|(at, _)| Well {
                at: *at,
                height: 0.0,
                pin: 0,
            }),
        );
        for step in 0..STEPS {
            if brackets.iter().all(|b| b.done) {
                break;
            }
            let at: Vec<f64> = brackets.iter().map(|b| b.at).collect();
            for (bracket, (value, slope)) in brackets.iter_mut().zip(self.equation(&at)) {
                if !bracket.done {
                    bracket.advance(value, slope, step);
                }
            }
        }
        let done = brackets.iter().filter(|b| b.done && !b.at.is_nan());
        wells.extend(done.map(|b| Well { at: b.at, height: 0.0, pin: 0 }));
        // At a point alone it may be lower than on both sides.
        for (at, by, pin) in &kinks {
            let [below, here, above] = self.heights(&[at - by, *at, at + by])[..] else { continue };
            let jump = below.min(above) - here;
            if jump > 1e3 * f64::EPSILON * (here.abs() + below.abs().min(above.abs())) {
                wells.push(Well { at: *at, height: 0.0, pin: *pin });
            }
        }
        self.at_ends(&mut wells);
        let at: Vec<f64> = wells.iter().map(|w| w.at).collect();
        if !at.is_empty() {
            for (well, height) in wells.iter_mut().zip(self.heights(&at)) {
                well.height = height;
            }
        }
        wells.retain(|w| !w.height.is_nan());
        wells.sort_by(|a, b| a.at.total_cmp(&b.at));
        wells
    }

    /// The ends of the range at which it rises from them.
    fn at_ends(&mut self, wells: &mut Vec<Well>) {
        let [low, high] = self.ends;
        let inner = self.lanes.inner_kinks();
        for (end, side, pin) in [(low, 1.0, inner + 1), (high, -1.0, inner + 2)] {
            if end.is_finite() && self.equation(&[end])[0].0 * side > 0.0 {
                wells.push(Well { at: end, height: 0.0, pin });
            }
        }
    }

    /// The kinks between places: where, how far beside them it is looked, and their number.
    fn kinks(&mut self, places: &[f64]) -> Vec<(f64, f64, usize)> {
        let mut kinks = Vec::new();
        let solver = self.lanes.solver;
        for kink in 0..self.lanes.inner_kinks() {
            self.equation(places);
            solver.run(&mut self.lanes.slots, solver.smooth..solver.bent);
            let arguments: Vec<f64> = {
                let of = self.lanes.of(solver.kinks[kink].zero[0]);
                (0..places.len()).map(of).collect()
            };
            for k in 1..places.len() {
                let (a, b) = (arguments[k - 1], arguments[k]);
                if a.is_nan() || b.is_nan() || (a > 0.0) == (b > 0.0) && a != 0.0 && b != 0.0 {
                    continue;
                }
                let mut at = if a == 0.0 { places[k - 1] } else { places[k] };
                let mut digits = 0.0;
                for _ in 0..TO_KINK {
                    self.lanes.count = 1;
                    let (next, known) = self.lanes.kink(kink, &[at]);
                    let moved = (next[0] - at).abs();
                    (at, digits) = (next[0], known[0]);
                    if moved <= digits || moved == 0.0 {
                        break;
                    }
                }
                if !(places[k - 1] <= at + digits && at - digits <= places[k]) {
                    continue;
                }
                let by = 2.0 * f64::max(digits, f64::EPSILON * at.abs()).max(TINY);
                let known =
                    |(other, near, _): &(f64, f64, usize)| (at - other).abs() <= 2.0 * f64::max(by, *near);
                if !kinks.iter().any(known) {
                    kinks.push((at + 0.0, by, kink + 1));
                }
            }
        }
        kinks
    }
}

/// The lowest of some minima; of those that are equal the first.
fn lowest(wells: &[Well]) -> Option<Well> {
    wells.iter().copied().min_by(|a, b| a.height.total_cmp(&b.height))
}
