//! Digits drawn with a few strokes, for tests and first steps: rings (0) and bars (1) of random place, size and slant.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::{Images, Shape};
use overlaps_models::{Purpose, stream};

/// So many zeros and ones, grey, of so many pixels a side, mixed.
pub fn drawn(zeros: usize, ones: usize, side: usize, seed: u64) -> Images {
    let shape = Shape::new(side, side, 1);
    let mut pixels = Vec::with_capacity((zeros + ones) * shape.size());
    let mut numbers = Vec::with_capacity(zeros + ones);
    let (mut left_0, mut left_1) = (zeros, ones);
    for place in 0..zeros + ones {
        // In the order of a fair draw without replacement.
        let mut random = stream(seed, shape.size() as u64, Purpose::Labels, place as u64);
        let zero = random.random::<f64>() * ((left_0 + left_1) as f64) < left_0 as f64;
        if zero {
            left_0 -= 1
        } else {
            left_1 -= 1
        }
        let mut normal = |scale: f64| scale * random.sample::<f64, _>(StandardNormal);
        let (x, y) = (normal(0.05), normal(0.05));
        let (slant, wide, high) = (normal(0.2), 0.28 + normal(0.04), 0.36 + normal(0.04));
        for row in 0..side {
            for column in 0..side {
                let of = |place: usize| (place as f64 + 0.5) / side as f64 - 0.5;
                let (v, u) = (of(row) - y, of(column) - x);
                let u = u + slant * v;
                let distance = match zero {
                    true => ((u / wide).hypot(v / high) - 1.0).abs() * wide.min(high),
                    false => u.hypot((v.abs() - high).max(0.0)),
                };
                pixels.push((1.0 - 2.0 / (1.0 + ((0.09 - distance) / 0.02).exp())) as f32);
            }
        }
        numbers.push(i64::from(!zero));
    }
    Images::of_numbers(shape, pixels, &numbers)
}
