//! What runs over indices: `sum[a](…)` and the like are written out; small matrices become one call of all their entries.

use std::ops::Range;

use pest::iterators::Pair;

use super::read::{Reader, Rule, range};
use super::{Expression, ExpressionKind, Operator};
use crate::language::error::{EquationError, Problem};
use crate::language::indices::tuples;
use crate::name::did_you_mean;

/// The largest matrix, in rows: determinants are sums over all choices of columns.
const LARGEST_MATRIX: usize = 8;

/// What runs over indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// A term for each value, joined by an operator.
    Joined(Operator),
    /// A term for each value, all of them arguments of a function.
    Arguments(&'static str),
    /// exp(h_a)/Σ_b exp(h_b).
    Softmax,
    /// Σ_a M_aa.
    Trace,
    /// A number of a matrix.
    Matrix(Matrix),
}

/// What is computed of a matrix whose entries are given row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrix {
    /// Its determinant.
    Determinant,
    /// An entry of its inverse: row and column stand before the entries.
    Inverse,
    /// An entry of the solution of M x = v: which stands before the entries, v after them.
    Solve,
    /// An entry of its lower triangular root L, L Lᵀ = M: row and column stand before the entries.
    Root,
}

const ALL: [(&str, Over); 11] = [
    ("sum", Over::Joined(Operator::Add)),
    ("product", Over::Joined(Operator::Multiply)),
    ("max", Over::Arguments("max")),
    ("min", Over::Arguments("min")),
    ("log_sum_exp", Over::Arguments("log_sum_exp")),
    ("softmax", Over::Softmax),
    ("trace", Over::Trace),
    ("det", Over::Matrix(Matrix::Determinant)),
    ("inverse", Over::Matrix(Matrix::Inverse)),
    ("solve", Over::Matrix(Matrix::Solve)),
    ("cholesky", Over::Matrix(Matrix::Root)),
];

impl Matrix {
    /// The name of its calls, which no file can write.
    fn call(self) -> &'static str {
        match self {
            Matrix::Determinant => "det[…]",
            Matrix::Inverse => "inverse[…]",
            Matrix::Solve => "solve[…]",
            Matrix::Root => "cholesky[…]",
        }
    }

    /// What a call computes of a matrix, if it does.
    pub fn of_call(name: &str) -> Option<Matrix> {
        let all = [Matrix::Determinant, Matrix::Inverse, Matrix::Solve, Matrix::Root];
        all.into_iter().find(|matrix| matrix.call() == name)
    }

    /// The arguments of a call: which entry is meant (row, column), the rows, the right side.
    pub fn parts<T: Copy>(self, arguments: &[T], number: impl Fn(T) -> usize) -> Parts<T> {
        let (first, after) = match self {
            Matrix::Determinant => (0, 0),
            Matrix::Inverse | Matrix::Root => (2, 0),
            Matrix::Solve => (1, 1),
        };
        let rest = arguments.len() - first;
        let rows = (1..=LARGEST_MATRIX).find(|n| n * (n + after) == rest).unwrap_or(0);
        let place = |i: usize| if i < first { number(arguments[i]) - 1 } else { 0 };
        let entries = arguments[first..].chunks(rows.max(1)).map(<[T]>::to_vec).collect::<Vec<_>>();
        let (matrix, right) = entries.split_at(rows);
        Parts { row: place(0), column: place(1), matrix: matrix.to_vec(), right: right.concat() }
    }
}

/// A matrix, the entry of something of it that is meant, and a right side.
#[derive(Debug, Clone)]
pub struct Parts<T> {
    /// Row of the entry that is meant, from 0.
    pub row: usize,
    /// Column of the entry that is meant, from 0.
    pub column: usize,
    /// Rows of the matrix.
    pub matrix: Vec<Vec<T>>,
    /// Right side.
    pub right: Vec<T>,
}

impl<T: Copy> Parts<T> {
    /// The same of other things.
    pub fn map<U>(&self, of: impl Fn(T) -> U + Copy) -> Parts<U> {
        let list = |list: &Vec<T>| list.iter().copied().map(of).collect::<Vec<U>>();
        Parts {
            row: self.row,
            column: self.column,
            matrix: self.matrix.iter().map(list).collect(),
            right: list(&self.right),
        }
    }
}

/// `sum[a, b](…)` taken apart.
struct Running<'p> {
    name: String,
    span: Range<usize>,
    indices: Vec<String>,
    places: Vec<Range<usize>>,
    /// How far each index runs.
    sizes: Vec<usize>,
    arguments: Vec<Pair<'p, Rule>>,
}

