//! Generalised linear models by empirical risk: the w that minimises Σ loss(y, w·x/√d) + penalty over n = αd samples, for labels of a teacher
//! w* (`teacher`) and for two Gaussian clusters (`clusters`). Each pair of data and loss is a model, named for the theory of it.
//!
//! The minimum comes with a certificate (`solve`); the data are drawn as a matrix, or by its products alone, in law, at a cost
//! of order d.

mod clusters;
mod loss;
mod solve;
mod teacher;

#[cfg(test)]
mod tests;

use overlaps::model::{Measured, ModelError, Parameter, Point, Quantity, number, words};
use overlaps::output::{Cell, Status};

pub use clusters::{CLUSTERS, Clusters};
pub use teacher::{TEACHERS, Teacher};

use crate::gaussian::{Explicit, Products, Reduced};
use solve::Solution;

/// The most numbers that explicit data may have, and the most samples and dimensions reduced ones.
const MOST: f64 = 5e7;
const MOST_REDUCED: f64 = 3e5;

/// Evidence for each row.
const CERTIFICATES: &[Quantity] = &[
    Quantity {
        name: "gap",
        meaning: "duality gap over energy: an upper limit of what w is above the minimum",
    },
    Quantity { name: "steps", meaning: "iterations of message passing" },
];

/// The parameters d and data.
fn size() -> [Parameter; 2] {
    [
        number("d", 400.0, "dimension").whole(
            10.0,
            1e5,
            "d is a whole number of dimensions from 10 to 100000",
        ),
        words("data", &["reduced", "explicit"], "products with the data in law, or the n×d matrix itself"),
    ]
}

/// A penalty λ > 0.
fn penalty(default: f64, meaning: &str) -> Parameter {
    number("lambda", default, meaning).if_(|x| x > 0.0 && x.is_finite(), "λ is a finite penalty, λ > 0")
}

/// Whether data of this size fit.
fn fits(at: &Point, n: usize) -> Result<(), ModelError> {
    let (n, d) = (n as f64, at.number("d"));
    let (explicit, size) = match at.word("data") {
        "explicit" => (true, n * d / MOST),
        _ => (false, (n + d) / MOST_REDUCED),
    };
    if size > 1.0 {
        let instead = if explicit { ", or use data=reduced, whose cost is of order d" } else { "" };
        return Err(format!(
            "data = {}: {n} samples in d = {d} dimensions do not fit; take fewer{instead}",
            at.word("data")
        )
        .into());
    }
    Ok(())
}

/// n×d numbers N(0, 1/d), as the point asks for them.
fn data(at: &Point, seed: u64, n: usize, d: usize) -> Box<dyn Products> {
    match at.word("data") {
        "explicit" => Box::new(Explicit::new(seed, n, d)),
        _ => Box::new(Reduced::new(seed, n, d)),
    }
}

/// What is measured of a solution, with its certificate.
fn measured(quantities: Vec<f64>, solution: &Solution) -> Measured {
    let status = if solution.converged { Status::Converged } else { Status::NotConverged };
    let certificates = vec![Cell::Number(solution.gap), Cell::Integer(solution.iterations as u64)];
    Measured { certificates, ..Measured::new(quantities, status) }
}
