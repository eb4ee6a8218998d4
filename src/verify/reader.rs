//! Expressions of a file → the operations of a formula, as they are written.

use std::collections::{BTreeMap, HashMap};

use super::formula::{Binary, Formula, Operation, Place, Unsupported};
use super::function::Unary;
use super::implicit::IMPLICIT;
use crate::language::{Expression, ExpressionKind, Matrix, Meaning, Operator, Solved};
use crate::system::AsWritten;

/// Values chosen for discrete variables.
type Chosen = BTreeMap<usize, usize>;

/// The largest list of operations.
const LARGEST: usize = 200_000;

/// Builds operations from expressions.
pub struct Reader<'w> {
    written: &'w AsWritten,
    /// Values of the parameters: they decide what `choose` chooses.
    parameters: &'w [f64],
    /// The list so far.
    pub formula: Formula,
    definitions: HashMap<(usize, Chosen), Place>,
    /// Names that stand for expressions beside those of the scope.
    aliases: HashMap<String, Place>,
    /// The implicit definitions whose equations are read, and the places of their unknowns.
    solving: HashMap<usize, Place>,
}

impl<'w> Reader<'w> {
    /// A reader of the expressions of a system at given parameters.
    pub fn new(written: &'w AsWritten, parameters: &'w [f64]) -> Reader<'w> {
        let formula = Formula::new(parameters.len() + 1);
        Reader {
            written,
            parameters,
            formula,
            definitions: HashMap::new(),
            aliases: HashMap::new(),
            solving: HashMap::new(),
        }
    }

    /// Builds the definitions in order, so that none is reached through a long chain of others.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn definitions(&mut self) -> Result<(), Unsupported> {
        let written = self.written;
        for definition in &written.scope.definitions {
            let mut all = vec![Chosen::new()];
            for (variable, _) in definition.shape.iter().flat_map(|shape| &shape.variables) {
                if let Some(Meaning::Discrete(v)) = written.scope.meaning(variable) {
                    let values = written.discrete[v].0.len();
                    if all.len() * values > LARGEST {
                        return Err(Unsupported::TooLarge);
                    }
                    let with = |chosen: Chosen, i: usize| chosen.into_iter().chain([(v, i)]).collect();
                    all = all
                        .into_iter()
                        .flat_map(|chosen: Chosen| (0..values).map(move |i| with(chosen.clone(), i)))
                        .collect();
                }
            }
            for chosen in all {
                self.name(&definition.name, &chosen)?;
            }
        }
        Ok(())
    }

    /// A name that stands for an operation from here on, where the scope has none.
    pub fn alias(&mut self, name: &str, place: Place) {
        self.aliases.insert(name.to_string(), place);
    }

    /// The operation of an unknown.
    pub fn unknown(&mut self, i: usize) -> Place {
        let symbol = self.formula.first_unknown + i;
        self.formula.add(Operation::Symbol(symbol))
    }

    /// The negative of an operation.
    pub fn negative(&mut self, a: Place) -> Place {
        self.formula.add(Operation::Unary(Unary::Negate, a))
    }

    /// The difference of two operations.
    pub fn difference(&mut self, a: Place, b: Place) -> Place {
        self.formula.add(Operation::Binary(Binary::Subtract, a, b))
    }

    /// The operation of an expression.
    ///
    /// # Errors
    /// A sum that is too large, or a construct that this evaluator does not have.
    pub fn read(&mut self, e: &Expression) -> Result<Place, Unsupported> {
        self.expression(e, &Chosen::new())
    }

    fn expression(&mut self, e: &Expression, chosen: &Chosen) -> Result<Place, Unsupported> {
        if self.formula.operations.len() > LARGEST {
            return Err(Unsupported::TooLarge);
        }
        match &e.kind {
            ExpressionKind::Number(x) => Ok(self.number(*x)),
            ExpressionKind::Name(name) => self.name(name, chosen),
            ExpressionKind::Negative(a) => self.unary(Unary::Negate, a, chosen),
            ExpressionKind::Not(a) => self.unary(Unary::Not, a, chosen),
            ExpressionKind::Binary(operator, a, b) => {
                let (a, b) = (self.expression(a, chosen)?, self.expression(b, chosen)?);
                Ok(self.operator(*operator, a, b))
            }
            ExpressionKind::Call(name, arguments) => self.call(name, arguments, chosen),
            ExpressionKind::Average(names, body) => {
                let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
                self.average(&names, body, chosen)
            }
            ExpressionKind::Derivative((by, _), body) => {
                let body = self.expression(body, chosen)?;
                let by = self.name(by, chosen)?;
                let by = self.formula.operations[by];
                self.formula.derivative(body, by)
            }
        }
    }

    fn number(&mut self, x: f64) -> Place {
        self.formula.add(Operation::Number(x.to_bits()))
    }

    fn unary(&mut self, f: Unary, a: &Expression, chosen: &Chosen) -> Result<Place, Unsupported> {
        let a = self.expression(a, chosen)?;
        Ok(self.formula.add(Operation::Unary(f, a)))
    }

    fn binary(&mut self, f: Binary, a: Place, b: Place) -> Place {
        self.formula.add(Operation::Binary(f, a, b))
    }

    fn operator(&mut self, operator: Operator, a: Place, b: Place) -> Place {
        match operator {
            Operator::Or => self.binary(Binary::Or, a, b),
            Operator::And => self.binary(Binary::And, a, b),
            Operator::Equal => self.binary(Binary::Equal, a, b),
            Operator::NotEqual => {
                let equal = self.binary(Binary::Equal, a, b);
                self.formula.add(Operation::Unary(Unary::Not, equal))
            }
            Operator::Less => self.binary(Binary::Less, a, b),
            Operator::LessEqual => self.binary(Binary::LessEqual, a, b),
            Operator::Greater => self.binary(Binary::Less, b, a),
            Operator::GreaterEqual => self.binary(Binary::LessEqual, b, a),
            Operator::Add => self.binary(Binary::Add, a, b),
            Operator::Subtract => self.binary(Binary::Subtract, a, b),
            Operator::Multiply => self.binary(Binary::Multiply, a, b),
            Operator::Divide => self.binary(Binary::Divide, a, b),
            Operator::Power => self.binary(Binary::Power, a, b),
        }
    }

    fn name(&mut self, name: &str, chosen: &Chosen) -> Result<Place, Unsupported> {
        Ok(match self.written.scope.meaning(name) {
            Some(
                Meaning::Parameter(symbol)
                | Meaning::Word { symbol, .. }
                | Meaning::Control(symbol)
                | Meaning::Unknown(symbol),
            ) => self.formula.add(Operation::Symbol(symbol)),
            Some(Meaning::Normal(v)) => self.formula.add(Operation::Normal(v)),
            Some(Meaning::Measure(v)) => match self.written.measures.get(&v) {
                Some(map) => self.read(&map.value)?,
                None => return Err(Unsupported::Construct(name.to_string())),
            },
            Some(Meaning::Discrete(v)) => {
                let written = self.written;
                let value = chosen.get(&v).and_then(|i| written.discrete[v].0.get(*i));
                match value {
                    Some(value) => self.read(value)?,
                    None => return Err(Unsupported::Construct(name.to_string())),
                }
            }
            Some(Meaning::Definition(d)) if self.solving.contains_key(&d) => self.solving[&d],
            Some(Meaning::Definition(d)) => {
                let written = self.written;
                let definition = &written.scope.definitions[d];
                let shape = definition.shape.iter().flat_map(|shape| &shape.variables);
                let mut own = Chosen::new();
                for (variable, _) in shape {
                    if let Some(Meaning::Discrete(v)) = written.scope.meaning(variable)
                        && let Some(value) = chosen.get(&v)
                    {
                        own.insert(v, *value);
                    }
                }
                if let Some(place) = self.definitions.get(&(d, own.clone())) {
                    return Ok(*place);
                }
                let place = match &definition.solved {
                    None => self.expression(&definition.expression, &own)?,
                    Some(solved) => self.implicit(d, solved, &own)?,
                };
                self.definitions.insert((d, own), place);
                place
            }
            None if name == "inf" => self.number(f64::INFINITY),
            None if name == "pi" => self.number(std::f64::consts::PI),
            None => match self.aliases.get(name) {
                Some(place) => *place,
                None => return Err(Unsupported::Construct(name.to_string())),
            },
        })
    }

    /// The number of an implicit definition: the last of those that are solved for together is found with what the others are at each
    /// value of it; then they are read again with that number in its place.
    fn implicit(&mut self, d: usize, solved: &Solved, chosen: &Chosen) -> Result<Place, Unsupported> {
        if let [only] = solved.with[..] {
            return self.solved_alone(only, &[], chosen);
        }
        let before = self.solving.clone();
        let all = self.together(&solved.with, chosen);
        self.solving = before;
        let all = all?;
        let place = solved.with.iter().position(|other| *other == d).unwrap_or_default();
        Ok(all[place])
    }

    /// The numbers of some definitions, those that stand in `solving` being known.
    fn together(&mut self, all: &[usize], chosen: &Chosen) -> Result<Vec<Place>, Unsupported> {
        let Some((last, rest)) = all.split_last() else { return Ok(Vec::new()) };
        let unknown = self.formula.add(Operation::Symbol(IMPLICIT + last));
        self.solving.insert(*last, unknown);
        let held = self.together(rest, chosen)?;
        let held: Vec<(usize, Place)> = rest.iter().copied().zip(held).collect();
        let found = self.solved_alone(*last, &held, chosen)?;
        self.solving.insert(*last, found);
        let mut numbers = self.together(rest, chosen)?;
        numbers.push(found);
        Ok(numbers)
    }

    /// The number of one definition, with others that move with it.
    fn solved_alone(
        &mut self,
        d: usize,
        held: &[(usize, Place)],
        chosen: &Chosen,
    ) -> Result<Place, Unsupported> {
        let definition = &self.written.scope.definitions[d];
        let Some(solved) = &definition.solved else {
            return Err(Unsupported::Construct(definition.name.clone()));
        };
        let range = match &solved.range {
            None => None,
            Some([(_, from), (_, to)]) => {
                Some([self.expression(from, chosen)?, self.expression(to, chosen)?])
            }
        };
        let before = self.solving.clone();
        let unknown = Operation::Symbol(IMPLICIT + d);
        let mut symbols = vec![self.formula.add(unknown)];
        self.solving.insert(d, symbols[0]);
        for (other, _) in held {
            symbols.push(self.formula.add(Operation::Symbol(IMPLICIT + other)));
            self.solving.insert(*other, symbols[symbols.len() - 1]);
        }
        let expression = self.expression(&definition.expression, chosen);
        self.solving = before;
        let expression = expression?;
        // By itself alone: at a minimum what is minimised does not move with the others.
        let mut zero = match solved.minimise {
            true if !held.is_empty() && self.formula.bends_between(expression, &symbols) => {
                return Err(Unsupported::Construct(
                    "what is minimal bends in several unknowns at once".into(),
                ));
            }
            true => self.formula.derivative(expression, unknown)?,
            false => expression,
        };
        for (symbol, (_, place)) in symbols[1..].iter().zip(held) {
            zero = self.formula.with(zero, *symbol, *place);
        }
        let height = (!solved.convex).then_some(expression);
        self.formula.implicit(unknown, (zero, height), solved.minimise, range)
    }

    fn call(&mut self, name: &str, given: &[Expression], chosen: &Chosen) -> Result<Place, Unsupported> {
        if let (Some(f), [a]) = (Unary::named(name), given) {
            return self.unary(f, a, chosen);
        }
        if let Some(matrix) = Matrix::of_call(name) {
            let number = |e: &Expression| match e.kind {
                ExpressionKind::Number(place) => place as usize,
                _ => 1,
            };
            let mut places = Vec::with_capacity(given.len());
            for entry in given {
                places.push((self.expression(entry, chosen)?, number(entry)));
            }
            let parts = matrix.parts(&places, |(_, number)| number).map(|(place, _)| place);
            return Ok(super::matrix::read(&mut self.formula, matrix, &parts));
        }
        match (name, given) {
            ("choose", [parameter, alternatives @ ..]) => {
                let ExpressionKind::Name(word) = &parameter.kind else {
                    return Err(Unsupported::Construct(name.to_string()));
                };
                let place = match self.written.scope.meaning(word) {
                    Some(Meaning::Word { symbol, .. }) => self.parameters.get(symbol).copied(),
                    _ => None,
                };
                match place.and_then(|place| alternatives.get(place as usize)) {
                    Some(alternative) => self.expression(alternative, chosen),
                    None => Ok(self.number(f64::NAN)),
                }
            }
            ("where", [condition, x, y]) => {
                let condition = self.expression(condition, chosen)?;
                let (x, y) = (self.expression(x, chosen)?, self.expression(y, chosen)?);
                Ok(self.formula.add(Operation::Where(condition, x, y)))
            }
            ("bivariate_normal_cdf", [a, b, rho]) => {
                let (a, b) = (self.expression(a, chosen)?, self.expression(b, chosen)?);
                let rho = self.expression(rho, chosen)?;
                Ok(self.formula.add(Operation::Bivariate(a, b, rho)))
            }
            ("min" | "max", [first, rest @ ..]) => {
                let which = if name == "min" { Binary::Min } else { Binary::Max };
                let mut best = self.expression(first, chosen)?;
                for next in rest {
                    let next = self.expression(next, chosen)?;
                    best = self.binary(which, best, next);
                }
                Ok(best)
            }
            // log(e^a + e^b) = max + log(1 + e^(min − max))
            ("log_sum_exp", [first, rest @ ..]) => {
                let mut sum = self.expression(first, chosen)?;
                for next in rest {
                    let next = self.expression(next, chosen)?;
                    let high = self.binary(Binary::Max, sum, next);
                    let low = self.binary(Binary::Min, sum, next);
                    let difference = self.binary(Binary::Subtract, low, high);
                    let more = self.formula.add(Operation::Unary(Unary::Softplus, difference));
                    sum = self.binary(Binary::Add, high, more);
                }
                Ok(sum)
            }
            _ => Err(Unsupported::Construct(name.to_string())),
        }
    }

    fn average(&mut self, names: &[&str], body: &Expression, chosen: &Chosen) -> Result<Place, Unsupported> {
        let Some((name, rest)) = names.split_first() else { return self.expression(body, chosen) };
        match self.written.scope.meaning(name) {
            Some(Meaning::Normal(v)) => {
                let inner = self.average(rest, body, chosen)?;
                // Of what does not depend on the variable the average is the thing itself.
                if self.formula.facts[inner].axes & (1 << v) == 0 {
                    return Ok(inner);
                }
                Ok(self.formula.add(Operation::Average(v, inner)))
            }
            Some(Meaning::Measure(v)) => {
                let inner = self.average(rest, body, chosen)?;
                let weight = self.written.measures.get(&v).and_then(|map| map.weight.as_ref());
                let weighted = match weight {
                    Some(weight) => {
                        let weight = self.read(weight)?;
                        self.binary(Binary::Multiply, weight, inner)
                    }
                    None if self.formula.facts[inner].axes & (1 << v) == 0 => return Ok(inner),
                    None => inner,
                };
                Ok(self.formula.add(Operation::Average(v, weighted)))
            }
            Some(Meaning::Discrete(v)) => {
                let written = self.written;
                let (values, weights) = &written.discrete[v];
                let mut sum = None;
                for (i, weight) in weights.iter().enumerate().take(values.len()) {
                    let mut chosen = chosen.clone();
                    chosen.insert(v, i);
                    let term = self.average(rest, body, &chosen)?;
                    let weight = self.read(weight)?;
                    let term = self.binary(Binary::Multiply, weight, term);
                    sum = Some(match sum {
                        Some(sum) => self.binary(Binary::Add, sum, term),
                        None => term,
                    });
                }
                sum.ok_or_else(|| Unsupported::Construct((*name).to_string()))
            }
            _ => Err(Unsupported::Construct((*name).to_string())),
        }
    }
}
