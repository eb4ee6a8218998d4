//! Hebb's rule: w = Σ y x/√d over n = αd examples with the labels y of a teacher.
//!
//! In law: along the teacher w is a sum of |u| over normal fields u, across it a normal vector of variance n/d in d − 1 dimensions.

use std::sync::LazyLock;

use rand_distr::{ChiSquared, Distribution};

use crate::along::{add, dot, each, normals, whole};
use crate::{Purpose, stream};
use overlaps::model::{
    Control, Description, INVERSE, Measured, Model, ModelError, Point, Quantity, Running, number, words,
};
use overlaps::output::Status;

/// What it declares.
static HEBB: LazyLock<Description> = LazyLock::new(|| Description {
    name: "hebb-rule",
    title: "a perceptron that learns from a teacher by Hebb's rule",
    describes: &["hebb's rule"],
    control: Control { name: "alpha", meaning: "examples per weight", from: 1e-3, to: 1e4 },
    parameters: vec![
        number("d", 1000.0, "dimension").whole(2.0, 1e8, "d is a whole number of dimensions from 2 to 10⁸"),
        words("data", &["reduced", "explicit"], "the weights in law, or a sum of examples"),
    ],
    labels: &[],
    quantities: &[
        Quantity { name: "R", meaning: "overlap with the teacher" },
        Quantity { name: "gen_error", meaning: "generalisation error" },
    ],
    certificates: &[],
    corrections: INVERSE,
});

/// Hebb's rule.
#[derive(Debug, Clone, Copy)]
pub struct Hebb;

impl Model for Hebb {
    fn description(&self) -> &'static Description {
        &HEBB
    }

    fn check(&self, at: &Point, alphas: &[f64]) -> Result<(), ModelError> {
        alphas.iter().try_for_each(|alpha| whole(HEBB.control, *alpha, at.number("d"), 1.0).map(drop))
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        alphas: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        let d = at.number("d") as usize;
        each(alphas, running, |alpha| {
            let n = whole(HEBB.control, alpha, d as f64, 1.0)?;
            let (along, across) = match at.word("data") {
                "explicit" => {
                    // The teacher stands along the first axis.
                    let mut w = vec![0.0; d];
                    for i in 0..n {
                        let x: Vec<f64> = normals(seed, d, Purpose::Vector, i as u64).take(d).collect();
                        add(&mut w, 1f64.copysign(x[0]), &x);
                    }
                    (w[0], dot(&w[1..], &w[1..]).sqrt())
                }
                _ => {
                    let fields = normals(seed, d, Purpose::Labels, 0).take(n);
                    let rest = ChiSquared::new(d as f64 - 1.0)?;
                    let square = rest.sample(&mut stream(seed, d as u64, Purpose::Weights, n as u64));
                    (fields.map(f64::abs).sum(), (square * n as f64).sqrt())
                }
            };
            let angle = libm::atan2(across, along);
            Ok(Measured::new(vec![libm::cos(angle), angle / std::f64::consts::PI], Status::Converged))
        })
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        (1..=20).map(|i| f64::from(i) / 2.0).collect()
    }

    fn dimensions(&self, _: &[Point]) -> Result<Vec<f64>, ModelError> {
        Ok([1000.0, 2000.0, 4000.0, 8000.0].into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{agrees_and_planted_do_not, same_law, simulated, wanted};
    use std::sync::Arc;

    #[test]
    fn the_weights_have_the_law_of_a_sum_of_examples() {
        let table = |data: &str, seeds| {
            let wanted = wanted(&[("data", data.into()), ("d", 20.into()), ("alpha", 1.5.into())], &[]);
            simulated(Arc::new(Hebb), &wanted, seeds)
        };
        same_law(&HEBB, &table("reduced", 0..2000), &table("explicit", 2000..4000));
    }

    #[test]
    fn the_theory_agrees_and_planted_errors_are_found() {
        let wrong = [("\"E[z](abs(z))\"", "\"1.03*E[z](abs(z))\""), ("acos(R)/pi", "1.03*acos(R)/pi")];
        agrees_and_planted_do_not(Hebb, "hebb-rule", &wrong, wanted(&[], &[]), 0..16);
    }
}
