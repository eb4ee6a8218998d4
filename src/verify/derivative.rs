//! Derivatives of formulas, operation by operation as a textbook has them: nothing is simplified but what is 0, and nothing is shared with
//! the derivatives of the engine.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::f64::consts::FRAC_2_SQRT_PI;

use super::formula::{Binary, Formula, Operation, Place, Unsupported, arguments};
use super::function::Unary;

impl Formula {
    /// The derivative of an operation by a symbol or a normal variable.
    ///
    /// # Errors
    /// What jumps inside an average: its derivative is no function.
    pub fn derivative(&mut self, of: Place, by: Operation) -> Result<Place, Unsupported> {
        let mut below = HashSet::from([of]);
        for place in (0..=of).rev() {
            if below.contains(&place) {
                below.extend(arguments(self.operations[place]));
            }
        }
        let mut below: Vec<Place> = below.into_iter().collect();
        below.sort_unstable();
        // What is missing is 0.
        let mut known: HashMap<Place, Place> = HashMap::new();
        for place in below {
            let operation = self.operations[place];
            let derivative = if operation == by {
                Some(self.literal(1.0))
            } else {
                self.of_operation(place, operation, by, &known)?
            };
            if let Some(derivative) = derivative {
                known.insert(place, derivative);
            }
        }
        Ok(known.get(&of).copied().unwrap_or_else(|| self.literal(0.0)))
    }

    fn literal(&mut self, x: f64) -> Place {
        self.add(Operation::Number(x.to_bits()))
    }

    fn of_operation(
        &mut self,
        place: Place,
        operation: Operation,
        by: Operation,
        known: &HashMap<Place, Place>,
    ) -> Result<Option<Place>, Unsupported> {
        let of = |argument: Place| known.get(&argument).copied();
        Ok(match operation {
            Operation::Number(_) | Operation::Symbol(_) | Operation::Normal(_) => None,
            Operation::Unary(f, a) => match of(a) {
                Some(da) => self.of_unary(f, a, place, da)?,
                None => None,
            },
            Operation::Binary(f, a, b) => self.of_binary(f, place, (a, of(a)), (b, of(b)))?,
            Operation::Where(condition, x, y) => {
                let (dx, dy) = (of(x), of(y));
                if dx.is_none() && dy.is_none() {
                    return Ok(None);
                }
                let (dx, dy) = (self.or_zero(dx), self.or_zero(dy));
                Some(self.add(Operation::Where(condition, dx, dy)))
            }
            Operation::Bivariate(a, b, rho) => self.of_bivariate([a, b, rho], [a, b, rho].map(of)),
            // Only whether there is one is asked.
            Operation::Bundle(a, b) => of(a).or(of(b)),
            Operation::Pinned(_, inputs) => of(inputs),
            Operation::Implicit(_, inputs, true) if known.contains_key(&inputs) => {
                return Err(Unsupported::Construct("D of an implicit definition with kinks".into()));
            }
            Operation::Implicit(number, inputs, false) if known.contains_key(&inputs) => {
                Some(self.derivative_of_implicit(place, number, by)?)
            }
            Operation::Implicit(..) => None,
            Operation::Average(v, _) if by == Operation::Normal(v) => None,
            Operation::Average(v, body) => of(body).map(|d| match self.facts[d].axes & (1 << v) {
                0 => d,
                _ => self.add(Operation::Average(v, d)),
            }),
        })
    }

    fn or_zero(&mut self, derivative: Option<Place>) -> Place {
        derivative.unwrap_or_else(|| self.literal(0.0))
    }

    /// A jump as what is derived by moves: 0 where it is no integrand.
    fn of_jump(&self, place: Place) -> Result<Option<Place>, Unsupported> {
        match self.facts[place].axes {
            0 => Ok(None),
            _ => Err(Unsupported::Construct("D of what jumps inside an average".into())),
        }
    }

