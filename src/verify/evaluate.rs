//! Values of a formula at a point, with a bound on the error of each, their derivatives by the unknowns, and the
//! size of the terms that they are made of.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::apply::{apply, partial};
use super::formula::{Binary, Formula, Operation, Place, arguments};
use super::integrate::Rule;
use super::number::{Number, ROUND_OFF};
use super::values::{Frame, Integrand, Lane, Outside, Value};

/// How much an average of the engine may be wrong, in what is granted to it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Grant {
    /// Relative to the average of the size of the integrand.
    pub relative: f64,
    /// In units of the larger of 1 and that.
    pub absolute: f64,
}

/// A formula at a point.
pub struct Evaluation<'f> {
    /// The formula.
    pub formula: &'f Formula,
    symbols: &'f [f64],
    first_unknown: usize,
    /// How many unknowns derivatives are taken by: all or none.
    pub directions: usize,
    /// How averages are computed.
    pub rule: Rule,
    grant: Grant,
    scalars: Vec<Option<Value>>,
    integrands: RefCell<HashMap<Vec<Place>, Rc<Integrand>>>,
    /// Operations done at nodes so far.
    pub work: Cell<u64>,
    /// Whether an average was given up before its error was small.
    pub unfinished: Cell<bool>,
}

impl<'f> Evaluation<'f> {
    /// A formula at values of its symbols; the unknowns, from `first_unknown` on, are known to round-off only.
    pub fn new(
        formula: &'f Formula,
        symbols: &'f [f64],
        first_unknown: usize,
        derivatives: bool,
        rule: Rule,
        grant: Grant,
    ) -> Evaluation<'f> {
        Evaluation {
            formula,
            symbols,
            first_unknown,
            directions: if derivatives { symbols.len() - first_unknown } else { 0 },
            rule,
            grant,
            scalars: vec![None; formula.operations.len()],
            integrands: RefCell::default(),
            work: Cell::new(0),
            unfinished: Cell::new(false),
        }
    }

    /// The values of scalar operations.
    pub fn values(&mut self, roots: &[Place]) -> Vec<Value> {
        let formula = self.formula;
        let mut needed = vec![false; formula.operations.len()];
        for root in roots {
            needed[*root] = true;
        }
        // Arguments stand before what uses them. What stands inside averages is needed where it is a scalar.
        for place in (0..needed.len()).rev() {
            if needed[place] && self.scalars[place].is_none() {
                for argument in arguments(formula.operations[place]) {
                    needed[argument] = true;
                }
            }
        }
        let scalar = |place: &Place| formula.facts[*place].axes == 0;
        let list: Vec<Place> = (0..needed.len()).filter(|p| needed[*p]).filter(scalar).collect();
        let last = list.iter().map(|p| formula.facts[*p].stage).max().unwrap_or(0);
        for stage in 0..=last {
            let here = || list.iter().copied().filter(|p| formula.facts[*p].stage == stage);
            let averages: Vec<Place> = here()
                .filter(|p| self.scalars[*p].is_none())
                .filter(|p| matches!(formula.operations[*p], Operation::Average(..)))
                .collect();
            for group in self.groups(&averages) {
                let values = self.averages(&group, &Outside::Scalars(&self.scalars));
                for (place, value) in group.into_iter().zip(values) {
                    self.scalars[place] = Some(value);
                }
            }
            for place in here() {
                if self.scalars[place].is_none() {
                    self.scalars[place] = Some(self.scalar(place));
                }
            }
        }
        let none =
            || Value { value: Number::NAN, slopes: Vec::new(), size: Number::NAN, slope_sizes: Vec::new() };
        roots.iter().map(|r| self.scalars[*r].clone().unwrap_or_else(none)).collect()
    }

    /// Averages that share what is expensive in their integrands are computed together.
    fn groups(&self, averages: &[Place]) -> Vec<Vec<Place>> {
        let mut groups: Vec<(usize, Vec<Place>, Vec<Place>)> = Vec::new();
        for place in averages {
            let Operation::Average(variable, body) = self.formula.operations[*place] else { continue };
            let dear: Vec<Place> = self
                .local(variable, &[body])
                .into_iter()
                .filter(|p| match self.formula.operations[*p] {
                    Operation::Unary(f, _) => f != super::function::Unary::Negate,
                    Operation::Average(..) => true,
                    _ => false,
                })
                .collect();
            let shares = |g: &(usize, Vec<Place>, Vec<Place>)| {
                g.0 == variable
                    && (g.2.iter().any(|p| dear.contains(p)) || (g.2.is_empty() && dear.is_empty()))
            };
            let (with, mut rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(shares);
            let mut joined = (variable, vec![*place], dear);
            for (_, places, dear) in with {
                joined.1.extend(places);
                joined.2.extend(dear);
            }
            rest.push(joined);
            groups = rest;
        }
        groups.into_iter().map(|g| g.1).collect()
    }

    /// The operations below some that depend on a variable, arguments first, inner averages whole.
    fn local(&self, variable: usize, bodies: &[Place]) -> Vec<Place> {
        let mut list = Vec::new();
        let mut stack = bodies.to_vec();
        let mut seen = std::collections::HashSet::new();
        while let Some(place) = stack.pop() {
            if self.formula.facts[place].axes & (1 << variable) == 0 || !seen.insert(place) {
                continue;
            }
            list.push(place);
            if !matches!(self.formula.operations[place], Operation::Average(..)) {
                stack.extend(arguments(self.formula.operations[place]));
            }
        }
        list.sort_unstable();
        list
    }

    /// Averages over one variable whose outside is known.
    fn averages(&self, group: &[Place], outside: &Outside) -> Vec<Value> {
        let known = self.integrands.borrow().get(group).cloned();
        let integrand = known.unwrap_or_else(|| {
            let mut variable = 0;
            let bodies: Vec<Place> = group
                .iter()
                .filter_map(|p| match self.formula.operations[*p] {
                    Operation::Average(v, body) => {
                        variable = v;
                        Some(body)
                    }
                    _ => None,
                })
                .collect();
            let mut local = self.local(variable, &bodies);
            // What an inner average needs of this variable must be there before it.
            let inner: Vec<Place> = local.clone();
            for place in inner {
                if let Operation::Average(inner, body) = self.formula.operations[place] {
                    local.extend(self.outer_inputs(body, inner, variable));
                }
            }
            local.sort_unstable();
            local.dedup();
            let index = local.iter().enumerate().map(|(i, p)| (*p, i)).collect();
            Rc::new(Integrand { bodies, local, index })
        });
        self.integrands.borrow_mut().entry(group.to_vec()).or_insert_with(|| integrand.clone());
        super::integrate::integrate(self, &integrand, outside)
            .into_iter()
            .map(|average| {
                let grant = |value: Number, mass: Number| {
                    let unit = mass.larger(Number::ONE);
                    value.blurred(mass.times(self.grant.relative)).blurred(unit.times(self.grant.absolute))
                };
                Value {
                    value: grant(average.value, average.mass),
                    size: average.mass,
                    slopes: average
                        .slopes
                        .iter()
                        .zip(&average.slope_masses)
                        .map(|(v, m)| grant(*v, *m))
                        .collect(),
                    slope_sizes: average.slope_masses,
                }
            })
            .collect()
    }

    /// What the body of an average over `inner` uses that depends on an outer variable and on none that is averaged
    /// inside.
    fn outer_inputs(&self, body: Place, inner: usize, variable: usize) -> Vec<Place> {
        let mut inputs = Vec::new();
        let mut stack = vec![(body, 1u64 << inner)];
        let mut seen = std::collections::HashSet::new();
        while let Some((place, inside)) = stack.pop() {
            let axes = self.formula.facts[place].axes;
            if axes & (1 << variable) == 0 || !seen.insert((place, inside)) {
                continue;
            }
            let below = match self.formula.operations[place] {
                Operation::Average(v, _) => inside | 1 << v,
                _ => inside,
            };
            if axes & inside == 0 {
                inputs.extend(self.local(variable, &[place]));
                if below == inside {
                    continue;
                }
            }
            stack.extend(arguments(self.formula.operations[place]).map(|a| (a, below)));
        }
        inputs
    }

    fn scalar(&self, place: Place) -> Value {
        let operation = self.formula.operations[place];
        let k = self.directions;
        let leaf =
            |value: Number| Value { value, slopes: Vec::new(), size: value.abs(), slope_sizes: Vec::new() };
        let of = |p: Place| self.scalars[p].as_ref();
        match operation {
            Operation::Number(bits) => leaf(Number::exact(f64::from_bits(bits))),
            Operation::Symbol(s) if s < self.first_unknown => leaf(Number::exact(self.symbols[s])),
            Operation::Symbol(s) => {
                let x = self.symbols[s];
                let mut value = leaf(Number::with_error(x, ROUND_OFF * x.abs()));
                if k > 0 {
                    let unit =
                        |j: usize| if j == s - self.first_unknown { Number::ONE } else { Number::ZERO };
                    value.slopes = (0..k).map(unit).collect();
                    value.slope_sizes = value.slopes.clone();
                }
                value
            }
            // Scalars do not depend on variables, and averages are there already.
            Operation::Normal(_) | Operation::Average(..) => leaf(Number::NAN),
            _ => {
                let implicit = self.formula.implicit_of(operation);
                let places: Vec<Place> = implicit
                    .map_or_else(|| arguments(operation).collect(), |implicit| implicit.inputs.clone());
                let mut given = [Number::ZERO; 3];
                for (slot, p) in given.iter_mut().zip(&places) {
                    *slot = of(*p).map_or(Number::NAN, |v| v.value);
                }
                let value_of = |i: usize| of(places[i]).map_or(Number::NAN, |v| v.value);
                let solved = implicit.map(|implicit| implicit.value(operation, &value_of));
                let value = solved.as_ref().map_or_else(|| apply(operation, given), |(value, _)| *value);
                let size_of = |i: usize| of(places[i]).map_or(Number::NAN, |v| v.size);
                let size = match operation {
                    Operation::Binary(Binary::Add | Binary::Subtract, ..) => size_of(0).larger(size_of(1)),
                    Operation::Binary(Binary::Multiply, ..) => size_of(0) * size_of(1),
                    Operation::Binary(Binary::Divide, ..) => size_of(0) / given[1].abs(),
                    Operation::Unary(super::function::Unary::Negate, _) => size_of(0),
                    _ => value.abs(),
                };
                let mut result = Value { value, slopes: Vec::new(), size, slope_sizes: Vec::new() };
                for (i, p) in places.iter().enumerate() {
                    let Some(argument) = of(*p).filter(|a| !a.slopes.is_empty()) else { continue };
                    let by = match &solved {
                        Some((_, slopes)) => Some(slopes[i]),
                        None => partial(operation, i, given, value),
                    };
                    let Some(partial) = by else { continue };
                    if result.slopes.is_empty() {
                        result.slopes = vec![Number::ZERO; k];
                        result.slope_sizes = vec![Number::ZERO; k];
                    }
                    for j in 0..k {
                        if argument.slopes[j].is_zero() && argument.slope_sizes[j].is_zero() {
                            continue;
                        }
                        result.slopes[j] = result.slopes[j] + partial * argument.slopes[j];
                        let size = partial.abs() * argument.slope_sizes[j];
                        result.slope_sizes[j] = result.slope_sizes[j].larger(size);
                    }
                }
                result
            }
        }
    }

    /// The values of an integrand at some nodes.
    pub fn frame(&self, integrand: &Integrand, outside: &Outside, nodes: &[f64], derivatives: bool) -> Frame {
        let directions = if derivatives { self.directions } else { 0 };
        let n = nodes.len();
        let count = integrand.local.len();
        self.work.set(self.work.get() + (n * count * (1 + directions)) as u64);
        let mut frame = Frame { values: Vec::with_capacity(count), slopes: Vec::with_capacity(count) };
        for place in &integrand.local {
            let operation = self.formula.operations[*place];
            let (values, slopes) = match operation {
                // A node is known to round-off, which a steep function magnifies.
                Operation::Normal(_) => {
                    let node = |z: &f64| Number::with_error(*z, ROUND_OFF * z.abs());
                    (nodes.iter().map(node).collect(), Vec::new())
                }
                Operation::Average(..) => {
                    self.inner_average(*place, integrand, &frame, outside, n, directions)
                }
                _ => {
                    let implicit = self.formula.implicit_of(operation);
                    let places: Vec<Place> = implicit
                        .map_or_else(|| arguments(operation).collect(), |implicit| implicit.inputs.clone());
                    let lanes: Vec<Lane> = places
                        .iter()
                        .map(|p| match integrand.index.get(p) {
                            Some(i) => Lane::Many(&frame.values[*i]),
                            None => Lane::One(outside.value(*p)),
                        })
                        .collect();
                    let given = |i: usize| {
                        let mut given = [Number::ZERO; 3];
                        for (slot, lane) in given.iter_mut().zip(&lanes) {
                            *slot = lane.at(i);
                        }
                        given
                    };
                    let solved: Option<Vec<(Number, Vec<Number>)>> = implicit.map(|implicit| {
                        (0..n).map(|i| implicit.value(operation, &|a| lanes[a].at(i))).collect()
                    });
                    let values: Vec<Number> = match &solved {
                        Some(solved) => solved.iter().map(|(value, _)| *value).collect(),
                        None => (0..n).map(|i| apply(operation, given(i))).collect(),
                    };
                    let mut slopes: Vec<Vec<Number>> = Vec::new();
                    if directions > 0 && self.formula.facts[*place].unknowns != 0 {
                        for (a, p) in places.iter().enumerate() {
                            let of: Vec<Lane> = match integrand.index.get(p) {
                                Some(i) => frame.slopes[*i].iter().map(|s| Lane::many(s)).collect(),
                                None => (0..directions)
                                    .map(|j| outside.slope(*p, j).map_or(Lane::Many(&[]), Lane::One))
                                    .collect(),
                            };
                            if of.iter().all(|lane| lane.is_zero()) {
                                continue;
                            }
                            if slopes.is_empty() {
                                slopes = vec![Vec::new(); directions];
                            }
                            let partials: Vec<Option<Number>> = match &solved {
                                Some(solved) => solved.iter().map(|(_, slopes)| Some(slopes[a])).collect(),
                                None => (0..n).map(|i| partial(operation, a, given(i), values[i])).collect(),
                            };
                            for (j, lane) in of.iter().enumerate().filter(|(_, lane)| !lane.is_zero()) {
                                if slopes[j].is_empty() {
                                    slopes[j] = vec![Number::ZERO; n];
                                }
                                for i in 0..n {
                                    if let Some(partial) = partials[i] {
                                        slopes[j][i] = slopes[j][i] + partial * lane.at(i);
                                    }
                                }
                            }
                        }
                    }
                    (values, slopes)
                }
            };
            frame.values.push(values);
            frame.slopes.push(slopes);
        }
        frame
    }

    fn inner_average(
        &self,
        place: Place,
        integrand: &Integrand,
        frame: &Frame,
        outside: &Outside,
        n: usize,
        directions: usize,
    ) -> (Vec<Number>, Vec<Vec<Number>>) {
        let mut values = Vec::with_capacity(n);
        let mut slopes: Vec<Vec<Number>> = vec![Vec::with_capacity(n); directions];
        for node in 0..n {
            let here = Outside::Node(integrand, frame, node, outside);
            let average = self.averages(&[place], &here).pop();
            values.push(average.as_ref().map_or(Number::NAN, |a| a.value));
            for (j, slope) in slopes.iter_mut().enumerate() {
                slope.push(average.as_ref().and_then(|a| a.slopes.get(j).copied()).unwrap_or(Number::ZERO));
            }
        }
        (values, slopes)
    }

    /// Where an operation stands in an integrand, and its values.
    pub fn lane<'a>(
        &self,
        integrand: &Integrand,
        frame: &'a Frame,
        outside: &Outside,
        place: Place,
    ) -> Lane<'a> {
        match integrand.index.get(&place) {
            Some(i) => Lane::Many(&frame.values[*i]),
            None => Lane::One(outside.value(place)),
        }
    }

    /// The derivatives of an operation at the nodes of a frame.
    pub fn slope_lanes<'a>(
        &self,
        integrand: &Integrand,
        frame: &'a Frame,
        place: Place,
    ) -> &'a [Vec<Number>] {
        integrand.index.get(&place).map_or(&[], |i| &frame.slopes[*i])
    }
}
