//! Two Gaussian clusters at ±v/√d, |v|² = d, of variance Δ, or of two variances in different directions; labels say which.
//!
//! x·w/√d = s v·w/d + z·(√Δ w)/√d: what is learnt is √Δ w.

use std::sync::LazyLock;

use super::loss::Loss;
use super::solve::{Centre, Problem};
use super::{CERTIFICATES, data, fits, measured, penalty, size};
use crate::along::{dot, each, normals, whole};
use crate::{Purpose, stream};
use overlaps::model::{
    Control, Description, INVERSE, Measured, Model, ModelError, Parameter, Point, Quantity, Running, number,
};
use rand::RngExt;

/// What separates the clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Square,
    Hinge,
    Logistic,
}

/// Classification of two clusters.
#[derive(Debug, Clone, Copy)]
pub struct Clusters(Kind);

/// All of them.
pub const CLUSTERS: [Clusters; 3] = [Clusters(Kind::Square), Clusters(Kind::Hinge), Clusters(Kind::Logistic)];

const ALPHA: Control = Control { name: "alpha", meaning: "samples per dimension", from: 1e-2, to: 1e3 };
const MEASURED: &[Quantity] = &[
    Quantity { name: "m", meaning: "overlap with the mean v·w/d" },
    Quantity { name: "q", meaning: "variance of the field within a cluster" },
    Quantity { name: "test_error", meaning: "test error" },
    Quantity { name: "train_loss", meaning: "mean loss of the samples" },
];

fn variance(name: &str, default: f64, meaning: &str) -> Parameter {
    number(name, default, meaning).if_(|x| x > 0.0 && x.is_finite(), "it is a finite variance above 0")
}

/// What a model of this kind declares.
fn described(kind: Kind) -> Description {
    let two = || {
        let fraction = number("rho", 0.5, "fraction of directions with variance Delta1");
        [
            fraction.if_(|x| x > 0.0 && x <= 1.0, "it is a fraction, 0 < ρ ≤ 1"),
            variance("Delta1", 0.1, "variance of those"),
            variance("Delta2", 0.5, "variance of the others"),
        ]
    };
    let ridge = |default: f64| penalty(default, "ridge penalty, (λ/2)|w|²");
    let one = || variance("Delta", 0.5, "variance of a cluster");
    let (name, title, describes, own): (_, _, &[&str], Vec<Parameter>) = match kind {
        Kind::Square => {
            let weight = number("prob", 0.5, "weight of cluster +");
            let weight = weight.if_(|x| x > 0.0 && x < 1.0, "it is a weight, 0 < prob < 1");
            (
                "gaussian-mixture-square",
                "two Gaussian clusters, square loss with a bias, ridge penalty",
                &["clusters by square loss"],
                [ridge(0.01), weight].into_iter().chain(two()).collect(),
            )
        }
        Kind::Hinge => (
            "gaussian-mixture-hinge",
            "two Gaussian clusters, hinge loss, ridge penalty",
            &["clusters by hinge loss"],
            vec![ridge(1.0), one()],
        ),
        Kind::Logistic => (
            "gaussian-mixture-logistic",
            "two Gaussian clusters, logistic loss, ridge penalty",
            &["clusters by logistic loss"],
            vec![ridge(0.01), one()],
        ),
    };
    Description {
        name,
        title,
        describes,
        control: ALPHA,
        parameters: own.into_iter().chain(size()).collect(),
        labels: &[],
        quantities: MEASURED,
        certificates: CERTIFICATES,
        corrections: INVERSE,
    }
}

/// What they declare.
static DESCRIBED: LazyLock<Vec<Description>> =
    LazyLock::new(|| CLUSTERS.map(|clusters| described(clusters.0)).into());

impl Clusters {
    /// The variances of the directions.
    fn variances(self, at: &Point, d: usize) -> Vec<f64> {
        match self.0 {
            Kind::Hinge | Kind::Logistic => vec![at.number("Delta"); d],
            Kind::Square => {
                let first = (at.number("rho") * d as f64).round() as usize;
                (0..d).map(|j| at.number(if j < first { "Delta1" } else { "Delta2" })).collect()
            }
        }
    }

    fn measure(self, at: &Point, alpha: f64, seed: u64) -> Result<Measured, ModelError> {
        let d = at.number("d") as usize;
        let n = whole(ALPHA, alpha, d as f64, 1.0)?;
        let per = |sum: f64| sum / d as f64;
        let variances = self.variances(at, d);
        let v: Vec<f64> = normals(seed, d, Purpose::Weights, 0).take(d).collect();
        let norm = per(dot(&v, &v)).sqrt();
        let v: Vec<f64> = v.iter().zip(&variances).map(|(v, variance)| v / norm / variance.sqrt()).collect();
        let prob = if self.0 == Kind::Square { at.number("prob") } else { 0.5 };
        let mut chance = stream(seed, d as u64, Purpose::Labels, 0);
        let s: Vec<f64> = (0..n).map(|_| if chance.random::<f64>() < prob { 1.0 } else { -1.0 }).collect();
        let l2: Vec<f64> = variances.iter().map(|variance| at.number("lambda") / variance).collect();
        let l1 = vec![0.0; d];
        let x = data(at, seed, n, d);
        let loss = match self.0 {
            Kind::Square => Loss::Square,
            Kind::Hinge => Loss::Hinge,
            Kind::Logistic => Loss::Logistic,
        };
        let centre = Centre { s: s.clone(), v: v.clone(), bias: self.0 == Kind::Square };
        let problem = Problem { x: x.as_ref(), y: &s, loss, l1: &l1, l2: &l2, centre: Some(centre) };
        let solution = problem.solve();
        let (m, q, b) = (per(dot(&v, &solution.w)), per(dot(&solution.w, &solution.w)), solution.bias);
        let wrong = |margin: f64| 0.5 * libm::erfc(margin / (2.0 * q).sqrt());
        let test_error = prob * wrong(m + b) + (1.0 - prob) * wrong(m - b);
        Ok(measured(vec![m, q, test_error, solution.loss], &solution))
    }
}

impl Model for Clusters {
    fn description(&self) -> &'static Description {
        &DESCRIBED[CLUSTERS.iter().position(|c| c.0 == self.0).unwrap_or(0)]
    }

    fn check(&self, at: &Point, alphas: &[f64]) -> Result<(), ModelError> {
        alphas.iter().try_for_each(|alpha| fits(at, whole(ALPHA, *alpha, at.number("d"), 1.0)?))
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        alphas: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        each(alphas, running, |alpha| self.measure(at, alpha, seed))
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        (1..=10).map(|i| f64::from(i) / 2.0).collect()
    }

    fn dimensions(&self, _: &[Point]) -> Result<Vec<f64>, ModelError> {
        let smallest = match self.0 {
            Kind::Square => 125.0,
            Kind::Hinge | Kind::Logistic => 50.0,
        };
        Ok([1.0, 2.0, 4.0, 8.0].map(|x| x * smallest).into())
    }
}