    fn of_binary(
        &mut self,
        f: Binary,
        place: Place,
        (a, da): (Place, Option<Place>),
        (b, db): (Place, Option<Place>),
    ) -> Result<Option<Place>, Unsupported> {
        use Binary::{Add, Divide, Less, Max, Min, Multiply, Power, Subtract};
        if da.is_none() && db.is_none() {
            return Ok(None);
        }
        if matches!(f, Binary::Equal | Less | Binary::LessEqual | Binary::And | Binary::Or) {
            return self.of_jump(place);
        }
        let formula = Writer(RefCell::new(self));
        let binary = |f, x, y| formula.binary(f, x, y);
        let number = |x: f64| formula.number(x);
        if matches!(f, Min | Max) {
            let [da, db] = [da, db].map(|d| d.unwrap_or_else(|| number(0.0)));
            let (x, y) = if f == Min { (da, db) } else { (db, da) };
            return Ok(Some(formula.add_operation(Operation::Where(binary(Less, a, b), x, y))));
        }
        let left = da.map(|da| match f {
            Multiply => binary(Multiply, da, b),
            Divide => binary(Divide, da, b),
            Power => {
                binary(Multiply, binary(Multiply, b, binary(Power, a, binary(Subtract, b, number(1.0)))), da)
            }
            _ => da,
        });
        let right = db.map(|db| match f {
            Multiply => binary(Multiply, a, db),
            // (a/b)′ = a′/b − (a/b) b′/b
            Divide => binary(Divide, binary(Multiply, place, db), b),
            Power => binary(Multiply, binary(Multiply, place, formula.unary(Unary::Log, a)), db),
            _ => db,
        });
        let falls = matches!(f, Subtract | Divide);
        Ok(match (left, right) {
            (Some(left), Some(right)) => Some(binary(if falls { Subtract } else { Add }, left, right)),
            (None, Some(right)) if falls => Some(formula.negative(right)),
            (one, other) => one.or(other),
        })
    }

    /// The derivative of f(a), whose value stands at `y`, where that of a stands at `da`.
    fn of_unary(&mut self, f: Unary, a: Place, y: Place, da: Place) -> Result<Option<Place>, Unsupported> {
        let formula = Writer(RefCell::new(self));
        let unary = |f, x| formula.unary(f, x);
        let slope = match f {
            Unary::Not | Unary::Sign | Unary::Step => return formula.0.borrow().of_jump(y),
            Unary::Negate => return Ok(Some(formula.negative(da))),
            Unary::Exp => y,
            Unary::Log => formula.one_over(a),
            Unary::Sqrt => formula.one_over(formula.times(2.0, y)),
            Unary::Abs => unary(Unary::Sign, a),
            Unary::Tanh => formula.one_over(formula.square(unary(Unary::Cosh, a))),
            Unary::Atanh => formula.one_over(formula.inside(a)),
            Unary::Sinh => unary(Unary::Cosh, a),
            Unary::Cosh => unary(Unary::Sinh, a),
            Unary::Sin => unary(Unary::Cos, a),
            Unary::Cos => formula.negative(unary(Unary::Sin, a)),
            Unary::Atan => formula.one_over(formula.one_plus(formula.square(a))),
            Unary::Asin => formula.one_over(unary(Unary::Sqrt, formula.inside(a))),
            Unary::Acos => formula.negative(formula.one_over(unary(Unary::Sqrt, formula.inside(a)))),
            Unary::Erf => formula.bell(a),
            Unary::Erfc => formula.negative(formula.bell(a)),
            Unary::Erfcx => {
                let rising = formula.multiply(formula.times(2.0, a), y);
                formula.subtract(rising, formula.number(FRAC_2_SQRT_PI))
            }
            Unary::NormalPdf => formula.negative(formula.multiply(a, y)),
            Unary::NormalCdf => unary(Unary::NormalPdf, a),
            Unary::LogNormalCdf => unary(Unary::InverseMills, a),
            Unary::InverseMills => formula.negative(formula.multiply(y, formula.add(a, y))),
            Unary::Logistic => formula.multiply(y, unary(Unary::Logistic, formula.negative(a))),
            Unary::LogCosh => unary(Unary::Tanh, a),
            Unary::Softplus => unary(Unary::Logistic, a),
            Unary::LogOnePlus => formula.one_over(formula.one_plus(a)),
            Unary::ExpMinusOne => unary(Unary::Exp, a),
            Unary::Asinh => formula.one_over(unary(Unary::Sqrt, formula.one_plus(formula.square(a)))),
            Unary::NormalQuantile => formula.one_over(unary(Unary::NormalPdf, y)),
            Unary::Logit => {
                let rest = formula.subtract(formula.number(1.0), a);
                formula.one_over(formula.multiply(a, rest))
            }
            Unary::BinaryEntropy => formula.negative(unary(Unary::Logit, a)),
            Unary::LogGamma => unary(Unary::Polygamma(0), a),
            Unary::Polygamma(n) => unary(Unary::Polygamma(next(n)?), a),
            Unary::BesselI(n) => unary(Unary::BesselI(next(n)?), a),
            // The exponential falls with |a|.
            Unary::BesselIe(n) => {
                let falling = formula.multiply(unary(Unary::Sign, a), y);
                formula.subtract(unary(Unary::BesselIe(next(n)?), a), falling)
            }
            Unary::LogBesselI0 => unary(Unary::BesselRatio, a),
            // I₀″/I₀ − (I₀′/I₀)²
            Unary::BesselRatio => {
                let [second, whole] = [2, 0].map(|n| unary(Unary::BesselIe(n), a));
                formula.subtract(formula.divide(second, whole), formula.square(y))
            }
        };
        Ok(Some(formula.multiply(slope, da)))
    }

