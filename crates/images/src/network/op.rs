//! The layers of a network as steps between numbered fields, forward and back.

use std::mem::take;
use std::ops::Range;

use super::attention;
use super::convolve::{self, Kernel};
use super::field::{Field, Grid};
use super::normalise::{self, Moments};
use super::resize;

/// A step: what it reads, its parameters and where its result goes, by places of fields and ranges of parameters.
#[derive(Debug, Clone)]
pub enum Op {
    /// A convolution with zeros around the image.
    Convolve { from: usize, to: usize, side: usize, weights: Range<usize>, bias: Range<usize> },
    /// Group normalisation, and SiLU or not.
    Normalise { from: usize, to: usize, silu: bool, scale: Range<usize>, shift: Range<usize> },
    /// Attention, from queries, keys and values.
    Attend { from: usize, to: usize },
    /// SiLU.
    Silu { from: usize, to: usize },
    /// A sum; the second may be one pixel, added to all.
    Add { first: usize, second: usize, to: usize },
    /// Means of 2×2 pixels.
    Halve { from: usize, to: usize },
    /// A pixel becomes four.
    Double { from: usize, to: usize },
    /// The channels of two, side by side.
    Join { first: usize, second: usize, to: usize },
    /// The mean over an image.
    Mean { from: usize, to: usize },
}

/// The fields of some images on their way through a network, used again and again.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The result of every step.
    pub values: Vec<Field>,
    /// The slope of the loss in each; empty where none is asked for.
    pub slopes: Vec<Field>,
    moments: Vec<Moments>,
}

impl Workspace {
    /// One for fields of these grids and channels.
    pub fn new(fields: &[(Grid, usize)], ops: usize, count: usize, with_slopes: bool) -> Workspace {
        let new = || fields.iter().map(|(grid, channels)| Field::new(*grid, *channels, count)).collect();
        let slopes = if with_slopes { new() } else { Vec::new() };
        Workspace { values: new(), slopes, moments: vec![Moments::new(); ops] }
    }

    /// Does a step.
    pub fn forward(&mut self, place: usize, op: &Op, p: &[f32]) {
        let values = &mut self.values;
        let (Op::Convolve { to, .. }
        | Op::Normalise { to, .. }
        | Op::Attend { to, .. }
        | Op::Silu { to, .. }
        | Op::Add { to, .. }
        | Op::Halve { to, .. }
        | Op::Double { to, .. }
        | Op::Join { to, .. }
        | Op::Mean { to, .. }) = *op;
        let mut made = take(&mut values[to]);
        match op {
            Op::Convolve { from, side, weights, bias, .. } => {
                let bias = &p[bias.clone()];
                made.of.chunks_exact_mut(bias.len()).for_each(|pixel| pixel.copy_from_slice(bias));
                convolve::add(
                    &values[*from],
                    Kernel { side: *side, weights: &p[weights.clone()] },
                    &mut made,
                );
                made.clear_between();
            }
            Op::Normalise { from, silu, scale, shift, .. } => {
                let (scale, shift) = (&p[scale.clone()], &p[shift.clone()]);
                self.moments[place] = normalise::forward(&values[*from], (scale, shift), *silu, &mut made);
            }
            Op::Attend { from, .. } => {
                made.of.fill(0.0);
                attention::forward(&values[*from], &mut made);
            }
            Op::Silu { from, .. } => resize::silu(&values[*from], &mut made),
            Op::Add { first, second, .. } => {
                made.of.copy_from_slice(&values[*first].of);
                resize::add(&values[*second], &mut made);
            }
            Op::Halve { from, .. } => {
                made.of.fill(0.0);
                resize::add_means(&values[*from], &mut made);
            }
            Op::Double { from, .. } => {
                made.of.fill(0.0);
                resize::add_spread(&values[*from], &mut made, false);
            }
            Op::Join { first, second, .. } => resize::join(&values[*first], &values[*second], &mut made),
            Op::Mean { from, .. } => {
                made.of.fill(0.0);
                resize::add_total(&values[*from], &mut made, share(&values[*from]));
            }
        }
        values[to] = made;
    }

    /// Adds the slopes of what a step reads, and of its parameters, from the slope of what it makes.
    pub fn backward(&mut self, place: usize, op: &Op, p: &[f32], slopes_of: &mut [f32]) {
        let (values, slopes) = (&self.values, &mut self.slopes);
        match op {
            Op::Convolve { from, to, side, weights, bias } => {
                let (slope, mut back) = (take(&mut slopes[*to]), take(&mut slopes[*from]));
                let (of_weights, of_bias) = two(slopes_of, weights, bias);
                convolve::add_slopes(&values[*from], &slope, *side, of_weights, of_bias);
                let kernel = Kernel { side: *side, weights: &p[weights.clone()] };
                let turned = convolve::turned(kernel, back.channels, slope.channels);
                convolve::add(&slope, Kernel { side: *side, weights: &turned }, &mut back);
                back.clear_between();
                (slopes[*to], slopes[*from]) = (slope, back);
            }
            Op::Normalise { from, to, silu, scale, shift } => {
                let (slope, mut back) = (take(&mut slopes[*to]), take(&mut slopes[*from]));
                let of = two(slopes_of, scale, shift);
                let own = (&p[scale.clone()], &p[shift.clone()], *silu);
                normalise::backward(&values[*from], &self.moments[place], own, &slope, &mut back, of);
                (slopes[*to], slopes[*from]) = (slope, back);
            }
            Op::Add { first, second, to } => {
                let slope = take(&mut slopes[*to]);
                resize::add(&slope, &mut slopes[*first]);
                if slopes[*second].grid() == slope.grid() {
                    resize::add(&slope, &mut slopes[*second]);
                } else {
                    resize::add_total(&slope, &mut slopes[*second], 1.0);
                }
                slopes[*to] = slope;
            }
            Op::Join { first, second, to } => {
                let slope = take(&mut slopes[*to]);
                resize::add_part(&slope, 0, &mut slopes[*first]);
                let channels = slopes[*first].channels;
                resize::add_part(&slope, channels, &mut slopes[*second]);
                slopes[*to] = slope;
            }
            Op::Attend { from, to }
            | Op::Silu { from, to }
            | Op::Halve { from, to }
            | Op::Double { from, to }
            | Op::Mean { from, to } => {
                let slope = take(&mut slopes[*to]);
                let (value, back) = (&values[*from], &mut slopes[*from]);
                match op {
                    Op::Attend { .. } => attention::backward(value, &slope, back),
                    Op::Silu { .. } => resize::add_silu_slope(value, &slope, back),
                    Op::Halve { .. } => resize::add_spread(&slope, back, true),
                    Op::Double { .. } => resize::add_sums(&slope, back),
                    _ => resize::add_everywhere(&slope, back, share(value)),
                }
                slopes[*to] = slope;
            }
        }
    }
}

/// One over the number of pixels.
fn share(field: &Field) -> f32 {
    1.0 / (field.grid().height * field.grid().width) as f32
}

/// Two ranges of parameters that follow each other.
fn two<'s>(
    all: &'s mut [f32],
    first: &Range<usize>,
    second: &Range<usize>,
) -> (&'s mut [f32], &'s mut [f32]) {
    let (before, after) = all.split_at_mut(second.start);
    (&mut before[first.clone()], &mut after[..second.len()])
}
