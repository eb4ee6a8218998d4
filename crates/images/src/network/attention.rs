//! Attention of every pixel to all pixels of its image (Vaswani et al. 2017), with one head, as in DDPM (Ho et al. 2020): from queries,
//! keys and values side by side, o_i = Σ_j p_ij v_j with p_ij ∝ exp(q_i·k_j/√channels).
//!
//! Probabilities are made for a few pixels at a time, and again on the way back: memory goes as the pixels, not as their square.

use multiversion::multiversion;

use super::field::Field;
use crate::matrix::{Matrix, add_product, exp};

/// Pixels whose probabilities are in memory at a time.
const PIXELS: usize = 32;

/// Numbers that an image needs on the way back, beside the fields.
pub fn scratch(pixels: usize, channels: usize) -> usize {
    pixels * (9 * channels + 2 * PIXELS)
}

/// o of queries, keys and values.
pub fn forward(from: &Field, to: &mut Field) {
    let channels = to.channels;
    for image in 0..from.count() {
        let [queries, keys, values] = parts(from, image, channels);
        let (pixels, keys) = (keys.len() / channels, across(&keys, channels));
        let mut made = vec![0.0; values.len()];
        for (queries, made) in queries.chunks(PIXELS * channels).zip(made.chunks_mut(PIXELS * channels)) {
            let p = probabilities(queries, &keys, channels);
            let size = (queries.len() / channels, pixels, channels);
            add_product(made, channels, size, by_rows(&p, pixels), by_rows(&values, channels));
        }
        add_to(to, image, [&made]);
    }
}

/// Adds the slopes of queries, keys and values, from that of o.
pub fn backward(from: &Field, slope: &Field, back: &mut Field) {
    let channels = slope.channels;
    for image in 0..from.count() {
        let [queries, keys, values] = parts(from, image, channels);
        let [slopes] = parts(slope, image, channels);
        let (pixels, keys_across, values_across) =
            (keys.len() / channels, across(&keys, channels), across(&values, channels));
        let zeros = || vec![0.0; keys.len()];
        let (mut of_queries, mut of_keys, mut of_values) = (zeros(), zeros(), zeros());
        let own = queries.chunks(PIXELS * channels).zip(slopes.chunks(PIXELS * channels));
        for ((queries, slopes), of_queries) in own.zip(of_queries.chunks_mut(PIXELS * channels)) {
            let rows = queries.len() / channels;
            let p = probabilities(queries, &keys_across, channels);
            let mut s = vec![0.0; p.len()];
            let right = by_rows(&values_across, pixels);
            add_product(&mut s, pixels, (rows, channels, pixels), by_rows(slopes, channels), right);
            slopes_of_products(&p, &mut s, pixels, scale(channels));
            let (left, right) = (by_rows(&s, pixels), by_rows(&keys, channels));
            add_product(of_queries, channels, (rows, pixels, channels), left, right);
            let (size, turned) = ((pixels, rows, channels), |of| Matrix { of, row: 1, column: pixels });
            add_product(&mut of_keys, channels, size, turned(&s), by_rows(queries, channels));
            add_product(&mut of_values, channels, size, turned(&p), by_rows(slopes, channels));
        }
        add_to(back, image, [&of_queries, &of_keys, &of_values]);
    }
}

/// 1/√channels.
fn scale(channels: usize) -> f32 {
    (1.0 / (channels as f64).sqrt()) as f32
}

fn by_rows(of: &[f32], row: usize) -> Matrix<'_> {
    Matrix { of, row, column: 1 }
}

/// What stands side by side in the pixels of an image, each for itself, without the zeros between rows.
fn parts<const N: usize>(field: &Field, image: usize, channels: usize) -> [Vec<f32>; N] {
    let mut parts = [const { Vec::new() }; N];
    for y in 0..field.grid().height {
        for pixel in field.row(image, y).chunks_exact(N * channels) {
            let own = pixel.chunks_exact(channels);
            parts.iter_mut().zip(own).for_each(|(part, own)| part.extend_from_slice(own));
        }
    }
    parts
}

