//! Numbers that solve an equation, or minimise something, by halving and secants of what is written: no program, no Newton step and no
//! bracket is shared with those of the engine.

use std::collections::HashMap;

use super::apply::{apply, partial};
use super::bracket::halved;
use super::formula::Binary;
use super::formula::{Formula, Operation, Place, Unsupported, arguments};
use super::function::Unary;
use super::minima::{Minima, plain};
use super::number::{Number, ROUND_OFF};

/// An implicit definition.
#[derive(Debug, Clone)]
pub struct Implicit {
    /// What it depends on.
    pub inputs: Vec<Place>,
    /// Operations over the inputs, the unknown, and the operations before.
    steps: Vec<Step>,
    /// Which of all these values is the equation, and which is what is minimised, where it may have several minima.
    zero: usize,
    height: Option<usize>,
    range: Option<[usize; 2]>,
    /// Whether the equation rises through its root.
    rising: bool,
    /// Whether it bends as its inputs move.
    kinked: bool,
    /// The place of the equation, and the symbol of the unknown in it.
    equation: (Place, Place),
    /// The same for all that are the same but for their inputs.
    family: usize,
}

#[derive(Debug, Clone)]
struct Step {
    operation: Operation,
    places: Vec<usize>,
    /// Of a number that is found for each value of this one, how.
    inner: Option<Box<Implicit>>,
    /// Whether the equation, and what is minimised, are made of it.
    below_zero: bool,
    below_height: bool,
}

/// Symbols from here on are implicit unknowns.
pub const IMPLICIT: usize = 1 << 29;
/// Added to the number of a definition: what tells where its number jumps from one minimum to another.
pub const RIVAL: usize = 1 << 30;

impl Formula {
    /// The number that makes an expression of the symbol `unknown` zero, which is the slope of what is minimal if it rises; that itself is
    /// the height where it may have several minima.
    ///
    /// # Errors
    /// An average over the unknown.
    pub fn implicit(
        &mut self,
        unknown: Operation,
        (equation, height): (Place, Option<Place>),
        rising: bool,
        range: Option<[Place; 2]>,
    ) -> Result<Place, Unsupported> {
        let symbol = self.add(unknown);
        let mut contains = vec![false; self.operations.len()];
        contains[symbol] = true;
        for place in symbol + 1..self.operations.len() {
            contains[place] = arguments(self.operations[place]).any(|argument| contains[argument]);
        }
        // What the equation needs, arguments first; what does not contain the unknown is an input.
        let mut needed = vec![equation];
        needed.extend(height);
        needed.dedup();
        let mut stack = needed.clone();
        while let Some(place) = stack.pop() {
            for argument in self.below(place).into_iter().filter(|_| contains[place]) {
                if !needed.contains(&argument) {
                    needed.push(argument);
                    stack.push(argument);
                }
            }
        }
        needed.sort_unstable();
        let whole = |place: &Place| match self.operations[*place] {
            Operation::Average(..) => true,
            operation => self.implicit_of(operation).is_some_and(|inner| inner.height.is_some()),
        };
        if needed.iter().any(|place| contains[*place] && whole(place)) {
            return Err(Unsupported::Construct("an average over an implicit unknown".into()));
        }
        let mut inputs: Vec<Place> = needed.iter().copied().filter(|place| !contains[*place]).collect();
        for end in range.into_iter().flatten() {
            if !inputs.contains(&end) {
                inputs.push(end);
            }
        }
        let (of_zero, of_height) = (self.made_of(equation), height.map(|root| self.made_of(root)));
        let mut order: Vec<Place> = inputs.iter().copied().chain([symbol]).collect();
        let mut steps = Vec::new();
        for place in needed.into_iter().filter(|place| contains[*place] && *place != symbol) {
            let operation = self.operations[place];
            let at = |argument: Place| order.iter().position(|other| *other == argument).unwrap_or_default();
            let places = self.below(place).into_iter().map(at).collect();
            let inner = self.implicit_of(operation).cloned().map(Box::new);
            let below_height = of_height.as_ref().is_some_and(|below| below[place]);
            let below_zero = of_zero[place];
            steps.push(Step { operation, places, inner, below_zero, below_height });
            order.push(place);
        }
        let range =
            range.map(|ends| ends.map(|end| inputs.iter().position(|i| *i == end).unwrap_or_default()));
        let kinked =
            height.is_some() || steps.iter().any(|step| bends(step.operation)) || rising && range.is_some();
        let slot = |place: Place| order.iter().position(|other| *other == place).unwrap_or_default();
        let (zero, height) = (slot(equation), height.map(slot));
        let equation = (equation, symbol);
        let family = self.implicit.len();
        Ok(self.number_of(Implicit { inputs, steps, zero, height, range, rising, kinked, equation, family }))
    }

