//! Arithmetic that the rooms above share.
//!
//! - `array`: operations over whole arrays of quadrature nodes, the same bits on every machine.
//! - `tails`: the normal distribution far out; `quantile`: its quantiles, and other functions of probabilities.
//! - `bivariate`: the distribution function of two correlated normal variables.
//! - `gamma`, `bessel`: log Γ and the modified Bessel functions, with their derivatives.
//! - `decimal`: numbers as text, evenly spaced values.

mod array;
mod bessel;
mod bivariate;
mod decimal;
#[cfg(test)]
mod digits;
mod gamma;
mod quantile;
mod tails;

pub(crate) use array::{
    add, add_number, divide, divide_into_number, divide_number, exp_array, inlined, log_cosh_array,
    logistic_array, multiply, multiply_number, normal_pdf_array, sech2, sech2_array, softplus_array,
    subtract, subtract_from_number, subtract_number,
};
pub use array::{dot, exp_m1_and_exp, tanh, tanh_and_sech2, tanh_array, tanh_sech2_array};
pub(crate) use bessel::{bessel_cumulant, bessel_fall, bessel_i, bessel_ie, log_bessel_i0};
pub(crate) use bivariate::bivariate_normal_cdf;
pub use decimal::{grid, shortest, significant, without_round_off};
pub(crate) use gamma::{log_gamma, polygamma};
pub(crate) use quantile::{binary_entropy, logit, normal_quantile};
pub(crate) use tails::{erfcx, inverse_mills, log_add_exp, log_normal_cdf, mills_excess, softplus};