    /// The derivative of the distribution function of two normal variables and their correlation: φ(a) Φ((b − ρa)/s) by a, likewise by b,
    /// and φ(a) φ((b − ρa)/s)/s by ρ, with s² = (1 − ρ)(1 + ρ).
    fn of_bivariate(&mut self, [a, b, rho]: [Place; 3], changes: [Option<Place>; 3]) -> Option<Place> {
        let formula = Writer(RefCell::new(self));
        let spread = formula.unary(Unary::Sqrt, formula.inside(rho));
        let distance = |x, known| {
            let mean = formula.multiply(rho, known);
            formula.divide(formula.subtract(x, mean), spread)
        };
        let density = |x| formula.unary(Unary::NormalPdf, x);
        let slope = |which: usize| match which {
            0 => formula.multiply(density(a), formula.unary(Unary::NormalCdf, distance(b, a))),
            1 => formula.multiply(density(b), formula.unary(Unary::NormalCdf, distance(a, b))),
            _ => formula.divide(formula.multiply(density(a), density(distance(b, a))), spread),
        };
        let parts = changes.into_iter().enumerate();
        let parts = parts.filter_map(|(which, change)| Some(formula.multiply(slope(which), change?)));
        parts.reduce(|sum, part| formula.add(sum, part))
    }
}

/// The next of a family of functions whose order grows with each derivative.
fn next(order: u8) -> Result<u8, Unsupported> {
    order.checked_add(1).ok_or_else(|| Unsupported::Construct("so many derivatives".into()))
}

/// A formula to which operations are added within one another.
struct Writer<'f>(RefCell<&'f mut Formula>);

impl Writer<'_> {
    fn add_operation(&self, operation: Operation) -> Place {
        self.0.borrow_mut().add(operation)
    }

    fn number(&self, x: f64) -> Place {
        self.add_operation(Operation::Number(x.to_bits()))
    }

    fn unary(&self, f: Unary, a: Place) -> Place {
        self.add_operation(Operation::Unary(f, a))
    }

    fn binary(&self, f: Binary, a: Place, b: Place) -> Place {
        self.add_operation(Operation::Binary(f, a, b))
    }

    fn add(&self, a: Place, b: Place) -> Place {
        self.binary(Binary::Add, a, b)
    }

    fn subtract(&self, a: Place, b: Place) -> Place {
        self.binary(Binary::Subtract, a, b)
    }

    fn multiply(&self, a: Place, b: Place) -> Place {
        self.binary(Binary::Multiply, a, b)
    }

    fn divide(&self, a: Place, b: Place) -> Place {
        self.binary(Binary::Divide, a, b)
    }

    fn times(&self, x: f64, a: Place) -> Place {
        self.multiply(self.number(x), a)
    }

    fn one_plus(&self, a: Place) -> Place {
        self.add(self.number(1.0), a)
    }

    fn one_over(&self, a: Place) -> Place {
        self.divide(self.number(1.0), a)
    }

    fn negative(&self, a: Place) -> Place {
        self.unary(Unary::Negate, a)
    }

    fn square(&self, a: Place) -> Place {
        self.multiply(a, a)
    }

    /// (1 − a)(1 + a)
    fn inside(&self, a: Place) -> Place {
        self.multiply(self.subtract(self.number(1.0), a), self.one_plus(a))
    }

    /// 2/√π e^(−a²)
    fn bell(&self, a: Place) -> Place {
        self.times(FRAC_2_SQRT_PI, self.unary(Unary::Exp, self.negative(self.square(a))))
    }
}