    /// The place of the number of an implicit definition over its inputs.
    fn number_of(&mut self, implicit: Implicit) -> Place {
        let key = (implicit.family, implicit.inputs.clone());
        if let Some(place) = self.numbers.get(&key) {
            return *place;
        }
        let mut bundle = self.add(Operation::Number(0));
        for input in &implicit.inputs {
            bundle = self.add(Operation::Bundle(*input, bundle));
        }
        let (several, kinked) = (implicit.height.is_some(), implicit.kinked);
        self.implicit.push(implicit);
        let number = self.implicit.len() - 1;
        if several {
            let rival = self.add(Operation::Pinned(number + RIVAL, bundle));
            bundle = self.add(Operation::Bundle(rival, bundle));
        }
        let pinned = self.add(Operation::Pinned(number, bundle));
        let place = self.add(Operation::Implicit(number, pinned, kinked));
        self.numbers.insert(key, place);
        place
    }
}

/// Whether an operation bends or jumps.
fn bends(operation: Operation) -> bool {
    match operation {
        // Functions of |x| that are even have a kink at 0.
        Operation::Unary(f, _) => {
            f.jumps() || f == Unary::Abs || matches!(f, Unary::BesselIe(n) if n % 2 == 0)
        }
        Operation::Binary(f, ..) => {
            matches!(f, Binary::Min | Binary::Max | Binary::Less | Binary::LessEqual | Binary::Equal)
        }
        Operation::Where(..) => true,
        Operation::Implicit(_, _, kinked) => kinked,
        _ => false,
    }
}

impl Formula {
    /// What an operation is computed from.
    fn below(&self, place: Place) -> Vec<Place> {
        match self.implicit_of(self.operations[place]) {
            Some(inner) => inner.inputs.clone(),
            None => arguments(self.operations[place]).collect(),
        }
    }

    /// Of every place, whether an expression is made of what stands there.
    fn made_of(&self, root: Place) -> Vec<bool> {
        let mut made = vec![false; self.operations.len()];
        made[root] = true;
        for place in (0..=root).rev() {
            if made[place] {
                self.below(place).into_iter().for_each(|argument| made[argument] = true);
            }
        }
        made
    }

    /// Whether anything in an expression bends in several of some symbols at once.
    pub(super) fn bends_between(&self, root: Place, symbols: &[Place]) -> bool {
        let mut contains: Vec<Vec<bool>> = Vec::with_capacity(root + 1);
        for place in 0..=root {
            let below: Vec<Place> = arguments(self.operations[place]).collect();
            let has = symbols
                .iter()
                .enumerate()
                .map(|(k, symbol)| place == *symbol || below.iter().any(|argument| contains[*argument][k]));
            contains.push(has.collect());
        }
        (0..=root).any(|place| {
            bends(self.operations[place]) && contains[place].iter().filter(|has| **has).count() > 1
        })
    }

    /// The derivative of the number that stands at a place, which has no kinks: that of its equation by what moves it over that by itself.
    ///
    /// # Errors
    /// What has no derivative here.
    pub(super) fn derivative_of_implicit(
        &mut self,
        place: Place,
        number: usize,
        by: Operation,
    ) -> Result<Place, Unsupported> {
        let (equation, symbol) = self.implicit[number].equation;
        let unknown = self.operations[symbol];
        let moved = self.derivative(equation, by)?;
        let slope = self.derivative(equation, unknown)?;
        let [moved, slope] = [moved, slope].map(|root| self.with(root, symbol, place));
        let quotient = self.add(Operation::Binary(Binary::Divide, moved, slope));
        Ok(self.add(Operation::Unary(Unary::Negate, quotient)))
    }

