//! Products of matrices, and what is applied to every element; each function is compiled for several instruction sets and chosen
//! at run time.
//!
//! Every element of a product is summed in the order of its terms, with one rounding each (`mul_add`), so that it is the same on
//! any processor, in any block, on any number of threads. Rows of the left factor may overlap, which makes a convolution out of a
//! product and is why this is not done by a library that first copies its factors.

use multiversion::multiversion;

/// Rows and columns of a block that is summed in registers.
const ROWS: usize = 6;
const COLUMNS: usize = 16;

/// A matrix in memory: where it begins, and the distance between its rows and its columns.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'m> {
    /// The numbers.
    pub of: &'m [f32],
    /// From a row to the next.
    pub row: usize,
    /// From a column to the next.
    pub column: usize,
}

/// c += a·b for c of m rows, at a distance `row` from each other, and n columns; b has n columns side by side.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn add_product(c: &mut [f32], row: usize, (m, k, n): (usize, usize, usize), a: Matrix, b: Matrix) {
    let mut j = 0;
    while j < n {
        let columns = match n - j {
            rest if rest >= COLUMNS => COLUMNS,
            rest if rest >= 8 => 8,
            _ => 1,
        };
        let mut i = 0;
        while i < m {
            let rows = if m - i >= ROWS { ROWS } else { 1 };
            match (rows, columns) {
                (ROWS, COLUMNS) => block::<ROWS, COLUMNS>(c, row, (i, j, k), a, b),
                (ROWS, 8) => block::<ROWS, 8>(c, row, (i, j, k), a, b),
                (ROWS, _) => block::<ROWS, 1>(c, row, (i, j, k), a, b),
                (_, COLUMNS) => block::<1, COLUMNS>(c, row, (i, j, k), a, b),
                (_, 8) => block::<1, 8>(c, row, (i, j, k), a, b),
                _ => block::<1, 1>(c, row, (i, j, k), a, b),
            }
            i += rows;
        }
        j += columns;
    }
}

/// A block of c from row i and column j.
#[inline(always)]
fn block<const R: usize, const N: usize>(
    c: &mut [f32],
    row: usize,
    (i, j, k): (usize, usize, usize),
    a: Matrix,
    b: Matrix,
) {
    let mut sum = [[0.0f32; N]; R];
    for (r, sum) in sum.iter_mut().enumerate() {
        sum.copy_from_slice(&c[(i + r) * row + j..][..N]);
    }
    if a.column == 1 {
        // k numbers of each row side by side.
        let rows: [&[f32]; R] = std::array::from_fn(|r| &a.of[(i + r) * a.row..][..k]);
        // The index runs along all rows at once, which an iterator over one cannot.
        #[allow(clippy::needless_range_loop)]
        for l in 0..k {
            let right: &[f32; N] = b.of[l * b.row + j..].first_chunk().unwrap_or(&[0.0; N]);
            for r in 0..R {
                let left = rows[r][l];
                for (sum, right) in sum[r].iter_mut().zip(right) {
                    *sum = left.mul_add(*right, *sum);
                }
            }
        }
    } else {
        // R numbers of each column side by side.
        for l in 0..k {
            let right: &[f32; N] = b.of[l * b.row + j..].first_chunk().unwrap_or(&[0.0; N]);
            let left: &[f32; R] = a.of[l * a.column + i..].first_chunk().unwrap_or(&[0.0; R]);
            for r in 0..R {
                for (sum, right) in sum[r].iter_mut().zip(right) {
                    *sum = left[r].mul_add(*right, *sum);
                }
            }
        }
    }
    for (r, sum) in sum.iter().enumerate() {
        c[(i + r) * row + j..][..N].copy_from_slice(sum);
    }
}

/// e^x: x = k ln 2 + r, and the series of e^r to r⁷ (remainder below 6e-9 of it).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding it rounds to an integer, which then stands in the low bits
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let k = shifted - ROUND;
    let r = k.mul_add(-0.693_145_75, x);
    let r = k.mul_add(-1.428_606_8e-6, r);
    let mut p = 1.0f32 / 5040.0;
    for divisor in [1.0f32 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = p.mul_add(r, divisor);
    }
    p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// 1/(1 + e^(−x)).
#[inline(always)]
pub fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_the_sum_of_its_terms() {
        let number = |i: usize, salt: usize| ((i * 37 + salt * 101) % 61) as f32 / 8.0 - 3.0;
        for (m, k, n) in [(1, 3, 1), (7, 5, 9), (13, 96, 32), (6, 4, 27)] {
            for by_columns in [false, true] {
                // Rows that overlap where k numbers stand side by side: each begins 2 numbers after the other.
                let (row, column) = if by_columns { (1, m + 1) } else { (2, 1) };
                let a: Vec<f32> = (0..2 * m + k * (m + 2)).map(|i| number(i, 1)).collect();
                let b: Vec<f32> = (0..k * (n + 3)).map(|i| number(i, 2)).collect();
                let mut c: Vec<f32> = (0..m * (n + 1)).map(|i| number(i, 3)).collect();
                let mut expected = c.clone();
                for i in 0..m {
                    for j in 0..n {
                        let terms = (0..k).map(|l| a[i * row + l * column] * b[l * (n + 3) + j]);
                        // Sixty-fourths of whole numbers: exact in f32.
                        expected[i * (n + 1) + j] += terms.sum::<f32>();
                    }
                }
                add_product(
                    &mut c,
                    n + 1,
                    (m, k, n),
                    Matrix { of: &a, row, column },
                    Matrix { of: &b, row: n + 3, column: 1 },
                );
                assert_eq!(c, expected, "{m} {k} {n}");
            }
        }
    }

    #[test]
    fn the_exponential_has_seven_digits() {
        for i in -870..880 {
            let x = i as f32 / 10.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 4e-7, "{x}");
        }
    }
}
