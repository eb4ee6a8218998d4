//! Small matrices as nodes of a graph: determinants, inverses and solutions by minors, in which no row is divided by, so that none need be
//! exchanged where an unknown is 0; roots of positive definite ones.

use rustc_hash::FxHashMap;

use super::expression::{Matrix, Parts};
use super::function::{Combine, Function};
use super::graph::{Graph, Node};

/// How much the two sides of a symmetric matrix may differ, relative to both: rounding.
const ROUNDING: f64 = 1e-12;

/// What is meant of a matrix.
pub fn lower(graph: &mut Graph, matrix: Matrix, parts: &Parts<Node>) -> Node {
    if matrix == Matrix::Root {
        let mut root = Root { graph, matrix: &parts.matrix, known: FxHashMap::default() };
        return root.of_positive(parts.row, parts.column);
    }
    let size = parts.matrix.len();
    let all = (1u16 << size) - 1;
    let mut minors = Minors { graph, matrix: &parts.matrix, known: FxHashMap::default() };
    let determinant = minors.of(all, all);
    let above = match matrix {
        Matrix::Determinant | Matrix::Root => return determinant,
        Matrix::Inverse => minors.signed(all, parts.column, parts.row),
        Matrix::Solve => {
            let mut sum = minors.graph.constant(0.0);
            for (row, value) in parts.right.iter().enumerate() {
                let minor = minors.signed(all, row, parts.row);
                let term = minors.graph.multiply(minor, *value);
                sum = minors.graph.add(sum, term);
            }
            sum
        }
    };
    graph.divide(above, determinant)
}

/// Determinants of parts of a matrix, each built once.
struct Minors<'m> {
    graph: &'m mut Graph,
    matrix: &'m [Vec<Node>],
    known: FxHashMap<(u16, u16), Node>,
}

impl Minors<'_> {
    /// The minor without a row and a column, with the sign that it has in the inverse.
    fn signed(&mut self, all: u16, row: usize, column: usize) -> Node {
        let minor = self.of(all & !(1 << row), all & !(1 << column));
        if (row + column).is_multiple_of(2) { minor } else { self.graph.negate(minor) }
    }

    /// The determinant of some rows and equally many columns, as bits, along its first row.
    fn of(&mut self, rows: u16, columns: u16) -> Node {
        if rows == 0 {
            return self.graph.constant(1.0);
        }
        if let Some(known) = self.known.get(&(rows, columns)) {
            return *known;
        }
        let row = rows.trailing_zeros() as usize;
        let mut sum = self.graph.constant(0.0);
        let mut minus = false;
        for column in (0..self.matrix.len()).filter(|column| columns & (1 << column) != 0) {
            let minor = self.of(rows & !(1 << row), columns & !(1 << column));
            let term = self.graph.multiply(self.matrix[row][column], minor);
            sum = if minus { self.graph.subtract(sum, term) } else { self.graph.add(sum, term) };
            minus = !minus;
        }
        self.known.insert((rows, columns), sum);
        sum
    }
}

/// The lower triangular root of a positive definite matrix, entry by entry (Cholesky).
struct Root<'m> {
    graph: &'m mut Graph,
    matrix: &'m [Vec<Node>],
    known: FxHashMap<(usize, usize), Node>,
}

impl Root<'_> {
    /// An entry of the matrix; no number where it is not that on the other side of the diagonal.
    fn symmetric(&mut self, row: usize, column: usize) -> Node {
        let (entry, other) = (self.matrix[row][column], self.matrix[column][row]);
        if entry == other {
            return entry;
        }
        let graph = &mut *self.graph;
        let difference = graph.subtract(entry, other);
        let sizes = [entry, other].map(|side| graph.apply(Function::Abs, side));
        let size = graph.add(sizes[0], sizes[1]);
        let rounding = graph.constant(ROUNDING);
        let allowed = graph.multiply(rounding, size);
        let off = graph.apply(Function::Abs, difference);
        let same = graph.combine(Combine::LessEqual, off, allowed);
        let nothing = graph.constant(f64::NAN);
        graph.select(same, entry, nothing)
    }

    /// An entry; no number where the matrix is not positive, also where that would be seen in other entries only.
    fn of_positive(&mut self, row: usize, column: usize) -> Node {
        let entry = self.entry(row, column);
        let mut least = self.pivot(0);
        for place in 1..self.matrix.len() {
            let pivot = self.pivot(place);
            least = self.graph.combine(Combine::Min, least, pivot);
        }
        let (zero, nothing) = (self.graph.constant(0.0), self.graph.constant(f64::NAN));
        let positive = self.graph.combine(Combine::LessEqual, zero, least);
        self.graph.select(positive, entry, nothing)
    }

    /// The square of an entry on the diagonal of the root.
    fn pivot(&mut self, place: usize) -> Node {
        let mut rest = self.matrix[place][place];
        for before in 0..place {
            let entry = self.entry(place, before);
            let square = self.graph.multiply(entry, entry);
            rest = self.graph.subtract(rest, square);
        }
        rest
    }

    fn entry(&mut self, row: usize, column: usize) -> Node {
        if column > row {
            return self.graph.constant(0.0);
        }
        if let Some(known) = self.known.get(&(row, column)) {
            return *known;
        }
        if row == column {
            let pivot = self.pivot(row);
            let entry = self.graph.apply(Function::Sqrt, pivot);
            self.known.insert((row, column), entry);
            return entry;
        }
        let mut rest = self.symmetric(row, column);
        for before in 0..column {
            let (a, b) = (self.entry(row, before), self.entry(column, before));
            let product = self.graph.multiply(a, b);
            rest = self.graph.subtract(rest, product);
        }
        let diagonal = self.entry(column, column);
        let entry = self.graph.divide(rest, diagonal);
        self.known.insert((row, column), entry);
        entry
    }
}