    /// The same operation with another in place of one that it contains.
    pub(super) fn with(&mut self, root: Place, from: Place, to: Place) -> Place {
        let mut new: HashMap<Place, Place> = HashMap::from([(from, to)]);
        let mut needed = vec![false; root + 1];
        needed[root] = true;
        for place in (0..=root).rev().filter(|place| *place != from) {
            if needed[place] {
                arguments(self.operations[place]).for_each(|argument| needed[argument] = true);
            }
        }
        for place in (0..=root).filter(|place| needed[*place]) {
            if place == from {
                continue;
            }
            let at = |argument: Place| new.get(&argument).copied().unwrap_or(argument);
            let made = match self.operations[place] {
                Operation::Unary(f, a) => Operation::Unary(f, at(a)),
                Operation::Binary(f, a, b) => Operation::Binary(f, at(a), at(b)),
                Operation::Where(a, b, c) => Operation::Where(at(a), at(b), at(c)),
                Operation::Bivariate(a, b, rho) => Operation::Bivariate(at(a), at(b), at(rho)),
                Operation::Implicit(number, ..) => {
                    let mut moved = self.implicit[number].clone();
                    let inputs: Vec<Place> = moved.inputs.iter().map(|input| at(*input)).collect();
                    if inputs != moved.inputs {
                        moved.inputs = inputs;
                        moved.equation.0 = self.with(moved.equation.0, from, to);
                        let made = self.number_of(moved);
                        new.insert(place, made);
                        continue;
                    }
                    self.operations[place]
                }
                other => other,
            };
            let made = self.add(made);
            new.insert(place, made);
        }
        new[&root]
    }
}

impl Implicit {
    /// What an operation stands for: the number with its derivatives by the inputs, or whether it sits in a kink.
    pub fn value(&self, operation: Operation, input: &dyn Fn(usize) -> Number) -> (Number, Vec<Number>) {
        if let (Operation::Pinned(number, _), Some(height)) = (operation, self.height)
            && number >= RIVAL
        {
            let inputs: Vec<Number> = (0..self.inputs.len()).map(input).collect();
            let side = Minima::of(self, &inputs, height).side(|p| self.slope_at(&inputs, p));
            return (Number::exact(side), vec![Number::ZERO; self.inputs.len()]);
        }
        let (number, slopes, pinned) = self.solve(input);
        match operation {
            Operation::Pinned(..) => {
                let side = Number::exact(if pinned { 0.5 } else { -0.5 });
                (side, vec![Number::ZERO; self.inputs.len()])
            }
            _ => (number, slopes),
        }
    }

    fn solve(&self, input: &dyn Fn(usize) -> Number) -> (Number, Vec<Number>, bool) {
        let inputs: Vec<Number> = (0..self.inputs.len()).map(input).collect();
        let at = |p: f64| self.slope_at(&inputs, p);
        let found = match self.height {
            Some(height) => Minima::of(self, &inputs, height).lowest(),
            None => self.root(&inputs, &at),
        };
        let Some((p, width)) = found else {
            return (Number::NAN, vec![Number::NAN; inputs.len()], false);
        };
        let values = self.at(&inputs, p, |_| true);
        let slopes = self.slopes(&values);
        let own = slopes[self.inputs.len()];
        let rest = values[self.zero];
        // Where the equation jumps through zero, its slope says nothing.
        let off = (rest.abs() + rest.uncertainty()) / own.abs();
        let off = if off.value() <= width || !off.is_finite() { off } else { Number::exact(width) };
        let value = Number::with_error(p, ROUND_OFF * p.abs() + width).blurred(off);
        let by = |i: usize| -(slopes[i] / own);
        // What is left of the equation is more than the bracket explains: it jumps, or has no zero in the range.
        let pinned = rest.abs().value() > 1e2 * own.abs().value() * width + rest.error();
        (value, (0..self.inputs.len()).map(by).collect(), pinned)
    }

