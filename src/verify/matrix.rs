//! Small matrices as they are defined: a determinant is a sum along its last column.

use super::formula::{Binary, Formula, Operation, Place};
use crate::language::{Matrix, Parts};

/// What is meant of a matrix.
pub fn read(formula: &mut Formula, matrix: Matrix, parts: &Parts<Place>) -> Place {
    if matrix == Matrix::Root {
        return root(formula, &parts.matrix, parts.row, parts.column);
    }
    let rows: Vec<usize> = (0..parts.matrix.len()).collect();
    let determinant = of(formula, &parts.matrix, &rows, &rows);
    let above = match matrix {
        Matrix::Determinant | Matrix::Root => return determinant,
        Matrix::Inverse => {
            // M⁻¹ e_j: the column of the entry is replaced by the unit vector.
            let unit = |row: usize| f64::from(u8::from(row == parts.column));
            let right: Vec<Place> =
                rows.iter().map(|row| formula.add(Operation::Number(unit(*row).to_bits()))).collect();
            replaced(formula, parts, &right)
        }
        Matrix::Solve => replaced(formula, parts, &parts.right),
    };
    formula.add(Operation::Binary(Binary::Divide, above, determinant))
}

/// The determinant where a column is another: Cramer's rule.
fn replaced(formula: &mut Formula, parts: &Parts<Place>, right: &[Place]) -> Place {
    let mut matrix = parts.matrix.clone();
    for (row, value) in matrix.iter_mut().zip(right) {
        row[parts.row] = *value;
    }
    let rows: Vec<usize> = (0..matrix.len()).collect();
    of(formula, &matrix, &rows, &rows)
}

fn of(formula: &mut Formula, matrix: &[Vec<Place>], rows: &[usize], columns: &[usize]) -> Place {
    let Some((column, columns)) = columns.split_last() else {
        return formula.add(Operation::Number(1f64.to_bits()));
    };
    let mut sum = None;
    for (i, row) in rows.iter().enumerate() {
        let entry = matrix[*row][*column];
        if matches!(formula.operations[entry], Operation::Number(bits) if f64::from_bits(bits) == 0.0) {
            continue;
        }
        let others: Vec<usize> = rows.iter().copied().filter(|other| other != row).collect();
        let minor = of(formula, matrix, &others, columns);
        let term = formula.add(Operation::Binary(Binary::Multiply, entry, minor));
        let minus = (rows.len() - 1 - i) % 2 == 1;
        sum = Some(match (sum, minus) {
            (None, false) => term,
            (None, true) => formula.add(Operation::Unary(super::function::Unary::Negate, term)),
            (Some(sum), false) => formula.add(Operation::Binary(Binary::Add, sum, term)),
            (Some(sum), true) => formula.add(Operation::Binary(Binary::Subtract, sum, term)),
        });
    }
    sum.unwrap_or_else(|| formula.add(Operation::Number(0f64.to_bits())))
}

/// An entry of the lower triangular root: det M_{1…j−1,i; 1…j} / sqrt(det M_{1…j} det M_{1…j−1}).
fn root(formula: &mut Formula, matrix: &[Vec<Place>], row: usize, column: usize) -> Place {
    if column > row {
        return formula.add(Operation::Number(0f64.to_bits()));
    }
    let leading: Vec<usize> = (0..column).collect();
    let up_to: Vec<usize> = (0..=column).collect();
    let rows: Vec<usize> = leading.iter().copied().chain([row]).collect();
    let above = of(formula, matrix, &rows, &up_to);
    let (here, before) = (of(formula, matrix, &up_to, &up_to), of(formula, matrix, &leading, &leading));
    let product = formula.add(Operation::Binary(Binary::Multiply, here, before));
    let below = formula.add(Operation::Unary(super::function::Unary::Sqrt, product));
    formula.add(Operation::Binary(Binary::Divide, above, below))
}