impl Reader<'_> {
    pub fn running(&self, pair: Pair<'_, Rule>) -> Result<Expression, EquationError> {
        let running = self.take_apart(pair)?;
        let span = running.span.clone();
        let Some((_, over)) = ALL.iter().find(|(name, _)| *name == running.name) else {
            let names = || ALL.iter().map(|(name, _)| *name);
            let message = format!(
                "`{}[…](…)` is not known{}; what runs over indices is {}",
                running.name,
                did_you_mean(&running.name, names()),
                names().collect::<Vec<_>>().join(", ")
            );
            return Err(self.text.error(span, Problem::Structure(message)));
        };
        match over {
            Over::Joined(operator) => {
                let terms = self.takes(&running, None, 1, "1 argument")?.terms(&running, 0)?;
                self.joined(terms, *operator, &span)
            }
            Over::Arguments(function) => {
                let mut terms = self.takes(&running, None, 1, "1 argument")?.terms(&running, 0)?;
                match terms.len() {
                    1 => Ok(terms.remove(0)),
                    _ => self.call_of((*function).to_string(), terms, span),
                }
            }
            Over::Softmax => self
                .takes(&running, Some(1), 2, "what it is of and which entry: softmax[b](h[b], a)")?
                .softmax(&running),
            Over::Trace => {
                self.takes(&running, Some(2), 1, "the entries of a matrix: trace[a, b](M[a, b])")?;
                self.square(&running)?;
                let diagonal = (1..=running.sizes[0]).map(|a| self.term(&running, 0, &[a, a]));
                self.joined(diagonal.collect::<Result<_, _>>()?, Operator::Add, &span)
            }
            Over::Matrix(matrix) => self.matrix(&running, *matrix),
        }
    }

    /// The parts of `sum[a, b](…)`. An index that the file does not declare runs as far as that of what it stands in.
    fn take_apart<'p>(&self, pair: Pair<'p, Rule>) -> Result<Running<'p>, EquationError> {
        let mut running = Running {
            name: String::new(),
            span: range(&pair),
            indices: Vec::new(),
            places: Vec::new(),
            sizes: Vec::new(),
            arguments: Vec::new(),
        };
        for (place, part) in pair.into_inner().enumerate() {
            match part.as_rule() {
                Rule::name if place == 0 => running.name = self.name_of(&part)?,
                Rule::name => {
                    running.indices.push(self.name_of(&part)?);
                    running.places.push(range(&part));
                }
                Rule::expression => running.arguments.push(part),
                _ => {}
            }
        }
        for (i, index) in running.indices.iter().enumerate() {
            let refuse = |message: String| {
                Err(self.text.error(running.places[i].clone(), Problem::Structure(message)))
            };
            if self.indices.value(index).is_some() {
                return refuse(format!(
                    "`{index}` has a value here already; run over another index: {}[b](…)",
                    running.name
                ));
            }
            if running.indices[..i].contains(index) {
                return refuse(format!("`{index}` stands twice in {}[…]", running.name));
            }
            let Some(size) = self.indices.size(index).or_else(|| self.size_in(index, &running)) else {
                return refuse(format!(
                    "`{index}` is no index: it stands neither in [indices] nor in place of one in what it runs over"
                ));
            };
            running.sizes.push(size);
        }
        Ok(running)
    }

    /// How far an index runs by the names that it is an index of.
    fn size_in(&self, index: &str, running: &Running) -> Option<usize> {
        let inside = running.arguments.iter().flat_map(|argument| argument.clone().into_inner().flatten());
        inside.filter(|pair| pair.as_rule() == Rule::indexed).find_map(|pair| {
            let mut parts = pair.into_inner().filter(|part| part.as_rule() != Rule::flat);
            let family = self.indices.family(&self.name_of(&parts.next()?).ok()?)?;
            let place = parts.position(|part| part.as_str().trim() == index)?;
            self.indices.size(family.indices.get(place)?)
        })
    }

    /// Refuses another number of indices or arguments than something takes.
    fn takes(
        &self,
        running: &Running,
        indices: Option<usize>,
        arguments: usize,
        what: &'static str,
    ) -> Result<&Self, EquationError> {
        if indices.is_some_and(|n| n != running.indices.len()) || arguments != running.arguments.len() {
            let message = format!(
                "{}[…](…) takes {what}; here are {} indices and {} arguments",
                running.name,
                running.indices.len(),
                running.arguments.len()
            );
            return Err(self.text.error(running.span.clone(), Problem::Structure(message)));
        }
        Ok(self)
    }

    /// An argument at some values of the indices that are run over.
    fn term(
        &self,
        running: &Running,
        argument: usize,
        values: &[usize],
    ) -> Result<Expression, EquationError> {
        self.count(1, &running.span)?;
        let here = self.indices.at(running.indices.iter().map(String::as_str).zip(values.iter().copied()));
        let reader = Reader { text: self.text, indices: &here };
        reader.tree(running.arguments[argument].clone())
    }

    /// An argument at all values of the indices, the last runs fastest.
    fn terms(&self, running: &Running, argument: usize) -> Result<Vec<Expression>, EquationError> {
        tuples(&running.sizes).iter().map(|values| self.term(running, argument, values)).collect()
    }

    /// Terms joined in a tree that is no deeper than it must be.
    fn joined(
        &self,
        mut terms: Vec<Expression>,
        operator: Operator,
        span: &Range<usize>,
    ) -> Result<Expression, EquationError> {
        while terms.len() > 1 {
            let mut halved = Vec::with_capacity(terms.len().div_ceil(2));
            let mut rest = terms.into_iter();
            while let Some(a) = rest.next() {
                halved.push(match rest.next() {
                    None => a,
                    Some(b) => {
                        let depth = 1 + a.depth.max(b.depth);
                        let kind = ExpressionKind::Binary(operator, Box::new(a), Box::new(b));
                        Expression::of(kind, span.clone(), depth, self.text)?
                    }
                });
            }
            terms = halved;
        }
        Ok(terms.pop().expect("an index has at least one value"))
    }

    /// exp(h_a − log Σ_b exp(h_b)), which does not overflow.
    fn softmax(&self, running: &Running) -> Result<Expression, EquationError> {
        let span = &running.span;
        let place = self.index(running.arguments[1].clone())?;
        self.reaches(running, place)?;
        let own = self.term(running, 0, &[place])?;
        let all = self.terms(running, 0)?;
        let all = self.call_of("log_sum_exp".into(), all, span.clone())?;
        let depth = 1 + own.depth.max(all.depth);
        let kind = ExpressionKind::Binary(Operator::Subtract, Box::new(own), Box::new(all));
        let exponent = Expression::of(kind, span.clone(), depth, self.text)?;
        self.call_of("exp".into(), vec![exponent], span.clone())
    }

    fn matrix(&self, running: &Running, matrix: Matrix) -> Result<Expression, EquationError> {
        let (arguments, what) = match matrix {
            Matrix::Determinant => (1, "the entries of a matrix: det[a, b](M[a, b])"),
            Matrix::Inverse => {
                (3, "the entries of a matrix, and which entry is meant: inverse[a, b](M[a, b], i, j)")
            }
            Matrix::Root => (
                3,
                "the entries of a matrix, and which entry of its root is meant: cholesky[a, b](M[a, b], i, j)",
            ),
            Matrix::Solve => (
                3,
                "the entries of a matrix, the right side, and which entry is meant: solve[a, b](M[a, b], v[a], i)",
            ),
        };
        self.takes(running, Some(2), arguments, what)?;
        let size = self.square(running)?;
        let number =
            |place: usize| Expression::leaf(ExpressionKind::Number(place as f64), running.span.clone());
        let places = match matrix {
            Matrix::Determinant => &[][..],
            Matrix::Inverse | Matrix::Root => &[1, 2][..],
            Matrix::Solve => &[2],
        };
        let mut all = Vec::new();
        for place in places {
            let value = self.index(running.arguments[*place].clone())?;
            self.reaches(running, value)?;
            all.push(number(value));
        }
        all.extend(self.terms(running, 0)?);
        if matrix == Matrix::Solve {
            // The right side has the first index alone; at the second it is the same.
            for a in 1..=size {
                let here = self.indices.at([(running.indices[0].as_str(), a)]);
                let reader = Reader { text: self.text, indices: &here };
                all.push(reader.tree(running.arguments[1].clone())?);
            }
        }
        self.call_of(matrix.call().into(), all, running.span.clone())
    }

    /// The number of rows of a square matrix that is not too large.
    fn square(&self, running: &Running) -> Result<usize, EquationError> {
        let (rows, columns) = (running.sizes[0], running.sizes[1]);
        let message = if rows != columns {
            format!("{}[…](…) is of a square matrix, and this one is {rows} × {columns}", running.name)
        } else if rows > LARGEST_MATRIX {
            format!(
                "{}[…](…) is of a small matrix, of at most {LARGEST_MATRIX} rows, and this one has {rows}",
                running.name
            )
        } else {
            return Ok(rows);
        };
        Err(self.text.error(running.span.clone(), Problem::Structure(message)))
    }

    fn reaches(&self, running: &Running, place: usize) -> Result<(), EquationError> {
        let size = running.sizes[0];
        if (1..=size).contains(&place) {
            return Ok(());
        }
        let message = format!("{}[…](…) has the entries 1 to {size}, not {place}", running.name);
        Err(self.text.error(running.span.clone(), Problem::Structure(message)))
    }
}
