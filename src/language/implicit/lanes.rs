//! A few nodes that are solved together: a bracket for each, Newton's method inside it, and the kinks in which minima sit.

use super::solver::{Slot, Solver, ULPS};

/// Beside a kink at 0.
pub(super) const TINY: f64 = 1e-270;
/// Brackets are sought up to 2 to this.
const DOUBLINGS: i32 = 60;
/// Newton steps and halvings: enough to halve any bracket to its last digit.
pub(super) const STEPS: usize = 220;
/// At how many places it is looked whether a root is the only one. Without a range they are at distances, in units of the larger of 1 and
/// the root, from 2 to minus `NEAREST` up to 2 to `FARTHEST` less `NEAREST`.
const FEW: usize = 12;
const NEAREST: f64 = 4.0;
const FARTHEST: f64 = 18.0;
/// Between two halvings of a bracket.
const PATIENCE: usize = 3;

/// A few nodes with the memory in which they are solved.
pub(super) struct Lanes<'s> {
    pub(super) solver: &'s Solver,
    pub(super) slots: Vec<Vec<f64>>,
    pub(super) count: usize,
}

/// A bracket: where the equation has one sign, where it has the other, and where it is known to lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bracket {
    /// The end at which the equation has the sign below, and the other one.
    from: f64,
    to: f64,
    /// The sign of the equation at `from`.
    sign: f64,
    /// The present guess.
    pub(super) at: f64,
    pub(super) done: bool,
    /// Its width when it was last halved, and at first.
    width: f64,
    first: f64,
}

impl Lanes<'_> {
    pub(super) fn of(&self, slot: Slot) -> impl Fn(usize) -> f64 + '_ {
        let values = &self.slots[slot];
        move |lane| if let [one] = values.as_slice() { *one } else { values[lane] }
    }

    /// The ends of the range of every lane.
    pub(super) fn ends(&mut self) -> [Vec<f64>; 2] {
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
    pub(super) fn equation(&mut self, places: &[f64]) -> Vec<(f64, f64)> {
        let solver = self.solver;
        self.slots[solver.inputs].clear();
        self.slots[solver.inputs].extend_from_slice(places);
        solver.run(&mut self.slots, solver.fixed..solver.smooth);
        let [value, slope] = solver.zero.map(|slot| self.of(slot));
        (0..self.count).map(|lane| (value(lane), slope(lane))).collect()
    }

    pub(super) fn solve(&mut self, out: &mut [f64]) {
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
        self.refuse_others(out, FEW);
    }

    /// Makes no number of a root beside which the equation has another, as far as some places in the range tell: below a root it has
    /// one sign, and above it the other.
    pub(super) fn refuse_others(&mut self, roots: &mut [f64], looked_at: usize) {
        let ends = self.ends();
        let mut signs = vec![[0.0; 2]; roots.len()];
        let mut several = vec![false; roots.len()];
        for k in 0..looked_at {
            let part = (k as f64 + 0.5) / looked_at as f64;
            let place = |lane: usize| -> f64 {
                let (low, high) = (ends[0][lane], ends[1][lane]);
                if (high - low).is_finite() {
                    return low + part * (high - low);
                }
                // On both sides of the root, on all scales.
                let far = (FARTHEST * part - NEAREST).exp2() * roots[lane].abs().max(1.0);
                within(if k % 2 == 0 { roots[lane] - far } else { roots[lane] + far }, low, high)
            };
            let places: Vec<f64> = (0..roots.len()).map(place).collect();
            let values = self.equation(&places);
            for lane in 0..roots.len() {
                let (place, value) = (places[lane], values[lane].0);
                let near = (place - roots[lane]).abs() <= 1e-9 * roots[lane].abs();
                if near || value == 0.0 || value.is_nan() {
                    continue;
                }
                let side = usize::from(place > roots[lane]);
                let [own, other] = [signs[lane][side], signs[lane][1 - side]];
                several[lane] |= own * value < 0.0 || other * value > 0.0;
                signs[lane][side] = value.signum();
            }
        }
        for (root, several) in roots.iter_mut().zip(several) {
            *root = if several { f64::NAN } else { *root };
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
                        _ => within(start[lane] + side * reach, low[lane], high[lane]),
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
                    let whole = low[lane].is_finite() && high[lane].is_finite();
                    if values[lane].0.signum() != bracket.sign || values[lane].0 == 0.0 {
                        // The place before had the sign of the start.
                        let before = if doubling <= 0 || whole { 0.0 } else { side * 0.5 * reach };
                        let from = within(start[lane] + before, low[lane], high[lane]);
                        bracket.close(from, places[lane], values[lane].0);
                    } else if whole {
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
    pub(super) fn inner_kinks(&self) -> usize {
        let ends = if self.solver.rising && self.solver.range.is_some() { 2 } else { 0 };
        self.solver.kinks.len() - ends
    }

    /// The place of a kink by one step of Newton's method, its argument being mostly a difference; and to what it is known.
    pub(super) fn kink(&mut self, kink: usize, at: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let solver = self.solver;
        self.equation(at);
        solver.run(&mut self.slots, solver.smooth..solver.bent);
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

    pub(super) fn pins(&mut self, numbers: &[f64], out: &mut [f64]) {
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
    /// Between two places, at the first of which the equation is negative, at the second positive.
    pub(super) fn between(from: f64, to: f64) -> Bracket {
        let width = (to - from).abs();
        Bracket { from, to, sign: -1.0, at: middle(from, to), done: false, width, first: width }
    }

    /// The other end is found, where the equation has this value.
    fn close(&mut self, from: f64, to: f64, value: f64) {
        if value == 0.0 {
            (self.at, self.done) = (to, true);
            return;
        }
        (self.from, self.to, self.at) = (from, to, middle(from, to));
        self.width = (to - from).abs();
        self.first = self.width;
    }

    pub(super) fn advance(&mut self, value: f64, slope: f64, step: usize) {
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
            (self.at, self.done) = (within(newton, low, high), true);
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

/// A number moved into an interval; into one that is none as it comes.
fn within(x: f64, low: f64, high: f64) -> f64 {
    x.max(low).min(high)
}

/// Between two numbers: halfway, or halfway between their logarithms where they are far apart.
fn middle(a: f64, b: f64) -> f64 {
    let (low, high) = (a.abs().min(b.abs()), a.abs().max(b.abs()));
    if a * b > 0.0 && high > 1e3 * low { a.signum() * (low.sqrt() * high.sqrt()) } else { 0.5 * a + 0.5 * b }
}
