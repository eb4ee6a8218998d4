//! What has no parameters: means of 2×2 pixels, pixels made four, sums, channels put side by side, means over an image, SiLU.
//! Each with its slopes.

use super::field::Field;
use crate::matrix::logistic;

/// The pixels of the larger grid that stand for pixel `place` of the smaller, along a side of so many.
fn pair(place: usize, side: usize) -> std::ops::Range<usize> {
    2 * place..(2 * place + 2).min(side)
}

/// Calls with the row, the place in it, the row of the larger grid and the place there, and the share that the mean gives it.
fn each_pair(large: &Field, small: &Field, mut of: impl FnMut((usize, usize), usize, usize, usize, f32)) {
    let (whole, channels) = (large.grid(), large.channels);
    for (image, y) in small.rows() {
        let rows = pair(y, whole.height);
        for x in 0..small.grid().width {
            let columns = pair(x, whole.width);
            let share = 1.0 / (rows.len() * columns.len()) as f32;
            for row in rows.clone() {
                columns
                    .clone()
                    .for_each(|column| of((image, y), x * channels, row, column * channels, share));
            }
        }
    }
}

/// small += means of large.
pub fn add_means(large: &Field, small: &mut Field) {
    let (channels, shape) = (large.channels, small.clone_shape());
    each_pair(large, &shape, |(image, y), x, row, column, share| {
        let from = &large.row(image, row)[column..column + channels];
        let to = &mut small.row_mut(image, y)[x..x + channels];
        to.iter_mut().zip(from).for_each(|(to, from)| *to += share * from);
    });
}

/// large += share of small: the slope of means, with shares, or pixels made four, without.
pub fn add_spread(small: &Field, large: &mut Field, shares: bool) {
    let (channels, shape) = (large.channels, large.clone_shape());
    each_pair(&shape, small, |(image, y), x, row, column, share| {
        let share = if shares { share } else { 1.0 };
        let from = &small.row(image, y)[x..x + channels];
        let to = &mut large.row_mut(image, row)[column..column + channels];
        to.iter_mut().zip(from).for_each(|(to, from)| *to += share * from);
    });
}

/// small += sums of large: the slope of pixels made four.
pub fn add_sums(large: &Field, small: &mut Field) {
    let (channels, shape) = (large.channels, small.clone_shape());
    each_pair(large, &shape, |(image, y), x, row, column, _| {
        let from = &large.row(image, row)[column..column + channels];
        let to = &mut small.row_mut(image, y)[x..x + channels];
        to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
    });
}

/// to += from; one pixel goes to all pixels.
pub fn add(from: &Field, to: &mut Field) {
    for (image, y) in to.rows() {
        if from.grid() == to.grid() {
            to.row_mut(image, y).iter_mut().zip(from.row(image, y)).for_each(|(to, from)| *to += from);
        } else {
            let pixel = from.row(image, 0);
            for to in to.row_mut(image, y).chunks_exact_mut(pixel.len()) {
                to.iter_mut().zip(pixel).for_each(|(to, from)| *to += from);
            }
        }
    }
}

/// to += the sum over the pixels of from, times a share: to has one pixel.
pub fn add_total(from: &Field, to: &mut Field, share: f32) {
    for (image, y) in from.rows() {
        let sums = to.row_mut(image, 0);
        for pixel in from.row(image, y).chunks_exact(sums.len()) {
            sums.iter_mut().zip(pixel).for_each(|(sum, x)| *sum += share * x);
        }
    }
}

/// All pixels of `to` += a share of the one of from.
pub fn add_everywhere(from: &Field, to: &mut Field, share: f32) {
    for (image, y) in to.rows() {
        let pixel = from.row(image, 0);
        for to in to.row_mut(image, y).chunks_exact_mut(pixel.len()) {
            to.iter_mut().zip(pixel).for_each(|(to, x)| *to += share * x);
        }
    }
}

/// The channels of one beside those of another.
pub fn join(first: &Field, second: &Field, to: &mut Field) {
    let (a, b) = (first.channels, second.channels);
    for (image, y) in to.rows() {
        let parts = first.row(image, y).chunks_exact(a).zip(second.row(image, y).chunks_exact(b));
        for (to, (first, second)) in to.row_mut(image, y).chunks_exact_mut(a + b).zip(parts) {
            to[..a].copy_from_slice(first);
            to[a..].copy_from_slice(second);
        }
    }
}

/// to += the channels of from, beginning with one.
pub fn add_part(from: &Field, first: usize, to: &mut Field) {
    let (all, own) = (from.channels, to.channels);
    for (image, y) in to.rows() {
        let pixels = from.row(image, y).chunks_exact(all);
        for (to, from) in to.row_mut(image, y).chunks_exact_mut(own).zip(pixels) {
            to.iter_mut().zip(&from[first..first + own]).for_each(|(to, from)| *to += from);
        }
    }
}

/// SiLU, x/(1 + e^(−x)).
pub fn silu(from: &Field, to: &mut Field) {
    to.of.iter_mut().zip(&from.of).for_each(|(to, x)| *to = x * logistic(*x));
}

/// to += its slope.
pub fn add_silu_slope(from: &Field, slope: &Field, to: &mut Field) {
    for ((to, x), dz) in to.of.iter_mut().zip(&from.of).zip(&slope.of) {
        let half = logistic(*x);
        *to += dz * half * (1.0 + x * (1.0 - half));
    }
}
