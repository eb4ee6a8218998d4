//! Group normalisation, y = scale (x − mean)/√(variance + ε) + shift, with mean and variance over the pixels and channels of a group of an
//! image; and SiLU in one with it, z = y/(1 + e^(−y)), except before attention, z = y.

use multiversion::multiversion;

use super::field::Field;
use crate::matrix::logistic;

/// Channels of a group.
pub const GROUP: usize = 8;
/// ε.
const SMALL: f64 = 1e-5;

/// For each image and group: the mean, and one over the root of the variance.
pub type Moments = Vec<[f32; 2]>;

/// z of x.
pub fn forward(from: &Field, (scale, shift): (&[f32], &[f32]), silu: bool, to: &mut Field) -> Moments {
    let (channels, height) = (from.channels, from.grid().height);
    let mut moments = Vec::new();
    for image in 0..from.count() {
        let (mut sums, mut squares) = (vec![0.0; channels], vec![0.0; channels]);
        (0..height).for_each(|y| sum_up(from.row(image, y), &mut sums, &mut squares));
        let own = moments_of(&sums, &squares, from.grid().width * height);
        let (mut of_x, mut constant) = (vec![0.0; channels], vec![0.0; channels]);
        for channel in 0..channels {
            let [mean, inverse] = own[channel / GROUP];
            of_x[channel] = inverse * scale[channel];
            constant[channel] = shift[channel] - mean * of_x[channel];
        }
        let row = if silu { silu_row } else { straight_row };
        (0..height).for_each(|y| row(from.row(image, y), &of_x, &constant, to.row_mut(image, y)));
        moments.extend(own);
    }
    moments
}

fn moments_of(sums: &[f64], squares: &[f64], pixels: usize) -> Moments {
    let of = |(sums, squares): (&[f64], &[f64])| {
        let count = (sums.len() * pixels) as f64;
        let mean = sums.iter().sum::<f64>() / count;
        let variance = (squares.iter().sum::<f64>() / count - mean * mean).max(0.0);
        [mean as f32, (1.0 / (variance + SMALL).sqrt()) as f32]
    };
    sums.chunks_exact(GROUP).zip(squares.chunks_exact(GROUP)).map(of).collect()
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn sum_up(row: &[f32], sums: &mut [f64], squares: &mut [f64]) {
    for pixel in row.chunks_exact(sums.len()) {
        for ((x, sum), square) in pixel.iter().zip(sums.iter_mut()).zip(squares.iter_mut()) {
            let x = f64::from(*x);
            *sum += x;
            *square += x * x;
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn silu_row(from: &[f32], of_x: &[f32], constant: &[f32], to: &mut [f32]) {
    let pixels = from.chunks_exact(of_x.len()).zip(to.chunks_exact_mut(of_x.len()));
    for (from, to) in pixels {
        for (((x, z), a), b) in from.iter().zip(to).zip(of_x).zip(constant) {
            let y = x * a + b;
            *z = y * logistic(y);
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn straight_row(from: &[f32], of_x: &[f32], constant: &[f32], to: &mut [f32]) {
    let pixels = from.chunks_exact(of_x.len()).zip(to.chunks_exact_mut(of_x.len()));
    for (from, to) in pixels {
        for (((x, z), a), b) in from.iter().zip(to).zip(of_x).zip(constant) {
            *z = x * a + b;
        }
    }
}

/// Adds the slopes of x, scale and shift, from that of z.
pub fn backward(
    from: &Field,
    moments: &[[f32; 2]],
    (scale, shift, silu): (&[f32], &[f32], bool),
    slope: &Field,
    to: &mut Field,
    (scale_slope, shift_slope): (&mut [f32], &mut [f32]),
) {
    let (channels, grid) = (from.channels, from.grid());
    let groups = channels / GROUP;
    let mut slopes = vec![0.0; grid.height * grid.width * channels];
    for image in 0..from.count() {
        let own = &moments[image * groups..][..groups];
        let (mut of_x, mut constant) = (vec![0.0; channels], vec![0.0; channels]);
        for channel in 0..channels {
            let [mean, inverse] = own[channel / GROUP];
            of_x[channel] = inverse * scale[channel];
            constant[channel] = shift[channel] - mean * of_x[channel];
        }
        // Σ dy and Σ x dy over pixels.
        let (mut sums, mut products) = (vec![0.0f64; channels], vec![0.0f64; channels]);
        for (y, slopes) in slopes.chunks_exact_mut(grid.width * channels).enumerate() {
            let rows = (from.row(image, y), slope.row(image, y));
            slopes_of_rows(rows, (&of_x, &constant, silu), slopes, (&mut sums, &mut products));
        }
        // dx = of_x dy + of_value x + constant, with the means over the group of dx̂ and of x̂ dx̂, x̂ = (x − mean) inverse.
        let (mut of_value, mut constant) = (vec![0.0; channels], vec![0.0; channels]);
        for (group, [mean, inverse]) in own.iter().enumerate() {
            let (mean, inverse) = (f64::from(*mean), f64::from(*inverse));
            let members = group * GROUP..(group + 1) * GROUP;
            let (mut first, mut second) = (0.0, 0.0);
            for channel in members.clone() {
                let product = inverse * (products[channel] - mean * sums[channel]);
                scale_slope[channel] += product as f32;
                shift_slope[channel] += sums[channel] as f32;
                first += f64::from(scale[channel]) * sums[channel];
                second += f64::from(scale[channel]) * product;
            }
            let count = (GROUP * grid.height * grid.width) as f64;
            let (first, second) = (first / count, second / count);
            for channel in members {
                of_value[channel] = (-inverse * inverse * second) as f32;
                constant[channel] = (-inverse * first + inverse * inverse * second * mean) as f32;
            }
        }
        for (y, slopes) in slopes.chunks_exact(grid.width * channels).enumerate() {
            add_row(slopes, from.row(image, y), (&of_x, &of_value, &constant), to.row_mut(image, y));
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn slopes_of_rows(
    (from, slope): (&[f32], &[f32]),
    (of_x, constant, silu): (&[f32], &[f32], bool),
    slopes: &mut [f32],
    (sums, products): (&mut [f64], &mut [f64]),
) {
    let channels = of_x.len();
    let pixels = from.chunks_exact(channels).zip(slope.chunks_exact(channels));
    for ((from, slope), slopes) in pixels.zip(slopes.chunks_exact_mut(channels)) {
        if silu {
            for ((((x, dz), dy), a), b) in
                from.iter().zip(slope).zip(slopes.iter_mut()).zip(of_x).zip(constant)
            {
                let y = x * a + b;
                let half = logistic(y);
                *dy = dz * half * (1.0 + y * (1.0 - half));
            }
        } else {
            slopes.copy_from_slice(slope);
        }
        for (((x, dy), sum), product) in
            from.iter().zip(&*slopes).zip(sums.iter_mut()).zip(products.iter_mut())
        {
            let dy = f64::from(*dy);
            *sum += dy;
            *product += dy * f64::from(*x);
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma"))]
fn add_row(
    slopes: &[f32],
    from: &[f32],
    (of_x, of_value, constant): (&[f32], &[f32], &[f32]),
    to: &mut [f32],
) {
    let channels = of_x.len();
    let pixels = slopes.chunks_exact(channels).zip(from.chunks_exact(channels));
    for ((slopes, from), to) in pixels.zip(to.chunks_exact_mut(channels)) {
        let factors = of_x.iter().zip(of_value).zip(constant);
        for (((dy, x), dx), ((a, b), c)) in slopes.iter().zip(from).zip(to).zip(factors) {
            *dx += dy * a + x * b + c;
        }
    }
}