/// Adds them where they were.
fn add_to<const N: usize>(field: &mut Field, image: usize, parts: [&[f32]; N]) {
    let (grid, channels) = (field.grid(), field.channels / N);
    for y in 0..grid.height {
        for (x, pixel) in field.row_mut(image, y).chunks_exact_mut(N * channels).enumerate() {
            let first = (y * grid.width + x) * channels;
            for (to, part) in pixel.chunks_exact_mut(channels).zip(parts) {
                to.iter_mut().zip(&part[first..]).for_each(|(to, x)| *to += x);
            }
        }
    }
}

/// Rows and columns exchanged, so that products run along pixels.
fn across(of: &[f32], channels: usize) -> Vec<f32> {
    (0..channels).flat_map(|channel| of.iter().skip(channel).step_by(channels)).copied().collect()
}

/// p of some queries, a row for each.
fn probabilities(queries: &[f32], keys_across: &[f32], channels: usize) -> Vec<f32> {
    let (rows, pixels) = (queries.len() / channels, keys_across.len() / channels);
    let mut p = vec![0.0; rows * pixels];
    let (left, right) = (by_rows(queries, channels), by_rows(keys_across, pixels));
    add_product(&mut p, pixels, (rows, channels, pixels), left, right);
    softmax(&mut p, pixels, scale(channels));
    p
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn softmax(rows: &mut [f32], pixels: usize, scale: f32) {
    for row in rows.chunks_exact_mut(pixels) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|x| *x = exp(scale * (*x - largest)));
        let sum: f64 = row.iter().map(|x| f64::from(*x)).sum();
        let share = (1.0 / sum) as f32;
        row.iter_mut().for_each(|x| *x *= share);
    }
}

/// From the slopes d of probabilities those of the products q_i·k_j: p_ij (d_ij − Σ_k p_ik d_ik)/√channels.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn slopes_of_products(p: &[f32], d: &mut [f32], pixels: usize, scale: f32) {
    for (p, d) in p.chunks_exact(pixels).zip(d.chunks_exact_mut(pixels)) {
        let mean: f64 = p.iter().zip(&*d).map(|(p, d)| f64::from(*p) * f64::from(*d)).sum();
        let mean = mean as f32;
        d.iter_mut().zip(p).for_each(|(d, p)| *d = scale * p * (*d - mean));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::field::Grid;

    #[test]
    fn what_comes_out_is_the_mean_of_values_with_shares_of_products() {
        // 7×6 pixels are more than are in memory at a time; each image attends to itself only.
        let (grid, channels, count) = (Grid { height: 7, width: 6 }, 8, 2);
        let pixels = grid.height * grid.width;
        let numbers: Vec<f32> =
            (0..count * pixels * 3 * channels).map(|i| 2.0 * (i as f32 * 1.7).sin()).collect();
        let (mut from, mut to) = (Field::new(grid, 3 * channels, count), Field::new(grid, channels, count));
        from.fill(&numbers);
        forward(&from, &mut to);
        let of = |image: usize, pixel: usize, part: usize, channel: usize| {
            f64::from(numbers[((image * pixels + pixel) * 3 + part) * channels + channel])
        };
        let made = to.images();
        for image in 0..count {
            for i in 0..pixels {
                let product =
                    |j: usize| (0..channels).map(|c| of(image, i, 0, c) * of(image, j, 1, c)).sum::<f64>();
                let shares: Vec<f64> =
                    (0..pixels).map(|j| (product(j) / (channels as f64).sqrt()).exp()).collect();
                for c in 0..channels {
                    let sum: f64 =
                        shares.iter().enumerate().map(|(j, share)| share * of(image, j, 2, c)).sum();
                    let expected = sum / shares.iter().sum::<f64>();
                    let found = f64::from(made[(image * pixels + i) * channels + c]);
                    assert!((found - expected).abs() < 1e-5, "{image} {i} {c}: {found} {expected}");
                }
            }
        }
    }
}
