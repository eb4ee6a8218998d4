//! A denoiser as it was learnt, and the data that it was learnt on.

use super::data::{Products, Vectors, p_bar};
use super::measured::Measured;

/// A denoiser f(x) = c x + u tanh(w·x/√d + b) at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    /// Its overlaps.
    pub measured: Measured,
    /// Bias; infinite on the constant solution.
    pub b: f64,
    /// Coefficient of the linear part.
    pub c: f64,
    /// u and w.
    pub weights: Weights,
}

/// The vectors u and w of a denoiser.
#[derive(Debug, Clone, PartialEq)]
pub enum Weights {
    /// u = Σ u_k y_k and w = Σ w_k y_k, the y being the data x₁ⁱ and, where the noise is fixed, the noise samples.
    Span {
        /// Coefficients of u.
        u: Vec<f64>,
        /// Coefficients of w.
        w: Vec<f64>,
    },
    /// d coordinates each.
    Explicit {
        /// Output vector.
        u: Vec<f32>,
        /// Weight vector.
        w: Vec<f32>,
    },
}

/// The Gaussian vectors of a data set: themselves, or their scalar products.
#[derive(Debug, Clone)]
pub enum Drawn {
    /// Scalar products, drawn in law.
    Products(Products),
    /// The vectors.
    Vectors(Vectors),
}

/// A training set.
#[derive(Debug, Clone)]
pub struct DataSet {
    /// The classes sⁱ of the samples.
    pub labels: Vec<f64>,
    /// zⁱ of the samples, then x₀ of every fixed noise sample.
    pub drawn: Drawn,
}

impl DataSet {
    /// The fraction of samples in mode +.
    pub fn p_bar(&self) -> f64 {
        p_bar(&self.labels)
    }

    /// The scalar products of its vectors.
    pub fn products(&self) -> std::borrow::Cow<'_, Products> {
        match &self.drawn {
            Drawn::Products(products) => std::borrow::Cow::Borrowed(products),
            Drawn::Vectors(vectors) => std::borrow::Cow::Owned(Products::of(vectors)),
        }
    }
}
