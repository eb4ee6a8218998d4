//! The vectors that a network sees, stored for one pass per epoch: in blocks of coordinates, so that the sums over samples
//! that make the gradient, the update of u and w, and the scalar products for the next epoch all happen while a block
//! is in the nearest cache.

use multiversion::multiversion;

/// Coordinates per block: 128 rows of them are 32 kB.
pub const BLOCK: usize = 64;

/// Rows (data, then fixed noise) in single precision, block by block, padded with zeros to whole blocks.
#[derive(Debug, Clone)]
pub struct Rows {
    /// How many.
    pub count: usize,
    /// Blocks of coordinates.
    pub blocks: usize,
    values: Vec<f32>,
}

impl Rows {
    /// `value(row, coordinate)` for all rows and d coordinates.
    pub fn new(count: usize, d: usize, value: impl Fn(usize, usize) -> f64) -> Rows {
        let blocks = d.div_ceil(BLOCK);
        let mut values = vec![0.0; blocks * count * BLOCK];
        for (block, part) in values.chunks_exact_mut(count * BLOCK).enumerate() {
            for (row, part) in part.chunks_exact_mut(BLOCK).enumerate() {
                for (lane, x) in part.iter_mut().enumerate() {
                    let coordinate = block * BLOCK + lane;
                    if coordinate < d {
                        *x = value(row, coordinate) as f32;
                    }
                }
            }
        }
        Rows { count, blocks, values }
    }

    /// One block: `count` times [`BLOCK`] numbers.
    pub fn block(&self, block: usize) -> &[f32] {
        let size = self.count * BLOCK;
        &self.values[block * size..(block + 1) * size]
    }
}

/// Scalar products of all rows with u and w as they build up over the blocks, in eight lanes each.
#[derive(Debug, Clone)]
pub struct Dots {
    lanes: Vec<[f32; 16]>,
}

impl Dots {
    /// Of so many rows, zero.
    pub fn new(count: usize) -> Dots {
        Dots { lanes: vec![[0.0; 16]; count] }
    }

    /// Starts again.
    pub fn clear(&mut self) {
        self.lanes.fill([0.0; 16]);
    }

    /// (row·u, row·w).
    pub fn of(&self, row: usize) -> (f64, f64) {
        let sum = |lanes: &[f32]| lanes.iter().map(|x| f64::from(*x)).sum();
        (sum(&self.lanes[row][..8]), sum(&self.lanes[row][8..]))
    }

    /// Adds the contribution of one block.
    pub fn add(&mut self, rows: &[f32], u: &[f32; BLOCK], w: &[f32; BLOCK]) {
        add_dots(rows, u, w, &mut self.lanes);
    }
}

/// Every product is fused with its sum, which is exact to the last bit on every machine (and slow on one without the
/// instruction), and the lanes are fixed, so that every instruction set gives the same bits. The width comes as that of u: with a constant the compiler interchanges the loops and gathers numbers one by one.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn add_dots(rows: &[f32], u: &[f32], w: &[f32], lanes: &mut [[f32; 16]]) {
    let width = u.len();
    let ((u8, _), (w8, _)) = (u.as_chunks::<8>(), w.as_chunks::<8>());
    // Two rows at a time, so that u and w are read half as often.
    let (pairs, last) = lanes.as_chunks_mut::<2>();
    let (paired, left) = rows.split_at(2 * width * pairs.len());
    for (rows, lanes) in paired.chunks_exact(2 * width).zip(pairs) {
        let (first, second) = rows.split_at(width);
        let mut sums = [[0.0f32; 8]; 4];
        let ((first8, _), (second8, _)) = (first.as_chunks::<8>(), second.as_chunks::<8>());
        for (((x, y), u), w) in first8.iter().zip(second8).zip(u8).zip(w8) {
            for i in 0..8 {
                sums[0][i] = x[i].mul_add(u[i], sums[0][i]);
                sums[1][i] = x[i].mul_add(w[i], sums[1][i]);
                sums[2][i] = y[i].mul_add(u[i], sums[2][i]);
                sums[3][i] = y[i].mul_add(w[i], sums[3][i]);
            }
        }
        for i in 0..8 {
            lanes[0][i] += sums[0][i];
            lanes[0][8 + i] += sums[1][i];
            lanes[1][i] += sums[2][i];
            lanes[1][8 + i] += sums[3][i];
        }
    }
    for (row, lanes) in left.chunks_exact(width).zip(last) {
        let (mut by_u, mut by_w) = ([0.0f32; 8], [0.0f32; 8]);
        let (row8, _) = row.as_chunks::<8>();
        for ((row, u), w) in row8.iter().zip(u8).zip(w8) {
            for i in 0..8 {
                by_u[i] = row[i].mul_add(u[i], by_u[i]);
                by_w[i] = row[i].mul_add(w[i], by_w[i]);
            }
        }
        for i in 0..8 {
            lanes[i] += by_u[i];
            lanes[8 + i] += by_w[i];
        }
    }
}

/// Σ_rows p·row and Σ_rows q·row of one block.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn weighted_sums(rows: &[f32], weights: &[[f32; 2]]) -> ([f32; BLOCK], [f32; BLOCK]) {
    let (mut by_p, mut by_q) = ([0.0f32; BLOCK], [0.0f32; BLOCK]);
    let (rows, _) = rows.as_chunks::<BLOCK>();
    for (row, [p, q]) in rows.iter().zip(weights) {
        for i in 0..BLOCK {
            by_p[i] = p.mul_add(row[i], by_p[i]);
            by_q[i] = q.mul_add(row[i], by_q[i]);
        }
    }
    (by_p, by_q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_sums_are_those_of_plain_loops() {
        let (count, d) = (5, 150);
        let value = |row: usize, j: usize| ((row * 37 + j * 11) % 19) as f64 / 7.0 - 1.1;
        let rows = Rows::new(count, d, value);
        let at = |v: &dyn Fn(usize) -> f64, block: usize| -> [f32; BLOCK] {
            std::array::from_fn(
                |lane| if block * BLOCK + lane < d { v(block * BLOCK + lane) as f32 } else { 0.0 },
            )
        };
        let (u, w) = (|j: usize| (j as f64 * 0.3).sin(), |j: usize| (j as f64 * 0.7).cos());
        let mut dots = Dots::new(count);
        for block in 0..rows.blocks {
            dots.add(rows.block(block), &at(&u, block), &at(&w, block));
        }
        for row in 0..count {
            let (by_u, by_w) = dots.of(row);
            assert!((by_u - (0..d).map(|j| value(row, j) * u(j)).sum::<f64>()).abs() < 1e-5);
            assert!((by_w - (0..d).map(|j| value(row, j) * w(j)).sum::<f64>()).abs() < 1e-5);
        }
        let weights: Vec<[f32; 2]> = (0..count).map(|i| [i as f32 - 2.0, 0.5 * i as f32]).collect();
        let (p, q) = weighted_sums(rows.block(2), &weights);
        for lane in 0..BLOCK {
            let j = 2 * BLOCK + lane;
            let stored = |i: usize| if j < d { value(i, j) } else { 0.0 };
            let sum = |which: usize| -> f64 {
                weights.iter().enumerate().map(|(i, weights)| f64::from(weights[which]) * stored(i)).sum()
            };
            assert!((f64::from(p[lane]) - sum(0)).abs() < 1e-5);
            assert!((f64::from(q[lane]) - sum(1)).abs() < 1e-5);
        }
    }
}
