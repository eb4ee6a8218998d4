//! Products of a Gram matrix with vectors: most of the time where there are many samples.

use multiversion::multiversion;
use nalgebra::{DMatrix, DVector};

/// Columns that are read together, so that the sums over them are in memory once.
const WIDE: usize = 4;

/// Gx of a symmetric matrix. Large ones are limited by memory: each element of the lower triangle is read once, for both places where it
/// stands, and the upper one is not.
pub fn product(gram: &DMatrix<f64>, x: &DVector<f64>) -> DVector<f64> {
    let n = x.len();
    assert!(gram.is_square() && gram.nrows() == n, "a matrix and a vector of the same size");
    let mut sums = DVector::zeros(n);
    for first in (0..n).step_by(WIDE) {
        let end = (first + WIDE).min(n);
        for j in first..end {
            sums[j] += gram[(j, j)] * x[j];
            for i in j + 1..end {
                sums[i] += gram[(i, j)] * x[j];
                sums[j] += gram[(i, j)] * x[i];
            }
        }
        if end < n {
            let columns: [&[f64]; WIDE] =
                std::array::from_fn(|k| &gram.as_slice()[(first + k) * n + end..(first + k + 1) * n]);
            let factors: [f64; WIDE] = std::array::from_fn(|k| x[first + k]);
            let across = below(&columns, factors, &x.as_slice()[end..], &mut sums.as_mut_slice()[end..]);
            (first..end).zip(across).for_each(|(j, sum)| sums[j] += sum);
        }
    }
    sums
}

/// Adds Σ_k factor_k column_k to the sums, and returns x·column_k: sums over eight lanes in a fixed order, so that every instruction set
/// gives the same bits.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn below(columns: &[&[f64]; WIDE], factors: [f64; WIDE], x: &[f64], sums: &mut [f64]) -> [f64; WIDE] {
    let mut lanes = [[0.0f64; 8]; WIDE];
    let [a, b, c, d] = columns.map(|column| column.as_chunks::<8>());
    let (x8, x_rest) = x.as_chunks::<8>();
    let (sums8, sums_rest) = sums.as_chunks_mut::<8>();
    let rows = a.0.iter().zip(b.0).zip(c.0).zip(d.0).zip(x8).zip(sums8);
    for (((((a, b), c), d), x), sum) in rows {
        for i in 0..8 {
            sum[i] += (factors[0] * a[i] + factors[1] * b[i]) + (factors[2] * c[i] + factors[3] * d[i]);
            lanes[0][i] += a[i] * x[i];
            lanes[1][i] += b[i] * x[i];
            lanes[2][i] += c[i] * x[i];
            lanes[3][i] += d[i] * x[i];
        }
    }
    for (i, (x, sum)) in x_rest.iter().zip(sums_rest).enumerate() {
        let row = [a.1[i], b.1[i], c.1[i], d.1[i]];
        *sum += (factors[0] * row[0] + factors[1] * row[1]) + (factors[2] * row[2] + factors[3] * row[3]);
        row.iter().zip(&mut lanes).for_each(|(entry, lanes)| lanes[i] += entry * x);
    }
    lanes.map(|l| ((l[0] + l[4]) + (l[1] + l[5])) + ((l[2] + l[6]) + (l[3] + l[7])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_every_size_are_those_of_the_whole_matrix() {
        for n in (1..40).chain([97, 128]) {
            let entry = |i: usize, j: usize| ((i * j) as f64).sin() + ((i + j) as f64).cos();
            let (gram, x) =
                (DMatrix::from_fn(n, n, entry), DVector::from_fn(n, |i, _| (i as f64).sqrt() - 2.0));
            let lower = gram.lower_triangle();
            let (ours, plain) = (product(&lower, &x), &gram * &x);
            assert!((&ours - &plain).amax() < 1e-13 * n as f64 * x.amax(), "n = {n}: {ours} {plain}");
        }
    }
}
