//! Derivatives of formulas, operation by operation as a textbook has them: nothing is simplified but what is 0, and nothing is shared with
//! the derivatives of the engine.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

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
            // Only whether there is one is asked.
            Operation::Bundle(a, b) => of(a).or(of(b)),
            Operation::Pinned(_, inputs) => of(inputs),
            Operation::Implicit(_, inputs, _) if known.contains_key(&inputs) => {
                return Err(Unsupported::Construct("D of an implicit definition".into()));
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
        let formula = RefCell::new(self);
        let add = |operation| formula.borrow_mut().add(operation);
        let binary = |f, x, y| add(Operation::Binary(f, x, y));
        let unary = |f, x| add(Operation::Unary(f, x));
        let number = |x: f64| add(Operation::Number(x.to_bits()));
        if matches!(f, Min | Max) {
            let [da, db] = [da, db].map(|d| d.unwrap_or_else(|| number(0.0)));
            let (x, y) = if f == Min { (da, db) } else { (db, da) };
            return Ok(Some(add(Operation::Where(binary(Less, a, b), x, y))));
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
            Power => binary(Multiply, binary(Multiply, place, unary(Unary::Log, a)), db),
            _ => db,
        });
        let falls = matches!(f, Subtract | Divide);
        Ok(match (left, right) {
            (Some(left), Some(right)) => Some(binary(if falls { Subtract } else { Add }, left, right)),
            (None, Some(right)) if falls => Some(unary(Unary::Negate, right)),
            (one, other) => one.or(other),
        })
    }

    /// The derivative of f(a), whose value stands at `y`, where that of a stands at `da`.
    fn of_unary(&mut self, f: Unary, a: Place, y: Place, da: Place) -> Result<Option<Place>, Unsupported> {
        use Binary::{Add, Divide, Multiply, Subtract};
        let formula = RefCell::new(self);
        let binary = |f, x, y| formula.borrow_mut().add(Operation::Binary(f, x, y));
        let unary = |f, x| formula.borrow_mut().add(Operation::Unary(f, x));
        let number = |x: f64| formula.borrow_mut().add(Operation::Number(x.to_bits()));
        let negative = |x| unary(Unary::Negate, x);
        let one_over = |x| binary(Divide, number(1.0), x);
        let square = |x| binary(Multiply, x, x);
        let inside = || binary(Multiply, binary(Subtract, number(1.0), a), binary(Add, number(1.0), a));
        let bell = || {
            let gauss = unary(Unary::Exp, negative(square(a)));
            binary(Multiply, number(std::f64::consts::FRAC_2_SQRT_PI), gauss)
        };
        let slope = match f {
            Unary::Not | Unary::Sign | Unary::Step => return formula.borrow().of_jump(y),
            Unary::Negate => return Ok(Some(negative(da))),
            Unary::Exp => y,
            Unary::Log => one_over(a),
            Unary::Sqrt => one_over(binary(Multiply, number(2.0), y)),
            Unary::Abs => unary(Unary::Sign, a),
            Unary::Tanh => one_over(square(unary(Unary::Cosh, a))),
            Unary::Atanh => one_over(inside()),
            Unary::Sinh => unary(Unary::Cosh, a),
            Unary::Cosh => unary(Unary::Sinh, a),
            Unary::Sin => unary(Unary::Cos, a),
            Unary::Cos => negative(unary(Unary::Sin, a)),
            Unary::Atan => one_over(binary(Add, number(1.0), square(a))),
            Unary::Asin => one_over(unary(Unary::Sqrt, inside())),
            Unary::Acos => negative(one_over(unary(Unary::Sqrt, inside()))),
            Unary::Erf => bell(),
            Unary::Erfc => negative(bell()),
            Unary::Erfcx => {
                let rising = binary(Multiply, binary(Multiply, number(2.0), a), y);
                binary(Subtract, rising, number(std::f64::consts::FRAC_2_SQRT_PI))
            }
            Unary::NormalPdf => negative(binary(Multiply, a, y)),
            Unary::NormalCdf => unary(Unary::NormalPdf, a),
            Unary::LogNormalCdf => unary(Unary::InverseMills, a),
            Unary::InverseMills => negative(binary(Multiply, y, binary(Add, a, y))),
            Unary::Logistic => binary(Multiply, y, unary(Unary::Logistic, negative(a))),
            Unary::LogCosh => unary(Unary::Tanh, a),
            Unary::Softplus => unary(Unary::Logistic, a),
            Unary::LogOnePlus => one_over(binary(Add, number(1.0), a)),
            Unary::ExpMinusOne => unary(Unary::Exp, a),
        };
        Ok(Some(binary(Multiply, slope, da)))
    }
}