    /// The equation at a value of the unknown.
    pub(super) fn slope_at(&self, inputs: &[Number], p: f64) -> f64 {
        plain(self.one_at(inputs, p, self.zero))
    }

    /// One of its values at a value of the unknown.
    pub(super) fn one_at(&self, inputs: &[Number], p: f64, which: usize) -> Number {
        self.at(inputs, p, |step| {
            step.below_zero && which == self.zero || step.below_height && Some(which) == self.height
        })[which]
    }

    /// Inputs, the unknown and, of all operations, those that are asked for, at a value of it.
    fn at(&self, inputs: &[Number], p: f64, asked: impl Fn(&Step) -> bool) -> Vec<Number> {
        let mut values = Vec::with_capacity(inputs.len() + 1 + self.steps.len());
        values.extend_from_slice(inputs);
        values.push(Number::exact(p));
        for step in &self.steps {
            let Step { operation, places, inner, .. } = step;
            if !asked(step) {
                values.push(Number::NAN);
                continue;
            }
            if let Some(inner) = inner {
                values.push(inner.value(*operation, &|input| values[places[input]]).0);
                continue;
            }
            let mut given = [Number::ZERO; 3];
            given.iter_mut().zip(places).for_each(|(slot, place)| *slot = values[*place]);
            values.push(apply(*operation, given));
        }
        values
    }

    /// The derivatives of the equation by everything that it is made of, backwards.
    fn slopes(&self, values: &[Number]) -> Vec<Number> {
        let mut slopes = vec![Number::ZERO; values.len()];
        slopes[self.zero] = Number::ONE;
        let first = self.inputs.len() + 1;
        for (i, Step { operation, places, inner, .. }) in self.steps.iter().enumerate().rev() {
            if let Some(inner) = inner {
                let (_, by) = inner.value(*operation, &|input| values[places[input]]);
                for (place, by) in places.iter().zip(by) {
                    slopes[*place] = slopes[*place] + by * slopes[first + i];
                }
                continue;
            }
            let mut given = [Number::ZERO; 3];
            given.iter_mut().zip(places).for_each(|(slot, place)| *slot = values[*place]);
            for (which, place) in places.iter().enumerate() {
                if let Some(partial) = partial(*operation, which, given, values[first + i]) {
                    slopes[*place] = slopes[*place] + partial * slopes[first + i];
                }
            }
        }
        slopes
    }

    /// A root, and how wide the bracket is in which it lies.
    fn root(&self, inputs: &[Number], at: &dyn Fn(f64) -> f64) -> Option<(f64, f64)> {
        let (low, high) = self.ends(inputs);
        let start = if low.is_finite() {
            low
        } else if high.is_finite() {
            high
        } else {
            0.0
        };
        let first = at(start);
        if first == 0.0 {
            return Some((start, 0.0));
        }
        // The minimum is the end of the range at which what is minimal still falls.
        if self.rising && low.is_finite() && first > 0.0 {
            return Some((low, 0.0));
        }
        let (mut a, mut b) = (start, f64::NAN);
        if low.is_finite() && high.is_finite() {
            b = high;
            let last = at(high);
            if self.rising && last < 0.0 {
                return Some((high, 0.0));
            }
        } else {
            let mut step = 2f64.powi(-3);
            'out: for _ in 0..80 {
                for side in [1.0, -1.0] {
                    let to = (start + side * step).max(low).min(high);
                    let right = !self.rising || (first < 0.0) == (side > 0.0);
                    if right && at(to) * first.signum() <= 0.0 {
                        (a, b) = ((start + side * 0.5 * step).max(low).min(high), to);
                        // The place before may have been passed over by the first step.
                        if at(a) * first.signum() <= 0.0 {
                            a = start;
                        }
                        break 'out;
                    }
                }
                step *= 2.0;
            }
        }
        halved(at, a, b)
    }

    /// The range.
    pub(super) fn ends(&self, inputs: &[Number]) -> (f64, f64) {
        match self.range {
            Some([from, to]) => (inputs[from].value(), inputs[to].value()),
            None => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }
}
