//! Convolutions, of 3×3 pixels with zeros around the image or of one, and their slopes: products of matrices whose rows overlap.

use super::field::Field;
use crate::matrix::{Matrix, add_product};

/// Weights, ordered by row and column of the kernel, then channel of the input, then channel of the output.
#[derive(Debug, Clone, Copy)]
pub struct Kernel<'k> {
    /// 3 or 1.
    pub side: usize,
    /// side² × inputs × outputs numbers.
    pub weights: &'k [f32],
}

/// The distance in numbers from a pixel of `from` to where row `y` of its neighbourhood begins.
fn neighbourhood(from: &Field, side: usize, y: usize) -> usize {
    let (grid, reach) = (from.grid(), side / 2);
    (grid.start() + y * grid.row() - reach * (grid.row() + 1)) * from.channels
}

/// to += from * kernel; what stands between the images is to be cleared.
pub fn add(from: &Field, kernel: Kernel, to: &mut Field) {
    let (grid, inputs, outputs) = (from.grid(), from.channels, to.channels);
    let span = grid.span(from.count());
    let of_row = kernel.side * inputs;
    for y in 0..kernel.side {
        let left = Matrix { of: &from.of[neighbourhood(from, kernel.side, y)..], row: inputs, column: 1 };
        let right = Matrix { of: &kernel.weights[y * of_row * outputs..], row: outputs, column: 1 };
        let first = grid.start() * outputs;
        add_product(&mut to.of[first..], outputs, (span, of_row, outputs), left, right);
    }
}

/// The kernel by which slopes go back: turned around, inputs and outputs exchanged.
pub fn turned(kernel: Kernel, inputs: usize, outputs: usize) -> Vec<f32> {
    let places = kernel.side * kernel.side;
    let mut turned = vec![0.0; kernel.weights.len()];
    for place in 0..places {
        let from = &kernel.weights[place * inputs * outputs..][..inputs * outputs];
        let to = &mut turned[(places - 1 - place) * inputs * outputs..][..inputs * outputs];
        for (input, row) in from.chunks_exact(outputs).enumerate() {
            row.iter().enumerate().for_each(|(output, w)| to[output * inputs + input] = *w);
        }
    }
    turned
}

/// Adds the slopes of the weights and of the bias; `slope`, that of the output, is zero between images.
pub fn add_slopes(from: &Field, slope: &Field, side: usize, weights: &mut [f32], bias: &mut [f32]) {
    let (grid, inputs, outputs) = (from.grid(), from.channels, slope.channels);
    let span = grid.span(from.count());
    let of_row = side * inputs;
    let right = Matrix { of: &slope.of[grid.start() * outputs..], row: outputs, column: 1 };
    for y in 0..side {
        let left = Matrix { of: &from.of[neighbourhood(from, side, y)..], row: 1, column: inputs };
        add_product(&mut weights[y * of_row * outputs..], outputs, (of_row, span, outputs), left, right);
    }
    for pixel in right.of[..span * outputs].chunks_exact(outputs) {
        bias.iter_mut().zip(pixel).for_each(|(sum, x)| *sum += x);
    }
}
