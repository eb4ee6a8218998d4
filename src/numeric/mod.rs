//! Arithmetic that the rooms above share.
//!
//! - `array`: operations over whole arrays of quadrature nodes, the same bits on every machine.
//! - `tails`: the normal distribution far out.
//! - `decimal`: numbers as text, evenly spaced values.

mod array;
mod decimal;
mod tails;

pub(crate) use array::{
    add, add_number, affine, divide, divide_into_number, divide_number, dot3, exp_array, logistic_array,
    multiply, multiply_number, sech2, sech2_array, subtract, subtract_from_number, subtract_number,
    tanh_array,
};
pub use array::{dot, exp_m1_and_exp, tanh, tanh_and_sech2, tanh_sech2_array};
pub use decimal::{grid, shortest, significant, without_round_off};
pub(crate) use tails::{erfcx, inverse_mills, log_add_exp, log_normal_cdf, mills_excess, softplus};
